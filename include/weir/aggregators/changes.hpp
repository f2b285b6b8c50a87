// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes<T>: how often the value differs from the one before it in event time; inputs of one time go by arrival. 0
// when empty. Inputs may come late, in any order, and the count stays exact. Mergeable.
//
// It has to keep where every input stands, since a late one may fall between any two: 16 bytes per input beside the
// distinct values. add O(1) in event-time order, O(inputs younger than it) for a late one; merge O(inputs of both), or
// of the other alone where that begins no earlier than this ends. 64 bytes when empty. T needs == and std::hash or
// boost::hash; all NaNs are one value.
//
//     weir::Changes<std::string> region;
//     region.add(t, "ENG");
//     region.add(t + 2s, "ENG");
//     region.add(t + 1s, "SCT");
//     region.result();   // 2

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <utility>
#include <vector>

#include <weir/aggregators/none.hpp>
#include <weir/detail/array.hpp>
#include <weir/detail/dense_map.hpp>
#include <weir/time.hpp>

namespace weir {

template <class T>
class Changes {
public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    Changes() = default;
    explicit Changes(const allocator_type& memory) : values_{memory}, points_{memory} {}
    Changes(const Changes& other, const allocator_type& memory)
        : values_{other.values_, memory}, points_{other.points_, memory}, changes_{other.changes_} {}
    Changes(Changes&& other, const allocator_type& memory)
        : values_{std::move(other.values_), memory},
          points_{std::move(other.points_), memory},
          changes_{other.changes_} {}

    void add(Timestamp t, detail::view_of_t<T> x) {
        const Point point{t, values_.try_emplace(x, None{}).first};
        if (points_.empty() || points_.back().time <= t) {
            append(point);
            return;
        }
        const auto next =
            std::upper_bound(points_.begin(), points_.end(), t, [](Timestamp a, const Point& b) { return a < b.time; });
        if (next == points_.begin()) {
            changes_ += next->value != point.value ? 1 : 0;
        } else {
            const std::uint32_t before = (next - 1)->value;
            changes_ += before != point.value ? 1 : 0;
            changes_ += point.value != next->value ? 1 : 0;
            changes_ -= before != next->value ? 1 : 0;
        }
        points_.insert(next, point);
    }

    void merge(const Changes& later) {
        detail::Array<Point> others{later.points_, points_.get_allocator()};
        for (Point& point : others) {
            point.value = values_.try_emplace(later.values_[point.value].key, None{}).first;
        }
        if (others.empty() || points_.empty() || points_.back().time <= others.front().time) {
            for (const Point& point : others) {
                append(point);
            }
            return;
        }
        detail::Array<Point> mine(points_.size() + others.size(), points_.get_allocator());
        mine.swap(points_);
        std::merge(mine.begin(), mine.end(), others.begin(), others.end(), points_.begin(),
                   [](const Point& a, const Point& b) { return a.time < b.time; });
        changes_ = 0;
        for (std::size_t i = 1; i < points_.size(); ++i) {
            changes_ += points_[i - 1].value != points_[i].value ? 1 : 0;
        }
    }

    [[nodiscard]] std::uint64_t result() const noexcept { return changes_; }

    [[nodiscard]] std::size_t memory_in_use() const { return values_.memory_in_use() + points_.memory_in_use(); }

    static constexpr const char* snapshot_name = "Changes";
    using snapshot_keeps = T;
    template <class Writer>
    void save(Writer& out) const {
        out.write(values_, points_);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(values_);
        const auto points = in.template read<std::vector<Point>>();
        points_.clear();
        changes_ = 0;
        for (const Point& point : points) {
            in.require(point.value < values_.size() && (points_.empty() || points_.back().time <= point.time),
                       "inputs in order of time");
            append(point);
        }
    }

private:
    struct Point {
        Timestamp time;
        std::uint32_t value;  // index in values_, from which nothing is ever erased

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Point::time, &Point::value);
        }
    };

    void append(Point point) {
        changes_ += !points_.empty() && points_.back().value != point.value ? 1 : 0;
        points_.push_back(point);
    }

    detail::DenseMap<T, None> values_;
    detail::Array<Point> points_;  // by time, then by arrival
    std::uint64_t changes_ = 0;
};

}  // namespace weir
