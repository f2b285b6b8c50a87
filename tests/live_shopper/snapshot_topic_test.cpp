// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "snapshot_topic.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <catch2/catch.hpp>

#include "embedded_kafka.hpp"
#include "log.hpp"

using namespace live_shopper;
using namespace std::chrono_literals;
using SnapshotState = SnapshotStore::State;

namespace {

const std::string topic = "snapshots";

using Bytes = std::vector<std::byte>;

Bytes some_bytes(std::size_t size, unsigned seed) {
    std::mt19937 random{seed};
    Bytes out(size);
    for (std::byte& byte : out) {
        byte = static_cast<std::byte>(random());
    }
    return out;
}

KafkaConfig config_of(const EmbeddedKafka& kafka) {
    log::set_level(log::Level::off);
    KafkaConfig config;
    config.brokers = kafka.address();
    return config;
}

/// One process.
struct Process {
    explicit Process(const EmbeddedKafka& kafka) : snapshots{config_of(kafka), topic, metrics} {}

    Metrics metrics;
    SnapshotTopic snapshots;
};

void wait_for(const std::function<bool()>& condition, std::chrono::seconds most = 10s) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!condition()) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        std::this_thread::sleep_for(1ms);
    }
}

void put(SnapshotStore& store, const Bytes& bytes, std::size_t part) {
    for (std::size_t at = 0; at < bytes.size(); at += part) {
        wait_for([&] { return !store.full(); });
        const auto end = std::min(bytes.size(), at + part);
        store.append(
            {bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(end)});
    }
}

void keep(SnapshotStore& store, const Bytes& bytes, std::size_t part = 100'000) {
    store.begin();
    put(store, bytes, part);
    CHECK(store.state() == SnapshotState::open);
    store.complete();
    wait_for([&] { return store.state() == SnapshotState::kept; });
}

std::optional<Bytes> read(SnapshotStore& store, const std::string& name) {
    const auto found = store.read(name);
    return found ? std::optional{Bytes{found->bytes.begin(), found->bytes.end()}} : std::nullopt;
}

/// Somebody who writes to the topic what is none of a snapshot.
class Stranger {
public:
    explicit Stranger(const EmbeddedKafka& kafka) {
        rd_kafka_conf_t* const conf = rd_kafka_conf_new();
        rd_kafka_conf_set(conf, "bootstrap.servers", kafka.address().c_str(), nullptr, 0);
        client_ = make_kafka_client(KafkaRole::producer, KafkaConf{conf});
    }
    ~Stranger() { rd_kafka_destroy(client_); }
    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;

