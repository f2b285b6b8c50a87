// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "snapshot_topic.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <exception>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <weir/snapshot.hpp>

#include "log.hpp"

namespace live_shopper {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::array<std::uint8_t, 4> magic{'s', 'n', 'a', 1};
constexpr const char* header_name = "live-shopper";
constexpr std::uint32_t manifest_index = 0xFFFF'FFFF;
constexpr std::size_t kept = 2;

// What the end of a partition is looked for in, where the last record is none of ours.
constexpr std::array<std::int64_t, 3> looks_back{1, 16, 256};

enum class Kind : std::uint8_t { chunk, manifest, deleted };

// What its order relies on is not up to the user, and no group is joined here.
KafkaProperties allowed(const KafkaProperties& properties) {
    return without(properties, {"acks", "request.required.acks", "enable.idempotence", "max.in.flight",
                                "max.in.flight.requests.per.connection", "retries", "message.send.max.retries",
                                "group.instance.id", "partition.assignment.strategy", "auto.offset.reset"});
}

std::string error_text(rd_kafka_resp_err_t error) { return rd_kafka_err2str(error); }

// Whether it is worth to wait on after an error. The end of the partition comes as one.
bool passes(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           error == RD_KAFKA_RESP_ERR__RESOLVE || error == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

// What a report is of: the store, which of its snapshots, and the index in that.
constexpr std::uint64_t report_of(std::uint32_t store, std::uint32_t serial, std::uint32_t index) {
    return std::uint64_t{store & 0xFFFFU} << 48 | std::uint64_t{serial & 0xFFFFU} << 32 | index;
}

}  // namespace

struct SnapshotTopic::Header {
    Kind kind = Kind::chunk;
    Number number{};
    std::uint32_t index = 0;
    std::int64_t newest = -1;

    [[nodiscard]] weir::SnapshotWriter bytes() const {
        weir::SnapshotWriter out;
        out.write(magic, kind, number, index, newest);
        return out;
    }
    [[nodiscard]] weir::SnapshotWriter key() const {
        weir::SnapshotWriter out;
        out.write(number, index);
        return out;
    }

    /// Nothing where the record is none of ours.
    [[nodiscard]] static std::optional<Header> of(const rd_kafka_message_t& message) {
        rd_kafka_headers_t* headers = nullptr;
        const void* value = nullptr;
        std::size_t size = 0;
        if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
            rd_kafka_header_get_last(headers, header_name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return std::nullopt;
        }
        try {
            weir::SnapshotReader in{{static_cast<const std::byte*>(value), size}};
            in.require(in.read<std::array<std::uint8_t, 4>>() == magic, "a header of a snapshot");
            Header out;
            in.read(out.kind, out.number, out.index, out.newest);
            in.require(in.remaining() == 0 && out.kind <= Kind::deleted, "a header of this version");
            return out;
        } catch (const weir::SnapshotError&) {
            return std::nullopt;
        }
    }
};

struct SnapshotTopic::Manifest {
    Number number{};
    std::uint32_t chunks = 0;
    std::uint64_t bytes = 0;
    std::int64_t first = -1;     // offset of the first chunk
    std::int64_t previous = -1;  // that of the manifest before; -1: there is none

    static constexpr const char* snapshot_name = "Manifest";
    template <class All>
    static constexpr auto snapshot_members(All all) {
        return all(&Manifest::number, &Manifest::chunks, &Manifest::bytes, &Manifest::first, &Manifest::previous);
    }
    [[nodiscard]] bool snapshot_valid() const { return first >= 0 && previous >= -1 && chunks < manifest_index; }

    [[nodiscard]] static std::optional<Manifest> of(const rd_kafka_message_t& message) {
        const auto header = Header::of(message);
        if (!header || header->kind != Kind::manifest) {
            return std::nullopt;
        }
        try {
            Manifest out;
            weir::restore(out, {static_cast<const std::byte*>(message.payload), message.len});
            return out.number == header->number ? std::optional{out} : std::nullopt;
        } catch (const weir::SnapshotError&) {
            return std::nullopt;
        }
    }
};

// Reads in a partition, until nothing has come for as long as the patience, or all of it takes too long.
class SnapshotTopic::Reading {
public:
    Reading(SnapshotTopic& topic, std::int32_t partition, weir::Duration most = patience)
        : client_{topic.consumer()}, topic_{topic.topic_}, partition_{partition}, most_{most} {}

