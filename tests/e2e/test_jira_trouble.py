"""A Jira that refuses, asks for patience, is away, or knows us not."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import generic_event  # noqa: E402
from jira_case import ISSUE, JiraCase  # noqa: E402
from tracker_steps import tracker_config  # noqa: E402


class TroubleTest(JiraCase):
    def test_a_refusal_becomes_a_dead_letter_with_jiras_words_and_is_redriven(self):
        self.jira.issue_types = {"Bug"}
        service = self.start()
        finding = self.deliver(service)
        letter = service.wait_for(lambda: service.items("/v1/dead-letters"), 30, "a dead letter")[0]
        self.assertIn("Specify a valid issue type", str(letter))
        self.assertEqual(self.jira.all(), [])
        self.assertTrue(self.jira.complaints)
        self.jira.complaints.clear()
        self.jira.issue_types = {"Task"}
        service.post(f"/v1/dead-letters/{letter['id']}/redrive", expect=202)
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        self.only_issue()

    def test_retry_after_is_honoured(self):
        self.jira.fault("refuse", "POST", ISSUE, status=429, body={"errorMessages": ["Rate limit exceeded."]},
                        headers={"Retry-After": "2", "RateLimit-Reason": "jira-burst-based"})
        service = self.start()
        self.ticketed(service, self.deliver(service))
        first, second = self.jira.creates()
        self.assertGreaterEqual(second.at - first.at, 1.9)
        self.only_issue()

    def test_an_outage_loses_nothing(self):
        self.jira.shut()
        service = self.start(queue={"workers": 2, "backoff": {"base": "50ms", "max": "300ms"}})
        findings = [self.deliver(service, generic_event(f"O-{n}", bucket=f"sandbox-{n}")) for n in range(5)]
        service.wait_for(lambda: "upstream.circuit_opened" in service.log_text(), 20, "the circuit to open")
        for finding in findings:
            self.until(service, finding, lambda d: d["attempts"] >= 1, "the first try")
        self.jira.open()
        for finding in findings:
            self.ticketed(service, finding, 60)
        self.assertEqual(len(self.jira.all()), 5)

    def test_wrong_credentials_are_said_and_no_ticket_is_made(self):
        service = self.serve(tracker_config(self.jira.config(token="stale-token")))
        self.deliver(service)
        letter = service.wait_for(lambda: service.items("/v1/dead-letters"), 30, "a dead letter")[0]
        self.assertIn("must be authenticated", str(letter))
        self.assertNotIn("stale-token", str(letter) + service.log_text())
        self.assertEqual(self.jira.all(), [])


if __name__ == "__main__":
    unittest.main()
