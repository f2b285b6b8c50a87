// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "slow_decoder.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <memory>
#include <regex>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "decoder_support.hpp"
#include "device_class.hpp"

namespace live_shopper_tests {

namespace {

using live_shopper::CartTotal;
using live_shopper::EventType;
using live_shopper::ShopEvent;

/// A JSON value; numbers keep their spelling, objects the order and all of their fields.
struct Node {
    enum class Kind { missing, null, boolean, number, text, array, object };

    Kind kind = Kind::missing;
    std::string text;
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> parts;

    /// The first field of that name; a missing node where there is none.
    [[nodiscard]] const Node& operator[](std::string_view name) const {
        static const Node missing;
        if (kind == Kind::object) {
            for (const auto& [key, value] : parts) {
                if (key == name) {
                    return *value;
                }
            }
        }
        return missing;
    }
    [[nodiscard]] std::string string() const {
        return kind == Kind::text || kind == Kind::number ? text : std::string{};
    }
    [[nodiscard]] std::optional<weir::Decimal> decimal() const {
        return kind == Kind::number ? weir::Decimal::parse(text) : std::nullopt;
    }
    [[nodiscard]] std::int64_t whole(double most, std::int64_t otherwise) const {
        const double value = kind == Kind::number ? std::strtod(text.c_str(), nullptr) : -1;
        return value >= 0 && value <= most && std::trunc(value) == value ? static_cast<std::int64_t>(value) : otherwise;
    }
};

class Builder : public nlohmann::json::json_sax_t {
public:
    bool null() override { return add(Node::Kind::null, ""); }
    bool boolean(bool value) override { return add(Node::Kind::boolean, value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return add(Node::Kind::number, std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return add(Node::Kind::number, std::to_string(value)); }
    bool number_float(number_float_t, const string_t& spelled) override { return add(Node::Kind::number, spelled); }
    bool string(string_t& value) override { return add(Node::Kind::text, value); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return add(Node::Kind::object, "") && enter(); }
    bool start_array(std::size_t) override { return add(Node::Kind::array, "") && enter(); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool key(string_t& value) override {
        key_ = value;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

    Node root;

private:
    bool add(Node::Kind kind, std::string text) {
        if (open_.empty()) {
            last_ = &root;
        } else {
            open_.back()->parts.emplace_back(std::exchange(key_, ""), std::make_unique<Node>());
            last_ = open_.back()->parts.back().second.get();
        }
        last_->kind = kind;
        last_->text = std::move(text);
        return true;
    }
    bool enter() {
        open_.push_back(last_);
        return true;
    }
    bool leave() {
        open_.pop_back();
        return true;
    }

    std::vector<Node*> open_;
    Node* last_ = nullptr;
    std::string key_;
};

[[nodiscard]] std::optional<Node> parse(std::string_view text) {
    Builder builder;
    const bool good = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
    return good ? std::optional{std::move(builder.root)} : std::nullopt;
}

[[nodiscard]] std::optional<weir::Timestamp> parse_time(const std::string& text) {
    static const std::regex shape(
        R"((\d{4})-(\d\d)-(\d\d)[ Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?)");
    std::smatch part;
    if (!std::regex_match(text, part, shape)) {
        return std::nullopt;
    }
    const auto number = [&](std::size_t i) { return part[i].matched ? std::stoll(part[i]) : 0; };
    std::tm day{};
    day.tm_year = static_cast<int>(number(1)) - 1900;
    day.tm_mon = static_cast<int>(number(2)) - 1;
    day.tm_mday = static_cast<int>(number(3));
    const std::tm wanted = day;
    const std::time_t seconds = timegm(&day);  // moves a 30 February on to March
    if (day.tm_mon != wanted.tm_mon || day.tm_mday != wanted.tm_mday || number(4) > 23 || number(5) > 59 ||
        number(6) > 59 || number(9) > 23 || number(10) > 59) {
        return std::nullopt;
    }
    const std::string fraction = (part[7].str() + "000").substr(0, 3);
    const std::int64_t offset = (number(9) * 60 + number(10)) * (part[8] == "-" ? -60 : 60);
    const std::int64_t whole = seconds + number(4) * 3600 + number(5) * 60 + number(6) - offset;
    return weir::Timestamp{weir::Duration{whole * 1000 + std::stoi(fraction)}};
}

class SlowDecoder {
public:
    explicit SlowDecoder(CartTotal cart_total) : cart_total_{cart_total} {}

    [[nodiscard]] std::string decode(std::string_view record) {
        const std::size_t start = record.find_first_not_of(" \t\r\n");
        if (start == std::string_view::npos) {
            return "error: empty";
        }
        bool json = record[start] == '{';
        std::string error = json ? from_json(record) : from_tsv(record);
        if (json && error == "not_json" && std::count(record.begin(), record.end(), '\t') == 130) {
            json = false;
            event_ = ShopEvent{};
            error = from_tsv(record);
        }
        if (!error.empty()) {
            return "error: " + error;
        }
        if (event_.id.empty()) {
            return "error: missing_id";
        }
        if (time_.empty()) {
            return "error: missing_time";
        }
        const auto time = parse_time(time_);
        if (!time) {
            return "error: bad_time";
        }
        event_.time = *time;
        if (event_.cart_total && (cart_total_ == CartTotal::before || (cart_total_ == CartTotal::by_form && json))) {
            for (const auto& product : event_.products) {
                const weir::Decimal value = product.price.value_or(weir::Decimal{}) * product.quantity;
                if (event_.type == EventType::add_to_cart) {
                    event_.cart_total = *event_.cart_total + value;
                } else if (event_.type == EventType::remove_from_cart) {
                    event_.cart_total = *event_.cart_total - value;
                }
            }
        }
        return describe(event_);
    }

private:
    [[nodiscard]] std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

    static EventType type_of(std::string_view text) {
        for (int i = 0; i < 13; ++i) {
            if (name(static_cast<EventType>(i)) == text) {
                return static_cast<EventType>(i);
            }
        }
        return EventType::other;
    }

    void add_product(const Node& node) {
        const live_shopper::Product product{keep(node["id"].string()), keep(node["brand"].string()),
                                            keep(node["category"].string()), node["price"].decimal(),
                                            node["quantity"].whole(1e9, 1)};
        if (!product.id.empty() || !product.brand.empty() || !product.category.empty() || product.price) {
            event_.products.push_back(product);
        }
    }

    void add_products(const Node& list) {
        if (list.kind == Node::Kind::array) {
            for (const auto& part : list.parts) {
                add_product(*part.second);
            }
        }
    }

    void set_region(const std::string& country, const std::string& code, const std::string& name) {
        const std::string region = code.empty() ? name : code;
        event_.country = keep(country);
        event_.region = region.empty() ? "" : keep(country + "-" + region);
    }

    [[nodiscard]] std::string from_json(std::string_view record) {
        const auto parsed = parse(record);
        if (!parsed) {
            return "not_json";
        }
        const Node& root = *parsed;
        for (const char* key : {"id", "type", "timestamp"}) {
            const auto kind = root[key].kind;
            if (kind == Node::Kind::array || kind == Node::Kind::object || kind == Node::Kind::boolean ||
                (kind == Node::Kind::number && std::string_view{key} == "timestamp")) {
                return "wrong_type";
            }
        }
        event_.id = keep(root["id"].string());
        event_.type = type_of(root["type"].string());
        const Node& metadata = root["metadata"];
        if (event_.type == EventType::transaction &&
            metadata["event_vendor"].string() == "com.snowplowanalytics.snowplow") {
            event_.type = EventType::other;
        }
        time_ = root["timestamp"].string();
        if (time_.empty()) {
            time_ = metadata["collector_tstamp"].string();
        }

        const Node& payload = root["payload"];
        add_products(payload["products"]);
        if (event_.products.empty()) {
            add_product(payload["product"]);
        }
        event_.list_name = keep(payload["list_name"].string());
        event_.cart_total = payload["cart"]["total_value"].decimal();
        event_.checkout_step = static_cast<std::int32_t>(payload["checkout_step"]["step"].whole(2147483647, 0));
        event_.transaction_id = keep(payload["transaction"]["transaction_id"].string());
        event_.revenue = payload["transaction"]["revenue"].decimal();

        const Node& enrich = root["enrich"];
        event_.user_id = keep(enrich["user"]["user_id"].string());
        event_.domain_userid = keep(enrich["user"]["domain_userid"].string());
        event_.platform = keep(enrich["platform"].string());
        event_.user_agent = keep(enrich["client"]["useragent"].string());
        event_.device = live_shopper::device_class(event_.user_agent);
        event_.page_url = keep(payload["page_url"].string());
        if (event_.page_url.empty()) {
            event_.page_url = keep(enrich["client"]["page"]["page_url"].string());
        }
        const Node& marketing = enrich["marketing"];
        event_.marketing_campaign = keep(marketing["mkt_campaign"].string());
        event_.marketing_source = keep(marketing["mkt_source"].string());
        for (const auto& [key, value] : marketing.parts) {
            event_.has_marketing = event_.has_marketing || (key.rfind("mkt_", 0) == 0 && !value->string().empty());
        }
        const Node& geo = enrich["geo"].kind == Node::Kind::object ? enrich["geo"] : enrich["location"];
        event_.city = keep(geo["geo_city"].string());
        set_region(geo["geo_country"].string(), geo["geo_region"].string(), geo["geo_region_name"].string());

        event_.session_id = keep(root["session"]["sessionId"].string());
        if (event_.session_id.empty()) {
            event_.session_id = keep(root["session"]["domain_sessionid"].string());
        }
        return "";
    }

    [[nodiscard]] std::string from_tsv(std::string_view record) {
        std::vector<std::string> column{""};
        for (std::size_t begin = 0;;) {
            const std::size_t end = record.find('\t', begin);
            column.emplace_back(record.substr(begin, end - begin));
            if (end == std::string_view::npos) {
                break;
            }
            begin = end + 1;
        }
        if (column.size() != 132) {
            return "wrong_column_count";
        }
        event_.id = keep(column[7]);
        event_.user_id = keep(column[13]);
        event_.domain_userid = keep(column[16]);
        event_.platform = keep(column[2]);
        event_.page_url = keep(column[30]);
        event_.user_agent = keep(column[78]);
        event_.city = keep(column[21]);
        set_region(column[19], column[20], column[25]);
        event_.marketing_campaign = keep(column[52]);
        event_.marketing_source = keep(column[49]);
        for (const std::size_t i : {48U, 49U, 50U, 51U, 52U, 117U, 118U}) {
            event_.has_marketing = event_.has_marketing || !column[i].empty();
        }
        time_ = column[125].empty() ? column[4] : column[125];
        event_.session_id = keep(column[124]);

        const std::string shop = "iglu:com.snowplowanalytics.snowplow.ecommerce/";
        const auto is = [](const Node& node, const std::string& schema) {
            return node["schema"].string().rfind(schema + "/jsonschema/1-", 0) == 0;
        };
        const auto first = [&](const Node& list, const std::string& schema) -> const Node& {
            static const Node missing;
            for (const auto& part : list["data"].parts) {
                if (const Node& data = (*part.second)["data"];
                    is(*part.second, schema) && data.kind != Node::Kind::missing) {
                    return data;
                }
            }
            return missing;
        };
        Node entities;
        if (!column[53].empty()) {
            auto parsed = parse(column[53]);
            if (!parsed || parsed->kind != Node::Kind::object) {
                return "not_json";
            }
            entities = std::move(*parsed);
        }
        for (const auto& part : entities["data"].parts) {
            if (is(*part.second, shop + "product")) {
                add_product((*part.second)["data"]);
            }
        }
        event_.cart_total = first(entities, shop + "cart")["total_value"].decimal();
        event_.checkout_step =
            static_cast<std::int32_t>(first(entities, shop + "checkout_step")["step"].whole(2147483647, 0));
        event_.transaction_id = keep(first(entities, shop + "transaction")["transaction_id"].string());
        event_.revenue = first(entities, shop + "transaction")["revenue"].decimal();
        const std::string session =
            first(entities, "iglu:com.snowplowanalytics.snowplow/client_session")["sessionId"].string();
        if (!session.empty()) {
            event_.session_id = keep(session);
        }
        if (column[6] == "page_view" || column[6] == "page_ping") {
            event_.type = type_of(column[6]);
        } else if (column[6] == "unstruct" && !column[59].empty()) {
            const auto parsed = parse(column[59]);
            if (!parsed || parsed->kind != Node::Kind::object) {
                return "not_json";
            }
            const Node& described = (*parsed)["data"];
            if (is(described, shop + "snowplow_ecommerce_action")) {
                event_.type = type_of(described["data"]["type"].string());
                event_.list_name = keep(described["data"]["name"].string());
                add_products(described["data"]["products"]);
            }
        }
        if (column[123].find("yauaa_context") != std::string::npos) {
            const auto parsed = parse(column[123]);
            if (!parsed || parsed->kind != Node::Kind::object) {
                return "not_json";
            }
            event_.device = live_shopper::device_class_of_yauaa(
                keep(first(*parsed, "iglu:nl.basjes/yauaa_context")["deviceClass"].string()));
        }
        if (event_.device == live_shopper::DeviceClass::unknown) {
            event_.device = live_shopper::device_class(event_.user_agent);
        }
        return "";
    }

    CartTotal cart_total_;
    ShopEvent event_;
    std::string time_;
    std::deque<std::string> kept_;
};

}  // namespace

std::string slowly_decoded(std::string_view record, CartTotal cart_total) {
    return SlowDecoder{cart_total}.decode(record);
}

}  // namespace live_shopper_tests
