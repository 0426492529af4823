"""Trackers that call back, and those that are asked: signatures, repeats, disorder, and what people do to tickets."""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import generic_event  # noqa: E402
from standins.jira import Jira, comments_of  # noqa: E402
from standins.servicenow import ServiceNow  # noqa: E402
from tracker_steps import TrackerCase, tracker_config  # noqa: E402

SECRET, TOKEN = "the-secret-that-signs-call-backs", "the-token-of-a-flow"


def signature(body, secret=SECRET, encode=None):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return "sha256=" + (encode(digest).decode() if encode else digest.hex())


def jira_event(issue, field="status", to="Done", event="jira:issue_updated"):
    """As an admin webhook of Jira Cloud sends it."""
    return {"timestamp": time.time_ns() // 1_000_000, "webhookEvent": event,
            "issue_event_type_name": "issue_generic",
            "user": {"accountId": "acc-carol", "displayName": "Carol"},
            "issue": {"id": issue["id"], "key": issue["key"], "fields": {"summary": issue["fields"]["summary"]}},
            "changelog": {"id": "1", "items": [{"field": field, "fieldtype": "jira", "toString": to}]}}


class CallbackCase(TrackerCase):
    def start(self, sink, **more):
        config = tracker_config(sink.config(timeout="5s", **more), settle="1s")
        return self.serve(config)

    def handed_over(self, service, event=None):
        finding = self.deliver(service, event)
        self.approve(service, self.ticketed(service, finding))
        self.posted(service, finding)
        return finding

    def call(self, service, body, sink="jira", headers=None, query=""):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", "X-Hub-Signature": signature(raw)} if headers is None else headers
        status, _, answer = service.request("POST", f"/v1/trackers/{sink}/events{query}", raw, sent, token=None)
        return status, answer

    def heard(self, service, body, **more):
        status, answer = self.call(service, body, **more)
        self.assertEqual(status, 202, answer)
        return answer["outcome"]

    def closed_by_person(self, service, finding):
        return self.until(service, finding, lambda d: d["tickets"] and d["tickets"][-1]["closed_by_person"],
                          "the closing to be noted")


