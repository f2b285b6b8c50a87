// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/rolling_window.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/changes.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>

#include "odd_aggregators.hpp"
#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::RollingWindow;
using weir::RollingWindows;
using weir::Timestamp;
using weir_tests::Arrived;
using weir_tests::at;
using weir_tests::InOrder;
using weir_tests::Orders;
using weir_tests::pick;
using weir_tests::Random;
using weir_tests::Step;

namespace {

using Lengths = std::vector<weir::Duration>;

/// Adds and nothing else, in whatever order.
struct AddOnly {
    using value_type = int;
    void add(int x) { bits ^= std::uint64_t{1} << (x % 64), total += static_cast<std::uint64_t>(x); }
    [[nodiscard]] std::uint64_t result() const { return bits * 31 + total; }
    std::uint64_t bits = 0;
    std::uint64_t total = 0;
};

struct Product {
    using value_type = int;
    void add(int x) { product = product * static_cast<std::uint64_t>(x + 1) % 1'000'003; }
    void merge(const Product& later) { product = product * later.product % 1'000'003; }
    [[nodiscard]] std::uint64_t result() const { return product; }
    std::uint64_t product = 1;
};

/// Counts how often it is merged.
struct CountedMerges {
    using value_type = int;
    void add(int x) { most = std::max(most, x); }
    void merge(const CountedMerges& later) {
        most = std::max(most, later.most);
        ++merges;
    }
    [[nodiscard]] int result() const { return most; }
    int most = 0;
    static inline std::size_t merges = 0;
};

static_assert(weir::Removable<weir::Sum<int>> && weir::Mergeable<Product> && !weir::Removable<Product>);
static_assert(!weir::Removable<AddOnly> && !weir::Mergeable<AddOnly>);
static_assert(weir::Expiring<Orders> && weir::OrderDependent<Orders>);

int small(Random& random, std::uint64_t /*arrival*/) { return static_cast<int>(pick(random, 50)); }

}  // namespace

TEST_CASE("a rolling window holds what is younger than its length, up to now", "[rolling_window]") {
    RollingWindow<weir::Count, std::chrono::seconds> window{5s};
    REQUIRE(window.now() == Timestamp::min());
    REQUIRE(window.empty());
    REQUIRE_FALSE(window.next_expiry());
    REQUIRE(window.insert(at(1000)));
    REQUIRE(window.insert(at(1000)));
    REQUIRE(window.insert(at(3000)));
    REQUIRE(window.now() == at(3000));
    REQUIRE(window.length() == 5s);
    REQUIRE(window.result() == 3);
    REQUIRE(window.next_expiry() == at(6000));
    REQUIRE_FALSE(window.advance_to(at(5999)));
    REQUIRE(window.result() == 3);
    REQUIRE(window.advance_to(at(6000)));  // an event exactly 5 s old has left
    REQUIRE(window.result() == 1);
    REQUIRE(window.size() == 1);
    REQUIRE(window.next_expiry() == at(8000));
    REQUIRE(window.advance_to(at(1'000'000)));
    REQUIRE(window.empty());
    REQUIRE(window.result() == 0);
    REQUIRE_FALSE(window.next_expiry());
}

TEST_CASE("a late event within the window changes the answer", "[rolling_window]") {
    RollingWindow<weir::Last<int>> last{10ms};
    RollingWindow<weir::Sum<int>> sum{10ms};
    REQUIRE(last.insert(at(95), 2));
    REQUIRE(last.insert(at(100), 1));
    REQUIRE(last.insert(at(99), 3));
    REQUIRE(last.result() == 1);
    REQUIRE(last.now() == at(100));
    REQUIRE(sum.insert(at(100), 1));
    REQUIRE(sum.insert(at(91), 2));
    REQUIRE(sum.result() == 3);
    REQUIRE(sum.next_expiry() == at(101));
}

