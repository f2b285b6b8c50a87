// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The job's seams on a simulated world, for one process. Every call may be the last of the process, or the one in which
// it is stopped while the others go on: see Hook.

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "seams.hpp"
#include "snapshots.hpp"
#include "stage_record.hpp"
#include "world.hpp"

namespace simulation {

/// Called at the begin of every call of a seam. Throws Killed where the process ends there.
using Hook = std::function<void()>;
struct Killed {};

/// How far a client has read a partition.
struct Fetched {
    std::int64_t next = 0;   // to be delivered
    std::int64_t end = 0;    // fetched up to here
    std::int64_t begin = 0;  // where it was started
    bool end_told = false;
};

/// The client's own thread gets some more.
inline void fetch(World& world, const Kafka& kafka, std::int32_t number, Fetched& fetched) {
    const auto end = std::ssize(kafka.logs[static_cast<std::size_t>(number)].records);
    const auto most = fetched.next + static_cast<std::int64_t>(1 + world.random.below(200));
    fetched.end = std::max(fetched.end, std::min(end, most));
}

/// What a poll delivers of a partition. Now and then records come again in the middle of an assignment, as a client
/// does that goes on from where it once was; gives whether that happened.
inline bool deliver(World& world, const Kafka& kafka, std::int32_t number, std::uint32_t slot, bool reachable,
                    Fetched& fetched, std::vector<live_shopper::Record>& records, std::deque<std::string>& payloads) {
    const auto& log = kafka.logs[static_cast<std::size_t>(number)].records;
    bool again = false;
    if (!world.calm && fetched.next > fetched.begin && world.random.one_in(100)) {
        const auto most = std::min<std::int64_t>(fetched.next - fetched.begin, 100);
        fetched.next -= 1 + static_cast<std::int64_t>(world.random.below(static_cast<std::uint64_t>(most)));
        again = true;
        world.tell("records of {} {} come again from {} on", world.name_of(kafka), number, fetched.next);
    }
    for (auto n = 1 + world.random.below(40); n > 0 && fetched.next < fetched.end; --n, ++fetched.next) {
        const auto& entry = log[static_cast<std::size_t>(fetched.next)];
        live_shopper::Record record;
        record.slot = slot;
        record.offset = fetched.next;
        record.time = entry.time;
        record.has_payload = entry.payload.has_value();
        if (entry.payload) {
            record.payload = *entry.payload;
        }
        if (world.breakage == Breakage::no_dedupe_of_parts && &kafka == &world.shoppers) {
            live_shopper::StageRecord part;
            payloads.emplace_back();
            if (read(*entry.payload, part)) {
                const std::string id = fmt::format("{}x{}", entry.sequence, part.event.id);
                part.event.id = id;
                write(part, payloads.back());
            }
            record.payload = payloads.back();
        }
        if (world.breakage == Breakage::no_dedupe && &kafka == &world.kafka) {
            // Every record has an id of its own.
            payloads.push_back(entry.payload.value_or(""));
            if (const auto at = payloads.back().find("\"id\":\""); at != std::string::npos) {
                payloads.back().insert(at + 6, std::to_string(entry.sequence) + "x");
            }
            record.payload = payloads.back();
        }
        records.push_back(record);
        fetched.end_told = false;
    }
    if (fetched.next == fetched.end && fetched.end == std::ssize(log) && !fetched.end_told && reachable) {
        live_shopper::Record end;
        end.slot = slot;
        end.offset = fetched.next;
        end.end = true;
        records.push_back(end);
        fetched.end_told = true;
    }
    return again;
}

/// For one process alone, or several that share partitions as a whole.
class Source final : public live_shopper::Source {
public:
    Source(World& world, Kafka& topic, Hook hook) : world_{world}, kafka_{topic}, hook_{std::move(hook)} {}

    live_shopper::Polled poll(Duration) override;
    [[nodiscard]] const std::vector<live_shopper::Partition>& partitions() const override { return partitions_; }
    std::vector<std::optional<std::int64_t>> offsets_at(std::span<const Timestamp> times) override;
    bool start(std::span<const std::int64_t> offsets) override;
    void release() override;
    void pause() override { paused_ = true; }
    void resume() override { paused_ = false; }
    bool commit(std::span<const live_shopper::Position> positions, Duration wait) override;
    [[nodiscard]] std::int64_t lag(std::uint32_t slot) const override;
    [[nodiscard]] std::optional<std::int64_t> generation() const override { return generation_; }
    void rejoin() override;

    /// The client's own thread: heartbeats and fetches, also while the job is busy.
    void background();
    void leave();

    /// Whether it was put out of the group, told or not, or was never in.
    [[nodiscard]] bool is_out() const { return kafka_.members.find(member_) == kafka_.members.end(); }
    [[nodiscard]] bool reads() const { return state_ == State::assigned; }

