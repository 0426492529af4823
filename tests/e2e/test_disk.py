"""The disk under the store is full, read-only, broken or slow, and what a crash leaves of its log is damaged. Nothing
that was acknowledged is lost, nothing is acknowledged that isn't on the disk, and it all goes on without a restart.
"""

import contextlib
import errno
import json
import threading
import time
import unittest

from bad_machine import BadMachine
from counting_llm import CountingLlm
from harness import SLOW, SOURCE_HEADERS, Service, default_config, wiz_issue

WIZ = "/v1/webhooks/wiz"
FAULTS = {"a full disk": {"write_error": errno.ENOSPC}, "a read-only disk": {"write_error": errno.EROFS},
          "a broken disk": {"write_error": errno.EIO}, "a sync that fails": {"sync_error": errno.EIO}}


class DiskCase(unittest.TestCase):
    config = {}

    def setUp(self):
        self.llm = CountingLlm()
        self.addCleanup(self.llm.close)
        self.service = Service(default_config(llm={"providers": [self.llm.provider()]}, **self.config))
        self.addCleanup(self.service.close)
        self.machine = BadMachine(self.service)
        self.service.start()

    def ask(self, name, **more):
        """(status, headers, body) of a delivery of the bucket `name`."""
        return self.service.request("POST", WIZ, wiz_issue(f"W-{name}", bucket=f"acme-payments-{name}"),
                                    SOURCE_HEADERS["wiz"], token=None, **more)

    def delivered(self, name):
        status, _, answer = self.ask(name)
        self.assertEqual(status, 202, answer)
        return answer["findings"][0]["id"]

    def is_ready(self):
        return self.service.request("GET", "/readyz", token=None)[0] == 200

    def whole(self, findings):
        """Each is there and complete, and the chain holds: now, and after a crash."""
        for finding in findings:
            self.assertEqual(self.service.settled(finding, 60)["finding"]["stage"], "awaiting_approval")
        self.assertTrue(self.service.get("/v1/audit/verify")["ok"])
        self.service.kill()
        self.service.start()
        self.assertLessEqual(set(findings), {one["id"] for one in self.service.items("/v1/findings")})
        self.assertTrue(self.service.get("/v1/audit/verify")["ok"])


class Refusals(DiskCase):
    def test_a_disk_that_takes_nothing_is_said_and_gone_on_from(self):
        findings = [self.delivered("before")]
        process = self.service.process.pid
        for number, (name, fault) in enumerate(FAULTS.items()):
            with self.subTest(name):
                self.machine.disk(**fault)
                for again in range(3):
                    status, headers, problem = self.ask(f"{number}-{again}")
                    self.assertEqual((status, problem["code"]), (503, "storage"), problem)
                    self.assertGreaterEqual(int(headers["Retry-After"]), 1)
                status, headers, problem = self.service.request("GET", "/readyz", token=None)
                self.assertEqual((status, problem["code"]), (503, "storage"))
                self.assertIn("the store can't write", problem["detail"])
                self.assertIn("Retry-After", headers)
                self.assertEqual(self.service.request("GET", "/healthz", token=None)[0], 200)
                self.assertEqual(len(self.service.items("/v1/findings")), len(findings), "reading goes on")
                self.assertGreater(self.machine["refusals"], 0)
                self.machine.disk()
                self.service.wait_for(self.is_ready, 20, "the store to write again")
                findings += [self.delivered(f"{number}-{again}") for again in range(3)]
        self.assertEqual(self.service.process.pid, process)
        self.assertTrue(self.service.alive())
        self.whole(findings)

    def test_work_that_was_under_way_ends_once_the_disk_is_back(self):
        self.llm.gate.clear()
        findings = [self.delivered(f"way-{number}") for number in range(4)]
        self.service.wait_for(lambda: sum(self.llm.asked.values()) == 4, 20, "four questions")
        self.machine.disk(errno.ENOSPC)
        before = self.machine["refusals"]
        self.llm.gate.set()
        self.service.wait_for(lambda: self.machine["refusals"] > before + 4, 20, "answers that can't be stored")
        self.machine.disk()
        self.whole(findings)
        self.assertEqual(self.service.items("/v1/dead-letters"), [])

    def test_it_comes_and_goes_under_load(self):
        acknowledged, stopping = {}, threading.Event()

        def client(label):
            number = 0
            while not stopping.wait(0.01):
                with contextlib.suppress(OSError):
                    status, _, answer = self.ask(f"{label}-{number}")
                    if status == 202:
                        acknowledged[f"{label}-{number}"] = answer["findings"][0]["id"]
                        number += 1
        clients = [threading.Thread(target=client, args=(label,)) for label in "abcd"]
        for one in clients:
            one.start()
        try:
            for fault in [*FAULTS.values()] * 2:
                reached = len(acknowledged) + 3
                self.service.wait_for(lambda: len(acknowledged) >= reached, 20, "deliveries to be acknowledged")
                refused = self.machine["refusals"] + 3
                self.machine.disk(**fault)
                self.service.wait_for(lambda: self.machine["refusals"] >= refused, 20, "writes to be refused")
                self.machine.disk()
        finally:
            stopping.set()
            for one in clients:
                one.join()
        self.whole(acknowledged.values())


