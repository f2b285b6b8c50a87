// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Array: a vector of up to 2^32 - 1 elements that is no larger for knowing where its memory comes from: 24 bytes, as
// much as a std::vector. Elements get their memory from there too. The first few can be inside, without any.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <memory_resource>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weir/detail/memory.hpp>

namespace weir::detail {

template <class T, std::uint32_t inside>
struct PlacesInside {
    union Place {
        Place() noexcept {}  // NOLINT(modernize-use-equals-default): the element's would be needed
        ~Place() {}          // NOLINT(modernize-use-equals-default)
        T element;
    };
    Place places[inside];

    [[nodiscard]] T* first() noexcept { return &places[0].element; }
};
template <class T>
struct PlacesInside<T, 0> {
    [[nodiscard]] static T* first() noexcept { return nullptr; }
};

template <class T, std::uint32_t inside = 0>
class Array {
public:
    using value_type = T;
    using allocator_type = Memory;
    using iterator = T*;
    using const_iterator = const T*;

    Array() : Array{Memory{}} {}
    explicit Array(const Memory& memory) noexcept : from_{memory.resource()} { items_ = places_.first(); }
    Array(std::size_t size, const Memory& memory) : Array{memory} { resize(size); }
    Array(const Array& other) : Array{other, Memory{}} {}
    Array(const Array& other, const Memory& memory) : Array{memory} {
        reserve(other.size());
        for (const T& x : other) {
            std::construct_at(items_ + size_, detail::copy_in(memory, x));
            ++size_;
        }
    }
    Array(Array&& other) noexcept : Array{other.get_allocator()} { take(other); }
    Array(Array&& other, const Memory& memory) : Array{memory} {
        if (*from_ == *other.from_) {
            take(other);
            return;
        }
        reserve(other.size());
        for (T& x : other) {
            push_back(std::move(x));
        }
    }
    Array& operator=(const Array& other) {
        if (this != &other) {
            Array copy{other, get_allocator()};
            swap(copy);
        }
        return *this;
    }
    Array& operator=(Array&& other) noexcept(false) {
        if (this != &other) {
            Array moved{std::move(other), get_allocator()};
            swap(moved);
        }
        return *this;
    }
    ~Array() { release(); }

    /// Requires: the same memory.
    void swap(Array& other) noexcept {
        if constexpr (inside != 0) {
            Array between{std::move(other)};
            other.take(*this);
            take(between);
            return;
        }
        std::swap(items_, other.items_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    [[nodiscard]] Memory get_allocator() const noexcept { return from_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] T* data() noexcept { return items_; }
    [[nodiscard]] const T* data() const noexcept { return items_; }
    [[nodiscard]] T* begin() noexcept { return items_; }
    [[nodiscard]] T* end() noexcept { return items_ + size_; }
    [[nodiscard]] const T* begin() const noexcept { return items_; }
    [[nodiscard]] const T* end() const noexcept { return items_ + size_; }
    [[nodiscard]] T& operator[](std::size_t i) noexcept { return items_[i]; }
    [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return items_[i]; }
    [[nodiscard]] T& front() noexcept { return items_[0]; }
    [[nodiscard]] const T& front() const noexcept { return items_[0]; }
    [[nodiscard]] T& back() noexcept { return items_[size_ - 1]; }
    [[nodiscard]] const T& back() const noexcept { return items_[size_ - 1]; }

    void push_back(T x) {
        if (size_ == capacity_) [[unlikely]] {
            become(grown());
        }
        std::construct_at(items_ + size_, move_in(get_allocator(), x));
        ++size_;
    }
    void pop_back() noexcept { std::destroy_at(items_ + --size_); }
    T* insert(const T* at, T x) {
        const auto i = at - items_;
        push_back(std::move(x));
        std::rotate(items_ + i, end() - 1, end());
        return items_ + i;
    }
    void erase(const T* first, const T* last) {
        if (first == last) {
            return;  // nothing may be moved onto itself
        }
        T* const to = items_ + (first - items_);
        T* const end_of_rest = std::move(items_ + (last - items_), end(), to);
        std::destroy(end_of_rest, end());
        size_ = static_cast<std::uint32_t>(end_of_rest - items_);
    }
    void erase(const T* at) { erase(at, at + 1); }

    void reserve(std::size_t count) {
        if (count > capacity_) {
            become(count);
        }
    }
    void resize(std::size_t count) {
        if (count > capacity_) {
            become(std::max(count, std::min(most, std::size_t{2} * size_)));
        }
        while (size_ > count) {
            pop_back();
        }
        for (; size_ < count; ++size_) {
            std::construct_at(items_ + size_, make_in<T>(get_allocator()));
        }
    }
    void shrink_to_fit() {
        static_assert(inside == 0);
        if (size_ != capacity_) {
            become(size_);
        }
    }
    void clear() noexcept {
        std::destroy(begin(), end());
        size_ = 0;
    }
    /// Also gives the storage back.
    void release() noexcept {
        clear();
        if (capacity_ > inside) {
            from_->deallocate(items_, bytes_of(capacity_), alignof(T));
        }
        items_ = places_.first();
        capacity_ = inside;
    }

    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t bytes = capacity_ > inside ? bytes_of(capacity_) : 0;
        if constexpr (may_own_bytes<T>) {
            for (const T& x : *this) {
                bytes += owned_bytes(x);
            }
        }
        return bytes;
    }

    bool operator==(const Array& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

    using snapshot_keeps = T;
    template <class Writer>
    void save(Writer& out) const {
        out.write_count(size());
        out.write_all(data(), size());
    }
    template <class Reader>
    void load(Reader& in) {
        clear();
        const std::size_t count = in.template read_count<T>();
        if constexpr (std::is_trivially_copyable_v<T>) {
            reserve(count);  // so many bytes are there
        }
        for (std::size_t left = count; left != 0; --left) {
            T x = make_in<T>(get_allocator());
            in.read(x);
            push_back(std::move(x));
        }
    }

private:
    static constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();

    static constexpr std::size_t bytes_of(std::size_t elements) {
        return elements * sizeof(T);  // NOLINT(bugprone-sizeof-expression): of pointers too
    }

    [[nodiscard]] std::size_t grown() const noexcept {
        return std::max(std::size_t{size_} + 1, std::min(most, std::size_t{2} * size_));
    }

    // Takes what another of the same memory has. Requires: empty, nothing taken.
    void take(Array& other) noexcept {
        if (inside != 0 && other.capacity_ <= inside) {
            std::uninitialized_move(other.begin(), other.end(), items_);
            size_ = other.size_;
            other.clear();
            return;
        }
        items_ = std::exchange(other.items_, other.places_.first());
        size_ = std::exchange(other.size_, 0U);
        capacity_ = std::exchange(other.capacity_, inside);
    }

    // Requires: capacity >= size(), and more than are inside, or 0 where none are.
    [[gnu::noinline]] void become(std::size_t capacity) {
        if (capacity > most) {
            throw std::length_error("weir: more than 2^32 - 1 elements");
        }
        T* items = nullptr;
        if (capacity != 0) {
            items = static_cast<T*>(from_->allocate(bytes_of(capacity), alignof(T)));
            std::uninitialized_move(begin(), end(), items);
        }
        const std::uint32_t size = size_;
        release();
        items_ = items;
        size_ = size;
        capacity_ = static_cast<std::uint32_t>(capacity);
    }

    T* items_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = inside;
    std::pmr::memory_resource* from_;
    [[no_unique_address]] PlacesInside<T, inside> places_;
};

}  // namespace weir::detail
