// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a table keeps RollingWindows for each of many keys: what all have in common once, and of each key a pointer to a
// row of up to 16 events, with a byte for each window that says where that begins.
//
// A row is one allocation: 20 bytes, a byte a window, for each event 4 and the value, with room for a few more.
// Aggregates are made of it when asked. More events, or two that are 49 days apart, are RollingWindows of their own
// until 8 are left; so is what an Expiring aggregator has seen, from when its first events are not kept any more.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/detail/event_log.hpp>
#include <weir/detail/prefetch.hpp>
#include <weir/detail/upkeep.hpp>
#include <weir/rolling_window.hpp>
#include <weir/snapshot_stream.hpp>
#include <weir/time.hpp>

namespace weir::detail {

template <class T>
class KeepRollingWindows {
    using Windows = RollingWindows<T>;
    using V = value_type_t<T>;
    using Offset = std::uint32_t;

    static constexpr bool expiring = Expiring<T>;
    static constexpr bool valueless = std::is_empty_v<V>;
    static constexpr std::uint32_t most = 16;
    static constexpr std::uint32_t few = most / 2;  // so many come back from windows of their own

    // What follows: where each window begins, the offsets, the values.
    struct Row {
        Timestamp base;
        Timestamp next;  // when one of the windows changes by itself, or the oldest event is not kept any more
        std::uint8_t begin = 0;
        std::uint8_t end = 0;
        std::uint8_t capacity;

        [[nodiscard]] std::uint32_t size() const noexcept { return std::uint32_t{end} - begin; }
    };
    static constexpr std::size_t firsts_at = offsetof(Row, capacity) + 1;

public:
    /// Of one key.
    class Kept {
        friend KeepRollingWindows;

        std::byte* where_ = nullptr;  // a row; where odd, a byte behind windows of their own; or null

        [[nodiscard]] bool is_large() const noexcept { return (reinterpret_cast<std::uintptr_t>(where_) & 1U) != 0; }
        [[nodiscard]] Row* row() const noexcept { return reinterpret_cast<Row*>(where_); }
        [[nodiscard]] Windows& large() const noexcept { return *reinterpret_cast<Windows*>(where_ - 1); }
    };

    /// Windows in a table, for as long as the table is not changed. Where the table's time is behind their own, which
    /// only an event can move on, that counts.
    class Lent {
    public:
        using value_type = V;

        bool insert(Timestamp t, V value = {}) { return keep_->insert(*kept_, now_, t, std::move(value)); }
        bool advance_to(Timestamp now) {
            if (now <= now_) {
                return false;
            }
            return keep_->advance(*kept_, std::exchange(now_, now), now);
        }
        [[nodiscard]] std::size_t count() const noexcept { return keep_->prototype_.count(); }
        [[nodiscard]] Duration length(std::size_t window) const { return keep_->prototype_.length(window); }
        [[nodiscard]] Timestamp now() const noexcept { return now_; }
        [[nodiscard]] auto result(std::size_t window) const { return keep_->result(*kept_, now_, window); }
        template <class F>
        decltype(auto) read(std::size_t window, F f) const {
            return keep_->read(*kept_, now_, window, std::move(f));
        }
        [[nodiscard]] std::size_t size(std::size_t window) const { return keep_->size(*kept_, window); }
        [[nodiscard]] bool empty(std::size_t window) const { return size(window) == 0; }
        [[nodiscard]] std::size_t size() const noexcept { return keep_->size(*kept_); }
        [[nodiscard]] bool empty() const noexcept { return kept_->where_ == nullptr; }
        [[nodiscard]] std::optional<Timestamp> latest(std::size_t window) const {
            return keep_->latest(*kept_, now_, window);
        }
        [[nodiscard]] std::optional<Timestamp> latest() const { return keep_->latest(*kept_); }
        [[nodiscard]] std::optional<Timestamp> next_expiry() const { return keep_->next_expiry(*kept_); }
        template <class Take, class Give>
        std::size_t extract_if(Take take, Give give) {
            const std::size_t taken = keep_->extract_if(*kept_, table_now_, take, give);
            now_ = keep_->now_of(*kept_, table_now_);
            return taken;
        }
        [[nodiscard]] std::size_t memory_in_use() const { return keep_->memory_in_use(*kept_); }

