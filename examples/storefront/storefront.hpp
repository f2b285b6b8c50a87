// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Storefront: the shop as one object: pages, API, collector, live data, actions and made-up shoppers.
//
//     Storefront shop{settings};
//     shop.start();
//     std::puts(shop.address().c_str());  // http://127.0.0.1:39213

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "collector.hpp"
#include "config.hpp"
#include "http_server.hpp"
#include "kafka_client.hpp"

namespace storefront {

struct StorefrontSettings {
    live_shopper::Endpoint listen{"127.0.0.1", 0};
    std::string brokers = "localhost:9092";
    std::string topic = "enriched-good";
    std::string bad_topic;  // empty: TOPIC-bad
    live_shopper::KafkaProperties kafka_properties;
    live_shopper::RedisConfig redis;
    std::optional<live_shopper::Endpoint> job_metrics;
    std::string www;
    std::string vendor;  // empty: WWW/vendor
    std::string actions;
    std::size_t shoppers = 0;
    double rate = 20;
    double limit_per_second = 200;  // requests to the collector per address
    double limit_burst = 400;
    std::chrono::milliseconds active{std::chrono::minutes{5}};
    std::chrono::milliseconds kafka_patience{4'000};  // trackers give up after 5 s
    CollectorSettings collector;                      // topics are taken from above
    HttpLimits http;
};

class Storefront {
public:
    /// Reads the pages' catalogue and the actions, checks both. Throws live_shopper::ConfigError or std::runtime_error.
    explicit Storefront(StorefrontSettings settings);
    ~Storefront();
    Storefront(const Storefront&) = delete;
    Storefront& operator=(const Storefront&) = delete;

    /// Serves once Kafka has the topics, or after two seconds without. Throws std::runtime_error where the address
    /// cannot be had.
    void start();

    /// Ends within two seconds.
    void stop();

    [[nodiscard]] std::uint16_t port() const noexcept;
    /// `http://HOST:PORT`.
    [[nodiscard]] std::string address() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace storefront
