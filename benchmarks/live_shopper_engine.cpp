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
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "decoder.hpp"
#include "engine.hpp"

namespace {

using namespace live_shopper;
using namespace std::chrono_literals;

std::vector<std::string> read_sample() {
    const std::filesystem::path path = std::filesystem::path{WEIR_TEST_DATA} / "shop_visit.jsonl";
    std::vector<std::string> records;
    std::ifstream in{path, std::ios::binary};
    for (std::string line; std::getline(in, line);) {
        line.reserve(line.size() + Decoder::padding);
        records.push_back(std::move(line));
    }
    if (records.empty()) {
        std::fprintf(stderr, "%s: no events\n", path.c_str());
        std::exit(1);
    }
    return records;
}

// Visit after visit of the sample; the names and the times are not the sample's.
class Stream {
public:
    explicit Stream(std::size_t shoppers) : shoppers_{shoppers} {}

    const ShopEvent& next() {
        if (at_ == records_.size()) {
            at_ = 0;
            ++visit_;
            start_ += std::chrono::duration_cast<weir::Duration>(3min) / static_cast<std::int64_t>(shoppers_);
            const std::size_t shopper = visit_ % shoppers_;
            user_ = fmt::format("shopper-{}@example.com", shopper);
            visitor_ = fmt::format("7f8a1c90-3c1e-4c6b-9d43-{:012x}", shopper);
            session_ = fmt::format("0b6e1f52-61b7-4a6e-8f0e-{:012x}", visit_);
        }
        const std::string& record = records_[at_++];
        if (decoder_.decode(record, event_, true) != DecodeError::none) {
            std::abort();
        }
        id_ = fmt::format("{:08x}-0000-4000-8000-{:012x}", visit_, at_);
        event_.id = id_;
        event_.time = start_ + std::chrono::milliseconds{at_};
        event_.domain_userid = visitor_;
        event_.session_id = session_;
        if (!event_.user_id.empty()) {
            event_.user_id = user_;
        }
        return event_;
    }

private:
    std::vector<std::string> records_ = read_sample();
    Decoder decoder_{CartTotal::by_form};
    ShopEvent event_;
    std::size_t shoppers_;
    std::size_t at_ = records_.size();
    std::size_t visit_ = 0;
    weir::Timestamp start_{1'750'000'000'000ms};
    std::string id_, user_, visitor_, session_;
};

void decode_alone(benchmark::State& state) {
    Stream stream{static_cast<std::size_t>(state.range(0))};
    for (auto _ : state) {
        benchmark::DoNotOptimize(stream.next());
    }
    state.SetItemsProcessed(state.iterations());
}

void decode_and_accept(benchmark::State& state) {
    Stream stream{static_cast<std::size_t>(state.range(0))};
    Engine engine{Settings{}};
    weir::Timestamp tidied{};
    for (auto _ : state) {
        const ShopEvent& event = stream.next();
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
    Stream stream{static_cast<std::size_t>(state.range(0))};
    Engine engine{Settings{}};
    weir::Timestamp drained{};
    std::size_t writes = 0;
    for (auto _ : state) {
        const ShopEvent& event = stream.next();
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
BENCHMARK(decode_and_accept)->Arg(1'000)->Arg(50'000)->Iterations(300'000);
BENCHMARK(decode_accept_and_drain)->Arg(1'000)->Arg(50'000)->Iterations(300'000);

}  // namespace

BENCHMARK_MAIN();
