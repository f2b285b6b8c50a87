// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "snapshots.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>
#include <catch2/catch.hpp>

#include "fakes.hpp"
#include "job.hpp"
#include "log.hpp"
#include "snapshot_directory.hpp"

using namespace std::chrono_literals;
using namespace shop_events;
using fakes::World;
using live_shopper::Job;
using live_shopper::JobOptions;
using live_shopper::Metrics;
using live_shopper::SnapshotDirectory;
using State = live_shopper::SnapshotStore::State;

namespace {

// A job that keeps snapshots on a disk, with parts that die with it.
struct Run {
    Run(World& w, fakes::SnapshotStore::Disk& disk, JobOptions options = {}, std::size_t batch = 100)
        : world{w}, source{w, batch}, store{w}, letters{w}, snapshots{disk} {
        live_shopper::log::set_level(live_shopper::log::Level::off);
        options.snapshots = &snapshots;
        options.snapshot.interval = 10s;
        options.snapshot.keys = options.snapshot.keys == JobOptions{}.snapshot.keys ? 5 : options.snapshot.keys;
        job = std::make_unique<Job>(options, source, store, letters, metrics, [&w] { return w.now; });
    }

    void steps(int count, weir::Duration each = 10ms) {
        for (int i = 0; i < count; ++i) {
            job->step(0ms);
            world.now += each;
        }
    }
    [[nodiscard]] std::uint64_t restores(Metrics::Restore outcome) const { return metrics.restores[outcome].value(); }

    World& world;
    Metrics metrics;
    fakes::Source source;
    fakes::Store store;
    fakes::DeadLetters letters;
    fakes::SnapshotStore snapshots;
    std::unique_ptr<Job> job;
};

std::string view(const std::string& id, weir::Timestamp time, const std::string& user = "u") {
    return Event{.id = id, .time = time, .user = user, .product = id}.json();
}

const std::string count_1h = "user:u:product_view_count_1h";

// A world in which one job has read 100 events and kept a snapshot, and three more have come since.
struct Kept {
    explicit Kept(std::size_t partitions = 1) : world{partitions} {
        Run run{world, disk};
        for (int i = 0; i < 100; ++i) {
            world.produce(view("e" + std::to_string(i), world.now), static_cast<std::size_t>(i) % partitions);
        }
        run.steps(40);
        while (disk.size() < 2) {
            run.steps(50);
        }
        for (int i = 0; i < 3; ++i) {
            world.produce(view("late" + std::to_string(i), world.now));
        }
        run.steps(150);
        REQUIRE(world.value(count_1h) == "103");
    }

    World world;
    fakes::SnapshotStore::Disk disk;
};

}  // namespace

TEST_CASE("a restart takes a snapshot up and reads what came since", "[snapshots]") {
    Kept kept;
    kept.world.produce(view("more", kept.world.now));
    kept.world.values.clear();
    Run run{kept.world, kept.disk};
    run.steps(60);
    REQUIRE(run.job->caught_up());
    CHECK(run.restores(Metrics::restored) == 1);
    CHECK(run.source.lowest_read == 100);
    CHECK(run.metrics.read_back.value() == 3);
    CHECK(kept.world.value(count_1h) == "104");  // and every other value: nothing was there
    CHECK(kept.world.value("session:session:session_page_count") == "0");
    run.steps(1, 2h);
    run.steps(60);
    CHECK_FALSE(kept.world.value(count_1h));
}

TEST_CASE("after a snapshot was taken up the next start can still read back as far as it has to", "[snapshots]") {
    Kept kept;
    {
        Run run{kept.world, kept.disk};
        run.steps(400);
        REQUIRE(run.restores(Metrics::restored) == 1);
        kept.world.produce(view("more", kept.world.now));
        run.steps(200);
    }
    kept.disk.clear();
    Run run{kept.world, kept.disk};
    run.steps(60);
    CHECK(run.restores(Metrics::none) == 1);
    CHECK(run.source.lowest_read == 0);
    CHECK(kept.world.value(count_1h) == "104");
}

