// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Slices: stretches of event time whose events are aggregated once and shared by every window over them, and two
// stacks over a row of slices, so that a window that moves along the row is amortized O(1) merges.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/ring.hpp>
#include <weir/detail/two_stacks.hpp>
#include <weir/time.hpp>

namespace weir::detail {

/// Sums of times and lengths that no window can make overflow.
__extension__ using WideTime = __int128;

[[nodiscard]] constexpr WideTime wide(Timestamp t) noexcept { return t.time_since_epoch().count(); }

/// The nearest Timestamp.
[[nodiscard]] constexpr Timestamp narrow(WideTime t) noexcept {
    const WideTime least = wide(Timestamp::min());
    const WideTime most = wide(Timestamp::max());
    return Timestamp{Duration{static_cast<std::int64_t>(t < least ? least : (t > most ? most : t))}};
}

/// (t - offset) modulo m, from 0 to m - 1, without overflow.
// Requires: m > 0, 0 <= offset < m.
[[nodiscard]] constexpr std::int64_t floor_mod(std::int64_t t, std::int64_t m, std::int64_t offset = 0) noexcept {
    std::int64_t r = t % m;
    r = r < 0 ? r + m : r;
    return r < offset ? r + (m - offset) : r - offset;
}

/// The events of a slice as their aggregate and number.
template <class T>
struct Merged : MemoryOf<Merged<T>, T> {
    static constexpr bool told_memory = true;

    std::size_t size = 0;
    T aggregate{};

    Merged() = default;
    explicit Merged(const Memory& memory) requires TakesMemory<T> : aggregate{make_in<T>(memory)} {}
    Merged(const Merged& other, const Memory& memory) requires TakesMemory<T>
        : size{other.size}, aggregate{make_in<T>(memory, other.aggregate)} {}
    Merged(Merged&& other, const Memory& memory) requires TakesMemory<T>
        : size{other.size}, aggregate{make_in<T>(memory, std::move(other.aggregate))} {}

    template <class X>
    void add(Timestamp t, const X& x, std::pmr::memory_resource* memory) {
        weir::detail::add(aggregate, t, x, memory);
        ++size;
    }
    void merge(const Merged& later, std::pmr::memory_resource* memory) {
        weir::detail::merge(aggregate, later.aggregate, memory);
        size += later.size;
    }
    template <class Writer>
    void save(Writer& out) const {
        out.write(std::uint64_t{size}, aggregate);
    }
    template <class Reader>
    void load(Reader& in) {
        size = static_cast<std::size_t>(in.template read<std::uint64_t>());
        in.read(aggregate);
    }
    [[nodiscard]] std::size_t memory_in_use() const { return owned_bytes(aggregate); }
};

/// The events of a slice themselves, in event-time order, equal times by arrival.
template <class T>
class Kept {
public:
    using allocator_type = Memory;

    explicit Kept(const Memory& memory) noexcept : events_{memory} {}
    Kept(const Kept& other, const Memory& memory) : events_{other.events_, memory} {}
    Kept(Kept&& other, const Memory& memory) : events_{std::move(other.events_), memory} {}

    template <class X>
    void add(Timestamp t, const X& x, std::pmr::memory_resource* memory) {
        const auto younger =
            std::upper_bound(events_.begin(), events_.end(), t, [](Timestamp a, const Event& e) { return a < e.time; });
        events_.insert(younger, Event{t, make_in<value_type_t<T>>(memory, x)});
    }
    void add_to(Merged<T>& whole) const {
        for (const Event& e : events_) {
            whole.add(e.time, e.value, events_.get_allocator().resource());
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const { return events_.memory_in_use(); }

    template <class Writer>
    void save(Writer& out) const {
        out.write(events_);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(events_);
    }
    [[nodiscard]] bool are_in_order(Timestamp first, Timestamp last) const {
        Timestamp before = first;
        return std::all_of(events_.begin(), events_.end(),
                           [&](const Event& e) { return e.time >= std::exchange(before, e.time) && e.time <= last; });
    }

private:
    struct Event {
        Timestamp time;
        [[no_unique_address]] value_type_t<T> value;

        [[nodiscard]] static Event empty_in(const Memory& memory) {
            return Event{{}, make_in<value_type_t<T>>(memory)};
        }
        [[nodiscard]] Event copy_in(const Memory& memory) const { return Event{time, detail::copy_in(memory, value)}; }
        [[nodiscard]] std::size_t memory_in_use() const requires may_own_bytes<value_type_t<T>> {
            return owned_bytes(value);
        }

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Event::time, &Event::value);
        }
    };
    Array<Event> events_;
};

template <class T>
struct Slice {
    static constexpr bool merges = Mergeable<T> && !OrderDependent<T>;
    using Part = std::conditional_t<merges, Merged<T>, Kept<T>>;

