// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// JsonReader: goes once through the JSON of a record, field by field, without a document, a copy or an allocation.
//
// simdjson's first stage finds where every token begins (64 bytes at a time, checking encoding, quotes and control
// characters); the reader walks over those places. It is a cursor: each of text(), decimal(), object() and so on reads
// the value that the cursor is at and moves past it. What nobody wants costs a step per token. Internal to the decoder.
//
// Functions that return bool return false where the JSON is broken; the reader is of no use until the next read() then.
//
//     reader.reset(record);
//     reader.read(record, [&] {
//         return reader.each_field<"id", "type">([&](std::size_t field) {
//             return reader.text(field == 0 ? id : type);
//         });
//     });
//
// It goes by the tokens because simdjson's On-Demand interface is slower here, as it takes a field at a time apart, and
// because that takes some broken JSON for sound, depending on the bytes after its end.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <simdjson.h>
#include <weir/decimal.hpp>

namespace live_shopper {

/// A key, as a template argument.
template <std::size_t N>
struct Key {
    constexpr Key(const char (&literal)[N]) noexcept {  // NOLINT: a literal is a key
        for (std::size_t i = 0; i < N; ++i) {
            text[i] = literal[i];
        }
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }

    char text[N] = {};
};

/// What a value is, and its text where it is a string or a number.
struct Scalar {
    enum class Kind : std::uint8_t { broken, text, number, null, boolean, container };

    Kind kind = Kind::broken;
    std::string_view text;
};

/// Whether JSON spells a number so.
[[nodiscard]] bool is_json_number(std::string_view text) noexcept;

/// The whole number from 0 to `most` that a JSON number is; nothing where it is none. `2.0` and `2e0` are 2.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view number, std::int64_t most) noexcept;

class JsonReader {
public:
    /// Call before reading what is in `record`.
    void reset(std::string_view record);

    /// Calls `visit() -> bool` with the cursor at the object that `json`, a part of the record, is. False as well where
    /// it is no object or something follows it. Requires: simdjson::SIMDJSON_PADDING bytes after `json` are readable.
    template <class Visit>
    [[nodiscard]] bool read(std::string_view json, Visit&& visit);

    /// Calls `visit(std::size_t index) -> bool` for every field of the object at the cursor whose key is one of `keys`,
    /// the first time that the key comes, with the cursor at its value.
    template <Key... keys, class Visit>
    [[nodiscard]] bool each_field(Visit&& visit);

    /// As above for every field: `visit(std::string_view key) -> bool`.
    template <class Visit>
    [[nodiscard]] bool every_field(Visit&& visit);

    /// Calls `visit() -> bool` where the value is an object.
    template <class Visit>
    [[nodiscard]] bool object(Visit&& visit) {
        return front() == '{' ? static_cast<bool>(visit()) : pass();
    }

    /// Calls `visit() -> bool` for every object in the value where that is an array.
    template <class Visit>
    [[nodiscard]] bool each_object(Visit&& visit);

    [[nodiscard]] Scalar scalar();

    /// Sets `out` to the text of a string or number; leaves it alone where the value is something else.
    [[nodiscard]] bool text(std::string_view& out) {
        if (front() == '"') {
            out = unquoted(token());
            ++cursor_;
            return !escapes_ || unescape(out);
        }
        const Scalar found = scalar();
        if (found.kind == Scalar::Kind::text || found.kind == Scalar::Kind::number) {
            out = found.text;
        }
        return found.kind != Scalar::Kind::broken;
    }

    /// Sets `out` where the value is a number that Decimal can hold.
    [[nodiscard]] bool decimal(std::optional<weir::Decimal>& out) {
        const Scalar found = scalar();
        if (found.kind == Scalar::Kind::number) {
            out = weir::Decimal::parse(found.text);
        }
        return found.kind != Scalar::Kind::broken;
    }

    /// Sets `out` where the value is a whole number from 0 to `most`.
    template <class Integer>
    [[nodiscard]] bool whole(std::int64_t most, Integer& out) {
        const Scalar found = scalar();
        if (found.kind == Scalar::Kind::number) {
            out = static_cast<Integer>(whole_number(found.text, most).value_or(out));
        }
        return found.kind != Scalar::Kind::broken;
    }

    /// Moves past the value without looking into it.
    [[nodiscard]] bool pass();

    /// Where the cursor is, to come back to it by seek().
    [[nodiscard]] std::uint32_t position() const noexcept { return cursor_; }
    void seek(std::uint32_t position) noexcept { cursor_ = position; }

private:
    /// The first character of the token at the cursor; 0, as which none begins, past the last.
    [[nodiscard]] char front() const noexcept { return cursor_ < count_ ? text_[starts_[cursor_]] : '\0'; }

