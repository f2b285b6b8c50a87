// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "ecommerce.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace live_shopper {

namespace {

constexpr std::int64_t most_quantity = 1'000'000'000;

constexpr auto type_names = [] {
    std::array<std::string_view, static_cast<std::size_t>(EventType::other)> names;
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = name(static_cast<EventType>(i));
    }
    return names;
}();

[[nodiscard]] bool append_product(JsonReader& reader, ShopEvent& event) {
    enum Field : std::size_t { id, brand, category, price, quantity };
    Product& product = event.products.emplace_back();
    const bool good = reader.each_field<"id", "brand", "category", "price", "quantity">([&](std::size_t field) {
        switch (field) {
            case id:
                return reader.text(product.id);
            case brand:
                return reader.text(product.brand);
            case category:
                return reader.text(product.category);
            case price:
                return reader.decimal(product.price);
            default:
                return reader.whole(most_quantity, product.quantity);
        }
    });
    if (product.id.empty() && product.brand.empty() && product.category.empty() && !product.price) {
        event.products.pop_back();
    }
    return good;
}

}  // namespace

EventType event_type(std::string_view text) noexcept {
    const auto found = std::find(type_names.begin(), type_names.end(), text);
    return static_cast<EventType>(found - type_names.begin());  // other comes after the last
}

bool read_product(JsonReader& reader, ShopEvent& event) {
    return reader.object([&] { return append_product(reader, event); });
}

bool read_products(JsonReader& reader, ShopEvent& event) {
    return reader.each_object([&] { return append_product(reader, event); });
}

bool read_cart(JsonReader& reader, ShopEvent& event) {
    return reader.object([&] {
        return reader.each_field<"total_value">([&](std::size_t) { return reader.decimal(event.cart_total); });
    });
}

bool read_checkout_step(JsonReader& reader, ShopEvent& event) {
    return reader.object([&] {
        return reader.each_field<"step">(
            [&](std::size_t) { return reader.whole(std::numeric_limits<std::int32_t>::max(), event.checkout_step); });
    });
}

bool read_transaction(JsonReader& reader, ShopEvent& event) {
    return reader.object([&] {
        return reader.each_field<"transaction_id", "revenue">([&](std::size_t field) {
            return field == 0 ? reader.text(event.transaction_id) : reader.decimal(event.revenue);
        });
    });
}

}  // namespace live_shopper
