// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// An exact sum of doubles, from which doubles can be taken again: whatever came and went, the result is the sum of what
// is left, rounded once.
//
// Every finite double is a whole multiple of 2^-1074, so sums can be kept in fixed point. 128 bits are enough while the
// sum's first and last bit are within 120 of each other, as those of 10^17 and of 0.001 are. Where they are not, and
// for NaN and infinities, there is an accumulator on the heap that holds all that doubles can be, until it is not
// needed any more. Kulisch: Computer Arithmetic and Validity (2013), chapter 8, on accumulators that make sums exact.
//
// 32 bytes and, while it is wide, 312 on the heap; add and remove O(1): some fifteen instructions, or some hundred
// while it is wide.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <weir/detail/box.hpp>

namespace weir::detail {

class ExactSum {
public:
    void add(double x) { take(x, false); }
    /// Requires: an equal x was added and not removed.
    void remove(double x) { take(x, true); }
    void merge(const ExactSum& other) {
        if (!wide_ && !other.wide_) {
            Int sum = 0;
            if (other.sum_ == 0 || (other.unit_ == unit_ && !__builtin_add_overflow(sum_, other.sum_, &sum))) {
                sum_ = other.sum_ == 0 ? sum_ : sum;
                return;
            }
            if (sum_ == 0) {
                *this = other;
                return;
            }
            if (aligned(other)) {
                return;
            }
        }
        Wide total = widened();
        total.add(other.widened());
        settle(total);
    }

    /// The sum rounded to nearest, ties to even. NaN where one was added or infinities of both signs were.
    [[nodiscard]] double result() const { return wide_ ? wide_result() : scaled(static_cast<double>(sum_), unit_); }

    [[nodiscard]] std::size_t heap_bytes() const noexcept { return wide_ ? sizeof(Wide) : 0; }

    /// In fixed point, the words that are not all sign alone, so that the bytes are the same however it is kept.
    template <class Writer>
    void save(Writer& out) const {
        const Wide total = widened();
        const std::uint64_t sign = total.limbs.back() >> 63 != 0 ? ~std::uint64_t{0} : 0;
        std::uint8_t first = 0;
        std::uint8_t last = Wide::words;
        while (last != 0 && total.limbs[last - 1U] == sign) {
            --last;
        }
        while (first != last && total.limbs[first] == 0) {
            ++first;
        }
        out.write(sign != 0, first, last);
        out.write_all(total.limbs.data() + first, std::size_t{last} - first);
        out.write(!total.finite());
        if (!total.finite()) {
            out.write(total.nans, total.infinities, total.negative_infinities);
        }
    }
    template <class Reader>
    void load(Reader& in) {
        Wide total;
        bool negative = false;
        bool infinite = false;
        std::uint8_t first = 0;
        std::uint8_t last = 0;
        in.read(negative, first, last);
        in.require(first <= last && last <= Wide::words, "a range of words");
        std::fill(total.limbs.begin() + last, total.limbs.end(), negative ? ~std::uint64_t{0} : 0);
        for (std::size_t i = first; i != last; ++i) {
            in.read(total.limbs[i]);
        }
        in.read(infinite);
        if (infinite) {
            in.read(total.nans, total.infinities, total.negative_infinities);
        }
        settle(total);
    }

private:
    __extension__ using Int = __int128;
    __extension__ using Unsigned = unsigned __int128;

    static constexpr int lowest = -1074;            // the exponent of unit 0
    static constexpr int most_shift = 73;           // a number's 53 bits, its sign and this are 127
    static constexpr int most_span = 120;           // from the first bit of a sum to its last
    static constexpr int most_unit = 1972;          // beyond it the exponent of NaN would have a shift that fits
    static constexpr int first_room = 34;           // bits below those of the first number
    static constexpr std::int16_t no_unit = -5000;  // nothing fits

    /// Fixed point over all that doubles can be, in two's complement, 200 bits more for carries.
    struct Wide {
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
        void add(const Wide& other) {
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
    };

    static constexpr std::uint64_t hidden_bit = std::uint64_t{1} << 52;
    static constexpr std::uint64_t fraction_bits = hidden_bit - 1;

    // Adds the other's sum where both fit in the smaller of the units.
    bool aligned(const ExactSum& other) {
        const bool finer = unit_ < other.unit_;
        const int shift = finer ? other.unit_ - unit_ : unit_ - other.unit_;
        if (shift > most_span) {
            return false;
        }
        const Int coarse = finer ? other.sum_ : sum_;
        const Int shifted = static_cast<Int>(static_cast<Unsigned>(coarse) << shift);
        Int sum = 0;
        if (shifted >> shift != coarse || __builtin_add_overflow(shifted, finer ? sum_ : other.sum_, &sum)) {
            return false;
        }
        sum_ = sum;
        unit_ = finer ? unit_ : other.unit_;
        return true;
    }

