// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "config.hpp"
#include "features.hpp"
#include "json_text.hpp"
#include "located_json.hpp"

namespace storefront {
namespace {

using Json = nlohmann::json;
using live_shopper::ConfigError;

constexpr std::array<std::pair<std::string_view, Take>, 7> takes{{{"low", Take::low},
                                                                  {"high", Take::high},
                                                                  {"width", Take::width},
                                                                  {"ratio", Take::ratio},
                                                                  {"most", Take::most},
                                                                  {"sum", Take::sum},
                                                                  {"count", Take::count}}};

constexpr std::array<std::pair<std::string_view, Test::Kind>, 9> comparisons{{{"at_least", Test::Kind::at_least},
                                                                              {"more_than", Test::Kind::more_than},
                                                                              {"at_most", Test::Kind::at_most},
                                                                              {"less_than", Test::Kind::less_than},
                                                                              {"is", Test::Kind::is},
                                                                              {"is_not", Test::Kind::is_not},
                                                                              {"missing", Test::Kind::missing},
                                                                              {"unchanged", Test::Kind::unchanged},
                                                                              {"rose_after", Test::Kind::rose_after}}};

enum class Shape : std::uint8_t { plain, range, counts, list };

Shape shape(std::string_view feature) {
    if (feature == "price_range_viewed") {
        return Shape::range;
    }
    if (feature == "return_view_count") {
        return Shape::counts;
    }
    return feature == "shopper_device_types" || feature == "shopper_locations" ? Shape::list : Shape::plain;
}

std::string in_quotes(std::string_view text) { return dump(Json(text)); }

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

class Reader {
public:
    Rules read(const LocatedJson& file) {
        file.only({"rules"});
        for (const LocatedJson& item : file.at("rules").items("an array of rules")) {
            rules_.rules.push_back(rule(item));
        }
        return std::move(rules_);
    }

private:
    std::size_t index(const Feature& feature) {
        const auto found = std::find(rules_.features.begin(), rules_.features.end(), feature);
        if (found != rules_.features.end()) {
            return static_cast<std::size_t>(found - rules_.features.begin());
        }
        rules_.features.push_back(feature);
        return rules_.features.size() - 1;
    }

    std::size_t feature(const LocatedJson& object) {
        const LocatedJson& named = object.at("feature");
        const auto name = named.text("a feature's name");
        std::vector<std::string_view> names;
        std::vector<std::string_view> windows;
        for (const Feature& f : feature_catalogue()) {
            names.push_back(f.name);
            if (f.name == name) {
                windows.push_back(f.window);
            }
        }
        if (windows.empty()) {
            const auto meant = live_shopper::nearest(name, names);
            named.fail(meant.empty()
                           ? fmt::format("there is no feature {}", in_quotes(name))
                           : fmt::format("there is no feature {}, did you mean \"{}\"?", in_quotes(name), meant));
        }
        const LocatedJson* const given = object.find("window");
        const auto window = given == nullptr ? std::string{} : given->text("a window such as 1h");
        if (std::find(windows.begin(), windows.end(), window) == windows.end()) {
            std::string known;
            for (const auto w : windows) {
                known += (known.empty() ? "" : ", ") + std::string{w};
            }
            if (known.empty()) {
                given->fail(fmt::format("{} is a session's and has no window", name));
            }
            (given == nullptr ? named : *given)
                .fail(fmt::format("expected a window of {}: {}, found {}", name, known,
                                  given == nullptr ? "none" : in_quotes(window)));
        }
        const auto found = std::find_if(feature_catalogue().begin(), feature_catalogue().end(),
                                        [&](const Feature& f) { return f.name == name && f.window == window; });
        return index(*found);
    }

