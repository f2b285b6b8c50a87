// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: a lane needs a key: call by
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
    pipeline.add(weir::lane<View>("views").by(&View::user).rolling(5min).metric("views", weir::count));
#else
    pipeline.add(weir::lane<View>("views").rolling(5min).metric("views", weir::count));
#endif
}
