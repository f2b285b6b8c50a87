// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "snapshots.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "log.hpp"

namespace live_shopper {
namespace {

constexpr std::array<std::uint8_t, 8> magic{0x89, 's', 'h', 'o', 'p', '\r', '\n', 0x1A};

// Of what is in a file, and of what the lanes make of events: one that computes a feature in another way is another
// version.
constexpr std::uint32_t version = 2;

constexpr std::size_t keys_at_once = 64;

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begin) { return std::chrono::duration<double>(Steady::now() - begin).count(); }

// Where two descriptions part, with a little around.
std::string parted(std::string_view a, std::string_view b) {
    const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
    const auto from = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, at - 30));
    return fmt::format("wanted \"...{}...\", found \"...{}...\"", a.substr(std::min(from, a.size()), 60),
                       b.substr(std::min(from, b.size()), 60));
}

std::string listed(const std::vector<Partition>& partitions) {
    std::string out;
    for (const Partition& partition : partitions) {
        out += fmt::format("{}{}:{}", out.empty() ? "" : ",", partition.topic, partition.number);
    }
    return out;
}
std::string listed(const std::vector<SnapshotLabel::Mark>& marks) {
    std::string out;
    for (const auto& mark : marks) {
        out += fmt::format("{}{}:{}", out.empty() ? "" : ",", mark.topic, mark.partition);
    }
    return out;
}

std::size_t index(Unusable why) { return static_cast<std::size_t>(why); }

}  // namespace

std::vector<std::byte> write_label(const SnapshotLabel& label) {
    const auto bytes = weir::take_snapshot(label);
    weir::SnapshotWriter out;
    out.write(magic, version, weir::snapshot_version);
    out.write_count(bytes.size());
    out.write_all(bytes.data(), bytes.size());
    const auto all = std::as_const(out).bytes();
    return {all.begin(), all.end()};
}

std::optional<LabelledSnapshot> read_label(std::span<const std::byte> bytes, std::string& found) {
    weir::SnapshotReader in{bytes};
    in.require(in.read<std::array<std::uint8_t, 8>>() == magic, "a snapshot of live-shopper");
    const auto of_file = in.read<std::uint32_t>();
    const auto of_library = in.read<std::uint32_t>();
    if (of_file != version || of_library != weir::snapshot_version) {
        found = fmt::format("{}.{}", of_file, of_library);
        return std::nullopt;
    }
    const std::size_t length = in.read_count<std::byte>();
    LabelledSnapshot out;
    weir::restore(out.label, bytes.subspan(in.offset(), length));
    out.tables = bytes.subspan(in.offset() + length);
    return out;
}

Snapshots::Snapshots(SnapshotOptions options, SnapshotStore& store, Metrics& metrics)
    : options_{std::move(options)}, store_{store}, metrics_{metrics} {}

std::optional<SnapshotLabel> Snapshots::restore(const std::vector<Partition>& partitions,
                                                std::span<const std::int64_t> first, State& state) {
    const auto began = Steady::now();
    describe(state);
    bool any = false;
    for (const std::string& name : store_.names()) {
        any = true;
        SnapshotLabel label;
        std::optional<UnusableSnapshot> unusable{{Unusable::damaged, "it cannot be read"}};
        if (const auto bytes = store_.read(name)) {
            unusable = use(bytes->bytes, partitions, first, state, label);
        }
        if (!unusable) {
            std::int64_t to_read = 0;
            for (std::size_t slot = 0; slot != partitions.size(); ++slot) {
                to_read += partitions[slot].high - label.marks[slot].next;
            }
            metrics_.restores[Metrics::restored].add();
            log::info(
                "restored a snapshot",
                {{"name", name}, {"keys", state.keys()}, {"records", to_read}, {"seconds", seconds_since(began)}});
            return label;
        }
        state.begin();
        constexpr std::array<std::string_view, 4> whys{"damaged", "of another version", "foreign", "outdated"};
        metrics_.restores[Metrics::damaged + index(unusable->why)].add();
        log::warn("a snapshot cannot be used",
                  {{"name", name}, {"it_is", whys[index(unusable->why)]}, {"reason", unusable->what}});
    }
    if (!any) {
        metrics_.restores[Metrics::none].add();
    } else {
        log::warn("no snapshot can be used; reading back");
    }
    return std::nullopt;
}

