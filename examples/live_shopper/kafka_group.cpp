// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "kafka_group.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace live_shopper {
namespace {

constexpr std::size_t batch = 2000;

KafkaProperties defaults_of(const KafkaConfig& config, const std::string& instance) {
    KafkaProperties out = consumer_properties(config);
    for (auto& [name, value] : out) {
        if (name == "partition.assignment.strategy") {
            value = "cooperative-sticky";
        } else if (name == "fetch.wait.max.ms") {
            value = "50";  // a record goes through three topics
        }
    }
    if (!instance.empty()) {
        out.emplace_back("group.instance.id", instance);
    }
    return out;
}

// A static member that comes back has the generation of the one before, whose writes may still be on their way. So the
// time of the assignment is a part of it. A store compares doubles: 23 bits for the group's generation, 30 for seconds
// since 2026.
std::int64_t with_time(std::int64_t generation) {
    constexpr auto first = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - first).count();
    constexpr std::int64_t most = (std::int64_t{1} << 30) - 1;
    return (generation << 30) + std::clamp<std::int64_t>(seconds, 0, most);
}

}  // namespace

class KafkaGroup::Source final : public PartitionSource {
public:
    Source(KafkaGroup& group, Partition partition, std::optional<std::int64_t> generation, std::uint32_t count)
        : group_{group}, partitions_{std::move(partition)}, generation_{generation}, count_{count} {
        group_.sources_.push_back(this);
    }
    ~Source() override {
        drop();
        std::erase(group_.sources_, this);
    }

    Polled poll(weir::Duration) override {
        destroy(delivered_);
        records_.clear();
        if (!paused_) {
            delivered_.swap(incoming_);
            for (const rd_kafka_message_t* const message : delivered_) {
                records_.push_back(record_of(*message, 0));
                const Record& record = records_.back();
                position_ = record.end ? std::max(position_, record.offset) : record.offset + 1;
            }
        }
        return {std::exchange(news_, Rebalance::none), records_};
    }

    [[nodiscard]] const std::vector<Partition>& partitions() const override { return partitions_; }
    std::vector<std::optional<std::int64_t>> offsets_at(std::span<const weir::Timestamp> times) override {
        return live_shopper::offsets_at(group_.client_, partitions_, times);
    }
    bool start(std::span<const std::int64_t> offsets) override {
        drop();
        paused_ = false;
        position_ = offsets.front();
        return group_.start(*this, offsets.front());
    }
    void release() override {
        drop();
        over_ = true;
        group_.finish_taken();
    }
    void pause() override {
        paused_ = true;
        rd_kafka_pause_partitions(group_.client_, partition_list(partitions_).get());
    }
    void resume() override {
        paused_ = false;
        rd_kafka_resume_partitions(group_.client_, partition_list(partitions_).get());
    }
    bool commit(std::span<const Position> positions, weir::Duration wait) override {
        return group_.commits_->commit(partitions_, positions, wait);
    }
    [[nodiscard]] std::int64_t lag(std::uint32_t) const override {
        return lag_of(group_.client_, partitions_.front(), position_);
    }
    [[nodiscard]] std::optional<std::int64_t> generation() const override { return generation_; }
    void rejoin() override { group_.rejoin(); }
    [[nodiscard]] bool over() const override { return over_; }
    [[nodiscard]] std::uint32_t count() const override { return count_; }

    [[nodiscard]] std::int32_t number() const { return partitions_.front().number; }
    void take(rd_kafka_message_t* message) { incoming_.push_back(message); }
    void tell(Rebalance news) {
        if (news_ != Rebalance::lost) {
            news_ = news;
        }
    }

    std::optional<std::int64_t> begins_at;  // until the group's answer to its assignment

private:
    static void destroy(std::vector<rd_kafka_message_t*>& messages) {
        for (rd_kafka_message_t* const message : messages) {
            rd_kafka_message_destroy(message);
        }
        messages.clear();
    }
    void drop() {
        destroy(incoming_);
        destroy(delivered_);
        records_.clear();
    }

    KafkaGroup& group_;
    std::vector<Partition> partitions_;
    std::optional<std::int64_t> generation_;
    std::uint32_t count_;
    std::vector<rd_kafka_message_t*> incoming_;
    std::vector<rd_kafka_message_t*> delivered_;
    std::vector<Record> records_;
    std::int64_t position_ = 0;
    Rebalance news_ = Rebalance::assigned;
    bool paused_ = false;
    bool over_ = false;
};

