// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Kafka and a Redis in memory, under one clock and one source of random numbers. They outlive every process of the
// simulation and do what the real ones do, good and bad: the group coordinator counts generations and refuses commits
// of old ones, a process that is silent for long is put out of the group, commands that were sent are carried out after
// their sender is dead, Redis comes back with all, some or none of its data.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <weir/time.hpp>

#include "seams.hpp"

namespace simulation {

using weir::Duration;
using weir::Timestamp;

/// What is broken on purpose, in the simulated parts alone, to see that the simulation finds it.
enum class Breakage : std::uint8_t {
    none,
    commit_before_acknowledgement,  // stores and dead-letter topics acknowledge before they have anything
    no_fence,                       // Redis takes writes of any generation
    no_dedupe,                      // an event that comes again counts again
    lost_close,                     // what says that a window has emptied does not get to Redis
    lost_erase,                     // what takes a value back does not get to Redis
    torn_writes,                    // a transaction is one write, so that groups come in parts
    commit_before_next_topic,       // the next stage's topic acknowledges before it has anything
    lost_give_up,                   // what tells a user to give up another's history does not get there
    no_dedupe_of_parts,             // what a stage sends again counts again
    lost_resend,                    // what a login claims is not sent to its user
    skipped_records,                // a rebalance leaves some out of partitions that stay where they are
    snapshot_without_offset,        // a snapshot says to be of the offsets that are committed when it is read
    torn_snapshot_trusted,          // of a snapshot that lacks its end nobody finds out
};

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_{seed} {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    Duration between(Duration least, Duration most) {
        return least +
               Duration{static_cast<std::int64_t>(below(static_cast<std::uint64_t>((most - least).count()) + 1))};
    }
    template <class T>
    const T& of(const std::vector<T>& all) {
        return all[below(all.size())];
    }

private:
    std::mt19937_64 engine_;
};

/// One topic, and the coordinator of the group that reads it. Assignments are eager, everybody gives up what they have
/// before anybody gets something; or cooperative: everybody keeps what they have, as far as it is their share, and what
/// is to move is given to another one in the rebalance after that in which it was given up.
struct Kafka {
    static constexpr Duration session_timeout = std::chrono::seconds{10};
    static constexpr Duration eager_patience = std::chrono::seconds{15};  // with who does not join a rebalance
    static constexpr Duration cooperative_patience = std::chrono::minutes{5};

    struct Entry {
        std::optional<std::string> payload;
        Timestamp time;
        std::uint64_t sequence;  // over all partitions
    };
    struct Log {
        std::deque<Entry> records;  // stay where they are: views of them are given out
        std::optional<std::int64_t> committed;
        std::string metadata;
    };
    struct Member {
        Timestamp seen;
        bool joined = false;                // has asked for its part of the rebalance that is under way
        std::vector<std::int32_t> owned{};  // by its own word when it joined
        std::vector<std::int32_t> partitions{};
    };

    bool cooperative = false;
    std::vector<Log> logs;
    std::map<int, Member> members;
    std::int64_t generation = 0;
    int next_member = 1;
    bool rebalancing = false;
    Timestamp deadline;  // of the rebalance
    std::uint64_t sequence = 0;
    Timestamp away_until = Timestamp::min();
    std::string wrong;  // an invariant that did not hold

    void append(std::size_t partition, std::optional<std::string> payload, Timestamp now) {
        logs[partition].records.push_back({std::move(payload), now, sequence++});
    }

    int join(int member, Timestamp now, std::vector<std::int32_t> owned = {}) {
        if (members.find(member) == members.end()) {
            member = next_member++;
            members[member].seen = now;
        }
        begin_rebalance(now);
        members[member].joined = true;
        members[member].owned = std::move(owned);
        complete_rebalance(now);
        return member;
    }

    void leave(int member, Timestamp now) {
        if (members.erase(member) > 0 && !members.empty()) {
            begin_rebalance(now);
        }
    }

    /// Puts out who was silent for too long.
    void tick(Timestamp now) {
        std::vector<int> silent;
        for (const auto& [id, member] : members) {
            // One that has joined waits for the coordinator, not the other way round.
            if (now - member.seen > session_timeout) {
                silent.push_back(id);
            }
        }
        for (const int id : silent) {
            leave(id, now);
        }
        complete_rebalance(now);
    }

