// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_consumer.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace live_shopper {

KafkaProperties consumer_properties(const KafkaConfig& config) {
    return {{"bootstrap.servers", config.brokers},
            {"group.id", config.group},
            {"client.id", "live-shopper"},
            {"enable.auto.commit", "false"},
            {"enable.auto.offset.store", "false"},
            {"enable.partition.eof", "true"},
            {"auto.offset.reset", "earliest"},
            // How long the partitions of a process that was killed are out of work.
            {"session.timeout.ms", "10000"},
            {"partition.assignment.strategy", "range,roundrobin"},
            {"fetch.wait.max.ms", "100"},
            {"fetch.error.backoff.ms", "100"},
            // librdkafka 2.0 stops fetching a partition for a second once its queue is full, so
            // a queue has to hold about a second of a backlog.
            {"queued.max.messages.kbytes", "65536"},
            {"queued.min.messages", "1000000"},
            // A topic that is made later has to be found within seconds, not within 5 minutes.
            {"topic.metadata.refresh.interval.ms", "3000"},
            {"reconnect.backoff.max.ms", "2000"},
            {"socket.keepalive.enable", "true"}};
}

// librdkafka tells the generation only as a part of the group's metadata, serialized: after a mark of 7 characters, in
// the machine's byte order. Whether it still does so is seen by what it makes of a known one.
std::optional<std::int64_t> ask_generation(rd_kafka_t* client) {
    const auto read = [](rd_kafka_consumer_group_metadata_t* metadata) -> std::optional<std::int32_t> {
        constexpr std::string_view mark = "CGMDv2:";
        std::int32_t generation = 0;
        void* bytes = nullptr;
        std::size_t size = 0;
        const KafkaError error{rd_kafka_consumer_group_metadata_write(metadata, &bytes, &size)};
        const bool known = error == nullptr && size >= mark.size() + sizeof generation &&
                           std::string_view{static_cast<const char*>(bytes), mark.size()} == mark;
        if (known) {
            std::memcpy(&generation, static_cast<const char*>(bytes) + mark.size(), sizeof generation);
        }
        if (error == nullptr) {
            rd_kafka_mem_free(nullptr, bytes);
        }
        rd_kafka_consumer_group_metadata_destroy(metadata);
        return known ? std::optional{generation} : std::nullopt;
    };
    constexpr std::int32_t probe = 0x01020304;
    auto* const metadata = rd_kafka_consumer_group_metadata(client);
    const auto generation = metadata == nullptr ? std::nullopt : read(metadata);
    if (!generation ||
        read(rd_kafka_consumer_group_metadata_new_with_genid("group", probe, "member", nullptr)) != probe) {
        log::warn("this librdkafka does not tell the group's generation; writes are not guarded by it");
        return std::nullopt;
    }
    return *generation;
}

std::optional<std::vector<Partition>> look_up(rd_kafka_t* client, const rd_kafka_topic_partition_list_t& assigned,
                                              log::Limit& limit) {
    const int timeout = 1000;
    const auto failed = [&](const char* what, rd_kafka_resp_err_t error) {
        if (limit.allows()) {
            log::warn("Kafka does not tell about the assigned partitions yet; trying again",
                      {{"asked_for", what}, {"error", rd_kafka_err2str(error)}});
        }
        return std::optional<std::vector<Partition>>{};
    };
    const KafkaPartitions committed{rd_kafka_topic_partition_list_copy(&assigned)};
    if (committed->cnt > 0) {
        if (const auto error = rd_kafka_committed(client, committed.get(), timeout)) {
            return failed("committed offsets", error);
        }
    }
    std::vector<Partition> partitions;
    for (int i = 0; i < committed->cnt; ++i) {
        const rd_kafka_topic_partition_t& entry = committed->elems[i];
        if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return failed("committed offset", entry.err);
        }
        Partition partition;
        partition.topic = entry.topic;
        partition.number = entry.partition;
        if (const auto error = rd_kafka_query_watermark_offsets(client, entry.topic, entry.partition, &partition.low,
                                                                &partition.high, timeout)) {
            return failed("first and last offset", error);
        }
        if (entry.offset >= 0) {
            partition.committed = entry.offset;
            partition.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
        }
        partitions.push_back(std::move(partition));
    }
    return partitions;
}

void take_messages(rd_kafka_queue_t* queue, weir::Duration wait, std::size_t most,
                   std::vector<rd_kafka_message_t*>& messages) {
    messages.clear();
    auto milliseconds = static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 60'000));
    for (rd_kafka_message_t* message = nullptr;
         messages.size() < most && rd_kafka_consume_batch_queue(queue, milliseconds, &message, 1) == 1;
         milliseconds = 0) {
        messages.push_back(message);
    }
}

