// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// All of weir in one program: what one header names must not change what another means.

#include <weir/weir.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>

using namespace std::chrono_literals;

TEST_CASE("every kind of window works with all of weir included", "[weir]") {
    const weir::Timestamp t{5ms};
    weir::RollingWindow<weir::Sum<int>> rolling{10ms};
    weir::PanedWindow<weir::Sum<int>> panes{10ms, 2ms};
    weir::CountWindow<weir::Sum<int>> counts{2};
    weir::TumblingCountWindow<weir::Sum<int>> batches{1};
    weir::HoppingWindow<weir::Sum<int>> hops{10ms, 5ms};
    weir::TumblingWindow<weir::Sum<int>> tumbles{10ms};
    weir::SessionWindow<weir::Duration, weir::Sum<int>> sessions{10ms};
    rolling.insert(t, 7);
    panes.insert(t, 7);
    counts.insert(t, 7);
    hops.insert(t, 7);
    tumbles.insert(t, 7);
    sessions.insert(t, 7);
    REQUIRE(rolling.result() == 7);
    REQUIRE(panes.result() == 7);
    REQUIRE(counts.result() == 7);
    REQUIRE(batches.insert(t, 7)->result() == 7);
    std::int64_t total = 0;
    const auto add = [&](const auto& closed) { total += closed.aggregate.result(); };
    hops.for_each_open(add);
    hops.advance_to(t + 10s, add);
    tumbles.advance_to(t + 10s, add);
    sessions.advance_to(t + 10s, add);
    REQUIRE(total == 42);
}
