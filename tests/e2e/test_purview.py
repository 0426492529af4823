"""A scan in Microsoft Purview by the real binary: drafted for a route or a person, started once after an approval, watched
to its end, and its outcome said on the ticket."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import TOKENS  # noqa: E402
from life_steps import QUICK, LifeCase  # noqa: E402
from standins.jira import Jira, comments_of  # noqa: E402
from standins.purview import VERSION, Purview  # noqa: E402
from tracker_steps import tracker_config  # noqa: E402

START = "/scan/datasources/Storage-Payments/scans/Weekly:run"
RUNS = "/scan/datasources/Storage-Payments/scans/Weekly/runs"


class Scans(LifeCase):
    def setUp(self):
        self.jira, self.purview = Jira(), Purview()
        self.watch(self.jira, self.purview)

    def begin(self, wants=True, **purview):
        config = tracker_config(self.jira.config(timeout="5s"), settle="1s", queue=QUICK,
                                scanners=[self.purview.config(timeout="5s", **purview)])
        if wants:
            config["routes"][0]["scan"] = "purview"
        return self.serve(config)

    def scan_of(self, service, finding):
        return service.wait_for(lambda: next(iter(service.items(f"/v1/drafts?kind=scan&finding_id={finding}")), None),
                                20, "the draft of a scan")

    def decide(self, service, draft, verb="approve"):
        return service.post(f"/v1/drafts/{draft['id']}/{verb}", {"comment": "go"})

    def said(self, key, words):
        return [text for text in comments_of(self.jira.issues[key]) if words in text]

    def until_said(self, service, key, words):
        service.wait_for(lambda: self.said(key, words), 20, f"'{words}' on {key}")

    def started(self):
        return [one for one in self.purview.runs() if not one["id"].startswith("00000000")]

    def test_approved_started_watched_and_said(self):
        for number in range(5):
            self.purview.earlier_run(number)
        service = self.begin()
        finding, key = self.handed_over(service, self.event(1))
        draft = self.scan_of(service, finding)
        self.assertEqual((draft["sink"], draft["approval"], draft["state"]), ("purview", "before_create", "pending"))
        self.assertEqual(draft["payload"], {"data_source": "Storage-Payments", "scan": "Weekly", "level": "Incremental"})
        self.assertEqual(self.purview.calls("POST", START), [], "nobody has approved it")
        self.decide(service, draft)
        self.until_said(service, key, "8 assets discovered, 3 classified")
        run, = self.started()
        self.assertEqual(run["scanLevelType"], "Incremental")
        posted = service.wait_for(lambda: next((one for one in [service.get(f"/v1/drafts/{draft['id']}")]
                                                if one["state"] == "posted"), None), 20, "the draft to be posted")
        self.assertIn(run["id"], str(posted["ticket"]))
        self.deliver(service, self.event(1, "critical"))
        self.until_said(service, key, "high → critical")
        self.assertEqual(len(service.items(f"/v1/drafts?kind=scan&finding_id={finding}")), 1, "not again")
        self.assertEqual(len(self.said(key, "8 assets discovered")), 1)

    def test_a_lost_start_is_not_repeated(self):
        for kind, number in (("lost", 10), ("half", 11), ("drop", 12), ("error", 13)):
            with self.subTest(kind):
                self.purview.scans[("Storage-Payments", "Weekly")].clear()
                service = self.begin()
                finding, key = self.handed_over(service, self.event(number))
                self.purview.fault(kind, "POST", START)
                self.decide(service, self.scan_of(service, finding))
                self.until_said(service, key, "3 classified")
                self.assertEqual(len(self.started()), 1)
                service.close()

    def test_killed_while_it_is_being_started(self):
        service = self.begin()
        finding, key = self.handed_over(service, self.event(20))
        held = self.purview.fault("hold", "POST", START)
        self.decide(service, self.scan_of(service, finding))
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        self.until_said(service, key, "3 classified")
        self.assertEqual((len(self.started()), len(self.said(key, "3 classified"))), (1, 1))

    def test_a_run_that_fails_says_why(self):
        self.purview.ends_as = "Failed"
        service = self.begin()
        finding, key = self.handed_over(service, self.event(30))
        self.decide(service, self.scan_of(service, finding))
        self.until_said(service, key, "The credential of the scan was refused")
        self.assertEqual(len(self.started()), 1, "it is for a person to start another one")

    def test_waits_for_another_run_and_for_a_purview_that_is_down(self):
        self.purview.earlier_run(1, "InProgress")
        service = self.begin()
        finding, key = self.handed_over(service, self.event(40))
        self.purview.fault("error", "GET", RUNS, times=4)
        self.decide(service, self.scan_of(service, finding))
        service.wait_for(lambda: self.purview.calls("POST", START), 20, "a start that is refused")
        self.assertEqual(self.started(), [])
        self.purview.scans[("Storage-Payments", "Weekly")][0]["status"] = "Succeeded"
        self.until_said(service, key, "3 classified")

    def test_a_right_that_is_missing_is_said(self):
        service = self.begin()
        finding, key = self.handed_over(service, self.event(50))
        self.purview.is_admin = False
        self.decide(service, self.scan_of(service, finding))
        self.until_said(service, key, "Not authorized to perform scan")
        self.assertEqual(self.started(), [])

    def test_rejected_or_not_covered_starts_nothing(self):
        service = self.begin()
        finding, _ = self.handed_over(service, self.event(60))
        draft = self.scan_of(service, finding)
        status, _, _ = service.request("PATCH", f"/v1/drafts/{draft['id']}", body={"body": "Scan everything."})
        self.assertEqual(status, 400, "what it starts is what it says")
        self.decide(service, draft, "reject")
        other = self.deliver(service, {**self.event(61), "asset": {"arn": "arn:aws:s3:::lab-x", "name": "lab-x",
                                                                   "kind": "bucket"}})
        dossier = self.ticketed(service, other)
        self.assertIn("no scan of purview covers this store", dossier["route"]["reasons"])
        self.assertEqual(service.items(f"/v1/drafts?kind=scan&finding_id={other}"), [])
        self.assertEqual(self.purview.calls("POST", START), [])

    def test_a_person_asks_for_one(self):
        service = self.begin(wants=False)
        finding, key = self.handed_over(service, self.event(70))
        ask = lambda **body: service.request("POST", "/v1/scans", body=body, token=TOKENS["analyst"])  # noqa: E731
        status, _, draft = ask(finding_id=finding)
        self.assertEqual((status, draft["kind"], draft["state"]), (201, "scan", "pending"))
        self.assertEqual(ask(finding_id=finding, target="purview")[2]["id"], draft["id"], "asked twice")
        for body, expected in (({}, 400), ({"finding_id": 4}, 400), ({"finding_id": finding, "level": "Full"}, 400),
                               ({"finding_id": finding, "target": "jira"}, 400), ({"finding_id": "fnd_no"}, 404)):
            self.assertEqual(ask(**body)[0], expected, body)
        self.assertEqual(service.request("POST", "/v1/scans", body={"finding_id": finding}, token=TOKENS["viewer"])[0],
                         403)
        self.decide(service, draft)
        self.until_said(service, key, "3 classified")

    def test_the_stand_in_refuses_what_purview_would(self):
        bad = Purview()
        self.addCleanup(bad.shut)
        call = lambda method, path, **query: type("Call", (), {  # noqa: E731
            "method": method, "path": path, "query": query, "raw": b"", "headers": {}})
        run = "0f0f0f0f-0000-8000-8000-000000000000"
        for one in (call("GET", RUNS), call("GET", RUNS, **{"api-version": "2018-12-01-preview"}),
                    call("PUT", RUNS, **{"api-version": VERSION}),
                    call("POST", START, runId="1", scanLevel="Full", **{"api-version": VERSION}),
                    call("POST", START, runId=run, scanLevel="full", **{"api-version": VERSION}),
                    call("POST", START.replace("Weekly", "None"), runId=run, scanLevel="Full",
                         **{"api-version": VERSION})):
            with self.assertRaises(Exception):
                bad.scanning(one)
        good = call("POST", START, runId=run, scanLevel="Full", **{"api-version": VERSION})
        self.assertEqual(bad.scanning(good)[0], 202)
        with self.assertRaises(Exception):
            bad.scanning(good)
        with self.assertRaises(Exception):
            bad.give_token(type("Call", (), {"raw": b"grant_type=client_credentials&client_id=directory-client&"
                                                    b"client_secret=directory-client-secret&"
                                                    b"scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
                                             "headers": {"content-type": "application/x-www-form-urlencoded"}}))


if __name__ == "__main__":
    unittest.main()
