// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SlowSessions: SessionWindow as docs/semantics.md tells it.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include <weir/session_window.hpp>
#include <weir/time.hpp>

#include "slow_windows.hpp"

namespace weir_tests {

/// Every event that is not late; all are grouped anew for each answer.
template <class V>
class SlowSessions {
public:
    struct Row {
        weir::Timestamp time;
        V value;
    };
    using Group = std::vector<Row>;

    SlowSessions(weir::Duration gap, weir::Duration lateness) : gap_{wide(gap)}, lateness_{wide(lateness)} {}

    weir::SessionInsert insert(weir::Timestamp t, const V& value) {
        const std::size_t before = groups().size();
        const bool joins = std::any_of(rows_.begin(), rows_.end(), [&](const Row& r) {
            const Wide apart = wide(r.time) - wide(t);
            return apart <= gap_ && -apart <= gap_;
        });
        const bool of_closed = closed_ && wide(t) <= wide(*closed_) + gap_;
        if (!joins && (of_closed || wide(t) + gap_ + lateness_ < wide(now_))) {
            return weir::SessionInsert::late;
        }
        rows_.insert(std::find_if(rows_.begin(), rows_.end(), [&](const Row& r) { return r.time > t; }), Row{t, value});
        const std::size_t after = groups().size();
        return after > before   ? weir::SessionInsert::opened
               : after < before ? weir::SessionInsert::bridged
                                : weir::SessionInsert::extended;
    }

    std::vector<Group> advance_to(weir::Timestamp now) {
        std::vector<Group> closed;
        now_ = std::max(now_, now);
        for (const Group& group : groups()) {
            if (wide(now_) > wide(group.back().time) + gap_ + lateness_) {
                closed.push_back(group);
                closed_ = group.back().time;
                rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(group.size()));
            }
        }
        return closed;
    }

    [[nodiscard]] std::vector<Group> groups() const {
        std::vector<Group> all;
        for (const Row& r : rows_) {
            if (all.empty() || wide(r.time) - wide(all.back().back().time) > gap_) {
                all.emplace_back();
            }
            all.back().push_back(r);
        }
        return all;
    }

    [[nodiscard]] bool forgettable() const {
        return rows_.empty() && (!closed_ || wide(now_) > wide(*closed_) + gap_ + lateness_ + gap_);
    }
    [[nodiscard]] std::optional<weir::Timestamp> next_due() const {
        if (!rows_.empty()) {
            return narrow(wide(groups().front().back().time) + gap_ + lateness_ + 1);
        }
        return closed_ ? std::optional{narrow(wide(*closed_) + gap_ + lateness_ + gap_ + 1)} : std::nullopt;
    }
    [[nodiscard]] weir::Timestamp now() const { return now_; }

private:
    Wide gap_;
    Wide lateness_;
    std::vector<Row> rows_;
    weir::Timestamp now_ = weir::Timestamp::min();
    std::optional<weir::Timestamp> closed_;
};

}  // namespace weir_tests
