// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Maybe<T>: a std::optional<T>; of a T that takes memory one that knows where from.

#include <memory_resource>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/detail/memory.hpp>

namespace weir::detail {

template <class T>
class MaybeInMemory {
public:
    using allocator_type = Memory;

    MaybeInMemory() : MaybeInMemory{Memory{}} {}
    explicit MaybeInMemory(const Memory& memory) noexcept : from_{memory.resource()} {}
    MaybeInMemory(const MaybeInMemory& other, const Memory& memory) : MaybeInMemory{memory} { *this = other; }
    MaybeInMemory(const MaybeInMemory& other) : MaybeInMemory{other, Memory{}} {}
    MaybeInMemory(MaybeInMemory&& other, const Memory& memory) : MaybeInMemory{memory} { *this = std::move(other); }
    MaybeInMemory(MaybeInMemory&& other) noexcept : value_{std::move(other.value_)}, from_{other.from_} {}
    MaybeInMemory& operator=(const MaybeInMemory& other) {
        if (!other.value_) {
            value_.reset();
        } else if (this != &other) {
            *this = *other.value_;
        }
        return *this;
    }
    MaybeInMemory& operator=(MaybeInMemory&& other) noexcept(false) {
        if (!other.value_) {
            value_.reset();
        } else if (value_) {
            *value_ = std::move(*other.value_);
        } else {
            value_.emplace(make_in<T>(from_, std::move(*other.value_)));
        }
        return *this;
    }
    ~MaybeInMemory() = default;

    template <class X>
    requires(!std::is_same_v<std::remove_cvref_t<X>, MaybeInMemory>) MaybeInMemory& operator=(const X& x) {
        if (value_) {
            *value_ = x;
        } else {
            value_.emplace(make_in<T>(from_, x));
        }
        return *this;
    }

    explicit operator bool() const noexcept { return value_.has_value(); }
    const T& operator*() const noexcept { return *value_; }
    operator std::optional<T>() const { return value_; }  // NOLINT(google-explicit-constructor): what it stands for
    constexpr bool operator==(const MaybeInMemory& other) const { return value_ == other.value_; }

    [[nodiscard]] std::size_t memory_in_use() const { return value_ ? owned_bytes(*value_) : 0; }

    using snapshot_keeps = std::optional<T>;
    template <class Writer>
    void save(Writer& out) const {
        out.write(value_);
    }
    template <class Reader>
    void load(Reader& in) {
        value_.reset();
        if (in.template read<bool>()) {
            in.read(value_.emplace(make_in<T>(from_)));
        }
    }

private:
    std::optional<T> value_;
    std::pmr::memory_resource* from_;
};

template <class T>
using Maybe = std::conditional_t<TakesMemory<T>, MaybeInMemory<T>, std::optional<T>>;

}  // namespace weir::detail
