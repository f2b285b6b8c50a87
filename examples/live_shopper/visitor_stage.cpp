// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "visitor_stage.hpp"

#include <algorithm>
#include <utility>

#include "features.hpp"
#include "stable_hash.hpp"

namespace live_shopper {

void Visitors::Visitor::keep(Kept event) {
    const auto at = std::upper_bound(kept.begin(), kept.end(), event, [](const Kept& a, const Kept& b) {
        return std::pair{a.time, a.stamp} < std::pair{b.time, b.stamp};
    });
    kept_bytes += event.event.capacity();
    kept.insert(at, std::move(event));
}

bool Visitors::Visitor::advance_to(weir::Timestamp to) {
    now = std::max(now, to);
    const auto horizon_time = weir::saturating_subtract(now, horizon);
    logins.forget(horizon_time);
    // Half at a time, so that dropping costs O(1) an event.
    const auto middle = kept.begin() + static_cast<std::ptrdiff_t>(kept.size() / 2);
    if (middle != kept.begin() && middle->time <= horizon_time) {
        for (auto event = kept.begin(); event != middle; ++event) {
            kept_bytes -= event->event.capacity();
        }
        kept.erase(kept.begin(), middle);
    }
    return false;
}

Visitors::Visitors(const Settings& settings, weir::Duration horizon, std::uint32_t source, std::uint32_t sources,
                   std::uint32_t shoppers)
    : horizon_{horizon},
      stitch_{settings.stitch},
      seen_{settings.dedupe},
      bots_{settings.bot_limit},
      visitors_{Visitor{horizon}},
      teller_{shoppers} {
    head_.source = source;
    head_.sources = sources;
}

std::uint64_t Visitors::origin(std::string_view visitor, const Login* login) {
    if (login == nullptr) {
        return stable_hash(visitor) | 1;
    }
    const auto time = static_cast<std::uint64_t>(login->time.time_since_epoch().count());
    return stable_hash(visitor, (time << 20 | time >> 44) ^ ~login->arrival) | 1;
}

void Visitors::send(std::uint32_t partition, weir::Timestamp now, const Transform::Emit& emit) {
    emit(partition, bytes_);
    teller_.told(partition, head_, now);
}

void Visitors::send_to_user(std::string_view user, std::uint64_t origin, std::string_view event, weir::Timestamp now,
                            const Transform::Emit& emit) {
    head_.kind = StageRecord::Kind::for_user;
    head_.user = user;
    head_.origin = origin;
    bytes_.clear();
    write_written(head_, event, bytes_);
    send(partition_of(user, teller_.partitions()), now, emit);
}

// What happened before the login is its user's. Whoever reads again has to know of the login; what it claimed is told
// already.
void Visitors::identify(const ShopEvent& event, std::uint64_t stamp, weir::Timestamp now, bool again,
                        const Transform::Emit& emit) {
    const std::string_view visitor = event.domain_userid;
    visitors_.update(visitor, [&](Visitor& v) {
        v.last = std::max(v.last, event.time);
        Login login{event.time, stamp, symbols_.intern(event.user_id)};
        const auto change = v.logins.change(login.time, login.arrival);
        if (!again && change.any(event.time)) {
            const auto by_time = [](weir::Timestamp t, const Kept& k) { return t < k.time; };
            const auto begin = std::upper_bound(v.kept.begin(), v.kept.end(), change.after, by_time);
            const auto end = std::upper_bound(begin, v.kept.end(), event.time, by_time);
            if (begin != end) {
                head_.kind = StageRecord::Kind::give_up;
                head_.user = change.holder == nullptr ? visitor : change.holder->user.view();
                head_.origin = origin(visitor, change.holder);
                head_.until = event.time;
                bytes_.clear();
                write(head_, bytes_);
                send(partition_of(head_.user, teller_.partitions()), now, emit);
            }
            const auto from = origin(visitor, &login);
            std::for_each(begin, end, [&](const Kept& k) { send_to_user(event.user_id, from, k.event, now, emit); });
        }
        v.logins.add(std::move(login));
        return false;
    });
}

Outcome Visitors::take(const ShopEvent& event, weir::Timestamp arrival, std::uint64_t stamp, weir::Timestamp now,
                       bool again, const Transform::Emit& emit) {
    if (!seen_.first(event.id, event.time)) {
        return Outcome::duplicate;
    }
    if (!bots_.admits(event.user_id.empty() ? event.domain_userid : event.user_id, event.time)) {
        return Outcome::refused_bot;
    }
    const bool for_user = is_for_users(event);
    event_.clear();
    write_event(event, arrival, stamp, event_);

    std::string user{event.user_id};
    std::uint64_t from = 0;
    if (user.empty()) {
        user = event.domain_userid;
        if (stitch_ && !user.empty()) {
            visitors_.update(event.domain_userid, [&](Visitor& v) {
                v.last = std::max(v.last, event.time);
                const Login* const login = v.logins.owner(event.time);
                if (login != nullptr) {
                    user = login->user.view();
                }
                from = origin(event.domain_userid, login);
                if (for_user) {
                    v.keep({event.time, stamp, event_});
                }
                return false;
            });
        }
    } else if (stitch_ && !event.domain_userid.empty()) {
        identify(event, stamp, now, again, emit);
    }
    if (again) {
        return Outcome::accepted;
    }
    if (for_user && !user.empty()) {
        send_to_user(user, from, event_, now, emit);
    }
    if (!event.session_id.empty()) {
        head_.kind = StageRecord::Kind::for_session;
        bytes_.clear();
        write_written(head_, event_, bytes_);
        send(partition_of(event.session_id, teller_.partitions()), now, emit);
    }
    return Outcome::accepted;
}

void Visitors::tick(weir::Timestamp now, const Transform::Emit& emit) {
    if (head_.time && *head_.time > now_) {
        now_ = *head_.time;
        seen_.advance_to(now_);
        bots_.advance_to(now_);
        visitors_.advance_to(now_);
        visitors_.drain([](const std::string&, Visitor&) {});
    }
    head_.kind = StageRecord::Kind::time;
    teller_.tell(head_, now, emit);
}

std::size_t Visitors::memory_in_use() const {
    return seen_.memory_in_use() + bots_.memory_in_use() + visitors_.memory_in_use() + symbols_.memory_in_use();
}

Transform::Result VisitorStage::take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool again,
                                     const Emit& emit) {
    if (!record.has_payload || !read(record.payload, record_) ||
        (record_.kind != StageRecord::Kind::time && record_.kind != StageRecord::Kind::event)) {
        return {DecodeError::damaged, std::nullopt, std::nullopt};
    }
    time_.observe(record_.source, record_.sources, record_.idle, record_.time, arrival);
    ended_ = false;
    move_time();
    if (record_.kind == StageRecord::Kind::time) {
        return {};
    }
    return {DecodeError::none, visitors_.take(record_.event, record_.arrival, record_.stamp, now, again, emit),
            record_.event.time};
}

