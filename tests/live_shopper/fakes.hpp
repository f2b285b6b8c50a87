// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// A log, a store and a dead-letter topic in memory, under a clock that the test moves. What they hold outlives the job,
// so a job can be dropped at any moment, as by kill -9, and another one started on them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/time.hpp>

#include "seams.hpp"
#include "shop_events.hpp"

namespace fakes {

struct World {
    struct Entry {
        std::optional<std::string> payload;
        weir::Timestamp time;
    };
    struct Log {
        std::vector<Entry> records;
        std::optional<std::int64_t> committed;
        std::string metadata;
    };
    struct Value {
        std::string text;
        weir::Timestamp expires_at;
        bool operator==(const Value&) const = default;
    };
    struct Letter {
        std::string reason;
        std::int32_t partition;
        std::int64_t offset;
        bool operator==(const Letter&) const = default;
    };

    explicit World(std::size_t partitions = 1) : logs(partitions) {}

    void produce(std::optional<std::string> payload, std::size_t partition = 0) {
        logs[partition].records.push_back({std::move(payload), now});
    }

    [[nodiscard]] std::optional<std::string> value(const std::string& key) const {
        const auto found = values.find(key);
        return found == values.end() || found->second.expires_at <= now ? std::nullopt
                                                                        : std::optional{found->second.text};
    }

    /// What a reader of the store sees now.
    [[nodiscard]] std::map<std::string, std::string> live() const {
        std::map<std::string, std::string> out;
        for (const auto& [key, value] : values) {
            if (value.expires_at > now) {
                out.emplace(key, value.text);
            }
        }
        return out;
    }

    weir::Timestamp now = shop_events::noon;
    std::string run = "first";  // of the store
    std::vector<Log> logs;
    std::map<std::string, Value> values;
    std::vector<Letter> letters;
};

class Source final : public live_shopper::Source {
public:
    explicit Source(World& world, std::size_t batch = 100) : world_{world}, batch_{batch} { assign(); }

    void assign() { rebalance_ = live_shopper::Rebalance::assigned; }
    void revoke() { rebalance_ = live_shopper::Rebalance::revoked; }
    void lose() { rebalance_ = live_shopper::Rebalance::lost; }

    live_shopper::Polled poll(weir::Duration) override {
        records_.clear();
        for (std::uint32_t slot = 0; slot < positions_.size() && !paused_; ++slot) {
            const auto& log = world_.logs[slot].records;
            for (std::size_t n = 0; n < batch_ && positions_[slot] < std::ssize(log); ++n, ++positions_[slot]) {
                const auto& entry = log[static_cast<std::size_t>(positions_[slot])];
                live_shopper::Record record;
                record.slot = slot;
                record.offset = positions_[slot];
                record.time = entry.time;
                record.has_payload = entry.payload.has_value();
                record.payload = entry.payload ? std::string_view{*entry.payload} : std::string_view{};
                records_.push_back(record);
                ended_[slot] = false;
                waited_[slot] = 0;
                lowest_read = std::min(lowest_read, record.offset);
            }
            if (positions_[slot] == std::ssize(log) && !ended_[slot] && ++waited_[slot] > end_delay) {
                live_shopper::Record end;
                end.slot = slot;
                end.offset = positions_[slot];
                end.end = true;
                records_.push_back(end);
                ended_[slot] = true;
            }
        }
        const auto rebalance = std::exchange(rebalance_, live_shopper::Rebalance::none);
        if (rebalance == live_shopper::Rebalance::assigned) {
            look_up();
        }
        return {rebalance, records_};
    }

    [[nodiscard]] const std::vector<live_shopper::Partition>& partitions() const override { return partitions_; }

    std::vector<std::optional<std::int64_t>> offsets_at(std::span<const weir::Timestamp> times) override {
        std::vector<std::optional<std::int64_t>> out;
        for (std::size_t slot = 0; slot < times.size(); ++slot) {
            const auto& log = world_.logs[slot].records;
            const auto found =
                std::find_if(log.begin(), log.end(), [&](const auto& e) { return e.time >= times[slot]; });
            out.push_back(finds_times ? std::optional{static_cast<std::int64_t>(found - log.begin())} : std::nullopt);
        }
        return out;
    }

    bool start(std::span<const std::int64_t> offsets) override {
        positions_.assign(offsets.begin(), offsets.end());
        ended_.assign(positions_.size(), false);
        waited_.assign(positions_.size(), 0);
        paused_ = false;
        return true;
    }

    void release() override {
        positions_.clear();
        partitions_.clear();
        ++released;
    }

    [[nodiscard]] std::optional<std::int64_t> generation() const override { return generation_number; }
    void rejoin() override {
        ++rejoined;
        assign();
    }

    void pause() override { paused_ = true; }
    void resume() override { paused_ = false; }

    bool commit(std::span<const live_shopper::Position> positions, weir::Duration) override {
        for (const auto& position : positions) {
            world_.logs[position.slot].committed = position.offset;
            world_.logs[position.slot].metadata = position.metadata;
        }
        return true;
    }

    [[nodiscard]] std::int64_t lag(std::uint32_t slot) const override {
        return std::ssize(world_.logs[slot].records) - positions_[slot];
    }

    [[nodiscard]] bool paused() const { return paused_; }

    bool finds_times = true;
    int end_delay = 0;  // polls until the end of a partition is told
    int released = 0;
    int rejoined = 0;
    std::optional<std::int64_t> generation_number;
    std::int64_t lowest_read = std::numeric_limits<std::int64_t>::max();

private:
    void look_up() {
        partitions_.clear();
        for (std::size_t i = 0; i < world_.logs.size(); ++i) {
            const auto& log = world_.logs[i];
            partitions_.push_back(
                {"events", static_cast<std::int32_t>(i), 0, std::ssize(log.records), log.committed, log.metadata});
        }
    }

