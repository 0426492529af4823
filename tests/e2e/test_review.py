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


    def test_an_edit_is_kept_as_a_revision_with_a_diff(self):
        _, draft = self.drafted("revisions")
        path = f"/v1/drafts/{draft['id']}"
        self.assertEqual(self.service.get(f"{path}/revisions"), {"items": [], "next_cursor": None})
        self.service.request("PATCH", path, {"title": "Shorter"}, token=TOKENS["approver"])
        self.service.request("PATCH", path, {"body": draft["body"] + "\n\nBy Friday."})
        first, second = self.service.get(f"{path}/revisions")["items"]
        self.assertEqual((first["number"], first["by"], first["before_hash"]),
                         (1, "the-approver", draft["content_hash"]))
        self.assertEqual([(c["field"], c["before"], c["after"]) for c in first["changes"]],
                         [("title", draft["title"], "Shorter")])
        self.assertEqual((second["by"], second["before_hash"]), ("the-admin", first["after_hash"]))
        self.assertIn("+By Friday.\n", second["changes"][0]["diff"])
        self.assertEqual(second["after_hash"], self.service.get(path)["content_hash"])
        self.refused(404, self.service.request("GET", "/v1/drafts/drf_none/revisions"))
        self.refused(403, self.service.request("GET", f"{path}/revisions", token=TOKENS["analyst"]))

    def test_a_draft_is_handed_to_somebody_else(self):
        _, draft = self.drafted("reassign")
        path = f"/v1/drafts/{draft['id']}"
        status, _, handed = self.service.request("POST", f"{path}/reassign", {"assignee": "carol@acme.example"})
        self.assertEqual((status, handed["assignee"], handed["owner"]),
                         (200, "carol@acme.example", draft["owner"]))
        self.refused(409, self.decide(draft, "approve", content_hash=draft["content_hash"]))
        self.refused(400, self.service.request("POST", f"{path}/reassign", {}), "assignee")
        self.refused(400, self.service.request("POST", f"{path}/reassign", {"assignee": "two words"}))
        self.assertEqual(self.service.items(f"/v1/drafts?assignee=CAROL@acme.example&state=pending")[0]["id"],
                         draft["id"])
        self.assertEqual(self.decide(draft, "approve", content_hash=handed["content_hash"])[0], 200)
        self.refused(409, self.service.request("POST", f"{path}/reassign", {"assignee": "x@acme.example"}),
                     "the-approver")

    def test_many_are_decided_at_once_each_for_itself(self):
        drafts = [self.drafted(f"bulk-{n}")[1] for n in range(3)]
        self.decide(drafts[0], "reject")
        body = {"ids": [d["id"] for d in drafts] + ["drf_none"], "action": "approve", "comment": "all of them",
                "content_hashes": {drafts[1]["id"]: "of another content"}}
        answer = self.service.post("/v1/drafts/bulk", body, token=TOKENS["approver"])
        self.assertEqual([(i["id"], i["status"]) for i in answer["items"]],
                         [(drafts[0]["id"], 409), (drafts[1]["id"], 409), (drafts[2]["id"], 200), ("drf_none", 404)])
        self.assertIn("the-approver", answer["items"][0]["detail"])
        self.assertEqual((answer["done"], answer["refused"]), (1, 3))
        self.assertEqual(self.service.get(f"/v1/drafts/{drafts[1]['id']}")["state"], "pending")
        for name, bad in [("no ids", {"action": "approve"}), ("no list", {"ids": "x", "action": "approve"}),
                          ("not of text", {"ids": [1], "action": "approve"}), ("empty", {"ids": [], "action": "reject"}),
                          ("too many", {"ids": ["x"] * 201, "action": "reject"}), ("no action", {"ids": ["x"]}),
                          ("another action", {"ids": ["x"], "action": "delete"})]:
            with self.subTest(name):
                self.refused(400, self.service.request("POST", "/v1/drafts/bulk", bad))
        self.refused(403, self.service.request("POST", "/v1/drafts/bulk", body, token=TOKENS["viewer"]))

    def test_the_queue_is_asked_by_what_a_draft_is(self):
        _, draft = self.drafted("filters")
        def ids(query):
            return {d["id"] for d in self.service.items("/v1/drafts?" + query)}
        for query in ("kind=ticket", "sink=outbox", "route=everything", f"severity={draft['severity']}",
                      f"owner={draft['owner']}", "younger_than=1h", f"finding_id={draft['finding_ids'][0]}"):
            with self.subTest(query):
                self.assertIn(draft["id"], ids(query + "&state=pending"))
        for query in ("kind=policy", "sink=nowhere", "route=another", "severity=informational", "owner=nobody",
                      "older_than=1h", "state=posted"):
            with self.subTest(query):
                self.assertNotIn(draft["id"], ids(query))
        for query in ("kind=none", "severity=worst", "older_than=old", "older_than=-1h", "colour=red"):
            with self.subTest(query):
                self.refused(400, self.service.request("GET", "/v1/drafts?" + query))

    def test_the_command_line_hands_over_and_shows_what_changed(self):
        _, one = self.drafted("cli-one")
        _, two = self.drafted("cli-two")
        remote = ["--url", self.service.url, "--token", TOKENS["approver"]]
        handed = self.service.cli("drafts", *remote, "reassign", one["id"], "--to", "dora@acme.example")
        self.assertEqual(handed.returncode, 0, handed.stderr)
        edited = self.service.cli("drafts", *remote, "edit", one["id"], "--title", "By hand")
        self.assertEqual(edited.returncode, 0, edited.stderr)
        shown = self.service.cli("drafts", *remote, "revisions", one["id"])
        self.assertIn("+dora@acme.example", shown.stdout)
        self.assertIn("+By hand", shown.stdout)
        listed = self.service.cli("drafts", *remote, "list", "--assignee", "dora@acme.example")
        self.assertIn(one["id"], listed.stdout)
        self.assertNotIn(two["id"], listed.stdout)
        both = self.service.cli("drafts", *remote, "reject", one["id"], two["id"], "--comment", "known")
        self.assertEqual(both.returncode, 0, both.stderr)
        self.assertEqual(self.service.get(f"/v1/drafts/{two['id']}")["state"], "rejected")
        again = self.service.cli("drafts", *remote, "reject", one["id"], two["id"])
        self.assertEqual(again.returncode, 1)
        self.assertIn("the-approver", again.stdout + again.stderr)


