# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""scripts/demo as its user runs it: from the first line to Ctrl-C.

    test_demo.py
"""

import http.client
import json
import pathlib
import re
import signal
import subprocess
import time
import unittest
import urllib.parse
import urllib.request

DEMO = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "demo"
START_SECONDS = 240  # setting up and building too, where that is not done


class Demo:
    def __init__(self, *arguments):
        # In a group of its own, so that a signal to the group is what a terminal's Ctrl-C is.
        self.process = subprocess.Popen([DEMO, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        process_group=0)
        self.lines = []

    def line(self, pattern):
        """Reads on to the line that matches."""
        end = time.monotonic() + START_SECONDS
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
            if time.monotonic() > end:
                break
        raise AssertionError(f"no line {pattern}:\n{''.join(self.lines[-40:])}")

    def end(self, signal_number=None):
        """What it exits with; the rest of its lines are in `lines` then."""
        if signal_number is not None:
            subprocess.run(["kill", f"-{signal_number}", "--", f"-{self.process.pid}"], check=True)
        rest, _ = self.process.communicate(timeout=60)
        self.lines += rest.splitlines(keepends=True)
        return self.process.returncode


def nobody_listens(port):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    try:
        connection.connect()
    except ConnectionRefusedError:
        return True
    finally:
        connection.close()
    return False


class DemoTest(unittest.TestCase):
    def start(self, *arguments):
        demo = Demo(*arguments)
        self.addCleanup(lambda: demo.process.poll() is not None or demo.end(signal.SIGTERM))
        self.kafka, self.redis = demo.line(r"^kafka 127\.0\.0\.1:(\d+), .* redis 127\.0\.0\.1:(\d+);").groups()
        self.page = demo.line(r"^Open (http://127\.0\.0\.1:\d+)/live ").group(1)
        return demo

    def check_all_ended(self):
        for port in (self.kafka, self.redis, urllib.parse.urlsplit(self.page).port):
            self.assertTrue(nobody_listens(port), port)

    def test_ends_by_itself_once_features_have_changed(self):
        demo = self.start("--seconds", "8")
        self.assertEqual(demo.end(), 0, "".join(demo.lines[-40:]))
        changed = [line for line in demo.lines if re.search(r"(user|session):.* -> ", line)]
        self.assertGreater(len(changed), 20, "".join(demo.lines[-40:]))
        self.check_all_ended()

    def test_the_page_is_served_with_what_it_shows_until_ctrl_c(self):
        demo = self.start()
        with urllib.request.urlopen(self.page + "/live", timeout=10) as answer:
            self.assertIn("Live shopper", answer.read().decode())
        for path in ("/", "/vendor/browser-tracker-4.10.1.js"):
            with urllib.request.urlopen(self.page + path, timeout=10) as answer:
                self.assertEqual(answer.status, 200)
        seen = {}
        event = None
        end = time.monotonic() + 60
        with urllib.request.urlopen(self.page + "/live/events", timeout=20) as stream:
            for line in stream:
                line = line.decode().rstrip("\n")
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    seen[event] = json.loads(line.removeprefix("data: "))
                totals = seen.get("totals", {})
                if "stored" in seen and totals.get("job") and totals["redis"] and totals["kafka"] and totals["keys"]:
                    break
                self.assertLess(time.monotonic(), end, seen)
        self.assertEqual(seen["hello"]["simulator"]["shoppers"], 200)
        self.assertEqual(demo.end(signal.SIGINT), 0, "".join(demo.lines[-40:]))
        self.check_all_ended()

    def test_a_flag_that_there_is_not_exits_with_2(self):
        demo = Demo("--no-such-flag")
        self.assertEqual(demo.end(), 2)
        self.assertIn("unknown argument --no-such-flag", "".join(demo.lines))


if __name__ == "__main__":
    unittest.main()
