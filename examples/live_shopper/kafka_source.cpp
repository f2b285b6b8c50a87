// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_source.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace live_shopper {
namespace {

constexpr std::size_t batch = 2000;
constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();

int milliseconds(weir::Duration d) { return static_cast<int>(std::clamp<std::int64_t>(d.count(), 0, 600'000)); }

}  // namespace

KafkaSource::KafkaSource(const KafkaConfig& config, Metrics& metrics)
    : config_{config}, metrics_{metrics}, reports_{"consumer", metrics}, messages_(batch) {
    auto conf = make_kafka_conf(KafkaRole::consumer,
                                {{"bootstrap.servers", config_.brokers},
                                 {"group.id", config_.group},
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
                                 {"socket.keepalive.enable", "true"}},
                                config_.properties);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), &KafkaSource::on_rebalance);
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t* client, int code, const char* text, void* opaque) {
        static_cast<KafkaSource*>(opaque)->reports_.error(client, code, text);
    });
    rd_kafka_conf_set_log_cb(
        conf.get(), [](const rd_kafka_t* client, int level, const char* facility, const char* text) {
            static_cast<KafkaSource*>(rd_kafka_opaque(client))->reports_.line(level, facility, text);
        });
    client_ = make_kafka_client(KafkaRole::consumer, std::move(conf));
    rd_kafka_poll_set_consumer(client_);
    queue_.reset(rd_kafka_queue_get_consumer(client_));
    commits_.reset(rd_kafka_queue_new(client_));

    subscribe();
    log::info("subscribed", {{"brokers", config_.brokers}, {"topic", config_.topic}, {"group", config_.group}});
}

KafkaSource::~KafkaSource() {
    drop_messages();
    close(std::chrono::seconds{1});
    commits_.reset();
    queue_.reset();
    rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaSource::subscribe() {
    const KafkaPartitions topics{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(topics.get(), config_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(client_, topics.get());
}

// librdkafka leaves the group once what was assigned is given up, and then joins it with the new subscription.
void KafkaSource::rejoin() {
    pending_ = Pending::none;
    rejoining_ = true;
    rd_kafka_unsubscribe(client_);
    subscribe();
}

// librdkafka tells the generation only as a part of the group's metadata, serialized: after a mark of 7 characters, in
// the machine's byte order. Whether it still does so is seen by what it makes of a known one.
std::optional<std::int64_t> KafkaSource::ask_generation() const {
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
    auto* const metadata = rd_kafka_consumer_group_metadata(client_);
    const auto generation = metadata == nullptr ? std::nullopt : read(metadata);
    if (!generation ||
        read(rd_kafka_consumer_group_metadata_new_with_genid("group", probe, "member", nullptr)) != probe) {
        log::warn("this librdkafka does not tell the group's generation; writes are not guarded by it");
        return std::nullopt;
    }
    return *generation;
}

void KafkaSource::close(weir::Duration wait) {
    if (closing_) {
        return;
    }
    closing_ = true;
    const KafkaError error{rd_kafka_consumer_close_queue(client_, queue_.get())};
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (error == nullptr && rd_kafka_consumer_closed(client_) == 0 && std::chrono::steady_clock::now() < deadline) {
        poll(std::chrono::milliseconds{10});
    }
}

void KafkaSource::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                               rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    auto& self = *static_cast<KafkaSource*>(opaque);
    if (self.closing_) {
        rd_kafka_assign(client, nullptr);
        return;
    }
    // Records of the old assignment may be ahead in the same poll; what has to be done is done after it.
    if (self.rejoining_ && error == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        self.pending_ = Pending::none;
        rd_kafka_assign(client, nullptr);
        return;
    }
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        // Asked for now: the group does not go on before this assignment was answered.
        self.generation_ = self.ask_generation();
        if (self.generation_ && *self.generation_ < 0) {
            self.pending_ = Pending::none;  // no member any more; the loss of this assignment is told next
            rd_kafka_assign(client, nullptr);
            return;
        }
        self.rejoining_ = false;
        self.assignment_.reset(rd_kafka_topic_partition_list_copy(partitions));
        self.pending_ = Pending::assign;
        self.look_up_at_ = {};
    } else if (self.pending_ == Pending::assign) {
        self.pending_ = Pending::none;  // the job never heard of it
        rd_kafka_assign(client, nullptr);
    } else {
        self.pending_ = rd_kafka_assignment_lost(client) != 0 ? Pending::lose : Pending::revoke;
    }
}

void KafkaSource::drop_messages() {
    for (rd_kafka_message_t*& message : messages_) {
        if (message == nullptr) {
            break;
        }
        rd_kafka_message_destroy(message);
        message = nullptr;
    }
    records_.clear();
}

Polled KafkaSource::poll(weir::Duration wait) {
    drop_messages();
    const auto count = rd_kafka_consume_batch_queue(queue_.get(), milliseconds(wait), messages_.data(), batch);
    for (ssize_t i = 0; i < count; ++i) {
        take(messages_[static_cast<std::size_t>(i)]);
    }
    rd_kafka_queue_poll_callback(commits_.get(), 0);  // answers to commits that nobody waited for
    if (!member_) {
        report_waiting();
    }
    Polled polled{Rebalance::none, records_};
    switch (pending_) {
        case Pending::none:
            break;
        case Pending::assign:
            if (std::chrono::steady_clock::now() >= look_up_at_) {
                if (look_up()) {
                    pending_ = Pending::none;
                    polled.rebalance = Rebalance::assigned;
                } else {
                    look_up_at_ = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
                }
            }
            break;
        case Pending::revoke:
            pending_ = Pending::none;
            polled.rebalance = Rebalance::revoked;
            break;
        case Pending::lose:
            pending_ = Pending::none;
            polled.rebalance = Rebalance::lost;
            break;
    }
    return polled;
}

void KafkaSource::take(rd_kafka_message_t* message) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        take_error(message);
        return;
    }
    const auto slot = slot_of(message->partition);
    if (slot == no_slot) {
        return;
    }
    Record record;
    record.slot = slot;
    record.offset = message->offset;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        record.end = true;
        positions_[slot] = std::max(positions_[slot], message->offset);
    } else {
        record.has_payload = message->payload != nullptr;
        record.has_key = message->key != nullptr;
        record.payload = {static_cast<const char*>(message->payload), message->len};
        record.key = {static_cast<const char*>(message->key), message->key_len};
        rd_kafka_timestamp_type_t type{};
        const auto time = rd_kafka_message_timestamp(message, &type);
        if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && time >= 0) {
            record.time = weir::Timestamp{weir::Duration{time}};
        }
        positions_[slot] = message->offset + 1;
    }
    records_.push_back(record);
}

