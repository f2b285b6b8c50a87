// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Min<T>, Max<T>, MinMax<T>: the least and the greatest input by <; nothing when empty. Every operation O(1) beside
// copying a T. Mergeable, not Removable: what leaves says nothing about the next one. A window keeps those inputs that
// may yet be the result, in a monotonic queue.
//
// NaN is passed over, as if it had never been added. Of inputs that are neither less nor greater (0.0 and -0.0) any
// one may be the result.
//
//     weir::MinMax<double> price;
//     price.add(3);
//     price.add(1);
//     price.result()->min;   // 1.0

#include <concepts>
#include <optional>
#include <tuple>

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

template <class T>
[[nodiscard]] constexpr bool is_ordered(const T& x) {
    if constexpr (std::floating_point<T>) {
        return x == x;
    } else {
        return true;
    }
}

// How the least, or the greatest, is chosen; a window keeps those inputs alone that may yet be.
struct Least {
    template <class T>
    static constexpr bool counts(const T& x) {
        return is_ordered(x);
    }
    template <class T>
    static constexpr bool better(const T& x, const T& than) {
        return x < than;
    }
};
struct Greatest {
    template <class T>
    static constexpr bool counts(const T& x) {
        return is_ordered(x);
    }
    template <class T>
    static constexpr bool better(const T& x, const T& than) {
        return than < x;
    }
};

template <class T, class S>
class Best {
public:
    using value_type = T;
    using selections = std::tuple<S>;

    constexpr void add(const T& x) {
        if (S::counts(x) && (!best_ || S::better(x, *best_))) {
            best_ = x;
        }
    }
    constexpr void merge(const Best& later) {
        if (later.best_) {
            add(*later.best_);
        }
    }
    [[nodiscard]] constexpr std::optional<T> result() const { return best_; }
    constexpr bool operator==(const Best&) const = default;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Best::best_);
    }

private:
    std::optional<T> best_;
};

}  // namespace detail

template <class T>
class Min : public detail::Best<T, detail::Least> {
public:
    static constexpr const char* snapshot_name = "Min";
};

template <class T>
class Max : public detail::Best<T, detail::Greatest> {
public:
    static constexpr const char* snapshot_name = "Max";
};

template <class T>
class MinMax {
public:
    using value_type = T;
    using selections = std::tuple<detail::Least, detail::Greatest>;

    constexpr void add(const T& x) {
        if (!detail::is_ordered(x)) {
            return;
        }
        if (!bounds_) {
            bounds_ = Bounds<T>{x, x};
        } else if (x < bounds_->min) {
            bounds_->min = x;
        } else if (bounds_->max < x) {
            bounds_->max = x;
        }
    }
    constexpr void merge(const MinMax& later) {
        if (later.bounds_) {
            add(later.bounds_->min);
            add(later.bounds_->max);
        }
    }
    [[nodiscard]] constexpr std::optional<Bounds<T>> result() const { return bounds_; }
    constexpr bool operator==(const MinMax&) const = default;

    static constexpr const char* snapshot_name = "MinMax";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&MinMax::bounds_);
    }

private:
    std::optional<Bounds<T>> bounds_;
};

}  // namespace weir
