// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// A producer and a reader of whole topics, for tests.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace kafka_support {

class Producer {
public:
    explicit Producer(const std::string& brokers) {
        char error[256];
        rd_kafka_conf_t* const conf = rd_kafka_conf_new();
        rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), error, sizeof error);
        rd_kafka_conf_set(conf, "message.max.bytes", "20000000", error, sizeof error);
        rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
        client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
        if (client_ == nullptr) {
            throw std::runtime_error(error);
        }
    }
    ~Producer() { rd_kafka_destroy(client_); }
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    void send(const std::string& topic, const std::optional<std::string>& payload, std::int32_t partition = 0,
              const std::optional<std::string>& key = std::nullopt) {
        std::array<rd_kafka_vu_t, 5> fields{};
        fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
        fields[0].u.cstr = topic.c_str();
        fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
        fields[1].u.i32 = partition;
        fields[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
        fields[2].u.i = RD_KAFKA_MSG_F_COPY;
        fields[3].vtype = RD_KAFKA_VTYPE_VALUE;
        fields[3].u.mem = {payload ? const_cast<char*>(payload->data()) : nullptr, payload ? payload->size() : 0};
        fields[4].vtype = RD_KAFKA_VTYPE_KEY;
        fields[4].u.mem = {key ? const_cast<char*>(key->data()) : nullptr, key ? key->size() : 0};
        while (rd_kafka_error_t* const error = rd_kafka_produceva(client_, fields.data(), fields.size())) {
            const auto code = rd_kafka_error_code(error);
            rd_kafka_error_destroy(error);
            if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                throw std::runtime_error(rd_kafka_err2str(code));
            }
            rd_kafka_poll(client_, 10);
        }
    }

    void flush() {
        if (rd_kafka_flush(client_, 20'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            throw std::runtime_error("records were not delivered");
        }
    }

private:
    rd_kafka_t* client_ = nullptr;
};

struct Message {
    std::optional<std::string> payload;
    std::optional<std::string> key;
    std::map<std::string, std::string> headers;
};

/// Everything in a topic's partitions, once there are `count` messages.
inline std::vector<Message> read_topic(const std::string& brokers, const std::string& topic, std::size_t count) {
    char error[256];
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), error, sizeof error);
    rd_kafka_conf_set(conf, "group.id", "reader", error, sizeof error);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "50", error, sizeof error);
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t* const partitions = rd_kafka_topic_partition_list_new(4);
    rd_kafka_topic_partition_list_add_range(partitions, topic.c_str(), 0, 3);
    for (int i = 0; i < partitions->cnt; ++i) {
        partitions->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(client, partitions);
    rd_kafka_topic_partition_list_destroy(partitions);
    std::vector<Message> out;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (out.size() < count && std::chrono::steady_clock::now() < deadline) {
        rd_kafka_message_t* const message = rd_kafka_consumer_poll(client, 50);
        if (message == nullptr) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            Message copy;
            if (message->payload != nullptr) {
                copy.payload = std::string{static_cast<const char*>(message->payload), message->len};
            }
            if (message->key != nullptr) {
                copy.key = std::string{static_cast<const char*>(message->key), message->key_len};
            }
            rd_kafka_headers_t* headers = nullptr;
            if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                const char* name = nullptr;
                const void* value = nullptr;
                std::size_t size = 0;
                for (std::size_t i = 0;
                     rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
                    copy.headers[name] = std::string{static_cast<const char*>(value), size};
                }
            }
            out.push_back(std::move(copy));
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_destroy(client);
    return out;
}

}  // namespace kafka_support
