// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// DenseMap<Key, Mapped>: entries side by side in a vector, found by looking at all of them while they are few
// and through a hash index beyond.
//
// An empty one is 32 bytes and owns no heap; one that has emptied has given its heap back. find, insert and
// erase: O(1) expected. An entry keeps its index until an erase, which puts the last entry in its place.

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <weir/detail/box.hpp>
#include <weir/detail/owned_bytes.hpp>
#include <weir/detail/value.hpp>

namespace weir::detail {

/// Open addressing with linear probing over hashes and entry indices; it does not know the keys.
class HashIndex {
public:
    static constexpr std::uint32_t none = 0xFFFF'FFFF;

    explicit HashIndex(std::size_t entries) : slots_(std::bit_ceil(entries * 4 / 3 + 1)) {}

    /// The entry of this hash that `is_it(index)` accepts, or none.
    template <class IsIt>
    [[nodiscard]] std::uint32_t find(std::uint32_t hash, IsIt is_it) const {
        for (std::size_t s = hash & mask(); slots_[s].index != none; s = (s + 1) & mask()) {
            if (slots_[s].hash == hash && is_it(slots_[s].index)) {
                return slots_[s].index;
            }
        }
        return none;
    }

    void insert(std::uint32_t hash, std::uint32_t index) {
        if ((std::size_t{index} + 1) * 4 > slots_.size() * 3) {  // entries are dense: index is their number
            resize(slots_.size() * 2);
        }
        place(Slot{hash, index});
    }

    void erase(std::uint32_t hash, std::uint32_t index) {
        std::size_t hole = slot_of(hash, index);
        for (std::size_t s = (hole + 1) & mask(); slots_[s].index != none; s = (s + 1) & mask()) {
            const std::size_t home = slots_[s].hash & mask();
            if (((s - home) & mask()) >= ((s - hole) & mask())) {  // its search passes the hole
                slots_[hole] = slots_[s];
                hole = s;
            }
        }
        slots_[hole] = Slot{};
    }

    void renumber(std::uint32_t hash, std::uint32_t from, std::uint32_t to) { slots_[slot_of(hash, from)].index = to; }

    void shrink(std::size_t entries) {
        if (slots_.size() > std::bit_ceil(entries * 8)) {
            resize(std::bit_ceil(entries * 2));
        }
    }

    [[nodiscard]] std::size_t heap_bytes() const noexcept { return slots_.capacity() * sizeof(Slot); }

private:
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t index = none;
    };

    [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }

    [[nodiscard]] std::size_t slot_of(std::uint32_t hash, std::uint32_t index) const {
        std::size_t s = hash & mask();
        while (slots_[s].index != index) {
            s = (s + 1) & mask();
        }
        return s;
    }

    void place(Slot slot) {
        std::size_t s = slot.hash & mask();
        while (slots_[s].index != none) {
            s = (s + 1) & mask();
        }
        slots_[s] = slot;
    }

    void resize(std::size_t count) {
        const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(count));
        for (const Slot& slot : old) {
            if (slot.index != none) {
                place(slot);
            }
        }
    }

    std::vector<Slot> slots_;
};

template <class Key, class Mapped>
class DenseMap {
public:
    struct Entry {
        Key key;
        [[no_unique_address]] Mapped mapped;
    };
    using View = view_of_t<Key>;

