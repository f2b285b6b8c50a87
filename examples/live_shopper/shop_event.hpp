// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShopEvent: what the job reads of a Snowplow event, whichever form it came in.
//
// Strings are views into the record that was decoded or into the decoder's buffers: they are valid until
// the decoder is used again or the record goes away. A missing string is empty.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/container/small_vector.hpp>
#include <weir/decimal.hpp>
#include <weir/snapshot_stream.hpp>
#include <weir/time.hpp>

namespace live_shopper {

enum class EventType : std::uint8_t {
    page_view,
    page_ping,
    product_view,
    list_view,
    list_click,
    add_to_cart,
    remove_from_cart,
    checkout_step,
    transaction,
    refund,
    transaction_error,
    promo_view,
    promo_click,
    other,
};

/// As Snowplow spells it: `product_view`, `trns_error`; "other" for every type not listed.
[[nodiscard]] constexpr std::string_view name(EventType type) noexcept {
    constexpr std::array<std::string_view, 14> names{
        "page_view",     "page_ping",   "product_view", "list_view",  "list_click", "add_to_cart", "remove_from_cart",
        "checkout_step", "transaction", "refund",       "trns_error", "promo_view", "promo_click", "other"};
    return names[static_cast<std::size_t>(type)];
}

enum class DeviceClass : std::uint8_t { desktop, mobile, tablet, tv, robot, unknown };

[[nodiscard]] constexpr std::string_view name(DeviceClass device) noexcept {
    constexpr std::array<std::string_view, 6> names{"Desktop", "Mobile", "Tablet", "TV", "Robot", "Unknown"};
    return names[static_cast<std::size_t>(device)];
}

inline void save(weir::SnapshotWriter& out, DeviceClass device) { out.write(static_cast<std::uint8_t>(device)); }
inline void load(weir::SnapshotReader& in, DeviceClass& device) {
    const auto number = in.read<std::uint8_t>();
    in.require(number <= static_cast<std::uint8_t>(DeviceClass::unknown), "a class of devices");
    device = static_cast<DeviceClass>(number);
}

/// One product of an event.
struct Product {
    std::string_view id;
    std::string_view brand;
    std::string_view category;
    std::optional<weir::Decimal> price;  // per unit; unknown where missing, no number, or beyond Decimal
    std::int64_t quantity = 1;           // 0 to 10^9
};

struct ShopEvent {
    std::string_view id;
    EventType type = EventType::other;
    weir::Timestamp time;  // derived_tstamp, else collector_tstamp

    std::string_view user_id;
    std::string_view domain_userid;
    std::string_view session_id;  // the client session's, else domain_sessionid

    boost::container::small_vector<Product, 2> products;
    std::string_view list_name;
    std::optional<weir::Decimal> cart_total;  // after this event, whatever the form's own convention is
    std::int32_t checkout_step = 0;           // 0: none
    std::string_view transaction_id;
    std::optional<weir::Decimal> revenue;

    std::string_view page_url;
    std::string_view marketing_campaign;
    std::string_view marketing_source;
    bool has_marketing = false;  // any mkt_* field is there

    std::string_view user_agent;
    DeviceClass device = DeviceClass::unknown;
    std::string_view platform;
    std::string_view city;
    std::string_view country;
    std::string_view region;
};

}  // namespace live_shopper
