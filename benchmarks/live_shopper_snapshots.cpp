// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What a snapshot costs a job with many shoppers: how long each step of it keeps the stream, beside 2,000 events a
// second that are taken and drained every 100 ms as the job does, and how long taking it up takes beside decoding and
// taking the same events again.
//
//     benchmark_live_shopper_snapshots [KEYS]

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <span>
#include <string>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <weir/snapshot.hpp>

#include "decoder.hpp"
#include "engine.hpp"
#include "metrics.hpp"
#include "reader.hpp"
#include "snapshots.hpp"

namespace {

using namespace live_shopper;
using namespace std::chrono_literals;

constexpr weir::Timestamp start{1'750'000'000'000ms};

// Of processor time, so that other programs do not count.
double now_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double milliseconds_since(double begin) { return now_ms() - begin; }

/// In memory: the disk has a thread of its own.
class Kept final : public SnapshotStore {
public:
    void begin() override { bytes.reserve(std::size_t{2} << 30U); }  // or it would be copied as it grows
    void append(std::vector<std::byte> part) override { bytes.insert(bytes.end(), part.begin(), part.end()); }
    void complete() override { is_kept = true; }
    void abandon() override {}
    [[nodiscard]] State state() const override { return is_kept ? State::kept : State::open; }
    [[nodiscard]] bool full() const override { return false; }
    std::vector<std::string> names() override { return {"the one"}; }
    std::optional<Bytes> read(const std::string& /*name*/) override { return Bytes{bytes, nullptr}; }

    std::vector<std::byte> bytes;
    bool is_kept = false;
};

std::string payload(std::uint64_t n, std::uint64_t visitor, weir::Timestamp t) {
    const std::uint64_t product = n * 7919 % 5'000;
    const char* const type = n % 8 == 0 ? "add_to_cart" : n % 8 == 1 ? "list_view" : "product_view";
    const auto s = std::chrono::floor<std::chrono::seconds>(t);
    return fmt::format(
        R"({{"id":"{:08x}-0000-4000-8000-{:012x}","type":"{}","timestamp":"{:%Y-%m-%dT%H:%M:%S}Z","payload":{{"list":{{"name":"list {}"}},"product":{{"id":"product-{}","brand":"brand {}","category":"category {}","price":{}.5}}}},"enrich":{{"user":{{"user_id":null,"domain_userid":"visitor-{:036}"}},"platform":"web"}},"session":{{"sessionId":"session-{:036}"}}}})",
        n >> 32U, n, type, fmt::gmtime(std::chrono::system_clock::to_time_t(s)), product % 50, product, product % 200,
        product % 100, product % 90, visitor, visitor);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    Engine engine{Settings{}};
    EventReader reader{CartTotal::by_form, Decoder::default_limit, 100ms};
    reader.begin(1, start);
    std::uint64_t made = 0;
    weir::Timestamp now = start;
    std::uint64_t visitors = 1;
    std::string text;
    const auto take = [&](Engine& to, EventReader& by, std::uint64_t n, std::uint64_t visitor, weir::Timestamp t) {
        text = payload(n, visitor, t);
        text.reserve(text.size() + Decoder::padding);
        Record record;
        record.payload = text;
        record.offset = static_cast<std::int64_t>(n);
        by.take(record, t, t, true, to);
    };
    const auto drain = [&] {
        engine.advance_to(now);
        engine.drain([](const Write&) {});
    };
    // Four events a visitor in three quarters of an hour, so that all of them are at work.
    while (engine.keys() < wanted) {
        for (int i = 0; i != 20'000; ++i, ++made) {
            take(engine, reader, made, made / 4, now);
        }
        visitors = made / 4;
        now += 100ms;
        drain();
    }
    fmt::print("{} keys of {} visitors, {} events, {} MB\n", engine.keys(), visitors, made,
               engine.memory_in_use() >> 20U);

    Metrics metrics;
    Kept kept;
    Snapshots snapshots{SnapshotOptions{.owner = "benchmark"}, kept, metrics};
    const std::uint64_t begun_at = made;
    std::vector<double> steps;
    std::vector<double> turns;
    double begin = now_ms();
    snapshots.begin(now, EngineState{engine, reader, 1, now}, {{"events", 0, static_cast<std::int64_t>(made), now, {}}},
                    "run");
    steps.push_back(milliseconds_since(begin));
    for (int turn = 0; !kept.is_kept; ++turn) {
        // Ten turns a flush.
        begin = now_ms();
        for (int i = 0; i != 20; ++i, ++made) {
            take(engine, reader, made, made * 31 % visitors, now);
        }
        if (turn % 10 == 0) {
            now += 100ms;
            drain();
        }
        turns.push_back(milliseconds_since(begin));
        begin = now_ms();
        snapshots.committed(0, static_cast<std::int64_t>(made));
        snapshots.step();
        steps.push_back(milliseconds_since(begin));
    }
    std::sort(steps.begin(), steps.end());
    std::sort(turns.begin(), turns.end());
    double sum = 0;
    for (const double step : steps) {
        sum += step;
    }
    fmt::print(
        "snapshot: {} MB, {} steps, {:.0f} ms in all; a step: median {:.2f} ms, 99 % {:.2f} ms, longest {:.2f} ms\n",
        kept.bytes.size() >> 20U, steps.size(), sum, steps[steps.size() / 2], steps[steps.size() * 99 / 100],
        steps.back());
    fmt::print("turns meanwhile: median {:.2f} ms, 99 % {:.2f} ms, longest {:.2f} ms\n", turns[turns.size() / 2],
               turns[turns.size() * 99 / 100], turns.back());

    const std::vector<Partition> partitions{
        {"events", 0, 0, static_cast<std::int64_t>(made), static_cast<std::int64_t>(made), ""}};
    const std::vector<std::int64_t> first{0};
    Engine restored{Settings{}};
    EventReader other{CartTotal::by_form, Decoder::default_limit, 100ms};
    begin = now_ms();
    EngineState state{restored, other, 1, now};
    const bool taken = snapshots.restore(partitions, first, state).has_value();
    const double restoring = milliseconds_since(begin);
    begin = now_ms();
    restored.restored();
    const double marking = milliseconds_since(begin);
    if (!taken) {
        return 1;
    }
    Engine again{Settings{}};
    EventReader by{CartTotal::by_form, Decoder::default_limit, 100ms};
    by.begin(1, start);
    double making = 0;
    begin = now_ms();
    for (std::uint64_t n = 0; n != begun_at; ++n) {
        static_cast<void>(payload(n, n / 4, start));
    }
    making = milliseconds_since(begin);
    begin = now_ms();
    for (std::uint64_t n = 0; n != begun_at; ++n) {
        take(again, by, n, n / 4, start + static_cast<std::int64_t>(n / 20'000) * 100ms);
    }
    fmt::print("taken up in {:.0f} ms, and {:.0f} ms to have all values written; {} events taken again in {:.0f} ms\n",
               restoring, marking, begun_at, milliseconds_since(begin) - making);
    return 0;
}
