// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SessionWindow: the sessions of one key. Two events at most a gap apart belong to one session.
//
// Sessions open, extend, are bridged into one by an event that falls between them, and close when event time has
// passed last event + gap (+ lateness); each is handed over exactly once. An event that belongs to a session already
// closed, or whose own session would be closed, is late: reported, never dropped in silence.
//
// Costs: O(log open sessions) an event, one merge for a bridge; no event is kept. Memory: the aggregate of each open
// session. An aggregate must be Mergeable. Not synchronized: one thread at a time.
//
//     weir::SessionWindow<std::chrono::minutes, weir::Count> visits{30min};
//     if (visits.insert(t) == weir::SessionInsert::late) { ... }
//     visits.advance_to(watermark, [](const auto& session) { save(session.first, session.last, session.aggregate); });

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/memory.hpp>
#include <weir/time.hpp>

namespace weir {

enum class SessionInsert : std::uint8_t {
    opened,    // a session of its own
    extended,  // joined one
    bridged,   // joined two into one
    late,      // belongs to a session that is closed; nothing changed
};

/// One session: [first, last] are the times of its first and last event.
template <class T>
struct Session {
    Timestamp first;
    Timestamp last;
    std::size_t size = 0;  // events
    T aggregate{};

    /// A copy with its memory from there, and how much that is.
    [[nodiscard]] Session copy_in(const std::pmr::polymorphic_allocator<>& memory) const {
        return Session{first, last, size, detail::copy_in(memory, aggregate)};
    }
    [[nodiscard]] std::size_t memory_in_use() const requires detail::may_own_bytes<T> {
        return detail::owned_bytes(aggregate);
    }

    template <class Writer>
    void save(Writer& out) const {
        out.write(first, last, std::uint64_t{size}, aggregate);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(first, last);
        size = static_cast<std::size_t>(in.template read<std::uint64_t>());
        in.read(aggregate);
        in.require(first <= last && size != 0, "a session with events, the first before the last");
    }
};

template <class Gap, class T>
class SessionWindow {
    static_assert(std::is_convertible_v<Gap, Duration>,
                  "SessionWindow<Gap, T> needs a chrono duration of whole milliseconds or coarser as Gap");
    static_assert(Mergeable<T>, "SessionWindow<Gap, T> needs a Mergeable T: bridging two sessions calls a.merge(b)");

public:
    using value_type = value_type_t<T>;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    /// `lateness`: how much longer than the gap a session is held open for events that come out of order.
    /// Throws std::invalid_argument where the gap is not positive or the lateness negative.
    explicit SessionWindow(Gap gap, Duration lateness = Duration::zero(), const allocator_type& memory = {})
        : open_{memory}, gap_{gap}, lateness_{lateness} {
        if (Duration{gap} <= Duration::zero() || lateness < Duration::zero()) {
            throw std::invalid_argument("weir::SessionWindow: wanted gap > 0 and lateness >= 0");
        }
    }

    SessionWindow(Gap gap, const allocator_type& memory) : SessionWindow{gap, Duration::zero(), memory} {}

    /// A copy takes its memory from the default resource, where nothing else is said. O(sessions).
    SessionWindow(const SessionWindow& other) : SessionWindow{other, allocator_type{}} {}
    SessionWindow(const SessionWindow& other, const allocator_type& memory)
        : open_{other.open_, memory},
          gap_{other.gap_},
          lateness_{other.lateness_},
          now_{other.now_},
          closed_{other.closed_} {}
    SessionWindow(SessionWindow&&) noexcept = default;
    SessionWindow(SessionWindow&& other, const allocator_type& memory)
        : open_{std::move(other.open_), memory},
          gap_{other.gap_},
          lateness_{other.lateness_},
          now_{other.now_},
          closed_{other.closed_} {}
    SessionWindow& operator=(const SessionWindow& other) {
        return detail::replace(*this, SessionWindow{other, get_allocator()});
    }
    SessionWindow& operator=(SessionWindow&& other) noexcept(false) {
        return detail::replace(*this, SessionWindow{std::move(other), get_allocator()});
    }
    ~SessionWindow() = default;

    /// Where the memory is from.
    [[nodiscard]] allocator_type get_allocator() const noexcept { return open_.get_allocator(); }

    /// Takes an event. `x` is the aggregate's value_type or, for one that takes any input, whatever it takes.
    template <class X = value_type>
    SessionInsert insert(Timestamp t, const X& x = {});

    /// Moves event time on and hands each session that closes to `on_close(const Session<T>&)`, oldest first.
    /// An earlier time than now() changes nothing.
    template <class F>
    void advance_to(Timestamp now, F on_close);

