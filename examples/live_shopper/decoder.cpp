// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "decoder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <weir/decimal.hpp>

#include "device_class.hpp"
#include "ecommerce.hpp"
#include "json_decoder.hpp"
#include "json_reader.hpp"
#include "timestamp.hpp"
#include "tsv_decoder.hpp"

namespace live_shopper {

namespace {

constexpr std::ptrdiff_t tsv_tabs = 130;

}  // namespace

static_assert(Decoder::padding >= simdjson::SIMDJSON_PADDING);

class Decoder::Impl {
public:
    Impl(CartTotal cart_total, std::size_t limit) : cart_total_{cart_total}, limit_{limit} {}

    [[nodiscard]] DecodeError decode(std::string_view record, ShopEvent& event, bool padded) {
        if (record.size() > limit_) {
            return DecodeError::too_large;
        }
        const std::size_t start = record.find_first_not_of(" \t\r\n");
        if (start == std::string_view::npos) {
            return DecodeError::empty;
        }
        if (!padded) {
            record = copy(record);
        }
        Parts parts;
        bool json = record[start] == '{';
        begin(record, event, parts);
        DecodeError error = json ? read_json_form(record, event, parts) : read_tsv_form(record, event, parts);
        if (json && error == DecodeError::not_json && std::count(record.begin(), record.end(), '\t') == tsv_tabs) {
            json = false;  // the name of an application may begin with a brace
            begin(record, event, parts);
            error = read_tsv_form(record, event, parts);
        }
        return error != DecodeError::none ? error : finish(event, parts, json);
    }

private:
    [[nodiscard]] std::string_view copy(std::string_view record) {
        if (buffer_.size() < record.size() + padding) {
            buffer_.resize(record.size() + record.size() / 2 + padding);
        }
        std::memcpy(buffer_.data(), record.data(), record.size());
        return {buffer_.data(), record.size()};
    }

    void begin(std::string_view record, ShopEvent& event, Parts& parts) {
        clear(event);
        parts = Parts{};
        reader_.reset(record);
    }

    static void clear(ShopEvent& event) {
        event.products.clear();
        ShopEvent fresh;
        fresh.products.swap(event.products);  // keeps the room that it has
        event = std::move(fresh);
    }

    [[nodiscard]] DecodeError read_json_form(std::string_view record, ShopEvent& event, Parts& parts) {
        if (read_json(reader_, record, event, parts)) {
            return DecodeError::none;
        }
        // simdjson checks the encoding of all it reads, but may come upon another fault first.
        return simdjson::validate_utf8(record) ? DecodeError::not_json : DecodeError::invalid_utf8;
    }

    [[nodiscard]] DecodeError read_tsv_form(std::string_view record, ShopEvent& event, Parts& parts) {
        if (!simdjson::validate_utf8(record)) {
            return DecodeError::invalid_utf8;
        }
        switch (read_tsv(reader_, record, event, parts)) {
            case TsvResult::wrong_column_count:
                return DecodeError::wrong_column_count;
            case TsvResult::broken_json:
                return DecodeError::not_json;
            default:
                return DecodeError::none;
        }
    }

    [[nodiscard]] DecodeError finish(ShopEvent& event, const Parts& parts, bool json) {
        if (parts.wrong_type) {
            return DecodeError::wrong_type;
        }
        if (event.id.empty()) {
            return DecodeError::missing_id;
        }
        const std::string_view time = parts.time.empty() ? parts.collector_time : parts.time;
        if (time.empty()) {
            return DecodeError::missing_time;
        }
        const auto parsed = parse_timestamp(time);
        if (!parsed) {
            return DecodeError::bad_time;
        }
        event.time = *parsed;

        if (cart_total_ == CartTotal::before || (cart_total_ == CartTotal::by_form && json)) {
            add_cart_change(event);
        }
        set_region(event, parts);
        event.device = device_class_of_yauaa(parts.device_class);
        if (event.device == DeviceClass::unknown) {
            event.device = devices_.of(event.user_agent);
        }
        return DecodeError::none;
    }

    /// The cart's total after the event from that before it.
    static void add_cart_change(ShopEvent& event) {
        if (!event.cart_total || (event.type != EventType::add_to_cart && event.type != EventType::remove_from_cart)) {
            return;
        }
        for (const Product& product : event.products) {
            if (product.price) {
                const weir::Decimal value = *product.price * product.quantity;
                *event.cart_total += event.type == EventType::add_to_cart ? value : -value;
            }
        }
    }

    /// With the country in front, as region codes are unique in a country only.
    void set_region(ShopEvent& event, const Parts& parts) {
        const std::string_view region = parts.region_code.empty() ? parts.region_name : parts.region_code;
        if (!region.empty()) {
            region_.assign(event.country).append(1, '-').append(region);
            event.region = region_;
        }
    }

    CartTotal cart_total_;
    std::size_t limit_;
    JsonReader reader_;
    DeviceClasses devices_;
    std::string buffer_;
    std::string region_;
};

Decoder::Decoder(CartTotal cart_total, std::size_t limit) : impl_{std::make_unique<Impl>(cart_total, limit)} {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

DecodeError Decoder::decode(std::string_view record, ShopEvent& event, bool padded) {
    return impl_->decode(record, event, padded);
}

}  // namespace live_shopper
