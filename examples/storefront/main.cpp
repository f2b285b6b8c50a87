// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// storefront: a shop whose shoppers become features and actions while they are there.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "config.hpp"
#include "log.hpp"
#include "storefront.hpp"

namespace {

namespace fs = std::filesystem;
using live_shopper::ConfigError;

live_shopper::Endpoint endpoint(const std::string& text, const char* flag, const char* host) {
    const auto parsed = live_shopper::parse_endpoint(text, host);
    if (!parsed) {
        throw ConfigError(fmt::format("{}: expected HOST:PORT, found \"{}\"", flag, text));
    }
    return *parsed;
}

// Beside the program: in the build the pages are linked there, installed ones lie there or under share.
std::string beside_program(const std::string& name) {
    std::error_code error;
    const auto program = fs::read_symlink("/proc/self/exe", error);
    if (error) {
        return name;
    }
    const auto folder = program.parent_path();
    for (const auto& candidate : {folder / name, folder / "../share/weir/storefront" / name}) {
        if (fs::exists(candidate, error)) {
            return candidate.lexically_normal().string();
        }
    }
    return name;
}

}  // namespace

int main(int argc, char** argv) {
    // Before any thread: they all leave these to sigwait.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    storefront::StorefrontSettings settings;
    std::string listen = "127.0.0.1:8080";
    std::string redis = "localhost:6379";
    std::string job_metrics;
    std::string password_file;
    std::string log_level = "info";
    std::string active = "5m";
    std::vector<std::string> properties;

    CLI::App app{"A shop, its tracker's collector, and what it does about its shoppers from their features in Redis",
                 "storefront"};
    app.get_formatter()->column_width(34);
    app.add_option("--listen", listen, "Address of the shop; port 0 takes a free one [127.0.0.1:8080]")
        ->type_name("HOST:PORT");
    app.add_option("--brokers", settings.brokers, "Kafka [localhost:9092]")->type_name("HOST:PORT,...");
    app.add_option("--topic", settings.topic, "Where enriched events go, and are read again [enriched-good]")
        ->type_name("NAME");
    app.add_option("--bad-topic", settings.bad_topic, "Where bad payloads go [TOPIC-bad]")->type_name("NAME");
    app.add_option("-X", properties, "A property of librdkafka's")->type_name("KEY=VALUE");
    app.add_option("--redis", redis, "Redis with the features [localhost:6379]")->type_name("HOST:PORT");
    app.add_option("--redis-password-file", password_file, "Its password; also the environment's REDIS_PASSWORD")
        ->type_name("FILE");
    app.add_option("--job-metrics", job_metrics, "The stream job's metrics, for the totals on /live")
        ->type_name("HOST:PORT");
    app.add_option("--www", settings.www, "The shop's pages [beside the program]")->type_name("DIR");
    app.add_option("--vendor", settings.vendor, "The tracker's scripts, served as /vendor/ [WWW/vendor]")
        ->type_name("DIR");
    app.add_option("--actions", settings.actions, "The rules [actions.json beside the program]")->type_name("FILE");
    app.add_option("--shoppers", settings.shoppers, "Made-up shoppers [0]")
        ->type_name("N")
        ->check(CLI::Range(0, 100'000));
    app.add_option("--rate", settings.rate, "Their events per second, all together [20]")
        ->type_name("R")
        ->check(CLI::Range(0.0, 2000.0));
    app.add_option("--active", active, "How long after their last event shoppers are looked after [5m]")
        ->type_name("DURATION");
    app.add_option("--limit", settings.limit_per_second, "Requests to the collector per second and address [200]")
        ->type_name("N")
        ->check(CLI::Range(1.0, 1e6));
    app.add_flag("--geo-headers", settings.collector.geo_headers,
                 "Take X-Geo-Country, -Region and -City; for a proxy that sets them");
    app.add_flag("--trust-forwarded", settings.collector.trust_forwarded,
                 "Take X-Forwarded-For; for a proxy that sets it");
    app.add_flag("--secure-cookies", settings.collector.secure_cookies, "Cookies for https and other sites");
    app.add_option("--log-level", log_level, "debug, info, warn, error or off [info]")->type_name("LEVEL");
    CLI11_PARSE(app, argc, argv);

    try {
        const auto level = live_shopper::log::parse_level(log_level);
        if (!level) {
            throw ConfigError(
                fmt::format("--log-level: expected debug, info, warn, error or off, found \"{}\"", log_level));
        }
        live_shopper::log::set_level(*level);
        settings.listen = endpoint(listen, "--listen", "127.0.0.1");
        const auto redis_endpoint = endpoint(redis, "--redis", "localhost");
        live_shopper::Config secrets;
        secrets.redis_password_file = password_file;
        live_shopper::load_secrets(secrets);
        settings.redis = secrets.redis;
        settings.redis.host = redis_endpoint.host;
        settings.redis.port = redis_endpoint.port;
        settings.redis.reply_timeout = std::chrono::seconds{1};
        settings.redis.connect_timeout = std::chrono::milliseconds{500};
        if (!job_metrics.empty()) {
            settings.job_metrics = endpoint(job_metrics, "--job-metrics", "localhost");
        }
        const auto parsed = live_shopper::parse_duration(active);
        if (!parsed) {
            throw ConfigError(fmt::format("--active: expected a duration such as 5m, found \"{}\"", active));
        }
        settings.active = *parsed;
        for (const auto& property : properties) {
            const auto equals = property.find('=');
            if (equals == std::string::npos) {
                throw ConfigError("-X: expected KEY=VALUE");
            }
            settings.kafka_properties.emplace_back(property.substr(0, equals), property.substr(equals + 1));
        }
        if (settings.www.empty()) {
            settings.www = beside_program("www");
        }
        if (settings.actions.empty()) {
            settings.actions = beside_program("actions.json");
        }

        storefront::Storefront shop{settings};
        shop.start();
        fmt::print("storefront {}\n", shop.address());
        std::fflush(stdout);
        int signal = 0;
        sigwait(&signals, &signal);
        shop.stop();
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "storefront: {}\n", error.what());
        return 2;
    }
}
