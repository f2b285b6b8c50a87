// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
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

TEST_CASE("drained some keys at a time the store ends the same", "[shards]") {
    for (const std::size_t shards : {1U, 3U}) {
        CAPTURE(shards);
        using Store = std::map<std::string, std::pair<std::string, weir::Timestamp>>;
        const auto drain_into = [](Engine& engine, Store& store, std::size_t keys) {
            return engine.drain(
                [&](const Write& w) {
                    if (w.erase) {
                        store.erase(std::string{w.key});
                    } else {
                        store[std::string{w.key}] = {std::string{w.value}, w.expires_at};
                    }
                },
                keys);
        };
        constexpr auto all = std::numeric_limits<std::size_t>::max();
        Engine whole{Settings{}};
        Engine parts{Settings{}, shards};
        Store of_whole;
        Store of_parts;
        Visits visits{4711};
        std::mt19937 random{7};
        std::size_t left = 0;
        for (int step = 0; step != 3'000; ++step) {
            const ShopEvent e = visits.next();
            whole.accept(e, visits.now());
            parts.accept(e, visits.now());
            if (step % 23 == 0) {
                whole.advance_to(visits.now());
                parts.advance_to(visits.now());
                drain_into(whole, of_whole, all);
                left += drain_into(parts, of_parts, random() % 20) ? 1U : 0U;
            }
        }
        CHECK(left > 20);
        for (int i = 0; drain_into(parts, of_parts, 5); ++i) {
            REQUIRE(i < 10'000);
        }
        whole.advance_to(visits.now());
        parts.advance_to(visits.now());
        drain_into(whole, of_whole, all);
        drain_into(parts, of_parts, all);
        for (Store* const store : {&of_whole, &of_parts}) {
            std::erase_if(*store, [&](const auto& entry) { return entry.second.second <= whole.now(); });
        }
        CHECK(of_whole.size() > 100);
        for (const auto& [key, held] : of_whole) {
            INFO(key);
            const auto found = of_parts.find(key);
            REQUIRE(found != of_parts.end());
            REQUIRE(found->second.first == held.first);
        }
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
