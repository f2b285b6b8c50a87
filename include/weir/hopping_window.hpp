// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// HoppingWindow: windows of one size that start every slide, aligned to the epoch: [start, start + size) for every
// start that is offset + a multiple of the slide. Windows overlap where the slide is less than the size, and leave
// times between them where it is more. The slide need not divide the size.
//
// A window closes once event time has reached its end (+ lateness), and is handed over exactly once, in order of time.
// An event all of whose windows are closed is late, one of whose windows some are closed is partly late: reported,
// never dropped in silence. Windows without events are never handed over, and time without events costs nothing.
//
// Events are aggregated once, into slices that no window begins or ends in: two of them for each slide where the slide
// does not divide the size, else one ("pairs": Krishnamurthy, Wu, Franklin: On-the-Fly Sharing for Streamed
// Aggregation, SIGMOD 2006, section 3). The slices of a window are merged when it closes; two stacks over them make
// that amortized O(1) merges, however many slices a window has (see detail/upkeep.hpp).
//
// Costs: an event in order one add; out of order O(log slices) to find its slice, and where no event was in that slice
// yet O(slices younger). A window closes with amortized O(1) merges, O(slices of it) where events came for closed
// windows' slices since. Memory: a T for each slice that has events, two where windows have more than 8. For a T that
// is not Mergeable, or is OrderDependent, the events are kept instead and each window costs O(its events).
// Not synchronized: one thread at a time.
//
//     weir::HoppingWindow<weir::Sum<int>, std::chrono::minutes, std::chrono::minutes> sales{60min, 5min};
//     if (sales.insert(t, price) == weir::HoppingInsert::late) { ... }
//     sales.advance_to(watermark, [](const auto& w) { save(w.start, w.end, w.aggregate.result()); });

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/box.hpp>
#include <weir/detail/slice.hpp>
#include <weir/time.hpp>

namespace weir {

enum class HoppingInsert : std::uint8_t {
    taken,        // by every window that it belongs to
    partly_late,  // by those of its windows that are open; others are closed
    late,         // every window that it belongs to is closed; nothing changed
    between,      // belongs to no window: the slide is longer than the size; nothing changed
};

struct HoppingOptions {
    Duration offset{};    // windows start at offset + a multiple of the slide
    Duration lateness{};  // how much longer than to its end a window is held open
};

/// One window: [start, end), each the nearest Timestamp where it is beyond the ends of time.
template <class T>
struct TimeWindow {
    Timestamp start;
    Timestamp end;
    std::size_t size = 0;  // events
    T aggregate{};
};

template <class T, class Size = Duration, class Slide = Duration>
class HoppingWindow {
    static_assert(Aggregator<T>, "HoppingWindow<T, Size, Slide> needs an Aggregator T: value_type, add and result()");
    static_assert(!Expiring<T>, "HoppingWindow<T, Size, Slide> cannot hold an Expiring T: give it a RollingWindow");
    static_assert(std::is_convertible_v<Size, Duration> && std::is_convertible_v<Slide, Duration>,
                  "HoppingWindow<T, Size, Slide> needs chrono durations of whole milliseconds or coarser");

public:
    using value_type = value_type_t<T>;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    /// Throws std::invalid_argument where size or slide is not positive or the lateness negative.
    HoppingWindow(Size size, Slide slide, HoppingOptions options = {}, const allocator_type& memory = {});
    HoppingWindow(Size size, Slide slide, const allocator_type& memory) : HoppingWindow{size, slide, {}, memory} {}

    /// A copy takes its memory from the default resource, where nothing else is said. O(slices).
    HoppingWindow(const HoppingWindow& other) : HoppingWindow{other, allocator_type{}} {}
    HoppingWindow(const HoppingWindow& other, const allocator_type& memory)
        : slices_{other.slices_, memory},
          stacks_{other.stacks_, memory},
          size_{other.size_},
          slide_{other.slide_},
          offset_{other.offset_},
          lateness_{other.lateness_},
          now_{other.now_} {}
    HoppingWindow(HoppingWindow&&) noexcept = default;
    HoppingWindow(HoppingWindow&& other, const allocator_type& memory)
        : slices_{std::move(other.slices_), memory},
          stacks_{std::move(other.stacks_), memory},
          size_{other.size_},
          slide_{other.slide_},
          offset_{other.offset_},
          lateness_{other.lateness_},
          now_{other.now_} {}
    HoppingWindow& operator=(const HoppingWindow& other) {
        return detail::replace(*this, HoppingWindow{other, get_allocator()});
    }
    HoppingWindow& operator=(HoppingWindow&& other) noexcept(false) {
        return detail::replace(*this, HoppingWindow{std::move(other), get_allocator()});
    }
    ~HoppingWindow() = default;

