// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Top<T>: the most frequent value; of equally frequent ones the one seen last in event time, and of those seen at
// one time the one that came last. Nothing when empty. Inputs may come late, in any order. Removable (oldest first,
// as windows do) and Mergeable.
//
// add and remove O(1) expected up to 32 distinct values, O(log d) beyond; result O(d) up to 32, O(1) beyond; merge
// O(d). 48 bytes, no heap when empty; else sizeof(T) + 24 per distinct value, 11 to 22 more beyond 16 values, 4 to 8
// more beyond 32, and spare room for as many again (three times after shrinking). T needs == and std::hash or
// boost::hash; all NaNs are one value.
//
//     weir::Top<std::string> brand;
//     brand.add(t, "acme");
//     brand.result();   // "acme"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <utility>

#include <weir/detail/box.hpp>
#include <weir/detail/dense_map.hpp>
#include <weir/detail/winner_tree.hpp>
#include <weir/time.hpp>

namespace weir {

template <class T>
class Top {
public:
    using value_type = T;
    using allocator_type = std::pmr::polymorphic_allocator<>;

    Top() = default;
    explicit Top(const allocator_type& memory) : standings_{memory} {}
    Top(const Top& other, const allocator_type& memory)
        : standings_{other.standings_, memory}, arrivals_{other.arrivals_}, tree_{other.tree_, memory} {}
    Top(Top&& other, const allocator_type& memory)
        : standings_{std::move(other.standings_), memory},
          arrivals_{other.arrivals_},
          tree_{std::move(other.tree_), memory} {}
    Top(const Top&) = default;
    Top(Top&&) noexcept = default;
    Top& operator=(const Top& other) { return *this = Top{other, standings_.get_allocator()}; }
    Top& operator=(Top&& other) noexcept(false) {
        tree_ = {std::move(other.tree_), standings_.get_allocator()};
        standings_ = std::move(other.standings_);
        arrivals_ = other.arrivals_;
        return *this;
    }
    ~Top() = default;

    void add(Timestamp t, detail::view_of_t<T> x) { include(x, Standing{1, t, arrivals_++}); }

    // Requires: an equal input was added and not removed, and no older equal input is left.
    void remove(Timestamp /*t*/, detail::view_of_t<T> x) {
        const std::uint32_t i = standings_.find(x);
        assert(i != standings_.none);
        if (--standings_.mapped(i).count != 0) {
            changed(i);
            return;
        }
        standings_.erase(i);
        const auto last = static_cast<std::uint32_t>(standings_.size());  // has taken i's place
        if (tree_ && (standings_.size() <= few / 2 || standings_.size() * 4 <= tree_->capacity())) {
            tree_.reset();
            plant();
        } else if (tree_) {
            changed(last);
            if (i != last) {
                changed(i);
            }
        }
        if (standings_.empty()) {
            arrivals_ = 0;
        }
    }

    void merge(const Top& later) {
        const std::uint64_t before = arrivals_;
        arrivals_ += later.arrivals_;
        for (const auto& [value, standing] : later.standings_) {
            include(value, Standing{standing.count, standing.last, before + standing.arrival});
        }
    }

    [[nodiscard]] std::optional<T> result() const {
        const std::uint32_t i = best();
        return i == standings_.none ? std::nullopt : std::optional<T>{standings_[i].key};
    }

    /// How often the result occurs; 0 when empty.
    [[nodiscard]] std::uint64_t count() const {
        const std::uint32_t i = best();
        return i == standings_.none ? 0 : standings_[i].mapped.count;
    }

    [[nodiscard]] std::size_t memory_in_use() const { return standings_.memory_in_use() + tree_.memory_in_use(); }

    static constexpr const char* snapshot_name = "Top";
    using snapshot_keeps = T;
    template <class Writer>
    void save(Writer& out) const {
        out.write(standings_, arrivals_);
    }
    template <class Reader>
    void load(Reader& in) {
        tree_.reset();
        in.read(standings_, arrivals_);
        for (const auto& entry : standings_) {
            in.require(entry.mapped.count != 0, "values that occur");
        }
        plant();
    }

private:
    struct Standing {
        std::uint64_t count;
        Timestamp last;
        std::uint64_t arrival;  // of the input that was at `last`

        template <class All>
        static constexpr auto snapshot_members(All all) {
            return all(&Standing::count, &Standing::last, &Standing::arrival);
        }
    };

    static constexpr std::size_t few = 32;  // up to here looking at all is cheaper than a tree's upkeep

    [[nodiscard]] auto better() const {
        return [this](std::uint32_t a, std::uint32_t b) {
            const Standing& x = standings_[a].mapped;
            const Standing& y = standings_[b].mapped;
            if (x.count != y.count) {
                return x.count > y.count;
            }
            return x.last != y.last ? x.last > y.last : x.arrival > y.arrival;
        };
    }

    void include(detail::view_of_t<T> x, const Standing& more) {
        const auto [i, fresh] = standings_.try_emplace(x, more);
        if (!fresh) {
            Standing& standing = standings_.mapped(i);
            standing.count += more.count;
            if (more.last >= standing.last) {
                standing.last = more.last;
                standing.arrival = more.arrival;
            }
        }
        if (tree_ && standings_.size() <= tree_->capacity()) {
            changed(i);
        } else {
            plant();
        }
    }

    void changed(std::uint32_t i) {
        if (tree_) {
            tree_->update(i, standings_.size(), better());
        }
    }

    void plant() {
        if (standings_.size() > few) {
            tree_.emplace(standings_.get_allocator(), standings_.size(), better());
        }
    }

    [[nodiscard]] std::uint32_t best() const {
        if (tree_) {
            return tree_->best();
        }
        std::uint32_t best = standings_.empty() ? standings_.none : 0;
        for (std::uint32_t i = 1; i < standings_.size(); ++i) {
            best = better()(i, best) ? i : best;
        }
        return best;
    }

    detail::DenseMap<T, Standing> standings_;
    std::uint64_t arrivals_ = 0;
    detail::Box<detail::WinnerTree> tree_;
};

}  // namespace weir
