// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/symbol.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "random_stream.hpp"

using weir::Symbol;
using weir::Symbols;
using weir_tests::pick;

static_assert(sizeof(Symbol) == 8);

TEST_CASE("equal texts are one symbol", "[symbol]") {
    Symbols symbols;
    const Symbol a = symbols.intern("Ferrante");
    const Symbol b = symbols.intern(std::string{"Ferrante"});
    const Symbol c = symbols.intern("Ferrant");
    REQUIRE(a == b);
    REQUIRE(a.view().data() == b.view().data());
    REQUIRE(a != c);
    REQUIRE(a.view() == "Ferrante");
    REQUIRE(symbols.size() == 2);
    REQUIRE(std::hash<Symbol>{}(a) == std::hash<Symbol>{}(b));
    REQUIRE(static_cast<std::string_view>(a) == "Ferrante");
}

TEST_CASE("symbols of two tables differ but hash alike", "[symbol]") {
    Symbols one;
    Symbols other;
    const Symbol a = one.intern("x");
    const Symbol b = other.intern("x");
    REQUIRE(a != b);
    REQUIRE(hash_value(a) == hash_value(b));
    REQUIRE((a <=> b) == std::strong_ordering::equal);
}

TEST_CASE("the empty text is no symbol of any table", "[symbol]") {
    Symbols symbols;
    const Symbol empty = symbols.intern("");
    REQUIRE(empty == Symbol{});
    REQUIRE(empty.empty());
    REQUIRE_FALSE(empty.has_value());
    REQUIRE(empty.view().empty());
    REQUIRE(symbols.size() == 0);
    REQUIRE(hash_value(empty) == hash_value(Symbol{}));
    REQUIRE(Symbol{} < symbols.intern("a"));
}

TEST_CASE("symbols are ordered by their bytes", "[symbol]") {
    Symbols symbols;
    const Symbol z = symbols.intern("z");
    const Symbol a = symbols.intern("a");
    const Symbol umlaut = symbols.intern("\xC3\xA4");
    const Symbol nul = symbols.intern(std::string_view{"a\0b", 3});
    REQUIRE(a < nul);
    REQUIRE(nul < z);
    REQUIRE(z < umlaut);
    REQUIRE(nul.view().size() == 3);
}

TEST_CASE("a string goes with its last symbol", "[symbol]") {
    Symbols symbols;
    const std::size_t baseline = symbols.memory_in_use();
    {
        const Symbol first = symbols.intern("kept on the heap, whatever its length");
        REQUIRE(symbols.memory_in_use() > baseline + 37);
        {
            Symbol copy = first;
            Symbol moved = std::move(copy);
            REQUIRE(copy.empty());  // NOLINT: a moved-from symbol is the empty one
            copy = moved;
            copy = *&copy;
            std::swap(copy, moved);
        }
        REQUIRE(symbols.size() == 1);
        REQUIRE(first.view() == "kept on the heap, whatever its length");
    }
    REQUIRE(symbols.size() == 0);
    const Symbol again = symbols.intern("kept on the heap, whatever its length");
    REQUIRE(symbols.size() == 1);
}

TEST_CASE("symbols equal counted strings", "[symbol]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    Symbols symbols;
    std::vector<Symbol> fast(200);
    std::vector<std::string> slow(200);
    std::map<std::string, std::size_t> counts;
    for (int step = 0; step != 100'000; ++step) {
        const std::size_t i = pick(random, fast.size());
        const std::size_t j = pick(random, fast.size());
        std::string text = slow[i];
        switch (pick(random, 4)) {
            case 0:
                text = pick(random, 10) == 0 ? std::string{} : weir_tests::name(pick(random, 300));
                fast[i] = symbols.intern(text);
                break;
            case 1:
                text = slow[j];
                fast[i] = fast[j];
                break;
            case 2:
                fast[i] = Symbol{};
                text.clear();
                break;
            default:
                REQUIRE((fast[i] == fast[j]) == (slow[i] == slow[j]));
                break;
        }
        if (!slow[i].empty() && --counts[slow[i]] == 0) {
            counts.erase(slow[i]);
        }
        if (!text.empty()) {
            ++counts[text];
        }
        slow[i] = text;
        REQUIRE(fast[i].view() == slow[i]);
        REQUIRE(symbols.size() == counts.size());
    }
}