        /// Windows of their own, with the same events. O(events).
        explicit operator Windows() const {
            Windows copy = kept_->is_large() ? kept_->large() : keep_->copy_of(*kept_);
            copy.advance_to(now_);
            return copy;
        }

    private:
        friend KeepRollingWindows;
        Lent(KeepRollingWindows* keep, Kept* kept, Timestamp now)
            : keep_{keep}, kept_{kept}, table_now_{now}, now_{keep->now_of(*kept, now)} {}

        KeepRollingWindows* keep_;
        Kept* kept_;
        Timestamp table_now_;
        Timestamp now_;
    };

    KeepRollingWindows(Windows&& prototype, std::pmr::memory_resource* from)
        : prototype_{std::move(prototype), from},
          memory_{from},
          offsets_at_{(firsts_at + (expiring ? 0 : prototype_.count()) + sizeof(Offset) - 1) / sizeof(Offset) *
                      sizeof(Offset)} {}

    void begin(Kept& /*kept*/) {}
    void end(Kept& k) noexcept { clear(k); }
    [[nodiscard]] Lent lend(Kept& k, Timestamp now) { return Lent{this, &k, now}; }
    // NOLINTNEXTLINE(readability-const-return-type): what is looked at cannot be changed
    [[nodiscard]] const Lent look(const Kept& k, Timestamp now) { return lend(const_cast<Kept&>(k), now); }
    [[nodiscard]] std::optional<const Lent> found(const Kept& k, Timestamp now) {
        return lend(const_cast<Kept&>(k), now);
    }
    [[nodiscard]] std::optional<const Lent> nowhere() const noexcept { return std::nullopt; }
    void prefetch(const Kept& k, bool /*both*/) const noexcept { prefetch_line(k.where_); }
    [[nodiscard]] std::size_t bytes() const { return prototype_.memory_in_use(); }
    [[nodiscard]] std::size_t memory_in_use(const Kept& k) const {
        if (k.is_large()) {
            return sizeof(Windows) + k.large().memory_in_use();
        }
        if (k.where_ == nullptr) {
            return 0;
        }
        Row& r = *k.row();
        std::size_t bytes = row_bytes(r.capacity);
        if constexpr (may_own_bytes<V>) {
            for (std::size_t i = r.begin; i != r.end; ++i) {
                bytes += owned_bytes(value(r, i));
            }
        }
        return bytes;
    }

    [[nodiscard]] Windows& prototype() noexcept { return prototype_; }
    void save(SnapshotWriter& out, const Kept& k) const;
    void load(SnapshotReader& in, Kept& k, Timestamp now);

private:
    // Of a row.