TEST_CASE("a snapshot that is of no use is refused and the log is read back", "[snapshots]") {
    Kept kept;
    JobOptions options;
    Metrics::Restore why = Metrics::damaged;
    auto& bytes = kept.disk.front();
    SECTION("torn") { bytes.resize(bytes.size() / 2); }
    SECTION("empty") { bytes.clear(); }
    SECTION("a bit") { bytes[bytes.size() / 2] ^= std::byte{4}; }
    SECTION("a bit of the label") { bytes[60] ^= std::byte{4}; }
    SECTION("other bytes") { bytes[0] = std::byte{1}; }
    SECTION("older version") {
        bytes[live_shopper::snapshot_version_at] = std::byte{0};
        why = Metrics::other_version;
    }
    SECTION("other windows") {
        options.settings.cart_windows = {5min};
        why = Metrics::foreign;
    }
    SECTION("another group") {
        options.snapshot.owner = "another";
        why = Metrics::foreign;
    }
    SECTION("more threads") {
        options.shards = 2;
        why = Metrics::foreign;
    }
    SECTION("of what was never committed") {
        kept.world.logs[0].committed = 99;
        kept.world.logs[0].metadata.clear();
        why = Metrics::outdated;
    }
    SECTION("of a topic that was made anew") {
        kept.world.logs[0].records.resize(50);
        kept.world.logs[0].committed = 50;
        kept.world.logs[0].metadata.clear();
        why = Metrics::outdated;
    }
    kept.disk.resize(1);
    Run run{kept.world, kept.disk, options};
    run.steps(60);
    REQUIRE(run.job->caught_up());
    CHECK(run.restores(why) == 1);
    CHECK(run.restores(Metrics::restored) == 0);
    CHECK(run.source.lowest_read == 0);
    CHECK(kept.world.value(count_1h).has_value());
}

TEST_CASE("where the newest snapshot is damaged the one before is taken up", "[snapshots]") {
    Kept kept;
    kept.disk.front().resize(100);
    Run run{kept.world, kept.disk};
    run.steps(60);
    CHECK(run.restores(Metrics::damaged) == 1);
    CHECK(run.restores(Metrics::restored) == 1);
    CHECK(kept.world.value(count_1h) == "103");
}

TEST_CASE("a snapshot so old that reading back is less work is not taken up", "[snapshots]") {
    Kept kept;
    const auto old = kept.disk;
    {
        Run run{kept.world, kept.disk};
        run.steps(60);
        kept.world.now += 24h * 5;
        kept.world.produce(view("today", kept.world.now));
        run.steps(300);
    }
    auto disk = old;
    Run run{kept.world, disk};
    run.steps(60);
    CHECK(run.restores(Metrics::outdated) == 2);
    CHECK(run.source.lowest_read > 100);
    CHECK(kept.world.value(count_1h) == "1");
}

TEST_CASE("a store that was another when the snapshot was taken gets all that the log says", "[snapshots]") {
    Kept kept;
    kept.world.run = "second";
    kept.world.values.clear();
    Run run{kept.world, kept.disk};
    run.steps(200);
    CHECK(run.restores(Metrics::restored) == 1);
    CHECK(run.source.lowest_read == 0);
    CHECK(kept.world.value(count_1h) == "103");
}

TEST_CASE("a snapshot is kept once its offsets are committed", "[snapshots]") {
    World world;
    fakes::SnapshotStore::Disk disk;
    Run run{world, disk};
    run.store.automatic = false;
    world.produce(view("a", world.now));
    run.steps(300);
    CHECK(run.snapshots.begun == 1);
    CHECK(disk.empty());
    run.store.apply(1000);
    run.steps(150);
    CHECK(disk.size() == 1);
    CHECK(run.metrics.snapshots.value() == 1);
    CHECK(run.metrics.snapshot_bytes.value() == disk.front().size());
}

TEST_CASE("a disk that is full costs a snapshot and nothing else", "[snapshots]") {
    World world;
    fakes::SnapshotStore::Disk disk;
    Run run{world, disk};
    run.snapshots.full_disk = true;
    world.produce(view("a", world.now));
    run.steps(200);
    CHECK(disk.empty());
    CHECK(run.metrics.failed_snapshots.value() == 1);
    CHECK(world.value(count_1h) == "1");
    run.snapshots.full_disk = false;
    run.steps(2500);
    CHECK(disk.size() == 2);
}