    Timestamp cut_off_until = Timestamp::min();

private:
    enum class State : std::uint8_t { out, joining, assigned, giving_up };

    [[nodiscard]] bool reachable() const {
        return world_.now >= world_.kafka.away_until && world_.now >= cut_off_until;
    }

    World& world_;
    Kafka& kafka_;
    Hook hook_;
    State state_ = State::out;
    int member_ = 0;
    std::optional<std::int64_t> generation_;
    std::vector<live_shopper::Partition> partitions_;
    std::vector<Fetched> fetched_;
    std::vector<live_shopper::Record> records_;
    std::deque<std::string> payloads_;  // of the records, where a breakage changes them
    bool paused_ = false;
    bool told_ = false;       // that what it has is given up
    bool goes_back_ = false;  // it was given records again, so commits may go back too
};

inline void Source::background() {
    if (!reachable()) {
        return;
    }
    Kafka& kafka = kafka_;
    if (!is_out()) {
        kafka.members[member_].seen = world_.now;
    }
    if (state_ == State::out) {
        member_ = kafka.join(member_, world_.now);
        state_ = State::joining;
    } else if (state_ == State::joining && is_out()) {
        member_ = kafka.join(0, world_.now);
    } else if (state_ == State::joining && kafka.rebalancing) {
        kafka.join(member_, world_.now);  // another one has begun before the answer was read
    }
    for (std::size_t slot = 0; slot < fetched_.size(); ++slot) {
        fetch(world_, kafka, partitions_[slot].number, fetched_[slot]);
    }
}

inline live_shopper::Polled Source::poll(Duration) {
    hook_();
    records_.clear();
    payloads_.clear();
    if (reachable() && world_.random.one_in(2)) {
        background();
    }
    if (!paused_ && state_ == State::assigned) {
        const auto count = fetched_.size();
        const auto first = count == 0 ? 0 : world_.random.below(count);
        for (std::size_t i = 0; i < count; ++i) {
            const auto slot = (first + i) % count;
            const bool again = deliver(world_, kafka_, partitions_[slot].number, static_cast<std::uint32_t>(slot),
                                       reachable(), fetched_[slot], records_, payloads_);
            goes_back_ = goes_back_ || again;
        }
    }
    if (!reachable() || world_.random.one_in(4)) {
        return {live_shopper::Rebalance::none, records_};
    }
    background();
    Kafka& kafka = kafka_;
    if (state_ == State::assigned && !told_) {
        if (is_out() || kafka.generation != *generation_) {
            told_ = true;
            world_.tell("member {} learns that it was put out", member_);
            return {live_shopper::Rebalance::lost, records_};
        }
        if (kafka.rebalancing && !kafka.members[member_].joined) {
            told_ = true;
            state_ = State::giving_up;
            return {live_shopper::Rebalance::revoked, records_};
        }
    }
    if (state_ == State::giving_up && told_ && is_out()) {
        state_ = State::assigned;  // nothing to commit any more
        return {live_shopper::Rebalance::lost, records_};
    }
    if (state_ == State::joining && !kafka.rebalancing && !is_out()) {
        generation_ = kafka.generation;
        partitions_.clear();
        for (const auto number : kafka.members[member_].partitions) {
            const auto& log = kafka.logs[static_cast<std::size_t>(number)];
            partitions_.push_back(
                {world_.name_of(kafka), number, 0, std::ssize(log.records), log.committed, log.metadata});
        }
        state_ = State::assigned;
        told_ = false;
        goes_back_ = false;
        world_.tell("member {} has {} partitions in generation {}", member_, partitions_.size(), *generation_);
        return {live_shopper::Rebalance::assigned, records_};
    }
    return {live_shopper::Rebalance::none, records_};
}

inline std::vector<std::optional<std::int64_t>> Source::offsets_at(std::span<const Timestamp> times) {
    hook_();
    std::vector<std::optional<std::int64_t>> found(partitions_.size());
    for (std::size_t slot = 0; slot < found.size() && reachable(); ++slot) {
        const auto& log = kafka_.logs[static_cast<std::size_t>(partitions_[slot].number)].records;
        const auto at = std::find_if(log.begin(), log.end(), [&](const auto& e) { return e.time >= times[slot]; });
        found[slot] = static_cast<std::int64_t>(at - log.begin());
    }
    return found;
}

inline bool Source::start(std::span<const std::int64_t> offsets) {
    hook_();
    if (!world_.calm && world_.random.one_in(30)) {
        return false;
    }
    fetched_.clear();
    for (const auto offset : offsets) {
        fetched_.push_back({offset, offset, offset, false});
    }
    paused_ = false;
    return true;
}

inline void Source::release() {
    hook_();
    partitions_.clear();
    fetched_.clear();
    generation_.reset();
    paused_ = false;
    state_ = State::out;
    told_ = false;
}

inline void Source::rejoin() {
    hook_();
    world_.tell("member {} joins anew", member_);
    if (reachable()) {
        leave();
    }
    release();
    member_ = 0;
}

inline void Source::leave() {
    if (reachable()) {
        kafka_.leave(member_, world_.now);
    }
}

inline bool Source::commit(std::span<const live_shopper::Position> positions, Duration wait) {
    hook_();
    if (!reachable()) {
        return wait <= Duration::zero();
    }
    bool taken = true;
    for (const auto& position : positions) {
        taken = kafka_.commit(member_, generation_.value_or(-1), partitions_[position.slot].number, position.offset,
                              position.metadata, goes_back_) &&
                taken;
    }
    const bool answer_lost = !world_.calm && world_.random.one_in(20);
    return wait <= Duration::zero() || (taken && !answer_lost);
}

inline std::int64_t Source::lag(std::uint32_t slot) const {
    return std::ssize(kafka_.logs[static_cast<std::size_t>(partitions_[slot].number)].records) - fetched_[slot].next;
}

class Store final : public live_shopper::Store {
public:
    Store(World& world, Hook hook) : world_{world}, hook_{std::move(hook)} {}

