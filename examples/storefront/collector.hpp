// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Collector: the endpoint that Snowplow's trackers send to. It answers as Snowplow's own collector does, and does what
// stands behind that one as well: checks, enriches and writes to Kafka, which has taken the events before the tracker
// hears `ok`. A tracker that hears anything else sends again, with the same event ids.
//
//     Collector collector{settings, [&](std::vector<Message> m) { return producer.send(std::move(m)); }};
//     collector.add_to(server.router());

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <httplib.h>

#include "http_server.hpp"
#include "kafka_producer.hpp"
#include "payload.hpp"

namespace storefront {

struct CollectorSettings {
    std::string topic = "enriched-good";
    std::string bad_topic = "enriched-good-bad";
    std::size_t max_body = std::size_t{1} << 20;
    std::size_t max_events = 500;
    bool geo_headers = false;      // take X-Geo-Country, X-Geo-Region and X-Geo-City for where the client is
    bool trust_forwarded = false;  // take the client's address from X-Forwarded-For
    bool secure_cookies = false;   // SameSite=None; Secure
};

class Collector {
public:
    using Send = std::function<bool(std::vector<Message>)>;
    using Clock = std::function<Millis()>;

    Collector(CollectorSettings settings, Send send, Clock clock = wall_clock);

    /// Registers the collector's paths.
    void add_to(httplib::Server& router);

    /// Whether a request is one for the collector.
    [[nodiscard]] static bool is_path(std::string_view method, std::string_view path);

    struct Counts {
        std::atomic<std::uint64_t> requests{0};
        std::atomic<std::uint64_t> events{0};
        std::atomic<std::uint64_t> bad{0};
        std::atomic<std::uint64_t> failed{0};  // requests that Kafka did not take
    };
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

private:
    void post(const httplib::Request& request, httplib::Response& response);
    void pixel(const httplib::Request& request, httplib::Response& response);
    [[nodiscard]] bool collect(const httplib::Request& request, httplib::Response& response,
                               const std::variant<std::vector<Parameters>, Bad>& events, std::string_view payload);

    CollectorSettings settings_;
    Send send_;
    Clock clock_;
    Counts counts_;
};

/// Lets each address have so many requests a second, and so many at once after a rest. Any thread.
class RateLimit {
public:
    RateLimit(double per_second, double burst) : per_second_{per_second}, burst_{burst} {}

    /// Whether a request of `address` at `now` may go on.
    [[nodiscard]] bool allows(const std::string& address, Millis now);

private:
    struct Bucket {
        double tokens;
        Millis at;
    };
    static constexpr std::size_t max_addresses = 20'000;

    const double per_second_;
    const double burst_;
    std::mutex mutex_;
    std::unordered_map<std::string, Bucket> buckets_;
};

/// The client's address: the connection's, or the first of X-Forwarded-For where that is to be trusted.
[[nodiscard]] std::string client_address(std::string_view forwarded, const std::string& address, bool trust);

/// Allows the page's origin to read the answer, as the collector does for everyone.
void allow_origin(const httplib::Request& request, httplib::Response& response);

}  // namespace storefront
