// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Deduplicator: tells the first event of an id from its repeats.
//
// A repeat is an event whose id was seen on one less than `span` of event time away; of several the latest is known.
// Ids are kept as 128 bits: the 32 hex digits of a UUID, else a hash. They are forgotten some minutes after
// event time is past them by the span and an hour for events that come late.
//
// Costs: O(1) expected an event. Memory: some 55 bytes an id.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include <weir/snapshot.hpp>
#include <weir/time.hpp>

#include "remembered.hpp"

namespace live_shopper {

class Deduplicator {
public:
    explicit Deduplicator(weir::Duration span) : span_{span} {}

    /// False for a repeat; else remembers the id. Ids with another `salt` are other ids.
    [[nodiscard]] bool first(std::string_view id, weir::Timestamp t, std::uint64_t salt = 0) {
        Id key = id_of(id);
        key[0] ^= salt;
        key[1] ^= std::rotl(salt, 32) * 0x9E37'79B9'7F4A'7C15U;
        return seen_.add_unless(key, t,
                                [&](weir::Timestamp known) { return (t > known ? t - known : known - t) < span_; });
    }

    /// Moves event time on; ids are forgotten.
    void advance_to(weir::Timestamp now) {
        seen_.forget(weir::saturating_subtract(weir::saturating_subtract(now, span_), slack), forgotten_at_once);
    }

    /// Forgets the ids of the stretches that ended at or before `until`, to have their memory.
    void forget(weir::Timestamp until) {
        seen_.forget(until);
        forgotten_ = std::max(forgotten_, Ids::stretch_of(until));
    }

    /// Whether the ids of events of this time are still known.
    [[nodiscard]] bool knows(weir::Timestamp t) const { return t >= forgotten_; }

    [[nodiscard]] std::size_t size() const { return seen_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const { return seen_.memory_in_use(); }

    /// For snapshots: the ids, and what else there is.
    [[nodiscard]] const auto& ids() const { return seen_; }
    [[nodiscard]] auto& ids() { return seen_; }
    void save(weir::SnapshotWriter& out) const { out.write(forgotten_); }
    void load(weir::SnapshotReader& in) { in.read(forgotten_); }

private:
    using Id = std::array<std::uint64_t, 2>;
    struct IdHash {
        using is_avalanching = void;  // UUIDs are random; Id mixes what is none
        std::size_t operator()(const Id& id) const noexcept {
            return static_cast<std::size_t>((id[0] ^ std::rotl(id[1], 32)) * 0x9E37'79B9'7F4A'7C15U);
        }
    };

    using Ids = Remembered<Id, IdHash>;

    static constexpr weir::Duration slack = std::chrono::hours{1};
    static constexpr std::size_t forgotten_at_once = 16'384;  // a millisecond or two

    [[nodiscard]] static Id id_of(std::string_view text) {
        Id id{};
        std::size_t digits = 0;
        for (const char c : text) {
            const int digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit >= 0 && digits < 32) {
                id[digits / 16] = id[digits / 16] << 4 | static_cast<std::uint64_t>(digit);
                ++digits;
            } else if (c != '-') {
                digits = 0;
                break;
            }
        }
        if (digits == 32 && text.size() == 36) {
            return id;
        }
        const std::uint64_t h = std::hash<std::string_view>{}(text);
        std::uint64_t other = 0xCBF2'9CE4'8422'2325U;  // FNV-1a
        for (const char c : text) {
            other = (other ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01B3U;
        }
        return {h, other};
    }

    weir::Duration span_;
    Ids seen_;
    Ids::Stretch forgotten_ = Ids::stretch_of(weir::Timestamp::min()) + Ids::Stretch::duration{1};
};

}  // namespace live_shopper
