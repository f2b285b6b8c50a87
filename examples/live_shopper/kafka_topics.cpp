// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_topics.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include "kafka_client.hpp"
#include "log.hpp"
#include "stage_record.hpp"

namespace live_shopper {
namespace {

constexpr std::uint32_t usual_partitions = 12;

class Admin {
public:
    Admin(const KafkaConfig& config, Metrics& metrics) : reports_{"topics", metrics} {
        auto conf =
            make_kafka_conf(KafkaRole::producer, {{"bootstrap.servers", config.brokers}, {"client.id", "live-shopper"}},
                            config.properties);
        report_to(conf, *this);
        client_ = make_kafka_client(KafkaRole::producer, std::move(conf));
    }
    ~Admin() { rd_kafka_destroy(client_); }
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    [[nodiscard]] KafkaReports& reports() { return reports_; }

    /// How many partitions a topic has, 0: there is none; nothing where Kafka does not tell now.
    [[nodiscard]] std::optional<std::uint32_t> partitions(const std::string& topic) {
        const rd_kafka_metadata_t* metadata = nullptr;
        // All of them: asking for one by its name may make it, with the broker's own number of partitions.
        if (rd_kafka_metadata(client_, 1, nullptr, &metadata, 2000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return std::nullopt;
        }
        std::uint32_t count = 0;
        for (int i = 0; i < metadata->topic_cnt; ++i) {
            if (topic == metadata->topics[i].topic) {
                count = static_cast<std::uint32_t>(metadata->topics[i].partition_cnt);
            }
        }
        rd_kafka_metadata_destroy(metadata);
        return count;
    }

    /// Whether Kafka answered. Throws where it refuses.
    bool make(const std::string& topic, bool compacted, std::uint32_t partitions, weir::Duration retention) {
        std::array<char, 512> error{};
        const std::unique_ptr<rd_kafka_NewTopic_t, decltype(&rd_kafka_NewTopic_destroy)> wanted{
            rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(partitions), -1, error.data(), error.size()),
            &rd_kafka_NewTopic_destroy};
        if (!wanted) {
            throw std::runtime_error(fmt::format("topic {}: {}", topic, error.data()));
        }
        rd_kafka_NewTopic_set_config(wanted.get(), "retention.ms", std::to_string(retention.count()).c_str());
        rd_kafka_NewTopic_set_config(wanted.get(), "retention.bytes", "-1");
        rd_kafka_NewTopic_set_config(wanted.get(), "cleanup.policy", compacted ? "compact,delete" : "delete");
        if (compacted) {  // what is still written to is left alone, so it must not be much
            rd_kafka_NewTopic_set_config(wanted.get(), "segment.bytes", "67108864");
            rd_kafka_NewTopic_set_config(wanted.get(), "segment.ms", "600000");
            rd_kafka_NewTopic_set_config(wanted.get(), "delete.retention.ms", "600000");
        }
        rd_kafka_NewTopic_set_config(wanted.get(), "message.timestamp.type", "LogAppendTime");
        rd_kafka_NewTopic_set_config(wanted.get(), "max.message.bytes", "8388608");
        const KafkaQueue queue{rd_kafka_queue_new(client_)};
        const std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)> options{
            rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS), &rd_kafka_AdminOptions_destroy};
        rd_kafka_AdminOptions_set_operation_timeout(options.get(), 5000, error.data(), error.size());
        std::array<rd_kafka_NewTopic_t*, 1> topics{wanted.get()};
        rd_kafka_CreateTopics(client_, topics.data(), topics.size(), options.get(), queue.get());
        const std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)> event{
            rd_kafka_queue_poll(queue.get(), 10'000), &rd_kafka_event_destroy};
        if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return false;
        }
        std::size_t count = 0;
        const auto* const results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
        for (std::size_t i = 0; i < count; ++i) {
            const auto code = rd_kafka_topic_result_error(results[i]);
            if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
                continue;  // another process was faster
            }
            if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
                const char* const text = rd_kafka_topic_result_error_string(results[i]);
                throw std::runtime_error(
                    fmt::format("topic {}: {}", topic, text != nullptr ? text : rd_kafka_err2str(code)));
            }
            log::info("topic made", {{"topic", topic}, {"partitions", partitions}});
        }
        return true;
    }

private:
    KafkaReports reports_;
    rd_kafka_t* client_ = nullptr;
};

}  // namespace

std::uint32_t make_topics(const KafkaConfig& config, const std::vector<WantedTopic>& topics,
                          std::optional<std::uint32_t> partitions, weir::Duration retention, Metrics& metrics,
                          bool (*stopping)()) {
    Admin admin{config, metrics};
    log::Limit limit{std::chrono::seconds{10}};
    for (std::size_t i = 0; i < topics.size() && !stopping();) {
        const std::string& topic = topics[i].name;
        const auto kind = topics[i].kind;
        const auto there = admin.partitions(topic);
        if (there && *there != 0) {
            if (partitions && *there != *partitions) {
                throw std::runtime_error(fmt::format(
                    "topic {} has {} partitions, expected {}: it holds history that is spread over them, so their "
                    "number stays; start with --partitions {}, or with a group of another name",
                    topic, *there, *partitions, *there));
            }
            partitions = there;
            ++i;
            continue;
        }
        if (there && kind != WantedTopic::Kind::foreign &&
            admin.make(topic, kind == WantedTopic::Kind::compacted, partitions.value_or(usual_partitions), retention)) {
            // Known once the broker's metadata has it.
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
            continue;
        }
        if (limit.allows()) {
            log::warn(there ? "there is no such topic yet; waiting" : "Kafka does not tell about topics yet; waiting",
                      {{"brokers", config.brokers}, {"topic", topic}});
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{200});
    }
    return stopping() ? 0 : *partitions;
}

}  // namespace live_shopper
