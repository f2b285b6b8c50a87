// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Slots: things in numbered places that do not move but to be compacted. One that is given back is not destroyed but
// taken again, as it is; the memory goes when they are compacted or cleared. O(1), a place is found by a shift and two
// loads.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <utility>
#include <vector>

#include <weir/detail/prefetch.hpp>

namespace weir::detail {

template <class T>
class Slots {
public:
    using Id = std::uint32_t;

    explicit Slots(std::pmr::memory_resource* from) : blocks_{from}, free_{from} {}
    Slots(Slots&& other) noexcept
        : blocks_{std::move(other.blocks_)}, free_{std::move(other.free_)}, last_{std::exchange(other.last_, 0)} {}
    Slots& operator=(Slots&&) = delete;
    ~Slots() { clear(); }

    [[nodiscard]] T& operator[](Id id) const noexcept { return blocks_[id >> bits][id & mask]; }
    void prefetch(Id id) const noexcept { prefetch_line(&(*this)[id]); }

    [[nodiscard]] Id take() {
        if (!free_.empty()) {
            const Id id = free_.back();
            free_.pop_back();
            return id;
        }
        if (blocks_.empty() || last_ == capacity(blocks_.size() - 1)) {
            blocks_.reserve(std::bit_ceil(blocks_.size() + 1));
            blocks_.push_back(static_cast<T*>(resource()->allocate(capacity(blocks_.size()) * sizeof(T), alignment)));
            last_ = 0;
        }
        std::construct_at(blocks_.back() + last_);
        return static_cast<Id>((blocks_.size() - 1) << bits | last_++);
    }
    void give(Id id) { free_.push_back(id); }
    /// How many were given back and not taken again.
    [[nodiscard]] std::size_t given_back() const noexcept { return free_.size(); }

    /// Lets those that `is_taken(thing)` take the first places, `move(from, to)` by `move(from, to)` into one that is
    /// not, and releases the rest. O(places).
    template <class IsTaken, class Move>
    void compact(IsTaken is_taken, Move move) {
        Id low = 0;
        auto high = static_cast<Id>(end());
        for (;;) {
            while (low != high && (!holds(low) || is_taken((*this)[low]))) {
                ++low;
            }
            while (low != high && (!holds(high - 1) || !is_taken((*this)[high - 1]))) {
                --high;
            }
            if (low == high) {
                break;
            }
            move(high - 1, low);
        }
        while (high != 0 && !holds(high - 1)) {
            --high;
        }
        truncate(high);
    }

    /// Places before this one there may be.
    [[nodiscard]] std::size_t end() const noexcept {
        return blocks_.empty() ? 0 : ((blocks_.size() - 1) << bits) + last_;
    }
    /// Whether a place was ever taken.
    // Requires: id < end().
    [[nodiscard]] bool holds(Id id) const noexcept { return (id & mask) < capacity(id >> bits); }

    /// Calls `f(id, thing)` on every one that was ever taken.
    template <class F>
    void for_each(F f) const {
        for (std::size_t b = 0; b != blocks_.size(); ++b) {
            const std::size_t end = b + 1 == blocks_.size() ? last_ : capacity(b);
            for (std::size_t i = 0; i != end; ++i) {
                f(static_cast<Id>(b << bits | i), blocks_[b][i]);
            }
        }
    }

    void clear() noexcept {
        for_each([](Id /*id*/, T& thing) { std::destroy_at(&thing); });
        for (std::size_t b = 0; b != blocks_.size(); ++b) {
            resource()->deallocate(blocks_[b], capacity(b) * sizeof(T), alignment);
        }
        blocks_ = decltype(blocks_){blocks_.get_allocator()};
        free_ = decltype(free_){free_.get_allocator()};
        last_ = 0;
    }

    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t sum = blocks_.capacity() * sizeof(T*) + free_.capacity() * sizeof(Id);
        for (std::size_t b = 0; b != blocks_.size(); ++b) {
            sum += capacity(b) * sizeof(T);
        }
        return sum;
    }

private:
    static constexpr std::uint32_t bits =
        std::max<std::uint32_t>(6, std::bit_width(std::uint32_t{65536 / sizeof(T)})) - 1;
    static constexpr Id mask = (Id{1} << bits) - 1;
    static constexpr std::size_t alignment = std::max<std::size_t>(64, alignof(T));

    // The first blocks are small, so that a few do not cost as much as many.
    [[nodiscard]] static constexpr std::size_t capacity(std::size_t block) {
        return std::min(std::size_t{mask} + 1, std::size_t{2} << std::min<std::size_t>(2 * block, 32));
    }
    [[nodiscard]] std::pmr::memory_resource* resource() const { return blocks_.get_allocator().resource(); }

    // Forgets the places from `end` on, and which were given back before it.
    void truncate(Id end) {
        const std::size_t left = (std::size_t{end} + mask) >> bits;  // blocks
        while (blocks_.size() > left) {
            std::destroy_n(blocks_.back(), last_);
            resource()->deallocate(blocks_.back(), capacity(blocks_.size() - 1) * sizeof(T), alignment);
            blocks_.pop_back();
            last_ = blocks_.empty() ? 0 : capacity(blocks_.size() - 1);
        }
        if (left != 0) {
            const std::size_t kept = end - ((left - 1) << bits);
            std::destroy(blocks_.back() + kept, blocks_.back() + last_);
            last_ = kept;
        }
        blocks_.shrink_to_fit();
        free_ = decltype(free_){free_.get_allocator()};
    }

    std::pmr::vector<T*> blocks_;
    std::pmr::vector<Id> free_;
    std::size_t last_ = 0;  // places taken of the last block
};

}  // namespace weir::detail
