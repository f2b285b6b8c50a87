// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mean<T>: the arithmetic mean as a double; nothing when empty. Every operation O(1).
//
// Integers, Decimal: from the exact sum, divided once: correctly rounded while the sum (for Decimal in millionths)
// and the divisor are below 2^53, else within one unit in the last place. Removable.
// Floating point: from Sum's total, with its rules for NaN, infinities and overflow; float and double Removable.
//
//     weir::Mean<double> price;
//     price.result();   // nothing
//     price.add(3);
//     price.result();   // 3.0

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/decimal.hpp>
#include <weir/detail/memory.hpp>

namespace weir {

template <class T>
class Mean : public detail::MemoryOf<Mean<T>, Sum<T>> {
    static_assert(std::is_arithmetic_v<T> || std::same_as<T, Decimal>,
                  "Mean<T> takes integers, floating point and Decimal; project your type to one of them");

public:
    using value_type = T;
    static constexpr bool told_memory = detail::ToldMemory<Sum<T>>;

    Mean() = default;
    explicit Mean(const detail::Memory& /*memory*/) noexcept requires told_memory {}
    Mean(const Mean& other, const detail::Memory& memory) requires told_memory : sum_{other.sum_, memory},
                                                                                 count_{other.count_} {}
    Mean(Mean&& other, const detail::Memory& memory) requires told_memory : sum_{std::move(other.sum_), memory},
                                                                            count_{other.count_} {}

    void add(const T& x, std::pmr::memory_resource* memory) requires told_memory {
        sum_.add(x, memory);
        ++count_;
    }
    void remove(const T& x, std::pmr::memory_resource* memory) requires told_memory {
        sum_.remove(x, memory);
        --count_;
    }
    void remove_few(const T* xs, std::uint32_t count, std::pmr::memory_resource* memory) requires told_memory {
        sum_.remove_few(xs, count, memory);
        count_ -= count;
    }
    void merge(const Mean& later, std::pmr::memory_resource* memory) requires told_memory {
        sum_.merge(later.sum_, memory);
        count_ += later.count_;
    }
    [[nodiscard]] std::size_t memory_in_use() const noexcept requires told_memory { return sum_.memory_in_use(); }

    constexpr void add(const T& x) {
        sum_.add(x);
        ++count_;
    }
    constexpr void remove(const T& x) requires requires(Sum<T>& sum) { sum.remove(x); }
    {
        sum_.remove(x);
        --count_;
    }
    /// Removes the first `count` of three, without a branch on how many.
    constexpr void remove_few(const T* xs, std::uint32_t count) requires requires(Sum<T>& sum) {
        sum.remove_few(xs, count);
    }
    {
        sum_.remove_few(xs, count);
        count_ -= count;
    }
    constexpr void merge(const Mean& later) {
        sum_.merge(later.sum_);
        count_ += later.count_;
    }

    [[nodiscard]] constexpr std::optional<double> result() const {
        if (count_ == 0) {
            return std::nullopt;
        }
        if constexpr (std::same_as<T, Decimal>) {
            return divide(sum_.result(), count_);
        } else if constexpr (std::integral<T>) {
            constexpr std::int64_t exact = std::int64_t{1} << 53;
            if (sum_.wide() < exact && sum_.wide() > -exact && count_ < exact) {
                return static_cast<double>(sum_.wide()) / static_cast<double>(count_);
            }
            return static_cast<double>(static_cast<long double>(sum_.wide()) / static_cast<long double>(count_));
        } else {
            return static_cast<double>(sum_.result() / static_cast<decltype(sum_.result())>(count_));
        }
    }

    [[nodiscard]] constexpr std::uint64_t count() const noexcept { return static_cast<std::uint64_t>(count_); }

    constexpr bool operator==(const Mean& other) const requires is_exact<T> {
        return sum_ == other.sum_ && count_ == other.count_;
    }

    static constexpr const char* snapshot_name = "Mean";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Mean::sum_, &Mean::count_);
    }
    [[nodiscard]] bool snapshot_valid() const noexcept { return count_ >= 0 && count_ < std::int64_t{1} << 62; }

private:
    Sum<T> sum_;
    std::int64_t count_ = 0;
};

}  // namespace weir
