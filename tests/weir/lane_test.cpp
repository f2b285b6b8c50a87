// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/lane.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <weir/aggregates.hpp>
#include <weir/pipeline.hpp>
#include <weir/symbol.hpp>

#include "simulated_store.hpp"
#include "slow_sessions.hpp"

using namespace std::chrono_literals;
using weir::Pipeline;
using weir::Taken;
using weir::Timestamp;
using weir_tests::at;
using weir_tests::drain;
using weir_tests::lines;
using weir_tests::pick;
using weir_tests::Random;
using weir_tests::Store;
using weir_tests::Written;

namespace {

struct Shop {
    std::string user;
    std::string product;
    int price = 0;
    bool view = true;
    std::uint64_t origin = 0;
    std::uint64_t arrival = 0;
    Timestamp time{};
};

using Texts = std::vector<std::string>;

constexpr weir::Duration short_length = 100ms;
constexpr weir::Duration long_length = 400ms;
constexpr weir::Duration linger = 60ms;
constexpr weir::Duration gap = 50ms;

auto rolling_lane() {
    return weir::lane<Shop>("product")
        .when([](const Shop& e) { return e.view; }, "views")
        .by(&Shop::user)
        .origin(&Shop::origin)
        .rolling(short_length, long_length)
        .linger(linger)
        .metric("views", weir::count, "views")
        .metric("products", weir::distinct<&Shop::product>, "distinct products")
        .metric("top", weir::top<&Shop::product>, "the product with most views")
        .metric("mean", weir::mean<&Shop::price>, "mean price")
        .metric("first", weir::first<&Shop::product>, "the first product")
        .metric("greatest", weir::max<&Shop::price>, "the greatest price");
}

auto session_lane(weir::Duration lateness) {
    return weir::lane<Shop>("visit")
        .by(&Shop::user)
        .session(gap, lateness)
        .linger(linger)
        .metric("events", weir::count, "events")
        .metric("entry", weir::first<&Shop::product>, "the first product");
}

/// The metrics of rolling_lane() over events in their order.
std::map<std::string, std::string> metrics_of(const std::vector<Shop>& events) {
    std::map<std::string, std::tuple<std::size_t, Timestamp, std::uint64_t>> products;
    double sum = 0;
    int greatest = 0;
    for (const Shop& e : events) {
        auto& [count, last, arrival] = products[e.product];
        ++count;
        last = e.time;
        arrival = e.arrival;
        sum += e.price;
        greatest = std::max(greatest, e.price);
    }
    const auto top = std::max_element(products.begin(), products.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; });
    std::string mean;
    weir::append_text(mean, events.empty() ? 0.0 : sum / static_cast<double>(events.size()));
    return {{"views", std::to_string(events.size())},
            {"products", std::to_string(products.size())},
            {"top", events.empty() ? "" : top->first},
            {"mean", mean},
            {"first", events.empty() ? "" : events.front().product},
            {"greatest", events.empty() ? "" : std::to_string(greatest)}};
}

/// All events for ever, and from them what the store has to hold.
class Truth {
public:
    explicit Truth(weir::Duration lateness) : lateness_{lateness} {}

    void advance_to(Timestamp now) {
        now_ = std::max(now_, now);
        for (auto& [user, visit] : visits_) {
            const auto closed = visit.open.advance_to(now_);
            if (!closed.empty()) {
                visit.closed = closed.back();
            }
        }
    }

    Taken add(const Shop& event) {
        Taken taken = Taken::late;
        const Timestamp user_now = std::max(now_, ahead(event.user));
        if (!event.view) {
            taken = Taken::passed;
        } else if (!forgotten(event, user_now)) {
            const auto place = std::find_if(events_.begin(), events_.end(), [&](const Shop& e) {
                return std::tie(e.time, e.arrival) > std::tie(event.time, event.arrival);
            });
            events_.insert(place, event);
            taken = Taken::accepted;
        }
        auto& visit = visits_.try_emplace(event.user, Visit{{gap, lateness_}, {}}).first->second;
        visit.open.advance_to(now_);
        const bool late = visit.open.insert(event.time, event) == weir::SessionInsert::late;
        return !late ? Taken::accepted : taken == Taken::passed ? Taken::late : taken;
    }

