// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "job.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "first_offsets.hpp"
#include "log.hpp"

namespace live_shopper {
namespace {

// Writes go to the store in portions, so that it has work while the rest of a long drain is still being made.
constexpr std::size_t portion = 4096;

// While the store keeps up less than this, values wait in the engine, where newer ones take their place for free.
constexpr std::size_t backlog = 50'000;

// Near the memory limit, so many writes may wait, or as many as take a fiftieth of the limit with some 150 bytes each.
// To pause costs what was fetched ahead, so that it must not come with every flush.
[[nodiscard]] std::size_t short_backlog(std::size_t memory_limit) {
    return std::max<std::size_t>(10'000, memory_limit / 8192);
}

// As many keys, or of many a small share, are dropped before the store is waited for.
constexpr std::size_t dropped_at_once = 2048;
constexpr std::size_t share_at_once = 64;

// More flushes than this that wait for the store are told of as one.
constexpr std::size_t max_flushes = 256;

// A clock that was set back makes everything due rather than nothing.
bool due(const std::optional<weir::Timestamp>& last, weir::Timestamp now, weir::Duration interval) {
    return !last || now < *last || now - *last >= interval;
}

double seconds(weir::Duration d) { return static_cast<double>(d.count()) / 1000.0; }

}  // namespace

Job::Job(const JobOptions& options, Source& source, Store& store, DeadLetters& dead_letters, Metrics& metrics,
         Clock clock)
    : Job{options,
          std::make_unique<EventReader>(options.settings.cart_total, options.max_record, options.idle_after),
          source,
          store,
          dead_letters,
          metrics,
          std::move(clock)} {}

Job::Job(JobOptions options, std::unique_ptr<Reader> reader, Source& source, Store& store, DeadLetters& dead_letters,
         Metrics& metrics, Clock clock)
    : options_{std::move(options)},
      source_{source},
      store_{store},
      dead_letters_{dead_letters},
      metrics_{metrics},
      clock_{std::move(clock)},
      reader_{std::move(reader)},
      engine_{std::make_unique<Engine>(options_.settings, options_.shards)},
      newer_{options_.refused} {
    if (options_.snapshots != nullptr) {
        snapshots_.emplace(options_.snapshot, *options_.snapshots, metrics_);
    }
}

Job::~Job() { metrics_.set_lags(this, {}); }

void Job::step(weir::Duration wait) {
    const Polled polled = source_.poll(wait);
    const weir::Timestamp now = clock_();

    const bool takes = assigned_ && !starting_ && !stopping_ && !release_by_;
    if (takes) {
        for (const Record& record : polled.records) {
            take(record, now);
        }
        if (!caught_up_) {
            check_caught_up(now);
        }
        keep_within_memory();
    }
    dead_letters_.poll();
    collect_acknowledgements();
    if (const auto newer = store_.take_refusal(); newer && assigned_) {
        drop_out(*newer, now);
        return;
    }

    switch (polled.rebalance) {
        case Rebalance::none:
            break;
        case Rebalance::assigned:
            begin(now);
            break;
        case Rebalance::revoked:
            flush_all(now);
            release_by_ = weir::saturating_add(now, options_.release_wait);
            break;
        case Rebalance::lost:
            release(now, true);
            break;
    }
    if (release_by_ && (flushes_.empty() || now >= *release_by_)) {
        release(now, false);
    }
    if (starting_) {
        repair_ ? go_on_with_repair(now) : restart_windows(now);
    }

    // Windows that are built from the log alone are written as a whole anyway. Where partitions are about to be given
    // up, whoever has them next writes every live value.
    lost_ = (store_.take_reset() && (caught_up_ || restored_)) || lost_;
    if (lost_ && caught_up_ && !progress_.empty() && !stopping_ && !release_by_) {
        repair(now);
    }
    if (takes && assigned_ && !starting_) {
        const auto interval = options_.settings.flush_interval;
        if (flushing_ || due(last_flush_, now, interval) || (dirty_ && due(last_event_flush_, now, interval))) {
            flush(now, options_.flush_keys);
        }
        if (due(last_commit_, now, options_.commit_interval)) {
            last_commit_ = now;
            commit_now(weir::Duration::zero());
        }
        pause_or_resume();
        step_snapshot(now);
    }
    if (stopping_ && !stopped_ && flushes_.empty()) {
        commit_now(std::chrono::seconds{1});
        stopped_ = true;
    }
    if (due(last_report_, now, std::chrono::seconds{1})) {
        last_report_ = now;
        report(now);
    }
}

void Job::stop() {
    if (stopping_) {
        return;
    }
    if (assigned_ && !starting_) {
        flush_all(clock_());
        source_.pause();
    }
    stopping_ = true;
}

void Job::begin(weir::Timestamp now) {
    metrics_.rebalances.add();
    forget();
    assigned_ = true;
    own();
    restart_windows(now);
}

void Job::own() {
    std::vector<Fence> fences;
    if (const auto generation = source_.generation(); generation && !options_.fence.empty()) {
        for (const Partition& partition : source_.partitions()) {
            Fence fence{options_.fence + ':' + partition.topic + ':' + std::to_string(partition.number), *generation};
            // The group counts its generations up. One that refused this process before it joined and is still ahead of
            // what it was given since is of a group that was deleted, or of a cluster that is no more.
            for (const Fence& newer : newer_) {
                if (newer.name == fence.name && newer.generation > fence.generation) {
                    log::warn("the store has a generation of a group that is no more; taking its place",
                              {{"fence", fence.name}, {"generation", fence.generation}, {"found", newer.generation}});
                    fence.void_generation = newer.generation;
                }
            }
            fences.push_back(std::move(fence));
        }
    }
    newer_.clear();
    store_.own(std::move(fences));
}

// Somebody else writes for the partitions already; Kafka's word of it is on its way.
void Job::drop_out(const std::vector<Fence>& newer, weir::Timestamp now) {
    metrics_.fenced.add();
    for (const Fence& fence : newer) {
        log::warn("the store refused writes: another process has the partition",
                  {{"fence", fence.name}, {"newer", fence.generation}});
    }
    newer_ = newer;
    release(now, true);
    source_.rejoin();
}

// Builds the windows from a snapshot and the log.
void Job::restart_windows(weir::Timestamp now) {
    const auto& partitions = source_.partitions();
    if (partitions.empty()) {
        log::info("no partition assigned; standing by");
        caught_up_ = true;
        caught_up_share_.set(1);
        return;
    }
    auto first = first_offsets(source_, engine_->horizon(), engine_->horizon() + options_.read_back_slack, now);
    if (snapshots_ && !starting_) {
        began_ = now;
        EngineState state{*engine_, *reader_, partitions.size(), now};
        restored_ = snapshots_->restore(partitions, first, state);
    }
    if (restored_) {
        std::transform(restored_->marks.begin(), restored_->marks.end(), first.begin(),
                       [](const auto& mark) { return mark.next; });
    }
    if (!source_.start(first)) {
        starting_ = true;
        return;
    }
    starting_ = false;
    began_ = began_.value_or(now);
    std::int64_t to_read = 0;
    for (std::uint32_t slot = 0; slot < partitions.size(); ++slot) {
        const Partition& partition = partitions[slot];
        Progress progress;
        progress.next = first[slot];
        progress.target = partition.high;
        const bool valid = partition.committed && *partition.committed <= partition.high;
        progress.committed = valid ? *partition.committed : first[slot];
        progress.noted = progress.committed;
        if (restored_) {
            progress.time = restored_->marks[slot].time;
            progress.back = std::move(restored_->marks[slot].back);
        }
        to_read += partition.high - first[slot];
        progress_.push_back(std::move(progress));
        log::debug("partition", {{"topic", partition.topic},
                                 {"partition", partition.number},
                                 {"low", partition.low},
                                 {"high", partition.high},
                                 {"committed", partition.committed.value_or(-1)},
                                 {"from", first[slot]}});
        if (partition.committed && !valid) {
            log::warn("the committed offset is beyond the end of the partition; starting it anew",
                      {{"topic", partition.topic},
                       {"partition", partition.number},
                       {"committed", *partition.committed},
                       {"end", partition.high}});
        } else if (partition.committed && *partition.committed < partition.low) {
            log::warn("records were deleted before they were read", {{"topic", partition.topic},
                                                                     {"partition", partition.number},
                                                                     {"committed", *partition.committed},
                                                                     {"first", partition.low}});
        }
    }
    if (restored_) {
        engine_->restored();
        store_.expect(restored_->run);
    } else {
        reader_->begin(static_cast<std::uint32_t>(partitions.size()), now);
    }
    engine_->rebuilding(true);
    log::info("rebuilding windows", {{"partitions", partitions.size()}, {"records", to_read}});
    check_caught_up(now);
}

// The store came back without some of what it had acknowledged. Reading back brings every live value to the next first
// flush; nothing is dealt with twice on the way, as far as `next` all of it counts as read again.
void Job::repair(weir::Timestamp now) {
    log::warn("the store may have lost values; reading back to write all of them again");
    commit_now(weir::Duration::zero());
    const weir::Timestamp cutoff = weir::saturating_subtract(engine_->now(), engine_->horizon());
    Repair repair;
    for (Progress& p : progress_) {
        repair.first.push_back(p.back.first_needed(cutoff).value_or(p.next));
        Progress again;
        again.next = repair.first.back();
        again.target = p.next;
        again.committed = p.next;
        again.noted = p.next;
        repair.progress.push_back(std::move(again));
    }
    forget();
    assigned_ = true;
    repair_ = std::move(repair);
    go_on_with_repair(now);
}

// What the assignment said of offsets is out of date by now, so a source that cannot be read back yet is tried again.
void Job::go_on_with_repair(weir::Timestamp now) {
    starting_ = !source_.start(repair_->first);
    if (starting_) {
        return;
    }
    began_ = now;
    progress_ = std::move(repair_->progress);
    repair_.reset();
    reader_->begin(static_cast<std::uint32_t>(progress_.size()), now);
    engine_->rebuilding(true);
}

void Job::forget() {
    if (snapshots_) {
        snapshots_->forget();
    }
    restored_.reset();
    engine_ = std::make_unique<Engine>(options_.settings, options_.shards);
    reader_->begin(0, weir::Timestamp{});
    progress_.clear();
    flushes_.clear();
    current_ = {};
    committable_.clear();
    read_back_ = 0;
    assigned_ = false;
    starting_ = false;
    repair_.reset();
    lost_ = false;
    caught_up_ = false;
    dirty_ = false;
    flushing_ = false;
    first_flush_ = false;
    wrote_ = false;
    paused_ = false;
    short_of_memory_ = false;
    last_flush_.reset();
    last_event_flush_.reset();
    release_by_.reset();
    began_.reset();
    reached_.reset();
    caught_up_share_.set(0);
    paused_share_.set(0);
}

void Job::take(const Record& record, weir::Timestamp now) {
    Progress& progress = progress_[record.slot];
    if (record.end) {
        progress.ended = true;
        progress.next = std::max(progress.next, record.offset);
        reader_->at_end(record.slot, true);
        return;
    }
    const bool again = record.offset < progress.committed;
    progress.next = record.offset + 1;
    // A record without a time of its own, or with one that cannot be, came now. One that is a little ahead of the clock
    // is believed: the clock may be behind, and a later read of the same record has to find the same.
    const bool believed = record.time && *record.time > weir::Timestamp{} &&
                          *record.time <= weir::saturating_add(now, options_.settings.max_future);
    const weir::Timestamp arrival = believed ? *record.time : now;
    progress.time = arrival;
    if (again) {
        ++read_back_;
        metrics_.read_back.add();
    }

    const Reader::Result read = reader_->take(record, arrival, now, !again, *engine_);
    dirty_ = dirty_ || read.changes;
    if (read.error != DecodeError::none) {
        if (!again) {
            metrics_.undecodable[static_cast<std::size_t>(read.error)].add();
            dead_letters_.send(record, source_.partitions()[record.slot], reason(read.error));
            dirty_ = true;
        }
        return;
    }
    if (read.matters) {
        progress.back.observe(record.offset, *read.matters);
    }
    if (!read.outcome) {
        return;
    }
    if (!again && *read.outcome != Outcome::queued) {
        metrics_.outcomes[static_cast<std::size_t>(*read.outcome)].add();
    }
    if (caught_up_ && (*read.outcome == Outcome::accepted || *read.outcome == Outcome::queued)) {
        count_arrival(read.arrival);
    }
}

void Job::count_arrival(weir::Timestamp arrival) {
    auto& arrivals = current_.arrivals;
    if (!arrivals.empty() && arrivals.back().first == arrival) {
        ++arrivals.back().second;
    } else {
        arrivals.emplace_back(arrival, 1);
    }
}

// Whether every partition was read as far as it had to be, and event time has had the time to come to where it belongs:
// a partition that was silent for long holds it back until its end has been seen and is idle.
bool Job::settled(weir::Timestamp now) {
    bool ended = true;
    for (const Progress& progress : progress_) {
        if (progress.next < progress.target && !progress.ended) {
            return false;
        }
        ended = ended && (progress.ended || progress.next > progress.target);
    }
    if (!reached_ || now < *reached_) {
        reached_ = now;
    }
    const auto waited = now - *reached_;
    return (ended && waited >= 2 * options_.idle_after) || waited >= 20 * options_.idle_after;
}

void Job::check_caught_up(weir::Timestamp now) {
    advance(now);
    if (!settled(now)) {
        return;
    }
    caught_up_ = true;
    first_flush_ = true;
    caught_up_share_.set(1);
    log::info("caught up", {{"partitions", progress_.size()},
                            {"read_back", read_back_},
                            {"keys", engine_->keys()},
                            {"seconds", began_ ? seconds(now - *began_) : 0.0}});
    flush(now, options_.flush_keys);
}

void Job::advance(weir::Timestamp now) {
    if (const auto time = reader_->time(now)) {
        engine_->advance_to(*time);
    }
}

void Job::flush_all(weir::Timestamp now) { flush(now, std::numeric_limits<std::size_t>::max()); }

// Hands over what has waited for longest. Positions are noted once nothing is left: then all that came before them has
// been handed over, whatever came meanwhile.
void Job::flush(weir::Timestamp now, std::size_t keys) {
    if (!caught_up_ || progress_.empty()) {
        return;
    }
    // Durations are measured for the metrics alone; nothing the job does depends on them.
    const auto begin = std::chrono::steady_clock::now();
    last_flush_ = now;
    advance(now);
    if (engine_->now() == weir::Timestamp::min() && engine_->keys() > 0) {
        return;  // a partition without events holds time back, so there is no time yet to write at
    }
    const auto enough = short_of_memory_ ? std::min(backlog, short_backlog(options_.memory_limit)) : backlog;
    if (store_.pending() >= (store_.available() ? std::min(enough, options_.max_pending) : options_.max_pending)) {
        return;  // the values wait in the engine
    }
    if (dirty_) {
        last_event_flush_ = now;
        dirty_ = false;
    }
    WriteBatch batch;
    const weir::Timestamp event_time = engine_->now();
    std::uint64_t group = 0;
    const auto hand_over = [&](const Write& write) {
        if (batch.size() >= portion && write.group != group) {
            store_.submit(std::move(batch), ++ticket_);
            batch = WriteBatch{};
        }
        group = write.group;
        if (write.erase) {
            batch.erase(write.key, group);
        } else {
            batch.set(write.key, write.value, write.expires_at - event_time, group);
        }
        wrote_ = true;
    };
    flushing_ = engine_->drain(hand_over, keys);
    if (!batch.empty()) {
        store_.submit(std::move(batch), ++ticket_);
    }
    metrics_.flush.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());

