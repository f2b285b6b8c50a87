// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Projected<Projection, A>: A over what the projection makes of each input; an empty optional is not added.
// Where<Predicate, A>: A over the inputs that the predicate accepts.
// Field<&T::member>: a member, a member function or a function as a type, to be used as either.
//
// Both can do what A can (Removable, Mergeable, OrderDependent, Expiring), cost what A costs and are as large as A:
// projection and predicate are types without state, such as Field or a lambda that captures nothing. They must give
// the same answer for equal inputs at any time.
//
//     using MeanPrice = weir::Projected<weir::Field<&Product::price>, weir::Mean<weir::Decimal>>;
//     using Adds = weir::Where<decltype([](const Event& e) { return e.type == Type::add; }), weir::Count>;

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory_resource>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/aggregators/none.hpp>
#include <weir/detail/input_of.hpp>
#include <weir/detail/memory.hpp>
#include <weir/time.hpp>

namespace weir {

template <auto Callable>
struct Field {
    using Input = detail::input_of_t<std::remove_cv_t<decltype(Callable)>>;

    constexpr decltype(auto) operator()(const Input& x) const { return std::invoke(Callable, x); }
};

namespace detail {

template <class>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Stateless and callable at will: nothing needs to be kept of it.
template <class F>
concept Stateless = std::is_empty_v<F> && std::default_initializable<F>;

/// The shell around an aggregator that sees other inputs. `Derived::pass(x, to)` calls `to(y)` with what A shall see.
template <class Derived, Aggregator A, class Input>
class Filtered : public MemoryOf<Filtered<Derived, A, Input>, A> {
public:
    using value_type = Input;
    static constexpr bool told_memory = ToldMemory<A>;
    static constexpr bool is_order_dependent = OrderDependent<A>;

    Filtered() = default;
    explicit Filtered(const Memory& memory) requires TakesMemory<A> : inner_{make_in<A>(memory)} {}
    Filtered(const Filtered& other, const Memory& memory) requires TakesMemory<A>
        : inner_{make_in<A>(memory, other.inner_)} {}
    Filtered(Filtered&& other, const Memory& memory) requires TakesMemory<A>
        : inner_{make_in<A>(memory, std::move(other.inner_))} {}

    constexpr void add(Timestamp t, const Input& x) requires TimedAdd<A> {
        Derived::pass(x, [&](const auto& y) { inner_.add(t, y); });
    }
    constexpr void add(const Input& x) requires(!TimedAdd<A>) {
        Derived::pass(x, [&](const auto& y) { inner_.add(y); });
    }
    constexpr void remove(Timestamp t, const Input& x) requires TimedRemove<A> {
        Derived::pass(x, [&](const auto& y) { inner_.remove(t, y); });
    }
    constexpr void remove(const Input& x) requires(PlainRemove<A> && !TimedRemove<A>) {
        Derived::pass(x, [&](const auto& y) { inner_.remove(y); });
    }
    constexpr void merge(const Derived& later) requires Mergeable<A> {
        inner_.merge(static_cast<const Filtered&>(later).inner_);
    }

    void add(Timestamp t, const Input& x, std::pmr::memory_resource* memory) requires(told_memory&& TimedAdd<A>) {
        Derived::pass(x, [&](const auto& y) { inner_.add(t, y, memory); });
    }
    void add(const Input& x, std::pmr::memory_resource* memory) requires(told_memory && !TimedAdd<A>) {
        Derived::pass(x, [&](const auto& y) { inner_.add(y, memory); });
    }
    void remove(Timestamp t, const Input& x, std::pmr::memory_resource* memory) requires(told_memory&& TimedRemove<A>) {
        Derived::pass(x, [&](const auto& y) { inner_.remove(t, y, memory); });
    }
    void remove(const Input& x,
                std::pmr::memory_resource* memory) requires(told_memory&& PlainRemove<A> && !TimedRemove<A>) {
        Derived::pass(x, [&](const auto& y) { inner_.remove(y, memory); });
    }
    void merge(const Derived& later, std::pmr::memory_resource* memory) requires(told_memory&& Mergeable<A>) {
        inner_.merge(static_cast<const Filtered&>(later).inner_, memory);
    }

    constexpr void expire(Timestamp horizon) requires Expiring<A> { inner_.expire(horizon); }
    [[nodiscard]] constexpr auto next() const requires Expiring<A> { return inner_.next(); }
    [[nodiscard]] constexpr auto latest() const requires Expiring<A> { return inner_.latest(); }

    [[nodiscard]] constexpr decltype(auto) result() const { return inner_.result(); }

    /// The aggregator inside.
    [[nodiscard]] constexpr const A& inner() const noexcept { return inner_; }

    [[nodiscard]] std::size_t memory_in_use() const requires requires(const A& a) { a.memory_in_use(); }
    { return inner_.memory_in_use(); }

    constexpr bool operator==(const Filtered& other) const requires std::equality_comparable<A> {
        return inner_ == other.inner_;
    }

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Filtered::inner_);
    }

private:
    A inner_{};
};

template <class Predicate, class A>
using where_input_t = std::conditional_t<std::same_as<value_type_t<A>, None>, input_of_t<Predicate>, value_type_t<A>>;

}  // namespace detail

template <class Projection, Aggregator A, class Input = detail::input_of_t<Projection>>
class Projected : public detail::Filtered<Projected<Projection, A, Input>, A, Input> {
    using Base = detail::Filtered<Projected, A, Input>;

    static_assert(detail::Stateless<Projection>,
                  "a projection has no state: write Field<&T::member> or a lambda that captures nothing");
    static_assert(!std::same_as<Input, detail::Unknown>,
                  "the projection does not say what it takes: name its parameter's type, or write "
                  "Projected<Projection, A, Input>");

public:
    using Base::Base;

    static constexpr const char* snapshot_name = "Projected";

    template <class To>
    static constexpr void pass(const Input& x, To to) {
        const auto& y = Projection{}(x);
        if constexpr (detail::is_optional<std::remove_cvref_t<decltype(y)>>) {
            if (y) {
                to(*y);
            }
        } else {
            to(y);
        }
    }
};

template <class Predicate, Aggregator A, class Input = detail::where_input_t<Predicate, A>>
class Where : public detail::Filtered<Where<Predicate, A, Input>, A, Input> {
    using Base = detail::Filtered<Where, A, Input>;

    static_assert(detail::Stateless<Predicate>,
                  "a predicate has no state: write Field<&T::member> or a lambda that captures nothing");
    static_assert(!std::same_as<Input, detail::Unknown>,
                  "the predicate does not say what it takes: name its parameter's type, or write "
                  "Where<Predicate, A, Input>");

public:
    using Base::Base;

    static constexpr const char* snapshot_name = "Where";

    template <class To>
    static constexpr void pass(const Input& x, To to) {
        if (Predicate{}(x)) {
            to(x);
        }
    }
};

}  // namespace weir
