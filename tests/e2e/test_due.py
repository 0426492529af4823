"""Due dates by severity, by the real binary: set on the ticket, moved when the severity rises, and a date that has passed
said once, over restarts and lost answers, and never on what is over.

Nobody waits for days: between two runs of the service the stored date is moved into the past, as if they had gone by.
"""

import contextlib
import datetime
import json
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from life_steps import ISSUE, QUICK, LifeCase  # noqa: E402
from standins.jira import Jira, comments_of, field, text_of  # noqa: E402
from standins.jira_datacenter import JiraDataCenter  # noqa: E402
from standins.servicenow import ServiceNow  # noqa: E402
from tracker_steps import tracker_config  # noqa: E402

DUE = {"critical": 2, "high": 5, "calendar": {"weekend": ["sat", "sun"], "utc_offset": "+01:00"},
       "mention": ["owner", "manager"], "escalation": "ciso@acme.example"}
PASSED = "The due date has passed"
LONG_AGO = "2025-12-31"


def business_days_on(count, offset=1, holidays=()):
    """Another reading of the same rule."""
    day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=offset)).date()
    while count > 0:
        day += datetime.timedelta(days=1)
        if day.weekday() < 5 and day.isoformat() not in holidays:
            count -= 1
    return day.isoformat()


class DueCase(LifeCase):
    def days_go_by(self, service, stop=True):
        """All dates are over when the service comes up again."""
        if stop:
            service.stop()
        with contextlib.closing(sqlite3.connect(service.dir / "data/dossier.db")) as db, db:
            for seq, text in db.execute("SELECT seq, told FROM tickets").fetchall():
                told = json.loads(text)
                if not told["due"]:
                    continue
                told["due"]["date"].update(on=LONG_AGO, ends_at="2026-01-01T00:00:00.000Z")
                db.execute("UPDATE tickets SET told = ? WHERE seq = ?", (json.dumps(told), seq))
            db.execute("UPDATE dossiers SET ready_at = 0, lease_owner = '', lease_until = NULL")
        service.start()

    def until_breached(self, service, finding):
        return self.until(service, finding, lambda d: d["tickets"] and d["tickets"][-1]["due_breached"] and
                          all(one["state"] == "done" for one in d["ticket_updates"]), "the breach to be said")

    def breaches(self, service):
        _, _, text = service.request("GET", "/metrics")
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith("dossier_due_breaches_total"))


