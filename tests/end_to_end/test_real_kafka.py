# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""The job on Apache Kafka itself, killed in the middle."""

import random
import subprocess
import tempfile
import time

from shop import ROOT, ShopTest, visits, wait_for


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

    def job(self):
        return self.run_job("--brokers", self.brokers, "--group", f"group-{self.id()}", "-X", "session.timeout.ms=6000",
                            stdout=subprocess.DEVNULL)

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

    def dead_letters(self, topic):
        """Payload and headers of each, a line; nothing while there is no such topic."""
        return subprocess.run(["kcat", "-C", "-b", self.brokers, "-t", f"{topic}-dead-letter", "-o", "beginning", "-e", "-q",
                               "-f", "%s %h\n"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=60).stdout.decode()


if __name__ == "__main__":
    import unittest
    unittest.main()
