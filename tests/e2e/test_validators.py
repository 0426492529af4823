"""The judges of the other tests, judged: each takes what the vendor takes and refuses what the vendor refuses.

The stand-ins' own checks always; the published contracts where their folder is there, on the cases that came with them.
"""

import base64
import copy
import json
import pathlib
import sys
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from standins import contracts, slack  # noqa: E402
from standins.jira import Jira, adf_problem  # noqa: E402
from standins.jira_datacenter import TOKEN, JiraDataCenter  # noqa: E402
from standins.servicenow import PASSWORD, ServiceNow  # noqa: E402
from standins.servicenow import USER as SNOW_USER  # noqa: E402
from standins.slack import CHANNEL, Slack  # noqa: E402
from standins.teams import Teams  # noqa: E402

HAS_CONTRACTS = contracts.load("adf-cases.json") is not None
needs_contracts = unittest.skipUnless(HAS_CONTRACTS, "the folder of shared contracts is not there")


def paragraph(*texts):
    return {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": list(texts)}]}


def text(words, *marks):
    return {"type": "text", "text": words, **({"marks": [{"type": mark} for mark in marks]} if marks else {})}


def changed(document, path, value):
    """A copy in which the member at `path` is `value`; None takes it out."""
    document = copy.deepcopy(document)
    at = document
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


class Asking(unittest.TestCase):
    def ask(self, stand_in, method, path, body, headers):
        """The status of one request."""
        request = urllib.request.Request(stand_in.url + path, json.dumps(body).encode(), method=method,
                                         headers={"Content-Type": "application/json", "Accept": "application/json",
                                                  **headers})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"null")

    def opened(self, stand_in):
        self.addCleanup(stand_in.shut)
        return stand_in


class Documents(unittest.TestCase):
    def test_what_jira_would_not_show(self):
        for why, document in {
                "an empty text": paragraph(text("")), "a line break in a text": paragraph(text("a\nb")),
                "a control character": paragraph(text("a\x00")),
                "marks that exclude each other": paragraph(text("a", "code", "strong")),
                "a mark twice": paragraph(text("a", "em", "em")),
                "a text at the top": changed(paragraph(), ["content"], [text("a")]),
                "a script behind a link": paragraph({**text("a"), "marks": [
                    {"type": "link", "attrs": {"href": "javascript:alert(1)"}}]}),
                "another version": changed(paragraph(text("a")), ["version"], 2),
                "more than a field holds": paragraph(text("a" * 32_767))}.items():
            with self.subTest(why):
                self.assertTrue(adf_problem(document))
        self.assertIsNone(adf_problem(paragraph(text("a"), text("b", "strong", "em"))))

    @needs_contracts
    def test_the_schema_as_its_cases_say(self):
        schema = contracts.adf()
        for case in contracts.load("adf-cases.json")["cases"]:
            with self.subTest(case["name"]):
                self.assertEqual(schema.errors(case["doc"]) == [], case["valid"], schema.errors(case["doc"]))
                if not case["valid"]:
                    self.assertTrue(adf_problem(case["doc"]), "our own reading is no laxer")


