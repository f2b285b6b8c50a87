// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What trackers send (Snowplow's tracker protocol, version 2), checked and made into enriched events.
//
// A payload that does not fit its schema is bad as a whole; in one that does, each event is judged by itself. Nothing
// here does I/O or reads a clock.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text.hpp"

namespace storefront {

/// Why a payload or an event is bad: a stable word, and what was found, for people.
struct Bad {
    std::string_view reason;
    std::string detail;
};

/// What a request says beyond its payload. All of it may hold anything.
struct Circumstances {
    Millis collected = 0;  // one for all events of a request
    Millis enriched = 0;
    std::string address;
    std::string user_agent;
    std::string referrer;  // the request's Referer header
    std::string network_userid;
    std::string country;
    std::string region;
    std::string city;
    bool anonymous = false;  // SP-Anonymous: keep neither address nor network id
};

/// An event's parameters, as the tracker named them, each once.
using Parameters = Pairs;

/// The events of a POST body. At most `max_events`; `query` is what the request's own query string adds to each.
[[nodiscard]] std::variant<std::vector<Parameters>, Bad> read_payload(std::string_view body,
                                                                      std::string_view content_type, const Pairs& query,
                                                                      std::size_t max_events);

/// The event of a GET.
[[nodiscard]] std::variant<std::vector<Parameters>, Bad> read_query(const Pairs& query);

struct EnrichedEvent {
    std::string key;  // the domain_userid; may be empty
    std::string tsv;  // 131 columns
};

/// Snowplow's enriched event, or why it is none.
[[nodiscard]] std::variant<EnrichedEvent, Bad> enrich(const Parameters& parameters, const Circumstances& circumstances);

/// What goes to the topic of bad ones: JSON with the reason, the circumstances and the payload, cut at 64 KB.
[[nodiscard]] std::string bad_row(const Bad& bad, const Circumstances& circumstances, std::string_view path,
                                  std::string_view payload);

}  // namespace storefront
