// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "visitor_stage.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <weir/metric_parser.hpp>

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

void Visitors::Visitor::load(weir::SnapshotReader& in) {
    in.expect("a horizon of", horizon);
    in.read(last, now, logins, kept);
    in.require(std::is_sorted(kept.begin(), kept.end(),
                              [](const Kept& a, const Kept& b) {
                                  return std::pair{a.time, a.stamp} < std::pair{b.time, b.stamp};
                              }),
               "events by their times");
    kept_bytes = 0;
    for (const Kept& event : kept) {
        kept_bytes += event.event.capacity();
    }
}

Visitors::Visitors(const Settings& settings, weir::Duration horizon, std::uint32_t source, std::uint32_t sources,
                   std::uint32_t shoppers)
    : horizon_{horizon},
      dedupe_{settings.dedupe},
      bot_limit_{settings.bot_limit},
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

namespace {

enum Section : std::uint32_t { of_stage, of_ids, of_bots, of_visitors, sections_of_visitors };

}  // namespace

std::string Visitors::snapshot_description() const {
    using weir::label;
    return fmt::format("Visitors; hashes {:x}; horizon {}; dedupe {}; bots {}; stitch {}",
                       std::hash<std::string_view>{}("live-shopper"), label(horizon_), label(dedupe_), bot_limit_,
                       stitch_);
}

std::vector<std::uint64_t> Visitors::begin_snapshot() const {
    try {
        first_row_.emplace();
        first_row_->write(now_, seen_);
        return {1, seen_.ids().begin_snapshot(), bots_.begin_snapshot(), visitors_.begin_snapshot().front()};
    } catch (...) {
        end_snapshot();
        throw;
    }
}

bool Visitors::continue_snapshot(std::size_t& keys, const SnapshotSink& end_piece) const {
    if (first_row_) {
        end_piece(*first_row_, of_stage, 1);
        first_row_.reset();
    }
    // All of them, also once there are no keys left: a table has to say what changed of it meanwhile.
    bool more = seen_.ids().continue_snapshot(keys, end_piece, of_ids);
    more = bots_.continue_snapshot(keys, end_piece, of_bots) || more;
    return visitors_.continue_snapshot(keys, end_piece, of_visitors) || more;
}

void Visitors::end_snapshot() const noexcept {
    first_row_.reset();
    seen_.ids().end_snapshot();
    bots_.end_snapshot();
    visitors_.end_snapshot();
}

Visitors::Restoring::Restoring(Visitors& target)
    : target_{target}, seen_{target.dedupe_}, bots_{target.bot_limit_}, visitors_{target.visitors_} {}

std::size_t Visitors::Restoring::sections() const { return sections_of_visitors; }

void Visitors::Restoring::reserve(std::uint32_t section, std::size_t rows) {
    if (section == of_visitors) {
        visitors_.reserve(0, rows);
    }
}

void Visitors::Restoring::read(std::uint32_t section, weir::SnapshotReader& in) {
    switch (section) {
        case of_stage:
            in.read(now_, seen_);
            break;
        case of_ids:
            seen_.ids().read_row(in);
            break;
        case of_bots:
            bots_.read_row(in);
            break;
        default:
            in.intern_in(target_.symbols_);
            visitors_.read(0, in);
            break;
    }
}

void Visitors::Restoring::finish(const weir::SnapshotReader& end) { visitors_.finish(end); }

void Visitors::Restoring::commit() {
    target_.seen_ = std::move(seen_);
    target_.bots_ = std::move(bots_);
    visitors_.commit();
    target_.now_ = now_;
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
    return {DecodeError::none, visitors().take(record_.event, record_.arrival, record_.stamp, now, again, emit),
            record_.event.time};
}

void VisitorStage::move_time() {
    const auto status = time_.status();
    now_ = status.time;
    // That all were idle where it is reading says nothing of what is left to read.
    visitors().at(status.time, status.idle && ended_);
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
    visitors().at(time_.latest(), false);
    return {DecodeError::none, visitors().take(event_, arrival, stamp_of(record.offset, source_), now, again, emit),
            event_.time};
}

void KeyedVisitorStage::tick(weir::Timestamp now, const Emit& emit) {
    visitors().at(time_.time(now), time_.idle(now));
    visitors().tick(now, emit);
}

}  // namespace live_shopper
