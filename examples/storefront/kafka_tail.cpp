// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_tail.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include "text.hpp"

namespace storefront {

using live_shopper::KafkaRole;

KafkaTail::KafkaTail(const std::string& brokers, std::string topic, const live_shopper::KafkaProperties& properties,
                     std::int64_t backlog, OnRecord on_record)
    : topic_{std::move(topic)}, backlog_{backlog}, on_record_{std::move(on_record)}, reports_{"live", metrics_} {
    auto conf = live_shopper::make_kafka_conf(KafkaRole::consumer,
                                              {{"bootstrap.servers", brokers},
                                               {"client.id", "storefront"},
                                               {"group.id", "storefront-live"},  // asked for, never used
                                               {"enable.auto.commit", "false"},
                                               {"enable.auto.offset.store", "false"},
                                               {"auto.offset.reset", "latest"},
                                               {"fetch.wait.max.ms", "20"},
                                               {"fetch.error.backoff.ms", "100"},
                                               {"queued.max.messages.kbytes", "16384"},
                                               {"reconnect.backoff.max.ms", "1000"},
                                               {"socket.nagle.disable", "true"},
                                               {"socket.keepalive.enable", "true"}},
                                              properties);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t* client, int code, const char* text, void* opaque) {
        static_cast<KafkaTail*>(opaque)->reports_.error(client, code, text);
    });
    rd_kafka_conf_set_log_cb(conf.get(),
                             [](const rd_kafka_t* client, int level, const char* facility, const char* text) {
                                 static_cast<KafkaTail*>(rd_kafka_opaque(client))->reports_.line(level, facility, text);
                             });
    client_ = live_shopper::make_kafka_client(KafkaRole::consumer, std::move(conf));
    rd_kafka_poll_set_consumer(client_);
    thread_ = std::thread{[this] { run(); }};
}

KafkaTail::~KafkaTail() {
    stopping_ = true;
    thread_.join();
    rd_kafka_consumer_close(client_);
    rd_kafka_destroy(client_);
}

// Takes on the topic's partitions, where it has more than are read.
bool KafkaTail::assign() {
    rd_kafka_topic_t* const handle = rd_kafka_topic_new(client_, topic_.c_str(), nullptr);
    const struct rd_kafka_metadata* found = nullptr;  // a function has the same name
    const auto error = rd_kafka_metadata(client_, 0, handle, &found, 500);
    rd_kafka_topic_destroy(handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    const std::unique_ptr<const struct rd_kafka_metadata, decltype(&rd_kafka_metadata_destroy)> metadata{
        found, rd_kafka_metadata_destroy};
    const int now = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR
                        ? metadata->topics[0].partition_cnt
                        : 0;
    const int before = partitions_.load(std::memory_order_relaxed);
    if (now <= before) {
        return before > 0;
    }
    const live_shopper::KafkaPartitions list{rd_kafka_topic_partition_list_new(now)};
    for (int i = 0; i < now; ++i) {
        auto* const partition = rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), i);
        partition->offset = before > 0 ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_TAIL(backlog_);
    }
    if (before > 0) {  // go on where the others are
        const live_shopper::KafkaPartitions known{rd_kafka_topic_partition_list_new(before)};
        for (int i = 0; i < before; ++i) {
            rd_kafka_topic_partition_list_add(known.get(), topic_.c_str(), i);
        }
        rd_kafka_position(client_, known.get());
        for (int i = 0; i < before; ++i) {
            list->elems[i].offset = known->elems[i].offset >= 0 ? known->elems[i].offset : RD_KAFKA_OFFSET_END;
        }
    }
    if (rd_kafka_assign(client_, list.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    partitions_.store(now, std::memory_order_relaxed);
    return true;
}

void KafkaTail::run() {
    using Steady = std::chrono::steady_clock;
    began_ = wall_clock();
    auto next_look = Steady::now();
    while (!stopping_) {
        if (Steady::now() >= next_look) {
            const bool good = assign();
            next_look = Steady::now() + (good ? std::chrono::milliseconds{30'000} : std::chrono::milliseconds{200});
        }
        rd_kafka_message_t* const message = rd_kafka_consumer_poll(client_, 100);
        if (message == nullptr) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->payload != nullptr) {
            rd_kafka_timestamp_type_t type{};
            const auto written = rd_kafka_message_timestamp(message, &type);
            on_record_({static_cast<const char*>(message->payload), message->len}, written >= 0 && written < began_);
        }
        rd_kafka_message_destroy(message);
    }
}

}  // namespace storefront
