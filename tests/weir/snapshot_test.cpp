// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/snapshot.hpp>

#include "random_stream.hpp"
#include "snapshot_checks.hpp"
#include "snapshot_support.hpp"

using namespace weir_tests;
using weir::restore;
using weir::take_snapshot;

namespace {

using Catch::Matchers::Contains;

}  // namespace

TEMPLATE_LIST_TEST_CASE("an aggregator that was restored answers as the first one does from then on", "[snapshot]",
                        Aggregators) {
    answers_alike_from_then_on<TestType>();
}

TEMPLATE_LIST_TEST_CASE("a damaged snapshot of an aggregator is refused and changes nothing", "[snapshot]",
                        Aggregators) {
    damage_is_refused<TestType>();
}

TEMPLATE_LIST_TEST_CASE("whatever a snapshot of an aggregator says, it is refused or a valid object", "[snapshot]",
                        Aggregators) {
    whatever_it_says_is_refused_or_valid<TestType>();
}

TEST_CASE("a snapshot of something else is refused in words", "[snapshot]") {
    weir::Mean<double> mean;
    mean.add(3);
    const SnapshotBytes bytes = take_snapshot(mean);
    weir::Sum<double> sum;
    REQUIRE_THAT(refusal(sum, bytes), Contains("wanted a snapshot of \"Sum<f64>\", found one of \"Mean<f64>\""));
    weir::Mean<int> integers;
    REQUIRE_THAT(refusal(integers, bytes), Contains("\"Mean<i32>\""));
    weir::SessionWindow<std::chrono::minutes, OfSales> sales{std::chrono::minutes{5}};
    REQUIRE_THAT(refusal(sales, bytes),
                 Contains("SessionWindow<i64*60/1s,Bundle<Projected<Variance<f64>,{u32,f64,text,u8?}>,"));

    REQUIRE_THAT(refusal(mean, {}), Contains("at byte 0: wanted a snapshot"));
    SnapshotBytes other = bytes;
    other[0] = std::byte{'{'};
    REQUIRE_THAT(refusal(mean, other), Contains("wanted a snapshot, found other bytes"));
    other = bytes;
    std::reverse(other.begin() + 8, other.begin() + 12);
    REQUIRE_THAT(refusal(mean, other), Contains("wanted little-endian bytes, found big-endian ones"));
    other = bytes;
    other[12] = std::byte{2};
    REQUIRE_THAT(refusal(mean, other), Contains("wanted version 1 of the format, found 2"));
    other = bytes;
    other.back() ^= std::byte{1};
    REQUIRE_THAT(refusal(mean, other), Contains("checksum"));
    other = bytes;
    other.insert(other.end(), bytes.begin(), bytes.end());
    REQUIRE_FALSE(refusal(mean, other).empty());
    REQUIRE(mean.result() == 3.0);
}

TEST_CASE("other parameters are refused in words", "[snapshot]") {
    using std::chrono::minutes;
    const weir::SessionWindow<minutes, weir::Count> visits{minutes{30}};
    weir::SessionWindow<minutes, weir::Count> others{minutes{20}};
    REQUIRE_THAT(refusal(others, take_snapshot(visits)), Contains("wanted a gap of 1200000, found 1800000"));
    weir::CountWindow<weir::Sum<int>> last{10};
    REQUIRE_THAT(refusal(last, take_snapshot(weir::CountWindow<weir::Sum<int>>{11})),
                 Contains("wanted a length of 10, found 11"));
    weir::PanedWindow<weir::Count> panes{minutes{10}, minutes{1}};
    REQUIRE_THAT(refusal(panes, take_snapshot(weir::PanedWindow<weir::Count>{minutes{10}, minutes{2}})),
                 Contains("wanted a resolution of 60000, found 120000"));
    weir::TumblingWindow<weir::Count, minutes> days{minutes{1440}};
    REQUIRE_THAT(refusal(days, take_snapshot(
                                   weir::TumblingWindow<weir::Count, minutes>{minutes{1440}, {.offset = minutes{60}}})),
                 Contains("wanted an offset of 0, found 3600000"));
}

TEST_CASE("bytes are the same on every machine", "[snapshot]") {
    weir::Variance<int> variance;
    variance.add(7);
    const std::string wanted =
        "89776569720d0a1a"                    // magic
        "04030201"                            // order
        "01000000"                            // version
        "2100000000000000"                    // length
        "0d00000056617269616e63653c6933323e"  // name: Variance<i32>
        "01000000000000000100000000000000"    // one section, of one row
        "81913409e56a470f"                    // checksum
        "00000000"                            // section 0
        "01000000"                            // one row
        "0000000000000000"                    // piece 0
        "1800000000000000"                    // length
        "0100000000000000"                    // how many
        "0000000000001c40"                    // their mean, 7.0
        "0000000000000000"                    // the squares
        "caff1618e19dd09d";
    std::string found;
    for (const std::byte b : take_snapshot(variance)) {
        found += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
        found += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
    }
    REQUIRE(found == wanted);
}

TEST_CASE("symbols come back in the table that is given", "[snapshot]") {
    weir::Symbols symbols;
    weir::Top<weir::Symbol> brand;
    brand.add(at(1), symbols.intern("Ferrante"));
    brand.add(at(2), weir::Symbol{});
    brand.add(at(3), symbols.intern("Ferrante"));
    const SnapshotBytes bytes = take_snapshot(brand);
    weir::Symbols others;
    weir::Top<weir::Symbol> back;
    restore(back, bytes, &others);
    REQUIRE(back.result() == others.intern("Ferrante"));
    REQUIRE(others.size() == 1);
    REQUIRE_THAT(refusal(back, bytes), Contains("wanted a table of symbols to read into, found none"));
    weir::Top<std::string> texts;  // the bytes are the same
    restore(texts, bytes);
    REQUIRE(texts.result() == "Ferrante");
}
