// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// WriteBatch: values on their way to the store, bytes in one buffer. O(bytes) to fill; no allocation per write.
//
//     WriteBatch batch;
//     batch.set("user:u1:cart_value_5m", "42.99", 15min);
//     batch.erase("user:anonymous:cart_value_5m");
//     for (std::size_t i = 0; i < batch.size(); ++i) { use(batch[i]); }

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weir/time.hpp>

namespace live_shopper {

class WriteBatch {
public:
    struct Write {
        std::string_view key;
        std::string_view value;
        weir::Duration ttl;  // from the moment of hand-over
        bool erase;
    };

    /// A value that lapses after `ttl`. One whose time is up already is erased.
    void set(std::string_view key, std::string_view value, weir::Duration ttl) {
        if (ttl <= weir::Duration::zero()) {
            erase(key);
            return;
        }
        entries_.push_back({bytes_.size(), ttl, static_cast<std::uint32_t>(key.size()),
                            static_cast<std::uint32_t>(value.size()), false});
        bytes_.append(key).append(value);
    }

    void erase(std::string_view key) {
        entries_.push_back({bytes_.size(), weir::Duration::zero(), static_cast<std::uint32_t>(key.size()), 0, true});
        bytes_.append(key);
    }

    [[nodiscard]] Write operator[](std::size_t i) const {
        const Entry& entry = entries_[i];
        const std::string_view bytes{bytes_};
        return {bytes.substr(entry.offset, entry.key_size),
                bytes.substr(entry.offset + entry.key_size, entry.value_size), entry.ttl, entry.erase};
    }

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

private:
    struct Entry {
        std::size_t offset;
        weir::Duration ttl;
        std::uint32_t key_size;
        std::uint32_t value_size;
        bool erase;
    };

    std::string bytes_;
    std::vector<Entry> entries_;
};

}  // namespace live_shopper
