// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: needs an Aggregator
#include <chrono>

#include <weir/aggregators/count.hpp>
#include <weir/rolling_window.hpp>

#ifdef VALID
using Aggregate = weir::Count;
#else
struct Aggregate {};
#endif

weir::RollingWindow<Aggregate, std::chrono::minutes> window{std::chrono::minutes{5}};
