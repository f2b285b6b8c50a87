// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "action_engine.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "redis_server.hpp"
#include "storefront_support.hpp"

using namespace storefront;
using namespace std::chrono_literals;

namespace {

constexpr auto stalled = R"({"rules": [{"name": "stalled", "title": "A stalled cart", "when": {"all": [
    {"feature": "cart_value", "window": "1h", "at_least": 100},
    {"feature": "session_duration", "missing": false},
    {"feature": "cart_update_frequency", "window": "1h", "unchanged": true},
    {"feature": "checkout_step_count", "window": "1h", "unchanged": true},
    {"any": [{"feature": "orders_count", "window": "24h", "at_most": 0, "or_missing": true},
             {"feature": "cart_update_frequency", "window": "1h", "rose_after": {"feature": "orders_count", "window": "24h"}}]}]},
    "for": "900ms", "cool_down": "2s", "do": {"kind": "chat", "text": "hello"}}]})";

// One storefront's engine, with the firings that it heard of.
struct Engine {
    Engine(const RedisServer& redis, Roster& roster)
        : engine{config(redis), read_rules(stalled, "actions.json"), roster, 5min, [this](const Firing& f) {
                     const std::lock_guard lock{mutex};
                     firings.push_back(f);
                 }} {}
    static live_shopper::RedisConfig config(const RedisServer& redis) {
        live_shopper::RedisConfig out;
        out.host = "127.0.0.1";
        out.port = redis.port();
        return out;
    }
    std::size_t count() {
        const std::lock_guard lock{mutex};
        return firings.size();
    }
    std::mutex mutex;
    std::vector<Firing> firings;
    ActionEngine engine;
};

void set_cart(RedisServer& redis, const std::string& user, const std::string& value, const std::string& updates) {
    redis.command({"SET", "user:" + user + ":cart_value_1h", value});
    redis.command({"SET", "user:" + user + ":cart_update_frequency_1h", updates});
    redis.command({"SET", "session:s1:session_duration", "1000"});
}

}  // namespace

TEST_CASE("a rule fires once per shopper and cool-down, of however many storefronts", "[action_engine]") {
    RedisServer redis;
    Roster roster;
    roster.note("", "visitor", "s1", "add_to_cart", false, wall_clock());
    Engine one{redis, roster};
    Engine two{redis, roster};
    set_cart(redis, "visitor", "120", "2");
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(eventually([&] { return one.count() == 1 && two.count() == 1; }));
    CHECK(std::chrono::steady_clock::now() - begin >= 850ms);
    std::this_thread::sleep_for(1s);
    CHECK(one.count() == 1);  // both hear of the one firing
    CHECK(two.count() == 1);
    CHECK(one.firings[0].id == two.firings[0].id);
    CHECK(redis.command({"XLEN", "live-shopper:actions"}) == "1");
    // Once the cool-down is over the cart is still stalled.
    REQUIRE(eventually([&] { return redis.command({"XLEN", "live-shopper:actions"}) == "2"; }));
    CHECK(std::chrono::steady_clock::now() - begin >= 2s);

    const auto firing = nlohmann::json::parse(one.firings[0].json);
    CHECK(firing.at("rule") == "stalled");
    CHECK(firing.at("user") == "visitor");
    CHECK(firing.at("do").at("kind") == "chat");
    CHECK(firing.at("held").get<int>() >= 900);
    CHECK(firing.at("why")[0].at("test") == "cart_value_1h at least 100");
    CHECK(firing.at("why")[0].at("value") == "120");
    CHECK(firing.at("why")[4].at("value").is_null());
}

TEST_CASE("a cart that changes or is paid for is not stalled", "[action_engine]") {
    RedisServer redis;
    Roster roster;
    roster.note("", "visitor", "s1", "add_to_cart", false, wall_clock());
    Engine engine{redis, roster};
    for (int i = 1; i <= 4; ++i) {
        set_cart(redis, "visitor", "120", std::to_string(i));
        std::this_thread::sleep_for(600ms);
    }
    CHECK(engine.count() == 0);
    redis.command({"SET", "user:visitor:orders_count_24h", "1"});
    std::this_thread::sleep_for(1500ms);
    CHECK(engine.count() == 0);
    // Something more goes into the cart after the order, and then nothing.
    set_cart(redis, "visitor", "240", "5");
    CHECK(eventually([&] { return engine.count() == 1; }));
}

TEST_CASE("a shopper who goes on through the checkout has not stalled", "[action_engine]") {
    RedisServer redis;
    Roster roster;
    roster.note("", "visitor", "s1", "add_to_cart", false, wall_clock());
    Engine engine{redis, roster};
    set_cart(redis, "visitor", "120", "2");
    for (int step = 1; step <= 3; ++step) {
        std::this_thread::sleep_for(600ms);
        redis.command({"SET", "user:visitor:checkout_step_count_1h", std::to_string(step)});
    }
    CHECK(engine.count() == 0);
    CHECK(eventually([&] { return engine.count() == 1; }));  // stays there
}

