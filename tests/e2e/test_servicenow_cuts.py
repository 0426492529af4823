"""A ServiceNow whose connections are cut, by FIN and by RST, at every call and every kind of place."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from cut_case import CutTests  # noqa: E402
from servicenow_case import INCIDENT, ServiceNowView  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

RECORD = INCIDENT + "/[0-9a-f]{32}"
JOURNAL = "/api/now/table/sys_journal_field"


class ServiceNowCuts(CutTests, ServiceNowView, TrackerCase):
    CREATED = b'{"result": {"sys_id": "0123456789abcdef0123456789abcdef", "number": "INC0010001"}}'
    LINKS = 0
    BIRTH = [ServiceNowView.CREATE, ("GET", INCIDENT), ServiceNowView.ATTACH, ("GET", "/api/now/attachment")]
    MAYBE = [("GET", "/api/now/attachment")]
    AFTER_DOUBT = [("GET", INCIDENT)]
    APPROVAL = [("GET", JOURNAL), ServiceNowView.COMMENT, ("GET", RECORD), ("GET", "/api/now/table/sys_user")]
    END = [("GET", JOURNAL), ServiceNowView.COMMENT, ("GET", RECORD)]


if __name__ == "__main__":
    unittest.main()