class JiraCalls(CallbackCase):
    def setUp(self):
        self.jira = self.watch(Jira())

    def close_by_hand(self, issue, status="done"):
        with self.jira.lock:
            self.jira.move(issue, status)

    def test_a_closing_by_a_person_is_noted_once_and_never_fought_over(self):
        service = self.start(self.jira, callback={"secret": SECRET})
        finding = self.handed_over(service)
        issue, = self.jira.all()
        self.close_by_hand(issue)
        event = jira_event(issue)
        raw = json.dumps(event).encode()
        headers = {"Content-Type": "application/json", "X-Hub-Signature": signature(raw),
                   "X-Atlassian-Webhook-Identifier": "evt-1"}
        outcomes = [self.call(service, raw, headers=headers)[1]["outcome"] for _ in range(4)]
        self.assertEqual(outcomes, ["noted"] + ["repeated"] * 3)
        dossier = self.closed_by_person(service, finding)
        self.assertEqual(dossier["tickets"][-1]["status"], "Done")
        self.assertIn("ticket.closed_by_person", [one["action"] for one in dossier["timeline"]])
        self.deliver(service, generic_event(severity="critical"))
        service.wait_for(lambda: [one for one in comments_of(issue) if "high → critical" in one], 20, "the update")
        self.assertEqual(issue["status"], "done")
        self.assertEqual(len(self.audit(service, "ticket.closed_by_person")), 1)
        self.assertEqual(self.jira.calls("POST", ".*/transitions"), [])
        # Truly over and truly back: that is another matter.
        self.deliver(service, generic_event(severity="critical", status="resolved"))
        service.wait_for(lambda: [one for one in comments_of(issue) if "Resolved." in one], 20, "the end")
        self.deliver(service, generic_event(severity="low"))
        service.wait_for(lambda: issue["status"] != "done", 20, "the ticket to be taken up again")

    def test_what_a_late_call_says_counts_for_nothing(self):
        service = self.start(self.jira, callback={"secret": SECRET})
        finding = self.handed_over(service)
        issue, = self.jira.all()
        # Closed and opened again; the call about the closing comes last.
        self.assertEqual(self.heard(service, jira_event(issue, to="To Do")), "noted")
        self.assertEqual(self.heard(service, jira_event(issue, to="Done")), "noted")
        self.until(service, finding, lambda d: d["tickets"][-1]["status"] == "To Do", "a look")
        dossier = self.dossier(service, finding)
        self.assertFalse(dossier["tickets"][-1]["closed_by_person"])
        self.assertEqual(self.audit(service, "ticket.closed_by_person"), [])

    def test_only_the_tracker_is_heard(self):
        service = self.start(self.jira, callback={"secret": SECRET})
        finding = self.handed_over(service)
        issue, = self.jira.all()
        raw = json.dumps(jira_event(issue)).encode()
        json_type = {"Content-Type": "application/json"}
        for name, headers in {
                "none": {}, "empty": {"X-Hub-Signature": ""}, "no digest": {"X-Hub-Signature": "sha256="},
                "another secret": {"X-Hub-Signature": signature(raw, "another")},
                "another body": {"X-Hub-Signature": signature(raw + b" ")},
                "another algorithm": {"X-Hub-Signature": signature(raw).replace("sha256", "sha1")},
                "no prefix": {"X-Hub-Signature": signature(raw).removeprefix("sha256=")},
                "a token where none is set": {"Authorization": "Bearer "},
                "a reader's token": {"Authorization": "Bearer admin-token-of-the-tests"}}.items():
            with self.subTest(name):
                self.assertEqual(self.call(service, raw, headers={**json_type, **headers})[0], 401)
        reads = len(self.jira.calls("GET", f"/rest/api/3/issue/{issue['key']}"))
        self.assertEqual(self.call(service, raw, sink="outbox")[0], 404)
        self.assertEqual(self.call(service, raw, sink="nobody")[0], 404)
        self.assertEqual(service.request("GET", "/v1/trackers/jira/events", token=None)[0], 405)
        self.assertFalse(self.dossier(service, finding)["tickets"][-1]["closed_by_person"])
        self.assertEqual(len(self.jira.calls("GET", f"/rest/api/3/issue/{issue['key']}")), reads)
        self.assertEqual(self.heard(service, raw, query="?triggeredByUser=acc-carol"), "noted")

    def test_what_concerns_no_standing_and_what_is_not_ours(self):
        service = self.start(self.jira, callback={"secret": SECRET})
        self.handed_over(service)
        issue, = self.jira.all()
        other = {"id": "99999", "key": "OPS-7", "fields": {"summary": "not ours"}}
        self.assertEqual(self.heard(service, jira_event(issue, field="assignee")), "ignored")
        self.assertEqual(self.heard(service, jira_event(issue, event="comment_created")), "ignored")
        self.assertEqual(self.heard(service, jira_event(other)), "unknown")
        moved = {**issue, "key": "OPS-8"}  # to another project: the id stays
        self.assertEqual(self.heard(service, jira_event(moved)), "noted")
        for bad in (b"{", b"[]", b"{}", b'{"issue": 7}', b'{"issue": {"key": "a b"}}', b'{"issue": {"id": {}}}',
                    b'{"issue": {"key": "' + b"A" * 5000 + b'"}}', b'{"key": "\xff"}', b"[" * 5000):
            self.assertEqual(self.call(service, bad)[0], 400, bad[:60])

    def test_a_deleted_ticket_is_noted(self):
        service = self.start(self.jira, callback={"secret": SECRET})
        finding = self.handed_over(service)
        with self.jira.lock:
            issue = self.jira.issues.pop("SEC-1")
        self.assertEqual(self.heard(service, jira_event(issue, event="jira:issue_deleted")), "noted")
        dossier = self.until(service, finding, lambda d: d["tickets"][-1]["status"] == "deleted", "the note")
        self.assertIn("ticket.gone", [one["action"] for one in dossier["timeline"]])

    def test_what_was_acknowledged_is_looked_at_after_a_crash(self):
        service = self.start(self.jira, callback={"secret": SECRET})
        finding = self.handed_over(service)
        issue, = self.jira.all()
        self.close_by_hand(issue)
        self.jira.fault("drop", "GET", f"/rest/api/3/issue/{issue['key']}", times=50)
        self.assertEqual(self.heard(service, jira_event(issue)), "noted")
        service.kill()
        with self.jira.lock:
            self.jira.faults.clear()
        service.start()
        self.closed_by_person(service, finding)

    def test_polling_sees_what_nobody_calls(self):
        self.jira.index_lag = 0.5
        service = self.start(self.jira, poll="200ms")
        finding = self.handed_over(service)
        issue, = self.jira.all()
        self.close_by_hand(issue)
        self.closed_by_person(service, finding)
        looks = len(self.jira.calls("GET", f"/rest/api/3/issue/{issue['key']}"))
        polls = len(self.jira.searches())
        service.wait_for(lambda: len(self.jira.searches()) > polls + 5, 20, "some more polls")
        self.assertLessEqual(len(self.jira.calls("GET", f"/rest/api/3/issue/{issue['key']}")), looks + 1,
                             "a change that was seen is no news")
        self.close_by_hand(issue, "new")
        self.until(service, finding, lambda d: not d["tickets"][-1]["closed_by_person"], "the opening to be noted")
        self.assertEqual(len(self.audit(service, "ticket.reopened_by_person")), 1)


