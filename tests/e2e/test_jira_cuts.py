"""A Jira whose connections are cut, by FIN and by RST, at every call and every kind of place."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from cut_case import CutTests  # noqa: E402
from jira_case import ISSUE, JiraView  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

ONE = ISSUE + "/[^/]+"


class JiraCuts(CutTests, JiraView, TrackerCase):
    CREATED = b'{"id": "10001", "key": "SEC-1", "self": "http://127.0.0.1/rest/api/3/issue/10001"}'
    BIRTH = [JiraView.CREATE, ("POST", "/rest/api/3/search/jql"), ("GET", ONE), JiraView.ATTACH,
             ("POST", ONE + "/remotelink")]
    MAYBE = [("GET", ONE)]
    AFTER_DOUBT = [("POST", "/rest/api/3/search/jql")]
    APPROVAL = [("PUT", ONE), ("GET", ONE + "/comment"), JiraView.COMMENT, ("GET", "/rest/api/3/user/search"),
                ("PUT", ONE + "/assignee")]
    END = [("GET", ONE + "/comment"), JiraView.COMMENT, ("GET", ONE), ("GET", ONE + "/transitions"), JiraView.MOVE]


if __name__ == "__main__":
    unittest.main()
