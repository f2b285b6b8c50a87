// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/count.hpp>

#include <string>

#include "random_stream.hpp"

using weir::Count;

static_assert(weir::Removable<Count> && weir::Mergeable<Count> && !weir::OrderDependent<Count>);
static_assert(sizeof(Count) == 8 && std::is_empty_v<weir::None>);
static_assert(std::same_as<weir::result_type_t<Count>, std::uint64_t>);

TEST_CASE("a count is 0 when empty and takes inputs of any type", "[count]") {
    Count count;
    REQUIRE(count.result() == 0);
    count.add();
    count.add(std::string{"any"});
    count.add(3);
    REQUIRE(count.result() == 3);
    count.remove("any");
    count.remove();
    REQUIRE(count.result() == 1);
    REQUIRE(count != Count{});
}

TEST_CASE("a count is the number of inputs that are left", "[count]") {
    weir_tests::compare_with_model<Count>(
        {.steps = 100'000}, [](auto&) { return weir::None{}; },
        [](const Count& count, const auto& inputs) { return count.result() == inputs.size(); });
}
