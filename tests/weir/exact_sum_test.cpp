// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/detail/exact_sum.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

#include "random_stream.hpp"

using weir::detail::ExactSum;
using weir_tests::pick;

namespace {

using Large = boost::multiprecision::cpp_int;

/// A finite double in units of 2^-1074.
Large units(double x) {
    int exponent = 0;
    const double fraction = std::frexp(x, &exponent);
    const Large digits = static_cast<std::int64_t>(std::ldexp(fraction, 53));
    const int shift = exponent - 53 + 1074;
    return shift >= 0 ? Large{digits << shift} : Large{digits / (Large{1} << -shift)};  // exact: x is a multiple
}

/// The nearest double, by halves: two neighbours and the middle between them.
double nearest(const Large& total) {
    if (total < 0) {
        return -nearest(-total);
    }
    if (total > units(std::numeric_limits<double>::max())) {
        const Large step = Large{1} << (2098 - 53);
        const Large beyond = units(std::numeric_limits<double>::max()) + step / 2;
        return total < beyond ? std::numeric_limits<double>::max() : std::numeric_limits<double>::infinity();
    }
    double below = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 62; bit != 0; bit >>= 1) {  // the greatest double at or below
        const auto candidate = std::bit_cast<double>(std::bit_cast<std::uint64_t>(below) | bit);
        if (std::isfinite(candidate) && units(candidate) <= total) {
            below = candidate;
        }
    }
    const double above = std::nextafter(below, std::numeric_limits<double>::infinity());
    if (!std::isfinite(above)) {
        return below;
    }
    const Large down = total - units(below);
    const Large up = units(above) - total;
    const bool even = std::bit_cast<std::uint64_t>(below) % 2 == 0;
    return down < up || (down == up && even) ? below : above;
}

double any_finite(weir_tests::Random& random, int spread) {
    // Around one magnitude, or wherever doubles are.
    if (pick(random, 20) == 0) {
        return 0.0;
    }
    const std::uint64_t exponent =
        spread == 0 ? pick(random, 2047) : 1023 + pick(random, static_cast<std::size_t>(spread));
    return std::bit_cast<double>((random() & ~(std::uint64_t{0x7ff} << 52)) | exponent << 52);
}

}  // namespace

TEST_CASE("an exact sum is the sum of what is left, rounded once", "[exact_sum]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    for (const int spread : {2, 10, 20, 30, 60, 100, 300, 0}) {
        CAPTURE(spread);
        ExactSum sum;
        ExactSum apart;  // merged in from time to time
        std::vector<double> values;
        Large total = 0;
        for (int step = 0; step != 6000; ++step) {
            const std::size_t action = pick(random, 100);
            if (action < 55) {
                const double x = any_finite(random, spread);
                (action < 40 ? sum : apart).add(x);
                values.push_back(x);
                total += units(x);
            } else if (values.size() > 2 && action < 70) {
                const std::size_t i = pick(random, values.size() - 2);
                const std::size_t count = pick(random, 4);
                sum.remove_few(values.data() + i, static_cast<std::uint32_t>(count));
                for (std::size_t k = i; k != i + count; ++k) {
                    total -= units(values[k]);
                }
                values.erase(values.begin() + static_cast<std::ptrdiff_t>(i),
                             values.begin() + static_cast<std::ptrdiff_t>(i + count));
            } else if (!values.empty() && action < 98) {
                const std::size_t i = pick(random, values.size());
                sum.remove(values[i]);  // whichever of the two has it
                total -= units(values[i]);
                values[i] = values.back();
                values.pop_back();
            } else {
                sum.merge(apart);
                apart = ExactSum{};
            }
            ExactSum whole = sum;
            whole.merge(apart);
            const double expected = nearest(total);
            if (whole.result() != expected) {
                FAIL("step " << step << ": " << whole.result() << " instead of " << expected);
            }
        }
        sum.merge(apart);
        for (const double x : values) {
            sum.remove(x);
        }
        REQUIRE(sum.result() == 0.0);
        REQUIRE(sum.memory_in_use() == 0);
    }
}

