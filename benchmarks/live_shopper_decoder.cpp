// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Decoding against its floor: the same fields of the same events by simdjson's On-Demand parser and nothing else.
//
//     benchmark_live_shopper_decoder --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// The sample is tests/data, or a JSON-lines or TSV file named by WEIR_EVENTS.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "decoder.hpp"
#include "device_class.hpp"
#include "timestamp.hpp"

namespace {

namespace ondemand = simdjson::ondemand;
using live_shopper::CartTotal;
using live_shopper::Decoder;
using live_shopper::ShopEvent;

struct Sample {
    std::vector<simdjson::padded_string> records;
    std::size_t bytes = 0;
};

[[nodiscard]] Sample read(const char* file) {
    const char* const given = std::getenv("WEIR_EVENTS");
    const auto path = given != nullptr ? std::filesystem::path{given} : std::filesystem::path{WEIR_TEST_DATA} / file;
    Sample sample;
    std::ifstream in{path, std::ios::binary};
    for (std::string line; std::getline(in, line);) {
        sample.records.emplace_back(line);
        sample.bytes += line.size();
    }
    if (sample.records.empty()) {
        std::fprintf(stderr, "%s: no events\n", path.c_str());
        std::exit(1);
    }
    return sample;
}

void report(benchmark::State& state, const Sample& sample) {
    const auto rounds = static_cast<std::int64_t>(state.iterations());
    const auto events = static_cast<std::int64_t>(sample.records.size());
    state.SetItemsProcessed(rounds * events);
    state.SetBytesProcessed(rounds * static_cast<std::int64_t>(sample.bytes));
    state.counters["per_event"] = benchmark::Counter(static_cast<double>(rounds * events),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["bytes_per_event"] = static_cast<double>(sample.bytes) / static_cast<double>(events);
}

void decode(benchmark::State& state, const char* file, bool padded) {
    const Sample sample = read(file);
    Decoder decoder{CartTotal::by_form};
    ShopEvent event;
    for (auto _ : state) {
        for (const auto& record : sample.records) {
            const auto error = decoder.decode(static_cast<std::string_view>(record), event, padded);
            benchmark::DoNotOptimize(error);
            benchmark::DoNotOptimize(event);
        }
    }
    report(state, sample);
}

/// As a program would that trusts its input: every field by its name in the order in which it comes, per type those
/// that the type has, values neither checked nor interpreted.
class Bare {
public:
    [[nodiscard]] std::size_t read(const simdjson::padded_string& record) {
        ondemand::document document;
        if (parser_.iterate(record).get(document) != simdjson::SUCCESS) {
            return 0;
        }
        size_ = 0;
        text(document["id"]);
        const std::string_view type = text(document["type"]);
        text(document["timestamp"]);
        ondemand::object payload;
        if (document["payload"].get_object().get(payload) == simdjson::SUCCESS) {
            read_payload(payload, type);
        }
        ondemand::object enrich;
        if (document["enrich"].get_object().get(enrich) == simdjson::SUCCESS) {
            ondemand::object part;
            if (enrich["client"].get_object().get(part) == simdjson::SUCCESS) {
                text(part["useragent"]);
                text(part["page"]["page_url"]);
            }
            if (enrich["user"].get_object().get(part) == simdjson::SUCCESS) {
                text(part["user_id"]);
                text(part["domain_userid"]);
            }
            if (enrich["marketing"].get_object().get(part) == simdjson::SUCCESS) {
                text(part["mkt_source"]);
                text(part["mkt_campaign"]);
            }
            text(enrich["platform"]);
        }
        text(document["session"]["sessionId"]);
        return size_;
    }

private:
    std::string_view text(simdjson::simdjson_result<ondemand::value> value) {
        std::string_view found;
        if (value.get_string().get(found) == simdjson::SUCCESS) {
            size_ += found.size();
        }
        return found;
    }

    void number(simdjson::simdjson_result<ondemand::value> value) {
        double found = 0;
        if (value.get_double().get(found) == simdjson::SUCCESS) {
            size_ += found > 0 ? 1 : 0;
        }
    }

    void product(ondemand::object& product) {
        text(product["id"]);
        text(product["brand"]);
        text(product["category"]);
        number(product["price"]);
    }

    void read_payload(ondemand::object& payload, std::string_view type) {
        ondemand::object part;
        if (type == "list_view" || type == "list_click") {
            ondemand::array list;
            if (payload["products"].get_array().get(list) == simdjson::SUCCESS) {
                for (auto one : list) {
                    if (one.get_object().get(part) == simdjson::SUCCESS) {
                        product(part);
                    }
                }
            } else if (payload["product"].get_object().get(part) == simdjson::SUCCESS) {
                product(part);
            }
            text(payload["list_name"]);
        } else if (type == "product_view" || type == "add_to_cart" || type == "remove_from_cart") {
            if (payload["product"].get_object().get(part) == simdjson::SUCCESS) {
                product(part);
            }
            if (type != "product_view") {
                number(payload["cart"]["total_value"]);
            }
        } else if (type == "checkout_step") {
            number(payload["checkout_step"]["step"]);
        } else if (type == "page_view") {
            text(payload["page_url"]);
        }
    }

    ondemand::parser parser_;
    std::size_t size_ = 0;
};

void bare(benchmark::State& state) {
    const Sample sample = read("shop_visit.jsonl");
    Bare reader;
    for (auto _ : state) {
        for (const auto& record : sample.records) {
            benchmark::DoNotOptimize(reader.read(record));
        }
    }
    report(state, sample);
}

/// What On-Demand does before the first field: finding the tokens and checking the encoding.
void tokens_only(benchmark::State& state) {
    const Sample sample = read("shop_visit.jsonl");
    ondemand::parser parser;
    for (auto _ : state) {
        for (const auto& record : sample.records) {
            ondemand::document document;
            benchmark::DoNotOptimize(parser.iterate(record).get(document));
        }
    }
    report(state, sample);
}

void timestamp(benchmark::State& state) {
    const std::string text = "2025-03-26T10:56:46.033Z";
    for (auto _ : state) {
        benchmark::DoNotOptimize(live_shopper::parse_timestamp(text));
    }
}

/// A user agent that the decoder has not met lately.
void new_user_agent(benchmark::State& state) {
    const std::string text =
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile "
        "Safari/537.36";
    for (auto _ : state) {
        benchmark::DoNotOptimize(live_shopper::device_class(text));
    }
}

BENCHMARK_CAPTURE(decode, json_in_place, "shop_visit.jsonl", true);
BENCHMARK(bare);
BENCHMARK(tokens_only);
BENCHMARK_CAPTURE(decode, json_copied, "shop_visit.jsonl", false);
BENCHMARK_CAPTURE(decode, tsv_in_place, "shop_visit.tsv", true);
BENCHMARK(timestamp);
BENCHMARK(new_user_agent);

}  // namespace

BENCHMARK_MAIN();
