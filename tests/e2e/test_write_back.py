"""Both directions: what was approved is told to the platform that reported it, once, whatever happens meanwhile."""

import json
import unittest

from harness import TOKENS, wiz_issue
from standins.jira import Jira, TOKEN, USER
from standins.stand_in import StandIn
from standins.wiz import Wiz
from tracker_steps import TrackerCase, tracker_config

GRAPH = "/graphql"


class TagDesk(StandIn):
    """Any endpoint that takes classification tags: keeps the bytes, demands the header that was configured."""

    def answer(self, call):
        if call.headers.get("x-tag-key") != "tag-key" or call.method != "POST":
            self.complain("a request without the configured header")
            return 403, {}
        return 200, {"id": "tagged"}

    def bodies(self):
        return [call.raw.decode() for call in self.calls("POST")]


class WriteBack(TrackerCase):
    def setUp(self):
        self.wiz, self.jira, self.tags = Wiz(), Jira(), TagDesk()
        self.watch(self.wiz, self.jira, self.tags)

    def run_with(self, start=True, mode="assist", write_back=None, routes=None):
        sink = {"name": "jira", "kind": "jira", "url": self.jira.url, "flavour": "cloud", "user": USER, "token": TOKEN,
                "project": "SEC", "issue_type": "Task"}
        endpoint = {"url": self.tags.url + "/assets/{resource.name}/tags", "headers": {"X-Tag-Key": "tag-key"}}
        api = self.wiz.api_config(reconcile=False, backlog=False, timeout="5s", rate="500/s",
                                  write_back={"tag_endpoint": endpoint, **(write_back or {})})
        config = tracker_config(sink, mode=mode, sources=[
            {"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"}, "api": api}])
        if routes:
            config["routes"] = routes
        self.service = self.serve(config, start)
        return self.service

    def reported(self, bucket, **more):
        """(issue of the tenant, our finding) of a new exposure."""
        entity = self.wiz.entity(f"ent-{bucket}", "BUCKET", bucket, externalId=f"arn:aws:s3:::{bucket}")
        issue = self.wiz.add_issue(entity=entity)
        return issue, self.deliver(self.service, wiz_issue(issue, bucket=bucket, **more), "wiz")

    def notes(self, issue):
        return [note["text"] for note in self.wiz.issues[issue]["notes"]]

    def told(self, finding, kinds=("comment", "ticket_link", "status"), state="done"):
        """The dossier once each of these effects is over that way."""
        def are_over(dossier):
            states = {one["kind"]: one["state"] for one in dossier["write_back"]}
            return all(states.get(kind) == state for kind in kinds)
        return self.until(self.service, finding, are_over, f"{kinds} to be {state}")

    def drafts(self, finding, kind):
        return [one for one in self.service.items(f"/v1/drafts?finding_id={finding}") if one["kind"] == kind]

    def expect_once(self, issue):
        self.assertEqual(len(self.notes(issue)), 1, self.notes(issue))
        self.assertEqual(len(self.wiz.issues[issue]["serviceTickets"]), 1)
        self.assertEqual(self.wiz.issues[issue]["status"], "IN_PROGRESS")
        self.assertEqual(len([one for one in self.wiz.asked("updateIssue") if one["input"]["id"] == issue]), 1)

    def test_an_approved_ticket_is_told_once_with_who_has_it_and_who_wrote_it(self):
        self.run_with()
        issue, finding = self.reported("acme-payments-told")
        dossier = self.awaiting(self.service, finding)
        self.assertEqual(self.notes(issue), [], "nobody has approved it")
        self.approve(self.service, dossier)
        dossier = self.told(finding)
        self.expect_once(issue)
        [note] = self.notes(issue)
        ticket = dossier["ticket"]
        for part in (ticket["key"], ticket["url"], "alice@acme.example", "AI-Generated Guidance", "built-in template",
                     "grounding score", "the-admin"):
            self.assertIn(part, note)
        self.assertEqual(self.wiz.issues[issue]["serviceTickets"][0]["url"], ticket["url"])
        effect = next(one for one in dossier["write_back"] if one["kind"] == "comment")
        self.assertEqual((effect["finding"], effect["source"]), (finding, "wiz"))
        self.assertEqual(effect["remote_id"], self.wiz.issues[issue]["notes"][0]["id"])
        self.assertEqual(len(self.audit(self.service, "writeback.done", finding_id=finding)), 3)
        self.assertIn("dossier_writebacks_total", self.service.get("/metrics"))
        # The same delivery, a replay that changes nothing, a restart: still once.
        self.deliver(self.service, wiz_issue(issue, bucket="acme-payments-told"), "wiz")
        self.service.post(f"/v1/findings/{finding}/replay", {"from": "draft"}, expect=202)
        self.until(self.service, finding, lambda d: d["revision"] == 2 and d["stage"] == "delivered", "the replay")
        self.service.restart()
        self.told(finding)
        self.expect_once(issue)

    def test_a_later_revision_says_what_changed_once_it_is_approved(self):
        self.run_with()
        issue, finding = self.reported("acme-payments-later")
        self.approve(self.service, self.awaiting(self.service, finding))
        self.told(finding)
        changed = wiz_issue(issue, bucket="acme-payments-later", severity="LOW", trigger="Updated")
        self.deliver(self.service, changed, "wiz")
        dossier = self.until(self.service, finding, lambda d: d["revision"] == 2 and d["stage"] == "awaiting_approval",
                             "a draft of the change")
        self.assertEqual(len(self.notes(issue)), 1)
        self.approve(self.service, dossier)
        self.service.wait_for(lambda: len(self.notes(issue)) == 2, 20, "the second note")
        self.assertIn("severity critical → low", self.notes(issue)[1])
        self.posted(self.service, finding)
        self.assertEqual(len(self.wiz.issues[issue]["serviceTickets"]), 1)

    def test_a_lost_answer_is_looked_for_and_not_written_again(self):
        self.run_with()
        issue, finding = self.reported("acme-payments-lost")
        dossier = self.awaiting(self.service, finding)
        seen = len(self.wiz.asked("createIssueNote"))
        self.lose_the_note()
        self.approve(self.service, dossier)
        self.told(finding)
        self.expect_once(issue)
        self.assertEqual(len(self.wiz.asked("createIssueNote")) - seen, 1)

    def lose_the_note(self):
        """Carries the next note out and closes the connection without a word."""
        inner = self.wiz.do_createIssueNote

        def lose(**arguments):
            self.wiz.do_createIssueNote = inner
            self.wiz.fault("lost", "POST", GRAPH)
            answer = inner(**arguments)
            return answer
        self.wiz.do_createIssueNote = lose

    def test_killed_at_each_moment_it_still_writes_once(self):
        self.run_with()
        for root in ("createIssueNote", "associateServiceTicket", "updateIssue"):
            with self.subTest(root):
                issue, finding = self.reported(f"acme-payments-{root.lower()}")
                dossier = self.awaiting(self.service, finding)
                reached, inner = [], getattr(self.wiz, "do_" + root)

                def kill(inner=inner, reached=reached, root=root, **arguments):
                    answer = inner(**arguments)
                    if not reached:
                        reached.append(True)
                        self.service.kill()
                    return answer
                setattr(self.wiz, "do_" + root, kill)
                self.approve(self.service, dossier)
                self.service.wait_for(lambda: reached and not self.service.alive(), 20, "the crash")
                setattr(self.wiz, "do_" + root, inner)
                self.service.start()
                self.told(finding)
                self.expect_once(issue)

    def test_a_token_that_expires_meanwhile_is_renewed(self):
        self.run_with()
        issue, finding = self.reported("acme-payments-expired")
        dossier = self.awaiting(self.service, finding)
        self.wiz.expire_tokens()
        inner = self.wiz.do_createIssueNote

        def expire_after(**arguments):
            answer = inner(**arguments)
            self.wiz.expire_tokens()
            return answer
        self.wiz.do_createIssueNote = expire_after
        self.approve(self.service, dossier)
        self.told(finding)
        self.expect_once(issue)

    def test_a_platform_that_is_down_holds_up_no_ticket(self):
        self.run_with()
        issue, finding = self.reported("acme-payments-down")
        dossier = self.awaiting(self.service, finding)
        self.wiz.shut()
        self.approve(self.service, dossier)
        dossier = self.posted(self.service, finding)
        self.assertTrue(dossier["ticket"]["key"])
        waiting = self.until(self.service, finding, lambda d: any(one["reason"] for one in d["write_back"]), "a reason")
        self.assertEqual({one["state"] for one in waiting["write_back"]} - {"planned", "unknown", "attempting"}, set())
        self.wiz.open()
        self.told(finding)
        self.expect_once(issue)
        self.assertEqual(self.service.items("/v1/dead-letters"), [])

    def test_what_wiz_refuses_is_shown_with_its_words(self):
        self.run_with()
        self.wiz.scopes.remove("update:issues")
        issue, finding = self.reported("acme-payments-refused")
        self.approve(self.service, self.awaiting(self.service, finding))
        dossier = self.told(finding, ("comment", "status"), "failed")
        self.assertIn("update:issues", next(one["reason"] for one in dossier["write_back"] if one["kind"] == "comment"))
        self.assertEqual(dossier["stage"], "delivered")
        self.assertEqual(self.notes(issue), [])

    def test_rejected_or_observed_nothing_is_written(self):
        self.run_with()
        issue, finding = self.reported("acme-payments-rejected")
        dossier = self.awaiting(self.service, finding)
        [tags] = self.drafts(finding, "tags")
        self.service.post(f"/v1/drafts/{dossier['draft']['id']}/reject", {"comment": "no"})
        self.service.post(f"/v1/drafts/{tags['id']}/reject", {"comment": "no"})
        self.until(self.service, finding, lambda d: d["stage"] == "closed", "the rejection")
        observed = self.service
        self.run_with(mode="observe")
        other, watched = self.reported("acme-payments-observed")
        self.until(self.service, watched, lambda d: d["stage"] == "digested", "the digest")
        self.assertEqual(self.service.items("/v1/drafts"), [])
        observed.stop()
        for one in (issue, other):
            self.assertEqual((self.notes(one), self.wiz.issues[one]["status"]), ([], "OPEN"))
        self.assertEqual(self.tags.bodies(), [])

    def test_tags_are_written_as_they_were_approved_byte_for_byte(self):
        self.run_with()
        _, finding = self.reported("acme-payments-tags")
        self.awaiting(self.service, finding)
        [tags] = self.drafts(finding, "tags")
        self.assertEqual((tags["state"], tags["sink"]), ("pending", "wiz"))
        flat = tags["payload"]["flat"]
        self.assertEqual(flat["data_classification"], "PCI, PII")
        self.assertEqual(flat["classified_by"], "dossier")
        self.assertNotIn("classification_confidence", flat, "nobody states one: left out, not null")
        status, _, answer = self.service.request("PATCH", f"/v1/drafts/{tags['id']}", {"body": "x"})
        self.assertEqual((status, answer["status"]), (400, 400))
        edited = {"data_classification": "PCI", "data_domain": "Payments", "regulatory_framework": "PCI DSS",
                  "classification_confidence": "0.92", "classified_by": "dossier"}
        status, _, answer = self.service.request("PATCH", f"/v1/drafts/{tags['id']}", {"payload": edited},
                                                 token=TOKENS["approver"])
        self.assertEqual(status, 200, answer)
        self.assertEqual([tag["confidence"] for tag in answer["payload"]["list"]["tags"]], [0.92] * 3)
        self.assertEqual(self.tags.bodies(), [])
        self.service.post(f"/v1/drafts/{tags['id']}/approve", {"comment": "right"})
        self.told(finding, ("tags",))
        self.assertEqual(self.tags.bodies(), [json.dumps(edited, separators=(",", ":"))])
        self.assertEqual(self.service.get(f"/v1/drafts/{tags['id']}")["state"], "posted")
        [call] = self.tags.calls("POST")
        self.assertEqual(call.path, "/assets/acme-payments-tags/tags")
        self.service.restart()
        self.service.post(f"/v1/findings/{finding}/replay", {"from": "draft"}, expect=202)
        self.until(self.service, finding, lambda d: d["revision"] == 2 and d["draft"], "the replay")
        self.assertEqual(len(self.tags.bodies()), 1)

    def test_a_route_that_classifies_makes_tags_alone(self):
        self.run_with(routes=[{"name": "classify", "do": "classify"}])
        issue, finding = self.reported("acme-payments-classify")
        dossier = self.awaiting(self.service, finding)
        self.assertEqual(dossier["draft"]["kind"], "tags")
        self.assertIsNone(dossier["ticket"])
        self.approve(self.service, dossier)
        self.until(self.service, finding, lambda d: d["stage"] == "delivered", "the tags")
        self.assertEqual(len(self.tags.bodies()), 1)
        self.assertEqual(self.notes(issue), [])


if __name__ == "__main__":
    unittest.main()
