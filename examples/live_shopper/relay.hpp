// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Relay: drives a Transform over one partition, from Kafka to Kafka. The counterpart of Job for the stages before the
// last; a step machine as it is.
//
// On an assignment records are read again from the first that still matters, for what the transform has to know; from
// the committed offset on what it makes of them is sent. Offsets are committed once the next topic, and the dead-letter
// topic, have acknowledged all that they led to. So a record may lead to the same twice, and never to nothing; who
// reads it takes each event once.
//
// Where snapshots are kept, what the transform knows is taken from the newest of use, and only what came since is read
// again.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <weir/time.hpp>

#include "metrics.hpp"
#include "read_back.hpp"
#include "seams.hpp"
#include "snapshots.hpp"
#include "transform.hpp"

namespace live_shopper {

struct RelayOptions {
    weir::Duration reach;       // how far back to begin where no offset was committed
    weir::Duration max_future;  // a record further ahead of the clock is taken to have come now
    weir::Duration tick = std::chrono::milliseconds{100};  // how often event time is told
    weir::Duration stall = std::chrono::seconds{5};        // between two steps: it stood still
    weir::Duration quiet = std::chrono::seconds{3};        // it does not tell event time for so long then
    weir::Duration commit_interval = std::chrono::seconds{1};
    weir::Duration release_wait = std::chrono::seconds{2};  // for acknowledgements before the partition is given up
    SnapshotStore* snapshots = nullptr;                     // outlives the relay; null: none are taken
    SnapshotOptions snapshot{};
};

class Relay {
public:
    /// All but the options have to outlive it.
    Relay(RelayOptions options, std::unique_ptr<Transform> transform, Source& source, Outlet& outlet,
          DeadLetters& dead_letters, Metrics& metrics, Clock clock);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// One turn; waits up to `wait` for records.
    void step(weir::Duration wait);

    /// Takes no more records; what was taken is committed in the steps that follow, once it is acknowledged.
    void stop();
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

    void commit_now(weir::Duration wait);

private:
    struct Sent {
        std::uint64_t records = 0;
        std::uint64_t dead_letters = 0;
        Position position;
    };

    void begin(weir::Timestamp now);
    void take(const Record& record, weir::Timestamp now);
    void tick(weir::Timestamp now);
    void note();
    void step_snapshot(weir::Timestamp now);
    void collect();
    void release(bool lost);
    void report();

    RelayOptions options_;
    std::unique_ptr<Transform> transform_;
    Source& source_;
    Outlet& outlet_;
    DeadLetters& dead_letters_;
    Metrics& metrics_;
    Clock clock_;
    Transform::Emit emit_;
    std::optional<Snapshots> snapshots_;  // goes before the transform

    std::optional<SnapshotLabel> restored_;  // until the source has begun from there

    ReadBack back_;
    std::int64_t next_ = 0;
    std::int64_t committed_ = 0;
    std::int64_t noted_ = 0;
    weir::Timestamp time_{};  // record time of the last record
    std::deque<Sent> sent_;
    std::optional<Position> committable_;
    std::optional<weir::Timestamp> last_step_;
    weir::Timestamp quiet_until_ = weir::Timestamp::min();
    std::optional<weir::Timestamp> last_tick_;
    std::optional<weir::Timestamp> last_commit_;
    std::optional<weir::Timestamp> last_report_;
    std::optional<weir::Timestamp> release_by_;
    Share memory_share_{metrics_.state_bytes};
    bool working_ = false;
    bool starting_ = false;  // start() has to be tried again
    bool paused_ = false;
    bool stopping_ = false;
    bool stopped_ = false;
};

}  // namespace live_shopper