class ServiceNowCalls(CallbackCase):
    def setUp(self):
        self.now = self.watch(ServiceNow())

    def close_by_hand(self, row, state="7"):
        with self.now.lock:
            self.now.change(row, {"state": state, "close_code": "Solved (Work Around)"})

    def test_a_flow_with_a_token_and_a_rule_that_signs(self):
        service = self.start(self.now, callback={"secret": SECRET, "token": TOKEN})
        finding = self.handed_over(service)
        row, = self.now.all()
        body = {"sys_id": row["sys_id"], "number": row["number"], "sys_updated_on": "2026-11-26 01:00:00"}
        raw = json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        for headers in ({"Authorization": "Bearer " + TOKEN + "x"}, {"X-Dossier-Token": SECRET}, {}):
            self.assertEqual(self.call(service, raw, "snow", {**kind, **headers})[0], 401)
        self.close_by_hand(row)
        # What generateMac of a business rule writes is base64.
        self.assertEqual(self.call(service, raw, "snow", {
            **kind, "X-Hub-Signature": signature(raw, encode=base64.b64encode)})[1]["outcome"], "noted")
        dossier = self.closed_by_person(service, finding)
        self.assertEqual(dossier["tickets"][-1]["status"], "Closed")
        for headers in ({"X-Dossier-Token": TOKEN}, {"Authorization": "Bearer " + TOKEN}):
            self.assertEqual(self.call(service, raw, "snow", {**kind, **headers})[1]["outcome"], "repeated")
        number_only = {"number": row["number"]}
        self.assertEqual(self.call(service, number_only, "snow", {**kind, "X-Dossier-Token": TOKEN})[1]["outcome"],
                         "noted")

    def test_polling_compares_what_it_gets(self):
        service = self.start(self.now, poll="200ms")
        finding = self.handed_over(service)
        row, = self.now.all()
        self.close_by_hand(row)
        self.closed_by_person(service, finding)
        begin = service.log_path.stat().st_size
        self.now.hidden_columns = {"correlation_display"}
        service.wait_for(lambda: [one for one in service.log_events(begin) if one.get("event") == "poll.failing"], 20,
                         "the poll to refuse what it did not ask for")
        self.now.hidden_columns = set()
        self.assertEqual(len(self.audit(service, "ticket.closed_by_person")), 1)


if __name__ == "__main__":
    unittest.main()
