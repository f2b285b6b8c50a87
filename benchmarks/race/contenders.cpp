// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// weir, what is written by hand in its place, and Boost.Accumulators' rolling statistics.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/accumulators/accumulators.hpp>
#include <boost/accumulators/statistics/rolling_count.hpp>
#include <boost/accumulators/statistics/rolling_sum.hpp>
#include <boost/accumulators/statistics/stats.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/hopping_window.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/rolling_window.hpp>

#include "contender.hpp"

namespace {

using race::Shape;
using race::Task;

// ---- weir

weir::Timestamp at(std::int64_t time) { return weir::Timestamp{weir::Duration{time}}; }

template <class Aggregator>
struct Weir {
    explicit Weir(const Shape& shape) : window{weir::Duration{shape.length()}} {}
    void insert(std::int64_t time, double value) {
        if constexpr (std::is_empty_v<weir::value_type_t<Aggregator>>) {
            window.insert(at(time));
        } else {
            window.insert(at(time), static_cast<weir::value_type_t<Aggregator>>(value));
        }
    }
    double query() {
        const auto result = window.result();
        if constexpr (requires { *result; }) {
            return *result;
        } else {
            return static_cast<double>(result);
        }
    }

    weir::RollingWindow<Aggregator> window;
};

struct WeirBundle {
    explicit WeirBundle(const Shape& shape) : window{weir::Duration{shape.length()}} {}
    void insert(std::int64_t time, double value) { window.insert(at(time), value); }
    double query() {
        const auto [count, sum, min, max] = window.result();
        return static_cast<double>(count) + sum + *min + *max;
    }

    weir::RollingWindow<weir::Bundle<weir::Count, weir::Sum<double>, weir::Min<double>, weir::Max<double>>> window;
};

struct WeirLengths {
    explicit WeirLengths(const Shape& shape)
        : windows{std::vector<weir::Duration>(shape.lengths.begin(), shape.lengths.end())} {}
    void insert(std::int64_t time, double value) { windows.insert(at(time), value); }
    double query() {
        double answers = 0;
        for (std::size_t i = 0; i != windows.count(); ++i) {
            answers += windows.result(i);
        }
        return answers;
    }

    weir::RollingWindows<weir::Sum<double>> windows;
};

// A window of each length, whatever the windows are.
template <class W>
struct Separate {
    explicit Separate(const Shape& shape) {
        for (const std::int64_t length : shape.lengths) {
            Shape one;
            one.lengths.push_back(length);
            windows.emplace_back(one);
        }
    }
    void insert(std::int64_t time, double value) {
        for (W& window : windows) {
            window.insert(time, value);
        }
    }
    double query() {
        double answers = 0;
        for (W& window : windows) {
            answers += window.query();
        }
        return answers;
    }

    std::deque<W> windows;
};

// Nothing is drained: what the other contenders do, no more. Windows fall due, but nobody asks.
struct WeirKeyed {
    using Window = weir::RollingWindow<weir::Sum<double>>;

    explicit WeirKeyed(const Shape& shape) : windows{Window{weir::Duration{shape.length()}}} {}
    double update(std::uint64_t key, std::int64_t time, double value) {
        double answer = 0;
        windows.update(key, [&](auto& window) {
            window.insert(at(time), value);
            answer = window.result();
            return true;
        });
        return answer;
    }

    weir::KeyedWindows<std::uint64_t, Window> windows;
};

// What it takes to know which keys changed and to let windows empty by themselves.
struct WeirDrained : WeirKeyed {
    using WeirKeyed::WeirKeyed;
    double update(std::uint64_t key, std::int64_t time, double value) {
        const double answer = WeirKeyed::update(key, time, value);
        if (++since == 1000) {
            since = 0;
            windows.advance_to(at(time));
            windows.drain([&](std::uint64_t, const auto& window) { drained += window.result(); });
        }
        return answer;
    }

