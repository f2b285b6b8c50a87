// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/keyed_windows.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/aggregators/count.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/min_max.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>

#include "slow_windows.hpp"

using namespace std::chrono_literals;
using weir::KeyedWindows;
using weir::RollingWindow;
using weir::RollingWindows;
using weir::Timestamp;
using weir_tests::at;
using weir_tests::pick;
using weir_tests::Random;

namespace {

/// Sessions as a keyed window: what has closed is counted.
struct Sessions {
    weir::SessionWindow<weir::Duration, weir::Sum<int>> window{30ms, 10ms};
    int closed = 0;

    bool insert(Timestamp t, int x) { return window.insert(t, x) != weir::SessionInsert::late; }
    bool advance_to(Timestamp now) {
        const int before = closed;
        window.advance_to(now, [this](const auto&) { ++closed; });
        return closed != before;
    }
    [[nodiscard]] bool forgettable() const { return window.forgettable(); }
    [[nodiscard]] std::optional<Timestamp> next_due() const { return window.next_due(); }
    [[nodiscard]] std::size_t memory_in_use() const { return window.memory_in_use(); }
};

std::int64_t number_of(std::int64_t x) { return x; }
std::int64_t number_of(std::size_t x) { return static_cast<std::int64_t>(x); }
std::int64_t number_of(double x) { return static_cast<std::int64_t>(x * 1000); }
std::int64_t number_of(std::optional<int> x) { return x ? *x : -1; }
std::int64_t number_of(std::optional<double> x) { return x ? number_of(*x) : -1; }

// A window of its own or in a table.
template <class W>
requires requires(const W& w) { w.result(); }
std::vector<std::int64_t> look(const W& w) {
    const auto next = w.next_expiry();
    return {number_of(w.result()), static_cast<std::int64_t>(w.size()), w.empty() ? 1 : 0,
            w.now().time_since_epoch().count(), next ? next->time_since_epoch().count() : -1};
}
template <class W>
requires requires(const W& w) { w.result(0); }
std::vector<std::int64_t> look(const W& w) { return {w.result(0), w.result(1), static_cast<std::int64_t>(w.size())}; }
std::vector<std::int64_t> look(const Sessions& w) {
    std::vector<std::int64_t> all{w.closed};
    for (const auto& s : w.window.sessions()) {
        all.push_back(s.first.time_since_epoch().count());
        all.push_back(s.aggregate.result());
    }
    return all;
}

template <class Key>
Key key_of(std::size_t i) {
    if constexpr (std::is_same_v<Key, std::string>) {
        return weir_tests::name(i);
    } else {
        return static_cast<Key>(i);
    }
}

struct KeyedShape {
    std::size_t keys = 12;
    std::int64_t spread = 20;  // units from one event to the next, at most
    std::size_t steps = 60'000;
    std::int64_t unit = 1;  // ms
};

/// Against a map of plain windows, all of which are brought to every new time.
template <class Key, class Window>
void compare_keyed(const Window& prototype, const KeyedShape& shape) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    KeyedWindows<Key, Window> fast{prototype};
    struct Slow {
        Window window;
        bool marked = false;
        std::size_t since = 0;  // the step at which it was

        void mark(std::size_t step) {
            since = marked ? since : step;
            marked = true;
        }
    };
    std::map<Key, Slow> slow;
    Timestamp now = Timestamp::min();
    std::int64_t latest = 0;
    std::size_t drained = 0;
    std::size_t forgotten = 0;

