// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "decoder_support.hpp"

using namespace live_shopper_tests;
using live_shopper::CartTotal;

namespace {

using Columns = std::map<std::size_t, std::string>;

const std::string shop = "com.snowplowanalytics.snowplow.ecommerce/";

[[nodiscard]] std::string event(Columns columns, CartTotal cart_total = CartTotal::by_form) {
    columns.merge(Columns{{7, "e1"}, {125, "2025-05-02 09:30:00.033"}});
    return decoded(tsv(columns), cart_total);
}

[[nodiscard]] std::string action(std::string_view data) {
    return R"({"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":)" +
           entity(shop + "snowplow_ecommerce_action", data) + "}";
}

[[nodiscard]] std::string with(const std::vector<std::string>& entities, CartTotal cart_total = CartTotal::by_form) {
    return event({{6, "unstruct"}, {53, contexts(entities)}, {59, action(R"({"type":"add_to_cart"})")}}, cart_total);
}

}  // namespace

TEST_CASE("a TSV event needs an id and a time alone", "[decoder]") {
    REQUIRE(event({}) == "id=e1\ntype=other\ntime=1746178200033\ndevice=Unknown\n");
    REQUIRE(event({{131, "\r"}}) == event({}));
}

TEST_CASE("every field of a TSV event is read from its column", "[decoder]") {
    const std::string list = contexts({
        entity("com.snowplowanalytics.snowplow/web_page", R"({"id":"no"})"),
        entity(shop + "product", R"({"id":"K-17","brand":"Harbour","category":"Kitchen","price":42.5,"quantity":2})"),
        entity(shop + "product", R"({"id":"T-4","category":"Kitchen","price":1,"name":"no"})"),
        entity(shop + "cart", R"({"total_value":86,"currency":"EUR"})"),
        entity(shop + "checkout_step", R"({"step":1})"),
        entity(shop + "transaction", R"({"transaction_id":"T1","revenue":99.5})"),
        entity("com.snowplowanalytics.snowplow/client_session", R"({"userId":"no","sessionId":"s1"})"),
    });
    REQUIRE(event({{1, "app"},
                   {2, "web"},
                   {4, "2025-05-02 09:30:00.070"},
                   {6, "unstruct"},
                   {13, "ada@example.com"},
                   {16, "d1"},
                   {18, "no"},
                   {19, "NO"},
                   {20, "46"},
                   {21, "Bergen"},
                   {25, "Vestland"},
                   {30, "https://shop.example/a"},
                   {49, "letter"},
                   {52, "spring"},
                   {53, list},
                   {59, action(R"({"type":"add_to_cart","name":"New"})")},
                   {78, "Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X)"},
                   {124, "no"}}) ==
            "id=e1\ntype=add_to_cart\ntime=1746178200033\nuser_id=ada@example.com\ndomain_userid=d1\nsession_id=s1\n"
            "product=K-17|Harbour|Kitchen|42.5|2\nproduct=T-4||Kitchen|1|1\nlist_name=New\ncart_total=86\n"
            "checkout_step=1\ntransaction_id=T1\nrevenue=99.5\npage_url=https://shop.example/a\n"
            "marketing_campaign=spring\nmarketing_source=letter\nhas_marketing=true\n"
            "user_agent=Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X)\ndevice=Tablet\nplatform=web\ncity=Bergen\n"
            "country=NO\nregion=NO-46\n");
}

TEST_CASE("a TSV event's type is its action's, or page view, or page ping", "[decoder]") {
    const auto type = [](std::string_view column, const std::string& described) {
        const std::string text = event({{6, std::string{column}}, {59, described}});
        return text.substr(text.find("type=") + 5, text.find("\ntime") - text.find("type=") - 5);
    };
    REQUIRE(type("page_view", "") == "page_view");
    REQUIRE(type("page_ping", "") == "page_ping");
    REQUIRE(type("page_view", action(R"({"type":"transaction"})")) == "page_view");
    REQUIRE(type("unstruct", action(R"({"type":"transaction"})")) == "transaction");
    REQUIRE(type("unstruct", action(R"({"type":"trns_error"})")) == "trns_error");
    REQUIRE(type("unstruct", action(R"({"type":null})")) == "other");
    REQUIRE(type("unstruct", action(R"({"type":"unheard_of"})")) == "other");
    REQUIRE(type("unstruct", "") == "other");
    REQUIRE(type("struct", "") == "other");
    // The legacy events of these names are none of the e-commerce plugin's.
    REQUIRE(type("transaction", "") == "other");
    REQUIRE(type("product_view", "") == "other");
    const std::string elsewhere =
        R"({"data":)" + entity("com.example/snowplow_ecommerce_action", R"({"type":"transaction"})") + "}";
    REQUIRE(type("unstruct", elsewhere) == "other");
    const std::string later = R"({"data":{"schema":"iglu:com.snowplowanalytics.snowplow.ecommerce\/)"
                              R"(snowplow_ecommerce_action\/jsonschema\/1-0-9","data":{"type":"list_view"}}})";
    REQUIRE(type("unstruct", later) == "list_view");
    const std::string other_model = R"({"data":{"schema":"iglu:com.snowplowanalytics.snowplow.ecommerce/)"
                                    R"(snowplow_ecommerce_action/jsonschema/2-0-0","data":{"type":"list_view"}}})";
    REQUIRE(type("unstruct", other_model) == "other");
}