    void write(std::int32_t partition, const std::string& value, const std::string& header = {}) {
        rd_kafka_headers_t* const headers = rd_kafka_headers_new(1);
        if (!header.empty()) {
            rd_kafka_header_add(headers, "live-shopper", -1, header.data(), static_cast<ssize_t>(header.size()));
        }
        REQUIRE(rd_kafka_producev(client_, RD_KAFKA_VTYPE_TOPIC, topic.c_str(), RD_KAFKA_VTYPE_PARTITION, partition,
                                  RD_KAFKA_VTYPE_VALUE, const_cast<char*>(value.data()), value.size(),
                                  RD_KAFKA_VTYPE_HEADERS, headers, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY,
                                  RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
        REQUIRE(rd_kafka_flush(client_, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR);
    }

private:
    rd_kafka_t* client_ = nullptr;
};

}  // namespace

TEST_CASE("a snapshot in a topic is found by another process", "[snapshots][kafka]") {
    EmbeddedKafka kafka{topic, 3};
    const auto size = GENERATE(std::size_t{0}, std::size_t{1}, SnapshotTopic::chunk_bytes, std::size_t{1'700'001});
    const auto bytes = some_bytes(size, 1);
    {
        Process one{kafka};
        const auto store = one.snapshots.of_partition(2);
        CHECK(store->names().empty());
        CHECK(store->state() == SnapshotState::none);
        keep(*store, bytes);
    }
    Process other{kafka};
    const auto store = other.snapshots.of_partition(2);
    const auto names = store->names();
    REQUIRE(names.size() == 1);
    CHECK(read(*store, names.front()) == bytes);
    CHECK(other.snapshots.of_partition(1)->names().empty());
    CHECK_FALSE(store->read("snapshots:2@12345"));
    CHECK_FALSE(store->read("nonsense"));
}

TEST_CASE("the newest two snapshots of a partition are kept, whoever took them", "[snapshots][kafka]") {
    EmbeddedKafka kafka{topic, 2};
    for (unsigned i = 1; i <= 4; ++i) {
        Process process{kafka};
        const auto store = process.snapshots.of_partition(0);
        const auto other = process.snapshots.of_partition(1);
        CHECK(store->names().size() == std::min<std::size_t>(2, 2 * (i - 1)));
        keep(*store, some_bytes(60'000 * i, 2 * i));
        keep(*other, some_bytes(10, 100 + i));
        keep(*store, some_bytes(60'000 * i, 2 * i + 1));
    }
    Process process{kafka};
    const auto store = process.snapshots.of_partition(0);
    const auto names = store->names();
    REQUIRE(names.size() == 2);
    CHECK(read(*store, names[0]) == some_bytes(240'000, 9));
    CHECK(read(*store, names[1]) == some_bytes(240'000, 8));
}

TEST_CASE("a snapshot that was not completed is none", "[snapshots][kafka]") {
    EmbeddedKafka kafka{topic, 1};
    const auto bytes = some_bytes(1'000'000, 1);
    {
        Process process{kafka};
        const auto store = process.snapshots.of_partition(0);
        keep(*store, bytes);
        store->begin();
        put(*store, some_bytes(1'200'000, 2), 100'000);
        SECTION("its writer died") {}
        SECTION("it was given up") {
            store->abandon();
            CHECK(store->state() == SnapshotState::none);
        }
        SECTION("another was begun") {
            store->begin();
            put(*store, some_bytes(600'000, 3), 100'000);
        }
        std::this_thread::sleep_for(100ms);
        static_cast<void>(store->state());
    }
    Process process{kafka};
    const auto store = process.snapshots.of_partition(0);
    const auto names = store->names();
    REQUIRE(names.size() == 1);
    CHECK(read(*store, names.front()) == bytes);
}

TEST_CASE("two that write the snapshots of one partition do each other no harm", "[snapshots][kafka]") {
    EmbeddedKafka kafka{topic, 1};
    Process one{kafka};
    Process two{kafka};
    const auto first = one.snapshots.of_partition(0);
    const auto second = two.snapshots.of_partition(0);
    first->names();
    second->names();
    const auto bytes = some_bytes(700'000, 1);
    const auto others = some_bytes(800'000, 2);
    first->begin();
    second->begin();
    for (std::size_t part = 0; part != 8; ++part) {
        first->append(some_bytes(0, 0));
        put(*first,
            {bytes.begin() + static_cast<std::ptrdiff_t>(part * 87'500),
             bytes.begin() + static_cast<std::ptrdiff_t>((part + 1) * 87'500)},
            50'000);
        put(*second,
            {others.begin() + static_cast<std::ptrdiff_t>(part * 100'000),
             others.begin() + static_cast<std::ptrdiff_t>((part + 1) * 100'000)},
            50'000);
    }
    first->complete();
    wait_for([&] { return first->state() == SnapshotState::kept; });
    second->complete();
    wait_for([&] { return second->state() == SnapshotState::kept; });
    Process process{kafka};
    const auto store = process.snapshots.of_partition(0);
    const auto names = store->names();
    REQUIRE_FALSE(names.empty());
    CHECK(read(*store, names.front()) == others);
    keep(*store, bytes);
    CHECK(read(*store, store->names().front()) == bytes);
}

TEST_CASE("what others write to the topic is passed over", "[snapshots][kafka]") {
    EmbeddedKafka kafka{topic, 1};
    const auto bytes = some_bytes(600'000, 1);
    Process process{kafka};
    const auto store = process.snapshots.of_partition(0);
    Stranger stranger{kafka};
    stranger.write(0, "hello");
    CHECK(store->names().empty());
    keep(*store, bytes);
    const std::string mine{"sna\x01", 4};
    for (int i = 0; i != 20; ++i) {
        stranger.write(0, "hello");
        stranger.write(0, "hello", "a header");
        stranger.write(0, "hello", mine);
        stranger.write(0, "hello", mine + std::string(30, '\xFF'));
    }
    const auto names = process.snapshots.of_partition(0)->names();
    REQUIRE(names.size() == 1);
    const auto again = process.snapshots.of_partition(0);
    CHECK(read(*again, again->names().front()) == bytes);

    // One that says it is a manifest, and one that leads to what is none.
    stranger.write(0, "no manifest", mine + std::string{'\x01'} + std::string(28, '\0'));
    CHECK(process.snapshots.of_partition(0)->names().empty());
    stranger.write(0, "no chunk", mine + std::string{'\0'} + std::string(28, '\0'));
    CHECK(process.snapshots.of_partition(0)->names().empty());
}

TEST_CASE("a broker that is away costs the snapshot and no more", "[snapshots][kafka]") {
    EmbeddedKafka kafka{topic, 1};
    auto config = config_of(kafka);
    config.properties = {{"message.timeout.ms", "3000"}};
    Metrics metrics;
    SnapshotTopic snapshots{config, topic, metrics};
    const auto store = snapshots.of_partition(0);
    keep(*store, some_bytes(1000, 1));
    kafka.set_up(false);
    store->begin();
    store->append(some_bytes(600'000, 2));
    store->complete();
    wait_for([&] { return store->state() == SnapshotState::failed; }, 30s);
    store->abandon();
    const auto began = std::chrono::steady_clock::now();
    CHECK(snapshots.of_partition(0)->names().empty());
    CHECK(std::chrono::steady_clock::now() - began < SnapshotTopic::patience + 2s);
    kafka.set_up(true);
    keep(*store, some_bytes(1000, 3));
    const auto names = store->names();
    REQUIRE(names.size() == 2);
    CHECK(read(*store, names.front()) == some_bytes(1000, 3));
    CHECK(read(*store, names.back()) == some_bytes(1000, 1));
}