    for (std::size_t step = 0; step != shape.steps; ++step) {
        const std::size_t action = pick(random, 20);
        if (action < 12) {
            latest += weir_tests::RandomTimes::between(random, 0, shape.spread * shape.unit);
            const auto t =
                at(latest - (pick(random, 3) == 0 ? static_cast<std::int64_t>(pick(random, 120)) * shape.unit : 0));
            const Key key = key_of<Key>(pick(random, shape.keys));
            const int x = static_cast<int>(pick(random, 9));
            bool accepted = false;
            if (pick(random, 2) == 0) {
                accepted = fast.update(key, [&](auto& window) { return window.insert(t, x); });
            } else {
                fast.update_each(
                    std::vector{x}, [&](int) -> const Key& { return key; },
                    [&](auto& window, int item) { return accepted = window.insert(t, item); });
            }
            Slow& s = slow.try_emplace(key, Slow{prototype}).first->second;
            const bool changed = s.window.advance_to(now);
            const bool expected = s.window.insert(t, x);
            if (changed || expected || weir::detail::forgettable(s.window)) {
                s.mark(step);
            }
            REQUIRE(accepted == expected);
        } else if (action < 17) {
            std::int64_t to = latest + weir_tests::RandomTimes::between(random, -60 * shape.unit, 20 * shape.unit);
            if (const auto due = fast.next_due(); due && pick(random, 3) == 0) {
                to = due->time_since_epoch().count() - static_cast<std::int64_t>(pick(random, 2));
            } else if (pick(random, 100) == 0) {
                to += shape.unit == 1 ? 31'556'952'000 : 1000 * shape.unit;
            }
            latest = std::max(latest, to - 100 * shape.unit);
            fast.advance_to(at(to));
            now = std::max(now, at(to));
            for (auto& [key, s] : slow) {
                const bool before = weir::detail::forgettable(s.window);
                const bool changed = s.window.advance_to(now);
                if (changed || (!before && weir::detail::forgettable(s.window))) {
                    s.mark(step);
                }
            }
        } else if (action < 18) {
            std::set<Key> handed;
            bool right = true;
            const auto hand_over = [&](const Key& key, auto& window) {
                const auto found = slow.find(key);
                right = right && handed.insert(key).second && found != slow.end() && found->second.marked;
                if (right) {
                    window.advance_to(now);
                    right = look(window) == look(found->second.window);
                }
            };
            // All of them, or no more than some.
            const bool some = pick(random, 2) == 0;
            const std::size_t most = some ? pick(random, shape.keys) : slow.size();
            bool more = false;
            if (some) {
                auto keys = most;
                more = fast.drain(hand_over, keys);
                right = right && keys == most - handed.size();
            } else {
                fast.drain(hand_over);
            }
            std::size_t changed = 0;
            std::size_t latest_handed = 0;
            std::size_t earliest_left = shape.steps;
            for (const auto& [key, s] : slow) {
                if (s.marked) {
                    ++changed;
                    if (handed.count(key) != 0) {
                        latest_handed = std::max(latest_handed, s.since);
                    } else {
                        earliest_left = std::min(earliest_left, s.since);
                    }
                }
            }
            if (!right || handed.size() != std::min(most, changed) || more != (changed > most) ||
                latest_handed > earliest_left) {
                FAIL("what a drain hands over differs at step " << step);
            }
            drained += handed.size();
            const std::size_t before = slow.size();
            std::erase_if(slow, [&](const auto& entry) {
                return handed.count(entry.first) != 0 && weir::detail::forgettable(entry.second.window);
            });
            forgotten += before - slow.size();
            for (const Key& key : handed) {
                if (const auto found = slow.find(key); found != slow.end()) {
                    found->second.marked = false;
                }
            }
        } else if (action == 18 && pick(random, 4) == 0) {
            // Those that are over go without a drain.
            fast.forget_if([](const auto&) { return true; });
            std::erase_if(slow, [](const auto& entry) { return weir::detail::forgettable(entry.second.window); });
        }

        std::optional<Timestamp> next;
        std::size_t marked = 0;
        for (const auto& [key, s] : slow) {
            marked += s.marked ? 1 : 0;
            const auto due = weir::detail::next_due(s.window);
            if (due && !weir::detail::forgettable(s.window) && (!next || *due < *next)) {
                next = due;
            }
            const auto window = fast.find(key);
            if (!window) {
                FAIL("a key is missing at step " << step);
            }
            if (step % 16 == 0) {
                auto copy = static_cast<Window>(*window);  // it may be behind
                copy.advance_to(now);
                if (look(copy) != look(s.window) ||
                    (!std::is_pointer_v<decltype(window)> && look(*window) != look(s.window))) {
                    FAIL("a window differs at step " << step);
                }
            }
        }
        const auto due = fast.next_due();
        if (fast.size() != slow.size() || fast.changed() != marked || fast.now() != now) {
            FAIL("size, changed or now differs at step " << step);
        }
        if (next && (!due || *due > *next)) {
            FAIL("next_due is late at step " << step);
        }
    }
    REQUIRE(drained > shape.steps / 200);
    REQUIRE(forgotten > shape.steps / 3000);
}

