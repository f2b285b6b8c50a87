// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "job.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "fakes.hpp"
#include "log.hpp"

using namespace std::chrono_literals;
using namespace shop_events;
using fakes::World;
using live_shopper::Job;
using live_shopper::JobOptions;

namespace {

// A job on a world, with parts that die with it.
struct Run {
    explicit Run(World& w, const JobOptions& options = {}, std::size_t batch = 100)
        : world{w}, source{w, batch}, store{w}, letters{w} {
        live_shopper::log::set_level(live_shopper::log::Level::error);
        job = std::make_unique<Job>(options, source, store, letters, metrics, [&w] { return w.now; });
    }

    void steps(int count, weir::Duration each = 10ms) {
        for (int i = 0; i < count; ++i) {
            job->step(0ms);
            world.now += each;
        }
    }

    World& world;
    live_shopper::Metrics metrics;
    fakes::Source source;
    fakes::Store store;
    fakes::DeadLetters letters;
    std::unique_ptr<Job> job;
};

std::string view(const std::string& id, weir::Timestamp time, const std::string& user = "u") {
    return Event{.id = id, .time = time, .user = user, .product = id}.json();
}

// Where the stores of two worlds differ, one line a key. A value that lapses within two minutes may be gone in one of
// them already: its time to live counts from the event time at which it was written.
std::vector<std::string> differences(const World& a, const World& b) {
    const auto shown = [](const World& world, const std::string& key) { return world.value(key).value_or("nothing"); };
    std::map<std::string, weir::Timestamp> keys;
    for (const World* world : {&a, &b}) {
        for (const auto& [key, value] : world->values) {
            auto& last = keys.try_emplace(key, value.expires_at).first->second;
            last = std::max(last, value.expires_at);
        }
    }
    std::vector<std::string> out;
    for (const auto& [key, expires_at] : keys) {
        const bool one_gone = !a.value(key) || !b.value(key);
        if (a.value(key) != b.value(key) && !(one_gone && expires_at < a.now + 2min)) {
            out.push_back(key + ": " + shown(a, key) + " / " + shown(b, key));
        }
    }
    return out;
}

const std::string count_5m = "user:u:product_view_count_5m";

}  // namespace

TEST_CASE("an event reaches the store and its offset is committed", "[job]") {
    World world;
    Run run{world};
    run.steps(25);
    REQUIRE(run.job->caught_up());
    world.produce(view("a", world.now));
    run.steps(150);
    CHECK(world.value(count_5m) == "1");
    CHECK(world.logs[0].committed == 1);
    CHECK(run.metrics.outcomes[0].value() == 1);
    CHECK(run.metrics.event_to_redis.snapshot().sum < 0.1);
}

TEST_CASE("a long flush is handed over in parts and committed as a whole", "[job]") {
    World world;
    for (int i = 0; i != 100; ++i) {
        world.produce(view("e" + std::to_string(i), world.now, "u" + std::to_string(i)));
    }
    const auto written = [&] {
        int users = 0;
        for (int i = 0; i != 100; ++i) {
            users += world.value("user:u" + std::to_string(i) + ":product_view_count_5m") ? 1 : 0;
        }
        return users;
    };
    JobOptions options;
    options.flush_keys = 10;
    Run run{world, options};
    while (written() == 0) {
        run.steps(1);
    }
    REQUIRE(run.job->caught_up());
    for (int before = 0; written() != 100;) {
        CHECK_FALSE(world.logs[0].committed);
        if (before == 0) {
            world.produce(view("more", world.now, "u0"));  // of one who has been handed over
        }
        before = written();
        run.steps(1, 2s);  // commits are due
        REQUIRE(written() >= before);
        REQUIRE(written() <= before + 10);
        REQUIRE(run.metrics.commits.value() == 0);
    }
    run.steps(200);
    CHECK(world.logs[0].committed == 101);
    CHECK(world.value("user:u0:product_view_count_5m") == "2");
}

