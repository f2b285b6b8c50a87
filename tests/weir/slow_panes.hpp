// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SlowPanes: PanedWindow as docs/semantics.md tells it.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/paned_window.hpp>
#include <weir/time.hpp>

#include "slow_windows.hpp"

namespace weir_tests {

/// All events, each inside as long as the last time of its pane is younger than the length; in 128 bits.
template <class T>
class SlowPanes {
public:
    SlowPanes(weir::Duration length, weir::Duration resolution)
        : length_{wide(length)}, resolution_{wide(resolution)} {}

    bool insert(weir::Timestamp t, int value) {
        if (pane_end(t) <= wide(now_) - length_) {
            return false;
        }
        rows_.insert(std::find_if(rows_.begin(), rows_.end(), [&](const Row& r) { return r.time > t; }), Row{t, value});
        advance_to(t);
        return true;
    }
    bool advance_to(weir::Timestamp now) {
        now_ = std::max(now_, now);
        const auto left = std::remove_if(rows_.begin(), rows_.end(),
                                         [&](const Row& r) { return pane_end(r.time) <= wide(now_) - length_; });
        const bool any = left != rows_.end();
        rows_.erase(left, rows_.end());
        return any;
    }
    [[nodiscard]] std::string difference(const weir::PanedWindow<T>& fast) const {
        T whole;
        std::vector<Wide> panes;
        for (const Row& r : rows_) {
            weir::detail::add(whole, r.time, r.value);
            panes.push_back(pane_end(r.time));
        }
        if (fast.result() != whole.result()) {
            return "result";
        }
        panes.erase(std::unique(panes.begin(), panes.end()), panes.end());
        if (fast.size() != rows_.size() || fast.panes() != panes.size() || fast.empty() != rows_.empty()) {
            return "size";
        }
        if (static_cast<Wide>(panes.size()) > (length_ + resolution_ - 1) / resolution_ + 1) {
            return "the bound on panes";
        }
        const auto due = panes.empty() ? std::nullopt : std::optional{narrow(panes.front() + length_)};
        if (fast.next_expiry() != due) {
            return "next_expiry";
        }
        return fast.now() != now_ ? "now" : "";
    }
    [[nodiscard]] std::size_t size() const { return rows_.size(); }

private:
    struct Row {
        weir::Timestamp time;
        int value;
    };
    [[nodiscard]] Wide pane_end(weir::Timestamp t) const {
        const Wide phase = (wide(t) % resolution_ + resolution_) % resolution_;
        return wide(t) - phase + resolution_ - 1;
    }

    Wide length_;
    Wide resolution_;
    std::vector<Row> rows_;
    weir::Timestamp now_ = weir::Timestamp::min();
};

}  // namespace weir_tests
