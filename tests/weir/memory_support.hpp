// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory resources that are watched, stretches of code that may take memory from nowhere else, and windows that live in
// them.

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory_resource>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/aggregators/projected.hpp>
#include <weir/count_window.hpp>
#include <weir/hopping_window.hpp>
#include <weir/paned_window.hpp>
#include <weir/rolling_window.hpp>
#include <weir/session_window.hpp>
#include <weir/snapshot.hpp>
#include <weir/time.hpp>

#include "random_stream.hpp"

namespace weir_tests {

/// Knows what is out, and ends the program where something comes back of another size.
class Watched : public std::pmr::memory_resource {
public:
    Watched() = default;
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() override {
        if (held != 0) {
            std::abort();
        }
    }

    std::size_t held = 0;   // bytes
    std::size_t taken = 0;  // how often

private:
    struct Head {
        std::size_t bytes;
        std::size_t alignment;
    };
    static constexpr std::size_t head = 64;

    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        if (alignment > head) {
            std::abort();
        }
        void* const storage = std::aligned_alloc(head, (bytes + head + head - 1) / head * head);
        if (storage == nullptr) {
            throw std::bad_alloc{};
        }
        ::new (storage) Head{bytes, alignment};
        held += bytes;
        ++taken;
        return static_cast<std::byte*>(storage) + head;
    }
    void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override {
        void* const storage = static_cast<std::byte*>(at) - head;
        const Head was = *static_cast<Head*>(storage);
        if (was.bytes != bytes || was.alignment != alignment) {
            std::abort();
        }
        held -= bytes;
        std::free(storage);
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

/// How often `operator new` was called. Counted in memory_test.cpp, for all tests.
std::size_t calls_of_new() noexcept;

/// While there is one the default resource gives nothing.
class NoDefault {
public:
    NoDefault() : before_{std::pmr::set_default_resource(std::pmr::null_memory_resource())} {}
    NoDefault(const NoDefault&) = delete;
    NoDefault& operator=(const NoDefault&) = delete;
    ~NoDefault() { std::pmr::set_default_resource(before_); }

private:
    std::pmr::memory_resource* before_;
};

/// Does something that may take memory from neither the default resource nor the heap. False where it did.
template <class F>
[[nodiscard]] bool from_nowhere_else(F f) {
    const NoDefault none;
    const std::size_t before = calls_of_new();
    f();
    return calls_of_new() == before;
}

using Text = std::pmr::string;

/// A user's own: the inputs themselves, in a vector that takes its memory where the window does.
struct All {
    using value_type = int;
    using allocator_type = std::pmr::polymorphic_allocator<>;
    static constexpr bool is_order_dependent = true;

    All() = default;
    explicit All(const allocator_type& memory) : inputs{memory} {}
    All(const All& other, const allocator_type& memory) : inputs{other.inputs, memory} {}
    All(All&& other, const allocator_type& memory) : inputs{std::move(other.inputs), memory} {}

    void add(int x) { inputs.push_back(x); }
    [[nodiscard]] int result() const { return inputs.empty() ? 0 : inputs.back(); }
    [[nodiscard]] std::size_t memory_in_use() const { return inputs.capacity() * sizeof(int); }

    template <class Members>
    static constexpr auto snapshot_members(Members members) {
        return members(&All::inputs);
    }

    std::pmr::vector<int> inputs;
};

/// The same that can be merged.
struct Merging : All {
    static constexpr bool is_order_dependent = false;
    using All::All;
    void merge(const Merging& later) { inputs.insert(inputs.end(), later.inputs.begin(), later.inputs.end()); }
};

struct Order {
    int item = 0;
    double price = 0;
};
using Price = weir::Field<&Order::price>;
using Item = weir::Field<&Order::item>;

/// Made before anything is watched.
[[nodiscard]] inline const std::vector<std::string>& names() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> some;
        for (std::size_t i = 0; i != 40; ++i) {
            some.push_back(name(i));
        }
        return some;
    }();
    return all;
}

/// Values, some of which make sums wide.
template <class V>
[[nodiscard]] V make(Random& random, std::pmr::memory_resource* outside) {
    if constexpr (std::same_as<V, Text>) {
        return Text{names()[pick(random, 40)], outside};
    } else if constexpr (std::same_as<V, double>) {
        switch (pick(random, 30)) {
            case 0:
                return std::numeric_limits<double>::quiet_NaN();
            case 1:
                return 1e300;
            case 2:
                return 1e-300;
            default:
                return static_cast<double>(pick(random, 1000)) / 8;
        }
    } else if constexpr (std::same_as<V, Order>) {
        return Order{static_cast<int>(pick(random, 50)), make<double>(random, outside)};
    } else if constexpr (std::integral<V>) {
        return static_cast<V>(pick(random, 60));
    } else {
        return V{};
    }
}