TEST_CASE("an event that is too old is refused and changes nothing", "[rolling_window]") {
    RollingWindow<weir::Sum<int>> window{10ms};
    REQUIRE(window.insert(at(100), 1));
    REQUIRE_FALSE(window.insert(at(90), 2));
    REQUIRE_FALSE(window.insert(at(-1'000'000), 2));
    REQUIRE(window.result() == 1);
    REQUIRE(window.size() == 1);
    REQUIRE(window.insert(at(91), 2));
    REQUIRE(window.result() == 3);
    window.advance_to(at(1000));
    REQUIRE_FALSE(window.insert(at(990), 4));
    REQUIRE(window.empty());
    REQUIRE(window.insert(at(991), 4));
    REQUIRE(window.result() == 4);
}

TEST_CASE("time does not go back", "[rolling_window]") {
    RollingWindow<weir::Count> window{10ms};
    window.advance_to(at(50));
    REQUIRE_FALSE(window.advance_to(at(10)));
    REQUIRE(window.now() == at(50));
    REQUIRE_FALSE(window.insert(at(40)));
    REQUIRE(window.insert(at(41)));
    REQUIRE(window.now() == at(50));
}

TEST_CASE("an empty window answers what its aggregator answers before the first input", "[rolling_window]") {
    RollingWindow<weir::Mean<double>, std::chrono::minutes> price{5min};
    REQUIRE_FALSE(price.result());
    price.insert(at(0), 42.5);
    REQUIRE(price.result() == 42.5);
    price.advance_to(at(300'000));
    REQUIRE_FALSE(price.result());
}

TEST_CASE("a window that could hold nothing is refused", "[rolling_window]") {
    REQUIRE_THROWS_AS(RollingWindow<weir::Count>{0ms}, std::invalid_argument);
    REQUIRE_THROWS_WITH((RollingWindow<weir::Count, std::chrono::seconds>{-5s}),
                        Catch::Contains("positive length, found -5s"));
    REQUIRE_THROWS_AS(RollingWindows<weir::Count>{Lengths{}}, std::invalid_argument);
    REQUIRE_THROWS_AS((RollingWindows<weir::Count>{Lengths{5ms, 0ms}}), std::invalid_argument);
    REQUIRE_THROWS_AS((RollingWindows<weir::Count>{Lengths{5ms}, -1ms}), std::invalid_argument);
}

TEST_CASE("several lengths keep their own counts over the same events", "[rolling_window]") {
    RollingWindows<weir::Count> windows{Lengths{10ms, 100ms, 1000ms}, 50ms};
    REQUIRE(windows.count() == 3);
    REQUIRE(windows.length(1) == 100ms);
    for (std::int64_t t = 0; t != 1000; t += 5) {
        windows.insert(at(t));
    }
    REQUIRE(windows.result(0) == 2);
    REQUIRE(windows.result(1) == 20);
    REQUIRE(windows.result(2) == 200);
    REQUIRE(windows.size() == 200);
    REQUIRE(windows.read(1, [](const auto& part) { return part.template operator()<0>().result(); }) == 20);
}

TEST_CASE("events stay known for as long as asked beyond the longest window", "[rolling_window]") {
    RollingWindows<weir::Count> windows{Lengths{10ms}, 20ms};
    windows.insert(at(100));
    REQUIRE(windows.advance_to(at(110)));
    REQUIRE(windows.empty(0));
    REQUIRE_FALSE(windows.empty());
    REQUIRE(windows.latest(0) == at(100));
    REQUIRE(windows.next_expiry() == at(130));
    REQUIRE(windows.insert(at(81)));  // too old for the window, not for the log
    REQUIRE(windows.empty(0));
    REQUIRE(windows.size() == 2);
    REQUIRE_FALSE(windows.insert(at(80)));
    REQUIRE_FALSE(windows.advance_to(at(130)));  // no window changes, they were empty
    REQUIRE(windows.empty());
    REQUIRE_FALSE(windows.latest(0));
    REQUIRE_FALSE(windows.next_expiry());
}

TEST_CASE("what an expiring aggregator counts has left though nothing was kept meanwhile", "[rolling_window]") {
    RollingWindows<Orders> windows{Lengths{10ms}, 1000ms};
    windows.advance_to(at(5000));
    REQUIRE(windows.insert(at(4900), Step{false, 1}));
    REQUIRE(windows.insert(at(4950), Step{true, 0}));  // within what is kept, outside the window
    REQUIRE(windows.result(0) == 0);
    REQUIRE_FALSE(windows.latest(0));
    windows.advance_to(at(10'000));
    REQUIRE(windows.empty());
    windows.advance_to(at(11'000));
    REQUIRE(windows.insert(at(10'500), Step{false, 1}));
    REQUIRE(windows.insert(at(10'501), Step{true, 0}));
    REQUIRE(windows.result(0) == 0);
    REQUIRE(windows.insert(at(11'001), Step{false, 7}));
    REQUIRE(windows.insert(at(11'001), Step{true, 0}));
    REQUIRE(windows.result(0) == 7);
}

TEST_CASE("windows stand at both ends of time", "[rolling_window]") {
    RollingWindow<weir::Sum<int>> window{10ms};
    REQUIRE_FALSE(window.insert(Timestamp::min(), 1));  // before all time: older than any window
    REQUIRE(window.empty());
    REQUIRE(window.insert(Timestamp::min() + 1ms, 2));
    REQUIRE(window.result() == 2);
    REQUIRE(window.next_expiry() == Timestamp::min() + 11ms);
    REQUIRE_FALSE(window.advance_to(Timestamp::min() + 10ms));
    REQUIRE(window.result() == 2);
    REQUIRE(window.insert(Timestamp::max() - 1ms, 4));
    REQUIRE(window.result() == 4);
    REQUIRE(window.next_expiry() == Timestamp::max());  // later than time goes
    REQUIRE_FALSE(window.advance_to(Timestamp::max()));
    REQUIRE(window.insert(Timestamp::max(), 8));
    REQUIRE(window.insert(Timestamp::max() - 9ms, 16));
    REQUIRE_FALSE(window.insert(Timestamp::max() - 10ms, 32));
    REQUIRE(window.result() == 28);

    RollingWindows<weir::Count> forever{Lengths{weir::Duration::max()}, weir::Duration::max()};
    REQUIRE(forever.insert(at(-5)));
    REQUIRE_FALSE(forever.advance_to(Timestamp::max() - 10ms));
    REQUIRE(forever.insert(at(7)));
    REQUIRE(forever.result(0) == 2);
    REQUIRE(forever.next_expiry() == Timestamp::max() - 5ms);
}

TEST_CASE("windows at both ends of time equal slow ones", "[rolling_window]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    constexpr auto least = Timestamp::min();
    constexpr auto most = Timestamp::max();
    const Lengths lengths{3ms, 40ms, weir::Duration::max()};
    for (int round = 0; round != 400; ++round) {
        const weir::Duration keep = round % 2 == 0 ? weir::Duration{25} : weir::Duration::max();
        RollingWindows<weir::Bundle<weir::Sum<int>, weir::Max<int>>> fast{lengths, keep};
        weir_tests::SlowWindows<weir::Bundle<weir::Sum<int>, weir::Max<int>>> slow{lengths, keep};
        const bool start = round % 4 < 2;
        for (int step = 0; step != 60; ++step) {
            const weir::Duration near{static_cast<std::int64_t>(pick(random, 90))};
            const Timestamp t = start && step < 40 ? least + near : most - near;
            if (pick(random, 3) == 0) {
                fast.advance_to(t);
                slow.advance_to(t);
            } else {
                REQUIRE(fast.insert(t, step) == slow.insert(t, step));
            }
            const std::string differs = weir_tests::difference(fast, slow, weir_tests::FromScratch{});
            if (!differs.empty()) {
                FAIL(differs << " differs in round " << round << " at step " << step);
            }
        }
    }
}

TEST_CASE("what is taken out of a window is handed over in event-time order", "[rolling_window]") {
    RollingWindows<weir::Sum<int>> windows{Lengths{100ms, 20ms}};
    for (const auto& [t, x] : {std::pair{50, 1}, {30, 2}, {70, 4}, {30, 8}, {60, 16}}) {
        windows.insert(at(t), x);
    }
    std::vector<int> taken;
    const auto count = windows.extract_if([](weir::Timestamp t, int) { return t <= at(50); },
                                          [&](weir::Timestamp, int x) { taken.push_back(x); });
    REQUIRE(count == 3);
    REQUIRE(taken == std::vector{2, 8, 1});
    REQUIRE(windows.result(0) == 20);
    REQUIRE(windows.result(1) == 20);
    REQUIRE(windows.extract_if([](auto, int) { return false; }, [](auto, int) { FAIL(); }) == 0);
    REQUIRE(windows.extract_if([](auto, int) { return true; }, [](auto, int) {}) == 2);
    REQUIRE(windows.empty());
    REQUIRE(windows.result(0) == 0);
    REQUIRE(windows.now() == at(70));
}

TEST_CASE("history that moves in stands where it arrived", "[rolling_window]") {
    RollingWindows<weir::Projected<weir::Field<&Arrived::number>, weir::Last<int>>> windows{Lengths{100ms}};
    windows.insert(at(10), Arrived{1, 5});
    windows.insert(at(10), Arrived{2, 9});
    windows.insert(at(10), Arrived{3, 7});  // arrived between the two
    REQUIRE(windows.result(0) == 2);
    std::vector<int> order;
    windows.extract_if([](auto, const Arrived&) { return true; },
                       [&](auto, const Arrived& e) { order.push_back(e.number); });
    REQUIRE(order == std::vector{1, 3, 2});
}

TEST_CASE("a window gives its memory back when it empties", "[rolling_window]") {
    using Sum = weir::Sum<double>;
    REQUIRE(RollingWindows<Sum>{Lengths{5ms}}.memory_in_use() == sizeof(Sum) + 32);  // a length, a cursor, an aggregate
    RollingWindows<weir::Bundle<weir::Min<int>, weir::Distinct<int>>> windows{Lengths{100ms, 1000ms}};
    const std::size_t baseline = windows.memory_in_use();
    for (int i = 0; i != 5000; ++i) {
        windows.insert(at(i / 10), i);
    }
    REQUIRE(windows.memory_in_use() > baseline + 5000 * 2 * sizeof(int));
    windows.advance_to(at(1499));
    REQUIRE(windows.empty());
    REQUIRE(windows.memory_in_use() <= baseline + 16 * 16);
}

TEST_CASE("rolling windows of what can be removed equal slow ones", "[rolling_window]") {
    weir_tests::compare_windows<weir::Sum<int>>({.lengths = {100ms, 20ms, 1000ms}, .steps = 150'000}, small);
    weir_tests::compare_windows<weir::Mean<int>>({.lengths = {100ms, 300ms}, .steps = 50'000}, small);
    weir_tests::compare_windows<weir::Sum<std::chrono::seconds>>(
        {.lengths = {100ms, 300ms}, .steps = 50'000},
        [](Random& random, auto) { return std::chrono::seconds{static_cast<int>(pick(random, 50))}; });
    weir_tests::compare_windows<weir::Top<int>>({.lengths = {200ms}, .keep = 300ms, .steps = 50'000, .most = 40},
                                                [](Random& random, auto) { return static_cast<int>(pick(random, 6)); });
}

TEST_CASE("rolling windows of what can only be merged equal slow ones", "[rolling_window]") {
    weir_tests::compare_windows<weir::MinMax<int>>({.lengths = {100ms, 1000ms, 30ms}, .keep = 40ms, .steps = 150'000},
                                                   small);
    weir_tests::compare_windows<Product>({.lengths = {70ms, 300ms}, .steps = 50'000}, small);
    weir_tests::compare_windows<weir::Last<int>>({.lengths = {100ms, 400ms}, .keep = 100ms, .steps = 50'000}, small);
    weir_tests::compare_windows<weir::Changes<int>>(
        {.lengths = {250ms, 50ms}, .steps = 30'000, .most = 30},
        [](Random& random, auto) { return static_cast<int>(pick(random, 3)); });
}

TEST_CASE("rolling windows of many events, some of them very late, equal slow ones", "[rolling_window]") {
    using All = weir::Bundle<weir::Max<int>, weir::Sum<int>, Product, weir::First<int>, weir::Last<int>, weir::Count>;
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    for (int round = 0; round != 4; ++round) {
        const Lengths lengths{700ms, 6000ms, 90ms};
        const weir::Duration keep{static_cast<std::int64_t>(pick(random, 2) * 400)};
        RollingWindows<All> fast{lengths, keep};
        RollingWindow<All> alone{lengths[1]};
        weir_tests::SlowWindows<All> slow{lengths, keep};
        std::int64_t now = 0;
        std::size_t most = 0;
        for (int step = 0; step != 5000; ++step) {
            std::int64_t t = now;
            switch (pick(random, 16)) {
                case 0:
                    t -= static_cast<std::int64_t>(pick(random, 7000));
                    break;
                case 1:
                case 2:
                    t -= static_cast<std::int64_t>(pick(random, round % 2 == 0 ? 60 : 3000));
                    break;
                case 3:
                    break;  // at the same time
                default:
                    t = now += 1 + static_cast<std::int64_t>(pick(random, pick(random, 800) == 0 ? 4000 : 6));
            }
            const int value = step % 1000 == 999 ? 1'000'000 : small(random, 0);
            const bool taken = fast.insert(at(t), value);
            REQUIRE(taken == slow.insert(at(t), value));
            REQUIRE(alone.insert(at(t), value) == (at(t) > at(now) - lengths[1]));
            if (pick(random, 500) == 0) {
                fast = RollingWindows<All>{fast};
                alone = RollingWindow<All>{alone};
            }
            std::string differs = weir_tests::difference(fast, slow, weir_tests::FromScratch{});
            if (differs.empty() && alone.result() != slow.aggregate(1).result()) {
                differs = "the lone window";
            }
            if (!differs.empty()) {
                FAIL(differs << " differs at step " << step << " of round " << round);
            }
            most = std::max(most, slow.size());
        }
        REQUIRE(most > 1000);  // of many chunks
    }
}

TEST_CASE("no event waits for a whole chunk to be merged", "[rolling_window]") {
    Random random{weir_tests::fresh_seed()};
    RollingWindow<CountedMerges> window{20'000ms};
    std::int64_t now = 0;
    for (int i = 0; i != 10'000; ++i) {
        window.insert(at(now += 1 + static_cast<std::int64_t>(pick(random, 4))), i);
    }
    std::size_t most = 0;
    for (int i = 0; i != 50'000; ++i) {
        CountedMerges::merges = 0;
        window.insert(at(now += 1 + static_cast<std::int64_t>(pick(random, 4))), i);
        most = std::max(most, CountedMerges::merges);
    }
    REQUIRE(window.size() > 5000);
    CHECK(most < 64);  // a step of the next front, and one way up and one row of the tree
}

TEST_CASE("a late event may be a window's first and lie in a chunk that the window had left", "[rolling_window]") {
    RollingWindows<weir::Max<int>> windows{Lengths{150ms, 10'000ms}};
    for (int i = 0; i != 128; ++i) {  // a chunk of its own
        windows.insert(at(i), 1);
    }
    for (int i = 0; i != 300; ++i) {
        windows.insert(at(1000 + i / 3), i == 5 ? 9 : 2);
    }
    windows.insert(at(50), 1);  // splits the first chunk, so that there is room in it
    REQUIRE(windows.size(0) == 300);
    REQUIRE(windows.insert(at(960), 3));
    REQUIRE(windows.size(0) == 301);
    REQUIRE(windows.result(0) == 9);
    windows.advance_to(at(1140));
    REQUIRE(windows.result(0) == 9);
    windows.advance_to(at(1151));
    REQUIRE(windows.result(0) == 2);
}

TEST_CASE("rolling windows of what depends on order equal slow ones", "[rolling_window]") {
    weir_tests::compare_windows<InOrder<int>>({.lengths = {100ms, 1000ms}, .keep = 10ms, .steps = 120'000}, small);
    weir_tests::compare_windows<AddOnly>({.lengths = {300ms, 50ms}, .steps = 60'000}, small);
}

TEST_CASE("rolling windows of what expires by itself equal slow ones", "[rolling_window]") {
    const auto step = [](Random& random, auto) {
        return Step{pick(random, 3) == 0, static_cast<int>(pick(random, 9))};
    };
    weir_tests::compare_windows<Orders>({.lengths = {100ms, 500ms}, .keep = 150ms, .steps = 120'000, .most = 40}, step);
    weir_tests::compare_windows<Orders>({.lengths = {40ms}, .keep = 900ms, .steps = 60'000, .most = 40}, step);
}

TEST_CASE("each part of a bundle in a rolling window equals a slow one", "[rolling_window]") {
    using All = weir::Bundle<weir::Sum<int>, weir::Max<int>, InOrder<int>, weir::Count, weir::Top<int>>;
    weir_tests::compare_windows<All>({.lengths = {100ms, 20ms, 700ms}, .keep = 30ms, .steps = 120'000, .most = 50},
                                     small);
}

TEST_CASE("events of one time keep the order in which they arrived, moved or not", "[rolling_window]") {
    using Number = weir::Field<&Arrived::number>;
    using All = weir::Bundle<weir::Projected<Number, weir::Last<int>>, weir::Projected<Number, weir::First<int>>,
                             weir::Projected<Number, weir::Top<int>>, InOrder<Arrived>, weir::Count>;
    weir_tests::compare_windows<All>({.lengths = {150ms, 600ms}, .keep = 100ms, .steps = 100'000, .most = 40},
                                     [](Random& random, std::uint64_t arrival) {
                                         return Arrived{static_cast<int>(pick(random, 9)), arrival};
                                     });
}

TEST_CASE("floating-point sums do not drift, and NaN and infinity leave with their events", "[rolling_window]") {
    const auto next = [](Random& random, auto) {
        switch (pick(random, 60)) {
            case 0:
                return std::numeric_limits<double>::quiet_NaN();
            case 1:
                return std::numeric_limits<double>::infinity();
            case 2:
                return -std::numeric_limits<double>::infinity();
            case 3:
                return 1e17;
            case 4:
                return -1e17;
            default:
                return static_cast<double>(pick(random, 100'000)) * 0.01 - 300;
        }
    };
    std::size_t exact = 0;
    const auto same = [&](double result, const auto& slow, std::size_t w) {
        long double sum = 0;
        long double magnitude = 0;
        for (const auto& row : slow.inside(w)) {
            sum += row.value;
            magnitude += std::abs(row.value);
        }
        if (!std::isfinite(sum)) {
            return std::isnan(sum) ? std::isnan(result) : static_cast<double>(sum) == result;
        }
        exact += magnitude < 1e9L ? 1 : 0;
        const long double tolerance = std::abs(sum) * 0x1p-52L + magnitude * 0x1p-60L;  // the long double's own error
        return std::abs(result - sum) <= tolerance;
    };
    weir_tests::compare_windows<weir::Sum<double>>({.lengths = {100ms, 10ms, 400ms}, .steps = 120'000}, next, same);
    REQUIRE(exact > 10'000);
}

TEST_CASE("a gap of a year in one window's events costs one step", "[rolling_window]") {
    // Each eviction is a call on the aggregator, and empty time must make none.
    struct Counting {
        using value_type = int;
        void add(int) { ++count, ++calls(); }
        void remove(int) { --count, ++calls(); }
        [[nodiscard]] int result() const { return count; }
        static std::size_t& calls() {
            static std::size_t made = 0;
            return made;
        }
        int count = 0;
    };
    RollingWindows<Counting> windows{Lengths{5ms, 3'600'000ms}};
    Counting::calls() = 0;
    constexpr std::int64_t year = 31'556'952'000;
    for (std::int64_t i = 0; i != 1000; ++i) {
        windows.insert(at(i * year), 1);
    }
    REQUIRE(Counting::calls() <= 2 * 2 * 1000);
    REQUIRE(windows.result(1) == 1);
}
