# Copyright 2026 The weir authors
# SPDX-License-Identifier: Apache-2.0
"""The job on Apache Kafka behind TLS and SASL, with certificates made here."""

import os
import pathlib
import re
import subprocess
import tempfile
import time

import shop
from shop import ROOT, ShopTest, free_port, visits, wait_for, wait_for_snapshots, without_short_windows

PASSWORD = "open-sesame-4711"
WRONG = "wrong-sesame-0815"


def authority(folder, name):
    """A certificate authority's files, NAME.pem and NAME.key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"], check=True,
                   stderr=subprocess.DEVNULL)


def broker_store(folder, authority_name):
    """A PEM file with the broker's key and its certificate, for 127.0.0.1."""
    subprocess.run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout",
                    f"{folder}/broker.key", "-out", f"{folder}/broker.csr"], check=True, stderr=subprocess.DEVNULL)
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    subprocess.run(["openssl", "x509", "-req", "-in", f"{folder}/broker.csr", "-CA", f"{folder}/{authority_name}.pem", "-CAkey",
                    f"{folder}/{authority_name}.key", "-CAcreateserial", "-days", "2", "-extfile", f"{folder}/extensions",
                    "-out", f"{folder}/broker.pem"], check=True, stderr=subprocess.DEVNULL)
    store = folder / "store.pem"
    store.write_text((folder / "broker.key").read_text() + (folder / "broker.pem").read_text())
    return store


class SecureRealKafka(ShopTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="weir-secure-kafka-")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = pathlib.Path(folder.name)
        authority(cls.certificates, "ours")
        authority(cls.certificates, "another")
        store = broker_store(cls.certificates, "ours")
        plain, secure, controller = (free_port() for _ in range(3))
        host = "127.0.0.1"
        settings = {
            "listeners": f"CLIENT://{host}:{plain},SECURE://{host}:{secure},CONTROLLER://{host}:{controller}",
            "advertised.listeners": f"CLIENT://{host}:{plain},SECURE://{host}:{secure}",
            "controller.quorum.voters": f"1@{host}:{controller}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.secure.plain.sasl.jaas.config":
                f'org.apache.kafka.common.security.plain.PlainLoginModule required user_shop="{PASSWORD}";',
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(store),
            "num.partitions": "2",
        }
        kafka = [str(ROOT / "scripts" / "kafka")]
        where = ["--dir", folder.name + "/broker"]
        cls.addClassCleanup(subprocess.run, [*kafka, "stop", *where], stdout=subprocess.DEVNULL, check=False)
        started = subprocess.run([*kafka, "start", *where, *(word for key, value in settings.items()
                                                             for word in ("--set", f"{key}={value}"))],
                                 stdout=subprocess.PIPE, check=True, timeout=240).stdout.decode()
        cls.brokers = started.split()[-1]
        cls.secure_brokers = f"{host}:{secure}"

    def secure_job(self, *arguments, password_file=None, authority_name="ours", **options):
        words = []
        if password_file is not None:
            (self.folder / "password").write_text(password_file + "\n")
            words = ["--kafka-password-file", self.folder / "password"]
        return self.run_job("--brokers", self.secure_brokers, "--group", f"group-{self.id()}", "--log-level", "debug",
                            "-X", "security.protocol=SASL_SSL", "-X", "sasl.mechanisms=PLAIN", "-X", "sasl.username=shop",
                            "-X", f"ssl.ca.location={self.certificates}/{authority_name}.pem", *words, *arguments,
                            stdout=subprocess.DEVNULL, **options)

    def assert_tells_no_secret(self, job, *secrets):
        told = {"the log": self.job_log(),
                "ps": pathlib.Path(f"/proc/{job.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(),
                "the metrics": self.metrics_text()}
        for secret in secrets:
            for where, text in told.items():
                self.assertNotIn(secret, text, where)

    def metrics_text(self):
        import urllib.request
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def test_events_come_and_dead_letters_go_over_tls_with_the_password_from_a_file(self):
        self.use_topic("secure")
        events = visits(3, seed=8)
        self.produce(self.brokers, ["{broken", *events])
        job = self.secure_job(password_file=PASSWORD)
        self.wait_for_store(self.replay(events), 120)
        wait_for("the dead letter", lambda: self.metric("live_shopper_dead_letters_total") == 1)
        self.assert_tells_no_secret(job, PASSWORD)

    def test_the_password_may_come_from_the_environment(self):
        self.use_topic("secure-too")
        events = visits(2, seed=9)
        self.produce(self.brokers, events)
        job = self.secure_job(env={**os.environ, "LIVE_SHOPPER_KAFKA_PASSWORD": PASSWORD})
        self.wait_for_store(self.replay(events), 120)
        self.assert_tells_no_secret(job, PASSWORD)

    def test_a_fleet_and_its_snapshots_go_over_tls(self):
        self.use_topic("secure-fleet")
        events = visits(4, seed=10)
        wanted = without_short_windows(self.replay(events))

        def start():
            return self.secure_job("--scale-out", "--partitions", "2", "--snapshots", "kafka", "--snapshot-interval", "1s",
                                   "-X", "session.timeout.ms=6000", password_file=PASSWORD)

        self.produce(self.brokers, events)
        job = start()
        wait_for("the store", lambda: without_short_windows(self.store()) == wanted, 120)
        wait_for_snapshots(self.job_log, 2 * 2)
        self.assert_tells_no_secret(job, PASSWORD)
        self.kill(job)
        self.ask("FLUSHALL")
        job = start()
        wait_for("the restored store", lambda: without_short_windows(self.store()) == wanted, 120)
        self.assertIn("restored a snapshot", self.job_log())
        self.assertNotIn("a snapshot cannot be used", self.job_log())
        self.assert_tells_no_secret(job, PASSWORD)

    def test_a_wrong_password_is_told_and_tried_again(self):
        job = self.secure_job(password_file=WRONG)
        self.assert_refused(job, r"Authentication failed")
        self.assert_tells_no_secret(job, PASSWORD, WRONG)

    def test_a_broker_of_another_authority_is_told_and_gets_no_password(self):
        job = self.secure_job(password_file=PASSWORD, authority_name="another")
        self.assert_refused(job, r"certificate verify failed")
        self.assertNotIn("Authentication failed", self.job_log())
        self.assert_tells_no_secret(job, PASSWORD)

    def assert_refused(self, job, why):
        wait_for("the reason in the log",
                 lambda: re.search(r"level=warn [^\n]*" + why, self.job_log()), 30)
        errors = self.metric("live_shopper_kafka_errors_total")
        wait_for("another attempt", lambda: self.metric("live_shopper_kafka_errors_total") > errors, 30)
        time.sleep(1)
        self.assertIsNone(job.poll(), "the job ended")
        self.assertEqual(self.metric("live_shopper_caught_up"), 0)

    def use_topic(self, name):
        before = shop.TOPIC
        shop.TOPIC = name
        self.addCleanup(setattr, shop, "TOPIC", before)


if __name__ == "__main__":
    import unittest
    unittest.main()
