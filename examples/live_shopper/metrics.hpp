// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metrics: what the job counts, and its text for Prometheus.
//
// Counters and gauges are relaxed atomics: any thread may add to them and read them, a nanosecond each. render() is for
// the metrics server and allocates.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "decoder.hpp"

namespace live_shopper {

/// A count that only grows, or a level that comes and goes.
class Number {
public:
    void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// The longest of some durations.
class Longest {
public:
    void raise(double seconds) noexcept {
        const auto now = static_cast<std::uint64_t>(seconds * 1e6);
        for (auto most = microseconds_.load(std::memory_order_relaxed); now > most;) {
            if (microseconds_.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
                return;
            }
        }
    }
    [[nodiscard]] double seconds() const noexcept {
        return static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
    }

private:
    std::atomic<std::uint64_t> microseconds_{0};
};

/// A part of a level that several hold together; gives it back when it goes.
class Share {
public:
    explicit Share(Number& number) : number_{number} {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { set(0); }

    void set(std::uint64_t n) noexcept {
        number_.add(n - held_);
        held_ = n;
    }

private:
    Number& number_;
    std::uint64_t held_ = 0;
};

/// Counts of durations in buckets from 0.1 ms to 60 s.
class Histogram {
public:
    static constexpr std::array<double, 19> bounds{0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1,
                                                   0.125,  0.15,   0.25,  0.5,    1.0,   2.5,  5.0,   15.0, 60.0};

    void observe(double seconds, std::uint64_t times = 1) noexcept;

    struct Snapshot {
        std::array<std::uint64_t, bounds.size() + 1> counts{};  // per bucket, not cumulative; the last has no bound
        double sum = 0;
    };
    [[nodiscard]] Snapshot snapshot() const noexcept;

private:
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
    std::atomic<std::uint64_t> microseconds_{0};
};

class Metrics {
public:
    static constexpr std::size_t decode_errors = static_cast<std::size_t>(DecodeError::damaged) + 1;

    struct Lag {
        std::string topic;
        std::int32_t partition = 0;
        std::int64_t records = 0;
    };

    std::array<Number, 6> outcomes;                 // by Outcome, without records read back
    std::array<Number, decode_errors> undecodable;  // by DecodeError
    Number read_back;                               // records read again to rebuild the windows
    Number keys;                                    // shoppers and sessions held
    Number state_bytes;
    Number memory;        // bytes allocated, and set aside for the Kafka client
    Number memory_limit;  // 0: none
    Number evicted;       // keys dropped to stay within it
    Number pauses;        // of consumption
    Number caught_up;     // 0 or 1; in a fleet, partitions of shoppers
    Number paused;        // as caught_up
    Number rebalances;
    Number commits;
    Number fenced;        // assignments dropped because the store knew a newer one
    Number dead_letters;  // delivered
    Number dead_letters_waiting;
    Number kafka_errors;
    Number redis_queue;  // writes not acknowledged
    Number redis_up;     // 0 or 1; in a fleet, connections
    Number redis_connects;
    Number redis_errors;  // connections lost or refused, error replies
    Number redis_sets;    // acknowledged
    Number redis_deletes;
    Number snapshots;         // that are kept
    Number failed_snapshots;  // that could not be
    Number snapshot_bytes;    // of the last one
    Histogram snapshot;       // from its begin until it was kept
    Longest snapshot_pause;   // of the stream
    enum Restore : std::uint8_t { restored, none, damaged, other_version, foreign, outdated };
    std::array<Number, 6> restores;  // by Restore
    Histogram event_to_redis;        // from the record's own time to Redis' acknowledgement
    Histogram flush;                 // advance and drain

    /// Takes the place of what `whose` said before.
    void set_lags(const void* whose, std::vector<Lag> lags);

    /// Prometheus text, format 0.0.4.
    [[nodiscard]] std::string render() const;

private:
    mutable std::mutex mutex_;
    std::map<const void*, std::vector<Lag>> lags_;
};

}  // namespace live_shopper
