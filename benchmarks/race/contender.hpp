// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who runs: a contender is a window, or a window per key, that answers after every event.
//
//     struct Mine {                                        // of one key
//         explicit Mine(const race::Shape& shape);
//         void insert(std::int64_t time, double value);    // and what is at or before the newest time - length leaves
//         double query();
//     };
//     [[maybe_unused]] const race::Entry mine = race::enter<Mine>("mine", race::Task::sum);
//
// A contender over keys has `double update(std::uint64_t key, std::int64_t time, double value)` instead, which takes
// the event and answers for its key; one that takes many at once has `double update(const race::KeyedEvent*, size_t)`,
// which gives the sum of these answers. The loops below are compiled with the contender, so nothing is called through
// a pointer for an event.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <x86intrin.h>

#include "stream.hpp"

namespace race {

enum class Task {
    sum,          // of doubles
    integer_sum,  // of 64-bit integers
    max,
    bundle,        // count + sum + min + max
    lengths,       // the sum of doubles over each of several lengths; the answers added up
    keyed_sum,     // of doubles, of the event's key
    keyed_batches  // the same, events handed over many at a time
};

struct Shape {
    std::vector<std::int64_t> lengths;  // ms; one but for Task::lengths
    std::size_t keys = 0;
    bool in_turn = false;  // each key gets an event before any gets its next
    Disorder disorder{};

    [[nodiscard]] std::int64_t length() const { return lengths.front(); }
};

/// What a contender is capable of beyond its task.
struct Abilities {
    bool disorder = false;  // takes late events
    bool exact = true;      // answers for exactly the events in (now - length, now]
};

class Racer {
public:
    virtual ~Racer() = default;

    /// Takes the next events and gives the sum of the answers.
    virtual double run(std::size_t events) = 0;

    /// The same, and how long each event took, in cycles of the time stamp counter.
    virtual double run_timed(std::uint32_t* cycles, std::size_t events) = 0;
};

/// The time stamp counter once all before it is done and before anything after it begins.
[[nodiscard]] inline std::uint64_t ticks() {
    _mm_lfence();
    const std::uint64_t t = __rdtsc();
    _mm_lfence();
    return t;
}

inline constexpr std::size_t batch = 256;  // events

template <class W>
class RacerOf final : public Racer {
    static constexpr bool batched = requires(W w, const KeyedEvent* events) { w.update(events, batch); };
    static constexpr bool keyed = batched || requires(W w) { w.update(std::uint64_t{}, std::int64_t{}, 0.0); };

public:
    RacerOf(const Shape& shape, std::shared_ptr<const Arrivals> arrivals)
        : window_{shape}, stream_{make(shape, std::move(arrivals))} {}

    double run(std::size_t events) override {
        double answers = 0;
        if constexpr (batched) {
            KeyedEvent pending[batch];
            while (events != 0) {
                const std::size_t n = events < batch ? events : batch;
                for (std::size_t i = 0; i != n; ++i) {
                    pending[i] = stream_.next();
                }
                answers += window_.update(pending, n);
                events -= n;
            }
        } else {
            for (; events != 0; --events) {
                answers += step(stream_.next());
            }
        }
        return answers;
    }

    double run_timed(std::uint32_t* cycles, std::size_t events) override {
        double answers = 0;
        if constexpr (!batched) {
            for (std::size_t i = 0; i != events; ++i) {
                const auto event = stream_.next();
                const std::uint64_t start = ticks();
                answers += step(event);
                const std::uint64_t took = ticks() - start;
                cycles[i] = took > 0xffffffffU ? 0xffffffffU : static_cast<std::uint32_t>(took);
            }
        }
        return answers;
    }

private:
    using Events = std::conditional_t<keyed, KeyedStream, Stream>;

    static Events make(const Shape& shape, std::shared_ptr<const Arrivals> arrivals) {
        if constexpr (keyed) {
            return KeyedStream{std::move(arrivals), shape.keys, shape.in_turn};
        } else {
            return Stream{std::move(arrivals)};
        }
    }

    [[gnu::always_inline]] double step(const auto& event) {
        if constexpr (keyed) {
            return window_.update(event.key, event.time, event.value);
        } else {
            window_.insert(event.time, event.value);
            return window_.query();
        }
    }

    W window_;
    Events stream_;
};

struct Contender {
    std::string name;
    Task task;
    Abilities abilities;
    std::function<std::unique_ptr<Racer>(const Shape&, std::shared_ptr<const Arrivals>)> make;
};

[[nodiscard]] inline std::vector<Contender>& contenders() {
    static std::vector<Contender> all;
    return all;
}

struct Entry {};

/// Makes W take part. `name` is how reports call it; weir's own is "weir".
template <class W>
Entry enter(std::string name, Task task, Abilities abilities = {}) {
    contenders().push_back({std::move(name), task, abilities,
                            [](const Shape& shape, std::shared_ptr<const Arrivals> arrivals) -> std::unique_ptr<Racer> {
                                return std::make_unique<RacerOf<W>>(shape, std::move(arrivals));
                            }});
    return {};
}

}  // namespace race
