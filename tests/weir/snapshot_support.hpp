// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Objects that can be snapshotted, each with a way to make it, to drive it by random operations and to ask it all that
// it answers, as bytes.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/weir.hpp>

namespace weir_tests {

using SnapshotBytes = std::vector<std::byte>;
using SnapshotRandom = std::mt19937_64;

[[nodiscard]] inline std::size_t below(SnapshotRandom& random, std::size_t n) {
    return static_cast<std::size_t>(random() % n);
}

/// Whatever it is, as bytes: equal bytes are equal bit by bit.
template <class... Ts>
[[nodiscard]] SnapshotBytes bits_of(const Ts&... xs) {
    weir::SnapshotWriter out;
    out.write(xs...);
    const auto bytes = std::as_const(out).bytes();
    return {bytes.begin(), bytes.end()};
}

/// Makes every checksum that of the bytes that are there; false where the frames do not fit.
inline bool seal_again(SnapshotBytes& bytes) {
    for (std::size_t at = 0; at != bytes.size();) {
        if (bytes.size() - at < 32) {
            return false;
        }
        const std::uint64_t length = weir::detail::little_endian<8>(bytes.data() + at + 16);
        if (length > bytes.size() - at - 32) {
            return false;
        }
        const std::size_t end = at + 24 + static_cast<std::size_t>(length);
        const std::uint64_t sum = weir::detail::checksum({bytes.data() + at, bytes.data() + end});
        static_cast<void>(weir::SnapshotWriter::encode(bytes.data() + end, sum));
        at = end + 8;
    }
    return true;
}

template <class T>
struct RandomValue;
template <>
struct RandomValue<int> {
    int operator()(SnapshotRandom& random) const { return static_cast<int>(below(random, 40)) - 20; }
};
template <>
struct RandomValue<std::int64_t> {
    std::int64_t operator()(SnapshotRandom& random) const {
        return static_cast<std::int64_t>(random() >> below(random, 64));
    }
};
template <>
struct RandomValue<double> {
    double operator()(SnapshotRandom& random) const {
        switch (below(random, 40)) {
            case 0:
                return std::numeric_limits<double>::quiet_NaN();
            case 1:
                return std::numeric_limits<double>::infinity();
            case 2:
                return 1e300;
            case 3:
                return -5e-324;
            default:
                return (static_cast<double>(below(random, 100'000)) - 30'000) / 7;
        }
    }
};
template <>
struct RandomValue<long double> {
    long double operator()(SnapshotRandom& random) const {
        return static_cast<long double>(RandomValue<double>{}(random)) / 3;
    }
};
template <>
struct RandomValue<std::string> {
    std::string operator()(SnapshotRandom& random) const {
        const std::size_t i = below(random, 60);
        return (i % 3 == 0 ? "a rather long name, kept on the heap " : "n") + std::to_string(i);
    }
};
template <>
struct RandomValue<weir::Decimal> {
    weir::Decimal operator()(SnapshotRandom& random) const {
        return weir::Decimal::from_millionths(static_cast<std::int64_t>(random() >> 20) - 1'000'000'000);
    }
};
template <>
struct RandomValue<weir::Duration> {
    weir::Duration operator()(SnapshotRandom& random) const { return weir::Duration{below(random, 1000)}; }
};

struct Sale {
    std::uint32_t quantity = 0;
    double price = 0;
    std::string product;
    std::optional<std::uint8_t> rating;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Sale::quantity, &Sale::price, &Sale::product, &Sale::rating);
    }
};
template <>
struct RandomValue<Sale> {
    Sale operator()(SnapshotRandom& random) const {
        Sale sale{static_cast<std::uint32_t>(below(random, 9)), RandomValue<double>{}(random),
                  RandomValue<std::string>{}(random), std::nullopt};
        if (below(random, 2) == 0) {
            sale.rating = static_cast<std::uint8_t>(below(random, 6));
        }
        return sale;
    }
};
template <>
struct RandomValue<weir::None> {
    weir::None operator()(SnapshotRandom& /*random*/) const { return {}; }
};

/// A user's own, that can only add, and tells by its rounding in which order it was added to.
struct Decaying {
    using value_type = double;
    static constexpr bool is_order_dependent = true;

