"""Prisma Cloud and Orca by their own APIs: findings that no webhook brought, sessions that end in mid-flight, pages,
limits, thin webhooks, the graph around a resource, and stand-ins that refuse what the real ones would."""

import json
import time
import unittest
import urllib.error
import urllib.request

from harness import Service, default_config
from standins.orca import TOKEN, Orca
from standins.prisma import KEY, SECRET, Prisma, bucket

QUICK = {"poll": "100ms", "lookback": "1h", "backlog": False}


def with_api(source, api):
    """The default configuration with one source's API on."""
    config = default_config()
    config["routes"] = [{"name": "rest", "do": "digest"}]
    for one in config["sources"]:
        if one["name"] == source:
            one["api"] = api
    return config


class Api(unittest.TestCase):
    def start(self, source, platform, **more):
        self.names = {}  # ours → the platform's
        service = Service(with_api(source, platform.api(**{**QUICK, **more})))
        self.addCleanup(service.close)
        service.start()
        return service

    def findings(self, service, source):
        """{id of the platform: finding as listed}, without those that no worker has read yet."""
        found = {}
        for one in service.items(f"/v1/findings?source={source}"):
            if one["id"] not in self.names:
                known = service.get(f"/v1/findings/{one['id']}")["finding"].get("source_id")
                if not known:
                    continue
                self.names[one["id"]] = known
            found[self.names[one["id"]]] = one
        return found

    def wait_for(self, service, source, claim, what):
        return service.wait_for(lambda: (found := self.findings(service, source)) and claim(found) and found, 20, what)


