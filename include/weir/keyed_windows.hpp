// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyedWindows: a window for each key, in an open-addressing table.
//
// A window comes into being with its key's first event and goes away once it has emptied and that was drained. Which
// keys changed since the last drain, and when the next change is due, are known without a scan: advancing costs
// amortized O(1) for each window with a change, whatever the number of keys.
//
// A Window is copied from a prototype and has `advance_to(now) -> bool changed`, `empty()` and `next_expiry()`; one
// that outlives its emptiness says so with `forgettable()` and `next_due()`. Of a RollingWindow and of RollingWindows
// only what differs from key to key is kept; what is lent out of it has the members of those and is good until the
// table changes, and its now() is the later of the table's and its latest event's. Not synchronized: one thread at a
// time.
//
// Memory, all of it from a std::pmr::memory_resource, that of windows too: 10 to 15 bytes of index, a
// slot with the key and the window, 13 bytes for what is due, 4 for what changed. Of a RollingWindow<Sum<double>> that
// is some 100 bytes at one event and 13 an event beyond.
//
//     weir::KeyedWindows<std::string, weir::RollingWindow<weir::Count>> views{weir::RollingWindow<weir::Count>{5min}};
//     views.update("ada", [&](auto& window) { return window.insert(t); });
//     views.advance_to(now);
//     views.drain([](const std::string& key, auto& window) { publish(key, window.result()); });

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/container_hash/hash.hpp>
#include <weir/detail/kept_windows.hpp>
#include <weir/detail/key_index.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/slots.hpp>
#include <weir/detail/snapshot_rows.hpp>
#include <weir/detail/timer_queue.hpp>
#include <weir/time.hpp>

namespace weir {

namespace detail {

// Strings are looked up by view, without a copy.
template <class Key>
struct KeyHash : boost::hash<Key> {};
template <class Allocator>
struct KeyHash<std::basic_string<char, std::char_traits<char>, Allocator>> {
    using is_transparent = void;
    [[nodiscard]] std::size_t operator()(std::string_view key) const noexcept {
        return std::hash<std::string_view>{}(key);
    }
};

}  // namespace detail

template <class Key, class Window, class Hash = detail::KeyHash<Key>>
class KeyedWindows {
    using Keep = detail::KeepOf<Window>;

public:
    /// Every new key starts with a copy of `prototype`, a RollingWindow with its length and nothing else.
    explicit KeyedWindows(Window prototype, std::pmr::memory_resource* memory = std::pmr::get_default_resource())
        : keep_{std::move(prototype), memory},
          slots_{memory},
          index_{memory},
          changed_{memory},
          timers_{memory},
          due_{memory} {}
    KeyedWindows(KeyedWindows&&) noexcept = default;
    KeyedWindows& operator=(KeyedWindows&&) = delete;
    ~KeyedWindows() {
        slots_.for_each([this](Id /*id*/, Slot& s) {
            if (s.used) {
                keep_.end(s.kept);
            }
        });
    }

    /// Calls `change(window) -> bool` on the key's window, which is brought to now() first and made where it does not
    /// exist; true marks the key as changed. Gives what `change` gave. `K` is Key or, for strings, a view.
    template <class K, class F>
    bool update(const K& key, F change) {
        decltype(auto) k = as_key(key);
        return update(find_or_create(k, hash_of(k)), change);
    }

    /// For each of `items`, in this order, `update(key_of(item), change(window, item))`. What the next ones need is
    /// read ahead: with a million keys that takes a fifth of the time.
    template <class Items, class KeyOf, class F>
    void update_each(const Items& items, KeyOf key_of, F change);

    /// Calls `change(window)` on every window, which changes nothing that is due by time; all keys have changed then.
    /// O(keys).
    template <class F>
    void update_all(F change);

    /// Brings every window with a change due at or before `now` to it. An earlier time than now() changes nothing.
    void advance_to(Timestamp now);

