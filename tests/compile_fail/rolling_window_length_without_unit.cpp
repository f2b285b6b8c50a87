// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: chrono duration
#include <chrono>

#include <weir/aggregators/count.hpp>
#include <weir/rolling_window.hpp>

#ifdef VALID
using Length = std::chrono::minutes;
#else
using Length = int;
#endif

weir::RollingWindow<weir::Count, Length> window{Length{5}};
