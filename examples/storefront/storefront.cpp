// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "storefront.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "action_engine.hpp"
#include "catalogue.hpp"
#include "feature_watch.hpp"
#include "job_metrics.hpp"
#include "json_text.hpp"
#include "kafka_producer.hpp"
#include "kafka_tail.hpp"
#include "live_feed.hpp"
#include "log.hpp"
#include "roster.hpp"
#include "rules.hpp"
#include "shop_api.hpp"
#include "simulator.hpp"
#include "static_files.hpp"

namespace storefront {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t tail_backlog = 1'000;
constexpr std::chrono::milliseconds kafka_start{2'000};
constexpr double max_rate = 2'000;
constexpr std::size_t max_id = 256;  // of a user or session that a page asks for

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; frame-src 'self'; frame-ancestors 'self'; form-action 'self'; base-uri 'none'; object-src "
    "'none'";

Json or_null(const std::optional<double>& value) {
    if (!value) {
        return nullptr;
    }
    const auto whole = static_cast<std::int64_t>(*value);
    return static_cast<double>(whole) == *value ? Json(whole) : Json(*value);  // counts are no 1.0
}

Whose whose_of(const Pairs& query) {
    const auto bounded = [&](std::string_view name) { return valid_utf8(find(query, name).substr(0, max_id)); };
    return {bounded("user"), bounded("session")};
}

}  // namespace

class Storefront::Impl {
public:
    explicit Impl(StorefrontSettings settings)
        : settings_{std::move(settings)},
          catalogue_{load_catalogue(settings_.www)},
          files_{settings_.www, settings_.vendor, {"catalogue.json", "users.json"}},
          token_{make_uuid() + make_uuid()},
          limit_{settings_.limit_per_second, settings_.limit_burst},
          server_{settings_.http},
          api_{catalogue_, [this](std::string_view code) {
                   const Rule* const rule = rules_.discount(code);
                   return rule == nullptr ? std::nullopt : std::optional{rule->deed.percent};
               }} {
        rules_ = load_rules(settings_.actions);
        settings_.collector.topic = settings_.topic;
        settings_.collector.bad_topic = settings_.bad_topic.empty() ? settings_.topic + "-bad" : settings_.bad_topic;
        live_shopper::check_kafka_properties(settings_.kafka_properties);
    }

    ~Impl() { stop(); }

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void start() {
        producer_ = std::make_unique<KafkaProducer>(
            settings_.brokers, settings_.kafka_properties, settings_.kafka_patience,
            std::vector<std::string>{settings_.collector.topic, settings_.collector.bad_topic});
        collector_ = std::make_unique<Collector>(
            settings_.collector, [this](std::vector<Message> m) { return producer_->send(std::move(m)); });
        watch_ = std::make_unique<FeatureWatch>(settings_.redis,
                                                [this](const Awaited& e, Millis stored) { on_stored(e, stored); });
        feed_ = std::make_unique<LiveFeed>(roster_, [this](Awaited e) { watch_->await(std::move(e)); });
        engine_ = std::make_unique<ActionEngine>(settings_.redis, rules_, roster_, settings_.active,
                                                 [this](const Firing& f) { on_firing(f); });
        tail_ =
            std::make_unique<KafkaTail>(settings_.brokers, settings_.topic, settings_.kafka_properties, tail_backlog,
                                        [this](std::string_view record, bool old) { feed_->take(record, old); });
        add_routes();
        // Whoever comes first should not wait for Kafka to make a topic; where there is no Kafka there is still a shop.
        (void)producer_->await_topics(kafka_start);
        server_.start(settings_.listen);
        if (settings_.shoppers > 0) {
            const std::lock_guard lock{mutex_};
            simulator_ = std::make_unique<Simulator>(
                catalogue_, SimulatorSettings{settings_.shoppers, settings_.rate, 1, token_}, server_.port());
        }
        totals_ = std::thread{[this] { tell_totals(); }};
    }

    void stop() {
        if (!producer_) {
            return;
        }
        {
            const std::lock_guard lock{mutex_};
            stopping_ = true;
        }
        condition_.notify_all();
        // Handlers that wait for Kafka or for the simulator's answers must not be waited for.
        producer_->abandon();
        if (totals_.joinable()) {
            totals_.join();
        }
        server_.stop();
        {
            const std::lock_guard lock{mutex_};
            simulator_.reset();
        }
        tail_.reset();
        engine_.reset();
        watch_.reset();
        feed_.reset();
        collector_.reset();
        producer_.reset();
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }

    [[nodiscard]] std::string address() const {
        const auto& host = settings_.listen.host;
        const bool v6 = host.find(':') != std::string::npos;
        return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", server_.port());
    }

private:
    [[nodiscard]] Admission admit(const RequestHead& head) {
        Admission out;
        if (!Collector::is_path(head.method, head.path)) {
            return out;
        }
        out.pool = Pool::collector;
        out.body_limit = settings_.collector.max_body;
        if (head.header("x-storefront-simulator") == token_) {
            return out;
        }
        const auto address =
            client_address(head.header("x-forwarded-for"), head.address, settings_.collector.trust_forwarded);
        if (!limit_.allows(address, wall_clock())) {
            limited_.fetch_add(1, std::memory_order_relaxed);
            out.status = 429;
            out.error = "too_many_requests";
        }
        return out;
    }

