// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/quantile_sketch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ratio>
#include <vector>

#include <weir/paned_window.hpp>
#include <weir/rolling_window.hpp>

#include "random_stream.hpp"

using weir::Decimal;
using weir::Quantile;
using weir::QuantileSketch;
using weir_tests::at;

static_assert(weir::Removable<QuantileSketch<double>> && weir::Mergeable<QuantileSketch<double>>);
static_assert(weir::Removable<Quantile<int>> && weir::Mergeable<Quantile<int>>);
static_assert(std::same_as<weir::result_type_t<Quantile<int>>, std::optional<double>>);
static_assert(sizeof(QuantileSketch<double>) == 32);

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Within `accuracy` of the input of that rank, for some ranks; `values` without NaN.
template <class Sketch>
bool within_accuracy(const Sketch& sketch, std::vector<double> values) {
    std::sort(values.begin(), values.end());
    if (sketch.size() != values.size() || sketch.quantile(0.5).has_value() == values.empty()) {
        return false;
    }
    for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0}) {
        if (values.empty()) {
            break;
        }
        const double exact = values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
        const double answer = *sketch.quantile(q);
        const bool close =
            answer == exact || std::abs(answer - exact) <= std::abs(exact) * Sketch::accuracy * (1 + 1e-9);
        if (!close) {
            return false;
        }
    }
    return true;
}

template <class Inputs>
std::vector<double> values_of(const Inputs& inputs) {
    std::vector<double> values;
    for (const auto& input : inputs) {
        if (input.value == input.value) {
            values.push_back(static_cast<double>(input.value));
        }
    }
    return values;
}

/// Magnitudes from all over what a double can be, both signs, zeros, infinities and NaN.
double any_double(weir_tests::Random& random) {
    switch (weir_tests::pick(random, 20)) {
        case 0:
            return 0;
        case 1:
            return infinity;
        case 2:
            return -infinity;
        case 3:
            return not_a_number;
        case 4:
            return std::numeric_limits<double>::denorm_min();
        case 5:
            return std::numeric_limits<double>::max();
        case 6:
            return std::numeric_limits<double>::lowest();
        default: {
            const double sign = random() % 2 == 0 ? 1 : -1;
            const auto fraction = 1 + static_cast<double>(random() >> 12) / 4503599627370496.0;
            return sign * std::ldexp(fraction, static_cast<int>(random() % 2000) - 1000);
        }
    }
}

}  // namespace

TEST_CASE("an empty quantile sketch has no quantile", "[quantile_sketch]") {
    QuantileSketch<double> sketch;
    REQUIRE_FALSE(sketch.quantile(0.5));
    REQUIRE(sketch.memory_in_use() == 0);
    sketch.add(not_a_number);
    REQUIRE_FALSE(sketch.quantile(0.5));
    REQUIRE(sketch.empty());
    REQUIRE_FALSE(Quantile<double>{}.result());
}

TEST_CASE("a quantile is within the accuracy of the input of its rank", "[quantile_sketch]") {
    QuantileSketch<int> sketch;
    for (int i = 1; i <= 1000; ++i) {
        sketch.add(i);
    }
    REQUIRE(*sketch.quantile(0) == Approx(1).epsilon(0.01));
    REQUIRE(*sketch.quantile(0.5) == Approx(500).epsilon(0.01));
    REQUIRE(*sketch.quantile(0.99) == Approx(990).epsilon(0.01));
    REQUIRE(*sketch.quantile(1) == Approx(1000).epsilon(0.01));
    REQUIRE(sketch.size() == 1000);
    REQUIRE(sketch.buckets() <= 350);

    Quantile<Decimal, std::ratio<1, 2>, std::ratio<1, 1000>> median;
    median.add(*Decimal::parse("-9.99"));
    median.add(*Decimal::parse("-5"));
    median.add(*Decimal::parse("100"));
    REQUIRE(*median.result() == Approx(-5).epsilon(0.001));
    REQUIRE(*median.sketch().quantile(0) == Approx(-9.99).epsilon(0.001));
}

