// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// An aggregator of one's own: the largest fall from a price to a later one.
//
// It needs no base class. It can only add, so a window recomputes it from its events when asked, in event-time order.
// With a remove() or a merge() a window would keep it in O(1) an event.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>

#include <weir/aggregator.hpp>
#include <weir/rolling_window.hpp>

struct LargestFall {
    using value_type = double;
    static constexpr bool is_order_dependent = true;

    void add(double price) {
        highest = std::max(highest, price);
        fall = std::max(fall, highest - price);
    }
    [[nodiscard]] double result() const { return fall; }

    double highest = -std::numeric_limits<double>::infinity();
    double fall = 0;
};
static_assert(weir::Aggregator<LargestFall> && weir::OrderDependent<LargestFall>);

int main() {
    using namespace std::chrono_literals;
    const weir::Timestamp nine{1'746'176'400s};  // 2025-05-02T09:00:00Z
    weir::RollingWindow<LargestFall, std::chrono::minutes> fall{10min};
    fall.insert(nine, 50);
    fall.insert(nine + 4min, 44);
    fall.insert(nine + 6min, 47);
    std::printf("fell by %g\n", fall.result());
    fall.insert(nine + 2min, 52);  // late: before the 44, so it fell by 8
    std::printf("fell by %g\n", fall.result());
    fall.advance_to(nine + 12min);  // 50 and 52 have left
    std::printf("fell by %g\n", fall.result());
}
