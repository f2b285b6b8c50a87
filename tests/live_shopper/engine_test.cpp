// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine.hpp"

using namespace live_shopper;
using namespace std::chrono_literals;

namespace {

constexpr weir::Timestamp start{1'750'000'000'000ms};

ShopEvent view(std::string_view id, weir::Timestamp t, std::string_view user, std::string_view visitor) {
    ShopEvent e;
    e.id = id;
    e.type = EventType::product_view;
    e.time = t;
    e.user_id = user;
    e.domain_userid = visitor;
    e.products.push_back(Product{.id = "5", .brand = "Harbour", .category = "Kitchen", .price = weir::Decimal{42}});
    return e;
}

/// What a store that held `store` before holds after the engine's writes.
std::map<std::string, std::string> written(Engine& engine, std::map<std::string, std::string> store = {}) {
    engine.drain([&](const Write& w) {
        if (w.erase) {
            store.erase(std::string{w.key});
        } else {
            store[std::string{w.key}] = w.value;
        }
    });
    return store;
}

}  // namespace

TEST_CASE("views of each product are JSON whatever the products are called", "[engine]") {
    Engine engine{Settings{}};
    const std::vector<std::string> names{"plain",     "a\"b", "back\\slash", "line\nend",
                                         "caf\u00e9", "\x01", "z z",         "<&>"};
    nlohmann::json wanted = nlohmann::json::object();
    int id = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        for (std::size_t times = 0; times <= i; ++times) {
            const auto name = "e" + std::to_string(id++);
            auto event = view(name, start, "u", "v");
            event.products[0].id = names[i];
            engine.accept(event, start);
        }
        wanted[names[i]] = i + 1;
    }
    engine.advance_to(start);
    CHECK(written(engine).at("user:u:return_view_count_1h") == wanted.dump());
}

TEST_CASE("what is dropped is taken back and comes again once its windows are complete", "[engine][memory]") {
    Engine engine{Settings{}};
    engine.accept(view("a", start, "", "idle"), start);
    for (int i = 0; i < 20; ++i) {
        const auto id = std::to_string(i);
        engine.accept(view(id, start + 20min, "", "busy" + id), start + 20min);
    }
    engine.advance_to(start + 20min);
    auto store = written(engine);
    REQUIRE(store.count("user:idle:product_view_count_1h") == 1);
    std::set<std::string> erased;
    while (engine.keys() > 40) {
        REQUIRE(engine.drop_idle(1h, 1'000'000, [&](const Write& w) {
            CHECK(w.erase);
            erased.emplace(w.key);
        }) > 0);
    }
    // Oldest first, and everything that the store had of it.
    CHECK(erased.count("user:idle:product_view_count_1h") == 1);
    for (const auto& [key, value] : store) {
        if (key.starts_with("user:idle:")) {
            CHECK(erased.count(key) == 1);
        }
    }
    for (const auto& key : erased) {
        store.erase(key);
    }

    // The first hour after a drop a window of an hour is not known; one of five minutes is after five.
    engine.accept(view("b", start + 21min, "", "idle"), start + 21min);
    engine.advance_to(start + 21min);
    store = written(engine, std::move(store));
    CHECK(store.count("user:idle:product_view_count_5m") == 0);
    CHECK(store.count("user:idle:product_view_count_1h") == 0);
    engine.accept(view("c", start + 30min, "", "idle"), start + 30min);
    engine.advance_to(start + 30min);
    store = written(engine, std::move(store));
    CHECK(store.at("user:idle:product_view_count_5m") == "1");
    CHECK(store.count("user:idle:product_view_count_1h") == 0);
    engine.accept(view("d", start + 85min, "", "idle"), start + 85min);
    engine.advance_to(start + 85min);
    store = written(engine, std::move(store));
    CHECK(store.at("user:idle:return_view_count_1h") == R"({"5":2})");
    // A shopper who was never dropped has all values at once.
    engine.accept(view("e", start + 85min, "", "new"), start + 85min);
    engine.advance_to(start + 86min);
    store = written(engine, std::move(store));
    CHECK(store.count("user:new:product_view_count_1h") == 1);
}