    void own(std::vector<live_shopper::Fence> fences) override {
        hook_();
        batches_.clear();
        unanswered_.clear();
        refusal_.reset();
        refused_ = false;
        claimed_ = false;
        fences_ = std::move(fences);
        connection_.reset();
    }

    std::optional<std::vector<live_shopper::Fence>> take_refusal() override {
        hook_();
        return std::exchange(refusal_, std::nullopt);
    }

    void submit(live_shopper::WriteBatch batch, std::uint64_t ticket) override {
        hook_();
        if (refused_) {
            return;
        }
        Batch mine;
        mine.ticket = ticket;
        mine.handed_over = world_.now;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto write = batch[i];
            mine.writes.push_back(
                {std::string{write.key}, std::string{write.value}, write.ttl, write.group, write.erase});
        }
        batches_.push_back(std::move(mine));
        if (world_.breakage == Breakage::commit_before_acknowledgement) {
            acknowledgements_.push_back({ticket, world_.now});
        }
    }

    std::optional<live_shopper::Acknowledgement> next_acknowledgement() override {
        hook_();
        if (acknowledgements_.empty()) {
            return std::nullopt;
        }
        const auto news = acknowledgements_.front();
        acknowledgements_.pop_front();
        return news;
    }

    [[nodiscard]] std::size_t pending() const override {
        std::size_t count = 0;
        for (const auto* const all : {&batches_, &unanswered_}) {
            for (const Batch& batch : *all) {
                count += batch.writes.size();
            }
        }
        return count;
    }
    [[nodiscard]] bool available() const override { return connection_ != nullptr; }
    bool take_reset() override {
        hook_();
        return std::exchange(reset_, false);
    }
    [[nodiscard]] std::string run() const override { return run_ == 0 ? "" : std::to_string(run_); }
    void expect(const std::string& run) override {
        if (run_ == 0) {
            run_ = run.empty() ? 0 : std::stoi(run);
        } else if (!run.empty() && run != this->run()) {
            reset_ = true;
        }
    }

    /// The store's own thread, for a moment.
    void background();

    /// The connection breaks; what was sent on it may still be carried out.
    void disconnect() { connection_.reset(); }

    Timestamp cut_off_until = Timestamp::min();

private:
    using Write = Connection::Write;
    struct Batch {
        std::vector<Write> writes;
        std::uint64_t ticket = 0;
        Timestamp handed_over;
    };

    void connect();
    void send();

    World& world_;
    Hook hook_;
    std::vector<live_shopper::Fence> fences_;
    std::deque<Batch> batches_;     // not sent on this connection
    std::deque<Batch> unanswered_;  // sent, in transactions of their own
    std::shared_ptr<Connection> connection_;
    std::weak_ptr<Connection> last_;
    std::deque<live_shopper::Acknowledgement> acknowledgements_;
    std::optional<std::vector<live_shopper::Fence>> refusal_;
    int run_ = 0;
    bool claimed_ = false;
    bool refused_ = false;
    bool reset_ = false;
};

