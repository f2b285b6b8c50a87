// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// WinnerTree: which of the entries 0..n-1 is best, kept up as entries change. 4 to 8 bytes an entry.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <weir/detail/array.hpp>
#include <weir/detail/memory.hpp>

namespace weir::detail {

class WinnerTree {
public:
    using allocator_type = Memory;
    static constexpr std::uint32_t none = 0xFFFF'FFFF;

    /// The best of `size` entries. `better(a, b)` compares two of them. O(size).
    template <class Better>
    WinnerTree(std::size_t size, Better better, const Memory& memory)
        : winners_(std::bit_ceil(size), memory), size_{size} {
        for (std::size_t node = winners_.size() - 1; node != 0; --node) {
            winners_[node] = best_below(node, better);
        }
    }

    WinnerTree(const WinnerTree& other, const Memory& memory) : winners_{other.winners_, memory}, size_{other.size_} {}
    WinnerTree(WinnerTree&& other, const Memory& memory)
        : winners_{std::move(other.winners_), memory}, size_{other.size_} {}

    /// How many entries it has room for.
    [[nodiscard]] std::size_t capacity() const noexcept { return winners_.size(); }

    /// The best entry's index. Requires: two entries or more.
    [[nodiscard]] std::uint32_t best() const noexcept { return winners_[1]; }

    /// Entry `i` has changed, appeared or gone; there are `size` entries now. O(log n), mostly less.
    template <class Better>
    void update(std::uint32_t i, std::size_t size, Better better) {
        size_ = size;
        for (std::size_t node = (winners_.size() + i) / 2; node != 0; node /= 2) {
            const std::uint32_t winner = best_below(node, better);
            if (winner == winners_[node] && winner != i) {
                return;  // i neither leads nor led here, so nothing above depends on it
            }
            winners_[node] = winner;
        }
    }

    [[nodiscard]] std::size_t memory_in_use() const { return winners_.memory_in_use(); }

private:
    [[nodiscard]] std::uint32_t at(std::size_t node) const noexcept {
        if (node < winners_.size()) {
            return winners_[node];
        }
        const std::size_t i = node - winners_.size();
        return i < size_ ? static_cast<std::uint32_t>(i) : none;
    }

    template <class Better>
    [[nodiscard]] std::uint32_t best_below(std::size_t node, Better better) const {
        const std::uint32_t left = at(2 * node);
        const std::uint32_t right = at(2 * node + 1);
        if (right == none) {
            return left;
        }
        return left == none || better(right, left) ? right : left;
    }

    Array<std::uint32_t> winners_;  // node k decides between nodes 2k and 2k + 1; past the end are the entries
    std::size_t size_;
};

}  // namespace weir::detail