void KafkaSource::take_error(const rd_kafka_message_t* message) {
    metrics_.kafka_errors.add();
    if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || message->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
        missing_ = true;
        if (waiting_.allows()) {
            log::warn("the topic is not there yet; waiting for it",
                      {{"topic", config_.topic}, {"brokers", config_.brokers}});
        }
        return;
    }
    if (errors_.allows()) {
        log::warn("Kafka reports an error; consuming goes on", {{"code", rd_kafka_err2name(message->err)},
                                                                {"error", rd_kafka_message_errstr(message)},
                                                                {"suppressed", errors_.suppressed()}});
    }
}

void KafkaSource::report_waiting() {
    using namespace std::chrono_literals;
    if (std::chrono::steady_clock::now() - started_ < 4s || !waiting_.allows()) {
        return;
    }
    if (missing_) {
        log::warn("the topic is not there yet; waiting for it",
                  {{"topic", config_.topic}, {"brokers", config_.brokers}});
        return;
    }
    const auto latest = reports_.latest();
    log::warn("no partitions from Kafka yet; waiting",
              {{"brokers", config_.brokers},
               {"topic", config_.topic},
               {"latest_error", latest.empty() ? std::string{"none; no answer so far"} : latest}});
}

bool KafkaSource::look_up() {
    const int timeout = 1000;
    const auto failed = [&](const char* what, rd_kafka_resp_err_t error) {
        if (errors_.allows()) {
            log::warn("Kafka does not tell about the assigned partitions yet; trying again",
                      {{"asked_for", what}, {"error", rd_kafka_err2str(error)}});
        }
        return false;
    };
    const KafkaPartitions committed{rd_kafka_topic_partition_list_copy(assignment_.get())};
    if (committed->cnt > 0) {
        if (const auto error = rd_kafka_committed(client_, committed.get(), timeout)) {
            return failed("committed offsets", error);
        }
    }
    std::vector<Partition> partitions;
    for (int i = 0; i < committed->cnt; ++i) {
        const rd_kafka_topic_partition_t& entry = committed->elems[i];
        Partition partition;
        partition.topic = entry.topic;
        partition.number = entry.partition;
        if (const auto error = rd_kafka_query_watermark_offsets(client_, entry.topic, entry.partition, &partition.low,
                                                                &partition.high, timeout)) {
            return failed("first and last offset", error);
        }
        if (entry.offset >= 0) {
            partition.committed = entry.offset;
            partition.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
        }
        partitions.push_back(std::move(partition));
    }
    partitions_ = std::move(partitions);
    slots_.clear();
    positions_.assign(partitions_.size(), 0);
    for (std::uint32_t slot = 0; slot < partitions_.size(); ++slot) {
        const auto number = static_cast<std::size_t>(partitions_[slot].number);
        if (slots_.size() <= number) {
            slots_.resize(number + 1, no_slot);
        }
        slots_[number] = slot;
    }
    if (partitions_.empty()) {
        rd_kafka_assign(client_, assignment_.get());
    }
    member_ = true;
    errors_.reset();
    return true;
}