    std::size_t since = 0;
    double drained = 0;
};

// Many at a time.
struct WeirBatched : WeirKeyed {
    using WeirKeyed::WeirKeyed;
    double update(const race::KeyedEvent* events, std::size_t count) {
        double answers = 0;
        windows.update_each(
            std::span{events, count}, [](const race::KeyedEvent& event) { return event.key; },
            [&](auto& window, const race::KeyedEvent& event) {
                window.insert(at(event.time), event.value);
                answers += window.result();
                return true;
            });
        return answers;
    }
};

// What slides at every event can slide by a tenth of its length.
struct WeirHopping {
    using Window = weir::HoppingWindow<weir::Sum<double>, weir::Duration, weir::Duration>;

    explicit WeirHopping(const Shape& shape)
        : window{weir::Duration{shape.length()}, weir::Duration{shape.length() / 10}} {}
    void insert(std::int64_t time, double value) {
        window.insert(at(time), value);
        window.advance_to(at(time), [&](const auto& closed) { sum = closed.aggregate.result(); });
    }
    double query() const { return sum; }

    Window window;
    double sum = 0;
};

// ---- written by hand: a deque of events and a total

template <class T>
class DequeSum {
public:
    explicit DequeSum(const Shape& shape) : length_{shape.length()} {}
    void insert(std::int64_t time, double value) {
        const T x = static_cast<T>(value);
        if (events_.empty() || events_.back().first <= time) {
            events_.emplace_back(time, x);
            while (events_.front().first <= time - length_) {
                sum_ -= events_.front().second;
                events_.pop_front();
            }
        } else {
            auto place = events_.end();
            while (place != events_.begin() && std::prev(place)->first > time) {
                --place;
            }
            events_.emplace(place, time, x);
        }
        sum_ += x;
    }
    double query() { return static_cast<double>(sum_); }

private:
    std::int64_t length_;
    std::deque<std::pair<std::int64_t, T>> events_;
    T sum_ = 0;
};

// The textbook's monotonic deque: what a later and better event hides is forgotten.
template <class Better>
class DequeBest {
public:
    explicit DequeBest(const Shape& shape) : length_{shape.length()} {}
    void insert(std::int64_t time, double value) {
        while (!events_.empty() && !Better{}(events_.back().second, value)) {
            events_.pop_back();
        }
        events_.emplace_back(time, value);
        while (events_.front().first <= time - length_) {
            events_.pop_front();
        }
    }
    double query() { return events_.front().second; }

private:
    std::int64_t length_;
    std::deque<std::pair<std::int64_t, double>> events_;
};

class DequeBundle {
public:
    explicit DequeBundle(const Shape& shape) : length_{shape.length()}, min_{shape}, max_{shape} {}
    void insert(std::int64_t time, double value) {
        events_.emplace_back(time, value);
        sum_ += value;
        while (events_.front().first <= time - length_) {
            sum_ -= events_.front().second;
            events_.pop_front();
        }
        min_.insert(time, value);
        max_.insert(time, value);
    }
    double query() { return static_cast<double>(events_.size()) + sum_ + min_.query() + max_.query(); }

private:
    std::int64_t length_;
    std::deque<std::pair<std::int64_t, double>> events_;
    double sum_ = 0;
    DequeBest<std::less<>> min_;
    DequeBest<std::greater<>> max_;
};

template <class W>
class UnorderedMap {
public:
    explicit UnorderedMap(const Shape& shape) : shape_{shape} {}
    double update(std::uint64_t key, std::int64_t time, double value) {
        W& window = windows_.try_emplace(key, shape_).first->second;
        window.insert(time, value);
        return window.query();
    }

private:
    Shape shape_;
    std::unordered_map<std::uint64_t, W> windows_;
};

// ---- what the least would cost: no late events, no growth, no rounding kept in check, no key that goes away

class BareRing {
public:
    explicit BareRing(const Shape& shape)
        : length_{shape.length()},
          mask_{std::bit_ceil(static_cast<std::size_t>(2 * shape.length() / race::mean_gap) + 64) - 1},
          events_(mask_ + 1) {}
    void insert(std::int64_t time, double value) {
        events_[back_++ & mask_] = {time, value};
        sum_ += value;
        for (; events_[front_ & mask_].first <= time - length_; ++front_) {
            sum_ -= events_[front_ & mask_].second;
        }
    }
    double query() { return sum_; }

private:
    std::int64_t length_;
    std::size_t mask_;
    std::vector<std::pair<std::int64_t, double>> events_;
    std::size_t front_ = 0;
    std::size_t back_ = 0;
    double sum_ = 0;
};

// The same events once, and a place in them for each length.
class BareCursors {
public:
    explicit BareCursors(const Shape& shape)
        : mask_{std::bit_ceil(static_cast<std::size_t>(2 * shape.lengths.back() / race::mean_gap) + 64) - 1},
          events_(mask_ + 1) {
        for (const std::int64_t length : shape.lengths) {
            cursors_.push_back({length});
        }
    }
    void insert(std::int64_t time, double value) {
        events_[back_++ & mask_] = {time, value};
        for (Cursor& c : cursors_) {
            c.sum += value;
            for (; events_[c.front & mask_].first <= time - c.length; ++c.front) {
                c.sum -= events_[c.front & mask_].second;
            }
        }
    }
    double query() {
        double answers = 0;
        for (const Cursor& c : cursors_) {
            answers += c.sum;
        }
        return answers;
    }

private:
    struct Cursor {
        std::int64_t length;
        std::size_t front = 0;
        double sum = 0;
    };

