// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// run: the job on the real Kafka and Redis, until SIGTERM or SIGINT.

#include <cstdio>

#include "config.hpp"

namespace live_shopper {

/// Gives the program's exit code: 0 after a signal, 1 where the job cannot run. With an embedded Kafka, prints
/// `kafka HOST:PORT` to `out` once it serves.
int run(const Config& given, std::FILE* out);

}  // namespace live_shopper
