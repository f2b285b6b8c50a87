// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the consumers of this program ask of Kafka beyond records: see KafkaSource and KafkaGroup.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "config.hpp"
#include "kafka_client.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "seams.hpp"

namespace live_shopper {

/// The properties of a consumer of the group whose offsets are committed by hand.
[[nodiscard]] KafkaProperties consumer_properties(const KafkaConfig& config);

/// The generation of the group that the client is a member of, below 0 where it is none any more; nothing where this
/// librdkafka does not tell it.
[[nodiscard]] std::optional<std::int64_t> ask_generation(rd_kafka_t* client);

/// What the job has to know about partitions: where they begin and end, and what was committed. Nothing where Kafka
/// does not tell now; that is logged as often as `limit` allows.
[[nodiscard]] std::optional<std::vector<Partition>> look_up(rd_kafka_t* client,
                                                            const rd_kafka_topic_partition_list_t& assigned,
                                                            log::Limit& limit);

/// What has come to a queue: waits up to `wait` for the first, and takes no more than `most`. One call each: as a
/// batch, librdkafka before 2.1 drops what it has taken so far where a rebalance comes in between, and goes on after
/// it.
void take_messages(rd_kafka_queue_t* queue, weir::Duration wait, std::size_t most,
                   std::vector<rd_kafka_message_t*>& messages);

/// As Source::offsets_at has it.
[[nodiscard]] std::vector<std::optional<std::int64_t>> offsets_at(rd_kafka_t* client,
                                                                  std::span<const Partition> partitions,
                                                                  std::span<const weir::Timestamp> times);

/// The partitions, to begin at `offsets` where these are given.
[[nodiscard]] KafkaPartitions partition_list(std::span<const Partition> partitions,
                                             std::span<const std::int64_t> offsets = {});

/// The record of a message; nothing of it where the message is an error other than the end of a partition.
[[nodiscard]] Record record_of(const rd_kafka_message_t& message, std::uint32_t slot);

/// Records on the broker from `position` on, as far as known.
[[nodiscard]] std::int64_t lag_of(rd_kafka_t* client, const Partition& partition, std::int64_t position);

/// Commits offsets by hand.
class KafkaCommits {
public:
    KafkaCommits(rd_kafka_t* client, Metrics& metrics);

    /// Waits up to `wait` for the answer, zero: not at all. A commit that did not get through is made good by the next.
    bool commit(std::span<const Partition> partitions, std::span<const Position> positions, weir::Duration wait);

    /// Serves the answers to commits that nobody waited for.
    void poll();

private:
    rd_kafka_t* client_;
    Metrics& metrics_;
    KafkaQueue queue_;
    log::Limit errors_{std::chrono::seconds{10}};
};

}  // namespace live_shopper
