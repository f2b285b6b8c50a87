// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The internal topics of a fleet: made at the first start, checked at every other.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/time.hpp>

#include "config.hpp"
#include "metrics.hpp"

namespace live_shopper {

struct WantedTopic {
    enum class Kind : std::uint8_t {
        log,        // records stay for the retention
        compacted,  // the newest of each key does
        foreign,    // of somebody else, who is waited for
    };
    std::string name;
    Kind kind = Kind::log;
};

/// Makes the topics that are not there, with `partitions` partitions each, or 12 where nothing is said, and records
/// that stay for `retention`, with the broker's times. How many partitions they have.
/// Waits for a broker that is away until `stopping` says so: then 0. Throws std::runtime_error where a topic has
/// another number of partitions, where the topics differ, or Kafka refuses them.
[[nodiscard]] std::uint32_t make_topics(const KafkaConfig& config, const std::vector<WantedTopic>& topics,
                                        std::optional<std::uint32_t> partitions, weir::Duration retention,
                                        Metrics& metrics, bool (*stopping)());

}  // namespace live_shopper
