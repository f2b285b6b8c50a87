// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The rules of the shop's actions: every text is read or refused with a place in it; rules that were read judge
// whatever Redis may hold, and explain themselves as they judge.
//
// The input is the JSON and, after a NUL, what was observed of each feature in turn: a byte and a value a line.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "config.hpp"
#include "rules.hpp"

namespace {

using namespace storefront;  // NOLINT: what is fuzzed

void require(bool good, const std::string& what) {
    if (!good) {
        std::fprintf(stderr, "%s\n", what.c_str());
        std::abort();
    }
}

std::vector<Observation> observations(std::string_view left, std::size_t count) {
    std::vector<Observation> seen(count);
    for (Observation& o : seen) {
        const auto line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(left.size(), line.size() + 1));
        if (!line.empty()) {
            const auto times = static_cast<std::uint8_t>(line.front());
            o = {std::string{line.substr(1)}, times % 16, times / 16};
        }
    }
    return seen;
}

/// A condition from what its tests say, one after the other as explain() lists them.
bool judged(const Condition& condition, const nlohmann::ordered_json& tests, std::size_t& next) {
    if (condition.kind == Condition::Kind::test) {
        return tests.at(next++).at("met").get<bool>();
    }
    std::size_t met = 0;
    for (const Condition& part : condition.parts) {
        met += judged(part, tests, next) ? 1 : 0;
    }
    switch (condition.kind) {
        case Condition::Kind::all:
            return met == condition.parts.size();
        case Condition::Kind::any:
            return met > 0;
        default:
            return met == 0;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto text = input.substr(0, input.find('\0'));
    const auto observed = input.substr(std::min(input.size(), text.size() + 1));
    Rules rules;
    try {
        rules = read_rules(text, "r");
    } catch (const live_shopper::ConfigError& error) {
        std::size_t line = 0;
        std::size_t column = 0;
        require(std::sscanf(error.what(), "r:%zu:%zu: ", &line, &column) == 2,
                std::string{"an error without a place: "} + error.what());
        require(line >= 1 && line <= 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')),
                std::string{"an error beyond the last line: "} + error.what());
        return 0;
    }
    const auto again = read_rules(nlohmann::ordered_json::parse(text).dump(2), "r");
    require(again.rules.size() == rules.rules.size() && again.features == rules.features, "the layout matters");
    const auto seen = observations(observed, rules.features.size());
    std::vector<std::string> keys;
    for (const Feature& feature : rules.features) {
        keys.push_back(feature.key("user", "session"));
    }
    for (std::size_t i = 0; i < rules.rules.size(); ++i) {
        const Rule& rule = rules.rules[i];
        const bool met = rule.when.met(seen);
        const auto tests = rule.explain(seen, keys);
        std::size_t next = 0;
        require(judged(rule.when, tests, next) == met && next == tests.size(), "it explains another judgement");
        require(again.rules[i].when.met(seen) == met, "the layout matters to the judgement");
        require(again.rules[i].when.described() == rule.when.described(), "the layout matters to the description");
        (void)rule.deed.json(seen).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
        (void)tests.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
        require(rule.deed.kind != "discount" || rules.discount(rule.deed.code) != nullptr, "a code is not found");
    }
    return 0;
}