PEOPLE = [{"name": name, "role": role, "email": f"{name}@acme.example", "token": f"{name}-token-of-the-tests"}
          for name, role in (("steward", "steward"), ("legal", "legal"), ("alice", "viewer"), ("bob", "viewer"),
                             ("erin", "approver"))]


class WhoMayDecide(ServiceCase):
    config = {"auth": {"tokens": [{"name": f"the-{role}", "role": role, "token": token}
                                  for role, token in TOKENS.items()] + PEOPLE},
              "approval": {"four_eyes": True, "expire_after": "2s",
                           "rules": [{"when": {"severity": ["low"]}, "roles": ["legal"], "reject_reason": True},
                                     {"when": {"severity": ["high"]}, "roles": ["approver"], "owner": True},
                                     {"when": {"severity": ["medium"]}, "roles": ["steward"]}]}}

    def drafted(self, name, severity):
        finding = self.created("wiz", wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}", severity=severity))
        return self.service.settled(finding)["dossier"]["draft"]

    def decide(self, draft, decision, who, **body):
        return self.service.request("POST", f"/v1/drafts/{draft['id']}/{decision}", body,
                                    token=f"{who}-token-of-the-tests")

    def test_roles_and_owners_decide_what_rules_leave_to_them(self):
        draft = self.drafted("legal", "LOW")
        self.refused(403, self.decide(draft, "approve", "erin"), "legal")
        self.refused(403, self.decide(draft, "approve", "steward"), "legal")
        self.refused(400, self.decide(draft, "reject", "legal"), "reason")
        self.assertEqual(self.decide(draft, "reject", "legal", comment="allowed by contract")[0], 200)
        owned = self.drafted("owner", "HIGH")
        self.assertEqual(owned["owner"], "alice@acme.example")
        self.refused(403, self.decide(owned, "approve", "bob"))
        self.assertEqual([d["id"] for d in self.service.get("/v1/drafts?state=pending", token=PEOPLE[2]["token"])
                          ["items"]], [owned["id"]])
        self.assertEqual(self.decide(owned, "approve", "alice")[0], 200)

    def test_nobody_approves_what_they_edited(self):
        draft = self.drafted("four-eyes", "CRITICAL")
        status, _, edited = self.service.request("PATCH", f"/v1/drafts/{draft['id']}", {"title": "Mine"},
                                                 token=PEOPLE[4]["token"])
        self.assertEqual(status, 200, edited)
        self.refused(403, self.decide(draft, "approve", "erin"), "edited")
        self.assertEqual(self.decide(draft, "approve", "approver")[0], 200)

    def test_what_nobody_decides_on_expires_and_says_so(self):
        draft = self.drafted("late", "MEDIUM")
        ended = self.service.wait_for(
            lambda: [d for d in [self.service.get(f"/v1/drafts/{draft['id']}")] if d["state"] != "pending"], 20,
            "the expiry")[0]
        self.assertEqual((ended["state"], ended["decided_by"], ended["comment"]),
                         ("expired", "dossier", "nobody decided within 2 seconds"))
        self.refused(409, self.decide(draft, "approve", "steward"), "expired")
        self.wait_until(draft["finding_ids"][0], lambda a: a["finding"]["stage"] == "closed", "the end")


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