class JiraRequests(Asking):
    GOOD = {"fields": {"project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "summary": "Public bucket",
                       "labels": ["dossier"], "description": paragraph(text("a"))},
            "properties": [{"key": "dossier", "value": {"key": "x"}}]}
    BAD = {"a member that is none": (["extra"], 1), "no summary": (["fields", "summary"], None),
           "two lines": (["fields", "summary"], "a\nb"), "too long": (["fields", "summary"], "x" * 256),
           "a label with a blank": (["fields", "labels"], ["a b"]),
           "another project": (["fields", "project"], {"key": "OPS"}),
           "a field of no screen": (["fields", "customfield_1"], "x"),
           "an assignee by name": (["fields", "assignee"], {"name": "alice"}),
           "a property without a value": (["properties", 0, "value"], None)}

    def judge(self, jira, path, good, bad, headers):
        self.assertEqual(self.ask(jira, "POST", path, good, headers)[0], 201)
        for why, (member, value) in bad.items():
            if why == "a member that is none" and not HAS_CONTRACTS:
                continue  # only the vendor's schema has them all
            with self.subTest(why):
                jira.complaints.clear()
                self.assertEqual(self.ask(jira, "POST", path, changed(good, member, value), headers)[0], 400)
                self.assertEqual(len(jira.complaints), 1, "and the test that did it fails")

    def test_cloud(self):
        jira = self.opened(Jira())
        self.judge(jira, "/rest/api/3/issue", self.GOOD,
                   {**self.BAD, "text instead of a document": (["fields", "description"], "a")},
                   {"Authorization": basic("bot@acme.example", "jira-api-token")})

    def test_data_center(self):
        jira = self.opened(JiraDataCenter())
        bad = {**self.BAD, "a document instead of text": (["fields", "description"], paragraph(text("a"))),
               "an account id": (["fields", "assignee"], {"accountId": "x"})}
        del bad["an assignee by name"]
        self.judge(jira, "/rest/api/2/issue", changed(self.GOOD, ["fields", "description"], "h2. a"), bad,
                   {"Authorization": "Bearer " + TOKEN})

    def test_nobody_else_is_served(self):
        jira = self.opened(Jira())
        for headers in ({}, {"Authorization": basic("bot@acme.example", "another")}):
            self.assertEqual(self.ask(jira, "POST", "/rest/api/3/issue", self.GOOD, headers)[0], 401)
        self.assertEqual(jira.all(), [])

    @needs_contracts
    def test_the_contracts_alone(self):
        for jira, path, description in ((self.opened(Jira()), "/rest/api/3/issue", paragraph(text("a"))),
                                        (self.opened(JiraDataCenter()), "/rest/api/2/issue", "h2. a")):
            good = changed(self.GOOD, ["fields", "description"], description)
            self.assertEqual(jira.contract.errors("POST", path, good), [])
            for why in ("a member that is none", "no summary", "two lines", "too long", "a label with a blank"):
                with self.subTest(why, path=path):
                    self.assertTrue(jira.contract.errors("POST", path, changed(good, *self.BAD[why])))
            self.assertTrue(jira.contract.errors("POST", path + "/nowhere/at/all", {}))


class ServiceNowRequests(Asking):
    GOOD = {"short_description": "Public bucket", "description": "a", "correlation_id": "dossier-1", "impact": "1"}
    BAD = {"a number": (["impact"], 1), "a code that is none": (["impact"], "9"),
           "more than the column holds": (["short_description"], "x" * 161),
           "a group by its name": (["assignment_group"], "payments-oncall")}

    def test_the_table_api(self):
        now = self.opened(ServiceNow())
        headers = {"Authorization": basic(SNOW_USER, PASSWORD)}
        self.assertEqual(self.ask(now, "POST", "/api/now/table/incident", self.GOOD, headers)[0], 201)
        for why, (member, value) in self.BAD.items():
            with self.subTest(why):
                now.complaints.clear()
                body = changed(self.GOOD, member, value)
                self.assertEqual(self.ask(now, "POST", "/api/now/table/incident", body, headers)[0], 400)
                self.assertEqual(len(now.complaints), 1)
        now.complaints.clear()
        self.ask(now, "POST", "/api/now/table/incident", {**self.GOOD, "severity_of_ours": "x"}, headers)
        self.assertTrue(now.complaints, "what the real one would ignore in silence")

    @needs_contracts
    def test_the_contract_alone(self):
        contract = self.opened(ServiceNow()).contract
        self.assertEqual(contract.errors("POST", "/api/now/table/incident", self.GOOD), [])
        for bad in ({**self.GOOD, "impact": 1}, {**self.GOOD, "severity_of_ours": "x"},
                    {**self.GOOD, "short_description": "x" * 161}):
            self.assertTrue(contract.errors("POST", "/api/now/table/incident", bad))


