// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// RollingWindow and RollingWindows: an aggregate over the last so much event time, exact at every moment.
//
// At time t a window of length L holds the events in (t - L, t]: an event exactly L old has left. Events may come in
// any order; one that is late but still inside is put where it belongs and the result is as if all had come in order.
//
// Costs: an event in order, its leaving and a query are amortized O(1) for aggregators that are Removable or
// Mergeable; a late event costs O(events younger than it); an aggregator that can only add is recomputed when asked,
// O(events). Time that passes without events costs nothing. Memory: one entry (8 bytes and the value) for each event
// held, for Mergeable aggregators one aggregate more.
//
// An empty window answers what its aggregator answers before the first input. Not synchronized: one thread at a time.
//
//     weir::RollingWindow<weir::Mean<double>, std::chrono::minutes> price{5min};
//     price.insert(t, 42.99);     // false, and no change, where t <= now() - length
//     price.advance_to(now);      // events leave
//     if (auto mean = price.result()) { ... }

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/detail/event_log.hpp>
#include <weir/detail/upkeep.hpp>
#include <weir/time.hpp>

namespace weir {

/// Several rolling windows over the same events: the events are kept once, with one cursor and one running
/// aggregate for each length.
template <class T>
class RollingWindows {
    static_assert(Aggregator<T>, "RollingWindows<T> needs an Aggregator T: value_type, add(x) or add(t, x), result()");

public:
    using value_type = value_type_t<T>;
    using Event = detail::Entry<value_type>;

    /// Windows of `lengths`, in this order. Events stay known for `keep` longer than the longest length: for
    /// `latest()`, and as history for an Expiring aggregator.
    /// Throws std::invalid_argument where there is no length, one is not positive, or `keep` is negative.
    explicit RollingWindows(const std::vector<Duration>& lengths, Duration keep = Duration::zero());

    /// Takes an event, advancing to it where it is later than now(). False, and no change, where it is too old
    /// to be kept: t <= now() - longest length - keep.
    bool insert(Timestamp t, value_type value = {});

    /// Moves now() on; events leave. An earlier time than now() changes nothing. True where a window changed.
    bool advance_to(Timestamp now);

    /// The number of windows.
    [[nodiscard]] std::size_t count() const noexcept { return windows_.size(); }
    [[nodiscard]] Duration length(std::size_t window) const { return windows_[window].length; }
    [[nodiscard]] Timestamp now() const noexcept { return now_; }

    /// The aggregate's answer over (now() - length, now()] of one window.
    [[nodiscard]] auto result(std::size_t window) const {
        const Window& w = windows_[window];
        return detail::result_of<T>(w.upkeep, log_, w.first);
    }

    /// The aggregate itself, for a Bundle the one of part `I`.
    template <std::size_t I>
    [[nodiscard]] decltype(auto) part(std::size_t window) const {
        const Window& w = windows_[window];
        if constexpr (detail::HasParts<T>) {
            return w.upkeep.template aggregate<I>(log_, w.first);
        } else {
            static_assert(I == 0, "only a Bundle has several parts");
            return w.upkeep.aggregate(log_, w.first);
        }
    }

    /// The number of events inside one window.
    [[nodiscard]] std::size_t size(std::size_t window) const { return log_.size() - windows_[window].first; }
    [[nodiscard]] bool empty(std::size_t window) const { return size(window) == 0; }

    /// The number of events kept, and whether there are none, in any window or beyond.
    [[nodiscard]] std::size_t size() const noexcept { return log_.size(); }
    [[nodiscard]] bool empty() const noexcept { return log_.empty(); }

    /// The time of the latest event known, for an Expiring aggregator of the latest that counted, of one window.
    [[nodiscard]] std::optional<Timestamp> latest(std::size_t window) const;

    /// When the next event leaves a window or stops being kept; nothing where no event is kept. O(windows).
    [[nodiscard]] std::optional<Timestamp> next_expiry() const;

    /// Takes out the events that `take(event)` accepts and hands them in event-time order to `give(event)`. O(events).
    template <class Take, class Give>
    std::size_t extract_if(Take take, Give give);

    /// Bytes on the heap, as requested from the allocator.
    [[nodiscard]] std::size_t heap_bytes() const;

private:
    struct Window {
        Duration length;
        std::size_t first = 0;  // of the events inside, as an index into the log
        detail::Upkeep<T> upkeep{};
    };

    static constexpr bool expiring = Expiring<T>;

    [[nodiscard]] Timestamp kept_after() const { return saturating_subtract(now_, kept_); }

