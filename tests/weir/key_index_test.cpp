// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/key_index.hpp>

#include <cstdint>
#include <memory_resource>
#include <unordered_map>

#include "random_stream.hpp"

using weir::detail::KeyIndex;
using weir_tests::pick;

namespace {

// Slots have their hash for good: spread; in a few crowds, one at the very end of the index and all with the same
// home; or the same for many.
std::uint32_t hash_of(std::uint32_t id, bool crowded) {
    const std::uint32_t spread = KeyIndex::fragment(id);
    if (!crowded) {
        return spread;
    }
    return id % 3 == 0 ? 0xffffffffU : (spread % 4 << 30) | (spread >> 24) | 1;
}

KeyIndex::Id find(const KeyIndex& index, std::uint32_t hash, std::uint32_t id) {
    return index.find(hash, [&](KeyIndex::Id found) { return found == id; });
}

}  // namespace

TEST_CASE("a key index holds what was inserted and not erased", "[key_index]") {
    const bool crowded = GENERATE(false, true);
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed, crowded);
    weir_tests::Random random{seed};
    KeyIndex index{std::pmr::get_default_resource()};
    std::unordered_map<std::uint32_t, std::uint32_t> model;
    const std::size_t keys = crowded ? 300 : 5000;
    const std::size_t steps = crowded ? 200'000 : 1'000'000;
    bool growing = true;
    for (std::size_t step = 0; step != steps; ++step) {
        growing = pick(random, 4 * keys) == 0 ? !growing : growing;
        const auto id = static_cast<std::uint32_t>(pick(random, keys));
        const std::uint32_t hash = hash_of(id, crowded);
        const bool there = model.count(id) != 0;
        if (find(index, hash, id) != (there ? id : KeyIndex::none)) {
            FAIL("find differs from the model at step " << step);
        }
        if (there && (!growing || pick(random, 4) == 0)) {
            index.erase(hash, id);
            model.erase(id);
        } else if (!there && (growing || pick(random, 4) == 0)) {
            index.insert(hash, id);
            model.emplace(id, hash);
        }
        if (index.size() != model.size()) {
            FAIL("size differs from the model at step " << step);
        }
        if (step % 10'000 == 0) {
            for (const auto& [each, its_hash] : model) {
                if (find(index, its_hash, each) != each) {
                    FAIL("one has gone at step " << step);
                }
            }
        }
    }
    for (const auto& [id, hash] : model) {
        index.erase(hash, id);
    }
    REQUIRE(index.size() == 0);
    REQUIRE(index.bytes() == 0);
}

TEST_CASE("a key index has room for what was reserved", "[key_index]") {
    KeyIndex index{std::pmr::get_default_resource()};
    index.reserve(1000);
    const std::size_t bytes = index.bytes();
    for (std::uint32_t id = 0; id != 1000; ++id) {
        index.insert(KeyIndex::fragment(id), id);
    }
    REQUIRE(index.bytes() == bytes);
    REQUIRE(bytes <= 1000 * 8 * 5 / 4 + 64);
}
