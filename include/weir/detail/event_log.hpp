// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events of one key in event-time order, on a ring. Equal times: in order of arrival, which is the order of
// insertion or, where a value has a member `arrival`, what that says (history that moves in from another key).
//
// Appending and dropping the oldest cost amortized O(1), a late insert O(events younger than it), an index O(1).

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include <boost/circular_buffer.hpp>
#include <weir/time.hpp>

namespace weir::detail {

template <class V>
struct Entry {
    Timestamp time;
    [[no_unique_address]] V value;
};

template <class V>
concept HasArrival = requires(const V& v) {
    v.arrival < v.arrival;
};

template <class V>
class EventLog {
public:
    [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }
    [[nodiscard]] bool empty() const noexcept { return ring_.empty(); }
    [[nodiscard]] const Entry<V>& operator[](std::size_t i) const { return ring_[i]; }
    [[nodiscard]] const Entry<V>& back() const { return ring_.back(); }

    /// The number of entries at or before `t`. Searches from the young end, where late events fall. O(log n).
    [[nodiscard]] std::size_t upper_bound(Timestamp t) const {
        std::size_t last = size();
        for (std::size_t step = 1; last != 0 && ring_[last - 1].time > t; step *= 2) {
            if (step > last || ring_[last - step].time <= t) {
                const auto begin = ring_.begin();
                const auto from = begin + static_cast<std::ptrdiff_t>(step > last ? 0 : last - step);
                const auto to = begin + static_cast<std::ptrdiff_t>(last);
                const auto found =
                    std::upper_bound(from, to, t, [](Timestamp a, const Entry<V>& e) { return a < e.time; });
                return static_cast<std::size_t>(found - begin);
            }
            last -= step;
        }
        return last;
    }

    /// Puts an entry where it belongs and gives its index.
    std::size_t insert(Timestamp t, V value) {
        if (ring_.full()) {
            ring_.set_capacity(std::max<std::size_t>(2, ring_.capacity() * 2));
        }
        std::size_t i = ring_.empty() || ring_.back().time <= t ? ring_.size() : upper_bound(t);
        if constexpr (HasArrival<V>) {
            while (i != 0 && ring_[i - 1].time == t && value.arrival < ring_[i - 1].value.arrival) {
                --i;
            }
        }
        if (i == ring_.size()) {
            ring_.push_back(Entry<V>{t, std::move(value)});
        } else {
            ring_.insert(ring_.begin() + static_cast<std::ptrdiff_t>(i), Entry<V>{t, std::move(value)});
        }
        return i;
    }

    /// Whether the entry at `i` has come in before one of the same time.
    [[nodiscard]] bool precedes_its_equal(std::size_t i) const {
        return i + 1 != ring_.size() && ring_[i + 1].time == ring_[i].time;
    }

    void drop_front(std::size_t count) {
        ring_.erase_begin(count);
        if (ring_.empty() && ring_.capacity() > 16) {
            ring_.set_capacity(0);
        }
    }

    /// Takes out what `take(entry)` accepts, in order, and hands it to `give(entry)`.
    template <class Take, class Give>
    std::size_t extract_if(Take take, Give give) {
        auto kept = ring_.begin();
        for (auto it = ring_.begin(); it != ring_.end(); ++it) {
            if (take(std::as_const(*it))) {
                give(std::move(*it));
            } else {
                if (kept != it) {
                    *kept = std::move(*it);
                }
                ++kept;
            }
        }
        const auto taken = static_cast<std::size_t>(ring_.end() - kept);
        ring_.erase(kept, ring_.end());
        return taken;
    }

    [[nodiscard]] std::size_t heap_bytes() const noexcept { return ring_.capacity() * sizeof(Entry<V>); }

private:
    boost::circular_buffer<Entry<V>> ring_;
};

}  // namespace weir::detail
