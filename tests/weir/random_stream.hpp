// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random streams of adds (late ones among them), removals of the oldest and merges, against a slow model.
//
// The model sees the inputs that are left, by event time and, at one time, by arrival. WEIR_TEST_SEED repeats a run.

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/time.hpp>

namespace weir_tests {

using Random = std::mt19937_64;

[[nodiscard]] inline std::uint64_t fresh_seed() {
    if (const char* given = std::getenv("WEIR_TEST_SEED")) {
        return std::strtoull(given, nullptr, 10);
    }
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

/// A whole number from 0 to `below` - 1.
[[nodiscard]] inline std::size_t pick(Random& random, std::size_t below) {
    return static_cast<std::size_t>(random() % below);
}

[[nodiscard]] constexpr weir::Timestamp at(std::int64_t milliseconds) {
    return weir::Timestamp{weir::Duration{milliseconds}};
}

template <class T>
struct Input {
    weir::Timestamp time;
    std::size_t arrival;
    T value;
};

template <class T>
using Inputs = std::vector<Input<T>>;

/// Names of which some fit into a std::string and others do not.
[[nodiscard]] inline std::string name(std::size_t i) {
    return (i % 3 == 0 ? "a rather long name, kept on the heap " : "n") + std::to_string(i);
}

struct StreamShape {
    std::size_t steps = 20'000;
    std::size_t most_inputs = 60;  // kept at once; small, since the model looks at all of them at every step
    std::int64_t lateness = 20;    // how far back a late input goes, ms
};

/// Feeds one random stream to an A. `next(random)` makes a value; `agrees(aggregator, inputs)` compares the two.
template <weir::Aggregator A, class Next, class Agrees>
void compare_with_model(StreamShape shape, Next next, Agrees agrees) {
    using T = weir::value_type_t<A>;
    const std::uint64_t seed = fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    A aggregator{};
    Inputs<T> inputs;
    std::int64_t now = 0;
    std::size_t arrivals = 0;

    const auto keep = [&](weir::Timestamp t, const T& value) {
        const auto younger = std::upper_bound(inputs.begin(), inputs.end(), t,
                                              [](weir::Timestamp a, const Input<T>& b) { return a < b.time; });
        inputs.insert(younger, Input<T>{t, arrivals++, value});
    };
    const auto add_one = [&](A& to) {
        now += static_cast<std::int64_t>(pick(random, 3));
        const bool late = pick(random, 4) == 0;
        const auto t =
            at(late ? now - static_cast<std::int64_t>(pick(random, static_cast<std::size_t>(shape.lateness))) : now);
        const T value = next(random);
        weir::detail::add(to, t, value);
        keep(t, value);
    };
    const auto build = [](auto first, auto last) {
        A made{};
        for (; first != last; ++first) {
            weir::detail::add(made, first->time, first->value);
        }
        return made;
    };

    REQUIRE(agrees(aggregator, inputs));
    std::size_t target = shape.most_inputs;
    for (std::size_t step = 0; step != shape.steps; ++step) {
        if (pick(random, 200) == 0) {  // grow and shrink, down to nothing, so that every size is met in both directions
            target = pick(random, 3) == 0 ? 0 : pick(random, shape.most_inputs + 1);
        }
        const bool remove = inputs.size() > target;
        if (remove) {
            if constexpr (weir::Removable<A>) {
                weir::detail::remove(aggregator, inputs.front().time, inputs.front().value);
                inputs.erase(inputs.begin());
            } else {
                inputs.erase(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(inputs.size() - target));
                aggregator = build(inputs.begin(), inputs.end());
            }
        } else if (weir::Mergeable<A> && pick(random, 16) == 0) {
            if constexpr (weir::Mergeable<A>) {
                A later{};
                for (std::size_t i = pick(random, 6); i != 0; --i) {
                    add_one(later);
                }
                aggregator.merge(later);
            }
        } else {
            add_one(aggregator);
        }
        if (pick(random, 64) == 0) {  // the state is a value
            A copy = aggregator;
            aggregator = A{};
            aggregator = std::move(copy);
        }
        if (!agrees(aggregator, inputs)) {
            FAIL("differs from the model at step " << step << " with " << inputs.size() << " inputs");
        }
        if constexpr (weir::Mergeable<A>) {
            if (step % 32 == 0) {
                // Split where a window would, between older and younger, and between what came first and what came
                // later.
                const auto middle = inputs.begin() + static_cast<std::ptrdiff_t>(pick(random, inputs.size() + 1));
                A older = build(inputs.begin(), middle);
                older.merge(build(middle, inputs.end()));
                Inputs<T> by_arrival = inputs;
                std::sort(by_arrival.begin(), by_arrival.end(),
                          [](const auto& a, const auto& b) { return a.arrival < b.arrival; });
                const auto half = by_arrival.begin() + static_cast<std::ptrdiff_t>(pick(random, by_arrival.size() + 1));
                A first = build(by_arrival.begin(), half);
                first.merge(build(half, by_arrival.end()));
                if (!agrees(older, inputs) || !agrees(first, inputs)) {
                    FAIL("merged halves differ from the model at step " << step);
                }
            }
        }
    }
}

}  // namespace weir_tests
