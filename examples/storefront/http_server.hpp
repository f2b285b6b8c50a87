// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// HttpServer: a front that a slow or greedy client cannot block, around cpp-httplib's request handling.
//
// One thread owns every socket (epoll). It reads a request to its end, within limits of size and time, before a
// worker sees it, and sends the answer while the worker is at the next one: a slow client costs memory, which is
// bounded, and no thread. Workers come in pools with bounded queues, one for the shop's pages and one for the
// collector: a flood of one leaves the other alone. Server-sent events have no thread at all: whoever has news appends
// to a Stream.
//
//     HttpServer server{limits};
//     server.router().Get("/health", [](const httplib::Request&, httplib::Response& r) { r.set_content("ok",
//     "text/plain"); }); server.start({"127.0.0.1", 0});

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <httplib.h>

#include "config.hpp"
#include "request_router.hpp"
#include "text.hpp"

namespace storefront {

/// What is known of a request once its head is read.
struct RequestHead {
    std::string method;
    std::string target;  // as sent
    std::string path;    // as sent, without the query
    std::string address;
    std::vector<std::pair<std::string, std::string>> headers;  // names in small letters

    /// Empty without such a header.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] std::string_view query() const noexcept;
};

enum class Pool : std::uint8_t { pages, collector };

/// Whether a request may go on, decided from its head. A status of 400 and more refuses it.
struct Admission {
    int status = 0;
    std::string_view error;  // a stable word for the answer
    Pool pool = Pool::pages;
    std::size_t body_limit = std::size_t{16} << 10;
};

struct HttpLimits {
    std::size_t connections = 1024;
    std::size_t connections_per_address = 256;
    std::size_t streams = 256;
    std::size_t head = std::size_t{32} << 10;
    std::size_t path = 1024;
    std::size_t target = 8000;                     // what cpp-httplib takes
    std::size_t buffered = std::size_t{64} << 20;  // bytes of requests not yet handed on, all together
    std::size_t stream_backlog = std::size_t{1} << 20;
    std::chrono::milliseconds head_time{5'000};   // from a request's first byte to the end of its head
    std::chrono::milliseconds body_time{10'000};  // and to the end of its body
    std::chrono::milliseconds idle_time{15'000};  // between requests
    std::chrono::milliseconds write_time{30'000};
    std::size_t page_workers = 8;
    std::size_t collector_workers = 8;
    std::size_t queue = 256;  // requests waiting per pool
};

/// Text for one reader of server-sent events. Any thread may send.
class Stream {
public:
    Stream(std::uint64_t connection, std::size_t backlog, std::function<void(std::uint64_t)> wake)
        : connection_{connection}, backlog_{backlog}, wake_{std::move(wake)} {}

    /// Appends a message; `data` is one line. Nothing where the reader is gone or too far behind, which ends it.
    void send(std::string_view event, std::string_view data);

    [[nodiscard]] bool closed() const;

private:
    friend class HttpServer;
    void close();
    [[nodiscard]] std::string take();

    mutable std::mutex mutex_;
    std::string pending_;
    bool closed_ = false;
    const std::uint64_t connection_;
    const std::size_t backlog_;
    std::function<void(std::uint64_t)> wake_;
};

class HttpServer {
public:
    using Admit = std::function<Admission(const RequestHead&)>;
    using StreamHandler = std::function<void(const Pairs& query, std::shared_ptr<Stream>)>;

    explicit HttpServer(HttpLimits limits = {});
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Where to register handlers; before start(). They run on many threads at once.
    [[nodiscard]] httplib::Server& router();
    void set_admission(Admit admit) { admit_ = std::move(admit); }

    /// Requests of GET for `path` become server-sent events.
    void add_stream(const std::string& path, StreamHandler handler) { streams_[path] = std::move(handler); }

    /// Headers of every answer, those of streams and refusals too.
    void set_headers(const std::vector<std::pair<std::string, std::string>>& headers);

    /// Serves at once; port 0 takes a free one. Throws std::runtime_error where the address cannot be had.
    void start(const live_shopper::Endpoint& endpoint);

    /// Ends within a second, whatever the clients do. Handlers that wait for something have to end by themselves.
    void stop();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    class Workers;
    struct Connection;
    struct Done {
        std::uint64_t connection;
        std::string answer;
        bool close;
    };
    using Steady = std::chrono::steady_clock;

    void run();
    void accept_some();
    void on_readable(Connection& c);
    void advance(Connection& c);
    bool read_head(Connection& c);
    void hand_over(Connection& c);
    void refuse(Connection& c, int status, std::string_view error);
    void on_writable(Connection& c);
    void answered(Connection& c);
    void take_done();
    void watch(Connection& c, std::uint32_t events);
    void check_times();
    void close(std::uint64_t id);
    void wake() const;

    HttpLimits limits_;
    std::unique_ptr<RequestRouter> router_;
    std::unique_ptr<Workers> pages_;
    std::unique_ptr<Workers> collector_;
    Admit admit_;
    std::map<std::string, StreamHandler> streams_;
    std::string header_lines_;

    int listen_ = -1;
    int epoll_ = -1;
    int wake_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;

    // The front's own.
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::unordered_map<std::string, std::size_t> per_address_;
    std::vector<std::uint64_t> to_close_;
    std::uint64_t next_id_ = 1;
    std::size_t buffered_ = 0;
    std::size_t streaming_ = 0;
    bool accepting_ = true;

    // From the workers and the streams' senders.
    std::mutex mutex_;
    std::vector<Done> done_;
    std::vector<std::uint64_t> news_;
};

}  // namespace storefront
