// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "collector.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace storefront {
namespace {

constexpr std::array<char, 42> gif{'G', 'I', 'F',    '8',    '9',    'a', 1,      0, 1, 0, '\x80', 0,   0, 0,
                                   0,   0,   '\xFF', '\xFF', '\xFF', '!', '\xF9', 4, 1, 0, 0,      0,   0, ',',
                                   0,   0,   0,      0,      1,      0,   1,      0, 0, 2, 1,      'D', 0, ';'};

// Of segments such as vendor and version.
constexpr std::string_view segment = "([A-Za-z0-9._-]{1,128})";

std::string cookie(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        auto pair = header.substr(0, header.find(';'));
        header.remove_prefix(std::min(header.size(), pair.size() + 1));
        while (pair.starts_with(' ')) {
            pair.remove_prefix(1);
        }
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
            return std::string{pair.substr(name.size() + 1)};
        }
    }
    return {};
}

std::string http_date(Millis time) {
    const std::time_t seconds = time / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(parts.tm_wday)],
                       parts.tm_mday, months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

constexpr Millis year = Millis{365} * 86'400 * 1000;

bool is_segment(std::string_view text) { return is_plain_name(text) && text.size() <= 128; }

// What is after the `?`, as sent.
std::string_view query_of(const httplib::Request& request) {
    const std::string_view target = request.target;
    const auto question = target.find('?');
    return question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
}

}  // namespace

bool RateLimit::allows(const std::string& address, Millis now) {
    const std::lock_guard lock{mutex_};
    if (buckets_.size() >= max_addresses) {
        // Full buckets say nothing that a new one would not.
        std::erase_if(buckets_, [&](const auto& entry) {
            const Bucket& b = entry.second;
            return b.tokens + static_cast<double>(now - b.at) * per_second_ / 1000 >= burst_;
        });
        if (buckets_.size() >= max_addresses && buckets_.find(address) == buckets_.end()) {
            return false;
        }
    }
    Bucket& bucket = buckets_.try_emplace(address, Bucket{burst_, now}).first->second;
    if (now > bucket.at) {
        bucket.tokens = std::min(burst_, bucket.tokens + static_cast<double>(now - bucket.at) * per_second_ / 1000);
        bucket.at = now;
    }
    if (bucket.tokens < 1) {
        return false;
    }
    bucket.tokens -= 1;
    return true;
}

std::string client_address(std::string_view forwarded, const std::string& address, bool trust) {
    if (!trust || forwarded.empty()) {
        return address;
    }
    auto first = forwarded.substr(0, forwarded.find(','));
    while (first.ends_with(' ')) {
        first.remove_suffix(1);
    }
    return std::string{first.substr(0, 64)};
}

void allow_origin(const httplib::Request& request, httplib::Response& response) {
    if (const auto origin = request.get_header_value("Origin"); !origin.empty()) {
        response.set_header("Access-Control-Allow-Origin", origin);
        response.set_header("Access-Control-Allow-Credentials", "true");
        response.set_header("Vary", "Origin");
    } else {
        response.set_header("Access-Control-Allow-Origin", "*");
    }
    response.set_header("Cross-Origin-Resource-Policy", "cross-origin");
}

Collector::Collector(CollectorSettings settings, Send send, Clock clock)
    : settings_{std::move(settings)}, send_{std::move(send)}, clock_{std::move(clock)} {}

bool Collector::is_path(std::string_view method, std::string_view path) {
    if (method == "OPTIONS" || path == "/i" || path == "/ice.png") {
        return true;
    }
    const auto slash = path.find('/', 1);
    if (slash == std::string_view::npos || path.substr(1, slash - 1).find('.') == std::string_view::npos) {
        return false;  // a vendor is a reversed domain; the shop's own folders have no dot
    }
    return is_segment(path.substr(1, slash - 1)) && is_segment(path.substr(slash + 1));
}

void Collector::add_to(httplib::Server& router) {
    const auto posted = [this](const httplib::Request& q, httplib::Response& r) { post(q, r); };
    const auto asked = [this](const httplib::Request& q, httplib::Response& r) { pixel(q, r); };
    const auto any = fmt::format("/([A-Za-z0-9_-]{{1,64}}\\.[A-Za-z0-9._-]{{1,64}})/{}", segment);
    router.Post(any, posted);
    router.Get(any, asked);
    router.Get("/i", asked);
    router.Get("/ice\\.png", asked);
    router.Get("/health", [](const httplib::Request&, httplib::Response& r) { r.set_content("ok", "text/plain"); });
    router.Options("/.*", [](const httplib::Request& q, httplib::Response& r) {
        allow_origin(q, r);
        r.set_header("Access-Control-Allow-Headers", "Content-Type, SP-Anonymous");
        r.set_header("Access-Control-Allow-Methods", "POST, GET, HEAD, OPTIONS");
        r.set_header("Access-Control-Max-Age", "3600");
        r.status = 200;
    });
}

