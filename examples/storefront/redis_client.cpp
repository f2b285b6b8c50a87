// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "redis_client.hpp"

#include <csignal>

#include <hiredis/hiredis.h>

namespace storefront {
namespace {

timeval to_timeval(weir::Duration d) { return {.tv_sec = d.count() / 1000, .tv_usec = (d.count() % 1000) * 1000}; }

std::string_view text(const redisReply& reply) { return {reply.str == nullptr ? "" : reply.str, reply.len}; }

void append_entries(const redisReply& list, std::vector<RedisClient::Entry>& out) {
    for (std::size_t i = 0; i < list.elements; ++i) {
        const redisReply& item = *list.element[i];
        if (item.type != REDIS_REPLY_ARRAY || item.elements != 2 || item.element[1]->type != REDIS_REPLY_ARRAY) {
            continue;
        }
        auto& entry = out.emplace_back();
        entry.id = text(*item.element[0]);
        const redisReply& fields = *item.element[1];
        for (std::size_t f = 0; f + 1 < fields.elements; f += 2) {
            entry.fields.emplace_back(text(*fields.element[f]), text(*fields.element[f + 1]));
        }
    }
}

}  // namespace

void RedisClient::CloseContext::operator()(redisContext* context) const noexcept { redisFree(context); }
void RedisClient::FreeReply::operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }

RedisClient::RedisClient(live_shopper::RedisConfig config) : config_{std::move(config)} {}

RedisClient::~RedisClient() = default;

void RedisClient::lost(std::string_view why) {
    if (reminder_.allows()) {
        live_shopper::log::warn("Redis is away", {{"address", config_.address()}, {"error", why}});
    }
    context_.reset();
    next_attempt_ = std::chrono::steady_clock::now() + std::chrono::milliseconds{200};
}

bool RedisClient::connect() {
    if (context_) {
        return true;
    }
    if (std::chrono::steady_clock::now() < next_attempt_) {
        return false;
    }
    // hiredis writes without MSG_NOSIGNAL.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const auto timeout = to_timeval(config_.connect_timeout);
    context_.reset(config_.unix_socket.empty() ? redisConnectWithTimeout(config_.host.c_str(), config_.port, timeout)
                                               : redisConnectUnixWithTimeout(config_.unix_socket.c_str(), timeout));
    if (!context_ || context_->err != 0) {
        lost(context_ ? context_->errstr : "out of memory");
        return false;
    }
    redisSetTimeout(context_.get(), to_timeval(config_.reply_timeout));
    std::vector<std::vector<std::string_view>> greetings;
    const auto database = std::to_string(config_.database);
    if (!config_.password.empty()) {
        auto& words = greetings.emplace_back(std::vector<std::string_view>{"AUTH"});
        if (!config_.user.empty()) {
            words.push_back(config_.user);
        }
        words.push_back(config_.password);
    }
    if (config_.database != 0) {
        greetings.push_back({"SELECT", database});
    }
    for (const auto& words : greetings) {
        const auto reply = command(words);
        if (!reply) {
            return false;
        }
        if (reply->type == REDIS_REPLY_ERROR) {
            lost(text(*reply));
            return false;
        }
    }
    return true;
}

RedisClient::Reply RedisClient::command(const std::vector<std::string_view>& words) {
    std::vector<const char*> data;
    std::vector<std::size_t> sizes;
    for (const auto word : words) {
        data.push_back(word.data());
        sizes.push_back(word.size());
    }
    Reply reply{static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(words.size()), data.data(), sizes.data()))};
    if (!reply) {
        lost(context_->errstr);
    }
    return reply;
}

std::optional<std::vector<RedisClient::Value>> RedisClient::mget(const std::vector<std::string>& keys) {
    std::vector<Value> out(keys.size());
    if (keys.empty()) {
        return out;
    }
    if (!connect()) {
        return std::nullopt;
    }
    std::vector<std::string_view> words{"MGET"};
    words.insert(words.end(), keys.begin(), keys.end());
    const auto reply = command(words);
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != keys.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (reply->element[i]->type == REDIS_REPLY_STRING) {
            out[i] = std::string{text(*reply->element[i])};
        }
    }
    return out;
}

std::optional<std::vector<long long>> RedisClient::pttl(const std::vector<std::string>& keys) {
    std::vector<long long> out;
    if (!keys.empty() && !connect()) {
        return std::nullopt;
    }
    for (const auto& key : keys) {
        redisAppendCommand(context_.get(), "PTTL %b", key.data(), key.size());
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        void* got = nullptr;
        if (redisGetReply(context_.get(), &got) != REDIS_OK) {
            lost(context_->errstr);
            return std::nullopt;
        }
        const Reply reply{static_cast<redisReply*>(got)};
        out.push_back(reply->type == REDIS_REPLY_INTEGER ? reply->integer : -2);
    }
    return out;
}

std::optional<RedisClient::Value> RedisClient::eval(std::string_view script, const std::vector<std::string>& keys,
                                                    const std::vector<std::string>& arguments) {
    if (!connect()) {
        return std::nullopt;
    }
    const auto count = std::to_string(keys.size());
    std::vector<std::string_view> words{"EVAL", script, count};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), arguments.begin(), arguments.end());
    const auto reply = command(words);
    if (!reply) {
        return std::nullopt;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        if (reminder_.allows()) {
            live_shopper::log::warn("Redis refuses a script", {{"error", text(*reply)}});
        }
        return std::nullopt;
    }
    return reply->type == REDIS_REPLY_STRING ? Value{std::string{text(*reply)}} : Value{};
}

std::optional<std::vector<RedisClient::Entry>> RedisClient::read_stream(std::string_view stream, std::string_view after,
                                                                        std::chrono::milliseconds patience) {
    if (!connect()) {
        return std::nullopt;
    }
    const auto wait = std::to_string(patience.count());
    const auto reply = command({"XREAD", "COUNT", "500", "BLOCK", wait, "STREAMS", stream, after});
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        return std::nullopt;
    }
    std::vector<Entry> out;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->elements == 2) {
        append_entries(*reply->element[0]->element[1], out);
    }
    return out;
}

std::optional<std::vector<RedisClient::Entry>> RedisClient::latest(std::string_view stream, std::size_t count) {
    if (!connect()) {
        return std::nullopt;
    }
    const auto most = std::to_string(count);
    const auto reply = command({"XREVRANGE", stream, "+", "-", "COUNT", most});
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        return std::nullopt;
    }
    std::vector<Entry> out;
    append_entries(*reply, out);
    return std::vector<Entry>{std::make_move_iterator(out.rbegin()), std::make_move_iterator(out.rend())};
}

}  // namespace storefront
