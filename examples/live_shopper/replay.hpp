// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// replay: the lanes over files, with no Kafka and no Redis.

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <weir/time.hpp>

#include "settings.hpp"

namespace live_shopper {

struct ReplayOptions {
    std::optional<weir::Timestamp> until;  // later events are left out; default: the greatest event time
    bool changes = false;                  // print every write instead of what the store holds in the end
    std::size_t shards = 1;                // threads that the lanes are split over
    bool progress = false;                 // say on `err` how far a long file is read
    std::vector<std::string> files;        // "-" is standard input
};

/// Reads the files in turn, one event a line, and prints to `out` what the store holds at the end: `key<TAB>value`
/// lines sorted bytewise by key. With `changes`: `time<TAB>key<TAB>value<TAB>ttl seconds` as it is written, where a
/// deletion has a TTL of 0. Tab, newline and backslash inside are escaped with a backslash. Counts go to `err`.
/// Gives 0, or 1 where a file cannot be read or `out` not be written.
int replay(const Settings& settings, const ReplayOptions& options, std::FILE* out, std::FILE* err);

}  // namespace live_shopper
