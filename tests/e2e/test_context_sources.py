"""Identity and CMDB over the network: what stands in the dossier and where it is from, outages, and how few calls it
takes for many findings."""

import re
import unittest

from harness import SLOW, Service, default_config, generic_event
from standins.backstage import Backstage, entity
from standins.http_cmdb import HttpCmdb
from standins.servicenow_cmdb import CLIENT, SECRET, ServiceNowCmdb

BUCKET = "acme-phi"
ARN = f"arn:aws:s3:::{BUCKET}"
POLICY = """# Handling of personal data

## Storage

Personal data must never lie in a publicly readable bucket. Exceptions need the data protection officer.

## Lunch

The canteen opens at noon.
"""


class ContextCase(unittest.TestCase):
    def start(self, stand_ins=(), **sections):
        config = default_config(identity=[], **sections)
        service = Service(config)
        self.addCleanup(service.close)
        for name, content in getattr(self, "files", {}).items():
            service.write_file(name, content)
        self.stand_ins = stand_ins
        for one in stand_ins:
            self.addCleanup(one.shut)
        return service.start()

    def tearDown(self):
        for one in self.stand_ins:
            self.assertEqual(one.complaints, [])

    def dossier(self, service, event_id, bucket=BUCKET, **event):
        payload = generic_event(event_id, bucket=bucket, **event)
        finding = service.send("generic", payload)["findings"][0]["id"]
        return service.settled(finding)["dossier"]


