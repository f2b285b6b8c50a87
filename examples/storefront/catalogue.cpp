// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "catalogue.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config.hpp"
#include "json_text.hpp"

namespace storefront {
namespace {

using Json = nlohmann::json;
using live_shopper::ConfigError;

std::string read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in.is_open() || in.bad()) {
        throw ConfigError(fmt::format("{}: cannot read this file", path));
    }
    return text;
}

Json parse(std::string_view text, std::string_view file) {
    try {
        return Json::parse(text);
    } catch (const Json::exception& error) {
        throw ConfigError(fmt::format("{}: {}", file, error.what()));
    }
}

std::int64_t cents(const Json& value, std::string_view what) {
    if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 9'999'999) {
        throw ConfigError(
            fmt::format("catalogue.json: expected {} as a number from 0 to 9999999, found {}", what, value.dump()));
    }
    return std::llround(value.get<double>() * 100);
}

std::string text(const Json& object, const char* key, std::string_view where, bool required) {
    const auto found = object.find(key);
    if (found == object.end() && !required) {
        return {};
    }
    if (found == object.end() || !found->is_string() || (required && found->get_ref<const std::string&>().empty())) {
        throw ConfigError(fmt::format("{}: expected a text as \"{}\" in {}", where, key, dump(object)));
    }
    return found->get<std::string>();
}

}  // namespace

const CatalogueProduct* Catalogue::product(std::string_view id) const noexcept {
    const auto found =
        std::find_if(products.begin(), products.end(), [&](const CatalogueProduct& p) { return p.id == id; });
    return found == products.end() ? nullptr : &*found;
}

const ShopUser* Catalogue::user(std::string_view email) const noexcept {
    const auto found = std::find_if(users.begin(), users.end(), [&](const ShopUser& u) { return u.email == email; });
    return found == users.end() ? nullptr : &*found;
}

Catalogue read_catalogue(std::string_view catalogue, std::string_view users) {
    Catalogue out;
    out.json = catalogue;
    const Json json = parse(catalogue, "catalogue.json");
    if (!json.is_object() || !json.contains("products") || !json["products"].is_array() || json["products"].empty()) {
        throw ConfigError("catalogue.json: expected an object with an array of products");
    }
    out.currency = json.value("currency", out.currency);
    out.free_shipping_from = cents(json.value("free_shipping_from", Json(0)), "free_shipping_from");
    out.shipping = cents(json.value("shipping", Json(0)), "shipping");
    for (const Json& p : json["products"]) {
        if (!p.is_object()) {
            throw ConfigError("catalogue.json: a product is no object");
        }
        CatalogueProduct product{text(p, "id", "catalogue.json", true), text(p, "name", "catalogue.json", true),
                                 text(p, "brand", "catalogue.json", false), text(p, "category", "catalogue.json", true),
                                 cents(p.value("price", Json()), "price")};
        if (out.product(product.id) != nullptr) {
            throw ConfigError(fmt::format("catalogue.json: two products have the id \"{}\"", product.id));
        }
        out.products.push_back(std::move(product));
    }
    const Json people = parse(users, "users.json");
    if (!people.is_object() || !people.contains("users") || !people["users"].is_array()) {
        throw ConfigError("users.json: expected an object with an array of users");
    }
    for (const Json& u : people["users"]) {
        out.users.push_back({text(u, "email", "users.json", true), text(u, "name", "users.json", true)});
    }
    return out;
}

Catalogue load_catalogue(const std::string& folder) {
    const auto catalogue = read_file(folder + "/catalogue.json");
    return read_catalogue(catalogue, read_file(folder + "/users.json"));
}

}  // namespace storefront
