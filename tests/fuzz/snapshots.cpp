// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Bytes become a snapshot of everything that can have one: with its checksums right, so that it is what the bytes say
// that is tested. What is refused changes nothing; what is taken is a valid object: it is driven on, and so is what its
// own snapshot is restored to, with the same answers.

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include <weir/snapshot.hpp>

#include "../weir/snapshot_support.hpp"
#include "bytes.hpp"

namespace {

using namespace weir_tests;

/// The right head and one piece of these bytes.
SnapshotBytes framed(const SnapshotBytes& whole, const std::uint8_t* data, std::size_t size) {
    const auto head_size = 32 + static_cast<std::size_t>(weir::detail::little_endian<8>(whole.data() + 16));
    SnapshotBytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(head_size + 24));
    for (std::size_t i = 0; i != size; ++i) {
        bytes.push_back(std::byte{data[i]});
    }
    static_cast<void>(weir::SnapshotWriter::encode(bytes.data() + head_size + 16, std::uint64_t{size}));
    bytes.resize(bytes.size() + 8);
    return bytes;
}

/// A true snapshot with some bytes changed, each by two of the input's.
SnapshotBytes edited(SnapshotBytes bytes, Bytes edits) {
    while (!edits.empty()) {
        const std::size_t at = (std::size_t{edits.next()} << 8 | edits.next()) % bytes.size();
        bytes[at] = std::byte{edits.next()};
    }
    return bytes;
}

template <class Case>
void fuzz(std::uint8_t mode, const std::uint8_t* data, std::size_t size) {
    SnapshotRandom random{size == 0 ? 0U : data[0] % 8U};
    auto object = Case::make();
    for (std::size_t i = 0; i != 5U * (mode / 4 % 8); ++i) {
        static_cast<void>(Case::step(object, random));
    }
    const SnapshotBytes whole = weir::take_snapshot(object);
    SnapshotBytes bytes;
    if (mode % 4 == 0) {
        for (std::size_t i = 0; i != size; ++i) {
            bytes.push_back(std::byte{data[i]});
        }
    } else {
        bytes = mode % 4 == 1 ? edited(whole, Bytes{data, size}) : framed(whole, data, size);
    }
    const bool sealed = seal_again(bytes);
    auto first = Case::make();
    const SnapshotBytes before = weir::take_snapshot(first);
    try {
        weir::restore(first, bytes);
    } catch (const weir::SnapshotError& error) {
        check(weir::take_snapshot(first) == before, "what refused a snapshot");
        check(error.offset() <= bytes.size(), "where it was refused");
        return;
    }
    check(sealed, "a checksum");
    auto second = Case::make();
    weir::restore(second, weir::take_snapshot(first));
    for (int step = 0; step != 6; ++step) {
        check(Case::answer(second) == Case::answer(first), "the answers");
        SnapshotRandom same = random;
        check(Case::step(second, same) == Case::step(first, random), "what is handed out");
    }
}

template <class... Cases>
void choose(std::tuple<Cases...>* /*types*/, std::uint8_t which, std::uint8_t mode, const std::uint8_t* data,
            std::size_t size) {
    std::size_t i = 0;
    ((i++ == which % sizeof...(Cases) ? fuzz<Cases>(mode, data, size) : void()), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    choose(static_cast<Snapshotted*>(nullptr), data[0], data[1], data + 2, size - 2);
    return 0;
}
