// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Upkeep<A>: how a window keeps the aggregate of a range of its log, chosen by what A can do.
//
//   Expiring    told the horizon; replays the log after a late event
//   Removable   SubtractOnEvict, O(1) adds and removes an event
//   Selective   MonotonicQueue, amortized O(1) an event in order, O(log n) at worst, holds those that may yet be chosen
//   Mergeable   MergeInStacks, amortized O(1) merges an event
//   otherwise   Recompute, O(events) a query
//   Bundle      each part by what suits it
//
// The monotonic queue is folklore; Lemire: Streaming Maximum-Minimum Filter Using No
// More than Three Comparisons per Element (Nordic Journal of Computing 13, 2006) measures it.
//
// An upkeep is told of every event that joins its range (`insert`) and of every one that leaves it (`evict`), after
// which it hears how many those were and until when (`evicted`); where all left it is made anew. The youngest of all is
// always taken at once. Where `insert` or `evicted` are false the caller has to `settle` it once the log and the range
// are as they should be.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/event_log.hpp>
#include <weir/detail/owned_bytes.hpp>
#include <weir/detail/ring.hpp>
#include <weir/detail/two_stacks.hpp>
#include <weir/time.hpp>

namespace weir::detail {

/// Events of a log: `size` of them from `first` on.
template <class Log>
struct Range {
    typename Log::Position first{};
    std::size_t size = 0;
};

template <class A>
concept HasParts = requires {
    typename A::parts;
};

/// What a log calls on the events that leave.
template <class U>
struct Evict {
    U& upkeep;

    explicit Evict(U& told) : upkeep{told} {}

    template <class V>
    void operator()(Timestamp t, const V& value) const {
        upkeep.evict(t, value);
    }
    template <class V>
    void operator()(const V& value, bool leaves) const requires(U::can_evict_if) {
        upkeep.evict_if(value, leaves);
    }
};
struct EvictNothing {
    template <class V>
    void operator()(Timestamp /*t*/, const V& /*value*/) const {}
    template <class V>
    void operator()(const V& /*value*/, bool /*leaves*/) const {}
};

template <class A>
class SubtractOnEvict {
public:
    template <class V>
    bool insert(Timestamp t, const V& value, bool /*last*/) {
        add(aggregate_, t, value);
        return true;
    }
    template <class V>
    void evict(Timestamp t, const V& value) {
        remove(aggregate_, t, value);
    }
    static constexpr bool can_evict_if = requires(A a, const value_type_t<A>& x) { a.remove_if(x, true); };
    template <class V>
    void evict_if(const V& value, bool leaves) {
        aggregate_.remove_if(value, leaves);
    }
    bool evicted(std::size_t /*count*/, Timestamp /*horizon*/) { return true; }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& range) {
        aggregate_ = A{};
        log.for_each(range.first, range.size, [this](Timestamp t, const auto& value) { add(aggregate_, t, value); });
    }
    template <class Log>
    void settle(const Log& /*log*/, const Range<Log>& /*range*/) {}
    template <class Log>
    [[nodiscard]] const A& aggregate(const Log& /*log*/, const Range<Log>& /*range*/) const {
        return aggregate_;
    }
    [[nodiscard]] std::size_t heap_bytes() const { return owned_bytes(aggregate_); }

private:
    A aggregate_{};
};

/// A, or what is inside its shells.
template <class A>
struct Innermost {
    using type = A;
    static A wrap(A inner) { return inner; }
    template <class X, class To>
    static void pass(const X& x, To to) {
        to(x);
    }
};
template <class A>
requires requires { typename A::inner_type; }
struct Innermost<A> {
    using type = typename Innermost<typename A::inner_type>::type;
    static A wrap(type inner) { return A::holding(Innermost<typename A::inner_type>::wrap(std::move(inner))); }
    template <class X, class To>
    static void pass(const X& x, To to) {
        A::pass(x, [&](const auto& y) { Innermost<typename A::inner_type>::pass(y, to); });
    }
};

