// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "redis_store.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

namespace live_shopper {
namespace {

constexpr std::size_t max_in_flight = 40'000;          // answers that are due, in lines
constexpr std::size_t transaction = 160;               // writes, more where a group goes on
constexpr std::size_t max_out = std::size_t{1} << 18;  // bytes encoded ahead of the socket
constexpr std::size_t max_reply = 64 * 1024;
constexpr std::chrono::milliseconds first_back_off{50};
constexpr std::chrono::milliseconds last_back_off{2000};
constexpr std::chrono::seconds look_after{2};                            // without an answer
constexpr std::size_t a_look = std::numeric_limits<std::size_t>::max();  // among the transactions
constexpr std::int64_t max_ttl = std::int64_t{1000} * 86'400 * 365 * 100;

// Takes the fences KEYS for generation ARGV[1] and owner ARGV[2], unless one of them has seen a newer one. Gives
// whether they were taken, and what each held. ARGV[i + 2]: a newer one of KEYS[i] that does not count. A fence holds
// its generation and the owner that took it; each owner that loses one is told by two keys, see make_guard.
constexpr std::string_view claim_script = R"(local g = tonumber(ARGV[1])
local held = {1}
local owners = {}
for i = 1, #KEYS do
    local number, owner = string.match(redis.call('GET', KEYS[i]) or '', '^(%d+) ?(.*)$')
    held[i + 1] = tonumber(number) or 0
    owners[i] = owner or ''
    if held[i + 1] > g and held[i + 1] ~= tonumber(ARGV[i + 2]) then held[1] = 0 end
end
if held[1] == 1 then
    for i = 1, #KEYS do
        if owners[i] ~= '' then
            redis.call('DEL', owners[i] .. ':alive')
            redis.call('SET', owners[i] .. ':lost', '', 'PX', 86400000)
        end
        redis.call('SET', KEYS[i], ARGV[1] .. ' ' .. ARGV[2])
    end
    redis.call('ZADD', ARGV[2] .. ':alive', 1, 'owner')
end
return held)";

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 24> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    (void)error;  // 24 characters hold every number
    out.append(digits.data(), end);
}

void append_word(std::string& out, std::string_view word) {
    out += '$';
    append_number(out, static_cast<std::int64_t>(word.size()));
    out.append("\r\n").append(word).append("\r\n");
}

void append_command(std::string& out, const std::vector<std::string_view>& words) {
    out += '*';
    append_number(out, static_cast<std::int64_t>(words.size()));
    out.append("\r\n");
    for (const auto word : words) {
        append_word(out, word);
    }
}

std::string alive_of(const std::string& owner) { return owner + ":alive"; }

// What every guarded transaction begins with. Of the keys that are watched, `lost` is there where another owner took
// one of the fences, and PEXPIRE touches it then; `alive` is gone then, and where Redis lost its data, and ZADD makes
// it for as long as it takes to touch it. Where all is well none of the three changes anything. None needs a script:
// one costs more than all else that guards a transaction. PEXPIRE works in a full Redis too, where ZADD is an error.
std::string make_guard(const std::string& owner) {
    const std::string alive = alive_of(owner);
    const std::string lost = owner + ":lost";
    std::string guard;
    append_command(guard, {"WATCH", alive, lost});
    append_command(guard, {"PEXPIRE", lost, "86400000"});
    append_command(guard, {"ZADD", alive, "NX", "0", "owner"});
    append_command(guard, {"ZREMRANGEBYSCORE", alive, "0", "0"});
    append_command(guard, {"MULTI"});
    return guard;
}

// What tells whether a guard would find all as it should be, for when there is nothing to write. A full Redis takes it.
std::string make_look(const std::string& owner) {
    std::string look;
    append_command(look, {"EXISTS", alive_of(owner)});
    return look;
}

// The lines that answer a transaction: OK to WATCH, three zeros, OK to MULTI, QUEUED to each write, the size of what
// EXEC gives, and the answer to each write.
constexpr std::size_t guard_lines = 5;
constexpr std::size_t lines_of(std::size_t writes) { return guard_lines + 2 * writes + 1; }

}  // namespace

