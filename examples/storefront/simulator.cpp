// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "simulator.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "json_text.hpp"
#include "text.hpp"

namespace storefront {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t senders = 4;
constexpr std::string_view ecommerce = "iglu:com.snowplowanalytics.snowplow.ecommerce/";
constexpr std::string_view snowplow = "iglu:com.snowplowanalytics.snowplow/";

struct Place {
    std::string_view country;
    std::string_view region;
    std::string_view city;
};
constexpr std::array<Place, 8> places{{{"DE", "BE", "Berlin"},
                                       {"FR", "IDF", "Paris"},
                                       {"GB", "ENG", "London"},
                                       {"US", "NY", "New York"},
                                       {"SE", "AB", "Stockholm"},
                                       {"JP", "13", "Tokyo"},
                                       {"BR", "SP", "Sao Paulo"},
                                       {"AU", "VIC", "Melbourne"}}};

constexpr std::array<std::string_view, 4> browsers{
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Mobile/15E148 "
    "Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 "
    "Safari/604.1"};

constexpr std::array<std::string_view, 4> campaigns{"", "?utm_source=newsletter&utm_medium=email&utm_campaign=spring",
                                                    "?utm_source=search&utm_medium=cpc&utm_campaign=brand",
                                                    "?utm_source=friends&utm_medium=social&utm_campaign=winter%20sale"};

enum class Persona : std::uint8_t { browser, bargain_hunter, abandoner, buyer };

double amount(std::int64_t cents) { return static_cast<double>(cents) / 100; }

}  // namespace

class SimulatedShoppers::Impl {
public:
    Impl(const Catalogue& catalogue, std::size_t count, std::uint64_t seed, std::string origin)
        : catalogue_{catalogue}, origin_{std::move(origin)}, random_{seed}, shoppers_(std::max<std::size_t>(count, 1)) {
        for (Shopper& shopper : shoppers_) {
            arrive(shopper);
        }
        for (const CatalogueProduct& product : catalogue_.products) {
            if (std::find(categories_.begin(), categories_.end(), product.category) == categories_.end()) {
                categories_.push_back(product.category);
            }
        }
    }

    SimulatedRequest next(std::int64_t now) {
        Shopper& shopper = shoppers_[below(shoppers_.size())];
        now_ = now;
        events_ = Json::array();
        step(shopper);
        SimulatedRequest out;
        out.body = dump({{"schema", fmt::format("{}payload_data/jsonschema/1-0-4", snowplow)}, {"data", events_}});
        out.events = events_.size();
        out.user_agent = browsers[shopper.browser];
        out.referrer = origin_ + shopper.path;
        out.country = places[shopper.place].country;
        out.region = places[shopper.place].region;
        out.city = places[shopper.place].city;
        if (shopper.left == 0) {
            arrive(shopper);
        }
        return out;
    }

private:
    struct Shopper {
        std::string id;
        std::string session;
        std::string first_event;
        std::int64_t began = 0;
        std::string user;  // once signed in
        std::string page_id;
        std::string path;
        std::string referrer;
        Persona persona = Persona::browser;
        std::size_t place = 0;
        std::size_t browser = 0;
        std::size_t campaign = 0;
        int left = 0;  // things to do
        int stage = 0;
        int event_index = 0;
        std::vector<std::size_t> seen;
        std::vector<std::size_t> cart;
    };

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
    bool chance(double p) { return std::bernoulli_distribution{p}(random_); }

