// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/adapters/datasketches.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/count_window.hpp>
#include <weir/hopping_window.hpp>
#include <weir/paned_window.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>

using namespace std::chrono_literals;
using weir::Decimal;
using weir::DistinctSketch;
using weir::HeavyHitter;
using weir::HeavyHitters;

static_assert(weir::Mergeable<DistinctSketch<std::string>> && !weir::Removable<DistinctSketch<std::string>>);
static_assert(weir::Mergeable<HeavyHitters<int>> && !weir::Removable<HeavyHitters<int>>);
static_assert(std::same_as<weir::result_type_t<DistinctSketch<int>>, std::uint64_t>);

namespace {

weir::Timestamp at(std::int64_t t) { return weir::Timestamp{weir::Duration{t}}; }

using Random = std::mt19937_64;

/// Few large numbers, many small ones: value k with a chance of about 1 / k.
int skewed(Random& random) { return static_cast<int>(std::exp(static_cast<double>(random() % 1'000'000) / 1e6 * 11)); }

/// Whether what the sketch says of each value is true, and as near as it promises.
template <class Sketch>
std::string lie(const Sketch& sketch, const std::map<int, std::uint64_t>& counts) {
    std::uint64_t total = 0;
    for (const auto& [value, count] : counts) {
        total += count;
    }
    if (sketch.total() != total || sketch.empty() != (total == 0)) {
        return "total";
    }
    if (static_cast<double>(sketch.error()) > Sketch::epsilon * static_cast<double>(total)) {
        return "error";
    }
    for (const auto& [value, count] : counts) {
        const HeavyHitter<int> bounds = sketch.count_of(value);
        if (bounds.at_least > count || bounds.at_most < count || bounds.at_most - bounds.at_least > sketch.error()) {
            return "bounds";
        }
    }
    std::set<int> told;
    std::uint64_t before = UINT64_MAX;
    for (const auto& hitter : sketch.result()) {
        if (hitter.at_most > before || !(hitter == sketch.count_of(hitter.value)) || counts.count(hitter.value) == 0) {
            return "result";
        }
        before = hitter.at_most;
        told.insert(hitter.value);
    }
    for (const auto& [value, count] : counts) {
        if (count > sketch.error() && told.count(value) == 0) {
            return "a value missing";
        }
    }
    return "";
}

}  // namespace

TEST_CASE("an empty distinct sketch has seen nothing and keeps nothing", "[datasketches]") {
    DistinctSketch<std::string> sketch;
    REQUIRE(sketch.result() == 0);
    REQUIRE(sketch.heap_bytes() == 0);
    REQUIRE_FALSE(sketch.sketch());
    sketch.merge(DistinctSketch<std::string>{});
    REQUIRE(sketch.heap_bytes() == 0);
    sketch.add("");
    sketch.add(std::string_view{});
    REQUIRE(sketch.result() == 1);
    DistinctSketch<std::string> other;
    other.merge(sketch);
    REQUIRE(other.result() == 1);
}

TEST_CASE("what is equal is one, whatever its type", "[datasketches]") {
    DistinctSketch<double> doubles;
    for (const double x : {0.0, -0.0, 1.5, 1.5, std::nan("1"), std::nan("2")}) {
        doubles.add(x);
    }
    REQUIRE(doubles.result() == 3);
    DistinctSketch<Decimal> prices;
    prices.add(*Decimal::parse("1.50"));
    prices.add(*Decimal::parse("1.5"));
    prices.add(*Decimal::parse("-1.5"));
    REQUIRE(prices.result() == 2);
    DistinctSketch<std::int8_t> small;
    for (int i = 0; i != 1000; ++i) {
        small.add(static_cast<std::int8_t>(i));
    }
    REQUIRE(static_cast<double>(small.result()) == Approx(256).epsilon(0.02));
}