    /// Calls `f(key, window)` once for each key that changed since the last drain and forgets windows that are over.
    /// With the last of many keys goes the storage too.
    template <class F>
    void drain(F f) {
        auto all = std::numeric_limits<std::size_t>::max();
        static_cast<void>(drain(f, all));
    }
    /// The same for no more than `keys` of them, which is less by as many afterwards; those that have waited for
    /// longest come first. True where some are left. O(keys) and a move of what is left.
    template <class F>
    bool drain(F& f, std::size_t& keys);

    /// Forgets, without a drain, the changed windows that are over and that `f(window)` accepts. O(changed keys).
    template <class F>
    void forget_if(F f);

    /// Forgets every window for which `f(key, window)` is true, whether or not it is over or has changed, after
    /// `last(key, window)`, which may change it; gives how many. Where most of the table is empty then it gives memory
    /// back, but for while a snapshot is under way. O(keys).
    template <class F, class Last>
    std::size_t drop_if(F f, Last last);
    template <class F>
    std::size_t drop_if(F f) {
        return drop_if(f, [](const Key& /*key*/, const auto& /*window*/) {});
    }

    /// Calls `f(key, window)` for every key. O(keys).
    template <class F>
    void for_each(F f) const {
        slots_.for_each([&](Id /*id*/, const Slot& s) {
            if (s.used) {
                const auto& window = keep_.look(s.kept, now_);
                f(s.key, window);
            }
        });
    }

    /// The key's window, or null: a pointer or, of a window that is kept in parts, an optional.
    template <class K>
    [[nodiscard]] auto find(const K& key) const {
        decltype(auto) k = as_key(key);
        const Id id = find(k, hash_of(k));
        return id == none ? keep_.nowhere() : keep_.found(slots_[id].kept, now_);
    }

    /// When the next window changes by itself.
    [[nodiscard]] std::optional<Timestamp> next_due() const { return timers_.next(); }
    [[nodiscard]] Timestamp now() const noexcept { return now_; }

    /// The number of keys, and of those that changed since the last drain.
    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
    [[nodiscard]] std::size_t changed() const noexcept { return changed_.size(); }

    /// Bytes of the table and the windows in it. O(keys).
    [[nodiscard]] std::size_t memory_in_use() const;

    static constexpr const char* snapshot_name = "KeyedWindows";
    /// For SnapshotInSteps. A change costs a branch more, while a snapshot is under way also the writing of its key.
    [[nodiscard]] std::vector<std::uint64_t> begin_snapshot() const;
    template <class EndPiece>
    bool continue_snapshot(std::size_t& keys, EndPiece end_piece, std::uint32_t section = 0) const;
    void end_snapshot() const noexcept { rows_.reset(); }
    class Restoring;

private:
    using Id = std::uint32_t;
    static constexpr Id none = detail::KeyIndex::none;

    struct Slot {
        Key key{};
        [[no_unique_address]] typename Keep::Kept kept{};
        std::uint8_t stamp = 0;  // of its timer
        bool used : 1 = false;
        bool scheduled : 1 = false;  // has a timer
        bool changed : 1 = false;
    };

    // A number that is not of the key's type becomes one: 1 finds a std::uint64_t.
    template <class K>
    [[nodiscard]] static decltype(auto) as_key(const K& key) {
        if constexpr (std::is_arithmetic_v<Key> && !std::is_same_v<K, Key>) {
            return static_cast<Key>(key);
        } else {
            return (key);
        }
    }
    template <class K>
    [[nodiscard]] std::uint32_t hash_of(const K& key) const {
        return detail::KeyIndex::fragment(hash_(key));
    }
    template <class K>
    [[nodiscard]] Id find(const K& key, std::uint32_t hash) const {
        return index_.find(hash, [&](Id id) { return slots_[id].key == key; });
    }

    template <class F>
    bool update(Id id, F& change);

