// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transform: what a stage of a fleet makes of the records of one partition for the next stage. No I/O, no clock; a
// function of the records, so that whoever reads the partition again comes to the same. See Relay, which drives it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <weir/time.hpp>

#include "decoder.hpp"
#include "engine.hpp"
#include "seams.hpp"
#include "state.hpp"

namespace live_shopper {

class Transform {
public:
    /// Sends a record to a partition of the next stage.
    using Emit = std::function<void(std::uint32_t partition, std::string_view record)>;

    struct Result {
        DecodeError error = DecodeError::none;
        std::optional<Outcome> outcome;          // nothing where the record was no event
        std::optional<weir::Timestamp> matters;  // the event time as of which the record has to be read again
    };

    Transform() = default;
    Transform(const Transform&) = delete;
    Transform& operator=(const Transform&) = delete;
    virtual ~Transform() = default;

    /// Takes a record that came to the log at `arrival`. `again`: it was dealt with before, and is read for what has to
    /// be known of it.
    virtual Result take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool again,
                        const Emit& emit) = 0;

    /// The partition has been read to its end, or has not.
    virtual void at_end(bool ended) = 0;

    /// Moves time on and tells the next stage.
    virtual void tick(weir::Timestamp now, const Emit& emit) = 0;

    /// How far event time has come here.
    [[nodiscard]] virtual std::optional<weir::Timestamp> time() const = 0;

    /// How far back records matter to what is kept; zero where nothing is.
    [[nodiscard]] virtual weir::Duration horizon() const = 0;

    /// What it knows, where that is worth a snapshot; else null.
    [[nodiscard]] virtual State* state() { return nullptr; }

    /// What has to be known at the next start, and what was at the last.
    [[nodiscard]] virtual std::string note() const { return {}; }
    virtual void recall(std::string_view) {}

    [[nodiscard]] virtual std::size_t memory_in_use() const { return 0; }
};

}  // namespace live_shopper