TEST_CASE("what waits to be handed over is when a job stops", "[job]") {
    World world;
    for (int i = 0; i != 100; ++i) {
        world.produce(view("e" + std::to_string(i), world.now, "u" + std::to_string(i)));
    }
    JobOptions options;
    options.flush_keys = 10;
    Run run{world, options};
    while (world.values.empty()) {
        run.steps(1);
    }
    CHECK_FALSE(world.value("user:u99:product_view_count_5m"));
    SECTION("by itself") { run.job->stop(); }
    SECTION("for others") { run.source.revoke(); }
    run.steps(2);
    CHECK(world.value("user:u99:product_view_count_5m") == "1");
    CHECK(world.logs[0].committed == 100);
}

TEST_CASE("the first event in a while is written at once", "[job]") {
    World world;
    Run run{world};
    run.steps(50);
    world.produce(view("a", world.now));
    run.steps(1);
    CHECK(world.value(count_5m) == "1");
}

TEST_CASE("values decay by the clock where nothing comes in", "[job]") {
    World world;
    Run run{world};
    world.produce(view("a", world.now));
    run.steps(40);
    REQUIRE(world.value(count_5m) == "1");
    run.steps(30, 9s);
    CHECK(world.value(count_5m) == "1");
    run.steps(10, 9s);
    CHECK(world.value(count_5m) == "0");
    CHECK(world.value("user:u:product_view_count_1h") == "1");
    run.steps(100, 20min);
    CHECK(world.live().empty());
}

TEST_CASE("events of long ago hold their values for as long as fresh ones do", "[job]") {
    World world;
    Run run{world};
    world.produce(view("a", world.now - 24h * 300));
    run.steps(40);
    CHECK(world.value(count_5m) == "1");
    run.steps(40, 9s);
    CHECK(world.value(count_5m) == "0");
}

TEST_CASE("nothing is committed before the store has acknowledged it", "[job]") {
    World world;
    Run run{world};
    run.steps(25);
    run.store.automatic = false;
    world.produce(view("a", world.now));
    run.steps(300);
    CHECK(run.store.pending() > 0);
    CHECK_FALSE(world.logs[0].committed.has_value());
    run.store.apply(run.store.pending() - 1);
    run.steps(150);
    CHECK_FALSE(world.logs[0].committed.has_value());
    run.store.apply(1);
    run.steps(150);
    CHECK(world.logs[0].committed == 1);
}

TEST_CASE("nothing is committed before a dead letter is delivered", "[job]") {
    World world;
    Run run{world};
    run.letters.delivering = false;
    world.produce("{\"id\":");
    world.produce(std::nullopt);
    run.steps(300);
    CHECK_FALSE(world.logs[0].committed.has_value());
    run.letters.delivering = true;
    run.steps(150);
    CHECK(world.logs[0].committed == 2);
    REQUIRE(world.letters.size() == 2);
    CHECK(world.letters[0] == World::Letter{"not_json", 0, 0});
    CHECK(world.letters[1] == World::Letter{"empty", 0, 1});
    CHECK(run.metrics.undecodable[static_cast<std::size_t>(live_shopper::DecodeError::empty)].value() == 1);
}

TEST_CASE("a dead letter is not sent again by a restart that reads it back", "[job]") {
    World world;
    {
        Run run{world};
        world.produce(view("a", world.now));
        world.produce("garbage");
        run.steps(150);
        REQUIRE(world.logs[0].committed == 2);
    }
    Run run{world};
    world.produce("more garbage");
    run.steps(150);
    CHECK(run.source.lowest_read == 0);
    CHECK(run.metrics.read_back.value() == 2);
    REQUIRE(world.letters.size() == 2);
    CHECK(world.letters[1].offset == 2);
}