    bool commit(int member, std::int64_t of_generation, std::int32_t partition, std::int64_t offset,
                const std::string& metadata, bool may_go_back) {
        if (of_generation != generation || members.find(member) == members.end()) {
            return false;
        }
        Log& log = logs[static_cast<std::size_t>(partition)];
        if (log.committed && offset < *log.committed && !may_go_back) {
            wrong =
                fmt::format("the commit of partition {} goes back from {} to {}", partition, *log.committed, offset);
        }
        log.committed = offset;
        log.metadata = metadata;
        return true;
    }

private:
    void begin_rebalance(Timestamp now) {
        if (!rebalancing) {
            rebalancing = true;
            deadline = now + (cooperative ? cooperative_patience : eager_patience);
            for (auto& [id, member] : members) {
                member.joined = false;
            }
        }
    }

    void complete_rebalance(Timestamp now) {
        if (!rebalancing) {
            return;
        }
        for (auto member = members.begin(); member != members.end();) {
            if (!member->second.joined && now < deadline) {
                return;
            }
            member = member->second.joined ? std::next(member) : members.erase(member);
        }
        rebalancing = false;
        ++generation;
        if (cooperative) {
            share_out();
            return;
        }
        std::size_t n = 0;
        for (auto& [id, member] : members) {
            member.partitions.clear();
            for (std::size_t p = n; p < logs.size(); p += members.size()) {
                member.partitions.push_back(static_cast<std::int32_t>(p));
            }
            ++n;
        }
    }

    void share_out() {
        std::vector<bool> taken(logs.size());
        const auto least = members.empty() ? 0 : logs.size() / members.size();
        auto with_one_more = members.empty() ? 0 : logs.size() % members.size();
        for (auto& [id, member] : members) {
            member.partitions.clear();
            for (const auto number : member.owned) {
                const auto index = static_cast<std::size_t>(number);
                const bool room =
                    member.partitions.size() < least || (member.partitions.size() == least && with_one_more > 0);
                if (!taken[index] && room) {
                    with_one_more -= member.partitions.size() == least ? 1 : 0;
                    member.partitions.push_back(number);
                }
                taken[index] = true;  // it has to be given up before another one can have it
            }
        }
        for (std::size_t index = 0; index < logs.size() && !members.empty(); ++index) {
            if (!taken[index]) {
                const auto to = std::min_element(members.begin(), members.end(), [](const auto& a, const auto& b) {
                    return a.second.partitions.size() < b.second.partitions.size();
                });
                to->second.partitions.push_back(static_cast<std::int32_t>(index));
            }
        }
    }
};

/// One connection to Redis: what was sent on it and has not been carried out, and what was answered and not been read.
struct Connection {
    struct Write {
        std::string key;
        std::string value;
        Duration ttl{};
        std::uint64_t group = 0;
        bool erase = false;
    };
    struct Transaction {
        std::vector<Write> writes;
        std::vector<live_shopper::Fence> fences;
        std::uint64_t ticket = 0;  // of the batch that ends with it, else 0
    };
    struct Answer {
        std::size_t writes = 0;
        std::uint64_t ticket = 0;
        bool refused = false;
    };

    int run = 0;  // of Redis, to which it was made
    bool held_up = false;
    std::deque<Transaction> sent;
    std::deque<Answer> answers;
};

struct Redis {
    struct Value {
        std::string text;
        Timestamp expires_at;
    };

    std::map<std::string, Value> values;
    std::map<std::string, std::int64_t> fences;
    std::map<std::string, Value> saved_values;  // its last snapshot
    std::map<std::string, std::int64_t> saved_fences;
    std::vector<std::shared_ptr<Connection>> connections;
    int run = 1;
    Timestamp away_until = Timestamp::min();
    Timestamp slow_until = Timestamp::min();
    Breakage breakage = Breakage::none;
    std::uint64_t trace = 14695981039346656037U;
    std::uint64_t transactions = 0;
    std::uint64_t refused = 0;
    std::string wrong;
    bool lost = false;            // something, once
    std::set<std::string> whole;  // what was written as a whole since then

    [[nodiscard]] std::optional<std::string> value(const std::string& key, Timestamp now) const {
        const auto found = values.find(key);
        return found == values.end() || found->second.expires_at <= now ? std::nullopt
                                                                        : std::optional{found->second.text};
    }

