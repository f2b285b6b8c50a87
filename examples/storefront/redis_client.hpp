// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisClient: a few commands over one connection, one thread at a time.
//
// A broken connection is made anew at the next command, at most once in 200 ms; until then commands answer nothing.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"
#include "log.hpp"

struct redisContext;
struct redisReply;

namespace storefront {

class RedisClient {
public:
    explicit RedisClient(live_shopper::RedisConfig config);
    ~RedisClient();
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;

    using Value = std::optional<std::string>;

    /// The keys' values in order, nothing for a key that is not there. Nothing at all where Redis is away.
    [[nodiscard]] std::optional<std::vector<Value>> mget(const std::vector<std::string>& keys);

    /// How long each key lives on, in ms: -1 for ever, -2 where it is not there. One round trip.
    [[nodiscard]] std::optional<std::vector<long long>> pttl(const std::vector<std::string>& keys);

    /// Runs a script that answers with text or nil; the outer optional is empty where Redis is away or refuses.
    [[nodiscard]] std::optional<Value> eval(std::string_view script, const std::vector<std::string>& keys,
                                            const std::vector<std::string>& arguments);

    struct Entry {
        std::string id;
        std::vector<std::pair<std::string, std::string>> fields;
    };

    /// Entries of a stream after `after`, waiting up to `patience` for the first.
    [[nodiscard]] std::optional<std::vector<Entry>> read_stream(std::string_view stream, std::string_view after,
                                                                std::chrono::milliseconds patience);

    /// The latest entries of a stream, oldest first.
    [[nodiscard]] std::optional<std::vector<Entry>> latest(std::string_view stream, std::size_t count);

private:
    struct CloseContext {
        void operator()(redisContext* context) const noexcept;
    };
    struct FreeReply {
        void operator()(redisReply* reply) const noexcept;
    };
    using Reply = std::unique_ptr<redisReply, FreeReply>;

    [[nodiscard]] bool connect();
    [[nodiscard]] Reply command(const std::vector<std::string_view>& words);
    void lost(std::string_view why);

    live_shopper::RedisConfig config_;
    std::unique_ptr<redisContext, CloseContext> context_;
    std::chrono::steady_clock::time_point next_attempt_{};
    live_shopper::log::Limit reminder_{std::chrono::seconds{10}};
};

}  // namespace storefront
