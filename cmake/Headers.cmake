# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0

# Every header of the library, by name: what is installed, and compiled alone. scripts/check_files says what is
# missing here and, with --fix, writes it.
set(WEIR_HEADERS
    include/weir/aggregates.hpp
    include/weir/aggregator.hpp
    include/weir/aggregators/bundle.hpp
    include/weir/aggregators/changes.hpp
    include/weir/aggregators/count.hpp
    include/weir/aggregators/count_by.hpp
    include/weir/aggregators/distinct.hpp
    include/weir/aggregators/first_last.hpp
    include/weir/aggregators/mean.hpp
    include/weir/aggregators/min_max.hpp
    include/weir/aggregators/none.hpp
    include/weir/aggregators/ordered_distinct.hpp
    include/weir/aggregators/projected.hpp
    include/weir/aggregators/quantile_sketch.hpp
    include/weir/aggregators/span.hpp
    include/weir/aggregators/sum.hpp
    include/weir/aggregators/top.hpp
    include/weir/aggregators/variance.hpp
    include/weir/count_window.hpp
    include/weir/decimal.hpp
    include/weir/detail/array.hpp
    include/weir/detail/box.hpp
    include/weir/detail/checksum.hpp
    include/weir/detail/counted_memory.hpp
    include/weir/detail/dense_map.hpp
    include/weir/detail/dropped.hpp
    include/weir/detail/event_log.hpp
    include/weir/detail/exact_sum.hpp
    include/weir/detail/input_of.hpp
    include/weir/detail/kept_lane.hpp
    include/weir/detail/kept_rolling.hpp
    include/weir/detail/kept_rolling_windows.hpp
    include/weir/detail/kept_windows.hpp
    include/weir/detail/key_index.hpp
    include/weir/detail/key_text.hpp
    include/weir/detail/maybe.hpp
    include/weir/detail/memory.hpp
    include/weir/detail/merge_by_chunks.hpp
    include/weir/detail/merge_tree.hpp
    include/weir/detail/pool.hpp
    include/weir/detail/ring.hpp
    include/weir/detail/slice.hpp
    include/weir/detail/slots.hpp
    include/weir/detail/snapshot_rows.hpp
    include/weir/detail/snapshot_shape.hpp
    include/weir/detail/timer_queue.hpp
    include/weir/detail/two_stacks.hpp
    include/weir/detail/upkeep.hpp
    include/weir/detail/value.hpp
    include/weir/detail/wide_sum.hpp
    include/weir/detail/winner_tree.hpp
    include/weir/hopping_window.hpp
    include/weir/keyed_windows.hpp
    include/weir/lane.hpp
    include/weir/metric.hpp
    include/weir/metric_parser.hpp
    include/weir/paned_window.hpp
    include/weir/pipeline.hpp
    include/weir/rolling_window.hpp
    include/weir/session_window.hpp
    include/weir/snapshot.hpp
    include/weir/snapshot_stream.hpp
    include/weir/symbol.hpp
    include/weir/time.hpp
    include/weir/tumbling_window.hpp
    include/weir/version.hpp
    include/weir/watermark.hpp
    include/weir/weir.hpp)

# Those for programs that have another library too: installed, not compiled alone.
set(WEIR_ADAPTERS
    include/weir/adapters/datasketches.hpp)
