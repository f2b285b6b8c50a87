// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Upkeep<A>: how a window keeps the aggregate of a range [first, log.size()) of its log, chosen by what A can do.
//
//   Expiring    told the horizon; replays the log after a late event
//   Removable   SubtractOnEvict, O(1) adds and removes an event
//   Mergeable   TwoStacks, amortized O(1) merges an event
//   otherwise   Recompute, O(events) a query
//   Bundle      each part by what suits it
//
// Two stacks: Tangwongsan, Hirzel, Schneider: Low-Latency Sliding-Window Aggregation in Worst-Case Constant
// Time (DEBS 2017), section 3.

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/detail/event_log.hpp>

namespace weir::detail {

template <class A>
concept HasParts = requires {
    typename A::parts;
};

template <class A>
[[nodiscard]] std::size_t heap_bytes_of(const A& a) {
    if constexpr (requires { a.heap_bytes(); }) {
        return a.heap_bytes();
    } else {
        return 0;
    }
}

template <class A>
class SubtractOnEvict {
public:
    template <class Log>
    void insert(const Log& log, std::size_t /*first*/, std::size_t i) {
        add(aggregate_, log[i].time, log[i].value);
    }
    template <class Log>
    void evict(const Log& log, std::size_t first, std::size_t count) {
        for (std::size_t i = first; i != first + count; ++i) {
            remove(aggregate_, log[i].time, log[i].value);
        }
    }
    template <class Log>
    void rebuild(const Log& log, std::size_t first) {
        aggregate_ = A{};
        for (std::size_t i = first; i != log.size(); ++i) {
            add(aggregate_, log[i].time, log[i].value);
        }
    }
    template <class Log>
    [[nodiscard]] const A& aggregate(const Log& /*log*/, std::size_t /*first*/) const {
        return aggregate_;
    }
    [[nodiscard]] std::size_t heap_bytes() const { return heap_bytes_of(aggregate_); }

private:
    A aggregate_{};
};

template <class A>
class TwoStacks {
public:
    template <class Log>
    void insert(const Log& log, std::size_t first, std::size_t i) {
        const auto& [time, value] = log[i];
        const std::size_t depth = i - first;  // entries of the range that are older
        if (depth >= front_.size()) {
            add(back_, time, value);
            return;
        }
        // front_[k] covers the k + 1 youngest entries of the front; those that reach back to i take it too.
        const std::size_t k = front_.size() - depth;
        A covering = k == 0 ? A{} : front_[k - 1];
        add(covering, time, value);
        front_.insert(front_.begin() + static_cast<std::ptrdiff_t>(k), std::move(covering));
        for (std::size_t j = k + 1; j != front_.size(); ++j) {
            add(front_[j], time, value);
        }
    }
    template <class Log>
    void evict(const Log& log, std::size_t first, std::size_t count) {
        if (count <= front_.size()) {
            front_.resize(front_.size() - count);
        } else {
            rebuild(log, first + count);
        }
    }
    template <class Log>
    void rebuild(const Log& log, std::size_t first) {
        back_ = A{};
        front_.clear();
        if (first == log.size()) {
            front_.shrink_to_fit();
            return;
        }
        A suffix{};
        for (std::size_t i = log.size(); i != first; --i) {
            A one{};
            add(one, log[i - 1].time, log[i - 1].value);
            one.merge(suffix);
            suffix = one;
            front_.push_back(std::move(one));
        }
    }
    template <class Log>
    [[nodiscard]] A aggregate(const Log& /*log*/, std::size_t /*first*/) const {
        if (front_.empty()) {
            return back_;
        }
        A whole = front_.back();
        whole.merge(back_);
        return whole;
    }
    [[nodiscard]] std::size_t heap_bytes() const {
        std::size_t bytes = front_.capacity() * sizeof(A) + heap_bytes_of(back_);
        for (const A& a : front_) {
            bytes += heap_bytes_of(a);
        }
        return bytes;
    }

private:
    std::vector<A> front_;
    A back_{};
};

template <class A>
class Recompute {
public:
    template <class Log>
    void insert(const Log&, std::size_t, std::size_t) {}
    template <class Log>
    void evict(const Log&, std::size_t, std::size_t) {}
    template <class Log>
    void rebuild(const Log&, std::size_t) {}
    template <class Log>
    [[nodiscard]] A aggregate(const Log& log, std::size_t first) const {
        A whole{};
        for (std::size_t i = first; i != log.size(); ++i) {
            add(whole, log[i].time, log[i].value);
        }
        return whole;
    }
    [[nodiscard]] std::size_t heap_bytes() const { return 0; }
};

/// Fed with the whole log, history included, in order; told what no longer counts.
template <class A>
class Expire {
public:
    template <class Log>
    void insert(const Log& log, std::size_t first, std::size_t i) {
        if (i + 1 == log.size()) {
            add(aggregate_, log[i].time, log[i].value);
            expire(horizon_);
        } else {
            rebuild(log, first);
        }
    }
    template <class Log>
    void evict(const Log&, std::size_t, std::size_t) {}
    template <class Log>
    void rebuild(const Log& log, std::size_t /*first*/) {
        aggregate_ = A{};
        for (std::size_t i = 0; i != log.size(); ++i) {
            add(aggregate_, log[i].time, log[i].value);
        }
        expire(horizon_);
    }
    void expire(Timestamp horizon) {
        horizon_ = horizon;
        aggregate_.expire(horizon);
    }
    template <class Log>
    [[nodiscard]] const A& aggregate(const Log& /*log*/, std::size_t /*first*/) const {
        return aggregate_;
    }
    [[nodiscard]] const A& counted() const { return aggregate_; }
    [[nodiscard]] std::size_t heap_bytes() const { return heap_bytes_of(aggregate_); }

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
        } else if constexpr (Mergeable<A>) {
            return std::type_identity<TwoStacks<A>>{};
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
    template <class Log>
    void insert(const Log& log, std::size_t first, std::size_t i) {
        std::apply([&](auto&... part) { (part.insert(log, first, i), ...); }, parts_);
    }
    template <class Log>
    void evict(const Log& log, std::size_t first, std::size_t count) {
        std::apply([&](auto&... part) { (part.evict(log, first, count), ...); }, parts_);
    }
    template <class Log>
    void rebuild(const Log& log, std::size_t first) {
        std::apply([&](auto&... part) { (part.rebuild(log, first), ...); }, parts_);
    }
    /// The aggregate of part `I`.
    template <std::size_t I, class Log>
    [[nodiscard]] decltype(auto) aggregate(const Log& log, std::size_t first) const {
        return std::get<I>(parts_).aggregate(log, first);
    }
    [[nodiscard]] std::size_t heap_bytes() const {
        return std::apply([](const auto&... part) { return (std::size_t{0} + ... + part.heap_bytes()); }, parts_);
    }

private:
    std::tuple<Upkeep<As>...> parts_;
};

/// What `A::result()` would be over the range.
template <class A, class Log>
[[nodiscard]] auto result_of(const Upkeep<A>& upkeep, const Log& log, std::size_t first) {
    if constexpr (HasParts<A>) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple{upkeep.template aggregate<I>(log, first).result()...};
        }
        (std::make_index_sequence<std::tuple_size_v<typename A::parts>>{});
    } else {
        decltype(auto) whole = upkeep.aggregate(log, first);
        return std::decay_t<decltype(whole.result())>(whole.result());
    }
}

}  // namespace weir::detail
