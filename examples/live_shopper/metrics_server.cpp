// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "metrics_server.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <httplib.h>

namespace live_shopper {

class MetricsServer::Impl {
public:
    Impl(const Metrics& metrics, const std::string& host, std::uint16_t port) {
        server_.new_task_queue = [] { return new httplib::ThreadPool(2); };
        // Not SO_REUSEPORT, which would let two jobs share a port in silence.
        server_.set_socket_options([](socket_t socket) {
            const int yes = 1;
            ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        });
        server_.set_keep_alive_max_count(100);
        server_.set_read_timeout(5, 0);
        server_.set_payload_max_length(1024);
        server_.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
            response.set_content(metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
        });
        // The process is healthy as long as it answers: a store that is away is no reason to start it anew.
        server_.Get("/health", [&metrics](const httplib::Request&, httplib::Response& response) {
            response.set_content(fmt::format("{{\"status\":\"ok\",\"caught_up\":{},\"redis\":{}}}\n",
                                             metrics.caught_up.value() != 0, metrics.redis_up.value() != 0),
                                 "application/json");
        });
        if (port == 0) {
            const int taken = server_.bind_to_any_port(host);
            if (taken <= 0) {
                throw std::runtime_error(fmt::format("metrics: no free port on {}", host));
            }
            port_ = static_cast<std::uint16_t>(taken);
        } else {
            if (!server_.bind_to_port(host, port)) {
                throw std::runtime_error(fmt::format("metrics: cannot listen on {}:{}", host, port));
            }
            port_ = port;
        }
        thread_ = std::thread{[this] { server_.listen_after_bind(); }};
        while (!server_.is_running()) {  // a stop() before that would be lost
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }

    ~Impl() {
        server_.stop();
        thread_.join();
    }

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    httplib::Server server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

MetricsServer::MetricsServer(const Metrics& metrics, const std::string& host, std::uint16_t port)
    : impl_{std::make_unique<Impl>(metrics, host, port)} {}

MetricsServer::~MetricsServer() = default;

std::uint16_t MetricsServer::port() const noexcept { return impl_->port(); }

}  // namespace live_shopper
