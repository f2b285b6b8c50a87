// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/session_window.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/changes.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/span.hpp>
#include <weir/aggregators/sum.hpp>

#include "slow_sessions.hpp"

using namespace std::chrono_literals;
using weir::SessionInsert;
using weir::SessionWindow;
using weir::Timestamp;
using weir_tests::at;
using weir_tests::pick;
using weir_tests::Random;

namespace {

using Values = weir::Bundle<weir::Sum<int>, weir::First<int>, weir::Last<int>, weir::MinMax<int>, weir::Changes<int>,
                            weir::OrderedDistinct<int>, weir::Span>;

using SlowSessions = weir_tests::SlowSessions<int>;

bool same(const weir::Session<Values>& session, const SlowSessions::Group& group) {
    Values values;
    for (const auto& row : group) {
        values.add(row.time, row.value);
    }
    return session.first == group.front().time && session.last == group.back().time && session.size == group.size() &&
           session.aggregate.result() == values.result();
}

using Window = SessionWindow<weir::Duration, Values>;

std::string difference(const Window& fast, const SlowSessions& slow) {
    const auto groups = slow.groups();
    if (fast.sessions().size() != groups.size() || fast.empty() != groups.empty()) {
        return "the number of sessions";
    }
    for (std::size_t i = 0; i != groups.size(); ++i) {
        if (!same(*(fast.sessions().begin() + static_cast<std::ptrdiff_t>(i)), groups[i])) {
            return "session " + std::to_string(i);
        }
    }
    if (fast.now() != slow.now()) {
        return "now";
    }
    if (fast.forgettable() != slow.forgettable()) {
        return "forgettable";
    }
    return fast.next_due() != slow.next_due() ? "next_due" : "";
}

/// Whether advancing to `now` closes a session or makes the window forgettable.
bool does_something(Window window, Timestamp now) {
    bool closes = false;
    const bool before = window.forgettable();
    window.advance_to(now, [&](const auto&) { closes = true; });
    return closes || window.forgettable() != before;
}

struct SessionShape {
    weir::Duration gap;
    weir::Duration lateness;
    std::int64_t behind;  // how far the watermark stays behind the latest event
    std::size_t steps = 60'000;
};

void compare_sessions(const SessionShape& shape) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    Window fast{shape.gap, shape.lateness};
    SlowSessions slow{shape.gap, shape.lateness};
    weir_tests::RandomTimes times;
    std::size_t outcomes[4] = {};
    std::size_t taken = 0;
    std::size_t handed = 0;

    for (std::size_t step = 0; step != shape.steps; ++step) {
        std::size_t events = 0;
        for (const auto& group : slow.groups()) {
            events += group.size();
        }
        if (pick(random, 4) != 0 && events < 60) {
            const auto t = at(times.next(random));
            const int value = static_cast<int>(pick(random, 5));
            const SessionInsert outcome = fast.insert(t, value);
            ++outcomes[static_cast<std::size_t>(outcome)];
            taken += outcome != SessionInsert::late ? 1 : 0;
            if (outcome != slow.insert(t, value)) {
                FAIL("the outcome of an insert differs at step " << step);
            }
        } else {
            Timestamp now = at(times.latest() - shape.behind + weir_tests::RandomTimes::between(random, -30, 30));
            if (const auto due = fast.next_due(); due && pick(random, 3) == 0) {
                if (does_something(fast, *due - 1ms) || (*due > fast.now() && !does_something(fast, *due))) {
                    FAIL("next_due is not the moment at step " << step);
                }
                now = *due - weir::Duration{pick(random, 2)};
                times.leap(now.time_since_epoch().count());
            } else if (events >= 60) {
                now = std::max(now, *due);
            }
            std::vector<weir::Session<Values>> closed;
            fast.advance_to(now, [&](const auto& session) { closed.push_back(session); });
            const auto expected = slow.advance_to(now);
            if (!std::equal(closed.begin(), closed.end(), expected.begin(), expected.end(), same)) {
                FAIL("what closes differs at step " << step);
            }
            for (const auto& session : closed) {
                handed += session.size;
            }
        }
        if (pick(random, 100) == 0) {
            Window copy = fast;
            fast = Window{shape.gap, shape.lateness};
            fast = std::move(copy);
        }
        const std::string differs = difference(fast, slow);
        if (!differs.empty()) {
            FAIL(differs << " differs at step " << step);
        }
    }
    fast.advance_to(at(times.latest() + 1'000'000'000'000), [&](const auto& session) { handed += session.size; });
    REQUIRE(handed == taken);  // every event in exactly one session that closed
    for (const std::size_t count : outcomes) {
        REQUIRE(count > 20);
    }
}

