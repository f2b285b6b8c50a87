// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Watermark and Watermarks: how far event time has come.
//
// A Watermark follows one source that is out of order by at most a bound. Watermarks combine several: the least
// of them counts, so a source that is behind is waited for and a backlog never makes its own events late. A source
// that was read to its end and then stays silent is idle and holds nobody back. While all are idle, event time follows
// the caller's clock at the clock's pace, from where the sources left it, so values decay without traffic.
//
// Costs: observe O(1), time O(sources). One thread at a time; no clock is read, it comes in as an argument.
//
//     weir::Watermarks<> watermarks{0s, 100ms};
//     watermarks.observe(partition, event_time, arrival_time, clock);
//     watermarks.at_end(partition, true);
//     if (const auto time = watermarks.time(clock)) { window.advance_to(*time); }

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include <boost/container/flat_map.hpp>
#include <weir/time.hpp>

namespace weir {

/// Event time of one source whose events are out of order by at most `bound`.
class Watermark {
public:
    /// Requires: bound >= 0.
    explicit constexpr Watermark(Duration bound = Duration::zero()) noexcept : bound_{bound} {}

    /// Takes an event's time. An older one than the latest changes nothing. O(1).
    constexpr void observe(Timestamp t) noexcept {
        if (!latest_ || t > *latest_) {
            latest_ = t;
        }
    }

    /// No event at or before this is expected any more; nothing before the first event. Never goes back.
    [[nodiscard]] constexpr std::optional<Timestamp> time() const noexcept {
        return latest_ ? std::optional{saturating_subtract(*latest_, bound_)} : std::nullopt;
    }

    /// The latest event time seen.
    [[nodiscard]] constexpr std::optional<Timestamp> latest() const noexcept { return latest_; }

    static constexpr const char* snapshot_name = "Watermark";
    template <class Writer>
    void save(Writer& out) const {
        out.write(bound_, latest_);
    }
    template <class Reader>
    void load(Reader& in) {
        in.expect("a bound of", bound_);
        in.read(latest_);
    }

private:
    Duration bound_;
    std::optional<Timestamp> latest_;
};

/// Refuses events that are further ahead of the clock than `skew`: one device with a broken clock must not
/// empty every window.
class FutureGuard {
public:
    /// Requires: skew >= 0.
    explicit constexpr FutureGuard(Duration skew) noexcept : skew_{skew} {}

    [[nodiscard]] constexpr bool admits(Timestamp event, Timestamp clock) const noexcept {
        return event <= saturating_add(clock, skew_);
    }

private:
    Duration skew_;
};

/// Event time over several sources; `Id` names one and is ordered.
template <class Id = std::uint64_t>
class Watermarks {
public:
    /// `bound`: out-of-orderness of each source. `idle_after`: a source at its end counts as idle once it was
    /// silent for so long.
    explicit Watermarks(Duration bound = Duration::zero(), Duration idle_after = Duration::zero())
        : bound_{bound}, idle_after_{idle_after} {}

    /// Makes a source known before its first event: it holds time back until it has one or is at its end.
    void add(const Id& id, Timestamp clock) { source(id).active = clock; }

    /// Takes an event of a source. `arrival` is when the event came to the source, by the caller's kind of clock
    /// (a record's own timestamp); `clock` is now.
    void observe(const Id& id, Timestamp event, Timestamp arrival, Timestamp clock) {
        Source& s = source(id);
        if (!s.watermark.latest() || event > *s.watermark.latest()) {
            s.arrival = arrival;
        }
        s.watermark.observe(event);
        s.active = clock;
        s.at_end = false;
    }

    /// Says that a source has, or has not, been read to its end.
    void at_end(const Id& id, bool ended = true) { source(id).at_end = ended; }

    /// Forgets a source. Time does not go back.
    void remove(const Id& id) { sources_.erase(id); }

    /// Event time at `clock`: nothing before the first event, never less than the last answer. O(sources).
    std::optional<Timestamp> time(Timestamp clock) {
        std::optional<Timestamp> least;
        std::optional<Timestamp> idle;
        bool held = false;
        for (const auto& [id, s] : sources_) {
            const auto own = s.watermark.time();
            if (!s.at_end || saturating_subtract(clock, idle_after_) < s.active) {
                held = held || !own;
                least = own && (!least || *own < *least) ? own : least;
            } else if (own) {
                const auto passed = saturating_subtract(clock, s.arrival.time_since_epoch()).time_since_epoch();
                const auto since = std::max(Duration::zero(), passed);
                const auto followed = saturating_add(*own, since);
                idle = !idle || followed > *idle ? followed : idle;
            }
        }
        const auto candidate = held ? std::nullopt : (least ? least : idle);
        if (candidate && (!time_ || *candidate > *time_)) {
            time_ = candidate;
        }
        return time_;
    }

    static constexpr const char* snapshot_name = "Watermarks";
    template <class Writer>
    void save(Writer& out) const {
        out.write(bound_, idle_after_, time_);
        out.write_count(sources_.size());
        for (const auto& [id, s] : sources_) {
            out.write(id, s.watermark, s.arrival, s.active, s.at_end);
        }
    }
    template <class Reader>
    void load(Reader& in) {
        in.expect("a bound of", bound_);
        in.expect("idle_after", idle_after_);
        in.read(time_);
        sources_.clear();
        for (auto left = in.template read_count<Id>(); left != 0; --left) {
            const auto id = in.template read<Id>();
            in.require(sources_.empty() || id > std::prev(sources_.end())->first, "sources in order");
            Source& s = sources_.emplace_hint(sources_.end(), id, Source{Watermark{bound_}})->second;
            in.read(s.watermark, s.arrival, s.active, s.at_end);
        }
    }

private:
    struct Source {
        Watermark watermark;
        Timestamp arrival{};
        Timestamp active = Timestamp::min();
        bool at_end = false;
    };

    Source& source(const Id& id) {
        return sources_.try_emplace(id, Source{.watermark = Watermark{bound_}}).first->second;
    }

    Duration bound_;
    Duration idle_after_;
    std::optional<Timestamp> time_;
    boost::container::flat_map<Id, Source> sources_;
};

}  // namespace weir
