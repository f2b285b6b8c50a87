// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// How aggregators treat the values they keep: how they are passed in, told apart, hashed and weighed.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/container_hash/hash.hpp>

#include <weir/decimal.hpp>

namespace weir::detail {

template <class T>
inline constexpr bool is_text = false;
template <class Allocator>
inline constexpr bool is_text<std::basic_string<char, std::char_traits<char>, Allocator>> = true;

/// How a T is passed to an aggregator: a std::string, or one of std::pmr, as a std::string_view, so that looking one up
/// makes no temporary.
template <class T>
using view_of_t = std::conditional_t<is_text<T>, std::string_view, const T&>;

/// Equality under which every value equals itself: all NaNs are one value.
template <class A, class B>
[[nodiscard]] constexpr bool same(const A& a, const B& b) {
    if constexpr (std::floating_point<A>) {
        return a == b || (a != a && b != b);
    } else {
        return a == b;
    }
}

template <class T>
concept StdHashable = requires(const T& x) {
    { std::hash<T>{}(x) } -> std::convertible_to<std::size_t>;
};

/// 32 well mixed bits. Uses std::hash where there is one, else boost::hash (a `hash_value` found by ADL).
template <class T>
[[nodiscard]] std::uint32_t hash_of(const T& x) {
    std::uint64_t h = 0;
    if constexpr (std::floating_point<T>) {
        h = x != x ? 1 : std::hash<T>{}(x);
    } else if constexpr (std::same_as<T, Decimal>) {
        h = static_cast<std::uint64_t>(x.millionths()) ^ (static_cast<std::uint64_t>(x.millionths() >> 64) * 31);
    } else if constexpr (StdHashable<T>) {
        h = std::hash<T>{}(x);
    } else {
        h = boost::hash<T>{}(x);
    }
    h ^= h >> 32;
    h *= 0x9E37'79B9'7F4A'7C15U;
    return static_cast<std::uint32_t>(h >> 32);
}

}  // namespace weir::detail
