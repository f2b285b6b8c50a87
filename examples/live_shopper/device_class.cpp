// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "device_class.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace live_shopper {

namespace {

/// What a word of a user agent says.
enum Sign : std::uint8_t { nothing, robot, tv, tablet, mobile, android, desktop, native };

struct Word {
    std::string_view text;
    Sign sign;
};

// In lower case, sorted. Words that say the same on every device (mozilla, applewebkit, safari, khtml ...) are absent.
constexpr std::array words{
    Word{"aiohttp", robot},
    Word{"android", android},
    Word{"bb10", mobile},
    Word{"bingpreview", robot},
    Word{"blackberry", mobile},
    Word{"bravia", tv},
    Word{"crkey", tv},
    Word{"cros", desktop},
    Word{"curl", robot},
    Word{"dalvik", native},
    Word{"dtv", tv},
    Word{"facebookexternalhit", robot},
    Word{"freebsd", desktop},
    Word{"googleother", robot},
    Word{"googletv", tv},
    Word{"hbbtv", tv},
    Word{"ia_archiver", robot},
    Word{"iemobile", mobile},
    Word{"inspectiontool", robot},
    Word{"ios", mobile},
    Word{"ipad", tablet},
    Word{"iphone", mobile},
    Word{"ipod", mobile},
    Word{"j2me", mobile},
    Word{"kaios", mobile},
    Word{"kindle", tablet},
    Word{"libwww", robot},
    Word{"lighthouse", robot},
    Word{"linux", desktop},
    Word{"macintosh", desktop},
    Word{"mediapartners", robot},
    Word{"midp", mobile},
    Word{"mobi", mobile},
    Word{"mobile", mobile},
    Word{"netcast", tv},
    Word{"nintendo", tv},
    Word{"openbsd", desktop},
    Word{"phantomjs", robot},
    Word{"playbook", tablet},
    Word{"playstation", tv},
    Word{"postmanruntime", robot},
    Word{"roku", tv},
    Word{"scrapy", robot},
    Word{"silk", tablet},
    Word{"slurp", robot},
    Word{"smarttv", tv},
    Word{"snowplow", native},
    Word{"symbian", mobile},
    Word{"symbianos", mobile},
    Word{"symbos", mobile},
    Word{"tablet", tablet},
    Word{"tv", tv},
    Word{"viera", tv},
    Word{"web0s", tv},
    Word{"wget", robot},
    Word{"windows", desktop},
    Word{"x11", desktop},
    Word{"xbox", tv},
};
static_assert(std::is_sorted(words.begin(), words.end(), [](Word a, Word b) { return a.text < b.text; }));

constexpr std::size_t longest = 32;

/// Where in `words` the words with each first letter begin.
constexpr auto first_with = [] {
    std::array<std::uint8_t, 27> first{};
    std::size_t next = 0;
    for (std::size_t letter = 0; letter < 26; ++letter) {
        while (next < words.size() && words[next].text.front() < static_cast<char>('a' + letter)) {
            ++next;
        }
        first[letter] = static_cast<std::uint8_t>(next);
    }
    first[26] = static_cast<std::uint8_t>(words.size());
    return first;
}();

[[nodiscard]] Sign sign_of(std::string_view word) noexcept {
    if (word.front() >= 'a' && word.front() <= 'z') {
        const auto letter = static_cast<std::size_t>(word.front() - 'a');
        for (std::size_t i = first_with[letter]; i < first_with[letter + 1]; ++i) {
            if (words[i].text == word) {
                return words[i].sign;
            }
        }
    }
    if (word.starts_with("appletv")) {  // with its model
        return tv;
    }
    if (word.ends_with("bot") || word.ends_with("spider") || word.ends_with("crawler") ||
        word.starts_with("headless")) {
        return word.starts_with("cubot") ? nothing : robot;  // Cubot makes phones
    }
    return nothing;
}

[[nodiscard]] constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

[[nodiscard]] constexpr bool in_word(char c) noexcept { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

DeviceClass device_class(std::string_view user_agent) noexcept {
    // Programs that fetch pages and are known by how their user agent begins.
    for (const std::string_view program : {"python-", "Python-", "Go-http-client", "Java/", "Apache-HttpClient"}) {
        if (user_agent.starts_with(program)) {
            return DeviceClass::robot;
        }
    }
    std::uint32_t signs = 0;
    const auto has = [&](Sign sign) { return (signs & (1U << sign)) != 0; };
    for (std::size_t i = 0; i < user_agent.size();) {
        if (!in_word(user_agent[i])) {
            ++i;
            continue;
        }
        std::array<char, longest> lower{};
        const std::size_t begin = i;
        std::size_t size = 0;
        for (; i < user_agent.size() && in_word(user_agent[i]); ++i) {
            if (size < longest) {
                const char c = user_agent[i];
                lower[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            }
        }
        Sign sign = sign_of({lower.data(), size});
        const std::string_view rest = user_agent.substr(i);
        if (sign == tablet && rest.starts_with(" PC")) {  // Internet Explorer on Windows with ink support
            sign = desktop;
        } else if (sign == tv && rest.starts_with(" Switch")) {
            sign = mobile;
        } else if (user_agent.substr(begin).starts_with("AFT") && i - begin <= 7) {  // Amazon's Fire TV models
            sign = tv;
        }
        signs |= 1U << sign;
    }
    if (has(robot)) {
        return DeviceClass::robot;
    }
    if (has(tv)) {
        return DeviceClass::tv;
    }
    if (has(tablet)) {
        return DeviceClass::tablet;
    }
    if (has(mobile)) {
        return DeviceClass::mobile;
    }
    if (has(android)) {  // browsers on phones say Mobile; apps that are no browser, Snowplow's tracker too, do not
        return has(native) ? DeviceClass::mobile : DeviceClass::tablet;
    }
    return has(desktop) ? DeviceClass::desktop : DeviceClass::unknown;
}

DeviceClass device_class_of_yauaa(std::string_view name) noexcept {
    if (name.empty()) {
        return DeviceClass::unknown;
    }
    struct Entry {
        std::string_view name;
        DeviceClass device;
    };
    constexpr std::array entries{
        Entry{"Desktop", DeviceClass::desktop},
        Entry{"Phone", DeviceClass::mobile},
        Entry{"Mobile", DeviceClass::mobile},
        Entry{"Watch", DeviceClass::mobile},
        Entry{"Handheld Game Console", DeviceClass::mobile},
        Entry{"Tablet", DeviceClass::tablet},
        Entry{"eReader", DeviceClass::tablet},
        Entry{"TV", DeviceClass::tv},
        Entry{"Set-top box", DeviceClass::tv},
        Entry{"Game Console", DeviceClass::tv},
        Entry{"Robot", DeviceClass::robot},
        Entry{"Robot Mobile", DeviceClass::robot},
        Entry{"Robot Imitator", DeviceClass::robot},
        Entry{"Spy", DeviceClass::robot},
        Entry{"Hacker", DeviceClass::robot},
    };
    for (const Entry& entry : entries) {
        if (entry.name == name) {
            return entry.device;
        }
    }
    return DeviceClass::unknown;
}

DeviceClass DeviceClasses::of(std::string_view user_agent) {
    if (user_agent.empty() || user_agent.size() > longest) {
        return device_class(user_agent);
    }
    Entry& entry = entries_[std::hash<std::string_view>{}(user_agent) % entries_.size()];
    if (entry.user_agent != user_agent) {
        entry.device = device_class(user_agent);
        entry.user_agent = user_agent;
    }
    return entry.device;
}

}  // namespace live_shopper
