// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "timestamp.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using live_shopper::parse_timestamp;

namespace {

[[nodiscard]] std::optional<std::int64_t> milliseconds(std::string_view text) {
    const auto time = parse_timestamp(text);
    return time ? std::optional{time->time_since_epoch().count()} : std::nullopt;
}

}  // namespace

TEST_CASE("times are read in Snowplow's and in ISO's form", "[timestamp]") {
    for (const auto& [text, expected] : {std::pair{"2025-03-26T10:56:46.033Z", 1742986606033},
                                         {"2025-03-26 10:56:46.033", 1742986606033},
                                         {"2025-03-26T10:56:46.03Z", 1742986606030},
                                         {"2025-03-26T10:56:46.7Z", 1742986606700},
                                         {"2025-03-26T10:56:46Z", 1742986606000},
                                         {"2025-03-26 10:56:46", 1742986606000},
                                         {"2025-03-26T10:56:46.033", 1742986606033},
                                         {"2025-03-26T10:56:46.0339Z", 1742986606033},
                                         {"2025-03-26T10:56:46.033999999Z", 1742986606033},
                                         {"2025-03-26t10:56:46.033z", 1742986606033},
                                         {"2025-03-26T12:56:46.033+02:00", 1742986606033},
                                         {"2025-03-26T12:56:46.033+0200", 1742986606033},
                                         {"2025-03-26T12:56:46.033+02", 1742986606033},
                                         {"2025-03-26T05:26:46.033-05:30", 1742986606033},
                                         {"2025-03-26T10:56:46.033-00:00", 1742986606033},
                                         {"1970-01-01T00:00:00Z", 0},
                                         {"1969-12-31T23:59:59.9999Z", -1},
                                         {"1969-12-31 23:59:59.001", -999},
                                         {"2024-02-29T00:00:00Z", 1709164800000},
                                         {"2000-02-29T00:00:00Z", 951782400000},
                                         {"0000-01-01T00:00:00Z", -62167219200000},
                                         {"9999-12-31T23:59:59.999Z", 253402300799999}}) {
        CAPTURE(text);
        REQUIRE(milliseconds(text) == expected);
    }
}

TEST_CASE("what is no time, or no day or hour that exists, is refused", "[timestamp]") {
    for (const std::string_view text : {"",
                                        "2025",
                                        "2025-03-26",
                                        "2025-03-26T10:56",
                                        "2025-03-26T10:56:46.",
                                        "2025-03-26T10:56:46.Z",
                                        "2025-03-26T10:56:46.0123456789Z",
                                        "2025-03-26T10:56:46ZZ",
                                        "2025-03-26T10:56:46Z ",
                                        " 2025-03-26T10:56:46Z",
                                        "2025-03-26_10:56:46",
                                        "2025/03/26 10:56:46",
                                        "2025-03-26 10.56.46",
                                        "2025-02-29T00:00:00Z",
                                        "1900-02-29T00:00:00Z",
                                        "2025-04-31T00:00:00Z",
                                        "2025-00-01T00:00:00Z",
                                        "2025-13-01T00:00:00Z",
                                        "2025-01-00T00:00:00Z",
                                        "2025-01-32T00:00:00Z",
                                        "2025-01-01T24:00:00Z",
                                        "2025-01-01T00:60:00Z",
                                        "2025-01-01T23:59:60Z",
                                        "2025-01-01T-1:00:00Z",
                                        "2025-01-01T00:00:00+24:00",
                                        "2025-01-01T00:00:00+00:60",
                                        "2025-01-01T00:00:00+1",
                                        "2025-01-01T00:00:00+1:00",
                                        "2025-01-01T00:00:00+01:0",
                                        "2025-01-01T00:00:00+",
                                        "2025-01-01T00:00:00.1+0x:00",
                                        "2025-01-01T00:00:00 UTC",
                                        "20250101T000000Z",
                                        "1742986606033",
                                        "now"}) {
        CAPTURE(text);
        REQUIRE_FALSE(parse_timestamp(text));
    }
    REQUIRE_FALSE(parse_timestamp(std::string_view{"2025-01-01T00:00:00\0", 20}));
}

TEST_CASE("every day from 1600 to 2400 is the one that the C library finds", "[timestamp]") {
    for (std::time_t day = -11676096000; day < 13569465600; day += 86'400) {
        std::tm parts{};
        gmtime_r(&day, &parts);
        char text[32];
        const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT12:34:56.5Z", &parts);
        CAPTURE(text);
        const auto expected = (std::int64_t{day} + 45'296) * 1000 + 500;
        if (milliseconds({text, size}) != expected) {
            REQUIRE(milliseconds({text, size}) == expected);
        }
    }
}
