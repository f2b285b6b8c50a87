// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/metric.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/aggregates.hpp>
#include <weir/metric_parser.hpp>

#include "random_stream.hpp"

using namespace std::chrono_literals;

namespace {

template <class V>
std::string text(const V& value) {
    std::string out = "=";
    weir::append_text(out, value);
    REQUIRE(out.front() == '=');  // appends, and leaves what was there
    return out.substr(1);
}

struct View {
    std::string brand;
    double price = 0;
    std::optional<int> rating;
};

}  // namespace

TEST_CASE("values are spelled in their shortest form", "[metric]") {
    REQUIRE(text(true) == "true");
    REQUIRE(text(false) == "false");
    REQUIRE(text(0) == "0");
    REQUIRE(text(-7) == "-7");
    REQUIRE(text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    REQUIRE(text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    REQUIRE(text(42.99) == "42.99");
    REQUIRE(text(3.0) == "3");
    REQUIRE(text(0.1F) == "0.1");
    REQUIRE(text(*weir::Decimal::parse("42.990")) == "42.99");
    REQUIRE(text(weir::Duration{1500ms}) == "1500");
    REQUIRE(text("text") == "text");
    REQUIRE(text(std::string{"a:b\n"}) == "a:b\n");
    REQUIRE(text(std::string_view{}).empty());
    weir::Symbols symbols;
    REQUIRE(text(symbols.intern("brand")) == "brand");
    REQUIRE(text(weir::Symbol{}).empty());
}

TEST_CASE("an optional is spelled as its value, and nothing as nothing", "[metric]") {
    REQUIRE(text(std::optional<double>{2.5}) == "2.5");
    REQUIRE(text(std::optional<double>{}).empty());
    REQUIRE(text(std::optional<std::string>{"x"}) == "x");
    REQUIRE(text(std::optional<bool>{false}) == "false");
    REQUIRE(text(std::optional<std::optional<int>>{std::optional<int>{4}}) == "4");
}

TEST_CASE("zero and what is no number have one spelling each", "[metric]") {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    REQUIRE(text(-0.0) == "0");
    REQUIRE(text(nan) == "nan");
    REQUIRE(text(std::copysign(nan, -1.0)) == "nan");
    REQUIRE(text(std::numeric_limits<double>::infinity()) == "inf");
    REQUIRE(text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("a number reads back as itself", "[metric]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    for (int i = 0; i != 100'000; ++i) {
        const std::uint64_t bits = random();
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        if (!std::isfinite(value)) {
            continue;
        }
        const std::string written = text(value);
        double read = 0;
        const auto result = std::from_chars(written.data(), written.data() + written.size(), read);
        if (result.ec != std::errc{} || result.ptr != written.data() + written.size() || read != value) {
            FAIL(written << " does not read back");
        }
    }
    REQUIRE(text(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
    REQUIRE(text(std::numeric_limits<double>::denorm_min()) == "5e-324");
}

TEST_CASE("the usual aggregates have the usual spelling, empty or not", "[metric]") {
    const auto spell = [](auto aggregate, const std::vector<View>& views) {
        typename decltype(aggregate)::aggregator a{};
        for (const View& view : views) {
            weir::detail::add(a, weir_tests::at(0), view);
        }
        return text(aggregate.parser(a));
    };
    const std::vector<View> none;
    const std::vector<View> some{{"b", 1.5, {}}, {"a", 3, 4}, {"b", 3, 6}};
    REQUIRE(spell(weir::count, none) == "0");
    REQUIRE(spell(weir::count, some) == "3");
    REQUIRE(spell(weir::distinct<&View::brand>, none) == "0");
    REQUIRE(spell(weir::distinct<&View::brand>, some) == "2");
    REQUIRE(spell(weir::top<&View::brand>, none).empty());
    REQUIRE(spell(weir::top<&View::brand>, some) == "b");
    REQUIRE(spell(weir::mean<&View::price>, none) == "0");
    REQUIRE(spell(weir::mean<&View::price>, some) == "2.5");
    REQUIRE(spell(weir::sum<&View::price>, some) == "7.5");
    REQUIRE(spell(weir::min<&View::price>, none).empty());
    REQUIRE(spell(weir::max<&View::price>, some) == "3");
    REQUIRE(spell(weir::first<&View::brand>, some) == "b");
    REQUIRE(spell(weir::last<&View::rating>, some) == "6");
    REQUIRE(spell(weir::mean<&View::rating>, some) == "5");  // the view without a rating is not in it
    REQUIRE(spell(weir::count.parse([](const weir::Count& c) { return c.result() > 2; }), some) == "true");
}
