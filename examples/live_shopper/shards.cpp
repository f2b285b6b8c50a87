// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "shards.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "features.hpp"

namespace live_shopper {

namespace {

constexpr std::size_t most_queued = 8192;  // events, before they are worked off

std::string_view copy(std::string_view text, std::pmr::memory_resource& arena) {
    if (text.empty()) {
        return {};
    }
    char* const to = static_cast<char*>(arena.allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
}

// Its strings live in the arena.
ShopEvent copy(const ShopEvent& event, std::pmr::memory_resource& arena) {
    ShopEvent own = event;
    for (std::string_view* const text :
         {&own.id, &own.user_id, &own.domain_userid, &own.session_id, &own.list_name, &own.transaction_id,
          &own.page_url, &own.marketing_campaign, &own.marketing_source, &own.user_agent, &own.platform, &own.city,
          &own.country, &own.region}) {
        *text = copy(*text, arena);
    }
    for (Product& product : own.products) {
        for (std::string_view* const text : {&product.id, &product.brand, &product.category}) {
            *text = copy(*text, arena);
        }
    }
    return own;
}

std::optional<weir::Timestamp> earlier(std::optional<weir::Timestamp> a, std::optional<weir::Timestamp> b) {
    return !a || (b && *b < *a) ? b : a;
}

}  // namespace

ForkJoin::ForkJoin(std::size_t n) {
    threads_.reserve(n - 1);
    for (std::size_t i = 1; i < n; ++i) {
        threads_.emplace_back([this, i] { work(i); });
    }
}

ForkJoin::~ForkJoin() {
    stopping_ = true;
    ++round_;
    round_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void ForkJoin::run(const std::function<void(std::size_t)>& f) {
    f_ = &f;
    running_ = threads_.size();
    ++round_;
    round_.notify_all();
    f(0);
    for (std::size_t left = running_; left != 0; left = running_) {
        running_.wait(left);
    }
}

void ForkJoin::work(std::size_t i) {
    for (std::uint64_t seen = 0;;) {
        round_.wait(seen);
        seen = round_;
        if (stopping_) {
            return;
        }
        (*f_)(i);
        if (--running_ == 0) {
            running_.notify_one();
        }
    }
}

struct Shards::Shard {
    explicit Shard(const Settings& settings)
        : users{make_user_pipeline(settings)}, sessions{make_session_pipeline(settings)} {}

    // An event of two shards is in the queue of each. The first tells whether it was late for all that it knows.
    struct Queued {
        ShopEvent event;
        std::string_view user;
        std::uint64_t origin;
        std::uint64_t arrival;
        bool for_user;
        bool for_session;
        bool counted;
    };

    struct Drained {
        std::string text;  // key, then value
        std::string_view lane, name, window;
        std::size_t key_size;
        weir::Timestamp expires_at;
        bool erased;
    };

    weir::Taken process(const ShopperEvent& event, bool for_user, bool for_session) {
        const auto a = for_user ? users.process(event) : weir::Taken::passed;
        const auto b = for_session ? sessions.process(event) : weir::Taken::passed;
        return a == weir::Taken::accepted || b == weir::Taken::passed ? a : b;
    }

    void work_off() {
        for (const Queued& q : queue) {
            const auto taken = process(ShopperEvent{q.event, q.event.time, q.user, q.origin, q.arrival, symbols},
                                       q.for_user, q.for_session);
            if (q.counted) {
                ++(taken == weir::Taken::late ? settled.late : settled.accepted);
            }
        }
        queue.clear();
        arena.release();
    }

    weir::Symbols symbols;  // outlives what holds symbols
    weir::Pipeline<ShopperEvent> users;
    weir::Pipeline<ShopperEvent> sessions;
    std::pmr::monotonic_buffer_resource arena{std::size_t{1} << 16};
    std::vector<Queued> queue;
    std::vector<Drained> drained;
    std::size_t drained_keys = 0;
    bool more = false;  // was left
    Settled settled;
};

Shards::Shards(const Settings& settings, std::size_t count) {
    for (std::size_t i = 0; i != count; ++i) {
        shards_.push_back(std::make_unique<Shard>(settings));
    }
    if (count > 1) {
        fork_join_ = std::make_unique<ForkJoin>(count);
    }
}

Shards::~Shards() = default;

std::size_t Shards::shard_of(std::string_view key) const {
    return shards_.size() == 1 ? 0 : (std::hash<std::string_view>{}(key) >> 32) % shards_.size();
}

std::optional<weir::Taken> Shards::process(const ShopEvent& event, std::string_view user, std::uint64_t origin,
                                           std::uint64_t arrival, bool counted) {
    if (shards_.size() == 1) {
        Shard& shard = *shards_[0];
        return shard.process(ShopperEvent{event, event.time, user, origin, arrival, shard.symbols}, true, true);
    }
    const std::size_t of_user = shard_of(user);
    const std::size_t of_session = shard_of(event.session_id);
    const auto queue = [&](std::size_t i, bool for_user, bool for_session, bool count) {
        Shard& shard = *shards_[i];
        shard.queue.push_back(Shard::Queued{copy(event, shard.arena), copy(user, shard.arena), origin, arrival,
                                            for_user, for_session, count});
    };
    if (of_user == of_session) {
        queue(of_user, true, true, counted);
    } else {
        queue(of_user, true, false, counted && !user.empty());
        queue(of_session, false, true, counted && user.empty());
    }
    if (++queued_ >= most_queued) {
        work_off();
    }
    return std::nullopt;
}

std::optional<weir::Taken> Shards::process_for_user(const ShopEvent& event, std::string_view user, std::uint64_t origin,
                                                    std::uint64_t arrival, bool counted) {
    return process_part(Part::user, event, user, origin, arrival, counted);
}

std::optional<weir::Taken> Shards::process_for_session(const ShopEvent& event, std::uint64_t arrival, bool counted) {
    return process_part(Part::session, event, {}, 0, arrival, counted);
}

std::optional<weir::Taken> Shards::process_part(Part part, const ShopEvent& event, std::string_view user,
                                                std::uint64_t origin, std::uint64_t arrival, bool counted) {
    const bool for_user = part == Part::user;
    Shard& shard = *shards_[shard_of(for_user ? user : event.session_id)];
    if (shards_.size() == 1) {
        return shard.process(ShopperEvent{event, event.time, user, origin, arrival, shard.symbols}, for_user,
                             !for_user);
    }
    shard.queue.push_back(Shard::Queued{copy(event, shard.arena), copy(user, shard.arena), origin, arrival, for_user,
                                        !for_user, counted});
    if (++queued_ >= most_queued) {
        work_off();
    }
    return std::nullopt;
}

void Shards::remove(std::string_view user, const weir::History& history, bool published) {
    work_off();
    shards_[shard_of(user)]->users.remove(user, history, published);
}

void Shards::work_off() {
    if (queued_ != 0) {
        queued_ = 0;
        fork_join_->run([&](std::size_t i) { shards_[i]->work_off(); });
    }
}

void Shards::move(std::string_view from, std::string_view to, const weir::History& history, bool published) {
    work_off();
    Shard& source = *shards_[shard_of(from)];
    Shard& target = *shards_[shard_of(to)];
    if (&source == &target) {
        source.users.move(from, to, history, published);
    } else {
        source.users.move(from, target.users, to, history, published, target.symbols);
    }
}

void Shards::assume_published(std::string_view user) { shards_[shard_of(user)]->users.assume_published(user); }

void Shards::assume_published() {
    work_off();
    for (const auto& shard : shards_) {
        shard->users.assume_published();
        shard->sessions.assume_published();
    }
}

void Shards::advance_to(weir::Timestamp now) {
    const auto advance = [&](std::size_t i) {
        Shard& shard = *shards_[i];
        shard.work_off();
        shard.users.advance_to(now);
        shard.sessions.advance_to(now);
    };
    queued_ = 0;
    fork_join_ ? fork_join_->run(advance) : advance(0);
}

bool Shards::drain(const weir::MetricSink& sink, std::size_t& keys) {
    if (!fork_join_) {
        const bool more = shards_[0]->users.drain(sink, keys);
        return shards_[0]->sessions.drain(sink, keys) || more;
    }
    const std::size_t each = keys / shards_.size() + 1;
    queued_ = 0;
    fork_join_->run([&](std::size_t i) {
        Shard& shard = *shards_[i];
        shard.work_off();
        const weir::MetricSink keep = [&](const weir::Metric& m) {
            Shard::Drained d{{}, m.lane, m.name, m.window, m.key.size(), m.expires_at, m.erased};
            d.text.reserve(m.key.size() + m.value.size());
            d.text += m.key;
            d.text += m.value;
            shard.drained.push_back(std::move(d));
        };
        shard.drained_keys = each;
        shard.more = shard.users.drain(keep, shard.drained_keys);
        shard.more = shard.sessions.drain(keep, shard.drained_keys) || shard.more;
        shard.drained_keys = each - shard.drained_keys;
    });
    bool more = false;
    for (const auto& shard : shards_) {
        more = more || shard->more;
        keys -= std::min(keys, shard->drained_keys);
        for (const Shard::Drained& d : shard->drained) {
            const std::string_view text = d.text;
            sink(weir::Metric{d.lane, d.name, d.window, text.substr(0, d.key_size), text.substr(d.key_size),
                              d.expires_at, d.erased});
        }
        shard->drained.clear();
    }
    return more;
}

void Shards::forget() {
    for (const auto& shard : shards_) {
        shard->users.forget();
        shard->sessions.forget();
    }
}

void Shards::each_latest(const std::function<void(weir::Timestamp)>& f) {
    work_off();
    for (const auto& shard : shards_) {
        shard->users.each_latest(f);
        shard->sessions.each_latest(f);
    }
}

void Shards::note_dropped(std::string_view user, weir::Timestamp until) {
    work_off();
    shards_[shard_of(user)]->users.note_dropped(user, until);
}

std::size_t Shards::drop_idle(weir::Timestamp until, bool published, const weir::MetricSink& sink) {
    work_off();
    std::size_t dropped = 0;
    for (const auto& shard : shards_) {
        dropped += shard->users.drop_idle(until, published, sink);
        dropped += shard->sessions.drop_idle(until, published, sink);
    }
    return dropped;
}

Settled Shards::settle() {
    work_off();
    Settled sum;
    for (const auto& shard : shards_) {
        sum.accepted += shard->settled.accepted;
        sum.late += shard->settled.late;
        shard->settled = {};
    }
    return sum;
}

std::optional<weir::Timestamp> Shards::next_due() {
    work_off();
    std::optional<weir::Timestamp> next;
    for (const auto& shard : shards_) {
        next = earlier(next, earlier(shard->users.next_due(), shard->sessions.next_due()));
    }
    return next;
}

weir::Duration Shards::horizon() const { return std::max(shards_[0]->users.horizon(), shards_[0]->sessions.horizon()); }

std::size_t Shards::keys() {
    work_off();
    std::size_t sum = 0;
    for (const auto& shard : shards_) {
        sum += shard->users.keys() + shard->sessions.keys();
    }
    return sum;
}

std::size_t Shards::memory_in_use() {
    work_off();
    std::size_t sum = 0;
    for (const auto& shard : shards_) {
        sum += shard->users.memory_in_use() + shard->sessions.memory_in_use() + shard->symbols.memory_in_use();
    }
    return sum;
}

std::string Shards::snapshot_description() const {
    return std::to_string(shards_.size()) + " of " + shards_[0]->users.snapshot_description() + "; " +
           shards_[0]->sessions.snapshot_description();
}

void Shards::begin_snapshot(std::vector<std::uint64_t>& rows) {
    work_off();
    for (const auto& shard : shards_) {
        for (const auto* const lanes : {&shard->users, &shard->sessions}) {
            const auto more = lanes->begin_snapshot();
            rows.insert(rows.end(), more.begin(), more.end());
        }
    }
}

bool Shards::continue_snapshot(std::size_t& keys, const SnapshotSink& end_piece, std::uint32_t first) const {
    bool more = false;
    for (const auto& shard : shards_) {
        for (const auto* const lanes : {&shard->users, &shard->sessions}) {
            const SnapshotSink shifted = [&](weir::SnapshotWriter& piece, std::uint32_t section, std::uint32_t rows) {
                end_piece(piece, first + section, rows);
            };
            more = lanes->continue_snapshot(keys, shifted) || more;
            first += static_cast<std::uint32_t>(lanes->lanes());
        }
    }
    return more;
}

void Shards::end_snapshot() const noexcept {
    for (const auto& shard : shards_) {
        shard->users.end_snapshot();
        shard->sessions.end_snapshot();
    }
}

struct Shards::Restoring::Lanes {
    weir::Pipeline<ShopperEvent>::Restoring of;
    weir::Symbols& symbols;
};

Shards::Restoring::Restoring(Shards& target) {
    for (const auto& shard : target.shards_) {
        for (auto* const lanes : {&shard->users, &shard->sessions}) {
            using Of = weir::Pipeline<ShopperEvent>::Restoring;
            lanes_.push_back(std::make_unique<Lanes>(Lanes{Of{*lanes}, shard->symbols}));
        }
    }
}

Shards::Restoring::~Restoring() = default;

std::size_t Shards::Restoring::sections() const {
    std::size_t sum = 0;
    for (const auto& lanes : lanes_) {
        sum += lanes->of.sections();
    }
    return sum;
}

// Those that a section is of, and which of theirs it is.
Shards::Restoring::Lanes& Shards::Restoring::lanes_of(std::uint32_t& section) {
    auto lanes = lanes_.begin();
    for (; section >= (*lanes)->of.sections(); ++lanes) {
        section -= static_cast<std::uint32_t>((*lanes)->of.sections());
    }
    return **lanes;
}

void Shards::Restoring::reserve(std::uint32_t section, std::size_t rows) {
    Lanes& lanes = lanes_of(section);
    lanes.of.reserve(section, rows);
}

void Shards::Restoring::read(std::uint32_t section, weir::SnapshotReader& in) {
    Lanes& lanes = lanes_of(section);
    in.intern_in(lanes.symbols);
    lanes.of.read(section, in);
}

void Shards::Restoring::finish(const weir::SnapshotReader& end) {
    for (const auto& lanes : lanes_) {
        lanes->of.finish(end);
    }
}

void Shards::Restoring::commit() {
    for (const auto& lanes : lanes_) {
        lanes->of.commit();
    }
}

}  // namespace live_shopper
