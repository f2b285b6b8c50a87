// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Simulator: made-up shoppers who send to the collector over HTTP what a browser would, so that the shop is never
// empty.
//
// Some browse, some compare prices and take things out of the cart again, some fill a cart and stop, some buy. Each has
// an id, a session, a browser, a place and a campaign of their own; who leaves is followed by somebody new.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "catalogue.hpp"

namespace storefront {

/// The app_id of their events.
inline constexpr std::string_view simulated_app_id = "simulated-shop";

struct SimulatorSettings {
    std::size_t shoppers = 200;
    double rate = 20;  // events per second, of all of them
    std::uint64_t seed = 1;
    std::string token;  // sent along, so that the collector knows whom not to hold back
};

/// The header that the token comes in.
inline constexpr const char* simulator_header = "X-Storefront-Simulator";

/// One made-up shopper's next request: a payload for the collector, and the headers that a browser and a proxy would
/// send.
struct SimulatedRequest {
    std::string body;
    std::string user_agent;
    std::string referrer;
    std::string country;
    std::string region;
    std::string city;
    std::size_t events = 0;
};

/// The shoppers themselves, without a network or a clock. One thread.
class SimulatedShoppers {
public:
    SimulatedShoppers(const Catalogue& catalogue, std::size_t count, std::uint64_t seed, std::string origin);
    ~SimulatedShoppers();
    SimulatedShoppers(const SimulatedShoppers&) = delete;
    SimulatedShoppers& operator=(const SimulatedShoppers&) = delete;

    /// The next thing that any of them does, at `now`.
    [[nodiscard]] SimulatedRequest next(std::int64_t now);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

class Simulator {
public:
    /// Starts to send to 127.0.0.1:`port`.
    Simulator(const Catalogue& catalogue, SimulatorSettings settings, std::uint16_t port);
    ~Simulator();
    Simulator(const Simulator&) = delete;
    Simulator& operator=(const Simulator&) = delete;

    /// Events per second from now on.
    void set_rate(double rate);

    [[nodiscard]] double rate() const noexcept { return rate_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t shoppers() const noexcept { return settings_.shoppers; }
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t failed() const noexcept { return failed_.load(std::memory_order_relaxed); }

private:
    void run();

    SimulatorSettings settings_;
    std::uint16_t port_;
    std::atomic<double> rate_;
    std::atomic<std::uint64_t> sent_{0};  // events
    std::atomic<std::uint64_t> failed_{0};

    std::mutex mutex_;  // of the shoppers and the schedule
    std::condition_variable condition_;
    SimulatedShoppers shoppers_;
    double next_ = 0;  // when the next request is due, in ms of a steady clock
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace storefront
