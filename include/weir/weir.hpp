// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// All of weir. Including what is used instead compiles faster.

#include <weir/aggregates.hpp>
#include <weir/aggregator.hpp>
#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/changes.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/count_by.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/none.hpp>
#include <weir/aggregators/ordered_distinct.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/aggregators/quantile_sketch.hpp>
#include <weir/aggregators/span.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>
#include <weir/aggregators/variance.hpp>
#include <weir/count_window.hpp>
#include <weir/decimal.hpp>
#include <weir/hopping_window.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/lane.hpp>
#include <weir/metric.hpp>
#include <weir/metric_parser.hpp>
#include <weir/paned_window.hpp>
#include <weir/pipeline.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>
#include <weir/snapshot.hpp>
#include <weir/snapshot_stream.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>
#include <weir/tumbling_window.hpp>
#include <weir/version.hpp>
#include <weir/watermark.hpp>
