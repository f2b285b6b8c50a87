// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "payload.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <weir/version.hpp>

#include "enriched_columns.hpp"
#include "json_text.hpp"

namespace storefront {
namespace {

using Json = nlohmann::json;
using namespace std::string_view_literals;

// The properties of payload_data 1-0-4.
constexpr std::array known_parameters{
    "tna"sv,    "aid"sv,    "p"sv,       "dtm"sv,    "tz"sv,    "e"sv,     "tid"sv,     "eid"sv,    "tv"sv,
    "duid"sv,   "nuid"sv,   "uid"sv,     "vid"sv,    "ip"sv,    "res"sv,   "url"sv,     "page"sv,   "refr"sv,
    "fp"sv,     "ctype"sv,  "cookie"sv,  "lang"sv,   "f_pdf"sv, "f_qt"sv,  "f_realp"sv, "f_wma"sv,  "f_dir"sv,
    "f_fla"sv,  "f_java"sv, "f_gears"sv, "f_ag"sv,   "cd"sv,    "ds"sv,    "cs"sv,      "vp"sv,     "mac"sv,
    "pp_mix"sv, "pp_max"sv, "pp_miy"sv,  "pp_may"sv, "ad_ba"sv, "ad_ca"sv, "ad_ad"sv,   "ad_uid"sv, "tr_id"sv,
    "tr_af"sv,  "tr_tt"sv,  "tr_tx"sv,   "tr_sh"sv,  "tr_ci"sv, "tr_st"sv, "tr_co"sv,   "tr_cu"sv,  "ti_id"sv,
    "ti_sk"sv,  "ti_nm"sv,  "ti_na"sv,   "ti_ca"sv,  "ti_pr"sv, "ti_qu"sv, "ti_cu"sv,   "sa"sv,     "sn"sv,
    "st"sv,     "sp"sv,     "se_ca"sv,   "se_ac"sv,  "se_la"sv, "se_pr"sv, "se_va"sv,   "ue_na"sv,  "ue_pr"sv,
    "ue_px"sv,  "co"sv,     "cx"sv,      "ua"sv,     "tnuid"sv, "stm"sv,   "sid"sv,     "ttm"sv};

constexpr std::array required_parameters{"tv"sv, "p"sv, "e"sv};

bool is_known(std::string_view name) {
    return std::find(known_parameters.begin(), known_parameters.end(), name) != known_parameters.end();
}

// What was found, for a message: short, and valid UTF-8.
std::string shown(std::string_view text) {
    auto out = tsv_value(text, 80);
    if (out.size() < text.size()) {
        out += "...";
    }
    return '"' + out + '"';
}

// iglu:VENDOR/NAME/FORMAT/MODEL-REVISION-ADDITION
struct SchemaKey {
    std::string_view vendor;
    std::string_view name;
    std::string_view format;
    std::string_view version;
};

std::optional<SchemaKey> parse_schema(std::string_view text) {
    if (!text.starts_with("iglu:")) {
        return std::nullopt;
    }
    text.remove_prefix(5);
    std::array<std::string_view, 4> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto slash = text.find('/');
        if ((slash == std::string_view::npos) != (i == 3)) {
            return std::nullopt;
        }
        parts[i] = text.substr(0, slash);
        text.remove_prefix(std::min(text.size(), parts[i].size() + 1));
        if (!is_plain_name(parts[i])) {
            return std::nullopt;
        }
    }
    const auto& version = parts[3];
    int numbers = 0;
    bool digits = false;
    for (const char c : version) {
        if (c == '-') {
            if (!digits) {
                return std::nullopt;
            }
            digits = false;
        } else if (c >= '0' && c <= '9') {
            numbers += digits ? 0 : 1;
            digits = true;
        } else {
            return std::nullopt;
        }
    }
    if (numbers != 3 || !digits) {
        return std::nullopt;
    }
    return SchemaKey{parts[0], parts[1], parts[2], version};
}

bool is_snowplow(const std::optional<SchemaKey>& schema, std::string_view name) {
    return schema && schema->vendor == "com.snowplowanalytics.snowplow" && schema->name == name &&
           schema->format == "jsonschema" && schema->version.starts_with("1-0-");
}

Json parsed(std::string_view text) { return Json::parse(text, nullptr, false); }

bool has_schema_and_data(const Json& json) {
    return json.is_object() && json.contains("data") && json.contains("schema") && json["schema"].is_string();
}

// The same with a schema that is one.
bool is_self_describing(const Json& json) {
    return has_schema_and_data(json) && parse_schema(json["schema"].get_ref<const std::string&>());
}

// A `{"schema": .., "data": ..}` whose schema has that name; else what is wrong.
std::optional<std::string> self_describing_trouble(const Json& json, std::string_view name) {
    if (json.is_discarded()) {
        return "no JSON";
    }
    if (!has_schema_and_data(json)) {
        return "no object with a schema and data";
    }
    const auto& schema = json["schema"].get_ref<const std::string&>();
    if (!is_snowplow(parse_schema(schema), name)) {
        return fmt::format("its schema is {}, not {} 1-0-x", shown(schema), name);
    }
    return std::nullopt;
}

template <class T>
std::optional<T> number(std::string_view text) {
    T value{};
    if constexpr (std::is_integral_v<T>) {
        text.remove_prefix(text.starts_with('+') ? 1 : 0);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

enum class Kind : std::uint8_t { text, whole, real, yes_no, time, id };

struct Mapping {
    std::string_view parameter;
    std::size_t column;
    Kind kind;
};

constexpr std::array mappings{
    Mapping{"aid", column("app_id"), Kind::text},
    Mapping{"p", column("platform"), Kind::text},
    Mapping{"dtm", column("dvce_created_tstamp"), Kind::time},
    Mapping{"stm", column("dvce_sent_tstamp"), Kind::time},
    Mapping{"ttm", column("true_tstamp"), Kind::time},
    Mapping{"eid", column("event_id"), Kind::id},
    Mapping{"tid", column("txn_id"), Kind::whole},
    Mapping{"tna", column("name_tracker"), Kind::text},
    Mapping{"tv", column("v_tracker"), Kind::text},
    Mapping{"uid", column("user_id"), Kind::text},
    Mapping{"fp", column("user_fingerprint"), Kind::text},
    Mapping{"duid", column("domain_userid"), Kind::text},
    Mapping{"vid", column("domain_sessionidx"), Kind::whole},
    Mapping{"sid", column("domain_sessionid"), Kind::id},
    Mapping{"page", column("page_title"), Kind::text},
    Mapping{"refr", column("page_referrer"), Kind::text},
    Mapping{"se_ca", column("se_category"), Kind::text},
    Mapping{"se_ac", column("se_action"), Kind::text},
    Mapping{"se_la", column("se_label"), Kind::text},
    Mapping{"se_pr", column("se_property"), Kind::text},
    Mapping{"se_va", column("se_value"), Kind::real},
    Mapping{"tr_id", column("tr_orderid"), Kind::text},
    Mapping{"tr_af", column("tr_affiliation"), Kind::text},
    Mapping{"tr_tt", column("tr_total"), Kind::real},
    Mapping{"tr_tx", column("tr_tax"), Kind::real},
    Mapping{"tr_sh", column("tr_shipping"), Kind::real},
    Mapping{"tr_ci", column("tr_city"), Kind::text},
    Mapping{"tr_st", column("tr_state"), Kind::text},
    Mapping{"tr_co", column("tr_country"), Kind::text},
    Mapping{"tr_cu", column("tr_currency"), Kind::text},
    Mapping{"ti_id", column("ti_orderid"), Kind::text},
    Mapping{"ti_sk", column("ti_sku"), Kind::text},
    Mapping{"ti_nm", column("ti_name"), Kind::text},
    Mapping{"ti_na", column("ti_name"), Kind::text},
    Mapping{"ti_ca", column("ti_category"), Kind::text},
    Mapping{"ti_pr", column("ti_price"), Kind::real},
    Mapping{"ti_qu", column("ti_quantity"), Kind::whole},
    Mapping{"ti_cu", column("ti_currency"), Kind::text},
    Mapping{"pp_mix", column("pp_xoffset_min"), Kind::whole},
    Mapping{"pp_max", column("pp_xoffset_max"), Kind::whole},
    Mapping{"pp_miy", column("pp_yoffset_min"), Kind::whole},
    Mapping{"pp_may", column("pp_yoffset_max"), Kind::whole},
    Mapping{"lang", column("br_lang"), Kind::text},
    Mapping{"f_pdf", column("br_features_pdf"), Kind::yes_no},
    Mapping{"f_fla", column("br_features_flash"), Kind::yes_no},
    Mapping{"f_java", column("br_features_java"), Kind::yes_no},
    Mapping{"f_dir", column("br_features_director"), Kind::yes_no},
    Mapping{"f_qt", column("br_features_quicktime"), Kind::yes_no},
    Mapping{"f_realp", column("br_features_realplayer"), Kind::yes_no},
    Mapping{"f_wma", column("br_features_windowsmedia"), Kind::yes_no},
    Mapping{"f_gears", column("br_features_gears"), Kind::yes_no},
    Mapping{"f_ag", column("br_features_silverlight"), Kind::yes_no},
    Mapping{"cookie", column("br_cookies"), Kind::yes_no},
    Mapping{"cd", column("br_colordepth"), Kind::text},
    Mapping{"tz", column("os_timezone"), Kind::text},
    Mapping{"cs", column("doc_charset"), Kind::text},
};

struct Size {
    std::string_view parameter;
    std::size_t width;
    std::size_t height;
};

constexpr std::array sizes{Size{"res", column("dvce_screenwidth"), column("dvce_screenheight")},
                           Size{"vp", column("br_viewwidth"), column("br_viewheight")},
                           Size{"ds", column("doc_width"), column("doc_height")}};

struct EventKind {
    std::string_view parameter;
    std::string_view event;
    std::string_view vendor;
    std::string_view name;
};

constexpr std::array event_kinds{
    EventKind{"pv", "page_view", "com.snowplowanalytics.snowplow", "page_view"},
    EventKind{"pp", "page_ping", "com.snowplowanalytics.snowplow", "page_ping"},
    EventKind{"se", "struct", "com.google.analytics", "event"},
    EventKind{"tr", "transaction", "com.snowplowanalytics.snowplow", "transaction"},
    EventKind{"ti", "transaction_item", "com.snowplowanalytics.snowplow", "transaction_item"},
    EventKind{"ad", "ad_impression", "com.snowplowanalytics.snowplow", "ad_impression"},
    EventKind{"ue", "unstruct", "", ""}};

constexpr Millis last_time = 253'402'300'799'999;  // the year 9999

class Row {
public:
    void set(std::size_t at, std::string_view value) {
        values_[at] = tsv_value(value, enriched_columns[at].max_length);
    }
    [[nodiscard]] const std::string& operator[](std::size_t at) const { return values_[at]; }

    [[nodiscard]] std::string text() const {
        std::string out;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            if (i != 0) {
                out += '\t';
            }
            out += values_[i];
        }
        return out;
    }

private:
    std::array<std::string, enriched_columns.size()> values_;
};

// Puts a parameter's value into its column; what was wanted where it does not fit.
std::string_view put(Row& row, const Mapping& mapping, std::string_view value) {
    switch (mapping.kind) {
        case Kind::text:
            row.set(mapping.column, value);
            return {};
        case Kind::whole: {
            const auto whole = number<std::int32_t>(value);
            if (!whole) {
                return "a whole number";
            }
            row.set(mapping.column, std::to_string(*whole));
            return {};
        }
        case Kind::real: {
            const auto real = number<double>(value);
            if (!real || !std::isfinite(*real)) {
                return "a number";
            }
            row.set(mapping.column, fmt::format("{}", *real));
            return {};
        }
        case Kind::yes_no:
            if (value != "0" && value != "1" && value != "true" && value != "false") {
                return "1 or 0";
            }
            row.set(mapping.column, value == "1" || value == "true" ? "1" : "0");
            return {};
        case Kind::time: {
            const auto time = number<Millis>(value);
            if (!time || *time < 0 || *time > last_time) {
                return "milliseconds since 1970";
            }
            row.set(mapping.column, tsv_time(*time));
            return {};
        }
        case Kind::id:
            if (!is_uuid(value)) {
                return "a UUID";
            }
            row.set(mapping.column, lower(value));
            return {};
    }
    return {};
}

std::optional<Bad> put_size(Row& row, const Size& size, std::string_view value) {
    const auto cross = value.find('x');
    const auto width = number<std::int32_t>(value.substr(0, cross));
    const auto height = cross == std::string_view::npos ? std::nullopt : number<std::int32_t>(value.substr(cross + 1));
    if (!width || !height) {
        return Bad{"bad_value",
                   fmt::format("{}: expected a size such as 1024x768, found {}", size.parameter, shown(value))};
    }
    row.set(size.width, std::to_string(*width));
    row.set(size.height, std::to_string(*height));
    return std::nullopt;
}

// The JSON of a parameter that comes plain or in base64. Its own text goes into the column: no number is respelled.
std::variant<std::string, Bad> json_text(const Parameters& parameters, std::string_view plain,
                                         std::string_view encoded) {
    if (const auto value = find(parameters, plain); !value.empty()) {
        return std::string{value};
    }
    const auto value = find(parameters, encoded);
    if (value.empty()) {
        return std::string{};
    }
    auto text = base64_decoded(value);
    if (!text) {
        return Bad{"bad_base64", fmt::format("{}: expected base64, found {}", encoded, shown(value))};
    }
    return std::move(*text);
}

std::optional<Bad> put_contexts(Row& row, const Parameters& parameters) {
    const auto text = json_text(parameters, "co", "cx");
    if (const auto* bad = std::get_if<Bad>(&text)) {
        return *bad;
    }
    const auto& contexts = std::get<std::string>(text);
    if (contexts.empty()) {
        return std::nullopt;
    }
    const Json json = parsed(contexts);
    auto trouble = self_describing_trouble(json, "contexts");
    if (!trouble && !json["data"].is_array()) {
        trouble = "its data is no array";
    }
    if (!trouble && !std::all_of(json["data"].begin(), json["data"].end(), is_self_describing)) {
        trouble = "an entity has no data or no schema such as iglu:VENDOR/NAME/jsonschema/1-0-0";
    }
    if (trouble) {
        return Bad{"bad_contexts", fmt::format("contexts: {}", *trouble)};
    }
    row.set(column("contexts"), contexts);
    return std::nullopt;
}

std::optional<Bad> put_event(Row& row, const Parameters& parameters) {
    const auto e = find(parameters, "e");
    const auto kind =
        std::find_if(event_kinds.begin(), event_kinds.end(), [&](const EventKind& k) { return k.parameter == e; });
    if (kind == event_kinds.end()) {
        return Bad{"unknown_event", fmt::format("e: expected pv, pp, ue, se, tr, ti or ad, found {}", shown(e))};
    }
    row.set(column("event"), kind->event);
    row.set(column("event_vendor"), kind->vendor);
    row.set(column("event_name"), kind->name);
    row.set(column("event_format"), "jsonschema");
    row.set(column("event_version"), "1-0-0");
    if (e != "ue") {
        return std::nullopt;
    }
    const auto text = json_text(parameters, "ue_pr", "ue_px");
    if (const auto* bad = std::get_if<Bad>(&text)) {
        return *bad;
    }
    const auto& body = std::get<std::string>(text);
    const Json json = parsed(body);
    auto trouble = self_describing_trouble(json, "unstruct_event");
    if (!trouble && !is_self_describing(json["data"])) {
        trouble = "the event has no data or no schema such as iglu:VENDOR/NAME/jsonschema/1-0-0";
    }
    if (trouble) {
        return Bad{"bad_unstruct_event", fmt::format("unstruct event: {}", *trouble)};
    }
    const auto schema = *parse_schema(json["data"]["schema"].get_ref<const std::string&>());
    row.set(column("event_vendor"), schema.vendor);
    row.set(column("event_name"), schema.name);
    row.set(column("event_format"), schema.format);
    row.set(column("event_version"), schema.version);
    row.set(column("unstruct_event"), body);
    return std::nullopt;
}

// The parts of a URL have columns beside one another, from `first` on.
static_assert(column("page_urlfragment") == column("page_urlscheme") + 5);
static_assert(column("refr_urlfragment") == column("refr_urlscheme") + 5);

void put_url(Row& row, std::size_t first, const Url& url) {
    row.set(first, url.scheme);
    row.set(first + 1, url.host);
    row.set(first + 2, url.port == 0 ? std::string{} : std::to_string(url.port));
    row.set(first + 3, url.path);
    row.set(first + 4, url.query);
    row.set(first + 5, url.fragment);
}

void put_page(Row& row, const std::string& page_url) {
    row.set(column("page_url"), page_url);
    const auto url = parse_url(page_url);
    if (!url) {
        return;
    }
    put_url(row, column("page_urlscheme"), *url);

    const auto query = parse_query(url->query);
    row.set(column("mkt_medium"), find(query, "utm_medium"));
    row.set(column("mkt_source"), find(query, "utm_source"));
    row.set(column("mkt_term"), find(query, "utm_term"));
    row.set(column("mkt_content"), find(query, "utm_content"));
    row.set(column("mkt_campaign"), find(query, "utm_campaign"));
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> networks{
        {{"gclid", "Google"}, {"msclkid", "Microsoft"}, {"dclid", "DoubleClick"}}};
    for (const auto& [parameter, network] : networks) {
        if (const auto id = find(query, parameter); !id.empty()) {
            row.set(column("mkt_clickid"), id);
            row.set(column("mkt_network"), network);
            break;
        }
    }
    // Links between sites carry who came, and when: _sp=ID.TIME
    const auto link = find(query, "_sp");
    const auto dot = link.find('.');
    row.set(column("refr_domain_userid"), link.substr(0, dot));
    if (dot != std::string_view::npos) {
        const auto rest = link.substr(dot + 1);
        const auto time = number<Millis>(rest.substr(0, rest.find('.')));
        if (time && *time >= 0 && *time <= last_time) {
            row.set(column("refr_dvce_tstamp"), tsv_time(*time));
        }
    }
}

void put_referrer(Row& row) {
    const auto& text = row[column("page_referrer")];
    const auto url = parse_url(text);
    if (!url) {
        return;
    }
    put_url(row, column("refr_urlscheme"), *url);
    // Without a database of search engines there is only this to tell.
    row.set(column("refr_medium"), url->host == row[column("page_urlhost")] ? "internal" : "unknown");
}

std::optional<Millis> time_of(const Parameters& parameters, std::string_view name) {
    return number<Millis>(find(parameters, name));
}

Millis derived_time(const Parameters& parameters, Millis collected) {
    if (const auto told = time_of(parameters, "ttm")) {
        return *told;
    }
    const auto created = time_of(parameters, "dtm");
    const auto sent = time_of(parameters, "stm");
    if (!created || !sent || *created >= *sent) {
        return collected;
    }
    // Both are by the device's clock: how long the event waited there is right however wrong the clock is, unless the
    // clock was set in between.
    const Millis derived = collected - (*sent - *created);
    return derived < 0 ? collected : derived;
}

const std::string& version() {
    static const auto text =
        fmt::format("weir-storefront-{}.{}.{}", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR, WEIR_VERSION_PATCH);
    return text;
}

std::optional<Bad> missing_parameter(const Parameters& parameters) {
    for (const auto name : required_parameters) {
        const bool there =
            std::any_of(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; });
        if (!there) {
            return Bad{"missing_key", fmt::format("an event has no \"{}\"", name)};
        }
    }
    return std::nullopt;
}

}  // namespace

