// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/top.hpp>

#include <deque>
#include <string>
#include <unordered_map>

#include "random_stream.hpp"

using weir::Top;
using weir_tests::at;
using weir_tests::pick;

static_assert(weir::Removable<Top<int>> && weir::Mergeable<Top<int>>);
static_assert(weir::Removable<Top<std::string>> && weir::Mergeable<Top<std::string>>);
static_assert(weir::detail::TimedAdd<Top<int>> && weir::detail::TimedRemove<Top<int>>);
static_assert(sizeof(Top<std::string>) <= 48);

TEST_CASE("nothing is the most frequent of nothing", "[top]") {
    Top<std::string> top;
    REQUIRE_FALSE(top.result());
    REQUIRE(top.count() == 0);
    REQUIRE(top.memory_in_use() == 0);
    top.add(at(0), "a");
    top.remove(at(0), "a");
    REQUIRE_FALSE(top.result());
    REQUIRE(top.memory_in_use() == 0);
}

TEST_CASE("the most frequent value wins, on a tie the one seen last", "[top]") {
    Top<std::string> top;
    top.add(at(1), "a");
    REQUIRE(top.result() == "a");
    top.add(at(2), "b");
    REQUIRE(top.result() == "b");
    top.add(at(3), "a");
    top.add(at(4), "c");
    REQUIRE(top.result() == "a");
    REQUIRE(top.count() == 2);
    top.remove(at(1), "a");
    REQUIRE(top.result() == "c");
}

TEST_CASE("a late input counts, but was not seen last", "[top]") {
    Top<int> top;
    top.add(at(10), 1);
    top.add(at(5), 2);
    REQUIRE(top.result() == 1);
    top.add(at(6), 2);
    REQUIRE(top.result() == 2);
    top.add(at(7), 1);  // last seen at 10 still, later than 2 was
    REQUIRE(top.result() == 1);
}

TEST_CASE("values seen at one time go by arrival, also across a merge", "[top]") {
    Top<int> top;
    top.add(at(1), 1);
    top.add(at(1), 2);
    REQUIRE(top.result() == 2);
    Top<int> later;
    later.add(at(1), 1);
    later.add(at(1), 2);
    later.add(at(1), 1);
    later.remove(at(1), 1);
    top.merge(later);
    REQUIRE(top.result() == 1);
    top.add(at(1), 3);
    top.add(at(1), 3);
    REQUIRE(top.result() == 3);
}

TEST_CASE("the most frequent value is that of the inputs that are left", "[top]") {
    const auto agrees = [](const auto& top, const auto& inputs) {
        using T = std::remove_cvref_t<decltype(inputs[0].value)>;
        std::unordered_map<T, std::size_t> counts;
        const T* best = nullptr;
        std::size_t most = 0;
        for (const auto& input : inputs) {
            most = std::max(most, ++counts[input.value]);
        }
        for (const auto& input : inputs) {  // in order of time and arrival: the last of the most frequent stays
            best = counts[input.value] == most ? &input.value : best;
        }
        return top.count() == most && (best == nullptr ? !top.result() : top.result() == *best);
    };
    for (const std::size_t different : {2U, 20U, 60U, 1000U}) {
        weir_tests::compare_with_model<Top<int>>(
            {.steps = 12'000, .most_inputs = 130},
            [=](auto& random) { return static_cast<int>(pick(random, different)); }, agrees);
    }
    weir_tests::compare_with_model<Top<std::string>>(
        {.steps = 8'000, .most_inputs = 80}, [](auto& random) { return weir_tests::name(pick(random, 50)); }, agrees);
}

TEST_CASE("the most frequent of thousands is kept up under a long stream", "[top]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    Top<std::uint64_t> top;
    std::deque<std::uint64_t> inputs;
    std::unordered_map<std::uint64_t, std::uint64_t> counts;
    std::int64_t now = 0;
    for (int step = 0; step != 300'000; ++step) {
        const bool grow = step / 20'000 % 3 != 2;
        if (!inputs.empty() && (!grow || inputs.size() > 5'000)) {
            top.remove(at(now), inputs.front());
            if (--counts[inputs.front()] == 0) {
                counts.erase(inputs.front());
            }
            inputs.pop_front();
        } else {
            const std::uint64_t value = pick(random, 1 + pick(random, 4'000));
            top.add(at(++now), value);
            inputs.push_back(value);
            ++counts[value];
        }
        if (step % 1'000 == 0 && !inputs.empty()) {
            std::uint64_t most = 0;
            for (const auto& [value, count] : counts) {
                most = std::max(most, count);
            }
            std::uint64_t last = 0;
            for (const std::uint64_t value : inputs) {
                last = counts[value] == most ? value : last;
            }
            REQUIRE(top.result() == last);
            REQUIRE(top.count() == most);
        }
    }
}
