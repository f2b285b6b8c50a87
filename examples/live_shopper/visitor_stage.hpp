// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// VisitorStage: the second stage of a fleet, for one partition of visitors. Takes each event once, tells whose it is,
// and sends its parts on: one to its user, one to its session.
//
// When a login claims what a visitor did before it, the events kept here are sent once more, to the user, and whoever
// had them is told to give them up. An event's owner is the first login at or after it, which only ever gets earlier:
// it is the version of what is known about the event, and a part of its origin. Once another login is known, all of one
// origin at or before it is void, in whatever order the news comes and however often.
//
// Costs: O(1) expected an event; O(events claimed) a login that claims some. Memory: that of Deduplicator and Stitcher,
// and the bytes of what anonymous visitors did, as far as user lanes care, for as long as it matters.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/keyed_windows.hpp>
#include <weir/snapshot.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

#include "bot_limit.hpp"
#include "deduplicator.hpp"
#include "intake.hpp"
#include "logins.hpp"
#include "stage_record.hpp"
#include "stage_time.hpp"
#include "state.hpp"
#include "time_teller.hpp"
#include "transform.hpp"

namespace live_shopper {

/// What a visitor's partition does with events; where they come from is up to who calls it.
class Visitors {
public:
    /// For partition `source` of `sources`; sends to `shoppers` partitions. `horizon`: how far back history matters.
    Visitors(const Settings& settings, weir::Duration horizon, std::uint32_t source, std::uint32_t sources,
             std::uint32_t shoppers);

    /// Sets how far event time has come, which goes along with everything sent from now on.
    void at(std::optional<weir::Timestamp> time, bool idle) {
        head_.time = time;
        head_.idle = idle;
    }

    /// Takes an event; sends its parts on unless they were sent before.
    Outcome take(const ShopEvent& event, weir::Timestamp arrival, std::uint64_t stamp, weir::Timestamp now, bool again,
                 const Transform::Emit& emit);

    void tick(weir::Timestamp now, const Transform::Emit& emit);

    [[nodiscard]] weir::Duration horizon() const { return horizon_; }
    [[nodiscard]] std::size_t memory_in_use() const;

    [[nodiscard]] std::size_t keys() const { return visitors_.size(); }

    /// For SnapshotInSteps and restore. What was told to the next stage is not kept: it is told again.
    [[nodiscard]] std::string snapshot_description() const;
    [[nodiscard]] std::vector<std::uint64_t> begin_snapshot() const;
    bool continue_snapshot(std::size_t& keys, const SnapshotSink& end_piece) const;
    void end_snapshot() const noexcept;
    class Restoring;

    /// The number of a visitor's anonymous events that belong to a login; null: to none so far.
    [[nodiscard]] static std::uint64_t origin(std::string_view visitor, const Login* login);

private:
    struct Kept {
        weir::Timestamp time;
        std::uint64_t stamp;
        std::string event;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Kept::time, &Kept::stamp, &Kept::event);
        }
    };

    // As a window of KeyedWindows.
    struct Visitor {
        explicit Visitor(weir::Duration span) : horizon{span} {}

        weir::Duration horizon;
        weir::Timestamp last = weir::Timestamp::min();
        weir::Timestamp now = weir::Timestamp::min();
        Logins logins;
        std::vector<Kept> kept;  // by time, then stamp
        std::size_t kept_bytes = 0;

        void keep(Kept event);
        bool advance_to(weir::Timestamp to);
        [[nodiscard]] bool empty() const { return *next_expiry() <= now; }
        [[nodiscard]] std::optional<weir::Timestamp> next_expiry() const { return weir::saturating_add(last, horizon); }
        [[nodiscard]] std::size_t memory_in_use() const {
            return logins.memory_in_use() + kept.capacity() * sizeof(Kept) + kept_bytes;
        }

        void save(weir::SnapshotWriter& out) const { out.write(horizon, last, now, logins, kept); }
        void load(weir::SnapshotReader& in);
    };

    void send(std::uint32_t partition, weir::Timestamp now, const Transform::Emit& emit);
    void send_to_user(std::string_view user, std::uint64_t origin, std::string_view event, weir::Timestamp now,
                      const Transform::Emit& emit);
    void identify(const ShopEvent& event, std::uint64_t stamp, weir::Timestamp now, bool again,
                  const Transform::Emit& emit);

    weir::Duration horizon_;
    weir::Duration dedupe_;
    std::uint32_t bot_limit_;
    bool stitch_;
    Deduplicator seen_;
    BotLimit bots_;
    weir::Symbols symbols_;  // of users, outlives the visitors
    weir::KeyedWindows<std::string, Visitor> visitors_;
    StageRecord head_;
    TimeTeller teller_;
    weir::Timestamp now_ = weir::Timestamp::min();
    std::string event_;
    std::string bytes_;
    mutable std::optional<weir::SnapshotPiece> first_row_;  // of a snapshot that has begun
};