std::variant<std::vector<Parameters>, Bad> read_payload(std::string_view body, std::string_view content_type,
                                                        const Pairs& query, std::size_t max_events) {
    auto type = lower(content_type.substr(0, content_type.find(';')));
    while (type.ends_with(' ')) {
        type.pop_back();
    }
    if (body.empty()) {
        return Bad{"empty_body", "a POST without a body"};
    }
    if (type != "application/json") {
        return Bad{"wrong_content_type", fmt::format("expected application/json, found {}", shown(content_type))};
    }
    const Json json = parsed(body);
    if (json.is_discarded()) {
        return Bad{"not_json", "the body is no JSON"};
    }
    if (const auto trouble = self_describing_trouble(json, "payload_data")) {
        return Bad{"wrong_schema", *trouble};
    }
    const Json& data = json["data"];
    if (!data.is_array() || data.empty()) {
        return Bad{"no_events", "data is no array of one or more events"};
    }
    if (data.size() > max_events) {
        return Bad{"too_many_events", fmt::format("{} events, expected at most {}", data.size(), max_events)};
    }
    std::vector<Parameters> events;
    for (const Json& event : data) {
        if (!event.is_object()) {
            return Bad{"no_events", "an event is no object"};
        }
        Parameters parameters;
        for (const auto& [key, value] : event.items()) {
            if (!is_known(key)) {
                return Bad{"unknown_key", fmt::format("an event has the unknown key {}", shown(key))};
            }
            if (!value.is_string()) {
                return Bad{"not_text", fmt::format("the value of \"{}\" is no text", key)};
            }
            parameters.emplace_back(key, value.get_ref<const std::string&>());
        }
        if (auto bad = missing_parameter(parameters)) {
            return std::move(*bad);
        }
        for (const auto& [name, value] : query) {
            if (is_known(name) && find(parameters, name).empty()) {
                parameters.emplace_back(name, valid_utf8(value));
            }
        }
        events.push_back(std::move(parameters));
    }
    return events;
}

