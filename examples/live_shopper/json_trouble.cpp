// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "json_trouble.hpp"

#include <utility>

#include <nlohmann/json.hpp>

namespace live_shopper {
namespace {

// Json::parse throws errors of several kinds, of which one alone says where it is.
class Check final : public nlohmann::json_sax<nlohmann::json> {
public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) override {
        std::string_view what = error.what();
        for (const std::string_view begin : {"syntax error", "number overflow"}) {
            if (const auto at = what.find(begin); at != std::string_view::npos) {
                what.remove_prefix(at);
                break;
            }
        }
        trouble = JsonTrouble{position == 0 ? 0 : position - 1, std::string{what}};  // it counts from 1
        return false;
    }

    std::optional<JsonTrouble> trouble;
};

}  // namespace

std::optional<JsonTrouble> json_trouble(std::string_view text) {
    Check check;
    (void)nlohmann::json::sax_parse(text, &check);
    return std::move(check.trouble);
}

}  // namespace live_shopper