    /// Where the memory is from.
    [[nodiscard]] allocator_type get_allocator() const noexcept { return slices_.memory(); }

    /// Takes an event. `x` is the aggregate's value_type or, for one that takes any input, whatever it takes.
    /// Does not move now() on.
    template <class X = value_type>
    HoppingInsert insert(Timestamp t, const X& x = {});

    /// Moves event time on and hands each window that closes to `on_close(const TimeWindow<T>&)`, oldest first. At
    /// Timestamp::max() all are closed. An earlier time than now() changes nothing. `on_close` leaves this window
    /// alone; where it throws, the next call goes on with the window after.
    template <class F>
    void advance_to(Timestamp now, F on_close);

    /// Calls `f(const TimeWindow<T>&)` for each open window that has events, oldest first. O(slices) a window.
    template <class F>
    void for_each_open(F f) const;

    [[nodiscard]] Timestamp now() const noexcept { return now_; }
    [[nodiscard]] Size size() const noexcept { return size_; }
    [[nodiscard]] Slide slide() const noexcept { return slide_; }
    /// From 0 to the slide.
    [[nodiscard]] Duration offset() const noexcept { return offset_; }
    [[nodiscard]] Duration lateness() const noexcept { return lateness_; }

    /// No open window has events.
    [[nodiscard]] bool empty() const noexcept { return slices_.empty(); }

    /// Empty: which windows are closed is told by now() alone.
    [[nodiscard]] bool forgettable() const noexcept { return empty(); }

    /// When the next window with events closes.
    [[nodiscard]] std::optional<Timestamp> next_due() const;

    /// Bytes taken from there and not given back, without the window itself. O(slices).
    [[nodiscard]] std::size_t memory_in_use() const;

    static constexpr const char* snapshot_name = "HoppingWindow";
    template <class Writer>
    void save(Writer& out) const;
    template <class Reader>
    void load(Reader& in);

private:
    using Slice = detail::Slice<T>;
    using Stacks = detail::SliceStacks<T>;
    using Wide = detail::WideTime;

    struct Bounds {
        Timestamp start;
        Timestamp last;  // the last time inside
        Wide end;        // exact
    };

    static constexpr Wide everything = Wide{1} << 100;

    // All windows that end here or before are closed.
    [[nodiscard]] static Wide closed_until(Timestamp now, Duration lateness) noexcept {
        return now == Timestamp::max() ? everything : detail::wide(now) - lateness.count();
    }
    [[nodiscard]] Wide closed() const noexcept { return closed_until(now_, lateness_); }
    [[nodiscard]] Timestamp closes_at(Wide end) const noexcept { return detail::narrow(end + lateness_.count()); }

    // How long after the latest start of a window t is.
    [[nodiscard]] std::int64_t phase_of(Timestamp t) const noexcept {
        return detail::floor_mod(t.time_since_epoch().count(), step(), offset_.count());
    }
    // When the last and the first window over t ends.
    // Requires: phase < size.
    [[nodiscard]] Wide last_end(Timestamp t, std::int64_t phase) const noexcept {
        return detail::wide(t) + (length() - phase);
    }
    [[nodiscard]] Wide first_end(Timestamp t, std::int64_t phase) const noexcept {
        return detail::wide(t) + 1 + (length() - 1 - phase) % step();
    }
    [[nodiscard]] std::int64_t length() const noexcept { return Duration{size_}.count(); }
    [[nodiscard]] std::int64_t step() const noexcept { return Duration{slide_}.count(); }

    // The first window over t that ends after `closed`.
    // Requires: there is one.
    [[nodiscard]] Bounds next_window(Timestamp t, Wide closed) const;

    [[nodiscard]] bool is_over(const Slice& slice, Wide closed) const noexcept {
        return last_end(slice.first, phase_of(slice.first)) <= closed;
    }

    // The slice that t is in, without events.
    [[nodiscard]] Slice slice_of(Timestamp t, std::int64_t phase) const;
    std::size_t find_or_open(Timestamp t, std::int64_t phase);
    [[nodiscard]] detail::Merged<T> aggregate_of(std::size_t first, Timestamp last) const;
    [[nodiscard]] detail::Merged<T> take(const Bounds& window);

