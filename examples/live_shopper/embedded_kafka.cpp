// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "embedded_kafka.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "kafka_client.hpp"

#include <librdkafka/rdkafka_mock.h>  // after rdkafka.h

namespace live_shopper {

class EmbeddedKafka::Impl {
public:
    Impl() {
        // A client that never connects anywhere; the cluster lives in its threads.
        KafkaConf conf{rd_kafka_conf_new()};
        rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
        client_ = make_kafka_client(KafkaRole::producer, std::move(conf));
        cluster_ = rd_kafka_mock_cluster_new(client_, 1);
        if (cluster_ == nullptr) {
            rd_kafka_destroy(client_);
            throw std::runtime_error("the embedded Kafka cannot be started");
        }
    }

    ~Impl() {
        rd_kafka_mock_cluster_destroy(cluster_);
        rd_kafka_destroy(client_);
    }

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    rd_kafka_t* client_ = nullptr;
    rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

EmbeddedKafka::EmbeddedKafka(const std::string& topic, int partitions) : impl_{std::make_unique<Impl>()} {
    create_topic(topic, partitions);
}

EmbeddedKafka::~EmbeddedKafka() = default;

void EmbeddedKafka::create_topic(const std::string& topic, int partitions) {
    const auto error = rd_kafka_mock_topic_create(impl_->cluster_, topic.c_str(), partitions, 1);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw std::runtime_error(fmt::format("topic {}: {}", topic, rd_kafka_err2str(error)));
    }
}

std::string EmbeddedKafka::address() const { return rd_kafka_mock_cluster_bootstraps(impl_->cluster_); }

void EmbeddedKafka::set_up(bool up) {
    if (up) {
        rd_kafka_mock_broker_set_up(impl_->cluster_, -1);
    } else {
        rd_kafka_mock_broker_set_down(impl_->cluster_, -1);
    }
}

}  // namespace live_shopper