RedisStore::RedisStore(RedisConfig config, Metrics& metrics)
    : config_{std::move(config)},
      metrics_{metrics},
      wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)},
      random_{std::random_device{}()} {
    if (wake_ < 0) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    thread_ = std::thread{[this] { run(); }};
}

RedisStore::~RedisStore() {
    stopping_ = true;
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
    ::close(wake_);
}

void RedisStore::own(std::vector<Fence> fences) {
    {
        const std::lock_guard lock{mutex_};
        owned_ = std::move(fences);
        refusal_.reset();
        submitted_.clear();
        submitted_size_ = 0;
        pending_.store(0, std::memory_order_relaxed);
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
}

std::optional<std::vector<Fence>> RedisStore::take_refusal() {
    const std::lock_guard lock{mutex_};
    return std::exchange(refusal_, std::nullopt);
}

void RedisStore::submit(WriteBatch batch, std::uint64_t ticket) {
    {
        const std::lock_guard lock{mutex_};
        submitted_size_ += batch.size();
        pending_.fetch_add(batch.size(), std::memory_order_relaxed);
        submitted_.push_back({std::move(batch), ticket, Steady::now()});
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
}

std::optional<Acknowledgement> RedisStore::next_acknowledgement() {
    const std::lock_guard lock{mutex_};
    if (acknowledgements_.empty()) {
        return std::nullopt;
    }
    const auto news = acknowledgements_.front();
    acknowledgements_.pop_front();
    return news;
}

std::string RedisStore::run() const {
    const std::lock_guard lock{mutex_};
    return known_run_;
}

void RedisStore::expect(const std::string& run) {
    const std::lock_guard lock{mutex_};
    if (known_run_.empty()) {
        known_run_ = run;
    } else if (!run.empty() && run != known_run_) {
        reset_ = true;
    }
}

void RedisStore::run() {
    // hiredis writes without MSG_NOSIGNAL.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    log::info("connecting to Redis", {{"address", config_.address()}, {"database", config_.database}});
    while (!stopping_) {
        take_submitted();
        if (connection_) {
            serve();
        } else if (Steady::now() >= next_attempt_) {
            connect();
        } else {
            wait(next_attempt_);
        }
        update_pending();
    }
}

void RedisStore::take_submitted() {
    std::vector<Batch> batches;
    std::optional<std::vector<Fence>> owned;
    {
        const std::lock_guard lock{mutex_};
        batches.swap(submitted_);
        owned = std::exchange(owned_, std::nullopt);
        if (owned) {
            drop_all();
        }
        if (refused_ && !owned) {
            batches.clear();
            submitted_size_ = 0;
        }
        active_size_ += std::exchange(submitted_size_, 0);
    }
    if (owned) {
        // A new connection: what is still on its way on this one must not mix with what comes.
        if (connection_ && (in_flight_ > 0 || !owned->empty() || !fences_.empty())) {
            disconnect();
            next_attempt_ = Steady::now();
        }
        fences_ = *std::move(owned);
        claimed_ = false;
        refused_ = false;
    }
    for (Batch& batch : batches) {
        active_.push_back(std::move(batch));
    }
    if (!connection_) {
        for (const Batch& batch : active_) {
            keep(batch, 0);
        }
        active_.clear();
        active_size_ = 0;
    }
}

// Puts what of a batch is not acknowledged among the values that wait.
void RedisStore::keep(const Batch& batch, std::size_t from) {
    for (std::size_t i = from; i < batch.writes.size(); ++i) {
        const auto write = batch.writes[i];
        kept_.insert_or_assign(std::string{write.key}, Waiting{std::string{write.value}, batch.handed_over + write.ttl,
                                                               write.group, write.erase});
    }
    kept_ticket_ = std::max(kept_ticket_, batch.ticket);
}

// Makes one batch of the values that waited.
void RedisStore::unkeep() {
    if (kept_ticket_ == 0) {
        return;
    }
    Batch batch;
    batch.handed_over = Steady::now();
    batch.ticket = std::exchange(kept_ticket_, 0);
    std::vector<const std::pair<const std::string, Waiting>*> all;
    all.reserve(kept_.size());
    for (const auto& entry : kept_) {
        all.push_back(&entry);
    }
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->second.group < b->second.group; });
    for (const auto* entry : all) {
        const auto& [key, waiting] = *entry;
        if (waiting.erase) {
            batch.writes.erase(key, waiting.group);
        } else {
            batch.writes.set(key, waiting.value,
                             std::chrono::duration_cast<weir::Duration>(waiting.expires_at - batch.handed_over),
                             waiting.group);
        }
    }
    kept_.clear();
    active_size_ += batch.writes.size();
    active_.push_front(std::move(batch));
}

