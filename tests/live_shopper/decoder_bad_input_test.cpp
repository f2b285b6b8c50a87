// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "decoder.hpp"
#include "decoder_support.hpp"

using namespace live_shopper_tests;
using live_shopper::CartTotal;
using live_shopper::DecodeError;
using live_shopper::Decoder;
using live_shopper::ShopEvent;

namespace {

/// A string of any length.
[[nodiscard]] std::string repeated(std::size_t times, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

/// `before`, then `depth` brackets that open and as many that close, then `after`.
[[nodiscard]] std::string nested(std::string_view before, std::size_t depth, std::string_view after) {
    std::string text{before};
    return text.append(repeated(depth, "[")).append(repeated(depth, "]")).append(after);
}

/// A page view with `part`, one or more fields and a comma after each, somewhere in its middle.
[[nodiscard]] std::string event_with(std::string_view part) {
    return R"({"id":"e1","type":"page_view",)" + std::string{part} + R"("timestamp":"2025-05-02T09:30:00Z"})";
}

}  // namespace

TEST_CASE("a record that is no event is refused for the reason that its file is named after", "[decoder]") {
    std::set<std::string> reasons;
    for (const auto& file : std::filesystem::directory_iterator{test_data() / "bad"}) {
        const std::string reason = file.path().stem();
        std::size_t number = 0;
        for (const auto& line : lines(file.path())) {
            CAPTURE(file.path(), ++number, line);
            REQUIRE(decoded(line) == "error: " + reason);
        }
        REQUIRE(number > 0);
        reasons.insert(reason);
    }
    REQUIRE(reasons == std::set<std::string>{"bad_time", "empty", "invalid_utf8", "missing_id", "missing_time",
                                             "not_json", "wrong_column_count", "wrong_type"});
}

TEST_CASE("a tombstone is empty", "[decoder]") {
    Decoder decoder{CartTotal::by_form};
    ShopEvent event;
    REQUIRE(decoder.decode({}, event, false) == DecodeError::empty);
    REQUIRE(decoder.decode(std::string_view{nullptr, 0}, event, true) == DecodeError::empty);
    REQUIRE(decoded("") == "error: empty");
}

TEST_CASE("a record over the limit is refused without being read", "[decoder]") {
    Decoder decoder{CartTotal::by_form};
    ShopEvent event;
    const std::string field = R"("x":")" + repeated(Decoder::default_limit, "x") + "\",";
    REQUIRE(decoder.decode(event_with(field), event, false) == DecodeError::too_large);
    REQUIRE(decoder.decode(repeated(Decoder::default_limit + 1, " "), event, false) == DecodeError::too_large);

    const std::string ten_megabytes = repeated(10'000'000, "[");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(decoder.decode(ten_megabytes, event, false) == DecodeError::too_large);
    }
    REQUIRE(std::chrono::steady_clock::now() - start < std::chrono::seconds{1});

    std::string longest = event_with("");
    longest.append(Decoder::default_limit - longest.size(), ' ');
    REQUIRE(decoder.decode(longest, event, false) == DecodeError::none);
    REQUIRE(decoder.decode(longest + ' ', event, false) == DecodeError::too_large);

    Decoder patient{CartTotal::by_form, 20'000'000};
    REQUIRE(patient.decode(event_with(R"("x":")" + repeated(10'000'000, "x") + "\","), event, false) ==
            DecodeError::none);
    REQUIRE(patient.decode(ten_megabytes, event, false) == DecodeError::wrong_column_count);
    Decoder strict{CartTotal::by_form, 100};
    REQUIRE(strict.decode(longest.substr(0, 100), event, false) == DecodeError::none);
    REQUIRE(strict.decode(longest.substr(0, 101), event, false) == DecodeError::too_large);
}

