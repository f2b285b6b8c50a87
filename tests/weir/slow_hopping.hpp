// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SlowHopping: HoppingWindow as docs/semantics.md tells it. A list of events for each window, found by counting up from
// the first window that may hold an event; all in 128 bits, so that nothing saturates.

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/hopping_window.hpp>
#include <weir/time.hpp>

#include "slow_windows.hpp"

namespace weir_tests {

template <class V>
class SlowHopping {
public:
    struct Row {
        weir::Timestamp time;
        V value;
    };
    using Rows = std::vector<Row>;  // by event time, equal times by arrival
    using Windows = std::vector<std::pair<Wide, Rows>>;

    SlowHopping(weir::Duration size, weir::Duration slide, weir::HoppingOptions options)
        : size_{wide(size)}, slide_{wide(slide)}, offset_{wide(options.offset)}, lateness_{wide(options.lateness)} {}

    weir::HoppingInsert insert(weir::Timestamp t, const V& value) {
        std::size_t taken = 0;
        std::size_t refused = 0;
        for (const Wide start : starts(wide(t))) {
            if (is_closed(start)) {
                ++refused;
                continue;
            }
            ++taken;
            Rows& rows = open_[start];
            rows.insert(std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.time > t; }),
                        Row{t, value});
        }
        if (taken + refused == 0) {
            return weir::HoppingInsert::between;
        }
        if (taken == 0) {
            return weir::HoppingInsert::late;
        }
        return refused == 0 ? weir::HoppingInsert::taken : weir::HoppingInsert::partly_late;
    }

    /// What closes, oldest first.
    Windows advance_to(weir::Timestamp now) {
        now_ = std::max(now_, now);
        Windows closed;
        for (auto at = open_.begin(); at != open_.end();) {
            if (is_closed(at->first)) {
                closed.emplace_back(at->first, std::move(at->second));
                at = open_.erase(at);
            } else {
                ++at;
            }
        }
        return closed;
    }

    [[nodiscard]] Windows open() const { return Windows(open_.begin(), open_.end()); }

    [[nodiscard]] std::optional<weir::Timestamp> next_due() const {
        return open_.empty() ? std::nullopt : std::optional{narrow(open_.begin()->first + size_ + lateness_)};
    }
    [[nodiscard]] bool empty() const { return open_.empty(); }
    [[nodiscard]] weir::Timestamp now() const { return now_; }
    [[nodiscard]] Wide size() const { return size_; }

private:
    // The starts of the windows that hold t: offset + k * slide in (t - size, t].
    [[nodiscard]] std::vector<Wide> starts(Wide t) const {
        Wide k = (t - size_ - offset_) / slide_ - 1;
        while (offset_ + k * slide_ <= t - size_) {
            ++k;
        }
        std::vector<Wide> all;
        for (; offset_ + k * slide_ <= t; ++k) {
            all.push_back(offset_ + k * slide_);
        }
        return all;
    }
    [[nodiscard]] bool is_closed(Wide start) const {
        return now_ == weir::Timestamp::max() || wide(now_) >= start + size_ + lateness_;
    }

    Wide size_;
    Wide slide_;
    Wide offset_;
    Wide lateness_;
    std::map<Wide, Rows> open_;
    weir::Timestamp now_ = weir::Timestamp::min();
};

template <class T>
[[nodiscard]] bool same_window(const weir::TimeWindow<T>& window, const SlowHopping<int>::Windows::value_type& model,
                               const SlowHopping<int>& slow) {
    T values;
    for (const auto& row : model.second) {
        weir::detail::add(values, row.time, row.value);
    }
    return window.start == narrow(model.first) && window.end == narrow(model.first + slow.size()) &&
           window.size == model.second.size() && window.aggregate.result() == values.result();
}

template <class T>
[[nodiscard]] bool all_same(const std::vector<weir::TimeWindow<T>>& windows, const SlowHopping<int>::Windows& models,
                            const SlowHopping<int>& slow) {
    return std::equal(windows.begin(), windows.end(), models.begin(), models.end(),
                      [&](const auto& window, const auto& model) { return same_window(window, model, slow); });
}

/// Where a window and the slow one differ; "" where they do not.
template <class T>
[[nodiscard]] std::string difference(const weir::HoppingWindow<T>& fast, const SlowHopping<int>& slow) {
    std::vector<weir::TimeWindow<T>> open;
    fast.for_each_open([&](const auto& window) { open.push_back(window); });
    if (!all_same(open, slow.open(), slow)) {
        return "an open window";
    }
    if (fast.empty() != slow.empty() || fast.forgettable() != slow.empty()) {
        return "empty";
    }
    if (fast.now() != slow.now()) {
        return "now";
    }
    return fast.next_due() != slow.next_due() ? "next_due" : "";
}

}  // namespace weir_tests
