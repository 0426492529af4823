"""A service that is killed again and again while it works, and what must be true of it in the end.

Kills come at random moments and at the places of the code that matter (`PLACES`, fault points of decision 33).
Whatever comes: each acknowledged finding is there and complete, each dossier has exactly one ticket in the tracker with
each word said once, no LLM answer is bought again once it is stored, and the audit chain is whole.
"""

import collections
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
import time

from counting_llm import CountingLlm
from crash_load import Load
from harness import SLOW
from jira_case import JiraView
from standins.jira import Jira
from standins.wiz import Wiz
from tracker_steps import TrackerCase, tracker_config

STAGES = ("normalised", "enriched", "assessed", "explained", "drafted", "awaiting_approval", "delivered")
# Passed again and again while the load is served.
PLACES = ("intake.ready", "intake.stored", "store.written", "store.committed", "queue.claimed", "queue.done",
          *(f"stage.{when}.{stage}" for stage in STAGES for when in ("ready", "stored")),
          "llm.answered", "llm.kept", "ticket.intended", "ticket.made", "ticket.updated", "ticket.handed_over",
          "word.intended", "word.said", "enclosure.intended", "enclosure.added", "step.intended", "step.taken",
          "decision.stored", "platform.intended", "platform.told", "poll.read", "poll.stored", "head.written",
          "head.replaced")
# Passed after SIGTERM.
LAST_PLACES = ("drain.begun", "drain.answered", "drain.worked", "drain.closed")
AT_RANDOM = ""
LATEST = 0.6  # seconds after the start for a random kill
MOST_PASSES = 2  # of a place before the kill

