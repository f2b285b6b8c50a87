#!/usr/bin/env python3
# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""Compares `live-shopper replay` with the brute-force oracle on random streams.

    compare.py --binary PATH [--seeds A..B] [--events M] [--shrink]

For each seed: the store at several times, most of them a window's very edge; the same visits arriving in another
order; the writes of --changes, applied with their TTLs, against the plain output; and a stream in order of event
time whose writes must make the right store at every moment. Sample data that is there (WEIR_SHARED, else a folder
`shared` beside the repository) is compared as well. Prints the first differences with the seed and the arguments
that show them again; exit status 1 where there are any, 2 where the binary cannot be run.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import generate
import oracle

MINUTE, HOUR, DAY = oracle.MINUTE, oracle.HOUR, oracle.DAY
FLUSH = 100  # milliseconds that a write may come after what it tells
LIMITS = {"5m": 5 * MINUTE, "1h": HOUR, "24h": DAY}


class Failure(Exception):
    pass


class Replay:
    """Runs the program under test."""

    def __init__(self, binary):
        self.binary = binary

    def run(self, arguments, files, stdin=None):
        command = [self.binary, "replay", *arguments, *files]
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                              check=False)
        if done.returncode != 0:
            raise Failure(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
        return done.stdout

    def store(self, arguments, files, stdin=None):
        """key -> value, both escaped; raises where the output is not in order."""
        store, last = {}, None
        for line in self.run(arguments, files, stdin).decode("utf-8").split("\n")[:-1]:
            parts = line.split("\t")
            if len(parts) != 2:
                raise Failure(f"not key<TAB>value: {line!r}")
            key = unescape(parts[0]).encode()
            if last is not None and key <= last:
                raise Failure(f"not sorted bytewise by key: {key!r} after {last!r}")
            store[parts[0]], last = parts[1], key
        return store

    def changes(self, arguments, files):
        """[(time, key, value, expiry)], times in milliseconds."""
        writes = []
        for line in self.run(["--changes", *arguments], files).decode("utf-8").split("\n")[:-1]:
            parts = line.split("\t")
            if len(parts) != 4:
                raise Failure(f"not time<TAB>key<TAB>value<TAB>ttl: {line!r}")
            time = oracle.until_of(parts[0])
            if writes and time < writes[-1][0]:
                raise Failure(f"time goes back: {line!r}")
            ttl = round(float(parts[3]) * 1000) if parts[3] not in ("", "-") else 0
            if ttl > 0:
                limit = longest_ttl(parts[1])
                if ttl > limit + (999 if ttl % 1000 == 0 else 0):
                    raise Failure(f"would outlive its window by more than 10 min: {line!r}")
            writes.append((time, parts[1], parts[2], time + ttl))
        return writes


def longest_ttl(key):
    if key.startswith("session:"):
        return oracle.GAP + oracle.LINGER
    return LIMITS[key.rsplit("_", 1)[1]] + oracle.LINGER


def unescape(text):
    return text.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\0", "\\")


def expected(events, until, settings):
    store = oracle.store_at(events, until, **settings)
    return {oracle.escape(key): oracle.escape(value) for key, value in store.items()}


def fold(writes, until):
    """key -> (value, expiry) of what writes up to a time have left there."""
    store = {}
    for time, key, value, expiry in writes:
        if time > until:
            break
        if expiry > time:
            store[key] = (value, expiry)
        else:
            store.pop(key, None)
    return {key: kept for key, kept in store.items() if kept[1] > until}


def differences(wanted, found):
    lines = []
    for key in sorted(set(wanted) | set(found)):
        if wanted.get(key) != found.get(key):
            lines.append(f"{key}: wanted {wanted.get(key, '(no key)')!r}, found {found.get(key, '(no key)')!r}")
    return lines


def folded_differences(wanted, kept, until, earlier=None):
    """As differences(); a TTL in whole seconds may keep a key up to a second longer."""
    lines = []
    for key in sorted(set(wanted) | set(kept)):
        value, expiry = kept.get(key, (None, 0))
        if value == wanted.get(key):
            continue
        if key not in wanted and expiry - until < 1000:
            continue
        if earlier is not None and value == earlier.get(key):
            continue
        lines.append(f"{key}: wanted {wanted.get(key, '(no key)')!r}, found {value!r}")
    return lines


def settings_of(arguments):
    settings = {"stitch": "--no-stitch" not in arguments, "session_counts": oracle.SESSION_COUNTS}
    if "--cart-total" in arguments:
        settings["cart_total"] = arguments[arguments.index("--cart-total") + 1]
    return settings


def edges(events, rng, count):
    """Times at which something has just happened, or is just about to: a window loses an event, or empties, or goes."""
    lasts = {}  # whose -> [time], and from those the events after which someone paused
    for event in events:
        lasts.setdefault(event.user_id or event.domain_userid, []).append(event.time)
        lasts.setdefault(("session", event.session_id), []).append(event.time)
    ends = []
    for whose, times in lasts.items():
        times.sort()
        for time, following in zip(times, times[1:] + [times[-1] + 2 * DAY]):
            lengths = (oracle.GAP,) if isinstance(whose, tuple) else (5 * MINUTE, HOUR, DAY)
            ends += [time + length + oracle.LINGER for length in lengths if following - time > length + oracle.LINGER]
    found = []
    for _ in range(count):
        if rng.random() < 0.4:
            found.append(rng.choice(ends) + rng.choice((-1, 0)))
        else:
            time = rng.choice(events).time + rng.choice((0, 0, 5 * MINUTE, HOUR, DAY, oracle.GAP))
            found.append(time + rng.choice((-1, 0, 0, 0, 1)))
    return found


class Comparison:
    def __init__(self, replay, folder, options):
        self.replay, self.folder, self.options = replay, folder, options
        self.stores = self.keys = 0
        self.failures = []

    def fail(self, name, arguments, path, lines):
        kept = ""
        if self.options.keep:
            target = pathlib.Path(self.options.keep) / f"{name.replace(' ', '-')}.events"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(pathlib.Path(path).read_bytes())
            kept = f"\n    input: {target}"
        text = "".join(f"\n    {line}" for line in lines[:8])
        more = f"\n    ... {len(lines) - 8} more" if len(lines) > 8 else ""
        self.failures.append(f"{name}: replay {' '.join(arguments)}{kept}{text}{more}")

    def one(self, name, path, events, arguments, until, stdin=None, files=None):
        """One store. True where it is right."""
        spelled = list(arguments) + (["--until", str(until)] if until is not None else [])
        wanted = expected(events, until, settings_of(arguments))
        try:
            lines = differences(wanted, self.replay.store(spelled, files or [str(path)], stdin))
        except (Failure, UnicodeDecodeError, subprocess.TimeoutExpired) as problem:
            lines = [str(problem)]
        self.stores += 1
        self.keys += len(wanted)
        if lines:
            self.fail(name, spelled, path, lines)
            if self.options.shrink:
                self.shrink(path, spelled, arguments, until)
        return not lines

    def folded(self, name, path, arguments, until, wanted):
        spelled = list(arguments) + ["--until", str(until)]
        try:
            kept = fold(self.replay.changes(spelled, [str(path)]), until)
            lines = folded_differences(wanted, kept, until)
        except (Failure, ValueError, argparse.ArgumentTypeError, subprocess.TimeoutExpired) as problem:
            lines = [str(problem)]
        self.stores += 1
        if lines:
            self.fail(name + " --changes", spelled, path, lines)

    def live(self, name, path, events, times, arguments, rng):
        """Writes of a stream in order make the right store at every moment, whatever comes later."""
        settings = settings_of(arguments)
        try:
            writes = self.replay.changes(arguments, [str(path)])
        except (Failure, ValueError, argparse.ArgumentTypeError, subprocess.TimeoutExpired) as problem:
            self.fail(name, ["--changes", *arguments], path, [str(problem)])
            return
        last = max(times)
        moments = [rng.choice(times) + FLUSH + rng.choice((0, 5 * MINUTE, HOUR, oracle.GAP, oracle.LINGER, DAY))
                   for _ in range(3)]
        moments.append(rng.randrange(min(times), last))
        for moment in moments:
            moment = min(moment, last)
            wanted, earlier = expected(events, moment, settings), expected(events, moment - FLUSH, settings)
            lines = folded_differences(wanted, fold(writes, moment), moment, earlier)
            self.stores += 1
            self.keys += len(wanted)
            if lines:
                self.fail(f"{name} as seen at {moment}", ["--changes", *arguments], path, lines)

    def shrink(self, path, spelled, arguments, until):
        """Prints the fewest lines found that still differ. Stops after 400 runs."""
        lines = oracle.split_lines(pathlib.Path(path).read_bytes())
        small = pathlib.Path(self.folder) / "shrunk"
        runs = 0

        def differs(kept):
            nonlocal runs
            runs += 1
            small.write_bytes(b"".join(line + b"\n" for line in kept))
            events, _ = oracle.decode_lines(kept)
            at = until if until is not None else max((event.time for event in events), default=0)
            try:
                found = self.replay.store(list(arguments) + ["--until", str(at)], [str(small)])
            except Failure:
                return True
            return bool(differences(expected(events, at, settings_of(arguments)), found))

        if until is None:
            until = max(event.time for event in oracle.decode_lines(lines)[0])
        size = len(lines) // 2
        while size and runs < 400:
            start, removed = 0, False
            while start < len(lines) and runs < 400:
                rest = lines[:start] + lines[start + size:]
                if rest and differs(rest):
                    lines, removed = rest, True
                else:
                    start += size
            size = size if removed and size == 1 else size // 2
        shown = b"\n".join(lines[:12]).decode(errors="replace")
        events, _ = oracle.decode_lines(lines)
        small.write_bytes(b"".join(line + b"\n" for line in lines))
        try:
            found = self.replay.store(list(arguments) + ["--until", str(until)], [str(small)])
            left = differences(expected(events, until, settings_of(arguments)), found)
        except Failure as problem:
            left = [str(problem)]
        command = f"replay {' '.join(arguments)} --until {until}"
        self.failures.append(f"  shrunk to {len(lines)} lines, {command}:\n{shown}\n    " + "\n    ".join(left[:8]))

    def write(self, name, lines):
        path = pathlib.Path(self.folder) / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    def seed(self, seed):
        rng = random.Random(seed)
        form = ("json", "tsv", "mixed")[seed % 3]
        arguments = []
        if seed % 7 == 3:
            arguments.append("--no-stitch")
        if seed % 5 == 1:
            arguments += ["--cart-total", rng.choice(("before", "after"))]
        common = ["--form", form, "--users", str(rng.choice((3, 12, 30))), "--days", str(rng.choice((0.3, 2, 4)))]

        if self.options.late_reuse:
            common.append("--late-reuse")

        # Jitter, late events, duplicates.
        lines, _ = generate.generate(generate.options_for(seed, self.options.events, common))
        path = self.write("events", lines)
        events, _ = oracle.decode_lines(lines)
        name = f"seed {seed} ({form})"
        good = self.one(name, path, events, arguments, None)
        moments = edges(events, rng, 8)
        for until in moments:
            good = good and self.one(name, path, events, arguments, until)
        if good:
            self.folded(name, path, arguments, moments[0], expected(events, moments[0], settings_of(arguments)))
        if seed % 4 == 0:
            half = len(lines) // 2
            first, second = self.write("first", lines[:half]), self.write("second", lines[half:])
            self.one(name + " in two files", path, events, arguments, moments[0], files=[str(first), str(second)])
            self.one(name + " from standard input", path, events, arguments, moments[0],
                     stdin=path.read_bytes(), files=["-"])

        # The same visits in another order of arrival.
        lines, _ = generate.generate(
            generate.options_for(seed, self.options.events, [*common, "--arrivals", "1"]))
        path = self.write("shuffled", lines)
        events, _ = oracle.decode_lines(lines)
        self.one(name + " in another order", path, events, arguments, edges(events, rng, 1)[0])

        # In order of event time: what is in the store while the stream runs.
        lines, times = generate.generate(
            generate.options_for(seed, self.options.events // 3, [*common, "--in-order"]))
        path = self.write("in-order", lines)
        events, _ = oracle.decode_lines(lines)
        if self.one(name + " in order", path, events, arguments, edges(events, rng, 1)[0]):
            self.live(name + " in order", path, events, times, arguments, rng)

    def sample(self, path):
        """A file of real events."""
        data = path.read_bytes()
        if path.suffix == ".json":
            data = json.dumps(json.loads(data), separators=(",", ":")).encode()
        lines = oracle.split_lines(data)
        events, _ = oracle.decode_lines(lines)
        if not events:
            return
        rng = random.Random(len(lines))
        target = self.write("sample", lines)
        for arguments in ([], ["--no-stitch"], ["--cart-total", "after"]):
            for until in [None, *edges(events, rng, 4)]:
                self.one(path.name, target, events, arguments, until)


def work(task):
    kind, value, options = task
    oracle.SESSION_COUNTS = options.session_counts
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(Replay(options.binary), folder, options)
        if kind == "seed":
            comparison.seed(value)
        else:
            comparison.sample(value)
        return comparison.stores, comparison.keys, comparison.failures


def sample_files():
    root = os.environ.get("WEIR_SHARED")
    folder = pathlib.Path(root) if root else pathlib.Path(__file__).resolve().parents[3] / "shared"
    data = folder / "data"
    if not data.is_dir():
        print(f"no sample data at {data}: skipped", file=sys.stderr)
        return []
    return [path for path in sorted(data.iterdir())
            if path.suffix in (".jsonl", ".tsv") or path.name == "product_view.json"]


def seeds_of(text):
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True, help="the live-shopper program")
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("1..30"), metavar="A..B")
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--keep", metavar="FOLDER", help="keep the input of what differs")
    parser.add_argument("--shrink", action="store_true", help="look for the fewest lines that still differ")
    parser.add_argument("--late-reuse", action="store_true", help="as generate.py's")
    parser.add_argument("--session-counts", choices=("products", "events"), default=oracle.SESSION_COUNTS,
                        help="what session_cart_ratio is taken to count (default %(default)s)")
    parser.add_argument("--no-samples", action="store_true", help="random streams alone")
    options = parser.parse_args()
    if not os.access(options.binary, os.X_OK):
        print(f"{options.binary}: expected the live-shopper program, found nothing to run", file=sys.stderr)
        return 2
    options.binary = os.path.abspath(options.binary)
    tasks = [] if options.no_samples else [("sample", path, options) for path in sample_files()]
    tasks += [("seed", seed, options) for seed in options.seeds]
    stores = keys = failed = 0
    with multiprocessing.Pool(options.jobs) as pool:
        for more_stores, more_keys, failures in pool.imap(work, tasks):
            stores, keys = stores + more_stores, keys + more_keys
            failed += len(failures)
            for failure in failures:
                print(failure, flush=True)
    print(f"{len(tasks)} inputs, {stores} stores, {keys} values compared, {failed} differences")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
