// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What the tests of other engines expect of the same windows. Each case names its source; the values are facts taken
// from there. Where a boundary of ours is another, the case says so and asserts ours.

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/count_window.hpp>
#include <weir/hopping_window.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/paned_window.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>
#include <weir/tumbling_window.hpp>

#include "random_stream.hpp"

using namespace std::chrono_literals;
using weir::HoppingInsert;
using weir::SessionInsert;
using weir_tests::at;

namespace {

/// key, first, last, sum: an engine's [first, last + gap) without its gap.
using Closed = std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>;
using AllClosed = std::vector<Closed>;

class KeyedSessions {
public:
    explicit KeyedSessions(weir::Duration gap) : gap_{gap} {}

    SessionInsert insert(const std::string& key, std::int64_t t, int value) {
        return sessions_.try_emplace(key, Window{gap_}).first->second.insert(at(t), value);
    }

    /// What closes, key by key.
    AllClosed advance_to(std::int64_t t) {
        AllClosed closed;
        for (auto& [key, window] : sessions_) {
            window.advance_to(at(t), [&, &name = key](const auto& s) { closed.push_back(describe(name, s)); });
        }
        return closed;
    }

    [[nodiscard]] AllClosed open() const {
        AllClosed all;
        for (const auto& [key, window] : sessions_) {
            for (const auto& s : window.sessions()) {
                all.push_back(describe(key, s));
            }
        }
        return all;
    }

private:
    using Window = weir::SessionWindow<weir::Duration, weir::Sum<int>>;

    static Closed describe(const std::string& key, const weir::Session<weir::Sum<int>>& s) {
        return {key, s.first.time_since_epoch().count(), s.last.time_since_epoch().count(), s.aggregate.result()};
    }

    weir::Duration gap_;
    std::map<std::string, Window> sessions_;
};

/// Hopping or tumbling windows by key, driven by watermarks as Flink has them: one of w says that no event at or before
/// w will come. Ours is event time: one of t says that events at t may still come. So t is w + 1.
template <class Window>
class KeyedHops {
public:
    explicit KeyedHops(Window prototype) : prototype_{std::move(prototype)} {}

    HoppingInsert insert(const std::string& key, std::int64_t t, int value) {
        return windows_.try_emplace(key, prototype_).first->second.insert(at(t), value);
    }

    /// key, start, end, sum of what closes, key by key.
    AllClosed watermark(std::int64_t w) {
        AllClosed closed;
        for (auto& [key, window] : windows_) {
            window.advance_to(at(w + 1), [&, &name = key](const auto& hop) { closed.push_back(describe(name, hop)); });
        }
        return closed;
    }

    [[nodiscard]] AllClosed open() const {
        AllClosed all;
        for (const auto& [key, window] : windows_) {
            window.for_each_open([&, &name = key](const auto& hop) { all.push_back(describe(name, hop)); });
        }
        return all;
    }

private:
    static Closed describe(const std::string& key, const weir::TimeWindow<weir::Sum<int>>& hop) {
        return {key, hop.start.time_since_epoch().count(), hop.end.time_since_epoch().count(), hop.aggregate.result()};
    }

    Window prototype_;
    std::map<std::string, Window> windows_;
};

using Hopping = weir::HoppingWindow<weir::Sum<int>>;
using Tumbling = weir::TumblingWindow<weir::Sum<int>>;

/// The events of Flink's testSlidingEventTimeWindows and testTumblingEventTimeWindows.
template <class Windows>
void insert_out_of_order(Windows& windows) {
    for (const auto& [key, t] : {std::pair{"key2", 3999},
                                 {"key2", 3000},
                                 {"key1", 20},
                                 {"key1", 0},
                                 {"key1", 999},
                                 {"key2", 1998},
                                 {"key2", 1999},
                                 {"key2", 1000}}) {
        REQUIRE(windows.insert(key, t, 1) == HoppingInsert::taken);
    }
}

struct RangeRow {
    const char* key;
    std::int64_t time;
    int least;
    int greatest;
};

}  // namespace

