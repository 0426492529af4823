"""Tickets in ServiceNow, by the real binary against a Table API that drops what it doesn't understand."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import generic_event  # noqa: E402
from standins.servicenow import ServiceNow  # noqa: E402
from standins.stand_in import Call, Refusal  # noqa: E402
from servicenow_case import INCIDENT, ServiceNowCase  # noqa: E402


class StrictnessTest(unittest.TestCase):
    """The validator and the traps are seen at work before anything rests on them."""

    def setUp(self):
        self.now = ServiceNow()
        self.addCleanup(self.now.shut)

    def test_columns_that_servicenow_refuses_are_refused(self):
        def checked(body):
            return self.now.checked(Call("POST", INCIDENT, {}, {}, b"", body))
        self.assertEqual(checked({"short_description": "x", "impact": "2"})["impact"], "2")
        for bad in ({"impact": 2}, {"short_description": "x" * 161}, {"description": "x" * 4001}, {"state": "10"},
                    {"correlation_id": "x" * 101}, {"assigned_to": "alice"}, ["x"]):
            with self.assertRaises(Refusal, msg=str(bad)):
                checked(bad)
        if self.now.contract:
            self.assertTrue(self.now.contract.errors("POST", INCIDENT, {"impact": 2}))
            self.assertTrue(self.now.contract.errors("POST", INCIDENT, {"shortdescription": "misspelt"}))

    def test_a_query_part_that_is_not_understood_matches_every_row(self):
        self.assertEqual(self.now.query("incident", "correlation_id=none"), [])
        self.assertEqual(len(self.now.query("incident", "corelation_id=none")), 2)
        self.now.hidden_columns = {"correlation_id"}
        self.assertEqual(len(self.now.query("incident", "correlation_id=none")), 2)


class ApprovalTest(ServiceNowCase):
    def test_a_draft_is_on_hold_and_unassigned_until_approved(self):
        service = self.start()
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        row = self.only_row()
        self.assertEqual((row["state"], row["assigned_to"]), ("3", ""))
        self.assertEqual(dossier["draft"]["state"], "pending")
        self.assertEqual(dossier["draft"]["ticket"]["key"], row["number"])
        self.assertTrue(any("AI-Generated Guidance" in note for note in self.now.notes(row)))

        edited = {"title": "Close the payments bucket", "body": "Turn on Block Public Access today."}
        self.assertEqual(service.request("PATCH", f"/v1/drafts/{dossier['draft']['id']}", edited)[0], 200)
        self.approve(service, dossier, "agreed with Payments")
        self.posted(service, finding)
        row = self.only_row()
        self.assertEqual(row["short_description"], edited["title"])
        self.assertIn("Block Public Access today", row["description"])
        self.assertEqual((row["state"], row["assigned_to"]), ("2", self.now.user("alice@acme.example")))
        self.assertEqual(len([note for note in self.now.notes(row) if "agreed with Payments" in note]), 1)

    def test_before_create_sends_nothing_until_approved_and_nothing_when_rejected(self):
        service = self.start(approval="before_create")
        finding = self.deliver(service)
        other = self.deliver(service, generic_event("R-1", bucket="sandbox-r"))
        dossier, rejected = self.awaiting(service, finding), self.awaiting(service, other)
        self.assertEqual(self.now.journal, [])
        service.post(f"/v1/drafts/{rejected['draft']['id']}/reject", {"comment": "accepted risk"})
        self.approve(service, dossier)
        self.posted(service, finding)
        self.assertEqual(self.only_row()["assigned_to"], self.now.user("alice@acme.example"))

    def test_an_owner_without_an_active_user_is_named_in_a_note(self):
        service = self.start()
        finding = self.deliver(service, generic_event(bucket="ghost-bucket"))
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        row = self.only_row()
        self.assertEqual((row["state"], row["assigned_to"]), ("1", ""))
        self.assertTrue(any("gil@acme.example" in note for note in self.now.notes(row)))


class TroubleTest(ServiceNowCase):
    def test_a_refusal_becomes_a_dead_letter_with_its_words_and_is_redriven(self):
        words = {"error": {"message": "Operation Failed", "detail": "Data Policy Exception: caller_id is mandatory"},
                 "status": "failure"}
        self.now.fault("refuse", "POST", INCIDENT, status=400, body=words)
        service = self.start()
        finding = self.deliver(service)
        letter = service.wait_for(lambda: service.items("/v1/dead-letters"), 30, "a dead letter")[0]
        self.assertIn("caller_id is mandatory", str(letter))
        service.post(f"/v1/dead-letters/{letter['id']}/redrive", expect=202)
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        self.only_row()

    def test_retry_after_is_honoured(self):
        self.now.fault("refuse", "POST", INCIDENT, status=429, headers={"Retry-After": "2"},
                       body={"error": {"message": "Rate limit of 100 requests per hour for Table API exceeded"}})
        service = self.start()
        self.ticketed(service, self.deliver(service))
        first, second = self.now.creates()
        self.assertGreaterEqual(second.at - first.at, 1.9)
        self.only_row()

    def test_an_outage_loses_nothing(self):
        self.now.shut()
        service = self.start(queue={"workers": 2, "backoff": {"base": "50ms", "max": "300ms"}})
        findings = [self.deliver(service, generic_event(f"O-{n}", bucket=f"sandbox-{n}")) for n in range(3)]
        service.wait_for(lambda: "upstream.circuit_opened" in service.log_text(), 20, "the circuit to open")
        self.now.open()
        for finding in findings:
            self.ticketed(service, finding, 60)
        self.assertEqual(len(self.now.all()), 3)


class HostileTextTest(ServiceNowCase):
    def test_names_and_titles_can_not_open_a_code_section_or_change_a_query(self):
        service = self.start()
        for number, title in enumerate(["[code]<script>alert(1)</script>[/code]", "x^ORDERBYstate^NQactive=true",
                                        "<img src=x onerror=alert(1)>", "y" * 3000]):
            with self.subTest(title[:20]):
                finding = self.deliver(service, generic_event(f"H-{number}", bucket=f"sandbox-{number}", title=title,
                                                              text=title))
                dossier = self.ticketed(service, finding)
                row = next(one for one in self.now.all() if one["number"] == dossier["draft"]["ticket"]["key"])
                for note in self.now.notes(row):
                    self.assertLessEqual(note.lower().count("[code]"), 1)
                    for markup in re.findall(r"\[code\](.*?)\[/code\]", note, re.DOTALL):
                        self.assertNotRegex(markup, "(?i)<(script|img)")


if __name__ == "__main__":
    unittest.main()
