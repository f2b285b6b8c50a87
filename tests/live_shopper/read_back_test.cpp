// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "read_back.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using live_shopper::CommitNote;
using live_shopper::ReadBack;
using namespace std::chrono_literals;

namespace {

weir::Timestamp at(std::int64_t milliseconds) { return weir::Timestamp{weir::Duration{milliseconds}}; }

}  // namespace

TEST_CASE("nothing that still matters is left out, whether records come again or not", "[read_back]") {
    const auto seed = GENERATE(range(1U, 201U));
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
    // Event time that moves on by a second a record, by a minute, or by ten.
    const std::int64_t pace = std::vector<std::int64_t>{1000, 60'000, 600'000}[random() % 3];
    std::vector<weir::Timestamp> log;
    ReadBack back;
    weir::Timestamp cutoff = weir::Timestamp::min();
    std::size_t next = 0;
    for (int step = 0; step < 500; ++step) {
        if (next > 0 && below(20) == 0) {
            next -= static_cast<std::size_t>(below(static_cast<std::int64_t>(std::min<std::size_t>(next, 30)) + 1));
        }
        if (next == log.size()) {
            log.push_back(at(step * pace + below(5 * pace)));
        }
        back.observe(static_cast<std::int64_t>(next), log[next]);
        ++next;
        if (below(10) == 0) {
            cutoff = std::max(cutoff, at((step - 50) * pace));
        }
        std::optional<std::int64_t> wanted;
        for (std::size_t i = next; i-- > 0;) {
            wanted = log[i] > cutoff ? static_cast<std::int64_t>(i) : wanted;
        }
        const auto found = back.first_needed(cutoff);
        if (wanted) {
            REQUIRE(found.has_value());
            REQUIRE(*found <= *wanted);
            REQUIRE(log[static_cast<std::size_t>(*found)] > weir::saturating_subtract(cutoff, 1min));
        }
    }
}

TEST_CASE("a log that was made anew is read from what is known of it", "[read_back]") {
    ReadBack back;
    back.observe(1000, at(0));
    back.observe(1001, at(100'000));
    back.observe(0, at(200'000));
    CHECK(back.first_needed(at(-1)) == 0);
}

TEST_CASE("a note is read as it was written, and what is none is not", "[read_back]") {
    const CommitNote note{at(123), 45, weir::Duration{67}, "and more"};
    const auto read = CommitNote::parse(note.text());
    REQUIRE(read.has_value());
    CHECK(read->time == note.time);
    CHECK(read->from == note.from);
    CHECK(read->horizon == note.horizon);
    CHECK(read->more == note.more);
    CHECK_FALSE(CommitNote::parse("").has_value());
    CHECK_FALSE(CommitNote::parse("weir1 1 2").has_value());
    CHECK_FALSE(CommitNote::parse("weir2 1 2 3").has_value());
}
