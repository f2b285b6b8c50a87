// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// PanedWindow: a rolling window that keeps one aggregate for each pane of event time instead of the events, so that its
// memory is bounded by length / resolution, whatever comes.
//
// The error: panes are [k * resolution, (k + 1) * resolution), and the events of a pane leave together, when the last
// time of the pane is as old as the length. So an event stays for at least the length and for less than length +
// resolution. At every moment inside are all the events that a RollingWindow of the same length has, and of older ones
// at most those of one resolution more: it is between RollingWindows of length and of length + resolution - 1 ms. An
// event is never missing. A resolution of 1 ms is exact.
//
// Costs: an event in the newest pane one add; a late one O(log panes) and, in the older three quarters at most, an add
// for each pane that is older; a query two merges; panes that leave amortized O(1) merges each. Time without events
// costs nothing. Memory: at most ceil(length / resolution) + 1 panes of a T and 24 bytes, and a T and 8 bytes more each
// (two stacks, see detail/two_stacks.hpp); up to twice that in spare room. T must be Mergeable.
// Not synchronized: one thread at a time.
//
//     weir::PanedWindow<weir::Distinct<int>, std::chrono::hours> shoppers{24h, 10min};   // no more than 145 panes
//     shoppers.insert(t, id);         // false, and no change, where its pane has left
//     shoppers.result();

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/slice.hpp>
#include <weir/time.hpp>

namespace weir {

template <class T, class Length = Duration>
class PanedWindow {
    static_assert(Aggregator<T>, "PanedWindow<T, Length> needs an Aggregator T: value_type, add and result()");
    static_assert(Mergeable<T> && !OrderDependent<T> && !Expiring<T>,
                  "PanedWindow<T, Length> keeps no events: T must be Mergeable and take its inputs in any order");
    static_assert(std::is_convertible_v<Length, Duration>,
                  "PanedWindow<T, Length> needs a chrono duration of whole milliseconds or coarser as Length");

public:
    using value_type = value_type_t<T>;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    /// Throws std::invalid_argument where length or resolution is not positive.
    PanedWindow(Length length, Duration resolution, const allocator_type& memory = {})
        : panes_{memory}, stacks_{memory}, length_{length}, resolution_{resolution} {
        if (Duration{length} <= Duration::zero() || resolution <= Duration::zero()) {
            throw std::invalid_argument("weir::PanedWindow: wanted length > 0 and resolution > 0");
        }
    }

    /// A copy takes its memory from the default resource, where nothing else is said. O(panes).
    PanedWindow(const PanedWindow& other) : PanedWindow{other, allocator_type{}} {}
    PanedWindow(const PanedWindow& other, const allocator_type& memory)
        : panes_{other.panes_, memory},
          stacks_{other.stacks_, memory},
          length_{other.length_},
          resolution_{other.resolution_},
          size_{other.size_},
          now_{other.now_} {}
    PanedWindow(PanedWindow&&) noexcept = default;
    PanedWindow(PanedWindow&& other, const allocator_type& memory)
        : panes_{std::move(other.panes_), memory},
          stacks_{std::move(other.stacks_), memory},
          length_{other.length_},
          resolution_{other.resolution_},
          size_{other.size_},
          now_{other.now_} {}
    PanedWindow& operator=(const PanedWindow& other) {
        return detail::replace(*this, PanedWindow{other, get_allocator()});
    }
    PanedWindow& operator=(PanedWindow&& other) noexcept(false) {
        return detail::replace(*this, PanedWindow{std::move(other), get_allocator()});
    }
    ~PanedWindow() = default;

    /// Where the memory is from.
    [[nodiscard]] allocator_type get_allocator() const noexcept { return panes_.memory(); }

    /// Takes an event, advancing to it where it is later than now(). False, and no change, where its pane has left.
    /// `x` is the aggregate's value_type or, for one that takes any input, whatever it takes.
    template <class X = value_type>
    bool insert(Timestamp t, const X& x = {});

    /// Moves now() on; panes leave. An earlier time than now() changes nothing. True where a pane left.
    bool advance_to(Timestamp now);

    /// The aggregate's answer over the panes inside.
    [[nodiscard]] auto result() const { return aggregate().aggregate.result(); }

    [[nodiscard]] Timestamp now() const noexcept { return now_; }
    [[nodiscard]] Length length() const noexcept { return length_; }
    [[nodiscard]] Duration resolution() const noexcept { return resolution_; }

    /// The number of events inside, and of panes with events.
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t panes() const noexcept { return panes_.size(); }
    [[nodiscard]] bool empty() const noexcept { return panes_.empty(); }

