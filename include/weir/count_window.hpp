// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// CountWindow: an aggregate over the last N events. TumblingCountWindow: one over each N events.
//
// Which events are the last is told by arrival, not by event time: an event that comes late in event time is the newest
// here. Event time is handed on to aggregators that look at it, and answers by it: First is the earliest in event time
// of the last N to arrive, of equal times the first to arrive. One that is OrderDependent is fed in event-time order.
//
// Costs of CountWindow by what T can do: Removable without a time, O(1) adds and removes an event; Mergeable, amortized
// O(1) merges (two stacks: see detail/two_stacks.hpp); any other is recomputed when asked, O(N), and O(N log N) where
// it is OrderDependent. Memory: N times the value, the time where T takes it, and for Mergeable ones a T.
//
// Time changes nothing: what is inside stays until N more have come. Not synchronized: one thread at a time.
//
//     weir::CountWindow<weir::Mean<double>> price{100};
//     price.insert(t, 42.99);
//     if (auto mean = price.result()) { ... }     // of the last 100, or of those that there are

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/ring.hpp>
#include <weir/detail/two_stacks.hpp>
#include <weir/time.hpp>

namespace weir {

template <class T>
class CountWindow {
    static_assert(Aggregator<T>, "CountWindow<T> needs an Aggregator T: value_type, add(x) or add(t, x), result()");
    static_assert(!Expiring<T>, "CountWindow<T> cannot hold an Expiring T: give it a RollingWindow");

public:
    using value_type = value_type_t<T>;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    /// Throws std::invalid_argument where `length` is 0.
    explicit CountWindow(std::size_t length, const allocator_type& memory = {})
        : length_{length}, events_{memory}, stacks_{memory} {
        if (length == 0) {
            throw std::invalid_argument("weir::CountWindow: wanted at least one event");
        }
    }

    /// A copy takes its memory from the default resource, where nothing else is said. O(events).
    CountWindow(const CountWindow& other) : CountWindow{other, allocator_type{}} {}
    CountWindow(const CountWindow& other, const allocator_type& memory)
        : length_{other.length_}, events_{other.events_, memory}, stacks_{other.stacks_, memory} {}
    CountWindow(CountWindow&&) noexcept = default;
    CountWindow(CountWindow&& other, const allocator_type& memory)
        : length_{other.length_},
          events_{std::move(other.events_), memory},
          stacks_{std::move(other.stacks_), memory} {}
    CountWindow& operator=(const CountWindow& other) {
        return detail::replace(*this, CountWindow{other, get_allocator()});
    }
    CountWindow& operator=(CountWindow&& other) noexcept(false) {
        return detail::replace(*this, CountWindow{std::move(other), get_allocator()});
    }
    ~CountWindow() = default;

    /// Where the memory is from.
    [[nodiscard]] allocator_type get_allocator() const noexcept { return events_.get_allocator(); }

    /// Takes an event; with more than length() the one that came first leaves.
    void insert(Timestamp t, value_type value = {});

    /// The aggregate's answer over the last length() events, or those that there are.
    [[nodiscard]] auto result() const { return aggregate().result(); }

    [[nodiscard]] std::size_t length() const noexcept { return length_; }
    [[nodiscard]] std::size_t size() const noexcept { return events_.size() + stacks_.front.size(); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    /// For KeyedWindows: time changes nothing, nothing is ever due, and a key that has had an event stays.
    bool advance_to(Timestamp /*now*/) noexcept { return false; }
    [[nodiscard]] std::optional<Timestamp> next_due() const noexcept { return std::nullopt; }

    /// Bytes taken from there and not given back, without the window itself. O(events).
    [[nodiscard]] std::size_t memory_in_use() const;

    static constexpr const char* snapshot_name = "CountWindow";
    template <class Writer>
    void save(Writer& out) const;
    template <class Reader>
    void load(Reader& in);

private:
    // What takes a time to remove wants the oldest in event time first, which is not the order here.
    static constexpr bool subtracts = detail::PlainRemove<T> && !detail::TimedRemove<T> && !OrderDependent<T>;
    static constexpr bool merges = !subtracts && Mergeable<T> && !OrderDependent<T>;

    struct Event {
        Timestamp time;
        [[no_unique_address]] value_type value;

        [[nodiscard]] static Event empty_in(const detail::Memory& memory) {
            return Event{{}, detail::make_in<value_type>(memory)};
        }
        [[nodiscard]] Event copy_in(const detail::Memory& memory) const {
            return Event{time, detail::copy_in(memory, value)};
        }
        [[nodiscard]] std::size_t memory_in_use() const requires detail::may_own_bytes<value_type> {
            return detail::owned_bytes(value);
        }

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Event::time, &Event::value);
        }
    };
    struct Untimed {
        [[no_unique_address]] value_type value;