TEST_CASE("no more is dropped at once than was asked for", "[engine][memory]") {
    Engine engine{Settings{}};
    for (int i = 0; i < 400; ++i) {
        const auto id = std::to_string(i);
        engine.accept(view(id, start + i * 5s, "", "visitor" + id), start + i * 5s);
    }
    engine.advance_to(start + 400 * 5s);
    const auto keys = engine.keys();
    const auto none = [](const Write&) {};
    const auto few = engine.drop_idle(1h, 10, none);
    CHECK(few >= 10);
    CHECK(few < 50);  // of some 800, in ages 2 % wide
    CHECK(engine.keys() == keys - few);
    CHECK(engine.drop_idle(1h, keys, none) >= (keys - few + 7) / 8);
}

TEST_CASE("a login of a visitor who was dropped leaves the user's windows incomplete", "[engine][memory]") {
    Engine engine{Settings{}};
    engine.accept(view("a", start, "", "visitor"), start);
    engine.accept(view("b", start + 1min, "ada", "other"), start + 1min);
    engine.advance_to(start + 1min);
    auto store = written(engine);
    REQUIRE(store.count("user:ada:product_view_count_1h") == 1);
    const auto erasing = [&](const Write& w) { store.erase(std::string{w.key}); };
    engine.accept(view("c", start + 30min, "ada", "other"), start + 30min);
    engine.advance_to(start + 30min);
    store = written(engine, std::move(store));
    REQUIRE(engine.drop_idle(1min, 1'000'000, erasing) > 0);
    REQUIRE(store.count("user:visitor:product_view_count_1h") == 0);
    REQUIRE(store.count("user:ada:product_view_count_1h") == 1);
    engine.accept(view("d", start + 31min, "ada", "visitor"), start + 31min);
    engine.advance_to(start + 31min);
    store = written(engine, std::move(store));
    CHECK(store.count("user:ada:product_view_count_1h") == 0);  // it lacks the visitor's view
    CHECK(store.count("user:ada:product_view_count_5m") == 1);  // that does not
    engine.accept(view("e", start + 95min, "ada", "visitor"), start + 95min);
    engine.advance_to(start + 95min);
    store = written(engine, std::move(store));
    CHECK(store.count("user:ada:product_view_count_1h") == 1);
}

TEST_CASE("the checkout lane is there where its windows are", "[engine]") {
    Settings settings;
    ShopEvent step = view("a", start, "", "visitor");
    step.type = EventType::checkout_step;
    step.checkout_step = 1;
    {
        Engine engine{settings};
        engine.accept(step, start);
        engine.advance_to(start);
        CHECK(written(engine).count("user:visitor:checkout_step_count_1h") == 0);
    }
    settings.checkout_windows = {1h};
    Engine engine{settings};
    engine.accept(step, start);
    engine.advance_to(start);
    auto store = written(engine);
    CHECK(store.at("user:visitor:checkout_step_count_1h") == "1");

    // The step moves with the rest of the history when the visitor turns out to be somebody.
    ShopEvent login = step;
    login.id = "b";
    login.time = start + 1s;
    login.user_id = "ada";
    login.checkout_step = 2;
    engine.accept(login, start + 1s);
    engine.advance_to(start + 1s);
    store = written(engine, std::move(store));
    CHECK(store.at("user:ada:checkout_step_count_1h") == "2");
    CHECK(store.count("user:visitor:checkout_step_count_1h") == 0);
    engine.advance_to(start + 1h);  // the first has left
    store = written(engine, std::move(store));
    CHECK(store.at("user:ada:checkout_step_count_1h") == "1");
}

