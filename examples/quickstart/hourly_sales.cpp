// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// What was sold of each product in each hour.

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <weir/aggregators/sum.hpp>
#include <weir/decimal.hpp>
#include <weir/keyed_windows.hpp>
#include <weir/tumbling_window.hpp>

using namespace std::chrono_literals;

namespace {

struct Hours {
    weir::TumblingWindow<weir::Sum<weir::Decimal>, std::chrono::hours> window{1h};
    std::vector<weir::TimeWindow<weir::Sum<weir::Decimal>>> closed{};  // not drained yet

    bool advance_to(weir::Timestamp now) {
        const std::size_t before = closed.size();
        window.advance_to(now, [&](const auto& hour) { closed.push_back(hour); });
        return closed.size() != before;
    }
    bool forgettable() const { return window.forgettable(); }
    auto next_due() const { return window.next_due(); }
    std::size_t memory_in_use() const { return window.memory_in_use(); }
};

weir::KeyedWindows<std::string, Hours> sales{Hours{}};
const weir::Timestamp midnight{1'746'144'000s};  // 2025-05-02T00:00:00Z

void sell(const char* product, std::chrono::minutes at, const char* price) {
    const bool taken = sales.update(std::string_view{product}, [&](Hours& hours) {
        return hours.window.insert(midnight + at, *weir::Decimal::parse(price)) == weir::HoppingInsert::taken;
    });
    if (!taken) {
        std::printf("%s at %d:%02d: late\n", product, static_cast<int>(at / 1h), static_cast<int>(at % 1h / 1min));
    }
}

void print_closed() {
    sales.drain([](const std::string& product, Hours& hours) {
        for (const auto& hour : hours.closed) {
            std::printf("%s %d:00 %s\n", product.c_str(), static_cast<int>((hour.start - midnight) / 1h),
                        hour.aggregate.result().to_string().c_str());
        }
        hours.closed.clear();
    });
}

}  // namespace

int main() {
    sell("hat", 8h + 59min, "12.50");
    sell("mug", 8h, "9.90");
    sell("hat", 9h, "12.50");
    sales.advance_to(midnight + 11h);
    sell("hat", 10h + 20min, "12.50");  // its hour is closed
    print_closed();
}
