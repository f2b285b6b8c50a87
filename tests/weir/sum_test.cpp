// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/sum.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

#include "random_stream.hpp"

using weir::Decimal;
using weir::Sum;

namespace {

struct Vector {
    double x = 0;
    double y = 0;
    Vector& operator+=(const Vector& other) {
        x += other.x;
        y += other.y;
        return *this;
    }
};

}  // namespace

static_assert(weir::Removable<Sum<int>> && weir::Mergeable<Sum<int>>);
static_assert(weir::Removable<Sum<std::uint8_t>> && weir::Removable<Sum<bool>>);
static_assert(weir::Removable<Sum<Decimal>> && weir::Mergeable<Sum<Decimal>>);
static_assert(weir::Removable<Sum<std::chrono::milliseconds>>);
static_assert(weir::Removable<Sum<double>> && weir::Mergeable<Sum<double>> && weir::Removable<Sum<float>>);
static_assert(!weir::Removable<Sum<long double>> && weir::Mergeable<Sum<long double>>);
static_assert(!weir::Removable<Sum<std::chrono::duration<double>>>);
static_assert(!weir::Removable<Sum<Vector>> && weir::Mergeable<Sum<Vector>>);
static_assert(std::same_as<weir::result_type_t<Sum<short>>, std::int64_t>);
static_assert(std::same_as<weir::result_type_t<Sum<unsigned char>>, std::uint64_t>);
static_assert(std::same_as<weir::result_type_t<Sum<float>>, double>);
static_assert(sizeof(Sum<int>) == 16 && sizeof(Sum<double>) == 24 && sizeof(Sum<Decimal>) == 16);

TEST_CASE("an empty sum is 0", "[sum]") {
    REQUIRE(Sum<int>{}.result() == 0);
    REQUIRE(Sum<double>{}.result() == 0.0);
    REQUIRE(Sum<Decimal>{}.result() == Decimal{});
}

TEST_CASE("a sum of integers is the nearest 64-bit number while it does not fit, and exact again after", "[sum]") {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    Sum<std::int64_t> sum;
    for (int i = 0; i != 5; ++i) {
        sum.add(most);
    }
    REQUIRE(sum.result() == most);
    for (int i = 0; i != 4; ++i) {
        sum.remove(most);
    }
    sum.add(-7);
    REQUIRE(sum.result() == most - 7);
    for (int i = 0; i != 3; ++i) {
        sum.add(least);
    }
    REQUIRE(sum.result() == least);

    Sum<std::uint64_t> positive;
    positive.add(std::numeric_limits<std::uint64_t>::max());
    positive.add(1);
    REQUIRE(positive.result() == std::numeric_limits<std::uint64_t>::max());
    REQUIRE(positive.wide() == (Sum<int>::Wide{1} << 64));
}

