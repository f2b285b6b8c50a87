// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "first_offsets.hpp"

#include <algorithm>
#include <optional>

#include "read_back.hpp"

namespace live_shopper {

std::vector<std::int64_t> first_offsets(Source& source, weir::Duration horizon, weir::Duration reach,
                                        weir::Timestamp now) {
    const auto& partitions = source.partitions();
    std::vector<weir::Timestamp> times(partitions.size());
    std::vector<std::optional<std::int64_t>> exact(partitions.size());
    bool by_time = false;
    for (std::size_t slot = 0; slot < partitions.size(); ++slot) {
        const Partition& partition = partitions[slot];
        const auto note = partition.committed && *partition.committed <= partition.high
                              ? CommitNote::parse(partition.metadata)
                              : std::nullopt;
        // A note of an engine with shorter windows does not reach far enough back.
        if (note && note->horizon >= horizon && note->from <= *partition.committed) {
            exact[slot] = note->from;
        } else {
            by_time = true;
        }
        times[slot] = weir::saturating_subtract(note ? std::min(note->time, now) : now, reach);
    }
    auto found = by_time ? source.offsets_at(times) : std::vector<std::optional<std::int64_t>>(partitions.size());
    std::vector<std::int64_t> first;
    for (std::size_t slot = 0; slot < partitions.size(); ++slot) {
        const Partition& partition = partitions[slot];
        auto offset = exact[slot] ? *exact[slot] : found[slot].value_or(partition.low);
        if (partition.committed && *partition.committed <= partition.high) {
            offset = std::min(offset, *partition.committed);
        }
        first.push_back(std::clamp(offset, partition.low, std::max(partition.low, partition.high)));
    }
    return first;
}

}  // namespace live_shopper