        [[nodiscard]] static Untimed empty_in(const detail::Memory& memory) {
            return Untimed{detail::make_in<value_type>(memory)};
        }
        [[nodiscard]] Untimed copy_in(const detail::Memory& memory) const {
            return Untimed{detail::copy_in(memory, value)};
        }
        [[nodiscard]] std::size_t memory_in_use() const requires detail::may_own_bytes<value_type> {
            return detail::owned_bytes(value);
        }

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Untimed::value);
        }
    };
    static constexpr bool timed = detail::TimedAdd<T> || OrderDependent<T>;
    using Entry = std::conditional_t<timed, Event, Untimed>;

    void add_to(T& a, const Entry& e) const {
        if constexpr (timed) {
            detail::add(a, e.time, e.value, stacks_.memory());
        } else {
            detail::add(a, Timestamp{}, e.value, stacks_.memory());
        }
    }

    // Takes an event where there is room for it.
    void append(Entry entry);
    void evict();
    [[nodiscard]] decltype(auto) aggregate() const;

    std::size_t length_;
    detail::Ring<Entry, std::size_t> events_;  // by arrival; where T merges, those that are not in the front
    detail::TwoStacks<T> stacks_;              // the back is of events_, where T subtracts or merges
};

template <class T>
void CountWindow<T>::insert(Timestamp t, value_type value) {
    if (size() == length_) {
        evict();
    }
    if constexpr (timed) {
        append(Entry{t, detail::move_in(stacks_.memory(), value)});
    } else {
        append(Entry{detail::move_in(stacks_.memory(), value)});
    }
}

template <class T>
void CountWindow<T>::append(Entry entry) {
    if (events_.full()) {
        events_.set_capacity(std::min(length_, std::max<std::size_t>(2, events_.capacity() * 2)));
    }
    events_.push_back(std::move(entry));
    if constexpr (subtracts || merges) {
        add_to(stacks_.back, events_.back());
    }
}

template <class T>
void CountWindow<T>::evict() {
    if constexpr (merges) {
        if (stacks_.front.empty()) {
            stacks_.clear();
            stacks_.front.reserve(events_.size());
            for (std::size_t i = events_.size(); i != 0; --i) {
                T one = detail::make_in<T>(stacks_.memory());
                add_to(one, events_[i - 1]);
                stacks_.push_older(std::move(one));
            }
            events_.clear();
        }
        stacks_.drop(1);
    } else {
        if constexpr (subtracts) {
            detail::remove(stacks_.back, Timestamp{}, events_.front().value, stacks_.memory());
        }
        events_.pop_front();
    }
}

template <class T>
decltype(auto) CountWindow<T>::aggregate() const {
    if constexpr (subtracts) {
        return (stacks_.back);
    } else if constexpr (merges) {
        return stacks_.aggregate();
    } else {
        T whole = detail::make_in<T>(stacks_.memory());
        if constexpr (OrderDependent<T>) {
            detail::Array<const Entry*> ordered{stacks_.memory()};
            ordered.reserve(events_.size());
            for (std::size_t i = 0; i != events_.size(); ++i) {
                ordered.push_back(&events_[i]);
            }
            // Equal times by arrival: not by std::stable_sort, which takes memory from elsewhere.
            std::sort(ordered.begin(), ordered.end(), [&](const Entry* a, const Entry* b) {
                return a->time != b->time ? a->time < b->time : events_.index_of(a) < events_.index_of(b);
            });
            for (const Entry* e : ordered) {
                add_to(whole, *e);
            }
        } else {
            for (std::size_t i = 0; i != events_.size(); ++i) {
                add_to(whole, events_[i]);
            }
        }
        return whole;
    }
}

template <class T>
std::size_t CountWindow<T>::memory_in_use() const {
    return events_.memory_in_use() + stacks_.memory_in_use();
}