TEST_CASE("a restart writes nothing until it has caught up, and then every live value", "[job]") {
    World world;
    for (int i = 0; i < 500; ++i) {
        world.produce(view("p" + std::to_string(i), world.now));
        world.now += 100ms;
    }
    {
        Run run{world};
        run.steps(200);
        REQUIRE(world.value(count_5m) == "500");
        REQUIRE(world.logs[0].committed == 500);
    }
    world.values.clear();  // what the store lost meanwhile is repaired
    Run run{world, {}, 10};
    run.steps(40);
    CHECK_FALSE(run.job->caught_up());
    CHECK(run.store.applied == 0);
    run.steps(100);
    CHECK(run.job->caught_up());
    CHECK(world.value(count_5m) == "500");
    CHECK(world.value("user:u:product_view_count_1h") == "500");
}

TEST_CASE("a restart reads back only what can still matter", "[job]") {
    const bool finds_times = GENERATE(true, false);
    World world;
    for (int i = 0; i < 96; ++i) {
        world.produce(view("p" + std::to_string(i), world.now));
        world.now += 1h;
    }
    {
        Run run{world};
        run.steps(200);
        REQUIRE(world.logs[0].committed == 96);
    }
    Run run{world};
    run.source.finds_times = finds_times;
    run.steps(40);
    const auto hours = std::chrono::ceil<std::chrono::hours>(live_shopper::Engine{{}}.horizon()).count();
    CHECK(run.source.lowest_read >= 96 - hours - 2);
    CHECK(run.source.lowest_read <= 96 - hours + 1);
}

TEST_CASE("a first start reads the longest window before the clock", "[job]") {
    World world;
    for (int i = 0; i < 96; ++i) {
        world.produce(view("p" + std::to_string(i), world.now));
        world.now += 1h;
    }
    Run run{world};
    run.steps(40);
    const auto hours = std::chrono::ceil<std::chrono::hours>(live_shopper::Engine{{}}.horizon()).count();
    CHECK(run.source.lowest_read >= 96 - hours - 2);
    CHECK(run.source.lowest_read <= 96 - hours + 1);
}

TEST_CASE("longer windows than before make a restart read further back", "[job]") {
    World world;
    JobOptions shorter;
    shorter.settings.category_windows = {1h};
    shorter.settings.purchase_windows = {1h};
    shorter.settings.dedupe = 1h;
    for (int i = 0; i < 96; ++i) {
        world.produce(view("p" + std::to_string(i), world.now));
        world.now += 1h;
    }
    {
        Run run{world, shorter};
        run.steps(200);
        REQUIRE(world.logs[0].committed == 96);
    }
    Run run{world};
    run.steps(40);
    const auto hours = std::chrono::ceil<std::chrono::hours>(live_shopper::Engine{{}}.horizon()).count();
    CHECK(run.source.lowest_read <= 96 - hours + 1);
}

TEST_CASE("an event far ahead of the clock is refused, also by a restart after its time has come", "[job]") {
    World world;
    const auto future = world.now + 20min;
    {
        Run run{world};
        world.produce(view("a", world.now));
        world.produce(view("b", future));
        run.steps(150);
        CHECK(run.metrics.outcomes[static_cast<std::size_t>(live_shopper::Outcome::refused_future)].value() == 1);
        CHECK(world.value("user:u:product_view_count_1h") == "1");
    }
    world.now = future + 1min;
    Run run{world};
    run.steps(40);
    CHECK(run.metrics.read_back.value() == 2);
    CHECK(world.value("user:u:product_view_count_1h") == "1");
}

TEST_CASE("consumption pauses while the store is away and goes on after", "[job]") {
    World world;
    JobOptions options;
    options.max_pending = 100;
    Run run{world, options};
    run.steps(25);
    run.store.automatic = false;
    run.store.up = false;
    for (int i = 0; i < 100; ++i) {
        world.produce(view("p" + std::to_string(i), world.now, "u" + std::to_string(i)));
        run.steps(40);
    }
    CHECK(run.source.paused());
    CHECK(run.source.lag(0) > 50);
    CHECK(run.store.pending() < 250);
    CHECK(run.metrics.paused.value() == 1);
    run.store.automatic = true;
    run.store.up = true;
    run.store.apply(run.store.pending());
    run.steps(200);
    CHECK_FALSE(run.source.paused());
    CHECK(world.logs[0].committed == 100);
    for (int i = 0; i < 100; ++i) {
        CHECK(world.value("user:u" + std::to_string(i) + ":product_view_count_5m") == "1");
    }
}

