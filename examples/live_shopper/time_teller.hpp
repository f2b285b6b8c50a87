// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// TimeTeller: tells every partition of the next stage how far event time has come, where it has not been told along
// with an event. A source at work is heard of at least once a second.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/time.hpp>

#include "stage_record.hpp"
#include "transform.hpp"

namespace live_shopper {

class TimeTeller {
public:
    explicit TimeTeller(std::uint32_t partitions) : told_(partitions) {}

    [[nodiscard]] std::uint32_t partitions() const { return static_cast<std::uint32_t>(told_.size()); }

    /// Notes that the head of a record was sent to a partition.
    void told(std::uint32_t partition, const StageRecord& record, weir::Timestamp now) {
        told_[partition] = {record.time, record.idle, now};
    }

    /// Sends `head` to those who do not know it.
    void tell(const StageRecord& head, weir::Timestamp now, const Transform::Emit& emit) {
        bytes_.clear();
        for (std::uint32_t partition = 0; partition < told_.size(); ++partition) {
            const Told& last = told_[partition];
            const bool fresh = last.at && now >= *last.at && now - *last.at < std::chrono::seconds{1};
            if (fresh && last.time == head.time && last.idle == head.idle) {
                continue;
            }
            if (bytes_.empty()) {
                write(head, bytes_);
            }
            emit(partition, bytes_);
            told(partition, head, now);
        }
    }

private:
    struct Told {
        std::optional<weir::Timestamp> time;
        bool idle = false;
        std::optional<weir::Timestamp> at;
    };

    std::vector<Told> told_;
    std::string bytes_;
};

}  // namespace live_shopper
