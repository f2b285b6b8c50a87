// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "http_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.hpp"

namespace storefront {
namespace {

constexpr std::uint64_t listen_id = 0;
constexpr std::uint64_t wake_id = ~std::uint64_t{0};
constexpr std::chrono::milliseconds drain_time{1'000};
constexpr std::chrono::seconds heartbeat{10};

std::string_view status_text(int status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 411:
            return "Length Required";
        case 413:
            return "Payload Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Service Unavailable";
    }
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
    });
}

}  // namespace

std::string_view RequestHead::header(std::string_view name) const noexcept { return find(headers, name); }

std::string_view RequestHead::query() const noexcept {
    return path.size() < target.size() ? std::string_view{target}.substr(path.size() + 1) : std::string_view{};
}

void Stream::send(std::string_view event, std::string_view data) {
    {
        const std::lock_guard lock{mutex_};
        if (closed_) {
            return;
        }
        if (pending_.size() + data.size() > backlog_) {
            closed_ = true;
            pending_.clear();
        } else if (event.empty()) {
            pending_ += ":\n\n";
        } else {
            pending_.append("event: ").append(event).append("\ndata: ").append(data).append("\n\n");
        }
    }
    wake_(connection_);
}

bool Stream::closed() const {
    const std::lock_guard lock{mutex_};
    return closed_;
}

void Stream::close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    pending_.clear();
}

std::string Stream::take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(pending_, {});
}

class HttpServer::Workers {
public:
    Workers(std::size_t threads, std::size_t queue) : limit_{queue} {
        for (std::size_t i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { run(); });
        }
    }

    ~Workers() {
        {
            const std::lock_guard lock{mutex_};
            stopping_ = true;
            queue_.clear();
        }
        condition_.notify_all();
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    bool submit(std::function<void()> task) {
        {
            const std::lock_guard lock{mutex_};
            if (queue_.size() >= limit_) {
                return false;
            }
            queue_.push_back(std::move(task));
        }
        condition_.notify_one();
        return true;
    }

private:
    void run() {
        for (;;) {
            std::unique_lock lock{mutex_};
            condition_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) {
                return;
            }
            const auto task = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            try {
                task();
            } catch (const std::exception& error) {  // such as no memory: the client hears nothing, the others do
                live_shopper::log::error("a request failed", {{"error", error.what()}});
            }
        }
    }

    const std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable condition_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

struct HttpServer::Connection {
    enum class State : std::uint8_t { reading, working, writing, streaming, draining };

    std::uint64_t id = 0;
    int fd = -1;
    std::string address;
    int port = 0;
    State state = State::reading;
    std::string in;
    std::size_t scanned = 0;       // of `in`, for the end of the head
    std::size_t request_size = 0;  // head and body; 0 while the head is not there
    std::string head_bytes;        // the head as cpp-httplib gets to see it
    std::size_t head_size = 0;
    RequestHead head;
    Pool pool = Pool::pages;
    std::string out;
    std::size_t sent = 0;
    bool close_after = false;
    bool drain = false;  // unread input: an answer would be lost in a reset
    std::uint32_t watched = 0;
    Steady::time_point deadline;
    Steady::time_point last_sent;
    std::shared_ptr<Stream> stream;
};

HttpServer::HttpServer(HttpLimits limits) : limits_{limits}, router_{std::make_unique<RequestRouter>()} {
    router_->set_payload_max_length(limits_.buffered);
    router_->set_keep_alive_max_count(1'000'000);
    router_->set_keep_alive_timeout(limits_.idle_time.count() / 1000);
    router_->set_exception_handler(
        [](const httplib::Request& request, httplib::Response& response, const std::exception_ptr& trouble) {
            try {
                std::rethrow_exception(trouble);
            } catch (const std::exception& error) {
                live_shopper::log::error("a request failed", {{"path", request.path}, {"error", error.what()}});
            } catch (...) {
                live_shopper::log::error("a request failed", {{"path", request.path}});
            }
            response.status = 500;
            response.set_content(R"({"error":"internal","message":"The server failed on this request."})",
                                 "application/json");
        });
}

