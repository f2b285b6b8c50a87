// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisStore: `SET key value PX ttl` and `DEL key`, pipelined over one connection by a thread of its own.
//
// Writes that are guarded go in transactions of some 160, none of which parts a group:
//
//     WATCH alive lost   PEXPIRE lost   ZADD alive NX   ZREMRANGEBYSCORE alive   MULTI   SET ... SET ...   EXEC
//
// Whoever takes a fence over deletes the former owner's `alive` and makes its `lost`. Where that has happened, or Redis
// lost its data, the commands before MULTI touch what is watched, so the EXEC that follows does nothing, and the
// pipeline need not wait for an answer. They run no script: MULTI itself is most of what guarding costs; see
// docs/benchmarks.md. While nothing is written it is asked every 2 s whether `alive` is there.
//
// While Redis is away, or answers with errors, the newest value of each key waits; the thread reconnects with
// exponential back-off and then writes what was not acknowledged, as often as it takes: values are absolute, so writing
// twice is harmless. A value whose time runs out while it waits is deleted instead. On a new connection the one before
// is killed first: whatever Redis had not read of it must not come after newer values.
//
// Sending and receiving overlap, so a pipeline never runs dry while there is work; a batch costs its bytes once more,
// until it is acknowledged.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "config.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "redis_connection.hpp"
#include "seams.hpp"

namespace live_shopper {

class RedisStore final : public Store {
public:
    /// Starts to connect; does not wait for it. `metrics` has to outlive the store.
    RedisStore(RedisConfig config, Metrics& metrics);
    ~RedisStore() override;

    void own(std::vector<Fence> fences) override;
    std::optional<std::vector<Fence>> take_refusal() override;
    void submit(WriteBatch batch, std::uint64_t ticket) override;
    std::optional<Acknowledgement> next_acknowledgement() override;
    [[nodiscard]] std::size_t pending() const override { return pending_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool available() const override { return available_.load(std::memory_order_relaxed); }
    bool take_reset() override { return reset_.exchange(false, std::memory_order_relaxed); }
    [[nodiscard]] std::string run() const override;
    void expect(const std::string& run) override;

private:
    using Steady = std::chrono::steady_clock;

    struct Batch {
        WriteBatch writes;
        std::uint64_t ticket = 0;
        Steady::time_point handed_over;
        std::size_t encoded = 0;  // writes given to the connection
        std::size_t answered = 0;
    };
    struct Waiting {
        std::string value;
        Steady::time_point expires_at;
        std::uint64_t group = 0;
        bool erase = false;
    };

    void run();
    void take_submitted();
    void serve();
    void encode();
    void look();
    void encode_write(const WriteBatch::Write& write, weir::Duration waited);
    bool send_some();
    bool receive_some();
    bool parse_replies();
    void skip_queued(std::string_view& left);
    [[nodiscard]] std::string take_reply(std::string_view line);
    void take_written(std::string_view line);
    void acknowledge(std::uint64_t ticket);
    void connect();
    [[nodiscard]] std::optional<std::string> shake_hands();
    [[nodiscard]] std::optional<std::string> claim();
    void drop_all();
    void disconnect();
    void fail(std::string_view what);
    void keep(const Batch& batch, std::size_t from);
    void unkeep();
    void wait(Steady::time_point until);
    void update_pending();

    RedisConfig config_;
    Metrics& metrics_;
    Share up_{metrics_.redis_up};

    // Shared with the job's thread.
    mutable std::mutex mutex_;
    std::string known_run_;  // of Redis, to which what it acknowledged is known
    std::vector<Batch> submitted_;
    std::deque<Acknowledgement> acknowledgements_;
    std::optional<std::vector<Fence>> owned_;    // news from own()
    std::optional<std::vector<Fence>> refusal_;  // news for take_refusal()
    std::size_t submitted_size_ = 0;
    std::atomic<std::size_t> pending_{0};
    std::atomic<bool> available_{false};
    std::atomic<bool> reset_{false};
    std::atomic<bool> stopping_{false};
    int wake_ = -1;  // an eventfd

    // The writer thread's own.
    std::unique_ptr<RedisConnection> connection_;
    std::deque<Batch> active_;  // in order; the front one is answered first
    std::size_t active_size_ = 0;
    std::unordered_map<std::string, Waiting> kept_;  // while Redis is away: the newest of each key
    std::uint64_t kept_ticket_ = 0;
    std::string out_;
    std::size_t out_begin_ = 0;
    std::string in_;
    std::size_t in_flight_ = 0;  // lines of answers that are due
    std::vector<Fence> fences_;
    std::string guard_;                     // what every transaction begins with
    std::string look_;                      // asks whether we are the owner still
    std::deque<std::size_t> transactions_;  // that were sent: the writes in each, or a look
    std::size_t line_ = 0;                  // of the answer to the first of them
    bool claimed_ = false;                  // Redis has had our generation
    bool refused_ = false;                  // it has a newer one: everything is dropped
    std::uint64_t sets_ = 0;                // not counted yet
    std::uint64_t deletes_ = 0;
    std::uint64_t ticket_ = 0;  // acknowledged, not told yet
    Steady::time_point last_answer_;
    Steady::time_point next_attempt_{};
    std::chrono::milliseconds back_off_{0};
    std::minstd_rand random_;
    std::string connection_id_;
    std::string run_id_;
    std::string trouble_;  // why Redis is away, as logged last
    log::Limit reminder_{std::chrono::seconds{10}};
    std::thread thread_;
};

}  // namespace live_shopper
