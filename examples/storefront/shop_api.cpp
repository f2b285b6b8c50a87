// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "shop_api.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "json_text.hpp"
#include "text.hpp"

namespace storefront {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_lines = 50;
constexpr std::int64_t max_quantity = 99;

double amount(std::int64_t cents) { return static_cast<double>(cents) / 100; }

// Digits of a card number; empty where there is anything but digits, spaces and dashes.
std::string card_digits(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            out += c;
        } else if (c != ' ' && c != '-') {
            return {};
        }
    }
    return out;
}

bool luhn(std::string_view digits) {
    int sum = 0;
    bool twice = false;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, twice = !twice) {
        const int value = (*digit - '0') * (twice ? 2 : 1);
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

std::string text_of(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

void answer_json(httplib::Response& response, const std::string& json, int status) {
    response.status = status;
    response.set_header("Cache-Control", "no-store");
    response.set_content(json, "application/json");
}

void answer_error(httplib::Response& response, int status, std::string_view error, std::string_view message) {
    answer_json(response, dump({{"error", error}, {"message", message}}), status);
}

bool is_own_post(const httplib::Request& request, httplib::Response& response) {
    if (lower(request.get_header_value("Content-Type")).find("application/json") != 0) {
        answer_error(response, 415, "not_json", "The body has to be application/json.");
        return false;
    }
    // Browsers say where a POST comes from; another site's page must not act in the shopper's name.
    const auto origin = request.get_header_value("Origin");
    const auto site = request.get_header_value("Sec-Fetch-Site");
    const auto scheme = origin.find("://");
    const bool own = origin.empty() ||
                     (scheme != std::string::npos && origin.substr(scheme + 3) == request.get_header_value("Host"));
    if (!own || (!site.empty() && site != "same-origin" && site != "none")) {
        answer_error(response, 403, "other_origin", "This is for the shop's own pages.");
        return false;
    }
    return true;
}

ShopApi::ShopApi(const Catalogue& catalogue, Discount discount)
    : catalogue_{catalogue}, discount_{std::move(discount)} {}

void ShopApi::add_to(httplib::Server& router) {
    router.Get("/api/catalogue", [this](const httplib::Request&, httplib::Response& response) {
        response.set_header("Cache-Control", "no-cache");
        response.set_content(catalogue_.json, "application/json");
    });
    router.Get("/api/users", [this](const httplib::Request&, httplib::Response& response) {
        Json users = Json::array();
        for (const ShopUser& user : catalogue_.users) {
            users.push_back({{"email", user.email}, {"name", user.name}});
        }
        answer_json(response, dump({{"users", std::move(users)}}));
    });
    router.Post("/api/sign-in", [this](const httplib::Request& request, httplib::Response& response) {
        if (!is_own_post(request, response)) {
            return;
        }
        const auto body = Json::parse(request.body, nullptr, false);
        const auto email = body.is_object() ? lower(text_of(body, "email")) : std::string{};
        const ShopUser* const user = catalogue_.user(email);
        if (user == nullptr) {
            answer_error(response, 401, "unknown_user", "The shop knows nobody with this e-mail address.");
            return;
        }
        answer_json(response, dump({{"user", {{"id", user->email}, {"email", user->email}, {"name", user->name}}}}));
    });
    router.Post("/api/sign-out", [](const httplib::Request& request, httplib::Response& response) {
        if (is_own_post(request, response)) {
            answer_json(response, "{}");
        }
    });
    router.Get("/api/discount", [this](const httplib::Request& request, httplib::Response& response) {
        const auto code = request.get_param_value("code");
        if (const auto percent = discount_(code)) {
            answer_json(response, dump({{"code", code}, {"percent", *percent}}));
        } else {
            answer_error(response, 404, "unknown_code", "There is no such discount code.");
        }
    });
    router.Post("/api/orders", [this](const httplib::Request& request, httplib::Response& response) {
        if (is_own_post(request, response)) {
            order(request, response);
        }
    });
}

void ShopApi::order(const httplib::Request& request, httplib::Response& response) const {
    const auto bad = [&](std::string_view message) { answer_error(response, 422, "bad_order", message); };
    const auto body = Json::parse(request.body, nullptr, false);
    if (!body.is_object() || !body.contains("items") || !body["items"].is_array() || body["items"].empty() ||
        body["items"].size() > max_lines) {
        bad("An order has 1 to 50 items.");
        return;
    }
    Json items = Json::array();
    std::int64_t subtotal = 0;
    std::int64_t total_quantity = 0;
    for (const Json& item : body["items"]) {
        if (!item.is_object() || !item.contains("quantity") || !item["quantity"].is_number_integer()) {
            bad("An item has an id and a quantity.");
            return;
        }
        const CatalogueProduct* const product = catalogue_.product(text_of(item, "id"));
        const auto quantity = item["quantity"].get<std::int64_t>();
        if (product == nullptr || quantity < 1 || quantity > max_quantity) {
            bad("An item is a product of the catalogue, 1 to 99 times.");
            return;
        }
        subtotal += product->cents * quantity;
        total_quantity += quantity;
        items.push_back({{"id", product->id},
                         {"name", product->name},
                         {"brand", product->brand},
                         {"category", product->category},
                         {"price", amount(product->cents)},
                         {"quantity", quantity}});
    }
    std::int64_t discount = 0;
    const auto code = text_of(body, "code");
    if (!code.empty()) {
        const auto percent = discount_(code);
        if (!percent) {
            bad("There is no such discount code.");
            return;
        }
        discount = (subtotal * *percent + 50) / 100;
    }
    const auto card = card_digits(text_of(body, "card"));
    if (card.size() < 12 || card.size() > 19 || !luhn(card)) {
        bad("That is no card number.");
        return;
    }
    if (card == "4000000000000002") {
        answer_error(response, 402, "card_declined", "The card was declined.");
        return;
    }
    const auto goods = subtotal - discount;
    const auto shipping = goods >= catalogue_.free_shipping_from ? 0 : catalogue_.shipping;
    Json order{{"id", make_uuid()},
               {"items", std::move(items)},
               {"total_quantity", total_quantity},
               {"subtotal", amount(subtotal)},
               {"discount", amount(discount)},
               {"shipping", amount(shipping)},
               {"total", amount(goods + shipping)},
               {"currency", catalogue_.currency}};
    if (!code.empty()) {
        order["code"] = code;
    }
    answer_json(response, dump({{"order", std::move(order)}}));
}

}  // namespace storefront