HttpServer::~HttpServer() { stop(); }

httplib::Server& HttpServer::router() { return *router_; }

void HttpServer::set_headers(const std::vector<std::pair<std::string, std::string>>& headers) {
    httplib::Headers defaults;
    header_lines_.clear();
    for (const auto& [name, value] : headers) {
        header_lines_.append(name).append(": ").append(value).append("\r\n");
        defaults.emplace(name, value);
    }
    router_->set_default_headers(std::move(defaults));
}

void HttpServer::start(const live_shopper::Endpoint& endpoint) {
    const auto failed = [&](std::string_view what) {
        return std::runtime_error(fmt::format("cannot listen on {}:{}: {}", endpoint.host, endpoint.port, what));
    };
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
        error != 0) {
        throw failed(::gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, ::freeaddrinfo};
    listen_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    // Not SO_REUSEPORT, which would let two storefronts share a port in silence.
    ::setsockopt(listen_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (listen_ < 0 || ::bind(listen_, found->ai_addr, found->ai_addrlen) != 0 || ::listen(listen_, 512) != 0) {
        const auto why = std::generic_category().message(errno);
        if (listen_ >= 0) {
            ::close(std::exchange(listen_, -1));
        }
        throw failed(why);
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(listen_, reinterpret_cast<sockaddr*>(&bound), &size);
    port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                              : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = listen_id}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listen_, &event);
    event.data.u64 = wake_id;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
    pages_ = std::make_unique<Workers>(limits_.page_workers, limits_.queue);
    collector_ = std::make_unique<Workers>(limits_.collector_workers, limits_.queue);
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void HttpServer::stop() {
    if (!thread_.joinable()) {
        return;
    }
    stopping_ = true;
    wake();
    thread_.join();
    pages_.reset();
    collector_.reset();
    while (!connections_.empty()) {
        close(connections_.begin()->first);
    }
    ::close(std::exchange(listen_, -1));
    ::close(std::exchange(epoll_, -1));
    ::close(std::exchange(wake_, -1));
}

void HttpServer::wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
}

void HttpServer::run() {
    std::array<epoll_event, 128> events{};
    auto next_check = Steady::now();
    while (!stopping_) {
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 250);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 == listen_id) {
                accept_some();
            } else if (event.data.u64 == wake_id) {
                std::uint64_t number = 0;
                (void)!::read(wake_, &number, sizeof number);
            } else if (const auto found = connections_.find(event.data.u64); found != connections_.end()) {
                Connection& c = *found->second;
                if ((event.events & EPOLLOUT) != 0) {
                    on_writable(c);
                }
                if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) {
                    on_readable(c);
                }
            }
        }
        take_done();
        if (const auto now = Steady::now(); now >= next_check) {
            next_check = now + std::chrono::milliseconds{200};
            check_times();
        }
        for (const auto id : std::exchange(to_close_, {})) {
            close(id);
        }
    }
}

void HttpServer::accept_some() {
    for (int i = 0; i < 64; ++i) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const int fd = ::accept4(listen_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                // The waiting connection would wake the loop over and over.
                ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listen_, nullptr);
                accepting_ = false;
            }
            return;
        }
        std::array<char, NI_MAXHOST> host{};
        std::array<char, NI_MAXSERV> service{};
        ::getnameinfo(reinterpret_cast<sockaddr*>(&peer), size, host.data(), host.size(), service.data(),
                      service.size(), NI_NUMERICHOST | NI_NUMERICSERV);
        const std::string address{host.data()};
        const auto known = per_address_.find(address);
        const std::size_t mine = known == per_address_.end() ? 0 : known->second;
        if (connections_.size() >= limits_.connections || mine >= limits_.connections_per_address) {
            ::close(fd);
            continue;
        }
        const int yes = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        auto c = std::make_unique<Connection>();
        c->id = next_id_++;
        c->fd = fd;
        c->address = address;
        c->port = std::atoi(service.data());
        c->deadline = Steady::now() + limits_.head_time;
        epoll_event event{.events = EPOLLIN, .data = {.u64 = c->id}};
        c->watched = EPOLLIN;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        ++per_address_[address];
        connections_.emplace(c->id, std::move(c));
    }
}