TEST_CASE("the derived time counts, else the collector's", "[decoder]") {
    const auto time = [](const char* derived, const char* collector) {
        return decoded(tsv({{3, "1999-01-01 00:00:00"}, {4, collector}, {7, "e1"}, {125, derived}}));
    };
    REQUIRE(has(time("2025-05-02 09:30:00.033", "2025-05-02 09:30:01"), "time=1746178200033"));
    REQUIRE(has(time("", "2025-05-02 09:30:01"), "time=1746178201000"));
    REQUIRE(has(time("2025-05-02T09:30:00.5Z", ""), "time=1746178200500"));
    REQUIRE(time("never", "2025-05-02 09:30:01") == "error: bad_time");
}

TEST_CASE("an entity's schema and data may come in either order", "[decoder]") {
    const std::string swapped =
        R"({"data":{"id":"b","price":2},"schema":"iglu:)" + shop + R"(product/jsonschema/1-0-0"})";
    const std::string straight = entity(shop + "product", R"({"id":"a","price":1})");
    REQUIRE(with({straight, swapped, straight}).find("product=a|||1|1\nproduct=b|||2|1\nproduct=a|||1|1\n") !=
            std::string::npos);
    // As anywhere the first field of a name counts.
    const std::string thrice = R"({"data":{"id":"b"},"data":{"id":"c"},"schema":"iglu:)" + shop +
                               R"(product/jsonschema/1-0-0","data":{"id":"d"},"schema":"iglu:x/y/jsonschema/1-0-0"})";
    REQUIRE(with({thrice, straight}).find("product=b||||1\nproduct=a|||1|1\n") != std::string::npos);
    const std::string outer = R"({"data":[)" + straight + R"(],"schema":"s","data":[)" + swapped + "]}";
    REQUIRE(has(event({{53, outer}}), "product=a|||1|1"));
    REQUIRE_FALSE(has(event({{53, outer}}), "product=b|||2|1"));
}

TEST_CASE("entities of other schemas, and what is no entity, are passed over", "[decoder]") {
    const std::string none = with({});
    REQUIRE(
        with(
            {R"({"schema":"iglu:com.example/product/jsonschema/1-0-0","data":{"id":"a"}})",
             R"({"schema":"iglu:com.snowplowanalytics.snowplow.ecommerce/products/jsonschema/1-0-0","data":{"id":"a"}})",
             R"({"schema":"com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0","data":{"id":"a"}})",
             R"({"schema":7,"data":{"id":"a"}})", R"({"data":{"id":"a"}})", R"({"schema":null})", "{}", "[]", "7",
             "null", "\"x\"", entity(shop + "product", "[]"), entity(shop + "product", "null"),
             entity(shop + "product", "{}")}) == none);
    REQUIRE(event({{53, R"({"data":{}})"}}) == event({}));
    REQUIRE(event({{53, "{}"}}) == event({}));
}

TEST_CASE("of entities that an event has once the first counts", "[decoder]") {
    const std::string text =
        with({R"({"schema":"iglu:)" + shop + R"(cart/jsonschema/1-0-0"})",  // of no data: is none
              entity(shop + "cart", R"({"total_value":1})"), entity(shop + "cart", R"({"total_value":2})"),
              entity(shop + "checkout_step", "{}"), entity(shop + "checkout_step", R"({"step":2})"),
              entity(shop + "transaction", R"({"transaction_id":"a"})"),
              entity(shop + "transaction", R"({"transaction_id":"b","revenue":5})")});
    REQUIRE(has(text, "cart_total=1"));
    REQUIRE(has(text, "transaction_id=a"));
    REQUIRE(text.find("checkout_step=") == std::string::npos);
    REQUIRE(text.find("revenue=") == std::string::npos);
}

