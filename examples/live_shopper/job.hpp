// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Job: the stream job as a step machine over its seams. Single-threaded; time comes from the clock it is given, so the
// whole job runs on Kafka and Redis as well as on simulated ones.
//
// On an assignment the windows are rebuilt: records are read again from the first one that still matters, and nothing
// is written until every partition has come as far as its end was then. The first flush after that writes every live
// value, which repairs the store. From then on, every flush interval, event time is moved on and what changed goes to
// the store. Offsets are committed once the store has acknowledged, and the dead-letter topic has taken, all they led
// to.
//
// Where snapshots are kept, the windows are taken from the newest of use, and only what came since is read again.
//
// Near the memory limit consumption waits for what is queued to be written, then what has been idle for longest is
// dropped and its values are taken back.
//
// Writes carry the generation of the assignment. Where the store knows a newer one, somebody else has the partitions:
// the job drops what it has and joins the group anew.
//
//     live_shopper::Job job{options, source, store, dead_letters, metrics, clock};
//     while (!signalled) { job.step(10ms); }
//     job.stop();
//     while (!job.stopped()) { job.step(10ms); }

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/time.hpp>

#include "engine.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "read_back.hpp"
#include "reader.hpp"
#include "seams.hpp"
#include "settings.hpp"
#include "snapshots.hpp"

namespace live_shopper {

struct JobOptions {
    Settings settings;
    std::string fence;                                // begins the names of the fences; empty: there are none
    std::vector<Fence> refused{};                     // what the store refused the assignment before for
    std::size_t shards = 1;                           // threads that the lanes are split over
    std::size_t max_record = Decoder::default_limit;  // bytes; a longer one is undecodable
    std::size_t max_pending = 200'000;                // values waiting at which consumption pauses
    std::size_t memory_limit = 0;                     // bytes; 0: none
    std::function<std::size_t()> memory;  // bytes in use, asked each turn; empty: those of the state, O(keys)
    weir::Duration memory_grace = std::chrono::hours{1};  // how late events may be once something was dropped
    std::size_t flush_keys = 4096;  // handed over in a turn; the rest of a flush follows in the next ones
    weir::Duration commit_interval = std::chrono::seconds{1};
    weir::Duration read_back_slack = std::chrono::minutes{10};   // read further back than the longest window by this
    weir::Duration release_wait = std::chrono::seconds{2};       // for acknowledgements before partitions are given up
    weir::Duration idle_after = std::chrono::milliseconds{100};  // silence after which event time follows the clock
    SnapshotStore* snapshots = nullptr;                          // outlives the job; null: none are taken
    SnapshotOptions snapshot{};
};

class Job {
public:
    /// All but the options have to outlive the job.
    Job(const JobOptions& options, Source& source, Store& store, DeadLetters& dead_letters, Metrics& metrics,
        Clock clock);

    /// One that reads other records than events.
    Job(JobOptions options, std::unique_ptr<Reader> reader, Source& source, Store& store, DeadLetters& dead_letters,
        Metrics& metrics, Clock clock);
    ~Job();
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    /// One turn; waits up to `wait` for records.
    void step(weir::Duration wait);

    /// Takes no more records; what was taken is written and committed in the steps that follow.
    void stop();
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

    /// Commits what has been acknowledged so far, for a stop that cannot wait any longer.
    void commit_now(weir::Duration wait);

    /// Whether the windows are rebuilt and values are written.
    [[nodiscard]] bool caught_up() const noexcept { return caught_up_; }
    [[nodiscard]] bool paused() const noexcept { return paused_; }

    /// What the store refused the last assignment for, for the job that comes after this one.
    [[nodiscard]] const std::vector<Fence>& refused() const noexcept { return newer_; }

private:
    struct Progress {
        std::int64_t next = 0;       // first offset not dealt with
        std::int64_t target = 0;     // rebuilt once next is here
        std::int64_t committed = 0;  // first offset that an earlier run had not committed
        std::int64_t noted = 0;      // next at the last flush
        bool ended = false;          // was read to its end once
        weir::Timestamp time{};      // record time of the last record
        ReadBack back;
    };

    struct Flush {
        std::uint64_t ticket = 0;
        std::uint64_t dead_letters = 0;
        std::vector<Position> positions;
        std::vector<std::pair<weir::Timestamp, std::uint64_t>> arrivals;  // record times and how many had each
    };

    struct Repair {
        std::vector<std::int64_t> first;
        std::vector<Progress> progress;
    };

    void begin(weir::Timestamp now);
    void own();
    void drop_out(const std::vector<Fence>& newer, weir::Timestamp now);
    void restart_windows(weir::Timestamp now);
    void repair(weir::Timestamp now);
    void go_on_with_repair(weir::Timestamp now);
    void forget();
    void step_snapshot(weir::Timestamp now);
    void take(const Record& record, weir::Timestamp now);
    void count_arrival(weir::Timestamp arrival);
    void check_caught_up(weir::Timestamp now);
    [[nodiscard]] bool settled(weir::Timestamp now);
    void advance(weir::Timestamp now);
    void flush(weir::Timestamp now, std::size_t keys);
    void flush_all(weir::Timestamp now);
    void collect_acknowledgements();
    void keep_within_memory();
    void pause_or_resume();
    void release(weir::Timestamp now, bool lost);
    void report(weir::Timestamp now);

    JobOptions options_;
    Source& source_;
    Store& store_;
    DeadLetters& dead_letters_;
    Metrics& metrics_;
    Clock clock_;

    Share caught_up_share_{metrics_.caught_up};
    Share paused_share_{metrics_.paused};
    Share keys_share_{metrics_.keys};
    Share queue_share_{metrics_.redis_queue};
    Share memory_share_{metrics_.state_bytes};
    std::unique_ptr<Reader> reader_;
    std::unique_ptr<Engine> engine_;
    std::optional<Snapshots> snapshots_;     // goes before the engine
    std::optional<SnapshotLabel> restored_;  // what the windows were taken from
    std::vector<Progress> progress_;
    std::deque<Flush> flushes_;  // not acknowledged yet, oldest first
    Flush current_;              // arrivals since the last flush
    std::vector<Position> committable_;

    std::optional<Repair> repair_;  // that waits for the source
    std::vector<Fence> newer_;      // what the store refused the last assignment for
    log::Limit memory_reminder_{std::chrono::seconds{10}};
    std::uint64_t ticket_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::optional<weir::Timestamp> last_flush_;
    std::optional<weir::Timestamp>
        last_event_flush_;  // the last one after an event: the first event in a while goes at once
    std::optional<weir::Timestamp> last_commit_;
    std::optional<weir::Timestamp> last_report_;
    std::optional<weir::Timestamp> last_memory_;
    std::optional<weir::Timestamp> release_by_;
    std::optional<weir::Timestamp> began_;
    std::optional<weir::Timestamp> reached_;  // when the last partition came to its target
    std::uint64_t read_back_ = 0;
    bool assigned_ = false;
    bool starting_ = false;     // start() has to be tried again
    bool lost_ = false;         // the store may have lost what it had when the snapshot was taken
    bool dirty_ = false;        // an event came since the last flush
    bool flushing_ = false;     // there is more to hand over
    bool first_flush_ = false;  // of all live values has begun
    bool wrote_ = false;        // since the last positions that were noted
    bool caught_up_ = false;
    bool paused_ = false;
    bool short_of_memory_ = false;
    bool stopping_ = false;
    bool stopped_ = false;
};

}  // namespace live_shopper
