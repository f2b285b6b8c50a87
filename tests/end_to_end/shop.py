# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""Starts the real parts on free loopback ports, and stops what it started."""

import collections
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", ROOT / "build" / "release"))
PROGRAM = BUILD / "examples" / "live_shopper" / "live-shopper"
VISIT = ROOT / "tests" / "data" / "shop_visit.jsonl"
TOPIC = "enriched-good"


def free_port():
    """Below those that the system gives to clients: one that tries to connect where nobody listens gets itself."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def wait_for(what, condition, seconds=60, every=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(every)
    raise AssertionError(f"waited {seconds} s for {what}")


def wait_for_snapshots(log, partitions, seconds=60):
    """Until two more snapshots of each of so many partitions are kept, so one that was begun now. `log` gives the logs."""
    def kept():
        return collections.Counter(re.findall(r'msg="a snapshot is kept" of=(\S+)', log()))

    before = kept()
    wait_for("snapshots of all partitions", lambda: sum(n >= before[of] + 2 for of, n in kept().items()) >= partitions, seconds)


def without_short_windows(values):
    """Event time goes on while a job is away: five minutes may be over before all is well again."""
    return {key: value for key, value in values.items() if not key.endswith("_5m")}


def visits(count, seed):
    """The sample visit of `count` shoppers, all within two minutes of event time, in a shuffled order of arrival."""
    lines = [json.loads(line) for line in VISIT.read_text().splitlines()]
    chance = random.Random(seed)
    events = []
    for shopper in range(count):
        shift = chance.randrange(30)
        # No two at the same time: those go by arrival, which partitions do not keep.
        milliseconds = chance.sample(range(1000), len(lines))
        for i, line in enumerate(lines):
            text = json.dumps(line)
            session = line.get("session", {})
            for name in {line["enrich"]["user"].get(key) for key in ("user_id", "domain_userid", "network_userid")} | {
                    session.get("sessionId"), session.get("domain_sessionid")}:
                if name:
                    text = text.replace(name, f"{name}-{shopper}")
            event = json.loads(text)
            event["id"] = f"{shopper:08x}-0000-4000-8000-{i:012x}"
            seconds = 30 + shift + i // 4
            event["timestamp"] = f"2025-05-02T09:{seconds // 60:02}:{seconds % 60:02}.{milliseconds[i]:03}Z"
            events.append((i + chance.randrange(4), shopper, json.dumps(event)))
    chance.shuffle(events)
    return [text for _, _, text in sorted(events, key=lambda e: e[0])]


class ShopTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.port = free_port()
        self.start_redis()

    def start(self, *command, **options):
        process = subprocess.Popen([str(c) for c in command], **options)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()

    def start_redis(self):
        self.redis = self.start("redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly",
                                "no", "--dir", self.folder, stdout=subprocess.DEVNULL)
        wait_for("Redis", lambda: self.ask("PING") == ["PONG"])

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-p", str(self.port), "--raw", *words], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        return done.stdout.decode().splitlines()

    def store(self):
        keys = sorted(key for key in self.ask("KEYS", "*") if not key.startswith("live-shopper:fence:"))
        values = {}
        for i in range(0, len(keys), 500):
            part = keys[i:i + 500]
            # One line a value: none of the sample's holds a newline; an absent one is an empty line too.
            values.update(zip(part, self.ask("MGET", *part)))
        return values

    def run_job(self, *arguments, **options):
        self.metrics = free_port()
        log = open(self.folder / "job.log", "ab")
        self.addCleanup(log.close)
        return self.start(PROGRAM, "run", "--redis", f"127.0.0.1:{self.port}", "--topic", TOPIC, "--metrics", self.metrics,
                          *arguments, stderr=log, **options)

    def job_log(self):
        return (self.folder / "job.log").read_text(errors="replace")

    def metric(self, name):
        """The sum of the samples whose name and labels match."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=2) as answer:
                text = answer.read().decode()
        except OSError:
            return None
        found = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(name, line)]
        return sum(found) if found else None

    def produce(self, brokers, lines):
        source = self.folder / "lines"
        source.write_text("".join(line + "\n" for line in lines))
        subprocess.run(["kcat", "-P", "-b", brokers, "-t", TOPIC, "-l", str(source)], check=True, timeout=60)

    def replay(self, lines):
        source = self.folder / "all.jsonl"
        source.write_text("".join(line + "\n" for line in lines))
        out = subprocess.run([str(PROGRAM), "replay", str(source)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=True).stdout.decode()
        return dict(line.split("\t", 1) for line in out.splitlines())

    def wait_for_store(self, wanted, seconds=60):
        try:
            wait_for("the store", lambda: self.store() == wanted, seconds)
        except AssertionError:
            found = self.store()
            wrong = {k: (wanted.get(k), found.get(k)) for k in {*wanted, *found} if wanted.get(k) != found.get(k)}
            self.fail(f"{len(wrong)} of {len(wanted)} values differ (wanted, found), such as "
                      f"{dict(list(sorted(wrong.items()))[:8])}\n{self.job_log()[-3000:]}")

    @staticmethod
    def kill(process):
        process.send_signal(signal.SIGKILL)
        process.wait()
