// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "payload.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "decoder.hpp"
#include "enriched_columns.hpp"
#include "storefront_support.hpp"

using namespace storefront;
using Json = nlohmann::json;

namespace {

Circumstances circumstances() {
    Circumstances c;
    c.collected = 1'790'000'005'000;
    c.enriched = c.collected;
    c.address = "192.0.2.7";
    c.user_agent = "A browser";
    c.referrer = "https://shop.example/from-header";
    c.network_userid = "20000000-0000-4000-8000-000000000000";
    return c;
}

std::variant<std::vector<Parameters>, Bad> read(const Json& request) {
    if (request.at("method") == "GET") {
        return read_query(parse_query(request.at("query").get<std::string>()));
    }
    const Json& body = request.at("body");
    return read_payload(body.is_string() ? body.get<std::string>() : body.dump(),
                        request.value("content_type", "application/json; charset=UTF-8"), {}, 500);
}

}  // namespace

TEST_CASE("trackers' requests become the rows that they should", "[payload]") {
    for (const Json& request : Json::parse(read_file(STOREFRONT_TEST_DATA "/requests.json"))) {
        INFO(request.at("name").get<std::string>());
        const auto events = read(request);
        std::vector<std::string> rows;
        std::string reason;
        if (const auto* bad = std::get_if<Bad>(&events)) {
            reason = bad->reason;
        } else {
            for (const auto& parameters : std::get<std::vector<Parameters>>(events)) {
                const auto enriched = enrich(parameters, circumstances());
                if (const auto* flaw = std::get_if<Bad>(&enriched)) {
                    reason = flaw->reason;
                } else {
                    rows.push_back(std::get<EnrichedEvent>(enriched).tsv);
                }
            }
        }
        CHECK(reason == request.value("reason", ""));
        REQUIRE(rows.size() == request.at("events").size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto columns = split_tsv(rows[i]);
            REQUIRE(columns.size() == 131);
            for (const auto& [name, value] : request.at("events")[i].items()) {
                INFO(name);
                CHECK(column_of(columns, name) == value.get<std::string>());
            }
            for (const auto required : {"collector_tstamp", "event_id", "v_collector", "v_etl", "etl_tstamp"}) {
                CHECK_FALSE(column_of(columns, required).empty());
            }
        }
    }
}

TEST_CASE("what real trackers sent is taken, every event of it", "[payload]") {
    const std::string path = WEIR_SHARED_DATA "/data/tracker_requests_capture.json";
    if (!std::filesystem::exists(path)) {
        WARN("skipped: the captured requests are not in " << path);
        return;
    }
    live_shopper::Decoder decoder{live_shopper::CartTotal::by_form};
    live_shopper::ShopEvent shop_event;
    std::size_t count = 0;
    std::vector<std::string> types;
    for (const Json& step : Json::parse(read_file(path))) {
        for (const Json& request : step.value("requests", Json::array())) {
            INFO(step.at("step").get<std::string>());
            const auto url = request.at("url").get<std::string>();
            const auto question = url.find('?');
            const auto query = parse_query(question == std::string::npos ? std::string{} : url.substr(question + 1));
            const auto events =
                request.at("method") == "GET"
                    ? read_query(query)
                    : read_payload(request.at("body").dump(),
                                   request.at("headers").at("content-type").get<std::string>(), query, 500);
            if (const auto* bad = std::get_if<Bad>(&events)) {
                FAIL(bad->reason << ": " << bad->detail);
            }
            for (const auto& parameters : std::get<std::vector<Parameters>>(events)) {
                const auto enriched = enrich(parameters, circumstances());
                if (const auto* flaw = std::get_if<Bad>(&enriched)) {
                    FAIL(flaw->reason << ": " << flaw->detail);
                }
                const auto& event = std::get<EnrichedEvent>(enriched);
                REQUIRE(decoder.decode(event.tsv, shop_event, false) == live_shopper::DecodeError::none);
                CHECK(shop_event.id == find(parameters, "eid"));
                CHECK(shop_event.domain_userid == find(parameters, "duid"));
                CHECK(event.key == find(parameters, "duid"));
                CHECK(shop_event.user_id == find(parameters, "uid"));
                CHECK(shop_event.session_id == find(parameters, "sid"));
                types.emplace_back(name(shop_event.type));
                ++count;
            }
        }
    }
    CHECK(count >= 20);
    for (const auto type :
         {"page_view", "product_view", "list_view", "list_click", "add_to_cart", "remove_from_cart", "checkout_step",
          "transaction", "promo_view", "promo_click", "refund", "trns_error", "other"}) {
        INFO(type);
        CHECK(std::find(types.begin(), types.end(), type) != types.end());
    }
}

