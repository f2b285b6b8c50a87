// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rules: what the shop does about a shopper, as data.
//
//     { "rules": [ { "name": "stalled_cart", "title": "A full cart that nothing happens to",
//                    "when": { "all": [ { "feature": "cart_value", "window": "1h", "at_least": 150 },
//                                       { "feature": "cart_update_frequency", "window": "1h", "unchanged": true } ] },
//                    "for": "20s", "cool_down": "30m",
//                    "do": { "kind": "chat", "text": "May we help?" } } ] }
//
// A condition is a test of one feature, or `all`, `any` or `not` of conditions. A value that is not there passes no
// test but `"missing": true` and those with `"or_missing": true`. Rules are evaluated on values as Redis holds them: no
// I/O here.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <weir/time.hpp>

#include "text.hpp"

namespace storefront {

/// A feature as the stream job publishes it.
struct Feature {
    std::string lane;
    std::string name;
    std::string window;  // empty for a session's

    /// `cart_value_1h`, `session_duration`.
    [[nodiscard]] std::string label() const { return window.empty() ? name : name + '_' + window; }
    /// Its key in Redis: `user:U:cart_value_1h`, `session:S:session_duration`.
    [[nodiscard]] std::string key(std::string_view user, std::string_view session) const;
    [[nodiscard]] bool operator==(const Feature&) const = default;
};

/// Every feature of the job with its default windows, in the job's order.
[[nodiscard]] const std::vector<Feature>& feature_catalogue();

/// What is known of one feature of one shopper: its value, and when it was seen to change.
struct Observation {
    std::optional<std::string> value;
    Millis changed = 0;  // or first looked at
    Millis rose = 0;     // when its number grew; 0: not seen
};

/// Which number of a value is tested.
enum class Take : std::uint8_t { number, low, high, width, ratio, most, sum, count };

/// The number that `take` finds in `value`; nothing where there is none.
[[nodiscard]] std::optional<double> take_number(Take take, std::string_view value);

struct Test {
    enum class Kind : std::uint8_t {
        at_least,
        more_than,
        at_most,
        less_than,
        is,
        is_not,
        missing,
        unchanged,
        rose_after
    };

    std::size_t feature = 0;  // of the rules' features
    std::size_t other = 0;    // rose_after: of the rules' features
    Take take = Take::number;
    Kind kind = Kind::at_least;
    double number = 0;
    std::string text;
    bool textual = false;
    bool flag = false;  // missing: whether it is to be missing
    bool or_missing = false;
    std::string described;  // `cart_value_1h at least 150`

    [[nodiscard]] bool met(const std::vector<Observation>& seen) const;
};

struct Condition {
    enum class Kind : std::uint8_t { all, any, none, test };

    Kind kind = Kind::test;
    std::vector<Condition> parts;
    Test test;

    [[nodiscard]] bool met(const std::vector<Observation>& seen) const;
    [[nodiscard]] std::string described() const;
    void collect(std::vector<const Test*>& tests) const;
};

struct Deed {
    std::string kind;  // chat, discount, free_shipping, looked_at
    std::string text;
    std::string code;         // discount
    int percent = 0;          // discount
    std::size_t feature = 0;  // looked_at: of the rules' features
    int least = 2;            // looked_at: views a product must have

    /// As the pages get it. `seen` is what the products of a looked-at list are taken from.
    [[nodiscard]] nlohmann::ordered_json json(const std::vector<Observation>& seen) const;
};

struct Rule {
    std::string name;
    std::string title;
    Condition when;
    weir::Duration hold{0};
    weir::Duration cool_down{0};
    Deed deed;
    std::vector<std::size_t> still;  // features that must not change while the condition holds

    /// Each test of the condition with the value that it saw: `[{"test", "key", "value", "met"}]`.
    [[nodiscard]] nlohmann::ordered_json explain(const std::vector<Observation>& seen,
                                                 const std::vector<std::string>& keys) const;
};

struct Rules {
    std::vector<Feature> features;  // that the rules need, each once
    std::vector<Rule> rules;

    [[nodiscard]] const Rule* discount(std::string_view code) const;
};

/// Reads rules from a text; `file` is for errors, which say file, line and column. Throws live_shopper::ConfigError.
[[nodiscard]] Rules read_rules(std::string_view text, const std::string& file);

/// The same from a file.
[[nodiscard]] Rules load_rules(const std::string& path);

}  // namespace storefront
