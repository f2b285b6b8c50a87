// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What falls due when: a monotone priority queue of (time, item).
//
// A radix heap: push O(1), pop amortized O(64), no comparison of items. Source: Ahuja, Mehlhorn, Orlin, Tarjan:
// Faster Algorithms for the Shortest Path Problem (JACM 37, 1990), section 2. A push before what was popped last falls
// due at once.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <weir/time.hpp>

namespace weir::detail {

template <class Item>
class TimerQueue {
public:
    void push(Timestamp due, Item item) {
        const std::uint64_t k = std::max(key(due), last_);
        buckets_[bucket(k)].emplace_back(k, std::move(item));
        least_ = std::min(least_, k);
        ++size_;
    }

    /// The earliest time at which something is due.
    [[nodiscard]] std::optional<Timestamp> next() const {
        return size_ == 0 ? std::nullopt : std::optional{time(least_)};
    }

    /// Hands over all that is due at or before `now`: `f(due, item)` may push.
    template <class F>
    void pop_until(Timestamp now, F f) {
        while (size_ != 0 && least_ <= key(now)) {
            settle();
            std::vector<std::pair<std::uint64_t, Item>> due;
            due.swap(buckets_[0]);
            size_ -= due.size();
            find_least();
            for (auto& [k, item] : due) {
                f(time(k), std::move(item));
            }
            due.clear();
            if (buckets_[0].empty()) {
                due.swap(buckets_[0]);  // keeps the storage
            }
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t heap_bytes() const noexcept {
        std::size_t bytes = 0;
        for (const auto& b : buckets_) {
            bytes += b.capacity() * sizeof(b[0]);
        }
        return bytes;
    }

private:
    // Order-preserving: the sign bit flipped.
    static std::uint64_t key(Timestamp t) {
        return static_cast<std::uint64_t>(t.time_since_epoch().count()) ^ (std::uint64_t{1} << 63);
    }
    static Timestamp time(std::uint64_t k) {
        return Timestamp{Duration{static_cast<std::int64_t>(k ^ (std::uint64_t{1} << 63))}};
    }
    [[nodiscard]] std::size_t bucket(std::uint64_t k) const {
        return static_cast<std::size_t>(64 - std::countl_zero(k ^ last_));
    }

    // Moves the least key to the front: all that share it land in bucket 0, the rest of its bucket further down.
    void settle() {
        last_ = least_;
        const auto from = std::find_if(buckets_.begin(), buckets_.end(), [](const auto& b) { return !b.empty(); });
        if (from == buckets_.begin()) {
            return;
        }
        for (auto& entry : *from) {
            buckets_[bucket(entry.first)].push_back(std::move(entry));
        }
        from->clear();
    }
    void find_least() {
        least_ = std::numeric_limits<std::uint64_t>::max();
        for (const auto& b : buckets_) {
            if (!b.empty()) {
                for (const auto& entry : b) {
                    least_ = std::min(least_, entry.first);
                }
                return;
            }
        }
    }

    std::array<std::vector<std::pair<std::uint64_t, Item>>, 65> buckets_;
    std::uint64_t last_ = 0;
    std::uint64_t least_ = std::numeric_limits<std::uint64_t>::max();
    std::size_t size_ = 0;
};

}  // namespace weir::detail
