// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The TSV form: Snowplow's enriched event, 131 columns, with entities as JSON in three of them.
//
// Internal to the decoder.

#include <string_view>

#include "ecommerce.hpp"
#include "json_reader.hpp"
#include "shop_event.hpp"

namespace live_shopper {

enum class TsvResult { good, wrong_column_count, broken_json };

/// Reads `record` into an event that is new. Requires: reader.reset(record).
[[nodiscard]] TsvResult read_tsv(JsonReader& reader, std::string_view record, ShopEvent& event, Parts& parts);

}  // namespace live_shopper