    void move(const std::string& from, const std::string& to, const weir::History& history) {
        for (Shop& e : events_) {
            if (e.user == from && e.origin == history.origin && e.time > history.after && e.time <= history.until) {
                e.user = to;
            }
        }
    }

    struct Value {
        std::string value;
        Timestamp empties;     // until then it must not lapse
        Timestamp expires_at;  // from then on it must not be there, unless the latest event has moved away
    };

    [[nodiscard]] std::map<Store::Key, Value> held() {
        // What no window reaches any more is of no use.
        std::erase_if(events_, [&](const Shop& e) { return forgotten(e, now_); });
        std::map<Store::Key, Value> all;
        std::map<std::string, std::vector<Shop>> by_user;
        for (const Shop& e : events_) {
            by_user[e.user].push_back(e);
        }
        for (const auto& [user, events] : by_user) {
            const Timestamp user_now = std::max(now_, events.back().time);
            for (const weir::Duration length : {short_length, long_length}) {
                const Timestamp empties = events.back().time + length;
                if (empties + linger > now_) {
                    std::vector<Shop> inside;
                    std::copy_if(events.begin(), events.end(), std::back_inserter(inside),
                                 [&](const Shop& e) { return e.time > user_now - length; });
                    for (const auto& [name, value] : metrics_of(inside)) {
                        all[{"product", user, weir::label(length), name}] = {value, empties, empties + linger};
                    }
                }
            }
        }
        for (const auto& [user, visit] : visits_) {
            const auto groups = visit.open.groups();
            const auto& last = groups.empty() ? visit.closed : groups.back();
            if (!last.empty() && last.back().time + gap + linger > now_) {
                const Timestamp ends = last.back().time + gap + lateness_;
                const Timestamp expires_at = last.back().time + gap + linger;
                const Timestamp stays = std::min(ends, expires_at);
                all[{"visit", user, "", "events"}] = {std::to_string(last.size()), stays, expires_at};
                all[{"visit", user, "", "entry"}] = {last.front().value.product, stays, expires_at};
            }
        }
        return all;
    }

private:
    struct Visit {
        weir_tests::SlowSessions<Shop> open;
        weir_tests::SlowSessions<Shop>::Group closed;
    };

    [[nodiscard]] static bool forgotten(const Shop& event, Timestamp now) {
        return weir_tests::wide(event.time) <= weir_tests::wide(now) - weir_tests::wide(long_length + linger);
    }

    [[nodiscard]] Timestamp ahead(const std::string& user) const {
        Timestamp latest = Timestamp::min();
        for (const Shop& e : events_) {
            latest = e.user == user ? std::max(latest, e.time) : latest;
        }
        return latest;
    }

    weir::Duration lateness_;
    Timestamp now_ = Timestamp::min();
    std::vector<Shop> events_;
    std::map<std::string, Visit> visits_;
};

struct StoreShape {
    weir::Duration lateness{};
    bool moves = false;  // events come no later than event time then
    std::int64_t spread = 12;
    std::size_t drain_every = 4;
    std::size_t steps = 12'000;
};

