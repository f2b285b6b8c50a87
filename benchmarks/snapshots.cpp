// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Snapshots: how fast state becomes bytes and bytes state.
//
//     benchmark_snapshots
//
// `window` is a rolling window of so many events, `table` so many keys of 10 events each, `lanes` a pipeline of a
// rolling lane of two lengths and a session lane, of so many shoppers with 10 events each. `bytes_per_second` is of the
// snapshot. `save_table_in_steps` tells the CPU time
// of the longest step of 10,000 keys, beginning included; the sink appends to bytes that are there.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;
using weir::Timestamp;

struct View {
    Timestamp time;
    std::string user;
    std::uint32_t product = 0;
    double price = 0;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&View::time, &View::user, &View::product, &View::price);
    }
};

[[nodiscard]] Timestamp at(std::int64_t ms) { return Timestamp{1'700'000'000s + std::chrono::milliseconds{ms}}; }

template <class T>
[[nodiscard]] weir::RollingWindow<T> window_of(std::int64_t events) {
    weir::RollingWindow<T> window{24h};
    for (std::int64_t i = 0; i != events; ++i) {
        window.insert(at(3 * i), static_cast<double>(i % 1000) / 8);
    }
    return window;
}

template <class T>
using Table = weir::KeyedWindows<std::uint64_t, weir::RollingWindow<T>>;

template <class T>
void fill(Table<T>& table, std::int64_t keys) {
    for (std::int64_t i = 0; i != 10 * keys; ++i) {
        const auto key = static_cast<std::uint64_t>(i * 7'919 % keys);
        table.update(key, [&](auto& window) { return window.insert(at(i / 100), static_cast<double>(i % 1000) / 8); });
    }
    table.drain([](std::uint64_t, const auto&) {});
}

[[nodiscard]] weir::Pipeline<View> lanes() {
    weir::Pipeline<View> pipeline;
    pipeline.add(weir::lane<View>("product")
                     .by(&View::user)
                     .rolling(5min, 1h)
                     .metric("views", weir::count)
                     .metric("products", weir::distinct<&View::product>)
                     .metric("price", weir::mean<&View::price>));
    pipeline.add(weir::lane<View>("visit").by(&View::user).session(30min).metric("views", weir::count));
    return pipeline;
}

void fill(weir::Pipeline<View>& pipeline, std::int64_t keys) {
    for (std::int64_t i = 0; i != 10 * keys; ++i) {
        pipeline.process(View{at(i / 100), "shopper-" + std::to_string(i * 7'919 % keys),
                              static_cast<std::uint32_t>(i % 97), static_cast<double>(i % 1000) / 8});
    }
    pipeline.drain([](const weir::Metric&) {});
}

template <class T>
void save(benchmark::State& state, const T& x) {
    std::size_t bytes = 0;
    for (auto _ : state) {
        const auto snapshot = weir::take_snapshot(x);
        benchmark::DoNotOptimize(snapshot.data());
        bytes = snapshot.size();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
    state.counters["bytes"] = static_cast<double>(bytes);
}

template <class T, class Make>
void load(benchmark::State& state, const T& x, Make make) {
    const auto snapshot = weir::take_snapshot(x);
    for (auto _ : state) {
        state.PauseTiming();
        {
            T restored = make();
            state.ResumeTiming();
            weir::restore(restored, snapshot);
            state.PauseTiming();
        }
        state.ResumeTiming();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(snapshot.size()) * state.iterations());
}

template <class T>
void save_window(benchmark::State& state) {
    save(state, window_of<T>(state.range(0)));
}
template <class T>
void load_window(benchmark::State& state) {
    load(state, window_of<T>(state.range(0)), [] { return weir::RollingWindow<T>{24h}; });
}

template <class T>
[[nodiscard]] Table<T> table() {
    return Table<T>{weir::RollingWindow<T>{24h}};
}
template <class T>
void save_table(benchmark::State& state) {
    Table<T> full = table<T>();
    fill(full, state.range(0));
    save(state, full);
}
template <class T>
void load_table(benchmark::State& state) {
    Table<T> full = table<T>();
    fill(full, state.range(0));
    load(state, full, table<T>);
}
template <class T>
void save_table_in_steps(benchmark::State& state) {
    Table<T> full = table<T>();
    fill(full, state.range(0));
    std::vector<std::byte> all(weir::take_snapshot(full).size());
    double longest = 0;
    std::size_t bytes = 0;
    for (auto _ : state) {
        all.clear();
        std::clock_t before = std::clock();
        weir::SnapshotInSteps<Table<T>> steps{full};
        for (bool more = true; more;) {
            more = steps.write(10'000, [&](auto piece) { all.insert(all.end(), piece.begin(), piece.end()); });
            const std::clock_t now = std::clock();
            longest = std::max(longest, 1000.0 * static_cast<double>(now - before) / CLOCKS_PER_SEC);
            before = now;
        }
        bytes = all.size();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
    state.counters["longest_step_ms"] = longest;
}

void save_lanes(benchmark::State& state) {
    auto full = lanes();
    fill(full, state.range(0));
    save(state, full);
}
void load_lanes(benchmark::State& state) {
    auto full = lanes();
    fill(full, state.range(0));
    load(state, full, lanes);
}

BENCHMARK_TEMPLATE(save_window, weir::Sum<double>)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(load_window, weir::Sum<double>)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(save_window, weir::Variance<double>)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(load_window, weir::Variance<double>)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(save_table, weir::Sum<double>)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(save_table_in_steps, weir::Sum<double>)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(load_table, weir::Sum<double>)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(save_lanes)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(load_lanes)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
