// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KafkaTail: a topic's records as they come, and a few of those before, to whom it may concern. Nothing is committed:
// each start begins at the end again.

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "kafka_client.hpp"

namespace storefront {

class KafkaTail {
public:
    /// `old` tells a record that was there before this began.
    using OnRecord = std::function<void(std::string_view payload, bool old)>;

    /// Calls `on_record` on a thread of its own; starts with the last `backlog` records of each partition. Waits for a
    /// topic that is not there yet.
    KafkaTail(const std::string& brokers, std::string topic, const live_shopper::KafkaProperties& properties,
              std::int64_t backlog, OnRecord on_record);
    ~KafkaTail();
    KafkaTail(const KafkaTail&) = delete;
    KafkaTail& operator=(const KafkaTail&) = delete;

    /// Whether the topic is being read.
    [[nodiscard]] bool reading() const noexcept { return partitions_.load(std::memory_order_relaxed) > 0; }

private:
    void run();
    [[nodiscard]] bool assign();

    std::string topic_;
    std::int64_t backlog_;
    OnRecord on_record_;
    live_shopper::Metrics metrics_;  // for the reports only
    live_shopper::KafkaReports reports_;
    rd_kafka_t* client_ = nullptr;
    std::int64_t began_ = 0;
    std::atomic<int> partitions_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace storefront
