// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// MergeByChunks<A>: the aggregate of a range of a log, kept by merging alone.
//
//     | front       | between                                 | back            |
//     | x  x  x  x  | rest of chunk | chunk | chunk | ...     | youngest chunk  |
//
// The oldest events of the range, up to the end of their chunk, have the aggregate from each of them to the youngest of
// them, so that leaving is counting. The youngest chunk has one aggregate, which grows. All in between has one, which
// is made anew when the front is used up: from a tree over the chunks' aggregates. A late event is one add to what
// covers it and, in between, to the tree; in front the front is made anew.
//
// The front of the next chunk is made a few events at a time while this one is used up, in the places that this one has
// left: each second front is the other way round. So no event waits for 128 merges, as with two stacks; the idea is
// that of DABA (Tangwongsan, Hirzel, Schneider: Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time,
// DEBS 2017).
//
// An event in order and its leaving: amortized O(1), a handful of adds and merges; O(32 + log n) at worst, but for the
// tree's growing. A late event: O(log n) adds, O(128 + younger chunks) where its chunk is split or in front. Memory:
// one A for each event of the front, of which there are 128 at most, and up to four for each chunk.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/event_log.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/merge_tree.hpp>
#include <weir/time.hpp>

namespace weir::detail {

template <class A>
class MergeByChunks {
public:
    using allocator_type = Memory;

    explicit MergeByChunks(const Memory& memory)
        : front_{memory}, between_{make_in<A>(memory)}, back_{make_in<A>(memory)}, chunks_{memory} {}
    MergeByChunks(const MergeByChunks& other, const Memory& memory)
        : MergeByChunks{other, Array<A>{other.front_, memory}, detail::copy_in(memory, other.between_),
                        detail::copy_in(memory, other.back_), MergeTree<A>{other.chunks_, memory}} {}
    MergeByChunks(MergeByChunks&& other) noexcept = default;
    MergeByChunks(MergeByChunks&& other, const Memory& memory)
        : MergeByChunks{other, Array<A>{std::move(other.front_), memory}, move_in(memory, other.between_),
                        move_in(memory, other.back_), MergeTree<A>{std::move(other.chunks_), memory}} {}

    /// Where all have left.
    void reset(std::pmr::memory_resource* memory = nullptr);

    template <class Log>
    [[gnu::noinline]] void begin_chunk(const Log& log, const Range<Log>& range);
    template <class V>
    void append(Timestamp t, const V& value, std::pmr::memory_resource* memory) {
        add(back_, t, value, memory);
    }
    template <class V, class Log>
    void insert(Timestamp t, const V& value, const typename Log::Inserted& inserted, bool counts, const Log& log,
                const Range<Log>& range);
    template <class V>
    void evict(Timestamp /*t*/, const V& /*value*/, std::pmr::memory_resource* /*memory*/) {}
    static constexpr bool can_evict_few = true;
    template <class V>
    void evict_few(const V* /*three*/, std::uint32_t /*count*/, std::pmr::memory_resource* /*memory*/) {}
    bool evicted(std::size_t count) {
        front_left_ -= static_cast<std::ptrdiff_t>(count);
        return front_left_ >= next_step_;
    }
    template <class Log>
    [[gnu::noinline]] void settle(const Log& log, const Range<Log>& range);
    template <class Log>
    void rebuild(const Log& log, const Range<Log>& range);
    template <class Log>
    [[nodiscard]] A aggregate(const Log& /*log*/, const Range<Log>& /*range*/) const {
        return merged([](const A& a) -> const A& { return a; });
    }
    /// The aggregate of part `I`, where A has parts.
    template <std::size_t I>
    [[nodiscard]] auto part() const {
        return merged([](const A& a) -> const auto& { return std::get<I>(a.parts); });
    }
    [[nodiscard]] std::size_t memory_in_use() const;

