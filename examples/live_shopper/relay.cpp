// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "first_offsets.hpp"
#include "log.hpp"

namespace live_shopper {
namespace {

// More positions than this that wait for the next topic are told of as one.
constexpr std::size_t max_sent = 256;

bool due(const std::optional<weir::Timestamp>& last, weir::Timestamp now, weir::Duration interval) {
    return !last || now < *last || now - *last >= interval;
}

}  // namespace

Relay::Relay(RelayOptions options, std::unique_ptr<Transform> transform, Source& source, Outlet& outlet,
             DeadLetters& dead_letters, Metrics& metrics, Clock clock)
    : options_{std::move(options)},
      transform_{std::move(transform)},
      source_{source},
      outlet_{outlet},
      dead_letters_{dead_letters},
      metrics_{metrics},
      clock_{std::move(clock)},
      emit_{[this](std::uint32_t partition, std::string_view record) { outlet_.send(partition, record); }} {
    if (options_.snapshots != nullptr && transform_->state() != nullptr) {
        snapshots_.emplace(options_.snapshot, *options_.snapshots, metrics_);
    }
}

Relay::~Relay() { metrics_.set_lags(this, {}); }

void Relay::step(weir::Duration wait) {
    const Polled polled = source_.poll(wait);
    const weir::Timestamp now = clock_();
    // One that stood still may have lost the partition and not know it yet. What it takes for the end may be far from
    // it, and nobody is to go by that.
    if (last_step_ && now - *last_step_ >= options_.stall) {
        quiet_until_ = weir::saturating_add(now, options_.quiet);
    }
    last_step_ = now;
    const bool takes = working_ && !starting_ && !stopping_ && !release_by_;
    if (takes) {
        for (const Record& record : polled.records) {
            take(record, now);
        }
    }
    switch (polled.rebalance) {
        case Rebalance::none:
            break;
        case Rebalance::assigned:
            begin(now);
            break;
        case Rebalance::revoked:
            tick(now);
            note();
            release_by_ = weir::saturating_add(now, options_.release_wait);
            break;
        case Rebalance::lost:
            release(true);
            return;
    }
    if (starting_) {
        begin(now);
    }
    if (takes && working_ && due(last_tick_, now, options_.tick)) {
        tick(now);
    }
    note();
    outlet_.poll();
    dead_letters_.poll();
    collect();
    if (release_by_ && (sent_.empty() || now >= *release_by_)) {
        release(false);
        return;
    }
    if (takes && working_) {
        if (due(last_commit_, now, options_.commit_interval)) {
            last_commit_ = now;
            commit_now(weir::Duration::zero());
        }
        const bool full = outlet_.full() || dead_letters_.full();
        if (full != paused_) {
            paused_ = full;
            full ? source_.pause() : source_.resume();
            // What comes in meanwhile is not seen, so time must not follow the clock.
            transform_->at_end(!full && source_.lag(0) == 0);
        }
        step_snapshot(now);
    }
    if (stopping_ && !stopped_ && sent_.empty()) {
        commit_now(std::chrono::seconds{1});
        stopped_ = true;
    }
    if (working_ && due(last_report_, now, std::chrono::seconds{10})) {
        last_report_ = now;
        report();
    }
}

void Relay::stop() {
    if (stopping_) {
        return;
    }
    if (working_ && !starting_) {
        note();
        source_.pause();
    }
    stopping_ = true;
}

void Relay::begin(weir::Timestamp now) {
    working_ = true;
    const Partition& partition = source_.partitions().front();
    auto first = first_offsets(source_, transform_->horizon(), options_.reach, now);
    if (snapshots_ && !starting_) {
        restored_ = snapshots_->restore(source_.partitions(), first, *transform_->state());
    }
    if (restored_) {
        first.front() = restored_->marks.front().next;
    }
    starting_ = !source_.start(first);
    if (starting_) {
        return;
    }
    if (restored_) {
        time_ = restored_->marks.front().time;
        back_ = std::move(restored_->marks.front().back);
        restored_.reset();
    }
    next_ = first.front();
    committed_ = partition.committed && *partition.committed <= partition.high ? *partition.committed : next_;
    noted_ = committed_;
    if (const auto note = CommitNote::parse(partition.metadata); note && committed_ == next_) {
        transform_->recall(note->more);
    }
    metrics_.rebalances.add();
    log::info("partition taken on", {{"topic", partition.topic},
                                     {"partition", partition.number},
                                     {"committed", partition.committed.value_or(-1)},
                                     {"from", next_},
                                     {"end", partition.high}});
    if (partition.committed && *partition.committed < partition.low) {
        log::warn("records were deleted before they were read", {{"topic", partition.topic},
                                                                 {"partition", partition.number},
                                                                 {"committed", *partition.committed},
                                                                 {"first", partition.low}});
    }
}

void Relay::take(const Record& record, weir::Timestamp now) {
    if (record.end) {
        next_ = std::max(next_, record.offset);
        transform_->at_end(true);
        return;
    }
    const bool again = record.offset < committed_;
    next_ = record.offset + 1;
    // As Job has it: a later read of the same record has to find the same.
    const bool believed = record.time && *record.time > weir::Timestamp{} &&
                          *record.time <= weir::saturating_add(now, options_.max_future);
    time_ = believed ? *record.time : now;
    if (again) {
        metrics_.read_back.add();
    }
    const Transform::Result result = transform_->take(record, time_, now, again, emit_);
    if (result.matters) {
        back_.observe(record.offset, *result.matters);
    }
    if (again) {
        return;
    }
    if (result.error != DecodeError::none) {
        metrics_.undecodable[static_cast<std::size_t>(result.error)].add();
        dead_letters_.send(record, source_.partitions().front(), reason(result.error));
    } else if (result.outcome) {
        metrics_.outcomes[static_cast<std::size_t>(*result.outcome)].add();
    }
}

// Not before everything is known that was known when the partition was given up.
void Relay::tick(weir::Timestamp now) {
    if (working_ && !starting_ && next_ >= committed_ && now >= quiet_until_) {
        last_tick_ = now;
        transform_->tick(now, emit_);
    }
}

void Relay::note() {
    if (!working_ || starting_ || next_ <= noted_) {
        return;
    }
    noted_ = next_;
    const auto horizon = transform_->horizon();
    std::int64_t from = next_;
    if (horizon > weir::Duration::zero()) {
        const auto time = transform_->time();
        from = back_.first_needed(time ? weir::saturating_subtract(*time, horizon) : weir::Timestamp::min())
                   .value_or(next_);
    }
    Sent sent{outlet_.sent(), dead_letters_.sent(),
              Position{0, next_, CommitNote{time_, from, horizon, transform_->note()}.text()}};
    if (sent_.size() >= max_sent) {
        sent_.back() = std::move(sent);
    } else {
        sent_.push_back(std::move(sent));
    }
}

// While records come again what is known is of more than has been read, and what was sent of the rest may yet be lost.
void Relay::step_snapshot(weir::Timestamp now) {
    if (!snapshots_ || next_ < noted_) {
        return;
    }
    if (snapshots_->due(now)) {
        const Partition& partition = source_.partitions().front();
        snapshots_->begin(now, *transform_->state(), {{partition.topic, partition.number, next_, time_, back_}}, {});
    }
    snapshots_->step();
}

void Relay::collect() {
    while (!sent_.empty() && sent_.front().records <= outlet_.delivered() &&
           sent_.front().dead_letters <= dead_letters_.delivered()) {
        committable_ = std::move(sent_.front().position);
        sent_.pop_front();
    }
}

void Relay::commit_now(weir::Duration wait) {
    if (!committable_) {
        return;
    }
    metrics_.commits.add();
    const std::array<Position, 1> positions{*std::move(committable_)};
    committable_.reset();
    if (!source_.commit(positions, wait)) {
        log::warn("offsets were not committed; the next commit makes up for it");
    } else if (snapshots_) {
        snapshots_->committed(0, positions.front().offset);
    }
}

void Relay::release(bool lost) {
    if (!lost) {
        commit_now(std::chrono::seconds{1});
    }
    if (!source_.partitions().empty()) {
        const Partition& partition = source_.partitions().front();
        log::info(lost ? "partition lost" : "partition given up",
                  {{"topic", partition.topic}, {"partition", partition.number}});
    }
    source_.release();
    if (snapshots_) {
        snapshots_->forget();
    }
    sent_.clear();
    committable_.reset();
    release_by_.reset();
    working_ = false;
    starting_ = false;
}

void Relay::report() {
    memory_share_.set(transform_->memory_in_use());
    const Partition& partition = source_.partitions().front();
    metrics_.set_lags(this, {{partition.topic, partition.number, source_.lag(0)}});
}

}  // namespace live_shopper