/// A value with memory of its own.
struct Named {
    std::string name;

    Named() = default;
    Named(int x) : name(static_cast<std::size_t>(x) + 20, 'x') {}
    bool operator==(const Named&) const = default;
    friend std::size_t hash_value(const Named& named) { return boost::hash<std::string>{}(named.name); }
};

/// Counts the calls that keep it up; due whenever it was told to be.
struct Told {
    static std::size_t& calls() {
        static std::size_t made = 0;
        return made;
    }
    std::optional<Timestamp> due;
    Timestamp now = Timestamp::min();

    bool advance_to(Timestamp to) {
        ++calls();
        now = std::max(now, to);
        const bool passed = due && *due <= now;
        if (passed) {
            due.reset();
        }
        return passed;
    }
    [[nodiscard]] bool empty() const { return !due; }
    [[nodiscard]] std::optional<Timestamp> next_expiry() const { return due; }
    [[nodiscard]] std::size_t memory_in_use() const { return 0; }
};

}  // namespace

TEST_CASE("a key's window comes with its first event and goes once it has emptied and was drained", "[keyed_windows]") {
    KeyedWindows<std::string, RollingWindow<weir::Count>> views{RollingWindow<weir::Count>{10ms}};
    const auto insert = [](std::int64_t t) { return [t](auto& window) { return window.insert(at(t)); }; };
    REQUIRE(views.update("ada", insert(100)));
    REQUIRE(views.update(std::string_view{"bob"}, insert(105)));
    REQUIRE(views.size() == 2);
    REQUIRE(views.changed() == 2);
    std::vector<std::string> handed;
    const auto note = [&](const std::string& key, auto& window) {
        handed.push_back(key + "=" + std::to_string(window.result()));
    };
    views.drain(note);
    REQUIRE(handed == std::vector<std::string>{"ada=1", "bob=1"});
    views.drain(note);
    REQUIRE(handed.size() == 2);
    REQUIRE(views.next_due() == at(110));
    views.advance_to(at(109));
    REQUIRE(views.changed() == 0);
    views.advance_to(at(110));
    REQUIRE(views.changed() == 1);
    REQUIRE(views.size() == 2);
    REQUIRE(views.find("ada")->empty());
    views.drain(note);
    REQUIRE(handed.back() == "ada=0");
    REQUIRE(views.size() == 1);
    REQUIRE_FALSE(views.find("ada"));
    REQUIRE(views.find(std::string_view{"bob"}));
    views.advance_to(at(50));
    REQUIRE(views.now() == at(110));
    std::size_t keys = 0;
    views.for_each([&](const std::string& key, const auto&) { keys += key == "bob" ? 1 : 0; });
    REQUIRE(keys == 1);
}

TEST_CASE("a key that comes back before the drain keeps its window", "[keyed_windows]") {
    KeyedWindows<int, RollingWindow<weir::Count>> views{RollingWindow<weir::Count>{10ms}};
    views.update(7, [](auto& window) { return window.insert(at(0)); });
    views.advance_to(at(20));
    views.update(7, [](auto& window) { return window.insert(at(21)); });
    std::size_t handed = 0;
    views.drain([&](int key, auto& window) { handed += key == 7 && window.result() == 1 ? 1 : 0; });
    REQUIRE(handed == 1);
    REQUIRE(views.size() == 1);
    REQUIRE(views.next_due() == at(31));
}

TEST_CASE("a refused event leaves no key behind", "[keyed_windows]") {
    KeyedWindows<int, RollingWindow<weir::Count>> views{RollingWindow<weir::Count>{10ms}};
    views.advance_to(at(1000));
    REQUIRE_FALSE(views.update(1, [](auto& window) { return window.insert(at(5)); }));
    views.drain([](int, const auto& window) { REQUIRE(window.empty()); });
    REQUIRE(views.size() == 0);
    REQUIRE_FALSE(views.find(1));
}

