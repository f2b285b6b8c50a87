// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "device_class.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "decoder_support.hpp"

using live_shopper::device_class;
using live_shopper::device_class_of_yauaa;
using live_shopper::DeviceClass;

namespace {

struct Known {
    std::string device;
    std::string user_agent;
};

/// Public ones, each after its class and a tab.
[[nodiscard]] std::vector<Known> known() {
    std::vector<Known> all;
    for (const auto& line : live_shopper_tests::lines(live_shopper_tests::test_data() / "user_agents.txt")) {
        const auto tab = line.find('\t');
        all.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    return all;
}

}  // namespace

TEST_CASE("user agents seen in the wild are of the right class", "[device_class]") {
    REQUIRE(known().size() >= 70);
    for (const auto& [device, user_agent] : known()) {
        CAPTURE(user_agent);
        REQUIRE(name(device_class(user_agent)) == device);
    }
    for (const std::string_view user_agent : {"", " ", "    ", "\xc3\xa5\x01", "("}) {
        REQUIRE(device_class(user_agent) == DeviceClass::unknown);
    }
}

TEST_CASE("a table of device classes gives the same and never holds a user agent too long", "[device_class]") {
    live_shopper::DeviceClasses classes;
    for (int round = 0; round < 3; ++round) {
        for (const auto& [device, user_agent] : known()) {
            REQUIRE(name(classes.of(user_agent)) == device);
        }
        for (int i = 0; i < 1000; ++i) {  // more than it has room for
            const std::string user_agent = (i % 2 == 0 ? "Android " : "iPad ") + std::to_string(i);
            REQUIRE(classes.of(user_agent) == DeviceClass::tablet);
        }
    }
    REQUIRE(classes.of("") == DeviceClass::unknown);
    const std::string long_one(100'000, 'x');  // NOLINT(bugprone-string-constructor)
    REQUIRE(classes.of(long_one + " iPhone") == DeviceClass::mobile);
    REQUIRE(classes.of(long_one) == DeviceClass::unknown);
}

TEST_CASE("yauaa's classes are mapped to ours", "[device_class]") {
    REQUIRE(device_class_of_yauaa("Desktop") == DeviceClass::desktop);
    REQUIRE(device_class_of_yauaa("Phone") == DeviceClass::mobile);
    REQUIRE(device_class_of_yauaa("Watch") == DeviceClass::mobile);
    REQUIRE(device_class_of_yauaa("Handheld Game Console") == DeviceClass::mobile);
    REQUIRE(device_class_of_yauaa("Tablet") == DeviceClass::tablet);
    REQUIRE(device_class_of_yauaa("eReader") == DeviceClass::tablet);
    REQUIRE(device_class_of_yauaa("Set-top box") == DeviceClass::tv);
    REQUIRE(device_class_of_yauaa("Game Console") == DeviceClass::tv);
    REQUIRE(device_class_of_yauaa("Robot Mobile") == DeviceClass::robot);
    REQUIRE(device_class_of_yauaa("Hacker") == DeviceClass::robot);
    for (const std::string_view none : {"", "Unknown", "Anonymized", "Car", "desktop"}) {
        REQUIRE(device_class_of_yauaa(none) == DeviceClass::unknown);
    }
}
