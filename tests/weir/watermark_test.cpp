// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/watermark.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::FutureGuard;
using weir::Timestamp;
using weir::Watermark;
using weir::Watermarks;
using weir_tests::at;
using weir_tests::pick;

TEST_CASE("a watermark stays its bound behind the latest event", "[watermark]") {
    Watermark watermark{100ms};
    REQUIRE_FALSE(watermark.time());
    REQUIRE_FALSE(watermark.latest());
    watermark.observe(at(1000));
    REQUIRE(watermark.time() == at(900));
    watermark.observe(at(950));
    REQUIRE(watermark.time() == at(900));
    REQUIRE(watermark.latest() == at(1000));
    watermark.observe(Timestamp::max());
    REQUIRE(watermark.time() == Timestamp::max() - 100ms);
    Watermark early{100ms};
    early.observe(Timestamp::min() + 1ms);
    REQUIRE(early.time() == Timestamp::min());
}

TEST_CASE("an event too far ahead of the clock is not admitted", "[watermark]") {
    const FutureGuard guard{5s};
    REQUIRE(guard.admits(at(0), at(1'000'000)));
    REQUIRE(guard.admits(at(6000), at(1000)));
    REQUIRE_FALSE(guard.admits(at(6001), at(1000)));
    REQUIRE_FALSE(guard.admits(Timestamp::max(), at(1000)));
    REQUIRE(guard.admits(Timestamp::max(), Timestamp::max() - 1ms));
}

TEST_CASE("there is no event time before the first event", "[watermark]") {
    Watermarks<int> watermarks;
    REQUIRE_FALSE(watermarks.time(at(1000)));
    watermarks.at_end(1);
    REQUIRE_FALSE(watermarks.time(at(2000)));
}

TEST_CASE("the least of the sources counts", "[watermark]") {
    Watermarks<std::string> watermarks{10ms};
    watermarks.observe("a", at(1000), at(1000), at(1000));
    REQUIRE(watermarks.time(at(1000)) == at(990));
    watermarks.observe("b", at(500), at(1000), at(1000));
    REQUIRE(watermarks.time(at(1000)) == at(990));  // never goes back
    watermarks.observe("a", at(2000), at(1000), at(1000));
    REQUIRE(watermarks.time(at(1000)) == at(990));
    watermarks.observe("b", at(1500), at(1000), at(1000));
    REQUIRE(watermarks.time(at(1000)) == at(1490));
    watermarks.remove("b");
    REQUIRE(watermarks.time(at(1000)) == at(1990));
    watermarks.remove("a");
    REQUIRE(watermarks.time(at(9000)) == at(1990));
}

TEST_CASE("a source without events holds time back until it is at its end", "[watermark]") {
    Watermarks<int> watermarks{0ms, 50ms};
    watermarks.add(2, at(0));
    watermarks.observe(1, at(100), at(0), at(0));
    REQUIRE_FALSE(watermarks.time(at(1000)));
    watermarks.at_end(2);
    REQUIRE(watermarks.time(at(1000)) == at(100));
    watermarks.add(3, at(1000));
    watermarks.observe(1, at(200), at(1000), at(1000));
    REQUIRE(watermarks.time(at(1000)) == at(100));  // 3 has just come
    watermarks.at_end(3);
    REQUIRE(watermarks.time(at(1049)) == at(100));  // and is silent for no more than 49 ms
    REQUIRE(watermarks.time(at(1050)) == at(200));
}

