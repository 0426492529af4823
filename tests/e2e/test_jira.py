"""Tickets in Jira, by the real binary against a Jira that lags, loses answers and refuses what Jira refuses."""

import base64
import http.client
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import PAYMENTS, generic_event, orca_alert, wiz_issue  # noqa: E402
from standins import jira as jira_module  # noqa: E402
from standins.jira import Jira, adf_problem, comments_of, nodes, text_of  # noqa: E402
from tracker_steps import TrackerCase, tracker_config  # noqa: E402

ISSUE = "/rest/api/3/issue"


def doc(*content):
    return {"type": "doc", "version": 1, "content": list(content)}


def paragraph(*texts):
    return {"type": "paragraph", "content": [{"type": "text", "text": text} for text in texts]}


class StrictnessTest(unittest.TestCase):
    """The validators are seen to refuse before anything rests on them."""

    def test_adf_rules_refuse_what_jira_refuses(self):
        self.assertIsNone(adf_problem(doc(paragraph("fine"))))
        link = {"type": "text", "text": "x", "marks": [{"type": "link", "attrs": {"href": "javascript:alert(1)"}}]}
        for bad in (doc(paragraph("")), doc(paragraph("a\nb")), doc({"type": "text", "text": "loose"}),
                    doc({"type": "bulletList", "content": []}), doc({"type": "mention", "attrs": {"id": "x"}}),
                    doc({"type": "paragraph", "content": [link]}), {"type": "doc", "content": []}, "text",
                    doc({"type": "heading", "attrs": {"level": 7}, "content": []})):
            self.assertIsNotNone(adf_problem(bad), bad)

    def test_requests_that_jira_refuses_are_refused(self):
        jira = Jira()
        self.addCleanup(jira.shut)
        authorization = "Basic " + base64.b64encode(f"{jira_module.USER}:{jira_module.TOKEN}".encode()).decode()

        def status(method, path, body, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", jira.port, timeout=10)
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json",
                                                                "Authorization": authorization, **headers})
            answer = connection.getresponse().status
            connection.close()
            return answer

        good = {"project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "summary": "s",
                "description": doc(paragraph("d")), "labels": ["a-b"]}
        self.assertEqual(status("POST", ISSUE, {"fields": good}), 201)
        self.assertEqual(status("POST", ISSUE, {"fields": good}, Authorization="Basic eDp5"), 401)
        for change in ({"summary": "s" * 256}, {"summary": "a\nb"}, {"summary": ""}, {"description": "plain"},
                       {"labels": ["a b"]}, {"project": {"key": "NOPE"}}, {"issueType": {"name": "Task"}},
                       {"labels": ["x" * 256]}, {"description": doc(paragraph("a" * 33000))}):
            self.assertEqual(status("POST", ISSUE, {"fields": {**good, **change}}), 400, change)
        search = {"jql": 'labels = "a-b"', "fields": ["labels"]}
        self.assertEqual(status("POST", "/rest/api/3/search/jql", search), 200, jira.complaints)
        self.assertEqual(status("POST", "/rest/api/3/search/jql", {**search, "startAt": 0}), 400)
        self.assertEqual(status("POST", ISSUE + "/SEC-1/transitions", {"transition": {"id": 31}}), 400)
        if jira.contract:
            self.assertTrue(jira.contract.errors("POST", ISSUE, {"fields": {"summary": "x" * 300}}))
            self.assertTrue(jira.contract.errors("POST", ISSUE + "/SEC-1/comment", {"body": "text"}))
            odd_panel = {"type": "panel", "attrs": {"panelType": "odd"}, "content": [paragraph("x")]}
            self.assertEqual(jira.adf_schema.errors(doc(paragraph("x"))), [])
            self.assertTrue(jira.adf_schema.errors(doc(*[paragraph(str(n)) for n in range(50)], odd_panel)))


class JiraCase(TrackerCase):
    def setUp(self):
        self.jira = self.watch(Jira())

    def start(self, approval="before_assign", settle="3s", **more):
        return self.serve(tracker_config(self.jira.config(timeout="5s"), approval, settle, **more))

    def only_issue(self):
        issues = self.jira.all()
        self.assertEqual(len(issues), 1, [issue["key"] for issue in issues])
        return issues[0]


