// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: write a std::ratio from 0 to 1
#include <ratio>

#include <weir/aggregators/quantile_sketch.hpp>

#ifdef VALID
using Q = std::ratio<99, 100>;
#else
using Q = std::ratio<99, 1>;
#endif

weir::Quantile<double, Q> p99;
