"""A ticket's life after it was made, by the real binary: told of each change once, closed, taken up again, followed."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from life_steps import ISSUE, LifeCase  # noqa: E402
from standins.jira import Jira, comments_of  # noqa: E402
from standins.servicenow import ServiceNow  # noqa: E402


class JiraLife(LifeCase):
    def setUp(self):
        self.jira = self.watch(Jira())

    def said(self, key, words):
        return [text for text in comments_of(self.jira.issues[key]) if words in text]

    def until_said(self, service, key, words):
        service.wait_for(lambda: self.said(key, words), 20, f"'{words}' on {key}")

    def stands(self, service, key, status):
        service.wait_for(lambda: self.jira.issues[key]["status"] == status, 20, f"{key} to be {status}")

    def test_updated_resolved_and_back(self):
        service = self.start(self.jira)
        finding, key = self.handed_over(service, self.event(1))
        for _ in range(3):
            self.deliver(service, self.event(1, "critical", labels=["pii", "pci"]))
        self.until_said(service, key, "high → critical")
        self.until_said(service, key, "now also pci")
        self.assertEqual(len(self.said(key, "What changed")), 1)
        self.deliver(service, self.event(1, "critical", "resolved", labels=["pii", "pci"]))
        self.stands(service, key, "done")
        self.until_said(service, key, "Resolved.")
        self.deliver(service, self.event(1, "medium"))
        self.until_said(service, key, "Reopened.")
        self.stands(service, key, "new")
        dossier = self.until(service, finding, lambda d: all(one["state"] == "done" for one in d["ticket_updates"]) and
                             d["stage"] == "awaiting_approval", "all steps to be done")
        self.assertEqual([one["step"] for one in dossier["ticket_updates"]],
                         ["comment", "comment", "resolve", "comment", "reopen"])
        self.assertEqual(len(self.jira.creates()), 1)
        actions = [entry["action"] for entry in dossier["timeline"]]
        for action in ("ticket.commented", "ticket.resolved", "ticket.reopened"):
            self.assertIn(action, actions)

    def test_a_new_ticket_follows_where_that_is_wanted(self):
        service = self.start(self.jira, on_reopen="new_ticket")
        finding, key = self.handed_over(service, self.event(2))
        self.deliver(service, self.event(2, status="resolved"))
        self.stands(service, key, "done")
        self.deliver(service, self.event(2, "critical"))
        dossier = self.until(service, finding, lambda d: len(d["tickets"]) == 2, "a second ticket")
        following = dossier["tickets"][1]["key"]
        self.until_said(service, following, key)
        service.wait_for(lambda: self.jira.links, 20, "the link")
        self.assertEqual(self.jira.links[0], (following, key))
        self.assertEqual(self.jira.issues[key]["status"], "done")
        self.assertEqual(self.jira.issues[following]["status"], "new")
        self.assertIsNone(self.jira.issues[following]["fields"]["assignee"], "it wants an approval of its own")
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        self.assertTrue(self.jira.issues[following]["fields"]["assignee"])

    def test_a_workflow_without_a_way_is_said_on_the_ticket(self):
        self.jira.workflow = {"new": {"21": ("Start", "indeterminate")}, "indeterminate": {}, "done": {}}
        service = self.start(self.jira)
        finding, key = self.handed_over(service, self.event(3))
        self.deliver(service, self.event(3, status="resolved"))
        self.until_said(service, key, "could not close this ticket")
        dossier = self.until(service, finding, lambda d: d["stage"] == "closed", "the end")
        failed, = [one for one in dossier["ticket_updates"] if one["state"] == "failed"]
        self.assertIn("no transition", failed["reason"])
        self.assertEqual(len(self.said(key, "could not close this ticket")), 1)

    def test_lost_answers_repeat_no_word_and_no_move(self):
        service = self.start(self.jira)
        finding, key = self.handed_over(service, self.event(4))
        severities = ["low", "medium", "critical", "informational"]
        for kind, severity in zip(("lost", "half", "error", "drop"), severities):
            self.jira.fault(kind, "POST", f"{ISSUE}/[^/]+/comment")
            self.deliver(service, self.event(4, severity))
            self.until_said(service, key, f"→ {severity}")
        self.jira.fault("lost", "POST", f"{ISSUE}/[^/]+/transitions")
        self.jira.fault("half", "POST", f"{ISSUE}/[^/]+/comment")
        self.deliver(service, self.event(4, "informational", "resolved"))
        self.stands(service, key, "done")
        self.until(service, finding, lambda d: all(one["state"] == "done" for one in d["ticket_updates"]),
                   "all steps to be done")
        for severity in severities:
            self.assertEqual(len(self.said(key, f"→ {severity}")), 1, comments_of(self.jira.issues[key]))
        self.assertEqual(len(self.said(key, "Resolved.")), 1)
        self.forgive_moves_tried_twice(self.jira)

    def test_killed_while_a_word_is_under_way(self):
        service = self.start(self.jira)
        finding, key = self.handed_over(service, self.event(5))
        held = self.jira.fault("hold", "POST", f"{ISSUE}/{key}/comment")
        self.deliver(service, self.event(5, "critical"))
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        self.deliver(service, self.event(5, "critical", "resolved"))
        self.stands(service, key, "done")
        self.until(service, finding, lambda d: all(one["state"] == "done" for one in d["ticket_updates"]),
                   "all steps to be done")
        self.assertEqual(len(self.said(key, "high → critical")), 1)
        self.assertEqual(len(self.said(key, "Resolved.")), 1)

    def test_an_outage_delays_and_loses_nothing(self):
        service = self.start(self.jira)
        finding, key = self.handed_over(service, self.event(6))
        self.jira.shut()
        self.deliver(service, self.event(6, "low"))
        self.until(service, finding, lambda d: [one for one in d["ticket_updates"] if one["attempts"] > 0], "a try")
        self.deliver(service, self.event(6, "low", "resolved"))
        self.until(service, finding, lambda d: len(d["ticket_updates"]) == 3, "the plan")
        self.jira.open()
        self.stands(service, key, "done")
        words = [text for text in comments_of(self.jira.issues[key]) if "→ low" in text or "Resolved." in text]
        self.assertEqual(len(words), 2)
        self.assertIn("→ low", words[0])


class ServiceNowLife(LifeCase):
    def test_resolved_with_notes_and_taken_up_again(self):
        now = self.watch(ServiceNow())
        service = self.start(now)
        finding = self.deliver(service, self.event(7))
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        row, = now.all()
        self.deliver(service, self.event(7, "critical"))
        service.wait_for(lambda: [one for one in now.notes(row) if "high → critical" in one], 20, "the note")
        self.deliver(service, self.event(7, "critical", "resolved"))
        service.wait_for(lambda: now.all()[0]["state"] == "6", 20, "the record to be resolved")
        self.assertTrue(now.all()[0]["close_notes"])
        self.deliver(service, self.event(7, "low"))
        service.wait_for(lambda: now.all()[0]["state"] == "2", 20, "the record to be taken up again")
        self.assertEqual(len(now.all()), 1)
        self.assertEqual(len([one for one in now.notes(row) if "Resolved." in one]), 1)


if __name__ == "__main__":
    unittest.main()
