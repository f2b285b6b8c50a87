// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metric: a named value of a key, as text, and how long it stays true.
//
// append_text spells values in the shortest form that reads back the same: `42.99`, `0`, `true`; every NaN is `nan`.
// What key a store gives a metric is the application's business.

#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <weir/decimal.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

namespace weir {

/// One value to publish. Views are valid until the call that got it returns.
struct Metric {
    std::string_view lane;
    std::string_view name;
    std::string_view window;  // "5m", "1h"; empty for sessions
    std::string_view key;
    std::string_view value;
    Timestamp expires_at{};  // event time from which it is not true any more
    bool erased = false;     // the key's history went elsewhere: take the value back, there is none
};

/// Appends the text of a value: a bool, number, Decimal, Duration (in milliseconds), Symbol or string, or an optional
/// of one, where none is "".
template <class V>
void append_text(std::string& out, const V& value) {
    if constexpr (std::same_as<V, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::floating_point<V>) {
        char buffer[64];
        const V plain = value == 0 ? V{0} : value != value ? std::numeric_limits<V>::quiet_NaN() : value;  // no "-0"
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, plain).ptr;
        out.append(buffer, end);
    } else if constexpr (std::integral<V>) {
        char buffer[64];
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
        out.append(buffer, end);
    } else if constexpr (std::same_as<V, Duration>) {
        append_text(out, value.count());
    } else if constexpr (std::same_as<V, Decimal>) {
        out += value.to_string();
    } else if constexpr (std::same_as<V, Symbol>) {
        out += value.view();
    } else if constexpr (std::convertible_to<const V&, std::string_view>) {
        out += std::string_view{value};
    } else {
        static_assert(
            requires {
                value.has_value();
                *value;
            },
            "a metric's value is a bool, number, Decimal, Duration, Symbol or string, or an optional of one");
        if (value.has_value()) {
            append_text(out, *value);
        }
    }
}

}  // namespace weir