class Values(ContextCase):
    def test_servicenow_tells_owner_service_and_group_by_either_way_in(self):
        for credentials in ({}, {"user": "", "password": "", "client_id": CLIENT, "client_secret": SECRET},
                            {"client_id": CLIENT, "client_secret": SECRET}):
            with self.subTest(credentials=sorted(credentials)):
                snow = ServiceNowCmdb()
                service_id = snow.add("cmdb_ci_service", name="Ledger", busines_criticality="1 - most critical")
                retired = {"operational_status": "6", "sys_updated_on": "2026-05-05 10:00:00"}
                snow.add("cmdb_ci", name=BUCKET, object_id=ARN, **retired)
                ci = snow.add("cmdb_ci", name=BUCKET, object_id=ARN, owned_by=snow.person("Alice A", "alice@acme.example"),
                              support_group=snow.named("sys_user_group", "Payments Ops"), operational_status="1",
                              department=snow.named("cmn_department", "Payments"), environment="Production")
                snow.add("svc_ci_assoc", ci_id=ci, service_id=service_id)
                snow.add("cmdb_ci", name="printer")
                service = self.start([snow], cmdb=[snow.config(**credentials)])
                dossier = self.dossier(service, "S-1")
                asset = dossier["context"]["asset"]
                self.assertEqual([asset["application"], asset["business_unit"], asset["criticality"],
                                  asset["environment"], asset["owner"], asset["support_group"], asset["origin"]],
                                 ["Ledger", "Payments", "critical", "prod", "alice@acme.example", "Payments Ops",
                                  "cmdb:snow"])
                self.assertIn("in operation of 2 rows", asset["rule"])
                self.assertEqual([dossier["owner"]["email"], dossier["owner"]["name"]], ["alice@acme.example", "Alice A"])
                self.assertEqual(dossier["context"]["gaps"], [])
                self.assertEqual(snow.complaints, [])

    def test_a_resource_that_servicenow_does_not_know_gets_no_other_row(self):
        snow = ServiceNowCmdb()
        for i in range(30):
            snow.add("cmdb_ci", name=f"printer-{i}", object_id=f"arn:aws:s3:::printer-{i}")
        service = self.start([snow], cmdb=[snow.config()])
        self.assertIsNone(self.dossier(service, "S-1")["context"]["asset"])
        # An ACL hides the columns: every row comes back, none is taken, and the gap says what is missing.
        snow.hidden_columns = {"object_id", "correlation_id", "name"}
        dossier = self.dossier(service, "S-2", bucket="another")
        self.assertIsNone(dossier["context"]["asset"])
        self.assertIn("must be able to read and query object_id", dossier["context"]["gaps"][0]["reason"])

    def test_a_name_that_is_a_query_stays_a_name(self):
        snow = ServiceNowCmdb()
        snow.add("cmdb_ci", name="payroll", object_id="arn:aws:s3:::payroll", environment="Production")
        service = self.start([snow], cmdb=[snow.config()])
        dossier = self.dossier(service, "S-1", bucket="x^NQnameISNOTEMPTY")
        self.assertIsNone(dossier["context"]["asset"])
        self.assertEqual(snow.calls("GET"), [])

    def test_an_expired_token_is_renewed(self):
        snow = ServiceNowCmdb(token_life=3600)
        snow.add("cmdb_ci", name="one", environment="Production")
        snow.add("cmdb_ci", name="two", environment="Production")
        service = self.start([snow], cmdb=[snow.config(client_id=CLIENT, client_secret=SECRET)])
        self.assertEqual(self.dossier(service, "S-1", bucket="one")["context"]["environment"], "prod")
        snow.tokens.clear()  # revoked there, though it has an hour to live
        self.assertEqual(self.dossier(service, "S-2", bucket="two")["context"]["environment"], "prod")
        self.assertEqual(len(snow.calls("POST", "/oauth_token.do")), 2)

    def test_backstage_tells_the_owner_by_relation(self):
        catalog = Backstage(page=2)
        catalog.entities = [
            *[entity("Resource", f"a-{i}", annotations={"amazonaws.com/arn": ARN + "x"}) for i in range(3)],
            entity("Resource", "phi-store", annotations={"amazonaws.com/arn": ARN}, spec={"owner": "typed-by-hand"},
                   labels={"acme.example/tier": "1"},
                   relations=[("ownedBy", "group:default/payments"), ("partOf", "system:default/ledger")]),
            entity("Group", "payments", spec={"profile": {"displayName": "Payments", "email": "payments@acme.example"}},
                   relations=[("hasMember", "user:default/alice"), ("hasMember", "user:default/bob")]),
            entity("System", "ledger", title="Ledger", relations=[("partOf", "domain:default/finance")]),
            entity("Domain", "finance", title="Finance")]
        service = self.start([catalog], cmdb=[catalog.config()])
        dossier = self.dossier(service, "B-1")
        asset = dossier["context"]["asset"]
        self.assertEqual([asset["application"], asset["business_unit"], asset["criticality"], asset["owner"],
                          asset["support_group"], asset["origin"]],
                         ["Ledger", "Finance", "critical", "payments@acme.example", "Payments", "backstage"])
        self.assertEqual(dossier["owner"]["email"], "payments@acme.example")

    def test_a_rest_cmdb_by_template_and_map(self):
        cmdb = HttpCmdb()
        cmdb.items[ARN] = {"bu": "Clinical", "app": "Trials", "env": "prd", "tier": 1, "owner": "efua@acme.example",
                           "oncall": "clinical-oncall"}
        service = self.start([cmdb], cmdb=[cmdb.config()])
        dossier = self.dossier(service, "H-1")
        self.assertEqual(dossier["context"]["asset"]["business_unit"], "Clinical")
        self.assertEqual(dossier["context"]["environment"], "prod")
        self.assertEqual(dossier["owner"]["email"], "efua@acme.example")
        self.assertIsNone(self.dossier(service, "H-2", bucket="unknown")["context"]["asset"])

    def test_company_policies_are_quoted_with_their_place(self):
        self.files = {"policies/data/personal.md": POLICY, "policies/broken.yaml": "a: [", "policies/scan.pdf": "%PDF-1.7"}
        service = Service(default_config(context={"policies": ["policies"]}))
        self.addCleanup(service.close)
        self.stand_ins = []
        for name, content in self.files.items():
            service.write_file(name, content)
        service.start()
        facts = self.dossier(service, "P-1")["context"]["policies"]
        self.assertEqual([[fact["kind"], fact["origin"]] for fact in facts],
                         [["company", "policies:data/personal.md#Handling of personal data / Storage"]])
        self.assertEqual(facts[0]["statement"], "Personal data must never lie in a publicly readable bucket.")
        service.write_file("policies/data/personal.md", POLICY.replace("must never lie", "may not be kept"))
        changed = service.wait_for(
            lambda: [fact for fact in self.dossier(service, f"P-{service.log_path.stat().st_size}", bucket="b")["context"]
                     ["policies"] if "may not be kept" in fact["statement"]], 15, "the new text")
        self.assertEqual(len(changed), 1)