void Collector::post(const httplib::Request& request, httplib::Response& response) {
    const auto events = read_payload(request.body, request.get_header_value("Content-Type"),
                                     parse_query(query_of(request)), settings_.max_events);
    if (const auto* bad = std::get_if<Bad>(&events); bad != nullptr && bad->reason == "too_many_events") {
        ++counts_.requests;
        ++counts_.bad;
        allow_origin(request, response);
        response.status = 413;
        return;
    }
    if (collect(request, response, events, request.body)) {
        response.set_content("ok", "text/plain");
    }
}

void Collector::pixel(const httplib::Request& request, httplib::Response& response) {
    const auto query = query_of(request);
    const auto events = read_query(parse_query(query));
    if (collect(request, response, events, query)) {
        response.set_header("Cache-Control", "no-cache, no-store, must-revalidate");
        response.set_content(gif.data(), gif.size(), "image/gif");
    }
}

bool Collector::collect(const httplib::Request& request, httplib::Response& response,
                        const std::variant<std::vector<Parameters>, Bad>& events, std::string_view payload) {
    ++counts_.requests;
    allow_origin(request, response);
    Circumstances circumstances;
    circumstances.collected = clock_();
    circumstances.enriched = circumstances.collected;
    circumstances.address =
        client_address(request.get_header_value("X-Forwarded-For"), request.remote_addr, settings_.trust_forwarded);
    circumstances.user_agent = request.get_header_value("User-Agent");
    circumstances.referrer = request.get_header_value("Referer");
    circumstances.anonymous = request.has_header("SP-Anonymous");
    const auto known = cookie(request.get_header_value("Cookie"), "sp");
    circumstances.network_userid = is_uuid(known) ? lower(known) : make_uuid();
    if (settings_.geo_headers) {
        // Proxies send these percent-encoded: header values are ASCII.
        circumstances.country = percent_decoded(request.get_header_value("X-Geo-Country"), false);
        circumstances.region = percent_decoded(request.get_header_value("X-Geo-Region"), false);
        circumstances.city = percent_decoded(request.get_header_value("X-Geo-City"), false);
    }

    std::vector<Message> messages;
    const auto reject = [&](const Bad& bad, std::string_view what) {
        ++counts_.bad;
        messages.push_back(
            {settings_.bad_topic, {}, bad_row(bad, circumstances, request.path, what), std::string{bad.reason}});
    };
    std::uint64_t good = 0;
    if (const auto* bad = std::get_if<Bad>(&events)) {
        // A GET without anything is somebody who looks; the real collector counts it as bad only downstream.
        reject(*bad, payload);
    } else {
        for (const Parameters& parameters : std::get<std::vector<Parameters>>(events)) {
            auto enriched = enrich(parameters, circumstances);
            if (const auto* flaw = std::get_if<Bad>(&enriched)) {
                reject(*flaw, payload);
            } else {
                auto& event = std::get<EnrichedEvent>(enriched);
                messages.push_back({settings_.topic, std::move(event.key), std::move(event.tsv), {}});
                ++good;
            }
        }
    }
    if (!send_(std::move(messages))) {
        ++counts_.failed;
        response.status = 503;
        response.set_header("Retry-After", "1");
        response.set_content(R"({"error":"kafka","message":"The events could not be stored; send them again."})",
                             "application/json");
        return false;
    }
    counts_.events += good;

    const auto where = settings_.secure_cookies ? "SameSite=None; Secure; HttpOnly" : "SameSite=Lax; HttpOnly";
    if (circumstances.anonymous) {
        if (!known.empty()) {
            response.set_header("Set-Cookie",
                                fmt::format("sp=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; {}", where));
        }
    } else {
        response.set_header("Set-Cookie", fmt::format("sp={}; Path=/; Expires={}; {}", circumstances.network_userid,
                                                      http_date(circumstances.collected + year), where));
    }
    return true;
}

}  // namespace storefront
