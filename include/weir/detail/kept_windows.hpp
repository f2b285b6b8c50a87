// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeepOf<Window>: how a table keeps a window for each of its keys. Whole, or what it has in common with the others once
// for all and the rest for each.
//
// A keeper has a type Kept for each key, which is regular memory until `begin` and after `end`, lends a window out of
// it, and knows where to read ahead.

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/detail/kept_rolling.hpp>
#include <weir/detail/kept_rolling_windows.hpp>
#include <weir/detail/memory.hpp>
#include <weir/rolling_window.hpp>
#include <weir/snapshot_stream.hpp>
#include <weir/time.hpp>

namespace weir::detail {

template <class W>
[[nodiscard]] std::optional<Timestamp> next_due(const W& window) {
    if constexpr (requires { window.next_due(); }) {
        return window.next_due();
    } else {
        return window.next_expiry();
    }
}

template <class W>
[[nodiscard]] bool forgettable(const W& window) {
    if constexpr (requires { window.forgettable(); }) {
        return window.forgettable();
    } else {
        return window.empty();
    }
}

template <class W>
class KeepWhole {
public:
    union Kept {
        Kept() noexcept {}  // NOLINT(modernize-use-equals-default): the window's would be needed
        ~Kept() {}          // NOLINT(modernize-use-equals-default)

        W window;
    };

    KeepWhole(W&& prototype, std::pmr::memory_resource* from)
        : prototype_{make_in<W>(from, std::move(prototype))}, memory_{from} {}

    void begin(Kept& k) { std::construct_at(&k.window, make_in<W>(memory_, std::as_const(prototype_))); }
    void end(Kept& k) noexcept { std::destroy_at(&k.window); }
    void move(Kept& from, Kept& to) {
        std::construct_at(&to.window, std::move(from.window));
        std::destroy_at(&from.window);
    }
    [[nodiscard]] W& lend(Kept& k, Timestamp /*now*/) const noexcept { return k.window; }
    [[nodiscard]] const W& look(const Kept& k, Timestamp /*now*/) const noexcept { return k.window; }
    [[nodiscard]] const W* found(const Kept& k, Timestamp /*now*/) const noexcept { return &k.window; }
    [[nodiscard]] const W* nowhere() const noexcept { return nullptr; }
    void prefetch(const Kept& /*kept*/, bool /*both*/) const noexcept {}
    [[nodiscard]] std::size_t bytes() const { return owned_bytes(prototype_); }
    [[nodiscard]] std::size_t memory_in_use(const Kept& k) const { return owned_bytes(k.window); }

    [[nodiscard]] W& prototype() noexcept { return prototype_; }
    void save(SnapshotWriter& out, const Kept& k) const { out.write(k.window); }
    void load(SnapshotReader& in, Kept& k, Timestamp /*now*/) const { in.read(k.window); }

private:
    W prototype_;
    std::pmr::polymorphic_allocator<> memory_;
};

template <class W>
struct ChooseKeep {
    using type = KeepWhole<W>;
};
template <class T, class Length>
requires(!Expiring<T> && !HasArrival<value_type_t<T>> &&
         alignof(value_type_t<T>) <= 64) struct ChooseKeep<RollingWindow<T, Length>> {
    using type = KeepRolling<T, Length>;
};

template <class T>
struct ChooseKeep<RollingWindows<T>> {
    using type = KeepRollingWindows<T>;
};
// One that says itself.
template <class W>
requires requires { typename W::Keep; }
struct ChooseKeep<W> {
    using type = typename W::Keep;
};

template <class W>
using KeepOf = typename ChooseKeep<W>::type;

}  // namespace weir::detail
