"""Drafted policies: in the dossier, asked for by the API and the command line, reviewed, handed over, and never applied."""

import contextlib
import json
import re
import subprocess
import tempfile
import unittest

from harness import ACCOUNT, SLOW, TOKENS, Service, default_config, generic_event
from service_case import ServiceCase
from standins import aws
from standins.aws import Aws, allow
from standins.jira import Jira


def proposals(dossier):
    return {one["id"]: one for one in dossier["assessment"]["policies"]}


class PoliciesOfAReportedBucket(ServiceCase):
    """Nobody can read the bucket's policy here: what is drafted rests on the finding."""

    def finding(self, number):
        id_ = self.created("generic", generic_event(f"P-{number}", bucket=f"acme-open-{number}"))
        return id_, self.service.settled(id_, 30)["dossier"]

    def post(self, body, role="analyst"):
        return self.service.request("POST", "/v1/policies", body=body, token=TOKENS[role])

    def test_the_dossier_carries_drafts_with_their_table(self):
        _, dossier = self.finding(1)
        policy = proposals(dossier)["s3-bucket-policy"]
        self.assertEqual((policy["effect"], policy["proof"]), ("closes", "proven"))
        self.assertIn("dossier", policy["evaluator"])
        self.assertTrue(any("could not be read" in one for one in policy["assumptions"]), policy["assumptions"])
        self.assertEqual({text["language"] for text in policy["texts"]}, {"json", "hcl", "bash"})
        anyone = next(row for row in policy["reach"] if row["who"].startswith("anyone") and row["deed"] == "read objects")
        self.assertEqual((anyone["before"], anyone["after"]), ("allowed", "denied"))
        document = json.loads(next(text["text"] for text in policy["texts"] if text["language"] == "json"))
        for statement in document["Statement"]:
            if statement["Effect"] == "Deny":
                self.assertEqual(statement["Resource"], ["arn:aws:s3:::acme-open-1", "arn:aws:s3:::acme-open-1/*"])
        body = dossier["draft"]["body"]
        self.assertIn("Policy draft", body)
        self.assertIn("| Who | What | Before | After | Why |", body)
        self.assertEqual(body.count("| Who | What |"), 1, "the first draft alone is written out")
        self.assertIn("Further drafts", body)

    def test_asking_makes_drafts_once_and_approving_only_hands_the_text_over(self):
        id_, dossier = self.finding(2)
        status, _, answer = self.post({"finding_id": id_})
        self.assertEqual(status, 201, answer)
        self.assertGreaterEqual(len(answer["drafts"]), 2)
        draft = answer["drafts"][0]
        self.assertEqual((draft["kind"], draft["state"], draft["sink"], draft["approval"]),
                         ("policy", "pending", "outbox", "before_create"))
        self.assertIn("A draft for review", draft["body"])
        again = self.post({"finding_id": id_})[2]
        self.assertEqual({one["id"] for one in again["drafts"]}, {one["id"] for one in answer["drafts"]})
        listed = self.service.get(f"/v1/drafts?dossier_id={dossier['id']}")["items"]
        self.assertEqual(sum(one["kind"] == "ticket" for one in listed), 1, "the finding's ticket is one, as before")

        approved = self.service.request("POST", f"/v1/drafts/{draft['id']}/approve", body={}, token=TOKENS["approver"])
        self.assertEqual(approved[0], 200, approved[2])
        posted = self.service.wait_for(
            lambda: (one := self.service.get(f"/v1/drafts/{draft['id']}"))["state"] == "posted" and one, 20, "posted")
        self.assertEqual(posted["ticket"]["sink"], "outbox")
        self.assertEqual(posted["content_hash"], draft["content_hash"])
        ticket = self.service.get(f"/v1/findings/{id_}")["dossier"]
        self.assertIsNone(ticket["ticket"], "the dossier's own ticket still waits for its decision")
        second = self.service.request("POST", f"/v1/drafts/{draft['id']}/approve", body={}, token=TOKENS["approver"])
        self.assertEqual(second[0], 409)
        audit = self.service.get(f"/v1/audit?dossier_id={dossier['id']}&action=policy.delivered")["items"]
        self.assertEqual(len(audit), 1)
        self.assertTrue(self.service.get("/v1/audit/verify")["ok"])

    def test_who_decides_on_one_that_was_asked_for_follows_owner_and_route(self):
        rules = [{"when": {"kind": ["policy"], "owner": ["alice@*"], "route": ["everything"]}, "roles": ["legal"]}]
        routes = [{"name": "everything", "when": {}, "do": "ticket"}]
        service = Service(default_config(approval={"rules": rules}, routes=routes))
        self.addCleanup(service.close)
        service.start()
        id_ = service.send("generic", generic_event("P-rules", bucket="acme-payments-rules"))["findings"][0]["id"]
        service.settled(id_, 30)
        draft = service.request("POST", "/v1/policies", body={"finding_id": id_}, token=TOKENS["analyst"])[2]["drafts"][0]
        status, _, answer = service.request("POST", f"/v1/drafts/{draft['id']}/approve", body={},
                                            token=TOKENS["approver"])
        self.assertEqual(status, 403, answer)
        self.assertIn("the role legal", answer["detail"])

    def test_bad_questions_are_refused_with_a_reason(self):
        for body, status, detail in [({}, 400, "give finding_id"), ({"finding_id": "fnd_none"}, 404, ""),
                                     ({"finding_id": 7}, 400, "must be a string"), ({"inventory": []}, 400, "list of stores"),
                                     ({"inventory": [{"type": "x"}]}, 400, "neither id nor name"),
                                     ({"finding_id": "x", "inventory": "findings"}, 400, "give finding_id"),
                                     ({"inventory": [{"name": "a", "cloud": "snowflake"}], "sink": "nowhere"}, 400, "nowhere"),
                                     ({"finding_id": "x", "apply": True}, 400, "unknown member")]:
            with self.subTest(body=body):
                self.refused(status, self.post(body), detail)
        self.refused(403, self.post({"inventory": "findings"}, role="viewer"))

    def test_an_inventory_gets_one_draft_for_each_group(self):
        inventory = [
            {"name": "CUSTOMER_2018", "type": "table", "cloud": "snowflake", "environment": "prod", "data_classes": ["pii"],
             "archived": True, "date_column": "CLOSED_AT", "owner": "dana@acme.example"},
            {"name": "CUSTOMER_2019", "type": "table", "cloud": "snowflake", "environment": "prod", "data_classes": ["pii"],
             "archived": True, "date_column": "CLOSED_AT", "owner": "dana@acme.example"},
            {"name": "dump", "type": "blob container", "cloud": "azure", "location": "westeurope",
             "id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/acme/blobServices/default/containers/dump"},
            {"name": "| x |\n# y", "type": "volume", "cloud": "oci"}]
        status, _, answer = self.post({"inventory": inventory})
        self.assertEqual(status, 201, answer)
        self.assertEqual(len(answer["drafts"]), 2)
        self.assertEqual(len(answer["refused"]), 1)
        snowflake = answer["drafts"][0]
        self.assertIn("2 archived stores in snowflake", snowflake["title"])
        for part in ('ALTER TABLE "CUSTOMER_2018" ADD STORAGE LIFECYCLE POLICY', 'ON ("CLOSED_AT")', "GDPR Art. 5(1)(e)",
                     "dana@acme.example", "**Unproven**", "2190 days"):
            self.assertIn(part, snowflake["body"].replace("\\", ""))
        self.assertIn('"daysAfterModificationGreaterThan": 730', answer["drafts"][1]["body"])
        self.service.request("POST", f"/v1/drafts/{snowflake['id']}/approve", body={}, token=TOKENS["approver"])
        self.service.wait_for(lambda: self.service.get(f"/v1/drafts/{snowflake['id']}")["state"] == "posted", 20, "posted")
        dossier = self.service.get(f"/v1/dossiers/{answer['dossier_id']}")
        self.assertEqual(dossier["dossier"]["findings"] if "dossier" in dossier else dossier["findings"], [])

    def test_the_command_line_asks_the_same(self):
        id_, _ = self.finding(3)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([{"name": "logs", "type": "bucket", "cloud": "gcp", "data_classes": ["pii"]}], file)
            file.flush()
            for args, says in [(["draft", id_], "Policy draft for acme-open-3"), (["draft", "--inventory", file.name], "1 active store in gcs"),
                               (["draft", "--findings"], "s3")]:
                with self.subTest(args=args):
                    done = subprocess.run([self.service.binary, "policies", *args, "--url", f"http://127.0.0.1:{self.service.port}",
                                           "--token", TOKENS["analyst"]], capture_output=True, text=True, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(says, done.stdout)
        done = subprocess.run([self.service.binary, "policies", "draft"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("give a finding", done.stderr)


class PoliciesOfALiveBucket(unittest.TestCase):
    """AWS answers: the draft mends the policy that is there."""

    def setUp(self):
        self.aws = Aws()
        self.addCleanup(self.aws.shut)

    def start(self, **more):
        config = default_config(identity=[self.aws.provider()], cmdb=[], context={"timeout": f"{int(60 * SLOW)}s"}, **more)
        self.service = Service(config)
        self.addCleanup(self.service.close)
        self.service.start()

    def dossier_of(self, bucket):
        answer = self.service.send("generic", generic_event(f"L-{bucket}", bucket=bucket, labels=[]))
        return self.service.settled(answer["findings"][0]["id"], 60)["dossier"]

    def test_it_keeps_what_is_shared_on_purpose_and_the_owner(self):
        self.aws.role("app", allow("s3:GetObject", "arn:aws:s3:::live/*"))
        role = f"arn:aws:iam::{ACCOUNT}:role/app"
        partner = "arn:aws:iam::222233334444:role/partner"
        self.aws.bucket("live", policy=aws.policy(
            allow("s3:GetObject", "arn:aws:s3:::live/*", Sid="Public", Principal="*"),
            allow("s3:GetObject", "arn:aws:s3:::live/*", Sid="Partner", Principal={"AWS": partner})), public=True)
        self.start()
        dossier = self.dossier_of("live")
        self.assertIn('"Public"', dossier["context"]["store_policy"]["document"])
        policy = proposals(dossier)["s3-bucket-policy"]
        self.assertEqual((policy["effect"], policy["proof"]), ("closes", "proven"))
        self.assertFalse(any("could not be read" in one for one in policy["assumptions"]), policy["assumptions"])
        document = json.loads(next(text["text"] for text in policy["texts"] if text["language"] == "json"))
        by_sid = {one["Sid"]: one for one in document["Statement"]}
        self.assertEqual(by_sid["Partner"]["Principal"], {"AWS": partner})
        if "Public" in by_sid:
            self.assertEqual(by_sid["Public"]["Principal"], {"AWS": role})
        self.assertNotIn('"Principal": "*", "Effect": "Allow"', json.dumps(document))
        owner = [row for row in policy["reach"] if row["is_owner"]]
        self.assertTrue(owner and all(row["after"] == "allowed" for row in owner), policy["reach"])
        self.assertEqual(self.aws.complaints, [])
        self.assertFalse([one for one in self.aws.actions() if re.search(r":(Put|Create|Delete|Update|Attach)", one)],
                         "nothing is ever changed in the cloud")

    def test_a_policy_that_locks_the_owner_out_is_not_offered_as_closing(self):
        self.aws.bucket("locked", policy=aws.policy(
            allow("s3:GetObject", "arn:aws:s3:::locked/*", Sid="Public", Principal="*"),
            {"Sid": "DenyOthers", "Effect": "Deny", "NotPrincipal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/gone"},
             "Action": "s3:*", "Resource": ["arn:aws:s3:::locked", "arn:aws:s3:::locked/*"]}), public=True)
        self.start()
        policies = proposals(self.dossier_of("locked"))
        self.assertEqual(policies["s3-bucket-policy"]["effect"], "fails")
        self.assertIn("locked out", policies["s3-bucket-policy"]["verdict"])


class PoliciesByRoute(unittest.TestCase):
    def test_a_route_may_ask_for_them_and_each_has_a_ticket_of_its_own(self):
        with contextlib.ExitStack() as stack:
            jira = Jira()
            stack.callback(jira.shut)
            config = default_config(
                routes=[{"name": "open", "when": {}, "do": "ticket", "sink": "outbox", "policy_drafts": True}],
                tickets={"sinks": [{"name": "outbox", "kind": "outbox"}, jira.config()]})
            with Service(config) as service:
                sent = service.send("generic", generic_event("R-1", bucket="acme-routed"))
                id_ = sent["findings"][0]["id"]
                dossier = service.settled(id_, 30)["dossier"]
                drafts = [one for one in service.get(f"/v1/drafts?dossier_id={dossier['id']}")["items"] if one["kind"] == "policy"]
                self.assertGreaterEqual(len(drafts), 2)
                self.assertEqual({(one["sink"], one["state"]) for one in drafts}, {("outbox", "pending")})
                asked = service.request("POST", "/v1/policies", body={"finding_id": id_}, token=TOKENS["analyst"])[2]
                self.assertEqual({one["id"] for one in asked["drafts"]}, {one["id"] for one in drafts})
                # Delivered again unchanged, nothing is drafted twice.
                service.send("generic", generic_event("R-1", bucket="acme-routed"))
                # An inventory's draft goes to the tracker, once approved.
                made = service.request("POST", "/v1/policies", token=TOKENS["analyst"], body={
                    "sink": "jira", "inventory": [{"name": "old", "type": "bucket", "cloud": "aws", "data_classes": ["phi"]},
                                                  {"name": "dump", "type": "table", "cloud": "snowflake", "data_classes": ["pii"], "archived": True}]})[2]
                self.assertEqual(len(made["drafts"]), 2)
                self.assertEqual(len(jira.issues), 0, "nothing leaves before a person has read it")
                for draft in made["drafts"]:
                    service.request("POST", f"/v1/drafts/{draft['id']}/approve", body={}, token=TOKENS["approver"])
                keys = {service.wait_for(lambda one=draft: (got := service.get(f"/v1/drafts/{one['id']}"))["state"] == "posted" and got, 30,
                                         "posted")["ticket"]["key"] for draft in made["drafts"]}
                self.assertEqual(len(keys), 2, "one ticket each")
                self.assertEqual(len(jira.issues), 2)
                again = [one for one in service.get(f"/v1/drafts?dossier_id={dossier['id']}")["items"] if one["kind"] == "policy"]
                self.assertEqual(len(again), len(drafts))


if __name__ == "__main__":
    unittest.main()
