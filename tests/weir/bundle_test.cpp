// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/bundle.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include <weir/aggregators/count.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/span.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>

#include "random_stream.hpp"

using weir::Bundle;
using weir::Count;
using weir_tests::at;

using Removing = Bundle<Count, weir::Sum<int>, weir::Distinct<int>>;
using RemovingTimed = Bundle<weir::Sum<int>, weir::Top<int>>;
using Merging = Bundle<weir::Min<int>, Count, weir::Last<int>>;

namespace {

struct AddOnly {
    using value_type = int;
    static constexpr bool is_order_dependent = true;
    void add(int x) { last = x; }
    [[nodiscard]] int result() const { return last; }
    int last = 0;
};

}  // namespace

static_assert(weir::Removable<Removing> && weir::Mergeable<Removing> && weir::detail::PlainAdd<Removing>);
static_assert(weir::Removable<RemovingTimed> && weir::Mergeable<RemovingTimed>);
static_assert(weir::detail::TimedAdd<RemovingTimed> && !weir::detail::PlainAdd<RemovingTimed>);
static_assert(!weir::Removable<Merging> && weir::Mergeable<Merging>);
static_assert(!weir::Removable<Bundle<Count, AddOnly>> && !weir::Mergeable<Bundle<Count, AddOnly>>);
static_assert(weir::OrderDependent<Bundle<Count, AddOnly>> && !weir::OrderDependent<Merging>);
static_assert(std::same_as<weir::value_type_t<Merging>, int> &&
              std::same_as<weir::value_type_t<Bundle<Count>>, weir::None>);
static_assert(std::same_as<Merging::parts, std::tuple<weir::Min<int>, Count, weir::Last<int>>>);
static_assert(
    std::same_as<weir::result_type_t<Merging>, std::tuple<std::optional<int>, std::uint64_t, std::optional<int>>>);

TEST_CASE("every part of a bundle sees every input", "[bundle]") {
    Merging bundle;
    REQUIRE(bundle.result() == std::tuple{std::optional<int>{}, std::uint64_t{0}, std::optional<int>{}});
    bundle.add(at(2), 5);
    bundle.add(at(1), 3);
    REQUIRE(bundle.result() == std::tuple{std::optional{3}, std::uint64_t{2}, std::optional{5}});
    REQUIRE(bundle.part<1>().result() == 2);
    REQUIRE(std::as_const(bundle).part<0>().result() == 3);
    bundle.part<1>().add();
    REQUIRE(bundle.part<1>().result() == 3);
    REQUIRE(bundle != Merging{});
}

TEST_CASE("a bundle's heap is that of its parts", "[bundle]") {
    Removing bundle;
    REQUIRE(bundle.memory_in_use() == 0);
    bundle.add(1);
    REQUIRE(bundle.memory_in_use() == bundle.part<2>().memory_in_use());
    REQUIRE(bundle.memory_in_use() > 0);
    bundle.remove(1);
    REQUIRE(bundle.memory_in_use() == 0);
    REQUIRE(bundle == Removing{});
}

TEST_CASE("bundles nest", "[bundle]") {
    Bundle<Count, Bundle<weir::Sum<int>, weir::Span>> nested;
    static_assert(weir::Mergeable<decltype(nested)> && !weir::Removable<decltype(nested)>);
    nested.add(at(1), 2);
    nested.add(at(4), 3);
    const auto [count, inside] = nested.result();
    REQUIRE(count == 2);
    REQUIRE(std::get<0>(inside) == 5);
    REQUIRE(std::get<1>(inside) == weir::Duration{3});
}

TEST_CASE("the parts of a bundle are right for the inputs that are left", "[bundle]") {
    const auto next = [](auto& random) { return static_cast<int>(weir_tests::pick(random, 50)); };
    weir_tests::compare_with_model<Removing>({}, next, [](const auto& bundle, const auto& inputs) {
        std::int64_t sum = 0;
        std::set<int> distinct;
        for (const auto& input : inputs) {
            sum += input.value;
            distinct.insert(input.value);
        }
        return bundle.result() == std::tuple{inputs.size(), sum, distinct.size()};
    });
    weir_tests::compare_with_model<Merging>({}, next, [](const auto& bundle, const auto& inputs) {
        const auto least = std::min_element(inputs.begin(), inputs.end(),
                                            [](const auto& a, const auto& b) { return a.value < b.value; });
        return bundle.result() == (inputs.empty()
                                       ? std::tuple{std::optional<int>{}, std::uint64_t{0}, std::optional<int>{}}
                                       : std::tuple{std::optional{least->value}, std::uint64_t{inputs.size()},
                                                    std::optional{inputs.back().value}});
    });
    weir_tests::compare_with_model<RemovingTimed>({}, next, [](const auto& bundle, const auto& inputs) {
        std::int64_t sum = 0;
        weir::Top<int> top;
        for (const auto& input : inputs) {
            sum += input.value;
            top.add(input.time, input.value);
        }
        return bundle.result() == std::tuple{sum, top.result()};
    });
}
