// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: a snapshot cannot tell what to keep of this type: list its members
#include <weir/aggregators/min_max.hpp>
#include <weir/snapshot.hpp>

struct Price {
    Price() = default;
    double value = 0;
    friend bool operator<(const Price& a, const Price& b) { return a.value < b.value; }
#ifdef VALID
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Price::value);
    }
#endif
};

auto bytes() { return weir::take_snapshot(weir::Min<Price>{}); }
