// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Shopper: somebody who visits the shop, page by page, and comes back or makes room for somebody else.
//
// Four kinds: most look around, some hunt for bargains, some fill a cart and stall at the checkout, some log in and
// buy. What a shopper does is decided by the random numbers alone, so one seed gives the same visits at any speed.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <weir/time.hpp>

#include "catalogue.hpp"

namespace shop_simulator {

using Random = std::mt19937_64;

/// A number from `least` to `most`.
[[nodiscard]] std::size_t pick(Random& random, std::size_t least, std::size_t most);

/// True so often, 0 to 1.
[[nodiscard]] bool chance(Random& random, double probability);

/// One event, ready to be sent.
struct Message {
    std::string key;   // the visitor, so that a visitor's events stay in order
    std::string json;  // the reference's form
    double pause = 1;  // until the shopper's next event, in usual pauses
};

class Shopper {
public:
    /// `number` tells shoppers apart; `random` outlives the shopper.
    Shopper(std::size_t number, Random& random);

    /// The shopper's next event. It happened at `happened` and came in at `collected`.
    [[nodiscard]] Message next(weir::Timestamp happened, weir::Timestamp collected);

private:
    enum class Kind : std::uint8_t { browser, bargain_hunter, abandoner, buyer };
    enum class Action : std::uint8_t {
        page,
        list,
        view,
        add,
        remove,
        checkout,
        sign_in,
        transaction,
    };

    struct Step {
        Action action;
        std::string where;        // the page's path and query, or the list's name
        std::size_t product = 0;  // index into products
        int number = 0;           // of the checkout step; quantity added
        double pause = 1;
    };

    struct InCart {
        std::size_t product;
        std::int64_t cents;
        int quantity;
    };

    void arrive();
    void plan_visit();
    void plan_landing();
    void plan_category(std::size_t category, std::size_t views);
    void plan_search();
    void plan_product(std::size_t product);
    void plan_cart(std::size_t count);
    void plan_checkout(bool buys);
    [[nodiscard]] std::int64_t price_of(std::size_t product);
    [[nodiscard]] std::int64_t cart_cents() const;
    [[nodiscard]] std::string uuid();

    std::size_t number_;
    Random& random_;
    Kind kind_ = Kind::browser;
    std::deque<Step> steps_;
    std::string visitor_;
    std::string network_;
    std::string session_;
    std::string email_;
    std::string page_;
    std::size_t visits_ = 0;
    std::size_t events_ = 0;
    std::size_t people_ = 0;
    std::size_t device_ = 0;
    std::size_t place_ = 0;
    int campaign_ = -1;
    std::int64_t discount_ = 0;  // per cent
    bool signed_in_ = false;
    std::vector<InCart> cart_;
    std::vector<std::size_t> viewed_;
};

}  // namespace shop_simulator
