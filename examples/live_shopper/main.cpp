// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// live-shopper: a shop's visitors as features, live.

#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "features.hpp"
#include "options.hpp"
#include "replay.hpp"
#include "run.hpp"

int main(int argc, char** argv) {
    using namespace live_shopper;
    try {
        const Parsed parsed = parse_options(argc, argv, stdout, stderr);
        if (!parsed.options) {
            return parsed.exit_code;
        }
        const Options& options = *parsed.options;
        switch (options.command) {
            case Command::run:
                return run(options.config, stdout);
            case Command::replay:
                return replay(options.config.settings, options.replay, stdout, stderr);
            case Command::features:
                print_features(options.config.settings, stdout);
                return 0;
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "live-shopper: {}\n", error.what());
    }
    return 1;
}
