// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "rules.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config.hpp"
#include "storefront_support.hpp"

using namespace storefront;

namespace {

std::string error_of(const std::string& text) {
    try {
        (void)read_rules(text, "actions.json");
    } catch (const live_shopper::ConfigError& error) {
        return error.what();
    }
    return "no error";
}

std::string rule(const std::string& when,
                 const std::string& rest = R"("cool_down": "1m", "do": {"kind": "chat", "text": "hi"})") {
    return R"({"rules": [{"name": "r", "when": )" + when + ", " + rest + "}]}";
}

Condition condition(const std::string& when, std::vector<Feature>* features = nullptr) {
    auto rules = read_rules(rule(when), "actions.json");
    if (features != nullptr) {
        *features = rules.features;
    }
    return rules.rules.at(0).when;
}

bool met(const std::string& when, const std::vector<Observation>& seen) { return condition(when).met(seen); }

Observation saw(std::string value) { return {std::move(value), 0, 0}; }

}  // namespace

TEST_CASE("the rules that come with the shop are good", "[rules]") {
    const auto rules = load_rules(STOREFRONT_SOURCE "/actions.json");
    REQUIRE(rules.rules.size() == 4);
    CHECK(rules.rules[0].name == "stalled_cart");
    CHECK(rules.rules[0].hold == std::chrono::seconds{20});
    CHECK(rules.discount("stay10")->deed.percent == 10);
    CHECK(rules.discount("nothing") == nullptr);
    CHECK(rules.features.size() <= 12);  // what one MGET asks for
}

