// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// StageRecord: what the processes of a fleet tell each other through Kafka, as bytes.
//
// A record of a stage's topic comes from one partition of the stage before, its source, and says how far event time has
// come there. It may carry an event on its way to its visitor, the part of one that the lanes of a user or of a session
// take, or the news that a user has to give up what another one turned out to be.
//
// The first byte is the version of the format. Numbers are variable-length (LEB128, signed ones zigzag), strings are
// length and bytes, what an event does not have takes no more than a bit. A page view is some 150 bytes, a tenth of
// Snowplow's own form.
//
//     std::string bytes;
//     write(record, bytes);
//     StageRecord read_again;
//     if (!read(bytes, read_again)) { ... }   // its strings are views into `bytes`

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weir/time.hpp>

#include "shop_event.hpp"

namespace live_shopper {

/// Partitions of a topic that the stages can tell apart.
inline constexpr std::uint32_t most_partitions = 1024;

struct StageRecord {
    enum class Kind : std::uint8_t {
        time,         // no event
        event,        // to the stage of visitors
        for_user,     // to the stage of shoppers, for the lanes of `user`
        for_session,  // to the stage of shoppers, for the lanes of the event's session
        give_up,      // `user` has no events of `origin` at or before `until` any more
    };

    Kind kind = Kind::time;

    std::uint32_t source = 0;             // the partition of the stage before
    std::uint32_t sources = 1;            // how many of these there are
    bool idle = false;                    // the source was read to its end, and event time follows the clock there
    std::optional<weir::Timestamp> time;  // how far event time has come at the source

    // Of an event.
    ShopEvent event;            // without its user agent
    weir::Timestamp arrival{};  // when it came to Kafka
    std::uint64_t stamp = 0;    // orders events of equal time
    std::string_view user;      // of for_user and give_up
    std::uint64_t origin = 0;   // see Stitcher::origin; 0 where the event itself says who the user is
    weir::Timestamp until{};    // of give_up
};

/// Appends the record. O(bytes).
void write(const StageRecord& record, std::string& out);

/// Reads one, whatever `record` held; false where the bytes are none of this version, whole and with nothing after it.
[[nodiscard]] bool read(std::string_view text, StageRecord& record);

/// The event alone, for who has to send it again later. O(bytes).
void write_event(const ShopEvent& event, weir::Timestamp arrival, std::uint64_t stamp, std::string& out);

/// Appends a record whose event was written by write_event.
void write_written(const StageRecord& record, std::string_view event, std::string& out);

/// Which of `partitions` a key goes to: the same in every process, today and later.
[[nodiscard]] std::uint32_t partition_of(std::string_view key, std::uint32_t partitions);

}  // namespace live_shopper
