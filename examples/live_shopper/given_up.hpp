// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// GivenUp: until when events of an origin are another's. News of it may come before the events or after them, in any
// order and more than once: the latest time counts.
//
// Costs: O(1) expected. Memory: some 40 bytes an origin, until its events cannot matter any more.

#include <cstddef>
#include <cstdint>

#include <weir/time.hpp>

#include "remembered.hpp"

namespace live_shopper {

class GivenUp {
public:
    /// `span`: how far back events matter.
    explicit GivenUp(weir::Duration span) : span_{span} {}

    /// Takes the news that all events of `origin` at or before `until` are another's.
    void add(std::uint64_t origin, weir::Timestamp until) { until_.add(origin, until); }

    [[nodiscard]] bool holds(std::uint64_t origin, weir::Timestamp t) const {
        const weir::Timestamp* const until = until_.find(origin);
        return until != nullptr && t <= *until;
    }

    /// Moves event time on; what is over is forgotten.
    void advance_to(weir::Timestamp now) { until_.forget(weir::saturating_subtract(now, span_)); }

    [[nodiscard]] std::size_t size() const { return until_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const { return until_.memory_in_use(); }

    /// For snapshots.
    [[nodiscard]] const auto& origins() const { return until_; }
    [[nodiscard]] auto& origins() { return until_; }

private:
    weir::Duration span_;
    Remembered<std::uint64_t> until_;
};

}  // namespace live_shopper
