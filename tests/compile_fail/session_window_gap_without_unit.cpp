// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// expect: needs a chrono duration of whole milliseconds or coarser as Gap
#include <chrono>

#include <weir/aggregators/count.hpp>
#include <weir/session_window.hpp>

#ifdef VALID
using Gap = std::chrono::seconds;
#else
using Gap = int;
#endif

weir::SessionWindow<Gap, weir::Count> window{Gap{1800}};
