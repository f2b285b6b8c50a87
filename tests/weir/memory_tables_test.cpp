// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>

#include <weir/weir.hpp>

#include "memory_support.hpp"
#include "random_stream.hpp"

using namespace std::chrono_literals;
using weir::Timestamp;
using weir_tests::All;
using weir_tests::at;
using weir_tests::from_nowhere_else;
using weir_tests::make;
using weir_tests::pick;
using weir_tests::Random;
using weir_tests::Text;
using weir_tests::Watched;

namespace {

// Calls `make_table(memory)` and goes through its life.
template <class MakeTable, class MakeKey, class Change>
void live_keyed(MakeTable make_table, MakeKey make_key, Change change) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    Watched memory;
    auto table = make_table(&memory);
    REQUIRE(weir_tests::names().size() == 40);  // made now
    REQUIRE(table.memory_in_use() == memory.held);
    std::int64_t now = 0;
    std::size_t most = 0;
    for (int step = 0; step != 20'000; ++step) {
        now += static_cast<std::int64_t>(pick(random, 3));
        const auto key = make_key(pick(random, pick(random, 10) == 0 ? 3000 : 50));
        const auto t = at(now - static_cast<std::int64_t>(pick(random, 4) == 0 ? pick(random, 500) : 0));
        const bool nowhere_else = from_nowhere_else([&] {
            table.update(key, [&](auto& window) { return change(random, window, t); });
            if (step % 7 == 0) {
                table.advance_to(at(now));
            }
            if (step % 50 == 0) {
                table.drain([](const auto& /*key*/, const auto& /*window*/) {});
            }
            if (step % 5000 == 4999) {
                table.advance_to(at(now += 1'000'000));
                table.drain([](const auto& /*key*/, const auto& /*window*/) {});
            } else if (step % 2500 == 2499) {
                table.drop_if([&](const auto& /*key*/, const auto& /*window*/) { return pick(random, 4) != 0; });
            }
        });
        if (!nowhere_else || (step % 20 == 0 && table.memory_in_use() != memory.held)) {
            FAIL("at step " << step << ": says " << table.memory_in_use() << ", has taken " << memory.held
                            << (nowhere_else ? "" : " and more from elsewhere"));
        }
        most = std::max(most, memory.held);
        if (step % 3000 == 2999) {
            const auto bytes = weir::take_snapshot(table);
            Watched other;
            auto restored = make_table(&other);
            const weir_tests::NoDefault none;
            weir::restore(restored, bytes);
            if (restored.memory_in_use() != other.held || restored.size() != table.size()) {
                std::abort();
            }
        }
    }
    REQUIRE(most > 10'000);
}

Watched elsewhere;  // where values come from that tables take

template <class V>
bool take(Random& random, auto& window, Timestamp t) {
    if constexpr (requires {
                      { window.insert(t, V{}) } -> std::same_as<bool>;
                  }) {
        return window.insert(t, make<V>(random, &elsewhere));
    } else {
        window.insert(t, make<V>(random, &elsewhere));
        return true;
    }
}

template <class W>
void live_in_tables(const W& prototype) {
    const auto change = [](Random& random, auto& window, Timestamp t) {
        return take<typename W::value_type>(random, window, t);
    };
    live_keyed(
        [&](std::pmr::memory_resource* memory) {
            return weir::KeyedWindows<std::uint64_t, W>{W{prototype, memory}, memory};
        },
        [](std::size_t i) { return std::uint64_t{i}; }, change);
    std::pmr::memory_resource* const outside = std::pmr::get_default_resource();
    live_keyed(
        [&](std::pmr::memory_resource* memory) {
            return weir::KeyedWindows<Text, W>{W{prototype, memory}, memory};
        },
        [outside](std::size_t i) {
            return Text{weir_tests::name(i), outside};
        },
        change);
}

}  // namespace

TEST_CASE("a table's memory is its resource's, and it knows how much", "[memory]") {
    live_in_tables(weir::RollingWindow<weir::Sum<double>>{1000ms});
    live_in_tables(weir::RollingWindow<weir::Mean<double>>{1000ms});
    live_in_tables(weir::RollingWindow<weir::Distinct<Text>>{1000ms});
    live_in_tables(weir::RollingWindow<weir::Max<double>>{1000ms});
    live_in_tables(weir::RollingWindow<All>{1000ms});
    live_in_tables(weir::RollingWindows<weir::Sum<double>>{{100ms, 1000ms}});
    live_in_tables(weir::RollingWindows<weir::Top<Text>>{{100ms, 1000ms}});
    live_in_tables(weir::CountWindow<weir::Max<double>>{20});
    live_in_tables(weir::PanedWindow<weir::CountBy<Text>>{1000ms, 50ms});
}

namespace {

struct Visit {
    std::string_view user;
    int page = 0;
    double price = 0;
    std::uint64_t origin = 0;
    Timestamp time{};
};

}  // namespace

TEST_CASE("a pipeline's memory is its resource's, and it knows how much", "[memory]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    Watched memory;
    weir::Pipeline<Visit> pipeline{&memory};
    pipeline.add(weir::lane<Visit>("rolling")
                     .by(&Visit::user)
                     .rolling(100ms, 1000ms)
                     .linger(50ms)
                     .metric("pages", weir::distinct<&Visit::page>)
                     .metric("mean", weir::mean<&Visit::price>)
                     .metric("max", weir::max<&Visit::price>));
    pipeline.add(weir::lane<Visit>("visit")
                     .by(&Visit::user)
                     .session(30ms)
                     .linger(50ms)
                     .metric("sum", weir::sum<&Visit::price>)
                     .metric("first", weir::first<&Visit::page>));
    const weir::MetricSink nobody = [](const weir::Metric& /*metric*/) {};
    std::int64_t now = 0;
    std::size_t most = 0;
    for (int step = 0; step != 20'000; ++step) {
        now += static_cast<std::int64_t>(pick(random, 3));
        const std::string user = weir_tests::name(pick(random, 300));
        const auto t = at(now - static_cast<std::int64_t>(pick(random, 4) == 0 ? pick(random, 100) : 0));
        const Visit visit{user, static_cast<int>(pick(random, 20)), make<double>(random, nullptr), 0, t};
        const bool nowhere_else = from_nowhere_else([&] {
            pipeline.process(visit);
            if (step % 7 == 0) {
                pipeline.advance_to(at(now));
            }
        });
        const weir_tests::NoDefault none;
        if (step % 20 == 0) {
            pipeline.drain(nobody);  // a value's text is a std::string
        }
        if (step % 3000 == 2999) {
            pipeline.drop_idle(at(now - 100), false, nobody);
        }
        if (!nowhere_else || (step % 10 == 0 && pipeline.memory_in_use() != memory.held)) {
            std::abort();
        }
        most = std::max(most, memory.held);
        if (step % 5000 == 4999) {
            pipeline.advance_to(at(now += 1'000'000));
            pipeline.drain(nobody);
        }
    }
    if (most <= 10'000) {
        std::abort();
    }
}