class ApprovalTest(JiraCase):
    def test_before_assign_makes_an_unassigned_draft_and_approval_hands_it_over(self):
        service = self.start()
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        issue = self.only_issue()
        self.assertEqual(dossier["draft"]["state"], "pending")
        self.assertEqual(dossier["draft"]["ticket"]["key"], issue["key"])
        self.assertEqual(dossier["draft"]["ticket"]["url"], f"{self.jira.url}/browse/{issue['key']}")
        self.assertIsNone(issue["fields"]["assignee"])
        self.assertIn("dossier-draft", issue["fields"]["labels"])
        self.assertIn("AI-Generated Guidance", text_of(issue))

        edited = {"title": "Close the payments bucket", "body": "## What to do\n\nTurn on *Block Public Access* today."}
        status, _, _ = service.request("PATCH", f"/v1/drafts/{dossier['draft']['id']}", edited)
        self.assertEqual(status, 200)
        self.assertNotIn("today", text_of(self.only_issue()))
        self.approve(service, dossier, "agreed with Payments")
        done = self.posted(service, finding)
        issue = self.only_issue()
        self.assertEqual(issue["fields"]["summary"], edited["title"])
        self.assertIn("Turn on Block Public Access today.", text_of(issue))
        self.assertEqual(issue["fields"]["assignee"]["accountId"], "acc-alice")
        self.assertNotIn("dossier-draft", issue["fields"]["labels"])
        said = [text for text in comments_of(issue) if "agreed with Payments" in text]
        self.assertEqual(len(said), 1, comments_of(issue))
        self.assertIn("the-admin", said[0])
        self.assertEqual(done["ticket"]["key"], issue["key"])
        status, _, answer = service.request("POST", f"/v1/drafts/{dossier['draft']['id']}/reject", {"comment": "no"})
        self.assertEqual(status, 409, answer)

    def test_before_create_sends_nothing_until_approved(self):
        service = self.start(approval="before_create")
        finding = self.deliver(service)
        dossier = self.awaiting(service, finding)
        self.assertEqual(self.jira.journal, [])
        self.approve(service, dossier)
        self.posted(service, finding)
        issue = self.only_issue()
        self.assertEqual(issue["fields"]["assignee"]["accountId"], "acc-alice")
        self.assertNotIn("dossier-draft", issue["fields"]["labels"])

    def test_a_rejected_draft_never_leaves(self):
        service = self.start(approval="before_create")
        finding = self.deliver(service)
        dossier = self.awaiting(service, finding)
        service.post(f"/v1/drafts/{dossier['draft']['id']}/reject", {"comment": "accepted risk"})
        self.until(service, finding, lambda d: d["stage"] == "closed", "the end")
        self.assertEqual(self.jira.journal, [])

    def test_the_ticket_of_a_rejected_draft_says_so_and_stays_unassigned(self):
        service = self.start()
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        service.post(f"/v1/drafts/{dossier['draft']['id']}/reject", {"comment": "accepted risk until May"})
        self.until(service, finding, lambda d: d["stage"] == "closed", "the end")
        issue = self.only_issue()
        self.assertIsNone(issue["fields"]["assignee"])
        self.assertIn("dossier-draft", issue["fields"]["labels"])
        comment, = comments_of(issue)
        self.assertIn("Rejected by the-admin", comment)
        self.assertIn("accepted risk until May", comment)

    def test_observe_asks_jira_nothing(self):
        service = self.start(mode="observe")
        finding = self.deliver(service)
        self.assertEqual(service.settled(finding)["finding"]["stage"], "digested")
        self.assertEqual(self.jira.journal, [])

    def test_an_owner_whom_jira_does_not_know_is_named_in_a_comment(self):
        service = self.start()
        finding = self.deliver(service, generic_event(bucket="ghost-bucket"))
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        issue = self.only_issue()
        self.assertIsNone(issue["fields"]["assignee"])
        self.assertTrue(any("gil@acme.example" in text and "assign by hand" in text for text in comments_of(issue)),
                        comments_of(issue))


