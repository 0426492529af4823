"""A service in front of one ServiceNow instance, for the tests of its records."""

from standins.servicenow import ServiceNow
from tracker_steps import TrackerCase, tracker_config

INCIDENT = "/api/now/table/incident"


class ServiceNowCase(TrackerCase):
    def setUp(self):
        self.now = self.watch(ServiceNow())

    def start(self, approval="before_assign", settle="3s", **more):
        return self.serve(tracker_config(self.now.config(timeout="5s"), approval, settle, **more))

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