KafkaGroup::KafkaGroup(const KafkaConfig& config, const std::string& instance, Metrics& metrics)
    : config_{config}, metrics_{metrics}, reports_{config.topic, metrics} {
    auto conf = make_kafka_conf(KafkaRole::consumer, {},
                                // What a fleet relies on is not up to the user.
                                without(config_.properties, {"partition.assignment.strategy", "group.instance.id"}));
    for (const auto& [name, value] : defaults_of(config_, instance)) {
        // The user's own come first: defaults do not take their place.
        const bool set = std::any_of(config_.properties.begin(), config_.properties.end(),
                                     [&, key = name](const auto& p) { return p.first == key; });
        if (!set || name == "partition.assignment.strategy" || name == "group.instance.id") {
            std::array<char, 512> error{};
            if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), error.data(), error.size()) !=
                RD_KAFKA_CONF_OK) {
                throw std::invalid_argument(std::string{"Kafka: "} + error.data());
            }
        }
    }
    report_to(conf, *this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), &KafkaGroup::on_rebalance);
    client_ = make_kafka_client(KafkaRole::consumer, std::move(conf));
    rd_kafka_poll_set_consumer(client_);
    queue_.reset(rd_kafka_queue_get_consumer(client_));
    commits_.emplace(client_, metrics_);
    subscribe();
    log::info("subscribed", {{"brokers", config_.brokers}, {"topic", config_.topic}, {"group", config_.group}});
}

KafkaGroup::~KafkaGroup() {
    given_.clear();
    close(std::chrono::seconds{1});
    commits_.reset();
    queue_.reset();
    rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaGroup::subscribe() {
    const KafkaPartitions topics{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(topics.get(), config_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(client_, topics.get());
}

void KafkaGroup::close(weir::Duration wait) {
    if (closing_) {
        return;
    }
    closing_ = true;
    const KafkaError error{rd_kafka_consumer_close_queue(client_, queue_.get())};
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (error == nullptr && rd_kafka_consumer_closed(client_) == 0 && std::chrono::steady_clock::now() < deadline) {
        poll(std::chrono::milliseconds{10});
    }
}

KafkaGroup::Source* KafkaGroup::find(std::int32_t partition) {
    const auto found = std::find_if(sources_.begin(), sources_.end(),
                                    [&](const Source* s) { return s->number() == partition && !s->over(); });
    return found == sources_.end() ? nullptr : *found;
}

void KafkaGroup::poll(weir::Duration wait) {
    take_messages(queue_.get(), wait, batch, messages_);
    for (rd_kafka_message_t* const message : messages_) {
        take(message);
    }
    commits_->poll();
    if (assigning_ && !looked_up_ && std::chrono::steady_clock::now() >= look_up_at_) {
        give();
    }
    finish_given();
    if (!member_ && std::chrono::steady_clock::now() - started_ > std::chrono::seconds{4} && waiting_.allows()) {
        const auto latest = reports_.latest();
        log::warn("no partitions from Kafka yet; waiting",
                  {{"brokers", config_.brokers},
                   {"topic", config_.topic},
                   {"latest_error", latest.empty() ? std::string{"none; no answer so far"} : latest}});
    }
}

std::unique_ptr<PartitionSource> KafkaGroup::next() {
    if (given_.empty()) {
        return nullptr;
    }
    auto source = std::move(given_.front());
    given_.pop_front();
    return source;
}

void KafkaGroup::take(rd_kafka_message_t* message) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (Source* const source = find(message->partition)) {
            source->take(message);
            return;
        }
    } else {
        metrics_.kafka_errors.add();
        if (errors_.allows()) {
            log::warn("Kafka reports an error; consuming goes on", {{"topic", config_.topic},
                                                                    {"code", rd_kafka_err2name(message->err)},
                                                                    {"error", rd_kafka_message_errstr(message)},
                                                                    {"suppressed", errors_.suppressed()}});
        }
    }
    rd_kafka_message_destroy(message);
}

void KafkaGroup::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                              rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    auto& self = *static_cast<KafkaGroup*>(opaque);
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        // Asked for now: the group does not go on before this assignment was answered.
        self.generation_ = ask_generation(client);
        if (self.closing_ || (self.generation_ && *self.generation_ < 0)) {
            // No member any more; the loss of this assignment is told next.
            const KafkaError refused{rd_kafka_incremental_assign(client, partitions)};
            return;
        }
        if (self.generation_) {
            self.generation_ = with_time(*self.generation_);
        }
        self.rejoining_ = false;
        self.on_given(*partitions);
    } else if (self.closing_ || self.rejoining_) {
        const KafkaError refused{rd_kafka_incremental_unassign(client, partitions)};
    } else {
        self.on_taken(*partitions);
    }
}

// Records may be ahead in the same poll; what has to be done is done after it.
void KafkaGroup::on_given(const rd_kafka_topic_partition_list_t& partitions) {
    assigning_.reset(rd_kafka_topic_partition_list_copy(&partitions));
    looked_up_ = false;
    look_up_at_ = {};
    member_ = true;
}

