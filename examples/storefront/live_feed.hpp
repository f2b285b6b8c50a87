// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// LiveFeed: the events as they leave Kafka, for whoever looks on.
//
// It keeps the last records, tells the roster who was there, and hands each event on to be timed. A reader gets at most
// 100 events a second; those of the shopper that it looks at always.

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "decoder.hpp"
#include "feature_watch.hpp"
#include "http_server.hpp"
#include "roster.hpp"

namespace storefront {

class LiveFeed {
public:
    using OnEvent = std::function<void(Awaited)>;

    LiveFeed(Roster& roster, OnEvent on_event);

    /// A record of the topic. One thread.
    void take(std::string_view record, bool old);

    /// Sends `hello` as given, then the last events, then all that come.
    void follow(std::shared_ptr<Stream> stream, Whose whose, std::string_view hello);

    /// Sends a message to all who follow.
    void tell(std::string_view event, std::string_view data);

    /// A record by its number, while it is kept.
    [[nodiscard]] std::optional<std::string> raw(std::uint64_t number) const;

    [[nodiscard]] std::uint64_t events() const;

private:
    struct Follower {
        std::shared_ptr<Stream> stream;
        Whose whose;
        double allowance = 0;
        Millis at = 0;
    };

    static constexpr std::size_t kept_records = 2'000;
    static constexpr std::size_t shown_at_once = 50;

    Roster& roster_;
    OnEvent on_event_;
    live_shopper::Decoder decoder_;
    live_shopper::ShopEvent event_;

    mutable std::mutex mutex_;
    std::uint64_t next_ = 1;
    std::deque<std::string> records_;  // the last one is next_ - 1
    std::deque<std::string> latest_;   // as messages, marked old
    std::list<Follower> followers_;
};

}  // namespace storefront