    static constexpr std::size_t few = 8;  // up to here merging the slices of a window beats keeping stacks

    detail::Slices<T> slices_;  // those with events, oldest first
    detail::Box<Stacks> stacks_;
    Size size_;
    Slide slide_;
    Duration offset_{};
    Duration lateness_;
    Timestamp now_ = Timestamp::min();
};

template <class T, class Size, class Slide>
HoppingWindow<T, Size, Slide>::HoppingWindow(Size size, Slide slide, HoppingOptions options,
                                             const allocator_type& memory)
    : slices_{memory}, size_{size}, slide_{slide}, lateness_{options.lateness} {
    if (length() <= 0 || step() <= 0 || lateness_ < Duration::zero()) {
        throw std::invalid_argument("weir::HoppingWindow: wanted size > 0, slide > 0 and lateness >= 0");
    }
    offset_ = Duration{detail::floor_mod(options.offset.count(), step())};
}

template <class T, class Size, class Slide>
template <class X>
HoppingInsert HoppingWindow<T, Size, Slide>::insert(Timestamp t, const X& x) {
    const Wide closed = this->closed();
    std::size_t i = slices_.size();
    bool fresh = false;
    HoppingInsert outcome = HoppingInsert::taken;
    if (i != 0 && slices_.back().first <= t && t <= slices_.back().last && closed <= detail::wide(t)) {
        --i;  // where most events fall: no division
    } else {
        const std::int64_t phase = phase_of(t);
        if (phase >= length()) {
            return HoppingInsert::between;
        }
        if (last_end(t, phase) <= closed) {
            return HoppingInsert::late;
        }
        if (first_end(t, phase) <= closed) {
            outcome = HoppingInsert::partly_late;
        }
        const std::size_t before = slices_.size();
        i = find_or_open(t, phase);
        fresh = slices_.size() != before;
    }
    slices_[i].part.add(t, x, slices_.memory());
    if constexpr (Slice::merges) {
        if (stacks_) {
            stacks_->add_or_reset(i, fresh, t, x);
        }
    }
    return outcome;
}

template <class T, class Size, class Slide>
auto HoppingWindow<T, Size, Slide>::slice_of(Timestamp t, std::int64_t phase) const -> Slice {
    // Edges are where windows start, at phase 0, and where they end, at the phase of the size.
    const std::int64_t edge = length() % step();
    const std::int64_t from = phase < edge ? 0 : edge;
    const std::int64_t to = phase < edge ? edge : step();
    return Slice{saturating_subtract(t, Duration{phase - from}), saturating_add(t, Duration{to - 1 - phase}),
                 detail::make_in<typename Slice::Part>(slices_.memory())};
}

template <class T, class Size, class Slide>
std::size_t HoppingWindow<T, Size, Slide>::find_or_open(Timestamp t, std::int64_t phase) {
    const std::size_t i = slices_.upper_bound(t);
    if (i != 0 && t <= slices_[i - 1].last) {
        return i - 1;
    }
    slices_.insert(i, slice_of(t, phase));
    return i;
}

template <class T, class Size, class Slide>
auto HoppingWindow<T, Size, Slide>::next_window(Timestamp t, Wide closed) const -> Bounds {
    const std::int64_t phase = phase_of(t);
    std::int64_t back = (length() - 1 - phase) / step();  // how many slides before the latest start it starts
    const Wide left = last_end(t, phase) - closed - 1;
    assert(left >= 0);
    if (left < length()) {
        back = std::min(back, static_cast<std::int64_t>(left) / step());
    }
    const Wide start = detail::wide(t) - phase - Wide{back} * step();
    const Wide end = start + length();
    return Bounds{detail::narrow(start), detail::narrow(end - 1), end};
}

template <class T, class Size, class Slide>
detail::Merged<T> HoppingWindow<T, Size, Slide>::aggregate_of(std::size_t first, Timestamp last) const {
    auto whole = detail::make_in<detail::Merged<T>>(slices_.memory());
    for (std::size_t i = first; i != slices_.size() && slices_[i].first <= last; ++i) {
        if constexpr (!Slice::merges) {
            slices_[i].part.add_to(whole);
        } else if (i == first) {
            detail::assign_in(slices_.memory(), whole, slices_[i].part);
        } else {
            whole.merge(slices_[i].part, slices_.memory());
        }
    }
    return whole;
}

// Every slice there is begins in this window or after it: one that begins before it has had its last window.
template <class T, class Size, class Slide>
detail::Merged<T> HoppingWindow<T, Size, Slide>::take(const Bounds& window) {
    if constexpr (Slice::merges) {
        std::size_t inside = stacks_ ? stacks_->covered() : 0;
        while (inside != slices_.size() && slices_[inside].first <= window.last) {
            ++inside;
        }
        if (inside == 1 && is_over(slices_.front(), window.end)) {
            return std::move(slices_[0].part);
        }
        if (inside > few) {
            Stacks& stacks = stacks_ ? *stacks_ : stacks_.emplace(slices_.memory());
            if (stacks.front() == 0) {
                stacks.rebuild(slices_, inside);
            }
            stacks.extend(slices_, inside);
            return stacks.aggregate();
        }
    }
    return aggregate_of(0, window.last);
}

template <class T, class Size, class Slide>
template <class F>
void HoppingWindow<T, Size, Slide>::advance_to(Timestamp now, F on_close) {
    if (now <= now_) {
        return;
    }
    const Wide until = closed_until(now, lateness_);
    for (Wide closed = this->closed(); !slices_.empty();) {
        const Bounds window = next_window(slices_.front().first, closed);
        if (window.end > until) {
            break;
        }
        detail::Merged<T> whole = take(window);
        closed = window.end;
        // Where on_close throws, the next call goes on from here. Short of the end of time: there all would be closed.
        now_ = std::max(now_, std::min(closes_at(closed), Timestamp::max() - Duration{1}));
        while (!slices_.empty() && is_over(slices_.front(), closed)) {
            if (stacks_ && stacks_->front() != 0) {
                stacks_->drop(1);
            } else if (stacks_) {
                stacks_->reset();
            }
            slices_.drop_front();
        }
        if (slices_.empty()) {
            stacks_.reset();
        }
        const TimeWindow<T> handed{window.start, detail::narrow(window.end), whole.size, std::move(whole.aggregate)};
        on_close(handed);
    }
    now_ = now;
}

template <class T, class Size, class Slide>
template <class F>
void HoppingWindow<T, Size, Slide>::for_each_open(F f) const {
    Wide closed = this->closed();
    for (std::size_t first = 0; first != slices_.size();) {
        const Bounds window = next_window(slices_[first].first, closed);
        detail::Merged<T> whole = aggregate_of(first, window.last);
        const TimeWindow<T> open{window.start, detail::narrow(window.end), whole.size, std::move(whole.aggregate)};
        f(open);
        closed = window.end;
        while (first != slices_.size() && is_over(slices_[first], closed)) {
            ++first;
        }
    }
}

template <class T, class Size, class Slide>
std::optional<Timestamp> HoppingWindow<T, Size, Slide>::next_due() const {
    if (slices_.empty()) {
        return std::nullopt;
    }
    return closes_at(next_window(slices_.front().first, closed()).end);
}

template <class T, class Size, class Slide>
std::size_t HoppingWindow<T, Size, Slide>::memory_in_use() const {
    return slices_.memory_in_use() + stacks_.memory_in_use();
}

template <class T, class Size, class Slide>
template <class Writer>
void HoppingWindow<T, Size, Slide>::save(Writer& out) const {
    out.write(Duration{size_}, Duration{slide_}, offset_, lateness_, now_);
    slices_.save(out);
    if constexpr (Slice::merges) {
        out.write(static_cast<bool>(stacks_));
        if (stacks_) {
            stacks_->save(out);
        }
    }
}

template <class T, class Size, class Slide>
template <class Reader>
void HoppingWindow<T, Size, Slide>::load(Reader& in) {
    in.expect("a size of", Duration{size_});
    in.expect("a slide of", Duration{slide_});
    in.expect("an offset of", offset_);
    in.expect("a lateness of", lateness_);
    in.read(now_);
    slices_.load(in, [&](const Slice& slice) {
        const std::int64_t phase = phase_of(slice.first);
        const Slice same = slice_of(slice.first, phase);
        return phase < length() && slice.first == same.first && slice.last == same.last && !is_over(slice, closed());
    });
    stacks_.reset();
    if constexpr (Slice::merges) {
        if (in.template read<bool>()) {
            stacks_.emplace(slices_.memory()).load(in, slices_.size());
        }
    }
}

}  // namespace weir
