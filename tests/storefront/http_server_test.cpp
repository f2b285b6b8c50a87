// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "http_server.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "storefront_support.hpp"

using namespace storefront;
using namespace std::chrono_literals;

namespace {

HttpLimits quick() {
    HttpLimits limits;
    limits.head_time = 500ms;
    limits.body_time = 700ms;
    limits.idle_time = 600ms;
    return limits;
}

// A server that echoes bodies; requests under /slow/ wait until they are let go.
struct Echo {
    explicit Echo(HttpLimits limits = quick()) : server{limits} {
        server.router().Post(
            "/echo", [](const httplib::Request& q, httplib::Response& r) { r.set_content(q.body, "text/plain"); });
        server.router().Get("/page", [](const httplib::Request& q, httplib::Response& r) {
            r.set_content("page for " + q.remote_addr, "text/plain");
        });
        server.router().Get("/large", [](const httplib::Request&, httplib::Response& r) {
            r.set_content(std::string(8 << 20, 'x'), "text/plain");
        });
        server.router().Get("/throws",
                            [](const httplib::Request&, httplib::Response&) { throw std::runtime_error("broken"); });
        server.router().Post("/slow/down", [this](const httplib::Request&, httplib::Response& r) {
            std::unique_lock lock{mutex};
            ++waiting;
            condition.wait(lock, [this] { return open; });
            r.set_content("late", "text/plain");
        });
        server.set_headers({{"X-Always", "there"}});
        server.set_admission([](const RequestHead& head) {
            Admission out;
            out.body_limit = 1000;
            if (head.path.starts_with("/slow")) {
                out.pool = Pool::collector;
            }
            if (head.path == "/refused") {
                out.status = 429;
                out.error = "too_many_requests";
            }
            return out;
        });
        server.add_stream("/stream", [this](const Pairs& query, std::shared_ptr<Stream> stream) {
            const std::lock_guard lock{mutex};
            stream->send("hello", "{\"q\":\"" + std::string{find(query, "q")} + "\"}");
            streams.push_back(std::move(stream));
        });
        server.start({"127.0.0.1", 0});
    }
    ~Echo() { let_go(); }
    void let_go() {
        {
            const std::lock_guard lock{mutex};
            open = true;
        }
        condition.notify_all();
    }
    std::mutex mutex;
    std::condition_variable condition;
    bool open = false;
    int waiting = 0;
    std::vector<std::shared_ptr<Stream>> streams;
    HttpServer server;
};

std::string ask(std::uint16_t port, std::string_view request, const char* from = "127.0.0.1") {
    Socket socket{port, from};
    socket.send(request);
    return socket.receive();
}

}  // namespace

TEST_CASE("requests on one connection are answered in order, also when they come at once", "[http_server]") {
    Echo echo;
    Socket socket{echo.server.port()};
    socket.send(post("/echo", "one") + post("/echo", "two") + get("/page"));
    const auto text = socket.receive("page for 127.0.0.1");
    CHECK(text.find("one") < text.find("two"));
    CHECK(text.find("two") < text.find("page for"));
    CHECK(text.find("X-Always: there") != std::string::npos);
}

TEST_CASE("a request may come byte by byte", "[http_server]") {
    Echo echo;
    Socket socket{echo.server.port()};
    for (const char c : post("/echo", "slowly")) {
        socket.send({&c, 1});
    }
    CHECK(socket.receive("slowly").find("200 OK") != std::string::npos);
}

