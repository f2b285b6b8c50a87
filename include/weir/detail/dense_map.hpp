// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// DenseMap<Key, Mapped>: entries side by side in an array, found by looking at all of them while they are few
// and through a hash index beyond.
//
// An empty one is 32 bytes and owns no heap; one that has emptied has given its heap back. find, insert and
// erase: O(1) expected. An entry keeps its index until an erase, which puts the last entry in its place.

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <weir/detail/array.hpp>
#include <weir/detail/box.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/value.hpp>

namespace weir::detail {

/// Open addressing with linear probing over hashes and entry indices; it does not know the keys.
class HashIndex {
public:
    static constexpr std::uint32_t none = 0xFFFF'FFFF;

    using allocator_type = Memory;

    HashIndex(std::size_t entries, const Memory& memory) : slots_(std::bit_ceil(entries * 4 / 3 + 1), memory) {}
    HashIndex(const HashIndex& other, const Memory& memory) : slots_{other.slots_, memory} {}
    HashIndex(HashIndex&& other, const Memory& memory) : slots_{std::move(other.slots_), memory} {}

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

    [[nodiscard]] std::size_t memory_in_use() const { return slots_.memory_in_use(); }

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
        Array<Slot> old(count, slots_.get_allocator());
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.index != none) {
                place(slot);
            }
        }
    }

    Array<Slot> slots_;
};

template <class Key, class Mapped>
class DenseMap {
public:
    struct Entry {
        Key key;
        [[no_unique_address]] Mapped mapped;

        [[nodiscard]] Entry copy_in(const Memory& memory) const { return Entry{detail::copy_in(memory, key), mapped}; }
        [[nodiscard]] std::size_t memory_in_use() const requires may_own_bytes<Key> { return owned_bytes(key); }
    };
    using View = view_of_t<Key>;

    using allocator_type = Memory;

    static constexpr std::uint32_t none = HashIndex::none;
    static constexpr std::size_t few = 16;  // up to here comparing beats hashing

    DenseMap() = default;
    explicit DenseMap(const Memory& memory) noexcept : entries_{memory} {}
    DenseMap(const DenseMap& other, const Memory& memory)
        : entries_{other.entries_, memory}, index_{other.index_, memory} {}
    DenseMap(const DenseMap& other) : DenseMap{other, Memory{}} {}
    DenseMap(DenseMap&& other) noexcept = default;
    DenseMap(DenseMap&& other, const Memory& memory)
        : entries_{std::move(other.entries_), memory}, index_{std::move(other.index_), memory} {
        other.clear();
    }
    DenseMap& operator=(const DenseMap& other) {
        if (this != &other) {
            DenseMap copy{other, get_allocator()};
            swap(copy);
        }
        return *this;
    }
    DenseMap& operator=(DenseMap&& other) noexcept(false) {
        if (this != &other) {
            DenseMap moved{std::move(other), get_allocator()};
            swap(moved);
        }
        return *this;
    }
    ~DenseMap() = default;

    [[nodiscard]] Memory get_allocator() const noexcept { return entries_.get_allocator(); }
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
        entries_.push_back(Entry{make_in<Key>(get_allocator(), key), std::move(fresh)});
        if (index_) {
            index_->insert(h, i);
        } else if (entries_.size() > few) {
            index_.emplace(get_allocator(), entries_.size());
            for (std::uint32_t j = 0; j <= i; ++j) {
                index_->insert(hash(entries_[j].key), j);
            }
        }
        return {i, true};
    }

    /// Also gives the storage back.
    void clear() noexcept {
        index_.reset();
        entries_.release();
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
            clear();
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
    [[nodiscard]] std::size_t memory_in_use() const { return entries_.memory_in_use() + index_.memory_in_use(); }

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
        clear();
        const std::size_t count = in.template read_count<Key, Mapped>();
        in.require(count < none, "fewer than 2^32 - 1 values");
        for (std::size_t i = 0; i != count; ++i) {
            const auto key = in.template read<Key>();
            in.require(try_emplace(key, in.template read<Mapped>()).second, "each value once");
        }
    }

private:
    void swap(DenseMap& other) noexcept {
        entries_.swap(other.entries_);
        index_ = std::move(other.index_);  // swaps
    }

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
        Array<Entry> smaller{get_allocator()};
        smaller.reserve(entries_.capacity() / 2);
        for (Entry& entry : entries_) {
            smaller.push_back(std::move(entry));
        }
        entries_.swap(smaller);
    }

    Array<Entry> entries_;
    Box<HashIndex> index_;
};

}  // namespace weir::detail
