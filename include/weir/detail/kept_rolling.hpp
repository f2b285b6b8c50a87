// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a table keeps a RollingWindow for each of many keys: what all have in common once, and of each key some 60 bytes
// in which the only event may be and, where the aggregate can remove, the aggregate is.
//
// The events are in a list of lines from a pool. A line is 64 bytes, or as many as hold four events. So an event that
// comes in order touches the slot, the youngest line and, where events leave, the oldest, both of which the slot names;
// nothing is ever copied to make room, and what is not used is some half a line at either end. A late event moves the
// younger ones on, of up to 255. What is beyond that (more events, some that are 34 years apart, an aggregate that
// cannot remove over more than 16) is a window of its own on the heap, until that empties.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <memory_resource>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/aggregator.hpp>
#include <weir/detail/event_log.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/pool.hpp>
#include <weir/detail/prefetch.hpp>
#include <weir/rolling_window.hpp>
#include <weir/snapshot_stream.hpp>
#include <weir/time.hpp>

namespace weir::detail {

/// Lines of events, in a pool: the values, in 32 bits or, where `wide`, in 40 how long it is from each to the next, and
/// the numbers of the two neighbours in one, by exclusive or. So the last event of a line tells when the first of the
/// next one came: that line need not be looked at when this one has left.
template <class V>
class EventLines {
    static constexpr std::size_t value_size = std::is_empty_v<V> ? 0 : sizeof(V);
    static constexpr std::size_t number_size = sizeof(std::uint32_t);
    static constexpr std::size_t fit(std::size_t bytes, bool wide) {
        return (bytes - 2 * number_size + (value_size % number_size == 0 ? number_size : 1)) /
               (value_size + number_size + (wide ? 1 : 0));
    }
    static constexpr std::size_t line_size() {
        std::size_t bytes = 64;
        while (fit(bytes, true) < 4) {
            bytes += 64;
        }
        return bytes;
    }

public:
    using Id = std::uint32_t;
    static constexpr Id none = ~Id{0};
    static constexpr std::size_t size = line_size();

    EventLines(bool wide, std::pmr::memory_resource* from)
        : pool_{from},
          wide_{wide},
          per_line_{static_cast<std::uint32_t>(fit(size, wide))},
          numbers_at_{(static_cast<std::uint32_t>(per_line_ * value_size) + 3) / 4 * 4} {}

    [[nodiscard]] std::uint32_t per_line() const noexcept { return per_line_; }
    /// The longest time that can be told.
    [[nodiscard]] std::uint64_t reach() const noexcept { return (std::uint64_t{1} << (wide_ ? 40 : 32)) - 1; }

    [[nodiscard]] Id take() { return pool_.take(); }
    void give(Id line) noexcept { pool_.give(line); }
    void prefetch(Id line) const noexcept { prefetch_line(pool_[line]); }
    [[nodiscard]] std::size_t bytes() const noexcept { return pool_.bytes(); }

    /// How long, in ms, to the event after it.
    [[nodiscard]] std::uint64_t until_next(Id line, std::uint32_t place) const {
        std::uint64_t ms = numbers(line)[place];
        if (wide_) {
            ms |= static_cast<std::uint64_t>(high(line, place)) << 32;
        }
        return ms;
    }
    void set_until_next(Id line, std::uint32_t place, std::uint64_t ms) const {
        numbers(line)[place] = static_cast<std::uint32_t>(ms);
        if (wide_) {
            high(line, place) = static_cast<std::byte>(ms >> 32);
        }
    }
    /// The two neighbours of a line.
    [[nodiscard]] Id& neighbours(Id line) const { return numbers(line)[per_line_]; }
    [[nodiscard]] V& value(Id line, std::uint32_t place) const {
        if constexpr (value_size == 0) {
            static V empty{};
            return empty;
        } else {
            return std::launder(reinterpret_cast<V*>(pool_[line]))[place];
        }
    }
    void construct(Id line, std::uint32_t place, V&& v) const {
        if constexpr (value_size != 0) {
            std::construct_at(reinterpret_cast<V*>(pool_[line]) + place, move_in(pool_.resource(), v));
        }
    }
    void destroy(Id line, std::uint32_t place) const {
        if constexpr (value_size != 0) {
            std::destroy_at(&value(line, place));
        }
    }

private:
    [[nodiscard]] std::uint32_t* numbers(Id line) const {
        return reinterpret_cast<std::uint32_t*>(pool_[line] + numbers_at_);
    }
    [[nodiscard]] std::byte& high(Id line, std::uint32_t place) const {
        return pool_[line][numbers_at_ + (per_line_ + 1) * number_size + place];
    }

