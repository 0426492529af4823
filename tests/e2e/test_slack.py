"""Drafts in Slack: told once, decided by the right people, kept true, over failures and restarts."""

import json
import pathlib
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import SLOW, TOKENS, default_config, generic_event, wiz_issue  # noqa: E402
from standins.slack import CHANNEL, Slack, buttons_of, words_of  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

APPROVE, REJECT, EXPLAIN = "dossier_approve", "dossier_reject", "dossier_explain"
PEOPLE = [{"email": "paul@acme.example", "role": "approver"}, {"email": "anna@acme.example", "role": "analyst"},
          {"email": "vera@acme.example", "role": "viewer"}]
POST = "/api/chat.postMessage"


def section(text, **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True, **more}}


class StrictnessTest(unittest.TestCase):
    """The stand-in is seen to refuse before anything rests on it."""

    def test_messages_that_slack_refuses_are_refused(self):
        slack = Slack()
        self.addCleanup(slack.shut)
        good = {"channel": CHANNEL, "text": "t", "blocks": [section("x")]}
        self.assertIsNone(slack.problem_of(good))
        header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
        for change, error in [({"channel": "C0ELSE"}, "channel_not_found"), ({"text": ""}, "no_text"),
                              ({"blocks": [section("")]}, "invalid_blocks"), ({"blocks": [header]}, "invalid_blocks"),
                              ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
                              ({"blocks": [section("x" * 2900)] * 5}, "msg_blocks_too_long"),
                              ({"blocks": [section("x")] * 51}, "invalid_blocks")]:
            self.assertEqual(slack.problem_of({**good, **change})["error"], error, change)
        self.assertEqual(slack.complaints, [])
        for text in ("<!channel> look", "<@UPAUL>", "<https://evil.example|Approve>", "a & b"):
            slack.check_markup({"text": "t", "blocks": [section(text)]})
            self.assertTrue(slack.complaints, text)
            slack.complaints.clear()
        slack.check_markup({"text": "t", "blocks": [section("x", verbatim=False)]})
        self.assertTrue(slack.complaints)
        if slack.schema:
            self.assertTrue(slack.schema.errors({**good, "blocks": [{"type": "section"}]}))


class SlackCase(TrackerCase):
    def setUp(self):
        self.slack = self.watch(Slack())

    def start(self, slack=None, chat=None, **more):
        config = default_config(**{"auth": {**default_config()["auth"], "people": PEOPLE},
                                   "chat": {"slack": self.slack.config(**(slack or {})), "every": "30ms",
                                            **(chat or {})},
                                   **more})
        return self.serve(config)

    def told(self, service, count=1, channel=CHANNEL):
        """The messages of a channel once there are that many."""
        return service.wait_for(lambda: self.slack.in_channel(channel)[:count]
                                if len(self.slack.in_channel(channel)) >= count else None, 20,
                                f"{count} messages in {channel}")

    def drafted(self, service, payload=None, source="generic"):
        """(draft, its message)"""
        before = len(self.slack.in_channel())
        finding = self.deliver(service, payload, source)
        draft = service.settled(finding)["dossier"]["draft"]
        return draft, self.told(service, before + 1)[-1]

    def state(self, service, draft):
        return service.get(f"/v1/drafts/{draft['id']}")

    def decided(self, service, draft, state):
        return service.wait_for(lambda: one if (one := self.state(service, draft))["state"] in state else None, 20,
                                f"the draft to be {state}")

    def response(self, service, path):
        return service.wait_for(lambda: next((body for at, body in self.slack.responses if at == path), None), 20,
                                f"the answer at {path}")

    def says(self, service, message, words):
        return service.wait_for(lambda: words in words_of(message), 20, f"the message to say {words!r}")