EXPLAINED = "SELECT d.id FROM stage_results r JOIN dossiers d ON d.seq = r.dossier WHERE r.stage = 'explained'"


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class CrashCase(JiraView, TrackerCase):
    lease = "10m"  # outlasts the test: what a dead process held has to be taken over, not waited for
    polls = True  # one platform is asked as well, and loses webhooks

    def setUp(self):
        self.seed = int(os.environ.get("DOSSIER_SEED") or random.randrange(1 << 32))
        self.chance = random.Random(self.seed)
        self.llm = CountingLlm(pause=0.02)
        self.addCleanup(self.llm.close)
        self.jira, self.wiz = Jira(), Wiz()
        self.jira.contract = self.jira.adf_schema = None  # held to them elsewhere; here it has to be quick
        self.watch(self.jira, self.wiz)
        port = free_port()  # the same for every process: the clients never learn that there are several
        config = tracker_config(self.jira.config(timeout=f"{5 * SLOW:g}s"), settle=f"{5 * SLOW:g}s",
                                store={"url": self.store_url()},
                                llm={"providers": [self.llm.provider()]},
                                queue={"workers": 2, "lease": self.lease, "max_attempts": 30,
                                       "backoff": {"base": "50ms", "max": "200ms"}},
                                server={"listen": f"127.0.0.1:{port}", "drain_timeout": "10s"})
        wiz = next(one for one in config["sources"] if one["name"] == "wiz")
        wiz["api"] = self.wiz.api_config(poll="150ms", rate="500/s", timeout="5s", backlog=False, blast_radius=False,
                                          reconcile=self.polls)
        self.service = self.serve(config, start=False)
        self.service.port = port
        self.killed_at = collections.Counter()  # by place
        self.stored = {}  # dossier: (kills so far, answers bought so far by resource) when its narrative was first seen

    # The store, read while nobody runs -----------------------------------------------------------------------------

    def store_url(self):
        return "sqlite:data/dossier.db"

    def explained(self):
        """The dossiers whose narrative is stored. Read in a copy: whoever closes a database of SQLite last tidies up
        what the next start of the service is to find as the crash left it."""
        with tempfile.TemporaryDirectory(prefix="dossier-crash-") as copy:
            for name in ("dossier.db", "dossier.db-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(self.service.dir / "data" / name, copy)
            with contextlib.closing(sqlite3.connect(f"{copy}/dossier.db")) as db:
                return {row[0] for row in db.execute(EXPLAINED)}

    # Kills -----------------------------------------------------------------------------------------------------------

    def kill_at_random(self):
        self.service.launch()
        time.sleep(self.chance.uniform(0.0, LATEST) * SLOW)
        self.service.kill()

    def kill_at(self, place, passes):
        """@param passes 1 = when it is passed first"""
        begin = self.service.launch({"DOSSIER_FAULT": f"{place}@{passes}"})
        if place in LAST_PLACES:
            self.service.wait_for(lambda: "service.started" in self.service.log_text(begin), 30, "the start")
            self.service.process.send_signal(signal.SIGTERM)
        self.service.wait_for(lambda: not self.service.alive(), 30, f"pass {passes} of {place}")
        self.assertEqual(self.service.process.returncode, -signal.SIGKILL, self.service.log_text(begin)[-3000:])

    def killed(self, place):
        self.killed_at[place] += 1
        with self.llm.lock:
            asked = dict(self.llm.asked)
        for dossier in self.explained():
            self.stored.setdefault(dossier, (self.killed_at.total(), asked))

    def places(self):
        return [place for place in (*PLACES, *LAST_PLACES) if self.polls or not place.startswith("poll.")]

    def history(self, kills):
        """The load of a service that is killed so often: at each place in turn, and at random after every third."""
        load = Load(self.service, self.wiz, self.jira, self.killed_at.total, self.polls)
        self.service.start()
        self.service.wait_for(lambda: len(load.acknowledged) > 3, 20, "the first acknowledgements")
        self.service.kill()
        self.killed(AT_RANDOM)
        plan = []
        while len(plan) < kills - 1:
            places = self.places()
            self.chance.shuffle(places)
            for number, place in enumerate(places):
                plan += [place] if number % 3 else [place, AT_RANDOM]
        for place in plan[:kills - 1]:
            if place == AT_RANDOM:
                self.kill_at_random()
            else:
                last = place in LAST_PLACES or place.startswith("head")
                self.kill_at(place, 1 if last else self.chance.randint(1, MOST_PASSES))
            self.killed(place)
            if self.killed_at.total() % 25 == 0:
                self.verify_audit()
        self.service.start()
        load.end()
        return load

    # What must hold --------------------------------------------------------------------------------------------------

    def whole(self, load, timeout=60):
        self.assertEqual(load.told_apart, [], "acknowledged under two names")
        findings = self.complete(load, timeout)
        self.said_once(load, findings, timeout)
        self.paid_once(load, findings)
        self.assertEqual(self.service.items("/v1/dead-letters"), [])
        self.assertEqual(self.service.stop(), 0)
        self.verify_audit()
        self.forgive(self.jira)

    def verify_audit(self):
        verified = self.service.cli("audit", "verify", "-c", self.service.config_path)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        verdict = json.loads(verified.stdout)
        self.assertEqual((verdict["integrity"], verdict["completeness"]), ("ok", "ok"), verdict)

    def complete(self, load, timeout):
        """{bucket: finding} once each has come to its last stage; whatever was acknowledged is among them."""
        def is_over(finding):
            bucket = finding.get("resource", {}).get("name")
            ends = ("closed",) if bucket in load.resolved else ("awaiting_approval", "delivered")
            return finding["stage"] in ends
        self.service.wait_for(lambda: len(found := self.service.items("/v1/findings")) >= len(load.delivered)
                              and all(map(is_over, found)), timeout, f"all to be over (seed {self.seed})")
        found = self.service.items("/v1/findings")
        findings = {one["resource"]["name"]: one for one in found}
        self.assertEqual(sorted(one["resource"]["name"] for one in found), sorted(load.delivered), "one finding each")
        self.assertEqual({bucket: findings[bucket]["id"] for bucket in load.acknowledged}, load.acknowledged,
                         "acknowledged and lost")
        return findings

    def said_once(self, load, findings, timeout):
        """One ticket a dossier; on each ticket, and with the platform, each word once."""
        dossiers = {finding["dossier_id"]: bucket for bucket, finding in findings.items()}
        self.assertEqual(len(dossiers), len(findings))
        drafts = [one for one in self.service.items("/v1/drafts") if one["ticket"]]
        bucket_of = {one["ticket"]["key"]: dossiers[one["dossier_id"]] for one in drafts}
        without = set(findings) - set(bucket_of.values())
        self.assertLessEqual(without, load.resolved, "no ticket for these")
        posted = {one["ticket"]["key"]: one["id"] for one in drafts if one["state"] == "posted"}

        def wiz_has_heard():
            with self.wiz.lock:
                issues = [one for one in self.wiz.issues.values()
                          if any(bucket_of[key] == one["entitySnapshot"]["name"] for key in posted)]
                return [(len(one["notes"]), len(one["serviceTickets"])) for one in issues]
        self.service.wait_for(lambda: all(min(one) >= 1 for one in wiz_has_heard()), timeout, "the platform to be told")
        self.assertEqual(set(wiz_has_heard()) - {(1, 1)}, set(), "told twice")
        self.service.wait_for(lambda: all(one.is_done == (bucket_of.get(one.key) in load.resolved)
                                          for one in self.seen(self.jira)), timeout, "tickets to end like findings")
        tickets = self.seen(self.jira)
        self.assertEqual(sorted(one.key for one in tickets), sorted(bucket_of), "one ticket each, and all are known")
        self.assertEqual(len({one.mark for one in tickets}), len(tickets))
        for ticket in tickets:
            twice = [word for word, times in collections.Counter(ticket.words).items() if times > 1]
            self.assertEqual(twice, [], ticket)
            self.assertEqual(len(ticket.files), len(set(ticket.files)), ticket)
            if draft := posted.get(ticket.key):
                self.assertEqual(len([word for word in ticket.words if f"go with {draft}" in word]), 1, ticket)

    def paid_once(self, load, findings):
        """An answer that was received and not yet stored when the process died is bought again, no other."""
        for bucket, finding in findings.items():
            asked = self.llm.asked[bucket]
            if finding["dossier_id"] not in self.stored:
                continue  # after the last kill
            kills, then = self.stored[finding["dossier_id"]]
            self.assertEqual(asked, then.get(bucket, 0), f"{bucket}: bought again after it was stored")
            self.assertLessEqual(asked, kills - load.delivered[bucket], f"{bucket}: bought again without a kill")

    def report(self, load):
        again = sum(number - 1 for number in self.llm.asked.values() if number)
        at_random, places = self.killed_at[AT_RANDOM], len(self.killed_at) - 1
        print(f"\n{self.killed_at.total()} kills ({at_random} at random, the others at {places} places), "
              f"{len(load.acknowledged)} findings acknowledged, {load.unanswered} requests unanswered, "
              f"{len(self.seen(self.jira))} tickets, {sum(self.llm.asked.values())} LLM answers, {again} of them again "
              f"since the first was lost before it was stored; seed {self.seed}", file=sys.stderr)
