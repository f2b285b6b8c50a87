// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::Duration;
using weir::Timestamp;
using weir_tests::at;

static_assert(weir::saturating_add(Timestamp::max(), 1ms) == Timestamp::max());
static_assert(weir::saturating_subtract(at(5), 7ms) == at(-2));

TEST_CASE("times add and subtract, and stop at both ends of time", "[time]") {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> numbers{0, 1, -1, 1000, -1000, 1'700'000'000'000};
    for (std::int64_t i = 0; i != 4; ++i) {
        for (const std::int64_t edge : {least + i, most - i, least / 2 + i, most / 2 - i}) {
            numbers.push_back(edge);
        }
    }
    for (const std::int64_t a : numbers) {
        for (const std::int64_t b : numbers) {
            const weir_tests::Wide x = a;
            REQUIRE(weir::saturating_add(at(a), Duration{b}) == weir_tests::narrow(x + b));
            REQUIRE(weir::saturating_subtract(at(a), Duration{b}) == weir_tests::narrow(x - b));
        }
    }
}

TEST_CASE("a length is written in the largest unit that divides it", "[time]") {
    REQUIRE(weir::label(24h) == "24h");
    REQUIRE(weir::label(90min) == "90m");
    REQUIRE(weir::label(60min) == "1h");
    REQUIRE(weir::label(5min) == "5m");
    REQUIRE(weir::label(61s) == "61s");
    REQUIRE(weir::label(1500ms) == "1500ms");
    REQUIRE(weir::label(0ms) == "0ms");
    REQUIRE(weir::label(-30s) == "-30s");
    REQUIRE(weir::label(Duration::max()) == "9223372036854775807ms");
}
