// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/timer_queue.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::Timestamp;
using weir_tests::at;
using weir_tests::pick;
using Queue = weir::detail::TimerQueue<int>;

namespace {

std::vector<std::pair<Timestamp, int>> pop(Queue& queue, Timestamp now) {
    std::vector<std::pair<Timestamp, int>> popped;
    queue.pop_until(now, [&](Timestamp due, int item) { popped.emplace_back(due, item); });
    return popped;
}

}  // namespace

TEST_CASE("timers fall due in the order of their times", "[timer_queue]") {
    Queue queue;
    REQUIRE_FALSE(queue.next());
    queue.push(at(30), 3);
    queue.push(at(-10), 1);
    queue.push(at(20), 2);
    REQUIRE(queue.next() == at(-10));
    REQUIRE(pop(queue, at(-11)).empty());
    REQUIRE(pop(queue, at(20)) == std::vector{std::pair{at(-10), 1}, std::pair{at(20), 2}});
    REQUIRE(queue.next() == at(30));
    REQUIRE(queue.size() == 1);
    REQUIRE(pop(queue, Timestamp::max()).size() == 1);
    REQUIRE_FALSE(queue.next());
}

TEST_CASE("a timer before the last that fell due falls due at once", "[timer_queue]") {
    Queue queue;
    queue.push(at(100), 1);
    REQUIRE(pop(queue, at(1000)).size() == 1);
    queue.push(at(50), 2);
    REQUIRE(queue.next() <= at(100));
    queue.push(at(600), 3);
    REQUIRE(pop(queue, at(100)).size() == 1);
    REQUIRE(queue.next() == at(600));
}

TEST_CASE("what falls due can set a timer that is due in turn", "[timer_queue]") {
    Queue queue;
    queue.push(at(0), 0);
    std::vector<std::pair<Timestamp, int>> popped;
    queue.pop_until(at(2), [&](Timestamp due, int item) {
        popped.emplace_back(due, item);
        if (item < 100) {
            queue.push(due + 1ms, item + 1);
            queue.push(due, item + 100);
        }
    });
    REQUIRE(popped == std::vector<std::pair<Timestamp, int>>{
                          {at(0), 0}, {at(0), 100}, {at(1), 1}, {at(1), 101}, {at(2), 2}, {at(2), 102}});
    REQUIRE(queue.next() == at(3));
}

TEST_CASE("timers at both ends of time fall due", "[timer_queue]") {
    Queue queue;
    queue.push(Timestamp::max(), 2);
    queue.push(Timestamp::min(), 1);
    REQUIRE(pop(queue, Timestamp::min()) == std::vector{std::pair{Timestamp::min(), 1}});
    REQUIRE(queue.next() == Timestamp::max());
    REQUIRE(pop(queue, Timestamp::max() - 1ms).empty());
    REQUIRE(pop(queue, Timestamp::max()) == std::vector{std::pair{Timestamp::max(), 2}});
    REQUIRE(queue.size() == 0);
}

TEST_CASE("a timer queue equals a sorted map", "[timer_queue]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    Queue queue;
    std::multimap<Timestamp, int> map;
    std::int64_t now = 0;
    int items = 0;
    const auto some_time = [&] {
        const std::size_t bits = pick(random, 45);
        return at(now + static_cast<std::int64_t>(random() >> (63 - bits)));
    };
    for (int step = 0; step != 100'000; ++step) {
        if (pick(random, 3) != 0 && map.size() < 500) {
            const Timestamp t = some_time();
            queue.push(t, items);
            map.emplace(t, items++);
        } else {
            now = pick(random, 2) == 0 && !map.empty()
                      ? map.begin()->first.time_since_epoch().count()
                      : now + static_cast<std::int64_t>(random() >> (pick(random, 40) + 24));
            queue.pop_until(at(now), [&](Timestamp due, int item) {
                const auto mine = std::find_if(map.begin(), map.end(), [&](const auto& e) { return e.second == item; });
                REQUIRE(mine != map.end());
                REQUIRE(mine->first == due);
                REQUIRE(due == map.begin()->first);  // nothing earlier is left
                map.erase(mine);
                if (pick(random, 8) == 0) {
                    const Timestamp t = due + weir::Duration{pick(random, 50)};
                    queue.push(t, items);
                    map.emplace(t, items++);
                }
            });
            REQUIRE((map.empty() || map.begin()->first > at(now)));
        }
        REQUIRE(queue.size() == map.size());
        REQUIRE(queue.next() == (map.empty() ? std::nullopt : std::optional{map.begin()->first}));
    }
    REQUIRE(queue.heap_bytes() < 1'000'000);
}
