"""What was acknowledged survives kill -9, and what was done is never done again."""

import contextlib
import http.client
import json
import sqlite3
import threading
import unittest

from counting_llm import CountingLlm
from harness import SOURCE_HEADERS, Service, default_config, wiz_issue


class Burst:
    """Clients that deliver new findings one after the other until the service is gone."""

    def __init__(self, service, label, clients=6):
        self.service, self.label = service, label
        self.acknowledged = {}  # bucket: finding id
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        number = 0
        with contextlib.suppress(OSError, http.client.HTTPException), self.service.connection(timeout=20) as connection:
            while not self.stopping.is_set():
                bucket = f"acme-payments-{self.label}-{client}-{number}"
                connection.request("POST", "/v1/webhooks/wiz", json.dumps(wiz_issue(f"W-{bucket}", bucket=bucket)),
                                   {**SOURCE_HEADERS["wiz"], "Content-Type": "application/json"})
                response = connection.getresponse()
                body = response.read()
                if response.status == 202:
                    with self.lock:
                        self.acknowledged[bucket] = json.loads(body)["findings"][0]["id"]
                number += 1

    def join(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        return dict(self.acknowledged)


def stored_stages(service):
    """{(dossier id, revision, stage): (time, body)} as it stands in the store of a service that is not running."""
    with contextlib.closing(sqlite3.connect(service.dir / "data/dossier.db")) as db:
        rows = db.execute("SELECT d.id, r.revision, r.stage, r.at, r.body FROM stage_results r "
                          "JOIN dossiers d ON d.seq = r.dossier").fetchall()
    return {(dossier, revision, stage): (at, body) for dossier, revision, stage, at, body in rows}


class Crashes(unittest.TestCase):
    def setUp(self):
        self.llm = CountingLlm(pause=0.02)
        self.addCleanup(self.llm.close)
        # Leases outlast the test: what a dead process held has to be taken over, not waited for.
        self.service = Service(default_config(llm={"providers": [self.llm.provider()]},
                                              queue={"workers": 2, "lease": "10m"}))
        self.addCleanup(self.service.close)
        self.service.start()

    def all_settled(self, findings, timeout=90):
        for finding in findings:
            self.service.settled(finding, timeout)

    def test_no_acknowledged_finding_is_lost_and_none_is_drafted_or_paid_for_twice(self):
        acknowledged = {}
        for round_number in range(4):
            burst = Burst(self.service, f"r{round_number}")
            # Somewhere between the first acknowledgement and a queue of work in every stage.
            enough = 3 + 8 * round_number
            self.service.wait_for(lambda: len(burst.acknowledged) >= enough, 30, f"{enough} acknowledgements")
            self.service.kill()
            acknowledged |= burst.join()
            before, asked = stored_stages(self.service), dict(self.llm.asked)
            explained = {dossier for dossier, _, stage in before if stage == "explained"}
            self.service.start()
            found = {f["id"]: f for f in self.service.items("/v1/findings")}
            self.assertLessEqual(set(acknowledged.values()), set(found), "acknowledged and lost")
            self.all_settled(found)
            found = {f["id"]: f for f in self.service.items("/v1/findings")}

            # What stood in the store is what stands there now: work went on behind it.
            paid = {f["resource"]["name"] for f in found.values() if f["dossier_id"] in explained}
            self.assertEqual({n: self.llm.asked[n] for n in paid}, {n: asked[n] for n in paid})
            with contextlib.closing(sqlite3.connect(self.service.dir / "data/dossier.db")) as db:
                for (dossier, revision, stage), (at, body) in before.items():
                    rows = db.execute("SELECT r.at, r.body FROM stage_results r JOIN dossiers d ON d.seq = r.dossier "
                                      "WHERE d.id = ? AND r.revision = ? AND r.stage = ?",
                                      (dossier, revision, stage)).fetchall()
                    self.assertEqual(rows, [(at, body)], (dossier, stage))

        self.assertGreater(len(acknowledged), 30)
        self.assertTrue(all(f["stage"] == "awaiting_approval" for f in found.values()), found)
        drafts = self.service.items("/v1/drafts")
        self.assertEqual({d["state"] for d in drafts}, {"pending"})
        self.assertEqual(sorted(d["dossier_id"] for d in drafts), sorted({f["dossier_id"] for f in found.values()}))
        self.assertEqual(len(drafts), len(found))
        self.assertTrue(all(d["finding_ids"] for d in drafts))
        verdict = self.service.get("/v1/audit/verify")
        self.assertTrue(verdict["ok"], verdict)

    def test_work_goes_on_behind_the_stored_explanation(self):
        # The draft waits for its LLM; whatever is stored then is what counts after the crash.
        finding = self.service.send("wiz", wiz_issue("W-resume", bucket="acme-payments-resume"))["findings"][0]["id"]
        narrative = self.service.settled(finding)["dossier"]["narrative"]
        self.assertEqual((narrative["author"], narrative["llm_session_id"]), ("llm", "chatcmpl-1"))
        self.service.kill()
        # The crash of a service that had stored the explanation and not yet the draft.
        with contextlib.closing(sqlite3.connect(self.service.dir / "data/dossier.db")) as db, db:
            db.execute("DELETE FROM stage_results WHERE stage = 'drafted'")
            db.execute("DELETE FROM drafts")
            db.execute("DELETE FROM answers")
            db.execute("UPDATE dossiers SET stage = 'explained', ready_at = 0, work_seq = work_seq + 1, "
                       "lease_owner = '', lease_until = NULL")
            db.execute("UPDATE findings SET stage = 'explained', is_unfinished = 1")
        self.service.start()
        found = self.service.settled(finding)
        self.assertEqual(found["dossier"]["narrative"], narrative)
        self.assertEqual(found["dossier"]["draft"]["state"], "pending")
        self.assertEqual(self.llm.asked["acme-payments-resume"], 1)

    def test_an_answer_that_was_lost_in_the_crash_is_asked_for_again(self):
        self.llm.pause = 30
        finding = self.service.send("wiz", wiz_issue("W-lost", bucket="acme-payments-lost"))["findings"][0]["id"]
        self.service.wait_for(lambda: self.llm.asked["acme-payments-lost"] == 1, 20, "the LLM to be asked")
        self.service.kill()
        self.llm.pause = 0
        self.service.start()
        self.assertEqual(self.service.settled(finding)["dossier"]["narrative"]["author"], "llm")
        self.assertEqual(self.llm.asked["acme-payments-lost"], 2)


    def test_two_processes_on_one_store_do_nothing_twice(self):
        other = Service(self.service.config, cwd=self.service.dir)
        self.addCleanup(other.close)
        other.start()
        bursts = [Burst(service, label, clients=2) for service, label in ((self.service, "one"), (other, "two"))]
        for burst in bursts:
            self.service.wait_for(lambda: len(burst.acknowledged) >= 10, 30, "10 acknowledgements")
        acknowledged = bursts[0].join() | bursts[1].join()
        self.all_settled(acknowledged.values())
        drafts = self.service.items("/v1/drafts")
        self.assertEqual(len(drafts), len({d["dossier_id"] for d in drafts}))
        self.assertEqual({bucket: self.llm.asked[bucket] for bucket in acknowledged}, dict.fromkeys(acknowledged, 1))
        self.assertTrue(self.service.get("/v1/audit/verify")["ok"])
        self.assertEqual(other.stop(), 0)


class Stopping(unittest.TestCase):
    def setUp(self):
        self.llm = CountingLlm()
        self.addCleanup(self.llm.close)
        self.service = Service(default_config(llm={"providers": [self.llm.provider()]}))
        self.addCleanup(self.service.close)
        self.service.start()

    def test_sigterm_answers_what_is_under_way_and_exits_with_0(self):
        self.llm.pause = 1.5
        answers = []

        def ask(n):
            payload = wiz_issue(f"W-drain-{n}", bucket=f"acme-payments-drain-{n}")
            answers.append(self.service.request("POST", "/v1/explain", {"source": "wiz", "payload": payload}))
        askers = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
        for asker in askers:
            asker.start()
        self.service.wait_for(lambda: sum(self.llm.asked.values()) == 4, 20, "four questions under way")
        self.assertEqual(self.service.stop(), 0)
        for asker in askers:
            asker.join(10)
        self.assertEqual([(status, body["dossier"]["narrative"]["author"]) for status, _, body in answers],
                         [(200, "llm")] * 4)
        with self.assertRaises(OSError):
            self.service.request("GET", "/healthz")

    def test_sigterm_in_a_burst_keeps_every_acknowledged_finding(self):
        burst = Burst(self.service, "term")
        self.service.wait_for(lambda: len(burst.acknowledged) >= 20, 30, "20 acknowledgements")
        self.assertEqual(self.service.stop(), 0)
        acknowledged = burst.join()
        self.service.start()
        findings = {f["id"] for f in self.service.items("/v1/findings")}
        self.assertLessEqual(set(acknowledged.values()), findings)
        for finding in findings:
            self.service.settled(finding, 60)
        self.assertTrue(self.service.get("/v1/audit/verify")["ok"])

    def test_a_drain_ends_at_its_deadline_though_an_upstream_never_answers(self):
        self.service.stop()
        self.service.config["server"]["drain_timeout"] = "1s"
        self.service.write_config(self.service.config)
        self.llm.pause = 60
        self.service.start()
        finding = self.service.send("wiz", wiz_issue("W-stuck", bucket="acme-payments-stuck"))["findings"][0]["id"]
        self.service.wait_for(lambda: self.llm.asked["acme-payments-stuck"] == 1, 20, "the LLM to be asked")
        self.assertEqual(self.service.stop(timeout=15), 0)
        self.llm.pause = 0
        self.service.start()
        self.assertEqual(self.service.settled(finding)["finding"]["stage"], "awaiting_approval")

    def test_an_orderly_restart_changes_nothing_that_was_done(self):
        finding = self.service.send("wiz", wiz_issue("W-order", bucket="acme-payments-order"))["findings"][0]["id"]
        before = self.service.settled(finding)
        self.assertEqual(self.service.restart(), 0)
        self.assertEqual(self.service.settled(finding), before)
        self.assertEqual(self.llm.asked["acme-payments-order"], 1)


if __name__ == "__main__":
    unittest.main()
