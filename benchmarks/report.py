# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""Tables and plots from what benchmark_windows --json has written.

    python3 benchmarks/report.py FILE FOLDER     prints the tables of FILE and draws its plots into FOLDER
"""

import html
import json
import math
import pathlib
import re
import statistics
import sys
import xml.dom.minidom

OURS = "weir"
BY_HAND = ("deque", "bare", "Boost.Accumulators")
# One colour for a contender in every plot. Those not named here share the last.
COLOURS = {
    "weir": "#0b6e99", "weir, drained": "#6fb3d0", "weir, a window each": "#6fb3d0", "weir, in batches": "#0d3b66", "two-stacks on a ring": "#d1661a",
    "DABA Lite": "#7a4fa3", "FiBA 8": "#3c8d40", "deque": "#6b6b6b", "bare": "#b3b3b3", "Boost.Accumulators": "#c2a300",
    "TwoStacksLite": "#a33b55", "subtract-on-evict": "#c2a300",
}


def load(path):
    """The context, and row name -> contender -> result, in the order of the file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    rows = {}
    for result in data["rows"]:
        row, contender = result["row"], result["contender"]
        if row.startswith("keyed, in batches/"):  # beside those who take the same events one by one
            row, contender = row.replace(", in batches", ""), contender + ", in batches"
        rows.setdefault(row, {})[contender] = result
    return data["context"], rows


def is_ours(contender):
    return contender == OURS or contender.startswith(OURS + ",")


def is_by_hand(contender):
    return contender.startswith(BY_HAND)


def median(result):
    return statistics.median(result["ns"])


def number(x):
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}"


def with_spread(result):
    return f"{number(median(result))} ({number(min(result['ns']))}-{number(max(result['ns']))})"