void HttpServer::close(std::uint64_t id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) {
        return;
    }
    Connection& c = *found->second;
    if (c.stream) {
        c.stream->close();
        --streaming_;
    }
    buffered_ -= c.in.size();
    ::close(c.fd);
    if (const auto mine = per_address_.find(c.address); --mine->second == 0) {
        per_address_.erase(mine);
    }
    connections_.erase(found);
}

void HttpServer::watch(Connection& c, std::uint32_t events) {
    if (c.watched != events) {
        epoll_event event{.events = events, .data = {.u64 = c.id}};
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event);
        c.watched = events;
    }
}

void HttpServer::on_readable(Connection& c) {
    std::array<char, 16'384> bytes;  // NOLINT: filled by recv
    for (int i = 0; i < 4; ++i) {
        const auto got = ::recv(c.fd, bytes.data(), bytes.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            break;
        }
        if (got <= 0) {
            // A client that closes its side while it waits for an answer is taken for gone.
            to_close_.push_back(c.id);
            return;
        }
        if (c.state == Connection::State::draining || c.state == Connection::State::streaming) {
            continue;
        }
        if (c.in.empty() && c.state == Connection::State::reading) {
            c.deadline = Steady::now() + limits_.head_time;
        }
        c.in.append(bytes.data(), static_cast<std::size_t>(got));
        buffered_ += static_cast<std::size_t>(got);
    }
    if (c.state == Connection::State::reading) {
        advance(c);
    } else if (c.in.size() > limits_.head) {
        watch(c, c.watched & ~std::uint32_t{EPOLLIN});  // pipelined requests wait in the socket
    }
}

// Takes a request out of what was read, if it is there.
void HttpServer::advance(Connection& c) {
    if (buffered_ > limits_.buffered) {
        refuse(c, 503, "busy");
        return;
    }
    if (c.request_size == 0 && !read_head(c)) {
        return;
    }
    if (c.in.size() >= c.request_size) {
        hand_over(c);
    }
}

