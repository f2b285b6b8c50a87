// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "kafka_client.hpp"
#include "stage_record.hpp"
#include "timestamp.hpp"

namespace live_shopper {
namespace {

constexpr const char* description = R"(Features of a shop's visitors, live: Snowplow events in, values out.)";

constexpr const char* footer = R"(Examples:
  live-shopper run --embedded-kafka --redis localhost:6379
      try it without a Kafka; prints where events can be sent to
  live-shopper run --brokers kafka-1:9092 --topic enriched-good --group live-shopper --redis redis:6379
  live-shopper replay events.jsonl
      what would be stored after these events, key by key
  live-shopper features
      what is computed

`live-shopper COMMAND --help` says more.)";

constexpr const char* run_footer =
    R"(Secrets do not belong on a command line. The password of Redis is taken from --redis-password-file, the
config file or the variable LIVE_SHOPPER_REDIS_PASSWORD; Kafka's sasl.password from --kafka-password-file or
LIVE_SHOPPER_KAFKA_PASSWORD, and it like any other secret from "properties" in the config file.

Examples:
  live-shopper run --embedded-kafka --redis localhost:6379 --metrics 9464
  live-shopper run --brokers b-1:9096 -X security.protocol=SASL_SSL -X sasl.mechanisms=SCRAM-SHA-512 --config live.json
  live-shopper run --config live.json --log-level debug

A config file:
  { "kafka":   { "brokers": "b-1:9096", "topic": "enriched-good", "group": "live-shopper",
                 "properties": { "security.protocol": "SASL_SSL", "sasl.username": "shop", "sasl.password": "..." } },
    "redis":   { "address": "redis:6379", "user": "shop", "password_file": "/run/secrets/redis", "database": 0 },
    "windows": { "product": ["5m", "1h"], "category": ["5m", "1h", "24h"], "cart": ["5m", "1h"], "purchase": ["24h"],
                 "checkout": ["1h"] },
    "session": { "gap": "30m", "lateness": "5s" },
    "linger": "10m", "dedupe": "24h", "max_future": "5m", "flush_interval": "100ms", "cart_total": "by_form",
    "stitch": true, "threads": 1, "metrics": "127.0.0.1:9464", "log_level": "info" })";

constexpr const char* replay_footer =
    R"(Prints key<TAB>value, sorted by key: what the store holds at the end. Counts go to standard error.

Examples:
  live-shopper replay events.jsonl
  live-shopper replay --until 2025-04-04T15:00:00Z --changes monday.tsv tuesday.tsv
  zcat events.jsonl.gz | live-shopper replay -)";

// What the command line said; the rest is up to the config file.
struct Flags {
    std::optional<std::string> config;
    std::vector<std::string> product_windows;
    std::vector<std::string> category_windows;
    std::vector<std::string> cart_windows;
    std::vector<std::string> purchase_windows;
    std::vector<std::string> checkout_windows;
    std::optional<std::string> session_gap;
    std::optional<std::string> lateness;
    std::optional<std::string> linger;
    std::optional<std::string> dedupe;
    std::optional<std::string> max_future;
    std::optional<std::string> flush_interval;
    std::optional<std::uint32_t> bot_limit;
    std::optional<std::string> cart_total;
    bool no_stitch = false;

    std::optional<std::string> brokers;
    std::optional<std::string> topic;
    std::optional<std::string> group;
    std::optional<std::string> dead_letter_topic;
    std::vector<std::string> properties;
    std::optional<std::string> redis;
    std::optional<std::string> redis_socket;
    std::optional<std::string> redis_user;
    std::optional<std::string> redis_password_file;
    std::optional<std::string> kafka_password_file;
    std::optional<int> redis_database;
    bool redis_tls = false;
    std::optional<std::string> redis_ca;
    std::optional<std::string> redis_certificate;
    std::optional<std::string> redis_key;
    std::optional<std::size_t> max_pending;
    std::optional<std::string> memory_limit;
    std::optional<std::string> snapshots;
    std::optional<std::string> snapshot_interval;
    std::optional<unsigned> threads;
    bool embedded_kafka = false;
    std::optional<std::uint32_t> partitions;
    bool scale_out = false;
    std::optional<std::string> instance;
    std::optional<std::string> keyed_by;
    std::optional<std::string> metrics;
    std::optional<std::string> log_level;

