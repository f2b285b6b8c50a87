// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Numbers that stay right: what has left a window leaves no trace in it, however long the window runs.

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/variance.hpp>
#include <weir/count_window.hpp>
#include <weir/decimal.hpp>
#include <weir/hopping_window.hpp>
#include <weir/paned_window.hpp>
#include <weir/rolling_window.hpp>

#include "random_stream.hpp"

using namespace std::chrono_literals;
using weir::Decimal;
using weir_tests::at;
using weir_tests::pick;
using weir_tests::Random;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using Numbers =
    weir::Bundle<weir::Count, weir::Sum<double>, weir::Mean<double>, weir::Variance<double>, weir::MinMax<double>>;
using Answers = weir::result_type_t<Numbers>;

/// Quarters below 1000, which add up without rounding in any order, and now and then what hides or poisons them.
double next_number(Random& random) {
    constexpr double poison[] = {not_a_number, infinity, -infinity, 1e17, -1e17, 1.7e308, -1.7e308, 1e-300, 3e38};
    return pick(random, 40) == 0 ? poison[pick(random, std::size(poison))]
                                 : static_cast<double>(pick(random, 4000)) / 4;
}

bool poisons(double x) { return !(x == 0 || (std::abs(x) >= 0.25 && std::abs(x) <= 1000)); }

/// Whether the answers are exactly those of `inside`, where nothing in there poisons them.
template <class Rows>
bool right(const Answers& answers, const Rows& inside) {
    const auto& [count, sum, mean, variance, bounds] = answers;
    double exact = 0;
    std::size_t nans = 0;
    std::size_t poisonous = 0;
    for (const double x : inside) {
        poisonous += poisons(x) ? 1 : 0;
        nans += x != x ? 1 : 0;
        exact += poisons(x) ? 0 : x;
    }
    if (count != inside.size()) {
        return false;
    }
    if (poisonous != 0) {
        return nans == 0 || (std::isnan(sum) && std::isnan(*mean));
    }
    if (inside.empty()) {
        return sum == 0 && !mean && !variance && !bounds;
    }
    const auto n = static_cast<double>(inside.size());
    double squares = 0;
    for (const double x : inside) {
        squares += (x - exact / n) * (x - exact / n);
    }
    const bool spread =
        inside.size() < 2 ? !variance : std::abs(*variance - squares / (n - 1)) <= 1e-6 + squares * 1e-12;
    return sum == exact && *mean == exact / n && spread && bounds.has_value();
}

struct Row {
    weir::Timestamp time;
    double value;
};

}  // namespace