class TellingTest(SlackCase):
    def test_a_draft_is_told_once_with_what_one_decides_by(self):
        service = self.start(chat={"public_url": "https://dossier.acme.example"})
        draft, message = self.drafted(service, wiz_issue("W-told", bucket="acme-payments-told"), "wiz")
        text = words_of(message)
        for words in (draft["title"], "acme-payments-told", "critical", "public", "Alice Ngo", "AI-Generated Guidance",
                      draft["id"], "https://dossier.acme.example/v1/drafts/" + draft["id"], "Touches"):
            self.assertIn(words, text)
        buttons = buttons_of(message)
        self.assertEqual(set(buttons), {APPROVE, REJECT, EXPLAIN})
        self.assertEqual(json.loads(buttons[APPROVE]["value"]), {"draft": draft["id"], "hash": draft["content_hash"]})
        direct = self.told(service, 1, "DUALICE")[0]
        self.assertIn("named as the owner", words_of(direct))
        self.assertEqual(set(buttons_of(direct)), {EXPLAIN})
        service.restart()
        other, _ = self.drafted(service, generic_event("another-one", bucket="acme-payments-other"))
        self.assertEqual(len(self.slack.in_channel()), 2, "a restart tells nothing twice")
        self.assertEqual(len([m for m in self.slack.in_channel("DUALICE") if draft["id"] in words_of(m)]), 1)
        self.assertNotEqual(other["id"], draft["id"])

    def test_what_a_finding_says_pings_nobody_and_links_nowhere(self):
        service = self.start()
        title = "<!channel> <@UPAUL> *urgent* <https://evil.example|Approve here> & more \u202e " + "x" * 400
        payload = wiz_issue("W-inj", bucket="acme-payments-<!here>-`x`", control=title, description=title)
        finding = self.deliver(service, payload, "wiz")
        service.settled(finding)
        message = self.told(service)[0]
        self.assertNotIn("<!", words_of(message))
        self.assertNotIn("\u202e", words_of(message))

    def test_an_owner_whom_slack_does_not_know_is_named_in_the_thread(self):
        del self.slack.users["UALICE"]
        service = self.start()
        draft, message = self.drafted(service)
        reply = self.told(service, 2)[1]
        self.assertEqual(reply["thread_ts"], message["ts"])
        self.assertIn(draft["assignee"], words_of(reply))
        self.assertFalse([m for m in self.slack.messages if m["channel"].startswith("D")])

    def test_who_does_not_decide_is_reminded_and_no_more_once_decided(self):
        service = self.start(chat={"remind_after": "300ms", "reminders": 2})
        draft, _ = self.drafted(service)
        reminders = self.told(service, 3)[1:]
        for reminder in reminders:
            self.assertIn("Still waiting", words_of(reminder))
        service.post(f"/v1/drafts/{draft['id']}/reject", {})
        self.drafted(service, generic_event("after-the-reminders", bucket="acme-payments-after"))
        self.assertEqual(len([m for m in self.slack.in_channel() if draft["title"] in words_of(m)
                              and "Still waiting" in words_of(m) and draft["id"] in json.dumps(m)]), 2)