class PrismaCloud(Api):
    def setUp(self):
        self.platform = Prisma()
        self.addCleanup(self.platform.shut)

    def tearDown(self):
        self.assertEqual(self.platform.complaints, [])

    def test_what_no_webhook_brought_comes_and_follows_its_changes(self):
        self.platform.page_size = 3
        for number in range(8):
            self.platform.add_alert(f"P-{number}", title=f"Bucket {number} is public", severity="high",
                                    resource=bucket(f"bucket-{number}"))
        self.platform.add_alert("D-9", title="Objects hold PII", policy_type="data", status="dismissed")
        service = self.start("prisma", self.platform)
        found = self.wait_for(service, "prisma", lambda all: len(all) == 9, "nine findings on three pages")
        self.assertEqual((found["P-3"]["title"], found["P-3"]["severity"]), ("Bucket 3 is public", "high"))
        self.assertEqual(found["D-9"]["status"], "suppressed")
        self.platform.change("P-3", status="resolved", reason="RESOURCE_UPDATED")
        self.platform.change("D-9", status="open", reason="USER_REOPENED")
        self.wait_for(service, "prisma", lambda all: all["P-3"]["status"] == "resolved" and all["D-9"]["status"] == "open",
                      "both changes")
        self.assertEqual(len(self.findings(service, "prisma")), 9)

    def test_sessions_may_end_and_limits_be_reached_in_mid_flight(self):
        service = self.start("prisma", self.platform)
        service.wait_for(lambda: self.platform.calls("POST", "/v2/alert"), 20, "the first look")
        self.platform.expire_tokens()
        self.platform.fault("refuse", "POST", "/v2/alert", status=429, headers={"Retry-After": "0"})
        self.platform.fault("half", "POST", "/v2/alert")
        self.platform.add_alert("P-1", title="Bucket is public")
        self.wait_for(service, "prisma", lambda all: "P-1" in all, "the alert in spite of it all")
        self.assertEqual(self.platform.logins, 2, "one login more, and no more than that")
        self.assertNotIn(SECRET, service.log_text())

    def test_sessions_are_extended_before_they_end(self):
        self.platform.token_life = 3
        service = self.start("prisma", self.platform)
        service.wait_for(lambda: self.platform.extensions >= 1, 20, "an extension")
        self.platform.add_alert("P-1", title="Bucket is public")
        self.wait_for(service, "prisma", lambda all: "P-1" in all, "the alert by the extended session")

    def test_a_thin_webhook_is_completed(self):
        self.platform.add_alert("P-7", title="Bucket is public", severity="critical", at=time.time() - 86400,
                                resource=bucket("payments"))
        service = self.start("prisma", self.platform, reconcile=False)
        answer = service.send("prisma", [{"alertId": "P-7"}])
        self.assertEqual(answer["findings"][0]["outcome"], "created")
        found = self.wait_for(service, "prisma", lambda all: "P-7" in all and all["P-7"]["title"] == "Bucket is public", "the whole alert")
        self.assertEqual(found["P-7"]["severity"], "critical")

    def test_the_stand_in_refuses_what_prisma_cloud_would(self):
        def call(method, path, body=None, token=None):
            request = urllib.request.Request(self.platform.url + path, method=method,
                                             data=None if body is None else json.dumps(body).encode(),
                                             headers={"x-redlock-auth": token or ""})
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status, json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                return error.code, error.headers.get("x-redlock-status")
        self.platform.add_alert("P-1", title="x")
        self.assertEqual(call("GET", "/alert/P-1")[0], 401)
        self.assertEqual(call("POST", "/login", {"username": KEY, "password": "wrong"})[0], 401)
        token = call("POST", "/login", {"username": KEY, "password": SECRET})[1]["token"]
        self.assertEqual(call("GET", "/alert/P-2", token=token)[0], 404)
        everything = {"timeRange": {"type": "to_now", "value": "epoch"}}
        bad = [("POST", "/v2/alert", {**everything, "page_token": "x"}), ("POST", "/v2/alert", {"timeRange": {"type": "x"}}),
               ("POST", "/v2/alert", {**everything, "pageToken": "dead"}),
               ("POST", "/v2/alert", {**everything, "filters": [{"name": "alert.status", "operator": "=", "value": "x"}]}),
               ("POST", "/alert/dismiss", {"alerts": ["P-1"], "filter": everything}),
               ("POST", "/alert/reopen", {"alerts": ["P-1"], "filter": everything}),
               ("POST", "/search/event", {**everything, "query": "anything"}),
               ("POST", "/api/v1/permission", {"query": "config from iam where x = 'y' or '1' = '1'"})]
        for one in bad:
            self.assertEqual(call(*one, token=token)[0], 400, one)
        self.assertGreaterEqual(len(self.platform.complaints), len(bad))
        self.platform.complaints.clear()
        self.platform.expire_tokens()
        self.assertEqual(call("GET", "/alert/P-1", token=token)[0], 401)


