// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Upkeep<A>: how a window keeps the aggregate of a range of its log, chosen by what A can do.
//
//   Count       NumberOfEvents, nothing to do
//   Expiring    Expire, told the horizon; replays the log after a late event
//   Removable   SubtractOnEvict, O(1) adds and removes an event
//   Mergeable   MergeByChunks, amortized O(1) adds and merges an event, O(128 + log n) at worst
//   otherwise   Recompute, O(events) a query
//   Bundle      each part by what suits it; those that are merged as one
//
// An upkeep is told of every event that the log takes, once log and range are as they should be: `append` of the
// youngest of all, after `begin_chunk` where that is the first of its chunk, else `insert`, which also says whether it
// `counts`, being in the range. It is told of every event that leaves the range (`evict`), after which it hears how
// many those were (`evicted`), and where it says false wants to `settle` once the range is as it should be. Where all
// have left it is made anew.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/event_log.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/merge_by_chunks.hpp>
#include <weir/time.hpp>

namespace weir::detail {

template <class A>
concept HasParts = requires {
    typename A::parts;
};

/// What a log calls on the events that leave.
template <class U>
struct Evict {
    U& upkeep;
    std::pmr::memory_resource* memory;

    Evict(U& told, std::pmr::memory_resource* its_memory) : upkeep{told}, memory{its_memory} {}

    template <class V>
    void operator()(Timestamp t, const V& value) const {
        upkeep.evict(t, value, memory);
    }
    template <class V>
    void operator()(const V* three, std::uint32_t count) const requires(U::can_evict_few) {
        upkeep.evict_few(three, count, memory);
    }
};
struct EvictNothing {
    template <class V>
    void operator()(Timestamp /*t*/, const V& /*value*/) const {}
    template <class V>
    void operator()(const V* /*three*/, std::uint32_t /*count*/) const {}
};

/// What upkeeps have to do of which they need do nothing.
template <class A>
class UpkeepBase {
public:
    using allocator_type = Memory;

    explicit UpkeepBase(const Memory& /*memory*/) noexcept {}
    UpkeepBase(const UpkeepBase& /*other*/, const Memory& /*memory*/) noexcept {}

    void reset(std::pmr::memory_resource* /*memory*/) noexcept {}
    template <class Log>
    void begin_chunk(const Log& /*log*/, const Range<Log>& /*range*/) {}
    template <class V>
    void append(Timestamp /*t*/, const V& /*value*/, std::pmr::memory_resource* /*memory*/) {}
    template <class V, class Log>
    void insert(Timestamp /*t*/, const V& /*value*/, const typename Log::Inserted& /*inserted*/, bool /*counts*/,
                const Log& /*log*/, const Range<Log>& /*range*/) {}
    template <class V>
    void evict(Timestamp /*t*/, const V& /*value*/, std::pmr::memory_resource* /*memory*/) {}
    static constexpr bool can_evict_few = true;
    template <class V>
    void evict_few(const V* /*three*/, std::uint32_t /*count*/, std::pmr::memory_resource* /*memory*/) {}
    bool evicted(std::size_t /*count*/) { return true; }
    template <class Log>
    void settle(const Log& /*log*/, const Range<Log>& /*range*/) {}
    template <class Log>
    void rebuild(const Log& /*log*/, const Range<Log>& /*range*/) {}
    [[nodiscard]] std::size_t memory_in_use() const { return 0; }

    /// For snapshots: whether it depends on the chunks that events share, what it has to save, and that. Nothing but
    /// what cannot be made anew from the events to the last bit.
    static constexpr bool needs_chunks = false;
    using snapshot_keeps = std::tuple<>;
    template <class Writer>
    void save(Writer& /*out*/) const {}
    template <class Reader, class Log>
    void load(Reader& /*in*/, const Log& /*log*/, const Range<Log>& /*range*/) {}
};

/// Whose result is the number of events, whatever they are.
template <class A>
concept CountsEvents = requires(std::uint64_t n) {
    { A::of_events(n) } -> std::same_as<A>;
};

template <class A>
class NumberOfEvents : public UpkeepBase<A> {
public:
    using UpkeepBase<A>::UpkeepBase;
    NumberOfEvents(const NumberOfEvents& other, const Memory& memory) : UpkeepBase<A>{other, memory} {}

