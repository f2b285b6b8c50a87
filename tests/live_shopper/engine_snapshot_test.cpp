// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <weir/snapshot.hpp>

#include "engine.hpp"
#include "visits.hpp"

using namespace live_shopper;
using namespace std::chrono_literals;
using visits::drain;
using visits::Visits;
using visits::Writes;

namespace {

using Bytes = std::vector<std::byte>;

// Something that happens to an engine.
struct Operation {
    enum class Kind { accept, take, give_up, drain, drop } kind;
    ShopEvent event;
    weir::Timestamp now;
    std::uint64_t number;  // random
};

struct Result {
    int outcome = 0;
    Writes writes;
    bool operator==(const Result&) const = default;
};

Result apply(Engine& engine, const Operation& operation) {
    using Kind = Operation::Kind;
    Result result;
    const std::uint64_t origin = operation.number % 5;
    switch (operation.kind) {
        case Kind::accept:
            result.outcome = static_cast<int>(engine.accept(operation.event, operation.now));
            break;
        case Kind::take: {
            StageRecord part;
            part.kind = operation.number % 2 == 0 ? StageRecord::Kind::for_user : StageRecord::Kind::for_session;
            part.event = operation.event;
            part.user = operation.event.domain_userid;
            part.origin = origin;
            part.stamp = operation.number;
            result.outcome = static_cast<int>(engine.take(part));
            break;
        }
        case Kind::give_up:
            engine.give_up(operation.event.domain_userid, origin, operation.event.time);
            break;
        case Kind::drain:
            engine.advance_to(operation.now);
            result.writes = drain(engine);
            break;
        case Kind::drop:
            engine.drop_idle(30min, 1'000'000, [&](const Write& w) {
                result.writes.emplace(std::string{w.key}, std::string{w.value}, weir::Timestamp{}, w.erase);
            });
            break;
    }
    return result;
}

std::vector<Operation> operations(Visits& visits, std::mt19937_64& random, std::size_t count, bool drops) {
    using Kind = Operation::Kind;
    std::vector<Operation> all;
    for (std::size_t i = 0; i != count; ++i) {
        const std::uint64_t kind = random() % 200;
        Operation next{Kind::accept, visits.next(), visits.now(), random()};
        if (kind < 10 && !all.empty()) {
            next.event = all[random() % all.size()].event;  // again
        } else if (kind < 20) {
            next.kind = Kind::drain;
        } else if (kind < 40) {
            next.kind = Kind::take;
        } else if (kind < 42) {
            next.kind = Kind::give_up;
        } else if (kind == 42 && drops) {
            next.kind = Kind::drop;
        }
        all.push_back(std::move(next));
    }
    return all;
}

Settings some_settings(bool bots) {
    Settings settings;
    settings.checkout_windows = {1h};
    settings.bot_limit = bots ? 2 : 0;
    return settings;
}

}  // namespace

TEST_CASE("an engine that was restored changes what one does that went on", "[engine][snapshot]") {
    std::random_device device;
    const std::uint64_t seed = std::uint64_t{device()} << 32 | device();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round != 12; ++round) {
        const std::size_t shards = round % 3 == 2 ? 3 : 1;
        const Settings settings = some_settings(round % 2 == 0);
        CAPTURE(round, shards);
        Visits visits{static_cast<unsigned>(random())};
        const auto all = operations(visits, random, 2'500, round % 4 >= 2);
        const std::size_t begin = random() % all.size();

        Engine control{settings, shards};
        Engine saved{settings, shards};
        Bytes bytes;
        std::optional<weir::SnapshotInSteps<Engine>> steps;
        std::vector<Result> results;
        std::size_t calls = 0;
        for (std::size_t i = 0; i != all.size(); ++i) {
            if (i == begin) {
                steps.emplace(saved);
            }
            if (steps && random() % 3 == 0) {
                ++calls;
                const bool more = steps->write(1 + random() % 5, [&](std::span<const std::byte> piece) {
                    bytes.insert(bytes.end(), piece.begin(), piece.end());
                });
                if (!more) {
                    steps.reset();
                }
            }
            results.push_back(apply(control, all[i]));
            const bool alike = apply(saved, all[i]) == results.back();
            REQUIRE(alike);
        }
        while (steps && steps->write(7, [&](std::span<const std::byte> piece) {
            bytes.insert(bytes.end(), piece.begin(), piece.end());
        })) {
            ++calls;
        }
        REQUIRE((calls > 5 || begin < 50));

        Engine restored{settings, shards};
        weir::restore(restored, bytes);
        std::size_t writes = 0;
        for (std::size_t i = begin; i != all.size(); ++i) {
            CAPTURE(begin, i);
            const bool alike = apply(restored, all[i]) == results[i];
            REQUIRE(alike);
            writes += results[i].writes.size();
        }
        REQUIRE((writes > 100 || all.size() - begin < 300));
        REQUIRE(restored.keys() == control.keys());
        REQUIRE(restored.now() == control.now());
    }
}

