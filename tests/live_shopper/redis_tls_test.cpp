// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// RedisStore over TLS, with certificates made for the test.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "redis_server.hpp"
#include "redis_store.hpp"

using namespace std::chrono_literals;
using live_shopper::Metrics;
using live_shopper::RedisConfig;
using live_shopper::RedisStore;
using live_shopper::WriteBatch;

namespace {

// An authority, a certificate for 127.0.0.1 and localhost, one for another host, and one for a client.
class Certificates {
public:
    Certificates() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-tls-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        folder_ = name;
        authority("authority");
        authority("stranger");
        issue("server", "subjectAltName=IP:127.0.0.1,DNS:localhost");
        issue("elsewhere", "subjectAltName=DNS:redis.example");
        issue("client", "extendedKeyUsage=clientAuth");
    }
    ~Certificates() { std::filesystem::remove_all(folder_); }
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const { return folder_ + '/' + name; }

private:
    void run(const std::string& arguments) const {
        const auto command = "cd " + folder_ + " && openssl " + arguments + " >/dev/null 2>&1";
        if (std::system(command.c_str()) != 0) {
            throw std::runtime_error(command);
        }
    }
    void authority(const std::string& name) const {
        run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
            " -keyout " + name + ".key -out " + name + ".pem");
    }
    void issue(const std::string& name, const std::string& extension) const {
        std::ofstream{file(name + ".ext")} << extension << '\n';
        run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name + " -keyout " + name +
            ".key -out " + name + ".csr");
        run("x509 -req -days 2 -in " + name + ".csr -CA authority.pem -CAkey authority.key -CAcreateserial -extfile " +
            name + ".ext -out " + name + ".pem");
    }

    std::string folder_;
};

struct TlsServer {
    TlsServer(const Certificates& certificates, const std::string& certificate, const std::string& clients)
        : port{free_port()},
          server{{"--tls-port", std::to_string(port), "--tls-cert-file", certificates.file(certificate + ".pem"),
                  "--tls-key-file", certificates.file(certificate + ".key"), "--tls-ca-cert-file",
                  certificates.file("authority.pem"), "--tls-auth-clients", clients}} {
        live_shopper::log::set_level(live_shopper::log::Level::off);
    }

    [[nodiscard]] RedisConfig config(const Certificates& certificates) const {
        RedisConfig config;
        config.host = "127.0.0.1";
        config.port = port;
        config.tls = true;
        config.tls_ca = certificates.file("authority.pem");
        return config;
    }

    std::uint16_t port;
    RedisServer server;
};

bool takes_a_write(RedisStore& store, std::chrono::milliseconds patience = 10s) {
    WriteBatch batch;
    batch.set("k", "v", 60s);
    store.submit(std::move(batch), 1);
    return eventually([&] { return store.next_acknowledgement().has_value(); }, patience);
}

}  // namespace

TEST_CASE("values are written over TLS, guarded and many at once", "[redis_tls]") {
    const Certificates certificates;
    TlsServer tls{certificates, "server", "no"};
    auto config = tls.config(certificates);
    config.host = GENERATE(std::string{"127.0.0.1"}, std::string{"localhost"});
    Metrics metrics;
    RedisStore store{config, metrics};
    store.own({{"fence", 3, 0}});
    for (std::uint64_t ticket = 1; ticket <= 20; ++ticket) {
        WriteBatch batch;
        for (int key = 0; key < 2000; ++key) {
            batch.set("k" + std::to_string(key), std::to_string(ticket) + std::string(60, 'x'), 1h);
        }
        store.submit(std::move(batch), ticket);
    }
    std::uint64_t latest = 0;
    REQUIRE(eventually([&] {
        while (const auto news = store.next_acknowledgement()) {
            latest = news->ticket;
        }
        return latest == 20;
    }));
    CHECK(tls.server.get("k1999") == "20" + std::string(60, 'x'));
    CHECK(tls.server.get("fence").value_or("").starts_with("3 "));

    // Also after Redis was away.
    tls.server.kill();
    tls.server.start();
    WriteBatch batch;
    batch.set("again", "v", 1h);
    store.submit(std::move(batch), 21);
    CHECK(eventually([&] { return tls.server.get("again") == "v"; }));
}

