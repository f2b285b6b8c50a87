// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SnapshotWriter and SnapshotReader: values as bytes and back, little-endian and of fixed widths on every machine.
//
// A type of yours can be part of a snapshot (a value, a record, a key, an aggregator) by listing its members:
//
//     struct Trade {
//         double price = 0;
//         std::string venue;
//         template <class All>
//         static constexpr auto snapshot_members(All all) { return all(&Trade::price, &Trade::venue); }
//     };
//
// or by members `void save(weir::SnapshotWriter& out) const` and `void load(weir::SnapshotReader& in)`, or by functions
// `save(out, x)` and `load(in, x)` in its namespace; those write at least a byte. Where it lists members, `bool
// snapshot_valid() const` is asked once they were read. `static constexpr const char* snapshot_name` says in the
// snapshot what the type is; change it when its members change their meaning. Numbers, enumerations with a fixed
// underlying type, durations, times, std::string, optional, pair, tuple, array and vector, and types without members
// need nothing.
//
// Reading checks that the bytes are there before it takes them and before memory is allocated for them.

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/detail/checksum.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/snapshot_shape.hpp>

namespace weir {

class Symbols;

/// Bytes that are no snapshot, or not one of this object.
class SnapshotError : public std::runtime_error {
public:
    SnapshotError(std::size_t offset, const std::string& wanted, const std::string& found)
        : std::runtime_error{"weir::restore: at byte " + std::to_string(offset) + ": wanted " + wanted + ", found " +
                             found},
          offset_{offset} {}

    /// Where in the bytes.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

private:
    std::size_t offset_;
};

/// Whether values of this type can be saved and loaded.
template <class T>
concept Snapshottable = detail::shape_of<T>
.known;

namespace detail {

template <class T>
constexpr void assert_snapshottable() {
    static_assert(Snapshottable<T>,
                  "a snapshot cannot tell what to keep of this type: list its members, `template <class All> static "
                  "constexpr auto snapshot_members(All all) { return all(&T::a, &T::b); }`, or write `void "
                  "save(weir::SnapshotWriter& out) const` and `void load(weir::SnapshotReader& in)`");
}

template <class T>
[[nodiscard]] std::string spelled(const T& x) {
    if constexpr (std::is_arithmetic_v<T>) {
        return std::to_string(x);
    } else if constexpr (requires { x.count(); }) {
        return std::to_string(x.count());
    } else {
        return "another";
    }
}

}  // namespace detail

/// Appends values to bytes. What is written by `write` is read by `read`, in the same order and of the same types.
class SnapshotWriter {
public:
    SnapshotWriter() = default;
    SnapshotWriter(SnapshotWriter&&) = default;
    SnapshotWriter& operator=(SnapshotWriter&&) = default;

    template <class... Ts>
    void write(const Ts&... xs) {
        (write_one(xs), ...);
    }
    /// Of a std::string, without making one. Throws std::length_error from 4 GiB on.
    void write_text(std::string_view text) {
        if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
            throw std::length_error("weir::SnapshotWriter: wanted a text below 4 GiB");
        }
        write(static_cast<std::uint32_t>(text.size()));
        append(text.data(), text.size());
    }
    /// How many follow.
    void write_count(std::size_t number) { write(std::uint64_t{number}); }
    /// Values side by side, without their number. Numbers are copied as they are.
    template <class T>
    void write_all(const T* xs, std::size_t number) {
        if constexpr (copied_as_is<T>) {
            append(xs, number * sizeof(T));
        } else if constexpr (detail::shape_of<T>.fixed) {
            std::byte* to = extend(number * detail::shape_of<T>.least);
            for (std::size_t i = 0; i != number; ++i) {
                to = encode(to, xs[i]);
            }
        } else {
            for (std::size_t i = 0; i != number; ++i) {
                write_one(xs[i]);
            }
        }
    }

