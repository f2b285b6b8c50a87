// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The program itself, as a process: signals, kill -9, parts that are not there.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <httplib.h>
#include <catch2/catch.hpp>

#include "embedded_kafka.hpp"
#include "kafka_client_support.hpp"
#include "redis_server.hpp"
#include "shop_events.hpp"

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using kafka_support::Producer;
using live_shopper::EmbeddedKafka;

namespace {

class Process {
public:
    explicit Process(const std::vector<std::string>& arguments) {
        std::string name = (std::filesystem::temp_directory_path() / "weir-run-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        folder_ = name;
        std::vector<std::string> words{LIVE_SHOPPER_PROGRAM};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        argv.reserve(words.size() + 1);
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        const std::string out = folder_ + "/out";
        const std::string err = folder_ + "/err";
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
            ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
    }

    ~Process() {
        kill();
        std::filesystem::remove_all(folder_);
    }

    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] std::string out() const { return text("/out"); }
    [[nodiscard]] std::string err() const { return text("/err"); }

    bool says(const std::string& words, std::chrono::milliseconds patience = 90s) {
        return eventually([&] { return err().find(words) != std::string::npos; }, patience);
    }

    void signal(int number) { ::kill(pid_, number); }

    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

    /// The exit code; -1 where it does not end in time or by a signal.
    int wait(std::chrono::milliseconds patience) {
        int status = 0;
        if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, patience)) {
            return -1;
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    [[nodiscard]] std::string text(const char* file) const {
        std::ifstream in{folder_ + file};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

    std::string folder_;
    pid_t pid_ = -1;
};

weir::Timestamp wall_clock() { return std::chrono::time_point_cast<weir::Duration>(std::chrono::system_clock::now()); }

std::string view(const std::string& id) {
    return shop_events::Event{.id = id, .time = wall_clock(), .user = "u", .product = id}.json();
}

std::string address(const RedisServer& server) { return "127.0.0.1:" + std::to_string(server.port()); }

// A loopback port that nobody listens on.
std::string nowhere() { return "127.0.0.1:" + std::to_string(free_port()); }

const std::string count = "user:u:product_view_count_1h";

}  // namespace

TEST_CASE("the embedded Kafka is told on standard output, and events sent to it become values", "[run]") {
    RedisServer server;
    Process process{{"run", "--embedded-kafka", "--redis", address(server), "--metrics", "0"}};
    REQUIRE(eventually([&] { return process.out().find('\n') != std::string::npos; }));
    const auto line = process.out();
    REQUIRE(line.starts_with("kafka "));
    Producer producer{line.substr(6, line.size() - 7)};
    producer.send("enriched-good", view("a"));
    producer.send("enriched-good", "garbage");
    producer.flush();
    CHECK(eventually([&] { return server.get(count) == "1"; }));
    CHECK(process.says("caught up"));

    const auto err = process.err();
    const auto at = err.find("metrics served");
    const auto port = err.substr(err.find("port=", at) + 5);
    httplib::Client client{"127.0.0.1", std::stoi(port)};
    std::string metrics;
    CHECK(eventually([&] {
        metrics = client.Get("/metrics")->body;
        return metrics.find("live_shopper_dead_letters_total 1\n") != std::string::npos &&
               metrics.find("live_shopper_consumer_lag{topic=\"enriched-good\",partition=\"0\"} 0\n") !=
                   std::string::npos;
    }));
    CHECK_THAT(metrics, Contains("# TYPE live_shopper_events_total counter\n"));
    CHECK_THAT(metrics, Contains("live_shopper_events_total{outcome=\"accepted\"} 1\n"));
    CHECK_THAT(metrics, Contains("live_shopper_undecodable_total{reason=\"wrong_column_count\"} 1\n"));
    CHECK_THAT(metrics, Contains("# TYPE live_shopper_event_to_redis_seconds histogram\n"));
    CHECK_THAT(metrics, Contains("live_shopper_event_to_redis_seconds_bucket{le=\"+Inf\"}"));
    CHECK_THAT(client.Get("/health")->body, Contains("\"status\":\"ok\""));
    CHECK(client.Get("/nothing")->status == 404);

    process.signal(SIGTERM);
    CHECK(process.wait(5s) == 0);
    CHECK_THAT(process.err(), Contains("msg=stopped"));
}

TEST_CASE("after kill -9 the next process ends with the same values", "[run]") {
    EmbeddedKafka kafka{"enriched-good", 2};
    RedisServer server;
    Producer producer{kafka.address()};
    const std::vector<std::string> arguments{"run",
                                             "--brokers",
                                             kafka.address(),
                                             "--redis",
                                             address(server),
                                             "-X",
                                             "session.timeout.ms=5000",
                                             "-X",
                                             "heartbeat.interval.ms=1000"};
    for (int i = 0; i < 200; ++i) {
        producer.send("enriched-good", view("p" + std::to_string(i)), i % 2);
    }
    producer.flush();
    {
        Process process{arguments};
        REQUIRE(eventually([&] { return server.get(count) == "200"; }, 90s));
        for (int i = 200; i < 300; ++i) {
            producer.send("enriched-good", view("p" + std::to_string(i)), i % 2);
        }
        producer.flush();
        process.kill();
    }
    server.command({"FLUSHALL"});
    Process process{arguments};
    CHECK(eventually([&] { return server.get(count) == "300"; }, 30s));
    process.signal(SIGINT);
    CHECK(process.wait(5s) == 0);
}

TEST_CASE("SIGTERM writes and commits what was taken", "[run]") {
    EmbeddedKafka kafka{"enriched-good", 1};
    RedisServer server;
    Producer producer{kafka.address()};
    // So long a flush interval that only the stop can have written.
    const std::vector<std::string> arguments{"run",
                                             "--brokers",
                                             kafka.address(),
                                             "--redis",
                                             address(server),
                                             "--flush-interval",
                                             "1h",
                                             "-X",
                                             "session.timeout.ms=5000",
                                             "-X",
                                             "heartbeat.interval.ms=1000"};
    Process process{arguments};
    REQUIRE(process.says("caught up"));
    producer.send("enriched-good", view("a"));
    producer.flush();
    REQUIRE(eventually([&] { return server.get(count) == "1"; }));  // the first event in a while goes at once
    producer.send("enriched-good", view("b"));
    producer.flush();
    std::this_thread::sleep_for(500ms);
    REQUIRE(server.get(count) == "1");
    process.signal(SIGTERM);
    CHECK(process.wait(5s) == 0);
    CHECK(server.get(count) == "2");
    server.command({"SET", count, "untouched"});
    Process next{arguments};
    CHECK(next.says("read_back=2"));
}

TEST_CASE("Redis that is not there is told within seconds and waited for", "[run]") {
    RedisServer server;
    server.kill();
    Process process{{"run", "--embedded-kafka", "--redis", address(server)}};
    CHECK(process.says("Redis is away", 5s));
    CHECK(process.says("Connection refused", 1s));
    server.start();
    CHECK(process.says("connected to Redis"));
    Producer producer{process.out().substr(6, process.out().size() - 7)};
    producer.send("enriched-good", view("a"));
    producer.flush();
    CHECK(eventually([&] { return server.get(count) == "1"; }));
}

TEST_CASE("a broker that is not there is told within seconds, and SIGTERM ends the wait", "[run]") {
    RedisServer server;
    Process process{{"run", "--brokers", nowhere(), "--redis", address(server)}};
    CHECK(process.says("level=warn", 5s));
    CHECK_THAT(process.err(), Contains("Connection refused"));
    process.signal(SIGTERM);
    CHECK(process.wait(5s) == 0);
}

TEST_CASE("SIGTERM ends the job also where Redis stays away", "[run]") {
    EmbeddedKafka kafka{"enriched-good", 1};
    Producer producer{kafka.address()};
    Process process{{"run", "--brokers", kafka.address(), "--redis", nowhere()}};
    REQUIRE(process.says("caught up"));
    producer.send("enriched-good", view("a"));
    producer.flush();
    std::this_thread::sleep_for(500ms);
    process.signal(SIGTERM);
    CHECK(process.wait(5s) == 0);
    CHECK_THAT(process.err(), Contains("not everything was acknowledged"));
}

TEST_CASE("a metrics port that is taken ends the program with a message", "[run]") {
    RedisServer server;
    Process process{
        {"run", "--embedded-kafka", "--redis", address(server), "--metrics", std::to_string(server.port())}};
    CHECK(process.wait(5s) == 1);
    CHECK_THAT(process.err(), Contains("metrics: cannot listen on 127.0.0.1"));
}

TEST_CASE("no secret is in the log", "[run]") {
    RedisServer server{{"--requirepass", "hunter2"}};
    std::string config = (std::filesystem::temp_directory_path() / "weir-secrets-XXXXXX").string();
    ::close(::mkstemp(config.data()));
    std::ofstream{config} << R"({"redis": {"address": ")" << address(server)
                          << R"(", "password": "hunter2"}, "kafka": {"properties": {"sasl.password": "hunter3"}}})";
    Process process{{"run", "--embedded-kafka", "--config", config, "--log-level", "debug"}};
    CHECK(process.says("connected to Redis"));
    CHECK(process.says("caught up"));
    CHECK_THAT(process.err(), !Contains("hunter"));
    std::filesystem::remove(config);
}
