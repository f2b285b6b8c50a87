// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// A window for each key: who views how much, told only where it changed.

#include <chrono>
#include <cstdio>
#include <string>

#include <weir/aggregators/count.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/rolling_window.hpp>

int main() {
    using namespace std::chrono_literals;
    using Views = weir::RollingWindow<weir::Count>;
    const weir::Timestamp nine{1'746'176'400s};  // 2025-05-02T09:00:00Z

    weir::KeyedWindows<std::string, Views> views{Views{5min}};
    const auto view = [&](const char* shopper, weir::Timestamp t) {
        views.update(shopper, [&](auto& window) { return window.insert(t); });
    };
    const auto drain = [&](const char* when) {
        std::printf("%s", when);
        views.drain([](const std::string& shopper, auto& window) {
            std::printf(" %s=%llu", shopper.c_str(), static_cast<unsigned long long>(window.result()));
        });
        std::printf(" (keys: %zu)\n", views.size());
    };

    view("ada", nine);
    view("ada", nine + 1min);
    view("bo", nine + 2min);
    drain("9:02");
    views.advance_to(nine + 4min);
    drain("9:04");  // nothing changed
    views.advance_to(nine + 5min);
    drain("9:05");  // ada's first view left
    views.advance_to(nine + 6min);
    drain("9:06");  // her window emptied: told once more, as empty, then forgotten
    const auto due = views.next_due().value() - nine;
    std::printf("next change at 9:%02lld\n",
                static_cast<long long>(std::chrono::floor<std::chrono::minutes>(due).count()));
}
