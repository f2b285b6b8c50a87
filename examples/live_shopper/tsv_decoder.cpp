// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "tsv_decoder.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace live_shopper {

namespace {

constexpr std::size_t column_count = 131;

/// The columns that are read, numbered from 1.
enum Column : std::size_t {
    platform = 2,
    collector_tstamp = 4,
    event_column = 6,
    event_id = 7,
    user_id = 13,
    domain_userid = 16,
    geo_country = 19,
    geo_region = 20,
    geo_city = 21,
    geo_region_name = 25,
    page_url = 30,
    mkt_medium = 48,
    mkt_source = 49,
    mkt_term = 50,
    mkt_content = 51,
    mkt_campaign = 52,
    contexts = 53,
    unstruct_event = 59,
    useragent = 78,
    mkt_clickid = 117,
    mkt_network = 118,
    derived_contexts = 123,
    domain_sessionid = 124,
    derived_tstamp = 125,
};

class Columns {
public:
    /// False where `record` has not 131 columns. The tabs are found eight bytes at a time.
    [[nodiscard]] bool split(std::string_view record) noexcept {
        first_ = record.data();
        std::size_t count = 0;
        const auto tab_at = [&](std::size_t position) {
            if (count < column_count - 1) {
                ends_[count] = static_cast<std::uint32_t>(position);
            }
            ++count;
        };
        std::size_t i = 0;
        for (; i + 8 <= record.size(); i += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, first_ + i, sizeof word);
            constexpr std::uint64_t low = 0x7F7F7F7F7F7F7F7F;
            word ^= 0x0909090909090909;
            for (std::uint64_t tabs = ~(((word & low) + low) | word | low); tabs != 0;) {  // 0x80 where there is one
                if constexpr (std::endian::native == std::endian::little) {
                    tab_at(i + static_cast<std::size_t>(std::countr_zero(tabs)) / 8);
                    tabs &= tabs - 1;
                } else {
                    const auto byte = static_cast<std::size_t>(std::countl_zero(tabs)) / 8;
                    tab_at(i + byte);
                    tabs &= ~(std::uint64_t{0x80} << (56 - 8 * byte));
                }
            }
        }
        for (; i < record.size(); ++i) {
            if (first_[i] == '\t') {
                tab_at(i);
            }
        }
        ends_[column_count - 1] = static_cast<std::uint32_t>(record.size());
        return count == column_count - 1;
    }

    [[nodiscard]] std::string_view operator[](Column column) const noexcept {
        const std::size_t begin = ends_[column - 2] + std::size_t{1};  // the first column is not asked for
        return {first_ + begin, ends_[column - 1] - begin};
    }

private:
    const char* first_ = nullptr;
    std::array<std::uint32_t, column_count> ends_;  // NOLINT: filled by split
};

/// Whether `schema` is a version of model 1 of the vendor's schema of that name.
[[nodiscard]] bool is_schema(std::string_view schema, std::string_view vendor, std::string_view name) noexcept {
    constexpr std::string_view scheme = "iglu:";
    constexpr std::string_view model = "/jsonschema/1-";
    if (!schema.starts_with(scheme)) {
        return false;
    }
    schema.remove_prefix(scheme.size());
    if (!schema.starts_with(vendor)) {
        return false;
    }
    schema.remove_prefix(vendor.size());
    if (!schema.starts_with('/')) {
        return false;
    }
    schema.remove_prefix(1);
    return schema.starts_with(name) && schema.substr(name.size()).starts_with(model);
}

constexpr std::string_view snowplow = "com.snowplowanalytics.snowplow";
constexpr std::string_view ecommerce = "com.snowplowanalytics.snowplow.ecommerce";

class TsvForm {
public:
    TsvForm(JsonReader& reader, ShopEvent& event, Parts& parts) noexcept
        : reader_(reader), event_(event), parts_(parts) {}