    template <class K>
    Id find_or_create(const K& key, std::uint32_t hash) {
        const Id id = find(key, hash);
        return id == none ? create(key, hash) : id;
    }
    template <class K>
    [[gnu::noinline]] Id create(const K& key, std::uint32_t hash) {
        const Id id = slots_.take();
        Slot& s = slots_[id];
        if constexpr (detail::TakesMemory<Key>) {
            detail::replace(s.key, detail::make_in<Key>(memory(), key));
        } else {
            s.key = Key(key);
        }
        keep_.begin(s.kept);
        s.used = true;
        index_.insert(hash, id);
        if (rows_) {
            rows_->leave_out(id);
        }
        return id;
    }

    [[nodiscard]] std::pmr::memory_resource* memory() const { return changed_.get_allocator().resource(); }
    void clear_key(Slot& s) {
        if constexpr (detail::TakesMemory<Key>) {
            detail::replace(s.key, detail::make_in<Key>(memory()));
        } else {
            s.key = Key{};
        }
    }

    void forget(Id id) {
        Slot& s = slots_[id];
        index_.erase(hash_of(s.key), id);
        keep_.end(s.kept);
        clear_key(s);
        s.used = s.scheduled = s.changed = false;
        slots_.give(id);
    }

    // While a snapshot is under way, what it says of a slot is written before that is changed.
    void before_change(Id id) {
        if (rows_) [[unlikely]] {
            rows_->before_change(*this, id);
        }
    }
    static void write_row(const KeyedWindows& table, Id id, SnapshotWriter& out) {
        const Slot& s = table.slots_[id];
        out.write(s.key, s.changed);
        table.keep_.save(out, s.kept);
    }
    // Once the last of many keys has gone, so does what was allocated for them.
    void release() {
        constexpr std::size_t few = 8192;  // bytes
        if (!rows_ && index_.size() == 0 && slots_.bytes() > few) {
            slots_.clear();
            timers_.clear();  // all of slots that are no more
            changed_ = decltype(changed_){changed_.get_allocator()};
            due_ = decltype(due_){due_.get_allocator()};
        }
    }

    // Keys move to the first slots, the rest goes back to where it came from, and with it the timers of slots that are
    // no more.
    void compact() {
        slots_.compact([](const Slot& s) { return s.used; },
                       [this](Id from, Id to) {
                           Slot& old = slots_[from];
                           Slot& s = slots_[to];
                           const std::uint32_t hash = hash_of(old.key);
                           index_.erase(hash, from);
                           index_.insert(hash, to);
                           s.key = std::exchange(old.key, Key{});
                           if constexpr (requires { keep_.move(old.kept, s.kept); }) {
                               keep_.move(old.kept, s.kept);
                           } else {
                               s.kept = std::exchange(old.kept, {});
                           }
                           s.changed = old.changed;
                           s.used = true;
                           old.used = false;
                       });
        changed_.clear();
        timers_.clear();
        slots_.for_each([this](Id id, Slot& s) {
            s.scheduled = false;
            if (s.used) {
                schedule(id, s, keep_.look(s.kept, now_), std::nullopt);
            }
            if (s.changed) {
                changed_.push_back(id);
            }
        });
    }

    void mark(Id id, Slot& s) {
        if (!s.changed) {
            s.changed = true;
            changed_.push_back(id);
        }
    }

    // A slot has one timer that counts, no later than its window is due; others have been overtaken and are passed over
    // when they fire. They are told from it by a few bits of their time: if that fails one fires in vain.
    [[nodiscard]] static std::uint8_t stamp_of(Timestamp due) noexcept {
        const auto ms = static_cast<std::uint64_t>(due.time_since_epoch().count());
        return static_cast<std::uint8_t>((ms * 0x9e3779b97f4a7c15U) >> 56);
    }
    // A window that is over waits for the drain alone; at the end of time nothing is due any more.
    template <class W>
    void schedule(Id id, Slot& s, const W& window, std::optional<Timestamp> before) {
        const auto next = detail::next_due(window);
        if (next && (!s.scheduled || !before || *next < *before) && now_ != Timestamp::max() &&
            !detail::forgettable(window)) {
            const Timestamp due = std::max(*next, now_);
            s.scheduled = true;
            s.stamp = stamp_of(due);
            timers_.push(due, id);
        }
    }

