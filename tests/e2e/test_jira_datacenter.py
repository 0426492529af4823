"""Tickets in a Jira Data Center: wiki markup, names, personal access tokens and pages of another shape."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import generic_event  # noqa: E402
from standins.jira_datacenter import PASSWORD, USER, JiraDataCenter  # noqa: E402
from tracker_steps import TrackerCase, tracker_config  # noqa: E402

ISSUE = "/rest/api/2/issue"


class DataCenterTest(TrackerCase):
    def setUp(self):
        self.jira = self.watch(JiraDataCenter())

    def start(self, settle="2s", **sink):
        return self.serve(tracker_config(self.jira.config(timeout="5s", **sink), settle=settle))

    def only_issue(self):
        issue, = self.jira.all()
        return issue

    def test_from_draft_to_hand_over(self):
        service = self.start(epic="SEC-7")
        finding = self.deliver(service, generic_event(severity="critical", title="Public {bucket} [~admin] *now*"))
        dossier = self.ticketed(service, finding)
        fields = self.only_issue()["fields"]
        self.assertIsNone(fields["assignee"])
        self.assertEqual(fields["priority"], {"name": "Highest"})
        self.assertEqual(fields["customfield_10008"], "SEC-7", "the Epic Link takes the key itself")
        self.assertIn("h2. What is exposed", fields["description"])
        self.assertIn("||Id||Statement||Origin||", fields["description"])
        self.assertNotIn("[~admin]", fields["description"].replace("\\[", ""))
        self.approve(service, dossier, "agreed")
        self.posted(service, finding)
        issue = self.only_issue()
        self.assertEqual(issue["fields"]["assignee"]["name"], "alice")
        self.assertNotIn("dossier-draft", issue["fields"]["labels"])
        said, = [one["body"] for one in issue["comments"] if "agreed" in one["body"]]
        self.assertRegex(said, r"\{\{dossier event \S+\}\}$")
        service.wait_for(lambda: len(issue["attachments"]) == 1, 20, "the evidence")

    def test_a_lost_answer_makes_no_second_ticket_and_no_second_comment(self):
        for kind in ("lost", "half", "error"):
            with self.subTest(kind):
                before = len(self.jira.all())
                self.jira.fault(kind, "POST", ISSUE)
                self.jira.fault(kind, "POST", ISSUE + "/[^/]+/comment")
                service = self.start()
                finding = self.deliver(service)
                self.approve(service, self.ticketed(service, finding), "once only")
                self.posted(service, finding)
                self.assertEqual(len(self.jira.all()), before + 1)
                issue = self.jira.all()[-1]
                self.assertEqual(len([one for one in issue["comments"] if "once only" in one["body"]]), 1)
                service.close()

    def test_told_of_the_end_and_taken_up_again(self):
        service = self.start()
        finding = self.deliver(service, generic_event())
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        issue = self.only_issue()
        self.deliver(service, generic_event(status="resolved"))
        service.wait_for(lambda: issue["status"] == "done", 20, "the ticket to be closed")
        self.deliver(service, generic_event(severity="low"))
        service.wait_for(lambda: issue["status"] == "new", 20, "the ticket to be taken up again")
        for words in ("Resolved.", "Reopened."):
            self.assertEqual(len([one for one in issue["comments"] if words in one["body"]]), 1)

    def test_polling_sees_what_nobody_calls(self):
        self.jira.index_lag = 0.5
        service = self.start(poll="200ms")
        findings = [self.deliver(service, generic_event(f"P-{n}", bucket=f"sandbox-{n}")) for n in range(3)]
        for finding in findings:
            self.approve(service, self.ticketed(service, finding))
            self.posted(service, finding)
        key = self.dossier(service, findings[1])["ticket"]["key"]
        with self.jira.lock:
            self.jira.move(self.jira.issues[key], "done")
        dossier = self.until(service, findings[1], lambda d: d["tickets"][-1]["closed_by_person"], "the closing")
        self.assertEqual(dossier["tickets"][-1]["status"], "Done")
        for other in (findings[0], findings[2]):
            self.assertFalse(self.dossier(service, other)["tickets"][-1]["closed_by_person"])
        with self.jira.lock:
            self.jira.move(self.jira.issues[key], "indeterminate")
        self.until(service, findings[1], lambda d: not d["tickets"][-1]["closed_by_person"], "the opening")
        for action in ("ticket.closed_by_person", "ticket.reopened_by_person"):
            self.assertEqual(len(self.audit(service, action)), 1)
        self.assertEqual(self.jira.calls("POST", ".*/transitions"), [], "never fought over")

    def test_user_and_password_instead_of_a_token(self):
        config = self.jira.config(user=USER, password=PASSWORD)
        del config["token"]
        service = self.serve(tracker_config(config))
        self.ticketed(service, self.deliver(service))
        self.only_issue()


if __name__ == "__main__":
    unittest.main()
