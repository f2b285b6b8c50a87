// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "decoder_support.hpp"
#include "slow_decoder.hpp"

using namespace live_shopper_tests;
using live_shopper::CartTotal;
using nlohmann::ordered_json;

namespace {

constexpr std::array conventions{CartTotal::by_form, CartTotal::before, CartTotal::after};

/// One event a line, or one event over many lines.
[[nodiscard]] std::vector<std::string> records(const std::filesystem::path& file) {
    auto all = lines(file);
    if (file.extension() == ".json") {
        std::string whole;
        for (const auto& line : all) {
            whole += line + "\n";
        }
        return {whole};
    }
    return all;
}

[[nodiscard]] std::vector<std::filesystem::path> samples(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        const auto extension = entry.path().extension();
        if (extension == ".tsv" || extension == ".jsonl" || entry.path().filename() == "product_view.json") {
            files.push_back(entry.path());
        }
    }
    return files;
}

void compare(const std::filesystem::path& folder, std::size_t least) {
    std::size_t compared = 0;
    for (const auto& file : samples(folder)) {
        CAPTURE(file);
        for (const auto& record : records(file)) {
            CAPTURE(record);
            for (const CartTotal cart_total : conventions) {
                REQUIRE(decoded(record, cart_total) == slowly_decoded(record, cart_total));
            }
            ++compared;
        }
    }
    REQUIRE(compared >= least);
}

/// A value that no schema foresees, and some that are nearly right.
[[nodiscard]] ordered_json odd_value(std::mt19937_64& random) {
    static const std::vector<std::string> odd{
        "null",
        "true",
        "false",
        "0",
        "-1",
        "2.0",
        "1e308",
        "12345678901234567890",
        "-0.5",
        "\"\"",
        "\"text\"",
        "\"a b:\\n{}\"",
        "\"\\u0000\"",
        "\"\\u00e9\\\"\"",
        "[]",
        "{}",
        "[1,2]",
        "[{}]",
        "{\"id\":7}",
        "[[[[]]]]",
        "1e9",
        "1000000001",
        "0.1",
        "1.0000005",
        "\"2025-02-30T00:00:00Z\"",
        "\"2025-03-26 10:56:46.1239\"",
        "\"2025-03-26T10:56:46+02:00\"",
        "[{\"id\":\"x\",\"price\":1.5,\"quantity\":3},{},7,{\"category\":\"c\"}]"};
    return ordered_json::parse(odd[random() % odd.size()]);
}

/// Changes one place somewhere inside: another value, a field gone, a field more, or fields in another order.
void change(ordered_json& value, std::mt19937_64& random) {
    if (!value.is_structured() || value.empty() || random() % 6 == 0) {
        value = odd_value(random);
        return;
    }
    const std::size_t at = random() % value.size();
    const auto part = std::next(value.begin(), static_cast<std::ptrdiff_t>(at));
    switch (value.is_object() ? random() % 6 : 5) {
        case 0:
            value.erase(part);
            break;
        case 1: {
            static const std::vector<std::string> keys{
                "id",         "products",    "product",  "transaction", "quantity",  "brand",      "geo", "location",
                "geo_region", "geo_country", "page_url", "user_id",     "sessionId", "mkt_source", "data"};
            value[keys[random() % keys.size()]] = odd_value(random);
            break;
        }
        case 2: {
            auto key = part.key();
            auto moved = *part;
            value.erase(part);
            value[std::move(key)] = std::move(moved);
            break;
        }
        default:
            change(*part, random);
    }
}

}  // namespace

TEST_CASE("our own samples decode as the slow decoder does", "[decoder]") { compare(test_data(), 34); }

TEST_CASE("public samples decode as the slow decoder does", "[decoder]") {
    const auto folder = shared_data();
    if (!folder) {
        WARN("skipped: no public sample data next to the repository, nor in WEIR_SHARED");
        return;
    }
    compare(*folder, 500);
}

TEST_CASE("a shop visit is the same in both forms", "[decoder]") {
    const auto json = lines(test_data() / "shop_visit.jsonl");
    const auto tsv = lines(test_data() / "shop_visit.tsv");
    REQUIRE(json.size() == 17);
    REQUIRE(tsv.size() == json.size());
    for (std::size_t i = 0; i < json.size(); ++i) {
        CAPTURE(i);
        std::string from_tsv = decoded(tsv[i]);
        // The JSON form has no geo enrichment, and nothing of a transaction but that there was one.
        for (const char* line :
             {"city=Bergen\n", "country=NO\n", "region=NO-46\n", "transaction_id=ORDER-1001\n", "revenue=120\n"}) {
            if (const auto at = from_tsv.find(line); at != std::string::npos) {
                from_tsv.erase(at, std::string_view{line}.size());
            }
        }
        const std::string product = "product=L-9|Harbour & Sons|Lighting|60|2\n";
        if (has(from_tsv, "type=transaction")) {
            REQUIRE(from_tsv.find(product) != std::string::npos);
            from_tsv.erase(from_tsv.find(product), product.size());
        }
        REQUIRE(decoded(json[i]) == from_tsv);
    }
}

TEST_CASE("what is changed at random in an event decodes as the slow decoder does", "[decoder]") {
    const char* const given = std::getenv("WEIR_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto json = lines(test_data() / "shop_visit.jsonl");
    const auto tsv = lines(test_data() / "shop_visit.tsv");
    for (int round = 0; round < 4000; ++round) {
        auto event = ordered_json::parse(json[random() % json.size()]);
        for (std::size_t i = 1 + random() % 4; i > 0; --i) {
            change(event, random);
        }
        const std::string record = event.dump();
        CAPTURE(record);
        const CartTotal cart_total = conventions[random() % conventions.size()];
        if (record.front() == '{') {
            REQUIRE(decoded(record, cart_total) == slowly_decoded(record, cart_total));
        }

        std::vector<std::string> columns;
        std::string column;
        for (const char c : tsv[random() % tsv.size()] + "\t") {
            if (c == '\t') {
                columns.push_back(column);
                column.clear();
            } else {
                column += c;
            }
        }
        for (const std::size_t i : {std::size_t{53}, std::size_t{59}}) {
            if (!columns[i - 1].empty()) {
                auto value = ordered_json::parse(columns[i - 1]);
                change(value, random);
                columns[i - 1] = value.dump();
            }
        }
        const std::size_t at = random() % columns.size();
        columns[at] = random() % 2 == 0 ? "" : columns[random() % columns.size()];
        std::string line;
        for (const auto& one : columns) {
            line += (&one == columns.data() ? "" : "\t") + one;
        }
        CAPTURE(line);
        REQUIRE(decoded(line, cart_total) == slowly_decoded(line, cart_total));
    }
}