    /// Calls `f` with the records from `offset` on while it gives true. Whether the partition has ended before that: it
    /// has not where the broker does not answer.
    template <class F>
    bool from(std::int64_t offset, F f) {
        const KafkaPartitions list{rd_kafka_topic_partition_list_new(1)};
        rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition_)->offset = offset;
        if (rd_kafka_assign(client_, list.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return false;
        }
        bool ended = false;
        for (bool more = true; more && Steady::now() < deadline_;) {
            const std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)> message{
                rd_kafka_consumer_poll(client_, milliseconds_left()), &rd_kafka_message_destroy};
            if (!message) {
                break;
            }
            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                deadline_ = std::min(Steady::now() + most_, end_);
                more = f(*message);
            } else {
                ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
                more = passes(message->err);
            }
        }
        rd_kafka_assign(client_, nullptr);
        return ended;
    }

    /// The manifest at an offset; nothing where there is none.
    [[nodiscard]] std::optional<Manifest> manifest_at(std::int64_t offset) {
        std::optional<Manifest> out;
        from(offset, [&](const rd_kafka_message_t& message) {
            if (message.offset == offset) {
                out = Manifest::of(message);
            }
            return false;
        });
        return out;
    }

private:
    [[nodiscard]] int milliseconds_left() const {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Steady::now()).count();
        return static_cast<int>(std::max<std::int64_t>(0, left));
    }

    rd_kafka_t* client_;
    const std::string& topic_;
    std::int32_t partition_;
    weir::Duration most_;
    Steady::time_point end_ = Steady::now() + longest_reading;
    Steady::time_point deadline_ = Steady::now() + most_;
};

class SnapshotTopic::Store final : public SnapshotStore {
public:
    Store(SnapshotTopic& topic, std::int32_t partition, std::uint32_t number)
        : topic_{topic}, partition_{partition}, store_{number} {
        topic_.stores_[store_] = this;
    }
    ~Store() override {
        if (state_ == State::open) {
            abandon();
        }
        topic_.stores_.erase(store_);
    }
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    void begin() override {
        abandon();
        // What is sent has to lead to what is there already.
        if (!known_ && (find(std::chrono::seconds{1}), !known_)) {
            state_ = State::failed;
            return;
        }
        open_ = Manifest{};
        std::random_device random;
        std::generate(open_.number.begin(), open_.number.end(), [&] { return static_cast<std::uint8_t>(random()); });
        ++serial_;
        delivered_ = 0;
        buffer_.clear();
        state_ = State::open;
    }

    void append(std::vector<std::byte> part) override {
        if (state_ != State::open) {
            return;
        }
        buffer_.insert(buffer_.end(), part.begin(), part.end());
        std::size_t sent = 0;
        for (; buffer_.size() - sent >= chunk_bytes; sent += chunk_bytes) {
            send_chunk({buffer_.data() + sent, chunk_bytes});
        }
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(sent));
    }

    void complete() override {
        if (state_ != State::open) {
            return;
        }
        if (!buffer_.empty() || open_.chunks == 0) {
            send_chunk(buffer_);
            buffer_.clear();
        }
        if (state_ == State::open) {
            state_ = State::busy;
        }
        finish();
    }

    void abandon() override {
        if (state_ == State::open || state_ == State::busy || state_ == State::failed) {
            remove(open_.number, open_.chunks);
            open_ = {};
            ++serial_;
            waiting_ = 0;
        }
        buffer_ = {};
        state_ = State::none;
    }

    [[nodiscard]] State state() const override {
        topic_.poll();
        return state_;
    }
    [[nodiscard]] bool full() const override {
        topic_.poll();
        return waiting_ >= most_waiting;
    }

    std::vector<std::string> names() override {
        find(patience);
        std::vector<std::string> out;
        for (const Kept& k : kept_) {
            out.push_back(fmt::format("{}:{}@{}", topic_.topic_, partition_, k.offset));
        }
        return out;
    }

    std::optional<Bytes> read(const std::string& name) override {
        const auto at = name.rfind('@');
        std::int64_t offset = -1;
        if (at == std::string::npos ||
            std::from_chars(name.data() + at + 1, name.data() + name.size(), offset).ec != std::errc{}) {
            return std::nullopt;
        }
        const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.offset == offset; });
        if (found == kept_.end()) {
            return std::nullopt;
        }
        const Manifest& manifest = found->manifest;
        auto bytes = std::make_shared<std::vector<std::byte>>();
        std::uint32_t next = 0;
        bool whole = true;
        Reading reading{topic_, partition_};
        reading.from(manifest.first, [&](const rd_kafka_message_t& message) {
            const auto header = Header::of(message);
            if (header && header->number == manifest.number && header->kind == Kind::chunk) {
                const auto* const from = static_cast<const std::byte*>(message.payload);
                whole = header->index == next && message.len <= manifest.bytes - bytes->size();
                if (whole) {
                    bytes->insert(bytes->end(), from, from + message.len);
                    ++next;
                }
            }
            return whole && next != manifest.chunks && message.offset < offset;
        });
        if (!whole || next != manifest.chunks || bytes->size() != manifest.bytes) {
            return std::nullopt;
        }
        return Bytes{*bytes, bytes};
    }

    void on_report(std::uint32_t serial, std::uint32_t index, std::size_t size, std::int64_t offset,
                   rd_kafka_resp_err_t error) {
        if (serial != (serial_ & 0xFFFFU)) {
            return;  // of one that is no more
        }
        waiting_ -= std::min(waiting_, size);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail(error);
        } else if (index == manifest_index) {
            keep(offset);
        } else {
            open_.first = index == 0 ? offset : open_.first;
            ++delivered_;
            finish();
        }
    }

