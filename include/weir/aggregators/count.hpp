// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Count: how many inputs there are, whatever they are. 8 bytes; every operation O(1); 0 when empty.
//
//     weir::Count count;
//     count.add();
//     count.result();   // 1

#include <cstdint>

#include <weir/aggregators/none.hpp>

namespace weir {

class Count {
public:
    using value_type = None;

    constexpr void add(None /*any*/ = {}) noexcept { ++count_; }
    constexpr void remove(None /*any*/ = {}) noexcept { --count_; }
    constexpr void merge(const Count& later) noexcept { count_ += later.count_; }
    /// What it is after `count` inputs.
    [[nodiscard]] static constexpr Count of_events(std::uint64_t count) noexcept {
        Count counted;
        counted.count_ = count;
        return counted;
    }
    [[nodiscard]] constexpr std::uint64_t result() const noexcept { return count_; }
    constexpr bool operator==(const Count&) const noexcept = default;

    static constexpr const char* snapshot_name = "Count";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Count::count_);
    }

private:
    std::uint64_t count_ = 0;
};

}  // namespace weir
