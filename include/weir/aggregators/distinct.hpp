// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Distinct<T>: the exact number of distinct inputs; 0 when empty. Removable and Mergeable.
//
// add and remove O(1) expected, merge O(distinct values of the other). 32 bytes, no heap when empty; else sizeof(T) + 8
// per distinct value, 11 to 22 more beyond 16 values, and spare room for as many again (three times after shrinking). T
// needs == and std::hash or boost::hash; all NaNs are one value. Distinct<std::string> takes a std::string_view without
// a temporary string.
//
//     weir::Distinct<std::string> products;
//     products.add("p1");
//     products.add("p1");
//     products.result();   // 1

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <utility>

#include <weir/detail/dense_map.hpp>

namespace weir {

template <class T>
class Distinct {
public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    Distinct() = default;
    explicit Distinct(const allocator_type& memory) : counts_{memory} {}
    Distinct(const Distinct& other, const allocator_type& memory) : counts_{other.counts_, memory} {}
    Distinct(Distinct&& other, const allocator_type& memory) : counts_{std::move(other.counts_), memory} {}

    void add(detail::view_of_t<T> x) { ++counts_.mapped(counts_.try_emplace(x, 0).first); }

    // Requires: an equal input was added and not removed.
    void remove(detail::view_of_t<T> x) {
        const std::uint32_t i = counts_.find(x);
        assert(i != counts_.none);
        if (--counts_.mapped(i) == 0) {
            counts_.erase(i);
        }
    }

    void merge(const Distinct& later) {
        for (const auto& entry : later.counts_) {
            counts_.mapped(counts_.try_emplace(entry.key, 0).first) += entry.mapped;
        }
    }

    [[nodiscard]] std::uint64_t result() const noexcept { return counts_.size(); }

    [[nodiscard]] std::size_t memory_in_use() const { return counts_.memory_in_use(); }

    /// Same values, equally often.
    bool operator==(const Distinct&) const = default;

    static constexpr const char* snapshot_name = "Distinct";
    using snapshot_keeps = T;
    template <class Writer>
    void save(Writer& out) const {
        out.write(counts_);
    }
    template <class Reader>
    void load(Reader& in) {
        in.read(counts_);
        for (const auto& entry : counts_) {
            in.require(entry.mapped != 0, "values that occur");
        }
    }

private:
    detail::DenseMap<T, std::uint64_t> counts_;
};

}  // namespace weir
