// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Variance<T>: sample and population variance as doubles, with the mean they came by. 24 bytes; every operation O(1).
//
// The sample variance (its result) needs two inputs, population variance and mean need one; below that: nothing.
// Welford's update and Chan, Golub and LeVeque's merge: no squares of the inputs are subtracted from one another, so
// that a small spread around a large mean survives. Mergeable, not Removable: undoing an update would lose that.
// Integers and Decimals are taken as the nearest double. A NaN or an infinity makes every answer but the count NaN.
//
//     weir::Variance<double> price;
//     price.add(1);
//     price.add(3);
//     price.result();       // 2.0
//     price.population();   // 1.0

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include <weir/decimal.hpp>

namespace weir {

template <class T>
class Variance {
    static_assert(std::is_arithmetic_v<T> || std::same_as<T, Decimal>,
                  "Variance<T> takes integers, floating point and Decimal; project your type to one of them");

public:
    using value_type = T;

    void add(const T& x) noexcept {
        const double value = to_double(x);
        ++count_;
        const double before = value - mean_;
        mean_ += before / static_cast<double>(count_);
        squares_ += before * (value - mean_);
    }

    void merge(const Variance& later) noexcept {
        if (later.count_ == 0) {
            return;
        }
        if (count_ == 0) {
            *this = later;
            return;
        }
        const auto n = static_cast<double>(count_);
        const auto m = static_cast<double>(later.count_);
        const double apart = later.mean_ - mean_;
        mean_ += apart * (m / (n + m));
        squares_ += later.squares_ + apart * apart * (n * m / (n + m));
        count_ += later.count_;
    }

    /// The sample variance.
    [[nodiscard]] std::optional<double> result() const noexcept { return sample(); }

    /// Of inputs that are a sample: the squared distances from the mean, over count - 1.
    [[nodiscard]] std::optional<double> sample() const noexcept {
        return count_ < 2 ? std::nullopt : std::optional{settled(squares_ / static_cast<double>(count_ - 1))};
    }

    /// Of inputs that are all there is: the squared distances from the mean, over count.
    [[nodiscard]] std::optional<double> population() const noexcept {
        return count_ == 0 ? std::nullopt : std::optional{settled(squares_ / static_cast<double>(count_))};
    }

    [[nodiscard]] std::optional<double> mean() const noexcept {
        return count_ == 0 ? std::nullopt : std::optional{settled(mean_)};
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

    static constexpr const char* snapshot_name = "Variance";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Variance::count_, &Variance::mean_, &Variance::squares_);
    }

private:
    [[nodiscard]] static double to_double(const T& x) noexcept {
        if constexpr (std::same_as<T, Decimal>) {
            return x.to_double();
        } else {
            return static_cast<double>(x);
        }
    }

    // After an infinity the squares are NaN for good, while the mean may still read as infinite.
    [[nodiscard]] double settled(double answer) const noexcept {
        return std::isnan(squares_) ? std::numeric_limits<double>::quiet_NaN() : answer;
    }

    std::uint64_t count_ = 0;
    double mean_ = 0;
    double squares_ = 0;  // of the distances from the mean
};

}  // namespace weir