/// One input decides the result: of those that `count` the one than which none is `better`. `selections` are what such
/// an aggregator, or a pair of them, chooses by.
template <class S, class T>
concept Selection = requires(const T& x) {
    { S::counts(x) } -> std::convertible_to<bool>;
    { S::better(x, x) } -> std::convertible_to<bool>;
};
template <class A>
concept Selective = requires {
    typename Innermost<A>::type::selections;
};

/// The inputs that may yet be chosen by one selection, in event-time order, each better than all after it.
template <class S, class T>
class Candidates {
    static_assert(Selection<S, T>);

public:
    void insert(Timestamp t, const T& x) {
        if (!S::counts(x)) {
            return;
        }
        std::uint32_t i = items_.size();
        if (i != 0 && items_.back().time > t) {
            i = after(t);
            if (!S::better(x, items_[i].value)) {
                return;
            }
        }
        if (const std::uint32_t first = outlived_before(i, x); first != i) {
            items_[first] = Item{t, x};
            items_.erase(first + 1, i);
        } else {
            items_.insert(i, Item{t, x});
        }
    }
    void expire(Timestamp horizon) {
        while (!items_.empty() && items_.front().time <= horizon) {
            items_.pop_front();
        }
    }
    void clear() { items_.clear(); }
    [[nodiscard]] const T* best() const { return items_.empty() ? nullptr : &items_.front().value; }
    [[nodiscard]] std::size_t heap_bytes() const { return items_.heap_bytes(); }

private:
    struct Item {
        Timestamp time;
        T value;
    };

    [[nodiscard]] std::uint32_t after(Timestamp t) const {
        std::uint32_t first = 0;
        std::uint32_t last = items_.size();
        while (first != last) {
            const std::uint32_t middle = first + (last - first) / 2;
            if (items_[middle].time <= t) {
                first = middle + 1;
            } else {
                last = middle;
            }
        }
        return first;
    }
    // The first of those before `i` that can never be chosen again, now that x is here: all from there on are such.
    // Gallops, so that no step is O(n).
    [[nodiscard]] std::uint32_t outlived_before(std::uint32_t i, const T& x) const {
        std::uint32_t step = 1;
        while (step <= i && !S::better(items_[i - step].value, x)) {
            i -= step;
            step *= 2;
        }
        for (step /= 2; step != 0; step /= 2) {
            if (step <= i && !S::better(items_[i - step].value, x)) {
                i -= step;
            }
        }
        return i;
    }

    Ring<Item> items_;
};

template <class A>
class MonotonicQueue {
    using Inner = Innermost<A>;
    using Chooser = typename Inner::type;
    using T = value_type_t<Chooser>;

public:
    template <class V>
    bool insert(Timestamp t, const V& value, bool /*last*/) {
        Inner::pass(value,
                    [&](const T& x) { std::apply([&](auto&... queue) { (queue.insert(t, x), ...); }, queues_); });
        return true;
    }
    template <class V>
    void evict(Timestamp /*t*/, const V& /*value*/) {}
    static constexpr bool can_evict_if = true;
    template <class V>
    void evict_if(const V& /*value*/, bool /*leaves*/) {}
    bool evicted(std::size_t /*count*/, Timestamp horizon) {
        std::apply([&](auto&... queue) { (queue.expire(horizon), ...); }, queues_);
        return true;
    }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& range) {
        std::apply([](auto&... queue) { (queue.clear(), ...); }, queues_);
        log.for_each(range.first, range.size, [this](Timestamp t, const auto& value) { this->insert(t, value, true); });
    }
    template <class Log>
    void settle(const Log& /*log*/, const Range<Log>& /*range*/) {}
    template <class Log>
    [[nodiscard]] A aggregate(const Log& /*log*/, const Range<Log>& /*range*/) const {
        Chooser chosen{};
        std::apply([&](const auto&... queue) { ((queue.best() != nullptr ? chosen.add(*queue.best()) : void()), ...); },
                   queues_);
        return Inner::wrap(std::move(chosen));
    }
    [[nodiscard]] std::size_t heap_bytes() const {
        return std::apply([](const auto&... queue) { return (std::size_t{0} + ... + queue.heap_bytes()); }, queues_);
    }

