// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: when\(\) wants a predicate on the lane's event
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
                     .when([](const View& view) { return view.price > 0; })
                     .by(&View::user)
                     .rolling(5min)
                     .metric("views", weir::count));
#else
    pipeline.add(weir::lane<View>("views")
                     .when([](const std::string& user) { return user.empty(); })
                     .by(&View::user)
                     .rolling(5min)
                     .metric("views", weir::count));
#endif
}
