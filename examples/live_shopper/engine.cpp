// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "engine.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <limits>

#include "stable_hash.hpp"

namespace live_shopper {

namespace {

void assign(std::string& out, std::initializer_list<std::string_view> parts) {
    out.clear();
    for (const std::string_view part : parts) {
        out += part;
    }
}

// Of all values that are made of the same events. Two groups next to each other that happen to agree are written
// together: no harm.
std::uint64_t group_of(const weir::Metric& m) {
    std::uint64_t group = 1;
    for (const std::string_view part : {m.lane, m.window, m.key}) {
        group = (group ^ std::hash<std::string_view>{}(part)) * 0x9E37'79B9'7F4A'7C15U;
    }
    return group | 1;
}

}  // namespace

Engine::Engine(const Settings& settings, std::size_t shards)
    : settings_{settings},
      guard_{settings.max_future},
      bots_{settings.bot_limit},
      seen_{settings.dedupe},
      shards_{settings, shards},
      given_up_{shards_.horizon()},
      stitcher_{shards_.horizon(), symbols_} {}

Outcome Engine::accept(const ShopEvent& event, weir::Timestamp wall_clock, bool counted) {
    if (!admits(event.time, wall_clock)) {
        return Outcome::refused_future;
    }
    if (!seen_.knows(event.time)) {
        return Outcome::late;
    }
    if (!seen_.first(event.id, event.time)) {
        return Outcome::duplicate;
    }
    if (!bots_.admits(event.user_id.empty() ? event.domain_userid : event.user_id, event.time)) {
        return Outcome::refused_bot;
    }
    if (restored_ && !event.domain_userid.empty()) {
        assume_owners(event.domain_userid);
    }
    std::string_view user = event.user_id;
    std::uint64_t origin = 0;
    if (user.empty()) {
        user = event.domain_userid;
        if (settings_.stitch && !user.empty()) {
            origin = Stitcher::origin(user);
            user = stitcher_.owner(user, event.time);
        }
    } else if (settings_.stitch && !event.domain_userid.empty()) {
        if (rebuilding_) {
            // Partitions are read in another order than before: whoever the visitor's events went to then may have
            // values in the store that nobody has a reason to write now.
            assume_published(event.domain_userid);
            assume_published(user);
        }
        if (const auto until = stitcher_.forgot(event.domain_userid)) {
            shards_.note_dropped(user, *until);
        }
        if (const auto claim = stitcher_.identify(event.domain_userid, user, event.time)) {
            shards_.move(claim->from, user, claim->history, rebuilding_);
        }
    }
    if (user.empty() && event.session_id.empty()) {
        return Outcome::nobody;
    }
    const auto taken = shards_.process(event, user, origin, arrivals_++, counted);
    return !taken ? Outcome::queued : *taken == weir::Taken::late ? Outcome::late : Outcome::accepted;
}

Outcome Engine::take(const StageRecord& part, bool counted) {
    const ShopEvent& event = part.event;
    const bool for_user = part.kind == StageRecord::Kind::for_user;
    if (!seen_.knows(event.time)) {
        return Outcome::late;
    }
    const auto time = static_cast<std::uint64_t>(event.time.time_since_epoch().count());
    if (!seen_.first(event.id, event.time,
                     stable_hash(for_user ? "user" : "session", part.origin ^ std::rotl(time, 20))) ||
        (part.origin != 0 && given_up_.holds(part.origin, event.time))) {
        return Outcome::duplicate;
    }
    const auto taken = for_user ? shards_.process_for_user(event, part.user, part.origin, part.stamp, counted)
                                : shards_.process_for_session(event, part.stamp, counted);
    return !taken ? Outcome::queued : *taken == weir::Taken::late ? Outcome::late : Outcome::accepted;
}

void Engine::give_up(std::string_view user, std::uint64_t origin, weir::Timestamp until) {
    given_up_.add(origin, until);
    if (rebuilding_) {
        assume_published(user);
    }
    // Also what should have lapsed by now: time may have stood still when it was written.
    shards_.remove(user, weir::History{origin, weir::Timestamp::min(), until}, true);
}

void Engine::rebuilding(bool yes) {
    rebuilding_ = yes;
    restored_ = restored_ && yes;
    assumed_.clear();
}

void Engine::restored() {
    shards_.assume_published();
    restored_ = true;
}

void Engine::assume_published(std::string_view user) {
    if (assumed_.insert(std::hash<std::string_view>{}(user)).second) {
        shards_.assume_published(user);
    }
}

// Read in another order than before, what a visitor did since the snapshot may have gone to any user they had been by
// then. Logins from then on say so by themselves.
void Engine::assume_owners(std::string_view visitor) {
    if (settings_.stitch && assumed_.insert(~std::hash<std::string_view>{}(visitor)).second) {
        stitcher_.each_user(visitor, [&](std::string_view user) { assume_published(user); });
    }
}

void Engine::advance_to(weir::Timestamp now) {
    if (now > now_) {
        now_ = now;
        seen_.advance_to(now);
        bots_.advance_to(now);
        given_up_.advance_to(now);
        stitcher_.advance_to(now);
        shards_.advance_to(now);
    }
}

void Engine::drain(const Sink& sink) { drain(sink, std::numeric_limits<std::size_t>::max()); }

bool Engine::drain(const Sink& sink, std::size_t keys) {
    return shards_.drain([&](const weir::Metric& m) { hand_out(m, sink); }, keys);
}

void Engine::hand_out(const weir::Metric& m, const Sink& sink) {
    if (m.window.empty()) {
        assign(key_, {"session:", m.key, ":", m.name});
    } else {
        assign(key_, {"user:", m.key, ":", m.name, "_", m.window});
    }
    sink(Write{key_, m.value, m.expires_at, group_of(m), m.erased});
}

std::size_t Engine::drop_idle(weir::Duration grace, std::size_t most, const Sink& sink) {
    std::size_t keys = 0;
    weir::Timestamp newest = weir::Timestamp::min();
    shards_.each_latest([&](weir::Timestamp latest) {
        ++keys;
        newest = std::max(newest, latest);
    });
    if (keys == 0) {
        return 0;
    }
    // Ages in buckets 2 % wide; of each bucket, how many there are and the latest.
    struct Bucket {
        std::size_t keys = 0;
        weir::Timestamp latest = weir::Timestamp::min();
    };
    std::array<Bucket, 64 * 32> buckets;
    shards_.each_latest([&](weir::Timestamp latest) {
        const auto age = static_cast<double>(newest.time_since_epoch().count()) -
                         static_cast<double>(latest.time_since_epoch().count());
        const auto at = static_cast<std::size_t>(32 * std::log2(1 + age));
        Bucket& bucket = buckets[std::min(at, buckets.size() - 1)];
        ++bucket.keys;
        bucket.latest = std::max(bucket.latest, latest);
    });
    weir::Timestamp until = weir::Timestamp::min();
    const std::size_t wanted = std::min((keys + 7) / 8, most);
    for (std::size_t i = buckets.size(), found = 0; i != 0 && found < wanted; --i) {
        found += buckets[i - 1].keys;
        until = std::max(until, buckets[i - 1].latest);
    }
    const auto dropped = shards_.drop_idle(until, rebuilding_, [&](const weir::Metric& m) { hand_out(m, sink); });
    const auto old = std::min(until, weir::saturating_subtract(now_, grace));
    stitcher_.forget(old);
    seen_.forget(old);
    return dropped;
}

std::size_t Engine::memory_in_use() {
    return shards_.memory_in_use() + stitcher_.memory_in_use() + seen_.memory_in_use() + bots_.memory_in_use() +
           given_up_.memory_in_use() + symbols_.memory_in_use();
}

}  // namespace live_shopper
