"""What was approved is what is posted: the review queue, by REST and by the command line."""

import json
import unittest

from harness import TOKENS, orca_alert, prisma_alert, wiz_issue
from service_case import ServiceCase


class ReviewQueue(ServiceCase):
    def drafted(self, name):
        """(finding, its pending draft) of a new exposure."""
        finding = self.created("wiz", wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}"))
        return finding, self.service.settled(finding)["dossier"]["draft"]

    def decide(self, draft, decision, token=TOKENS["approver"], **body):
        return self.service.request("POST", f"/v1/drafts/{draft['id']}/{decision}", body, token=token)

    def test_an_approved_draft_is_posted_with_who_and_when_and_why(self):
        finding, draft = self.drafted("approve")
        status, _, approved = self.decide(draft, "approve", comment="go ahead")
        self.assertEqual((status, approved["state"]), (200, "approved"))
        posted = self.wait_until(finding, lambda a: a["dossier"]["draft"]["state"] == "posted", "the posting")
        decided = posted["dossier"]["draft"]
        self.assertEqual((decided["decided_by"], decided["comment"]), ("the-approver", "go ahead"))
        self.assertTrue(decided["decided_at"])
        self.assertEqual(decided["content_hash"], draft["content_hash"])
        self.assertEqual(decided["body"], draft["body"])
        self.assertEqual(posted["finding"]["stage"], "delivered")
        actions = [event["action"] for event in posted["dossier"]["timeline"]]
        self.assertEqual(actions.count("draft.approved"), 1)

    def test_a_second_decision_is_refused_and_names_who_decided(self):
        for first, second in [("approve", "reject"), ("approve", "approve"), ("reject", "approve"),
                              ("reject", "reject")]:
            with self.subTest(f"{first}, then {second}"):
                _, draft = self.drafted(f"twice-{first}-{second}")
                self.assertEqual(self.decide(draft, first)[0], 200)
                self.refused(409, self.decide(draft, second, token=TOKENS["admin"]), "the-approver")

    def test_a_rejected_draft_is_never_posted(self):
        finding, draft = self.drafted("reject")
        status, _, rejected = self.decide(draft, "reject", comment="known and accepted")
        self.assertEqual((status, rejected["state"], rejected["comment"]), (200, "rejected", "known and accepted"))
        # A later delivery is worked to its end, so anything that would post has had its turn.
        other, _ = self.drafted("reject-other")
        self.service.settled(other)
        self.assertEqual(self.service.get(f"/v1/drafts/{draft['id']}")["state"], "rejected")
        self.assertIsNone(self.service.get(f"/v1/findings/{finding}")["dossier"]["ticket"])

    def test_an_edit_changes_the_hash_and_only_the_new_text_can_be_approved(self):
        _, draft = self.drafted("edit")
        _, untouched = self.drafted("edit-other")
        path = f"/v1/drafts/{draft['id']}"
        status, _, edited = self.service.request("PATCH", path, {"title": "Close the exports bucket"})
        self.assertEqual((status, edited["title"], edited["state"]), (200, "Close the exports bucket", "pending"))
        self.assertNotEqual(edited["content_hash"], draft["content_hash"])
        self.assertEqual(edited["body"], draft["body"])
        self.refused(409, self.decide(draft, "approve", content_hash=draft["content_hash"]))
        self.refused(409, self.service.request("PATCH", path, {"body": "x", "content_hash": draft["content_hash"]}))
        self.assertEqual(self.decide(draft, "approve", content_hash=edited["content_hash"])[0], 200)
        self.refused(409, self.service.request("PATCH", path, {"title": "too late"}))
        # The edit of one draft is no edit of another.
        same = self.service.get(f"/v1/drafts/{untouched['id']}")
        self.assertEqual((same["state"], same["content_hash"]), ("pending", untouched["content_hash"]))

    def test_an_edit_that_is_none_is_refused(self):
        _, draft = self.drafted("bad-edit")
        for name, body in [("another field", {"state": "approved"}), ("no text", {"title": 7}), ("a list", [1]),
                           ("the assignee", {"assignee": "mallory"}), ("an empty title", {"title": ""})]:
            with self.subTest(name):
                self.refused(400, self.service.request("PATCH", f"/v1/drafts/{draft['id']}", body))
        self.assertEqual(self.service.get(f"/v1/drafts/{draft['id']}")["content_hash"], draft["content_hash"])

    def test_an_edit_needs_an_approver_and_so_does_a_decision(self):
        _, draft = self.drafted("roles")
        for role in ("viewer", "analyst", "auditor"):
            for answer in (self.decide(draft, "approve", token=TOKENS[role]),
                           self.decide(draft, "reject", token=TOKENS[role]),
                           self.service.request("PATCH", f"/v1/drafts/{draft['id']}", {"title": "x"},
                                                token=TOKENS[role])):
                with self.subTest(role):
                    self.refused(403, answer, "approver")
        self.assertEqual(self.service.get(f"/v1/drafts/{draft['id']}")["state"], "pending")

    def test_what_changes_after_the_approval_needs_a_new_one(self):
        finding, draft = self.drafted("changed")
        self.assertEqual(self.decide(draft, "approve")[0], 200)
        self.wait_until(finding, lambda a: a["dossier"]["draft"]["state"] == "posted", "the posting")
        self.service.send("wiz", wiz_issue("W-changed", bucket="acme-payments-changed", severity="LOW",
                                           trigger="Updated"))
        changed = self.wait_until(finding, lambda a: a["dossier"]["draft"]["id"] != draft["id"] and
                                  a["finding"]["stage"] == "awaiting_approval", "a draft of the change")
        self.assertEqual(changed["dossier"]["draft"]["state"], "pending")
        self.assertEqual(self.service.get(f"/v1/drafts/{draft['id']}")["state"], "posted")

    def test_a_replay_keeps_the_earlier_narrative_beside_the_new_one(self):
        finding, draft = self.drafted("replay")
        first = self.service.get(f"/v1/findings/{finding}")["dossier"]
        answer = self.service.post(f"/v1/findings/{finding}/replay", {"from": "explain"}, expect=202)
        self.assertEqual(answer["finding_id"], finding)
        again = self.wait_until(finding, lambda a: a["dossier"]["revision"] > first["revision"] and
                                a["finding"]["stage"] == "awaiting_approval" and
                                a["dossier"]["draft"]["id"] != draft["id"], "the replay")["dossier"]
        self.assertEqual([(n["revision"], n["narrative"]) for n in again["earlier_narratives"]],
                         [(first["revision"], first["narrative"])])
        self.assertEqual(again["draft"]["state"], "pending")
        self.assertEqual(self.service.get(f"/v1/drafts/{draft['id']}")["state"], "expired")
        self.assertIn("finding.replay_requested", [event["action"] for event in again["timeline"]])
        self.refused(400, self.service.request("POST", f"/v1/findings/{finding}/replay", {"from": "yesterday"}))

    def test_the_queue_is_listed_by_state(self):
        _, rejected = self.drafted("listed-rejected")
        _, pending = self.drafted("listed-pending")
        self.decide(rejected, "reject")
        states = {state: {d["id"] for d in self.service.items(f"/v1/drafts?state={state}")}
                  for state in ("pending", "approved", "rejected", "expired", "posted")}
        self.assertIn(rejected["id"], states["rejected"])
        self.assertIn(pending["id"], states["pending"])
        self.assertNotIn(rejected["id"], states["pending"])
        self.refused(400, self.service.request("GET", "/v1/drafts?state=maybe"))

    def test_the_command_line_reads_and_decides(self):
        finding, draft = self.drafted("cli")
        remote = ["--url", self.service.url, "--token", TOKENS["approver"]]
        listed = self.service.cli("drafts", *remote, "list", "--state", "pending")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn(draft["id"], listed.stdout)
        shown = self.service.cli("drafts", *remote, "--json", "show", draft["id"])
        self.assertEqual(json.loads(shown.stdout)["content_hash"], draft["content_hash"])
        approved = self.service.cli("drafts", *remote, "approve", draft["id"], "--comment", "by hand")
        self.assertEqual(approved.returncode, 0, approved.stderr)
        self.assertEqual(self.service.get(f"/v1/drafts/{draft['id']}")["comment"], "by hand")
        again = self.service.cli("drafts", *remote, "reject", draft["id"])
        self.assertEqual(again.returncode, 1)
        self.assertIn("the-approver", again.stderr)
        letters = self.service.cli("dead-letters", "--url", self.service.url, "--token", TOKENS["admin"], "list")
        self.assertEqual((letters.returncode, letters.stdout), (0, "no dead letters\n"), letters.stderr)
        stranger = self.service.cli("drafts", "--url", self.service.url, "--token", TOKENS["viewer"], "list")
        self.assertEqual(stranger.returncode, 1)
        self.assertIn("403", stranger.stderr)


