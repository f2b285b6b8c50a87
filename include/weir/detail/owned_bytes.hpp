// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a value owns beyond its own size.

#include <concepts>
#include <cstddef>
#include <string>

namespace weir::detail {

template <class T>
inline constexpr bool may_own_bytes = std::same_as<T, std::string> || requires(const T& x) {
    x.heap_bytes();
};

/// Heap bytes that a kept value owns. Known for std::string and for types with a `heap_bytes()`; 0 for all others.
template <class T>
[[nodiscard]] std::size_t owned_bytes(const T& x) {
    if constexpr (std::same_as<T, std::string>) {
        static const std::size_t inside = std::string{}.capacity();
        return x.capacity() > inside ? x.capacity() + 1 : 0;
    } else if constexpr (may_own_bytes<T>) {
        return x.heap_bytes();
    } else {
        return 0;
    }
}

}  // namespace weir::detail