class AutomateTest(JiraCase):
    def test_only_a_sure_low_risk_dev_case_acts_alone(self):
        config = tracker_config(self.jira.config(), mode="automate",
                                automate={"max_severity": "medium", "min_confidence": 0.5})
        config["routes"] = [{"name": "lab", "when": {}, "do": "ticket", "sink": "jira", "approval": "none"}]
        service = self.serve(config)
        cases = [("dev, medium", {"bucket": "sandbox-a", "severity": "medium"}, True),
                 ("dev, high", {"bucket": "sandbox-b", "severity": "high"}, False),
                 ("unknown environment", {"bucket": "lab-a", "severity": "medium"}, False),
                 ("prod", {"bucket": PAYMENTS, "severity": "medium"}, False)]
        for name, event, alone in cases:
            with self.subTest(name):
                finding = self.deliver(service, generic_event("A-" + name, **event))
                dossier = self.posted(service, finding) if alone else self.ticketed(service, finding)
                issue = self.jira.issues[dossier["draft"]["ticket"]["key"]]
                self.assertEqual(dossier["draft"]["state"], "posted" if alone else "pending", dossier["route"])
                self.assertEqual(bool(issue["fields"]["assignee"]), alone)
                self.assertEqual("dossier-draft" in issue["fields"]["labels"], not alone)

    def test_low_confidence_waits_for_a_person(self):
        config = tracker_config(self.jira.config(), mode="automate",
                                automate={"max_severity": "medium", "min_confidence": 1.0})
        config["routes"] = [{"name": "lab", "when": {}, "do": "ticket", "sink": "jira", "approval": "none"}]
        service = self.serve(config)
        dossier = self.ticketed(service, self.deliver(service, generic_event(bucket="sandbox-a", severity="medium")))
        self.assertEqual(dossier["draft"]["state"], "pending")
        self.assertTrue(any("confidence" in reason for reason in dossier["route"]["reasons"]), dossier["route"])


