// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/event_log.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
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
    // A position that is held stays with its event, whatever is inserted.
    std::optional<typename weir::detail::EventLog<V>::Position> held;
    V held_value{};
    const auto each_held = [&](auto update) {
        if (held) {
            update(*held);
        }
    };
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
            const std::uint32_t chunks = slow.size() == 1 ? 1 : fast.back().number - fast.begin().number + 1;
            const auto inserted = fast.insert(t, value, each_held);
            const bool added = fast.back().number - fast.begin().number + 1 != chunks;
            REQUIRE(inserted.fresh.has_value() == added);
            if (added) {
                const std::uint32_t at_or_before = inserted.position.number + 1 - *inserted.fresh;
                REQUIRE(at_or_before <= 1);  // it is in the new chunk, or in the one before, which was split
            }
            const auto i = static_cast<std::size_t>(expected);
            auto position = fast.begin();
            fast.skip(position, i);
            REQUIRE(position == inserted.position);
            REQUIRE(inserted.last == (i + 1 == slow.size()));
            REQUIRE(inserted.precedes_equal_time == (i + 1 != slow.size() && slow[i + 1].time == t));
            if (pick(random, 20) == 0) {
                held = inserted.position;
                held_value = value;
            }
        } else if (action < 38 || slow.size() > most) {
            std::size_t count = std::min(slow.size(), slow.size() > most ? slow.size() - most : pick(random, 4));
            // All up to a time: those of the last one's time go with it.
            if (count != 0) {
                const Timestamp until = slow[count - 1].time;
                count = static_cast<std::size_t>(
                    std::find_if(slow.begin(), slow.end(), [&](const Row<V>& r) { return r.time > until; }) -
                    slow.begin());
                std::size_t dropped = 0;
                REQUIRE(fast.drop_until(until, [&](Timestamp time, const V& value) {
                    REQUIRE(time == slow[dropped].time);
                    REQUIRE(value == slow[dropped].value);
                    ++dropped;
                }) == count);
                REQUIRE(dropped == count);
            }
            if (std::any_of(slow.begin(), slow.begin() + static_cast<std::ptrdiff_t>(count),
                            [&](const Row<V>& r) { return r.value == held_value; })) {
                held.reset();
            }
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
                [&](Timestamp t, const auto& value) {
                    REQUIRE(t == slow[seen].time);
                    REQUIRE(value == slow[seen].value);
                    return seen++ % every == 0;
                },
                [&](Timestamp t, auto&& value) {
                    REQUIRE(t == taken[given].time);
                    REQUIRE(value == taken[given].value);
                    ++given;
                });
            held.reset();
            REQUIRE(count == taken.size());
            REQUIRE(given == count);
            slow = left;
        } else if (!slow.empty()) {
            weir::detail::EventLog<V> copy = fast;
            REQUIRE(copy.begin().number == fast.begin().number);  // what goes by chunks can be copied with the log
            REQUIRE(copy.back().number == fast.back().number);
            REQUIRE(copy.left_in_chunk(copy.begin()) == fast.left_in_chunk(fast.begin()));
            fast = std::move(copy);
            held.reset();
        }
        bool agree = fast.size() == slow.size() && fast.empty() == slow.empty();
        std::size_t i = 0;
        fast.for_each([&](Timestamp t, const V& value) {
            agree = agree && i != slow.size() && t == slow[i].time && value == slow[i].value;
            ++i;
        });
        agree = agree && i == slow.size();
        if (agree && !slow.empty()) {
            i = 0;
            for (std::uint32_t number = fast.begin().number; number != fast.back().number + 1; ++number) {
                fast.for_each_of_chunk(number, [&](Timestamp t, const V& value) {
                    agree = agree && i != slow.size() && t == slow[i].time && value == slow[i].value;
                    ++i;
                });
            }
            agree = agree && i == slow.size();
            i = pick(random, slow.size());
            auto from = fast.begin();
            fast.skip(from, i);
            const std::size_t left = fast.left_in_chunk(from);
            const std::size_t skip = pick(random, left + 1);
            const std::size_t count = pick(random, left - skip + 1);
            agree = agree && left <= fast.size_of_chunk(from.number);
            i += left - skip;
            fast.for_each_reversed(from.number, skip, count, [&](Timestamp t, const V& value) {
                --i;
                agree = agree && t == slow[i].time && value == slow[i].value;
            });
        }
        agree =
            agree && (slow.empty() || (fast.back_time() == slow.back().time && fast.back_value() == slow.back().value &&
                                       fast.front_time() == slow.front().time));
        const Timestamp t = at(times.latest() - weir_tests::RandomTimes::between(random, -50, 2500));
        const auto after = std::find_if(slow.begin(), slow.end(), [&](const Row<V>& r) { return r.time > t; });
        if (agree && !slow.empty()) {
            auto position = fast.begin();
            const std::size_t passed = fast.pass(position, t, [](Timestamp, const V&) {});
            agree = passed == static_cast<std::size_t>(after - slow.begin()) &&
                    (after == slow.end() ? position.chunk == nullptr : fast.value(position) == after->value);
        }
        agree = agree && (!held || fast.value(*held) == held_value);
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
    REQUIRE(log.memory_in_use() == 0);
    for (int i = 0; i != 10'000; ++i) {
        log.insert(at(i), i, [](auto) {});
    }
    REQUIRE(log.memory_in_use() >= 80'000);
    REQUIRE(log.memory_in_use() <= 101'000);
    REQUIRE(log.drop_until(at(10'000), [](Timestamp, int) {}) == 10'000);
    REQUIRE(log.empty());
    REQUIRE(log.memory_in_use() <= 256);
}

TEST_CASE("a log holds times however far apart", "[event_log]") {
    weir::detail::EventLog<int> log;
    const auto none = [](auto) {};
    const std::vector<Timestamp> times{Timestamp::min() + weir::Duration{1},
                                       at(-5'000'000'000'000),
                                       at(0),
                                       at(1),
                                       at(4'294'967'295),
                                       at(4'294'967'297),
                                       Timestamp::max()};
    std::vector<std::size_t> order(times.size());
    std::iota(order.begin(), order.end(), 0U);
    do {
        log.clear();
        for (const std::size_t i : order) {
            log.insert(times[i], static_cast<int>(i), none);
        }
        int next = 0;
        bool sorted = log.size() == times.size();
        log.for_each([&](Timestamp t, int i) {
            sorted = sorted && i == next && t == times[static_cast<std::size_t>(i)];
            ++next;
        });
        REQUIRE(sorted);
    } while (std::next_permutation(order.begin(), order.end()));
}
