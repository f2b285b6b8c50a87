// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Snapshots: the state of a job, kept at an interval and taken up again after a start.
//
// One is of the moment between two batches of records: the tables, how far event time has come, and of each partition
// the next offset. It is written a little in each turn, while events go on, and completed once those offsets were
// committed: all that had come of them was acknowledged, and what comes after them is read again.
//
//     file     magic 8 | version 4 | version of the library's format 4 | length 8 | label | tables
//
// Label and tables are snapshots of the library, with checksums.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
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
#include "state.hpp"

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
    std::string state;  // its description
    std::string run;    // of the store
    std::vector<Mark> marks;
    std::vector<std::uint8_t> beside;  // the tables

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&SnapshotLabel::owner, &SnapshotLabel::state, &SnapshotLabel::run, &SnapshotLabel::marks,
                   &SnapshotLabel::beside);
    }
};

/// What a snapshot begins with: all but the tables.
[[nodiscard]] std::vector<std::byte> write_label(const SnapshotLabel& label);

/// Where the version of the format is in it, and its bytes.
inline constexpr std::size_t snapshot_version_at = 8;

struct LabelledSnapshot {
    SnapshotLabel label;
    std::span<const std::byte> tables;
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

/// Of an engine and its reader.
class EngineState final : public State {
public:
    /// For so many partitions.
    EngineState(Engine& engine, Reader& reader, std::size_t partitions, weir::Timestamp now)
        : engine_{engine}, reader_{reader}, partitions_{static_cast<std::uint32_t>(partitions)}, now_{now} {}

    [[nodiscard]] std::string description() const override { return engine_.snapshot_description(); }
    [[nodiscard]] std::unique_ptr<Steps> in_steps() const override {
        return std::make_unique<StepsOf<Engine>>(engine_);
    }
    void restore(std::span<const std::byte> bytes) override { weir::restore(engine_, bytes); }
    void save(weir::SnapshotWriter& out) const override { reader_.save(out); }
    void load(weir::SnapshotReader& in) override { reader_.load(in); }
    void begin() override { reader_.begin(partitions_, now_); }
    [[nodiscard]] std::size_t keys() const override { return engine_.keys(); }

private:
    Engine& engine_;
    Reader& reader_;
    std::uint32_t partitions_;
    weir::Timestamp now_;
};

class Snapshots {
public:
    /// Store and metrics have to outlive this.
    Snapshots(SnapshotOptions options, SnapshotStore& store, Metrics& metrics);

    /// Gives `state`, which is new, what the newest snapshot has that can be used by who has these partitions and would
    /// read back from the offsets `first`. Its label; nothing where there is none, and all is as it was.
    std::optional<SnapshotLabel> restore(const std::vector<Partition>& partitions, std::span<const std::int64_t> first,
                                         State& state);

    /// Whether one is to begin.
    [[nodiscard]] bool due(weir::Timestamp now) const;

    /// Begins one. The tables outlive it, or forget() is called first.
    void begin(weir::Timestamp now, const State& state, std::vector<SnapshotLabel::Mark> marks, const std::string& run);

    /// Writes a little more, if one is under way.
    void step();

    /// Takes the news that a partition, in the order of the marks, was committed up to an offset.
    void committed(std::uint32_t slot, std::int64_t offset);

    /// Drops what is under way and what was committed: tables and partitions are about to go.
    void forget();

private:
    [[nodiscard]] std::optional<UnusableSnapshot> use(std::span<const std::byte> bytes,
                                                      const std::vector<Partition>& partitions,
                                                      std::span<const std::int64_t> first, State& state,
                                                      SnapshotLabel& label) const;
    void describe(const State& state);
    void write_some();
    void fail();
    void abandon();

    SnapshotOptions options_;
    SnapshotStore& store_;
    Metrics& metrics_;
    std::string description_;              // of every state
    std::unique_ptr<State::Steps> steps_;  // while there is more to write
    std::vector<std::int64_t> next_;       // the offsets that it is of
    std::string of_;                       // and their partitions, for the log
    std::vector<std::int64_t> committed_;
    std::optional<weir::Timestamp> begun_;
    std::chrono::steady_clock::time_point began_{};
    std::uint64_t bytes_ = 0;
    bool under_way_ = false;
    bool completed_ = false;
};

}  // namespace live_shopper
