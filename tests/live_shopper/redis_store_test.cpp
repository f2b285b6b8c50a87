// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "redis_store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "redis_server.hpp"

using namespace std::chrono_literals;
using live_shopper::Fence;
using live_shopper::Metrics;
using live_shopper::RedisConfig;
using live_shopper::RedisStore;
using live_shopper::WriteBatch;

namespace {

RedisConfig config_of(const RedisServer& server) {
    live_shopper::log::set_level(live_shopper::log::Level::off);
    RedisConfig config;
    config.host = "127.0.0.1";
    config.port = server.port();
    return config;
}

WriteBatch one(const std::string& key, const std::string& value, weir::Duration ttl = 60s) {
    WriteBatch batch;
    batch.set(key, value, ttl);
    return batch;
}

// Follows acknowledgements.
struct Acknowledged {
    explicit Acknowledged(RedisStore& s) : store{s} {}
    bool through(std::uint64_t ticket, std::chrono::milliseconds patience = 10s) {
        return eventually(
            [&] {
                while (const auto news = store.next_acknowledgement()) {
                    CHECK(news->ticket > latest);
                    latest = news->ticket;
                }
                return latest >= ticket;
            },
            patience);
    }
    RedisStore& store;
    std::uint64_t latest = 0;
};

// An owner has taken the fence over from a process of the past, which does not know it yet.
struct Takeover {
    Takeover() {
        past.own({{"fence", 1, 0}});
        past.submit(one("k", "past"), 1);
        REQUIRE(past_done.through(1));
        owner.own({{"fence", 2, 0}});
        owner.submit(one("k", "owner"), 1);
        REQUIRE(owner_done.through(1));
    }
    RedisServer server;
    Metrics metrics;
    RedisStore past{config_of(server), metrics};
    RedisStore owner{config_of(server), metrics};
    Acknowledged past_done{past};
    Acknowledged owner_done{owner};
};

// Of a fence: what it holds is that and its owner.
std::string generation(RedisServer& server, const std::string& fence) {
    const auto held = server.get(fence).value_or("none");
    return held.substr(0, held.find(' '));
}

}  // namespace

