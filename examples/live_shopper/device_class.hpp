// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What kind of device an event came from.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "shop_event.hpp"

namespace live_shopper {

/// By user agent: words that robots, TV sets and consoles, tablets, phones and desktops have in theirs, in this order
/// of precedence. Unknown where it is empty or has none of them, as that of a server's HTTP library. An iPad whose
/// browser asks for desktop pages says that it is a Macintosh, and counts as Desktop. O(length), no allocation.
[[nodiscard]] DeviceClass device_class(std::string_view user_agent) noexcept;

/// The class for a `deviceClass` of Snowplow's yauaa enrichment (`Phone`, `Set-top box`, `Robot Mobile` ...); Unknown
/// where it says nothing about the device.
[[nodiscard]] DeviceClass device_class_of_yauaa(std::string_view name) noexcept;

/// device_class() with a memory: the same few hundred user agents come again and again. Holds at most 150 KB.
class DeviceClasses {
public:
    [[nodiscard]] DeviceClass of(std::string_view user_agent);

private:
    struct Entry {
        std::string user_agent;
        DeviceClass device = DeviceClass::unknown;
    };

    static constexpr std::size_t longest = 512;

    std::array<Entry, 256> entries_;  // by hash; a newer one takes the place of an older one
};

}  // namespace live_shopper
