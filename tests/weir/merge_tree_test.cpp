// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/merge_tree.hpp>

#include <cstdint>
#include <deque>
#include <string>

#include "random_stream.hpp"

using weir_tests::pick;

namespace {

/// The inputs of each member one after the other: merged in a wrong order, or twice, it reads differently.
struct Text {
    void add(const std::string& x) { text += x; }
    void merge(const Text& later) { text += later.text; }
    std::string text;
};

}  // namespace

TEST_CASE("a merge tree gives any row of members, in their order", "[merge_tree]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    for (int round = 0; round != 30; ++round) {
        weir::detail::MergeTree<Text> fast;
        std::deque<std::string> slow;
        std::uint32_t first = static_cast<std::uint32_t>(random());
        std::size_t most = 1 + pick(random, 40);
        for (int step = 0; step != 1000; ++step) {
            if (pick(random, 100) == 0) {
                most = 1 + pick(random, 70);
            }
            const auto size = static_cast<std::uint32_t>(slow.size());
            const std::string text = std::to_string(step) + ",";
            switch (pick(random, 6)) {
                case 0:
                case 1:
                    if (size < most) {  // a new one behind all others
                        fast.put(first, first + size, Text{text});
                        slow.push_back(text);
                    }
                    break;
                case 2:
                    if (size != 0) {  // another one in the place of a member
                        const std::uint32_t i = static_cast<std::uint32_t>(pick(random, size));
                        fast.put(first, first + i, Text{text});
                        slow[i] = text;
                    }
                    break;
                case 3:
                    if (size != 0 && size < most) {  // a new one amid the others
                        const std::uint32_t i = static_cast<std::uint32_t>(pick(random, size));
                        fast.shift(first, first + i + 1, first + size + 1);
                        fast.put(first, first + i, Text{text});
                        slow.insert(slow.begin() + i, text);
                    }
                    break;
                case 4:
                    for (std::size_t gone = size > most ? size - most : pick(random, 3); gone != 0 && !slow.empty();
                         --gone) {
                        slow.pop_front();
                        ++first;
                    }
                    break;
                default: {
                    const std::size_t from = pick(random, slow.size() + 1);
                    const std::size_t to = from + pick(random, slow.size() + 1 - from);
                    Text row{"<"};
                    fast.merge_into(row, first + static_cast<std::uint32_t>(from),
                                    first + static_cast<std::uint32_t>(to));
                    std::string expected{"<"};
                    for (std::size_t i = from; i != to; ++i) {
                        expected += slow[i];
                    }
                    if (row.text != expected) {
                        FAIL("at step " << step << " of round " << round << ": " << row.text << " is not " << expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("an input that is added to a member of a merge tree is in every row that has it", "[merge_tree]") {
    struct Sum {
        void add(int x) { sum += x; }
        void merge(const Sum& later) { sum += later.sum; }
        int sum = 0;
    };
    weir::detail::MergeTree<Sum> tree;
    constexpr std::uint32_t first = 1000;
    for (std::uint32_t i = 0; i != 11; ++i) {
        tree.put(first, first + i, Sum{1});
    }
    tree.add(first + 4, weir_tests::at(0), 100);
    for (std::uint32_t from = 0; from != 12; ++from) {
        for (std::uint32_t to = from; to != 12; ++to) {
            Sum row;
            tree.merge_into(row, first + from, first + to);
            REQUIRE(row.sum == static_cast<int>(to - from) + (from <= 4 && 4 < to ? 100 : 0));
        }
    }
}
