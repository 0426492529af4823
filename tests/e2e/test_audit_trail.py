"""The audit trail shows what was altered, removed, reordered or cut, and where first: by REST and by the command."""

import contextlib
import json
import shutil
import sqlite3
import unittest

from harness import Service, default_config, wiz_issue


def records(db, seq):
    return db.execute("SELECT record, hash FROM audit WHERE seq = ?", (seq,)).fetchone()


def alter(db, seq):
    record = json.loads(records(db, seq)[0])
    record["actor"]["id"] = "somebody-else"
    db.execute("UPDATE audit SET record = ? WHERE seq = ?",
               (json.dumps(record, sort_keys=True, separators=(",", ":")), seq))


def alter_a_column(db, seq):
    db.execute("UPDATE audit SET action = 'draft.rejected' WHERE seq = ?", (seq,))


def remove(db, seq):
    db.execute("DELETE FROM audit WHERE seq = ?", (seq,))


def remove_and_close_the_gap(db, seq):
    remove(db, seq)
    last = db.execute("SELECT max(seq) FROM audit").fetchone()[0]
    for later in range(seq + 1, last + 1):
        db.execute("UPDATE audit SET seq = ? WHERE seq = ?", (later - 1, later))


def swap_with_next(db, seq):
    one, two = records(db, seq), records(db, seq + 1)
    db.execute("UPDATE audit SET record = ?, hash = ? WHERE seq = ?", (*two, seq))
    db.execute("UPDATE audit SET record = ?, hash = ? WHERE seq = ?", (*one, seq + 1))


def cut_tail(db, seq):
    db.execute("DELETE FROM audit WHERE seq >= ?", (seq,))


def cut_everything(db, _):
    db.execute("DELETE FROM audit")


# name, what is done at record 9, the first broken record, integrity, completeness
FORGERIES = [
    ("an altered record", alter, 9, "broken", "ok"),
    ("an altered column", alter_a_column, 9, "broken", "ok"),
    ("a removed record", remove, 9, "broken", "ok"),
    ("a removed record, the rest moved up", remove_and_close_the_gap, 9, "broken", "broken"),
    ("two records in the other order", swap_with_next, 9, "broken", "ok"),
    ("a cut tail", cut_tail, 9, "ok", "broken"),
    ("an emptied trail", cut_everything, 1, "ok", "broken"),
]