TEST_CASE("a Redis that cannot show a good certificate for its name gets nothing", "[redis_tls]") {
    const Certificates certificates;
    const bool wrong_host = GENERATE(true, false);
    TlsServer tls{certificates, wrong_host ? "elsewhere" : "server", "no"};
    auto config = tls.config(certificates);
    config.password = "secret";
    if (!wrong_host) {
        config.tls_ca = certificates.file("stranger.pem");
    }
    Metrics metrics;
    RedisStore store{config, metrics};
    CHECK_FALSE(takes_a_write(store, 400ms));
    CHECK(eventually([&] { return metrics.redis_errors.value() > 0; }));
    CHECK(metrics.redis_connects.value() == 0);
    CHECK_FALSE(tls.server.get("k"));
}

TEST_CASE("a Redis that wants to know its clients is shown a certificate", "[redis_tls]") {
    const Certificates certificates;
    TlsServer tls{certificates, "server", "yes"};
    auto config = tls.config(certificates);
    Metrics metrics;
    {
        RedisStore store{config, metrics};
        CHECK_FALSE(takes_a_write(store, 400ms));
    }
    config.tls_certificate = certificates.file("client.pem");
    config.tls_key = certificates.file("client.key");
    RedisStore store{config, metrics};
    CHECK(takes_a_write(store));
    CHECK(tls.server.get("k") == "v");
}

TEST_CASE("TLS to a Redis without it, and none to one with it, end in an error and not in a hang", "[redis_tls]") {
    const Certificates certificates;
    TlsServer tls{certificates, "server", "no"};
    auto config = tls.config(certificates);
    config.connect_timeout = 300ms;
    config.reply_timeout = 300ms;
    const bool speaks = GENERATE(true, false);
    config.tls = speaks;
    config.port = speaks ? tls.server.port() : tls.port;
    Metrics metrics;
    RedisStore store{config, metrics};
    CHECK(eventually([&] { return metrics.redis_errors.value() > 0; }));
    CHECK_FALSE(takes_a_write(store, 100ms));
}

TEST_CASE("an ACL user with what the guide names can do all of it and no more", "[redis_tls]") {
    RedisServer server;
    server.command({"ACL",     "SETUSER",  "shop",       "on",
                    ">secret", "~user:*",  "~session:*", "~live-shopper:fence:*",
                    "+set",    "+del",     "+get",       "+ping",
                    "+auth",   "+select",  "+multi",     "+exec",
                    "+watch",  "+eval",    "+zadd",      "+zremrangebyscore",
                    "+exists", "+pexpire", "+info",      "+client"});
    RedisConfig config;
    config.host = "127.0.0.1";
    config.port = server.port();
    config.user = "shop";
    config.password = "secret";
    Metrics metrics;
    RedisStore store{config, metrics};
    store.own({{"live-shopper:fence:g:t:0", 3, 0}});
    WriteBatch batch;
    batch.set("user:u:k", "v", 60s);
    batch.erase("session:s:k");
    store.submit(std::move(batch), 1);
    REQUIRE(eventually([&] { return store.next_acknowledgement().has_value(); }));
    CHECK(server.get("user:u:k") == "v");
    std::this_thread::sleep_for(2500ms);  // it looks whether all is well while it has nothing to write
    CHECK(metrics.redis_errors.value() == 0);
    // A newer owner: the guard has to be able to say so.
    RedisStore newer{config, metrics};
    newer.own({{"live-shopper:fence:g:t:0", 4, 0}});
    REQUIRE(eventually([&] { return server.get("live-shopper:fence:g:t:0").value_or("").starts_with("4 "); }));
    WriteBatch late;
    late.set("user:u:k", "w", 60s);
    store.submit(std::move(late), 2);
    CHECK(eventually([&] { return store.take_refusal().has_value(); }));
    CHECK(server.get("user:u:k") == "v");
}
