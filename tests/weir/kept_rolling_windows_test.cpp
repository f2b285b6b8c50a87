// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/kept_rolling_windows.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/changes.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/snapshot.hpp>

#include "odd_aggregators.hpp"
#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::RollingWindows;
using weir::Timestamp;
using weir_tests::Arrived;
using weir_tests::at;
using weir_tests::InOrder;
using weir_tests::Orders;
using weir_tests::pick;
using weir_tests::Random;
using weir_tests::RandomTimes;
using weir_tests::SlowWindows;
using weir_tests::Step;
using weir_tests::WindowShape;

namespace {

int small(Random& random, std::uint64_t /*arrival*/) { return static_cast<int>(pick(random, 50)); }

/// Windows of a few keys in a table, between which history moves, each compared with a slow one after every step.
template <class T, class Next>
void compare_kept(const WindowShape& shape, Next next) {
    constexpr int keys = 3;
    using Table = weir::KeyedWindows<int, RollingWindows<T>>;
    using Value = weir::value_type_t<T>;
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    const RollingWindows<T> prototype{shape.lengths, shape.keep};
    Table table{prototype};
    std::array<SlowWindows<T>, keys> slow{SlowWindows<T>{shape.lengths, shape.keep},
                                          SlowWindows<T>{shape.lengths, shape.keep},
                                          SlowWindows<T>{shape.lengths, shape.keep}};
    RandomTimes times;
    std::uint64_t arrivals = 0;
    std::size_t compared = 0;
    std::size_t most = 0;
    // Between events a window's time is the table's or its latest event's.
    const auto settle = [&] {
        for (SlowWindows<T>& s : slow) {
            s.advance_to(table.now());
            s.set_now(s.size() == 0 ? table.now() : std::max(table.now(), s.rows().back().time));
        }
    };

    for (std::size_t step = 0; step != shape.steps; ++step) {
        const int key = static_cast<int>(pick(random, 8) == 0 ? 1 + pick(random, keys - 1) : 0);
        SlowWindows<T>& of_key = slow[static_cast<std::size_t>(key)];
        const std::size_t action = pick(random, 100);
        bool agree = true;
        if (action < 70 && of_key.size() < shape.most) {
            const auto t = at(times.next(random));
            const auto value = next(random, arrivals++);
            agree =
                table.update(key, [&](auto& windows) { return windows.insert(t, value); }) == of_key.insert(t, value);
        } else if (action < 93) {
            const std::int64_t far = pick(random, 60) == 0 ? 5000 : 60;
            const auto now = of_key.size() < shape.most
                                 ? at(times.latest() + RandomTimes::between(random, -100, far))
                                 : *of_key.next_expiry() + weir::Duration{RandomTimes::between(random, 0, 50)};
            times.leap(now.time_since_epoch().count() - far);
            table.advance_to(now);
        } else if (action < 96) {
            table.drain([](int, const auto&) {});
        } else if (action < 97) {
            const auto bytes = weir::take_snapshot(table);
            Table other{prototype};
            weir::restore(other, bytes);
            agree = weir::take_snapshot(other) == bytes;
            weir::restore(table, bytes);
        } else {
            // A stretch of one key's history moves to another, oldest first.
            const int to = (key + 1) % keys;
            const auto after = at(times.latest() - RandomTimes::between(random, 0, 2000));
            const auto until = after + weir::Duration{RandomTimes::between(random, 0, 2000)};
            const std::size_t every = 1 + pick(random, 3);
            std::size_t seen = 0;
            std::size_t seen_slow = 0;
            std::vector<std::pair<Timestamp, Value>> moved;
            table.update(key, [&](auto& windows) {
                return windows.extract_if(
                           [&](Timestamp t, const auto&) { return t > after && t <= until && seen++ % every == 0; },
                           [&](Timestamp t, Value&& value) { moved.emplace_back(t, std::move(value)); }) != 0;
            });
            const auto rows = of_key.extract_if(
                [&](Timestamp t, const auto&) { return t > after && t <= until && seen_slow++ % every == 0; });
            agree = moved.size() == rows.size();
            settle();
            SlowWindows<T>& other = slow[static_cast<std::size_t>(to)];
            for (std::size_t i = 0; agree && i != rows.size(); ++i) {
                agree = moved[i].first == rows[i].time && weir_tests::same_result(moved[i].second, rows[i].value);
                const bool kept = table.update(
                    to, [&](auto& windows) { return windows.insert(moved[i].first, std::move(moved[i].second)); });
                agree = agree && kept == other.insert(rows[i].time, rows[i].value);
            }
        }
        settle();
        if (!agree) {
            FAIL("an answer differs from the slow windows' at step " << step);
        }
        for (int k = 0; k != keys; ++k) {
            const SlowWindows<T>& s = slow[static_cast<std::size_t>(k)];
            const auto windows = table.find(k);
            const std::string differs = windows         ? weir_tests::difference(*windows, s, weir_tests::FromScratch{})
                                        : s.size() != 0 ? "the key"
                                                        : "";
            if (!differs.empty()) {
                FAIL(differs << " differs at step " << step << " with " << s.size() << " events");
            }
            if (windows && step % 64 == 0) {
                const auto own = static_cast<RollingWindows<T>>(*windows);
                const std::string of_own = weir_tests::difference(own, s, weir_tests::FromScratch{});
                if (!of_own.empty()) {
                    FAIL(of_own << " differs of windows of their own at step " << step);
                }
            }
            compared += s.size();
            most = std::max(most, s.size());
        }
    }
    REQUIRE(compared > shape.steps);
    REQUIRE(most > 16);
}

}  // namespace

