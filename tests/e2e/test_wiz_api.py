"""Wiz's API as the real binary uses it, against a tenant that holds requests to Wiz's schema and really evaluates them."""

import http.client
import json
import math
import re
import unittest
import urllib.parse

from harness import SLOW, Service, default_config
from standins.wiz import AUDIENCE, CLIENT_ID, CLIENT_SECRET, SCOPES, Wiz


def source(wiz, **api):
    return {"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"},
            "api": wiz.api_config(**api)}


class StrictnessTest(unittest.TestCase):
    """The stand-in is seen to refuse before anything rests on it."""

    def setUp(self):
        self.wiz = Wiz()
        self.addCleanup(self.wiz.shut)
        self.token = self.sign_in()[1]["access_token"]

    def post(self, path, body, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.wiz.port, timeout=10)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        status, body = answer.status, json.loads(answer.read())
        connection.close()
        return status, body

    def sign_in(self, **changes):
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                "audience": AUDIENCE, **changes}
        return self.post("/oauth/token", urllib.parse.urlencode(form),
                         **{"Content-Type": "application/x-www-form-urlencoded"})

    def ask(self, query, variables=None):
        body = json.dumps({"query": query, "variables": variables or {}})
        return self.post("/graphql", body, Authorization=f"Bearer {self.token}")[1]

    def test_credentials_audience_and_expired_tokens(self):
        self.assertEqual(self.sign_in(client_secret="wrong")[0], 401)
        self.assertEqual(self.sign_in(audience="beyond-api")[0], 403)
        self.wiz.expire_tokens()
        self.assertEqual(self.post("/graphql", "{}", Authorization=f"Bearer {self.token}")[0], 401)

    def test_documents_that_wiz_refuses(self):
        head = "query Q($f: IssueFilters) { issuesV2(filterBy: $f, first: 1) { nodes { "
        self.assertNotIn("errors", self.ask(head + "id } } }"))
        for query, variables in ((head + "id colour } } }", {}), (head + "entitySnapshot } } }", {}),
                                 ("query Q { issuesV2(filterBy: $f) { nodes { id } } }", {}),
                                 (head + "id } } }", {"f": {"updatedAt": {"after": "2026-01-01T00:00:00Z"}}}),
                                 (head + "id } } }", {"f": {"status": ["CLOSED"]}}), (head + "id } } }", {"g": 1}),
                                 ("query Q($f: IssueFilters, $x: Int) { issuesV2(filterBy: $f) { nodes { id } } }", {}),
                                 ("query Q($i: String) { issue(id: $i) { id } }", {"i": "x"}), (head, {})):
            self.assertIn("errors", self.ask(query, variables), (query, variables))
        update = "mutation M($input: UpdateIssueInput!) { updateIssue(input: $input) { issue { id } } }"
        issue = self.wiz.add_issue()
        for patch in ({"status": "RESOLVED"}, {"status": "REJECTED"},
                      {"status": "OPEN", "resolutionReason": "EXCEPTION"}):
            self.assertIn("errors", self.ask(update, {"input": {"id": issue, "patch": patch}}), patch)

    def test_the_graph_is_evaluated(self):
        for name, kind in (("b", "BUCKET"), ("role", "ACCESS_ROLE"), ("lone", "BUCKET"), ("data", "DATA_FINDING")):
            self.wiz.entity(name, kind)
        self.wiz.edge("role", "ALLOWS_ACCESS_TO", "b")
        self.wiz.edge("b", "HAS_DATA_FINDING", "data")
        document = ("query G($query: GraphEntityQueryInput) { graphSearch(query: $query, projectId: \"*\", first: 10) {"
                    " nodes { entities { id } } } }")

        def rows(**query):
            answer = self.ask(document, {"query": {"type": ["BUCKET"], "select": True, **query}})
            return [[one and one["id"] for one in node["entities"]] for node in answer["data"]["graphSearch"]["nodes"]]

        def way(relation, kind, **more):
            return {"type": [{"type": relation, "reverse": more.pop("reverse", False)}],
                    "with": {"type": [kind], "select": True}, **more}

        self.assertEqual(rows(), [["b"], ["lone"]])
        self.assertEqual(rows(where={"_vertexID": {"EQUALS": ["lone"]}}), [["lone"]])
        self.assertEqual(rows(relationships=[way("ALLOWS_ACCESS_TO", "ACCESS_ROLE", reverse=True)]), [["b", "role"]])
        self.assertEqual(rows(relationships=[way("ALLOWS_ACCESS_TO", "ACCESS_ROLE")]), [])
        self.assertEqual(rows(relationships=[way("HAS_DATA_FINDING", "DATA_FINDING", optional=True)]),
                         [["b", "data"], ["lone", None]])
        self.assertEqual(rows(relationships=[way("HAS_DATA_FINDING", "DATA_FINDING", negate=True)]), [["lone"]])


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.wiz = Wiz()
        self.addCleanup(self.wiz.shut)

    def check(self, **api):
        service = Service(default_config(sources=[source(self.wiz, **api)], routes=[{"name": "rest", "do": "digest"}]))
        self.addCleanup(service.close)
        ran = service.cli("check", "-c", service.config_path, "--connect")
        line = next((line for line in ran.stdout.splitlines() if line.startswith("sources[wiz].api")), "")
        self.assertNotIn(CLIENT_SECRET, ran.stdout + ran.stderr)
        return ran.returncode, re.sub(r"\s{2,}", "  ", line), ran.stdout + ran.stderr

    def test_reads_only_and_says_who_we_are(self):
        code, line, output = self.check()
        self.assertEqual(code, 0, output)
        self.assertIn("  ok", line)
        self.assertEqual(self.wiz.complaints, [])
        self.assertFalse([root for root, _ in self.wiz.operations if root.startswith(("create", "update", "associate"))])

    def test_names_the_scopes_that_are_missing(self):
        self.wiz.scopes = [scope for scope in SCOPES if scope not in ("read:resources", "create:service_tickets")]
        code, line, output = self.check()
        self.assertEqual(code, 1, output)
        self.assertIn("permission missing", line)
        self.assertIn("read:resources", line)
        self.assertIn("create:service_tickets", line)
        self.assertNotIn("read:issues", line)

    def test_wrong_credentials_and_nobody_there(self):
        code, line, output = self.check(client_secret="a-wrong-secret-that-nobody-may-see")
        self.assertEqual(code, 1)
        self.assertIn("credentials refused", line)
        self.assertNotIn("a-wrong-secret", output)
        self.wiz.shut()
        self.assertIn("unreachable", self.check()[1])


