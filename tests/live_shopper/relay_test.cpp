// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "relay.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "fakes.hpp"
#include "log.hpp"
#include "shop_events.hpp"
#include "stage_record.hpp"
#include "visitor_stage.hpp"

using namespace live_shopper;
using namespace std::chrono_literals;
using shop_events::Event;

namespace {

class NextTopic final : public live_shopper::Outlet {
public:
    void send(std::uint32_t, std::string_view record) override { records.emplace_back(record); }
    void poll() override {
        if (automatic) {
            got_through = records.size();
        }
    }
    [[nodiscard]] std::uint64_t sent() const override { return records.size(); }
    [[nodiscard]] std::uint64_t delivered() const override { return got_through; }
    [[nodiscard]] bool full() const override { return is_full; }

    std::vector<std::string> records;
    std::size_t got_through = 0;
    bool automatic = true;
    bool is_full = false;
};

/// A relay of visitors over one partition. What it has not delivered dies with it.
struct Run {
    Run(fakes::World& w, fakes::SnapshotStore::Disk& disk, std::size_t batch = 10)
        : world{w},
          source{w, batch},
          letters{w},
          snapshots{disk},
          relay{options(),
                std::make_unique<KeyedVisitorStage>(Settings{}, 1 << 20, 100ms, 48h, 0, 1, 1),
                source,
                outlet,
                letters,
                metrics,
                [&w] { return w.now; }} {
        log::set_level(log::Level::off);
    }

    RelayOptions options() {
        return {.reach = 49h,
                .max_future = 5min,
                .snapshots = &snapshots,
                .snapshot = {.interval = 10s, .keys = 5, .owner = "group"}};
    }
    void steps(int count, weir::Duration each = 10ms) {
        for (int i = 0; i < count; ++i) {
            relay.step(0ms);
            world.now += each;
        }
    }
    [[nodiscard]] std::multiset<std::string> delivered() const {
        std::multiset<std::string> ids;
        StageRecord record;
        for (std::size_t i = 0; i != outlet.got_through; ++i) {
            REQUIRE(read(outlet.records[i], record));
            if (record.kind == StageRecord::Kind::for_user) {
                ids.emplace(record.event.id);
            }
        }
        return ids;
    }

    fakes::World& world;
    Metrics metrics;
    fakes::Source source;
    fakes::DeadLetters letters;
    fakes::SnapshotStore snapshots;
    NextTopic outlet;
    Relay relay;
};

void produce(fakes::World& world, int from, int to) {
    for (int i = from; i != to; ++i) {
        const std::string id = "e" + std::to_string(i);
        world.produce(Event{.id = id, .time = world.now, .user = "u", .visitor = "v", .product = id}.json());
    }
}

}  // namespace

TEST_CASE("a relay takes a snapshot up, reads what came since and sends what was not sent", "[relay][snapshots]") {
    fakes::World world{1};
    fakes::SnapshotStore::Disk disk;
    std::multiset<std::string> sent;
    {
        Run run{world, disk};
        produce(world, 0, 100);
        run.steps(1500);
        REQUIRE_FALSE(disk.empty());
        REQUIRE(world.logs[0].committed == 100);
        run.outlet.automatic = false;
        produce(world, 100, 120);
        run.steps(30);
        sent = run.delivered();
        CHECK(sent.size() == 100);
    }
    produce(world, 0, 10);  // again
    Run run{world, disk};
    run.steps(200);
    CHECK(run.metrics.restores[Metrics::restored].value() == 1);
    CHECK(run.source.lowest_read == 100);
    CHECK(run.delivered().size() == 20);
    sent.merge(run.delivered());
    CHECK(sent.size() == 120);
}

TEST_CASE("a relay keeps no snapshot of more than it has read while records come again", "[relay][snapshots]") {
    fakes::World world{1};
    fakes::SnapshotStore::Disk disk;
    std::multiset<std::string> sent;
    {
        Run run{world, disk};
        run.steps(1, 10s);
        run.steps(100);  // one of nothing is kept
        produce(world, 0, 50);
        run.steps(200);
        REQUIRE(world.logs[0].committed == 50);
        run.outlet.automatic = false;
        produce(world, 50, 100);
        run.steps(20);
        const std::int64_t again = 20;
        run.source.start({&again, 1});
        world.now += 10s;
        run.steps(1);
        run.source.pause();  // in the middle of them
        run.steps(200);
        sent = run.delivered();
        CHECK(sent.size() == 50);
    }
    Run run{world, disk};
    run.steps(200);
    sent.merge(run.delivered());
    CHECK(std::set<std::string>(sent.begin(), sent.end()).size() == 100);
}

TEST_CASE("a snapshot of a relay is no use to other settings and groups", "[relay][snapshots]") {
    fakes::World world{1};
    fakes::SnapshotStore::Disk disk;
    {
        Run run{world, disk};
        produce(world, 0, 100);
        run.steps(1500);
        REQUIRE_FALSE(disk.empty());
    }
    Settings settings;
    SnapshotOptions mine{.interval = 10s, .keys = 5, .owner = "group"};
    SECTION("settings") { settings.stitch = false; }
    SECTION("group") { mine.owner = "another"; }
    disk.resize(1);
    Metrics metrics;
    fakes::Source source{world, 10};
    fakes::DeadLetters letters{world};
    fakes::SnapshotStore snapshots{disk};
    NextTopic outlet;
    Relay relay{{.reach = 49h, .max_future = 5min, .snapshots = &snapshots, .snapshot = mine},
                std::make_unique<KeyedVisitorStage>(settings, 1 << 20, 100ms, 48h, 0, 1, 1),
                source,
                outlet,
                letters,
                metrics,
                [&world] { return world.now; }};
    relay.step(0ms);
    CHECK(metrics.restores[Metrics::foreign].value() == 1);
    relay.step(0ms);
    CHECK(source.lowest_read == 0);
}

TEST_CASE("event time does not follow the clock while a relay cannot read", "[relay]") {
    fakes::World world{1};
    fakes::SnapshotStore::Disk disk;
    Run run{world, disk};
    produce(world, 0, 10);
    const auto last = world.now;
    run.steps(5);
    run.outlet.is_full = true;
    run.steps(200);
    run.outlet.got_through = run.outlet.records.size();
    StageRecord record;
    for (const std::string& bytes : run.outlet.records) {
        REQUIRE(read(bytes, record));
        CHECK((!record.time || *record.time <= last));
    }
    run.outlet.is_full = false;
    run.steps(100);
    REQUIRE(read(run.outlet.records.back(), record));
    CHECK(record.idle);
    CHECK(*record.time > last);
}
