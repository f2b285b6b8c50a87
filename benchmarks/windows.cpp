// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

// Windows against what could be used in their place: the same events for all, an answer after every event.
//
//     benchmark_windows                           every row, 7 repetitions
//     benchmark_windows --row='^in order/sum'     those rows; --list names them all
//     benchmark_windows --contender='weir|deque'  those contenders
//     benchmark_windows --quick                   fewer and shorter
//     benchmark_windows --smoke                   a moment of each: do all give the same answers?
//     benchmark_windows --json=FILE               what was measured, every repetition
//
// A row's contenders are built and filled, then take turns, slice by slice of the stream, on one core: what disturbs
// one disturbs all. Time is the thread's CPU time. The program fails where the answers of two exact contenders do not
// add up to the same.
//
// Latencies are of single events, by the time stamp counter; what that costs itself is told and not subtracted. Each
// contender runs the same events several times from a new start: `least` takes each event's least time, which leaves
// what the algorithm does and takes out what the machine does in between; `single` is one of these runs as it was.
//
// Memory is what malloc has handed out, its own headers included.

#include <malloc.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "race/contender.hpp"

namespace {

using race::Task;

struct Row {
    std::string name;
    Task task{};
    race::Shape shape{};
    std::size_t held = 0;   // events, all keys together
    std::size_t slice = 0;  // events that a repetition takes
    bool latency = false;
    bool memory = false;
    bool long_only = false;  // too long for --quick
    std::string axis{};      // of the plot that the row is a point of
    double x = 0;
};

constexpr std::size_t million = 1'000'000;

race::Shape of_length(std::size_t events, race::Disorder disorder = {}) {
    race::Shape shape;
    shape.lengths.push_back(static_cast<std::int64_t>(events) * race::mean_gap);
    shape.disorder = disorder;
    return shape;
}

std::string short_count(std::size_t n) {
    return n % million == 0 ? std::to_string(n / million) + "M" : std::to_string(n);
}

class Rows {
public:
    Rows() {
        in_order();
        disordered();
        several_lengths();
        keyed();
        memory();
    }

    [[nodiscard]] const std::vector<Row>& all() const { return rows_; }

private:
    struct Operation {
        Task task;
        const char* name;
    };
    static constexpr Operation operations[] = {
        {Task::sum, "sum"}, {Task::integer_sum, "integer sum"}, {Task::max, "max"}, {Task::bundle, "bundle"}};

    Row& add(std::string name, Task task, race::Shape shape, std::size_t held, std::size_t slice) {
        Row& row = rows_.emplace_back();
        row.name = std::move(name);
        row.task = task;
        row.shape = std::move(shape);
        row.held = held;
        row.slice = slice;
        return row;
    }

    static void point(Row& row, std::string axis, std::size_t x) {
        row.axis = std::move(axis);
        row.x = static_cast<double>(x);
    }

    void in_order() {
        for (const Operation& o : operations) {
            const std::string name = o.name;
            for (const std::size_t held : {16UL, 64UL, 1024UL, 4096UL, 16384UL, 65536UL, 262144UL, million}) {
                Row& row = add("in order/" + name + "/" + short_count(held), o.task, of_length(held), held,
                               held == million ? 4 * million : 2 * million);
                row.long_only = held == 16 || held == 1024 || held == 16384 || held == 262144;
                point(row, "events/" + name, held);
            }
        }
        for (const Operation& o : operations) {
            Row& row = add(std::string{"latency/"} + o.name + "/1M", o.task, of_length(million), million, 3 * million);
            row.latency = true;
            row.long_only = o.task == Task::integer_sum;
        }
    }

    Row& late(const Operation& o, race::Disorder d) {
        const std::string percent = std::to_string(std::lround(d.share * 100));
        return add(
            std::string{"disorder/"} + o.name + "/" + percent + " % by up to " + std::to_string(d.places) + "/65536",
            o.task, of_length(65536, d), 65536, million);
    }

