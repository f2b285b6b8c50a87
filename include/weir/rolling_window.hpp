// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// RollingWindow and RollingWindows: an aggregate over the last so much event time, exact at every moment.
//
// At time t a window of length L holds the events in (t - L, t]: an event exactly L old has left. Events may come in
// any order; one that is late but still inside is put where it belongs and the result is as if all had come in order.
//
// Costs: an event in order, its leaving and a query are amortized O(1) for aggregators that are Removable, Mergeable or
// select (Min, Max); a late event costs O(log events), one merge more for each event it overtook where the aggregator
// can only merge; an aggregator that can only add is recomputed when asked, O(events). Time that passes without events
// costs nothing. Memory: 4 bytes and the value for each event held and some 30 for each 32 of them, for Mergeable
// aggregators one aggregate more.
//
// An empty window answers what its aggregator answers before the first input. Not synchronized: one thread at a time.
//
//     weir::RollingWindow<weir::Mean<double>, std::chrono::minutes> price{5min};
//     price.insert(t, 42.99);     // false, and no change, where t <= now() - length
//     price.advance_to(now);      // events leave
//     if (auto mean = price.result()) { ... }

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
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
/// aggregate for each length. `Count` is their number, where it is known when the program is compiled.
template <class T, std::size_t Count = std::dynamic_extent>
class RollingWindows {
    static_assert(Aggregator<T>, "RollingWindows<T> needs an Aggregator T: value_type, add(x) or add(t, x), result()");

public:
    using value_type = value_type_t<T>;

    /// Windows of `lengths`, in this order. Events stay known for `keep` longer than the longest length: for
    /// `latest()`, and as history for an Expiring aggregator.
    /// Throws std::invalid_argument where there is no length or not `Count` of them, one is not positive, or `keep` is
    /// negative.
    explicit RollingWindows(const std::vector<Duration>& lengths, Duration keep = Duration::zero());

    /// A copy is a window of its own. O(events).
    RollingWindows(const RollingWindows& other);
    RollingWindows(RollingWindows&&) noexcept = default;
    RollingWindows& operator=(const RollingWindows& other) { return *this = RollingWindows(other); }
    RollingWindows& operator=(RollingWindows&&) noexcept = default;
    ~RollingWindows() = default;

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
        return detail::result_of<T>(w.upkeep, log_, w.inside);
    }

    /// The aggregate itself, for a Bundle the one of part `I`.
    template <std::size_t I>
    [[nodiscard]] decltype(auto) part(std::size_t window) const {
        const Window& w = windows_[window];
        if constexpr (detail::HasParts<T>) {
            return w.upkeep.template aggregate<I>(log_, w.inside);
        } else {
            static_assert(I == 0, "only a Bundle has several parts");
            return w.upkeep.aggregate(log_, w.inside);
        }
    }

    /// The number of events inside one window; for an Expiring aggregator of those that are kept.
    [[nodiscard]] std::size_t size(std::size_t window) const {
        return expiring ? log_.size() : windows_[window].inside.size;
    }
    [[nodiscard]] bool empty(std::size_t window) const { return size(window) == 0; }

    /// The number of events kept, and whether there are none, in any window or beyond.
    [[nodiscard]] std::size_t size() const noexcept { return log_.size(); }
    [[nodiscard]] bool empty() const noexcept { return log_.empty(); }

    /// The time of the latest event known, for an Expiring aggregator of the latest that counted, of one window.
    [[nodiscard]] std::optional<Timestamp> latest(std::size_t window) const;

    /// When the next event leaves a window or stops being kept; nothing where no event is kept. O(windows).
    [[nodiscard]] std::optional<Timestamp> next_expiry() const;

    /// Takes out the events that `take(time, value)` accepts and hands them in event-time order to
    /// `give(time, value)`, to keep. O(events).
    template <class Take, class Give>
    std::size_t extract_if(Take take, Give give);

    /// Bytes on the heap, as requested from the allocator. O(events / 32).
    [[nodiscard]] std::size_t heap_bytes() const;

