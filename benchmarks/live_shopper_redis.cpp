// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// How fast RedisStore writes, plain and guarded by fences, against redis-benchmark on the same server, with the same
// commands and sizes. Starts a redis-server of its own on a free loopback port; takes about a minute.
//
//     benchmark_live_shopper_redis [WRITES]

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "log.hpp"
#include "metrics.hpp"
#include "redis_store.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t keys = 100'000;
constexpr int rounds = 9;
constexpr int partitions = 6;  // and so fences
const std::string value(12, '7');

// A key as long as `user:USER:product_view_count_5m` mostly is.
std::string key_of(std::size_t i) { return fmt::format("user:{:012}:product_view_count_5m", i); }

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) {
        throw std::runtime_error("no free port on 127.0.0.1");
    }
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
}

pid_t start_redis(const std::string& port) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)!::freopen("/dev/null", "w", stdout);
        ::execlp("redis-server", "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no", static_cast<char*>(nullptr));
        ::_exit(127);
    }
    return pid;
}

// Writes a second of redis-benchmark's SET ... PX, from its CSV.
double redis_benchmark(const std::string& port, std::size_t writes, int connections, int pipeline) {
    const auto command = fmt::format(
        "redis-benchmark -h 127.0.0.1 -p {} --csv -n {} -r {} -c {} -P {} SET user:__rand_int__:product_view_count_5m "
        "{} PX "
        "900000 2>/dev/null",
        port, writes, keys, connections, pipeline, value);
    std::FILE* const out = ::popen(command.c_str(), "r");
    double rate = 0;
    std::array<char, 1024> line{};
    while (std::fgets(line.data(), line.size(), out) != nullptr) {
        const std::string text{line.data()};
        if (const auto at = text.find("\",\""); text.find("SET") != std::string::npos && at != std::string::npos) {
            rate = std::strtod(text.c_str() + at + 3, nullptr);
        }
    }
    ::pclose(out);
    return rate;
}

// What the first thread of a process, which is all of a Redis that counts, has used of processors.
double processor_seconds(pid_t pid) {
    unsigned long long nanoseconds = 0;
    if (std::FILE* const stat = std::fopen(fmt::format("/proc/{}/schedstat", pid).c_str(), "r")) {
        if (std::fscanf(stat, "%llu", &nanoseconds) != 1) {
            nanoseconds = 0;
        }
        std::fclose(stat);
    }
    return static_cast<double>(nanoseconds) / 1e9;
}

// The same by RedisStore, in batches as the job hands them over, from the first write to the last acknowledgement.
struct Run {
    double rate;
    double server;  // seconds of the server's processor
};

Run redis_store(const std::string& port, pid_t server, std::size_t writes, bool guarded) {
    live_shopper::Metrics metrics;
    live_shopper::RedisConfig config;
    config.host = "127.0.0.1";
    config.port = static_cast<std::uint16_t>(std::stoi(port));
    live_shopper::RedisStore store{config, metrics};
    while (!store.available()) {
        std::this_thread::sleep_for(1ms);
    }
    if (guarded) {
        std::vector<live_shopper::Fence> fences;
        fences.reserve(partitions);
        for (int i = 0; i < partitions; ++i) {
            fences.push_back({fmt::format("live-shopper:fence:group:enriched-good:{}", i), 1, 0});
        }
        store.own(std::move(fences));
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < keys; ++i) {
        names.push_back(key_of((i * 7919) % keys));
    }
    const auto begin = std::chrono::steady_clock::now();
    const double processor = processor_seconds(server);
    std::uint64_t ticket = 0;
    for (std::size_t i = 0; i < writes;) {
        live_shopper::WriteBatch batch;
        for (const auto end = std::min(writes, i + 4096); i < end; ++i) {
            batch.set(names[i % keys], value, 15min, i / 4 + 1);  // groups as the lanes make them
        }
        store.submit(std::move(batch), ++ticket);
        while (store.pending() > 50'000) {
            std::this_thread::sleep_for(200us);
        }
    }
    for (std::uint64_t acknowledged = 0; acknowledged < ticket;) {
        if (const auto news = store.next_acknowledgement()) {
            acknowledged = news->ticket;
        } else {
            std::this_thread::sleep_for(100us);
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return {static_cast<double>(writes) / took.count(), processor_seconds(server) - processor};
}

double median(std::vector<double> rates) {
    std::sort(rates.begin(), rates.end());
    return rates[rates.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t writes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    live_shopper::log::set_level(live_shopper::log::Level::warn);
    const auto port = std::to_string(free_port());
    const pid_t redis = start_redis(port);
    std::this_thread::sleep_for(500ms);
    struct Way {
        int connections;
        int pipeline;
        std::vector<double> rates;
    };
    std::vector<Way> ways{{1, 100, {}}, {1, 1000, {}}, {50, 100, {}}};
    std::vector<double> ours;
    std::vector<double> guarded;
    std::vector<double> processor;
    std::vector<double> guarded_processor;
    for (int round = 0; round < rounds; ++round) {  // taking turns, so that a busy machine is unfair to none
        for (const bool guard : {round % 2 == 0, round % 2 != 0}) {
            const Run run = redis_store(port, redis, writes, guard);
            (guard ? guarded : ours).push_back(run.rate);
            (guard ? guarded_processor : processor).push_back(run.server);
        }
        for (Way& way : ways) {
            way.rates.push_back(redis_benchmark(port, writes, way.connections, way.pipeline));
        }
    }
    // Runs next to each other have the same neighbours on the machine.
    std::vector<double> ratios;
    for (std::size_t i = 0; i < processor.size(); ++i) {
        ratios.push_back(processor[i] > 0 ? guarded_processor[i] / processor[i] : 0.0);
    }
    const double rate = median(ours);
    const double guarded_rate = median(guarded);
    fmt::print("SET key({}) value({}) PX ttl, {} writes, median of {}\n", key_of(0).size(), value.size(), writes,
               rounds);
    fmt::print("RedisStore, one connection                         {:>10.0f}/s\n", rate);
    fmt::print("RedisStore, guarded by {} fences                    {:>10.0f}/s  ratio {:.2f}\n", partitions,
               guarded_rate, rate > 0 ? guarded_rate / rate : 0.0);
    fmt::print(
        "  the server's processor time: {:.2f} us a write plain, {:.2f} guarded, ratio {:.3f}, {:.3f} by the median "
        "pair\n",
        median(processor) * 1e6 / static_cast<double>(writes),
        median(guarded_processor) * 1e6 / static_cast<double>(writes), median(guarded_processor) / median(processor),
        median(ratios));
    for (const Way& way : ways) {
        const double theirs = median(way.rates);
        fmt::print("redis-benchmark, {:2} connections, pipeline {:4}        {:>10.0f}/s  ratio {:.2f}\n",
                   way.connections, way.pipeline, theirs, theirs > 0 ? rate / theirs : 0.0);
    }
    ::kill(redis, SIGTERM);
    ::waitpid(redis, nullptr, 0);
    return 0;
}
