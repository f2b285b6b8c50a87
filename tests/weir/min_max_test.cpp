// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/min_max.hpp>

#include <limits>
#include <string>

#include "random_stream.hpp"

using weir::Max;
using weir::Min;
using weir::MinMax;

static_assert(weir::Mergeable<Min<int>> && weir::Mergeable<Max<int>> && weir::Mergeable<MinMax<int>>);
static_assert(!weir::Removable<Min<int>> && !weir::Removable<Max<int>> && !weir::Removable<MinMax<int>>);

TEST_CASE("the least and the greatest of nothing are nothing", "[min_max]") {
    REQUIRE_FALSE(Min<double>{}.result());
    REQUIRE_FALSE(Max<double>{}.result());
    REQUIRE_FALSE(MinMax<double>{}.result());
    MinMax<int> merged;
    merged.merge(MinMax<int>{});
    REQUIRE_FALSE(merged.result());
}

TEST_CASE("one input is both the least and the greatest", "[min_max]") {
    MinMax<int> bounds;
    bounds.add(-3);
    REQUIRE(bounds.result() == weir::Bounds<int>{-3, -3});
}

TEST_CASE("NaN is neither the least nor the greatest, whenever it comes", "[min_max]") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Min<double> min;
    Max<double> max;
    MinMax<double> both;
    for (const double x : {nan, 2.0, nan, 1.0, nan}) {
        min.add(x);
        max.add(x);
        both.add(x);
    }
    REQUIRE(min.result() == 1.0);
    REQUIRE(max.result() == 2.0);
    REQUIRE(both.result() == weir::Bounds<double>{1.0, 2.0});
    both.add(-infinity);
    REQUIRE(both.result() == weir::Bounds<double>{-infinity, 2.0});

    MinMax<double> only;
    only.add(nan);
    REQUIRE_FALSE(only.result());
    both.merge(only);
    REQUIRE(both.result()->max == 2.0);
}

TEST_CASE("least and greatest go by the type's own order", "[min_max]") {
    MinMax<std::string> names;
    for (const char* name : {"pear", "apple", "fig"}) {
        names.add(name);
    }
    REQUIRE(names.result()->min == "apple");
    REQUIRE(names.result()->max == "pear");
}

TEST_CASE("least and greatest equal those of the inputs that are left", "[min_max]") {
    const auto next = [](auto& random) { return static_cast<int>(random() % 100); };
    const auto by_value = [](const auto& a, const auto& b) { return a.value < b.value; };
    weir_tests::compare_with_model<Min<int>>({}, next, [&](const auto& min, const auto& inputs) {
        return inputs.empty() ? !min.result()
                              : min.result() == std::min_element(inputs.begin(), inputs.end(), by_value)->value;
    });
    weir_tests::compare_with_model<Max<int>>({}, next, [&](const auto& max, const auto& inputs) {
        return inputs.empty() ? !max.result()
                              : max.result() == std::max_element(inputs.begin(), inputs.end(), by_value)->value;
    });
    weir_tests::compare_with_model<MinMax<int>>({}, next, [&](const auto& both, const auto& inputs) {
        if (inputs.empty()) {
            return !both.result();
        }
        const auto [least, greatest] = std::minmax_element(inputs.begin(), inputs.end(), by_value);
        return both.result() == weir::Bounds<int>{least->value, greatest->value};
    });
}
