// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Logins: when a visitor was whom.
//
// An event without user_id belongs to the first login at or after it (event time; equal times: the first to arrive).
// O(1) where events come in order, else O(logins). 24 bytes each.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <weir/symbol.hpp>
#include <weir/time.hpp>

namespace live_shopper {

struct Login {
    weir::Timestamp time;
    std::uint64_t arrival;  // the order of those of one time
    weir::Symbol user;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Login::time, &Login::arrival, &Login::user);
    }
};

class Logins {
public:
    /// The login that an event of this time belongs to; null: none so far.
    [[nodiscard]] const Login* owner(weir::Timestamp t) const {
        if (all_.empty() || all_.back().time < t) {
            return nullptr;
        }
        return &*std::partition_point(all_.begin(), all_.end(), [&](const Login& l) { return l.time < t; });
    }

    /// What a login changes.
    struct Change {
        weir::Timestamp after;  // events later than this and not later than the login are its user's now
        const Login* holder;    // whose they were; null: the visitor's
        [[nodiscard]] bool any(weir::Timestamp t) const { return after < t; }
    };

    /// What a login at `t` would change.
    [[nodiscard]] Change change(weir::Timestamp t, std::uint64_t arrival) const {
        const std::size_t next = first_after(t, arrival);
        return {next == 0 ? weir::Timestamp::min() : all_[next - 1].time, next == all_.size() ? nullptr : &all_[next]};
    }

    void add(Login login) {
        const auto at = static_cast<std::ptrdiff_t>(first_after(login.time, login.arrival));
        all_.insert(all_.begin() + at, std::move(login));
    }

    /// Drops logins at or before `horizon`, half at a time, so that it costs O(1) a login.
    void forget(weir::Timestamp horizon) {
        const auto middle = all_.begin() + static_cast<std::ptrdiff_t>(all_.size() / 2);
        if (middle != all_.begin() && middle->time <= horizon) {
            all_.erase(all_.begin(), middle);
        }
    }

    [[nodiscard]] const std::vector<Login>& all() const { return all_; }
    [[nodiscard]] std::size_t memory_in_use() const { return all_.capacity() * sizeof(Login); }

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Logins::all_);
    }
    [[nodiscard]] bool snapshot_valid() const {
        return std::is_sorted(all_.begin(), all_.end(), [](const Login& a, const Login& b) {
            return std::pair{a.time, a.arrival} < std::pair{b.time, b.arrival};
        });
    }

private:
    [[nodiscard]] std::size_t first_after(weir::Timestamp t, std::uint64_t arrival) const {
        const auto not_after = [&](const Login& l) { return l.time < t || (l.time == t && l.arrival <= arrival); };
        if (all_.empty() || not_after(all_.back())) {
            return all_.size();
        }
        return static_cast<std::size_t>(std::partition_point(all_.begin(), all_.end(), not_after) - all_.begin());
    }

    std::vector<Login> all_;  // by time, equal times by arrival
};

}  // namespace live_shopper
