// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

using namespace storefront;

TEST_CASE("a plain name is letters, digits, dots, underscores and dashes", "[text]") {
    CHECK(is_plain_name("com.snowplow_2-Z9a"));
    CHECK_FALSE(is_plain_name(""));
    for (const auto text : {"a/b", "a b", "a%41", "a:b", "a@b", "a`", "a[", "a{", "\xC3\xA9"}) {
        CHECK_FALSE(is_plain_name(text));
    }
    CHECK_FALSE(is_plain_name({"a\0", 2}));
}

TEST_CASE("percent decoding leaves what is no pair of hex digits", "[text]") {
    CHECK(percent_decoded("a%20b+c", true) == "a b c");
    CHECK(percent_decoded("a%20b+c", false) == "a b+c");
    CHECK(percent_decoded("100%", true) == "100%");
    CHECK(percent_decoded("%zz%4", true) == "%zz%4");
    CHECK(percent_decoded("%00", true) == std::string(1, '\0'));
    CHECK(percent_decoded("%C3%A9", true) == "\xC3\xA9");
}

TEST_CASE("a query string is read pair by pair", "[text]") {
    const auto pairs = parse_query("a=1&&b=x%3Dy&c&d=&a=2");
    REQUIRE(pairs.size() == 5);
    CHECK(find(pairs, "a") == "1");
    CHECK(find(pairs, "b") == "x=y");
    CHECK(find(pairs, "c").empty());
    CHECK(find(pairs, "nothing").empty());
}

TEST_CASE("base64 is decoded in both alphabets, padded or not", "[text]") {
    CHECK(base64_decoded("eyJhIjoxfQ").value() == R"({"a":1})");
    CHECK(base64_decoded("eyJhIjoxfQ==").value() == R"({"a":1})");
    CHECK(base64_decoded("_-8").value() == base64_decoded("/+8=").value());
    CHECK(base64_decoded("").value().empty());
    CHECK_FALSE(base64_decoded("a").has_value());
    CHECK_FALSE(base64_decoded("a b=").has_value());
    CHECK_FALSE(base64_decoded("a*bc").has_value());
}

TEST_CASE("ids are UUIDs of version 4, and all different", "[text]") {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto id = make_uuid();
        REQUIRE(is_uuid(id));
        REQUIRE(id[14] == '4');
        REQUIRE(std::string{"89ab"}.find(id[19]) != std::string::npos);
        REQUIRE(seen.insert(id).second);
    }
    CHECK_FALSE(is_uuid("10000000-0000-4000-8000-00000000000"));
    CHECK_FALSE(is_uuid("10000000-0000-4000-8000-00000000000g"));
    CHECK_FALSE(is_uuid("10000000x0000-4000-8000-000000000001"));
}

TEST_CASE("a value becomes fit for a TSV column", "[text]") {
    CHECK(tsv_value("a\tb", 0) == "a    b");
    CHECK(tsv_value(std::string("a\r\n\0\x1F\x7F"
                                "b",
                                7),
                    0) == "ab");
    CHECK(tsv_value("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9\xC3\xA9");
    CHECK(tsv_value("a\xFF"
                    "b",
                    0) ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(tsv_value("\xED\xA0\x80", 0) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // half a surrogate pair
    CHECK(tsv_value("\xC0\x80", 0) == "\xEF\xBF\xBD\xEF\xBF\xBD");                  // too long a spelling
    CHECK(tsv_value("ab\tc", 4) == "ab  ");
    CHECK(tsv_value("abcd", 3) == "abc");
    CHECK(tsv_value("abc", 3) == "abc");
}

TEST_CASE("times are printed as Snowplow prints them", "[text]") {
    CHECK(tsv_time(0) == "1970-01-01 00:00:00.000");
    CHECK(tsv_time(1'790'000'005'007) == "2026-09-21 14:13:25.007");
    CHECK(tsv_time(253'402'300'799'999) == "9999-12-31 23:59:59.999");
}

TEST_CASE("a URL is taken apart", "[text]") {
    const auto url = parse_url("https://me:pw@shop.example:8443/a/b?q=1&r=2#frag?x").value();
    CHECK(url.scheme == "https");
    CHECK(url.host == "shop.example");
    CHECK(url.port == 8443);
    CHECK(url.path == "/a/b");
    CHECK(url.query == "q=1&r=2");
    CHECK(url.fragment == "frag?x");
    CHECK(parse_url("http://a")->port == 80);
    CHECK(parse_url("https://a/")->port == 443);
    CHECK(parse_url("http://[::1]:81/x")->host == "[::1]");
    CHECK(parse_url("http://[::1]:81/x")->port == 81);
    CHECK(parse_url("app://screen")->port == 0);
    CHECK(parse_url("http://a?b=c")->query == "b=c");
    CHECK_FALSE(parse_url("").has_value());
    CHECK_FALSE(parse_url("/relative").has_value());
    CHECK_FALSE(parse_url("http:///path").has_value());
    CHECK_FALSE(parse_url("http://a:99999/").has_value());
    CHECK_FALSE(parse_url("http://a:x/").has_value());
    CHECK_FALSE(parse_url("java script://a").has_value());
}
