// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// RollingWindow and RollingWindows: an aggregate over the last so much event time, exact at every moment.
//
// At time t a window of length L holds the events in (t - L, t]: an event exactly L old has left. Events may come in
// any order; one that is late but still inside is put where it belongs and the result is as if all had come in order.
//
// Costs: an event in order, its leaving and a query are amortized O(1) for aggregators that are Removable or Mergeable,
// and at worst O(128 + log events) beside memory that grows; a late event costs O(log events); an aggregator that can
// only add is recomputed when asked, O(events). Time that passes without events costs nothing. Memory: 4 bytes and the
// value for each event held and some 30 for each 128 of them; where the aggregator can be merged and not removed, an
// aggregate for each second event, 128 at most, and up to four for each 128 events.
//
// An empty window answers what its aggregator answers before the first input. Not synchronized: one thread at a time.
//
//     weir::RollingWindow<weir::Mean<double>, std::chrono::minutes> price{5min};
//     price.insert(t, 42.99);     // false, and no change, where t <= now() - length
//     price.advance_to(now);      // events leave
//     if (auto mean = price.result()) { ... }

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/box.hpp>
#include <weir/detail/event_log.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/upkeep.hpp>
#include <weir/time.hpp>

namespace weir {

namespace detail {

template <class T>
class KeepRollingWindows;

}  // namespace detail

/// Several rolling windows over the same events: the events are kept once, with one cursor and one running
/// aggregate for each length.
template <class T>
class RollingWindows {
    static_assert(Aggregator<T>, "RollingWindows<T> needs an Aggregator T: value_type, add(x) or add(t, x), result()");

public:
    using allocator_type = std::pmr::polymorphic_allocator<>;
    using value_type = value_type_t<T>;

    /// Windows of `lengths`, in this order. Events stay known for `keep` longer than the longest length: for
    /// `latest()`, and as history for an Expiring aggregator.
    /// Throws std::invalid_argument where there is no length, one is not positive, or `keep` is negative.
    explicit RollingWindows(const std::vector<Duration>& lengths, Duration keep = Duration::zero(),
                            const allocator_type& memory = {});
    RollingWindows(const std::vector<Duration>& lengths, const allocator_type& memory)
        : RollingWindows{lengths, Duration::zero(), memory} {}

    /// A copy is a window of its own. O(events).
    RollingWindows(const RollingWindows& other) : RollingWindows{other, allocator_type{}} {}
    RollingWindows(const RollingWindows& other, const allocator_type& memory);
    RollingWindows(RollingWindows&&) noexcept = default;
    RollingWindows(RollingWindows&& other, const allocator_type& memory);
    RollingWindows& operator=(const RollingWindows& other) {
        return detail::replace(*this, RollingWindows{other, get_allocator()});
    }
    RollingWindows& operator=(RollingWindows&& other) noexcept(false) {
        return detail::replace(*this, RollingWindows{std::move(other), get_allocator()});
    }
    ~RollingWindows() = default;

    /// Where the memory is from.
    [[nodiscard]] allocator_type get_allocator() const noexcept { return log_.memory(); }

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
        return w.upkeep ? detail::result_of<T>(*w.upkeep, log_, w.inside) : from_scratch(w).result();
    }