    std::string uuid() {
        const auto a = random_();
        const auto b = random_();
        return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32U, a >> 16U & 0xFFFFU, a & 0xFFFU,
                           0x8000U | (b >> 48U & 0x3FFFU), b & 0xFFFFFFFFFFFFU);
    }

    void arrive(Shopper& s) {
        s = Shopper{};
        s.id = uuid();
        s.session = uuid();
        const auto dice = below(100);
        s.persona = dice < 45   ? Persona::browser
                    : dice < 65 ? Persona::bargain_hunter
                    : dice < 82 ? Persona::abandoner
                                : Persona::buyer;
        s.place = below(places.size());
        s.browser = below(browsers.size());
        s.campaign = chance(0.5) ? 0 : 1 + below(campaigns.size() - 1);
        s.left = 6 + static_cast<int>(below(14));
    }

    void step(Shopper& s) {
        --s.left;
        if (s.stage == 0) {
            s.stage = 1;
            visit(s, std::string{"/"} + std::string{campaigns[s.campaign]}, "Home");
            list(s, "New this week", some(4));
            return;
        }
        switch (s.persona) {
            case Persona::browser:
                browse(s);
                return;
            case Persona::bargain_hunter:
                hunt(s);
                return;
            case Persona::abandoner:
                if (s.cart.size() < 2) {
                    s.cart.empty() && chance(0.5) ? browse(s) : fill(s);
                } else if (chance(0.5)) {
                    visit(s, "/cart", "Cart");
                } else {
                    ping(s);
                }
                return;
            case Persona::buyer:
                buy(s);
                return;
        }
    }

    void browse(Shopper& s) {
        const auto dice = below(10);
        if (dice < 3) {
            const auto& category = categories_[below(categories_.size())];
            visit(s, "/category/" + slug(category), category);
            list(s, category, of_category(category));
        } else if (dice < 4) {
            static constexpr std::array<std::string_view, 4> words{"lamp", "chair", "shoes", "mug"};
            const auto word = words[below(words.size())];
            visit(s, fmt::format("/search?q={}", word), "Search");
            event(s, "site_search/jsonschema/1-0-0", {{"terms", {word}}, {"totalResults", 3}}, Json::array(), snowplow);
        } else if (dice < 5) {
            ping(s);
        } else {
            view(s, below(catalogue_.products.size()));
        }
    }

    void hunt(Shopper& s) {
        if (!s.cart.empty() && chance(0.5)) {
            take_out(s);
        } else if (!s.seen.empty() && chance(0.45)) {
            view(s, s.seen[below(s.seen.size())]);
        } else if (chance(0.3) && !s.seen.empty()) {
            put_in(s, s.seen.back());
        } else {
            view(s, below(catalogue_.products.size()));
        }
    }

    void fill(Shopper& s) {
        if (s.seen.empty() || chance(0.4)) {
            view(s, dear());
        } else {
            put_in(s, s.seen.back());
        }
    }

    void buy(Shopper& s) {
        if (s.cart.empty() || (s.cart.size() < 3 && s.stage == 1 && chance(0.4))) {
            s.seen.empty() || chance(0.3) ? view(s, below(catalogue_.products.size())) : put_in(s, s.seen.back());
            return;
        }
        switch (s.stage++) {
            case 1:
                if (chance(0.6)) {
                    s.user = fmt::format("sim-{:04}@example.com", below(10'000));
                    visit(s, "/sign-in", "Sign in");
                }
                visit(s, "/cart", "Cart");
                checkout(s, 1);
                break;
            case 2:
                visit(s, "/checkout", "Checkout");
                checkout(s, 2);
                break;
            default:
                pay(s);
                s.left = std::min(s.left, 1);
                s.cart.clear();
                s.stage = 1;
                break;
        }
    }

    // What happens.

    void visit(Shopper& s, const std::string& path, const std::string& title) {
        if (!s.path.empty()) {
            s.referrer = origin_ + s.path;
        }
        s.path = path;
        s.page_id = uuid();
        Json e = common(s, "pv");
        e["page"] = title;
        finish(s, std::move(e), Json::array());
    }

    void ping(Shopper& s) {
        Json e = common(s, "pp");
        e["page"] = "Shop";
        e["pp_mix"] = "0";
        e["pp_max"] = "0";
        e["pp_miy"] = "0";
        e["pp_may"] = std::to_string(below(2000));
        finish(s, std::move(e), Json::array());
    }

    void list(Shopper& s, const std::string& name, const std::vector<std::size_t>& products) {
        Json entities = Json::array();
        for (const auto p : products) {
            entities.push_back(product(p));
        }
        action(s, "list_view", std::move(entities), name);
    }

    void view(Shopper& s, std::size_t p) {
        visit(s, "/product/" + catalogue_.products[p].id, catalogue_.products[p].name);
        action(s, "product_view", Json::array({product(p)}));
        s.seen.push_back(p);
    }

    void put_in(Shopper& s, std::size_t p) {
        s.cart.push_back(p);
        action(s, "add_to_cart", Json::array({product(p), cart(s)}));
    }

    void take_out(Shopper& s) {
        const auto p = s.cart.back();
        s.cart.pop_back();
        action(s, "remove_from_cart", Json::array({product(p), cart(s)}));
    }

    void checkout(Shopper& s, int step) {
        action(s, "checkout_step",
               Json::array(
                   {entity("checkout_step", {{"step", step}, {"payment_method", "card"}, {"account_type", "guest"}})}));
    }

    void pay(Shopper& s) {
        Json entities = Json::array();
        for (const auto p : s.cart) {
            entities.push_back(product(p));
        }
        entities.push_back(entity("transaction", {{"transaction_id", uuid()},
                                                  {"revenue", amount(total(s))},
                                                  {"currency", catalogue_.currency},
                                                  {"payment_method", "card"},
                                                  {"total_quantity", s.cart.size()}}));
        action(s, "transaction", std::move(entities));
    }

    // How it is told.

    void action(Shopper& s, std::string_view type, Json entities, const std::string& name = {}) {
        Json data{{"type", type}};
        if (!name.empty()) {
            data["name"] = name;
        }
        event(s, "snowplow_ecommerce_action/jsonschema/1-0-2", std::move(data), std::move(entities), ecommerce);
    }

    void event(Shopper& s, std::string_view schema, Json data, Json entities, std::string_view vendor) {
        Json e = common(s, "ue");
        e["ue_pr"] = dump({{"schema", fmt::format("{}unstruct_event/jsonschema/1-0-0", snowplow)},
                           {"data", {{"schema", fmt::format("{}{}", vendor, schema)}, {"data", std::move(data)}}}});
        finish(s, std::move(e), std::move(entities));
    }

    Json common(Shopper& s, std::string_view e) {
        auto id = uuid();
        if (s.event_index == 0) {
            s.first_event = id;
            s.began = now_;
        }
        Json out{{"e", e},
                 {"eid", std::move(id)},
                 {"tv", "js-4.10.1"},
                 {"tna", "sp"},
                 {"aid", simulated_app_id},
                 {"p", "web"},
                 {"cookie", "1"},
                 {"cs", "UTF-8"},
                 {"lang", "en-GB"},
                 {"res", "1920x1080"},
                 {"vp", "1280x720"},
                 {"cd", "24"},
                 {"tz", "UTC"},
                 {"dtm", std::to_string(now_)},
                 {"stm", std::to_string(now_ + 1)},
                 {"vid", "1"},
                 {"sid", s.session},
                 {"duid", s.id},
                 {"url", origin_ + s.path}};
        if (!s.referrer.empty()) {
            out["refr"] = s.referrer;
        }
        if (!s.user.empty()) {
            out["uid"] = s.user;
        }
        return out;
    }

    void finish(Shopper& s, Json e, Json entities) {
        entities.push_back(
            {{"schema", fmt::format("{}web_page/jsonschema/1-0-0", snowplow)}, {"data", {{"id", s.page_id}}}});
        entities.push_back({{"schema", fmt::format("{}client_session/jsonschema/1-0-2", snowplow)},
                            {"data",
                             {{"userId", s.id},
                              {"sessionId", s.session},
                              {"eventIndex", ++s.event_index},
                              {"sessionIndex", 1},
                              {"previousSessionId", nullptr},
                              {"storageMechanism", "COOKIE_1"},
                              {"firstEventId", s.first_event},
                              {"firstEventTimestamp", fmt::format("{}Z", iso(s.began))}}}});
        e["co"] =
            dump({{"schema", fmt::format("{}contexts/jsonschema/1-0-0", snowplow)}, {"data", std::move(entities)}});
        events_.push_back(std::move(e));
    }

    static std::string iso(std::int64_t time) {
        auto text = tsv_time(time);
        text[10] = 'T';
        return text;
    }

    Json entity(std::string_view name, Json data) const {
        return {{"schema", fmt::format("{}{}/jsonschema/1-0-0", ecommerce, name)}, {"data", std::move(data)}};
    }

    Json product(std::size_t p) const {
        const CatalogueProduct& item = catalogue_.products[p];
        return entity("product", {{"id", item.id},
                                  {"name", item.name},
                                  {"brand", item.brand},
                                  {"category", item.category},
                                  {"price", amount(item.cents)},
                                  {"currency", catalogue_.currency},
                                  {"quantity", 1}});
    }

    Json cart(const Shopper& s) const {
        return entity("cart",
                      {{"total_value", amount(total(s))}, {"currency", catalogue_.currency}, {"cart_id", s.session}});
    }

    std::int64_t total(const Shopper& s) const {
        std::int64_t cents = 0;
        for (const auto p : s.cart) {
            cents += catalogue_.products[p].cents;
        }
        return cents;
    }

    // Which products.

    std::vector<std::size_t> some(std::size_t count) {
        std::vector<std::size_t> out;
        for (std::size_t i = 0; i < count; ++i) {
            out.push_back(below(catalogue_.products.size()));
        }
        return out;
    }

    std::vector<std::size_t> of_category(const std::string& category) const {
        std::vector<std::size_t> out;
        for (std::size_t p = 0; p < catalogue_.products.size(); ++p) {
            if (catalogue_.products[p].category == category) {
                out.push_back(p);
            }
        }
        return out;
    }

    // The dearest of three, so that a cart comes to something.
    std::size_t dear() {
        const auto three = some(3);
        return *std::max_element(three.begin(), three.end(), [&](std::size_t a, std::size_t b) {
            return catalogue_.products[a].cents < catalogue_.products[b].cents;
        });
    }

    static std::string slug(std::string_view text) {
        std::string out = lower(text);
        for (char& c : out) {
            c = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
        }
        return out;
    }

    const Catalogue& catalogue_;
    std::string origin_;
    std::mt19937_64 random_;
    std::vector<Shopper> shoppers_;
    std::vector<std::string> categories_;
    Json events_;
    std::int64_t now_ = 0;
};

SimulatedShoppers::SimulatedShoppers(const Catalogue& catalogue, std::size_t count, std::uint64_t seed,
                                     std::string origin)
    : impl_{std::make_unique<Impl>(catalogue, count, seed, std::move(origin))} {}

SimulatedShoppers::~SimulatedShoppers() = default;

SimulatedRequest SimulatedShoppers::next(std::int64_t now) { return impl_->next(now); }

Simulator::Simulator(const Catalogue& catalogue, SimulatorSettings settings, std::uint16_t port)
    : settings_{std::move(settings)},
      port_{port},
      rate_{settings_.rate},
      shoppers_{catalogue, settings_.shoppers, settings_.seed, fmt::format("http://127.0.0.1:{}", port)} {
    for (std::size_t i = 0; i < senders; ++i) {
        threads_.emplace_back([this] { run(); });
    }
}

Simulator::~Simulator() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    condition_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void Simulator::set_rate(double rate) {
    {
        const std::lock_guard lock{mutex_};
        rate_.store(rate, std::memory_order_relaxed);
        next_ = 0;
    }
    condition_.notify_all();
}

void Simulator::run() {
    using Steady = std::chrono::steady_clock;
    const auto clock = [] {
        return std::chrono::duration<double, std::milli>(Steady::now().time_since_epoch()).count();
    };
    httplib::Client client{"127.0.0.1", port_};
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_connection_timeout(1, 0);
    client.set_read_timeout(1, 500'000);  // a stop does not wait for more
    for (;;) {
        SimulatedRequest request;
        {
            std::unique_lock lock{mutex_};
            for (;;) {
                if (stopping_) {
                    return;
                }
                const auto now = clock();
                const auto rate = rate_.load(std::memory_order_relaxed);
                // A pause, or a server that does not keep up, is not made up for.
                next_ = std::max(next_, now - 200);
                if (rate > 0 && next_ <= now) {
                    request = shoppers_.next(wall_clock());
                    next_ += 1000 * static_cast<double>(request.events) / rate;
                    break;
                }
                const auto wait = rate > 0 ? std::min(next_ - now, 500.0) : 500.0;
                condition_.wait_for(lock, std::chrono::duration<double, std::milli>{wait});
            }
        }
        const httplib::Headers headers{{"User-Agent", request.user_agent}, {"Referer", request.referrer},
                                       {"X-Geo-Country", request.country}, {"X-Geo-Region", request.region},
                                       {"X-Geo-City", request.city},       {simulator_header, settings_.token}};
        const auto answer = client.Post("/com.snowplowanalytics.snowplow/tp2", headers, request.body,
                                        "application/json; charset=UTF-8");
        if (answer && answer->status == 200) {
            sent_.fetch_add(request.events, std::memory_order_relaxed);
        } else {
            failed_.fetch_add(request.events, std::memory_order_relaxed);
            std::unique_lock lock{mutex_};
            condition_.wait_for(lock, std::chrono::milliseconds{200}, [this] { return stopping_; });
        }
    }
}

}  // namespace storefront
