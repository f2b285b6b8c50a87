// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Config: everything that `live-shopper run` can be told, and the JSON file that tells it.
//
//     { "kafka":   { "brokers": "kafka-1:9092,kafka-2:9092", "topic": "enriched-good", "group": "live-shopper",
//                    "dead_letter_topic": "bad", "properties": { "security.protocol": "SASL_SSL" } },
//       "redis":   { "address": "redis:6379", "user": "shop", "password_file": "/run/secrets/redis", "database": 0 },
//       "windows": { "product": ["5m", "1h"], "category": ["5m", "1h", "24h"], "cart": ["5m"], "purchase": ["24h"] },
//       "session": { "gap": "30m", "lateness": "5s" },
//       "flush_interval": "100ms", "linger": "10m" }
//
// Every key may be left out. A key that is not known, a value of the wrong kind and JSON that is none are errors that
// say where, what was found and what was wanted: `features.json:3:14: expected a duration such as 5m, found "5 mins"`.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/time.hpp>

#include "log.hpp"
#include "settings.hpp"

namespace live_shopper {

/// What was told makes no sense; the text is for whoever told it.
class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct KafkaConfig {
    std::string brokers = "localhost:9092";
    std::string topic = "enriched-good";
    std::string group = "live-shopper";
    std::string dead_letter_topic;                                // empty: TOPIC-dead-letter
    std::vector<std::pair<std::string, std::string>> properties;  // librdkafka's own

    [[nodiscard]] std::string dead_letters() const {
        return dead_letter_topic.empty() ? topic + "-dead-letter" : dead_letter_topic;
    }
};

struct RedisConfig {
    std::string host = "localhost";
    std::uint16_t port = 6379;
    std::string unix_socket;  // instead of host and port
    std::string user;         // an ACL user
    std::string password;
    int database = 0;
    bool tls = false;
    std::string tls_ca;           // PEM file of authorities; empty: the system's
    std::string tls_certificate;  // PEM file, where Redis wants to know the client
    std::string tls_key;          // PEM file
    weir::Duration connect_timeout = std::chrono::milliseconds{1500};
    weir::Duration reply_timeout = std::chrono::seconds{5};  // without any answer: the connection is given up

    /// For people: `HOST:PORT` or the socket's path.
    [[nodiscard]] std::string address() const {
        return unix_socket.empty() ? host + ':' + std::to_string(port) : unix_socket;
    }
};

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
};

struct Config {
    Settings settings;
    KafkaConfig kafka;
    RedisConfig redis;
    std::string redis_password_file;
    std::string kafka_password_file;
    std::size_t max_pending = 200'000;
    std::size_t memory_limit = 0;  // bytes; 0: none
    std::string snapshots;         // directory, or `kafka`; empty: none are taken
    weir::Duration snapshot_interval = std::chrono::minutes{1};
    std::size_t max_record = std::size_t{1} << 20;
    unsigned threads = 1;
    bool scale_out = false;                         // one of several processes that share the work
    std::string instance;                           // the name of this one; empty: none
    bool keyed_by_visitor = false;                  // the input, so that it need not be sorted by visitor
    std::optional<std::uint32_t> stage_partitions;  // of the topics between stages
    bool embedded_kafka = false;
    int embedded_partitions = 4;
    std::optional<Endpoint> metrics;
    log::Level log_level = log::Level::info;

    // The topics between the stages of a fleet; whoever reads them is a group of the same name.
    [[nodiscard]] std::string visitors_topic() const { return kafka.group + "-visitors"; }
    [[nodiscard]] std::string shoppers_topic() const { return kafka.group + "-shoppers"; }
    // And those that a fleet keeps its snapshots in, if that is what is wanted.
    [[nodiscard]] bool snapshots_in_kafka() const { return snapshots == "kafka"; }
    [[nodiscard]] static std::string snapshots_topic(const std::string& of) { return of + "-snapshots"; }
};

/// `100ms`, `5s`, `5m`, `24h`, `7d`: a whole number of one unit. Nothing for any other text.
[[nodiscard]] std::optional<weir::Duration> parse_duration(std::string_view text);

/// `500000000`, `512M`, `2G`: bytes, or units of 1024 of each other. Nothing for any other text.
[[nodiscard]] std::optional<std::size_t> parse_bytes(std::string_view text);

/// `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`; without a host, `default_host`. Nothing for any other text.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text, std::string_view default_host);

[[nodiscard]] std::optional<CartTotal> parse_cart_total(std::string_view text);

/// Reads `text` over `config`; `name` is the file's, for errors. Throws ConfigError.
void read_config(std::string_view text, const std::string& name, Config& config);

/// Reads a file over `config`. Throws ConfigError.
void load_config(const std::string& path, Config& config);

/// Fills in the passwords of Redis and Kafka from their files or the environment, where there are any. Throws
/// ConfigError.
void load_secrets(Config& config);

/// Throws ConfigError where settings do not go together.
void validate(const Config& config);

/// The one of `candidates` that `text` was most likely meant to be; empty where none is near.
[[nodiscard]] std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates);

}  // namespace live_shopper
