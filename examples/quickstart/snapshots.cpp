// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// A snapshot: a window's state as bytes, and another window that goes on from there.

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <weir/weir.hpp>

struct Trade {
    double price = 0;
    std::string venue;

    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Trade::price, &Trade::venue);
    }
};

int main() {
    using namespace std::chrono_literals;
    const weir::Timestamp nine{1'746'176'400s};  // 2025-05-02T09:00:00Z
    using Prices = weir::Projected<weir::Field<&Trade::price>, weir::Mean<double>>;
    weir::RollingWindow<Prices> window{5min};
    window.insert(nine, Trade{40.0, "A"});
    window.insert(nine + 3min, Trade{46.0, "B"});

    const std::vector<std::byte> bytes = weir::take_snapshot(window);
    weir::RollingWindow<Prices> other{5min};  // made as the first one was
    weir::restore(other, bytes);
    other.insert(nine + 4min, Trade{49.0, "A"});
    std::printf("%zu trades, mean price %g\n", other.size(), other.result().value());

    weir::RollingWindow<Prices> longer{10min};
    try {
        weir::restore(longer, bytes);
    } catch (const weir::SnapshotError& error) {
        std::printf("%s\n", error.what());
    }
}
