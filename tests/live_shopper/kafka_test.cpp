// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The Kafka side on librdkafka's mock cluster, alone and with the whole job and a real Redis. Joining a group takes the
// mock cluster three seconds.

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>
#include <catch2/catch.hpp>

#include "embedded_kafka.hpp"
#include "job.hpp"
#include "kafka_client_support.hpp"
#include "kafka_dead_letters.hpp"
#include "kafka_source.hpp"
#include "log.hpp"
#include "redis_server.hpp"
#include "redis_store.hpp"
#include "shop_events.hpp"
#include "snapshot_directory.hpp"

using namespace std::chrono_literals;
using kafka_support::Producer;
using kafka_support::read_topic;
using live_shopper::EmbeddedKafka;
using live_shopper::KafkaConfig;
using live_shopper::KafkaDeadLetters;
using live_shopper::KafkaSource;
using live_shopper::Metrics;
using live_shopper::Rebalance;

namespace {

KafkaConfig config_of(const EmbeddedKafka& kafka) {
    live_shopper::log::set_level(live_shopper::log::Level::off);
    KafkaConfig config;
    config.brokers = kafka.address();
    config.topic = "events";
    config.group = "group";
    // The mock cluster lets a member join an emptied group only once the session timeout is over.
    config.properties = {{"session.timeout.ms", "5000"}, {"heartbeat.interval.ms", "1000"}};
    return config;
}

weir::Timestamp wall_clock() { return std::chrono::time_point_cast<weir::Duration>(std::chrono::system_clock::now()); }

// What a source delivered, by offset.
struct Reader {
    explicit Reader(const KafkaConfig& config) : source{config, metrics} {}

    bool until(std::size_t count, std::chrono::milliseconds patience = 30s) {
        return eventually(
            [&] {
                const auto polled = source.poll(10ms);
                for (const auto& record : polled.records) {
                    if (record.end) {
                        ends.insert(record.slot);
                    } else {
                        got.push_back({std::string{record.payload}, std::string{record.key},
                                       record.time.value_or(weir::Timestamp{}), record.offset, record.slot,
                                       record.has_payload, record.has_key});
                    }
                }
                if (polled.rebalance == Rebalance::assigned) {
                    assigned = true;
                    std::vector<std::int64_t> offsets;
                    for (const auto& partition : source.partitions()) {
                        offsets.push_back(partition.low);
                    }
                    CHECK(source.start(offsets));
                }
                return assigned && got.size() >= count;
            },
            patience);
    }

    struct Got {
        std::string payload;
        std::string key;
        weir::Timestamp time;
        std::int64_t offset;
        std::uint32_t slot;
        bool has_payload;
        bool has_key;
    };

    Metrics metrics;
    KafkaSource source;
    std::vector<Got> got;
    std::set<std::uint32_t> ends;
    bool assigned = false;
};

// The whole job.
struct Shop {
    Shop(const KafkaConfig& kafka, const RedisServer& server, const live_shopper::JobOptions& options = {})
        : store{redis_config(server), metrics}, letters{kafka, metrics}, source{kafka, metrics}, job{options,
                                                                                                     source,
                                                                                                     store,
                                                                                                     letters,
                                                                                                     metrics,
                                                                                                     wall_clock} {}

    static live_shopper::RedisConfig redis_config(const RedisServer& server) {
        live_shopper::RedisConfig config;
        config.host = "127.0.0.1";
        config.port = server.port();
        return config;
    }

    template <class F>
    bool until(F condition, std::chrono::milliseconds patience = 30s) {
        return eventually(
            [&] {
                job.step(10ms);
                return condition();
            },
            patience);
    }

    bool stop() {
        job.stop();
        const bool stopped = until([&] { return job.stopped(); });
        source.close(1s);
        return stopped;
    }

    Metrics metrics;
    live_shopper::RedisStore store;
    KafkaDeadLetters letters;
    KafkaSource source;
    live_shopper::Job job;
};

}  // namespace

