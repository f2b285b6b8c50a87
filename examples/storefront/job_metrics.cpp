// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "job_metrics.hpp"

#include <algorithm>
#include <charconv>

#include <httplib.h>

namespace storefront {

std::map<std::string, double> parse_metrics(std::string_view text) {
    std::map<std::string, double> out;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto space = line.rfind(' ');
        if (line.starts_with('#') || space == std::string_view::npos) {
            continue;
        }
        double value = 0;
        const auto [end, error] = std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
        if (error == std::errc{} && end == line.data() + line.size()) {
            out[std::string{line.substr(0, space)}] = value;
        }
    }
    return out;
}

std::optional<double> total(const std::map<std::string, double>& samples, std::string_view name) {
    std::optional<double> sum;
    for (auto at = samples.lower_bound(std::string{name}); at != samples.end() && at->first.starts_with(name); ++at) {
        if (at->first.size() == name.size() || at->first[name.size()] == '{') {
            sum = sum.value_or(0) + at->second;
        }
    }
    return sum;
}

std::optional<std::map<std::string, double>> read_metrics(const live_shopper::Endpoint& endpoint) {
    httplib::Client client{endpoint.host, endpoint.port};
    client.set_connection_timeout(0, 500'000);
    client.set_read_timeout(0, 500'000);
    const auto answer = client.Get("/metrics");
    if (!answer || answer->status != 200) {
        return std::nullopt;
    }
    return parse_metrics(answer->body);
}

}  // namespace storefront
