// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// QuantileSketch<T, Accuracy>: any quantile of the inputs within a relative error; nothing when empty.
// Quantile<T, Q, Accuracy>: one of them, the median where nothing else is said, as its result.
//
// The error: quantile(q) is within a factor of 1 +- Accuracy (1 in 100 where nothing else is said) of an input, the one
// with as many smaller ones before it as floor(q * (count - 1)). Zero is exact; so are infinities, which count as the
// least and the greatest there is. NaN is passed over, as if it had never been added. Inputs are taken as doubles.
//
// Inputs are counted in buckets whose bounds grow by the factor (1 + a) / (1 - a) for an accuracy a: DDSketch of
// Masson, Rim and Lee: DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees (PVLDB
// 12(12), 2019), sections 2.1 and 2.2. Its bound on the number of buckets (section 2.3) is left out: no bucket is ever
// collapsed, so that what is removed leaves no trace and equal inputs make equal sketches in whatever order they come.
// No chance is involved. Removable and Mergeable.
//
// add and remove O(log d), O(d) where a bucket comes or goes; merge and quantile O(d) for d buckets in use. 32 bytes
// and 16 per bucket in use, with spare room up to as many again: no more than one bucket an input,
// nor, at 1 in 100, than 116 for each power of ten that inputs reach over; 142,000 over all that a double can be.
//
//     weir::QuantileSketch<double> latency;
//     latency.add(12.5);
//     latency.quantile(0.99);                                    // 12.5 +- 1 %
//     weir::Quantile<double, std::ratio<99, 100>> p99;           // p99.result() is optional<double>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <optional>
#include <ratio>
#include <type_traits>
#include <utility>

#include <weir/decimal.hpp>
#include <weir/detail/array.hpp>

namespace weir {

template <class T = double, class Accuracy = std::ratio<1, 100>>
class QuantileSketch {
    static_assert(std::is_arithmetic_v<T> || std::same_as<T, Decimal>,
                  "QuantileSketch<T> takes integers, floating point and Decimal; project your type to one of them");
    static_assert(Accuracy::num > 0 && Accuracy::num < Accuracy::den && Accuracy::den / Accuracy::num <= 10'000,
                  "QuantileSketch<T, Accuracy>: write a std::ratio from 1/10000 to below 1");

public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    QuantileSketch() = default;
    explicit QuantileSketch(const allocator_type& memory) : buckets_{memory} {}
    QuantileSketch(const QuantileSketch& other, const allocator_type& memory)
        : buckets_{other.buckets_, memory}, count_{other.count_} {}
    QuantileSketch(QuantileSketch&& other, const allocator_type& memory)
        : buckets_{std::move(other.buckets_), memory}, count_{other.count_} {}

    static constexpr double accuracy = static_cast<double>(Accuracy::num) / static_cast<double>(Accuracy::den);

    void add(const T& x) {
        const double value = to_double(x);
        if (value != value) {
            return;
        }
        const std::int32_t key = key_of(value);
        const auto at = find(key);
        if (at != buckets_.end() && at->key == key) {
            ++at->count;
        } else {
            buckets_.insert(at, Bucket{key, 1});
        }
        ++count_;
    }

    // Requires: an equal input was added and not removed.
    void remove(const T& x) {
        const double value = to_double(x);
        if (value != value) {
            return;
        }
        const auto at = find(key_of(value));
        assert(at != buckets_.end() && at->key == key_of(value));
        --count_;
        if (--at->count == 0) {
            buckets_.erase(at);
            if (buckets_.size() <= buckets_.capacity() / 4) {
                buckets_.shrink_to_fit();
            }
        }
    }

    void merge(const QuantileSketch& later) {
        if (later.buckets_.empty()) {
            return;
        }
        detail::Array<Bucket> both{buckets_.get_allocator()};
        both.reserve(std::max(buckets_.size(), later.buckets_.size()));
        auto a = buckets_.begin();
        for (const Bucket& b : later.buckets_) {
            for (; a != buckets_.end() && a->key < b.key; ++a) {
                both.push_back(*a);
            }
            both.push_back(b);
            if (a != buckets_.end() && a->key == b.key) {
                both.back().count += a->count;
                ++a;
            }
        }
        for (; a != buckets_.end(); ++a) {
            both.push_back(*a);
        }
        count_ += later.count_;
        buckets_.swap(both);
    }

    [[nodiscard]] const QuantileSketch& result() const noexcept { return *this; }

    /// The quantile, from 0 for the least input to 1 for the greatest; nothing when empty.
    // Requires: 0 <= q <= 1.
    [[nodiscard]] std::optional<double> quantile(double q) const {
        assert(q >= 0 && q <= 1);
        if (count_ == 0) {
            return std::nullopt;
        }
        const auto rank = std::min(count_ - 1, static_cast<std::uint64_t>(q * static_cast<double>(count_ - 1)));
        std::uint64_t before = 0;
        for (const Bucket& b : buckets_) {
            before += b.count;
            if (rank < before) {
                return value_of(b.key);
            }
        }
        return value_of(buckets_.back().key);
    }

