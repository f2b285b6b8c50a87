// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/projected.hpp>

#include <optional>
#include <string>
#include <string_view>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>

#include "random_stream.hpp"

using weir::Field;
using weir::Projected;
using weir::Where;
using weir_tests::at;

namespace {

struct View {
    std::string product;
    std::optional<int> price;
    bool sale = false;

    [[nodiscard]] std::string_view brand() const { return std::string_view{product}.substr(0, 1); }
};

int price_or_zero(const View& view) { return view.price.value_or(0); }

/// Depends on the order of its inputs: the last difference.
struct Step {
    using value_type = int;
    static constexpr bool is_order_dependent = true;
    void add(int x) {
        step = x - last;
        last = x;
    }
    [[nodiscard]] int result() const { return step; }
    int last = 0;
    int step = 0;
};

/// Drops its own past.
struct Until {
    using value_type = int;
    void add(weir::Timestamp t, int /*x*/) { latest_ = t; }
    void expire(weir::Timestamp horizon) {
        if (latest_ && *latest_ <= horizon) {
            latest_.reset();
        }
    }
    [[nodiscard]] std::optional<weir::Timestamp> next() const { return latest_; }
    [[nodiscard]] std::optional<weir::Timestamp> latest() const { return latest_; }
    [[nodiscard]] bool result() const { return latest_.has_value(); }
    std::optional<weir::Timestamp> latest_;
};

struct IsSale {
    bool operator()(const View& view) const { return view.sale; }
};
struct Generic {
    template <class T>
    bool operator()(const T& x) const {
        return x > 2;
    }
};

using Price = Field<&View::price>;
using Product = Field<&View::product>;
using Brand = Field<&View::brand>;

}  // namespace

static_assert(std::same_as<weir::value_type_t<Projected<Price, weir::Sum<int>>>, View>);
static_assert(std::same_as<weir::value_type_t<Projected<Brand, weir::Distinct<std::string>>>, View>);
static_assert(std::same_as<weir::value_type_t<Where<IsSale, weir::Count>>, View>);
static_assert(std::same_as<weir::value_type_t<Where<Generic, weir::Sum<int>>>, int>);
static_assert(sizeof(Projected<Price, weir::Sum<int>>) == sizeof(weir::Sum<int>));
static_assert(sizeof(Where<IsSale, weir::Count>) == sizeof(weir::Count));

// What the aggregator inside can do is what the projected one can do.
static_assert(weir::Removable<Projected<Price, weir::Sum<int>>> && weir::Mergeable<Projected<Price, weir::Sum<int>>>);
static_assert(!weir::Removable<Projected<Price, weir::Min<int>>> && weir::Mergeable<Projected<Price, weir::Min<int>>>);
static_assert(weir::OrderDependent<Projected<Price, Step>> && !weir::Mergeable<Projected<Price, Step>>);
static_assert(!weir::OrderDependent<Projected<Price, weir::Sum<int>>>);
static_assert(weir::Expiring<Projected<Price, Until>> && !weir::Expiring<Projected<Price, weir::Sum<int>>>);
static_assert(weir::detail::TimedAdd<Projected<Brand, weir::Top<std::string>>> &&
              !weir::detail::PlainAdd<Projected<Brand, weir::Top<std::string>>>);
static_assert(weir::Removable<Where<IsSale, weir::Count>> && weir::Mergeable<Where<IsSale, weir::Count>>);
static_assert(weir::OrderDependent<Where<Generic, Step>> && weir::Expiring<Where<Generic, Until>>);

TEST_CASE("a projection picks what is aggregated: members, member functions, functions, lambdas", "[projected]") {
    const View view{"acme", 3, false};
    Projected<Product, weir::Distinct<std::string>> products;
    Projected<Brand, weir::Distinct<std::string>> brands;
    Projected<Field<&price_or_zero>, weir::Sum<int>> total;
    Projected<decltype([](const View& v) { return v.product.size(); }), weir::Sum<std::size_t>> length;
    products.add(view);
    brands.add(view);
    total.add(view);
    length.add(view);
    REQUIRE(products.result() == 1);
    REQUIRE(brands.result() == 1);
    REQUIRE(total.result() == 3);
    REQUIRE(length.result() == 4);
    REQUIRE(products.memory_in_use() > 0);
    products.remove(view);
    REQUIRE(products.memory_in_use() == 0);
    REQUIRE(products == decltype(products){});
}

TEST_CASE("an optional without a value is not added", "[projected]") {
    Projected<Price, weir::Mean<int>> mean;
    mean.add({"a", std::nullopt});
    REQUIRE_FALSE(mean.result());
    mean.add({"b", 4});
    mean.add({"c", std::nullopt});
    REQUIRE(mean.result() == 4.0);
    mean.remove({"a", std::nullopt});
    REQUIRE(mean.result() == 4.0);
    REQUIRE(mean.inner().count() == 1);
}

TEST_CASE("where counts only what the predicate accepts", "[projected]") {
    Where<IsSale, weir::Count> sales;
    sales.add({"a", 1, true});
    sales.add({"b", 1, false});
    REQUIRE(sales.result() == 1);
    sales.remove({"b", 1, false});
    REQUIRE(sales.result() == 1);

    Where<IsSale, Projected<Brand, weir::Top<std::string>>> top;
    top.add(at(0), {"acme", 1, true});
    top.add(at(1), {"bolt", 1, false});
    REQUIRE(top.result() == "a");
}

TEST_CASE("expiry and order pass through to the aggregator inside", "[projected]") {
    Projected<Price, Until> until;
    until.add(at(5), {"a", 1});
    until.add(at(7), {"a", std::nullopt});
    REQUIRE(until.next() == at(5));
    until.expire(at(5));
    REQUIRE_FALSE(until.latest());
    Projected<Price, Step> step;
    step.add({"a", 3});
    step.add({"a", 7});
    REQUIRE(step.result() == 4);
}

TEST_CASE("a projected bundle is a bundle of projected parts", "[projected]") {
    using Prices = Projected<Price, weir::Bundle<weir::Count, weir::Min<int>>>;
    static_assert(std::tuple_size_v<Prices::parts> == 2);
    static_assert(weir::Removable<std::tuple_element_t<0, Prices::parts>> && !weir::Removable<Prices>);
    static_assert(std::same_as<weir::value_type_t<Prices>, View>);
    Prices prices;
    prices.add({"a", 3});
    prices.add({"a", std::nullopt});
    Prices later;
    later.add({"b", 2});
    prices.merge(later);
    REQUIRE(prices.result() == std::tuple{std::uint64_t{2}, std::optional{2}});

    Where<IsSale, weir::Bundle<weir::Count, Projected<Price, weir::Sum<int>>>> sales;
    sales.add({"a", 3, true});
    sales.add({"a", 5, false});
    REQUIRE(sales.result() == std::tuple{std::uint64_t{1}, std::int64_t{3}});
}

TEST_CASE("projected and filtered aggregates are those of the inputs that are left", "[projected]") {
    const auto next = [](auto& random) {
        const std::size_t i = weir_tests::pick(random, 30);
        return View{weir_tests::name(i), i % 3 == 0 ? std::nullopt : std::optional{static_cast<int>(i)}, i % 2 == 0};
    };
    weir_tests::compare_with_model<Where<IsSale, Projected<Price, weir::Sum<int>>>>(
        {}, next, [](const auto& sum, const auto& inputs) {
            std::int64_t expected = 0;
            for (const auto& input : inputs) {
                expected += input.value.sale && input.value.price ? *input.value.price : 0;
            }
            return sum.result() == expected;
        });
}