    /// All but the front, which follows from the events.
    static constexpr bool needs_chunks = true;
    using snapshot_keeps = A;
    template <class Writer>
    void save(Writer& out) const {
        out.write(static_cast<std::uint64_t>(front_left_), between_, back_);
        chunks_.save(out);
    }
    template <class Reader, class Log>
    void load(Reader& in, const Log& log, const Range<Log>& range);

private:
    static constexpr std::size_t least_front = 16;  // where so many are in the only chunk
    static constexpr std::uint32_t step = 16;       // of those that leave, between two preparations of the next front
    static constexpr bool is_cheap = std::is_trivially_copy_constructible_v<A> && std::is_trivially_destructible_v<A>;
    struct NoA {};
    static constexpr std::uint32_t last_place = most_in_chunk - 1;

    template <class F>
    [[nodiscard]] auto merged(F f) const {
        using Whole = std::remove_cvref_t<decltype(f(back_))>;
        auto whole = make_in<Whole>(memory());
        if (front_left_ != 0) {
            assign_in(memory(), whole, f(front_[static_cast<std::size_t>(front_left_ - 1) ^ turned_]));
        }
        weir::detail::merge(whole, f(between_), memory().resource());
        weir::detail::merge(whole, f(back_), memory().resource());
        return whole;
    }
    MergeByChunks(const MergeByChunks& other, Array<A>&& front, A&& between, A&& back, MergeTree<A>&& chunks)
        : front_{std::move(front)},
          front_left_{other.front_left_},
          next_step_{other.next_step_},
          front_number_{other.front_number_},
          prepared_{other.prepared_},
          turned_{other.turned_},
          between_{std::move(between)},
          back_{std::move(back)},
          chunks_{std::move(chunks)} {}

    [[nodiscard]] Memory memory() const noexcept { return front_.get_allocator(); }
    void merge(A& to, const A& later) { weir::detail::merge(to, later, memory().resource()); }

    // The aggregates of a front from the one with `from` events to that with `from + count`, of a chunk of which the
    // `skip` youngest events are no part.
    template <class Log>
    void fill(const Log& log, std::uint32_t number, std::size_t skip, std::size_t from, std::size_t count,
              std::uint32_t turned);
    template <class Log>
    void make_front(const Log& log, const Range<Log>& range, std::size_t count);
    // Whether the chunk behind the first one will get no more events.
    template <class Log>
    [[nodiscard]] static bool can_prepare(const Log& log, const Range<Log>& range) {
        return log.back().number - range.first.number > 1;
    }
    void plan() noexcept { next_step_ = std::max<std::ptrdiff_t>(front_left_ - step, 0); }
    template <class Log>
    void prepare(const Log& log);
    template <class Log>
    void begin_front(const Log& log, const Range<Log>& range);
    template <class Log>
    void merge_between(const Log& log, const Range<Log>& range);
    // Makes the front anew, and what is between.
    template <class Log>
    void renew_front(const Log& log, const Range<Log>& range);
    // The log has a new chunk of this number, and those behind it have other numbers now.
    template <class Log>
    void insert_chunk(std::uint32_t number, const Log& log, const Range<Log>& range);
    // Makes anew what is known of a chunk behind the first.
    template <class Log>
    void renew(std::uint32_t number, const Log& log, const Range<Log>& range);

