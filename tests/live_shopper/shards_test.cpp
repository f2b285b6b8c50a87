// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <chrono>
#include <vector>

#include <catch2/catch.hpp>

#include "engine.hpp"
#include "shards.hpp"
#include "visits.hpp"

using namespace live_shopper;
using visits::drain;
using visits::Visits;
using visits::Writes;
using namespace std::chrono_literals;

TEST_CASE("several shards write what one writes, drain for drain", "[shards]") {
    for (const std::size_t shards : {2U, 3U, 7U}) {
        const unsigned seed = static_cast<unsigned>(shards) * 977;
        CAPTURE(shards, seed);
        Engine one{Settings{}};
        Engine several{Settings{}, shards};
        Visits visits{seed};
        std::uint64_t accepted = 0;
        std::size_t writes = 0;
        std::size_t erased = 0;
        for (int step = 0; step != 2'500; ++step) {
            const ShopEvent e = visits.next();
            const Outcome outcome = one.accept(e, visits.now());
            accepted += outcome == Outcome::accepted ? 1 : 0;
            const Outcome theirs = several.accept(e, visits.now());
            REQUIRE((theirs == outcome || theirs == Outcome::queued));
            if (step % 37 == 0) {
                one.advance_to(visits.now());
                several.advance_to(visits.now());
                const Writes wanted = drain(one);
                REQUIRE(drain(several) == wanted);
                REQUIRE(several.keys() == one.keys());
                REQUIRE(several.next_due() == one.next_due());
                writes += wanted.size();
                for (const auto& w : wanted) {
                    erased += std::get<3>(w) ? 1 : 0;
                }
            }
        }
        CHECK(several.settle().accepted == accepted);
        CHECK(writes > 3'000);
        CHECK(erased > 20);
    }
}

TEST_CASE("a fork calls every part once and waits for all", "[shards]") {
    ForkJoin fork{4};
    for (int round = 0; round != 300; ++round) {
        std::atomic<int> sum{0};
        fork.run([&](std::size_t i) { sum += 1 << (4 * i); });
        REQUIRE(sum == 0x1111);
    }
}
