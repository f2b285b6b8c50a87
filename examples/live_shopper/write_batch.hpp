// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// WriteBatch: values on their way to the store, bytes in one buffer. O(bytes) to fill; no allocation per write.
//
// Writes that follow each other under one group other than 0 belong together: a reader sees all of them or none.
//
//     WriteBatch batch;
//     batch.set("user:u1:cart_value_5m", "42.99", 15min, group);
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
        std::uint64_t group;
        bool erase;
    };

    /// A value that lapses after `ttl`. One whose time is up already is erased.
    void set(std::string_view key, std::string_view value, weir::Duration ttl, std::uint64_t group = 0) {
        if (ttl <= weir::Duration::zero()) {
            erase(key, group);
            return;
        }
        entries_.push_back({bytes_.size(), ttl, group, static_cast<std::uint32_t>(key.size()),
                            static_cast<std::uint32_t>(value.size()), false});
        bytes_.append(key).append(value);
    }

    void erase(std::string_view key, std::uint64_t group = 0) {
        entries_.push_back(
            {bytes_.size(), weir::Duration::zero(), group, static_cast<std::uint32_t>(key.size()), 0, true});
        bytes_.append(key);
    }

    [[nodiscard]] Write operator[](std::size_t i) const {
        const Entry& entry = entries_[i];
        const std::string_view bytes{bytes_};
        return {bytes.substr(entry.offset, entry.key_size),
                bytes.substr(entry.offset + entry.key_size, entry.value_size), entry.ttl, entry.group, entry.erase};
    }

    /// One past the last write of the portion that begins at `from` and has `most` writes, or more where the group at
    /// its end goes on. Requires: from < size().
    [[nodiscard]] std::size_t portion_end(std::size_t from, std::size_t most) const {
        std::size_t end = entries_.size() - from <= most ? entries_.size() : from + most;
        while (end < entries_.size() && entries_[end].group != 0 && entries_[end].group == entries_[end - 1].group) {
            ++end;
        }
        return end;
    }

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

private:
    struct Entry {
        std::size_t offset;
        weir::Duration ttl;
        std::uint64_t group;
        std::uint32_t key_size;
        std::uint32_t value_size;
        bool erase;
    };

    std::string bytes_;
    std::vector<Entry> entries_;
};

}  // namespace live_shopper
