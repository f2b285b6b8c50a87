// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// A double-ended queue on a power-of-two ring: indexed, 24 bytes when empty and no heap. Push amortized O(1), pop O(1),
// insert in the middle O(elements after it). Up to 2^31 elements. A log says on it where its chunks are;
// boost::circular_buffer takes 40 bytes and more instructions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace weir::detail {

template <class T>
class Ring {
public:
    Ring() = default;
    Ring(const Ring& other) {
        for (std::uint32_t i = 0; i != other.count_; ++i) {
            push_back(other[i]);
        }
    }
    Ring(Ring&& other) noexcept { swap(other); }
    Ring& operator=(Ring other) noexcept {
        swap(other);
        return *this;
    }
    ~Ring() { clear(); }

    void swap(Ring& other) noexcept {
        std::swap(items_, other.items_);
        std::swap(mask_, other.mask_);
        std::swap(head_, other.head_);
        std::swap(count_, other.count_);
    }

    [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] T& operator[](std::uint32_t i) const noexcept { return items_[(head_ + i) & mask_]; }
    [[nodiscard]] T& front() const noexcept { return (*this)[0]; }
    [[nodiscard]] T& back() const noexcept { return (*this)[count_ - 1]; }

    void push_back(T item) {
        if (count_ == capacity()) {
            grow();
        }
        std::construct_at(&items_[(head_ + count_) & mask_], std::move(item));
        ++count_;
    }
    void pop_back() noexcept { std::destroy_at(&items_[(head_ + --count_) & mask_]); }
    void pop_front() noexcept {
        std::destroy_at(&items_[head_]);
        head_ = (head_ + 1) & mask_;
        --count_;
    }
    void insert(std::uint32_t i, T item) {
        push_back(std::move(item));
        for (std::uint32_t j = count_ - 1; j != i; --j) {
            std::swap((*this)[j], (*this)[j - 1]);
        }
    }
    /// Also gives the storage back.
    void clear() noexcept {
        while (count_ != 0) {
            pop_back();
        }
        if (items_ != nullptr) {
            std::allocator<T>{}.deallocate(items_, capacity());
        }
        items_ = nullptr;
        mask_ = head_ = 0;
    }

    [[nodiscard]] std::size_t heap_bytes() const noexcept { return capacity() * sizeof(T); }

private:
    [[nodiscard]] std::uint32_t capacity() const noexcept { return items_ == nullptr ? 0 : mask_ + 1; }

    void grow() {
        const std::uint32_t wider = std::max<std::uint32_t>(2, capacity() * 2);
        T* const items = std::allocator<T>{}.allocate(wider);
        for (std::uint32_t i = 0; i != count_; ++i) {
            std::construct_at(items + i, std::move((*this)[i]));
        }
        const std::uint32_t count = count_;
        clear();
        items_ = items;
        mask_ = wider - 1;
        count_ = count;
    }

    T* items_ = nullptr;
    std::uint32_t mask_ = 0;
    std::uint32_t head_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace weir::detail