class MidFlightTest(unittest.TestCase):
    """The service goes on through what a token, a limit or half an answer can do to it, and keeps its secrets."""

    def setUp(self):
        self.wiz = Wiz()
        self.addCleanup(self.wiz.shut)
        api = {"poll": "100ms", "rate": "500/s", "backlog": False, "blast_radius": False}
        self.service = Service(default_config(sources=[source(self.wiz, **api)],
                                              routes=[{"name": "rest", "do": "digest"}], log={"level": "debug"}))
        self.addCleanup(self.service.close)
        self.service.start()

    def tearDown(self):
        self.assertEqual(self.wiz.complaints, [])
        log = self.service.log_text()
        self.assertNotIn(CLIENT_SECRET, log)
        for token in self.given:
            self.assertNotIn(token, log)

    @property
    def given(self):
        """Every token that was ever used, with the signatures that make it one."""
        return {call.headers.get("authorization", "").removeprefix("Bearer ")
                for call in self.wiz.calls("POST", "/graphql")} - {""}

    @property
    def refused(self):
        """Every token that was ever refused."""
        return {call.headers.get("authorization") for call in self.wiz.calls("POST", "/graphql") if call.status == 401}

    def appears(self, **issue):
        name = f"acme-{next(self.wiz.numbers)}"
        bucket = self.wiz.entity(f"ent-{name}", "BUCKET", name, externalId=f"arn:aws:s3:::{name}", cloudPlatform="AWS")
        self.wiz.add_issue(entity=bucket, rule=f"Public bucket {name}", **issue)
        return self.service.wait_for(
            lambda: [one for one in self.service.items("/v1/findings") if one.get("title") == f"Public bucket {name}"], 20,
            name)[0]

    def test_tokens_that_expire_meanwhile(self):
        self.appears()
        self.wiz.expire_tokens()
        self.appears()
        self.wiz.token_ttl = 2 * math.ceil(SLOW)  # seconds: renewed before it is over, so that hardly one is ever refused
        self.wiz.expire_tokens()
        refused, given = len(self.refused), self.wiz.tokens_given
        self.service.wait_for(lambda: self.wiz.tokens_given > given + 3, 20, "tokens before their time")
        self.appears()
        # A client that waits to be refused has each of its tokens refused but the last; on a slow wire a call may
        # outlive its token.
        self.assertLess(len(self.refused) - refused, self.wiz.tokens_given - given - 1)
        self.assertGreater(len(self.given), 2)

    def test_errors_and_limits_inside_and_outside_a_200(self):
        self.wiz.say("issuesV2", "INTERNAL", "something failed", times=2)
        self.appears()
        self.wiz.limit(times=2, inside=True)
        self.appears()
        self.wiz.limit(times=1, inside=False, retry_after="1")
        self.appears()
        self.wiz.say("issuesV2", "UNAUTHENTICATED", "the token has expired")
        self.appears()
        self.wiz.say("issuesV2", "INTERNAL", "projects can't be read", times=3, data="partial")
        self.appears(severity="HIGH")
        self.assertIn("projects can't be read", self.service.log_text())

    def test_rights_that_are_taken_away_are_named(self):
        self.appears()
        self.wiz.scopes.remove("read:issues")
        self.service.wait_for(lambda: "read:issues" in self.service.log_text(), 20, "the scope in the log")
        self.wiz.scopes.append("read:issues")
        self.appears()


if __name__ == "__main__":
    unittest.main()
