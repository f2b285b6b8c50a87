// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reader: what the job makes of a record, and how far it takes event time to have come. One that reads the events
// themselves, for a job that does all of it; and one for the last stage of a fleet.

#include <cstdint>
#include <optional>

#include <weir/snapshot_stream.hpp>
#include <weir/time.hpp>
#include <weir/watermark.hpp>

#include "decoder.hpp"
#include "engine.hpp"
#include "seams.hpp"
#include "stage_record.hpp"
#include "stage_time.hpp"

namespace live_shopper {

class Reader {
public:
    struct Result {
        DecodeError error = DecodeError::none;
        std::optional<Outcome> outcome;          // nothing where it was no event
        std::optional<weir::Timestamp> matters;  // the event time as of which the record has to be read again
        weir::Timestamp arrival{};               // when the event came to Kafka
        bool changes = true;                     // whether values may have changed
    };

    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    virtual ~Reader() = default;

    /// Takes a record that came to the log at `arrival`. Whether the event is `counted` by Engine::settle().
    virtual Result take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool counted,
                        Engine& engine) = 0;

    /// Begins anew, with this many partitions.
    virtual void begin(std::uint32_t partitions, weir::Timestamp now) = 0;

    /// A partition has been read to its end, or has not.
    virtual void at_end(std::uint32_t slot, bool ended) = 0;

    [[nodiscard]] virtual std::optional<weir::Timestamp> time(weir::Timestamp now) = 0;

    /// How far it is, for a snapshot. It is loaded after begin(), and nobody has been read to the end then.
    virtual void save(weir::SnapshotWriter& out) const = 0;
    virtual void load(weir::SnapshotReader& in) = 0;
};

class EventReader final : public Reader {
public:
    EventReader(CartTotal cart_total, std::size_t max_record, weir::Duration idle_after)
        : decoder_{cart_total, max_record}, idle_after_{idle_after} {}

    Result take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool counted,
                Engine& engine) override {
        const DecodeError error =
            record.has_payload ? decoder_.decode(record.payload, event_, false) : DecodeError::empty;
        if (error != DecodeError::none) {
            return {error, std::nullopt, std::nullopt, arrival, false};
        }
        // The guard asks when the event came, not when it is read, so that a rebuild refuses what was refused before.
        const Outcome outcome = engine.accept(event_, arrival, counted);
        if (outcome == Outcome::refused_future) {
            return {DecodeError::none, outcome, std::nullopt, arrival, true};
        }
        watermarks_.observe(record.slot, event_.time, arrival, now);
        return {DecodeError::none, outcome, event_.time, arrival, true};
    }

    void begin(std::uint32_t partitions, weir::Timestamp now) override {
        partitions_ = partitions;
        watermarks_ = weir::Watermarks<std::uint32_t>{weir::Duration::zero(), idle_after_};
        for (std::uint32_t slot = 0; slot < partitions; ++slot) {
            watermarks_.add(slot, now);
        }
    }
    void at_end(std::uint32_t slot, bool ended) override { watermarks_.at_end(slot, ended); }
    [[nodiscard]] std::optional<weir::Timestamp> time(weir::Timestamp now) override { return watermarks_.time(now); }
    void save(weir::SnapshotWriter& out) const override { out.write(partitions_, watermarks_); }
    void load(weir::SnapshotReader& in) override {
        in.expect("partitions", partitions_);
        in.read(watermarks_);
        for (std::uint32_t slot = 0; slot < partitions_; ++slot) {
            watermarks_.at_end(slot, false);
        }
    }

private:
    Decoder decoder_;
    ShopEvent event_;
    weir::Duration idle_after_;
    std::uint32_t partitions_ = 0;
    weir::Watermarks<std::uint32_t> watermarks_;
};

/// For one partition of shoppers.
class ShopperReader final : public Reader {
public:
    Result take(const Record& record, weir::Timestamp arrival, weir::Timestamp /*now*/, bool counted,
                Engine& engine) override {
        using Kind = StageRecord::Kind;
        if (!record.has_payload || !read(record.payload, record_) || record_.kind == Kind::event) {
            return {DecodeError::damaged, std::nullopt, std::nullopt, arrival, false};
        }
        time_.observe(record_.source, record_.sources, record_.idle, record_.time, arrival);
        if (record_.kind == Kind::time) {
            return {DecodeError::none, std::nullopt, std::nullopt, arrival, false};
        }
        if (record_.kind == Kind::give_up) {
            engine.give_up(record_.user, record_.origin, record_.until);
            return {DecodeError::none, std::nullopt, record_.until, arrival, true};
        }
        return {DecodeError::none, engine.take(record_, counted), record_.event.time, record_.arrival, true};
    }

    void begin(std::uint32_t /*partitions*/, weir::Timestamp /*now*/) override { time_ = StageTime{}; }
    void at_end(std::uint32_t /*slot*/, bool /*ended*/) override {}
    [[nodiscard]] std::optional<weir::Timestamp> time(weir::Timestamp /*now*/) override { return time_.status().time; }
    void save(weir::SnapshotWriter& out) const override { out.write(time_); }
    void load(weir::SnapshotReader& in) override { in.read(time_); }

private:
    StageRecord record_;
    StageTime time_;
};

}  // namespace live_shopper
