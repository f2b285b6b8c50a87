// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Remembered: the latest time of each key, forgotten in stretches of five minutes.
//
// Costs: O(1) expected; keys are spread over tables, so that none that doubles takes long. Memory: sizeof(Key) + 9
// bytes of table and spare room, and sizeof(Key) + 4 for each time that came. A snapshot can be taken in steps, see
// weir::SnapshotInSteps; what comes meanwhile is not in it.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <ratio>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <weir/snapshot.hpp>
#include <weir/time.hpp>

namespace live_shopper {

template <class Key, class Hash = boost::hash<Key>>
class Remembered {
public:
    /// What is forgotten at once: the keys of a stretch.
    using Stretch = std::chrono::sys_time<std::chrono::duration<std::int64_t, std::ratio<300>>>;
    [[nodiscard]] static constexpr Stretch stretch_of(weir::Timestamp t) {
        return std::chrono::floor<Stretch::duration>(t);
    }

    /// The latest time of a key; null where none is known. Valid until the next change.
    [[nodiscard]] const weir::Timestamp* find(const Key& key) const {
        const Table& table = tables_[table_of(key)];
        const auto found = table.find(key);
        return found == table.end() ? nullptr : &found->second;
    }

    void add(const Key& key, weir::Timestamp t) {
        static_cast<void>(add_unless(key, t, [](weir::Timestamp /*known*/) { return false; }));
    }

    /// Takes a time of a key unless `refuse(the latest known)`; false where it did not.
    template <class Refuse>
    bool add_unless(const Key& key, weir::Timestamp t, Refuse refuse) {
        const auto [at, inserted] = tables_[table_of(key)].try_emplace(key, t);
        if (!inserted) {
            if (refuse(std::as_const(at->second))) {
                return false;
            }
            if (t <= at->second) {
                return true;
            }
            at->second = t;
        }
        const auto stretch = stretch_of(t);
        auto& came = by_time_[stretch];
        if (!came) {
            came = std::make_shared<Came>();
        }
        if (came->empty() || came->back().keys.size() == in_row) {
            came->emplace_back();
        }
        came->back().keys.push_back(key);
        came->back().after.push_back(static_cast<std::uint32_t>((t - stretch).count()));
        return true;
    }

    /// Forgets the stretches that ended at or before `horizon`, some `most` keys of them; the rest with the next calls.
    void forget(weir::Timestamp horizon, std::size_t most = std::numeric_limits<std::size_t>::max()) {
        for (std::size_t rows = 0; !by_time_.empty() && by_time_.begin()->first + length <= horizon;) {
            const auto first = by_time_.begin();
            if (half_forgotten_ != first->first) {
                half_forgotten_ = first->first;
                forgotten_rows_ = 0;
            }
            for (; forgotten_rows_ != first->second->size(); ++forgotten_rows_, ++rows) {
                if (rows * in_row >= most) {
                    return;
                }
                forget((*first->second)[forgotten_rows_].keys, first->first + length);
            }
            by_time_.erase(first);
            forgotten_rows_ = 0;
        }
    }

    [[nodiscard]] bool empty() const noexcept { return by_time_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept {
        return std::accumulate(tables_.begin(), tables_.end(), std::size_t{0},
                               [](std::size_t sum, const Table& table) { return sum + table.size(); });
    }
    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t bytes = 0;
        for (const Table& table : tables_) {
            bytes += table.bucket_count() * (sizeof(std::pair<const Key, weir::Timestamp>) + 1);
        }
        for (const auto& [stretch, came] : by_time_) {
            bytes += came->capacity() * sizeof(Row);
            for (const Row& row : *came) {
                bytes += row.keys.capacity() * sizeof(Key) + row.after.capacity() * sizeof(std::uint32_t);
            }
        }
        return bytes;
    }

    /// For SnapshotInSteps, as one section.
    [[nodiscard]] std::uint64_t begin_snapshot() const {
        saving_ = std::make_unique<Saving>();
        std::uint64_t rows = 0;
        for (const auto& [stretch, came] : by_time_) {
            saving_->parts.push_back({stretch, came, (came->size() - 1) * in_row + came->back().keys.size()});
            rows += came->size();
        }
        return rows;
    }
    template <class EndPiece>
    bool continue_snapshot(std::size_t& keys, const EndPiece& end_piece, std::uint32_t section) const {
        for (; saving_->part != saving_->parts.size() && keys != 0; keys -= std::min(keys, in_row / 64)) {
            const auto& [stretch, came, size] = saving_->parts[saving_->part];
            const Row& row = (*came)[saving_->row];
            const std::size_t some = std::min(in_row, size - saving_->row * in_row);
            weir::SnapshotPiece piece;
            piece.write(stretch);
            piece.write_count(some);
            piece.write_all(row.keys.data(), some);
            piece.write_all(row.after.data(), some);
            end_piece(piece, section, 1);
            if (++saving_->row * in_row >= size) {
                saving_->row = 0;
                ++saving_->part;
            }
        }
        return saving_->part != saving_->parts.size();
    }
    void end_snapshot() const noexcept { saving_.reset(); }

    /// Reads a row of a snapshot.
    void read_row(weir::SnapshotReader& in) {
        const auto stretch = in.read<Stretch>();
        std::vector<Key> keys(in.read_count<Key, std::uint32_t>());
        for (Key& key : keys) {
            in.read(key);
        }
        for (const Key& key : keys) {
            const auto after = in.read<std::uint32_t>();
            in.require(std::chrono::milliseconds{after} < length, "a time within its stretch");
            add(key, weir::Timestamp{stretch} + std::chrono::milliseconds{after});
        }
    }

private:
    using Table = boost::unordered_flat_map<Key, weir::Timestamp, Hash>;

    static constexpr Stretch::duration length{1};
    static constexpr std::size_t tables = 64;
    static constexpr std::size_t in_row = 2048;

    // In the order in which they came, so that a snapshot is of the first so many of them. All rows but the last are
    // full.
    struct Row {
        std::vector<Key> keys;
        std::vector<std::uint32_t> after;  // milliseconds into the stretch
    };
    using Came = std::vector<Row>;
    struct Part {
        Stretch stretch;
        std::shared_ptr<const Came> came;  // outlives its being forgotten
        std::size_t size;
    };
    struct Saving {
        std::vector<Part> parts;
        std::size_t part = 0;
        std::size_t row = 0;
    };

    // A table takes other bits of the hash for the place of a key.
    [[nodiscard]] static std::size_t table_of(const Key& key) {
        return static_cast<std::size_t>(std::uint64_t{Hash{}(key)} * 0x9E37'79B9'7F4A'7C15U >> 58);
    }
    static_assert(tables == 1 << 6);

    void forget(const std::vector<Key>& keys, weir::Timestamp end) {
        for (const Key& key : keys) {
            Table& table = tables_[table_of(key)];
            if (const auto found = table.find(key); found != table.end() && found->second < end) {
                table.erase(found);
            }
        }
    }

    std::array<Table, tables> tables_;
    std::map<Stretch, std::shared_ptr<Came>> by_time_;
    Stretch half_forgotten_{};  // whose first rows have been forgotten, if it is the first
    std::size_t forgotten_rows_ = 0;
    mutable std::unique_ptr<Saving> saving_;  // while a snapshot is under way
};

}  // namespace live_shopper