    void add(double x) { level = std::isfinite(x) ? level * 0.9 + x : level; }
    [[nodiscard]] double result() const { return level; }

    double level = 0;
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Decaying::level);
    }
};

/// An Expiring one: every second input counts, from when it came, and for as long as the window, whatever leaves.
struct Pairs {
    using value_type = int;

    void add(weir::Timestamp t, int x) {
        if (++seen % 2 == 0) {
            const auto younger = std::upper_bound(counted.begin(), counted.end(), t,
                                                  [](weir::Timestamp a, const auto& b) { return a < b.first; });
            counted.insert(younger, std::pair{t, x});
        }
    }
    void expire(weir::Timestamp horizon) {
        counted.erase(std::remove_if(counted.begin(), counted.end(), [&](const auto& c) { return c.first <= horizon; }),
                      counted.end());
    }
    [[nodiscard]] std::optional<weir::Timestamp> next() const {
        return counted.empty() ? std::nullopt : std::optional{counted.front().first};
    }
    [[nodiscard]] std::optional<weir::Timestamp> latest() const {
        return counted.empty() ? std::nullopt : std::optional{counted.back().first};
    }
    [[nodiscard]] std::uint64_t result() const { return counted.size(); }

    std::uint64_t seen = 0;
    std::vector<std::pair<weir::Timestamp, int>> counted;
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Pairs::seen, &Pairs::counted);
    }
    [[nodiscard]] bool snapshot_valid() const {
        return std::is_sorted(counted.begin(), counted.end(),
                              [](const auto& a, const auto& b) { return a.first < b.first; });
    }
};
static_assert(weir::Expiring<Pairs>);

using Spread = weir::Variance<double>;
/// Of equal values that differ in their bits, as 0.0 and -0.0 do, any one may be the most frequent.
struct Rounded {
    int operator()(const double& x) const { return std::abs(x) < 1e6 ? static_cast<int>(x) : 0; }
};
using Mixed =
    weir::Bundle<weir::Count, weir::Sum<double>, Spread, weir::Min<double>, weir::Projected<Rounded, weir::Top<int>>>;
using OfSales = weir::Bundle<weir::Projected<weir::Field<&Sale::price>, Spread>,
                             weir::Projected<weir::Field<&Sale::product>, weir::Top<std::string>>,
                             weir::Projected<weir::Field<&Sale::rating>, weir::Mean<int>>>;

/// An aggregator: adds, and removes and merges where it can.
template <class A>
struct AggregatorCase {
    using Object = A;
    using Value = weir::value_type_t<A>;

    static Object make() { return {}; }

    /// Operations come in batches, so that what is removed was added in the same one: what a damaged snapshot holds is
    /// not known.
    static SnapshotBytes step(Object& a, SnapshotRandom& random) {
        std::vector<std::pair<weir::Timestamp, Value>> added;
        for (std::size_t i = below(random, 5); i != 0; --i) {
            const weir::Timestamp t{weir::Duration{static_cast<std::int64_t>(below(random, 100))}};
            added.emplace_back(t, RandomValue<Value>{}(random));
            weir::detail::add(a, added.back().first, added.back().second);
        }
        if constexpr (weir::Removable<A>) {
            if (!added.empty() && below(random, 2) == 0) {
                weir::detail::remove(a, added.front().first, added.front().second);
            }
        }
        if constexpr (weir::Mergeable<A>) {
            if (below(random, 4) == 0) {
                A other{};
                weir::detail::add(other, weir::Timestamp{}, RandomValue<Value>{}(random));
                a.merge(other);
            }
        }
        return {};
    }
    static SnapshotBytes answer(const Object& a) { return bits_of(a.result()); }
};

/// Moves on by random amounts; some events are late.
struct RandomTime {
    std::int64_t now = 1'700'000'000'000;

