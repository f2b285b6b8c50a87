// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// BotLimit: how many events of one shopper are taken in one minute of event time.
//
// A person makes some ten events a minute; whoever makes thousands is a robot, and its windows would grow until drawing
// them up takes the time of everybody else's. Minutes are those of the events, so that a restart that reads them again
// refuses the same ones. Counts are kept for the last minutes alone: an event that is later than that begins anew.
//
// Costs: O(1) expected an event. Memory: some 20 bytes for each shopper with an event in one of the last 10 minutes,
// and minute.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <weir/snapshot.hpp>
#include <weir/time.hpp>

namespace live_shopper {

class BotLimit {
public:
    /// `most` events a minute; 0: as many as there are.
    explicit BotLimit(std::uint32_t most) : most_{most} {}

    /// Counts an event; false where it is one too many.
    [[nodiscard]] bool admits(std::string_view shopper, weir::Timestamp t) {
        if (most_ == 0 || shopper.empty()) {
            return true;
        }
        auto& counts = minutes_[std::chrono::floor<std::chrono::minutes>(t)];
        if (!counts || counts.use_count() != 1) {  // what a snapshot is to read stays as it is
            counts = counts ? std::make_shared<Counts>(*counts) : std::make_shared<Counts>();
        }
        std::uint32_t& count = (*counts)[std::hash<std::string_view>{}(shopper)];
        if (count == most_) {
            return false;
        }
        ++count;
        return true;
    }

    /// Moves event time on; counts are forgotten.
    void advance_to(weir::Timestamp now) {
        const auto horizon = weir::saturating_subtract(now, kept);
        while (!minutes_.empty() && minutes_.begin()->first <= horizon) {
            minutes_.erase(minutes_.begin());
        }
    }

    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t bytes = 0;
        for (const auto& [minute, counts] : minutes_) {
            bytes += counts->bucket_count() * (sizeof(std::pair<const std::size_t, std::uint32_t>) + 1);
        }
        return bytes;
    }

    /// For SnapshotInSteps, as one section with a row for each minute.
    [[nodiscard]] std::uint64_t begin_snapshot() const {
        saving_ = minutes_;
        return saving_.size();
    }
    template <class EndPiece>
    bool continue_snapshot(std::size_t& keys, const EndPiece& end_piece, std::uint32_t section) const {
        for (; !saving_.empty() && keys != 0; saving_.erase(saving_.begin())) {
            const auto& [minute, counts] = *saving_.begin();
            weir::SnapshotPiece piece;
            piece.write(minute);
            piece.write_count(counts->size());
            for (const auto& [shopper, count] : *counts) {
                piece.write(std::uint64_t{shopper}, count);
            }
            end_piece(piece, section, 1);
            keys -= std::min(keys, counts->size() / 64 + 1);
        }
        return !saving_.empty();
    }
    void end_snapshot() const noexcept { saving_.clear(); }
    void read_row(weir::SnapshotReader& in) {
        auto counts = std::make_shared<Counts>();
        const auto minute = in.read<Minute>();
        for (auto left = in.read_count<std::uint64_t, std::uint32_t>(); left != 0; --left) {
            const auto shopper = in.read<std::uint64_t>();
            counts->emplace(static_cast<std::size_t>(shopper), in.read<std::uint32_t>());
        }
        minutes_[minute] = std::move(counts);
    }

private:
    using Minute = std::chrono::sys_time<std::chrono::minutes>;
    using Counts = boost::unordered_flat_map<std::size_t, std::uint32_t>;

    static constexpr weir::Duration kept = std::chrono::minutes{10};

    std::uint32_t most_;
    std::map<Minute, std::shared_ptr<Counts>> minutes_;
    mutable std::map<Minute, std::shared_ptr<Counts>> saving_;  // what a snapshot that is under way has to read
};

}  // namespace live_shopper
