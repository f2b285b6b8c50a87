// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What Kafka's clients of this program share: owners for librdkafka's handles, and configuration with
// `-X key=value` on top.

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "log.hpp"
#include "metrics.hpp"

namespace live_shopper {

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

struct KafkaDeleter {
    void operator()(rd_kafka_conf_t* p) const noexcept { rd_kafka_conf_destroy(p); }
    void operator()(rd_kafka_queue_t* p) const noexcept { rd_kafka_queue_destroy(p); }
    void operator()(rd_kafka_topic_partition_list_t* p) const noexcept { rd_kafka_topic_partition_list_destroy(p); }
    void operator()(rd_kafka_error_t* p) const noexcept { rd_kafka_error_destroy(p); }
};
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaDeleter>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDeleter>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaDeleter>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, KafkaDeleter>;

/// Where a client's errors and log lines go. One per client; outlives it. Any thread.
class KafkaReports {
public:
    KafkaReports(std::string_view client, Metrics& metrics) : client_{client}, metrics_{metrics} {}

    void error(rd_kafka_t* client, int code, const char* text);
    void line(int level, const char* facility, const char* text);

    /// The latest error, for a line that says what is being waited for.
    [[nodiscard]] std::string latest() const;
    [[nodiscard]] bool fatal() const;

private:
    std::string client_;
    Metrics& metrics_;
    mutable std::mutex mutex_;
    std::map<std::string, log::Limit> limits_;
    std::string latest_;
    bool fatal_ = false;
};

enum class KafkaRole { consumer, producer };

/// A client's configuration: `defaults`, then what of `properties` concerns the role. Callbacks get `opaque`.
/// Throws std::invalid_argument for a property that librdkafka does not know or that the job depends on.
[[nodiscard]] KafkaConf make_kafka_conf(KafkaRole role, const KafkaProperties& defaults,
                                        const KafkaProperties& properties);

/// The properties but those of these names.
[[nodiscard]] KafkaProperties without(const KafkaProperties& properties, std::initializer_list<std::string_view> names);

/// What goes wrong with the client is told to `owner.reports()`. The owner is the opaque of its callbacks.
template <class Owner>
void report_to(const KafkaConf& conf, Owner& owner) {
    rd_kafka_conf_set_opaque(conf.get(), &owner);
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t* client, int code, const char* text, void* opaque) {
        static_cast<Owner*>(opaque)->reports().error(client, code, text);
    });
    rd_kafka_conf_set_log_cb(conf.get(),
                             [](const rd_kafka_t* client, int level, const char* facility, const char* text) {
                                 static_cast<Owner*>(rd_kafka_opaque(client))->reports().line(level, facility, text);
                             });
}

/// Checks properties as make_kafka_conf does, for both roles.
void check_kafka_properties(const KafkaProperties& properties);

/// Makes a client; takes the configuration. Throws std::runtime_error.
[[nodiscard]] rd_kafka_t* make_kafka_client(KafkaRole role, KafkaConf conf);

}  // namespace live_shopper
