// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Snapshots: the state of a window, an aggregator, a keyed table or a pipeline as bytes, and back.
//
//     const std::vector<std::byte> bytes = weir::take_snapshot(window);
//     weir::RollingWindow<weir::Mean<double>> other{5min};     // made as the first one was
//     weir::restore(other, bytes);                             // throws SnapshotError and leaves `other` as it was
//
// From then on both give the same answers, bit by bit. The bytes say which version of the format, which type and which
// parameters they are of and are the same on every machine. Reading checks all that is read: whatever the bytes are,
// the outcome is an object that its own functions could have made, or an error that says where, what was wanted and
// what was found; memory is bounded by the number of bytes.
//
// A snapshot is a head and pieces, each with a checksum. Keyed tables and pipelines write theirs in steps, as of one
// moment, while events go on: see keyed_windows.hpp. Which types of yours can be part of it: see snapshot_stream.hpp.
//
//     head     magic 8 | order 4 | version 4 | length 8 | name of the type, rows of each section | checksum 8
//     piece    section 4 | rows 4 | number 8 | length 8 | rows | checksum 8

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/detail/checksum.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/snapshot_shape.hpp>
#include <weir/snapshot_stream.hpp>

namespace weir {

/// Of the format. Another one is refused.
inline constexpr std::uint32_t snapshot_version = 1;

namespace detail {

inline constexpr std::array<std::uint8_t, 8> snapshot_magic{0x89, 'w', 'e', 'i', 'r', '\r', '\n', 0x1A};
inline constexpr std::uint32_t snapshot_order = 0x0102'0304;  // reads as 0x04030201 where bytes were swapped
inline constexpr std::size_t piece_head = 24;                 // before the length's end, in heads and pieces alike
inline constexpr std::size_t piece_tail = 8;

/// Appends rows to a piece.
inline void begin_piece(SnapshotWriter& out) {
    out.clear();
    static_cast<void>(out.extend(piece_head));
}

// Fills in the length and appends the checksum.
inline std::span<const std::byte> seal(SnapshotWriter& out) {
    static_cast<void>(
        SnapshotWriter::encode(out.bytes().data() + piece_head - 8, std::uint64_t{out.size() - piece_head}));
    out.write(checksum(out.bytes()));
    return std::as_const(out).bytes();
}

/// The piece from begin_piece on.
inline std::span<const std::byte> end_piece(SnapshotWriter& out, std::uint32_t section, std::uint32_t rows,
                                            std::uint64_t number) {
    std::byte* to = SnapshotWriter::encode(out.bytes().data(), section);
    to = SnapshotWriter::encode(to, rows);
    static_cast<void>(SnapshotWriter::encode(to, number));
    return seal(out);
}

[[nodiscard]] inline SnapshotWriter snapshot_head(std::string_view name, const std::vector<std::uint64_t>& rows) {
    SnapshotWriter out;
    out.write(snapshot_magic, snapshot_order, snapshot_version, std::uint64_t{0});
    out.write_text(name);
    out.write(rows);
    static_cast<void>(seal(out));
    return out;
}

template <class T>
[[nodiscard]] std::string snapshot_name_of(const T& x) {
    if constexpr (requires { x.snapshot_description(); }) {
        return x.snapshot_description();
    } else {
        return snapshot_name_of<T>();
    }
}

// Part of a long name, from a little before a place on.
[[nodiscard]] inline std::string clipped(std::string_view name, std::size_t place) {
    constexpr std::size_t most = 120;
    const std::size_t from = name.size() <= most || place < most / 3 ? 0 : place - most / 3;
    return '"' + std::string{from != 0 ? "..." : ""} + std::string{name.substr(from, most)} +
           (name.size() - from > most ? "...\"" : "\"");
}

/// Pieces one after the other.
class PieceReader {
public:
    struct Piece {
        std::uint32_t section;
        std::uint32_t rows;
        SnapshotReader in;
    };

    PieceReader(std::span<const std::byte> bytes, Symbols* symbols) : bytes_{bytes}, symbols_{symbols} {}

