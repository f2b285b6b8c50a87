// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// BotLimit: how many events of one shopper are taken in one minute of event time.
//
// A person makes some ten events a minute; whoever makes thousands is a robot, and its windows would grow until drawing
// them up takes the time of everybody else's. Minutes are those of the events, so that a restart that reads them again
// refuses the same ones. Counts are kept for the last minutes alone: an event that is later than that begins anew.
//
// Costs: O(1) expected an event. Memory: some 20 bytes for each shopper with an event in one of the last 10 minutes,
// and minute.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>
#include <weir/time.hpp>

namespace live_shopper {

class BotLimit {
public:
    /// `most` events a minute; 0: as many as there are.
    explicit BotLimit(std::uint32_t most) : most_{most} {}

    /// Counts an event; false where it is one too many.
    [[nodiscard]] bool admits(std::string_view shopper, weir::Timestamp t) {
        if (most_ == 0 || shopper.empty()) {
            return true;
        }
        std::uint32_t& count =
            minutes_[std::chrono::floor<std::chrono::minutes>(t)][std::hash<std::string_view>{}(shopper)];
        if (count == most_) {
            return false;
        }
        ++count;
        return true;
    }

    /// Moves event time on; counts are forgotten.
    void advance_to(weir::Timestamp now) {
        const auto horizon = weir::saturating_subtract(now, kept);
        while (!minutes_.empty() && minutes_.begin()->first <= horizon) {
            minutes_.erase(minutes_.begin());
        }
    }

    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t bytes = 0;
        for (const auto& [minute, counts] : minutes_) {
            bytes += counts.bucket_count() * (sizeof(std::pair<const std::size_t, std::uint32_t>) + 1);
        }
        return bytes;
    }

private:
    using Minute = std::chrono::sys_time<std::chrono::minutes>;

    static constexpr weir::Duration kept = std::chrono::minutes{10};

    std::uint32_t most_;
    std::map<Minute, boost::unordered_flat_map<std::size_t, std::uint32_t>> minutes_;
};

}  // namespace live_shopper
