// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// MetricsServer: `GET /metrics` for Prometheus and `GET /health`, on a thread of its own.

#include <cstdint>
#include <memory>
#include <string>

#include "metrics.hpp"

namespace live_shopper {

class MetricsServer {
public:
    /// Serves at once; port 0 takes a free one. Throws std::runtime_error where the address cannot be had. `metrics`
    /// has to outlive it.
    MetricsServer(const Metrics& metrics, const std::string& host, std::uint16_t port);
    ~MetricsServer();
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace live_shopper
