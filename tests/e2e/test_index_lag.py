"""A Jira whose search shows a new issue only at the end of the settle window: one ticket each, whatever was lost.

The real figures, 120 s of lag against the 120 s that `tickets.settle` is shipped with, take some minutes:
DOSSIER_LAG=120. Without it both are 4 s, the shortest window in which the first wait still is a sixteenth of it; the code
takes the same path, with the looks a thirtieth as far apart.
"""

import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import SLOW, generic_event  # noqa: E402
from jira_case import ISSUE, JiraCase  # noqa: E402
from once_case import IMPATIENT  # noqa: E402
from standins.cuts import CUTS  # noqa: E402

REAL = "DOSSIER_LAG" in os.environ
LAG = float(os.environ.get("DOSSIER_LAG", "4"))
SETTLE = f"{LAG:g}s"
PATIENCE = 2.5 * LAG + 30
AMID_THE_HEAD = next(cut for cut in CUTS if cut.name == "amid the value of a header, closed")


def looks_of(jira, mark):
    """When a ticket was looked for, in seconds after the first create."""
    first = jira.creates()[0].at
    return [round(call.at - first, 1) for call in jira.searches() if mark in call.body["jql"]]


class LagTest(JiraCase):
    def start_lagging(self):
        self.jira.index_lag = LAG
        return self.start(queue=IMPATIENT, settle=SETTLE)

    def events(self, count):
        return [generic_event(f"T-{number}", bucket=f"sandbox-lag-{number}") for number in range(count)]

    def the_tickets(self, service, findings):
        """Waits for a ticket for each finding; by then there is exactly one each."""
        for finding in findings:
            self.ticketed(service, finding, PATIENCE / SLOW)
        tickets = self.seen(self.jira)
        self.assertEqual(len(tickets), len(findings), tickets)
        self.assertEqual(len({one.mark for one in tickets}), len(findings))
        self.assertEqual(len(self.jira.creates()), len(findings), "a second create")
        return tickets

    def test_every_kind_of_lost_answer(self):
        service = self.start_lagging()
        for kind, more in (("lost", {}), ("half", {}), ("error", {}), ("cut", {"cut": AMID_THE_HEAD})):
            self.jira.fault(kind, "POST", ISSUE, **more)
        begin = time.monotonic()
        findings = [self.deliver(service, event) for event in self.events(4)]
        for event in self.events(4):
            self.deliver(service, event)  # again, while nobody knows
        tickets = self.the_tickets(service, findings)
        self.assertGreaterEqual(time.monotonic() - begin, LAG, "the index can't have shown them")
        for ticket in tickets:
            looks = looks_of(self.jira, ticket.mark)
            self.assertGreaterEqual(len(looks), 4, "in growing steps over the whole window")
            self.assertLess(looks[0], LAG / 2)
        if REAL:
            print(f"lag {LAG:g} s: {len(tickets)} tickets of {len(findings)} lost answers; looks after "
                  f"{looks_of(self.jira, tickets[0].mark)} s")

    def test_a_tracker_that_acts_when_we_are_dead(self):
        stalled = self.jira.fault("stall", "POST", ISSUE)
        service = self.start_lagging()
        finding = self.deliver(service, self.events(1)[0])
        self.assertTrue(stalled.reached.wait(20 * SLOW))
        service.kill()
        time_of_death = time.monotonic()
        service.wait_for(lambda: time.monotonic() - time_of_death > 1, 5, "some time to pass in the tracker's queue")
        stalled.release.set()
        service.wait_for(self.jira.all, 20, "the tracker to act")
        service.start()
        ticket, = self.the_tickets(service, [finding])
        dossier = self.dossier(service, finding)
        self.assertEqual(dossier["draft"]["ticket"]["key"], ticket.key)


if __name__ == "__main__":
    unittest.main()
