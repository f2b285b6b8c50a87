// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// An exact sum of doubles, from which doubles can be taken again: whatever came and went, the result is the sum of what
// is left, rounded once. How it is kept depends on what it has to hold:
//
//     bins    Two doubles, multiples of 2^g and of 2^(g - 44). A number is cut in two at 2^g, and as long as neither
//             bin is near 2^53 of its multiples both additions are exact. So is nothing lost until the two are added up
//             for the result. For numbers within some 40 binades of each other. The cut is by Demmel, Nguyen: Fast
//             Reproducible Floating-Point Summation (ARITH 2013).
//     fixed   128 bits of fixed point: every finite double is a whole multiple of 2^-1074. Enough while the sum's first
//             and last bit are within 120 of each other, as those of 10^17 and of 0.001 are.
//     wide    All that doubles can be, on the heap, until it is not needed any more.
//
// 24 bytes and, while it is wide, 320 on the heap; add and remove O(1): some fifteen instructions in bins, thrice that
// in fixed point, and some hundreds while it is wide. Not for -ffast-math, nor where doubles are computed with excess
// precision: there the bins are not used.

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <utility>

#include <weir/detail/memory.hpp>
#include <weir/detail/wide_sum.hpp>

namespace weir::detail {

class ExactSum {
public:
    using allocator_type = Memory;
    using Resource = std::pmr::memory_resource;  // null for the default one

    ExactSum() noexcept = default;
    explicit ExactSum(const Memory& /*memory*/) noexcept {}
    ExactSum(const ExactSum& other, const Memory& memory) : ExactSum{other, 0} {
        if (other.is_wide()) [[unlikely]] {
            kept_.wide = make_wide(other.kept_.wide->sum, memory.resource());
        }
    }
    ExactSum(const ExactSum& other) : ExactSum{other, 0} {
        if (other.is_wide()) [[unlikely]] {
            kept_.wide = make_wide(other.kept_.wide->sum, nullptr);
        }
    }
    ExactSum(ExactSum&& other, const Memory& memory) : ExactSum{other, 0} {
        if (other.is_wide()) [[unlikely]] {
            if (*other.kept_.wide->from == *memory.resource()) {
                other.unit_ = 0;
                other.kept_.fixed = 0;
            } else {
                kept_.wide = make_wide(other.kept_.wide->sum, memory.resource());
            }
        }
    }
    ExactSum(ExactSum&& other) noexcept : ExactSum{other, 0} {
        if (other.is_wide()) {
            other.unit_ = 0;
            other.kept_.fixed = 0;
        }
    }
    ExactSum& operator=(const ExactSum& other) {
        if (this != &other) {
            *this = ExactSum{other};
        }
        return *this;
    }
    ExactSum& operator=(ExactSum&& other) noexcept {
        std::swap(kept_, other.kept_);
        std::swap(cut_, other.cut_);
        std::swap(unit_, other.unit_);
        std::swap(since_bins_, other.since_bins_);
        return *this;
    }
    ~ExactSum() {
        if (is_wide()) [[unlikely]] {
            drop_wide();
        }
    }

    void add(double x, Resource* memory = nullptr) {
        if (!add_to_bins(x)) [[unlikely]] {
            take(x, false, memory);
        }
    }
    /// Requires: an equal x was added and not removed.
    void remove(double x, Resource* memory = nullptr) {
        if (!add_to_bins(-x)) [[unlikely]] {
            take(x, true, memory);
        }
    }
    /// Removes the first `count` of three, without a branch on how many. Requires: all three were added.
    template <class T>
    void remove_few(const T* xs, std::uint32_t count, Resource* memory = nullptr);
    void merge(const ExactSum& other, Resource* memory = nullptr);

    /// The sum rounded to nearest, ties to even. NaN where one was added or infinities of both signs were.
    [[nodiscard]] double result() const {
        if (in_bins()) [[likely]] {
            return kept_.bins.coarse + kept_.bins.fine;
        }
        return is_wide() ? kept_.wide->sum.result() : scaled(static_cast<double>(kept_.fixed), unit_);
    }

    [[nodiscard]] std::size_t memory_in_use() const noexcept { return is_wide() ? sizeof(Wide) : 0; }