TEST_CASE("an exact sum is exact whatever numbers come after one another", "[exact_sum]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    for (int round = 0; round != 20; ++round) {
        ExactSum sum;
        std::vector<double> values;
        Large total = 0;
        int spread = 1;
        std::uint64_t base = 1023;
        for (int step = 0; step != 3000; ++step) {
            if (pick(random, 300) == 0) {  // another kind of number
                spread = 1 + static_cast<int>(pick(random, 24));
                base = pick(random, 4) == 0 ? pick(random, 2000) : 1000 + pick(random, 50);
            }
            if (pick(random, 2) == 0 || values.empty()) {
                const bool same = pick(random, 4) == 0 && !values.empty();
                const std::uint64_t few =
                    pick(random, 3) == 0 ? ~std::uint64_t{0} << pick(random, 53) : ~std::uint64_t{0};
                const double x =
                    same ? values.back()
                         : std::bit_cast<double>((random() & few & ~(std::uint64_t{0x7ff} << 52)) |
                                                 (base + pick(random, static_cast<std::size_t>(spread))) << 52);
                const std::size_t times = pick(random, 100) == 0 ? 3000 : 1;
                for (std::size_t i = 0; i != times; ++i) {
                    sum.add(x);
                    values.push_back(x);
                    total += units(x);
                }
            } else {
                for (std::size_t left = std::min(values.size(), pick(random, 60) == 0 ? pick(random, 4000) : 1);
                     left != 0;) {
                    const std::size_t count = std::min<std::size_t>(left, pick(random, 4));
                    if (values.size() > 2) {
                        sum.remove_few(values.data(), static_cast<std::uint32_t>(count));
                    } else {
                        for (std::size_t i = 0; i != count; ++i) {
                            sum.remove(values[i]);
                        }
                    }
                    for (std::size_t i = 0; i != count; ++i) {
                        total -= units(values[i]);
                    }
                    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
                    left -= count;
                }
            }
            if (sum.result() != nearest(total)) {
                FAIL("step " << step << ": " << sum.result() << " instead of " << nearest(total));
            }
        }
    }
}

TEST_CASE("what is not finite is gone from an exact sum once it is taken out", "[exact_sum]") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    ExactSum sum;
    sum.add(1.5);
    sum.add(infinity);
    REQUIRE(sum.result() == infinity);
    sum.add(-infinity);
    REQUIRE(std::isnan(sum.result()));
    sum.remove(infinity);
    REQUIRE(sum.result() == -infinity);
    sum.add(nan);
    sum.add(2.0);
    REQUIRE(std::isnan(sum.result()));
    sum.remove(nan);
    sum.remove(-infinity);
    REQUIRE(sum.result() == 3.5);
    REQUIRE(sum.memory_in_use() == 0);

    // Also beside the largest there are, which are next to them in their bits.
    for (const double x : {nan, infinity, -infinity}) {
        ExactSum large;
        large.add(std::numeric_limits<double>::max());
        large.add(x);
        REQUIRE_FALSE(std::isfinite(large.result()));
        large.remove(x);
        REQUIRE(large.result() == std::numeric_limits<double>::max());
    }
}

TEST_CASE("an exact sum beyond the largest double is infinite only as long as it is there", "[exact_sum]") {
    constexpr double most = std::numeric_limits<double>::max();
    ExactSum sum;
    for (int i = 0; i != 1000; ++i) {
        sum.add(most);
    }
    REQUIRE(sum.result() == std::numeric_limits<double>::infinity());
    for (int i = 0; i != 999; ++i) {
        sum.remove(most);
    }
    REQUIRE(sum.result() == most);
    sum.add(std::numeric_limits<double>::denorm_min());
    REQUIRE(sum.result() == most);
    sum.remove(most);
    REQUIRE(sum.result() == std::numeric_limits<double>::denorm_min());
    REQUIRE(sum.memory_in_use() == 0);
}

TEST_CASE("sums of cents and of very unlike numbers stay on the stack", "[exact_sum]") {
    ExactSum sum;
    for (int i = 0; i != 1'000'000; ++i) {
        sum.add(0.01 * (i % 100'000));
    }
    sum.add(1e17);
    sum.add(0.001);
    REQUIRE(sum.memory_in_use() == 0);
    sum.remove(1e17);
    for (int i = 0; i != 1'000'000; ++i) {
        sum.remove(0.01 * (i % 100'000));
    }
    REQUIRE(sum.result() == 0.001);
}