TEST_CASE("zero and infinities are exact, NaN is passed over", "[quantile_sketch]") {
    QuantileSketch<double> sketch;
    for (const double x : {infinity, -infinity, 0.0, -0.0, not_a_number}) {
        sketch.add(x);
    }
    REQUIRE(sketch.size() == 4);
    REQUIRE(*sketch.quantile(0) == -infinity);
    REQUIRE(*sketch.quantile(0.5) == 0.0);
    REQUIRE(*sketch.quantile(1) == infinity);
    for (const double x : {infinity, -infinity, 0.0, -0.0, not_a_number}) {
        sketch.remove(x);
    }
    REQUIRE(sketch == QuantileSketch<double>{});
    REQUIRE(sketch.memory_in_use() == 0);
}

TEST_CASE("quantiles are within their accuracy on random streams of all doubles", "[quantile_sketch]") {
    const auto agrees = [](const auto& sketch, const auto& inputs) {
        return within_accuracy(sketch, values_of(inputs));
    };
    weir_tests::compare_with_model<QuantileSketch<double>>({.steps = 20'000}, any_double, agrees);
    weir_tests::compare_with_model<QuantileSketch<double, std::ratio<1, 10'000>>>({.steps = 10'000}, any_double,
                                                                                  agrees);
    weir_tests::compare_with_model<QuantileSketch<double, std::ratio<1, 2>>>({.steps = 10'000}, any_double, agrees);
    weir_tests::compare_with_model<QuantileSketch<std::int64_t>>(
        {.steps = 20'000}, [](auto& random) { return static_cast<std::int64_t>(random() >> (random() % 64)); }, agrees);
}

TEST_CASE("equal inputs make equal quantile sketches, however they came together", "[quantile_sketch]") {
    weir_tests::compare_with_model<QuantileSketch<double>>(
        {.steps = 20'000}, any_double, [](const auto& sketch, const auto& inputs) {
            QuantileSketch<double> fresh;
            for (auto input = inputs.rbegin(); input != inputs.rend(); ++input) {
                fresh.add(input->value);
            }
            return sketch == fresh;
        });
}

TEST_CASE("a large sketch keeps its accuracy in little memory", "[quantile_sketch]") {
    weir_tests::Random random{7};
    QuantileSketch<double> sketch;
    QuantileSketch<double> halves[2];
    std::vector<double> values;
    for (int i = 0; i != 200'000; ++i) {  // log-normal: latencies around e^3 = 20 ms
        double normal = -6;
        for (int k = 0; k != 12; ++k) {
            normal += static_cast<double>(random() >> 11) / 9007199254740992.0;
        }
        const double x = std::exp(3 + normal);
        sketch.add(x);
        halves[i % 2].add(x);
        values.push_back(x);
    }
    REQUIRE(within_accuracy(sketch, values));
    REQUIRE(sketch.memory_in_use() < 20'000);
    halves[0].merge(halves[1]);
    REQUIRE(halves[0] == sketch);
}

TEST_CASE("quantiles in windows are those of what is inside", "[quantile_sketch]") {
    weir::RollingWindow<Quantile<double>> exact{std::chrono::milliseconds{100}};
    weir::PanedWindow<Quantile<double>> panes{std::chrono::milliseconds{100}, std::chrono::milliseconds{1}};
    weir_tests::Random random{11};
    for (int t = 0; t != 5000; ++t) {
        const auto x = static_cast<double>(random() % 100'000) + (t > 2500 ? 1e9 : 0);
        exact.insert(at(t), x);
        panes.insert(at(t), x);
        if (exact.result() != panes.result()) {
            FAIL("differs at " << t);
        }
        if (t == 2400 || t == 2601) {
            REQUIRE((*exact.result() > 1e8) == (t > 2500));
        }
    }
}