    World& world_;
    std::size_t batch_;
    std::vector<live_shopper::Partition> partitions_;
    std::vector<std::int64_t> positions_;
    std::vector<bool> ended_;
    std::vector<int> waited_;
    std::vector<live_shopper::Record> records_;
    live_shopper::Rebalance rebalance_ = live_shopper::Rebalance::none;
    bool paused_ = false;
};

class Store final : public live_shopper::Store {
public:
    explicit Store(World& world) : world_{world} {}

    void own(std::vector<live_shopper::Fence> fences) override {
        owned = std::move(fences);
        writes_.clear();
        refusal.reset();
    }
    std::optional<std::vector<live_shopper::Fence>> take_refusal() override {
        return std::exchange(refusal, std::nullopt);
    }

    /// Drops what waits, as a store does that found these.
    void refuse(std::vector<live_shopper::Fence> newer) {
        writes_.clear();
        refusal = std::move(newer);
    }

    void submit(live_shopper::WriteBatch batch, std::uint64_t ticket) override {
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto write = batch[i];
            writes_.push_back({std::string{write.key}, std::string{write.value}, world_.now + write.ttl, write.erase,
                               i + 1 == batch.size() ? ticket : 0});
        }
        if (automatic) {
            apply(writes_.size());
        }
    }

    /// Takes in the next `count` writes.
    void apply(std::size_t count) {
        for (; count > 0 && !writes_.empty(); --count) {
            const Pending& write = writes_.front();
            ++applied;
            if (write.erase) {
                world_.values.erase(write.key);
            } else {
                world_.values[write.key] = {write.value, write.expires_at};
            }
            if (write.ticket != 0) {
                acknowledgements_.push_back({write.ticket, world_.now});
            }
            writes_.pop_front();
        }
    }

    std::optional<live_shopper::Acknowledgement> next_acknowledgement() override {
        if (acknowledgements_.empty()) {
            return std::nullopt;
        }
        const auto news = acknowledgements_.front();
        acknowledgements_.pop_front();
        return news;
    }

    [[nodiscard]] std::size_t pending() const override { return writes_.size(); }
    [[nodiscard]] bool available() const override { return up; }
    bool take_reset() override { return std::exchange(reset, false); }
    [[nodiscard]] std::string run() const override { return world_.run; }
    void expect(const std::string& run) override { reset = reset || run != world_.run; }

    bool automatic = true;  // takes writes in at once
    bool up = true;
    bool reset = false;
    std::size_t applied = 0;
    std::vector<live_shopper::Fence> owned;
    std::optional<std::vector<live_shopper::Fence>> refusal;

private:
    struct Pending {
        std::string key;
        std::string value;
        weir::Timestamp expires_at;
        bool erase;
        std::uint64_t ticket;  // of the batch that ends here, else 0
    };
    World& world_;
    std::deque<Pending> writes_;
    std::deque<live_shopper::Acknowledgement> acknowledgements_;
};

class DeadLetters final : public live_shopper::DeadLetters {
public:
    explicit DeadLetters(World& world) : world_{world} {}

    void send(const live_shopper::Record& record, const live_shopper::Partition& partition,
              std::string_view reason) override {
        waiting_.push_back({std::string{reason}, partition.number, record.offset});
    }

    void poll() override {
        while (delivering && !waiting_.empty()) {
            world_.letters.push_back(waiting_.front());
            waiting_.pop_front();
            ++delivered_;
        }
    }

    [[nodiscard]] std::uint64_t sent() const override { return delivered_ + waiting_.size(); }
    [[nodiscard]] std::uint64_t delivered() const override { return delivered_; }
    [[nodiscard]] bool full() const override { return waiting_.size() >= capacity; }

    bool delivering = true;
    std::size_t capacity = 1000;

private:
    World& world_;
    std::deque<World::Letter> waiting_;
    std::uint64_t delivered_ = 0;
};

/// Snapshots in memory, which are safe at once. The disk outlives the job.
class SnapshotStore final : public live_shopper::SnapshotStore {
public:
    using Disk = std::deque<std::vector<std::byte>>;  // the newest first

    explicit SnapshotStore(Disk& disk) : disk_{disk} {}

    void begin() override {
        bytes_.clear();
        state_ = State::open;
        ++begun;
    }
    void append(std::vector<std::byte> part) override {
        bytes_.insert(bytes_.end(), part.begin(), part.end());
        state_ = full_disk ? State::failed : state_;
    }
    void complete() override {
        disk_.push_front(std::exchange(bytes_, {}));
        disk_.resize(std::min<std::size_t>(disk_.size(), 2));
        state_ = State::kept;
    }
    void abandon() override { state_ = State::none; }
    [[nodiscard]] State state() const override { return state_; }
    [[nodiscard]] bool full() const override { return false; }
    std::vector<std::string> names() override {
        std::vector<std::string> all;
        for (std::size_t i = 0; i != disk_.size(); ++i) {
            all.push_back(std::to_string(i));
        }
        return all;
    }
    std::optional<Bytes> read(const std::string& name) override {
        auto bytes = std::make_shared<const std::vector<std::byte>>(disk_[std::stoul(name)]);
        return Bytes{*bytes, bytes};
    }

    bool full_disk = false;
    int begun = 0;

private:
    Disk& disk_;
    std::vector<std::byte> bytes_;
    State state_ = State::none;
};

}  // namespace fakes
