// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/ordered_distinct.hpp>

#include <string>
#include <vector>

#include "random_stream.hpp"

using weir::OrderedDistinct;
using weir_tests::at;

static_assert(weir::Mergeable<OrderedDistinct<std::string>> && !weir::Removable<OrderedDistinct<std::string>>);
static_assert(sizeof(OrderedDistinct<std::string>) <= 40);

TEST_CASE("values stand in the order first seen, however late they came", "[ordered_distinct]") {
    OrderedDistinct<std::string> devices;
    REQUIRE(devices.result().empty());
    REQUIRE(devices.memory_in_use() == 0);
    devices.add(at(5), "Mobile");
    devices.add(at(9), "Desktop");
    devices.add(at(9), "Tablet");
    devices.add(at(7), "Mobile");
    REQUIRE(devices.result() == std::vector<std::string>{"Mobile", "Desktop", "Tablet"});
    devices.add(at(1), "Tablet");
    devices.add(at(5), "Robot");
    REQUIRE(devices.result() == std::vector<std::string>{"Tablet", "Mobile", "Robot", "Desktop"});
    REQUIRE(devices.size() == 4);
}

TEST_CASE("of values first seen at one time those merged in come later", "[ordered_distinct]") {
    OrderedDistinct<int> values;
    values.add(at(1), 1);
    OrderedDistinct<int> later;
    later.add(at(1), 2);
    later.add(at(1), 1);
    later.add(at(0), 3);
    values.merge(later);
    REQUIRE(values.result() == std::vector<int>{3, 1, 2});
}

TEST_CASE("distinct values stand as in the inputs that are left", "[ordered_distinct]") {
    const auto agrees = [](const auto& distinct, const auto& inputs) {
        std::vector<std::remove_cvref_t<decltype(inputs[0].value)>> values;
        for (const auto& input : inputs) {
            if (std::find(values.begin(), values.end(), input.value) == values.end()) {
                values.push_back(input.value);
            }
        }
        return distinct.result() == values && distinct.size() == values.size();
    };
    weir_tests::compare_with_model<OrderedDistinct<int>>(
        {.steps = 15'000, .lateness = 60}, [](auto& random) { return static_cast<int>(weir_tests::pick(random, 30)); },
        agrees);
    weir_tests::compare_with_model<OrderedDistinct<std::string>>(
        {.steps = 8'000}, [](auto& random) { return weir_tests::name(weir_tests::pick(random, 8)); }, agrees);
}
