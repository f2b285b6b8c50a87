// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/timer_queue.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <utility>
#include <vector>

#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::Timestamp;
using weir_tests::at;
using weir_tests::pick;
using Queue = weir::detail::TimerQueue;
using Item = Queue::Item;

namespace {

// What falls due, in order.
std::vector<std::pair<Timestamp, Item>> pop(Queue& queue, Timestamp now) {
    std::vector<std::pair<Timestamp, Item>> popped;
    queue.pop_until(now, [&](Timestamp due, Item item) { popped.emplace_back(due, item); });
    std::sort(popped.begin(), popped.end());
    return popped;
}

}  // namespace

TEST_CASE("timers fall due once their time has come", "[timer_queue]") {
    Queue queue{std::pmr::get_default_resource()};
    REQUIRE_FALSE(queue.next());
    queue.push(at(30), 3);
    queue.push(at(-10), 1);
    queue.push(at(20), 2);
    REQUIRE(queue.next() == at(-10));
    REQUIRE(pop(queue, at(-11)).empty());
    REQUIRE(pop(queue, at(20)) == std::vector{std::pair{at(-10), Item{1}}, std::pair{at(20), Item{2}}});
    REQUIRE(queue.next() == at(30));
    REQUIRE(queue.size() == 1);
    REQUIRE(pop(queue, Timestamp::max()).size() == 1);
    REQUIRE_FALSE(queue.next());
}

TEST_CASE("a timer before what was reached falls due at once", "[timer_queue]") {
    Queue queue{std::pmr::get_default_resource()};
    queue.push(at(100), 1);
    REQUIRE(pop(queue, at(1000)).size() == 1);
    queue.push(at(50), 2);
    REQUIRE(queue.next() <= at(1000));
    queue.push(at(1600), 3);
    REQUIRE(pop(queue, at(1000)).size() == 1);
    REQUIRE(queue.next() == at(1600));
}

TEST_CASE("all that was pushed goes with a clear, and its memory", "[timer_queue]") {
    Queue queue{std::pmr::get_default_resource()};
    const std::size_t empty = queue.memory_in_use();
    for (Item i = 0; i != 10'000; ++i) {
        queue.push(at(std::int64_t{i} * i), i);
    }
    REQUIRE(queue.memory_in_use() < 10'000 * 16);
    queue.clear();
    REQUIRE(queue.size() == 0);
    REQUIRE_FALSE(queue.next());
    REQUIRE(queue.memory_in_use() <= empty + 512);
}

TEST_CASE("timers at both ends of time fall due", "[timer_queue]") {
    Queue queue{std::pmr::get_default_resource()};
    queue.push(Timestamp::max(), 2);
    queue.push(Timestamp::min(), 1);
    REQUIRE(pop(queue, Timestamp::min()) == std::vector{std::pair{Timestamp::min(), Item{1}}});
    REQUIRE(queue.next() == Timestamp::max());
    REQUIRE(pop(queue, Timestamp::max() - 1ms).empty());
    REQUIRE(pop(queue, Timestamp::max()) == std::vector{std::pair{Timestamp::max(), Item{2}}});
    REQUIRE(queue.size() == 0);
}

TEST_CASE("a timer queue equals a sorted map", "[timer_queue]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    Queue queue{std::pmr::get_default_resource()};
    std::multimap<Timestamp, Item> map;
    std::int64_t now = 0;
    Item items = 0;
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
            std::vector<std::pair<Timestamp, Item>> expected(map.begin(), map.upper_bound(at(now)));
            map.erase(map.begin(), map.upper_bound(at(now)));
            std::sort(expected.begin(), expected.end());
            if (pop(queue, at(now)) != expected) {
                FAIL("what falls due differs at step " << step);
            }
        }
        if (queue.size() != map.size() ||
            queue.next() != (map.empty() ? std::nullopt : std::optional{map.begin()->first})) {
            FAIL("size or next differs at step " << step);
        }
    }
    queue.pop_until(Timestamp::max(), [](Timestamp, Item) {});
    REQUIRE(queue.memory_in_use() < 1024);
}
