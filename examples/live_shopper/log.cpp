// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace live_shopper::log {
namespace {

constexpr std::array<std::pair<std::string_view, Level>, 5> levels{{{"debug", Level::debug},
                                                                    {"info", Level::info},
                                                                    {"warn", Level::warn},
                                                                    {"error", Level::error},
                                                                    {"off", Level::off}}};

spdlog::level::level_enum spd_level(Level level) {
    constexpr std::array<spdlog::level::level_enum, 5> map{spdlog::level::debug, spdlog::level::info,
                                                           spdlog::level::warn, spdlog::level::err, spdlog::level::off};
    return map[static_cast<std::size_t>(level)];
}

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = std::make_shared<spdlog::logger>("live-shopper", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_formatter(
            std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
        made->set_level(spdlog::level::info);
        return made;
    }();
    return *instance;
}

constexpr bool plain(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':' || c == '/' || c == '@' || c == '+' || c == ',';
}

}  // namespace

std::optional<Level> parse_level(std::string_view name) {
    for (const auto& [spelled, level] : levels) {
        if (spelled == name) {
            return level;
        }
    }
    return std::nullopt;
}

void set_level(Level level) { logger().set_level(spd_level(level)); }

std::string quoted(std::string_view text) {
    bool needed = text.empty();
    for (const char c : text) {
        needed = needed || !plain(c);
    }
    if (!needed) {
        return std::string{text};
    }
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c >= ' ' && c <= '~') {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    out += '"';
    return out;
}

Field::Field(std::string_view name, double value) : name_{name}, value_{fmt::format("{:.6g}", value)} {}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    if (!logger().should_log(spd_level(level))) {
        return;
    }
    std::string line = fmt::format("level={} msg={}", levels[static_cast<std::size_t>(level)].first, quoted(message));
    for (const Field& field : fields) {
        fmt::format_to(std::back_inserter(line), " {}={}", field.name(), field.value());
    }
    logger().log(spd_level(level), spdlog::string_view_t{line});
}

}  // namespace live_shopper::log
