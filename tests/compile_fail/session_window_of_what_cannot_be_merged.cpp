// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: needs a Mergeable T: bridging two sessions calls a.merge
#include <chrono>

#include <weir/session_window.hpp>

struct Total {
    using value_type = int;
    void add(int x) { total += x; }
#ifdef VALID
    void merge(const Total& later) { total += later.total; }
#endif
    [[nodiscard]] int result() const { return total; }
    int total = 0;
};

weir::SessionWindow<std::chrono::minutes, Total> window{std::chrono::minutes{30}};
