"""Drafts in Teams: cards by a flow, decisions by mention and by link, over failures."""

import pathlib
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import SLOW, TOKENS, default_config, generic_event, wiz_issue  # noqa: E402
from standins.teams import Teams, links_of, query_of, text_of  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

PAUL, ANNA, NOBODY = ("8b7c0f5e-1111-4222-8333-%012d" % n for n in range(3))
PEOPLE = [{"email": "paul@acme.example", "role": "approver", "teams_id": PAUL.upper()},
          {"email": "anna@acme.example", "role": "analyst", "teams_id": ANNA}]
PUBLIC = "https://dossier.acme.example"
LINK_SECRET = "0123456789abcdef0123456789abcdef"
FLOW = "/workflows/.*"


def card(*body, **more):
    return {"type": "AdaptiveCard", "version": "1.5", "body": list(body), **more}


class StrictnessTest(unittest.TestCase):
    def test_cards_that_a_flow_can_not_show_are_refused(self):
        teams = Teams("card")
        self.addCleanup(teams.shut)
        good = card({"type": "TextBlock", "text": "x"}, actions=[{"type": "Action.OpenUrl", "url": "https://x.example"}])
        self.assertIsNone(teams.problem_of(b"", good))
        for bad in ({}, {**good, "version": "1.6"}, card({"type": "TextBlock", "text": "[x](https://evil.example)"}),
                    card(actions=[{"type": "Action.Submit"}]), card(actions=[{"type": "Action.Http", "url": "x"}])):
            self.assertTrue(teams.problem_of(b"", bad), bad)
        self.assertTrue(teams.problem_of(b"x" * 29_000, good))
        if teams.schema:
            self.assertTrue(teams.problem_of(b"", card({"type": "TextBlock", "txt": "x"})))


class TeamsCase(TrackerCase):
    def setUp(self):
        self.teams = self.watch(Teams())

    def start(self, chat=None, teams=None, **more):
        config = default_config(
            auth={**default_config()["auth"], "people": PEOPLE},
            chat={"teams": self.teams.config(link_secret=LINK_SECRET, **(teams or {})), "every": "30ms",
                  "public_url": PUBLIC, **(chat or {})}, **more)
        return self.serve(config)

    def cards(self, service, count=1):
        return service.wait_for(lambda: self.teams.cards[:count] if len(self.teams.cards) >= count else None, 20,
                                f"{count} cards")

    def drafted(self, service, payload=None, source="generic"):
        before = len(self.teams.cards)
        finding = self.deliver(service, payload, source)
        draft = service.settled(finding)["dossier"]["draft"]
        return draft, self.cards(service, before + 1)[-1]

    def state(self, service, draft):
        return service.get(f"/v1/drafts/{draft['id']}")