TEST_CASE("the number of distinct inputs is within five standard errors", "[datasketches]") {
    Random random{1};
    for (const std::size_t size : {10U, 100U, 1000U, 10'000U, 100'000U, 1'000'000U}) {
        DistinctSketch<std::uint64_t> sketch;
        DistinctSketch<std::uint64_t, 9> small;
        for (std::size_t i = 0; i != size; ++i) {
            const std::uint64_t x = random();
            for (int twice = 0; twice != 2; ++twice) {
                sketch.add(x);
                small.add(x);
            }
        }
        CAPTURE(size, sketch.result(), small.result());
        REQUIRE(std::abs(sketch.estimate() / static_cast<double>(size) - 1) < 5 * sketch.relative_error);
        REQUIRE(std::abs(small.estimate() / static_cast<double>(size) - 1) < 5 * small.relative_error);
        REQUIRE(sketch.heap_bytes() < 5000);
    }
    REQUIRE(DistinctSketch<int, 12>::relative_error == Approx(1.04 / 64));
    REQUIRE(DistinctSketch<int, 9>::relative_error == Approx(1.04 / std::sqrt(512)));
}

TEST_CASE("the error over many sketches is the one that is promised", "[datasketches]") {
    Random random{2};
    double squares = 0;
    constexpr int rounds = 400;
    constexpr int size = 20'000;
    for (int round = 0; round != rounds; ++round) {
        DistinctSketch<std::uint64_t, 9> sketch;
        for (int i = 0; i != size; ++i) {
            sketch.add(random());
        }
        const double error = sketch.estimate() / size - 1;
        squares += error * error;
    }
    // Of 400 sketches the standard deviation is known to 3.5 %.
    REQUIRE(std::sqrt(squares / rounds) < DistinctSketch<int, 9>::relative_error * 1.15);
    REQUIRE(std::sqrt(squares / rounds) > DistinctSketch<int, 9>::relative_error * 0.7);
}

TEST_CASE("equal sets have equal answers, in whatever order and by whatever merges they came", "[datasketches]") {
    Random random{3};
    for (const std::size_t size : {3U, 30U, 300U, 600U, 3000U, 30'000U}) {
        CAPTURE(size);
        std::vector<std::uint64_t> values(size);
        std::generate(values.begin(), values.end(), [&] { return random(); });
        DistinctSketch<std::uint64_t> in_order;
        for (const auto x : values) {
            in_order.add(x);
        }
        std::shuffle(values.begin(), values.end(), random);
        DistinctSketch<std::uint64_t> shuffled;
        std::vector<DistinctSketch<std::uint64_t>> parts(7);
        for (std::size_t i = 0; i != size; ++i) {
            shuffled.add(values[i]);
            parts[i % 7].add(values[i]);
            parts[i % 3].add(values[i]);
        }
        REQUIRE(shuffled.estimate() == in_order.estimate());
        while (parts.size() > 1) {
            const std::size_t i = random() % (parts.size() - 1);
            parts[i].merge(parts[i + 1]);
            parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i + 1));
        }
        REQUIRE(parts[0].estimate() == in_order.estimate());
    }
}

TEST_CASE("what a sketch of frequent values says is true, however it came together", "[datasketches]") {
    Random random{4};
    using Sketch = HeavyHitters<int, 6>;
    std::vector<Sketch> sketches(5);
    std::vector<std::map<int, std::uint64_t>> counts(5);
    REQUIRE(lie(sketches[0], counts[0]).empty());
    std::size_t merges = 0;
    for (int step = 0; step != 40'000; ++step) {
        const std::size_t i = random() % 5;
        const int value = skewed(random);
        sketches[i].add(value);
        ++counts[i][value];
        if (random() % 400 == 0) {
            const std::size_t j = random() % 5;
            if (i != j) {
                sketches[i].merge(sketches[j]);
                for (const auto& [x, count] : counts[j]) {
                    counts[i][x] += count;
                }
                sketches[j] = Sketch{};
                counts[j].clear();
                ++merges;
            }
        }
        if (step % 50 == 0) {
            const std::string wrong = lie(sketches[i], counts[i]);
            if (!wrong.empty()) {
                FAIL(wrong << " is wrong at step " << step);
            }
        }
    }
    REQUIRE(merges > 50);
    REQUIRE(sketches[0].error() + sketches[1].error() + sketches[2].error() > 0);
}

