// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events of one key in event-time order. Equal times: in order of arrival, which is the order of insertion or,
// where a value has a member `arrival`, what that says (history that moves in from another key).
//
// Kept in chunks of up to 128 events, each in one allocation: a base time, 32-bit offsets from it, the values. While
// one chunk is enough it grows by halves and nothing else is allocated; beyond that a ring of chunks says where each is
// and when it begins. Appending and dropping the oldest are O(1), a late insert is O(log n + 128) and moves one pointer
// for each younger chunk, never an event outside its own.
//
// Memory: 40 bytes; for each event 4 and the value, a chunk's header of 16 and, from the second chunk on, 16 of the
// ring; at most half a chunk more at either end.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/detail/memory.hpp>
#include <weir/detail/ring.hpp>
#include <weir/time.hpp>

namespace weir::detail {

/// What a chunk has room for: what a late insert moves, and what an end may waste.
inline constexpr std::size_t most_in_chunk = 128;

template <class V>
concept HasArrival = requires(const V& v) {
    v.arrival < v.arrival;
};

template <class V>
class EventLog {
    struct Chunk;

public:
    /// Where an event is: its chunk, which has a number since the log began, and the place in it.
    struct Position {
        Chunk* chunk = nullptr;
        std::uint32_t number = 0;
        std::uint32_t place = 0;
        bool operator==(const Position&) const = default;
        [[nodiscard]] bool operator<(const Position& other) const {
            return number != other.number ? number < other.number : place < other.place;
        }
    };
    struct Inserted {
        Position position;
        bool last;                           // the youngest of all
        bool precedes_equal_time;            // has come in before one of the same time
        std::optional<std::uint32_t> fresh;  // the number of the chunk that was made for it
    };

    using allocator_type = Memory;

    EventLog() : EventLog{Memory{}} {}
    explicit EventLog(const Memory& memory) noexcept : from_{memory.resource()} {}
    /// Chunks keep their numbers.
    EventLog(const EventLog& other, const Memory& memory) : EventLog{memory} { copy(other); }
    EventLog(const EventLog& other) : EventLog{other, Memory{}} {}
    EventLog(EventLog&& other) noexcept : from_{other.from_} { swap(other); }
    EventLog(EventLog&& other, const Memory& memory) : EventLog{memory} {
        if (*from_ == *other.from_) {
            swap(other);
        } else {
            copy(other);
        }
    }
    EventLog& operator=(EventLog other) { return replace(*this, EventLog{std::move(other), from_}); }
    ~EventLog() { clear(); }

    /// Requires: the same memory.
    void swap(EventLog& other) noexcept {
        std::swap(front_, other.front_);
        std::swap(back_, other.back_);
        std::swap(directory_, other.directory_);
        std::swap(size_, other.size_);
    }

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return from_; }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// The oldest event's place. Requires: !empty(), as all below do that give a time or a value.
    [[nodiscard]] Position begin() const noexcept { return Position{front_, first_number(), front_->begin}; }
    [[nodiscard]] Position back() const noexcept {
        return Position{back_, first_number() + chunks() - 1, back_->end - 1U};
    }
    [[nodiscard]] Timestamp front_time() const { return front_->time(front_->begin); }
    [[nodiscard]] Timestamp back_time() const noexcept { return back_->time(back_->end - 1U); }
    [[nodiscard]] const V& back_value() const noexcept { return back_->value(back_->end - 1U); }
    [[nodiscard]] Timestamp time(Position p) const { return p.chunk->time(p.place); }
    [[nodiscard]] const V& value(Position p) const { return p.chunk->value(p.place); }

    /// Puts an event where it belongs. Positions that others hold are kept up to date through `each_held`, which is
    /// given a function to call on each of them.
    template <class EachHeld>
    Inserted insert(Timestamp t, V value, EachHeld each_held);

    /// `insert` for an event that is later than all others. True where a chunk was added for it to those that there
    /// are.
    template <class EachHeld>
    bool append(Timestamp t, V value, EachHeld each_held) {
        bool fresh = false;
        if (back_ == nullptr || back_->end == back_->capacity || !back_->reaches(t)) [[unlikely]] {
            fresh = make_room_at_back(t, each_held);
        }
        back_->emplace_back(t, move_in(from_, value));
        ++size_;
        return fresh;
    }

