// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Box<T>: a T on the heap or nothing, copied deeply. One pointer. InPlace<T>: a T, used as a Box is, but never nothing.

#include <memory>
#include <utility>

namespace weir::detail {

template <class T>
class Box {
public:
    Box() noexcept = default;
    Box(const Box& other) : held_{other.held_ ? std::make_unique<T>(*other.held_) : nullptr} {}
    Box(Box&&) noexcept = default;
    Box& operator=(const Box& other) {
        held_ = std::move(Box{other}.held_);
        return *this;
    }
    Box& operator=(Box&&) noexcept = default;
    ~Box() = default;

    explicit operator bool() const noexcept { return held_ != nullptr; }
    T& operator*() noexcept { return *held_; }
    const T& operator*() const noexcept { return *held_; }
    T* operator->() noexcept { return held_.get(); }
    const T* operator->() const noexcept { return held_.get(); }

    template <class... Args>
    T& emplace(Args&&... args) {
        held_ = std::make_unique<T>(std::forward<Args>(args)...);
        return *held_;
    }
    void reset() noexcept { held_.reset(); }

private:
    std::unique_ptr<T> held_;
};

template <class T>
class InPlace {
public:
    explicit operator bool() const noexcept { return true; }
    T& operator*() noexcept { return held_; }
    const T& operator*() const noexcept { return held_; }
    T* operator->() noexcept { return &held_; }
    const T* operator->() const noexcept { return &held_; }

    T& emplace() {
        held_ = T{};
        return held_;
    }
    void reset() { held_ = T{}; }

private:
    T held_{};
};

}  // namespace weir::detail
