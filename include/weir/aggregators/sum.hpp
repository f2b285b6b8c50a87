// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sum<T>: the inputs' total; 0 when empty. 16 bytes, of float and double 24; every operation O(1).
//
//     integers        Exact: kept in 128 bits, which fewer than 2^63 inputs cannot overflow. The result is 64 bits
//                     wide, signed as T is, and the nearest such number where the total does not fit. Removable.
//     durations       Chrono durations that count in integers: as integers. The result is a T, and the nearest one
//                     where the total does not fit. Removable.
//     exact types     Decimal, and every type for which you specialize `weir::is_exact<T>` as true: T's own + and -.
//                     Removable. A Decimal's 128 bits hold the sum of 10^17 of the largest that parse.
//     float, double   Exact, rounded once when asked: the same whatever the order of inputs and however many have left
//                     again, and so is a NaN or an infinity. NaN where there is one or infinities of both signs are.
//                     The result is a double, infinite while the total is beyond the largest. Removable. 320 bytes on
//                     the heap while one number does not fit beside the others (1e17 and 0.001 do) or is not finite.
//     long double     Compensated (Neumaier), so that the error does not grow with the number of inputs. Not Removable:
//     a
//                     window keeps it by merging.
//     other types     T's own +=. Not Removable.
//
//     weir::Sum<weir::Decimal> revenue;
//     revenue.add(*weir::Decimal::parse("42.99"));
//     revenue.result().to_string();   // "42.99"

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <type_traits>
#include <utility>

#include <weir/decimal.hpp>
#include <weir/detail/exact_sum.hpp>

namespace weir {

/// Whether (a + b) - b is a for all T that occur. Specialize it for a type of yours to make sums of it Removable.
template <class T>
inline constexpr bool is_exact = std::integral<T>;
template <>
inline constexpr bool is_exact<Decimal> = true;
template <class Rep, class Period>
inline constexpr bool is_exact<std::chrono::duration<Rep, Period>> = std::integral<Rep>;

namespace detail {

/// A total to which as much again can be added without overflow.
template <class Reader>
[[nodiscard]] Decimal::Wide read_total(Reader& in) {
    constexpr Decimal::Wide limit = Decimal::Wide{1} << 126;
    const auto total = in.template read<Decimal::Wide>();
    in.require(total > -limit && total < limit, "a total below 2^126");
    return total;
}

}  // namespace detail

template <class T>
class Sum {
    static_assert(
        requires(T a, const T& b) {
            T{};
            a += b;
        },
        "Sum<T> needs a T with += whose T{} is zero");

public:
    using value_type = T;

    constexpr void add(const T& x) { sum_ += x; }
    constexpr void remove(const T& x) requires is_exact<T> { sum_ -= x; }
    constexpr void merge(const Sum& later) { sum_ += later.sum_; }
    [[nodiscard]] constexpr T result() const { return sum_; }
    constexpr bool operator==(const Sum&) const = default;

    static constexpr const char* snapshot_name = "Sum";
    using snapshot_keeps = T;
    template <class Writer>
    void save(Writer& out) const {
        if constexpr (std::same_as<T, Decimal>) {
            out.write(sum_.millionths());  // beyond what a single Decimal may be
        } else {
            out.write(sum_);
        }
    }
    template <class Reader>
    void load(Reader& in) {
        if constexpr (std::same_as<T, Decimal>) {
            sum_ = Decimal::from_millionths(detail::read_total(in));
        } else {
            in.read(sum_);
        }
    }

private:
    T sum_{};
};

template <std::integral T>
class Sum<T> {
    static_assert(sizeof(T) <= 8, "Sum<T> takes integers of up to 64 bits");

public:
    using value_type = T;
    __extension__ using Wide = __int128;
    using Result = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;

    constexpr void add(T x) noexcept { sum_ += x; }
    constexpr void remove(T x) noexcept { sum_ -= x; }
    /// Removes the first `count` of three, without a branch on how many.
    constexpr void remove_few(const T* xs, std::uint32_t count) noexcept {
        const auto one = [&](std::uint32_t i) { return Wide{Result{xs[i]} & (Result{0} - Result{i < count})}; };
        sum_ -= one(0) + one(1) + one(2);
    }
    constexpr void merge(const Sum& later) noexcept { sum_ += later.sum_; }

