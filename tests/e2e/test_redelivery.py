"""Redeliveries in random order, with lost answers, a lagging index and crashes between: exactly one ticket each."""

import os
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from life_steps import ISSUE, LifeCase  # noqa: E402
from standins.jira import Jira  # noqa: E402


class AnyOrder(LifeCase):
    """Redeliveries in random order with lost answers and crashes between: one ticket each, in the right state. The size
    comes from the environment; thousands take some minutes."""

    VERSIONS = [("high", "open"), ("critical", "open"), ("critical", "resolved"), ("low", "open"), ("low", "resolved")]

    def test_one_ticket_each_in_the_right_state(self):
        deliveries = int(os.environ.get("DOSSIER_REDELIVERIES", "150"))
        count = max(5, deliveries // 40)
        chance = random.Random(int(os.environ.get("DOSSIER_SEED", "5")))
        jira = self.watch(Jira(index_lag=0.3))
        service = self.start(jira, settle="1s")
        newest = dict.fromkeys(range(count), 0)
        begun = [self.deliver(service, self.event(f"any-{number}")) for number in newest]
        for finding in begun:  # each begins open, so that each has a ticket
            self.ticketed(service, finding)
        for step in range(deliveries):
            number = chance.randrange(count)
            if chance.random() < 0.35:
                newest[number] = min(newest[number] + 1, len(self.VERSIONS) - 1)
                version = newest[number]
            else:
                version = chance.randrange(newest[number] + 1)
            severity, status = self.VERSIONS[version]
            self.deliver(service, self.event(f"any-{number}", severity, status))
            if chance.random() < 0.1:
                kind = chance.choice(["lost", "half", "error", "drop"])
                path = chance.choice([ISSUE, f"{ISSUE}/[^/]+/comment", f"{ISSUE}/[^/]+/transitions"])
                jira.fault(kind, "POST", path)
            if step % max(40, deliveries // 4) == 20:
                service.kill()
                service.start()
        with jira.lock:
            jira.faults.clear()
        findings = {one["resource"]["name"]: one for one in service.items("/v1/findings")}
        self.assertEqual(len(findings), count)
        for number in range(count):
            _, status = self.VERSIONS[newest[number]]
            finding = findings[f"sandbox-life-any-{number}"]
            wanted = "resolved" if status == "resolved" else "open"
            dossier = self.until(service, finding["id"], lambda d: d["ticket"] and d["ticket_updates"] is not None and
                                 all(one["state"] in ("done", "failed") for one in d["ticket_updates"]) and
                                 d["stage"] in ("awaiting_approval", "closed", "delivered"), "rest", 60)
            self.assertEqual(service.get(f"/v1/findings/{finding['id']}")["finding"]["status"], wanted)
            service.wait_for(lambda: (jira.issues[dossier["ticket"]["key"]]["status"] == "done") == (wanted == "resolved"),
                             20, f"the ticket of {number} to be {wanted}")
        # The sweep closes what a lost answer made double; one of each key stays.
        def doubles():
            by_key = {}
            for issue in jira.all():
                key = next(label for label in issue["fields"]["labels"] if label.startswith("dossier-") and
                           label != "dossier-draft")
                by_key.setdefault(key, []).append(issue)
            self.assertEqual(len(by_key), count)
            return [group for group in by_key.values() if len(group) > 1]
        self.assertEqual(doubles(), [])
        self.forgive_moves_tried_twice(jira)


if __name__ == "__main__":
    unittest.main()
