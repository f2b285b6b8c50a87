// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Aggregators that ask much of a window: of the order of events, of history.

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/time.hpp>

namespace weir_tests {

/// A hash of the inputs in their order: wrong as soon as one is out of place.
template <class T>
struct InOrder {
    using value_type = T;
    static constexpr bool is_order_dependent = true;
    void add(const T& x) { hash = hash * 1'000'003 + static_cast<std::uint64_t>(number(x)) + 1; }
    void merge(const InOrder& later) { hash ^= later.hash; }  // wrong: it must not be called
    [[nodiscard]] std::uint64_t result() const { return hash; }
    static int number(const T& x) {
        if constexpr (std::integral<T>) {
            return x;
        } else {
            return x.number;
        }
    }
    std::uint64_t hash = 0;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&InOrder::hash);
    }
};

struct Step {
    bool checkout = false;
    int number = 0;
    bool operator==(const Step&) const = default;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Step::checkout, &Step::number);
    }
};

/// Orders: a checkout counts the carts of the 150 ms up to it that no earlier checkout took.
struct Orders {
    using value_type = Step;
    static constexpr bool is_order_dependent = true;
    static constexpr weir::Duration memory = std::chrono::milliseconds{150};

    void add(weir::Timestamp t, const Step& step) {
        if (!step.checkout) {
            carts.emplace_back(t, step.number);
            return;
        }
        int total = 0;
        for (const auto& [time, number] : carts) {
            total += t - time < memory ? number : 0;
        }
        carts.clear();
        if (total != 0) {
            orders.emplace_back(t, total);
        }
    }
    void expire(weir::Timestamp horizon) {
        std::erase_if(orders, [&](const auto& order) { return order.first <= horizon; });
    }
    [[nodiscard]] std::optional<weir::Timestamp> next() const {
        return orders.empty() ? std::nullopt : std::optional{orders.front().first};
    }
    [[nodiscard]] std::optional<weir::Timestamp> latest() const {
        return orders.empty() ? std::nullopt : std::optional{orders.back().first};
    }
    [[nodiscard]] std::uint64_t result() const {
        std::uint64_t total = 0;
        for (const auto& order : orders) {
            total = total * 31 + static_cast<std::uint64_t>(order.second);
        }
        return total;
    }

    std::vector<std::pair<weir::Timestamp, int>> carts;
    std::vector<std::pair<weir::Timestamp, int>> orders;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Orders::carts, &Orders::orders);
    }
};

struct Arrived {
    int number = 0;
    std::uint64_t arrival = 0;
    bool operator==(const Arrived&) const = default;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Arrived::number, &Arrived::arrival);
    }
};

}  // namespace weir_tests
