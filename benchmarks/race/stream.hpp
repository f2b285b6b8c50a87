// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events that every contender takes: the same ones, in the same order, for as long as it wants.
//
// Arrivals are irregular, a Poisson process of one event in 1000 ms on average, so that how many events leave at each
// step cannot be foretold. No two events of a stream have the same time. Values are positive multiples of 1/64, so
// that sums of millions are exact whatever the order of adding, and what contenders answer can be compared bit by bit.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

namespace race {

inline constexpr std::int64_t mean_gap = 1000;  // ms

struct Event {
    std::int64_t time;  // ms
    double value;
};

struct KeyedEvent {
    std::uint64_t key;
    std::int64_t time;
    double value;
};

/// That share of the events comes late, by 1 to `places` events, uniformly.
struct Disorder {
    double share = 0;
    std::uint32_t places = 0;
};

[[nodiscard]] inline std::uint64_t scatter(std::uint64_t x) noexcept {  // the finalizer of SplitMix64
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

/// Some 262,144 events, again and again, each time later. 2 MiB that are read in order, so that they cost little.
class Arrivals {
public:
    static constexpr std::size_t count = std::size_t{1} << 18;

    struct Arrival {
        std::uint32_t offset;  // ms
        float value;
    };

    explicit Arrivals(Disorder disorder) {
        std::mt19937_64 random{20260101};
        std::exponential_distribution<double> gap{1.0 / static_cast<double>(mean_gap - 1)};
        std::uniform_int_distribution<int> value{1, 64 * 1000};
        std::vector<Arrival> in_order(count);
        std::uint32_t time = 0;
        for (Arrival& a : in_order) {
            time += 1 + static_cast<std::uint32_t>(gap(random));
            a = {time, static_cast<float>(value(random)) / 64};
        }
        span_ = time;
        std::vector<std::size_t> place(count);
        std::iota(place.begin(), place.end(), std::size_t{0});
        if (disorder.places != 0) {
            std::bernoulli_distribution late{disorder.share};
            std::uniform_int_distribution<std::size_t> by{1, disorder.places};
            std::vector<std::size_t> due = place;
            for (std::size_t& d : due) {
                d += late(random) ? by(random) : 0;
            }
            std::stable_sort(place.begin(), place.end(), [&](std::size_t a, std::size_t b) { return due[a] < due[b]; });
        }
        arrivals_.reserve(count);
        for (const std::size_t p : place) {
            arrivals_.push_back(in_order[p]);
        }
    }

    [[nodiscard]] const Arrival& operator[](std::size_t i) const { return arrivals_[i]; }
    [[nodiscard]] std::int64_t span() const { return span_; }

private:
    std::vector<Arrival> arrivals_;
    std::int64_t span_ = 0;
};

/// The events of one key.
class Stream {
public:
    explicit Stream(std::shared_ptr<const Arrivals> arrivals) : arrivals_{std::move(arrivals)} {}

    Event next() {
        const Arrivals::Arrival& a = (*arrivals_)[at_];
        const Event event{start_ + a.offset, static_cast<double>(a.value)};
        if (++at_ == Arrivals::count) {
            at_ = 0;
            start_ += arrivals_->span();
        }
        return event;
    }

private:
    std::shared_ptr<const Arrivals> arrivals_;
    std::size_t at_ = 0;
    std::int64_t start_ = 1'750'000'000'000;
};

/// The events of many keys, drawn at random or in turn; keys are scattered over 64 bits as hashes and ids are.
class KeyedStream {
public:
    KeyedStream(std::shared_ptr<const Arrivals> arrivals, std::size_t keys, bool in_turn)
        : stream_{std::move(arrivals)}, keys_{keys}, in_turn_{in_turn} {}

    KeyedEvent next() {
        const Event event = stream_.next();
        const std::uint64_t draw = scatter(++drawn_ * 0x9e3779b97f4a7c15U) >> 32;
        const std::uint64_t key = in_turn_ ? drawn_ % keys_ : (draw * keys_) >> 32;
        return {scatter(key + 0x9e3779b97f4a7c15U), event.time, event.value};
    }

private:
    Stream stream_;
    std::uint64_t keys_;
    bool in_turn_;
    std::uint64_t drawn_ = 0;
};

}  // namespace race
