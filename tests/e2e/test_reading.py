"""What people and scripts read: lists and their paging, explanations on demand, the explain and send commands."""

import json
import unittest
import urllib.parse

from harness import JSON, TOKENS, generic_event, prisma_alert, wiz_issue
from service_case import ServiceCase


class Lists(ServiceCase):
    COUNT = 23

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        severities = ["critical", "high", "medium", "low"]
        alerts = [prisma_alert(f"P-{n}", bucket=f"acme-payments-list-{n}", severity=severities[n % 4])
                  for n in range(cls.COUNT)]
        answer = cls.service.send("prisma", alerts)
        cls.ids = [finding["id"] for finding in answer["findings"]]
        wiz = cls.service.send("wiz", wiz_issue("W-list", bucket="orphan-bucket", account="999988887777"))
        cls.wiz = wiz["findings"][0]["id"]
        for finding in [*cls.ids, cls.wiz]:
            cls.service.settled(finding)

    def test_paging_meets_every_item_once_at_any_page_size(self):
        everything = {*self.ids, self.wiz}
        for limit in (1, 2, 7, 24, 200):
            with self.subTest(limit):
                seen = [item["id"] for item in self.service.items("/v1/findings", limit)]
                self.assertEqual(len(seen), len(set(seen)))
                self.assertEqual(set(seen), everything)
        for path in ("/v1/dossiers", "/v1/drafts", "/v1/audit"):
            with self.subTest(path):
                whole = [item.get("id", item.get("seq")) for item in self.service.items(path)]
                paged = [item.get("id", item.get("seq")) for item in self.service.items(path, 5)]
                self.assertEqual(paged, whole)
                self.assertEqual(len(set(whole)), len(whole))

    def test_the_newest_come_first(self):
        times = [item["received_at"] for item in self.service.items("/v1/findings", 10)]
        self.assertEqual(times, sorted(times, reverse=True))
        sequence = [item["seq"] for item in self.service.items("/v1/audit", 50)]
        self.assertEqual(sequence, list(range(len(sequence), 0, -1)))

    def test_a_delivery_between_pages_hides_nothing(self):
        first = self.service.get("/v1/findings?limit=10")
        late = self.created("generic", generic_event("G-late", bucket="acme-payments-late"))
        seen = [item["id"] for item in first["items"]] + self.rest_of(first)
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual({*self.ids, self.wiz}, {*seen, late})
        self.service.settled(late)
        type(self).ids = [*self.ids, late]

    def rest_of(self, page):
        found = []
        while page["next_cursor"]:
            page = self.service.get("/v1/findings?limit=10&cursor=" + urllib.parse.quote(page["next_cursor"]))
            found += [item["id"] for item in page["items"]]
        return found

    def test_filters_keep_what_they_name(self):
        items = self.service.items("/v1/findings")
        middle = sorted(item["received_at"] for item in items)[-1]
        cases = [
            ("source=wiz", lambda f: f["source"] == "wiz"),
            ("severity=low", lambda f: f["severity"] == "low"),
            ("severity=high&source=prisma", lambda f: f["severity"] == "high" and f["source"] == "prisma"),
            ("status=open", lambda f: f["status"] == "open"),
            ("status=resolved", lambda f: False),
            ("stage=awaiting_approval", lambda f: f["stage"] == "awaiting_approval"),
            ("owner=alice@acme.example", lambda f: f["owner"] == "alice@acme.example"),
            (f"since={middle}", lambda f: f["received_at"] >= middle),
            (f"until={middle}", lambda f: f["received_at"] < middle),
            ("q=orphan", lambda f: f["id"] == self.wiz),
        ]
        for query, keeps in cases:
            with self.subTest(query):
                got = {item["id"] for item in self.service.items(f"/v1/findings?{query}")}
                self.assertEqual(got, {item["id"] for item in items if keeps(item)})

    def test_a_bad_query_is_refused(self):
        for query in ("limit=201", "limit=0", "limit=-1", "limit=ten", "cursor=nonsense", "severity=awful",
                      "status=x", "stage=x", "since=yesterday", "sort=asc"):
            with self.subTest(query):
                self.refused(400, self.service.request("GET", f"/v1/findings?{query}"))
        self.assertEqual(len(self.service.get("/v1/findings?limit=200")["items"]), len(self.ids) + 1)


