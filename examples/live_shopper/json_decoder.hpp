// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The JSON form: one object an event, as the reference's stream transform writes it.
//
//     id type timestamp
//     payload   product | products list_name cart checkout_step transaction page_url, by type
//     enrich    client.useragent client.page.page_url user.{user_id,domain_userid} marketing.mkt_* platform
//               geo | location, with geo_city geo_country geo_region geo_region_name
//     session   sessionId, else domain_sessionid
//     metadata  collector_tstamp where there is no timestamp; event_vendor tells a legacy `transaction` apart
//
// Internal to the decoder.

#include <string_view>

#include "ecommerce.hpp"
#include "json_reader.hpp"
#include "shop_event.hpp"

namespace live_shopper {

/// Reads `record` into an event that is new. False where it is broken. Requires: reader.reset(record).
[[nodiscard]] bool read_json(JsonReader& reader, std::string_view record, ShopEvent& event, Parts& parts);

}  // namespace live_shopper