TEST_CASE("read back in another order, what was a visitor's is taken back", "[engine]") {
    const ShopEvent anonymous = view("a", start, "", "visitor");
    const ShopEvent login = view("b", start + 1s, "ada", "visitor");

    // Before the stop: the anonymous event came first and its values were written under the visitor's key.
    Engine before{Settings{}};
    before.accept(anonymous, start);
    before.advance_to(start + 2s);
    const auto store = written(before);
    REQUIRE(store.count("user:visitor:product_view_count_5m") == 1);

    for (const std::size_t shards : {1U, 3U}) {
        CAPTURE(shards);
        Engine after{Settings{}, shards};
        after.rebuilding(true);
        after.accept(login, start + 1s);
        after.accept(anonymous, start + 1s);
        after.rebuilding(false);
        after.advance_to(start + 2s);
        const auto found = written(after, store);

        Engine fresh{Settings{}};
        fresh.accept(anonymous, start);
        fresh.accept(login, start + 1s);
        fresh.advance_to(start + 2s);
        CHECK(found == written(fresh));
    }
}

TEST_CASE("an event of nobody, a repeat and one from the future change nothing", "[engine]") {
    Engine engine{Settings{}};
    CHECK(engine.accept(view("a", start, "ada", ""), start) == Outcome::accepted);
    engine.advance_to(start);
    CHECK_FALSE(written(engine).empty());

    CHECK(engine.accept(view("a", start + 1s, "ada", ""), start) == Outcome::duplicate);
    CHECK(engine.accept(view("b", start, "", ""), start) == Outcome::nobody);
    CHECK(engine.accept(view("c", start + 5min + 1ms, "ada", ""), start) == Outcome::refused_future);
    CHECK(engine.accept(view("d", start - 49h, "ada", ""), start) == Outcome::late);
    CHECK(written(engine).empty());
}

TEST_CASE("of a robot's events so many a minute are taken and nobody else is refused", "[engine]") {
    Settings settings;
    settings.bot_limit = 100;
    const std::size_t shards = GENERATE(std::size_t{1}, std::size_t{3});
    Engine engine{settings, shards};
    std::map<Outcome, int> outcomes;
    const auto minute = std::chrono::ceil<std::chrono::minutes>(start);
    for (int i = 0; i < 5000; ++i) {
        const auto t = minute + weir::Duration{i * 12};  // 5,000 a minute
        const std::string id = "r" + std::to_string(i);
        ++outcomes[engine.accept(view(id, t, "", "robot"), t)];
        CHECK(engine.accept(view(id, t, "", "robot"), t) == Outcome::duplicate);
        if (i % 100 == 0) {
            const auto other = engine.accept(view("p" + std::to_string(i), t, "ada", "hers"), t);
            CHECK((other == Outcome::accepted || other == Outcome::queued));
        }
    }
    CHECK(outcomes[Outcome::refused_bot] == 4900);
    const auto next = minute + 1min;
    CHECK(engine.accept(view("next", next, "", "robot"), next) != Outcome::refused_bot);
    CHECK(engine.accept(view("late", minute + 30s, "", "robot"), next) == Outcome::refused_bot);
    engine.advance_to(next);
    CHECK(written(engine).at("user:ada:category_view_count_1h") == "50");
}

TEST_CASE("without a limit nobody is a robot", "[engine]") {
    Engine engine{Settings{}};
    for (int i = 0; i < 3000; ++i) {
        CHECK(engine.accept(view("r" + std::to_string(i), start, "ada", ""), start) == Outcome::accepted);
    }
}

TEST_CASE("counts of robots are forgotten with time", "[engine]") {
    BotLimit limit{5};
    for (int i = 0; i < 100'000; ++i) {
        CHECK(limit.admits("v" + std::to_string(i), start));
    }
    CHECK(limit.memory_in_use() > 1'000'000);
    limit.advance_to(start + 12min);
    CHECK(limit.memory_in_use() == 0);
}
