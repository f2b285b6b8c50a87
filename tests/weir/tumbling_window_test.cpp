// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/tumbling_window.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>

#include <weir/aggregators/sum.hpp>

#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::HoppingInsert;
using weir::Timestamp;
using weir::TumblingWindow;
using weir_tests::at;

TEST_CASE("every event is of one tumbling window", "[tumbling_window]") {
    // Midnight to midnight at UTC+2, around 1970 and before it.
    TumblingWindow<weir::Sum<int>, std::chrono::hours> days{24h, {.offset = -2h}};
    const Timestamp midnight = Timestamp{-2h};
    REQUIRE(days.insert(midnight - 1ms, 1) == HoppingInsert::taken);
    REQUIRE(days.insert(midnight, 2) == HoppingInsert::taken);
    REQUIRE(days.insert(midnight + 24h - 1ms, 4) == HoppingInsert::taken);
    REQUIRE(days.insert(midnight + 24h, 8) == HoppingInsert::taken);
    std::map<Timestamp, std::int64_t> sums;
    days.advance_to(Timestamp::max(), [&](const auto& w) {
        REQUIRE(w.end == w.start + 24h);
        sums[w.start] = w.aggregate.result();
    });
    REQUIRE(sums == std::map<Timestamp, std::int64_t>{{midnight - 24h, 1}, {midnight, 6}, {midnight + 24h, 8}});
    REQUIRE_THROWS_AS((TumblingWindow<weir::Sum<int>>{0ms}), std::invalid_argument);
}

TEST_CASE("tumbling windows equal sums kept by the number of the window", "[tumbling_window]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    TumblingWindow<weir::Sum<int>> window{40ms, {.lateness = 25ms}};
    std::map<std::int64_t, std::int64_t> open;
    weir_tests::RandomTimes times{-3000};
    std::size_t late = 0;
    for (int step = 0; step != 100'000; ++step) {
        const std::int64_t t = times.next(random);
        const std::int64_t number = (t - (t % 40 + 40) % 40) / 40;
        const bool closed = window.now() >= at(number * 40 + 40 + 25);
        const int value = static_cast<int>(weir_tests::pick(random, 100));
        if ((window.insert(at(t), value) == HoppingInsert::late) != closed) {
            FAIL("whether it is late differs at step " << step);
        }
        late += closed ? 1 : 0;
        if (!closed) {
            open[number] += value;
        }
        if (weir_tests::pick(random, 3) == 0) {
            window.advance_to(at(times.latest()), [&](const auto& w) {
                const auto oldest = open.begin();
                if (w.start != at(oldest->first * 40) || w.aggregate.result() != oldest->second) {
                    FAIL("a window differs at step " << step);
                }
                open.erase(oldest);
            });
            if (!open.empty() && at(open.begin()->first * 40 + 40 + 25) <= window.now()) {
                FAIL("a window did not close at step " << step);
            }
        }
    }
    REQUIRE(late > 100);
}
