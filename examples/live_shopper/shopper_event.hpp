// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShopperEvent: a ShopEvent and whose it is, which is what the lanes see; and the records that lanes keep of one.

#include <cstdint>
#include <optional>
#include <string_view>

#include <weir/decimal.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

#include "shop_event.hpp"

namespace live_shopper {

struct ShopperEvent {
    const ShopEvent& event;
    weir::Timestamp time;
    std::string_view user;  // whose history it belongs to
    std::uint64_t origin;   // of an event without user_id: its visitor; else 0
    std::uint64_t arrival;  // counts the events taken
    weir::Symbols& symbols;
};

/// What every record carries so that it can move to another user: see Stitcher. One that holds symbols has
/// `rehome(symbols)` for the move to a shard with another table.
struct Movable {
    std::uint64_t origin;
    std::uint64_t arrival;

    explicit Movable(const ShopperEvent& e) : origin{e.origin}, arrival{e.arrival} {}
};

struct ProductView : Movable {
    std::optional<weir::Symbol> product;
    std::optional<weir::Symbol> brand;
    std::optional<weir::Decimal> price;

    void rehome(weir::Symbols& symbols) {
        for (auto* const text : {&product, &brand}) {
            if (*text) {
                *text = symbols.intern((*text)->view());
            }
        }
    }
};

struct CategoryView : Movable {
    weir::Symbol category;

    void rehome(weir::Symbols& symbols) { category = symbols.intern(category.view()); }
};

struct CartChange : Movable {
    bool added;
    weir::Decimal value;  // price x quantity; 0 where the price is unknown
};

struct CheckoutStep : Movable {};

struct PurchaseStep : Movable {
    EventType type;                      // add_to_cart, remove_from_cart, checkout_step or transaction
    std::optional<weir::Decimal> total;  // of the cart after a cart event, of the transaction
    weir::Symbol transaction;

    void rehome(weir::Symbols& symbols) { transaction = symbols.intern(transaction.view()); }
};

}  // namespace live_shopper
