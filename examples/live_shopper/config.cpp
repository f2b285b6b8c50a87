// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "json_trouble.hpp"
#include "stage_record.hpp"

namespace live_shopper {
namespace {

using Json = nlohmann::json;

struct Place {
    std::size_t line = 1;
    std::size_t column = 1;
};

Place place_at(std::string_view text, std::size_t offset) {
    Place place;
    for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
        if (text[i] == '\n') {
            ++place.line;
            place.column = 1;
        } else if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) {  // columns count characters
            ++place.column;
        }
    }
    return place;
}

// Where keys and values of a JSON text begin, by JSON pointer. nlohmann's values do not know where they came from.
// Requires: the text is valid JSON.
class Places {
public:
    static constexpr int most_depth = 64;

    explicit Places(std::string_view text) : text_{text}, at_{begin_of_json(text)} { value("", 0); }

    /// A pointer to what is under `key`.
    [[nodiscard]] static std::string below(const std::string& pointer, std::string_view key) {
        auto out = pointer + '/';
        for (const char c : key) {  // RFC 6901: a key may hold a slash
            out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        }
        return out;
    }

    /// Where the nesting is deeper than any settings are; what is in there is not known.
    [[nodiscard]] std::optional<std::size_t> too_deep_at() const { return too_deep_at_; }

    [[nodiscard]] std::size_t value_at(const std::string& pointer) const { return values_.at(pointer); }
    [[nodiscard]] std::size_t key_at(const std::string& pointer) const { return keys_.at(pointer); }

    /// A key that comes twice in one object.
    [[nodiscard]] const std::optional<std::string>& repeated() const { return repeated_; }
    [[nodiscard]] std::size_t repeated_at() const { return repeated_at_; }

private:
    void space() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
    }

    std::string_view string() {
        const auto begin = at_++;
        while (text_[at_] != '"') {
            at_ += text_[at_] == '\\' ? 2 : 1;
        }
        ++at_;
        return text_.substr(begin, at_ - begin);
    }

    void value(const std::string& pointer, int depth) {
        space();
        values_[pointer] = at_;
        if (depth > most_depth) {
            too_deep_at_ = at_;
        }
        if (too_deep_at_) {
            return;
        }
        if (text_[at_] == '{') {
            ++at_;
            for (space(); !too_deep_at_ && text_[at_] != '}'; space()) {
                const auto begin = at_;
                const auto key = Json::parse(string()).get<std::string>();
                const auto inner = below(pointer, key);
                if (!keys_.emplace(inner, begin).second && !repeated_) {
                    repeated_ = key;
                    repeated_at_ = begin;
                }
                space();
                ++at_;  // the colon
                value(inner, depth + 1);
                comma();
            }
            ++at_;
        } else if (text_[at_] == '[') {
            ++at_;
            std::size_t index = 0;
            for (space(); !too_deep_at_ && text_[at_] != ']'; space()) {
                value(below(pointer, std::to_string(index++)), depth + 1);
                comma();
            }
            ++at_;
        } else if (text_[at_] == '"') {
            string();
        } else {
            while (at_ < text_.size() && std::string_view{",]} \t\r\n"}.find(text_[at_]) == std::string_view::npos) {
                ++at_;
            }
        }
    }

    void comma() {
        space();
        at_ += text_[at_] == ',' ? 1 : 0;
    }

    std::string_view text_;
    std::size_t at_;
    std::optional<std::size_t> too_deep_at_;
    std::map<std::string, std::size_t> values_;
    std::map<std::string, std::size_t> keys_;
    std::optional<std::string> repeated_;
    std::size_t repeated_at_ = 0;
};

std::string shown(const Json& value) {
    auto text = value.is_object()  ? std::string{"an object"}
                : value.is_array() ? std::string{"an array"}
                                   : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60) {
        text = text.substr(0, 57) + "...";
    }
    return text;
}

// A value of the file, where it is, and what it may be.
class Node {
public:
    Node(const Json& value, const Places& places, std::string_view text, const std::string& file, std::string pointer)
        : value_{value}, places_{places}, text_{text}, file_{file}, pointer_{std::move(pointer)} {}

    [[noreturn]] void fail(std::string_view wanted, bool secret = false) const {
        fail_at(places_.value_at(pointer_),
                fmt::format("expected {}, found {}", wanted, secret ? std::string{"something else"} : shown(value_)));
    }

    using Readers = std::vector<std::pair<std::string_view, std::function<void(const Node&)>>>;