    /// Moves a position on past the events at or before `t`, calls `f(time, value)` on each and gives their number.
    /// Where it has come to the end it is nowhere.
    template <class F>
    std::size_t pass(Position& from, Timestamp t, F f) const {
        const std::uint32_t count = from.chunk->pass_few(from.place, t, f);
        if (count == Chunk::not_few) {
            return pass_more(from, t, f);
        }
        from.place += count;
        return count;
    }

    /// Moves a position on by `count` events; to nowhere where it has come to the end.
    void skip(Position& from, std::size_t count) const;

    /// Forgets the events at or before `t`, calls `f(time, value)` on each and gives their number. Requires: !empty().
    template <class F>
    std::size_t drop_until(Timestamp t, F f) {
        const std::uint32_t count = front_->pass_few(front_->begin, t, f);
        if (count == Chunk::not_few) {
            return drop_more(t, f);
        }
        front_->drop(count);
        size_ -= count;
        return count;
    }

    /// Forgets the events before a position, so that `left` are left. Requires: left != 0.
    void drop_before(const Position& first, std::size_t left) {
        while (front_ != first.chunk) [[unlikely]] {
                front_->drop(front_->size());
                pop_front_chunk();
            }
        front_->drop(first.place - std::size_t{front_->begin});
        size_ = left;
    }

    /// Calls `f(time, value)` on `count` events from `from` on.
    template <class F>
    void for_each(const Position& from, std::size_t count, F f) const;
    template <class F>
    void for_each(F f) const {
        if (!empty()) {
            for_each(begin(), size_, f);
        }
    }
    /// Calls `f(time, value)` on `count` events of the chunk that has this number, the youngest first, leaving out the
    /// `skip` youngest.
    template <class F>
    void for_each_reversed(std::uint32_t number, std::size_t skip, std::size_t count, F f) const {
        const Chunk& c = chunk_at(number - first_number());
        for (std::size_t place = c.end - skip; count != 0; --count, --place) {
            f(c.time(place - 1), c.value(place - 1));
        }
    }
    /// Calls `f(time, value)` on the events of the chunk that has this number.
    template <class F>
    void for_each_of_chunk(std::uint32_t number, F f) const {
        const Chunk& c = chunk_at(number - first_number());
        for (std::size_t place = c.begin; place != c.end; ++place) {
            f(c.time(place), c.value(place));
        }
    }
    [[nodiscard]] std::size_t size_of_chunk(std::uint32_t number) const {
        return chunk_at(number - first_number()).size();
    }
    /// How many events of its chunk there are from a position on.
    [[nodiscard]] std::size_t left_in_chunk(const Position& from) const {
        return from.chunk->end - std::size_t{from.place};
    }

    void clear() noexcept;

    /// Takes out what `take(time, value)` accepts, in order, and hands it to `give(time, value)`. O(n). Positions are
    /// void after it.
    template <class Take, class Give>
    std::size_t extract_if(Take take, Give give);

    [[nodiscard]] std::size_t memory_in_use() const;

    /// Times and values in order, times as how long after the first one, in 32 bits where that does. With `chunks` also
    /// which events share one and how much room there is, for aggregates that depend on it.
    template <bool chunks, class Writer>
    void save(Writer& out) const;
    /// Of events in (after, until]; others are refused.
    template <bool chunks, class Reader>
    void load(Reader& in, Timestamp after, Timestamp until);

private:
    static constexpr std::size_t most = most_in_chunk;
    static constexpr bool valueless = std::is_empty_v<V>;
    static constexpr std::size_t few = 2;  // in the first
    using Offset = std::uint32_t;

    [[nodiscard]] static std::size_t grown(std::size_t capacity) {
        return std::min(most, capacity + std::max(few, capacity / 2));
    }

    // How much later t is, modulo 2^64.
    [[nodiscard]] static std::uint64_t since(Timestamp base, Timestamp t) {
        return static_cast<std::uint64_t>(t.time_since_epoch().count()) -
               static_cast<std::uint64_t>(base.time_since_epoch().count());
    }
    // Whether t has an offset from the base.
    [[nodiscard]] static bool reaches(Timestamp base, Timestamp t) {
        return since(base, t) <= std::numeric_limits<Offset>::max();
    }

    // The offsets come first, so that looking at times needs nothing else of the chunk.
    struct Chunk {
        static constexpr std::uint32_t not_few = 4;

