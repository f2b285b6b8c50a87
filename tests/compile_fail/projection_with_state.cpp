// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: a projection has no state
#include <weir/aggregators/projected.hpp>
#include <weir/aggregators/sum.hpp>

struct Scaled {
    double operator()(double x) const { return factor * x; }
#ifdef VALID
    static constexpr double factor = 2;
#else
    double factor = 2;
#endif
};

weir::Projected<Scaled, weir::Sum<double>> sum;
