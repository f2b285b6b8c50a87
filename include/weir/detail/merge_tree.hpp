// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// MergeTree<A>: aggregates of numbered members, of which old ones go and new ones come, and the aggregate of any row of
// them in O(log members) merges. A flat binary tree whose leaves are a power-of-two ring, so that going costs nothing;
// every inner node is its two children, merged. Up to four A for each member. Source: FlatFAT of Tangwongsan, Hirzel,
// Schneider, Wu: General Incremental Sliding-Window Aggregation (VLDB 2015).
//
// Which members there are is the owner's to know: it never asks for others.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/memory.hpp>
#include <weir/time.hpp>

namespace weir::detail {

template <class A>
class MergeTree {
public:
    using Number = std::uint32_t;
    using allocator_type = Memory;

    MergeTree() = default;
    explicit MergeTree(const Memory& memory) noexcept : nodes_{memory} {}
    MergeTree(const MergeTree& other, const Memory& memory) : nodes_{other.nodes_, memory} {}
    MergeTree(MergeTree&& other, const Memory& memory) : nodes_{std::move(other.nodes_), memory} {}

    void clear() noexcept { nodes_.release(); }

    /// Sets a member, the one from `first` on that is the youngest or known already. Amortized O(log members) merges.
    // Requires: first <= number.
    void put(Number first, Number number, A a) {
        make_room(first, number);
        nodes_[leaf(number)] = std::move(a);
        merge_above(number, number);
    }

    /// Members `from` to `last` - 1 become those that the ones before them were. O(last - from) merges.
    // Requires: first <= from, from <= last.
    void shift(Number first, Number from, Number last) {
        make_room(first, last);
        for (Number i = last; i != from; --i) {
            nodes_[leaf(i - 1)] = std::exchange(nodes_[leaf(i - 2)], make_in<A>(memory()));
        }
        if (from != last) {
            merge_above(from - 1, last - 1);
        }
    }

    /// Adds an input to a member. O(log members) adds.
    template <class X>
    void add(Number number, Timestamp t, const X& x) {
        std::pmr::memory_resource* const from = memory().resource();
        for (std::size_t i = leaf(number); i != 0; i /= 2) {
            weir::detail::add(nodes_[i], t, x, from);
        }
    }

    /// Merges members `first` to `last` - 1 into `whole`, in this order. O(log members) merges.
    void merge_into(A& whole, Number first, Number last) const {
        while (first != last) {
            const Number slot = first & (leaves() - 1);
            const Number aligned = slot == 0 ? leaves() : slot & (~slot + 1);
            const Number count = std::min(aligned, std::bit_floor(last - first));
            weir::detail::merge(whole, nodes_[(leaves() + slot) / count], memory().resource());
            first += count;
        }
    }

    template <class Writer>
    void save(Writer& out) const {
        out.write(nodes_);
    }
    /// With room for members `first` to `last` - 1 at least.
    template <class Reader>
    void load(Reader& in, Number first, Number last) {
        in.read(nodes_);
        in.require(nodes_.empty() ? first == last
                                  : nodes_.size() >= 4 && std::has_single_bit(nodes_.size()) && last - first < leaves(),
                   "a tree of all members");
    }

    [[nodiscard]] std::size_t memory_in_use() const { return nodes_.memory_in_use(); }

private:
    [[nodiscard]] Memory memory() const noexcept { return nodes_.get_allocator(); }
    [[nodiscard]] Number leaves() const noexcept { return static_cast<Number>(nodes_.size() / 2); }
    [[nodiscard]] std::size_t leaf(Number number) const noexcept { return leaves() + (number & (leaves() - 1)); }

    void make_room(Number first, Number last) {
        if (last - first < leaves()) {
            return;
        }
        MergeTree wider{memory()};
        wider.nodes_.resize(std::size_t{4} * std::bit_floor(last - first + 1));
        for (Number i = 0; i != leaves(); ++i) {
            wider.nodes_[wider.leaf(first + i)] = std::move(nodes_[leaf(first + i)]);
        }
        for (std::size_t i = wider.leaves() - 1; i != 0; --i) {
            wider.merge_at(i);
        }
        nodes_.swap(wider.nodes_);
    }
    void merge_at(std::size_t i) {
        assign_in(memory(), nodes_[i], nodes_[2 * i]);
        weir::detail::merge(nodes_[i], nodes_[2 * i + 1], memory().resource());
    }
    // What is above the leaves from one number to another, inclusive.
    void merge_above(Number from, Number to) {
        if (leaf(from) > leaf(to)) {
            const Number end = to - (to & (leaves() - 1));
            merge_above(end, to);
            to = end - 1;
        }
        for (std::size_t low = leaf(from) / 2, high = leaf(to) / 2; low != 0; low /= 2, high /= 2) {
            for (std::size_t i = low; i <= high; ++i) {
                merge_at(i);
            }
        }
    }

    Array<A> nodes_;  // the root is 1, the children of i are 2i and 2i + 1, the leaves are the second half
};

}  // namespace weir::detail
