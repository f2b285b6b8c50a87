// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// feature-watch: the features of a few shoppers as they change, in the terminal.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "config.hpp"
#include "features_of.hpp"

namespace {

using namespace feature_watch;
using namespace std::chrono_literals;

std::atomic<bool> signalled{false};
extern "C" void on_signal(int) { signalled = true; }

constexpr auto turn = 200ms;           // five times a second
constexpr auto highlight = 1200ms;     // how long a changed value stands out
constexpr auto choose_again = 1000ms;  // how often somebody who does more is looked for
constexpr auto quiet_after = 3000ms;   // who does nothing for so long makes room
constexpr std::size_t most_candidates = 400;

struct Options {
    std::string redis = "localhost:6379";
    std::string user;
    std::vector<std::string> shoppers;
    std::vector<std::string> sessions;
    std::size_t shopper_count = 2;
    std::size_t session_count = 1;
    std::optional<double> seconds;
    std::string title;
    bool plain = false;
};

struct Screen {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

Screen screen_size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        return {};
    }
    return {size.ws_col, size.ws_row};
}

/// Shows frames in place, on the terminal's other screen, and leaves the terminal as it was.
class Terminal {
public:
    Terminal() { put("\x1b[?1049h\x1b[?25l"); }
    ~Terminal() {
        put("\x1b[?25h\x1b[?1049l");
        for (const std::string& line : last_) {
            put(line + "\n");
        }
        std::fflush(stdout);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void show(std::vector<std::string> lines) {
        std::string frame = "\x1b[H";
        for (std::size_t i = 0; i != lines.size(); ++i) {
            frame += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
        }
        put(frame + "\x1b[J");
        std::fflush(stdout);
        last_ = std::move(lines);
    }

private:
    static void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

    std::vector<std::string> last_;
};

std::string styled(const Cell& cell, std::size_t width, Clock::time_point now) {
    if (!cell.value) {
        return fmt::format("\x1b[2m{}\x1b[0m", fitted("-", width));
    }
    const std::string text = fitted(cell.value->empty() ? "\"\"" : *cell.value, width);
    return cell.changed && now - *cell.changed < highlight ? fmt::format("\x1b[1;30;42m{}\x1b[0m", text) : text;
}

/// A subject as lines of `width` characters.
std::vector<std::string> block(const Watched& watched, std::size_t width, Clock::time_point now) {
    const auto names = features(watched.subject.kind);
    const bool session = watched.subject.kind == Subject::Kind::session;
    std::vector<std::string> windows;
    std::size_t longest = 0;
    for (const Feature& feature : names) {
        longest = std::max(longest, feature.name.size());
        for (const std::string& window : feature.windows) {
            if (std::find(windows.begin(), windows.end(), window) == windows.end()) {
                windows.push_back(window);
            }
        }
    }
    const std::size_t label = std::min(longest + 1, width / 2);
    const std::size_t cell = (width - label) / windows.size();
    std::string head =
        fmt::format("\x1b[1m{}\x1b[0m", fitted((session ? "session " : "") + watched.subject.name, label - 1));
    if (session) {
        head = fmt::format("\x1b[1m{}\x1b[0m", fitted("session " + watched.subject.name, width));
    } else {
        head += ' ';
        for (const std::string& window : windows) {
            head += fmt::format("\x1b[2m{}\x1b[0m", fitted(window, cell));
        }
    }
    std::vector<std::string> lines{head};
    std::size_t next = 0;
    for (const Feature& feature : names) {
        std::string line = fitted(feature.name, label);
        for (const std::string& window : windows) {
            const bool has = std::find(feature.windows.begin(), feature.windows.end(), window) != feature.windows.end();
            line += has ? styled(watched.cells[next++], cell - 1, now) + " " : std::string(cell, ' ');
        }
        lines.push_back(line);
    }
    return lines;
}

std::vector<std::string> frame(const std::vector<Watched>& all, const std::string& title, const std::string& status,
                               Clock::time_point now) {
    const Screen screen = screen_size();
    std::vector<std::string> lines;
    if (!title.empty()) {
        lines.push_back(fmt::format("\x1b[1m{}\x1b[0m", fitted(title, screen.columns)));
    }
    lines.push_back(fmt::format("\x1b[7m{}\x1b[0m", fitted(status, screen.columns)));
    const bool side_by_side = screen.columns >= 150 && all.size() > 1;
    const std::size_t width = side_by_side ? (screen.columns - 2) / 2 : screen.columns;
    for (std::size_t i = 0; i < all.size(); i += side_by_side ? 2 : 1) {
        lines.emplace_back();
        const auto left = block(all[i], width, now);
        const auto right =
            side_by_side && i + 1 < all.size() ? block(all[i + 1], width, now) : std::vector<std::string>{};
        for (std::size_t line = 0; line < std::max(left.size(), right.size()); ++line) {
            lines.push_back((line < left.size() ? left[line] : std::string(width, ' ')) +
                            (line < right.size() ? "  " + right[line] : ""));
        }
    }
    if (lines.size() > screen.rows) {
        lines.resize(screen.rows);
    }
    return lines;
}

/// Chooses whom to watch: those who do most at the moment, and others instead of those who have gone quiet.
class Chooser {
public:
    Chooser(Subject::Kind kind, std::size_t wanted) : kind_{kind}, wanted_{wanted} {}

