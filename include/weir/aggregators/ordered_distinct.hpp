// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// OrderedDistinct<T>: the distinct values in the order first seen in event time; of values first seen at one time the
// one that came first goes first. Empty when empty. Inputs may come late, in any order. Mergeable.
//
// add O(1) expected, merge O(d), result O(d log d) and a copy of each of the d values. 40 bytes, no heap when empty;
// else sizeof(T) + 16 per distinct value, 11 to 22 more beyond 16 values, and spare room for as many again. T needs ==
// and std::hash or boost::hash; all NaNs are one value.
//
//     weir::OrderedDistinct<std::string> devices;
//     devices.add(t + 1s, "Mobile");
//     devices.add(t, "Desktop");
//     devices.result();   // {"Desktop", "Mobile"}

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <numeric>
#include <utility>
#include <vector>

#include <weir/detail/dense_map.hpp>
#include <weir/time.hpp>

namespace weir {

template <class T>
class OrderedDistinct {
public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    OrderedDistinct() = default;
    explicit OrderedDistinct(const allocator_type& memory) : seen_{memory} {}
    OrderedDistinct(const OrderedDistinct& other, const allocator_type& memory)
        : seen_{other.seen_, memory}, arrivals_{other.arrivals_} {}
    OrderedDistinct(OrderedDistinct&& other, const allocator_type& memory)
        : seen_{std::move(other.seen_), memory}, arrivals_{other.arrivals_} {}

    void add(Timestamp t, detail::view_of_t<T> x) { include(x, Seen{t, arrivals_++}); }

    void merge(const OrderedDistinct& later) {
        const std::uint64_t before = arrivals_;
        arrivals_ += later.arrivals_;
        for (const auto& [value, seen] : later.seen_) {
            include(value, Seen{seen.time, before + seen.arrival});
        }
    }

    [[nodiscard]] std::vector<T> result() const {
        std::vector<std::uint32_t> order(seen_.size());
        std::iota(order.begin(), order.end(), 0U);
        std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
            const Seen& x = seen_[a].mapped;
            const Seen& y = seen_[b].mapped;
            return x.time != y.time ? x.time < y.time : x.arrival < y.arrival;
        });
        std::vector<T> values;
        values.reserve(order.size());
        for (const std::uint32_t i : order) {
            values.push_back(seen_[i].key);
        }
        return values;
    }

    /// How many values there are. O(1).
    [[nodiscard]] std::size_t size() const noexcept { return seen_.size(); }

    [[nodiscard]] std::size_t memory_in_use() const { return seen_.memory_in_use(); }

    static constexpr const char* snapshot_name = "OrderedDistinct";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&OrderedDistinct::seen_, &OrderedDistinct::arrivals_);
    }

private:
    struct Seen {
        Timestamp time;         // when first seen
        std::uint64_t arrival;  // of the input that was at `time`

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Seen::time, &Seen::arrival);
        }
    };

    void include(detail::view_of_t<T> x, const Seen& seen) {
        const auto [i, fresh] = seen_.try_emplace(x, seen);
        if (!fresh && seen.time < seen_[i].mapped.time) {
            seen_.mapped(i) = seen;
        }
    }

    detail::DenseMap<T, Seen> seen_;
    std::uint64_t arrivals_ = 0;
};

}  // namespace weir