template <class T>
template <class Writer>
void CountWindow<T>::save(Writer& out) const {
    out.write(std::uint64_t{length_}, std::uint64_t{events_.size()});
    for (std::size_t i = 0; i != events_.size(); ++i) {
        out.write(events_[i]);
    }
    if constexpr (merges) {
        out.write(stacks_.front);
    }
}

template <class T>
template <class Reader>
void CountWindow<T>::load(Reader& in) {
    in.expect("a length of", std::uint64_t{length_});
    const auto number = in.template read<std::uint64_t>();
    in.require(number <= length_, "no more events than the length");
    events_.clear();
    stacks_.clear();
    for (std::uint64_t i = 0; i != number; ++i) {
        auto entry = detail::make_in<Entry>(stacks_.memory());
        in.read(entry);
        append(std::move(entry));
    }
    if constexpr (merges) {
        in.read(stacks_.front);
        in.require(stacks_.front.size() <= length_ - number, "no more events than the length");
    }
}

/// Aggregates of N events each, one after the other, by arrival; no event is kept. The last, with fewer, stays open.
///
///     weir::TumblingCountWindow<weir::Sum<int>> batches{1000};
///     if (auto batch = batches.insert(t, x)) { save(batch->result()); }
template <class T>
class TumblingCountWindow {
    static_assert(Aggregator<T> && !OrderDependent<T> && !Expiring<T>,
                  "TumblingCountWindow<T> needs an Aggregator T that takes its inputs in any order");

public:
    using value_type = value_type_t<T>;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    /// Throws std::invalid_argument where `length` is 0.
    explicit TumblingCountWindow(std::size_t length, const allocator_type& memory = {})
        : length_{length}, memory_{memory.resource()}, aggregate_{detail::make_in<T>(memory)} {
        if (length == 0) {
            throw std::invalid_argument("weir::TumblingCountWindow: wanted at least one event");
        }
    }

    /// A copy takes its memory from the default resource, where nothing else is said.
    TumblingCountWindow(const TumblingCountWindow& other) : TumblingCountWindow{other, allocator_type{}} {}
    TumblingCountWindow(const TumblingCountWindow& other, const allocator_type& memory)
        : length_{other.length_},
          size_{other.size_},
          memory_{memory.resource()},
          aggregate_{detail::copy_in(memory, other.aggregate_)} {}
    TumblingCountWindow(TumblingCountWindow&&) noexcept = default;
    TumblingCountWindow(TumblingCountWindow&& other, const allocator_type& memory)
        : length_{other.length_},
          size_{other.size_},
          memory_{memory.resource()},
          aggregate_{detail::move_in(memory, other.aggregate_)} {}
    TumblingCountWindow& operator=(const TumblingCountWindow& other) {
        return detail::replace(*this, TumblingCountWindow{other, get_allocator()});
    }
    TumblingCountWindow& operator=(TumblingCountWindow&& other) noexcept(false) {
        return detail::replace(*this, TumblingCountWindow{std::move(other), get_allocator()});
    }
    ~TumblingCountWindow() = default;

    /// Where the memory is from, and how many bytes were taken from there and not given back.
    [[nodiscard]] allocator_type get_allocator() const noexcept { return memory_; }
    [[nodiscard]] std::size_t memory_in_use() const { return detail::owned_bytes(aggregate_); }

    /// Takes an event. Gives the aggregate of the window that it completes.
    template <class X = value_type>
    std::optional<T> insert(Timestamp t, const X& x = {}) {
        detail::add(aggregate_, t, x, memory_);
        if (++size_ != length_) {
            return std::nullopt;
        }
        size_ = 0;
        return std::exchange(aggregate_, detail::make_in<T>(memory_));
    }

    /// Of the window that is open, with size() events.
    [[nodiscard]] const T& aggregate() const noexcept { return aggregate_; }
    [[nodiscard]] std::size_t length() const noexcept { return length_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    static constexpr const char* snapshot_name = "TumblingCountWindow";
    template <class Writer>
    void save(Writer& out) const {
        out.write(std::uint64_t{length_}, std::uint64_t{size_}, aggregate_);
    }
    template <class Reader>
    void load(Reader& in) {
        in.expect("a length of", std::uint64_t{length_});
        size_ = static_cast<std::size_t>(in.template read<std::uint64_t>());
        in.require(size_ < length_, "fewer events than the length");
        in.read(aggregate_);
    }

private:
    std::size_t length_;
    std::size_t size_ = 0;
    std::pmr::memory_resource* memory_;
    T aggregate_;
};

}  // namespace weir
