// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: cannot hold an Expiring T: give it a RollingWindow
#include <optional>

#include <weir/count_window.hpp>

struct Orders {
    using value_type = int;
    void add(weir::Timestamp t, int) { last = t; }
    [[nodiscard]] int result() const { return last ? 1 : 0; }
#ifndef VALID
    void expire(weir::Timestamp horizon) { last = last > horizon ? last : std::nullopt; }
#endif
    [[nodiscard]] std::optional<weir::Timestamp> next() const { return last; }
    [[nodiscard]] std::optional<weir::Timestamp> latest() const { return last; }
    std::optional<weir::Timestamp> last;
};

weir::CountWindow<Orders> window{10};