class JiraDue(DueCase):
    def setUp(self):
        self.jira = self.watch(Jira())
        self.jira.screen.append(field("duedate", "Due date", "date", system="duedate"))

    def said(self, key, words=PASSED):
        return [text for text in comments_of(self.jira.issues[key]) if words in text]

    def test_counted_once_and_moved_when_the_severity_rises(self):
        service = self.start(self.jira, due={**DUE, "calendar": {**DUE["calendar"], "holidays": [business_days_on(1)]}})
        holidays = [business_days_on(1)]
        on = business_days_on(5, holidays=holidays)
        finding, key = self.handed_over(service, self.event(1))
        issue = self.jira.issues[key]
        self.assertEqual(issue["fields"]["duedate"], on)
        self.assertIn(f"{on} (5 business days for severity high", text_of(issue))
        dossier = self.dossier(service, finding)
        self.assertEqual((dossier["draft"]["due"]["on"], dossier["tickets"][0]["due"]["on"]), (on, on))
        self.deliver(service, self.event(1, text="Another word."))
        service.wait_for(lambda: self.said(key, "What changed"), 20, "the change to be told")
        self.assertEqual(self.said(key, "Due date:"), [], "not for a change of another kind")
        self.deliver(service, self.event(1, "critical"))
        service.wait_for(lambda: self.said(key, "Due date:"), 20, "the new date")
        sooner = business_days_on(2, holidays=holidays)
        self.until(service, finding, lambda d: all(one["state"] == "done" for one in d["ticket_updates"]), "all steps")
        self.assertEqual(issue["fields"]["duedate"], sooner)
        said, = self.said(key, "Due date:")
        self.assertIn(f"now {sooner}", said)
        self.assertIn(f"before {on}: the severity rose from high to critical", said)
        self.deliver(service, self.event(1, "high", text="A word of its own, else it is a late repeat."))
        service.wait_for(lambda: self.said(key, "critical → high"), 20, "the fall to be told")
        dossier = self.until(service, finding, lambda d: d["draft"]["revision"] == 4 and
                             d["stage"] == "awaiting_approval", "the next draft")
        self.assertEqual(dossier["draft"]["due"]["on"], sooner, "it never moves back")
        self.assertEqual((len(self.said(key, "Due date:")), issue["fields"]["duedate"]), (1, sooner))

    def test_a_date_that_a_person_has_set_stays(self):
        service = self.start(self.jira, due=DUE)
        finding, key = self.handed_over(service, self.event(2))
        self.jira.issues[key]["fields"]["duedate"] = "2031-01-01"
        self.deliver(service, self.event(2, "critical"))
        service.wait_for(lambda: self.said(key, "Due date:"), 20, "the new date")
        self.until(service, finding, lambda d: all(one["state"] == "done" for one in d["ticket_updates"]), "all steps")
        self.assertEqual(self.jira.issues[key]["fields"]["duedate"], "2031-01-01")

    def test_a_passed_date_is_said_once(self):
        service = self.start(self.jira, due=DUE)
        finding, key = self.handed_over(service, self.event(3))
        self.assertFalse(self.dossier(service, finding)["tickets"][0]["due_breached"])
        service.stop()
        for kind in ("lost", "half", "error"):
            self.jira.fault(kind, "POST", f"{ISSUE}/{key}/comment")
        self.days_go_by(service, stop=False)
        self.until_breached(service, finding)
        said, = self.said(key)
        self.assertIn("5 business days for severity high", said)
        self.assertIn("alice@acme.example", said)
        self.assertIn("Manager: ", said)
        self.assertIn("Escalation: ciso@acme.example", said)
        self.assertEqual(self.breaches(service), 1)
        self.assertEqual(len(self.audit(service, "ticket.due_breached")), 1)
        self.days_go_by(service)
        self.deliver(service, self.event(3, labels=["pii", "pci"]))
        service.wait_for(lambda: self.said(key, "now also pci"), 20, "the change to be told")
        self.assertEqual(len(self.said(key)), 1, "not again")
        self.deliver(service, self.event(3, "high", "resolved", labels=["pii", "pci"]))
        self.until(service, finding, lambda d: d["stage"] == "closed", "the end")
        self.jira.issues[key]["fields"]["duedate"] = LONG_AGO
        self.deliver(service, self.event(3, text="Back again."))
        service.wait_for(lambda: self.said(key, "the finding came back"), 20, "the time anew")
        dossier = self.until(service, finding, lambda d: d["tickets"][0]["due"]["on"] == business_days_on(5), "the date")
        self.assertFalse(dossier["tickets"][0]["due_breached"])
        service.wait_for(lambda: self.jira.issues[key]["fields"]["duedate"] == business_days_on(5), 20, "the field")

    def test_killed_while_it_is_being_said(self):
        service = self.start(self.jira, due=DUE)
        finding, key = self.handed_over(service, self.event(4))
        service.stop()
        held = self.jira.fault("hold", "POST", f"{ISSUE}/{key}/comment")
        self.days_go_by(service, stop=False)
        self.assertTrue(held.reached.wait(20))
        service.kill()
        held.release.set()
        service.start()
        self.until_breached(service, finding)
        self.assertEqual(len(self.said(key)), 1)

    def test_what_is_over_never_breaches(self):
        service = self.start(self.jira, due=DUE)
        _, resolved = self.handed_over(service, self.event(5))
        closed_finding, closed = self.handed_over(service, self.event(6))
        unwanted = self.ticketed(service, self.deliver(service, self.event(7)))
        service.post(f"/v1/drafts/{unwanted['draft']['id']}/reject", {"comment": "known"})
        self.deliver(service, self.event(5, status="resolved"))
        service.wait_for(lambda: self.said(resolved, "Resolved."), 20, "the end")
        open_finding, still_open = self.handed_over(service, self.event(8))
        service.stop()
        self.jira.move(self.jira.issues[closed], "done")  # by hand, and nobody tells us
        self.days_go_by(service, stop=False)
        self.until_breached(service, open_finding)
        self.until(service, closed_finding, lambda d: d["tickets"][0]["closed_by_person"], "the look before")
        self.assertEqual([key for key in self.jira.issues if self.said(key)], [still_open])
        self.assertEqual(self.breaches(service), 1)

    def test_a_tracker_that_is_down_delays_it(self):
        service = self.start(self.jira, due=DUE)
        finding, key = self.handed_over(service, self.event(9))
        service.stop()
        self.jira.fault("error", "GET", f"{ISSUE}/{key}", times=3)
        self.days_go_by(service, stop=False)
        self.until_breached(service, finding)
        self.assertEqual(len(self.said(key)), 1)

    def test_none_where_none_is_wanted(self):
        self.jira.screen.pop()  # the field is not on the create screen: the description says it alone
        service = self.start(self.jira, due=DUE)
        _, key = self.handed_over(service, self.event(10))
        self.assertNotIn("duedate", self.jira.issues[key]["fields"])
        self.assertIn("5 business days for severity high", text_of(self.jira.issues[key]))
        _, low = self.handed_over(service, self.event(11, "low"))
        self.assertNotIn("business day", text_of(self.jira.issues[low]))


