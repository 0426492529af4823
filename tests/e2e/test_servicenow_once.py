"""One record in ServiceNow, whatever is lost, killed or ignored."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from once_case import OnceTests  # noqa: E402
from servicenow_case import INCIDENT, ServiceNowCase  # noqa: E402


class OnceTest(OnceTests, ServiceNowCase):
    def test_a_double_is_closed_as_a_duplicate(self):
        self.now.fault("lost", "POST", INCIDENT)
        self.now.fault("refuse", "GET", INCIDENT, times=4, status=200, body={"result": []})
        service = self.start(settle="600ms")
        finding = self.deliver(service)
        ours = self.ticketed(service, finding)["draft"]["ticket"]["key"]
        service.wait_for(lambda: [row for row in self.now.all() if row["state"] == "7"], 30, "the sweep")
        rows = {row["number"]: row for row in self.now.all()}
        self.assertEqual(len(rows), 2)
        kept = rows.pop(ours)
        double, = rows.values()
        self.assertEqual((kept["state"], double["state"]), ("3", "7"))
        self.assertEqual(double["parent_incident"], kept["sys_id"])
        self.assertTrue(any(ours in note for note in self.now.notes(double)))

    def test_a_look_up_that_is_ignored_never_leads_to_a_second_create(self):
        self.now.hidden_columns = {"correlation_id"}
        self.now.fault("lost", "POST", INCIDENT)
        service = self.start(settle="500ms")
        self.deliver(service)
        letter = service.wait_for(lambda: service.items("/v1/dead-letters"), 30, "a dead letter")[0]
        self.assertIn("correlation_id", str(letter))
        self.assertEqual(len(self.now.creates()), 1)


if __name__ == "__main__":
    unittest.main()