    weir::Timestamp next(SnapshotRandom& random) {
        const std::size_t kind = below(random, 400);
        const auto some = static_cast<std::int64_t>(below(random, 40));
        now += kind == 0 ? some * 100'000'000 : kind < 300 ? some / 8 : 0;
        return weir::Timestamp{weir::Duration{kind < 300 ? now : now - some}};
    }
};

/// All that a window of any kind answers.
template <class Window>
[[nodiscard]] SnapshotBytes all_answers(const Window& window) {
    SnapshotBytes all = bits_of(window.now(), window.empty());
    const auto append = [&](const SnapshotBytes& more) { all.insert(all.end(), more.begin(), more.end()); };
    if constexpr (requires { window.result(0); }) {
        for (std::size_t w = 0; w != window.count(); ++w) {
            append(bits_of(window.result(w), std::uint64_t{window.size(w)}, window.latest(w)));
        }
    } else if constexpr (requires { window.result(); }) {
        append(bits_of(window.result(), std::uint64_t{window.size()}));
    }
    if constexpr (requires { window.next_expiry(); }) {
        append(bits_of(window.next_expiry()));
    } else if constexpr (requires { window.next_due(); }) {
        append(bits_of(window.next_due()));
    }
    if constexpr (requires { window.sessions(); }) {
        for (const auto& session : window.sessions()) {
            append(bits_of(session.first, session.last, std::uint64_t{session.size}, session.aggregate.result()));
        }
    }
    if constexpr (requires { window.for_each_open([](const auto&) {}); }) {
        window.for_each_open(
            [&](const auto& w) { append(bits_of(w.start, w.end, std::uint64_t{w.size}, w.aggregate.result())); });
    }
    static_cast<void>(window.memory_in_use());
    return all;
}

/// What all windows of one time have in common: `insert(t, x)` and `advance_to(t)`. The time is told by the window, so
/// that a copy goes on where the first one is.
template <class Window, auto Make>
struct WindowCase {
    using Object = Window;
    using Value = typename Window::value_type;

    static Object make() { return Make(); }
    /// Gives what was handed out.
    static SnapshotBytes step(Object& window, SnapshotRandom& random) {
        const weir::Timestamp far = weir::Timestamp{std::chrono::hours{24 * 365 * 200}};
        const weir::Timestamp now = window.now();
        RandomTime time;
        time.now = now < weir::Timestamp{} || now > far ? time.now : now.time_since_epoch().count();
        if (below(random, 8) == 0) {
            return advance(window, time.next(random));
        }
        const weir::Timestamp t = time.next(random);
        static_cast<void>(window.insert(t, RandomValue<Value>{}(random)));
        return t > window.now() && below(random, 3) != 0 ? advance(window, t) : SnapshotBytes{};
    }
    static SnapshotBytes answer(const Object& window) { return all_answers(window); }

private:
    static SnapshotBytes advance(Object& window, weir::Timestamp t) {
        SnapshotBytes all;
        if constexpr (requires { window.advance_to(t, [](const auto&) {}); }) {
            window.advance_to(t, [&](const auto& closed) {
                const SnapshotBytes more = bits_of(std::uint64_t{closed.size}, closed.aggregate.result());
                all.insert(all.end(), more.begin(), more.end());
            });
        } else {
            all = bits_of(window.advance_to(t));
        }
        return all;
    }
};

template <class T>
using PlainSessions = WindowCase<weir::SessionWindow<weir::Duration, T>, [] {
    return weir::SessionWindow<weir::Duration, T>{weir::Duration{10}, weir::Duration{30}};
}>;
template <class T, int Size, int Slide>
using Hopping = WindowCase<weir::HoppingWindow<T>, [] {
    return weir::HoppingWindow<T>{weir::Duration{Size}, weir::Duration{Slide}, {weir::Duration{3}, weir::Duration{20}}};
}>;
template <class T>
using Tumbling = WindowCase<weir::TumblingWindow<T>, [] {
    return weir::TumblingWindow<T>{weir::Duration{25}, {weir::Duration{-3}, weir::Duration{20}}};
}>;
template <class T>
using Panes = WindowCase<weir::PanedWindow<T>, [] {
    return weir::PanedWindow<T>{weir::Duration{200}, weir::Duration{7}};
}>;