void VisitorStage::move_time() {
    const auto status = time_.status();
    now_ = status.time;
    // That all were idle where it is reading says nothing of what is left to read.
    visitors_.at(status.time, status.idle && ended_);
}

Transform::Result KeyedVisitorStage::take(const Record& record, weir::Timestamp arrival, weir::Timestamp now,
                                          bool again, const Emit& emit) {
    time_.active(now);
    if (const auto error = record.has_payload ? decoder_.decode(record.payload, event_, false) : DecodeError::empty;
        error != DecodeError::none) {
        return {error, std::nullopt, std::nullopt};
    }
    if (!guard_.admits(event_.time, arrival)) {
        return {DecodeError::none, Outcome::refused_future, std::nullopt};
    }
    time_.observe(event_.time, arrival, now);
    if (event_.domain_userid.empty() && event_.session_id.empty() && event_.user_id.empty()) {
        return {DecodeError::none, Outcome::nobody, event_.time};
    }
    visitors_.at(time_.latest(), false);
    return {DecodeError::none, visitors_.take(event_, arrival, stamp_of(record.offset, source_), now, again, emit),
            event_.time};
}

void KeyedVisitorStage::tick(weir::Timestamp now, const Emit& emit) {
    visitors_.at(time_.time(now), time_.idle(now));
    visitors_.tick(now, emit);
}

}  // namespace live_shopper