std::variant<std::vector<Parameters>, Bad> read_query(const Pairs& query) {
    Parameters parameters;
    for (const auto& [name, value] : query) {
        if (is_known(name) && find(parameters, name).empty()) {  // others are for caches: `_`, `rand`
            parameters.emplace_back(name, valid_utf8(value));
        }
    }
    if (parameters.empty()) {
        return Bad{"empty_query", "a GET without an event"};
    }
    if (auto bad = missing_parameter(parameters)) {
        return std::move(*bad);
    }
    return std::vector<Parameters>{std::move(parameters)};
}

std::variant<EnrichedEvent, Bad> enrich(const Parameters& parameters, const Circumstances& circumstances) {
    Row row;
    if (auto bad = put_event(row, parameters)) {
        return std::move(*bad);
    }
    for (const Mapping& mapping : mappings) {
        const auto value = find(parameters, mapping.parameter);
        if (value.empty()) {
            continue;
        }
        if (const auto wanted = put(row, mapping, value); !wanted.empty()) {
            return Bad{"bad_value", fmt::format("{}: expected {}, found {}", mapping.parameter, wanted, shown(value))};
        }
    }
    for (const Size& size : sizes) {
        if (const auto value = find(parameters, size.parameter); !value.empty()) {
            if (auto bad = put_size(row, size, value)) {
                return std::move(*bad);
            }
        }
    }
    if (auto bad = put_contexts(row, parameters)) {
        return std::move(*bad);
    }
    const auto or_else = [&](std::string_view name, const std::string& other) {
        const auto value = find(parameters, name);
        return value.empty() ? other : std::string{value};
    };
    if (row[column("event_id")].empty()) {
        row.set(column("event_id"), make_uuid());
    }
    put_page(row, or_else("url", circumstances.referrer));
    put_referrer(row);
    row.set(column("etl_tstamp"), tsv_time(circumstances.enriched));
    row.set(column("collector_tstamp"), tsv_time(circumstances.collected));
    row.set(column("derived_tstamp"), tsv_time(derived_time(parameters, circumstances.collected)));
    row.set(column("v_collector"), version());
    row.set(column("v_etl"), version());
    row.set(column("useragent"), or_else("ua", circumstances.user_agent));
    row.set(column("user_ipaddress"), or_else("ip", circumstances.anonymous ? std::string{} : circumstances.address));
    row.set(
        column("network_userid"),
        or_else("tnuid", or_else("nuid", circumstances.anonymous ? std::string{"00000000-0000-0000-0000-000000000000"}
                                                                 : circumstances.network_userid)));
    row.set(column("geo_country"), circumstances.country);
    row.set(column("geo_region"), circumstances.region);
    row.set(column("geo_city"), circumstances.city);
    return EnrichedEvent{row[column("domain_userid")], row.text()};
}

std::string bad_row(const Bad& bad, const Circumstances& circumstances, std::string_view path,
                    std::string_view payload) {
    constexpr std::size_t most = std::size_t{64} << 10;
    nlohmann::ordered_json row;
    row["reason"] = bad.reason;
    row["detail"] = bad.detail;
    row["collector_tstamp"] = tsv_time(circumstances.collected);
    row["processor"] = version();
    row["path"] = path;
    row["useragent"] = circumstances.user_agent;
    row["network_userid"] = circumstances.anonymous ? std::string{} : circumstances.network_userid;
    row["address"] = circumstances.anonymous ? std::string{} : circumstances.address;
    row["payload_bytes"] = payload.size();
    row["payload"] = payload.substr(0, most);
    return dump(row);
}

}  // namespace storefront
