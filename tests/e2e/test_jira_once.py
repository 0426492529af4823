"""One ticket in Jira, whatever is lost, killed, late or told twice."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import orca_alert, wiz_issue  # noqa: E402
from jira_case import ISSUE, JiraCase  # noqa: E402
from once_case import OnceTests  # noqa: E402
from standins.jira import comments_of  # noqa: E402


class OnceTest(OnceTests, JiraCase):
    def test_redeliveries_replays_and_other_platforms_share_one_ticket(self):
        service = self.start()
        finding = self.deliver(service, wiz_issue(), "wiz")
        dossier = self.ticketed(service, finding)
        for _ in range(5):
            self.assertEqual(self.deliver(service, wiz_issue(), "wiz"), finding)
        other = self.deliver(service, orca_alert(), "orca")
        joined = self.until(service, other, lambda d: d["revision"] > dossier["revision"] and
                            d["stage"] == "awaiting_approval", "the join")
        self.assertEqual(joined["id"], dossier["id"])
        service.post(f"/v1/findings/{finding}/replay", {"from": "explain"}, expect=202)
        replayed = self.until(service, finding, lambda d: d["revision"] > joined["revision"] and
                              d["stage"] == "awaiting_approval", "the replay")
        self.approve(service, replayed)
        done = self.posted(service, finding)
        self.assertEqual(set(done["findings"]), {finding, other})
        self.only_issue()
        self.assertEqual(len(self.jira.creates()), 1)

    def test_a_double_is_linked_and_closed(self):
        self.jira.index_lag = 2.5
        self.jira.fault("lost", "POST", ISSUE)
        service = self.start(settle="1s")
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        ours = dossier["draft"]["ticket"]["key"]
        service.wait_for(lambda: [one for one in self.jira.all() if one["status"] == "done"], 30, "the sweep")
        issues = self.jira.all()
        self.assertEqual(len(issues), 2)
        double = next(issue for issue in issues if issue["key"] != ours)
        self.assertEqual(double["status"], "done")
        self.assertEqual(self.jira.issues[ours]["status"], "new")
        self.assertEqual(self.jira.links, [(double["key"], ours)])
        self.assertTrue(any(ours in text for text in comments_of(double)))
        service.wait_for(lambda: self.audit(service, "ticket.duplicate_closed"), 10, "the audit record")

    def test_a_label_the_create_screen_dropped_is_put_back(self):
        self.jira.stores_labels = False
        service = self.start()
        self.ticketed(service, self.deliver(service))
        self.assertTrue(any(label.startswith("dossier-") and label != "dossier-draft"
                            for label in self.only_issue()["fields"]["labels"]))


if __name__ == "__main__":
    unittest.main()
