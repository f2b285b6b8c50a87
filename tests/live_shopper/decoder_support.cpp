// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "decoder_support.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

namespace live_shopper_tests {

using live_shopper::CartTotal;
using live_shopper::DecodeError;
using live_shopper::Decoder;
using live_shopper::ShopEvent;

std::string describe(const ShopEvent& event) {
    std::string text;
    const auto line = [&](std::string_view field, std::string_view value) {
        if (!value.empty()) {
            text.append(field).append("=").append(value).append("\n");
        }
    };
    const auto spelled = [](const std::optional<weir::Decimal>& decimal) {
        return decimal ? decimal->to_string() : std::string{};
    };
    line("id", event.id);
    line("type", name(event.type));
    line("time", std::to_string(event.time.time_since_epoch().count()));
    line("user_id", event.user_id);
    line("domain_userid", event.domain_userid);
    line("session_id", event.session_id);
    for (const auto& product : event.products) {
        line("product", std::string{product.id} + "|" + std::string{product.brand} + "|" +
                            std::string{product.category} + "|" + spelled(product.price) + "|" +
                            std::to_string(product.quantity));
    }
    line("list_name", event.list_name);
    line("cart_total", spelled(event.cart_total));
    line("checkout_step", event.checkout_step == 0 ? "" : std::to_string(event.checkout_step));
    line("transaction_id", event.transaction_id);
    line("revenue", spelled(event.revenue));
    line("page_url", event.page_url);
    line("marketing_campaign", event.marketing_campaign);
    line("marketing_source", event.marketing_source);
    line("has_marketing", event.has_marketing ? "true" : "");
    line("user_agent", event.user_agent);
    line("device", name(event.device));
    line("platform", event.platform);
    line("city", event.city);
    line("country", event.country);
    line("region", event.region);
    return text;
}

std::string decoded(std::string_view record, CartTotal cart_total) {
    // One decoder for all: nothing of an event may show in a later one.
    static std::map<CartTotal, Decoder> decoders;
    static ShopEvent event;
    Decoder& decoder = decoders.try_emplace(cart_total, cart_total).first->second;
    const auto run = [&](std::string_view bytes, bool padded) {
        const DecodeError error = decoder.decode(bytes, event, padded);
        return error == DecodeError::none ? describe(event) : "error: " + std::string{reason(error)};
    };
    std::string copied = run(record, false);
    for (const std::string_view pattern : {"}", "\"}],:1e\\"}) {
        std::string padded{record};
        while (padded.size() < record.size() + Decoder::padding) {
            padded += pattern;
        }
        const std::string in_place = run(std::string_view{padded}.substr(0, record.size()), true);
        if (in_place != copied) {
            std::string what = "the padding matters:\n";
            throw std::logic_error(what.append(copied).append("\nbut in place\n").append(in_place));
        }
    }
    return copied;
}

bool has(const std::string& description, std::string_view line) {
    return fmt::format("\n{}", description).find(fmt::format("\n{}\n", line)) != std::string::npos;
}

std::string tsv(const std::map<std::size_t, std::string>& columns) {
    std::string record;
    for (std::size_t column = 1; column <= 131; ++column) {
        const auto found = columns.find(column);
        record += found == columns.end() ? "" : found->second;
        record += column < 131 ? "\t" : "";
    }
    return record;
}

std::string contexts(const std::vector<std::string>& entities) {
    std::string list;
    for (const auto& one : entities) {
        list += (list.empty() ? "" : ",") + one;
    }
    return R"({"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[)" + list + "]}";
}

std::string entity(std::string_view name, std::string_view data) {
    return R"({"schema":"iglu:)" + std::string{name} + R"(/jsonschema/1-0-0","data":)" + std::string{data} + "}";
}

std::vector<std::string> lines(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    if (!in) {
        throw std::runtime_error("cannot read " + file.string());
    }
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) {
        all.push_back(line);
    }
    return all;
}

std::filesystem::path test_data() { return WEIR_TEST_DATA; }

std::optional<std::filesystem::path> shared_data() {
    const char* const given = std::getenv("WEIR_SHARED");
    const std::filesystem::path shared = given != nullptr ? given : WEIR_SHARED_DATA;
    return std::filesystem::is_directory(shared / "data") ? std::optional{shared / "data"} : std::nullopt;
}

}  // namespace live_shopper_tests
