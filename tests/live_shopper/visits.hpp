// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random events for an engine, and what it makes of them.

#include <chrono>
#include <cstddef>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include <weir/decimal.hpp>
#include <weir/time.hpp>

#include "engine.hpp"

namespace visits {

using namespace live_shopper;

/// Events of a few shoppers on a few devices, some of them logging in, out of order by up to 10 minutes.
class Visits {
public:
    explicit Visits(unsigned seed) : random_{seed} {}

    /// Its strings live as long as this.
    ShopEvent next() {
        constexpr EventType types[] = {EventType::page_view,   EventType::product_view,  EventType::product_view,
                                       EventType::list_view,   EventType::add_to_cart,   EventType::remove_from_cart,
                                       EventType::transaction, EventType::checkout_step, EventType::page_ping};
        now_ += std::chrono::milliseconds{pick(20'000)};
        ShopEvent e;
        e.id = text("event", ++count_);
        e.type = types[pick(std::size(types))];
        e.time = now_ - std::chrono::milliseconds{pick(3) == 0 ? pick(600'000) : 0};
        const auto device = pick(9);
        e.domain_userid = text("device", device);
        e.user_id = pick(4) == 0 ? text("user", (device + pick(2)) % 6) : std::string_view{};
        e.session_id =
            text("session",
                 device * 100 + static_cast<std::size_t>((now_.time_since_epoch() / std::chrono::hours{2}) % 100));
        e.products.resize(pick(3));
        for (Product& p : e.products) {
            p.id = text("product", pick(6));
            p.brand = text("brand", pick(3));
            p.category = text("category", pick(4));
            p.price = weir::Decimal::from_millionths(static_cast<std::int64_t>(pick(20'000)) * 10'000);
        }
        e.list_name = text("list", pick(3));
        e.checkout_step = 2;
        e.cart_total = weir::Decimal{static_cast<std::int64_t>(pick(100))};
        e.revenue = weir::Decimal{static_cast<std::int64_t>(pick(100))};
        e.transaction_id = text("transaction", pick(500));
        return e;
    }

    [[nodiscard]] weir::Timestamp now() const { return now_; }

private:
    std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
    std::string_view text(const char* kind, std::size_t i) {
        return strings_.emplace_back(std::string{kind} + "-of-some-length-" + std::to_string(i));
    }

    std::mt19937 random_;
    weir::Timestamp now_{std::chrono::milliseconds{1'750'000'000'000}};
    std::size_t count_ = 0;
    std::deque<std::string> strings_;
};

using Writes = std::multiset<std::tuple<std::string, std::string, weir::Timestamp, bool>>;

/// What an engine hands out now.
inline Writes drain(Engine& engine) {
    Writes writes;
    engine.drain([&](const Write& w) {
        writes.emplace(std::string{w.key}, std::string{w.value}, w.erase ? weir::Timestamp{} : w.expires_at, w.erase);
    });
    return writes;
}

}  // namespace visits
