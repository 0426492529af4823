"""Finding by asking: what no webhook brought, what changed meanwhile, thin deliveries, unclassified stores, and the
account of what was delivered and what was not. The platform is Wiz's stand-in, which holds every request to the schema.
"""

import datetime
import pathlib
import re
import unittest

from harness import Service, default_config, wiz_issue
from standins.wiz import Wiz, stamp

DIGEST = [{"name": "rest", "do": "digest"}]


def ago(**span):
    return stamp(datetime.datetime.now(datetime.UTC) - datetime.timedelta(**span))


class SmallPages(Wiz):
    """Gives few issues a page, whatever is asked for, and can forget every token between two pages."""

    rows, forgetful = 10, False

    def do_issuesV2(self, first=None, **more):
        answer = super().do_issuesV2(first=min(first or 50, self.rows), **more)
        if self.forgetful:
            self.expire_tokens()
        return answer


class ReconcileCase(unittest.TestCase):
    stand_in = Wiz
    api = {}

    def setUp(self):
        self.wiz = self.stand_in()
        self.addCleanup(self.wiz.shut)
        self.service = self.make_service()
        self.names = {}

    def tearDown(self):
        self.assertEqual(self.wiz.complaints, [])

    def make_service(self, cwd=None, **sections):
        api = {"poll": "100ms", "rate": "500/s", "backlog": False, "blast_radius": False, **self.api}
        sources = [{"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"},
                    "api": self.wiz.api_config(**api)}]
        service = Service(default_config(sources=sources, **{"routes": DIGEST, **sections}), cwd=cwd)
        self.addCleanup(service.close)
        return service

    def bucket(self, name, **properties):
        return self.wiz.entity(f"ent-{name}", "BUCKET", name, externalId=f"arn:aws:s3:::{name}", nativeType="bucket",
                               cloudPlatform="AWS", region="eu-central-1", subscriptionExternalId="012345678901",
                               **properties)

    def findings(self):
        """By the platform's id, which a finding says once it has been normalised."""
        found = self.service.items("/v1/findings")
        self.names.update({one["id"]: one["source_id"] for one in found if "source_id" in one})
        return {self.names.get(one["id"], one["id"]): one for one in found}

    def wait(self, claim, what):
        """The findings by platform id, once `claim` holds of them and no automatic stage is left."""
        done = {"digested", "awaiting_approval", "closed"}

        def holds():
            found = self.findings()
            return found if claim(found) and all(one["stage"] in done for one in found.values()) else None
        return self.service.wait_for(holds, 30, what)

    def metric(self, name, **labels):
        """The value of a sample, 0 where there is none."""
        _, _, text = self.service.request("GET", "/metrics")
        for line in text.splitlines():
            at = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if at and at[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', at[2] or "")) == labels:
                return float(at[3])
        return 0.0

    def looks(self):
        return self.metric("dossier_polls_total", poller="reconcile:wiz", outcome="done")

    def look_again(self, times=2):
        """Waits until whole looks have begun and ended from now on."""
        before = self.looks()
        self.service.wait_for(lambda: self.looks() >= before + times, 20, "the next looks")

    def audited(self, action):
        return self.service.items(f"/v1/audit?action={action}")


class FindTest(ReconcileCase):
    def test_findings_without_a_webhook_appear_and_are_followed(self):
        first = self.wiz.add_issue(entity=self.bucket("acme-a"))
        second = self.wiz.add_issue(entity=self.bucket("acme-b"), severity="LOW")
        self.service.start()
        found = self.wait(lambda all_: len(all_) == 2, "both findings")
        self.assertEqual(found[first]["resource"]["id"], "arn:aws:s3:::acme-a")
        self.assertEqual((found[first]["severity"], found[second]["severity"]), ("critical", "low"))

        self.wiz.change(second, severity="HIGH")  # moves no status: found by the look through the open ones
        third = self.wiz.add_issue(entity=self.bucket("acme-c"))
        self.wiz.change(first, status="RESOLVED")
        found = self.wait(lambda all_: len(all_) == 3 and all_[first]["status"] == "resolved"
                          and all_[second]["severity"] == "high", "the changes")
        self.assertEqual(found[first]["stage"], "closed")
        self.assertEqual(found[third]["status"], "open")
        self.wiz.change(first, status="OPEN")
        found = self.wait(lambda all_: all_[first]["status"] == "open", "the reopened one")
        self.assertEqual(found[first]["stage"], "digested")
        self.look_again()
        self.assertEqual(sorted(one["version"] for one in self.findings().values()), [1, 2, 3])
        lag = self.metric("dossier_reconcile_lag_seconds", source="wiz")
        self.assertLess(lag, 20)

    def test_webhook_and_poll_make_one_finding_one_narrative_one_draft(self):
        self.service.write_config({**self.service.config, "routes": [{"name": "all", "do": "ticket", "sink": "outbox"}]})
        rule = "Publicly exposed bucket with sensitive data"
        polled = self.wiz.add_issue(entity=self.bucket("acme-polled"))
        self.service.start()
        self.wait(lambda all_: len(all_) == 1, "the polled finding")
        late = self.service.send("wiz", wiz_issue(polled, bucket="acme-polled", control=rule))
        self.assertEqual([one["outcome"] for one in late["findings"]], ["duplicate"])

        issue = "5e11a8b2-1111-4000-8000-000000000001"
        sent = self.service.send("wiz", wiz_issue(issue, bucket="acme-sent", control=rule))
        self.assertEqual(sent["findings"][0]["outcome"], "created")
        self.service.settled(sent["findings"][0]["id"])
        self.wiz.add_issue(issue, entity=self.bucket("acme-sent"))
        self.service.wait_for(lambda: self.metric("dossier_polled_findings_total", source="wiz", outcome="duplicate"),
                              20, "the poll to see it")
        self.look_again()
        self.service.send("wiz", wiz_issue(issue, bucket="acme-sent", control=rule))
        found = self.wait(lambda all_: len(all_) == 2, "both findings")
        self.assertEqual([one["version"] for one in found.values()], [1, 1])
        self.assertEqual(len(self.audited("dossier.explained")), 2)
        self.assertEqual(len(self.service.items("/v1/drafts")), 2)
        self.assertEqual(len(self.audited("finding.received")), 4, "two, a late delivery, a repeat; no poll of a known one")

    def test_the_report_is_exact(self):
        self.wiz.add_rule()
        self.service.write_config({**self.service.config})
        self.service.start()
        self.look_again()  # nothing is there yet, so that what follows is no history
        late = self.wiz.add_issue(entity=self.bucket("acme-late"))
        never = self.wiz.add_issue(entity=self.bucket("acme-never"))
        self.wait(lambda all_: len(all_) == 2, "what was polled")
        self.service.send("wiz", wiz_issue(late, bucket="acme-late"))
        for _ in range(3):
            self.service.send("wiz", wiz_issue("hook-1", bucket="acme-hook"))
        self.service.send("wiz", {"neither": "id", "nor": "title"})

        today = stamp()[:10]
        report = self.service.get("/v1/reports/deliveries")["items"]
        self.assertEqual(len(report), 1)
        day = report[0]
        self.assertEqual({key: day[key] for key in ("source", "day", "webhook", "event", "late", "never", "duplicates",
                                                    "quarantined")},
                         {"source": "wiz", "day": today, "webhook": 4, "event": 0, "late": 1, "never": 0,
                          "duplicates": 2, "quarantined": 1}, "within the grace nothing is missing yet")
        self.assertGreater(day["late_seconds"], 0)
        self.assertEqual(self.metric("dossier_deliveries_late_total", source="wiz"), 1)

        # A shorter grace holds for what is found from then on.
        source = self.service.config["sources"][0]
        source["api"]["delivery_grace"] = "50ms"
        self.service.write_config(self.service.config)
        self.assertTrue(self.service.reload())
        missing = self.wiz.add_issue(entity=self.bucket("acme-missing"))
        self.wait(lambda all_: missing in all_, "the missing one")
        day = self.service.wait_for(
            lambda: next((one for one in self.service.get("/v1/reports/deliveries")["items"] if one["never"]), None),
            20, "the missing delivery to be counted")
        self.assertEqual((day["never"], day["late"]), (1, 1))
        self.assertEqual(sum(reason["count"] for reason in day["reasons"]), 1)
        self.service.wait_for(lambda: "dossier_deliveries_never_total" in self.service.request("GET", "/metrics")[2],
                              20, "the metric")
        self.assertIn(never, self.findings())

        self.assertEqual(self.service.get(f"/v1/reports/deliveries?since={today}&until={today}&source=wiz")["items"], [day])
        self.assertEqual(self.service.get("/v1/reports/deliveries?source=orca")["items"], [])
        self.assertEqual(self.service.get("/v1/reports/deliveries?since=2100-01-01T00:00:00Z")["items"], [])
        for bad in ("since=yesterday", "until=2026-13-01", f"since={today}&until=2020-01-01", "days=3"):
            self.service.get("/v1/reports/deliveries?" + bad, expect=400)
        self.service.get("/v1/reports/deliveries", expect=401, token=None)
        table = self.service.cli("deliveries", "--url", self.service.url, "--token", "viewer-token-of-the-tests")
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertRegex(table.stdout, rf"{today}\s+wiz\s+4\s+0\s+1\s+1\s+2\s+1")
        self.assertIn("never came", table.stdout)


class OutageTest(ReconcileCase):
    stand_in = SmallPages
    api = {"lookback": "3d"}

    def test_a_day_without_the_service_loses_nothing(self):
        known = self.wiz.add_issue(entity=self.bucket("acme-0"), at=ago(hours=30))
        self.service.start()
        self.wait(lambda all_: len(all_) == 1, "the first finding")
        self.service.kill()
        for hour in range(25):
            self.wiz.add_issue(entity=self.bucket(f"acme-{hour + 1}"), at=ago(hours=25 - hour),
                               status="RESOLVED" if hour % 5 == 0 else "OPEN")
        self.wiz.change(known, at=ago(hours=12), status="RESOLVED")
        self.service.start()
        found = self.wait(lambda all_: len(all_) == 26 and all_[known]["status"] == "resolved", "the whole day")
        self.assertEqual(sum(one["status"] == "resolved" for one in found.values()), 6)
        self.look_again()
        self.assertEqual(len(self.findings()), 26)
        self.assertEqual(len(self.audited("finding.received")), 27)

    def test_tokens_that_expire_between_two_pages(self):
        self.wiz.forgetful = True
        for number in range(35):
            self.wiz.add_issue(entity=self.bucket(f"acme-{number}"), at=ago(minutes=90 - number))
        self.service.start()
        self.wait(lambda all_: len(all_) == 35, "all pages")
        self.assertGreater(self.wiz.tokens_given, 3)

    def test_a_platform_that_is_down_is_asked_again(self):
        self.wiz.add_issue(entity=self.bucket("acme-1"))
        self.wiz.shut()
        self.service.start()
        self.service.wait_for(lambda: any(e.get("event") == "poll.failing" for e in self.service.log_events()), 20,
                              "the failure in the log")
        self.wiz.open()
        self.wait(lambda all_: len(all_) == 1, "the finding")
        events = [e["event"] for e in self.service.log_events() if e.get("event", "").startswith("poll.")]
        self.assertEqual(events, ["poll.failing", "poll.recovered"], "once a change of state")

    def test_two_processes_on_one_store_look_in_turn(self):
        self.service.start()
        other = self.make_service(cwd=self.service.dir)
        other.start()
        self.wiz.add_issue(entity=self.bucket("acme-1"))
        self.wait(lambda all_: len(all_) == 1, "the finding")
        self.look_again(3)
        status, _, text = other.request("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn('dossier_polls_total{outcome="not_ours",poller="reconcile:wiz"}', text)
        self.assertNotIn('dossier_polls_total{outcome="done",poller="reconcile:wiz"}', text)
        self.assertEqual(self.service.stop(), 0)
        self.wiz.add_issue(entity=self.bucket("acme-2"))
        other.wait_for(lambda: len(other.items("/v1/findings")) == 2, 20, "the other to take over")

    def test_a_reload_never_runs_two_pollers_and_takes_the_new_rhythm(self):
        self.service.start()
        self.look_again(1)
        for _ in range(3):
            self.assertTrue(self.service.reload())
        self.look_again()
        self.service.config["sources"][0]["api"]["reconcile"] = False
        self.service.write_config(self.service.config)
        self.assertTrue(self.service.reload())
        asked = len(self.wiz.asked("issuesV2"))
        self.wiz.add_issue(entity=self.bucket("acme-1"))
        self.service.config["sources"][0]["api"]["reconcile"] = True
        self.assertEqual(len(self.wiz.asked("issuesV2")), asked, "nobody looks any more")
        self.service.write_config(self.service.config)
        self.assertTrue(self.service.reload())
        self.wait(lambda all_: len(all_) == 1, "the finding")


class ThinTest(ReconcileCase):
    api = {"reconcile": False}

    def test_thin_webhooks_are_completed_and_join_their_exposure(self):
        bucket = self.bucket("acme-thin")
        issues = [self.wiz.add_issue(entity=bucket) for _ in range(2)]
        self.service.start()
        for issue in issues:
            answer = self.service.send("wiz", self.wiz.webhook_body(issue))
            self.assertEqual(answer["findings"][0]["outcome"], "created")
        found = self.wait(lambda all_: len(all_) == 2 and all("resource" in one and one["resource"]["name"] for one
                                                              in all_.values()), "both to be whole")
        self.assertEqual({one["title"] for one in found.values()}, {"Publicly exposed bucket with sensitive data"})
        self.assertEqual({one["severity"] for one in found.values()}, {"critical"})
        self.assertEqual(len({one["dossier_id"] for one in found.values()}), 1, "one exposure, one dossier")
        self.assertEqual(len(self.service.items("/v1/dossiers")), 1, "and no empty one beside it")

        # The same thin body again says that something may have changed.
        versions = {one["version"] for one in found.values()}
        self.assertEqual(self.service.send("wiz", self.wiz.webhook_body(issues[0]))["findings"][0]["outcome"], "duplicate")
        self.wiz.change(issues[1], status="RESOLVED")
        self.service.send("wiz", self.wiz.webhook_body(issues[1]))
        found = self.wait(lambda all_: all_[issues[1]]["status"] == "resolved", "the change")
        self.assertEqual({found[issues[0]]["version"]}, versions, "nothing had changed there")

    def test_an_api_that_is_down_for_a_while(self):
        issue = self.wiz.add_issue(entity=self.bucket("acme-thin"))
        self.wiz.shut()
        self.service.start()
        self.service.send("wiz", self.wiz.webhook_body(issue))
        self.service.wait_for(lambda: any(e.get("event") == "dossier.retry" for e in self.service.log_events()), 20,
                              "a failed attempt")
        self.wiz.open()
        found = self.wait(lambda all_: issue in all_ and all_[issue]["severity"] == "critical", "the whole of it")
        dossier = self.service.get(f"/v1/findings/{found[issue]['id']}")["dossier"]
        self.assertNotIn("platform:wiz", [gap["source"] for gap in dossier["context"]["gaps"]])

    def test_an_api_that_stays_down_is_a_gap(self):
        self.service.write_config({**self.service.config, "queue": {"workers": 2, "max_attempts": 2,
                                                                    "backoff": {"base": "20ms", "max": "50ms"}}})
        self.wiz.shut()
        self.service.start()
        sent = self.service.send("wiz", self.wiz.webhook_body("7c3f7f05-9c6f-4a6c-9c1e-30c2a3b4d5e6"))
        answer = self.service.settled(sent["findings"][0]["id"], timeout=40)
        self.assertEqual(answer["finding"]["stage"], "digested")
        gaps = answer["dossier"]["context"]["gaps"]
        self.assertIn("platform:wiz", [gap["source"] for gap in gaps])
        self.assertEqual(self.service.items("/v1/dead-letters"), [])

    def test_a_data_finding_learns_which_store_holds_it(self):
        bucket = self.bucket("acme-secrets")
        self.wiz.entity("ent-data", "DATA_FINDING", "GDPR 2415")
        self.wiz.edge(bucket, "HAS_DATA_FINDING", "ent-data")
        issue = self.wiz.add_issue(entity="ent-data", rule="Sensitive data finding")
        self.service.start()
        body = wiz_issue(issue, control="Sensitive data finding")
        body["resource"] = {"id": "data##1##2", "name": "GDPR 2415", "type": "DATA_FINDING", "cloudPlatform": ""}
        self.service.send("wiz", body)
        found = self.wait(lambda all_: issue in all_ and all_[issue].get("resource", {}).get("name") == "acme-secrets",
                          "the bucket")
        self.assertEqual(found[issue]["resource"]["id"], "arn:aws:s3:::acme-secrets")
        self.assertIn("GDPR 2415", found[issue]["data"]["identifiers"])


class BacklogTest(ReconcileCase):
    api = {"reconcile": False, "backlog": True, "backlog_every": "150ms"}
    planted = ["Zaphod Beeblebrox", "zaphod.planted@betelgeuse.example", "4539578763621486", "plantedtoken-7781"]

    def test_samples_are_masked_before_anything_keeps_them(self):
        name, mail, card, token = self.planted
        lake = self.bucket("acme-lake", columns=["name", "mail", "card"],
                           sampleRows=[{"name": name, "mail": mail, "card": card, "note": f"call {mail} about {token}"}])
        self.service.start()
        found = self.wait(lambda all_: len(all_) == 1, "the store")
        finding = next(iter(found.values()))
        self.assertEqual(finding["finding_type"], "unclassified_data")
        self.assertEqual(finding["resource"]["name"], "acme-lake")
        self.assertEqual([field["name"] for field in finding["data"]["fields"]], ["name", "mail", "card"])
        sample, = finding["data"]["samples"]
        self.assertIn("mail=<EMAIL>", sample)
        self.assertIn("name=<TEXT 17>", sample)

        answers = [self.service.request("GET", path)[2] for path in
                   (f"/v1/findings/{finding['id']}", "/v1/findings", "/v1/dossiers", "/v1/audit", "/metrics")]
        self.service.stop()
        kept = {path: path.read_bytes() for path in pathlib.Path(self.service.dir).rglob("*") if path.is_file()}
        self.assertTrue(any(b"acme-lake" in data for data in kept.values()), "the search looks where things are")
        for value in self.planted:
            for path, data in kept.items():
                self.assertNotIn(value.encode(), data, path)
            for answer in answers:
                self.assertNotIn(value, str(answer))

        self.service.start()
        self.wiz.entities[lake]["properties"]["columns"] = ["name", "mail", "card", "diagnosis"]
        self.wait(lambda all_: any(one["version"] == 2 for one in all_.values()), "the new column")
        self.wiz.entity("ent-inventory", "DATA_INVENTORY", "what Wiz has found in it")
        self.wiz.edge(lake, "HAS_DATA_INVENTORY", "ent-inventory")
        found = self.wait(lambda all_: all(one["status"] == "resolved" for one in all_.values()), "the end of it")
        self.assertEqual(len(found), 1)


if __name__ == "__main__":
    unittest.main()
