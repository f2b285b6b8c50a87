// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where windows and aggregators take their memory from, how that is passed on, and how much of it there is.
//
// What takes memory says so as the standard's containers do: an `allocator_type`, and constructors with one as their
// last argument. What is inside something else has its memory from there.

#include <concepts>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string>
#include <type_traits>
#include <utility>

namespace weir::detail {

using Memory = std::pmr::polymorphic_allocator<>;

// A class that inherits an allocator_type, but none of the constructors, does not.
template <class T>
inline constexpr bool takes_memory = std::uses_allocator_v<T, Memory> &&
                                     (std::is_constructible_v<T, const T&, const Memory&> ||
                                      std::is_constructible_v<T, std::allocator_arg_t, const Memory&, const T&>);
template <class A, class B>
inline constexpr bool takes_memory<std::pair<A, B>> = takes_memory<A> || takes_memory<B>;

/// What has something to do with memory that it is given.
template <class T>
concept TakesMemory = takes_memory<T>;

/// A T of these arguments, with its memory from there. Aggregates that hold what takes memory have static members
/// `empty_in(memory)`.
template <class T, class... Args>
[[nodiscard]] T make_in(const Memory& memory, Args&&... args) {
    if constexpr (TakesMemory<T>) {
        return std::make_obj_using_allocator<T>(memory, std::forward<Args>(args)...);
    } else if constexpr (sizeof...(Args) == 0 && requires { T::empty_in(memory); }) {
        return T::empty_in(memory);
    } else if constexpr (sizeof...(Args) == 0) {
        return T{};
    } else {
        return T(std::forward<Args>(args)...);
    }
}

/// A copy with its memory from there. Aggregates that hold what takes memory have a member `copy_in(memory)`.
template <class T>
[[nodiscard]] T copy_in(const Memory& memory, const T& x) {
    if constexpr (requires { x.copy_in(memory); }) {
        return x.copy_in(memory);
    } else {
        return make_in<T>(memory, x);
    }
}

/// `to = from`, for what has no memory of its own to remember: that comes from there.
template <class T>
void assign_in(const Memory& memory, T& to, const T& from) {
    if constexpr (TakesMemory<T> || requires { from.copy_in(memory); }) {
        to = detail::copy_in(memory, from);
    } else {
        to = from;
    }
}

/// Takes a value over, into memory from there.
template <class T>
[[nodiscard]] decltype(auto) move_in(const Memory& memory, T& x) {
    if constexpr (TakesMemory<T>) {
        return make_in<T>(memory, std::move(x));
    } else {
        return std::move(x);
    }
}

/// Puts a thing in another's place.
template <class T>
T& replace(T& old, T&& by) noexcept {
    static_assert(std::is_nothrow_move_constructible_v<T>);
    std::destroy_at(&old);
    return *std::construct_at(&old, std::forward<T>(by));
}

/// What a class derives from to take memory where some part of it does. One type for each class, so that none makes
/// what it is in any larger.
template <class Class>
struct WithMemory {
    using allocator_type = Memory;
    constexpr bool operator==(const WithMemory&) const noexcept = default;
};
template <class Class>
struct WithoutMemory {
    constexpr bool operator==(const WithoutMemory&) const noexcept = default;
};
template <class Class, class... Parts>
using MemoryOf = std::conditional_t<(TakesMemory<Parts> || ...), WithMemory<Class>, WithoutMemory<Class>>;

template <class T>
inline constexpr bool is_string = false;
template <class Char, class Traits, class Allocator>
inline constexpr bool is_string<std::basic_string<Char, Traits, Allocator>> = true;

template <class T>
inline constexpr bool may_own_bytes = is_string<T> || requires(const T& x) {
    x.memory_in_use();
};

/// Bytes that a kept value owns. Known for strings and for types with a `memory_in_use()`; 0 for all others.
template <class T>
[[nodiscard]] std::size_t owned_bytes(const T& x) {
    if constexpr (is_string<T>) {
        using Char = typename T::value_type;
        constexpr std::size_t inside = 15 / sizeof(Char);  // characters
        return x.capacity() > inside ? (x.capacity() + 1) * sizeof(Char) : 0;
    } else if constexpr (may_own_bytes<T>) {
        return x.memory_in_use();
    } else {
        return 0;
    }
}

}  // namespace weir::detail
