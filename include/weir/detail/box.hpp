// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Box<T>: a T on the heap or nothing. One pointer: where the T's memory is from is beside it, on the heap. InPlace<T>:
// a T that can be reset, used as a Box is, but never nothing.

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <utility>

#include <weir/detail/memory.hpp>

namespace weir::detail {

template <class T>
class Box {
    struct Held {
        std::pmr::memory_resource* from;
        T value;
    };

public:
    Box() noexcept = default;
    Box(const Box& other, const Memory& memory) {
        if (other) {
            emplace(memory, detail::copy_in(memory, *other));
        }
    }
    Box(const Box& other) : Box{other, Memory{}} {}
    Box(Box&& other) noexcept : held_{std::exchange(other.held_, nullptr)} {}
    Box(Box&& other, const Memory& memory) {
        if (other && *other.held_->from == *memory.resource()) {
            std::swap(held_, other.held_);
        } else if (other) {
            emplace(memory, std::move(*other));
        }
    }
    Box& operator=(const Box& other) { return *this = Box{other}; }  // from the default resource
    Box& operator=(Box&& other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~Box() { reset(); }

    explicit operator bool() const noexcept { return held_ != nullptr; }
    T& operator*() noexcept { return held_->value; }
    const T& operator*() const noexcept { return held_->value; }
    T* operator->() noexcept { return &held_->value; }
    const T* operator->() const noexcept { return &held_->value; }

    /// A T of these arguments in place of the one that there is.
    template <class... Args>
    T& emplace(const Memory& memory, Args&&... args) {
        reset();
        Memory from{memory};
        void* const storage = from.allocate_bytes(sizeof(Held), alignof(Held));
        try {
            held_ = ::new (storage) Held{from.resource(), make_in<T>(memory, std::forward<Args>(args)...)};
        } catch (...) {
            from.deallocate_bytes(storage, sizeof(Held), alignof(Held));
            throw;
        }
        return held_->value;
    }
    void reset() noexcept {
        if (held_ != nullptr) {
            std::pmr::memory_resource* const from = held_->from;
            std::destroy_at(held_);
            from->deallocate(std::exchange(held_, nullptr), sizeof(Held), alignof(Held));
        }
    }

    [[nodiscard]] std::size_t memory_in_use() const {
        return held_ == nullptr ? 0 : sizeof(Held) + owned_bytes(held_->value);
    }

private:
    Held* held_ = nullptr;
};

template <class T>
class InPlace {
public:
    explicit InPlace(const Memory& memory) : held_{make_in<T>(memory)} {}
    InPlace(const InPlace& other, const Memory& memory) : held_{detail::copy_in(memory, other.held_)} {}
    InPlace(InPlace&& other) noexcept = default;
    InPlace(InPlace&& other, const Memory& memory) : held_{move_in(memory, other.held_)} {}

    explicit operator bool() const noexcept { return true; }
    T& operator*() noexcept { return held_; }
    const T& operator*() const noexcept { return held_; }
    T* operator->() noexcept { return &held_; }
    const T* operator->() const noexcept { return &held_; }

    T& emplace(const Memory& memory) {
        held_.reset(memory.resource());
        return held_;
    }
    [[nodiscard]] std::size_t memory_in_use() const { return owned_bytes(held_); }

private:
    T held_;
};

}  // namespace weir::detail