TEST_CASE("values are set with their time to live and erased", "[redis_store]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    REQUIRE(eventually([&] { return store.available(); }));
    const std::string binary{"a\0\r\n\xff b", 7};
    WriteBatch batch;
    batch.set("k", "42.99", 90s);
    batch.set(binary, binary, 1h);
    batch.set("gone", "x", 1h);
    batch.set("empty", "", 1h);
    batch.erase("gone");
    batch.set("late", "x", 0ms);
    store.submit(std::move(batch), 1);
    REQUIRE(acknowledged.through(1));
    CHECK(server.get("k") == "42.99");
    const auto ttl = std::stoll(server.command({"PTTL", "k"}).value());
    CHECK(ttl <= 90'000);
    CHECK(ttl > 85'000);
    CHECK(server.get(binary) == binary);
    CHECK(server.get("empty") == "");
    CHECK_FALSE(server.get("gone"));
    CHECK_FALSE(server.get("late"));
    CHECK(store.pending() == 0);
    CHECK(metrics.redis_sets.value() == 4);
    CHECK(metrics.redis_deletes.value() == 2);
}

TEST_CASE("a long pipeline keeps its order", "[redis_store]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    std::uint64_t ticket = 0;
    for (int round = 0; round < 50; ++round) {
        WriteBatch batch;
        for (int key = 0; key < 2000; ++key) {
            batch.set("k" + std::to_string(key), std::to_string(round) + std::string(50, 'x'), 1h);
        }
        store.submit(std::move(batch), ++ticket);
    }
    REQUIRE(acknowledged.through(ticket));
    CHECK(server.command({"DBSIZE"}) == "2000");
    CHECK(server.get("k0") == "49" + std::string(50, 'x'));
    CHECK(server.get("k1999") == "49" + std::string(50, 'x'));
}

TEST_CASE("a Redis that is not there yet is waited for", "[redis_store]") {
    RedisServer server;
    server.kill();
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.submit(one("k", "v"), 1);
    CHECK_FALSE(acknowledged.through(1, 500ms));
    CHECK_FALSE(store.available());
    CHECK(store.pending() == 1);
    CHECK(metrics.redis_errors.value() > 1);
    server.start();
    REQUIRE(acknowledged.through(1));
    CHECK(store.available());
    CHECK(server.get("k") == "v");
    CHECK_FALSE(store.take_reset());  // it never had anything
}

TEST_CASE("while Redis is away the newest value of each key waits", "[redis_store]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.submit(one("k", "0"), 1);
    REQUIRE(acknowledged.through(1));
    server.kill();
    for (std::uint64_t i = 2; i < 1000; ++i) {
        WriteBatch batch;
        batch.set("k", std::to_string(i), 1h);
        batch.set("brief", "x", 300ms);
        if (i % 2 == 0) {
            batch.set("flips", "x", 1h);
        } else {
            batch.erase("flips");
        }
        store.submit(std::move(batch), i);
    }
    CHECK(eventually([&] { return store.pending() == 3; }));
    CHECK_FALSE(acknowledged.through(2, 400ms));
    const auto sets = metrics.redis_sets.value();
    server.start();
    server.command({"SET", "brief", "older"});
    REQUIRE(acknowledged.through(999));
    CHECK(metrics.redis_sets.value() == sets + 1);
    CHECK(server.get("k") == "999");
    CHECK_FALSE(server.get("flips"));
    CHECK_FALSE(server.get("brief"));  // its time ran out while it waited
    CHECK(store.pending() == 0);
    CHECK(store.take_reset());  // another run of Redis
    CHECK_FALSE(store.take_reset());
}

TEST_CASE("nothing is lost when Redis is killed in mid-stream", "[redis_store]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    REQUIRE(eventually([&] { return store.available(); }));
    std::uint64_t ticket = 0;
    std::uint64_t before = 0;
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 40; ++i) {
            WriteBatch batch;
            for (int key = 0; key < 500; ++key) {
                batch.set("k" + std::to_string(key), std::to_string(ticket), 1h);
            }
            batch.set("t" + std::to_string(ticket), "x", 1h);
            store.submit(std::move(batch), ++ticket);
            if (i == 20) {
                server.kill();
                // What it had acknowledged may still be on its way.
                REQUIRE(eventually([&] { return acknowledged.through(ticket, 1ms) || !store.available(); }));
                acknowledged.through(ticket, 1ms);
                before = acknowledged.latest;
            }
        }
        server.start();
        REQUIRE(acknowledged.through(ticket));
        // Redis starts empty here: what it had acknowledged before is gone, all else has to be there.
        for (std::uint64_t t = before; t < ticket; ++t) {
            CHECK(server.get("t" + std::to_string(t)) == "x");
        }
        for (int key = 0; key < 500; ++key) {
            REQUIRE(server.get("k" + std::to_string(key)) == std::to_string(ticket - 1));
        }
        CHECK(store.take_reset());
    }
}

TEST_CASE("a Redis that stops answering is given up and old commands do not come after new ones", "[redis_store]") {
    RedisServer server;
    Metrics metrics;
    auto config = config_of(server);
    config.reply_timeout = 300ms;
    config.connect_timeout = 200ms;
    RedisStore store{config, metrics};
    Acknowledged acknowledged{store};
    store.submit(one("k", "0"), 1);
    REQUIRE(acknowledged.through(1));
    server.freeze();
    for (std::uint64_t i = 2; i < 50; ++i) {
        store.submit(one("k", std::to_string(i)), i);
    }
    CHECK_FALSE(acknowledged.through(2, 1s));
    CHECK_FALSE(store.available());
    server.thaw();
    REQUIRE(acknowledged.through(49));
    std::this_thread::sleep_for(200ms);
    CHECK(server.get("k") == "49");
    CHECK_FALSE(store.take_reset());
}