    Test test(const LocatedJson& object) {
        std::vector<std::string_view> known{"feature", "window", "take", "or_missing"};
        for (const auto& comparison : comparisons) {
            known.push_back(comparison.first);
        }
        object.only(known);
        Test out;
        out.feature = feature(object);
        const Feature f = rules_.features[out.feature];  // a copy: more features may come
        const auto label = f.label();

        const LocatedJson* operand = nullptr;
        std::string_view word;
        for (const auto& [name, kind] : comparisons) {
            if (const LocatedJson* const found = object.find(name)) {
                if (operand != nullptr) {
                    object.fail_at_key(name,
                                       fmt::format("expected one comparison, found \"{}\" and \"{}\"", word, name));
                }
                operand = found;
                word = name;
                out.kind = kind;
            }
        }
        if (operand == nullptr) {
            object.fail(fmt::format(
                "expected a comparison with {}: at_least, more_than, at_most, less_than, is, is_not, missing, "
                "unchanged or rose_after",
                label));
        }
        std::string subject = label;
        if (const LocatedJson* const given = object.find("take")) {
            const auto name = given->text("low, high, width, ratio, most, sum or count");
            const auto found = std::find_if(takes.begin(), takes.end(), [&](const auto& t) { return t.first == name; });
            if (found == takes.end()) {
                given->fail_expected("low, high, width, ratio, most, sum or count");
            }
            out.take = found->second;
            subject = fmt::format("{} of {}", name, label);
            const bool of_range = out.take <= Take::ratio;
            const auto what = shape(f.name);
            if (what == Shape::plain || (what == Shape::range) != of_range ||
                (what == Shape::list && out.take != Take::count)) {
                given->fail(fmt::format("there is no {} of {}", name, f.name));
            }
        }
        if (const LocatedJson* const given = object.find("or_missing")) {
            out.or_missing = given->flag();
        }
        using Kind = Test::Kind;
        if (out.kind <= Kind::less_than || (out.kind <= Kind::is_not && operand->value().is_number())) {
            out.number = operand->number("a number");
            if (out.take == Take::number && shape(f.name) != Shape::plain) {
                object.fail_at_key(word, fmt::format("{} is no number; say which with \"take\"", f.name));
            }
        } else if (out.kind <= Kind::is_not) {
            if (!operand->value().is_string()) {
                operand->fail_expected("a number or a text");
            }
            out.textual = true;
            out.text = operand->value().get<std::string>();
        } else if (out.kind == Kind::rose_after) {
            operand->only({"feature", "window"});
            out.other = feature(*operand);
        } else {
            out.flag = operand->flag();
            if (out.kind == Kind::unchanged && !out.flag) {
                operand->fail("expected true: what changes all the time cannot be waited for");
            }
        }
        out.described = describe(out, subject, word);
        return out;
    }

    std::string describe(const Test& t, const std::string& subject, std::string_view word) const {
        std::string words{word};
        std::replace(words.begin(), words.end(), '_', ' ');
        const std::string or_missing = t.or_missing ? " or missing" : "";
        switch (t.kind) {
            case Test::Kind::missing:
                return subject + (t.flag ? " missing" : " there");
            case Test::Kind::unchanged:
                return subject + " unchanged";
            case Test::Kind::rose_after:
                return fmt::format("{} rose after {}", subject, rules_.features[t.other].label());
            default:
                return fmt::format("{} {} {}{}", subject, words,
                                   t.textual ? in_quotes(t.text) : fmt::format("{}", t.number), or_missing);
        }
    }

    Condition condition(const LocatedJson& object) {
        Condition out;
        const auto keys = object.keys();
        if (keys.size() == 1 && (keys[0] == "all" || keys[0] == "any")) {
            out.kind = keys[0] == "all" ? Condition::Kind::all : Condition::Kind::any;
            const auto& parts = object.at(keys[0]).items("an array of conditions");
            if (parts.empty()) {
                object.at(keys[0]).fail("expected one or more conditions");
            }
            for (const LocatedJson& part : parts) {
                out.parts.push_back(condition(part));
            }
        } else if (keys.size() == 1 && keys[0] == "not") {
            out.kind = Condition::Kind::none;
            out.parts.push_back(condition(object.at("not")));
        } else if (object.find("feature") != nullptr) {
            out.test = test(object);
        } else if (!keys.empty() && (keys[0] == "all" || keys[0] == "any" || keys[0] == "not")) {
            object.fail_at_key(keys[1], fmt::format("\"{}\" stands alone", keys[0]));
        } else {
            object.fail("expected a condition: all, any, not or a feature");
        }
        return out;
    }

