"""A service in front of one Jira, for the tests of its tickets."""

from standins.jira import Jira, comments_of
from tracker_steps import Seen, TrackerCase, tracker_config

ISSUE = "/rest/api/3/issue"


class JiraView:
    """What the tests of both trackers ask of a Jira: how its calls are named, and its tickets in common words."""

    CREATE = ("POST", ISSUE)
    COMMENT = ("POST", ISSUE + "/[^/]+/comment")
    MOVE = ("POST", ISSUE + "/[^/]+/transitions")
    ATTACH = ("POST", ISSUE + "/[^/]+/attachments")

    @staticmethod
    def make(index_lag=0.0):
        return Jira(index_lag)

    @staticmethod
    def seen(jira):
        with jira.lock:
            return [Seen(key=issue["key"], is_done=issue["status"] == "done", words=comments_of(issue),
                         files=[one["filename"] for one in issue["attachments"]],
                         links=list(issue["remote_links"]), assignee=issue["fields"]["assignee"] or "",
                         mark=next((label for label in issue["fields"]["labels"]
                                    if label.startswith("dossier-") and label != "dossier-draft"), ""),
                         text=issue["fields"]["summary"])
                    for issue in jira.issues.values()]

    @staticmethod
    def forgive(jira):
        """A move whose answer was lost is tried again, refused, and found to be done."""
        jira.complaints[:] = [one for one in jira.complaints if "Transition id must be one that is offered" not in one]


class JiraCase(JiraView, TrackerCase):
    def setUp(self):
        self.tracker = self.jira = self.watch(Jira())

    def start(self, approval="before_assign", settle="3s", sink=None, **more):
        """@param sink what differs in the configuration of the tracker"""
        return self.serve(tracker_config(self.jira.config(timeout="5s", **(sink or {})), approval, settle, **more))

    def only_issue(self):
        issues = self.jira.all()
        self.assertEqual(len(issues), 1, [issue["key"] for issue in issues])
        return issues[0]
