// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/aggregators/span.hpp>

#include <string>

#include "random_stream.hpp"

using weir::Span;
using weir_tests::at;

static_assert(weir::Mergeable<Span> && !weir::Removable<Span> && weir::detail::TimedAdd<Span>);
static_assert(sizeof(Span) == 16);

TEST_CASE("a span is 0 with no input and with one", "[span]") {
    Span span;
    REQUIRE(span.result() == weir::Duration{0});
    REQUIRE_FALSE(span.first());
    span.add(at(-5));
    REQUIRE(span.result() == weir::Duration{0});
    REQUIRE(span.first() == at(-5));
    span.add(at(7), std::string{"any input"});
    REQUIRE(span.result() == weir::Duration{12});
    span.merge(Span{});
    REQUIRE(span.result() == weir::Duration{12});
    Span empty;
    empty.merge(span);
    REQUIRE(empty == span);
}

TEST_CASE("a span longer than the longest duration is the longest duration", "[span]") {
    Span span;
    span.add(weir::Timestamp::max());
    span.add(weir::Timestamp::min());
    REQUIRE(span.result() == weir::Duration::max());
    Span edge;
    edge.add(at(-1));
    edge.add(weir::Timestamp::max());
    REQUIRE(edge.result() == weir::Duration::max());
    Span within;
    within.add(at(1));
    within.add(weir::Timestamp::max());
    REQUIRE(within.result() == weir::Duration::max() - weir::Duration{1});
    Span extreme;
    extreme.add(weir::Timestamp::max());
    REQUIRE(extreme.last() == weir::Timestamp::max());
}

TEST_CASE("a span reaches from the first to the last of the inputs that are left", "[span]") {
    weir_tests::compare_with_model<Span>(
        {.steps = 30'000}, [](auto&) { return weir::None{}; },
        [](const Span& span, const auto& inputs) {
            return span.result() == (inputs.empty() ? weir::Duration{0} : inputs.back().time - inputs.front().time);
        });
}
