// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/variance.hpp>

#include <cmath>
#include <limits>

#include "random_stream.hpp"

using weir::Decimal;
using weir::Variance;

static_assert(weir::Mergeable<Variance<double>> && !weir::Removable<Variance<double>>);
static_assert(weir::Mergeable<Variance<int>> && !weir::Removable<Variance<int>>);
static_assert(sizeof(Variance<double>) == 24);

TEST_CASE("sample variance needs two inputs, population variance one", "[variance]") {
    Variance<double> price;
    REQUIRE_FALSE(price.result());
    REQUIRE_FALSE(price.population());
    REQUIRE_FALSE(price.mean());
    price.add(1);
    REQUIRE_FALSE(price.result());
    REQUIRE(price.population() == 0.0);
    price.add(3);
    REQUIRE(price.result() == 2.0);
    REQUIRE(price.population() == 1.0);
    REQUIRE(price.mean() == 2.0);
    price.merge(Variance<double>{});
    REQUIRE(price.result() == 2.0);
    Variance<double> empty;
    empty.merge(price);
    REQUIRE(empty.result() == 2.0);
    REQUIRE(empty.count() == 2);
}

TEST_CASE("a small spread around a large mean is not lost", "[variance]") {
    Variance<double> variance;
    Variance<double> later;
    for (const double x : {4.0, 7.0, 13.0, 16.0}) {
        variance.add(1e9 + x);
        later.add(1e9 + x);
    }
    REQUIRE(variance.result() == Approx(30.0).epsilon(1e-9));
    variance.merge(later);
    REQUIRE(variance.population() == Approx(22.5).epsilon(1e-9));
}

TEST_CASE("decimals and integers are taken as doubles", "[variance]") {
    Variance<Decimal> price;
    price.add(*Decimal::parse("0.5"));
    price.add(*Decimal::parse("1.5"));
    REQUIRE(price.result() == 0.5);
    Variance<bool> flags;
    flags.add(true);
    flags.add(false);
    REQUIRE(flags.population() == 0.25);
}

TEST_CASE("a NaN or an infinity makes variance and mean NaN", "[variance]") {
    for (const double x : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
        Variance<double> variance;
        variance.add(1);
        variance.add(x);
        variance.add(2);
        REQUIRE(std::isnan(*variance.result()));
        REQUIRE(std::isnan(*variance.population()));
        REQUIRE(std::isnan(*variance.mean()));
        Variance<double> merged;
        merged.add(1);
        merged.merge(variance);
        REQUIRE(std::isnan(*merged.result()));
        REQUIRE(merged.count() == 4);
    }
}

TEST_CASE("variances equal the two-pass ones of the inputs that are left", "[variance]") {
    weir_tests::compare_with_model<Variance<double>>(
        {.steps = 50'000}, [](auto& random) { return 1e6 + static_cast<double>(random() % 10'000) / 100; },
        [](const auto& variance, const auto& inputs) {
            long double mean = 0;
            for (const auto& input : inputs) {
                mean += static_cast<long double>(input.value) / static_cast<long double>(inputs.size());
            }
            long double squares = 0;
            for (const auto& input : inputs) {
                squares +=
                    (static_cast<long double>(input.value) - mean) * (static_cast<long double>(input.value) - mean);
            }
            const auto n = static_cast<long double>(inputs.size());
            const auto close = [](std::optional<double> a, bool there, long double b) {
                return a.has_value() == there &&
                       (!a || std::abs(static_cast<long double>(*a) - b) <= 1e-6L + b * 1e-9L);
            };
            return close(variance.result(), inputs.size() > 1, squares / (n - 1)) &&
                   close(variance.population(), !inputs.empty(), squares / n) &&
                   close(variance.mean(), !inputs.empty(), mean);
        });
}