TEST_CASE("rolling windows in a table equal slow ones", "[kept_rolling_windows]") {
    using All = weir::Bundle<weir::Count, weir::Top<int>, weir::Max<int>, weir::Changes<int>, InOrder<int>>;
    compare_kept<weir::Sum<int>>({.lengths = {100ms, 20ms, 1000ms}, .steps = 100'000}, small);
    compare_kept<weir::Distinct<int>>({.lengths = {200ms}, .keep = 300ms, .steps = 50'000, .most = 30}, small);
    compare_kept<All>({.lengths = {100ms, 500ms}, .keep = 150ms, .steps = 60'000, .most = 24}, small);
    compare_kept<weir::Count>({.lengths = {100ms, 300ms}, .steps = 50'000, .most = 20},
                              [](Random&, auto) { return weir::None{}; });
}

TEST_CASE("rolling windows in a table of values with memory of their own equal slow ones", "[kept_rolling_windows]") {
    compare_kept<weir::Distinct<std::string>>(
        {.lengths = {100ms, 700ms}, .keep = 60ms, .steps = 60'000, .most = 30},
        [](Random& random, auto) { return std::string(20, static_cast<char>('a' + pick(random, 9))); });
}

TEST_CASE("rolling windows in a table of what expires by itself equal slow ones", "[kept_rolling_windows]") {
    const auto step = [](Random& random, auto) {
        return Step{pick(random, 3) == 0, static_cast<int>(pick(random, 9))};
    };
    compare_kept<Orders>({.lengths = {100ms, 500ms}, .keep = 150ms, .steps = 80'000, .most = 24}, step);
    compare_kept<Orders>({.lengths = {40ms}, .keep = 900ms, .steps = 40'000, .most = 24}, step);
}

TEST_CASE("what comes to count as others are taken away may be past already", "[kept_rolling_windows]") {
    // Of a cart and two checkouts the first has an order; without it the second would, which is over by now.
    weir::KeyedWindows<int, RollingWindows<Orders>> table{RollingWindows<Orders>{{100ms}, 150ms}};
    const auto insert = [&](std::int64_t t, bool checkout) {
        table.update(0, [&](auto& windows) { return windows.insert(at(t), Step{checkout, 1}); });
    };
    insert(0, false);
    insert(1, true);
    insert(2, true);
    for (std::int64_t t = 3; t != 30; ++t) {
        insert(t, false);
    }
    table.advance_to(at(101));  // when the order leaves
    table.advance_to(at(105));
    table.update(0, [](auto& windows) {
        return windows.extract_if([](Timestamp t, const Step&) { return t == at(1); }, [](Timestamp, Step&&) {}) != 0;
    });
    CHECK(table.find(0)->result(0) == 0);
    CHECK(table.find(0)->next_expiry() == at(250));
}

TEST_CASE("events of one time keep the order in which they arrived in a table", "[kept_rolling_windows]") {
    using Number = weir::Field<&Arrived::number>;
    using All = weir::Bundle<weir::Projected<Number, weir::Last<int>>, weir::Projected<Number, weir::First<int>>,
                             weir::Projected<Number, weir::Top<int>>, InOrder<Arrived>, weir::Count>;
    compare_kept<All>({.lengths = {150ms, 600ms}, .keep = 100ms, .steps = 60'000, .most = 24},
                      [](Random& random, std::uint64_t arrival) {
                          return Arrived{static_cast<int>(pick(random, 9)), arrival};
                      });
}
