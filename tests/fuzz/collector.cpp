// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Requests to the collector, through its whole handler, from the request's bytes to Kafka's messages. Whatever comes,
// it is answered; what is taken for an event is one that the stream job decodes; and an event is the same one whether
// it comes as POST, as GET, plain or in base64.
//
// The first byte says how to read the rest: as a target and a body, or as an event, a parameter a line.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "collector.hpp"
#include "decoder.hpp"
#include "request_router.hpp"

namespace {

using namespace storefront;  // NOLINT: what is fuzzed

void require(bool good, std::string_view what, std::string_view found) {
    if (!good) {
        std::fprintf(stderr, "%.*s\n%.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(found.size()),
                     found.data());
        std::abort();
    }
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += is_alphanumeric(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string base64url(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        bits = bits << 8U | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6) {
            out += alphabet[bits >> (held - 6) & 63U];
        }
    }
    if (held > 0) {
        out += alphabet[bits << (6 - held) & 63U];
    }
    return out;
}

class Bench {
public:
    Bench() {
        CollectorSettings settings;
        settings.geo_headers = true;
        settings.trust_forwarded = true;
        settings.max_events = 5;
        collector_ = std::make_unique<Collector>(
            settings,
            [this](std::vector<Message> messages) {
                taken_ = std::move(messages);
                return true;
            },
            [] { return Millis{1'790'000'005'000}; });
        collector_->add_to(router_);
    }

    /// The messages that came of a request.
    const std::vector<Message>& send(std::string_view method, std::string_view target, std::string_view headers,
                                     std::string_view body) {
        taken_.clear();
        const auto request = fmt::format("{} {} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{}\r\n{}", method, target,
                                         body.size(), headers, body);
        bool close = false;
        const auto answer = router_.respond(request, "192.0.2.7", 1, close);
        require(answer.starts_with("HTTP/1.1 "), "no answer", answer);
        require(!answer.starts_with("HTTP/1.1 5"), "the handler failed", answer);
        for (const Message& message : taken_) {
            check(message);
        }
        return taken_;
    }

private:
    void check(const Message& message) {
        if (message.topic == "enriched-good-bad") {
            const auto row = nlohmann::json::parse(message.value);  // throws where it is none
            require(!row.at("reason").get<std::string>().empty(), "a bad row without a reason", message.value);
            return;
        }
        require(message.topic == "enriched-good", "another topic", message.topic);
        require(std::count(message.value.begin(), message.value.end(), '\t') == 130, "no 131 columns", message.value);
        require(std::none_of(message.value.begin(), message.value.end(),
                             [](char c) { return c != '\t' && static_cast<unsigned char>(c) < 32; }),
                "a control character", message.value);
        const auto error = decoder_.decode(message.value, event_, false);
        require(error == live_shopper::DecodeError::none, fmt::format("not decoded: {}", reason(error)), message.value);
    }

    RequestRouter router_;
    std::unique_ptr<Collector> collector_;
    std::vector<Message> taken_;
    live_shopper::Decoder decoder_{live_shopper::CartTotal::by_form, std::size_t{1} << 20};
    live_shopper::ShopEvent event_;
};

std::string take_line(std::string_view& left) {
    const auto line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    return std::string{line};
}

/// Without what would end a head's line; the server in front sees to that.
std::string one_line(std::string text) {
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) <= 32 || c == 127; });
    return text;
}

void fuzz_request(Bench& bench, std::string_view left) {
    auto target = "/" + one_line(take_line(left)).substr(0, 4000);
    std::string headers = "Content-Type: application/json\r\n";
    for (const std::string_view name : {"User-Agent", "Cookie", "X-Forwarded-For", "X-Geo-City"}) {
        headers += fmt::format("{}: {}\r\n", name, one_line(take_line(left)).substr(0, 500));
    }
    bench.send("POST", target, headers, left);
    bench.send("GET", target, headers, {});
    bench.send("OPTIONS", target, headers, {});
}

/// Good UTF-8 and no event that lacks an id: that would get a random one.
void fuzz_event(Bench& bench, std::string_view left) {
    Pairs parameters{{"eid", "10000000-0000-4000-8000-000000000001"}, {"p", "web"}, {"tv", "x"}};
    while (!left.empty()) {
        const auto line = take_line(left);
        const auto equals = line.find('=');
        if (equals != std::string::npos && equals + 1 < line.size()) {
            const auto name = line.substr(0, equals);
            // Contexts and bodies come plain; each way of sending them is tried below.
            if (name != "cx" && name != "ue_px" && name != "eid" && name != "p" && name != "tv" &&
                find(parameters, name).empty()) {
                parameters.emplace_back(valid_utf8(name), valid_utf8(line.substr(equals + 1)));
            }
        }
    }
    const auto outcome = [](const std::vector<Message>& messages) {
        require(messages.size() == 1, "not one message of one event", {});
        const Message& m = messages[0];
        return m.reason.empty() ? m.key + "|" + m.value : "bad";
    };
    std::string expected;
    for (const bool encoded : {false, true}) {
        nlohmann::json event = nlohmann::json::object();
        std::string query;
        for (const auto& [name, value] : parameters) {
            const bool encode = encoded && (name == "co" || name == "ue_pr");
            const auto sent_as = encode ? std::string{name == "co" ? "cx" : "ue_px"} : name;
            const auto sent = encode ? base64url(value) : value;
            event[sent_as] = sent;
            query += (query.empty() ? "" : "&") + percent_encoded(sent_as) + "=" + percent_encoded(sent);
        }
        if (query.size() > 7000) {
            return;
        }
        const auto body = nlohmann::json{
            {"schema", "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"},
            {"data", {event}}}.dump();
        const auto posted = outcome(bench.send("POST", "/com.snowplowanalytics.snowplow/tp2",
                                               "Content-Type: application/json\r\nCookie: sp=x\r\nUser-Agent: b\r\n"
                                               "SP-Anonymous: *\r\n",
                                               body));
        const auto asked =
            outcome(bench.send("GET", "/i?" + query, "Cookie: sp=x\r\nUser-Agent: b\r\nSP-Anonymous: *\r\n", {}));
        if (expected.empty()) {
            expected = posted;
        }
        require(posted == expected, "base64 matters", expected + "\n" + posted);
        // A GET passes over keys that are not known, a POST with one is bad.
        require(asked == posted || posted == "bad", "GET and POST differ", asked + "\n" + posted);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
    static Bench bench;
    if (size == 0) {
        return 0;
    }
    const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] % 2 == 0) {
        fuzz_request(bench, rest);
    } else {
        fuzz_event(bench, rest);
    }
    return 0;
}
