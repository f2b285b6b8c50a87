// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stitcher: who a visitor turned out to be.
//
// An event without user_id belongs to the user_id of the first event at or after it (event time; equal times: the first
// to arrive) that carries one on the same domain_userid, and until such an event has come to the domain_userid itself.
// Events come in any order: one that carries a user_id claims the anonymous span that ends with it from whoever had it.
//
// Costs: O(1) an event in order, O(logins of the visitor) for one that is late. Memory: 24 bytes for each event with
// both ids, for as long as history matters.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <weir/keyed_windows.hpp>
#include <weir/lane.hpp>
#include <weir/snapshot.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

#include "logins.hpp"
#include "remembered.hpp"

namespace live_shopper {

/// History that turned out to be another's.
struct Claim {
    std::string from;
    weir::History history;
};

class Stitcher {
    struct Visitor;

public:
    /// `horizon`: how far back history matters. The symbols outlive the stitcher.
    Stitcher(weir::Duration horizon, weir::Symbols& symbols)
        : horizon_{horizon}, visitors_{Visitor{horizon}}, symbols_{symbols} {}

    /// A number for a visitor that no identified event has: the origin of their anonymous events.
    [[nodiscard]] static std::uint64_t origin(std::string_view visitor) {
        return std::hash<std::string_view>{}(visitor) | 1;
    }

    /// Takes an anonymous event; whose it is. The view lasts until the next call.
    [[nodiscard]] std::string_view owner(std::string_view visitor, weir::Timestamp t) {
        std::string_view owner = visitor;
        visitors_.update(visitor, [&](Visitor& v) {
            v.anonymous_until = std::max(v.anonymous_until, t);
            v.seen(t);
            if (const Login* const login = v.logins.owner(t)) {
                owner = login->user.view();
            }
            return false;
        });
        return owner;
    }

    /// Takes an event of a visitor that carries a user_id; what history this claims for the user.
    [[nodiscard]] std::optional<Claim> identify(std::string_view visitor, std::string_view user, weir::Timestamp t) {
        std::optional<Claim> claim;
        visitors_.update(visitor, [&](Visitor& v) {
            v.seen(t);
            const auto change = v.logins.change(t, arrivals_);
            if (change.any(t) && v.anonymous_until > change.after) {
                const std::string_view holder = change.holder == nullptr ? visitor : change.holder->user.view();
                if (holder != user) {
                    claim = Claim{std::string{holder}, {origin(visitor), change.after, t}};
                }
            }
            v.logins.add(Login{t, arrivals_++, symbols_.intern(user)});
            return false;
        });
        return claim;
    }

    /// Moves event time on; visitors whose history matters no more are forgotten.
    void advance_to(weir::Timestamp now) {
        visitors_.advance_to(now);
        visitors_.drain([](const std::string&, Visitor&) {});
        forgotten_.forget(weir::saturating_subtract(now, horizon_));
    }

    /// Forgets visitors without an event after `until`, to have their memory.
    void forget(weir::Timestamp until) {
        visitors_.drop_if([&](const std::string& name, const Visitor& v) {
            if (v.last > until) {
                return false;
            }
            forgotten_.add(origin(name), until);
            return true;
        });
    }

    /// Until when events of a visitor may have been forgotten that a login would claim; nothing where none were.
    [[nodiscard]] std::optional<weir::Timestamp> forgot(std::string_view visitor) const {
        const weir::Timestamp* const until = forgotten_.empty() ? nullptr : forgotten_.find(origin(visitor));
        return until == nullptr ? std::nullopt : std::optional{*until};
    }

    /// Calls `f` with every user that a visitor has been.
    template <class F>
    void each_user(std::string_view visitor, F f) const {
        if (const Visitor* const found = visitors_.find(visitor)) {
            for (const Login& login : found->logins.all()) {
                f(login.user.view());
            }
        }
    }

    [[nodiscard]] std::size_t size() const { return visitors_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const { return visitors_.memory_in_use() + forgotten_.memory_in_use(); }

    /// For snapshots of the engine: what is a section of one each, and how many logins came.
    using Visitors = weir::KeyedWindows<std::string, Visitor>;
    using Forgotten = Remembered<std::uint64_t>;
    [[nodiscard]] const Visitors& visitors() const { return visitors_; }
    [[nodiscard]] Visitors& visitors() { return visitors_; }
    [[nodiscard]] const Forgotten& forgotten() const { return forgotten_; }
    [[nodiscard]] Forgotten& forgotten() { return forgotten_; }
    [[nodiscard]] std::uint64_t arrivals() const { return arrivals_; }
    void count_from(std::uint64_t arrivals) { arrivals_ = arrivals; }

private:
    struct Visitor {
        explicit Visitor(weir::Duration span) : horizon{span} {}

        weir::Duration horizon;
        weir::Timestamp last = weir::Timestamp::min();             // event of any kind
        weir::Timestamp anonymous_until = weir::Timestamp::min();  // last event without user_id
        Logins logins;
        weir::Timestamp now = weir::Timestamp::min();

        void seen(weir::Timestamp t) { last = std::max(last, t); }

        // As a window of KeyedWindows.
        bool advance_to(weir::Timestamp to) {
            now = std::max(now, to);
            logins.forget(weir::saturating_subtract(now, horizon));
            return false;
        }
        [[nodiscard]] bool empty() const { return *next_expiry() <= now; }
        [[nodiscard]] std::optional<weir::Timestamp> next_expiry() const { return weir::saturating_add(last, horizon); }
        [[nodiscard]] std::size_t memory_in_use() const { return logins.memory_in_use(); }

        void save(weir::SnapshotWriter& out) const { out.write(horizon, last, anonymous_until, logins, now); }
        void load(weir::SnapshotReader& in) {
            in.expect("a horizon of", horizon);
            in.read(last, anonymous_until, logins, now);
        }
    };

    weir::Duration horizon_;
    Visitors visitors_;
    Forgotten forgotten_;  // visitors, by origin
    weir::Symbols& symbols_;
    std::uint64_t arrivals_ = 0;
};

}  // namespace live_shopper
