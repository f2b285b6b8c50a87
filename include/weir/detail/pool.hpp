// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pool: pieces of memory of one size, known by 32-bit numbers.
//
// They come from a memory resource by the thousand: no header and no rounding for each, and neighbours in time are
// neighbours in memory. The last ones that came back are the first to be taken again, while the cache has them. A block
// whose last piece comes back goes back itself, but for one to spare; when none is out all go, but for a first block of
// four. take and give O(1), amortized; finding a piece is a shift and two loads.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>
#include <vector>

namespace weir::detail {

template <std::size_t size, std::size_t alignment>
class Pool {
    static_assert(size % alignment == 0 && size >= sizeof(std::uint32_t));

public:
    using Id = std::uint32_t;

    explicit Pool(std::pmr::memory_resource* from) : pieces_{from}, blocks_{from}, open_{from}, gone_{from} {}
    Pool(Pool&& other) noexcept = default;
    Pool& operator=(Pool&&) = delete;
    ~Pool() {
        for (std::size_t b = 0; b != blocks_.size(); ++b) {
            release(b);
        }
    }

    [[nodiscard]] std::pmr::memory_resource* resource() const { return pieces_.get_allocator().resource(); }

    [[nodiscard]] std::byte* operator[](Id id) const noexcept { return pieces_[id >> bits] + (id & mask) * size; }

    /// The number of a piece that nobody has.
    [[nodiscard]] Id take() {
        if (warm_count_ != 0) [[likely]] {
            return warm_[--warm_count_];
        }
        return take_from_block();
    }
    void give(Id id) noexcept {
        if (warm_count_ == warm_.size()) {
            give_to_blocks(warm_.size() / 2);
        }
        warm_[warm_count_++] = id;
        if (warm_count_ == used_) {
            give_to_blocks(warm_count_);
        }
    }

    [[nodiscard]] std::size_t bytes() const noexcept {
        std::size_t sum = pieces_.capacity() * sizeof(std::byte*) + blocks_.capacity() * sizeof(Block) +
                          (open_.capacity() + gone_.capacity()) * sizeof(Id);
        for (std::size_t b = 0; b != blocks_.size(); ++b) {
            sum += pieces_[b] == nullptr ? 0 : capacity(b) * size;
        }
        return sum;
    }

private:
    static constexpr Id none = ~Id{0};
    static constexpr std::uint32_t bits = std::max<std::uint32_t>(9, std::bit_width(std::uint32_t{65536 / size})) - 1;
    static constexpr Id mask = (Id{1} << bits) - 1;

    struct Block {
        Id used = 0;
        Id fresh = 0;       // from here on none was ever taken
        Id free = none;     // of those that came back, linked through their first bytes
        bool open = false;  // is in open_
    };

    // The first blocks are small, so that a few pieces do not cost as much as many.
    [[nodiscard]] static constexpr std::size_t capacity(std::size_t block) {
        return std::min(std::size_t{mask} + 1, std::size_t{4} << std::min<std::size_t>(2 * block, 32));
    }

    [[nodiscard, gnu::noinline]] Id take_from_block() {
        if (open_.empty()) {
            add_block();
        }
        const Id b = open_.back();
        Block& block = blocks_[b];
        Id place = block.free;
        if (place != none) {
            block.free = *reinterpret_cast<const Id*>(pieces_[b] + place * size);
        } else {
            place = block.fresh++;
        }
        empty_ -= block.used++ == 0 ? 1 : 0;
        ++used_;
        if (block.used == capacity(b)) {
            block.open = false;
            open_.pop_back();
        }
        return b << bits | place;
    }
    // So many of the warm ones, those that have been for longest.
    [[gnu::noinline]] void give_to_blocks(std::size_t count) noexcept {
        for (std::size_t i = 0; i != count; ++i) {
            give_to_block(warm_[i]);
        }
        std::copy(warm_.begin() + static_cast<std::ptrdiff_t>(count),
                  warm_.begin() + static_cast<std::ptrdiff_t>(warm_count_), warm_.begin());
        warm_count_ -= count;
    }
    void give_to_block(Id id) noexcept {
        const Id b = id >> bits;
        Block& block = blocks_[b];
        ::new (pieces_[b] + (id & mask) * size) Id{block.free};
        block.free = id & mask;
        --block.used;
        if (!block.open) {
            block.open = true;
            open_.push_back(b);  // has room: it never holds more than there are blocks
        }
        empty_ += block.used == 0 ? 1 : 0;
        if (--used_ == 0 || (block.used == 0 && empty_ > 1)) {
            shrink(b);
        }
    }

    void add_block() {
        Id b = 0;
        if (gone_.empty()) {
            b = static_cast<Id>(blocks_.size());
            open_.reserve(std::max<std::size_t>(open_.capacity(), std::bit_ceil(b + std::size_t{1})));
            gone_.reserve(open_.capacity());
            blocks_.emplace_back();
            pieces_.push_back(nullptr);
        } else {
            b = gone_.back();
        }
        pieces_[b] = static_cast<std::byte*>(resource()->allocate(capacity(b) * size, alignment));
        if (!gone_.empty()) {
            gone_.pop_back();
        }
        blocks_[b] = Block{.open = true};
        open_.push_back(b);
        ++empty_;
    }

    void release(std::size_t b) noexcept {
        if (pieces_[b] != nullptr) {
            resource()->deallocate(pieces_[b], capacity(b) * size, alignment);
            pieces_[b] = nullptr;
        }
    }

    // Once block `b` has become empty.
    void shrink(Id b) noexcept {
        if (used_ != 0) {
            release(b);
            --empty_;
            open_.erase(std::find(open_.begin(), open_.end(), b));
            gone_.push_back(b);
            return;
        }
        for (std::size_t i = 1; i < blocks_.size(); ++i) {
            release(i);
        }
        pieces_.resize(1);
        blocks_.assign(1, Block{.open = true});
        open_.assign(1, 0);
        gone_.clear();
        pieces_.shrink_to_fit();
        blocks_.shrink_to_fit();
        empty_ = 1;
        if (pieces_[0] == nullptr) {
            blocks_.clear();
            pieces_.clear();
            open_.clear();
            empty_ = 0;
        }
    }

    std::pmr::vector<std::byte*> pieces_;  // of each block; null where it has gone
    std::pmr::vector<Block> blocks_;
    std::pmr::vector<Id> open_;  // blocks with pieces to take
    std::pmr::vector<Id> gone_;  // blocks without memory
    std::size_t used_ = 0;       // pieces that are out or warm
    std::size_t empty_ = 0;      // blocks of which all pieces are here
    std::size_t warm_count_ = 0;
    std::array<Id, 32> warm_;  // that have come back but not to their blocks, the last one last
};

}  // namespace weir::detail