    template <class Log>
    [[nodiscard]] A aggregate(const Log& /*log*/, const Range<Log>& range) const {
        return A::of_events(range.size);
    }
};

template <class A>
class SubtractOnEvict : public UpkeepBase<A> {
public:
    explicit SubtractOnEvict(const Memory& memory) : UpkeepBase<A>{memory}, aggregate_{make_in<A>(memory)} {}
    SubtractOnEvict(const SubtractOnEvict& other, const Memory& memory)
        : UpkeepBase<A>{memory}, aggregate_{make_in<A>(memory, other.aggregate_)} {}
    SubtractOnEvict(SubtractOnEvict&& other) noexcept = default;
    SubtractOnEvict(SubtractOnEvict&& other, const Memory& memory)
        : UpkeepBase<A>{memory}, aggregate_{move_in(memory, other.aggregate_)} {}

    void reset(std::pmr::memory_resource* memory) { aggregate_ = make_in<A>(memory); }
    template <class V>
    void append(Timestamp t, const V& value, std::pmr::memory_resource* memory) {
        add(aggregate_, t, value, memory);
    }
    template <class V, class Log>
    void insert(Timestamp t, const V& value, const typename Log::Inserted& /*inserted*/, bool counts, const Log& log,
                const Range<Log>& /*range*/) {
        if (counts) {
            add(aggregate_, t, value, log.memory());
        }
    }
    template <class V>
    void evict(Timestamp t, const V& value, std::pmr::memory_resource* memory) {
        remove(aggregate_, t, value, memory);
    }
    static constexpr bool can_evict_few = requires(A a, const value_type_t<A>* x) { a.remove_few(x, 1U); };
    template <class V>
    void evict_few(const V* three, std::uint32_t count, std::pmr::memory_resource* memory) {
        remove_few(aggregate_, three, count, memory);
    }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& range) {
        reset(log.memory());
        log.for_each(range.first, range.size,
                     [&](Timestamp t, const auto& value) { add(aggregate_, t, value, log.memory()); });
    }
    template <class Log>
    [[nodiscard]] const A& aggregate(const Log& /*log*/, const Range<Log>& /*range*/) const {
        return aggregate_;
    }
    [[nodiscard]] std::size_t memory_in_use() const { return owned_bytes(aggregate_); }
    template <class Reader, class Log>
    void load(Reader& /*in*/, const Log& log, const Range<Log>& range) {
        rebuild(log, range);  // never what was saved: all that will be removed has to be there
    }

private:
    A aggregate_;
};

template <class A>
class Recompute : public UpkeepBase<A> {
public:
    using UpkeepBase<A>::UpkeepBase;
    Recompute(const Recompute& other, const Memory& memory) : UpkeepBase<A>{other, memory} {}

    template <class Log>
    [[nodiscard]] A aggregate(const Log& log, const Range<Log>& range) const {
        A whole = make_in<A>(log.memory());
        log.for_each(range.first, range.size,
                     [&](Timestamp t, const auto& value) { add(whole, t, value, log.memory()); });
        return whole;
    }
};

/// Fed with the whole log, history included, in order; told what no longer counts.
template <class A>
class Expire : public UpkeepBase<A> {
public:
    explicit Expire(const Memory& memory) : UpkeepBase<A>{memory}, aggregate_{make_in<A>(memory)} {}
    Expire(const Expire& other, const Memory& memory)
        : UpkeepBase<A>{memory}, aggregate_{make_in<A>(memory, other.aggregate_)}, horizon_{other.horizon_} {}
    Expire(Expire&& other) noexcept = default;
    Expire(Expire&& other, const Memory& memory)
        : UpkeepBase<A>{memory}, aggregate_{move_in(memory, other.aggregate_)}, horizon_{other.horizon_} {}