TEST_CASE("error replies are no acknowledgements", "[redis_store]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.submit(one("k", "0"), 1);
    REQUIRE(acknowledged.through(1));
    SECTION("a Redis without memory") {
        server.command({"CONFIG", "SET", "maxmemory", "1"});
        store.submit(one("k", "1"), 2);
        CHECK_FALSE(acknowledged.through(2, 500ms));
        CHECK_FALSE(store.available());
        CHECK(server.get("k") == "0");
        server.command({"CONFIG", "SET", "maxmemory", "0"});
    }
    SECTION("a replica") {
        server.command({"CONFIG", "SET", "replica-serve-stale-data", "yes"});
        server.command({"REPLICAOF", "127.0.0.1", "1"});
        store.submit(one("k", "1"), 2);
        CHECK_FALSE(acknowledged.through(2, 500ms));
        server.command({"REPLICAOF", "NO", "ONE"});
    }
    REQUIRE(acknowledged.through(2));
    CHECK(server.get("k") == "1");
    CHECK(store.available());
}

TEST_CASE("Redis is reached with password, user, database and socket", "[redis_store]") {
    RedisServer server{{"--requirepass", "se cret", "--user", "shop", "on", ">pass", "~*", "+@all"}};
    server.password = "se cret";
    Metrics metrics;
    auto config = config_of(server);
    int database = 0;
    SECTION("a wrong password is waited out") {
        config.password = "wrong";
        RedisStore store{config, metrics};
        Acknowledged acknowledged{store};
        store.submit(one("k", "v"), 1);
        CHECK_FALSE(acknowledged.through(1, 300ms));
        server.command({"CONFIG", "SET", "requirepass", "wrong"});
        server.password = "wrong";
        CHECK(acknowledged.through(1));
        return;
    }
    SECTION("the default user's password") { config.password = "se cret"; }
    SECTION("an ACL user") {
        config.user = "shop";
        config.password = "pass";
    }
    SECTION("an ACL user who may do nothing but write") {
        server.command({"ACL", "SETUSER", "shop", "-@all", "+set", "+del", "+auth", "+ping"});
        config.user = "shop";
        config.password = "pass";
    }
    SECTION("a database") {
        config.password = "se cret";
        config.database = database = 3;
    }
    SECTION("the socket") {
        config.password = "se cret";
        config.unix_socket = server.socket();
        config.port = 1;
    }
    RedisStore store{config, metrics};
    Acknowledged acknowledged{store};
    store.submit(one("k", "v"), 1);
    REQUIRE(acknowledged.through(1));
    server.command({"SWAPDB", "0", std::to_string(database)});
    CHECK(server.get("k") == "v");
}

TEST_CASE("a write of an older generation is refused and dropped", "[redis_store][fence]") {
    RedisServer server;
    Metrics metrics;
    RedisStore old_owner{config_of(server), metrics};
    RedisStore new_owner{config_of(server), metrics};
    Acknowledged old_done{old_owner};
    Acknowledged new_done{new_owner};
    old_owner.own({{"fence:0", 5, 0}, {"fence:1", 5, 0}});
    old_owner.submit(one("k", "old"), 1);
    REQUIRE(old_done.through(1));
    CHECK(generation(server, "fence:0") == "5");
    new_owner.own({{"fence:1", 7, 0}});
    new_owner.submit(one("k", "new"), 1);
    REQUIRE(new_done.through(1));

    // The old owner's connection is open and has no idea.
    old_owner.submit(one("k", "stale"), 2);
    WriteBatch erasing;
    erasing.erase("k");
    old_owner.submit(std::move(erasing), 3);
    std::optional<std::vector<Fence>> refusal;
    REQUIRE(eventually([&] { return (refusal = old_owner.take_refusal()).has_value(); }));
    CHECK(*refusal == std::vector<Fence>{{"fence:1", 7, 0}});
    CHECK_FALSE(old_owner.take_refusal());
    old_owner.submit(one("k", "still stale"), 4);
    CHECK(eventually([&] { return old_owner.pending() == 0; }));
    CHECK(server.get("k") == "new");
    CHECK(generation(server, "fence:0") == "5");
    CHECK_FALSE(old_done.through(2, 100ms));

    // As the owner of something newer it writes again.
    old_owner.own({{"fence:0", 9, 0}});
    old_owner.submit(one("mine", "v"), 5);
    REQUIRE(old_done.through(5));
    CHECK(server.get("mine") == "v");
    CHECK(generation(server, "fence:0") == "9");
}