TEST_CASE("consumption pauses while dead letters cannot be delivered", "[job]") {
    World world;
    Run run{world, {}, 10};
    run.letters.capacity = 20;
    run.letters.delivering = false;
    for (int i = 0; i < 200; ++i) {
        world.produce("garbage");
    }
    run.steps(100);
    CHECK(run.source.paused());
    CHECK(run.source.lag(0) > 100);
    run.letters.delivering = true;
    run.steps(200);
    CHECK(world.letters.size() == 200);
    CHECK(world.logs[0].committed == 200);
}

TEST_CASE("near the memory limit what was idle for longest goes, once the queue is short", "[job]") {
    World world;
    JobOptions options;
    std::size_t memory = 0;
    options.memory_limit = 1000;
    options.memory = [&] { return memory; };
    Run run{world, options};
    run.steps(25);
    world.produce(view("a", world.now, "idle"));
    run.steps(6000);
    for (int i = 0; i < 10; ++i) {
        world.produce(view("b" + std::to_string(i), world.now, "u" + std::to_string(i)));
    }
    run.steps(40);
    REQUIRE(world.value("user:idle:product_view_count_1h") == "1");
    memory = 899;
    run.steps(40);
    CHECK(run.metrics.evicted.value() == 0);
    memory = 900;
    run.steps(1);
    memory = 0;
    run.steps(40);
    CHECK(run.metrics.evicted.value() > 0);
    CHECK(run.metrics.memory_limit.value() == 1000);
    CHECK_FALSE(world.value("user:idle:product_view_count_1h"));
    CHECK_FALSE(run.source.paused());
}

TEST_CASE("a store that lost values gets all of them again", "[job]") {
    World world;
    Run run{world};
    world.produce(view("a", world.now));
    world.produce("garbage");
    run.steps(50);
    world.produce(view("b", world.now, "v"));
    run.steps(50);
    const auto before = world.live();
    REQUIRE(before.size() > 10);
    world.values.clear();
    run.store.reset = true;
    run.steps(50);
    CHECK(world.live() == before);
    CHECK(world.letters.size() == 1);
    world.produce(view("c", world.now, "v"));
    run.steps(150);
    CHECK(world.value("user:v:product_view_count_5m") == "2");
    CHECK(world.logs[0].committed == 4);
    CHECK(run.metrics.outcomes[0].value() == 3);
}

TEST_CASE("revoked partitions are committed and given up, then built anew", "[job]") {
    World world{2};
    Run run{world};
    run.steps(25);
    world.produce(view("a", world.now), 0);
    world.produce(view("b", world.now), 1);
    run.steps(10);
    REQUIRE_FALSE(world.logs[1].committed.has_value());
    run.store.automatic = false;
    world.produce(view("c", world.now), 1);
    run.source.revoke();
    run.steps(10);
    CHECK(run.source.released == 0);  // until the store has acknowledged
    run.store.apply(run.store.pending());
    run.steps(2);
    CHECK(run.source.released == 1);
    CHECK(world.logs[0].committed == 1);
    CHECK(world.logs[1].committed == 2);
    CHECK_FALSE(run.job->caught_up());

    run.store.automatic = true;
    world.values.clear();
    run.source.assign();
    run.steps(40);
    CHECK(world.value(count_5m) == "3");
}

