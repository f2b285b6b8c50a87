// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// shop-simulator: the events of a shop full of people, to Kafka or to standard output.

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <CLI/CLI.hpp>
#include <weir/time.hpp>

#include "shopper.hpp"

namespace {

using namespace shop_simulator;
using namespace std::chrono_literals;

std::atomic<bool> signalled{false};
extern "C" void on_signal(int) { signalled = true; }

weir::Timestamp wall_clock() { return std::chrono::floor<weir::Duration>(std::chrono::system_clock::now()); }

struct Options {
    std::size_t shoppers = 50;
    double rate = 100;
    double speed = 1;
    double hours_ago = 0;
    std::string brokers;
    std::string topic = "enriched-good";
    std::vector<std::string> properties;
    std::optional<double> seconds;
    std::optional<std::uint64_t> events;
    std::optional<std::uint64_t> seed;
};

class KafkaProducer {
public:
    explicit KafkaProducer(const Options& options) {
        char error[512];
        rd_kafka_conf_t* const conf = rd_kafka_conf_new();
        const auto set = [&](const std::string& key, const std::string& value) {
            if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
                throw std::runtime_error(error);
            }
        };
        set("bootstrap.servers", options.brokers);
        set("client.id", "shop-simulator");
        set("linger.ms", "5");
        for (const std::string& property : options.properties) {
            const auto equals = property.find('=');
            if (equals == std::string::npos || equals == 0) {
                throw std::runtime_error(fmt::format("-X: expected KEY=VALUE, found \"{}\"", property));
            }
            set(property.substr(0, equals), property.substr(equals + 1));
        }
        rd_kafka_conf_set_opaque(conf, this);
        rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
            auto& self = *static_cast<KafkaProducer*>(opaque);
            ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? self.delivered_ : self.lost_);
        });
        rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int, const char* reason, void*) {
            fmt::print(stderr, "shop-simulator: Kafka: {}\n", reason);
        });
        rd_kafka_conf_set_log_cb(conf, nullptr);
        client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
        if (client_ == nullptr) {
            throw std::runtime_error(error);
        }
        topic_ = rd_kafka_topic_new(client_, options.topic.c_str(), nullptr);
        if (topic_ == nullptr) {
            rd_kafka_destroy(client_);
            throw std::runtime_error(
                fmt::format("topic {}: {}", options.topic, rd_kafka_err2str(rd_kafka_last_error())));
        }
    }
    ~KafkaProducer() {
        rd_kafka_topic_destroy(topic_);
        rd_kafka_destroy(client_);
    }
    KafkaProducer(const KafkaProducer&) = delete;
    KafkaProducer& operator=(const KafkaProducer&) = delete;

    void send(const Message& message) {
        while (!signalled) {
            if (rd_kafka_produce(topic_, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                 const_cast<char*>(message.json.data()), message.json.size(), message.key.data(),
                                 message.key.size(), nullptr) == 0) {
                rd_kafka_poll(client_, 0);
                return;
            }
            if (const auto error = rd_kafka_last_error(); error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                throw std::runtime_error(fmt::format("Kafka: {}", rd_kafka_err2str(error)));
            }
            rd_kafka_poll(client_, 100);
        }
    }

    /// Waits for what was sent; false where some of it did not get there.
    [[nodiscard]] bool finish() {
        rd_kafka_flush(client_, 5000);
        lost_ += static_cast<std::uint64_t>(rd_kafka_outq_len(client_));
        rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        fmt::print(stderr, "shop-simulator: {} events delivered, {} lost\n", delivered_, lost_);
        return lost_ == 0;
    }

private:
    rd_kafka_t* client_ = nullptr;
    rd_kafka_topic_t* topic_ = nullptr;
    std::uint64_t delivered_ = 0;
    std::uint64_t lost_ = 0;
};