std::uint32_t KafkaSource::slot_of(std::int32_t partition) const {
    const auto number = static_cast<std::size_t>(partition);
    return partition >= 0 && number < slots_.size() ? slots_[number] : no_slot;
}

KafkaPartitions KafkaSource::list(std::span<const std::int64_t> offsets) const {
    KafkaPartitions list{rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size()))};
    for (std::size_t slot = 0; slot < partitions_.size(); ++slot) {
        auto* const entry =
            rd_kafka_topic_partition_list_add(list.get(), partitions_[slot].topic.c_str(), partitions_[slot].number);
        if (!offsets.empty()) {
            entry->offset = offsets[slot];
        }
    }
    return list;
}

std::vector<std::optional<std::int64_t>> KafkaSource::offsets_at(std::span<const weir::Timestamp> times) {
    std::vector<std::optional<std::int64_t>> found(partitions_.size());
    const auto ask = [&](auto time_of) {
        std::vector<std::int64_t> asked;
        for (std::size_t slot = 0; slot < partitions_.size(); ++slot) {
            asked.push_back(std::max<std::int64_t>(time_of(slot), 1));
        }
        auto answer = list(asked);
        for (int attempt = 0; attempt < 3; ++attempt) {
            if (rd_kafka_offsets_for_times(client_, answer.get(), 1000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
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
    for (std::size_t slot = 0; slot < partitions_.size(); ++slot) {
        const auto& entry = answer->elems[slot];
        if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            continue;
        }
        if (entry.offset >= 0) {
            found[slot] = entry.offset;
        } else if (first->elems[slot].offset >= 0) {
            found[slot] = partitions_[slot].high;
        }
    }
    return found;
}

bool KafkaSource::start(std::span<const std::int64_t> offsets) {
    drop_messages();
    const auto assignment = list(offsets);
    if (const auto error = rd_kafka_assign(client_, assignment.get())) {
        if (errors_.allows()) {
            log::warn("Kafka does not take the assignment; trying again", {{"error", rd_kafka_err2str(error)}});
        }
        return false;
    }
    positions_.assign(offsets.begin(), offsets.end());
    if (paused_) {
        resume();
    }
    return true;
}

void KafkaSource::release() {
    drop_messages();
    rd_kafka_assign(client_, nullptr);
    partitions_.clear();
    slots_.clear();
    positions_.clear();
    generation_.reset();
    paused_ = false;
}

void KafkaSource::pause() {
    paused_ = true;
    const auto all = list({});
    rd_kafka_pause_partitions(client_, all.get());
}

void KafkaSource::resume() {
    paused_ = false;
    const auto all = list({});
    rd_kafka_resume_partitions(client_, all.get());
}

bool KafkaSource::commit(std::span<const Position> positions, weir::Duration wait) {
    struct Answer {
        bool came = false;
        rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    };
    const KafkaPartitions offsets{rd_kafka_topic_partition_list_new(static_cast<int>(positions.size()))};
    for (const Position& position : positions) {
        const Partition& partition = partitions_[position.slot];
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
                auto& self = *static_cast<KafkaSource*>(opaque);
                self.metrics_.kafka_errors.add();
                if (self.errors_.allows()) {
                    log::warn("offsets were not committed; the next commit makes up for it",
                              {{"error", rd_kafka_err2str(error)}});
                }
            }
        };
        return rd_kafka_commit_queue(client_, offsets.get(), commits_.get(), done, this) == RD_KAFKA_RESP_ERR_NO_ERROR;
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

std::int64_t KafkaSource::lag(std::uint32_t slot) const {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const Partition& partition = partitions_[slot];
    if (rd_kafka_get_watermark_offsets(client_, partition.topic.c_str(), partition.number, &low, &high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < 0) {
        high = partition.high;
    }
    return std::max<std::int64_t>(0, std::max(high, partition.high) - positions_[slot]);
}

}  // namespace live_shopper