TEST_CASE("partitions are given up within seconds where the store does not answer", "[job]") {
    World world;
    Run run{world};
    run.steps(25);
    run.store.automatic = false;
    world.produce(view("a", world.now));
    run.source.revoke();
    run.steps(150);
    CHECK(run.source.released == 0);
    run.steps(100);
    CHECK(run.source.released == 1);
    CHECK_FALSE(world.logs[0].committed.has_value());
}

TEST_CASE("revoked partitions are given up also where the store lost values meanwhile", "[job]") {
    World world;
    Run run{world};
    world.produce(view("a", world.now));
    run.steps(50);
    run.store.automatic = false;
    world.produce(view("b", world.now));
    run.source.revoke();
    run.steps(2);
    REQUIRE(run.source.released == 0);
    world.values.clear();
    run.store.reset = true;
    run.steps(300);
    CHECK(run.source.released == 1);
    run.store.automatic = true;
    run.source.assign();
    run.steps(50);
    CHECK(world.value(count_5m) == "2");
}

TEST_CASE("lost partitions are given up without a commit", "[job]") {
    World world;
    Run run{world};
    run.steps(25);
    world.produce(view("a", world.now));
    run.steps(10);
    run.source.lose();
    run.steps(2);
    CHECK(run.source.released == 1);
    CHECK_FALSE(world.logs[0].committed.has_value());
}

TEST_CASE("writes carry the generation of the assignment", "[job]") {
    World world{2};
    JobOptions options;
    options.fence = "fence:group";
    Run run{world, options};
    run.source.generation_number = 7;
    run.steps(25);
    CHECK(run.store.owned ==
          std::vector<live_shopper::Fence>{{"fence:group:events:0", 7, 0}, {"fence:group:events:1", 7, 0}});
    run.source.lose();
    run.steps(2);
    CHECK(run.store.owned.empty());
}

TEST_CASE("a job that the store refuses drops what it has and joins anew", "[job]") {
    World world;
    JobOptions options;
    options.fence = "fence";
    Run run{world, options};
    run.source.generation_number = 7;
    run.steps(25);
    run.store.automatic = false;
    world.produce(view("a", world.now));
    run.steps(10);
    REQUIRE(run.store.pending() > 0);
    run.store.refuse({{"fence:events:0", 9, 0}});
    run.source.generation_number = 11;
    run.steps(1);
    CHECK(run.source.rejoined == 1);
    CHECK_FALSE(run.job->caught_up());
    CHECK(run.metrics.fenced.value() == 1);
    CHECK_FALSE(world.logs[0].committed.has_value());
    run.store.automatic = true;
    run.steps(150);
    CHECK(run.store.owned == std::vector<live_shopper::Fence>{{"fence:events:0", 11, 0}});
    CHECK(world.value(count_5m) == "1");
    CHECK(world.logs[0].committed == 1);
}

TEST_CASE("a generation that a new assignment does not reach is of a group that is no more", "[job]") {
    World world;
    JobOptions options;
    options.fence = "fence";
    Run run{world, options};
    run.source.generation_number = 1;
    run.steps(25);
    run.store.refuse({{"fence:events:0", 9, 0}});
    run.source.generation_number = 2;
    run.steps(2);
    CHECK(run.store.owned == std::vector<live_shopper::Fence>{{"fence:events:0", 2, 9}});
    run.source.lose();
    run.steps(1);
    run.source.assign();
    run.steps(1);
    CHECK(run.store.owned == std::vector<live_shopper::Fence>{{"fence:events:0", 2, 0}});  // told once
}

TEST_CASE("a stop writes and commits what was taken and takes no more", "[job]") {
    World world;
    Run run{world};
    run.steps(30);
    run.store.automatic = false;
    world.produce(view("a", world.now));
    run.steps(1);
    world.produce(view("b", world.now));
    run.job->stop();
    run.steps(40);
    CHECK_FALSE(run.job->stopped());
    run.store.apply(run.store.pending());
    run.steps(2);
    CHECK(run.job->stopped());
    CHECK(world.logs[0].committed == 1);
    CHECK(world.value(count_5m) == "1");
}