TEST_CASE("JSON may be nested to any depth where it is passed over", "[decoder]") {
    for (const std::size_t depth : {10U, 1023U, 1024U, 1025U, 400'000U}) {
        REQUIRE(has(decoded(event_with(nested("\"x\":", depth, ","))), "id=e1"));
        REQUIRE(has(decoded(event_with(nested("\"payload\":", depth, ","))), "id=e1"));
        REQUIRE(decoded(event_with(nested("\"x\":", depth, "],"))) == "error: not_json");
        REQUIRE(decoded(event_with(nested("\"x\":[", depth, ","))) == "error: not_json");
        REQUIRE(decoded(nested("", depth, "")) == "error: wrong_column_count");
        const std::string list = contexts(
            {nested("", depth, ""), entity("com.snowplowanalytics.snowplow.ecommerce/product", R"({"id":"K-17"})")});
        REQUIRE(has(decoded(tsv({{7, "e1"}, {53, list}, {125, "2025-05-02 09:30:00"}})), "product=K-17||||1"));
    }
    std::string objects = repeated(50'000, R"({"payload":)");
    objects.append("1").append(repeated(50'000, "}")).append(",");
    REQUIRE(decoded(event_with("\"payload\":" + objects)).starts_with("id=e1"));
}

TEST_CASE("what is passed over is not looked into", "[decoder]") {
    for (const std::string_view part :
         {R"("x":nope,)", R"("x":{"y" 1},)", R"("x":[1 2 3],)", R"("x":[}],)", R"("x":007,)", R"("x":"\q",)"}) {
        CAPTURE(part);
        const std::string record = event_with(part);
        const std::string result = decoded(record);
        REQUIRE((result.starts_with("id=e1") || result == "error: not_json"));
    }
    REQUIRE(decoded(event_with(R"("x":nope,)")).starts_with("id=e1"));
    REQUIRE(decoded(event_with(R"("x":"\q",)")).starts_with("id=e1"));
    // Quotes, control characters in strings, brackets and encoding are checked there, too.
    REQUIRE(decoded(event_with("\"x\":\"\n\",")) == "error: not_json");
    REQUIRE(decoded(event_with(R"("x":",)")) == "error: not_json");
    REQUIRE(decoded(event_with(R"("x":{"y":[1},)")) == "error: not_json");
    REQUIRE(decoded(event_with("\"x\":\"\xff\",")) == "error: invalid_utf8");
    // A column that is not needed is not parsed.
    REQUIRE(decoded(tsv({{6, "page_view"}, {7, "e1"}, {59, "{"}, {123, "{"}, {125, "2025-05-02 09:30:00"}}))
                .starts_with("id=e1"));
}

TEST_CASE("NUL bytes are characters like others in TSV and in escapes", "[decoder]") {
    using namespace std::string_literals;
    const std::string from_tsv = decoded(tsv({{7, "e\0001"s}, {13, "a\0da"s}, {125, "2025-05-02 09:30:00"}}));
    REQUIRE(has(from_tsv, "id=e\0001"s));
    REQUIRE(has(from_tsv, "user_id=a\0da"s));
    const std::string from_json = decoded(R"({"id":"e\u00001","timestamp":"2025-05-02T09:30:00Z"})");
    REQUIRE(has(from_json, "id=e\0001"s));
}

TEST_CASE("the first of several faults is told, in a fixed order", "[decoder]") {
    REQUIRE(decoded("{\"id\":[],\"x\":\"\xff\"}") == "error: invalid_utf8");
    REQUIRE(decoded(R"({"id":[],"type":"page_view")") == "error: not_json");
    REQUIRE(decoded(R"({"id":null,"type":[],"timestamp":"never"})") == "error: wrong_type");
    REQUIRE(decoded(R"({"id":null,"timestamp":"never"})") == "error: missing_id");
    REQUIRE(decoded(tsv({{53, "{"}})) == "error: not_json");
    REQUIRE(decoded("\xff") == "error: invalid_utf8");
}

TEST_CASE("a bad record leaves nothing behind in the next", "[decoder]") {
    const auto visit = lines(test_data() / "shop_visit.jsonl");
    const std::string expected = decoded(visit.back());
    for (const auto& file : std::filesystem::directory_iterator{test_data() / "bad"}) {
        for (const auto& line : lines(file.path())) {
            (void)decoded(line);
            REQUIRE(decoded(visit.back()) == expected);
        }
    }
}

TEST_CASE("an event cut off anywhere is no event", "[decoder]") {
    for (const char* file : {"shop_visit.jsonl", "shop_visit.tsv"}) {
        const std::string record = lines(test_data() / file).front();
        REQUIRE(decoded(record).starts_with("id="));
        for (std::size_t size = 0; size < record.size(); ++size) {
            CAPTURE(file, size);
            REQUIRE(decoded(std::string_view{record}.substr(0, size)).starts_with("error: "));
        }
    }
}

TEST_CASE("bytes changed at random never make it read beyond the record", "[decoder]") {
    const char* const given = std::getenv("WEIR_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    auto records = lines(test_data() / "shop_visit.jsonl");
    for (auto& line : lines(test_data() / "shop_visit.tsv")) {
        records.push_back(line);
    }
    constexpr std::string_view tokens = "{}[]\":,\\\t\n 0-e.nt";
    for (int round = 0; round < 20'000; ++round) {
        std::string record = records[random() % records.size()];
        for (std::size_t i = 1 + random() % 4; i > 0; --i) {
            const std::size_t at = random() % record.size();
            const char byte = random() % 4 == 0 ? static_cast<char>(random()) : tokens[random() % tokens.size()];
            switch (random() % 4) {
                case 0:
                    record[at] = byte;
                    break;
                case 1:
                    record.erase(at, 1 + random() % 3);
                    break;
                case 2:
                    record.insert(at, 1, byte);
                    break;
                default:
                    record.insert(at, record.substr(random() % record.size(), random() % 40));
            }
        }
        CAPTURE(record);
        REQUIRE_NOTHROW(decoded(record));  // it throws where the bytes after the record matter
    }
}
