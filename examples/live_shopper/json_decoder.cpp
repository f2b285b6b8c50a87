// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "json_decoder.hpp"

#include <cstddef>

namespace live_shopper {

namespace {

class JsonForm {
public:
    JsonForm(JsonReader& reader, ShopEvent& event, Parts& parts) noexcept
        : reader_(reader), event_(event), parts_(parts) {}

    [[nodiscard]] bool read(std::string_view record) {
        const bool good = reader_.read(record, [&] { return read_root(); });
        event_.type = event_type(type_);
        // The column `event` of a legacy transaction has the name of the e-commerce action.
        if (event_.type == EventType::transaction && vendor_ == "com.snowplowanalytics.snowplow") {
            event_.type = EventType::other;
        }
        if (event_.session_id.empty()) {
            event_.session_id = domain_sessionid_;
        }
        if (event_.page_url.empty()) {
            event_.page_url = page_url_;
        }
        return good;
    }

private:
    [[nodiscard]] bool read_root() {
        enum Field : std::size_t { id, type, timestamp, payload, enrich, session, metadata };
        return reader_.each_field<"id", "type", "timestamp", "payload", "enrich", "session", "metadata">(
            [&](std::size_t field) {
                switch (field) {
                    case id:
                        return required(event_.id, true);
                    case type:
                        return required(type_, true);
                    case timestamp:
                        return required(parts_.time, false);
                    case payload:
                        return reader_.object([&] { return read_payload(); });
                    case enrich:
                        return reader_.object([&] { return read_enrich(); });
                    case session:
                        return reader_.object([&] { return read_session(); });
                    default:
                        return needs_metadata() ? reader_.object([&] { return read_metadata(); }) : reader_.pass();
                }
            });
    }

    [[nodiscard]] bool needs_metadata() const noexcept {
        return parts_.time.empty() || type_.empty() || type_ == name(EventType::transaction);
    }

    /// A text without which there is no event.
    [[nodiscard]] bool required(std::string_view& out, bool number_is_text) {
        const Scalar found = reader_.scalar();
        switch (found.kind) {
            case Scalar::Kind::broken:
                return false;
            case Scalar::Kind::text:
                out = found.text;
                return true;
            case Scalar::Kind::null:
                return true;
            case Scalar::Kind::number:
                if (number_is_text) {
                    out = found.text;
                    return true;
                }
                break;
            default:
                break;
        }
        parts_.wrong_type = true;
        return true;
    }

    [[nodiscard]] bool read_payload() {
        enum Field : std::size_t { product, products, cart, checkout_step, transaction, list_name, page_url };
        return reader_.each_field<"product", "products", "cart", "checkout_step", "transaction", "list_name",
                                  "page_url">([&](std::size_t field) {
            switch (field) {
                case product:  // older payloads have the first product alone; where both are there the list counts
                    return event_.products.empty() ? read_product(reader_, event_) : reader_.pass();
                case products:
                    return read_list();
                case cart:
                    return read_cart(reader_, event_);
                case checkout_step:
                    return read_checkout_step(reader_, event_);
                case transaction:
                    return read_transaction(reader_, event_);
                case list_name:
                    return reader_.text(event_.list_name);
                default:
                    return reader_.text(event_.page_url);
            }
        });
    }

    [[nodiscard]] bool read_list() {
        const std::size_t before = event_.products.size();
        const bool good = read_products(reader_, event_);
        if (event_.products.size() > before) {
            event_.products.erase(event_.products.begin(),
                                  event_.products.begin() + static_cast<std::ptrdiff_t>(before));
        }
        return good;
    }

    [[nodiscard]] bool read_enrich() {
        enum Field : std::size_t { client, user, marketing, platform, geo, location };
        return reader_.each_field<"client", "user", "marketing", "platform", "geo", "location">([&](std::size_t field) {
            switch (field) {
                case client:
                    return reader_.object([&] { return read_client(); });
                case user:
                    return reader_.object([&] { return read_user(); });
                case marketing:
                    return reader_.object([&] { return read_marketing(); });
                case platform:
                    return reader_.text(event_.platform);
                default:
                    return reader_.object([&] { return read_geo(); });
            }
        });
    }

    [[nodiscard]] bool read_client() {
        return reader_.each_field<"useragent", "page">([&](std::size_t field) {
            return field == 0 ? reader_.text(event_.user_agent) : reader_.object([&] {
                return reader_.each_field<"page_url">([&](std::size_t) { return reader_.text(page_url_); });
            });
        });
    }

    [[nodiscard]] bool read_user() {
        return reader_.each_field<"user_id", "domain_userid">(
            [&](std::size_t field) { return reader_.text(field == 0 ? event_.user_id : event_.domain_userid); });
    }

    [[nodiscard]] bool read_marketing() {
        std::uint32_t seen = 0;
        return reader_.every_field([&](std::string_view key) {
            if (!key.starts_with("mkt_")) {
                return reader_.pass();
            }
            std::string_view text;
            if (!reader_.text(text)) {
                return false;
            }
            event_.has_marketing = event_.has_marketing || !text.empty();
            if (key == "mkt_campaign" && (seen & 1U) == 0) {
                seen |= 1U;
                event_.marketing_campaign = text;
            } else if (key == "mkt_source" && (seen & 2U) == 0) {
                seen |= 2U;
                event_.marketing_source = text;
            }
            return true;
        });
    }

    [[nodiscard]] bool read_geo() {
        enum Field : std::size_t { city, country, region, region_name };
        return reader_.each_field<"geo_city", "geo_country", "geo_region", "geo_region_name">([&](std::size_t field) {
            switch (field) {
                case city:
                    return reader_.text(event_.city);
                case country:
                    return reader_.text(event_.country);
                case region:
                    return reader_.text(parts_.region_code);
                default:
                    return reader_.text(parts_.region_name);
            }
        });
    }

    [[nodiscard]] bool read_session() {
        return reader_.each_field<"sessionId", "domain_sessionid">(
            [&](std::size_t field) { return reader_.text(field == 0 ? event_.session_id : domain_sessionid_); });
    }

    [[nodiscard]] bool read_metadata() {
        return reader_.each_field<"collector_tstamp", "event_vendor">(
            [&](std::size_t field) { return reader_.text(field == 0 ? parts_.collector_time : vendor_); });
    }

    JsonReader& reader_;
    ShopEvent& event_;
    Parts& parts_;
    std::string_view type_;
    std::string_view vendor_;
    std::string_view domain_sessionid_;
    std::string_view page_url_;
};

}  // namespace

bool read_json(JsonReader& reader, std::string_view record, ShopEvent& event, Parts& parts) {
    return JsonForm{reader, event, parts}.read(record);
}

}  // namespace live_shopper
