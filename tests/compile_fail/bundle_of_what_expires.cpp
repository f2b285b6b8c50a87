// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: an Expiring aggregator cannot be part of a Bundle
#include <chrono>
#include <optional>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/rolling_window.hpp>

struct Orders {
    using value_type = int;
    void add(weir::Timestamp t, int) { last = t; }
    [[nodiscard]] int result() const { return last ? 1 : 0; }
#ifndef VALID
    void expire(weir::Timestamp horizon) { last = last > horizon ? last : std::nullopt; }
#endif
    [[nodiscard]] std::optional<weir::Timestamp> next() const { return last; }
    [[nodiscard]] std::optional<weir::Timestamp> latest() const { return last; }
    std::optional<weir::Timestamp> last;
};

weir::RollingWindow<weir::Bundle<weir::Count, Orders>, std::chrono::minutes> window{std::chrono::minutes{5}};
