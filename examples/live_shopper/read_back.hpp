// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReadBack: from which offset of a partition on its records still matter, so that a restart can rebuild the windows.
//
// Offsets are kept in runs that span a minute of event time at most, so a day is 1440 of them. The answer is at
// most one run too early, never too late, however fast or slow event time moves against the clock.
//
//     ReadBack back;
//     back.observe(offset, event.time);
//     back.first_needed(engine_time - horizon);

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <weir/snapshot_stream.hpp>
#include <weir/time.hpp>

namespace live_shopper {

class ReadBack {
public:
    /// Takes an event. Where offsets go back, records come again, or the log was made anew: what was known from there
    /// on is dropped, and no more than that, since what came before still matters.
    void observe(std::int64_t offset, weir::Timestamp time) {
        while (!runs_.empty() && offset < runs_.back().first) {
            runs_.pop_back();
        }
        if (runs_.empty() || time > weir::saturating_add(runs_.back().begin, std::chrono::minutes{1})) {
            runs_.push_back({offset, time, time});
        } else {
            runs_.back().latest = std::max(runs_.back().latest, time);
        }
    }

    /// The first offset from which events later than `cutoff` may be; nothing where there are none. `cutoff` may not go
    /// back. Amortized O(1).
    [[nodiscard]] std::optional<std::int64_t> first_needed(weir::Timestamp cutoff) {
        while (!runs_.empty() && runs_.front().latest <= cutoff) {
            runs_.pop_front();
        }
        return runs_.empty() ? std::nullopt : std::optional{runs_.front().first};
    }

    void save(weir::SnapshotWriter& out) const {
        out.write_count(runs_.size());
        for (const Run& run : runs_) {
            out.write(run);
        }
    }
    void load(weir::SnapshotReader& in) {
        runs_.clear();
        for (auto left = in.read_count<Run>(); left != 0; --left) {
            const auto run = in.read<Run>();
            in.require(runs_.empty() || run.first > runs_.back().first, "offsets that only grow");
            runs_.push_back(run);
        }
    }

private:
    struct Run {
        std::int64_t first = 0;
        weir::Timestamp begin{};
        weir::Timestamp latest{};

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Run::first, &Run::begin, &Run::latest);
        }
    };
    std::deque<Run> runs_;
};

/// What is committed along with an offset.
struct CommitNote {
    weir::Timestamp time{};    // record time of the last record before the offset
    std::int64_t from = 0;     // the first offset that still matters
    weir::Duration horizon{};  // to an engine that looks back so far
    std::string more{};        // whatever else has to be known

    /// `weir1 TIME FROM HORIZON`, in milliseconds, and ` MORE` where there is more.
    [[nodiscard]] std::string text() const {
        return "weir1 " + std::to_string(time.time_since_epoch().count()) + ' ' + std::to_string(from) + ' ' +
               std::to_string(horizon.count()) + (more.empty() ? "" : ' ' + more);
    }

    /// Nothing where the text is none of ours.
    [[nodiscard]] static std::optional<CommitNote> parse(std::string_view text) {
        constexpr std::string_view mark = "weir1";
        if (!text.starts_with(mark)) {
            return std::nullopt;
        }
        text.remove_prefix(mark.size());
        std::int64_t numbers[3] = {};
        for (std::int64_t& number : numbers) {
            if (text.empty() || text.front() != ' ') {
                return std::nullopt;
            }
            text.remove_prefix(1);
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc{}) {
                return std::nullopt;
            }
            text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        }
        text.remove_prefix(text.starts_with(' ') ? 1 : 0);
        return CommitNote{weir::Timestamp{weir::Duration{numbers[0]}}, numbers[1], weir::Duration{numbers[2]},
                          std::string{text}};
    }
};

}  // namespace live_shopper
