// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/paned_window.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/rolling_window.hpp>

#include "slow_panes.hpp"

using namespace std::chrono_literals;
using weir::PanedWindow;
using weir::Timestamp;
using weir_tests::at;
using weir_tests::pick;
using weir_tests::SlowPanes;

namespace {

using Values =
    weir::Bundle<weir::Sum<int>, weir::First<int>, weir::Last<int>, weir::MinMax<int>, weir::OrderedDistinct<int>>;

template <class T>
void compare_panes(weir::Duration length, weir::Duration resolution) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed, length.count(), resolution.count());
    weir_tests::Random random{seed};
    weir_tests::RandomTimes times{-10'000};
    PanedWindow<T> fast{length, resolution};
    SlowPanes<T> slow{length, resolution};
    std::size_t refused = 0;
    std::size_t compared = 0;
    for (int step = 0; step != 30'000; ++step) {
        if (pick(random, 10) < 7 && slow.size() < 80) {
            const auto t = at(times.next(random));
            const int value = static_cast<int>(pick(random, 9));
            const bool taken = fast.insert(t, value);
            refused += taken ? 0 : 1;
            if (taken != slow.insert(t, value)) {
                FAIL("whether an event is taken differs at step " << step);
            }
        } else {
            auto now = at(times.latest() + weir_tests::RandomTimes::between(random, -100, 60));
            if (const auto due = fast.next_expiry(); due && (slow.size() >= 80 || pick(random, 3) == 0)) {
                now = *due - weir::Duration{slow.size() >= 80 ? 0 : pick(random, 2)};
            }
            times.leap(now.time_since_epoch().count() - 60);
            if (fast.advance_to(now) != slow.advance_to(now)) {
                FAIL("whether a pane left differs at step " << step);
            }
        }
        if (pick(random, 100) == 0) {
            PanedWindow<T> copy = fast;
            fast = PanedWindow<T>{length, resolution};
            fast = std::move(copy);
        }
        const std::string differs = slow.difference(fast);
        if (!differs.empty()) {
            FAIL(differs << " differs at step " << step);
        }
        compared += slow.size();
    }
    REQUIRE(refused > 20);
    REQUIRE(compared > 30'000);
}

}  // namespace

