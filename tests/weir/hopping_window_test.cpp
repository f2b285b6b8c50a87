// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/hopping_window.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>
#include <weir/keyed_windows.hpp>

#include "slow_hopping.hpp"

using namespace std::chrono_literals;
using weir::HoppingInsert;
using weir::HoppingOptions;
using weir::HoppingWindow;
using weir::Timestamp;
using weir_tests::at;
using weir_tests::pick;
using weir_tests::Random;
using weir_tests::RandomTimes;

namespace {

using Values =
    weir::Bundle<weir::Sum<int>, weir::First<int>, weir::Last<int>, weir::MinMax<int>, weir::OrderedDistinct<int>>;

/// Every input in event-time order: can neither remove nor merge.
struct Everything {
    using value_type = int;
    static constexpr bool is_order_dependent = true;
    void add(int x) { values.push_back(x); }
    [[nodiscard]] const std::vector<int>& result() const { return values; }
    std::vector<int> values;
};
static_assert(!weir::Mergeable<Everything>);

/// As far as it counts merges, so that their number can be bounded.
struct CountedMerges {
    using value_type = weir::None;
    static inline std::uint64_t merges = 0;
    void add(weir::None) { ++count; }
    void merge(const CountedMerges& later) {
        ++merges;
        count += later.count;
    }
    [[nodiscard]] std::uint64_t result() const { return count; }
    std::uint64_t count = 0;
};

using Slow = weir_tests::SlowHopping<int>;
using weir_tests::all_same;
using weir_tests::difference;

struct HoppingShape {
    weir::Duration size;
    weir::Duration slide;
    HoppingOptions options{};
    std::int64_t behind = 0;  // how far the watermark stays behind the latest event
    std::int64_t start = 0;
    bool all_outcomes = true;
    std::size_t steps = 20'000;
    std::size_t most = 60;  // events in the model's open windows
};

template <class T>
void compare_hopping(const HoppingShape& shape) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed, shape.size.count(), shape.slide.count(), shape.options.offset.count(),
            shape.options.lateness.count());
    Random random{seed};
    HoppingWindow<T> fast{shape.size, shape.slide, shape.options};
    Slow slow{shape.size, shape.slide, shape.options};
    RandomTimes times{shape.start};
    std::map<HoppingInsert, std::size_t> outcomes;
    std::size_t closings = 0;
    const std::size_t per_event =
        static_cast<std::size_t>(shape.size.count() / std::min(shape.size.count(), shape.slide.count())) + 1;

    for (std::size_t step = 0; step != shape.steps; ++step) {
        std::size_t held = 0;
        for (const auto& [start, rows] : slow.open()) {
            held += rows.size();
        }
        const bool full = held >= shape.most * per_event;
        if (pick(random, 4) != 0 && !full) {
            const auto t = at(times.next(random));
            const int value = static_cast<int>(pick(random, 9));
            const HoppingInsert outcome = fast.insert(t, value);
            ++outcomes[outcome];
            if (outcome != slow.insert(t, value)) {
                FAIL("the outcome of an insert differs at step " << step);
            }
        } else {
            Timestamp now = at(times.latest() - shape.behind + RandomTimes::between(random, -30, 30));
            if (const auto due = fast.next_due(); due && (full || pick(random, 3) == 0)) {
                now = *due - weir::Duration{full ? 0 : pick(random, 2)};
                times.leap(now.time_since_epoch().count());
            }
            std::vector<weir::TimeWindow<T>> closed;
            fast.advance_to(now, [&](const auto& window) { closed.push_back(window); });
            const auto expected = slow.advance_to(now);
            if (!all_same(closed, expected, slow)) {
                FAIL("what closes differs at step " << step);
            }
            closings += closed.size();
        }
        if (pick(random, 100) == 0) {
            HoppingWindow<T> copy = fast;
            fast = HoppingWindow<T>{shape.size, shape.slide, shape.options};
            fast = std::move(copy);
        }
        const std::string differs = difference(fast, slow);
        if (!differs.empty()) {
            FAIL(differs << " differs at step " << step);
        }
    }
    REQUIRE(closings > 100);
    REQUIRE(outcomes[HoppingInsert::taken] > 100);
    if (shape.all_outcomes) {
        REQUIRE(outcomes[HoppingInsert::late] > 20);
        REQUIRE((outcomes[HoppingInsert::partly_late] > 20 || shape.slide >= shape.size));
    }
    REQUIRE((outcomes[HoppingInsert::between] > 20) == (shape.slide > shape.size));
    fast.advance_to(Timestamp::max(), [](const auto&) {});
    REQUIRE(fast.empty());
    REQUIRE(fast.memory_in_use() <= 4 * sizeof(weir::detail::Slice<T>));
}

