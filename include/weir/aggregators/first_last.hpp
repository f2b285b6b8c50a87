// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// First<T>, Last<T>: the input that is earliest, or latest, in event time; nothing when empty. Of inputs of one time
// First takes the one that came first and Last the one that came last. Inputs may come late, in any order. Every
// operation O(1) beside copying a T. Mergeable.
//
//     weir::Last<std::string> platform;
//     platform.add(t, "web");
//     platform.result();   // "web"

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include <weir/detail/maybe.hpp>
#include <weir/detail/memory.hpp>
#include <weir/detail/value.hpp>
#include <weir/time.hpp>

namespace weir {

namespace detail {

/// The input whose time `Replaces` that of all before it.
template <class T, class Replaces>
class ByTime : public MemoryOf<ByTime<T, Replaces>, T> {
public:
    using value_type = T;

    ByTime() = default;
    explicit ByTime(const Memory& memory) requires TakesMemory<T> : value_{memory} {}
    ByTime(const ByTime& other, const Memory& memory) requires TakesMemory<T>
        : value_{other.value_, memory}, time_{other.time_} {}
    ByTime(ByTime&& other, const Memory& memory) requires TakesMemory<T>
        : value_{std::move(other.value_), memory}, time_{other.time_} {}

    void add(Timestamp t, view_of_t<T> x) {
        if (!value_ || Replaces{}(t, time_)) {
            value_ = x;
            time_ = t;
        }
    }
    void merge(const ByTime& later) {
        if (later.value_) {
            add(later.time_, *later.value_);
        }
    }
    [[nodiscard]] std::optional<T> result() const { return value_; }

    /// When it was.
    [[nodiscard]] std::optional<Timestamp> time() const {
        return value_ ? std::optional<Timestamp>{time_} : std::nullopt;
    }
    [[nodiscard]] std::size_t memory_in_use() const { return value_ ? owned_bytes(*value_) : 0; }
    bool operator==(const ByTime&) const = default;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&ByTime::value_, &ByTime::time_);
    }

private:
    Maybe<T> value_;
    Timestamp time_{};
};

}  // namespace detail

template <class T>
class First : public detail::ByTime<T, std::less<>> {
public:
    using detail::ByTime<T, std::less<>>::ByTime;

    static constexpr const char* snapshot_name = "First";
};

template <class T>
class Last : public detail::ByTime<T, std::greater_equal<>> {
public:
    using detail::ByTime<T, std::greater_equal<>>::ByTime;

    static constexpr const char* snapshot_name = "Last";
};

}  // namespace weir
