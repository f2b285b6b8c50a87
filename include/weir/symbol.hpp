// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Symbols and Symbol: each distinct string kept once.
//
// Events repeat few strings (product ids, brands, categories) very often. A Symbol is 8 bytes, copies without an
// allocation and compares and hashes by address. A string goes away with its last Symbol.
//
// Interning costs one hash look-up. Symbols of two tables never compare equal unless both are empty. Counts are not
// atomic: a table and its symbols belong to one thread at a time, and the table outlives them.
//
//     weir::Symbols symbols;
//     weir::Symbol brand = symbols.intern("Ferrante");
//     brand.view();         // "Ferrante"
//     weir::Symbol{};       // the empty string

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <memory_resource>
#include <new>
#include <string_view>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>
#include <weir/detail/counted_memory.hpp>

namespace weir {

class Symbols;

namespace detail {

// The text follows the node in the same allocation.
struct SymbolNode {
    Symbols* table;
    std::uint64_t hash;
    std::uint32_t count;
    std::uint32_t size;

    [[nodiscard]] std::string_view view() const noexcept { return {reinterpret_cast<const char*>(this + 1), size}; }
};

}  // namespace detail

class Symbol {
public:
    constexpr Symbol() noexcept = default;
    Symbol(const Symbol& other) noexcept : node_{other.node_} {
        if (node_ != nullptr) {
            ++node_->count;
        }
    }
    constexpr Symbol(Symbol&& other) noexcept : node_{std::exchange(other.node_, nullptr)} {}
    Symbol& operator=(const Symbol& other) noexcept { return *this = Symbol{other}; }
    Symbol& operator=(Symbol&& other) noexcept {
        std::swap(node_, other.node_);
        return *this;
    }
    inline ~Symbol();

    [[nodiscard]] std::string_view view() const noexcept {
        return node_ == nullptr ? std::string_view{} : node_->view();
    }
    [[nodiscard]] bool empty() const noexcept { return node_ == nullptr; }
    [[nodiscard]] bool has_value() const noexcept { return node_ != nullptr; }
    [[nodiscard]] explicit operator std::string_view() const noexcept { return view(); }
    [[nodiscard]] bool operator==(const Symbol&) const noexcept = default;

    /// By text, byte by byte.
    [[nodiscard]] friend std::strong_ordering operator<=>(const Symbol& a, const Symbol& b) noexcept {
        return a.node_ == b.node_ ? std::strong_ordering::equal : a.view() <=> b.view();
    }

    /// Well mixed and the same for equal texts in every table.
    [[nodiscard]] friend std::size_t hash_value(const Symbol& s) noexcept {
        return s.node_ == nullptr ? 0 : static_cast<std::size_t>(s.node_->hash);
    }

    static constexpr const char* snapshot_name = "text";
    /// As its text; load interns it in the table that the reader was given.
    template <class Writer>
    void save(Writer& out) const {
        out.write_text(view());
    }
    template <class Reader>
    void load(Reader& in) {
        const std::string_view text = in.read_text();
        *this = text.empty() ? Symbol{} : in.symbols().intern(text);
    }

private:
    friend Symbols;
    explicit Symbol(detail::SymbolNode* node) noexcept : node_{node} {}

    detail::SymbolNode* node_ = nullptr;
};

/// The table of the strings in use. Not copyable: symbols point into it.
class Symbols {
public:
    explicit Symbols(std::pmr::memory_resource* memory = std::pmr::get_default_resource()) : memory_{memory} {}
    Symbols(const Symbols&) = delete;
    Symbols& operator=(const Symbols&) = delete;

    /// The symbol of `text`, which is copied where it is new; the empty text gives Symbol{}.
    /// Requires: text is shorter than 4 GiB. Amortized O(length).
    [[nodiscard]] Symbol intern(std::string_view text) {
        if (text.empty()) {
            return {};
        }
        const Text key{text, std::hash<std::string_view>{}(text)};
        if (const auto found = nodes_.find(key); found != nodes_.end()) {
            ++(*found)->count;
            return Symbol{*found};
        }
        void* const storage = memory_.allocate(sizeof(detail::SymbolNode) + text.size(), alignof(detail::SymbolNode));
        auto* const node = new (storage) detail::SymbolNode{this, key.hash, 1, static_cast<std::uint32_t>(text.size())};
        std::memcpy(static_cast<void*>(node + 1), text.data(), text.size());
        Symbol symbol{node};  // frees the node should the insertion throw
        nodes_.insert(node);
        return symbol;
    }

    /// The number of distinct strings in use.
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

    /// Bytes taken from the memory and not given back.
    [[nodiscard]] std::size_t memory_in_use() const noexcept { return memory_.bytes(); }

private:
    friend Symbol;
    struct Text {
        std::string_view text;
        std::uint64_t hash;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const detail::SymbolNode* n) const noexcept { return static_cast<std::size_t>(n->hash); }
        std::size_t operator()(const Text& t) const noexcept { return static_cast<std::size_t>(t.hash); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const detail::SymbolNode* a, const detail::SymbolNode* b) const noexcept { return a == b; }
        bool operator()(const detail::SymbolNode* a, const Text& b) const noexcept { return a->view() == b.text; }
        bool operator()(const Text& a, const detail::SymbolNode* b) const noexcept { return b->view() == a.text; }
    };

    void forget(detail::SymbolNode* node) noexcept {
        nodes_.erase(node);
        const std::size_t bytes = sizeof(detail::SymbolNode) + node->size;
        std::destroy_at(node);
        memory_.deallocate(node, bytes, alignof(detail::SymbolNode));
    }

    using Nodes = boost::unordered_flat_set<detail::SymbolNode*, Hash, Equal,
                                            std::pmr::polymorphic_allocator<detail::SymbolNode*>>;

    detail::CountedMemory memory_;
    Nodes nodes_{&memory_};
};

inline Symbol::~Symbol() {
    if (node_ != nullptr && --node_->count == 0) {
        node_->table->forget(node_);
    }
}

}  // namespace weir

template <>
struct std::hash<weir::Symbol> {
    std::size_t operator()(const weir::Symbol& s) const noexcept { return hash_value(s); }
};