/// start, end, result of what is handed over.
using Handed = std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>;

template <class W>
Handed advance(W& window, Timestamp now) {
    Handed handed;
    window.advance_to(now, [&](const auto& w) {
        handed.emplace_back(w.start.time_since_epoch().count(), w.end.time_since_epoch().count(),
                            static_cast<std::int64_t>(w.aggregate.result()));
    });
    return handed;
}

}  // namespace

TEST_CASE("an event counts in every window that it falls into, the start included, the end excluded",
          "[hopping_window]") {
    HoppingWindow<weir::Sum<int>, std::chrono::seconds, std::chrono::seconds> sums{10s, 5s};
    REQUIRE(sums.insert(at(5000), 1) == HoppingInsert::taken);
    REQUIRE(sums.insert(at(9999), 2) == HoppingInsert::taken);
    REQUIRE(sums.insert(at(10'000), 4) == HoppingInsert::taken);
    REQUIRE(sums.next_due() == at(10'000));
    REQUIRE(advance(sums, at(9999)).empty());
    REQUIRE(advance(sums, at(10'000)) == Handed{{0, 10'000, 3}});
    REQUIRE(advance(sums, at(100'000)) == Handed{{5000, 15'000, 7}, {10'000, 20'000, 4}});
    REQUIRE(advance(sums, at(50)).empty());
    REQUIRE(sums.now() == at(100'000));
    REQUIRE(sums.empty());
    REQUIRE_FALSE(sums.next_due());
    REQUIRE(sums.size() == 10s);
    REQUIRE(sums.slide() == 5s);
}

TEST_CASE("late is told by the windows, not by the event", "[hopping_window]") {
    HoppingWindow<weir::Count> counts{30ms, 10ms, {.lateness = 5ms}};
    REQUIRE(counts.insert(at(12)) == HoppingInsert::taken);
    REQUIRE(advance(counts, at(14)).empty());
    REQUIRE(counts.insert(at(3)) == HoppingInsert::taken);  // behind event time, its windows are open
    REQUIRE(advance(counts, at(35)) == Handed{{-20, 10, 1}, {-10, 20, 2}, {0, 30, 2}});
    REQUIRE(counts.insert(at(13)) == HoppingInsert::partly_late);
    REQUIRE(counts.insert(at(9)) == HoppingInsert::late);
    REQUIRE(counts.insert(at(-100)) == HoppingInsert::late);
    REQUIRE(advance(counts, at(55)) == Handed{{10, 40, 2}});  // and that at 3 was in no window from 10 on
    REQUIRE(counts.lateness() == 5ms);
}

TEST_CASE("an event between windows is of none", "[hopping_window]") {
    HoppingWindow<weir::Count> counts{3ms, 10ms};
    REQUIRE(counts.insert(at(-10)) == HoppingInsert::taken);
    REQUIRE(counts.insert(at(-8)) == HoppingInsert::taken);
    REQUIRE(counts.insert(at(-7)) == HoppingInsert::between);
    REQUIRE(counts.insert(at(-1)) == HoppingInsert::between);
    REQUIRE(counts.insert(at(0)) == HoppingInsert::taken);
    REQUIRE(advance(counts, at(50)) == Handed{{-10, -7, 2}, {0, 3, 1}});
    REQUIRE(counts.insert(at(1)) == HoppingInsert::late);
    REQUIRE(counts.insert(at(5)) == HoppingInsert::between);
}

TEST_CASE("an offset shifts where windows start, by no more than a slide", "[hopping_window]") {
    for (const auto offset : {2ms, 12ms, -8ms, -1008ms}) {
        CAPTURE(offset.count());
        HoppingWindow<weir::Count> counts{10ms, 10ms, {.offset = offset}};
        REQUIRE(counts.offset() == 2ms);
        REQUIRE(counts.insert(at(1)) == HoppingInsert::taken);
        REQUIRE(counts.insert(at(2)) == HoppingInsert::taken);
        REQUIRE(advance(counts, at(100)) == Handed{{-8, 2, 1}, {2, 12, 1}});
    }
}

TEST_CASE("a hopping window that is none is refused", "[hopping_window]") {
    using Window = HoppingWindow<weir::Count>;
    REQUIRE_THROWS_AS((Window{0ms, 1ms}), std::invalid_argument);
    REQUIRE_THROWS_AS((Window{1ms, 0ms}), std::invalid_argument);
    REQUIRE_THROWS_AS((Window{1ms, -1ms}), std::invalid_argument);
    REQUIRE_THROWS_AS((Window{1ms, 1ms, {.lateness = -1ms}}), std::invalid_argument);
}

TEST_CASE("a gap of a million years is one step", "[hopping_window]") {
    // Enumerating its windows would take longer than anybody waits.
    HoppingWindow<weir::Sum<int>> sums{3ms, 1ms};
    const std::int64_t later = 31'556'952'000LL * 1'000'000;
    sums.insert(at(-later), 1);
    sums.insert(at(later), 2);
    REQUIRE(advance(sums, at(later)) ==
            Handed{{-later - 2, -later + 1, 1}, {-later - 1, -later + 2, 1}, {-later, -later + 3, 1}});
    REQUIRE(advance(sums, at(2 * later)).size() == 3);
}

TEST_CASE("a window closes with a bounded number of merges, whatever its number of slices", "[hopping_window]") {
    CountedMerges::merges = 0;
    HoppingWindow<CountedMerges> counts{1000ms, 1ms};
    const std::uint64_t events = 20'000;
    std::uint64_t windows = 0;
    std::uint64_t counted = 0;
    for (std::uint64_t i = 0; i != events; ++i) {
        counts.insert(at(static_cast<std::int64_t>(i)));
        counts.advance_to(at(static_cast<std::int64_t>(i)), [&](const auto& w) {
            ++windows;
            counted += w.aggregate.result();
        });
    }
    counts.advance_to(Timestamp::max(), [&](const auto& w) {
        ++windows;
        counted += w.aggregate.result();
    });
    REQUIRE(windows == events + 999);
    REQUIRE(counted == events * 1000);
    REQUIRE(CountedMerges::merges < windows * 4);  // 1000 times that if each window merged its slices
}

TEST_CASE("where a caller throws, the next window is handed over next", "[hopping_window]") {
    HoppingWindow<weir::Count> counts{10ms, 5ms, {.lateness = 3ms}};
    counts.insert(at(7));
    counts.insert(at(12));
    Handed handed;
    for (int round = 0; round != 4; ++round) {
        try {
            counts.advance_to(at(1000), [&](const auto& w) {
                handed.emplace_back(w.start.time_since_epoch().count(), w.end.time_since_epoch().count(),
                                    static_cast<std::int64_t>(w.size));
                throw std::runtime_error{"full"};
            });
        } catch (const std::runtime_error&) {
            REQUIRE(counts.now() < at(1000));
        }
    }
    REQUIRE(handed == Handed{{0, 10, 1}, {5, 15, 2}, {10, 20, 1}});
    REQUIRE(counts.now() == at(1000));
}

TEST_CASE("hopping windows stand at both ends of time", "[hopping_window]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    for (int round = 0; round != 600; ++round) {
        const weir::Duration slide{round % 7 == 0 ? weir::Duration::max() : weir::Duration{1 + pick(random, 12)}};
        const weir::Duration size = round % 5 == 0 && slide > 1000ms ? weir::Duration::max() - weir::Duration{round}
                                                                     : weir::Duration{1 + pick(random, 30)};
        const HoppingOptions options{weir::Duration{static_cast<std::int64_t>(random())},
                                     round % 3 == 0 ? weir::Duration::max() : weir::Duration{round % 9}};
        CAPTURE(slide.count(), size.count(), options.offset.count(), options.lateness.count());
        HoppingWindow<Values> fast{size, slide, options};
        Slow slow{size, slide, options};
        for (int step = 0; step != 40; ++step) {
            const weir::Duration near{static_cast<std::int64_t>(pick(random, 60))};
            const Timestamp t = step < 20 && round % 2 == 0 ? Timestamp::min() + near : Timestamp::max() - near;
            if (pick(random, 4) == 0) {
                std::vector<weir::TimeWindow<Values>> closed;
                fast.advance_to(t, [&](const auto& window) { closed.push_back(window); });
                if (!all_same(closed, slow.advance_to(t), slow)) {
                    FAIL("what closes differs in round " << round << " at step " << step);
                }
            } else if (fast.insert(t, step) != slow.insert(t, step)) {
                FAIL("an outcome differs in round " << round << " at step " << step);
            }
            const std::string differs = difference(fast, slow);
            if (!differs.empty()) {
                FAIL(differs << " differs in round " << round << " at step " << step);
            }
        }
    }
}

TEST_CASE("hopping windows equal those that keep every event for each window", "[hopping_window]") {
    compare_hopping<Values>({.size = 100ms, .slide = 50ms});
    compare_hopping<Values>({.size = 100ms, .slide = 30ms, .options = {.offset = 17ms, .lateness = 60ms}});
    compare_hopping<Values>({.size = 70ms, .slide = 50ms, .options = {.offset = -3ms}, .behind = 100});
    compare_hopping<Values>({.size = 300ms, .slide = 7ms, .options = {.lateness = 40ms}, .steps = 8000, .most = 40});
    compare_hopping<Values>({.size = 3ms, .slide = 10ms, .start = -1'000'000'000'000});
    compare_hopping<Values>({.size = 400ms, .slide = 400ms, .behind = 200});
    compare_hopping<Values>({.size = 1ms, .slide = 1ms, .behind = 100});
}

TEST_CASE("hopping windows of what cannot be merged are computed from their events", "[hopping_window]") {
    compare_hopping<Everything>({.size = 100ms, .slide = 30ms, .options = {.offset = 17ms, .lateness = 60ms}});
    compare_hopping<Everything>({.size = 3ms, .slide = 10ms});
    compare_hopping<Everything>({.size = 200ms, .slide = 20ms, .steps = 8000});
}

TEST_CASE("a hopping window takes whatever its aggregate takes", "[hopping_window]") {
    struct Page {};
    HoppingWindow<weir::Count> visits{30ms, 10ms};
    REQUIRE(visits.insert(at(0), Page{}) == HoppingInsert::taken);
    REQUIRE(visits.insert(at(1), std::string{"page"}) == HoppingInsert::taken);
    REQUIRE(visits.insert(at(1)) == HoppingInsert::taken);
    REQUIRE(visits.memory_in_use() > 0);
    REQUIRE(advance(visits, at(10)) == Handed{{-20, 10, 3}});

    HoppingWindow<weir::Top<std::string>> brands{30ms, 10ms};
    brands.insert(at(0), std::string_view{"acme"});
    brands.for_each_open([](const auto& w) { REQUIRE(w.aggregate.result() == "acme"); });
}

TEST_CASE("hopping windows by key close when they are due", "[hopping_window]") {
    struct State {
        HoppingWindow<weir::Sum<int>> window;
        std::vector<weir::TimeWindow<weir::Sum<int>>> closed{};  // not drained yet

        bool advance_to(Timestamp now) {
            const std::size_t before = closed.size();
            window.advance_to(now, [&](const auto& w) { closed.push_back(w); });
            return closed.size() != before;
        }
        [[nodiscard]] bool forgettable() const { return window.forgettable(); }
        [[nodiscard]] auto next_due() const { return window.next_due(); }
        [[nodiscard]] std::size_t memory_in_use() const {
            return window.memory_in_use() + closed.capacity() * sizeof(weir::TimeWindow<weir::Sum<int>>);
        }
    };
    weir::KeyedWindows<std::string, State> sales{State{HoppingWindow<weir::Sum<int>>{10ms, 5ms}}};
    const auto sell = [&](const char* key, std::int64_t t, int value) {
        return sales.update(std::string_view{key},
                            [&](State& state) { return state.window.insert(at(t), value) != HoppingInsert::late; });
    };
    std::map<std::string, Handed> handed;
    const auto drain = [&] {
        sales.drain([&](const std::string& key, State& state) {
            for (const auto& w : state.closed) {
                handed[key].emplace_back(w.start.time_since_epoch().count(), w.end.time_since_epoch().count(),
                                         w.aggregate.result());
            }
            state.closed.clear();
        });
    };
    REQUIRE(sell("ada", 3, 1));
    REQUIRE(sell("bob", 8, 2));
    REQUIRE(sell("ada", 12, 4));
    drain();
    REQUIRE(sales.next_due() == at(5));
    sales.advance_to(at(10));
    drain();
    REQUIRE(handed == std::map<std::string, Handed>{{"ada", {{-5, 5, 1}, {0, 10, 1}}}, {"bob", {{0, 10, 2}}}});
    REQUIRE(sales.size() == 2);
    REQUIRE_FALSE(sell("bob", 4, 8));
    sales.advance_to(at(1'000'000));
    drain();
    REQUIRE(handed["ada"] == Handed{{-5, 5, 1}, {0, 10, 1}, {5, 15, 4}, {10, 20, 4}});
    REQUIRE(handed["bob"] == Handed{{0, 10, 2}, {5, 15, 2}});
    REQUIRE(sales.size() == 0);
}