    std::size_t mask_;
    std::vector<std::pair<std::int64_t, double>> events_;
    std::size_t back_ = 0;
    std::vector<Cursor> cursors_;
};

// What a key's window cannot do without: its place in the table, its oldest and its youngest event. All the room there
// will be is there from the start.
class BareRings {
public:
    explicit BareRings(const Shape& shape)
        : length_{shape.length()},
          mask_{std::bit_ceil(static_cast<std::size_t>(2 * shape.length() / race::mean_gap) / shape.keys + 32) - 1},
          events_((mask_ + 1) * shape.keys),
          rings_(std::bit_ceil(2 * shape.keys)) {}
    double update(std::uint64_t key, std::int64_t time, double value) { return update(of(key), time, value); }

private:
    struct Ring {
        std::uint64_t key = none;
        std::size_t events = 0;  // where its own begin
        std::size_t front = 0;
        std::size_t back = 0;
        double sum = 0;
    };
    using Event = std::pair<std::int64_t, double>;
    static constexpr std::uint64_t none = ~std::uint64_t{0};

    [[nodiscard]] std::size_t home(std::uint64_t key) const {
        return (key * 0x9e3779b97f4a7c15U) >> (64 - std::countr_zero(rings_.size()));
    }
    Ring& of(std::uint64_t key) {
        for (std::size_t i = home(key);; i = (i + 1) & (rings_.size() - 1)) {
            if (rings_[i].key == key) {
                return rings_[i];
            }
            if (rings_[i].key == none) {
                rings_[i].key = key;
                rings_[i].events = keys_++ * (mask_ + 1);
                return rings_[i];
            }
        }
    }
    double update(Ring& ring, std::int64_t time, double value) {
        Event* const events = events_.data() + ring.events;
        events[ring.back++ & mask_] = {time, value};
        ring.sum += value;
        for (; events[ring.front & mask_].first <= time - length_; ++ring.front) {
            ring.sum -= events[ring.front & mask_].second;
        }
        return ring.sum;
    }

