// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// GivenUp: until when events of an origin are another's. News of it may come before the events or after them, in any
// order and more than once: the latest time counts.
//
// Costs: O(1) expected. Memory: some 40 bytes an origin, until its events cannot matter any more.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <weir/time.hpp>

namespace live_shopper {

class GivenUp {
public:
    /// `span`: how far back events matter.
    explicit GivenUp(weir::Duration span) : span_{span} {}

    /// Takes the news that all events of `origin` at or before `until` are another's.
    void add(std::uint64_t origin, weir::Timestamp until) {
        const auto [at, inserted] = until_.try_emplace(origin, until);
        if (inserted || until > at->second) {
            at->second = until;
            by_hour_[std::chrono::floor<std::chrono::hours>(until)].push_back(origin);
        }
    }

    [[nodiscard]] bool holds(std::uint64_t origin, weir::Timestamp t) const {
        const auto found = until_.find(origin);
        return found != until_.end() && t <= found->second;
    }

    /// Moves event time on; what is over is forgotten.
    void advance_to(weir::Timestamp now) {
        const auto horizon = weir::saturating_subtract(now, span_);
        while (!by_hour_.empty() && by_hour_.begin()->first + std::chrono::hours{1} <= horizon) {
            const auto end = by_hour_.begin()->first + std::chrono::hours{1};
            for (const std::uint64_t origin : by_hour_.begin()->second) {
                if (const auto found = until_.find(origin); found != until_.end() && found->second < end) {
                    until_.erase(found);
                }
            }
            by_hour_.erase(by_hour_.begin());
        }
    }

    [[nodiscard]] std::size_t size() const { return until_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t bytes = until_.bucket_count() * (sizeof(std::pair<const std::uint64_t, weir::Timestamp>) + 1);
        for (const auto& [hour, origins] : by_hour_) {
            bytes += origins.capacity() * sizeof(std::uint64_t);
        }
        return bytes;
    }

private:
    using Hour = std::chrono::sys_time<std::chrono::hours>;

    weir::Duration span_;
    boost::unordered_flat_map<std::uint64_t, weir::Timestamp> until_;
    std::map<Hour, std::vector<std::uint64_t>> by_hour_;
};

}  // namespace live_shopper