private:
    struct Kept {
        std::int64_t offset;
        Manifest manifest;
    };

    // Looks for what is kept, for so long at most; whether it came to know is in `known_`.
    void find(weir::Duration most) {
        Reading reading{topic_, partition_, most};
        kept_.clear();
        newest_ = -1;
        known_ = true;
        for (std::size_t i = 0; i != looks_back.size() && newest_ < 0 && known_; ++i) {
            known_ = reading.from(RD_KAFKA_OFFSET_TAIL(looks_back[i]), [&](const rd_kafka_message_t& message) {
                if (const auto header = Header::of(message)) {
                    newest_ = header->kind == Kind::manifest ? message.offset : header->newest;
                }
                return true;
            });
        }
        for (auto at = newest_; at >= 0 && kept_.size() != kept;) {
            const auto manifest = reading.manifest_at(at);
            if (!manifest) {
                break;
            }
            kept_.push_back({at, *manifest});
            at = manifest->previous < at ? manifest->previous : -1;
        }
    }

    void send_chunk(std::span<const std::byte> bytes) {
        const Header header{Kind::chunk, open_.number, open_.chunks, newest_};
        const auto error =
            topic_.send(partition_, header, bytes.data(), bytes.size(), report_of(store_, serial_, header.index));
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail(error);
            return;
        }
        waiting_ += bytes.size();
        open_.bytes += bytes.size();
        ++open_.chunks;
    }

    // Sends the manifest once there is nothing else left.
    void finish() {
        if (state_ != State::busy || delivered_ != open_.chunks) {
            return;
        }
        open_.previous = newest_;
        const auto bytes = weir::take_snapshot(open_);
        const Header header{Kind::manifest, open_.number, manifest_index, newest_};
        ++delivered_;  // so that it is sent once
        const auto error =
            topic_.send(partition_, header, bytes.data(), bytes.size(), report_of(store_, serial_, manifest_index));
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail(error);
        }
    }

    void keep(std::int64_t offset) {
        newest_ = offset;
        kept_.push_front({offset, std::exchange(open_, {})});
        state_ = State::kept;
        for (; kept_.size() > kept; kept_.pop_back()) {
            const Manifest& old = kept_.back().manifest;
            remove(old.number, old.chunks);
            remove_one({Kind::deleted, old.number, manifest_index, newest_});
        }
    }

    void fail(rd_kafka_resp_err_t error) {
        if (state_ == State::open || state_ == State::busy) {
            log::warn("a snapshot cannot be sent",
                      {{"topic", topic_.topic_}, {"partition", partition_}, {"error", error_text(error)}});
            state_ = State::failed;
        }
    }

    void remove(const Number& number, std::uint32_t chunks) {
        for (std::uint32_t index = 0; index != chunks; ++index) {
            remove_one({Kind::deleted, number, index, newest_});
        }
    }
    // One that does not get through stays until the topic's retention is over.
    void remove_one(const Header& header) {
        static_cast<void>(topic_.send(partition_, header, nullptr, 0, report_of(store_, serial_ - 1, 0)));
    }

    SnapshotTopic& topic_;
    std::int32_t partition_;
    std::uint32_t store_;
    std::uint32_t serial_ = 0;  // of what is sent
    State state_ = State::none;
    Manifest open_;                  // of what was begun
    std::vector<std::byte> buffer_;  // of it, for the next chunk
    std::uint32_t delivered_ = 0;
    std::size_t waiting_ = 0;   // bytes
    bool known_ = false;        // whether what follows is
    std::int64_t newest_ = -1;  // offset of a manifest
    std::deque<Kept> kept_;     // the newest first
};