TEST_CASE("Flink: sessions with a gap of 3 s", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testSessionWindows. Flink closes [first, last + gap) when the watermark, which
    // says that no event at or before it will come, reaches last + gap - 1. Ours closes when event time is past last +
    // gap, since an event exactly a gap later still belongs: 2 ms later.
    KeyedSessions sessions{3000ms};
    for (const auto& [t, value] : {std::pair{0, 1}, {1000, 2}, {2500, 3}}) {
        sessions.insert("key2", t, value);
    }
    for (const auto& [t, value] : {std::pair{10, 1}, {1000, 2}, {2500, 3}}) {
        sessions.insert("key1", t, value);
    }
    REQUIRE(sessions.insert("key2", 5501, 4) == SessionInsert::opened);  // 1 ms past the gap
    for (const auto& [t, value] : {std::pair{6000, 5}, {6000, 5}, {6050, 6}}) {
        REQUIRE(sessions.insert("key2", t, value) == SessionInsert::extended);
    }
    REQUIRE(sessions.advance_to(12'000) ==
            AllClosed{{"key1", 10, 2500, 6}, {"key2", 0, 2500, 6}, {"key2", 5501, 6050, 20}});
    sessions.insert("key2", 15'000, 10);
    sessions.insert("key2", 15'000, 20);
    REQUIRE(sessions.advance_to(17'999).empty());  // Flink's moment
    REQUIRE(sessions.advance_to(18'000).empty());
    REQUIRE(sessions.advance_to(18'001) == AllClosed{{"key2", 15'000, 15'000, 30}});
}

TEST_CASE("Flink: an event that comes late merges two sessions", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testSessionWindowsWithCountTrigger, without the trigger: what the sessions hold.
    KeyedSessions sessions{3000ms};
    for (const auto& [t, value] : {std::pair{0, 1}, {1000, 2}, {2500, 3}, {3500, 4}}) {
        sessions.insert("key2", t, value);
    }
    for (const auto& [t, value] : {std::pair{10, 1}, {1000, 2}, {2500, 3}, {6000, 1}, {6500, 2}, {7000, 3}}) {
        sessions.insert("key1", t, value);
    }
    REQUIRE(sessions.open() == AllClosed{{"key1", 10, 2500, 6}, {"key1", 6000, 7000, 6}, {"key2", 0, 3500, 10}});
    REQUIRE(sessions.insert("key1", 4500, 10) == SessionInsert::bridged);
    REQUIRE(sessions.open() == AllClosed{{"key1", 10, 7000, 22}, {"key2", 0, 3500, 10}});
}

TEST_CASE("Flink: an open session can be looked at any time", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testSessionWindowsWithContinuousEventTimeTrigger: the contents at its firings.
    KeyedSessions sessions{3000ms};
    sessions.insert("key1", 1500, 1);
    sessions.insert("key2", 0, 1);
    sessions.insert("key2", 2500, 3);
    sessions.insert("key2", 1000, 2);
    REQUIRE(sessions.advance_to(2500).empty());
    REQUIRE(sessions.open() == AllClosed{{"key1", 1500, 1500, 1}, {"key2", 0, 2500, 6}});
    sessions.insert("key2", 4000, 5);
    REQUIRE(sessions.advance_to(3000).empty());
    sessions.insert("key1", 4000, 2);
    sessions.insert("key2", 3500, 4);
    REQUIRE(sessions.advance_to(4000).empty());
    REQUIRE(sessions.open() == AllClosed{{"key1", 1500, 4000, 3}, {"key2", 0, 4000, 15}});
}

TEST_CASE("Flink: late events of sessions without lateness", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testSideOutputDueToLatenessSessionZeroLatenessPurgingTrigger.
    KeyedSessions sessions{3000ms};
    REQUIRE(sessions.insert("key2", 1000, 1) == SessionInsert::opened);
    REQUIRE(sessions.advance_to(1999).empty());
    REQUIRE(sessions.insert("key2", 2000, 1) == SessionInsert::extended);
    REQUIRE(sessions.advance_to(4998).empty());
    REQUIRE(sessions.insert("key2", 4500, 1) == SessionInsert::extended);  // behind event time, in an open session
    REQUIRE(sessions.insert("key2", 8500, 1) == SessionInsert::opened);
    REQUIRE(sessions.advance_to(7400).empty());
    REQUIRE(sessions.insert("key2", 7000, 1) == SessionInsert::bridged);
    REQUIRE(sessions.advance_to(11'501) == AllClosed{{"key2", 1000, 8500, 5}});
    REQUIRE(sessions.insert("key2", 11'600, 1) == SessionInsert::opened);
    // Flink closes [11600, 14600) at its watermark of 14600; ours does one millisecond later.
    REQUIRE(sessions.advance_to(14'600).empty());
    REQUIRE(sessions.advance_to(14'601) == AllClosed{{"key2", 11'600, 11'600, 1}});
    REQUIRE(sessions.insert("key2", 10'000, 1) == SessionInsert::late);
    REQUIRE(sessions.insert("key2", 10'100, 1) == SessionInsert::late);
    // Flink opens a session [14500, 17500), which an offline grouping of all events would not have. Ours is late: it
    // belongs to a session that is closed.
    REQUIRE(sessions.insert("key2", 14'500, 1) == SessionInsert::late);
    REQUIRE(sessions.insert("key2", 14'601, 1) == SessionInsert::opened);
    REQUIRE(sessions.advance_to(20'000) == AllClosed{{"key2", 14'601, 14'601, 1}});
    REQUIRE(sessions.advance_to(100'000).empty());
}

TEST_CASE("Beam: events exactly one gap apart", "[window_vectors]") {
    // apache/beam SessionsTest.testSimple keeps 0 and 10 apart at a gap of 10. Ours joins them, as Flink
    // (TimeWindow.intersects) and Kafka Streams do; at a gap of 9 all three engines agree with Beam's sessions.
    KeyedSessions ours{10ms};
    KeyedSessions apart{9ms};
    for (const std::int64_t t : {0, 10, 101}) {
        ours.insert("k", t, static_cast<int>(t));
        apart.insert("k", t, static_cast<int>(t));
    }
    REQUIRE(ours.open() == AllClosed{{"k", 0, 10, 10}, {"k", 101, 101, 101}});
    REQUIRE(apart.open() == AllClosed{{"k", 0, 0, 0}, {"k", 10, 10, 10}, {"k", 101, 101, 101}});
}

TEST_CASE("Beam: consecutive events", "[window_vectors]") {
    // apache/beam SessionsTest.testConsecutive
    KeyedSessions sessions{10ms};
    for (const std::int64_t t : {1, 2, 5, 9, 100, 101}) {
        sessions.insert("k", t, static_cast<int>(t));
    }
    REQUIRE(sessions.open() == AllClosed{{"k", 1, 9, 17}, {"k", 100, 101, 201}});
}

TEST_CASE("Beam: a chain of merges from events in any order", "[window_vectors]") {
    // apache/beam SessionsTest.testMerging
    KeyedSessions sessions{10ms};
    for (const std::int64_t t : {1, 15, 30, 100, 101, 95, 22, 10}) {
        sessions.insert("k", t, static_cast<int>(t));
    }
    REQUIRE(sessions.open() == AllClosed{{"k", 1, 30, 78}, {"k", 95, 101, 296}});
}

TEST_CASE("Beam: sessions with a gap of 1 s", "[window_vectors]") {
    // apache/beam SessionsTest.testTimeUnit
    KeyedSessions sessions{1000ms};
    for (const std::int64_t t : {1, 2, 1000, 5000, 5001, 10'000}) {
        sessions.insert("k", t, static_cast<int>(t));
    }
    REQUIRE(sessions.open() ==
            AllClosed{{"k", 1, 1000, 1003}, {"k", 5000, 5001, 10'001}, {"k", 10'000, 10'000, 10'000}});
}

TEST_CASE("Flink: least and greatest over the last 4 s at each event", "[window_vectors]") {
    // apache/flink OverAggregateHarnessTest.testRowTimeBoundedRangeOver. Flink's range of 4000 is [t - 4000, t], closed
    // at both ends. Ours of length L is (t - L, t], so that one of 4001 ms is the same; the case below has ours of
    // 4000.
    using Window = weir::RollingWindow<weir::MinMax<int>>;
    const std::vector<std::tuple<const char*, std::int64_t, int>> events{
        {"aaa", 2, 1},     {"bbb", 3, 10},     {"aaa", 4001, 2},    {"aaa", 4002, 3},   {"aaa", 4003, 4},
        {"bbb", 4801, 25}, {"aaa", 6501, 5},   {"aaa", 6501, 6},    {"bbb", 6501, 30},  {"aaa", 7001, 7},
        {"aaa", 8001, 8},  {"aaa", 12'001, 9}, {"aaa", 12'001, 10}, {"bbb", 12'001, 40}};
    // Peers of one time see each other, so that each row stands for all events of its time.
    const std::vector<RangeRow> closed{{"aaa", 2, 1, 1},    {"bbb", 3, 10, 10},     {"aaa", 4001, 1, 2},
                                       {"aaa", 4002, 1, 3}, {"aaa", 4003, 2, 4},    {"bbb", 4801, 25, 25},
                                       {"aaa", 6501, 2, 6}, {"bbb", 6501, 25, 30},  {"aaa", 7001, 2, 7},
                                       {"aaa", 8001, 2, 8}, {"aaa", 12'001, 8, 10}, {"bbb", 12'001, 40, 40}};
    // One of exactly 4000 ms: at 4002 the event at 2 has left, at 8001 that at 4001, at 12001 that at 8001.
    const std::vector<RangeRow> half_open{{"aaa", 4001, 1, 2}, {"aaa", 4002, 2, 3}, {"aaa", 4003, 2, 4},
                                          {"aaa", 7001, 2, 7}, {"aaa", 8001, 3, 8}, {"aaa", 12'001, 9, 10}};
    for (const auto& [length, rows] : {std::pair{4001ms, closed}, {4000ms, half_open}}) {
        CAPTURE(length.count());
        std::map<std::string, Window> windows;
        std::size_t fed = 0;
        for (const RangeRow& row : rows) {
            CAPTURE(row.key, row.time);
            for (; fed != events.size() && std::get<1>(events[fed]) <= row.time; ++fed) {
                const auto& [key, t, value] = events[fed];
                windows.try_emplace(key, Window{length}).first->second.insert(at(t), value);
            }
            Window& window = windows.at(row.key);
            window.advance_to(at(row.time));
            REQUIRE(window.result() == weir::Bounds<int>{row.least, row.greatest});
        }
    }
}

TEST_CASE("folly: ten values in a hundred seconds", "[window_vectors]") {
    // facebook/folly TimeseriesTest BucketedTimeSeries.update100x10, at all of its offsets. Folly drops buckets of 10 s
    // whole, the one begun counting as one of the ten, so that it has 8, 4 and 0 at 110, 151 and 193 s. Ours is exact.
    for (const std::int64_t offset : {0, 50'000, 370'000, 1'937'090'000}) {
        CAPTURE(offset);
        weir::RollingWindow<weir::Bundle<weir::Count, weir::Sum<int>>, std::chrono::seconds> window{100s};
        for (std::int64_t t = 5000; t <= 95'000; t += 10'000) {
            REQUIRE(window.insert(at(offset + t), 6));
        }
        for (const auto& [t, count] : {std::pair{95'000, 10},
                                       {110'000, 9},
                                       {151'000, 5},
                                       {150'000, 5},
                                       {193'000, 1},
                                       {197'000, 0},
                                       {230'000, 0}}) {
            window.advance_to(at(offset + t));
            REQUIRE(window.result() == std::tuple{std::uint64_t(count), std::int64_t{6} * count});
        }
    }
}

TEST_CASE("folly: buckets that do not divide the window", "[window_vectors]") {
    // facebook/folly TimeseriesTest BucketedTimeSeries.update71x5. Folly's five buckets of 71 s have lost 43 s at 100 s
    // and 66 s at 128 s; ours holds them until they are 71 s old.
    weir::RollingWindow<weir::Count, std::chrono::seconds> window{71s};
    for (const std::int64_t t : {11'000, 24'000, 42'000, 43'000, 66'000}) {
        window.insert(at(t));
    }
    for (const auto& [t, count] : {std::pair{66'000, 5U},
                                   {99'000, 3U},
                                   {100'000, 3U},
                                   {113'000, 2U},
                                   {127'000, 1U},
                                   {128'000, 1U},
                                   {137'000, 0U},
                                   {1'234'000, 0U}}) {
        window.advance_to(at(t));
        REQUIRE(window.result() == count);
    }
}

TEST_CASE("Flink: windows of 3 s that start every second", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testSlidingEventTimeWindows. Its watermark of 2999 closes [0, 3000), as our event
    // time of 3000 does.
    KeyedHops<Hopping> hops{Hopping{3000ms, 1000ms}};
    insert_out_of_order(hops);
    REQUIRE(hops.watermark(998).empty());
    REQUIRE(hops.watermark(999) == AllClosed{{"key1", -2000, 1000, 3}});
    REQUIRE(hops.watermark(1999) == AllClosed{{"key1", -1000, 2000, 3}, {"key2", -1000, 2000, 3}});
    REQUIRE(hops.watermark(2999) == AllClosed{{"key1", 0, 3000, 3}, {"key2", 0, 3000, 3}});
    hops = KeyedHops<Hopping>{hops};  // where Flink restores a snapshot: windows are values
    REQUIRE(hops.watermark(3999) == AllClosed{{"key2", 1000, 4000, 5}});
    REQUIRE(hops.watermark(4999) == AllClosed{{"key2", 2000, 5000, 2}});
    REQUIRE(hops.watermark(5999) == AllClosed{{"key2", 3000, 6000, 2}});
    REQUIRE(hops.watermark(6999).empty());
    REQUIRE(hops.watermark(7999).empty());
}

TEST_CASE("Flink: tumbling windows of 3 s", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testTumblingEventTimeWindows
    KeyedHops<Tumbling> hops{Tumbling{3000ms}};
    insert_out_of_order(hops);
    REQUIRE(hops.watermark(999).empty());
    REQUIRE(hops.watermark(1999).empty());
    hops = KeyedHops<Tumbling>{hops};
    REQUIRE(hops.watermark(2999) == AllClosed{{"key1", 0, 3000, 3}, {"key2", 0, 3000, 3}});
    REQUIRE(hops.watermark(3999).empty());
    REQUIRE(hops.watermark(4999).empty());
    REQUIRE(hops.watermark(5999) == AllClosed{{"key2", 3000, 6000, 2}});
    REQUIRE(hops.watermark(7999).empty());
}

TEST_CASE("Flink: allowed lateness", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testLateness, windows of 2 s held open 500 ms longer. Flink fires a window at its
    // end and again for each event within the lateness: 2 and then, its trigger having purged them, 1. Ours hands it
    // over once, after the lateness, with all 3. Both call the event at 1998 late.
    KeyedHops<Tumbling> hops{Tumbling{2000ms, {.lateness = 500ms}}};
    REQUIRE(hops.insert("key2", 500, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(1500).empty());
    REQUIRE(hops.insert("key2", 1300, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(2300).empty());  // where Flink fires for the first time
    REQUIRE(hops.insert("key2", 1997, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(2498).empty());
    REQUIRE(hops.watermark(6000) == AllClosed{{"key2", 0, 2000, 3}});
    REQUIRE(hops.insert("key2", 1998, 1) == HoppingInsert::late);
    REQUIRE(hops.watermark(7000).empty());
}

TEST_CASE("Flink: a lateness that reaches beyond the end of time", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testCleanupTimeOverflow: nothing is closed early by an overflow. Flink fires at
    // the window's end, ours, held open until the end of time, there.
    constexpr std::int64_t end_of_time = std::numeric_limits<std::int64_t>::max();
    KeyedHops<Tumbling> hops{Tumbling{1000ms, {.lateness = 2000ms}}};
    REQUIRE(hops.insert("key2", end_of_time - 1750, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(end_of_time - 1500).empty());
    const std::int64_t start = end_of_time - 1750 - (end_of_time - 1750) % 1000;
    REQUIRE(hops.open() == AllClosed{{"key2", start, start + 1000, 1}});
    REQUIRE(hops.watermark(end_of_time - 2).empty());
    REQUIRE(hops.watermark(end_of_time - 1) == AllClosed{{"key2", start, start + 1000, 1}});
}

TEST_CASE("Flink: an event behind the watermark whose window is open is not late", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testSideOutputDueToLatenessTumbling
    KeyedHops<Tumbling> hops{Tumbling{2000ms}};
    REQUIRE(hops.insert("key2", 1000, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(1985).empty());
    REQUIRE(hops.insert("key2", 1980, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(1999) == AllClosed{{"key2", 0, 2000, 2}});
    REQUIRE(hops.insert("key2", 1998, 1) == HoppingInsert::late);
    REQUIRE(hops.insert("key2", 2001, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(2999).empty());
    REQUIRE(hops.watermark(3999) == AllClosed{{"key2", 2000, 4000, 1}});
}

TEST_CASE("Flink: an event late for some of its windows counts in the others", "[window_vectors]") {
    // apache/flink WindowOperatorTest.testSideOutputDueToLatenessSliding. What is late for some is silent there; ours
    // says so.
    KeyedHops<Hopping> hops{Hopping{3000ms, 1000ms}};
    REQUIRE(hops.insert("key2", 1000, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(1999) == AllClosed{{"key2", -1000, 2000, 1}});
    REQUIRE(hops.insert("key2", 2000, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(3000) == AllClosed{{"key2", 0, 3000, 2}});
    REQUIRE(hops.insert("key1", 3001, 1) == HoppingInsert::taken);
    REQUIRE(hops.insert("key2", 2400, 1) == HoppingInsert::partly_late);
    REQUIRE(hops.insert("key2", 2400, 1) == HoppingInsert::partly_late);
    REQUIRE(hops.insert("key1", 3001, 1) == HoppingInsert::taken);
    REQUIRE(hops.insert("key2", 3900, 1) == HoppingInsert::taken);
    REQUIRE(hops.watermark(6000) == AllClosed{{"key1", 1000, 4000, 2},
                                              {"key1", 2000, 5000, 2},
                                              {"key1", 3000, 6000, 2},
                                              {"key2", 1000, 4000, 5},
                                              {"key2", 2000, 5000, 4},
                                              {"key2", 3000, 6000, 1}});
    REQUIRE(hops.insert("key1", 3001, 1) == HoppingInsert::late);
    REQUIRE(hops.watermark(25'000).empty());
}

TEST_CASE("Beam: sliding windows", "[window_vectors]") {
    // apache/beam SlidingWindowsTest.testSimple, testSlightlyOverlapping (the size is no multiple of the slide),
    // testElidings (the slide is longer than the size) and testOffset. A value is its time, so that the sum tells which
    // events are inside.
    struct Case {
        std::int64_t size;
        std::int64_t slide;
        std::int64_t offset;
        std::vector<int> events;
        AllClosed open;
    };
    const std::vector<int> six{1, 2, 5, 9, 10, 11};
    for (const Case& c :
         {Case{10, 5, 0, six, {{"k", -5, 5, 3}, {"k", 0, 10, 17}, {"k", 5, 15, 35}, {"k", 10, 20, 21}}},
          Case{7, 5, 0, six, {{"k", -5, 2, 1}, {"k", 0, 7, 8}, {"k", 5, 12, 35}, {"k", 10, 17, 21}}},
          Case{3, 10, 0, {1, 2, 3, 5, 9, 10, 11, 100}, {{"k", 0, 3, 3}, {"k", 10, 13, 21}, {"k", 100, 103, 100}}},
          Case{10, 5, 2, six, {{"k", -8, 2, 1}, {"k", -3, 7, 8}, {"k", 2, 12, 37}, {"k", 7, 17, 30}}}}) {
        CAPTURE(c.size, c.slide, c.offset);
        KeyedHops<Hopping> hops{
            Hopping{weir::Duration{c.size}, weir::Duration{c.slide}, {.offset = weir::Duration{c.offset}}}};
        for (const int t : c.events) {
            const bool between = c.slide > c.size && t % c.slide >= c.size;
            REQUIRE(hops.insert("k", t, t) == (between ? HoppingInsert::between : HoppingInsert::taken));
        }
        REQUIRE(hops.open() == c.open);
        REQUIRE(hops.watermark(1000) == c.open);
    }
}

TEST_CASE("Flink: least and greatest of each event and the two before it", "[window_vectors]") {
    // apache/flink OverAggregateHarnessTest.testRowTimeBoundedRowsOver, its first 14 rows. They arrive in event-time
    // order, so that Flink's order, by event time and at one time by arrival, and ours, by arrival, are the same.
    const std::vector<RangeRow> rows{{"aaa", 1, 1, 1},    {"bbb", 10, 10, 10}, {"aaa", 2, 1, 2}, {"aaa", 3, 1, 3},
                                     {"bbb", 20, 10, 20}, {"aaa", 4, 2, 4},    {"aaa", 5, 3, 5}, {"aaa", 6, 4, 6},
                                     {"bbb", 30, 10, 30}, {"aaa", 7, 5, 7},    {"aaa", 8, 6, 8}, {"aaa", 9, 7, 9},
                                     {"aaa", 10, 8, 10},  {"bbb", 40, 20, 40}};
    const std::vector<std::int64_t> times{801,  2501, 4001, 4001, 4001,   4801,   6501,
                                          6501, 6501, 7001, 8001, 12'001, 12'001, 12'001};
    std::map<std::string, weir::CountWindow<weir::MinMax<int>>> windows;
    for (std::size_t i = 0; i != rows.size(); ++i) {
        const auto& [key, value, least, greatest] = rows[i];
        CAPTURE(key, value);
        auto& window = windows.try_emplace(key, 3U).first->second;
        window.insert(at(times[i]), static_cast<int>(value));
        REQUIRE(window.result() == weir::Bounds<int>{least, greatest});
    }
}

TEST_CASE("folly: buckets of 10 s in a window of 100 s", "[window_vectors]") {
    // facebook/folly TimeseriesTest BucketedTimeSeries.update100x10. Folly's bucket that has begun is one of its ten,
    // so that an event stays 90 to 100 s: 8, 4 and 0 are left at 110, 151 and 193 s. Ours stays 100 to 110 s.
    for (const std::int64_t offset : {0, 50'000, 370'000, 1'937'090'000}) {
        CAPTURE(offset);
        weir::PanedWindow<weir::Bundle<weir::Count, weir::Sum<int>>, std::chrono::seconds> window{100s, 10s};
        for (std::int64_t t = 5000; t <= 95'000; t += 10'000) {
            REQUIRE(window.insert(at(offset + t), 6));
        }
        for (const auto& [t, count] : {std::pair{95'000, 10},
                                       {109'998, 10},
                                       {110'000, 9},
                                       {151'000, 5},
                                       {150'000, 5},
                                       {193'000, 1},
                                       {197'000, 1},
                                       {199'999, 0},
                                       {230'000, 0}}) {
            window.advance_to(at(offset + t));
            REQUIRE(window.result() == std::tuple{std::uint64_t(count), std::int64_t{6} * count});
        }
    }
}
