// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "timestamp.hpp"

#include <chrono>
#include <cstddef>

namespace live_shopper {

namespace {

[[nodiscard]] bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The number that the `count` characters at `first` spell, or -1 where one of them is no digit.
[[nodiscard]] int digits(const char* first, std::size_t count) noexcept {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!is_digit(first[i])) {
            return -1;
        }
        value = value * 10 + (first[i] - '0');
    }
    return value;
}

/// How far ahead of UTC a zone such as `Z`, `+02:00`, `-0530` or `+02` is; nothing where it is no zone.
[[nodiscard]] std::optional<std::chrono::minutes> parse_zone(std::string_view text) noexcept {
    if (text.empty() || text == "Z" || text == "z") {
        return std::chrono::minutes{0};
    }
    const bool colon = text.size() == 6 && text[3] == ':';
    if ((text[0] != '+' && text[0] != '-') || (!colon && text.size() != 5 && text.size() != 3)) {
        return std::nullopt;
    }
    const int hours = digits(text.data() + 1, 2);
    const int minutes = text.size() == 3 ? 0 : digits(text.data() + text.size() - 2, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return std::nullopt;
    }
    const std::chrono::minutes ahead{hours * 60 + minutes};
    return text[0] == '-' ? -ahead : ahead;
}

}  // namespace

std::optional<weir::Timestamp> parse_timestamp(std::string_view text) noexcept {
    constexpr std::size_t whole = 19;  // YYYY-MM-DDTHH:MM:SS
    if (text.size() < whole) {
        return std::nullopt;
    }
    const char* const at = text.data();
    const bool shaped = at[4] == '-' && at[7] == '-' && (at[10] == ' ' || at[10] == 'T' || at[10] == 't') &&
                        at[13] == ':' && at[16] == ':';
    const int year = digits(at, 4);
    const int month = digits(at + 5, 2);
    const int day = digits(at + 8, 2);
    const int hour = digits(at + 11, 2);
    const int minute = digits(at + 14, 2);
    const int second = digits(at + 17, 2);
    if (!shaped || year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) {
        return std::nullopt;
    }

    std::size_t end = whole;
    int milliseconds = 0;
    if (end < text.size() && text[end] == '.') {
        ++end;
        int unit = 100;
        const std::size_t first = end;
        for (; end < text.size() && is_digit(text[end]); ++end, unit /= 10) {
            milliseconds += (text[end] - '0') * unit;
        }
        if (end == first || end - first > 9) {
            return std::nullopt;
        }
    }
    const auto zone = parse_zone(text.substr(end));
    if (!zone) {
        return std::nullopt;
    }
    return weir::Timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second} + std::chrono::milliseconds{milliseconds} - *zone;
}

}  // namespace live_shopper
