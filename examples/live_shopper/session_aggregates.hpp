// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a session's metrics are read from, beyond the library's aggregators.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "shopper_event.hpp"

namespace live_shopper {

/// A page view whose URL's path is /search and whose query has a non-empty q.
[[nodiscard]] inline bool is_search(const ShopEvent& event) {
    if (event.type != EventType::page_view) {
        return false;
    }
    std::string_view url = event.page_url;
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
        url.remove_prefix(scheme + 3);
        url.remove_prefix(std::min(url.size(), url.find_first_of("/?#")));
    }
    url = url.substr(0, url.find('#'));
    const auto mark = url.find('?');
    if (mark == std::string_view::npos || url.substr(0, mark) != "/search") {
        return false;
    }
    for (std::string_view query = url.substr(mark + 1); !query.empty();) {
        const auto parameter = query.substr(0, query.find('&'));
        if (parameter.size() > 2 && parameter.substr(0, 2) == "q=") {
            return true;
        }
        query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    }
    return false;
}

/// Counts what a visitor does in one session. Several products in one event count each.
struct Activity {
    using value_type = ShopperEvent;

    std::int64_t page_views = 0;
    std::int64_t product_views = 0;
    std::int64_t adds = 0;
    std::int64_t removes = 0;
    std::int64_t searches = 0;

    void add(const ShopperEvent& e) {
        page_views += e.event.type == EventType::page_view ? 1 : 0;
        const auto products = static_cast<std::int64_t>(e.event.products.size());
        product_views += e.event.type == EventType::product_view ? products : 0;
        adds += e.event.type == EventType::add_to_cart ? std::max<std::int64_t>(products, 1) : 0;
        removes += e.event.type == EventType::remove_from_cart ? std::max<std::int64_t>(products, 1) : 0;
        searches += is_search(e.event) ? 1 : 0;
    }
    void merge(const Activity& later) {
        page_views += later.page_views;
        product_views += later.product_views;
        adds += later.adds;
        removes += later.removes;
        searches += later.searches;
    }
    [[nodiscard]] const Activity& result() const { return *this; }

    [[nodiscard]] bool bounce() const { return page_views < 2 && adds + removes == 0; }
    [[nodiscard]] double cart_ratio() const {
        return product_views == 0 ? 0 : static_cast<double>(adds) / static_cast<double>(product_views);
    }

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Activity::page_views, &Activity::product_views, &Activity::adds, &Activity::removes,
                   &Activity::searches);
    }
};

/// Where an event says that its visitor came from.
struct Marketing {
    std::string campaign;
    std::string source;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Marketing::campaign, &Marketing::source);
    }
};

}  // namespace live_shopper
