// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// lane: filter -> key -> windows -> metrics, declared in one expression.
//
//     auto product = weir::lane<Event>("product")
//         .when(is_product_view, "product_view")
//         .by(&Event::user)
//         .rolling(5min, 1h)
//         .metric("product_view_count", weir::distinct<&Event::product_id>, "distinct products viewed")
//         .metric("most_viewed_brand", weir::top<&Event::brand>, "brand with most views");
//
// What is kept of an event is the event itself, or the records that `.each<Record>(f)` makes of it: f(event, emit)
// calls emit(record) for each. Metrics that read the same aggregate share it.
//
// A value is written when it changed, when its window emptied, and when its time to live has to be renewed: it holds
// for the window's length and `linger` after the latest event. Whether a value changed is told by a 64-bit hash of its
// text.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/none.hpp>
#include <weir/detail/box.hpp>
#include <weir/detail/counted_memory.hpp>
#include <weir/detail/dropped.hpp>
#include <weir/detail/kept_lane.hpp>
#include <weir/detail/key_text.hpp>
#include <weir/detail/memory.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/metric.hpp>
#include <weir/metric_parser.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>
#include <weir/snapshot.hpp>
#include <weir/time.hpp>

namespace weir {

/// What a lane made of an event.
enum class Taken : std::uint8_t {
    passed,    // not one of its events, or without a key
    accepted,  // counted
    late,      // too old to change anything, or of a session that is closed
};

/// A line of the catalogue of metrics.
struct MetricInfo {
    std::string lane;
    std::string name;
    std::string window;
    std::string events;
    std::string meaning;
};

/// A part of a key's history: the events of one origin in the span (after, until].
struct History {
    std::uint64_t origin = 0;
    Timestamp after = Timestamp::min();
    Timestamp until = Timestamp::max();
};

using MetricSink = std::function<void(const Metric&)>;

namespace detail {

/// How a lane comes back from its rows of a snapshot.
class LaneRestoring {
public:
    LaneRestoring() = default;
    LaneRestoring(const LaneRestoring&) = delete;
    LaneRestoring& operator=(const LaneRestoring&) = delete;
    virtual ~LaneRestoring() = default;

    /// So many rows may come.
    virtual void reserve(std::size_t rows) = 0;
    virtual void read(SnapshotReader& in) = 0;
    /// After the last row of all lanes, before any commit.
    virtual void finish(const SnapshotReader& end) = 0;
    virtual void commit() = 0;
};

}  // namespace detail

/// A lane in operation, whatever its types. Not synchronized: one thread at a time.
template <class Event>
class AnyLane {
public:
    AnyLane() = default;
    AnyLane(const AnyLane&) = delete;
    AnyLane& operator=(const AnyLane&) = delete;
    virtual ~AnyLane() = default;

    /// Takes an event into the windows of its key.
    virtual Taken process(const Event& event) = 0;
    /// Moves event time on; values decay.
    virtual void advance_to(Timestamp now) = 0;
    /// Hands every value that changed since the last drain to `sink`, but of no more than `keys` keys, which is less by
    /// as many afterwards. True where some are left.
    virtual bool drain(const MetricSink& sink, std::size_t& keys) = 0;
    /// Forgets, without a drain, keys that have nothing left to hand out.
    virtual void forget() = 0;
    /// When the next value changes by itself.
    [[nodiscard]] virtual std::optional<Timestamp> next_due() const = 0;
    /// Moves history from one key to another, in this lane or in `target`, its like in another pipeline, with whose
    /// `symbols` records that can do so are `rehome`d. Where there is no `target` it is dropped. `published`: values of
    /// `from` may be in the store though this lane did not hand them out.
    virtual void move(std::string_view from, AnyLane* target, std::string_view to, const History& history,
                      bool published, Symbols* symbols) = 0;

    /// Says that any value of the key may be in the store: what of them does not hold is taken back.
    virtual void assume_published(std::string_view key) = 0;
    /// The same of all keys, O(keys).
    virtual void assume_published() = 0;

    /// Calls `f` with the time of the latest event of each key; Timestamp::min() where its windows are empty. O(keys).
    virtual void each_latest(const std::function<void(Timestamp)>& f) const = 0;
    /// Drops the keys without an event after `until` and takes their values back; gives how many. A key that comes back
    /// is incomplete: a window of it has values again once it reaches back no further than `until`. O(keys).
    /// `published`: values may be in the store though this lane did not hand them out.
    virtual std::size_t drop_idle(Timestamp until, bool published, const MetricSink& sink) = 0;

