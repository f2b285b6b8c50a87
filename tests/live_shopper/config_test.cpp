// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "config.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "kafka_client.hpp"
#include "options.hpp"

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using live_shopper::Config;
using live_shopper::ConfigError;

namespace {

std::string error_of(const std::string& text) {
    Config config;
    try {
        live_shopper::read_config(text, "features.json", config);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "none";
}

struct Outcome {
    live_shopper::Parsed parsed;
    std::string out;
    std::string err;
};

Outcome parse(const std::vector<std::string>& words) {
    std::vector<const char*> argv{"live-shopper"};
    for (const auto& word : words) {
        argv.push_back(word.c_str());
    }
    char* out = nullptr;
    char* err = nullptr;
    std::size_t out_size = 0;
    std::size_t err_size = 0;
    std::FILE* const out_file = ::open_memstream(&out, &out_size);
    std::FILE* const err_file = ::open_memstream(&err, &err_size);
    Outcome outcome{live_shopper::parse_options(static_cast<int>(argv.size()), argv.data(), out_file, err_file), "",
                    ""};
    std::fclose(out_file);
    std::fclose(err_file);
    outcome.out.assign(out, out_size);
    outcome.err.assign(err, err_size);
    std::free(out);
    std::free(err);
    return outcome;
}

class File {
public:
    explicit File(const std::string& text) {
        std::string name = (std::filesystem::temp_directory_path() / "weir-config-XXXXXX").string();
        ::close(::mkstemp(name.data()));
        path_ = name;
        std::ofstream{path_} << text;
    }
    ~File() { std::filesystem::remove(path_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace

TEST_CASE("durations are a whole number and a unit", "[config]") {
    CHECK(live_shopper::parse_duration("5m") == 5min);
    CHECK(live_shopper::parse_duration("100ms") == 100ms);
    CHECK(live_shopper::parse_duration("24h") == 24h);
    CHECK(live_shopper::parse_duration("7d") == 24h * 7);
    CHECK(live_shopper::parse_duration("0s") == 0s);
    for (const auto* text : {"", "5", "m", "5 m", "5mins", "-5m", "+5m", "1.5h", "5M", " 5m", "5m ",
                             "99999999999999999999h", "9999999999999h"}) {
        INFO(text);
        CHECK_FALSE(live_shopper::parse_duration(text));
    }
}

TEST_CASE("endpoints are a host and a port, or a port alone", "[config]") {
    const auto is = [](const char* text, const char* host, int port) {
        const auto endpoint = live_shopper::parse_endpoint(text, "127.0.0.1");
        return endpoint && endpoint->host == host && endpoint->port == port;
    };
    CHECK(is("redis:6379", "redis", 6379));
    CHECK(is("9464", "127.0.0.1", 9464));
    CHECK(is(":9464", "127.0.0.1", 9464));
    CHECK(is("[::1]:6379", "::1", 6379));
    for (const auto* text : {"", "redis", "redis:", "redis:x", "redis:70000", "::1:6379", "[::1]", "[]:1", "a:1x"}) {
        INFO(text);
        CHECK_FALSE(live_shopper::parse_endpoint(text, "127.0.0.1"));
    }
}

TEST_CASE("a config file sets everything", "[config]") {
    Config config;
    live_shopper::read_config(R"({
        "kafka": {"brokers": "a:1,b:2", "topic": "t", "group": "g", "dead_letter_topic": "d",
                  "properties": {"security.protocol": "SASL_SSL", "fetch.min.bytes": 1, "enable.ssl.certificate.verification": true}},
        "redis": {"address": "r:7000", "user": "u", "password": "p\"q", "database": 2, "max_pending": 10,
                  "connect_timeout": "1s", "reply_timeout": "2s"},
        "windows": {"product": ["1m"], "category": ["2m", "3h"], "cart": ["4m"], "purchase": ["2d"], "checkout": ["5m"]},
        "session": {"gap": "10m", "lateness": "0s"},
        "linger": "1m", "dedupe": "2h", "max_future": "1s", "flush_interval": "50ms", "cart_total": "after",
        "stitch": false, "threads": 2, "max_record_bytes": 2048, "metrics": "9464", "log_level": "debug"})",
                              "f", config);
    CHECK(config.kafka.brokers == "a:1,b:2");
    CHECK(config.kafka.dead_letters() == "d");
    CHECK(config.kafka.properties.size() == 3);
    CHECK(config.redis.host == "r");
    CHECK(config.redis.port == 7000);
    CHECK(config.redis.password == "p\"q");
    CHECK(config.redis.database == 2);
    CHECK(config.max_pending == 10);
    CHECK(config.settings.category_windows == std::vector<weir::Duration>{2min, 3h});
    CHECK(config.settings.purchase_windows == std::vector<weir::Duration>{48h});
    CHECK(config.settings.checkout_windows == std::vector<weir::Duration>{5min});
    CHECK(config.settings.session_gap == 10min);
    CHECK(config.settings.session_lateness == 0s);
    CHECK(config.settings.flush_interval == 50ms);
    CHECK(config.settings.cart_total == live_shopper::CartTotal::after);
    CHECK_FALSE(config.settings.stitch);
    CHECK(config.metrics->port == 9464);
    CHECK(config.metrics->host == "127.0.0.1");
    CHECK(config.log_level == live_shopper::log::Level::debug);
}

TEST_CASE("an error in a config file says where, what was found and what was wanted", "[config]") {
    CHECK(error_of("{\n  \"linger\": \"10m\",\n  \"dedupe\": \"5 mins\"}") ==
          "features.json:3:13: expected a duration such as 5m, found \"5 mins\"");
    CHECK(error_of(R"({"windows": {"cart": ["5m", 7]}})") ==
          "features.json:1:29: expected a duration such as 5m, found 7");
    CHECK(error_of(R"({"windows": {"cart": ["5m", "300s"]}})") ==
          "features.json:1:29: expected every window once, found \"300s\"");
    CHECK(error_of(R"({"windows": {"cart": []}})") ==
          "features.json:1:22: expected an array of durations such as [\"5m\", \"1h\"], found an array");
    CHECK(error_of(R"({"windows": {"cart": ["0m"]}})") ==
          "features.json:1:23: expected a duration of 1ms or more, found \"0m\"");
    CHECK(error_of(R"({"flush_intervall": "1s"})") ==
          "features.json:1:2: unknown key \"flush_intervall\", did you mean \"flush_interval\"?");
    CHECK_THAT(error_of(R"({"kafka": {"zzzzzzzz": 1}})"),
               Contains("1:12: unknown key \"zzzzzzzz\", expected one of brokers, topic, group"));
    CHECK(error_of(R"({"kafka": 1})") == "features.json:1:11: expected an object of Kafka settings, found 1");
    CHECK(error_of(R"({"threads": 0})") == "features.json:1:13: expected a whole number from 1 to 256, found 0");
    CHECK(error_of(R"({"threads": 1.5})") == "features.json:1:13: expected a whole number from 1 to 256, found 1.5");
    CHECK(error_of(R"({"threads": 18446744073709551615})") ==
          "features.json:1:13: expected a whole number from 1 to 256, found 18446744073709551615");
    CHECK(error_of(R"({"stitch": "no"})") == "features.json:1:12: expected true or false, found \"no\"");
    CHECK(error_of(R"({"redis": {"address": "redis"}})") == "features.json:1:23: expected HOST:PORT, found \"redis\"");
    CHECK(error_of(R"({"stitch": true, "stitch": false})") ==
          "features.json:1:18: expected each key once, found \"stitch\" again");
    CHECK(error_of(R"({"ä": {"é~/": 1}, "stitch": 1})") != "none");
    CHECK(error_of("[]") == "features.json:1:1: expected an object of settings, found an array");
    CHECK_THAT(error_of("{\n\"linger\": \"10m\"\n\"dedupe\": 1}"),
               Contains("features.json:3:8: expected JSON, found an error"));
    CHECK_THAT(error_of(""), Contains("features.json:1:1: expected JSON"));
    CHECK_THAT(error_of(R"({"linger": "10m"} x)"), Contains("features.json:1:19: expected JSON"));
}

TEST_CASE("what the JSON parser itself finds has a place too", "[config]") {
    CHECK(error_of("{\n \"threads\": 1e999}") ==
          "features.json:2:17: expected JSON, found a number overflow parsing '1e999'");
    const auto deep = [](int depth) {
        return R"({"windows": )" + std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']') + "}";
    };
    CHECK(error_of(deep(100'000)) == "features.json:1:77: expected settings, found a nesting of more than 64");
    CHECK_THAT(error_of(deep(60)), Contains("features.json:1:13: expected an object of windows per lane"));
}

TEST_CASE("a byte order mark before the text is passed over", "[config]") {
    CHECK(error_of("\xEF\xBB\xBF{\"linger\": \"10m\"}") == "none");
    CHECK_THAT(error_of("\xEF\xBB\xBF{\"linger\": \"10 m\"}"), Contains("expected a duration such as 5m"));
}

TEST_CASE("bytes may come in units", "[config]") {
    CHECK(live_shopper::parse_bytes("0") == 0U);
    CHECK(live_shopper::parse_bytes("123456789") == 123'456'789U);
    CHECK(live_shopper::parse_bytes("3K") == 3U << 10U);
    CHECK(live_shopper::parse_bytes("512M") == std::size_t{512} << 20U);
    CHECK(live_shopper::parse_bytes("2G") == std::size_t{2} << 30U);
    for (const auto* const bad :
         {"", "M", "1.5G", "-1", "1T", "1MB", "1 G", "1m", "18446744073709551616", "99999999999G"}) {
        CHECK_FALSE(live_shopper::parse_bytes(bad));
    }
    Config config;
    live_shopper::read_config(R"({"memory_limit": "2G"})", "c", config);
    CHECK(config.memory_limit == std::size_t{2} << 30U);
    live_shopper::read_config(R"({"memory_limit": 100000000})", "c", config);
    CHECK(config.memory_limit == 100'000'000U);
    CHECK(error_of(R"({"memory_limit": "much"})") ==
          "features.json:1:18: expected bytes such as 512M or 2G, found \"much\"");
    config.memory_limit = 1;
    CHECK_THROWS_WITH(live_shopper::validate(config), "the memory limit: expected 64M or more, found 1 bytes");
    config.memory_limit = 100'000'000U;
    config.scale_out = true;
    CHECK_NOTHROW(live_shopper::validate(config));
}

TEST_CASE("snapshots are kept in a directory, or by a fleet in Kafka", "[config]") {
    Config config;
    live_shopper::read_config(R"({"snapshots": "/var/lib/shop", "snapshot_interval": "10m"})", "c", config);
    CHECK(config.snapshots == "/var/lib/shop");
    CHECK(config.snapshot_interval == 10min);
    CHECK_FALSE(config.snapshots_in_kafka());
    config.scale_out = true;
    CHECK_NOTHROW(live_shopper::validate(config));
    live_shopper::read_config(R"({"snapshots": "kafka"})", "c", config);
    CHECK(config.snapshots_in_kafka());
    CHECK_NOTHROW(live_shopper::validate(config));
    CHECK(Config::snapshots_topic(config.visitors_topic()) == "live-shopper-visitors-snapshots");
    config.scale_out = false;
    CHECK_THROWS_WITH(live_shopper::validate(config),
                      "snapshots: expected --scale-out with kafka, or a directory (./kafka is one), found neither");
    config.snapshots = "./kafka";
    CHECK_NOTHROW(live_shopper::validate(config));
}

TEST_CASE("a key with a slash in it is one key", "[config]") {
    CHECK(error_of(R"({"kafka": {"properties": {"a/b": 1, "a": 2}}})") == "none");
    CHECK_THAT(error_of(R"({"kafka/topic": {}, "kafka": {"topic": "a"}})"),
               Contains("features.json:1:2: unknown key \"kafka/topic\""));
}

TEST_CASE("columns count characters, not bytes", "[config]") {
    CHECK(error_of(R"({"kafka": {"topic": "äöü", "group": 1}})") ==
          "features.json:1:37: expected a consumer group's name, found 1");
}

TEST_CASE("a secret of the wrong kind is not shown", "[config]") {
    CHECK(error_of(R"({"redis": {"password": 4711}})") == "features.json:1:24: expected a text, found something else");
}

TEST_CASE("a flag wins over the file", "[config]") {
    const File file{R"({"kafka": {"topic": "file", "group": "file"}, "windows": {"cart": ["1m"]}, "stitch": true})"};
    const auto outcome = parse({"run", "--config", file.path(), "--topic", "flag", "--cart-windows", "2m,3m",
                                "--no-stitch", "-X", "fetch.min.bytes=5", "-X", "acks=1", "--redis", "r:1"});
    INFO(outcome.err);
    REQUIRE(outcome.parsed.options);
    const auto& config = outcome.parsed.options->config;
    CHECK(config.kafka.topic == "flag");
    CHECK(config.kafka.group == "file");
    CHECK(config.kafka.dead_letters() == "flag-dead-letter");
    CHECK(config.settings.cart_windows == std::vector<weir::Duration>{2min, 3min});
    CHECK_FALSE(config.settings.stitch);
    CHECK(config.kafka.properties.size() == 2);
}

TEST_CASE("usage errors end with code 2 and say what is wrong", "[config]") {
    const auto fails = [](const std::vector<std::string>& words, const std::string& with) {
        const auto outcome = parse(words);
        CHECK_FALSE(outcome.parsed.options);
        CHECK(outcome.parsed.exit_code == 2);
        CHECK(outcome.out.empty());
        CHECK_THAT(outcome.err, Contains(with));
    };
    fails({}, "subcommand");
    fails({"run", "--nonsense"}, "--nonsense");
    fails({"run", "--flush-interval", "5 mins"}, "expected a duration such as 5m, found \"5 mins\"");
    fails({"run", "--session-gap", "0s"}, "expected a duration of 1ms or more, found \"0s\"");
    fails({"run", "--redis", "redis"}, "--redis: expected HOST:PORT, found \"redis\"");
    fails({"run", "-X", "group.instance"}, "-X: expected KEY=VALUE");
    fails({"run", "-X", "no.such=1"}, "librdkafka knows no such property");
    fails({"run", "-X", "enable.auto.commit=true"}, "the job sets this itself");
    fails({"run", "--config", "/nowhere/at/all.json"}, "/nowhere/at/all.json: cannot read this file");
    fails({"run", "--topic", "a b"}, "expected a name of up to 249");
    fails({"run", "--topic", "a", "--dead-letter-topic", "a"}, "expected another topic than");
    fails({"run", "--redis-user", "u"}, "expected a password");
    fails({"replay"}, "files");
    fails({"replay", "--until", "yesterday", "-"}, "expected a time such as");
}

TEST_CASE("help is for standard output", "[config]") {
    for (const auto& words : {std::vector<std::string>{"--help"}, {"run", "--help"}, {"replay", "--help"}}) {
        const auto outcome = parse(words);
        CHECK(outcome.parsed.exit_code == 0);
        CHECK_THAT(outcome.out, Contains("Examples:"));
        CHECK(outcome.err.empty());
    }
}

TEST_CASE("a time to replay to is a date or milliseconds", "[config]") {
    const weir::Timestamp expected{1'743'777'219'968ms};
    for (const auto* text : {"2025-04-04T14:33:39.968Z", "1743777219968"}) {
        const auto outcome = parse({"replay", "--until", text, "a", "b"});
        REQUIRE(outcome.parsed.options);
        CHECK(outcome.parsed.options->replay.until == expected);
        CHECK(outcome.parsed.options->replay.files == std::vector<std::string>{"a", "b"});
    }
}

TEST_CASE("the password of Redis comes from a file or the environment", "[config]") {
    const File secret{"s3cret word\n"};
    auto outcome = parse({"run", "--redis-user", "u", "--redis-password-file", secret.path()});
    REQUIRE(outcome.parsed.options);
    CHECK(outcome.parsed.options->config.redis.password == "s3cret word");
    ::setenv("LIVE_SHOPPER_REDIS_PASSWORD", "other", 1);
    outcome = parse({"run"});
    ::unsetenv("LIVE_SHOPPER_REDIS_PASSWORD");
    REQUIRE(outcome.parsed.options);
    CHECK(outcome.parsed.options->config.redis.password == "other");
}

TEST_CASE("a secret among Kafka's properties is not repeated by an error", "[config]") {
    try {
        live_shopper::check_kafka_properties({{"security.protocol", "hunter2"}});
        FAIL("no error");
    } catch (const std::invalid_argument& error) {
        CHECK_THAT(error.what(), !Contains("hunter2"));
    }
}

TEST_CASE("text from events can neither break a line of the log nor fake one", "[log]") {
    using live_shopper::log::quoted;
    CHECK(quoted("plain-text_1.5:8/a@b") == "plain-text_1.5:8/a@b");
    CHECK(quoted("") == "\"\"");
    CHECK(quoted("two words") == "\"two words\"");
    CHECK(quoted("a=b") == "\"a=b\"");
    CHECK(quoted("say \"x\" \\") == "\"say \\\"x\\\" \\\\\"");
    CHECK(quoted("a\nlevel=error\r\x1b[31m") == "\"a\\nlevel=error\\x0d\\x1b[31m\"");
    CHECK(quoted("\xc3\xa4") == "\"\\xc3\\xa4\"");
}

TEST_CASE("equal lines of the log are held back and counted", "[log]") {
    live_shopper::log::Limit limit{10s};
    const auto now = std::chrono::steady_clock::time_point{} + 1h;
    CHECK(limit.allows(now));
    CHECK_FALSE(limit.allows(now + 1s));
    CHECK_FALSE(limit.allows(now + 2s));
    CHECK(limit.allows(now + 10s));
    CHECK(limit.suppressed() == 2);
    limit.reset();
    CHECK(limit.allows(now + 11s));
}

TEST_CASE("the password of Kafka comes from a file or the environment and not from the command line", "[config]") {
    const auto password_of = [](const Outcome& outcome) {
        std::string found;
        for (const auto& [key, value] : outcome.parsed.options->config.kafka.properties) {
            found = key == "sasl.password" ? value : found;
        }
        return found;
    };
    const File secret{"k4fka\n"};
    auto outcome = parse({"run", "--kafka-password-file", secret.path()});
    REQUIRE(outcome.parsed.options);
    CHECK(password_of(outcome) == "k4fka");
    ::setenv("LIVE_SHOPPER_KAFKA_PASSWORD", "other", 1);
    outcome = parse({"run"});
    ::unsetenv("LIVE_SHOPPER_KAFKA_PASSWORD");
    REQUIRE(outcome.parsed.options);
    CHECK(password_of(outcome) == "other");
    for (const std::string property :
         {"sasl.password", "ssl.key.password", "sasl.oauthbearer.client.secret", "ssl.key.pem"}) {
        outcome = parse({"run", "-X", property + "=hunter2"});
        CHECK_FALSE(outcome.parsed.options);
        CHECK_THAT(outcome.err, Contains("expected no secret on the command line, found " + property));
        CHECK_THAT(outcome.err, !Contains("hunter2"));
    }
}

TEST_CASE("TLS to Redis is all or nothing", "[config]") {
    const auto outcome =
        parse({"run", "--redis-tls", "--redis-ca", "ca.pem", "--redis-cert", "c.pem", "--redis-key", "c.key"});
    REQUIRE(outcome.parsed.options);
    CHECK(outcome.parsed.options->config.redis.tls);
    CHECK(outcome.parsed.options->config.redis.tls_ca == "ca.pem");
    CHECK(outcome.parsed.options->config.redis.tls_certificate == "c.pem");
    CHECK(outcome.parsed.options->config.redis.tls_key == "c.key");
    CHECK_THAT(parse({"run", "--redis-ca", "ca.pem"}).err, Contains("expected TLS to be on"));
    CHECK_THAT(parse({"run", "--redis-tls", "--redis-cert", "c.pem"}).err, Contains("found one of them"));
    CHECK_THAT(parse({"run", "--redis-tls", "--redis-socket", "/s"}).err, Contains("found both"));
}
