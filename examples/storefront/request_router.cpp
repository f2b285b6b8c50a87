// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "request_router.hpp"

#include <algorithm>
#include <utility>

namespace storefront {
namespace {

// A request that was read to its end, and the answer to it, both in memory.
class MemoryStream final : public httplib::Stream {
public:
    MemoryStream(std::string_view in, const std::string& address, int port) : in_{in}, address_{address}, port_{port} {}

    [[nodiscard]] bool is_readable() const override { return !in_.empty(); }
    [[nodiscard]] bool is_writable() const override { return true; }
    ssize_t read(char* ptr, std::size_t size) override {
        const auto n = std::min(size, in_.size());
        in_.copy(ptr, n);
        in_.remove_prefix(n);
        return static_cast<ssize_t>(n);
    }
    ssize_t write(const char* ptr, std::size_t size) override {
        out.append(ptr, size);
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip = address_;
        port = port_;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    [[nodiscard]] socket_t socket() const override { return INVALID_SOCKET; }

    std::string out;

private:
    std::string_view in_;
    const std::string& address_;
    int port_;
};

}  // namespace

std::string RequestRouter::respond(std::string_view request, const std::string& address, int port, bool& close) {
    MemoryStream stream{request, address, port};
    bool closed = false;
    const bool good = process_request(stream, close, closed, {});
    close = close || closed || !good;
    return std::move(stream.out);
}

}  // namespace storefront
