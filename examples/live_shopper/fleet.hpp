// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "config.hpp"
#include "metrics.hpp"

namespace live_shopper {

/// Works as one of a fleet: every process runs every stage, each on a thread of its own and on the partitions that the
/// stage's group gives it.
///
///     input --Intake--> GROUP-visitors --VisitorStage--> GROUP-shoppers --Job--> Redis
///
/// Where the input is keyed by visitor the first two are one. Until `signalled` is not 0; the exit status. `memory` is
/// asked for the bytes in use of all stages, which are held against the limit; empty: each partition of shoppers holds
/// its own state against it.
[[nodiscard]] int run_fleet(const Config& config, Metrics& metrics, const std::atomic<int>& signalled,
                            const std::function<std::size_t()>& memory);

}  // namespace live_shopper
