// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/pipeline.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <weir/aggregates.hpp>

#include "simulated_store.hpp"
#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::Pipeline;
using weir::Taken;
using weir_tests::at;
using weir_tests::drain;
using weir_tests::lines;
using weir_tests::pick;
using weir_tests::Random;
using weir_tests::Store;
using weir_tests::Written;

namespace {

struct Visit {
    std::string user;
    std::string session;
    std::string page;
    int price = 0;
    std::uint64_t arrival = 0;
    weir::Timestamp time{};
};

using Texts = std::vector<std::string>;

Pipeline<Visit> make_pipeline() {
    Pipeline<Visit> pipeline;
    pipeline.add(weir::lane<Visit>("pages")
                     .when([](const Visit& e) { return e.price == 0; }, "pages without a price")
                     .by(&Visit::user)
                     .rolling(500ms, 2s)
                     .linger(300ms)
                     .metric("pages", weir::count, "pages seen")
                     .metric("last", weir::last<&Visit::page>, "the last page")
                     .metric("top", weir::top<&Visit::page>, "the page seen most"));
    pipeline.add(weir::lane<Visit>("prices")
                     .when([](const Visit& e) { return e.price != 0; }, "pages with one")
                     .by(&Visit::user)
                     .rolling(1s)
                     .linger(300ms)
                     .metric("mean", weir::mean<&Visit::price>, "their mean")
                     .metric("bounds", weir::min_max<&Visit::price>.parse([](const auto& prices) {
                         const auto bounds = prices.result();
                         return bounds ? std::to_string(bounds->min) + "-" + std::to_string(bounds->max) : "";
                     }),
                             "the least and the greatest"));
    pipeline.add(weir::lane<Visit>("session")
                     .by(&Visit::session)
                     .session(400ms, 200ms)
                     .linger(300ms)
                     .metric("events", weir::count, "events")
                     .metric("landing", weir::first<&Visit::page>, "the first page"));
    return pipeline;
}

/// Events that come at most `late` after younger ones, in order of arrival, no two at one time.
std::vector<Visit> stream(Random& random, std::size_t size, std::int64_t late) {
    std::vector<Visit> events;
    std::int64_t t = 0;
    for (std::size_t i = 0; i != size; ++i) {
        t += 1 + static_cast<std::int64_t>(pick(random, 60));
        t += pick(random, 40) == 0 ? 1500 : 0;
        const std::string user(1, static_cast<char>('a' + pick(random, 3)));
        events.push_back({user, user + std::to_string(pick(random, 2)), weir_tests::name(pick(random, 4)),
                          static_cast<int>(pick(random, 3)), i, at(t)});
    }
    std::vector<std::pair<std::int64_t, std::size_t>> order;
    for (std::size_t i = 0; i != size; ++i) {
        const std::int64_t delay =
            late == 0 ? 0 : static_cast<std::int64_t>(pick(random, static_cast<std::size_t>(late)));
        order.emplace_back(events[i].time.time_since_epoch().count() + delay, i);
    }
    std::sort(order.begin(), order.end());
    std::vector<Visit> shuffled;
    shuffled.reserve(order.size());
    for (const auto& [when, i] : order) {
        shuffled.push_back(events[i]);
    }
    return shuffled;
}

struct Run {
    Store store;
    std::vector<Written> writes;
    std::size_t late = 0;
};

/// Feeds events; event time is at most what the events not yet seen allow. `often`: how often it and drains come.
Run run(const std::vector<Visit>& events, std::int64_t late, Random& random, std::size_t often,
        std::int64_t shift = 0) {
    constexpr auto all = std::numeric_limits<std::size_t>::max();
    Run made;
    auto pipeline = make_pipeline();
    weir::Timestamp now = weir::Timestamp::min();
    const auto flush = [&](std::size_t keys) {
        made.store.advance_to(now);
        for (Written& w : drain(pipeline, keys)) {
            made.store.apply(w);
            made.writes.push_back(std::move(w));
        }
    };
    weir::Timestamp latest = weir::Timestamp::min();
    for (Visit event : events) {
        event.time += weir::Duration{shift};
        latest = std::max(latest, event.time);
        made.late += pipeline.process(event) == Taken::late ? 1 : 0;
        if (often != 0 && pick(random, often) == 0) {
            now = std::max(now, latest - weir::Duration{late + static_cast<std::int64_t>(pick(random, 200))});
            pipeline.advance_to(now);
        }
        if (often != 0 && pick(random, often) == 0) {
            flush(pick(random, 2) == 0 ? all : pick(random, 4));
        }
    }
    now = latest + 150ms;
    pipeline.advance_to(now);
    flush(all);
    return made;
}

}  // namespace

