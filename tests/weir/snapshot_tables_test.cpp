// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/snapshot.hpp>

#include <stdexcept>

#include "snapshot_checks.hpp"
#include "snapshot_support.hpp"

using namespace weir_tests;

TEMPLATE_LIST_TEST_CASE("a table that was restored answers as the first one does from then on", "[snapshot]", Tables) {
    answers_alike_from_then_on<TestType>();
}

TEMPLATE_LIST_TEST_CASE("a damaged snapshot of a table is refused and changes nothing", "[snapshot]", Tables) {
    damage_is_refused<TestType>();
}

TEMPLATE_LIST_TEST_CASE("whatever a snapshot of a table says, it is refused or a valid object", "[snapshot]", Tables) {
    whatever_it_says_is_refused_or_valid<TestType>();
}

TEMPLATE_LIST_TEST_CASE("a snapshot in steps is that of the moment when it began", "[snapshot]", Tables) {
    const std::uint64_t seed = fresh_seed();
    CAPTURE(seed);
    SnapshotRandom random{seed};
    for (int round = 0; round != 30; ++round) {
        auto table = driven<TestType>(random, below(random, 600));
        auto alone = TestType::make();
        const SnapshotBytes at_once = weir::take_snapshot(table);
        weir::restore(alone, at_once);
        const SnapshotBytes answer = TestType::answer(table);
        const std::size_t keys = table.size();

        SnapshotBytes bytes;
        std::size_t calls = 0;
        {
            weir::SnapshotInSteps<typename TestType::Object> steps{table};
            const auto append = [&](std::span<const std::byte> piece) {
                bytes.insert(bytes.end(), piece.begin(), piece.end());
            };
            for (++calls; steps.write(1 + below(random, 5), append); ++calls) {
                for (std::size_t i = below(random, 20); i != 0; --i) {
                    SnapshotRandom same = random;
                    const bool alike = TestType::step(alone, same) == TestType::step(table, random);
                    REQUIRE(alike);  // it changes nothing
                }
            }
        }
        REQUIRE(calls >= (keys > 5 ? 2 : 1));
        REQUIRE(bytes.size() == at_once.size());
        auto restored = TestType::make();
        weir::restore(restored, bytes);
        REQUIRE((TestType::answer(restored) == answer));
        REQUIRE((TestType::answer(table) == TestType::answer(alone)));
    }
}

TEST_CASE("a snapshot in steps can be abandoned and begun again", "[snapshot]") {
    using Case = RollingByName<Spread>;
    SnapshotRandom random{3};
    auto table = driven<Case>(random, 300);
    {
        weir::SnapshotInSteps<Case::Object> steps{table};
        REQUIRE(steps.write(3, [](std::span<const std::byte>) {}));
    }
    for (int i = 0; i != 300; ++i) {
        static_cast<void>(Case::step(table, random));
    }
    auto restored = Case::make();
    weir::restore(restored, weir::take_snapshot(table));
    REQUIRE((Case::answer(restored) == Case::answer(table)));
}

TEST_CASE("a pipeline that was restored hands out what the first one does from then on", "[snapshot]") {
    const std::uint64_t seed = fresh_seed();
    CAPTURE(seed);
    SnapshotRandom random{seed};
    for (int round = 0; round != 30; ++round) {
        auto first = PipelineCase::make_pipeline();
        std::int64_t now = RandomTime{}.now;
        for (std::size_t i = below(random, 600); i != 0; --i) {
            static_cast<void>(PipelineCase::step(first, now, random));
        }
        // In steps, while an equal one is driven on alike.
        const SnapshotBytes at_once = weir::take_snapshot(first);
        auto twin = PipelineCase::make_pipeline();
        weir::restore(twin, at_once);
        SnapshotBytes bytes;
        std::int64_t later = now;
        weir::SnapshotInSteps<weir::Pipeline<ShopEvent>> steps{first};
        while (steps.write(1 + below(random, 5), [&](std::span<const std::byte> piece) {
            bytes.insert(bytes.end(), piece.begin(), piece.end());
        })) {
            std::int64_t same_time = later;
            SnapshotRandom same = random;
            const bool alike = PipelineCase::step(twin, same_time, same) == PipelineCase::step(first, later, random);
            REQUIRE(alike);
        }
        auto second = PipelineCase::make_pipeline();
        weir::restore(second, bytes);
        auto third = PipelineCase::make_pipeline();
        weir::restore(third, at_once);
        for (int step = 0; step != 300; ++step) {
            std::int64_t same_time = now;
            SnapshotRandom same = random;
            const bool alike = PipelineCase::step(second, same_time, same) == PipelineCase::step(third, now, random);
            REQUIRE(alike);
        }
    }
}