class OnceTest(JiraCase):
    def test_an_answer_that_is_lost_makes_no_second_ticket(self):
        for kind, index_lag in (("lost", 1.2), ("half", 0.8), ("error", 0.5)):
            with self.subTest(kind):
                self.jira.index_lag = index_lag
                before = len(self.jira.all())
                self.jira.fault(kind, "POST", ISSUE)
                service = self.start(settle="4s")
                self.ticketed(service, self.deliver(service))
                self.assertEqual(len(self.jira.all()), before + 1)
                created = self.audit(service, "ticket.created")
                self.assertEqual(len(created), 1)
                service.close()
        self.assertGreaterEqual(len(self.jira.searches()), 5, "the lag should have outlasted several look-ups")

    def test_a_connection_cut_before_the_request_was_read_still_ends_in_one_ticket(self):
        self.jira.fault("drop", "POST", ISSUE)
        service = self.start(settle="1s")
        self.ticketed(service, self.deliver(service))
        self.only_issue()

    def test_killed_between_create_and_record_the_next_start_finds_the_ticket(self):
        held = self.jira.fault("hold", "POST", ISSUE)
        service = self.start(queue={"workers": 2, "lease": "2s", "backoff": {"base": "50ms", "max": "500ms"}})
        finding = self.deliver(service)
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        dossier = self.ticketed(service, finding, 30)
        self.assertEqual(dossier["draft"]["ticket"]["key"], self.only_issue()["key"])
        self.approve(service, dossier)
        self.posted(service, finding)
        self.only_issue()

    def test_killed_while_approving_the_comment_is_written_once(self):
        service = self.start(queue={"workers": 2, "lease": "2s", "backoff": {"base": "50ms", "max": "500ms"}})
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        held = self.jira.fault("hold", "POST", ISSUE + "/SEC-1/comment")
        self.approve(service, dossier, "once and no more")
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        self.posted(service, finding, 30)
        said = [text for text in comments_of(self.only_issue()) if "once and no more" in text]
        self.assertEqual(len(said), 1)

    def test_redeliveries_replays_and_other_platforms_share_one_ticket(self):
        service = self.start()
        finding = self.deliver(service, wiz_issue(), "wiz")
        dossier = self.ticketed(service, finding)
        for _ in range(5):
            self.assertEqual(self.deliver(service, wiz_issue(), "wiz"), finding)
        other = self.deliver(service, orca_alert(), "orca")
        joined = self.until(service, other, lambda d: d["revision"] > dossier["revision"] and
                            d["stage"] == "awaiting_approval", "the join")
        self.assertEqual(joined["id"], dossier["id"])
        service.post(f"/v1/findings/{finding}/replay", {"from": "explain"}, expect=202)
        replayed = self.until(service, finding, lambda d: d["revision"] > joined["revision"] and
                              d["stage"] == "awaiting_approval", "the replay")
        self.approve(service, replayed)
        done = self.posted(service, finding)
        self.assertEqual(set(done["findings"]), {finding, other})
        self.only_issue()
        self.assertEqual(len(self.jira.creates()), 1)

    def test_a_double_is_linked_and_closed(self):
        self.jira.index_lag = 2.5
        self.jira.fault("lost", "POST", ISSUE)
        service = self.start(settle="1s")
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        ours = dossier["draft"]["ticket"]["key"]
        service.wait_for(lambda: [one for one in self.jira.all() if one["status"] == "done"], 30, "the sweep")
        issues = self.jira.all()
        self.assertEqual(len(issues), 2)
        double = next(issue for issue in issues if issue["key"] != ours)
        self.assertEqual(double["status"], "done")
        self.assertEqual(self.jira.issues[ours]["status"], "new")
        self.assertEqual(self.jira.links, [(double["key"], ours)])
        self.assertTrue(any(ours in text for text in comments_of(double)))
        service.wait_for(lambda: self.audit(service, "ticket.duplicate_closed"), 10, "the audit record")

    def test_a_label_the_create_screen_dropped_is_put_back(self):
        self.jira.stores_labels = False
        service = self.start()
        self.ticketed(service, self.deliver(service))
        self.assertTrue(any(label.startswith("dossier-") and label != "dossier-draft"
                            for label in self.only_issue()["fields"]["labels"]))


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
        service = self.start(queue={"workers": 2, "max_attempts": 60, "backoff": {"base": "50ms", "max": "300ms"}})
        findings = [self.deliver(service, generic_event(f"O-{n}", bucket=f"sandbox-{n}")) for n in range(5)]
        self.until(service, findings[0], lambda d: d["attempts"] >= 2, "the second try")
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


class HostileTextTest(JiraCase):
    def test_names_and_titles_stay_text(self):
        titles = ["[click](https://evil.example/x) <b>bold</b>", "# Heading\n\n- item ![x](https://evil.example/p.png)",
                  "@alice [~accountid:acc-alice] {code}x{code} |a|b|", "\u202egnp.exe \x00\x07 \u200bzero",
                  "`tick` **strong** javascript:alert(1) https://evil.example/auto", "x" * 3000, "]]>&amp;<!-- -->"]
        service = self.start()
        for number, title in enumerate(titles):
            with self.subTest(title[:20]):
                finding = self.deliver(service, generic_event(f"H-{number}", title=title, text=title, asset={
                    "arn": f"arn:aws:s3:::sandbox-{number}", "name": f"sandbox-{number}-{title[:200]}",
                    "kind": "bucket"}))
                dossier = self.ticketed(service, finding)
                issue = self.jira.issues[dossier["draft"]["ticket"]["key"]]
                for node in nodes(issue["fields"]["description"]):
                    self.assertNotIn(node["type"], ("mention", "media", "mediaSingle", "inlineCard", "emoji"))
                    for mark in node.get("marks", []):
                        href = mark.get("attrs", {}).get("href", "")
                        self.assertNotIn("evil.example", href)
                        self.assertNotIn("javascript", href)
                    if node["type"] == "heading":
                        self.assertNotIn("Heading", jira_module.plain(node))
                self.assertNotRegex(issue["fields"]["summary"], r"[\x00-\x1f\u202e]")


if __name__ == "__main__":
    unittest.main()
