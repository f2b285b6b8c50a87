// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What falls due when: a monotone priority queue of (time, number).
//
// A radix heap: a bucket for each highest bit in which times differ from the last that was reached. What is due by a
// later time is all of the buckets below the highest bit in which that differs, and a part of one more, whose rest
// moves to buckets further down. Push O(1), pop amortized O(64) moves and no order among what is due together. Source:
// Ahuja, Mehlhorn, Orlin, Tarjan: Faster Algorithms for the Shortest Path Problem (JACM 37, 1990), section 2. A push
// before what was reached falls due at once.
//
// Memory: 1 KiB and 13 bytes an entry.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <optional>
#include <utility>

#include <weir/detail/pool.hpp>
#include <weir/time.hpp>

namespace weir::detail {

class TimerQueue {
public:
    using Item = std::uint32_t;

    explicit TimerQueue(std::pmr::memory_resource* from) : lines_{from} {}

    void push(Timestamp due, Item item) { push(std::max(key(due), last_), item); }

    /// The earliest time at which something is due.
    [[nodiscard]] std::optional<Timestamp> next() const {
        const auto first =
            std::find_if(buckets_.begin(), buckets_.end(), [](const Bucket& b) { return b.line != none; });
        return first == buckets_.end() ? std::nullopt : std::optional{time(first->least)};
    }

    /// Hands over all that is due at or before `now`, which is no earlier than before: `f(due, item)` must not push.
    template <class F>
    void pop_until(Timestamp now, F f) {
        const std::uint64_t until = std::max(key(now), last_);
        const std::size_t parted = bucket(until);
        if (const auto first = next(); !first || *first > now) {
            return;
        }
        last_ = until;
        for (std::size_t b = 0; b <= parted; ++b) {
            Bucket all = std::exchange(buckets_[b], Bucket{});
            while (all.line != none) {
                const Line line = at(all.line);
                lines_.give(all.line);
                size_ -= all.count;
                for (std::uint32_t i = 0; i != all.count; ++i) {
                    if (line.key(i) <= until) {
                        f(time(line.key(i)), line.items[i]);
                    } else {
                        push(line.key(i), line.items[i]);
                    }
                }
                all.line = line.next;
                all.count = per_line;
            }
        }
    }

    void clear() noexcept {
        for (Bucket& b : buckets_) {
            for (std::uint32_t line = b.line; line != none;) {
                const std::uint32_t next = at(line).next;
                lines_.give(line);
                line = next;
            }
            b = Bucket{};
        }
        size_ = 0;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t memory_in_use() const noexcept { return lines_.bytes(); }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::uint32_t per_line = 5;

    struct Line {
        std::uint32_t halves[per_line][2];
        Item items[per_line];
        std::uint32_t next;

        [[nodiscard]] std::uint64_t key(std::uint32_t i) const {
            return std::uint64_t{halves[i][1]} << 32 | halves[i][0];
        }
    };
    struct Bucket {
        std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
        std::uint32_t line = none;  // the last, in which there are `count`; those before are full
        std::uint32_t count = per_line;
    };

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
    [[nodiscard]] Line& at(std::uint32_t line) const { return *reinterpret_cast<Line*>(lines_[line]); }

    void push(std::uint64_t k, Item item) {
        Bucket& b = buckets_[bucket(k)];
        if (b.count == per_line) {
            const std::uint32_t line = lines_.take();
            ::new (lines_[line]) Line;
            at(line).next = b.line;
            b.line = line;
            b.count = 0;
        }
        Line& line = at(b.line);
        line.halves[b.count][0] = static_cast<std::uint32_t>(k);
        line.halves[b.count][1] = static_cast<std::uint32_t>(k >> 32);
        line.items[b.count] = item;
        ++b.count;
        b.least = std::min(b.least, k);
        ++size_;
    }

    Pool<sizeof(Line), sizeof(Line)> lines_;
    std::array<Bucket, 65> buckets_;
    std::uint64_t last_ = 0;
    std::size_t size_ = 0;
};

}  // namespace weir::detail
