// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <weir/time.hpp>

#include "seams.hpp"

namespace live_shopper {

/// From which offsets on the partitions of an assignment have to be read: as the note says that was committed along
/// with one, if whoever wrote it looked back for `horizon` or longer; else, by the time of the records, `reach` before
/// it.
[[nodiscard]] std::vector<std::int64_t> first_offsets(Source& source, weir::Duration horizon, weir::Duration reach,
                                                      weir::Timestamp now);

}  // namespace live_shopper
