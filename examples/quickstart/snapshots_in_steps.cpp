// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The snapshot of a keyed table, taken a few keys at a time while events go on.

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <weir/weir.hpp>

int main() {
    using namespace std::chrono_literals;
    const weir::Timestamp nine{1'746'176'400s};  // 2025-05-02T09:00:00Z
    using Table = weir::KeyedWindows<std::string, weir::RollingWindow<weir::Count>>;
    Table table{weir::RollingWindow<weir::Count>{5min}};
    const auto view = [&](const std::string& shopper) {
        table.update(shopper, [&](auto& window) { return window.insert(nine); });
    };
    for (int i = 0; i != 1000; ++i) {
        view("shopper " + std::to_string(i));
    }

    std::vector<std::byte> bytes;
    weir::SnapshotInSteps<Table> steps{table};  // as of now
    int calls = 1;
    while (steps.write(
        100, [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); })) {
        view("shopper 999");  // goes on meanwhile
        ++calls;
    }

    Table other{weir::RollingWindow<weir::Count>{5min}};
    weir::restore(other, bytes);
    std::printf("%s, %zu shoppers, %d views of the last\n", calls > 9 ? "many steps" : "few steps", other.size(),
                static_cast<int>(other.find("shopper 999")->result()));
}
