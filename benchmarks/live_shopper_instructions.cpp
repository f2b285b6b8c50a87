// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The hot paths, to have their instructions counted: scripts/check_instructions runs this under callgrind.
//
//     benchmark_live_shopper_instructions            names the paths
//     benchmark_live_shopper_instructions PATH       runs one; prints how many events `hot_path` took
//
// Everything is the same in each run: input, order, sizes. Windows are filled before counting begins. Paths take enough
// events for what happens rarely, such as a turn of the stacks or growing a table, to weigh what it weighs.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/hopping_window.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>

#include "engine.hpp"
#include "race/stream.hpp"
#include "race/visits.hpp"

/// What is counted. Its name is known to scripts/check_instructions.
extern "C" [[gnu::noinline]] void hot_path(const std::function<void()>& run) {
    run();
    __asm__ volatile("" ::: "memory");  // the call above must not become a jump: counting ends on return
}

namespace {

using namespace std::chrono_literals;
using weir::Bundle;
using weir::Count;
using weir::Max;
using weir::Sum;

template <class T>
void keep(const T& value) {
    __asm__ volatile("" : : "g"(&value) : "memory");
}

weir::Timestamp at(std::int64_t ms) { return weir::Timestamp{weir::Duration{ms}}; }

weir::Duration holding(std::size_t events) {
    return weir::Duration{static_cast<std::int64_t>(events) * race::mean_gap};
}

race::Stream stream_of(race::Disorder disorder) {
    return race::Stream{std::make_shared<const race::Arrivals>(disorder)};
}

std::size_t count(std::size_t events, const std::function<void(std::size_t)>& run) {
    void (*volatile path)(const std::function<void()>&) = hot_path;  // or a copy of it is called, by another name
    path([&] { run(events); });
    return events;
}

/// A window that holds `held` events and answers after each.
template <class Aggregator>
std::size_t window(std::size_t held, race::Disorder disorder = {}) {
    race::Stream stream = stream_of(disorder);
    weir::RollingWindow<Aggregator> window{holding(held)};
    const auto take = [&](std::size_t events) {
        for (; events != 0; --events) {
            const race::Event event = stream.next();
            window.insert(at(event.time), static_cast<weir::value_type_t<Aggregator>>(event.value));
            keep(window.result());
        }
    };
    take(held * 5 / 4);
    return count(40'000, take);
}

std::size_t lengths() {
    race::Stream stream = stream_of({});
    weir::RollingWindows<weir::Sum<double>> windows{{holding(14), holding(170), holding(4096)}};
    const auto take = [&](std::size_t events) {
        for (; events != 0; --events) {
            const race::Event event = stream.next();
            windows.insert(at(event.time), event.value);
            for (std::size_t i = 0; i != windows.count(); ++i) {
                keep(windows.result(i));
            }
        }
    };
    take(5000);
    return count(40'000, take);
}

std::size_t keyed(bool drained) {
    using Window = weir::RollingWindow<weir::Sum<double>>;
    constexpr std::size_t keys = 1000;
    race::KeyedStream stream{std::make_shared<const race::Arrivals>(race::Disorder{}), keys, false};
    weir::KeyedWindows<std::uint64_t, Window> windows{Window{holding(keys * 10)}};
    const auto take = [&](std::size_t events) {
        for (std::size_t i = 0; i != events; ++i) {
            const race::KeyedEvent event = stream.next();
            windows.update(event.key, [&](auto& w) {
                const bool taken = w.insert(at(event.time), event.value);
                keep(w.result());
                return taken;
            });
            if (drained && i % 100 == 99) {
                windows.advance_to(at(event.time));
                windows.drain([](std::uint64_t, const auto& w) { keep(w.result()); });
            }
        }
    };
    take(20'000);
    return count(40'000, take);
}

std::size_t sessions() {
    using Visit = weir::SessionWindow<weir::Duration, weir::Sum<double>>;
    race::Stream stream = stream_of({0.1, 10});
    Visit visits{3s, 20s};
    const auto take = [&](std::size_t events) {
        for (; events != 0; --events) {
            const race::Event event = stream.next();
            keep(visits.insert(at(event.time), event.value));
            visits.advance_to(at(event.time), [](const auto& session) { keep(session.aggregate.result()); });
        }
    };
    take(1000);
    return count(40'000, take);
}

std::size_t hopping() {
    race::Stream stream = stream_of({0.1, 10});
    weir::HoppingWindow<Sum<double>, weir::Duration, weir::Duration> window{60s, 5s, {.lateness = 20s}};
    const auto take = [&](std::size_t events) {
        for (; events != 0; --events) {
            const race::Event event = stream.next();
            keep(window.insert(at(event.time), event.value));
            window.advance_to(at(event.time), [](const auto& closed) { keep(closed.aggregate.result()); });
        }
    };
    take(1000);
    return count(40'000, take);
}

std::size_t decode(const char* file) {
    const auto records = race::read_lines(file);
    live_shopper::Decoder decoder{live_shopper::CartTotal::by_form};
    live_shopper::ShopEvent event;
    const auto take = [&](std::size_t rounds) {
        for (; rounds != 0; --rounds) {
            for (const std::string& record : records) {
                if (decoder.decode(record, event, true) != live_shopper::DecodeError::none) {
                    std::abort();
                }
                keep(event);
            }
        }
    };
    take(2);
    return count(20, take) * records.size();
}

/// All lanes, `shards` 1, values written every 100 ms: what is counted is the engine, decoding included.
std::size_t lanes() {
    race::Visits visits{20};
    live_shopper::Engine engine{live_shopper::Settings{}};
    weir::Timestamp drained{};
    const auto take = [&](std::size_t events) {
        for (; events != 0; --events) {
            const live_shopper::ShopEvent& event = visits.next();
            engine.accept(event, event.time);
            if (event.time - drained >= 100ms) {
                drained = event.time;
                engine.advance_to(drained);
                engine.drain([](const live_shopper::Write& write) { keep(write); });
            }
        }
    };
    take(1000);
    return count(3000, take);
}

const std::map<std::string_view, std::function<std::size_t()>> paths{
    {"window-sum", [] { return window<Sum<double>>(4096); }},
    {"window-sum-few", [] { return window<Sum<double>>(4); }},
    {"window-integer-sum", [] { return window<Sum<std::int64_t>>(4096); }},
    {"window-max", [] { return window<Max<double>>(4096); }},
    {"window-bundle", [] { return window<Bundle<Count, Sum<double>, weir::Min<double>, Max<double>>>(4096); }},
    {"window-distinct", [] { return window<weir::Distinct<std::int64_t>>(4096); }},
    {"window-sum-disordered",
     [] {
         return window<Sum<double>>(4096, {0.1, 100});
     }},
    {"window-max-disordered",
     [] {
         return window<Max<double>>(4096, {0.1, 100});
     }},
    {"windows-three-lengths", lengths},
    {"keyed-update", [] { return keyed(false); }},
    {"keyed-update-drained", [] { return keyed(true); }},
    {"sessions", sessions},
    {"hopping", hopping},
    {"decode-json", [] { return decode("shop_visit.jsonl"); }},
    {"decode-tsv", [] { return decode("shop_visit.tsv"); }},
    {"lanes", lanes},
};

}  // namespace

int main(int arguments, char** argument) {
    if (arguments != 2) {
        for (const auto& path : paths) {
            std::puts(std::string{path.first}.c_str());
        }
        return 0;
    }
    const auto path = paths.find(argument[1]);
    if (path == paths.end()) {
        std::fprintf(stderr, "no path %s\n", argument[1]);
        return 2;
    }
    std::printf("events %zu\n", path->second());
    return 0;
}