class CardTest(TeamsCase):
    def test_a_draft_is_a_card_and_its_decision_another(self):
        service = self.start()
        hostile = "[Approve](https://evil.example) <at>all</at> " + "x" * 3000
        draft, first = self.drafted(service, wiz_issue("W-t", bucket="acme-payments-t", description=hostile,
                                                       control="Publicly exposed bucket with PII " + hostile), "wiz")
        for words in ("critical", "public", "Alice Ngo", "acme-payments-t", "AI-Generated Guidance", draft["id"]):
            self.assertIn(words, text_of(first))
        self.assertIn(PUBLIC + "/v1/chat/teams/decide?", links_of(first)["Approve or reject"])
        service.restart()
        service.post(f"/v1/drafts/{draft['id']}/reject", {"comment": "known"}, token=TOKENS["approver"])
        second = self.cards(service, 2)[1]
        self.assertIn("This draft is decided", text_of(second))
        self.assertIn("rejected by the-approver", text_of(second))
        self.assertNotIn("Approve or reject", links_of(second))
        self.drafted(service, generic_event("T-other", bucket="acme-payments-other"))
        self.assertEqual(len(self.teams.cards), 3)

    def test_a_bare_card_for_flows_that_want_one(self):
        self.teams.shape = "card"
        service = self.start()
        self.drafted(service)

    def test_who_does_not_decide_is_reminded(self):
        service = self.start(chat={"remind_after": "300ms", "reminders": 1})
        self.drafted(service)
        self.assertIn("Still waiting", text_of(self.cards(service, 2)[1]))

    def test_a_card_is_sent_once_whatever_becomes_of_the_call(self):
        service = self.start()
        for number, (name, fault) in enumerate([
                ("closed unread", {"kind": "drop"}), ("the answer is lost", {"kind": "lost"}),
                ("done, then 500", {"kind": "error"}),
                ("429", {"kind": "refuse", "status": 429, "headers": {"Retry-After": "1"}}),
                ("refused for now", {"kind": "refuse", "status": 401, "body": {}})]):
            with self.subTest(name):
                before = len(self.teams.cards)
                self.teams.fault(fault.pop("kind"), "POST", FLOW, **fault)
                finding = self.deliver(service, generic_event(f"T-{number}", bucket=f"acme-payments-{number}"))
                draft = service.settled(finding)["dossier"]["draft"]
                service.wait_for(lambda: any(one["draft_id"] == draft["id"] for one in
                                             service.items("/v1/audit?action=chat.posted")) or
                                 (name == "closed unread" and len(self.teams.cards) == before), 20, name)
                # A connection that was reset tells nobody whether the flow had begun: then one card at most.
                sent = len(self.teams.cards) - before
                self.assertIn(sent, (0, 1) if name == "closed unread" else (1,))


class MentionTest(TeamsCase):
    def test_decisions_questions_and_explanations_by_mention(self):
        service = self.start()
        draft, _ = self.drafted(service, wiz_issue("W-m", bucket="acme-payments-m"), "wiz")
        for who, text, words in [(ANNA, f"explain {draft['id']}", "Evidence"), (ANNA, "explain W-m", "Evidence"),
                                 (ANNA, "how many critical findings are there?", "1"), (ANNA, "help", "What I can do"),
                                 (ANNA, f"approve {draft['id']}", "your role here is analyst"),
                                 (NOBODY, f"approve {draft['id']}", "teams_id"), ("", "explain W-m", "Sorry")]:
            with self.subTest(text):
                began = time.monotonic()
                status, said = self.teams.say(service, who, text)
                self.assertEqual(status, 200)
                self.assertIn(words, said)
                self.assertLess(time.monotonic() - began, 5 * SLOW)
        self.assertEqual(self.state(service, draft)["state"], "pending")
        raw = self.teams.activity(PAUL, f"approve {draft['id']}")
        self.assertIn("You approved", self.teams.say(service, PAUL, "", raw)[1])
        self.assertEqual(self.state(service, draft)["decided_by"], "paul@acme.example")
        self.assertIn("taken already", self.teams.say(service, PAUL, "", raw)[1])
        self.assertIn("already", self.teams.say(service, PAUL, f"reject {draft['id']} no")[1])

    def test_what_is_on_its_way_to_the_channel_can_not_be_approved(self):
        service = self.start()
        draft, _ = self.drafted(service)
        stalled = self.teams.fault("stall", "POST", FLOW)
        service.request("PATCH", f"/v1/drafts/{draft['id']}", {"title": "Another title"})
        self.assertTrue(stalled.reached.wait(20 * SLOW))
        self.assertIn("changed", self.teams.say(service, PAUL, f"approve {draft['id']}")[1])
        self.assertEqual(self.state(service, draft)["state"], "pending")
        stalled.release.set()
        self.assertIn("This draft has changed", text_of(self.cards(service, 2)[1]))
        service.wait_for(lambda: "You approved" in self.teams.say(service, PAUL, f"approve {draft['id']}")[1], 20,
                         "the new card to count as shown")

    def test_only_what_the_card_shows_can_be_approved(self):
        service = self.start()
        draft, _ = self.drafted(service)
        self.teams.fault("refuse", "POST", FLOW, times=1000, status=401)
        service.request("PATCH", f"/v1/drafts/{draft['id']}", {"title": "Another title"})
        self.assertIn("changed", self.teams.say(service, PAUL, f"approve {draft['id']}")[1])
        self.teams.faults.clear()
        self.assertIn("This draft has changed", text_of(self.cards(service, 2)[1]))
        service.wait_for(lambda: "You approved" in self.teams.say(service, PAUL, f"approve {draft['id']}")[1], 10,
                         "the approval")

    def test_only_teams_is_believed(self):
        service = self.start()
        draft, _ = self.drafted(service)
        raw = self.teams.activity(PAUL, f"approve {draft['id']}")
        other = self.teams.activity(PAUL, "help")
        token = "YW5vdGhlci10b2tlbg=="
        for headers in ({"Content-Type": "application/json"}, self.teams.sign(other), self.teams.sign(raw, token),
                        {**self.teams.sign(raw), "Authorization": f"Bearer {TOKENS['admin']}"}):
            self.assertEqual(self.teams.say(service, PAUL, "", raw, headers)[0], 401)
        self.assertEqual(self.state(service, draft)["state"], "pending")
        for raw in (b"[]", b"{}", b"not json"):
            self.assertEqual(self.teams.say(service, PAUL, "", raw)[0], 400)