    Pool<size, 64> pool_;
    bool wide_;
    std::uint32_t per_line_;
    std::uint32_t numbers_at_;
};

template <class T, class Length>
class KeepRolling {
    using Window = RollingWindow<T, Length>;
    using V = value_type_t<T>;
    using Lines = EventLines<V>;
    using Id = typename Lines::Id;

    struct NoTotal {};
    // Memory that is not told with each call is what a total has to remember.
    static constexpr bool remembers = TakesMemory<T> && !ToldMemory<T>;
    static constexpr bool running = Removable<T> && !OrderDependent<T> && sizeof(T) <= 48 &&
                                    (!remembers || std::is_nothrow_move_constructible_v<T>);
    static constexpr std::uint32_t most = running ? std::numeric_limits<std::uint8_t>::max() : 16;
    static constexpr bool alone_inside = std::is_trivially_copyable_v<V> && sizeof(V) <= sizeof(std::uint64_t);

    enum class Form : std::uint8_t { nothing, alone, lines, large };

public:
    /// Of one key. While it is `lines`: the first event's time and how long it is to the last, the first and last
    /// line's number and the places of the first and after the last event in those.
    class Kept {
        friend KeepRolling;

        Timestamp front_time_{};
        std::uint64_t where_ = 0;  // the only event's value, the lines' numbers or the window's address
        [[no_unique_address]] std::conditional_t<running, T, NoTotal> total_{};
        Id before_ = Lines::none;  // the line that the first one has for its neighbour, and which has left
        std::uint32_t span_ = 0;   // ms, 40 bits with the next
        std::uint8_t span_high_ = 0;
        std::uint8_t count_ = 0;
        std::uint8_t begin_ = 0;
        std::uint8_t end_ = 0;
        Form form_ = Form::nothing;

        [[nodiscard]] std::uint64_t span() const noexcept { return std::uint64_t{span_high_} << 32 | span_; }
        void set_span(std::uint64_t ms) noexcept {
            span_ = static_cast<std::uint32_t>(ms);
            span_high_ = static_cast<std::uint8_t>(ms >> 32);
        }
        [[nodiscard]] Timestamp back_time() const noexcept { return front_time_ + milliseconds(span()); }
        [[nodiscard]] Id front() const noexcept { return static_cast<Id>(where_); }
        [[nodiscard]] Id back() const noexcept { return static_cast<Id>(where_ >> 32); }
        void set_front(Id line) noexcept { where_ = (where_ & ~std::uint64_t{0xffffffff}) | line; }
        void set_back(Id line) noexcept { where_ = (where_ & 0xffffffff) | std::uint64_t{line} << 32; }
        void set_large(Window* window) noexcept { where_ = reinterpret_cast<std::uintptr_t>(window); }
        // NOLINTNEXTLINE(performance-no-int-to-ptr): it was one
        [[nodiscard]] Window& large() const noexcept { return *reinterpret_cast<Window*>(where_); }
    };

    /// A window in a table, for as long as the table is not changed. Where the table's time is behind its own, which
    /// only an event can move on, that counts.
    class Lent {
    public:
        using value_type = V;

