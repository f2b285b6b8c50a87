// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sketches of Apache DataSketches as aggregators: how many distinct inputs, and which occur most, in bounded memory.
// For programs that have the library: this header includes <hll.hpp> and <frequent_items_sketch.hpp>, and nothing in
// weir includes it. With CMake: find_package(DataSketches) and its target `datasketches`. Tested with 4.1.0.
//
// DistinctSketch<T, LgK> is HyperLogLog: Flajolet, Fusy, Gandouet, Meunier: HyperLogLog (AofA 2007), with 8 bits a
// register. The standard error is 1.04 / sqrt(2^LgK), 1.6 % for the 12 where nothing else is said, and much less for
// few inputs. Its answer is that of the registers alone (DataSketches' composite estimate, not the one that looks at
// the order of inputs): equal sets of inputs have equal answers, in whatever order and by whatever merges they came.
//
// HeavyHitters<T, LgSize> is the Misra-Gries summary of Anderson, Bevan, Lang, Liberty, Rhodes, Thaler: A
// High-Performance Algorithm for Identifying Frequent Items in Data Streams (IMC 2017). It keeps at most 0.75 *
// 2^LgSize values with bounds on how often each occurs; bounds are never wrong, and are at most 3.5 / 2^LgSize of all
// inputs apart, 0.35 % for the 10 where nothing else is said. Which values are kept beyond that depends on the order of
// inputs.
//
// Both are Mergeable and answer 0 or nothing when empty; no heap is in use then. add: O(1), amortized for HeavyHitters.
// merge: O(2^LgK) and O(2^LgSize) at most. A merge takes microseconds, so rather a PanedWindow or a HoppingWindow than
// a RollingWindow, which merges for each event. No chance is involved. Neither can be part of a snapshot: DataSketches
// does not check the bytes that it reads.
//
//     weir::PanedWindow<weir::DistinctSketch<std::string>> visitors{24h, 10min};
//     visitors.insert(t, id);
//     visitors.result();   // 1'000'000 +- 16'000

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <frequent_items_sketch.hpp>
#include <hll.hpp>
#include <weir/decimal.hpp>
#include <weir/detail/box.hpp>
#include <weir/detail/value.hpp>

namespace weir {

template <class T, std::uint8_t LgK = 12>
class DistinctSketch {
    static_assert(LgK >= 4 && LgK <= 21, "DistinctSketch<T, LgK> takes an LgK from 4 to 21");
    static_assert(std::is_arithmetic_v<T> || std::same_as<T, std::string> || std::same_as<T, Decimal> ||
                      detail::StdHashable<T>,
                  "DistinctSketch<T> takes numbers, std::string, and what has a std::hash of 64 good bits");

public:
    using value_type = T;

    /// The standard error of result(), relative to it.
    static constexpr double relative_error =
        1.04 / static_cast<double>(1U << (LgK / 2)) / (LgK % 2 == 0 ? 1 : 1.41421356);

    void add(detail::view_of_t<T> x) {
        if (!sketch_) {
            sketch_.emplace(detail::Memory{}, LgK, ::datasketches::HLL_8);
        }
        if constexpr (std::same_as<T, std::string>) {
            sketch_->update(x.empty() ? "" : x.data(), x.size());  // its own update passes empty strings over
        } else if constexpr (std::same_as<T, Decimal>) {
            const Decimal::Wide millionths = x.millionths();
            sketch_->update(&millionths, sizeof(millionths));
        } else if constexpr (std::floating_point<T>) {
            sketch_->update(static_cast<double>(x));
        } else if constexpr (std::integral<T>) {
            sketch_->update(static_cast<std::uint64_t>(x));
        } else {
            sketch_->update(static_cast<std::uint64_t>(std::hash<T>{}(x)));
        }
    }

    void merge(const DistinctSketch& later) {
        if (!later.sketch_) {
            return;
        }
        if (!sketch_) {
            sketch_ = later.sketch_;
            return;
        }
        ::datasketches::hll_union both{LgK};
        both.update(std::move(*sketch_));
        both.update(*later.sketch_);
        sketch_.emplace(detail::Memory{}, both.get_result(::datasketches::HLL_8));
    }

    /// About how many distinct inputs there were.
    [[nodiscard]] std::uint64_t result() const { return static_cast<std::uint64_t>(std::llround(estimate())); }
    [[nodiscard]] double estimate() const { return sketch_ ? sketch_->get_composite_estimate() : 0; }