    void object(std::string_view wanted, const Readers& readers) const {
        if (!value_.is_object()) {
            fail(wanted);
        }
        for (const auto& [key, value] : value_.items()) {
            const auto known =
                std::find_if(readers.begin(), readers.end(), [&k = key](const auto& r) { return r.first == k; });
            if (known == readers.end()) {
                std::vector<std::string_view> names;
                for (const auto& reader : readers) {
                    names.push_back(reader.first);
                }
                const auto meant = nearest(key, names);
                fail_at(places_.key_at(Places::below(pointer_, key)),
                        meant.empty()
                            ? fmt::format("unknown key {}, expected one of {}", Json(key).dump(), joined(names))
                            : fmt::format("unknown key {}, did you mean \"{}\"?", Json(key).dump(), meant));
            }
            known->second(below(key, value));
        }
    }

    [[nodiscard]] std::string text(std::string_view wanted = "a text", bool secret = false) const {
        if (!value_.is_string() || (value_.get_ref<const std::string&>().empty() && !secret)) {
            fail(wanted, secret);
        }
        return value_.get<std::string>();
    }

    [[nodiscard]] bool flag() const {
        if (!value_.is_boolean()) {
            fail("true or false");
        }
        return value_.get<bool>();
    }

    [[nodiscard]] std::int64_t number(std::int64_t least, std::int64_t most) const {
        if (!value_.is_number_integer() ||
            (value_.is_number_unsigned() && value_.get<std::uint64_t>() > static_cast<std::uint64_t>(most)) ||
            value_.get<std::int64_t>() < least || value_.get<std::int64_t>() > most) {
            fail(fmt::format("a whole number from {} to {}", least, most));
        }
        return value_.get<std::int64_t>();
    }

    [[nodiscard]] weir::Duration duration(weir::Duration least = std::chrono::milliseconds{1}) const {
        const auto parsed = value_.is_string() ? parse_duration(value_.get_ref<const std::string&>()) : std::nullopt;
        if (!parsed) {
            fail("a duration such as 5m");
        }
        if (*parsed < least) {
            fail(fmt::format("a duration of {} or more", weir::label(least)));
        }
        return *parsed;
    }

    [[nodiscard]] std::vector<weir::Duration> durations() const {
        if (!value_.is_array() || value_.empty()) {
            fail("an array of durations such as [\"5m\", \"1h\"]");
        }
        std::vector<weir::Duration> out;
        for (std::size_t i = 0; i < value_.size(); ++i) {
            const auto node = below(std::to_string(i), value_[i]);
            const auto length = node.duration();
            if (std::find(out.begin(), out.end(), length) != out.end()) {
                node.fail("every window once");
            }
            out.push_back(length);
        }
        return out;
    }

    template <class F>
    void each(std::string_view wanted, F f) const {
        if (!value_.is_object()) {
            fail(wanted);
        }
        for (const auto& [key, value] : value_.items()) {
            f(key, below(key, value));
        }
    }

    [[nodiscard]] std::string scalar() const {
        if (value_.is_string()) {
            return value_.get<std::string>();
        }
        if (value_.is_boolean() || value_.is_number()) {
            return value_.dump();
        }
        fail("a text, a number, true or false");
    }

private:
    [[nodiscard]] Node below(const std::string& key, const Json& value) const {
        return Node{value, places_, text_, file_, Places::below(pointer_, key)};
    }

    [[noreturn]] void fail_at(std::size_t offset, const std::string& what) const {
        const auto place = place_at(text_, offset);
        throw ConfigError(fmt::format("{}:{}:{}: {}", file_, place.line, place.column, what));
    }

    static std::string joined(const std::vector<std::string_view>& names) {
        std::string out;
        for (const auto name : names) {
            out += (out.empty() ? "" : ", ") + std::string{name};
        }
        return out;
    }

    const Json& value_;
    const Places& places_;
    std::string_view text_;
    const std::string& file_;
    std::string pointer_;
};

void read_kafka(const Node& node, Config& config) {
    KafkaConfig& kafka = config.kafka;
    node.object("an object of Kafka settings",
                {{"brokers", [&](const Node& n) { kafka.brokers = n.text("HOST:PORT[,HOST:PORT...]"); }},
                 {"topic", [&](const Node& n) { kafka.topic = n.text("a topic's name"); }},
                 {"group", [&](const Node& n) { kafka.group = n.text("a consumer group's name"); }},
                 {"password_file", [&](const Node& n) { config.kafka_password_file = n.text("a path"); }},
                 {"dead_letter_topic", [&](const Node& n) { kafka.dead_letter_topic = n.text("a topic's name"); }},
                 {"properties", [&](const Node& n) {
                      n.each("an object of librdkafka properties", [&](const std::string& key, const Node& value) {
                          kafka.properties.emplace_back(key, value.scalar());
                      });
                  }}});
}

