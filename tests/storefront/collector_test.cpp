// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "collector.hpp"

#include <mutex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "storefront_support.hpp"

using namespace storefront;
using Json = nlohmann::json;

namespace {

constexpr auto tp2 = "/com.snowplowanalytics.snowplow/tp2";

std::string page_view(int count = 1) {
    Json data = Json::array();
    for (int i = 0; i < count; ++i) {
        data.push_back({{"e", "pv"}, {"p", "web"}, {"tv", "js-4.10.1"}, {"duid", "visitor"}, {"url", "http://a/"}});
    }
    return Json{{"schema", "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"}, {"data", data}}.dump();
}

struct Bench {
    explicit Bench(CollectorSettings settings = {})
        : collector{settings,
                    [this](std::vector<Message> messages) {
                        const std::lock_guard lock{mutex};
                        if (kafka) {
                            taken.insert(taken.end(), messages.begin(), messages.end());
                        }
                        return kafka;
                    },
                    [] { return Millis{1'790'000'005'000}; }} {
        collector.add_to(server.router());
        server.set_admission([](const RequestHead& head) {
            Admission out;
            out.pool = Collector::is_path(head.method, head.path) ? Pool::collector : Pool::pages;
            out.body_limit = std::size_t{1} << 20;
            return out;
        });
        server.start({"127.0.0.1", 0});
    }
    [[nodiscard]] httplib::Client client() const { return httplib::Client{"127.0.0.1", server.port()}; }

    std::mutex mutex;
    bool kafka = true;
    std::vector<Message> taken;
    Collector collector;
    HttpServer server;
};

constexpr auto json_type = "application/json; charset=UTF-8";

}  // namespace

TEST_CASE("a POST is answered ok once its events are with Kafka", "[collector]") {
    Bench bench;
    auto client = bench.client();
    const auto answer = client.Post(tp2, page_view(3), json_type);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == "ok");
    CHECK(answer->get_header_value("Content-Type") == "text/plain");
    REQUIRE(bench.taken.size() == 3);
    CHECK(bench.taken[0].topic == "enriched-good");
    CHECK(bench.taken[0].key == "visitor");
    const auto row = split_tsv(bench.taken[2].value);
    CHECK(column_of(row, "user_ipaddress") == "127.0.0.1");
    CHECK(column_of(row, "collector_tstamp") == "2026-09-21 14:13:25.000");
    CHECK(bench.collector.counts().events == 3);
}

TEST_CASE("while Kafka takes nothing the tracker is told to come again", "[collector]") {
    Bench bench;
    bench.kafka = false;
    auto client = bench.client();
    const auto answer = client.Post(tp2, page_view(), json_type);
    REQUIRE(answer);
    CHECK(answer->status == 503);
    CHECK(answer->get_header_value("Set-Cookie").empty());
    CHECK(client.Get("/i?e=pv&p=web&tv=x")->status == 503);
    CHECK(bench.collector.counts().events == 0);
    CHECK(bench.collector.counts().failed == 2);
}

TEST_CASE("bad payloads are answered ok and go where bad ones go, with the reason", "[collector]") {
    Bench bench;
    auto client = bench.client();
    CHECK(client.Post(tp2, "{", json_type)->body == "ok");
    CHECK(client.Post(tp2, page_view(), "text/plain")->body == "ok");
    const auto mixed = Json::parse(page_view(2));
    auto changed = mixed;
    changed["data"][0]["eid"] = "<script>";
    CHECK(client.Post(tp2, changed.dump(), json_type)->body == "ok");
    REQUIRE(bench.taken.size() == 4);
    CHECK(bench.taken[0].topic == "enriched-good-bad");
    CHECK(bench.taken[0].reason == "not_json");
    CHECK(Json::parse(bench.taken[0].value).at("payload") == "{");
    CHECK(bench.taken[1].reason == "wrong_content_type");
    CHECK(bench.taken[2].reason == "bad_value");
    CHECK(bench.taken[3].topic == "enriched-good");  // the other event of the batch is good
    CHECK(bench.collector.counts().bad == 3);
}