    /// Checks the head and gives the rows of each section.
    std::vector<std::uint64_t> head(std::string_view name) {
        SnapshotReader in{bytes_, symbols_};
        if (in.remaining() < snapshot_magic.size() ||
            std::memcmp(bytes_.data(), snapshot_magic.data(), snapshot_magic.size()) != 0) {
            in.refuse("a snapshot", "other bytes");
        }
        static_cast<void>(in.take(snapshot_magic.size()));
        if (const auto order = in.read<std::uint32_t>(); order != snapshot_order) {
            in.refuse("little-endian bytes", order == 0x0403'0201 ? "big-endian ones" : "a damaged head");
        }
        if (const auto version = in.read<std::uint32_t>(); version != snapshot_version) {
            in.refuse("version " + std::to_string(snapshot_version) + " of the format", std::to_string(version));
        }
        SnapshotReader payload = unseal();
        const std::string_view found = payload.read_text();
        if (found != name) {
            const auto [a, b] = std::mismatch(name.begin(), name.end(), found.begin(), found.end());
            const auto place = static_cast<std::size_t>(a - name.begin());
            payload.refuse("a snapshot of " + clipped(name, place), "one of " + clipped(found, place));
        }
        auto rows = payload.read<std::vector<std::uint64_t>>();
        payload.require(payload.remaining() == 0, "the end of the head");
        return rows;
    }

    [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }

    // Requires: !at_end().
    Piece next() {
        SnapshotReader in{bytes_.subspan(at_), symbols_, at_};
        const auto section = in.read<std::uint32_t>();
        const auto rows = in.read<std::uint32_t>();
        if (const auto number = in.read<std::uint64_t>(); number != number_) {
            in.refuse("piece " + std::to_string(number_), "piece " + std::to_string(number));
        }
        ++number_;
        return Piece{section, rows, unseal()};
    }

private:
    // What is between the length and the checksum.
    SnapshotReader unseal() {
        SnapshotReader in{bytes_.subspan(at_), symbols_, at_};
        const std::byte* const first = in.take(piece_head);
        const std::uint64_t length = little_endian<8>(first + piece_head - 8);
        if (length > in.remaining() || in.remaining() - length < piece_tail) {
            in.refuse(std::to_string(length) + " bytes and a checksum more", std::to_string(in.remaining()));
        }
        const std::size_t offset = in.offset();
        const std::span<const std::byte> payload{in.take(length), static_cast<std::size_t>(length)};
        if (const auto sum = in.read<std::uint64_t>(); sum != checksum({first, piece_head + payload.size()})) {
            in.refuse("the checksum of the bytes before it", "another: they are damaged");
        }
        at_ = in.offset();
        return SnapshotReader{payload, symbols_, offset};
    }

    std::span<const std::byte> bytes_;
    Symbols* symbols_;
    std::size_t at_ = 0;
    std::uint64_t number_ = 0;
};

/// How an object that is one row comes back. Others, of many, have a `Restoring` of their own.
template <class T>
class RestoringWhole {
public:
    explicit RestoringWhole(T& target) : target_{target}, fresh_{copy_of(target)} {}

    [[nodiscard]] std::size_t sections() const noexcept { return 1; }
    void reserve(std::uint32_t /*section*/, std::size_t /*rows*/) {}
    void read(std::uint32_t /*section*/, SnapshotReader& in) {
        if constexpr (has_memory) {
            in.take_memory_from(target_.get_allocator().resource());
        }
        in.read(fresh_);
    }
    void finish(const SnapshotReader& /*end*/) {}
    void commit() { target_ = std::move(fresh_); }

private:
    static constexpr bool has_memory = TakesMemory<T> && requires(const T& x) { x.get_allocator(); };

    [[nodiscard]] static T copy_of(const T& x) {
        if constexpr (has_memory) {
            return T{x, x.get_allocator()};
        } else {
            return x;
        }
    }

    T& target_;
    T fresh_;
};
template <class T>
struct RestoringOf {
    using type = RestoringWhole<T>;
};
template <class T>
requires requires { typename T::Restoring; }
struct RestoringOf<T> {
    using type = typename T::Restoring;
};

}  // namespace detail

/// What an object of yours that can be saved in steps writes its rows to: it has the members for SnapshotInSteps and
/// `Restoring` that KeyedWindows and Pipeline have.
class SnapshotPiece : public SnapshotWriter {
public:
    SnapshotPiece() { detail::begin_piece(*this); }
};

/// A snapshot of a keyed table or a pipeline, as of when this was made, in steps: between them the object is used as
/// always. Each key is written once, before it is changed for the first time, so that a change costs as much more then.
/// Abandoned where this is destroyed before the end. The object stays where it is and has one such at a time.
template <class T>
class SnapshotInSteps {
public:
    // Requires: no other is under way.
    explicit SnapshotInSteps(const T& x) : of_{x} {
        const std::string name = detail::snapshot_name_of(x);
        const std::vector<std::uint64_t> rows = x.begin_snapshot();
        rows_ = rows_left_ = std::accumulate(rows.begin(), rows.end(), std::uint64_t{0});
        head_ = detail::snapshot_head(name, rows);
    }
    SnapshotInSteps(const SnapshotInSteps&) = delete;
    SnapshotInSteps& operator=(const SnapshotInSteps&) = delete;
    ~SnapshotInSteps() { of_.end_snapshot(); }