SnapshotTopic::SnapshotTopic(const KafkaConfig& config, std::string topic, Metrics& metrics)
    : config_{config}, topic_{std::move(topic)}, reports_{topic_, metrics} {
    auto conf = make_kafka_conf(KafkaRole::producer,
                                {{"bootstrap.servers", config_.brokers},
                                 {"client.id", "live-shopper"},
                                 {"enable.idempotence", "true"},  // so that chunks stay in their order
                                 {"linger.ms", "5"},
                                 {"compression.type", "lz4"},
                                 {"message.timeout.ms", "60000"},
                                 {"message.max.bytes", "8000000"},
                                 {"reconnect.backoff.max.ms", "1000"},
                                 {"socket.keepalive.enable", "true"}},
                                allowed(config_.properties));
    report_to(conf, *this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        static_cast<SnapshotTopic*>(opaque)->on_report(*message);
    });
    producer_ = make_kafka_client(KafkaRole::producer, std::move(conf));
}

SnapshotTopic::~SnapshotTopic() {
    rd_kafka_purge(producer_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer_, 200);
    rd_kafka_destroy(producer_);
    if (consumer_ != nullptr) {
        rd_kafka_destroy_flags(consumer_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
}

std::unique_ptr<SnapshotStore> SnapshotTopic::of_partition(std::int32_t partition) {
    return std::make_unique<Store>(*this, partition, next_store_++);
}

rd_kafka_t* SnapshotTopic::consumer() {
    if (consumer_ == nullptr) {
        auto conf = make_kafka_conf(KafkaRole::consumer,
                                    {{"bootstrap.servers", config_.brokers},
                                     {"client.id", "live-shopper"},
                                     {"group.id", topic_},  // never joined
                                     {"enable.auto.commit", "false"},
                                     {"enable.partition.eof", "true"},
                                     {"auto.offset.reset", "error"},
                                     {"fetch.wait.max.ms", "50"},
                                     {"reconnect.backoff.max.ms", "1000"}},
                                    allowed(config_.properties));
        report_to(conf, *this);
        consumer_ = make_kafka_client(KafkaRole::consumer, std::move(conf));
        rd_kafka_poll_set_consumer(consumer_);
    }
    return consumer_;
}

rd_kafka_resp_err_t SnapshotTopic::send(std::int32_t partition, const Header& header, const void* bytes,
                                        std::size_t size, std::uint64_t report) {
    const auto key = header.key();
    const auto head = header.bytes();
    const auto key_bytes = std::as_const(key).bytes();
    const auto head_bytes = std::as_const(head).bytes();
    // The report names the record by a number that is no pointer.
    void* const opaque = reinterpret_cast<void*>(static_cast<std::uintptr_t>(report));  // NOLINT
    return rd_kafka_producev(
        producer_, RD_KAFKA_VTYPE_TOPIC, topic_.c_str(), RD_KAFKA_VTYPE_PARTITION, partition, RD_KAFKA_VTYPE_KEY,
        key_bytes.data(), key_bytes.size(), RD_KAFKA_VTYPE_VALUE, const_cast<void*>(bytes), size,  // NOLINT: copied
        RD_KAFKA_VTYPE_HEADER, header_name, head_bytes.data(), static_cast<ssize_t>(head_bytes.size()),
        RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_OPAQUE, opaque, RD_KAFKA_V_END);
}

void SnapshotTopic::poll() { rd_kafka_poll(producer_, 0); }

void SnapshotTopic::on_report(const rd_kafka_message_t& message) {
    const auto report = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(message._private));  // NOLINT
    for (const auto& [number, store] : stores_) {
        if ((number & 0xFFFFU) == report >> 48) {
            store->on_report(static_cast<std::uint32_t>(report >> 32 & 0xFFFFU), static_cast<std::uint32_t>(report),
                             message.len, message.offset, message.err);
            return;
        }
    }
}

}  // namespace live_shopper
