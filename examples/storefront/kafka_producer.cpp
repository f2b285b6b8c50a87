// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_producer.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace storefront {

using live_shopper::KafkaRole;

namespace {

// Whether every partition of the topic has a leader; asking creates it where Kafka does that.
bool has_leaders(rd_kafka_t* client, rd_kafka_topic_t* topic) {
    const struct rd_kafka_metadata* found = nullptr;  // a function has the same name
    if (rd_kafka_metadata(client, 0, topic, &found, 300) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    const std::unique_ptr<const struct rd_kafka_metadata, decltype(&rd_kafka_metadata_destroy)> metadata{
        found, rd_kafka_metadata_destroy};
    if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    const auto* const first = metadata->topics[0].partitions;
    const auto count = metadata->topics[0].partition_cnt;
    return count > 0 && std::all_of(first, first + count, [](const auto& partition) {
               return partition.err == RD_KAFKA_RESP_ERR_NO_ERROR && partition.leader >= 0;
           });
}

}  // namespace

// Shared by the sender and the reports of its records.
struct KafkaProducer::Batch {
    std::mutex mutex;
    std::condition_variable condition;
    std::size_t waiting = 0;
    bool good = true;
};

KafkaProducer::KafkaProducer(const std::string& brokers, const live_shopper::KafkaProperties& properties,
                             std::chrono::milliseconds patience, const std::vector<std::string>& topics)
    : reports_{"collector", metrics_} {
    auto conf =
        live_shopper::make_kafka_conf(KafkaRole::producer,
                                      {{"bootstrap.servers", brokers},
                                       {"client.id", "storefront"},
                                       {"acks", "all"},
                                       // Not idempotent: that can fail for good, and the job knows what came twice.
                                       {"partitioner", "murmur2_random"},
                                       {"linger.ms", "0"},
                                       {"message.timeout.ms", std::to_string(patience.count())},
                                       {"queue.buffering.max.kbytes", "65536"},
                                       {"reconnect.backoff.max.ms", "1000"},
                                       {"socket.nagle.disable", "true"},
                                       {"socket.keepalive.enable", "true"}},
                                      properties);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        const std::unique_ptr<std::shared_ptr<Batch>> batch{static_cast<std::shared_ptr<Batch>*>(message->_private)};
        const bool good = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        static_cast<KafkaProducer*>(opaque)->available_.store(good, std::memory_order_relaxed);
        {
            const std::lock_guard lock{(*batch)->mutex};
            (*batch)->good = (*batch)->good && good;
            --(*batch)->waiting;
        }
        (*batch)->condition.notify_one();
    });
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t* client, int code, const char* text, void* opaque) {
        static_cast<KafkaProducer*>(opaque)->reports_.error(client, code, text);
    });
    rd_kafka_conf_set_log_cb(
        conf.get(), [](const rd_kafka_t* client, int level, const char* facility, const char* text) {
            static_cast<KafkaProducer*>(rd_kafka_opaque(client))->reports_.line(level, facility, text);
        });
    client_ = live_shopper::make_kafka_client(KafkaRole::producer, std::move(conf));
    for (const std::string& topic : topics) {
        topics_.push_back(rd_kafka_topic_new(client_, topic.c_str(), nullptr));
    }
    thread_ = std::thread{[this] {
        find_topics();
        while (!stopping_) {
            rd_kafka_poll(client_, 100);
        }
    }};
}

void KafkaProducer::find_topics() {
    // Not for ever: a topic that nobody creates must not be asked for ten times a second.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    for (auto topic = topics_.begin(); topic != topics_.end();) {
        if (stopping_ || std::chrono::steady_clock::now() > end) {
            return;
        }
        if (has_leaders(client_, *topic)) {
            ++topic;
        } else {
            rd_kafka_poll(client_, 100);
        }
    }
    {
        const std::lock_guard lock{mutex_};
        found_ = true;
    }
    condition_.notify_all();
}

bool KafkaProducer::await_topics(std::chrono::milliseconds most) {
    std::unique_lock lock{mutex_};
    return condition_.wait_for(lock, most, [this] { return found_; });
}

KafkaProducer::~KafkaProducer() {
    abandon();
    stopping_ = true;
    thread_.join();
    rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_, 200);  // serves the reports, which own the batches
    for (rd_kafka_topic_t* const topic : topics_) {
        rd_kafka_topic_destroy(topic);
    }
    rd_kafka_destroy(client_);
}

void KafkaProducer::abandon() {
    if (!abandoned_.exchange(true)) {
        rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    }
}

bool KafkaProducer::send(std::vector<Message> messages) {
    if (abandoned_) {
        return false;
    }
    const auto batch = std::make_shared<Batch>();
    for (Message& message : messages) {
        rd_kafka_headers_t* headers = nullptr;
        if (!message.reason.empty()) {
            headers = rd_kafka_headers_new(1);
            rd_kafka_header_add(headers, "reason", 6, message.reason.data(),
                                static_cast<ssize_t>(message.reason.size()));
        }
        auto mine = std::make_unique<std::shared_ptr<Batch>>(batch);
        {
            const std::lock_guard lock{batch->mutex};
            ++batch->waiting;
        }
        // What the RD_KAFKA_V macros stand for; they are statement expressions, which clang takes for an extension.
        const auto error = rd_kafka_producev(
            client_, RD_KAFKA_VTYPE_TOPIC, message.topic.c_str(), RD_KAFKA_VTYPE_VALUE, message.value.data(),
            message.value.size(), RD_KAFKA_VTYPE_KEY, message.key.empty() ? nullptr : message.key.data(),
            message.key.size(), RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_OPAQUE,
            static_cast<void*>(mine.get()), headers == nullptr ? RD_KAFKA_VTYPE_END : RD_KAFKA_VTYPE_HEADERS, headers,
            RD_KAFKA_VTYPE_END);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            (void)mine.release();  // to the report
            continue;
        }
        if (headers != nullptr) {
            rd_kafka_headers_destroy(headers);
        }
        const std::lock_guard lock{batch->mutex};
        --batch->waiting;
        batch->good = false;
    }
    std::unique_lock lock{batch->mutex};
    batch->condition.wait(lock, [&] { return batch->waiting == 0; });  // every record gets its report
    return batch->good;
}

}  // namespace storefront