inline void Store::background() {
    Redis& redis = world_.redis;
    if (world_.now < redis.away_until || world_.now < cut_off_until) {
        return;
    }
    if (connection_ && connection_->run != redis.run) {
        disconnect();
    }
    if (!connection_) {
        if (world_.calm || world_.random.one_in(3)) {
            connect();
        }
        return;
    }
    while (connection_ && !connection_->answers.empty()) {
        const auto answer = connection_->answers.front();
        connection_->answers.pop_front();
        if (answer.refused) {
            disconnect();  // and find out why
            return;
        }
        const auto ticket = unanswered_.front().ticket;
        unanswered_.pop_front();
        if (ticket != 0 && world_.breakage != Breakage::commit_before_acknowledgement) {
            acknowledgements_.push_back({ticket, world_.now});
        }
    }
    send();
}

// As the real one does: what was not answered is written again, the newest of each key, and before that the old
// connection is ended; the fences are taken first of all.
inline void Store::connect() {
    Redis& redis = world_.redis;
    if (const auto last = last_.lock()) {
        std::erase(redis.connections, last);
    }
    if (!fences_.empty() && world_.breakage != Breakage::no_fence) {
        std::vector<live_shopper::Fence> newer;
        bool gone = false;
        for (const auto& fence : fences_) {
            const auto held = redis.fences.find(fence.name);
            gone = gone || held == redis.fences.end() || held->second != fence.generation;
            if (held != redis.fences.end() && held->second > fence.generation &&
                held->second != fence.void_generation) {
                newer.push_back({fence.name, held->second, 0});
            }
        }
        if (!newer.empty()) {
            world_.tell("a store is refused: generation {} and there is {}", fences_[0].generation,
                        newer[0].generation);
            batches_.clear();
            unanswered_.clear();
            refusal_ = std::move(newer);
            refused_ = true;
            fences_.clear();
            return;
        }
        if (claimed_ && gone) {
            reset_ = true;
            redis.whole.clear();  // whoever was here meanwhile wrote what was true once
        }
        for (auto& fence : fences_) {
            redis.fences[fence.name] = fence.generation;
            fence.void_generation = 0;
        }
        claimed_ = true;
    }
    reset_ = reset_ || (run_ != 0 && run_ != redis.run);
    run_ = redis.run;
    connection_ = std::make_shared<Connection>();
    connection_->run = run_;
    last_ = connection_;
    redis.connections.push_back(connection_);

    // The newest of each key, groups together.
    std::map<std::string, std::pair<Write, Timestamp>> newest;
    std::uint64_t ticket = 0;
    for (auto* const all : {&unanswered_, &batches_}) {
        for (Batch& batch : *all) {
            for (Write& write : batch.writes) {
                newest.insert_or_assign(write.key, std::pair{write, batch.handed_over});
            }
            ticket = std::max(ticket, batch.ticket);
        }
        all->clear();
    }
    if (ticket != 0) {
        Batch merged;
        merged.ticket = ticket;
        merged.handed_over = world_.now;
        for (auto& [key, entry] : newest) {
            entry.first.ttl -= world_.now - entry.second;
            merged.writes.push_back(std::move(entry.first));
        }
        std::stable_sort(merged.writes.begin(), merged.writes.end(),
                         [](const Write& a, const Write& b) { return a.group < b.group; });
        batches_.push_back(std::move(merged));
    }
}

inline void Store::send() {
    while (!batches_.empty()) {
        Batch batch = std::move(batches_.front());
        batches_.pop_front();
        const auto waited = world_.now - batch.handed_over;
        std::size_t begin = 0;
        do {
            const bool torn = world_.breakage == Breakage::torn_writes;
            auto end = std::min(batch.writes.size(), begin + (torn ? 1 : 1 + world_.random.below(100)));
            while (!torn && end < batch.writes.size() && batch.writes[end].group != 0 &&
                   batch.writes[end].group == batch.writes[end - 1].group) {
                ++end;
            }
            Connection::Transaction transaction;
            transaction.fences = fences_;
            Batch part;
            part.handed_over = batch.handed_over;
            for (; begin != end; ++begin) {
                Write write = batch.writes[begin];
                part.writes.push_back(write);
                write.ttl -= waited;
                write.erase = write.erase || write.ttl <= Duration::zero();
                const bool lost =
                    (world_.breakage == Breakage::lost_close && write.key.starts_with("user:") && !write.erase &&
                     (write.value == "0" || write.value == "{}" || write.value == "0-0" || write.value.empty())) ||
                    (world_.breakage == Breakage::lost_erase && write.erase);
                if (!lost) {
                    transaction.writes.push_back(std::move(write));
                }
            }
            part.ticket = begin == batch.writes.size() ? batch.ticket : 0;
            transaction.ticket = part.ticket;
            unanswered_.push_back(std::move(part));
            connection_->sent.push_back(std::move(transaction));
        } while (begin != batch.writes.size());
    }
}

/// A member of a group whose partitions are sources of their own. What a rebalance leaves where it is goes on.
class Group final : public live_shopper::Group {
public:
    Group(World& world, Kafka& topic, Hook hook) : world_{world}, kafka_{topic}, hook_{std::move(hook)} {}

