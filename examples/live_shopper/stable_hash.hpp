// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// A hash that every process of a fleet agrees on, whatever it was built with: FNV-1a, and MurmurHash3's last step.

#include <cstdint>
#include <string_view>

namespace live_shopper {

[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view text, std::uint64_t salt = 0) {
    std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01B3U;
    }
    hash ^= salt * 0x9E37'79B9'7F4A'7C15U;
    hash = (hash ^ (hash >> 33)) * 0xFF51'AFD7'ED55'8CCDU;
    hash = (hash ^ (hash >> 33)) * 0xC4CE'B9FE'1A85'EC53U;
    return hash ^ (hash >> 33);
}

}  // namespace live_shopper
