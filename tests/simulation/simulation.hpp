// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The whole job under faults, on simulated parts, in one thread, out of one seed.
//
// A shop makes events, some of them twice, late, undecodable or from the future. One to three processes of one group
// work on them. All the while they are killed at any call they make to the outside, stopped in the middle of what they
// do for longer than the group waits, cut off from Kafka or Redis, or told a wrong time; Kafka and Redis go away, are
// slow, and Redis comes back with less than it had. Then everything heals, and some time later, three times, the store
// has to hold exactly what the events say: by the engine given all events at once, and by the slow model.
//
//     const auto outcome = simulation::run({.seed = 7});
//     if (!outcome.wrong.empty()) { ... }

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "world.hpp"

namespace simulation {

struct Plan {
    std::uint64_t seed = 1;
    Breakage breakage = Breakage::none;
    std::size_t memory_limit = 0;  // of each process, or partition of shoppers; values may then be missing, none wrong
    std::function<void(const std::string&)> story;  // told what happens, where it is set
    std::optional<bool> fleet;                      // whether several processes work in stages; else by the seed
};

struct Outcome {
    std::vector<std::string> wrong;  // what is not as it has to be; empty: all is well
    std::uint64_t trace = 0;         // a hash over every write that was carried out, and when
    std::uint64_t events = 0;
    std::uint64_t writes = 0;  // transactions
    std::uint64_t refused = 0;
    std::uint64_t values = 0;    // compared
    std::uint64_t evicted = 0;   // keys
    std::uint64_t missing = 0;   // values that are not there, under a memory limit
    std::uint64_t restored = 0;  // starts and rebalances that took a snapshot up
    std::uint64_t unusable = 0;  // snapshots that were refused
    unsigned starts = 0;
    unsigned kills = 0;
    unsigned stalls = 0;
};

/// The same plan gives the same outcome, always.
[[nodiscard]] Outcome run(const Plan& plan);

/// By the names of the enumerators; nothing for any other.
[[nodiscard]] std::optional<Breakage> parse_breakage(std::string_view text);
[[nodiscard]] std::string_view name(Breakage breakage);
[[nodiscard]] const std::vector<Breakage>& breakages();

}  // namespace simulation