    enum class Keeps : std::uint8_t { everything, what_it_saved, nothing };

    void restart(Keeps keeps) {
        ++run;
        connections.clear();
        if (keeps == Keeps::what_it_saved) {
            values = saved_values;
            fences = saved_fences;
            lost = true;
            whole.clear();
        } else if (keeps == Keeps::nothing) {
            forget();
        }
    }

    void forget() {
        values.clear();
        fences.clear();
        lost = true;
        whole.clear();
    }

    void save() {
        saved_values = values;
        saved_fences = fences;
    }

    void carry_out(Connection& connection, Timestamp now) {
        const Connection::Transaction transaction = std::move(connection.sent.front());
        connection.sent.pop_front();
        ++transactions;
        bool refused_now = false;
        for (const auto& fence : transaction.fences) {
            const auto held = fences.find(fence.name);
            refused_now = refused_now || held == fences.end() || held->second != fence.generation;
        }
        if (refused_now && breakage != Breakage::no_fence) {
            ++refused;
            connection.answers.push_back({0, 0, true});
            return;
        }
        std::map<std::string, int> touched;
        for (const auto& write : transaction.writes) {
            mix(write.key);
            mix(write.value);
            mix(std::to_string(now.time_since_epoch().count()));
            if (write.erase) {
                values.erase(write.key);
            } else {
                values[write.key] = {write.value, now + write.ttl};
            }
            if (const auto at = write.key.find(":cart_"); at != std::string::npos) {
                ++touched[write.key.substr(0, at) + write.key.substr(write.key.rfind('_'))];
            }
        }
        for (const auto& [of, written] : touched) {
            if (written == 4) {
                whole.insert(of);
            }
            check_cart(of, now);
        }
        connection.answers.push_back({transaction.writes.size(), transaction.ticket, false});
    }

private:
    // What a reader relies on: the values of one lane and window are of one moment. A Redis that has lost some has
    // older ones until the job has written all of them again.
    void check_cart(const std::string& of, Timestamp now) {
        if (lost && whole.find(of) == whole.end()) {
            return;
        }
        const auto user = of.substr(0, of.rfind('_'));
        const auto window = of.substr(of.rfind('_'));
        const auto adds = value(user + ":cart_add_count" + window, now);
        const auto removes = value(user + ":cart_remove_count" + window, now);
        const auto both = value(user + ":cart_update_frequency" + window, now);
        if (adds && removes && both && std::stoll(*adds) + std::stoll(*removes) != std::stoll(*both)) {
            wrong = fmt::format("a reader sees a part of what belongs together: {} window {}: {} + {} is not {}", user,
                                window.substr(1), *adds, *removes, *both);
        }
    }

    void mix(const std::string& text) {
        for (const char c : text) {
            trace = (trace ^ static_cast<unsigned char>(c)) * 1099511628211U;
        }
    }
};

struct Letter {
    std::int32_t partition;
    std::int64_t offset;
    auto operator<=>(const Letter&) const = default;
};

/// The disk of a machine, as far as snapshots are on it. It outlives the processes of the machine.
struct Disk {
    std::deque<std::vector<std::byte>> snapshots;  // the newest first
    Timestamp full_until = Timestamp::min();
};

struct World {
    World(std::uint64_t seed, std::size_t partitions, Breakage what) : random{seed}, breakage{what} {
        kafka.logs.resize(partitions);
        visitors.logs.resize(1 + seed / 4 % 3);
        shoppers.logs.resize(1 + seed / 12 % 3);
        redis.breakage = what;
    }

    [[nodiscard]] std::string name_of(const Kafka& topic) const {
        return &topic == &kafka ? "events" : &topic == &visitors ? "visitors" : "shoppers";
    }

    Random random;
    Breakage breakage;
    Timestamp now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{12}};
    Kafka kafka;  // the events
    Kafka visitors;
    Kafka shoppers;  // these two only in a fleet
    Redis redis;
    std::vector<Disk> disks;        // none: no process takes snapshots
    std::map<Letter, int> letters;  // how often each came
    bool calm = false;              // no more faults
    std::function<void(const std::string&)> story = [](const std::string&) {};

    template <class... Args>
    void tell(fmt::format_string<Args...> format, Args&&... args) {
        story(fmt::format(format, std::forward<Args>(args)...));
    }
};

}  // namespace simulation
