// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two stacks: a first-in first-out row of aggregates, kept by merging alone. The front has, for each of its members,
// the aggregate from that one to the front's youngest; the back is one aggregate, which grows. Where the front is used
// up the owner fills it anew from what the back covers: amortized O(1) merges a member. Source: Tangwongsan, Hirzel,
// Schneider: Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time (DEBS 2017), section 3.

#include <cstddef>
#include <utility>
#include <vector>

#include <weir/detail/owned_bytes.hpp>

namespace weir::detail {

template <class A>
struct TwoStacks {
    std::vector<A> front;  // the oldest member's is the last
    A back{};

    /// Puts a member before all that the front has.
    void push_older(A member) {
        if (!front.empty()) {
            member.merge(front.back());
        }
        front.push_back(std::move(member));
    }
    /// The oldest `count` go.
    // Requires: count <= front.size().
    void drop(std::size_t count) { front.erase(front.end() - static_cast<std::ptrdiff_t>(count), front.end()); }
    void clear() {
        front.clear();
        back = A{};
    }
    /// Of all. Two merges at most.
    [[nodiscard]] A aggregate() const {
        if (front.empty()) {
            return back;
        }
        A whole = front.back();
        whole.merge(back);
        return whole;
    }
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&TwoStacks::front, &TwoStacks::back);
    }
    [[nodiscard]] std::size_t heap_bytes() const {
        std::size_t bytes = front.capacity() * sizeof(A) + owned_bytes(back);
        for (const A& a : front) {
            bytes += owned_bytes(a);
        }
        return bytes;
    }
};

}  // namespace weir::detail