    static double scaled(double x, int unit) {
        const int exponent = unit + lowest;
        // A power of two that is a normal number: one exact multiplication, but for results beyond the largest double.
        if (exponent >= std::numeric_limits<double>::min_exponent && exponent <= 1000) {
            return x * std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
        }
        return std::ldexp(x, exponent);
    }

    void take(double x, bool minus) {
        const auto bits = std::bit_cast<std::uint64_t>(x);
        const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
        const int shift = exponent - 1 - unit_;
        const bool negative = (bits >> 63 != 0) != minus;
        if (exponent != 0 && static_cast<unsigned>(shift) <= most_shift) {
            const Int value = Int{static_cast<std::int64_t>((bits & fraction_bits) | hidden_bit)} << shift;
            Int sum = 0;
            if (!__builtin_add_overflow(sum_, negative ? -value : value, &sum)) {
                sum_ = sum;
                return;
            }
        }
        take_other(x, minus);
    }

    // What does not fit as things are.
    [[gnu::noinline]] void take_other(double x, bool minus) {
        const auto bits = std::bit_cast<std::uint64_t>(x);
        const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
        const bool negative = (bits >> 63 != 0) != minus;
        const auto magnitude = static_cast<std::int64_t>((bits & fraction_bits) | (exponent == 0 ? 0 : hidden_bit));
        if (magnitude == 0) {
            return;
        }
        if (sum_ == 0 && !wide_ && exponent != 0 && exponent != 0x7ff) {  // the first, with room on both sides
            unit_ = static_cast<std::int16_t>(std::clamp(exponent - 1 - first_room, 0, most_unit));
            const Int value = Int{magnitude} << (exponent - 1 - unit_);
            sum_ = negative ? -value : value;
            return;
        }
        Wide total = widened();
        if (exponent == 0x7ff) {
            std::uint64_t& count = magnitude != static_cast<std::int64_t>(hidden_bit) ? total.nans
                                   : x > 0                                            ? total.infinities
                                                                                      : total.negative_infinities;
            count += minus ? ~std::uint64_t{0} : 1;
        } else {
            total.add(negative ? -magnitude : magnitude, exponent == 0 ? 0 : exponent - 1);
        }
        settle(total);
    }

    [[nodiscard]] Wide widened() const {
        if (wide_) {
            return *wide_;
        }
        Wide wide;
        wide.add(sum_, std::max<int>(unit_, 0));
        return wide;
    }

    // Keeps a total in 128 bits where it fits.
    void settle(const Wide& total) {
        Wide magnitude = total;
        const bool negative = magnitude.make_positive();
        const int first = magnitude.first_bit();
        const int last = magnitude.last_bit();
        const int unit = std::clamp(first - (most_span - (last - first)) / 2, 0, std::min(first, most_unit));
        if (total.finite() && last - unit <= most_span + 5) {
            unit_ = static_cast<std::int16_t>(unit);
            const Int sum = magnitude.bits_from(unit_);
            sum_ = negative ? -sum : sum;
            wide_.reset();
        } else {
            wide_ ? static_cast<void>(*wide_ = total) : static_cast<void>(wide_.emplace(total));
            sum_ = 0;
            unit_ = no_unit;
        }
    }

    [[nodiscard, gnu::noinline]] double wide_result() const {
        if (wide_->nans != 0 || (wide_->infinities != 0 && wide_->negative_infinities != 0)) {
            return std::numeric_limits<double>::quiet_NaN();
        }
        if (wide_->infinities != 0 || wide_->negative_infinities != 0) {
            return wide_->infinities != 0 ? std::numeric_limits<double>::infinity()
                                          : -std::numeric_limits<double>::infinity();
        }
        Wide total = *wide_;
        const bool negative = total.make_positive();
        const int unit = std::max(0, total.last_bit() - 63);
        // The leading 64 bits and, as the last of them, whether any follow: enough to round by. Where there are none
        // that follow the double is exact, so that what is scaled down to a subnormal is not rounded twice.
        const auto lead = static_cast<std::uint64_t>(total.bits_from(unit));
        const double rounded =
            std::ldexp(static_cast<double>(lead | (total.first_bit() < unit ? 1 : 0)), unit + lowest);
        return negative ? -rounded : rounded;
    }

    Int sum_ = 0;  // in units of 2^(unit_ + lowest)
    Box<Wide> wide_;
    std::int16_t unit_ = 0;  // or no_unit, where wide_ has it all
};

}  // namespace weir::detail
