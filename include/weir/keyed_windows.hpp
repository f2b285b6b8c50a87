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
// that outlives its emptiness says so with `forgettable()` and `next_due()`. Not synchronized: one thread at a time.
//
//     weir::KeyedWindows<std::string, weir::RollingWindow<weir::Count>> views{weir::RollingWindow<weir::Count>{5min}};
//     views.update("ada", [&](auto& window) { return window.insert(t); });
//     views.advance_to(now);
//     views.drain([](const std::string& key, auto& window) { publish(key, window.result()); });

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/container/deque.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <weir/detail/owned_bytes.hpp>
#include <weir/detail/timer_queue.hpp>
#include <weir/time.hpp>

namespace weir {

namespace detail {

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

// Strings are looked up by view, without a copy.
template <class Key>
struct KeyHash : boost::hash<Key> {};
template <>
struct KeyHash<std::string> {
    using is_transparent = void;
    [[nodiscard]] std::size_t operator()(std::string_view key) const noexcept {
        return std::hash<std::string_view>{}(key);
    }
};

}  // namespace detail

template <class Key, class Window, class Hash = detail::KeyHash<Key>>
class KeyedWindows {
    template <class K>
    struct Probe {
        const K& key;
    };

public:
    /// Every new key starts with a copy of `prototype`.
    explicit KeyedWindows(Window prototype) : prototype_{std::move(prototype)} {}

    /// Calls `change(window) -> bool` on the key's window, which is brought to now() first and made where it does not
    /// exist; true marks the key as changed. Gives what `change` gave. `K` is Key or, for strings, a view.
    template <class K, class F>
    bool update(const K& key, F change);

    /// Brings every window with a change due at or before `now` to it. An earlier time than now() changes nothing.
    void advance_to(Timestamp now);

    /// Calls `f(key, window)` once for each key that changed since the last drain and forgets windows that are over.
    /// With the last of many keys goes the storage too.
    template <class F>
    void drain(F f);

    /// Forgets, without a drain, the changed windows that are over and that `f(window)` accepts. O(changed keys).
    template <class F>
    void forget_if(F f);

    /// Forgets every window for which `f(key, window)` is true, whether or not it is over or has changed; gives how
    /// many. O(keys).
    template <class F>
    std::size_t drop_if(F f);

    /// Calls `f(key, window)` for every key. O(keys).
    template <class F>
    void for_each(F f) const {
        for (const Id id : index_) {
            f(std::as_const(slot(id).key), slot(id).window);
        }
    }

    /// The key's window, or null. It may be behind now().
    template <class K>
    [[nodiscard]] const Window* find(const K& key) const {
        const auto found = index_.find(Probe<K>{key});
        return found == index_.end() ? nullptr : &slot(*found).window;
    }

    /// When the next window changes by itself.
    [[nodiscard]] std::optional<Timestamp> next_due() const { return timers_.next(); }
    [[nodiscard]] Timestamp now() const noexcept { return now_; }

    /// The number of keys, and of those that changed since the last drain.
    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
    [[nodiscard]] std::size_t changed() const noexcept { return changed_.size(); }

    /// Bytes of the table and the windows in it. O(keys).
    [[nodiscard]] std::size_t memory_in_use() const;

private:
    using Id = std::uint32_t;
    struct Slot {
        Key key;
        Window window;
        Timestamp due{};
        bool scheduled = false;  // has a timer, at `due`
        bool changed = false;
    };
    using Slots = boost::container::deque<Slot>;

    // The index holds slot ids and finds the keys in the slots, so that each key is kept once.
    struct IdHash {
        using is_transparent = void;
        const Slots* slots;
        [[no_unique_address]] Hash hash{};
        [[nodiscard]] std::size_t operator()(Id id) const { return hash((*slots)[id].key); }
        template <class K>
        [[nodiscard]] std::size_t operator()(const Probe<K>& probe) const {
            return hash(probe.key);
        }
    };
    struct IdEqual {
        using is_transparent = void;
        const Slots* slots;
        [[nodiscard]] bool operator()(Id a, Id b) const { return a == b; }
        template <class K>
        [[nodiscard]] bool operator()(Id id, const Probe<K>& probe) const {
            return (*slots)[id].key == probe.key;
        }
        template <class K>
        [[nodiscard]] bool operator()(const Probe<K>& probe, Id id) const {
            return (*slots)[id].key == probe.key;
        }
    };

    [[nodiscard]] Slot& slot(Id id) { return (*slots_)[id]; }
    [[nodiscard]] const Slot& slot(Id id) const { return (*slots_)[id]; }

    template <class K>
    Id find_or_create(const K& key) {
        if (const auto found = index_.find(Probe<K>{key}); found != index_.end()) {
            return *found;
        }
        Id id = static_cast<Id>(slots_->size());
        if (free_.empty()) {
            slots_->push_back(Slot{.key = Key(key), .window = prototype_});
        } else {
            id = free_.back();
            free_.pop_back();
            slot(id) = Slot{.key = Key(key), .window = prototype_};
        }
        index_.insert(id);
        return id;
    }