TEST_CASE("the events of a pane leave together once the last time of the pane is old enough", "[paned_window]") {
    PanedWindow<weir::Sum<int>, std::chrono::seconds> sum{10s, 1s};
    REQUIRE(sum.insert(at(1000), 1));
    REQUIRE(sum.insert(at(1999), 2));
    REQUIRE(sum.insert(at(2000), 4));
    REQUIRE(sum.panes() == 2);
    REQUIRE(sum.next_expiry() == at(11'999));
    REQUIRE_FALSE(sum.advance_to(at(11'998)));
    REQUIRE(sum.result() == 7);
    REQUIRE(sum.insert(at(1500), 8));  // its pane is inside
    REQUIRE(sum.advance_to(at(11'999)));
    REQUIRE(sum.result() == 4);
    REQUIRE_FALSE(sum.insert(at(1999), 16));
    REQUIRE(sum.size() == 1);
    REQUIRE(sum.length() == 10s);
    REQUIRE(sum.resolution() == 1s);
    REQUIRE_FALSE(sum.advance_to(at(5)));
    REQUIRE(sum.advance_to(at(1'000'000'000'000)));
    REQUIRE(sum.empty());
    REQUIRE(sum.result() == 0);
}

TEST_CASE("panes without a length or a resolution are refused", "[paned_window]") {
    REQUIRE_THROWS_AS((PanedWindow<weir::Count>{0ms, 1ms}), std::invalid_argument);
    REQUIRE_THROWS_AS((PanedWindow<weir::Count>{1ms, 0ms}), std::invalid_argument);
    REQUIRE_THROWS_AS((PanedWindow<weir::Count>{1ms, -1ms}), std::invalid_argument);
}

TEST_CASE("paned windows are exact on events that leave with their pane", "[paned_window]") {
    compare_panes<Values>(100ms, 10ms);
    compare_panes<Values>(100ms, 30ms);
    compare_panes<Values>(400ms, 3ms);
    compare_panes<Values>(50ms, 1ms);
    compare_panes<Values>(20ms, 70ms);
    compare_panes<weir::Distinct<int>>(1000ms, 7ms);
}

TEST_CASE("a paned window is between the exact ones of its length and of a pane more", "[paned_window]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    weir_tests::RandomTimes times;
    const weir::Duration length = 200ms;
    const weir::Duration resolution = 25ms;
    PanedWindow<weir::Count> panes{length, resolution};
    weir::RollingWindow<weir::Count> least{length};
    weir::RollingWindow<weir::Count> most{length + resolution - 1ms};
    weir::RollingWindow<weir::Count> exact{length};
    PanedWindow<weir::Count> finest{length, 1ms};
    std::size_t apart = 0;
    for (int step = 0; step != 50'000; ++step) {
        const auto t = at(times.next(random));
        const bool taken = panes.insert(t);
        REQUIRE_FALSE((least.insert(t) && !taken));
        REQUIRE_FALSE((taken && !most.insert(t)));
        REQUIRE(exact.insert(t) == finest.insert(t));
        const auto now = std::max(panes.now(), at(times.latest()));
        panes.advance_to(now);
        least.advance_to(now);
        most.advance_to(now);
        exact.advance_to(now);
        finest.advance_to(now);
        if (panes.result() < least.result() || panes.result() > most.result() || exact.result() != finest.result()) {
            FAIL("outside its bounds at step " << step);
        }
        apart += panes.result() != least.result() ? 1 : 0;
    }
    REQUIRE(apart > 100);
}

TEST_CASE("the memory of a paned window is bounded by its panes, not by its events", "[paned_window]") {
    PanedWindow<weir::Sum<std::int64_t>> sum{1000ms, 10ms};
    std::size_t most = 0;
    for (int i = 0; i != 300'000; ++i) {
        sum.insert(at(i / 30), 1);
        most = std::max(most, sum.memory_in_use());
    }
    REQUIRE(sum.size() > 29'000);
    REQUIRE(sum.panes() <= 101);
    const std::size_t pane =
        sizeof(weir::detail::Slice<weir::Sum<std::int64_t>>) + sizeof(weir::detail::Merged<weir::Sum<std::int64_t>>);
    REQUIRE(most <= 202U * pane);
    sum.advance_to(at(1'000'000));
    REQUIRE(sum.memory_in_use() == 0);
}

TEST_CASE("panes stand at both ends of time", "[paned_window]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    for (int round = 0; round != 600; ++round) {
        const weir::Duration length = round % 3 == 0 ? weir::Duration::max() : weir::Duration{1 + pick(random, 40)};
        const weir::Duration resolution = round % 5 == 0 ? weir::Duration::max() : weir::Duration{1 + pick(random, 12)};
        CAPTURE(length.count(), resolution.count());
        PanedWindow<Values> fast{length, resolution};
        SlowPanes<Values> slow{length, resolution};
        for (int step = 0; step != 40; ++step) {
            const weir::Duration near{static_cast<std::int64_t>(pick(random, 60))};
            const Timestamp t = step < 20 && round % 2 == 0 ? Timestamp::min() + near : Timestamp::max() - near;
            const bool agree = pick(random, 4) == 0 ? fast.advance_to(t) == slow.advance_to(t)
                                                    : fast.insert(t, step) == slow.insert(t, step);
            const std::string differs = agree ? slow.difference(fast) : "an answer";
            if (!differs.empty()) {
                FAIL(differs << " differs in round " << round << " at step " << step);
            }
        }
    }
}

TEST_CASE("paned windows by key are forgotten when they have emptied", "[paned_window]") {
    using Window = PanedWindow<weir::Count>;
    weir::KeyedWindows<std::string, Window> views{Window{100ms, 10ms}};
    views.update("ada", [](Window& window) { return window.insert(at(5)); });
    REQUIRE(views.next_due() == at(109));
    views.advance_to(at(109));
    std::size_t drained = 0;
    views.drain([&](const std::string&, Window& window) {
        ++drained;
        REQUIRE(window.result() == 0);
    });
    REQUIRE(drained == 1);
    REQUIRE(views.size() == 0);
}