    /// The aggregate itself: gives what `f(part)` gives, where `part.template operator()<I>()` is the aggregate, of a
    /// Bundle that of part `I`.
    template <class F>
    decltype(auto) read(std::size_t window, F f) const {
        const Window& w = windows_[window];
        if (w.upkeep) {
            return f([&]<std::size_t I>() -> decltype(auto) {
                if constexpr (detail::HasParts<T>) {
                    return w.upkeep->template aggregate<I>(log_, w.inside);
                } else {
                    static_assert(I == 0, "only a Bundle has several parts");
                    return w.upkeep->aggregate(log_, w.inside);
                }
            });
        }
        const T whole = from_scratch(w);
        return f([&]<std::size_t I>() -> const auto& {
            if constexpr (detail::HasParts<T>) {
                return whole.template part<I>();
            } else {
                static_assert(I == 0, "only a Bundle has several parts");
                return whole;
            }
        });
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

    /// The time of the latest event kept, whether or not it counts in any window.
    [[nodiscard]] std::optional<Timestamp> latest() const {
        return log_.empty() ? std::nullopt : std::optional{log_.back_time()};
    }

    /// When the next event leaves a window or stops being kept; nothing where no event is kept. O(windows).
    [[nodiscard]] std::optional<Timestamp> next_expiry() const;

    /// Takes out the events that `take(time, value)` accepts and hands them in event-time order to
    /// `give(time, value)`, to keep. O(events).
    template <class Take, class Give>
    std::size_t extract_if(Take take, Give give);

    /// Bytes taken from there and not given back, without the window itself. O(events / 128), O(events) where they own
    /// memory.
    [[nodiscard]] std::size_t memory_in_use() const;

    static constexpr const char* snapshot_name = "RollingWindows";
    using snapshot_keeps = std::pair<value_type, typename detail::Upkeep<T>::snapshot_keeps>;
    template <class Writer>
    void save(Writer& out) const;
    template <class Reader>
    void load(Reader& in);

private:
    friend detail::KeepRollingWindows<T>;
    using Log = detail::EventLog<value_type>;
    static constexpr bool expiring = Expiring<T>;
    // So few events are looked through when asked, where an aggregate of them would be larger than they are.
    static constexpr std::size_t few = !expiring && sizeof(detail::Upkeep<T>) > 64 ? 16 : 0;
    struct Window {
        Duration length{};
        detail::Range<Log> inside{};  // not of an Expiring aggregator, which is given all events
        std::conditional_t<few != 0, detail::Box<detail::Upkeep<T>>, detail::InPlace<detail::Upkeep<T>>> upkeep;

        explicit Window(const detail::Memory& memory) : upkeep{make_upkeep(memory)} {}
        Window(const Window& other, const detail::Memory& memory)
            : length{other.length}, inside{other.inside}, upkeep{other.upkeep, memory} {}
        Window(Window&& other) noexcept = default;
        Window(Window&& other, const detail::Memory& memory)
            : length{other.length}, inside{other.inside}, upkeep{std::move(other.upkeep), memory} {}
        using allocator_type = detail::Memory;
        [[nodiscard]] std::size_t memory_in_use() const { return upkeep.memory_in_use(); }
        void begin_upkeep(const Log& log) { upkeep.emplace(log.memory()).rebuild(log, inside); }
        void end_upkeep([[maybe_unused]] const Log& log) {
            if constexpr (few != 0) {
                upkeep.reset();
            } else {
                upkeep.emplace(log.memory());
            }
        }
        [[nodiscard]] static auto make_upkeep([[maybe_unused]] const detail::Memory& memory) {
            if constexpr (few != 0) {
                return detail::Box<detail::Upkeep<T>>{};
            } else {
                return detail::InPlace<detail::Upkeep<T>>{memory};
            }
        }
    };

    [[nodiscard]] Timestamp horizon(Duration length) const { return saturating_subtract(now_, length); }
    [[gnu::noinline]] bool insert_late(Timestamp t, value_type value);
    // Tells a window of the youngest event of all, which the log has.
    void append(Window& w, Timestamp t, bool began_chunk) {
        if (!expiring && w.inside.size++ == 0) {
            w.inside.first = log_.back();
        }
        if (w.upkeep) {
            if (began_chunk) [[unlikely]] {
                w.upkeep->begin_chunk(log_, w.inside);
            }
            w.upkeep->append(t, log_.back_value(), log_.memory());
        } else if (w.inside.size > few) {
            w.begin_upkeep(log_);
        }
    }
    [[nodiscard]] T from_scratch(const Window& w) const {
        T whole = detail::make_in<T>(log_.memory());
        log_.for_each(w.inside.first, w.inside.size,
                      [&](Timestamp t, const auto& value) { detail::add(whole, t, value, log_.memory()); });
        return whole;
    }
    // In a log that was copied.
    void find_firsts();
    [[nodiscard]] auto each_held() {
        return [this](auto update) {
            for (Window& w : windows_) {
                update(w.inside.first);
            }
        };
    }

    detail::Array<Window> windows_;
    std::size_t longest_ = 0;
    Log log_;
    Duration kept_{};
    Timestamp now_ = Timestamp::min();
};

template <class T>
RollingWindows<T>::RollingWindows(const std::vector<Duration>& lengths, Duration keep, const allocator_type& memory)
    : windows_{memory}, log_{memory} {
    if (lengths.empty() || keep < Duration::zero()) {
        throw std::invalid_argument("weir::RollingWindows: wanted at least one length and keep >= 0");
    }
    windows_.resize(lengths.size());
    Duration longest = Duration::zero();
    for (std::size_t i = 0; i != lengths.size(); ++i) {
        if (lengths[i] <= Duration::zero()) {
            throw std::invalid_argument("weir::RollingWindows: wanted a positive length, found " + label(lengths[i]));
        }
        windows_[i].length = lengths[i];
        if (lengths[i] > longest) {
            longest = lengths[i];
            longest_ = i;
        }
    }
    kept_ = keep > Duration::max() - longest ? Duration::max() : longest + keep;
}

template <class T>
RollingWindows<T>::RollingWindows(const RollingWindows& other, const allocator_type& memory)
    : windows_{other.windows_, memory},
      longest_{other.longest_},
      log_{other.log_, memory},
      kept_{other.kept_},
      now_{other.now_} {
    find_firsts();
}

template <class T>
RollingWindows<T>::RollingWindows(RollingWindows&& other, const allocator_type& memory)
    : windows_{std::move(other.windows_), memory},
      longest_{other.longest_},
      log_{std::move(other.log_), memory},
      kept_{other.kept_},
      now_{other.now_} {
    if (!other.log_.empty()) {  // copied
        find_firsts();
    }
}

template <class T>
void RollingWindows<T>::find_firsts() {
    for (Window& w : windows_) {
        if (w.inside.size != 0) {
            w.inside.first = log_.begin();
            log_.skip(w.inside.first, log_.size() - w.inside.size);
        }
    }
}

template <class T>
bool RollingWindows<T>::insert(Timestamp t, value_type value) {
    if (t <= now_) {
        return insert_late(t, std::move(value));
    }
    advance_to(t);
    const bool began_chunk = log_.append(t, std::move(value), each_held());
    for (Window& w : windows_) {
        append(w, t, began_chunk);
    }
    return true;
}

template <class T>
bool RollingWindows<T>::insert_late(Timestamp t, value_type value) {
    if (t <= horizon(kept_)) {
        return false;
    }
    const auto inserted = log_.insert(t, std::move(value), each_held());
    for (Window& w : windows_) {
        const bool counts = expiring || t > horizon(w.length);
        if (counts && inserted.last) {
            append(w, t, inserted.fresh.has_value());
            continue;
        }
        if (counts && !expiring && (w.inside.size++ == 0 || inserted.position < w.inside.first)) {
            w.inside.first = inserted.position;
        }
        if (!w.upkeep) {
            if (w.inside.size > few) {
                w.begin_upkeep(log_);
            }
        } else if (counts && inserted.precedes_equal_time) {
            w.upkeep->rebuild(log_, w.inside);  // aggregators take equal times in order of arrival
        } else {
            w.upkeep->insert(t, log_.value(inserted.position), inserted, counts, log_, w.inside);
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
        if constexpr (expiring) {
            const auto next = w.upkeep->counted().next();
            changed = changed || (next && *next <= horizon(w.length));
            w.upkeep->expire(horizon(w.length));
        } else {
            if (w.inside.size == 0) {
                continue;
            }
            const Timestamp last = horizon(w.length);
            const std::size_t left = w.upkeep ? log_.pass(w.inside.first, last, detail::Evict{*w.upkeep, log_.memory()})
                                              : log_.pass(w.inside.first, last, detail::EvictNothing{});
            w.inside.size -= left;
            changed = changed || left != 0;
            if (w.inside.size <= few / 2) {
                w.end_upkeep(log_);
            } else if (w.upkeep && !w.upkeep->evicted(left)) {
                w.upkeep->settle(log_, w.inside);
            }
        }
    }
    if (const Window& longest = windows_[longest_]; longest.length == kept_ && longest.inside.size != 0) {
        log_.drop_before(longest.inside.first, longest.inside.size);
    } else if (!log_.empty()) {
        log_.drop_until(horizon(kept_), detail::EvictNothing{});
    }
    return changed;
}

template <class T>
std::optional<Timestamp> RollingWindows<T>::latest(std::size_t window) const {
    if constexpr (expiring) {
        return windows_[window].upkeep->counted().latest();
    } else {
        return log_.empty() ? std::nullopt : std::optional{log_.back_time()};
    }
}

template <class T>
std::optional<Timestamp> RollingWindows<T>::next_expiry() const {
    if (log_.empty()) {
        return std::nullopt;
    }
    Timestamp next = saturating_add(log_.front_time(), kept_);
    for (const Window& w : windows_) {
        if constexpr (expiring) {
            if (const auto counted = w.upkeep->counted().next()) {
                next = std::min(next, saturating_add(*counted, w.length));
            }
        } else if (w.inside.size != 0) {
            next = std::min(next, saturating_add(log_.time(w.inside.first), w.length));
        }
    }
    return next;
}

template <class T>
template <class Take, class Give>
std::size_t RollingWindows<T>::extract_if(Take take, Give give) {
    const std::size_t taken = log_.extract_if(take, give);
    for (Window& w : windows_) {
        if constexpr (!expiring) {
            w.inside = {};
            if (!log_.empty()) {
                w.inside = {log_.begin(), log_.size()};
                w.inside.size -= log_.pass(w.inside.first, horizon(w.length), detail::EvictNothing{});
            }
        }
        if (!expiring && w.inside.size <= few) {
            w.end_upkeep(log_);
        } else {
            if (!w.upkeep) {
                w.upkeep.emplace(log_.memory());
            }
            w.upkeep->rebuild(log_, w.inside);
        }
    }
    return taken;
}

template <class T>
std::size_t RollingWindows<T>::memory_in_use() const {
    return log_.memory_in_use() + windows_.memory_in_use();
}

template <class T>
template <class Writer>
void RollingWindows<T>::save(Writer& out) const {
    out.write(std::uint64_t{windows_.size()}, kept_, now_);
    log_.template save<detail::Upkeep<T>::needs_chunks>(out);
    for (const Window& w : windows_) {
        out.write(w.length, static_cast<bool>(w.upkeep));
        if (w.upkeep) {
            w.upkeep->save(out);
        }
    }
}

template <class T>
template <class Reader>
void RollingWindows<T>::load(Reader& in) {
    in.expect("lengths", std::uint64_t{windows_.size()});
    in.expect("events kept for", kept_);
    in.read(now_);
    log_.template load<detail::Upkeep<T>::needs_chunks>(in, horizon(kept_), now_);
    for (Window& w : windows_) {
        in.expect("a length of", w.length);
        w.inside = {};
        if (!expiring && !log_.empty()) {
            w.inside = {log_.begin(), log_.size()};
            w.inside.size -= log_.pass(w.inside.first, horizon(w.length), detail::EvictNothing{});
        }
        w.end_upkeep(log_);
        const bool kept = in.template read<bool>();
        in.require(few == 0 ? kept : kept ? w.inside.size > few / 2 : w.inside.size <= few, "an aggregate as needed");
        if (kept) {
            w.upkeep.emplace(log_.memory()).load(in, log_, w.inside);
        }
    }
}

/// A rolling window of one length. All events that it has are inside, so that it needs no cursor as RollingWindows do.
/// `T` is the aggregator, `Length` a chrono duration type that converts to milliseconds.
template <class T, class Length = Duration>
class RollingWindow {
    static_assert(Aggregator<T>,
                  "RollingWindow<T, Length> needs an Aggregator T: value_type, add(x) or add(t, x), result()");
    static_assert(std::is_convertible_v<Length, Duration>,
                  "RollingWindow<T, Length> needs a chrono duration of whole milliseconds or coarser as Length");

public:
    using value_type = value_type_t<T>;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    /// Throws std::invalid_argument where `length` is not positive.
    explicit RollingWindow(Length length, const allocator_type& memory = {})
        : length_{length}, log_{memory}, upkeep_{memory} {
        if (length <= Length::zero()) {
            throw std::invalid_argument("weir::RollingWindow: wanted a positive length, found " + label(length));
        }
    }

    /// A copy takes its memory from the default resource, where nothing else is said. O(events).
    RollingWindow(const RollingWindow& other) : RollingWindow{other, allocator_type{}} {}
    RollingWindow(const RollingWindow& other, const allocator_type& memory)
        : length_{other.length_}, now_{other.now_}, log_{other.log_, memory}, upkeep_{other.upkeep_, memory} {}
    RollingWindow(RollingWindow&&) noexcept = default;
    RollingWindow(RollingWindow&& other, const allocator_type& memory)
        : length_{other.length_},
          now_{other.now_},
          log_{std::move(other.log_), memory},
          upkeep_{std::move(other.upkeep_), memory} {}
    RollingWindow& operator=(const RollingWindow& other) {
        return detail::replace(*this, RollingWindow{other, get_allocator()});
    }
    RollingWindow& operator=(RollingWindow&& other) noexcept(false) {
        return detail::replace(*this, RollingWindow{std::move(other), get_allocator()});
    }
    ~RollingWindow() = default;

    /// Where the memory is from.
    [[nodiscard]] allocator_type get_allocator() const noexcept { return log_.memory(); }

    /// Takes an event, advancing to it where it is later than now(). False, and no change, where it is too old:
    /// t <= now() - length().
    bool insert(Timestamp t, value_type value = {}) {
        if (t <= now_) {
            return insert_late(t, std::move(value));
        }
        advance_to(t);
        if (log_.append(t, std::move(value), none_held)) [[unlikely]] {
            upkeep_.begin_chunk(log_, inside());
        }
        upkeep_.append(t, log_.back_value(), log_.memory());
        return true;
    }

    /// Moves now() on; events leave. An earlier time than now() changes nothing. True where an event left.
    bool advance_to(Timestamp now) {
        if (now <= now_) {
            return false;
        }
        now_ = now;
        if constexpr (expiring) {
            const auto next = upkeep_.counted().next();
            const bool changed = next && *next <= horizon();
            upkeep_.expire(horizon());
            if (!log_.empty()) {
                log_.drop_until(horizon(), detail::EvictNothing{});
            }
            return changed;
        } else {
            if (log_.empty()) {
                return false;
            }
            const Timestamp last = horizon();
            const std::size_t left = log_.drop_until(last, detail::Evict{upkeep_, log_.memory()});
            if (log_.empty()) {
                upkeep_.reset(log_.memory());
            } else if (!upkeep_.evicted(left)) {
                upkeep_.settle(log_, inside());
            }
            return left != 0;
        }
    }

    /// The aggregate's answer over (now() - length(), now()].
    [[nodiscard]] auto result() const { return detail::result_of<T>(upkeep_, log_, inside()); }

    /// Event time as far as this window has come; Timestamp::min() before the first event.
    [[nodiscard]] Timestamp now() const noexcept { return now_; }
    [[nodiscard]] Length length() const noexcept { return length_; }
    [[nodiscard]] std::size_t size() const noexcept { return log_.size(); }
    [[nodiscard]] bool empty() const noexcept { return log_.empty(); }

    /// When the oldest event leaves; nothing where the window is empty.
    [[nodiscard]] std::optional<Timestamp> next_expiry() const;

    /// Bytes taken from there and not given back, without the window itself. O(events / 128), O(events) where they own
    /// memory.
    [[nodiscard]] std::size_t memory_in_use() const { return log_.memory_in_use() + upkeep_.memory_in_use(); }

    static constexpr const char* snapshot_name = "RollingWindow";
    using snapshot_keeps = std::pair<value_type, typename detail::Upkeep<T>::snapshot_keeps>;
    template <class Writer>
    void save(Writer& out) const {
        out.write(Duration{length_}, now_);
        log_.template save<detail::Upkeep<T>::needs_chunks>(out);
        upkeep_.save(out);
    }
    template <class Reader>
    void load(Reader& in) {
        in.expect("a length of", Duration{length_});
        in.read(now_);
        log_.template load<detail::Upkeep<T>::needs_chunks>(in, horizon(), now_);
        upkeep_.reset(log_.memory());
        upkeep_.load(in, log_, inside());
    }

private:
    using Log = detail::EventLog<value_type>;
    static constexpr bool expiring = Expiring<T>;
    static constexpr auto none_held = [](auto /*update*/) {};

    [[nodiscard]] Timestamp horizon() const { return saturating_subtract(now_, length_); }
    [[nodiscard]] detail::Range<Log> inside() const {
        return log_.empty() ? detail::Range<Log>{} : detail::Range<Log>{log_.begin(), log_.size()};
    }
    [[gnu::noinline]] bool insert_late(Timestamp t, value_type value);

    Length length_;
    Timestamp now_ = Timestamp::min();
    Log log_;
    detail::Upkeep<T> upkeep_;
};

template <class T, class Length>
bool RollingWindow<T, Length>::insert_late(Timestamp t, value_type value) {
    if (t <= horizon()) {
        return false;
    }
    const auto inserted = log_.insert(t, std::move(value), none_held);
    if (inserted.last) {
        if (inserted.fresh) {
            upkeep_.begin_chunk(log_, inside());
        }
        upkeep_.append(t, log_.back_value(), log_.memory());
    } else if (!expiring && inserted.precedes_equal_time) {
        upkeep_.rebuild(log_, inside());  // aggregators take equal times in order of arrival
    } else {
        upkeep_.insert(t, log_.value(inserted.position), inserted, true, log_, inside());
    }
    return true;
}

template <class T, class Length>
std::optional<Timestamp> RollingWindow<T, Length>::next_expiry() const {
    if (log_.empty()) {
        return std::nullopt;
    }
    const Timestamp next = saturating_add(log_.front_time(), Duration{length_});
    if constexpr (expiring) {
        if (const auto counted = upkeep_.counted().next()) {
            return std::min(next, saturating_add(*counted, Duration{length_}));
        }
    }
    return next;
}

}  // namespace weir
