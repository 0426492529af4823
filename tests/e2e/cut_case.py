"""Whole lives of tickets over connections that break at every step and at every kind of place, for every tracker.

A life is: made, looked up, enclosed, approved, handed over, told of the end and moved. Each call of it meets one cut;
life number n and step s meet cut 3n + 7s, so that a dozen lives put each cut before some step, and as many lives as there
are cuts put every cut before every step: DOSSIER_CUTS=all. That also cuts the answer to a create after each of its bytes.
"""

import concurrent.futures
import itertools
import os

from harness import generic_event
from standins.cuts import CUTS, every_byte
from tracker_steps import tracker_config

ALL = os.environ.get("DOSSIER_CUTS") == "all"
LIVES = len(CUTS) if ALL else 12
LANES = 4
HURRIED = {"workers": 2, "max_attempts": 30, "backoff": {"base": "50ms", "max": "200ms"}}


class CutTests:
    """Mixed into a view of a tracker (`JiraView`, `ServiceNowView`) with the calls of a life:

    BIRTH, APPROVAL, END: [(method, path)]; each is made at least once in that part of a life, but for those in MAYBE,
    which are looks before a repeat, and those in AFTER_DOUBT, which follow an unknown outcome of the first."""

    BIRTH = APPROVAL = END = MAYBE = AFTER_DOUBT = ()
    LINKS = 1  # to pages outside

    def a_lane(self):
        """A tracker and a service of its own: lives of several lanes run side by side."""
        tracker = self.make()
        self.addCleanup(tracker.shut)
        config = tracker_config(tracker.config(timeout="5s"), settle="1s", queue=HURRIED)
        generic = next(source for source in config["sources"] if source["name"] == "generic")
        generic["map"]["url"] = "/page"
        return tracker, self.serve(config)

    def in_lanes(self, act, items):
        """`act(tracker, service, share of the items)` in each lane; the trackers."""
        lanes = [self.a_lane() for _ in range(LANES)]
        items = list(items)
        with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
            running = [pool.submit(act, tracker, service, items[at::LANES])
                       for at, (tracker, service) in enumerate(lanes)]
            for one in running:
                one.result()
        for tracker, service in lanes:
            self.forgive(tracker)
            self.assertEqual(tracker.complaints, [], "the vendor would have refused this")
            self.assertEqual(service.items("/v1/dead-letters"), [])

    @staticmethod
    def event(number, status="open"):
        return generic_event(f"C-{number}", bucket=f"sandbox-cut-{number}", status=status,
                             page=f"https://cnapp.example/findings/{number}")

    def met(self, tracker, service, cuts, steps):
        """Orders the next cut for each step; a function that waits until all were met."""
        ordered = [tracker.fault("cut", *step, cut=next(cuts)) for step in steps]
        maybe = list(self.MAYBE)
        if ordered[0].cut.is_early():
            maybe += self.AFTER_DOUBT  # who knows that not all was sent, knows that nothing was done
        must = [one for one in ordered if (one.method, one.path) not in maybe]

        def all_met():
            try:
                service.wait_for(lambda: not any(one.times for one in must), 20, "all cuts to be met")
            except AssertionError as error:
                left = [(one.method, one.path, one.cut) for one in must if one.times]
                made = [(call.method, call.path, call.status) for call in tracker.journal]
                raise AssertionError(f"never met: {left}; {made[-40:]}") from error
            with tracker.lock:
                tracker.faults.clear()
        return all_met

    def ticket_of(self, tracker, key):
        """The one ticket that carries the mark of ticket `key`."""
        tickets = self.seen(tracker)
        mark = next(one.mark for one in tickets if one.key == key)
        mine = [one for one in tickets if one.mark == mark]
        self.assertEqual(len(mine), 1, mine)
        return mine[0]

    def live(self, tracker, service, number):
        cuts = (CUTS[(3 * number + 7 * step) % len(CUTS)] for step in itertools.count())
        all_met = self.met(tracker, service, cuts, self.BIRTH)
        finding = self.deliver(service, self.event(number))
        key = self.ticketed(service, finding, 30)["draft"]["ticket"]["key"]
        service.wait_for(lambda: self.ticket_of(tracker, key).files and
                         len(self.ticket_of(tracker, key).links) == self.LINKS, 20, "file and link")
        all_met()

        all_met = self.met(tracker, service, cuts, self.APPROVAL)
        self.approve(service, self.dossier(service, finding), "hand it over")
        self.posted(service, finding, 30)
        all_met()

        all_met = self.met(tracker, service, cuts, self.END)
        self.deliver(service, self.event(number, "resolved"))
        dossier = self.until(service, finding, lambda d: d["ticket_updates"] and all(
            one["state"] in ("done", "failed") for one in d["ticket_updates"]), "the end to be told", 30)
        self.assertEqual([one["state"] for one in dossier["ticket_updates"]], ["done", "done"], dossier)
        all_met()

        ticket = self.ticket_of(tracker, key)
        self.assertTrue(ticket.is_done)
        self.assertTrue(ticket.assignee)
        for words in ("hand it over", "Resolved."):
            self.assertEqual(len([one for one in ticket.words if words in one]), 1, ticket.words)
        self.assertEqual(sorted(set(ticket.files)), sorted(ticket.files), "no file comes twice")
        self.assertEqual(len(ticket.links), self.LINKS, ticket.links)

    def test_a_cut_at_every_step_of_a_life(self):
        def act(tracker, service, numbers):
            for number in numbers:
                self.live(tracker, service, number)
            self.assertEqual(len(self.seen(tracker)), len(numbers))

        self.in_lanes(act, range(LIVES))

    def test_a_create_cut_at_every_byte(self):
        """In CI every fifteenth byte of it, else each."""
        cuts = every_byte(201, self.CREATED)[::1 if ALL else 15]

        def act(tracker, service, numbers):
            for number in numbers:
                all_met = self.met(tracker, service, iter([cuts[number]]), [self.CREATE])
                finding = self.deliver(service, self.event(number))
                key = self.ticketed(service, finding, 30)["draft"]["ticket"]["key"]
                all_met()
                self.assertFalse(self.ticket_of(tracker, key).is_done)
            self.assertEqual(len(self.seen(tracker)), len(numbers))

        self.in_lanes(act, range(len(cuts)))
