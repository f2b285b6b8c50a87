// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <weir/detail/array.hpp>
#include <weir/detail/ring.hpp>

#include "memory_support.hpp"
#include "random_stream.hpp"

namespace {

using weir_tests::pick;
using weir_tests::Watched;
using Text = std::pmr::string;

template <class A>
bool same(const A& array, const std::vector<std::string>& model) {
    if (array.size() != model.size()) {
        return false;
    }
    for (std::size_t i = 0; i != model.size(); ++i) {
        if (array[i] != std::string_view{model[i]}) {
            return false;
        }
    }
    return true;
}

// An Array against a std::vector, copies and moves among memories included.
template <std::uint32_t inside>
void equals_a_vector() {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    Watched memory;
    Watched other;
    using Array = weir::detail::Array<Text, inside>;
    Array array{&memory};
    std::vector<std::string> model;
    for (int step = 0; step != 20'000; ++step) {
        const std::string text = weir_tests::name(pick(random, 100));
        const std::size_t i = model.empty() ? 0 : pick(random, model.size());
        switch (pick(random, model.size() > 40 ? 12 : 9)) {
            case 0:
            case 1:
            case 2:
                array.push_back(Text{text, &other});
                model.push_back(text);
                break;
            case 3:
            case 4:
                array.insert(array.begin() + i, Text{text, &memory});
                model.insert(model.begin() + static_cast<std::ptrdiff_t>(i), text);
                break;
            case 5: {
                Array copy{array, &other};
                REQUIRE(copy.memory_in_use() == other.held);
                array = pick(random, 2) == 0 ? copy : std::move(copy);
                break;
            }
            case 6: {
                Array moved{std::move(array)};
                array.push_back(Text{"to go", &memory});
                array = std::move(moved);
                break;
            }
            case 7:
                array.resize(i);
                model.resize(i);
                break;
            case 8:
                array.erase(array.begin() + i, array.begin() + i);
                break;
            default: {
                const std::size_t last = i + pick(random, model.size() - i);
                array.erase(array.begin() + i, array.begin() + last);
                model.erase(model.begin() + static_cast<std::ptrdiff_t>(i),
                            model.begin() + static_cast<std::ptrdiff_t>(last));
            }
        }
        if (!same(array, model) || array.memory_in_use() != memory.held) {
            FAIL("differs at step " << step);
        }
    }
    array.release();
    REQUIRE(memory.held == 0);
}

}  // namespace

TEST_CASE("an array equals a vector and takes its memory from one place", "[array]") {
    equals_a_vector<0>();
    equals_a_vector<1>();
    equals_a_vector<3>();
    STATIC_REQUIRE(sizeof(weir::detail::Array<int>) == 24);
}

TEST_CASE("an array does not take more than it can count", "[array]") {
    constexpr std::size_t too_many = std::size_t{1} << 32;
    weir::detail::Array<char> array{std::pmr::null_memory_resource()};
    CHECK_THROWS_AS(array.reserve(too_many), std::length_error);
    CHECK_THROWS_AS(array.resize(too_many), std::length_error);
    CHECK_THROWS_AS(array.resize(too_many - 1), std::bad_alloc);  // that could be
    CHECK(array.memory_in_use() == 0);
}

TEST_CASE("a ring equals a vector and takes its memory from one place", "[array]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    Watched memory;
    Watched other;
    weir::detail::Ring<Text, std::size_t> ring{&memory};
    std::vector<std::string> model;
    for (int step = 0; step != 20'000; ++step) {
        const std::string text = weir_tests::name(pick(random, 100));
        switch (pick(random, model.size() > 40 ? 10 : 7)) {
            case 0:
            case 1:
            case 2:
                ring.push_back(Text{text, &other});
                model.push_back(text);
                break;
            case 3: {
                const std::size_t i = pick(random, model.size() + 1);
                ring.insert(i, Text{text, &memory});
                model.insert(model.begin() + static_cast<std::ptrdiff_t>(i), text);
                break;
            }
            case 4: {
                weir::detail::Ring<Text, std::size_t> copy{ring, &other};
                REQUIRE(copy.memory_in_use() == other.held);
                ring = pick(random, 2) == 0 ? copy : std::move(copy);
                break;
            }
            case 5:
                ring.set_capacity(ring.size() + pick(random, 5));
                break;
            default:
                if (!model.empty()) {
                    REQUIRE(ring.index_of(&ring[model.size() / 2]) == model.size() / 2);
                    ring.pop_front();
                    model.erase(model.begin());
                }
        }
        if (!same(ring, model) || ring.memory_in_use() != memory.held) {
            FAIL("differs at step " << step);
        }
    }
    ring.release();
    REQUIRE(memory.held == 0);
}
