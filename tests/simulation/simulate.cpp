// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Runs the simulation over many seeds.
//
//     simulate --seeds N [--from S] [--jobs J] [--break WHAT] [--memory-limit BYTES] [--fleet] [--story]
//
// Prints every seed that goes wrong and what is wrong, and at the end a line of sums. `--story` tells what happens, and
// goes with one seed; with `--fleet` processes work in stages in every seed. Exit status 1 where a seed went wrong, 2
// for usage.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "log.hpp"
#include "simulation.hpp"

namespace {

[[noreturn]] void usage() {
    fmt::print(stderr,
               "usage: simulate --seeds N [--from S] [--jobs J] [--break WHAT] [--memory-limit BYTES] [--fleet] "
               "[--story]\nWHAT:");
    for (const auto breakage : simulation::breakages()) {
        fmt::print(stderr, " {}", name(breakage));
    }
    fmt::print(stderr, "\n");
    std::exit(2);
}

std::uint64_t number(const char* text) {
    char* end = nullptr;
    const auto value = std::strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        usage();
    }
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t seeds = 0;
    std::uint64_t from = 1;
    std::uint64_t jobs = std::max(1U, std::thread::hardware_concurrency());
    auto breakage = simulation::Breakage::none;
    std::size_t memory_limit = 0;
    bool story = false;
    std::optional<bool> fleet;
    for (int i = 1; i < argc; ++i) {
        const std::string_view flag{argv[i]};
        if (flag == "--story") {
            story = true;
            continue;
        }
        if (flag == "--fleet") {
            fleet = true;
            continue;
        }
        if (++i == argc) {
            usage();
        }
        if (flag == "--seeds") {
            seeds = number(argv[i]);
        } else if (flag == "--from") {
            from = number(argv[i]);
        } else if (flag == "--jobs") {
            jobs = number(argv[i]);
        } else if (flag == "--memory-limit") {
            memory_limit = number(argv[i]);
        } else if (flag == "--break" && simulation::parse_breakage(argv[i])) {
            breakage = *simulation::parse_breakage(argv[i]);
        } else {
            usage();
        }
    }
    if (seeds == 0 || jobs == 0 || (story && seeds != 1)) {
        usage();
    }
    live_shopper::log::set_level(story ? live_shopper::log::Level::debug : live_shopper::log::Level::off);

    const auto begin = std::chrono::steady_clock::now();
    std::atomic<std::uint64_t> next{from};
    std::mutex mutex;
    simulation::Outcome sum;
    std::vector<std::uint64_t> bad;
    const auto work = [&] {
        for (std::uint64_t seed = next++; seed < from + seeds; seed = next++) {
            simulation::Plan plan{
                .seed = seed, .breakage = breakage, .memory_limit = memory_limit, .story = {}, .fleet = fleet};
            if (story) {
                plan.story = [](const std::string& text) { fmt::print("{}\n", text); };
            }
            const auto outcome = simulation::run(plan);
            const std::lock_guard lock{mutex};
            sum.events += outcome.events;
            sum.writes += outcome.writes;
            sum.refused += outcome.refused;
            sum.values += outcome.values;
            sum.evicted += outcome.evicted;
            sum.missing += outcome.missing;
            sum.restored += outcome.restored;
            sum.unusable += outcome.unusable;
            sum.starts += outcome.starts;
            sum.kills += outcome.kills;
            sum.stalls += outcome.stalls;
            sum.trace ^= outcome.trace * (2 * seed + 1);
            if (!outcome.wrong.empty()) {
                bad.push_back(seed);
                fmt::print("seed {} went wrong:\n", seed);
                for (const auto& what : outcome.wrong) {
                    fmt::print("    {}\n", what);
                }
                std::fflush(stdout);
            }
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t i = 1; i < jobs; ++i) {
        threads.emplace_back(work);
    }
    work();
    for (auto& thread : threads) {
        thread.join();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print(
        "{} seeds from {}: {} went wrong; {} events, {} starts, {} kills, {} stalls, {} snapshots restored, {} "
        "unusable, "
        "{} transactions, {} refused, {} values compared, trace {:016x}, {:.1f} s\n",
        seeds, from, bad.size(), sum.events, sum.starts, sum.kills, sum.stalls, sum.restored, sum.unusable, sum.writes,
        sum.refused, sum.values, sum.trace, took.count());
    if (memory_limit != 0) {
        fmt::print("{} keys evicted; {} of the values missing\n", sum.evicted, sum.missing);
    }
    return bad.empty() ? 0 : 1;
}
