// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <system_error>

namespace live_shopper {

bool is_json_number(std::string_view text) noexcept {
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto digits = [&] {
        const char* const first = at;
        while (at != end && *at >= '0' && *at <= '9') {
            ++at;
        }
        return at - first;
    };
    if (at != end && *at == '-') {
        ++at;
    }
    const bool leading_zero = at != end && *at == '0';
    const auto whole = digits();
    if (whole == 0 || (leading_zero && whole > 1)) {
        return false;
    }
    if (at != end && *at == '.') {
        ++at;
        if (digits() == 0) {
            return false;
        }
    }
    if (at != end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at != end && (*at == '+' || *at == '-')) {
            ++at;
        }
        if (digits() == 0) {
            return false;
        }
    }
    return at == end;
}

std::optional<std::int64_t> whole_number(std::string_view number, std::int64_t most) noexcept {
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size() || !(value >= 0) ||
        value > static_cast<double>(most) || value != std::floor(value)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(value);
}

Scalar JsonReader::literal() {
    if (cursor_ == count_) {
        return {};
    }
    std::string_view text = token();
    ++cursor_;
    while (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r') {
        text.remove_suffix(1);
    }
    if (text == "null") {
        return {Scalar::Kind::null, {}};
    }
    if (text == "true" || text == "false") {
        return {Scalar::Kind::boolean, {}};
    }
    return is_json_number(text) ? Scalar{Scalar::Kind::number, text} : Scalar{};
}

void JsonReader::reset(std::string_view record) {
    // In steps of a factor of two, so that records of slowly growing length do not allocate each time.
    if (parser_.capacity() < record.size()) {
        const std::size_t capacity = std::max(std::size_t{1} << 14, record.size() + record.size() / 2);
        if (parser_.allocate(capacity) != simdjson::SUCCESS) {
            throw std::bad_alloc();
        }
    }
    escapes_ = std::memchr(record.data(), '\\', record.size()) != nullptr;
    // A string is never longer for being unescaped, and none is unescaped more than twice.
    if (escapes_ && unescaped_size_ < 2 * record.size()) {
        unescaped_size_ = std::max(std::size_t{1} << 14, 3 * record.size());
        unescaped_ = std::make_unique<std::uint8_t[]>(unescaped_size_ + simdjson::SIMDJSON_PADDING);
    }
    unescaped_end_ = unescaped_.get();
}

bool JsonReader::unescape(std::string_view& text) {
    if (text.find('\\') == std::string_view::npos) {
        return true;
    }
    // Goes to the closing quote, which is there.
    const auto* const source = reinterpret_cast<const std::uint8_t*>(text.data());
    std::uint8_t* const end = parser_.implementation->parse_string(source, unescaped_end_);
    if (end == nullptr) {
        return false;
    }
    text = {reinterpret_cast<const char*>(unescaped_end_), static_cast<std::size_t>(end - unescaped_end_)};
    unescaped_end_ = end;
    return true;
}

}  // namespace live_shopper
