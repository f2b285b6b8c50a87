// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// StageTime: how far event time has come in one partition of a stage, by what its records say of their sources.
//
// Each source is a partition of the stage before. As with weir::Watermarks the least of those at work counts; one that
// is idle holds nobody back, and while all are, the farthest counts: idle ones follow the clock where they are read. A
// source that was never heard of holds time back, and so does one that has fallen silent: whoever works on it may be
// stopped, and then its events are on their way however idle it was before. It is told by the time of the records
// around, which the broker gives, so time is a function of the log alone and a restart comes to the same.
//
// Costs: O(sources) a query, 40 bytes a source.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <weir/time.hpp>

namespace live_shopper {

class StageTime {
public:
    /// A source at work says so more often than this, by far.
    static constexpr weir::Duration silence = std::chrono::seconds{3};

    struct Status {
        std::optional<weir::Timestamp> time;  // nothing while there is none; never goes back
        bool idle = false;
    };

    /// Takes what a record says that came to the log at `logged`. Requires: source < sources.
    void observe(std::uint32_t source, std::uint32_t sources, bool idle, std::optional<weir::Timestamp> time,
                 weir::Timestamp logged) {
        if (sources_.size() < sources) {
            sources_.resize(sources);
        }
        sources_[source] = {time, logged, idle, true};
        latest_ = std::max(latest_, logged);
    }

    [[nodiscard]] Status status() {
        std::optional<weir::Timestamp> least;
        std::optional<weir::Timestamp> farthest;
        bool held = sources_.empty();
        bool idle = true;
        for (const Source& s : sources_) {
            const bool heard = s.known && s.logged >= weir::saturating_subtract(latest_, silence);
            if (heard && s.idle) {
                farthest = s.time && (!farthest || *s.time > *farthest) ? s.time : farthest;
                continue;
            }
            idle = false;
            held = held || !s.time;
            least = s.time && (!least || *s.time < *least) ? s.time : least;
        }
        const auto candidate = held ? std::nullopt : (idle ? farthest : least);
        if (candidate && (!time_ || *candidate > *time_)) {
            time_ = candidate;
        }
        return {time_, idle && !held};
    }

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&StageTime::sources_, &StageTime::latest_, &StageTime::time_);
    }

private:
    struct Source {
        std::optional<weir::Timestamp> time;
        weir::Timestamp logged = weir::Timestamp::min();
        bool idle = false;
        bool known = false;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Source::time, &Source::logged, &Source::idle, &Source::known);
        }
    };

    std::vector<Source> sources_;
    weir::Timestamp latest_ = weir::Timestamp::min();
    std::optional<weir::Timestamp> time_;
};

}  // namespace live_shopper
