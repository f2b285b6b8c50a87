// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Of which keys a lane has dropped events: Dropped, and DroppedRows, which keeps that as rows of a snapshot.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <weir/detail/checksum.hpp>
#include <weir/snapshot.hpp>
#include <weir/time.hpp>

namespace weir::detail {

/// Takes a piece of so many rows of a section.
using EndPiece = std::function<void(SnapshotWriter& piece, std::uint32_t section, std::uint32_t rows)>;

/// The keys of which a lane dropped events, all of them at or before `until`.
class Dropped {
public:
    explicit Dropped(std::pmr::memory_resource* memory) noexcept : memory_{memory} {}

    void add(std::string_view key, Timestamp until) {
        own().insert(hash(key));
        until_ = std::max(until_, until);
    }
    [[nodiscard]] bool any() const noexcept { return keys_ && !keys_->empty(); }
    /// Whether events of the key after `time` may be missing.
    [[nodiscard]] bool misses(std::string_view key, Timestamp time) const {
        return any() && time < until_ && keys_->contains(hash(key));
    }
    [[nodiscard]] Timestamp until() const noexcept { return until_; }

    /// Forgets the keys that are not among `live`, a Dropped too, and looks again after `next`.
    void keep(const Dropped& live, Timestamp next) {
        auto kept = make_keys();
        if (any() && live.any()) {
            for (const auto key : *live.keys_) {
                if (keys_->contains(key)) {
                    kept->insert(key);
                }
            }
        }
        keys_ = std::move(kept);
        until_ = next;
    }
    /// Forgets all.
    void clear() noexcept {
        keys_.reset();
        until_ = Timestamp::min();
    }

private:
    friend class DroppedRows;
    using Keys = boost::unordered_flat_set<std::uint64_t, boost::hash<std::uint64_t>, std::equal_to<>,
                                           std::pmr::polymorphic_allocator<std::uint64_t>>;

    static std::uint64_t hash(std::string_view key) { return checksum(std::as_bytes(std::span{key})); }

    [[nodiscard]] std::shared_ptr<Keys> make_keys() const {
        return std::allocate_shared<Keys>(std::pmr::polymorphic_allocator<Keys>{memory_});
    }

    // What a snapshot is reading stays as it is.
    Keys& own() {
        if (!keys_ || keys_.use_count() != 1) {
            auto own = make_keys();
            if (keys_) {
                own->insert(keys_->begin(), keys_->end());
            }
            keys_ = std::move(own);
        }
        return *keys_;
    }

    std::shared_ptr<Keys> keys_;  // by hash: one key in 2^64 / keys is taken for another
    Timestamp until_ = Timestamp::min();
    std::pmr::memory_resource* memory_;
};

/// A Dropped as rows of a snapshot: until when and how many rows there are of keys, and those.
class DroppedRows {
public:
    explicit DroppedRows(const Dropped& dropped)
        : keys_{dropped.keys_ ? dropped.keys_ : dropped.make_keys()},
          until_{dropped.until_},
          at_{keys_->begin()},
          left_{1 + (keys_->size() + in_row - 1) / in_row} {}

    [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

    /// Writes the first row, and more as long as there are `keys`, which they are taken off from. False once none is
    /// left.
    bool go_on(std::size_t& keys, const EndPiece& end_piece, std::uint32_t section) {
        for (const std::uint64_t all = left_; left_ != 0 && (keys != 0 || head_); --left_) {
            SnapshotPiece piece;
            if (head_) {
                piece.write(until_, all - 1);
                head_ = false;
            } else {
                std::vector<std::uint64_t> row;
                row.reserve(in_row);
                for (; row.size() != in_row && at_ != keys_->end(); ++at_) {
                    row.push_back(*at_);
                }
                piece.write(row);
                keys -= std::min(keys, in_row / 64);
            }
            end_piece(piece, section, 1);
        }
        return left_ != 0;
    }

    /// Reads what was written into `to`, row by row. False after the last.
    class Reading {
    public:
        bool read(SnapshotReader& in, Dropped& to) {
            if (head_) {
                to.clear();
                in.read(to.until_, left_);
                head_ = false;
            } else {
                const auto row = in.read<std::vector<std::uint64_t>>();
                to.own().insert(row.begin(), row.end());
                --left_;
            }
            return left_ != 0;
        }

    private:
        bool head_ = true;
        std::uint64_t left_ = 0;
    };

private:
    static constexpr std::size_t in_row = 8192;

    std::shared_ptr<const Dropped::Keys> keys_;
    Timestamp until_;
    Dropped::Keys::const_iterator at_;
    std::uint64_t left_;
    bool head_ = true;
};

}  // namespace weir::detail