/// After every drain the store holds what brute force finds, and until the next one no value lapses that holds.
void compare_with_truth(const StoreShape& shape) {
    const std::uint64_t seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    Random random{seed};
    Pipeline<Shop> pipeline;
    pipeline.add(rolling_lane());
    pipeline.add(session_lane(shape.lateness));
    Truth truth{shape.lateness};
    Store store;
    std::int64_t latest = 0;
    Timestamp now = Timestamp::min();
    std::uint64_t arrivals = 0;
    std::size_t writes = 0;
    std::size_t erased = 0;
    const auto advance = [&](Timestamp to) {
        pipeline.advance_to(to);
        truth.advance_to(to);
        now = std::max(now, to);
        store.advance_to(now);
    };

    for (std::size_t step = 0; step != shape.steps; ++step) {
        const std::size_t action = pick(random, 40);
        if (action < 26) {
            latest += weir_tests::RandomTimes::between(random, 0, shape.spread);
            if (pick(random, 300) == 0) {
                latest += pick(random, 2) == 0 ? 600 : 31'556'952'000;
            }
            Shop event{.user = std::string(1, static_cast<char>('a' + pick(random, 4))),
                       .product = weir_tests::name(pick(random, 3)),
                       .price = static_cast<int>(pick(random, 5)),
                       .view = pick(random, 5) != 0,
                       .origin = pick(random, 2),
                       .arrival = arrivals++,
                       .time = at(latest - (pick(random, 3) == 0 ? static_cast<std::int64_t>(pick(random, 150)) : 0))};
            if (shape.moves && event.time > now) {
                advance(event.time);
            }
            REQUIRE(pipeline.process(event) == truth.add(event));
        } else if (action < 34) {
            Timestamp to = at(latest + weir_tests::RandomTimes::between(random, -40, 10));
            if (const auto due = pipeline.next_due(); due && pick(random, 4) == 0) {
                to = *due;
            } else if (pick(random, 40) == 0) {
                to += weir::Duration{pick(random, 600)};
            }
            latest = std::max(latest, to.time_since_epoch().count() - 20);
            advance(to);
        } else if (action < 36 && shape.moves) {
            const std::string from(1, static_cast<char>('a' + pick(random, 4)));
            const std::string to(1, static_cast<char>('a' + pick(random, 4)));
            weir::History history{.origin = pick(random, 2)};
            if (pick(random, 2) == 0) {
                history.after = at(latest - static_cast<std::int64_t>(pick(random, 500)));
                history.until = history.after + weir::Duration{pick(random, 300)};
            }
            pipeline.move(from, to, history);
            truth.move(from, to, history);
        }
        if (pick(random, shape.drain_every) != 0) {
            continue;
        }
        const auto expected = truth.held();
        for (const Written& w : drain(pipeline)) {
            ++writes;
            erased += w.erased ? 1 : 0;
            const auto* before = store.find({w.lane, w.key, w.window, w.name});
            const auto found = expected.find({w.lane, w.key, w.window, w.name});
            if (w.erased) {
                REQUIRE(found == expected.end());
                REQUIRE(before != nullptr);
            } else {
                if (found == expected.end()) {
                    FAIL(w.lane << " " << w.name << " " << w.window << " is written, of nothing, at step " << step);
                }
                REQUIRE(w.expires_at == found->second.expires_at);
                if (before != nullptr && before->value == w.value) {
                    // Written for its time to live alone: exactly once it is over, before that when half is spent.
                    const bool over = now >= found->second.empties;
                    REQUIRE(before->expires_at != w.expires_at);
                    REQUIRE((over ||
                             before->expires_at < found->second.empties + (w.expires_at - found->second.empties) / 2));
                }
            }
            store.apply(w);
        }
        for (const auto& [key, value] : expected) {
            const auto* held = store.find(key);
            if (held == nullptr || held->value != value.value || held->expires_at < value.empties) {
                FAIL(std::get<0>(key) << " " << std::get<3>(key) << " " << std::get<2>(key)
                                      << (held == nullptr              ? " lapsed"
                                          : held->value != value.value ? " differs"
                                                                       : " will lapse")
                                      << " at step " << step);
            }
            if (!shape.moves && held->expires_at > value.expires_at) {
                FAIL(std::get<3>(key) << " outlives its window at step " << step);
            }
        }
        if (store.held().size() != expected.size()) {
            FAIL("the store holds what is not true at step " << step);
        }
    }
    REQUIRE(writes > 2000);
    REQUIRE((erased > 20) == shape.moves);
    advance(at(latest + 10'000));
    drain(pipeline);
    REQUIRE(pipeline.keys() == 0);
    REQUIRE_FALSE(pipeline.next_due());
}

Shop view(std::int64_t t, const char* user, const char* product, int price = 1) {
    return Shop{.user = user, .product = product, .price = price, .time = at(t)};
}

}  // namespace

TEST_CASE("a lane writes a value when it changes and not otherwise", "[lane]") {
    Pipeline<Shop> pipeline;
    pipeline.add(weir::lane<Shop>("l")
                     .by(&Shop::user)
                     .rolling(100ms)
                     .linger(1000ms)
                     .metric("count", weir::count)
                     .metric("top", weir::top<&Shop::product>));
    REQUIRE(pipeline.process(view(0, "u", "p")) == Taken::accepted);
    REQUIRE(lines(drain(pipeline)) == Texts{"u:100ms:count=1", "u:100ms:top=p"});
    REQUIRE(drain(pipeline).empty());
    pipeline.process(view(10, "u", "p"));
    REQUIRE(lines(drain(pipeline)) == Texts{"u:100ms:count=2"});
    pipeline.advance_to(at(99));
    REQUIRE(drain(pipeline).empty());
    pipeline.advance_to(at(100));
    REQUIRE(lines(drain(pipeline)) == Texts{"u:100ms:count=1"});
}

TEST_CASE("values are written once when their window has emptied, and lapse after their linger", "[lane]") {
    Pipeline<Shop> pipeline;
    pipeline.add(weir::lane<Shop>("l").by(&Shop::user).rolling(100ms, 300ms).linger(50ms).metric("count", weir::count));
    pipeline.process(view(0, "u", "p"));
    auto written = drain(pipeline);
    REQUIRE(written.size() == 2);
    REQUIRE(written[0].expires_at == at(150));
    REQUIRE(written[1].expires_at == at(350));
    pipeline.advance_to(at(100));
    written = drain(pipeline);
    REQUIRE(lines(written) == Texts{"u:100ms:count=0"});
    REQUIRE(written[0].expires_at == at(150));
    pipeline.advance_to(at(200));
    REQUIRE(drain(pipeline).empty());
    pipeline.advance_to(at(300));
    REQUIRE(lines(drain(pipeline)) == Texts{"u:300ms:count=0"});
    REQUIRE(pipeline.keys() == 1);
    pipeline.advance_to(at(350));
    REQUIRE(drain(pipeline).empty());
    REQUIRE(pipeline.keys() == 0);
}

TEST_CASE("a value that stays is renewed before it lapses, not at every event", "[lane]") {
    Pipeline<Shop> pipeline;
    pipeline.add(
        weir::lane<Shop>("l").by(&Shop::user).rolling(100ms).linger(200ms).metric("top", weir::top<&Shop::product>));
    Store store;
    std::size_t writes = 0;
    for (std::int64_t t = 0; t != 10'000; t += 5) {
        pipeline.process(view(t, "u", "p"));
        pipeline.advance_to(at(t));
        store.advance_to(at(t));
        for (const Written& w : drain(pipeline)) {
            ++writes;
            store.apply(w);
        }
        REQUIRE(store.held().size() == 1);
        REQUIRE(store.held().begin()->second.expires_at >= at(t + 100));
    }
    REQUIRE(writes <= 10'000 / 100 + 1);  // once for each half of the linger
}

TEST_CASE("an event without a key, or that the lane does not want, is passed over", "[lane]") {
    Pipeline<Shop> pipeline;
    pipeline.add(rolling_lane());
    Shop other = view(0, "u", "p");
    other.view = false;
    REQUIRE(pipeline.process(other) == Taken::passed);
    REQUIRE(pipeline.process(view(0, "", "p")) == Taken::passed);
    REQUIRE(pipeline.keys() == 0);
    pipeline.advance_to(at(10'000));
    REQUIRE(pipeline.process(view(9540, "u", "p")) == Taken::late);
    REQUIRE(pipeline.process(view(9541, "u", "p")) == Taken::accepted);  // for the linger alone
    REQUIRE(lines(drain(pipeline)).size() == 6);
}

TEST_CASE("a lane can keep records made of an event", "[lane]") {
    struct Product {
        std::string id;
        int price;
    };
    struct Cart {
        std::string user;
        std::vector<Product> products;
        std::int64_t milliseconds;
    };
    Pipeline<Cart> pipeline;
    pipeline.add(weir::lane<Cart>("cart")
                     .at([](const Cart& cart) { return at(cart.milliseconds); })
                     .by([](const Cart& cart) -> std::string_view { return cart.user; })
                     .each<Product>([](const Cart& cart, auto emit) {
                         for (const Product& product : cart.products) {
                             emit(product);
                         }
                     })
                     .rolling(100ms)
                     .metric("products", weir::distinct<&Product::id>)
                     .metric("sum", weir::sum<&Product::price>));
    REQUIRE(pipeline.process(Cart{"u", {{"a", 1}, {"b", 2}, {"a", 3}}, 0}) == Taken::accepted);
    REQUIRE(pipeline.process(Cart{"u", {}, 1}) == Taken::passed);
    REQUIRE(lines(drain(pipeline)) == Texts{"u:100ms:products=2", "u:100ms:sum=6"});
}

TEST_CASE("metrics that read the same aggregate keep it once", "[lane]") {
    const auto memory = [](auto lane) {
        Pipeline<Shop> pipeline;
        pipeline.add(std::move(lane));
        for (int i = 0; i != 500; ++i) {
            pipeline.process(view(i, "u", weir_tests::name(static_cast<std::size_t>(i)).c_str()));
        }
        return pipeline.memory_in_use();
    };
    const auto one = [] {
        return weir::lane<Shop>("l").by(&Shop::user).rolling(1000ms).metric("a", weir::distinct<&Shop::product>);
    };
    const auto inputs = [](const auto& counts) { return counts.result().distinct() > 1; };
    const std::size_t single = memory(one());
    REQUIRE(memory(one().metric("b", weir::count_by<&Shop::product>.parse(inputs))) < single + 200);
    REQUIRE(memory(one().metric("b", weir::top<&Shop::product>)) > single + 10'000);
}

TEST_CASE("a session's values are of the latest session, and final once it has closed", "[lane]") {
    Pipeline<Shop> pipeline;
    pipeline.add(session_lane(0ms));
    pipeline.process(view(0, "u", "p"));
    auto written = drain(pipeline);
    REQUIRE(lines(written) == Texts{"u::entry=p", "u::events=1"});
    REQUIRE(written[0].window.empty());
    REQUIRE(written[0].expires_at == at(110));
    pipeline.advance_to(at(50));
    pipeline.process(view(50, "u", "q"));
    REQUIRE(lines(drain(pipeline)) == Texts{"u::entry=p", "u::events=2"});  // entry to be renewed
    REQUIRE(pipeline.next_due() <= at(101));
    pipeline.advance_to(at(101));
    REQUIRE(drain(pipeline).empty());  // closed as it was written
    REQUIRE(pipeline.process(view(100, "u", "r")) == Taken::late);
    pipeline.process(view(101, "u", "r"));
    REQUIRE(lines(drain(pipeline)) == Texts{"u::entry=r", "u::events=1"});
    pipeline.advance_to(at(10'000));
    drain(pipeline);
    REQUIRE(pipeline.keys() == 0);
}

TEST_CASE("history that moves takes its values along", "[lane]") {
    Pipeline<Shop> pipeline;
    pipeline.add(rolling_lane());
    Store store;
    const auto flush = [&] {
        for (const Written& w : drain(pipeline)) {
            store.apply(w);
        }
    };
    for (const auto& [t, origin] : {std::pair{0, 1U}, {10, 2U}, {20, 1U}}) {
        Shop event = view(t, "anonymous", "p", t);
        event.origin = origin;
        pipeline.process(event);
    }
    flush();
    pipeline.advance_to(at(30));
    pipeline.move("anonymous", "ada", weir::History{.origin = 1});
    flush();
    REQUIRE(store.find({"product", "anonymous", "100ms", "views"})->value == "1");
    REQUIRE(store.find({"product", "ada", "100ms", "views"})->value == "2");
    pipeline.move("anonymous", "ada", weir::History{.origin = 2, .after = at(10)});  // after it: nothing
    flush();
    REQUIRE(store.find({"product", "ada", "100ms", "views"})->value == "2");
    pipeline.move("anonymous", "ada", weir::History{.origin = 2, .after = at(9), .until = at(10)});
    flush();
    REQUIRE(store.find({"product", "anonymous", "100ms", "views"}) == nullptr);
    REQUIRE(store.find({"product", "ada", "100ms", "views"})->value == "3");
    REQUIRE(store.held().size() == 12);
    pipeline.move("nobody", "ada", weir::History{.origin = 1});
    REQUIRE(drain(pipeline).empty());
    pipeline.remove("ada", weir::History{.origin = 1, .until = at(10)});
    flush();
    REQUIRE(store.find({"product", "ada", "100ms", "views"})->value == "2");
    pipeline.remove("ada", weir::History{.origin = 1});
    pipeline.remove("ada", weir::History{.origin = 2});
    flush();
    REQUIRE(store.held().empty());
}

TEST_CASE("history moves where the lane counts and looks at nothing else", "[lane]") {
    Pipeline<Shop> pipeline;
    pipeline.add(weir::lane<Shop>("steps")
                     .by(&Shop::user)
                     .origin(&Shop::origin)
                     .rolling(long_length)
                     .metric("steps", weir::count));
    Store store;
    const auto flush = [&] {
        for (const Written& w : drain(pipeline)) {
            store.apply(w);
        }
    };
    for (const auto& [t, origin] : {std::pair{0, 1U}, {10, 2U}, {20, 1U}}) {
        Shop event = view(t, "anonymous", "p", t);
        event.origin = origin;
        pipeline.process(event);
    }
    pipeline.move("anonymous", "ada", weir::History{.origin = 1});
    flush();
    REQUIRE(store.find({"steps", "anonymous", "400ms", "steps"})->value == "1");
    REQUIRE(store.find({"steps", "ada", "400ms", "steps"})->value == "2");
}

TEST_CASE("history moves to a key of another shard, and its symbols with it", "[lane]") {
    struct Page {
        std::string user;
        weir::Symbol product;
        std::uint64_t origin;
        Timestamp time;

        void rehome(weir::Symbols& symbols) { product = symbols.intern(product.view()); }
    };
    const auto lane = [] {
        return weir::lane<Page>("l")
            .by(&Page::user)
            .origin(&Page::origin)
            .rolling(100ms)
            .linger(linger)
            .metric("views", weir::count)
            .metric("top", weir::top<&Page::product>);
    };
    weir::Symbols here_symbols;
    weir::Symbols there_symbols;
    Pipeline<Page> here;
    Pipeline<Page> there;
    here.add(lane());
    there.add(lane());
    for (const auto& [t, origin] : {std::pair{0, 1U}, {10, 2U}, {20, 1U}}) {
        here.process(Page{"anonymous", here_symbols.intern("p"), origin, at(t)});
    }
    there.process(Page{"ada", there_symbols.intern("p"), 3, at(5)});
    REQUIRE(lines(drain(here)) == Texts{"anonymous:100ms:top=p", "anonymous:100ms:views=3"});
    REQUIRE(lines(drain(there)) == Texts{"ada:100ms:top=p", "ada:100ms:views=1"});
    here.move("anonymous", there, "ada", weir::History{.origin = 1}, false, there_symbols);
    REQUIRE(lines(drain(here)) == Texts{"anonymous:100ms:views=1"});
    REQUIRE(lines(drain(there)) == Texts{"ada:100ms:views=3"});  // p is one product, not two
    here.move("anonymous", there, "ada", weir::History{.origin = 2}, false, there_symbols);
    REQUIRE(lines(drain(here)) == Texts{"anonymous:100ms:top erased", "anonymous:100ms:views erased"});
    REQUIRE(here.keys() == 0);
    REQUIRE(here_symbols.size() == 0);
    REQUIRE(there_symbols.size() == 1);
}

TEST_CASE("after a move what stays behind is true to the end", "[lane]") {
    // The latest event moves away: what was written with its time to live must not outlive what is left, nor what is
    // left lapse because of it.
    for (const std::int64_t second : {1, 20, 29, 30, 31, 59, 90}) {
        for (const std::int64_t drained : {10, 45, 80}) {
            for (const std::int64_t third : {0, 25, 60, 95, 130}) {
                CAPTURE(second, drained, third);
                Pipeline<Shop> pipeline;
                pipeline.add(weir::lane<Shop>("l")
                                 .by(&Shop::user)
                                 .origin(&Shop::origin)
                                 .rolling(short_length)
                                 .linger(linger)
                                 .metric("count", weir::count)
                                 .metric("top", weir::top<&Shop::product>)
                                 .metric("greatest", weir::max<&Shop::price>));
                Store store;
                const auto flush = [&](std::int64_t t) {
                    pipeline.advance_to(at(t));
                    store.advance_to(at(t));
                    for (const Written& w : drain(pipeline)) {
                        store.apply(w);
                    }
                };
                pipeline.process(view(0, "u", "p"));
                flush(0);
                Shop event = view(second, "u", "p", 5);
                event.origin = 1;
                pipeline.process(event);
                flush(second);
                pipeline.advance_to(at(second + drained));
                pipeline.move("u", "v", weir::History{.origin = 1});
                flush(second + drained);
                std::int64_t latest = 0;
                if (third != 0 && second + drained < 100) {
                    latest = second + drained + third;
                    pipeline.process(view(latest, "u", "p"));
                }
                for (std::int64_t t = std::max(latest, second + drained); t != 500; ++t) {
                    flush(t);
                    const auto* top = store.find({"l", "u", "100ms", "top"});
                    const auto* greatest = store.find({"l", "u", "100ms", "greatest"});
                    const bool lives = t < latest + 160;
                    REQUIRE((top != nullptr) == lives);
                    REQUIRE((greatest != nullptr) == lives);
                    if (lives) {
                        REQUIRE(top->value == (t < latest + 100 ? "p" : ""));
                        REQUIRE(greatest->value == (t < latest + 100 ? "1" : ""));
                    }
                }
            }
        }
    }
}

TEST_CASE("a move takes back what was written before a restart and renews what stays", "[lane]") {
    Store store;
    std::vector<Shop> events;
    for (const auto& [t, origin] : {std::pair{0, 1U}, {5, 2U}}) {
        events.push_back(view(t, "anonymous", "p"));
        events.back().origin = origin;
    }
    Pipeline<Shop> before;
    before.add(rolling_lane());
    for (const Shop& event : events) {
        before.process(event);
    }
    for (const Written& w : drain(before)) {
        store.apply(w);
    }
    REQUIRE(store.held().size() == 12);

    // A second life: the same events again, nothing handed out, and the login that the first one did not live to see.
    const auto restart = [&](Pipeline<Shop>& pipeline) {
        pipeline.add(rolling_lane());
        for (const Shop& event : events) {
            pipeline.process(event);
        }
    };
    SECTION("all of it moves") {
        Pipeline<Shop> after;
        restart(after);
        after.move("anonymous", "ada", weir::History{.origin = 1}, true);
        after.move("anonymous", "ada", weir::History{.origin = 2}, true);
        for (const Written& w : drain(after)) {
            store.apply(w);
        }
        REQUIRE(store.find({"product", "anonymous", "100ms", "top"}) == nullptr);
        REQUIRE(store.find({"product", "ada", "100ms", "views"})->value == "2");
        REQUIRE(store.held().size() == 12);
    }
    SECTION("some of it stays, and lives on") {
        Pipeline<Shop> after;
        restart(after);
        after.move("anonymous", "ada", weir::History{.origin = 1}, true);
        for (std::int64_t t = 6; t != 3000; ++t) {
            if (t % 20 == 0) {
                after.process(view(t, "anonymous", "p"));
            }
            after.advance_to(at(t));
            store.advance_to(at(t));
            for (const Written& w : drain(after)) {
                store.apply(w);
            }
            const auto* top = store.find({"product", "anonymous", "100ms", "top"});
            REQUIRE(top != nullptr);
            REQUIRE(top->value == "p");
            REQUIRE(top->expires_at <= at(t + 160));
        }
    }
}

TEST_CASE("the store of a lane holds what brute force finds", "[lane]") {
    compare_with_truth({});
    compare_with_truth({.lateness = 20ms, .spread = 40, .drain_every = 1});
    compare_with_truth({.lateness = 50ms, .spread = 60, .drain_every = 2});
    compare_with_truth({.spread = 80, .drain_every = 25});
}

TEST_CASE("the store of a lane whose history moves holds what brute force finds", "[lane]") {
    compare_with_truth({.moves = true});
    compare_with_truth({.moves = true, .spread = 50, .drain_every = 1});
    compare_with_truth({.moves = true, .spread = 30, .drain_every = 12});
}
