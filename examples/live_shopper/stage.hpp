// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stage: what this process does of a stage of a fleet: a machine for each partition that the group gives it. What
// happens to one partition is nothing to the others, so what a rebalance leaves where it is goes on undisturbed.
//
//     live_shopper::Stage stage{group, [&](PartitionSource& source) { return std::make_unique<RelayMachine>(...); }};
//     while (!signalled) { stage.step(10ms); }
//     stage.stop();
//     while (!stage.stopped()) { stage.step(10ms); }

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <weir/time.hpp>

#include "seams.hpp"

namespace live_shopper {

/// Works on one partition: a Job or a Relay, and what it needs.
class Machine {
public:
    Machine() = default;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    virtual ~Machine() = default;

    virtual void step() = 0;
    virtual void stop() = 0;
    [[nodiscard]] virtual bool stopped() const = 0;
    /// Commits what has been acknowledged so far, for a stop that cannot wait any longer.
    virtual void commit_now(weir::Duration wait) = 0;
};

class Stage {
public:
    using Make = std::function<std::unique_ptr<Machine>(PartitionSource&)>;

    /// The group has to outlive the stage.
    Stage(Group& group, Make make) : group_{group}, make_{std::move(make)} {}

    /// One turn of every machine; waits up to `wait` for news of the group.
    void step(weir::Duration wait) {
        group_.poll(wait);
        while (auto source = group_.next()) {
            auto machine = make_(*source);
            if (stopping_) {
                machine->stop();
            }
            parts_.push_back({std::move(source), std::move(machine)});
        }
        for (Part& part : parts_) {
            part.machine->step();
        }
        std::erase_if(parts_, [](const Part& part) { return part.source->over(); });
    }

    void stop() {
        stopping_ = true;
        for (Part& part : parts_) {
            part.machine->stop();
        }
    }
    [[nodiscard]] bool stopped() const {
        return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.machine->stopped(); });
    }
    void commit_now(weir::Duration wait) {
        for (Part& part : parts_) {
            part.machine->commit_now(wait);
        }
    }

    [[nodiscard]] std::size_t partitions() const { return parts_.size(); }

private:
    struct Part {
        std::unique_ptr<PartitionSource> source;
        std::unique_ptr<Machine> machine;  // goes first
    };

    Group& group_;
    Make make_;
    std::vector<Part> parts_;
    bool stopping_ = false;
};

}  // namespace live_shopper
