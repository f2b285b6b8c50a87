// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// LatestTimes: how long the latest of something took, and how many there were at all. Any thread.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace storefront {

class LatestTimes {
public:
    explicit LatestTimes(std::size_t kept) : kept_{kept} {}

    void add(double time) {
        const std::lock_guard lock{mutex_};
        times_.push_back(time);
        if (times_.size() > kept_) {
            times_.pop_front();
        }
        ++count_;
    }

    struct Summary {
        std::uint64_t count = 0;    // of all
        std::optional<double> p50;  // of those that are kept
        std::optional<double> p99;
    };
    /// Sorts those that are kept.
    [[nodiscard]] Summary summary() const {
        Summary out;
        std::vector<double> sorted;
        {
            const std::lock_guard lock{mutex_};
            out.count = count_;
            sorted.assign(times_.begin(), times_.end());
        }
        if (!sorted.empty()) {
            std::sort(sorted.begin(), sorted.end());
            out.p50 = sorted[(sorted.size() - 1) / 2];
            out.p99 = sorted[(sorted.size() - 1) * 99 / 100];
        }
        return out;
    }

private:
    const std::size_t kept_;
    mutable std::mutex mutex_;
    std::deque<double> times_;
    std::uint64_t count_ = 0;
};

}  // namespace storefront
