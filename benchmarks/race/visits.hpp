// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// As many events as wanted, made of one sample visit.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "decoder.hpp"

namespace race {

[[nodiscard]] inline std::vector<std::string> read_lines(const char* file) {
    const std::filesystem::path path = std::filesystem::path{WEIR_TEST_DATA} / file;
    std::vector<std::string> records;
    std::ifstream in{path, std::ios::binary};
    for (std::string line; std::getline(in, line);) {
        line.reserve(line.size() + live_shopper::Decoder::padding);
        records.push_back(std::move(line));
    }
    if (records.empty()) {
        std::fprintf(stderr, "%s: no events\n", path.c_str());
        std::exit(1);
    }
    return records;
}

// Visit after visit of the sample; the names and the times are not the sample's.
class Visits {
public:
    explicit Visits(std::size_t shoppers) : shoppers_{shoppers} {}

    const live_shopper::ShopEvent& next() {
        if (at_ == records_.size()) {
            at_ = 0;
            ++visit_;
            start_ += std::chrono::duration_cast<weir::Duration>(std::chrono::minutes{3}) /
                      static_cast<std::int64_t>(shoppers_);
            const std::size_t shopper = visit_ % shoppers_;
            user_ = fmt::format("shopper-{}@example.com", shopper);
            visitor_ = fmt::format("7f8a1c90-3c1e-4c6b-9d43-{:012x}", shopper);
            session_ = fmt::format("0b6e1f52-61b7-4a6e-8f0e-{:012x}", visit_);
        }
        const std::string& record = records_[at_++];
        if (decoder_.decode(record, event_, true) != live_shopper::DecodeError::none) {
            std::abort();
        }
        id_ = fmt::format("{:08x}-0000-4000-8000-{:012x}", visit_, at_);
        event_.id = id_;
        event_.time = start_ + std::chrono::milliseconds{at_};
        event_.domain_userid = visitor_;
        event_.session_id = session_;
        if (!event_.user_id.empty()) {
            event_.user_id = user_;
        }
        return event_;
    }

private:
    std::vector<std::string> records_ = read_lines("shop_visit.jsonl");
    live_shopper::Decoder decoder_{live_shopper::CartTotal::by_form};
    live_shopper::ShopEvent event_;
    std::size_t shoppers_;
    std::size_t at_ = records_.size();
    std::size_t visit_ = 0;
    weir::Timestamp start_{weir::Duration{1'750'000'000'000}};
    std::string id_, user_, visitor_, session_;
};

}  // namespace race
