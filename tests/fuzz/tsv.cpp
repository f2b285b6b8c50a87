// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Enriched events column by column. The decoder's own fuzzer rarely gets past the count of columns; here each line of
// the input is one of the 131, so that what changes is what they hold. Where the JSON in them is good, the decoder is
// held against the slow one.
//
// A line is a letter for a column that is read, or any other byte for one that is not, and the value.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "../live_shopper/decoder_support.hpp"
#include "../live_shopper/slow_decoder.hpp"

namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwx";
constexpr std::array<std::size_t, letters.size()> read_columns{2,  4,  6,  7,  13, 16, 19, 20,  21,  25,  30,  48,
                                                               49, 50, 51, 52, 53, 59, 78, 117, 118, 123, 124, 125};
constexpr std::array<std::size_t, 3> json_columns{53, 59, 123};

bool is_json_object(std::string_view text) {
    const auto start = text.find_first_not_of(" \t\r\n");
    return start != std::string_view::npos && text[start] == '{' &&
           text.find('\0') == std::string_view::npos &&  // which ends the text for that parser
           nlohmann::json::accept(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
    std::string_view left{reinterpret_cast<const char*>(data), size};
    std::map<std::size_t, std::string> columns;
    while (!left.empty()) {
        const auto line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(left.size(), line.size() + 1));
        if (line.empty()) {
            continue;
        }
        const auto letter = letters.find(line.front());
        const auto column = letter != std::string_view::npos ? read_columns[letter]
                                                             : 1 + static_cast<std::uint8_t>(line.front()) % 131U;
        columns[column] = line.substr(1);
    }
    const auto record = live_shopper_tests::tsv(columns);
    const auto fast = live_shopper_tests::decoded(record);  // throws where the padding matters
    for (const auto column : json_columns) {
        if (const auto& text = columns[column]; !text.empty() && !is_json_object(text)) {
            return 0;  // what is skipped of broken JSON is the decoder's own choice
        }
    }
    // Tabs are white space to JSON.
    const auto start = record.find_first_not_of(" \t\r\n");
    const bool json = start != std::string::npos && record[start] == '{';
    if (fast == "error: invalid_utf8" || json) {
        return 0;
    }
    if (const auto slow = live_shopper_tests::slowly_decoded(record, live_shopper::CartTotal::by_form); fast != slow) {
        std::fprintf(stderr, "the decoder says\n%s\nthe slow one\n%s\n", fast.c_str(), slow.c_str());
        std::abort();
    }
    return 0;
}
