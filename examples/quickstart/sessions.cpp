// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// A session window: visits of one shopper, ended by half an hour of silence.

#include <chrono>
#include <cstdio>
#include <string>

#include <weir/aggregators/count.hpp>
#include <weir/session_window.hpp>

using namespace std::chrono_literals;

std::string clock_time(weir::Timestamp t) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(t - std::chrono::floor<std::chrono::days>(t)).count();
    return std::to_string(minutes / 60) + (minutes % 60 < 10 ? ":0" : ":") + std::to_string(minutes % 60);
}

int main() {
    // Held open ten minutes longer than the gap, for events that come late.
    weir::SessionWindow<std::chrono::minutes, weir::Count> visits{30min, 10min};

    const auto insert = [&](weir::Timestamp t) {
        constexpr const char* outcomes[]{"opened", "extended", "bridged", "late"};
        std::printf("%s %s\n", clock_time(t).c_str(), outcomes[static_cast<int>(visits.insert(t))]);
    };
    const auto advance_to = [&](weir::Timestamp now) {
        visits.advance_to(now, [&](const weir::Session<weir::Count>& visit) {
            std::printf("at %s closed: %s to %s, %zu events\n", clock_time(now).c_str(),
                        clock_time(visit.first).c_str(), clock_time(visit.last).c_str(), visit.size);
        });
    };

    const weir::Timestamp nine{1'746'176'400s};  // 2025-05-02T09:00:00Z
    insert(nine);
    insert(nine + 38min);      // further than the gap from 9:00
    insert(nine + 20min);      // at most a gap from both: it was one visit
    advance_to(nine + 78min);  // the last event, the gap and the lateness: still open
    advance_to(nine + 79min);
    insert(nine + 60min);  // belongs to the visit that is closed
    insert(nine + 75min);
}