    /// The number of inputs, those that are NaN left out.
    [[nodiscard]] std::uint64_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

    /// The number of buckets in use.
    [[nodiscard]] std::size_t buckets() const noexcept { return buckets_.size(); }

    [[nodiscard]] std::size_t memory_in_use() const { return buckets_.memory_in_use(); }

    bool operator==(const QuantileSketch&) const = default;

    static constexpr const char* snapshot_name = "QuantileSketch";
    template <class Writer>
    void save(Writer& out) const {
        out.write(buckets_);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(buckets_);
        count_ = 0;
        for (std::size_t i = 0; i != buckets_.size(); ++i) {
            in.require(buckets_[i].count != 0 && buckets_[i].key >= (i == 0 ? -infinite : buckets_[i - 1].key + 1),
                       "buckets in order, none of them empty");
            count_ += buckets_[i].count;
        }
    }

private:
    // The keys are in the order of the values: those of negative ones are negative, that of zero is 0.
    struct Bucket {
        std::int32_t key;
        std::uint64_t count;
        bool operator==(const Bucket&) const = default;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Bucket::key, &Bucket::count);
        }
    };

    [[nodiscard]] static double to_double(const T& x) noexcept {
        if constexpr (std::same_as<T, Decimal>) {
            return x.to_double();
        } else {
            return static_cast<double>(x);
        }
    }

    // Of the factor between the bounds of a bucket.
    [[nodiscard]] static double log_growth() noexcept {
        static const double value = std::log1p(2 * accuracy / (1 - accuracy));
        return value;
    }
    // More than the bucket of any double is below that of 1.
    [[nodiscard]] static std::int32_t unit() noexcept {
        static const auto value = static_cast<std::int32_t>(std::ceil(746 / log_growth())) + 1;
        return value;
    }
    static constexpr std::int32_t infinite = std::numeric_limits<std::int32_t>::max();

    [[nodiscard]] static std::int32_t key_of(double x) noexcept {
        if (x == 0) {
            return 0;
        }
        const double magnitude = std::abs(x);
        const std::int32_t key =
            std::isinf(x) ? infinite
                          : static_cast<std::int32_t>(std::ceil(std::log(magnitude) / log_growth())) + unit();
        return x < 0 ? -key : key;
    }
    [[nodiscard]] static double value_of(std::int32_t key) noexcept {
        if (key == 0) {
            return 0;
        }
        const std::int32_t positive = std::abs(key);
        double magnitude = std::numeric_limits<double>::infinity();
        if (positive != infinite) {  // the middle of the bucket, which is the same factor from both bounds
            magnitude = std::exp((positive - unit()) * log_growth() + std::log1p(-accuracy));
            magnitude = std::min(magnitude, std::numeric_limits<double>::max());
        }
        return key < 0 ? -magnitude : magnitude;
    }

    [[nodiscard]] auto find(std::int32_t key) {
        return std::lower_bound(buckets_.begin(), buckets_.end(), key,
                                [](const Bucket& b, std::int32_t wanted) { return b.key < wanted; });
    }

    detail::Array<Bucket> buckets_;  // by key, none of them empty
    std::uint64_t count_ = 0;
};

template <class T = double, class Q = std::ratio<1, 2>, class Accuracy = std::ratio<1, 100>>
class Quantile {
    static_assert(Q::num >= 0 && Q::num <= Q::den, "Quantile<T, Q>: write a std::ratio from 0 to 1");

public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    Quantile() = default;
    explicit Quantile(const allocator_type& memory) : sketch_{memory} {}
    Quantile(const Quantile& other, const allocator_type& memory) : sketch_{other.sketch_, memory} {}
    Quantile(Quantile&& other, const allocator_type& memory) : sketch_{std::move(other.sketch_), memory} {}

    void add(const T& x) { sketch_.add(x); }
    // Requires: an equal input was added and not removed.
    void remove(const T& x) { sketch_.remove(x); }
    void merge(const Quantile& later) { sketch_.merge(later.sketch_); }

    [[nodiscard]] std::optional<double> result() const {
        return sketch_.quantile(static_cast<double>(Q::num) / static_cast<double>(Q::den));
    }

    /// For other quantiles of the same inputs.
    [[nodiscard]] const QuantileSketch<T, Accuracy>& sketch() const noexcept { return sketch_; }
    [[nodiscard]] std::size_t memory_in_use() const { return sketch_.memory_in_use(); }
    bool operator==(const Quantile&) const = default;

    static constexpr const char* snapshot_name = "Quantile";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Quantile::sketch_);
    }

private:
    QuantileSketch<T, Accuracy> sketch_;
};

}  // namespace weir
