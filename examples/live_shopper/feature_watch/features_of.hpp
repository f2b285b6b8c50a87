// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Subjects, whose features are watched, and the values that a store holds for them.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <hiredis/hiredis.h>

namespace feature_watch {

using Clock = std::chrono::steady_clock;

/// Redis cannot be asked; the text says why.
class StoreError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A connection that only reads.
class Store {
public:
    /// Throws StoreError. An empty password means none, an empty user the default one.
    Store(const std::string& host, std::uint16_t port, const std::string& user, const std::string& password);

    /// The values of keys, nothing for those that are not there. One round trip. Throws StoreError.
    [[nodiscard]] std::vector<std::optional<std::string>> values(const std::vector<std::string>& keys);

    /// The keys that match a pattern, at most `most` of them, found by SCAN. Throws StoreError.
    [[nodiscard]] std::vector<std::string> keys(const std::string& pattern, std::size_t most);

private:
    struct Close {
        void operator()(redisContext* context) const noexcept { redisFree(context); }
    };
    struct Free {
        void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
    };
    using Reply = std::unique_ptr<redisReply, Free>;

    [[nodiscard]] Reply ask(const std::vector<std::string>& words);

    std::unique_ptr<redisContext, Close> context_;
};

/// A shopper or a session.
struct Subject {
    enum class Kind : std::uint8_t { shopper, session } kind;
    std::string name;

    [[nodiscard]] bool operator==(const Subject&) const = default;
};

/// One feature of a kind of subject; for shoppers with the windows that it has.
struct Feature {
    std::string name;
    std::vector<std::string> windows;  // {""} for sessions
};

/// A value as it was last read.
struct Cell {
    std::string key;
    std::optional<std::string> value;
    std::optional<Clock::time_point> changed;  // nothing: not since it is watched
};

/// A subject and its values, feature by feature and window by window.
struct Watched {
    Subject subject;
    std::vector<Cell> cells;
    Clock::time_point since;  // being watched
    bool seen = false;        // read at least once
};

/// The features that the job computes for shoppers and for sessions, from its own catalogue.
[[nodiscard]] std::vector<Feature> features(Subject::Kind kind);

[[nodiscard]] Watched watch(const Subject& subject, Clock::time_point now);

/// A key's value that is not what it was.
struct Change {
    std::string_view key;
    std::optional<std::string> before;
    const std::optional<std::string>& after;
};

/// Reads all values anew and calls `on_change(const Change&)` for each that differs. Throws StoreError.
template <class F>
void refresh(Watched& watched, Store& store, Clock::time_point now, F on_change) {
    std::vector<std::string> keys;
    keys.reserve(watched.cells.size());
    for (const Cell& cell : watched.cells) {
        keys.push_back(cell.key);
    }
    auto values = store.values(keys);
    for (std::size_t i = 0; i != watched.cells.size(); ++i) {
        Cell& cell = watched.cells[i];
        if (cell.value != values[i]) {
            cell.value.swap(values[i]);
            if (watched.seen) {
                cell.changed = now;
            }
            on_change(Change{cell.key, std::move(values[i]), cell.value});
        }
    }
    watched.seen = true;
}

/// Text that a terminal cannot take for anything else: control characters and broken UTF-8 are shown as `?`.
[[nodiscard]] std::string printable(std::string_view text);

/// Cut to `width` characters, the last one `~` where some are left out, or filled up with spaces.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t width);

}  // namespace feature_watch
