// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pipeline: several lanes over one type of event.
//
// Each event goes to every lane; event time moves on for all; a drain hands out what changed. Costs are those of the
// lanes. Not synchronized: one thread at a time; shard by key to use several.
//
//     weir::Pipeline<Event> pipeline;
//     pipeline.add(weir::lane<Event>("product").by(&Event::user).rolling(5min).metric("views", weir::count));
//     pipeline.process(event);
//     pipeline.advance_to(now);
//     pipeline.drain([](const weir::Metric& m) { fmt::print("{}:{} = {}\n", m.key, m.name, m.value); });

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/lane.hpp>
#include <weir/snapshot.hpp>
#include <weir/symbol.hpp>
#include <weir/time.hpp>

namespace weir {

template <class Event>
class Pipeline {
public:
    /// What lanes keep of keys is from `memory`; what they are declared as, and a snapshot under way, is not.
    explicit Pipeline(std::pmr::memory_resource* memory = std::pmr::get_default_resource()) noexcept
        : memory_{memory} {}

    /// Puts a lane into operation. It sees the events processed from here on.
    template <class Spec>
    void add(Spec spec) {
        static_assert(!std::same_as<decltype(spec.by_), detail::NoKey>, "a lane needs a key: call by()");
        static_assert(!std::same_as<decltype(spec.kind), detail::NoWindow>,
                      "a lane needs windows: call rolling() or session()");
        static_assert(std::tuple_size_v<decltype(spec.metrics)> != 0,
                      "a lane needs at least one metric: call metric()");
        lanes_.push_back(std::make_unique<detail::LaneOf<Spec>>(std::move(spec), memory_));
    }

    /// Takes an event into every lane. Late where no lane took it and one would have, had it come sooner.
    Taken process(const Event& event) {
        Taken taken = Taken::passed;
        for (const auto& lane : lanes_) {
            switch (lane->process(event)) {
                case Taken::accepted:
                    taken = Taken::accepted;
                    break;
                case Taken::late:
                    taken = taken == Taken::passed ? Taken::late : taken;
                    break;
                case Taken::passed:
                    break;
            }
        }
        return taken;
    }

    /// Moves event time on; values decay. An earlier time than before changes nothing.
    void advance_to(Timestamp now) {
        for (const auto& lane : lanes_) {
            lane->advance_to(now);
        }
    }

    /// Hands every value that changed since the last drain to `sink`.
    void drain(const MetricSink& sink) {
        auto all = std::numeric_limits<std::size_t>::max();
        static_cast<void>(drain(sink, all));
    }
    /// The same for no more than `keys` keys, counted in each lane, which is less by as many afterwards; lane by lane,
    /// and in each those that have waited for longest come first. True where some are left. What changes between two
    /// calls waits behind them.
    bool drain(const MetricSink& sink, std::size_t& keys) {
        bool more = false;
        for (const auto& lane : lanes_) {
            more = lane->drain(sink, keys) || more;
        }
        return more;
    }

    /// Forgets, without a drain, keys that have nothing left to hand out: for one who drains only in the end.
    void forget() {
        for (const auto& lane : lanes_) {
            lane->forget();
        }
    }

    /// When the next value changes by itself; nothing where none will.
    [[nodiscard]] std::optional<Timestamp> next_due() const {
        std::optional<Timestamp> next;
        for (const auto& lane : lanes_) {
            const auto due = lane->next_due();
            next = due && (!next || *due < *next) ? due : next;
        }
        return next;
    }

    /// Moves history from one key to another in every lane that knows where its records came from. What was
    /// handed out for `from` and holds no longer is taken back. `published`: also what this pipeline did not hand out.
    void move(std::string_view from, std::string_view to, const History& history, bool published = false) {
        for (const auto& lane : lanes_) {
            lane->move(from, lane.get(), to, history, published, nullptr);
        }
    }

    /// The same to a key of another pipeline with the same lanes, added in the same order: another shard. Records that
    /// hold symbols have a member `rehome(Symbols&)` that makes them those of `symbols`.
    void move(std::string_view from, Pipeline& target, std::string_view to, const History& history, bool published,
              Symbols& symbols) {
        assert(lanes_.size() == target.lanes_.size());
        for (std::size_t i = 0; i != lanes_.size(); ++i) {
            lanes_[i]->move(from, target.lanes_[i].get(), to, history, published, &symbols);
        }
    }

    /// Drops history of a key, as move() does what it moves away.
    void remove(std::string_view from, const History& history, bool published = false) {
        for (const auto& lane : lanes_) {
            lane->move(from, nullptr, {}, history, published, nullptr);
        }
    }

    /// Says that any value of the key may be in the store, as after a restart: the next drain takes back those that do
    /// not hold.
    void assume_published(std::string_view key) {
        for (const auto& lane : lanes_) {
            lane->assume_published(key);
        }
    }