        bool insert(Timestamp t, V value = {}) { return keep_->insert(*kept_, now_, t, std::move(value)); }
        bool advance_to(Timestamp now) {
            if (now <= now_) {
                return false;
            }
            now_ = now;
            return keep_->advance(*kept_, now);
        }
        [[nodiscard]] auto result() const { return keep_->result(*kept_); }
        [[nodiscard]] Timestamp now() const noexcept { return now_; }
        [[nodiscard]] Length length() const noexcept { return keep_->prototype_.length(); }
        [[nodiscard]] std::size_t size() const noexcept {
            return kept_->form_ == Form::large ? kept_->large().size() : kept_->count_;
        }
        [[nodiscard]] bool empty() const noexcept { return size() == 0; }
        [[nodiscard]] std::optional<Timestamp> next_expiry() const { return keep_->next_expiry(*kept_); }
        [[nodiscard]] std::size_t memory_in_use() const { return keep_->memory_in_use(*kept_); }

        /// A window of its own, with the same events. O(events).
        explicit operator Window() const {
            if (kept_->form_ == Form::large) {
                return kept_->large();
            }
            Window copy = keep_->copy_of(*kept_);
            copy.advance_to(now_);
            return copy;
        }

    private:
        friend KeepRolling;
        Lent(KeepRolling* keep, Kept* kept, Timestamp now) : keep_{keep}, kept_{kept}, now_{now} {}

        KeepRolling* keep_;
        Kept* kept_;
        Timestamp now_;
    };

    KeepRolling(Window&& prototype, std::pmr::memory_resource* from)
        : prototype_{std::move(prototype), from},
          lines_{Duration{prototype_.length()}.count() > std::numeric_limits<std::uint32_t>::max(), from},
          memory_{from} {}

    void begin([[maybe_unused]] Kept& k) {
        if constexpr (running && remembers) {
            replace(k.total_, make_in<T>(memory_));
        }
    }
    void end(Kept& k) noexcept { clear(k); }
    [[nodiscard]] Lent lend(Kept& k, Timestamp now) {
        if (k.form_ == Form::large) {
            now = std::max(now, k.large().now());
        } else if (k.form_ != Form::nothing) {
            now = std::max(now, k.back_time());
        }
        return Lent{this, &k, now};
    }
    // NOLINTNEXTLINE(readability-const-return-type): what is looked at cannot be changed
    [[nodiscard]] const Lent look(const Kept& k, Timestamp now) { return lend(const_cast<Kept&>(k), now); }
    [[nodiscard]] std::optional<const Lent> found(const Kept& k, Timestamp now) {
        return lend(const_cast<Kept&>(k), now);
    }
    [[nodiscard]] std::optional<const Lent> nowhere() const noexcept { return std::nullopt; }
    void prefetch(const Kept& k, bool both) const noexcept {
        if (k.form_ == Form::lines) {
            lines_.prefetch(k.front());
            if (both) {
                lines_.prefetch(k.back());
            }
        }
    }
    [[nodiscard]] std::size_t bytes() const { return prototype_.memory_in_use() + lines_.bytes(); }
    [[nodiscard]] std::size_t memory_in_use(const Kept& k) const;

    [[nodiscard]] Window& prototype() noexcept { return prototype_; }
    void save(SnapshotWriter& out, const Kept& k) const;
    void load(SnapshotReader& in, Kept& k, Timestamp now);

private:
    [[nodiscard]] Timestamp horizon(Timestamp now) const { return saturating_subtract(now, prototype_.length()); }
    [[nodiscard]] static std::uint64_t gap(Timestamp from, Timestamp to) noexcept {
        return static_cast<std::uint64_t>(to.time_since_epoch().count()) -
               static_cast<std::uint64_t>(from.time_since_epoch().count());
    }
    [[nodiscard]] static Duration milliseconds(std::uint64_t count) {
        return Duration{static_cast<std::int64_t>(count)};
    }
    [[nodiscard]] static V alone(const Kept& k) noexcept {
        V value;
        std::memcpy(&value, &k.where_, sizeof value);
        return value;
    }

