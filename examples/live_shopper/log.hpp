// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The job's log: one line of `name=value` pairs per happening, on standard error.
//
//     log::info("caught up", {{"partitions", 4}, {"seconds", 1.5}});
//     2026-01-31T12:00:00.000Z level=info msg="caught up" partitions=4 seconds=1.5
//
// Values are quoted where they hold anything but plain characters, and control characters and bytes beyond ASCII are
// escaped, so that text out of an event can neither break a line nor fake one. Any thread may log.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace live_shopper::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };

/// The level that a name of `debug`, `info`, `warn`, `error`, `off` says.
[[nodiscard]] std::optional<Level> parse_level(std::string_view name);

/// Nothing below `level` is written from now on.
void set_level(Level level);

/// `text` as a value of a pair: quoted and escaped where it has to be.
[[nodiscard]] std::string quoted(std::string_view text);

class Field {
public:
    Field(std::string_view name, std::string_view value) : name_{name}, value_{quoted(value)} {}
    Field(std::string_view name, const char* value) : Field{name, std::string_view{value}} {}
    Field(std::string_view name, const std::string& value) : Field{name, std::string_view{value}} {}
    Field(std::string_view name, bool value) : name_{name}, value_{value ? "true" : "false"} {}
    Field(std::string_view name, std::integral auto value) : name_{name}, value_{std::to_string(value)} {}
    Field(std::string_view name, double value);

    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] std::string_view value() const noexcept { return value_; }

private:
    std::string_view name_;
    std::string value_;
};

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::debug, m, f); }
inline void info(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::info, m, f); }
inline void warn(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::warn, m, f); }
inline void error(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::error, m, f); }

/// Lets one of many equal lines through per interval and counts the rest. One thread at a time.
class Limit {
public:
    explicit Limit(std::chrono::milliseconds interval) : interval_{interval} {}

    /// Whether to write now; then suppressed() says how many were not written since the last time.
    [[nodiscard]] bool allows(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now()) {
        if (last_ && now - *last_ < interval_) {
            ++held_back_;
            return false;
        }
        last_ = now;
        suppressed_ = held_back_;
        held_back_ = 0;
        return true;
    }

    [[nodiscard]] std::uint64_t suppressed() const noexcept { return suppressed_; }

    /// The next line is written whenever it comes.
    void reset() { last_.reset(); }

private:
    std::chrono::milliseconds interval_;
    std::optional<std::chrono::steady_clock::time_point> last_;
    std::uint64_t held_back_ = 0;
    std::uint64_t suppressed_ = 0;
};

}  // namespace live_shopper::log
