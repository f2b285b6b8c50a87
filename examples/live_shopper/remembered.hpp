// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Remembered: the latest time of each key, forgotten by the hour.
//
// Costs: O(1) expected. Memory: sizeof(Key) + 9 bytes of table and spare room, and sizeof(Key) + 4 for each time that
// came. A snapshot can be taken in steps, see weir::SnapshotInSteps; what comes meanwhile is not in it.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <weir/snapshot.hpp>
#include <weir/time.hpp>

namespace live_shopper {

template <class Key, class Hash = boost::hash<Key>>
class Remembered {
public:
    /// The latest time of a key; null where none is known. Valid until the next change.
    [[nodiscard]] const weir::Timestamp* find(const Key& key) const {
        const auto found = times_.find(key);
        return found == times_.end() ? nullptr : &found->second;
    }

    void add(const Key& key, weir::Timestamp t) {
        static_cast<void>(add_unless(key, t, [](weir::Timestamp /*known*/) { return false; }));
    }

    /// Takes a time of a key unless `refuse(the latest known)`; false where it did not.
    template <class Refuse>
    bool add_unless(const Key& key, weir::Timestamp t, Refuse refuse) {
        const auto [at, inserted] = times_.try_emplace(key, t);
        if (!inserted) {
            if (refuse(std::as_const(at->second))) {
                return false;
            }
            if (t <= at->second) {
                return true;
            }
            at->second = t;
        }
        const auto hour = std::chrono::floor<std::chrono::hours>(t);
        auto& came = by_hour_[hour];
        if (!came) {
            came = std::make_shared<Came>();
        }
        came->keys.push_back(key);
        came->after.push_back(static_cast<std::uint32_t>((t - hour).count()));
        return true;
    }

    /// Forgets the hours that ended at or before `horizon`.
    void forget(weir::Timestamp horizon) {
        while (!by_hour_.empty() && by_hour_.begin()->first + std::chrono::hours{1} <= horizon) {
            const weir::Timestamp end = by_hour_.begin()->first + std::chrono::hours{1};
            for (const Key& key : by_hour_.begin()->second->keys) {
                if (const auto found = times_.find(key); found != times_.end() && found->second < end) {
                    times_.erase(found);
                }
            }
            by_hour_.erase(by_hour_.begin());
        }
    }

    [[nodiscard]] bool empty() const noexcept { return times_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return times_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t bytes = times_.bucket_count() * (sizeof(std::pair<const Key, weir::Timestamp>) + 1);
        for (const auto& [hour, came] : by_hour_) {
            bytes += came->keys.capacity() * sizeof(Key) + came->after.capacity() * sizeof(std::uint32_t);
        }
        return bytes;
    }

    /// For SnapshotInSteps, as one section.
    [[nodiscard]] std::uint64_t begin_snapshot() const {
        saving_ = std::make_unique<Saving>();
        std::uint64_t rows = 0;
        for (const auto& [hour, came] : by_hour_) {
            saving_->hours.push_back({hour, came, came->keys.size()});
            rows += (came->keys.size() + in_row - 1) / in_row;
        }
        return rows;
    }
    template <class EndPiece>
    bool continue_snapshot(std::size_t& keys, const EndPiece& end_piece, std::uint32_t section) const {
        for (; saving_->hour != saving_->hours.size() && keys != 0; keys -= std::min(keys, in_row / 64)) {
            const auto& [hour, came, size] = saving_->hours[saving_->hour];
            const std::size_t begin = saving_->next;
            const std::size_t end = std::min(size, begin + in_row);
            weir::SnapshotPiece piece;
            piece.write(hour);
            piece.write_count(end - begin);
            piece.write_all(came->keys.data() + begin, end - begin);
            piece.write_all(came->after.data() + begin, end - begin);
            end_piece(piece, section, 1);
            saving_->next = end;
            if (end == size) {
                saving_->next = 0;
                ++saving_->hour;
            }
        }
        return saving_->hour != saving_->hours.size();
    }
    void end_snapshot() const noexcept { saving_.reset(); }

    /// Reads a row of a snapshot.
    void read_row(weir::SnapshotReader& in) {
        const auto hour = in.read<Hour>();
        std::vector<Key> keys(in.read_count<Key, std::uint32_t>());
        for (Key& key : keys) {
            in.read(key);
        }
        for (const Key& key : keys) {
            const auto after = in.read<std::uint32_t>();
            in.require(std::chrono::milliseconds{after} < std::chrono::hours{1}, "a time within its hour");
            add(key, weir::Timestamp{hour} + std::chrono::milliseconds{after});
        }
    }

private:
    using Hour = std::chrono::sys_time<std::chrono::hours>;
    static constexpr std::size_t in_row = 2048;

    // In the order in which they came, so that a snapshot is of the first so many of them.
    struct Came {
        std::vector<Key> keys;
        std::vector<std::uint32_t> after;  // milliseconds into the hour
    };
    struct Part {
        Hour hour;
        std::shared_ptr<const Came> came;  // outlives its being forgotten
        std::size_t size;
    };
    struct Saving {
        std::vector<Part> hours;
        std::size_t hour = 0;
        std::size_t next = 0;
    };

    boost::unordered_flat_map<Key, weir::Timestamp, Hash> times_;
    std::map<Hour, std::shared_ptr<Came>> by_hour_;
    mutable std::unique_ptr<Saving> saving_;  // while a snapshot is under way
};

}  // namespace live_shopper