    std::int64_t length_;
    std::size_t mask_;
    std::vector<Event> events_;
    std::vector<Ring> rings_;
    std::size_t keys_ = 0;

protected:
    // Each stage reads ahead for the next one, over all events.
    double update_all(const race::KeyedEvent* events, std::size_t count) {
        Ring* rings[race::batch];
        for (std::size_t i = 0; i != count; ++i) {
            __builtin_prefetch(&rings_[home(events[i].key)]);
        }
        for (std::size_t i = 0; i != count; ++i) {
            Ring& ring = of(events[i].key);
            rings[i] = &ring;
            __builtin_prefetch(&events_[ring.events + (ring.front & mask_)]);
            __builtin_prefetch(&events_[ring.events + (ring.back & mask_)]);
        }
        double answers = 0;
        for (std::size_t i = 0; i != count; ++i) {
            answers += update(*rings[i], events[i].time, events[i].value);
        }
        return answers;
    }
};

struct BareRingsInBatches : private BareRings {
    using BareRings::BareRings;
    double update(const race::KeyedEvent* events, std::size_t count) { return update_all(events, count); }
};

class BareTable {
public:
    explicit BareTable(const Shape& shape) { totals_.reserve(shape.keys); }
    double update(std::uint64_t key, std::int64_t, double value) { return totals_[key] += value; }

private:
    boost::unordered_flat_map<std::uint64_t, double> totals_;
};

// ---- Boost.Accumulators: the last so many events, not the last so much time

namespace accumulators = boost::accumulators;

struct BoostSum {
    explicit BoostSum(const Shape& shape)
        : sum{accumulators::tag::rolling_window::window_size =
                  static_cast<std::size_t>(shape.length() / race::mean_gap)} {}
    void insert(std::int64_t, double value) { sum(value); }
    double query() { return accumulators::rolling_sum(sum); }

    accumulators::accumulator_set<double, accumulators::stats<accumulators::tag::rolling_sum>> sum;
};

[[maybe_unused]] const race::Entry entries[] = {
    race::enter<Weir<weir::Sum<double>>>("weir", Task::sum, {.disorder = true}),
    race::enter<Weir<weir::Sum<std::int64_t>>>("weir", Task::integer_sum, {.disorder = true}),
    race::enter<Weir<weir::Max<double>>>("weir", Task::max, {.disorder = true}),
    race::enter<WeirBundle>("weir", Task::bundle, {.disorder = true}),
    race::enter<WeirLengths>("weir", Task::lengths, {.disorder = true}),
    race::enter<Separate<Weir<weir::Sum<double>>>>("weir, a window each", Task::lengths, {.disorder = true}),
    race::enter<WeirKeyed>("weir", Task::keyed_sum),
    race::enter<WeirDrained>("weir, drained", Task::keyed_sum),
    race::enter<WeirBatched>("weir", Task::keyed_batches),

    race::enter<UnorderedMap<WeirHopping>>("weir, sliding by a tenth", Task::keyed_sum, {.exact = false}),

    race::enter<DequeSum<double>>("deque", Task::sum, {.disorder = true}),
    race::enter<DequeSum<std::int64_t>>("deque", Task::integer_sum, {.disorder = true}),
    race::enter<DequeBest<std::greater<>>>("deque", Task::max),
    race::enter<DequeBundle>("deque", Task::bundle),
    race::enter<Separate<DequeSum<double>>>("deque, one each", Task::lengths, {.disorder = true}),
    race::enter<UnorderedMap<DequeSum<double>>>("deque in unordered_map", Task::keyed_sum),

    race::enter<BareRing>("bare ring", Task::sum),
    race::enter<BareRing>("bare ring, sum alone", Task::bundle, {.exact = false}),
    race::enter<Weir<weir::Count>>("bare count", Task::max, {.disorder = true, .exact = false}),
    race::enter<Weir<weir::Count>>("bare count", Task::bundle, {.disorder = true, .exact = false}),
    race::enter<BareCursors>("bare ring", Task::lengths),
    race::enter<BareRings>("bare rings in a table", Task::keyed_sum),
    race::enter<BareRingsInBatches>("bare rings in a table", Task::keyed_batches),
    race::enter<BareTable>("bare table of totals", Task::keyed_sum, {.exact = false}),

    race::enter<BoostSum>("Boost.Accumulators", Task::sum, {.exact = false}),
};

}  // namespace
