"""No descriptors and no memory are left: deliveries are refused, none that was acknowledged is lost, and it goes on."""

import contextlib
import http.client
import os
import resource
import socket
import threading
import unittest

from counting_llm import CountingLlm
from harness import SLOW, SOURCE_HEADERS, Service, default_config, wiz_issue

MIB = 1 << 20


class Scarce(unittest.TestCase):
    def setUp(self):
        self.llm = CountingLlm()
        self.addCleanup(self.llm.close)
        self.service = Service(default_config(llm={"providers": [self.llm.provider()]}))
        self.addCleanup(self.service.close)
        self.service.start()
        self.acknowledged = []

    def limit(self, what, value):
        """Of the running process; None = none."""
        wanted = resource.RLIM_INFINITY if value is None else value
        resource.prlimit(self.service.process.pid, what, (wanted, resource.prlimit(self.service.process.pid, what)[1]))

    def deliver(self, name, timeout=20, filling=0):
        """The status; 0 where none came."""
        body = wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}", filling="x" * filling)
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, _, answer = self.service.request("POST", "/v1/webhooks/wiz", body, SOURCE_HEADERS["wiz"], token=None,
                                                     timeout=timeout)
            if status == 202:
                self.acknowledged.append(answer["findings"][0]["id"])
            return status
        return 0

    def whole(self):
        for finding in self.acknowledged:
            settled = self.service.settled(finding, 60)
            self.assertEqual(settled["finding"]["stage"], "awaiting_approval", settled["dossier"]["last_error"])
        self.assertTrue(self.service.get("/v1/audit/verify")["ok"])

    @unittest.skipIf(SLOW > 1, "UndefinedBehaviorSanitizer needs a descriptor to look at what it checks")
    def test_out_of_descriptors(self):
        self.assertEqual(self.deliver("before"), 202)
        self.service.settled(self.acknowledged[0])
        held = len(os.listdir(f"/proc/{self.service.process.pid}/fd"))
        self.limit(resource.RLIMIT_NOFILE, held + 8)
        with contextlib.ExitStack() as crowd:
            for _ in range(200):  # the backlog of the listener takes them
                crowd.enter_context(socket.create_connection(("127.0.0.1", self.service.port)))
            self.service.wait_for(lambda: "server.accept_failed" in self.service.log_text(), 20, "a lack of descriptors")
            self.assertEqual(self.deliver("during", timeout=1), 0, "nobody takes the connection")
            self.assertTrue(self.service.alive())
        self.service.wait_for(lambda: self.deliver("after") == 202, 30, "the crowd to be gone")
        self.limit(resource.RLIMIT_NOFILE, 1024)
        self.assertEqual(self.service.request("GET", "/healthz", token=None)[0], 200)
        self.whole()
        accepting = [event for event in self.service.log_events() if event["event"] == "server.accept_failed"]
        self.assertLess(len(accepting), 50, "it is not said again and again")

    @unittest.skipIf(SLOW > 1, "sanitizers need address space without a limit")
    def test_out_of_memory(self):
        self.assertEqual(self.deliver("before"), 202)
        with open(f"/proc/{self.service.process.pid}/statm") as usage:
            held = int(usage.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        self.limit(resource.RLIMIT_AS, held + 24 * MIB)
        statuses = []
        clients = [threading.Thread(target=lambda n=n: statuses.extend(
            self.deliver(f"big-{n}-{again}", filling=3 * MIB) for again in range(3))) for n in range(16)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()
        self.assertEqual(len(statuses), 48)
        if self.service.alive():
            self.limit(resource.RLIMIT_AS, None)
        else:
            self.service.start()
        self.service.wait_for(lambda: self.deliver("after") == 202, 30, "it to go on")
        self.whole()


if __name__ == "__main__":
    unittest.main()