    std::optional<std::string> until;
    bool changes = false;
    std::vector<std::string> files;
};

std::string check_duration(const std::string& text) {
    return parse_duration(text) ? "" : fmt::format("expected a duration such as 5m, found \"{}\"", text);
}

std::string check_length(const std::string& text) {
    return parse_duration(text) == weir::Duration::zero()
               ? fmt::format("expected a duration of 1ms or more, found \"{}\"", text)
               : check_duration(text);
}

std::string check_bytes(const std::string& text) {
    return parse_bytes(text) ? "" : fmt::format("expected bytes such as 512M or 2G, found \"{}\"", text);
}

void add_settings(CLI::App& app, Flags& flags) {
    const auto windows = [&](const char* name, std::vector<std::string>& to, const char* lane, const char* usual) {
        app.add_option(name, to, fmt::format("Windows of the {} lane [{}]", lane, usual))
            ->delimiter(',')
            ->type_name("LENGTH,...")
            ->check(check_length)
            ->group("Features");
    };
    const auto duration = [&](const char* name, std::optional<std::string>& to, const char* what, bool zero) {
        app.add_option(name, to, what)
            ->type_name("DURATION")
            ->check(zero ? check_duration : check_length)
            ->group("Features");
    };
    app.add_option("-c,--config", flags.config, "JSON file with settings; flags win over it")->type_name("FILE");
    windows("--product-windows", flags.product_windows, "product", "5m,1h");
    windows("--category-windows", flags.category_windows, "category", "5m,1h,24h");
    windows("--cart-windows", flags.cart_windows, "cart", "5m,1h");
    windows("--purchase-windows", flags.purchase_windows, "purchase", "24h");
    windows("--checkout-windows", flags.checkout_windows, "checkout", "none: no such lane");
    duration("--session-gap", flags.session_gap, "Silence that ends a session [30m]", false);
    duration("--lateness", flags.lateness, "How long after its gap a session waits for late events [5s]", true);
    duration("--linger", flags.linger, "How long values outlive their window: their TTL beyond it [10m]", false);
    duration("--dedupe", flags.dedupe, "How long an event's id is remembered [24h]", false);
    duration("--max-future", flags.max_future, "Events further ahead of the clock are refused [5m]", true);
    app.add_option("--bot-limit", flags.bot_limit,
                   "Events of one shopper in one minute; more are refused and counted. 0: all are taken [0]")
        ->type_name("EVENTS")
        ->check(CLI::Range(0U, 1'000'000'000U))
        ->group("Features");
    app.add_option("--cart-total", flags.cart_total,
                   "What cart.total_value says: the cart before the event, after it, or by form: before it in JSON, "
                   "after it in TSV [by_form]")
        ->type_name("before|after|by_form")
        ->check(CLI::IsMember({"before", "after", "by_form"}))
        ->group("Features");
    app.add_flag("--no-stitch", flags.no_stitch, "Leave what happened before a login with the anonymous visitor")
        ->group("Features");
}

void add_run(CLI::App& app, Flags& flags) {
    app.add_option("-b,--brokers", flags.brokers, "Kafka's brokers [localhost:9092]")
        ->type_name("HOST:PORT,...")
        ->group("Kafka");
    app.add_option("-t,--topic", flags.topic, "Topic of enriched events [enriched-good]")->group("Kafka");
    app.add_option("-g,--group", flags.group, "Consumer group [live-shopper]")->group("Kafka");
    app.add_option("--dead-letter-topic", flags.dead_letter_topic,
                   "Where records go that cannot be decoded [TOPIC-dead-letter]")
        ->group("Kafka");
    app.add_option("-X", flags.properties, "A property of librdkafka: SASL, TLS, buffers...; may be repeated")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->allow_extra_args(false)
        ->group("Kafka");
    app.add_option("--kafka-password-file", flags.kafka_password_file, "File with Kafka's sasl.password")
        ->type_name("FILE")
        ->group("Kafka");
    app.add_flag(
           "--embedded-kafka", flags.embedded_kafka,
           "Serve a small Kafka in this process and read from it; prints `kafka HOST:PORT`. It keeps about 5 MB per "
           "partition, in memory")
        ->group("Kafka");
    app.add_option("--partitions", flags.partitions,
                   "Partitions of the embedded Kafka's topic [4], or of the topics between the stages [12]")
        ->check(CLI::Range(1U, most_partitions))
        ->group("Kafka");
    app.add_flag("--scale-out", flags.scale_out,
                 "Share the work with other processes of the group, through topics named after it")
        ->group("Scale-out");
    app.add_option("--instance", flags.instance,
                   "Name of this process in its group: one that comes back by it within the session timeout has its "
                   "partitions again")
        ->type_name("NAME")
        ->group("Scale-out");
    app.add_option("--source-keyed-by", flags.keyed_by,
                   "The topic has all events of a visitor in one partition: they need not be sorted by visitor first")
        ->type_name("domain_userid")
        ->check(CLI::IsMember({"domain_userid"}))
        ->group("Scale-out");
    app.add_option("-r,--redis", flags.redis, "Redis [localhost:6379]")->type_name("HOST:PORT")->group("Redis");
    app.add_option("--redis-socket", flags.redis_socket, "Redis' unix socket, instead of HOST:PORT")
        ->type_name("PATH")
        ->group("Redis");
    app.add_option("--redis-user", flags.redis_user, "ACL user of Redis")->type_name("NAME")->group("Redis");
    app.add_option("--redis-password-file", flags.redis_password_file, "File with the password of Redis")
        ->type_name("FILE")
        ->group("Redis");
    app.add_flag("--redis-tls", flags.redis_tls, "TLS to Redis; its certificate has to be good and to name the host")
        ->group("Redis");
    app.add_option("--redis-ca", flags.redis_ca, "Certificates of who may vouch for Redis [the system's]")
        ->type_name("FILE")
        ->group("Redis");
    app.add_option("--redis-cert", flags.redis_certificate, "Certificate to show to Redis")
        ->type_name("FILE")
        ->group("Redis");
    app.add_option("--redis-key", flags.redis_key, "Key of that certificate")->type_name("FILE")->group("Redis");
    app.add_option("--redis-db", flags.redis_database, "Number of Redis' database [0]")
        ->check(CLI::Range(0, 1'000'000))
        ->group("Redis");
    app.add_option("--max-pending", flags.max_pending, "Values waiting for Redis at which consumption pauses [200000]")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000'000}))
        ->group("Redis");
    app.add_option("--flush-interval", flags.flush_interval, "How often changed values are written [100ms]")
        ->type_name("DURATION")
        ->check(check_length)
        ->group("Redis");
    app.add_option("--threads", flags.threads, "Shards that work in parallel [1]")->check(CLI::Range(1, 256));
    app.add_option("--memory-limit", flags.memory_limit,
                   "Memory that state and queues are kept within: near it what was idle for longest is dropped [none]")
        ->type_name("BYTES[K|M|G]")
        ->check(check_bytes);
    app.add_option(
           "--snapshots", flags.snapshots,
           "Keep the state in this directory, so that a start reads back what came since and not two days; with "
           "--scale-out also in Kafka, where every process finds it [none]")
        ->type_name("DIRECTORY|kafka");
    app.add_option("--snapshot-interval", flags.snapshot_interval, "How often [1m]")
        ->type_name("DURATION")
        ->check([](const std::string& text) {
            const auto parsed = parse_duration(text);
            return parsed && *parsed >= std::chrono::seconds{1}
                       ? std::string{}
                       : fmt::format("expected a duration of 1s or more, found \"{}\"", text);
        });
    app.add_option("--metrics", flags.metrics,
                   "Serve Prometheus metrics at /metrics; on loopback where only a port is given")
        ->type_name("[HOST:]PORT");
    app.add_option("--log-level", flags.log_level, "debug, info, warn, error or off [info]")
        ->type_name("LEVEL")
        ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
}

// A flag's value was checked when it was parsed.
void set(weir::Duration& to, const std::optional<std::string>& flag) {
    if (flag) {
        to = parse_duration(*flag).value();
    }
}

void set(std::vector<weir::Duration>& to, const std::vector<std::string>& flags, const char* name) {
    if (flags.empty()) {
        return;
    }
    to.clear();
    for (const std::string& flag : flags) {
        const auto length = parse_duration(flag).value();
        if (std::find(to.begin(), to.end(), length) != to.end()) {
            throw ConfigError(fmt::format("{}: expected every window once, found {} again", name, flag));
        }
        to.push_back(length);
    }
}

template <class T>
void set(T& to, const std::optional<T>& flag) {
    if (flag) {
        to = *flag;
    }
}

Endpoint endpoint(const std::string& text, const char* flag, const char* host) {
    auto parsed = parse_endpoint(text, host);
    if (!parsed) {
        throw ConfigError(fmt::format("{}: expected HOST:PORT, found \"{}\"", flag, text));
    }
    return *std::move(parsed);
}

void apply_settings(const Flags& flags, Settings& settings) {
    set(settings.product_windows, flags.product_windows, "--product-windows");
    set(settings.category_windows, flags.category_windows, "--category-windows");
    set(settings.cart_windows, flags.cart_windows, "--cart-windows");
    set(settings.purchase_windows, flags.purchase_windows, "--purchase-windows");
    set(settings.checkout_windows, flags.checkout_windows, "--checkout-windows");
    set(settings.session_gap, flags.session_gap);
    set(settings.session_lateness, flags.lateness);
    set(settings.linger, flags.linger);
    set(settings.dedupe, flags.dedupe);
    set(settings.max_future, flags.max_future);
    set(settings.flush_interval, flags.flush_interval);
    if (flags.bot_limit) {
        settings.bot_limit = *flags.bot_limit;
    }
    if (flags.cart_total) {
        settings.cart_total = parse_cart_total(*flags.cart_total).value();
    }
    settings.stitch = settings.stitch && !flags.no_stitch;
}

void apply_run(const Flags& flags, Config& config) {
    set(config.kafka.brokers, flags.brokers);
    set(config.kafka.topic, flags.topic);
    set(config.kafka.group, flags.group);
    set(config.kafka.dead_letter_topic, flags.dead_letter_topic);
    for (const std::string& property : flags.properties) {
        const auto equals = property.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw ConfigError(fmt::format("-X: expected KEY=VALUE, found \"{}\"", property));
        }
        const auto name = property.substr(0, equals);
        // Whoever can list processes can read a command line.
        for (const std::string_view secret : {"password", "secret", ".pem"}) {
            if (name.find(secret) != std::string::npos) {
                throw ConfigError(fmt::format(
                    "-X: expected no secret on the command line, found {}; it goes into \"properties\" of the "
                    "config file, sasl.password also into --kafka-password-file or "
                    "LIVE_SHOPPER_KAFKA_PASSWORD",
                    name));
            }
        }
        config.kafka.properties.emplace_back(name, property.substr(equals + 1));
    }
    check_kafka_properties(config.kafka.properties);
    if (flags.redis) {
        const auto redis = endpoint(*flags.redis, "--redis", "localhost");
        config.redis.host = redis.host;
        config.redis.port = redis.port;
        config.redis.unix_socket.clear();
    }
    set(config.redis.unix_socket, flags.redis_socket);
    set(config.redis.user, flags.redis_user);
    set(config.redis_password_file, flags.redis_password_file);
    set(config.kafka_password_file, flags.kafka_password_file);
    set(config.redis.database, flags.redis_database);
    config.redis.tls = config.redis.tls || flags.redis_tls;
    set(config.redis.tls_ca, flags.redis_ca);
    set(config.redis.tls_certificate, flags.redis_certificate);
    set(config.redis.tls_key, flags.redis_key);
    set(config.max_pending, flags.max_pending);
    if (flags.memory_limit) {
        config.memory_limit = parse_bytes(*flags.memory_limit).value();
    }
    set(config.snapshots, flags.snapshots);
    set(config.snapshot_interval, flags.snapshot_interval);
    set(config.threads, flags.threads);
    config.embedded_kafka = config.embedded_kafka || flags.embedded_kafka;
    config.scale_out = config.scale_out || flags.scale_out;
    set(config.instance, flags.instance);
    config.keyed_by_visitor = config.keyed_by_visitor || flags.keyed_by.has_value();
    if (flags.partitions) {
        config.stage_partitions = flags.partitions;
        config.embedded_partitions = static_cast<int>(*flags.partitions);
    }
    if (config.embedded_kafka && config.embedded_partitions > 64) {
        throw ConfigError("--partitions: expected up to 64 of the embedded Kafka, found more");
    }
    if (flags.metrics) {
        config.metrics = endpoint(*flags.metrics, "--metrics", "127.0.0.1");
    }
    if (flags.log_level) {
        config.log_level = log::parse_level(*flags.log_level).value();
    }
    load_secrets(config);
    validate(config);
}

std::optional<weir::Timestamp> parse_until(const std::string& text) {
    std::int64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
    if (error == std::errc{} && end == text.data() + text.size()) {
        return weir::Timestamp{weir::Duration{milliseconds}};
    }
    return parse_timestamp(text);
}

}  // namespace

