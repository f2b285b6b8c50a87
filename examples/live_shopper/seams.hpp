// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The seams between the job and the world: where records come from, where values go, where undecodable records go,
// and what time it is. The job knows nothing else, so it runs on Kafka and Redis as well as on simulated ones.
//
// All of them are called from the job's thread alone. None of them throws for what the world does: a broker that is
// away is a poll without records, a store that is away a ticket that is not acknowledged yet.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/time.hpp>

#include "write_batch.hpp"

namespace live_shopper {

/// What time it is, by the wall.
using Clock = std::function<weir::Timestamp()>;

/// One record of a partition, or the news that a partition has been read to its end. Its bytes are valid until the
/// next poll.
struct Record {
    std::string_view payload;
    std::string_view key;
    std::optional<weir::Timestamp> time;  // when it came to the log, by the log's own word
    std::int64_t offset = 0;
    std::uint32_t slot = 0;   // index into Source::partitions()
    bool has_payload = true;  // false: a tombstone
    bool has_key = false;
    bool end = false;  // no record: nothing is left before `offset`
};

/// A partition as it was when it was assigned.
struct Partition {
    std::string topic;
    std::int32_t number = 0;
    std::int64_t low = 0;                   // the first offset that is still there
    std::int64_t high = 0;                  // one past the last
    std::optional<std::int64_t> committed;  // the first offset that was not committed
    std::string metadata;                   // what was committed along with it
};

/// How far a partition has been dealt with.
struct Position {
    std::uint32_t slot = 0;
    std::int64_t offset = 0;  // the first one that has not
    std::string metadata;
};

enum class Rebalance : std::uint8_t {
    none,
    assigned,  // Source::partitions() is new: call start()
    revoked,   // commit what can be, then call release()
    lost,      // too late to commit: call release()
};

struct Polled {
    Rebalance rebalance = Rebalance::none;
    std::span<const Record> records;  // of the assignment before the rebalance, if there is one
};

/// A log of records in partitions of which this process is given some.
class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// Waits up to `wait` for news.
    virtual Polled poll(weir::Duration wait) = 0;

    [[nodiscard]] virtual const std::vector<Partition>& partitions() const = 0;

    /// The first offset per partition whose record time is not before `times[slot]`; nothing where the log cannot tell.
    virtual std::vector<std::optional<std::int64_t>> offsets_at(std::span<const weir::Timestamp> times) = 0;

    /// Delivers from `offsets[slot]` on, also in the middle of an assignment. False where it could not; try again.
    virtual bool start(std::span<const std::int64_t> offsets) = 0;

    /// Gives the revoked partitions up.
    virtual void release() = 0;

    /// No more records until resume(); rebalances are still told.
    virtual void pause() = 0;
    virtual void resume() = 0;

    /// Commits positions; waits up to `wait` for the answer, zero: not at all. A commit that did not get through is
    /// made good by the next one.
    virtual bool commit(std::span<const Position> positions, weir::Duration wait) = 0;

    /// Records that are there and were not delivered yet, as far as known.
    [[nodiscard]] virtual std::int64_t lag(std::uint32_t slot) const = 0;

    /// A number that is greater in every later assignment, to whichever process; nothing where there is none.
    [[nodiscard]] virtual std::optional<std::int64_t> generation() const = 0;

    /// Leaves the group and joins it anew: somebody else was found to have the partitions. What was assigned is given
    /// up without more news of it; the next one is an assignment.
    virtual void rejoin() = 0;
};

/// One partition that a group has given to this process, as a source with a single slot. It is assigned once, with its
/// first poll; revoked or lost and then released it is over.
class PartitionSource : public Source {
public:
    [[nodiscard]] virtual bool over() const = 0;

    /// How many partitions its topic has.
    [[nodiscard]] virtual std::uint32_t count() const = 0;
};

/// A consumer group that gives and takes partitions one by one. Outlives the sources that it gives.
class Group {
public:
    Group() = default;
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    virtual ~Group() = default;

    /// Waits up to `wait` for news; what came for a partition its source tells at its next poll.
    virtual void poll(weir::Duration wait) = 0;

    /// The next partition that was given to this process; null: none.
    virtual std::unique_ptr<PartitionSource> next() = 0;
};

/// The topic of the next stage. Records to one partition stay in the order in which they were sent.
class Outlet {
public:
    Outlet() = default;
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    virtual ~Outlet() = default;

    /// Copies the record and sends it until it is delivered.
    virtual void send(std::uint32_t partition, std::string_view record) = 0;

    /// Serves deliveries. Does not wait.
    virtual void poll() = 0;

    /// How many were sent so far.
    [[nodiscard]] virtual std::uint64_t sent() const = 0;