    /// Says that events of a key at or before `until` are missing, as if it had been dropped.
    virtual void note_dropped(std::string_view key, Timestamp until) = 0;

    /// How far back events matter: the longest window, its history and its linger.
    [[nodiscard]] virtual Duration horizon() const = 0;
    [[nodiscard]] virtual std::vector<MetricInfo> catalogue() const = 0;
    [[nodiscard]] virtual std::size_t keys() const = 0;
    [[nodiscard]] virtual std::size_t memory_in_use() const = 0;

    /// For the snapshots of a Pipeline. Throws std::logic_error where records cannot be saved.
    [[nodiscard]] virtual std::string snapshot_description() const = 0;
    [[nodiscard]] virtual std::uint64_t begin_snapshot() const = 0;
    virtual bool continue_snapshot(std::size_t& keys, const detail::EndPiece& end_piece,
                                   std::uint32_t section) const = 0;
    virtual void end_snapshot() const noexcept = 0;
    [[nodiscard]] virtual std::unique_ptr<detail::LaneRestoring> restoring() = 0;
};

namespace detail {

template <class A, class Parser>
struct LaneMetric {
    using aggregator = A;
    std::string name;
    std::string meaning;
    Parser parser;
};

template <>
struct KeyHash<KeyText> : KeyHash<std::string> {};

/// A tuple of the types of As, each once, in order of first appearance.
template <class Seen, class... As>
struct Unique {
    using type = Seen;
};
template <class... Seen, class A, class... As>
struct Unique<std::tuple<Seen...>, A, As...> {
    using type = typename std::conditional_t<(std::same_as<A, Seen> || ...), Unique<std::tuple<Seen...>, As...>,
                                             Unique<std::tuple<Seen..., A>, As...>>::type;
};

template <class Tuple>
struct AsAggregator;
template <class A>
struct AsAggregator<std::tuple<A>> {
    using type = A;
};
template <class A, class B, class... As>
struct AsAggregator<std::tuple<A, B, As...>> {
    using type = Bundle<A, B, As...>;
};

/// Aggregates nothing. Beside counts alone, which look at no input, it makes a window keep its inputs.
template <class Input>
struct Keep {
    using value_type = Input;
    void add(const Input& /*x*/) noexcept {}
    void remove(const Input& /*x*/) noexcept {}
    void remove_few(const Input* /*xs*/, std::uint32_t /*count*/) noexcept {}
    void merge(const Keep& /*later*/) noexcept {}
    [[nodiscard]] None result() const noexcept { return {}; }
};

/// What a lane's windows aggregate. History that can move is made of records, whether or not an aggregate needs them.
template <class Tuple, class Record, bool moves>
struct Aggregated : AsAggregator<Tuple> {};
template <class... As, class Record>
requires(std::same_as<value_type_t<As>, None>&&...) struct Aggregated<std::tuple<As...>, Record, true>
    : AsAggregator<std::tuple<As..., Keep<Record>>> {
};

template <class A, class Tuple>
inline constexpr std::size_t index_of = 0;
template <class A, class First, class... As>
inline constexpr std::size_t index_of<A, std::tuple<First, As...>> =
    std::same_as<A, First> ? 0 : 1 + index_of<A, std::tuple<As...>>;

/// The aggregate of `Wanted` inside `T`, which is it or bundles it.
template <class Wanted, class T>
[[nodiscard]] const Wanted& part_of(const T& aggregate) {
    if constexpr (std::same_as<Wanted, T>) {
        return aggregate;
    } else {
        return aggregate.template part<index_of<Wanted, typename T::parts>>();
    }
}

struct ItsTime {
    template <class Event>
    Timestamp operator()(const Event& event) const {
        return event.time;
    }
};
struct Always {
    template <class Event>
    bool operator()(const Event& /*event*/) const {
        return true;
    }
};
struct ItsSelf {
    template <class Event, class Emit>
    void operator()(const Event& event, Emit emit) const {
        emit(event);
    }
};
struct NoOrigin {
    template <class Record>
    std::uint64_t operator()(const Record& /*record*/) const {
        return 0;
    }
};
struct NoKey {};
struct NoWindow {};

struct Rolling {
    std::vector<Duration> lengths;
    Duration history = Duration::zero();
};
struct Sessions {
    Duration gap;
    Duration lateness;
};

}  // namespace detail

/// A lane as declared; Pipeline::add puts it into operation.
template <class Event, class Record, class Time, class When, class By, class Each, class Origin, class Kind,
          class... Metrics>
struct LaneSpec {
    std::string name;
    std::string events;
    Time time;
    When when_;
    By by_;
    Each each_;
    Origin origin_;
    Kind kind;
    Duration linger_ = std::chrono::minutes{10};
    std::tuple<Metrics...> metrics;

