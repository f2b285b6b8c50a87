// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Decimal: money and other decimal quantities, exact to 6 places.
//
// A whole number of millionths in 128 bits. Sums and differences are exact whatever came and went in
// between; a magnitude up to 10^15 parses, so 10^8 products of such a price with a quantity of 10^9 add up
// without overflow. 16 bytes; every operation O(1); no allocation but in to_string.
//
//     auto a = *weir::Decimal::parse("0.1"), b = *weir::Decimal::parse("0.2");
//     (a + b).to_string();                 // "0.3"
//     weir::divide_half_even(a + b, 7, 2); // 0.04

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

class Decimal {
public:
    __extension__ using Wide = __int128;
    __extension__ using UnsignedWide = unsigned __int128;

    static constexpr std::int64_t scale = 1'000'000;

    constexpr Decimal() noexcept = default;
    constexpr Decimal(std::int64_t whole) noexcept : millionths_{Wide{whole} * scale} {}  // NOLINT: as a number would

    [[nodiscard]] static constexpr Decimal from_millionths(Wide count) noexcept {
        Decimal d;
        d.millionths_ = count;
        return d;
    }

    /// The decimal that `text` spells, as JSON spells numbers (`-12.50`, `1e3`), rounded half-even to 6 places.
    /// Nothing where it is no such number or its magnitude is over 10^15. O(length).
    [[nodiscard]] static constexpr std::optional<Decimal> parse(std::string_view text) noexcept;

    [[nodiscard]] constexpr Wide millionths() const noexcept { return millionths_; }

    /// The nearest double, ties to even. O(1).
    [[nodiscard]] constexpr double to_double() const noexcept;

    /// The shortest spelling: no exponent, no trailing zeros. `42.99`, `0`, `-3.5`.
    [[nodiscard]] std::string to_string() const;

    constexpr Decimal& operator+=(Decimal other) noexcept {
        millionths_ += other.millionths_;
        return *this;
    }
    constexpr Decimal& operator-=(Decimal other) noexcept {
        millionths_ -= other.millionths_;
        return *this;
    }
    constexpr Decimal& operator*=(std::int64_t factor) noexcept {
        millionths_ *= factor;
        return *this;
    }
    [[nodiscard]] friend constexpr Decimal operator+(Decimal a, Decimal b) noexcept { return a += b; }
    [[nodiscard]] friend constexpr Decimal operator-(Decimal a, Decimal b) noexcept { return a -= b; }
    [[nodiscard]] friend constexpr Decimal operator*(Decimal a, std::int64_t b) noexcept { return a *= b; }
    [[nodiscard]] constexpr Decimal operator-() const noexcept { return from_millionths(-millionths_); }
    [[nodiscard]] constexpr bool operator==(const Decimal&) const noexcept = default;
    [[nodiscard]] constexpr auto operator<=>(const Decimal&) const noexcept = default;

    static constexpr const char* snapshot_name = "decimal";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Decimal::millionths_);
    }
    /// 2^30 of them can be added without overflow.
    [[nodiscard]] constexpr bool snapshot_valid() const noexcept {
        constexpr Wide limit = Wide{1} << 96;
        return millionths_ >= -limit && millionths_ <= limit;
    }

private:
    Wide millionths_ = 0;
};

namespace detail {

/// value / divisor, to the nearest whole number, ties to even. Requires: divisor > 0.
[[nodiscard]] constexpr Decimal::Wide divide_half_even(Decimal::Wide value, Decimal::Wide divisor) noexcept {
    Decimal::Wide quotient = value / divisor;
    Decimal::Wide remainder = value % divisor;
    if (remainder < 0) {
        remainder += divisor;
        --quotient;
    }
    const Decimal::Wide rest = divisor - remainder;
    if (remainder > rest || (remainder == rest && quotient % 2 != 0)) {
        ++quotient;
    }
    return quotient;
}

/// numerator / denominator as the nearest double, ties to even. Requires: 0 < denominator < 2^60.
[[nodiscard]] constexpr double nearest_double(Decimal::Wide numerator, Decimal::Wide denominator) noexcept {
    constexpr Decimal::Wide exact = Decimal::Wide{1} << 53;
    if (numerator < exact && numerator > -exact && denominator < exact) {
        return static_cast<double>(numerator) / static_cast<double>(denominator);
    }
    // The quotient gets 66 bits or more, so that whatever the division leaves over only breaks ties, and the
    // conversion to 53 is the one time that anything is rounded.
    const bool negative = numerator < 0;
    auto rest = static_cast<Decimal::UnsignedWide>(numerator);
    rest = negative ? -rest : rest;
    double unit = negative ? -1 : 1;
    for (; rest != 0 && rest >> 126 == 0; rest <<= 1) {
        unit /= 2;
    }
    const auto divisor = static_cast<Decimal::UnsignedWide>(denominator);
    const Decimal::UnsignedWide quotient = rest / divisor | static_cast<Decimal::UnsignedWide>(rest % divisor != 0);
    return static_cast<double>(quotient) * unit;
}

}  // namespace detail

