// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a lane of rolling windows keeps what it has of a key: KeepLane. Two pointers: to the events, see
// kept_rolling_windows.hpp, and to what the store has of the windows' metrics, for those windows of which it has any.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/detail/kept_rolling_windows.hpp>
#include <weir/rolling_window.hpp>
#include <weir/snapshot_stream.hpp>
#include <weir/time.hpp>

namespace weir::detail {

/// What the store has of one metric of a key.
struct Held {
    static constexpr Timestamp nothing = Timestamp::min();
    static constexpr Timestamp unknown = Timestamp::max();  // it may have any value, for any time

    Timestamp expires_at = nothing;
    std::uint64_t hash = 0;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Held::expires_at, &Held::hash);
    }
};

/// A Group for each of up to 64 windows that has one, side by side in one allocation.
template <class Group>
class Groups {
    static_assert(std::is_trivially_copyable_v<Group> && alignof(Group) <= alignof(std::uint64_t));

public:
    static constexpr std::size_t most = 64;

    [[nodiscard]] Group* find(std::size_t window) const noexcept {
        return (mask() & bit(window)) == 0 ? nullptr : &groups()[place(window)];
    }
    /// That of a window, made where there is none; the others move.
    Group& at(std::size_t window, std::pmr::memory_resource* memory) {
        Group* found = find(window);
        if (found == nullptr) [[unlikely]] {
            become(mask() | bit(window), memory);
            found = find(window);
        }
        return *found;
    }
    /// The others move.
    void erase(std::size_t window, std::pmr::memory_resource* memory) {
        if (find(window) != nullptr) {
            become(mask() & ~bit(window), memory);
        }
    }
    void clear(std::pmr::memory_resource* memory) noexcept {
        if (block_ != nullptr) {
            memory->deallocate(block_, bytes(mask()), alignof(Block));
            block_ = nullptr;
        }
    }
    /// Whether `f(group)` is true of every one.
    template <class F>
    [[nodiscard]] bool all_of(F f) const {
        return block_ == nullptr || std::all_of(groups(), groups() + count(mask()), f);
    }
    [[nodiscard]] std::size_t memory_in_use() const noexcept { return block_ == nullptr ? 0 : bytes(mask()); }

    void save(SnapshotWriter& out) const {
        out.write(mask());
        if (block_ != nullptr) {
            out.write_all(groups(), count(mask()));
        }
    }
    void load(SnapshotReader& in, std::size_t windows, std::pmr::memory_resource* memory) {
        const auto wanted = in.read<std::uint64_t>();
        in.require(windows == most || wanted >> windows == 0, "no more windows than the lane has");
        if (wanted != 0) {
            become(wanted, memory);
            for (std::size_t i = 0; i != count(wanted); ++i) {
                in.read(groups()[i]);
            }
        }
    }

private:
    struct Block {
        std::uint64_t mask;  // of the windows that have one
    };

    [[nodiscard]] static std::uint64_t bit(std::size_t window) noexcept { return std::uint64_t{1} << window; }
    [[nodiscard]] static std::size_t count(std::uint64_t mask) noexcept {
        return static_cast<std::size_t>(std::popcount(mask));
    }
    [[nodiscard]] static std::size_t bytes(std::uint64_t mask) noexcept {
        return sizeof(Block) + count(mask) * sizeof(Group);
    }
    [[nodiscard]] std::uint64_t mask() const noexcept { return block_ == nullptr ? 0 : block_->mask; }
    [[nodiscard]] Group* groups() const noexcept { return reinterpret_cast<Group*>(block_ + 1); }
    [[nodiscard]] std::size_t place(std::size_t window) const noexcept { return count(mask() & (bit(window) - 1)); }

    // Those of the windows in `wanted`.
    [[gnu::noinline]] void become(std::uint64_t wanted, std::pmr::memory_resource* memory) {
        Groups fresh;
        if (wanted != 0) {
            fresh.block_ = ::new (memory->allocate(bytes(wanted), alignof(Block))) Block{wanted};
            Group* to = fresh.groups();
            for (std::uint64_t left = wanted; left != 0; left &= left - 1, ++to) {
                const Group* const held = find(static_cast<std::size_t>(std::countr_zero(left)));
                ::new (to) Group(held != nullptr ? *held : Group{});
            }
        }
        clear(memory);
        block_ = fresh.block_;
    }