    /// Takes only the events for which `predicate(event)` is true; `description` says so in the catalogue.
    template <class P>
    [[nodiscard]] auto when(P predicate, std::string description = {}) && {
        static_assert(std::predicate<const P&, const Event&>, "when() wants a predicate on the lane's event");
        return rebuild<Record>(std::move(time), std::move(predicate), std::move(by_), std::move(each_),
                               std::move(origin_), std::move(kind), std::move(metrics), std::move(description));
    }

    /// The key: a member or a function of the event that gives something a string view can see. An event whose key
    /// is empty is passed over.
    template <class P>
    [[nodiscard]] auto by(P key) && {
        static_assert(std::convertible_to<std::invoke_result_t<const P&, const Event&>, std::string_view>,
                      "by() wants a member or function of the event that gives a string");
        return rebuild<Record>(std::move(time), std::move(when_), std::move(key), std::move(each_), std::move(origin_),
                               std::move(kind), std::move(metrics), std::move(events));
    }

    /// The time of an event, where it is not its member `time`.
    template <class P>
    [[nodiscard]] auto at(P projection) && {
        return rebuild<Record>(std::move(projection), std::move(when_), std::move(by_), std::move(each_),
                               std::move(origin_), std::move(kind), std::move(metrics), std::move(events));
    }

    /// Keeps, of each event, the records that `f(event, emit)` hands to `emit`. Call before the first metric().
    template <class R, class F>
    [[nodiscard]] auto each(F f) && {
        static_assert(sizeof...(Metrics) == 0, "call each() before the first metric()");
        return rebuild<R>(std::move(time), std::move(when_), std::move(by_), std::move(f), std::move(origin_),
                          std::move(kind), std::move(metrics), std::move(events));
    }

    /// Where a record came from, so that Pipeline::move can find it again.
    template <class P>
    [[nodiscard]] auto origin(P projection) && {
        return rebuild<Record>(std::move(time), std::move(when_), std::move(by_), std::move(each_),
                               std::move(projection), std::move(kind), std::move(metrics), std::move(events));
    }

    /// Rolling windows of these lengths.
    template <std::convertible_to<Duration>... Lengths>
    [[nodiscard]] auto rolling(Lengths... lengths) && {
        return std::move(*this).rolling(std::vector<Duration>{lengths...});
    }
    [[nodiscard]] auto rolling(std::vector<Duration> lengths) && {
        return rebuild<Record>(std::move(time), std::move(when_), std::move(by_), std::move(each_), std::move(origin_),
                               detail::Rolling{std::move(lengths)}, std::move(metrics), std::move(events));
    }

    /// Sessions: two events of a key at most `gap` apart belong together; held open `lateness` longer than that.
    [[nodiscard]] auto session(Duration gap, Duration lateness = Duration::zero()) && {
        return rebuild<Record>(std::move(time), std::move(when_), std::move(by_), std::move(each_), std::move(origin_),
                               detail::Sessions{gap, lateness}, std::move(metrics), std::move(events));
    }

    /// Keeps events so much longer than the longest window, for an aggregator that needs what led up to it.
    [[nodiscard]] auto history(Duration length) && {
        static_assert(std::same_as<Kind, detail::Rolling>, "history() goes with rolling()");
        kind.history = length;
        return std::move(*this);
    }

    /// How long values outlive their window.
    [[nodiscard]] auto linger(Duration length) && {
        linger_ = length;
        return std::move(*this);
    }

    /// A metric: its name, what it is read from, and what it means.
    template <class A, class Parser>
    [[nodiscard]] auto metric(std::string metric_name, Aggregate<A, Parser> aggregate, std::string meaning = {}) && {
        static_assert(MetricParser<Parser, A>, "a metric parser is a callable that takes the aggregate");
        auto all = std::tuple_cat(std::move(metrics),
                                  std::tuple{detail::LaneMetric<A, Parser>{std::move(metric_name), std::move(meaning),
                                                                           std::move(aggregate.parser)}});
        return rebuild<Record>(std::move(time), std::move(when_), std::move(by_), std::move(each_), std::move(origin_),
                               std::move(kind), std::move(all), std::move(events));
    }

private:
    template <class R, class T, class W, class B, class E, class O, class K, class... Ms>
    [[nodiscard]] auto rebuild(T t, W w, B b, E e, O o, K k, std::tuple<Ms...> ms, std::string description) {
        return LaneSpec<Event, R, T, W, B, E, O, K, Ms...>{
            std::move(name), std::move(description), std::move(t), std::move(w), std::move(b),
            std::move(e),    std::move(o),           std::move(k), linger_,      std::move(ms)};
    }