    /// In fixed point, the words that are not all sign alone, so that the bytes are the same however it is kept.
    template <class Writer>
    void save(Writer& out) const {
        const WideSum total = widened();
        const std::uint64_t sign = total.limbs.back() >> 63 != 0 ? ~std::uint64_t{0} : 0;
        std::uint8_t first = 0;
        std::uint8_t last = WideSum::words;
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
    void load(Reader& in, Resource* memory = nullptr) {
        WideSum total;
        bool negative = false;
        bool infinite = false;
        std::uint8_t first = 0;
        std::uint8_t last = 0;
        in.read(negative, first, last);
        in.require(first <= last && last <= WideSum::words, "a range of words");
        std::fill(total.limbs.begin() + last, total.limbs.end(), negative ? ~std::uint64_t{0} : 0);
        for (std::size_t i = first; i != last; ++i) {
            in.read(total.limbs[i]);
        }
        in.read(infinite);
        if (infinite) {
            in.read(total.nans, total.infinities, total.negative_infinities);
        }
        settle(total, memory);
    }

private:
    __extension__ using Int = __int128;
    __extension__ using Unsigned = unsigned __int128;
    struct Bins {
        double coarse;
        double fine;
    };
    struct Fixed {
        Int sum;  // in units of 2^(unit + lowest)
        int unit;
    };

    static constexpr int lowest = -1074;            // the exponent of unit 0
    static constexpr int most_shift = 73;           // a number's 53 bits, its sign and this are 127
    static constexpr int most_span = 120;           // from the first bit of a sum to its last
    static constexpr int most_unit = 1972;          // beyond it the exponent of NaN would have a shift that fits
    static constexpr int first_room = 34;           // bits below those of the first number
    static constexpr std::int16_t no_unit = -5000;  // nothing fits
    static constexpr std::uint64_t hidden_bit = std::uint64_t{1} << 52;
    static constexpr std::uint64_t fraction_bits = hidden_bit - 1;

    // Of bins, by their cut_, which is 1.5 * 2^(52 + g): adding and subtracting it rounds to multiples of 2^g.
    static constexpr bool has_bins = FLT_EVAL_METHOD == 0;
    static constexpr int between_bins = 44;           // the fine bin has multiples of 2^(g - between_bins)
    static constexpr double least_in_bins = 0x1p-44;  // of whose last bit the fine bin has multiples
    static constexpr double most_in_bins = 0x1p-4;    // some 2^48 multiples of 2^g
    static constexpr double most_coarse = 0x1p-2;     // some 2^50 multiples, with room for three numbers more
    static constexpr double most_fine = 0x1p-46;      // the same in the fine bin, where a number has up to 2^43
    static constexpr float no_bins = std::numeric_limits<float>::quiet_NaN();  // than which no number is greater

    static constexpr int alike = 16;  // sums of numbers that differ less have the same bins, for merging
    static constexpr int below = 14;  // so much is a number's exponent above that of the grid, or up to 15 more

    [[nodiscard]] static int exponent_of(double x) noexcept {
        return static_cast<int>(std::bit_cast<std::uint64_t>(x) >> 52 & 0x7ff) - 1023;
    }
    // The grid's exponent, g, for numbers of such an exponent.
    [[nodiscard]] static int grid_for(int exponent) noexcept { return (exponent - below) & -alike; }
    [[nodiscard]] static bool may_be_grid(int grid) noexcept { return has_bins && grid >= -160 && grid <= 64; }
    [[nodiscard]] static float cut_of(int grid) noexcept {
        return std::bit_cast<float>(static_cast<std::uint32_t>(grid + 52 + 127) << 23 | 0x40'0000U);
    }
    [[nodiscard]] bool in_bins() const noexcept { return cut_ == cut_; }
    [[nodiscard]] bool is_wide() const noexcept { return unit_ == no_unit; }

    // False, and nothing done, where that is not possible.
    bool put_in_bins(double coarse, double fine) noexcept {
        const double cut = cut_;
        if (!(std::abs(coarse) <= cut * most_coarse && std::abs(fine) <= cut * most_fine)) [[unlikely]] {
            return false;
        }
        kept_.bins = {coarse, fine};
        return true;
    }
    bool add_to_bins(double x) noexcept {
        const double cut = cut_;
        if (!(std::abs(x) >= cut * least_in_bins && std::abs(x) <= cut * most_in_bins)) [[unlikely]] {
            return false;
        }
        const double coarse = (x + cut) - cut;
        return put_in_bins(kept_.bins.coarse + coarse, kept_.bins.fine + (x - coarse));
    }

    template <class T>
    void remove_each(const T* xs, std::uint32_t count, Resource* memory);
    [[nodiscard]] Fixed fixed() const;
    void leave_bins();
    void try_bins(int exponent);
    void take(double x, bool minus, Resource* memory);
    void take_fixed(double x, bool minus, Resource* memory);
    bool merge_fixed(const Fixed& other);
    [[nodiscard]] WideSum widened() const;
    void settle(const WideSum& total, Resource* memory);

    static double scaled(double x, int unit) {
        const int exponent = unit + lowest;
        // A power of two that is a normal number: one exact multiplication, but for results beyond the largest double.
        if (exponent >= std::numeric_limits<double>::min_exponent && exponent <= 1000) {
            return x * std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
        }
        return std::ldexp(x, exponent);
    }

    // Where its memory is from goes with it: all others need to know no more than what a call says.
    struct Wide {
        std::pmr::memory_resource* from;
        WideSum sum;
    };
    [[nodiscard, gnu::noinline]] static Wide* make_wide(const WideSum& sum, Resource* memory) {
        Memory from{memory != nullptr ? memory : std::pmr::get_default_resource()};
        return from.new_object<Wide>(Wide{from.resource(), sum});
    }
    [[gnu::noinline]] void drop_wide() noexcept { Memory{kept_.wide->from}.delete_object(kept_.wide); }

    union Kept {
        [[gnu::packed, gnu::aligned(8)]] Int fixed = 0;  // in units of 2^(unit_ + lowest)
        Bins bins;
        Wide* wide;
    };
    // A copy but for what is wide.
    ExactSum(const ExactSum& other, int /*shallow*/) noexcept
        : kept_{other.kept_}, cut_{other.cut_}, unit_{other.unit_}, since_bins_{other.since_bins_} {}

    Kept kept_;
    float cut_ = no_bins;
    std::int16_t unit_ = 0;        // or no_unit, where it is wide
    std::uint8_t since_bins_ = 0;  // so many numbers were taken in fixed point; bins are tried from time to time
};

template <class T>
void ExactSum::remove_few(const T* xs, std::uint32_t count, Resource* memory) {
    using Two = double __attribute__((vector_size(16)));
    using Mask = std::int64_t __attribute__((vector_size(16)));
    static constexpr std::int64_t all = -1;
    static constexpr Mask first_two[] = {{0, 0}, {all, 0}, {all, all}, {all, all}};
    static constexpr Mask third[] = {{0, 0}, {0, 0}, {0, 0}, {all, 0}};
    constexpr Mask magnitude{~(all << 63), ~(all << 63)};

    const double cut = cut_;
    const Two cuts{cut, cut};
    const Two a{static_cast<double>(xs[0]), static_cast<double>(xs[1])};
    const Two b{static_cast<double>(xs[2]), static_cast<double>(xs[2])};
    const Two size_a = std::bit_cast<Two>(std::bit_cast<Mask>(a) & magnitude);
    const Two size_b = std::bit_cast<Two>(std::bit_cast<Mask>(b) & magnitude);
    const Two least = size_a < size_b ? size_a : size_b;
    const Two most = size_a > size_b ? size_a : size_b;
    const Mask inside = (least >= cuts * least_in_bins) & (most <= cuts * most_in_bins);
    if ((inside[0] & inside[1]) != 0) [[likely]] {
        const Two from_a = std::bit_cast<Two>(std::bit_cast<Mask>(a) & first_two[count]);
        const Two from_b = std::bit_cast<Two>(std::bit_cast<Mask>(b) & third[count]);
        const Two coarse_a = (from_a + cuts) - cuts;
        const Two coarse_b = (from_b + cuts) - cuts;
        const Two coarse = coarse_a + coarse_b;
        const Two fine = (from_a - coarse_a) + (from_b - coarse_b);
        if (put_in_bins(kept_.bins.coarse - (coarse[0] + coarse[1]), kept_.bins.fine - (fine[0] + fine[1])))
            [[likely]] {
            return;
        }
    }
    remove_each(xs, count, memory);
}

template <class T>
[[gnu::noinline]] void ExactSum::remove_each(const T* xs, std::uint32_t count, Resource* memory) {
    for (std::uint32_t i = 0; i != count; ++i) {
        remove(static_cast<double>(xs[i]), memory);
    }
}

inline void ExactSum::merge(const ExactSum& other, Resource* memory) {
    // NaN, for no bins, is no other NaN.
    if (cut_ == other.cut_ &&
        put_in_bins(kept_.bins.coarse + other.kept_.bins.coarse, kept_.bins.fine + other.kept_.bins.fine)) {
        return;
    }
    if (!is_wide() && !other.is_wide()) {
        const Fixed theirs = other.fixed();
        if (theirs.sum == 0) {
            return;
        }
        if (fixed().sum == 0) {
            *this = other;
            return;
        }
        leave_bins();
        if (merge_fixed(theirs)) {
            return;
        }
    }
    WideSum total = widened();
    total.add(other.widened());
    settle(total, memory);
}

// What the bins add up to, or what is fixed. Requires: not wide.
inline ExactSum::Fixed ExactSum::fixed() const {
    if (!in_bins()) {
        return {kept_.fixed, unit_};
    }
    const int grid = std::ilogb(cut_) - 52;
    const auto coarse = static_cast<std::int64_t>(std::ldexp(kept_.bins.coarse, -grid));
    const auto fine = static_cast<std::int64_t>(std::ldexp(kept_.bins.fine, between_bins - grid));
    return {Int{coarse} * (Int{1} << between_bins) + fine, grid - between_bins - lowest};
}

inline void ExactSum::leave_bins() {
    if (in_bins()) {
        const Fixed now = fixed();
        kept_.fixed = now.sum;
        unit_ = static_cast<std::int16_t>(now.unit);
        cut_ = no_bins;
        since_bins_ = 0;
    }
}

// Puts what is fixed into bins for numbers of such an exponent, where it fits there. Like numbers get like bins.
inline void ExactSum::try_bins(int exponent) {
    constexpr int above = 48;  // the sum's exponent above the grid's, at most
    const Unsigned magnitude =
        kept_.fixed < 0 ? Unsigned{0} - static_cast<Unsigned>(kept_.fixed) : static_cast<Unsigned>(kept_.fixed);
    const auto high = static_cast<std::uint64_t>(magnitude >> 64);
    const int bits =
        128 - (high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<std::uint64_t>(magnitude)));
    const int unit = unit_ + lowest;
    const int grid = std::max(grid_for(exponent), (unit + bits - above + (alike - 1)) & -alike);
    const int shift = grid - unit;
    if (!may_be_grid(grid) || shift > most_span || bits > 125) {
        return;
    }
    Bins bins{};
    if (shift <= 0) {
        bins.coarse = scaled(static_cast<double>(kept_.fixed), unit_);
    } else {
        const Int coarse = (kept_.fixed + (Int{1} << (shift - 1))) >> shift;
        const Int fine = kept_.fixed - coarse * (Int{1} << shift);
        const int dropped = std::max(shift - between_bins, 0);  // bits that must be 0
        if ((fine >> dropped) * (Int{1} << dropped) != fine) {
            return;
        }
        bins.coarse = std::ldexp(static_cast<double>(coarse), grid);
        bins.fine = std::ldexp(static_cast<double>(fine >> dropped), unit + dropped);
    }
    kept_.bins = bins;
    cut_ = cut_of(grid);
}

// What the bins cannot take as they are.
[[gnu::noinline]] inline void ExactSum::take(double x, bool minus, Resource* memory) {
    if (x == 0) {
        return;
    }
    if (in_bins()) {
        const double cut = cut_;
        const double carried = (kept_.bins.fine + cut) - cut;
        if (put_in_bins(kept_.bins.coarse + carried, kept_.bins.fine - carried) && add_to_bins(minus ? -x : x)) {
            return;
        }
        leave_bins();
    }
    if (!is_wide() && kept_.fixed == 0) {  // the first
        const int grid = grid_for(exponent_of(x));
        if (may_be_grid(grid)) {
            kept_.bins = minus ? Bins{0, -x} : Bins{0, x};
            cut_ = cut_of(grid);
            const double coarse = (kept_.bins.fine + cut_) - cut_;
            kept_.bins = {coarse, kept_.bins.fine - coarse};
            return;
        }
    }
    take_fixed(x, minus, memory);
}

inline void ExactSum::take_fixed(double x, bool minus, Resource* memory) {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
    const bool negative = (bits >> 63 != 0) != minus;
    const auto magnitude = static_cast<std::int64_t>((bits & fraction_bits) | (exponent == 0 ? 0 : hidden_bit));
    if (magnitude == 0) {
        return;
    }
    if (!is_wide() && kept_.fixed == 0 && exponent != 0 && exponent != 0x7ff) {  // the first, with room on both sides
        unit_ = static_cast<std::int16_t>(std::clamp(exponent - 1 - first_room, 0, most_unit));
    }
    const int shift = exponent - 1 - unit_;
    if (exponent != 0 && static_cast<unsigned>(shift) <= most_shift) {
        Int sum = 0;
        if (!__builtin_add_overflow(kept_.fixed, Int{negative ? -magnitude : magnitude} * (Int{1} << shift), &sum)) {
            kept_.fixed = sum;
            if (++since_bins_ == 0) {
                try_bins(exponent_of(x));
            }
            return;
        }
    }
    WideSum total = widened();
    if (exponent == 0x7ff) {
        std::uint64_t& count = magnitude != static_cast<std::int64_t>(hidden_bit) ? total.nans
                               : x > 0                                            ? total.infinities
                                                                                  : total.negative_infinities;
        count += minus ? ~std::uint64_t{0} : 1;
    } else {
        total.add(negative ? -magnitude : magnitude, exponent == 0 ? 0 : exponent - 1);
    }
    settle(total, memory);
}

// Adds to what is fixed where both fit in the smaller of the units.
inline bool ExactSum::merge_fixed(const Fixed& other) {
    const bool finer = unit_ < other.unit;
    const int shift = finer ? other.unit - unit_ : unit_ - other.unit;
    if (shift > most_span) {
        return false;
    }
    const Int coarse = finer ? other.sum : kept_.fixed;
    const Int shifted = static_cast<Int>(static_cast<Unsigned>(coarse) << shift);
    Int sum = 0;
    if (shifted >> shift != coarse || __builtin_add_overflow(shifted, finer ? kept_.fixed : other.sum, &sum)) {
        return false;
    }
    kept_.fixed = sum;
    unit_ = static_cast<std::int16_t>(std::min<int>(unit_, other.unit));
    return true;
}

inline WideSum ExactSum::widened() const {
    if (is_wide()) {
        return kept_.wide->sum;
    }
    const Fixed now = fixed();
    WideSum wide;
    wide.add(now.sum, std::max(now.unit, 0));
    return wide;
}

// Keeps a total in 128 bits where it fits.
inline void ExactSum::settle(const WideSum& total, Resource* memory) {
    WideSum magnitude = total;
    const bool negative = magnitude.make_positive();
    const int first = magnitude.first_bit();
    const int last = magnitude.last_bit();
    const int unit = std::clamp(first - (most_span - (last - first)) / 2, 0, std::min(first, most_unit));
    if (total.finite() && last - unit <= most_span + 5) {
        if (is_wide()) {
            drop_wide();
        }
        const Int sum = magnitude.bits_from(unit);
        kept_.fixed = negative ? -sum : sum;
        unit_ = static_cast<std::int16_t>(unit);
    } else if (is_wide()) {
        kept_.wide->sum = total;
    } else {
        kept_.wide = make_wide(total, memory);
        unit_ = no_unit;
    }
    cut_ = no_bins;
    since_bins_ = 0;
}

}  // namespace weir::detail
