// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "live_feed.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "enriched_columns.hpp"
#include "json_text.hpp"
#include "simulator.hpp"
#include "timestamp.hpp"

namespace storefront {
namespace {

using Json = nlohmann::ordered_json;

constexpr double per_second = 100;

// What the decoder does not tell.
struct Extra {
    std::string_view app_id;
    std::string_view name;  // of the event's schema
    Millis collected = 0;
    Millis created = 0;
};

Extra read_extra(std::string_view record) {
    std::array<std::string_view, column("event_name") + 1> columns;
    for (auto& value : columns) {
        const auto tab = record.find('\t');
        if (tab == std::string_view::npos) {
            return {};
        }
        value = record.substr(0, tab);
        record.remove_prefix(tab + 1);
    }
    const auto time = [](std::string_view text) {
        const auto parsed = live_shopper::parse_timestamp(text);
        return parsed ? parsed->time_since_epoch().count() : 0;
    };
    return {columns[column("app_id")], columns[column("event_name")], time(columns[column("collector_tstamp")]),
            time(columns[column("dvce_created_tstamp")])};
}

double as_double(const weir::Decimal& value) {
    const auto text = value.to_string();
    double out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

}  // namespace

LiveFeed::LiveFeed(Roster& roster, OnEvent on_event)
    : roster_{roster}, on_event_{std::move(on_event)}, decoder_{live_shopper::CartTotal::by_form} {}

void LiveFeed::take(std::string_view record, bool old) {
    const auto seen = wall_clock();
    std::string text{record};
    if (decoder_.decode(text, event_, false) != live_shopper::DecodeError::none) {
        return;  // the job counts these
    }
    const auto& e = event_;
    const bool tsv = text.find('\t') != std::string::npos && !text.starts_with('{');
    const auto extra = tsv ? read_extra(text) : Extra{};
    const auto time = e.time.time_since_epoch().count();
    const auto user = e.user_id.empty() ? e.domain_userid : e.user_id;
    // What the job counts for nothing but the session, a site_search say, goes by the name of its schema.
    const bool named = e.type == live_shopper::EventType::other && !extra.name.empty();
    const auto type = named ? extra.name : name(e.type);
    const bool simulated = extra.app_id == simulated_app_id;
    roster_.note(e.user_id, e.domain_userid, e.session_id, type, simulated, old ? std::min(time, seen) : seen);

    Json message{{"seq", 0},
                 {"id", e.id},
                 {"type", type},
                 {"user", user},
                 {"user_id", e.user_id},
                 {"domain_userid", e.domain_userid},
                 {"session", e.session_id}};
    if (!e.products.empty()) {
        message["product"] = e.products[0].id;
        message["products"] = e.products.size();
        if (e.products[0].price) {
            message["price"] = as_double(*e.products[0].price);
        }
    }
    if (!e.list_name.empty()) {
        message["list"] = e.list_name;
    }
    if (const auto& total = e.revenue ? e.revenue : e.cart_total) {
        message["total"] = as_double(*total);
    }
    if (!e.page_url.empty()) {
        message["page"] = e.page_url;
    }
    message["platform"] = e.platform;
    if (extra.created != 0) {
        message["created"] = extra.created;
    }
    if (extra.collected != 0) {
        message["collected"] = extra.collected;
    }
    message["time"] = time;
    message["seen"] = seen;
    message["age"] = seen - time;
    if (!old && !e.session_id.empty() && extra.created != 0) {
        on_event_({std::string{e.id}, std::string{type}, std::string{user}, std::string{e.session_id}, extra.created,
                   time, seen});
    }

    const std::lock_guard lock{mutex_};
    message["seq"] = next_++;
    records_.push_back(std::move(text));
    if (records_.size() > kept_records) {
        records_.pop_front();
    }
    const auto data = dump(message);
    if (old) {
        message["old"] = true;
    }
    for (Follower& f : followers_) {
        f.allowance = std::min(per_second, f.allowance + static_cast<double>(seen - f.at) * per_second / 1000);
        f.at = seen;
        if (f.allowance >= 1 || f.whose.is(user, e.domain_userid, e.session_id)) {
            f.allowance = std::max(0.0, f.allowance - 1);
            f.stream->send("event", old ? dump(message) : data);
        }
    }
    followers_.remove_if([](const Follower& f) { return f.stream->closed(); });
    message["old"] = true;
    latest_.push_back(dump(message));
    if (latest_.size() > shown_at_once) {
        latest_.pop_front();
    }
}

void LiveFeed::follow(std::shared_ptr<Stream> stream, Whose whose, std::string_view hello) {
    const std::lock_guard lock{mutex_};
    stream->send("hello", hello);
    for (const auto& message : latest_) {
        stream->send("event", message);
    }
    followers_.push_back({std::move(stream), std::move(whose), per_second, wall_clock()});
}

void LiveFeed::tell(std::string_view event, std::string_view data) {
    const std::lock_guard lock{mutex_};
    followers_.remove_if([](const Follower& f) { return f.stream->closed(); });
    for (const Follower& f : followers_) {
        f.stream->send(event, data);
    }
}

std::optional<std::string> LiveFeed::raw(std::uint64_t number) const {
    const std::lock_guard lock{mutex_};
    const auto first = next_ - records_.size();
    if (number < first || number >= next_) {
        return std::nullopt;
    }
    return records_[static_cast<std::size_t>(number - first)];
}

std::uint64_t LiveFeed::events() const {
    const std::lock_guard lock{mutex_};
    return next_ - 1;
}

}  // namespace storefront
