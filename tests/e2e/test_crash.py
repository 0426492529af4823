"""Killed at every place that matters and at random: nothing is lost, nothing is done or bought twice.

CI makes a few dozen kills. DOSSIER_KILLS=500 makes as many on each database, at every place; DOSSIER_SEED repeats a
plan.
"""

import contextlib
import os
import signal
import sqlite3
import unittest

from counting_llm import CountingLlm
from crash_case import AT_RANDOM, EXPLAINED, CrashCase
from harness import SLOW, Service, default_config, wiz_issue
from postgres_server import MISSING, PostgresServer

KILLS = int(os.environ.get("DOSSIER_KILLS", "0"))


class Killed(CrashCase):
    kills = 20 if SLOW == 1 else 8

    def test_at_every_place_and_at_random(self):
        load = self.history(KILLS or self.kills)
        self.whole(load, timeout=60 + KILLS)
        self.report(load)
        if KILLS >= 100:
            self.assertEqual(set(self.killed_at), {*self.places(), AT_RANDOM})


@unittest.skipIf(MISSING, MISSING)
class KilledOnPostgres(Killed):
    kills = 8 if SLOW == 1 else 4
    # Nobody knows there that a replica has died before its leases run out; that of a poller outlasts a test.
    lease = f"{3 * SLOW:g}s"
    polls = False

    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)

    def store_url(self):
        self.database = self.server.new_database()
        return self.server.url(self.database)

    def explained(self):
        return set(self.server.sql(EXPLAINED, self.database).split())


class OneAnswer(unittest.TestCase):
    """When an LLM's answer is bought again: where it was received and not yet stored, and nowhere else."""

    BOUGHT = {"llm.answered": 2, "llm.kept": 1, "stage.ready.explained": 1, "stage.stored.explained": 1,
              "stage.ready.awaiting_approval": 1}

    def test_is_bought_again_only_while_it_is_stored_nowhere(self):
        llm = CountingLlm()
        self.addCleanup(llm.close)
        service = Service(default_config(llm={"providers": [llm.provider()]}))
        self.addCleanup(service.close)
        for number, (place, bought) in enumerate(self.BOUGHT.items()):
            with self.subTest(place):
                bucket = f"acme-payments-window-{number}"
                service.start(env={"DOSSIER_FAULT": f"{place}@1"})
                with contextlib.suppress(OSError):
                    service.send("wiz", wiz_issue(f"W-{number}", bucket=bucket))
                self.assertEqual(service.process.wait(20 * SLOW), -signal.SIGKILL)
                self.assertEqual(llm.asked[bucket], 1)
                service.start()
                finding = service.send("wiz", wiz_issue(f"W-{number}", bucket=bucket))["findings"][0]["id"]
                self.assertEqual(service.settled(finding)["dossier"]["narrative"]["author"], "llm")
                self.assertEqual(llm.asked[bucket], bought)
                service.kill()


class Migrations(unittest.TestCase):
    def version(self, service):
        with contextlib.closing(sqlite3.connect(service.dir / "data/dossier.db")) as db:
            return db.execute("PRAGMA user_version").fetchone()[0]

    def test_those_of_a_new_store_are_all_there_or_none(self):
        with Service() as service:
            steps = self.version(service)
        for place, stored in (("migration.written", 0), ("migration.committed", steps)):
            with self.subTest(place), contextlib.closing(Service()) as service:
                service.launch({"DOSSIER_FAULT": f"{place}@1"})
                self.assertEqual(service.process.wait(30 * SLOW), -signal.SIGKILL)
                self.assertEqual(self.version(service), stored)
                service.start()
                self.assertEqual(self.version(service), steps)
                finding = service.send("wiz", wiz_issue())["findings"][0]["id"]
                self.assertEqual(service.settled(finding)["finding"]["stage"], "awaiting_approval")
                self.assertTrue(service.get("/v1/audit/verify")["ok"])


class Orders(unittest.TestCase):
    """A mistake in DOSSIER_FAULT must not let a test pass for want of its fault."""

    def test_what_is_no_order_ends_the_process(self):
        for words in ("store.written", "store.written@", "store.written@0", "store.written@x", "store.written@1:now", "@"):
            with self.subTest(words), contextlib.closing(Service()) as service:
                service.launch({"DOSSIER_FAULT": words})
                self.assertEqual(service.process.wait(30 * SLOW), -signal.SIGABRT)
                self.assertIn(f"DOSSIER_FAULT={words} is no PLACE@PASS", service.log_text())


if __name__ == "__main__":
    unittest.main()
