// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <random>

#include <fmt/format.h>

namespace storefront {
namespace {

constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// How many bytes the UTF-8 character at the front has; 0 where it is none.
std::size_t character(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return follows(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        if (!follows(1) || !follows(2) || (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0)) {
            return 0;
        }
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!follows(1) || !follows(2) || !follows(3) || (first == 0xF0 && byte(1) < 0x90) ||
            (first == 0xF4 && byte(1) >= 0x90)) {
            return 0;
        }
        return 4;
    }
    return 0;
}

constexpr std::string_view replacement = "\xEF\xBF\xBD";

}  // namespace

Millis wall_clock() noexcept {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

bool is_plain_name(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

std::string percent_decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

Pairs parse_query(std::string_view query) {
    Pairs out;
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty()) {
            continue;
        }
        const auto equals = pair.find('=');
        const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        out.emplace_back(percent_decoded(pair.substr(0, equals), true), percent_decoded(value, true));
    }
    return out;
}

std::string_view find(const Pairs& pairs, std::string_view name) noexcept {
    const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
    return found == pairs.end() ? std::string_view{} : std::string_view{found->second};
}

std::optional<std::string> base64_decoded(std::string_view text) {
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        std::uint32_t digit = 0;
        if (c >= 'A' && c <= 'Z') {
            digit = static_cast<std::uint32_t>(c - 'A');
        } else if (c >= 'a' && c <= 'z') {
            digit = static_cast<std::uint32_t>(c - 'a' + 26);
        } else if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint32_t>(c - '0' + 52);
        } else if (c == '-' || c == '+') {
            digit = 62;
        } else if (c == '_' || c == '/') {
            digit = 63;
        } else {
            return std::nullopt;
        }
        bits = bits << 6 | digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xFFU);
        }
    }
    return out;
}

bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : hex_digit(text[i]) < 0) {
            return false;
        }
    }
    return true;
}

std::string make_uuid() {
    // random_device, not a seeded engine: the id is also the only thing that tells one visitor's cookie from another's.
    thread_local std::random_device random;
    std::array<std::uint32_t, 4> words{};
    for (auto& word : words) {
        word = random();
    }
    words[1] = (words[1] & 0xFFFF0FFFU) | 0x00004000U;
    words[2] = (words[2] & 0x3FFFFFFFU) | 0x80000000U;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16, words[1] & 0xFFFFU,
                       words[2] >> 16, words[2] & 0xFFFFU, words[3]);
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto size = character(text);
        out.append(size == 0 ? replacement : text.substr(0, size));
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

std::string tsv_value(std::string_view text, std::size_t max_length) {
    std::string out;
    std::size_t length = 0;
    while (!text.empty()) {
        const auto size = character(text);
        std::string_view next = size == 0 ? replacement : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
        std::size_t characters = 1;
        if (next == "\t") {
            next = "    ";
            characters = 4;
        } else if (next.size() == 1 && (static_cast<unsigned char>(next[0]) < 0x20 || next[0] == 0x7F)) {
            continue;
        }
        if (max_length != 0 && length + characters > max_length) {
            out.append(next.substr(0, characters == 4 ? max_length - length : 0));
            break;
        }
        out.append(next);
        length += characters;
    }
    return out;
}

std::string tsv_time(Millis time) {
    const weir::Timestamp at{std::chrono::milliseconds{time}};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{at - day};
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<Url> parse_url(std::string_view text) noexcept {
    Url url;
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0) {
        return std::nullopt;
    }
    url.scheme = text.substr(0, colon);
    const bool scheme = std::all_of(url.scheme.begin(), url.scheme.end(),
                                    [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
    if (!scheme) {
        return std::nullopt;
    }
    text.remove_prefix(colon + 3);
    if (const auto hash = text.find('#'); hash != std::string_view::npos) {
        url.fragment = text.substr(hash + 1);
        text = text.substr(0, hash);
    }
    if (const auto question = text.find('?'); question != std::string_view::npos) {
        url.query = text.substr(question + 1);
        text = text.substr(0, question);
    }
    const auto slash = std::min(text.find('/'), text.size());
    url.path = text.substr(slash);
    std::string_view authority = text.substr(0, slash);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        authority.remove_prefix(at + 1);
    }
    const auto bracket = authority.rfind(']');  // an IPv6 address has colons of its own
    const auto port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    url.host = authority.substr(0, port);
    if (url.host.empty()) {
        return std::nullopt;
    }
    if (port != std::string_view::npos && port + 1 < authority.size()) {
        const char* const end = authority.data() + authority.size();
        const auto [stop, error] = std::from_chars(authority.data() + port + 1, end, url.port);
        if (error != std::errc{} || stop != end || url.port < 0 || url.port > 65'535) {
            return std::nullopt;
        }
    } else {
        url.port = url.scheme == "http" ? 80 : url.scheme == "https" ? 443 : 0;
    }
    return url;
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    return out;
}

}  // namespace storefront
