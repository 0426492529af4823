"""Redeliveries in random order over many connections to two replicas, with answers lost and replicas killed between:
exactly one ticket each, in the right state, in both trackers.

The size comes from DOSSIER_REDELIVERIES; thousands take some minutes. DOSSIER_SEED plays another order.
"""

import collections
import concurrent.futures
import datetime
import http.client
import os
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import SLOW, SOURCE_HEADERS, Service, generic_event  # noqa: E402
from jira_case import JiraView  # noqa: E402
from servicenow_case import ServiceNowView  # noqa: E402
from standins.cuts import CUTS  # noqa: E402
from tracker_steps import TrackerCase, tracker_config  # noqa: E402

SIZE = int(os.environ.get("DOSSIER_REDELIVERIES", "120"))
SEED = int(os.environ.get("DOSSIER_SEED", "5"))
SENDERS, KILLS, FAULTS_A_DELIVERY = 6, 3, 0.08
FIRST = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
HURRIED = {"workers": 2, "max_attempts": 60, "lease": f"{3 * SLOW:g}s", "backoff": {"base": "50ms", "max": "500ms"}}


class History:
    """What one finding goes through: versions, each dated later than the one before."""

    def __init__(self, number, chance):
        self.number, self.is_begun, self.finding = number, chance.random() < 0.7, ""
        statuses, status = ["open"], "open"
        for _ in range(chance.randrange(1, 7)):
            if chance.random() < 0.5:
                status = "open" if status == "resolved" else "resolved"
            statuses.append(status)
        self.versions = [(chance.choice(["low", "medium", "high", "critical"]), status) for status in statuses]

    def event(self, version):
        severity, status = self.versions[version]
        return generic_event(f"R-{self.number}", bucket=f"sandbox-again-{self.number}", severity=severity,
                             status=status, seen=(FIRST + datetime.timedelta(hours=version)).isoformat())

    def deliveries(self, chance, many):
        """[(when, delivery)]: every version, and repeats of any of them, most of them later than their turn."""
        versions = list(range(len(self.versions)))
        all_of_them = versions + chance.choices(versions, k=max(0, many - len(versions)))
        return [(version / len(versions) + chance.gauss(0.1, 0.3), (self, version)) for version in all_of_them]