    Array<A> front_;                  // the youngest one's is the first or, where it is turned, the last
    std::ptrdiff_t front_left_ = 0;   // the others have left
    std::ptrdiff_t next_step_ = 0;    // the next front is prepared when fewer are left
    std::uint32_t front_number_ = 0;  // of the front's chunk
    std::uint32_t prepared_ = 0;      // so many of the next front
    std::uint32_t turned_ = 0;        // or last_place
    A between_;
    A back_;  // of the youngest chunk, but for what is in front
    MergeTree<A> chunks_;
};

template <class A>
void MergeByChunks<A>::reset(std::pmr::memory_resource* /*memory*/) {
    front_.release();
    front_left_ = next_step_ = 0;
    front_number_ = prepared_ = turned_ = 0;
    between_ = make_in<A>(memory());
    back_ = make_in<A>(memory());
    chunks_.clear();
}

// The chunk before it lies between from now on.
template <class A>
template <class Log>
void MergeByChunks<A>::begin_chunk(const Log& log, const Range<Log>& range) {
    const std::uint32_t closed = log.back().number - 1;
    merge(between_, back_);
    if (closed > range.first.number && range.size > 1) {
        chunks_.put(range.first.number, closed, std::move(back_));
        if (closed == range.first.number + 1) {
            plan();
        }
    }
    back_ = make_in<A>(memory());
}

template <class A>
template <class V, class Log>
void MergeByChunks<A>::insert(Timestamp t, const V& value, const typename Log::Inserted& inserted, bool counts,
                              const Log& log, const Range<Log>& range) {
    if (inserted.fresh && range.size != 0) {
        insert_chunk(*inserted.fresh, log, range);
        return;
    }
    if (!counts) {
        return;
    }
    const auto at = inserted.position;
    const auto first = range.first;
    const std::uint32_t last = log.back().number;
    if (at == first) {
        renew(first.number + 1, log, range);  // was the first until now, where it begins with the next event
        renew_front(log, range);
    } else if (at.number == first.number && at.place - std::ptrdiff_t{first.place} < front_left_) {
        renew_front(log, range);
    } else if (at.number == last) {
        add(back_, t, value, log.memory());
    } else {
        add(between_, t, value, log.memory());
        if (at.number != first.number) {
            chunks_.add(at.number, t, value);
        }
        if (at.number == front_number_ + 1) {
            prepared_ = 0;
        }
    }
}

template <class A>
template <class Log>
void MergeByChunks<A>::insert_chunk(std::uint32_t number, const Log& log, const Range<Log>& range) {
    const std::uint32_t first = range.first.number;
    const std::uint32_t last = log.back().number;
    if (const std::uint32_t from = std::max(number, first) + 1; from < last) {
        chunks_.shift(first, from, last);
    }
    for (const std::uint32_t i : {number - 1, number, number + 1}) {  // one of these was split, or was the first
        renew(i, log, range);
    }
    renew_front(log, range);
}

template <class A>
template <class Log>
void MergeByChunks<A>::renew(std::uint32_t number, const Log& log, const Range<Log>& range) {
    const std::uint32_t last = log.back().number;
    if (number <= range.first.number || number > last) {
        return;
    }
    A whole = make_in<A>(memory());
    log.for_each_of_chunk(number, [&](Timestamp t, const auto& value) { add(whole, t, value, log.memory()); });
    if (number == last) {
        back_ = std::move(whole);
    } else {
        chunks_.put(range.first.number, number, std::move(whole));
    }
}

template <class A>
template <class Log>
void MergeByChunks<A>::fill(const Log& log, std::uint32_t number, std::size_t skip, std::size_t from, std::size_t count,
                            std::uint32_t turned) {
    auto younger = make_in<std::conditional_t<is_cheap, A, NoA>>(memory());  // in registers, where A is small
    if constexpr (is_cheap) {
        if (from != 0) {
            younger = front_[(from - 1) ^ turned];
        }
    }
    log.for_each_reversed(number, skip + from, count, [&](Timestamp t, const auto& value) {
        A one = make_in<A>(memory());
        add(one, t, value, log.memory());
        if constexpr (is_cheap) {
            merge(one, younger);
            younger = one;
        } else if (from != 0) {
            merge(one, front_[(from - 1) ^ turned]);
        }
        front_[from++ ^ turned] = std::move(one);
    });
}

template <class A>
template <class Log>
void MergeByChunks<A>::make_front(const Log& log, const Range<Log>& range, std::size_t count) {
    front_left_ = static_cast<std::ptrdiff_t>(count);
    turned_ = 0;
    front_.resize(std::max(count, can_prepare(log, range) ? most_in_chunk : 0));
    fill(log, range.first.number, log.left_in_chunk(range.first) - count, 0, count, 0);
    begin_front(log, range);
}

// The front is as it should be, and the next one not begun.
template <class A>
template <class Log>
void MergeByChunks<A>::begin_front(const Log& log, const Range<Log>& range) {
    front_number_ = range.first.number;
    prepared_ = 0;
    next_step_ = 0;
    if (can_prepare(log, range)) {
        plan();
    }
}

template <class A>
template <class Log>
void MergeByChunks<A>::prepare(const Log& log) {
    const std::uint32_t next = front_number_ + 1;
    const auto free = static_cast<std::uint32_t>(most_in_chunk - static_cast<std::size_t>(front_left_));
    const auto wanted = std::min(free, static_cast<std::uint32_t>(log.size_of_chunk(next)));
    front_.resize(most_in_chunk);
    if (wanted > prepared_) {
        const std::uint32_t count = std::min(wanted - prepared_, 2 * step);
        fill(log, next, 0, prepared_, count, turned_ ^ last_place);
        prepared_ += count;
    }
    plan();
}

// All chunks but the first and the youngest.
template <class A>
template <class Log>
void MergeByChunks<A>::merge_between(const Log& log, const Range<Log>& range) {
    between_ = make_in<A>(memory());
    chunks_.merge_into(between_, range.first.number + 1, log.back().number);
}

template <class A>
template <class Log>
void MergeByChunks<A>::settle(const Log& log, const Range<Log>& range) {
    if (front_left_ >= 0) {
        prepare(log);
        return;
    }
    const std::uint32_t first = range.first.number;
    if (prepared_ == 0 || first != front_number_ + 1 || first == log.back().number) {
        renew_front(log, range);
        return;
    }
    const std::size_t here = log.left_in_chunk(range.first);
    turned_ ^= last_place;
    if (here > prepared_) {
        fill(log, first, 0, prepared_, here - prepared_, turned_);
    }
    front_left_ = static_cast<std::ptrdiff_t>(here);
    begin_front(log, range);
    merge_between(log, range);
}

template <class A>
template <class Log>
void MergeByChunks<A>::renew_front(const Log& log, const Range<Log>& range) {
    const std::size_t here = log.left_in_chunk(range.first);
    if (range.first.number != log.back().number) {
        make_front(log, range, here);
        merge_between(log, range);
        return;
    }
    make_front(log, range, std::min(here, std::max(least_front, range.size / 2)));
    between_ = make_in<A>(memory());
    back_ = make_in<A>(memory());
    auto next = range.first;
    next.place += static_cast<std::uint32_t>(front_left_);
    log.for_each(next, range.size - static_cast<std::size_t>(front_left_),
                 [&](Timestamp t, const auto& value) { add(back_, t, value, log.memory()); });
}

template <class A>
template <class Log>
void MergeByChunks<A>::rebuild(const Log& log, const Range<Log>& range) {
    reset();
    if (range.size != 0) {
        for (std::uint32_t i = log.back().number; i != range.first.number; --i) {
            renew(i, log, range);
        }
        renew_front(log, range);
    }
}

template <class A>
template <class Reader, class Log>
void MergeByChunks<A>::load(Reader& in, const Log& log, const Range<Log>& range) {
    reset();
    const auto front = in.template read<std::uint64_t>();
    in.read(between_, back_);
    const bool any = range.size != 0;
    const std::uint32_t first = any ? range.first.number + 1 : 0;
    const std::uint32_t last = any ? std::max(first, log.back().number) : 0;
    chunks_.load(in, first, last);
    in.require(front <= (any ? log.left_in_chunk(range.first) : 0), "a front of events that there are");
    if (any) {
        make_front(log, range, static_cast<std::size_t>(front));
    }
}

template <class A>
std::size_t MergeByChunks<A>::memory_in_use() const {
    return front_.memory_in_use() + owned_bytes(between_) + owned_bytes(back_) + chunks_.memory_in_use();
}

}  // namespace weir::detail