    mutable Keep keep_;
    detail::Slots<Slot> slots_;
    detail::KeyIndex index_;
    std::pmr::vector<Id> changed_;
    detail::TimerQueue timers_;
    std::pmr::vector<std::pair<Id, std::uint8_t>> due_;  // while advancing
    [[no_unique_address]] Hash hash_{};
    Timestamp now_ = Timestamp::min();
    mutable std::unique_ptr<detail::SnapshotRows<KeyedWindows>> rows_;  // while a snapshot is under way
};

template <class Key, class Window, class Hash>
template <class F>
bool KeyedWindows<Key, Window, Hash>::update(Id id, F& change) {
    before_change(id);
    Slot& s = slots_[id];
    keep_.prefetch(s.kept, false);
    auto&& window = keep_.lend(s.kept, now_);
    const auto before = s.scheduled ? detail::next_due(window) : std::nullopt;
    bool changed = window.advance_to(now_);
    const bool accepted = change(window);
    changed = changed || accepted;
    if (changed || detail::forgettable(window)) {
        mark(id, s);
    }
    schedule(id, s, window, before);
    return accepted;
}

template <class Key, class Window, class Hash>
template <class Items, class KeyOf, class F>
void KeyedWindows<Key, Window, Hash>::update_each(const Items& items, KeyOf key_of, F change) {
    // An item is hashed, its slot found, its window's events read ahead, and it is taken, each so many items after the
    // one before it.
    constexpr std::size_t apart = 8;
    struct Ahead {
        std::uint32_t hash;
        Id id;
    };
    std::array<Ahead, 4 * apart> ahead;
    const std::size_t all = std::size(items);
    const auto item = [&](std::size_t i) -> decltype(auto) {
        return *(std::begin(items) + static_cast<std::ptrdiff_t>(i));
    };
    for (std::size_t i = 0; i != all + 3 * apart; ++i) {
        if (i < all) {
            Ahead& a = ahead[i % ahead.size()];
            a.hash = hash_of(as_key(key_of(item(i))));
            index_.prefetch(a.hash);
        }
        if (const std::size_t j = i - apart; i >= apart && j < all) {
            Ahead& a = ahead[j % ahead.size()];
            a.id = index_.find(a.hash, [](Id) { return true; });
            if (a.id != none) {
                slots_.prefetch(a.id);
            }
        }
        if (const std::size_t j = i - 2 * apart; i >= 2 * apart && j < all) {
            const Ahead& a = ahead[j % ahead.size()];
            if (a.id != none) {
                keep_.prefetch(slots_[a.id].kept, true);
            }
        }
        if (i >= 3 * apart) {
            const auto& now = item(i - 3 * apart);
            const auto& given = key_of(now);
            decltype(auto) key = as_key(given);
            const Ahead& a = ahead[(i - 3 * apart) % ahead.size()];
            const bool found = a.id != none && slots_[a.id].key == key;
            auto taken = [&](auto& window) -> bool { return change(window, now); };
            update(found ? a.id : find_or_create(key, a.hash), taken);
        }
    }
}

template <class Key, class Window, class Hash>
template <class F>
void KeyedWindows<Key, Window, Hash>::update_all(F change) {
    slots_.for_each([&](Id id, Slot& s) {
        if (s.used) {
            before_change(id);
            auto&& window = keep_.lend(s.kept, now_);
            change(window);
            mark(id, s);
        }
    });
}

template <class Key, class Window, class Hash>
void KeyedWindows<Key, Window, Hash>::advance_to(Timestamp now) {
    if (now <= now_) {
        return;
    }
    const Timestamp before = std::exchange(now_, now);
    timers_.pop_until(now, [&](Timestamp due, Id id) { due_.emplace_back(id, stamp_of(due)); });
    std::sort(due_.begin(), due_.end());  // an order that does not depend on when time began
    constexpr std::size_t apart = 8;
    const std::size_t all = due_.size();
    for (std::size_t i = 0; i < std::min(all, 2 * apart); ++i) {
        slots_.prefetch(due_[i].first);
    }
    for (std::size_t i = 0; i != all; ++i) {
        if (i + 2 * apart < all) {
            slots_.prefetch(due_[i + 2 * apart].first);
        }
        if (i + apart < all) {
            keep_.prefetch(slots_[due_[i + apart].first].kept, false);
        }
        const auto [id, stamp] = due_[i];
        Slot& s = slots_[id];
        if (!s.scheduled || s.stamp != stamp) {
            continue;
        }
        before_change(id);
        s.scheduled = false;
        auto&& window = keep_.lend(s.kept, before);
        if (window.advance_to(now) || detail::forgettable(window)) {
            mark(id, s);
        }
        schedule(id, s, window, std::nullopt);
    }
    due_.clear();
}

template <class Key, class Window, class Hash>
template <class F>
bool KeyedWindows<Key, Window, Hash>::drain(F& f, std::size_t& keys) {
    decltype(changed_) changed{changed_.get_allocator()};
    changed.swap(changed_);
    const std::size_t some = std::min(keys, changed.size());
    keys -= some;
    constexpr std::size_t apart = 8;
    for (std::size_t i = 0; i != some; ++i) {
        if (i + apart < changed.size()) {
            slots_.prefetch(changed[i + apart]);
        }
        before_change(changed[i]);
        Slot& s = slots_[changed[i]];
        s.changed = false;
        auto&& window = keep_.lend(s.kept, now_);
        f(std::as_const(s.key), window);
        if (detail::forgettable(window)) {
            forget(changed[i]);
        }
    }
    changed.erase(changed.begin(), changed.begin() + static_cast<std::ptrdiff_t>(some));
    if (changed_.empty()) {
        changed_.swap(changed);  // keeps the storage
    } else {
        changed_.insert(changed_.begin(), changed.begin(), changed.end());
    }
    release();
    return !changed_.empty();
}

template <class Key, class Window, class Hash>
template <class F>
void KeyedWindows<Key, Window, Hash>::forget_if(F f) {
    const auto over = [&](Id id) {
        const auto& window = keep_.look(slots_[id].kept, now_);
        const bool gone = detail::forgettable(window) && f(window);
        if (gone) {
            before_change(id);
            forget(id);
        }
        return gone;
    };
    changed_.erase(std::remove_if(changed_.begin(), changed_.end(), over), changed_.end());
    release();
}

template <class Key, class Window, class Hash>
template <class F, class Last>
std::size_t KeyedWindows<Key, Window, Hash>::drop_if(F f, Last last) {
    std::pmr::vector<Id> dropped{changed_.get_allocator()};
    slots_.for_each([&](Id id, const Slot& s) {
        if (s.used) {
            const auto& window = keep_.look(s.kept, now_);
            if (f(s.key, window)) {
                dropped.push_back(id);
            }
        }
    });
    for (const Id id : dropped) {
        before_change(id);
        Slot& s = slots_[id];
        auto&& window = keep_.lend(s.kept, now_);
        last(std::as_const(s.key), window);
        forget(id);
    }
    // A slot that is free has not changed.
    changed_.erase(std::remove_if(changed_.begin(), changed_.end(), [&](Id id) { return !slots_[id].changed; }),
                   changed_.end());
    release();
    if (!rows_ && (slots_.given_back() > index_.size() || timers_.size() / 2 > index_.size())) {
        compact();
    }
    return dropped.size();
}

template <class Key, class Window, class Hash>
std::vector<std::uint64_t> KeyedWindows<Key, Window, Hash>::begin_snapshot() const {
    rows_ = std::make_unique<detail::SnapshotRows<KeyedWindows>>(slots_.end(), &write_row);
    rows_->first_row().write(now_, keep_.prototype());
    return {std::uint64_t{1} + size()};
}

template <class Key, class Window, class Hash>
template <class EndPiece>
bool KeyedWindows<Key, Window, Hash>::continue_snapshot(std::size_t& keys, EndPiece end_piece,
                                                        std::uint32_t section) const {
    constexpr Id apart = 8;
    const std::size_t end = slots_.end();
    const auto ahead = [&](Id id) { return id < end && slots_.holds(id); };
    return rows_->go_on(
        *this, keys,
        [&](Id id) {
            if (ahead(id + 2 * apart)) {
                slots_.prefetch(id + 2 * apart);
            }
            if (ahead(id + apart) && slots_[id + apart].used) {
                keep_.prefetch(slots_[id + apart].kept, true);
            }
            return slots_.holds(id) && slots_[id].used;
        },
        [&](SnapshotWriter& piece, std::uint32_t rows) { end_piece(piece, section, rows); });
}

/// A table beside that which is to be restored, until all rows have come. A key's place in the index is read ahead: it
/// gets there so many rows later.
template <class Key, class Window, class Hash>
class KeyedWindows<Key, Window, Hash>::Restoring {
public:
    explicit Restoring(KeyedWindows& target)
        : target_{target},
          fresh_{detail::make_in<Window>(target.memory(), target.keep_.prototype()), target.memory()} {}