    void poll(Duration) override;
    std::unique_ptr<live_shopper::PartitionSource> next() override;

    /// The client's own thread: heartbeats, joining and fetches, also while the process is busy.
    void background();
    void leave() {
        if (reachable()) {
            kafka_.leave(member_, world_.now);
        }
    }

    Timestamp cut_off_until = Timestamp::min();

private:
    class Part;

    [[nodiscard]] bool reachable() const {
        return world_.now >= world_.kafka.away_until && world_.now >= cut_off_until;
    }
    /// Whether it was put out of the group, told or not, or was never in.
    [[nodiscard]] bool is_out() const { return kafka_.members.find(member_) == kafka_.members.end(); }
    [[nodiscard]] std::vector<std::int32_t> owned() const;
    void tell_all(live_shopper::Rebalance news);
    void take_assignment();
    void rejoin();

    World& world_;
    Kafka& kafka_;
    Hook hook_;
    int member_ = 0;
    std::int64_t generation_ = -1;  // of the assignment that was taken on last
    std::vector<Part*> parts_;      // those that are not over
    std::deque<std::unique_ptr<live_shopper::PartitionSource>> given_;
    bool giving_up_ = false;  // some that another one is to have
};

class Group::Part final : public live_shopper::PartitionSource {
public:
    Part(Group& group, std::int32_t number) : group_{group}, generation_{group.generation_} {
        const auto& log = group.kafka_.logs[static_cast<std::size_t>(number)];
        partitions_.push_back(
            {group.world_.name_of(group.kafka_), number, 0, std::ssize(log.records), log.committed, log.metadata});
        group_.parts_.push_back(this);
    }
    ~Part() override { std::erase(group_.parts_, this); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    live_shopper::Polled poll(Duration) override {
        records_.clear();
        payloads_.clear();
        if (!paused_) {
            records_.swap(incoming_);
            payloads_.swap(incoming_payloads_);
        }
        if (!records_.empty()) {
            position_ = records_.back().offset + (records_.back().end ? 0 : 1);
        }
        if (news_ == live_shopper::Rebalance::revoked) {
            revoked_at_ = group_.world_.now;
        } else if (revoked_at_ && group_.world_.now - *revoked_at_ > std::chrono::seconds{10} && ++polls_late_ == 20) {
            group_.kafka_.wrong =
                fmt::format("{} {} was revoked long ago and is not given up", partitions_.front().topic, number());
        }
        return {std::exchange(news_, live_shopper::Rebalance::none), records_};
    }
    [[nodiscard]] const std::vector<live_shopper::Partition>& partitions() const override { return partitions_; }
    std::vector<std::optional<std::int64_t>> offsets_at(std::span<const Timestamp> times) override {
        group_.hook_();
        if (!group_.reachable()) {
            return std::vector<std::optional<std::int64_t>>(1);
        }
        const auto& log = group_.kafka_.logs[static_cast<std::size_t>(number())].records;
        const auto at = std::find_if(log.begin(), log.end(), [&](const auto& e) { return e.time >= times.front(); });
        return {static_cast<std::int64_t>(at - log.begin())};
    }
    bool start(std::span<const std::int64_t> offsets) override {
        group_.hook_();
        incoming_.clear();
        incoming_payloads_.clear();
        fetched_.reset();
        if (!group_.world_.calm && group_.world_.random.one_in(30)) {
            return false;
        }
        paused_ = false;
        position_ = offsets.front();
        fetched_ = Fetched{position_, position_, position_, false};
        started_ = true;
        return true;
    }
    void release() override {
        group_.hook_();
        over_ = true;
        std::erase(group_.parts_, this);
    }
    void pause() override { paused_ = true; }
    void resume() override { paused_ = false; }
    bool commit(std::span<const live_shopper::Position> positions, Duration wait) override {
        group_.hook_();
        World& world = group_.world_;
        if (!group_.reachable()) {
            return wait <= Duration::zero();
        }
        // By the generation that the client knows now, whatever it was when the partition was given.
        const bool taken = group_.kafka_.commit(group_.member_, group_.generation_, number(), positions.front().offset,
                                                positions.front().metadata, goes_back_);
        const bool answer_lost = !world.calm && world.random.one_in(20);
        return wait <= Duration::zero() || (taken && !answer_lost);
    }
    [[nodiscard]] std::int64_t lag(std::uint32_t) const override {
        return std::ssize(group_.kafka_.logs[static_cast<std::size_t>(number())].records) - position_;
    }
    [[nodiscard]] std::optional<std::int64_t> generation() const override { return generation_; }
    void rejoin() override { group_.rejoin(); }
    [[nodiscard]] bool over() const override { return over_; }
    [[nodiscard]] std::uint32_t count() const override { return static_cast<std::uint32_t>(group_.kafka_.logs.size()); }

    [[nodiscard]] std::int32_t number() const { return partitions_.front().number; }
    [[nodiscard]] bool started() const { return started_; }
    void tell(live_shopper::Rebalance news) {
        if (news_ != live_shopper::Rebalance::lost) {
            news_ = news == live_shopper::Rebalance::revoked && !started_ ? live_shopper::Rebalance::lost : news;
        }
    }
    void fetch_some() {
        if (fetched_) {
            fetch(group_.world_, group_.kafka_, number(), *fetched_);
        }
    }
    void skip_some() {
        if (fetched_) {
            const auto left = static_cast<std::uint64_t>(fetched_->end - fetched_->next);
            fetched_->next += static_cast<std::int64_t>(group_.world_.random.below(left + 1));
        }
    }
    void deliver_some() {
        if (fetched_ && !paused_) {
            const bool again = deliver(group_.world_, group_.kafka_, number(), 0, group_.reachable(), *fetched_,
                                       incoming_, incoming_payloads_);
            goes_back_ = goes_back_ || again;
        }
    }

private:
    Group& group_;
    std::int64_t generation_;
    std::vector<live_shopper::Partition> partitions_;
    std::optional<Fetched> fetched_;
    std::vector<live_shopper::Record> incoming_;
    std::vector<live_shopper::Record> records_;
    std::deque<std::string> incoming_payloads_;
    std::deque<std::string> payloads_;
    std::int64_t position_ = 0;
    live_shopper::Rebalance news_ = live_shopper::Rebalance::assigned;
    std::optional<Timestamp> revoked_at_;
    int polls_late_ = 0;  // since it had to be given up
    bool started_ = false;
    bool paused_ = false;
    bool goes_back_ = false;  // it was given records again, so commits may go back too
    bool over_ = false;
};

inline std::vector<std::int32_t> Group::owned() const {
    std::vector<std::int32_t> out;
    for (const Part* const part : parts_) {
        out.push_back(part->number());
    }
    return out;
}

inline void Group::tell_all(live_shopper::Rebalance news) {
    for (Part* const part : parts_) {
        part->tell(news);
    }
}

inline void Group::background() {
    if (!reachable()) {
        return;
    }
    if (!is_out()) {
        kafka_.members[member_].seen = world_.now;
        // What it was given has to be begun, and what it was told to give up to be given up, before it goes on.
        const bool busy =
            giving_up_ || std::any_of(parts_.begin(), parts_.end(), [](const Part* p) { return !p->started(); });
        if (kafka_.rebalancing && !kafka_.members[member_].joined && !busy) {
            kafka_.join(member_, world_.now, owned());
        }
    } else if (parts_.empty() && given_.empty()) {
        giving_up_ = false;
        member_ = kafka_.join(0, world_.now, {});
        generation_ = -1;
    }
    for (Part* const part : parts_) {
        part->fetch_some();
    }
}

inline void Group::poll(Duration) {
    hook_();
    if (reachable() && world_.random.one_in(2)) {
        background();
    }
    for (Part* const part : parts_) {
        part->deliver_some();
    }
    if (!reachable() || world_.random.one_in(4)) {
        return;
    }
    background();
    if (is_out()) {
        if (!parts_.empty() && member_ != 0) {
            world_.tell("member {} of {} learns that it was put out", member_, world_.name_of(kafka_));
            tell_all(live_shopper::Rebalance::lost);
        }
        return;
    }
    if (giving_up_) {
        const auto& mine = kafka_.members[member_].partitions;
        giving_up_ = std::any_of(parts_.begin(), parts_.end(), [&](const Part* p) {
            return std::find(mine.begin(), mine.end(), p->number()) == mine.end();
        });
        if (!giving_up_) {
            kafka_.join(member_, world_.now, owned());  // so that whoever is to have them gets them
        }
        return;
    }
    if (!kafka_.rebalancing && generation_ != kafka_.generation) {
        take_assignment();
    }
}

inline void Group::take_assignment() {
    generation_ = kafka_.generation;
    const auto& mine = kafka_.members[member_].partitions;
    for (Part* const part : parts_) {
        if (std::find(mine.begin(), mine.end(), part->number()) == mine.end()) {
            part->tell(live_shopper::Rebalance::revoked);
            giving_up_ = true;
        } else if (world_.breakage == Breakage::skipped_records) {
            part->skip_some();
        }
    }
    const auto had = owned();
    for (const auto number : mine) {
        if (std::find(had.begin(), had.end(), number) == had.end()) {
            given_.push_back(std::make_unique<Part>(*this, number));
        }
    }
    world_.tell("member {} of {} has {} partitions in generation {}, {} of them before", member_,
                world_.name_of(kafka_), mine.size(), generation_, had.size());
}

inline std::unique_ptr<live_shopper::PartitionSource> Group::next() {
    if (given_.empty()) {
        return nullptr;
    }
    auto part = std::move(given_.front());
    given_.pop_front();
    return part;
}

inline void Group::rejoin() {
    hook_();
    world_.tell("member {} of {} joins anew", member_, world_.name_of(kafka_));
    tell_all(live_shopper::Rebalance::lost);
    leave();
    member_ = 0;
}

class Outlet final : public live_shopper::Outlet {
public:
    Outlet(World& world, Kafka& topic, Hook hook) : world_{world}, topic_{topic}, hook_{std::move(hook)} {}

