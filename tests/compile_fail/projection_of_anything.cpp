// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: name its parameter's type
#include <weir/aggregators/projected.hpp>
#include <weir/aggregators/sum.hpp>

#ifdef VALID
using Half = decltype([](double x) { return x / 2; });
#else
using Half = decltype([](auto x) { return x / 2; });
#endif

weir::Projected<Half, weir::Sum<double>> sum;
