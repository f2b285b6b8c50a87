// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: needs a T with \+= whose T\{\} is zero
#include <weir/aggregators/sum.hpp>

struct Price {
    int cents = 0;
#ifdef VALID
    Price& operator+=(const Price& other) {
        cents += other.cents;
        return *this;
    }
#endif
};

weir::Sum<Price> sum;
