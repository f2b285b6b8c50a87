// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// LatestPrices: the mean price over the distinct products viewed, each at the price last seen.
//
// Removable in event-time order: while a product has another priced view, that one is later and its price stands.
// Costs: O(1) expected a view. Memory: 48 bytes a product.

#include <cstddef>
#include <cstdint>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>
#include <weir/aggregator.hpp>
#include <weir/decimal.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

#include "shopper_event.hpp"

namespace live_shopper {

class LatestPrices {
public:
    using value_type = ProductView;

    void add(weir::Timestamp t, const ProductView& view) {
        const auto price = view.price();
        if (view.product_id.empty() || !price) {
            return;
        }
        Seen& seen = products_[view.product_id];
        ++seen.views;
        if (seen.views == 1 || t >= seen.time) {
            sum_ += *price - seen.price;
            seen.price = *price;
            seen.time = t;
        }
    }

    void remove(weir::Timestamp /*t*/, const ProductView& view) {
        if (view.product_id.empty() || !view.price()) {
            return;
        }
        const auto found = products_.find(view.product_id);
        if (--found->second.views == 0) {
            sum_ -= found->second.price;
            products_.erase(found);
        }
    }

    [[nodiscard]] std::optional<double> result() const {
        return products_.empty() ? std::nullopt
                                 : std::optional{weir::divide(sum_, static_cast<std::int64_t>(products_.size()))};
    }

    [[nodiscard]] std::size_t memory_in_use() const {
        return products_.bucket_count() * (sizeof(std::pair<const weir::Symbol, Seen>) + 1);
    }

private:
    struct Seen {
        weir::Decimal price;
        weir::Timestamp time{};
        std::uint32_t views = 0;  // with a known price
    };

    boost::unordered_flat_map<weir::Symbol, Seen> products_;
    weir::Decimal sum_;
};

static_assert(weir::Removable<LatestPrices>);

}  // namespace live_shopper
