// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Intake: the first stage of a fleet, for one partition of the input. Decodes, refuses what is too far ahead of its
// time, and sends every event to its visitor: `domain_userid`, else the session, else the user. Keeps nothing.

#include <optional>
#include <string>

#include <weir/snapshot_stream.hpp>
#include <weir/watermark.hpp>

#include "stage_record.hpp"
#include "time_teller.hpp"
#include "transform.hpp"

namespace live_shopper {

/// How far event time has come in a partition of the input: as weir::Watermarks has it for a single source.
class InputTime {
public:
    explicit InputTime(weir::Duration idle_after) : idle_after_{idle_after} {}

    void observe(weir::Timestamp event, weir::Timestamp arrival, weir::Timestamp now) {
        if (!latest_ || event > *latest_) {
            latest_ = event;
            arrival_ = arrival;
        }
        active(now);
    }
    void active(weir::Timestamp now) {
        active_ = now;
        ended_ = false;
    }
    void at_end(bool ended) { ended_ = ended; }

    [[nodiscard]] std::optional<weir::Timestamp> latest() const { return latest_; }
    [[nodiscard]] bool idle(weir::Timestamp now) const {
        return ended_ && (!active_ || weir::saturating_subtract(now, idle_after_) >= *active_);
    }
    [[nodiscard]] std::optional<weir::Timestamp> time(weir::Timestamp now) const {
        return latest_ && idle(now) && now > arrival_ ? weir::saturating_add(*latest_, now - arrival_) : latest_;
    }

    /// The latest event and its arrival, in milliseconds, for the next start.
    [[nodiscard]] std::string note() const;
    void recall(std::string_view note);

    /// The same for snapshots; nobody has been read to the end after load().
    void save(weir::SnapshotWriter& out) const { out.write(latest_, arrival_); }
    void load(weir::SnapshotReader& in) {
        in.read(latest_, arrival_);
        ended_ = false;
    }

private:
    weir::Duration idle_after_;
    std::optional<weir::Timestamp> latest_;
    weir::Timestamp arrival_{};
    std::optional<weir::Timestamp> active_;
    bool ended_ = false;
};

class Intake final : public Transform {
public:
    /// For partition `source` of `sources`; sends to `visitors` partitions.
    Intake(const Settings& settings, std::size_t max_record, weir::Duration idle_after, std::uint32_t source,
           std::uint32_t sources, std::uint32_t visitors);

    Result take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool again,
                const Emit& emit) override;
    void at_end(bool ended) override { time_.at_end(ended); }
    void tick(weir::Timestamp now, const Emit& emit) override;
    [[nodiscard]] std::optional<weir::Timestamp> time() const override { return time_.latest(); }
    [[nodiscard]] weir::Duration horizon() const override { return weir::Duration::zero(); }
    [[nodiscard]] std::string note() const override { return time_.note(); }
    void recall(std::string_view note) override { time_.recall(note); }

private:
    Decoder decoder_;
    weir::FutureGuard guard_;
    InputTime time_;
    StageRecord record_;
    TimeTeller teller_;
    std::string bytes_;
};

/// Orders events of equal time: those of one partition by offset.
[[nodiscard]] constexpr std::uint64_t stamp_of(std::int64_t offset, std::uint32_t partition) {
    return static_cast<std::uint64_t>(offset) * most_partitions + partition;
}

}  // namespace live_shopper
