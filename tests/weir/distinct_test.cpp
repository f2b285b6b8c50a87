// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/distinct.hpp>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "random_stream.hpp"

using weir::Distinct;

namespace {

/// Hashed by boost::hash, through hash_value.
struct Point {
    int x = 0;
    int y = 0;
    bool operator==(const Point&) const = default;
    friend std::size_t hash_value(const Point& p) {
        return static_cast<std::size_t>(p.x) * 31U + static_cast<std::size_t>(p.y);
    }
};

}  // namespace

static_assert(weir::Removable<Distinct<int>> && weir::Mergeable<Distinct<int>>);
static_assert(weir::Removable<Distinct<std::string>> && weir::Mergeable<Distinct<std::string>>);
static_assert(sizeof(Distinct<int>) <= 32 && sizeof(Distinct<std::string>) <= 32);

TEST_CASE("distinct counts a value once while any of its inputs is left", "[distinct]") {
    Distinct<std::string> products;
    REQUIRE(products.result() == 0);
    REQUIRE(products.memory_in_use() == 0);
    products.add("p1");
    products.add(std::string_view{"p1"});
    products.add(std::string{"p2"});
    REQUIRE(products.result() == 2);
    products.remove("p1");
    REQUIRE(products.result() == 2);
    products.remove("p1");
    REQUIRE(products.result() == 1);
    products.remove("p2");
    REQUIRE(products.result() == 0);
    REQUIRE(products.memory_in_use() == 0);
    REQUIRE(products == Distinct<std::string>{});
}

TEST_CASE("all NaNs are one value and can leave; 0.0 and -0.0 are one too", "[distinct]") {
    Distinct<double> values;
    values.add(std::numeric_limits<double>::quiet_NaN());
    values.add(-std::nan("7"));
    values.add(0.0);
    values.add(-0.0);
    REQUIRE(values.result() == 2);
    values.remove(std::nan("1"));
    values.remove(std::nan("2"));
    REQUIRE(values.result() == 1);
    for (int i = 1; i != 40; ++i) {  // far enough to be hashed
        values.add(i);
    }
    values.add(std::nan("1"));
    values.add(-std::nan("2"));
    values.add(-0.0);
    REQUIRE(values.result() == 41);
}

TEST_CASE("what is equal does not depend on the order of adding", "[distinct]") {
    Distinct<int> up;
    Distinct<int> down;
    for (int i = 0; i != 50; ++i) {
        up.add(i);
        down.add(49 - i);
    }
    REQUIRE(up == down);
    down.add(7);
    REQUIRE(up != down);
    REQUIRE(up.result() == down.result());
}

TEST_CASE("types with hash_value, enums and decimals can be told apart", "[distinct]") {
    Distinct<Point> points;
    Distinct<weir::Decimal> prices;
    for (int i = 0; i != 100; ++i) {
        points.add({i % 50, i % 2});
        prices.add(weir::Decimal::from_millionths(i % 25));
    }
    REQUIRE(points.result() == 50);
    REQUIRE(prices.result() == 25);
}

TEST_CASE("distinct counts equal those of the inputs that are left", "[distinct]") {
    const auto agrees = [](const auto& distinct, const auto& inputs) {
        std::set<std::remove_cvref_t<decltype(inputs[0].value)>> values;
        for (const auto& input : inputs) {
            values.insert(input.value);
        }
        return distinct.result() == values.size() && (!inputs.empty() || distinct.memory_in_use() == 0);
    };
    for (const std::size_t different : {3U, 40U, 1000U}) {
        weir_tests::compare_with_model<Distinct<int>>(
            {.steps = 15'000, .most_inputs = 100},
            [=](auto& random) { return static_cast<int>(weir_tests::pick(random, different)); }, agrees);
    }
    weir_tests::compare_with_model<Distinct<std::string>>(
        {.steps = 10'000}, [](auto& random) { return weir_tests::name(weir_tests::pick(random, 50)); }, agrees);
}
