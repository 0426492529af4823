"""A service in front of one ServiceNow instance, for the tests of its records."""

from standins.servicenow import ServiceNow
from tracker_steps import Seen, TrackerCase, tracker_config

INCIDENT = "/api/now/table/incident"


class ServiceNowView:
    """What the tests of both trackers ask of a ServiceNow: how its calls are named, and its records in common words."""

    CREATE = ("POST", INCIDENT)
    COMMENT = MOVE = ("PATCH", INCIDENT + "/[0-9a-f]{32}")
    ATTACH = ("POST", "/api/now/attachment/file")

    @staticmethod
    def make(index_lag=0.0):
        """Its queries read the table itself: nothing lags."""
        return ServiceNow()

    @staticmethod
    def seen(now):
        with now.lock:
            return [Seen(key=row["number"], is_done=row["state"] in ("6", "7", "8"), words=now.notes(row),
                         files=[one["file_name"] for one in now.attachments if one["table_sys_id"] == row["sys_id"]],
                         links=[], assignee=row["assigned_to"], mark=row["correlation_id"],
                         text=row["short_description"])
                    for row in now.all()]

    @staticmethod
    def forgive(now):
        """A state that is set twice is no complaint here."""


class ServiceNowCase(ServiceNowView, TrackerCase):
    def setUp(self):
        self.tracker = self.now = self.watch(ServiceNow())

    def start(self, approval="before_assign", settle="3s", sink=None, **more):
        return self.serve(tracker_config(self.now.config(timeout="5s", **(sink or {})), approval, settle, **more))

    def only_row(self):
        rows = self.now.all()
        self.assertEqual(len(rows), 1, [row["number"] for row in rows])
        return rows[0]

    def tearDown(self):
        super().tearDown()
        others = [row for row in self.now.tables["incident"] if row not in self.now.all()]
        for row in others:
            self.assertEqual((row["short_description"], row["state"]), ("Printer on fire", "1"), "a stranger's ticket")
            self.assertEqual(self.now.notes(row), [])
