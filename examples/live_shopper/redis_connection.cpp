// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "redis_connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <hiredis/hiredis.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace live_shopper {
namespace {

timeval to_timeval(weir::Duration d) { return {.tv_sec = d.count() / 1000, .tv_usec = (d.count() % 1000) * 1000}; }

std::string tls_error(std::string_view what) {
    std::array<char, 256> text{};
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return std::string{what};
    }
    ERR_error_string_n(code, text.data(), text.size());
    return std::string{what} + ": " + text.data();
}

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

void FreeRedisReply::operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
void RedisConnection::CloseContext::operator()(redisContext* context) const noexcept { redisFree(context); }
void RedisConnection::FreeTls::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void RedisConnection::FreeTls::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }

RedisConnection::RedisConnection(const RedisConfig& config) : timeout_{config.connect_timeout} {
    const auto timeout = to_timeval(config.connect_timeout);
    context_.reset(config.unix_socket.empty() ? redisConnectWithTimeout(config.host.c_str(), config.port, timeout)
                                              : redisConnectUnixWithTimeout(config.unix_socket.c_str(), timeout));
    if (!context_ || context_->err != 0) {
        error_ = context_ ? std::string{static_cast<const char*>(context_->errstr)} : std::string{"out of memory"};
        return;
    }
    redisEnableKeepAlive(context_.get());
    if (::fcntl(fd(), F_SETFL, ::fcntl(fd(), F_GETFL) | O_NONBLOCK) != 0) {
        error_ = std::generic_category().message(errno);
        return;
    }
    if (config.tls && !wrap(config) && error_.empty()) {
        error_ = "TLS failed";
    }
}

RedisConnection::~RedisConnection() = default;

int RedisConnection::fd() const noexcept { return context_->fd; }

// Begins TLS on the connection. False where it comes to nothing.
bool RedisConnection::wrap(const RedisConfig& config) {
    ERR_clear_error();
    tls_context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!tls_context_) {
        error_ = tls_error("TLS");
        return false;
    }
    SSL_CTX* const context = tls_context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (config.tls_ca.empty() ? SSL_CTX_set_default_verify_paths(context) != 1
                              : SSL_CTX_load_verify_locations(context, config.tls_ca.c_str(), nullptr) != 1) {
        error_ = tls_error("cannot read the certificates of authorities " + config.tls_ca);
        return false;
    }
    if (!config.tls_certificate.empty() &&
        (SSL_CTX_use_certificate_chain_file(context, config.tls_certificate.c_str()) != 1 ||
         SSL_CTX_use_PrivateKey_file(context, config.tls_key.c_str(), SSL_FILETYPE_PEM) != 1)) {
        error_ = tls_error("cannot use the certificate " + config.tls_certificate + " with its key");
        return false;
    }
    tls_.reset(SSL_new(context));
    if (!tls_ || SSL_set_fd(tls_.get(), fd()) != 1) {
        error_ = tls_error("TLS");
        return false;
    }
    if (is_address(config.host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), config.host.c_str());
    } else {
        SSL_set1_host(tls_.get(), config.host.c_str());
        SSL_set_tlsext_host_name(tls_.get(), config.host.c_str());
    }
    for (;;) {
        const int result = SSL_connect(tls_.get());
        if (result == 1) {
            return true;
        }
        take_result(result);
        if (!error_.empty()) {
            if (const auto verdict = SSL_get_verify_result(tls_.get()); verdict != X509_V_OK) {
                error_ = std::string{"Redis' certificate is not accepted: "} + X509_verify_cert_error_string(verdict);
            }
            return false;
        }
        if (!wait(wanted_)) {
            return false;
        }
    }
}

// How much TLS took or gave; else sets what it waits for, or the error.
std::size_t RedisConnection::take_result(int result) {
    if (result > 0) {
        return static_cast<std::size_t>(result);
    }
    const int saved = errno;
    switch (SSL_get_error(tls_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            wanted_ = POLLIN;
            break;
        case SSL_ERROR_WANT_WRITE:
            wanted_ = POLLOUT;
            break;
        case SSL_ERROR_ZERO_RETURN:
            error_ = "Redis closed the connection";
            break;
        case SSL_ERROR_SYSCALL:
            error_ = saved != 0 ? std::generic_category().message(saved) : std::string{"Redis closed the connection"};
            break;
        default:
            error_ = tls_error("TLS");
            break;
    }
    ERR_clear_error();
    return 0;
}

bool RedisConnection::wait(short events) {
    pollfd ready{fd(), events, 0};
    if (::poll(&ready, 1, static_cast<int>(timeout_.count())) > 0) {
        return true;
    }
    error_ = "no answer in time";
    return false;
}

std::size_t RedisConnection::send(std::string_view bytes) {
    if (tls_) {
        errno = 0;
        return take_result(
            SSL_write(tls_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 30U))));
    }
    for (;;) {
        const auto sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            return static_cast<std::size_t>(sent);
        }
        if (errno != EINTR) {
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                error_ = std::generic_category().message(errno);
            }
            return 0;
        }
    }
}

std::size_t RedisConnection::receive(char* to, std::size_t size) {
    if (tls_) {
        errno = 0;
        return take_result(SSL_read(tls_.get(), to, static_cast<int>(std::min<std::size_t>(size, 1U << 30U))));
    }
    for (;;) {
        const auto got = ::recv(fd(), to, size, 0);
        if (got > 0) {
            return static_cast<std::size_t>(got);
        }
        if (got == 0) {
            error_ = "Redis closed the connection";
            return 0;
        }
        if (errno != EINTR) {
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                error_ = std::generic_category().message(errno);
            }
            return 0;
        }
    }
}

RedisReply RedisConnection::command(const std::vector<std::string_view>& words) {
    std::string out{"*"};
    out.append(std::to_string(words.size())).append("\r\n");
    for (const auto word : words) {
        out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
    }
    for (std::string_view left = out; !left.empty();) {
        const auto sent = send(left);
        left.remove_prefix(sent);
        if (!error_.empty() || (sent == 0 && !wait(tls_ ? wanted_ : static_cast<short>(POLLOUT)))) {
            return nullptr;
        }
    }
    const std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader{redisReaderCreate(), redisReaderFree};
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    std::array<char, 16'384> buffer;
    for (;;) {
        const auto got = receive(buffer.data(), buffer.size());
        if (!error_.empty()) {
            return nullptr;
        }
        if (got == 0) {
            if (std::chrono::steady_clock::now() > deadline) {
                error_ = "no answer in time";
            }
            if (!error_.empty() || !wait(tls_ ? wanted_ : static_cast<short>(POLLIN))) {
                return nullptr;
            }
            continue;
        }
        void* reply = nullptr;
        if (redisReaderFeed(reader.get(), buffer.data(), got) != REDIS_OK ||
            redisReaderGetReply(reader.get(), &reply) != REDIS_OK) {
            error_ = "an answer that is none of Redis'";
            return nullptr;
        }
        if (reply != nullptr) {
            return RedisReply{static_cast<redisReply*>(reply)};
        }
    }
}

}  // namespace live_shopper
