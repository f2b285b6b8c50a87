// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_source.hpp"

#include <algorithm>
#include <limits>

namespace live_shopper {
namespace {

constexpr std::size_t batch = 2000;
constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();

int milliseconds(weir::Duration d) { return static_cast<int>(std::clamp<std::int64_t>(d.count(), 0, 600'000)); }

}  // namespace

KafkaSource::KafkaSource(const KafkaConfig& config, Metrics& metrics)
    : config_{config}, metrics_{metrics}, reports_{"consumer", metrics}, messages_(batch) {
    auto conf = make_kafka_conf(KafkaRole::consumer, consumer_properties(config_), config_.properties);
    report_to(conf, *this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), &KafkaSource::on_rebalance);
    client_ = make_kafka_client(KafkaRole::consumer, std::move(conf));
    rd_kafka_poll_set_consumer(client_);
    queue_.reset(rd_kafka_queue_get_consumer(client_));
    commits_.emplace(client_, metrics_);

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
        self.generation_ = ask_generation(client);
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
    commits_->poll();
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
    const Record record = record_of(*message, slot);
    positions_[slot] = record.end ? std::max(positions_[slot], record.offset) : record.offset + 1;
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

std::uint32_t KafkaSource::slot_of(std::int32_t partition) const {
    const auto number = static_cast<std::size_t>(partition);
    return partition >= 0 && number < slots_.size() ? slots_[number] : no_slot;
}

bool KafkaSource::start(std::span<const std::int64_t> offsets) {
    drop_messages();
    const auto assignment = partition_list(partitions_, offsets);
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
    const auto all = partition_list(partitions_);
    rd_kafka_pause_partitions(client_, all.get());
}

void KafkaSource::resume() {
    paused_ = false;
    const auto all = partition_list(partitions_);
    rd_kafka_resume_partitions(client_, all.get());
}

bool KafkaSource::look_up() {
    auto partitions = live_shopper::look_up(client_, *assignment_, errors_);
    if (!partitions) {
        return false;
    }
    partitions_ = *std::move(partitions);
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

std::vector<std::optional<std::int64_t>> KafkaSource::offsets_at(std::span<const weir::Timestamp> times) {
    return live_shopper::offsets_at(client_, partitions_, times);
}

bool KafkaSource::commit(std::span<const Position> positions, weir::Duration wait) {
    return commits_->commit(partitions_, positions, wait);
}

std::int64_t KafkaSource::lag(std::uint32_t slot) const { return lag_of(client_, partitions_[slot], positions_[slot]); }

}  // namespace live_shopper
