// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyIndex: from a key's hash to the number of its slot. The keys themselves are in the slots.
//
// Open addressing with linear probing, up to four fifths full. An entry has 32 bits of the hash beside the number, so
// that other keys' slots are not looked at, growing needs no key, and places are in the order of the hashes: growing is
// one pass over both. Erasing moves later entries back, so that no probe gets longer. 8 bytes an entry, which is 10 to
// 15 a key; an eighth full it shrinks.

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include <weir/detail/prefetch.hpp>

namespace weir::detail {

class KeyIndex {
public:
    using Id = std::uint32_t;
    static constexpr Id none = ~Id{0};

    explicit KeyIndex(std::pmr::memory_resource* from) : entries_{from} {}

    /// The bits of a hash that the index works with. Scattered, so that hashes that count are good enough.
    [[nodiscard]] static std::uint32_t fragment(std::size_t hash) noexcept {
        const std::uint64_t folded = hash ^ (std::uint64_t{hash} >> 32);
        return static_cast<std::uint32_t>((folded * 0x9e3779b97f4a7c15U) >> 32);
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// The first slot of this hash that `equal(id)` accepts, or none.
    template <class Equal>
    [[nodiscard]] Id find(std::uint32_t hash, Equal equal) const {
        if (size_ == 0) {
            return none;
        }
        for (std::size_t i = home(hash);; i = after(i)) {
            const std::uint64_t entry = entries_[i];
            if (entry == 0) {
                return none;
            }
            if (entry >> 32 == hash && equal(id_of(entry))) {
                return id_of(entry);
            }
        }
    }
    /// Reads ahead for a `find` to come.
    void prefetch(std::uint32_t hash) const noexcept {
        if (!entries_.empty()) {
            prefetch_line(&entries_[home(hash)]);
        }
    }

    void insert(std::uint32_t hash, Id id) {
        if (5 * (size_ + 1) > 4 * entries_.size()) {
            resize(entries_.size() < 8 ? 8 : entries_.size() + entries_.size() / 2);
        }
        place(std::uint64_t{hash} << 32 | (std::uint64_t{id} + 1));
        ++size_;
    }

    /// Makes room for so many.
    void reserve(std::size_t entries) {
        if (5 * entries > 4 * entries_.size()) {
            resize(entries + entries / 4 + 1);
        }
    }

    /// Requires: was inserted.
    void erase(std::uint32_t hash, Id id) {
        const std::uint64_t wanted = std::uint64_t{hash} << 32 | (std::uint64_t{id} + 1);
        std::size_t hole = home(hash);
        while (entries_[hole] != wanted) {
            hole = after(hole);
        }
        for (std::size_t i = after(hole); entries_[i] != 0; i = after(i)) {
            const std::size_t from = home(static_cast<std::uint32_t>(entries_[i] >> 32));
            if (hole <= i ? from <= hole || from > i : from <= hole && from > i) {
                entries_[hole] = entries_[i];
                hole = i;
            }
        }
        entries_[hole] = 0;
        if (--size_ == 0) {
            entries_ = decltype(entries_){entries_.get_allocator()};
        } else if (entries_.size() > 64 && 8 * size_ < entries_.size()) {
            resize(entries_.size() / 4);
        }
    }

    [[nodiscard]] std::size_t bytes() const noexcept { return entries_.capacity() * sizeof(std::uint64_t); }

private:
    [[nodiscard]] static Id id_of(std::uint64_t entry) noexcept { return static_cast<Id>(entry) - 1; }
    [[nodiscard]] std::size_t home(std::uint32_t hash) const noexcept { return hash * entries_.size() >> 32; }
    [[nodiscard]] std::size_t after(std::size_t i) const noexcept { return ++i == entries_.size() ? 0 : i; }

    void place(std::uint64_t entry) noexcept {
        std::size_t i = home(static_cast<std::uint32_t>(entry >> 32));
        while (entries_[i] != 0) {
            i = after(i);
        }
        entries_[i] = entry;
    }
    void resize(std::size_t capacity) {
        std::pmr::vector<std::uint64_t> old(capacity, 0, entries_.get_allocator());
        old.swap(entries_);
        for (const std::uint64_t entry : old) {
            if (entry != 0) {
                place(entry);
            }
        }
    }

    std::pmr::vector<std::uint64_t> entries_;  // hash << 32 | id + 1, or 0
    std::size_t size_ = 0;
};

}  // namespace weir::detail