    if (flushing_) {
        return;
    }
    if (std::exchange(first_flush_, false)) {  // until now the store may have had what another one wrote
        engine_->rebuilding(false);
    }
    bool moved = false;
    for (Progress& progress : progress_) {
        moved = moved || progress.next != progress.noted;
    }
    if (!std::exchange(wrote_, false) && !moved) {
        return;
    }
    current_.ticket = ticket_;
    current_.dead_letters = dead_letters_.sent();
    const weir::Timestamp cutoff = weir::saturating_subtract(engine_->now(), engine_->horizon());
    for (std::uint32_t slot = 0; slot < progress_.size(); ++slot) {
        Progress& progress = progress_[slot];
        const auto from = progress.back.first_needed(cutoff).value_or(progress.next);
        progress.noted = progress.next;
        current_.positions.push_back({slot, progress.next, CommitNote{progress.time, from, engine_->horizon()}.text()});
    }
    if (flushes_.size() >= max_flushes) {
        Flush& last = flushes_.back();
        current_.arrivals.insert(current_.arrivals.begin(), last.arrivals.begin(), last.arrivals.end());
        last = std::move(current_);
    } else {
        flushes_.push_back(std::move(current_));
    }
    current_ = {};
}

void Job::collect_acknowledgements() {
    while (const auto news = store_.next_acknowledgement()) {
        for (Flush& flush : flushes_) {
            if (flush.ticket > news->ticket) {
                break;
            }
            for (const auto& [arrival, times] : flush.arrivals) {
                metrics_.event_to_redis.observe(seconds(news->at - arrival), times);
            }
            flush.arrivals.clear();
        }
        acknowledged_ = std::max(acknowledged_, news->ticket);
    }
    while (!flushes_.empty() && flushes_.front().ticket <= acknowledged_ &&
           flushes_.front().dead_letters <= dead_letters_.delivered()) {
        committable_ = std::move(flushes_.front().positions);
        flushes_.pop_front();
    }
}

void Job::commit_now(weir::Duration wait) {
    if (committable_.empty()) {
        return;
    }
    metrics_.commits.add();
    if (!source_.commit(committable_, wait)) {
        log::warn("offsets were not committed; the next commit makes up for it");
    } else if (snapshots_) {
        for (const Position& position : committable_) {
            snapshots_->committed(position.slot, position.offset);
        }
    }
    committable_.clear();
}

void Job::step_snapshot(weir::Timestamp now) {
    if (!snapshots_ || !caught_up_ || progress_.empty()) {
        return;
    }
    if (snapshots_->due(now)) {
        std::vector<SnapshotLabel::Mark> marks;
        for (std::uint32_t slot = 0; slot < progress_.size(); ++slot) {
            const Partition& partition = source_.partitions()[slot];
            const Progress& progress = progress_[slot];
            marks.push_back({partition.topic, partition.number, progress.next, progress.time, progress.back});
        }
        snapshots_->begin(now, EngineState{*engine_, *reader_, progress_.size(), now}, std::move(marks), store_.run());
    }
    snapshots_->step();
}

void Job::keep_within_memory() {
    if (options_.memory_limit == 0) {
        return;
    }
    const auto in_use = [&] { return options_.memory ? options_.memory() : engine_->memory_in_use(); };
    const auto high = options_.memory_limit / 10 * 9;
    const auto low = options_.memory_limit / 20 * 17;
    auto used = in_use();
    short_of_memory_ = used >= high || (short_of_memory_ && used >= low);
    if (used < high) {
        return;
    }
    WriteBatch batch;
    std::uint64_t group = 0;
    std::size_t dropped = 0;
    const auto waiting = short_backlog(options_.memory_limit);
    // What waits for the store goes first: it takes as much as what is dropped gives back.
    for (int round = 0; round < 4 && used >= low && store_.pending() + batch.size() <= waiting; ++round) {
        const auto most = std::max(dropped_at_once, engine_->keys() / share_at_once);
        const auto some = engine_->drop_idle(options_.memory_grace, most, [&](const Write& write) {
            if (batch.size() >= portion && write.group != group) {
                store_.submit(std::move(batch), ++ticket_);
                batch = WriteBatch{};
            }
            group = write.group;
            batch.erase(write.key, group);
        });
        if (some == 0) {
            break;
        }
        dropped += some;
        used = in_use();
    }
    if (!batch.empty()) {
        store_.submit(std::move(batch), ++ticket_);
    }
    if (dropped == 0) {
        return;
    }
    metrics_.evicted.add(dropped);
    if (memory_reminder_.allows()) {
        log::warn("near the memory limit: what was idle for longest is dropped",
                  {{"dropped", dropped},
                   {"keys", engine_->keys()},
                   {"bytes", used},
                   {"limit", options_.memory_limit},
                   {"suppressed", memory_reminder_.suppressed()}});
    }
}

void Job::pause_or_resume() {
    const auto letters = dead_letters_.sent() - dead_letters_.delivered();
    const auto pending = store_.pending();
    const auto most =
        short_of_memory_ ? std::min(options_.max_pending, short_backlog(options_.memory_limit)) : options_.max_pending;
    if (!paused_ && (pending >= most || dead_letters_.full())) {
        paused_ = true;
        metrics_.pauses.add();
        source_.pause();
        // What comes in meanwhile is not seen, so time must not follow the clock.
        for (std::uint32_t slot = 0; slot < progress_.size(); ++slot) {
            reader_->at_end(slot, false);
        }
        log::warn("consumption pauses", {{"redis_queue", pending}, {"dead_letters_waiting", letters}});
    } else if (paused_ && pending <= most / 2 && !dead_letters_.full()) {
        paused_ = false;
        source_.resume();
        for (std::uint32_t slot = 0; slot < progress_.size(); ++slot) {
            reader_->at_end(slot, source_.lag(slot) == 0);
        }
        log::info("consumption goes on", {{"redis_queue", pending}});
    }
    paused_share_.set(paused_ ? 1 : 0);
}

void Job::release(weir::Timestamp now, bool lost) {
    if (lost) {
        log::warn("partitions were lost; rebuilding once there are new ones");
    } else {
        if (!flushes_.empty()) {
            log::warn("partitions are given up with writes not acknowledged", {{"redis_queue", store_.pending()}});
        }
        commit_now(std::chrono::seconds{1});
        log::info("partitions given up", {{"partitions", progress_.size()}});
    }
    source_.release();
    store_.own({});
    forget();
    report(now);
}

void Job::report(weir::Timestamp now) {
    std::vector<Metrics::Lag> lags;
    const auto& partitions = source_.partitions();
    for (std::uint32_t slot = 0; slot < progress_.size(); ++slot) {
        lags.push_back({partitions[slot].topic, partitions[slot].number, source_.lag(slot)});
    }
    metrics_.set_lags(this, std::move(lags));
    const Settled settled = engine_->settle();
    metrics_.outcomes[static_cast<std::size_t>(Outcome::accepted)].add(settled.accepted);
    metrics_.outcomes[static_cast<std::size_t>(Outcome::late)].add(settled.late);
    keys_share_.set(engine_->keys());
    queue_share_.set(store_.pending());
    metrics_.memory_limit.set(options_.memory_limit);
    if (options_.memory) {
        metrics_.memory.set(options_.memory());
    }
    metrics_.dead_letters_waiting.set(dead_letters_.sent() - dead_letters_.delivered());
    if (due(last_memory_, now, std::chrono::seconds{10})) {
        last_memory_ = now;
        memory_share_.set(engine_->memory_in_use());
    }
}

}  // namespace live_shopper
