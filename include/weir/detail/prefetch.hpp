// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace weir::detail {

/// Reads the cache line at `address` ahead.
inline void prefetch_line(const void* address) noexcept {
    __builtin_prefetch(address);
    // g++ takes a function that only reads ahead for one without effect, and drops calls of it.
    asm volatile("");
}

}  // namespace weir::detail
