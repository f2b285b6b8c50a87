// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "heap.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

std::atomic<std::int64_t> in_use{0};

}  // namespace

namespace live_shopper {

std::size_t heap_in_use() noexcept {
    const auto bytes = in_use.load(std::memory_order_relaxed);
    return bytes < 0 ? 0 : static_cast<std::size_t>(bytes);
}

}  // namespace live_shopper

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIVE_SHOPPER_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIVE_SHOPPER_SANITIZED
#endif
#endif

#ifndef LIVE_SHOPPER_SANITIZED

namespace {

constexpr std::int64_t portion = 64 * 1024;

thread_local std::int64_t unreported = 0;

void count(std::int64_t bytes) noexcept {
    unreported += bytes;
    if (unreported >= portion || unreported <= -portion) {
        in_use.fetch_add(unreported, std::memory_order_relaxed);
        unreported = 0;
    }
}

std::int64_t size_of(void* p) noexcept {
    return static_cast<std::int64_t>(::malloc_usable_size(p) + sizeof(std::size_t));
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
    for (;;) {
        void* const p = alignment <= alignof(std::max_align_t)
                            ? std::malloc(size == 0 ? 1 : size)
                            : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
        if (p != nullptr) {
            count(size_of(p));
            return p;
        }
        const auto handler = std::get_new_handler();
        if (handler == nullptr) {
            return nullptr;
        }
        handler();
    }
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
    if (void* const p = allocate(size, alignment)) {
        return p;
    }
    throw std::bad_alloc{};
}

void release(void* p) noexcept {
    if (p != nullptr) {
        count(-size_of(p));
        std::free(p);
    }
}

constexpr std::size_t usual = alignof(std::max_align_t);

}  // namespace

// The other forms call these.
void* operator new(std::size_t size) { return allocate_or_throw(size, usual); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept { return allocate(size, usual); }
void operator delete(void* p) noexcept { release(p); }
void operator delete(void* p, std::size_t /*size*/) noexcept { release(p); }
void operator delete(void* p, std::align_val_t /*alignment*/) noexcept { release(p); }
void operator delete(void* p, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept { release(p); }

#endif