    Block* block_ = nullptr;
};

template <class T, std::size_t metrics>
class KeepLane;

/// The windows of a lane, as KeyedWindows takes them.
template <class T, std::size_t metrics>
struct LaneWindows {
    using Keep = KeepLane<T, metrics>;

    RollingWindows<T> windows;

    using snapshot_keeps = typename RollingWindows<T>::snapshot_keeps;
    template <class Writer>
    void save(Writer& out) const {
        out.write(windows);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(windows);
    }
};

template <class T, std::size_t metrics>
class KeepLane {
    using Window = LaneWindows<T, metrics>;
    using Rows = KeepRollingWindows<T>;

public:
    using Group = std::array<Held, metrics>;

    struct Kept {
        typename Rows::Kept windows;
        Groups<Group> published;
    };

    /// What the store has, by window.
    class Published {
    public:
        [[nodiscard]] Group* find(std::size_t window) const noexcept { return groups_->find(window); }
        Group& at(std::size_t window) { return groups_->at(window, memory_); }
        void erase(std::size_t window) { groups_->erase(window, memory_); }
        template <class F>
        [[nodiscard]] bool all_of(F f) const {
            return groups_->all_of(f);
        }

    private:
        friend KeepLane;
        Published(Groups<Group>* groups, std::pmr::memory_resource* memory) : groups_{groups}, memory_{memory} {}

        Groups<Group>* groups_;
        std::pmr::memory_resource* memory_;
    };

    /// What the lane has of a key, for as long as the table is not changed.
    struct Lent {
        using Windows = RollingWindows<T>;
        using snapshot_keeps = typename Windows::snapshot_keeps;

        typename Rows::Lent windows;
        Published published;

        bool advance_to(Timestamp now) { return windows.advance_to(now); }
        [[nodiscard]] bool empty() const { return windows.empty(); }
        [[nodiscard]] std::optional<Timestamp> next_expiry() const { return windows.next_expiry(); }
    };

    KeepLane(Window&& prototype, std::pmr::memory_resource* from)
        : prototype_{RollingWindows<T>{std::move(prototype.windows), from}},
          rows_{RollingWindows<T>{prototype_.windows, from}, from},
          memory_{from} {}

    void begin(Kept& /*kept*/) {}
    void end(Kept& k) noexcept {
        rows_.end(k.windows);
        k.published.clear(memory_);
    }
    [[nodiscard]] Lent lend(Kept& k, Timestamp now) {
        return Lent{rows_.lend(k.windows, now), Published{&k.published, memory_}};
    }
    // NOLINTNEXTLINE(readability-const-return-type): what is looked at cannot be changed
    [[nodiscard]] const Lent look(const Kept& k, Timestamp now) { return lend(const_cast<Kept&>(k), now); }
    [[nodiscard]] std::optional<const Lent> found(const Kept& k, Timestamp now) {
        return lend(const_cast<Kept&>(k), now);
    }
    [[nodiscard]] std::optional<const Lent> nowhere() const noexcept { return std::nullopt; }
    void prefetch(const Kept& k, bool both) const noexcept { rows_.prefetch(k.windows, both); }
    [[nodiscard]] std::size_t bytes() const { return rows_.bytes() + prototype_.windows.memory_in_use(); }
    [[nodiscard]] std::size_t memory_in_use(const Kept& k) const {
        return rows_.memory_in_use(k.windows) + k.published.memory_in_use();
    }

    [[nodiscard]] Window& prototype() noexcept { return prototype_; }
    void save(SnapshotWriter& out, const Kept& k) const {
        rows_.save(out, k.windows);
        k.published.save(out);
    }
    void load(SnapshotReader& in, Kept& k, Timestamp now) {
        rows_.load(in, k.windows, now);
        k.published.load(in, prototype_.windows.count(), memory_);
    }

private:
    Window prototype_;
    Rows rows_;
    std::pmr::memory_resource* memory_;
};

}  // namespace weir::detail