Parsed parse_options(int argc, const char* const* argv, std::FILE* out, std::FILE* err) {
    Flags flags;
    CLI::App app{description, "live-shopper"};
    app.footer(footer);
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);

    CLI::App& run = *app.add_subcommand("run", "The job: events from Kafka, values to Redis, until SIGTERM");
    add_run(run, flags);
    add_settings(run, flags);
    run.footer(run_footer);

    CLI::App& replay = *app.add_subcommand("replay", "The same features over files; no Kafka, no Redis");
    replay.add_option("files", flags.files, "Events, one a line, JSON or TSV; - is standard input")
        ->required()
        ->type_name("FILE...");
    replay.add_option("--until", flags.until, "Leave out events after this time [the greatest event time]")
        ->type_name("TIME");
    replay.add_option("--threads", flags.threads, "Shards that work in parallel [1]")->check(CLI::Range(1, 256));
    replay.add_flag("--changes", flags.changes, "Print every write instead: time, key, value, TTL in seconds");
    replay.add_option("--flush-interval", flags.flush_interval, "Event time between writes [100ms]")
        ->type_name("DURATION")
        ->check(check_length);
    add_settings(replay, flags);
    replay.footer(replay_footer);

    CLI::App& features =
        *app.add_subcommand("features", "The catalogue: name, window, events and meaning of each feature");
    add_settings(features, flags);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream text;
        std::ostringstream trouble;
        const bool fine = app.exit(error, text, trouble) == 0;
        fmt::print(out, "{}", text.str());
        fmt::print(err, "{}", trouble.str());
        return {std::nullopt, fine ? 0 : 2};
    }

    Options options;
    try {
        if (flags.config) {
            load_config(*flags.config, options.config);
        }
        apply_settings(flags, options.config.settings);
        if (run.parsed()) {
            options.command = Command::run;
            apply_run(flags, options.config);
        } else if (replay.parsed()) {
            options.command = Command::replay;
            options.replay.files = flags.files;
            options.replay.changes = flags.changes;
            options.replay.shards = flags.threads.value_or(options.config.threads);
            options.replay.progress = ::isatty(STDERR_FILENO) == 1;
            if (flags.until) {
                options.replay.until = parse_until(*flags.until);
                if (!options.replay.until) {
                    throw ConfigError(
                        fmt::format("--until: expected a time such as 2025-04-04T14:33:39.968Z or milliseconds since "
                                    "1970, found \"{}\"",
                                    *flags.until));
                }
            }
        } else {
            options.command = Command::features;
        }
    } catch (const std::exception& error) {
        fmt::print(err, "live-shopper: {}\n", error.what());
        return {std::nullopt, 2};
    }
    return {std::move(options), 0};
}

}  // namespace live_shopper