std::vector<std::pair<std::int64_t, std::int64_t>> bounds(const auto& sessions) {
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (const auto& s : sessions) {
        all.emplace_back(s.first.time_since_epoch().count(), s.last.time_since_epoch().count());
    }
    return all;
}

using Bounds = std::vector<std::pair<std::int64_t, std::int64_t>>;

}  // namespace

TEST_CASE("two events exactly a gap apart are of one session", "[session_window]") {
    SessionWindow<std::chrono::seconds, weir::Count> visits{1s};
    REQUIRE(visits.insert(at(0)) == SessionInsert::opened);
    REQUIRE(visits.insert(at(1000)) == SessionInsert::extended);
    REQUIRE(visits.insert(at(2001)) == SessionInsert::opened);
    REQUIRE(visits.insert(at(-1000)) == SessionInsert::extended);
    REQUIRE(visits.insert(at(-2001)) == SessionInsert::opened);
    REQUIRE(bounds(visits.sessions()) == Bounds{{-2001, -2001}, {-1000, 1000}, {2001, 2001}});
    REQUIRE(visits.gap() == 1s);
}

TEST_CASE("an event between two sessions bridges them into one", "[session_window]") {
    SessionWindow<weir::Duration, weir::Last<std::string>> pages{10ms};
    pages.insert(at(0), std::string{"a"});
    pages.insert(at(20), std::string{"c"});
    REQUIRE(pages.insert(at(10), std::string{"b"}) == SessionInsert::bridged);
    REQUIRE(bounds(pages.sessions()) == Bounds{{0, 20}});
    REQUIRE(pages.sessions().begin()->size == 3);
    REQUIRE(pages.sessions().begin()->aggregate.result() == "c");
    REQUIRE(pages.insert(at(31), std::string{"d"}) == SessionInsert::opened);
}