class DecidingTest(SlackCase):
    def test_an_approver_approves_and_the_message_says_so(self):
        service = self.start()
        draft, message = self.drafted(service)
        status, path = self.slack.click(service, "UPAUL", message, APPROVE)
        self.assertEqual(status, 200)
        done = self.decided(service, draft, ("posted",))
        self.assertEqual(done["decided_by"], "paul@acme.example")
        self.assertIn("You approved", words_of(self.response(service, path)))
        self.says(service, message, "approved by paul@acme.example")
        self.assertEqual(buttons_of(message), {})
        direct = self.told(service, 1, "DUALICE")[0]
        self.says(service, direct, "approved by paul@acme.example")
        again, path = self.slack.click(service, "UPAUL", {**message, "blocks": [{
            "type": "actions", "elements": [{"action_id": REJECT, "value": json.dumps(
                {"draft": draft["id"], "hash": draft["content_hash"]})}]}]}, REJECT)
        self.assertEqual(again, 200)
        view = service.wait_for(lambda: self.slack.views, 10, "the dialog")[0]
        self.slack.submit(service, "UPAUL", view, "too late")
        self.assertIn("approved" if done["state"] == "approved" else "posted",
                      words_of(self.response(service, path)))
        self.assertEqual(self.state(service, draft)["state"], "posted")

    def test_an_owner_decides_where_a_rule_says_so_whatever_the_role_is(self):
        service = self.start(approval={"rules": [{"when": {"kind": ["ticket"]}, "owner": True}]}, auth={
            **default_config()["auth"], "people": PEOPLE + [{"email": "alice@acme.example", "role": "viewer"}]})
        draft, message = self.drafted(service)
        status, path = self.slack.click(service, "UVERA", message, APPROVE)
        self.assertEqual(status, 200)
        self.assertIn("the owner alice@acme.example", words_of(self.response(service, path)))
        self.assertEqual(self.state(service, draft)["state"], "pending")
        direct = self.told(service, 1, "DUALICE")[0]
        self.slack.click(service, "UALICE", direct, APPROVE)
        self.assertEqual(self.decided(service, draft, ("posted",))["decided_by"], "alice@acme.example")

    def test_a_rejection_asks_why(self):
        service = self.start()
        draft, message = self.drafted(service)
        self.slack.click(service, "UPAUL", message, REJECT)
        view = service.wait_for(lambda: self.slack.views, 10, "the dialog")[0]
        self.assertEqual(self.state(service, draft)["state"], "pending")
        self.assertEqual(self.slack.submit(service, "UPAUL", view, "a test bucket & known"), 200)
        done = self.decided(service, draft, ("rejected",))
        self.assertEqual((done["decided_by"], done["comment"]), ("paul@acme.example", "a test bucket & known"))
        self.says(service, message, "rejected by paul@acme.example")
        self.says(service, message, "a test bucket &amp; known")

    def test_whoever_may_not_is_refused_politely_and_nothing_happens(self):
        service = self.start()
        draft, message = self.drafted(service)
        for user, words in [("UANNA", "your role here is analyst"), ("UVERA", "viewer"), ("UNOBODY", "auth.people"),
                            ("USTRANGER", "other workspaces"), ("UFORGED", "confirmed"), ("UGONE", "active"),
                            ("UMISSING", "who you are")]:
            with self.subTest(user):
                status, path = self.slack.click(service, user, message, APPROVE)
                self.assertEqual(status, 200)
                answer = self.response(service, path)
                self.assertEqual(answer["response_type"], "ephemeral")
                self.assertIn("Sorry", words_of(answer))
                self.assertIn(words, words_of(answer))
        self.assertEqual(self.state(service, draft)["state"], "pending")
        self.assertEqual(set(buttons_of(message)), {APPROVE, REJECT, EXPLAIN})
        refused = service.items("/v1/audit?action=chat.refused")
        self.assertEqual(len(refused), 7)

    def test_only_what_was_shown_can_be_approved(self):
        service = self.start()
        draft, message = self.drafted(service)
        seen = json.loads(json.dumps(message))
        edited = service.request("PATCH", f"/v1/drafts/{draft['id']}", {"title": "Another title"})[2]
        self.says(service, message, "Another title")
        _, path = self.slack.click(service, "UPAUL", seen, APPROVE)
        self.assertIn("changed", words_of(self.response(service, path)))
        self.assertEqual(self.state(service, draft)["state"], "pending")
        self.slack.click(service, "UPAUL", message, APPROVE)
        self.assertEqual(self.decided(service, draft, ("approved", "posted"))["content_hash"], edited["content_hash"])

    def test_a_decision_elsewhere_is_told(self):
        service = self.start()
        draft, message = self.drafted(service)
        service.post(f"/v1/drafts/{draft['id']}/reject", {"comment": "by the console"}, token=TOKENS["approver"])
        self.says(service, message, "rejected by the-approver")
        self.assertEqual(buttons_of(message), {})

    def test_explain_more_needs_an_analyst(self):
        service = self.start()
        _, message = self.drafted(service)
        _, path = self.slack.click(service, "UANNA", message, EXPLAIN)
        self.assertIn("Evidence", words_of(self.response(service, path)))
        _, path = self.slack.click(service, "UVERA", message, EXPLAIN)
        self.assertIn("Sorry", words_of(self.response(service, path)))


