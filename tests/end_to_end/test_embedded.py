# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""The whole job on librdkafka's mock cluster inside of it."""

import signal
import subprocess

from shop import ShopTest, visits, wait_for


class EmbeddedKafka(ShopTest):
    def embedded(self):
        job = self.run_job("--embedded-kafka", stdout=subprocess.PIPE)
        word, brokers = job.stdout.readline().decode().split()
        self.assertEqual(word, "kafka")
        return job, brokers

    def test_events_through_kafka_become_what_replay_prints(self):
        job, brokers = self.embedded()
        events = visits(20, seed=1)
        self.produce(brokers, events)
        wanted = self.replay(events)
        self.assertGreater(len(wanted), 500)
        self.wait_for_store(wanted)
        job.send_signal(signal.SIGTERM)
        self.assertEqual(job.wait(5), 0)

    def test_redis_may_go_away_and_come_back_empty(self):
        _, brokers = self.embedded()
        events = visits(20, seed=2)
        self.produce(brokers, events[:150])
        wait_for("the first values", lambda: len(self.store()) > 100)
        self.kill(self.redis)
        self.produce(brokers, events[150:])
        self.start_redis()
        # What did not change since is not written again: every value there is right, and all that changed is there.
        wanted = self.replay(events)
        wait_for("the changed values", lambda: len(self.store()) > 100)
        wait_for("right values alone", lambda: self.store().items() <= wanted.items())

    def test_what_cannot_be_decoded_is_counted_and_the_rest_goes_on(self):
        _, brokers = self.embedded()
        events = visits(3, seed=3)
        self.produce(brokers, ["{broken", "a\tb", *events, '{"id":"x"}'])
        self.wait_for_store(self.replay(events))
        wait_for("the count", lambda: self.metric("live_shopper_undecodable_total{") == 3)


if __name__ == "__main__":
    import unittest
    unittest.main()