        Timestamp base;
        std::uint16_t begin = 0;
        std::uint16_t end = 0;
        std::uint16_t capacity;

        [[nodiscard]] static constexpr std::size_t values_at(std::size_t capacity) {
            return (sizeof(Chunk) + capacity * sizeof(Offset) + alignof(V) - 1) / alignof(V) * alignof(V);
        }
        [[nodiscard]] static constexpr std::size_t bytes(std::size_t capacity) {
            return values_at(capacity) + (valueless ? 0 : capacity * sizeof(V));
        }
        static constexpr std::size_t alignment() { return std::max(alignof(Chunk), alignof(V)); }
        [[nodiscard]] static Chunk* create(Timestamp base, std::size_t capacity, std::pmr::memory_resource* from) {
            return ::new (from->allocate(bytes(capacity), alignment()))
                Chunk{.base = base, .capacity = static_cast<std::uint16_t>(capacity)};
        }
        static void destroy(Chunk* chunk, std::pmr::memory_resource* from) noexcept {
            chunk->drop(chunk->size());
            from->deallocate(chunk, bytes(chunk->capacity), alignment());
        }

        [[nodiscard]] Offset* offsets() noexcept { return reinterpret_cast<Offset*>(this + 1); }
        [[nodiscard]] const Offset* offsets() const noexcept { return reinterpret_cast<const Offset*>(this + 1); }
        [[nodiscard]] V* values() noexcept {
            return reinterpret_cast<V*>(reinterpret_cast<std::byte*>(this) + values_at(capacity));
        }
        [[nodiscard]] V& value(std::size_t place) noexcept {
            if constexpr (valueless) {
                static V none{};
                return none;
            } else {
                return values()[place];
            }
        }
        [[nodiscard]] const V& value(std::size_t place) const noexcept {
            return const_cast<Chunk*>(this)->value(place);
        }

        [[nodiscard]] std::size_t size() const noexcept { return end - std::size_t{begin}; }
        [[nodiscard]] Timestamp time(std::size_t place) const { return base + Duration{offsets()[place]}; }
        [[nodiscard]] bool reaches(Timestamp t) const { return EventLog::reaches(base, t); }
        [[nodiscard]] Offset offset(Timestamp t) const { return static_cast<Offset>(since(base, t)); }

        void emplace_back(Timestamp t, V&& value) {
            offsets()[end] = offset(t);
            if constexpr (!valueless) {
                std::construct_at(values() + end, std::move(value));
            }
            ++end;
        }
        // Requires: room at the end.
        void emplace(std::size_t place, Timestamp t, V&& value) {
            if (place == end) {
                emplace_back(t, std::move(value));
                return;
            }
            Offset* const o = offsets();
            std::copy_backward(o + place, o + end, o + end + 1);
            o[place] = offset(t);
            if constexpr (!valueless) {
                V* const v = values();
                std::construct_at(v + end, std::move(v[end - 1]));
                std::move_backward(v + place, v + end - 1, v + end);
                v[place] = std::move(value);
            }
            ++end;
        }
        void drop(std::size_t count) noexcept {
            if constexpr (!valueless) {
                std::destroy_n(values() + begin, count);
            }
            begin = static_cast<std::uint16_t>(begin + count);
        }
        // How many events from `place` on are at or before t, where those are few and more follow, else not_few and
        // nothing is done. How many leave cannot be foretold, so that is found without a branch, and where f takes
        // `f(three values, count)` it is told at once. Requires: t is no more than Duration::max() before the base.
        template <class F>
        [[nodiscard]] std::uint32_t pass_few(std::uint32_t place, Timestamp t, F& f) const {
            static_assert(not_few == 4);
            const Offset last = offset(t);
            const Offset* const o = offsets() + place;
            if (!reaches(t) || end - place < not_few || o[3] <= last) [[unlikely]] {
                return not_few;
            }
            const std::uint32_t count =
                std::uint32_t{o[0] <= last} + std::uint32_t{o[1] <= last} + std::uint32_t{o[2] <= last};
            if constexpr (requires(const V* v) { f(v, count); }) {
                f(&value(place), count);
            } else {
                for (std::uint32_t i = 0; i != count; ++i) {
                    f(time(place + i), value(place + i));
                }
            }
            return count;
        }
        // The first place after t from `place` on; calls f(time, value) on what comes before it. One by one: few are
        // passed, or all.
        template <class F>
        [[nodiscard]] std::uint32_t pass(std::uint32_t place, Timestamp t, F& f) const {
            if (t < base) {
                return place;
            }
            const Offset last = reaches(t) ? offset(t) : std::numeric_limits<Offset>::max();
            const Offset* const o = offsets();
            const std::uint32_t stop = end;
            for (; place != stop && o[place] <= last; ++place) {
                f(time(place), value(place));
            }
            return place;
        }
        // The first place after t, which is not before the base: by halves, without a branch, as which half it is
        // cannot be foretold.
        [[nodiscard]] std::uint32_t upper_bound(Timestamp t) const {
            if (!reaches(t)) {
                return end;
            }
            const Offset* const o = offsets();
            const Offset wanted = offset(t);
            std::uint32_t place = begin;
            for (std::uint32_t left = end - std::uint32_t{begin}; left != 0;) {
                const std::uint32_t half = (left + 1) / 2;
                place += half * static_cast<std::uint32_t>(o[place + half - 1] <= wanted);
                left -= half;
            }
            return place;
        }
        // Moves the events from `place` on to the end of `to`, which has room and reaches them.
        void move_tail(std::size_t place, Chunk& to) {
            for (std::size_t i = place; i != end; ++i) {
                to.emplace_back(time(i), std::move(value(i)));
            }
            if constexpr (!valueless) {
                std::destroy(values() + place, values() + end);
            }
            end = static_cast<std::uint16_t>(place);
        }
    };