template <class W>
void advance(W& window, weir::Timestamp now) {
    if constexpr (requires { window.advance_to(now); }) {
        window.advance_to(now);
    } else {
        window.advance_to(now, [](const auto& /*closed*/) {});
    }
}

template <class W>
void ask(const W& window) {
    if constexpr (requires { window.result(); }) {
        if constexpr (std::is_trivially_copyable_v<decltype(window.result())>) {
            static_cast<void>(window.result());
        }
    } else if constexpr (requires { window.result(0); }) {
        if constexpr (std::is_trivially_copyable_v<decltype(window.result(0))>) {
            for (std::size_t i = 0; i != window.count(); ++i) {
                static_cast<void>(window.result(i));
            }
        }
    }
}

/// Calls `make_window(memory)` and goes through its life: all that it takes is from there, and it says how much that
/// is.
template <class MakeWindow>
void live(MakeWindow make_window) {
    const std::uint64_t seed = fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    Watched memory;
    Watched other;
    Watched outside;
    auto window = make_window(&memory);
    using W = decltype(window);
    using V = typename W::value_type;
    REQUIRE(window.memory_in_use() == memory.held);
    REQUIRE(names().size() == 40);
    std::int64_t now = 0;
    std::size_t most = 0;
    for (int step = 0; step != 4000; ++step) {
        const bool calm = step % 1000 > 700;
        now += static_cast<std::int64_t>(pick(random, calm ? 60 : 4));
        if (step % 1000 == 999) {
            now += 100'000;
        }
        V value = make<V>(random, &outside);
        const auto t = at(now - static_cast<std::int64_t>(pick(random, 4) == 0 ? pick(random, 500) : 0));
        const bool leave = pick(random, 3) == 0;
        const bool nowhere_else = from_nowhere_else([&] {
            window.insert(t, std::move(value));
            if (leave) {
                advance(window, at(now));
            }
            ask(window);
        });
        if (!nowhere_else || window.memory_in_use() != memory.held) {
            FAIL("at step " << step << ": says " << window.memory_in_use() << ", has taken " << memory.held
                            << (nowhere_else ? "" : " and more from elsewhere"));
        }
        most = std::max(most, memory.held);
        if (step % 250 == 249) {
            const bool copied = from_nowhere_else([&] {
                W copy{window, &other};
                if (copy.memory_in_use() != other.held) {
                    std::abort();
                }
                copy.insert(at(now), V{});
                W moved{std::move(copy)};
                if (moved.memory_in_use() != other.held || moved.get_allocator().resource() != &other) {
                    std::abort();
                }
                W back{std::move(moved), &memory};  // another memory: copied
                back = window;
                window = std::move(back);
                advance(window, at(now));
            });
            REQUIRE(copied);
            REQUIRE(window.get_allocator().resource() == &memory);
            REQUIRE(window.memory_in_use() == memory.held);
            const W plain{window};  // as the standard's containers: from the default resource
            REQUIRE(plain.get_allocator().resource() == std::pmr::get_default_resource());
            if constexpr (weir::Snapshottable<W> && weir::Snapshottable<V>) {
                const auto bytes = weir::take_snapshot(window);
                W restored{make_window(&other)};
                const NoDefault none;
                weir::restore(restored, bytes);
                if (restored.memory_in_use() != other.held || restored.get_allocator().resource() != &other) {
                    std::abort();
                }
            }
        }
    }
    REQUIRE(most > 0);
}

template <class T>
void live_rolling() {
    live([](std::pmr::memory_resource* memory) {
        return weir::RollingWindow<T>{std::chrono::milliseconds{1000}, memory};
    });
    live([](std::pmr::memory_resource* memory) {
        return weir::RollingWindows<T>{
            {std::chrono::milliseconds{1000}, std::chrono::milliseconds{100}, std::chrono::milliseconds{5000}},
            std::chrono::milliseconds{200},
            memory};
    });
}
template <class T>
void live_in_all() {
    live_rolling<T>();
    live([](std::pmr::memory_resource* memory) { return weir::CountWindow<T>{300, memory}; });
    live([](std::pmr::memory_resource* memory) {
        return weir::HoppingWindow<T>{std::chrono::milliseconds{1000}, std::chrono::milliseconds{30}, memory};
    });
    if constexpr (weir::Mergeable<T> && !weir::OrderDependent<T>) {
        live([](std::pmr::memory_resource* memory) {
            return weir::PanedWindow<T>{std::chrono::milliseconds{1000}, std::chrono::milliseconds{10}, memory};
        });
        live([](std::pmr::memory_resource* memory) {
            return weir::SessionWindow<std::chrono::milliseconds, T>{std::chrono::milliseconds{3},
                                                                     std::chrono::milliseconds{300}, memory};
        });
    }
}

}  // namespace weir_tests
