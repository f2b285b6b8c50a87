# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator's events are ones that the job takes, and the view shows what a real Redis holds.

    test_programs.py PROGRAMS
"""

import contextlib
import json
import os
import pathlib
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAMS = pathlib.Path(sys.argv.pop(1))
FAST = ["--rate", "1000000"]


def run(program, *arguments, **options):
    return subprocess.run([PROGRAMS / program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          **options)


def simulate(*arguments):
    return run("shop-simulator", *FAST, *arguments).stdout


class Simulator(unittest.TestCase):
    def test_the_same_seed_gives_the_same_visits(self):
        def visits(text):
            events = [json.loads(line) for line in text.splitlines()]
            return [(e["id"], e["type"], e["session"]["sessionId"], e["payload"]) for e in events]

        first = visits(simulate("--events", "3000", "--seed", "7"))
        self.assertEqual(first, visits(simulate("--events", "3000", "--seed", "7")))
        self.assertNotEqual(first, visits(simulate("--events", "3000", "--seed", "8")))

    def test_the_job_takes_every_event_and_finds_every_feature(self):
        events = simulate("--events", "5000", "--seed", "1")
        replayed = run("live-shopper", "replay", "-", input=events)
        counts = dict(line.split("\t") for line in replayed.stderr.decode().splitlines())
        self.assertEqual(counts["accepted"], "5000")
        self.assertEqual(counts["undecodable"], "0")
        self.assertGreater(int(counts["duplicate"]), 0)
        found = {line.split("\t")[0].rsplit(":", 1)[1] for line in replayed.stdout.decode().splitlines()}
        computed = set()
        for line in run("live-shopper", "features").stdout.decode().splitlines()[1:]:
            name, window = line.split("\t")[:2]
            computed.add(name if window == "session" else f"{name}_{window}")
        self.assertEqual(found, computed)

    def test_shoppers_log_in_buy_and_leave_carts_behind(self):
        events = [json.loads(line) for line in simulate("--events", "5000", "--seed", "2").splitlines()]
        types = {e["type"] for e in events}
        self.assertLessEqual({"page_view", "list_view", "product_view", "add_to_cart", "remove_from_cart",
                              "checkout_step", "transaction"}, types)
        self.assertTrue(any("user_id" in e["enrich"]["user"] for e in events))
        steps = {}
        for e in events:
            if e["type"] == "checkout_step":
                session = e["session"]["sessionId"]
                steps[session] = max(steps.get(session, 0), e["payload"]["checkout_step"]["step"])
        self.assertEqual(set(steps.values()), {1, 2})

    def test_the_rate_is_kept(self):
        lines = run("shop-simulator", "--rate", "1000", "--seconds", "2").stdout.count(b"\n")
        self.assertTrue(1700 < lines < 2400, lines)

    def test_usage_errors_exit_with_2(self):
        self.assertEqual(run("shop-simulator", "--rate", "many").returncode, 2)


class View(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = str(s.getsockname()[1])
        server = subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "",
                                   "--appendonly", "no", "--dir", self.folder], stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        for _ in range(100):
            if self.redis("PING") == "PONG":
                return
            time.sleep(0.05)
        self.fail("Redis does not answer")

    def redis(self, *words):
        return subprocess.run(["redis-cli", "-p", self.port, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.decode().strip()

    def watch(self, *arguments):
        return subprocess.Popen([PROGRAMS / "feature-watch", "--redis", "127.0.0.1:" + self.port, *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_a_changed_value_is_a_line_of_key_before_and_after(self):
        self.redis("SET", "user:ada:cart_value_5m", "0")
        view = self.watch("ada")
        self.assertIn("user:ada:cart_value_5m  (none) -> 0", view.stdout.readline())
        self.redis("SET", "user:ada:cart_value_5m", "42.99")
        self.assertIn("user:ada:cart_value_5m  0 -> 42.99", view.stdout.readline())
        self.redis("DEL", "user:ada:cart_value_5m")
        self.assertIn("user:ada:cart_value_5m  42.99 -> (none)", view.stdout.readline())
        view.send_signal(signal.SIGTERM)
        out, _ = view.communicate(timeout=5)
        self.assertEqual((view.returncode, out), (0, ""))

    def test_the_title_is_the_first_line(self):
        self.redis("SET", "user:ada:cart_value_5m", "0")
        view = self.watch("--title", "The shop: http://127.0.0.1:1/", "ada")
        self.assertEqual(view.stdout.readline(), "The shop: http://127.0.0.1:1/\n")
        self.assertIn("user:ada:cart_value_5m  (none) -> 0", view.stdout.readline())
        view.terminate()
        view.communicate(timeout=5)

    def test_on_a_terminal_the_title_stands_above_the_values(self):
        self.redis("SET", "user:ada:cart_value_5m", "42.99")
        main, side = pty.openpty()
        view = subprocess.Popen([PROGRAMS / "feature-watch", "--redis", "127.0.0.1:" + self.port, "--title",
                                 "The shop: here", "--seconds", "1", "ada"], stdout=side)
        os.close(side)
        shown = b""
        with os.fdopen(main, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # EIO at its end
            while more := terminal.read(65536):
                shown += more
        self.assertEqual(view.wait(timeout=10), 0)
        # The first frame begins at the top left corner.
        frame = shown.decode().split("\x1b[H")[1]
        self.assertTrue(frame.startswith("\x1b[1mThe shop: here"), frame[:80])
        self.assertIn("42.99", frame)

    def test_text_out_of_events_cannot_steer_the_terminal(self):
        self.redis("SET", "user:ada:most_viewed_brand_5m", "\x1b[2J\nLøvås")
        view = self.watch("ada")
        self.assertIn("(none) -> ?[2J?Løvås\n", view.stdout.readline())
        view.terminate()
        view.communicate(timeout=5)

    def test_without_names_those_are_watched_who_do_something(self):
        self.redis("MSET", "user:idle:category_view_count_5m", "0", "user:bo:category_view_count_5m", "3")
        view = self.watch("--seconds", "0.5")
        out, _ = view.communicate(timeout=10)
        self.assertIn("user:bo:category_view_count_5m  (none) -> 3", out)
        self.assertNotIn("user:idle", out)
        self.assertEqual(view.returncode, 0)

    def test_nothing_seen_exits_with_1(self):
        view = self.watch("--seconds", "0.3")
        view.communicate(timeout=10)
        self.assertEqual(view.returncode, 1)


if __name__ == "__main__":
    unittest.main()