TEST_CASE("script and control characters of an event stay text", "[payload]") {
    const std::string nasty = "<script>alert('x')</script>\t\r\n\x01";
    const Parameters parameters{{"e", "pv"},    {"p", "web"},    {"tv", nasty},
                                {"uid", nasty}, {"page", nasty}, {"url", "http://a/" + nasty}};
    auto told = circumstances();
    told.user_agent = nasty;
    told.city = nasty;
    const auto event = std::get<EnrichedEvent>(enrich(parameters, told));
    const auto columns = split_tsv(event.tsv);
    REQUIRE(columns.size() == 131);
    CHECK(column_of(columns, "user_id") == "<script>alert('x')</script>    ");
    CHECK(column_of(columns, "geo_city") == "<script>alert('x')</script>    ");
    CHECK(event.tsv.find('\n') == std::string::npos);
    CHECK(event.tsv.find('\r') == std::string::npos);
}

TEST_CASE("values are cut to the length of their column", "[payload]") {
    const std::string nine_hundred(900, 'x');
    const auto event = std::get<EnrichedEvent>(
        enrich({{"e", "pv"}, {"p", nine_hundred}, {"tv", nine_hundred}, {"duid", nine_hundred}}, circumstances()));
    const auto columns = split_tsv(event.tsv);
    CHECK(column_of(columns, "platform").size() == 255);
    CHECK(column_of(columns, "v_tracker").size() == 100);
    CHECK(event.key.size() == 128);
}

TEST_CASE("an event without an id gets one", "[payload]") {
    const auto event = std::get<EnrichedEvent>(enrich({{"e", "pv"}, {"p", "web"}, {"tv", "x"}}, circumstances()));
    CHECK(is_uuid(column_of(split_tsv(event.tsv), "event_id")));
}

TEST_CASE("who asks to be anonymous leaves neither address nor network id", "[payload]") {
    auto told = circumstances();
    told.anonymous = true;
    const auto columns = split_tsv(std::get<EnrichedEvent>(enrich({{"e", "pv"}, {"p", "web"}, {"tv", "x"}}, told)).tsv);
    CHECK(column_of(columns, "user_ipaddress").empty());
    CHECK(column_of(columns, "network_userid") == "00000000-0000-0000-0000-000000000000");
    const auto row = Json::parse(bad_row({"not_json", "x"}, told, "/a/b", "{"));
    CHECK(row.at("address").get<std::string>().empty());
    CHECK(row.at("network_userid").get<std::string>().empty());
}

TEST_CASE("a bad row keeps the reason and the payload, cut where it is huge", "[payload]") {
    const std::string huge(100'000, '\xFF');
    const auto row = Json::parse(bad_row({"not_json", "the body is no JSON"}, circumstances(), "/a/tp2", huge));
    CHECK(row.at("reason") == "not_json");
    CHECK(row.at("payload_bytes") == 100'000);
    CHECK(row.at("path") == "/a/tp2");
    CHECK(row.at("payload").get<std::string>().size() == 3 * 65'536);  // each byte that is no UTF-8 takes three
}

TEST_CASE("more events than allowed are refused as a whole", "[payload]") {
    Json data = Json::array();
    for (int i = 0; i < 11; ++i) {
        data.push_back({{"e", "pv"}, {"p", "web"}, {"tv", "x"}});
    }
    const auto body =
        Json{{"schema", "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"}, {"data", data}}.dump();
    CHECK(std::get<std::vector<Parameters>>(read_payload(body, "application/json", {}, 11)).size() == 11);
    CHECK(std::get<Bad>(read_payload(body, "application/json", {}, 10)).reason == "too_many_events");
}

TEST_CASE("the query string of a POST adds to every event", "[payload]") {
    const std::string body = R"({"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",)"
                             R"("data":[{"e":"pv","p":"web","tv":"x","aid":"own"},{"e":"pv","p":"web","tv":"x"}]})";
    const auto events = std::get<std::vector<Parameters>>(
        read_payload(body, "application/json", parse_query("aid=query&nonsense=1"), 10));
    CHECK(find(events[0], "aid") == "own");
    CHECK(find(events[1], "aid") == "query");
    CHECK(find(events[1], "nonsense").empty());
}
