// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// ShopApi: what the shop's pages ask its server for: catalogue, sign-in, discounts, orders. Nothing is kept: the cart
// and who is signed in are the browser's, and an order exists in its events alone.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <httplib.h>

#include "catalogue.hpp"

namespace storefront {

class ShopApi {
public:
    /// The percent that a code takes off; nothing for an unknown code.
    using Discount = std::function<std::optional<int>(std::string_view code)>;

    ShopApi(const Catalogue& catalogue, Discount discount);

    void add_to(httplib::Server& router);

private:
    void order(const httplib::Request& request, httplib::Response& response) const;

    const Catalogue& catalogue_;
    Discount discount_;
};

/// Answers with JSON that no cache keeps.
void answer_json(httplib::Response& response, const std::string& json, int status = 200);

/// Answers with `{"error", "message"}`.
void answer_error(httplib::Response& response, int status, std::string_view error, std::string_view message);

/// Whether a POST may be acted on: JSON, and from a page of this very origin; answers with an error otherwise.
[[nodiscard]] bool is_own_post(const httplib::Request& request, httplib::Response& response);

}  // namespace storefront