    /// What was written since the beginning or the last clear().
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }
    [[nodiscard]] std::span<std::byte> bytes() noexcept { return {bytes_.get(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Keeps the storage.
    void clear() noexcept { size_ = 0; }
    [[nodiscard]] std::size_t memory_in_use() const noexcept { return capacity_; }

    /// Room for `number` bytes at the end, which are to be filled. Valid until more is written.
    [[nodiscard]] std::byte* extend(std::size_t number) {
        if (capacity_ - size_ < number) {
            grow(number);
        }
        std::byte* const at = bytes_.get() + size_;
        size_ += number;
        return at;
    }

    /// Writes a value of fixed size to `to` and gives where it ends.
    template <class T>
    [[nodiscard]] static std::byte* encode(std::byte* to, const T& x) {
        detail::assert_snapshottable<T>();
        if constexpr (detail::ListsMembers<T>) {
            T::snapshot_members([&](auto... members) { ((to = encode(to, x.*members)), ...); });
        } else if constexpr (std::same_as<T, bool>) {
            *to++ = std::byte{x};
        } else if constexpr (std::is_enum_v<T>) {
            to = encode(to, static_cast<std::underlying_type_t<T>>(x));
        } else if constexpr (detail::is_wide<T>) {
            to = encode(to, static_cast<std::uint64_t>(x));
            to = encode(to, static_cast<std::uint64_t>(static_cast<detail::Uint128>(x) >> 64));
        } else if constexpr (std::same_as<T, long double>) {
            to = encode_long(to, x);
        } else if constexpr (std::is_arithmetic_v<T>) {
            const auto raw = std::bit_cast<std::array<std::byte, sizeof(T)>>(x);
            if constexpr (std::endian::native == std::endian::little) {
                std::memcpy(to, raw.data(), sizeof(T));
            } else {
                std::reverse_copy(raw.begin(), raw.end(), to);
            }
            to += sizeof(T);
        }
        return to;
    }
    template <class Rep, class Period>
    [[nodiscard]] static std::byte* encode(std::byte* to, const std::chrono::duration<Rep, Period>& x) {
        return encode(to, x.count());
    }
    template <class Clock, class D>
    [[nodiscard]] static std::byte* encode(std::byte* to, const std::chrono::time_point<Clock, D>& x) {
        return encode(to, x.time_since_epoch());
    }
    template <class A, class B>
    [[nodiscard]] static std::byte* encode(std::byte* to, const std::pair<A, B>& x) {
        return encode(encode(to, x.first), x.second);
    }
    template <class... Ts>
    [[nodiscard]] static std::byte* encode(std::byte* to, const std::tuple<Ts...>& x) {
        std::apply([&](const Ts&... parts) { ((to = encode(to, parts)), ...); }, x);
        return to;
    }
    template <class T, std::size_t N>
    [[nodiscard]] static std::byte* encode(std::byte* to, const std::array<T, N>& x) {
        for (const T& part : x) {
            to = encode(to, part);
        }
        return to;
    }

private:
    template <class T>
    static constexpr bool copied_as_is = detail::is_number<T>&& std::endian::native == std::endian::little;

    void append(const void* from, std::size_t number) {
        std::byte* const to = extend(number);
        if (number != 0) {
            std::memcpy(to, from, number);
        }
    }
    void grow(std::size_t number) {
        const std::size_t wider = std::max(size_ + number, std::max<std::size_t>(256, capacity_ * 2));
        auto bytes = std::make_unique_for_overwrite<std::byte[]>(wider);
        if (size_ != 0) {
            std::memcpy(bytes.get(), bytes_.get(), size_);
        }
        bytes_ = std::move(bytes);
        capacity_ = wider;
    }

    // Sign and kind, exponent, mantissa.
    [[nodiscard]] static std::byte* encode_long(std::byte* to, long double x) {
        static_assert(std::numeric_limits<long double>::digits <= 64, "a long double of more than 64 digits");
        int exponent = 0;
        const std::uint8_t kind = std::isnan(x) ? 2 : std::isinf(x) ? 1 : 0;
        const long double fraction = kind == 0 ? std::frexp(std::abs(x), &exponent) : 0;
        to = encode(to, static_cast<std::uint8_t>(kind | (std::signbit(x) ? 4 : 0)));
        to = encode(to, static_cast<std::int32_t>(exponent - 64));
        return encode(to, static_cast<std::uint64_t>(std::ldexp(fraction, 64)));
    }

    template <class T>
    void write_one(const T& x) {
        detail::assert_snapshottable<T>();
        if constexpr (detail::HasSaveAndLoad<T>) {
            x.save(*this);
        } else if constexpr (detail::FreeSaveAndLoad<T>) {
            save(*this, x);
        } else if constexpr (detail::shape_of<T>.fixed) {
            static_cast<void>(encode(extend(detail::shape_of<T>.least), x));
        } else if constexpr (detail::ListsMembers<T>) {
            T::snapshot_members([&](auto... members) { (write_one(x.*members), ...); });
        } else {
            write_container(x);
        }
    }
    template <class Allocator>
    void write_container(const std::basic_string<char, std::char_traits<char>, Allocator>& x) {
        write_text(x);
    }
    template <class T>
    void write_container(const std::optional<T>& x) {
        write_one(x.has_value());
        if (x) {
            write_one(*x);
        }
    }
    template <class A, class B>
    void write_container(const std::pair<A, B>& x) {
        write(x.first, x.second);
    }
    template <class... Ts>
    void write_container(const std::tuple<Ts...>& x) {
        std::apply([&](const Ts&... parts) { write(parts...); }, x);
    }
    template <class T, std::size_t N>
    void write_container(const std::array<T, N>& x) {
        write_all(x.data(), N);
    }
    template <class T, class Allocator>
    void write_container(const std::vector<T, Allocator>& x) {
        write_count(x.size());
        if constexpr (std::same_as<T, bool>) {
            for (const bool bit : x) {
                write_one(bit);
            }
        } else {
            static_assert(!detail::shape_of<T>.fixed || detail::shape_of<T>.least != 0, "a vector of nothing");
            write_all(x.data(), x.size());
        }
    }

    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Reads what a SnapshotWriter wrote; throws SnapshotError where the bytes are not that.
class SnapshotReader {
public:
    /// `symbols`: where symbols belong to; `offset`: where the bytes begin in the whole, for messages.
    explicit SnapshotReader(std::span<const std::byte> bytes, Symbols* symbols = nullptr, std::size_t offset = 0)
        : first_{bytes.data()},
          at_{bytes.data()},
          end_{bytes.data() + bytes.size()},
          offset_{offset},
          symbols_{symbols} {}

    template <class... Ts>
    void read(Ts&... xs) {
        (read_one(xs), ...);
    }
    template <class T>
    [[nodiscard]] T read() {
        if constexpr (detail::TakesMemory<T>) {
            T x = detail::make_in<T>(memory_ != nullptr ? memory_ : std::pmr::get_default_resource());
            read_one(x);
            return x;
        } else {
            T x{};
            read_one(x);
            return x;
        }
    }
    /// Where what is read takes its memory from; null for the default.
    void take_memory_from(std::pmr::memory_resource* memory) noexcept { memory_ = memory; }
    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return memory_; }
    /// A text that lives as long as the bytes.
    [[nodiscard]] std::string_view read_text() {
        const std::size_t size = read<std::uint32_t>();
        const std::byte* const text = take(size);
        return {reinterpret_cast<const char*>(text), size};
    }
    /// How many follow of what is a Ts... each: refused where the bytes that are left cannot hold so many.
    template <class... Ts>
    [[nodiscard]] std::size_t read_count() {
        constexpr std::size_t each = (std::size_t{0} + ... + detail::shape_of<Ts>.least);
        const auto number = read<std::uint64_t>();
        if (number > remaining() / std::max<std::size_t>(1, each)) {
            refuse("no more than the bytes left can hold", std::to_string(number));
        }
        return static_cast<std::size_t>(number);
    }
    /// Reads what the object that is restored has already: a parameter.
    template <class T>
    void expect(std::string_view what, const T& wanted) {
        if (const T found = read<T>(); !(found == wanted)) {
            refuse(std::string{what} + " " + detail::spelled(wanted), detail::spelled(found));
        }
    }
    /// Refuses the bytes unless `holds`, which `wanted` says in words.
    void require(bool holds, std::string_view wanted) const {
        if (!holds) {
            refuse(std::string{wanted}, "something else");
        }
    }
    [[noreturn]] void refuse(const std::string& wanted, const std::string& found) const {
        throw SnapshotError{offset(), wanted, found};
    }

    [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    /// How far it is, in the whole.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_ + static_cast<std::size_t>(at_ - first_); }
    /// The table that symbols are read into. Refuses the bytes where there is none.
    [[nodiscard]] Symbols& symbols() const {
        if (symbols_ == nullptr) {
            refuse("a table of symbols to read into", "none");
        }
        return *symbols_;
    }

    /// Symbols from here on belong to this table.
    void intern_in(Symbols& symbols) noexcept { symbols_ = &symbols; }

    /// The next `number` bytes as they are.
    [[nodiscard]] const std::byte* take(std::size_t number) {
        if (number > remaining()) {
            refuse(std::to_string(number) + " bytes more", std::to_string(remaining()));
        }
        return std::exchange(at_, at_ + number);
    }

    /// Reads a value of fixed size from `from`, which is moved on behind it.
    template <class T>
    void decode(const std::byte*& from, T& x) {
        detail::assert_snapshottable<T>();
        if constexpr (detail::ListsMembers<T>) {
            T::snapshot_members([&](auto... members) { (decode(from, x.*members), ...); });
            check(x);
        } else if constexpr (std::same_as<T, bool>) {
            const auto byte = std::to_integer<unsigned>(*from++);
            if (byte > 1) {
                refuse("a bool, 0 or 1", std::to_string(byte));
            }
            x = byte != 0;
        } else if constexpr (std::is_enum_v<T>) {
            std::underlying_type_t<T> number{};
            decode(from, number);
            x = static_cast<T>(number);
        } else if constexpr (detail::is_wide<T>) {
            const std::uint64_t low = detail::little_endian<8>(from);
            const std::uint64_t high = detail::little_endian<8>(from + 8);
            x = static_cast<T>(detail::Uint128{high} << 64 | low);
            from += 16;
        } else if constexpr (std::same_as<T, long double>) {
            decode_long(from, x);
        } else if constexpr (std::is_arithmetic_v<T>) {
            std::array<std::byte, sizeof(T)> raw;
            std::memcpy(raw.data(), from, sizeof(T));
            if constexpr (std::endian::native != std::endian::little) {
                std::reverse(raw.begin(), raw.end());
            }
            x = std::bit_cast<T>(raw);
            from += sizeof(T);
        }
    }
    template <class Rep, class Period>
    void decode(const std::byte*& from, std::chrono::duration<Rep, Period>& x) {
        Rep number{};
        decode(from, number);
        x = std::chrono::duration<Rep, Period>{number};
    }
    template <class Clock, class D>
    void decode(const std::byte*& from, std::chrono::time_point<Clock, D>& x) {
        D since{};
        decode(from, since);
        x = std::chrono::time_point<Clock, D>{since};
    }
    template <class A, class B>
    void decode(const std::byte*& from, std::pair<A, B>& x) {
        decode(from, x.first);
        decode(from, x.second);
    }
    template <class... Ts>
    void decode(const std::byte*& from, std::tuple<Ts...>& x) {
        std::apply([&](Ts&... parts) { (decode(from, parts), ...); }, x);
    }
    template <class T, std::size_t N>
    void decode(const std::byte*& from, std::array<T, N>& x) {
        for (T& part : x) {
            decode(from, part);
        }
    }

private:
    template <class T>
    void check(const T& x) const {
        if constexpr (requires { x.snapshot_valid(); }) {
            require(x.snapshot_valid(), "a value of " + detail::snapshot_name_of<T>());
        }
    }

    void decode_long(const std::byte*& from, long double& x) {
        std::uint8_t kind = 0;
        std::int32_t exponent = 0;
        std::uint64_t mantissa = 0;
        decode(from, kind);
        decode(from, exponent);
        decode(from, mantissa);
        if ((kind & 3) == 3 || kind > 7) {
            refuse("a kind of number", std::to_string(kind));
        }
        using Limits = std::numeric_limits<long double>;
        x = (kind & 3) == 2   ? Limits::quiet_NaN()
            : (kind & 3) == 1 ? Limits::infinity()
                              : std::ldexp(static_cast<long double>(mantissa), exponent);
        x = std::copysign(x, (kind & 4) != 0 ? -1.0L : 1.0L);
    }

    template <class T>
    void read_one(T& x) {
        detail::assert_snapshottable<T>();
        if constexpr (detail::HasSaveAndLoad<T>) {
            x.load(*this);
        } else if constexpr (detail::FreeSaveAndLoad<T>) {
            load(*this, x);
        } else if constexpr (detail::shape_of<T>.fixed) {
            const std::byte* from = take(detail::shape_of<T>.least);
            decode(from, x);
        } else if constexpr (detail::ListsMembers<T>) {
            T::snapshot_members([&](auto... members) { (read_one(x.*members), ...); });
            check(x);
        } else {
            read_container(x);
        }
    }
    template <class Allocator>
    void read_container(std::basic_string<char, std::char_traits<char>, Allocator>& x) {
        x = read_text();
    }
    template <class T>
    void read_container(std::optional<T>& x) {
        x.reset();
        if (read<bool>()) {
            read_one(x.emplace());
        }
    }
    template <class A, class B>
    void read_container(std::pair<A, B>& x) {
        read(x.first, x.second);
    }
    template <class... Ts>
    void read_container(std::tuple<Ts...>& x) {
        std::apply([&](Ts&... parts) { read(parts...); }, x);
    }
    template <class T, std::size_t N>
    void read_container(std::array<T, N>& x) {
        for (T& part : x) {
            read_one(part);
        }
    }
    template <class T, class Allocator>
    void read_container(std::vector<T, Allocator>& x) {
        x.clear();
        const std::size_t number = read_count<T>();
        if constexpr (detail::shape_of<T>.fixed) {
            x.reserve(number);  // so many bytes are there
        }
        for (std::size_t i = 0; i != number; ++i) {
            x.push_back(read<T>());
        }
    }

    const std::byte* first_;
    const std::byte* at_;
    const std::byte* end_;
    std::size_t offset_;
    Symbols* symbols_;
    std::pmr::memory_resource* memory_ = nullptr;
};

}  // namespace weir