class Faults(ContextCase):
    def test_an_outage_is_a_gap_and_an_old_answer_says_its_age(self):
        cmdb = HttpCmdb()
        cmdb.items[ARN] = {"bu": "Clinical"}
        service = self.start([cmdb], cmdb=[cmdb.config(cache_ttl="100ms")])
        self.assertEqual(self.dossier(service, "F-1")["context"]["asset"]["business_unit"], "Clinical")
        cmdb.shut()
        service.wait_for(lambda: [gap for gap in self.dossier(service, f"F-{service.log_path.stat().st_size}",
                                                              title="Bucket is not encrypted")["context"]["gaps"]
                                  if "stands in" in gap["reason"]], 15, "an answer that has expired")
        old = self.dossier(service, "F-old", title="Bucket has no access log")
        self.assertEqual(old["context"]["asset"]["business_unit"], "Clinical")
        self.assertRegex(old["context"]["gaps"][0]["reason"], r"its answer of \d+ s ago stands in")
        never = self.dossier(service, "F-never", bucket="never-seen")
        self.assertIsNone(never["context"]["asset"])
        self.assertEqual([gap["source"] for gap in never["context"]["gaps"]], ["cmdb:assets"])
        self.assertTrue(never["ticket"] or never["draft"], "nothing waits for a CMDB")

    def test_wrong_credentials_are_a_gap_that_says_so(self):
        catalog = Backstage()
        service = self.start([catalog], cmdb=[catalog.config(token="wrong")])
        gap = self.dossier(service, "F-1")["context"]["gaps"][0]
        self.assertEqual(gap["source"], "cmdb:backstage")
        self.assertIn("refused the credentials", gap["reason"])
        self.assertNotIn("wrong", service.log_text())


class Budgets(ContextCase):
    FINDINGS, OWNERS = 1_000 if SLOW == 1 else 200, 10

    def events(self):
        return [generic_event(f"N-{i}", bucket=f"store-{i:04}") for i in range(self.FINDINGS)]

    def test_a_thousand_findings_of_ten_owners_take_a_handful_of_calls(self):
        snow, account = ServiceNowCmdb(), HttpCmdb()
        owners = [snow.person(f"Owner {i}", f"owner{i}@acme.example") for i in range(self.OWNERS)]
        for i in range(self.FINDINGS):
            snow.add("cmdb_ci", name=f"store-{i:04}", object_id=f"arn:aws:s3:::store-{i:04}", environment="Production",
                     owned_by=owners[i % self.OWNERS])
        account.items["111122223333"] = {"bu": "Payments"}
        by_account = account.config(url=account.url + "/v2/items?account={resource.account}")
        service = self.start([snow, account], cmdb=[snow.config(), by_account],
                             context={"timeout": "60s"})  # the stand-in compares a thousand rows a question, in turn
        events = self.events()
        for begin in range(0, len(events), 200):
            service.send("generic", events[begin:begin + 200])
        service.wait_for(lambda: re.search(r"^dossier_queue_depth 0$", service.get("/metrics"), re.M), 60, "all of them")
        found = service.items("/v1/dossiers")
        self.assertEqual(len(found), self.FINDINGS)
        lost = [one["context"] for one in found if one["context"]["gaps"] or not one["context"]["owner"]["email"]]
        self.assertEqual(lost[:1], [], f"{len(lost)} of them lack something")
        self.assertEqual({one["context"]["owner"]["email"] for one in found},
                         {f"owner{i}@acme.example" for i in range(self.OWNERS)})
        by_table = {name: len(snow.calls("GET", f"/api/now/table/{name}")) for name in snow.tables}
        self.assertLessEqual(by_table["cmdb_ci"], max(20, self.FINDINGS // 10), by_table)
        self.assertLessEqual(by_table["sys_user"], self.OWNERS, by_table)
        self.assertEqual(len(account.calls("GET")), 1, "one account is one question")
        metrics = service.get("/metrics")
        self.assertRegex(metrics, r'dossier_context_cache_total\{outcome="miss",source="cmdb:assets"\} 1\n')
        print(f"\n{self.FINDINGS} findings of {self.OWNERS} owners: {by_table}")

    def test_a_rate_is_kept(self):
        cmdb = HttpCmdb()
        service = self.start([cmdb], cmdb=[cmdb.config(rate="20/s")], context={"timeout": "10s"})
        service.send("generic", self.events()[:50])
        service.wait_for(lambda: len(cmdb.calls("GET")) == 50, 20, "all questions")
        times = sorted(call.at for call in cmdb.calls("GET"))
        self.assertGreaterEqual(times[-1] - times[0], 1.2, "twenty at once, the rest at twenty a second")


if __name__ == "__main__":
    unittest.main()
