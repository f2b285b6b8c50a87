// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// A redis-server of the test's own: on a free loopback port, without a disk, gone with the object that started it.

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

inline std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    (void)::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
}

class RedisServer {
public:
    explicit RedisServer(std::vector<std::string> arguments = {})
        : port_{free_port()}, arguments_{std::move(arguments)} {
        std::string name = (std::filesystem::temp_directory_path() / "weir-redis-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        folder_ = name;
        start();
    }

    ~RedisServer() {
        kill();
        std::filesystem::remove_all(folder_);
    }

    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    void start() {
        std::vector<std::string> words{
            "redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir",        folder_,  "--unixsocket",        socket()};
        words.insert(words.end(), arguments_.begin(), arguments_.end());
        std::vector<char*> argv;
        argv.reserve(words.size() + 1);
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)!::freopen("/dev/null", "w", stdout);
            ::execvp(argv[0], argv.data());
            ::_exit(127);
        }
        for (int i = 0; i < 200; ++i) {
            const std::unique_ptr<redisContext, decltype(&redisFree)> context{redisConnectUnix(socket().c_str()),
                                                                              redisFree};
            if (context && context->err == 0) {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{25});
        }
        throw std::runtime_error("redis-server does not start");
    }

    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
            ::unlink(socket().c_str());
        }
    }

    void freeze() { ::kill(pid_, SIGSTOP); }
    void thaw() { ::kill(pid_, SIGCONT); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string socket() const { return folder_ + "/redis.sock"; }

    /// The reply as text; nothing for nil.
    std::optional<std::string> command(const std::vector<std::string>& words) {
        const std::unique_ptr<redisContext, decltype(&redisFree)> context{redisConnectUnix(socket().c_str()),
                                                                          redisFree};
        if (!context || context->err != 0) {
            throw std::runtime_error("no Redis");
        }
        if (!password.empty()) {
            freeReplyObject(redisCommand(context.get(), "AUTH %s", password.c_str()));
        }
        std::vector<const char*> data;
        std::vector<std::size_t> sizes;
        for (const auto& word : words) {
            data.push_back(word.data());
            sizes.push_back(word.size());
        }
        const std::unique_ptr<redisReply, decltype(&freeReplyObject)> reply{
            static_cast<redisReply*>(
                redisCommandArgv(context.get(), static_cast<int>(words.size()), data.data(), sizes.data())),
            freeReplyObject};
        if (!reply) {
            throw std::runtime_error("no reply");
        }
        if (reply->type == REDIS_REPLY_INTEGER) {
            return std::to_string(reply->integer);
        }
        if (reply->type == REDIS_REPLY_NIL || reply->str == nullptr) {
            return std::nullopt;
        }
        return std::string{reply->str, reply->len};
    }

    std::optional<std::string> get(const std::string& key) { return command({"GET", key}); }

    std::string password;  // for command()

private:
    std::uint16_t port_;
    std::vector<std::string> arguments_;
    std::string folder_;
    pid_t pid_ = -1;
};

/// Waits until `condition` holds, 10 s at most.
template <class F>
bool eventually(F condition, std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}
