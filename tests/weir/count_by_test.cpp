// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/count_by.hpp>

#include <map>
#include <string>
#include <string_view>

#include "random_stream.hpp"

using weir::CountBy;

static_assert(weir::Removable<CountBy<int>> && weir::Mergeable<CountBy<int>>);
static_assert(weir::Removable<CountBy<std::string>> && weir::Mergeable<CountBy<std::string>>);
static_assert(std::same_as<weir::result_type_t<CountBy<int>>, const CountBy<int>&>);
static_assert(sizeof(CountBy<std::string>) <= 40);

TEST_CASE("counts go by value, and a value that has left is gone", "[count_by]") {
    CountBy<std::string> views;
    REQUIRE(views.empty());
    REQUIRE(views.begin() == views.end());
    views.add("p2");
    views.add(std::string_view{"p1"});
    views.add("p2");
    REQUIRE(views.total() == 3);
    REQUIRE(views.distinct() == 2);
    REQUIRE(views.count_of("p2") == 2);
    REQUIRE(views.count_of("p3") == 0);
    REQUIRE(views.sorted() == std::vector<std::pair<std::string, std::uint64_t>>{{"p1", 1}, {"p2", 2}});
    views.remove("p1");
    REQUIRE(views.distinct() == 1);
    for (const auto [product, count] : views.result()) {
        REQUIRE(product == "p2");
        REQUIRE(count == 2);
    }
    views.remove("p2");
    views.remove("p2");
    REQUIRE(views.memory_in_use() == 0);
    REQUIRE(views == CountBy<std::string>{});
}

TEST_CASE("a copied result outlives its window", "[count_by]") {
    std::vector<std::pair<int, std::uint64_t>> kept;
    {
        CountBy<int> counts;
        counts.add(3);
        const auto result = counts.result();
        counts.remove(3);
        kept = result.sorted();
    }
    REQUIRE(kept == std::vector<std::pair<int, std::uint64_t>>{{3, 1}});
}

TEST_CASE("counts by value equal those of the inputs that are left", "[count_by]") {
    const auto agrees = [](const auto& counts, const auto& inputs) {
        std::map<std::remove_cvref_t<decltype(inputs[0].value)>, std::uint64_t> model;
        for (const auto& input : inputs) {
            ++model[input.value];
        }
        std::uint64_t seen = 0;
        for (const auto [value, count] : counts.result()) {
            const auto found = model.find(value);
            if (found == model.end() || found->second != count || counts.count_of(value) != count) {
                return false;
            }
            ++seen;
        }
        return seen == model.size() && counts.distinct() == model.size() && counts.total() == inputs.size();
    };
    weir_tests::compare_with_model<CountBy<int>>(
        {.steps = 20'000}, [](auto& random) { return static_cast<int>(weir_tests::pick(random, 25)); }, agrees);
    weir_tests::compare_with_model<CountBy<std::string>>(
        {.steps = 15'000}, [](auto& random) { return weir_tests::name(weir_tests::pick(random, 40)); }, agrees);
}