    struct Slot {
        Timestamp base;
        Chunk* chunk;
    };
    /// Where the chunks are, from the second on.
    struct Directory {
        explicit Directory(const Memory& memory) : slots{memory} {}

        Ring<Slot> slots;
        std::uint32_t first = 0;  // the number of the first chunk
        Chunk* spare = nullptr;   // a whole one, for the next that is needed
    };

    [[nodiscard]] std::uint32_t first_number() const noexcept { return directory_ ? directory_->first : 0; }
    [[nodiscard]] std::uint32_t chunks() const noexcept {
        return directory_ ? directory_->slots.size() : back_ != nullptr ? 1 : 0;
    }
    [[nodiscard]] Chunk& chunk_at(std::uint32_t i) const noexcept {
        return directory_ ? *directory_->slots[i].chunk : *back_;
    }
    template <class F>
    [[gnu::noinline]] std::size_t pass_more(Position& from, Timestamp t, F& f) const;
    template <class F>
    [[gnu::noinline]] std::size_t drop_more(Timestamp t, F& f);
    // Keeps a small chunk for the next event.
    void drop_all() noexcept;
    // The chunk after that of a number.
    [[nodiscard]] Chunk* after(std::uint32_t number) const noexcept {
        return directory_->slots[number + 1 - directory_->first].chunk;
    }
    // The chunk that an event of time t belongs to: the last one that begins at or before it, else the first.
    [[nodiscard]] std::uint32_t chunk_of(Timestamp t) const noexcept;

    // True where that took another chunk.
    template <class EachHeld>
    [[gnu::noinline]] bool make_room_at_back(Timestamp t, EachHeld& each_held);
    // Makes room in the full chunk i for an event at `place` and says where that is now.
    template <class EachHeld>
    std::pair<std::uint32_t, std::uint32_t> make_room(std::uint32_t i, std::uint32_t place, EachHeld& each_held);
    // Gives chunk i another capacity and moves its events to its front.
    template <class EachHeld>
    void resize(std::uint32_t i, std::size_t capacity, EachHeld& each_held);
    template <class EachHeld>
    Chunk& insert_chunk(std::uint32_t i, Timestamp base, std::size_t capacity, EachHeld& each_held);
    /// Of a chunk, without its events.
    struct ChunkShape {
        Timestamp base;
        std::uint16_t begin;
        std::uint16_t end;
        std::uint16_t capacity;

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&ChunkShape::base, &ChunkShape::begin, &ChunkShape::end, &ChunkShape::capacity);
        }
    };
    static constexpr std::uint32_t most_alignment = (std::uint32_t{1} << 24) - 1;  // of the numbers that count
    Chunk& load_chunk(const ChunkShape& shape, bool in_directory, std::uint32_t number);
    void lower_base(Timestamp t);
    void copy(const EventLog& other);
    void make_directory() { directory_ = Memory{from_}.new_object<Directory>(from_); }
    void pop_front_chunk() noexcept;

    Chunk* front_ = nullptr;
    Chunk* back_ = nullptr;
    Directory* directory_ = nullptr;
    std::size_t size_ = 0;
    std::pmr::memory_resource* from_;
};