    void disordered() {
        for (const Operation& o : {operations[0], operations[2]}) {
            const std::string name = o.name;
            for (const std::uint32_t places : {10U, 100U, 1000U, 10'000U}) {
                point(late(o, {0.1, places}), "places/" + name, places);
            }
            late(o, {0.01, 100});
            late(o, {0.5, 100});
            late(o, {0.5, 10'000});
        }
        add("latency/sum, 10 % by up to 100/65536", Task::sum, of_length(65536, {0.1, 100}), 65536, million).latency =
            true;
    }

    void several_lengths() {
        constexpr std::int64_t day = 65536 * race::mean_gap;  // that many events in 24 h
        const auto lengths = [&](const char* name, std::vector<std::int64_t> ms) {
            race::Shape shape;
            shape.lengths = std::move(ms);
            const std::size_t count = shape.lengths.size();
            point(add(std::string{"lengths/sum/"} + name, Task::lengths, std::move(shape), 65536, 2 * million),
                  "lengths", count);
        };
        lengths("24h", {day});
        lengths("1h 24h", {day / 24, day});
        lengths("5m 1h 24h", {day / 288, day / 24, day});
        lengths("5m 15m 1h 6h 24h", {day / 288, day / 96, day / 24, day / 4, day});
    }

    void memory() {
        const auto keys_of = [&](const char* each, std::size_t keys, std::size_t held) -> Row& {
            race::Shape shape = of_length(held);
            shape.keys = keys;
            Row& row =
                add("memory/" + short_count(keys) + " keys of " + each, Task::keyed_sum, std::move(shape), held, 0);
            row.memory = true;
            return row;
        };
        Row& one = keys_of("1", 100'000, 100'000);
        one.shape.in_turn = true;
        one.shape.lengths.front() *= 10;  // nothing leaves
        keys_of("10", 100'000, million);
        keys_of("100", 10'000, million);
    }

    void keyed() {
        struct Keys {
            std::size_t keys, each;
        };
        for (const Keys k : {Keys{1, 100}, Keys{100, 100}, Keys{1000, 100}, Keys{10'000, 100}, Keys{100'000, 100},
                             Keys{100'000, 10}, Keys{million, 10}}) {
            for (const bool batches : {false, true}) {
                const std::size_t held = k.keys * k.each;
                race::Shape shape = of_length(held);
                shape.keys = k.keys;
                Row& row = add(std::string{batches ? "keyed, in batches/sum/" : "keyed/sum/"} + short_count(k.keys) +
                                   " keys of " + std::to_string(k.each),
                               batches ? Task::keyed_batches : Task::keyed_sum, std::move(shape), held, million);
                row.long_only = held > million || k.keys == 100;
                if (k.each == 100) {
                    point(row, "keys", k.keys);
                }
            }
        }
    }

    std::vector<Row> rows_;
};

struct Options {
    std::string row = ".*";
    std::string contender = ".*";
    std::string json;
    int repetitions = 0;
    int cpu = -1;
    bool quick = false;
    bool smoke = false;
    bool list = false;
};

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double quantile(const std::vector<double>& sorted, double q) {
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// ---- the time stamp counter

struct Timer {
    double ticks_per_ns;
    double cost;  // ns, of an event in which nothing happens
    double step;  // ns, from one count to the next
};

Timer calibrate() {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t first = race::ticks();
    while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds{100}) {
    }
    const std::uint64_t last = race::ticks();
    const std::chrono::duration<double, std::nano> passed = std::chrono::steady_clock::now() - start;
    const double ticks_per_ns = static_cast<double>(last - first) / passed.count();
    std::vector<double> empty(100'001);
    for (double& e : empty) {
        const std::uint64_t t = race::ticks();
        e = static_cast<double>(race::ticks() - t) / ticks_per_ns;
    }
    std::sort(empty.begin(), empty.end());
    double step = empty.back();
    for (std::size_t i = 1; i != empty.size(); ++i) {
        step = empty[i] > empty[i - 1] ? std::min(step, empty[i] - empty[i - 1]) : step;
    }
    return {ticks_per_ns, empty[empty.size() / 2], step};
}

// ---- results

struct Distribution {
    double p50, p99, p999, p9999, max, mean;
};

struct Result {
    std::string contender;
    std::vector<double> ns;  // an event, of each repetition
    double bytes = 0;        // a key
    double answers = 0;
    std::optional<Distribution> least, single;
    std::vector<std::pair<double, double>> curve;  // of `least`: share of events above, ns
};

constexpr double shares[] = {0.5,  0.2,  0.1,  0.05, 0.02, 0.01, 5e-3, 2e-3, 1e-3,
                             5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5, 5e-6, 2e-6, 1e-6};

Distribution distribution_of(std::vector<double>& ns) {
    std::sort(ns.begin(), ns.end());
    return {quantile(ns, 0.5),   quantile(ns, 0.99),
            quantile(ns, 0.999), quantile(ns, 0.9999),
            ns.back(),           std::accumulate(ns.begin(), ns.end(), 0.0) / static_cast<double>(ns.size())};
}

class Race {
public:
    Race(Options options, Timer timer) : options_{std::move(options)}, timer_{timer} {}

    [[nodiscard]] std::vector<Result> run(const Row& row) const {
        const auto arrivals = arrivals_of(row.shape.disorder);
        const std::size_t fill = options_.smoke ? std::min<std::size_t>(row.held, 5000) : row.held + row.held / 4;
        std::size_t slice = row.slice;
        if (options_.smoke) {
            slice = 2000;
        } else if (options_.quick && !row.latency) {
            slice = row.held == million && row.shape.keys == 0 ? 2 * million : slice / 5;
        }
        if (row.memory) {
            return memory(row, arrivals, row.shape.in_turn ? row.held : fill);
        }
        return row.latency ? latencies(row, arrivals, fill, slice) : means(row, arrivals, fill, slice);
    }

    [[nodiscard]] bool matches(const race::Contender& contender, const Row& row) const {
        const race::Disorder& d = row.shape.disorder;
        return contender.task == row.task && (d.places == 0 || contender.abilities.disorder) &&
               std::regex_search(contender.name, contender_);
    }

private:
    using Arrivals = std::shared_ptr<const race::Arrivals>;

    static Arrivals arrivals_of(race::Disorder disorder) {
        static std::map<std::pair<double, std::uint32_t>, Arrivals> made;
        Arrivals& arrivals = made[{disorder.share, disorder.places}];
        if (!arrivals) {
            arrivals = std::make_shared<const race::Arrivals>(disorder);
        }
        return arrivals;
    }

    [[nodiscard]] int repetitions(bool latency) const {
        if (options_.repetitions != 0) {
            return options_.repetitions;
        }
        return options_.smoke ? 1 : options_.quick ? (latency ? 2 : 5) : (latency ? 5 : 7);
    }

    [[nodiscard]] std::vector<Result> means(const Row& row, const Arrivals& arrivals, std::size_t fill,
                                            std::size_t slice) const {
        std::vector<Result> results;
        std::vector<std::unique_ptr<race::Racer>> racers;
        for (const race::Contender& contender : race::contenders()) {
            if (matches(contender, row)) {
                racers.push_back(contender.make(row.shape, arrivals));
                results.emplace_back().contender = contender.name;
                results.back().answers = racers.back()->run(fill);
            }
        }
        for (int repetition = 0; repetition != repetitions(false); ++repetition) {
            for (std::size_t i = 0; i != racers.size(); ++i) {
                results[i].answers += racers[i]->run(slice / 16);  // what the others have left in the caches goes
                const double start = cpu_seconds();
                results[i].answers += racers[i]->run(slice);
                results[i].ns.push_back((cpu_seconds() - start) * 1e9 / static_cast<double>(slice));
            }
        }
        return results;
    }

    [[nodiscard]] std::vector<Result> memory(const Row& row, const Arrivals& arrivals, std::size_t fill) const {
        const auto in_use = [] {
            const auto info = mallinfo2();
            return static_cast<double>(info.uordblks + info.hblkhd);
        };
        std::vector<Result> results;
        for (const race::Contender& contender : race::contenders()) {
            if (matches(contender, row)) {
                malloc_trim(0);
                const double before = in_use();
                const auto racer = contender.make(row.shape, arrivals);
                const double answers = racer->run(fill);
                const double after = in_use();
                Result& result = results.emplace_back();
                result.contender = contender.name;
                result.answers = answers;
                result.bytes = (after - before) / static_cast<double>(row.shape.keys);
            }
        }
        return results;
    }

    [[nodiscard]] std::vector<Result> latencies(const Row& row, const Arrivals& arrivals, std::size_t fill,
                                                std::size_t slice) const {
        std::vector<Result> results;
        std::vector<const race::Contender*> racing;
        std::vector<std::vector<std::uint32_t>> least;
        for (const race::Contender& contender : race::contenders()) {
            if (matches(contender, row)) {
                racing.push_back(&contender);
                results.emplace_back().contender = contender.name;
                least.emplace_back(slice, 0xffffffffU);
            }
        }
        std::vector<std::uint32_t> cycles(slice);
        const auto in_ns = [&](const std::vector<std::uint32_t>& from) {
            std::vector<double> ns(from.size());
            std::transform(from.begin(), from.end(), ns.begin(),
                           [&](std::uint32_t c) { return static_cast<double>(c) / timer_.ticks_per_ns; });
            return ns;
        };
        for (int repetition = 0; repetition != repetitions(true); ++repetition) {
            for (std::size_t i = 0; i != racing.size(); ++i) {
                const auto racer = racing[i]->make(row.shape, arrivals);
                results[i].answers = racer->run(fill);
                results[i].answers += racer->run_timed(cycles.data(), slice);
                for (std::size_t e = 0; e != slice; ++e) {
                    least[i][e] = std::min(least[i][e], cycles[e]);
                }
                auto ns = in_ns(cycles);
                const Distribution d = distribution_of(ns);
                results[i].ns.push_back(d.mean);
                if (!results[i].single || d.p999 < results[i].single->p999) {
                    results[i].single = d;
                }
            }
        }
        for (std::size_t i = 0; i != racing.size(); ++i) {
            auto ns = in_ns(least[i]);
            results[i].least = distribution_of(ns);
            for (const double share : shares) {
                results[i].curve.emplace_back(share, quantile(ns, 1 - share));
            }
        }
        return results;
    }

    Options options_;
    Timer timer_;
    std::regex contender_{options_.contender};
};

void print(const Row& row, const std::vector<Result>& results) {
    std::printf("%s\n", row.name.c_str());
    const double ours = results.empty() || row.memory ? 0 : median(results.front().ns);
    for (const Result& r : results) {
        if (row.memory) {
            std::printf("    %-38s %8.0f bytes a key\n", r.contender.c_str(), r.bytes);
            continue;
        }
        const auto [least, most] = std::minmax_element(r.ns.begin(), r.ns.end());
        if (r.least) {
            const auto line = [&](const char* name, const Distribution& d) {
                std::printf("    %-20s %-6s p50 %6.0f  p99 %6.0f  p99.9 %7.0f  p99.99 %8.0f  max %10.0f ns\n", name,
                            d.p50 == r.least->p50 && d.max == r.least->max ? "least" : "single", d.p50, d.p99, d.p999,
                            d.p9999, d.max);
            };
            line(r.contender.c_str(), *r.least);
            line("", *r.single);
        } else {
            std::printf("    %-38s %8.1f ns  (%.1f to %.1f)  %5.2f x\n", r.contender.c_str(), median(r.ns), *least,
                        *most, median(r.ns) / ours);
        }
    }
    std::fflush(stdout);
}

// True where all exact contenders gave the same answers.
bool agree(const Row& row, const std::vector<Result>& results) {
    const Result* first = nullptr;
    bool all = true;
    for (const Result& r : results) {
        const auto same = [&](const race::Contender& c) { return c.task == row.task && c.name == r.contender; };
        const auto contender = std::find_if(race::contenders().begin(), race::contenders().end(), same);
        if (!contender->abilities.exact) {
            continue;
        }
        if (first == nullptr) {
            first = &r;
        } else if (r.answers != first->answers) {
            std::fprintf(stderr, "%s: the answers of %s add up to %.17g, those of %s to %.17g\n", row.name.c_str(),
                         first->contender.c_str(), first->answers, r.contender.c_str(), r.answers);
            all = false;
        }
    }
    return all;
}

// ---- JSON

std::string quoted(std::string_view text) {
    std::string out{"\""};
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::string machine() {
    std::ifstream in{"/proc/cpuinfo"};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("model name")) {
            return line.substr(line.find(':') + 2);
        }
    }
    return "unknown";
}

std::string json_of(const Distribution& d) {
    std::ostringstream out;
    out << "{\"p50\": " << d.p50 << ", \"p99\": " << d.p99 << ", \"p99.9\": " << d.p999 << ", \"p99.99\": " << d.p9999
        << ", \"max\": " << d.max << ", \"mean\": " << d.mean << "}";
    return out.str();
}

class Json {
public:
    Json(const std::string& file, const Options& options, Timer timer) : out_{file} {
        double load[1] = {};
        getloadavg(load, 1);
        out_ << "{\n  \"context\": {\"machine\": " << quoted(machine())
             << ", \"cores\": " << std::thread::hardware_concurrency()
             << ", \"compiler\": " << quoted(WEIR_BENCHMARK_COMPILER) << ", \"flags\": " << quoted(WEIR_BENCHMARK_FLAGS)
             << ", \"quick\": " << (options.quick ? "true" : "false") << ", \"load\": " << load[0]
             << ", \"timer_ns\": " << timer.cost << ", \"timer_step_ns\": " << timer.step << "},\n  \"rows\": [";
    }

    void add(const Row& row, const std::vector<Result>& results) {
        for (const Result& r : results) {
            out_ << (first_ ? "\n" : ",\n") << "    {\"row\": " << quoted(row.name)
                 << ", \"contender\": " << quoted(r.contender) << ", \"axis\": " << quoted(row.axis)
                 << ", \"bytes\": " << r.bytes << ", \"x\": " << row.x << ", \"held\": " << row.held << ", \"ns\": [";
            for (std::size_t i = 0; i != r.ns.size(); ++i) {
                out_ << (i == 0 ? "" : ", ") << r.ns[i];
            }
            out_ << "]";
            if (r.least) {
                out_ << ", \"least\": " << json_of(*r.least) << ", \"single\": " << json_of(*r.single)
                     << ", \"curve\": [";
                for (std::size_t i = 0; i != r.curve.size(); ++i) {
                    out_ << (i == 0 ? "" : ", ") << "[" << r.curve[i].first << ", " << r.curve[i].second << "]";
                }
                out_ << "]";
            }
            out_ << "}";
            first_ = false;
        }
    }

    bool close() {
        out_ << "\n  ]\n}\n";
        out_.close();
        return !out_.fail();
    }

private:
    std::ofstream out_;
    bool first_ = true;
};

// ---- the command line

std::optional<Options> parse(int count, char** arguments) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument{arguments[i]};
        const std::size_t equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const std::string value{equals == std::string_view::npos ? std::string_view{} : argument.substr(equals + 1)};
        if (name == "--row") {
            options.row = value;
        } else if (name == "--contender") {
            options.contender = value;
        } else if (name == "--json") {
            options.json = value;
        } else if (name == "--repetitions") {
            options.repetitions = std::atoi(value.c_str());
        } else if (name == "--cpu") {
            options.cpu = std::atoi(value.c_str());
        } else if (name == "--quick") {
            options.quick = true;
        } else if (name == "--smoke") {
            options.smoke = true;
        } else if (name == "--list") {
            options.list = true;
        } else {
            std::fprintf(stderr, "%s: unknown; see the top of windows.cpp\n", arguments[i]);
            return std::nullopt;
        }
    }
    return options;
}

void pin(int cpu) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return;
    }
    for (int i = CPU_SETSIZE - 1; cpu < 0 && i >= 0; --i) {
        cpu = CPU_ISSET(i, &allowed) ? i : cpu;
    }
    CPU_ZERO(&allowed);
    CPU_SET(static_cast<unsigned>(cpu), &allowed);
    if (sched_setaffinity(0, sizeof allowed, &allowed) != 0) {
        std::fprintf(stderr, "not pinned to a core\n");
    }
}

}  // namespace

int main(int count, char** arguments) {
    const auto options = parse(count, arguments);
    if (!options) {
        return 2;
    }
    pin(options->cpu);
    const Timer timer = calibrate();
    const Race race{*options, timer};
    const std::regex wanted{options->row};
    std::unique_ptr<Json> json;
    if (!options->json.empty()) {
        json = std::make_unique<Json>(options->json, *options, timer);
    }
    std::printf("timer %.1f ns, in steps of %.1f ns\n", timer.cost, timer.step);
    const Rows rows;
    bool agreed = true;
    std::size_t ran = 0;
    for (const Row& row : rows.all()) {
        if (!std::regex_search(row.name, wanted) || (options->quick && row.long_only)) {
            continue;
        }
        if (options->list) {
            std::printf("%s\n", row.name.c_str());
            ++ran;
            continue;
        }
        const auto results = race.run(row);
        if (results.empty()) {
            continue;
        }
        print(row, results);
        agreed = agree(row, results) && agreed;
        ++ran;
        if (json) {
            json->add(row, results);
        }
    }
    if (ran == 0) {
        std::fprintf(stderr, "no such row\n");
        return 2;
    }
    if (json && !json->close()) {
        std::fprintf(stderr, "%s: not written\n", options->json.c_str());
        return 1;
    }
    return agreed ? 0 : 1;
}