template <class T>
using Rolling = WindowCase<weir::RollingWindow<T>, [] { return weir::RollingWindow<T>{weir::Duration{200}}; }>;
template <class T, int Keep>
using SeveralRolling = WindowCase<weir::RollingWindows<T>, [] {
    return weir::RollingWindows<T>{{weir::Duration{20}, weir::Duration{300}, weir::Duration{100}},
                                   weir::Duration{Keep}};
}>;

/// Sessions that close by themselves, in a table.
template <class T>
struct ClosingSessions : weir::SessionWindow<weir::Duration, T> {
    ClosingSessions() : weir::SessionWindow<weir::Duration, T>{weir::Duration{10}, weir::Duration{30}} {}

    bool advance_to(weir::Timestamp t) {
        bool any = false;
        weir::SessionWindow<weir::Duration, T>::advance_to(t, [&](const auto&) { any = true; });
        return any;
    }
};

/// By arrival: time changes nothing.
template <class Window>
struct CountCase {
    using Object = Window;
    using Value = typename Window::value_type;

    static Object make() { return Object{37}; }
    static SnapshotBytes step(Object& window, SnapshotRandom& random) {
        RandomTime time;
        const weir::Timestamp t = time.next(random);
        if constexpr (requires { window.aggregate(); }) {
            const auto full = window.insert(t, RandomValue<Value>{}(random));
            return full ? bits_of(full->result()) : SnapshotBytes{};
        } else {
            window.insert(t, RandomValue<Value>{}(random));
            return {};
        }
    }
    static SnapshotBytes answer(const Object& window) {
        if constexpr (requires { window.aggregate(); }) {
            return bits_of(window.aggregate().result(), std::uint64_t{window.size()});
        } else {
            return bits_of(window.result(), std::uint64_t{window.size()});
        }
    }
};

/// Several sources of event time.
struct WatermarksCase {
    using Object = weir::Watermarks<>;

    static Object make() { return Object{weir::Duration{5}, weir::Duration{100}}; }
    static SnapshotBytes step(Object& watermarks, SnapshotRandom& random) {
        RandomTime time;
        const weir::Timestamp t = time.next(random);
        const std::uint64_t source = below(random, 4);
        switch (below(random, 5)) {
            case 0:
                watermarks.at_end(source);
                break;
            case 1:
                watermarks.remove(source);
                break;
            default:
                watermarks.observe(source, t, t, t);
        }
        return bits_of(watermarks.time(t));
    }
    static SnapshotBytes answer(const Object& watermarks) {
        Object copy = watermarks;
        return bits_of(copy.time(weir::Timestamp{weir::Duration{1'700'000'000'500}}));
    }
};

/// A window for each of a few keys.
template <class Window, class Prototype>
struct TableCase {
    using Object = weir::KeyedWindows<std::string, Window>;

