// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "located_json.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config.hpp"
#include "json_text.hpp"
#include "json_trouble.hpp"

namespace storefront {
namespace {

using Json = nlohmann::json;
using live_shopper::ConfigError;

[[noreturn]] void fail_in(std::string_view text, const std::string& file, std::size_t offset, const std::string& what) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
        if (text[i] == '\n') {
            ++line;
            column = 1;
        } else if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) {  // columns count characters
            ++column;
        }
    }
    throw ConfigError(fmt::format("{}:{}:{}: {}", file, line, column, what));
}

std::string shown(const Json& value) {
    if (value.is_object()) {
        return "an object";
    }
    if (value.is_array()) {
        return "an array";
    }
    auto text = dump(value);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

}  // namespace

// Walks a text that is known to be good JSON.
class LocatedJson::Reader {
public:
    explicit Reader(std::shared_ptr<const Source> source)
        : source_{std::move(source)}, text_{source_->text}, at_{live_shopper::begin_of_json(text_)} {}

    LocatedJson value(int depth) {
        space();
        LocatedJson out;
        out.source_ = source_;
        out.at_ = at_;
        if (depth > 64) {
            fail_in(text_, source_->file, at_, "this is nested too deeply");
        }
        if (text_[at_] == '{') {
            out.value_ = Json::object();
            ++at_;
            for (space(); text_[at_] != '}'; space()) {
                const auto begin = at_;
                auto key = Json::parse(string()).get<std::string>();
                for (const auto& [name, where] : out.keys_) {
                    if (name == key) {
                        fail_in(text_, source_->file, begin, fmt::format("the key {} comes twice", Json(key).dump()));
                    }
                }
                space();
                ++at_;  // the colon
                out.keys_.emplace_back(std::move(key), begin);
                out.children_.push_back(value(depth + 1));
                comma();
            }
            ++at_;
        } else if (text_[at_] == '[') {
            out.value_ = Json::array();
            ++at_;
            for (space(); text_[at_] != ']'; space()) {
                out.children_.push_back(value(depth + 1));
                comma();
            }
            ++at_;
        } else {
            const auto begin = at_;
            if (text_[at_] == '"') {
                (void)string();
            } else {
                at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
            }
            out.value_ = Json::parse(text_.substr(begin, at_ - begin));
        }
        return out;
    }

private:
    void space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

    void comma() {
        space();
        at_ += text_[at_] == ',' ? 1 : 0;
    }

    std::string_view string() {
        const auto begin = at_++;
        while (text_[at_] != '"') {
            at_ += text_[at_] == '\\' ? 2 : 1;
        }
        ++at_;
        return text_.substr(begin, at_ - begin);
    }

    std::shared_ptr<const Source> source_;
    std::string_view text_;
    std::size_t at_;
};

LocatedJson LocatedJson::parse(std::string_view text, const std::string& file) {
    if (const auto trouble = live_shopper::json_trouble(text)) {
        fail_in(text, file, trouble->offset, fmt::format("no JSON: {}", trouble->what));
    }
    return Reader{std::make_shared<const Source>(Source{std::string{text}, file})}.value(0);
}

void LocatedJson::fail(const std::string& what) const { fail_in(source_->text, source_->file, at_, what); }

void LocatedJson::fail_at_key(std::string_view name, const std::string& what) const {
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const auto& k) { return k.first == name; });
    fail_in(source_->text, source_->file, key == keys_.end() ? at_ : key->second, what);
}

void LocatedJson::fail_expected(std::string_view wanted) const {
    fail(fmt::format("expected {}, found {}", wanted, shown(value_)));
}

const LocatedJson* LocatedJson::find(std::string_view name) const {
    if (!value_.is_object()) {
        fail_expected("an object");
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (keys_[i].first == name) {
            return &children_[i];
        }
    }
    return nullptr;
}

const LocatedJson& LocatedJson::at(std::string_view name) const {
    const auto* const found = find(name);
    if (found == nullptr) {
        fail(fmt::format("expected an object with the key \"{}\"", name));
    }
    return *found;
}

std::vector<std::string_view> LocatedJson::keys() const {
    (void)find("");
    std::vector<std::string_view> out;
    for (const auto& key : keys_) {
        out.emplace_back(key.first);
    }
    return out;
}

void LocatedJson::only(const std::vector<std::string_view>& known) const {
    for (const auto key : keys()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            const auto meant = live_shopper::nearest(key, known);
            std::string names;
            for (const auto name : known) {
                names += (names.empty() ? "" : ", ") + std::string{name};
            }
            fail_at_key(key, meant.empty()
                                 ? fmt::format("unknown key {}, expected one of {}", Json(key).dump(), names)
                                 : fmt::format("unknown key {}, did you mean \"{}\"?", Json(key).dump(), meant));
        }
    }
}

const std::vector<LocatedJson>& LocatedJson::items(std::string_view wanted) const {
    if (!value_.is_array()) {
        fail_expected(wanted);
    }
    return children_;
}

std::string LocatedJson::text(std::string_view wanted) const {
    if (!value_.is_string() || value_.get_ref<const std::string&>().empty()) {
        fail_expected(wanted);
    }
    return value_.get<std::string>();
}

double LocatedJson::number(std::string_view wanted) const {
    if (!value_.is_number()) {
        fail_expected(wanted);
    }
    return value_.get<double>();
}

bool LocatedJson::flag() const {
    if (!value_.is_boolean()) {
        fail_expected("true or false");
    }
    return value_.get<bool>();
}

weir::Duration LocatedJson::duration() const {
    const auto parsed =
        value_.is_string() ? live_shopper::parse_duration(value_.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) {
        fail_expected("a duration such as 5m");
    }
    return *parsed;
}

}  // namespace storefront