    [[nodiscard]] TsvResult read(std::string_view record) {
        if (!columns_.split(record)) {
            return TsvResult::wrong_column_count;
        }
        event_.id = columns_[event_id];
        event_.user_id = columns_[user_id];
        event_.domain_userid = columns_[domain_userid];
        event_.platform = columns_[platform];
        event_.page_url = columns_[page_url];
        event_.user_agent = columns_[useragent];
        event_.marketing_campaign = columns_[mkt_campaign];
        event_.marketing_source = columns_[mkt_source];
        for (const Column column :
             {mkt_medium, mkt_source, mkt_term, mkt_content, mkt_campaign, mkt_clickid, mkt_network}) {
            event_.has_marketing = event_.has_marketing || !columns_[column].empty();
        }
        event_.city = columns_[geo_city];
        event_.country = columns_[geo_country];
        parts_.region_code = columns_[geo_region];
        parts_.region_name = columns_[geo_region_name];
        parts_.time = columns_[derived_tstamp];
        parts_.collector_time = columns_[collector_tstamp];

        const std::string_view type = columns_[event_column];
        if (type == name(EventType::page_view) || type == name(EventType::page_ping)) {
            event_.type = event_type(type);
        }
        if (!read_contexts() || (type == "unstruct" && !read_action()) || !read_derived_contexts()) {
            return TsvResult::broken_json;
        }
        if (event_.session_id.empty()) {
            event_.session_id = columns_[domain_sessionid];
        }
        return TsvResult::good;
    }

private:
    /// The entities that the tracker attached. Of those that an event has once, the first counts.
    [[nodiscard]] bool read_contexts() {
        bool cart = false;
        bool checkout_step = false;
        bool transaction = false;
        bool session = false;
        const auto first = [](bool& seen) { return !std::exchange(seen, true); };
        return each_entity(columns_[contexts], [&](std::string_view schema) {
            if (is_schema(schema, ecommerce, "product")) {
                return read_product(reader_, event_);
            }
            if (is_schema(schema, ecommerce, "cart") && first(cart)) {
                return read_cart(reader_, event_);
            }
            if (is_schema(schema, ecommerce, "checkout_step") && first(checkout_step)) {
                return read_checkout_step(reader_, event_);
            }
            if (is_schema(schema, ecommerce, "transaction") && first(transaction)) {
                return read_transaction(reader_, event_);
            }
            if (is_schema(schema, snowplow, "client_session") && first(session)) {
                return reader_.object([&] {
                    return reader_.each_field<"sessionId">(
                        [&](std::size_t) { return reader_.text(event_.session_id); });
                });
            }
            return reader_.pass();
        });
    }

    [[nodiscard]] bool read_action() {
        const std::string_view column = columns_[unstruct_event];
        return column.empty() || reader_.read(column, [&] {
            return reader_.each_field<"data">([&](std::size_t) {
                return reader_.object([&] {
                    return described([&](std::string_view schema) {
                        return is_schema(schema, ecommerce, "snowplow_ecommerce_action") ? action() : reader_.pass();
                    });
                });
            });
        });
    }

    [[nodiscard]] bool action() {
        enum Field : std::size_t { type, list_name, products };
        std::string_view action_type;
        const bool good = reader_.object([&] {
            return reader_.each_field<"type", "name", "products">([&](std::size_t field) {
                switch (field) {
                    case type:
                        return reader_.text(action_type);
                    case list_name:
                        return reader_.text(event_.list_name);
                    default:  // the reference takes these, too, after the entities
                        return read_products(reader_, event_);
                }
            });
        });
        event_.type = event_type(action_type);
        return good;
    }

    [[nodiscard]] bool read_derived_contexts() {
        const std::string_view column = columns_[derived_contexts];
        bool seen = false;
        return column.find("yauaa_context") == std::string_view::npos ||
               each_entity(column, [&](std::string_view schema) {
                   if (!is_schema(schema, "nl.basjes", "yauaa_context") || std::exchange(seen, true)) {
                       return reader_.pass();
                   }
                   return reader_.object([&] {
                       return reader_.each_field<"deviceClass">(
                           [&](std::size_t) { return reader_.text(parts_.device_class); });
                   });
               });
    }

    /// Calls `visit(std::string_view schema) -> bool` for every entity of a context column.
    template <class Visit>
    [[nodiscard]] bool each_entity(std::string_view column, Visit&& visit) {
        return column.empty() || reader_.read(column, [&] {
            return reader_.each_field<"data">(
                [&](std::size_t) { return reader_.each_object([&] { return described(visit); }); });
        });
    }

    /// The same for one object `{"schema": what it is, "data": the thing}`, the two in either order.
    template <class Visit>
    [[nodiscard]] bool described(Visit&& visit) {
        std::string_view schema;
        std::uint32_t data = 0;
        const bool good = reader_.each_field<"schema", "data">([&](std::size_t field) {
            if (field == 0) {
                return reader_.text(schema);
            }
            if (schema.empty()) {
                data = reader_.position();
                return reader_.pass();
            }
            return static_cast<bool>(visit(schema));
        });
        if (!good || data == 0 || schema.empty()) {
            return good;
        }
        const std::uint32_t end = reader_.position();
        reader_.seek(data);
        if (!visit(schema)) {
            return false;
        }
        reader_.seek(end);
        return true;
    }

    JsonReader& reader_;
    ShopEvent& event_;
    Parts& parts_;
    Columns columns_;
};

}  // namespace

TsvResult read_tsv(JsonReader& reader, std::string_view record, ShopEvent& event, Parts& parts) {
    return TsvForm{reader, event, parts}.read(record);
}

}  // namespace live_shopper