class AskingTest(SlackCase):
    def test_a_command_is_acknowledged_at_once_and_answered_later(self):
        service = self.start()
        draft, _ = self.drafted(service, wiz_issue("W-cmd", bucket="acme-payments-cmd"), "wiz")
        finding = draft["finding_ids"][0]
        url = service.get(f"/v1/findings/{finding}")["finding"]["url"] or "https://app.wiz.io/issues#~(issue~'W-cmd)"
        for text, words in [(f"explain {finding}", "Evidence"), (f"explain {draft['id']}", "Evidence"),
                            (f"explain <{url}>", "Evidence"), ("explain W-cmd", "Evidence"),
                            ("explain https://app.wiz.io/issues/nothing", "no finding"), ("help", "What I can do"),
                            ("how many critical findings are there?", "1")]:
            with self.subTest(text):
                (status, body, seconds), path = self.slack.command(service, "UANNA", text)
                self.assertEqual(status, 200)
                self.assertEqual(body["response_type"], "ephemeral")
                self.assertLess(seconds, 3 * SLOW)
                self.assertIn(words, words_of(self.response(service, path)))
        _, path = self.slack.command(service, "UVERA", "how many findings are there?")
        self.assertIn("Sorry", words_of(self.response(service, path)))

    def test_decisions_are_typed_too_and_bound_to_what_the_channel_shows(self):
        service = self.start()
        draft, message = self.drafted(service)
        _, path = self.slack.command(service, "UPAUL", f"reject {draft['id']} not ours")
        self.assertIn("You rejected", words_of(self.response(service, path)))
        self.assertEqual(self.state(service, draft)["comment"], "not ours")
        _, path = self.slack.command(service, "UPAUL", "approve drf_unknown")
        self.assertIn("no draft", words_of(self.response(service, path)))

    def test_answers_go_to_slack_alone(self):
        service = self.start()
        other = Slack()
        self.addCleanup(other.shut)
        for url in (other.url + "/response/x", "http://169.254.169.254/latest", "https://hooks.slack.com.evil.example/x",
                    "https://evil@hooks.slack.com:1/x", self.slack.url.replace("127.0.0.1", "127.0.0.1:1@127.0.0.1")):
            self.assertEqual(self.slack.command(service, "UANNA", "help", response_url=url)[0][0], 200)
        failed = service.wait_for(lambda: sum("response URL is not Slack" in json.dumps(event)
                                              for event in service.log_events()) >= 5, 10, "the refusals")
        self.assertTrue(failed)
        self.assertEqual(other.journal, [])

    def test_a_mention_is_answered_once_in_its_thread(self):
        service = self.start()
        self.drafted(service, wiz_issue("W-men", bucket="acme-payments-men"), "wiz")
        for retry in (None, 1, 2):
            status, _, seconds = self.slack.mention(service, "UANNA", "explain W-men", "Ev1", retry)
            self.assertEqual(status, 200)
            self.assertLess(seconds, 3 * SLOW)
        answer = self.told(service, 2)[1]
        self.assertEqual(answer["thread_ts"], "1764.0001")
        self.assertIn("Evidence", words_of(answer))
        self.slack.mention(service, "UNOBODY", "explain W-men", "Ev2")
        refusal = service.wait_for(lambda: self.slack.ephemeral, 10, "the refusal")[0]
        self.assertEqual(refusal["user"], "UNOBODY")
        self.slack.mention(service, "UANNA", "hello", "Ev3", bot_id="B2")
        service.restart()
        self.assertEqual(self.slack.mention(service, "UANNA", "explain W-men", "Ev1", 3)[0], 200)
        self.drafted(service, generic_event("after-mentions", bucket="acme-payments-after"))
        self.assertEqual(len([m for m in self.slack.in_channel() if m.get("thread_ts") == "1764.0001"]), 1)
        status, body, _ = self.slack.send(service, "events", json.dumps(
            {"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"}), "application/json")
        self.assertEqual((status, body["challenge"]), (200, "3eZbrw1aB"))


class ProofTest(SlackCase):
    def test_only_slack_is_believed(self):
        service = self.start()
        draft, message = self.drafted(service)
        value = buttons_of(message)[APPROVE]["value"]
        raw, _ = self.slack.interaction("UPAUL", type="block_actions", actions=[{"action_id": APPROVE, "value": value}])
        good, now = self.slack.sign(raw.encode()), int(time.time())
        forged = {"no signature": {}, "another secret": self.slack.sign(raw.encode(), secret="another"),
                  "another body": self.slack.sign(b"payload=%7B%7D"), "too old": self.slack.sign(raw.encode(), now - 301),
                  "from the future": self.slack.sign(raw.encode(), now + 400),
                  "no time": {"X-Slack-Signature": good["X-Slack-Signature"]},
                  "another time": {**good, "X-Slack-Request-Timestamp": str(now - 1)},
                  "a bearer token instead": {"Authorization": f"Bearer {TOKENS['admin']}"}}
        for route in ("interactions", "commands", "events"):
            for name, headers in forged.items():
                with self.subTest(f"{route}: {name}"):
                    kind = "application/json" if route == "events" else "application/x-www-form-urlencoded"
                    status, _, _ = service.request("POST", f"/v1/chat/slack/{route}", raw.encode(),
                                                   {"Content-Type": kind, **headers}, token=None)
                    self.assertEqual(status, 401)
        self.assertEqual(self.state(service, draft)["state"], "pending")
        self.assertEqual(self.slack.send(service, "interactions", "payload=no-json")[0], 400)
        self.assertEqual(self.slack.send(service, "interactions", "x=1")[0], 400)
        self.assertEqual(self.slack.send(service, "commands", "text=help")[0], 400)
        nothing = urllib.parse.urlencode({"payload": json.dumps({"type": "block_actions", "user": [], "actions": [7]})})
        self.assertEqual(self.slack.send(service, "interactions", nothing)[0], 200)

    def test_without_slack_there_is_no_such_route(self):
        service = self.serve(default_config())
        for route in ("slack/interactions", "slack/commands", "slack/events", "teams/messages"):
            self.assertEqual(service.request("POST", f"/v1/chat/{route}", {})[0], 404)