TEST_CASE("a generation of a group that is no more gives way once", "[redis_store][fence]") {
    RedisServer server;
    server.command({"SET", "fence", "40"});
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.own({{"fence", 2, 0}});
    store.submit(one("k", "v"), 1);
    REQUIRE(eventually([&] { return store.take_refusal() == std::vector<Fence>{{"fence", 40, 0}}; }));
    store.own({{"fence", 3, 40}});
    store.submit(one("k", "v"), 2);
    REQUIRE(acknowledged.through(2));
    CHECK(generation(server, "fence") == "3");
    RedisStore other{config_of(server), metrics};
    Acknowledged other_done{other};
    other.own({{"fence", 40, 0}});  // this time it is somebody's
    other.submit(one("other", "v"), 1);
    REQUIRE(other_done.through(1));
    store.submit(one("k", "w"), 3);
    CHECK(eventually([&] { return store.take_refusal() == std::vector<Fence>{{"fence", 40, 0}}; }));
    CHECK(server.get("k") == "v");
}

TEST_CASE("an owner that lost a fence writes nothing more, however much it sends at once", "[redis_store][fence]") {
    RedisServer server;
    Metrics metrics;
    RedisStore past{config_of(server), metrics};
    RedisStore owner{config_of(server), metrics};
    Acknowledged past_done{past};
    Acknowledged owner_done{owner};
    past.own({{"fence:0", 1, 0}, {"fence:1", 1, 0}});
    std::uint64_t ticket = 0;
    // The other takes over while this one's pipeline is full.
    for (int round = 0; round < 40; ++round) {
        WriteBatch batch;
        for (int key = 0; key < 2000; ++key) {
            batch.set("k" + std::to_string(key), "past", 1h, static_cast<std::uint64_t>(key) / 7 + 1);
        }
        past.submit(std::move(batch), ++ticket);
        if (round == 20) {
            REQUIRE(eventually([&] { return server.get("k1999").has_value(); }));
            owner.own({{"fence:1", 2, 0}});
            WriteBatch all;
            for (int key = 0; key < 2000; ++key) {
                all.set("k" + std::to_string(key), "owner", 1h);
            }
            owner.submit(std::move(all), 1);
            REQUIRE(owner_done.through(1));
        }
    }
    REQUIRE(eventually([&] { return past.take_refusal().has_value(); }));
    for (int key = 0; key < 2000; ++key) {
        REQUIRE(server.get("k" + std::to_string(key)) == "owner");
    }
}

TEST_CASE_METHOD(Takeover, "a full Redis lets nobody write, and nobody of the past once it is full no more",
                 "[redis_store][fence]") {
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    WriteBatch erasing;
    erasing.erase("k");
    past.submit(std::move(erasing), 2);
    CHECK_FALSE(past_done.through(2, 300ms));
    CHECK(server.get("k") == "owner");
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    CHECK(eventually([&] { return past.take_refusal().has_value(); }));
    CHECK(server.get("k") == "owner");
    owner.submit(one("k", "more"), 2);
    REQUIRE(owner_done.through(2));
    CHECK(server.get("k") == "more");
}

TEST_CASE("what was submitted under an earlier ownership is not written under a later one", "[redis_store][fence]") {
    RedisServer server;
    server.kill();
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.own({{"fence", 1, 0}});
    store.submit(one("k", "old"), 1);
    store.own({{"fence", 2, 0}});
    CHECK(store.pending() == 0);
    store.submit(one("other", "new"), 2);
    server.start();
    REQUIRE(acknowledged.through(2));
    CHECK_FALSE(server.get("k"));
    CHECK(server.get("other") == "new");
}

TEST_CASE("a Redis that was emptied without a restart is noticed", "[redis_store][fence]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.own({{"fence", 1, 0}});
    store.submit(one("k", "v"), 1);
    REQUIRE(acknowledged.through(1));
    server.command({"FLUSHALL"});
    store.submit(one("other", "v"), 2);
    REQUIRE(acknowledged.through(2));
    CHECK(store.take_reset());
    CHECK(server.get("other") == "v");
    CHECK(generation(server, "fence") == "1");
}