TEST_CASE("frequent values are exact while they fit, the most frequent first", "[datasketches]") {
    HeavyHitters<std::string> brands;
    REQUIRE(brands.result().empty());
    REQUIRE(brands.heap_bytes() == 0);
    REQUIRE(brands.count_of("acme").at_most == 0);
    for (const char* brand : {"acme", "zeta", "beta", "acme", "zeta", "", "acme"}) {
        brands.add(brand);
    }
    using Hitters = std::vector<HeavyHitter<std::string>>;
    REQUIRE(brands.result() == Hitters{{"acme", 3, 3}, {"zeta", 2, 2}, {"", 1, 1}, {"beta", 1, 1}});
    REQUIRE(brands.more_than(1) == Hitters{{"acme", 3, 3}, {"zeta", 2, 2}});
    REQUIRE(brands.error() == 0);
    REQUIRE(brands.total() == 7);
    REQUIRE(brands.heap_bytes() > 0);
}

TEST_CASE("sketches in windows are those of what is inside", "[datasketches]") {
    Random random{5};
    using Both = weir::Bundle<DistinctSketch<int>,
                              weir::Projected<weir::Field<[](int x) { return x % 40; }>, HeavyHitters<int>, int>>;
    weir::RollingWindow<DistinctSketch<int>> rolling{50ms};
    weir::PanedWindow<DistinctSketch<int>> panes{50ms, 1ms};
    weir::CountWindow<DistinctSketch<int>> last{60};
    weir::HoppingWindow<Both> hops{50ms, 7ms};
    weir::SessionWindow<weir::Duration, DistinctSketch<int>> sessions{2ms};
    std::vector<std::pair<std::int64_t, int>> rows;
    std::int64_t now = 0;
    std::size_t closed = 0;
    for (int step = 0; step != 3000; ++step) {
        now += static_cast<std::int64_t>(random() % 3);
        const int value = static_cast<int>(random() % 200);
        rolling.insert(at(now), value);
        panes.insert(at(now), value);
        last.insert(at(now), value);
        hops.insert(at(now), value);
        sessions.insert(at(now), value);
        rows.emplace_back(now, value);
        std::set<int> inside;
        std::set<int> newest;
        for (std::size_t i = rows.size(); i != 0 && rows[i - 1].first > now - 50; --i) {
            inside.insert(rows[i - 1].second);
        }
        for (std::size_t i = rows.size() - std::min<std::size_t>(60, rows.size()); i != rows.size(); ++i) {
            newest.insert(rows[i].second);
        }
        const auto close = [](std::uint64_t answer, std::size_t exact) {  // lists of coupons: all but exact
            return std::abs(static_cast<double>(answer) - static_cast<double>(exact)) <= 1;
        };
        if (!close(rolling.result(), inside.size()) || panes.result() != rolling.result() ||
            !close(last.result(), newest.size())) {
            FAIL("differs at step " << step);
        }
        hops.advance_to(at(now), [&](const auto& w) {
            std::set<int> distinct;
            std::map<int, std::uint64_t> counts;
            for (const auto& [t, x] : rows) {
                if (at(t) >= w.start && at(t) < w.end) {
                    distinct.insert(x);
                    ++counts[x % 40];
                }
            }
            const auto& [about, hitters] = w.aggregate.result();
            std::map<int, std::uint64_t> told;
            for (const auto& hitter : hitters) {
                told[hitter.value] = hitter.at_most;
            }
            ++closed;
            REQUIRE(close(about, distinct.size()));
            REQUIRE(told == counts);
        });
        sessions.advance_to(at(now), [](const auto&) {});
    }
    REQUIRE(closed > 100);
}
