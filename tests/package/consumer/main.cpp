// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <string>

#include <weir/weir.hpp>

double other_mean();

// Both files include all of the library; where something in it is defined twice, they do not link.
int main(int argc, char** argv) {
    using namespace std::chrono_literals;
    weir::RollingWindow<weir::Mean<double>, std::chrono::minutes> price{5min};
    price.insert(weir::Timestamp{1min}, 40.0);
    price.insert(weir::Timestamp{2min}, 44.0);
    const bool same = price.result() == other_mean();

    const std::string version = std::to_string(WEIR_VERSION_MAJOR) + "." + std::to_string(WEIR_VERSION_MINOR) + "." +
                                std::to_string(WEIR_VERSION_PATCH);
    const bool expected = argc == 2 && version == argv[1];
    std::printf("weir %s, the same mean in both files: %s\n", version.c_str(), same ? "yes" : "no");
    return same && expected ? 0 : 1;
}
