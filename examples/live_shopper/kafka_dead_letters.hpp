// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KafkaDeadLetters: records that could not be decoded, to a topic of their own. Payload and key are the record's; the
// headers `reason`, `topic`, `partition` and `offset` say, as text, what was wrong with which record.
//
// What the broker does not take is sent again until it does. A record that is too large for the topic is cut to its
// first 64 KB, with the header `truncated` saying how long it was.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "config.hpp"
#include "kafka_client.hpp"
#include "metrics.hpp"
#include "seams.hpp"

namespace live_shopper {

class KafkaDeadLetters final : public DeadLetters {
public:
    /// Throws std::invalid_argument for a bad property, std::runtime_error where there is no client.
    KafkaDeadLetters(const KafkaConfig& config, Metrics& metrics);
    ~KafkaDeadLetters() override;

    void send(const Record& record, const Partition& partition, std::string_view reason) override;
    void poll() override;
    [[nodiscard]] std::uint64_t sent() const override { return sent_; }
    [[nodiscard]] std::uint64_t delivered() const override { return delivered_; }
    [[nodiscard]] bool full() const override { return full_; }

    /// Where errors of the client go.
    [[nodiscard]] KafkaReports& reports() { return reports_; }

private:
    struct Letter {
        std::uint64_t number = 0;
        std::string payload;
        std::string key;
        bool has_payload = true;
        bool has_key = false;
        std::string reason;
        std::string topic;
        std::string partition;
        std::string offset;
        std::size_t truncated_from = 0;
        std::chrono::steady_clock::time_point due{};
    };

    void produce(std::unique_ptr<Letter> letter);
    void on_report(const rd_kafka_message_t& message);
    void again(std::unique_ptr<Letter> letter);
    void update_full();

    std::string topic_;
    Metrics& metrics_;
    KafkaReports reports_;
    rd_kafka_t* client_ = nullptr;
    std::deque<std::unique_ptr<Letter>> waiting_;  // to be sent again
    std::deque<bool> done_;                        // of the letters after delivered_
    std::uint64_t sent_ = 0;
    std::uint64_t delivered_ = 0;
    std::size_t bytes_ = 0;  // of payloads and keys that wait
    bool full_ = false;
    log::Limit errors_{std::chrono::seconds{10}};
};

}  // namespace live_shopper
