// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "shopper.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace shop_simulator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view shop = "https://shop.example";

std::string iso(weir::Timestamp t) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (t - seconds).count());
}

double money(std::int64_t cents) { return static_cast<double>(cents) / 100; }

std::string path_of(std::string_view category) {
    std::string path{"/category/"};
    for (const char c : category) {
        path += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return path;
}

Json product_json(std::size_t index, std::int64_t cents, int quantity) {
    const Product& p = products[index];
    Json json{{"id", p.id},        {"name", p.name},       {"brand", p.brand}, {"category", p.category},
              {"currency", "EUR"}, {"price", money(cents)}};
    if (quantity > 0) {
        json["quantity"] = quantity;
    }
    return json;
}

}  // namespace

std::size_t pick(Random& random, std::size_t least, std::size_t most) {
    return least + static_cast<std::size_t>(random() % (most - least + 1));
}

bool chance(Random& random, double probability) { return static_cast<double>(random() >> 11U) * 0x1p-53 < probability; }

Shopper::Shopper(std::size_t number, Random& random) : number_{number}, random_{random} { arrive(); }

// Somebody new at this place.
void Shopper::arrive() {
    const std::size_t person = number_ + people_++ * 7919;
    const std::size_t names = given_names.size() * family_names.size();
    email_ = fmt::format("{}.{}{}@example.com", given_names[person % given_names.size()],
                         family_names[person / given_names.size() % family_names.size()],
                         person < names ? "" : std::to_string(person / names));
    visitor_ = uuid();
    network_ = uuid();
    device_ = pick(random_, 0, devices.size() - 1);
    place_ = pick(random_, 0, places.size() - 1);
    signed_in_ = false;
    visits_ = 0;
    cart_.clear();
    const std::size_t kind = pick(random_, 0, 9);
    kind_ = kind < 4 ? Kind::browser : kind < 6 ? Kind::bargain_hunter : kind < 8 ? Kind::abandoner : Kind::buyer;
    plan_visit();
}

void Shopper::plan_visit() {
    session_ = uuid();
    ++visits_;
    events_ = 0;
    viewed_.clear();
    campaign_ = chance(random_, 0.6) ? static_cast<int>(pick(random_, 0, campaigns.size() - 1)) : -1;
    discount_ =
        kind_ == Kind::bargain_hunter || chance(random_, 0.2) ? static_cast<std::int64_t>(pick(random_, 1, 4)) * 5 : 0;
    plan_landing();
    const std::size_t favourite = pick(random_, 0, categories.size() - 1);
    switch (kind_) {
        case Kind::browser:
            plan_category(favourite, pick(random_, 3, 7));
            plan_category(pick(random_, 0, categories.size() - 1), pick(random_, 2, 5));
            if (chance(random_, 0.5)) {
                plan_product(viewed_[pick(random_, 0, viewed_.size() - 1)]);
            }
            break;
        case Kind::bargain_hunter:
            plan_search();
            plan_search();
            plan_category(favourite, pick(random_, 2, 4));
            plan_search();
            plan_search();
            if (chance(random_, 0.3)) {
                plan_cart(1);
            }
            break;
        case Kind::abandoner:
            plan_category(favourite, pick(random_, 3, 6));
            plan_cart(pick(random_, 1, 3));
            plan_checkout(false);
            break;
        case Kind::buyer:
            plan_category(favourite, pick(random_, 2, 5));
            if (chance(random_, 0.4)) {
                plan_search();
            }
            plan_cart(pick(random_, 1, 2));
            plan_checkout(true);
            break;
    }
}

void Shopper::plan_landing() {
    std::string query;
    if (campaign_ >= 0) {
        const Campaign& c = campaigns[static_cast<std::size_t>(campaign_)];
        query = fmt::format("?utm_source={}&utm_medium={}&utm_campaign={}", c.source, c.medium, c.name);
    }
    steps_.push_back({Action::page, "/" + query, 0, 0, 2});
    steps_.push_back({Action::list, "New this week", 0, 0, 0.2});
}

void Shopper::plan_category(std::size_t category, std::size_t views) {
    steps_.push_back({Action::list, std::string{categories[category]}, 0, 0, 0.2});
    steps_.push_back({Action::page, path_of(categories[category]), 0, 0, 2});
    for (std::size_t i = 0; i != views; ++i) {
        plan_product(category * 4 + pick(random_, 0, 3));
    }
}

void Shopper::plan_search() {
    const std::string_view term = searches[pick(random_, 0, searches.size() - 1)];
    steps_.push_back({Action::list, fmt::format("Search results '{}'", term), 0, 0, 0.2});
    steps_.push_back({Action::page, fmt::format("/search?q={}", term), 0, 0, 2});
    plan_product(pick(random_, 0, products.size() - 1));
}

void Shopper::plan_product(std::size_t product) {
    // A page's own effects run before the page is told of.
    steps_.push_back({Action::view, {}, product, 0, 0.1});
    steps_.push_back({Action::page, fmt::format("/product/{}", products[product].id), 0, 0, 3});
    viewed_.push_back(product);
}

void Shopper::plan_cart(std::size_t count) {
    for (std::size_t i = 0; i != count; ++i) {
        const std::size_t product = viewed_[viewed_.size() - 1 - i % viewed_.size()];
        steps_.push_back({Action::add, {}, product, static_cast<int>(pick(random_, 1, 2)), 2});
    }
    if (count > 1 && chance(random_, 0.4)) {
        steps_.push_back({Action::remove, {}, 0, 0, 2});
    }
    steps_.push_back({Action::page, "/cart", 0, 0, 2});
}

