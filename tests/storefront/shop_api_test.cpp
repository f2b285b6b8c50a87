// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "shop_api.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "config.hpp"
#include "http_server.hpp"
#include "storefront_support.hpp"

using namespace storefront;
using Json = nlohmann::json;

namespace {

struct Shop {
    Shop() {
        api.add_to(server.router());
        server.start({"127.0.0.1", 0});
    }
    httplib::Result post(const std::string& path, const Json& body, const httplib::Headers& headers = {}) {
        return httplib::Client{"127.0.0.1", server.port()}.Post(path, headers, body.dump(), "application/json");
    }
    Json order(const Json& body) { return Json::parse(post("/api/orders", body)->body); }

    Catalogue catalogue = read_catalogue(small_catalogue, small_users);
    ShopApi api{catalogue, [](std::string_view code) { return code == "TEN" ? std::optional{10} : std::nullopt; }};
    HttpServer server;
};

Json items(const std::string& id, int quantity) { return Json::array({{{"id", id}, {"quantity", quantity}}}); }
constexpr auto card = "4242 4242 4242 4242";

}  // namespace

TEST_CASE("an order is worth what the catalogue says, to the cent", "[shop_api]") {
    Shop shop;
    auto order = shop.order({{"items", items("3", 3)}, {"card", card}}).at("order");
    CHECK(order.at("subtotal") == 0.3);
    CHECK(order.at("shipping") == 4.95);
    CHECK(order.at("total") == 5.25);
    CHECK(order.at("total_quantity") == 3);
    CHECK(order.at("currency") == "EUR");
    CHECK(order.at("items")[0].at("name") == "Mug");
    order = shop.order({{"items", items("2", 1)}, {"card", card}, {"code", "TEN"}}).at("order");
    CHECK(order.at("discount") == 12);
    CHECK(order.at("shipping") == 0);
    CHECK(order.at("total") == 108);
    CHECK(order.at("code") == "TEN");
}

TEST_CASE("an order that makes no sense is refused", "[shop_api]") {
    Shop shop;
    const auto status = [&](const Json& body) { return shop.post("/api/orders", body)->status; };
    CHECK(status(Json::array()) == 422);
    CHECK(status({{"items", Json::array()}, {"card", card}}) == 422);
    CHECK(status({{"items", items("9", 1)}, {"card", card}}) == 422);
    CHECK(status({{"items", items("1", 0)}, {"card", card}}) == 422);
    CHECK(status({{"items", items("1", 100)}, {"card", card}}) == 422);
    CHECK(status({{"items", {{{"id", "1"}, {"quantity", 1.5}}}}, {"card", card}}) == 422);
    CHECK(status({{"items", {{{"id", "1"}, {"quantity", 18446744073709551615U}}}}, {"card", card}}) == 422);
    CHECK(status({{"items", items("1", 1)}}) == 422);
    CHECK(status({{"items", items("1", 1)}, {"card", "4242 4242 4242 4241"}}) == 422);
    CHECK(status({{"items", items("1", 1)}, {"card", "<script>"}}) == 422);
    CHECK(status({{"items", items("1", 1)}, {"card", card}, {"code", "NONE"}}) == 422);
    CHECK(status({{"items", items("1", 1)}, {"card", "4000 0000 0000 0002"}}) == 402);
    CHECK(status({{"items", items("1", 1)}, {"card", card}}) == 200);
}

TEST_CASE("the shop's users sign in with their e-mail address", "[shop_api]") {
    Shop shop;
    const auto answer = shop.post("/api/sign-in", {{"email", "Ada@Example.com"}});
    CHECK(answer->status == 200);
    CHECK(Json::parse(answer->body).at("user").at("id") == "ada@example.com");
    CHECK(shop.post("/api/sign-in", {{"email", "eve@example.com"}})->status == 401);
    CHECK(shop.post("/api/sign-in", {{"email", 7}})->status == 401);
    CHECK(shop.post("/api/sign-out", Json::object())->status == 200);
}

TEST_CASE("another site's page cannot act in a shopper's name", "[shop_api]") {
    Shop shop;
    const auto host = "127.0.0.1:" + std::to_string(shop.server.port());
    const Json body{{"email", "ada@example.com"}};
    CHECK(shop.post("/api/sign-in", body, {{"Origin", "https://evil.example"}})->status == 403);
    CHECK(shop.post("/api/sign-in", body, {{"Origin", "null"}})->status == 403);
    CHECK(shop.post("/api/sign-in", body, {{"Sec-Fetch-Site", "cross-site"}})->status == 403);
    CHECK(shop.post("/api/sign-in", body, {{"Origin", "http://" + host}, {"Sec-Fetch-Site", "same-origin"}})->status ==
          200);
    const auto form = httplib::Client{"127.0.0.1", shop.server.port()}.Post("/api/sign-in", body.dump(), "text/plain");
    CHECK(form->status == 415);
}

TEST_CASE("discount codes are known or not", "[shop_api]") {
    Shop shop;
    httplib::Client client{"127.0.0.1", shop.server.port()};
    CHECK(Json::parse(client.Get("/api/discount?code=TEN")->body) == Json({{"code", "TEN"}, {"percent", 10}}));
    CHECK(client.Get("/api/discount?code=%3Cb%3E")->status == 404);
    CHECK(client.Get("/api/discount")->status == 404);
}

TEST_CASE("a broken catalogue is an error that says what is wrong", "[catalogue]") {
    CHECK_THROWS_AS(read_catalogue("{", small_users), live_shopper::ConfigError);
    CHECK_THROWS_WITH(read_catalogue(R"({"products": []})", small_users), Catch::Contains("array of products"));
    CHECK_THROWS_WITH(
        read_catalogue(R"({"products": [{"id": "1", "name": "a", "category": "c", "price": "1"}]})", small_users),
        Catch::Contains("price"));
    CHECK_THROWS_WITH(
        read_catalogue(
            R"({"products": [{"id": "1", "name": "a", "category": "c", "price": 1}, {"id": "1", "name": "a", "category": "c", "price": 1}]})",
            small_users),
        Catch::Contains("two products"));
    CHECK_THROWS_WITH(read_catalogue(small_catalogue, R"({"users": [{"email": ""}]})"), Catch::Contains("email"));
}
