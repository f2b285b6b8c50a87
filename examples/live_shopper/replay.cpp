// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include "replay.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "decoder.hpp"
#include "engine.hpp"
#include "line_reader.hpp"

namespace live_shopper {

namespace {

struct FileCloser {
    void operator()(std::FILE* file) const {
        if (file != stdin) {
            std::fclose(file);
        }
    }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\\':
                out += "\\\\";
                break;
            default:
                out += c;
                break;
        }
    }
}

std::string iso(weir::Timestamp t) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (t - seconds).count());
}

class Replay {
public:
    Replay(const Settings& settings, const ReplayOptions& options, std::FILE* out, std::FILE* err)
        : options_{options},
          out_{out},
          err_{err},
          step_{options.changes ? std::max(settings.flush_interval, weir::Duration{1}) : coarse},
          decoder_{settings.cart_total},
          engine_{settings, options.shards},
          wall_clock_{std::chrono::floor<weir::Duration>(std::chrono::system_clock::now())} {}

    /// False where the file cannot be read.
    bool read(const std::string& name);
    void finish();

private:
    // Where only the last values are asked for they are taken once, in the end; each says until when it is true. Until
    // then time moves on so often, to keep nothing that is over.
    static constexpr weir::Duration coarse = std::chrono::minutes{1};

    void take(std::string_view line);
    void flush_until(weir::Timestamp t);
    void flush(weir::Timestamp t);
    void print_store();

    const ReplayOptions& options_;
    std::FILE* out_;
    std::FILE* err_;
    weir::Duration step_;
    Decoder decoder_;
    Engine engine_;
    weir::Timestamp wall_clock_;
    ShopEvent event_;
    std::string line_;
    weir::Timestamp clock_ = weir::Timestamp::min();  // the greatest event time that moved it on
    std::optional<weir::Timestamp> greatest_;
    std::optional<weir::Timestamp> next_flush_;
    std::uint64_t read_ = 0;
    std::uint64_t left_out_ = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(Outcome::queued) + 1> outcomes_{};
    std::array<std::uint64_t, 16> undecodable_{};
};

bool Replay::read(const std::string& name) {
    const File file{name == "-" ? stdin : std::fopen(name.c_str(), "rb")};
    if (file == nullptr) {
        fmt::print(err_, "live-shopper: cannot open {}: {}\n", name, std::strerror(errno));
        return false;
    }
    LineReader lines{file.get(), Decoder::default_limit, Decoder::padding};
    auto last_progress = std::chrono::steady_clock::now();
    bool shown = false;
    while (const auto line = lines.next()) {
        take(*line);
        if (options_.progress && read_ % 4096 == 0) {
            const auto now = std::chrono::steady_clock::now();
            if (now - last_progress > std::chrono::milliseconds{500}) {
                last_progress = now;
                shown = true;
                fmt::print(err_, "\r{}: {} MB, {} events", name, lines.bytes_read() >> 20, read_);
                std::fflush(err_);
            }
        }
    }
    if (shown) {
        fmt::print(err_, "\r\x1b[K");
    }
    if (lines.failed()) {
        fmt::print(err_, "live-shopper: cannot read {}: {}\n", name, std::strerror(errno));
        return false;
    }
    return true;
}

void Replay::take(std::string_view line) {
    ++read_;
    if (const DecodeError error = decoder_.decode(line, event_, true); error != DecodeError::none) {
        ++undecodable_[static_cast<std::size_t>(error)];
        return;
    }
    if (options_.until && event_.time > *options_.until) {
        ++left_out_;
        return;
    }
    if (engine_.admits(event_.time, wall_clock_)) {
        flush_until(event_.time);
    }
    const Outcome outcome = engine_.accept(event_, wall_clock_);
    ++outcomes_[static_cast<std::size_t>(outcome)];
    if (outcome != Outcome::refused_future && (!greatest_ || event_.time > *greatest_)) {
        greatest_ = event_.time;
    }
}

// Takes values at every multiple of the step at which something can have changed before `t`.
void Replay::flush_until(weir::Timestamp t) {
    const auto grid_after = [&](weir::Timestamp x) {
        const auto steps = std::chrono::floor<weir::Duration>(x).time_since_epoch() / step_;
        return weir::Timestamp{(steps + 1) * step_};
    };
    while (next_flush_ && *next_flush_ <= t) {
        flush(*next_flush_);
        const auto due = engine_.next_due();
        next_flush_ =
            due ? std::optional{std::max(grid_after(*due - weir::Duration{1}), *next_flush_ + step_)} : std::nullopt;
    }
    clock_ = std::max(clock_, t);
    const weir::Timestamp next = grid_after(clock_);
    if (!next_flush_ || next < *next_flush_) {
        next_flush_ = next;
    }
}

void Replay::flush(weir::Timestamp t) {
    engine_.advance_to(t);
    if (!options_.changes) {
        engine_.forget();
        return;
    }
    engine_.drain([&](const Write& write) {
        line_ = iso(t);
        line_ += '\t';
        append_escaped(line_, write.key);
        line_ += '\t';
        append_escaped(line_, write.value);
        const weir::Duration ttl = write.erase ? weir::Duration::zero() : write.expires_at - t;
        fmt::format_to(std::back_inserter(line_), "\t{}\n", static_cast<double>(ttl.count()) / 1000);
        std::fwrite(line_.data(), 1, line_.size(), out_);
    });
}

void Replay::print_store() {
    std::vector<std::pair<std::string, std::string>> store;
    engine_.drain([&](const Write& write) { store.emplace_back(write.key, write.value); });
    std::sort(store.begin(), store.end());
    for (const auto& [key, value] : store) {
        line_.clear();
        append_escaped(line_, key);
        line_ += '\t';
        append_escaped(line_, value);
        line_ += '\n';
        std::fwrite(line_.data(), 1, line_.size(), out_);
    }
}

void Replay::finish() {
    const auto time = options_.until ? options_.until : greatest_;
    if (time) {
        flush_until(*time);
        flush(*time);
        if (!options_.changes) {
            print_store();
        }
    }
    const Settled settled = engine_.settle();
    outcomes_[static_cast<std::size_t>(Outcome::accepted)] += settled.accepted;
    outcomes_[static_cast<std::size_t>(Outcome::late)] += settled.late;
    fmt::print(err_, "read\t{}\n", read_);
    for (std::size_t i = 0; i != static_cast<std::size_t>(Outcome::queued); ++i) {
        fmt::print(err_, "{}\t{}\n", name(static_cast<Outcome>(i)), outcomes_[i]);
    }
    if (options_.until) {
        fmt::print(err_, "after_until\t{}\n", left_out_);
    }
    std::uint64_t undecodable = 0;
    for (const std::uint64_t count : undecodable_) {
        undecodable += count;
    }
    fmt::print(err_, "undecodable\t{}\n", undecodable);
    for (std::size_t i = 0; i != undecodable_.size(); ++i) {
        if (undecodable_[i] != 0) {
            fmt::print(err_, "undecodable_{}\t{}\n", reason(static_cast<DecodeError>(i)), undecodable_[i]);
        }
    }
}

}  // namespace

int replay(const Settings& settings, const ReplayOptions& options, std::FILE* out, std::FILE* err) {
    Replay replay{settings, options, out, err};
    for (const std::string& file : options.files) {
        if (!replay.read(file)) {
            return 1;
        }
    }
    replay.finish();
    if (std::fflush(out) != 0 || std::ferror(out) != 0) {
        fmt::print(err, "live-shopper: cannot write the output: {}\n", std::strerror(errno));
        return 1;
    }
    return 0;
}

}  // namespace live_shopper