TEST_CASE("what is no good request is refused and the connection closed", "[http_server]") {
    Echo echo;
    const auto status = [&](std::string_view request) {
        const auto text = ask(echo.server.port(), request);
        return text.size() < 12 ? text : text.substr(9, 3);
    };
    CHECK(status("nonsense\r\n\r\n") == "400");
    CHECK(status("GET /page HTTP/2.0\r\n\r\n") == "505");
    CHECK(status("GET page HTTP/1.1\r\n\r\n") == "400");
    CHECK(status("GET /pa\x01ge HTTP/1.1\r\n\r\n") == "400");
    CHECK(status("GET /page HTTP/1.1\r\nno colon\r\n\r\n") == "400");
    CHECK(status("GET /page HTTP/1.1\r\nContent-Length: 5x\r\n\r\n") == "400");
    CHECK(status("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab") == "400");
    CHECK(status("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "411");
    CHECK(status("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n") == "417");
    CHECK(status(post("/echo", "x", "Content-Encoding: gzip\r\n")) == "415");
    CHECK(status(get("/" + std::string(1100, 'a'))) == "414");
    CHECK(status(get("/page?" + std::string(8000, 'a'))) == "414");
    CHECK(status(get("/page", "X: " + std::string(40'000, 'a') + "\r\n")) == "431");
    CHECK(status("POST /echo HTTP/1.1\r\nContent-Length: 1001\r\n\r\n") == "413");
    CHECK(status("POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n") == "400");
    CHECK(status(get("/refused")) == "429");
    CHECK(status("POST /stream HTTP/1.1\r\nContent-Length: 0\r\n\r\n") == "405");
    CHECK(status("GET /throws HTTP/1.1\r\nConnection: close\r\n\r\n") == "500");
    CHECK(ask(echo.server.port(), get("/page", "Connection: close\r\n")).find("200 OK") !=
          std::string::npos);  // goes on
}

TEST_CASE("a refused body is not mistaken for a request", "[http_server]") {
    Echo echo;
    const auto text = ask(echo.server.port(), "POST /echo HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + get("/page") +
                                                  std::string(4000, 'x'));
    CHECK(text.find("413") != std::string::npos);
    CHECK(text.find("page for") == std::string::npos);
}

TEST_CASE("slow clients are cut off and hold nobody up", "[http_server]") {
    Echo echo;
    std::vector<Socket> slow;
    for (int i = 0; i < 50; ++i) {
        slow.emplace_back(echo.server.port(), "127.0.0.2");
        slow.back().send(i % 2 == 0 ? "GET /page HTTP/1.1\r\nHost:"
                                    : "POST /echo HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc");
    }
    const auto before = std::chrono::steady_clock::now();
    CHECK(ask(echo.server.port(), get("/page", "Connection: close\r\n")).find("page for") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - before < 400ms);
    for (Socket& socket : slow) {
        CHECK(socket.receive().find("408") != std::string::npos);
        CHECK(socket.closed());
    }
}

TEST_CASE("a flood of one kind of request leaves the other alone", "[http_server]") {
    auto limits = quick();
    limits.collector_workers = 2;
    limits.queue = 8;
    Echo echo{limits};
    std::vector<Socket> flood;
    for (int i = 0; i < 40; ++i) {
        flood.emplace_back(echo.server.port(), "127.0.0.2");
        flood.back().send(post("/slow/down", "x"));
    }
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i) {
        CHECK(ask(echo.server.port(), get("/page", "Connection: close\r\n")).find("page for") != std::string::npos);
    }
    CHECK(std::chrono::steady_clock::now() - before < 2s);
    echo.let_go();
    int late = 0;
    int refused = 0;
    for (Socket& socket : flood) {
        const auto text = socket.receive("\r\n\r\n");
        late += text.find("200 OK") != std::string::npos ? 1 : 0;
        refused += text.find("503") != std::string::npos ? 1 : 0;
    }
    CHECK(late + refused == 40);
    CHECK(late >= 8);   // the queue's
    CHECK(late <= 10);  // and the workers'
}

TEST_CASE("one address gets so many connections and no more", "[http_server]") {
    auto limits = quick();
    limits.connections_per_address = 5;
    limits.idle_time = 5s;
    limits.head_time = 5s;
    Echo echo{limits};
    std::vector<Socket> mine;
    for (int i = 0; i < 5; ++i) {
        mine.emplace_back(echo.server.port(), "127.0.0.2");
        mine.back().send(get("/page"));
        REQUIRE(mine.back().receive("page for").find("127.0.0.2") != std::string::npos);
    }
    CHECK(ask(echo.server.port(), get("/page"), "127.0.0.2").empty());
    CHECK(ask(echo.server.port(), get("/page", "Connection: close\r\n"), "127.0.0.3").find("page for 127.0.0.3") !=
          std::string::npos);
    mine.pop_back();
    for (int i = 0; i < 100 && ask(echo.server.port(), get("/page", "Connection: close\r\n"), "127.0.0.2").empty();
         ++i) {
        std::this_thread::sleep_for(10ms);
    }
    CHECK_FALSE(ask(echo.server.port(), get("/page", "Connection: close\r\n"), "127.0.0.2").empty());
}

TEST_CASE("a large answer reaches a reader that takes its time", "[http_server]") {
    Echo echo;
    Socket socket{echo.server.port()};
    socket.send(get("/large", "Connection: close\r\n"));
    std::this_thread::sleep_for(100ms);
    CHECK(socket.receive().size() > (8U << 20U));
}

TEST_CASE("streams carry messages to whoever listens", "[http_server]") {
    Echo echo;
    EventReader reader{echo.server.port(), "/stream?q=a%22b"};
    // The test's handler does not escape; that it arrives at all is the point.
    Socket other{echo.server.port()};
    other.send(get("/stream?q=x"));
    CHECK(other.receive("\"x\"").find("event: hello\ndata: {\"q\":\"x\"}\n\n") != std::string::npos);
    {
        const std::lock_guard lock{echo.mutex};
        for (const auto& stream : echo.streams) {
            stream->send("news", "{\"n\":1}");
        }
    }
    CHECK(other.receive("event: news\ndata: {\"n\":1}\n\n").find("news") != std::string::npos);
    CHECK(other.receive("news").find("Content-Type: text/event-stream") != std::string::npos);
}

TEST_CASE("a stream whose reader does not read is ended, not kept", "[http_server]") {
    auto limits = quick();
    limits.stream_backlog = 100'000;
    Echo echo{limits};
    Socket deaf{echo.server.port()};
    deaf.send(get("/stream?q=x"));
    deaf.receive("hello");
    std::shared_ptr<Stream> stream;
    {
        const std::lock_guard lock{echo.mutex};
        stream = echo.streams.at(0);
    }
    const std::string message(10'000, 'x');
    for (int i = 0; i < 5'000 && !stream->closed(); ++i) {
        stream->send("news", message);
        if (i % 50 == 0) {
            std::this_thread::sleep_for(1ms);
        }
    }
    CHECK(stream->closed());
}

TEST_CASE("a stream knows that its reader has gone", "[http_server]") {
    Echo echo;
    {
        Socket socket{echo.server.port()};
        socket.send(get("/stream?q=x"));
        socket.receive("hello");
    }
    const std::lock_guard lock{echo.mutex};
    for (int i = 0; i < 200 && !echo.streams.at(0)->closed(); ++i) {
        std::this_thread::sleep_for(10ms);
    }
    CHECK(echo.streams.at(0)->closed());
}

TEST_CASE("the server stops at once, whatever its clients do", "[http_server]") {
    Echo echo;
    Socket idle{echo.server.port()};
    Socket half{echo.server.port()};
    half.send("GET /pa");
    Socket stream{echo.server.port()};
    stream.send(get("/stream?q=x"));
    stream.receive("hello");
    const auto before = std::chrono::steady_clock::now();
    echo.server.stop();
    CHECK(std::chrono::steady_clock::now() - before < 1s);
    stream.receive();
    CHECK(stream.closed());
}

TEST_CASE("an address that is taken is an error at once", "[http_server]") {
    Echo echo;
    HttpServer second;
    CHECK_THROWS_WITH(second.start({"127.0.0.1", echo.server.port()}), Catch::Contains("cannot listen"));
}
