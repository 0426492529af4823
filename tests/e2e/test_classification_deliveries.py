"""What platforms deliver of a store's inside, corrections of a store as a whole, what a model's help costs, and what the
narrative may say of it."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import TOKENS, default_config, orca_alert, prisma_alert, wiz_issue  # noqa: E402
from standins.llm import Llm  # noqa: E402
from test_classification import CLASSIFY, GENERIC, STEWARD, ClassificationCase, store  # noqa: E402

SAMPLE = "ford.prefect@betelgeuse.example"


class DeliveryTest(ClassificationCase):
    def start(self, classification=None, **more):
        routes = [{"name": "all", "do": "classify"}]
        return self.serve(default_config(routes=routes, classification={"steward": STEWARD, **(classification or {})}, **more))

    def test_columns_in_deliveries_of_each_platform_are_classified_and_their_rows_masked(self):
        service = self.start()
        columns = [{"name": "patient_dob", "type": "date", "table": "visits"}, {"name": "ssn_last4", "table": "visits"},
                   {"name": "transaction_amount", "table": "visits"}]
        rows = [{"patient_dob": "1980-01-02", "ssn_last4": "6789", "transaction_amount": "12.50", "contact_email": SAMPLE}]
        deliveries = {
            "wiz": wiz_issue("cols-1", account="300000000101", columns=columns, samples=rows),
            "orca": orca_alert("cols-2", bucket="acme-cols-orca", account="300000000102",
                               tables=[{"name": "visits", "columns": columns}], sample_rows=rows),
            "prisma": prisma_alert("cols-3", bucket="acme-cols-prisma", account="300000000103", resource={
                "id": "acme-cols-prisma", "name": "acme-cols-prisma", "schema": {"visits": columns}, "samples": rows}),
        }
        for source, payload in deliveries.items():
            with self.subTest(source):
                finding = self.deliver(service, payload, source)
                dossier = service.settled(finding)["dossier"]
                found, fields = dossier["classification"], self.fields(dossier)
                self.assertEqual({name: one["labels"] for name, one in fields.items() if name != "contact_email"},
                                 {"patient_dob": ["PHI"], "ssn_last4": ["PII"], "transaction_amount": ["Financial"]})
                self.assertEqual({one["container"] for one in fields.values()}, {"visits"})
                self.assertEqual((found["primary_class"], found["sensitivity"]), ("PHI", "restricted"))
                for label, laws in (("patient_dob", "HIPAA"), ("ssn_last4", "CCPA")):
                    self.assertIn(laws, fields[label]["frameworks"])
                shown = json.dumps(service.get(f"/v1/findings/{finding}"))
                for planted in (SAMPLE, "1980-01-02", "6789"):
                    self.assertNotIn(planted, shown)
                self.assertIn("HIPAA", {one["framework"] for one in dossier["assessment"]["regulations"]})

    def test_documents_are_read_by_name_and_by_text(self):
        service = self.start()
        note = {"name": "scan-0001.pdf", "text": "Patient presents with hypertension; prescribed lisinopril 10 mg. Diagnosis: I10."}
        finding = self.deliver(service, wiz_issue("docs-1", account="300000000111", bucket="acme-finance-plans", files=["Q3_plan.docx"]), "wiz")
        finance = service.settled(finding)["dossier"]["classification"]
        [plan] = finance["documents"]
        self.assertEqual((plan["name"], set(plan["labels"])), ("Q3_plan.docx", {"PII", "Financial"}))
        self.assertIn("FINANCIAL_PROJECTION", " ".join(plan["classes"] + [plan["why"]]).upper().replace(" ", "_"))
        finding = self.deliver(service, orca_alert("docs-2", account="300000000112", bucket="acme-scans", documents=[note]), "orca")
        clinical = service.settled(finding)["dossier"]["classification"]
        self.assertEqual(clinical["primary_class"], "PHI")

    def test_a_configured_taxonomy_names_the_domain(self):
        service = self.start({"domains": [{"name": "Claims handling", "words": ["claim", "policyholder"]}]})
        finding = self.deliver(service, wiz_issue("tax-1", account="300000000121", bucket="sandbox-claims",
                                                  columns=["claim_id", "policyholder_email"]), "wiz")
        self.assertEqual(service.settled(finding)["dossier"]["classification"]["domain"], "Claims handling")


class CorrectionTest(ClassificationCase):
    def test_an_edit_of_the_whole_payload_is_learned_for_the_next_like_store(self):
        service = self.start()
        finding, dossier = self.classified(service, store("sandbox-one", ["email", "blorp_code"]))
        self.assertEqual(dossier["classification"]["primary_class"], "PII")
        draft = self.tags(service, finding)
        path = f"/v1/drafts/{draft['id']}"
        flat = {**draft["payload"]["flat"], "data_classification": "PHI, PII", "regulatory_framework": "HIPAA"}
        self.assertEqual(service.request("PATCH", path, {"payload": flat, "title": "x"})[0], 400)
        self.assertEqual(service.request("PATCH", path, {"payload": flat, "fields": []})[0], 400)
        status, _, edited = service.request("PATCH", path, {"payload": flat}, token=TOKENS["approver"])
        self.assertEqual((status, edited["payload"]["flat"]), (200, flat), edited)
        followed = self.until(service, finding, lambda d: d["classification"]["primary_class"] == "PHI", "the correction")
        self.assertEqual(followed["classification"]["frameworks"], ["HIPAA"])
        self.assertEqual(service.request("PATCH", path, {"payload": flat, "content_hash": draft["content_hash"]})[0], 409)
        service.post(path + "/approve", {"comment": "now it is"})
        [record] = self.audit(service, "classification.corrected", finding_id=finding)
        self.assertEqual(sorted(one["classes"] for one in record["corrections"]), [["HIPAA"], ["PHI", "PII"]])
        service.restart()
        like, later = self.classified(service, store("sandbox-two", ["BlorpCode", "Email"]))
        found = later["classification"]
        self.assertEqual((found["classes"], found["frameworks"], found["sensitivity"]), (["PHI", "PII"], ["HIPAA"], "restricted"))
        self.assertRegex(found["correction"]["why"], r"^corrected by .+ on \d{4}-\d\d-\d\d$")
        flat = self.tags(service, like)["payload"]["flat"]
        self.assertEqual((flat["data_classification"], flat["regulatory_framework"]), ("PHI, PII", "HIPAA"))
        _, other = self.classified(service, store("sandbox-three", ["email", "blorp_code", "phone"]))
        self.assertEqual(other["classification"]["primary_class"], "PII", "one field more is another store")

    def test_a_refused_edit_teaches_nothing(self):
        service = self.start()
        finding, _ = self.classified(service, store("sandbox-four", ["email", "zork_no"]))
        draft = self.tags(service, finding)
        service.post(f"/v1/drafts/{draft['id']}/reject", {"comment": "no"})
        flat = {**draft["payload"]["flat"], "data_classification": "PHI"}
        for body in ({"payload": flat}, {"fields": [{"name": "zork_no", "classes": ["GOVERNMENT_ID"]}]}):
            self.assertEqual(service.request("PATCH", f"/v1/drafts/{draft['id']}", body)[0], 409, body)
        _, later = self.classified(service, store("sandbox-five", ["email", "zork_no"]))
        self.assertEqual(later["classification"]["primary_class"], "PII")
        self.assertEqual(self.fields(later)["zork_no"]["classes"], [])
        self.assertEqual(self.audit(service, "classification.corrected"), [])


class ModelTest(ClassificationCase):
    PRICE = {"input": 10, "output": 100}

    def answer(self, evidence):
        if evidence and "column" in evidence[0]:
            return {"fields": [{"id": "F1", "classes": ["LOCATION"], "confidence": 0.9, "why": "its neighbours"}]}
        known = next(one for one in evidence if "was classified as" in one["statement"])
        self.shown.append(known["statement"])
        return {"summary": known["statement"], "summary_evidence": [known["id"]],
                "sentences": [{"text": known["statement"], "evidence": [known["id"]]}]}

    def test_what_a_model_was_asked_is_paid_for_once_and_the_narrative_may_cite_the_result(self):
        self.shown = []
        llm = self.watch(Llm(self.answer))
        service = self.serve(default_config(sources=[GENERIC], routes=CLASSIFY, classification={"steward": STEWARD},
                                            llm={"providers": [llm.config(price=self.PRICE)]}))
        finding, dossier = self.classified(service, store("opaque", ["zqx7", "email"]))
        each = (900 * self.PRICE["input"] + 200 * self.PRICE["output"]) / 1e6
        self.assertEqual(dossier["classification"]["cost"]["calls"], 1)
        self.assertEqual(dossier["narrative"]["cost"]["calls"], 1, dossier["narrative"]["notes"])
        self.assertEqual((dossier["cost"]["calls"], dossier["cost"]["prompt_tokens"]), (2, 1800))
        self.assertAlmostEqual(dossier["cost"]["usd"], 2 * each)
        bill = {one["purpose"]: one for one in service.get("/v1/reports/costs")["items"]}
        self.assertEqual({purpose: one["calls"] for purpose, one in bill.items()}, {"classification": 1, "narrative": 1})
        self.assertAlmostEqual(bill["classification"]["usd"], each)
        narrative = dossier["narrative"]
        self.assertEqual((narrative["author"], narrative["grounding_score"]), ("llm", 1.0), narrative["removed"])
        self.assertRegex(self.shown[0], r"^The store was classified as PII of \w+ sensitivity, in the domain ")
        # Another revision takes the classification over: it was paid once.
        service.post(f"/v1/findings/{finding}/replay", {"from": "explain"}, expect=202)
        again = self.until(service, finding, lambda d: d["narrative"] and d["cost"]["calls"] >= 2 and
                           len(d["earlier_narratives"]) == 1, "the replay")
        self.assertEqual(again["cost"]["calls"], len(llm.requests()), again["cost"])


if __name__ == "__main__":
    unittest.main()
