// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KafkaGroup: a topic's partitions through a consumer group with cooperative-sticky assignment: a rebalance takes away
// what has to move and leaves the rest at work. With an instance name membership is static: a process that ends and
// comes back by that name within the session timeout has its partitions again, and nobody else notices.
//
// Every partition is a source of its own; one client reads for all of them. One thread calls the group and its sources.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
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

class KafkaGroup final : public Group {
public:
    /// `instance`: the name of this process in the group; empty: none. Throws as KafkaSource does.
    KafkaGroup(const KafkaConfig& config, const std::string& instance, Metrics& metrics);
    ~KafkaGroup() override;

    void poll(weir::Duration wait) override;
    std::unique_ptr<PartitionSource> next() override;

    /// Where errors of the client go.
    [[nodiscard]] KafkaReports& reports() { return reports_; }

    /// Whether the client has failed for good, so that only a new process can help.
    [[nodiscard]] bool failed() const { return reports_.fatal(); }

    /// Whether it has joined the group. librdkafka 2.0 cannot destroy a client that is about to, with this assignment:
    /// such a one is to be left alone until the process ends.
    [[nodiscard]] bool joined() const { return member_; }

    /// Leaves the group, waiting up to `wait`; with an instance name only stops being heard.
    void close(weir::Duration wait);

private:
    class Source;
    friend class Source;

    static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions,
                             void* opaque);
    void on_given(const rd_kafka_topic_partition_list_t& partitions);
    void on_taken(const rd_kafka_topic_partition_list_t& partitions);
    void take(rd_kafka_message_t* message);
    void give();          // looks up what was given, and hands sources out
    void finish_given();  // once all of them know where to begin
    void finish_taken();  // once all of them are released
    bool start(Source& source, std::int64_t offset);
    void rejoin();
    void subscribe();
    [[nodiscard]] Source* find(std::int32_t partition);

    KafkaConfig config_;
    Metrics& metrics_;
    KafkaReports reports_;
    rd_kafka_t* client_ = nullptr;
    KafkaQueue queue_;
    std::optional<KafkaCommits> commits_;
    std::vector<rd_kafka_message_t*> messages_;
    std::vector<Source*> sources_;                        // those that were not given back
    std::deque<std::unique_ptr<PartitionSource>> given_;  // for next()
    KafkaPartitions assigning_;                           // of a rebalance that waits for where to begin
    bool looked_up_ = false;                              // and its sources are out
    KafkaPartitions revoking_;                            // of one that waits for releases
    std::optional<std::int64_t> generation_;
    std::uint32_t count_ = 0;  // partitions of the topic
    std::chrono::steady_clock::time_point look_up_at_{};
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    log::Limit waiting_{std::chrono::seconds{10}};
    log::Limit errors_{std::chrono::seconds{10}};
    bool member_ = false;
    bool rejoining_ = false;
    bool closing_ = false;
};

}  // namespace live_shopper