// Requires: empty.
template <class V>
void EventLog<V>::copy(const EventLog& other) {
    if (other.empty()) {
        return;
    }
    if (other.directory_) {
        make_directory();
        directory_->first = other.directory_->first;
    }
    for (std::uint32_t i = 0; i != other.chunks(); ++i) {
        const Chunk& c = other.chunk_at(i);
        back_ = Chunk::create(c.base, directory_ ? c.capacity : std::max(few, c.size()), from_);
        front_ = i == 0 ? back_ : front_;
        if (directory_) {
            directory_->slots.push_back(Slot{c.base, back_});
        }
        for (std::size_t place = c.begin; place != c.end; ++place) {
            back_->emplace_back(c.time(place), detail::copy_in(from_, c.value(place)));
            ++size_;
        }
    }
}

template <class V>
template <class EachHeld>
auto EventLog<V>::insert(Timestamp t, V value, EachHeld each_held) -> Inserted {
    const auto before = [&]([[maybe_unused]] const V& other) {
        if constexpr (HasArrival<V>) {
            return value.arrival < other.arrival;
        } else {
            return false;
        }
    };
    if (empty() || t > back_time() || (t == back_time() && !before(back_->value(back_->end - 1U)))) {
        const bool fresh = append(t, std::move(value), each_held);
        return Inserted{back(), true, false, fresh ? std::optional{back().number} : std::nullopt};
    }
    std::optional<std::uint32_t> fresh;
    std::uint32_t i = chunk_of(t);
    std::uint32_t place = t < chunk_at(i).base ? chunk_at(i).begin : chunk_at(i).upper_bound(t);
    if constexpr (HasArrival<V>) {
        while (place != chunk_at(i).begin || i != 0) {
            const std::uint32_t j = place != chunk_at(i).begin ? i : i - 1;
            const std::uint32_t previous = (j == i ? place : chunk_at(j).end) - 1U;
            if (chunk_at(j).time(previous) != t || !before(chunk_at(j).value(previous))) {
                break;
            }
            i = j;
            place = previous;
        }
    }
    if (t < chunk_at(i).base) {
        if (const Chunk& first = chunk_at(0); reaches(t, first.time(first.end - 1U))) {
            lower_base(t);
        } else {
            insert_chunk(0, t, few, each_held);
            place = 0;
            fresh = first_number();
        }
    } else if (!chunk_at(i).reaches(t)) {
        insert_chunk(++i, t, few, each_held);
        place = 0;
        fresh = first_number() + i;
    }
    if (chunk_at(i).end == chunk_at(i).capacity) {
        const std::uint32_t held = chunks();
        const std::uint32_t upper = first_number() + i + 1;
        std::tie(i, place) = make_room(i, place, each_held);
        fresh = chunks() != held ? std::optional{upper} : std::nullopt;
    }
    Chunk& c = chunk_at(i);
    c.emplace(place, t, move_in(from_, value));
    ++size_;
    const Position position{&c, first_number() + i, place};
    each_held([&](Position& held) { held.place += held.number == position.number && held.place >= place ? 1 : 0; });
    const Timestamp next = place + 1U != c.end ? c.time(place + 1U) : chunk_at(i + 1).time(chunk_at(i + 1).begin);
    return Inserted{position, false, next == t, fresh};
}

template <class V>
std::uint32_t EventLog<V>::chunk_of(Timestamp t) const noexcept {
    if (!directory_) {
        return 0;
    }
    // Gallops from the young end, where late events fall.
    std::uint32_t last = directory_->slots.size();  // begins after t, or there is none
    std::uint32_t step = 1;
    while (step < last && directory_->slots[last - step].base > t) {
        last -= step;
        step *= 2;
    }
    std::uint32_t first = last > step ? last - step : 0;  // begins at or before t, or is the first
    while (last - first > 1) {
        const std::uint32_t middle = first + (last - first) / 2;
        (directory_->slots[middle].base <= t ? first : last) = middle;
    }
    return first;
}

