// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Any sum of doubles, exactly: fixed point in units of 2^-1074, and how many there are that are not finite. Kulisch:
// Computer Arithmetic and Validity (2013), chapter 8, on accumulators that make sums exact. 312 bytes; adding takes
// some hundred instructions.

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::detail {

/// Fixed point over all that doubles can be, in two's complement, 200 bits more for carries.
struct WideSum {
    __extension__ using Int = __int128;
    __extension__ using Unsigned = unsigned __int128;

    static constexpr std::size_t words = 36;
    std::array<std::uint64_t, words> limbs{};
    std::uint64_t nans = 0;
    std::uint64_t infinities = 0;
    std::uint64_t negative_infinities = 0;

    void add(Int value, int unit) {
        auto at = static_cast<std::size_t>(unit / 64);
        const int shift = unit % 64;
        const auto low = static_cast<Unsigned>(value);
        const std::uint64_t sign = value < 0 ? ~std::uint64_t{0} : 0;
        const std::uint64_t first = static_cast<std::uint64_t>(low);
        const std::uint64_t second = static_cast<std::uint64_t>(low >> 64);
        const std::array<std::uint64_t, 3> parts{first << shift,
                                                 shift == 0 ? second : second << shift | first >> (64 - shift),
                                                 shift == 0 ? sign : sign << shift | second >> (64 - shift)};
        Unsigned carry = 0;
        for (std::size_t i = 0; at != words; ++i, ++at) {
            carry += Unsigned{limbs[at]} + (i < parts.size() ? parts[i] : sign);
            limbs[at] = static_cast<std::uint64_t>(carry);
            carry >>= 64;
        }
    }
    void add(const WideSum& other) {
        Unsigned carry = 0;
        for (std::size_t i = 0; i != words; ++i) {
            carry += Unsigned{limbs[i]} + other.limbs[i];
            limbs[i] = static_cast<std::uint64_t>(carry);
            carry >>= 64;
        }
        nans += other.nans;
        infinities += other.infinities;
        negative_infinities += other.negative_infinities;
    }
    [[nodiscard]] bool finite() const { return nans == 0 && infinities == 0 && negative_infinities == 0; }
    // Gives the sign that it had.
    bool make_positive() {
        const bool negative = limbs.back() >> 63 != 0;
        std::uint64_t carry = 1;
        for (std::uint64_t& limb : limbs) {
            if (negative) {
                limb = ~limb + carry;
                carry = carry != 0 && limb == 0 ? 1 : 0;
            }
        }
        return negative;
    }
    // Positions of the lowest and the highest bit that is set; 0 where none is. Requires: positive.
    [[nodiscard]] int first_bit() const {
        for (std::size_t i = 0; i != words; ++i) {
            if (limbs[i] != 0) {
                return static_cast<int>(i) * 64 + std::countr_zero(limbs[i]);
            }
        }
        return 0;
    }
    [[nodiscard]] int last_bit() const {
        for (std::size_t i = words; i != 0; --i) {
            if (limbs[i - 1] != 0) {
                return static_cast<int>(i) * 64 - 1 - std::countl_zero(limbs[i - 1]);
            }
        }
        return 0;
    }
    // The 128 bits from a position on.
    [[nodiscard]] Int bits_from(int unit) const {
        const auto at = static_cast<std::size_t>(unit / 64);
        const int shift = unit % 64;
        const auto limb = [&](std::size_t i) { return Unsigned{i < words ? limbs[i] : 0}; };
        const Unsigned low = limb(at) | limb(at + 1) << 64;
        return static_cast<Int>(shift == 0 ? low : low >> shift | limb(at + 2) << (128 - shift));
    }

    /// Rounded to nearest, ties to even.
    [[nodiscard, gnu::noinline]] double result() const {
        if (nans != 0 || (infinities != 0 && negative_infinities != 0)) {
            return std::numeric_limits<double>::quiet_NaN();
        }
        if (infinities != 0 || negative_infinities != 0) {
            return infinities != 0 ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
        }
        WideSum total = *this;
        const bool negative = total.make_positive();
        const int unit = std::max(0, total.last_bit() - 63);
        // The leading 64 bits and, as the last of them, whether any follow: enough to round by. Where there are none
        // that follow the double is exact, so that what is scaled down to a subnormal is not rounded twice.
        const auto lead = static_cast<std::uint64_t>(total.bits_from(unit));
        const double rounded = std::ldexp(static_cast<double>(lead | (total.first_bit() < unit ? 1 : 0)), unit - 1074);
        return negative ? -rounded : rounded;
    }
};

}  // namespace weir::detail
