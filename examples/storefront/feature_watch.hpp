// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// FeatureWatch: what Redis holds for the shoppers that somebody looks at, as it changes, and how long an event took to
// get there.
//
// One thread and one connection: every 20 ms one MGET per open stream, and one for all the events whose effect is
// waited for. An event is stored once its session's duration has grown to include it, which is the one value that every
// event of a session moves.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http_server.hpp"
#include "latest_times.hpp"
#include "redis_client.hpp"
#include "roster.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace storefront {

/// An event whose effect on Redis is to be timed.
struct Awaited {
    std::string id;
    std::string type;
    std::string user;
    std::string session;
    Millis created = 0;  // by the browser's clock
    Millis time = 0;     // event time
    Millis seen = 0;     // by ours, as it left Kafka
};

class FeatureWatch {
public:
    using OnStored = std::function<void(const Awaited&, Millis stored)>;

    FeatureWatch(const live_shopper::RedisConfig& redis, OnStored on_stored);
    ~FeatureWatch();
    FeatureWatch(const FeatureWatch&) = delete;
    FeatureWatch& operator=(const FeatureWatch&) = delete;

    /// Sends `features`, `changes` and `ttls` of a shopper until the stream closes.
    void watch(std::shared_ptr<Stream> stream, Whose whose);

    /// Times an event; where too many are waited for already, it is passed over.
    void await(Awaited event);

    [[nodiscard]] bool redis_up() const noexcept { return up_.load(std::memory_order_relaxed); }

    /// From the click to the change in Redis, in ms, of the last 500 events.
    [[nodiscard]] LatestTimes::Summary freshness() const { return latencies_.summary(); }

private:
    struct Watch {
        std::shared_ptr<Stream> stream;
        Whose whose;
        std::vector<std::string> keys;
        std::vector<RedisClient::Value> values;
        bool complete = false;  // `features` was sent
        Millis next_ttls = 0;
    };
    struct Session {
        Millis first = 0;  // event times
        Millis latest = 0;
        bool settled = false;  // `first` agrees with what Redis had
        Millis used = 0;
        std::deque<Awaited> waiting;
    };

    void run();
    void look(Watch& watch, Millis now);
    void send_all(Watch& watch, Millis now);
    void look_for_awaited(Millis now);

    RedisClient redis_;
    OnStored on_stored_;
    std::atomic<bool> up_{false};
    std::atomic<bool> stopping_{false};
    LatestTimes latencies_{500};

    std::mutex mutex_;
    std::list<Watch> added_;
    std::vector<Awaited> arrived_;

    // The thread's own.
    std::list<Watch> watches_;
    std::unordered_map<std::string, Session> sessions_;
    std::size_t waiting_ = 0;
    std::thread thread_;
};

}  // namespace storefront
