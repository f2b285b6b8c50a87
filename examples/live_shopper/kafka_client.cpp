// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_client.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace live_shopper {
namespace {

using namespace std::string_view_literals;

// librdkafka warns about a consumer's property on a producer and the other way round.
constexpr std::array consumer_only{"group."sv,
                                   "session.timeout.ms"sv,
                                   "heartbeat.interval.ms"sv,
                                   "max.poll.interval.ms"sv,
                                   "auto.offset.reset"sv,
                                   "fetch."sv,
                                   "queued."sv,
                                   "isolation.level"sv,
                                   "partition.assignment.strategy"sv,
                                   "check.crcs"sv,
                                   "coordinator.query.interval.ms"sv,
                                   "consume."sv,
                                   "allow.auto.create.topics"sv};
constexpr std::array producer_only{"acks"sv,
                                   "request.required.acks"sv,
                                   "request.timeout.ms"sv,
                                   "message.timeout.ms"sv,
                                   "delivery.timeout.ms"sv,
                                   "queue.buffering."sv,
                                   "linger.ms"sv,
                                   "batch."sv,
                                   "compression."sv,
                                   "enable.idempotence"sv,
                                   "transactional.id"sv,
                                   "transaction.timeout.ms"sv,
                                   "message.send.max.retries"sv,
                                   "retries"sv,
                                   "partitioner"sv,
                                   "sticky."sv,
                                   "delivery.report.only.error"sv,
                                   "dr_"sv,
                                   "enable.gapless.guarantee"sv};

// The job commits offsets itself, needs to know where a partition ends, and does not add partitions to a running
// assignment.
constexpr std::array reserved{"enable.auto.commit"sv,
                              "auto.commit.enable"sv,
                              "auto.commit.interval.ms"sv,
                              "enable.auto.offset.store"sv,
                              "enable.partition.eof"sv,
                              "offset.store."sv,
                              "group.id"sv,
                              "test.mock.num.brokers"sv,
                              "transactional.id"sv};

template <class Names>
bool is_one_of(const Names& names, std::string_view key) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
        return name.ends_with('.') || name.ends_with('_') ? key.starts_with(name) : key == name;
    });
}

}  // namespace

void KafkaReports::error(rd_kafka_t* client, int code, const char* text) {
    metrics_.kafka_errors.add();
    const auto err = static_cast<rd_kafka_resp_err_t>(code);
    const std::lock_guard lock{mutex_};
    latest_ = text;
    if (err == RD_KAFKA_RESP_ERR__FATAL) {
        std::array<char, 512> reason{};
        rd_kafka_fatal_error(client, reason.data(), reason.size());
        fatal_ = true;
        latest_ = reason.data();
        log::error("Kafka client failed for good", {{"client", client_}, {"error", latest_}});
        return;
    }
    auto& limit = limits_.try_emplace(rd_kafka_err2name(err), log::Limit{std::chrono::seconds{10}}).first->second;
    if (limit.allows()) {
        log::warn("Kafka reports an error; the client goes on trying", {{"client", client_},
                                                                        {"code", rd_kafka_err2name(err)},
                                                                        {"error", latest_},
                                                                        {"suppressed", limit.suppressed()}});
    }
}

void KafkaReports::line(int level, const char* facility, const char* text) {
    // Errors come through error() as well; the lines add detail.
    const auto at = level <= 4 ? log::Level::warn : log::Level::debug;
    const std::string_view name{facility};
    if (name == "FAIL" || name == "ERROR") {
        log::debug(text, {{"client", client_}, {"facility", facility}});
        return;
    }
    const std::lock_guard lock{mutex_};
    auto& limit = limits_.try_emplace("log " + std::string{name}, log::Limit{std::chrono::seconds{1}}).first->second;
    if (at == log::Level::debug || limit.allows()) {
        log::write(at, text, {{"client", client_}, {"facility", facility}});
    }
}

std::string KafkaReports::latest() const {
    const std::lock_guard lock{mutex_};
    return latest_;
}

bool KafkaReports::fatal() const {
    const std::lock_guard lock{mutex_};
    return fatal_;
}

KafkaProperties without(const KafkaProperties& properties, std::initializer_list<std::string_view> names) {
    KafkaProperties out;
    std::copy_if(properties.begin(), properties.end(), std::back_inserter(out), [&](const auto& property) {
        return std::find(names.begin(), names.end(), property.first) == names.end();
    });
    return out;
}

KafkaConf make_kafka_conf(KafkaRole role, const KafkaProperties& defaults, const KafkaProperties& properties) {
    KafkaConf conf{rd_kafka_conf_new()};
    std::array<char, 512> error{};
    const auto set = [&](const std::string& key, const std::string& value) {
        if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), error.data(), error.size()) != RD_KAFKA_CONF_OK) {
            // librdkafka's text may repeat the value, which may be a secret.
            const bool unknown = std::string_view{error.data()}.starts_with("No such configuration property");
            throw std::invalid_argument(
                fmt::format("-X {}: {}", key,
                            unknown ? "librdkafka knows no such property" : "librdkafka does not take this value"));
        }
    };
    for (const auto& [key, value] : defaults) {
        set(key, value);
    }
    for (const auto& [key, value] : properties) {
        if (is_one_of(reserved, key)) {
            throw std::invalid_argument(fmt::format("-X {}: the job sets this itself", key));
        }
        if (key == "partition.assignment.strategy" && value.find("cooperative") != std::string::npos) {
            throw std::invalid_argument("-X partition.assignment.strategy: cooperative assignment is not supported");
        }
        const bool foreign =
            role == KafkaRole::consumer ? is_one_of(producer_only, key) : is_one_of(consumer_only, key);
        if (!foreign) {
            set(key, value);
        }
    }
    return conf;
}

void check_kafka_properties(const KafkaProperties& properties) {
    (void)make_kafka_conf(KafkaRole::consumer, {}, properties);
    (void)make_kafka_conf(KafkaRole::producer, {}, properties);
}

rd_kafka_t* make_kafka_client(KafkaRole role, KafkaConf conf) {
    std::array<char, 512> error{};
    rd_kafka_t* const client = rd_kafka_new(role == KafkaRole::consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                                            conf.get(), error.data(), error.size());
    if (client == nullptr) {
        throw std::runtime_error(fmt::format("Kafka: {}", error.data()));
    }
    (void)conf.release();  // the client owns it now
    return client;
}

}  // namespace live_shopper
