// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: a metric parser is a callable that takes the aggregate
#include <chrono>
#include <string>

#include <weir/aggregates.hpp>
#include <weir/pipeline.hpp>

struct View {
    std::string user;
    double price = 0;
    weir::Timestamp time;
};

void add(weir::Pipeline<View>& pipeline) {
    using namespace std::chrono_literals;
#ifdef VALID
    pipeline.add(weir::lane<View>("views")
                     .by(&View::user)
                     .rolling(5min)
                     .metric("views", weir::count.parse([](const weir::Count& c) { return c.result(); })));
#else
    pipeline.add(weir::lane<View>("views")
                     .by(&View::user)
                     .rolling(5min)
                     .metric("views", weir::count.parse([](const std::string& text) { return text.size(); })));
#endif
}
