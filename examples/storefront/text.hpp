// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small things that are done to text on its way in: percent and base64url decoding, ids, clean-up.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/time.hpp>

namespace storefront {

/// Milliseconds since 1970.
using Millis = std::int64_t;

[[nodiscard]] Millis wall_clock() noexcept;

/// An ASCII letter or digit.
[[nodiscard]] constexpr bool is_alphanumeric(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits, `.`, `_` and `-` of ASCII, one or more: what folders, files, vendors and schemas are called.
[[nodiscard]] bool is_plain_name(std::string_view text) noexcept;

/// `text` with `%41` decoded and, where asked, `+` as a space. A `%` that starts no such pair stays.
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus_is_space);

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The names and values of `a=1&b=2`, decoded, in order.
[[nodiscard]] Pairs parse_query(std::string_view query);

/// The first value of that name; empty without one.
[[nodiscard]] std::string_view find(const Pairs& pairs, std::string_view name) noexcept;

/// Decodes base64 in the URL's or the ordinary alphabet, padded or not. Nothing where it is none.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);

[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

/// A random UUID (version 4). Any thread.
[[nodiscard]] std::string make_uuid();

/// `text` as valid UTF-8: each byte that does not fit is replaced with U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// As Snowplow makes a value fit for TSV: a tab is four spaces, other control characters are gone, and what is beyond
/// `max_length` characters (0: no limit) is cut off. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string tsv_value(std::string_view text, std::size_t max_length);

/// `2025-03-26 10:56:46.033`.
[[nodiscard]] std::string tsv_time(Millis time);

/// Of a URL: the parts that Snowplow's columns have.
struct Url {
    std::string_view scheme;
    std::string_view host;
    int port = 0;  // as given, else 80 or 443 by scheme, else 0
    std::string_view path;
    std::string_view query;
    std::string_view fragment;
};

/// Views into `text`. Nothing where it is no absolute URL with a host.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text) noexcept;

/// ASCII letters made small.
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace storefront