    /// The same of every key that there is: the next drain hands all values out. O(keys).
    void assume_published() {
        for (const auto& lane : lanes_) {
            lane->assume_published();
        }
    }

    /// Calls `f` with the time of the latest event of each key of each lane; Timestamp::min() where its windows are
    /// empty. O(keys).
    void each_latest(const std::function<void(Timestamp)>& f) const {
        for (const auto& lane : lanes_) {
            lane->each_latest(f);
        }
    }

    /// Drops, lane by lane, the keys without an event after `until`, and takes their values back; gives how many. A key
    /// that comes back has values again, window by window, once they reach back no further than `until`: a value that
    /// is there is right. O(keys), and 9 to 20 bytes for each key dropped until its windows are complete. `published`:
    /// values may be in the store that this pipeline did not hand out.
    std::size_t drop_idle(Timestamp until, bool published, const MetricSink& sink) {
        std::size_t dropped = 0;
        for (const auto& lane : lanes_) {
            dropped += lane->drop_idle(until, published, sink);
        }
        return dropped;
    }

    /// Says that events of a key at or before `until` are missing, as if it had been dropped.
    void note_dropped(std::string_view key, Timestamp until) {
        for (const auto& lane : lanes_) {
            lane->note_dropped(key, until);
        }
    }

    /// How far back an event can matter to any lane.
    [[nodiscard]] Duration horizon() const {
        Duration longest = Duration::zero();
        for (const auto& lane : lanes_) {
            longest = std::max(longest, lane->horizon());
        }
        return longest;
    }

    /// Every metric of every lane, window by window.
    [[nodiscard]] std::vector<MetricInfo> catalogue() const {
        std::vector<MetricInfo> all;
        for (const auto& lane : lanes_) {
            auto more = lane->catalogue();
            std::move(more.begin(), more.end(), std::back_inserter(all));
        }
        return all;
    }

    /// The number of lanes.
    [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }

    /// The number of keys with state, summed over the lanes.
    [[nodiscard]] std::size_t keys() const {
        std::size_t sum = 0;
        for (const auto& lane : lanes_) {
            sum += lane->keys();
        }
        return sum;
    }

    /// Bytes of memory that lanes have taken and not given back. O(keys).
    [[nodiscard]] std::size_t memory_in_use() const {
        std::size_t sum = 0;
        for (const auto& lane : lanes_) {
            sum += lane->memory_in_use();
        }
        return sum;
    }

    /// For take_snapshot, SnapshotInSteps and restore. Throws std::logic_error where a lane's records cannot be saved.
    [[nodiscard]] std::string snapshot_description() const {
        std::string text = "Pipeline";
        for (const auto& lane : lanes_) {
            text += "; " + lane->snapshot_description();
        }
        return text;
    }
    [[nodiscard]] std::vector<std::uint64_t> begin_snapshot() const {
        std::vector<std::uint64_t> rows;
        try {
            for (const auto& lane : lanes_) {
                rows.push_back(lane->begin_snapshot());
            }
        } catch (...) {
            end_snapshot();
            throw;
        }
        return rows;
    }
    bool continue_snapshot(std::size_t& keys, const detail::EndPiece& end_piece) const {
        bool more = false;
        for (std::size_t i = 0; i != lanes_.size(); ++i) {  // also without keys: what has changed meanwhile is long
            more = lanes_[i]->continue_snapshot(keys, end_piece, static_cast<std::uint32_t>(i)) || more;
        }
        return more;
    }
    void end_snapshot() const noexcept {
        for (const auto& lane : lanes_) {
            lane->end_snapshot();
        }
    }
    class Restoring;

private:
    std::pmr::memory_resource* memory_;
    std::vector<std::unique_ptr<AnyLane<Event>>> lanes_;
};

/// The lanes beside those that are to be restored, until all rows have come.
template <class Event>
class Pipeline<Event>::Restoring {
public:
    explicit Restoring(Pipeline& target) {
        for (const auto& lane : target.lanes_) {
            lanes_.push_back(lane->restoring());
        }
    }

    [[nodiscard]] std::size_t sections() const noexcept { return lanes_.size(); }
    void reserve(std::uint32_t section, std::size_t rows) { lanes_[section]->reserve(rows); }
    void read(std::uint32_t section, SnapshotReader& in) { lanes_[section]->read(in); }
    void finish(const SnapshotReader& end) {
        for (const auto& lane : lanes_) {
            lane->finish(end);
        }
    }
    void commit() {
        for (const auto& lane : lanes_) {
            lane->commit();
        }
    }

private:
    std::vector<std::unique_ptr<detail::LaneRestoring>> lanes_;
};

}  // namespace weir