    static constexpr std::uint32_t none = HashIndex::none;
    static constexpr std::size_t few = 16;  // up to here comparing beats hashing

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] auto begin() const noexcept { return entries_.begin(); }
    [[nodiscard]] auto end() const noexcept { return entries_.end(); }
    [[nodiscard]] const Entry& operator[](std::uint32_t i) const { return entries_[i]; }
    [[nodiscard]] Mapped& mapped(std::uint32_t i) { return entries_[i].mapped; }

    /// The index of the key's entry, or none.
    [[nodiscard]] std::uint32_t find(View key) const { return index_ ? find(key, hash(key)) : scan(key); }

    /// The index of the key's entry, which is made of `fresh` where there is none, and whether it was.
    std::pair<std::uint32_t, bool> try_emplace(View key, Mapped fresh) {
        const std::uint32_t h = index_ ? hash(key) : 0;
        const std::uint32_t found = index_ ? find(key, h) : scan(key);
        if (found != none) {
            return {found, false};
        }
        assert(entries_.size() < none);
        const auto i = static_cast<std::uint32_t>(entries_.size());
        entries_.push_back(Entry{Key(key), std::move(fresh)});
        if (index_) {
            index_->insert(h, i);
        } else if (entries_.size() > few) {
            index_.emplace(entries_.size());
            for (std::uint32_t j = 0; j <= i; ++j) {
                index_->insert(hash(entries_[j].key), j);
            }
        }
        return {i, true};
    }

    /// Takes the entry out; the last one, if another, takes its index.
    void erase(std::uint32_t i) {
        const auto last = static_cast<std::uint32_t>(entries_.size() - 1);
        if (index_) {
            index_->erase(hash(entries_[i].key), i);
            if (i != last) {
                index_->renumber(hash(entries_[last].key), last, i);
            }
        }
        if (i != last) {
            entries_[i] = std::move(entries_[last]);
        }
        entries_.pop_back();
        if (entries_.empty()) {
            index_.reset();
            std::vector<Entry>{}.swap(entries_);  // assigning {} would keep the capacity
        } else if (entries_.size() <= entries_.capacity() / 4) {
            shrink();
        }
    }

    /// Same keys with equal values, in whatever order.
    [[nodiscard]] bool operator==(const DenseMap& other) const {
        if (size() != other.size()) {
            return false;
        }
        for (const Entry& entry : entries_) {
            const std::uint32_t i = other.find(entry.key);
            if (i == none || !(other[i].mapped == entry.mapped)) {
                return false;
            }
        }
        return true;
    }

    /// Heap bytes as requested, those of the keys included. O(1), O(size) where keys own heap.
    [[nodiscard]] std::size_t heap_bytes() const {
        std::size_t bytes = entries_.capacity() * sizeof(Entry);
        bytes += index_ ? sizeof(HashIndex) + index_->heap_bytes() : 0;
        if constexpr (may_own_bytes<Key>) {
            for (const Entry& entry : entries_) {
                bytes += owned_bytes(entry.key);
            }
        }
        return bytes;
    }

    using snapshot_keeps = std::pair<Key, Mapped>;
    /// Entries in their order, so that it is the same after load.
    template <class Writer>
    void save(Writer& out) const {
        out.write_count(entries_.size());
        for (const Entry& entry : entries_) {
            out.write(entry.key, entry.mapped);
        }
    }
    template <class Reader>
    void load(Reader& in) {
        *this = DenseMap{};
        const std::size_t count = in.template read_count<Key, Mapped>();
        in.require(count < none, "fewer than 2^32 - 1 values");
        for (std::size_t i = 0; i != count; ++i) {
            const auto key = in.template read<Key>();
            in.require(try_emplace(key, in.template read<Mapped>()).second, "each value once");
        }
    }

private:
    [[nodiscard]] static std::uint32_t hash(View key) { return hash_of(key); }

    [[nodiscard]] std::uint32_t scan(View key) const {
        for (std::size_t i = 0; i != entries_.size(); ++i) {
            if (same(entries_[i].key, key)) {
                return static_cast<std::uint32_t>(i);
            }
        }
        return none;
    }

    [[nodiscard]] std::uint32_t find(View key, std::uint32_t h) const {
        return index_->find(h, [&](std::uint32_t i) { return same(entries_[i].key, key); });
    }

    void shrink() {
        if (index_ && entries_.size() <= few / 2) {
            index_.reset();
        } else if (index_) {
            index_->shrink(entries_.size());
        }
        std::vector<Entry> smaller;
        smaller.reserve(entries_.capacity() / 2);
        for (Entry& entry : entries_) {
            smaller.push_back(std::move(entry));
        }
        entries_ = std::move(smaller);
    }

    std::vector<Entry> entries_;
    Box<HashIndex> index_;
};

}  // namespace weir::detail