    std::vector<Window> windows_;
    detail::EventLog<value_type> log_;
    Duration kept_;
    Timestamp now_ = Timestamp::min();
};

template <class T>
RollingWindows<T>::RollingWindows(const std::vector<Duration>& lengths, Duration keep) {
    if (lengths.empty() || keep < Duration::zero()) {
        throw std::invalid_argument("weir::RollingWindows: wanted at least one length and keep >= 0");
    }
    windows_.reserve(lengths.size());
    Duration longest = Duration::zero();
    for (const Duration length : lengths) {
        if (length <= Duration::zero()) {
            throw std::invalid_argument("weir::RollingWindows: wanted a positive length, found " + label(length));
        }
        windows_.push_back(Window{.length = length});
        longest = std::max(longest, length);
    }
    kept_ = keep > Duration::max() - longest ? Duration::max() : longest + keep;
}

template <class T>
bool RollingWindows<T>::insert(Timestamp t, value_type value) {
    if (t <= kept_after()) {
        return false;
    }
    if (t > now_) {
        advance_to(t);
    }
    const std::size_t i = log_.insert(t, std::move(value));
    for (Window& w : windows_) {
        if constexpr (expiring) {
            w.upkeep.insert(log_, w.first, i);
        } else if (i < w.first || t <= saturating_subtract(now_, w.length)) {
            ++w.first;
        } else if (log_.precedes_its_equal(i)) {
            w.upkeep.rebuild(log_, w.first);  // aggregators take equal times in order of arrival
        } else {
            w.upkeep.insert(log_, w.first, i);
        }
    }
    return true;
}

template <class T>
bool RollingWindows<T>::advance_to(Timestamp now) {
    if (now <= now_) {
        return false;
    }
    now_ = now;
    if (!expiring && log_.empty()) {  // an aggregator that expires needs to know how far it is
        return false;
    }
    bool changed = false;
    for (Window& w : windows_) {
        const Timestamp horizon = saturating_subtract(now, w.length);
        if constexpr (expiring) {
            const auto next = w.upkeep.counted().next();
            changed = changed || (next && *next <= horizon);
            w.upkeep.expire(horizon);
        } else if (w.first != log_.size() && log_[w.first].time <= horizon) {
            std::size_t last = w.first + 1;
            if (log_.back().time <= horizon) {
                last = log_.size();
            } else {
                while (log_[last].time <= horizon) {
                    ++last;
                }
            }
            w.upkeep.evict(log_, w.first, last - w.first);
            w.first = last;
            changed = true;
        }
    }
    const Timestamp horizon = kept_after();
    std::size_t dropped = 0;
    if (log_.empty() || log_.back().time <= horizon) {
        dropped = log_.size();
    } else {
        while (log_[dropped].time <= horizon) {
            ++dropped;
        }
    }
    if (dropped != 0) {
        log_.drop_front(dropped);
        for (Window& w : windows_) {
            w.first -= expiring ? 0 : dropped;
        }
    }
    return changed;
}

template <class T>
std::optional<Timestamp> RollingWindows<T>::latest(std::size_t window) const {
    if constexpr (expiring) {
        return windows_[window].upkeep.counted().latest();
    } else {
        return log_.empty() ? std::nullopt : std::optional{log_.back().time};
    }
}

template <class T>
std::optional<Timestamp> RollingWindows<T>::next_expiry() const {
    if (log_.empty()) {
        return std::nullopt;
    }
    Timestamp next = saturating_add(log_[0].time, kept_);
    for (const Window& w : windows_) {
        if constexpr (expiring) {
            if (const auto counted = w.upkeep.counted().next()) {
                next = std::min(next, saturating_add(*counted, w.length));
            }
        } else if (w.first != log_.size()) {
            next = std::min(next, saturating_add(log_[w.first].time, w.length));
        }
    }
    return next;
}

template <class T>
template <class Take, class Give>
std::size_t RollingWindows<T>::extract_if(Take take, Give give) {
    const std::size_t taken = log_.extract_if(take, give);
    if (taken != 0) {
        for (Window& w : windows_) {
            w.first = expiring ? 0 : log_.upper_bound(saturating_subtract(now_, w.length));
            w.upkeep.rebuild(log_, w.first);
        }
    }
    return taken;
}

template <class T>
std::size_t RollingWindows<T>::heap_bytes() const {
    std::size_t bytes = windows_.capacity() * sizeof(Window) + log_.heap_bytes();
    for (const Window& w : windows_) {
        bytes += w.upkeep.heap_bytes();
    }
    return bytes;
}

/// A rolling window of one length.
/// `T` is the aggregator, `Length` a chrono duration type that converts to milliseconds.
template <class T, class Length = Duration>
class RollingWindow {
    static_assert(Aggregator<T>,
                  "RollingWindow<T, Length> needs an Aggregator T: value_type, add(x) or add(t, x), result()");
    static_assert(std::is_convertible_v<Length, Duration>,
                  "RollingWindow<T, Length> needs a chrono duration of whole milliseconds or coarser as Length");

public:
    using value_type = value_type_t<T>;

    /// Throws std::invalid_argument where `length` is not positive.
    explicit RollingWindow(Length length) : windows_{{Duration{length}}}, length_{length} {}

    /// Takes an event, advancing to it where it is later than now(). False, and no change, where it is too old:
    /// t <= now() - length().
    bool insert(Timestamp t, value_type value = {}) { return windows_.insert(t, std::move(value)); }

    /// Moves now() on; events leave. An earlier time than now() changes nothing. True where an event left.
    bool advance_to(Timestamp now) { return windows_.advance_to(now); }

    /// The aggregate's answer over (now() - length(), now()].
    [[nodiscard]] auto result() const { return windows_.result(0); }

    /// Event time as far as this window has come; Timestamp::min() before the first event.
    [[nodiscard]] Timestamp now() const noexcept { return windows_.now(); }
    [[nodiscard]] Length length() const noexcept { return length_; }
    [[nodiscard]] std::size_t size() const { return windows_.size(0); }
    [[nodiscard]] bool empty() const { return windows_.empty(0); }

    /// When the oldest event leaves; nothing where the window is empty.
    [[nodiscard]] std::optional<Timestamp> next_expiry() const { return windows_.next_expiry(); }

    /// Bytes on the heap, as requested from the allocator.
    [[nodiscard]] std::size_t heap_bytes() const { return windows_.heap_bytes(); }

private:
    RollingWindows<T> windows_;
    Length length_;
};

}  // namespace weir
