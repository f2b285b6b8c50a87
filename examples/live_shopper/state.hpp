// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// State: what a snapshot is of. Tables of keys, which are written in steps while events go on, and a little beside them
// that is written at once.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <weir/snapshot.hpp>

namespace live_shopper {

class State {
public:
    using Sink = std::function<void(std::span<const std::byte>)>;

    /// The tables as they were when this was made. Goes before them, and there is one at a time.
    class Steps {
    public:
        Steps() = default;
        Steps(const Steps&) = delete;
        Steps& operator=(const Steps&) = delete;
        virtual ~Steps() = default;

        /// Writes about `keys` keys more; false once all was written.
        virtual bool write(std::size_t keys, const Sink& sink) = 0;
    };

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    virtual ~State() = default;

    /// All that the meaning of the bytes depends on.
    [[nodiscard]] virtual std::string description() const = 0;

    [[nodiscard]] virtual std::unique_ptr<Steps> in_steps() const = 0;
    /// Takes up what was written, all of it or nothing. Throws weir::SnapshotError for bytes that are none.
    virtual void restore(std::span<const std::byte> bytes) = 0;

    /// What is beside the tables.
    virtual void save(weir::SnapshotWriter& out) const = 0;
    virtual void load(weir::SnapshotReader& in) = 0;
    /// As if nothing had been loaded.
    virtual void begin() = 0;

    [[nodiscard]] virtual std::size_t keys() const = 0;
};

/// Of a T for which there is weir::SnapshotInSteps.
template <class T>
class StepsOf final : public State::Steps {
public:
    explicit StepsOf(const T& x) : steps_{x} {}

    bool write(std::size_t keys, const State::Sink& sink) override {
        return steps_.write(keys, [&](std::span<const std::byte> piece) { sink(piece); });
    }

private:
    weir::SnapshotInSteps<T> steps_;
};

}  // namespace live_shopper
