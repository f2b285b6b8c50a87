// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/snapshot.hpp>

#include "snapshot_checks.hpp"
#include "snapshot_support.hpp"

using namespace weir_tests;

TEMPLATE_LIST_TEST_CASE("a window that was restored answers as the first one does from then on", "[snapshot]",
                        Windows) {
    answers_alike_from_then_on<TestType>();
}

TEMPLATE_LIST_TEST_CASE("a damaged snapshot of a window is refused and changes nothing", "[snapshot]", Windows) {
    damage_is_refused<TestType>();
}

TEMPLATE_LIST_TEST_CASE("whatever a snapshot of a window says, it is refused or a valid object", "[snapshot]",
                        Windows) {
    whatever_it_says_is_refused_or_valid<TestType>();
}
