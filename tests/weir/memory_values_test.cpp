// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <weir/aggregators/changes.hpp>
#include <weir/aggregators/count_by.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/quantile_sketch.hpp>
#include <weir/aggregators/top.hpp>

#include "memory_support.hpp"

using weir_tests::live_in_all;
using weir_tests::live_rolling;
using weir_tests::Text;

TEST_CASE("a window's memory is its resource's, and it knows how much: values", "[memory]") {
    live_in_all<weir::Distinct<Text>>();
    live_in_all<weir::CountBy<int>>();
    live_in_all<weir::Top<Text>>();
    live_in_all<weir::MinMax<Text>>();
    live_in_all<weir::Last<Text>>();
}

TEST_CASE("a window's memory is its resource's, and it knows how much: structures", "[memory]") {
    live_in_all<weir::OrderedDistinct<int>>();
    live_in_all<weir::Changes<Text>>();
    live_in_all<weir::QuantileSketch<double>>();
    live_rolling<weir::Quantile<double>>();
}
