// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What a robot costs the others: one visitor with 5,000 product views a second beside 2,000 a second of everybody else,
// taken and drained every 100 ms as the job does. How long a turn keeps the thread is what events of others wait for.
//
//     benchmark_live_shopper_hot_key [MINUTES]

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine.hpp"

namespace {

using namespace live_shopper;
using namespace std::chrono_literals;

constexpr weir::Timestamp start{1'750'000'000'000ms};

struct Robot {
    const char* name;
    std::size_t rate;      // events a second; 0: there is none
    std::size_t products;  // that it looks at; 0: another each time
    std::uint32_t bot_limit;
};

void measure(const Robot& robot, int minutes) {
    Settings settings;
    settings.bot_limit = robot.bot_limit;
    Engine engine{settings};
    std::vector<double> turns;
    std::size_t longest_value = 0;
    std::uint64_t made = 0;
    ShopEvent event;
    std::string id;
    std::string user;
    std::string session;
    std::string product;
    const auto view = [&](weir::Timestamp t, const std::string& who, std::uint64_t what) {
        id = fmt::format("{:08x}-0000-4000-8000-{:012x}", made >> 32U, made);
        ++made;
        user = who;
        session = "s-" + who;
        product = fmt::format("product-{}", what);
        event = ShopEvent{};
        event.id = id;
        event.type = EventType::product_view;
        event.time = t;
        event.domain_userid = user;
        event.session_id = session;
        event.products.push_back({product, "brand", "category", weir::Decimal::parse("42.99"), 1});
        engine.accept(event, t);
    };
    for (int turn = 0; turn < minutes * 600; ++turn) {
        const auto begin = std::chrono::steady_clock::now();
        const auto now = start + turn * 100ms;
        for (std::size_t i = 0; i < 200; ++i) {
            const auto n = static_cast<std::uint64_t>(turn) * 200 + i;
            view(now, fmt::format("visitor-{}", n * 7919 % 10'000), n % 500);
        }
        for (std::size_t i = 0; i < robot.rate / 10; ++i) {
            const auto n = static_cast<std::uint64_t>(turn) * (robot.rate / 10) + i;
            view(now, "robot", robot.products == 0 ? n : n % robot.products);
        }
        engine.advance_to(now);
        engine.drain([&](const Write& write) { longest_value = std::max(longest_value, write.value.size()); });
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        turns.push_back(took.count());
    }
    // The last minute: what grows is largest there.
    std::sort(turns.end() - 600, turns.end());
    fmt::print("{:<46} {:>8.1f} {:>8.1f} {:>8.1f} {:>10} {:>8}\n", robot.name, *(turns.end() - 300), *(turns.end() - 6),
               turns.back(), longest_value, engine.memory_in_use() >> 20U);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const int minutes = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
    fmt::print(
        "milliseconds a turn of 100 ms, in minute {}                p50      p99      max     value B       MB\n",
        minutes);
    for (const Robot& robot :
         {Robot{"no robot", 0, 1, 0}, Robot{"5,000/s, 1,000 products", 5000, 1000, 0},
          Robot{"5,000/s, 10,000 products", 5000, 10'000, 0}, Robot{"5,000/s, another product each time", 5000, 0, 0},
          Robot{"the same, --bot-limit 600", 5000, 0, 600}}) {
        measure(robot, minutes);
    }
    return 0;
}
