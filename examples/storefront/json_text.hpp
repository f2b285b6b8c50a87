// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON as text.

#include <string>

#include <nlohmann/json.hpp>

namespace storefront {

/// `json` in one line. Strings out of events hold any bytes: what is no UTF-8 becomes U+FFFD, where Json::dump throws.
template <class Json = nlohmann::ordered_json>
[[nodiscard]] std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace storefront