TEST_CASE("a change that is due already comes with the next advance", "[keyed_windows]") {
    KeyedWindows<int, Told> keyed{Told{}};
    keyed.update(1, [](Told& window) { return window.due = at(500), true; });
    keyed.advance_to(at(1000));
    keyed.drain([](int, const Told&) {});
    REQUIRE(keyed.size() == 0);
    keyed.update(2, [](Told& window) { return window.due = at(300), false; });  // long past
    REQUIRE(keyed.changed() == 0);
    REQUIRE(keyed.next_due());
    REQUIRE(*keyed.next_due() <= at(1000));
    keyed.advance_to(at(1000));  // no later than now: nothing yet
    REQUIRE(keyed.changed() == 0);
    keyed.advance_to(at(1001));
    REQUIRE(keyed.changed() == 1);
    REQUIRE_FALSE(keyed.next_due());
    keyed.drain([](int, const Told&) {});
    REQUIRE(keyed.size() == 0);
}

TEST_CASE("a change that comes to be due earlier is not missed", "[keyed_windows]") {
    KeyedWindows<int, Told> keyed{Told{}};
    keyed.update(1, [](Told& window) { return window.due = at(500), true; });
    keyed.update(1, [](Told& window) { return window.due = at(200), true; });
    keyed.drain([](int, const Told&) {});
    REQUIRE(keyed.next_due() == at(200));
    keyed.advance_to(at(199));
    REQUIRE(keyed.changed() == 0);
    keyed.advance_to(at(200));
    REQUIRE(keyed.changed() == 1);
    keyed.drain([](int, const Told&) {});
    // The timer of 500 is still there when the slot has another key.
    keyed.update(2, [](Told& window) { return window.due = at(900), true; });
    keyed.drain([](int, const Told&) {});
    keyed.advance_to(at(600));
    REQUIRE(keyed.changed() == 0);
    keyed.advance_to(at(900));
    REQUIRE(keyed.changed() == 1);
}

TEST_CASE("time without events costs nothing, however long and however many the keys", "[keyed_windows]") {
    constexpr std::int64_t year = 31'556'952'000;
    constexpr int keys = 1000;
    KeyedWindows<int, Told> keyed{Told{}};
    for (int key = 0; key != keys; ++key) {
        keyed.update(key, [&](Told& window) { return window.due = at(100 * year + key), true; });
    }
    keyed.drain([](int, const Told&) {});
    Told::calls() = 0;
    for (std::int64_t i = 1; i != 100'000; ++i) {
        keyed.advance_to(at(i * (year / 1000)));
    }
    REQUIRE(Told::calls() == 0);
    keyed.advance_to(at(100 * year + keys / 2 - 1));
    REQUIRE(Told::calls() == keys / 2);
    REQUIRE(keyed.changed() == keys / 2);
    keyed.advance_to(at(1'000'000 * year));
    REQUIRE(Told::calls() == keys);
}

TEST_CASE("what is due exactly at the end of time still changes there", "[keyed_windows]") {
    KeyedWindows<int, RollingWindow<weir::Sum<int>>> windows{RollingWindow<weir::Sum<int>>{100ms}};
    const auto insert_at = [](Timestamp t) { return [t](auto& window) { return window.insert(t, 1); }; };
    windows.update(1, insert_at(Timestamp::max() - 100ms));  // leaves at the very end
    windows.update(2, insert_at(Timestamp::max() - 1ms));    // would leave later, so never
    windows.drain([](int, const auto&) {});
    CHECK(windows.next_due() == Timestamp::max());

    windows.advance_to(Timestamp::max());
    CHECK(windows.changed() == 1);
    windows.drain([](int key, const auto& window) {
        CHECK(key == 1);
        CHECK(window.empty());
    });
    CHECK(windows.size() == 1);
}

