// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events in the JSON form, as short as they can be.

#include <chrono>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <weir/time.hpp>

namespace shop_events {

/// 2026-03-01T12:00:00Z, a time like any other.
inline constexpr weir::Timestamp noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{12}};

inline std::string iso(weir::Timestamp t) {
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{t - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

struct Event {
    std::string id;
    std::string type = "product_view";
    weir::Timestamp time = noon;
    std::string user;
    std::string visitor = "visitor";
    std::string session = "session";
    std::string product = "1";
    double price = 9.5;

    [[nodiscard]] std::string json() const {
        const auto user_id = user.empty() ? std::string{"null"} : fmt::format("\"{}\"", user);
        return fmt::format(
            R"({{"id":"{}","type":"{}","timestamp":"{}","payload":{{"product":{{"id":"{}","brand":"b{}","category":"c","price":{}}}}},)"
            R"("enrich":{{"user":{{"user_id":{},"domain_userid":"{}"}},"platform":"web"}},"session":{{"sessionId":"{}"}}}})",
            id, type, iso(time), product, product, price, user_id, visitor, session);
    }
};

}  // namespace shop_events
