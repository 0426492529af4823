"""The whole service at work at once, which is where threads meet: good and bad deliveries of several sources, people
who read and decide, streams that are left halfway, reloads, a poller, a tracker; and a stop in the middle of it.

Nothing here depends on how fast it goes. What has to hold at any speed: every answer is one that the API promises, what
was acknowledged is there after the stop and ends in one draft, the audit chain is whole, and the process ends with 0,
which under a sanitizer means that it found nothing. DOSSIER_LOAD is the number of findings.
"""

import collections
import contextlib
import http.client
import json
import os
import signal
import socket
import threading
import time
import unittest

import yaml

from counting_llm import CountingLlm
from harness import (SOURCE_HEADERS, TOKENS, Service, default_config, generic_event, orca_alert, prisma_alert,
                     wiz_issue)
from standins.jira import Jira
from standins.wiz import Wiz

DELIVERIES = int(os.environ.get("DOSSIER_LOAD", "120"))
REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")

PAYLOADS = {
    "wiz": lambda name: wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}"),
    "prisma": lambda name: prisma_alert(f"P-{name}", bucket=f"acme-prisma-{name}"),
    "orca": lambda name: orca_alert(f"orca-{name}", bucket=f"acme-orca-{name}"),
    "generic": lambda name: generic_event(f"G-{name}", bucket=f"acme-generic-{name}"),
}
# What nobody should send: each with the statuses that may answer it.
BAD = [
    ("/v1/webhooks/wiz", b"{", SOURCE_HEADERS["wiz"], {202, 400}),
    ("/v1/webhooks/wiz", b'{"issue": 7}', SOURCE_HEADERS["wiz"], {202, 400}),
    ("/v1/webhooks/orca", b"{}", {"Authorization": "Basic b3JjYTp3cm9uZw=="}, {401}),
    ("/v1/webhooks/nobody", b"{}", SOURCE_HEADERS["wiz"], {401, 404}),
    ("/v1/webhooks/generic", b"x" * 300_000, SOURCE_HEADERS["generic"], {413}),
    ("/v1/webhooks/generic", b"\xff\xfe" * 50, SOURCE_HEADERS["generic"], {202, 400}),
]
READS = ["/v1/findings?limit=50", "/v1/dossiers?limit=20", "/v1/drafts?state=pending", "/v1/audit?limit=50",
         "/v1/reports/deliveries", "/v1/reports/costs", "/v1/quarantine", "/v1/dead-letters", "/v1/mode", "/metrics",
         "/healthz", "/openapi.json"]
# Bytes that are no request, and requests that end before they are whole.
BROKEN = [b"GET / HTTP/1.1\r\nHost", b"\x16\x03\x01\x02\x00\x01\x00", b"POST /v1/webhooks/wiz HTTP/1.1\r\nHost: x\r\n"
          b"Authorization: Bearer wiz-webhook-token\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"i",
          b"GET /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"]


