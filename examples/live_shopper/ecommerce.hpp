// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What both input forms share: the objects of Snowplow's e-commerce schemas, which the JSON form has in its payload and
// the TSV form as entities. Internal to the decoder.

#include <string_view>

#include "json_reader.hpp"
#include "shop_event.hpp"

namespace live_shopper {

/// Parts of a record that make up the event only together with others.
struct Parts {
    std::string_view time;            // derived_tstamp
    std::string_view collector_time;  // counts where there is no other
    std::string_view region_code;
    std::string_view region_name;
    std::string_view device_class;  // yauaa's
    bool wrong_type = false;        // id, type or time was there and no text
};

/// The type that Snowplow spells so; other where it is none of an e-commerce action, page view or page ping.
[[nodiscard]] EventType event_type(std::string_view text) noexcept;

/// Appends the product that the value is, unless it has neither id, brand, category nor price.
[[nodiscard]] bool read_product(JsonReader& reader, ShopEvent& event);

/// As above for every object of an array.
[[nodiscard]] bool read_products(JsonReader& reader, ShopEvent& event);

/// Sets cart_total to the cart's `total_value`, as it stands there.
[[nodiscard]] bool read_cart(JsonReader& reader, ShopEvent& event);

[[nodiscard]] bool read_checkout_step(JsonReader& reader, ShopEvent& event);

[[nodiscard]] bool read_transaction(JsonReader& reader, ShopEvent& event);

}  // namespace live_shopper
