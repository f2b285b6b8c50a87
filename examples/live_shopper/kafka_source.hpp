// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KafkaSource: a topic's partitions through a consumer group. Offsets are committed by hand.
//
// A broker or topic that is not there yet is logged within seconds and waited for without end. A rebalance is told once
// the group has decided and what the job needs to know about each partition has been asked for.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "config.hpp"
#include "kafka_client.hpp"
#include "kafka_consumer.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "seams.hpp"

namespace live_shopper {

class KafkaSource final : public Source {
public:
    /// Throws std::invalid_argument for a bad property, std::runtime_error where there is no client.
    KafkaSource(const KafkaConfig& config, Metrics& metrics);
    ~KafkaSource() override;

    Polled poll(weir::Duration wait) override;
    [[nodiscard]] const std::vector<Partition>& partitions() const override { return partitions_; }
    std::vector<std::optional<std::int64_t>> offsets_at(std::span<const weir::Timestamp> times) override;
    bool start(std::span<const std::int64_t> offsets) override;
    void release() override;
    void pause() override;
    void resume() override;
    bool commit(std::span<const Position> positions, weir::Duration wait) override;
    [[nodiscard]] std::int64_t lag(std::uint32_t slot) const override;
    [[nodiscard]] std::optional<std::int64_t> generation() const override { return generation_; }
    void rejoin() override;

    /// Where errors of the client go.
    [[nodiscard]] KafkaReports& reports() { return reports_; }

    /// Whether the client has failed for good, so that only a new process can help.
    [[nodiscard]] bool failed() const { return reports_.fatal(); }

    /// Leaves the group, waiting up to `wait`.
    void close(weir::Duration wait);

private:
    enum class Pending : std::uint8_t { none, assign, revoke, lose };

    static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions,
                             void* opaque);
    void drop_messages();
    void take(rd_kafka_message_t* message);
    void take_error(const rd_kafka_message_t* message);
    bool look_up();  // what the job has to know about the partitions of a new assignment
    void subscribe();
    [[nodiscard]] std::uint32_t slot_of(std::int32_t partition) const;
    void report_waiting();

    KafkaConfig config_;
    Metrics& metrics_;
    KafkaReports reports_;
    rd_kafka_t* client_ = nullptr;
    KafkaQueue queue_;
    std::optional<KafkaCommits> commits_;
    std::vector<rd_kafka_message_t*> messages_;
    std::vector<Record> records_;
    std::vector<Partition> partitions_;
    std::vector<std::uint32_t> slots_;     // by partition number
    std::vector<std::int64_t> positions_;  // by slot: the next offset to be delivered
    KafkaPartitions assignment_;           // of a rebalance that is under way
    std::optional<std::int64_t> generation_;
    Pending pending_ = Pending::none;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point look_up_at_{};
    log::Limit waiting_{std::chrono::seconds{10}};
    log::Limit errors_{std::chrono::seconds{10}};
    bool member_ = false;   // was assigned something, be it nothing, at least once
    bool missing_ = false;  // the topic
    bool paused_ = false;
    bool rejoining_ = false;  // whatever is revoked meanwhile, the job has given it up
    bool closing_ = false;
};

}  // namespace live_shopper