class OrcaSecurity(Api):
    def setUp(self):
        self.platform = Orca()
        self.addCleanup(self.platform.shut)
        self.platform.add_asset("AwsS3Bucket_1", "AwsS3Bucket", "payments", Arn="arn:aws:s3:::payments")

    def tearDown(self):
        self.assertEqual(self.platform.complaints, [])

    def test_what_no_webhook_brought_comes_and_follows_its_changes(self):
        for number in range(8):
            self.platform.add_alert(f"orca-{number}", title=f"Bucket {number} is public", risk="high",
                                    asset="AwsS3Bucket_1")
        self.platform.add_alert("orca-8", title="Old one", status="closed", asset="AwsS3Bucket_1")
        self.platform.fault("refuse", "POST", "/api/serving-layer/query", status=429, headers={"Retry-After": "0"})
        self.platform.fault("half", "POST", "/api/serving-layer/query")
        service = self.start("orca", self.platform)
        found = self.wait_for(service, "orca", lambda all: len(all) == 9, "nine findings")
        self.assertEqual((found["orca-3"]["title"], found["orca-3"]["severity"]), ("Bucket 3 is public", "high"))
        self.assertEqual(found["orca-8"]["status"], "resolved")
        self.platform.change("orca-3", status="closed")
        self.platform.change("orca-4", status="snoozed")
        self.wait_for(service, "orca", lambda all: all["orca-3"]["status"] == "resolved"
                      and all["orca-4"]["status"] == "suppressed", "both changes")
        self.assertEqual(len(self.findings(service, "orca")), 9)
        self.assertNotIn(TOKEN, service.log_text())

    def test_a_thin_webhook_is_completed(self):
        self.platform.add_alert("orca-7", title="Bucket is public", risk="critical", asset="AwsS3Bucket_1",
                                at=time.time() - 86400)
        service = self.start("orca", self.platform, reconcile=False)
        answer = service.send("orca", {"ID": "orca-7"})
        self.assertEqual(answer["findings"][0]["outcome"], "created")
        found = self.wait_for(service, "orca", lambda all: "orca-7" in all and all["orca-7"]["title"] == "Bucket is public", "the whole alert")
        self.assertEqual(found["orca-7"]["severity"], "critical")

    def test_the_stand_in_refuses_what_orca_would(self):
        def call(method, path, body=None, token=TOKEN):
            request = urllib.request.Request(self.platform.url + path, method=method,
                                             data=None if body is None else json.dumps(body).encode(),
                                             headers={"Authorization": "Token " + token})
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
        self.platform.add_alert("orca-1")
        self.assertEqual(call("GET", "/api/alerts/orca-1", token="wrong"), 401)
        self.assertEqual(call("GET", "/api/alerts/orca-2"), 500)
        rule = {"models": ["Inventory"], "type": "object_set",
                "with": {"key": "asset_unique_id", "values": ["AwsS3Bucket_1"], "type": "str", "operator": "in"}}
        tag = {"name": "one", "tags": {"team": "x"}, "rule": rule, "rule_type": "json", "disabled": False}
        self.assertEqual(call("POST", "/api/custom_tags", tag), 200)
        self.assertEqual(self.platform.tags_of("AwsS3Bucket_1"), {"team": "x"})
        bad = [("POST", "/api/custom_tags", {**tag, "name": "two"}), ("POST", "/api/custom_tags", {**tag, "tags": {"n": 1}}),
               ("PUT", "/api/alerts/orca-1/status/closed"), ("PUT", "/api/alerts/orca-1/status/open"),
               ("PUT", "/api/alerts/orca-1/comment", {"text": "x"}),
               ("POST", "/api/serving-layer/query", {"query": {"models": ["Alert"], "type": "object_set",
                "with": {"key": "Nonsense", "values": ["x"], "type": "str", "operator": "in"}}}),
               ("POST", "/api/serving-layer/query", {"query": {"models": ["Nonsense"], "type": "object_set"}})]
        for one in bad:
            self.assertEqual(call(*one), 400, one)
        self.assertEqual(len(self.platform.complaints), len(bad))
        self.platform.complaints.clear()
        for _ in range(2):
            self.assertEqual(call("PUT", "/api/alerts/orca-1/comment", {"comment": "x"}), 200)
        self.assertEqual(self.platform.comments_of("orca-1"), ["x", "x"], "each call adds one")


class Connect(unittest.TestCase):
    def test_check_says_which_right_is_missing(self):
        prisma, orca = Prisma(), Orca()
        self.addCleanup(prisma.shut)
        self.addCleanup(orca.shut)
        prisma.denied.add("/api/v1/permission")
        config = with_api("prisma", prisma.api())
        for one in config["sources"]:
            if one["name"] == "orca":
                one["api"] = orca.api(token="wrong")
        service = Service(config)
        self.addCleanup(service.close)
        ran = service.cli("check", "-c", service.config_path, "--connect")
        self.assertEqual(ran.returncode, 1)
        lines = {line.split()[0]: line for line in ran.stdout.splitlines() if line.strip()}
        self.assertIn("permission missing", lines["sources[prisma].api"])
        self.assertIn("Investigate: IAM (view)", lines["sources[prisma].api"])
        self.assertIn("credentials refused", lines["sources[orca].api"])
        self.assertNotIn(SECRET, ran.stdout + ran.stderr)
        writes = [one for one in orca.journal + prisma.journal if one.method in ("PUT", "DELETE")]
        self.assertEqual(writes, [], "it wrote something")


if __name__ == "__main__":
    unittest.main()