private:
    using Log = detail::EventLog<value_type>;
    struct Window {
        Duration length{};
        detail::Range<Log> inside{};  // not of an Expiring aggregator, which is given all events
        detail::Upkeep<T> upkeep{};
    };
    static constexpr bool dynamic = Count == std::dynamic_extent;
    using Windows = std::conditional_t<dynamic, std::vector<Window>, std::array<Window, dynamic ? 0 : Count>>;

    static constexpr bool expiring = Expiring<T>;

    [[nodiscard]] Timestamp kept_after() const { return saturating_subtract(now_, kept_); }
    [[nodiscard]] auto each_held() {
        return [this](auto update) {
            for (Window& w : windows_) {
                update(w.inside.first);
            }
        };
    }

    Windows windows_{};
    Log log_;
    Duration kept_{};
    Timestamp now_ = Timestamp::min();
};

template <class T, std::size_t Count>
RollingWindows<T, Count>::RollingWindows(const std::vector<Duration>& lengths, Duration keep) {
    if (lengths.empty() || keep < Duration::zero() || (!dynamic && lengths.size() != Count)) {
        throw std::invalid_argument("weir::RollingWindows: wanted at least one length and keep >= 0");
    }
    if constexpr (dynamic) {
        windows_.resize(lengths.size());
    }
    Duration longest = Duration::zero();
    for (std::size_t i = 0; i != lengths.size(); ++i) {
        if (lengths[i] <= Duration::zero()) {
            throw std::invalid_argument("weir::RollingWindows: wanted a positive length, found " + label(lengths[i]));
        }
        windows_[i].length = lengths[i];
        longest = std::max(longest, lengths[i]);
    }
    kept_ = keep > Duration::max() - longest ? Duration::max() : longest + keep;
}

template <class T, std::size_t Count>
RollingWindows<T, Count>::RollingWindows(const RollingWindows& other)
    : windows_{other.windows_}, log_{other.log_}, kept_{other.kept_}, now_{other.now_} {
    for (Window& w : windows_) {
        if (w.inside.size != 0) {
            w.inside.first = log_.advance(log_.begin(), log_.size() - w.inside.size);
        }
    }
}

template <class T, std::size_t Count>
bool RollingWindows<T, Count>::insert(Timestamp t, value_type value) {
    if (t <= kept_after()) {
        return false;
    }
    if (t > now_) {
        advance_to(t);
        const auto position = log_.append(t, std::move(value), each_held());
        for (Window& w : windows_) {
            if (!expiring && w.inside.size++ == 0) {
                w.inside.first = position;
            }
            w.upkeep.insert(log_, w.inside, t, log_.back_value(), true);
        }
        return true;
    }
    const auto inserted = log_.insert(t, std::move(value), each_held());
    for (Window& w : windows_) {
        if constexpr (expiring) {
            w.upkeep.insert(log_, w.inside, t, log_.value(inserted.position), inserted.last);
        } else if (t > saturating_subtract(now_, w.length)) {
            if (w.inside.size++ == 0 || inserted.position < w.inside.first) {
                w.inside.first = inserted.position;
            }
            if (inserted.precedes_equal_time) {
                w.upkeep.rebuild(log_, w.inside);  // aggregators take equal times in order of arrival
            } else {
                w.upkeep.insert(log_, w.inside, t, log_.value(inserted.position), inserted.last);
            }
        }
    }
    return true;
}