class Explaining(ServiceCase):
    def test_a_stored_finding_is_explained_again_and_stays_as_it_is(self):
        finding = self.created("wiz", wiz_issue("W-explain"))
        before = self.service.settled(finding)
        answer = self.service.post("/v1/explain", {"finding_id": finding}, token=TOKENS["analyst"])
        self.assertEqual(answer["finding"]["id"], finding)
        self.assertEqual(answer["dossier"]["narrative"]["sentences"], before["dossier"]["narrative"]["sentences"])
        self.assertEqual(self.service.get(f"/v1/findings/{finding}")["dossier"]["revision"],
                         before["dossier"]["revision"])
        self.refused(404, self.service.request("POST", "/v1/explain", {"finding_id": "fnd_none"}))

    def test_a_payload_is_explained_and_nothing_is_stored(self):
        before = len(self.service.items("/v1/findings")), len(self.service.items("/v1/drafts"))
        for source, payload in [("wiz", wiz_issue("W-unstored")), ("prisma", [prisma_alert("P-unstored")])]:
            with self.subTest(source):
                answer = self.service.post("/v1/explain", {"source": source, "payload": payload})
                dossier = answer["dossier"]
                self.assertEqual(dossier["owner"]["id"], "alice")
                self.assertTrue(dossier["narrative"]["sentences"] and dossier["citations"])
                self.assertIn("AI-Generated Guidance", dossier["draft"]["body"])
        self.assertEqual((len(self.service.items("/v1/findings")), len(self.service.items("/v1/drafts"))), before)
        for name, body, status in [("no source", {"payload": {}}, 400), ("no payload", {"source": "wiz"}, 400),
                                   ("unknown source", {"source": "acme", "payload": {}}, 404),
                                   ("no finding", {"source": "wiz", "payload": {"hello": 1}}, 400)]:
            with self.subTest(name):
                self.refused(status, self.service.request("POST", "/v1/explain", body))
        self.refused(403, self.service.request("POST", "/v1/explain", {"source": "wiz", "payload": wiz_issue()},
                                               token=TOKENS["viewer"]))

    def test_the_command_explains_in_four_forms(self):
        payload = self.service.write_file("issue.json", json.dumps(wiz_issue("W-cli")))
        marks = {"text": ["Alice Ngo", "AI-Generated Guidance"], "md": ["## Who owns it", "**AI-Generated Guidance**"],
                 "html": ["<h2>Who owns it</h2>", "<strong>AI-Generated Guidance</strong>"],
                 "json": ['"narrative"', '"citations"']}
        for form, texts in marks.items():
            with self.subTest(form):
                done = self.service.cli("explain", "-c", "dossier.yaml", "--source", "wiz", "--format", form, payload)
                self.assertEqual(done.returncode, 0, done.stderr)
                for text in texts:
                    self.assertIn(text, done.stdout)
        parsed = json.loads(self.service.cli("explain", "-c", "dossier.yaml", "--source", "wiz", "--format", "json", "-",
                                             stdin=json.dumps(wiz_issue("W-cli"))).stdout)
        self.assertEqual(parsed["dossier"]["owner"]["id"], "alice")

    def test_the_command_says_what_is_wrong(self):
        self.service.write_file("bad.json", '{"hello": 1}')
        cases = [("no such file", ["--source", "wiz", "gone.json"], 1), ("no finding", ["--source", "wiz", "bad.json"], 1),
                 ("no source named", ["bad.json"], 2), ("unknown form", ["--format", "pdf", "bad.json"], 2),
                 ("unknown source", ["--source", "acme", "bad.json"], 1)]
        for name, arguments, code in cases:
            with self.subTest(name):
                done = self.service.cli("explain", "-c", "dossier.yaml", *arguments)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertTrue(done.stderr)

    def test_the_send_command_posts_samples(self):
        one = self.service.write_file("one.json", json.dumps(wiz_issue("W-send-1", bucket="acme-payments-send-1")))
        two = self.service.write_file("two.json", json.dumps(wiz_issue("W-send-2", bucket="acme-payments-send-2")))
        url = self.service.url + "/v1/webhooks/wiz"
        done = self.service.cli("send", url, one, two, "--token", "wiz-webhook-token")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count('"outcome":"created"'), 2)
        self.assertEqual(self.service.cli("send", url, one, "--token", "wrong").returncode, 1)
        status, headers, _ = self.service.request("HEAD", "/healthz")
        self.assertEqual((status, headers["Content-Type"]), (200, JSON["Content-Type"]))


if __name__ == "__main__":
    unittest.main()
