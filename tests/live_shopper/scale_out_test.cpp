// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The stages of a fleet in one thread, their topics in vectors: whatever is read twice, late or by two at once, the
// values are those of one engine.

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "../simulation/model.hpp"
#include "engine.hpp"
#include "intake.hpp"
#include "reader.hpp"
#include "shop_events.hpp"
#include "stage_record.hpp"
#include "state.hpp"
#include "visitor_stage.hpp"

using namespace live_shopper;
using namespace std::chrono_literals;

namespace {

using Values = std::map<std::string, std::string>;

struct Entry {
    std::string bytes;
    weir::Timestamp logged;
};
using Log = std::vector<Entry>;
using Topic = std::vector<Log>;

constexpr std::size_t limit = 1 << 20;

class Fleet {
public:
    Fleet(unsigned seed, Topic input, Settings settings, bool keyed)
        : random_{seed}, settings_{std::move(settings)}, keyed_{keyed}, input_{std::move(input)} {
        if (!keyed_) {
            visitors_.resize(4);
        }
        shoppers_.resize(3);
    }

    /// Lets every stage come to its end, with whatever may happen on the way.
    void run() {
        add_parts(input_, visitors_, true);
        if (!keyed_) {
            add_parts(visitors_, shoppers_, false);
        }
        for (bool all = false; !all;) {
            now_ += 50ms;
            all = true;
            for (Part& part : parts_) {
                step(part);
                all = all && part.next == part.from->size() && part.zombies.empty();
            }
        }
        for (int i = 0; i < 3; ++i) {
            now_ += 2s;
            for (Part& part : parts_) {
                while (part.next < part.from->size()) {
                    take(part, *part.at_work, part.next++);
                }
                part.at_work->at_end(true);
                part.at_work->tick(now_, part.emit);
            }
        }
    }

    /// What the store holds when every partition of shoppers was read, at `time`.
    [[nodiscard]] Values values(weir::Timestamp time) const {
        Values out;
        for (const Log& log : shoppers_) {
            Settings settings = settings_;
            settings.dedupe = 72h;
            Engine engine{settings};
            ShopperReader reader;
            reader.begin(1, now_);
            for (const Entry& entry : log) {
                Record record;
                record.payload = entry.bytes;
                REQUIRE(reader.take(record, entry.logged, now_, true, engine).error == DecodeError::none);
            }
            CHECK(reader.time(now_).has_value());
            engine.advance_to(time);
            engine.drain([&](const Write& w) {
                if (!w.erase) {
                    CHECK(out.emplace(w.key, w.value).second);
                }
            });
        }
        return out;
    }

    /// How often a snapshot was taken up.
    [[nodiscard]] std::size_t restored() const { return restored_; }

private:
    // Of what a transform knew when it had read as far as `next`.
    struct Saved {
        std::vector<std::byte> tables;
        std::vector<std::byte> beside;
        std::size_t next = 0;
    };

    struct Part {
        const Log* from;
        Transform::Emit emit;
        std::function<std::unique_ptr<Transform>()> make;
        std::unique_ptr<Transform> at_work;
        std::size_t next = 0;
        std::size_t committed = 0;
        std::unique_ptr<State::Steps> steps{};  // of a snapshot that is being written, goes before at_work
        Saved writing{};
        std::optional<Saved> kept{};
        std::vector<std::pair<std::unique_ptr<Transform>, std::size_t>> zombies;  // and what each reads next
    };

    void add_parts(const Topic& from, Topic& to, bool input) {
        Topic& target = keyed_ && input ? shoppers_ : to;
        for (std::uint32_t i = 0; i < from.size(); ++i) {
            Part part;
            part.from = &from[i];
            part.emit = [this, &target](std::uint32_t partition, std::string_view bytes) {
                target[partition].push_back({std::string{bytes}, now_});
            };
            const auto sources = static_cast<std::uint32_t>(from.size());
            const auto targets = static_cast<std::uint32_t>(target.size());
            const auto horizon = Engine{settings_}.horizon();
            part.make = [this, input, i, sources, targets, horizon]() -> std::unique_ptr<Transform> {
                if (!input) {
                    return std::make_unique<VisitorStage>(settings_, horizon, i, sources, targets);
                }
                if (keyed_) {
                    return std::make_unique<KeyedVisitorStage>(settings_, limit, 100ms, horizon, i, sources, targets);
                }
                return std::make_unique<Intake>(settings_, limit, 100ms, i, sources, targets);
            };
            part.at_work = part.make();
            parts_.push_back(std::move(part));
        }
    }

