// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/aggregators/count.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/detail/key_text.hpp>
#include <weir/symbol.hpp>

#include "memory_support.hpp"
#include "random_stream.hpp"

namespace {

std::atomic<std::size_t> calls{0};

void* allocate(std::size_t size) noexcept {
    ++calls;
    return std::malloc(size == 0 ? 1 : size);
}

void* allocate_or_throw(std::size_t size) {
    if (void* const storage = allocate(size)) {
        return storage;
    }
    throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
// Those of the sanitizers do not call the others.
void* operator new(std::size_t size, const std::nothrow_t& /*no*/) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t& /*no*/) noexcept { return allocate(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete[](void* at) noexcept { std::free(at); }
void operator delete(void* at, const std::nothrow_t& /*no*/) noexcept { std::free(at); }
void operator delete[](void* at, const std::nothrow_t& /*no*/) noexcept { std::free(at); }
void operator delete(void* at, std::size_t /*size*/) noexcept { std::free(at); }
void operator delete[](void* at, std::size_t /*size*/) noexcept { std::free(at); }

std::size_t weir_tests::calls_of_new() noexcept { return calls; }

using weir_tests::from_nowhere_else;
using weir_tests::live_in_all;
using weir_tests::live_rolling;
using weir_tests::pick;
using weir_tests::Random;
using weir_tests::Watched;

TEST_CASE("a window's memory is its resource's, and it knows how much: numbers", "[memory]") {
    live_in_all<weir::Sum<double>>();
    live_in_all<weir::Mean<double>>();
    live_in_all<weir::Max<double>>();
    live_rolling<weir::Sum<int>>();
    live_rolling<weir::Count>();
}

TEST_CASE("symbols take their memory from their resource, and know how much", "[memory]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    Watched memory;
    weir::Symbols symbols{&memory};
    std::vector<weir::Symbol> some(500);
    for (int step = 0; step != 20'000; ++step) {
        const std::string text = weir_tests::name(pick(random, 2000));
        weir::Symbol& symbol = some[pick(random, some.size())];
        const bool nowhere_else = from_nowhere_else([&] { symbol = symbols.intern(text); });
        if (!nowhere_else || symbols.memory_in_use() != memory.held) {
            FAIL("at step " << step << ": says " << symbols.memory_in_use() << ", has taken " << memory.held);
        }
    }
}

TEST_CASE("a key's text is one, wherever it is", "[memory]") {
    STATIC_REQUIRE(sizeof(weir::detail::KeyText) == sizeof(std::string));
    Watched memory;
    Watched other;
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{22}, std::size_t{23}, std::size_t{300}}) {
        const std::string text(size, 'x');
        using Key = weir::detail::KeyText;
        Key key{text, &memory};
        REQUIRE(key == std::string_view{text});
        REQUIRE(key.memory_in_use() == memory.held);
        REQUIRE(memory.held == (size > 22 ? size : 0));
        Key copy{key, &other};
        REQUIRE(copy == key);
        copy = Key{"y", &other};
        REQUIRE(copy == std::string_view{"y"});
        copy = key;
        REQUIRE(copy == key);
        REQUIRE(copy.memory_in_use() == other.held);
        Key moved{std::move(copy)};
        REQUIRE(moved == key);
        moved = Key{text + 'z', &memory};
        REQUIRE(moved == std::string_view{text + 'z'});
        REQUIRE(moved.get_allocator().resource() == &other);
    }
}
