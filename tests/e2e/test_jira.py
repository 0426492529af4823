"""Tickets in Jira, by the real binary against a Jira that lags, loses answers and refuses what Jira refuses."""

import base64
import http.client
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import PAYMENTS, generic_event  # noqa: E402
from jira_case import ISSUE, JiraCase  # noqa: E402
from standins import jira as jira_module  # noqa: E402
from standins.jira import Jira, adf_problem, comments_of, nodes, text_of  # noqa: E402
from tracker_steps import tracker_config  # noqa: E402


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