template <class V>
template <class EachHeld>
bool EventLog<V>::make_room_at_back(Timestamp t, EachHeld& each_held) {
    if (back_ == nullptr) {
        front_ = back_ = Chunk::create(t, few, from_);
        return false;
    }
    if (size_ == 0) {
        back_->begin = back_->end = 0;
        back_->base = t;
        return false;
    }
    const std::uint32_t i = chunks() - 1;
    const std::size_t capacity = back_->capacity;
    if (back_->reaches(t) && back_->begin * 4U >= capacity) {
        resize(i, capacity, each_held);
        return false;
    }
    if (back_->reaches(t) && capacity < most) {
        resize(i, grown(capacity), each_held);
        return false;
    }
    // Spare room is a part of what is held.
    insert_chunk(i + 1, t, back_->reaches(t) ? std::clamp(size_ / 4, few, most) : few, each_held);
    return true;
}

template <class V>
template <class EachHeld>
auto EventLog<V>::make_room(std::uint32_t i, std::uint32_t place, EachHeld& each_held)
    -> std::pair<std::uint32_t, std::uint32_t> {
    Chunk& full = chunk_at(i);
    if (const std::uint32_t begin = full.begin; begin != 0 || full.capacity < most) {
        const std::size_t capacity = full.capacity;
        resize(i, begin != 0 ? capacity : grown(capacity), each_held);
        return {i, place - begin};
    }
    constexpr std::uint32_t half = most / 2;
    Chunk& upper = insert_chunk(i + 1, full.time(half), most, each_held);
    Chunk& lower = chunk_at(i);
    lower.move_tail(half, upper);
    const std::uint32_t number = first_number() + i;
    each_held([&](Position& held) {
        if (held.number == number && held.place >= half) {
            held = Position{&upper, number + 1, held.place - half};
        }
    });
    return place <= half ? std::pair{i, place} : std::pair{i + 1, place - half};
}

template <class V>
template <class EachHeld>
void EventLog<V>::resize(std::uint32_t i, std::size_t capacity, EachHeld& each_held) {
    Chunk* const old = &chunk_at(i);
    const std::uint32_t begin = old->begin;
    Chunk* const fresh = Chunk::create(old->base, capacity, from_);
    old->move_tail(begin, *fresh);
    Chunk::destroy(old, from_);
    front_ = front_ == old ? fresh : front_;
    back_ = back_ == old ? fresh : back_;
    if (directory_) {
        directory_->slots[i].chunk = fresh;
    }
    const std::uint32_t number = first_number() + i;
    each_held([&](Position& held) {
        if (held.number == number) {
            held.chunk = fresh;
            held.place -= begin;
        }
    });
}

template <class V>
template <class EachHeld>
auto EventLog<V>::insert_chunk(std::uint32_t i, Timestamp base, std::size_t capacity, EachHeld& each_held) -> Chunk& {
    if (!directory_) {
        make_directory();
        directory_->slots.push_back(Slot{back_->base, back_});
    }
    Chunk* chunk = nullptr;
    if (capacity == most && directory_->spare != nullptr) {
        chunk = std::exchange(directory_->spare, nullptr);
        chunk->base = base;
    } else {
        chunk = Chunk::create(base, capacity, from_);
    }
    const std::uint32_t number = directory_->first + i;
    front_ = i == 0 ? chunk : front_;
    if (i == directory_->slots.size()) {
        back_ = chunk;
    } else {
        each_held([&](Position& held) { held.number += held.number >= number ? 1 : 0; });
    }
    directory_->slots.insert(i, Slot{base, chunk});
    return *chunk;
}

// Makes t the base of the first chunk, whose events all have offsets from it.
template <class V>
void EventLog<V>::lower_base(Timestamp t) {
    Chunk& first = chunk_at(0);
    const auto by = static_cast<Offset>((first.base - t).count());
    for (std::size_t place = first.begin; place != first.end; ++place) {
        first.offsets()[place] += by;
    }
    first.base = t;
    if (directory_) {
        directory_->slots[0].base = t;
    }
}

template <class V>
template <class F>
std::size_t EventLog<V>::pass_more(Position& from, Timestamp t, F& f) const {
    std::size_t count = 0;
    for (;;) {
        const std::uint32_t start = from.place;
        from.place = from.chunk->pass(start, t, f);
        count += from.place - start;
        if (from.place != from.chunk->end) {
            return count;
        }
        if (from.chunk == back_) {
            from = {};
            return count;
        }
        from.chunk = after(from.number);
        ++from.number;
        from.place = from.chunk->begin;
    }
}