    bool insert(Kept& k, Timestamp& now, Timestamp t, V value) {
        if (k.form_ == Form::large || t <= now) [[unlikely]] {
            return insert_late(k, now, t, std::move(value));
        }
        now = t;
        if (k.count_ != 0) {
            evict(k, horizon(t));
        }
        if (!append(k, t, value)) {
            enlarge(k, t).insert(t, std::move(value));
        }
        return true;
    }

    void count_in(Kept& k, Timestamp t, const V& value) {
        ++k.count_;
        if constexpr (running) {
            add(k.total_, t, value, memory_.resource());
        }
    }

    // False where there is no room for it here.
    [[gnu::always_inline]] bool append(Kept& k, Timestamp t, V& value) {
        if (k.count_ == 0) {
            k.front_time_ = t;
            k.set_span(0);
            count_in(k, t, value);
            if constexpr (alone_inside) {
                std::memcpy(&k.where_, &value, sizeof value);
                k.form_ = Form::alone;
            } else {
                begin_lines(k, std::move(value));
            }
            return true;
        }
        const std::uint64_t span = gap(k.front_time_, t);
        if (k.count_ == most || span > lines_.reach()) {
            return false;
        }
        if constexpr (alone_inside) {
            if (k.form_ == Form::alone) {
                begin_lines(k, alone(k));
            }
        }
        lines_.set_until_next(k.back(), k.end_ - 1U, span - k.span());
        open_place(k);
        count_in(k, t, value);
        lines_.construct(k.back(), k.end_ - 1U, std::move(value));
        k.set_span(span);
        return true;
    }

    void begin_lines(Kept& k, V&& first) {
        const Id line = lines_.take();
        lines_.neighbours(line) = 0;
        lines_.construct(line, 0, std::move(first));
        k.where_ = std::uint64_t{line} << 32 | line;
        k.before_ = Lines::none;
        k.begin_ = 0;
        k.end_ = 1;
        k.form_ = Form::lines;
    }
    // A place for one more at the end.
    void open_place(Kept& k) {
        if (k.end_ == lines_.per_line()) {
            const Id line = lines_.take();
            lines_.neighbours(line) = k.back() ^ Lines::none;
            lines_.neighbours(k.back()) ^= Lines::none ^ line;
            k.set_back(line);
            k.end_ = 0;
        }
        ++k.end_;
    }

    // True where any was at or before `last`. Requires: not empty, not large.
    [[gnu::always_inline]] bool evict(Kept& k, Timestamp last) {
        if (k.front_time_ > last) {
            return false;
        }
        const Timestamp back_time = k.back_time();
        if (back_time <= last) {
            clear(k);
            return true;
        }
        Id line = k.front();
        std::uint32_t place = k.begin_;
        Timestamp t = k.front_time_;
        do {
            if constexpr (running) {
                remove(k.total_, t, lines_.value(line, place), memory_.resource());
            }
            lines_.destroy(line, place);
            --k.count_;
            t += milliseconds(lines_.until_next(line, place));
            if (++place == lines_.per_line()) {
                const Id next = lines_.neighbours(line) ^ k.before_;
                lines_.give(line);
                k.before_ = std::exchange(line, next);
                place = 0;
            }
        } while (t <= last);
        k.front_time_ = t;
        k.set_span(gap(t, back_time));
        k.set_front(line);
        k.begin_ = static_cast<std::uint8_t>(place);
        return true;
    }

    bool advance(Kept& k, Timestamp now) {
        if (k.form_ == Form::large) {
            const bool changed = k.large().advance_to(now);
            if (k.large().empty()) {
                clear(k);
            }
            return changed;
        }
        return k.count_ != 0 && evict(k, horizon(now));
    }

    [[gnu::noinline]] bool insert_late(Kept& k, Timestamp& now, Timestamp t, V value);
    [[gnu::noinline]] void clear(Kept& k) noexcept;
    [[gnu::noinline]] Window& enlarge(Kept& k, Timestamp now);

