// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The decoder once more, the slow and obvious way: nlohmann/json's parser, a tree of the whole record, look-ups by
// name.

#include <optional>
#include <string>
#include <string_view>

#include "settings.hpp"

namespace live_shopper_tests {

/// As decoded() in decoder_support.hpp.
[[nodiscard]] std::string slowly_decoded(std::string_view record, live_shopper::CartTotal cart_total);

}  // namespace live_shopper_tests