    template <class, class, class, class, class, class, class, class, class...>
    friend struct LaneSpec;
};

/// Begins the declaration of a lane over events of type `Event`.
template <class Event>
[[nodiscard]] auto lane(std::string name) {
    using namespace detail;
    return LaneSpec<Event, Event, ItsTime, Always, NoKey, ItsSelf, NoOrigin, NoWindow>{
        std::move(name), {}, {}, {}, {}, {}, {}, {}, std::chrono::minutes{10}, {}};
}

namespace detail {

/// The metrics of a lane over aggregate `T`: their names, texts and what of them was handed out.
template <class Parts, class... Metrics>
class Publisher {
public:
    static constexpr std::size_t count = sizeof...(Metrics);
    using Group = std::array<Held, count>;

    Publisher(std::string lane, std::tuple<Metrics...> metrics)
        : lane_{std::move(lane)}, metrics_{std::move(metrics)} {}

    /// Hands out the metrics of one key and window whose text is not what the store has or whose time to live there
    /// does not do: `due(expires_at)`.
    template <class PartOf, class Due>
    void publish(Group& group, Due due, Timestamp expires_at, std::string_view window, std::string_view key,
                 const PartOf& part, const MetricSink& sink) {
        each_index([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            auto& metric = std::get<I>(metrics_);
            using A = typename std::decay_t<decltype(metric)>::aggregator;
            text_.clear();
            append_text(text_, metric.parser(part.template operator()<index_of<A, Parts>>()));
            const Held now{expires_at, std::hash<std::string_view>{}(text_)};
            Held& held = group[I];
            if (now.hash != held.hash || held.expires_at == Held::nothing || held.expires_at == Held::unknown ||
                due(held.expires_at)) {
                held = now;
                sink(Metric{lane_, metric.name, window, key, text_, expires_at, false});
            }
        });
    }

    /// Takes back what the store still has at `now` of the metrics of one key and window.
    void erase(Group& group, Timestamp now, std::string_view window, std::string_view key, const MetricSink& sink) {
        each_index([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            if (group[I].expires_at > now) {
                sink(Metric{lane_, std::get<I>(metrics_).name, window, key, {}, {}, true});
            }
        });
        group = {};
    }

    void describe(std::vector<MetricInfo>& out, const std::string& window, const std::string& events) const {
        each_index([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            const auto& metric = std::get<I>(metrics_);
            out.push_back(MetricInfo{lane_, metric.name, window, events, metric.meaning});
        });
    }

private:
    template <class F>
    static void each_index(F f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (f(std::integral_constant<std::size_t, I>{}), ...); }
        (std::index_sequence_for<Metrics...>{});
    }