template <class V>
template <class F>
std::size_t EventLog<V>::drop_more(Timestamp t, F& f) {
    std::size_t count = 0;
    for (;;) {
        const std::uint32_t place = front_->pass(front_->begin, t, f);
        const std::size_t here = place - std::size_t{front_->begin};
        count += here;
        if (place == front_->end && front_ == back_) {
            drop_all();
            return count;
        }
        front_->drop(here);
        size_ -= here;
        if (front_->size() != 0) {
            return count;
        }
        pop_front_chunk();
    }
}

template <class V>
void EventLog<V>::skip(Position& from, std::size_t count) const {
    while (count >= from.chunk->end - std::size_t{from.place}) {
        count -= from.chunk->end - std::size_t{from.place};
        if (from.chunk == back_) {
            from = {};
            return;
        }
        from.chunk = after(from.number);
        ++from.number;
        from.place = from.chunk->begin;
    }
    from.place += static_cast<std::uint32_t>(count);
}

template <class V>
template <class F>
void EventLog<V>::for_each(const Position& from, std::size_t count, F f) const {
    const Chunk* c = from.chunk;
    std::size_t place = from.place;
    for (std::uint32_t number = from.number; count != 0; ++number) {
        const std::size_t end = std::min<std::size_t>(c->end, place + count);
        count -= end - place;
        for (; place != end; ++place) {
            f(c->time(place), c->value(place));
        }
        if (count != 0) {
            c = after(number);
            place = c->begin;
        }
    }
}

template <class V>
void EventLog<V>::drop_all() noexcept {
    if (directory_ || back_->capacity > 4 * few) {
        clear();
    } else {
        back_->drop(back_->size());
        size_ = 0;
    }
}

template <class V>
void EventLog<V>::pop_front_chunk() noexcept {
    Chunk* const front = front_;
    directory_->slots.pop_front();
    front_ = directory_->slots[0].chunk;
    ++directory_->first;
    if (directory_->spare == nullptr && front->capacity == most) {
        front->begin = front->end = 0;
        directory_->spare = front;
    } else {
        Chunk::destroy(front, from_);
    }
}

template <class V>
void EventLog<V>::clear() noexcept {
    if (directory_) {
        for (std::uint32_t i = 0; i != directory_->slots.size(); ++i) {
            Chunk::destroy(directory_->slots[i].chunk, from_);
        }
        if (directory_->spare != nullptr) {
            Chunk::destroy(directory_->spare, from_);
        }
        Memory{from_}.delete_object(std::exchange(directory_, nullptr));
    } else if (back_ != nullptr) {
        Chunk::destroy(back_, from_);
    }
    front_ = back_ = nullptr;
    size_ = 0;
}

template <class V>
template <class Take, class Give>
std::size_t EventLog<V>::extract_if(Take take, Give give) {
    EventLog all{Memory{from_}};
    all.swap(*this);
    for (std::uint32_t i = 0; i != all.chunks(); ++i) {
        Chunk& c = all.chunk_at(i);
        for (std::size_t place = c.begin; place != c.end; ++place) {
            V& value = c.value(place);
            if (take(c.time(place), std::as_const(value))) {
                give(c.time(place), std::move(value));
            } else {
                append(c.time(place), std::move(value), [](auto) {});
            }
        }
    }
    return all.size() - size();
}

template <class V>
std::size_t EventLog<V>::memory_in_use() const {
    std::size_t bytes = 0;
    for (std::uint32_t i = 0; i != chunks(); ++i) {
        const Chunk& c = chunk_at(i);
        bytes += Chunk::bytes(c.capacity);
        if constexpr (may_own_bytes<V>) {
            for (std::size_t place = c.begin; place != c.end; ++place) {
                bytes += owned_bytes(c.value(place));
            }
        }
    }
    if (directory_) {
        bytes += sizeof(Directory) + directory_->slots.memory_in_use() +
                 (directory_->spare != nullptr ? Chunk::bytes(most) : 0);
    }
    return bytes;
}

/// Events of a log: `size` of them from `first` on.
template <class Log>
struct Range {
    typename Log::Position first{};
    std::size_t size = 0;
};

