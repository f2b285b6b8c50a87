// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Lanes: from events to named values per key, each metric declared in one line.

#include <chrono>
#include <cstdio>
#include <string>

#include <weir/aggregates.hpp>
#include <weir/pipeline.hpp>

struct View {
    weir::Timestamp time;
    std::string user;
    std::string product;
    std::string brand;
    double price;
};

int main() {
    using namespace std::chrono_literals;
    weir::Pipeline<View> pipeline;
    pipeline.add(weir::lane<View>("product")
                     .by(&View::user)
                     .rolling(5min, 1h)
                     .metric("view_count", weir::count)
                     .metric("product_count", weir::distinct<&View::product>)
                     .metric("mean_price", weir::mean<&View::price>)
                     .metric("most_viewed_brand", weir::top<&View::brand>));

    const auto drain = [&](const char* when) {
        std::printf("%s\n", when);
        pipeline.drain([](const weir::Metric& m) {
            std::printf("  %.*s %.*s_%.*s = \"%.*s\"\n", static_cast<int>(m.key.size()), m.key.data(),
                        static_cast<int>(m.name.size()), m.name.data(), static_cast<int>(m.window.size()),
                        m.window.data(), static_cast<int>(m.value.size()), m.value.data());
        });
    };

    const weir::Timestamp nine{1'746'176'400s};  // 2025-05-02T09:00:00Z
    pipeline.process({nine, "ada", "kettle", "Harbour", 42.5});
    pipeline.process({nine + 1min, "ada", "teapot", "Lowell", 18.5});
    pipeline.process({nine + 2min, "ada", "kettle", "Harbour", 42.5});
    pipeline.advance_to(nine + 2min);
    drain("9:02");
    pipeline.advance_to(nine + 6min);
    drain("9:06, only what changed");
}