    /// All of the first `delivered()` that were sent have been delivered.
    [[nodiscard]] virtual std::uint64_t delivered() const = 0;

    /// Whether so many wait that no more should come; stays so until half of them are gone.
    [[nodiscard]] virtual bool full() const = 0;
};

struct Acknowledgement {
    std::uint64_t ticket = 0;
    weir::Timestamp at;
};

/// What guards writes against a process that lost its partitions and does not know it yet. The store keeps, under each
/// name, the greatest generation that ever wrote.
struct Fence {
    std::string name;
    std::int64_t generation = 0;
    std::int64_t void_generation = 0;  // one that is greater and known to be of a group that is no more; else 0

    bool operator==(const Fence&) const = default;
};

/// A map of keys to values with a time to live each.
class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    /// Says what the writes from now on are guarded by: each is made only where the store has seen no newer generation
    /// of any of the fences, asked in the same atomic step. Without a fence all are made. What was submitted before and
    /// has not been written is dropped; tickets of that are not acknowledged.
    virtual void own(std::vector<Fence> fences) = 0;

    /// The fences for which the store has seen a newer generation, with that: once after it refused a write. All that
    /// was submitted since own() and not acknowledged has been dropped, and so is what is submitted until the next
    /// own().
    virtual std::optional<std::vector<Fence>> take_refusal() = 0;

    /// Hands writes over under a ticket greater than all before. Newer values take the place of older ones that still
    /// wait. Writes of one group are made together: a reader never sees some of them without the others.
    virtual void submit(WriteBatch batch, std::uint64_t ticket) = 0;

    /// The next news that everything up to a ticket has been acknowledged.
    virtual std::optional<Acknowledgement> next_acknowledgement() = 0;

    /// Writes that were submitted, are not superseded and have not been acknowledged.
    [[nodiscard]] virtual std::size_t pending() const = 0;

    [[nodiscard]] virtual bool available() const = 0;

    /// True once after the store came back as one that may have lost what it had acknowledged.
    virtual bool take_reset() = 0;

    /// Which of its runs the store is in, by a name that no other has; empty while that is not known.
    [[nodiscard]] virtual std::string run() const = 0;

    /// Says in which run of it values were acknowledged that this process knows of: another one is a reset.
    virtual void expect(const std::string& run) = 0;
};

/// Where records go that cannot be decoded.
class DeadLetters {
public:
    DeadLetters() = default;
    DeadLetters(const DeadLetters&) = delete;
    DeadLetters& operator=(const DeadLetters&) = delete;
    virtual ~DeadLetters() = default;

    /// Copies the record and sends it on until it is delivered.
    virtual void send(const Record& record, const Partition& partition, std::string_view reason) = 0;

    /// Serves deliveries. Does not wait.
    virtual void poll() = 0;

    /// How many were sent so far.
    [[nodiscard]] virtual std::uint64_t sent() const = 0;

    /// All of the first `delivered()` that were sent have been delivered.
    [[nodiscard]] virtual std::uint64_t delivered() const = 0;

    /// Whether so many wait that no more should come; stays so until half of them are gone.
    [[nodiscard]] virtual bool full() const = 0;
};

/// Where snapshots of the state are kept: the newest two that were completed. One is put at a time, in parts.
class SnapshotStore {
public:
    SnapshotStore() = default;
    SnapshotStore(const SnapshotStore&) = delete;
    SnapshotStore& operator=(const SnapshotStore&) = delete;
    virtual ~SnapshotStore() = default;

    /// What has become of the one that was begun last.
    enum class State : std::uint8_t {
        none,    // there is none, or it was abandoned
        open,    // begun
        busy,    // completed, not safe yet
        kept,    // safe
        failed,  // will never be
    };

    /// Begins one; what was begun before and not completed is dropped.
    virtual void begin() = 0;
    /// The next part of it.
    virtual void append(std::vector<std::byte> part) = 0;
    /// Every part was given: it is to be kept, and the oldest one to go.
    virtual void complete() = 0;
    /// Drops what was begun and not completed.
    virtual void abandon() = 0;

    [[nodiscard]] virtual State state() const = 0;

    /// Whether so many parts wait that no more should come now.
    [[nodiscard]] virtual bool full() const = 0;

    /// The names of those that are kept, the newest first.
    virtual std::vector<std::string> names() = 0;

    struct Bytes {
        std::span<const std::byte> bytes;
        std::shared_ptr<const void> owner;  // they last as long as this
    };
    /// One of them; nothing where it cannot be read.
    virtual std::optional<Bytes> read(const std::string& name) = 0;
};

}  // namespace live_shopper