    void take(Part& part, Transform& transform, std::size_t offset) {
        const Entry& entry = (*part.from)[offset];
        Record record;
        record.payload = entry.bytes;
        record.offset = static_cast<std::int64_t>(offset);
        const auto result = transform.take(record, entry.logged, now_, false, part.emit);
        REQUIRE(result.error == DecodeError::none);
    }

    void step(Part& part) {
        for (auto n = pick(20); n > 0 && part.next < part.from->size(); --n) {
            take(part, *part.at_work, part.next++);
        }
        for (auto& [zombie, next] : part.zombies) {
            for (auto n = pick(20); n > 0 && next < part.from->size(); --n) {
                take(part, *zombie, next++);
            }
        }
        if (pick(8) == 0) {
            part.zombies.clear();
        }
        if (pick(3) == 0) {
            part.committed = part.committed + pick(part.next - part.committed + 1);
        }
        if (pick(3) == 0) {
            part.at_work->tick(now_, part.emit);
        }
        if (part.at_work->state() != nullptr) {
            step_snapshot(part);
        }
        if (pick(25) == 0) {
            // Another one takes over from what was committed; this one may go on for a while.
            part.steps.reset();
            if (pick(2) == 0) {
                part.zombies.emplace_back(std::move(part.at_work), part.next);
            }
            part.at_work = part.make();
            part.next = 0;
            if (part.at_work->horizon() == weir::Duration::zero()) {
                part.next = part.committed;
            }
            if (part.kept && part.kept->next <= part.committed && pick(4) != 0) {
                restore(part);
            }
            while (part.next < part.committed) {
                const Entry& entry = (*part.from)[part.next];
                Record record;
                record.payload = entry.bytes;
                record.offset = static_cast<std::int64_t>(part.next++);
                part.at_work->take(record, entry.logged, now_, true,
                                   [](std::uint32_t, std::string_view) { FAIL("sent what was sent before"); });
            }
        }
    }

    void step_snapshot(Part& part) {
        const State& state = *part.at_work->state();
        if (!part.steps && pick(4) == 0) {
            weir::SnapshotWriter beside;
            state.save(beside);
            const auto bytes = std::as_const(beside).bytes();
            part.writing = {{}, {bytes.begin(), bytes.end()}, part.next};
            part.steps = state.in_steps();
        } else if (part.steps) {
            const bool more = part.steps->write(1 + pick(4), [&](std::span<const std::byte> piece) {
                part.writing.tables.insert(part.writing.tables.end(), piece.begin(), piece.end());
            });
            if (!more) {
                part.steps.reset();
                part.kept = std::move(part.writing);
            }
        }
    }

    void restore(Part& part) {
        State& state = *part.at_work->state();
        Saved damaged = *part.kept;
        damaged.tables[pick(damaged.tables.size())] ^= std::byte{4};
        CHECK_THROWS_AS(state.restore(damaged.tables), weir::SnapshotError);
        state.begin();
        weir::SnapshotReader beside{part.kept->beside};
        state.load(beside);
        CHECK(beside.remaining() == 0);
        state.restore(part.kept->tables);
        part.next = part.kept->next;
        ++restored_;
    }

    std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

    std::mt19937 random_;
    Settings settings_;
    bool keyed_;
    Topic input_;
    Topic visitors_;
    Topic shoppers_;
    std::vector<Part> parts_;
    weir::Timestamp now_ = shop_events::noon + 2h;
    std::size_t restored_ = 0;
};

struct Shop {
    Topic input{3};
    std::vector<Entry> in_order;  // as one engine takes them: equal times by their place in the input
    simulation::Model model;
    weir::Timestamp end{};

