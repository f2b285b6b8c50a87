// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The library's version, written here alone: the build and the package files read it from these lines.

// NOLINTBEGIN(modernize-macro-to-enum): for #if
#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0
// NOLINTEND(modernize-macro-to-enum)