// How long an event takes from the shopper's device: mostly a moment, sometimes the way through a tunnel.
weir::Duration delay(Random& random) {
    return chance(random, 0.005) ? weir::Duration{pick(random, 2000, 20'000)} : weir::Duration{pick(random, 5, 250)};
}

bool simulate(const Options& options) {
    Random random{options.seed ? *options.seed : std::random_device{}()};
    std::vector<Shopper> shoppers;
    shoppers.reserve(options.shoppers);
    for (std::size_t i = 0; i != options.shoppers; ++i) {
        shoppers.emplace_back(i, random);
    }
    // Who is next goes by the shoppers' own pauses; when, by the rate.
    const auto exponential = [&](double mean) {
        return -std::log(static_cast<double>((random() >> 11U) + 1) * 0x1p-53) * mean;
    };
    using Turn = std::pair<double, std::size_t>;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
    for (std::size_t i = 0; i != options.shoppers; ++i) {
        turns.emplace(exponential(1), i);
    }
    const weir::Timestamp begin = wall_clock();
    const weir::Timestamp begin_of_events = begin - weir::Duration{std::llround(options.hours_ago * 3'600'000)};
    double elapsed = 0;  // milliseconds
    const weir::Timestamp end =
        options.seconds ? begin + weir::Duration{std::llround(*options.seconds * 1000)} : weir::Timestamp::max();

    const std::unique_ptr<KafkaProducer> kafka =
        options.brokers.empty() ? nullptr : std::make_unique<KafkaProducer>(options);
    const auto send = [&](const Message& message) {
        if (kafka) {
            kafka->send(message);
        } else if (std::fwrite(message.json.data(), 1, message.json.size(), stdout) != message.json.size() ||
                   std::fputc('\n', stdout) == EOF) {
            throw std::runtime_error("cannot write to standard output");
        }
    };

    for (std::uint64_t sent = 0; !signalled && (!options.events || sent < *options.events); ++sent) {
        const auto [turn, shopper] = turns.top();
        turns.pop();
        elapsed += exponential(1000 / options.rate);
        const weir::Timestamp time = begin + weir::Duration{std::llround(elapsed)};
        if (time >= end) {
            break;
        }
        for (weir::Timestamp now = wall_clock(); now < time && !signalled; now = wall_clock()) {
            std::fflush(stdout);
            std::this_thread::sleep_for(std::min<weir::Duration>(time - now, 100ms));
        }
        const weir::Timestamp event_time = begin_of_events + weir::Duration{std::llround(elapsed * options.speed)};
        const Message message = shoppers[shopper].next(event_time - delay(random), event_time);
        send(message);
        if (chance(random, 0.01)) {
            send(message);  // delivery is at least once
        }
        turns.emplace(turn + exponential(message.pause), shopper);
    }
    if (std::fflush(stdout) != 0) {
        throw std::runtime_error("cannot write to standard output");
    }
    return !kafka || kafka->finish();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{
        "The events of a shop full of people, as the reference's JSON: to Kafka, or one a line to standard output.",
        "shop-simulator"};
    app.add_option("--shoppers", options.shoppers, "How many there are at a time [50]")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--rate", options.rate, "Events a second, of all together, on average [100]")
        ->check(CLI::Range(0.01, 1e6));
    app.add_option("--speed", options.speed, "How many times as fast as the clock the time of the events runs [1]")
        ->check(CLI::Range(0.001, 1e6));
    app.add_option("--hours-ago", options.hours_ago, "When it begins, so long before now [0]")
        ->check(CLI::NonNegativeNumber);
    app.add_option("-b,--brokers", options.brokers, "Kafka's brokers [standard output]")->type_name("HOST:PORT,...");
    app.add_option("-t,--topic", options.topic, "Kafka's topic [enriched-good]");
    app.add_option("-X", options.properties, "A property of librdkafka; may be repeated")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->allow_extra_args(false);
    app.add_option("--seconds", options.seconds, "End after so long [never]")->check(CLI::NonNegativeNumber);
    app.add_option("--events", options.events, "End after so many events [never]");
    app.add_option("--seed", options.seed, "The same shoppers, visits and ids each time; only times differ [random]");
    app.footer("One event in 100 comes twice and one in 200 comes 2 to 20 s late, as they do.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    try {
        return simulate(options) ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "shop-simulator: {}\n", error.what());
        return 1;
    }
}
