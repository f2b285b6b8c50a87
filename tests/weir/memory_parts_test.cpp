// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/count_by.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/aggregators/sum.hpp>

#include "memory_support.hpp"
#include "odd_aggregators.hpp"

using weir_tests::All;
using weir_tests::Item;
using weir_tests::live_in_all;
using weir_tests::live_rolling;
using weir_tests::Merging;
using weir_tests::Order;
using weir_tests::Price;

TEST_CASE("a window's memory is its resource's, and it knows how much: parts", "[memory]") {
    using Parts =
        weir::Bundle<weir::Count, weir::Projected<Price, weir::Mean<double>>, weir::Projected<Item, weir::CountBy<int>>,
                     weir::Projected<Price, weir::Max<double>>, weir::Projected<Item, weir::OrderedDistinct<int>>>;
    live_in_all<Parts>();
    live_in_all<weir::Where<decltype([](const Order& o) { return o.item % 2 == 0; }),
                            weir::Projected<Price, weir::Sum<double>>>>();
}

TEST_CASE("a window's memory is its resource's, and it knows how much: a user's aggregators", "[memory]") {
    live_in_all<All>();
    live_in_all<Merging>();
    live_rolling<weir_tests::InOrder<int>>();
}
