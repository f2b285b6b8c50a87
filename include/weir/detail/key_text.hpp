// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyText: a text that is kept as a key. 32 bytes, as a std::string, with up to 22 characters inside; longer ones are
// in memory of their table's. It is not changed but put in place of another.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory_resource>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <weir/detail/memory.hpp>

namespace weir::detail {

class KeyText {
public:
    using allocator_type = Memory;

    KeyText() : KeyText{Memory{}} {}
    explicit KeyText(const Memory& memory) noexcept : from_{memory.resource()} {}
    KeyText(std::string_view text, const Memory& memory) : KeyText{memory} {
        if (text.size() <= most_inside) {
            std::copy(text.begin(), text.end(), kept_.inside);
            size_inside_ = static_cast<std::uint8_t>(text.size());
            return;
        }
        if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
            throw std::length_error("weir: wanted a key below 4 GiB");
        }
        auto* const copy = static_cast<char*>(from_->allocate(text.size(), 1));
        std::copy(text.begin(), text.end(), copy);
        kept_.outside = Outside{copy, static_cast<std::uint32_t>(text.size())};
        size_inside_ = is_outside;
    }
    KeyText(const KeyText& other, const Memory& memory) : KeyText{std::string_view{other}, memory} {}
    KeyText(const KeyText& other) : KeyText{other, Memory{}} {}
    KeyText(KeyText&& other) noexcept : KeyText{other.get_allocator()} { swap(other); }
    KeyText(KeyText&& other, const Memory& memory) : KeyText{memory} {
        if (*from_ == *other.from_) {
            swap(other);
        } else {
            KeyText copy{other, memory};
            swap(copy);
        }
    }
    KeyText& operator=(const KeyText& other) {
        if (this != &other) {
            KeyText copy{other, from_};
            swap(copy);
        }
        return *this;
    }
    KeyText& operator=(KeyText&& other) noexcept(false) {
        KeyText moved{std::move(other), from_};
        swap(moved);
        return *this;
    }
    ~KeyText() {
        if (size_inside_ == is_outside) {
            from_->deallocate(kept_.outside.text, kept_.outside.size, 1);
        }
    }

    operator std::string_view() const noexcept {  // NOLINT(google-explicit-constructor): what it is
        return size_inside_ == is_outside ? std::string_view{kept_.outside.text, kept_.outside.size}
                                          : std::string_view{kept_.inside, size_inside_};
    }
    bool operator==(std::string_view other) const noexcept { return std::string_view{*this} == other; }
    bool operator==(const KeyText& other) const noexcept { return *this == std::string_view{other}; }

    [[nodiscard]] Memory get_allocator() const noexcept { return from_; }
    [[nodiscard]] std::size_t memory_in_use() const noexcept {
        return size_inside_ == is_outside ? kept_.outside.size : 0;
    }

    static constexpr const char* snapshot_name = "text";  // as a std::string
    template <class Writer>
    void save(Writer& out) const {
        out.write_text(*this);
    }
    template <class Reader>
    void load(Reader& in) {
        *this = KeyText{in.read_text(), from_};
    }

private:
    static constexpr std::size_t most_inside = 22;
    static constexpr std::uint8_t is_outside = 0xFF;

    struct Outside {
        char* text;
        std::uint32_t size;
    };
    union Kept {
        char inside[most_inside];
        [[gnu::packed]] Outside outside;
    };

    // Requires: the same memory.
    void swap(KeyText& other) noexcept {
        std::swap(kept_, other.kept_);
        std::swap(size_inside_, other.size_inside_);
    }

    std::pmr::memory_resource* from_;
    Kept kept_{.inside = {}};
    std::uint8_t size_inside_ = 0;
};

}  // namespace weir::detail
