// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "metrics.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace live_shopper {
namespace {

constexpr std::array<std::string_view, 6> outcome_names{"accepted",       "duplicate", "late",
                                                        "refused_future", "nobody",    "refused_bot"};

class Text {
public:
    void head(std::string_view name, std::string_view type, std::string_view help) {
        fmt::format_to(std::back_inserter(out_), "# HELP live_shopper_{} {}\n# TYPE live_shopper_{} {}\n", name, help,
                       name, type);
    }

    template <class T>
    void sample(std::string_view name, std::string_view labels, T value) {
        fmt::format_to(std::back_inserter(out_), "live_shopper_{}{}{}{} {}\n", name, labels.empty() ? "" : "{", labels,
                       labels.empty() ? "" : "}", value);
    }

    void counter(std::string_view name, std::string_view help, const Number& n) {
        head(name, "counter", help);
        sample(name, "", n.value());
    }

    void gauge(std::string_view name, std::string_view help, const Number& n) {
        head(name, "gauge", help);
        sample(name, "", n.value());
    }

    void histogram(std::string_view name, std::string_view help, const Histogram& h) {
        head(name, "histogram", help);
        const auto snapshot = h.snapshot();
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
            total += snapshot.counts[i];
            const auto le =
                i < Histogram::bounds.size() ? fmt::format("{}", Histogram::bounds[i]) : std::string{"+Inf"};
            sample(fmt::format("{}_bucket", name), fmt::format("le=\"{}\"", le), total);
        }
        sample(fmt::format("{}_sum", name), "", snapshot.sum);
        sample(fmt::format("{}_count", name), "", total);
    }

    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    std::string out_;
};

std::string label_value(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

void Histogram::observe(double seconds, std::uint64_t times) noexcept {
    const double bounded = std::clamp(seconds, 0.0, 1e6);
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), bounded) - bounds.begin();
    counts_[static_cast<std::size_t>(bucket)].fetch_add(times, std::memory_order_relaxed);
    microseconds_.fetch_add(static_cast<std::uint64_t>(bounded * 1e6) * times, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const noexcept {
    Snapshot out;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        out.counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    out.sum = static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
    return out;
}

void Metrics::set_lags(const void* whose, std::vector<Lag> lags) {
    const std::lock_guard lock{mutex_};
    if (lags.empty()) {
        lags_.erase(whose);
    } else {
        lags_[whose] = std::move(lags);
    }
}

std::string Metrics::render() const {
    Text text;
    text.head("events_total", "counter", "Records dealt with, by outcome; without those read back after a start.");
    std::uint64_t broken = 0;
    for (const Number& n : undecodable) {
        broken += n.value();
    }
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        text.sample("events_total", fmt::format("outcome=\"{}\"", outcome_names[i]), outcomes[i].value());
    }
    text.sample("events_total", "outcome=\"undecodable\"", broken);

    text.head("undecodable_total", "counter", "Records that could not be decoded, by reason.");
    for (std::size_t i = 1; i < undecodable.size(); ++i) {
        text.sample("undecodable_total", fmt::format("reason=\"{}\"", reason(static_cast<DecodeError>(i))),
                    undecodable[i].value());
    }

    text.head("consumer_lag", "gauge", "Records on the broker that were not read yet, per partition.");
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [whose, lags] : lags_) {
            for (const Lag& lag : lags) {
                text.sample("consumer_lag",
                            fmt::format("topic=\"{}\",partition=\"{}\"", label_value(lag.topic), lag.partition),
                            lag.records);
            }
        }
    }

    text.counter("read_back_total", "Records read again to rebuild the windows.", read_back);
    text.gauge("keys", "Shoppers and sessions held.", keys);
    text.gauge("state_bytes", "Bytes of state held.", state_bytes);
    text.gauge("memory_bytes", "Bytes allocated, and set aside for the Kafka client.", memory);
    text.gauge("memory_limit_bytes", "What these are kept within; 0 where there is no limit.", memory_limit);
    text.counter("evicted_total", "Keys of lanes dropped to stay within the memory limit.", evicted);
    text.gauge("caught_up", "1 once the windows are rebuilt and values are written.", caught_up);
    text.gauge("paused", "1 while consumption waits for Redis or the dead-letter topic.", paused);
    text.counter("pauses_total", "Times that consumption began to wait.", pauses);
    text.counter("rebalances_total", "Assignments taken on.", rebalances);
    text.counter("commits_total", "Offset commits sent.", commits);
    text.counter("fenced_total", "Assignments dropped because Redis knew a newer owner of a partition.", fenced);
    text.counter("dead_letters_total", "Undecodable records delivered to the dead-letter topic.", dead_letters);
    text.gauge("dead_letters_waiting", "Undecodable records not delivered yet.", dead_letters_waiting);
    text.counter("kafka_errors_total", "Errors that the Kafka client reported.", kafka_errors);
    text.gauge("redis_queue", "Writes that Redis has not acknowledged yet.", redis_queue);
    text.gauge("redis_up", "1 while Redis is connected and takes writes.", redis_up);
    text.counter("redis_connects_total", "Connections made to Redis.", redis_connects);
    text.counter("redis_errors_total", "Connections to Redis lost or refused, and its error replies.", redis_errors);
    text.head("redis_writes_total", "counter", "Writes that Redis has acknowledged, by command.");
    text.sample("redis_writes_total", "command=\"set\"", redis_sets.value());
    text.sample("redis_writes_total", "command=\"del\"", redis_deletes.value());
    text.counter("snapshots_total", "Snapshots of the state that are kept.", snapshots);
    text.counter("snapshots_failed_total", "Snapshots that could not be kept.", failed_snapshots);
    text.gauge("snapshot_bytes", "Bytes of the last snapshot.", snapshot_bytes);
    text.histogram("snapshot_seconds", "From the begin of a snapshot until it was kept.", snapshot);
    text.head("snapshot_longest_pause_seconds", "gauge", "The longest that a step of a snapshot kept the stream.");
    text.sample("snapshot_longest_pause_seconds", "", snapshot_pause.seconds());
    text.head("restores_total", "counter", "Snapshots looked at after an assignment, by what they were.");
    constexpr std::array<std::string_view, 6> restore_names{"restored",      "none",    "damaged",
                                                            "other_version", "foreign", "outdated"};
    for (std::size_t i = 0; i < restores.size(); ++i) {
        text.sample("restores_total", fmt::format("outcome=\"{}\"", restore_names[i]), restores[i].value());
    }
    text.histogram("event_to_redis_seconds",
                   "From the record's own Kafka timestamp to Redis' acknowledgement of the flush it was in.",
                   event_to_redis);
    text.histogram("flush_seconds", "Advancing event time and handing the changed values over.", flush);
    return text.take();
}

}  // namespace live_shopper
