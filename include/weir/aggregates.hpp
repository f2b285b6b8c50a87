// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The usual aggregates of a record's members, by name, for the metrics of lanes.
//
//     .metric("views", weir::count)
//     .metric("adds", weir::count_if<&Change::added>)
//     .metric("products", weir::distinct<&View::product>)   // these two share one aggregate
//     .metric("product_views", weir::count_by<&View::product>.parse(to_json))
//     .metric("mean_price", weir::mean<&View::price>)       // "0" while there is none
//
// The argument is a member or a function of the record; where it gives an optional, nothing is not added.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <weir/aggregators/count.hpp>
#include <weir/aggregators/count_by.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>
#include <weir/metric_parser.hpp>

namespace weir {

namespace detail {

template <class T>
struct WithoutOptional {
    using type = T;
};
template <class T>
struct WithoutOptional<std::optional<T>> {
    using type = T;
};

/// What an aggregate of `P` keeps: the member's type, views as strings.
template <auto P>
using projected_t = typename WithoutOptional<
    std::remove_cvref_t<std::invoke_result_t<Field<P>, const typename Field<P>::Input&>>>::type;
template <auto P>
using kept_t = std::conditional_t<std::is_convertible_v<projected_t<P>, std::string_view> &&
                                      !std::is_same_v<projected_t<P>, std::string>,
                                  std::string, projected_t<P>>;

struct DistinctParser {
    template <class A>
    [[nodiscard]] std::uint64_t operator()(const A& aggregate) const {
        return aggregate.result().distinct();
    }
};

}  // namespace detail

/// An aggregator of the user's own.
template <Aggregator A>
inline constexpr Aggregate<A> aggregate{};

/// The number of records.
inline constexpr Aggregate<Count> count{};

/// The number of records of which `P` is true.
template <auto P>
inline constexpr Aggregate<Where<Field<P>, Count>> count_if{};

/// How often each value occurs: CountBy.
template <auto P>
inline constexpr Aggregate<Projected<Field<P>, CountBy<detail::kept_t<P>>>> count_by{};

/// The number of different values.
template <auto P>
inline constexpr auto distinct = count_by<P>.parse(detail::DistinctParser{});

/// The value that occurs most, on a tie the one seen last; "" without one.
template <auto P>
inline constexpr auto top = Aggregate<Projected<Field<P>, Top<detail::kept_t<P>>>>{};

/// The sum of the values.
template <auto P>
inline constexpr Aggregate<Projected<Field<P>, Sum<detail::kept_t<P>>>> sum{};

/// The mean of the values as a double; 0 without any.
template <auto P>
inline constexpr auto mean =
    Aggregate<Projected<Field<P>, Mean<detail::kept_t<P>>>>{}.parse(ResultOrEmptyParser<double>{});

/// The least, the greatest and both; "" without any.
template <auto P>
inline constexpr Aggregate<Projected<Field<P>, Min<detail::kept_t<P>>>> min{};
template <auto P>
inline constexpr Aggregate<Projected<Field<P>, Max<detail::kept_t<P>>>> max{};
template <auto P>
inline constexpr Aggregate<Projected<Field<P>, MinMax<detail::kept_t<P>>>> min_max{};

/// The value of the first and of the last record; "" without any.
template <auto P>
inline constexpr Aggregate<Projected<Field<P>, First<detail::kept_t<P>>>> first{};
template <auto P>
inline constexpr Aggregate<Projected<Field<P>, Last<detail::kept_t<P>>>> last{};

}  // namespace weir