    void add_routes() {
        server_.set_headers({{"Content-Security-Policy", std::string{policy}},
                             {"X-Content-Type-Options", "nosniff"},
                             {"Referrer-Policy", "same-origin"},
                             {"Cross-Origin-Opener-Policy", "same-origin"},
                             {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"}});
        server_.set_admission([this](const RequestHead& head) { return admit(head); });
        auto& router = server_.router();
        collector_->add_to(router);
        api_.add_to(router);
        router.Get("/sink-health", [this](const httplib::Request&, httplib::Response& response) {
            const bool good = producer_->available();
            response.status = good ? 200 : 503;
            response.set_content(good ? "ok" : "Kafka does not take events", "text/plain");
        });
        router.Get("/live/raw", [this](const httplib::Request& request, httplib::Response& response) {
            const auto text = request.get_param_value("seq");
            const auto number =
                text.size() < 19 && !text.empty() && text.find_first_not_of("0123456789") == std::string::npos
                    ? std::stoull(text)
                    : 0;
            const auto record = feed_->raw(number);
            if (!record) {
                answer_error(response, 404, "gone", "This event is not kept any more.");
                return;
            }
            response.set_header("Cache-Control", "no-store");
            response.set_content(*record, "text/plain; charset=utf-8");
        });
        router.Get("/api/shoppers", [this](const httplib::Request&, httplib::Response& response) {
            const auto now = wall_clock();
            Json list = Json::array();
            for (const Shopper& s : roster_.since(now - Roster::memory, 200)) {
                list.push_back({{"user", s.user},
                                {"user_id", s.user_id},
                                {"domain_userid", s.domain_userid},
                                {"session", s.session},
                                {"events", s.events},
                                {"last", s.last},
                                {"last_type", s.last_type},
                                {"simulated", s.simulated}});
            }
            answer_json(response, dump({{"now", now}, {"shoppers", std::move(list)}}));
        });
        router.Get("/api/simulator",
                   [this](const httplib::Request&, httplib::Response& response) { answer_simulator(response); });
        router.Post("/api/simulator", [this](const httplib::Request& request, httplib::Response& response) {
            if (is_own_post(request, response)) {
                set_simulator(request, response);
            }
        });
        // Last: what is no handler's is a file's, or nothing.
        router.Get("/.*", [this](const httplib::Request& request, httplib::Response& response) {
            files_.serve(request.path, request, response);
        });
        server_.add_stream("/live/events", [this](const Pairs& query, std::shared_ptr<Stream> stream) {
            const auto whose = whose_of(query);
            feed_->follow(stream, whose, hello());
            for (const Firing& firing : engine_->latest(20)) {
                stream->send("firing", firing.json);
            }
            if (!whose.user.empty() || !whose.session.empty()) {
                watch_->watch(std::move(stream), whose);
            }
        });
        server_.add_stream("/live/features", [this](const Pairs& query, std::shared_ptr<Stream> stream) {
            watch_->watch(std::move(stream), whose_of(query));
        });
        server_.add_stream("/api/actions", [this](const Pairs& query, std::shared_ptr<Stream> stream) {
            engine_->follow(std::move(stream), whose_of(query));
        });
    }

    [[nodiscard]] std::string hello() const {
        Json list = Json::array();
        for (const Rule& rule : rules_.rules) {
            list.push_back({{"name", rule.name},
                            {"title", rule.title},
                            {"kind", rule.deed.kind},
                            {"condition", rule.when.described()},
                            {"for", rule.hold.count()},
                            {"cool_down", rule.cool_down.count()}});
        }
        return dump({{"now", wall_clock()},
                     {"topic", settings_.topic},
                     {"rules", std::move(list)},
                     {"simulator", simulator_state()}});
    }

    [[nodiscard]] Json simulator_state() const {
        const std::lock_guard lock{mutex_};
        if (!simulator_) {
            return {{"shoppers", 0}, {"rate", 0}, {"sent", 0}, {"failed", 0}};
        }
        return {{"shoppers", simulator_->shoppers()},
                {"rate", or_null(simulator_->rate())},
                {"sent", simulator_->sent()},
                {"failed", simulator_->failed()}};
    }

    void answer_simulator(httplib::Response& response) const { answer_json(response, dump(simulator_state())); }

    void set_simulator(const httplib::Request& request, httplib::Response& response) {
        const auto body = Json::parse(request.body, nullptr, false);
        if (!body.is_object() || !body.contains("rate") || !body["rate"].is_number() ||
            body["rate"].get<double>() < 0 || body["rate"].get<double>() > max_rate) {
            answer_error(response, 422, "bad_rate", "A rate is a number of events per second from 0 to 2000.");
            return;
        }
        {
            const std::lock_guard lock{mutex_};
            if (!simulator_) {
                answer_error(response, 409, "no_simulator", "The storefront runs without made-up shoppers.");
                return;
            }
            simulator_->set_rate(body["rate"].get<double>());
        }
        answer_simulator(response);
    }

    void on_stored(const Awaited& e, Millis stored) {
        feed_->tell("stored", dump({{"id", e.id},
                                    {"type", e.type},
                                    {"user", e.user},
                                    {"session", e.session},
                                    {"created", e.created},
                                    {"seen", e.seen},
                                    {"stored", stored},
                                    {"latency", stored - e.created}}));
    }

    void on_firing(const Firing& firing) { feed_->tell("firing", firing.json); }

    void tell_totals() {
        std::deque<std::pair<Millis, double>> history;  // of events, for their rate
        std::unique_lock lock{mutex_};
        while (!condition_.wait_for(lock, std::chrono::seconds{1}, [this] { return stopping_; })) {
            lock.unlock();
            feed_->tell("totals", totals(history));
            lock.lock();
        }
    }

    std::string totals(std::deque<std::pair<Millis, double>>& history) {
        const auto now = wall_clock();
        const auto samples = settings_.job_metrics ? read_metrics(*settings_.job_metrics) : std::nullopt;
        const auto sum = [&](std::string_view name) { return samples ? total(*samples, name) : std::nullopt; };
        const auto sample = [&](const std::string& name) -> std::optional<double> {
            if (!samples || samples->find(name) == samples->end()) {
                return std::nullopt;
            }
            return samples->at(name);
        };
        const auto by_job = sum("live_shopper_events_total");
        // Without the job's own count there is what left Kafka.
        const double events = by_job.value_or(static_cast<double>(feed_->events()));
        if (!history.empty() && events < history.back().second) {
            history.clear();  // the job began anew
        }
        history.emplace_back(now, events);
        while (history.size() > 6) {
            history.pop_front();
        }
        const auto& [then, before] = history.front();
        const double per_second = now > then ? (events - before) * 1000 / static_cast<double>(now - then) : 0;
        const auto freshness = watch_->freshness();
        const auto reads = engine_->reads();
        const auto& collected = collector_->counts();
        return dump({{"now", now},
                     {"job", samples.has_value()},
                     {"events_per_second", std::round(per_second * 10) / 10},
                     {"events", or_null(events)},
                     {"shoppers", roster_.since(now - Roster::memory, 1'000'000).size()},
                     {"keys", or_null(sum("live_shopper_keys"))},
                     {"state_bytes", or_null(sum("live_shopper_state_bytes"))},
                     {"late", or_null(sample("live_shopper_events_total{outcome=\"late\"}"))},
                     {"duplicates", or_null(sample("live_shopper_events_total{outcome=\"duplicate\"}"))},
                     {"dead_letters", or_null(sum("live_shopper_dead_letters_total"))},
                     {"lag", or_null(sum("live_shopper_consumer_lag"))},
                     {"redis", watch_->redis_up()},
                     {"kafka", tail_->reading() && producer_->available()},
                     {"active", engine_->active()},
                     {"collector",
                      {{"requests", collected.requests.load()},
                       {"events", collected.events.load()},
                       {"bad", collected.bad.load()},
                       {"limited", limited_.load()}}},
                     {"freshness",
                      {{"count", freshness.count}, {"p50", or_null(freshness.p50)}, {"p99", or_null(freshness.p99)}}},
                     {"reads",
                      {{"count", reads.count},
                       {"keys", rules_.features.size()},
                       {"p50_us", or_null(reads.p50)},
                       {"p99_us", or_null(reads.p99)}}}});
    }

    StorefrontSettings settings_;
    Catalogue catalogue_;
    Rules rules_;
    StaticFiles files_;
    std::string token_;
    RateLimit limit_;
    std::atomic<std::uint64_t> limited_{0};
    Roster roster_;
    HttpServer server_;
    ShopApi api_;
    std::unique_ptr<KafkaProducer> producer_;
    std::unique_ptr<Collector> collector_;
    std::unique_ptr<LiveFeed> feed_;
    std::unique_ptr<FeatureWatch> watch_;
    std::unique_ptr<ActionEngine> engine_;
    std::unique_ptr<KafkaTail> tail_;

    mutable std::mutex mutex_;
    std::condition_variable condition_;
    std::unique_ptr<Simulator> simulator_;
    bool stopping_ = false;
    std::thread totals_;
};

Storefront::Storefront(StorefrontSettings settings) : impl_{std::make_unique<Impl>(std::move(settings))} {}
Storefront::~Storefront() = default;
void Storefront::start() { impl_->start(); }
void Storefront::stop() { impl_->stop(); }
std::uint16_t Storefront::port() const noexcept { return impl_->port(); }
std::string Storefront::address() const { return impl_->address(); }

}  // namespace storefront
