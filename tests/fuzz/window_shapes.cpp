// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Bytes become operations on hopping and paned windows, each held against its slow model after every operation.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/first_last.hpp>
#include <weir/aggregators/sum.hpp>
#include <weir/hopping_window.hpp>
#include <weir/paned_window.hpp>

#include "../weir/slow_hopping.hpp"
#include "../weir/slow_panes.hpp"
#include "bytes.hpp"

namespace {

using weir::Duration;
using weir::Timestamp;
using weir_tests::Bytes;
using weir_tests::check;

using Values = weir::Bundle<weir::Sum<int>, weir::First<int>, weir::Last<int>>;

/// Every input in event-time order.
struct Everything {
    using value_type = int;
    static constexpr bool is_order_dependent = true;
    void add(int x) { values.push_back(x); }
    [[nodiscard]] const std::vector<int>& result() const { return values; }
    std::vector<int> values;
};

template <class T>
void fuzz_hopping(Bytes bytes) {
    const std::uint8_t wide_slide = bytes.next();
    const Duration slide = wide_slide == 255 ? Duration::max() : Duration{1 + wide_slide % 64};
    const std::uint8_t wide_size = bytes.next();
    const Duration size =
        wide_slide == 255 && wide_size > 200
            ? Duration::max() - Duration{wide_size}
            : Duration{1 + std::min<std::int64_t>(wide_size, 10 * (1 + wide_slide % 64))};  // the model lists windows
    const std::uint8_t held = bytes.next();
    const weir::HoppingOptions options{Duration{static_cast<std::int8_t>(bytes.next())},
                                       held == 255 ? Duration::max() : Duration{held}};
    weir::HoppingWindow<T> fast{size, slide, options};
    weir_tests::SlowHopping<int> slow{size, slide, options};
    std::int64_t latest = 0;
    while (!bytes.empty()) {
        const bool advance = bytes.next() % 4 == 0;
        const Timestamp t = bytes.time(latest);
        if (advance) {
            std::vector<weir::TimeWindow<T>> closed;
            fast.advance_to(t, [&](const auto& window) { closed.push_back(window); });
            check(weir_tests::all_same(closed, slow.advance_to(t), slow), "what closes");
        } else {
            const int x = bytes.next() % 8;
            check(fast.insert(t, x) == slow.insert(t, x), "the outcome of an insert");
        }
        const std::string differs = weir_tests::difference(fast, slow);
        check(differs.empty(), differs.c_str());
    }
}

void fuzz_panes(Bytes bytes) {
    const std::uint8_t wide_length = bytes.next();
    const Duration length = wide_length == 255 ? Duration::max() : Duration{1 + wide_length};
    const std::uint8_t coarse = bytes.next();
    const Duration resolution = coarse == 255 ? Duration::max() : Duration{1 + coarse % 64};
    weir::PanedWindow<Values> fast{length, resolution};
    weir_tests::SlowPanes<Values> slow{length, resolution};
    std::int64_t latest = 0;
    while (!bytes.empty()) {
        const bool advance = bytes.next() % 4 == 0;
        const Timestamp t = bytes.time(latest);
        if (advance) {
            check(fast.advance_to(t) == slow.advance_to(t), "whether a pane left");
        } else {
            const int x = bytes.next() % 8;
            check(fast.insert(t, x) == slow.insert(t, x), "whether an event is taken");
        }
        const std::string differs = slow.difference(fast);
        check(differs.empty(), differs.c_str());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t most = 80;  // the slow models are
    Bytes bytes{data, std::min(size, most)};
    switch (bytes.next() % 4) {
        case 0:
        case 1:
            fuzz_hopping<Values>(bytes);
            break;
        case 2:
            fuzz_hopping<Everything>(bytes);
            break;
        default:
            fuzz_panes(bytes);
            break;
    }
    return 0;
}