TEST_CASE("a cart's total in TSV is what it is after the event, unless said otherwise", "[decoder]") {
    const std::vector<std::string> entities{entity(shop + "product", R"({"id":"a","price":2.5,"quantity":2})"),
                                            entity(shop + "cart", R"({"total_value":10})")};
    REQUIRE(has(with(entities), "cart_total=10"));
    REQUIRE(has(with(entities, CartTotal::after), "cart_total=10"));
    REQUIRE(has(with(entities, CartTotal::before), "cart_total=15"));
}

TEST_CASE("the client session entity comes before the column", "[decoder]") {
    const std::string session = entity("com.snowplowanalytics.snowplow/client_session", R"({"sessionId":"c"})");
    const std::string none = entity("com.snowplowanalytics.snowplow/client_session", R"({"sessionId":null})");
    REQUIRE(has(event({{53, contexts({session})}, {124, "d"}}), "session_id=c"));
    REQUIRE(has(event({{53, contexts({none})}, {124, "d"}}), "session_id=d"));
    REQUIRE(has(event({{124, "d"}}), "session_id=d"));
}

TEST_CASE("products of the action itself come after the entities", "[decoder]") {
    const std::string text =
        event({{6, "unstruct"},
               {53, contexts({entity(shop + "product", R"({"id":"a"})")})},
               {59, action(R"({"type":"list_view","products":[{"id":"b"},{"id":"c"}],"name":"New"})")}});
    REQUIRE(text.find("product=a||||1\nproduct=b||||1\nproduct=c||||1\nlist_name=New\n") != std::string::npos);
}

TEST_CASE("marketing is there where any of its columns is", "[decoder]") {
    for (const std::size_t column : {48U, 49U, 50U, 51U, 52U, 117U, 118U}) {
        REQUIRE(has(event({{column, "x"}}), "has_marketing=true"));
    }
    REQUIRE(event({{47, "x"}, {54, "x"}, {116, "x"}, {119, "x"}}) == event({}));
}

TEST_CASE("yauaa's device class comes before our own", "[decoder]") {
    const auto device = [](std::string_view by_yauaa, const char* user_agent) {
        const std::string derived =
            contexts({entity("org.ietf/http_header", R"({"name":"yauaa_context"})"),
                      entity("nl.basjes/yauaa_context", R"({"deviceClass":")" + std::string{by_yauaa} + "\"}")});
        return event({{78, user_agent}, {123, derived}});
    };
    const char* const phone = "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 Chrome/112.0.0.0 Mobile";
    REQUIRE(has(device("Set-top box", phone), "device=TV"));
    REQUIRE(has(device("Tablet", ""), "device=Tablet"));
    REQUIRE(has(device("Unknown", phone), "device=Mobile"));
    REQUIRE(has(device("Anonymized", ""), "device=Unknown"));
    REQUIRE(has(event({{78, phone}, {123, contexts({})}}), "device=Mobile"));
}

TEST_CASE("columns are told apart wherever the tabs fall", "[decoder]") {
    // Values of every length in front move each tab through all places of a machine word.
    for (std::size_t length = 0; length < 40; ++length) {
        const std::string text =
            event({{1, std::string(length, 'x')}, {13, "ada"}, {16, std::string(length, 'y')}, {124, "s"}});
        REQUIRE(has(text, "user_id=ada"));
        REQUIRE(has(text, "session_id=s"));
        REQUIRE((length == 0 || has(text, "domain_userid=" + std::string(length, 'y'))));
    }
    // Bytes next to the tab's value, and with the top bit set, are none.
    const std::string near = "\x08\x0a\x0b\xc2\x89\xe0\xa4\x89";
    REQUIRE(has(event({{13, near}}), "user_id=" + near));
}

TEST_CASE("forms are told apart line by line", "[decoder]") {
    const std::string json = R"({"id":"e2","timestamp":"2025-05-02T09:30:00Z"})";
    REQUIRE(has(event({}), "id=e1"));
    REQUIRE(has(decoded(json), "id=e2"));
    REQUIRE(has(event({{1, ""}, {2, ""}}), "id=e1"));
    for (const std::size_t column : {1U, 2U}) {  // a brace in front says JSON, but not of 131 columns
        const std::string text = event({{column, "{\"app\""}, {13, "ada"}});
        REQUIRE(has(text, "id=e1"));
        REQUIRE(has(text, "user_id=ada"));
        REQUIRE(text.find("error") == std::string::npos);
    }
    const auto cut = tsv({{1, "{app}"}});
    REQUIRE(decoded(cut.substr(0, cut.rfind('\t'))) == "error: not_json");
}