class DeadLetters(ServiceCase):
    JIRA = {"name": "tracker", "kind": "jira", "url": "http://127.0.0.1:9", "flavour": "cloud",
            "user": "bot@acme.example", "token": "jira-token", "project": "SEC", "issue_type": "Task"}
    config = {"queue": {"workers": 2, "max_attempts": 2, "backoff": {"base": "50ms", "max": "200ms"}},
              "routes": [{"name": "all", "do": "ticket", "sink": "tracker"}], "tickets": {"sinks": [JIRA]}}

    def letters(self, *arguments):
        return self.service.cli("dead-letters", "--url", self.service.url, "--token", TOKENS["admin"], *arguments)

    def test_what_could_not_be_delivered_is_listed_and_redriven_once(self):
        finding = self.created("wiz", wiz_issue("W-dead", bucket="acme-payments-dead"))
        self.assertEqual(self.service.settled(finding)["finding"]["stage"], "dead")
        [letter] = self.service.items("/v1/dead-letters")
        self.assertEqual((letter["finding_id"], letter["stage"], letter["attempts"]), (finding, "drafted", 2))
        self.assertTrue(letter["error"])
        listed = self.letters("list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn(letter["id"], listed.stdout)
        self.service.write_config({**self.service.config,
                                   "tickets": {"sinks": [{"name": "tracker", "kind": "outbox"}]}})
        self.assertTrue(self.service.reload())
        self.assertEqual(self.letters("redrive", letter["id"]).returncode, 0)
        self.wait_until(finding, lambda a: a["finding"]["stage"] == "awaiting_approval", "the second try")
        again = self.letters("redrive", letter["id"])
        self.assertEqual(again.returncode, 1)
        self.assertIn("409", again.stderr)


class ObserveMode(ServiceCase):
    config = {"mode": "observe"}

    def test_findings_are_explained_and_nothing_is_drafted(self):
        findings = [self.created("wiz", wiz_issue("W-watch", bucket="acme-payments-w")),
                    self.created("prisma", [prisma_alert("P-watch", bucket="acme-payments-p")]),
                    self.created("orca", orca_alert("orca-watch", bucket="acme-payments-o"))]
        for finding in findings:
            found = self.service.settled(finding)
            self.assertEqual(found["finding"]["stage"], "digested")
            self.assertTrue(found["dossier"]["narrative"]["sentences"])
            self.assertEqual(found["dossier"]["route"]["action"], "digest")
            self.assertIsNone(found["dossier"]["draft"])
        self.assertEqual(self.service.items("/v1/drafts"), [])


if __name__ == "__main__":
    unittest.main()