TEST_CASE("records come with key, time and offset, and the end of each partition is told", "[kafka]") {
    EmbeddedKafka kafka{"events", 3};
    Producer producer{kafka.address()};
    const auto before = wall_clock();
    producer.send("events", "a", 0, "k");
    producer.send("events", std::nullopt, 0, "gone");
    producer.send("events", "", 1);
    producer.send("events", std::string(2'000'000, 'x'), 1);
    producer.flush();
    Reader reader{config_of(kafka)};
    REQUIRE(reader.until(4));
    REQUIRE(eventually([&] {
        reader.until(4);
        return reader.ends.size() == 3;
    }));
    REQUIRE(reader.got.size() == 4);
    std::sort(reader.got.begin(), reader.got.end(), [](const auto& a, const auto& b) {
        return std::pair{a.slot, a.offset} < std::pair{b.slot, b.offset};
    });
    CHECK(reader.got[0].payload == "a");
    CHECK(reader.got[0].key == "k");
    CHECK(reader.got[0].time >= before);
    CHECK(reader.got[0].time <= wall_clock());
    CHECK_FALSE(reader.got[1].has_payload);
    CHECK(reader.got[1].has_key);
    CHECK(reader.got[2].has_payload);
    CHECK_FALSE(reader.got[2].has_key);
    CHECK(reader.got[3].payload.size() == 2'000'000);
    CHECK(reader.got[3].offset == 1);
    for (std::uint32_t slot = 0; slot < 3; ++slot) {
        CHECK(reader.source.lag(slot) == 0);
    }
}

TEST_CASE("what is committed is found by the next owner, with its note", "[kafka]") {
    EmbeddedKafka kafka{"events", 2};
    Producer producer{kafka.address()};
    for (int i = 0; i < 10; ++i) {
        producer.send("events", "x", 1);
    }
    producer.flush();
    {
        Reader reader{config_of(kafka)};
        REQUIRE(reader.until(10));
        const std::vector<live_shopper::Position> positions{{1, 7, "weir1 5 3 9"}};
        CHECK(reader.source.commit(positions, 5s));
        reader.source.close(2s);
    }
    Reader reader{config_of(kafka)};
    REQUIRE(reader.until(10));
    const auto& partitions = reader.source.partitions();
    REQUIRE(partitions.size() == 2);
    CHECK_FALSE(partitions[0].committed);
    CHECK(partitions[1].committed == 7);
    CHECK(partitions[1].metadata == "weir1 5 3 9");
    CHECK(partitions[1].low == 0);
    CHECK(partitions[1].high == 10);
    // The mock cluster finds no offsets by time, which is told from "nothing so late".
    const std::vector<weir::Timestamp> times(2, wall_clock() - 1h);
    CHECK_FALSE(reader.source.offsets_at(times)[1]);
}

