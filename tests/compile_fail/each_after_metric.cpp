// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: call each\(\) before the first metric
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
    const auto same = [](const View& view, auto emit) { emit(view); };
#ifdef VALID
    static_cast<void>(weir::lane<View>("views").each<View>(same).metric("views", weir::count));
#else
    static_cast<void>(weir::lane<View>("views").metric("views", weir::count).each<View>(same));
#endif
}
