// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <weir/weir.hpp>

double other_mean();

double other_mean() {
    using namespace std::chrono_literals;
    weir::RollingWindow<weir::Mean<double>, std::chrono::minutes> price{5min};
    price.insert(weir::Timestamp{1min}, 40.0);
    price.insert(weir::Timestamp{2min}, 44.0);
    return price.result().value_or(0);
}