    void reset(std::pmr::memory_resource* memory) {
        aggregate_ = make_in<A>(memory);
        horizon_ = Timestamp::min();
    }
    template <class V>
    void append(Timestamp t, const V& value, std::pmr::memory_resource* memory) {
        add(aggregate_, t, value, memory);
        expire(horizon_);
    }
    template <class V, class Log>
    void insert(Timestamp /*t*/, const V& /*value*/, const typename Log::Inserted& /*inserted*/, bool /*counts*/,
                const Log& log, const Range<Log>& range) {
        rebuild(log, range);
    }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& /*range*/) {
        aggregate_ = make_in<A>(log.memory());
        log.for_each([&](Timestamp t, const auto& value) { add(aggregate_, t, value, log.memory()); });
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
    [[nodiscard]] std::size_t memory_in_use() const { return owned_bytes(aggregate_); }

    // What counts may have come of events that the log has no more.
    using snapshot_keeps = A;
    template <class Writer>
    void save(Writer& out) const {
        out.write(aggregate_, horizon_);
    }
    template <class Reader, class Log>
    void load(Reader& in, const Log& /*log*/, const Range<Log>& /*range*/) {
        in.read(aggregate_, horizon_);
    }

private:
    A aggregate_;
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
        } else if constexpr (CountsEvents<A>) {
            return std::type_identity<NumberOfEvents<A>>{};
        } else if constexpr (Expiring<A>) {
            return std::type_identity<Expire<A>>{};
        } else if constexpr (OrderDependent<A>) {
            return std::type_identity<Recompute<A>>{};
        } else if constexpr (Removable<A>) {
            return std::type_identity<SubtractOnEvict<A>>{};
        } else if constexpr (Mergeable<A>) {
            return std::type_identity<MergeByChunks<A>>{};
        } else {
            return std::type_identity<Recompute<A>>{};
        }
    }
    using type = typename decltype(choose())::type;
};

template <class A>
using Upkeep = typename ChooseUpkeep<A>::type;

template <class A>
inline constexpr bool is_merged = std::same_as<Upkeep<A>, MergeByChunks<A>>;

/// Parts that take the same input and are merged together.
template <class... As>
struct Together : MemoryOf<Together<As...>, As...> {
    static constexpr bool told_memory = (ToldMemory<As> || ...);

    Together() = default;
    explicit Together(const Memory& memory) requires(TakesMemory<As> || ...) : parts{std::allocator_arg, memory} {}
    Together(const Together& other, const Memory& memory) requires(TakesMemory<As> || ...)
        : parts{std::allocator_arg, memory, other.parts} {}
    Together(Together&& other, const Memory& memory) requires(TakesMemory<As> || ...)
        : parts{std::allocator_arg, memory, std::move(other.parts)} {}

    template <class X>
    void add(Timestamp t, const X& x) {
        std::apply([&](As&... part) { (weir::detail::add(part, t, x), ...); }, parts);
    }
    template <class X>
    void add(Timestamp t, const X& x, std::pmr::memory_resource* memory) requires told_memory {
        std::apply([&](As&... part) { (weir::detail::add(part, t, x, memory), ...); }, parts);
    }
    void merge(const Together& later) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (std::get<I>(parts).merge(std::get<I>(later.parts)), ...); }
        (std::index_sequence_for<As...>{});
    }
    void merge(const Together& later, std::pmr::memory_resource* memory) requires told_memory {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (weir::detail::merge(std::get<I>(parts), std::get<I>(later.parts), memory), ...);
        }
        (std::index_sequence_for<As...>{});
    }
    [[nodiscard]] std::size_t memory_in_use() const {
        return std::apply([](const As&... part) { return (std::size_t{0} + ... + owned_bytes(part)); }, parts);
    }

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Together::parts);
    }

    std::tuple<As...> parts{};
};

/// A bundle: each of its parts by what suits it, those that are merged in one go.
template <class... As>
class Each<std::tuple<As...>> {
    static_assert(!(Expiring<As> || ...),
                  "an Expiring aggregator cannot be part of a Bundle: give it a window of its own");

    template <class A>
    using Alone = std::conditional_t<is_merged<A>, UpkeepBase<A>, Upkeep<A>>;
    template <class Merged, class... Rest>
    struct MergedOf : std::type_identity<Merged> {};
    template <class... Merged, class A, class... Rest>
    struct MergedOf<Together<Merged...>, A, Rest...>
        : MergedOf<std::conditional_t<is_merged<A>, Together<Merged..., A>, Together<Merged...>>, Rest...> {};
    using Merged = typename MergedOf<Together<>, As...>::type;
    using MergedUpkeep = std::conditional_t<(is_merged<As> || ...), MergeByChunks<Merged>, UpkeepBase<Merged>>;

