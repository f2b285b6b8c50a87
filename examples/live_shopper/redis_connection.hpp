// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisConnection: bytes to and from Redis over TCP or a unix socket, in TLS where the configuration says so, and
// single commands for the handshake. One thread at a time. With TLS the server's certificate has to be good and to name
// the host that was asked for; there is no way around that.
//
// Debian 12's hiredis has no TLS, so it only makes the connection and takes replies apart; OpenSSL does the rest.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"

struct redisContext;
struct redisReply;
struct ssl_ctx_st;
struct ssl_st;

namespace live_shopper {

struct FreeRedisReply {
    void operator()(redisReply* reply) const noexcept;
};
using RedisReply = std::unique_ptr<redisReply, FreeRedisReply>;

class RedisConnection {
public:
    /// Connects; waits for it up to the configuration's connect timeout, and for TLS once more. Where it comes to
    /// nothing error() says why.
    explicit RedisConnection(const RedisConfig& config);
    ~RedisConnection();
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;

    /// Empty while all is well; then what went wrong, for people.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

    [[nodiscard]] int fd() const noexcept;

    /// Sends a command and waits for its reply, up to the connect timeout; null where none came: see error().
    /// Requires: nothing is on its way.
    RedisReply command(const std::vector<std::string_view>& words);

    /// How many bytes were taken or given; 0: not now, or an error.
    [[nodiscard]] std::size_t send(std::string_view bytes);
    [[nodiscard]] std::size_t receive(char* to, std::size_t size);

private:
    struct CloseContext {
        void operator()(redisContext* context) const noexcept;
    };
    struct FreeTls {
        void operator()(ssl_ctx_st* context) const noexcept;
        void operator()(ssl_st* tls) const noexcept;
    };

    bool wrap(const RedisConfig& config);
    bool wait(short events);
    std::size_t take_result(int result);

    std::unique_ptr<redisContext, CloseContext> context_;
    std::unique_ptr<ssl_ctx_st, FreeTls> tls_context_;
    std::unique_ptr<ssl_st, FreeTls> tls_;
    weir::Duration timeout_;
    short wanted_ = 0;  // what TLS waits for
    std::string error_;
};

}  // namespace live_shopper
