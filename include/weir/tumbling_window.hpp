// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// TumblingWindow: windows of one size, one after the other: a HoppingWindow whose slide is its size. Each event is of
// exactly one window, [start, start + size) with start at the offset + a multiple of the size.
//
// What holds for HoppingWindow holds here: closed windows are handed over exactly once, late events are reported, time
// without events costs nothing. Costs: an event one add, a window nothing more. Memory: a T for each open window.
// Not synchronized: one thread at a time.
//
//     weir::TumblingWindow<weir::Sum<int>, std::chrono::hours> sales{24h, {.offset = -2h}};   // days at UTC+2
//     if (sales.insert(t, price) == weir::HoppingInsert::late) { ... }
//     sales.advance_to(watermark, [](const auto& w) { save(w.start, w.aggregate.result()); });

#include <weir/hopping_window.hpp>
#include <weir/time.hpp>

namespace weir {

template <class T, class Size = Duration>
class TumblingWindow : public HoppingWindow<T, Size, Size> {
public:
    using typename HoppingWindow<T, Size, Size>::allocator_type;

    /// Throws std::invalid_argument where the size is not positive or the lateness negative.
    explicit TumblingWindow(Size size, HoppingOptions options = {}, const allocator_type& memory = {})
        : HoppingWindow<T, Size, Size>{size, size, options, memory} {}
    TumblingWindow(Size size, const allocator_type& memory) : TumblingWindow{size, {}, memory} {}
    TumblingWindow(const TumblingWindow& other, const allocator_type& memory)
        : HoppingWindow<T, Size, Size>{other, memory} {}
    TumblingWindow(TumblingWindow&& other, const allocator_type& memory)
        : HoppingWindow<T, Size, Size>{std::move(other), memory} {}

    static constexpr const char* snapshot_name = "TumblingWindow";
};

}  // namespace weir
