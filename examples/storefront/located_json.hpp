// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// LocatedJson: a JSON text whose values know where they stand, so that errors in a file can say line and column.
//
//     const auto file = LocatedJson::parse(text, "actions.json");
//     file.at("rules");  // throws ConfigError: actions.json:1:1: expected the key "rules", found ..

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <weir/time.hpp>

namespace storefront {

class LocatedJson {
public:
    /// Throws live_shopper::ConfigError where `text` is no JSON or has a key twice.
    [[nodiscard]] static LocatedJson parse(std::string_view text, const std::string& file);

    /// Throws a ConfigError of FILE:LINE:COLUMN and `what`.
    [[noreturn]] void fail(const std::string& what) const;
    /// The same at the key `name` of this object.
    [[noreturn]] void fail_at_key(std::string_view name, const std::string& what) const;
    [[noreturn]] void fail_expected(std::string_view wanted) const;

    [[nodiscard]] const nlohmann::json& value() const noexcept { return value_; }

    /// The value of a key, or null. Throws where this is no object.
    [[nodiscard]] const LocatedJson* find(std::string_view name) const;
    /// Throws where there is no such key.
    [[nodiscard]] const LocatedJson& at(std::string_view name) const;
    /// The keys of an object in order. Throws where this is none.
    [[nodiscard]] std::vector<std::string_view> keys() const;
    /// Throws where an object has a key that is none of `known`.
    void only(const std::vector<std::string_view>& known) const;

    /// The values of an array. Throws where this is none.
    [[nodiscard]] const std::vector<LocatedJson>& items(std::string_view wanted) const;

    [[nodiscard]] std::string text(std::string_view wanted) const;
    [[nodiscard]] double number(std::string_view wanted) const;
    [[nodiscard]] bool flag() const;
    [[nodiscard]] weir::Duration duration() const;

private:
    struct Source {
        std::string text;
        std::string file;
    };
    class Reader;

    nlohmann::json value_;  // of a scalar; an empty object or array for those
    std::size_t at_ = 0;
    std::vector<std::pair<std::string, std::size_t>> keys_;
    std::vector<LocatedJson> children_;
    std::shared_ptr<const Source> source_;
};

}  // namespace storefront
