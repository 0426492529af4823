"""A finding comes in, a dossier goes out: from each platform, through its updates, to its end."""

import copy
import unittest

from harness import ACCOUNT, generic_event, orca_alert, prisma_alert, wiz_issue
from service_case import ServiceCase

STAGE_ACTIONS = ["finding.received", "finding.normalised", "dossier.enriched", "dossier.assessed", "dossier.explained",
                 "draft.created", "draft.awaiting_approval"]


def uncited(narrative):
    """Sentences that cite nothing, or what does not exist."""
    known = {evidence["id"] for evidence in narrative["evidence"]}
    return [s["text"] for s in narrative["sentences"] if not s["evidence"] or not set(s["evidence"]) <= known]


class Deliveries(ServiceCase):
    def test_the_citation_check_refuses_a_sentence_without_support(self):
        good = {"evidence": [{"id": "E1"}], "sentences": [{"text": "a", "evidence": ["E1"]}]}
        self.assertEqual(uncited(good), [])
        for bad in ([], ["E2"], ["E1", "E2"]):
            broken = copy.deepcopy(good)
            broken["sentences"][0]["evidence"] = bad
            self.assertEqual(uncited(broken), ["a"])

    def test_each_platform_gets_a_complete_dossier(self):
        cases = [
            ("wiz", wiz_issue("W-complete", bucket="acme-payments-w"), "critical"),
            ("prisma", [prisma_alert("P-complete", bucket="acme-payments-p")], "high"),
            ("orca", orca_alert("orca-complete", bucket="acme-payments-o"), "critical"),
            ("generic", generic_event("G-complete", bucket="acme-payments-g"), "high"),
        ]
        for source, payload, severity in cases:
            with self.subTest(source):
                answer = self.service.send(source, payload)
                self.assertEqual(set(answer), {"accepted", "findings"})
                self.assertEqual(answer["accepted"], 1)
                self.assertEqual(set(answer["findings"][0]), {"id", "fingerprint", "outcome"})
                self.assertEqual(answer["findings"][0]["outcome"], "created")
                found = self.service.settled(answer["findings"][0]["id"])
                self.check_finding(found["finding"], source, severity)
                self.check_dossier(found["dossier"], answer["findings"][0]["id"])

    def check_finding(self, finding, source, severity):
        self.assertEqual((finding["source"], finding["severity"], finding["status"], finding["stage"]),
                         (source, severity, "open", "awaiting_approval"))
        self.assertEqual((finding["resource"]["account"], finding["exposure"]), (ACCOUNT, "public"))
        self.assertIn("pii", finding["data"]["classes"])

    def check_dossier(self, dossier, finding_id):
        self.assertEqual(dossier["findings"], [finding_id])
        owner = dossier["owner"]
        self.assertEqual((owner["id"], owner["email"]), ("alice", "alice@acme.example"))
        self.assertTrue(owner["rule"])
        self.assertTrue(0.5 < owner["confidence"] <= 1)
        self.assertTrue(owner["signals"])
        context = dossier["context"]
        self.assertEqual((context["environment"], context["gaps"]), ("prod", []))
        self.assertEqual(context["asset"]["application"], "Ledger")
        self.assertIn("role/payments-etl", [p["id"] for p in dossier["blast_radius"]["principals"]])
        assessment = dossier["assessment"]
        self.assertTrue(0 < assessment["risk"] <= 100)
        self.assertTrue(assessment["remediation"])
        self.assertIn("GDPR", {r["framework"] for r in assessment["regulations"]})
        for regulation in assessment["regulations"]:
            self.assertTrue(regulation["citation"] and regulation["reason"], regulation)
        self.assertEqual(dossier["citations"], assessment["regulations"])
        narrative = dossier["narrative"]
        self.assertEqual((narrative["author"], narrative["grounding_score"]), ("template", 1))
        self.assertGreater(len(narrative["sentences"]), 3)
        self.assertEqual(uncited(narrative), [])
        draft = dossier["draft"]
        self.assertEqual((draft["state"], draft["kind"], draft["sink"]), ("pending", "ticket", "outbox"))
        self.assertEqual((draft["dossier_id"], draft["finding_ids"]), (dossier["id"], [finding_id]))
        self.assertIn("AI-Generated Guidance", draft["body"])
        self.assertTrue(draft["title"])
        self.assertRegex(draft["content_hash"], "^[0-9a-f]{64}$")
        self.assertEqual([event["action"] for event in dossier["timeline"]], STAGE_ACTIONS)

    def test_an_array_of_alerts_makes_one_finding_each(self):
        alerts = [prisma_alert(f"P-array-{n}", bucket=f"acme-payments-array-{n}") for n in range(5)]
        answer = self.service.send("prisma", alerts)
        self.assertEqual((answer["accepted"], [f["outcome"] for f in answer["findings"]]), (5, ["created"] * 5))
        dossiers = {self.service.settled(f["id"])["dossier"]["id"] for f in answer["findings"]}
        self.assertEqual(len(dossiers), 5)
        self.assertEqual(self.service.send("prisma", []), {"accepted": 0, "findings": []})

    def test_a_redelivery_is_a_duplicate_and_changes_nothing(self):
        payload = wiz_issue("W-again", bucket="acme-payments-again")
        finding = self.created("wiz", payload)
        before = self.service.settled(finding)
        again = self.service.send("wiz", payload)["findings"][0]
        self.assertEqual((again["outcome"], again["id"]), ("duplicate", finding))
        after = self.service.settled(finding)
        self.assertEqual(after["dossier"]["revision"], before["dossier"]["revision"])
        self.assertEqual(after["dossier"]["drafts"], before["dossier"]["drafts"])
        self.assertEqual(after["dossier"]["draft"], before["dossier"]["draft"])

    def test_an_update_makes_a_revision_whose_draft_replaces_the_earlier_one(self):
        finding = self.created("wiz", wiz_issue("W-update", bucket="acme-payments-update", severity="MEDIUM"))
        first = self.service.settled(finding)["dossier"]
        answer = self.service.send("wiz", wiz_issue("W-update", bucket="acme-payments-update", severity="CRITICAL",
                                                    trigger="Updated"))
        self.assertEqual(answer["findings"][0]["outcome"], "updated")
        self.assertEqual(answer["findings"][0]["id"], finding)
        found = self.wait_until(finding, lambda a: len(a["dossier"]["drafts"]) == 2, "a second draft")
        self.assertEqual(found["finding"]["severity"], "critical")
        self.assertEqual(found["dossier"]["revision"], first["revision"] + 1)
        self.assertNotEqual(found["dossier"]["draft"]["content_hash"], first["draft"]["content_hash"])
        states = {d: self.service.get(f"/v1/drafts/{d}")["state"] for d in found["dossier"]["drafts"]}
        self.assertEqual(states, {first["draft"]["id"]: "expired", found["dossier"]["draft"]["id"]: "pending"})

    def test_resolving_closes_the_dossier_and_expires_its_draft(self):
        for source, before, after in [
                ("wiz", wiz_issue("W-end", bucket="acme-payments-we"),
                 wiz_issue("W-end", bucket="acme-payments-we", status="RESOLVED")),
                ("prisma", [prisma_alert("P-end", bucket="acme-payments-pe")],
                 [prisma_alert("P-end", bucket="acme-payments-pe", status="resolved")]),
                ("orca", orca_alert("orca-end", bucket="acme-payments-oe"),
                 orca_alert("orca-end", bucket="acme-payments-oe", status="closed"))]:
            with self.subTest(source):
                finding = self.created(source, before)
                draft = self.service.settled(finding)["dossier"]["draft"]["id"]
                self.assertEqual(self.service.send(source, after)["findings"][0]["outcome"], "resolved")
                found = self.wait_until(finding, lambda a: a["finding"]["stage"] == "closed", "the end")
                self.assertEqual(found["finding"]["status"], "resolved")
                self.assertEqual(self.service.get(f"/v1/drafts/{draft}")["state"], "expired")
                self.assertIn("dossier.closed", [event["action"] for event in found["dossier"]["timeline"]])

    def test_a_reopened_finding_gets_a_new_draft(self):
        payload = wiz_issue("W-back", bucket="acme-payments-back")
        finding = self.created("wiz", payload)
        first = self.service.settled(finding)["dossier"]["draft"]["id"]
        self.service.send("wiz", wiz_issue("W-back", bucket="acme-payments-back", status="RESOLVED"))
        self.wait_until(finding, lambda a: a["finding"]["stage"] == "closed", "the end")
        self.service.send("wiz", wiz_issue("W-back", bucket="acme-payments-back", trigger="Reopened"))
        found = self.wait_until(finding, lambda a: a["finding"]["stage"] == "awaiting_approval", "the new draft")
        self.assertEqual(found["finding"]["status"], "open")
        self.assertEqual(found["dossier"]["draft"]["state"], "pending")
        self.assertNotEqual(found["dossier"]["draft"]["id"], first)


