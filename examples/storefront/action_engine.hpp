// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// ActionEngine: looks at the features of everyone who is in the shop, and acts where a rule says so.
//
// Every 200 ms it reads, with one MGET per shopper, what the rules need to know; it sees nothing but Redis. A rule that
// fires takes a lock of its cool-down and is written to the stream `live-shopper:actions` in one script, so that of any
// number of storefronts one alone does it and none is lost between the two. Pages hear of firings from that stream,
// whichever storefront fired.
//
// How long a condition has held is known to this process alone: after a start it counts anew.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http_server.hpp"
#include "latest_times.hpp"
#include "redis_client.hpp"
#include "roster.hpp"
#include "rules.hpp"

namespace storefront {

struct Firing {
    std::string id;  // the stream's
    std::string user;
    std::string domain_userid;
    std::string session;
    Millis at = 0;
    std::string json;  // as pages get it
};

class ActionEngine {
public:
    static constexpr std::string_view stream_key = "live-shopper:actions";

    using OnFiring = std::function<void(const Firing&)>;

    /// `active` is how long after their last event a shopper still counts as being there.
    ActionEngine(const live_shopper::RedisConfig& redis, Rules rules, Roster& roster, std::chrono::milliseconds active,
                 OnFiring on_firing);
    ~ActionEngine();
    ActionEngine(const ActionEngine&) = delete;
    ActionEngine& operator=(const ActionEngine&) = delete;

    /// Sends a shopper's `action`s: those of the last 30 min, then all that come.
    void follow(std::shared_ptr<Stream> stream, Whose whose);

    /// The latest firings, oldest first.
    [[nodiscard]] std::vector<Firing> latest(std::size_t count) const;

    /// How long the MGETs took, in microseconds, of the last 2000.
    [[nodiscard]] LatestTimes::Summary reads() const { return read_times_.summary(); }
    [[nodiscard]] std::size_t active() const noexcept { return active_count_.load(std::memory_order_relaxed); }

private:
    struct RuleState {
        bool held = false;
        Millis since = 0;
        Millis quiet_until = 0;  // this process's copy of the lock
    };
    struct ShopperState {
        std::string user;
        std::string session;
        std::vector<std::string> keys;
        std::vector<Observation> seen;
        std::vector<RuleState> rules;
        Millis used = 0;
    };
    struct Follower {
        std::shared_ptr<Stream> stream;
        Whose whose;
    };

    void evaluate_all();
    void evaluate(const Shopper& shopper, Millis now);
    void observe(ShopperState& state, const std::vector<RedisClient::Value>& values, Millis now) const;
    void fire(const Rule& rule, RuleState& rule_state, const ShopperState& state, const Shopper& shopper, Millis now);
    void listen();
    void deliver(const RedisClient::Entry& entry);

    Rules rules_;
    Roster& roster_;
    const Millis active_;
    OnFiring on_firing_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> active_count_{0};
    LatestTimes read_times_{2'000};

    // The evaluating thread's own.
    RedisClient redis_;
    std::unordered_map<std::string, ShopperState> shoppers_;  // by person

    // The listening thread's own.
    RedisClient listener_;
    std::string last_id_;

    mutable std::mutex mutex_;
    std::deque<Firing> firings_;
    std::list<Follower> followers_;

    std::thread evaluator_;
    std::thread listening_;
};

}  // namespace storefront
