// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of live-shopper: `run`, `replay` and `features`, with their flags and the file they may come from.
// A flag wins over the file.

#include <cstdio>
#include <optional>

#include "config.hpp"
#include "replay.hpp"

namespace live_shopper {

enum class Command { run, replay, features };

struct Options {
    Command command = Command::run;
    Config config;
    ReplayOptions replay;
};

struct Parsed {
    std::optional<Options> options;  // nothing: end with this code, everything has been said
    int exit_code = 0;
};

/// Reads the command line; help goes to `out`, errors to `err`. Exit code 2 for usage and for a bad config file.
[[nodiscard]] Parsed parse_options(int argc, const char* const* argv, std::FILE* out, std::FILE* err);

}  // namespace live_shopper