    [[nodiscard]] std::size_t sections() const noexcept { return 1; }
    /// So many rows may come.
    void reserve(std::uint32_t /*section*/, std::size_t rows) { fresh_.index_.reserve(rows); }
    void read(std::uint32_t /*section*/, SnapshotReader& in) {
        in.take_memory_from(fresh_.memory());
        if (begun_) {
            read_row(in);
        } else {
            in.read(fresh_.now_);
            auto same = detail::make_in<Window>(fresh_.memory(), fresh_.keep_.prototype());
            in.read(same);  // for its parameters
            begun_ = true;
        }
    }
    /// After the last row, before any commit.
    void finish(const SnapshotReader& in) {
        for (std::size_t i = rows_ - std::min(rows_, apart); i != rows_; ++i) {
            link(ahead_[i % apart], in);
        }
        rows_ = 0;
    }
    // Requires: finished.
    void commit() {
        std::destroy_at(&target_);
        std::construct_at(&target_, std::move(fresh_));
    }

private:
    static constexpr std::size_t apart = 16;
    struct Ahead {
        std::uint32_t hash;
        Id id;
    };

    void read_row(SnapshotReader& in) {
        const Id id = fresh_.slots_.take();
        Slot& s = fresh_.slots_[id];
        fresh_.keep_.begin(s.kept);
        fresh_.clear_key(s);
        s.used = true;
        in.read(s.key);
        const std::uint32_t hash = fresh_.hash_of(s.key);
        fresh_.index_.prefetch(hash);
        const bool changed = in.read<bool>();
        fresh_.keep_.load(in, s.kept, fresh_.now_);
        auto&& window = fresh_.keep_.lend(s.kept, fresh_.now_);
        if (changed || detail::forgettable(window)) {
            fresh_.mark(id, s);
        }
        fresh_.schedule(id, s, window, std::nullopt);
        Ahead& place = ahead_[rows_ % apart];
        if (rows_ >= apart) {
            link(place, in);
        }
        place = Ahead{hash, id};
        ++rows_;
    }
    void link(const Ahead& ahead, const SnapshotReader& in) {
        in.require(fresh_.find(fresh_.slots_[ahead.id].key, ahead.hash) == none, "each key once");
        fresh_.index_.insert(ahead.hash, ahead.id);
    }

    KeyedWindows& target_;
    KeyedWindows fresh_;
    std::array<Ahead, apart> ahead_{};
    std::size_t rows_ = 0;
    bool begun_ = false;
};

template <class Key, class Window, class Hash>
std::size_t KeyedWindows<Key, Window, Hash>::memory_in_use() const {
    std::size_t bytes = index_.bytes() + slots_.bytes() + keep_.bytes() + timers_.memory_in_use() +
                        changed_.capacity() * sizeof(Id) + due_.capacity() * sizeof(due_[0]);
    slots_.for_each([&](Id /*id*/, const Slot& s) {
        bytes += s.used ? keep_.memory_in_use(s.kept) + detail::owned_bytes(s.key) : 0;
    });
    return bytes;
}

}  // namespace weir