TEST_CASE("a GET carries one event and is answered with a picture of one dot", "[collector]") {
    Bench bench;
    auto client = bench.client();
    for (const auto path : {"/i", "/ice.png", "/com.snowplowanalytics.snowplow/tp2"}) {
        const auto answer = client.Get(std::string{path} + "?e=pv&p=web&tv=x&page=Caf%C3%A9");
        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(answer->get_header_value("Content-Type") == "image/gif");
        CHECK(answer->get_header_value("Cache-Control") == "no-cache, no-store, must-revalidate");
        CHECK(answer->body.size() == 42);
        CHECK(answer->body.substr(0, 6) == "GIF89a");
    }
    REQUIRE(bench.taken.size() == 3);
    CHECK(column_of(split_tsv(bench.taken[0].value), "page_title") == "Caf\xC3\xA9");
    const auto head = client.Head("/i?e=pv&p=web&tv=x");
    CHECK(head->status == 200);
    CHECK(head->body.empty());
    CHECK(bench.taken.size() == 4);
}

TEST_CASE("pages of any origin may send, with credentials", "[collector]") {
    Bench bench;
    auto client = bench.client();
    const auto preflight = client.Options(tp2, {{"Origin", "https://elsewhere.example"}});
    REQUIRE(preflight);
    CHECK(preflight->status == 200);
    CHECK(preflight->get_header_value("Access-Control-Allow-Origin") == "https://elsewhere.example");
    CHECK(preflight->get_header_value("Access-Control-Allow-Credentials") == "true");
    CHECK(preflight->get_header_value("Access-Control-Allow-Headers") == "Content-Type, SP-Anonymous");
    CHECK(preflight->get_header_value("Access-Control-Max-Age") == "3600");
    const auto sent =
        client.Post(tp2, httplib::Headers{{"Origin", "https://elsewhere.example"}}, page_view(), json_type);
    CHECK(sent->get_header_value("Access-Control-Allow-Origin") == "https://elsewhere.example");
    CHECK(sent->get_header_value("Access-Control-Allow-Credentials") == "true");
    const auto none = client.Post(tp2, page_view(), json_type);
    CHECK(none->get_header_value("Access-Control-Allow-Origin") == "*");
    CHECK_FALSE(none->has_header("Access-Control-Allow-Credentials"));
}

TEST_CASE("a visitor keeps the network id of their cookie", "[collector]") {
    Bench bench;
    auto client = bench.client();
    const auto first = client.Post(tp2, page_view(), json_type)->get_header_value("Set-Cookie");
    REQUIRE(first.substr(0, 3) == "sp=");
    const auto id = first.substr(3, 36);
    CHECK(is_uuid(id));
    CHECK(first.substr(39) == "; Path=/; Expires=Tue, 21 Sep 2027 14:13:25 GMT; SameSite=Lax; HttpOnly");
    const auto second = client.Post(tp2, httplib::Headers{{"Cookie", "a=b; sp=" + id}}, page_view(), json_type);
    CHECK(second->get_header_value("Set-Cookie").substr(3, 36) == id);
    CHECK(column_of(split_tsv(bench.taken.at(1).value), "network_userid") == id);
    const auto forged = client.Post(tp2, httplib::Headers{{"Cookie", "sp=<script>"}}, page_view(), json_type);
    CHECK(is_uuid(forged->get_header_value("Set-Cookie").substr(3, 36)));
}