class FailureTest(SlackCase):
    def test_a_message_is_posted_once_whatever_becomes_of_the_call(self):
        service = self.start(slack={"tell_owner": False})
        limited = {"kind": "refuse", "status": 429, "body": {"ok": False, "error": "ratelimited"},
                   "headers": {"Retry-After": "1"}}
        soft = {"kind": "refuse", "status": 200, "body": {"ok": False, "error": "ratelimited"},
                "headers": {"Retry-After": "1"}}
        fatal = {"kind": "error", "status": 200, "body": {"ok": False, "error": "fatal_error"}}
        for name, fault in [("closed unread", {"kind": "drop"}), ("the answer is lost", {"kind": "lost"}),
                            ("half an answer", {"kind": "half"}), ("done, then 500", {"kind": "error"}),
                            ("429", limited), ("ratelimited in a 200", soft), ("fatal_error after it was done", fatal)]:
            with self.subTest(name):
                bucket = "acme-payments-" + name.replace(" ", "-").replace(",", "")
                self.slack.fault(fault.pop("kind"), "POST", POST, **fault)
                finding = self.deliver(service, generic_event(bucket, bucket=bucket))
                draft = service.settled(finding)["dossier"]["draft"]
                of_draft = lambda: [one for one in self.slack.messages if draft["id"] in json.dumps(one)]
                service.wait_for(lambda: any(one["draft_id"] == draft["id"] for one in
                                             service.items("/v1/audit?action=chat.posted")), 20, name)
                service.post(f"/v1/drafts/{draft['id']}/reject", {})
                service.wait_for(lambda: "rejected by" in words_of(of_draft()[0]), 20, "the update")
                self.assertEqual(len(of_draft()), 1)

    def test_a_crash_while_the_call_is_under_way_posts_nothing_twice(self):
        service = self.start(slack={"tell_owner": False})
        held = self.slack.fault("hold", "POST", POST)
        self.deliver(service)
        self.assertTrue(held.reached.wait(20 * SLOW))
        service.kill()
        held.release.set()
        service.start()
        service.wait_for(lambda: service.items("/v1/audit?action=chat.posted"), 20, "the message to be found")
        self.assertEqual(len(self.slack.messages), 1)
        self.assertTrue(self.slack.calls("POST", "/api/conversations.history"))

    def test_a_refusal_waits_for_somebody_to_mend_it(self):
        self.slack.members.clear()
        service = self.start(slack={"tell_owner": False})
        self.deliver(service)
        service.wait_for(lambda: any(event.get("event") == "chat.message_failed" and "not_in_channel" in
                                     json.dumps(event) for event in service.log_events()), 20, "the complaint")
        self.assertEqual(self.slack.messages, [])
        self.slack.members.add(CHANNEL)
        self.told(service)

    def test_an_update_that_fails_is_made_later(self):
        service = self.start(slack={"tell_owner": False})
        draft, message = self.drafted(service)
        self.slack.fault("error", "POST", "/api/chat.update", times=2, status=503)
        self.slack.fault("lost", "POST", "/api/chat.update", times=1)
        service.post(f"/v1/drafts/{draft['id']}/reject", {})
        self.says(service, message, "rejected by")

    def test_credentials_are_tried_before_they_are_needed(self):
        service = self.start()
        good = service.cli("check", "-c", service.config_path, "--connect")
        self.assertIn("dossier in Acme", good.stdout)
        self.slack.members.clear()
        self.assertIn("invite it", service.cli("check", "-c", service.config_path, "--connect").stdout)


if __name__ == "__main__":
    unittest.main()