    /// Writes about `keys` keys more and hands what is complete to `sink(std::span<const std::byte>)`: the head, then
    /// pieces of 64 KiB and more, to be put one after the other. False once all was handed over. O(keys).
    template <class Sink>
    bool write(std::size_t keys, Sink sink) {
        if (head_.size() != 0) {
            sink(std::as_const(head_).bytes());
            head_ = SnapshotWriter{};
        }
        more_ =
            more_ && of_.continue_snapshot(keys, [&](SnapshotWriter& piece, std::uint32_t section, std::uint32_t rows) {
                rows_left_ -= rows;
                sink(detail::end_piece(piece, section, rows, pieces_++));
                detail::begin_piece(piece);
            });
        return more_;
    }

    /// How many keys and heads of tables there are, and how many of them were not handed over yet.
    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::uint64_t rows_left() const noexcept { return rows_left_; }

private:
    const T& of_;
    SnapshotWriter head_;
    std::uint64_t rows_ = 0;
    std::uint64_t rows_left_ = 0;
    std::uint64_t pieces_ = 0;
    bool more_ = true;
};

/// The whole state of `x`. Of a keyed table or a pipeline that is to go on meanwhile take it in steps instead.
template <class T>
[[nodiscard]] std::vector<std::byte> take_snapshot(const T& x) {
    std::vector<std::byte> all;
    const auto append = [&](std::span<const std::byte> piece) { all.insert(all.end(), piece.begin(), piece.end()); };
    if constexpr (requires { x.begin_snapshot(); }) {
        SnapshotInSteps<T> steps{x};
        steps.write(std::numeric_limits<std::size_t>::max(), [&](std::span<const std::byte> piece) {
            if (all.capacity() - all.size() < piece.size()) {  // as many bytes for those left as for those before
                const auto written = std::max<std::uint64_t>(1, steps.rows() - steps.rows_left());
                const double each = static_cast<double>(all.size() + piece.size()) / static_cast<double>(written);
                all.reserve(all.size() + piece.size() +
                            static_cast<std::size_t>(1.1 * each * static_cast<double>(steps.rows_left())));
            }
            append(piece);
        });
    } else {
        const SnapshotWriter head = detail::snapshot_head(detail::snapshot_name_of(x), {1});
        SnapshotWriter out;
        detail::begin_piece(out);
        out.write(x);
        all.reserve(head.size() + out.size() + detail::piece_tail);
        append(head.bytes());
        append(detail::end_piece(out, 0, 1, 0));
    }
    return all;
}

/// Gives `x` the state of which `bytes` are the snapshot. `x` is made as the object was: same type, same parameters.
/// `symbols` is the table that its symbols are to belong to, where it holds any. Throws SnapshotError, and leaves `x`
/// as it was, where the bytes are damaged, of another version, of another type or have other parameters.
template <class T>
void restore(T& x, std::span<const std::byte> bytes, Symbols* symbols = nullptr) {
    detail::PieceReader pieces{bytes, symbols};
    std::vector<std::uint64_t> rows = pieces.head(detail::snapshot_name_of(x));
    typename detail::RestoringOf<T>::type restoring{x};
    const auto refuse = [](const SnapshotReader& in, std::string_view wanted) { in.require(false, wanted); };
    if (rows.size() != restoring.sections()) {
        refuse(SnapshotReader{{}, nullptr, 0}, "as many sections as the object has");
    }
    constexpr std::size_t least_row =
        4;  // bytes of a key; what is reserved must not depend on what the head says alone
    for (std::size_t section = 0; section != rows.size(); ++section) {
        restoring.reserve(static_cast<std::uint32_t>(section),
                          static_cast<std::size_t>(std::min<std::uint64_t>(rows[section], bytes.size() / least_row)));
    }
    while (!pieces.at_end()) {
        auto piece = pieces.next();
        if (piece.section >= rows.size() || piece.rows > rows[piece.section]) {
            refuse(piece.in, "no more sections and rows than the head says");
        }
        rows[piece.section] -= piece.rows;
        for (; piece.rows != 0; --piece.rows) {
            restoring.read(piece.section, piece.in);
        }
        piece.in.require(piece.in.remaining() == 0, "the end of the piece");
    }
    const SnapshotReader end{{}, nullptr, bytes.size()};
    for (const std::uint64_t missing : rows) {
        if (missing != 0) {
            refuse(end, std::to_string(missing) + " rows more");
        }
    }
    restoring.finish(end);
    restoring.commit();
}

}  // namespace weir