KafkaPartitions partition_list(std::span<const Partition> partitions, std::span<const std::int64_t> offsets) {
    KafkaPartitions list{rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
    for (std::size_t slot = 0; slot < partitions.size(); ++slot) {
        auto* const entry =
            rd_kafka_topic_partition_list_add(list.get(), partitions[slot].topic.c_str(), partitions[slot].number);
        if (!offsets.empty()) {
            entry->offset = offsets[slot];
        }
    }
    return list;
}

std::vector<std::optional<std::int64_t>> offsets_at(rd_kafka_t* client, std::span<const Partition> partitions,
                                                    std::span<const weir::Timestamp> times) {
    std::vector<std::optional<std::int64_t>> found(partitions.size());
    const auto ask = [&](auto time_of) {
        std::vector<std::int64_t> asked;
        for (std::size_t slot = 0; slot < partitions.size(); ++slot) {
            asked.push_back(std::max<std::int64_t>(time_of(slot), 1));
        }
        auto answer = partition_list(partitions, asked);
        for (int attempt = 0; attempt < 3; ++attempt) {
            if (rd_kafka_offsets_for_times(client, answer.get(), 1000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                return answer;
            }
        }
        return KafkaPartitions{};
    };
    const auto answer = ask([&](std::size_t slot) { return times[slot].time_since_epoch().count(); });
    // "No record so late" is told from "finds no offsets by time" by asking for the first record of all.
    const auto first = answer ? ask([](std::size_t) { return 1; }) : KafkaPartitions{};
    if (!answer || !first) {
        log::warn("Kafka does not find offsets by time; reading from the beginning");
        return found;
    }
    for (std::size_t slot = 0; slot < partitions.size(); ++slot) {
        const auto& entry = answer->elems[slot];
        if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            continue;
        }
        if (entry.offset >= 0) {
            found[slot] = entry.offset;
        } else if (first->elems[slot].offset >= 0) {
            found[slot] = partitions[slot].high;
        }
    }
    return found;
}

Record record_of(const rd_kafka_message_t& message, std::uint32_t slot) {
    Record record;
    record.slot = slot;
    record.offset = message.offset;
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        record.end = true;
        return record;
    }
    record.has_payload = message.payload != nullptr;
    record.has_key = message.key != nullptr;
    record.payload = {static_cast<const char*>(message.payload), message.len};
    record.key = {static_cast<const char*>(message.key), message.key_len};
    rd_kafka_timestamp_type_t type{};
    const auto time = rd_kafka_message_timestamp(&message, &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && time >= 0) {
        record.time = weir::Timestamp{weir::Duration{time}};
    }
    return record;
}

std::int64_t lag_of(rd_kafka_t* client, const Partition& partition, std::int64_t position) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (rd_kafka_get_watermark_offsets(client, partition.topic.c_str(), partition.number, &low, &high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < 0) {
        high = partition.high;
    }
    return std::max<std::int64_t>(0, std::max(high, partition.high) - position);
}

KafkaCommits::KafkaCommits(rd_kafka_t* client, Metrics& metrics)
    : client_{client}, metrics_{metrics}, queue_{rd_kafka_queue_new(client)} {}

void KafkaCommits::poll() { rd_kafka_queue_poll_callback(queue_.get(), 0); }

bool KafkaCommits::commit(std::span<const Partition> partitions, std::span<const Position> positions,
                          weir::Duration wait) {
    struct Answer {
        bool came = false;
        rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    };
    const KafkaPartitions offsets{rd_kafka_topic_partition_list_new(static_cast<int>(positions.size()))};
    for (const Position& position : positions) {
        const Partition& partition = partitions[position.slot];
        auto* const entry = rd_kafka_topic_partition_list_add(offsets.get(), partition.topic.c_str(), partition.number);
        entry->offset = position.offset;
        // librdkafka frees it along with the list.
        entry->metadata = ::malloc(position.metadata.size());
        if (entry->metadata != nullptr) {
            std::copy(position.metadata.begin(), position.metadata.end(), static_cast<char*>(entry->metadata));
            entry->metadata_size = position.metadata.size();
        }
    }
    if (wait <= weir::Duration::zero()) {
        const auto done = [](rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t*, void* opaque) {
            if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR__NO_OFFSET) {
                auto& self = *static_cast<KafkaCommits*>(opaque);
                self.metrics_.kafka_errors.add();
                if (self.errors_.allows()) {
                    log::warn("offsets were not committed; the next commit makes up for it",
                              {{"error", rd_kafka_err2str(error)}});
                }
            }
        };
        return rd_kafka_commit_queue(client_, offsets.get(), queue_.get(), done, this) == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    // A queue of its own, so that a late answer finds nobody rather than a frame that is gone.
    const KafkaQueue queue{rd_kafka_queue_new(client_)};
    Answer answer;
    const auto done = [](rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t*, void* opaque) {
        *static_cast<Answer*>(opaque) = {true, error};
    };
    if (rd_kafka_commit_queue(client_, offsets.get(), queue.get(), done, &answer) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (!answer.came && std::chrono::steady_clock::now() < deadline) {
        rd_kafka_queue_poll_callback(queue.get(), 20);
    }
    return answer.came && answer.error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace live_shopper
