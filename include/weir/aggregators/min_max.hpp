// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Min<T>, Max<T>, MinMax<T>: the least and the greatest input by <; nothing when empty. Every operation O(1) beside
// copying a T. Mergeable, not Removable: what leaves says nothing about the next one.
//
// NaN is passed over, as if it had never been added. Of inputs that are neither less nor greater (0.0 and -0.0) any
// one may be the result.
//
//     weir::MinMax<double> price;
//     price.add(3);
//     price.add(1);
//     price.result()->min;   // 1.0

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include <weir/detail/maybe.hpp>
#include <weir/detail/memory.hpp>

namespace weir {

/// What MinMax found.
template <class T>
struct Bounds {
    T min;
    T max;
    bool operator==(const Bounds&) const = default;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Bounds::min, &Bounds::max);
    }
};

namespace detail {

struct Less {
    template <class T>
    constexpr bool operator()(const T& a, const T& b) const {
        return a < b;
    }
};
struct Greater {
    template <class T>
    constexpr bool operator()(const T& a, const T& b) const {
        return b < a;
    }
};

/// In a snapshot a Best is its result.
template <class Best>
struct SavedAsResult {
    constexpr bool operator==(const SavedAsResult&) const = default;

    template <class Writer>
    void save(Writer& out) const {
        out.write(static_cast<const Best&>(*this).result());
    }
    template <class Reader>
    void load(Reader& in) {
        auto& best = static_cast<Best&>(*this);
        best = Best{};
        if (in.template read<bool>()) {
            best.add(in.template read<typename Best::value_type>());
        }
    }
};

/// The input that is `Better` than all others.
template <class T, class Better>
class Best : public SavedAsResult<Best<T, Better>>, public MemoryOf<Best<T, Better>, T> {
public:
    using value_type = T;

    Best() = default;
    explicit Best(const Memory& memory) requires TakesMemory<T> : best_{memory} {}
    Best(const Best& other, const Memory& memory) requires TakesMemory<T> : best_{other.best_, memory} {}
    Best(Best&& other, const Memory& memory) requires TakesMemory<T> : best_{std::move(other.best_), memory} {}

    constexpr void add(const T& x) {
        if (!best_ || Better{}(x, *best_)) {
            best_ = x;
        }
    }
    constexpr void merge(const Best& later) {
        if (later.best_) {
            add(*later.best_);
        }
    }
    [[nodiscard]] constexpr std::optional<T> result() const { return best_; }
    [[nodiscard]] std::size_t memory_in_use() const requires may_own_bytes<T> {
        return best_ ? owned_bytes(*best_) : 0;
    }
    constexpr bool operator==(const Best&) const = default;

private:
    Maybe<T> best_;
};

/// Adding takes no branch: before the first input there is one that none is worse than.
template <std::integral T, class Better>
class Best<T, Better> : public SavedAsResult<Best<T, Better>> {
    static constexpr T least = std::numeric_limits<T>::min();
    static constexpr T most = std::numeric_limits<T>::max();

public:
    using value_type = T;

    constexpr void add(T x) noexcept {
        best_ = Better{}(best_, x) ? best_ : x;
        any_ = true;
    }
    constexpr void merge(const Best& later) noexcept {
        best_ = Better{}(best_, later.best_) ? best_ : later.best_;
        any_ = any_ || later.any_;
    }
    [[nodiscard]] constexpr std::optional<T> result() const noexcept {
        return any_ ? std::optional{best_} : std::nullopt;
    }
    constexpr bool operator==(const Best&) const noexcept = default;

private:
    T best_ = Better{}(least, most) ? most : least;
    bool any_ = false;
};

/// None is NaN here, so that adding takes no branch.
template <std::floating_point T, class Better>
class Best<T, Better> : public SavedAsResult<Best<T, Better>> {
public:
    using value_type = T;

    constexpr void add(T x) noexcept {
        const T y = x == x ? x : best_;
        best_ = Better{}(best_, y) ? best_ : y;
    }
    constexpr void merge(const Best& later) noexcept {
        const T x = best_;  // rather than later's: in a row of merges later's is what is waited for
        best_ = later.best_;
        add(x);
    }
    [[nodiscard]] constexpr std::optional<T> result() const noexcept {
        return best_ == best_ ? std::optional{best_} : std::nullopt;
    }
    constexpr bool operator==(const Best& other) const noexcept { return result() == other.result(); }

private:
    T best_ = std::numeric_limits<T>::quiet_NaN();
};

}  // namespace detail

template <class T>
class Min : public detail::Best<T, detail::Less> {
public:
    using detail::Best<T, detail::Less>::Best;

    static constexpr const char* snapshot_name = "Min";
};

template <class T>
class Max : public detail::Best<T, detail::Greater> {
public:
    using detail::Best<T, detail::Greater>::Best;

    static constexpr const char* snapshot_name = "Max";
};

template <class T>
class MinMax : public detail::MemoryOf<MinMax<T>, T> {
public:
    using value_type = T;

    MinMax() = default;
    explicit MinMax(const detail::Memory& memory) requires detail::TakesMemory<T> : min_{memory}, max_{memory} {}
    MinMax(const MinMax& other, const detail::Memory& memory) requires detail::TakesMemory<T>
        : min_{other.min_, memory}, max_{other.max_, memory} {}
    MinMax(MinMax&& other, const detail::Memory& memory) requires detail::TakesMemory<T>
        : min_{std::move(other.min_), memory}, max_{std::move(other.max_), memory} {}

    constexpr void add(const T& x) {
        min_.add(x);
        max_.add(x);
    }
    constexpr void merge(const MinMax& later) {
        min_.merge(later.min_);
        max_.merge(later.max_);
    }
    [[nodiscard]] constexpr std::optional<Bounds<T>> result() const {
        const auto min = min_.result();
        return min ? std::optional{Bounds<T>{*min, *max_.result()}} : std::nullopt;
    }
    [[nodiscard]] std::size_t memory_in_use() const requires detail::may_own_bytes<T> {
        return min_.memory_in_use() + max_.memory_in_use();
    }
    constexpr bool operator==(const MinMax&) const = default;

    static constexpr const char* snapshot_name = "MinMax";
    template <class Writer>
    void save(Writer& out) const {
        out.write(result());
    }
    template <class Reader>
    void load(Reader& in) {
        min_ = detail::Best<T, detail::Less>{};
        max_ = detail::Best<T, detail::Greater>{};
        if (in.template read<bool>()) {
            add(in.template read<T>());
            add(in.template read<T>());
        }
    }

private:
    detail::Best<T, detail::Less> min_;
    detail::Best<T, detail::Greater> max_;
};

}  // namespace weir
