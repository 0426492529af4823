"""Every way in which a source can prove itself, and the configurations that are refused for proving nothing."""

import base64
import hashlib
import hmac
import json
import ssl
import time
import unittest

from certificates import Certificates
from harness import Service, TOKENS, default_config, wiz_issue
from service_case import ServiceCase

SECRET = "a-signing-secret-of-the-tests"
BODY = json.dumps(wiz_issue("W-auth", bucket="acme-payments-auth")).encode()


def signed(body=BODY, secret=SECRET, algorithm="sha256", timestamp=None, prefix=""):
    covered = body if timestamp is None else f"{timestamp}.".encode() + body
    return prefix + hmac.new(secret.encode(), covered, algorithm).hexdigest()


def basic(pair):
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def now(offset=0):
    return int(time.time()) + offset


class SharedSecrets(ServiceCase):
    config = {"sources": [
        {"name": "open", "kind": "wiz", "auth": {"type": "none"}},
        {"name": "bearer", "kind": "wiz", "auth": {"type": "bearer", "token": "the-token"}},
        {"name": "basic", "kind": "wiz", "auth": {"type": "basic", "user": "wiz", "password": "pass:word"}},
        {"name": "header", "kind": "wiz", "auth": {"type": "header", "header": "X-Api-Key", "token": "the-key"}},
        {"name": "hmac256", "kind": "wiz", "auth": {"type": "hmac", "header": "X-Signature", "secret": SECRET}},
        {"name": "hmac512", "kind": "wiz", "auth": {"type": "hmac", "header": "X-Signature", "secret": SECRET,
                                                    "algorithm": "sha512", "prefix": "sha512="}},
        {"name": "timed", "kind": "wiz", "auth": {"type": "hmac", "header": "X-Signature", "secret": SECRET,
                                                  "prefix": "v0=", "timestamp_header": "X-Timestamp",
                                                  "tolerance": "60s"}},
    ]}

    def deliver(self, source, headers, body=BODY):
        return self.service.request("POST", f"/v1/webhooks/{source}", body, headers, token=None)

    def test_the_right_credentials_open(self):
        stamp = now()
        for name, source, headers in [
                ("none", "open", {}),
                ("bearer", "bearer", {"Authorization": "Bearer the-token"}),
                ("bearer in small letters", "bearer", {"authorization": "bearer the-token"}),
                ("the key verbatim, as Orca sends it", "bearer", {"Authorization": "the-token"}),
                ("basic, a colon in the password", "basic", basic("wiz:pass:word")),
                ("header", "header", {"X-Api-Key": "the-key"}),
                ("header in small letters", "header", {"x-api-key": "the-key"}),
                ("hmac sha256", "hmac256", {"X-Signature": signed()}),
                ("hmac in capitals", "hmac256", {"X-Signature": signed().upper()}),
                ("hmac sha512 with prefix", "hmac512", {"X-Signature": signed(algorithm="sha512", prefix="sha512=")}),
                ("hmac with timestamp", "timed", {"X-Timestamp": str(stamp),
                                                  "X-Signature": signed(timestamp=stamp, prefix="v0=")}),
                ("a clock 50 s behind", "timed", {"X-Timestamp": str(now(-50)),
                                                  "X-Signature": signed(timestamp=now(-50), prefix="v0=")})]:
            with self.subTest(name):
                self.assertEqual(self.deliver(source, headers)[0], 202)

    def test_anything_else_does_not(self):
        stamp = now()
        right = signed(timestamp=stamp, prefix="v0=")
        for name, source, headers in [
                ("bearer: nothing", "bearer", {}), ("bearer: wrong", "bearer", {"Authorization": "Bearer the-tokem"}),
                ("bearer: half", "bearer", {"Authorization": "Bearer the-tok"}),
                ("bearer: as basic", "bearer", basic("the-token:")),
                ("basic: nothing", "basic", {}), ("basic: wrong password", "basic", basic("wiz:password")),
                ("basic: wrong user", "basic", basic("orca:pass:word")), ("basic: no colon", "basic", basic("wiz")),
                ("basic: no base64", "basic", {"Authorization": "Basic ???"}),
                ("header: nothing", "header", {}), ("header: empty", "header", {"X-Api-Key": ""}),
                ("header: wrong", "header", {"X-Api-Key": "the-kez"}),
                ("header: another header", "header", {"X-Api-Token": "the-key"}),
                ("hmac: nothing", "hmac256", {}), ("hmac: empty", "hmac256", {"X-Signature": ""}),
                ("hmac: another secret", "hmac256", {"X-Signature": signed(secret="other")}),
                ("hmac: another body", "hmac256", {"X-Signature": signed(BODY + b" ")}),
                ("hmac: cut", "hmac256", {"X-Signature": signed()[:-2]}),
                ("hmac: sha512 for sha256", "hmac256", {"X-Signature": signed(algorithm="sha512")}),
                ("hmac: plain hash", "hmac256", {"X-Signature": hashlib.sha256(BODY).hexdigest()}),
                ("hmac: prefix missing", "hmac512", {"X-Signature": signed(algorithm="sha512")}),
                ("hmac: another prefix", "hmac512", {"X-Signature": signed(algorithm="sha512", prefix="sha256=")}),
                ("timed: no timestamp", "timed", {"X-Signature": right}),
                ("timed: timestamp not covered", "timed", {"X-Timestamp": str(stamp),
                                                           "X-Signature": signed(prefix="v0=")}),
                ("timed: another timestamp", "timed", {"X-Timestamp": str(stamp + 1), "X-Signature": right}),
                ("timed: replayed later", "timed", {"X-Timestamp": str(now(-90)),
                                                    "X-Signature": signed(timestamp=now(-90), prefix="v0=")}),
                ("timed: from the future", "timed", {"X-Timestamp": str(now(90)),
                                                     "X-Signature": signed(timestamp=now(90), prefix="v0=")}),
                ("timed: no number", "timed", {"X-Timestamp": "soon",
                                               "X-Signature": signed(timestamp="soon", prefix="v0=")})]:
            with self.subTest(name):
                self.refused(401, self.deliver(source, headers))

    def test_a_signature_is_judged_before_the_body_is_read_as_json(self):
        self.refused(401, self.deliver("hmac256", {"X-Signature": "0" * 64}, b"no json"))
        self.refused(400, self.deliver("hmac256", {"X-Signature": signed(b"no json")}, b"no json"))


