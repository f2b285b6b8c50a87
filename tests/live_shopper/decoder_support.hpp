// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the decoder's tests share: events as text, to compare and to read in a failure, and where sample data is.

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decoder.hpp"
#include "settings.hpp"
#include "shop_event.hpp"

namespace live_shopper_tests {

/// Every field of the event that is not at its default, one a line.
[[nodiscard]] std::string describe(const live_shopper::ShopEvent& event);

/// The event, or `error: reason`. Decodes three times: from a copy, and in place with each of two paddings that would
/// complete or continue broken JSON; throws where the three differ.
[[nodiscard]] std::string decoded(std::string_view record,
                                  live_shopper::CartTotal cart_total = live_shopper::CartTotal::by_form);

/// Whether `description` has the line `field=value`.
[[nodiscard]] bool has(const std::string& description, std::string_view line);

/// An enriched event with those columns, by number from 1, the others empty.
[[nodiscard]] std::string tsv(const std::map<std::size_t, std::string>& columns);

/// `{"schema":...,"data":[...]}` around entities.
[[nodiscard]] std::string contexts(const std::vector<std::string>& entities);

/// `{"schema":"iglu:NAME/jsonschema/1-0-0","data":DATA}`
[[nodiscard]] std::string entity(std::string_view name, std::string_view data);

/// The lines of a file, without their ends.
[[nodiscard]] std::vector<std::string> lines(const std::filesystem::path& file);

/// tests/data
[[nodiscard]] std::filesystem::path test_data();

/// The folder with sample data that is not part of the repository, where it is there: WEIR_SHARED, else `shared` next
/// to the repository.
[[nodiscard]] std::optional<std::filesystem::path> shared_data();

}  // namespace live_shopper_tests