TEST_CASE("a source at its end holds nobody back once it was silent for long enough", "[watermark]") {
    Watermarks<int> watermarks{0ms, 100ms};
    watermarks.observe(1, at(10), at(0), at(0));
    watermarks.observe(2, at(500), at(0), at(0));
    watermarks.at_end(1);
    REQUIRE(watermarks.time(at(99)) == at(10));
    REQUIRE(watermarks.time(at(100)) == at(500));
    watermarks.observe(1, at(450), at(120), at(120));  // it speaks again, and is not at its end
    watermarks.observe(2, at(900), at(120), at(120));
    REQUIRE(watermarks.time(at(10'000)) == at(500));
    watermarks.at_end(1, true);
    REQUIRE(watermarks.time(at(10'000)) == at(900));
    watermarks.at_end(1, false);
    watermarks.observe(2, at(1900), at(120), at(120));
    REQUIRE(watermarks.time(at(10'000)) == at(900));
}

TEST_CASE("while all sources are idle event time follows the clock from the last arrival", "[watermark]") {
    Watermarks<int> watermarks{20ms, 100ms};
    // The newest event was made at 5000, came at 7000 and was read at 60000.
    watermarks.observe(1, at(5000), at(7000), at(60'000));
    watermarks.observe(1, at(4000), at(7500), at(60'000));
    watermarks.at_end(1);
    REQUIRE(watermarks.time(at(60'099)) == at(4980));
    REQUIRE(watermarks.time(at(60'100)) == at(4980 + 53'100));
    REQUIRE(watermarks.time(at(60'101)) == at(4980 + 53'101));
    REQUIRE(watermarks.time(at(90'000)) == at(4980 + 83'000));
    // The source that would be furthest leads: time at the others has passed as well.
    watermarks.observe(2, at(89'000), at(88'000), at(90'000));
    watermarks.at_end(2);
    REQUIRE(watermarks.time(at(90'100)) == at(89'000 - 20 + 2100));
}

TEST_CASE("a source that is behind stops time from following the clock", "[watermark]") {
    Watermarks<int> watermarks;
    watermarks.observe(1, at(100), at(100), at(100));
    watermarks.at_end(1);
    REQUIRE(watermarks.time(at(200)) == at(200));
    watermarks.observe(2, at(150), at(200), at(200));
    watermarks.observe(1, at(9000), at(200), at(200));
    REQUIRE(watermarks.time(at(100'000)) == at(200));
}

TEST_CASE("a clock that steps back does not take event time back", "[watermark]") {
    Watermarks<int> watermarks;
    watermarks.observe(1, at(1000), at(1000), at(1000));
    watermarks.at_end(1);
    REQUIRE(watermarks.time(at(5000)) == at(5000));
    REQUIRE(watermarks.time(at(500)) == at(5000));
    REQUIRE(watermarks.time(at(4999)) == at(5000));
    REQUIRE(watermarks.time(at(5001)) == at(5001));
    Watermarks<int> later;
    later.observe(1, at(1000), at(9000), at(1000));  // arrived, it says, after now
    later.at_end(1);
    REQUIRE(later.time(at(5000)) == at(1000));
    REQUIRE(later.time(at(9001)) == at(1001));
}

TEST_CASE("watermarks stand at both ends of time", "[watermark]") {
    Watermarks<int> watermarks{10ms, 10ms};
    watermarks.observe(1, at(0), Timestamp::min(), at(0));
    watermarks.at_end(1);
    REQUIRE(watermarks.time(Timestamp::max()) == Timestamp::max() - 10ms);
    Watermarks<int> least{10ms, 10ms};
    least.observe(1, Timestamp::min(), at(0), Timestamp::min());
    REQUIRE(least.time(Timestamp::min()) == Timestamp::min());
}

TEST_CASE("watermarks equal what all that was observed tells", "[watermark]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    constexpr std::int64_t bound = 30;
    constexpr std::int64_t idle_after = 60;
    Watermarks<int> fast{weir::Duration{bound}, weir::Duration{idle_after}};
    struct Source {
        std::multimap<std::int64_t, std::int64_t> arrival_by_event;
        std::int64_t active = std::numeric_limits<std::int64_t>::min();
        bool ended = false;
    };
    std::map<int, Source> slow;
    std::optional<std::int64_t> time;
    std::int64_t clock = 0;
    std::int64_t event = 0;
    std::size_t followed = 0;
    std::size_t held = 0;
    for (int step = 0; step != 100'000; ++step) {
        clock += pick(random, 50) == 0 ? weir_tests::RandomTimes::between(random, -500, 500)
                                       : weir_tests::RandomTimes::between(random, 0, 20);
        const int id = static_cast<int>(pick(random, 3));
        switch (pick(random, 12)) {
            case 0:
                fast.add(id, at(clock));
                slow[id].active = clock;
                break;
            case 1:
                fast.remove(id);
                slow.erase(id);
                break;
            case 2:
            case 3:
            case 4:
            case 5: {
                const bool ended = pick(random, 5) != 0;
                fast.at_end(id, ended);
                slow[id].ended = ended;
                break;
            }
            case 6:
            case 7: {
                event = std::max(event, time.value_or(0)) + weir_tests::RandomTimes::between(random, -100, 60);
                const std::int64_t arrival = clock - weir_tests::RandomTimes::between(random, -10, 300);
                fast.observe(id, at(event), at(arrival), at(clock));
                Source& s = slow[id];
                if (s.arrival_by_event.count(event) == 0) {
                    s.arrival_by_event.emplace(event, arrival);
                }
                s.active = clock;
                s.ended = false;
                break;
            }
            default: {
                std::optional<std::int64_t> least;
                std::optional<std::int64_t> idle;
                bool all_known = true;
                for (const auto& [key, s] : slow) {
                    const bool known = !s.arrival_by_event.empty();
                    const auto [latest, arrival] =
                        known ? *s.arrival_by_event.rbegin() : std::pair<const std::int64_t, std::int64_t>{};
                    if (s.ended && weir_tests::Wide{clock} - idle_after >= s.active) {
                        const auto now = latest - bound + std::max<std::int64_t>(0, clock - arrival);
                        idle = known ? std::max(idle.value_or(now), now) : idle;
                    } else {
                        all_known = all_known && known;
                        least = known ? std::min(least.value_or(latest), latest) : least;
                    }
                }
                const auto candidate = least ? std::optional{*least - bound} : idle;
                if (all_known && candidate) {
                    followed += !least && *candidate > time.value_or(*candidate) ? 1 : 0;
                    held += *candidate < time.value_or(*candidate) ? 1 : 0;
                    time = std::max(time.value_or(*candidate), *candidate);
                }
                const auto found = fast.time(at(clock));
                if (found.has_value() != time.has_value() || (time && *found != at(*time))) {
                    FAIL("event time differs at step " << step);
                }
            }
        }
    }
    REQUIRE(followed > 1000);
    REQUIRE(held > 1000);
}