TEST_CASE("a session closes once event time has passed its last event and the gap", "[session_window]") {
    SessionWindow<weir::Duration, weir::Count> visits{10ms};
    visits.insert(at(100));
    visits.insert(at(105));
    std::size_t closed = 0;
    const auto count = [&](const weir::Session<weir::Count>& s) { closed += s.aggregate.result(); };
    REQUIRE(visits.next_due() == at(116));
    visits.advance_to(at(115), count);
    REQUIRE(closed == 0);
    REQUIRE(visits.insert(at(115)) == SessionInsert::extended);
    visits.advance_to(at(126), count);
    REQUIRE(closed == 3);
    REQUIRE(visits.empty());
    visits.advance_to(at(10'000), count);
    visits.advance_to(at(50), count);
    REQUIRE(closed == 3);
    REQUIRE(visits.now() == at(10'000));
}

TEST_CASE("lateness holds a session open longer but joins nothing further apart", "[session_window]") {
    SessionWindow<weir::Duration, weir::Count> visits{10ms, 100ms};
    visits.insert(at(0));
    std::size_t closed = 0;
    const auto count = [&](const auto&) { ++closed; };
    visits.advance_to(at(110), count);
    REQUIRE(closed == 0);
    REQUIRE(visits.insert(at(11)) == SessionInsert::opened);
    REQUIRE(visits.insert(at(5)) == SessionInsert::bridged);
    visits.advance_to(at(121), count);
    REQUIRE(closed == 0);
    visits.advance_to(at(122), count);
    REQUIRE(closed == 1);
}

TEST_CASE("an event of a closed session is late and changes nothing", "[session_window]") {
    SessionWindow<weir::Duration, weir::Count> visits{10ms};
    visits.insert(at(100));
    visits.advance_to(at(111), [](const auto&) {});
    REQUIRE_FALSE(visits.forgettable());
    REQUIRE(visits.insert(at(110)) == SessionInsert::late);
    REQUIRE(visits.insert(at(95)) == SessionInsert::late);
    REQUIRE(visits.empty());
    REQUIRE(visits.insert(at(111)) == SessionInsert::opened);    // further than a gap from it
    REQUIRE(visits.insert(at(101)) == SessionInsert::extended);  // joins what is open, though the other is near too
}

TEST_CASE("an event whose own session would be closed is late", "[session_window]") {
    SessionWindow<weir::Duration, weir::Count> visits{10ms, 5ms};
    visits.advance_to(at(100), [](const auto&) { FAIL(); });
    REQUIRE(visits.forgettable());
    REQUIRE_FALSE(visits.next_due());
    REQUIRE(visits.insert(at(84)) == SessionInsert::late);
    REQUIRE(visits.forgettable());
    REQUIRE(visits.insert(at(85)) == SessionInsert::opened);
    REQUIRE(visits.next_due() == at(101));
}

TEST_CASE("a window is forgettable once every event it calls late is late by itself", "[session_window]") {
    SessionWindow<weir::Duration, weir::Count> visits{10ms, 7ms};
    visits.insert(at(100));
    visits.advance_to(at(118), [](const auto&) {});
    REQUIRE(visits.next_due() == at(128));
    visits.advance_to(at(127), [](const auto&) {});
    REQUIRE_FALSE(visits.forgettable());
    REQUIRE(visits.insert(at(110)) == SessionInsert::late);
    visits.advance_to(at(128), [](const auto&) {});
    REQUIRE(visits.forgettable());
    SessionWindow<weir::Duration, weir::Count> fresh{10ms, 7ms};
    fresh.advance_to(at(128), [](const auto&) {});
    REQUIRE(fresh.insert(at(110)) == SessionInsert::late);
}

TEST_CASE("a session window without a gap is refused", "[session_window]") {
    REQUIRE_THROWS_AS((SessionWindow<std::chrono::minutes, weir::Count>{0min}), std::invalid_argument);
    REQUIRE_THROWS_AS((SessionWindow<std::chrono::minutes, weir::Count>{-1min}), std::invalid_argument);
    REQUIRE_THROWS_AS((SessionWindow<std::chrono::minutes, weir::Count>{1min, -1ms}), std::invalid_argument);
}

TEST_CASE("a session window takes whatever its aggregate takes", "[session_window]") {
    SessionWindow<std::chrono::minutes, weir::Count> visits{30min};
    struct Page {};
    REQUIRE(visits.insert(at(0), Page{}) == SessionInsert::opened);
    REQUIRE(visits.insert(at(1), std::string{"page"}) == SessionInsert::extended);
    REQUIRE(visits.sessions().begin()->aggregate.result() == 2);
    REQUIRE(visits.memory_in_use() == 0);  // one session is kept in place
    visits.insert(at(10'000'000));
    REQUIRE(visits.memory_in_use() > 0);
}

TEST_CASE("sessions stand at both ends of time", "[session_window]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    for (int round = 0; round != 400; ++round) {
        const weir::Duration gap = round % 3 == 0 ? weir::Duration::max() : weir::Duration{7};
        const weir::Duration lateness = round % 5 == 0 ? weir::Duration::max() : weir::Duration{round % 9};
        Window fast{gap, lateness};
        SlowSessions slow{gap, lateness};
        for (int step = 0; step != 40; ++step) {
            const weir::Duration near{static_cast<std::int64_t>(pick(random, 60))};
            const Timestamp t = step < 20 && round % 2 == 0 ? Timestamp::min() + near : Timestamp::max() - near;
            if (pick(random, 3) == 0) {
                std::vector<weir::Session<Values>> closed;
                fast.advance_to(t, [&](const auto& session) { closed.push_back(session); });
                const auto expected = slow.advance_to(t);
                REQUIRE(std::equal(closed.begin(), closed.end(), expected.begin(), expected.end(), same));
            } else {
                REQUIRE(fast.insert(t, step) == slow.insert(t, step));
            }
            const std::string differs = difference(fast, slow);
            if (!differs.empty()) {
                FAIL(differs << " differs in round " << round << " at step " << step);
            }
        }
    }
}

TEST_CASE("sessions equal those of all events grouped anew", "[session_window]") {
    compare_sessions({.gap = 40ms, .lateness = 0ms, .behind = 100});
    compare_sessions({.gap = 25ms, .lateness = 60ms, .behind = 0});
    compare_sessions({.gap = 1ms, .lateness = 0ms, .behind = 300, .steps = 30'000});
    compare_sessions({.gap = 300ms, .lateness = 700ms, .behind = -50, .steps = 30'000});
}
