// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "features_of.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "features.hpp"

namespace feature_watch {
namespace {

std::string key_of(const Subject& subject, const std::string& feature, const std::string& window) {
    return subject.kind == Subject::Kind::shopper ? fmt::format("user:{}:{}_{}", subject.name, feature, window)
                                                  : fmt::format("session:{}:{}", subject.name, feature);
}

/// The length of the UTF-8 character that `text` begins with; 0 where it begins with none that can be shown.
std::size_t character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        return first >= 0x20 && first != 0x7F ? 1 : 0;
    }
    const std::size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (length == 0 || length > text.size() || first >= 0xF5) {
        return 0;
    }
    for (std::size_t i = 1; i != length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    return first == 0xC2 && byte(1) < 0xA0 ? 0 : length;  // C1 controls
}

}  // namespace

Store::Store(const std::string& host, std::uint16_t port, const std::string& user, const std::string& password)
    : context_{redisConnectWithTimeout(host.c_str(), port, {.tv_sec = 1, .tv_usec = 0})} {
    if (!context_ || context_->err != 0) {
        throw StoreError(context_ ? static_cast<const char*>(context_->errstr) : "out of memory");
    }
    redisSetTimeout(context_.get(), {.tv_sec = 2, .tv_usec = 0});
    if (!password.empty()) {
        (void)(user.empty() ? ask({"AUTH", password}) : ask({"AUTH", user, password}));
    }
    (void)ask({"PING"});
}

Store::Reply Store::ask(const std::vector<std::string>& words) {
    std::vector<const char*> data;
    std::vector<std::size_t> sizes;
    for (const std::string& word : words) {
        data.push_back(word.data());
        sizes.push_back(word.size());
    }
    Reply reply{static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(words.size()), data.data(), sizes.data()))};
    if (!reply) {
        throw StoreError(static_cast<const char*>(context_->errstr));
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        throw StoreError(std::string{reply->str, reply->len});
    }
    return reply;
}

std::vector<std::optional<std::string>> Store::values(const std::vector<std::string>& keys) {
    if (keys.empty()) {
        return {};
    }
    std::vector<std::string> words{"MGET"};
    words.insert(words.end(), keys.begin(), keys.end());
    const Reply reply = ask(words);
    std::vector<std::optional<std::string>> values(keys.size());
    for (std::size_t i = 0; i != std::min(keys.size(), reply->elements); ++i) {
        if (const redisReply* const element = reply->element[i]; element->type == REDIS_REPLY_STRING) {
            values[i] = std::string{element->str, element->len};
        }
    }
    return values;
}

std::vector<std::string> Store::keys(const std::string& pattern, std::size_t most) {
    std::vector<std::string> found;
    std::string cursor = "0";
    do {
        const Reply reply = ask({"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"});
        if (reply->elements != 2) {
            throw StoreError("SCAN is answered by something else");
        }
        cursor.assign(reply->element[0]->str, reply->element[0]->len);
        for (std::size_t i = 0; i != reply->element[1]->elements && found.size() < most; ++i) {
            const redisReply* const key = reply->element[1]->element[i];
            found.emplace_back(key->str, key->len);
        }
    } while (cursor != "0" && found.size() < most);
    return found;
}

std::vector<Feature> features(Subject::Kind kind) {
    std::vector<Feature> all;
    const live_shopper::Settings settings;
    const auto pipeline = kind == Subject::Kind::session ? live_shopper::make_session_pipeline(settings)
                                                         : live_shopper::make_user_pipeline(settings);
    for (const weir::MetricInfo& metric : pipeline.catalogue()) {
        const auto known =
            std::find_if(all.begin(), all.end(), [&](const Feature& f) { return f.name == metric.name; });
        if (known == all.end()) {
            all.push_back({metric.name, {metric.window}});
        } else {
            known->windows.push_back(metric.window);
        }
    }
    return all;
}

Watched watch(const Subject& subject, Clock::time_point now) {
    Watched watched{subject, {}, now};
    for (const Feature& feature : features(subject.kind)) {
        for (const std::string& window : feature.windows) {
            watched.cells.push_back({key_of(subject, feature.name, window), std::nullopt, std::nullopt});
        }
    }
    return watched;
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = character(text);
        out += length == 0 ? std::string_view{"?"} : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string fitted(std::string_view text, std::size_t width) {
    const std::string shown = printable(text);
    std::string out;
    std::size_t used = 0;
    for (std::string_view rest = shown; !rest.empty();) {
        const std::size_t length = std::max<std::size_t>(character(rest), 1);
        if (used + 1 == width && rest.size() > length) {
            out += '~';
            ++used;
            break;
        }
        if (used == width) {
            break;
        }
        out += rest.substr(0, length);
        rest.remove_prefix(length);
        ++used;
    }
    return out.append(width - used, ' ');
}

}  // namespace feature_watch
