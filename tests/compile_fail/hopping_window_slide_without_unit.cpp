// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: needs chrono durations of whole milliseconds or coarser
#include <chrono>

#include <weir/aggregators/count.hpp>
#include <weir/hopping_window.hpp>

#ifdef VALID
using Slide = std::chrono::minutes;
#else
using Slide = int;
#endif

weir::HoppingWindow<weir::Count, std::chrono::hours, Slide> window{std::chrono::hours{1}, Slide{5}};