template <class T, std::size_t Count>
bool RollingWindows<T, Count>::advance_to(Timestamp now) {
    if (now <= now_) {
        return false;
    }
    now_ = now;
    if (!expiring && log_.empty()) {  // an aggregator that expires needs to know how far it is
        return false;
    }
    bool changed = false;
    std::size_t dropped = 0;
    bool counted = false;  // what to drop
    for (Window& w : windows_) {
        const Timestamp horizon = saturating_subtract(now, w.length);
        if constexpr (expiring) {
            const auto next = w.upkeep.counted().next();
            changed = changed || (next && *next <= horizon);
            w.upkeep.expire(horizon);
        } else {
            std::size_t left = 0;
            if (w.inside.size != 0 && log_.time(w.inside.first) <= horizon) {
                detail::Range<Log> rest{};
                if (log_.back_time() > horizon) {
                    const auto passed = log_.pass(w.inside.first, horizon);
                    rest = {passed.position, w.inside.size - passed.count};
                }
                left = w.inside.size - rest.size;
                w.upkeep.evict(log_, w.inside, left, horizon);
                w.inside = rest;
                changed = true;
            }
            if (w.length == kept_) {
                dropped = left;
                counted = true;
            }
        }
    }
    if (!counted && !log_.empty()) {
        const Timestamp horizon = kept_after();
        if (log_.back_time() <= horizon) {
            dropped = log_.size();
        } else if (log_.front_time() <= horizon) {
            dropped = log_.pass(log_.begin(), horizon).count;
        }
    }
    if (dropped != 0) {
        log_.drop_front(dropped);
    }
    return changed;
}

template <class T, std::size_t Count>
std::optional<Timestamp> RollingWindows<T, Count>::latest(std::size_t window) const {
    if constexpr (expiring) {
        return windows_[window].upkeep.counted().latest();
    } else {
        return log_.empty() ? std::nullopt : std::optional{log_.back_time()};
    }
}

template <class T, std::size_t Count>
std::optional<Timestamp> RollingWindows<T, Count>::next_expiry() const {
    if (log_.empty()) {
        return std::nullopt;
    }
    Timestamp next = saturating_add(log_.front_time(), kept_);
    for (const Window& w : windows_) {
        if constexpr (expiring) {
            if (const auto counted = w.upkeep.counted().next()) {
                next = std::min(next, saturating_add(*counted, w.length));
            }
        } else if (w.inside.size != 0) {
            next = std::min(next, saturating_add(log_.time(w.inside.first), w.length));
        }
    }
    return next;
}

template <class T, std::size_t Count>
template <class Take, class Give>
std::size_t RollingWindows<T, Count>::extract_if(Take take, Give give) {
    const std::size_t taken = log_.extract_if(take, give);
    for (Window& w : windows_) {
        if constexpr (!expiring) {
            const Timestamp horizon = saturating_subtract(now_, w.length);
            w.inside = {};
            if (!log_.empty() && log_.back_time() > horizon) {
                const auto passed = log_.pass(log_.begin(), horizon);
                w.inside = {passed.position, log_.size() - passed.count};
            }
        }
        if (taken != 0) {
            w.upkeep.rebuild(log_, w.inside);
        }
    }
    return taken;
}

template <class T, std::size_t Count>
std::size_t RollingWindows<T, Count>::heap_bytes() const {
    std::size_t bytes = log_.heap_bytes();
    if constexpr (dynamic) {
        bytes += windows_.capacity() * sizeof(Window);
    }
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
    explicit RollingWindow(Length length) : windows_{std::vector<Duration>{length}} {}

    /// Takes an event, advancing to it where it is later than now(). False, and no change, where it is too old:
    /// t <= now() - length().
    bool insert(Timestamp t, value_type value = {}) { return windows_.insert(t, std::move(value)); }

    /// Moves now() on; events leave. An earlier time than now() changes nothing. True where an event left.
    bool advance_to(Timestamp now) { return windows_.advance_to(now); }

    /// The aggregate's answer over (now() - length(), now()].
    [[nodiscard]] auto result() const { return windows_.result(0); }

    /// Event time as far as this window has come; Timestamp::min() before the first event.
    [[nodiscard]] Timestamp now() const noexcept { return windows_.now(); }
    [[nodiscard]] Length length() const { return std::chrono::duration_cast<Length>(windows_.length(0)); }
    [[nodiscard]] std::size_t size() const { return windows_.size(0); }
    [[nodiscard]] bool empty() const { return windows_.empty(0); }

    /// When the oldest event leaves; nothing where the window is empty.
    [[nodiscard]] std::optional<Timestamp> next_expiry() const { return windows_.next_expiry(); }

    /// Bytes on the heap, as requested from the allocator.
    [[nodiscard]] std::size_t heap_bytes() const { return windows_.heap_bytes(); }

private:
    RollingWindows<T, 1> windows_;
};

}  // namespace weir
