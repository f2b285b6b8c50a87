// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Decoder: the bytes of a record to a ShopEvent, from either form.
//
// A record whose first byte other than white space is `{` is the reference's JSON, unless it is none and has 131
// columns; anything else is Snowplow's enriched TSV of 131 columns. Both are read in place, in one pass, and no
// document is built. One Decoder serves one thread; it keeps buffers of about ten times the longest record it has seen.
//
// Every byte is checked to be UTF-8. Of JSON, quotes, control characters inside strings and the number of brackets are
// checked all over, and the syntax of every object that is read and of every value that is taken. A value that is
// passed over is not looked into: what is wrong inside of it goes unnoticed, and it may be nested to any depth. The
// same holds for the JSON columns of the TSV; `derived_contexts` is read only where it names yauaa's entity.
//
// A key that comes twice in an object counts the first time. A number where text is wanted is taken as spelled; null,
// true, false, objects and arrays there count as missing (in `id`, `type` and `timestamp` all of them but null
// are errors). A price that is no JSON number is unknown; a quantity that is no whole number from 0 to 10^9 is 1.
//
//     Decoder decoder{CartTotal::by_form};
//     ShopEvent event;
//     if (const auto error = decoder.decode(record, event, false); error != DecodeError::none) {
//         count(reason(error));
//     }

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "settings.hpp"
#include "shop_event.hpp"

namespace live_shopper {

/// Why a record is no event. Where several hold, the first of this order is told.
enum class DecodeError : std::uint8_t {
    none,
    too_large,  // longer than the limit; nothing of it was read
    empty,      // no byte but white space; a tombstone
    invalid_utf8,
    wrong_column_count,  // no JSON object, and not 131 columns
    not_json,            // the record, or a JSON column that is read, is broken
    wrong_type,          // `id`, `type` or `timestamp` is no text
    missing_id,
    missing_time,  // neither derived_tstamp nor collector_tstamp
    bad_time,      // the time is there and is none
    damaged,       // told by the stages of a fleet, not by Decoder: a record of theirs that is none
};

/// A stable name for headers, metrics and counts: `missing_id`.
[[nodiscard]] constexpr std::string_view reason(DecodeError error) noexcept {
    constexpr std::array<std::string_view, 11> names{
        "none",       "too_large",    "empty",    "invalid_utf8", "wrong_column_count", "not_json", "wrong_type",
        "missing_id", "missing_time", "bad_time", "damaged"};
    return names[static_cast<std::size_t>(error)];
}

class Decoder {
public:
    static constexpr std::size_t default_limit = std::size_t{1} << 20;

    /// How many bytes past a record must be readable for `decode(.., padded = true)`. What they hold is of no matter.
    static constexpr std::size_t padding = 64;

    /// `limit` is the length in bytes above which a record is refused unread. Requires: limit < 2^32 - 64.
    explicit Decoder(CartTotal cart_total, std::size_t limit = default_limit);
    ~Decoder();
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;

    /// Reads `record` into `event`, whatever it held. Its strings are views into the record, or into the decoder until
    /// it is used again; all into the decoder unless `padded`. After an error the event holds nothing of use.
    /// O(length); allocates only for a record longer than all before.
    [[nodiscard]] DecodeError decode(std::string_view record, ShopEvent& event, bool padded);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace live_shopper
