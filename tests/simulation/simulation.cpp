// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "simulation.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "decoder.hpp"
#include "engine.hpp"
#include "intake.hpp"
#include "job.hpp"
#include "model.hpp"
#include "parts.hpp"
#include "reader.hpp"
#include "relay.hpp"
#include "stage.hpp"
#include "visitor_stage.hpp"

namespace simulation {

namespace {

using namespace std::chrono_literals;

// Longer than what a fault can make event time wrong by, so that no session closes too early.
constexpr Duration lateness = 20min;
constexpr Duration clock_error = 2min;
constexpr Duration margin = clock_error + 1min;  // a value written by a clock that is ahead lapses too early by that
constexpr Duration most_delay = 9min;            // of an event on its way to Kafka
// Event time of a fleet stands still while a partition of any stage is out of work, and these may be out in turn.
// A value that was written meanwhile lapses later by as much.
constexpr Duration most_standstill = 30min;

constexpr std::array<std::pair<Breakage, std::string_view>, 14> names{{
    {Breakage::none, "none"},
    {Breakage::commit_before_acknowledgement, "commit_before_acknowledgement"},
    {Breakage::no_fence, "no_fence"},
    {Breakage::no_dedupe, "no_dedupe"},
    {Breakage::lost_close, "lost_close"},
    {Breakage::lost_erase, "lost_erase"},
    {Breakage::torn_writes, "torn_writes"},
    {Breakage::commit_before_next_topic, "commit_before_next_topic"},
    {Breakage::lost_give_up, "lost_give_up"},
    {Breakage::no_dedupe_of_parts, "no_dedupe_of_parts"},
    {Breakage::lost_resend, "lost_resend"},
    {Breakage::skipped_records, "skipped_records"},
    {Breakage::snapshot_without_offset, "snapshot_without_offset"},
    {Breakage::torn_snapshot_trusted, "torn_snapshot_trusted"},
}};

std::string iso(Timestamp t) {
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{t - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

live_shopper::Settings settings() {
    live_shopper::Settings settings;
    settings.session_lateness = lateness;
    return settings;
}

// What can happen to a process, whatever it does.
struct Process {
    explicit Process(std::size_t its_number) : number{its_number} {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    virtual ~Process() = default;

    virtual void step() = 0;
    virtual void stop() = 0;
    [[nodiscard]] virtual bool stopped() const = 0;
    virtual void background_kafka() = 0;  // the threads of its clients
    virtual void background() = 0;
    virtual void leave() = 0;
    virtual void cut_off_kafka(Timestamp until) = 0;
    virtual void cut_off_redis(Timestamp until) = 0;
    virtual void disconnect_redis() = 0;

    std::size_t number;
    live_shopper::Metrics metrics;
    Duration clock_error_now{};
    Timestamp kafka_cut_off_until = Timestamp::min();
    std::uint64_t calls_to_kill = 0;  // 0: not planned
    std::uint64_t calls_to_stall = 0;
    std::uint64_t late_told = 0;
    std::uint64_t evicted_told = 0;
    bool stalled = false;
    bool stopping = false;
    int steps_after_stall = -1;  // left to a process that has a successor
};

live_shopper::JobOptions job_options(std::size_t memory_limit, std::size_t process) {
    live_shopper::JobOptions options;
    if (process % 2 == 0) {
        options.flush_keys = 12;  // few of those that there are
    }
    options.settings = settings();
    options.fence = "fence";
    options.max_pending = 2000;
    options.memory_limit = memory_limit;
    options.memory_grace = 24h;  // longer than anything here is cut off or comes again
    return options;
}

live_shopper::SnapshotOptions snapshot_options() { return {.interval = 2s, .keys = 50, .owner = "group"}; }

live_shopper::JobOptions with_snapshots(live_shopper::JobOptions options, SnapshotStore* snapshots) {
    options.snapshots = snapshots;
    options.snapshot = snapshot_options();
    return options;
}

struct OneProcess final : Process {
    OneProcess(World& world, const Hook& hook, std::size_t its_number, std::size_t memory_limit)
        : Process{its_number},
          source{world, world.kafka, hook},
          store{world, hook},
          letters{world, hook},
          snapshots{snapshots_of(world, hook, its_number)},
          job{with_snapshots(job_options(memory_limit, its_number), snapshots.get()),
              source,
              store,
              letters,
              metrics,
              [this, &world] { return world.now + clock_error_now; }} {}

    void step() override { job.step(0ms); }
    void stop() override { job.stop(); }
    [[nodiscard]] bool stopped() const override { return job.stopped(); }
    void background_kafka() override { source.background(); }
    void background() override {
        store.background();
        letters.background();
        if (snapshots) {
            snapshots->background();
        }
    }
    void leave() override { source.leave(); }
    void cut_off_kafka(Timestamp until) override { kafka_cut_off_until = source.cut_off_until = until; }
    void cut_off_redis(Timestamp until) override { store.cut_off_until = until; }
    void disconnect_redis() override { store.disconnect(); }

    Source source;
    Store store;
    DeadLetters letters;
    std::unique_ptr<SnapshotStore> snapshots;
    live_shopper::Job job;

private:
    static std::unique_ptr<SnapshotStore> snapshots_of(World& world, const Hook& hook, std::size_t its_number) {
        return world.disks.empty() ? nullptr
                                   : std::make_unique<SnapshotStore>(
                                         world, world.kafka, world.disks[its_number % world.disks.size()], hook);
    }
};

// One of several that run every stage.
struct FleetProcess final : Process {
    FleetProcess(World& the_world, Hook its_hook, std::size_t its_number, std::size_t its_memory_limit)
        : Process{its_number},
          memory_limit{its_memory_limit},
          world{the_world},
          hook{std::move(its_hook)},
          letters{world, hook},
          to_visitors{world, world.visitors, hook},
          to_shoppers{world, world.shoppers, hook},
          events{world, world.kafka, hook},
          visitors{world, world.visitors, hook},
          shoppers{world, world.shoppers, hook},
          intake{events, [this](live_shopper::PartitionSource& source) { return make_intake(source); }},
          visitor_stage{visitors, [this](live_shopper::PartitionSource& source) { return make_visitors(source); }},
          shopper_stage{shoppers, [this](live_shopper::PartitionSource& source) { return make_shoppers(source); }} {}

    void step() override {
        intake.step(0ms);
        visitor_stage.step(0ms);
        shopper_stage.step(0ms);
    }
    void stop() override {
        intake.stop();
        visitor_stage.stop();
        shopper_stage.stop();
    }
    [[nodiscard]] bool stopped() const override {
        return intake.stopped() && visitor_stage.stopped() && shopper_stage.stopped();
    }
    void background_kafka() override {
        for (Group* const group : {&events, &visitors, &shoppers}) {
            group->background();
        }
    }
    void background() override {
        to_visitors.background();
        to_shoppers.background();
        letters.background();
        for (Store* const store : stores) {
            store->background();
        }
        for (SnapshotStore* const store : snapshots) {
            store->background();
        }
    }
    void leave() override {
        for (Group* const group : {&events, &visitors, &shoppers}) {
            group->leave();
        }
    }
    void cut_off_kafka(Timestamp until) override {
        kafka_cut_off_until = to_visitors.cut_off_until = to_shoppers.cut_off_until = until;
        for (Group* const group : {&events, &visitors, &shoppers}) {
            group->cut_off_until = until;
        }
    }
    void cut_off_redis(Timestamp until) override {
        redis_cut_off_until = until;
        for (Store* const store : stores) {
            store->cut_off_until = until;
        }
    }
    void disconnect_redis() override {
        for (Store* const store : stores) {
            store->disconnect();
        }
    }

private:
    // Those of a partition of a stage; null: none are taken. They are where everybody finds them, or on the disk of the
    // machine.
    std::unique_ptr<SnapshotStore> snapshots_of(Kafka& topic, const live_shopper::PartitionSource& source) {
        if (world.disks.empty()) {
            return nullptr;
        }
        const std::size_t of_stage = &topic == &world.visitors ? 0 : world.visitors.logs.size();
        const std::size_t each = world.visitors.logs.size() + world.shoppers.logs.size();
        const std::size_t machine = number % (world.disks.size() / each);
        return std::make_unique<SnapshotStore>(world, topic, world.disks[machine * each + of_stage + number_of(source)],
                                               hook);
    }

    // The snapshots of a partition while it is worked on.
    class Keeping {
    public:
        Keeping(FleetProcess& process, std::unique_ptr<SnapshotStore> snapshots)
            : process_{process}, snapshots_{std::move(snapshots)} {
            if (snapshots_) {
                process_.snapshots.push_back(snapshots_.get());
            }
        }
        ~Keeping() { std::erase(process_.snapshots, snapshots_.get()); }
        Keeping(const Keeping&) = delete;
        Keeping& operator=(const Keeping&) = delete;
        [[nodiscard]] SnapshotStore* store() const { return snapshots_.get(); }

    private:
        FleetProcess& process_;
        std::unique_ptr<SnapshotStore> snapshots_;
    };

    class RelayMachine final : public live_shopper::Machine {
    public:
        RelayMachine(FleetProcess& process, std::unique_ptr<live_shopper::Transform> transform,
                     live_shopper::PartitionSource& source, Outlet& outlet,
                     std::unique_ptr<SnapshotStore> snapshots = nullptr)
            : keeping_{process, std::move(snapshots)},
              relay_{{.reach = process.horizon + 10min,
                      .max_future = settings().max_future,
                      .snapshots = keeping_.store(),
                      .snapshot = snapshot_options()},
                     std::move(transform),
                     source,
                     outlet,
                     process.letters,
                     process.metrics,
                     process.clock} {}
        void step() override { relay_.step(0ms); }
        void stop() override { relay_.stop(); }
        [[nodiscard]] bool stopped() const override { return relay_.stopped(); }
        void commit_now(Duration wait) override { relay_.commit_now(wait); }

    private:
        Keeping keeping_;
        live_shopper::Relay relay_;
    };

    class ShopperMachine final : public live_shopper::Machine {
    public:
        ShopperMachine(FleetProcess& process, live_shopper::JobOptions options, live_shopper::PartitionSource& source,
                       std::vector<live_shopper::Fence>& refused)
            : process_{process},
              refused_{refused},
              store_{process.world, process.hook},
              keeping_{process, process.snapshots_of(process.world.shoppers, source)},
              job_{with_snapshots(std::move(options), keeping_.store()),
                   std::make_unique<live_shopper::ShopperReader>(),
                   source,
                   store_,
                   process.letters,
                   process.metrics,
                   process.clock} {
            store_.cut_off_until = process.redis_cut_off_until;
            process_.stores.push_back(&store_);
        }
        ~ShopperMachine() override {
            refused_ = job_.refused();
            std::erase(process_.stores, &store_);
        }
        ShopperMachine(const ShopperMachine&) = delete;
        ShopperMachine& operator=(const ShopperMachine&) = delete;
        void step() override { job_.step(0ms); }
        void stop() override { job_.stop(); }
        [[nodiscard]] bool stopped() const override { return job_.stopped(); }
        void commit_now(Duration wait) override { job_.commit_now(wait); }

    private:
        FleetProcess& process_;
        std::vector<live_shopper::Fence>& refused_;
        Store store_;
        Keeping keeping_;
        live_shopper::Job job_;
    };

    [[nodiscard]] static std::uint32_t number_of(const live_shopper::PartitionSource& source) {
        return static_cast<std::uint32_t>(source.partitions().front().number);
    }
    std::unique_ptr<live_shopper::Machine> make_intake(live_shopper::PartitionSource& source) {
        return std::make_unique<RelayMachine>(
            *this,
            std::make_unique<live_shopper::Intake>(settings(), 1 << 20, 100ms, number_of(source), source.count(),
                                                   static_cast<std::uint32_t>(world.visitors.logs.size())),
            source, to_visitors);
    }
    std::unique_ptr<live_shopper::Machine> make_visitors(live_shopper::PartitionSource& source) {
        return std::make_unique<RelayMachine>(
            *this,
            std::make_unique<live_shopper::VisitorStage>(settings(), horizon, number_of(source), source.count(),
                                                         static_cast<std::uint32_t>(world.shoppers.logs.size())),
            source, to_shoppers, snapshots_of(world.visitors, source));
    }
    std::unique_ptr<live_shopper::Machine> make_shoppers(live_shopper::PartitionSource& source) {
        auto options = job_options(memory_limit, number);
        options.settings.dedupe = horizon;
        auto& before = refused[number_of(source)];
        options.refused = before;
        return std::make_unique<ShopperMachine>(*this, std::move(options), source, before);
    }

public:
    std::size_t memory_limit;  // of the state of each partition of shoppers
    World& world;
    Hook hook;
    Duration horizon = live_shopper::Engine{settings()}.horizon();
    live_shopper::Clock clock = [this] { return world.now + clock_error_now; };
    Timestamp redis_cut_off_until = Timestamp::min();
    std::map<std::uint32_t, std::vector<live_shopper::Fence>> refused;
    std::vector<Store*> stores;
    std::vector<SnapshotStore*> snapshots;
    DeadLetters letters;
    Outlet to_visitors;
    Outlet to_shoppers;
    Group events;
    Group visitors;
    Group shoppers;
    live_shopper::Stage intake;
    live_shopper::Stage visitor_stage;
    live_shopper::Stage shopper_stage;
};

class Simulation {
public:
    explicit Simulation(const Plan& plan)
        : single_{plan.fleet.value_or(plan.seed % 4 == 1) || plan.seed % 3 == 0},
          fleet_{plan.fleet.value_or(plan.seed % 4 == 1)},
          memory_limit_{plan.memory_limit},
          world_{plan.seed, 1 + plan.seed % 5, plan.breakage},
          processes_wanted_{single_ && !fleet_ ? 1 : 1 + plan.seed % 3} {
        for (Kafka* const topic : {&world_.kafka, &world_.visitors, &world_.shoppers}) {
            topic->cooperative = fleet_;
        }
        if (!fleet_ && single_) {
            world_.disks.resize(processes_wanted_);
        } else if (const auto kind = plan.seed / 36 % 3; fleet_ && kind != 0) {
            const auto each = world_.visitors.logs.size() + world_.shoppers.logs.size();
            world_.disks.resize(each * (kind == 1 ? 1 : processes_wanted_));
        }
        if (plan.story) {
            world_.story = [this, story = plan.story](const std::string& text) { story(iso(world_.now) + ' ' + text); };
        }
    }

    Outcome run() {
        // Some shops are busy for minutes, others open for two days.
        const std::array<Duration, 4> paces{2s, 20s, 2min, 6min};
        pace_ = paces[world_.random.below(paces.size())];
        const auto turns = 400 + world_.random.below(400);
        for (std::uint64_t i = 0; i < turns && wrong_.empty(); ++i) {
            shop();
            turn();
        }
        heal();
        std::uint64_t compared = 0;
        for (const Duration after : {Duration{7min}, Duration{45min}, Duration{3h}}) {
            pass(after);
            compared += compare(after < Duration{3h});
        }
        check_letters();
        Outcome outcome;
        outcome.wrong = wrong_;
        outcome.trace = world_.redis.trace;
        outcome.events = made_.size();
        outcome.writes = world_.redis.transactions;
        outcome.refused = world_.redis.refused;
        outcome.values = compared;
        outcome.missing = missing_;
        for (const auto& process : processes_) {
            count_restores(*process);
        }
        outcome.restored = restored_;
        outcome.unusable = unusable_;
        outcome.evicted = evicted_;
        outcome.starts = starts_;
        outcome.kills = kills_;
        outcome.stalls = stalls_;
        return outcome;
    }

private:
    // ---- the shop

    struct Made {
        ShopEvent event;
        std::string payload;
        std::size_t partition;
        Timestamp first;
    };

    void shop() {
        for (auto n = world_.random.below(4); n > 0; --n) {
            auto& random = world_.random;
            if (random.one_in(25)) {
                const auto partition = random.below(world_.kafka.logs.size());
                produce(partition, random.one_in(3) ? std::nullopt : std::optional<std::string>{"{\"id\":"});
            } else if (!made_.empty() && random.one_in(8)) {
                const Made& again = made_[random.below(made_.size())];
                // What comes again long after is a matter of how long ids are remembered. One that was ahead is refused
                // again, or it would take event time along, and later be late.
                const bool refused = again.event.time > again.first;
                if (world_.now - again.first < 12h && (!refused || again.event.time > world_.now + 6min)) {
                    model_.take(again.event, world_.now);
                    produce(single_ ? random.below(world_.kafka.logs.size()) : again.partition, again.payload);
                }
            } else {
                make_event();
            }
        }
    }

    void make_event() {
        auto& random = world_.random;
        static const std::vector<std::string> types{"page_view",        "product_view",  "product_view",
                                                    "list_view",        "add_to_cart",   "add_to_cart",
                                                    "remove_from_cart", "checkout_step", "transaction"};
        const auto visitor = random.below(7);
        ShopEvent event;
        event.id = fmt::format("e{}", made_.size());
        event.type = random.of(types);
        event.visitor = fmt::format("v{}", visitor);
        event.session = fmt::format("s{}-{}", visitor, random.below(2));
        // In a shop of one process a user has several visitors, and a visitor several users.
        if (random.one_in(4)) {
            event.user =
                single_ ? fmt::format("u{}", random.below(5)) : fmt::format("u{}-{}", visitor, random.below(2));
        }
        if (event.type != "page_view" && event.type != "list_view" && event.type != "checkout_step") {
            event.product = fmt::format("p{}", random.below(6));
            event.category = fmt::format("c{}", random.below(3));
            event.price = 1 + static_cast<int>(random.below(50));
            event.quantity = 1 + static_cast<int>(random.below(3));
        }
        if (event.type == "list_view") {
            event.list = fmt::format("c{}", random.below(3));
        }
        if (event.type == "transaction") {
            event.transaction = fmt::format("t{}", random.below(8));
        }
        event.cart_total = static_cast<int>(random.below(200));
        const Duration delay = random.one_in(20)   ? -Duration{20min}  // a clock that is ahead: refused
                               : random.one_in(10) ? random.between(0ms, most_delay)
                                                   : random.between(0ms, 5s);
        // Equal times go by arrival, and whose arrival counts depends on who reads which partition first.
        event.time = world_.now - delay;
        while (!times_.insert(event.time).second) {
            event.time -= 1ms;
        }
        const auto partition = single_ ? random.below(world_.kafka.logs.size()) : visitor % world_.kafka.logs.size();
        made_.push_back({event, event.json(iso(event.time)), partition, world_.now});
        model_.take(event, world_.now);
        produce(partition, made_.back().payload);
    }

    void produce(std::size_t partition, std::optional<std::string> payload) {
        world_.kafka.append(partition, std::move(payload), world_.now);
    }

    // ---- time and processes

    // Everything goes on by a little.
    void turn() {
        auto& random = world_.random;
        if (!world_.calm && random.one_in(6)) {
            let_time_pass(random.between(0ms, pace_));
        } else {
            world_.now += random.between(0ms, depth_ > 0 ? Duration{900} : Duration{120});
        }
        if (!world_.calm) {
            faults();
        }
        for (const auto& process : processes_) {
            if (!process->stalled) {
                process->background_kafka();
            }
        }
        world_.kafka.tick(world_.now);
        for (Kafka* const topic : {&world_.visitors, &world_.shoppers}) {
            topic->tick(world_.now);
            world_.kafka.wrong += std::exchange(topic->wrong, {});
        }
        start_processes();
        for (auto n = 1 + random.below(3); n > 0 && !processes_.empty(); --n) {
            step(*processes_[random.below(processes_.size())]);
        }
        background();
        if (!world_.kafka.wrong.empty() || !world_.redis.wrong.empty()) {
            wrong_.push_back(world_.kafka.wrong + world_.redis.wrong);
            world_.kafka.wrong.clear();
            world_.redis.wrong.clear();
        }
    }

    // A job polls every few milliseconds: before much time passes it has seen that there is something to read. A
    // process that cannot see it lasts no longer than the group's patience.
    void let_time_pass(Duration length) {
        const auto blind = [&] {
            return world_.now < world_.kafka.away_until ||
                   std::any_of(processes_.begin(), processes_.end(),
                               [&](const auto& p) { return !p->stalled && world_.now < p->kafka_cut_off_until; });
        };
        if (length > 1s) {
            for (int i = 0; i < (fleet_ ? 16 : 4) && !blind(); ++i) {
                world_.now += 20ms;
                if (fleet_) {
                    background();
                }
                // A step may end its process.
                for (std::size_t p = 0; p < processes_.size(); ++p) {  // NOLINT(modernize-loop-convert)
                    step(*processes_[p]);
                }
            }
        }
        world_.now += blind() ? std::min(length, Duration{1s}) : length;
    }

    void background() {
        auto& random = world_.random;
        for (const auto& process : processes_) {
            if (!process->stalled) {
                process->background();
            }
        }
        if (world_.now < world_.redis.away_until) {
            return;
        }
        auto connections = world_.redis.connections;
        for (const auto& connection : connections) {
            auto most = world_.calm                            ? std::size_t{1000}
                        : world_.now < world_.redis.slow_until ? random.below(2)
                                                               : random.below(12);
            if (connection->held_up) {
                connection->held_up = !(world_.calm || random.one_in(40));
                continue;
            }
            for (; most > 0 && !connection->sent.empty(); --most) {
                world_.redis.carry_out(*connection, world_.now);
            }
        }
        // Nobody holds these any more, and nothing is left on them.
        connections.clear();
        std::erase_if(world_.redis.connections, [](const auto& c) { return c.use_count() == 1 && c->sent.empty(); });
    }

    [[nodiscard]] std::size_t at_work() const {
        return static_cast<std::size_t>(std::count_if(processes_.begin(), processes_.end(), [](const auto& p) {
            return !p->stalled && p->steps_after_stall < 0;
        }));
    }

    void start_processes() {
        if (at_work() < processes_wanted_ && (world_.calm || world_.random.one_in(8))) {
            const auto number = next_process_++;
            const Hook hook = [this, number] { on_call(number); };
            if (fleet_) {
                processes_.push_back(std::make_unique<FleetProcess>(world_, hook, number, memory_limit_));
            } else {
                processes_.push_back(std::make_unique<OneProcess>(world_, hook, number, memory_limit_));
            }
            ++starts_;
            world_.tell("process {} starts", number);
        }
    }

    // What can happen to a process at any call it makes.
    void on_call(std::size_t number) {
        const auto found =
            std::find_if(processes_.begin(), processes_.end(), [&](const auto& p) { return p->number == number; });
        if (found == processes_.end()) {
            return;
        }
        Process& process = **found;
        if (process.calls_to_kill > 0 && --process.calls_to_kill == 0) {
            throw Killed{};
        }
        if (process.calls_to_stall > 0 && --process.calls_to_stall == 0 && depth_ < 2 && !world_.calm) {
            stall(process);
        }
    }

    // The process stands still in the middle of what it does, and the others go on.
    void stall(Process& process) {
        const Duration length =
            world_.random.one_in(4) ? world_.random.between(100ms, 5s) : world_.random.between(12s, 70s);
        world_.tell("process {} is stopped for {} ms", process.number, length.count());
        ++stalls_;
        ++depth_;
        process.stalled = true;
        const auto until = world_.now + length;
        while (world_.now < until && wrong_.empty()) {
            shop();
            turn();
        }
        process.stalled = false;
        --depth_;
        world_.tell("process {} goes on", process.number);
        if (single_ && !fleet_ && at_work() > 1) {
            // Its successor is at work. It may do what it was about to do, but there is to be one process.
            process.steps_after_stall = static_cast<int>(world_.random.below(4));
            process.cut_off_kafka(Timestamp::max());
        }
    }

    void step(Process& process) {
        if (process.stalled) {
            return;
        }
        guarded(process, [&] {
            const auto number = process.number;
            process.step();
            tell_late(process);
            if (process.steps_after_stall == 0 || (process.stopping && process.stopped())) {
                process.leave();
                end(number, "ends");
            } else if (process.steps_after_stall > 0) {
                --process.steps_after_stall;
            }
        });
    }

    void tell_late(Process& process) {
        evicted_ +=
            process.metrics.evicted.value() - std::exchange(process.evicted_told, process.metrics.evicted.value());
        const auto late = process.metrics.outcomes[static_cast<std::size_t>(live_shopper::Outcome::late)].value();
        if (late != process.late_told) {
            world_.tell("process {} found {} events late", process.number, late - process.late_told);
            process.late_told = late;
        }
    }

    // Lets a process do something, which may be the end of it.
    template <class F>
    void guarded(const Process& process, F f) {
        const auto number = process.number;
        try {
            f();
        } catch (const Killed&) {
            ++kills_;
            end(number, "is killed");
        }
    }

    void count_restores(const Process& process) {
        const auto& restores = process.metrics.restores;
        restored_ += restores[live_shopper::Metrics::restored].value();
        for (std::size_t i = live_shopper::Metrics::damaged; i != restores.size(); ++i) {
            unusable_ += restores[i].value();
        }
    }

    void end(std::size_t number, std::string_view how) {
        world_.tell("process {} {}", number, how);
        for (const auto& process : processes_) {
            if (process->number == number) {
                count_restores(*process);
            }
        }
        std::erase_if(processes_, [&](const auto& p) { return p->number == number; });
    }

    // ---- faults

    void faults() {
        auto& random = world_.random;
        if (random.one_in(30)) {
            world_.redis.save();
        }
        if (random.one_in(60)) {
            world_.kafka.away_until = world_.now + random.between(100ms, 30s);
            world_.tell("Kafka is away until {}", iso(world_.kafka.away_until));
        }
        if (random.one_in(60)) {
            world_.redis.slow_until = world_.now + random.between(100ms, 30s);
            world_.tell("Redis is slow until {}", iso(world_.redis.slow_until));
        }
        if (random.one_in(60)) {
            redis_fault();
        }
        if (!world_.disks.empty() && random.one_in(300)) {
            world_.disks[random.below(world_.disks.size())].full_until = world_.now + random.between(1s, 30s);
            world_.tell("a disk is full");
        }
        if (processes_.empty()) {
            return;
        }
        Process& process = *processes_[random.below(processes_.size())];
        if (process.stalled) {
            return;
        }
        // One process by itself lives for long enough to take snapshots.
        switch (random.below(world_.disks.size() == 1 ? 250 : 140)) {
            case 0:
            case 1:
            case 2:
                process.calls_to_kill = 1 + random.below(60);
                break;
            case 3:
            case 4:
            case 5:
            case 6:
                process.calls_to_stall = 1 + random.below(60);
                break;
            case 7:
                process.cut_off_kafka(world_.now + random.between(1s, 40s));
                world_.tell("process {} is cut off from Kafka", process.number);
                break;
            case 8:
                process.cut_off_redis(world_.now + random.between(1s, 20s));
                process.disconnect_redis();
                world_.tell("process {} is cut off from Redis", process.number);
                break;
            case 9:
            case 10:
                process.disconnect_redis();
                break;
            case 11:
                process.clock_error_now = random.between(-clock_error, clock_error);
                world_.tell("the clock of process {} is wrong by {} ms", process.number,
                            process.clock_error_now.count());
                break;
            case 12:
                world_.tell("process {} is asked to stop", process.number);
                process.stopping = true;
                guarded(process, [&] { process.stop(); });
                break;
            case 13:
                for (const auto& connection : world_.redis.connections) {
                    connection->held_up = random.one_in(2);
                }
                break;
            default:
                break;
        }
    }

    void redis_fault() {
        auto& random = world_.random;
        world_.redis.away_until = world_.now + random.between(50ms, 20s);
        switch (random.below(5)) {
            case 0:
                world_.tell("Redis is away for a while");
                break;
            case 1:
                world_.tell("Redis restarts with its data");
                world_.redis.restart(Redis::Keeps::everything);
                break;
            case 2:
                world_.tell("Redis restarts with older data");
                world_.redis.restart(Redis::Keeps::what_it_saved);
                break;
            case 3:
                world_.tell("Redis restarts empty");
                world_.redis.restart(Redis::Keeps::nothing);
                break;
            default:
                world_.tell("Redis is emptied");
                world_.redis.forget();
                break;
        }
    }

    // ---- the end

    void heal() {
        world_.tell("everything heals");
        world_.calm = true;
        for (Disk& disk : world_.disks) {
            disk.full_until = Timestamp::min();
        }
        world_.kafka.away_until = world_.redis.away_until = world_.redis.slow_until = Timestamp::min();
        for (const auto& process : processes_) {
            process->calls_to_kill = process->calls_to_stall = 0;
            process->clock_error_now = {};
            process->cut_off_redis(Timestamp::min());
            if (process->steps_after_stall < 0) {
                process->cut_off_kafka(Timestamp::min());
            }
        }
        settle(900);
        if (!world_.disks.empty()) {  // one start more, from what was kept in peace
            while (!processes_.empty()) {
                end(processes_.back()->number, "is killed at the end");
            }
            settle(fleet_ ? 900 : 400);
        }
        // A fresh event in every partition, so that event time is the same for everybody, now and from now on.
        for (std::size_t partition = 0; partition < world_.kafka.logs.size(); ++partition) {
            ShopEvent event;
            event.id = fmt::format("end{}", partition);
            event.type = "page_view";
            event.visitor = fmt::format("nobody{}", partition);
            event.session = event.visitor;
            event.time = world_.now;
            while (!times_.insert(event.time).second) {
                event.time -= 1ms;
            }
            model_.take(event, world_.now);
            produce(partition, event.json(iso(event.time)));
        }
        settle(200);
    }

    void settle(int turns) {
        for (int i = 0; i < turns && wrong_.empty(); ++i) {
            turn();
        }
    }

    // Time goes by and nothing comes in.
    void pass(Duration length) {
        const auto until = world_.now + length;
        while (world_.now < until) {
            world_.now += std::max<Duration>(1s, length / (fleet_ ? 12 : 100));
            for (int i = 0; i < (fleet_ ? 80 : 3); ++i) {
                turn();
            }
        }
        settle(fleet_ ? 150 : 30);
    }

    struct Held {
        std::string value;
        Timestamp expires_at;
    };

    // `soon` after the faults.
    std::uint64_t compare(bool soon) {
        // What the engine makes of all records at once. Event time lags behind by some 100 ms, so a value that changes
        // by itself just now may be either.
        live_shopper::Engine engine{settings()};
        live_shopper::Decoder decoder{live_shopper::CartTotal::by_form};
        live_shopper::ShopEvent event;
        std::vector<const Kafka::Entry*> all;
        for (const auto& log : world_.kafka.logs) {
            for (const auto& entry : log.records) {
                all.push_back(&entry);
            }
        }
        std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->sequence < b->sequence; });
        for (const auto* const entry : all) {
            if (entry->payload && decoder.decode(*entry->payload, event, false) == live_shopper::DecodeError::none) {
                engine.accept(event, entry->time);
            }
        }
        std::map<std::string, Held> wanted;
        const auto drain = [&](Timestamp to) {
            engine.advance_to(to);
            engine.drain([&](const live_shopper::Write& write) {
                if (write.erase) {
                    wanted.erase(std::string{write.key});
                } else {
                    wanted[std::string{write.key}] = {std::string{write.value}, write.expires_at};
                }
            });
        };
        const auto early = world_.now - (fleet_ ? 20s : 2s);
        // What has lapsed, but not long ago: event time was behind when it was written, so it is kept for longer.
        std::map<std::string, std::set<std::string>> past;
        const Duration behind = most_delay + 2 * clock_error + (fleet_ ? most_standstill : Duration{0});
        for (auto t = early - behind; t < early; t += 20s) {
            drain(t);
            for (const auto& [key, held] : wanted) {
                past[key].insert(held.value);
            }
            std::erase_if(wanted, [&](const auto& entry) { return entry.second.expires_at <= t; });
        }
        drain(early);
        // What changes in these two seconds may have been written before or after.
        std::set<std::string> changing;
        const auto note_changes = [&](Timestamp to) {
            engine.advance_to(to);
            engine.drain([&](const live_shopper::Write& write) {
                const std::string key{write.key};
                const auto was = wanted.find(key);
                if (was == wanted.end() || write.erase || was->second.value != write.value) {
                    changing.insert(key);
                }
                if (write.erase) {
                    wanted.erase(key);
                } else {
                    wanted[key] = {std::string{write.value}, write.expires_at};
                }
            });
        };
        for (auto due = engine.next_due(); due && *due < world_.now; due = engine.next_due()) {
            note_changes(std::max(*due, engine.now() + 1ms));
        }
        note_changes(world_.now);

        std::uint64_t compared = 0;
        const auto complain = [&](const std::string& what) {
            if (wrong_.size() < 10) {
                wrong_.push_back(iso(world_.now) + ' ' + what);
            }
        };
        const auto shown = [](const std::optional<std::string>& value) {
            return value ? '"' + *value + '"' : "nothing";
        };
        for (const auto& [key, held] : wanted) {
            const auto found = world_.redis.value(key, world_.now);
            if (changing.find(key) != changing.end()) {
                continue;
            }
            if (held.expires_at > world_.now + margin) {
                ++compared;
                if (!found && memory_limit_ != 0) {
                    ++missing_;  // of what was dropped
                } else if (found != held.value) {
                    complain(fmt::format("{}: {} in the store, wanted {}", key, shown(found), shown(held.value)));
                }
            } else if (found && found != held.value && !(fleet_ && soon)) {
                complain(
                    fmt::format("{}: {} in the store, wanted nothing or {}", key, shown(found), shown(held.value)));
            } else if (found && held.expires_at + behind < world_.now && !(fleet_ && soon)) {
                complain(fmt::format("{}: {} in the store, has lapsed at {}", key, shown(found), iso(held.expires_at)));
            }
        }
        for (const auto& [key, value] : world_.redis.values) {
            if (value.expires_at > world_.now && wanted.find(key) == wanted.end() &&
                changing.find(key) == changing.end() &&
                (fleet_ ? past[key].empty() && !(soon && value.expires_at <= world_.now + 1h)
                        : past[key].find(value.text) == past[key].end())) {
                complain(fmt::format("{}: {} in the store, wanted nothing", key, shown(value.text)));
            }
        }
        // And the obvious answer, for what it knows.
        const auto model_now = model_.at(world_.now);
        for (const auto& [key, value] : model_now) {
            const auto lasting = wanted.find(key);
            if (changing.find(key) == changing.end() && lasting != wanted.end() &&
                lasting->second.expires_at > world_.now + margin && world_.redis.value(key, world_.now) != value &&
                (memory_limit_ == 0 || world_.redis.value(key, world_.now))) {
                complain(fmt::format("{}: {} in the store, {} by the model", key,
                                     shown(world_.redis.value(key, world_.now)), shown(value)));
            }
            if (lasting == wanted.end()) {
                complain(fmt::format("{}: {} by the model, the engine knows nothing", key, shown(value)));
            }
        }
        for (const auto& [key, held] : wanted) {
            if (held.expires_at > world_.now && Model::knows(key) && model_now.find(key) == model_now.end()) {
                complain(fmt::format("{}: {} by the engine, the model knows nothing", key, shown(held.value)));
            }
        }
        return compared;
    }

    void check_letters() {
        live_shopper::Decoder decoder{live_shopper::CartTotal::by_form};
        live_shopper::ShopEvent event;
        for (std::size_t partition = 0; partition < world_.kafka.logs.size(); ++partition) {
            const auto& log = world_.kafka.logs[partition];
            for (std::size_t offset = 0; offset < log.records.size(); ++offset) {
                const auto& payload = log.records[offset].payload;
                const bool bad = !payload || decoder.decode(*payload, event, false) != live_shopper::DecodeError::none;
                const Letter letter{static_cast<std::int32_t>(partition), static_cast<std::int64_t>(offset)};
                if (bad != (world_.letters.find(letter) != world_.letters.end()) && wrong_.size() < 10) {
                    wrong_.push_back(fmt::format("partition {} offset {}: {} dead letter", partition, offset,
                                                 bad ? "no" : "an undeserved"));
                }
            }
            if (log.committed != std::ssize(log.records) && wrong_.size() < 10) {
                wrong_.push_back(fmt::format("partition {}: {} committed of {}", partition, log.committed.value_or(-1),
                                             log.records.size()));
            }
        }
    }

    bool single_;  // the events of a shopper are in any partition, whatever that takes
    bool fleet_;   // several processes in stages: they take that
    std::size_t memory_limit_;
    World world_;
    std::uint64_t processes_wanted_;
    Duration pace_{};
    std::vector<std::unique_ptr<Process>> processes_;
    std::size_t next_process_ = 1;
    std::vector<Made> made_;
    std::set<Timestamp> times_;
    Model model_;
    int depth_ = 0;
    std::uint64_t evicted_ = 0;
    std::uint64_t missing_ = 0;
    std::uint64_t restored_ = 0;
    std::uint64_t unusable_ = 0;
    unsigned starts_ = 0;
    unsigned kills_ = 0;
    unsigned stalls_ = 0;
    std::vector<std::string> wrong_;
};

}  // namespace

Outcome run(const Plan& plan) { return Simulation{plan}.run(); }

std::optional<Breakage> parse_breakage(std::string_view text) {
    for (const auto& [breakage, breakage_name] : names) {
        if (breakage_name == text) {
            return breakage;
        }
    }
    return std::nullopt;
}

std::string_view name(Breakage breakage) { return names[static_cast<std::size_t>(breakage)].second; }

const std::vector<Breakage>& breakages() {
    static const std::vector<Breakage> all = [] {
        std::vector<Breakage> out;
        for (const auto& entry : names) {
            if (entry.first != Breakage::none) {
                out.push_back(entry.first);
            }
        }
        return out;
    }();
    return all;
}

}  // namespace simulation
