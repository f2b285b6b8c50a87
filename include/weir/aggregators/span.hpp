// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Span: the time from the first input to the last in event time, whatever the inputs are; 0 when there are fewer than
// two. Inputs may come late, in any order. 16 bytes; every operation O(1). Mergeable.
//
//     weir::Span duration;
//     duration.add(t);
//     duration.add(t + 3s);
//     duration.result();   // 3000 ms

#include <algorithm>
#include <optional>

#include <weir/aggregators/none.hpp>
#include <weir/time.hpp>

namespace weir {

class Span {
public:
    using value_type = None;

    constexpr void add(Timestamp t, None /*any*/ = {}) noexcept {
        first_ = std::min(first_, t);
        last_ = std::max(last_, t);
    }
    constexpr void merge(const Span& later) noexcept {
        first_ = std::min(first_, later.first_);
        last_ = std::max(last_, later.last_);
    }

    /// The longest Duration where the span is longer still.
    [[nodiscard]] constexpr Duration result() const noexcept {
        if (last_ <= first_) {
            return Duration{0};
        }
        // last - first overflows only where first is before 1970 and last after.
        const auto last = last_.time_since_epoch();
        const auto first = first_.time_since_epoch();
        return first < Duration{0} && last > Duration::max() + first ? Duration::max() : last - first;
    }

    [[nodiscard]] constexpr std::optional<Timestamp> first() const noexcept {
        return empty() ? std::nullopt : std::optional{first_};
    }
    [[nodiscard]] constexpr std::optional<Timestamp> last() const noexcept {
        return empty() ? std::nullopt : std::optional{last_};
    }

    constexpr bool operator==(const Span&) const noexcept = default;

    static constexpr const char* snapshot_name = "Span";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Span::first_, &Span::last_);
    }

private:
    [[nodiscard]] constexpr bool empty() const noexcept { return last_ < first_; }

    Timestamp first_ = Timestamp::max();
    Timestamp last_ = Timestamp::min();
};

}  // namespace weir
