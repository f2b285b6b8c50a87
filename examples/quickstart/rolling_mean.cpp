// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// A rolling window: the mean price of the last five minutes.

#include <cstdio>

#include <weir/weir.hpp>

int main() {
    using namespace std::chrono_literals;
    const weir::Timestamp nine{1'746'176'400s};  // 2025-05-02T09:00:00Z
    weir::RollingWindow<weir::Mean<double>, std::chrono::minutes> price{5min};
    price.insert(nine, 40.0);
    price.insert(nine + 3min, 46.0);
    price.insert(nine + 1min, 43.0);  // late, and put where it belongs
    std::printf("%zu prices, mean %g\n", price.size(), price.result().value());
    price.advance_to(nine + 6min);  // (9:01, 9:06]: an event exactly five minutes old has left
    std::printf("%zu price, mean %g\n", price.size(), price.result().value());
}
