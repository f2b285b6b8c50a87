// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Event time: points and lengths in milliseconds, and arithmetic on them that saturates.
//
// Nothing here or elsewhere in the library reads a clock. Time comes in with the data or from the
// caller, so a test drives it like any other input.
//
//     weir::Timestamp t{std::chrono::milliseconds{1'700'000'000'000}};
//     t = weir::saturating_add(t, 5min);  // never wraps, even at the end of time
//     weir::label(5min);                  // "5m"

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace weir {

/// A length of event time. Every chrono duration that is a whole number of milliseconds converts to it.
using Duration = std::chrono::milliseconds;

/// A point of event time: milliseconds since 1970-01-01T00:00:00Z.
using Timestamp = std::chrono::sys_time<Duration>;

static_assert(sizeof(Duration::rep) == 8, "weir counts milliseconds in 64 bits");

/// `t + d`, or the nearest representable time where that overflows. O(1).
[[nodiscard]] constexpr Timestamp saturating_add(Timestamp t, Duration d) noexcept {
    Duration::rep sum = 0;
    if (__builtin_add_overflow(t.time_since_epoch().count(), d.count(), &sum)) {
        return d > Duration::zero() ? Timestamp::max() : Timestamp::min();
    }
    return Timestamp{Duration{sum}};
}

/// `t - d`, or the nearest representable time where that overflows. O(1).
[[nodiscard]] constexpr Timestamp saturating_subtract(Timestamp t, Duration d) noexcept {
    Duration::rep difference = 0;
    if (__builtin_sub_overflow(t.time_since_epoch().count(), d.count(), &difference)) {
        return d > Duration::zero() ? Timestamp::min() : Timestamp::max();
    }
    return Timestamp{Duration{difference}};
}

/// A length as people write it: the largest unit of h, m, s and ms that divides it, so 24 h is "24h",
/// 90 min "90m" and 1500 ms "1500ms".
[[nodiscard]] inline std::string label(Duration length) {
    struct Unit {
        std::int64_t milliseconds;
        const char* suffix;
    };
    const auto count = length.count();
    for (const Unit unit : {Unit{3'600'000, "h"}, Unit{60'000, "m"}, Unit{1000, "s"}}) {
        if (count != 0 && count % unit.milliseconds == 0) {
            return std::to_string(count / unit.milliseconds) + unit.suffix;
        }
    }
    return std::to_string(count) + "ms";
}

}  // namespace weir