    /// When the oldest pane leaves; nothing where the window is empty.
    [[nodiscard]] std::optional<Timestamp> next_expiry() const {
        return empty() ? std::nullopt : std::optional{saturating_add(panes_.front().last, length_)};
    }

    /// Bytes taken from there and not given back, without the window itself. O(panes).
    [[nodiscard]] std::size_t memory_in_use() const { return panes_.memory_in_use() + stacks_.memory_in_use(); }

    static constexpr const char* snapshot_name = "PanedWindow";
    template <class Writer>
    void save(Writer& out) const {
        out.write(Duration{length_}, resolution_, now_);
        panes_.save(out);
        stacks_.save(out);
    }
    template <class Reader>
    void load(Reader& in);

private:
    [[nodiscard]] std::int64_t span() const noexcept { return Duration{length_}.count(); }
    [[nodiscard]] std::int64_t phase_of(Timestamp t) const noexcept {
        return detail::floor_mod(t.time_since_epoch().count(), resolution_.count());
    }
    // The last time of the pane that t is in, exact.
    [[nodiscard]] detail::WideTime last_of(Timestamp t) const noexcept {
        return detail::wide(t) + (resolution_.count() - 1 - phase_of(t));
    }

    [[nodiscard]] detail::Merged<T> aggregate() const {
        detail::Merged<T> whole = stacks_.aggregate();
        if (!empty()) {
            whole.merge(panes_.back().part, panes_.memory());
        }
        return whole;
    }

    detail::Slices<T> panes_;        // those with events, oldest first
    detail::SliceStacks<T> stacks_;  // over all but the newest
    Length length_;
    Duration resolution_;
    std::size_t size_ = 0;
    Timestamp now_ = Timestamp::min();
};

template <class T, class Length>
template <class X>
bool PanedWindow<T, Length>::insert(Timestamp t, const X& x) {
    if (!empty() && panes_.back().first <= t && t <= panes_.back().last) {  // where most events fall: no division
        advance_to(t);
        panes_[panes_.size() - 1].part.add(t, x, panes_.memory());
        ++size_;
        return true;
    }
    if (last_of(t) <= detail::wide(now_) - span()) {
        return false;
    }
    advance_to(t);
    std::size_t i = panes_.upper_bound(t);
    const bool fresh = i == 0 || t > panes_[i - 1].last;
    if (fresh) {
        const std::int64_t phase = phase_of(t);
        panes_.insert(i, detail::Slice<T>{saturating_subtract(t, Duration{phase}), detail::narrow(last_of(t)),
                                          detail::make_in<typename detail::Slice<T>::Part>(panes_.memory())});
    } else {
        --i;
    }
    panes_[i].part.add(t, x, panes_.memory());
    ++size_;
    const std::size_t newest = panes_.size() - 1;
    if (i != newest) {
        stacks_.add(i, fresh, t, x);
    }
    stacks_.extend(panes_, newest);  // a pane that was the newest until now
    return true;
}

template <class T, class Length>
bool PanedWindow<T, Length>::advance_to(Timestamp now) {
    if (now <= now_) {
        return false;
    }
    now_ = now;
    const detail::WideTime horizon = detail::wide(now) - span();
    std::size_t gone = 0;
    while (gone != panes_.size() && detail::wide(panes_[gone].last) <= horizon) {
        size_ -= panes_[gone].part.size;
        ++gone;
    }
    if (gone == 0) {
        return false;
    }
    const bool in_front = gone <= stacks_.front();
    if (in_front) {
        stacks_.drop(gone);
    }
    panes_.drop_front(gone);
    if (empty()) {
        stacks_.release();
    } else if (!in_front) {
        stacks_.rebuild(panes_, panes_.size() - 1);
    }
    return true;
}

template <class T, class Length>
template <class Reader>
void PanedWindow<T, Length>::load(Reader& in) {
    in.expect("a length of", Duration{length_});
    in.expect("a resolution of", resolution_);
    in.read(now_);
    size_ = 0;
    panes_.load(in, [&](const detail::Slice<T>& pane) {
        size_ += pane.part.size;
        return pane.first == saturating_subtract(pane.first, Duration{phase_of(pane.first)}) && pane.first <= now_ &&
               pane.last == detail::narrow(last_of(pane.first)) &&
               detail::wide(pane.last) > detail::wide(now_) - span();
    });
    const std::size_t covered = empty() ? 0 : panes_.size() - 1;
    stacks_.load(in, covered);
    in.require(stacks_.covered() == covered, "stacks of all panes but the newest");
}

}  // namespace weir