/// Visitors beside those that are to be restored, until all rows have come.
class Visitors::Restoring {
public:
    explicit Restoring(Visitors& target);

    [[nodiscard]] std::size_t sections() const;
    void reserve(std::uint32_t section, std::size_t rows);
    void read(std::uint32_t section, weir::SnapshotReader& in);
    void finish(const weir::SnapshotReader& end);
    void commit();

private:
    Visitors& target_;
    Deduplicator seen_;
    BotLimit bots_;
    weir::KeyedWindows<std::string, Visitor>::Restoring visitors_;
    weir::Timestamp now_ = weir::Timestamp::min();
};

/// A stage of visitors, wherever it has event time from.
class VisitorTransform : public Transform, private State {
public:
    [[nodiscard]] weir::Duration horizon() const final { return visitors_.horizon(); }
    [[nodiscard]] State* state() final { return this; }
    [[nodiscard]] std::size_t memory_in_use() const final { return visitors_.memory_in_use(); }

protected:
    VisitorTransform(const Settings& settings, weir::Duration horizon, std::uint32_t source, std::uint32_t sources,
                     std::uint32_t shoppers)
        : visitors_{settings, horizon, source, sources, shoppers} {}

    [[nodiscard]] Visitors& visitors() { return visitors_; }

private:
    [[nodiscard]] std::string description() const final { return visitors_.snapshot_description(); }
    [[nodiscard]] std::unique_ptr<Steps> in_steps() const final {
        return std::make_unique<StepsOf<Visitors>>(visitors_);
    }
    void restore(std::span<const std::byte> bytes) final { weir::restore(visitors_, bytes); }
    [[nodiscard]] std::size_t keys() const final { return visitors_.keys(); }

    Visitors visitors_;
};

class VisitorStage final : public VisitorTransform {
public:
    VisitorStage(const Settings& settings, weir::Duration horizon, std::uint32_t source, std::uint32_t sources,
                 std::uint32_t shoppers)
        : VisitorTransform{settings, horizon, source, sources, shoppers} {}

    Result take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool again,
                const Emit& emit) override;
    void at_end(bool ended) override {
        ended_ = ended;
        move_time();
    }
    void tick(weir::Timestamp now, const Emit& emit) override { visitors().tick(now, emit); }
    [[nodiscard]] std::optional<weir::Timestamp> time() const override { return now_; }

private:
    void move_time();
    void save(weir::SnapshotWriter& out) const override { out.write(time_); }
    void load(weir::SnapshotReader& in) override {
        in.read(time_);
        move_time();
    }
    void begin() override {
        time_ = StageTime{};
        move_time();
    }

    StageTime time_;
    bool ended_ = false;
    std::optional<weir::Timestamp> now_;
    StageRecord record_;
};

/// Intake and VisitorStage in one, where the input is keyed by domain_userid already.
class KeyedVisitorStage final : public VisitorTransform {
public:
    KeyedVisitorStage(const Settings& settings, std::size_t max_record, weir::Duration idle_after,
                      weir::Duration horizon, std::uint32_t source, std::uint32_t sources, std::uint32_t shoppers)
        : VisitorTransform{settings, horizon, source, sources, shoppers},
          decoder_{settings.cart_total, max_record},
          guard_{settings.max_future},
          idle_after_{idle_after},
          time_{idle_after},
          source_{source} {}

    Result take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool again,
                const Emit& emit) override;
    void at_end(bool ended) override { time_.at_end(ended); }
    void tick(weir::Timestamp now, const Emit& emit) override;
    [[nodiscard]] std::optional<weir::Timestamp> time() const override { return time_.latest(); }

private:
    void save(weir::SnapshotWriter& out) const override { out.write(time_); }
    void load(weir::SnapshotReader& in) override { in.read(time_); }
    void begin() override { time_ = InputTime{idle_after_}; }

    Decoder decoder_;
    weir::FutureGuard guard_;
    weir::Duration idle_after_;
    InputTime time_;
    std::uint32_t source_;
    ShopEvent event_;
};

}  // namespace live_shopper
