// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SnapshotTopic: snapshots in a compacted topic of Kafka, so that whoever is given a partition finds its state there.
// Partition p of the topic has the snapshots of partition p of a stage, one writer at a time, or two while one does not
// know yet that it has lost the partition.
//
// A snapshot is a number of chunks and, once all of them were acknowledged, a manifest that says where they are. Each
// has a key of its own, with a number drawn for the snapshot, so that nothing is ever mixed; the keys of one that is no
// longer kept are deleted, and compaction gives the room back. What a writer that died has left goes with the topic's
// retention.
//
//     key      number of the snapshot 16 | index of the chunk 4, all ones for the manifest
//     header   magic 4 | kind 1 | number 16 | index 4 | offset of the newest manifest that the writer knew of 8
//     value    of a chunk its bytes; of the manifest a snapshot of the library; none where the key is deleted
//
// So the last record of a partition, whatever it is, leads to the newest manifest, and that to the one before. A second
// writer knows of older ones at worst, and then an older snapshot is found: with a little more to read again, as right.
//
// Costs: a start reads two or three records and the chunks. Memory: what waits for the broker, some 4 MB a partition.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <librdkafka/rdkafka.h>
#include <weir/time.hpp>

#include "config.hpp"
#include "kafka_client.hpp"
#include "metrics.hpp"
#include "seams.hpp"

namespace live_shopper {

class SnapshotTopic {
public:
    /// Throws std::invalid_argument for a bad property, std::runtime_error where there is no client.
    SnapshotTopic(const KafkaConfig& config, std::string topic, Metrics& metrics);
    ~SnapshotTopic();
    SnapshotTopic(const SnapshotTopic&) = delete;
    SnapshotTopic& operator=(const SnapshotTopic&) = delete;

    /// Those of a partition. Outlived by the topic; one thread calls all of it.
    [[nodiscard]] std::unique_ptr<SnapshotStore> of_partition(std::int32_t partition);

    [[nodiscard]] KafkaReports& reports() { return reports_; }

    /// Of a snapshot, the largest value.
    static constexpr std::size_t chunk_bytes = std::size_t{512} << 10;
    /// More bytes of a partition than this that wait for the broker are enough.
    static constexpr std::size_t most_waiting = std::size_t{4} << 20;
    /// After this what the broker does not answer counts as not there, or as not kept.
    static constexpr weir::Duration patience = std::chrono::seconds{10};
    /// A snapshot that takes longer to be found, or to be read, counts as not there: reading back is sooner done.
    static constexpr weir::Duration longest_reading = std::chrono::minutes{1};

private:
    class Store;
    struct Header;
    struct Manifest;
    class Reading;
    using Number = std::array<std::uint8_t, 16>;

    /// No error where the client has taken the record.
    rd_kafka_resp_err_t send(std::int32_t partition, const Header& header, const void* bytes, std::size_t size,
                             std::uint64_t report);
    void poll();
    void on_report(const rd_kafka_message_t& message);
    [[nodiscard]] rd_kafka_t* consumer();

    KafkaConfig config_;
    std::string topic_;
    KafkaReports reports_;
    rd_kafka_t* producer_ = nullptr;
    rd_kafka_t* consumer_ = nullptr;  // made when something is read
    std::map<std::uint32_t, Store*> stores_;
    std::uint32_t next_store_ = 1;
};

}  // namespace live_shopper