TEST_CASE("a sum of durations is the nearest duration while it does not fit, and exact again after", "[sum]") {
    using std::chrono::milliseconds;
    Sum<milliseconds> sum;
    REQUIRE(sum.result() == milliseconds{0});
    sum.add(milliseconds::max());
    sum.add(milliseconds{5});
    REQUIRE(sum.result() == milliseconds::max());
    sum.remove(milliseconds::max());
    REQUIRE(sum.result() == milliseconds{5});
    Sum<milliseconds> later;
    later.add(milliseconds::min());
    later.add(milliseconds::min());
    sum.merge(later);
    REQUIRE(sum.result() == milliseconds::min());

    using Small = std::chrono::duration<std::int16_t>;
    Sum<Small> small;
    for (int i = 0; i != 3; ++i) {
        small.add(Small{20'000});
    }
    REQUIRE(small.result() == Small{32'767});
    small.remove(Small{20'000});
    small.remove(Small{20'000});
    REQUIRE(small.result() == Small{20'000});
}

TEST_CASE("a sum of decimals has no rounding in it", "[sum]") {
    Sum<Decimal> sum;
    sum.add(*Decimal::parse("0.1"));
    sum.add(*Decimal::parse("0.2"));
    sum.remove(*Decimal::parse("0.3"));
    REQUIRE(sum.result() == Decimal{});
    sum.add(*Decimal::parse("1e15"));
    sum.add(*Decimal::parse("0.000001"));
    sum.remove(*Decimal::parse("1e15"));
    REQUIRE(sum.result() == *Decimal::parse("0.000001"));
}

TEST_CASE("a sum of doubles keeps what plain addition would lose", "[sum]") {
    Sum<double> sum;
    sum.add(1);
    sum.add(1e100);
    sum.add(1);
    sum.add(-1e100);
    REQUIRE(sum.result() == 2.0);

    Sum<double> tenths;
    for (int i = 0; i != 1'000'000; ++i) {
        tenths.add(0.1);
    }
    REQUIRE(tenths.result() == 100'000.0);

    Sum<float> floats;
    for (int i = 0; i != 1'000'000; ++i) {
        floats.add(0.1F);
    }
    REQUIRE(floats.result() == Approx(static_cast<double>(0.1F) * 1e6).epsilon(1e-15));
}

TEST_CASE("a sum of doubles follows IEEE rules for NaN, infinities and overflow", "[sum]") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Sum<double> sum;
    sum.add(infinity);
    sum.add(1);
    sum.merge(sum);
    REQUIRE(sum.result() == infinity);
    sum.add(-infinity);
    REQUIRE(std::isnan(sum.result()));

    Sum<double> unknown;
    unknown.add(std::numeric_limits<double>::quiet_NaN());
    unknown.add(1);
    REQUIRE(std::isnan(unknown.result()));

    Sum<double> large;
    large.add(1e308);
    large.add(1e308);
    REQUIRE(large.result() == infinity);
    large.add(-1e308);
    REQUIRE(large.result() == 1e308);  // an exact total comes back
}

TEST_CASE("a user's type is summed by its own +=", "[sum]") {
    Sum<Vector> sum;
    sum.add({1, 2});
    Sum<Vector> later;
    later.add({3, 4});
    sum.merge(later);
    REQUIRE(sum.result().x == 4.0);
    REQUIRE(sum.result().y == 6.0);
}

TEST_CASE("integer sums equal the sum of the inputs that are left", "[sum]") {
    const auto agrees = [](const auto& sum, const auto& inputs) {
        long double expected = 0;  // 64 bits wide, and all values here stay within them
        for (const auto& input : inputs) {
            expected += static_cast<long double>(input.value);
        }
        return static_cast<long double>(sum.result()) == expected;
    };
    weir_tests::compare_with_model<Sum<std::int32_t>>(
        {.steps = 50'000}, [](auto& random) { return static_cast<std::int32_t>(random()); }, agrees);
    weir_tests::compare_with_model<Sum<std::uint64_t>>(
        {.steps = 20'000}, [](auto& random) { return random() >> 8; }, agrees);
}

TEST_CASE("decimal sums equal the sum of the inputs that are left", "[sum]") {
    weir_tests::compare_with_model<Sum<Decimal>>(
        {.steps = 50'000},
        [](auto& random) { return Decimal::from_millionths(static_cast<std::int64_t>(random()) >> 4); },
        [](const auto& sum, const auto& inputs) {
            Decimal::Wide expected = 0;
            for (const auto& input : inputs) {
                expected += input.value.millionths();
            }
            return sum.result().millionths() == expected;
        });
}

TEST_CASE("sums of doubles stay within rounding of the exact sum, however they were merged", "[sum]") {
    // Multiples of 2^-20 with wildly different magnitudes: 128-bit integers sum them exactly.
    weir_tests::compare_with_model<Sum<double>>(
        {.steps = 30'000},
        [](auto& random) {
            const auto bits = static_cast<double>(static_cast<std::int64_t>(random() >> 12) - (std::int64_t{1} << 51));
            return std::ldexp(bits, -static_cast<int>(random() % 20));
        },
        [](const auto& sum, const auto& inputs) {
            Decimal::Wide exact = 0;
            for (const auto& input : inputs) {
                exact += static_cast<Decimal::Wide>(static_cast<std::int64_t>(std::ldexp(input.value, 10))) * 1024 +
                         static_cast<std::int64_t>(std::ldexp(input.value, 20) -
                                                   std::ldexp(std::trunc(std::ldexp(input.value, 10)), 10));
            }
            const auto expected = std::ldexp(static_cast<double>(exact), -20);
            return std::abs(sum.result() - expected) <= std::abs(expected) * 4e-16;
        });
}
