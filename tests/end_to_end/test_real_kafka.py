# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""The job on Apache Kafka itself, killed in the middle."""

import pathlib
import random
import re
import subprocess
import tempfile
import time

from shop import BUILD, ROOT, ShopTest, visits, wait_for


class RealKafka(ShopTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="weir-kafka-")
        cls.addClassCleanup(folder.cleanup)
        kafka = [str(ROOT / "scripts" / "kafka")]
        where = ["--dir", folder.name + "/broker"]
        started = subprocess.run([*kafka, "start", *where, "--set", "num.partitions=3"], stdout=subprocess.PIPE, check=True,
                                 timeout=240).stdout.decode()
        cls.addClassCleanup(subprocess.run, [*kafka, "stop", *where], stdout=subprocess.DEVNULL, check=False)
        cls.brokers = started.split()[-1]

    def topic(self, name):
        import shop
        before = shop.TOPIC
        shop.TOPIC = name
        self.addCleanup(setattr, shop, "TOPIC", before)

    def job(self, *arguments):
        return self.run_job("--brokers", self.brokers, "--group", f"group-{self.id()}", "-X", "session.timeout.ms=6000",
                            *arguments, stdout=subprocess.DEVNULL)

    def test_killed_at_any_moment_the_store_ends_as_if_nothing_had_happened(self):
        self.topic("killed")
        events = visits(60, seed=4)
        chance = random.Random(5)
        job = self.job()
        at = 0
        for _ in range(3):
            some = len(events) // 4
            self.produce(self.brokers, events[at:at + some])
            at += some
            wait_for("some values", lambda: len(self.store()) > 50)
            time.sleep(chance.random())
            self.kill(job)
            self.produce(self.brokers, events[at:at + 20])
            at += 20
            job = self.job()
        self.produce(self.brokers, events[at:])
        wanted = self.replay(events)
        self.assertGreater(len(wanted), 1500)
        self.wait_for_store(wanted, 120)

    def test_undecodable_records_go_to_the_dead_letter_topic_once(self):
        self.topic("broken")
        events = visits(3, seed=6)
        self.produce(self.brokers, ["{broken", *events])
        job = self.job()
        self.wait_for_store(self.replay(events), 120)
        wait_for("the dead letter", lambda: self.dead_letters("broken"))
        time.sleep(3)  # so that it commits
        self.kill(job)
        self.job()
        wait_for("the restart", lambda: self.job_log().count("caught up") >= 2, 60)
        read = self.dead_letters("broken")
        self.assertEqual(len(read.splitlines()), 1, read)
        self.assertIn("{broken", read)
        for header in ("reason=not_json", "topic=broken", "partition=", "offset="):
            self.assertIn(header, read)

    def test_more_shoppers_than_fit_stay_within_the_memory_limit(self):
        self.topic("crowd")
        subprocess.run([BUILD / "examples" / "live_shopper" / "shop-simulator", "--brokers", self.brokers, "--topic", "crowd",
                        "--events", "250000", "--rate", "1000000", "--shoppers", "60000", "--seed", "1"], check=True, timeout=300)
        limit = 80
        job = self.job("--memory-limit", f"{limit}M")
        wait_for("all events", lambda: self.metric("live_shopper_caught_up") == 1 and
                 self.metric("live_shopper_consumer_lag") == 0 and self.job_log().count("caught up"), 240)
        # The first flush and the deletions of a drop are queued at once, on top of what is held.
        wait_for("Redis", lambda: self.metric("live_shopper_redis_queue") == 0, 60)
        most = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{job.pid}/status").read_text()).group(1)) / 1024
        self.assertGreater(self.metric("live_shopper_evicted_total"), 10_000)
        self.assertLess(self.metric("live_shopper_memory_bytes"), limit << 20)
        self.assertIn("near the memory limit", self.job_log())
        print(f"resident {most:.0f} MB at most, limit {limit} MB")
        self.assertLess(most, limit + 96)  # the program itself, the Kafka client, and holes
        self.assertGreater(len(self.store()), 1000)

    def test_a_fleet_with_more_shoppers_than_fit_stays_within_the_memory_limit(self):
        self.topic("crowds")
        subprocess.run([BUILD / "examples" / "live_shopper" / "shop-simulator", "--brokers", self.brokers, "--topic", "crowds",
                        "--events", "250000", "--rate", "1000000", "--shoppers", "60000", "--seed", "1"], check=True, timeout=300)
        limit = 80
        job = self.job("--scale-out", "--memory-limit", f"{limit}M")
        wait_for("dropped shoppers", lambda: (self.metric("live_shopper_evicted_total") or 0) > 10_000, 120)
        time.sleep(10)
        most = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{job.pid}/status").read_text()).group(1)) / 1024
        print(f"allocated {self.metric('live_shopper_memory_bytes') / (1 << 20):.0f} MB, resident {most:.0f} MB at most, "
              f"limit {limit} MB, {self.metric('live_shopper_evicted_total'):.0f} keys dropped")
        self.assertLess(self.metric("live_shopper_memory_bytes"), 1.25 * (limit << 20))
        self.assertIn("near the memory limit", self.job_log())
        self.assertGreater(len(self.store()), 1000)

    def dead_letters(self, topic):
        """Payload and headers of each, a line; nothing while there is no such topic."""
        return subprocess.run(["kcat", "-C", "-b", self.brokers, "-t", f"{topic}-dead-letter", "-o", "beginning", "-e", "-q",
                               "-f", "%s %h\n"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=60).stdout.decode()


if __name__ == "__main__":
    import unittest
    unittest.main()
