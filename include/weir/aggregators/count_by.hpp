// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// CountBy<T>: how often each value occurs. Removable and Mergeable; its result is itself, a range of (value, count)
// in no particular order.
//
// add, remove and count_of O(1) expected; merge O(distinct values of the other). 40 bytes, no heap when empty; else
// sizeof(T) + 8 per distinct value, 11 to 22 more beyond 16 values, and spare room for as many again (three times after
// shrinking). T needs == and std::hash or boost::hash; all NaNs are one value. CountBy<std::string> takes a
// std::string_view without a temporary string.
//
//     weir::CountBy<std::string> views;
//     views.add("p1");
//     for (const auto& [product, count] : views.result().sorted()) { ... }

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory_resource>
#include <utility>
#include <vector>

#include <weir/detail/dense_map.hpp>

namespace weir {

template <class T>
class CountBy {
    using Counts = detail::DenseMap<T, std::uint64_t>;

public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    CountBy() = default;
    explicit CountBy(const allocator_type& memory) : counts_{memory} {}
    CountBy(const CountBy& other, const allocator_type& memory)
        : counts_{other.counts_, memory}, total_{other.total_} {}
    CountBy(CountBy&& other, const allocator_type& memory)
        : counts_{std::move(other.counts_), memory}, total_{other.total_} {}

    /// What the range holds.
    struct Item {
        const T& value;
        std::uint64_t count;
    };

    /// Goes over the (value, count) pairs; invalid after any change.
    class const_iterator {
    public:
        using value_type = Item;
        using reference = Item;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        const_iterator() = default;
        [[nodiscard]] Item operator*() const { return Item{at_->key, at_->mapped}; }
        const_iterator& operator++() {
            ++at_;
            return *this;
        }
        const_iterator operator++(int) { return const_iterator{at_++}; }
        bool operator==(const const_iterator&) const = default;

    private:
        friend class CountBy;
        using Base = decltype(std::declval<const Counts&>().begin());
        explicit const_iterator(Base at) : at_{at} {}
        Base at_{};
    };

    void add(detail::view_of_t<T> x) {
        ++counts_.mapped(counts_.try_emplace(x, 0).first);
        ++total_;
    }

    // Requires: an equal input was added and not removed.
    void remove(detail::view_of_t<T> x) {
        const std::uint32_t i = counts_.find(x);
        assert(i != counts_.none);
        --total_;
        if (--counts_.mapped(i) == 0) {
            counts_.erase(i);
        }
    }

    void merge(const CountBy& later) {
        for (const auto& entry : later.counts_) {
            counts_.mapped(counts_.try_emplace(entry.key, 0).first) += entry.mapped;
        }
        total_ += later.total_;
    }

    [[nodiscard]] const CountBy& result() const noexcept { return *this; }

    [[nodiscard]] const_iterator begin() const { return const_iterator{counts_.begin()}; }
    [[nodiscard]] const_iterator end() const { return const_iterator{counts_.end()}; }

    /// How many different values there are. O(1).
    [[nodiscard]] std::uint64_t distinct() const noexcept { return counts_.size(); }
    [[nodiscard]] bool empty() const noexcept { return counts_.empty(); }

    /// How many inputs there are. O(1).
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

    /// How often this value occurs; 0 where it does not. O(1) expected.
    [[nodiscard]] std::uint64_t count_of(detail::view_of_t<T> x) const {
        const std::uint32_t i = counts_.find(x);
        return i == counts_.none ? 0 : counts_[i].mapped;
    }

    /// All pairs by ascending value. O(d log d) for d distinct values, each of which is copied.
    [[nodiscard]] std::vector<std::pair<T, std::uint64_t>> sorted() const {
        std::vector<std::pair<T, std::uint64_t>> all;
        all.reserve(counts_.size());
        for (const auto& entry : counts_) {
            all.emplace_back(entry.key, entry.mapped);
        }
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        return all;
    }

    [[nodiscard]] allocator_type get_allocator() const noexcept { return counts_.get_allocator(); }
    [[nodiscard]] std::size_t memory_in_use() const { return counts_.memory_in_use(); }

    /// Same values, equally often.
    bool operator==(const CountBy&) const = default;

    static constexpr const char* snapshot_name = "CountBy";
    using snapshot_keeps = T;
    template <class Writer>
    void save(Writer& out) const {
        out.write(counts_);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(counts_);
        total_ = 0;
        for (const auto& entry : counts_) {
            in.require(entry.mapped != 0, "values that occur");
            total_ += entry.mapped;
        }
    }

private:
    Counts counts_;
    std::uint64_t total_ = 0;
};

}  // namespace weir