class Crowd:
    """Threads that each repeat one deed until told to stop. A deed that fails for another reason than a service that is
    on its way out is kept as a flaw."""

    pause = 0.01  # of each between two deeds: the stand-ins share this process

    def __init__(self):
        self.stopping = threading.Event()
        self.leaving = threading.Event()  # from here on connections may be refused or cut
        self.flaws = []
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.threads = []
        self.own = threading.local()  # the connection that a thread keeps open

    def repeat(self, deed, times=1):
        for number in range(times):
            thread = threading.Thread(target=self.run, args=(deed, number), daemon=True)
            self.threads.append(thread)
            thread.start()

    def run(self, deed, number):
        try:
            self.go_on(deed, number)
        finally:
            if connection := getattr(self.own, "connection", None):
                connection.close()

    def go_on(self, deed, number):
        turn = 0
        while not self.stopping.is_set():
            try:
                if deed(number, turn) is False:
                    return
            except (OSError, http.client.HTTPException) as error:
                if not self.leaving.is_set():
                    self.flaw(f"{deed.__name__}: {error!r}")
                return
            except Exception as error:  # told by the test, which is on another thread
                self.flaw(f"{deed.__name__}: {error!r}")
                return
            turn += 1
            if self.pause:
                time.sleep(self.pause)

    def flaw(self, text):
        with self.lock:
            self.flaws.append(text)

    def expect(self, status, allowed, what):
        with self.lock:
            self.counts[f"{what} {status}"] += 1
        # A service that is on its way out says so.
        if status not in allowed and not (status == 503 and self.leaving.is_set()):
            self.flaw(f"{what}: {status}")

    def join(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        return not any(thread.is_alive() for thread in self.threads)


class Load(unittest.TestCase):
    def setUp(self):
        self.llm, self.wiz, self.jira = CountingLlm(), Wiz(), Jira()
        self.jira.contract = self.jira.adf_schema = None  # other tests hold us to them; here they would cost the time
        for stand_in in (self.llm.close, self.wiz.shut, self.jira.shut):
            self.addCleanup(stand_in)
        self.acknowledged = {}  # finding id: its source
        self.crowd = Crowd()
        config = default_config(
            server={"listen": "127.0.0.1:0", "drain_timeout": "20s", "max_body": "256KiB"},
            queue={"workers": 4, "backoff": {"base": "50ms", "max": "500ms"}},
            llm={"providers": [self.llm.provider()]},
            routes=[{"name": "tracked", "when": {"source": ["prisma"]}, "do": "ticket", "sink": "jira"},
                    {"name": "everything", "when": {}, "do": "ticket", "sink": "outbox"}],
            tickets={"sinks": [{"name": "outbox", "kind": "outbox"}, self.jira.config()]})
        config["sources"][0]["api"] = self.wiz.api_config(poll="200ms", rate="500/s", backlog=False, blast_radius=False)
        more = [{"name": "more", "when": {"severity": ["low"]}, "do": "digest"}, *config["routes"]]
        self.configurations = [yaml.safe_dump(one) for one in (config, {**config, "routes": more},
                                                               {**config, "modes": "assist"})]
        self.service = Service(config)
        self.addCleanup(self.service.close)
        self.service.start()

    # What the crowd does. Each deed gets the number of its thread and how often it was done before. --------------------

    def call(self, method, path, body=None, headers=None):
        """(status, raw body) over this thread's own connection, which stays open."""
        own = self.crowd.own
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        connection = own.connection
        connection.request(method, path, body, {"Authorization": f"Bearer {TOKENS['admin']}",
                                                "Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read()

    def deliver(self, number, turn):
        if len(self.acknowledged) >= DELIVERIES:
            return False
        source = ("wiz", "prisma", "orca", "generic")[(number + turn) % 4]
        name = f"{number}-{turn - turn % 5 if turn % 5 == 4 else turn}"  # each fifth is one that came before
        status, body = self.call("POST", f"/v1/webhooks/{source}", json.dumps(PAYLOADS[source](name)),
                                 SOURCE_HEADERS[source])
        self.crowd.expect(status, {202}, "deliver")
        if status == 202:
            with self.crowd.lock:
                self.acknowledged.update((finding["id"], source) for finding in json.loads(body)["findings"])
        return True

    def misbehave(self, number, turn):
        path, body, headers, allowed = BAD[(number + turn) % len(BAD)]
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            self.crowd.expect(connection.getresponse().status, allowed, "misbehave")

    def break_off(self, number, turn):
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as connection:
            connection.sendall(BROKEN[(number + turn) % len(BROKEN)])
            if turn % 2:
                connection.recv(1)  # the others leave without a word
            self.crowd.counts["break off"] += 1

    def read(self, number, turn):
        path = READS[(number * 5 + turn) % len(READS)]
        status, body = self.call("GET", path)
        self.crowd.expect(status, {200}, "read")
        if path.startswith("/v1/findings?") and status == 200:
            for finding in json.loads(body)["items"][:3]:
                self.crowd.expect(self.call("GET", f"/v1/findings/{finding['id']}")[0], {200}, "read")

    def decide(self, number, turn):
        status, body = self.call("GET", "/v1/drafts?state=pending&limit=20")
        self.crowd.expect(status, {200}, "list")
        drafts = json.loads(body)["items"] if status == 200 else []
        for place, draft in enumerate(drafts):
            deed = ("approve", "reject", "approve")[(place + turn) % 3]
            # Two people may decide on one draft, or its finding may have changed since it was listed.
            self.crowd.expect(self.call("POST", f"/v1/drafts/{draft['id']}/{deed}", b'{"comment": "load"}')[0],
                              {200, 409}, deed)
        if not drafts:
            time.sleep(0.02)

    def follow(self, number, turn):
        """Explains on demand as a stream, and leaves every other one after its first words."""
        known = list(self.acknowledged)
        if not known:
            time.sleep(0.02)
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", "/v1/explain", json.dumps({"finding_id": known[turn % len(known)]}),
                               {"Authorization": f"Bearer {TOKENS['admin']}", "Content-Type": "application/json",
                                "Accept": "text/event-stream"})
            response = connection.getresponse()
            # 503: a finding that was acknowledged a moment ago is still being read.
            self.crowd.expect(response.status, {200, 503}, "follow")
            response.read(16 if turn % 2 else None)

    def reload(self, number, turn):
        """A route more, a route less, now and then a configuration that is refused; also while the service stops."""
        if self.crowd.leaving.is_set():
            self.service.process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
            return
        # In one step: a file that is read while it is half written may be a shorter configuration.
        self.service.write_file("next.yaml", self.configurations[turn % 3]).rename(self.service.config_path)
        begin = self.service.log_path.stat().st_size
        self.service.process.send_signal(signal.SIGHUP)
        self.crowd.counts["reload"] += 1
        while not self.crowd.leaving.is_set():
            told = {event["event"] for event in self.service.log_events(begin)} & {"config.reloaded",
                                                                                   "config.reload_refused"}
            if told:
                if ("config.reloaded" in told) == (turn % 3 == 2):
                    self.crowd.flaw(f"reload {turn}: {told}")
                break
            time.sleep(0.02)
        time.sleep(0.2)

    def move_platform(self, number, turn):
        """Issues that come by polling alone."""
        name = f"acme-payments-polled-{turn}"
        entity = self.wiz.entity(f"e-{turn}", "BUCKET", name, providerUniqueId=f"arn:aws:s3:::{name}",
                                 cloudPlatform="AWS", region="eu-west-1")
        self.wiz.add_issue(entity=entity)
        time.sleep(0.2)
        return turn < 20

    # ------------------------------------------------------------------------------------------------------------------

    def check_what_is_left(self):
        found = {finding["id"]: finding for finding in self.service.items("/v1/findings")}
        self.assertLessEqual(set(self.acknowledged), set(found), "acknowledged and lost")
        for finding in found:
            self.service.settled(finding, 120)
        stages = collections.Counter(finding["stage"] for finding in self.service.items("/v1/findings"))
        self.assertNotIn("dead", stages, stages)
        drafts = self.service.items("/v1/drafts")
        alive = [(draft["dossier_id"], draft["kind"]) for draft in drafts if draft["state"] != "superseded"]
        twice = [draft for draft in drafts if alive.count((draft["dossier_id"], draft["kind"])) > 1]
        self.assertEqual(twice, [], "one draft a dossier and kind")
        verdict = self.service.get("/v1/audit/verify")
        self.assertTrue(verdict["ok"], verdict)
        self.assertEqual(self.jira.complaints, [])

    def check_reports(self):
        text = self.service.log_text()
        for report in REPORTS:
            self.assertNotIn(report, text)

    def test_everything_at_once_and_a_stop_in_the_middle(self):
        crowd = self.crowd
        for deed, times in ((self.deliver, 6), (self.misbehave, 2), (self.break_off, 1), (self.read, 2),
                            (self.decide, 2), (self.follow, 1), (self.reload, 1), (self.move_platform, 1)):
            crowd.repeat(deed, times)
        half = DELIVERIES // 2
        self.service.wait_for(lambda: crowd.flaws or len(self.acknowledged) >= half, 60 + DELIVERIES / 10, "half of it")
        self.assertEqual(crowd.flaws, [])
        crowd.leaving.set()
        self.assertEqual(self.service.stop(60), 0)
        self.assertTrue(crowd.join(), "everybody has left")
        self.assertEqual(crowd.flaws, [])
        for deed in ("deliver 202", "misbehave 401", "misbehave 413", "read 200", "follow 200", "approve 200", "reload",
                     "break off"):
            self.assertTrue(crowd.counts[deed], (deed, crowd.counts))

        # What was left undone is done by the next process, under a crowd that lets it finish.
        self.crowd = Crowd()
        self.service.write_config(self.service.config)
        self.service.start()
        for deed, times in ((self.deliver, 6), (self.read, 2), (self.misbehave, 1), (self.decide, 2)):
            self.crowd.repeat(deed, times)
        self.service.wait_for(lambda: self.crowd.flaws or len(self.acknowledged) >= DELIVERIES, 60 + DELIVERIES / 10,
                              "all of it")
        self.assertTrue(self.crowd.join())
        self.assertEqual(self.crowd.flaws, [])
        self.check_what_is_left()
        self.assertEqual(self.service.stop(60), 0)
        self.check_reports()
        if "DOSSIER_LOAD" in os.environ:
            print(f"{len(self.acknowledged)} findings;", dict(crowd.counts + self.crowd.counts))


if __name__ == "__main__":
    unittest.main()