TEST_CASE("a job with threads and one with a memory limit take their snapshots up", "[snapshots]") {
    World world;
    fakes::SnapshotStore::Disk disk;
    JobOptions options;
    SECTION("threads") { options.shards = 3; }
    SECTION("memory limit") { options.memory_limit = 300'000; }
    const auto produce = [&](int begin, int end) {
        for (int i = begin; i < end; ++i) {
            const auto id = std::to_string(i);
            world.produce(view("e" + id, world.now, "u" + id));
        }
    };
    {
        Run run{world, disk, options};
        run.steps(25);
        produce(0, 100);
        for (int i = 0; i < 40 && disk.size() < 2; ++i) {
            run.steps(100);
        }
        REQUIRE(disk.size() == 2);
        produce(100, 110);
        run.steps(150);
    }
    const auto before = world.live();
    Run run{world, disk, options};
    run.steps(100);
    CHECK(run.restores(Metrics::restored) == 1);
    CHECK(run.metrics.read_back.value() == 10);
    for (int i = 0; i < 110; ++i) {
        const std::string key = "user:u" + std::to_string(i) + ":product_view_count_1h";
        CHECK((before.count(key) == 0 || options.memory_limit != 0 || world.value(key) == "1"));
    }
    CHECK(world.value("user:u109:product_view_count_1h") == "1");
}

namespace {

// How often a snapshot was taken up.
std::uint64_t kill_at_random(unsigned seed) {
    std::mt19937 random{seed};
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    JobOptions options;
    options.settings.session_lateness = 1min;
    options.snapshot.keys = 1 + below(30);
    const unsigned life = 6 + below(16);
    World calm{2};
    World rough{2};
    fakes::SnapshotStore::Disk none;
    fakes::SnapshotStore::Disk disk;
    Run steady{calm, none, options};
    auto shaky = std::make_unique<Run>(rough, disk, options, 5);
    std::uint64_t restored = 0;
    std::vector<std::string> payloads;
    for (int i = 0; i < 400; ++i) {
        calm.now += weir::Duration{below(60'000)};
        rough.now = calm.now;
        const auto user = below(4);
        const Event event{.id = "e" + std::to_string(i),
                          .type = below(3) == 0 ? "add_to_cart" : (below(2) == 0 ? "page_view" : "product_view"),
                          .time = calm.now - weir::Duration{below(20'000)},
                          .user = below(6) == 0 ? "u" + std::to_string(user) : "",
                          .visitor = "v" + std::to_string(user),
                          .session = "s" + std::to_string(user),
                          .product = std::to_string(below(5))};
        payloads.push_back(below(30) == 0 ? std::string{"garbage"} : event.json());
        const auto payload = below(10) == 0 ? payloads[below(static_cast<unsigned>(payloads.size()))] : payloads.back();
        const auto partition = below(2);
        calm.produce(payload, partition);
        rough.produce(payload, partition);
        steady.steps(3, 0ms);
        shaky->store.automatic = false;
        for (unsigned n = below(12); n > 0; --n) {
            shaky->steps(1, 0ms);
            shaky->store.apply(below(40));
        }
        if (below(life) == 0) {
            restored += shaky->restores(Metrics::restored);
            shaky = std::make_unique<Run>(rough, disk, options, 1 + below(20));
        }
    }
    shaky->store.apply(shaky->store.pending());
    shaky->store.automatic = true;
    const auto settle = [&](int steps) {
        for (int i = 0; i < steps; ++i) {
            steady.steps(1, 0ms);
            shaky->steps(1, 0ms);
            calm.now += 10ms;
            rough.now = calm.now;
        }
    };
    settle(300);
    REQUIRE(shaky->job->caught_up());
    for (const weir::Duration later : {weir::Duration{0}, weir::Duration{6min}, weir::Duration{50min}}) {
        calm.now += later;
        rough.now = calm.now;
        settle(30);
        std::map<std::string, std::string> lasting;
        for (const auto& [key, value] : calm.values) {
            if (value.expires_at > calm.now + 2min) {
                lasting.emplace(key, value.text);
            }
        }
        for (const auto& [key, text] : lasting) {
            INFO(key);
            CHECK(rough.value(key) == text);
        }
        for (const auto& [key, value] : rough.values) {
            INFO(key << ": " << value.text << ", " << calm.value(key).value_or("nothing") << ", for "
                     << (value.expires_at - rough.now).count() << " after " << later.count());
            CHECK((value.expires_at <= rough.now + 2min || calm.value(key) == value.text));
        }
    }
    return restored;
}

}  // namespace

TEST_CASE("a job that is killed while it takes snapshots leaves the store as if nothing had happened", "[snapshots]") {
    std::uint64_t restored = 0;
    for (unsigned seed = 1; seed != 21; ++seed) {
        INFO("seed " << seed);
        restored += kill_at_random(seed);
    }
    CHECK(restored > 20);
}

namespace {

struct Folder {
    Folder() : path{std::filesystem::temp_directory_path() / ("snapshots-" + std::to_string(::getpid()))} {
        std::filesystem::remove_all(path);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }

    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator{path}, std::filesystem::directory_iterator{}));
    }

    std::filesystem::path path;
};

std::vector<std::byte> some_bytes(std::size_t size, int value) { return {size, std::byte(value)}; }

bool settles(SnapshotDirectory& directory, State wanted) {
    for (int i = 0; i < 500 && directory.state() != wanted; ++i) {
        std::this_thread::sleep_for(10ms);
    }
    return directory.state() == wanted;
}

}  // namespace

TEST_CASE("a directory keeps the newest two snapshots that were completed", "[snapshots][directory]") {
    const Folder folder;
    SnapshotDirectory directory{folder.path.string(), "a group/with: odd\nname"};
    CHECK(directory.names().empty());
    for (int i = 1; i <= 4; ++i) {
        directory.begin();
        directory.append(some_bytes(100'000, i));
        directory.append(some_bytes(1, 9));
        directory.complete();
        REQUIRE(settles(directory, State::kept));
    }
    directory.begin();
    directory.append(some_bytes(10, 5));
    directory.abandon();
    const auto names = directory.names();
    REQUIRE(names.size() == 2);
    for (int i = 0; i < 2; ++i) {
        const auto kept = directory.read(names[static_cast<std::size_t>(i)]);
        REQUIRE(kept);
        REQUIRE(kept->bytes.size() == 100'001);
        CHECK(kept->bytes.front() == std::byte(4 - i));
        CHECK(kept->bytes.back() == std::byte{9});
    }
    // Another process finds them, what is half done goes, and another job's are not its.
    std::ofstream{folder.path / "other.1.writing"} << "half";
    const SnapshotDirectory other{folder.path.string(), "other"};
    SnapshotDirectory again{folder.path.string(), "a group/with: odd\nname"};
    CHECK(again.names() == names);
    CHECK(folder.files() == 2);
    CHECK_FALSE(again.read(names[0] + "0"));
}

TEST_CASE("a directory that goes away is told as a snapshot that failed", "[snapshots][directory]") {
    live_shopper::log::set_level(live_shopper::log::Level::off);
    const Folder folder;
    SnapshotDirectory directory{folder.path.string(), "g"};
    std::filesystem::remove_all(folder.path);
    directory.begin();
    directory.append(some_bytes(10, 1));
    CHECK(settles(directory, State::failed));
    directory.complete();
    CHECK(directory.state() == State::failed);
    std::filesystem::create_directory(folder.path);
    directory.begin();
    directory.append(some_bytes(10, 1));
    directory.complete();
    CHECK(settles(directory, State::kept));
    CHECK(directory.names().size() == 1);
}

TEST_CASE("a directory that cannot be written to is refused at the start", "[snapshots][directory]") {
    CHECK_THROWS_AS((SnapshotDirectory{"/proc/nothing/of/the/kind", "g"}), std::runtime_error);
}