// True once the head is there and the request may go on.
bool HttpServer::read_head(Connection& c) {
    while (c.in.starts_with("\r\n")) {  // some clients end a body with one too many
        c.in.erase(0, 2);
        buffered_ -= 2;
    }
    const auto end = c.in.find("\r\n\r\n", c.scanned);
    if (end == std::string::npos || end + 4 > limits_.head) {
        c.scanned = c.in.size() < 3 ? 0 : c.in.size() - 3;
        if (end != std::string::npos || c.in.size() > limits_.head) {
            refuse(c, 431, "head_too_large");
        }
        return false;
    }
    c.head_size = end + 4;
    c.head = RequestHead{};
    c.head.address = c.address;
    std::string_view rest = std::string_view{c.in}.substr(0, end + 2);
    const auto line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    const auto space = line.find(' ');
    const auto last = line.rfind(' ');
    if (space == std::string_view::npos || last == space || line.find('\0') != std::string_view::npos) {
        refuse(c, 400, "bad_request");
        return false;
    }
    c.head.method = line.substr(0, space);
    c.head.target = line.substr(space + 1, last - space - 1);
    c.head.path = c.head.target.substr(0, c.head.target.find('?'));
    const auto version = line.substr(last + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        refuse(c, version.starts_with("HTTP/") ? 505 : 400, "bad_version");
        return false;
    }
    const auto good_byte = [](char b) { return static_cast<unsigned char>(b) > 0x20 && b != 0x7F; };
    if (!c.head.target.starts_with('/') || !std::all_of(c.head.target.begin(), c.head.target.end(), good_byte)) {
        refuse(c, 400, "bad_target");
        return false;
    }
    if (c.head.path.size() > limits_.path || c.head.target.size() > limits_.target) {
        refuse(c, 414, "target_too_long");
        return false;
    }
    c.head_bytes = std::string{line} + "\r\n";
    std::optional<std::size_t> length;
    while (!rest.empty()) {
        const auto field = rest.substr(0, rest.find("\r\n"));
        rest.remove_prefix(field.size() + 2);
        const auto colon = field.find(':');
        if (colon == std::string_view::npos || !is_token(field.substr(0, colon)) ||
            field.find('\0') != std::string_view::npos || field.find('\n') != std::string_view::npos) {
            refuse(c, 400, "bad_header");
            return false;
        }
        const auto name = lower(field.substr(0, colon));
        const auto value = trimmed(field.substr(colon + 1));
        if (name == "content-length") {
            std::size_t number = 0;
            const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), number);
            if (error != std::errc{} || stop != value.data() + value.size() || (length && *length != number)) {
                refuse(c, 400, "bad_length");
                return false;
            }
            length = number;
        } else if (name == "transfer-encoding") {
            refuse(c, 411, "length_required");
            return false;
        } else if (name == "expect") {
            refuse(c, 417, "no_expectations");
            return false;
        } else if (name == "content-encoding" && lower(value) != "identity") {
            refuse(c, 415, "encoded_body");  // a small body could unfold to any size
            return false;
        }
        c.head.headers.emplace_back(name, value);
        // Without these two cpp-httplib neither compresses, at a cost that a client should not decide on, nor cuts
        // ranges.
        if (name != "accept-encoding" && name != "range" && name != "remote_addr" && name != "remote_port") {
            c.head_bytes.append(field).append("\r\n");
        }
    }
    c.head_bytes += "\r\n";
    Admission admission;
    if (admit_) {
        admission = admit_(c.head);
    }
    if (admission.status >= 400) {
        refuse(c, admission.status, admission.error);
        return false;
    }
    if (length.value_or(0) > admission.body_limit) {
        refuse(c, 413, "body_too_large");
        return false;
    }
    c.pool = admission.pool;
    c.request_size = c.head_size + length.value_or(0);
    c.deadline = Steady::now() + limits_.body_time;
    return true;
}

void HttpServer::hand_over(Connection& c) {
    std::string request = std::move(c.head_bytes);
    request.append(c.in, c.head_size, c.request_size - c.head_size);
    c.in.erase(0, c.request_size);
    buffered_ -= c.request_size;
    c.request_size = 0;
    c.scanned = 0;
    auto& workers = c.pool == Pool::collector ? *collector_ : *pages_;
    if (const auto route = streams_.find(c.head.path); route != streams_.end()) {
        if (c.head.method != "GET") {
            refuse(c, 405, "only_get");
            return;
        }
        if (streaming_ >= limits_.streams) {
            refuse(c, 503, "too_many_streams");
            return;
        }
        auto stream = std::make_shared<Stream>(c.id, limits_.stream_backlog, [this](std::uint64_t id) {
            {
                const std::lock_guard lock{mutex_};
                news_.push_back(id);
            }
            wake();
        });
        if (!workers.submit([handler = &route->second, query = parse_query(c.head.query()), stream] {
                (*handler)(query, stream);
            })) {
            refuse(c, 503, "busy");
            return;
        }
        ++streaming_;
        c.stream = std::move(stream);
        c.state = Connection::State::streaming;
        buffered_ -= c.in.size();
        c.in.clear();
        c.out = fmt::format(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
            "{}Connection: close\r\n\r\nretry: 1000\n\n",
            header_lines_);
        c.sent = 0;
        c.last_sent = Steady::now();
        on_writable(c);
        return;
    }
    auto task = [this, id = c.id, address = c.address, port = c.port, request = std::move(request)] {
        bool close = false;
        auto answer = router_->respond(request, address, port, close);
        {
            const std::lock_guard lock{mutex_};
            done_.push_back({id, std::move(answer), close});
        }
        wake();
    };
    if (!workers.submit(std::move(task))) {
        refuse(c, 503, "busy");
        return;
    }
    c.state = Connection::State::working;
}