class OneExposure(ServiceCase):
    def test_three_platforms_on_one_bucket_join_one_dossier(self):
        findings = [self.created("wiz", wiz_issue("W-join", bucket="acme-payments-join")),
                    self.created("prisma", [prisma_alert("P-join", bucket="acme-payments-join")]),
                    self.created("orca", orca_alert("orca-join", bucket="acme-payments-join"))]
        joined = self.wait_until(findings[2], lambda a: (a["dossier"]["draft"] or {}).get("state") == "pending" and
                                 len(a["dossier"]["draft"]["finding_ids"]) == 3, "a draft for all three")["dossier"]
        self.assertEqual(set(joined["findings"]), set(findings))
        states = [self.service.get(f"/v1/drafts/{d}")["state"] for d in joined["drafts"]]
        self.assertEqual(states.count("pending"), 1)
        self.assertEqual({self.service.get(f"/v1/findings/{f}")["dossier"]["id"] for f in findings}, {joined["id"]})
        self.assertEqual(self.service.get(f"/v1/dossiers/{joined['id']}")["findings"], joined["findings"])

        # It is done when all of them are, and not before.
        self.service.send("wiz", wiz_issue("W-join", bucket="acme-payments-join", status="RESOLVED"))
        self.service.send("orca", orca_alert("orca-join", bucket="acme-payments-join", status="closed"))
        left = self.wait_until(findings[1], lambda a: a["dossier"]["draft"]["finding_ids"] == [findings[1]],
                               "a draft for the open one")
        self.assertEqual(left["dossier"]["draft"]["state"], "pending")
        self.service.send("prisma", [prisma_alert("P-join", bucket="acme-payments-join", status="resolved")])
        over = self.wait_until(findings[1], lambda a: a["dossier"]["stage"] == "closed", "the end")
        self.assertEqual(over["dossier"]["draft"]["state"], "expired")

    def test_near_misses_stay_apart(self):
        bucket = "acme-payments-near"
        cases = [
            ("the exposure itself", wiz_issue("W-near-0", bucket=bucket)),
            ("another account", wiz_issue("W-near-1", bucket=bucket, account="999988887777")),
            ("another control", wiz_issue("W-near-2", bucket=bucket, control="Bucket without default encryption")),
            ("another bucket", wiz_issue("W-near-3", bucket=bucket + "-2")),
        ]
        dossiers = {}
        for name, payload in cases:
            finding = self.created("wiz", payload)
            dossiers.setdefault(self.service.settled(finding)["dossier"]["id"], []).append(name)
        self.assertEqual(len(dossiers), len(cases), dossiers)


class MissingContext(ServiceCase):
    config = {"identity": [{"kind": "file", "path": "gone.yaml"}]}

    def test_a_source_that_is_gone_is_a_gap_and_blocks_nothing(self):
        finding = self.created("wiz", wiz_issue("W-gap"))
        dossier = self.service.settled(finding)["dossier"]
        self.assertEqual(dossier["draft"]["state"], "pending")
        gaps = dossier["context"]["gaps"]
        self.assertTrue(gaps and all(gap["reason"] for gap in gaps), gaps)
        self.assertIn("missing", dossier["draft"]["body"].lower())
        self.assertEqual(uncited(dossier["narrative"]), [])


if __name__ == "__main__":
    unittest.main()
