"""The wall clock jumps by hours while the service works: nothing is lost, done twice or waited for."""

import unittest

from bad_machine import BadMachine
from counting_llm import CountingLlm
from harness import TOKENS, Service, generic_event, wiz_issue
from jira_case import JiraView
from standins.jira import Jira
from tracker_steps import TrackerCase, tracker_config

HOURS = 6 * 3600


class Steps(JiraView, TrackerCase):
    def setUp(self):
        self.llm = CountingLlm()
        self.addCleanup(self.llm.close)
        self.jira = self.watch(Jira())
        config = tracker_config(self.jira.config(timeout="5s"), llm={"providers": [self.llm.provider()]},
                                queue={"workers": 2, "lease": "2s", "backoff": {"base": "50ms", "max": "500ms"}})
        for source in config["sources"]:
            source["rate"] = "100/s"
        self.service = self.serve(config, start=False)
        self.machine = BadMachine(self.service)
        self.service.start()

    def step(self, seconds):
        self.machine["clock_shift"] += seconds

    def test_work_under_way_ends_whichever_way_the_clock_jumps(self):
        for number, hours in enumerate((HOURS, -HOURS, -HOURS, HOURS)):
            with self.subTest(hours=hours):
                self.llm.gate.clear()
                buckets = [f"acme-payments-step-{number}-{n}" for n in range(4)]
                findings = [self.deliver(self.service, wiz_issue(f"W-{b}", bucket=b), "wiz") for b in buckets]
                self.service.wait_for(lambda: all(self.llm.asked[b] for b in buckets), 20, "the questions")
                self.step(hours)
                # One that comes now is worked like any other.
                later = self.deliver(self.service, generic_event(f"G-{number}", bucket=f"acme-payments-later-{number}"))
                self.llm.gate.set()
                for finding in [*findings, later]:
                    self.ticketed(self.service, finding)
                self.assertTrue(self.service.get("/v1/audit/verify")["ok"])
        tickets = self.seen(self.jira)
        self.assertEqual(len(tickets), 20, "one ticket each")
        self.assertEqual(len({one.mark for one in tickets}), 20)
        self.assertEqual(self.service.items("/v1/dead-letters"), [])

    def test_what_waits_for_its_time_goes_on_after_a_step_back(self):
        """A retry and the look for a lost answer are due at times of the old clock."""
        self.jira.fault("refuse", *self.CREATE, times=3, status=503, body={}, headers={"Retry-After": "1"})
        waits = self.deliver(self.service, wiz_issue("W-retry", bucket="acme-payments-retry"), "wiz")
        self.service.wait_for(lambda: "dossier.retry" in self.service.log_text(), 20, "a retry to be planned")
        lost = self.jira.fault("lost", *self.CREATE)
        unknown = self.deliver(self.service, wiz_issue("W-lost", bucket="acme-payments-lost"), "wiz")
        self.service.wait_for(lambda: not lost.times, 20, "an answer to be lost")
        self.step(-HOURS)
        for finding in (waits, unknown):
            self.ticketed(self.service, finding, 30)
        self.assertEqual(len(self.jira.all()), 2)

    def test_what_a_dead_process_held_is_taken_over_whatever_the_clock_says(self):
        self.llm.gate.clear()
        finding = self.deliver(self.service, wiz_issue("W-dead", bucket="acme-payments-dead"), "wiz")
        self.service.wait_for(lambda: self.llm.asked["acme-payments-dead"], 20, "the question")
        self.service.kill()
        self.step(-HOURS)
        self.llm.gate.set()
        self.service.start()
        self.ticketed(self.service, finding)

    def test_rates_and_deadlines_run_on(self):
        for seconds in (HOURS, -2 * HOURS):
            with self.subTest(seconds):
                self.step(seconds)
                for number in range(5):
                    self.deliver(self.service, wiz_issue(f"W-rate-{seconds}-{number}", bucket="acme-payments-rate"), "wiz")
                self.assertEqual(self.service.request("GET", "/readyz")[0], 200)
                self.assertEqual(self.service.request("GET", "/v1/findings", token=TOKENS["viewer"])[0], 200)


if __name__ == "__main__":
    unittest.main()
