// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The config file of live-shopper: every text is read or refused with a place in it. What is read does not depend on
// how the file is laid out, and no error shows a password.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "config.hpp"

namespace {

using live_shopper::Config;
using live_shopper::ConfigError;
using Json = nlohmann::json;

void require(bool good, const std::string& what) {
    if (!good) {
        std::fprintf(stderr, "%s\n", what.c_str());
        std::abort();
    }
}

/// Everything that was read.
std::string described(const Config& c) {
    const auto milliseconds = [](const std::vector<weir::Duration>& all) {
        std::string out;
        for (const auto d : all) {
            out += std::to_string(d.count()) + ",";
        }
        return out;
    };
    const auto& s = c.settings;
    std::string out = fmt::format(
        "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
        c.kafka.brokers, c.kafka.topic, c.kafka.group, c.kafka.dead_letter_topic, c.redis.host, c.redis.port,
        c.redis.unix_socket, c.redis.user, c.redis.password, c.redis.database, c.redis.tls, c.redis.tls_ca,
        c.redis.tls_certificate, c.redis.tls_key, c.redis.connect_timeout.count(), c.redis.reply_timeout.count(),
        milliseconds(s.product_windows), milliseconds(s.category_windows), milliseconds(s.cart_windows),
        milliseconds(s.purchase_windows), s.session_gap.count(), s.session_lateness.count(), s.linger.count(),
        s.dedupe.count(), s.max_future.count(), s.flush_interval.count(), s.bot_limit, static_cast<int>(s.cart_total),
        s.stitch, c.redis_password_file, c.kafka_password_file, c.max_pending, c.max_record, c.threads,
        c.embedded_kafka, static_cast<int>(c.log_level));
    for (const auto& [key, value] : c.kafka.properties) {
        out += fmt::format("|{}={}", key, value);
    }
    return out + (c.metrics ? fmt::format("|{} {}", c.metrics->host, c.metrics->port) : "");
}

/// What comes of reading a text: the config, or the error without its place, which is checked.
std::string outcome(std::string_view text) {
    Config config;
    try {
        live_shopper::read_config(text, "c", config);
    } catch (const ConfigError& error) {
        const std::string_view what = error.what();
        std::size_t line = 0;
        std::size_t column = 0;
        int length = 0;
        require(std::sscanf(error.what(), "c:%zu:%zu: %n", &line, &column, &length) == 2 && length > 0,
                fmt::format("an error without a place: {}", what));
        std::size_t begin = 0;
        for (std::size_t i = 1; i < line; ++i) {
            const auto end = text.find('\n', begin);
            require(end != std::string_view::npos, fmt::format("an error beyond the last line: {}", what));
            begin = end + 1;
        }
        require(column >= 1 && column <= text.substr(begin, text.find('\n', begin) - begin).size() + 1,
                fmt::format("an error beyond the end of its line: {}", what));
        return "error: " + std::string{what.substr(static_cast<std::size_t>(length))};
    }
    try {
        live_shopper::validate(config);
    } catch (const ConfigError&) {
    }
    return described(config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto expected = outcome(text);
    const auto json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) {
        require(expected.starts_with("error: expected JSON"), "what is no JSON was taken\n" + expected);
        return 0;
    }
    // A key that comes twice is gone once it was parsed.
    if (!expected.starts_with("error: expected each key once")) {
        require(outcome(json.dump()) == expected, "the layout matters\n" + expected);
        require(outcome("\n " + json.dump(3) + "\r\n\t") == expected, "the layout matters\n" + expected);
    }
    // The value of a key that holds a secret is nowhere in an error, whatever is wrong with it.
    if (json.is_object() && json.contains("redis") && json["redis"].is_object() &&
        text.find("sesame-1") == std::string_view::npos) {
        auto changed = json;
        for (const Json& secret : {Json{"sesame-1"}, Json{{"sesame-1", 1}}, Json{{"a", "sesame-1"}}}) {
            changed["redis"]["password"] = secret;
            const auto said = outcome(changed.dump());
            require(!said.starts_with("error: ") || said.find("sesame-1") == std::string::npos,
                    "a secret was told: " + said);
        }
    }
    return 0;
}