private:
    template <class>
    struct QueuesOf;
    template <class... S>
    struct QueuesOf<std::tuple<S...>> {
        using type = std::tuple<Candidates<S, T>...>;
    };
    typename QueuesOf<typename Chooser::selections>::type queues_;
};

/// Events that are late by no more than what was seen so far stay in the back, so that they find it open.
template <class A>
class MergeInStacks {
public:
    template <class V>
    bool insert(Timestamp t, const V& value, bool last) {
        if (last || stacks_.front.empty() || t >= youngest_of_front_) {
            add(stacks_.back, t, value);
            return true;
        }
        oldest_late_ = stale_ ? std::min(oldest_late_, t) : t;
        stale_ = true;
        return false;
    }
    template <class V>
    void evict(Timestamp /*t*/, const V& /*value*/) {}
    static constexpr bool can_evict_if = true;
    template <class V>
    void evict_if(const V& /*value*/, bool /*leaves*/) {}
    bool evicted(std::size_t count, Timestamp /*horizon*/) {
        if (count <= stacks_.front.size()) {
            stacks_.drop(count);
            return true;
        }
        stale_ = true;
        oldest_late_ = Timestamp::max();
        return false;
    }
    template <class Log>
    void settle(const Log& log, const Range<Log>& range) {
        if (stale_) {
            lateness_ = std::max(lateness_, log.back_time() - std::min(oldest_late_, log.back_time()));
            rebuild(log, range);
        }
    }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& range) {
        stale_ = false;
        stacks_.clear();
        if (range.size == 0) {
            stacks_.front.shrink_to_fit();
            return;
        }
        std::size_t behind = 0;  // of the youngest, so many are for the back
        if (lateness_ > Duration::zero()) {
            auto young = range.first;
            const std::size_t old = log.pass(young, saturating_subtract(log.back_time(), lateness_), EvictNothing{});
            if (old >= range.size / 2) {
                behind = range.size - old;
                log.for_each(young, behind, [this](Timestamp t, const auto& value) { add(stacks_.back, t, value); });
            }
        }
        log.for_each_reversed(range.size, [&](Timestamp t, const auto& value) {
            if (behind != 0) {
                --behind;
                return;
            }
            if (stacks_.front.empty()) {
                youngest_of_front_ = t;
            }
            A one{};
            add(one, t, value);
            stacks_.push_older(std::move(one));
        });
    }
    template <class Log>
    [[nodiscard]] A aggregate(const Log& /*log*/, const Range<Log>& /*range*/) const {
        return stacks_.aggregate();
    }
    [[nodiscard]] std::size_t heap_bytes() const { return stacks_.heap_bytes(); }

private:
    TwoStacks<A> stacks_;
    bool stale_ = false;
    Timestamp youngest_of_front_{};
    Timestamp oldest_late_{};
    Duration lateness_{};  // the greatest seen of an event that the front had covered
};

template <class A>
class Recompute {
public:
    template <class V>
    bool insert(Timestamp, const V&, bool) {
        return true;
    }
    template <class V>
    void evict(Timestamp, const V&) {}
    static constexpr bool can_evict_if = true;
    template <class V>
    void evict_if(const V& /*value*/, bool /*leaves*/) {}
    bool evicted(std::size_t, Timestamp) { return true; }
    template <class Log>
    void rebuild(const Log&, const Range<Log>&) {}
    template <class Log>
    void settle(const Log&, const Range<Log>&) {}
    template <class Log>
    [[nodiscard]] A aggregate(const Log& log, const Range<Log>& range) const {
        A whole{};
        log.for_each(range.first, range.size, [&](Timestamp t, const auto& value) { add(whole, t, value); });
        return whole;
    }
    [[nodiscard]] std::size_t heap_bytes() const { return 0; }
};