TEST_CASE("an event goes to every lane that wants it", "[pipeline]") {
    auto pipeline = make_pipeline();
    REQUIRE(pipeline.process(Visit{"u", "s", "p", 0, 0, at(0)}) == Taken::accepted);
    REQUIRE(pipeline.process(Visit{"u", "", "p", 5, 1, at(1)}) == Taken::accepted);
    REQUIRE(pipeline.process(Visit{"", "", "p", 5, 2, at(2)}) == Taken::passed);
    REQUIRE(pipeline.keys() == 3);
    REQUIRE(lines(drain(pipeline)) == Texts{"s::events=1", "s::landing=p", "u:1s:bounds=5-5", "u:1s:mean=5",
                                            "u:2s:last=p", "u:2s:pages=1", "u:2s:top=p", "u:500ms:last=p",
                                            "u:500ms:pages=1", "u:500ms:top=p"});
    REQUIRE(pipeline.next_due() == at(500));
    pipeline.advance_to(at(10'000));
    REQUIRE(pipeline.process(Visit{"u", "s", "p", 0, 3, at(5)}) == Taken::late);
    REQUIRE(pipeline.process(Visit{"u", "t", "p", 0, 4, at(9999)}) == Taken::accepted);
}

TEST_CASE("a pipeline knows its metrics and how far back events matter", "[pipeline]") {
    const auto pipeline = make_pipeline();
    const auto catalogue = pipeline.catalogue();
    REQUIRE(catalogue.size() == 10);
    REQUIRE(catalogue[3].lane == "pages");
    REQUIRE(catalogue[3].name == "pages");
    REQUIRE(catalogue[3].window == "2s");
    REQUIRE(catalogue[3].events == "pages without a price");
    REQUIRE(catalogue[3].meaning == "pages seen");
    REQUIRE(catalogue[9].window.empty());
    REQUIRE(pipeline.horizon() == 2300ms);
    REQUIRE_FALSE(pipeline.next_due());
    REQUIRE(pipeline.keys() == 0);
}

TEST_CASE("a lane may look back further than its windows", "[pipeline]") {
    Pipeline<Visit> pipeline;
    pipeline.add(weir::lane<Visit>("l").by(&Visit::user).rolling(1s).history(3s).linger(1s).metric("n", weir::count));
    REQUIRE(pipeline.horizon() == 5s);
    pipeline.process(Visit{"u", "", "", 0, 0, at(10'000)});
    REQUIRE(pipeline.process(Visit{"u", "", "", 0, 0, at(5001)}) == Taken::accepted);
    REQUIRE(pipeline.process(Visit{"u", "", "", 0, 0, at(5000)}) == Taken::late);
    REQUIRE(lines(drain(pipeline)) == Texts{"u:1s:n=1"});
}

TEST_CASE("keys that have nothing to hand out can be forgotten without a drain", "[pipeline]") {
    auto pipeline = make_pipeline();
    for (int i = 0; i != 50; ++i) {
        pipeline.process(Visit{weir_tests::name(static_cast<std::size_t>(i)), "s", "p", i % 2, 0, at(i)});
    }
    pipeline.forget();
    REQUIRE(pipeline.keys() == 51);
    pipeline.advance_to(at(100'000));
    pipeline.forget();
    REQUIRE(pipeline.keys() == 0);
    REQUIRE(drain(pipeline).empty());
}

TEST_CASE("the order in which events come changes nothing that is not late", "[pipeline]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    std::size_t values = 0;
    for (int round = 0; round != 60; ++round) {
        auto events = stream(random, 120, 0);
        const Run in_order = run(events, 0, random, 0);
        std::shuffle(events.begin(), events.end(), random);
        // Far from late: all are kept by each window until event time moves, at the end.
        const auto latest = std::max_element(events.begin(), events.end(),
                                             [](const auto& a, const auto& b) { return a.time < b.time; });
        std::iter_swap(latest, events.end() - 1);
        const Run shuffled = run(events, 0, random, 0);
        REQUIRE(shuffled.store.values() == in_order.store.values());
        values += in_order.store.values().size();
    }
    REQUIRE(values > 500);
}

TEST_CASE("when event time moves and when drains come changes nothing in the end", "[pipeline]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    std::size_t writes = 0;
    for (int round = 0; round != 60; ++round) {
        constexpr std::int64_t late = 150;  // less than the session's lateness
        const auto events = stream(random, 200, late);
        const Run once = run(events, late, random, 0);
        for (const std::size_t often : {1U, 3U, 20U}) {
            const Run moved = run(events, late, random, often);
            REQUIRE(moved.late == 0);
            REQUIRE(moved.store.values() == once.store.values());
            writes += moved.writes.size();
        }
    }
    REQUIRE(writes > 50'000);
}

TEST_CASE("shifting all times changes nothing but times", "[pipeline]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    const auto events = stream(random, 1000, 150);
    for (const std::int64_t shift : {std::int64_t{1}, std::int64_t{-7'777'777}, std::int64_t{1'700'000'000'000}}) {
        Random a{seed};
        Random b{seed};
        const Run still = run(events, 150, a, 3);
        Run shifted = run(events, 150, b, 3, shift);
        for (Written& w : shifted.writes) {
            w.expires_at -= weir::Duration{shift};
        }
        REQUIRE((shifted.writes == still.writes));
    }
}

TEST_CASE("the memory of a pipeline is back at its baseline after the last expiry", "[pipeline]") {
    auto pipeline = make_pipeline();
    const std::size_t baseline = pipeline.memory_in_use();
    for (int i = 0; i != 20'000; ++i) {
        const std::string name = weir_tests::name(static_cast<std::size_t>(i % 2000));
        pipeline.process(Visit{name, name, name, i % 3, 0, at(i / 10)});
    }
    REQUIRE(pipeline.memory_in_use() > baseline + 1'000'000);
    REQUIRE(pipeline.keys() == 6000);
    drain(pipeline);
    while (const auto due = pipeline.next_due()) {
        pipeline.advance_to(*due);
        drain(pipeline);
    }
    REQUIRE(pipeline.keys() == 0);
    REQUIRE(pipeline.memory_in_use() <= baseline + 4096);
}