void KafkaGroup::on_taken(const rd_kafka_topic_partition_list_t& partitions) {
    const bool lost = rd_kafka_assignment_lost(client_) != 0;
    for (int i = 0; i < partitions.cnt; ++i) {
        if (Source* const source = find(partitions.elems[i].partition)) {
            source->tell(lost || source->begins_at ? Rebalance::lost : Rebalance::revoked);
        }
    }
    assigning_.reset();  // what was never answered is taken along
    revoking_.reset(rd_kafka_topic_partition_list_copy(&partitions));
    finish_taken();
}

void KafkaGroup::give() {
    auto partitions = look_up(client_, *assigning_, errors_);
    if (partitions) {
        const rd_kafka_metadata_t* metadata = nullptr;
        rd_kafka_topic_t* const topic = rd_kafka_topic_new(client_, config_.topic.c_str(), nullptr);
        if (rd_kafka_metadata(client_, 0, topic, &metadata, 1000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (metadata->topic_cnt == 1 && metadata->topics[0].partition_cnt > 0) {
                count_ = std::max(count_, static_cast<std::uint32_t>(metadata->topics[0].partition_cnt));
            }
            rd_kafka_metadata_destroy(metadata);
        } else {
            partitions.reset();
        }
        rd_kafka_topic_destroy(topic);
    }
    if (!partitions) {
        look_up_at_ = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
        return;
    }
    looked_up_ = true;
    errors_.reset();
    for (Partition& partition : *partitions) {
        auto source = std::make_unique<Source>(*this, std::move(partition), generation_, count_);
        given_.push_back(std::move(source));
    }
}

bool KafkaGroup::start(Source& source, std::int64_t offset) {
    const bool first = assigning_ && std::any_of(assigning_->elems, assigning_->elems + assigning_->cnt,
                                                 [&](const auto& e) { return e.partition == source.number(); });
    if (first) {
        source.begins_at = offset;
        finish_given();
        return true;
    }
    if (assigning_ || revoking_) {
        return false;  // librdkafka would take it for the answer to that rebalance
    }
    const std::array<std::int64_t, 1> from{offset};
    const auto list = partition_list(source.partitions(), from);
    const KafkaError out{rd_kafka_incremental_unassign(client_, list.get())};
    const KafkaError in{rd_kafka_incremental_assign(client_, list.get())};
    if (in != nullptr && errors_.allows()) {
        log::warn("Kafka does not take the assignment; trying again", {{"error", rd_kafka_error_string(in.get())}});
    }
    return in == nullptr;
}

void KafkaGroup::finish_given() {
    if (!assigning_ || !looked_up_) {
        return;
    }
    const KafkaPartitions list{rd_kafka_topic_partition_list_copy(assigning_.get())};
    for (int i = 0; i < list->cnt; ++i) {
        const Source* const source = find(list->elems[i].partition);
        if (source == nullptr || !source->begins_at) {
            return;
        }
        list->elems[i].offset = *source->begins_at;
    }
    const KafkaError error{rd_kafka_incremental_assign(client_, list.get())};
    if (error != nullptr) {
        if (errors_.allows()) {
            log::warn("Kafka does not take the assignment; trying again",
                      {{"error", rd_kafka_error_string(error.get())}});
        }
        return;
    }
    for (int i = 0; i < list->cnt; ++i) {
        find(list->elems[i].partition)->begins_at.reset();
    }
    assigning_.reset();
}

void KafkaGroup::finish_taken() {
    if (!revoking_) {
        return;
    }
    for (int i = 0; i < revoking_->cnt; ++i) {
        if (find(revoking_->elems[i].partition) != nullptr) {
            return;
        }
    }
    const KafkaPartitions list = std::move(revoking_);
    const KafkaError error{rd_kafka_incremental_unassign(client_, list.get())};
    if (error != nullptr && errors_.allows()) {
        log::warn("Kafka does not take partitions back", {{"error", rd_kafka_error_string(error.get())}});
    }
}

// librdkafka leaves the group once what was assigned is given up, and then joins it with the new subscription.
void KafkaGroup::rejoin() {
    if (rejoining_) {
        return;
    }
    rejoining_ = true;
    for (Source* const source : sources_) {
        source->tell(Rebalance::lost);
    }
    if (assigning_) {
        const KafkaPartitions none{rd_kafka_topic_partition_list_new(0)};
        const KafkaError ignored{rd_kafka_incremental_assign(client_, none.get())};
        assigning_.reset();
    }
    if (revoking_) {
        const KafkaPartitions list = std::move(revoking_);
        const KafkaError ignored{rd_kafka_incremental_unassign(client_, list.get())};
    }
    rd_kafka_unsubscribe(client_);
    subscribe();
}

}  // namespace live_shopper
