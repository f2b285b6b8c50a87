// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KafkaProducer: hands records to Kafka and says whether Kafka has taken them, all of them.
//
// send() waits for the acknowledgements (acks=all) of its own records alone; many threads may send at once and share
// the connection. Records of one key go to one partition, chosen as Kafka's own clients choose it.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kafka_client.hpp"

namespace storefront {

struct Message {
    std::string topic;
    std::string key;  // empty: none
    std::string value;
    std::string reason;  // a header of that name; empty: none
};

class KafkaProducer {
public:
    /// Starts to connect and to find `topics`, which creates them where Kafka does that; does not wait for it.
    /// `patience` is how long a record may wait for its acknowledgement.
    KafkaProducer(const std::string& brokers, const live_shopper::KafkaProperties& properties,
                  std::chrono::milliseconds patience, const std::vector<std::string>& topics);
    ~KafkaProducer();
    KafkaProducer(const KafkaProducer&) = delete;
    KafkaProducer& operator=(const KafkaProducer&) = delete;

    /// Whether every one of them is acknowledged; false within a second after `patience` otherwise. Any thread.
    [[nodiscard]] bool send(std::vector<Message> messages);

    /// Waits until all topics are found, so that the first record need not: a new topic takes Kafka a second. False
    /// where that takes longer than `most`; records can be sent all the same.
    bool await_topics(std::chrono::milliseconds most);

    /// Lets waiting send()s fail, and all later ones.
    void abandon();

    /// Whether the latest record was acknowledged.
    [[nodiscard]] bool available() const noexcept { return available_.load(std::memory_order_relaxed); }

private:
    struct Batch;

    void find_topics();

    live_shopper::Metrics metrics_;  // for the reports only
    live_shopper::KafkaReports reports_;
    rd_kafka_t* client_ = nullptr;
    std::vector<rd_kafka_topic_t*> topics_;
    std::atomic<bool> available_{true};
    std::atomic<bool> abandoned_{false};
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable condition_;
    bool found_ = false;
    std::thread thread_;
};

}  // namespace storefront
