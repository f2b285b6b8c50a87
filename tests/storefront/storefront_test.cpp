// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "storefront.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "decoder.hpp"
#include "embedded_kafka.hpp"
#include "job_metrics.hpp"
#include "kafka_producer.hpp"
#include "kafka_tail.hpp"
#include "redis_server.hpp"
#include "storefront_support.hpp"
#include "text.hpp"

using namespace storefront;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr auto tp2 = "/com.snowplowanalytics.snowplow/tp2";
constexpr auto topic = "enriched-good";

// A whole storefront over Kafka's mock cluster and a Redis of its own. The job is played by the test: it writes keys.
struct Shop {
    explicit Shop(const std::function<void(StorefrontSettings&)>& change = {}) {
        www.write("index.html", "<!doctype html><title>shop</title>");
        www.write("catalogue.json", small_catalogue);
        www.write("users.json", small_users);
        kafka.create_topic(std::string{topic} + "-bad", 1);
        StorefrontSettings settings;
        settings.brokers = kafka.address();
        settings.topic = topic;
        settings.redis.host = "127.0.0.1";
        settings.redis.port = redis.port();
        settings.www = www.path();
        settings.actions = STOREFRONT_SOURCE "/actions.json";
        settings.kafka_patience = 1500ms;
        if (change) {
            change(settings);
        }
        shop = std::make_unique<Storefront>(std::move(settings));
        shop->start();
    }
    [[nodiscard]] httplib::Client client() const { return httplib::Client{"127.0.0.1", shop->port()}; }

    TemporaryFolder www;
    live_shopper::EmbeddedKafka kafka{topic, 2};
    RedisServer redis;
    std::unique_ptr<Storefront> shop;
};

// The records of a topic, as they come.
struct Records {
    Records(const std::string& brokers, const std::string& name)
        : tail{brokers, name, {}, 1000, [this](std::string_view record, bool) {
                   const std::lock_guard lock{mutex};
                   all.emplace_back(record);
               }} {}
    std::vector<std::string> wait_for(std::size_t count) {
        (void)eventually([&] {
            const std::lock_guard lock{mutex};
            return all.size() >= count;
        });
        const std::lock_guard lock{mutex};
        return all;
    }
    std::mutex mutex;
    std::vector<std::string> all;
    KafkaTail tail;
};

Json payload(std::vector<Json> events) {
    return {{"schema", "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"},
            {"data", std::move(events)}};
}

Json view_of(const std::string& user, const std::string& session, const std::string& product, Millis created) {
    const Json action{
        {"schema", "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"},
        {"data",
         {{"schema", "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"},
          {"data", {{"type", "product_view"}}}}}};
    const Json entities{
        {"schema", "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0"},
        {"data",
         {{{"schema", "iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0"},
           {"data",
            {{"id", product}, {"name", "x"}, {"category", "Lighting"}, {"price", 42.99}, {"currency", "EUR"}}}}}}};
    return {{"e", "ue"},
            {"p", "web"},
            {"tv", "js-4.10.1"},
            {"duid", user},
            {"sid", session},
            {"eid", make_uuid()},
            {"dtm", std::to_string(created)},
            {"ue_pr", action.dump()},
            {"co", entities.dump()}};
}

constexpr auto json_type = "application/json";

}  // namespace

TEST_CASE("what a tracker sends is what the job reads from Kafka", "[storefront]") {
    Shop shop;
    Records good{shop.kafka.address(), topic};
    Records bad{shop.kafka.address(), std::string{topic} + "-bad"};
    const auto session = make_uuid();
    auto first = view_of("visitor", session, "1", wall_clock());
    auto second = first;
    second["eid"] = make_uuid();
    second["uid"] = "ada@example.com";
    const auto client = shop.client().Post(tp2, payload({first, second}).dump(), json_type);
    REQUIRE(client);
    REQUIRE(client->body == "ok");
    CHECK(shop.client().Post(tp2, "{}", json_type)->body == "ok");
    const auto records = good.wait_for(2);
    REQUIRE(records.size() == 2);
    live_shopper::Decoder decoder{live_shopper::CartTotal::by_form};
    live_shopper::ShopEvent event;
    REQUIRE(decoder.decode(records[0], event, false) == live_shopper::DecodeError::none);
    CHECK(event.id == first.at("eid").get<std::string>());
    CHECK(event.type == live_shopper::EventType::product_view);
    CHECK(event.domain_userid == "visitor");
    CHECK(event.session_id == session);
    REQUIRE(event.products.size() == 1);
    CHECK(event.products[0].id == "1");
    CHECK(event.products[0].price->to_string() == "42.99");
    REQUIRE(decoder.decode(records[1], event, false) == live_shopper::DecodeError::none);
    CHECK(event.user_id == "ada@example.com");
    const auto rejected = bad.wait_for(1);
    REQUIRE(rejected.size() == 1);
    CHECK(Json::parse(rejected[0]).at("reason") == "wrong_schema");
}