    void send(std::uint32_t partition, std::string_view record) override {
        hook_();
        waiting_.push_back({partition, std::string{record}});
        ++sent_;
    }
    void poll() override { hook_(); }
    [[nodiscard]] std::uint64_t sent() const override { return sent_; }
    [[nodiscard]] std::uint64_t delivered() const override {
        return world_.breakage == Breakage::commit_before_next_topic ? sent_ : delivered_;
    }
    [[nodiscard]] bool full() const override { return waiting_.size() > 200; }

    /// The producer's own thread: what is sent comes in order, and is acknowledged some time after it came.
    void background() {
        if (world_.now < world_.kafka.away_until || world_.now < cut_off_until) {
            return;
        }
        for (auto n = world_.calm ? 1000 : world_.random.below(40); n > 0 && came_ < waiting_.size(); --n, ++came_) {
            const Sent& next = waiting_[came_];
            live_shopper::StageRecord record;
            const bool known = read(next.record, record);
            const bool lost = known && ((world_.breakage == Breakage::lost_give_up &&
                                         record.kind == live_shopper::StageRecord::Kind::give_up) ||
                                        (world_.breakage == Breakage::lost_resend && record.origin != 0 &&
                                         record.user != record.event.domain_userid &&
                                         record.kind == live_shopper::StageRecord::Kind::for_user));
            if (!lost) {
                topic_.append(next.partition, next.record, world_.now);
            }
        }
        for (auto n = world_.calm ? 1000 : world_.random.below(40); n > 0 && came_ > 0; --n, --came_) {
            waiting_.pop_front();
            ++delivered_;
        }
    }