void RedisStore::update_pending() {
    const std::lock_guard lock{mutex_};
    // What was there before own() is as good as dropped.
    pending_.store(submitted_size_ + (owned_ ? 0 : active_size_ + kept_.size()), std::memory_order_relaxed);
}

void RedisStore::drop_all() {
    active_.clear();
    active_size_ = 0;
    kept_.clear();
    kept_ticket_ = 0;
    ticket_ = 0;
}

void RedisStore::disconnect() {
    connection_.reset();
    in_.clear();
    out_.clear();
    out_begin_ = 0;
    in_flight_ = 0;
    transactions_.clear();
    line_ = 0;
}

void RedisStore::wait(Steady::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now()).count();
    pollfd wake{wake_, POLLIN, 0};
    ::poll(&wake, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000)));
    std::uint64_t count = 0;
    (void)!::read(wake_, &count, sizeof count);
}

void RedisStore::serve() {
    encode();
    look();
    if (!send_some() || !receive_some()) {
        return;
    }
    const bool sending = out_begin_ < out_.size();
    const bool more = !active_.empty() && active_.back().encoded < active_.back().writes.size();
    if (more && !sending && in_flight_ < max_in_flight) {
        return;
    }
    if (in_flight_ > 0 && Steady::now() - last_answer_ > config_.reply_timeout) {
        fail(fmt::format("no answer for {}", weir::label(config_.reply_timeout)));
        return;
    }
    std::array<pollfd, 2> ready{pollfd{connection_->fd(), static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0},
                                pollfd{wake_, POLLIN, 0}};
    ::poll(ready.data(), ready.size(), in_flight_ > 0 ? 100 : 1000);
    if ((ready[1].revents & POLLIN) != 0) {
        std::uint64_t count = 0;
        (void)!::read(wake_, &count, sizeof count);
    }
}

void RedisStore::encode() {
    if (out_begin_ == out_.size()) {
        out_.clear();
        out_begin_ = 0;
    }
    if (out_.size() >= max_out || active_.empty() || active_.back().encoded == active_.back().writes.size()) {
        return;
    }
    if (in_flight_ == 0) {
        last_answer_ = Steady::now();  // the time to answer begins with the first command
    }
    for (Batch& batch : active_) {
        if (batch.encoded == batch.writes.size()) {
            continue;
        }
        const auto waited = std::chrono::duration_cast<weir::Duration>(Steady::now() - batch.handed_over);
        while (batch.encoded < batch.writes.size()) {
            if (out_.size() >= max_out || in_flight_ >= max_in_flight) {
                return;
            }
            if (fences_.empty()) {
                encode_write(batch.writes[batch.encoded], waited);
                ++batch.encoded;
                ++in_flight_;
                continue;
            }
            const auto end = batch.writes.portion_end(batch.encoded, transaction);
            const auto writes = end - batch.encoded;
            out_.append(guard_);
            for (; batch.encoded != end; ++batch.encoded) {
                encode_write(batch.writes[batch.encoded], waited);
            }
            append_command(out_, {"EXEC"});
            transactions_.push_back(writes);
            in_flight_ += lines_of(writes);
        }
    }
}

