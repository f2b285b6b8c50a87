// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: SessionWindow<Gap, T> needs a Mergeable T
#include <chrono>

#include <weir/aggregators/count.hpp>
#include <weir/session_window.hpp>

#ifdef VALID
using Aggregate = weir::Count;
#else
struct Aggregate {};
#endif

weir::SessionWindow<std::chrono::minutes, Aggregate> window{std::chrono::minutes{30}};