TEST_CASE("a snapshot of an engine with other settings is refused", "[engine][snapshot]") {
    const Bytes bytes = weir::take_snapshot(Engine{Settings{}});
    Settings other;
    SECTION("windows") { other.cart_windows = {5min, 2h}; }
    SECTION("linger") { other.linger = 20min; }
    SECTION("stitching") { other.stitch = false; }
    SECTION("a lane more") { other.checkout_windows = {1h}; }
    SECTION("robots") { other.bot_limit = 7; }
    Engine engine{other};
    CHECK_THROWS_AS(weir::restore(engine, bytes), weir::SnapshotError);
    Engine shards{Settings{}, 2};
    CHECK_THROWS_AS(weir::restore(shards, bytes), weir::SnapshotError);
}

TEST_CASE("a damaged snapshot of an engine is refused and changes nothing", "[engine][snapshot]") {
    std::mt19937_64 random{7};
    Visits visits{7};
    Engine engine{some_settings(true)};
    for (const Operation& operation : operations(visits, random, 300, true)) {
        static_cast<void>(apply(engine, operation));
    }
    const Bytes bytes = weir::take_snapshot(engine);
    Engine target{some_settings(true)};
    for (int i = 0; i != 300; ++i) {
        Bytes damaged = bytes;
        if (i % 3 == 0) {
            damaged.resize(random() % damaged.size());
        } else {
            damaged[random() % damaged.size()] ^= std::byte{1} << static_cast<int>(random() % 8);
        }
        REQUIRE_THROWS_AS(weir::restore(target, damaged), weir::SnapshotError);
        REQUIRE(target.keys() == 0);
    }
    weir::restore(target, bytes);
    CHECK(target.keys() == engine.keys());
}

TEST_CASE("the store is right after a snapshot, whatever was written since", "[engine][snapshot]") {
    std::random_device device;
    const std::uint64_t seed = std::uint64_t{device()} << 32 | device();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round != 8; ++round) {
        using Store = std::map<std::string, std::pair<std::string, weir::Timestamp>>;
        const auto write = [](Engine& engine, Store& store, weir::Timestamp now) {
            engine.advance_to(now);
            engine.drain([&](const Write& w) {
                if (w.erase) {
                    store.erase(std::string{w.key});
                } else {
                    store[std::string{w.key}] = {std::string{w.value}, w.expires_at};
                }
            });
            std::erase_if(store, [&](const auto& entry) { return entry.second.second <= now; });
        };
        Visits visits{static_cast<unsigned>(random())};
        std::vector<std::pair<ShopEvent, weir::Timestamp>> events;
        std::set<weir::Timestamp> times;
        for (int i = 0; i != 1'500; ++i) {
            const ShopEvent event = visits.next();
            if (times.insert(event.time).second) {  // which of equal ones came first depends on the order
                events.emplace_back(event, visits.now());
            }
        }
        const std::size_t begin = events.size() - 1 - random() % 300;
        const std::size_t killed = begin + random() % (events.size() - begin);

        Engine first{Settings{}};
        Store store;
        Bytes bytes;
        for (std::size_t i = 0; i <= killed; ++i) {
            if (i == begin) {
                bytes = weir::take_snapshot(first);
            }
            first.accept(events[i].first, events[i].second);
            if (random() % 3 == 0) {
                write(first, store, events[i].second);
            }
        }
        // What came since is read again, from two partitions in another order.
        Engine second{Settings{}};
        weir::restore(second, bytes);
        second.restored();  // or it writes nothing of what it takes for known
        second.rebuilding(true);
        std::stable_partition(events.begin() + static_cast<std::ptrdiff_t>(begin), events.end(),
                              [&](const auto&) { return random() % 2 == 0; });
        for (std::size_t i = begin; i != events.size(); ++i) {
            second.accept(events[i].first, events[i].second);
        }
        second.rebuilding(false);
        write(second, store, visits.now());

        Engine whole{Settings{}};
        Store wanted;
        for (const auto& [event, now] : events) {
            whole.accept(event, now);
        }
        write(whole, wanted, visits.now());
        const auto user_values = [](const Store& of) {
            std::map<std::string, std::string> values;
            for (const auto& [key, value] : of) {
                if (key.starts_with("user:")) {
                    values.emplace(key, value.first);
                }
            }
            return values;
        };
        REQUIRE(user_values(store) == user_values(wanted));
    }
}
