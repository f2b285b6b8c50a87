// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "embedded_kafka.hpp"
#include "fleet.hpp"
#include "heap.hpp"
#include "job.hpp"
#include "kafka_dead_letters.hpp"
#include "kafka_source.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "metrics_server.hpp"
#include "redis_store.hpp"
#include "snapshot_directory.hpp"
#include "watchdog.hpp"

namespace live_shopper {
namespace {

using namespace std::chrono_literals;

std::atomic<int> signalled{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not lock");

extern "C" void on_signal(int signal) { signalled.store(signal, std::memory_order_relaxed); }

weir::Timestamp wall_clock() { return std::chrono::time_point_cast<weir::Duration>(std::chrono::system_clock::now()); }

// A client for each of three stages, and each reckons with twelve partitions that have a queue of their own.
constexpr std::size_t queues_of_a_fleet = 36;

// Nothing where the heap is a sanitizer's: the job then counts its state.
std::function<std::size_t()> count_memory(std::size_t set_aside) {
    if (heap_in_use() == 0) {
        return {};
    }
    return [set_aside] { return heap_in_use() + set_aside; };
}

}  // namespace

int run(const Config& given, std::FILE* out) {
    Config config = given;
    log::set_level(config.log_level);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGINT, on_signal);
    // Last of all to go: the others may hang while they do.
    std::unique_ptr<Watchdog> watchdog;
    try {
        Metrics metrics;
        std::unique_ptr<EmbeddedKafka> embedded;
        if (config.embedded_kafka) {
            embedded = std::make_unique<EmbeddedKafka>(config.kafka.topic, config.embedded_partitions);
            config.kafka.brokers = embedded->address();
            // The mock cluster answers a fetch that found nothing only when its wait is over, whatever came meanwhile.
            config.kafka.properties.emplace(config.kafka.properties.begin(), "fetch.wait.max.ms", "10");
            fmt::print(out, "kafka {}\n", config.kafka.brokers);
            std::fflush(out);
        }
        // What the Kafka client has fetched is not on the heap that is counted, so it is bounded and set aside.
        const auto fetched = std::min(config.memory_limit / 8, std::size_t{64} << 20);
        if (config.memory_limit != 0) {
            config.kafka.properties.emplace(
                config.kafka.properties.begin(), "queued.max.messages.kbytes",
                std::to_string((fetched >> 10) / (config.scale_out ? queues_of_a_fleet : 1)));
        }
        std::unique_ptr<MetricsServer> server;
        if (config.metrics) {
            server = std::make_unique<MetricsServer>(metrics, config.metrics->host, config.metrics->port);
            log::info("metrics served", {{"address", config.metrics->host}, {"port", server->port()}});
        }
        if (config.scale_out) {
            return run_fleet(config, metrics, signalled, count_memory(fetched));
        }
        RedisStore store{config.redis, metrics};
        KafkaDeadLetters dead_letters{config.kafka, metrics};
        KafkaSource source{config.kafka, metrics};
        std::optional<SnapshotDirectory> snapshots;
        if (!config.snapshots.empty()) {
            snapshots.emplace(config.snapshots, config.kafka.group);
        }
        // The log of the embedded Kafka is gone with the process, and so is whoever could come back to write of it.
        Job job{{.settings = config.settings,
                 .fence = config.embedded_kafka ? std::string{} : "live-shopper:fence:" + config.kafka.group,
                 .shards = config.threads,
                 .max_record = config.max_record,
                 .max_pending = config.max_pending,
                 .memory_limit = config.memory_limit,
                 .memory = count_memory(fetched),
                 .snapshots = snapshots ? &*snapshots : nullptr,
                 .snapshot = {.interval = config.snapshot_interval, .owner = config.kafka.group}},
                source,
                store,
                dead_letters,
                metrics,
                wall_clock};
        const auto turn = std::min<weir::Duration>(config.settings.flush_interval, 10ms);
        while (signalled == 0 && !source.failed()) {
            job.step(turn);
        }
        if (source.failed()) {
            log::error("ending because the Kafka consumer cannot go on");
            return 1;
        }
        log::info("stopping", {{"signal", signalled.load()}});
        watchdog = std::make_unique<Watchdog>(4800ms);
        const auto begin = std::chrono::steady_clock::now();
        job.stop();
        while (!job.stopped() && std::chrono::steady_clock::now() < begin + 3s) {
            job.step(turn);
        }
        if (!job.stopped()) {
            log::warn("not everything was acknowledged in time; it is read again after the next start",
                      {{"redis_queue", store.pending()}});
            job.commit_now(500ms);
        }
        source.close(500ms);
    } catch (const std::exception& error) {
        log::error("cannot run", {{"error", error.what()}});
        return 1;
    }
    log::info("stopped");
    return 0;
}

}  // namespace live_shopper
