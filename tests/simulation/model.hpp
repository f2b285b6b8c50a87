// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The slow and obvious answer for some of the features: all events in a list, gone through for every value asked for.
// Written from docs/semantics.md, not from the engine.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <weir/time.hpp>

namespace simulation {

/// An event as the shop made it. Prices are whole numbers.
struct ShopEvent {
    std::string id;
    std::string type;
    weir::Timestamp time;
    std::string user;
    std::string visitor;
    std::string session;
    std::string product;
    std::string category;
    std::string list;
    int price = 0;
    int quantity = 1;
    int cart_total = 0;
    std::string transaction;

    [[nodiscard]] std::string json(const std::string& iso) const {
        const auto quoted = [](const std::string& text) { return text.empty() ? "null" : '"' + text + '"'; };
        return fmt::format(
            R"({{"id":"{}","type":"{}","timestamp":"{}","payload":{{"list_name":{},"product":{},"cart":{{"total_value":{}}},)"
            R"("checkout_step":{{"step":2}},"transaction":{{"transaction_id":{},"revenue":{}}}}},)"
            R"("enrich":{{"user":{{"user_id":{},"domain_userid":{}}},"platform":"web"}},"session":{{"sessionId":{}}}}})",
            id, type, iso, quoted(list),
            product.empty() ? std::string{"null"}
                            : fmt::format(R"({{"id":"{}","brand":"b{}","category":"{}","price":{},"quantity":{}}})",
                                          product, product.size() % 3, category, price, quantity),
            cart_total, quoted(transaction), price, quoted(user), quoted(visitor), quoted(session));
    }
};

class Model {
public:
    /// Takes an event that came to Kafka at `arrival`.
    void take(const ShopEvent& event, weir::Timestamp arrival) {
        if (event.time > arrival + std::chrono::minutes{5} || !seen_.insert(event.id).second) {
            return;
        }
        events_.push_back(event);
    }

    /// What the store holds at `now` of the features that the model knows, given all that was taken.
    [[nodiscard]] std::map<std::string, std::string> at(weir::Timestamp now) const {
        using namespace std::chrono_literals;
        std::map<std::string, std::string> out;
        std::map<std::string, std::vector<const ShopEvent*>> by_user;
        std::map<std::string, std::vector<const ShopEvent*>> by_session;
        for (const ShopEvent& event : events_) {
            by_user[owner(event)].push_back(&event);
            by_session[event.session].push_back(&event);
        }
        for (const auto& [user, events] : by_user) {
            for (const auto& [window, length] : {std::pair<const char*, weir::Duration>{"5m", 5min}, {"1h", 1h}}) {
                products(out, user, events, window, length, now);
                carts(out, user, events, window, length, now);
            }
            for (const auto& [window, length] :
                 {std::pair<const char*, weir::Duration>{"5m", 5min}, {"1h", 1h}, {"24h", 24h}}) {
                categories(out, user, events, window, length, now);
            }
        }
        for (const auto& [session, events] : by_session) {
            sessions(out, session, events, now);
        }
        return out;
    }

