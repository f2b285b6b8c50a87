// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/first_last.hpp>

#include <string>

#include "random_stream.hpp"

using weir::First;
using weir::Last;
using weir_tests::at;

static_assert(weir::Mergeable<First<std::string>> && weir::Mergeable<Last<std::string>>);
static_assert(!weir::Removable<First<std::string>> && !weir::Removable<Last<std::string>>);
static_assert(!weir::detail::PlainAdd<First<int>> && weir::detail::TimedAdd<First<int>>);

TEST_CASE("nothing is first or last of nothing", "[first_last]") {
    REQUIRE_FALSE(First<int>{}.result());
    REQUIRE_FALSE(Last<int>{}.result());
    REQUIRE_FALSE(First<int>{}.time());
}

TEST_CASE("first and last go by event time, and by arrival at one time", "[first_last]") {
    First<std::string> first;
    Last<std::string> last;
    const auto add = [&](std::int64_t t, const char* x) {
        first.add(at(t), x);
        last.add(at(t), x);
    };
    add(5, "a");
    add(5, "b");
    REQUIRE(first.result() == "a");
    REQUIRE(last.result() == "b");
    add(7, "c");
    add(6, "late");
    REQUIRE(first.result() == "a");
    REQUIRE(last.result() == "c");
    add(1, "earliest");
    REQUIRE(first.result() == "earliest");
    REQUIRE(first.time() == at(1));
    REQUIRE(last.time() == at(7));
}

TEST_CASE("what was merged counts as arrived later", "[first_last]") {
    First<int> first;
    Last<int> last;
    first.add(at(1), 10);
    last.add(at(1), 10);
    First<int> other_first;
    Last<int> other_last;
    other_first.add(at(1), 20);
    other_last.add(at(1), 20);
    first.merge(other_first);
    last.merge(other_last);
    REQUIRE(first.result() == 10);
    REQUIRE(last.result() == 20);
    first.merge(First<int>{});
    last.merge(Last<int>{});
    REQUIRE(first.result() == 10);
    REQUIRE(last.result() == 20);
}

TEST_CASE("first and last are those of the inputs that are left", "[first_last]") {
    const auto next = [](auto& random) { return weir_tests::name(weir_tests::pick(random, 1000)); };
    weir_tests::compare_with_model<First<std::string>>({.lateness = 90}, next, [](const auto& a, const auto& inputs) {
        return inputs.empty() ? !a.result() : a.result() == inputs.front().value && a.time() == inputs.front().time;
    });
    weir_tests::compare_with_model<Last<std::string>>({}, next, [](const auto& a, const auto& inputs) {
        return inputs.empty() ? !a.result() : a.result() == inputs.back().value && a.time() == inputs.back().time;
    });
}
