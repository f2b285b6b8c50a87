// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What of an Engine is in a snapshot.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <weir/metric_parser.hpp>

#include "engine.hpp"

namespace live_shopper {

namespace {

// The sections before those of the lanes.
enum Section : std::uint32_t { of_engine, of_ids, of_given_up, of_bots, of_forgotten, of_visitors, of_lanes };

// Where the standard library's hashes are others than here, so are origins and ids.
constexpr std::string_view hashed = "live-shopper";

}  // namespace

std::string Engine::snapshot_description() const {
    using weir::label;
    const Settings& s = settings_;
    return fmt::format(
        "Engine; hashes {:x}; gap {}; lateness {}; linger {}; dedupe {}; future {}; bots {}; cart total "
        "{}; stitch {}; {}",
        std::hash<std::string_view>{}(hashed), label(s.session_gap), label(s.session_lateness), label(s.linger),
        label(s.dedupe), label(s.max_future), s.bot_limit, static_cast<int>(s.cart_total), s.stitch,
        shards_.snapshot_description());
}

std::vector<std::uint64_t> Engine::begin_snapshot() const {
    try {
        first_row_.emplace();
        first_row_->write(now_, arrivals_, stitcher_.arrivals(), seen_);
        std::vector<std::uint64_t> rows(of_lanes);
        rows[of_engine] = 1;
        rows[of_ids] = seen_.ids().begin_snapshot();
        rows[of_given_up] = given_up_.origins().begin_snapshot();
        rows[of_bots] = bots_.begin_snapshot();
        rows[of_forgotten] = stitcher_.forgotten().begin_snapshot();
        rows[of_visitors] = stitcher_.visitors().begin_snapshot().front();
        shards_.begin_snapshot(rows);
        return rows;
    } catch (...) {
        end_snapshot();
        throw;
    }
}

bool Engine::continue_snapshot(std::size_t& keys, const SnapshotSink& end_piece) const {
    if (first_row_) {
        end_piece(*first_row_, of_engine, 1);
        first_row_.reset();
    }
    // All of them, also once there are no keys left: a table has to say what changed of it meanwhile.
    bool more = seen_.ids().continue_snapshot(keys, end_piece, of_ids);
    more = given_up_.origins().continue_snapshot(keys, end_piece, of_given_up) || more;
    more = bots_.continue_snapshot(keys, end_piece, of_bots) || more;
    more = stitcher_.forgotten().continue_snapshot(keys, end_piece, of_forgotten) || more;
    more = stitcher_.visitors().continue_snapshot(keys, end_piece, of_visitors) || more;
    return shards_.continue_snapshot(keys, end_piece, of_lanes) || more;
}

void Engine::end_snapshot() const noexcept {
    first_row_.reset();
    seen_.ids().end_snapshot();
    given_up_.origins().end_snapshot();
    bots_.end_snapshot();
    stitcher_.forgotten().end_snapshot();
    stitcher_.visitors().end_snapshot();
    shards_.end_snapshot();
}

Engine::Restoring::Restoring(Engine& target)
    : target_{target},
      bots_{target.settings_.bot_limit},
      seen_{target.settings_.dedupe},
      shards_{target.shards_},
      given_up_{target.shards_.horizon()},
      visitors_{target.stitcher_.visitors()} {}

std::size_t Engine::Restoring::sections() const { return of_lanes + shards_.sections(); }

void Engine::Restoring::read(std::uint32_t section, weir::SnapshotReader& in) {
    switch (section) {
        case of_engine:
            in.read(now_, arrivals_, logins_, seen_);
            break;
        case of_ids:
            seen_.ids().read_row(in);
            break;
        case of_given_up:
            given_up_.origins().read_row(in);
            break;
        case of_bots:
            bots_.read_row(in);
            break;
        case of_forgotten:
            forgotten_.read_row(in);
            break;
        case of_visitors:
            in.intern_in(target_.symbols_);
            visitors_.read(0, in);
            break;
        default:
            shards_.read(section - of_lanes, in);
    }
}

void Engine::Restoring::reserve(std::uint32_t section, std::size_t rows) {
    if (section == of_visitors) {
        visitors_.reserve(0, rows);
    } else if (section >= of_lanes) {
        shards_.reserve(section - of_lanes, rows);
    }
}

void Engine::Restoring::finish(const weir::SnapshotReader& end) {
    visitors_.finish(end);
    shards_.finish(end);
}

void Engine::Restoring::commit() {
    target_.bots_ = std::move(bots_);
    target_.seen_ = std::move(seen_);
    target_.given_up_ = std::move(given_up_);
    target_.stitcher_.forgotten() = std::move(forgotten_);
    target_.stitcher_.count_from(logins_);
    visitors_.commit();
    shards_.commit();
    target_.now_ = now_;
    target_.arrivals_ = arrivals_;
}

}  // namespace live_shopper