    /// Whether a key is of a feature that the model knows.
    [[nodiscard]] static bool knows(const std::string& key) {
        for (const char* const feature :
             {":top_category_", ":unique_categories_", ":category_view_count_", ":product_view_count_",
              ":return_view_count_", ":cart_add_count_", ":cart_remove_count_", ":cart_update_frequency_",
              ":cart_value_", ":session_duration", ":session_page_count"}) {
            if (key.find(feature) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

private:
    static constexpr weir::Duration linger = std::chrono::minutes{10};
    static constexpr weir::Duration gap = std::chrono::minutes{30};

    // Of the first event at or after it that says who the visitor is.
    [[nodiscard]] std::string owner(const ShopEvent& event) const {
        if (!event.user.empty()) {
            return event.user;
        }
        const ShopEvent* first = nullptr;
        for (const ShopEvent& other : events_) {
            if (other.visitor == event.visitor && !other.user.empty() && other.time >= event.time &&
                (first == nullptr || other.time < first->time)) {
                first = &other;
            }
        }
        return first == nullptr ? event.visitor : first->user;
    }

    // Those of a lane that are in the window, or nothing where the store has nothing of it any more.
    template <class Is>
    static std::optional<std::vector<const ShopEvent*>> window(const std::vector<const ShopEvent*>& events, Is is,
                                                               weir::Duration length, weir::Timestamp now) {
        std::vector<const ShopEvent*> inside;
        std::optional<weir::Timestamp> latest;
        for (const ShopEvent* const event : events) {
            if (is(*event)) {
                latest = std::max(latest.value_or(event->time), event->time);
                if (event->time > now - length && event->time <= now) {
                    inside.push_back(event);
                }
            }
        }
        return latest && *latest + length + linger > now ? std::optional{inside} : std::nullopt;
    }

    static void products(std::map<std::string, std::string>& out, const std::string& user,
                         const std::vector<const ShopEvent*>& events, const std::string& name, weir::Duration length,
                         weir::Timestamp now) {
        const auto views = window(
            events, [](const ShopEvent& e) { return e.type == "product_view"; }, length, now);
        if (!views) {
            return;
        }
        std::map<std::string, int> times;
        for (const ShopEvent* const view : *views) {
            ++times[view->product];
        }
        std::string object = "{";
        for (const auto& [product, count] : times) {
            object += fmt::format("{}\"{}\":{}", object.size() > 1 ? "," : "", product, count);
        }
        out[fmt::format("user:{}:product_view_count_{}", user, name)] = std::to_string(times.size());
        out[fmt::format("user:{}:return_view_count_{}", user, name)] = object + "}";
    }

    static void categories(std::map<std::string, std::string>& out, const std::string& user,
                           const std::vector<const ShopEvent*>& events, const std::string& name, weir::Duration length,
                           weir::Timestamp now) {
        const auto views = window(
            events, [](const ShopEvent& e) { return e.type == "product_view" || e.type == "list_view"; }, length, now);
        if (!views) {
            return;
        }
        std::map<std::string, std::pair<int, weir::Timestamp>> seen;  // how often and when last
        for (const ShopEvent* const view : *views) {
            auto& [times, last] =
                seen.try_emplace(view->type == "list_view" ? view->list : view->category, 0, view->time).first->second;
            ++times;
            last = std::max(last, view->time);
        }
        const auto top = std::max_element(seen.begin(), seen.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
        out[fmt::format("user:{}:top_category_{}", user, name)] = top == seen.end() ? "" : top->first;
        out[fmt::format("user:{}:unique_categories_{}", user, name)] = std::to_string(seen.size());
        out[fmt::format("user:{}:category_view_count_{}", user, name)] = std::to_string(views->size());
    }

    static void carts(std::map<std::string, std::string>& out, const std::string& user,
                      const std::vector<const ShopEvent*>& events, const std::string& name, weir::Duration length,
                      weir::Timestamp now) {
        const auto changes = window(
            events, [](const ShopEvent& e) { return e.type == "add_to_cart" || e.type == "remove_from_cart"; }, length,
            now);
        if (!changes) {
            return;
        }
        int adds = 0;
        int removes = 0;
        int value = 0;
        for (const ShopEvent* const change : *changes) {
            const bool added = change->type == "add_to_cart";
            (added ? adds : removes) += 1;
            value += (added ? 1 : -1) * change->price * change->quantity;
        }
        out[fmt::format("user:{}:cart_add_count_{}", user, name)] = std::to_string(adds);
        out[fmt::format("user:{}:cart_remove_count_{}", user, name)] = std::to_string(removes);
        out[fmt::format("user:{}:cart_update_frequency_{}", user, name)] = std::to_string(adds + removes);
        out[fmt::format("user:{}:cart_value_{}", user, name)] = std::to_string(value);
    }

    // The latest session alone: it has the keys.
    static void sessions(std::map<std::string, std::string>& out, const std::string& session,
                         std::vector<const ShopEvent*> events, weir::Timestamp now) {
        std::sort(events.begin(), events.end(),
                  [](const ShopEvent* a, const ShopEvent* b) { return a->time < b->time; });
        auto first = std::prev(events.end());
        while (first != events.begin() && (*first)->time - (*std::prev(first))->time <= gap) {
            --first;
        }
        const auto last = events.back()->time;
        if (last + gap + linger <= now) {
            return;
        }
        out[fmt::format("session:{}:session_duration", session)] = std::to_string((last - (*first)->time).count());
        out[fmt::format("session:{}:session_page_count", session)] = std::to_string(
            std::count_if(first, events.end(), [](const ShopEvent* e) { return e->type == "page_view"; }));
    }

    std::vector<ShopEvent> events_;
    std::set<std::string> seen_;
};

}  // namespace simulation
