// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// That the simulation holds, that a seed replays exactly, and that it finds what is broken on purpose. Many more seeds:
// scripts/simulate.

#include "simulation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "log.hpp"

using simulation::Breakage;

namespace {

simulation::Outcome outcome_of(std::uint64_t seed, Breakage breakage = Breakage::none) {
    live_shopper::log::set_level(live_shopper::log::Level::off);
    return simulation::run({.seed = seed, .breakage = breakage, .memory_limit = 0, .story = {}, .fleet = {}});
}

// The first two of so many seeds.
std::vector<std::uint64_t> caught_by(Breakage breakage, std::uint64_t seeds) {
    std::vector<std::uint64_t> out;
    for (std::uint64_t seed = 1; seed <= seeds && out.size() < 2; ++seed) {
        if (!outcome_of(seed, breakage).wrong.empty()) {
            out.push_back(seed);
        }
    }
    return out;
}

struct Sums {
    std::uint64_t evicted = 0;
    std::uint64_t missing = 0;
    std::uint64_t values = 0;
};

// Of the seeds 1 to `last`, none of which may have a wrong value.
Sums under_memory_limits(std::uint64_t last, std::optional<bool> fleet) {
    live_shopper::log::set_level(live_shopper::log::Level::off);
    Sums sums;
    for (std::uint64_t seed = 1; seed <= last; ++seed) {
        INFO("seed " << seed);
        const auto outcome = simulation::run({.seed = seed,
                                              .breakage = Breakage::none,
                                              .memory_limit = 150'000 + seed % 4 * 50'000,
                                              .story = {},
                                              .fleet = fleet});
        CAPTURE(outcome.wrong);
        CHECK(outcome.wrong.empty());
        sums.evicted += outcome.evicted;
        sums.missing += outcome.missing;
        sums.values += outcome.values;
    }
    return sums;
}

}  // namespace

TEST_CASE("after any faults the store holds what the events say", "[simulation]") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        INFO("seed " << seed);
        const auto outcome = outcome_of(seed);
        CHECK(outcome.wrong.empty());
        CHECK(outcome.values > 0);
        CHECK(outcome.starts > 1);
    }
}

TEST_CASE("snapshots are taken up, and those that are damaged, old or foreign are not", "[simulation]") {
    std::uint64_t restored = 0;
    std::uint64_t unusable = 0;
    for (std::uint64_t seed = 3; seed <= 60; seed += 3) {
        const auto outcome = outcome_of(seed);
        restored += outcome.restored;
        unusable += outcome.unusable;
    }
    CHECK(restored > 20);
    CHECK(unusable > 2);
}

TEST_CASE("under a memory limit values may be missing and none is wrong", "[simulation]") {
    const auto sums = under_memory_limits(30, {});
    CHECK(sums.evicted > 1000);
    CHECK(sums.missing > 100);
    CHECK(sums.values - sums.missing > 1000);
}

TEST_CASE("under a memory limit a fleet's values may be missing and none is wrong", "[simulation]") {
    const auto sums = under_memory_limits(20, true);
    CHECK(sums.evicted > 500);
    CHECK(sums.missing > 50);
    CHECK(sums.values - sums.missing > 500);
}

TEST_CASE("a seed replays exactly", "[simulation]") {
    for (const std::uint64_t seed : {5U, 6U, 7U}) {
        const auto once = outcome_of(seed);
        const auto again = outcome_of(seed);
        CHECK(once.trace == again.trace);
        CHECK(once.events == again.events);
        CHECK(once.kills == again.kills);
        CHECK(outcome_of(seed + 10).trace != once.trace);
    }
}

TEST_CASE("the simulation catches what is broken on purpose", "[simulation]") {
    const auto breakage = GENERATE(from_range(simulation::breakages()));
    const auto seeds = caught_by(breakage, 250);
    INFO(name(breakage));
    CHECK(seeds.size() == 2);
}