    /// The token at the cursor, with what white space follows it. Requires: front() != 0.
    [[nodiscard]] std::string_view token() const noexcept {
        return {text_ + starts_[cursor_], starts_[cursor_ + 1] - starts_[cursor_]};
    }

    /// Whether the token at the cursor begins with `c`; moves past it then.
    [[nodiscard]] bool take(char c) noexcept {
        const bool found = front() == c;
        cursor_ += found ? 1 : 0;
        return found;
    }

    /// What stands between the quotes of the string that `token` is.
    [[nodiscard]] static std::string_view unquoted(std::string_view token) noexcept;
    [[nodiscard]] Scalar literal();
    [[nodiscard]] bool unescape(std::string_view& text);

    simdjson::dom::parser parser_;
    const char* text_ = nullptr;
    const std::uint32_t* starts_ = nullptr;  // of the tokens; one more, the end of the text
    std::uint32_t count_ = 0;
    std::uint32_t cursor_ = 0;
    bool escapes_ = false;  // whether the record has a backslash at all: most have none
    std::unique_ptr<std::uint8_t[]> unescaped_;
    std::size_t unescaped_size_ = 0;
    std::uint8_t* unescaped_end_ = nullptr;
};

template <class Visit>
bool JsonReader::read(std::string_view json, Visit&& visit) {
    auto& tokenizer = *parser_.implementation;
    if (tokenizer.stage1(reinterpret_cast<const std::uint8_t*>(json.data()), json.size(),
                         simdjson::stage1_mode::regular) != simdjson::SUCCESS) {
        return false;
    }
    text_ = json.data();
    starts_ = tokenizer.structural_indexes.get();
    count_ = tokenizer.n_structural_indexes;
    cursor_ = 0;
    return front() == '{' && text_[starts_[count_ - 1]] == '}' && visit() && cursor_ == count_;
}

template <Key... keys, class Visit>
bool JsonReader::each_field(Visit&& visit) {
    static_assert(sizeof...(keys) < 32);
    std::uint32_t seen = 0;
    return every_field([&](std::string_view key) {
        std::uint32_t index = 0;
        const bool wanted = ((key == keys.view() || (++index, false)) || ...);
        const std::uint32_t bit = std::uint32_t{1} << index;
        if (!wanted || (seen & bit) != 0) {
            return pass();
        }
        seen |= bit;
        return static_cast<bool>(visit(std::size_t{index}));
    });
}

template <class Visit>
bool JsonReader::every_field(Visit&& visit) {
    if (!take('{')) {
        return false;
    }
    if (take('}')) {
        return true;
    }
    do {
        if (front() != '"') {
            return false;
        }
        std::string_view key = unquoted(token());
        ++cursor_;
        if (escapes_) {
            std::string_view resolved = key;  // so that the key itself stays in registers
            if (!unescape(resolved)) {
                return false;
            }
            key = resolved;
        }
        if (!take(':') || !visit(key)) {
            return false;
        }
    } while (take(','));
    return take('}');
}

template <class Visit>
bool JsonReader::each_object(Visit&& visit) {
    if (front() != '[') {
        return pass();
    }
    ++cursor_;
    if (take(']')) {
        return true;
    }
    do {
        if (!object(visit)) {
            return false;
        }
    } while (take(','));
    return take(']');
}

inline bool JsonReader::pass() {
    switch (front()) {
        case '\0':
        case ',':
        case ':':
        case ']':
        case '}':
            return false;
        case '{':
        case '[':
            break;
        default:
            ++cursor_;
            return true;
    }
    const std::uint32_t* at = starts_ + cursor_;
    const std::uint32_t* const end = starts_ + count_;
    for (std::size_t depth = 0;;) {
        const char c = text_[*at++];
        if (c < '[') {  // nearly all: quotes, colons, commas and numbers
            continue;
        }
        if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) {
                break;
            }
            if (at == end) {  // the last token is a brace, so this is the place to look
                return false;
            }
        }
    }
    cursor_ = static_cast<std::uint32_t>(at - starts_);
    return true;
}

inline std::string_view JsonReader::unquoted(std::string_view token) noexcept {
    std::size_t end = token.size() - 1;
    while (token[end] != '"') {
        --end;
    }
    return {token.data() + 1, end - 1};
}

inline Scalar JsonReader::scalar() {
    switch (front()) {
        case '"': {
            std::string_view text = unquoted(token());
            ++cursor_;
            return !escapes_ || unescape(text) ? Scalar{Scalar::Kind::text, text} : Scalar{};
        }
        case '{':
        case '[':
            return pass() ? Scalar{Scalar::Kind::container, {}} : Scalar{};
        default:
            return literal();
    }
}

}  // namespace live_shopper
