// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/snapshot_stream.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/decimal.hpp>

using Catch::Matchers::Contains;
using weir::SnapshotError;

namespace shop {

enum class Kind : std::uint8_t { view, buy };
struct Opaque {
    std::uint32_t hidden = 0;
};
template <class Writer>
void save(Writer& out, const Opaque& x) {
    out.write(x.hidden + 1);
}
template <class Reader>
void load(Reader& in, Opaque& x) {
    x.hidden = in.template read<std::uint32_t>() - 1;
}
struct Even {
    int value = 0;
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Even::value);
    }
    [[nodiscard]] bool snapshot_valid() const { return value % 2 == 0; }
};
struct Closed {
    explicit Closed(int) {}
};

}  // namespace shop

static_assert(weir::Snapshottable<shop::Kind> && weir::Snapshottable<shop::Opaque>);
static_assert(!weir::Snapshottable<shop::Closed> && !weir::Snapshottable<std::vector<shop::Closed>>);

TEST_CASE("all kinds of values come back as they were", "[snapshot]") {
    const std::tuple values{
        std::vector<bool>{true, false, true},
        std::array<std::pair<shop::Kind, std::optional<double>>, 2>{std::pair{shop::Kind::buy, std::optional{-0.0}},
                                                                    std::pair{shop::Kind::view, std::nullopt}},
        std::vector<std::string>{"", "one", std::string(1000, 'x')},
        std::numeric_limits<std::int8_t>::min(),
        -1.25L,
        weir::Decimal{-3},
        weir::Decimal::from_millionths(-1),
        std::chrono::duration<double>{0.25}};
    weir::SnapshotWriter out;
    out.write(values, shop::Opaque{5}, shop::Even{4});
    weir::SnapshotReader in{std::as_const(out).bytes()};
    std::remove_const_t<decltype(values)> back;
    shop::Opaque opaque;
    shop::Even even;
    in.read(back, opaque, even);
    REQUIRE((back == values));
    REQUIRE(std::signbit(*std::get<1>(back)[0].second));
    REQUIRE(opaque.hidden == 5);
    REQUIRE(even.value == 4);
    REQUIRE(in.remaining() == 0);

    out.clear();
    out.write(shop::Even{3});
    weir::SnapshotReader odd{std::as_const(out).bytes(), nullptr, 100};
    REQUIRE_THROWS_WITH(odd.read(even), Contains("at byte 104: wanted a value of {i32}"));
    out.clear();
    out.write_count(std::size_t{1} << 60);
    weir::SnapshotReader many{std::as_const(out).bytes()};
    REQUIRE_THROWS_AS(many.read<std::vector<double>>(), SnapshotError);  // and not std::bad_alloc
    out.clear();
    out.write(std::uint32_t{0xFFFF'FFFF});
    weir::SnapshotReader text{std::as_const(out).bytes()};
    REQUIRE_THROWS_AS(text.read<std::string>(), SnapshotError);
}
