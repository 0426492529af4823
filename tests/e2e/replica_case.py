"""Replicas of the service on one PostgreSQL, in front of one Jira, under load.

What must hold after all that is done to them: every acknowledged finding is complete, each exposure has exactly one
ticket in the tracker, and the audit chain is whole.
"""

import http.client
import json
import threading
import unittest

from harness import SLOW, SOURCE_HEADERS, wiz_issue
from postgres_server import MISSING, PostgresServer
from standins.jira import Jira
from tracker_steps import TrackerCase, tracker_config

PAUSE = 0.05 * SLOW  # of a client between two deliveries: the stand-in of Jira runs in this process too


class Load:
    """Clients that deliver new findings, each to the next replica in turn; what is not acknowledged is sent again to
    another one, as the platforms do."""

    def __init__(self, replicas, label, clients=3):
        self.replicas, self.label = replicas, label
        self.acknowledged = {}  # bucket: finding id
        self.refused = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        turn = client
        number = 0
        while not self.stopping.is_set():
            bucket = f"acme-payments-{self.label}-{client}-{number}"
            turn += 1
            if finding := self.deliver(self.replicas[turn % len(self.replicas)], bucket):
                with self.lock:
                    self.acknowledged[bucket] = finding
                number += 1
            self.stopping.wait(PAUSE)

    def deliver(self, replica, bucket):
        try:
            status, _, answer = replica.request("POST", "/v1/webhooks/wiz", wiz_issue(f"W-{bucket}", bucket=bucket),
                                                SOURCE_HEADERS["wiz"], token=None, timeout=20)
        except (OSError, http.client.HTTPException):
            status = 0
        if status == 202:
            return answer["findings"][0]["id"]
        with self.lock:
            self.refused += 1
        return None

    def reach(self, more):
        """Waits until `more` further deliveries have been acknowledged."""
        enough = len(self.acknowledged) + more
        self.replicas[0].wait_for(lambda: len(self.acknowledged) >= enough, 40, f"{more} more acknowledgements")

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        return dict(self.acknowledged)


@unittest.skipIf(MISSING, MISSING)
class ReplicaCase(TrackerCase):
    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.jira = self.watch(Jira())
        self.url = self.server.url(self.server.new_database())

    def replica(self, url, start=True):
        # A second create is only right when the first can't arrive any more: `settle` is longer than a call may take.
        return self.serve(tracker_config(self.jira.config(timeout=f"{3 * SLOW:g}s"), settle=f"{4 * SLOW:g}s",
                                         store={"url": url},
                                         queue={"workers": 1, "lease": f"{2 * SLOW:g}s",
                                                "backoff": {"base": "50ms", "max": "500ms"}}), start)

    def replicas(self, count):
        """Started at the same moment: one of them makes the schema."""
        made = [self.replica(self.url, start=False) for _ in range(count)]
        starts = [threading.Thread(target=one.start) for one in made]
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        self.assertTrue(all(one.port and one.alive() for one in made), "all replicas started")
        return made

    def whole(self, replicas, acknowledged, timeout=150):
        """The demands on every history. The wait is long, since each cut opens the tracker's circuit for a while."""
        one = replicas[0]

        def unfinished():
            found = {f["id"]: f for f in one.items("/v1/findings")}
            missing = set(acknowledged.values()) - set(found)
            self.assertEqual(missing, set(), "acknowledged and lost")
            return [f for f in found.values() if f["stage"] != "awaiting_approval"]
        one.wait_for(lambda: not unfinished(), timeout, "all findings to have their drafts")

        findings = one.items("/v1/findings")
        buckets = [f["resource"]["name"] for f in findings]
        self.assertEqual(len(buckets), len(set(buckets)), "one finding of a bucket")
        drafts = one.items("/v1/drafts")
        self.assertEqual(sorted(d["dossier_id"] for d in drafts), sorted({f["dossier_id"] for f in findings}))
        self.assertTrue(all(d["ticket"] for d in drafts))
        # Where a call took longer than `settle` (a machine that stands still) a second one is made; its double is known
        # as such, and the sweep closes it. A double that nobody knows of stays open, and is what must never be.
        ours = {d["ticket"]["key"] for d in drafts}

        def doubles():
            return [issue["key"] for issue in self.jira.all() if issue["status"] != "done" and issue["key"] not in ours]
        one.wait_for(lambda: not doubles(), timeout, "every ticket to be the only one of its exposure")
        self.assertEqual(len(ours), len(drafts), "one ticket an exposure")
        self.assertTrue(all(self.jira.issues[key]["status"] == "new" for key in ours))
        for replica in replicas:
            verified = replica.cli("audit", "verify", "-c", replica.config_path)
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
            self.assertEqual(json.loads(verified.stdout)["integrity"], "ok")
            self.assertTrue(replica.get("/v1/audit/verify")["ok"])
