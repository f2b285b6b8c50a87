// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a keyed table's snapshot is, while it is under way: which slots have been written. One is written when its turn
// comes or before it is changed, whichever is first, so that the rows are those of the moment when it began.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <weir/snapshot.hpp>

namespace weir::detail {

template <class Table>
class SnapshotRows {
public:
    using Write = void (*)(const Table&, std::uint32_t id, SnapshotWriter& out);

    /// `slots` are there; `write` writes one of them.
    SnapshotRows(std::size_t slots, Write write) : written_(slots), write_{write} { begin_piece(piece_); }

    /// A slot is about to be changed.
    void before_change(const Table& table, std::uint32_t id) {
        if (id < written_.size() && !written_[id]) {
            put(table, id);
        }
    }
    /// A slot belongs to a key that came since.
    void leave_out(std::uint32_t id) {
        if (id < written_.size()) {
            written_[id] = true;
        }
    }
    /// What comes before all slots, as a row of its own.
    SnapshotWriter& first_row() {
        ++rows_;
        return piece_;
    }

    /// Looks at up to `keys` slots more, which it takes off from that, and writes those that are `used(id)`;
    /// `end_piece(piece, rows)` takes what is long enough. False once nothing is left.
    template <class Used, class EndPiece>
    bool go_on(const Table& table, std::size_t& keys, Used used, EndPiece end_piece) {
        constexpr std::size_t long_enough = 65'536;
        for (; keys != 0 && next_ != written_.size(); ++next_) {
            if (written_[next_]) {
                continue;
            }
            --keys;
            if (used(next_)) {
                put(table, next_);
                if (piece_.size() >= long_enough) {
                    end_piece(piece_, std::exchange(rows_, 0));
                }
            }
        }
        const bool more = next_ != written_.size();
        if (rows_ != 0 && (!more || piece_.size() >= long_enough)) {
            end_piece(piece_, std::exchange(rows_, 0));
        }
        return more;
    }

private:
    void put(const Table& table, std::uint32_t id) {
        written_[id] = true;
        write_(table, id, piece_);
        ++rows_;
    }

    std::vector<bool> written_;
    std::uint32_t next_ = 0;
    std::uint32_t rows_ = 0;  // in the piece
    SnapshotWriter piece_;
    Write write_;
};

}  // namespace weir::detail