void HttpServer::refuse(Connection& c, int status, std::string_view error) {
    const auto body = fmt::format(R"({{"error":"{}","message":"{}"}})", error, status_text(status));
    c.out = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
        "{}{}Connection: close\r\n\r\n{}",
        status, status_text(status), body.size(), status == 429 || status == 503 ? "Retry-After: 1\r\n" : "",
        header_lines_, body);
    c.sent = 0;
    c.close_after = true;
    c.drain = true;
    c.state = Connection::State::writing;
    c.deadline = Steady::now() + limits_.write_time;
    buffered_ -= c.in.size();
    c.in.clear();
    on_writable(c);
}

void HttpServer::on_writable(Connection& c) {
    for (;;) {
        if (c.state == Connection::State::streaming && c.sent == c.out.size()) {
            c.out = c.stream->take();
            c.sent = 0;
        }
        if (c.sent >= c.out.size()) {
            break;
        }
        const auto wrote = ::send(c.fd, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
        if (wrote < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
                watch(c, c.watched | EPOLLOUT);
                return;
            }
            to_close_.push_back(c.id);
            return;
        }
        c.sent += static_cast<std::size_t>(wrote);
        c.last_sent = Steady::now();
    }
    watch(c, EPOLLIN);
    if (c.state == Connection::State::writing) {
        answered(c);
    }
}

void HttpServer::answered(Connection& c) {
    c.out = {};
    c.sent = 0;
    if (c.close_after) {
        if (c.drain) {
            ::shutdown(c.fd, SHUT_WR);
            c.state = Connection::State::draining;
            c.deadline = Steady::now() + drain_time;
        } else {
            to_close_.push_back(c.id);
        }
        return;
    }
    c.state = Connection::State::reading;
    c.deadline = Steady::now() + (c.in.empty() ? limits_.idle_time : limits_.head_time);
    if (!c.in.empty()) {
        advance(c);
    }
}

void HttpServer::take_done() {
    std::vector<Done> done;
    std::vector<std::uint64_t> news;
    {
        const std::lock_guard lock{mutex_};
        done.swap(done_);
        news.swap(news_);
    }
    for (Done& answer : done) {
        if (const auto found = connections_.find(answer.connection); found != connections_.end()) {
            Connection& c = *found->second;
            c.out = std::move(answer.answer);
            c.sent = 0;
            c.close_after = answer.close;
            c.state = Connection::State::writing;
            c.deadline = Steady::now() + limits_.write_time;
            on_writable(c);
        }
    }
    std::sort(news.begin(), news.end());
    news.erase(std::unique(news.begin(), news.end()), news.end());
    for (const auto id : news) {
        if (const auto found = connections_.find(id); found != connections_.end() && found->second->stream) {
            Connection& c = *found->second;
            if (c.stream->closed()) {
                to_close_.push_back(id);
            } else {
                on_writable(c);
            }
        }
    }
}

void HttpServer::check_times() {
    const auto now = Steady::now();
    for (auto& [id, connection] : connections_) {
        Connection& c = *connection;
        switch (c.state) {
            case Connection::State::reading:
                if (now >= c.deadline) {
                    if (c.in.empty()) {
                        to_close_.push_back(id);
                    } else {
                        refuse(c, 408, "too_slow");
                    }
                }
                break;
            case Connection::State::writing:
            case Connection::State::draining:
                if (now >= c.deadline) {
                    to_close_.push_back(id);
                }
                break;
            case Connection::State::streaming:
                if (c.sent < c.out.size() && now - c.last_sent > limits_.write_time) {
                    to_close_.push_back(id);
                } else if (now - c.last_sent > heartbeat) {
                    c.stream->send({}, {});
                }
                break;
            case Connection::State::working:
                break;
        }
    }
    if (!accepting_) {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = listen_id}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listen_, &event);
        accepting_ = true;
    }
}

}  // namespace storefront
