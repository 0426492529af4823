"""More than the service can do: it says so in time, keeps room and turns for everybody, stays small, and recovers."""

import contextlib
import json
import pathlib
import re
import socket
import threading
import time
import unittest

from counting_llm import CountingLlm
from harness import SLOW, SOURCE_HEADERS, Service, default_config, prisma_alert, wiz_issue
from service_case import ServiceCase

MIB = 1 << 20
BEARER = "Authorization: Bearer wiz-webhook-token\r\nContent-Type: application/json\r\n"


def issue(name, severity="LOW"):
    return wiz_issue(f"W-{name}", bucket=f"acme-{name}", severity=severity, control=f"Bucket {name} is public")


def alert(name, severity="high"):
    return prisma_alert(f"P-{name}", bucket=f"acme-{name}", severity=severity, policy=f"Bucket {name} readable")


class Slow(unittest.TestCase):
    """An explanation takes a while and one is made at a time: whatever is delivered waits."""
    CAPACITY = 20
    PAUSE = 0.01

    def setUp(self):
        self.llm = CountingLlm(pause=self.PAUSE)
        self.addCleanup(self.llm.close)
        self.llm.gate.clear()
        provider = {**self.llm.provider(), "max_in_flight": 1, "timeout": "60s"}
        self.service = Service(default_config(queue={"workers": 2, "capacity": self.CAPACITY},
                                              llm={"providers": [provider]}))
        self.addCleanup(self.service.close)
        self.service.start()

    def deliver(self, source, payload):
        return self.service.request("POST", f"/v1/webhooks/{source}", payload, SOURCE_HEADERS[source], token=None)

    def ids(self, source, payload):
        status, _, answer = self.deliver(source, payload)
        self.assertEqual(status, 202, answer)
        return [finding["id"] for finding in answer["findings"]]

    def metric(self, name):
        text = self.service.get("/metrics", token=None)
        return {labels or "": float(value) for labels, value in
                re.findall(rf"^{name}(\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)}

    def test_worse_findings_and_other_sources_overtake_what_came_before(self):
        for n in range(10):
            self.ids("wiz", issue(f"noise-{n}"))
        # The one place at the provider is taken, nine wait for it.
        self.service.wait_for(lambda: sum(self.llm.asked.values()) == 1, 20, "the first question")
        last = self.ids("wiz", issue("worse", "CRITICAL")) + self.ids("prisma", alert("other", "low"))
        assessed = '{outcome="done",stage="assess"}'
        self.service.wait_for(lambda: self.metric("dossier_stages_total").get(assessed) == 12, 20,
                              "all to wait for the provider")
        self.llm.gate.set()
        for finding in last:
            self.service.settled(finding)
        order = list(self.llm.asked)  # a Counter keeps the order of first sight
        self.assertEqual(len(order), len(set(order)))
        # One or two that had their place already, and what came between the count and its turn.
        self.assertLessEqual(order.index("acme-worse"), 3, order)
        self.assertLessEqual(order.index("acme-other"), 6, order)

    def test_a_flood_from_one_source_neither_shuts_out_another_nor_loses_anything(self):
        acknowledged = []
        refusals = []
        depths = []
        flooding = threading.Event()
        flooding.set()

        def flood(lane):
            number = 0
            while flooding.is_set():
                number += 1
                status, headers, answer = self.deliver("wiz", issue(f"flood-{lane}-{number}", "CRITICAL"))
                if status == 202:
                    acknowledged.extend(finding["id"] for finding in answer["findings"])
                else:
                    refusals.append((status, int(headers["Retry-After"])))

        floods = [threading.Thread(target=flood, args=(lane,), daemon=True) for lane in range(3)]
        for thread in floods:
            thread.start()
        # The flood takes all there is; then the service is full for everybody, and says so.
        self.service.wait_for(lambda: len(acknowledged) == self.CAPACITY, 20, "the queue to fill")
        self.assertEqual(self.deliver("prisma", alert("shut-out"))[0], 503)
        self.assertEqual(self.service.request("GET", "/readyz", token=None)[0], 503)
        self.assertEqual(self.service.request("GET", "/healthz", token=None)[0], 200)
        self.assertEqual(len(self.service.items("/v1/findings")), self.CAPACITY)
        self.assertEqual(self.metric("dossier_source_backlog").get('{source="wiz"}'), self.CAPACITY)
        # As soon as anything is worked off the others get in, though the flood never pauses.
        self.llm.gate.set()
        for number in range(3):
            got_in = self.service.wait_for(
                lambda number=number: (answer := self.deliver("prisma", alert(f"quiet-{number}")))[0] == 202 and answer,
                10, "the quiet source to get in")
            depths.append(self.metric("dossier_queue_depth")[""])
            quiet = got_in[2]["findings"][0]["id"]
            acknowledged.append(quiet)
            begun = time.monotonic()
            self.service.settled(quiet)
            # Nobody waits for the whole queue: its turn is after one high for eight critical at most.
            self.assertLess(time.monotonic() - begun, 10 * SLOW)
        flooding.clear()
        for thread in floods:
            thread.join(30)
        self.assertTrue(all(status == 503 and 1 <= wait <= 30 for status, wait in refusals), refusals[:3])
        self.assertLessEqual(max(depths), self.CAPACITY)
        reasons = self.metric("dossier_refusals_total")
        self.assertGreater(reasons.get('{reason="queue_full",source="wiz"}', 0), 0, reasons)
        self.assertGreater(reasons.get('{reason="over_share",source="wiz"}', 0), 0, reasons)
        # Everything that was acknowledged is done, and the service is what it was before.
        self.service.wait_for(lambda: self.service.request("GET", "/readyz")[0] == 200, 30, "readiness")
        for finding in acknowledged:
            self.assertEqual(self.service.settled(finding, timeout=60)["finding"]["stage"], "awaiting_approval")
        self.assertEqual(self.metric("dossier_queue_depth")[""], 0)
        self.assertEqual(len(self.service.items("/v1/findings")), len(acknowledged))

    def test_an_array_gets_in_as_a_whole_or_not_at_all(self):
        self.ids("wiz", [issue(f"first-{n}") for n in range(self.CAPACITY - 5)])
        status, headers, _ = self.deliver("wiz", [issue(f"second-{n}") for n in range(6)])
        self.assertEqual(status, 503)
        self.assertGreaterEqual(int(headers["Retry-After"]), 1)
        self.assertEqual(len(self.service.items("/v1/findings")), self.CAPACITY - 5)
        self.assertEqual(len(self.ids("wiz", [issue(f"third-{n}") for n in range(5)])), 5)


class Places(unittest.TestCase):
    """The wait for a model is what findings take turns at: none of its places stays empty while a text is saved."""
    PLACES = 16

    def test_findings_are_made_ready_behind_those_that_wait_for_a_model(self):
        llm = CountingLlm()
        self.addCleanup(llm.close)
        llm.gate.clear()
        service = Service(default_config(queue={"workers": 2, "in_flight": self.PLACES},
                                         llm={"providers": [{**llm.provider(), "timeout": "60s"}]}))
        self.addCleanup(service.close)
        service.start()
        for number in range(30):
            status, _, answer = service.request("POST", "/v1/webhooks/wiz", issue(f"place-{number}"),
                                                SOURCE_HEADERS["wiz"], token=None)
            self.assertEqual(status, 202, answer)
        assessed = re.compile(r'^dossier_stages_total{outcome="done",stage="assess"} (\d+)', re.MULTILINE)

        def ready():
            found = assessed.search(service.get("/metrics", token=None))
            return int(found[1]) if found else 0
        more = self.PLACES // 2
        service.wait_for(lambda: ready() == self.PLACES + more, 20, "half as many to be made ready")
        service.wait_for(lambda: sum(llm.asked.values()) == self.PLACES, 20, "a question from each place")
        self.assertEqual(ready(), self.PLACES + more, "and no more than that")
        llm.gate.set()
        for finding in service.items("/v1/findings"):
            service.settled(finding["id"])
        self.assertEqual(sum(llm.asked.values()), 30)


class Memory(ServiceCase):
    CONNECTIONS = 256
    config = {"server": {"listen": "127.0.0.1:0", "max_body": "4MiB", "body_memory": "8MiB",
                         "max_connections": CONNECTIONS, "body_timeout": "30s", "idle_timeout": "60s"},
              "queue": {"workers": 2, "capacity": 50}}

    def resident(self):
        status = pathlib.Path(f"/proc/{self.service.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.service.port), timeout=10)

    def test_bodies_under_way_have_a_bound_together(self):
        before = self.resident()
        head = f"POST /v1/webhooks/wiz HTTP/1.1\r\nHost: x\r\n{BEARER}Content-Length: {3 * MIB}\r\n\r\n".encode()
        refused = 0
        with contextlib.ExitStack() as stack:
            senders = [stack.enter_context(self.connect()) for _ in range(60)]
            for sender in senders:  # each but for its last bytes: 180 MiB in all
                with contextlib.suppress(OSError):
                    sender.sendall(head + b" " * (3 * MIB - 10))
            for sender in senders:
                sender.settimeout(0.05)
                with contextlib.suppress(OSError):
                    answer = sender.recv(4096)
                    self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
                    self.assertIn(b"Retry-After: ", answer)
                    refused += 1
            self.assertGreaterEqual(refused, 1)
            self.assertLess(self.resident() - before, 64 * MIB)
            self.assertEqual(self.service.request("GET", "/healthz")[0], 200)
            self.created("prisma", alert("beside-the-bodies"))
        self.service.wait_for(lambda: self.service.request("POST", "/v1/webhooks/wiz", b" " * (3 * MIB) + b"[]",
                                                           SOURCE_HEADERS["wiz"], token=None)[0] == 202,
                              10, "the room to come back")

    def test_connections_that_wait_give_way_to_those_that_ask(self):
        with contextlib.ExitStack() as stack:
            for _ in range(3 * self.CONNECTIONS // 2):
                with contextlib.suppress(OSError):
                    stack.enter_context(self.connect()).sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")

            def served():
                with contextlib.suppress(OSError):
                    return self.service.request("GET", "/healthz")[0] == 200
                return False
            begun = time.monotonic()
            self.service.wait_for(served, 8, "a place among those that wait")
            self.assertLess(time.monotonic() - begun, 8 * SLOW, "not by the time limits of the others")

    def test_a_flood_of_large_arrays_leaves_memory_as_it_was(self):
        # Never fits but into an empty queue.
        batch = json.dumps([{**issue(f"batch-{n}"), "more": "x" * 4000} for n in range(60)]).encode()
        self.assertGreater(len(batch), 200_000)
        self.service.request("POST", "/v1/webhooks/wiz", batch, SOURCE_HEADERS["wiz"], token=None)
        before = self.resident()
        peaks = []

        def flood():
            for _ in range(6):
                with contextlib.suppress(OSError):
                    self.service.request("POST", "/v1/webhooks/wiz", batch, SOURCE_HEADERS["wiz"], token=None)
                peaks.append(self.resident())
        floods = [threading.Thread(target=flood) for _ in range(8)]
        for thread in floods:
            thread.start()
        for thread in floods:
            thread.join()
        if SLOW == 1:  # sanitizers keep what was freed
            self.assertLess(max(peaks) - before, 96 * MIB)
        self.service.wait_for(lambda: self.service.request("GET", "/readyz")[0] == 200, 60, "readiness")
        self.assertTrue(self.service.alive())


if __name__ == "__main__":
    unittest.main()