    Timestamp first;  // the first and the last time inside, saturated at the ends of time
    Timestamp last;
    Part part;

    [[nodiscard]] Slice copy_in(const Memory& memory) const {
        return Slice{first, last, detail::copy_in(memory, part)};
    }
    [[nodiscard]] std::size_t memory_in_use() const { return owned_bytes(part); }

    [[nodiscard]] std::size_t size() const {
        if constexpr (merges) {
            return part.size;
        } else {
            return part.size();
        }
    }
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Slice::first, &Slice::last, &Slice::part);
    }
    // It has events, all of them inside.
    [[nodiscard]] bool snapshot_valid() const {
        if constexpr (!merges) {
            if (!part.are_in_order(first, last)) {
                return false;
            }
        }
        return first <= last && size() != 0;
    }
};

/// Slices with events, oldest first, on a ring.
template <class T>
class Slices {
public:
    using allocator_type = Memory;

    explicit Slices(const Memory& memory) noexcept : ring_{memory} {}
    Slices(const Slices& other, const Memory& memory) : ring_{other.ring_, memory} {}
    Slices(Slices&&) noexcept = default;
    Slices(Slices&& other, const Memory& memory) : ring_{std::move(other.ring_), memory} {}

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return ring_.get_allocator().resource(); }
    [[nodiscard]] bool empty() const noexcept { return ring_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }
    [[nodiscard]] const Slice<T>& operator[](std::size_t i) const { return ring_[i]; }
    [[nodiscard]] Slice<T>& operator[](std::size_t i) { return ring_[i]; }
    [[nodiscard]] const Slice<T>& front() const { return ring_.front(); }
    [[nodiscard]] const Slice<T>& back() const { return ring_.back(); }

    /// The number of slices that begin at or before `t`. O(log size).
    [[nodiscard]] std::size_t upper_bound(Timestamp t) const {
        std::size_t low = 0;
        for (std::size_t count = ring_.size(); count != 0;) {
            const std::size_t half = count / 2;
            if (ring_[low + half].first <= t) {
                low += half + 1;
                count -= half + 1;
            } else {
                count = half;
            }
        }
        return low;
    }

    // Requires: it belongs at `i`. O(1) at the end, O(slices younger) before it.
    void insert(std::size_t i, Slice<T> slice) {
        if (ring_.full()) {
            ring_.set_capacity(std::max<std::size_t>(1, ring_.capacity() * 2));
        }
        ring_.insert(i, std::move(slice));
    }

    void drop_front(std::size_t count = 1) {
        for (; count != 0; --count) {
            ring_.pop_front();
        }
        if (ring_.empty() && ring_.capacity() > 4) {
            ring_.release();
        }
    }

    [[nodiscard]] std::size_t memory_in_use() const { return ring_.memory_in_use(); }

    template <class Writer>
    void save(Writer& out) const {
        out.write_count(ring_.size());
        for (std::size_t i = 0; i != ring_.size(); ++i) {
            out.write(ring_[i]);
        }
    }
    /// `fits(slice)` says whether there can be such a one.
    template <class Reader, class Fits>
    void load(Reader& in, Fits fits) {
        ring_.clear();
        for (auto left = in.template read_count<Slice<T>>(); left != 0; --left) {
            Slice<T> slice{{}, {}, make_in<typename Slice<T>::Part>(memory())};
            in.read(slice);
            in.require((empty() || slice.first > back().last) && fits(std::as_const(slice)), "slices in their order");
            insert(size(), std::move(slice));
        }
    }

private:
    Ring<Slice<T>, std::size_t> ring_;
};

