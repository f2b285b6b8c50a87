// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// The records between the stages of a fleet. Bytes become records, most of them good, some with a byte changed, some
// any bytes at all, and go through a stage of visitors to one of shoppers. A record that is read is read again from
// what is written of it; what a stage sends the next one can read; a stage that is restored from its snapshot in the
// middle of it sends what the first one does.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/snapshot.hpp>

#include "bytes.hpp"
#include "engine.hpp"
#include "reader.hpp"
#include "stage_record.hpp"
#include "visitor_stage.hpp"

namespace {

using namespace live_shopper;  // NOLINT: what is fuzzed
using weir_tests::Bytes;
using weir_tests::check;

constexpr std::uint32_t shoppers = 2;
constexpr std::array<std::string_view, 4> names{"", "a", "b", "somebody@example.com"};

using Sent = std::vector<std::string>;

class Fleet {
public:
    explicit Fleet(Bytes bytes)
        : bytes_{bytes}, visitors_{std::make_unique<VisitorStage>(settings(), horizon(), 0, 1, shoppers)} {
        for (Engine& engine : engines_) {
            engine.rebuilding(false);
        }
    }

    void run() {
        while (!bytes_.empty()) {
            switch (bytes_.next() % 8) {
                case 0:
                    record_.assign(bytes_.next(), static_cast<char>(bytes_.next()));
                    for (char& c : record_) {
                        c = static_cast<char>(bytes_.next());
                    }
                    take();
                    break;
                case 1:
                    if (!record_.empty()) {
                        record_[bytes_.next() % record_.size()] = static_cast<char>(bytes_.next());
                        take();
                    }
                    break;
                case 2:
                    visitors_->at_end(bytes_.next() % 2 == 0);
                    tick();
                    break;
                case 3:
                    change_hands();
                    break;
                default:
                    make_event();
                    take();
                    break;
            }
        }
        tick();
    }

private:
    static Settings settings() {
        Settings settings;
        settings.bot_limit = 50;
        return settings;
    }
    static weir::Duration horizon() {
        static const weir::Duration span = Engine{settings()}.horizon();
        return span;
    }

    std::string_view name() { return names[bytes_.next() % names.size()]; }

    void make_event() {
        StageRecord r;
        r.kind = bytes_.next() % 8 == 0 ? StageRecord::Kind::time : StageRecord::Kind::event;
        r.sources = 1 + bytes_.next() % 3U;
        r.source = bytes_.next() % r.sources;
        r.idle = bytes_.next() % 4 == 0;
        if (bytes_.next() % 8 != 0) {
            r.time = bytes_.time(latest_);
        }
        const std::string id(1, static_cast<char>(bytes_.next()));
        if (r.kind == StageRecord::Kind::event) {
            r.event.id = id;
            r.event.type = static_cast<EventType>(bytes_.next() % 14);
            r.event.time = bytes_.time(latest_);
            r.event.user_id = name();
            r.event.domain_userid = name();
            r.event.session_id = name();
            r.event.transaction_id = name();
            r.event.products.resize(bytes_.next() % 3);
            r.arrival = r.event.time;
            r.stamp = ++stamp_;
        }
        record_.clear();
        write(r, record_);
    }

    // A record that is read again from what is written of it is the same.
    static void read_again(std::string_view bytes) {
        StageRecord first;
        if (!read(bytes, first)) {
            return;
        }
        std::string once;
        write(first, once);
        StageRecord second;
        check(read(once, second), "a record that was written can be read");
        std::string twice;
        write(second, twice);
        check(once == twice, "a record");
    }

    void take() {
        read_again(record_);
        Record record;
        record.payload = record_;
        record.offset = offset_++;
        const auto logged = weir::Timestamp{weir::Duration{1'790'000'000'000 + offset_ * 10}};
        const auto give = [&](VisitorStage& stage, Sent& sent) {
            return stage.take(record, logged, logged, false, [&](std::uint32_t partition, std::string_view bytes) {
                check(partition < shoppers, "a partition");
                sent.emplace_back(static_cast<char>(partition) + std::string{bytes});
            });
        };
        Sent sent;
        const auto result = give(*visitors_, sent);
        if (copy_) {
            Sent also;
            const auto again = give(*copy_, also);
            check(result.error == again.error && result.outcome == again.outcome, "what became of a record");
            check(sent == also, "what a restored stage sends");
        }
        pass_on(sent, logged);
        take_as_shopper(record, logged, 0);
    }

    void tick() {
        Sent sent;
        const auto now = weir::Timestamp{weir::Duration{1'790'000'000'000 + ++offset_ * 10}};
        visitors_->tick(now, [&](std::uint32_t partition, std::string_view bytes) {
            sent.emplace_back(static_cast<char>(partition) + std::string{bytes});
        });
        if (copy_) {
            copy_->tick(now, [](std::uint32_t, std::string_view) {});  // it tells more: it has told nothing yet
        }
        pass_on(sent, now);
    }

    void pass_on(const Sent& sent, weir::Timestamp logged) {
        for (const std::string& bytes : sent) {
            Record record;
            record.payload = std::string_view{bytes}.substr(1);
            check(take_as_shopper(record, logged, static_cast<std::size_t>(bytes.front())) == DecodeError::none,
                  "what a stage sends can be read");
        }
    }

    DecodeError take_as_shopper(const Record& record, weir::Timestamp logged, std::size_t partition) {
        Engine& engine = engines_[partition];
        const auto result = readers_[partition].take(record, logged, logged, true, engine);
        if (const auto time = readers_[partition].time(logged)) {
            engine.advance_to(*time);
            engine.drain([](const Write&) {});
        }
        return result.error;
    }

    // Another one goes on from a snapshot, and the first one too.
    void change_hands() {
        const State& from = *visitors_->state();
        weir::SnapshotWriter beside;
        from.save(beside);
        std::vector<std::byte> tables;
        {
            const auto steps = from.in_steps();
            while (steps->write(1 + bytes_.next() % 8, [&](std::span<const std::byte> piece) {
                tables.insert(tables.end(), piece.begin(), piece.end());
            })) {
            }
        }
        copy_ = std::make_unique<VisitorStage>(settings(), horizon(), 0, 1, shoppers);
        State& to = *copy_->state();
        to.begin();
        weir::SnapshotReader in{std::as_const(beside).bytes()};
        to.load(in);
        to.restore(tables);
        check(to.keys() == from.keys(), "the visitors of a restored stage");
        visitors_.swap(copy_);
    }

    Bytes bytes_;
    std::unique_ptr<VisitorStage> visitors_;
    std::unique_ptr<VisitorStage> copy_;
    std::array<Engine, shoppers> engines_{Engine{settings()}, Engine{settings()}};
    std::array<ShopperReader, shoppers> readers_;
    std::string record_;
    std::int64_t latest_ = 1'790'000'000'000;
    std::int64_t offset_ = 0;
    std::uint64_t stamp_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
    if (size > 4000) {
        return 0;
    }
    Fleet{Bytes{data, size}}.run();
    return 0;
}