    /// The sketch itself; null when empty.
    [[nodiscard]] const ::datasketches::hll_sketch* sketch() const noexcept {
        return sketch_ ? sketch_.operator->() : nullptr;
    }

    /// What the sketch takes when it is written out, which is close to what it has on the heap.
    [[nodiscard]] std::size_t heap_bytes() const {
        return sketch_ ? sizeof(*sketch_) + sketch_->get_updatable_serialization_bytes() : 0;
    }

private:
    detail::Box<::datasketches::hll_sketch> sketch_;
};

/// A value, and between what bounds the number of its inputs is.
template <class T>
struct HeavyHitter {
    T value;
    std::uint64_t at_least;
    std::uint64_t at_most;
    bool operator==(const HeavyHitter&) const = default;
};

template <class T, std::uint8_t LgSize = 10>
class HeavyHitters {
    static_assert(LgSize >= 3 && LgSize <= 26, "HeavyHitters<T, LgSize> takes an LgSize from 3 to 26");
    static_assert(detail::StdHashable<T> && std::equality_comparable<T>, "HeavyHitters<T> needs a std::hash<T> and ==");
    static_assert(!std::floating_point<T>, "HeavyHitters<T>: a NaN is not equal to itself; project to something else");

public:
    using value_type = T;

    /// At most this share of all inputs are the bounds of a value apart.
    static constexpr double epsilon = 3.5 / static_cast<double>(1U << LgSize);

    void add(detail::view_of_t<T> x) { sketch().update(T(x)); }

    void merge(const HeavyHitters& later) {
        if (later.sketch_) {
            sketch().merge(*later.sketch_);
        }
    }

    /// Every value that occurs more than error() times, and maybe some that occur less; the most frequent first, of
    /// equally frequent ones the least where T has <.
    [[nodiscard]] std::vector<HeavyHitter<T>> result() const { return more_than(0); }

    /// Every value that occurs more than `times`, or than error() where that is more, and maybe some that
    /// occur less, by at most error().
    [[nodiscard]] std::vector<HeavyHitter<T>> more_than(std::uint64_t times) const {
        std::vector<HeavyHitter<T>> all;
        if (!sketch_) {
            return all;
        }
        for (const auto& row :
             sketch_->get_frequent_items(::datasketches::NO_FALSE_NEGATIVES, std::max(times, error()))) {
            all.push_back(HeavyHitter<T>{row.get_item(), row.get_lower_bound(), row.get_upper_bound()});
        }
        std::sort(all.begin(), all.end(), [](const HeavyHitter<T>& a, const HeavyHitter<T>& b) {
            if constexpr (std::totally_ordered<T>) {
                return a.at_most != b.at_most ? a.at_most > b.at_most : a.value < b.value;
            } else {
                return a.at_most > b.at_most;
            }
        });
        return all;
    }

    /// Between what bounds the number of inputs of this value is.
    [[nodiscard]] HeavyHitter<T> count_of(const T& x) const {
        return sketch_ ? HeavyHitter<T>{x, sketch_->get_lower_bound(x), sketch_->get_upper_bound(x)}
                       : HeavyHitter<T>{x, 0, 0};
    }

    /// How far the bounds of a value are apart at most. 0 as long as every value fits.
    [[nodiscard]] std::uint64_t error() const { return sketch_ ? sketch_->get_maximum_error() : 0; }

    /// The number of inputs.
    [[nodiscard]] std::uint64_t total() const { return sketch_ ? sketch_->get_total_weight() : 0; }
    [[nodiscard]] bool empty() const noexcept { return !sketch_; }

    /// The table's, those of strings that it keeps left out. O(1).
    [[nodiscard]] std::size_t heap_bytes() const {
        if (!sketch_) {
            return 0;
        }
        std::size_t slots = 8;
        while (slots * 3 / 4 < sketch_->get_num_active_items()) {
            slots *= 2;
        }
        return sizeof(Sketch) + slots * (sizeof(T) + sizeof(std::uint64_t) + sizeof(std::uint16_t));
    }

private:
    using Sketch = ::datasketches::frequent_items_sketch<T>;

    Sketch& sketch() {
        if (!sketch_) {
            sketch_.emplace(detail::Memory{}, LgSize);
        }
        return *sketch_;
    }

    detail::Box<Sketch> sketch_;
};

}  // namespace weir
