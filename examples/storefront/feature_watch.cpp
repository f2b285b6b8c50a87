// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "feature_watch.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>

#include "json_text.hpp"

namespace storefront {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds tick{20};
constexpr Millis patience = 5'000;  // an event whose effect has not come by then is given up
constexpr std::size_t max_waiting = 200;
constexpr std::size_t max_sessions = 20'000;

Json text_or_null(const RedisClient::Value& value) { return value ? Json(*value) : Json(nullptr); }
Json ttl_or_null(long long ttl) { return ttl >= 0 ? Json(ttl) : Json(nullptr); }

}  // namespace

FeatureWatch::FeatureWatch(const live_shopper::RedisConfig& redis, OnStored on_stored)
    : redis_{redis}, on_stored_{std::move(on_stored)}, thread_{[this] { run(); }} {}

FeatureWatch::~FeatureWatch() {
    stopping_ = true;
    thread_.join();
}

void FeatureWatch::watch(std::shared_ptr<Stream> stream, Whose whose) {
    Watch watch{std::move(stream), std::move(whose), {}, {}, false, 0};
    for (const Feature& feature : feature_catalogue()) {
        watch.keys.push_back(feature.key(watch.whose.user, watch.whose.session));
    }
    const std::lock_guard lock{mutex_};
    added_.push_back(std::move(watch));
}

void FeatureWatch::await(Awaited event) {
    const std::lock_guard lock{mutex_};
    if (arrived_.size() < 10'000) {
        arrived_.push_back(std::move(event));
    }
}

void FeatureWatch::run() {
    auto next = std::chrono::steady_clock::now();
    while (!stopping_) {
        {
            const std::lock_guard lock{mutex_};
            watches_.splice(watches_.end(), added_);
        }
        const auto now = wall_clock();
        watches_.remove_if([](const Watch& w) { return w.stream->closed(); });
        for (Watch& w : watches_) {
            look(w, now);
        }
        look_for_awaited(now);
        if (watches_.empty() && waiting_ == 0) {
            up_.store(redis_.mget({"live-shopper:none"}).has_value(), std::memory_order_relaxed);
        }
        next = std::max(next + tick, std::chrono::steady_clock::now());
        std::this_thread::sleep_until(next);
    }
}

void FeatureWatch::send_all(Watch& watch, Millis now) {
    const auto ttls = redis_.pttl(watch.keys);
    if (!ttls) {
        return;
    }
    Json message{
        {"now", now}, {"user", watch.whose.user}, {"session", watch.whose.session}, {"features", Json::array()}};
    const auto& catalogue = feature_catalogue();
    for (std::size_t i = 0; i < catalogue.size(); ++i) {
        message["features"].push_back({{"key", watch.keys[i]},
                                       {"lane", catalogue[i].lane},
                                       {"feature", catalogue[i].name},
                                       {"window", catalogue[i].window},
                                       {"value", text_or_null(watch.values[i])},
                                       {"ttl", ttl_or_null((*ttls)[i])}});
    }
    watch.stream->send("features", dump(message));
    watch.complete = true;
    watch.next_ttls = now + 2'000;
}

void FeatureWatch::look(Watch& watch, Millis now) {
    auto values = redis_.mget(watch.keys);
    up_.store(values.has_value(), std::memory_order_relaxed);
    if (!values) {
        watch.complete = false;
        return;
    }
    if (!watch.complete) {
        watch.values = std::move(*values);
        send_all(watch, now);
        return;
    }
    std::vector<std::size_t> changed;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < watch.keys.size(); ++i) {
        if ((*values)[i] != watch.values[i]) {
            changed.push_back(i);
            keys.push_back(watch.keys[i]);
        }
    }
    if (!changed.empty()) {
        const auto ttls = redis_.pttl(keys);
        Json message{{"now", wall_clock()},
                     {"user", watch.whose.user},
                     {"session", watch.whose.session},
                     {"changes", Json::array()}};
        for (std::size_t n = 0; n < changed.size(); ++n) {
            const auto i = changed[n];
            const Feature& feature = feature_catalogue()[i];
            message["changes"].push_back({{"key", watch.keys[i]},
                                          {"feature", feature.name},
                                          {"window", feature.window},
                                          {"value", text_or_null((*values)[i])},
                                          {"ttl", ttls ? ttl_or_null((*ttls)[n]) : Json(nullptr)},
                                          {"was", text_or_null(watch.values[i])}});
        }
        watch.values = std::move(*values);
        watch.stream->send("changes", dump(message));
    }
    if (now >= watch.next_ttls) {
        watch.next_ttls = now + 2'000;
        keys.clear();
        for (std::size_t i = 0; i < watch.keys.size(); ++i) {
            if (watch.values[i]) {
                keys.push_back(watch.keys[i]);
            }
        }
        const auto ttls = redis_.pttl(keys);
        if (ttls) {
            Json message{
                {"now", now}, {"user", watch.whose.user}, {"session", watch.whose.session}, {"ttls", Json::object()}};
            for (std::size_t i = 0; i < keys.size(); ++i) {
                if ((*ttls)[i] >= 0) {
                    message["ttls"][keys[i]] = (*ttls)[i];
                }
            }
            watch.stream->send("ttls", dump(message));
        }
    }
}

void FeatureWatch::look_for_awaited(Millis now) {
    std::vector<Awaited> arrived;
    {
        const std::lock_guard lock{mutex_};
        arrived.swap(arrived_);
    }
    for (Awaited& event : arrived) {
        auto [entry, added] = sessions_.try_emplace(event.session);
        Session& session = entry->second;
        session.used = now;
        if (added || event.time < session.first) {
            session.first = event.time;
        }
        session.latest = std::max(session.latest, event.time);
        // One that came out of order moves nothing: there is no telling when it was stored.
        if (event.time == session.latest && event.created > 0 && waiting_ < max_waiting) {
            ++waiting_;
            session.waiting.push_back(std::move(event));
        }
    }
    if (sessions_.size() > max_sessions) {
        std::erase_if(sessions_,
                      [&](const auto& e) { return e.second.waiting.empty() && e.second.used < now - 60'000; });
    }
    if (waiting_ == 0) {
        return;
    }
    std::vector<std::string> keys;
    std::vector<Session*> asked;
    for (auto& [id, session] : sessions_) {
        if (!session.waiting.empty()) {
            keys.push_back("session:" + id + ":session_duration");
            asked.push_back(&session);
        }
    }
    const auto values = redis_.mget(keys);
    up_.store(values.has_value(), std::memory_order_relaxed);
    const auto stored = wall_clock();
    for (std::size_t i = 0; i < asked.size(); ++i) {
        Session& session = *asked[i];
        Millis duration = -1;
        if (values && (*values)[i]) {
            const auto& text = *(*values)[i];
            std::from_chars(text.data(), text.data() + text.size(), duration);
        }
        if (!session.settled && duration > session.latest - session.first) {
            session.first = session.latest - duration;  // it began before we looked
        }
        while (!session.waiting.empty()) {
            const Awaited& event = session.waiting.front();
            if (duration >= event.time - session.first) {
                session.settled = true;
                latencies_.add(static_cast<double>(stored - event.created));
                on_stored_(event, stored);
            } else if (now - event.seen < patience) {
                break;
            } else if (duration >= 0) {
                session.first = session.latest - duration;  // what we took for its beginning was not
            }
            session.waiting.pop_front();
            --waiting_;
        }
    }
}

}  // namespace storefront
