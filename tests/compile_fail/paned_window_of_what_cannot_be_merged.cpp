// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: keeps no events: T must be Mergeable
#include <chrono>

#include <weir/paned_window.hpp>

struct Total {
    using value_type = int;
    void add(int x) { total += x; }
#ifdef VALID
    void merge(const Total& later) { total += later.total; }
#endif
    [[nodiscard]] int result() const { return total; }
    int total = 0;
};

weir::PanedWindow<Total, std::chrono::minutes> window{std::chrono::minutes{30}, std::chrono::minutes{1}};
