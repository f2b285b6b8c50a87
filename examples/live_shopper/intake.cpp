// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "intake.hpp"

#include <charconv>

namespace live_shopper {

std::string InputTime::note() const {
    return latest_ ? std::to_string(latest_->time_since_epoch().count()) + ' ' +
                         std::to_string(arrival_.time_since_epoch().count())
                   : std::string{};
}

void InputTime::recall(std::string_view note) {
    std::int64_t latest = 0;
    std::int64_t arrival = 0;
    const char* const end = note.data() + note.size();
    const auto first = std::from_chars(note.data(), end, latest);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ' ' ||
        std::from_chars(first.ptr + 1, end, arrival).ec != std::errc{}) {
        return;
    }
    latest_ = weir::Timestamp{weir::Duration{latest}};
    arrival_ = weir::Timestamp{weir::Duration{arrival}};
}

Intake::Intake(const Settings& settings, std::size_t max_record, weir::Duration idle_after, std::uint32_t source,
               std::uint32_t sources, std::uint32_t visitors)
    : decoder_{settings.cart_total, max_record}, guard_{settings.max_future}, time_{idle_after}, teller_{visitors} {
    record_.source = source;
    record_.sources = sources;
}

Transform::Result Intake::take(const Record& record, weir::Timestamp arrival, weir::Timestamp now, bool /*again*/,
                               const Emit& emit) {
    time_.active(now);
    ShopEvent& event = record_.event;
    if (const auto error = record.has_payload ? decoder_.decode(record.payload, event, false) : DecodeError::empty;
        error != DecodeError::none) {
        return {error, std::nullopt, std::nullopt};
    }
    if (!guard_.admits(event.time, arrival)) {
        return {DecodeError::none, Outcome::refused_future, std::nullopt};
    }
    time_.observe(event.time, arrival, now);
    const std::string_view visitor = !event.domain_userid.empty() ? event.domain_userid
                                     : !event.session_id.empty()  ? event.session_id
                                                                  : event.user_id;
    if (visitor.empty()) {
        return {DecodeError::none, Outcome::nobody, event.time};
    }
    record_.kind = StageRecord::Kind::event;
    record_.idle = false;
    record_.time = time_.latest();
    record_.arrival = arrival;
    record_.stamp = stamp_of(record.offset, record_.source);
    bytes_.clear();
    write(record_, bytes_);
    const auto to = partition_of(visitor, teller_.partitions());
    emit(to, bytes_);
    teller_.told(to, record_, now);
    return {DecodeError::none, std::nullopt, event.time};
}

void Intake::tick(weir::Timestamp now, const Emit& emit) {
    record_.kind = StageRecord::Kind::time;
    record_.idle = time_.idle(now);
    record_.time = time_.time(now);
    teller_.tell(record_, now, emit);
}

}  // namespace live_shopper