TEST_CASE("a paused source delivers nothing until it is resumed, and then everything once", "[kafka]") {
    EmbeddedKafka kafka{"events", 1};
    Producer producer{kafka.address()};
    producer.send("events", "0");
    producer.flush();
    Reader reader{config_of(kafka)};
    REQUIRE(reader.until(1));
    for (int round = 1; round <= 3; ++round) {
        reader.source.pause();
        for (int i = 0; i < 500; ++i) {
            producer.send("events", std::to_string(round));
        }
        producer.flush();
        CHECK_FALSE(reader.until(reader.got.size() + 1, 500ms));
        reader.source.resume();
        REQUIRE(reader.until(1 + 500 * static_cast<std::size_t>(round)));
    }
    reader.until(100'000, 300ms);
    CHECK(reader.got.size() == 1501);
    for (std::size_t i = 0; i < reader.got.size(); ++i) {
        CHECK(reader.got[i].offset == static_cast<std::int64_t>(i));
    }
}

TEST_CASE("a source starts again from where it is told", "[kafka]") {
    EmbeddedKafka kafka{"events", 1};
    Producer producer{kafka.address()};
    for (int i = 0; i < 100; ++i) {
        producer.send("events", std::to_string(i));
    }
    producer.flush();
    Reader reader{config_of(kafka)};
    REQUIRE(reader.until(100));
    reader.source.pause();
    reader.got.clear();
    reader.ends.clear();
    const std::vector<std::int64_t> from{40};
    REQUIRE(reader.source.start(from));
    REQUIRE(reader.until(60));
    CHECK(reader.got[0].payload == "40");
    CHECK(eventually([&] {
        reader.until(60);
        return reader.ends.size() == 1;
    }));
}

TEST_CASE("every assignment has a greater generation than the one before, also after joining anew", "[kafka]") {
    EmbeddedKafka kafka{"events", 2};
    Reader reader{config_of(kafka)};
    REQUIRE(reader.until(0));
    const auto first = reader.source.generation();
    REQUIRE(first.has_value());
    reader.assigned = false;
    reader.source.release();
    reader.source.rejoin();
    CHECK_FALSE(reader.source.generation().has_value());
    REQUIRE(reader.until(0));
    const auto second = reader.source.generation();
    REQUIRE(second.has_value());
    CHECK(*second > *first);
    Producer producer{kafka.address()};
    producer.send("events", "a", 1);
    producer.flush();
    CHECK(reader.until(1));
}

TEST_CASE("a broker that is away at the start is waited for", "[kafka]") {
    EmbeddedKafka kafka{"events", 1};
    const auto config = config_of(kafka);
    kafka.set_up(false);
    Reader reader{config};
    CHECK_FALSE(reader.until(0, 1s));
    CHECK(reader.metrics.kafka_errors.value() > 0);
    kafka.set_up(true);
    Producer producer{kafka.address()};
    producer.send("events", "a");
    producer.flush();
    CHECK(reader.until(1, 90s));
}

TEST_CASE("dead letters keep payload and key and say what was wrong with which record", "[kafka]") {
    EmbeddedKafka kafka{"events", 1};
    kafka.create_topic("events-dead-letter", 4);
    Metrics metrics;
    KafkaDeadLetters letters{config_of(kafka), metrics};
    live_shopper::Partition partition;
    partition.topic = "events";
    partition.number = 3;
    const std::string payload{"\0\xff\n", 3};
    live_shopper::Record record;
    record.payload = payload;
    record.key = "k";
    record.has_key = true;
    record.offset = 4711;
    letters.send(record, partition, "not_json");
    live_shopper::Record tombstone;
    tombstone.has_payload = false;
    tombstone.offset = 4712;
    letters.send(tombstone, partition, "empty");
    CHECK(letters.sent() == 2);
    REQUIRE(eventually([&] {
        letters.poll();
        return letters.delivered() == 2;
    }));
    const auto messages = read_topic(kafka.address(), "events-dead-letter", 2);
    REQUIRE(messages.size() == 2);
    const auto& first = messages[0].headers.at("offset") == "4711" ? messages[0] : messages[1];
    const auto& second = messages[0].headers.at("offset") == "4711" ? messages[1] : messages[0];
    CHECK(first.payload == payload);
    CHECK(first.key == "k");
    CHECK(first.headers == std::map<std::string, std::string>{
                               {"reason", "not_json"}, {"topic", "events"}, {"partition", "3"}, {"offset", "4711"}});
    CHECK_FALSE(second.payload);
    CHECK_FALSE(second.key);
    CHECK(second.headers.at("reason") == "empty");
}

TEST_CASE("dead letters wait for a broker that is away", "[kafka]") {
    EmbeddedKafka kafka{"events", 1};
    Metrics metrics;
    auto config = config_of(kafka);
    config.properties.emplace_back("message.timeout.ms", "1000");
    KafkaDeadLetters letters{config, metrics};
    kafka.set_up(false);
    live_shopper::Record record;
    record.payload = "x";
    for (int i = 0; i < 100; ++i) {
        letters.send(record, live_shopper::Partition{}, "not_json");
    }
    CHECK_FALSE(eventually(
        [&] {
            letters.poll();
            return letters.delivered() > 0;
        },
        2500ms));
    kafka.set_up(true);
    REQUIRE(eventually([&] {
        letters.poll();
        return letters.delivered() == 100;
    }));
    CHECK(read_topic(kafka.address(), "events-dead-letter", 100).size() == 100);
}

TEST_CASE("events become values in Redis, what cannot be decoded a dead letter, and a restart rebuilds", "[kafka]") {
    EmbeddedKafka kafka{"events", 2};
    RedisServer server;
    const auto config = config_of(kafka);
    Producer producer{kafka.address()};
    const auto event = [&](const std::string& id, weir::Timestamp time) {
        return shop_events::Event{.id = id, .time = time, .user = "u", .product = id}.json();
    };
    const std::string count = "user:u:product_view_count_1h";
    std::string before;
    {
        Shop shop{config, server};
        REQUIRE(shop.until([&] { return shop.job.caught_up(); }));
        producer.send("events", event("a", wall_clock()), 0);
        producer.send("events", event("b", wall_clock()), 1);
        producer.send("events", event("b", wall_clock()), 0);
        producer.send("events", event("future", wall_clock() + 1h), 0);
        producer.send("events", "{\"id\": 5", 0, "key");
        producer.send("events", std::nullopt, 1, "key");
        producer.send("events", std::string(2'000'000, ' ') + event("big", wall_clock()), 1);
        producer.flush();
        REQUIRE(shop.until([&] { return shop.metrics.dead_letters.value() == 3 && server.get(count) == "2"; }));
        CHECK(shop.metrics.outcomes[static_cast<std::size_t>(live_shopper::Outcome::accepted)].value() == 2);
        CHECK(shop.metrics.outcomes[static_cast<std::size_t>(live_shopper::Outcome::duplicate)].value() == 1);
        CHECK(shop.metrics.outcomes[static_cast<std::size_t>(live_shopper::Outcome::refused_future)].value() == 1);
        CHECK(shop.stop());
        before = server.command({"DBSIZE"}).value();
    }
    std::map<std::string, int> reasons;
    for (const auto& letter : read_topic(config.brokers, "events-dead-letter", 3)) {
        ++reasons[letter.headers.at("reason")];
    }
    CHECK(reasons.size() == 3);
    CHECK(reasons["empty"] == 1);
    CHECK(reasons["too_large"] == 1);

    server.command({"FLUSHALL"});
    Shop shop{config, server};
    REQUIRE(shop.until([&] { return shop.job.caught_up() && shop.store.pending() == 0 && server.get(count) == "2"; }));
    CHECK(server.command({"DBSIZE"}) == before);
    CHECK(shop.metrics.read_back.value() == 7);
    CHECK(shop.metrics.dead_letters.value() == 0);
    producer.send("events", event("c", wall_clock()), 0);
    producer.flush();
    CHECK(shop.until([&] { return server.get(count) == "3"; }));

    // Redis goes away in mid-stream and comes back empty.
    server.kill();
    producer.send("events", event("d", wall_clock()), 0);
    producer.flush();
    shop.until([] { return false; }, 500ms);
    server.start();
    CHECK(shop.until([&] { return server.get(count) == "4"; }));
    CHECK(shop.until([&] { return server.command({"DBSIZE"}) == before; }));
    CHECK(shop.stop());
}

TEST_CASE("a restart with a snapshot reads what came since and is sooner at work", "[kafka][snapshots]") {
    EmbeddedKafka kafka{"events", 4};
    RedisServer server;
    const auto config = config_of(kafka);
    const auto path = std::filesystem::temp_directory_path() / ("live-shopper-" + std::to_string(::getpid()));
    live_shopper::SnapshotDirectory snapshots{path.string(), "group"};
    live_shopper::JobOptions options;
    options.fence = "live-shopper:fence:group";
    options.snapshots = &snapshots;
    options.snapshot.interval = 1s;
    Producer producer{kafka.address()};
    constexpr int events = 20'000;
    for (int i = 0; i < events; ++i) {
        const auto user = std::to_string(i % 1000);
        producer.send("events",
                      shop_events::Event{.id = "e" + std::to_string(i),
                                         .time = wall_clock(),
                                         .user = "u" + user,
                                         .visitor = "v" + user,
                                         .session = "s" + user,
                                         .product = std::to_string(i % 50)}
                          .json(),
                      i % 4);
    }
    producer.flush();
    {
        Shop shop{config, server, options};
        REQUIRE(shop.until([&] { return shop.job.caught_up() && shop.store.pending() == 0; }));
        REQUIRE(shop.until([&] { return shop.metrics.snapshots.value() == 2; }));
        CHECK(shop.metrics.snapshot_bytes.value() > 100'000);
    }
    const std::string before = server.command({"DBSIZE"}).value();
    producer.send("events", shop_events::Event{.id = "more", .time = wall_clock(), .user = "u1", .product = "x"}.json(),
                  0);
    producer.flush();

    const auto seconds_to_work = [&](const live_shopper::JobOptions& with, std::uint64_t& read_back) {
        Shop shop{config, server, with};
        REQUIRE(shop.until([&] { return shop.metrics.rebalances.value() == 1; }, 60s));
        const auto begin = std::chrono::steady_clock::now();
        REQUIRE(shop.until([&] { return shop.job.caught_up(); }));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        REQUIRE(shop.until([&] { return shop.store.pending() == 0; }));
        CHECK(server.get("user:u1:product_view_count_1h") == "2");
        read_back = shop.metrics.read_back.value();
        CHECK(shop.metrics.restores[Metrics::restored].value() == (with.snapshots != nullptr ? 1 : 0));
        return took.count();
    };
    std::uint64_t with = 0;
    std::uint64_t without = 0;
    const double seconds_with = seconds_to_work(options, with);
    options.snapshots = nullptr;
    const double seconds_without = seconds_to_work(options, without);
    INFO("with a snapshot " << seconds_with << " s, without " << seconds_without << " s");
    CHECK(with < 100);
    CHECK(without >= events);
    CHECK(seconds_with < seconds_without);
    CHECK(std::stoi(server.command({"DBSIZE"}).value()) >= std::stoi(before));
    std::filesystem::remove_all(path);
}