TEST_CASE("what was dropped is still missing in a pipeline that was restored", "[snapshot]") {
    using std::chrono::milliseconds;
    const auto make = [] {
        weir::Pipeline<ShopEvent> pipeline;
        pipeline.add(weir::lane<ShopEvent>("product")
                         .by(&ShopEvent::user)
                         .rolling(milliseconds{100})
                         .metric("views", weir::count));
        return pipeline;
    };
    const auto has_value = [](weir::Pipeline<ShopEvent>& pipeline, const std::string& key) {
        bool any = false;
        pipeline.drain([&](const weir::Metric& m) { any = any || (m.key == key && !m.erased); });
        return any;
    };
    auto first = make();
    const std::size_t keys = 20'000;  // in several rows
    for (std::size_t i = 0; i != keys; ++i) {
        first.process({at(1), "u" + std::to_string(i), {}});
    }
    first.advance_to(at(10));
    first.drain([](const weir::Metric&) {});
    REQUIRE(first.drop_idle(at(5), false, [](const weir::Metric&) {}) == keys);
    const SnapshotBytes bytes = weir::take_snapshot(first);
    for (const std::size_t i : {std::size_t{0}, keys / 2, keys - 1}) {
        auto second = make();
        weir::restore(second, bytes);
        const std::string key = "u" + std::to_string(i);
        second.process({at(20), key, {}});
        second.process({at(20), "new", {}});
        REQUIRE_FALSE(has_value(second, key));
        second.process({at(110), key, {}});
        second.advance_to(at(110));
        REQUIRE(has_value(second, key));
    }
}

TEST_CASE("a pipeline of other lanes or records that list no members is refused", "[snapshot]") {
    using Catch::Matchers::Contains;
    auto pipeline = PipelineCase::make_pipeline();
    weir::Pipeline<ShopEvent> other;
    other.add(weir::lane<ShopEvent>("product")
                  .by(&ShopEvent::user)
                  .rolling(std::chrono::minutes{5})
                  .metric("views", weir::count));
    REQUIRE_THAT(refusal(other, weir::take_snapshot(pipeline)), Contains("found one of \"Pipeline; RollingWindows<"));

    struct Opaque {
        weir::Timestamp time;
        std::string user;
        double price;
    };
    weir::Pipeline<Opaque> opaque;
    opaque.add(weir::lane<Opaque>("visit")
                   .by(&Opaque::user)
                   .rolling(std::chrono::minutes{5})
                   .metric("price", weir::mean<&Opaque::price>));
    REQUIRE_THROWS_WITH(weir::take_snapshot(opaque), Contains("records of lane \"visit\""));
    opaque.process({at(1), "u1", 2.5});  // and goes on
}

TEST_CASE("a key that comes twice is refused, however far apart, and nothing is restored", "[snapshot]") {
    const auto make = [] {
        weir::Pipeline<ShopEvent> pipeline;
        for (const char* const lane : {"first", "second"}) {
            pipeline.add(weir::lane<ShopEvent>(lane)
                             .by(&ShopEvent::user)
                             .rolling(std::chrono::milliseconds{100})
                             .metric("views", weir::count));
        }
        return pipeline;
    };
    const auto name = [](std::size_t i) {
        const std::string text = "u" + std::to_string(1000 + i);
        const auto* const first = reinterpret_cast<const std::byte*>(text.data());
        return SnapshotBytes(first, first + text.size());
    };
    auto full = make();
    for (std::size_t i = 0; i != 100; ++i) {
        full.process({at(1), "u" + std::to_string(1000 + i), {}});
    }
    const SnapshotBytes bytes = weir::take_snapshot(full);
    for (const auto& [first, second] :
         std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {3, 90}, {80, 95}, {82, 99}, {98, 99}}) {
        SnapshotBytes twice = bytes;
        const SnapshotBytes gone = name(second);
        const SnapshotBytes again = name(first);
        const auto place = std::find_end(twice.begin(), twice.end(), gone.begin(), gone.end());  // in the second lane
        REQUIRE(place != twice.end());
        std::copy(again.begin(), again.end(), place);
        REQUIRE(seal_again(twice));
        auto target = make();
        REQUIRE_THAT(refusal(target, twice), Catch::Matchers::Contains("wanted each key once"));
        REQUIRE(target.keys() == 0);
    }
}