/// Fed with the whole log, history included, in order; told what no longer counts.
template <class A>
class Expire {
public:
    template <class V>
    bool insert(Timestamp t, const V& value, bool last) {
        if (last) {
            add(aggregate_, t, value);
            expire(horizon_);
        }
        return last;
    }
    template <class Log>
    void settle(const Log& log, const Range<Log>& range) {
        rebuild(log, range);
    }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& /*range*/) {
        aggregate_ = A{};
        log.for_each([this](Timestamp t, const auto& value) { add(aggregate_, t, value); });
        expire(horizon_);
    }
    void expire(Timestamp horizon) {
        horizon_ = horizon;
        aggregate_.expire(horizon);
    }
    template <class Log>
    [[nodiscard]] const A& aggregate(const Log& /*log*/, const Range<Log>& /*range*/) const {
        return aggregate_;
    }
    [[nodiscard]] const A& counted() const { return aggregate_; }
    [[nodiscard]] std::size_t heap_bytes() const { return owned_bytes(aggregate_); }

private:
    A aggregate_{};
    Timestamp horizon_ = Timestamp::min();
};

template <class Parts>
class Each;

template <class A>
struct ChooseUpkeep {
    static_assert(Aggregator<A>, "a window needs an Aggregator: value_type, add(x) or add(t, x), result()");
    static constexpr auto choose() {
        if constexpr (HasParts<A>) {
            return std::type_identity<Each<typename A::parts>>{};
        } else if constexpr (Expiring<A>) {
            return std::type_identity<Expire<A>>{};
        } else if constexpr (OrderDependent<A>) {
            return std::type_identity<Recompute<A>>{};
        } else if constexpr (Removable<A>) {
            return std::type_identity<SubtractOnEvict<A>>{};
        } else if constexpr (Selective<A>) {
            return std::type_identity<MonotonicQueue<A>>{};
        } else if constexpr (Mergeable<A>) {
            return std::type_identity<MergeInStacks<A>>{};
        } else {
            return std::type_identity<Recompute<A>>{};
        }
    }
    using type = typename decltype(choose())::type;
};

template <class A>
using Upkeep = typename ChooseUpkeep<A>::type;

/// A bundle: each of its parts by what suits it.
template <class... As>
class Each<std::tuple<As...>> {
    static_assert(!(Expiring<As> || ...),
                  "an Expiring aggregator cannot be part of a Bundle: give it a window of its own");

public:
    template <class V>
    bool insert(Timestamp t, const V& value, bool last) {
        bool settled = true;
        std::apply([&](auto&... part) { ((settled = part.insert(t, value, last) && settled), ...); }, parts_);
        return settled;
    }
    template <class V>
    void evict(Timestamp t, const V& value) {
        std::apply([&](auto&... part) { (part.evict(t, value), ...); }, parts_);
    }
    static constexpr bool can_evict_if = (Upkeep<As>::can_evict_if && ...);
    template <class V>
    void evict_if(const V& value, bool leaves) {
        std::apply([&](auto&... part) { (part.evict_if(value, leaves), ...); }, parts_);
    }
    bool evicted(std::size_t count, Timestamp horizon) {
        bool settled = true;
        std::apply([&](auto&... part) { ((settled = part.evicted(count, horizon) && settled), ...); }, parts_);
        return settled;
    }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& range) {
        std::apply([&](auto&... part) { (part.rebuild(log, range), ...); }, parts_);
    }
    template <class Log>
    void settle(const Log& log, const Range<Log>& range) {
        std::apply([&](auto&... part) { (part.settle(log, range), ...); }, parts_);
    }
    /// The aggregate of part `I`.
    template <std::size_t I, class Log>
    [[nodiscard]] decltype(auto) aggregate(const Log& log, const Range<Log>& range) const {
        return std::get<I>(parts_).aggregate(log, range);
    }
    [[nodiscard]] std::size_t heap_bytes() const {
        return std::apply([](const auto&... part) { return (std::size_t{0} + ... + part.heap_bytes()); }, parts_);
    }

private:
    std::tuple<Upkeep<As>...> parts_;
};

/// What `A::result()` would be over the range.
template <class A, class Log>
[[nodiscard]] auto result_of(const Upkeep<A>& upkeep, const Log& log, const Range<Log>& range) {
    if constexpr (HasParts<A>) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return result_type_t<A>{upkeep.template aggregate<I>(log, range).result()...};
        }
        (std::make_index_sequence<std::tuple_size_v<typename A::parts>>{});
    } else {
        return upkeep.aggregate(log, range).result();
    }
}

}  // namespace weir::detail