TEST_CASE("the live page sees an event, and its way into Redis", "[storefront]") {
    Shop shop;
    const auto session = make_uuid();
    EventReader live{shop.shop->port(), "/live/events?user=visitor&session=" + session};
    const auto hello = live.next("hello");
    REQUIRE(hello);
    CHECK(hello->at("topic") == topic);
    CHECK(hello->at("rules").size() == 4);
    const auto features = live.next("features");
    REQUIRE(features);
    CHECK(features->at("features").size() == 45);
    CHECK(features->at("features")[0].at("value").is_null());

    const auto created = wall_clock();
    REQUIRE(shop.client().Post(tp2, payload({view_of("visitor", session, "1", created)}).dump(), json_type)->status ==
            200);
    const auto event = live.next("event", [](const Json& e) { return e.at("user") == "visitor"; });
    REQUIRE(event);
    CHECK(event->at("type") == "product_view");
    CHECK(event->at("product") == "1");
    CHECK(event->at("price") == 42.99);
    CHECK(event->at("created") == created);
    CHECK(event->at("age").get<int>() >= 0);
    CHECK(event->at("age").get<int>() < 5000);
    const auto raw = shop.client().Get("/live/raw?seq=" + event->at("seq").dump());
    CHECK(split_tsv(raw->body).size() == 131);
    CHECK(shop.client().Get("/live/raw?seq=999999")->status == 404);
    CHECK(shop.client().Get("/live/raw?seq=-1")->status == 404);
    CHECK(shop.client().Get("/live/raw?seq=x")->status == 404);

    // As the job would.
    const auto written = wall_clock();
    shop.redis.command({"SET", "user:visitor:avg_viewed_price_1h", "42.99", "PX", "60000"});
    shop.redis.command({"SET", "session:" + session + ":session_duration", "0", "PX", "60000"});
    const auto changes =
        live.next("changes", [](const Json& c) { return c.at("changes")[0].at("feature") == "avg_viewed_price"; });
    REQUIRE(changes);
    const auto& change = changes->at("changes")[0];
    CHECK(change.at("key") == "user:visitor:avg_viewed_price_1h");
    CHECK(change.at("value") == "42.99");
    CHECK(change.at("was").is_null());
    CHECK(change.at("ttl").get<int>() > 50'000);
    const auto stored = live.next("stored");
    REQUIRE(stored);
    CHECK(stored->at("id") == event->at("id"));
    CHECK(stored->at("stored").get<Millis>() >= written);
    CHECK(stored->at("latency").get<Millis>() == stored->at("stored").get<Millis>() - created);
    const auto totals = live.next("totals", [](const Json& t) { return t.at("freshness").at("count") == 1; });
    REQUIRE(totals);
    CHECK(totals->at("collector").at("events") == 1);
    CHECK(totals->at("redis") == true);
    CHECK(totals->at("kafka") == true);
    CHECK(totals->at("job") == false);

    const auto shoppers = Json::parse(shop.client().Get("/api/shoppers")->body).at("shoppers");
    REQUIRE(shoppers.size() == 1);
    CHECK(shoppers[0].at("user") == "visitor");
    CHECK(shoppers[0].at("last_type") == "product_view");
}

TEST_CASE("an event that is no feature's goes by the name of its schema", "[storefront]") {
    Shop shop;
    EventReader live{shop.shop->port(), "/live/events"};
    REQUIRE(live.next("hello"));
    const Json search{{"schema", "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"},
                      {"data",
                       {{"schema", "iglu:com.snowplowanalytics.snowplow/site_search/jsonschema/1-0-0"},
                        {"data", {{"terms", {"lamp"}}}}}}};
    auto event = view_of("visitor", make_uuid(), "1", wall_clock());
    event["ue_pr"] = search.dump();
    REQUIRE(shop.client().Post(tp2, payload({event}).dump(), json_type)->status == 200);
    const auto seen = live.next("event");
    REQUIRE(seen);
    CHECK(seen->at("type") == "site_search");
    const auto shoppers = Json::parse(shop.client().Get("/api/shoppers")->body).at("shoppers");
    REQUIRE(shoppers.size() == 1);
    CHECK(shoppers[0].at("last_type") == "site_search");
}

TEST_CASE("the producer knows its topics before the first record", "[kafka_producer]") {
    const live_shopper::EmbeddedKafka kafka{topic, 2};
    KafkaProducer producer{kafka.address(), {}, 1500ms, {topic, "new-bad"}};
    REQUIRE(producer.await_topics(10s));
    CHECK(producer.send({{topic, "key", "value", {}}, {"new-bad", {}, "value", "reason"}}));
    KafkaProducer alone{"127.0.0.1:1", {}, 100ms, {topic}};
    CHECK_FALSE(alone.await_topics(200ms));
}

TEST_CASE("script in ids and names goes through as text", "[storefront]") {
    Shop shop;
    const std::string nasty = "</script><script>alert(1)</script>\"'&";
    EventReader live{shop.shop->port(), "/live/events"};
    REQUIRE(live.next("hello"));
    auto event = view_of(nasty, make_uuid(), nasty, wall_clock());
    event["uid"] = nasty + "\r\ndata: {\"forged\":1}\n\n";
    REQUIRE(shop.client().Post(tp2, payload({event}).dump(), json_type)->status == 200);
    const auto seen = live.next("event");
    REQUIRE(seen);
    CHECK(seen->at("product") == nasty);
    CHECK(seen->at("user_id") == nasty + "data: {\"forged\":1}");  // its line ends are gone
    const auto raw = shop.client().Get("/live/raw?seq=" + seen->at("seq").dump());
    CHECK(raw->get_header_value("Content-Type") == "text/plain; charset=utf-8");
    CHECK(raw->get_header_value("X-Content-Type-Options") == "nosniff");
    const auto shoppers = shop.client().Get("/api/shoppers");
    CHECK(shoppers->get_header_value("Content-Type") == "application/json");
}

TEST_CASE("every answer carries the policy against script from elsewhere", "[storefront]") {
    Shop shop;
    for (const auto path : {"/", "/nothing", "/api/catalogue", "/health", "/i?e=pv&p=web&tv=x", "/com.acme/x/../y"}) {
        INFO(path);
        const auto answer = shop.client().Get(path);
        REQUIRE(answer);
        const auto policy = answer->get_header_value("Content-Security-Policy");
        CHECK(policy.find("default-src 'none'; script-src 'self'") == 0);
        CHECK(policy.find("unsafe") == std::string::npos);
    }
    for (const auto& request :
         {get("/live/events"), get("/%2e%2e/%2e%2e/etc/passwd"), std::string{"nonsense\r\n\r\n"}}) {
        Socket socket{shop.shop->port()};
        socket.send(request);
        CHECK(socket.receive("\r\n\r\n").find("Content-Security-Policy: default-src 'none'") != std::string::npos);
    }
    CHECK(shop.client().Get("/users.json")->status == 404);
    CHECK(shop.client().Get("/catalogue.json")->status == 404);
}

TEST_CASE("while Kafka is away trackers hear 503 and the shop goes on", "[storefront]") {
    Shop shop;
    const auto body = payload({view_of("visitor", make_uuid(), "1", wall_clock())}).dump();
    REQUIRE(shop.client().Post(tp2, body, json_type)->status == 200);
    shop.kafka.set_up(false);
    std::vector<std::thread> trackers;
    std::atomic<int> refused{0};
    for (int i = 0; i < 12; ++i) {  // more than there are workers
        trackers.emplace_back([&] {
            auto client = shop.client();
            client.set_read_timeout(10, 0);
            const auto answer = client.Post(tp2, body, json_type);
            refused += answer && answer->status == 503 ? 1 : 0;
        });
    }
    std::this_thread::sleep_for(100ms);
    const auto before = std::chrono::steady_clock::now();
    CHECK(shop.client().Get("/")->status == 200);
    CHECK(shop.client().Get("/api/catalogue")->status == 200);
    CHECK(std::chrono::steady_clock::now() - before < 1s);
    for (auto& thread : trackers) {
        thread.join();
    }
    CHECK(refused == 12);
    CHECK(shop.client().Get("/sink-health")->status == 503);
    shop.kafka.set_up(true);
    CHECK(eventually([&] { return shop.client().Post(tp2, body, json_type)->status == 200; }));
    CHECK(shop.client().Get("/sink-health")->status == 200);
}

TEST_CASE("an address that sends too much is held back, the shop and others are not", "[storefront]") {
    Shop shop{[](StorefrontSettings& s) {
        s.limit_per_second = 5;
        s.limit_burst = 10;
    }};
    int limited = 0;
    for (int i = 0; i < 40; ++i) {
        Socket socket{shop.shop->port(), "127.0.0.2"};
        socket.send(get("/i?e=pv&p=web&tv=x", "Connection: close\r\n"));
        limited += socket.receive("\r\n\r\n").find("429 Too Many Requests") != std::string::npos ? 1 : 0;
    }
    CHECK(limited >= 25);
    CHECK(limited <= 30);
    CHECK(shop.client().Get("/i?e=pv&p=web&tv=x")->status == 200);  // from 127.0.0.1
    Socket page{shop.shop->port(), "127.0.0.2"};
    page.send(get("/"));
    CHECK(page.receive("\r\n\r\n").find("200 OK") != std::string::npos);
}

TEST_CASE("bodies beyond the limit are refused", "[storefront]") {
    Shop shop{[](StorefrontSettings& s) { s.collector.max_body = 5'000; }};
    CHECK(shop.client().Post(tp2, std::string(5'001, ' '), json_type)->status == 413);
    CHECK(shop.client().Post(tp2, std::string(5'000, ' '), json_type)->status == 200);  // a bad payload, answered ok
    CHECK(shop.client().Post("/api/orders", std::string(20'000, ' '), json_type)->status == 413);
}

TEST_CASE("made-up shoppers keep the shop busy at the rate that is set", "[storefront]") {
    Shop shop{[](StorefrontSettings& s) {
        s.shoppers = 20;
        s.rate = 100;
        s.limit_per_second = 1;  // not theirs
        s.limit_burst = 1;
    }};
    Records good{shop.kafka.address(), topic};
    CHECK(good.wait_for(100).size() >= 100);
    auto client = shop.client();
    const auto state = [&] { return Json::parse(client.Get("/api/simulator")->body); };
    CHECK(state().at("shoppers") == 20);
    CHECK(state().at("failed") == 0);
    CHECK(Json::parse(client.Post("/api/simulator", R"({"rate": 0})", json_type)->body).at("rate") == 0);
    std::this_thread::sleep_for(300ms);
    const auto sent = state().at("sent");
    std::this_thread::sleep_for(400ms);
    CHECK(state().at("sent") == sent);
    CHECK(client.Post("/api/simulator", R"({"rate": -1})", json_type)->status == 422);
    CHECK(client.Post("/api/simulator", R"({"rate": "fast"})", json_type)->status == 422);
    CHECK(client.Post("/api/simulator", "{", json_type)->status == 422);
    Shop none;
    CHECK(none.client().Post("/api/simulator", R"({"rate": 1})", json_type)->status == 409);
}

TEST_CASE("the storefront stops in time, also in the middle of everything", "[storefront]") {
    Shop shop{[](StorefrontSettings& s) {
        s.shoppers = 20;
        s.rate = 200;
        s.kafka_patience = 10s;
    }};
    EventReader live{shop.shop->port(), "/live/events"};
    REQUIRE(live.next("totals"));
    shop.kafka.set_up(false);
    std::this_thread::sleep_for(300ms);
    const auto before = std::chrono::steady_clock::now();
    shop.shop->stop();
    CHECK(std::chrono::steady_clock::now() - before < 3s);
}

TEST_CASE("a storefront that cannot work says so before it serves", "[storefront]") {
    TemporaryFolder www;
    StorefrontSettings settings;
    settings.www = www.path() + "/missing";
    CHECK_THROWS_WITH(Storefront{settings}, Catch::Contains("catalogue.json"));
    www.write("catalogue.json", small_catalogue);
    www.write("users.json", small_users);
    www.write("actions.json", R"({"rules": [{}]})");
    settings.www = www.path();
    settings.actions = www.path() + "/actions.json";
    CHECK_THROWS_WITH(Storefront{settings},
                      Catch::Contains("actions.json:1:12: expected an object with the key \"name\""));
}

TEST_CASE("Prometheus' text is read", "[job_metrics]") {
    const auto samples =
        parse_metrics("# HELP a b\n# TYPE a counter\na 3\nb{x=\"1\"} 2\nb{x=\"2 3\"} 4.5\nb_total 7\nbroken\nnone x\n");
    CHECK(total(samples, "a") == 3);
    CHECK(total(samples, "b") == 6.5);
    CHECK(samples.at("b{x=\"2 3\"}") == 4.5);
    CHECK_FALSE(total(samples, "c").has_value());
    CHECK_FALSE(total(samples, "none").has_value());
}
