"""One record in ServiceNow, whatever is lost, killed or ignored."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from servicenow_case import INCIDENT, ServiceNowCase  # noqa: E402


class OnceTest(ServiceNowCase):
    def test_an_answer_that_is_lost_makes_no_second_ticket(self):
        for kind in ("drop", "lost", "half", "error"):
            with self.subTest(kind):
                before = len(self.now.all())
                self.now.fault(kind, "POST", INCIDENT)
                service = self.start(settle="1s")
                finding = self.deliver(service)
                self.ticketed(service, finding)
                self.deliver(service)
                self.assertEqual(len(self.now.all()), before + 1)
                service.close()

    def test_killed_between_create_and_record_the_next_start_finds_the_ticket(self):
        held = self.now.fault("hold", "POST", INCIDENT)
        service = self.start(queue={"workers": 2, "lease": "2s", "backoff": {"base": "50ms", "max": "500ms"}})
        finding = self.deliver(service)
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        dossier = self.ticketed(service, finding, 30)
        self.assertEqual(dossier["draft"]["ticket"]["key"], self.only_row()["number"])

    def test_a_work_note_whose_answer_is_lost_stands_there_once(self):
        service = self.start()
        finding = self.deliver(service)
        dossier = self.ticketed(service, finding)
        row = self.only_row()
        held = self.now.fault("lost", "PATCH", f"{INCIDENT}/{row['sys_id']}", times=3)
        self.approve(service, dossier, "once and no more")
        self.posted(service, finding, 30)
        self.assertEqual(held.times, 0)
        self.assertEqual(len([note for note in self.now.notes(row) if "once and no more" in note]), 1)

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