TEST_CASE("a NaN, an infinity or 1e17 that has left a rolling window is gone", "[numbers]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    weir::RollingWindows<Numbers> windows{{100ms, 400ms}};
    std::deque<Row> rows;
    std::int64_t now = 0;
    std::size_t clean = 0;
    for (int step = 0; step != 40'000; ++step) {
        now += static_cast<std::int64_t>(pick(random, 15));
        const auto t = at(pick(random, 5) == 0 ? now - static_cast<std::int64_t>(pick(random, 90)) : now);
        const double x = next_number(random);
        windows.advance_to(at(now));
        REQUIRE(windows.insert(t, x));
        rows.push_back({t, x});
        for (std::size_t w = 0; w != 2; ++w) {
            std::vector<double> inside;
            bool poisoned = false;
            for (const Row& row : rows) {
                if (row.time > at(now) - windows.length(w)) {
                    inside.push_back(row.value);
                    poisoned = poisoned || poisons(row.value);
                }
            }
            clean += poisoned ? 0 : 1;
            if (!right(windows.result(w), inside)) {
                FAIL("window " << w << " is wrong at step " << step);
            }
        }
        while (!rows.empty() && rows.front().time < at(now) - 500ms) {
            rows.pop_front();
        }
    }
    REQUIRE(clean > 10'000);
}

TEST_CASE("a NaN, an infinity or 1e17 counts in the windows that it falls into alone", "[numbers]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    weir::HoppingWindow<Numbers> hops{100ms, 5ms};
    weir::PanedWindow<Numbers> panes{100ms, 5ms};
    weir::CountWindow<Numbers> counts{20};
    std::deque<Row> rows;
    std::int64_t now = 0;
    std::size_t closed = 0;
    for (int step = 0; step != 20'000; ++step) {
        now += static_cast<std::int64_t>(pick(random, 15));
        const double x = next_number(random);
        hops.insert(at(now), x);
        panes.insert(at(now), x);
        counts.insert(at(now), x);
        rows.push_back({at(now), x});
        const auto between = [&](weir::Timestamp from, weir::Timestamp to) {
            std::vector<double> inside;
            for (const Row& row : rows) {
                if (row.time >= from && row.time < to) {
                    inside.push_back(row.value);
                }
            }
            return inside;
        };
        hops.advance_to(at(now), [&](const auto& w) {
            ++closed;
            if (!right(w.aggregate.result(), between(w.start, w.end))) {
                FAIL("a hopping window is wrong at step " << step);
            }
        });
        const std::int64_t oldest =
            now - 100 + 1;  // the pane that this is in, or that begins here, is the first inside
        if (!right(panes.result(), between(at(oldest - oldest % 5), at(now + 1))) && now > 200) {
            FAIL("a paned window is wrong at step " << step);
        }
        std::vector<double> last;
        for (std::size_t i = rows.size() - std::min<std::size_t>(20, rows.size()); i != rows.size(); ++i) {
            last.push_back(rows[i].value);
        }
        if (!right(counts.result(), last)) {
            FAIL("a count window is wrong at step " << step);
        }
        if (rows.size() > 200) {
            rows.pop_front();
        }
    }
    REQUIRE(closed > 10'000);
}

TEST_CASE("sums of cents are exact after 10^8 that came and went", "[numbers]") {
    weir::Sum<Decimal> money;
    weir::Sum<std::int64_t> cents;
    weir::Mean<Decimal> mean;
    const Decimal rest = *Decimal::parse("0.07");
    money.add(rest);
    cents.add(7);
    mean.add(rest);
    constexpr std::size_t held = 1024;  // that many are inside at once
    std::vector<std::int64_t> inside(held, 0);
    std::uint64_t state = 1;
    const auto replace = [&](std::size_t i, std::int64_t amount) {
        const Decimal price = Decimal::from_millionths(Decimal::Wide{amount} * 10'000);
        const Decimal old = Decimal::from_millionths(Decimal::Wide{inside[i]} * 10'000);
        money.add(price);
        money.remove(old);
        cents.add(amount);
        cents.remove(inside[i]);
        mean.add(price);
        mean.remove(old);
        inside[i] = amount;
    };
    for (std::size_t i = 0; i != held; ++i) {
        mean.add(Decimal{});
    }
    for (std::size_t i = 0; i != 100'000'000; ++i) {
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        replace(i % held, static_cast<std::int64_t>(state >> 40) - (std::int64_t{1} << 23));
    }
    REQUIRE(money.result() != rest);
    for (std::size_t i = 0; i != held; ++i) {
        replace(i, 0);
        mean.remove(Decimal{});
    }
    REQUIRE(money.result() == rest);
    REQUIRE(money.result().to_string() == "0.07");
    REQUIRE(cents.result() == 7);
    REQUIRE(mean.result() == 0.07);
}

TEST_CASE("sums in a window that ran for long are those of what is inside", "[numbers]") {
    Random random{3};
    weir::RollingWindow<weir::Sum<Decimal>> money{1000ms};
    weir::RollingWindow<weir::Sum<double>> dollars{1000ms};
    std::deque<std::int64_t> inside;
    std::int64_t cents = 0;
    double worst = 0;
    for (int t = 0; t != 300'000; ++t) {
        const auto amount = static_cast<std::int64_t>(random() % 1'000'000);
        money.insert(at(t), Decimal::from_millionths(Decimal::Wide{amount} * 10'000));
        dollars.insert(at(t), static_cast<double>(amount) / 100);
        inside.push_back(amount);
        cents += amount;
        if (inside.size() > 1000) {
            cents -= inside.front();
            inside.pop_front();
        }
        if (money.result() != Decimal::from_millionths(Decimal::Wide{cents} * 10'000)) {
            FAIL("a sum of decimals is wrong at " << t);
        }
        const double exact = static_cast<double>(cents) / 100;
        worst = std::max(worst, std::abs(dollars.result() - exact) / exact);
    }
    REQUIRE(worst < 1e-15);  // each number is rounded as it comes; nothing adds up beyond that
}

TEST_CASE("the variance of a window keeps a small spread around a large mean", "[numbers]") {
    // Squares of 10^9 have 60 bits: subtracting sums of them would leave nothing of a spread of 1.
    Random random{5};
    weir::RollingWindow<weir::Variance<double>> window{500ms};
    std::deque<double> inside;
    double worst = 0;
    for (int t = 0; t != 100'000; ++t) {
        // The mean jumps now and then, so that merges meet parts that are far apart.
        const int jumps = t / 7000;
        const double x = 1e9 + jumps * 1e6 + static_cast<double>(random() % 1000) / 256;
        window.insert(at(t), x);
        inside.push_back(x);
        if (inside.size() > 500) {
            inside.pop_front();
        }
        if (t % 97 == 96) {
            long double mean = 0;
            for (const double y : inside) {
                mean += static_cast<long double>(y) / static_cast<long double>(inside.size());
            }
            long double squares = 0;
            for (const double y : inside) {
                squares += (static_cast<long double>(y) - mean) * (static_cast<long double>(y) - mean);
            }
            const auto exact = static_cast<double>(squares / static_cast<long double>(inside.size() - 1));
            worst = std::max(worst, std::abs(*window.result() - exact) / exact);
        }
    }
    REQUIRE(worst < 1e-6);
}

TEST_CASE("variances merged from parts of any size are those of all inputs", "[numbers]") {
    Random random{9};
    std::vector<weir::Variance<double>> parts;
    std::vector<double> all;
    weir::Variance<double> one_by_one;
    for (int part = 0; part != 2000; ++part) {
        weir::Variance<double> v;
        for (std::size_t i = pick(random, part % 10 == 0 ? 300 : 3); i != 0; --i) {
            const double x = -1e8 + static_cast<double>(random() % 4096) / 1024;
            v.add(x);
            one_by_one.add(x);
            all.push_back(x);
        }
        parts.push_back(v);
    }
    while (parts.size() > 1) {  // as a tree, in any order
        const std::size_t i = pick(random, parts.size() - 1);
        parts[i].merge(parts[i + 1]);
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i + 1));
    }
    long double mean = 0;
    for (const double x : all) {
        mean += static_cast<long double>(x) / static_cast<long double>(all.size());
    }
    long double squares = 0;
    for (const double x : all) {
        squares += (static_cast<long double>(x) - mean) * (static_cast<long double>(x) - mean);
    }
    const auto exact = static_cast<double>(squares / static_cast<long double>(all.size() - 1));
    REQUIRE(*parts[0].result() == Approx(exact).epsilon(1e-8));
    REQUIRE(*one_by_one.result() == Approx(exact).epsilon(1e-8));
    REQUIRE(parts[0].count() == all.size());
}

TEST_CASE("integers that overflow 64 bits in a window are exact again once they fit", "[numbers]") {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    weir::RollingWindow<weir::Bundle<weir::Sum<std::int64_t>, weir::Mean<std::int64_t>>> window{10ms};
    for (int t = 0; t != 10; ++t) {
        window.insert(at(t), t < 5 ? most : least);
    }
    REQUIRE(window.result() == std::tuple{std::int64_t{-5}, std::optional{-0.5}});
    window.advance_to(at(12));
    REQUIRE(std::get<0>(window.result()) == least);
    REQUIRE(*std::get<1>(window.result()) == Approx(-3.0 / 7 * 0x1p63));
    window.advance_to(at(18));
    REQUIRE(std::get<0>(window.result()) == least);  // the one that is left
    window.insert(at(18), 1);
    REQUIRE(std::get<0>(window.result()) == least + 1);
    REQUIRE(*std::get<1>(window.result()) == -0x1p62);

    weir::RollingWindow<weir::Sum<std::uint64_t>> positive{10ms};
    positive.insert(at(0), std::numeric_limits<std::uint64_t>::max());
    positive.insert(at(1), 7);
    REQUIRE(positive.result() == std::numeric_limits<std::uint64_t>::max());
    positive.advance_to(at(10));
    REQUIRE(positive.result() == 7);
}
