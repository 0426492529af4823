"""What unclassified stores hold: rules, a model for what they leave open, people who correct, and places for data."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import TOKENS, default_config  # noqa: E402
from standins.llm import Llm  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

STEWARD = "steward@acme.example"
GENERIC = {"name": "generic", "kind": "generic", "auth": {"type": "bearer", "token": "generic-webhook-token"},
           "map": {"id": "/id", "title": "/title", "finding_type": "/type", "resource.id": "/arn",
                   "resource.name": "/name", "resource.type": "/kind", "cloud": "/cloud", "region": "/region",
                   "tags": "/tags", "status": "/status", "fields": "/columns", "samples": "/rows", "objects": "/objects"}}
CLASSIFY = [{"name": "unclassified", "when": {"finding_type": ["unclassified_data"]}, "do": "classify"},
            {"name": "rest", "do": "digest"}]


def store(name, columns=(), **more):
    return {"id": f"store-{name}", "title": f"Sensitivity unknown: {name}", "type": "unclassified_data",
            "arn": f"arn:aws:s3:::{name}", "name": name, "kind": "bucket", "cloud": "aws", "region": "us-east-1",
            "columns": [{"name": one, "table": "records"} if isinstance(one, str) else one for one in columns], **more}


class ClassificationCase(TrackerCase):
    def start(self, classification=None, routes=None, providers=(), **more):
        config = default_config(sources=[GENERIC], routes=routes or CLASSIFY,
                                classification={"steward": STEWARD, **(classification or {})},
                                llm={"providers": [one.config() for one in providers]}, **more)
        return self.serve(config)

    def classified(self, service, payload):
        """(finding, dossier) once it has come to rest."""
        finding = self.deliver(service, payload)
        return finding, service.settled(finding)["dossier"]

    def fields(self, dossier):
        return {one["name"]: one for one in dossier["classification"]["fields"]}

    def tags(self, service, finding):
        return next(one for one in service.items(f"/v1/drafts?finding_id={finding}") if one["kind"] == "tags")


class RulesTest(ClassificationCase):
    def test_three_fields_are_three_kinds_with_their_laws_and_one_primary_class(self):
        service = self.start()
        finding, dossier = self.classified(service, store("visit-exports", ["patient_dob", "ssn_last4", "transaction_amount"]))
        found, fields = dossier["classification"], self.fields(dossier)
        self.assertEqual({name: one["labels"] for name, one in fields.items()},
                         {"patient_dob": ["PHI"], "ssn_last4": ["PII"], "transaction_amount": ["Financial"]})
        self.assertIn("HIPAA", fields["patient_dob"]["frameworks"])
        self.assertNotIn("HIPAA", fields["transaction_amount"]["frameworks"])
        self.assertEqual((found["primary_class"], found["classes"]), ("PHI", ["PHI", "PII", "Financial"]))
        self.assertEqual((found["sensitivity"], found["is_test_data"], found["domain"]), ("restricted", False, "Health"))
        draft = self.tags(service, finding)
        self.assertEqual(draft["state"], "pending")
        flat = draft["payload"]["flat"]
        self.assertEqual(flat["data_classification"], "PHI, PII, Financial")
        self.assertEqual(flat["classification_confidence"], f'{found["confidence"]:.2f}'.rstrip("0"))
        self.assertIn("patient_dob", draft["body"])
        service.post(f"/v1/drafts/{draft['id']}/approve", {"comment": "right"})
        self.until(service, finding, lambda d: d["stage"] == "delivered", "the approved tags to be kept")

    def test_test_data_documents_tags_and_samples(self):
        service = self.start()
        planted = ["Zaphod Beeblebrox", "zaphod.planted@betelgeuse.example"]
        _, dossier = self.classified(service, store("marketing-eu", ["cust_eml", "note_1"], tags={"data-classification": "public", "purpose": "EU marketing campaign"},
                                                    rows=[{"cust_eml": planted[1], "note_1": planted[0]}]))
        found = dossier["classification"]
        self.assertEqual(self.fields(dossier)["cust_eml"]["classes"], ["EMAIL"])
        self.assertEqual([one["verdict"] for one in found["platform_tags"]], ["contradicted"])
        self.assertIn("EU marketing campaign", found["business_context"])
        self.assertFalse([one for one in planted if one in json.dumps(dossier)], "samples are masked")
        _, plain = self.classified(service, store("exports-x", ["cust_eml"]))
        self.assertEqual(plain["classification"]["business_context"], "", "nobody has stated a purpose")
        _, tests = self.classified(service, store("faker-customers", ["email", "full_name", "faker_seed"]))
        self.assertTrue(tests["classification"]["is_test_data"])
        self.assertEqual(tests["classification"]["classes"], [])
        _, finance = self.classified(service, store("acme-finance-plans", objects=["Q3_plan.docx"]))
        self.assertEqual(set(finance["classification"]["classes"]), {"PII", "Financial"})
        note = {"name": "scan-0001.pdf", "text": "Patient presents with hypertension; prescribed lisinopril 10 mg. Diagnosis: I10."}
        _, clinical = self.classified(service, store("scans", objects=[note]))
        self.assertEqual(clinical["classification"]["primary_class"], "PHI")

    def test_what_is_unsure_or_critical_goes_to_the_data_steward_and_never_by_itself(self):
        routes = [{"name": "classify", "when": {"finding_type": ["unclassified_data"]}, "do": "classify", "approval": "none"}]
        service = self.start({"policy_critical": ["GOVERNMENT_ID"], "stewards": {"HR": "hr-data@acme.example"}}, routes, mode="automate",
                             automate={"max_severity": "critical", "min_confidence": 0.1})
        for name, columns, reason in (("sandbox-opaque", ["zqx7", "blorp", "fld_9"], "sure"),
                                      ("sandbox-numbers", ["passport_number", "email"], "GOVERNMENT_ID is policy-critical")):
            with self.subTest(name):
                finding, dossier = self.classified(service, store(name, columns))
                draft = self.tags(service, finding)
                self.assertEqual((draft["state"], draft["approval"], draft["assignee"]), ("pending", "before_create", STEWARD))
                self.assertIn(reason, " ".join(dossier["classification"]["needs_person"]))
                self.assertIn("data steward", draft["body"])

    def test_a_correction_is_kept_and_used_on_the_next_like_case(self):
        service = self.start()
        finding, dossier = self.classified(service, store("loyalty-a", ["blorp_code", "email"]))
        self.assertEqual(self.fields(dossier)["blorp_code"]["classes"], [])
        draft = self.tags(service, finding)
        path = f"/v1/drafts/{draft['id']}"
        for bad in ({"fields": [{"name": "blorp_code", "classes": ["SHOE_SIZE"]}]}, {"fields": [{"name": "nope", "classes": []}]},
                    {"fields": "x"}, {"fields": [{"name": "email", "classes": []}], "title": "x"}):
            self.assertEqual(service.request("PATCH", path, bad)[0], 400, bad)
        status, _, edited = service.request("PATCH", path, {"fields": [{"name": "blorp_code", "classes": ["GOVERNMENT_ID"]}]},
                                            token=TOKENS["approver"])
        self.assertEqual(status, 200, edited)
        self.assertEqual(edited["payload"]["flat"]["data_classification"], "PII")
        self.until(service, finding, lambda d: self.fields(d)["blorp_code"]["by"] == "correction", "the correction to be followed")
        service.post(path + "/approve", {"comment": "now it is"})
        [record] = self.audit(service, "classification.corrected", finding_id=finding)
        self.assertEqual(record["corrections"][0]["classes"], ["GOVERNMENT_ID"])
        service.restart()
        _, later = self.classified(service, store("loyalty-b", ["BlorpCode", "email"]))
        field = self.fields(later)["BlorpCode"]
        self.assertEqual((field["classes"], field["by"]), (["GOVERNMENT_ID"], "correction"))
        self.assertRegex(field["why"], r"^corrected by .+ on \d{4}-\d\d-\d\d$")


class ModelTest(ClassificationCase):
    def test_only_what_rules_leave_open_is_asked_and_only_listed_words_are_taken(self):
        llm = self.watch(Llm(lambda evidence: {"fields": [
            {"id": "F1", "classes": ["LOCATION"], "confidence": 0.9, "why": "its neighbours"},
            {"id": "F2", "classes": ["NONE"], "confidence": 1, "why": "a lie about a column that was not open"},
            {"id": "F9", "classes": ["EMAIL"], "confidence": 1, "why": "invented"},
            {"id": "F3", "classes": ["SHOE_SIZE"], "confidence": 1, "why": "invented"}]}
            if evidence and "column" in evidence[0] else {"summary": "", "summary_evidence": [], "sentences": []}))
        service = self.start(providers=[llm])
        planted = "zaphod.planted@betelgeuse.example"
        _, dossier = self.classified(service, store("opaque", ["zqx7", "email", "blorp"], rows=[{"zqx7": f"call {planted}", "blorp": "Ford Prefect"}]))
        fields = self.fields(dossier)
        self.assertEqual((fields["zqx7"]["classes"], fields["zqx7"]["by"]), (["LOCATION"], "llm:main"))
        self.assertEqual((fields["email"]["classes"], fields["email"]["by"]), (["EMAIL"], "rules"))
        self.assertEqual(fields["blorp"]["classes"], [])
        self.assertTrue(any("refused" in note for note in dossier["classification"]["notes"]), dossier["classification"]["notes"])
        sent = json.dumps([one.body for one in llm.requests()])
        for secret in (planted, "Ford Prefect"):
            self.assertNotIn(secret, sent)
        self.assertIn("zqx7", sent)


class PlaceTest(ClassificationCase):
    RULES = {"location_rules": [{"name": "eu-only", "data": ["pii"], "allowed": ["eu-*"]}]}

    def places(self, service):
        return [one for one in service.items("/v1/findings") if one["source"] == "dossier"]

    def test_data_in_the_wrong_place_is_a_finding_with_a_ticket_until_it_moves(self):
        service = self.start(self.RULES)
        self.classified(service, store("acme-eu-people", ["email", "full_name"], region="eu-west-1"))
        self.classified(service, store("acme-us-metrics", ["cpu_load", "host"]))
        self.assertEqual(self.places(service), [])
        finding, _ = self.classified(service, store("acme-payments-people", ["email", "full_name"]))
        [wrong] = service.wait_for(lambda: self.places(service), 20, "the violation")
        settled = service.settled(wrong["id"])
        draft = settled["dossier"]["draft"]
        self.assertEqual((draft["kind"], draft["assignee"]), ("ticket", "alice@acme.example"))
        self.assertIn("eu-*", draft["body"] + settled["finding"]["description"])
        self.deliver(service, store("acme-payments-people", ["email", "full_name"], region="eu-central-1"))
        service.wait_for(lambda: self.places(service)[0]["status"] == "resolved", 20, "the resolution")

    def test_a_correction_that_clears_the_data_clears_the_place(self):
        service = self.start(self.RULES)
        finding, _ = self.classified(service, store("acme-payments-cleared", ["email", "cpu_load"]))
        service.wait_for(lambda: self.places(service), 20, "the violation")
        draft = self.tags(service, finding)
        service.request("PATCH", f"/v1/drafts/{draft['id']}", {"fields": [{"name": "email", "classes": ["NONE"]}]})
        service.wait_for(lambda: self.places(service)[0]["status"] == "resolved", 20, "the resolution")


if __name__ == "__main__":
    unittest.main()