    [[nodiscard]] std::size_t values_at(std::size_t capacity) const noexcept {
        return (offsets_at_ + capacity * sizeof(Offset) + alignof(V) - 1) / alignof(V) * alignof(V);
    }
    [[nodiscard]] std::size_t row_bytes(std::size_t capacity) const noexcept {
        return std::max(sizeof(Row), valueless ? offsets_at_ + capacity * sizeof(Offset)
                                               : values_at(capacity) + capacity * sizeof(V));
    }
    static constexpr std::size_t row_alignment = std::max(alignof(Row), alignof(V));
    [[nodiscard]] static std::byte* bytes_of(Row& r) noexcept { return reinterpret_cast<std::byte*>(&r); }
    [[nodiscard]] static std::uint8_t* firsts(Row& r) noexcept {
        return reinterpret_cast<std::uint8_t*>(bytes_of(r) + firsts_at);
    }
    [[nodiscard]] Offset* offsets(Row& r) const noexcept {
        return reinterpret_cast<Offset*>(bytes_of(r) + offsets_at_);
    }
    [[nodiscard]] V* values(Row& r) const noexcept { return reinterpret_cast<V*>(bytes_of(r) + values_at(r.capacity)); }
    [[nodiscard]] V& value(Row& r, std::size_t place) const noexcept {
        if constexpr (valueless) {
            static V none{};
            return none;
        } else {
            return values(r)[place];
        }
    }
    [[nodiscard]] Timestamp time(Row& r, std::size_t place) const noexcept {
        return r.base + Duration{offsets(r)[place]};
    }
    [[nodiscard]] Timestamp back_time(Row& r) const noexcept { return time(r, r.end - std::size_t{1}); }
    // How much later t is, modulo 2^64.
    [[nodiscard]] static std::uint64_t since(Timestamp base, Timestamp t) noexcept {
        return static_cast<std::uint64_t>(t.time_since_epoch().count()) -
               static_cast<std::uint64_t>(base.time_since_epoch().count());
    }
    [[nodiscard]] static bool reaches(Timestamp base, Timestamp t) noexcept {
        return since(base, t) <= std::numeric_limits<Offset>::max();
    }

    [[nodiscard]] Row* create(Timestamp base, std::uint32_t capacity) {
        void* const storage = memory_.allocate_bytes(row_bytes(capacity), row_alignment);
        return ::new (storage) Row{.base = base, .next = {}, .capacity = static_cast<std::uint8_t>(capacity)};
    }
    void destroy(Row* r) noexcept {
        if constexpr (!valueless) {
            std::destroy_n(values(*r) + r->begin, r->size());
        }
        memory_.deallocate_bytes(r, row_bytes(r->capacity), row_alignment);
    }
    // Requires: room at the end, and that it is the youngest.
    void push_back(Row& r, Timestamp t, V&& v) const {
        offsets(r)[r.end] = static_cast<Offset>(since(r.base, t));
        if constexpr (!valueless) {
            std::construct_at(values(r) + r.end, move_in(memory_, v));
        }
        ++r.end;
    }
    // Requires: place < end, room at the end.
    void put(Row& r, std::uint32_t place, Timestamp t, V&& v) const {
        Offset* const o = offsets(r);
        std::copy_backward(o + place, o + r.end, o + r.end + 1);
        o[place] = static_cast<Offset>(since(r.base, t));
        if constexpr (!valueless) {
            V* const vs = values(r);
            std::construct_at(vs + r.end, std::move(vs[r.end - 1]));
            std::move_backward(vs + place, vs + r.end - 1, vs + r.end);
            vs[place] = std::move(v);
        }
        ++r.end;
    }
    // The events go to the front of a row of another capacity.
    Row* resize(Kept& k, std::uint32_t capacity) {
        Row* const old = k.row();
        Row* const fresh = create(old->base, capacity);
        fresh->next = old->next;
        if constexpr (!expiring) {
            for (std::size_t w = 0; w != prototype_.count(); ++w) {
                firsts(*fresh)[w] = static_cast<std::uint8_t>(firsts(*old)[w] - old->begin);
            }
        }
        std::copy(offsets(*old) + old->begin, offsets(*old) + old->end, offsets(*fresh));
        if constexpr (!valueless) {
            std::uninitialized_move(values(*old) + old->begin, values(*old) + old->end, values(*fresh));
        }
        fresh->end = static_cast<std::uint8_t>(old->size());
        destroy(old);
        k.where_ = reinterpret_cast<std::byte*>(fresh);
        return fresh;
    }
    [[nodiscard]] static std::uint32_t grown(std::uint32_t capacity) noexcept {
        return std::min(most, capacity + std::max<std::uint32_t>(2, capacity / 4 * 2));
    }

    // Of a key.