class RouteDue(DueCase):
    def test_a_route_has_its_own_days(self):
        jira = self.watch(Jira())
        jira.screen.append(field("duedate", "Due date", "date", system="duedate"))
        service = self.start(jira, due=DUE)
        config = {**service.config}
        config["routes"] = [{"name": "slow", "when": {"severity": ["high"]}, "sink": "jira", "due": {"high": 20}},
                            {"name": "never", "when": {}, "sink": "jira", "due": "none"}]
        service.write_config(config)
        service.restart()
        _, slow = self.handed_over(service, self.event(20))
        _, never = self.handed_over(service, self.event(21, "critical"))
        self.assertEqual(jira.issues[slow]["fields"]["duedate"], business_days_on(20))
        self.assertNotIn("duedate", jira.issues[never]["fields"])


class GroupDue(DueCase):
    def test_a_group_has_one_date_and_one_comment(self):
        jira = self.watch(Jira())
        jira.screen.append(field("duedate", "Due date", "date", system="duedate"))
        config = tracker_config(jira.config(timeout="5s"), "before_create", "1s", queue=QUICK)
        config["tickets"].update(due=DUE, group={"by": ["rule", "owner"], "window": "1h", "min": 3})
        next(one for one in config["sources"] if one["name"] == "generic")["map"]["rule.id"] = "/rule"
        service = self.serve(config)
        for number in range(3):
            self.deliver(service, self.event(f"2{number}", rule="public-bucket"))

        def draft_of_all():
            drafts = service.items("/v1/drafts?state=pending")
            return drafts[0] if len(drafts) == 1 and drafts[0]["title"].startswith("Many findings") else None
        draft = service.wait_for(draft_of_all, 20, "one draft for all")
        self.assertEqual(draft["due"]["on"], business_days_on(5))
        service.post(f"/v1/drafts/{draft['id']}/approve", {"comment": "go"})
        service.wait_for(lambda: jira.issues and jira.all()[0]["fields"]["assignee"], 20, "the group's ticket")
        issue, = jira.all()
        self.assertEqual(issue["fields"]["duedate"], business_days_on(5))
        service.wait_for(lambda: service.get(f"/v1/dossiers/{draft['dossier_id']}")["stage"] == "delivered", 20, "it")
        self.days_go_by(service)
        said = lambda: [one for one in comments_of(issue) if PASSED in one]  # noqa: E731
        service.wait_for(said, 20, "the breach to be said")
        self.assertIn("alice@acme.example", said()[0])
        self.days_go_by(service)
        self.deliver(service, self.event("29", rule="public-bucket"))
        service.wait_for(lambda: "4 of 4 are open" in text_of(issue), 20, "the table to follow")
        self.assertEqual((len(said()), self.breaches(service)), (1, 0))


class DatacenterDue(DueCase):
    def test_a_data_center_is_looked_at_by_its_own_paths(self):
        jira = self.watch(JiraDataCenter())
        service = self.start(jira, due=DUE)
        finding, key = self.handed_over(service, self.event(30))
        self.days_go_by(service)
        self.until_breached(service, finding)
        said = [one for one in jira.issues[key]["comments"] if PASSED in json.dumps(one["body"])]
        self.assertEqual(len(said), 1)


class ServiceNowDue(DueCase):
    def test_set_moved_and_passed(self):
        now = self.watch(ServiceNow())
        service = self.start(now, due=DUE)
        finding, _ = self.handed_over(service, self.event(40))
        row, = now.all()
        self.assertEqual(row["due_date"], business_days_on(5) + " 22:59:59", "the last second of the day in UTC+1")
        now.fault("lost", "PATCH", f"/api/now/table/incident/{row['sys_id']}")
        self.deliver(service, self.event(40, "critical"))
        service.wait_for(lambda: row["due_date"] == business_days_on(2) + " 22:59:59", 20, "the sooner date")
        self.until(service, finding, lambda d: all(one["state"] == "done" for one in d["ticket_updates"]), "all steps")
        service.stop()
        now.fault("lost", "PATCH", f"/api/now/table/incident/{row['sys_id']}")
        self.days_go_by(service, stop=False)
        self.until_breached(service, finding)
        self.assertEqual(len([one for one in now.notes(row) if PASSED in one]), 1)
        self.assertEqual(len([one for one in now.notes(row) if "Due date:" in one]), 1)

    def test_the_stand_in_refuses_what_is_no_time(self):
        now = ServiceNow()
        self.addCleanup(now.shut)
        call = type("Call", (), {"body": {"due_date": "2026-12-04"}, "method": "POST", "path": "/"})
        with self.assertRaises(Exception):
            now.checked(call)


if __name__ == "__main__":
    unittest.main()