// While nothing is written nothing would tell that Redis was emptied, or that the partitions are another's.
void RedisStore::look() {
    if (fences_.empty() || refused_ || in_flight_ != 0) {
        return;
    }
    const auto now = Steady::now();
    if (now - last_answer_ < look_after) {
        return;
    }
    out_.append(look_);
    transactions_.push_back(a_look);
    ++in_flight_;
    last_answer_ = now;
}

void RedisStore::encode_write(const WriteBatch::Write& write, weir::Duration waited) {
    const auto ttl = write.ttl - waited;
    if (write.erase || ttl <= weir::Duration::zero()) {
        out_.append("*2\r\n$3\r\nDEL\r\n");
        append_word(out_, write.key);
        return;
    }
    out_.append("*5\r\n$3\r\nSET\r\n");
    append_word(out_, write.key);
    append_word(out_, write.value);
    out_.append("$2\r\nPX\r\n");
    std::array<char, 24> digits;
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), std::min(ttl.count(), max_ttl));
    (void)error;  // 24 characters hold every number
    append_word(out_, {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

bool RedisStore::send_some() {
    while (out_begin_ < out_.size()) {
        const auto sent = connection_->send(std::string_view{out_}.substr(out_begin_));
        if (!connection_->error().empty()) {
            fail(std::string{connection_->error()});
            return false;
        }
        if (sent == 0) {
            return true;
        }
        out_begin_ += sent;
    }
    return true;
}

bool RedisStore::receive_some() {
    std::array<char, 64 * 1024> buffer;
    for (;;) {
        const auto got = connection_->receive(buffer.data(), buffer.size());
        if (!connection_->error().empty()) {
            fail(std::string{connection_->error()});
            return false;
        }
        if (got == 0) {
            return true;
        }
        in_.append(buffer.data(), got);
        if (!parse_replies()) {
            return false;
        }
        if (got < buffer.size() && !config_.tls) {
            return true;
        }
    }
}

// Every answer is one line: `+OK`, `+QUEUED`, `:1`, `*12` or an error.
bool RedisStore::parse_replies() {
    std::string_view left{in_};
    std::string trouble;
    while (!left.empty()) {
        skip_queued(left);
        const auto end = left.find("\r\n");
        if (end == std::string_view::npos) {  // as it is where nothing is left
            if (left.size() > max_reply) {
                trouble = "an answer that is none of Redis'";
            }
            break;
        }
        const auto line = left.substr(0, end);
        left.remove_prefix(end + 2);
        if (in_flight_ == 0 || line.empty() || line.front() == '-') {
            trouble = in_flight_ > 0 && !line.empty() ? std::string{line.substr(1)}
                                                      : std::string{"an answer that is none of Redis'"};
            break;
        }
        trouble = take_reply(line);
        if (!trouble.empty()) {
            break;
        }
        --in_flight_;
    }
    if (sets_ + deletes_ > 0) {
        metrics_.redis_sets.add(std::exchange(sets_, 0));
        metrics_.redis_deletes.add(std::exchange(deletes_, 0));
        last_answer_ = Steady::now();
        back_off_ = std::chrono::milliseconds{0};
        if (!trouble_.empty()) {
            log::info("Redis takes writes again", {{"address", config_.address()}});
            trouble_.clear();
        }
        available_ = true;
        up_.set(1);
        update_pending();
    }
    if (ticket_ != 0) {
        acknowledge(std::exchange(ticket_, 0));
    }
    if (!trouble.empty()) {
        fail(trouble);
        return false;
    }
    in_.erase(0, in_.size() - left.size());
    return true;
}

// Half of what Redis answers to a transaction is this.
void RedisStore::skip_queued(std::string_view& left) {
    constexpr std::string_view queued = "+QUEUED\r\n";
    if (transactions_.empty() || line_ < guard_lines) {
        return;
    }
    for (const auto end = guard_lines + transactions_.front(); line_ < end && left.starts_with(queued); ++line_) {
        left.remove_prefix(queued.size());
        --in_flight_;
    }
}

// What is wrong with an answer, if anything.
std::string RedisStore::take_reply(std::string_view line) {
    std::string nonsense = "an answer that is none of Redis'";
    if (fences_.empty()) {
        if (line.front() != '+' && line.front() != ':') {
            return nonsense;
        }
        take_written(line);
        return {};
    }
    constexpr const char* gone = "the partitions are another's, or Redis lost what it knew of that";
    const auto writes = transactions_.front();
    if (writes == a_look) {
        transactions_.pop_front();
        return line == ":1" ? std::string{} : gone;
    }
    const auto at = line_++;
    const auto queued = at == 0 || (at >= guard_lines - 1 && at < guard_lines + writes);
    if (queued) {
        return line.front() == '+' ? std::string{} : nonsense;
    }
    if (at <= guard_lines + writes) {
        const bool guard = at < guard_lines;
        if (guard ? line.front() == ':' && line != ":0" : line == "*-1") {
            return gone;
        }
        return line.front() == (guard ? ':' : '*') ? std::string{} : nonsense;
    }
    if (line.front() != '+' && line.front() != ':') {
        return nonsense;
    }
    take_written(line);
    if (line_ == lines_of(writes)) {
        transactions_.pop_front();
        line_ = 0;
    }
    return {};
}

void RedisStore::take_written(std::string_view line) {
    (line.front() == '+' ? sets_ : deletes_) += 1;
    --active_size_;
    Batch& batch = active_.front();
    if (++batch.answered == batch.writes.size()) {
        ticket_ = batch.ticket;
        active_.pop_front();
    }
}

void RedisStore::acknowledge(std::uint64_t ticket) {
    const auto now = std::chrono::time_point_cast<weir::Duration>(std::chrono::system_clock::now());
    const std::lock_guard lock{mutex_};
    acknowledgements_.push_back({ticket, now});
}

// Gives the connection up. Error replies end it too: what follows them in the pipeline would fail alike, and all of it
// is written again.
void RedisStore::fail(std::string_view what) {
    disconnect();
    // What an earlier failure left is older than what is active now.
    for (Batch& batch : active_) {
        keep(batch, batch.answered);
    }
    active_.clear();
    active_size_ = 0;

    available_ = false;
    up_.set(0);
    metrics_.redis_errors.add();
    back_off_ = std::clamp(back_off_ * 2, first_back_off, last_back_off);
    const auto jitter =
        std::uniform_int_distribution<std::int64_t>{-back_off_.count() / 5, back_off_.count() / 5}(random_);
    next_attempt_ = Steady::now() + back_off_ + std::chrono::milliseconds{jitter};
    // One line per kind of trouble, then a reminder now and then.
    if (trouble_ != what) {
        reminder_.reset();
    }
    trouble_ = what;
    if (reminder_.allows()) {
        log::warn("Redis is away; values wait", {{"address", config_.address()},
                                                 {"error", what},
                                                 {"waiting", kept_.size()},
                                                 {"suppressed", reminder_.suppressed()}});
    }
}

void RedisStore::connect() {
    connection_ = std::make_unique<RedisConnection>(config_);
    std::optional<std::string> error;
    if (!connection_->error().empty()) {
        error = connection_->error();
    } else {
        error = shake_hands();
    }
    if (!error && !fences_.empty()) {
        error = claim();
    }
    if (error) {
        fail(*error);
        return;
    }
    metrics_.redis_connects.add();
    if (!refused_) {
        unkeep();
    }
    if (trouble_.empty()) {
        log::info("connected to Redis", {{"address", config_.address()}});
    } else {
        log::info("reconnected to Redis", {{"address", config_.address()}, {"to_write", active_size_}});
    }
    if (active_.empty()) {
        // Nothing will be answered soon that could tell; the connection is good as far as is known.
        trouble_.clear();
        available_ = true;
        up_.set(1);
    }
}

// What went wrong, if anything.
std::optional<std::string> RedisStore::shake_hands() {
    const auto error_of = [&](const RedisReply& reply) -> std::optional<std::string> {
        if (!reply) {
            return connection_->error();
        }
        return reply->type == REDIS_REPLY_ERROR ? std::optional{std::string{reply->str, reply->len}} : std::nullopt;
    };
    if (!config_.password.empty()) {
        const auto reply = config_.user.empty() ? connection_->command({"AUTH", config_.password})
                                                : connection_->command({"AUTH", config_.user, config_.password});
        if (auto error = error_of(reply)) {
            return error;
        }
    }
    if (config_.database != 0) {
        if (auto error = error_of(connection_->command({"SELECT", std::to_string(config_.database)}))) {
            return error;
        }
    }
    if (auto error = error_of(connection_->command({"PING"}))) {  // LOADING, NOAUTH, MASTERDOWN
        return error;
    }
    // An ACL may forbid these; then they are done without.
    bool same_run = false;
    if (const auto reply = connection_->command({"INFO", "server"}); reply && reply->type == REDIS_REPLY_STRING) {
        const std::string_view info{reply->str, reply->len};
        if (const auto at = info.find("run_id:"); at != std::string_view::npos) {
            const auto id = info.substr(at + 7, info.find('\r', at) - at - 7);
            same_run = run_id_ == id;
            run_id_ = id;
            // Another run of Redis knows what its last snapshot knew, or nothing.
            const std::lock_guard lock{mutex_};
            if (!known_run_.empty() && known_run_ != run_id_) {
                reset_ = true;
            }
            known_run_ = run_id_;
        }
    }
    if (same_run && !connection_id_.empty()) {  // another run gives the id to somebody else
        connection_->command({"CLIENT", "KILL", "ID", connection_id_});
    }
    connection_id_.clear();
    if (const auto reply = connection_->command({"CLIENT", "ID"}); reply && reply->type == REDIS_REPLY_INTEGER) {
        connection_id_ = std::to_string(reply->integer);
    }
    connection_->command({"CLIENT", "SETNAME", "live-shopper"});
    return connection_->error().empty() ? std::nullopt : std::optional{connection_->error()};
}

// Takes the fences, or finds that they are another's. What went wrong, if anything.
std::optional<std::string> RedisStore::claim() {
    const std::string count = std::to_string(fences_.size());
    // A new name for each connection, so that what is still on its way on an earlier one is refused too.
    const std::string owner = fmt::format("{}:owner:{:016x}", fences_.front().name,
                                          std::uint64_t{std::random_device{}()} << 32U | std::random_device{}());
    std::vector<std::string> arguments{std::to_string(fences_.front().generation), owner};
    std::vector<std::string_view> words{"EVAL", claim_script, count};
    for (const Fence& fence : fences_) {
        words.push_back(fence.name);
        arguments.push_back(std::to_string(fence.void_generation));
    }
    words.insert(words.end(), arguments.begin(), arguments.end());
    const auto reply = connection_->command(words);
    if (!reply) {
        return connection_->error();
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        return std::string{reply->str, reply->len};
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != fences_.size() + 1) {
        return "an answer that is none of Redis'";
    }
    if (reply->element[0]->integer == 1) {
        for (std::size_t i = 0; i != fences_.size(); ++i) {
            // Nobody but a newer owner changes a fence: one that is gone, or that an older one could take, was lost,
            // and values with it.
            if (claimed_ && reply->element[i + 1]->integer != fences_[i].generation) {
                reset_ = true;
            }
            fences_[i].void_generation = 0;
        }
        claimed_ = true;
        guard_ = make_guard(owner);
        look_ = make_look(owner);
        return std::nullopt;
    }
    std::vector<Fence> newer;
    for (std::size_t i = 0; i != fences_.size(); ++i) {
        if (const auto held = reply->element[i + 1]->integer; held > fences_[i].generation) {
            newer.push_back({fences_[i].name, held, 0});
        }
    }
    refused_ = true;
    const std::lock_guard lock{mutex_};
    drop_all();
    if (!owned_) {
        refusal_ = std::move(newer);
        submitted_.clear();
        submitted_size_ = 0;
        pending_.store(0, std::memory_order_relaxed);
    }
    return std::nullopt;
}

}  // namespace live_shopper