    /// The open sessions, oldest first.
    [[nodiscard]] const auto& sessions() const noexcept { return open_; }
    [[nodiscard]] Timestamp now() const noexcept { return now_; }
    [[nodiscard]] Gap gap() const noexcept { return gap_; }

    /// No session is open.
    [[nodiscard]] bool empty() const noexcept { return open_.empty(); }

    /// No session is open and the last closed one makes no event late any more that is not late by itself.
    [[nodiscard]] bool forgettable() const { return open_.empty() && (!closed_ || now_ > remembered_until()); }

    /// The earliest time at which a session closes or the window becomes forgettable.
    [[nodiscard]] std::optional<Timestamp> next_due() const {
        constexpr Duration past{1};
        if (!open_.empty()) {
            return saturating_add(closes_after(open_.front().last), past);
        }
        return closed_ ? std::optional{saturating_add(remembered_until(), past)} : std::nullopt;
    }

    /// Bytes taken from there and not given back, without the window itself. O(sessions).
    [[nodiscard]] std::size_t memory_in_use() const { return open_.memory_in_use(); }

    static constexpr const char* snapshot_name = "SessionWindow";
    template <class Writer>
    void save(Writer& out) const;
    template <class Reader>
    void load(Reader& in);

private:
    [[nodiscard]] Timestamp closes_after(Timestamp last) const {
        return saturating_add(saturating_add(last, gap_), lateness_);
    }
    [[nodiscard]] Timestamp remembered_until() const { return saturating_add(closes_after(*closed_), gap_); }

    detail::Array<Session<T>, 1> open_;  // oldest first, further than a gap apart
    Gap gap_;
    Duration lateness_;
    Timestamp now_ = Timestamp::min();
    std::optional<Timestamp> closed_;  // last event of the latest session closed
};

template <class Gap, class T>
template <class X>
SessionInsert SessionWindow<Gap, T>::insert(Timestamp t, const X& x) {
    std::pmr::memory_resource* const memory = get_allocator().resource();
    // The first session that does not end before t's reach.
    const Timestamp reach = saturating_subtract(t, gap_);
    auto at = open_.end();
    while (at != open_.begin() && std::prev(at)->last >= reach) {
        --at;
    }
    const Timestamp end = saturating_add(t, gap_);
    if (at == open_.end() || at->first > end) {
        if ((closed_ && t <= saturating_add(*closed_, gap_)) || closes_after(t) < now_) {
            return SessionInsert::late;
        }
        at = open_.insert(at, Session<T>{t, t, 1, detail::make_in<T>(get_allocator())});
        detail::add(at->aggregate, t, x, memory);
        return SessionInsert::opened;
    }
    at->first = std::min(at->first, t);
    at->last = std::max(at->last, t);
    ++at->size;
    detail::add(at->aggregate, t, x, memory);
    const auto next = std::next(at);
    if (next == open_.end() || next->first > end) {
        return SessionInsert::extended;
    }
    at->last = next->last;
    at->size += next->size;
    detail::merge(at->aggregate, next->aggregate, memory);
    open_.erase(next);
    return SessionInsert::bridged;
}

template <class Gap, class T>
template <class F>
void SessionWindow<Gap, T>::advance_to(Timestamp now, F on_close) {
    if (now <= now_) {
        return;
    }
    now_ = now;
    auto end = open_.begin();
    for (; end != open_.end() && closes_after(end->last) < now; ++end) {
        closed_ = end->last;
        on_close(std::as_const(*end));
    }
    open_.erase(open_.begin(), end);
}

template <class Gap, class T>
template <class Writer>
void SessionWindow<Gap, T>::save(Writer& out) const {
    out.write(Duration{gap_}, lateness_, now_, closed_);
    out.write_count(open_.size());
    out.write_all(open_.data(), open_.size());
}

template <class Gap, class T>
template <class Reader>
void SessionWindow<Gap, T>::load(Reader& in) {
    in.expect("a gap of", Duration{gap_});
    in.expect("a lateness of", lateness_);
    in.read(now_, closed_);
    open_.clear();
    for (auto left = in.template read_count<Session<T>>(); left != 0; --left) {
        Session<T> session{{}, {}, 0, detail::make_in<T>(get_allocator())};
        in.read(session);
        in.require(open_.empty() || session.first > saturating_add(open_.back().last, gap_),
                   "sessions in order and further apart than the gap");
        open_.push_back(std::move(session));
    }
}

}  // namespace weir
