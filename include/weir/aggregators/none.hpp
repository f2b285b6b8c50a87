// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// None: the input of an aggregator that looks at no value, such as Count. Holds nothing; every value converts to it.
//
//     weir::Count views;
//     views.add(event);   // whatever the event's type is

namespace weir {

struct None {
    constexpr None() noexcept = default;
    template <class T>
    constexpr None(const T& /*ignored*/) noexcept {}  // NOLINT: implicit, so that any input will do
    constexpr bool operator==(const None&) const noexcept = default;
};

}  // namespace weir