class Slow(DiskCase):
    DELAY = 1.0  # seconds a sync

    def test_an_acknowledgement_waits_for_the_disk_and_is_true(self):
        self.machine.disk(sync_delay=self.DELAY)
        begun = time.monotonic()
        finding = self.delivered("slow")
        self.assertGreaterEqual(time.monotonic() - begun, self.DELAY)
        self.service.kill()
        self.machine.disk()
        self.service.start()
        self.assertEqual([one["id"] for one in self.service.items("/v1/findings")], [finding])

    def test_many_share_one_sync_and_the_rest_of_the_service_answers(self):
        self.machine.disk(sync_delay=self.DELAY)
        answers = []
        clients = [threading.Thread(target=lambda n=n: answers.append(self.ask(f"many-{n}", timeout=60 * SLOW)[0]))
                   for n in range(32)]
        begun = time.monotonic()
        for one in clients:
            one.start()
        self.assertEqual(self.service.request("GET", "/healthz", token=None)[0], 200)
        self.assertLess(time.monotonic() - begun, self.DELAY * SLOW, "nobody else waits for the disk")
        for one in clients:
            one.join()
        self.assertEqual(answers, [202] * 32)
        self.assertLess(time.monotonic() - begun, 16 * self.DELAY * SLOW, "32 commits of their own would take longer")
        self.machine.disk()
        self.whole([one["id"] for one in self.service.items("/v1/findings")])


class DamagedLog(DiskCase):
    """What a power cut may leave of the end of SQLite's write-ahead log."""

    PAGE, FRAME, HEADER = 4096, 24 + 4096, 32

    def frames(self):
        return (self.log.stat().st_size - self.HEADER) // self.FRAME

    def damage(self, how, frame):
        begin = self.HEADER + frame * self.FRAME
        with open(self.log, "r+b") as file:
            if how == "cut":
                file.truncate(begin + 1000)
            elif how == "garbled":
                file.seek(begin + 100)
                file.write(bytes(range(256)) * 4)
            else:
                file.seek(0, 2)
                file.write(b"\0" * 2 * self.PAGE)

    def test_what_came_before_the_damage_survives_and_what_is_missing_is_said(self):
        for how, is_lost in {"longer": False, "cut": True, "garbled": True}.items():
            with self.subTest(how):
                self.service.close()
                self.setUp()
                self.log = self.service.dir / "data/dossier.db-wal"
                findings = [self.delivered(f"{how}-{number}") for number in range(3)]
                for finding in findings:
                    self.service.settled(finding)
                frame = self.frames()
                last = self.delivered(f"{how}-last")
                self.service.settled(last)
                self.signed()
                self.service.kill()
                self.damage(how, frame)
                self.service.start()
                self.assertLessEqual(set(findings), {one["id"] for one in self.service.items("/v1/findings")})
                for finding in findings:
                    self.service.settled(finding)
                verdict = self.service.get("/v1/audit/verify")
                self.assertEqual((verdict["integrity"], verdict["completeness"]),
                                 ("ok", "broken" if is_lost else "ok"), verdict)
                if is_lost:
                    self.service.wait_for(lambda: "a cut tail or an old backup?" in self.service.log_text(), 20,
                                          "a word about the loss")
                self.assertEqual(self.delivered(f"{how}-last") == last, not is_lost)

    def signed(self):
        """Waits until all that the chain holds is under the signed head."""
        head = self.service.dir / "data/audit.key.head"
        self.service.wait_for(lambda: head.exists() and json.loads(head.read_text())["seq"] >=
                              self.service.get("/v1/audit/verify")["records"], 20, "the signed head")


if __name__ == "__main__":
    unittest.main()