TEST_CASE("a Redis that was emptied is noticed while nothing is written", "[redis_store][fence]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.own({{"fence", 1, 0}});
    store.submit(one("k", "v"), 1);
    REQUIRE(acknowledged.through(1));
    std::this_thread::sleep_for(2500ms);
    CHECK_FALSE(store.take_reset());
    CHECK(metrics.redis_errors.value() == 0);
    server.command({"FLUSHALL"});
    CHECK(eventually([&] { return store.take_reset(); }));
    CHECK(generation(server, "fence") == "1");
}

TEST_CASE_METHOD(Takeover, "a process of the past is told so while it writes nothing", "[redis_store][fence]") {
    CHECK(eventually([&] { return past.take_refusal().has_value(); }));
}

TEST_CASE_METHOD(Takeover,
                 "a process of the past that comes first to an emptied Redis does not hide that it was emptied",
                 "[redis_store][fence]") {
    server.command({"FLUSHALL"});
    past.submit(one("k", "past"), 2);
    REQUIRE(past_done.through(2));  // nothing in Redis could tell that it is over
    owner.submit(one("other", "v"), 2);
    REQUIRE(owner_done.through(2));
    CHECK(owner.take_reset());
    CHECK(generation(server, "fence") == "2");
    past.submit(one("k", "past"), 3);
    CHECK(eventually([&] { return past.take_refusal().has_value(); }));
}

TEST_CASE("guarded writes survive a Redis that is killed in mid-stream", "[redis_store][fence]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.own({{"fence", 1, 0}});
    std::uint64_t ticket = 0;
    for (int round = 0; round < 60; ++round) {
        WriteBatch batch;
        for (int key = 0; key < 1000; ++key) {
            batch.set("k" + std::to_string(key), std::to_string(round), 1h, static_cast<std::uint64_t>(key) / 7 + 1);
        }
        store.submit(std::move(batch), ++ticket);
        if (round % 20 == 10) {
            std::this_thread::sleep_for(5ms);
            server.kill();
            server.start();
        }
    }
    REQUIRE(acknowledged.through(ticket, 30s));
    // Of what the last Redis did not see, the job hands everything over again; what it did see is the newest.
    store.submit(one("end", "v"), ++ticket);
    REQUIRE(acknowledged.through(ticket));
    CHECK(server.get("k0") == "59");
    CHECK(server.get("k999") == "59");
    CHECK(store.pending() == 0);
    CHECK(store.take_reset());
}

TEST_CASE("a reader never sees a part of a group", "[redis_store][fence]") {
    RedisServer server;
    Metrics metrics;
    RedisStore store{config_of(server), metrics};
    Acknowledged acknowledged{store};
    store.own({{"fence", 1, 0}});
    constexpr int groups = 60;  // of 5, so that portions would part them
    std::atomic<bool> done{false};
    std::thread writer{[&] {
        std::uint64_t ticket = 0;
        for (int round = 0; round < 200; ++round) {
            WriteBatch batch;
            for (int group = 0; group < groups; ++group) {
                for (int part = 0; part < 5; ++part) {
                    batch.set("g" + std::to_string(group) + ":" + std::to_string(part), std::to_string(round), 1h,
                              static_cast<std::uint64_t>(group) + 1);
                }
            }
            store.submit(std::move(batch), ++ticket);
            while (store.pending() > 1000) {
                std::this_thread::sleep_for(1ms);
            }
        }
        done = true;
    }};
    const std::string same = R"(local first = redis.call('GET', KEYS[1])
        for i = 2, #KEYS do if redis.call('GET', KEYS[i]) ~= first then return 'torn' end end
        return 'whole')";
    int torn = 0;
    for (int i = 0; !done; ++i) {
        const auto group = "g" + std::to_string(i % groups);
        torn += server.command(
                    {"EVAL", same, "5", group + ":0", group + ":1", group + ":2", group + ":3", group + ":4"}) == "torn"
                    ? 1
                    : 0;
    }
    writer.join();
    CHECK(torn == 0);
    REQUIRE(acknowledged.through(200));
    CHECK(server.get("g59:4") == "199");
}