    [[nodiscard]] Timestamp now_of(const Kept& k, Timestamp now) const noexcept {
        return k.where_ == nullptr ? now : std::max(now, k.is_large() ? k.large().now() : back_time(*k.row()));
    }
    [[nodiscard]] Timestamp horizon(Timestamp now, std::size_t window) const {
        return saturating_subtract(now, prototype_.length(window));
    }
    [[nodiscard]] Timestamp kept_until(Timestamp now) const { return saturating_subtract(now, prototype_.kept_); }

    // Moves the beginnings of windows on. True where one did.
    bool pass(Row& r, Timestamp now) const {
        bool changed = false;
        for (std::size_t w = 0; w != prototype_.count(); ++w) {
            const Timestamp last = horizon(now, w);
            std::uint32_t first = firsts(r)[w];
            while (first != r.end && time(r, first) <= last) {
                ++first;
            }
            changed = changed || first != firsts(r)[w];
            firsts(r)[w] = static_cast<std::uint8_t>(first);
        }
        return changed;
    }
    // When something changes by itself.
    void foresee(Row& r, Timestamp now) const {
        r.next = saturating_add(time(r, r.begin), prototype_.kept_);
        for (std::size_t w = 0; w != prototype_.count(); ++w) {
            if constexpr (expiring) {
                if (const auto counted = counted_of(r, now, w).next()) {
                    r.next = std::min(r.next, saturating_add(*counted, prototype_.length(w)));
                }
            } else if (const std::uint32_t first = firsts(r)[w]; first != r.end) {
                r.next = std::min(r.next, saturating_add(time(r, first), prototype_.length(w)));
            }
        }
    }
    // What an Expiring aggregator, which is given all events, comes to.
    [[nodiscard]] T counted_of(Row& r, Timestamp now, std::size_t window) const {
        T whole = make_in<T>(memory_);
        for (std::size_t i = r.begin; i != r.end; ++i) {
            add(whole, time(r, i), value(r, i), memory_.resource());
        }
        whole.expire(horizon(now, window));
        return whole;
    }
    [[nodiscard]] T whole_of(const Kept& k, Timestamp now, std::size_t window) const {
        T whole = make_in<T>(memory_);
        if (k.where_ != nullptr) {
            Row& r = *k.row();
            if constexpr (expiring) {
                return counted_of(r, now, window);
            } else {
                for (std::size_t i = firsts(r)[window]; i != r.end; ++i) {
                    add(whole, time(r, i), value(r, i), memory_.resource());
                }
            }
        }
        return whole;
    }

    bool insert(Kept& k, Timestamp& now, Timestamp t, V value);
    bool advance(Kept& k, Timestamp before, Timestamp now);
    [[gnu::noinline]] bool advance_row(Kept& k, Timestamp before, Timestamp now);
    void begin_row(Kept& k, Timestamp now, Timestamp t, V value);
    Windows& enlarge(Kept& k, Timestamp now);
    void shrink(Kept& k, Timestamp now);
    void turn_back(Windows& large, Timestamp table_now);
    void clear(Kept& k) noexcept;
    [[nodiscard]] Windows copy_of(const Kept& k) const;
    template <class Take, class Give>
    std::size_t extract_if(Kept& k, Timestamp table_now, Take& take, Give& give);

