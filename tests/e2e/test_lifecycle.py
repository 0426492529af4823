"""A ticket's life after it was made, by the real binary: told of each change once, closed, taken up again, followed."""

import os
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import generic_event  # noqa: E402
from standins.jira import Jira, comments_of  # noqa: E402
from standins.servicenow import ServiceNow  # noqa: E402
from tracker_steps import TrackerCase, tracker_config  # noqa: E402

ISSUE = "/rest/api/3/issue"
QUICK = {"workers": 2, "lease": "2s", "backoff": {"base": "50ms", "max": "500ms"}}


class LifeCase(TrackerCase):
    def start(self, sink, settle="1s", **tickets):
        config = tracker_config(sink.config(timeout="5s"), settle=settle, queue=QUICK, server={
            "listen": "127.0.0.1:0", "drain_timeout": "10s"})
        config["tickets"].update(tickets)
        return self.serve(config)

    def event(self, number, severity="high", status="open", **more):
        return generic_event(f"L-{number}", bucket=f"sandbox-life-{number}", severity=severity, status=status, **more)

    def handed_over(self, service, event):
        finding = self.deliver(service, event)
        self.approve(service, self.ticketed(service, finding))
        return finding, self.posted(service, finding)["ticket"]["key"]


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
        severities = ["low", "medium", "critical", "high"]
        for kind, severity in zip(("lost", "half", "error", "drop"), severities):
            self.jira.fault(kind, "POST", f"{ISSUE}/[^/]+/comment")
            self.deliver(service, self.event(4, severity))
            self.until_said(service, key, f"→ {severity}")
        self.jira.fault("lost", "POST", f"{ISSUE}/[^/]+/transitions")
        self.jira.fault("half", "POST", f"{ISSUE}/[^/]+/comment")
        self.deliver(service, self.event(4, "high", "resolved"))
        self.stands(service, key, "done")
        self.until(service, finding, lambda d: all(one["state"] == "done" for one in d["ticket_updates"]),
                   "all steps to be done")
        for severity in severities:
            self.assertEqual(len(self.said(key, f"→ {severity}")), 1, comments_of(self.jira.issues[key]))
        self.assertEqual(len(self.said(key, "Resolved.")), 1)

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
        newest = {}
        for number in range(count):  # each begins open, so that each has a ticket
            self.deliver(service, self.event(f"any-{number}"))
            newest[number] = 0
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


if __name__ == "__main__":
    unittest.main()