TEST_CASE("an error in the rules says where it is and what was wanted", "[rules]") {
    CHECK(error_of("{\n  \"rules\": [\n    {]\n}") ==
          "actions.json:3:6: no JSON: syntax error while parsing object key - unexpected ']'; expected string literal");
    CHECK(error_of("{\n \"rule\": []}") == "actions.json:2:2: unknown key \"rule\", did you mean \"rules\"?");
    CHECK(error_of("[]") == "actions.json:1:1: expected an object, found an array");
    CHECK(error_of(rule(R"({"feature": "cart_valeu", "window": "1h", "at_least": 1})")) ==
          "actions.json:1:46: there is no feature \"cart_valeu\", did you mean \"cart_value\"?");
    CHECK(error_of(rule(R"({"feature": "cart_value", "at_least": 1})")) ==
          "actions.json:1:46: expected a window of cart_value: 5m, 1h, found none");
    CHECK(error_of(rule(R"({"feature": "cart_value", "window": "2h", "at_least": 1})")) ==
          "actions.json:1:70: expected a window of cart_value: 5m, 1h, found \"2h\"");
    CHECK(error_of(rule(R"({"feature": "session_duration", "window": "1h", "missing": false})")) ==
          "actions.json:1:76: session_duration is a session's and has no window");
    CHECK(error_of(rule(R"({"feature": "cart_value", "window": "1h"})"))
              .find("expected a comparison with cart_value_1h") != std::string::npos);
    CHECK(error_of(rule(R"({"feature": "cart_value", "window": "1h", "at_least": 1, "at_most": 2})"))
              .find("expected one comparison") != std::string::npos);
    CHECK(error_of(rule(R"({"feature": "cart_value", "window": "1h", "at_least": "1"})"))
              .find("expected a number, found \"1\"") != std::string::npos);
    CHECK(error_of(rule(R"({"feature": "return_view_count", "window": "1h", "at_least": 1})"))
              .find("is no number; say which with \"take\"") != std::string::npos);
    CHECK(error_of(rule(R"({"feature": "cart_value", "window": "1h", "take": "most", "at_least": 1})"))
              .find("there is no most of cart_value") != std::string::npos);
    CHECK(error_of(rule(R"({"feature": "price_range_viewed", "window": "1h", "take": "most", "at_least": 1})"))
              .find("there is no most of") != std::string::npos);
    CHECK(error_of(rule(R"({"all": []})")).find("expected one or more conditions") != std::string::npos);
    CHECK(error_of(rule(R"({"all": [{"feature": "cart_value", "window": "1h", "at_least": 1}], "any": []})"))
              .find("\"all\" stands alone") != std::string::npos);
    CHECK(error_of(rule(R"({})")).find("expected a condition") != std::string::npos);
    CHECK(error_of(rule(R"({"feature": "cart_value", "window": "1h", "unchanged": false})")).find("expected true") !=
          std::string::npos);
    const std::string good = R"({"feature": "cart_value", "window": "1h", "at_least": 1})";
    CHECK(error_of(rule(good, R"("cool_down": "5 mins", "do": {"kind": "chat", "text": "hi"})"))
              .find("expected a duration such as 5m, found \"5 mins\"") != std::string::npos);
    CHECK(error_of(rule(good, R"("cool_down": "0s", "do": {"kind": "chat", "text": "hi"})"))
              .find("a duration of 1s or more") != std::string::npos);
    CHECK(error_of(rule(good, R"("do": {"kind": "chat", "text": "hi"})")).find("the key \"cool_down\"") !=
          std::string::npos);
    CHECK(error_of(rule(good, R"("cool_down": "1m", "do": {"kind": "shout", "text": "hi"})"))
              .find("expected chat, discount") != std::string::npos);
    CHECK(error_of(
              rule(good, R"("cool_down": "1m", "do": {"kind": "discount", "code": "A", "percent": 100, "text": "hi"})"))
              .find("from 1 to 90") != std::string::npos);
    CHECK(error_of(rule(good, R"("cool_down": "1m", "cool_down": "1m", "do": {"kind": "chat", "text": "hi"})"))
              .find("comes twice") != std::string::npos);
    CHECK(error_of(std::string(100'000, '[')).find("no JSON") != std::string::npos);
    CHECK(error_of("[1e999]") == "actions.json:1:6: no JSON: number overflow parsing '1e999'");
    CHECK(error_of("\xEF\xBB\xBF[]").find("expected an object, found an array") != std::string::npos);
    CHECK(error_of(R"({"rules": )" + std::string(200, '[') + std::string(200, ']') + "}").find("nested too deeply") !=
          std::string::npos);
    const std::string one =
        R"({"name": "r", "when": )" + good + R"(, "cool_down": "1m", "do": {"kind": "chat", "text": "hi"}})";
    CHECK(error_of("{\"rules\": [" + one + "," + one + "]}").find("there is a rule \"r\" already") !=
          std::string::npos);
}

TEST_CASE("numbers are compared as numbers, and a missing value meets nothing", "[rules]") {
    const std::string at_least = R"({"feature": "cart_value", "window": "1h", "at_least": 150})";
    CHECK(met(at_least, {saw("150")}));
    CHECK(met(at_least, {saw("1e3")}));
    CHECK_FALSE(met(at_least, {saw("149.99")}));
    CHECK_FALSE(met(at_least, {saw("")}));
    CHECK_FALSE(met(at_least, {saw("nan")}));
    CHECK_FALSE(met(at_least, {saw("<script>")}));
    CHECK_FALSE(met(at_least, {{}}));
    CHECK(met(R"({"feature": "orders_count", "window": "24h", "at_most": 0, "or_missing": true})", {{}}));
    CHECK_FALSE(met(R"({"feature": "orders_count", "window": "24h", "at_most": 0, "or_missing": true})", {saw("1")}));
    CHECK(met(R"({"feature": "session_duration", "missing": true})", {{}}));
    CHECK_FALSE(met(R"({"feature": "session_duration", "missing": true})", {saw("0")}));
    CHECK(met(R"({"feature": "session_bounce", "is": "true"})", {saw("true")}));
    CHECK(met(R"({"feature": "session_bounce", "is_not": "true"})", {saw("false")}));
    CHECK(met(R"({"feature": "session_search_count", "is": 2})", {saw("2")}));
    CHECK(met(R"({"feature": "session_search_count", "less_than": 3})", {saw("2")}));
    CHECK_FALSE(met(R"({"feature": "session_search_count", "more_than": 2})", {saw("2")}));
}

TEST_CASE("a number can be taken out of ranges, counts and lists", "[rules]") {
    CHECK(take_number(Take::low, "9.5-42.99") == 9.5);
    CHECK(take_number(Take::high, "9.5-42.99") == 42.99);
    CHECK(take_number(Take::width, "10-40") == 30);
    CHECK(take_number(Take::ratio, "10-40") == 4);
    CHECK_FALSE(take_number(Take::ratio, "0-0").has_value());
    CHECK_FALSE(take_number(Take::width, "10").has_value());
    CHECK_FALSE(take_number(Take::width, "a-b").has_value());
    CHECK_FALSE(take_number(Take::width, "").has_value());
    CHECK(take_number(Take::most, R"({"a":1,"b":3})") == 3);
    CHECK(take_number(Take::sum, R"({"a":1,"b":3})") == 4);
    CHECK(take_number(Take::count, R"({"a":1,"b":3})") == 2);
    CHECK(take_number(Take::count, R"(["x"])") == 1);
    CHECK(take_number(Take::most, "{}") == 0);
    CHECK_FALSE(take_number(Take::most, "{").has_value());
    CHECK_FALSE(take_number(Take::most, "7").has_value());
}

TEST_CASE("conditions combine", "[rules]") {
    const std::string a = R"({"feature": "cart_value", "window": "1h", "at_least": 1})";
    const std::string b = R"({"feature": "cart_add_count", "window": "1h", "at_least": 1})";
    for (const bool x : {false, true}) {
        for (const bool y : {false, true}) {
            const std::vector<Observation> seen{saw(x ? "1" : "0"), saw(y ? "1" : "0")};
            CHECK(met(R"({"all": [)" + a + "," + b + "]}", seen) == (x && y));
            CHECK(met(R"({"any": [)" + a + "," + b + "]}", seen) == (x || y));
            CHECK(met(R"({"not": {"any": [)" + a + "," + b + "]}}", seen) == !(x || y));
        }
    }
    CHECK(condition(R"({"all": [)" + a + R"(, {"any": [)" + a + "," + b + R"(]}, {"not": )" + b + "}]}").described() ==
          "cart_value_1h at least 1 and (cart_value_1h at least 1 or cart_add_count_1h at least 1) and not "
          "(cart_add_count_1h at least 1)");
}

TEST_CASE("a rise is told from what changed before it", "[rules]") {
    const std::string when =
        R"({"feature": "cart_update_frequency", "window": "1h", "rose_after": {"feature": "orders_count", "window": "24h"}})";
    CHECK_FALSE(met(when, {{"2", 100, 0}, {"1", 100, 0}}));      // both as first looked at
    CHECK_FALSE(met(when, {{"2", 200, 200}, {"1", 300, 300}}));  // ordered after
    CHECK(met(when, {{"3", 400, 400}, {"1", 300, 300}}));
    CHECK_FALSE(met(when, {{"1", 500, 200}, {"1", 300, 300}}));  // fell
}

TEST_CASE("a deed tells what the pages need, and why", "[rules]") {
    const auto rules = read_rules(
        rule(
            R"({"feature": "return_view_count", "window": "1h", "take": "most", "at_least": 2})",
            R"("cool_down": "1m", "do": {"kind": "looked_at", "feature": "return_view_count", "window": "1h", "text": "again"})"),
        "actions.json");
    const std::vector<Observation> seen{saw(R"({"<b>":1,"a":2,"c":5,"d":2})")};
    CHECK(rules.rules[0].deed.json(seen).dump() ==
          R"({"kind":"looked_at","text":"again","product_ids":["c","a","d"]})");
    CHECK(
        rules.rules[0].explain(seen, {"user:u:return_view_count_1h"}).dump() ==
        R"([{"test":"most of return_view_count_1h at least 2","key":"user:u:return_view_count_1h","value":"{\"<b>\":1,\"a\":2,\"c\":5,\"d\":2}","met":true}])");
}

TEST_CASE("features are kept under the keys that the job writes", "[rules]") {
    CHECK(Feature{"cart", "cart_value", "1h"}.key("u", "s") == "user:u:cart_value_1h");
    CHECK(Feature{"session", "session_duration", ""}.key("u", "s") == "session:s:session_duration");
    CHECK(feature_catalogue().size() == 10 + 12 + 8 + 3 + 1 + 11);
}
