"""How a record is filed in ServiceNow: group, weight, files, and the ways to log in."""

import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import yaml  # noqa: E402
from harness import generic_event  # noqa: E402
from standins.servicenow import CLIENT_ID, CLIENT_SECRET, ServiceNow  # noqa: E402
from standins.stand_in import Call, Refusal  # noqa: E402
from tracker_steps import TrackerCase, tracker_config  # noqa: E402

FILE = "/api/now/attachment/file"
OAUTH = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


class FilingTest(TrackerCase):
    def setUp(self):
        self.now = self.watch(ServiceNow())

    def start(self, group="payments-oncall", **sink):
        """@param group what the CMDB names as the support group"""
        service = self.serve(tracker_config(self.now.config(timeout="5s", **sink)), start=False)
        cmdb = yaml.safe_load((service.dir / "cmdb.yaml").read_text())
        item = {"match": {"name": "sorted-*"}, "business_unit": "Payments", "owner": "alice", "support_group": group}
        service.write_file("cmdb.yaml", {"items": [item] + cmdb["items"]})
        return service.start()

    def handed_over(self, service, **event):
        finding = self.deliver(service, generic_event(bucket="sorted-bucket", **event))
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        return self.now.all()[-1]

    def test_the_support_group_of_the_cmdb_gets_the_approved_record(self):
        service = self.start()
        finding = self.deliver(service, generic_event(bucket="sorted-bucket"))
        dossier = self.ticketed(service, finding)
        self.assertFalse(self.now.all()[0].get("assignment_group"), "a draft is nobody's yet")
        self.approve(service, dossier)
        self.posted(service, finding)
        record, = self.now.all()
        self.assertEqual(record["assignment_group"], self.now.group("payments-oncall"))
        self.assertEqual(record["assigned_to"], self.now.user("alice@acme.example"))

    def test_a_group_that_is_unknown_retired_or_no_name_is_said_in_a_note(self):
        for group in ("payments-on", "retired", "x^ORname=payments-oncall"):
            with self.subTest(group):
                service = self.start(group)
                record = self.handed_over(service)
                self.assertFalse(record.get("assignment_group"))
                self.assertTrue(record["assigned_to"])
                said = [note for note in self.now.notes(record) if "support group" in note]
                self.assertEqual(len(said), 1, self.now.notes(record))
                service.close()

    def test_a_query_that_is_ignored_files_under_nobody_elses_group(self):
        self.now.hidden_columns = {"name", "active"}
        service = self.start()
        self.assertFalse(self.handed_over(service).get("assignment_group"))

    def test_weights_and_columns_follow_the_configuration(self):
        service = self.start(impact={"critical": "3"}, urgency={"critical": "2"},
                             fields={"category": "{{finding.type}}", "subcategory": "{{owner.cost_center|none}}"})
        self.ticketed(service, self.deliver(service, generic_event(bucket="sorted-bucket", severity="critical")))
        record, = self.now.all()
        self.assertEqual((record["impact"], record["urgency"]), ("3", "2"))
        self.assertTrue(record["category"])
        self.assertEqual(record["subcategory"], "none")
        self.assertNotIn("priority", record, "computed by ServiceNow from the two")
        self.assertEqual(record["correlation_display"], "dossier")

    def test_files_stay_single_over_every_kind_of_fault(self):
        for kind in ("drop", "lost", "half", "error"):
            with self.subTest(kind):
                self.now.attachments.clear()
                self.now.fault(kind, "POST", FILE)
                service = self.start()
                record = self.handed_over(service)
                # The text is longer than a column: the whole of it comes as a file beside the evidence.
                service.wait_for(lambda: len(self.audit(service, "ticket.enclosed")) == 2, 30, "the files")
                names = sorted(one["file_name"].split("-")[1] for one in self.now.attachments)
                self.assertEqual(names, ["evidence", "text"])
                self.assertEqual({one["table_sys_id"] for one in self.now.attachments}, {record["sys_id"]})
                service.close()

    def test_oauth_tokens_are_renewed_when_they_are_refused(self):
        for grant in ("client_credentials", "password"):
            with self.subTest(grant):
                self.now.grants.clear()
                login = {} if grant == "password" else {"user": "", "password": ""}
                service = self.start(oauth={"grant": grant, **OAUTH}, **login)
                finding = self.deliver(service, generic_event(bucket="sorted-bucket"))
                dossier = self.ticketed(service, finding)
                self.assertEqual(set(self.now.grants), {grant})
                self.now.tokens.clear()
                self.approve(service, dossier)
                self.posted(service, finding)
                self.assertGreaterEqual(len(self.now.grants), 2)
                self.assertTrue(self.now.all()[-1]["assigned_to"])
                self.assertTrue(all(call.headers["authorization"].startswith("Bearer ")
                                    for call in self.now.calls("PATCH")[-1:]))
                service.close()

    def test_the_token_endpoint_refuses_what_it_should(self):
        form = urllib.parse.urlencode({"grant_type": "password", "username": "svc-dossier", **OAUTH}).encode()
        with self.assertRaises(Refusal):
            self.now.grant(Call("POST", "/oauth_token.do", {}, {"content-type": "application/x-www-form-urlencoded"}, form))


if __name__ == "__main__":
    unittest.main()