    static Object make() { return Object{Prototype{}()}; }
    static SnapshotBytes step(Object& table, SnapshotRandom& random) {
        const weir::Timestamp far = weir::Timestamp{std::chrono::hours{24 * 365 * 200}};
        RandomTime time;
        time.now =
            table.now() < weir::Timestamp{} || table.now() > far ? time.now : table.now().time_since_epoch().count();
        const std::size_t kind = below(random, 20);
        const weir::Timestamp t = time.next(random);
        if (kind == 0) {
            table.advance_to(t);
        } else if (kind == 1) {
            std::map<std::string, SnapshotBytes> drained;
            table.drain([&](const std::string& key, const auto& window) { drained[key] = answers_of(table, window); });
            return bits_of(std::vector<std::pair<std::string, SnapshotBytes>>(drained.begin(), drained.end()));
        } else {
            const std::string key = RandomValue<std::string>{}(random);
            return bits_of(table.update(key, [&](auto& window) {
                const auto outcome = window.insert(t, RandomValue<typename Window::value_type>{}(random));
                return static_cast<int>(outcome) != 0;
            }));
        }
        return {};
    }
    static SnapshotBytes answer(const Object& table) {
        std::map<std::string, SnapshotBytes> all;
        table.for_each([&](const std::string& key, const auto& window) { all[key] = answers_of(table, window); });
        static_cast<void>(table.memory_in_use());
        return bits_of(table.now(), std::uint64_t{table.size()}, std::uint64_t{table.changed()},
                       std::vector<std::pair<std::string, SnapshotBytes>>(all.begin(), all.end()));
    }

private:
    // A window may be behind the table.
    template <class W>
    static SnapshotBytes answers_of(const Object& table, const W& window) {
        if constexpr (std::is_same_v<W, Window>) {
            Window copy = window;
            copy.advance_to(table.now());
            return all_answers(copy);
        } else {
            return all_answers(window);
        }
    }
};

template <class T>
struct RollingPrototype {
    weir::RollingWindow<T> operator()() const { return weir::RollingWindow<T>{weir::Duration{400}}; }
};
template <class T>
using RollingByName = TableCase<weir::RollingWindow<T>, RollingPrototype<T>>;
template <class T>
struct SessionsPrototype {
    ClosingSessions<T> operator()() const { return {}; }
};
template <class T>
using SessionsByName = TableCase<ClosingSessions<T>, SessionsPrototype<T>>;

struct ShopEvent {
    weir::Timestamp time;
    std::string user;
    Sale sale;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&ShopEvent::time, &ShopEvent::user, &ShopEvent::sale);
    }
    [[nodiscard]] double price() const { return sale.price; }
    [[nodiscard]] const std::string& product() const { return sale.product; }
};

/// Lanes of both kinds.
struct PipelineCase {
    /// Which does not tell how far time is.
    struct Object {
        weir::Pipeline<ShopEvent> pipeline;
        std::int64_t now = RandomTime{}.now;
    };
    using Event = ShopEvent;

    static weir::Pipeline<ShopEvent> make_pipeline() {
        using Prices = weir::Projected<weir::Field<&ShopEvent::price>, Spread>;
        using std::chrono::milliseconds;
        weir::Pipeline<ShopEvent> pipeline;
        pipeline.add(weir::lane<ShopEvent>("product")
                         .by(&ShopEvent::user)
                         .rolling(milliseconds{50}, milliseconds{400})
                         .linger(milliseconds{30})
                         .metric("views", weir::count)
                         .metric("spread", weir::aggregate<Prices>)
                         .metric("product", weir::top<&ShopEvent::product>));
        pipeline.add(weir::lane<ShopEvent>("visit")
                         .by(&ShopEvent::user)
                         .session(milliseconds{20}, milliseconds{5})
                         .linger(milliseconds{30})
                         .metric("products", weir::distinct<&ShopEvent::product>)
                         .metric("spread", weir::aggregate<Prices>));
        return pipeline;
    }
    static SnapshotBytes step(weir::Pipeline<ShopEvent>& pipeline, std::int64_t& now, SnapshotRandom& random) {
        RandomTime time{now};
        const weir::Timestamp t = time.next(random);
        now = time.now;
        switch (below(random, 20)) {
            case 0:
                pipeline.advance_to(t);
                return {};
            case 1: {
                std::vector<std::string> drained;
                pipeline.drain([&](const weir::Metric& m) {
                    drained.push_back(std::string{m.lane} + ':' + std::string{m.name} + ':' + std::string{m.window} +
                                      ':' + std::string{m.key} + '=' + std::string{m.value} + '@' +
                                      std::to_string(m.expires_at.time_since_epoch().count()) +
                                      (m.erased ? " erased" : ""));
                });
                std::sort(drained.begin(), drained.end());
                return bits_of(drained);
            }
            case 2:
                return drop(pipeline, t, random);
            default:
                return bits_of(static_cast<int>(pipeline.process(
                    ShopEvent{t, "u" + std::to_string(below(random, 30)), RandomValue<Sale>{}(random)})));
        }
    }

private:
    static SnapshotBytes drop(weir::Pipeline<ShopEvent>& pipeline, weir::Timestamp t, SnapshotRandom& random) {
        const weir::Timestamp until = t - weir::Duration{below(random, 100)};
        std::vector<std::string> erased;
        switch (below(random, 8)) {
            case 0:
                pipeline.assume_published();
                return {};
            case 1:
                pipeline.note_dropped("u" + std::to_string(below(random, 30)), until);
                return {};
            case 2:
                pipeline.drop_idle(until, below(random, 2) == 0,
                                   [&](const weir::Metric& m) { erased.emplace_back(m.key); });
                std::sort(erased.begin(), erased.end());
                return bits_of(erased);
            default:
                return {};
        }
    }
};