    Timestamp cut_off_until = Timestamp::min();

private:
    struct Sent {
        std::uint32_t partition;
        std::string record;
    };

    World& world_;
    Kafka& topic_;
    Hook hook_;
    std::deque<Sent> waiting_;
    std::size_t came_ = 0;  // of those that wait to be acknowledged
    std::uint64_t sent_ = 0;
    std::uint64_t delivered_ = 0;
};

class DeadLetters final : public live_shopper::DeadLetters {
public:
    DeadLetters(World& world, Hook hook) : world_{world}, hook_{std::move(hook)} {}

    void send(const live_shopper::Record& record, const live_shopper::Partition& partition, std::string_view) override {
        hook_();
        waiting_.push_back({partition.number, record.offset});
        ++sent_;
    }
    void poll() override { hook_(); }
    [[nodiscard]] std::uint64_t sent() const override { return sent_; }
    [[nodiscard]] std::uint64_t delivered() const override {
        return world_.breakage == Breakage::commit_before_acknowledgement ? sent_ : sent_ - waiting_.size();
    }
    [[nodiscard]] bool full() const override { return waiting_.size() > 20; }

    void background() {
        while (world_.now >= world_.kafka.away_until && !waiting_.empty() &&
               (world_.calm || !world_.random.one_in(3))) {
            ++world_.letters[waiting_.front()];
            waiting_.pop_front();
        }
    }

private:
    World& world_;
    Hook hook_;
    std::deque<Letter> waiting_;
    std::uint64_t sent_ = 0;
};

/// Snapshots on a disk that may be full, and that loses or spoils some of what it said was safe.
class SnapshotStore final : public live_shopper::SnapshotStore {
public:
    /// Of partitions of `topic`.
    SnapshotStore(World& world, const Kafka& topic, Disk& disk, Hook hook)
        : world_{world}, topic_{topic}, disk_{disk}, hook_{std::move(hook)} {}

    void begin() override {
        hook_();
        bytes_.clear();
        state_ = State::open;
    }
    void append(std::vector<std::byte> part) override {
        hook_();
        if (world_.now < disk_.full_until) {
            state_ = State::failed;
        }
        bytes_.insert(bytes_.end(), part.begin(), part.end());
    }
    void complete() override {
        hook_();
        state_ = state_ == State::failed ? state_ : State::busy;
    }
    void abandon() override {
        hook_();
        state_ = State::none;
    }
    [[nodiscard]] State state() const override { return state_; }
    [[nodiscard]] bool full() const override { return world_.random.one_in(8); }