    Deed deed(const LocatedJson& object) {
        Deed out;
        const auto& kind = object.at("kind");
        out.kind = kind.text("chat, discount, free_shipping or looked_at");
        out.text = object.at("text").text("a text");
        if (out.kind == "discount") {
            object.only({"kind", "text", "code", "percent"});
            out.code = object.at("code").text("a discount code");
            const auto percent = object.at("percent").number("a whole number from 1 to 90");
            if (percent < 1 || percent > 90 || percent != std::floor(percent)) {
                object.at("percent").fail_expected("a whole number from 1 to 90");
            }
            out.percent = static_cast<int>(percent);
        } else if (out.kind == "looked_at") {
            object.only({"kind", "text", "feature", "window", "least"});
            out.feature = feature(object);
            if (shape(rules_.features[out.feature].name) != Shape::counts) {
                object.at("feature").fail("expected a feature that counts products, such as return_view_count");
            }
            if (const LocatedJson* const least = object.find("least")) {
                out.least = static_cast<int>(std::clamp(least->number("a number of views"), 1.0, 1000.0));
            }
        } else if (out.kind == "chat" || out.kind == "free_shipping") {
            object.only({"kind", "text"});
        } else {
            kind.fail_expected("chat, discount, free_shipping or looked_at");
        }
        return out;
    }

    Rule rule(const LocatedJson& object) {
        object.only({"name", "title", "when", "for", "cool_down", "do"});
        Rule out;
        out.name = object.at("name").text("a rule's name");
        const bool plain = std::all_of(out.name.begin(), out.name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        });
        if (!plain || out.name.size() > 64) {
            object.at("name").fail_expected("a name of small letters, digits and _");
        }
        if (!names_.insert(out.name).second) {
            object.at("name").fail(fmt::format("there is a rule \"{}\" already", out.name));
        }
        const LocatedJson* const title = object.find("title");
        out.title = title == nullptr ? out.name : title->text("a text");
        out.when = condition(object.at("when"));
        if (const LocatedJson* const hold = object.find("for")) {
            out.hold = hold->duration();
        }
        out.cool_down = object.at("cool_down").duration();
        if (out.cool_down < std::chrono::seconds{1}) {
            object.at("cool_down").fail_expected("a duration of 1s or more");
        }
        out.deed = deed(object.at("do"));
        std::vector<const Test*> tests;
        out.when.collect(tests);
        for (const Test* t : tests) {
            if (t->kind == Test::Kind::unchanged) {
                out.still.push_back(t->feature);
            }
        }
        return out;
    }

    Rules rules_;
    std::set<std::string> names_;
};

}  // namespace

std::string Feature::key(std::string_view user, std::string_view session) const {
    return window.empty() ? fmt::format("session:{}:{}", session, name)
                          : fmt::format("user:{}:{}_{}", user, name, window);
}

const std::vector<Feature>& feature_catalogue() {
    static const auto catalogue = [] {
        std::vector<Feature> out;
        live_shopper::Settings settings;
        settings.checkout_windows = {std::chrono::hours{1}};
        for (const auto& make : {live_shopper::make_user_pipeline, live_shopper::make_session_pipeline}) {
            for (const weir::MetricInfo& metric : make(settings).catalogue()) {
                out.push_back({metric.lane, metric.name, metric.window});
            }
        }
        return out;
    }();
    return catalogue;
}

std::optional<double> take_number(Take take, std::string_view value) {
    if (take == Take::number) {
        return parse_number(value);
    }
    if (take <= Take::ratio) {
        const auto dash = value.find('-', 1);
        if (dash == std::string_view::npos) {
            return std::nullopt;
        }
        const auto low = parse_number(value.substr(0, dash));
        const auto high = parse_number(value.substr(dash + 1));
        if (!low || !high) {
            return std::nullopt;
        }
        switch (take) {
            case Take::low:
                return low;
            case Take::high:
                return high;
            case Take::width:
                return *high - *low;
            default:
                return *low > 0 ? std::optional{*high / *low} : std::nullopt;
        }
    }
    const Json json = Json::parse(value, nullptr, false);
    if (json.is_discarded() || !json.is_structured()) {
        return std::nullopt;
    }
    if (take == Take::count) {
        return static_cast<double>(json.size());
    }
    double most = 0;
    double sum = 0;
    for (const auto& [key, item] : json.items()) {
        const double number = item.is_number() ? item.get<double>() : 0;
        most = std::max(most, number);
        sum += number;
    }
    return take == Take::most ? most : sum;
}

