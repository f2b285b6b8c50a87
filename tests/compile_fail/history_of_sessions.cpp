// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: history\(\) goes with rolling
#include <chrono>
#include <string>

#include <weir/aggregates.hpp>
#include <weir/pipeline.hpp>

struct View {
    std::string user;
    double price = 0;
    weir::Timestamp time;
};

void declare() {
    using namespace std::chrono_literals;
#ifdef VALID
    static_cast<void>(weir::lane<View>("views").rolling(5min).history(1h));
#else
    static_cast<void>(weir::lane<View>("views").session(30min).history(1h));
#endif
}
