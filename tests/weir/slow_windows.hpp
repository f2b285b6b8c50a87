// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SlowWindows: RollingWindows as docs/semantics.md tells it. All events in one sorted list, every answer from
// scratch, boundaries in 128 bits so that nothing saturates.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/rolling_window.hpp>

#include "random_stream.hpp"

namespace weir_tests {

__extension__ using Wide = __int128;

[[nodiscard]] constexpr Wide wide(weir::Timestamp t) { return t.time_since_epoch().count(); }
[[nodiscard]] constexpr Wide wide(weir::Duration d) { return d.count(); }

[[nodiscard]] constexpr weir::Timestamp narrow(Wide t) {
    using Limits = std::numeric_limits<std::int64_t>;
    return at(static_cast<std::int64_t>(std::clamp<Wide>(t, Limits::min(), Limits::max())));
}

/// Same answer, where a NaN is the same as any other.
template <class T>
[[nodiscard]] bool same_result(const T& a, const T& b) {
    if constexpr (std::floating_point<T>) {
        return a == b || (a != a && b != b);
    } else {
        return a == b;
    }
}

template <class T>
class SlowWindows {
public:
    using Value = weir::value_type_t<T>;
    struct Row {
        weir::Timestamp time;
        std::uint64_t arrival;  // ties are broken by it
        Value value;
    };

    explicit SlowWindows(std::vector<weir::Duration> lengths, weir::Duration keep = {})
        : lengths_{std::move(lengths)},
          // The one thing that saturates: what is kept is itself a Duration.
          kept_{std::min(wide(*std::max_element(lengths_.begin(), lengths_.end())) + wide(keep),
                         wide(weir::Duration::max()))} {}

    bool insert(weir::Timestamp t, const Value& value) {
        // The least time is before all time: nothing that is kept can be there.
        if (t == weir::Timestamp::min() || (now_ != weir::Timestamp::min() && wide(t) <= wide(now_) - kept_)) {
            return false;
        }
        std::uint64_t arrival = arrivals_++;
        if constexpr (weir::detail::HasArrival<Value>) {
            arrival = value.arrival;
        }
        const auto place = std::find_if(rows_.begin(), rows_.end(), [&](const Row& r) {
            return r.time > t || (r.time == t && r.arrival > arrival);
        });
        rows_.insert(place, Row{t, arrival, value});
        advance_to(t);
        return true;
    }

    void advance_to(weir::Timestamp now) {
        now_ = std::max(now_, now);
        const auto old =
            std::find_if(rows_.begin(), rows_.end(), [&](const Row& r) { return wide(r.time) > wide(now_) - kept_; });
        rows_.erase(rows_.begin(), old);
    }

    /// Takes rows out and gives them in order.
    template <class Take>
    std::vector<Row> extract_if(Take take) {
        std::vector<Row> taken;
        std::vector<Row> left;
        for (const Row& r : rows_) {
            (take(r.time, r.value) ? taken : left).push_back(r);
        }
        rows_ = std::move(left);
        return taken;
    }

    [[nodiscard]] weir::Timestamp now() const { return now_; }
    /// Also back in time, as windows in a table go when their latest event is taken out.
    void set_now(weir::Timestamp now) { now_ = now; }
    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

    [[nodiscard]] std::vector<Row> inside(std::size_t w) const {
        std::vector<Row> rows;
        std::copy_if(rows_.begin(), rows_.end(), std::back_inserter(rows),
                     [&](const Row& r) { return wide(r.time) > wide(now_) - wide(lengths_[w]); });
        return rows;
    }

    [[nodiscard]] T aggregate(std::size_t w) const {
        T whole{};
        for (const Row& r : rows_) {
            if (weir::Expiring<T> || wide(r.time) > wide(now_) - wide(lengths_[w])) {
                weir::detail::add(whole, r.time, r.value);
            }
        }
        if constexpr (weir::Expiring<T>) {
            whole.expire(narrow(wide(now_) - wide(lengths_[w])));
        }
        return whole;
    }

    [[nodiscard]] std::optional<weir::Timestamp> latest(std::size_t w) const {
        if constexpr (weir::Expiring<T>) {
            return aggregate(w).latest();
        } else {
            return rows_.empty() ? std::nullopt : std::optional{rows_.back().time};
        }
    }