    void choose(Store& store, std::vector<Watched>& watched, Clock::time_point now) {
        if (wanted_ == 0) {
            return;
        }
        std::vector<Candidate> candidates = find(store);
        std::erase_if(candidates, [&](const Candidate& c) {
            return std::any_of(watched.begin(), watched.end(), [&](const Watched& w) {
                return w.subject == Subject{kind_, c.name};
            });
        });
        std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
            // Who has much behind them is about to leave.
            return std::tuple{-a.growth, a.activity, a.name} < std::tuple{-b.growth, b.activity, b.name};
        });
        auto next = candidates.begin();
        std::size_t there = 0;
        for (Watched& w : watched) {
            if (w.subject.kind != kind_) {
                continue;
            }
            ++there;
            if (next != candidates.end() && next->growth > 0 && quiet(w, now)) {
                w = watch({kind_, next->name}, now);
                ++next;
            }
        }
        for (; there < wanted_ && next != candidates.end(); ++there, ++next) {
            watched.push_back(watch({kind_, next->name}, now));
        }
    }

private:
    struct Candidate {
        std::string name;
        long activity;
        long growth;  // since last looked
    };

    [[nodiscard]] static bool quiet(const Watched& w, Clock::time_point now) {
        Clock::time_point latest = w.since;
        for (const Cell& cell : w.cells) {
            latest = std::max(latest, cell.changed.value_or(latest));
        }
        return now - latest > quiet_after;
    }

    [[nodiscard]] std::vector<Candidate> find(Store& store) {
        const bool shopper = kind_ == Subject::Kind::shopper;
        const std::string_view prefix = shopper ? "user:" : "session:";
        const std::string_view suffix = shopper ? ":category_view_count_5m" : ":session_page_count";
        const auto keys = store.keys(fmt::format("{}*{}", prefix, suffix), most_candidates);
        const auto values = store.values(keys);
        std::vector<Candidate> found;
        std::map<std::string, long> activity;
        for (std::size_t i = 0; i != keys.size(); ++i) {
            const long now = values[i] ? std::strtol(values[i]->c_str(), nullptr, 10) : 0;
            if (now > 0) {
                std::string name = keys[i].substr(prefix.size(), keys[i].size() - prefix.size() - suffix.size());
                const auto before = activity_.find(name);
                found.push_back({name, now, before == activity_.end() ? 1 : now - before->second});
                activity.emplace(std::move(name), now);
            }
        }
        activity_ = std::move(activity);
        return found;
    }

    Subject::Kind kind_;
    std::size_t wanted_;
    std::map<std::string, long> activity_;
};

void print_change(const Change& change) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    fmt::print("{:%H:%M:%S}.{:03}  {}  {} -> {}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
               (now - seconds).count(), printable(change.key), change.before ? printable(*change.before) : "(none)",
               change.after ? printable(*change.after) : "(none)");
}

