// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/event_log.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "slow_windows.hpp"

using weir::Timestamp;
using weir_tests::at;
using weir_tests::pick;

namespace {

struct Arrived {
    int number;
    std::uint64_t arrival;
    bool operator==(const Arrived&) const = default;
};

template <class V>
struct Row {
    Timestamp time;
    V value;
};

/// Against a sorted vector. `make(i)` makes the i-th value; `before(a, b)` orders two of one time that came as a, b.
template <class V, class Make, class Before>
void compare_log(Make make, Before before) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    weir::detail::EventLog<V> fast;
    std::vector<Row<V>> slow;
    weir_tests::RandomTimes times;
    std::size_t made = 0;
    std::size_t most = 100;
    for (int step = 0; step != 100'000; ++step) {
        if (pick(random, 500) == 0) {
            most = pick(random, 200);
        }
        const std::size_t action = pick(random, 40);
        if (action < 30 && slow.size() < most) {
            const Timestamp t = at(times.next(random));
            const V value = make(random, made++);
            auto place = std::find_if(slow.begin(), slow.end(), [&](const Row<V>& r) { return r.time > t; });
            while (place != slow.begin() && (place - 1)->time == t && !before((place - 1)->value, value)) {
                --place;
            }
            const auto expected = place - slow.begin();
            slow.insert(place, Row<V>{t, value});
            REQUIRE(fast.insert(t, value) == static_cast<std::size_t>(expected));
        } else if (action < 38 || slow.size() > most) {
            const std::size_t count = std::min(slow.size(), slow.size() > most ? slow.size() - most : pick(random, 4));
            fast.drop_front(count);
            slow.erase(slow.begin(), slow.begin() + static_cast<std::ptrdiff_t>(count));
        } else if (action == 38) {
            const std::size_t every = 1 + pick(random, 4);
            std::size_t seen = 0;
            std::vector<Row<V>> taken;
            std::vector<Row<V>> left;
            for (std::size_t i = 0; i != slow.size(); ++i) {
                (i % every == 0 ? taken : left).push_back(slow[i]);
            }
            std::size_t given = 0;
            const std::size_t count = fast.extract_if(
                [&](const auto& entry) {
                    REQUIRE(entry.time == slow[seen].time);
                    return seen++ % every == 0;
                },
                [&](auto&& entry) {
                    REQUIRE(entry.time == taken[given].time);
                    REQUIRE(entry.value == taken[given].value);
                    ++given;
                });
            REQUIRE(count == taken.size());
            REQUIRE(given == count);
            slow = left;
        }
        bool agree = fast.size() == slow.size() && fast.empty() == slow.empty();
        for (std::size_t i = 0; agree && i != slow.size(); ++i) {
            agree = fast[i].time == slow[i].time && fast[i].value == slow[i].value;
        }
        agree = agree && (slow.empty() || fast.back().time == slow.back().time);
        const Timestamp t = at(times.latest() - weir_tests::RandomTimes::between(random, -50, 2500));
        const auto after = std::find_if(slow.begin(), slow.end(), [&](const Row<V>& r) { return r.time > t; });
        agree = agree && fast.upper_bound(t) == static_cast<std::size_t>(after - slow.begin());
        if (!agree) {
            FAIL("the log differs at step " << step << " with " << slow.size() << " events");
        }
    }
}

}  // namespace

TEST_CASE("a log keeps events in the order of their times, and at one time of their arrival", "[event_log]") {
    compare_log<std::string>([](auto&, std::size_t i) { return weir_tests::name(i); },
                             [](const auto&, const auto&) { return true; });
}

TEST_CASE("a log takes the order of arrival from values that know it", "[event_log]") {
    compare_log<Arrived>(
        [](auto& random, std::size_t i) {
            return Arrived{static_cast<int>(i), pick(random, 1000)};
        },
        [](const Arrived& a, const Arrived& b) { return a.arrival <= b.arrival; });
}

TEST_CASE("a log keeps no memory to speak of once it is empty", "[event_log]") {
    weir::detail::EventLog<int> log;
    REQUIRE(log.heap_bytes() == 0);
    for (int i = 0; i != 10'000; ++i) {
        log.insert(at(i), i);
    }
    REQUIRE(log.heap_bytes() >= 10'000 * 16);
    log.drop_front(10'000);
    REQUIRE(log.empty());
    REQUIRE(log.heap_bytes() <= 16 * 16);
}