    Shop(unsigned seed, bool keyed) {
        std::mt19937 random{seed};
        const auto pick = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random); };
        const std::vector<std::string> types{"page_view",   "product_view",     "product_view",  "list_view",
                                             "add_to_cart", "remove_from_cart", "checkout_step", "transaction"};
        struct Made {
            simulation::ShopEvent event;
            std::string json;
        };
        struct Placed {
            std::uint64_t stamp;
            Entry entry;
        };
        std::vector<std::pair<Made, std::size_t>> made;
        std::vector<Placed> placed;
        const auto place = [&](const std::string& json, std::size_t partition) {
            const auto offset = static_cast<std::int64_t>(input[partition].size());
            input[partition].push_back({json, end});
            placed.push_back({stamp_of(offset, static_cast<std::uint32_t>(partition)), {json, end}});
        };
        end = shop_events::noon;
        const std::size_t visitors = 2 + pick(6);
        for (std::size_t i = 0; i < 400; ++i) {
            end += std::chrono::milliseconds{pick(2000)};
            if (!made.empty() && pick(8) == 0) {
                const auto& [again, partition] = made[pick(made.size())];
                place(again.json, partition);
                continue;
            }
            simulation::ShopEvent e;
            const auto visitor = pick(visitors);
            e.id = "e" + std::to_string(i);
            e.type = types[pick(types.size())];
            // So coarse that many are equal.
            e.time = end - std::chrono::seconds{pick(3) == 0 ? pick(120) : 0};
            e.time = std::chrono::floor<std::chrono::seconds>(e.time);
            e.visitor = "v" + std::to_string(visitor);
            if (pick(30) == 0 && !keyed) {
                e.visitor.clear();
            }
            e.session = pick(20) == 0 ? "" : "s" + std::to_string(visitor) + "-" + std::to_string(pick(2));
            e.user = pick(4) == 0 ? "u" + std::to_string(pick(4)) : "";
            if (e.type != "page_view" && e.type != "list_view" && e.type != "checkout_step") {
                e.product = "p" + std::to_string(pick(6));
                e.category = "c" + std::to_string(pick(3));
                e.price = static_cast<int>(1 + pick(50));
                e.quantity = static_cast<int>(1 + pick(3));
            }
            e.list = e.type == "list_view" ? "c" + std::to_string(pick(3)) : "";
            e.transaction = e.type == "transaction" ? "t" + std::to_string(pick(8)) : "";
            e.cart_total = static_cast<int>(pick(200));
            const auto partition = keyed ? visitor % 3 : pick(3);
            made.push_back({{e, e.json(shop_events::iso(e.time))}, partition});
            place(made.back().first.json, partition);
        }
        std::stable_sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.stamp < b.stamp; });
        for (auto& p : placed) {
            in_order.push_back(std::move(p.entry));
        }
    }

    [[nodiscard]] Values of_one_engine(const Settings& settings) const {
        Engine engine{settings};
        Decoder decoder{settings.cart_total};
        ShopEvent event;
        for (const Entry& entry : in_order) {
            REQUIRE(decoder.decode(entry.bytes, event, false) == DecodeError::none);
            engine.accept(event, entry.logged);
        }
        engine.advance_to(end);
        Values out;
        engine.drain([&](const Write& w) {
            if (!w.erase) {
                out.emplace(w.key, w.value);
            }
        });
        return out;
    }
};

void check_fleet(unsigned first_seed, unsigned seeds, bool keyed, bool stitch) {
    std::size_t restored = 0;
    for (unsigned seed = first_seed; seed < first_seed + seeds; ++seed) {
        INFO("seed " << seed);
        Settings settings;
        settings.stitch = stitch;
        const Shop shop{seed, keyed};
        Fleet fleet{seed, shop.input, settings, keyed};
        fleet.run();
        restored += fleet.restored();
        const Values wanted = shop.of_one_engine(settings);
        const Values found = fleet.values(shop.end);
        REQUIRE(wanted.size() > 50);
        for (const auto& [key, value] : wanted) {
            INFO(key);
            const auto at = found.find(key);
            REQUIRE((at == found.end() ? "nothing" : at->second) == value);
        }
        REQUIRE(found.size() == wanted.size());
    }
    CHECK(restored > seeds);
}

}  // namespace

TEST_CASE("a fleet comes to the values of one engine, event for event", "[scale_out]") {
    check_fleet(1, 60, false, true);
}

TEST_CASE("a fleet whose input is keyed by visitor needs no first stage", "[scale_out]") {
    check_fleet(1000, 40, true, true);
}

TEST_CASE("a fleet leaves history with the visitor where it is told to", "[scale_out]") {
    check_fleet(2000, 20, false, false);
}

TEST_CASE("a stage of visitors that has a backlog is not idle, whatever its sources were", "[scale_out]") {
    VisitorStage stage{Settings{}, 48h, 0, 1, 1};
    std::vector<StageRecord> told;
    const auto emit = [&](std::uint32_t, std::string_view bytes) {
        StageRecord record;
        REQUIRE(read(bytes, record));
        told.push_back(record);
    };
    StageRecord head;
    head.kind = StageRecord::Kind::time;
    head.sources = 1;
    head.time = shop_events::noon;
    head.idle = true;
    std::string bytes;
    write(head, bytes);
    Record record;
    record.payload = bytes;
    stage.take(record, shop_events::noon, shop_events::noon + 1h, false, emit);
    stage.tick(shop_events::noon + 1h, emit);
    REQUIRE(told.size() == 1);
    CHECK_FALSE(told.back().idle);
    stage.at_end(true);
    stage.tick(shop_events::noon + 1h, emit);
    REQUIRE(told.size() == 2);
    CHECK(told.back().idle);
    stage.take(record, shop_events::noon, shop_events::noon + 1h, false, emit);
    stage.tick(shop_events::noon + 1h, emit);
    REQUIRE(told.size() == 3);
    CHECK_FALSE(told.back().idle);
}
