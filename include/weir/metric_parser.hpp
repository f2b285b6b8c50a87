// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// MetricParser: from one aggregate to one metric's value. Several parsers may read the same aggregate, which a lane
// keeps once.
//
// An Aggregate names an aggregator together with the parser that is usual for it, so that a metric is one line:
//
//     lane.metric("views", count, "page views")
//         .metric("brands", distinct<&View::brand>, "distinct brands")
//         .metric("spread", min_max<&View::price>.parse([](const auto& m) { return m.result()->max; }), "")

#include <concepts>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/metric.hpp>

namespace weir {

/// What reads a metric's value off an aggregate `A`: a callable that takes `const A&` and gives something that
/// append_text spells. It is called on every aggregate that changed, empty ones included.
template <class P, class A>
concept MetricParser = std::copy_constructible<P> && requires(const P& parser, const A& aggregate) {
    parser(aggregate);
};

/// The parser that takes the aggregator's own result.
struct ResultParser {
    template <class A>
    [[nodiscard]] auto operator()(const A& aggregate) const {
        return aggregate.result();
    }
};

/// The parser that takes the aggregator's optional result, or `Value{}` (0, "") where there is none.
template <class Value>
struct ResultOrEmptyParser {
    template <class A>
    [[nodiscard]] Value operator()(const A& aggregate) const {
        auto result = aggregate.result();
        return result ? Value(*std::move(result)) : Value{};
    }
};

/// An aggregator and how a metric is read off it.
template <Aggregator A, class Parser = ResultParser>
struct Aggregate {
    using aggregator = A;

    /// The same aggregate, read by another parser.
    template <class P>
    [[nodiscard]] constexpr auto parse(P other) const {
        static_assert(MetricParser<P, A>, "a metric parser is a callable that takes the aggregate");
        return Aggregate<A, P>{std::move(other)};
    }

    [[no_unique_address]] Parser parser{};
};

}  // namespace weir
