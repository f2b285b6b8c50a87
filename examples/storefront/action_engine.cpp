// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "action_engine.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "json_text.hpp"
#include "log.hpp"

namespace storefront {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds tick{200};
constexpr std::size_t max_active = 5'000;
constexpr std::size_t kept_firings = 1'000;
constexpr Millis told_again = Millis{30} * 60 * 1000;

// KEYS: the stream, then a lock per name that the shopper goes by. ARGV: the cool-down in ms, then the entry's fields.
// Answers with the entry's id, or "quiet MS" where a lock is taken.
constexpr std::string_view fire_script = R"lua(
local longest = -1
for i = 2, #KEYS do
    local left = redis.call('PTTL', KEYS[i])
    if left > longest then longest = left end
end
if longest > 0 then return 'quiet ' .. longest end
for i = 2, #KEYS do redis.call('SET', KEYS[i], '1', 'PX', ARGV[1]) end
local fields = {}
for i = 2, #ARGV do fields[i - 1] = ARGV[i] end
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', '10000', '*', unpack(fields))
)lua";

std::optional<double> number(const std::optional<std::string>& value) {
    return value ? take_number(Take::number, *value) : std::nullopt;
}

}  // namespace

ActionEngine::ActionEngine(const live_shopper::RedisConfig& redis, Rules rules, Roster& roster,
                           std::chrono::milliseconds active, OnFiring on_firing)
    : rules_{std::move(rules)},
      roster_{roster},
      active_{active.count()},
      on_firing_{std::move(on_firing)},
      redis_{redis},
      listener_{redis},
      evaluator_{[this] {
          auto next = std::chrono::steady_clock::now();
          while (!stopping_) {
              evaluate_all();
              next = std::max(next + tick, std::chrono::steady_clock::now() + std::chrono::milliseconds{20});
              std::this_thread::sleep_until(next);
          }
      }},
      listening_{[this] { listen(); }} {}

ActionEngine::~ActionEngine() {
    stopping_ = true;
    evaluator_.join();
    listening_.join();
}