def duration(ns):
    for unit, size in (("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.0f} ns"


# ---- tables


def markdown(head, lines):
    out = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return out + ["| " + " | ".join(line) + " |" for line in lines]


def title_of(row):
    """`in order/sum/4096` as a reader wants it."""
    kind, _, rest = row.partition("/")
    what, _, where = rest.partition("/")
    if kind == "in order":
        return f"in order, {what}, {where} events"
    if kind == "disorder":
        share, _, held = where.partition("/")
        return f"{share} late, {what}, {held} events"
    if kind == "lengths":
        return f"{what} over {where.replace(' ', ', ')}"
    return where


def side_by_side(rows, pattern):
    """weir, the fastest of the research libraries, a deque, and the bare minimum, a row a line."""
    lines = []
    for row, results in rows.items():
        if not re.search(pattern, row) or OURS not in results:
            continue
        ours = median(results[OURS])
        peers = [r for name, r in results.items() if not is_ours(name) and not is_by_hand(name)]
        peer = min(peers, key=median, default=None)
        by_hand = next((r for name, r in results.items() if name.startswith("deque")), None)
        bare = next((r for name, r in results.items() if name.startswith("bare")), None)
        lines.append([
            title_of(row), with_spread(results[OURS]),
            f"{peer['contender']} {with_spread(peer)}" if peer else "",
            f"{ours / median(peer):.2f}" if peer else "",
            with_spread(by_hand) if by_hand else "",
            with_spread(bare) if bare else "",
        ])
    return markdown(["ns an event", "weir", "fastest peer", "weir / peer", "by hand, deque", "bare minimum"], lines)


def everyone(rows, pattern):
    """All contenders of some rows, a column each."""
    chosen = {row: results for row, results in rows.items() if re.search(pattern, row)}
    names = list(dict.fromkeys(name for results in chosen.values() for name in results))
    lines = [[title_of(row)] + [with_spread(results[name]) if name in results else "" for name in names]
             for row, results in chosen.items()]
    return markdown(["ns an event"] + [name.replace(" in unordered_map", "") for name in names], lines)


def lengths(rows):
    """What several lengths over one stream cost, as multiples of one."""
    chosen = [results for row, results in rows.items() if row.startswith("lengths/")]
    names = list(dict.fromkeys(name for results in chosen for name in results))
    lines = []
    for results in chosen:
        line = [next(row for row in rows if rows[row] is results).rpartition("/")[2].replace(" ", ", ")]
        for name in names:
            one = median(chosen[0][name])
            line.append(f"{with_spread(results[name])}, {median(results[name]) / one:.2f} x")
        lines.append(line)
    return markdown(["ns an event"] + names, lines)


def latency(rows):
    lines = []
    for row, results in rows.items():
        for name, result in results.items():
            if "least" in result:
                for kind in ("least", "single"):
                    d = result[kind]
                    lines.append([row.partition("/")[2] if name == OURS and kind == "least" else "",
                                  name if kind == "least" else "", kind] +
                                 [duration(d[q]) for q in ("p50", "p99", "p99.9", "p99.99", "max")])
    return markdown(["window", "contender", "", "p50", "p99", "p99.9", "p99.99", "max"], lines)


def memory(rows):
    chosen = {row: results for row, results in rows.items() if row.startswith("memory/")}
    names = list(dict.fromkeys(name for results in chosen.values() for name in results))
    lines = [[name] + [f"{results[name]['bytes']:,.0f}" if name in results else "" for results in chosen.values()]
             for name in names]
    heads = [row.partition("/")[2].partition(" keys of ") for row in chosen]
    return markdown(["bytes a key"] + [f"{each} event{'s' if each != '1' else ''}, {int(keys.replace('M', '000000')):,} keys"
                                       for keys, _, each in heads], lines)


def lost(rows):
    """The rows in which somebody exact is faster than weir, and the fastest of them."""
    lines = []
    for row, results in rows.items():
        if OURS not in results or not results[OURS]["ns"] or "least" in results[OURS]:
            continue
        ours = results[OURS]
        others = [r for name, r in results.items() if not is_ours(name) and not name.startswith(("bare", "Boost"))]
        best = min(others, key=median, default=ours)
        if median(best) < median(ours):
            lines.append((median(ours) / median(best), row, best["contender"], best, ours))
    lines = [[title_of(row), who, with_spread(best), with_spread(ours), f"{ratio:.2f}"]
             for ratio, row, who, best, ours in sorted(lines, key=lambda line: -line[0])]
    return markdown(["where", "who", "ns an event", "weir", "weir / who"], lines) if lines else ["None."]


# What weir is after: the row, what is compared, the cost that is aimed at in ns (bytes, or times one length), and the
# same as a part of the cost that the best peer had when the aim was set.
AIMS = (
    ("in order/sum/64", "", 12, 0.62), ("in order/sum/4096", "", 12, 0.62), ("in order/sum/65536", "", 12, 0.62),
    ("in order/sum/1M", "", 12, 0.62), ("in order/max/65536", "", 13, 0.5), ("in order/bundle/65536", "", 15, 0.7),
    ("latency/bundle/1M", "p99.9", 300, None), ("disorder/sum/10 % by up to 100/65536", "", 25, 0.21),
    ("disorder/sum/50 % by up to 10000/65536", "", 100, 0.49), ("lengths/sum/5m 1h 24h", "times one", 1.5, None),
    ("keyed/sum/10000 keys of 100", "", 120, 0.28), ("keyed/sum/1M keys of 10", "", 300, 0.29),
    ("keyed/sum/1M keys of 10", "in batches", 100, 0.1), ("keyed/sum/10000 keys of 100", "Ffat_Windows", 100, 0.24),
    ("memory/100000 keys of 1", "bytes", 64, None), ("memory/100000 keys of 10", "bytes", 200, None),
    ("memory/10000 keys of 100", "bytes", 1400, None),
)


def aims(rows):
    """Each aim beside what was measured: weir, the best of the research libraries, and how the two compare."""
    lines = []
    for row, kind, aim, share in AIMS:
        results = rows.get(row, {})
        name = OURS + ", in batches" if kind == "in batches" else OURS
        if name not in results:
            continue
        ours = results[name]
        peers = [r for who, r in results.items() if not is_ours(who) and not is_by_hand(who)]
        what = title_of(row)
        limit = None
        if kind == "p99.9":
            peers = [r for r in peers if "least" in r and r["contender"].startswith("DABA")]
            peer = f"{peers[0]['contender']} {duration(peers[0]['least'][kind])}" if peers else ""
            what = f"in order, {row.split('/')[1]}, 1M events, p99.9"
            line = [duration(ours["least"][kind]), f"{aim} ns", peer, "", ""]
        elif kind == "bytes":
            peer = min(peers, key=lambda r: r["bytes"], default=None)
            what = f"{row.partition('/')[2]}, bytes a key"
            line = [f"{ours['bytes']:,.0f}", f"{aim:,}", f"{called(peer)} {peer['bytes']:,.0f}" if peer else "", "", ""]
        else:
            one = next(r for each, r in rows.items() if each.startswith("lengths/"))
            if kind == "Ffat_Windows":
                peers = [r for r in peers if r["contender"].startswith(kind)]
            else:
                peers = [r for r in peers if not r["contender"].startswith("Ffat_Windows")]
            peer = min(peers, key=median, default=None)
            what += ", " + kind if kind == "in batches" else ""
            if kind == "times one":
                line = [f"{with_spread(ours)}, {median(ours) / median(one[OURS]):.2f} x one length", f"{aim} x", "", "", ""]
            else:
                line = [with_spread(ours), f"{aim}", f"{called(peer)} {with_spread(peer)}" if peer else "",
                        f"{median(ours) / median(peer):.2f}" if peer else "", f"{share}"]
            limits = [r for who, r in results.items() if who.startswith("bare") and who != "bare table of totals"
                      and who.endswith("in batches") == (kind == "in batches")]
            limit = min(limits, key=median, default=None)
        lines.append([what, *line, f"{limit['contender'].replace(', in batches', '')} {with_spread(limit)}" if limit else ""])
    return markdown(["", "weir", "aim", "best peer", "weir / peer", "aim", "bare minimum"], lines)


def called(result):
    return result["contender"].replace(" in unordered_map", "")


def machine(context):
    return [f"{context['machine']}, {context['cores']} virtual cores, load {context['load']:.1f} when it began; "
            f"{context['compiler'].replace('GNU', 'g++')}, `{context['flags']}`; the timer costs "
            f"{context['timer_ns']:.0f} ns and counts in steps of {context['timer_step_ns']:.0f} ns."]


def tables(context, rows):
    """What belongs between `<!-- bench NAME -->` and `<!-- end -->`."""
    return {
        "machine": machine(context),
        "aims": aims(rows),
        "in-order": side_by_side(rows, r"^in order/.*/(64|4096|65536|1M)$"),
        "disorder": everyone(rows, r"^disorder/"),
        "lengths": lengths(rows),
        "keyed": everyone(rows, r"^keyed/"),
        "latency": latency(rows),
        "memory": memory(rows),
        "lost": lost(rows),
    }


def rewrite(text, parts):
    """`text` with these tables in it."""

    def one(match):
        name = match.group(1)
        if name not in parts:
            raise SystemExit(f"no table is called {name}; there are: {', '.join(parts)}")
        return f"<!-- bench {name} -->\n\n" + "\n".join(parts[name]) + "\n\n<!-- end -->"

    return re.sub(r"<!-- bench (\S+) -->\n.*?<!-- end -->", one, text, flags=re.S)


# ---- plots


class Scale:
    def __init__(self, low, high, first, last, logarithmic):
        self.logarithmic = logarithmic
        self.low, self.high = (math.log10(low), math.log10(high)) if logarithmic else (low, high)
        if self.high == self.low:
            self.high = self.low + 1
        self.first, self.last = first, last

    def __call__(self, value):
        v = math.log10(value) if self.logarithmic else value
        return self.first + (v - self.low) / (self.high - self.low) * (self.last - self.first)


def short(x):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if x >= size:
            return f"{x / size:g}{unit}"
    return f"{x:g}"


def log_ticks(low, high):
    ticks = [m * 10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for m in (1, 2, 5)]
    ticks = [t for t in ticks if low * 0.999 <= t <= high * 1.001]
    return ticks if len(ticks) <= 7 else [t for t in ticks if math.log10(t) % 1 < 1e-9]


def linear_ticks(high):
    step = 10 ** math.floor(math.log10(high / 3))
    step *= next(m for m in (1, 2, 5, 10) if high / (step * m) <= 6)
    return [step * i for i in range(int(high / step) + 1)]


def nice_above(high):
    return linear_ticks(high)[-1] + linear_ticks(high)[1]


def colour_of(contender):
    found = [name for name in COLOURS if contender == name]
    found += sorted((name for name in COLOURS if contender.startswith(name)), key=len, reverse=True)
    return COLOURS[found[0]] if found else "#333333"


class Figure:
    """Panels side by side that share their contenders. A panel is a title and contender -> [(x, y, low, high)]."""

    PANEL, HEIGHT, LEFT, TOP, GAP = 270, 230, 56, 64, 62

    def __init__(self, title, x_title, y_title, log_x=True, log_y=True, x_labels=None):
        self.title, self.x_title, self.y_title = title, x_title, y_title
        self.log_x, self.log_y, self.x_labels = log_x, log_y, x_labels
        self.panels = []

    def panel(self, title, lines):
        if lines:
            self.panels.append((title, lines))

    def svg(self):
        names = list(dict.fromkeys(name for _, lines in self.panels for name in lines))
        points = [p for _, lines in self.panels for line in lines.values() for p in line]
        low_y, high_y = min(p[2] for p in points), max(p[3] for p in points)
        if self.log_y:
            low_y, high_y = low_y / 1.3, high_y * 1.3
        else:
            low_y, high_y = 0, nice_above(high_y)
        width = self.LEFT + len(self.panels) * (self.PANEL + self.GAP)
        width = max(width, 480)
        columns = max(1, (width - self.LEFT) // 190)
        height = self.TOP + self.HEIGHT + 52 + 18 * math.ceil(len(names) / columns)
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
               'font-family="sans-serif" font-size="11" fill="#333">',
               '<!-- Copyright 2026 The weir authors -->', '<!-- SPDX-License-Identifier: Apache-2.0 -->',
               f'<rect width="{width}" height="{height}" fill="#fff"/>',
               f'<text x="{self.LEFT}" y="22" font-size="15" fill="#111">{html.escape(self.title)}</text>']
        for i, (title, lines) in enumerate(self.panels):
            self.draw_panel(out, self.LEFT + i * (self.PANEL + self.GAP), title, lines, low_y, high_y)
        for i, name in enumerate(names):
            x = self.LEFT + i % columns * 190
            y = self.TOP + self.HEIGHT + 58 + i // columns * 18
            out.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 18}" y2="{y - 4}" stroke="{colour_of(name)}" stroke-width="'
                       f'{3 if name == OURS else 1.6}"/><text x="{x + 24}" y="{y}">{html.escape(name)}</text>')
        return "\n".join(out + ["</svg>", ""])

    def draw_panel(self, out, left, title, lines, low_y, high_y):
        bottom, right = self.TOP + self.HEIGHT, left + self.PANEL
        xs = sorted({p[0] for line in lines.values() for p in line})
        x_scale = Scale(xs[0], xs[-1], left + 8, right - 8, self.log_x)
        y_scale = Scale(low_y, high_y, bottom, self.TOP, self.log_y)
        out.append(f'<text x="{left}" y="{self.TOP - 22}" font-size="12" fill="#111">{html.escape(title)}</text>')
        out.append(f'<text x="{left}" y="{self.TOP - 8}" fill="#777">{html.escape(self.y_title)}</text>')
        for tick in log_ticks(low_y, high_y) if self.log_y else linear_ticks(high_y):
            y = y_scale(tick)
            out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e4e4e4"/>'
                       f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
        for tick in xs:
            x = x_scale(tick)
            label = self.x_labels(tick) if self.x_labels else short(tick)
            if label:
                out.append(f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}" stroke="#999"/>'
                           f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{html.escape(label)}</text>')
        out.append(f'<text x="{(left + right) / 2}" y="{bottom + 34}" text-anchor="middle" fill="#777">'
                   f'{html.escape(self.x_title)}</text>')
        for name, line in sorted(lines.items(), key=lambda item: item[0] == OURS):
            colour, stroke = colour_of(name), 3 if name == OURS else 1.6
            path = " ".join(f"{x_scale(x):.1f},{y_scale(y):.1f}" for x, y, _, _ in line)
            out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{stroke}" '
                       'stroke-linejoin="round"/>')
            for x, y, low, high in line:
                if high > low:
                    out.append(f'<line x1="{x_scale(x):.1f}" y1="{y_scale(low):.1f}" x2="{x_scale(x):.1f}" '
                               f'y2="{y_scale(high):.1f}" stroke="{colour}"/>')
                if len(line) < 12:
                    out.append(f'<circle cx="{x_scale(x):.1f}" cy="{y_scale(y):.1f}" r="{stroke}" fill="{colour}"/>')