    void forget(Id id) {
        index_.erase(id);
        slot(id) = Slot{.key = Key{}, .window = prototype_};
        free_.push_back(id);
    }

    // Once the last of many keys has gone, so does what was allocated for them.
    void release() {
        constexpr std::size_t few = 64;
        if (index_.empty() && slots_->size() > few) {
            slots_->clear();
            slots_->shrink_to_fit();
            index_.rehash(0);
            free_ = std::vector<Id>{};
            changed_ = std::vector<Id>{};
            timers_ = detail::TimerQueue<Id>{};  // all of slots that are no more
        }
    }

    void mark(Id id) {
        if (!slot(id).changed) {
            slot(id).changed = true;
            changed_.push_back(id);
        }
    }

    // A timer whose slot is due later than it has been overtaken and is passed over when it fires.
    // A window that is over waits for the drain alone; at the end of time nothing is due any more.
    void schedule(Id id) {
        Slot& s = slot(id);
        const auto due = detail::next_due(s.window);
        if (due && (!s.scheduled || *due < s.due) && now_ != Timestamp::max() && !detail::forgettable(s.window)) {
            s.scheduled = true;
            s.due = *due;
            timers_.push(*due, id);
        }
    }

    Window prototype_;
    std::unique_ptr<Slots> slots_ = std::make_unique<Slots>();
    boost::unordered_flat_set<Id, IdHash, IdEqual> index_{0, IdHash{slots_.get()}, IdEqual{slots_.get()}};
    std::vector<Id> free_;
    std::vector<Id> changed_;
    detail::TimerQueue<Id> timers_;
    Timestamp now_ = Timestamp::min();
};

template <class Key, class Window, class Hash>
template <class K, class F>
bool KeyedWindows<Key, Window, Hash>::update(const K& key, F change) {
    const Id id = find_or_create(key);
    Window& window = slot(id).window;
    bool changed = window.advance_to(now_);
    const bool accepted = change(window);
    changed = changed || accepted;
    if (changed || detail::forgettable(window)) {
        mark(id);
    }
    schedule(id);
    return accepted;
}

template <class Key, class Window, class Hash>
void KeyedWindows<Key, Window, Hash>::advance_to(Timestamp now) {
    if (now <= now_) {
        return;
    }
    now_ = now;
    timers_.pop_until(now, [&](Timestamp due, Id id) {
        Slot& s = slot(id);
        if (!s.scheduled || s.due > due) {
            return;
        }
        s.scheduled = false;
        if (s.window.advance_to(now) || detail::forgettable(s.window)) {
            mark(id);
        }
        schedule(id);
    });
}

template <class Key, class Window, class Hash>
template <class F>
void KeyedWindows<Key, Window, Hash>::drain(F f) {
    std::vector<Id> changed;
    changed.swap(changed_);
    for (const Id id : changed) {
        Slot& s = slot(id);
        s.changed = false;
        f(std::as_const(s.key), s.window);
        if (detail::forgettable(s.window)) {
            forget(id);
        }
    }
    changed.clear();
    if (changed_.empty()) {
        changed_.swap(changed);  // keeps the storage
    }
    release();
}

template <class Key, class Window, class Hash>
template <class F>
void KeyedWindows<Key, Window, Hash>::forget_if(F f) {
    const auto over = [&](Id id) {
        const bool gone = detail::forgettable(slot(id).window) && f(std::as_const(slot(id).window));
        if (gone) {
            forget(id);
        }
        return gone;
    };
    changed_.erase(std::remove_if(changed_.begin(), changed_.end(), over), changed_.end());
    release();
}

template <class Key, class Window, class Hash>
template <class F>
std::size_t KeyedWindows<Key, Window, Hash>::drop_if(F f) {
    std::vector<Id> dropped;
    for (const Id id : index_) {
        if (f(std::as_const(slot(id).key), slot(id).window)) {
            dropped.push_back(id);
        }
    }
    for (const Id id : dropped) {
        forget(id);
    }
    // A slot that is free has not changed.
    changed_.erase(std::remove_if(changed_.begin(), changed_.end(), [&](Id id) { return !slot(id).changed; }),
                   changed_.end());
    release();
    return dropped.size();
}

template <class Key, class Window, class Hash>
std::size_t KeyedWindows<Key, Window, Hash>::memory_in_use() const {
    constexpr std::size_t index_entry = sizeof(Id) + 1;  // and a byte of metadata
    std::size_t bytes = index_.bucket_count() * index_entry + slots_->size() * sizeof(Slot) +
                        (free_.capacity() + changed_.capacity()) * sizeof(Id) + timers_.heap_bytes();
    for (const Slot& s : *slots_) {
        bytes += s.window.heap_bytes() + detail::owned_bytes(s.key);
    }
    return bytes;
}

}  // namespace weir
