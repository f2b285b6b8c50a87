// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Store: a key-value store that forgets what has expired, as a lane's metrics leave it.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <weir/metric.hpp>
#include <weir/pipeline.hpp>
#include <weir/time.hpp>

namespace weir_tests {

struct Written {
    std::string lane;
    std::string name;
    std::string window;
    std::string key;
    std::string value;
    weir::Timestamp expires_at;
    bool erased;

    explicit Written(const weir::Metric& m)
        : lane{m.lane},
          name{m.name},
          window{m.window},
          key{m.key},
          value{m.value},
          expires_at{m.expires_at},
          erased{m.erased} {}
    bool operator==(const Written&) const = default;
};

class Store {
public:
    /// lane, key, window, name
    using Key = std::tuple<std::string, std::string, std::string, std::string>;
    struct Held {
        std::string value;
        weir::Timestamp expires_at;
    };

    void apply(const Written& w) {
        const Key key{w.lane, w.key, w.window, w.name};
        if (w.erased) {
            held_.erase(key);
        } else {
            held_.insert_or_assign(key, Held{w.value, w.expires_at});
        }
    }

    void advance_to(weir::Timestamp now) {
        std::erase_if(held_, [&](const auto& entry) { return entry.second.expires_at <= now; });
    }

    [[nodiscard]] const std::map<Key, Held>& held() const { return held_; }
    [[nodiscard]] const Held* find(const Key& key) const {
        const auto found = held_.find(key);
        return found == held_.end() ? nullptr : &found->second;
    }

    [[nodiscard]] std::map<Key, std::string> values() const {
        std::map<Key, std::string> all;
        for (const auto& [key, held] : held_) {
            all.emplace(key, held.value);
        }
        return all;
    }

private:
    std::map<Key, Held> held_;
};

/// Everything a drain hands out, of no more than so many keys.
template <class Event>
std::vector<Written> drain(weir::Pipeline<Event>& pipeline,
                           std::size_t keys = std::numeric_limits<std::size_t>::max()) {
    std::vector<Written> all;
    pipeline.drain([&](const weir::Metric& m) { all.emplace_back(m); }, keys);
    return all;
}

/// As "lane:key:window:name=value", sorted: for small tests to compare with.
inline std::vector<std::string> lines(const std::vector<Written>& all) {
    std::vector<std::string> text;
    text.reserve(all.size());
    for (const Written& w : all) {
        text.push_back(w.key + ":" + w.window + ":" + w.name + (w.erased ? " erased" : "=" + w.value));
    }
    std::sort(text.begin(), text.end());
    return text;
}

}  // namespace weir_tests