    template <class F>
    void for_each(const Kept& k, F f) const {
        if constexpr (alone_inside) {
            if (k.form_ == Form::alone) {
                f(k.front_time_, alone(k));
                return;
            }
        }
        if (k.form_ != Form::lines) {
            return;
        }
        Id before = k.before_;
        Id line = k.front();
        std::uint32_t place = k.begin_;
        Timestamp t = k.front_time_;
        for (std::uint32_t left = k.count_;;) {
            f(t, lines_.value(line, place));
            if (--left == 0) {
                return;
            }
            t += milliseconds(lines_.until_next(line, place));
            if (++place == lines_.per_line()) {
                before = std::exchange(line, lines_.neighbours(line) ^ before);
                place = 0;
            }
        }
    }

    [[nodiscard]] Window copy_of(const Kept& k) const {
        Window window{prototype_, memory_};
        for_each(k, [&](Timestamp t, const V& value) { window.insert(t, copy_in(memory_, value)); });
        return window;
    }

    [[nodiscard]] result_type_t<T> result(const Kept& k) const {
        if (k.form_ == Form::large) {
            return k.large().result();
        }
        if constexpr (running) {
            return k.total_.result();
        } else {
            T whole = make_in<T>(memory_);
            for_each(k, [&](Timestamp t, const V& value) { add(whole, t, value, memory_.resource()); });
            return whole.result();
        }
    }

    [[nodiscard]] std::optional<Timestamp> next_expiry(const Kept& k) const {
        if (k.form_ == Form::large) {
            return k.large().next_expiry();
        }
        return k.count_ == 0 ? std::nullopt
                             : std::optional{saturating_add(k.front_time_, Duration{prototype_.length()})};
    }