/// What is tested and fuzzed.
using Aggregators = std::tuple<
    AggregatorCase<weir::Count>, AggregatorCase<weir::Sum<int>>, AggregatorCase<weir::Sum<std::int64_t>>,
    AggregatorCase<weir::Sum<double>>, AggregatorCase<weir::Sum<long double>>, AggregatorCase<weir::Sum<weir::Decimal>>,
    AggregatorCase<weir::Sum<weir::Duration>>, AggregatorCase<weir::Mean<double>>, AggregatorCase<weir::Mean<int>>,
    AggregatorCase<weir::Mean<weir::Decimal>>, AggregatorCase<weir::Min<double>>, AggregatorCase<weir::Max<int>>,
    AggregatorCase<weir::MinMax<double>>, AggregatorCase<Spread>, AggregatorCase<weir::First<std::string>>,
    AggregatorCase<weir::Last<int>>, AggregatorCase<weir::Distinct<std::string>>, AggregatorCase<weir::CountBy<double>>,
    AggregatorCase<weir::OrderedDistinct<std::string>>, AggregatorCase<weir::Top<std::string>>,
    AggregatorCase<weir::Changes<std::string>>, AggregatorCase<weir::Span>, AggregatorCase<weir::Quantile<double>>,
    AggregatorCase<Mixed>, AggregatorCase<OfSales>, AggregatorCase<Decaying>>;

using Windows =
    std::tuple<Rolling<weir::Count>, Rolling<Spread>, Rolling<Mixed>, Rolling<OfSales>, Rolling<Decaying>,
               Rolling<weir::Distinct<std::string>>, SeveralRolling<weir::Count, 0>, SeveralRolling<Spread, 50>,
               SeveralRolling<Mixed, 50>, SeveralRolling<OfSales, 0>, SeveralRolling<Decaying, 0>, Rolling<Pairs>,
               SeveralRolling<Pairs, 100>, PlainSessions<weir::Count>, PlainSessions<Mixed>, Hopping<Spread, 100, 10>,
               Hopping<Mixed, 100, 7>, Hopping<weir::Count, 10, 25>, Hopping<Decaying, 40, 10>, Tumbling<Mixed>,
               Panes<Spread>, Panes<Mixed>, CountCase<weir::CountWindow<Spread>>, CountCase<weir::CountWindow<Mixed>>,
               CountCase<weir::CountWindow<weir::Distinct<std::string>>>, CountCase<weir::CountWindow<Decaying>>,
               CountCase<weir::CountWindow<OfSales>>, CountCase<weir::TumblingCountWindow<Mixed>>, WatermarksCase>;

using Tables = std::tuple<RollingByName<weir::Count>, RollingByName<Mixed>, RollingByName<Spread>,
                          RollingByName<OfSales>, SessionsByName<Mixed>>;
template <class A, class B>
struct Joined;
template <class... As, class... Bs>
struct Joined<std::tuple<As...>, std::tuple<Bs...>> {
    using type = std::tuple<As..., Bs...>;
};
using Snapshotted = Joined<Joined<Aggregators, Windows>::type, Tables>::type;

}  // namespace weir_tests