int run(const Options& options) {
    const auto endpoint = live_shopper::parse_endpoint(options.redis, "localhost");
    if (!endpoint) {
        fmt::print(stderr, "feature-watch: --redis: expected HOST:PORT, found \"{}\"\n", options.redis);
        return 2;
    }
    const char* const variable = std::getenv("LIVE_SHOPPER_REDIS_PASSWORD");
    const std::string password = variable == nullptr ? "" : variable;

    const auto begin = Clock::now();
    std::vector<Watched> watched;
    for (const std::string& name : options.shoppers) {
        watched.push_back(watch({Subject::Kind::shopper, name}, begin));
    }
    for (const std::string& name : options.sessions) {
        watched.push_back(watch({Subject::Kind::session, name}, begin));
    }
    const bool chooses = watched.empty();
    const bool terminal = !options.plain && ::isatty(STDOUT_FILENO) == 1;
    const auto screen = terminal ? std::make_unique<Terminal>() : nullptr;
    if (!terminal && !options.title.empty()) {
        fmt::print("{}\n", printable(options.title));
        std::fflush(stdout);
    }

    const auto end =
        options.seconds
            ? begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*options.seconds))
            : Clock::time_point::max();
    std::unique_ptr<Store> store;
    std::string trouble;
    std::uint64_t changes = 0;
    Chooser shoppers{Subject::Kind::shopper, options.shopper_count};
    Chooser sessions{Subject::Kind::session, options.session_count};
    auto next_choice = begin;
    for (auto next = begin; !signalled && Clock::now() < end; next += turn) {
        const auto now = Clock::now();
        try {
            if (!store) {
                store = std::make_unique<Store>(endpoint->host, endpoint->port, options.user, password);
                trouble.clear();
            }
            if (chooses && now >= next_choice) {
                next_choice = now + choose_again;
                shoppers.choose(*store, watched, now);
                sessions.choose(*store, watched, now);
            }
            for (Watched& w : watched) {
                refresh(w, *store, now, [&](const Change& change) {
                    ++changes;
                    if (!terminal) {
                        print_change(change);
                    }
                });
            }
        } catch (const StoreError& error) {
            store.reset();
            if (trouble != error.what()) {
                trouble = error.what();
                if (!terminal) {
                    fmt::print(stderr, "feature-watch: Redis at {}: {}; trying again\n", options.redis,
                               printable(trouble));
                }
            }
        }
        if (terminal) {
            screen->show(frame(watched, options.title,
                               trouble.empty()
                                   ? fmt::format(" {}   {} changes seen   Ctrl-C ends", options.redis, changes)
                                   : fmt::format(" {}   {}; trying again", options.redis, trouble),
                               now));
        }
        std::fflush(stdout);
        next = std::max(next, Clock::now() - turn);
        std::this_thread::sleep_until(std::min(next + turn, end));
    }
    if (!terminal) {
        fmt::print(stderr, "feature-watch: {} changes seen\n", changes);
    }
    return changes > 0 || !options.seconds ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"The features of a few shoppers as they change: in place on a terminal, else one line a change.",
                 "feature-watch"};
    app.add_option("shoppers", options.shoppers, "Users to watch [those who do most]")->type_name("USER...");
    app.add_option("--session", options.sessions, "A session to watch; may be repeated")->type_name("ID");
    app.add_option("-r,--redis", options.redis, "Redis [localhost:6379]")->type_name("HOST:PORT");
    app.add_option("--redis-user", options.user, "ACL user of Redis")->type_name("NAME");
    app.add_option("--count", options.shopper_count, "How many shoppers are chosen [2]")->check(CLI::Range(0, 20));
    app.add_option("--session-count", options.session_count, "How many sessions are chosen [1]")
        ->check(CLI::Range(0, 20));
    app.add_option("--seconds", options.seconds, "End after so long; exit 1 where no change was seen [never]")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--title", options.title, "A line above all of it")->type_name("TEXT");
    app.add_flag("--plain", options.plain, "One line a change, also on a terminal");
    app.footer("The password of Redis is taken from the variable LIVE_SHOPPER_REDIS_PASSWORD.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "feature-watch: {}\n", error.what());
        return 1;
    }
}
