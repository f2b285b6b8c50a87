// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Consumer groups that give and take partitions one by one, on librdkafka's mock cluster.

#include "kafka_group.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "embedded_kafka.hpp"
#include "kafka_client_support.hpp"
#include "log.hpp"
#include "redis_server.hpp"

using namespace std::chrono_literals;
using kafka_support::Producer;
using live_shopper::EmbeddedKafka;
using live_shopper::KafkaConfig;
using live_shopper::KafkaGroup;
using live_shopper::Metrics;
using live_shopper::PartitionSource;
using live_shopper::Rebalance;

namespace {

constexpr std::int32_t partitions = 4;

KafkaConfig config_of(const EmbeddedKafka& kafka) {
    live_shopper::log::set_level(live_shopper::log::Level::off);
    KafkaConfig config;
    config.brokers = kafka.address();
    config.topic = "events";
    config.group = "group";
    config.properties = {{"session.timeout.ms", "5000"}, {"heartbeat.interval.ms", "200"}};
    return config;
}

// Reads every partition that it is given from its beginning, and notes what is left out.
struct Member {
    explicit Member(const EmbeddedKafka& kafka) : group{config_of(kafka), "", metrics} {}

    struct Part {
        std::unique_ptr<PartitionSource> source;
        std::int64_t next = 0;
    };

    void turn() {
        group.poll(10ms);
        while (auto source = group.next()) {
            parts.push_back({std::move(source)});
        }
        for (Part& part : parts) {
            const auto polled = part.source->poll(0ms);
            for (const auto& record : polled.records) {
                skipped += std::max<std::int64_t>(0, record.offset - part.next);
                part.next = std::max(part.next, record.offset + (record.end ? 0 : 1));
            }
            if (polled.rebalance == Rebalance::assigned) {
                part.next = part.source->partitions().front().low;
                CHECK(part.source->start(std::array{part.next}));
            } else if (polled.rebalance != Rebalance::none) {
                part.source->release();
            }
        }
        std::erase_if(parts, [](const Part& part) { return part.source->over(); });
    }

    Metrics metrics;
    KafkaGroup group;
    std::vector<Part> parts;
    std::int64_t skipped = 0;
};

}  // namespace

TEST_CASE("what stays where it is in a rebalance is read without a gap", "[kafka_group]") {
    EmbeddedKafka kafka{"events", partitions};
    std::atomic<bool> over{false};
    std::atomic<std::int64_t> sent{0};
    std::thread shop{[&] {
        Producer producer{kafka.address()};
        while (!over) {
            for (std::int32_t partition = 0; partition < partitions; ++partition) {
                producer.send("events", "event", partition);
            }
            ++sent;
            std::this_thread::sleep_for(1ms);
        }
        producer.flush();
    }};

    Member stays{kafka};
    const auto all = [&] { return stays.parts.size() == partitions; };
    CHECK(eventually(
        [&] {
            stays.turn();
            return all();
        },
        30s));
    auto comes_and_goes = std::make_unique<Member>(kafka);
    CHECK(eventually(
        [&] {
            stays.turn();
            comes_and_goes->turn();
            return comes_and_goes->parts.size() == partitions / 2 && stays.parts.size() == partitions / 2;
        },
        30s));
    CHECK(comes_and_goes->skipped == 0);
    comes_and_goes->parts.clear();
    comes_and_goes.reset();
    CHECK(eventually(
        [&] {
            stays.turn();
            return all();
        },
        30s));
    over = true;
    shop.join();
    CHECK(eventually([&] {
        stays.turn();
        return std::all_of(stays.parts.begin(), stays.parts.end(), [&](const auto& p) { return p.next == sent; });
    }));
    CHECK(sent > 1000);
    CHECK(stays.skipped == 0);
}
