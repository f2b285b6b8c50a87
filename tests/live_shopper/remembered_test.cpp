// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "remembered.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <weir/snapshot.hpp>

using namespace std::chrono_literals;
using live_shopper::Remembered;
using weir::Timestamp;

namespace {

using Ids = Remembered<std::uint64_t>;

constexpr Timestamp begin{std::chrono::hours{500'000}};

// As one section, at once.
Ids copy_by_rows(const std::vector<std::vector<std::byte>>& rows) {
    Ids out;
    for (const auto& row : rows) {
        weir::SnapshotReader in{row};
        out.read_row(in);
        REQUIRE(in.remaining() == 0);
    }
    return out;
}

// Keeps the rows of a snapshot, without the frame of their pieces.
struct Rows {
    std::vector<std::vector<std::byte>> all;

    void operator()(const weir::SnapshotWriter& piece, std::uint32_t section, std::uint32_t rows) {
        CHECK(section == 3);
        CHECK(rows == 1);
        const auto bytes = piece.bytes().subspan(weir::detail::piece_head);
        all.emplace_back(bytes.begin(), bytes.end());
    }
};

}  // namespace

TEST_CASE("the latest time of a key is remembered until its five minutes are over", "[remembered]") {
    Ids ids;
    CHECK(ids.find(1) == nullptr);
    ids.add(1, begin + 1min);
    ids.add(2, begin + 4min + 59s);
    ids.add(1, begin);
    REQUIRE(ids.find(1) != nullptr);
    CHECK(*ids.find(1) == begin + 1min);
    ids.forget(begin + 5min - 1ms);
    CHECK(ids.size() == 2);
    ids.add(2, begin + 5min);
    ids.forget(begin + 5min);
    CHECK(ids.find(1) == nullptr);
    REQUIRE(ids.find(2) != nullptr);
    CHECK(*ids.find(2) == begin + 5min);
    ids.forget(begin + 10min);
    CHECK(ids.empty());
    CHECK(ids.size() == 0);
    // The same five minutes again.
    ids.add(3, begin);
    ids.forget(begin + 5min);
    CHECK(ids.empty());
}

TEST_CASE("a key is refused or taken by the time that is known of it", "[remembered]") {
    Ids ids;
    const auto if_later = [&](Timestamp t) {
        return ids.add_unless(1, t, [&](Timestamp known) { return t <= known; });
    };
    CHECK(if_later(begin));
    CHECK_FALSE(if_later(begin));
    CHECK(if_later(begin + 1h));
    CHECK_FALSE(if_later(begin + 30min));
    CHECK(*ids.find(1) == begin + 1h);
}

TEST_CASE("what is remembered, forgotten and kept in snapshots is what a map says", "[remembered]") {
    const auto seed = GENERATE(range(1U, 13U));
    std::mt19937 random{seed};
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random); };
    const bool many = seed % 3 == 0;  // in one stretch
    Ids ids;
    std::map<std::uint64_t, Timestamp> model;
    std::map<std::uint64_t, Timestamp> at_begin;
    Timestamp now = begin;
    Timestamp horizon = begin;
    Timestamp horizon_at_begin = begin;
    std::unique_ptr<Rows> rows;
    std::size_t snapshots = 0;
    for (int step = 0; step != 40'000; ++step) {
        if (!many || below(100) == 0) {
            now += std::chrono::milliseconds{below(2000)};
        }
        const auto key = below(20) == 0 ? below(100) : random();
        const auto t = now - std::chrono::milliseconds{below(4) == 0 ? below(600'000) : 0};
        ids.add(key, t);
        const auto [known, is_new] = model.emplace(key, t);
        known->second = std::max(known->second, t);
        if (below(100) == 0) {
            // Never more than the map may forget, and sometimes less of it.
            horizon = std::max(horizon, now - 20min);
            ids.forget(horizon, below(2) == 0 ? std::size_t{1} << 40 : 1 + below(5000));
        }
        if (!rows && below(2000) == 0) {
            rows = std::make_unique<Rows>();
            static_cast<void>(ids.begin_snapshot());
            at_begin = model;
            horizon_at_begin = horizon;
        } else if (rows) {
            std::size_t keys = below(200);
            const bool more = ids.continue_snapshot(
                keys, [&](const weir::SnapshotWriter& p, std::uint32_t s, std::uint32_t r) { (*rows)(p, s, r); }, 3);
            if (!more) {
                ids.end_snapshot();
                const Ids copy = copy_by_rows(std::exchange(rows, nullptr)->all);
                ++snapshots;
                for (const auto& [id, time] : at_begin) {
                    if (time >= horizon_at_begin) {
                        REQUIRE(copy.find(id) != nullptr);
                        REQUIRE(*copy.find(id) == time);
                    }
                }
            }
        }
        if (step % 5000 == 4999) {
            ids.forget(horizon);
            std::size_t left = 0;
            for (const auto& [id, time] : model) {
                const auto* const found = ids.find(id);
                // Only whole stretches are forgotten.
                const bool over = Ids::stretch_of(time) + Ids::Stretch::duration{1} <= horizon;
                REQUIRE((found == nullptr) == over);
                REQUIRE((over || *found == time));
                left += over ? 0 : 1;
            }
            REQUIRE(ids.size() == left);
            std::erase_if(model, [&](const auto& entry) {
                return Ids::stretch_of(entry.second) + Ids::Stretch::duration{1} <= horizon;
            });
        }
    }
    CHECK(snapshots > 2);
}

TEST_CASE("keys are forgotten some at a time", "[remembered]") {
    Ids ids;
    for (std::uint64_t key = 0; key != 20'000; ++key) {
        ids.add(key, begin);
    }
    ids.forget(begin + 5min, 4096);
    CHECK(ids.size() == 20'000 - 4096);
    ids.add(30'000, begin - 1h);  // older still
    ids.forget(begin + 5min, 4096);
    CHECK(ids.find(30'000) == nullptr);
    for (int i = 0; i != 10; ++i) {
        ids.forget(begin + 5min, 4096);
    }
    CHECK(ids.empty());
    CHECK(ids.size() == 0);
}

TEST_CASE("a row of a snapshot that cannot be is refused", "[remembered]") {
    weir::SnapshotWriter out;
    out.write(Ids::stretch_of(begin));
    out.write_count(1);
    out.write(std::uint64_t{1}, std::uint32_t{300'000});
    Ids ids;
    weir::SnapshotReader in{std::as_const(out).bytes()};
    CHECK_THROWS_AS(ids.read_row(in), weir::SnapshotError);
}