TEST_CASE("somebody who signs in is not asked again", "[action_engine]") {
    RedisServer redis;
    Roster roster;
    roster.note("", "visitor", "s1", "add_to_cart", false, wall_clock());
    Engine engine{redis, roster};
    set_cart(redis, "visitor", "120", "2");
    REQUIRE(eventually([&] { return engine.count() == 1; }));
    redis.command({"DEL", "live-shopper:lock:stalled:none"});
    roster.note("ada@example.com", "visitor", "s1", "page_view", false, wall_clock());
    set_cart(redis, "ada@example.com", "120", "2");
    std::this_thread::sleep_for(700ms);
    CHECK(engine.count() == 1);
    CHECK(redis.command({"EXISTS", "live-shopper:lock:stalled:ada@example.com"}) == "0");
    CHECK(redis.command({"EXISTS", "live-shopper:lock:stalled:visitor"}) == "1");
}

TEST_CASE("a page hears of its shopper's actions, and of earlier ones when it opens", "[action_engine]") {
    RedisServer redis;
    Roster roster;
    Engine engine{redis, roster};
    HttpServer server;
    server.add_stream("/api/actions", [&](const Pairs& query, std::shared_ptr<Stream> stream) {
        engine.engine.follow(std::move(stream),
                             {std::string{find(query, "user")}, std::string{find(query, "session")}});
    });
    server.start({"127.0.0.1", 0});
    EventReader mine{server.port(),
                     "/api/actions?user=visitor&session=s1"};  // the open page alone makes them a shopper
    EventReader others{server.port(), "/api/actions?user=somebody&session=s2"};
    set_cart(redis, "visitor", "120", "2");
    const auto action = mine.next("action");
    REQUIRE(action);
    CHECK(action->at("rule") == "stalled");
    CHECK_FALSE(action->contains("old"));
    EventReader later{server.port(), "/api/actions?user=nobody&session=s1"};
    const auto again = later.next("action");
    REQUIRE(again);
    CHECK(again->at("id") == action->at("id"));
    CHECK(again->at("old") == true);
    CHECK_FALSE(others.next(
        "action", [](const auto&) { return true; }, 300ms));
    server.stop();
}

TEST_CASE("the engine goes on after Redis was away", "[action_engine]") {
    RedisServer redis;
    Roster roster;
    Engine engine{redis, roster};
    redis.kill();
    roster.note("", "visitor", "s1", "add_to_cart", false, wall_clock());
    std::this_thread::sleep_for(500ms);
    redis.start();
    set_cart(redis, "visitor", "120", "2");
    CHECK(eventually([&] {
        roster.note("", "visitor", "s1", "page_ping", false, wall_clock());
        return engine.count() == 1;
    }));
}

TEST_CASE("what others write to the stream does no harm", "[action_engine]") {
    RedisServer redis;
    Roster roster;
    Engine engine{redis, roster};
    redis.command({"XADD", "live-shopper:actions", "*", "user", "<script>", "do", "{", "why", "[]"});
    redis.command({"XADD", "live-shopper:actions", "*", "something", "else"});
    redis.command(
        {"XADD", "live-shopper:actions", "*", "rule", "<b>", "user", "<b>", "at", "x", "do", "{}", "why", "[]"});
    CHECK(eventually([&] { return engine.count() == 1; }));
    CHECK(nlohmann::json::parse(engine.firings[0].json).at("rule") == "<b>");
}

TEST_CASE("somebody signed in is one shopper with who they were before", "[roster]") {
    Roster roster;
    roster.note("", "d1", "s1", "page_view", false, 1000);
    roster.note("", "d2", "s2", "page_view", true, 2000);
    roster.note("ada", "d1", "s1", "page_view", false, 3000);
    const auto all = roster.since(0, 10);
    REQUIRE(all.size() == 2);
    CHECK(all[0].user == "ada");
    CHECK(all[0].events == 2);
    CHECK(all[0].person() == "d1");
    CHECK(all[1].simulated);
    CHECK(roster.since(2500, 10).size() == 1);
    CHECK(roster.since(0, 1).size() == 1);
    roster.note("", "", "s3", "page_view", false, 3000);  // nobody
    CHECK(roster.since(0, 10).size() == 2);
    roster.note("", "d3", "s3", "page_view", false, 3000 + Roster::memory);
    CHECK(roster.since(0, 10).size() == 2);  // ada and the new one
}