void read_redis(const Node& node, Config& config) {
    RedisConfig& redis = config.redis;
    node.object("an object of Redis settings",
                {{"address",
                  [&](const Node& n) {
                      const auto endpoint = parse_endpoint(n.text("HOST:PORT"), "localhost");
                      if (!endpoint) {
                          n.fail("HOST:PORT");
                      }
                      redis.host = endpoint->host;
                      redis.port = endpoint->port;
                  }},
                 {"unix_socket", [&](const Node& n) { redis.unix_socket = n.text("a path"); }},
                 {"user", [&](const Node& n) { redis.user = n.text("a user's name"); }},
                 {"password", [&](const Node& n) { redis.password = n.text("a text", true); }},
                 {"password_file", [&](const Node& n) { config.redis_password_file = n.text("a path"); }},
                 {"database", [&](const Node& n) { redis.database = static_cast<int>(n.number(0, 1'000'000)); }},
                 {"tls", [&](const Node& n) { redis.tls = n.flag(); }},
                 {"tls_ca", [&](const Node& n) { redis.tls_ca = n.text("a path"); }},
                 {"tls_certificate", [&](const Node& n) { redis.tls_certificate = n.text("a path"); }},
                 {"tls_key", [&](const Node& n) { redis.tls_key = n.text("a path"); }},
                 {"connect_timeout", [&](const Node& n) { redis.connect_timeout = n.duration(); }},
                 {"reply_timeout", [&](const Node& n) { redis.reply_timeout = n.duration(); }},
                 {"max_pending",
                  [&](const Node& n) { config.max_pending = static_cast<std::size_t>(n.number(1, 1'000'000'000)); }}});
}

void read_windows(const Node& node, Settings& settings) {
    node.object("an object of windows per lane",
                {{"product", [&](const Node& n) { settings.product_windows = n.durations(); }},
                 {"category", [&](const Node& n) { settings.category_windows = n.durations(); }},
                 {"cart", [&](const Node& n) { settings.cart_windows = n.durations(); }},
                 {"purchase", [&](const Node& n) { settings.purchase_windows = n.durations(); }},
                 {"checkout", [&](const Node& n) { settings.checkout_windows = n.durations(); }}});
}

constexpr std::size_t least_memory_limit = std::size_t{64} << 20;

std::string read_file(const std::string& path, std::string_view what) {
    std::ifstream in{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in.is_open() || in.bad()) {
        throw ConfigError(fmt::format("{}: cannot read this {}", path, what));
    }
    return text;
}

}  // namespace

std::optional<weir::Duration> parse_duration(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
        {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const auto& [suffix, factor] : units) {
        // A thousand years is a typing error.
        if (text == suffix && count <= std::int64_t{365'000} * 86'400'000 / factor) {
            return weir::Duration{count * factor};
        }
    }
    return std::nullopt;
}

std::optional<std::size_t> parse_bytes(std::string_view text) {
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    constexpr std::string_view units = "KMG";
    const auto unit = text.empty() ? std::string_view::npos : units.find(text.front());
    if (error != std::errc{} || text.size() > 1 || (text.size() == 1 && unit == std::string_view::npos)) {
        return std::nullopt;
    }
    const std::size_t shift = text.empty() ? 0 : 10 * (unit + 1);
    if (count > std::numeric_limits<std::size_t>::max() >> shift) {
        return std::nullopt;
    }
    return count << shift;
}

std::optional<Endpoint> parse_endpoint(std::string_view text, std::string_view default_host) {
    Endpoint endpoint{std::string{default_host}, 0};
    auto port = text;
    if (text.starts_with('[')) {
        const auto close = text.find("]:");
        if (close == std::string_view::npos || close == 1) {
            return std::nullopt;
        }
        endpoint.host = text.substr(1, close - 1);
        port = text.substr(close + 2);
    } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        if (text.find(':') != colon) {
            return std::nullopt;
        }
        if (colon > 0) {
            endpoint.host = text.substr(0, colon);
        }
        port = text.substr(colon + 1);
    }
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (port.empty() || error != std::errc{} || end != port.data() + port.size()) {
        return std::nullopt;
    }
    return endpoint;
}

std::optional<CartTotal> parse_cart_total(std::string_view text) {
    if (text == "before") {
        return CartTotal::before;
    }
    if (text == "after") {
        return CartTotal::after;
    }
    return text == "by_form" ? std::optional{CartTotal::by_form} : std::nullopt;
}

void read_config(std::string_view text, const std::string& name, Config& config) {
    if (const auto trouble = json_trouble(text)) {
        constexpr std::string_view syntax = "syntax ";
        const auto place = place_at(text, trouble->offset);
        std::string_view what = trouble->what;
        what.remove_prefix(what.starts_with(syntax) ? syntax.size() : 0);
        throw ConfigError(fmt::format("{}:{}:{}: expected JSON, found {} {}", name, place.line, place.column,
                                      what.starts_with("error") ? "an" : "a", what));
    }
    const auto json = Json::parse(text);
    const Places places{text};
    if (places.too_deep_at()) {
        const auto place = place_at(text, *places.too_deep_at());
        throw ConfigError(fmt::format("{}:{}:{}: expected settings, found a nesting of more than {}", name, place.line,
                                      place.column, Places::most_depth));
    }
    if (places.repeated()) {
        const auto place = place_at(text, places.repeated_at());
        throw ConfigError(fmt::format("{}:{}:{}: expected each key once, found {} again", name, place.line,
                                      place.column, Json(*places.repeated()).dump()));
    }
    Settings& settings = config.settings;
    const Node root{json, places, text, name, ""};
    root.object(
        "an object of settings",
        {{"kafka", [&](const Node& n) { read_kafka(n, config); }},
         {"redis", [&](const Node& n) { read_redis(n, config); }},
         {"windows", [&](const Node& n) { read_windows(n, settings); }},
         {"session",
          [&](const Node& n) {
              n.object(
                  "an object of session settings",
                  {{"gap", [&](const Node& g) { settings.session_gap = g.duration(); }},
                   {"lateness", [&](const Node& l) { settings.session_lateness = l.duration(weir::Duration{0}); }}});
          }},
         {"linger", [&](const Node& n) { settings.linger = n.duration(); }},
         {"dedupe", [&](const Node& n) { settings.dedupe = n.duration(); }},
         {"max_future", [&](const Node& n) { settings.max_future = n.duration(weir::Duration{0}); }},
         {"flush_interval", [&](const Node& n) { settings.flush_interval = n.duration(); }},
         {"bot_limit",
          [&](const Node& n) { settings.bot_limit = static_cast<std::uint32_t>(n.number(0, 1'000'000'000)); }},
         {"cart_total",
          [&](const Node& n) {
              const auto parsed = parse_cart_total(n.text("\"by_form\", \"before\" or \"after\""));
              if (!parsed) {
                  n.fail("\"by_form\", \"before\" or \"after\"");
              }
              settings.cart_total = *parsed;
          }},
         {"stitch", [&](const Node& n) { settings.stitch = n.flag(); }},
         {"memory_limit",
          [&](const Node& n) {
              const auto bytes = parse_bytes(n.scalar());
              if (!bytes) {
                  n.fail("bytes such as 512M or 2G");
              }
              config.memory_limit = *bytes;
          }},
         {"snapshots", [&](const Node& n) { config.snapshots = n.text("a directory, or kafka"); }},
         {"snapshot_interval", [&](const Node& n) { config.snapshot_interval = n.duration(std::chrono::seconds{1}); }},
         {"threads", [&](const Node& n) { config.threads = static_cast<unsigned>(n.number(1, 256)); }},
         {"scale_out", [&](const Node& n) { config.scale_out = n.flag(); }},
         {"instance", [&](const Node& n) { config.instance = n.text("the name of this process"); }},
         {"partitions",
          [&](const Node& n) { config.stage_partitions = static_cast<std::uint32_t>(n.number(1, most_partitions)); }},
         {"source_keyed_by",
          [&](const Node& n) {
              if (n.text("\"domain_userid\"") != "domain_userid") {
                  n.fail("\"domain_userid\"");
              }
              config.keyed_by_visitor = true;
          }},
         {"max_record_bytes",
          [&](const Node& n) { config.max_record = static_cast<std::size_t>(n.number(1024, 1 << 30)); }},
         {"embedded_kafka", [&](const Node& n) { config.embedded_kafka = n.flag(); }},
         {"metrics",
          [&](const Node& n) {
              config.metrics = parse_endpoint(n.text("HOST:PORT or a port"), "127.0.0.1");
              if (!config.metrics) {
                  n.fail("HOST:PORT or a port");
              }
          }},
         {"log_level", [&](const Node& n) {
              const auto level = log::parse_level(n.text("debug, info, warn, error or off"));
              if (!level) {
                  n.fail("debug, info, warn, error or off");
              }
              config.log_level = *level;
          }}});
}

void load_config(const std::string& path, Config& config) { read_config(read_file(path, "file"), path, config); }

void load_secrets(Config& config) {
    const auto secret = [](const std::string& file, const char* name) -> std::optional<std::string> {
        if (!file.empty()) {
            auto text = read_file(file, "password file");
            while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
                text.pop_back();
            }
            return text;
        }
        const char* const variable = std::getenv(name);
        return variable == nullptr ? std::nullopt : std::optional<std::string>{variable};
    };
    if (auto password = secret(config.redis_password_file, "LIVE_SHOPPER_REDIS_PASSWORD")) {
        config.redis.password = *std::move(password);
    }
    if (auto password = secret(config.kafka_password_file, "LIVE_SHOPPER_KAFKA_PASSWORD")) {
        config.kafka.properties.emplace_back("sasl.password", *std::move(password));
    }
}

void validate(const Config& config) {
    if (!config.redis.user.empty() && config.redis.password.empty()) {
        throw ConfigError(
            fmt::format("Redis user {}: expected a password in LIVE_SHOPPER_REDIS_PASSWORD or a password "
                        "file, found none",
                        log::quoted(config.redis.user)));
    }
    if (!config.redis.tls && !(config.redis.tls_ca + config.redis.tls_certificate + config.redis.tls_key).empty()) {
        throw ConfigError("Redis: expected TLS to be on where certificates are given, found it off");
    }
    if (config.redis.tls && !config.redis.unix_socket.empty()) {
        throw ConfigError("Redis: expected a unix socket or TLS, found both");
    }
    if (config.redis.tls_certificate.empty() != config.redis.tls_key.empty()) {
        throw ConfigError("Redis: expected a certificate and its key, found one of them");
    }
    if (config.memory_limit != 0 && config.memory_limit < least_memory_limit) {
        throw ConfigError(fmt::format("the memory limit: expected 64M or more, found {} bytes", config.memory_limit));
    }
    if (config.kafka.dead_letters() == config.kafka.topic) {
        throw ConfigError(fmt::format("the dead-letter topic: expected another topic than {}, which is read from",
                                      log::quoted(config.kafka.topic)));
    }
    if (config.scale_out && config.embedded_kafka) {
        throw ConfigError("scale-out: expected a Kafka that several processes can reach, found the embedded one");
    }
    if (config.scale_out && config.threads != 1) {
        throw ConfigError("scale-out: expected more processes instead of threads, found both");
    }
    if (config.snapshots_in_kafka() && !config.scale_out) {
        throw ConfigError("snapshots: expected --scale-out with kafka, or a directory (./kafka is one), found neither");
    }
    if (!config.snapshots.empty() && config.embedded_kafka) {
        throw ConfigError("snapshots: expected a Kafka that outlives the process, found the embedded one");
    }
    if (!config.scale_out && (!config.instance.empty() || config.keyed_by_visitor)) {
        throw ConfigError("an instance's name and how the source is keyed: expected --scale-out with them, found none");
    }
    const auto topic_ok = [](std::string_view topic) {
        return !topic.empty() && topic.size() <= 249 && std::all_of(topic.begin(), topic.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                   c == '-';
        });
    };
    std::vector<std::string> topics{config.kafka.topic, config.kafka.dead_letters()};
    if (config.scale_out) {
        topics.push_back(config.visitors_topic());
        topics.push_back(config.shoppers_topic());
    }
    for (const auto& topic : topics) {
        if (!topic_ok(topic)) {
            throw ConfigError(fmt::format("topic {}: expected a name of up to 249 letters, digits, '.', '_' and '-'",
                                          log::quoted(topic)));
        }
    }
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t best_distance = std::numeric_limits<std::size_t>::max();
    for (const auto candidate : candidates) {
        // Levenshtein's distance, one row at a time.
        std::vector<std::size_t> row(candidate.size() + 1);
        std::iota(row.begin(), row.end(), std::size_t{0});
        for (std::size_t i = 1; i <= text.size(); ++i) {
            auto diagonal = std::exchange(row[0], i);
            for (std::size_t j = 1; j <= candidate.size(); ++j) {
                const auto substituted = diagonal + (text[i - 1] == candidate[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
            }
        }
        if (row.back() < best_distance) {
            best_distance = row.back();
            best = candidate;
        }
    }
    return best_distance <= std::max<std::size_t>(2, best.size() / 3) ? best : std::string_view{};
}

}  // namespace live_shopper
