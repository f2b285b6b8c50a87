// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Orders: the orders of one shopper, inferred from cart events and checkout steps or told by transactions.
//
// A checkout step 2 after a cart event that was not checked out yet and is at most 24 h old is an order, worth the
// cart's total. A transaction is one by itself; it takes the place of the latest order inferred in the 30 min before
// it, and its worth where it has no revenue of its own; repeats of its id within 24 h are not orders. Steps must come
// in event-time order: a window replays its log after a late one.
//
// Costs: amortized O(1) a step. Memory: 32 bytes for each order that counts and each transaction id of the last 24 h.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include <boost/container/small_vector.hpp>
#include <weir/aggregator.hpp>
#include <weir/decimal.hpp>
#include <weir/snapshot_stream.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

#include "shopper_event.hpp"

namespace live_shopper {

/// What the orders of a window come to.
struct OrderTotals {
    std::int64_t count = 0;
    weir::Decimal value;

    /// value / count to 2 decimals, half-even; 0 without orders.
    [[nodiscard]] weir::Decimal average() const {
        return count == 0 ? weir::Decimal{} : weir::divide_half_even(value, count, 2);
    }
};

/// What came first goes first. The first few are inside.
template <class X>
class FirstOut {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == all_.size(); }
    [[nodiscard]] auto begin() const noexcept { return all_.begin() + static_cast<std::ptrdiff_t>(first_); }
    [[nodiscard]] auto end() const noexcept { return all_.end(); }
    [[nodiscard]] const X& front() const noexcept { return all_[first_]; }
    void push_back(X x) { all_.push_back(std::move(x)); }
    /// O(1) amortized: those that went are taken out once they are as many as are left.
    void pop_front() {
        if (++first_ * 2 >= all_.size()) {
            all_.erase(all_.begin(), begin());
            first_ = 0;
        }
    }
    template <class Iterator>
    void erase(Iterator at) {
        all_.erase(at);
    }
    [[nodiscard]] std::size_t memory_in_use() const noexcept {
        return all_.capacity() > inside ? all_.capacity() * sizeof(X) : 0;
    }

private:
    static constexpr std::size_t inside = 2;
    boost::container::small_vector<X, inside> all_;
    std::size_t first_ = 0;
};

class Orders {
public:
    using value_type = PurchaseStep;
    static constexpr bool is_order_dependent = true;

    static constexpr weir::Duration cart_lifetime = std::chrono::hours{24};
    static constexpr weir::Duration repeat_span = std::chrono::hours{24};
    static constexpr weir::Duration replace_span = std::chrono::minutes{30};

    void add(weir::Timestamp t, const PurchaseStep& step);

    /// Orders at or before `horizon` count no more.
    void expire(weir::Timestamp horizon);

    /// The oldest order that counts.
    [[nodiscard]] std::optional<weir::Timestamp> next() const {
        return orders_.empty() ? std::nullopt : std::optional{orders_.front().time};
    }
    /// The latest order, even if it counts no more.
    [[nodiscard]] std::optional<weir::Timestamp> latest() const { return latest_; }

    [[nodiscard]] OrderTotals result() const { return totals_; }
    [[nodiscard]] std::size_t memory_in_use() const { return orders_.memory_in_use() + transactions_.memory_in_use(); }

    void save(weir::SnapshotWriter& out) const;
    void load(weir::SnapshotReader& in);

private:
    struct Order {
        weir::Timestamp time;
        weir::Decimal value;
        bool inferred;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Order::time, &Order::value, &Order::inferred);
        }
    };
    struct Transaction {
        weir::Timestamp time;
        weir::Symbol id;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Transaction::time, &Transaction::id);
        }
    };
    struct Cart {
        weir::Timestamp time;
        weir::Decimal total;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Cart::time, &Cart::total);
        }
    };

    void count(Order order) {
        latest_ = order.time;
        ++totals_.count;
        totals_.value += order.value;
        orders_.push_back(order);
    }
    void discount(const Order& order) {
        --totals_.count;
        totals_.value -= order.value;
    }

    std::optional<Cart> open_cart_;  // the latest cart event, until it is checked out
    FirstOut<Order> orders_;
    FirstOut<Transaction> transactions_;
    OrderTotals totals_;
    std::optional<weir::Timestamp> latest_;
};

static_assert(weir::Expiring<Orders> && weir::OrderDependent<Orders>);

inline void Orders::add(weir::Timestamp t, const PurchaseStep& step) {
    switch (step.type) {
        case EventType::add_to_cart:
        case EventType::remove_from_cart:
            open_cart_ = Cart{t, step.total().value_or(weir::Decimal{})};
            break;
        case EventType::checkout_step:
            if (open_cart_ && t - open_cart_->time <= cart_lifetime) {
                count(Order{t, open_cart_->total, true});
            }
            open_cart_.reset();
            break;
        case EventType::transaction: {
            while (!transactions_.empty() && t - transactions_.front().time >= repeat_span) {
                transactions_.pop_front();
            }
            if (!step.transaction.empty()) {
                for (const Transaction& earlier : transactions_) {
                    if (earlier.id == step.transaction) {
                        return;
                    }
                }
                transactions_.push_back(Transaction{t, step.transaction});
            }
            weir::Decimal value = step.total().value_or(weir::Decimal{});
            for (auto order = orders_.end(); order != orders_.begin() && t - (--order)->time <= replace_span;) {
                if (order->inferred) {
                    value = step.total().value_or(order->value);
                    discount(*order);
                    orders_.erase(order);
                    break;
                }
            }
            count(Order{t, value, false});
            break;
        }
        default:
            break;
    }
}

inline void Orders::expire(weir::Timestamp horizon) {
    while (!orders_.empty() && orders_.front().time <= horizon) {
        discount(orders_.front());
        orders_.pop_front();
    }
}

inline void Orders::save(weir::SnapshotWriter& out) const {
    const auto write = [&](const auto& all) {
        out.write_count(static_cast<std::size_t>(std::distance(all.begin(), all.end())));
        for (const auto& one : all) {
            out.write(one);
        }
    };
    out.write(open_cart_, latest_);
    write(orders_);
    write(transactions_);
}

inline void Orders::load(weir::SnapshotReader& in) {
    *this = Orders{};
    in.read(open_cart_, latest_);
    weir::Timestamp before = weir::Timestamp::min();
    for (auto left = in.read_count<Order>(); left != 0; --left) {
        const auto order = in.read<Order>();
        in.require(before <= order.time && latest_ && order.time <= *latest_, "orders in order of time, to the latest");
        before = order.time;
        ++totals_.count;
        totals_.value += order.value;
        orders_.push_back(order);
    }
    for (auto left = in.read_count<Transaction>(); left != 0; --left) {
        transactions_.push_back(in.read<Transaction>());
    }
}

}  // namespace live_shopper