constexpr double Decimal::to_double() const noexcept { return detail::nearest_double(millionths_, scale); }

/// `value / divisor` to `places` decimal places (0 to 6), ties to even.
/// Requires: divisor > 0.
[[nodiscard]] constexpr Decimal divide_half_even(Decimal value, std::int64_t divisor, int places) noexcept {
    Decimal::Wide unit = 1;
    for (int i = places; i < 6; ++i) {
        unit *= 10;
    }
    return Decimal::from_millionths(detail::divide_half_even(value.millionths(), unit * divisor) * unit);
}

/// `value / divisor` as the nearest double; beyond a divisor of 10^12, within two units in the last place.
/// Requires: divisor != 0.
[[nodiscard]] constexpr double divide(Decimal value, std::int64_t divisor) noexcept {
    const Decimal::Wide numerator = divisor < 0 ? -value.millionths() : value.millionths();
    const Decimal::Wide denominator = (divisor < 0 ? -Decimal::Wide{divisor} : Decimal::Wide{divisor}) * Decimal::scale;
    if (denominator < Decimal::Wide{1} << 60) {
        return detail::nearest_double(numerator, denominator);
    }
    return static_cast<double>(static_cast<long double>(numerator) / static_cast<long double>(denominator));
}

constexpr std::optional<Decimal> Decimal::parse(std::string_view text) noexcept {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    std::size_t i = 0;
    const bool negative = i < text.size() && text[i] == '-';
    i += negative ? 1 : 0;

    // The first 30 significant digits decide; a digit that is dropped after them only breaks ties.
    constexpr int most_digits = 30;
    Wide digits = 0;
    int taken = 0;
    int exponent = 0;
    bool dropped = false;
    bool any = false;
    bool after_point = false;
    if (i + 1 < text.size() && text[i] == '0' && is_digit(text[i + 1])) {
        return std::nullopt;
    }
    for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !after_point && any)); ++i) {
        if (text[i] == '.') {
            after_point = true;
            if (i + 1 == text.size() || !is_digit(text[i + 1])) {
                return std::nullopt;
            }
            continue;
        }
        any = true;
        if (taken < most_digits) {
            digits = digits * 10 + (text[i] - '0');
            taken += digits != 0 ? 1 : 0;
            exponent -= after_point ? 1 : 0;
        } else {
            dropped = dropped || text[i] != '0';
            exponent += after_point ? 0 : 1;
        }
    }
    if (!any) {
        return std::nullopt;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        const bool minus = i < text.size() && text[i] == '-';
        i += i < text.size() && (text[i] == '-' || text[i] == '+') ? 1 : 0;
        if (i == text.size()) {
            return std::nullopt;
        }
        int power = 0;
        for (; i < text.size() && is_digit(text[i]); ++i) {
            power = power < 100'000'000 ? power * 10 + (text[i] - '0') : power;
        }
        exponent += minus ? -power : power;
    }
    if (i != text.size()) {
        return std::nullopt;
    }

    constexpr Wide limit = Wide{1'000'000'000'000'000} * scale;
    exponent += 6;
    for (; exponent > 0 && digits != 0; --exponent) {
        digits *= 10;
        if (digits > limit) {
            return std::nullopt;
        }
    }
    if (exponent < 0) {
        Wide divisor = 1;
        for (; exponent < 0 && divisor <= digits * 10; ++exponent) {
            divisor *= 10;
        }
        if (exponent < 0) {
            digits = 0;
        } else {
            const bool tie = digits % divisor * 2 == divisor;
            digits = tie && dropped ? digits / divisor + 1 : detail::divide_half_even(digits, divisor);
        }
    }
    if (digits > limit) {
        return std::nullopt;
    }
    return from_millionths(negative ? -digits : digits);
}

inline std::string Decimal::to_string() const {
    __extension__ using Unsigned = unsigned __int128;
    Unsigned rest =
        millionths_ < 0 ? Unsigned{0} - static_cast<Unsigned>(millionths_) : static_cast<Unsigned>(millionths_);
    char buffer[48];
    char* const end = buffer + sizeof buffer;
    char* first = end;
    bool fraction = false;
    for (int place = 0; place < 6; ++place, rest /= 10) {
        const auto digit = static_cast<int>(rest % 10);
        if (fraction || digit != 0) {
            *--first = static_cast<char>('0' + digit);
            fraction = true;
        }
    }
    if (fraction) {
        *--first = '.';
    }
    do {
        *--first = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
    } while (rest != 0);
    if (millionths_ < 0) {
        *--first = '-';
    }
    return {first, end};
}

}  // namespace weir
