// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the fuzzers of windows share: bytes that become operations, and how a difference ends the run.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <weir/time.hpp>

#include "../weir/random_stream.hpp"

namespace weir_tests {

class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_{data}, size_{size} {}

    [[nodiscard]] bool empty() const { return size_ == 0; }
    std::uint8_t next() {
        if (size_ == 0) {
            return 0;
        }
        --size_;
        return *data_++;
    }
    /// Times near each other, far apart and at both ends of time.
    weir::Timestamp time(std::int64_t& latest) {
        const std::uint8_t kind = next();
        const auto near = static_cast<std::int64_t>(next());
        switch (kind % 16) {
            case 0:
                return weir::Timestamp::min() + weir::Duration{near};
            case 1:
                return weir::Timestamp::max() - weir::Duration{near};
            case 2:
                return at(latest += near * 1'000'000'000);
            case 3:
            case 4:
            case 5:
                return at(latest - near);
            case 6:
                return at(latest);
            default:
                return at(latest += near % 16);
        }
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
};

inline void check(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "the windows differ: %s\n", what);
        std::abort();
    }
}

}  // namespace weir_tests
