// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "latest_times.hpp"

#include <catch2/catch.hpp>

using storefront::LatestTimes;

TEST_CASE("percentiles are of the latest times, the count is of all", "[latest_times]") {
    LatestTimes times{100};
    CHECK(times.summary().count == 0);
    CHECK_FALSE(times.summary().p50.has_value());
    CHECK_FALSE(times.summary().p99.has_value());
    times.add(7);
    CHECK(times.summary().p50 == 7);
    CHECK(times.summary().p99 == 7);
    for (int i = 1'000; i > 0; --i) {
        times.add(i);
    }
    CHECK(times.summary().count == 1'001);
    CHECK(times.summary().p50 == 50);
    CHECK(times.summary().p99 == 99);
}
