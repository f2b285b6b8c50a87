// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/count_window.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>
#include <weir/keyed_windows.hpp>

#include "slow_windows.hpp"

using weir::CountWindow;
using weir_tests::at;
using weir_tests::pick;

namespace {

/// Every input in event-time order.
struct InOrder {
    using value_type = int;
    static constexpr bool is_order_dependent = true;
    void add(int x) { values.push_back(x); }
    void remove(int x) { values.erase(std::find(values.begin(), values.end(), x)); }
    [[nodiscard]] const std::vector<int>& result() const { return values; }
    std::vector<int> values;
};

/// Can add alone.
struct Xor {
    using value_type = int;
    void add(int x) { bits ^= x * 31; }
    [[nodiscard]] int result() const { return bits; }
    int bits = 0;
};

/// Counts its adds, merges and removes.
struct Counted {
    using value_type = weir::None;
    static inline std::uint64_t steps = 0;
    void add(weir::None) { ++steps; }
    void merge(const Counted&) { ++steps; }
    [[nodiscard]] int result() const { return 0; }
};

template <class T>
void compare_counts(std::size_t length) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed, length);
    weir_tests::Random random{seed};
    weir_tests::RandomTimes times{-5000};
    CountWindow<T> fast{length};
    std::vector<std::pair<weir::Timestamp, int>> last;  // by arrival
    for (int step = 0; step != 6000; ++step) {
        const auto t = at(times.next(random));
        const int value = static_cast<int>(pick(random, 9));
        fast.insert(t, value);
        last.emplace_back(t, value);
        if (last.size() > length) {
            last.erase(last.begin());
        }
        auto ordered = last;
        std::stable_sort(ordered.begin(), ordered.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        T model;
        for (const auto& [time, x] : ordered) {
            weir::detail::add(model, time, x);
        }
        if (fast.result() != model.result() || fast.size() != last.size() || fast.empty()) {
            FAIL("differs at step " << step);
        }
        if (pick(random, 200) == 0) {
            CountWindow<T> copy = fast;
            fast = CountWindow<T>{length};
            fast = std::move(copy);
        }
    }
}

}  // namespace

TEST_CASE("the last events are told by arrival", "[count_window]") {
    CountWindow<weir::Last<int>> last{2};
    REQUIRE(last.empty());
    REQUIRE_FALSE(last.result());
    last.insert(at(10), 1);
    last.insert(at(5), 2);  // late in event time, the newest to arrive
    REQUIRE(last.result() == 1);
    last.insert(at(3), 3);
    REQUIRE(last.result() == 2);  // of those at 5 and 3 the later one
    REQUIRE(last.size() == 2);
    REQUIRE(last.length() == 2);
    REQUIRE_THROWS_AS(CountWindow<weir::Count>{0}, std::invalid_argument);
}

TEST_CASE("count windows equal the aggregate of the last events", "[count_window]") {
    for (const std::size_t length : {1U, 2U, 3U, 17U, 64U}) {
        compare_counts<weir::Sum<int>>(length);
        compare_counts<weir::Bundle<weir::First<int>, weir::Last<int>, weir::MinMax<int>, weir::OrderedDistinct<int>>>(
            length);
        compare_counts<weir::Top<int>>(length);
        compare_counts<InOrder>(length);
        compare_counts<Xor>(length);
    }
}

TEST_CASE("a count window takes a bounded number of steps an event, however long it is", "[count_window]") {
    CountWindow<Counted> window{10'000};
    Counted::steps = 0;
    for (int i = 0; i != 100'000; ++i) {
        window.insert(at(i));
    }
    REQUIRE(Counted::steps <= 300'000);
    REQUIRE(window.size() == 10'000);
}

TEST_CASE("what has left a count window is gone, NaN too", "[count_window]") {
    CountWindow<weir::Sum<double>> sum{2};
    sum.insert(at(0), std::numeric_limits<double>::quiet_NaN());
    sum.insert(at(1), 1e17);
    REQUIRE(std::isnan(sum.result()));
    sum.insert(at(2), 0.25);
    REQUIRE(sum.result() == 1e17);
    sum.insert(at(3), 0.5);
    REQUIRE(sum.result() == 0.75);
}

TEST_CASE("a count window keeps no more than its length", "[count_window]") {
    CountWindow<weir::Sum<int>> sum{100};
    for (int i = 0; i != 10'000; ++i) {
        sum.insert(at(i), i);
    }
    REQUIRE(sum.memory_in_use() == 100 * sizeof(int));
    CountWindow<weir::Max<std::int64_t>> greatest{100};
    for (int i = 0; i != 10'000; ++i) {
        greatest.insert(at(i), i);
    }
    REQUIRE(greatest.memory_in_use() <= 100 * (sizeof(std::int64_t) + sizeof(weir::Max<std::int64_t>)));
}

TEST_CASE("count windows by key", "[count_window]") {
    weir::KeyedWindows<std::string, CountWindow<weir::Sum<int>>> sums{CountWindow<weir::Sum<int>>{2}};
    for (int i = 0; i != 10; ++i) {
        sums.update(i % 2 == 0 ? "even" : "odd", [&](auto& window) {
            window.insert(at(i), i);
            return true;
        });
    }
    sums.advance_to(at(1'000'000));
    std::vector<std::int64_t> drained;
    sums.drain([&](const std::string&, const auto& window) { drained.push_back(window.result()); });
    REQUIRE(drained == std::vector<std::int64_t>{14, 16});
    REQUIRE(sums.size() == 2);
    REQUIRE_FALSE(sums.next_due());
}

TEST_CASE("a tumbling count window gives the aggregate of each so many events", "[count_window]") {
    weir::TumblingCountWindow<weir::Sum<int>> batches{3};
    std::vector<std::int64_t> sums;
    for (int i = 0; i != 11; ++i) {
        REQUIRE(batches.size() == static_cast<std::size_t>(i % 3));
        if (const auto batch = batches.insert(at(i), i)) {
            sums.push_back(batch->result());
        }
    }
    REQUIRE(sums == std::vector<std::int64_t>{3, 12, 21});
    REQUIRE(batches.aggregate().result() == 19);
    REQUIRE_FALSE(batches.empty());
    REQUIRE(batches.length() == 3);
    REQUIRE_THROWS_AS(weir::TumblingCountWindow<weir::Count>{0}, std::invalid_argument);
}