class AuditTrail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(default_config())
        cls.addClassCleanup(cls.service.close)
        cls.service.start()
        for n in range(2):
            answer = cls.service.send("wiz", wiz_issue(f"W-trail-{n}", bucket=f"acme-payments-trail-{n}"))
            cls.finding = answer["findings"][0]["id"]
            cls.draft = cls.service.settled(cls.finding)["dossier"]["draft"]["id"]
        cls.service.post(f"/v1/drafts/{cls.draft}/approve", {"comment": "yes"})
        cls.service.wait_for(lambda: cls.service.get(f"/v1/drafts/{cls.draft}")["state"] == "posted", 20, "the posting")
        cls.live = cls.service.get("/v1/audit/verify")
        cls.trail = cls.service.items("/v1/audit")
        cls.filtered = {query: cls.service.items(f"/v1/audit?{query}") for query in (
            f"finding_id={cls.finding}", "actor=the-admin", "action=draft.created")}
        assert cls.service.stop() == 0

    def copy_with(self, forgery, seq=9):
        """A service on a copy of the store, to which that was done."""
        other = Service(default_config())
        self.addCleanup(other.close)
        shutil.copytree(self.service.dir / "data", other.dir / "data")
        with contextlib.closing(sqlite3.connect(other.dir / "data/dossier.db")) as db, db:
            forgery(db, seq)
        return other

    def by_command(self, service):
        done = service.cli("audit", "verify", "-c", "dossier.yaml")
        verdict = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if verdict["ok"] else 1)
        return verdict

    def test_an_untouched_trail_is_whole(self):
        self.assertEqual((self.live["ok"], self.live["integrity"], self.live["first_broken_seq"]), (True, "ok", None))
        self.assertEqual(self.live["records"], len(self.trail))
        verdict = self.by_command(self.copy_with(lambda db, seq: None))
        self.assertEqual((verdict["ok"], verdict["integrity"], verdict["completeness"], verdict["first_broken_seq"]),
                         (True, "ok", "ok", None))
        self.assertGreater(verdict["records"], 14)

    def test_each_forgery_is_found_at_its_record(self):
        for name, forgery, seq, integrity, completeness in FORGERIES:
            with self.subTest(name):
                service = self.copy_with(forgery)
                verdict = self.by_command(service)
                self.assertEqual((verdict["ok"], verdict["integrity"], verdict["completeness"],
                                  verdict["first_broken_seq"]), (False, integrity, completeness, seq), verdict)
                service.start()
                live = service.get("/v1/audit/verify")
                self.assertEqual((live["ok"], live["integrity"], live["completeness"], live["first_broken_seq"]),
                                 (False, integrity, completeness, seq), live)

    def test_a_packed_record_that_was_damaged_is_named(self):
        packed = []

        def damage(db, _):
            packed.append(db.execute("SELECT seq FROM audit WHERE unpacked_size IS NOT NULL").fetchone()[0])
            db.execute("UPDATE audit SET record = CAST(substr(record, 2) AS BLOB) WHERE seq = ?", packed)
        service = self.copy_with(damage)
        verdict = self.by_command(service)
        self.assertEqual((verdict["ok"], verdict["integrity"], verdict["completeness"], verdict["first_broken_seq"]),
                         (False, "broken", "ok", packed[0]), verdict)
        service.start()
        self.assertEqual(service.get("/v1/audit/verify")["first_broken_seq"], packed[0])

    def test_a_trail_that_grew_again_does_not_hide_the_cut(self):
        service = self.copy_with(cut_tail)
        service.start()
        for n in range(2):
            finding = service.send("wiz", wiz_issue(f"W-new-{n}", bucket=f"acme-payments-new-{n}"))["findings"][0]["id"]
            service.settled(finding)
        self.assertGreater(len(service.items("/v1/audit")), len(self.trail))
        verdict = service.get("/v1/audit/verify")
        self.assertEqual((verdict["ok"], verdict["completeness"]), (False, "broken"))
        service.stop()
        self.assertFalse(self.by_command(service)["ok"])

    def test_a_forged_head_is_found(self):
        service = self.copy_with(cut_tail)
        head = service.dir / "data/audit.key.head"
        forged = json.loads(head.read_text())
        with contextlib.closing(sqlite3.connect(service.dir / "data/dossier.db")) as db:
            forged["seq"], forged["hash"] = 8, records(db, 8)[1]
        head.write_text(json.dumps(forged))
        verdict = self.by_command(service)
        self.assertEqual((verdict["ok"], verdict["completeness"]), (False, "broken"))
        head.unlink()
        self.assertEqual(self.by_command(service)["completeness"], "unknown")

    def test_verifying_makes_nothing(self):
        empty = Service(default_config())
        self.addCleanup(empty.close)
        self.assertEqual(empty.cli("audit", "verify", "-c", "dossier.yaml").returncode, 1)
        self.assertFalse((empty.dir / "data").exists())

    def test_who_did_what_to_which_finding_can_be_asked(self):
        by_finding, by_actor, by_action = self.filtered.values()
        self.assertTrue(by_finding and all(r["finding_id"] == self.finding for r in by_finding))
        self.assertEqual([r["action"] for r in by_actor], ["draft.approved"])
        self.assertEqual(len(by_action), 2)
        for record in self.trail:
            self.assertLessEqual({"seq", "time", "actor", "action", "finding_id", "dossier_id", "prev", "hash"},
                                 set(record))
            self.assertIn(record["actor"]["type"], ("user", "service_account"))
        approved = next(r for r in self.trail if r["action"] == "draft.approved")
        self.assertEqual(approved["actor"], {"type": "user", "id": "the-admin"})


if __name__ == "__main__":
    unittest.main()
