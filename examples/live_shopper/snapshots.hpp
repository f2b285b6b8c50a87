// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Snapshots: the state of a job, kept at an interval and taken up again after a start.
//
// One is of the moment between two batches of records: the engine, how far event time has come, and of each partition
// the next offset. It is written a little in each turn, while events go on, and completed once those offsets were
// committed: what it took from then on was acknowledged by the store, and is read again.
//
//     file     magic 8 | version 4 | version of the library's format 4 | length 8 | label | engine
//
// Label and engine are snapshots of the library, with checksums.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/snapshot.hpp>
#include <weir/time.hpp>

#include "engine.hpp"
#include "metrics.hpp"
#include "read_back.hpp"
#include "reader.hpp"
#include "seams.hpp"

namespace live_shopper {

/// Whose a snapshot is and as of when.
struct SnapshotLabel {
    struct Mark {
        std::string topic;
        std::int32_t partition = 0;
        std::int64_t next = 0;   // the first offset that is not in it
        weir::Timestamp time{};  // record time of the last one that is
        ReadBack back;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Mark::topic, &Mark::partition, &Mark::next, &Mark::time, &Mark::back);
        }
    };

    std::string owner;
    std::string engine;  // its description
    std::string run;     // of the store
    std::vector<Mark> marks;
    std::vector<std::uint8_t> reader;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&SnapshotLabel::owner, &SnapshotLabel::engine, &SnapshotLabel::run, &SnapshotLabel::marks,
                   &SnapshotLabel::reader);
    }
};

/// What a snapshot begins with: all but the engine.
[[nodiscard]] std::vector<std::byte> write_label(const SnapshotLabel& label);

/// Where the version of the format is in it, and its bytes.
inline constexpr std::size_t snapshot_version_at = 8;

struct LabelledSnapshot {
    SnapshotLabel label;
    std::span<const std::byte> engine;
};
/// Throws weir::SnapshotError for what is none; nothing where it is of another version, which `found` says.
[[nodiscard]] std::optional<LabelledSnapshot> read_label(std::span<const std::byte> bytes, std::string& found);

/// Why a snapshot is not used.
enum class Unusable : std::uint8_t {
    damaged,
    other_version,
    foreign,   // of another job, other settings or other partitions
    outdated,  // of offsets that were not committed, are gone, or are so old that reading back is no more work
};

struct UnusableSnapshot {
    Unusable why;
    std::string what;
};

struct SnapshotOptions {
    weir::Duration interval = std::chrono::minutes{1};  // from the begin of one to that of the next
    std::size_t keys = 1024;                            // a turn; which ends also after `bytes`
    std::size_t bytes = std::size_t{512} << 10;
    std::string owner;  // who takes them
};

class Snapshots {
public:
    /// Store and metrics have to outlive this.
    Snapshots(SnapshotOptions options, SnapshotStore& store, Metrics& metrics);

    /// Gives `engine`, which is new, and `reader` the state of the newest snapshot that can be used by who has these
    /// partitions and would read back from the offsets `first`. Its label; nothing where there is none, and all is as
    /// it was, but for the reader.
    std::optional<SnapshotLabel> restore(const std::vector<Partition>& partitions, std::span<const std::int64_t> first,
                                         weir::Timestamp now, Engine& engine, Reader& reader);

    /// Whether one is to begin.
    [[nodiscard]] bool due(weir::Timestamp now) const;

    /// Begins one. The engine outlives it, or forget() is called first.
    void begin(weir::Timestamp now, const Engine& engine, const Reader& reader, std::vector<SnapshotLabel::Mark> marks,
               const std::string& run);

    /// Writes a little more, if one is under way.
    void step();

    /// Takes the news that a partition, in the order of the marks, was committed up to an offset.
    void committed(std::uint32_t slot, std::int64_t offset);

    /// Drops what is under way and what was committed: engine and partitions are about to go.
    void forget();

private:
    [[nodiscard]] std::optional<UnusableSnapshot> use(std::span<const std::byte> bytes,
                                                      const std::vector<Partition>& partitions,
                                                      std::span<const std::int64_t> first, weir::Timestamp now,
                                                      Engine& engine, Reader& reader, SnapshotLabel& label) const;
    void describe(const Engine& engine);
    void write_some();
    void fail();
    void abandon();

    SnapshotOptions options_;
    SnapshotStore& store_;
    Metrics& metrics_;
    std::string description_;                             // of every engine
    std::optional<weir::SnapshotInSteps<Engine>> steps_;  // while there is more to write
    std::vector<std::int64_t> next_;                      // the offsets that it is of
    std::vector<std::int64_t> committed_;
    std::optional<weir::Timestamp> begun_;
    std::chrono::steady_clock::time_point began_{};
    std::uint64_t bytes_ = 0;
    bool under_way_ = false;
    bool completed_ = false;
};

}  // namespace live_shopper
