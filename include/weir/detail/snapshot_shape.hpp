// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a type is to a snapshot: how it is kept, in how many bytes at least, and its name in words that are the same on
// every machine and with every compiler.

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

class SnapshotWriter;
class SnapshotReader;

namespace detail {

template <class... Ms>
struct TypeList {};
template <class M>
struct MemberType;
template <class M, class C>
struct MemberType<M C::*> {
    using type = M;
};
struct ListMembers {
    template <class... Ms>
    constexpr auto operator()(Ms... /*members*/) const {
        return TypeList<typename MemberType<Ms>::type...>{};
    }
};

template <class T>
concept HasSaveAndLoad = requires(const T& x, T& y, SnapshotWriter& out, SnapshotReader& in) {
    x.save(out);
    y.load(in);
};
template <class T>
concept FreeSaveAndLoad = requires(const T& x, T& y, SnapshotWriter& out, SnapshotReader& in) {
    save(out, x);
    load(in, y);
};
template <class T>
concept ListsMembers = requires {
    T::snapshot_members(ListMembers{});
};
template <class T>
concept HasSnapshotName = requires {
    { T::snapshot_name } -> std::convertible_to<const char*>;
};

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

template <class T>
inline constexpr bool is_wide = std::same_as<T, Int128> || std::same_as<T, Uint128>;
// Only of such an enumeration is every number a value.
template <class T>
inline constexpr bool is_fixed_enum = false;
template <class T>
requires std::is_enum_v<T>
inline constexpr bool is_fixed_enum<T> = requires { T{std::underlying_type_t<T>{}}; };

template <class T>
inline constexpr bool is_number =
    std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, long double> && !std::same_as<T, wchar_t>;

/// How a type is kept: `least` bytes or more, and exactly so many where it is `fixed`.
struct Shape {
    bool known = true;
    bool fixed = false;
    std::size_t least = 0;
};

template <class T>
struct ShapeOf;
template <class T>
inline constexpr Shape shape_of = ShapeOf<T>::value;

template <class... Ts>
struct ShapeOfAll {
    static constexpr Shape value{(shape_of<Ts>.known && ...), (shape_of<Ts>.fixed && ...),
                                 (std::size_t{0} + ... + shape_of<Ts>.least)};
};
template <class... Ts>
struct ShapeOfAll<TypeList<Ts...>> : ShapeOfAll<Ts...> {};

template <class T>
struct ShapeOf {
    static constexpr Shape shape() {
        if constexpr (requires { typename T::snapshot_keeps; }) {
            return {shape_of<typename T::snapshot_keeps>.known};
        } else if constexpr (HasSaveAndLoad<T> || FreeSaveAndLoad<T>) {
            return {};
        } else if constexpr (ListsMembers<T>) {
            return ShapeOfAll<decltype(T::snapshot_members(ListMembers{}))>::value;
        } else if constexpr (std::same_as<T, bool>) {
            return {true, true, 1};
        } else if constexpr (is_number<T> || is_fixed_enum<T>) {
            return {true, true, sizeof(T)};
        } else if constexpr (is_wide<T>) {
            return {true, true, 16};
        } else if constexpr (std::same_as<T, long double>) {
            return {true, true, 13};
        } else if constexpr (std::is_empty_v<T> && std::default_initializable<T>) {
            return {true, true, 0};
        } else {
            return {false, false, 0};
        }
    }
    static constexpr Shape value = shape();
};
template <class Rep, class Period>
struct ShapeOf<std::chrono::duration<Rep, Period>> : ShapeOf<Rep> {};
template <class Clock, class D>
struct ShapeOf<std::chrono::time_point<Clock, D>> : ShapeOf<D> {};
template <class A, class B>
struct ShapeOf<std::pair<A, B>> : ShapeOfAll<A, B> {};
template <class... Ts>
struct ShapeOf<std::tuple<Ts...>> : ShapeOfAll<Ts...> {};
template <class T, std::size_t N>
struct ShapeOf<std::array<T, N>> {
    static constexpr Shape value{shape_of<T>.known, shape_of<T>.fixed, N* shape_of<T>.least};
};
template <class Allocator>
struct ShapeOf<std::basic_string<char, std::char_traits<char>, Allocator>> {
    static constexpr Shape value{true, false, 4};
};
template <class T>
struct ShapeOf<std::optional<T>> {
    static constexpr Shape value{shape_of<T>.known, false, 1};
};
template <class T, class Allocator>
struct ShapeOf<std::vector<T, Allocator>> {
    static constexpr Shape value{shape_of<T>.known, false, 8};
};

// ---- names

template <class T>
struct NameOf;

template <class T>
void append_name(std::string& out) {
    NameOf<T>::append(out);
}

template <class... Ts>
void append_names(std::string& out, char open, char close) {
    out += open;
    const auto one = [&]<class T>(std::type_identity<T>) {
        const std::size_t before = out.size();
        append_name<T>(out);
        out += out.size() != before ? "," : "";
    };
    (one(std::type_identity<Ts>{}), ...);
    if (out.back() == ',') {
        out.back() = close;
    } else {
        out.pop_back();  // nothing inside has a name
    }
}

// The arguments of a template, where all are types.
template <class T>
struct Arguments {
    static void append(std::string& /*out*/) {}
};
template <template <class...> class C, class... As>
struct Arguments<C<As...>> {
    static void append(std::string& out) { append_names<As...>(out, '<', '>'); }
};
template <class List>
struct Members;
template <class... Ms>
struct Members<TypeList<Ms...>> {
    static void append(std::string& out) { append_names<Ms...>(out, '{', '}'); }
};

// A lambda, say, has none.
template <class T>
struct NameOf {
    static void append(std::string& out) {
        if constexpr (HasSnapshotName<T>) {
            out += T::snapshot_name;
            Arguments<T>::append(out);
        } else if constexpr (ListsMembers<T>) {
            Members<decltype(T::snapshot_members(ListMembers{}))>::append(out);
        } else if constexpr (std::same_as<T, bool>) {
            out += "bool";
        } else if constexpr (std::is_enum_v<T>) {
            out += "enum ";
            append_name<std::underlying_type_t<T>>(out);
        } else if constexpr (std::is_arithmetic_v<T> || is_wide<T>) {
            out += std::floating_point<T> ? "f" : T(-1) < T(0) ? "i" : "u";
            out += std::same_as<T, long double> ? "80" : std::to_string(8 * sizeof(T));
        }
    }
};
template <class Rep, class Period>
struct NameOf<std::chrono::duration<Rep, Period>> {
    static void append(std::string& out) {
        append_name<Rep>(out);
        out += '*';
        append_name<typename Period::type>(out);
        out += 's';
    }
};
template <std::intmax_t N, std::intmax_t D>
struct NameOf<std::ratio<N, D>> {
    static void append(std::string& out) { out += std::to_string(N) + '/' + std::to_string(D); }
};
template <class Clock, class D>
struct NameOf<std::chrono::time_point<Clock, D>> {
    static void append(std::string& out) {
        out += "time ";
        append_name<D>(out);
    }
};
template <class A, class B>
struct NameOf<std::pair<A, B>> {
    static void append(std::string& out) { append_names<A, B>(out, '(', ')'); }
};
template <class... Ts>
struct NameOf<std::tuple<Ts...>> {
    static void append(std::string& out) { append_names<Ts...>(out, '(', ')'); }
};
template <class T, std::size_t N>
struct NameOf<std::array<T, N>> {
    static void append(std::string& out) {
        append_name<T>(out);
        out += '[' + std::to_string(N) + ']';
    }
};
template <class Allocator>
struct NameOf<std::basic_string<char, std::char_traits<char>, Allocator>> {
    static void append(std::string& out) { out += "text"; }
};
template <class T>
struct NameOf<std::optional<T>> {
    static void append(std::string& out) {
        append_name<T>(out);
        out += '?';
    }
};
template <class T, class Allocator>
struct NameOf<std::vector<T, Allocator>> {
    static void append(std::string& out) {
        append_name<T>(out);
        out += "[]";
    }
};

template <class T>
[[nodiscard]] std::string snapshot_name_of() {
    std::string name;
    append_name<T>(name);
    return name;
}

}  // namespace detail

}  // namespace weir