bool Test::met(const std::vector<Observation>& seen) const {
    const Observation& o = seen[feature];
    if (kind == Kind::missing) {
        return o.value.has_value() != flag;
    }
    if (kind == Kind::unchanged) {
        return true;  // it is waited for: Rule::still
    }
    if (kind == Kind::rose_after) {
        return o.rose != 0 && o.rose > seen[other].changed;
    }
    if (!o.value) {
        return or_missing;
    }
    if (textual) {
        return (*o.value == text) == (kind == Kind::is);
    }
    const auto value = take_number(take, *o.value);
    if (!value) {
        return false;
    }
    switch (kind) {
        case Kind::at_least:
            return *value >= number;
        case Kind::more_than:
            return *value > number;
        case Kind::at_most:
            return *value <= number;
        case Kind::less_than:
            return *value < number;
        case Kind::is:
            return std::equal_to<>{}(*value, number);
        default:
            return !std::equal_to<>{}(*value, number);
    }
}

bool Condition::met(const std::vector<Observation>& seen) const {
    const auto part_met = [&](const Condition& part) { return part.met(seen); };
    switch (kind) {
        case Kind::all:
            return std::all_of(parts.begin(), parts.end(), part_met);
        case Kind::any:
            return std::any_of(parts.begin(), parts.end(), part_met);
        case Kind::none:
            return !parts.front().met(seen);
        case Kind::test:
            return test.met(seen);
    }
    return false;
}

std::string Condition::described() const {
    if (kind == Kind::test) {
        return test.described;
    }
    if (kind == Kind::none) {
        return fmt::format("not ({})", parts.front().described());
    }
    std::string out;
    for (const Condition& part : parts) {
        const bool nested = part.kind == Kind::all || part.kind == Kind::any;
        const std::string_view joint = out.empty() ? "" : kind == Kind::all ? " and " : " or ";
        out += nested ? fmt::format("{}({})", joint, part.described()) : fmt::format("{}{}", joint, part.described());
    }
    return out;
}

void Condition::collect(std::vector<const Test*>& tests) const {
    if (kind == Kind::test) {
        tests.push_back(&test);
    }
    for (const Condition& part : parts) {
        part.collect(tests);
    }
}

nlohmann::ordered_json Deed::json(const std::vector<Observation>& seen) const {
    nlohmann::ordered_json out{{"kind", kind}, {"text", text}};
    if (kind == "discount") {
        out["code"] = code;
        out["percent"] = percent;
    } else if (kind == "looked_at") {
        std::vector<std::pair<double, std::string>> products;
        const Json counts = Json::parse(seen[feature].value.value_or("{}"), nullptr, false);
        if (counts.is_object()) {
            for (const auto& [id, views] : counts.items()) {
                if (views.is_number() && views.get<double>() >= least) {
                    products.emplace_back(-views.get<double>(), id);
                }
            }
        }
        std::sort(products.begin(), products.end());
        out["product_ids"] = nlohmann::ordered_json::array();
        for (std::size_t i = 0; i < std::min<std::size_t>(products.size(), 6); ++i) {
            out["product_ids"].push_back(products[i].second);
        }
    }
    return out;
}

nlohmann::ordered_json Rule::explain(const std::vector<Observation>& seen, const std::vector<std::string>& keys) const {
    std::vector<const Test*> tests;
    when.collect(tests);
    auto out = nlohmann::ordered_json::array();
    for (const Test* t : tests) {
        nlohmann::ordered_json line{
            {"test", t->described}, {"key", keys[t->feature]}, {"value", nullptr}, {"met", t->met(seen)}};
        if (seen[t->feature].value) {
            line["value"] = *seen[t->feature].value;
        }
        out.push_back(std::move(line));
    }
    return out;
}

const Rule* Rules::discount(std::string_view code) const {
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& r) {
        return r.deed.kind == "discount" && lower(r.deed.code) == lower(code);
    });
    return found == rules.end() ? nullptr : &*found;
}

Rules read_rules(std::string_view text, const std::string& file) {
    return Reader{}.read(LocatedJson::parse(text, file));
}

Rules load_rules(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in.is_open() || in.bad()) {
        throw ConfigError(fmt::format("{}: cannot read this file of actions", path));
    }
    return read_rules(text, path);
}

}  // namespace storefront