class MutualTls(ServiceCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(default_config(
            server={"listen": "127.0.0.1:0", "tls": {"cert": "server.crt", "key": "server.key", "client_ca": "ca.crt"}},
            sources=[{"name": "wiz", "kind": "wiz", "auth": {"type": "mtls", "subject": "CN=wiz-*"}}]))
        cls.addClassCleanup(cls.service.close)
        cls.certificates = Certificates(cls.service.dir)
        cls.certificates.issue("wiz", "/CN=wiz-production")
        cls.certificates.issue("stranger", "/CN=somebody")
        cls.service.start()

    def deliver(self, client):
        self.service.tls = self.certificates.context(client)
        return self.service.request("POST", "/v1/webhooks/wiz", BODY, token=None)

    def test_the_named_subject_opens_and_others_do_not(self):
        self.assertEqual(self.deliver("wiz")[0], 202)
        self.refused(401, self.deliver("stranger"))
        self.refused(401, self.deliver(None))

    def test_people_need_no_certificate_but_their_token(self):
        self.service.tls = self.certificates.context()
        self.assertEqual(self.service.request("GET", "/v1/findings")[0], 200)
        self.refused(401, self.service.request("GET", "/v1/findings", token=None))

    def test_a_certificate_of_another_authority_is_refused(self):
        other = self.service.dir / "other"
        other.mkdir()
        strangers = Certificates(other)
        strangers.issue("wiz", "/CN=wiz-production")
        context = self.certificates.context()
        context.load_cert_chain(str(other / "wiz.crt"), str(other / "wiz.key"))
        self.service.tls = context
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.service.request("POST", "/v1/webhooks/wiz", BODY, token=None)

    def test_plain_http_is_not_answered_with_content(self):
        answer = self.service.raw(b"GET /v1/findings HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertNotIn(b"HTTP/1.1 2", answer)

    def test_certificates_are_renewed_by_sighup(self):
        before = (self.service.dir / "server.crt").read_text()
        self.certificates.issue("server", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1")
        self.assertTrue(self.service.reload())
        shown = ssl.get_server_certificate(("127.0.0.1", self.service.port))
        self.assertNotEqual(shown.strip(), before.strip())
        self.assertIn(shown.strip(), (self.service.dir / "server.crt").read_text())


class RefusedConfigurations(unittest.TestCase):
    def check(self, **sections):
        service = Service(default_config(**sections))
        self.addCleanup(service.close)
        return service.cli("check", "-c", "dossier.yaml"), service.cli("serve", "-c", "dossier.yaml")

    def test_a_listener_beyond_loopback_without_authentication_is_refused(self):
        outside = {"listen": "0.0.0.0:0"}
        none = [{"name": "wiz", "kind": "wiz", "auth": {"type": "none"}}]
        for name, sections, key in [("no token", {"server": outside, "auth": {"tokens": []}}, "auth.tokens"),
                                    ("an open source", {"server": outside, "sources": none}, "sources[0].auth")]:
            with self.subTest(name):
                checked, served = self.check(**sections)
                self.assertEqual((checked.returncode, served.returncode), (2, 2), checked.stdout)
                self.assertIn(key, checked.stdout)
        good = Service(default_config(server=outside))
        self.addCleanup(good.close)
        self.assertEqual(good.cli("check", "-c", "dossier.yaml").returncode, 0)

    def test_every_mistake_is_told_at_once_with_its_line(self):
        service = Service("mode: asist\nserver: { listen: 127.0.0.1:0, max_bodi: 1MiB }\n"
                          "sources:\n  - { name: wiz, kind: wizz, auth: { type: bearer } }\n"
                          "queue: { capacity: many }\nsecrets: here\n")
        self.addCleanup(service.close)
        checked = service.cli("check", "-c", "dossier.yaml")
        self.assertEqual(checked.returncode, 2)
        for text in ("dossier.yaml:1", "assist", "dossier.yaml:2", "max_body", "dossier.yaml:4", "wiz", "token",
                     "dossier.yaml:5", "dossier.yaml:6", "secrets"):
            self.assertIn(text, checked.stdout)

    def test_an_unset_variable_is_a_mistake_and_a_file_can_hold_a_secret(self):
        tokens = [{"name": "a", "role": "admin", "token": "${DOSSIER_E2E_UNSET}"}]
        checked, served = self.check(auth={"tokens": tokens})
        self.assertEqual((checked.returncode, served.returncode), (2, 2))
        self.assertIn("DOSSIER_E2E_UNSET", checked.stdout)
        service = Service(default_config(auth={"tokens": [
            {"name": "file", "role": "admin", "token": "${file:token.txt}"},
            {"name": "digest", "role": "viewer", "sha256": hashlib.sha256(TOKENS["viewer"].encode()).hexdigest()}]}))
        self.addCleanup(service.close)
        service.write_file("token.txt", "a-token-from-a-file\n")
        service.start()
        self.assertEqual(service.request("GET", "/v1/audit", token="a-token-from-a-file")[0], 200)
        self.assertEqual(service.request("GET", "/v1/findings", token=TOKENS["viewer"])[0], 200)
        self.assertEqual(service.request("GET", "/v1/audit", token=TOKENS["viewer"])[0], 403)


if __name__ == "__main__":
    unittest.main()