void ActionEngine::evaluate_all() {
    const auto now = wall_clock();
    {
        const std::lock_guard lock{mutex_};
        followers_.remove_if([](const Follower& f) { return f.stream->closed(); });
        for (const Follower& f : followers_) {
            roster_.greet(f.whose.user, f.whose.session, now);
        }
    }
    const auto shoppers = roster_.since(now - active_, max_active);
    active_count_.store(shoppers.size(), std::memory_order_relaxed);
    for (const Shopper& shopper : shoppers) {
        if (stopping_) {
            return;
        }
        evaluate(shopper, now);
    }
    std::erase_if(shoppers_, [&](const auto& entry) { return entry.second.used < now - active_ - 60'000; });
}

void ActionEngine::evaluate(const Shopper& shopper, Millis now) {
    ShopperState& state = shoppers_[shopper.person()];
    state.used = now;
    if (state.keys.empty() || state.user != shopper.user || state.session != shopper.session) {
        state.user = shopper.user;
        state.session = shopper.session;
        state.keys.clear();
        for (const Feature& feature : rules_.features) {
            state.keys.push_back(feature.key(shopper.user, shopper.session));
        }
        state.rules.resize(rules_.rules.size());
    }
    const auto before = std::chrono::steady_clock::now();
    const auto values = redis_.mget(state.keys);
    if (!values) {
        return;
    }
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - before;
    read_times_.add(took.count());
    observe(state, *values, now);
    for (std::size_t i = 0; i < rules_.rules.size(); ++i) {
        const Rule& rule = rules_.rules[i];
        RuleState& rule_state = state.rules[i];
        if (!rule.when.met(state.seen)) {
            rule_state.held = false;
            continue;
        }
        if (!rule_state.held) {
            rule_state.held = true;
            rule_state.since = now;
        }
        for (const auto feature : rule.still) {
            rule_state.since = std::max(rule_state.since, state.seen[feature].changed);
        }
        if (now - rule_state.since >= rule.hold.count() && now >= rule_state.quiet_until) {
            fire(rule, rule_state, state, shopper, now);
        }
    }
}

void ActionEngine::observe(ShopperState& state, const std::vector<RedisClient::Value>& values, Millis now) const {
    if (state.seen.empty()) {
        for (const auto& value : values) {
            state.seen.push_back({value, now, 0});
        }
        return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        Observation& o = state.seen[i];
        if (values[i] == o.value) {
            continue;
        }
        const auto was = number(o.value);
        const auto is = number(values[i]);
        if (is && *is > was.value_or(0)) {
            o.rose = now;
        }
        o.changed = now;
        o.value = values[i];
    }
}

void ActionEngine::fire(const Rule& rule, RuleState& rule_state, const ShopperState& state, const Shopper& shopper,
                        Millis now) {
    std::vector<std::string> keys{std::string{stream_key},
                                  fmt::format("live-shopper:lock:{}:{}", rule.name, shopper.user)};
    if (!shopper.domain_userid.empty() && shopper.domain_userid != shopper.user) {
        keys.push_back(fmt::format("live-shopper:lock:{}:{}", rule.name, shopper.domain_userid));
    }
    const auto deed = rule.deed.json(state.seen);
    const auto why = rule.explain(state.seen, state.keys);
    const auto held = now - rule_state.since;
    const auto answer =
        redis_.eval(fire_script, keys,
                    {std::to_string(rule.cool_down.count()), "rule", rule.name, "title", rule.title, "user",
                     shopper.user, "domain_userid", shopper.domain_userid, "session", shopper.session, "at",
                     std::to_string(now), "held", std::to_string(held), "do", dump(deed), "why", dump(why)});
    if (!answer || !*answer) {
        return;  // Redis is away: the condition goes on holding
    }
    std::string_view said = **answer;
    if (said.starts_with("quiet ")) {
        said.remove_prefix(6);
        Millis left = 0;
        std::from_chars(said.data(), said.data() + said.size(), left);
        rule_state.quiet_until = now + left;
        return;
    }
    rule_state.quiet_until = now + rule.cool_down.count();
    live_shopper::log::debug("a rule fired",
                             {{"rule", rule.name}, {"user", shopper.user}, {"session", shopper.session}});
}

void ActionEngine::listen() {
    bool caught_up = false;
    while (!stopping_) {
        if (!caught_up) {
            // Only from here on, but with those that an open page may still want to show.
            const auto entries = listener_.latest(stream_key, kept_firings);
            if (!entries) {
                std::this_thread::sleep_for(std::chrono::milliseconds{100});
                continue;
            }
            last_id_ = "0-0";
            for (const auto& entry : *entries) {
                deliver(entry);
            }
            caught_up = true;
        }
        const auto entries = listener_.read_stream(stream_key, last_id_, std::chrono::milliseconds{500});
        if (!entries) {
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
            continue;
        }
        for (const auto& entry : *entries) {
            deliver(entry);
        }
    }
}

void ActionEngine::deliver(const RedisClient::Entry& entry) {
    last_id_ = entry.id;
    const auto field = [&](std::string_view name) { return std::string{find(entry.fields, name)}; };
    const auto whole = [&](std::string_view name) {
        const auto text = field(name);
        Millis value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    };
    Firing firing{entry.id, field("user"), field("domain_userid"), field("session"), whole("at"), {}};
    // Others may write to the stream, too.
    auto deed = Json::parse(field("do"), nullptr, false);
    auto why = Json::parse(field("why"), nullptr, false);
    if (deed.is_discarded() || why.is_discarded() || firing.user.empty()) {
        return;
    }
    const Json json{{"id", entry.id},        {"rule", field("rule")},     {"title", field("title")},
                    {"user", firing.user},   {"session", firing.session}, {"at", firing.at},
                    {"held", whole("held")}, {"do", std::move(deed)},     {"why", std::move(why)}};
    firing.json = dump(json);
    {
        const std::lock_guard lock{mutex_};
        for (const Follower& f : followers_) {
            if (f.whose.is(firing.user, firing.domain_userid, firing.session)) {
                f.stream->send("action", firing.json);
            }
        }
        firings_.push_back(firing);
        if (firings_.size() > kept_firings) {
            firings_.pop_front();
        }
    }
    on_firing_(firing);
}

void ActionEngine::follow(std::shared_ptr<Stream> stream, Whose whose) {
    const auto now = wall_clock();
    roster_.greet(whose.user, whose.session, now);
    const std::lock_guard lock{mutex_};
    for (const Firing& firing : firings_) {
        if (firing.at > now - told_again && whose.is(firing.user, firing.domain_userid, firing.session)) {
            auto json = Json::parse(firing.json);
            json["old"] = true;
            stream->send("action", dump(json));
        }
    }
    followers_.push_back({std::move(stream), std::move(whose)});
}

std::vector<Firing> ActionEngine::latest(std::size_t count) const {
    const std::lock_guard lock{mutex_};
    const auto skip = firings_.size() - std::min(count, firings_.size());
    return {firings_.begin() + static_cast<std::ptrdiff_t>(skip), firings_.end()};
}

}  // namespace storefront
