// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: a predicate has no state
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/projected.hpp>

struct Dear {
    bool operator()(const double& price) const { return price > limit; }
#ifdef VALID
    static constexpr double limit = 100;
#else
    double limit = 100;
#endif
};

weir::Where<Dear, weir::Count> dear;
