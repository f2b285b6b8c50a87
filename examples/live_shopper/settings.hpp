// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Settings of the lanes: everything that decides which values come out, none of what carries them.

#include <chrono>
#include <cstdint>
#include <vector>

#include <weir/time.hpp>

namespace live_shopper {

/// What an event's `cart.total_value` says: the cart before the event, after it, or (by_form) before it in
/// the JSON form and after it in the TSV form.
enum class CartTotal : std::uint8_t { by_form, before, after };

struct Settings {
    std::vector<weir::Duration> product_windows{std::chrono::minutes{5}, std::chrono::hours{1}};
    std::vector<weir::Duration> category_windows{std::chrono::minutes{5}, std::chrono::hours{1},
                                                 std::chrono::hours{24}};
    std::vector<weir::Duration> cart_windows{std::chrono::minutes{5}, std::chrono::hours{1}};
    std::vector<weir::Duration> purchase_windows{std::chrono::hours{24}};
    std::vector<weir::Duration> checkout_windows;  // none: no such lane

    weir::Duration session_gap = std::chrono::minutes{30};
    weir::Duration session_lateness = std::chrono::seconds{5};  // how long after its gap a session stays open
    weir::Duration linger = std::chrono::minutes{10};           // how long values outlive their window
    weir::Duration dedupe = std::chrono::hours{24};             // how long an event id is remembered
    weir::Duration max_future = std::chrono::minutes{5};        // an event further ahead of the clock is refused
    weir::Duration flush_interval = std::chrono::milliseconds{100};

    std::uint32_t bot_limit = 0;  // events of one shopper a minute; more are refused; 0: all are taken

    CartTotal cart_total = CartTotal::by_form;
    bool stitch = true;
};

}  // namespace live_shopper