    std::vector<std::string> names() override {
        hook_();
        std::vector<std::string> all;
        for (std::size_t i = 0; i != disk_.snapshots.size(); ++i) {
            all.push_back(std::to_string(i));
        }
        return all;
    }
    std::optional<Bytes> read(const std::string& name) override {
        hook_();
        auto bytes = std::make_shared<std::vector<std::byte>>(disk_.snapshots[std::stoul(name)]);
        if (world_.breakage == Breakage::snapshot_without_offset) {
            say_it_is_of_what_is_committed(*bytes);
        } else if (world_.breakage == Breakage::torn_snapshot_trusted) {
            cut_and_say_it_is_whole(*bytes);
        }
        return Bytes{*bytes, bytes};
    }

    /// The thread that waits for the disk.
    void background() {
        if (state_ != State::busy || !(world_.calm || world_.random.one_in(3))) {
            return;
        }
        state_ = State::kept;
        if (!world_.calm && world_.random.one_in(8)) {
            spoil(bytes_);
        }
        disk_.snapshots.push_front(std::move(bytes_));
        disk_.snapshots.resize(std::min<std::size_t>(disk_.snapshots.size(), 2));
    }

private:
    using Snapshot = std::vector<std::byte>;

    void spoil(Snapshot& bytes) {
        switch (world_.random.below(4)) {
            case 0:
                world_.tell("a snapshot is torn");
                bytes.resize(world_.random.below(bytes.size()));
                break;
            case 1:
                world_.tell("a bit of a snapshot flips");
                bytes[world_.random.below(bytes.size())] ^= std::byte{1} << static_cast<int>(world_.random.below(8));
                break;
            case 2:
                world_.tell("a snapshot is of an older version");
                bytes[live_shopper::snapshot_version_at] = std::byte{0};
                break;
            default:
                world_.tell("a snapshot is of another job");
                relabel(bytes, [](live_shopper::SnapshotLabel& label) { label.owner += " of another"; });
                break;
        }
    }

    template <class Change>
    static void relabel(Snapshot& bytes, Change change) {
        std::string other_version;
        const Snapshot whole = bytes;
        try {
            if (auto read = live_shopper::read_label(whole, other_version)) {
                change(read->label);
                bytes = write_label(read->label);
                bytes.insert(bytes.end(), read->tables.begin(), read->tables.end());
            }
        } catch (const weir::SnapshotError&) {
            return;  // it was spoilt before
        }
    }

    void say_it_is_of_what_is_committed(Snapshot& bytes) const {
        relabel(bytes, [&](live_shopper::SnapshotLabel& label) {
            for (auto& mark : label.marks) {
                mark.next = topic_.logs[static_cast<std::size_t>(mark.partition)].committed.value_or(mark.next);
            }
        });
    }

    // Drops the last of its pieces and takes the rows that are missing out of the head.
    void cut_and_say_it_is_whole(Snapshot& bytes) {
        std::string other_version;
        try {
            const auto read = live_shopper::read_label(bytes, other_version);
            if (!read) {
                return;
            }
            weir::detail::PieceReader pieces{read->tables, nullptr};
            weir::SnapshotReader name{read->tables};
            static_cast<void>(name.take(weir::detail::piece_head));
            const std::string of{name.read_text()};
            std::vector<std::uint64_t> rows = pieces.head(of);
            std::vector<std::uint64_t> kept(rows.size());
            std::vector<std::size_t> ends{weir::detail::snapshot_head(of, rows).size()};
            std::vector<weir::detail::PieceReader::Piece> all;
            while (!pieces.at_end()) {
                all.push_back(pieces.next());
                ends.push_back(all.back().in.offset() + all.back().in.remaining() + weir::detail::piece_tail);
            }
            const std::size_t left = world_.random.below(all.size());
            for (std::size_t i = 0; i != left; ++i) {
                kept[all[i].section] += all[i].rows;
            }
            const auto head = weir::detail::snapshot_head(of, kept);
            Snapshot cut = write_label(read->label);
            const auto begin = std::as_const(head).bytes();
            cut.insert(cut.end(), begin.begin(), begin.end());
            cut.insert(cut.end(), read->tables.begin() + static_cast<std::ptrdiff_t>(ends.front()),
                       read->tables.begin() + static_cast<std::ptrdiff_t>(ends[left]));
            bytes = std::move(cut);
        } catch (const weir::SnapshotError&) {
            return;
        }
    }

    World& world_;
    const Kafka& topic_;
    Disk& disk_;
    Hook hook_;
    Snapshot bytes_;
    State state_ = State::none;
};

}  // namespace simulation