TEST_CASE("an event in order does not make its key due more often", "[keyed_windows]") {
    KeyedWindows<int, Told> keyed{Told{}};
    keyed.update(1, [](Told& window) { return window.due = at(1000), true; });
    const std::size_t before = keyed.memory_in_use();
    for (std::int64_t t = 0; t != 10'000; ++t) {
        keyed.update(1, [t](Told& window) { return window.due = at(1000 + t), true; });
    }
    REQUIRE(keyed.memory_in_use() == before);
    keyed.advance_to(at(1000));
    REQUIRE(keyed.next_due() == at(10'999));
}

TEST_CASE("after the last expiry the memory of keyed windows is back at its baseline", "[keyed_windows]") {
    KeyedWindows<std::string, RollingWindow<weir::Sum<int>>> keyed{RollingWindow<weir::Sum<int>>{1000ms}};
    const std::size_t baseline = keyed.memory_in_use();
    for (int round = 0; round != 3; ++round) {
        const std::int64_t start = round * 1'000'000;
        for (int i = 0; i != 20'000; ++i) {
            keyed.update(weir_tests::name(static_cast<std::size_t>(i % 3000)),
                         [&](auto& window) { return window.insert(at(start + i / 10), i); });
        }
        REQUIRE(keyed.memory_in_use() > baseline + 100'000);
        keyed.advance_to(at(start + 2950));
        keyed.drain([](const std::string&, const auto&) {});
        REQUIRE(keyed.size() < 3000);
        keyed.advance_to(at(start + 5000));
        keyed.drain([](const std::string&, const auto&) {});
        REQUIRE(keyed.size() == 0);
        REQUIRE_FALSE(keyed.next_due());
        REQUIRE(keyed.memory_in_use() <= baseline + 1024);
    }
}

TEST_CASE("windows that are dropped are gone with their changes and timers, and their keys begin anew",
          "[keyed_windows]") {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    weir_tests::Random random{seed};
    using Window = weir::RollingWindow<weir::Count>;
    weir::KeyedWindows<std::string, Window> fast{Window{100ms}};
    std::map<std::string, Window> slow;
    weir::Timestamp now{};
    for (int step = 0; step < 4000; ++step) {
        const auto key = std::to_string(random() % 400);
        switch (random() % 12) {
            case 0: {
                const auto digit = static_cast<char>('0' + random() % 10);
                const bool few = random() % 4 != 0;
                const auto gone = [&](const std::string& k) { return (k.back() == digit) == few; };
                const auto dropped = fast.drop_if([&](const std::string& k, const auto&) { return gone(k); });
                CHECK(dropped == std::erase_if(slow, [&](const auto& entry) { return gone(entry.first); }));
                for (auto& [k, window] : slow) {
                    window.advance_to(now);
                    REQUIRE(fast.find(k));
                    CHECK(fast.find(k)->size() == window.size());
                }
                break;
            }
            case 1:
                now += weir::Duration{random() % 60};
                fast.advance_to(now);
                break;
            case 2:
                fast.drain([&](const std::string& k, auto& window) {
                    REQUIRE(slow.count(k) == 1);
                    slow.at(k).advance_to(now);
                    CHECK(window.result() == slow.at(k).result());
                });
                for (auto& entry : slow) {
                    entry.second.advance_to(now);
                }
                std::erase_if(slow, [](const auto& entry) { return entry.second.empty(); });
                break;
            default:
                fast.update(key, [&](auto& window) { return window.insert(now); });
                slow.try_emplace(key, Window{100ms}).first->second.insert(now);
        }
        REQUIRE(fast.size() == slow.size());
    }
}

TEST_CASE("what is dropped gives its memory back, and there is room again after it", "[keyed_windows]") {
    KeyedWindows<int, RollingWindow<weir::Sum<int>>> keyed{RollingWindow<weir::Sum<int>>{1h}};
    constexpr int keys = 20'000;
    std::int64_t now = 0;
    std::size_t full = 0;
    for (int round = 0; round != 5; ++round) {
        for (int key = 0; key != keys; ++key) {
            keyed.update(key, [&](auto& window) { return window.insert(at(++now), 1); });
        }
        REQUIRE(keyed.size() == keys);
        full = round == 0 ? keyed.memory_in_use() : full;
        REQUIRE(keyed.memory_in_use() < full + full / 4);
        // The first tenth and every hundredth stay, so that blocks are full, empty and neither.
        const auto stays = [](int key) { return key < keys / 10 || (key > keys / 2 && key % 100 == 0); };
        REQUIRE(keyed.drop_if([&](int key, const auto&) { return !stays(key); }) ==
                static_cast<std::size_t>(keys - keys / 10 - keys / 200 + 1));
        REQUIRE(keyed.memory_in_use() < full / 4 * 3);
        int found = 0;
        keyed.for_each([&](int key, const auto& window) {
            REQUIRE(stays(key));
            REQUIRE(window.result() == (key < keys / 10 ? round + 1 : 1));
            ++found;
        });
        REQUIRE(static_cast<std::size_t>(found) == keyed.size());
        keyed.drop_if([&](int key, const auto&) { return key > keys / 2; });
        REQUIRE(keyed.memory_in_use() < full / 3);
        keyed.advance_to(at(now));
    }
    keyed.advance_to(at(now) + 2h);  // past the timers of all that was dropped
    keyed.drain([](int, const auto& window) { REQUIRE(window.empty()); });
    REQUIRE(keyed.size() == 0);
}

TEST_CASE("a window that is over can go without a drain", "[keyed_windows]") {
    KeyedWindows<int, RollingWindow<weir::Sum<int>>> keyed{RollingWindow<weir::Sum<int>>{10ms}};
    for (int key = 0; key != 4; ++key) {
        keyed.update(key, [&](auto& window) { return window.insert(at(key < 2 ? 0 : 100), key); });
    }
    keyed.advance_to(at(10));
    bool first = true;
    keyed.forget_if([&](const auto& window) {
        REQUIRE(window.empty());
        return std::exchange(first, false);
    });
    REQUIRE(keyed.size() == 3);
    REQUIRE(keyed.changed() == 3);
    std::set<int> handed;
    keyed.drain([&](int key, const auto&) { handed.insert(key); });
    REQUIRE(handed.size() == 3);
    REQUIRE(keyed.size() == 2);
}

TEST_CASE("many updates at once are as good as one after another", "[keyed_windows]") {
    weir_tests::Random random{weir_tests::fresh_seed()};
    struct Event {
        int key;
        Timestamp t;
        int x;
    };
    KeyedWindows<int, RollingWindow<weir::Sum<int>>> one{RollingWindow<weir::Sum<int>>{100ms}};
    KeyedWindows<int, RollingWindow<weir::Sum<int>>> many{RollingWindow<weir::Sum<int>>{100ms}};
    std::int64_t now = 0;
    for (int round = 0; round != 300; ++round) {
        std::vector<Event> events(pick(random, 100));
        for (Event& e : events) {
            now += static_cast<std::int64_t>(pick(random, 3));
            e = {static_cast<int>(pick(random, 50)), at(now - static_cast<std::int64_t>(pick(random, 60))),
                 static_cast<int>(pick(random, 9))};
        }
        std::vector<std::int64_t> expected;
        for (const Event& e : events) {
            one.update(e.key, [&](auto& window) {
                const bool taken = window.insert(e.t, e.x);
                expected.push_back(window.result());
                return taken;
            });
        }
        std::vector<std::int64_t> found;
        many.update_each(
            events, [](const Event& e) { return e.key; },
            [&](auto& window, const Event& e) {
                const bool taken = window.insert(e.t, e.x);
                found.push_back(window.result());
                return taken;
            });
        REQUIRE(found == expected);
        REQUIRE(many.size() == one.size());
        one.advance_to(at(now - 10));
        many.advance_to(at(now - 10));
        std::vector<int> handed[2];
        one.drain([&](int key, const auto&) { handed[0].push_back(key); });
        many.drain([&](int key, const auto&) { handed[1].push_back(key); });
        REQUIRE(handed[0] == handed[1]);
    }
}

TEST_CASE("a key of which much is held costs no more than its events once they have left", "[keyed_windows]") {
    KeyedWindows<int, RollingWindow<weir::Sum<int>>> keyed{RollingWindow<weir::Sum<int>>{1000ms}};
    keyed.update(1, [](auto& window) { return window.insert(at(0), 1); });
    const std::size_t little = keyed.memory_in_use();
    for (int i = 0; i != 10'000; ++i) {
        keyed.update(1, [&](auto& window) { return window.insert(at(1), 1); });
    }
    REQUIRE(keyed.find(1)->result() == 10'001);
    REQUIRE(keyed.memory_in_use() > little + 10'000 * 8);
    keyed.update(1, [](auto& window) { return window.insert(at(5000), 7); });
    REQUIRE(keyed.find(1)->result() == 7);
    keyed.advance_to(at(6000));
    keyed.update(1, [](auto& window) { return window.insert(at(7000), 7); });
    REQUIRE(keyed.find(1)->size() == 1);
    REQUIRE(keyed.memory_in_use() <= little + 512);
}

namespace {

/// Counts what it has handed out.
class Counting : public std::pmr::memory_resource {
public:
    std::size_t held = 0;

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        held += bytes;
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override {
        held -= bytes;
        std::pmr::new_delete_resource()->deallocate(at, bytes, alignment);
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace

TEST_CASE("the memory in use is what the resource has handed out, to the byte", "[keyed_windows]") {
    Counting memory;
    {
        KeyedWindows<std::uint64_t, RollingWindow<weir::Sum<int>>> keyed{RollingWindow<weir::Sum<int>>{1000ms},
                                                                         &memory};
        REQUIRE(keyed.memory_in_use() == memory.held);
        weir_tests::Random random{weir_tests::fresh_seed()};
        for (int round = 0; round != 200; ++round) {
            const std::int64_t now = round * 200 + (round > 100 ? 100'000 : 0);
            for (std::size_t i = pick(random, 2000); i != 0; --i) {
                keyed.update(pick(random, 3000), [&](auto& window) {
                    return window.insert(at(now + static_cast<std::int64_t>(pick(random, 300))), 1);
                });
            }
            REQUIRE(keyed.memory_in_use() == memory.held);
            keyed.advance_to(at(now));
            if (round % 3 == 0) {
                keyed.drain([](std::uint64_t, const auto&) {});
            }
            REQUIRE(keyed.memory_in_use() == memory.held);
        }
        REQUIRE(memory.held > 100'000);
    }
    REQUIRE(memory.held == 0);
}

TEST_CASE("keyed windows equal a map of plain ones", "[keyed_windows]") {
    constexpr std::int64_t day = 86'400'000;
    const RollingWindow<weir::Sum<int>> rolling{100ms};
    compare_keyed<std::string>(rolling, {});
    compare_keyed<int>(rolling, {.keys = 300, .spread = 4, .steps = 10'000});
    compare_keyed<int>(rolling, {.keys = 2, .spread = 1, .steps = 30'000});  // more than a list holds
    compare_keyed<int>(RollingWindow<weir::Sum<int>>{weir::Duration{100 * day}}, {.steps = 30'000, .unit = day});
    compare_keyed<int>(RollingWindow<weir::Sum<int>>{weir::Duration{40'000 * day}},
                       {.steps = 30'000, .unit = 400 * day});
    compare_keyed<int>(RollingWindow<weir::Sum<double>>{100ms}, {.spread = 5, .steps = 30'000});
    compare_keyed<int>(RollingWindow<weir::Max<int>>{100ms}, {.spread = 2, .steps = 30'000});
    compare_keyed<int>(RollingWindow<weir::Mean<double>>{100ms}, {.steps = 20'000});
    compare_keyed<int>(RollingWindow<weir::Distinct<Named>>{100ms}, {.spread = 3, .steps = 20'000});
    compare_keyed<int>(RollingWindows<weir::Sum<int>>{{40ms, 150ms}, 60ms}, {.steps = 40'000});
    compare_keyed<std::string>(Sessions{}, {});
    compare_keyed<std::uint64_t>(Sessions{}, {.keys = 3, .spread = 60});
}

TEST_CASE("a key is found by a number of another type", "[keyed_windows]") {
    KeyedWindows<std::uint64_t, RollingWindow<weir::Count>> keyed{RollingWindow<weir::Count>{1000ms}};
    const auto insert = [](auto& window) { return window.insert(at(1)); };
    keyed.update(1, insert);
    keyed.update(std::uint64_t{1}, insert);
    keyed.update_each(
        std::vector{1, 2}, [](int key) { return key; }, [&](auto& window, int /*key*/) { return insert(window); });
    REQUIRE(keyed.size() == 2);
    REQUIRE(keyed.find(1)->size() == 3);
    REQUIRE(keyed.find(std::uint16_t{2})->size() == 1);
}
