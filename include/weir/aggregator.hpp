// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an aggregator is. Any regular type with a `value_type`, an `add` and a `result` will do: no base
// class, no registration. An aggregator is its own state; default construction gives the empty one.
//
//     struct Product {                                     // a user's own: the product of all inputs
//         using value_type = double;
//         void add(double x) { product *= x; }
//         void merge(const Product& later) { product *= later.product; }
//         [[nodiscard]] double result() const { return product; }
//         double product = 1;
//         bool operator==(const Product&) const = default;
//     };
//     static_assert(weir::Mergeable<Product>);
//
// Windows pick their algorithm by what the aggregator can do: Removable ones are kept by subtracting what
// leaves, Mergeable ones by merging chunks of events, all others are recomputed from the log in event-time order.
//
// One that takes memory is given its window's as a container that is an element of another is: by an `allocator_type`
// and constructors that take one last (uses-allocator construction); without those it is default constructed and
// copied. A `memory_in_use()` says how many bytes it has taken.
//
//     struct Path {                                        // all inputs in order
//         using value_type = int;
//         using allocator_type = std::pmr::polymorphic_allocator<>;
//         static constexpr bool is_order_dependent = true;
//         Path() = default;
//         explicit Path(const allocator_type& memory) : steps{memory} {}
//         Path(const Path& other, const allocator_type& memory) : steps{other.steps, memory} {}
//         Path(Path&& other, const allocator_type& memory) : steps{std::move(other.steps), memory} {}
//         void add(int step) { steps.push_back(step); }
//         [[nodiscard]] std::size_t result() const { return steps.size(); }
//         [[nodiscard]] std::size_t memory_in_use() const { return steps.capacity() * sizeof(int); }
//         std::pmr::vector<int> steps;
//     };

#include <concepts>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <utility>

#include <weir/time.hpp>

namespace weir {

/// The input of an aggregator; a window over it stores values of this type.
template <class A>
using value_type_t = typename A::value_type;

/// The type of an aggregator's answer.
template <class A>
using result_type_t = decltype(std::declval<const A&>().result());

namespace detail {

template <class A>
concept TimedAdd = requires(A a, Timestamp t, const value_type_t<A>& x) {
    a.add(t, x);
};
template <class A>
concept PlainAdd = requires(A a, const value_type_t<A>& x) {
    a.add(x);
};
template <class A>
concept AnyAdd = TimedAdd<A> || PlainAdd<A>;
template <class A>
concept TimedRemove = requires(A a, Timestamp t, const value_type_t<A>& x) {
    a.remove(t, x);
};
template <class A>
concept PlainRemove = requires(A a, const value_type_t<A>& x) {
    a.remove(x);
};
template <class A>
concept AnyRemove = TimedRemove<A> || PlainRemove<A>;

}  // namespace detail

/// `a.add(x)` or `a.add(t, x)` takes one input; `a.result()` answers for all taken so far.
///
/// An aggregator that takes the time must give the same result whatever order inputs of different times
/// come in, unless it is `OrderDependent`. Inputs of equal time come in order of arrival.
template <class A>
concept Aggregator = std::semiregular<A> && detail::AnyAdd<A> && requires(const A a) {
    a.result();
};

/// `a.remove(x)` or `a.remove(t, x)` undoes the add of an equal input. Callers remove inputs in event-time
/// order, the oldest one first (equal times: in order of arrival), and never one that was not added.
template <class A>
concept Removable = Aggregator<A> && detail::AnyRemove<A>;

/// `a.merge(b)` makes a what it would be had b's inputs been added after its own.
template <class A>
concept Mergeable = Aggregator<A> && requires(A a, const A b) {
    a.merge(b);
};

/// Declares `static constexpr bool is_order_dependent = true`: inputs must be added in event-time order.
/// A late input makes a window replay its log into a fresh aggregator.
template <class A>
concept OrderDependent = Aggregator<A> && A::is_order_dependent;

/// Removes its own past: `a.expire(horizon)` drops all that counts at or before the horizon, `a.next()`
/// is the earliest time that still counts and `a.latest()` the last, both `optional`. What counts need not
/// be the inputs themselves: orders inferred from cart events count from their checkout. A window over such an
/// aggregator is as long-lived as what counts, not as its inputs.
template <class A>
concept Expiring = Aggregator<A> && requires(A a, const A c, Timestamp t) {
    a.expire(t);
    { c.next() } -> std::convertible_to<std::optional<Timestamp>>;
    { c.latest() } -> std::convertible_to<std::optional<Timestamp>>;
};

namespace detail {

// X is the aggregator's value_type, or for one that takes any input (Count) whatever the window holds.
template <class A, class X>
constexpr void add(A& a, Timestamp t, const X& x) {
    if constexpr (requires { a.add(t, x); }) {
        a.add(t, x);
    } else {
        a.add(x);
    }
}

template <class A, class X>
constexpr void remove(A& a, Timestamp t, const X& x) {
    if constexpr (requires { a.remove(t, x); }) {
        a.remove(t, x);
    } else {
        a.remove(x);
    }
}

/// Of which each call that may need memory is told, in the end, from where.
template <class A>
concept ToldMemory = requires {
    requires A::told_memory;
};

template <class A, class X>
constexpr void add(A& a, Timestamp t, const X& x, std::pmr::memory_resource* memory) {
    if constexpr (!ToldMemory<A>) {
        detail::add(a, t, x);
    } else if constexpr (requires { a.add(t, x, memory); }) {
        a.add(t, x, memory);
    } else {
        a.add(x, memory);
    }
}

template <class A, class X>
constexpr void remove(A& a, Timestamp t, const X& x, std::pmr::memory_resource* memory) {
    if constexpr (!ToldMemory<A>) {
        detail::remove(a, t, x);
    } else if constexpr (requires { a.remove(t, x, memory); }) {
        a.remove(t, x, memory);
    } else {
        a.remove(x, memory);
    }
}

template <class A, class X>
constexpr void remove_few(A& a, const X* three, std::uint32_t count, std::pmr::memory_resource* memory) {
    if constexpr (ToldMemory<A>) {
        a.remove_few(three, count, memory);
    } else {
        a.remove_few(three, count);
    }
}

template <class A>
constexpr void merge(A& a, const A& later, std::pmr::memory_resource* memory) {
    if constexpr (ToldMemory<A>) {
        a.merge(later, memory);
    } else {
        a.merge(later);
    }
}

}  // namespace detail

}  // namespace weir