void Shopper::plan_checkout(bool buys) {
    steps_.push_back({Action::checkout, {}, 0, 1, buys ? 2.0 : 15.0});
    if (!buys) {
        steps_.push_back({Action::page, "/cart", 0, 0, 20});  // looks again, and is gone
        return;
    }
    steps_.push_back({Action::page, "/sign-in", 0, 0, 3});
    steps_.push_back({Action::sign_in, {}, 0, 0, 1});
    steps_.push_back({Action::checkout, {}, 0, 2, 2});
    if (chance(random_, 0.5)) {
        steps_.push_back({Action::transaction, {}, 0, 0, 1});
    }
    steps_.push_back({Action::page, "/thank-you", 0, 0, 4});
}

std::int64_t Shopper::price_of(std::size_t product) { return products[product].cents * (100 - discount_) / 100; }

std::int64_t Shopper::cart_cents() const {
    std::int64_t sum = 0;
    for (const InCart& line : cart_) {
        sum += line.cents * line.quantity;
    }
    return sum;
}

std::string Shopper::uuid() {
    const std::uint64_t a = random_();
    const std::uint64_t b = random_();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32U, (a >> 16U) & 0xFFFFU, a & 0xFFFU,
                       0x8000U | (b >> 50U), b & 0xFFFF'FFFF'FFFFU);
}

Message Shopper::next(weir::Timestamp happened, weir::Timestamp collected) {
    if (steps_.empty()) {
        if (chance(random_, 0.3)) {
            plan_visit();  // comes back, perhaps still signed in
        } else {
            arrive();
        }
    }
    Step step = std::move(steps_.front());
    steps_.pop_front();

    Json payload = Json::object();
    std::string_view type = "page_view";
    const auto cart = [&] { return Json{{"total_value", money(cart_cents())}, {"currency", "EUR"}}; };
    switch (step.action) {
        case Action::sign_in:
            signed_in_ = true;
            page_ = "/account";
            payload = {{"page_title", "Your account"}, {"page_url", std::string{shop} + page_}};
            break;
        case Action::page:
            page_ = step.where;
            payload = {{"page_title", "Tidewater Supply"}, {"page_url", std::string{shop} + page_}};
            break;
        case Action::list:
            type = "list_view";
            payload = {{"products", Json::array()}, {"list_name", step.where}};
            for (std::size_t i = 0; i != products.size(); ++i) {
                if (products[i].category == step.where) {
                    payload["products"].push_back(product_json(i, price_of(i), 0));
                }
            }
            break;
        case Action::view:
            type = "product_view";
            payload = {{"product", product_json(step.product, price_of(step.product), 0)}};
            break;
        case Action::add:
            // The reference's store tells the cart's total before the event.
            type = "add_to_cart";
            payload = {{"product", product_json(step.product, price_of(step.product), step.number)}, {"cart", cart()}};
            cart_.push_back({step.product, price_of(step.product), step.number});
            break;
        case Action::remove: {
            type = "remove_from_cart";
            const InCart line = cart_.front();
            payload = {{"product", product_json(line.product, line.cents, line.quantity)}, {"cart", cart()}};
            cart_.erase(cart_.begin());
            break;
        }
        case Action::checkout:
            type = "checkout_step";
            payload = {{"checkout_step", {{"step", step.number}}}, {"cart", cart()}};
            break;
        case Action::transaction:
            type = "transaction";
            payload = {
                {"transaction", {{"transaction_id", uuid()}, {"revenue", money(cart_cents())}, {"currency", "EUR"}}}};
            break;
    }
    if (page_ == "/thank-you") {
        cart_.clear();
    }

    ++events_;
    Json user{{"domain_userid", visitor_}, {"network_userid", network_}};
    if (signed_in_) {
        user["user_id"] = email_;
    }
    Json marketing;  // null; from the landing page's URL alone
    if (campaign_ >= 0 && page_.find("utm_") != std::string::npos) {
        const Campaign& c = campaigns[static_cast<std::size_t>(campaign_)];
        marketing = {{"mkt_source", c.source}, {"mkt_medium", c.medium}, {"mkt_campaign", c.name}};
    }
    const Place& place = places[place_];
    const bool ecommerce = type != "page_view";
    Message message;
    message.key = visitor_;
    message.pause = step.pause;
    message.json =
        Json{{"id", uuid()},
             {"type", type},
             {"timestamp", iso(happened)},
             {"payload", std::move(payload)},
             {"enrich",
              {{"client",
                {{"useragent", devices[device_].user_agent}, {"page", {{"page_url", std::string{shop} + page_}}}}},
               {"user", std::move(user)},
               {"marketing", std::move(marketing)},
               {"geo", {{"geo_city", place.city}, {"geo_country", place.country}, {"geo_region", place.region}}},
               {"platform", devices[device_].platform}}},
             {"session",
              {{"sessionId", session_}, {"sessionIndex", visits_}, {"eventIndex", events_}, {"userId", visitor_}}},
             {"metadata",
              {{"event_vendor",
                ecommerce ? "com.snowplowanalytics.snowplow.ecommerce" : "com.snowplowanalytics.snowplow"},
               {"app_id", "tidewater-supply"},
               {"collector_tstamp", iso(collected)},
               {"v_tracker", "shop-simulator"}}}}
            .dump();
    return message;
}

}  // namespace shop_simulator