    [[nodiscard]] auto result(const Kept& k, Timestamp now, std::size_t window) const {
        return k.is_large() ? k.large().result(window) : whole_of(k, now, window).result();
    }
    template <class F>
    decltype(auto) read(const Kept& k, Timestamp now, std::size_t window, F f) const {
        if (k.is_large()) {
            return k.large().read(window, std::move(f));
        }
        const T whole = whole_of(k, now, window);
        return f([&]<std::size_t I>() -> const auto& {
            if constexpr (HasParts<T>) {
                return whole.template part<I>();
            } else {
                static_assert(I == 0, "only a Bundle has several parts");
                return whole;
            }
        });
    }
    [[nodiscard]] std::size_t size(const Kept& k) const noexcept {
        return k.is_large() ? k.large().size() : k.where_ != nullptr ? k.row()->size() : 0;
    }
    [[nodiscard]] std::size_t size(const Kept& k, std::size_t window) const {
        return k.is_large()                      ? k.large().size(window)
               : k.where_ == nullptr || expiring ? size(k)
                                                 : std::size_t{k.row()->end} - firsts(*k.row())[window];
    }
    [[nodiscard]] std::optional<Timestamp> latest(const Kept& k) const {
        return k.where_ == nullptr ? std::nullopt
               : k.is_large()      ? k.large().latest()
                                   : std::optional{back_time(*k.row())};
    }
    [[nodiscard]] std::optional<Timestamp> latest(const Kept& k, Timestamp now, std::size_t window) const {
        if constexpr (expiring) {
            return k.is_large() ? k.large().latest(window) : whole_of(k, now, window).latest();
        } else {
            return latest(k);
        }
    }
    [[nodiscard]] std::optional<Timestamp> next_expiry(const Kept& k) const {
        return k.where_ == nullptr ? std::nullopt
               : k.is_large()      ? k.large().next_expiry()
                                   : std::optional{k.row()->next};
    }