TEST_CASE("a clock that is set back stops nothing", "[job]") {
    World world;
    Run run{world};
    world.produce(view("a", world.now));
    run.steps(30);
    world.now -= 1h;
    world.produce(view("b", world.now));
    run.steps(150);
    CHECK(world.value("user:u:product_view_count_1h") == "2");
    CHECK(world.logs[0].committed == 2);
}

TEST_CASE("a partition without events does not hold time back", "[job]") {
    World world{3};
    Run run{world};
    world.produce(view("a", world.now), 1);
    run.steps(40);
    run.steps(40, 9s);
    CHECK(world.value(count_5m) == "0");
}

TEST_CASE("partitions whose end is told late make no value wrong", "[job]") {
    World world{3};
    world.produce(view("a", world.now, "early"), 2);
    world.now += 3h;
    world.produce(view("b", world.now), 1);
    Run run{world};
    run.source.end_delay = 15;
    for (int i = 0; i < 60; ++i) {
        run.steps(1);
        // At no time does the store hold what was true three hours ago.
        CHECK(world.value("user:early:product_view_count_5m").value_or("0") == "0");
    }
    CHECK(world.value(count_5m) == "1");
    CHECK(world.value("user:early:category_view_count_24h") == "1");
}

TEST_CASE("a job that is killed at any moment leaves the store as if nothing had happened", "[job]") {
    // Two worlds get the same events; in one of them the job is killed and started again, between any two steps and
    // with any part of its writes in the store. The clock stands still while a job starts, so that both end at the same
    // time.
    const auto seed = GENERATE(range(1U, 41U));
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    JobOptions options;
    options.settings.session_lateness = 1min;
    World calm{2};
    World rough{2};
    Run steady{calm, options};
    auto shaky = std::make_unique<Run>(rough, options, 5);
    std::vector<std::string> payloads;
    unsigned kills = 0;
    for (int i = 0; i < 400; ++i) {
        calm.now += weir::Duration{below(60'000)};
        rough.now = calm.now;
        const auto user = below(4);
        const bool login = below(6) == 0;
        Event event{.id = "e" + std::to_string(i),
                    .type = below(3) == 0 ? "add_to_cart" : (below(2) == 0 ? "page_view" : "product_view"),
                    .time = calm.now - weir::Duration{below(20'000)},
                    .user = login ? "u" + std::to_string(user) : "",
                    .visitor = "v" + std::to_string(user),
                    .session = "s" + std::to_string(user),
                    .product = std::to_string(below(5))};
        const bool again = !payloads.empty() && below(10) == 0;
        const auto payload = below(30) == 0 ? std::string{"garbage"}
                             : again        ? payloads[below(static_cast<unsigned>(payloads.size()))]
                                            : event.json();
        payloads.push_back(payload);
        const auto partition = below(2);
        calm.produce(payload, partition);
        rough.produce(payload, partition);
        steady.steps(3, 0ms);
        shaky->store.automatic = false;
        for (unsigned n = below(4); n > 0; --n) {
            shaky->steps(1, 0ms);
            shaky->store.apply(below(40));
        }
        if (below(8) == 0) {
            ++kills;
            shaky = std::make_unique<Run>(rough, options, 1 + below(20));
        }
    }
    REQUIRE(kills > 10);
    shaky->store.apply(shaky->store.pending());
    shaky->store.automatic = true;
    for (int i = 0; i < 300; ++i) {
        steady.steps(1, 0ms);
        shaky->steps(1, 0ms);
        calm.now += 10ms;
        rough.now = calm.now;
    }
    REQUIRE(shaky->job->caught_up());
    CAPTURE(differences(rough, calm));
    CHECK(differences(rough, calm).empty());
    calm.now += 6min;
    rough.now = calm.now;
    steady.steps(20, 0ms);
    shaky->steps(20, 0ms);
    CAPTURE(differences(rough, calm));
    CHECK(differences(rough, calm).empty());
}
