// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/changes.hpp>

#include <string>

#include "random_stream.hpp"

using weir::Changes;
using weir_tests::at;

static_assert(weir::Mergeable<Changes<std::string>> && !weir::Removable<Changes<std::string>>);
static_assert(weir::detail::TimedAdd<Changes<int>>);

TEST_CASE("a value that stays is no change, one that comes back is two", "[changes]") {
    Changes<std::string> region;
    REQUIRE(region.result() == 0);
    REQUIRE(region.memory_in_use() == 0);
    region.add(at(0), "ENG");
    REQUIRE(region.result() == 0);
    region.add(at(20), "ENG");
    REQUIRE(region.result() == 0);
    region.add(at(10), "SCT");
    REQUIRE(region.result() == 2);
    region.add(at(15), "SCT");
    region.add(at(10), "ENG");  // after the SCT of that time
    REQUIRE(region.result() == 4);
    region.add(at(-1), "WLS");
    REQUIRE(region.result() == 5);
}

TEST_CASE("changes across a merge count once", "[changes]") {
    Changes<int> changes;
    changes.add(at(1), 1);
    Changes<int> later;
    later.add(at(1), 2);
    later.add(at(3), 2);
    changes.merge(later);
    REQUIRE(changes.result() == 1);
    Changes<int> between;
    between.add(at(2), 1);
    changes.merge(between);
    REQUIRE(changes.result() == 3);
    changes.merge(Changes<int>{});
    REQUIRE(changes.result() == 3);
}

TEST_CASE("changes are those of the inputs that are left", "[changes]") {
    const auto agrees = [](const auto& changes, const auto& inputs) {
        std::uint64_t count = 0;
        for (std::size_t i = 1; i < inputs.size(); ++i) {
            count += inputs[i - 1].value != inputs[i].value ? 1 : 0;
        }
        return changes.result() == count;
    };
    weir_tests::compare_with_model<Changes<int>>(
        {.steps = 30'000, .lateness = 60}, [](auto& random) { return static_cast<int>(weir_tests::pick(random, 3)); },
        agrees);
    weir_tests::compare_with_model<Changes<std::string>>(
        {.steps = 10'000}, [](auto& random) { return weir_tests::name(weir_tests::pick(random, 40)); }, agrees);
}