    // How many parts before part I are merged.
    template <std::size_t I>
    static constexpr std::size_t merged_before() {
        constexpr bool merged[] = {is_merged<As>...};
        std::size_t count = 0;
        for (std::size_t i = 0; i != I; ++i) {
            count += merged[i] ? 1 : 0;
        }
        return count;
    }

    using AllAlone = std::tuple<Alone<As>...>;

public:
    using allocator_type = Memory;

    explicit Each(const Memory& memory) : alone_{Alone<As>{memory}...}, merged_{memory} {}
    Each(const Each& other, const Memory& memory)
        : alone_{std::apply(
              [&](const Alone<As>&... part) {
                  return AllAlone{Alone<As>{part, memory}...};
              },
              other.alone_)},
          merged_{other.merged_, memory} {}
    Each(Each&& other) noexcept = default;
    Each(Each&& other, const Memory& memory)
        : alone_{std::apply(
              [&](Alone<As>&... part) {
                  return AllAlone{Alone<As>{std::move(part), memory}...};
              },
              other.alone_)},
          merged_{std::move(other.merged_), memory} {}

    void reset(std::pmr::memory_resource* memory) {
        each([&](auto& part) { part.reset(memory); });
    }
    template <class Log>
    void begin_chunk(const Log& log, const Range<Log>& range) {
        merged_.begin_chunk(log, range);
    }
    template <class V>
    void append(Timestamp t, const V& value, std::pmr::memory_resource* memory) {
        each([&](auto& part) { part.append(t, value, memory); });
    }
    template <class V, class Log>
    void insert(Timestamp t, const V& value, const typename Log::Inserted& inserted, bool counts, const Log& log,
                const Range<Log>& range) {
        each([&](auto& part) { part.insert(t, value, inserted, counts, log, range); });
    }
    template <class V>
    void evict(Timestamp t, const V& value, std::pmr::memory_resource* memory) {
        each([&](auto& part) { part.evict(t, value, memory); });
    }
    static constexpr bool can_evict_few = (Upkeep<As>::can_evict_few && ...);
    template <class V>
    void evict_few(const V* three, std::uint32_t count, std::pmr::memory_resource* memory) {
        each([&](auto& part) { part.evict_few(three, count, memory); });
    }
    bool evicted(std::size_t count) { return merged_.evicted(count); }
    template <class Log>
    void settle(const Log& log, const Range<Log>& range) {
        merged_.settle(log, range);
    }
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& range) {
        each([&](auto& part) { part.rebuild(log, range); });
    }
    /// The aggregate of part `I`.
    template <std::size_t I, class Log>
    [[nodiscard]] decltype(auto) aggregate(const Log& log, const Range<Log>& range) const {
        if constexpr (is_merged<std::tuple_element_t<I, std::tuple<As...>>>) {
            return merged_.template part<merged_before<I>()>();
        } else {
            return std::get<I>(alone_).aggregate(log, range);
        }
    }
    [[nodiscard]] std::size_t memory_in_use() const {
        return std::apply(
            [this](const auto&... part) { return (merged_.memory_in_use() + ... + part.memory_in_use()); }, alone_);
    }

    static constexpr bool needs_chunks = MergedUpkeep::needs_chunks;
    using snapshot_keeps = std::tuple<typename Upkeep<As>::snapshot_keeps...>;
    template <class Writer>
    void save(Writer& out) const {
        std::apply([&](const auto&... part) { (part.save(out), ...); }, alone_);
        merged_.save(out);
    }
    template <class Reader, class Log>
    void load(Reader& in, const Log& log, const Range<Log>& range) {
        each([&](auto& part) { part.load(in, log, range); });
    }

private:
    template <class F>
    void each(F f) {
        std::apply([&](auto&... part) { (f(part), ...); }, alone_);
        f(merged_);
    }

    AllAlone alone_;
    [[no_unique_address]] MergedUpkeep merged_;
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