    [[nodiscard]] constexpr Result result() const noexcept {
        using Limits = std::numeric_limits<Result>;
        if (const auto fits = static_cast<Result>(sum_); fits == sum_) {
            return fits;
        }
        return sum_ < 0 ? Limits::min() : Limits::max();
    }

    /// The total before it is fitted to 64 bits.
    [[nodiscard]] constexpr Wide wide() const noexcept { return sum_; }

    constexpr bool operator==(const Sum&) const noexcept = default;

    static constexpr const char* snapshot_name = "Sum";
    template <class Writer>
    void save(Writer& out) const {
        out.write(sum_);
    }
    template <class Reader>
    void load(Reader& in) {
        sum_ = detail::read_total(in);
    }

private:
    Wide sum_ = 0;
};

template <std::integral Rep, class Period>
class Sum<std::chrono::duration<Rep, Period>> {
public:
    using value_type = std::chrono::duration<Rep, Period>;

    constexpr void add(const value_type& x) noexcept { ticks_.add(x.count()); }
    constexpr void remove(const value_type& x) noexcept { ticks_.remove(x.count()); }
    /// Removes the first `count` of three, without a branch on how many.
    constexpr void remove_few(const value_type* xs, std::uint32_t count) noexcept {
        const Rep ticks[] = {xs[0].count(), xs[1].count(), xs[2].count()};
        ticks_.remove_few(ticks, count);
    }
    constexpr void merge(const Sum& later) noexcept { ticks_.merge(later.ticks_); }

    [[nodiscard]] constexpr value_type result() const noexcept {
        using Limits = std::numeric_limits<Rep>;
        const auto total = ticks_.wide();
        if (total > Limits::max()) {
            return value_type::max();
        }
        return total < Limits::min() ? value_type::min() : value_type{static_cast<Rep>(total)};
    }

    constexpr bool operator==(const Sum&) const noexcept = default;

    static constexpr const char* snapshot_name = "Sum";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Sum::ticks_);
    }

private:
    Sum<Rep> ticks_;
};

template <std::floating_point T>
class Sum<T> {
public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;
    /// What it takes memory from it is told with each call: a pointer would make it a third larger, for what few need.
    static constexpr bool told_memory = true;

    Sum() = default;
    explicit Sum(const allocator_type& /*memory*/) noexcept {}
    Sum(const Sum& other, const allocator_type& memory) : sum_{other.sum_, memory} {}
    Sum(Sum&& other, const allocator_type& memory) : sum_{std::move(other.sum_), memory} {}

    void add(T x, std::pmr::memory_resource* memory = nullptr) { sum_.add(static_cast<double>(x), memory); }
    void remove(T x, std::pmr::memory_resource* memory = nullptr) { sum_.remove(static_cast<double>(x), memory); }
    /// Removes the first `count` of three, without a branch on how many.
    void remove_few(const T* xs, std::uint32_t count, std::pmr::memory_resource* memory = nullptr) {
        sum_.remove_few(xs, count, memory);
    }
    void merge(const Sum& later, std::pmr::memory_resource* memory = nullptr) { sum_.merge(later.sum_, memory); }
    [[nodiscard]] double result() const { return sum_.result(); }
    [[nodiscard]] std::size_t memory_in_use() const noexcept { return sum_.memory_in_use(); }

    static constexpr const char* snapshot_name = "Sum";
    template <class Writer>
    void save(Writer& out) const {
        sum_.save(out);
    }
    template <class Reader>
    void load(Reader& in) {
        sum_.load(in, in.memory());
    }

private:
    [[no_unique_address]] detail::ExactSum sum_;  // whose last bytes are free
};

template <>
class Sum<long double> {
public:
    using value_type = long double;

    void add(long double x) noexcept { take(x); }
    void merge(const Sum& later) noexcept {
        const long double lost = later.lost_;  // later may be *this
        take(later.sum_);
        lost_ += lost;
    }

    [[nodiscard]] long double result() const noexcept { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

    static constexpr const char* snapshot_name = "Sum";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Sum::sum_, &Sum::lost_);
    }

private:
    void take(long double x) noexcept {
        const long double sum = sum_ + x;
        const bool larger = std::abs(sum_) >= std::abs(x);
        lost_ += larger ? (sum_ - sum) + x : (x - sum) + sum_;
        sum_ = sum;
    }

    long double sum_ = 0;
    long double lost_ = 0;  // what rounding took from sum_; meaningless once that is not finite
};

}  // namespace weir