    Window prototype_;
    Lines lines_;
    std::pmr::polymorphic_allocator<> memory_;
};

template <class T, class Length>
bool KeepRolling<T, Length>::insert_late(Kept& k, Timestamp& now, Timestamp t, V value) {
    if (k.form_ == Form::large) {
        k.large().advance_to(now);  // it is told of time only when something is due
        const bool taken = k.large().insert(t, std::move(value));
        now = std::max(now, t);
        return taken;
    }
    if (t <= horizon(now)) {
        return false;
    }
    const Timestamp back_time = k.back_time();
    if (k.count_ == 0 || t >= back_time) {
        if (!append(k, t, value)) {
            enlarge(k, now).insert(t, std::move(value));
        }
        return true;
    }
    if (k.count_ == most || gap(t, back_time) > lines_.reach()) {
        enlarge(k, now).insert(t, std::move(value));
        return true;
    }
    if constexpr (alone_inside) {
        if (k.form_ == Form::alone) {
            begin_lines(k, alone(k));
        }
    }
    open_place(k);
    count_in(k, t, value);
    // Events after t move on by a place, from the youngest on, into the one that is open.
    struct Place {
        Id line;
        std::uint32_t at;
    };
    Id after = Lines::none;
    const auto before = [&](Place p) {
        if (p.at != 0) {
            return Place{p.line, p.at - 1};
        }
        const Id line = lines_.neighbours(p.line) ^ std::exchange(after, p.line);
        return Place{line, lines_.per_line() - 1};
    };
    Place open{k.back(), k.end_ - 1U};
    Place event = before(open);
    Timestamp time = back_time;  // of that event
    lines_.construct(open.line, open.at, std::move(lines_.value(event.line, event.at)));
    std::uint64_t until_next = 0;
    for (std::uint32_t left = k.count_ - 1U;;) {
        lines_.set_until_next(open.line, open.at, until_next);
        open = event;
        if (--left == 0) {  // it is the first one now
            lines_.set_until_next(open.line, open.at, gap(t, k.front_time_));
            k.front_time_ = t;
            k.set_span(gap(t, back_time));
            break;
        }
        event = before(event);
        until_next = lines_.until_next(event.line, event.at);
        const Timestamp younger = std::exchange(time, time - milliseconds(until_next));
        if (time <= t) {
            lines_.set_until_next(open.line, open.at, gap(t, younger));
            lines_.set_until_next(event.line, event.at, gap(time, t));
            break;
        }
        lines_.value(open.line, open.at) = std::move(lines_.value(event.line, event.at));
    }
    lines_.value(open.line, open.at) = std::move(value);
    return true;
}

template <class T, class Length>
void KeepRolling<T, Length>::clear(Kept& k) noexcept {
    if (k.form_ == Form::large) {
        memory_.delete_object(&k.large());
    } else if (k.form_ == Form::lines) {
        Id before = k.before_;
        Id line = k.front();
        std::uint32_t place = k.begin_;
        for (;;) {
            const std::uint32_t stop = line == k.back() ? k.end_ : lines_.per_line();
            for (; place != stop; ++place) {
                lines_.destroy(line, place);
            }
            const Id next = lines_.neighbours(line) ^ before;
            before = line;
            lines_.give(line);
            if (before == k.back()) {
                break;
            }
            line = next;
            place = 0;
        }
    }
    k.form_ = Form::nothing;
    k.count_ = 0;
    if constexpr (running) {
        k.total_ = T{};
    }
}

template <class T, class Length>
auto KeepRolling<T, Length>::enlarge(Kept& k, Timestamp now) -> Window& {
    auto* const window = memory_.template new_object<Window>(copy_of(k));
    window->advance_to(now);
    clear(k);
    k.set_large(window);
    k.form_ = Form::large;
    return *window;
}

// Events as how long each came after the one before it, then their values; or the whole window.
template <class T, class Length>
void KeepRolling<T, Length>::save(SnapshotWriter& out, const Kept& k) const {
    out.write(k.form_ == Form::large, k.count_);
    if (k.form_ == Form::large) {
        out.write(k.large());
    } else if (k.count_ != 0) {
        out.write(k.front_time_);
        std::byte* to = out.extend(k.count_ * sizeof(std::uint64_t));
        for_each(k, [&, before = k.front_time_](Timestamp t, const V& /*value*/) mutable {
            to = SnapshotWriter::encode(to, gap(std::exchange(before, t), t));
        });
        for_each(k, [&](Timestamp /*t*/, const V& value) { out.write(value); });
    }
}

template <class T, class Length>
void KeepRolling<T, Length>::load(SnapshotReader& in, Kept& k, Timestamp now) {
    bool large = false;
    std::uint8_t count = 0;
    in.read(large, count);
    if (large) {
        auto* const window = memory_.template new_object<Window>(prototype_);
        k.set_large(window);
        k.form_ = Form::large;
        in.read(*window);
        in.require(!window->empty() && count == 0, "a window with events");
    } else if (count != 0) {
        Timestamp t = in.read<Timestamp>();
        const Timestamp first = t;
        const std::byte* gaps = in.take(count * sizeof(std::uint64_t));
        [[maybe_unused]] const std::byte* values = nullptr;
        if constexpr (shape_of<V>.fixed) {
            values = in.take(count * shape_of<V>.least);
        }
        for (; count != 0; --count) {
            std::uint64_t after = 0;
            in.decode(gaps, after);
            in.require(k.count_ == 0 ? after == 0 : after <= gap(t, Timestamp::max()), "events in order of time");
            t = Timestamp{
                Duration{static_cast<std::int64_t>(static_cast<std::uint64_t>(t.time_since_epoch().count()) + after)}};
            V value = make_in<V>(memory_);
            if constexpr (shape_of<V>.fixed) {
                in.decode(values, value);
            } else {
                in.read(value);
            }
            in.require(append(k, t, value), "no more events than there is room for");
        }
        in.require(first > horizon(std::max(now, t)), "events inside the window");
    }
}

template <class T, class Length>
std::size_t KeepRolling<T, Length>::memory_in_use(const Kept& k) const {
    if (k.form_ == Form::large) {
        return sizeof(Window) + k.large().memory_in_use();
    }
    std::size_t bytes = 0;
    if constexpr (running) {
        bytes += owned_bytes(k.total_);
    }
    if constexpr (may_own_bytes<V>) {
        for_each(k, [&bytes](Timestamp /*t*/, const V& value) { bytes += owned_bytes(value); });
    }
    return bytes;
}

}  // namespace weir::detail