template <class V>
template <bool with_chunks, class Writer>
void EventLog<V>::save(Writer& out) const {
    out.write_count(size_);
    if constexpr (with_chunks) {
        out.write(directory_ != nullptr, first_number() & most_alignment);
        out.write_count(chunks());
        for (std::uint32_t i = 0; i != chunks(); ++i) {
            const Chunk& c = chunk_at(i);
            out.write(ChunkShape{c.base, c.begin, c.end, c.capacity});
        }
    }
    if (empty()) {
        return;
    }
    const bool narrow = reaches(front_time(), back_time());
    out.write(front_time(), narrow);
    std::byte* to = out.extend(size_ * (narrow ? 4 : 8));
    for_each([&, first = front_time()](Timestamp t, const V& /*value*/) {
        to = narrow ? Writer::encode(to, static_cast<Offset>(since(first, t))) : Writer::encode(to, since(first, t));
    });
    if constexpr (!valueless) {
        for (std::uint32_t i = 0; i != chunks(); ++i) {
            out.write_all(&chunk_at(i).value(chunk_at(i).begin), chunk_at(i).size());
        }
    }
}

// At the end of those that there are.
template <class V>
auto EventLog<V>::load_chunk(const ChunkShape& shape, bool in_directory, std::uint32_t number) -> Chunk& {
    Chunk* const chunk = Chunk::create(shape.base, shape.capacity, from_);
    chunk->begin = chunk->end = shape.begin;
    back_ = chunk;
    front_ = front_ == nullptr ? chunk : front_;
    if (in_directory) {
        if (!directory_) {
            make_directory();
            directory_->first = number;
        }
        directory_->slots.push_back(Slot{shape.base, chunk});
    }
    return *chunk;
}

template <class V>
template <bool with_chunks, class Reader>
void EventLog<V>::load(Reader& in, Timestamp after, Timestamp until) {
    clear();
    const std::size_t count = in.template read_count<Offset, V>();
    bool in_directory = false;
    std::uint32_t number = 0;
    std::vector<ChunkShape> shapes;
    if constexpr (with_chunks) {
        in.read(in_directory, number, shapes);
        std::size_t sum = 0;
        for (const ChunkShape& shape : shapes) {
            in.require(shape.begin <= shape.end && shape.end <= shape.capacity && shape.capacity != 0 &&
                           shape.capacity <= most && (shape.begin != shape.end || count == 0),
                       "chunks with events");
            sum += shape.end - std::size_t{shape.begin};
        }
        in.require(sum == count && number <= most_alignment &&
                       (in_directory ? count != 0 : shapes.size() == 1 || (shapes.empty() && count == 0)),
                   "chunks of all events");
    }
    if (count == 0) {
        if (!shapes.empty()) {
            load_chunk(shapes.front(), false, 0);
        }
        return;
    }
    const auto first = in.template read<Timestamp>();
    const bool narrow = in.template read<bool>();
    const std::size_t width = narrow ? 4 : 8;
    in.require(count <= in.remaining() / width && first > after, "events inside the window");
    const std::byte* offsets = in.take(count * width);
    Timestamp before = first;
    const auto next_time = [&] {
        std::uint64_t offset = 0;
        if (narrow) {
            Offset low = 0;
            in.decode(offsets, low);
            offset = low;
        } else {
            in.decode(offsets, offset);
        }
        const auto ms = static_cast<std::uint64_t>(first.time_since_epoch().count()) + offset;
        const Timestamp t{Duration{static_cast<std::int64_t>(ms)}};
        in.require(t >= before && (size_ != 0 || offset == 0), "events in order of time");
        return before = t;
    };
    if constexpr (with_chunks) {
        for (const ChunkShape& shape : shapes) {
            in.require(size_ == 0 || before <= shape.base, "chunks in order of time");
            Chunk& chunk = load_chunk(shape, in_directory, number);
            for (std::size_t left = shape.end - std::size_t{shape.begin}; left != 0; --left) {
                const Timestamp t = next_time();
                in.require(chunk.reaches(t), "events that their chunk reaches");
                V value = in.template read<V>();
                chunk.emplace_back(t, move_in(from_, value));
                ++size_;
            }
        }
    } else {
        front_ = back_ = Chunk::create(first, std::clamp(count, few, most), from_);
        for (std::size_t left = count; left != 0; --left) {
            const Timestamp t = next_time();
            append(t, in.template read<V>(), [](auto) {});
        }
    }
    in.require(before <= until, "events inside the window");
}

}  // namespace weir::detail
