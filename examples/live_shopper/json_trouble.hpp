// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What keeps a text from being JSON, for files that people write.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace live_shopper {

struct JsonTrouble {
    std::size_t offset = 0;  // of the byte at which it shows
    std::string what;        // `syntax error ...` or `number overflow ...`
};

/// Nothing where `text` is JSON all of whose numbers a double can hold.
[[nodiscard]] std::optional<JsonTrouble> json_trouble(std::string_view text);

/// The size of the mark that some editors put before UTF-8, and parsers pass over.
[[nodiscard]] constexpr std::size_t begin_of_json(std::string_view text) noexcept {
    return text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
}

}  // namespace live_shopper
