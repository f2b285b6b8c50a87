// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "intake.hpp"
#include "job.hpp"
#include "kafka_dead_letters.hpp"
#include "kafka_group.hpp"
#include "kafka_outlet.hpp"
#include "kafka_topics.hpp"
#include "log.hpp"
#include "redis_store.hpp"
#include "relay.hpp"
#include "snapshot_directory.hpp"
#include "snapshot_topic.hpp"
#include "stage.hpp"
#include "visitor_stage.hpp"
#include "watchdog.hpp"

namespace live_shopper {
namespace {

using namespace std::chrono_literals;

constexpr weir::Duration idle_after = 100ms;
constexpr weir::Duration read_back_slack = 10min;

// What is written of snapshots in a turn, by all partitions of a stage.
constexpr std::size_t snapshot_keys = 1024;
constexpr std::size_t snapshot_bytes = std::size_t{512} << 10;

weir::Timestamp wall_clock() { return std::chrono::time_point_cast<weir::Duration>(std::chrono::system_clock::now()); }

template <class Options>
Options with(Options options, SnapshotStore* snapshots) {
    options.snapshots = snapshots;
    return options;
}

class RelayMachine final : public Machine {
public:
    RelayMachine(RelayOptions options, std::unique_ptr<SnapshotStore> snapshots, std::unique_ptr<Transform> transform,
                 PartitionSource& source, Outlet& outlet, DeadLetters& dead_letters, Metrics& metrics)
        : snapshots_{std::move(snapshots)}, relay_{with(std::move(options), snapshots_.get()),
                                                   std::move(transform),
                                                   source,
                                                   outlet,
                                                   dead_letters,
                                                   metrics,
                                                   wall_clock} {}

    void step() override { relay_.step(weir::Duration::zero()); }
    void stop() override { relay_.stop(); }
    [[nodiscard]] bool stopped() const override { return relay_.stopped(); }
    void commit_now(weir::Duration wait) override { relay_.commit_now(wait); }

private:
    std::unique_ptr<SnapshotStore> snapshots_;
    Relay relay_;
};

class ShopperMachine final : public Machine {
public:
    ShopperMachine(JobOptions options, std::unique_ptr<SnapshotStore> snapshots, const Config& config,
                   PartitionSource& source, DeadLetters& dead_letters, Metrics& metrics, std::vector<Fence>& refused)
        : refused_{refused},
          store_{config.redis, metrics},
          snapshots_{std::move(snapshots)},
          job_{with(std::move(options), snapshots_.get()),
               std::make_unique<ShopperReader>(),
               source,
               store_,
               dead_letters,
               metrics,
               wall_clock} {}
    ~ShopperMachine() override { refused_ = job_.refused(); }

    void step() override { job_.step(weir::Duration::zero()); }
    void stop() override { job_.stop(); }
    [[nodiscard]] bool stopped() const override { return job_.stopped(); }
    void commit_now(weir::Duration wait) override { job_.commit_now(wait); }

private:
    std::vector<Fence>& refused_;  // for the next machine of this partition
    RedisStore store_;
    std::unique_ptr<SnapshotStore> snapshots_;
    Job job_;
};

// What all stages of the process have in common.
struct Common {
    const Config& config;
    Metrics& metrics;
    const std::atomic<int>& signalled;
    const std::function<std::size_t()>& memory;
    std::atomic<bool> failed{false};
    std::atomic<bool> abandoned{false};  // a client that is not to be destroyed
    weir::Duration horizon;
    std::uint32_t partitions = 0;  // of the topics between stages

    [[nodiscard]] bool over() const { return signalled != 0 || failed; }

    [[nodiscard]] KafkaConfig reading(const std::string& topic) const {
        KafkaConfig kafka = config.kafka;
        kafka.topic = topic;
        kafka.group = topic;
        kafka.dead_letter_topic = config.kafka.dead_letters();
        return kafka;
    }

    [[nodiscard]] RelayOptions relay_options() const {
        return {.reach = horizon + read_back_slack,
                .max_future = config.settings.max_future,
                .snapshot = snapshot_options()};
    }

