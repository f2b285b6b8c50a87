// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Times as Snowplow and ISO 8601 write them.

#include <optional>
#include <string_view>

#include <weir/time.hpp>

namespace live_shopper {

/// The time that `text` spells: `2025-03-26 10:56:46.033` or `2025-03-26T10:56:46.033Z`, with 0 to 9 digits of fraction
/// (cut to milliseconds) and, where it is not UTC, an offset such as `+02:00`, `+0200` or `+02`. No zone is UTC.
/// Nothing where it is not of that shape or no such day or time exists. O(1), no allocation.
[[nodiscard]] std::optional<weir::Timestamp> parse_timestamp(std::string_view text) noexcept;

}  // namespace live_shopper
