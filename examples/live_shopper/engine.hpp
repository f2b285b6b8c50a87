// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Engine: everything between a decoded event and the values to store. No I/O, no clock; one thread calls it. With more
// than one shard, the lanes run on threads of its own inside of a call, and what comes out is the same.
//
//     live_shopper::Engine engine{settings};
//     engine.accept(event, wall_clock);
//     engine.advance_to(time);
//     engine.drain([&](const Write& w) { store.set(w.key, w.value, w.expires_at - engine.now()); });

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>
#include <weir/snapshot.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>
#include <weir/watermark.hpp>

#include "bot_limit.hpp"
#include "deduplicator.hpp"
#include "given_up.hpp"
#include "remembered.hpp"
#include "settings.hpp"
#include "shards.hpp"
#include "shop_event.hpp"
#include "shopper_event.hpp"
#include "stage_record.hpp"
#include "stitcher.hpp"

namespace live_shopper {

/// What became of an event.
enum class Outcome : std::uint8_t {
    accepted,
    duplicate,       // its id was seen before
    late,            // too old to change anything, or to tell whether it came before
    refused_future,  // too far ahead of the clock
    nobody,          // with neither user nor session id
    refused_bot,     // one of more than a person can make
    queued,          // accepted or late: Engine::settle() tells
};

[[nodiscard]] constexpr std::string_view name(Outcome outcome) noexcept {
    constexpr std::array<std::string_view, 7> names{"accepted", "duplicate",   "late",  "refused_future",
                                                    "nobody",   "refused_bot", "queued"};
    return names[static_cast<std::size_t>(outcome)];
}

/// One write to the store. Views are valid until the call that got it returns.
struct Write {
    std::string_view key;
    std::string_view value;
    weir::Timestamp expires_at;  // event time; its TTL is expires_at - Engine::now()
    std::uint64_t group;         // the same for values of one key, lane and window, which come one after the other
    bool erase;                  // delete the key instead
};

class Engine {
public:
    using Sink = std::function<void(const Write&)>;

    /// Throws std::invalid_argument where a setting makes no sense. Requires: shards >= 1.
    explicit Engine(const Settings& settings, std::size_t shards = 1);

    /// Whether an event of this time is not too far ahead of the clock. One that is moves no time on.
    [[nodiscard]] bool admits(weir::Timestamp event, weir::Timestamp wall_clock) const {
        return guard_.admits(event, wall_clock);
    }

    /// Takes an event. `wall_clock` is what the future guard holds it against. Whether one that is queued, which
    /// happens with several shards alone, is `counted` by settle().
    Outcome accept(const ShopEvent& event, weir::Timestamp wall_clock, bool counted = true);

    /// Takes the part of an event that is for a user or for a session, as a fleet's last stage gets it: only once, and
    /// not if it was given up. `accepted` where it was taken or was none of the lanes'.
    Outcome take(const StageRecord& part, bool counted = true);

    /// Drops what a user has of `origin` at or before `until`, and takes no more of it.
    void give_up(std::string_view user, std::uint64_t origin, weir::Timestamp until);

    /// What became of the events queued since the last call.
    [[nodiscard]] Settled settle() { return shards_.settle(); }

    /// Moves event time on; values decay. An earlier time than now() changes nothing.
    void advance_to(weir::Timestamp now);

    /// Hands every value that changed since the last drain to `sink`. The first drain hands out every live value.
    void drain(const Sink& sink);
    /// The same for no more than about so many keys, counted in each lane. True where some are left.
    bool drain(const Sink& sink, std::size_t keys);

    /// Forgets what has nothing left to hand out: for one who drains only in the end.
    void forget() { shards_.forget(); }

    /// Drops what has been idle for longest, an eighth of all keys but no more than `most`, or a few more where
    /// many have been idle alike, and takes its values back. Gives how many keys. What is handed out afterwards is as
    /// right as before: a shopper who comes back has values once windows are complete again. Ids and visitors as old go
    /// too, but those of the last `grace`: an event that comes later than that is late from then on, since nothing
    /// tells whether it came before. O(keys).
    std::size_t drop_idle(weir::Duration grace, std::size_t most, const Sink& sink);

    /// While rebuilding, values may be in the store that this engine did not hand out; what moves away is then taken
    /// back all the same.
    void rebuilding(bool yes);

    /// Says that this engine was restored from a snapshot and will see what came after it: values may be in the store
    /// that somebody else handed out since then. The next drain hands out every live value.
    void restored();

    /// Event time as far as it was moved; Timestamp::min() before.
    [[nodiscard]] weir::Timestamp now() const noexcept { return now_; }

    /// When the next value changes by itself.
    [[nodiscard]] std::optional<weir::Timestamp> next_due() { return shards_.next_due(); }

    /// How far back an event can matter.
    [[nodiscard]] weir::Duration horizon() const { return shards_.horizon(); }

    /// The number of keys with state, summed over the lanes.
    [[nodiscard]] std::size_t keys() { return shards_.keys(); }

    /// Bytes of state. O(keys).
    [[nodiscard]] std::size_t memory_in_use();

    /// For take_snapshot, SnapshotInSteps and restore. The description has all settings that values depend on. What an
    /// engine that rebuilds assumes of the store is not kept.
    [[nodiscard]] std::string snapshot_description() const;
    [[nodiscard]] std::vector<std::uint64_t> begin_snapshot() const;
    bool continue_snapshot(std::size_t& keys, const SnapshotSink& end_piece) const;
    void end_snapshot() const noexcept;
    class Restoring;

private:
    void assume_published(std::string_view user);
    void assume_owners(std::string_view visitor);
    void hand_out(const weir::Metric& m, const Sink& sink);

    Settings settings_;
    weir::FutureGuard guard_;
    BotLimit bots_;
    Deduplicator seen_;
    mutable Shards shards_;  // to work off what is queued is no change
    GivenUp given_up_;
    weir::Symbols symbols_;  // of users, outlives the stitcher
    Stitcher stitcher_;
    weir::Timestamp now_ = weir::Timestamp::min();
    std::uint64_t arrivals_ = 0;
    bool rebuilding_ = false;
    bool restored_ = false;
    boost::unordered_flat_set<std::size_t> assumed_;  // users, by hash, while rebuilding
    std::string key_;
    mutable std::optional<weir::SnapshotPiece> first_row_;  // of a snapshot that has begun
};

/// An engine beside that which is to be restored, until all rows have come.
class Engine::Restoring {
public:
    explicit Restoring(Engine& target);

    [[nodiscard]] std::size_t sections() const;
    void reserve(std::uint32_t section, std::size_t rows);
    void read(std::uint32_t section, weir::SnapshotReader& in);
    void finish(const weir::SnapshotReader& end);
    void commit();

private:
    Engine& target_;
    BotLimit bots_;
    Deduplicator seen_;
    Shards::Restoring shards_;
    GivenUp given_up_;
    Remembered<std::uint64_t> forgotten_;
    Stitcher::Visitors::Restoring visitors_;
    weir::Timestamp now_ = weir::Timestamp::min();
    std::uint64_t arrivals_ = 0;
    std::uint64_t logins_ = 0;
};

}  // namespace live_shopper
