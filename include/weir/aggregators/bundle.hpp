// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bundle<As...>: several aggregators over one input. Its result is the tuple of their results.
//
// The parts take the same input; those that take any, such as Count, go with all. A bundle is Removable, or
// Mergeable, when all its parts are. A window keeps each part by itself, by the algorithm that suits that part.
// Projected and Where over a bundle are bundles of projected parts, for the same reason. Costs what the parts cost.
//
//     weir::Bundle<weir::Count, weir::Mean<double>> prices;
//     prices.add(3);
//     auto [count, mean] = prices.result();   // 1, 3.0

#include <concepts>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/aggregators/none.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/detail/memory.hpp>
#include <weir/time.hpp>

namespace weir {

namespace detail {

template <class... Ts>
struct FirstInput {
    using type = None;
};
template <class T, class... Ts>
struct FirstInput<T, Ts...> {
    using type = T;
};
template <class... Ts>
struct FirstInput<None, Ts...> : FirstInput<Ts...> {};

}  // namespace detail

template <Aggregator... As>
class Bundle : public detail::MemoryOf<Bundle<As...>, As...> {
public:
    using parts = std::tuple<As...>;
    static constexpr bool told_memory = (detail::ToldMemory<As> || ...);
    using value_type = typename detail::FirstInput<value_type_t<As>...>::type;

    static_assert(sizeof...(As) > 0, "a bundle needs a part");
    static_assert(((std::same_as<value_type_t<As>, value_type> || std::same_as<value_type_t<As>, None>)&&...),
                  "the parts of a bundle take one type of input: wrap them in Projected to make it so");

    static constexpr bool is_order_dependent = (OrderDependent<As> || ...);

    Bundle() = default;
    explicit Bundle(const detail::Memory& memory) requires(detail::TakesMemory<As> || ...)
        : parts_{std::allocator_arg, memory} {}
    Bundle(const Bundle& other, const detail::Memory& memory) requires(detail::TakesMemory<As> || ...)
        : parts_{std::allocator_arg, memory, other.parts_} {}
    Bundle(Bundle&& other, const detail::Memory& memory) requires(detail::TakesMemory<As> || ...)
        : parts_{std::allocator_arg, memory, std::move(other.parts_)} {}

    constexpr void add(Timestamp t, const value_type& x) requires(detail::TimedAdd<As> || ...) {
        each([&](auto& part) { detail::add(part, t, x); });
    }
    constexpr void add(const value_type& x) requires(!(detail::TimedAdd<As> || ...)) {
        each([&](auto& part) { part.add(x); });
    }
    constexpr void remove(Timestamp t,
                          const value_type& x) requires((Removable<As> && ...) && (detail::TimedRemove<As> || ...)) {
        each([&](auto& part) { detail::remove(part, t, x); });
    }
    constexpr void remove(const value_type& x) requires((Removable<As> && ...) && !(detail::TimedRemove<As> || ...)) {
        each([&](auto& part) { part.remove(x); });
    }
    constexpr void merge(const Bundle& later) requires(Mergeable<As>&&...) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (std::get<I>(parts_).merge(std::get<I>(later.parts_)), ...);
        }
        (std::index_sequence_for<As...>{});
    }

    void add(Timestamp t, const value_type& x,
             std::pmr::memory_resource* memory) requires(told_memory && (detail::TimedAdd<As> || ...)) {
        each([&](auto& part) { detail::add(part, t, x, memory); });
    }
    void add(const value_type& x,
             std::pmr::memory_resource* memory) requires(told_memory && !(detail::TimedAdd<As> || ...)) {
        each([&](auto& part) { detail::add(part, Timestamp{}, x, memory); });
    }
    void remove(Timestamp t, const value_type& x,
                std::pmr::memory_resource* memory) requires(told_memory && (Removable<As> && ...) &&
                                                            (detail::TimedRemove<As> || ...)) {
        each([&](auto& part) { detail::remove(part, t, x, memory); });
    }
    void remove(const value_type& x, std::pmr::memory_resource* memory) requires(told_memory &&
                                                                                 (Removable<As> && ...) &&
                                                                                 !(detail::TimedRemove<As> || ...)) {
        each([&](auto& part) { detail::remove(part, Timestamp{}, x, memory); });
    }
    void merge(const Bundle& later, std::pmr::memory_resource* memory) requires(told_memory && (Mergeable<As> && ...)) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (detail::merge(std::get<I>(parts_), std::get<I>(later.parts_), memory), ...);
        }
        (std::index_sequence_for<As...>{});
    }

    [[nodiscard]] constexpr auto result() const {
        return std::apply(
            [](const As&... part) { return std::tuple<std::remove_cvref_t<result_type_t<As>>...>{part.result()...}; },
            parts_);
    }

    template <std::size_t I>
    [[nodiscard]] constexpr auto& part() noexcept {
        return std::get<I>(parts_);
    }
    template <std::size_t I>
    [[nodiscard]] constexpr const auto& part() const noexcept {
        return std::get<I>(parts_);
    }

    [[nodiscard]] std::size_t memory_in_use() const {
        return std::apply([](const As&... part) { return (std::size_t{0} + ... + detail::owned_bytes(part)); }, parts_);
    }

    constexpr bool operator==(const Bundle& other) const requires(std::equality_comparable<As>&&...) {
        return parts_ == other.parts_;
    }

    static constexpr const char* snapshot_name = "Bundle";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Bundle::parts_);
    }

private:
    template <class Action>
    constexpr void each(Action action) {
        std::apply([&](As&... part) { (action(part), ...); }, parts_);
    }

    parts parts_{};
};

template <class Projection, class... As, class Input>
class Projected<Projection, Bundle<As...>, Input> : public Bundle<Projected<Projection, As, Input>...> {
public:
    using Bundle<Projected<Projection, As, Input>...>::Bundle;
};

template <class Predicate, class... As, class Input>
class Where<Predicate, Bundle<As...>, Input> : public Bundle<Where<Predicate, As, Input>...> {
public:
    using Bundle<Where<Predicate, As, Input>...>::Bundle;
};

}  // namespace weir
