// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: ignoring return value
#include <chrono>

#include <weir/aggregators/count.hpp>
#include <weir/rolling_window.hpp>

void f(const weir::RollingWindow<weir::Count, std::chrono::minutes>& window) {
#ifdef VALID
    static_cast<void>(window.result());
#else
    window.result();
#endif
}