std::optional<UnusableSnapshot> Snapshots::use(std::span<const std::byte> bytes,
                                               const std::vector<Partition>& partitions,
                                               std::span<const std::int64_t> first, State& state,
                                               SnapshotLabel& label) const {
    try {
        std::string found;
        auto read = read_label(bytes, found);
        if (!read) {
            return UnusableSnapshot{Unusable::other_version, fmt::format("wanted version {}.{}, found {}", version,
                                                                         weir::snapshot_version, found)};
        }
        label = std::move(read->label);
        if (label.owner != options_.owner) {
            return UnusableSnapshot{Unusable::foreign,
                                    fmt::format("wanted that of {}, found that of {}", options_.owner, label.owner)};
        }
        if (label.state != description_) {
            return UnusableSnapshot{Unusable::foreign, "of other settings: " + parted(description_, label.state)};
        }
        const bool same = std::equal(partitions.begin(), partitions.end(), label.marks.begin(), label.marks.end(),
                                     [](const Partition& partition, const SnapshotLabel::Mark& mark) {
                                         return partition.topic == mark.topic && partition.number == mark.partition;
                                     });
        if (!same) {
            return UnusableSnapshot{Unusable::foreign, fmt::format("of other partitions: wanted {}, found {}",
                                                                   listed(partitions), listed(label.marks))};
        }
        for (std::size_t slot = 0; slot != partitions.size(); ++slot) {
            const Partition& partition = partitions[slot];
            const auto next = label.marks[slot].next;
            if (next > partition.high || next > partition.committed.value_or(partition.low) || next < first[slot]) {
                return UnusableSnapshot{
                    Unusable::outdated,
                    fmt::format("it is of offset {} of {}:{}, of which {} to {} are there, {} is committed and {} "
                                "still matters",
                                next, partition.topic, partition.number, partition.low, partition.high,
                                partition.committed.value_or(-1), first[slot])};
            }
        }
        state.begin();
        weir::SnapshotReader beside{std::as_bytes(std::span{label.beside})};
        state.load(beside);
        beside.require(beside.remaining() == 0, "the end of what is beside the tables");
        state.restore(read->tables);
    } catch (const std::exception& error) {  // also of memory that there is not
        return UnusableSnapshot{Unusable::damaged, error.what()};
    }
    return std::nullopt;
}

// All states of a job have the same one, and it is long.
void Snapshots::describe(const State& state) {
    if (description_.empty()) {
        description_ = state.description();
    }
}

bool Snapshots::due(weir::Timestamp now) const {
    return !under_way_ && (!begun_ || now < *begun_ || now - *begun_ >= options_.interval);
}

void Snapshots::begin(weir::Timestamp now, const State& state, std::vector<SnapshotLabel::Mark> marks,
                      const std::string& run) {
    began_ = Steady::now();
    begun_ = now;
    next_.clear();
    for (const auto& mark : marks) {
        next_.push_back(mark.next);
    }
    of_ = listed(marks);
    describe(state);
    SnapshotLabel label{options_.owner, description_, run, std::move(marks), {}};
    weir::SnapshotWriter beside;
    state.save(beside);
    for (const std::byte byte : std::as_const(beside).bytes()) {
        label.beside.push_back(std::to_integer<std::uint8_t>(byte));
    }
    auto head = write_label(label);
    bytes_ = head.size();
    store_.begin();
    store_.append(std::move(head));
    steps_ = state.in_steps();
    under_way_ = true;
    completed_ = false;
    metrics_.snapshot_pause.raise(seconds_since(began_));
}

void Snapshots::step() {
    if (!under_way_) {
        return;
    }
    const auto state = store_.state();
    if (state == SnapshotStore::State::failed) {
        fail();
    } else if (steps_) {
        if (!store_.full()) {
            const auto began = Steady::now();
            write_some();
            metrics_.snapshot_pause.raise(seconds_since(began));
        }
    } else if (!completed_) {
        if (std::equal(next_.begin(), next_.end(), committed_.begin(), committed_.end(), std::less_equal<>{})) {
            completed_ = true;
            store_.complete();
        }
    } else if (state == SnapshotStore::State::kept) {
        under_way_ = false;
        metrics_.snapshots.add();
        metrics_.snapshot_bytes.set(bytes_);
        metrics_.snapshot.observe(seconds_since(began_));
        log::debug("a snapshot is kept", {{"of", of_}, {"bytes", bytes_}, {"seconds", seconds_since(began_)}});
    }
}

void Snapshots::write_some() {
    std::size_t bytes = 0;
    bool more = true;
    const std::size_t some = std::min(keys_at_once, options_.keys);
    for (std::size_t keys = 0; more && keys < options_.keys && bytes < options_.bytes; keys += some) {
        more = steps_->write(some, [&](std::span<const std::byte> piece) {
            bytes += piece.size();
            store_.append({piece.begin(), piece.end()});
        });
    }
    bytes_ += bytes;
    if (!more) {
        steps_.reset();
    }
}

void Snapshots::committed(std::uint32_t slot, std::int64_t offset) {
    committed_.resize(std::max<std::size_t>(committed_.size(), slot + 1));
    committed_[slot] = offset;
}

void Snapshots::fail() {
    abandon();
    metrics_.failed_snapshots.add();
    log::warn("a snapshot was not kept; the next one comes in its time", {{"of", of_}});
}

void Snapshots::abandon() {
    steps_.reset();
    if (under_way_ && !completed_) {
        store_.abandon();
    }
    under_way_ = false;
}

void Snapshots::forget() {
    abandon();
    committed_.clear();
}

}  // namespace live_shopper
