// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "log.hpp"

namespace live_shopper {

/// Ends the process where the end itself hangs, say in a client that cannot reach its broker. Nothing is lost: what was
/// not committed is read again.
class Watchdog {
public:
    explicit Watchdog(std::chrono::milliseconds patience)
        : thread_{[this, patience] {
              std::unique_lock lock{mutex_};
              if (!done_.wait_for(lock, patience, [this] { return over_; })) {
                  log::warn("ended without waiting any longer; what is not committed is read again");
                  std::fflush(nullptr);
                  std::_Exit(0);
              }
          }} {}

    ~Watchdog() {
        {
            const std::lock_guard lock{mutex_};
            over_ = true;
        }
        done_.notify_one();
        thread_.join();
    }

    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable done_;
    bool over_ = false;
    std::thread thread_;
};

}  // namespace live_shopper