    [[nodiscard]] std::optional<weir::Timestamp> next_expiry() const {
        if (rows_.empty()) {
            return std::nullopt;
        }
        Wide next = wide(rows_.front().time) + kept_;
        for (std::size_t w = 0; w != lengths_.size(); ++w) {
            if constexpr (weir::Expiring<T>) {
                if (const auto counted = aggregate(w).next()) {
                    next = std::min(next, wide(*counted) + wide(lengths_[w]));
                }
            } else {
                for (const Row& r : rows_) {
                    const Wide leaves = wide(r.time) + wide(lengths_[w]);
                    next = leaves > wide(now_) ? std::min(next, leaves) : next;
                }
            }
        }
        return narrow(next);
    }

private:
    std::vector<weir::Duration> lengths_;
    Wide kept_;
    std::vector<Row> rows_;
    weir::Timestamp now_ = weir::Timestamp::min();
    std::uint64_t arrivals_ = 0;
};

/// Where a window and the slow one differ; "" where they do not. `same(result, model, window)` compares results.
/// `fast` is RollingWindows<T> or has its members.
template <class Fast, class T, class Same>
[[nodiscard]] std::string difference(const Fast& fast, const SlowWindows<T>& slow, Same same) {
    if (fast.now() != slow.now()) {
        return "now";
    }
    if (fast.size() != slow.size() || fast.empty() != (slow.size() == 0)) {
        return "events kept";
    }
    if (fast.next_expiry() != slow.next_expiry()) {
        return "next_expiry";
    }
    for (std::size_t w = 0; w != fast.count(); ++w) {
        const std::string where = " of window " + std::to_string(w);
        // What an expiring aggregator counts may rest on any event that is kept.
        const std::size_t size = weir::Expiring<T> ? slow.size() : slow.inside(w).size();
        if (fast.size(w) != size || fast.empty(w) != (size == 0)) {
            return "size" + where;
        }
        if (fast.latest(w) != slow.latest(w)) {
            return "latest" + where;
        }
        if (!same(fast.result(w), slow, w)) {
            return "result" + where;
        }
    }
    return {};
}

/// The usual `same`: the aggregator itself, fed from scratch in event-time order.
struct FromScratch {
    template <class Result, class T>
    bool operator()(const Result& result, const SlowWindows<T>& slow, std::size_t w) const {
        return same_result(result, static_cast<Result>(slow.aggregate(w).result()));
    }
};

/// Event times as streams have them: in order, disordered, equal, in bursts, and with gaps of years.
class RandomTimes {
public:
    explicit RandomTimes(std::int64_t start = 0) : latest_{start} {}

    [[nodiscard]] std::int64_t next(Random& random) {
        if (left_ == 0) {
            shape_ = pick(random, 5);
            left_ = 1 + pick(random, shape_ == 2 ? 60 : 400);
        }
        --left_;
        switch (shape_) {
            case 0:
                return latest_ += between(random, 0, 40);
            case 1:
                return latest_ = std::max(latest_, latest_ + between(random, -300, 60)),
                       latest_ - between(random, 0, 300);
            case 2:
                return latest_;  // all at once
            case 3:
                return pick(random, 30) == 0 ? latest_ += between(random, 0, 1) * 31'556'952'000 * between(random, 1, 9)
                                             : latest_ += between(random, 0, 9);
            default:
                latest_ += between(random, 0, 200);
                return latest_ - between(random, 0, 1500);
        }
    }

    [[nodiscard]] std::int64_t latest() const { return latest_; }
    void leap(std::int64_t to) { latest_ = std::max(latest_, to); }

