// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Catalogue: what the shop sells and who its made-up users are, from two JSON files.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storefront {

struct CatalogueProduct {
    std::string id;
    std::string name;
    std::string brand;
    std::string category;
    std::int64_t cents = 0;
};

struct ShopUser {
    std::string email;
    std::string name;
};

struct Catalogue {
    std::string json;  // the file, as it is
    std::string currency = "USD";
    std::int64_t free_shipping_from = 0;  // cents
    std::int64_t shipping = 0;            // cents
    std::vector<CatalogueProduct> products;
    std::vector<ShopUser> users;

    [[nodiscard]] const CatalogueProduct* product(std::string_view id) const noexcept;
    [[nodiscard]] const ShopUser* user(std::string_view email) const noexcept;
};

/// Reads `catalogue.json` and `users.json` of a folder. Throws live_shopper::ConfigError.
[[nodiscard]] Catalogue load_catalogue(const std::string& folder);

/// The same from texts.
[[nodiscard]] Catalogue read_catalogue(std::string_view catalogue, std::string_view users);

}  // namespace storefront