class AnyOrder:
    """Mixed into the views of the trackers."""

    def start_replicas(self, tracker):
        """Two processes on one store."""
        config = tracker_config(tracker.config(timeout="5s"), settle="1s", queue=HURRIED)
        generic = next(source for source in config["sources"] if source["name"] == "generic")
        generic["map"]["last_seen"] = "/seen"
        first = self.serve(config)
        second = Service(config, cwd=first.dir)
        self.addCleanup(second.close)
        return [first, second.start()]

    def send_until_taken(self, service, history, version):
        """As a platform does it: again and again until the answer is there. The outcome."""
        while True:
            try:
                status, _, answer = service.request("POST", "/v1/webhooks/generic", history.event(version),
                                                    SOURCE_HEADERS["generic"], token=None, timeout=10)
                if status == 202:
                    taken, = answer["findings"]
                    self.assertIn(history.finding, ("", taken["id"]), "one finding, however often it comes")
                    history.finding = taken["id"]
                    return taken["outcome"]
                self.assertEqual(status, 503, answer)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
            time.sleep(0.05)

    def test_one_ticket_each_in_the_right_state(self):
        begin = time.monotonic()
        chance = random.Random(SEED)
        self.unanswered = 0
        tracker = self.watch(self.make(index_lag=0.3))
        replicas = self.start_replicas(tracker)
        service = replicas[0]
        histories = [History(number, chance) for number in range(max(5, SIZE // 20))]
        for begun in [one for one in histories if one.is_begun]:
            self.send_until_taken(service, begun, 0)
        service.wait_for(lambda: len(self.seen(tracker)) == sum(one.is_begun for one in histories), 30 + SIZE / 20,
                         "the tickets of those that are known from their beginning on")

        deliveries = [one for history in histories for one in history.deliveries(chance, SIZE // len(histories))]
        deliveries = [one for _, one in sorted(deliveries, key=lambda pair: pair[0])]
        outcomes = self.play(tracker, replicas, deliveries, chance)
        with tracker.lock:
            faults = sum(one.times == 0 for one in tracker.faults)
            tracker.faults.clear()
        for history in histories:
            self.rests(tracker, service, history)
        self.assertEqual(len(service.items("/v1/findings")), len(histories))
        marks = collections.Counter(ticket.mark for ticket in self.seen(tracker))
        self.assertEqual(set(marks.values()), {1}, "each mark on one ticket")
        self.assertEqual(service.items("/v1/dead-letters"), [])
        self.assertTrue(service.get("/v1/audit/verify")["ok"])
        self.forgive(tracker)
        if "DOSSIER_REDELIVERIES" in os.environ:
            print(f"{type(self).__name__}: {len(deliveries)} deliveries of {len(histories)} findings by {SENDERS} "
                  f"connections to two replicas, {dict(outcomes)}, {self.unanswered} unanswered and sent again, {KILLS} "
                  f"kills, {faults} faults of the tracker: {len(marks)} tickets, none double, in {time.monotonic() - begin:.0f} s")

    def play(self, tracker, replicas, deliveries, chance):
        """Delivers all, with faults and kills between. How often each outcome came."""
        outcomes, lock, done = collections.Counter(), threading.Lock(), [0]
        plan = [(delivery, chance.choice(replicas),
                 chance.random() < FAULTS_A_DELIVERY and self.fault(tracker, chance)) for delivery in deliveries]

        def deliver(planned):
            (history, version), service, fault = planned
            if fault:
                fault()
            outcome = self.send_until_taken(service, history, version)
            with lock:
                outcomes[outcome] += 1
                done[0] += 1

        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            running = [pool.submit(deliver, planned) for planned in plan]
            for kill in range(1, KILLS + 1):
                while done[0] < len(plan) * kill // (KILLS + 1):
                    time.sleep(0.01)
                replicas[kill % 2].kill()
                replicas[kill % 2].start()
            for one in running:
                one.result()
        return outcomes

    def fault(self, tracker, chance):
        """A fault of any kind at any writing call."""
        call = chance.choice([self.CREATE, self.COMMENT, self.MOVE])
        kind = chance.choice(["lost", "half", "error", "drop", "cut"])
        more = {"cut": chance.choice(CUTS)} if kind == "cut" else {}
        return lambda: tracker.fault(kind, *call, **more)

    def rests(self, tracker, service, history):
        """Waits until nothing is left to do for a finding, and holds finding and ticket against its newest version."""
        _, status = history.versions[-1]
        finding = service.settled(history.finding, 60)
        self.assertEqual(finding["finding"]["status"], status)
        if not history.is_begun and status == "resolved" and not finding["dossier"]["ticket"]:
            return  # it was over when it was first heard of

        def at_rest(dossier):
            return (dossier["ticket"] and dossier["stage"] in ("awaiting_approval", "closed") and
                    dossier["ticket_updates"] is not None and
                    all(one["state"] == "done" for one in dossier["ticket_updates"]) and
                    ticket(dossier["ticket"]["key"]).is_done == (status == "resolved"))

        def ticket(key):
            return next(one for one in self.seen(tracker) if one.key == key)

        dossier = self.until(service, history.finding, at_rest, f"{history.versions} to rest", 60)
        self.assertEqual(len(dossier["tickets"]), 1)
        words = ticket(dossier["ticket"]["key"]).words
        self.assertEqual(len(words), len(set(words)), "each word is said once")


class JiraRedelivery(AnyOrder, JiraView, TrackerCase):
    pass


class ServiceNowRedelivery(AnyOrder, ServiceNowView, TrackerCase):
    pass


if __name__ == "__main__":
    unittest.main()