    static std::int64_t between(Random& random, std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(pick(random, static_cast<std::size_t>(most - least + 1)));
    }

private:
    std::int64_t latest_;
    std::size_t shape_ = 0;
    std::size_t left_ = 0;
};

struct WindowShape {
    std::vector<weir::Duration> lengths;
    weir::Duration keep{};
    std::size_t steps = 120'000;
    std::size_t most = 80;  // events held at once: the slow one looks at all of them
};

/// Two windows side by side, as of two keys, so that history moves between them; each compared after every step.
/// `next(random, arrival)` makes a value.
template <class T, class Next, class Same = FromScratch>
void compare_windows(const WindowShape& shape, Next next, Same same = {}) {
    using Event = std::pair<weir::Timestamp, weir::value_type_t<T>>;
    const std::uint64_t seed = fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    struct Pair {
        weir::RollingWindows<T> fast;
        SlowWindows<T> slow;
    };
    Pair keys[2] = {{weir::RollingWindows<T>{shape.lengths, shape.keep}, SlowWindows<T>{shape.lengths, shape.keep}},
                    {weir::RollingWindows<T>{shape.lengths, shape.keep}, SlowWindows<T>{shape.lengths, shape.keep}}};
    RandomTimes times;
    std::uint64_t arrivals = 0;
    std::size_t compared = 0;

    for (std::size_t step = 0; step != shape.steps; ++step) {
        Pair& key = keys[pick(random, 8) == 0 ? 1 : 0];
        const std::size_t action = pick(random, 100);
        bool agree = true;
        if (action < 70 && key.slow.size() < shape.most) {
            const auto t = at(times.next(random));
            const auto value = next(random, arrivals++);
            agree = key.fast.insert(t, value) == key.slow.insert(t, value);
        } else if (action < 97) {
            const std::int64_t far = pick(random, 60) == 0 ? 5000 : 60;
            const auto now = key.slow.size() < shape.most
                                 ? at(times.latest() + RandomTimes::between(random, -100, far))
                                 : *key.slow.next_expiry() + weir::Duration{RandomTimes::between(random, 0, 50)};
            times.leap(now.time_since_epoch().count() - far);
            std::vector<std::size_t> before;
            for (std::size_t w = 0; w != shape.lengths.size(); ++w) {
                before.push_back(key.slow.inside(w).size());
            }
            key.slow.advance_to(now);
            bool left = false;
            for (std::size_t w = 0; w != shape.lengths.size(); ++w) {
                left = left || key.slow.inside(w).size() != before[w];
            }
            const bool changed = key.fast.advance_to(now);
            agree = weir::Expiring<T> || changed == left;
        } else if (action < 98) {
            weir::RollingWindows<T> copy = key.fast;  // windows are values
            key.fast = weir::RollingWindows<T>{shape.lengths, shape.keep};
            key.fast = std::move(copy);
        } else {
            // A stretch of one key's history moves to the other, oldest first.
            Pair& other = &key == &keys[0] ? keys[1] : keys[0];
            const auto after = at(times.latest() - RandomTimes::between(random, 0, 2000));
            const auto until = after + weir::Duration{RandomTimes::between(random, 0, 2000)};
            const std::size_t every = 1 + pick(random, 3);
            std::size_t seen = 0;
            std::size_t seen_slow = 0;
            std::vector<Event> moved;  // time and value
            const std::size_t count = key.fast.extract_if(
                [&](weir::Timestamp t, const auto&) { return t > after && t <= until && seen++ % every == 0; },
                [&](weir::Timestamp t, weir::value_type_t<T>&& value) { moved.emplace_back(t, std::move(value)); });
            const auto rows = key.slow.extract_if(
                [&](weir::Timestamp t, const auto&) { return t > after && t <= until && seen_slow++ % every == 0; });
            agree = count == rows.size() && moved.size() == rows.size();
            for (std::size_t i = 0; agree && i != rows.size(); ++i) {
                agree = moved[i].first == rows[i].time && same_result(moved[i].second, rows[i].value);
                const bool kept = other.fast.insert(moved[i].first, std::move(moved[i].second));
                agree = agree && kept == other.slow.insert(rows[i].time, rows[i].value);
            }
            const std::string differs = difference(other.fast, other.slow, same);
            if (!differs.empty()) {
                FAIL("after a move " << differs << " differs at step " << step);
            }
        }
        if (!agree) {
            FAIL("an answer differs from the slow window's at step " << step);
        }
        const std::string differs = difference(key.fast, key.slow, same);
        if (!differs.empty()) {
            FAIL(differs << " differs at step " << step << " with " << key.slow.size() << " events");
        }
        compared += key.slow.size();
    }
    REQUIRE(compared > shape.steps);  // the streams were not empty ones
}

}  // namespace weir_tests
