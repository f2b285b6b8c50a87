# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""Three processes that share the work, on Apache Kafka and Redis themselves, under random faults.

Every run has a seed, which a failure prints; WEIR_FLEET_SEED (a number or `any`) and WEIR_FLEET_RUNS choose others. Their
draws are the same each time, what the draws meet is not. What the processes of a run that failed have logged is in
fleet-logs of the build's folder.
"""

import concurrent.futures
import datetime
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from shop import ROOT, ShopTest, wait_for, wait_for_snapshots, without_short_windows
import shop

sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import oracle  # noqa: E402

PARTITIONS = 6
RUNS = 20
AT_ONCE = 2
FAULTY_SESSION_SECONDS = 3  # so that what happens to a session happens in less time
STOP_SECONDS = [0.3, 1.5, 2, 5]
FAULTS = ["kill", "kill", "end", "redis", "redis pause", "none", "stop", "stop", "stop", "broker"]
BEGIN = datetime.datetime(2025, 5, 2, 9, 30)


def fleet_events(count, seed):
    """Visitors on several devices who log in and out, all within 90 s of event time, no two events at the same time."""
    chance = random.Random(seed)
    people = max(5, count // 60)
    times = sorted(chance.sample(range(90_000), count))
    events = []
    for i, at in enumerate(times):
        visitor = chance.randrange(people * 2)
        kind = chance.choice(["page_view", "product_view", "product_view", "list_view", "add_to_cart", "add_to_cart",
                              "remove_from_cart", "checkout_step", "transaction"])
        product = None
        if kind in ("product_view", "add_to_cart", "remove_from_cart", "transaction"):
            product = {"id": f"p{chance.randrange(8)}", "brand": f"b{chance.randrange(3)}",
                       "category": f"c{chance.randrange(4)}", "price": chance.randrange(100, 9999) / 100,
                       "quantity": chance.randrange(1, 4)}
        # A device has several users, a user several devices.
        user = f"u{(visitor + chance.randrange(2)) % people}" if chance.random() < 0.3 else None
        events.append({
            "id": f"{seed:08x}-0000-4000-8000-{i:012x}", "type": kind,
            "timestamp": (BEGIN + datetime.timedelta(milliseconds=at)).isoformat(timespec="milliseconds") + "Z",
            "payload": {"product": product, "list_name": f"c{chance.randrange(4)}" if kind == "list_view" else None,
                        "cart": {"total_value": chance.randrange(100, 20000) / 100}, "checkout_step": {"step": 2},
                        "transaction": {"transaction_id": f"t{chance.randrange(count)}", "revenue": chance.randrange(200)}
                        if kind == "transaction" else None},
            "enrich": {"user": {"user_id": user, "domain_userid": f"v{visitor}"}, "platform": "web"},
            "session": {"sessionId": f"s{visitor}-{chance.randrange(2)}"}})
    # Up to a second out of order, and some come twice.
    order = sorted(range(count), key=lambda i: times[i] + chance.randrange(1000))
    import json
    lines = []
    for i in order:
        lines.append(json.dumps(events[i]))
        if chance.random() < 0.05:
            lines.append(json.dumps(events[chance.choice(order[:order.index(i) + 1])]))
    return lines


class RealKafkaFleet(ShopTest):
    # One broker serves all runs. Nobody else produces while it is restarted: kcat gives up then.
    broker_lock = threading.Lock()

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="weir-kafka-")
        cls.addClassCleanup(folder.cleanup)
        cls.broker = pathlib.Path(folder.name) / "broker"
        cls.addClassCleanup(cls.kafka, "stop")
        cls.brokers = cls.start_kafka("--port", str(shop.free_port()))

    @classmethod
    def kafka(cls, command, *arguments):
        return subprocess.run([str(ROOT / "scripts" / "kafka"), command, "--dir", str(cls.broker), *arguments],
                              stdout=subprocess.PIPE, check=False, timeout=240).stdout.decode()

    @classmethod
    def start_kafka(cls, *arguments):
        return cls.kafka("start", *arguments, "--set", f"num.partitions={PARTITIONS}", "--set",
                         f"group.min.session.timeout.ms={FAULTY_SESSION_SECONDS * 1000}").split()[-1]

    @classmethod
    def kill_kafka(cls):
        pid = int((cls.broker / "pid").read_text())
        os.kill(pid, signal.SIGKILL)
        command = pathlib.Path(f"/proc/{pid}/cmdline")
        wait_for("Kafka's end", lambda: not command.exists() or not command.read_bytes(), 30)

    def setUp(self):
        super().setUp()
        self.processes = {}
        self.session_seconds = 6

    def begin(self, name):
        self.name = name
        before = shop.TOPIC
        shop.TOPIC = name
        self.addCleanup(setattr, shop, "TOPIC", before)

    def member(self, number, *arguments):
        """Starts process `number` of the fleet."""
        log = open(self.folder / f"fleet-{number}.log", "ab")
        self.addCleanup(log.close)
        metrics = shop.free_port()
        arguments = arguments or ("--partitions", PARTITIONS)
        # Event time goes on while faults last: 5 min may be over before all is well.
        windows = ("--product-windows", "1h", "--category-windows", "1h,24h", "--cart-windows", "1h")
        process = self.start(shop.PROGRAM, "run", "--scale-out", "--brokers", self.brokers, "--topic", self.name, "--group",
                             self.name, "--redis", f"127.0.0.1:{self.port}", "-X",
                             f"session.timeout.ms={self.session_seconds * 1000}", "-X", "heartbeat.interval.ms=500",
                             "--metrics", metrics, *windows, *arguments, stderr=log, stdout=subprocess.DEVNULL)
        self.processes[number] = process
        return process

    def produce_spread(self, lines, chance):
        """To whatever partition, whoever's they are."""
        spread = [[] for _ in range(PARTITIONS)]
        for line in lines:
            chance.choice(spread).append(line)
        with self.broker_lock:
            writers = []
            for partition, part in enumerate(spread):
                if part:
                    source = self.folder / f"lines-{partition}"
                    source.write_text("".join(line + "\n" for line in part))
                    writers.append(subprocess.Popen(["kcat", "-P", "-b", self.brokers, "-t", self.name, "-p",
                                                     str(partition), "-l", str(source)], stdout=subprocess.DEVNULL))
            for writer in writers:
                self.assertEqual(writer.wait(60), 0)

    def make_topic(self):
        """By asking for it: the broker makes it."""
        self.produce_spread([""], random.Random(0))
        wait_for("the topic", lambda: f'"{self.name}" with {PARTITIONS} partitions' in subprocess.run(
            ["kcat", "-L", "-b", self.brokers, "-t", self.name], stdout=subprocess.PIPE, timeout=60).stdout.decode(), 30)

    @staticmethod
    def wanted(lines):
        events, _ = oracle.decode_lines([line.encode() for line in lines])
        return without_short_windows(oracle.store_at(events))

    def logs(self, lines=25):
        return "\n".join(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
                         for path in sorted(self.folder.glob("fleet-*.log")))

    def check_store(self, wanted, seconds, what):
        try:
            wait_for("the store", lambda: self.store() == wanted, seconds, every=0.3)
        except AssertionError:
            found = self.store()
            wrong = {k: (wanted.get(k), found.get(k)) for k in {*wanted, *found} if wanted.get(k) != found.get(k)}
            self.fail(f"{what}: {len(wrong)} of {len(wanted)} values differ (wanted, found), such as "
                      f"{dict(list(sorted(wrong.items()))[:8])}\n{self.logs()}")

    def test_three_processes_come_to_what_one_would(self):
        self.begin("spread")
        events = fleet_events(1500, seed=1)
        wanted = self.wanted(events)
        self.assertGreater(len(wanted), 1000)
        for number in range(3):
            self.member(number)
        chance = random.Random(2)
        for i in range(0, len(events), 300):
            self.produce_spread(events[i:i + 300], chance)
        self.check_store(wanted, 90, "without faults")

    def test_a_source_keyed_by_visitor_needs_no_first_stage(self):
        self.begin("keyed")
        events = fleet_events(600, seed=3)
        for number in range(2):
            self.member(number, "--source-keyed-by", "domain_userid")
        keyed = self.folder / "keyed"
        import json
        keyed.write_text("".join(json.loads(e)["enrich"]["user"]["domain_userid"] + "\t" + e + "\n" for e in events))
        subprocess.run(["kcat", "-P", "-b", self.brokers, "-t", self.name, "-K", "\t", "-l", str(keyed)], check=True,
                       timeout=60)
        self.check_store(self.wanted(events), 90, "keyed by visitor")

    def test_a_rolling_restart_stops_nobody_for_long(self):
        self.begin("rolling")
        self.make_topic()

        def start(number):
            self.member(number, "--partitions", PARTITIONS, "--instance", f"rolling-{number}", "--snapshots",
                        self.folder / f"disk-{number}", "--snapshot-interval", "1s")

        for number in range(3):
            start(number)
        chance = random.Random(11)
        events = fleet_events(1800, seed=12)
        self.produce_spread(events[:600], chance)
        wait_for("all partitions", lambda: self.logs(10**6).count("caught up") >= PARTITIONS, 60)
        self.check_store(self.wanted(events[:600]), 60, "before the restarts")
        for number in range(3):
            before = self.folder / f"fleet-{number}.log"
            lines = before.read_text().count("caught up")
            others = [self.folder / f"fleet-{n}.log" for n in range(3) if n != number]
            undisturbed = [path.read_text().count("given up") + path.read_text().count("lost") for path in others]
            began = time.monotonic()
            self.end(number)
            start(number)
            # It has as many partitions as before, and has rebuilt them; a third each.
            wait_for("its partitions", lambda: before.read_text().count("caught up") >= lines + 2, 60)
            self.produce_spread(events[600 + 400 * number:1000 + 400 * number if number < 2 else None], chance)
            print(f"process {number} was away for {time.monotonic() - began:.1f} s", flush=True)
            self.assertEqual(undisturbed, [path.read_text().count("given up") + path.read_text().count("lost")
                                           for path in others], self.logs())
        self.check_store(self.wanted(events), 60, "after the restarts")

    def test_state_is_there_for_whoever_is_given_a_partition(self):
        self.begin("moved")
        self.make_topic()
        snapshots = ("--partitions", PARTITIONS, "--snapshots", "kafka", "--snapshot-interval", "1s",
                     "--log-level", "debug")
        events = fleet_events(1500, seed=21)
        chance = random.Random(22)
        for number in range(2):
            self.member(number, *snapshots)
        self.produce_spread(events[:1200], chance)
        self.check_store(self.wanted(events[:1200]), 90, "before one is killed")
        wait_for_snapshots(lambda: self.logs(10**6), 2 * PARTITIONS)
        self.kill(self.processes[1])
        self.produce_spread(events[1200:], chance)
        self.check_store(self.wanted(events), 90, "after one was killed")
        restored = self.texts("restored a snapshot")
        # Its visitors and its shoppers, each to be read from where the snapshot was.
        self.assertGreaterEqual(len(restored), PARTITIONS, self.logs())
        self.assertFalse(self.texts("a snapshot cannot be used"))
        # And all of them once more, where nobody has been left.
        self.kill(self.processes[0])
        self.member(2, *snapshots)
        wait_for("its partitions", lambda: len(self.texts("restored a snapshot")) >= len(restored) + 2 * PARTITIONS, 60)
        self.ask("FLUSHALL")
        self.check_store(self.wanted(events), 90, "after all were killed")
        # Nothing is written any more that could tell.
        self.ask("FLUSHALL")
        self.check_store(self.wanted(events), 90, "after Redis was emptied")

    def texts(self, message):
        return [line for line in self.logs(10**6).splitlines() if f'msg="{message}"' in line]

    def test_after_any_faults_the_store_holds_what_the_events_say(self):
        chosen = os.environ.get("WEIR_FLEET_SEED", "1")
        seed = random.SystemRandom().randrange(1, 1_000_000) if chosen == "any" else int(chosen)
        runs = int(os.environ.get("WEIR_FLEET_RUNS", RUNS))
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for run, failure in pool.map(self.run_on_its_own, range(seed, seed + runs)):
                with self.subTest(seed=run):
                    if failure is not None:
                        raise failure

    @classmethod
    def run_on_its_own(cls, seed):
        """With processes, a Redis and a folder of its own."""
        fleet = cls("faulty_run")
        fleet.setUp()
        began = time.monotonic()
        failure = None
        try:
            story = fleet.faulty_run(seed)
            print(f"seed {seed}: {time.monotonic() - began:.1f} s: {', '.join(story)}", flush=True)
        except Exception as error:  # told by the thread of the test
            failure = error
            print(f"seed {seed} FAILED", flush=True)
            shutil.copytree(fleet.folder, shop.BUILD / "fleet-logs" / str(seed), dirs_exist_ok=True)
        finally:
            for process in fleet.processes.values():
                if process.poll() is None:
                    fleet.kill(process)
            fleet.doCleanups()
        return seed, failure

    def faulty_run(self, seed):
        chance = random.Random(seed)
        self.name = f"faults-{seed}"
        self.session_seconds = FAULTY_SESSION_SECONDS
        events = fleet_events(600, seed)
        wanted = self.wanted(events)
        named = seed % 2 == 0
        where = [None, "kafka", "disks"][seed // 2 % 3]  # snapshots are
        story = ["named" if named else "nameless", f"snapshots: {where}"]

        def start(number):
            snapshots = () if where is None else (
                "--snapshot-interval", "1s", "--snapshots",
                "kafka" if where == "kafka" else self.folder / f"disk-{number}")
            self.member(number, "--partitions", PARTITIONS, *(("--instance", f"fleet-{number}") if named else ()), *snapshots)

        self.make_topic()
        for number in range(3):
            start(number)
        slices = 8
        stopped = {}  # process number -> when it goes on

        def let_go_on():
            for number in [n for n, at in stopped.items() if time.monotonic() >= at]:
                self.processes[number].send_signal(signal.SIGCONT)
                del stopped[number]

        for i in range(slices):
            self.produce_spread(events[i * len(events) // slices:(i + 1) * len(events) // slices], chance)
            # Drawn whether they are needed or not, so that a seed draws the same each time.
            wait, fault, number, length = (chance.uniform(0.1, 1.2), chance.choice(FAULTS), chance.randrange(3),
                                           chance.uniform(0, 1))
            stop_seconds, start_after = chance.choice(STOP_SECONDS), chance.choice([0, 0, 1])
            time.sleep(wait)
            let_go_on()
            if fault in ("kill", "end", "stop") and number in stopped:
                continue
            if fault == "broker" and (seed % 4 > 1 or "broker" in story):  # it takes long to come back
                continue
            story.append(fault if fault not in ("kill", "end", "stop") else f"{fault} {number}")
            if fault == "kill":
                self.kill(self.processes[number])
                time.sleep(start_after)
                start(number)
            elif fault == "end":
                self.end(number, ended_is_fine=True)
                start(number)
            elif fault == "stop":
                self.processes[number].send_signal(signal.SIGSTOP)
                stopped[number] = time.monotonic() + stop_seconds
            elif fault == "redis":
                self.kill(self.redis)
                time.sleep(length)
                self.start_redis()
            elif fault == "redis pause":
                self.redis.send_signal(signal.SIGSTOP)
                time.sleep(2 * length)
                self.redis.send_signal(signal.SIGCONT)
            elif fault == "broker":
                with self.broker_lock:
                    self.kill_kafka()
                    self.assertEqual(self.start_kafka(), self.brokers)
        while stopped:
            time.sleep(max(0, min(stopped.values()) - time.monotonic()))
            let_go_on()
        # One that has found that its name is another's, or that its client cannot go on, ends; an operator's restarts it.
        for number, process in self.processes.items():
            if process.poll() is not None:
                story.append(f"{number} had ended")
                start(number)
        self.check_store(wanted, 180, f"seed {seed}, after {story}")
        for number in self.processes:
            self.end(number)
        return story

    def end(self, number, ended_is_fine=False):
        """SIGTERM; `ended_is_fine`: it may have ended by itself before."""
        if ended_is_fine and self.processes[number].poll() is not None:
            return
        self.processes[number].terminate()
        self.assertEqual(self.processes[number].wait(15), 0, f"process {number}\n{self.logs()}")

    def test_another_number_of_partitions_is_refused(self):
        self.begin("counted")
        self.member(0)
        wait_for("the topics", lambda: "topic made" in self.logs(), 60)
        process = self.member(1, "--partitions", "4")
        self.assertEqual(process.wait(30), 1)
        self.assertIn("has 6 partitions, expected 4", self.logs())


if __name__ == "__main__":
    import unittest
    unittest.main()
