// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// JobMetrics: the stream job's totals, from what it tells Prometheus.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"

namespace storefront {

/// The samples of Prometheus' text format: `live_shopper_events_total{outcome="late"}` to its value. Lines that are no
/// sample are passed over.
[[nodiscard]] std::map<std::string, double> parse_metrics(std::string_view text);

/// The sum of all samples of that name, whatever their labels; nothing where there is none.
[[nodiscard]] std::optional<double> total(const std::map<std::string, double>& samples, std::string_view name);

/// Asks the job; nothing where it does not answer within half a second.
[[nodiscard]] std::optional<std::map<std::string, double>> read_metrics(const live_shopper::Endpoint& endpoint);

}  // namespace storefront
