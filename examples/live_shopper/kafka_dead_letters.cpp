// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_dead_letters.hpp"

#include <utility>

namespace live_shopper {
namespace {

constexpr std::size_t truncated_size = 64 * 1024;
constexpr std::chrono::seconds retry_after{1};
constexpr std::size_t max_waiting = 10'000;
constexpr std::size_t max_bytes = 64 * 1024 * 1024;

}  // namespace

KafkaDeadLetters::KafkaDeadLetters(const KafkaConfig& config, Metrics& metrics)
    : topic_{config.dead_letters()}, metrics_{metrics}, reports_{"dead letters", metrics} {
    auto conf = make_kafka_conf(KafkaRole::producer,
                                {{"bootstrap.servers", config.brokers},
                                 {"client.id", "live-shopper"},
                                 {"acks", "all"},
                                 {"linger.ms", "5"},
                                 {"message.timeout.ms", "60000"},
                                 {"message.max.bytes", "100000000"},  // the broker says what it takes
                                 {"queue.buffering.max.kbytes", "131072"},
                                 {"reconnect.backoff.max.ms", "2000"},
                                 {"socket.keepalive.enable", "true"}},
                                config.properties);
    report_to(conf, *this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        static_cast<KafkaDeadLetters*>(opaque)->on_report(*message);
    });
    client_ = make_kafka_client(KafkaRole::producer, std::move(conf));
}

KafkaDeadLetters::~KafkaDeadLetters() {
    rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_, 200);  // serves the reports, which own the letters
    rd_kafka_destroy(client_);
}

void KafkaDeadLetters::send(const Record& record, const Partition& partition, std::string_view reason) {
    auto letter = std::make_unique<Letter>();
    letter->number = sent_++;
    letter->payload = record.payload;
    letter->key = record.key;
    letter->has_payload = record.has_payload;
    letter->has_key = record.has_key;
    letter->reason = reason;
    letter->topic = partition.topic;
    letter->partition = std::to_string(partition.number);
    letter->offset = std::to_string(record.offset);
    done_.push_back(false);
    bytes_ += record.payload.size() + record.key.size();
    update_full();
    produce(std::move(letter));
}

void KafkaDeadLetters::produce(std::unique_ptr<Letter> letter) {
    rd_kafka_headers_t* const headers = rd_kafka_headers_new(5);
    const auto header = [&](std::string_view name, const std::string& value) {
        rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                            static_cast<ssize_t>(value.size()));
    };
    header("reason", letter->reason);
    header("topic", letter->topic);
    header("partition", letter->partition);
    header("offset", letter->offset);
    if (letter->truncated_from != 0) {
        header("truncated", std::to_string(letter->truncated_from));
    }
    // The letter owns the bytes until its report comes, so librdkafka need not copy them.
    void* const payload = letter->has_payload ? letter->payload.data() : nullptr;
    const void* const key = letter->has_key ? letter->key.data() : nullptr;
    // What the RD_KAFKA_V macros stand for; they are statement expressions, which clang takes for an extension.
    const auto error =
        rd_kafka_producev(client_, RD_KAFKA_VTYPE_TOPIC, topic_.c_str(), RD_KAFKA_VTYPE_VALUE, payload,
                          letter->payload.size(), RD_KAFKA_VTYPE_KEY, key, letter->key.size(), RD_KAFKA_VTYPE_HEADERS,
                          headers, RD_KAFKA_VTYPE_OPAQUE, static_cast<void*>(letter.get()), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)letter.release();  // to on_report
        return;
    }
    rd_kafka_headers_destroy(headers);
    if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && letter->truncated_from == 0) {
        letter->truncated_from = letter->payload.size();
        letter->payload.resize(truncated_size);
    } else if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL && errors_.allows()) {
        log::warn("dead letters cannot be sent; trying again",
                  {{"topic", topic_}, {"error", rd_kafka_err2str(error)}, {"suppressed", errors_.suppressed()}});
    }
    again(std::move(letter));
}

void KafkaDeadLetters::on_report(const rd_kafka_message_t& message) {
    std::unique_ptr<Letter> letter{static_cast<Letter*>(message._private)};
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        metrics_.dead_letters.add();
        bytes_ -= (letter->truncated_from != 0 ? letter->truncated_from : letter->payload.size()) + letter->key.size();
        done_[letter->number - delivered_] = true;
        while (!done_.empty() && done_.front()) {
            done_.pop_front();
            ++delivered_;
        }
        update_full();
        return;
    }
    if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        return;  // the program ends; the records are read again
    }
    if (message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && letter->payload.size() > truncated_size) {
        letter->truncated_from = letter->payload.size();
        letter->payload.resize(truncated_size);
    } else if (errors_.allows()) {
        log::warn("dead letters are not delivered; trying again", {{"topic", topic_},
                                                                   {"error", rd_kafka_err2str(message.err)},
                                                                   {"waiting", sent_ - delivered_},
                                                                   {"suppressed", errors_.suppressed()}});
    }
    again(std::move(letter));
}

void KafkaDeadLetters::again(std::unique_ptr<Letter> letter) {
    letter->due = std::chrono::steady_clock::now() + retry_after;
    waiting_.push_back(std::move(letter));
}

void KafkaDeadLetters::update_full() {
    const auto part = full_ ? 2U : 1U;
    full_ = sent_ - delivered_ >= max_waiting / part || bytes_ >= max_bytes / part;
}

void KafkaDeadLetters::poll() {
    rd_kafka_poll(client_, 0);
    if (waiting_.empty()) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    while (!waiting_.empty() && waiting_.front()->due <= now) {
        auto letter = std::move(waiting_.front());
        waiting_.pop_front();
        produce(std::move(letter));
    }
}

}  // namespace live_shopper
