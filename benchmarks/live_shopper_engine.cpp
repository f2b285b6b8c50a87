// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The job without its input and output: events through every lane on one thread, and the state that they leave.
//
//     benchmark_live_shopper_engine --benchmark_repetitions=5
//
// The argument is the number of shoppers; each visit is the sample's, under another name and 3 min after the last one
// of the same shopper. `state_bytes` is what Engine::memory_in_use() tells for each event taken, keys and ids included.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine.hpp"
#include "race/visits.hpp"

namespace {

using namespace live_shopper;
using namespace std::chrono_literals;
using race::Visits;

void decode_alone(benchmark::State& state) {
    Visits visits{static_cast<std::size_t>(state.range(0))};
    for (auto _ : state) {
        benchmark::DoNotOptimize(visits.next());
    }
    state.SetItemsProcessed(state.iterations());
}

void decode_and_accept(benchmark::State& state) {
    Visits visits{static_cast<std::size_t>(state.range(0))};
    Engine engine{Settings{}};
    weir::Timestamp tidied{};
    for (auto _ : state) {
        const ShopEvent& event = visits.next();
        engine.accept(event, event.time);
        if (event.time - tidied > 1min) {
            tidied = event.time;
            engine.advance_to(tidied);
            engine.forget();
        }
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["state_bytes"] =
        static_cast<double>(engine.memory_in_use()) / static_cast<double>(state.iterations());
}

void decode_accept_and_drain(benchmark::State& state) {
    Visits visits{static_cast<std::size_t>(state.range(0))};
    Engine engine{Settings{}};
    weir::Timestamp drained{};
    std::size_t writes = 0;
    for (auto _ : state) {
        const ShopEvent& event = visits.next();
        engine.accept(event, event.time);
        if (event.time - drained >= 100ms) {
            drained = event.time;
            engine.advance_to(drained);
            engine.drain([&](const Write&) { ++writes; });
        }
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["writes_per_event"] = static_cast<double>(writes) / static_cast<double>(state.iterations());
}

// Fewer than leave the day, so that every event taken still counts.
BENCHMARK(decode_alone)->Arg(1'000)->Iterations(300'000);
BENCHMARK(decode_and_accept)->Arg(1'000)->Arg(15'000)->Arg(50'000)->Iterations(300'000);
BENCHMARK(decode_accept_and_drain)->Arg(1'000)->Arg(15'000)->Arg(50'000)->Iterations(300'000);

}  // namespace

BENCHMARK_MAIN();
