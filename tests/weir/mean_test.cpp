// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/mean.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

#include "random_stream.hpp"

using weir::Decimal;
using weir::Mean;

static_assert(weir::Removable<Mean<int>> && weir::Mergeable<Mean<int>>);
static_assert(weir::Removable<Mean<Decimal>> && weir::Mergeable<Mean<Decimal>>);
static_assert(weir::Removable<Mean<double>> && weir::Mergeable<Mean<double>>);
static_assert(std::same_as<weir::result_type_t<Mean<float>>, std::optional<double>>);

TEST_CASE("an empty mean is nothing, also after the last input has left", "[mean]") {
    REQUIRE_FALSE(Mean<double>{}.result());
    Mean<Decimal> price;
    REQUIRE_FALSE(price.result());
    price.add(Decimal{3});
    REQUIRE(price.result() == 3.0);
    REQUIRE(price.count() == 1);
    price.remove(Decimal{3});
    REQUIRE_FALSE(price.result());
    REQUIRE(price == Mean<Decimal>{});
}

TEST_CASE("a mean of decimals is the nearest double", "[mean]") {
    Mean<Decimal> price;
    price.add(*Decimal::parse("0.1"));
    price.add(*Decimal::parse("0.2"));
    price.add(*Decimal::parse("0.3"));
    REQUIRE(price.result() == 0.2);  // in binary (0.1 + 0.2 + 0.3) / 3 is 0.20000000000000004
}

TEST_CASE("a mean of integers does not overflow", "[mean]") {
    Mean<std::int64_t> mean;
    mean.add(std::numeric_limits<std::int64_t>::max());
    mean.add(std::numeric_limits<std::int64_t>::max());
    REQUIRE(mean.result() == 9223372036854775807.0);
    Mean<std::int64_t> low;
    low.add(std::numeric_limits<std::int64_t>::min());
    low.add(std::numeric_limits<std::int64_t>::min());
    mean.merge(low);
    REQUIRE(mean.result() == -0.5);
}

TEST_CASE("a mean of doubles is NaN with a NaN and infinite once the total is", "[mean]") {
    Mean<double> mean;
    mean.add(1);
    mean.add(std::numeric_limits<double>::quiet_NaN());
    REQUIRE(std::isnan(*mean.result()));
    Mean<double> large;
    large.add(1e308);
    large.add(1e308);
    REQUIRE(large.result() == std::numeric_limits<double>::infinity());
}

TEST_CASE("means equal those of the inputs that are left", "[mean]") {
    const auto agrees = [](const auto& mean, const auto& inputs) {
        long double sum = 0;
        for (const auto& input : inputs) {
            if constexpr (requires { input.value.millionths(); }) {
                sum += static_cast<long double>(input.value.millionths());
            } else {
                sum += static_cast<long double>(input.value);
            }
        }
        const auto result = mean.result();
        if (inputs.empty() || !result) {
            return inputs.empty() && !result;
        }
        auto divisor = static_cast<long double>(inputs.size());
        if constexpr (std::same_as<weir::value_type_t<std::remove_cvref_t<decltype(mean)>>, Decimal>) {
            divisor *= static_cast<long double>(Decimal::scale);
        }
        const auto expected = static_cast<double>(sum / divisor);
        return std::abs(*result - expected) <= std::abs(expected) * 3e-16;
    };
    weir_tests::compare_with_model<Mean<std::int32_t>>(
        {.steps = 30'000}, [](auto& random) { return static_cast<std::int32_t>(random()); }, agrees);
    weir_tests::compare_with_model<Mean<Decimal>>(
        {.steps = 30'000}, [](auto& random) { return Decimal::from_millionths(static_cast<int>(random())); }, agrees);
    weir_tests::compare_with_model<Mean<double>>(
        {.steps = 30'000}, [](auto& random) { return std::ldexp(static_cast<double>(random() >> 11), -30); }, agrees);
}
