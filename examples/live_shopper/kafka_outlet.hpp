// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KafkaOutlet: the topic of a fleet's next stage, by an idempotent producer. Records to one partition arrive in the
// order in which they were sent, each once for as long as this producer lives, and are sent until they do.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "config.hpp"
#include "kafka_client.hpp"
#include "metrics.hpp"
#include "seams.hpp"

namespace live_shopper {

class KafkaOutlet final : public Outlet {
public:
    /// Throws std::invalid_argument for a bad property, std::runtime_error where there is no client.
    KafkaOutlet(const KafkaConfig& config, std::string topic, Metrics& metrics);
    ~KafkaOutlet() override;

    void send(std::uint32_t partition, std::string_view record) override;
    void poll() override;
    [[nodiscard]] std::uint64_t sent() const override { return sent_; }
    [[nodiscard]] std::uint64_t delivered() const override { return delivered_; }
    [[nodiscard]] bool full() const override { return full_; }

    /// Where errors of the client go.
    [[nodiscard]] KafkaReports& reports() { return reports_; }

    /// Whether the client has failed for good, so that only a new process can help.
    [[nodiscard]] bool failed() const { return failed_ || reports_.fatal(); }

private:
    struct Waiting {
        std::uint32_t partition;
        std::string record;
    };

    void produce(std::uint32_t partition, std::string_view record, std::uint64_t number);
    void on_report(const rd_kafka_message_t& message);
    void update_full();

    std::string topic_;
    KafkaReports reports_;
    rd_kafka_t* client_ = nullptr;
    std::deque<Waiting> waiting_;  // for room in the client's queue; these were sent last
    std::deque<bool> done_;        // of the records after delivered_
    std::uint64_t sent_ = 0;
    std::uint64_t delivered_ = 0;
    bool full_ = false;
    bool failed_ = false;
    log::Limit errors_{std::chrono::seconds{10}};
};

}  // namespace live_shopper
