// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Windows that take all their memory from one place, here a fixed buffer, and say how much it is.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/aggregator.hpp>
#include <weir/aggregators/distinct.hpp>
#include <weir/rolling_window.hpp>
#include <weir/time.hpp>

using namespace std::chrono_literals;

// An aggregator that keeps something on the heap: the steps of a visit, in order. It is given its memory as a container
// of the standard library is.
struct Path {
    using value_type = int;
    using allocator_type = std::pmr::polymorphic_allocator<>;
    static constexpr bool is_order_dependent = true;

    Path() = default;
    explicit Path(const allocator_type& memory) : steps{memory} {}
    Path(const Path& other, const allocator_type& memory) : steps{other.steps, memory} {}
    Path(Path&& other, const allocator_type& memory) : steps{std::move(other.steps), memory} {}

    void add(int step) { steps.push_back(step); }
    [[nodiscard]] std::size_t result() const { return steps.size(); }
    [[nodiscard]] std::size_t memory_in_use() const { return steps.capacity() * sizeof(int); }

    std::pmr::vector<int> steps;
};

int main() {
    static std::array<std::byte, 1 << 20> buffer;
    std::pmr::monotonic_buffer_resource arena{buffer.data(), buffer.size(), std::pmr::null_memory_resource()};
    std::pmr::unsynchronized_pool_resource pool{&arena};  // takes up again what is given back

    weir::RollingWindow<weir::Distinct<std::pmr::string>, std::chrono::minutes> products{5min, &pool};
    weir::RollingWindow<Path, std::chrono::minutes> path{5min, &pool};
    const weir::Timestamp start{};
    for (int i = 0; i != 1000; ++i) {
        const weir::Timestamp t = start + i * 1s;
        const auto number = std::to_string(i % 50);
        products.insert(t, std::pmr::string{"product-with-a-long-name-" + number, &pool});
        path.insert(t, i % 7);
    }
    std::printf("%d products, %d steps\n", static_cast<int>(products.result()), static_cast<int>(path.result()));
    std::printf("less than 64 KB: %s\n", products.memory_in_use() + path.memory_in_use() < 65'536 ? "yes" : "no");

    products.advance_to(start + 2h);
    std::printf("after the last has left less than 1 KB: %s\n", products.memory_in_use() < 1024 ? "yes" : "no");
}
