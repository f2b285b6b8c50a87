// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the storefront's tests share: files, columns of a row, bare sockets and readers of server-sent events.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "enriched_columns.hpp"

inline std::string read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in) {
        throw std::runtime_error("cannot read " + path);
    }
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline std::vector<std::string> split_tsv(std::string_view row) {
    std::vector<std::string> out(1);
    for (const char c : row) {
        if (c == '\t') {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

inline std::string column_of(const std::vector<std::string>& row, std::string_view name) {
    const auto& all = storefront::enriched_columns;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
    if (found == all.end()) {
        throw std::runtime_error("no column " + std::string{name});
    }
    return row.at(static_cast<std::size_t>(found - all.begin()));
}

/// A connection of bare bytes, from any address of 127/8.
class Socket {
public:
    explicit Socket(std::uint16_t port, const char* from = "127.0.0.1") : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        ::inet_pton(AF_INET, from, &address.sin_addr);
        static_cast<void>(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address));
        ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        address.sin_port = htons(port);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd_);
            throw std::runtime_error("cannot connect");
        }
    }
    ~Socket() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Socket(Socket&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, in_{std::move(other.in_)} {}
    Socket& operator=(Socket&&) = delete;

    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    /// Reads what comes until the text has `until` in it, the other side closes, or the time is over.
    std::string& receive(std::string_view until = {}, std::chrono::milliseconds patience = std::chrono::seconds{10}) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (until.empty() || in_.find(until) == std::string::npos) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
            pollfd waiting{fd_, POLLIN, 0};
            if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
                break;
            }
            char bytes[4096];
            const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
            if (n <= 0) {
                closed_ = true;
                break;
            }
            in_.append(bytes, static_cast<std::size_t>(n));
        }
        return in_;
    }

    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_ = -1;
    std::string in_;
    bool closed_ = false;
};

inline std::string get(std::string_view target, std::string_view headers = {}) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: a\r\n" + std::string{headers} + "\r\n";
}

inline std::string post(std::string_view target, std::string_view body, std::string_view headers = {}) {
    return "POST " + std::string{target} +
           " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + std::string{headers} + "\r\n" + std::string{body};
}

/// Server-sent events of one path.
class EventReader {
public:
    EventReader(std::uint16_t port, std::string_view target) : socket_{port} { socket_.send(get(target)); }

    /// The next message of that name for which `wanted` holds; nothing when the time is over.
    template <class F>
    std::optional<nlohmann::json> next(std::string_view name, F wanted,
                                       std::chrono::milliseconds patience = std::chrono::seconds{10}) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        for (;;) {
            std::string& in = socket_.receive("\n\n", std::chrono::duration_cast<std::chrono::milliseconds>(
                                                          deadline - std::chrono::steady_clock::now()));
            const auto end = in.find("\n\n");
            if (end == std::string::npos) {
                return std::nullopt;
            }
            const auto block = in.substr(0, end);
            in.erase(0, end + 2);
            const auto event = block.find("event: ");
            const auto data = block.find("\ndata: ");
            if (event == std::string::npos || data == std::string::npos ||
                block.substr(event + 7, data - event - 7) != name) {
                continue;
            }
            auto json = nlohmann::json::parse(block.substr(data + 7));
            if (wanted(json)) {
                return json;
            }
        }
    }

    std::optional<nlohmann::json> next(std::string_view name) {
        return next(name, [](const nlohmann::json&) { return true; });
    }

private:
    Socket socket_;
};

/// A folder that goes away with the object.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-shop-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        path_ = name;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    void write(const std::string& name, std::string_view content) const {
        const std::filesystem::path file = path_ + "/" + name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream{file, std::ios::binary} << content;
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline constexpr std::string_view small_catalogue = R"({
    "currency": "EUR", "free_shipping_from": 100, "shipping": 4.95,
    "products": [
        {"id": "1", "name": "Lamp", "brand": "Ember", "category": "Lighting", "price": 42.99},
        {"id": "2", "name": "Chair <b>", "brand": "Oak", "category": "Seating", "price": 120},
        {"id": "3", "name": "Mug", "brand": "Clay", "category": "Kitchen", "price": 0.1}
    ]})";
inline constexpr std::string_view small_users = R"({"users": [{"email": "ada@example.com", "name": "Ada"}]})";
