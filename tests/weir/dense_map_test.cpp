// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/dense_map.hpp>

#include <string>
#include <unordered_map>

#include "random_stream.hpp"

namespace {

/// Many keys of few hashes, so that searches run into one another and erases have holes to close.
struct Crowded {
    std::uint64_t key = 0;
    bool operator==(const Crowded&) const = default;
    friend std::size_t hash_value(const Crowded& x) { return x.key % 7; }
};

using weir_tests::pick;

}  // namespace

static_assert(sizeof(weir::detail::DenseMap<std::string, int>) == 32);

TEMPLATE_TEST_CASE("a dense map holds what was inserted and not erased", "[dense_map]", std::uint64_t, Crowded) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    weir::detail::DenseMap<TestType, std::uint64_t> map;
    std::unordered_map<std::uint64_t, std::uint64_t> model;
    const std::size_t steps = std::is_same_v<TestType, Crowded> ? 100'000 : 1'000'000;
    const std::size_t keys = std::is_same_v<TestType, Crowded> ? 100 : 3000;
    bool growing = true;
    for (std::size_t step = 0; step != steps; ++step) {
        growing = pick(random, 4 * keys) == 0 ? !growing : growing;
        const std::uint64_t key = pick(random, keys);
        const bool there = model.count(key) != 0;
        const std::uint32_t found = map.find(TestType{key});
        if ((found != map.none) != there || (there && map[found].mapped != model[key])) {
            FAIL("find differs from the model at step " << step);
        }
        if (there && (!growing || pick(random, 4) == 0)) {
            map.erase(found);
            model.erase(key);
        } else if (growing || pick(random, 4) == 0) {
            const auto [i, fresh] = map.try_emplace(TestType{key}, step);
            if (fresh == there || !(map[i].key == TestType{key})) {
                FAIL("try_emplace differs from the model at step " << step);
            }
            model.emplace(key, step);
        }
        if (map.size() != model.size() || (map.empty() && map.memory_in_use() != 0)) {
            FAIL("size differs from the model at step " << step);
        }
    }
}

TEST_CASE("a dense map gives memory back as it shrinks", "[dense_map]") {
    weir::detail::DenseMap<int, int> map;
    for (int i = 0; i != 100'000; ++i) {
        map.try_emplace(i, i);
    }
    const std::size_t full = map.memory_in_use();
    REQUIRE(full >= 100'000 * sizeof(int) * 2);
    for (int i = 0; i != 99'900; ++i) {
        map.erase(map.find(i));
    }
    REQUIRE(map.memory_in_use() < full / 100);
    REQUIRE(map[map.find(99'950)].mapped == 99'950);
    for (int i = 99'900; i != 100'000; ++i) {
        map.erase(map.find(i));
    }
    REQUIRE(map.memory_in_use() == 0);
}

TEST_CASE("copies of a dense map are independent, and a moved-from one is empty", "[dense_map]") {
    weir::detail::DenseMap<std::string, int> map;
    for (std::size_t i = 0; i != 100; ++i) {
        map.try_emplace(weir_tests::name(i), 1);
    }
    auto copy = map;
    REQUIRE(copy == map);
    copy.erase(copy.find(weir_tests::name(3)));
    REQUIRE(map.find(weir_tests::name(3)) != map.none);
    REQUIRE_FALSE(copy == map);
    const auto moved = std::move(map);
    REQUIRE(moved.size() == 100);
    map = copy;
    REQUIRE(map == copy);
}