    std::string lane_;
    std::tuple<Metrics...> metrics_;
    std::string text_;
};

/// A value is renewed while half of its `spare` time is left: that between when its window can empty and when it
/// lapses.
[[nodiscard]] inline bool must_renew(Timestamp expires_at, Timestamp wanted, Duration spare) {
    return expires_at < saturating_subtract(wanted, spare / 2);
}

/// What a lane makes of an event: `insert(key, time, record)` says of each of its records, a `Given`, whether it was
/// kept.
template <class Given, class Spec, class Event, class Insert>
Taken take(const Spec& spec, const Event& event, Insert insert) {
    if (!std::invoke(spec.when_, event)) {
        return Taken::passed;
    }
    const std::string_view key{std::invoke(spec.by_, event)};
    if (key.empty()) {
        return Taken::passed;
    }
    const Timestamp time = std::invoke(spec.time, event);
    Taken taken = Taken::passed;
    spec.each_(event, [&](Given record) {
        const bool kept = insert(key, time, std::forward<Given>(record));
        taken = kept || taken == Taken::accepted ? Taken::accepted : Taken::late;
    });
    return taken;
}

/// The snapshots of a `Lane`, whose keys' states are in `keyed_`.
template <class Lane, class Event>
class LaneInRows : public AnyLane<Event> {
public:
    [[nodiscard]] std::string snapshot_description() const override {
        std::string text = snapshot_name_of<typename Lane::State::Windows>();
        for (const MetricInfo& metric : this->catalogue()) {
            text += ' ' + metric.lane + ':' + metric.name + ':' + metric.window;
        }
        return text;
    }
    [[nodiscard]] std::uint64_t begin_snapshot() const override {
        if constexpr (Snapshottable<typename Lane::State>) {
            dropped_rows_.emplace(lane().dropped_);
            return dropped_rows_->left() + lane().keyed_.begin_snapshot().front();
        } else {
            cannot_be_saved();
        }
    }
    bool continue_snapshot(std::size_t& keys, const EndPiece& end_piece, std::uint32_t section) const override {
        return dropped_rows_->go_on(keys, end_piece, section) ||
               lane().keyed_.continue_snapshot(keys, end_piece, section);
    }
    void end_snapshot() const noexcept override {
        dropped_rows_.reset();
        lane().keyed_.end_snapshot();
    }
    [[nodiscard]] std::unique_ptr<LaneRestoring> restoring() override {
        if constexpr (Snapshottable<typename Lane::State>) {
            return std::make_unique<Restoring>(static_cast<Lane&>(*this));
        } else {
            cannot_be_saved();
        }
    }

private:
    class Restoring final : public LaneRestoring {
    public:
        explicit Restoring(Lane& lane) : lane_{lane}, dropped_{&lane.dropped_memory_}, rows_{lane.keyed_} {}
        void reserve(std::size_t rows) override { rows_.reserve(0, rows); }
        void finish(const SnapshotReader& end) override { rows_.finish(end); }
        void read(SnapshotReader& in) override {
            if (more_dropped_) {
                more_dropped_ = dropped_rows_.read(in, dropped_);
            } else {
                rows_.read(0, in);
            }
        }
        void commit() override {
            lane_.dropped_ = std::move(dropped_);
            rows_.commit();
        }

    private:
        Lane& lane_;
        Dropped dropped_;
        DroppedRows::Reading dropped_rows_;
        bool more_dropped_ = true;
        typename Lane::Keyed::Restoring rows_;
    };

    [[nodiscard]] const Lane& lane() const noexcept { return static_cast<const Lane&>(*this); }
    [[noreturn]] void cannot_be_saved() const {
        throw std::logic_error{"weir::Pipeline: a snapshot cannot tell what to keep of the records of lane \"" +
                               this->catalogue().front().lane +
                               "\" or of what is made of them: list their members, see weir/snapshot_stream.hpp"};
    }

