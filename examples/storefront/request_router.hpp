// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// RequestRouter: cpp-httplib's request handling by itself, from a request's bytes to its answer's. No socket, no
// thread.

#include <string>
#include <string_view>

#include <httplib.h>

namespace storefront {

class RequestRouter final : public httplib::Server {
public:
    // cpp-httplib takes a server without a socket for one that is shutting down; this one never uses it.
    RequestRouter() { svr_sock_ = 0; }

    /// The answer to a request of `address` that is there to its last byte. `close` says that the connection is to end
    /// after it, and is set where it has to. Any number of threads at once.
    [[nodiscard]] std::string respond(std::string_view request, const std::string& address, int port, bool& close);
};

}  // namespace storefront
