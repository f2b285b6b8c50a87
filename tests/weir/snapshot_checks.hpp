// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is asked of everything that can be snapshotted.

#include <weir/snapshot.hpp>

#include "random_stream.hpp"
#include "snapshot_support.hpp"

namespace weir_tests {

template <class Case>
[[nodiscard]] typename Case::Object driven(SnapshotRandom& random, std::size_t steps) {
    auto object = Case::make();
    for (std::size_t i = 0; i != steps; ++i) {
        Case::step(object, random);
    }
    return object;
}

template <class T>
[[nodiscard]] std::string refusal(T& target, const SnapshotBytes& bytes) {
    try {
        weir::restore(target, bytes);
    } catch (const weir::SnapshotError& error) {
        return error.what();
    }
    return "";
}

/// Every bit of the first and the last bytes, and so many others that a test takes no longer than a moment.
[[nodiscard]] inline std::vector<std::size_t> some_bits(const SnapshotBytes& bytes, SnapshotRandom& random) {
    std::vector<std::size_t> bits;
    for (std::size_t byte = 0; byte != bytes.size(); ++byte) {
        const bool edge = byte < 150 || bytes.size() - byte < 50;
        if (edge || below(random, bytes.size()) < 60) {
            for (std::size_t bit = 0; bit != 8; ++bit) {
                bits.push_back(8 * byte + bit);
            }
        }
    }
    return bits;
}

/// What was restored answers as the first one does, step by step.
template <class Case>
void answers_alike_from_then_on() {
    const std::uint64_t seed = fresh_seed();
    CAPTURE(seed);
    SnapshotRandom random{seed};
    for (int round = 0; round != 15; ++round) {
        auto first = driven<Case>(random, below(random, 10) == 0 ? below(random, 5) : below(random, 400));
        const SnapshotBytes bytes = weir::take_snapshot(first);
        auto second = Case::make();
        for (std::size_t i = below(random, 20); i != 0; --i) {
            Case::step(second, random);  // what it was before does not count
        }
        weir::restore(second, bytes);
        REQUIRE((Case::answer(second) == Case::answer(first)));
        REQUIRE((weir::take_snapshot(second) == bytes));
        for (int step = 0; step != 150; ++step) {
            SnapshotRandom same = random;
            const bool alike = Case::step(first, random) == Case::step(second, same);
            REQUIRE(alike);
            REQUIRE((Case::answer(second) == Case::answer(first)));
        }
        if constexpr (!requires { typename Case::Object::Restoring; }) {  // a table's rows come in no order
            REQUIRE((weir::take_snapshot(second) == weir::take_snapshot(first)));
        }
    }
}

/// Cut off, longer or with a bit that flipped.
template <class Case>
void damage_is_refused() {
    SnapshotRandom random{1};
    const auto first = driven<Case>(random, 12);
    const SnapshotBytes bytes = weir::take_snapshot(first);
    auto target = driven<Case>(random, 7);
    const SnapshotBytes before = weir::take_snapshot(target);
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 1000) {
        REQUIRE(
            (refusal(target, SnapshotBytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))) != ""));
    }
    for (const std::size_t bit : some_bits(bytes, random)) {
        SnapshotBytes damaged = bytes;
        damaged[bit / 8] ^= std::byte{1} << bit % 8;
        REQUIRE((refusal(target, damaged) != ""));
    }
    SnapshotBytes longer = bytes;
    longer.push_back(std::byte{0});
    REQUIRE((refusal(target, longer) != ""));
    REQUIRE((weir::take_snapshot(target) == before));
}

/// With right checksums, so that it is what is read that decides.
template <class Case>
void whatever_it_says_is_refused_or_valid() {
    const std::uint64_t seed = fresh_seed();
    CAPTURE(seed);
    SnapshotRandom random{seed};
    const SnapshotBytes bytes = weir::take_snapshot(driven<Case>(random, 40));
    const auto drive = [&](SnapshotBytes damaged) {
        auto target = Case::make();
        const SnapshotBytes before = weir::take_snapshot(target);
        if (!seal_again(damaged) || refusal(target, damaged) != "") {
            REQUIRE((weir::take_snapshot(target) == before));
            return;
        }
        for (int step = 0; step != 8; ++step) {
            Case::step(target, random);
            static_cast<void>(Case::answer(target));
        }
        auto again = Case::make();
        weir::restore(again, weir::take_snapshot(target));
        REQUIRE((Case::answer(again) == Case::answer(target)));
    };
    for (const std::size_t bit : some_bits(bytes, random)) {
        SnapshotBytes damaged = bytes;
        damaged[bit / 8] ^= std::byte{1} << bit % 8;
        drive(damaged);
    }
    for (int round = 0; round != 200; ++round) {  // several bytes, of those that such numbers are made of
        SnapshotBytes damaged = bytes;
        for (std::size_t i = 1 + below(random, 8); i != 0; --i) {
            constexpr std::array<std::uint8_t, 6> often{0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
            damaged[below(random, damaged.size())] = std::byte{often[below(random, often.size())]};
        }
        drive(damaged);
    }
}

}  // namespace weir_tests
