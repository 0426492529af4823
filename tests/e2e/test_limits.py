"""Too much, too fast, too deep, too slow: the service says no in time, and goes on serving the others."""

import json
import socket
import threading
import time
import unittest

from harness import SOURCE_HEADERS, wiz_issue
from service_case import ServiceCase
from silent_server import SilentServer

WIZ = "/v1/webhooks/wiz"
MIB = 1 << 20
HEAD = f"POST {WIZ} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wiz-webhook-token\r\nContent-Type: application/json\r\n"


def http(body, extra=""):
    """A whole request as bytes."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"{HEAD}{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Rate(ServiceCase):
    @classmethod
    def setUpClass(cls):
        source = {"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"}}
        cls.config = {"sources": [{**source, "rate": "1/s"},
                                  {"name": "orca", "kind": "orca", "auth": {"type": "none"}}]}
        super().setUpClass()

    def test_a_source_over_its_rate_is_429_and_told_when_to_come_back(self):
        def deliver(n):
            return self.service.request("POST", WIZ, wiz_issue(f"W-rate-{n}", bucket=f"acme-payments-rate-{n}"),
                                        SOURCE_HEADERS["wiz"], token=None)
        answers = [deliver(n) for n in range(6)]
        self.assertEqual(answers[0][0], 202)
        over = [answer for answer in answers if answer[0] != 202]
        self.assertGreaterEqual(len(over), 3)
        for answer in over:
            self.refused(429, answer)
            self.assertGreaterEqual(int(answer[1]["Retry-After"]), 1)
        # Wrong credentials cost the source nothing, and other sources have rates of their own.
        self.refused(401, self.service.request("POST", WIZ, wiz_issue(), token=None))
        self.assertEqual(self.service.request("POST", "/v1/webhooks/orca", [], token=None)[0], 202)
        # What was told is true.
        begun = time.monotonic()
        self.service.wait_for(lambda: deliver("again")[0] == 202, 10, "the rate to allow one more")
        self.assertLess(time.monotonic() - begun, 5)


class Capacity(ServiceCase):
    CAPACITY = 3

    @classmethod
    def setUpClass(cls):
        cls.silent = SilentServer()
        cls.addClassCleanup(cls.silent.close)
        cls.config = {"queue": {"workers": 2, "capacity": cls.CAPACITY}, "llm": {"providers": [cls.silent.provider()]}}
        super().setUpClass()

    def test_at_capacity_deliveries_are_503_and_readiness_says_so(self):
        self.assertEqual(self.service.request("GET", "/readyz")[0], 200)
        for n in range(self.CAPACITY):
            self.created("wiz", wiz_issue(f"W-full-{n}", bucket=f"acme-payments-full-{n}"))
        full = self.service.request("POST", WIZ, wiz_issue("W-full-x", bucket="acme-payments-full-x"),
                                    SOURCE_HEADERS["wiz"], token=None)
        self.refused(503, full)
        self.assertGreaterEqual(int(full[1]["Retry-After"]), 1)
        not_ready = self.service.request("GET", "/readyz", token=None)
        self.refused(503, not_ready, "queue")
        self.assertEqual(self.service.request("GET", "/healthz", token=None)[0], 200)
        # Reading goes on, and what was refused left no trace.
        self.assertEqual(len(self.service.items("/v1/findings")), self.CAPACITY)
        # When the upstream gives up, the backlog drains and the door opens again.
        self.silent.close()
        self.service.wait_for(lambda: self.service.request("GET", "/readyz")[0] == 200, 30, "readiness")
        self.created("wiz", wiz_issue("W-full-x", bucket="acme-payments-full-x"))


class HostileDocuments(ServiceCase):
    config = {"queue": {"workers": 2, "capacity": 100_000}}

    def test_no_document_crashes_or_stalls_the_process(self):
        deep = 100_000
        pairs = ",".join(f'"key{n}": {n}' for n in range(100_000))
        good = json.dumps(wiz_issue("W-dup"))
        documents = {
            "4 MiB of brackets": b"[" * (4 * MIB - 10),
            "4 MiB of braces": b'{"a":' * (4 * MIB // 5 - 10),
            "balanced brackets": b"[" * deep + b"]" * deep,
            "deep inside an issue": b'{"issue":' * deep + b"1" + b"}" * deep,
            "deep inside a field": good[:-1].encode() + b',"x":' + b"[" * deep + b"]" * deep + b"}",
            "a number of a million digits": b'{"issue": {"id": "N-1"}, "n": ' + b"9" * MIB + b"}",
            "a huge exponent": b'{"issue": {"id": "N-2"}, "n": 1e999999999}',
            "a tiny exponent": b'{"issue": {"id": "N-3"}, "n": 1e-999999999}',
            "beyond 64 bits": b'{"issue": {"id": 123456789012345678901234567890}, "n": -99999999999999999999}',
            "duplicate keys": b'{"issue": {"id": "first", "id": "second"}, ' + good[1:].encode(),
            "a hundred thousand keys": ("{" + pairs + "}").encode(),
            "invalid UTF-8": b'{"issue": {"id": "\xc3\x28\xf0\x28\x8c\x28"}}',
            "null bytes": b'{"issue": {"id": "a\\u0000b"}}' + b"\x00" * 100,
            "an escape bomb": b'{"issue": {"id": "' + b"\\ud83d\\ude00" * 50_000 + b'"}}',
            "a string of 3 MiB": b'{"issue": {"id": "' + b"x" * (3 * MIB) + b'"}}',
            "nested JSON strings": json.dumps({"issue": json.dumps({"issue": json.dumps({"id": "[" * 1000})})}).encode(),
            "ten thousand times null": b"[" + b",".join([b"null"] * 9_999) + b"]",
            "more items than are taken": b"[" + b",".join([b"{}"] * 10_001) + b"]",
            "a UTF-16 document": '{"issue": {"id": "wide"}}'.encode("utf-16"),
        }
        for name, document in documents.items():
            with self.subTest(name):
                begun = time.monotonic()
                status, headers, _ = self.service.request("POST", WIZ, document, SOURCE_HEADERS["wiz"], token=None)
                self.assertIn(status, (202, 400), name)
                self.assertTrue(headers["X-Request-Id"])
                self.assertLess(time.monotonic() - begun, 10)
                self.assertEqual(self.service.request("GET", "/healthz")[0], 200)
        self.assertTrue(self.service.alive())
        for finding in self.service.items("/v1/findings"):
            self.service.settled(finding["id"], timeout=60)
        last = self.created("wiz", wiz_issue("W-after-all", bucket="acme-payments-after-all"))
        self.assertEqual(self.service.settled(last)["finding"]["stage"], "awaiting_approval")


class Connections(ServiceCase):
    config = {"server": {"listen": "127.0.0.1:0", "header_timeout": "1s", "body_timeout": "1s", "idle_timeout": "2s"}}

    def closed_within(self, connection, seconds):
        connection.settimeout(seconds)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer

    def test_a_slow_loris_is_cut_while_others_are_served(self):
        crowd = [socket.create_connection(("127.0.0.1", self.service.port)) for _ in range(100)]
        try:
            for connection in crowd[:50]:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            for connection in crowd[50:]:
                connection.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n{{".encode())
            begun = time.monotonic()
            self.assertEqual(self.service.request("GET", "/healthz")[0], 200)
            self.assertLess(time.monotonic() - begun, 1)
            for connection in crowd:
                answer = self.closed_within(connection, 10)
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 408 "), answer[:100])
        finally:
            for connection in crowd:
                connection.close()

    def test_a_byte_now_and_then_does_not_prolong_the_deadline(self):
        with socket.create_connection(("127.0.0.1", self.service.port)) as connection:
            begun = time.monotonic()

            def dripped():
                try:
                    connection.sendall(b"X")
                except OSError:
                    return True
                connection.setblocking(False)
                try:
                    return connection.recv(65536) is not None
                except BlockingIOError:
                    return False
                except OSError:
                    return True
                finally:
                    connection.setblocking(True)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
            self.service.wait_for(dripped, 10, "the slow client to be cut")
            self.assertLess(time.monotonic() - begun, 5)

    def test_pipelined_requests_are_answered_in_order(self):
        first, second = (json.dumps(wiz_issue(f"W-pipe-{n}", bucket=f"acme-payments-pipe-{n}")).encode() for n in (1, 2))
        answer = self.service.raw(http(first) + b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" +
                                  http(b"no json") + http(second, "Connection: close\r\n"))
        statuses = [int(part.split(b" ", 1)[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        self.assertEqual(statuses, [202, 404, 400, 202])

    def test_broken_framing_is_refused_and_ends_the_connection(self):
        body = b'{"issue": {"id": "smuggled"}}'
        cases = {
            "two lengths": f"{HEAD}Content-Length: 5\r\nContent-Length: 29\r\n\r\n".encode() + body,
            "length and chunks": f"{HEAD}Content-Length: 29\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode() + body,
            "a negative length": f"{HEAD}Content-Length: -1\r\n\r\n".encode() + body,
            "a length with a sign": f"{HEAD}Content-Length: +29\r\n\r\n".encode() + body,
            "an unknown coding": f"{HEAD}Transfer-Encoding: gzip\r\n\r\n".encode() + body,
            "no chunk size": f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n".encode() + body,
            "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
            "a header of 64 KiB": b"GET /healthz HTTP/1.1\r\nX-Long: " + b"x" * 65536 + b"\r\n\r\n",
        }
        for name, data in cases.items():
            with self.subTest(name):
                answer = self.service.raw(data)
                self.assertRegex(answer, rb"^HTTP/1\.1 (4\d\d |501 Not Implemented\r)")
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
                self.assertNotIn(b"HTTP/1.1 2", answer)
        self.assertEqual(self.service.items("/v1/findings?q=smuggled"), [])

    def test_a_client_that_leaves_in_the_middle_harms_nobody(self):
        for cut in (1, 20, len(HEAD), len(HEAD) + 40):
            with socket.create_connection(("127.0.0.1", self.service.port)) as connection:
                connection.sendall(http(wiz_issue("W-left"))[:cut])
        threads = [threading.Thread(target=self.service.request, args=("GET", "/healthz")) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        self.assertFalse(any(thread.is_alive() for thread in threads))
        self.assertTrue(self.service.alive())


if __name__ == "__main__":
    unittest.main()
