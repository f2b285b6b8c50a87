// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_outlet.hpp"

#include <algorithm>
#include <utility>

namespace live_shopper {
namespace {

constexpr std::size_t max_waiting = 100'000;

// What the next stage relies on is not up to the user.
KafkaProperties allowed(const KafkaProperties& properties) {
    return without(properties,
                   {"acks", "request.required.acks", "enable.idempotence", "message.timeout.ms", "delivery.timeout.ms",
                    "max.in.flight", "max.in.flight.requests.per.connection", "retries", "message.send.max.retries"});
}

}  // namespace

KafkaOutlet::KafkaOutlet(const KafkaConfig& config, std::string topic, Metrics& metrics)
    : topic_{std::move(topic)}, reports_{topic_, metrics} {
    auto conf = make_kafka_conf(KafkaRole::producer,
                                {{"bootstrap.servers", config.brokers},
                                 {"client.id", "live-shopper"},
                                 {"enable.idempotence", "true"},
                                 {"linger.ms", "5"},
                                 {"compression.type", "lz4"},
                                 {"message.timeout.ms", "0"},  // for ever
                                 {"message.max.bytes", "100000000"},
                                 {"queue.buffering.max.kbytes", "131072"},
                                 {"queue.buffering.max.messages", "200000"},
                                 {"reconnect.backoff.max.ms", "1000"},
                                 {"retry.backoff.ms", "50"},
                                 {"socket.keepalive.enable", "true"}},
                                allowed(config.properties));
    report_to(conf, *this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        static_cast<KafkaOutlet*>(opaque)->on_report(*message);
    });
    client_ = make_kafka_client(KafkaRole::producer, std::move(conf));
}

KafkaOutlet::~KafkaOutlet() {
    rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_, 200);
    rd_kafka_destroy(client_);
}

void KafkaOutlet::send(std::uint32_t partition, std::string_view record) {
    const std::uint64_t number = sent_++;
    done_.push_back(false);
    update_full();
    if (waiting_.empty()) {
        produce(partition, record, number);
    } else {
        waiting_.push_back({partition, std::string{record}});
    }
}

void KafkaOutlet::produce(std::uint32_t partition, std::string_view record, std::uint64_t number) {
    // The report names the record by a number that is no pointer; 0 would be a null one.
    void* const opaque = reinterpret_cast<void*>(static_cast<std::uintptr_t>(number + 1));  // NOLINT
    const auto error = rd_kafka_producev(
        client_, RD_KAFKA_VTYPE_TOPIC, topic_.c_str(), RD_KAFKA_VTYPE_PARTITION, static_cast<std::int32_t>(partition),
        RD_KAFKA_VTYPE_VALUE, const_cast<char*>(record.data()), record.size(),  // NOLINT: it is copied
        RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_OPAQUE, opaque, RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL && errors_.allows()) {
        log::warn("records cannot be sent to the next stage; trying again",
                  {{"topic", topic_}, {"error", rd_kafka_err2str(error)}, {"suppressed", errors_.suppressed()}});
    }
    waiting_.push_front({partition, std::string{record}});
}

void KafkaOutlet::on_report(const rd_kafka_message_t& message) {
    const auto number = reinterpret_cast<std::uintptr_t>(message._private) - 1;  // NOLINT: see produce
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        done_[number - delivered_] = true;
        while (!done_.empty() && done_.front()) {
            done_.pop_front();
            ++delivered_;
        }
        update_full();
        return;
    }
    if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        return;  // the program ends; what led to the records is read again
    }
    // Sending it again now would change the order. A new process reads what was not committed.
    log::error("the next stage's topic refuses a record",
               {{"topic", topic_}, {"error", rd_kafka_err2str(message.err)}});
    failed_ = true;
}

void KafkaOutlet::update_full() { full_ = sent_ - delivered_ >= max_waiting / (full_ ? 2U : 1U); }

void KafkaOutlet::poll() {
    rd_kafka_poll(client_, 0);
    while (!waiting_.empty()) {
        const auto left = waiting_.size();
        const Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        produce(next.partition, next.record, sent_ - left);
        if (waiting_.size() == left) {
            break;  // still no room
        }
    }
}

}  // namespace live_shopper