TEST_CASE("an anonymous visitor gets no cookie, and loses the one there is", "[collector]") {
    Bench bench;
    auto client = bench.client();
    CHECK_FALSE(
        client.Post(tp2, httplib::Headers{{"SP-Anonymous", "*"}}, page_view(), json_type)->has_header("Set-Cookie"));
    const auto known = client.Post(tp2, httplib::Headers{{"SP-Anonymous", "*"}, {"Cookie", "sp=" + make_uuid()}},
                                   page_view(), json_type);
    CHECK(known->get_header_value("Set-Cookie").find("sp=; Path=/; Expires=Thu, 01 Jan 1970") == 0);
    for (const auto& message : bench.taken) {
        CHECK(column_of(split_tsv(message.value), "user_ipaddress").empty());
    }
}

TEST_CASE("the place of a visitor is taken from headers only where that was asked for", "[collector]") {
    const httplib::Headers headers{{"X-Geo-Country", "SE"},
                                   {"X-Geo-City", "Malm%C3%B6"},
                                   {"X-Geo-Region", "M"},
                                   {"X-Forwarded-For", "203.0.113.9, 10.0.0.1"}};
    Bench plain;
    plain.client().Post(tp2, headers, page_view(), json_type);
    auto row = split_tsv(plain.taken.at(0).value);
    CHECK(column_of(row, "geo_country").empty());
    CHECK(column_of(row, "user_ipaddress") == "127.0.0.1");
    CollectorSettings settings;
    settings.geo_headers = true;
    settings.trust_forwarded = true;
    Bench told{settings};
    told.client().Post(tp2, headers, page_view(), json_type);
    row = split_tsv(told.taken.at(0).value);
    CHECK(column_of(row, "geo_country") == "SE");
    CHECK(column_of(row, "geo_region") == "M");
    CHECK(column_of(row, "geo_city") == "Malm\xC3\xB6");
    CHECK(column_of(row, "user_ipaddress") == "203.0.113.9");
}

TEST_CASE("a batch of too many events is refused", "[collector]") {
    CollectorSettings settings;
    settings.max_events = 5;
    Bench bench{settings};
    CHECK(bench.client().Post(tp2, page_view(5), json_type)->status == 200);
    CHECK(bench.client().Post(tp2, page_view(6), json_type)->status == 413);
    CHECK(bench.taken.size() == 5);
}

TEST_CASE("the collector's paths are told from the shop's", "[collector]") {
    CHECK(Collector::is_path("POST", "/com.snowplowanalytics.snowplow/tp2"));
    CHECK(Collector::is_path("POST", "/com.acme/v1"));
    CHECK(Collector::is_path("GET", "/i"));
    CHECK(Collector::is_path("OPTIONS", "/anything"));
    CHECK_FALSE(Collector::is_path("POST", "/api/orders"));
    CHECK_FALSE(Collector::is_path("GET", "/js/app.js"));
    CHECK_FALSE(Collector::is_path("GET", "/com.acme/v1/more"));
    CHECK_FALSE(Collector::is_path("GET", "/"));
}

TEST_CASE("each address has a bucket of its own", "[rate_limit]") {
    RateLimit limit{10, 3};
    for (int i = 0; i < 3; ++i) {
        CHECK(limit.allows("a", 1000));
    }
    CHECK_FALSE(limit.allows("a", 1000));
    CHECK(limit.allows("b", 1000));
    CHECK_FALSE(limit.allows("a", 1099));
    CHECK(limit.allows("a", 1100));
    CHECK_FALSE(limit.allows("a", 1100));
    CHECK_FALSE(limit.allows("a", 900));  // a clock that went back gives nothing away
    for (int i = 0; i < 3; ++i) {
        CHECK(limit.allows("a", 60'000));
    }
    CHECK_FALSE(limit.allows("a", 60'000));
}

TEST_CASE("a flood of addresses does not grow the buckets without end", "[rate_limit]") {
    RateLimit limit{1, 2};
    int allowed = 0;
    for (int i = 0; i < 50'000; ++i) {
        allowed += limit.allows(std::to_string(i), 1000) ? 1 : 0;
    }
    CHECK(allowed == 20'000);
    CHECK(limit.allows("new", 10'000));  // their buckets are full again and forgotten
}
