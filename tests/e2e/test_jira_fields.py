"""A Jira whose create screen wants more than a summary: its own fields, priorities, files and links."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import generic_event, wiz_issue  # noqa: E402
from jira_case import ISSUE, JiraCase  # noqa: E402
from standins.jira import comments_of, field, text_of  # noqa: E402

TEAM = field("customfield_10010", "Team", "option", True, ["Payments", "Platform"],
             custom="com.atlassian.jira.plugin.system.customfieldtypes:select")
WHERE = field("customfield_10011", "Where", "string",
              custom="com.atlassian.jira.plugin.system.customfieldtypes:textfield")
NOTES = field("customfield_10012", "Notes", "string",
              custom="com.atlassian.jira.plugin.system.customfieldtypes:textarea")
OWNER = field("customfield_10013", "Risk owner", "user",
              custom="com.atlassian.jira.plugin.system.customfieldtypes:userpicker")
ATTACHMENTS = ISSUE + "/[^/]+/attachments"
REMOTE_LINK = ISSUE + "/[^/]+/remotelink"


class FieldsTest(JiraCase):
    def test_fields_are_filled_as_the_create_screen_wants_them(self):
        self.jira.screen += [TEAM, WHERE, NOTES, OWNER, field("parent", "Parent", "issuelink"),
                             field("components", "Components", "array", allowed=["Storage"], items="component"),
                             field("security", "Security Level", "securitylevel", allowed=["Restricted"])]
        service = self.start(sink={
            "components": ["storage"], "epic": "SEC-7", "security_level": "Restricted",
            "priority": {"high": "Highest"},
            "fields": {"Team": "{{asset.business_unit}}", "customfield_10011": "{{resource.name}} / {{owner.id|?}}",
                       "Notes": "Found as **{{finding.severity}}**", "Risk owner": "{{owner.email}}"}})
        self.ticketed(service, self.deliver(service, generic_event(severity="high")))
        fields = self.only_issue()["fields"]
        self.assertEqual(fields["customfield_10010"], {"value": "Payments"})
        self.assertRegex(fields["customfield_10011"], r"\S+ / alice")
        self.assertEqual(fields["customfield_10012"]["type"], "doc")
        self.assertEqual(fields["customfield_10013"], {"accountId": "acc-alice"})
        self.assertEqual(fields["components"], [{"name": "Storage"}])
        self.assertEqual((fields["parent"], fields["security"]), ({"key": "SEC-7"}, {"name": "Restricted"}))
        self.assertEqual(fields["priority"], {"name": "Highest"})
        self.assertIsNone(fields["assignee"])

    def test_a_required_field_that_nothing_fills_is_named_with_its_key(self):
        self.jira.screen.append(TEAM)
        service = self.start()
        self.deliver(service)
        letter = service.wait_for(lambda: service.items("/v1/dead-letters"), 30, "a dead letter")[0]
        self.assertIn("'Team' (customfield_10010)", str(letter))
        self.assertIn("tickets.sinks[jira].fields.customfield_10010", str(letter))
        self.assertEqual(self.jira.creates(), [], "nothing is sent that would be refused")

    def test_a_jira_that_tells_no_screen_takes_fields_as_configured(self):
        self.jira.screen.append(TEAM)
        self.jira.tells_screen = False
        service = self.start(sink={"fields": {"customfield_10010": {"value": "{{asset.business_unit}}"}}})
        self.ticketed(service, self.deliver(service))
        self.assertEqual(self.only_issue()["fields"]["customfield_10010"], {"value": "Payments"})

    def test_the_usual_priority_and_an_inactive_owner(self):
        self.jira.users[0]["active"] = False
        service = self.start()
        finding = self.deliver(service, generic_event(severity="medium"))
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        issue = self.only_issue()
        self.assertEqual(issue["fields"]["priority"], {"name": "Medium"})
        self.assertIsNone(issue["fields"]["assignee"])
        self.assertTrue(any("alice@acme.example" in text and "assign by hand" in text for text in comments_of(issue)),
                        comments_of(issue))


class EnclosuresTest(JiraCase):
    def enclosed(self, service, files, links):
        """The issue once it has so many files and links to pages."""
        def look():
            issue = self.only_issue()
            return issue if len(issue["attachments"]) >= files and len(issue["remote_links"]) >= links else None
        return service.wait_for(look, 30, "the files and links")

    def test_evidence_and_link_stay_single_over_every_kind_of_fault(self):
        for kind in ("drop", "lost", "half", "error"):
            with self.subTest(kind):
                self.jira.issues.clear()
                self.jira.fault(kind, "POST", ATTACHMENTS)
                self.jira.fault(kind, "POST", REMOTE_LINK)
                service = self.start(settle="1s")
                finding = self.deliver(service, wiz_issue(), "wiz")
                dossier = self.ticketed(service, finding)
                # Two files: the text of a Wiz issue, as a document, is longer than Jira's field.
                issue = self.enclosed(service, 2, 1)
                self.approve(service, dossier)
                self.posted(service, finding)
                service.wait_for(lambda: len(self.audit(service, "ticket.enclosed")) == 3, 30, "all to be recorded")
                file, text = sorted(issue["attachments"], key=lambda one: one["filename"])
                self.assertRegex(file["filename"], r"^dossier-evidence-[0-9a-f]{8}\.json$")
                self.assertRegex(text["filename"], r"^dossier-text-[0-9a-f]{8}\.md$")
                document = json.loads(file["content"])
                self.assertEqual(document["dossier"], dossier["id"])
                self.assertEqual([one["id"] for one in document["findings"]], [finding])
                self.assertTrue(document["evidence"])
                link, = issue["remote_links"].items()
                self.assertEqual(link[0], f"dossier:{finding}")
                self.assertTrue(link[1]["url"].startswith("https://app.wiz.io/"), link)
                service.close()

    def test_a_jira_that_takes_no_files_still_gets_its_ticket(self):
        self.jira.fault("refuse", "POST", ATTACHMENTS, times=99, status=413,
                        body={"errorMessages": ["The file is too large"], "errors": {}})
        service = self.start()
        finding = self.deliver(service)
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        service.wait_for(lambda: len(self.audit(service, "ticket.not_enclosed")) == 2, 20, "both refusals on record")
        self.assertEqual(len(self.jira.calls("POST", ATTACHMENTS)), 2, "a refusal is no reason to ask again")

    def test_what_a_field_has_no_room_for_is_attached_whole(self):
        service = self.start()
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        body = "\n\n".join(f"Paragraph {n}. " + "It says so at length. " * 20 for n in range(100)) + "\n\nThe very end."
        status, _, answer = service.request("PATCH", f"/v1/drafts/{dossier['draft']['id']}", {"body": body})
        self.assertEqual(status, 200, answer)
        self.approve(service, dossier)
        self.posted(service, finding)
        issue = self.enclosed(service, 3, 0)
        text = issue["attachments"][-1]  # after the evidence and the text of the draft
        self.assertRegex(text["filename"], r"^dossier-text-")
        self.assertIn("The very end.", text["content"].decode())
        self.assertNotIn("The very end.", text_of(issue))
        self.assertIn("Shortened to fit", text_of(issue))
        self.assertRegex(text_of(issue), r"It says so at length\.")


if __name__ == "__main__":
    unittest.main()