    [[nodiscard]] SnapshotOptions snapshot_options() const {
        return {.interval = config.snapshot_interval,
                .keys = snapshot_keys / partitions + 1,
                .bytes = snapshot_bytes / partitions + 1,
                .owner = config.kafka.group};
    }
};

// Where the snapshots of a stage are kept.
class StageSnapshots {
public:
    /// Of the stage that reads, or would read, this topic.
    StageSnapshots(const Common& common, std::string topic) : common_{common}, topic_{std::move(topic)} {
        if (common.config.snapshots_in_kafka()) {
            in_kafka_.emplace(common.config.kafka, Config::snapshots_topic(topic_), common.metrics);
        }
    }

    /// Those of a partition; null: none are taken.
    [[nodiscard]] std::unique_ptr<SnapshotStore> of(std::int32_t partition) {
        if (in_kafka_) {
            return in_kafka_->of_partition(partition);
        }
        const std::string& directory = common_.config.snapshots;
        return directory.empty()
                   ? nullptr
                   : std::make_unique<SnapshotDirectory>(directory, fmt::format("{}-{}", topic_, partition));
    }

private:
    const Common& common_;
    std::string topic_;
    std::optional<SnapshotTopic> in_kafka_;
};

void run_stage(Common& common, std::unique_ptr<KafkaGroup> owned, const KafkaOutlet* outlet, Stage::Make make) {
    KafkaGroup& group = *owned;
    Stage stage{group, std::move(make)};
    const auto turn = std::min<weir::Duration>(common.config.settings.flush_interval, 10ms);
    const auto works = [&] { return !group.failed() && (outlet == nullptr || !outlet->failed()); };
    while (!common.over() && works()) {
        stage.step(turn);
    }
    if (!works()) {
        log::error("ending because a Kafka client cannot go on");
        common.failed = true;
    }
    const auto begin = std::chrono::steady_clock::now();
    stage.stop();
    while (!stage.stopped() && works() && std::chrono::steady_clock::now() < begin + 3s) {
        stage.step(turn);
    }
    if (!stage.stopped()) {
        log::warn("not everything was acknowledged in time; it is read again after the next start");
        stage.commit_now(500ms);
    }
    if (group.joined()) {
        group.close(500ms);
    } else {
        (void)owned.release();
        common.abandoned = true;
    }
}

void intake(Common& common) {
    const Config& config = common.config;
    KafkaDeadLetters dead_letters{config.kafka, common.metrics};
    KafkaOutlet outlet{config.kafka, config.visitors_topic(), common.metrics};
    auto group = std::make_unique<KafkaGroup>(config.kafka, config.instance, common.metrics);
    run_stage(common, std::move(group), &outlet, [&](PartitionSource& source) -> std::unique_ptr<Machine> {
        const auto number = static_cast<std::uint32_t>(source.partitions().front().number);
        return std::make_unique<RelayMachine>(common.relay_options(), nullptr,
                                              std::make_unique<Intake>(config.settings, config.max_record, idle_after,
                                                                       number, source.count(), common.partitions),
                                              source, outlet, dead_letters, common.metrics);
    });
}

void visitors(Common& common) {
    const Config& config = common.config;
    const bool keyed = config.keyed_by_visitor;
    const KafkaConfig kafka = keyed ? config.kafka : common.reading(config.visitors_topic());
    KafkaDeadLetters dead_letters{kafka, common.metrics};
    KafkaOutlet outlet{kafka, config.shoppers_topic(), common.metrics};
    StageSnapshots snapshots{common, config.visitors_topic()};
    auto group = std::make_unique<KafkaGroup>(kafka, config.instance, common.metrics);
    run_stage(common, std::move(group), &outlet, [&](PartitionSource& source) -> std::unique_ptr<Machine> {
        const auto number = static_cast<std::uint32_t>(source.partitions().front().number);
        std::unique_ptr<Transform> transform;
        if (keyed) {
            transform = std::make_unique<KeyedVisitorStage>(config.settings, config.max_record, idle_after,
                                                            common.horizon, number, source.count(), common.partitions);
        } else {
            transform = std::make_unique<VisitorStage>(config.settings, common.horizon, number, source.count(),
                                                       common.partitions);
        }
        return std::make_unique<RelayMachine>(common.relay_options(), snapshots.of(source.partitions().front().number),
                                              std::move(transform), source, outlet, dead_letters, common.metrics);
    });
}

void shoppers(Common& common) {
    const Config& config = common.config;
    const KafkaConfig kafka = common.reading(config.shoppers_topic());
    JobOptions options;
    options.settings = config.settings;
    options.settings.dedupe = common.horizon;  // what comes again is what a stage has sent twice, however old
    options.fence = "live-shopper:fence:" + config.kafka.group;
    options.max_pending = std::max<std::size_t>(1000, config.max_pending / common.partitions);
    options.memory_limit = config.memory_limit;
    options.memory = common.memory;
    options.snapshot = common.snapshot_options();
    std::map<std::int32_t, std::vector<Fence>> refused;
    StageSnapshots snapshots{common, config.shoppers_topic()};
    KafkaDeadLetters dead_letters{kafka, common.metrics};
    auto group = std::make_unique<KafkaGroup>(kafka, config.instance, common.metrics);
    run_stage(common, std::move(group), nullptr, [&](PartitionSource& source) -> std::unique_ptr<Machine> {
        const auto number = source.partitions().front().number;
        auto& before = refused[number];
        options.refused = before;
        return std::make_unique<ShopperMachine>(options, snapshots.of(number), config, source, dead_letters,
                                                common.metrics, before);
    });
}

const std::atomic<int>* stop_signal = nullptr;

// How many partitions the topics between the stages have; 0 where the program is to end.
std::uint32_t make_topics(const Common& common) {
    using Kind = WantedTopic::Kind;
    const Config& config = common.config;
    const auto make = [&](const std::vector<WantedTopic>& topics, std::optional<std::uint32_t> partitions) {
        return make_topics(config.kafka, topics, partitions, 2 * common.horizon + read_back_slack, common.metrics,
                           [] { return *stop_signal != 0; });
    };
    std::vector<WantedTopic> topics{{config.shoppers_topic()}};
    std::vector<WantedTopic> of_visitors{{config.keyed_by_visitor ? config.kafka.topic : config.visitors_topic(),
                                          config.keyed_by_visitor ? Kind::foreign : Kind::log}};
    if (config.snapshots_in_kafka()) {
        topics.push_back({Config::snapshots_topic(config.shoppers_topic()), Kind::compacted});
        of_visitors.push_back({Config::snapshots_topic(config.visitors_topic()), Kind::compacted});
    }
    const auto partitions = make(topics, config.stage_partitions);
    if (partitions == 0 || (config.keyed_by_visitor && !config.snapshots_in_kafka())) {
        return partitions;
    }
    // The stage of visitors has the input's partitions where it reads that.
    const auto as_many = config.keyed_by_visitor ? std::nullopt : std::optional{partitions};
    return make(of_visitors, as_many) == 0 ? 0 : partitions;
}

}  // namespace

int run_fleet(const Config& config, Metrics& metrics, const std::atomic<int>& signalled,
              const std::function<std::size_t()>& memory) {
    Common common{.config = config,
                  .metrics = metrics,
                  .signalled = signalled,
                  .memory = memory,
                  .horizon = std::max(Engine{config.settings}.horizon(), config.settings.dedupe)};
    stop_signal = &signalled;
    common.partitions = make_topics(common);
    if (common.partitions == 0) {
        return 0;
    }

    std::vector<std::thread> threads;
    const auto start = [&](void (*stage)(Common&), const char* name) {
        threads.emplace_back([&common, stage, name] {
            try {
                stage(common);
            } catch (const std::exception& error) {
                log::error("a stage cannot run", {{"stage", name}, {"error", error.what()}});
                common.failed = true;
            }
        });
    };
    if (!config.keyed_by_visitor) {
        start(intake, "intake");
    }
    start(visitors, "visitors");
    start(shoppers, "shoppers");
    while (!common.over()) {
        std::this_thread::sleep_for(20ms);
    }
    log::info("stopping", {{"signal", signalled.load()}});
    const Watchdog watchdog{4800ms};
    for (std::thread& thread : threads) {
        thread.join();
    }
    log::info("stopped");
    if (common.abandoned) {
        std::fflush(nullptr);
        std::_Exit(common.failed ? 1 : 0);  // its threads run on
    }
    return common.failed ? 1 : 0;
}

}  // namespace live_shopper
