// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// SnapshotDirectory: snapshots as files of a local directory. A thread of its own writes them, so that nobody waits for
// the disk: to a temporary name, which is synchronized and renamed once all is there. A file that has its name is whole
// unless the disk has damaged it.
//
//     DIRECTORY/GROUP-00000000000000000042.snapshot

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "seams.hpp"

namespace live_shopper {

class SnapshotDirectory final : public SnapshotStore {
public:
    /// `name` begins the names of the files; characters that are none for files are escaped. Makes the directory where
    /// it is missing. Throws std::runtime_error where it cannot be written to.
    SnapshotDirectory(std::string directory, std::string_view name);
    ~SnapshotDirectory() override;

    void begin() override;
    void append(std::vector<std::byte> part) override;
    void complete() override;
    void abandon() override;
    [[nodiscard]] State state() const override;
    [[nodiscard]] bool full() const override;
    std::vector<std::string> names() override;
    std::optional<Bytes> read(const std::string& name) override;

    /// More bytes than this that wait for the disk are enough.
    static constexpr std::size_t most_waiting = std::size_t{8} << 20;

private:
    enum class Kind : std::uint8_t { begin, append, complete, abandon };
    struct Task {
        Kind kind;
        std::vector<std::byte> part;
    };

    void give(Kind kind, std::vector<std::byte> part = {});
    void work();
    /// What went wrong, else empty.
    std::string carry_out(const Task& task);
    std::string write(const std::vector<std::byte>& part) const;
    std::string keep();
    void drop();
    [[nodiscard]] std::vector<std::uint64_t> numbers() const;  // the greatest first
    [[nodiscard]] std::string path(std::uint64_t number) const;

    std::string directory_;
    std::string name_;

    mutable std::mutex mutex_;
    std::condition_variable news_;
    std::deque<Task> tasks_;
    std::size_t waiting_ = 0;  // bytes
    State state_ = State::none;
    bool stopping_ = false;

    int file_ = -1;  // the thread's own, as what follows
    bool failed_ = false;
    std::string temporary_;
    std::thread thread_;
};

}  // namespace live_shopper
