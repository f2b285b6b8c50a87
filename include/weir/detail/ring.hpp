// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// A double-ended queue on a ring: indexed, no heap when empty. Push amortized O(1), pop O(1), insert in the middle
// O(elements after it). A log says on it where its chunks are, windows keep slices and events on it;
// boost::circular_buffer takes more instructions and no std::pmr::polymorphic_allocator.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <utility>

#include <weir/detail/memory.hpp>

namespace weir::detail {

/// With an Index that can count its elements.
template <class T, class Index = std::uint32_t>
class Ring {
public:
    using allocator_type = Memory;

    explicit Ring(const Memory& memory) noexcept : from_{memory.resource()} {}
    Ring(const Ring& other, const Memory& memory) : Ring{memory} {
        set_capacity(other.count_);
        for (Index i = 0; i != other.count_; ++i) {
            push_back(detail::copy_in(memory, other[i]));
        }
    }
    Ring(const Ring& other) : Ring{other, Memory{}} {}
    Ring(Ring&& other) noexcept : from_{other.from_} { swap(other); }
    Ring(Ring&& other, const Memory& memory) : Ring{memory} {
        if (*from_ == *other.from_) {
            swap(other);
            return;
        }
        set_capacity(other.count_);
        for (Index i = 0; i != other.count_; ++i) {
            push_back(std::move(other[i]));
        }
    }
    Ring& operator=(const Ring& other) {
        if (this != &other) {
            Ring copy{other, get_allocator()};
            swap(copy);
        }
        return *this;
    }
    Ring& operator=(Ring&& other) noexcept(false) {
        if (this != &other) {
            Ring moved{std::move(other), get_allocator()};
            swap(moved);
        }
        return *this;
    }
    ~Ring() { release(); }

    /// Requires: the same memory.
    void swap(Ring& other) noexcept {
        std::swap(items_, other.items_);
        std::swap(capacity_, other.capacity_);
        std::swap(head_, other.head_);
        std::swap(count_, other.count_);
    }

    [[nodiscard]] Memory get_allocator() const noexcept { return from_; }
    [[nodiscard]] Index size() const noexcept { return count_; }
    [[nodiscard]] Index capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] bool full() const noexcept { return count_ == capacity_; }
    [[nodiscard]] T& operator[](Index i) const noexcept { return items_[place(i)]; }
    [[nodiscard]] T& front() const noexcept { return items_[head_]; }
    [[nodiscard]] T& back() const noexcept { return (*this)[count_ - 1]; }

    /// Of an element that is in it.
    [[nodiscard]] Index index_of(const T* item) const noexcept {
        const auto at = static_cast<Index>(item - items_);
        return at < head_ ? at + (capacity_ - head_) : at - head_;
    }

    void push_back(T item) {
        if (full()) [[unlikely]] {
            set_capacity(std::max<Index>(2, capacity_ * 2));
        }
        std::construct_at(&items_[place(count_)], move_in(get_allocator(), item));
        ++count_;
    }
    void pop_back() noexcept { std::destroy_at(&items_[place(--count_)]); }
    void pop_front() noexcept {
        std::destroy_at(&items_[head_]);
        head_ = head_ + 1 == capacity_ ? 0 : head_ + 1;
        --count_;
    }
    void insert(Index i, T item) {
        push_back(std::move(item));
        for (Index j = count_ - 1; j != i; --j) {
            std::swap((*this)[j], (*this)[j - 1]);
        }
    }
    /// Requires: no less than size().
    void set_capacity(Index capacity) {
        T* items = nullptr;
        if (capacity != 0) {
            items = static_cast<T*>(from_->allocate(capacity * sizeof(T), alignof(T)));
            for (Index i = 0; i != count_; ++i) {
                std::construct_at(items + i, std::move((*this)[i]));
            }
        }
        const Index count = count_;
        release();
        items_ = items;
        capacity_ = capacity;
        count_ = count;
    }
    void clear() noexcept {
        while (count_ != 0) {
            pop_back();
        }
    }
    /// Also gives the storage back.
    void release() noexcept {
        clear();
        if (items_ != nullptr) {
            from_->deallocate(items_, capacity_ * sizeof(T), alignof(T));
        }
        items_ = nullptr;
        capacity_ = head_ = 0;
    }

    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t bytes = capacity_ * sizeof(T);
        if constexpr (may_own_bytes<T>) {
            for (Index i = 0; i != count_; ++i) {
                bytes += owned_bytes((*this)[i]);
            }
        }
        return bytes;
    }

private:
    // Requires: some capacity.
    [[nodiscard]] Index place(Index i) const noexcept {
        const Index to_end = capacity_ - head_;
        return i < to_end ? head_ + i : i - to_end;
    }

    T* items_ = nullptr;
    Index capacity_ = 0;
    Index head_ = 0;
    Index count_ = 0;
    std::pmr::memory_resource* from_;
};

}  // namespace weir::detail
