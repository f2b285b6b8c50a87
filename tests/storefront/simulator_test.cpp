// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "simulator.hpp"

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "decoder.hpp"
#include "payload.hpp"
#include "storefront_support.hpp"

using namespace storefront;

TEST_CASE("made-up shoppers send what a tracker would", "[simulator]") {
    const auto catalogue = read_catalogue(small_catalogue, small_users);
    SimulatedShoppers shoppers{catalogue, 50, 7, "http://127.0.0.1:1"};
    live_shopper::Decoder decoder{live_shopper::CartTotal::by_form};
    live_shopper::ShopEvent event;
    std::map<std::string, int> types;
    std::set<std::string> visitors;
    std::set<std::string> ids;
    std::int64_t now = 1'790'000'000'000;
    for (int i = 0; i < 3'000; ++i) {
        now += 100;
        const auto request = shoppers.next(now);
        const auto events = read_payload(request.body, "application/json", {}, 500);
        if (const auto* bad = std::get_if<Bad>(&events)) {
            FAIL(bad->detail << " in " << request.body);
        }
        CHECK(std::get<std::vector<Parameters>>(events).size() == request.events);
        Circumstances told;
        told.collected = now + 5;
        told.city = request.city;
        told.country = request.country;
        for (const auto& parameters : std::get<std::vector<Parameters>>(events)) {
            const auto enriched = enrich(parameters, told);
            if (const auto* flaw = std::get_if<Bad>(&enriched)) {
                FAIL(flaw->detail << " in " << request.body);
            }
            REQUIRE(decoder.decode(std::get<EnrichedEvent>(enriched).tsv, event, false) ==
                    live_shopper::DecodeError::none);
            CHECK(ids.insert(std::string{event.id}).second);
            ++types[std::string{name(event.type)}];
            visitors.emplace(event.domain_userid);
            CHECK_FALSE(event.session_id.empty());
        }
    }
    for (const auto type : {"page_view", "page_ping", "product_view", "list_view", "add_to_cart", "remove_from_cart",
                            "checkout_step", "transaction", "other"}) {
        INFO(type);
        CHECK(types[type] > 10);
    }
    CHECK(visitors.size() > 100);  // they come and go
    CHECK(types["transaction"] < types["add_to_cart"]);
}
