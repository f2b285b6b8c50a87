// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// EmbeddedKafka: librdkafka's own mock cluster in this process, on a free loopback port, so that the job can be tried
// without a Kafka. It keeps about 5 MB per partition in memory and finds no offsets by time.

#include <memory>
#include <string>

namespace live_shopper {

class EmbeddedKafka {
public:
    /// Serves at once, with a topic of `partitions` partitions. Throws std::runtime_error.
    EmbeddedKafka(const std::string& topic, int partitions);
    ~EmbeddedKafka();
    EmbeddedKafka(const EmbeddedKafka&) = delete;
    EmbeddedKafka& operator=(const EmbeddedKafka&) = delete;

    void create_topic(const std::string& topic, int partitions);

    /// `HOST:PORT`.
    [[nodiscard]] std::string address() const;

    /// Refuses and drops connections while it is down.
    void set_up(bool up);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace live_shopper