    mutable std::optional<DroppedRows> dropped_rows_;  // while a snapshot is under way
};

template <class Spec>
class LaneOf;

// Rolling windows.
template <class Event, class Record, class Time, class When, class By, class Each_, class Origin, class... Metrics>
class LaneOf<LaneSpec<Event, Record, Time, When, By, Each_, Origin, Rolling, Metrics...>> final
    : public LaneInRows<LaneOf<LaneSpec<Event, Record, Time, When, By, Each_, Origin, Rolling, Metrics...>>, Event> {
    friend LaneInRows<LaneOf, Event>;
    using Spec = LaneSpec<Event, Record, Time, When, By, Each_, Origin, Rolling, Metrics...>;
    using Parts = typename Unique<std::tuple<>, typename Metrics::aggregator...>::type;
    using T = typename Aggregated<Parts, Record, !std::same_as<Origin, NoOrigin>>::type;
    using Group = typename Publisher<Parts, Metrics...>::Group;
    using Publisher_ = Publisher<Parts, Metrics...>;

    using Windows = LaneWindows<T, sizeof...(Metrics)>;
    using State = typename Windows::Keep::Lent;
    using Keyed = KeyedWindows<KeyText, Windows>;

public:
    LaneOf(Spec spec, std::pmr::memory_resource* memory)
        : keyed_{Windows{RollingWindows<T>{spec.kind.lengths, spec.kind.history + spec.linger_, memory}}, memory},
          dropped_memory_{memory},
          publisher_{spec.name, std::move(spec.metrics)},
          spec_{std::move(spec)} {
        if (spec_.kind.lengths.size() > Groups<Group>::most) {
            throw std::invalid_argument("weir::lane: wanted up to 64 lengths, found " +
                                        std::to_string(spec_.kind.lengths.size()));
        }
        for (const Duration length : spec_.kind.lengths) {
            labels_.push_back(label(length));
        }
    }

    Taken process(const Event& event) override {
        return take<Record>(spec_, event, [&](std::string_view key, Timestamp time, Record record) {
            return keyed_.update(key, [&](State& state) { return state.windows.insert(time, std::move(record)); });
        });
    }

    void advance_to(Timestamp now) override {
        keyed_.advance_to(now);
        if (dropped_.any() && saturating_subtract(now, horizon()) >= dropped_.until()) {
            dropped_.clear();
        }
    }

    bool drain(const MetricSink& sink, std::size_t& keys) override {
        const auto hand_out = [&](std::string_view key, State& state) {
            for (std::size_t w = 0; w != labels_.size(); ++w) {
                publish(state, w, key, sink);
            }
        };
        return keyed_.drain(hand_out, keys);
    }

    void forget() override {
        keyed_.forget_if([&](const State& state) {
            return state.published.all_of([&](const Group& group) {
                return std::all_of(group.begin(), group.end(),
                                   [&](const Held& held) { return held.expires_at <= keyed_.now(); });
            });
        });
    }

    [[nodiscard]] std::optional<Timestamp> next_due() const override { return keyed_.next_due(); }

    void move(std::string_view from, AnyLane<Event>* target, std::string_view to, const History& history,
              bool published, Symbols* symbols) override {
        if constexpr (!std::same_as<Origin, NoOrigin>) {
            if (target != nullptr && dropped_.misses(from, history.after)) {
                target->note_dropped(to, dropped_.until());
            }
            if (!keyed_.find(from)) {
                return;
            }
            std::vector<std::pair<Timestamp, Record>> moved;
            keyed_.update(from, [&](State& state) {
                state.windows.extract_if(
                    [&](Timestamp t, const Record& record) {
                        return t > history.after && t <= history.until &&
                               std::invoke(spec_.origin_, record) == history.origin;
                    },
                    [&](Timestamp t, Record&& record) { moved.emplace_back(t, std::move(record)); });
                if (published && !moved.empty()) {
                    forget_what_was_published(state);
                }
                return !moved.empty();
            });
            if (!moved.empty() && target != nullptr) {
                static_cast<LaneOf*>(target)->keyed_.update(to, [&](State& state) {
                    for (auto& event : moved) {
                        Record& record = event.second;
                        if constexpr (requires { record.rehome(*symbols); }) {
                            if (symbols != nullptr) {
                                record.rehome(*symbols);
                            }
                        }
                        state.windows.insert(event.first, std::move(record));
                    }
                    return true;
                });
            }
        }
    }

    void assume_published(std::string_view key) override {
        keyed_.update(key, [](State& state) {
            forget_what_was_published(state);
            return true;
        });
    }
    void assume_published() override { keyed_.update_all(forget_what_was_published); }

    void each_latest(const std::function<void(Timestamp)>& f) const override {
        keyed_.for_each([&](std::string_view, const State& state) { f(latest(state)); });
    }

    std::size_t drop_idle(Timestamp until, bool published, const MetricSink& sink) override {
        const auto idle = [&](std::string_view, const State& state) { return latest(state) <= until; };
        return keyed_.drop_if(idle, [&](std::string_view key, State& state) {
            if (published) {
                forget_what_was_published(state);
            }
            for (std::size_t w = 0; w != labels_.size(); ++w) {
                erase(state, w, key, sink);
            }
            dropped_.add(key, until);
        });
    }

    void note_dropped(std::string_view key, Timestamp until) override {
        dropped_.add(key, until);
        keyed_.update(key, [](State&) { return true; });  // values that are in the store have to go
    }

    [[nodiscard]] Duration horizon() const override {
        Duration longest = Duration::zero();
        for (const Duration length : spec_.kind.lengths) {
            longest = std::max(longest, length);
        }
        return longest + spec_.kind.history + spec_.linger_;
    }

    [[nodiscard]] std::vector<MetricInfo> catalogue() const override {
        std::vector<MetricInfo> all;
        for (const std::string& window : labels_) {
            publisher_.describe(all, window, spec_.events);
        }
        return all;
    }

    [[nodiscard]] std::size_t keys() const override { return keyed_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const override {
        return keyed_.memory_in_use() + dropped_memory_.bytes();
    }

private:
    static Timestamp latest(const State& state) { return state.windows.latest().value_or(Timestamp::min()); }

    static void forget_what_was_published(State& state) {
        for (std::size_t w = 0; w != state.windows.count(); ++w) {
            for (Held& held : state.published.at(w)) {
                held.expires_at = Held::unknown;
            }
        }
    }

    // Takes back what the store has of a window.
    void erase(State& state, std::size_t w, std::string_view key, const MetricSink& sink) {
        if (Group* const group = state.published.find(w); group != nullptr) {
            publisher_.erase(*group, keyed_.now(), labels_[w], key, sink);
            state.published.erase(w);
        }
    }

    void publish(State& state, std::size_t w, std::string_view key, const MetricSink& sink) {
        const auto& windows = state.windows;
        const Timestamp now = keyed_.now();
        const auto latest = windows.latest(w);
        const Timestamp empties = latest ? saturating_add(*latest, windows.length(w)) : Timestamp::min();
        const Timestamp expires_at = saturating_add(empties, spec_.linger_);
        const Timestamp needs = saturating_subtract(saturating_subtract(now, windows.length(w)), spec_.kind.history);
        if (!latest || expires_at <= now || dropped_.misses(key, needs)) {
            erase(state, w, key, sink);
            return;
        }
        Group& group = state.published.at(w);
        const bool emptied = empties <= windows.now();
        const auto due = [&](Timestamp held) {
            return emptied ? held != expires_at : must_renew(held, expires_at, spec_.linger_);
        };
        windows.read(
            w, [&](const auto& part) { publisher_.publish(group, due, expires_at, labels_[w], key, part, sink); });
    }

    Keyed keyed_;
    CountedMemory dropped_memory_;
    Dropped dropped_{&dropped_memory_};
    Publisher_ publisher_;
    Spec spec_;
    std::vector<std::string> labels_;
};

// Sessions.
template <class Event, class Record, class Time, class When, class By, class Each_, class Origin, class... Metrics>
class LaneOf<LaneSpec<Event, Record, Time, When, By, Each_, Origin, Sessions, Metrics...>> final
    : public LaneInRows<LaneOf<LaneSpec<Event, Record, Time, When, By, Each_, Origin, Sessions, Metrics...>>, Event> {
    friend LaneInRows<LaneOf, Event>;
    using Spec = LaneSpec<Event, Record, Time, When, By, Each_, Origin, Sessions, Metrics...>;
    using Parts = typename Unique<std::tuple<>, typename Metrics::aggregator...>::type;
    using T = typename AsAggregator<Parts>::type;
    using Group = typename Publisher<Parts, Metrics...>::Group;
    using Publisher_ = Publisher<Parts, Metrics...>;

    struct State {
        using Windows = SessionWindow<Duration, T>;

        using allocator_type = Memory;

        Windows sessions;
        Group published{};
        Box<Session<T>> closed;  // not drained yet

        explicit State(Windows prototype) : sessions{std::move(prototype)} {}
        State(const State& other, const Memory& memory)
            : sessions{other.sessions, memory}, published{other.published}, closed{other.closed, memory} {}
        State(State&&) noexcept = default;
        State(State&& other, const Memory& memory)
            : sessions{std::move(other.sessions), memory},
              published{other.published},
              closed{std::move(other.closed), memory} {}

        bool advance_to(Timestamp now) {
            bool any = false;
            sessions.advance_to(now, [&](const Session<T>& session) {
                closed.emplace(sessions.get_allocator(), session.copy_in(sessions.get_allocator()));
                any = true;
            });
            return any;
        }
        [[nodiscard]] bool forgettable() const { return sessions.forgettable(); }
        [[nodiscard]] std::optional<Timestamp> next_due() const { return sessions.next_due(); }
        [[nodiscard]] std::size_t memory_in_use() const { return sessions.memory_in_use() + closed.memory_in_use(); }

        using snapshot_keeps = T;
        void save(SnapshotWriter& out) const {
            out.write(sessions, published, static_cast<bool>(closed));
            if (closed) {
                out.write(*closed);
            }
        }
        void load(SnapshotReader& in) {
            in.read(sessions, published);
            closed.reset();
            if (in.read<bool>()) {
                in.read(closed.emplace(sessions.get_allocator(),
                                       Session<T>{{}, {}, 0, make_in<T>(sessions.get_allocator())}));
            }
        }
    };
    using Keyed = KeyedWindows<KeyText, State>;

public:
    LaneOf(Spec spec, std::pmr::memory_resource* memory)
        : keyed_{State{SessionWindow<Duration, T>{spec.kind.gap, spec.kind.lateness, memory}}, memory},
          dropped_memory_{memory},
          publisher_{spec.name, std::move(spec.metrics)},
          spec_{std::move(spec)} {}

    Taken process(const Event& event) override {
        return take<const Record&>(spec_, event, [&](std::string_view key, Timestamp time, const Record& record) {
            return keyed_.update(
                key, [&](State& state) { return state.sessions.insert(time, record) != SessionInsert::late; });
        });
    }

    void advance_to(Timestamp now) override {
        keyed_.advance_to(now);
        // A session that was dropped can go on for as long as its gap; one that did is not complete as long as it
        // lasts.
        const Duration wait = spec_.kind.gap + spec_.kind.lateness;
        if (dropped_.any() && saturating_subtract(now, wait) > dropped_.until()) {
            Dropped live{&dropped_memory_};
            keyed_.for_each([&](std::string_view key, const State&) { live.add(key, now); });
            dropped_.keep(live, now);
        }
    }

    bool drain(const MetricSink& sink, std::size_t& keys) override {
        const auto hand_out = [&](std::string_view key, State& state) {
            const auto& open = state.sessions.sessions();
            if (dropped_.misses(key, Timestamp::min())) {
                publisher_.erase(state.published, keyed_.now(), "", key, sink);
            } else if (!open.empty()) {
                publish(state.published, open.back(), false, key, sink);
            } else if (state.closed) {
                publish(state.published, *state.closed, true, key, sink);
            }
            if (state.closed && (!open.empty() || expires_at(*state.closed) <= keyed_.now())) {
                state.closed.reset();  // until then it may have to be handed out again
            }
        };
        return keyed_.drain(hand_out, keys);
    }

    void forget() override {
        keyed_.forget_if(
            [&](const State& state) { return !state.closed || expires_at(*state.closed) <= keyed_.now(); });
    }

    [[nodiscard]] std::optional<Timestamp> next_due() const override { return keyed_.next_due(); }
    void assume_published(std::string_view) override {}  // what a session has never goes elsewhere
    void assume_published() override { keyed_.update_all(forget_what_was_published); }
    void move(std::string_view, AnyLane<Event>*, std::string_view, const History&, bool, Symbols*) override {}

    void each_latest(const std::function<void(Timestamp)>& f) const override {
        keyed_.for_each([&](std::string_view, const State& state) { f(latest(state)); });
    }

    std::size_t drop_idle(Timestamp until, bool published, const MetricSink& sink) override {
        const auto idle = [&](std::string_view, const State& state) { return latest(state) <= until; };
        return keyed_.drop_if(idle, [&](std::string_view key, State& state) {
            if (published) {
                forget_what_was_published(state);
            }
            publisher_.erase(state.published, keyed_.now(), "", key, sink);
            dropped_.add(key, until);
        });
    }

    void note_dropped(std::string_view key, Timestamp until) override {
        dropped_.add(key, until);
        keyed_.update(key, [](State&) { return true; });
    }

    [[nodiscard]] Duration horizon() const override { return spec_.kind.gap + spec_.kind.lateness + spec_.linger_; }

    [[nodiscard]] std::vector<MetricInfo> catalogue() const override {
        std::vector<MetricInfo> all;
        publisher_.describe(all, "", spec_.events);
        return all;
    }

    [[nodiscard]] std::size_t keys() const override { return keyed_.size(); }
    [[nodiscard]] std::size_t memory_in_use() const override {
        return keyed_.memory_in_use() + dropped_memory_.bytes();
    }

private:
    static Timestamp latest(const State& state) {
        const auto& open = state.sessions.sessions();
        const Timestamp time = open.empty() ? Timestamp::min() : open.back().last;
        return state.closed ? std::max(time, state.closed->last) : time;
    }

    static void forget_what_was_published(State& state) {
        for (Held& held : state.published) {
            held.expires_at = Held::unknown;
        }
    }

    [[nodiscard]] Timestamp expires_at(const Session<T>& session) const {
        return saturating_add(saturating_add(session.last, spec_.kind.gap), spec_.linger_);
    }

    void publish(Group& group, const Session<T>& session, bool closed, std::string_view key, const MetricSink& sink) {
        const Timestamp until = expires_at(session);
        if (until <= keyed_.now()) {
            return;
        }
        const auto part = [&]<std::size_t I>() -> const auto& {
            return part_of<std::tuple_element_t<I, Parts>>(session.aggregate);
        };
        // It is open for its lateness longer.
        const Duration spare = std::max(Duration::zero(), spec_.linger_ - spec_.kind.lateness);
        const auto due = [&](Timestamp held) { return closed ? held != until : must_renew(held, until, spare); };
        publisher_.publish(group, due, until, "", key, part, sink);
    }

    Keyed keyed_;
    CountedMemory dropped_memory_;
    Dropped dropped_{&dropped_memory_};
    Publisher_ publisher_;
    Spec spec_;
};

}  // namespace detail

}  // namespace weir
