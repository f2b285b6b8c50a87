// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two stacks: a first-in first-out row of aggregates, kept by merging alone. The front has, for each of its members,
// the aggregate from that one to the front's youngest; the back is one aggregate, which grows. Where the front is used
// up the owner fills it anew from what the back covers: amortized O(1) merges a member. Source: Tangwongsan, Hirzel,
// Schneider: Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time (DEBS 2017), section 3.

#include <cstddef>
#include <memory_resource>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/memory.hpp>

namespace weir::detail {

template <class A>
struct TwoStacks {
    using allocator_type = Memory;

    explicit TwoStacks(const Memory& memory) : front{memory}, back{make_in<A>(memory)} {}
    TwoStacks(const TwoStacks& other, const Memory& memory)
        : front{other.front, memory}, back{detail::copy_in(memory, other.back)} {}
    TwoStacks(TwoStacks&& other, const Memory& memory)
        : front{std::move(other.front), memory}, back{move_in(memory, other.back)} {}

    Array<A> front;  // the oldest member's is the last
    A back;

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return front.get_allocator().resource(); }

    /// Puts a member before all that the front has.
    void push_older(A member) {
        if (!front.empty()) {
            weir::detail::merge(member, front.back(), memory());
        }
        front.push_back(std::move(member));
    }
    /// The oldest `count` go.
    // Requires: count <= front.size().
    void drop(std::size_t count) { front.resize(front.size() - count); }
    void clear() {
        front.clear();
        back = make_in<A>(memory());
    }
    /// Of all. Two merges at most.
    [[nodiscard]] A aggregate() const {
        A whole = detail::copy_in<A>(memory(), front.empty() ? back : front.back());
        if (!front.empty()) {
            weir::detail::merge(whole, back, memory());
        }
        return whole;
    }
    template <class Writer>
    void save(Writer& out) const {
        out.write(front, back);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(front, back);
    }
    [[nodiscard]] std::size_t memory_in_use() const { return front.memory_in_use() + owned_bytes(back); }
};

}  // namespace weir::detail
