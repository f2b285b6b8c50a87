// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "features.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <weir/aggregates.hpp>
#include <weir/aggregators/changes.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/span.hpp>

#include "latest_prices.hpp"
#include "orders.hpp"
#include "session_aggregates.hpp"

namespace live_shopper {

namespace {

using weir::aggregate;
using weir::count;
using weir::count_by;
using weir::count_if;
using weir::distinct;
using weir::lane;
using weir::last;
using weir::min_max;
using weir::sum;
using weir::top;

// Which events.

auto is(EventType a, EventType b) {
    return [a, b](const ShopperEvent& e) { return e.event.type == a || e.event.type == b; };
}
auto is(EventType type) { return is(type, type); }

bool is_purchase_step(const ShopperEvent& e) {
    return e.event.type == EventType::add_to_cart || e.event.type == EventType::remove_from_cart ||
           e.event.type == EventType::transaction ||
           (e.event.type == EventType::checkout_step && e.event.checkout_step == 2);
}

// Whose.

std::string_view user(const ShopperEvent& e) { return e.user; }
std::string_view session(const ShopperEvent& e) { return e.event.session_id; }

// What is kept of them.

constexpr auto product_views = [](const ShopperEvent& e, auto keep) {
    for (const Product& p : e.event.products) {
        keep(ProductView{Movable{e}, e.symbols.intern(p.id), e.symbols.intern(p.brand), Amount{p.price}});
    }
};

constexpr auto category_views = [](const ShopperEvent& e, auto keep) {
    const auto view = [&](std::string_view category) {
        if (!category.empty()) {
            keep(CategoryView{Movable{e}, e.symbols.intern(category)});
        }
    };
    if (e.event.type == EventType::list_view) {
        view(e.event.list_name);
    } else {
        for (const Product& p : e.event.products) {
            view(p.category);
        }
    }
};

constexpr auto cart_changes = [](const ShopperEvent& e, auto keep) {
    const bool added = e.event.type == EventType::add_to_cart;
    for (const Product& p : e.event.products) {
        const weir::Decimal value = p.price.value_or(weir::Decimal{}) * p.quantity;
        keep(CartChange{Movable{e}, Amount{added ? value : -value}, added});
    }
    if (e.event.products.empty()) {
        keep(CartChange{Movable{e}, Amount{weir::Decimal{}}, added});
    }
};

constexpr auto purchase_steps = [](const ShopperEvent& e, auto keep) {
    keep(PurchaseStep{Movable{e}, e.symbols.intern(e.event.transaction_id),
                      Amount{e.event.type == EventType::transaction ? e.event.revenue : e.event.cart_total},
                      e.event.type});
};

constexpr auto checkout_steps = [](const ShopperEvent& e, auto keep) { keep(CheckoutStep{Movable{e}}); };

bool is_removal(const CartChange& change) { return !change.added; }

// How a value is read off an aggregate.

template <class Value>
constexpr weir::ResultOrEmptyParser<Value> or_empty{};

void append_json_string(std::string& out, std::string_view text) {
    const bool plain = std::none_of(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
    if (plain) {
        out.append("\"").append(text).append("\"");
    } else {
        out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
}

// Written by hand: a robot's object has thousands of members, and is drawn up ten times a second.
constexpr auto as_json_object = [](const auto& counts) {
    std::vector<std::pair<std::string_view, std::uint64_t>> members;
    for (const auto& [value, times] : counts.result()) {
        members.emplace_back(value.view(), times);
    }
    std::sort(members.begin(), members.end());
    std::string object = "{";
    for (const auto& [name, times] : members) {
        object += object.size() > 1 ? "," : "";
        append_json_string(object, name);
        object += ':';
        object += std::to_string(times);
    }
    return object += '}';
};

constexpr auto as_json_array = [](const auto& values) {
    nlohmann::json array = nlohmann::json::array();
    for (const auto& value : values.result()) {
        if constexpr (requires { name(value); }) {
            array.push_back(std::string{name(value)});
        } else {
            array.push_back(value);
        }
    }
    return array.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
};

constexpr auto as_range = [](const auto& prices) -> std::string {
    const auto range = prices.result();
    return range ? range->min.to_string() + "-" + range->max.to_string() : "0-0";
};

constexpr auto times_repeated = [](const auto& views) { return views.result().total() - views.result().distinct(); };
constexpr auto times_seen = [](const auto& views) { return views.result().total(); };

// What sessions look at.

DeviceClass device(const ShopperEvent& e) { return e.event.device; }
std::string_view platform(const ShopperEvent& e) { return e.event.platform; }

std::optional<Marketing> marketing(const ShopperEvent& e) {
    return e.event.has_marketing ? std::optional{Marketing{std::string{e.event.marketing_campaign},
                                                           std::string{e.event.marketing_source}}}
                                 : std::nullopt;
}

std::optional<std::string> location(const ShopperEvent& e) {
    const bool both = !e.event.city.empty() && !e.event.country.empty();
    return both ? std::optional{fmt::format("{}, {}", e.event.city, e.event.country)} : std::nullopt;
}

std::optional<std::string> region(const ShopperEvent& e) {
    return e.event.region.empty() ? std::nullopt : std::optional{std::string{e.event.region}};
}

template <class Read>
constexpr auto marketing_part(Read read) {
    return [read](const auto& first) {
        const auto found = first.result();
        return found ? read(*found) : std::string{};
    };
}

}  // namespace

weir::Pipeline<ShopperEvent> make_user_pipeline(const Settings& settings) {
    weir::Pipeline<ShopperEvent> pipeline;

    pipeline.add(
        lane<ShopperEvent>("product")
            .when(is(EventType::product_view), "product_view")
            .by(user)
            .each<ProductView>(product_views)
            .origin(&ProductView::origin)
            .rolling(settings.product_windows)
            .linger(settings.linger)
            .metric("product_view_count", distinct<&ProductView::product>, "number of distinct products viewed")
            .metric("avg_viewed_price", aggregate<LatestPrices>.parse(or_empty<double>),
                    "mean price over the distinct products, each at the price last seen")
            .metric("return_view_count", count_by<&ProductView::product>.parse(as_json_object), "views of each product")
            .metric("price_range_viewed", min_max<&ProductView::price>.parse(as_range), "min-max of the prices viewed")
            .metric("most_viewed_brand", top<&ProductView::brand>, "brand viewed most; on a tie the one viewed last"));

    pipeline.add(
        lane<ShopperEvent>("category")
            .when(is(EventType::list_view, EventType::product_view), "list_view, product_view")
            .by(user)
            .each<CategoryView>(category_views)
            .origin(&CategoryView::origin)
            .rolling(settings.category_windows)
            .linger(settings.linger)
            .metric("top_category", top<&CategoryView::category>, "category viewed most; on a tie the one viewed last")
            .metric("unique_categories", distinct<&CategoryView::category>, "distinct categories viewed")
            .metric("category_view_count", count_by<&CategoryView::category>.parse(times_seen), "category views")
            .metric("repeat_category_views", count_by<&CategoryView::category>.parse(times_repeated),
                    "category views beyond the first of each category"));

    pipeline.add(lane<ShopperEvent>("cart")
                     .when(is(EventType::add_to_cart, EventType::remove_from_cart), "add_to_cart, remove_from_cart")
                     .by(user)
                     .each<CartChange>(cart_changes)
                     .origin(&CartChange::origin)
                     .rolling(settings.cart_windows)
                     .linger(settings.linger)
                     .metric("cart_add_count", count_if<&CartChange::added>, "products added")
                     .metric("cart_remove_count", count_if<&is_removal>, "products removed")
                     .metric("cart_update_frequency", count, "products added and removed")
                     .metric("cart_value", sum<&CartChange::value>, "price x quantity added, less that removed"));

    pipeline.add(
        lane<ShopperEvent>("purchase")
            .when(is_purchase_step, "transaction, checkout_step 2 after a cart event")
            .by(user)
            .each<PurchaseStep>(purchase_steps)
            .origin(&PurchaseStep::origin)
            .rolling(settings.purchase_windows)
            .history(Orders::cart_lifetime)
            .linger(settings.linger)
            .metric("orders_count", aggregate<Orders>.parse([](const Orders& o) { return o.result().count; }), "orders")
            .metric("order_value", aggregate<Orders>.parse([](const Orders& o) { return o.result().value; }),
                    "total spent")
            .metric("avg_order_value", aggregate<Orders>.parse([](const Orders& o) { return o.result().average(); }),
                    "order_value / orders_count to 2 decimals"));

    if (!settings.checkout_windows.empty()) {
        pipeline.add(lane<ShopperEvent>("checkout")
                         .when(is(EventType::checkout_step), "checkout_step")
                         .by(user)
                         .each<CheckoutStep>(checkout_steps)
                         .origin(&CheckoutStep::origin)
                         .rolling(settings.checkout_windows)
                         .linger(settings.linger)
                         .metric("checkout_step_count", count, "steps of the checkout taken"));
    }

    return pipeline;
}

bool is_for_users(const ShopEvent& e) {
    switch (e.type) {
        case EventType::product_view:
        case EventType::list_view:
        case EventType::add_to_cart:
        case EventType::remove_from_cart:
        case EventType::checkout_step:
        case EventType::transaction:
            return true;
        default:
            return false;
    }
}

weir::Pipeline<ShopperEvent> make_session_pipeline(const Settings& settings) {
    weir::Pipeline<ShopperEvent> pipeline;

    pipeline.add(
        lane<ShopperEvent>("session")
            .when([](const ShopperEvent&) { return true; }, "all of the session")
            .by(session)
            .session(settings.session_gap, settings.session_lateness)
            .linger(settings.linger)
            .metric("session_duration", aggregate<weir::Span>, "last event - first event, in milliseconds")
            .metric("session_page_count", aggregate<Activity>.parse([](const Activity& a) { return a.page_views; }),
                    "page views")
            .metric("session_bounce", aggregate<Activity>.parse([](const Activity& a) { return a.bounce(); }),
                    "true while there are fewer than 2 page views and no cart event")
            .metric("session_marketing_campaign",
                    weir::first<&marketing>.parse(marketing_part([](const Marketing& m) { return m.campaign; })),
                    "campaign of the first event with marketing data")
            .metric("session_marketing_source",
                    weir::first<&marketing>.parse(marketing_part([](const Marketing& m) { return m.source; })),
                    "source of the first event with marketing data")
            .metric("session_cart_ratio", aggregate<Activity>.parse([](const Activity& a) { return a.cart_ratio(); }),
                    "adds to cart / product views")
            .metric("session_search_count", aggregate<Activity>.parse([](const Activity& a) { return a.searches; }),
                    "page views of search results")
            .metric("shopper_device_types",
                    aggregate<weir::Projected<weir::Field<&device>, weir::OrderedDistinct<DeviceClass>>>.parse(
                        as_json_array),
                    "device classes in the order first seen")
            .metric("shopper_latest_platform", last<&platform>, "platform of the latest event")
            .metric("shopper_locations",
                    aggregate<weir::Projected<weir::Field<&location>, weir::OrderedDistinct<std::string>>>.parse(
                        as_json_array),
                    "City, CC in the order first seen")
            .metric("shopper_region_changes",
                    aggregate<weir::Projected<weir::Field<&region>, weir::Changes<std::string>>>,
                    "how often the region differs from the one before"));

    return pipeline;
}

void print_features(const Settings& settings, std::FILE* out) {
    fmt::print(out, "name\twindow\tevents\tmeaning\n");
    for (const auto& make : {make_user_pipeline, make_session_pipeline}) {
        for (const weir::MetricInfo& m : make(settings).catalogue()) {
            fmt::print(out, "{}\t{}\t{}\t{}\n", m.name, m.window.empty() ? "session" : m.window, m.events, m.meaning);
        }
    }
}

}  // namespace live_shopper
