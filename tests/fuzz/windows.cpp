// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Bytes become operations on windows, each held against its slow model after every operation.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/changes.hpp>
#include <weir/aggregators/count.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/aggregators/top.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>

#include "../weir/slow_sessions.hpp"
#include "../weir/slow_windows.hpp"
#include "bytes.hpp"

namespace {

using namespace std::chrono_literals;
using weir::Duration;
using weir::Timestamp;
using weir_tests::Bytes;
using weir_tests::check;

template <class T>
void fuzz_rolling(Bytes bytes) {
    std::vector<Duration> lengths;
    for (std::size_t i = bytes.next() % 3 + 1U; i != 0; --i) {
        const std::uint8_t length = bytes.next();
        lengths.push_back(length == 255 ? Duration::max() : Duration{1 + length});
    }
    const std::uint8_t beyond = bytes.next();
    const Duration keep = beyond == 255 ? Duration::max() : Duration{beyond};
    struct Pair {
        weir::RollingWindows<T> fast;
        weir_tests::SlowWindows<T> slow;
    };
    Pair keys[2] = {{weir::RollingWindows<T>{lengths, keep}, weir_tests::SlowWindows<T>{lengths, keep}},
                    {weir::RollingWindows<T>{lengths, keep}, weir_tests::SlowWindows<T>{lengths, keep}}};
    std::int64_t latest = 0;
    while (!bytes.empty()) {
        const std::uint8_t operation = bytes.next();
        Pair& key = keys[operation >> 7];
        Pair& other = keys[1 - (operation >> 7)];
        switch (operation % 8) {
            case 0: {
                const Timestamp now = bytes.time(latest);
                key.fast.advance_to(now);
                key.slow.advance_to(now);
                break;
            }
            case 1: {
                const int modulus = bytes.next() % 4 + 1;
                std::vector<std::pair<Timestamp, int>> moved;
                key.fast.extract_if([&](Timestamp, int x) { return x % modulus == 0; },
                                    [&](Timestamp t, int x) { moved.emplace_back(t, x); });
                const auto rows = key.slow.extract_if([&](Timestamp, int x) { return x % modulus == 0; });
                check(moved.size() == rows.size(), "extract_if");
                for (std::size_t i = 0; i != rows.size(); ++i) {
                    check(moved[i].first == rows[i].time && moved[i].second == rows[i].value, "the order of a move");
                    check(other.fast.insert(moved[i].first, moved[i].second) ==
                              other.slow.insert(rows[i].time, rows[i].value),
                          "insert after a move");
                }
                break;
            }
            default: {
                const Timestamp t = bytes.time(latest);
                const int x = bytes.next() % 16;
                check(key.fast.insert(t, x) == key.slow.insert(t, x), "insert");
            }
        }
        for (const Pair& pair : keys) {
            const std::string differs = weir_tests::difference(pair.fast, pair.slow, weir_tests::FromScratch{});
            check(differs.empty(), differs.c_str());
        }
    }
}

void fuzz_sessions(Bytes bytes) {
    using T = weir::Bundle<weir::Sum<int>, weir::First<int>, weir::Last<int>, weir::Changes<int>>;
    const std::uint8_t wide_gap = bytes.next();
    const Duration gap = wide_gap == 255 ? Duration::max() : Duration{1 + wide_gap};
    const std::uint8_t held = bytes.next();
    const Duration lateness = held == 255 ? Duration::max() : Duration{held};
    weir::SessionWindow<Duration, T> fast{gap, lateness};
    weir_tests::SlowSessions<int> slow{gap, lateness};
    const auto same = [](const weir::Session<T>& session, const auto& group) {
        T values;
        for (const auto& row : group) {
            values.add(row.time, row.value);
        }
        return session.first == group.front().time && session.last == group.back().time &&
               session.size == group.size() && session.aggregate.result() == values.result();
    };
    std::int64_t latest = 0;
    while (!bytes.empty()) {
        const bool advance = bytes.next() % 4 == 0;
        const Timestamp t = bytes.time(latest);
        if (advance) {
            std::vector<weir::Session<T>> closed;
            fast.advance_to(t, [&](const auto& session) { closed.push_back(session); });
            const auto expected = slow.advance_to(t);
            check(std::equal(closed.begin(), closed.end(), expected.begin(), expected.end(), same), "what closes");
        } else {
            const int x = bytes.next() % 8;
            check(fast.insert(t, x) == slow.insert(t, x), "the outcome of an insert");
        }
        const auto groups = slow.groups();
        check(std::equal(fast.sessions().begin(), fast.sessions().end(), groups.begin(), groups.end(), same),
              "the open sessions");
        check(
            fast.now() == slow.now() && fast.forgettable() == slow.forgettable() && fast.next_due() == slow.next_due(),
            "now, forgettable or next_due");
    }
}

template <class Window, class Same>
void fuzz_keyed(Bytes bytes, const Window& prototype, Same same) {
    weir::KeyedWindows<std::uint8_t, Window> fast{prototype};
    struct Slow {
        Window window;
        bool marked = false;
    };
    std::map<std::uint8_t, Slow> slow;
    Timestamp now = Timestamp::min();
    std::int64_t latest = 0;
    while (!bytes.empty()) {
        const std::uint8_t operation = bytes.next();
        const auto key = static_cast<std::uint8_t>(operation >> 4);
        if (operation % 8 == 0) {
            std::size_t handed = 0;
            fast.drain([&](std::uint8_t k, auto& window) {
                const auto found = slow.find(k);
                check(found != slow.end() && found->second.marked, "a key is handed out that has not changed");
                window.advance_to(now);
                check(same(window, found->second.window), "a drained window");
                ++handed;
            });
            std::size_t marked = 0;
            for (auto& [k, s] : slow) {
                marked += s.marked ? 1 : 0;
                s.marked = false;
            }
            check(handed == marked, "how many keys a drain hands out");
            std::erase_if(slow, [](const auto& entry) { return entry.second.window.empty(); });
        } else if (operation % 8 < 3) {
            const Timestamp t = bytes.time(latest);
            fast.advance_to(t);
            now = std::max(now, t);
            for (auto& [k, s] : slow) {
                const bool before = s.window.empty();
                const bool changed = s.window.advance_to(now);
                s.marked = s.marked || changed || (!before && s.window.empty());
            }
        } else {
            const Timestamp t = bytes.time(latest);
            const int x = bytes.next();
            Slow& s = slow.try_emplace(key, Slow{prototype}).first->second;
            const bool changed = s.window.advance_to(now);
            const bool kept = s.window.insert(t, x);
            s.marked = s.marked || changed || kept || s.window.empty();
            bool taken = false;
            const auto insert = [&](auto& window, int item) { return taken = window.insert(t, item); };
            if (x % 2 == 0) {
                fast.update(key, [&](auto& window) { return insert(window, x); });
            } else {
                fast.update_each(
                    std::array{x}, [&](int) { return key; }, insert);
            }
            check(taken == kept, "update");
        }
        std::optional<Timestamp> next;
        for (const auto& [k, s] : slow) {
            const auto window = fast.find(k);
            check(static_cast<bool>(window), "a key is missing");
            auto copy = static_cast<Window>(*window);
            copy.advance_to(now);
            check(same(copy, s.window), "a window");
            const auto due = s.window.next_expiry();
            next = due && (!next || *due < *next) ? due : next;
        }
        check(fast.size() == slow.size() && fast.now() == now, "size or now");
        // At the end of time nothing is due any more.
        check(!next || now == Timestamp::max() || (fast.next_due() && *fast.next_due() <= *next), "next_due");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t most = 400;  // the slow models are
    Bytes bytes{data, std::min(size, most)};
    switch (bytes.next() % 6) {
        case 0:
            fuzz_rolling<weir::Sum<int>>(bytes);
            break;
        case 1:
            fuzz_rolling<weir::MinMax<int>>(bytes);
            break;
        case 2:
            fuzz_rolling<weir::Bundle<weir::Count, weir::Top<int>, weir::Max<int>, weir::Changes<int>>>(bytes);
            break;
        case 3:
            fuzz_sessions(bytes);
            break;
        case 4: {
            using Window = weir::RollingWindows<weir::Sum<int>>;
            const Window prototype{{Duration{1 + bytes.next()}, Duration{1 + bytes.next()}}, Duration{bytes.next()}};
            fuzz_keyed(bytes, prototype, [](const auto& a, const auto& b) {
                return a.result(0) == b.result(0) && a.result(1) == b.result(1) && a.size() == b.size();
            });
            break;
        }
        default: {
            const auto same = [](const auto& a, const auto& b) {
                return a.result() == b.result() && a.size() == b.size() && a.now() == b.now() &&
                       a.next_expiry() == b.next_expiry();
            };
            // Lengths of which the times between events take more than 32 bits, and more than 40.
            const std::uint8_t kind = bytes.next();
            const Duration length{std::int64_t{1 + bytes.next()} << (kind % 8 < 2 ? kind % 8 * 16 + 24 : 0)};
            if (kind % 2 == 0) {
                fuzz_keyed(bytes, weir::RollingWindow<weir::Sum<int>>{length}, same);
            } else {
                fuzz_keyed(bytes, weir::RollingWindow<weir::Max<int>>{length}, same);
            }
            break;
        }
    }
    return 0;
}
