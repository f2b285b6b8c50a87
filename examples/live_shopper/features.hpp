// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The features that Live Shopper computes: the lanes. features.cpp is the file to edit to add one.

#include <cstdio>

#include <weir/pipeline.hpp>

#include "settings.hpp"
#include "shopper_event.hpp"

namespace live_shopper {

/// The lanes by user, with the windows that the settings ask for.
/// Throws std::invalid_argument where a window has no positive length.
[[nodiscard]] weir::Pipeline<ShopperEvent> make_user_pipeline(const Settings& settings);

/// Whether any lane by user takes events such as this one: others are not sent to users in a fleet.
[[nodiscard]] bool is_for_users(const ShopEvent& event);

/// The lane by session.
[[nodiscard]] weir::Pipeline<ShopperEvent> make_session_pipeline(const Settings& settings);

/// Prints the catalogue: name, window, events and meaning of each feature, tab-separated, with a header line.
void print_features(const Settings& settings, std::FILE* out);

}  // namespace live_shopper
