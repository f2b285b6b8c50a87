// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "stage_record.hpp"

#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "features.hpp"
#include "settings.hpp"
#include "shop_events.hpp"
#include "stage_time.hpp"

using namespace live_shopper;
using namespace std::chrono_literals;

namespace {

class Records {
public:
    explicit Records(unsigned seed) : random_{seed} {}

    StageRecord next() {
        texts_.clear();
        texts_.reserve(200);
        StageRecord r;
        r.kind = static_cast<StageRecord::Kind>(pick(5));
        r.sources = static_cast<std::uint32_t>(1 + pick(most_partitions));
        r.source = static_cast<std::uint32_t>(pick(r.sources));
        r.idle = pick(2) == 0;
        if (pick(4) != 0) {
            r.time = time();
        }
        if (r.kind == StageRecord::Kind::for_user || r.kind == StageRecord::Kind::give_up) {
            r.user = text();
            r.origin = random_();
        }
        if (r.kind == StageRecord::Kind::give_up) {
            r.until = time();
            return r;
        }
        if (r.kind == StageRecord::Kind::time) {
            return r;
        }
        r.arrival = time();
        r.stamp = random_();
        ShopEvent& e = r.event;
        e.time = time();
        e.type = static_cast<EventType>(pick(14));
        e.device = static_cast<DeviceClass>(pick(6));
        e.has_marketing = pick(2) == 0;
        for (std::string_view* const to :
             {&e.id, &e.user_id, &e.domain_userid, &e.session_id, &e.list_name, &e.transaction_id, &e.page_url,
              &e.marketing_campaign, &e.marketing_source, &e.platform, &e.city, &e.country, &e.region}) {
            *to = text();
        }
        e.cart_total = decimal();
        e.revenue = decimal();
        e.checkout_step = pick(3) == 0 ? static_cast<std::int32_t>(random_()) : 0;
        e.products.resize(pick(4));
        for (Product& p : e.products) {
            p = Product{text(), text(), text(), decimal(),
                        pick(2) == 0 ? 1 : static_cast<std::int64_t>(pick(1'000'000'001))};
        }
        return r;
    }

    std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

private:
    std::string_view text() {
        constexpr std::size_t lengths[] = {0, 0, 1, 36, 127, 128, 300};
        texts_.emplace_back(lengths[pick(std::size(lengths))], static_cast<char>(pick(256)));
        return texts_.back();
    }
    weir::Timestamp time() {
        return weir::Timestamp{weir::Duration{static_cast<std::int64_t>(random_()) >> (11 + pick(53))}};
    }
    std::optional<weir::Decimal> decimal() {
        if (pick(3) == 0) {
            return std::nullopt;
        }
        auto units = static_cast<weir::Decimal::Wide>(static_cast<std::int64_t>(random_()) >> pick(64));
        return weir::Decimal::from_millionths(pick(2) == 0 ? units * 1'000'000 : units);
    }

    std::mt19937_64 random_;
    std::vector<std::string> texts_;
};

std::string bytes_of(const StageRecord& record) {
    std::string bytes;
    write(record, bytes);
    return bytes;
}

}  // namespace

TEST_CASE("a record of a stage reads back as it was written", "[stage_record]") {
    Records records{7};
    StageRecord again;
    for (int i = 0; i < 20'000; ++i) {
        const StageRecord r = records.next();
        const std::string bytes = bytes_of(r);
        REQUIRE(read(bytes, again));
        REQUIRE(bytes_of(again) == bytes);
        REQUIRE(again.kind == r.kind);
        REQUIRE(again.time == r.time);
        REQUIRE(again.user == r.user);
        REQUIRE(again.origin == r.origin);
        REQUIRE(again.until == r.until);
        REQUIRE(again.arrival == r.arrival);
        REQUIRE(again.stamp == r.stamp);
        REQUIRE(again.event.id == r.event.id);
        REQUIRE(again.event.region == r.event.region);
        REQUIRE(again.event.cart_total == r.event.cart_total);
        REQUIRE(again.event.products.size() == r.event.products.size());
        for (std::size_t p = 0; p < r.event.products.size(); ++p) {
            REQUIRE(again.event.products[p].price == r.event.products[p].price);
            REQUIRE(again.event.products[p].quantity == r.event.products[p].quantity);
            REQUIRE(again.event.products[p].category == r.event.products[p].category);
        }
    }
}

TEST_CASE("a record that is cut, longer or of another version is refused", "[stage_record]") {
    Records records{8};
    StageRecord again;
    for (int i = 0; i < 500; ++i) {
        const std::string bytes = bytes_of(records.next());
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            REQUIRE_FALSE(read(std::string_view{bytes}.substr(0, size), again));
        }
        REQUIRE_FALSE(read(bytes + 'x', again));
        std::string other = bytes;
        other[0] = 2;
        REQUIRE_FALSE(read(other, again));
    }
}

TEST_CASE("a record of a time that cannot be is refused", "[stage_record]") {
    const auto reads = [](weir::Timestamp t) {
        StageRecord record;
        record.time = t;
        const std::string bytes = bytes_of(record);
        return read(bytes, record);
    };
    CHECK(reads(shop_events::noon));
    CHECK(reads(weir::Timestamp{weir::Duration{std::int64_t{1} << 53}}));
    CHECK_FALSE(reads(weir::Timestamp{weir::Duration{(std::int64_t{1} << 53) + 1}}));
    CHECK_FALSE(reads(weir::Timestamp::max()));
    CHECK_FALSE(reads(weir::Timestamp::min()));
}

TEST_CASE("bytes that are no record do no harm", "[stage_record]") {
    Records records{9};
    StageRecord again;
    std::size_t taken = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string bytes = bytes_of(records.next());
        for (auto n = 1 + records.pick(4); n > 0; --n) {
            bytes[1 + records.pick(bytes.size() - 1)] = static_cast<char>(records.pick(256));
        }
        if (read(bytes, again)) {
            ++taken;
            bytes_of(again);
        }
    }
    CHECK(taken > 0);
}

TEST_CASE("every partition gets its share of keys", "[stage_record]") {
    std::vector<int> keys(12);
    for (int i = 0; i < 12'000; ++i) {
        ++keys[partition_of("visitor-" + std::to_string(i), 12)];
    }
    for (const int n : keys) {
        CHECK(n > 800);
        CHECK(n < 1200);
    }
    CHECK(partition_of("", 1) == 0);
}

TEST_CASE("events that are not for users are none that a lane by user takes", "[stage_record]") {
    Settings settings;
    settings.checkout_windows = {5min};
    weir::Symbols symbols;  // outlives those who have symbols of it
    auto users = make_user_pipeline(settings);
    std::size_t sent = 0;
    for (int type = 0; type < 14; ++type) {
        for (const std::int32_t step : {0, 1, 2, 3}) {
            ShopEvent e;
            e.type = static_cast<EventType>(type);
            e.checkout_step = step;
            e.list_name = "list";
            e.products.resize(1);
            e.products[0].category = "category";
            const auto taken = users.process(ShopperEvent{e, e.time, "ada", 0, 0, symbols});
            INFO(name(e.type) << ' ' << step);
            CHECK(is_for_users(e) == (taken != weir::Taken::passed));
            sent += is_for_users(e) ? 1U : 0U;
        }
    }
    CHECK(sent > 0);
}

TEST_CASE("event time of a stage waits for every source that is at work", "[stage_time]") {
    const auto at = [](int seconds) { return weir::Timestamp{std::chrono::seconds{seconds}}; };
    StageTime time;
    CHECK_FALSE(time.status().time);
    time.observe(0, 2, false, at(100), at(200));
    CHECK_FALSE(time.status().time);  // source 1 was never heard of
    time.observe(1, 2, true, std::nullopt, at(200));
    CHECK(time.status().time == at(100));  // it has nothing, and holds nobody back
    CHECK_FALSE(time.status().idle);
    time.observe(1, 2, false, at(90), at(200));
    CHECK(time.status().time == at(100));  // never back
    time.observe(0, 2, false, at(120), at(200));
    CHECK(time.status().time == at(100));
    time.observe(1, 2, false, at(110), at(200));
    CHECK(time.status().time == at(110));
    time.observe(1, 2, true, at(111), at(201));
    CHECK(time.status().time == at(120));
    time.observe(0, 2, true, at(121), at(201));
    time.observe(1, 2, true, at(125), at(201));
    CHECK(time.status().time == at(125));
    CHECK(time.status().idle);
    // One that has fallen silent holds time back, however idle it was.
    time.observe(0, 2, true, at(130), at(206));
    CHECK(time.status().time == at(125));
    CHECK_FALSE(time.status().idle);
    time.observe(1, 2, true, at(131), at(206));
    CHECK(time.status().time == at(131));
}
