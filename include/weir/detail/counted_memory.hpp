// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// CountedMemory: another memory resource, and how many bytes are out of it. For containers that do not say what they
// take.

#include <cstddef>
#include <memory_resource>

namespace weir::detail {

class CountedMemory final : public std::pmr::memory_resource {
public:
    explicit CountedMemory(std::pmr::memory_resource* from) noexcept : from_{from} {}
    CountedMemory(const CountedMemory&) = delete;
    CountedMemory& operator=(const CountedMemory&) = delete;

    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        void* const storage = from_->allocate(bytes, alignment);
        bytes_ += bytes;
        return storage;
    }
    void do_deallocate(void* storage, std::size_t bytes, std::size_t alignment) override {
        from_->deallocate(storage, bytes, alignment);
        bytes_ -= bytes;
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

    std::pmr::memory_resource* from_;
    std::size_t bytes_ = 0;
};

}  // namespace weir::detail