/// The aggregate of the oldest so many slices, kept while slices are dropped in front and follow behind.
///
/// The front is the aggregates of the oldest slices up to a point, one for each slice to begin with; behind that point
/// one aggregate grows. When the front is used up it is made anew of three quarters of the slices: the youngest
/// quarter, which is where late events fall, stays behind the point, where an event is one add.
template <class T>
class SliceStacks {
public:
    using allocator_type = Memory;

    explicit SliceStacks(const Memory& memory) : stacks_{memory} {}
    SliceStacks(const SliceStacks& other, const Memory& memory)
        : stacks_{other.stacks_, memory}, covered_{other.covered_} {}
    SliceStacks(SliceStacks&&) noexcept = default;
    SliceStacks(SliceStacks&& other, const Memory& memory)
        : stacks_{std::move(other.stacks_), memory}, covered_{other.covered_} {}

    /// How many slices are covered, and how many of them by the front.
    [[nodiscard]] std::size_t covered() const noexcept { return covered_; }
    [[nodiscard]] std::size_t front() const noexcept { return stacks_.front.size(); }

    /// An event was put into slice `i`, which is one more slice than there was where `fresh`. Gives up what is covered
    /// where keeping it would cost an add for each slice of the front that is older.
    template <class X>
    void add_or_reset(std::size_t i, bool fresh, Timestamp t, const X& x) {
        if (i < front()) {
            reset();
        } else if (i < covered_) {
            stacks_.back.add(t, x, stacks_.memory());
            covered_ += fresh ? 1 : 0;
        }
    }

    /// The same, keeping what is covered: up to i adds.
    template <class X>
    void add(std::size_t i, bool fresh, Timestamp t, const X& x) {
        Array<Merged<T>>& front = stacks_.front;
        if (i >= front.size()) {
            add_or_reset(i, fresh, t, x);
            return;
        }
        std::size_t k = front.size() - 1 - i;
        if (fresh) {
            ++covered_;
            ++k;
            front.insert(front.begin() + k, detail::copy_in(stacks_.memory(), front[k - 1]));
        }
        for (; k != front.size(); ++k) {
            front[k].add(t, x, stacks_.memory());
        }
    }

    /// The oldest slices go.
    // Requires: count <= front().
    void drop(std::size_t count) {
        stacks_.drop(count);
        covered_ -= count;
    }

    /// Nothing is covered, and no memory taken.
    void release() {
        reset();
        stacks_.front.release();
    }
    /// Nothing is covered.
    void reset() {
        stacks_.clear();
        covered_ = 0;
    }

    /// Covers the oldest `count` slices, by a new front.
    // Requires: count <= slices.size().
    void rebuild(const Slices<T>& slices, std::size_t count) {
        reset();
        covered_ = count - count / 4;
        stacks_.front.reserve(covered_);
        for (std::size_t i = covered_; i != 0; --i) {
            stacks_.push_older(detail::copy_in(stacks_.memory(), slices[i - 1].part));
        }
        extend(slices, count);
    }

    /// Covers the oldest `count` slices.
    // Requires: covered() <= count <= slices.size().
    void extend(const Slices<T>& slices, std::size_t count) {
        assert(covered_ <= count);
        for (; covered_ != count; ++covered_) {
            stacks_.back.merge(slices[covered_].part, stacks_.memory());
        }
    }

    /// Of the slices that are covered. Two merges.
    [[nodiscard]] Merged<T> aggregate() const { return stacks_.aggregate(); }

    [[nodiscard]] std::size_t memory_in_use() const { return stacks_.memory_in_use(); }

    template <class Writer>
    void save(Writer& out) const {
        out.write(stacks_, std::uint64_t{covered_});
    }
    /// Of the first `most` slices at most.
    template <class Reader>
    void load(Reader& in, std::size_t most) {
        in.read(stacks_);
        covered_ = static_cast<std::size_t>(in.template read<std::uint64_t>());
        in.require(front() <= covered_ && covered_ <= most, "stacks of the slices that there are");
    }

private:
    TwoStacks<Merged<T>> stacks_;  // the back covers from the front's youngest slice to covered_
    std::size_t covered_ = 0;
};

}  // namespace weir::detail
