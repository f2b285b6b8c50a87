// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Any bytes at all: the decoder must not crash, must not read beyond the padding, and must say the same whether it
// reads a copy or in place, and whatever the padding holds. Seeds are in corpus/decoder.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "decoder.hpp"

namespace {

using live_shopper::CartTotal;
using live_shopper::DecodeError;
using live_shopper::Decoder;
using live_shopper::ShopEvent;

/// All that the event holds, read to the last byte; only the reason where there is none.
[[nodiscard]] std::string outcome(Decoder& decoder, std::string_view record, ShopEvent& event, bool padded) {
    const DecodeError error = decoder.decode(record, event, padded);
    if (error != DecodeError::none) {
        return std::string{reason(error)};
    }
    std::string all = std::to_string(event.time.time_since_epoch().count()) + std::string{name(event.type)};
    for (const std::string_view field :
         {event.id, event.user_id, event.domain_userid, event.session_id, event.list_name, event.transaction_id,
          event.page_url, event.marketing_campaign, event.marketing_source, event.user_agent, event.platform,
          event.city, event.country, event.region, name(event.device)}) {
        all.append("|").append(field);
    }
    for (const auto& amount : {event.cart_total, event.revenue}) {
        all += "|" + (amount ? amount->to_string() : "unknown");
    }
    for (const auto& product : event.products) {
        all.append("|").append(product.id).append("|").append(product.brand).append("|").append(product.category);
        all += "|" + (product.price ? product.price->to_string() : "unknown") + "|" + std::to_string(product.quantity);
    }
    return all + "|" + std::to_string(event.checkout_step) + (event.has_marketing ? "|marketing" : "");
}

void require(bool good, const char* what) {
    if (!good) {
        std::fputs(what, stderr);
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
    static Decoder decoder{CartTotal::by_form, 1U << 16};
    static ShopEvent event;
    const std::string_view record{reinterpret_cast<const char*>(data), size};
    const std::string expected = outcome(decoder, record, event, false);
    for (const std::string_view pattern : {"}", "]", ",", "\"}],:1e\\", " "}) {
        // No larger than it must be, so that the sanitizer sees a read beyond the padding.
        std::vector<char> padded(size + Decoder::padding);
        for (std::size_t i = 0; i < padded.size(); ++i) {
            padded[i] = i < size ? record[i] : pattern[(i - size) % pattern.size()];
        }
        require(outcome(decoder, {padded.data(), size}, event, true) == expected, "the padding matters\n");
    }
    return 0;
}