def along(rows, axis):
    lines = {}
    for results in rows.values():
        for name, result in results.items():
            if result["axis"] == axis and result["ns"]:
                lines.setdefault(name.replace(" in unordered_map", ""), []).append((result["x"], median(result), min(result["ns"]), max(result["ns"])))
    return {name: sorted(line) for name, line in lines.items()}


def plots(rows):
    """File name -> SVG."""
    length = Figure("Cost against window length, events in order", "events in the window", "ns an event",
                    log_y=False, x_labels=lambda x: "1M" if x == 1e6 else short(x / 1024) + "Ki" if x >= 1024 else short(x))
    for title in ("sum", "max", "bundle"):
        length.panel("count, sum, min, max" if title == "bundle" else title, along(rows, "events/" + title))
    late = Figure("Cost against disorder: 10 % of the events late, 65,536 events held", "late by up to so many events",
                  "ns an event")
    for title in ("sum", "max"):
        late.panel(title, along(rows, f"places/{title}"))
    windows = Figure("Cost against the number of windows over one stream", "windows", "ns an event", log_x=False,
                     log_y=False)
    windows.panel("sum, the longest of 65,536 events", along(rows, "lengths"))
    keys = Figure("Cost against the number of keys, 100 events each", "keys", "ns an event")
    keys.panel("sum, keys at random", along(rows, "keys"))
    percent = {0.5: "50", 0.1: "90", 0.01: "99", 1e-3: "99.9", 1e-4: "99.99", 1e-5: "", 1e-6: "99.9999"}
    spread = Figure("Latency of single events, 1M events held, least of the runs", "percentile", "ns",
                    x_labels=lambda x: next((t for s, t in percent.items() if abs(x * s - 1) < 0.01), ""))
    for title in ("sum", "max", "bundle"):
        results = rows.get(f"latency/{title}/1M", {})
        spread.panel("count, sum, min, max" if title == "bundle" else title,
                     {name: [(1 / share, ns, ns, ns) for share, ns in result["curve"]]
                      for name, result in results.items() if "curve" in result})
    figures = {"window-length": length, "disorder": late, "windows": windows, "keys": keys, "latency": spread}
    return {name + ".svg": figure.svg() for name, figure in figures.items() if figure.panels}


def draw(rows, folder):
    """Writes the plots, each of them well-formed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in plots(rows).items():
        xml.dom.minidom.parseString(svg)
        (folder / name).write_text(svg, encoding="utf-8")


def show(context, rows):
    for name, lines in tables(context, rows).items():
        print(f"\n-- {name}", *lines, sep="\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    measured = load(pathlib.Path(sys.argv[1]))
    show(*measured)
    draw(measured[1], pathlib.Path(sys.argv[2]))
