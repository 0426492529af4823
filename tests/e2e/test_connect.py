"""`dossier check --connect`: what can be reached, which credentials are refused, which permission is missing."""

import re
import unittest

from harness import Service, default_config
from standins.jira import Jira, field
from standins.jira_datacenter import JiraDataCenter
from standins.llm import Llm
from standins.service_bus import ServiceBus
from standins.servicenow import ServiceNow
from standins.sqs import Sqs


class Connect(unittest.TestCase):
    def setUp(self):
        self.jira, self.snow, self.llm = Jira(), ServiceNow(), Llm()
        for one in (self.jira, self.snow, self.llm):
            self.addCleanup(one.shut)

    def check(self, *, sinks=None, providers=None, **more):
        """(exit code, {what: (result, rest of the line)}, all output) of a run that writes nowhere."""
        config = default_config(
            tickets={"sinks": sinks if sinks is not None else [self.jira.config(), self.snow.config(),
                                                               {"name": "outbox", "kind": "outbox"}]},
            llm={"providers": providers if providers is not None else [self.llm.config()]},
            routes=[{"name": "rest", "do": "digest"}], **more)
        service = Service(config)
        self.addCleanup(service.close)
        ran = service.cli("check", "-c", service.config_path, "--connect")
        rows = {}
        for line in ran.stdout.splitlines():
            if match := re.match(r"(\S+\]\S*)\s{2,}(\S.*?)(?:\s{2,}(.*))?$", line):
                rows[match[1]] = (match[2], match[3] or "")
        for one in (self.jira, self.snow, self.llm):
            self.assertEqual([call for call in one.journal if call.method != "GET"], [], "it wrote something")
        return ran.returncode, rows, ran.stdout + ran.stderr

    def test_everything_is_fine(self):
        code, rows, output = self.check()
        self.assertEqual(code, 0, output)
        self.assertEqual({what: result for what, (result, _) in rows.items()},
                         {"identity[file]": "nothing to try", "cmdb[file]": "nothing to try", "llm.providers[main]": "ok",
                          "tickets.sinks[jira]": "ok", "tickets.sinks[snow]": "ok",
                          "tickets.sinks[outbox]": "nothing to try"})
        self.assertIn("as Dossier Bot", rows["tickets.sinks[jira]"][1])

    def test_says_what_is_wrong_with_each(self):
        self.jira.withheld = {"CREATE_ISSUES", "ASSIGN_ISSUES"}
        wrong_key = self.llm.config(api_key="a-wrong-key-that-nobody-may-see")
        code, rows, output = self.check(
            sinks=[self.jira.config(), {**self.snow.config(), "password": "a-wrong-password"}], providers=[wrong_key])
        self.assertEqual(code, 1)
        self.assertEqual(rows["tickets.sinks[jira]"][0], "permission missing")
        self.assertIn("missing: CREATE_ISSUES, ASSIGN_ISSUES", rows["tickets.sinks[jira]"][1])
        self.assertEqual(rows["tickets.sinks[snow]"][0], "credentials refused")
        self.assertEqual(rows["llm.providers[main]"][0], "credentials refused")
        self.assertNotIn("a-wrong", output)

    def test_required_fields_that_nothing_fills_are_named_with_the_keys_that_would(self):
        select = "com.atlassian.jira.plugin.system.customfieldtypes:select"
        screen = [field("customfield_10010", "Team", "option", True, ["Payments", "Platform"], custom=select),
                  field("customfield_10011", "Cost centre", "string", True,
                        custom=select.replace("select", "textfield")),
                  field("customfield_10012", "Notes", "string", custom=select.replace("select", "textarea"))]
        for jira in (self.jira, JiraDataCenter()):
            self.addCleanup(jira.shut)
            jira.screen += screen
            with self.subTest(type(jira).__name__):
                code, rows, output = self.check(sinks=[jira.config()])
                self.assertEqual((code, rows["tickets.sinks[jira]"][0]), (1, "failed"), output)
                said = rows["tickets.sinks[jira]"][1]
                for name, key in (("Team", "customfield_10010"), ("Cost centre", "customfield_10011")):
                    self.assertIn(f"'{name}' ({key})", said)
                    self.assertIn(f"tickets.sinks[jira].fields.{key}", said)
                self.assertNotIn("Notes", said, "what may stay empty is nobody's problem")
                # One is filled and one has a value that the screen doesn't offer.
                code, rows, output = self.check(sinks=[jira.config(fields={"Team": "Paymnts", "Cost centre": "4711"})])
                self.assertEqual((code, rows["tickets.sinks[jira]"][0]), (1, "failed"), output)
                self.assertIn("Team", rows["tickets.sinks[jira]"][1])
                self.assertNotIn("Cost centre", rows["tickets.sinks[jira]"][1])
                code, rows, output = self.check(sinks=[jira.config(fields={"Team": "payments", "Cost centre": "4711"})])
                self.assertEqual((code, rows["tickets.sinks[jira]"][0]), (0, "ok"), output)
                self.assertEqual(jira.complaints, [])

    def test_an_issue_type_that_is_not_there(self):
        code, rows, output = self.check(sinks=[self.jira.config(issue_type="Incident")])
        self.assertEqual((code, rows["tickets.sinks[jira]"][0]), (1, "failed"), output)
        self.assertIn("'Incident'", rows["tickets.sinks[jira]"][1])
        self.assertIn("it has Task", rows["tickets.sinks[jira]"][1])

    def test_a_project_that_is_not_there_and_a_model_that_is_not_served(self):
        code, rows, output = self.check(sinks=[self.jira.config(project="OPS")],
                                        providers=[self.llm.config(model="another")])
        self.assertEqual(code, 1)
        self.assertEqual(rows["tickets.sinks[jira]"][0], "permission missing")
        self.assertEqual(rows["llm.providers[main]"][0], "failed")
        self.assertIn("not another", rows["llm.providers[main]"][1])

    def test_who_is_down_is_said_and_the_others_are_tried(self):
        self.jira.shut()
        code, rows, output = self.check()
        self.assertEqual(code, 1)
        self.assertEqual(rows["tickets.sinks[jira]"][0], "unreachable")
        self.assertEqual(rows["tickets.sinks[snow]"][0], "ok", output)

    def test_queues_are_tried_without_taking_a_message(self):
        queue, bus = Sqs(), ServiceBus()
        for one in (queue, bus):
            self.addCleanup(one.shut)
            one.put({"a": "message"})
        code, rows, output = self.check(sources=[queue.config(), bus.config()])
        self.assertEqual(code, 0, output)
        self.assertEqual((rows["sources[queue]"][0], rows["sources[bus]"][0]), ("ok", "ok"))
        self.assertIn("about 1 messages wait", rows["sources[queue]"][1])
        self.assertEqual((queue.receipts, queue.deleted, bus.completed), ({}, [], []))
        self.assertEqual([one["deliveries"] for one in bus.messages], [0])
        code, rows, output = self.check(sources=[queue.config(secret_access_key="a-wrong-secret-key"),
                                                 bus.config(key="a-wrong-bus-key")])
        self.assertEqual(code, 1)
        self.assertEqual((rows["sources[queue]"][0], rows["sources[bus]"][0]),
                         ("credentials refused", "credentials refused"), output)
        self.assertNotIn("a-wrong", output)

    def test_a_wrong_configuration_connects_nowhere(self):
        code, rows, output = self.check(unknown_section={})
        self.assertEqual(code, 2)
        self.assertEqual(rows, {})
        self.assertEqual(self.jira.journal + self.llm.journal, [])


if __name__ == "__main__":
    unittest.main()
