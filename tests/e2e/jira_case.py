"""A service in front of one Jira, for the tests of its tickets."""

from standins.jira import Jira
from tracker_steps import TrackerCase, tracker_config

ISSUE = "/rest/api/3/issue"


class JiraCase(TrackerCase):
    def setUp(self):
        self.jira = self.watch(Jira())

    def start(self, approval="before_assign", settle="3s", sink=None, **more):
        """@param sink what differs in the configuration of the tracker"""
        return self.serve(tracker_config(self.jira.config(timeout="5s", **(sink or {})), approval, settle, **more))

    def only_issue(self):
        issues = self.jira.all()
        self.assertEqual(len(issues), 1, [issue["key"] for issue in issues])
        return issues[0]
