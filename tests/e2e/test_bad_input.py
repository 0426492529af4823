"""Answers to bad input: each refusal is a problem document with the request's id, and the process lives on."""

import json
import unittest

from harness import SOURCE_HEADERS, TOKENS, orca_alert, prisma_alert, wiz_issue
from service_case import ServiceCase

WIZ = "/v1/webhooks/wiz"
MIB = 1 << 20


class Refusals(ServiceCase):
    config = {"server": {"listen": "127.0.0.1:0", "max_body": "64KiB"}}

    def deliver(self, body, headers=None, **kw):
        return self.service.request("POST", WIZ, body, {**SOURCE_HEADERS["wiz"], **(headers or {})}, token=None, **kw)

    def test_malformed_json_is_400(self):
        for name, body in [("nothing", ""), ("cut", '{"issue": {"id": "1"'), ("a word", "finding"),
                           ("two documents", "{} {}"), ("a trailing comma", '{"a": 1,}'),
                           ("single quotes", "{'a': 1}"), ("NaN", '{"a": NaN}'), ("a control character", '{"a": "\x01"}'),
                           ("invalid UTF-8", b'{"issue": {"id": "\xff\xfe"}}'), ("a lone surrogate half", b'{"a": "\xed\xa0\x80"}')]:
            with self.subTest(name):
                self.refused(400, self.deliver(body))

    def test_missing_or_wrong_credentials_are_401(self):
        for name, headers in [("none", {}), ("another token", {"Authorization": "Bearer wrong"}),
                              ("another scheme", {"Authorization": "Basic d2l6Ondpeg=="}),
                              ("an empty token", {"Authorization": "Bearer "}),
                              ("a longer token", {"Authorization": "Bearer wiz-webhook-token-and-more"}),
                              ("another source's", SOURCE_HEADERS["prisma"])]:
            with self.subTest(name):
                self.refused(401, self.service.request("POST", WIZ, wiz_issue(), headers, token=None))
        for token in (None, "wrong", TOKENS["viewer"] + "x"):
            for path in ("/v1/findings", "/v1/drafts", "/v1/audit", "/v1/quarantine", "/v1/findings/x"):
                with self.subTest(path=path, token=token):
                    answer = self.service.request("GET", path, token=token)
                    self.refused(401, answer)
                    self.assertTrue(answer[1]["WWW-Authenticate"])
        # Neither credentials of a person open a webhook, nor those of a source the API.
        self.refused(401, self.service.request("POST", WIZ, wiz_issue(), token=TOKENS["admin"]))
        self.refused(401, self.service.request("GET", "/v1/findings", token="wiz-webhook-token"))

    def test_a_role_that_is_too_low_is_403(self):
        allowed = {"/v1/findings": {"viewer", "analyst", "approver", "auditor", "admin"},
                   "/v1/dossiers": {"viewer", "analyst", "approver", "auditor", "admin"},
                   "/v1/drafts": {"approver", "admin"}, "/v1/audit": {"auditor", "admin"},
                   "/v1/audit/verify": {"auditor", "admin"}, "/v1/quarantine": {"admin"}, "/v1/dead-letters": {"admin"}}
        for path, roles in allowed.items():
            for role, token in TOKENS.items():
                with self.subTest(path=path, role=role):
                    answer = self.service.request("GET", path, token=token)
                    if role in roles:
                        self.assertEqual(answer[0], 200)
                    else:
                        self.refused(403, answer, role)

    def test_what_does_not_exist_is_404(self):
        self.refused(404, self.service.request("POST", "/v1/webhooks/acme", {}))
        for path in ("/v1/findings/fnd_none", "/v1/dossiers/dos_none", "/v1/drafts/drf_none", "/nothing", "/v1",
                     "/v1/findings/", "/v1/findings/a/b", "/v1/../etc/passwd", "/%2e%2e/etc/passwd", "/v1/findings/%00"):
            with self.subTest(path):
                answer = self.service.request("GET", path)
                self.refused(400 if "%00" in path else 404, answer)
        for path in ("/v1/drafts/drf_none/approve", "/v1/findings/fnd_none/replay", "/v1/quarantine/q_none/retry",
                     "/v1/dead-letters/d_none/redrive"):
            with self.subTest(path):
                self.refused(404, self.service.request("POST", path, {}))

    def test_another_method_is_405_and_says_which_are_allowed(self):
        for method, path, allowed in [("GET", WIZ, {"POST"}), ("DELETE", "/v1/findings", {"GET", "HEAD"}),
                                      ("POST", "/v1/findings", {"GET", "HEAD"}), ("PUT", "/v1/drafts/x", {"GET", "HEAD", "PATCH"}),
                                      ("POST", "/healthz", {"GET", "HEAD"}), ("OPTIONS", "/v1/audit", {"GET", "HEAD"}),
                                      ("TRACE", "/v1/audit", {"GET", "HEAD"}), ("BREW", "/v1/audit", {"GET", "HEAD"})]:
            with self.subTest(f"{method} {path}"):
                answer = self.service.request(method, path)
                self.refused(405, answer)
                self.assertEqual(set(answer[1]["Allow"].split(", ")), allowed)

    def test_a_large_body_is_413_before_it_is_read(self):
        self.refused(413, self.deliver(b" " * (65 * 1024)))
        head = (f"POST {WIZ} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wiz-webhook-token\r\n"
                "Content-Type: application/json\r\n")
        declared = self.service.raw(f"{head}Content-Length: {1 << 40}\r\n\r\n".encode())
        self.assertTrue(declared.startswith(b"HTTP/1.1 413 "), declared[:200])
        self.assertIn(b"application/problem+json", declared)
        chunks = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
        chunked = self.service.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks * 5)
        self.assertTrue(chunked.startswith(b"HTTP/1.1 413 "), chunked[:200])
        fits = json.dumps(wiz_issue("W-fits", bucket="acme-payments-fits")).encode()
        status, _, answer = self.deliver(fits + b" " * (64 * 1024 - len(fits)))
        self.assertEqual((status, answer["accepted"]), (202, 1))

    def test_a_chunked_body_within_the_limit_is_taken(self):
        def pieces():
            text = json.dumps(wiz_issue("W-chunked", bucket="acme-payments-chunked")).encode()
            for at in range(0, len(text), 100):
                yield text[at:at + 100]
        with self.service.connection() as connection:
            connection.request("POST", WIZ, body=pieces(), encode_chunked=True,
                               headers={**SOURCE_HEADERS["wiz"], "Content-Type": "application/json",
                                        "Transfer-Encoding": "chunked"})
            response = connection.getresponse()
            self.assertEqual((response.status, json.loads(response.read())["findings"][0]["outcome"]), (202, "created"))

    def test_another_or_no_content_type_is_415(self):
        body = json.dumps(wiz_issue())
        for name, kind in [("text", "text/plain"), ("a form", "application/x-www-form-urlencoded"), ("empty", ""),
                           ("almost", "application/jsonp")]:
            with self.subTest(name):
                self.refused(415, self.deliver(body, {"Content-Type": kind}))
        raw = (f"POST {WIZ} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wiz-webhook-token\r\n"
               f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
        self.assertTrue(self.service.raw(raw).startswith(b"HTTP/1.1 415 "))
        for name, kind in [("a charset", "application/json; charset=utf-8"), ("capitals", "Application/JSON"),
                           ("a suffix", "application/cloudevents+json")]:
            with self.subTest(name):
                payload = wiz_issue(f"W-type-{name}", bucket="acme-payments-type")
                self.assertEqual(self.deliver(payload, {"Content-Type": kind})[0], 202)

    def test_every_answer_names_its_request(self):
        asked = "request-0123456789abcdef"
        status, headers, _ = self.service.request("GET", "/v1/findings", headers={"X-Request-Id": asked})
        self.assertEqual((status, headers["X-Request-Id"]), (200, asked))
        ids = {self.service.request("GET", "/healthz")[1]["X-Request-Id"] for _ in range(5)}
        self.assertEqual(len(ids), 5)
        status, headers, body = self.service.request("GET", "/nothing", headers={"X-Request-Id": asked})
        self.assertEqual((status, headers["X-Request-Id"], body["request_id"]), (404, asked, asked))
        hostile = self.service.request("GET", "/healthz", headers={"X-Request-Id": "<script>" + "x" * 500})
        self.assertNotIn("<", hostile[1]["X-Request-Id"])


class Quarantine(ServiceCase):
    def quarantined(self):
        return {row["payload"]: row for row in self.service.items("/v1/quarantine")}

    def test_json_that_is_no_finding_is_kept_and_answered_202(self):
        for name, source, payload in [("an object", "wiz", {"hello": "world"}), ("a number", "wiz", 7),
                                      ("a text", "orca", "finding"), ("null", "prisma", None),
                                      ("an array of a number", "prisma", [17]), ("an empty object", "generic", {}),
                                      ("another platform's", "orca", wiz_issue("W-strayed"))]:
            with self.subTest(name):
                answer = self.service.send(source, json.dumps(payload))
                self.assertEqual([f["outcome"] for f in answer["findings"]], ["quarantined"])
        rows = self.quarantined()
        row = rows['{"hello": "world"}']
        self.assertEqual(row["source"], "wiz")
        self.assertTrue(row["reason"])
        self.assertTrue(row["request_id"])
        self.assertIsNone(row["finding_id"])

    def test_one_bad_item_of_a_hundred_stops_no_other(self):
        alerts = [prisma_alert(f"P-hundred-{n}", bucket=f"acme-payments-hundred-{n}") for n in range(100)]
        alerts[41] = {"policy": "what is this"}
        answer = self.service.send("prisma", alerts)
        outcomes = [finding["outcome"] for finding in answer["findings"]]
        self.assertEqual((answer["accepted"], outcomes.count("created"), outcomes[41]), (100, 99, "quarantined"))
        self.assertEqual(len({finding["id"] for finding in answer["findings"]}), 100)

    def test_a_retry_reads_it_again(self):
        # What is still no finding stays; what the configuration can read by now becomes one.
        event = {"number": "N-1", "subject": "Bucket is publicly readable", "asset": {"arn": "arn:aws:s3:::acme-payments-q",
                 "name": "acme-payments-q", "kind": "bucket"}, "where": {"cloud": "aws", "account": "012345678901"}}
        answer = self.service.send("generic", json.dumps(event))
        self.assertEqual(answer["findings"][0]["outcome"], "quarantined")
        row = answer["findings"][0]["id"]
        still = self.service.request("POST", f"/v1/quarantine/{row}/retry", {})
        self.refused(409, still)
        config = json.loads(json.dumps(self.service.config))
        generic = next(source for source in config["sources"] if source["name"] == "generic")
        generic["map"]["id"], generic["map"]["title"] = "/number", "/subject"
        self.service.write_config(config)
        self.assertTrue(self.service.reload())
        taken = self.service.post(f"/v1/quarantine/{row}/retry", expect=202)
        self.assertEqual(taken["outcome"], "created")
        found = self.service.settled(taken["id"])
        self.assertEqual(found["finding"]["title"], "Bucket is publicly readable")
        self.refused(409, self.service.request("POST", f"/v1/quarantine/{row}/retry", {}))
        self.assertEqual(self.quarantined()[json.dumps(event)]["finding_id"], taken["id"])

    def test_a_quarantined_delivery_that_comes_again_is_counted_not_multiplied(self):
        stray = json.dumps({"stray": True})
        first = self.service.send("orca", stray)["findings"][0]["id"]
        self.assertEqual(self.service.send("orca", stray)["findings"][0]["id"], first)
        self.assertEqual(self.quarantined()[stray]["deliveries"], 2)

    def test_a_good_delivery_after_the_bad_ones_is_worked_on(self):
        finding = self.created("orca", orca_alert("orca-after", bucket="acme-payments-after"))
        self.assertEqual(self.service.settled(finding)["finding"]["stage"], "awaiting_approval")


if __name__ == "__main__":
    unittest.main()
