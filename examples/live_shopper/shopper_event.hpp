// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShopperEvent: a ShopEvent and whose it is, which is what the lanes see; and the records that lanes keep of one.

#include <cstdint>
#include <limits>
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
/// `rehome(symbols)` for the move to a shard with another table. All list their members for snapshots.
struct Movable {
    std::uint64_t origin = 0;
    std::uint64_t arrival = 0;

    Movable() = default;
    explicit Movable(const ShopperEvent& e) : origin{e.origin}, arrival{e.arrival} {}
};

/// A decimal or none, in 16 bytes that need no more than 8 in a row.
class Amount {
public:
    Amount() = default;
    explicit Amount(const std::optional<weir::Decimal>& d)
        : low_{d ? static_cast<std::uint64_t>(d->millionths()) : 0},
          high_{d ? static_cast<std::int64_t>(d->millionths() >> 64) : none} {}

    [[nodiscard]] std::optional<weir::Decimal> value() const {
        using Wide = weir::Decimal::Wide;
        using Bits = weir::Decimal::UnsignedWide;
        const Bits bits = static_cast<Bits>(static_cast<std::uint64_t>(high_)) << 64 | low_;
        return high_ == none ? std::nullopt : std::optional{weir::Decimal::from_millionths(static_cast<Wide>(bits))};
    }

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Amount::low_, &Amount::high_);
    }
    [[nodiscard]] bool snapshot_valid() const {
        const auto decimal = value();
        return !decimal || decimal->snapshot_valid();
    }

private:
    static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();

    std::uint64_t low_ = 0;
    std::int64_t high_ = none;
};

/// A text that is there.
[[nodiscard]] inline std::optional<weir::Symbol> known(const weir::Symbol& text) {
    return text.empty() ? std::nullopt : std::optional{text};
}

// Records are as small as they can be: of most shoppers there are more bytes in them than in all else.

struct ProductView : Movable {
    weir::Symbol product_id;  // each may be empty
    weir::Symbol brand_name;
    Amount unit_price;

    [[nodiscard]] std::optional<weir::Symbol> product() const { return known(product_id); }
    [[nodiscard]] std::optional<weir::Symbol> brand() const { return known(brand_name); }
    [[nodiscard]] std::optional<weir::Decimal> price() const { return unit_price.value(); }

    void rehome(weir::Symbols& symbols) {
        for (weir::Symbol* const text : {&product_id, &brand_name}) {
            *text = symbols.intern(text->view());
        }
    }
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&ProductView::origin, &ProductView::arrival, &ProductView::product_id, &ProductView::brand_name,
                   &ProductView::unit_price);
    }
};

struct CategoryView : Movable {
    weir::Symbol category;

    void rehome(weir::Symbols& symbols) { category = symbols.intern(category.view()); }
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&CategoryView::origin, &CategoryView::arrival, &CategoryView::category);
    }
};

struct CartChange : Movable {
    Amount worth;
    bool added;

    /// price x quantity; 0 where the price is unknown
    [[nodiscard]] weir::Decimal value() const { return *worth.value(); }

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&CartChange::origin, &CartChange::arrival, &CartChange::worth, &CartChange::added);
    }
    [[nodiscard]] bool snapshot_valid() const { return worth.value().has_value(); }
};

struct CheckoutStep : Movable {
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&CheckoutStep::origin, &CheckoutStep::arrival);
    }
};

struct PurchaseStep : Movable {
    weir::Symbol transaction;
    Amount amount;
    EventType type;  // add_to_cart, remove_from_cart, checkout_step or transaction

    /// Of the cart after a cart event, of the transaction.
    [[nodiscard]] std::optional<weir::Decimal> total() const { return amount.value(); }

    void rehome(weir::Symbols& symbols) { transaction = symbols.intern(transaction.view()); }
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&PurchaseStep::origin, &PurchaseStep::arrival, &PurchaseStep::transaction, &PurchaseStep::amount,
                   &PurchaseStep::type);
    }
};

}  // namespace live_shopper