class ChatMessages(Asking):
    CARD = {"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.5",
            "body": [{"type": "TextBlock", "text": "a"}],
            "actions": [{"type": "Action.OpenUrl", "title": "b", "url": "https://dossier.acme.example/"}]}

    @needs_contracts
    def test_slack_as_its_cases_say(self):
        workspace = self.opened(Slack())
        schema = contracts.slack_message()
        for case in contracts.load("slack-cases.json")["cases"]:
            with self.subTest(case["name"]):
                self.assertEqual(schema.errors(case["message"]) == [], case["valid"])
                # Over the wire: what the schema refuses, the workspace refuses.
                status, answer = self.ask(workspace, "POST", "/api/chat.postMessage",
                                          {**case["message"], "channel": CHANNEL},
                                          {"Authorization": f"Bearer {slack.TOKEN}"})
                self.assertEqual((status, answer["ok"]), (200, case["valid"]), answer)

    @needs_contracts
    def test_slacks_limits_are_those_that_are_held(self):
        limits = contracts.load("slack-limits.json")
        self.assertEqual(slack.LIMITS["header"], limits["header"]["text"]["max_length"])
        self.assertEqual(slack.LIMITS["section"], limits["text"]["max_length"])
        workspace = self.opened(Slack())

        def is_too_long(**block):
            return workspace.too_long([block])

        def section(words, fields=()):
            return {"type": "section", "text": {"type": "mrkdwn", "text": words},
                    "fields": [{"type": "mrkdwn", "text": one} for one in fields]}

        def button(label, value):
            return {"type": "actions", "elements": [{"type": "button", "value": value, "text": {
                "type": "plain_text", "text": label}}]}

        fields = limits["section"]["fields"]["max_items"]
        label, value = limits["button"]["text"]["max_length"], limits["button"]["value"]["max_length"]
        for holds, breaks in ((section("x" * 3000), section("x" * 3001)),
                              (section("x", ["f"] * fields), section("x", ["f"] * (fields + 1))),
                              (button("x" * label, "v"), button("x" * (label + 1), "v")),
                              (button("x", "v" * value), button("x", "v" * (value + 1)))):
            self.assertFalse(is_too_long(**holds))
            self.assertTrue(is_too_long(**breaks))

    def test_slack_tells_live_markup(self):
        workspace = self.opened(Slack())
        for words in ("<!channel>", "<@UANNA>", "<https://evil.example/|x>", "a & b"):
            workspace.complaints.clear()
            self.ask(workspace, "POST", "/api/chat.postMessage", {"channel": CHANNEL, "text": words},
                     {"Authorization": f"Bearer {slack.TOKEN}"})
            self.assertEqual(len(workspace.complaints), 1, words)

    @needs_contracts
    def test_the_schema_of_cards(self):
        schema = contracts.adaptive_card()
        self.assertEqual(schema.errors(self.CARD), [])
        for member, value in ((["body", 0, "text"], None), (["body", 0, "type"], "TextBlok"),
                              (["actions", 0, "type"], "Action.Nothing"), (["actions", 0, "url"], None),
                              (["type"], "Card")):
            self.assertTrue(schema.errors(changed(self.CARD, member, value)), member)

    def test_workflows_take_no_other_card(self):
        teams = self.opened(Teams())
        self.assertIsNone(self.problem_of(teams, self.CARD))
        for member, value in ((["version"], "1.6"), (["type"], "Card"), (["actions", 0, "type"], "Action.Submit"),
                              (["body", 0, "text"], "x" * 30_000)):
            self.assertTrue(self.problem_of(teams, changed(self.CARD, member, value)), member)

    @staticmethod
    def problem_of(teams, card):
        message = {"type": "message", "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}]}
        return teams.problem_of(json.dumps(message).encode(), message)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


if __name__ == "__main__":
    unittest.main()