    Windows prototype_;
    std::pmr::polymorphic_allocator<> memory_;
    std::size_t offsets_at_;
};

template <class T>
bool KeepRollingWindows<T>::insert(Kept& k, Timestamp& now, Timestamp t, V value) {
    if (k.is_large()) {
        k.large().advance_to(now);  // they are told of time only when something is due
        const bool taken = k.large().insert(t, std::move(value));
        now = std::max(now, t);
        return taken;
    }
    if (t > now) {
        advance(k, std::exchange(now, t), t);
        if (k.is_large()) {
            return k.large().insert(t, std::move(value));
        }
    } else if (t <= kept_until(now)) {
        return false;
    }
    if (k.where_ == nullptr) {
        begin_row(k, now, t, std::move(value));
        return true;
    }
    Row* r = k.row();
    std::uint32_t place = r->end;
    while (place != r->begin) {
        const Timestamp before = time(*r, place - 1);
        bool behind = t >= before;
        if constexpr (HasArrival<V>) {
            behind = t > before || (t == before && !(value.arrival < this->value(*r, place - 1).arrival));
        }
        if (behind) {
            break;
        }
        --place;
    }
    const Timestamp base = std::min(r->base, t);
    if (r->size() == most || !reaches(base, std::max(t, back_time(*r)))) {
        return enlarge(k, now).insert(t, std::move(value));
    }
    if (r->end == r->capacity) {
        place -= r->begin;
        r = resize(k, r->begin != 0 ? r->capacity : grown(r->capacity));
    }
    if (base != r->base) {
        const auto by = static_cast<Offset>(since(base, r->base));
        for (std::size_t i = r->begin; i != r->end; ++i) {
            offsets(*r)[i] += by;
        }
        r->base = base;
    }
    if (place == r->end) {
        push_back(*r, t, std::move(value));
    } else {
        put(*r, place, t, std::move(value));
    }
    if constexpr (!expiring) {
        for (std::size_t w = 0; w != prototype_.count(); ++w) {
            firsts(*r)[w] = static_cast<std::uint8_t>(firsts(*r)[w] + (t <= horizon(now, w) ? 1 : 0));
        }
    }
    foresee(*r, now);
    return true;
}

template <class T>
void KeepRollingWindows<T>::begin_row(Kept& k, Timestamp now, Timestamp t, V value) {
    Row* const r = create(t, 2);
    k.where_ = reinterpret_cast<std::byte*>(r);
    push_back(*r, t, std::move(value));
    if constexpr (!expiring) {
        for (std::size_t w = 0; w != prototype_.count(); ++w) {
            firsts(*r)[w] = t <= horizon(now, w) ? 1 : 0;
        }
    }
    foresee(*r, now);
}

template <class T>
bool KeepRollingWindows<T>::advance(Kept& k, Timestamp before, Timestamp now) {
    if (k.where_ == nullptr) {
        return false;
    }
    if (k.is_large()) {
        const bool changed = k.large().advance_to(now);
        if (k.large().size() <= (expiring ? 0 : few)) {
            shrink(k, now);
        }
        return changed;
    }
    return now >= k.row()->next && advance_row(k, before, now);
}

template <class T>
bool KeepRollingWindows<T>::advance_row(Kept& k, [[maybe_unused]] Timestamp before, Timestamp now) {
    Row& r = *k.row();
    const Timestamp until = kept_until(now);
    bool changed = false;
    if constexpr (expiring) {
        for (std::size_t w = 0; w != prototype_.count(); ++w) {
            const auto next = counted_of(r, before, w).next();
            changed = changed || (next && *next <= horizon(now, w));
        }
        if (time(r, r.begin) <= until && back_time(r) > until) {
            enlarge(k, before).advance_to(now);  // what counts may have come of events that are not kept any more
            return changed;
        }
    } else {
        changed = pass(r, now);
    }
    if (back_time(r) <= until) {
        clear(k);
        return changed;
    }
    while (time(r, r.begin) <= until) {
        if constexpr (!valueless) {
            std::destroy_at(values(r) + r.begin);
        }
        ++r.begin;
    }
    foresee(r, now);
    return changed;
}

template <class T>
auto KeepRollingWindows<T>::enlarge(Kept& k, Timestamp now) -> Windows& {
    auto* const large = memory_.template new_object<Windows>(prototype_);
    Row& r = *k.row();
    for (std::size_t i = r.begin; i != r.end; ++i) {
        large->insert(time(r, i), std::move(value(r, i)));
    }
    large->advance_to(now);
    clear(k);
    k.where_ = reinterpret_cast<std::byte*>(large) + 1;
    return *large;
}

// What is left of windows of their own becomes a row, or nothing.
template <class T>
void KeepRollingWindows<T>::shrink(Kept& k, Timestamp now) {
    Windows& large = k.large();
    if (large.empty()) {
        clear(k);
        return;
    }
    if (!reaches(large.log_.front_time(), large.log_.back_time())) {
        return;
    }
    const auto size = static_cast<std::uint32_t>(large.size());
    Row* const r = create(large.log_.front_time(), size + size % 2);
    large.extract_if([](Timestamp /*t*/, const V& /*value*/) { return true; },
                     [&](Timestamp t, V&& value) { push_back(*r, t, std::move(value)); });
    clear(k);
    k.where_ = reinterpret_cast<std::byte*>(r);
    if constexpr (!expiring) {
        std::fill_n(firsts(*r), prototype_.count(), std::uint8_t{0});
        pass(*r, now);
    }
    foresee(*r, now);
}

template <class T>
void KeepRollingWindows<T>::clear(Kept& k) noexcept {
    if (k.is_large()) {
        memory_.delete_object(&k.large());
    } else if (k.where_ != nullptr) {
        destroy(k.row());
    }
    k.where_ = nullptr;
}

// Requires: not large.
template <class T>
auto KeepRollingWindows<T>::copy_of(const Kept& k) const -> Windows {
    Windows windows{prototype_, memory_};
    if (k.where_ != nullptr) {
        Row& r = *k.row();
        for (std::size_t i = r.begin; i != r.end; ++i) {
            windows.insert(time(r, i), detail::copy_in(memory_, value(r, i)));
        }
    }
    return windows;
}

// Their time is the table's or that of their latest event, which was another before.
template <class T>
void KeepRollingWindows<T>::turn_back(Windows& large, Timestamp table_now) {
    const Timestamp now = std::max(table_now, large.latest().value_or(table_now));
    if (now >= large.now_) {
        return;
    }
    large.now_ = now;
    if constexpr (expiring) {
        for (auto& w : large.windows_) {
            w.end_upkeep(large.log_);
            w.upkeep->expire(horizon(now, static_cast<std::size_t>(&w - large.windows_.data())));
        }
    }
    large.extract_if([](Timestamp /*t*/, const V& /*value*/) { return false; }, [](Timestamp /*t*/, V&& /*value*/) {});
}

template <class T>
template <class Take, class Give>
std::size_t KeepRollingWindows<T>::extract_if(Kept& k, Timestamp table_now, Take& take, Give& give) {
    if (k.where_ == nullptr) {
        return 0;
    }
    if (k.is_large()) {
        k.large().advance_to(table_now);  // something may be due at once that was not foreseen with what is taken
        const std::size_t taken = k.large().extract_if(take, give);
        turn_back(k.large(), table_now);
        if (k.large().size() <= (expiring ? 0 : few)) {
            shrink(k, k.large().now());
        }
        return taken;
    }
    Row& r = *k.row();
    std::uint8_t to = r.begin;
    for (std::uint8_t i = r.begin; i != r.end; ++i) {
        const Timestamp t = time(r, i);
        if (take(t, std::as_const(value(r, i)))) {
            give(t, std::move(value(r, i)));
        } else {
            if (to != i) {
                offsets(r)[to] = offsets(r)[i];
                if constexpr (!valueless) {
                    value(r, to) = std::move(value(r, i));
                }
            }
            ++to;
        }
    }
    const std::size_t taken = std::size_t{r.end} - to;
    if (taken == 0) {
        return 0;
    }
    if constexpr (!valueless) {
        std::destroy(values(r) + to, values(r) + r.end);
    }
    r.end = to;
    if (r.size() == 0) {
        clear(k);
        return taken;
    }
    const Timestamp now = now_of(k, table_now);
    if constexpr (!expiring) {
        std::fill_n(firsts(r), prototype_.count(), r.begin);
        pass(r, now);
    }
    foresee(r, now);
    return taken;
}

// Times as 32 bits after the first, then values; or the whole windows.
template <class T>
void KeepRollingWindows<T>::save(SnapshotWriter& out, const Kept& k) const {
    out.write(k.is_large(), static_cast<std::uint8_t>(k.is_large() ? 0 : size(k)));
    if (k.is_large()) {
        out.write(k.large());
    } else if (k.where_ != nullptr) {
        Row& r = *k.row();
        const Timestamp first = time(r, r.begin);
        out.write(first);
        std::byte* to = out.extend(r.size() * sizeof(Offset));
        for (std::size_t i = r.begin; i != r.end; ++i) {
            to = SnapshotWriter::encode(to, static_cast<Offset>(since(first, time(r, i))));
        }
        if constexpr (!valueless) {
            out.write_all(values(r) + r.begin, r.size());
        }
    }
}

template <class T>
void KeepRollingWindows<T>::load(SnapshotReader& in, Kept& k, Timestamp now) {
    bool large = false;
    std::uint8_t count = 0;
    in.read(large, count);
    if (large) {
        auto* const windows = memory_.template new_object<Windows>(prototype_);
        k.where_ = reinterpret_cast<std::byte*>(windows) + 1;
        in.read(*windows);
        in.require(!windows->empty() && count == 0, "windows with events");
        return;
    }
    if (count == 0) {
        return;
    }
    in.require(count <= most, "no more events than a row has");
    const auto first = in.read<Timestamp>();
    const std::byte* gaps = in.take(count * sizeof(Offset));
    Row* const r = create(first, std::min<std::uint32_t>(most, count + count % 2U));
    k.where_ = reinterpret_cast<std::byte*>(r);
    Offset before = 0;
    for (std::uint8_t i = 0; i != count; ++i) {
        Offset after = 0;
        in.decode(gaps, after);
        in.require(after >= before && (i != 0 || after == 0) && first <= Timestamp::max() - Duration{after},
                   "events in order of time");
        before = after;
        push_back(*r, first + Duration{after}, in.template read<V>());
    }
    now = now_of(k, now);
    in.require(first > kept_until(now), "events that are kept");
    if constexpr (!expiring) {
        std::fill_n(firsts(*r), prototype_.count(), std::uint8_t{0});
        pass(*r, now);
    }
    foresee(*r, now);
}

}  // namespace weir::detail