class LinkTest(TeamsCase):
    def decide(self, service, link, **fields):
        body = urllib.parse.urlencode({**query_of(link), **fields})
        return service.request("POST", "/v1/chat/teams/decide", body.encode(),
                               {"Content-Type": "application/x-www-form-urlencoded"}, token=None)

    def test_a_link_shows_the_draft_and_takes_a_form_with_a_token(self):
        service = self.start()
        draft, first = self.drafted(service)
        link = links_of(first)["Approve or reject"]
        path = link.removeprefix(PUBLIC)
        status, headers, page = service.request("GET", path, token=None)
        self.assertEqual(status, 200)
        self.assertIn(draft["title"], page)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertEqual(self.state(service, draft)["state"], "pending", "opening a link decides nothing")
        for fields, expected in [({"decision": "approve"}, 401), ({"decision": "approve", "token": "guess"}, 401),
                                 ({"decision": "approve", "token": TOKENS["analyst"]}, 403),
                                 ({"decision": "maybe", "token": TOKENS["approver"]}, 400),
                                 ({"decision": "approve", "token": TOKENS["approver"], "hash": "other"}, 403),
                                 ({"decision": "approve", "token": TOKENS["approver"], "expires": "9999999999"}, 403),
                                 ({"decision": "approve", "token": TOKENS["approver"], "sig": ""}, 403)]:
            with self.subTest(fields):
                self.assertEqual(self.decide(service, link, **fields)[0], expected)
        self.assertEqual(self.state(service, draft)["state"], "pending")
        done = self.decide(service, link, decision="reject", token=TOKENS["approver"], comment="by the link")
        self.assertEqual(done[0], 200)
        self.assertEqual(self.state(service, draft)["comment"], "by the link")
        self.assertEqual(self.decide(service, link, decision="approve", token=TOKENS["admin"])[0], 409)
        self.assertEqual(service.request("GET", path, token=None)[0], 409)

    def test_an_edit_and_time_void_a_link(self):
        service = self.start(teams={"link_lifetime": "1500ms"})
        draft, first = self.drafted(service)
        link = links_of(first)["Approve or reject"]
        service.request("PATCH", f"/v1/drafts/{draft['id']}", {"title": "Another title"})
        self.assertIn(self.decide(service, link, decision="approve", token=TOKENS["approver"])[0], (403, 409))
        newer = links_of(self.cards(service, 2)[1])["Approve or reject"].removeprefix(PUBLIC)
        service.wait_for(lambda: service.request("GET", newer, token=None)[0] == 403, 10, "the link to expire")
        self.assertEqual(self.state(service, draft)["state"], "pending")


if __name__ == "__main__":
    unittest.main()
