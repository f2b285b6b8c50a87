// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Shards: the lanes, split by key over several threads.
//
// Each shard has pipelines and symbols of its own, so the hot path takes no lock. Events are queued, copied into the
// shard's arena, and worked off in parallel when time moves on, values are drained or a queue is long. History that
// moves from one shard to another does so while all stand still. With one shard nothing is queued or copied, and no
// thread started.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <weir/pipeline.hpp>
#include <weir/snapshot.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

#include "settings.hpp"
#include "shopper_event.hpp"

namespace live_shopper {

/// Takes a piece of so many rows of a section of a snapshot.
using SnapshotSink = std::function<void(weir::SnapshotWriter& piece, std::uint32_t section, std::uint32_t rows)>;

/// Calls a function for each of 0 to n - 1 at once, 0 on the calling thread, and waits for all.
class ForkJoin {
public:
    explicit ForkJoin(std::size_t n);
    ForkJoin(const ForkJoin&) = delete;
    ForkJoin& operator=(const ForkJoin&) = delete;
    ~ForkJoin();

    void run(const std::function<void(std::size_t)>& f);

private:
    void work(std::size_t i);

    const std::function<void(std::size_t)>* f_ = nullptr;
    std::atomic<std::uint64_t> round_{0};
    std::atomic<std::size_t> running_{0};
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> threads_;
};

/// What became of queued events.
struct Settled {
    std::uint64_t accepted = 0;
    std::uint64_t late = 0;
};

class Shards {
public:
    /// Requires: count >= 1.
    Shards(const Settings& settings, std::size_t count);
    ~Shards();

    /// Takes an event; what became of it, or nothing where it was queued: then settle() tells, if it is `counted`.
    std::optional<weir::Taken> process(const ShopEvent& event, std::string_view user, std::uint64_t origin,
                                       std::uint64_t arrival, bool counted);

    /// The same for the lanes by user alone, or those by session.
    std::optional<weir::Taken> process_for_user(const ShopEvent& event, std::string_view user, std::uint64_t origin,
                                                std::uint64_t arrival, bool counted);
    std::optional<weir::Taken> process_for_session(const ShopEvent& event, std::uint64_t arrival, bool counted);

    void remove(std::string_view user, const weir::History& history, bool published);
    void move(std::string_view from, std::string_view to, const weir::History& history, bool published);
    void assume_published(std::string_view user);
    void assume_published();
    void advance_to(weir::Timestamp now);
    bool drain(const weir::MetricSink& sink, std::size_t& keys);
    void forget();

    /// As Pipeline's, in all shards.
    void each_latest(const std::function<void(weir::Timestamp)>& f);
    void note_dropped(std::string_view user, weir::Timestamp until);
    std::size_t drop_idle(weir::Timestamp until, bool published, const weir::MetricSink& sink);

    /// What became of the counted events queued since the last call.
    [[nodiscard]] Settled settle();

    [[nodiscard]] std::optional<weir::Timestamp> next_due();
    [[nodiscard]] weir::Duration horizon() const;
    [[nodiscard]] std::size_t keys();
    [[nodiscard]] std::size_t memory_in_use();

    /// For snapshots of the engine, as sections from `first` on: one for each lane of each shard.
    [[nodiscard]] std::string snapshot_description() const;
    void begin_snapshot(std::vector<std::uint64_t>& rows);
    bool continue_snapshot(std::size_t& keys, const SnapshotSink& end_piece, std::uint32_t first) const;
    void end_snapshot() const noexcept;

    /// The lanes beside those that are to be restored, until all rows have come.
    class Restoring {
    public:
        explicit Restoring(Shards& target);
        ~Restoring();
        [[nodiscard]] std::size_t sections() const;
        void reserve(std::uint32_t section, std::size_t rows);
        void read(std::uint32_t section, weir::SnapshotReader& in);
        void finish(const weir::SnapshotReader& end);
        void commit();

    private:
        struct Lanes;
        Lanes& lanes_of(std::uint32_t& section);
        std::vector<std::unique_ptr<Lanes>> lanes_;
    };

private:
    struct Shard;
    enum class Part : std::uint8_t { user, session };

    std::optional<weir::Taken> process_part(Part part, const ShopEvent& event, std::string_view user,
                                            std::uint64_t origin, std::uint64_t arrival, bool counted);

    [[nodiscard]] std::size_t shard_of(std::string_view key) const;
    void work_off();

    std::vector<std::unique_ptr<Shard>> shards_;
    std::unique_ptr<ForkJoin> fork_join_;  // null with one shard
    std::size_t queued_ = 0;
};

}  // namespace live_shopper
