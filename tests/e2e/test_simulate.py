"""`dossier simulate`: the same configuration would have decided the same, another one differs by what it changes, and
nobody is asked and nothing is written for it, also while the service runs."""

import contextlib
import copy
import hashlib
import json
import pathlib
import socket
import sqlite3
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from counting_llm import CountingLlm  # noqa: E402
from harness import Service, default_config, generic_event  # noqa: E402
from postgres_server import MISSING, PostgresServer  # noqa: E402
from standins.http_cmdb import HttpCmdb  # noqa: E402
from standins.jira import Jira  # noqa: E402

PRICE = {"input": 20, "output": 200}
ANSWER_USD = (900 * PRICE["input"] + 90 * PRICE["output"]) / 1e6
FILES = {
    "identity.yaml": {
        "people": [{"id": "alice", "name": "Alice Ngo", "email": "alice@acme.example"},
                   {"id": "bob", "name": "Bob Achterberg", "email": "bob@acme.example"}],
        "owners": [{"match": {"name": "sim-*"}, "owner": "alice"}]},
    "cmdb.yaml": {"items": [{"match": {"name": "sim-prod-*"}, "environment": "prod", "owner": "alice"},
                            {"match": {"name": "sim-*"}, "environment": "dev", "owner": "alice"}]}}


class Forbidden:
    """An address that nobody may come to: it counts who does."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.visits = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.listener.accept()[0].close()
                self.visits += 1

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def rows_of(path):
    """A hash of every row of every table, but for the leases that a running service prolongs."""
    digest = hashlib.sha256()
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        tables = store.execute("SELECT name FROM sqlite_master WHERE type='table' AND name<>'singletons' ORDER BY name")
        for (table,) in tables.fetchall():
            for row in store.execute(f"SELECT * FROM {table}").fetchall():
                digest.update(repr((table, row)).encode())
    store.close()
    return digest.hexdigest()


class SimulateCase(unittest.TestCase):
    maxDiff = None

    @classmethod
    def serve(cls, config):
        cls.service = Service(config)
        cls.addClassCleanup(cls.service.close)
        for name, content in FILES.items():
            cls.service.write_file(name, content)
        cls.service.start()
        cls.forbidden = Forbidden()
        cls.addClassCleanup(cls.forbidden.close)

    def tearDown(self):
        self.assertEqual(self.forbidden.visits, 0, "the simulation went to somebody")

    @classmethod
    def settle(cls, *findings):
        return [cls.service.settled(one)["dossier"] for one in findings]

    @classmethod
    def send(cls, *events, source="generic"):
        return [one["id"] for one in cls.service.send(source, list(events))["findings"]]

    def changed_config(self, **sections):
        """With every address outside replaced by one that nobody may come to."""
        config = json.loads(json.dumps(self.service.config))
        for upstream in (*config["tickets"]["sinks"], *config.get("llm", {}).get("providers", []),
                         *config["identity"], *config["cmdb"]):
            if "url" in upstream:
                upstream["url"] = self.forbidden.url + "/v1"
        for name, section in sections.items():  # None takes a key out
            if isinstance(section, dict):
                section = {key: value for key, value in {**config.get(name, {}), **section}.items() if value is not None}
            config[name] = section
        return self.service.write_file("new.yaml", config)

    def simulate(self, path, *more, expect=0):
        more = more if "--since" in more else ("--since", "30d", *more)
        done = self.service.cli("simulate", "--config", path, "--format", "json", "--limit", "0", *more)
        self.assertEqual(done.returncode, expect, done.stderr + done.stdout)
        self.assertNotIn("dossier simulate:", done.stderr)
        return json.loads(done.stdout)

    def tried_again(self):
        """The same configuration, but for the addresses."""
        return self.changed_config()

    def differences(self, path, *more):
        """The fields that differ, by finding."""
        return {one["finding_id"]: one for one in self.simulate(path, *more)["changes"]}

    def same_as_before(self, path, *more):
        answer = self.simulate(path, "--exit-code", *more)
        self.assertEqual((answer["changes"], answer["changed"]), ([], 0))
        self.assertEqual(answer["was"], answer["would"])
        return answer


class MixedWorkload(SimulateCase):
    """One of everything: tickets in a tracker, digests, automatic actions up to the limit of the hour, edits, rejections,
    updates, resolved findings, the switch."""

    @classmethod
    def setUpClass(cls):
        cls.jira = Jira()
        cls.addClassCleanup(cls.jira.shut)
        cls.llm = CountingLlm()
        cls.addClassCleanup(cls.llm.close)
        generic = default_config()["sources"]
        generic[3]["map"]["rule.id"] = "/rule"
        cls.serve(default_config(
            mode="automate", sources=generic,
            automate={"max_severity": "medium", "min_confidence": 0.5, "max_actions_per_hour": 2},
            routes=[{"name": "alone", "when": {"severity": ["medium"]}, "do": "ticket", "sink": "outbox",
                     "approval": "none"},
                    {"name": "quiet", "when": {"severity": ["low"]}, "do": "digest", "narrative": "never"},
                    {"name": "rest", "do": "ticket", "sink": "jira"}],
            approval={"rules": [{"when": {"severity": ["critical"]}, "roles": ["legal"]}]},
            llm={"providers": [{**cls.llm.provider(), "price": PRICE}]},
            tickets={"settle": "5s", "sinks": [{"name": "outbox", "kind": "outbox"}, cls.jira.config(timeout="5s")]}))
        cls.work()

    @classmethod
    def work(cls):
        def event(name, severity, **more):
            return generic_event(f"M-{name}", bucket=f"sim-{name}", severity=severity, **more)

        def draft_of(finding):
            return cls.service.wait_for(lambda: cls.service.get(f"/v1/findings/{finding}")["dossier"]["draft"], 20,
                                        "the draft")["id"]
        cls.alone = []
        for n in range(2):  # one after the other: the hour has room for two
            cls.alone += cls.send(event(f"alone-{n}", "medium"))
            cls.resettle(cls.alone[-1], "delivered")
        cls.third = cls.send(event("alone-3", "medium"))[0]
        cls.prod = cls.send(event("prod-1", "medium"))[0]
        cls.quiet = cls.send(event("quiet", "low"))[0]
        cls.high = cls.send(event("high", "high"))[0]
        cls.critical = cls.send(event("critical", "critical"))[0]
        cls.edited = cls.send(event("edited", "high"))[0]
        cls.rejected = cls.send(event("rejected", "high"))[0]
        cls.expired = cls.send(event("expired", "high"))[0]
        cls.updated = cls.send(event("updated", "high"))[0]
        cls.resolved = cls.send(event("resolved", "high"))[0]
        cls.settle(cls.third, cls.prod, cls.quiet, cls.high, cls.critical, cls.edited, cls.rejected, cls.expired,
                   cls.updated, cls.resolved)
        cls.service.post(f"/v1/drafts/{draft_of(cls.high)}/approve", {"comment": "go"})
        edited = draft_of(cls.edited)
        cls.service.request("PATCH", f"/v1/drafts/{edited}", {"title": "In my own words"})
        cls.service.post(f"/v1/drafts/{edited}/approve", {"comment": "mine"})
        cls.service.post(f"/v1/drafts/{draft_of(cls.rejected)}/reject", {"comment": "no"})
        cls.service.post(f"/v1/drafts/{draft_of(cls.expired)}/expire", {"comment": "late"})
        cls.send(event("updated", "critical", title="It has become worse"))
        cls.send(event("resolved", "high", status="resolved"))
        cls.service.post("/v1/mode", {"mode": "observe"})
        cls.observed = cls.send(event("observed", "medium"))[0]
        cls.settle(cls.observed)
        cls.service.post("/v1/mode", {"mode": "automate"})
        cls.resettle(cls.high, "delivered")
        cls.resettle(cls.edited, "delivered")
        cls.resettle(cls.rejected, "closed")
        cls.resettle(cls.expired, "closed")
        cls.resettle(cls.resolved, "closed")
        cls.service.wait_for(lambda: "worse" in cls.service.get(f"/v1/findings/{cls.updated}")["finding"]["title"] and
                             cls.service.settled(cls.updated), 20, "the update")

    @classmethod
    def resettle(cls, finding, stage):
        cls.service.wait_for(lambda: cls.service.get(f"/v1/findings/{finding}")["finding"]["stage"] == stage, 20,
                             f"{finding} to be {stage}")

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.jira.complaints, [])

    def test_the_same_configuration_would_have_decided_the_same(self):
        store = self.service.dir / "data/dossier.db"
        before = rows_of(store)
        answer = self.same_as_before(self.tried_again())
        self.assertEqual(rows_of(store), before)
        self.assertEqual(list(answer), ["since", "until", "compared", "changed", "under_way", "dead", "estimated", "was",
                                        "would", "changes"])
        self.assertEqual(answer["compared"], 13)
        self.assertEqual(answer["under_way"], 0)
        self.assertEqual((answer["was"]["by_service"], answer["was"]["digest"]), (2, 2))
        self.assertEqual(answer["was"]["sinks"], {"jira": 7, "outbox": 4})
        self.assertGreaterEqual(answer["was"]["usd"], 12 * ANSWER_USD - 1e-9)
        text = self.service.cli("simulate", "--config", self.service.config_path)
        self.assertEqual((text.returncode, text.stderr), (0, ""))
        self.assertIn("13 dossiers decided on", text.stdout)
        self.assertIn("0 would be different", text.stdout)

    def test_another_route(self):
        routes = copy.deepcopy(self.service.config["routes"])
        routes[1] = {"name": "quiet", "when": {"severity": ["low"]}, "do": "ticket", "sink": "outbox"}
        changes = self.differences(self.changed_config(routes=routes))
        self.assertEqual(list(changes), [self.quiet])
        change = changes[self.quiet]
        self.assertEqual(list(change), ["dossier_id", "finding_id", "title", "severity", "decided_at", "fields", "was",
                                        "would"])
        self.assertEqual(list(change["was"]), ["route", "action", "sink", "group", "owner", "approval", "narrative",
                                               "usd", "is_estimate"])
        self.assertEqual(list(change["was"]["approval"]), ["by", "when", "roles", "owner", "four_eyes", "wants_reason",
                                                           "rule", "reasons"])
        self.assertEqual(change["fields"], ["action", "sink", "approval", "narrative", "cost"])
        self.assertEqual((change["was"]["approval"]["by"], change["would"]["approval"]["by"]), ("nobody", "person"))
        self.assertEqual((change["was"]["narrative"], change["would"]["narrative"]), ("template", "stub"))
        self.assertTrue(change["would"]["is_estimate"])
        self.assertGreater(change["would"]["usd"], 0)

    def test_another_owner_file(self):
        identity = copy.deepcopy(FILES["identity.yaml"])
        identity["owners"].insert(0, {"match": {"name": "sim-high"}, "owner": "bob"})
        cmdb = copy.deepcopy(FILES["cmdb.yaml"])
        cmdb["items"].insert(0, {"match": {"name": "sim-high"}, "environment": "dev", "owner": "bob"})
        self.service.write_file("new-identity.yaml", identity)
        self.service.write_file("new-cmdb.yaml", cmdb)
        changes = self.differences(self.changed_config(identity=[{"kind": "file", "path": "new-identity.yaml"}],
                                                       cmdb=[{"kind": "file", "path": "new-cmdb.yaml"}]))
        self.assertEqual({key: one["fields"] for key, one in changes.items()}, {self.high: ["owner"]})
        self.assertEqual((changes[self.high]["was"]["owner"], changes[self.high]["would"]["owner"]),
                         ("alice@acme.example", "bob@acme.example"))

    def test_other_approval_rules_are_told_against_the_current_ones(self):
        path = self.changed_config(approval={"rules": [{"when": {"severity": ["critical"]}, "owner": True}]})
        changes = self.differences(path, "--current", self.service.config_path)
        self.assertEqual({key: one["fields"] for key, one in changes.items()},
                         {self.critical: ["approval"], self.updated: ["approval"]})
        change = changes[self.critical]
        self.assertEqual(change["was"]["approval"]["roles"], ["legal"])
        self.assertEqual((change["would"]["approval"]["roles"], change["would"]["approval"]["owner"]), ([], True))
        self.same_as_before(path)  # who might have decided is not kept: without --current there is nothing to compare

    def test_another_budget(self):
        answer = self.simulate(self.changed_config(llm={"budget": {"usd_per_day": 0.5}}))
        self.assertLess(answer["would"]["usd"], answer["was"]["usd"])
        self.assertLessEqual(answer["would"]["usd"], 0.5)
        self.assertTrue(answer["changes"])
        for one in answer["changes"]:
            self.assertEqual(one["fields"], ["narrative", "cost"])
            self.assertEqual(one["would"]["narrative"], "template")
        self.assertEqual(answer["would"]["llm_narratives"] + len(answer["changes"]), answer["was"]["llm_narratives"])

    def test_another_price(self):
        provider = copy.deepcopy(self.service.config["llm"]["providers"][0])
        provider["price"] = {key: 10 * value for key, value in PRICE.items()}
        answer = self.simulate(self.changed_config(llm={"providers": [provider]}))
        self.assertAlmostEqual(answer["would"]["usd"], 10 * answer["was"]["usd"])
        self.assertEqual(answer["would"]["llm_narratives"], answer["was"]["llm_narratives"])

    def test_acting_alone_more_often_or_never(self):
        changes = self.differences(self.changed_config(automate={"max_actions_per_hour": 50}))
        self.assertEqual({key: one["fields"] for key, one in changes.items()}, {self.third: ["approval"]})
        self.assertEqual((changes[self.third]["was"]["approval"]["by"], changes[self.third]["would"]["approval"]["by"]),
                         ("person", "service"))
        self.assertIn("2 automatic actions in the last hour", changes[self.third]["was"]["approval"]["reasons"])
        never = self.differences(self.changed_config(mode="assist"))
        self.assertEqual({key: one["fields"] for key, one in never.items()}, dict.fromkeys(self.alone, ["approval"]))
        one = self.differences(self.changed_config(automate={"max_actions_per_hour": 1}))
        self.assertEqual(list(one), [self.alone[1]])
        severe = self.differences(self.changed_config(automate={"max_severity": "low"}))
        self.assertEqual(set(severe), set(self.alone))

    def test_what_is_wrong_is_said(self):
        bad = self.service.write_file("bad.yaml", "mode: sometimes\n")
        done = self.service.cli("simulate", "--config", bad)
        self.assertEqual(done.returncode, 2)
        self.assertIn("bad.yaml:1", done.stderr)
        self.assertEqual(self.service.cli("simulate", "--config", self.service.config_path, "--since", "soon").returncode,
                         2)
        nowhere = self.changed_config(store={"url": "sqlite:elsewhere/none.db"})
        done = self.service.cli("simulate", "--config", nowhere)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no store at elsewhere/none.db", done.stderr)
        self.assertFalse((self.service.dir / "elsewhere").exists())
        self.service.write_file("junk.db", "this is no database at all, " * 100)
        done = self.service.cli("simulate", "--config", self.changed_config(store={"url": "sqlite:junk.db"}))
        self.assertEqual(done.returncode, 1)
        self.assertIn("store", done.stderr)
        gone = self.changed_config(identity=[{"kind": "file", "path": "gone.yaml"}])
        done = self.service.cli("simulate", "--config", gone)
        self.assertIn(done.returncode, (1, 2))
        self.assertIn("gone.yaml", done.stderr)
        late = self.simulate(self.service.config_path, "--since", "2100-01-01")
        self.assertEqual((late["compared"], late["changes"]), (0, []))

    def test_the_differences_set_the_exit_code_where_asked_for(self):
        path = self.changed_config(mode="assist")
        self.assertEqual(self.service.cli("simulate", "--config", path).returncode, 0)
        shown = self.service.cli("simulate", "--config", path, "--exit-code", "--limit", "1")
        self.assertEqual(shown.returncode, 3)
        self.assertIn("2 would be different", shown.stdout)
        self.assertIn("… and 1 more", shown.stdout)

    def test_while_the_service_works_and_afterwards(self):
        """A writer beside it, and then a store that nobody has open."""
        again = self.tried_again()
        ends = []

        def storm():
            for n in range(20):
                ends.append(self.service.send("generic", generic_event(f"W-{n}", bucket=f"sim-w-{n}", severity="low")))
        writer = threading.Thread(target=storm)
        writer.start()
        try:
            while writer.is_alive():
                self.simulate(again)
        finally:
            writer.join()
        self.settle(*[one["findings"][0]["id"] for one in ends])
        self.same_as_before(self.tried_again())
        self.service.stop()
        try:
            before = rows_of(self.service.dir / "data/dossier.db")
            self.same_as_before(self.tried_again())
            self.assertEqual(rows_of(self.service.dir / "data/dossier.db"), before)
        finally:
            self.service.start()


class Groups(SimulateCase):
    """Like findings in one ticket, some that came too early or too late for it."""

    store = {"url": "sqlite:data/dossier.db"}

    @classmethod
    def setUpClass(cls):
        sources = default_config()["sources"]
        sources[3]["map"]["rule.id"] = "/rule"
        cls.serve(default_config(
            sources=sources, store=cls.store, routes=[{"name": "all", "do": "ticket", "sink": "outbox"}],
            tickets={"sinks": [{"name": "outbox", "kind": "outbox"}],
                     "group": {"by": ["rule", "owner"], "window": "1h", "min": 3, "refresh": "300ms"}}))
        cls.early = cls.send(cls.event(0, "public"))[0]
        cls.decide(cls.early)
        cls.public = cls.send(*[cls.event(n, "public") for n in range(1, 5)])
        cls.few = cls.send(*[cls.event(n, "unencrypted") for n in range(10, 12)])
        cls.settle(*cls.public, *cls.few)
        cls.service.wait_for(lambda: all(cls.service.get(f"/v1/findings/{one}")["dossier"]["route"]["group"]
                                         for one in cls.public), 20, "the group")

    @staticmethod
    def event(number, rule):
        return generic_event(f"G-{number}", bucket=f"sim-group-{number}", rule=rule)

    @classmethod
    def decide(cls, finding):
        draft = cls.service.settled(finding)["dossier"]["draft"]
        cls.service.post(f"/v1/drafts/{draft['id']}/approve", {"comment": "go"})
        cls.service.wait_for(lambda: cls.service.get(f"/v1/findings/{finding}")["finding"]["stage"] == "delivered", 20,
                             "the ticket of its own")

    def test_the_same_groups(self):
        answer = self.same_as_before(self.tried_again())
        self.assertEqual((answer["compared"], answer["was"]["tickets"], answer["was"]["grouped"]), (7, 4, 4))
        # Within the last half minute the window was open before, and what was decided is the same.
        self.same_as_before(self.tried_again(), "--since", "30s")

    def test_smaller_and_larger_groups(self):
        tickets = self.service.config["tickets"]
        larger = self.changed_config(tickets={**tickets, "group": {**tickets["group"], "min": 10}})
        changes = self.differences(larger)
        self.assertEqual({key: one["fields"] for key, one in changes.items()},
                         dict.fromkeys(self.public, ["group"]))
        smaller = self.changed_config(tickets={**tickets, "group": {**tickets["group"], "min": 2}})
        changes = self.differences(smaller)
        self.assertEqual({key: one["would"]["group"] for key, one in changes.items()},
                         dict.fromkeys(self.few, "new-1"))
        none = self.simulate(self.changed_config(tickets={"group": None}))
        self.assertEqual((none["would"]["tickets"], none["would"]["grouped"]), (7, 0))


@unittest.skipIf(MISSING, MISSING)
class GroupsOnPostgres(Groups):
    """The same on the store of replicas."""

    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)
        cls.database = cls.server.new_database()
        cls.store = {"url": cls.server.url(cls.database)}
        super().setUpClass()

    def sql(self, statement):
        return self.server.sql(statement, self.database)

    def contents(self):
        """A hash of every table."""
        tables = self.sql("SELECT tablename FROM pg_tables WHERE schemaname='public' ORDER BY 1").split()
        self.assertIn("dossiers", tables)
        return self.sql(" UNION ALL ".join(
            f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            for table in tables))

    def test_nothing_is_written_and_another_schema_is_refused(self):
        again = self.tried_again()
        self.service.stop()
        try:
            before = self.contents()
            self.same_as_before(again)
            self.assertEqual(self.contents(), before)
            self.sql("UPDATE dossier_schema SET version = version - 1")
            older = self.contents()
            done = self.service.cli("simulate", "--config", again)
            self.assertEqual(done.returncode, 1)
            self.assertIn("`dossier serve` of this version migrates it", done.stderr)
            self.assertEqual(self.contents(), older)
            self.sql("UPDATE dossier_schema SET version = version + 1")
            self.assertEqual(self.contents(), before)
            empty = self.server.new_database()
            done = self.service.cli("simulate", "--config", self.changed_config(store={"url": self.server.url(empty)}))
            self.assertEqual(done.returncode, 1)
            self.assertIn("there is no store at", done.stderr)
            self.assertEqual(self.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname='public'", empty), "0")
        finally:
            self.service.start()


class Spending(SimulateCase):
    """Many at once, a budget that has no room for all of them, and a route for the highest risks only."""

    @classmethod
    def setUpClass(cls):
        cls.llm = CountingLlm()
        cls.addClassCleanup(cls.llm.close)
        cls.serve(default_config(
            routes=[{"name": "top", "when": {"severity": ["low", "medium"]}, "do": "digest",
                     "narrative": {"top_percent": 30, "window": "1d"}},
                    {"name": "rest", "do": "ticket", "sink": "outbox"}],
            llm={"providers": [{**cls.llm.provider(), "price": PRICE, "max_tokens": 1500}], "share_storms_of": 0,
                 "budget": {"usd_per_day": 0.6}}))
        few = [generic_event(f"S-{n}", bucket=f"sim-top-{n}", severity=("low", "medium")[n % 2]) for n in range(8)]
        many = [generic_event(f"S-{n}", bucket=f"sim-many-{n}", severity="high") for n in range(10, 20)]
        cls.all = []
        for one in few:  # in turn: a rank is the one at its time, and of what happens at once no order is kept
            cls.all += cls.send(one)
            cls.settle(cls.all[-1])
        cls.all += cls.send(*many)
        cls.settle(*cls.all)

    def test_who_had_the_money_would_have_it_again(self):
        answer = self.same_as_before(self.tried_again())
        self.assertEqual(answer["compared"], 18)
        notes = [" ".join(self.service.get(f"/v1/findings/{one}")["dossier"]["narrative"]["notes"]) for one in self.all]
        self.assertTrue([one for one in notes if "has no room for it" in one], "somebody was refused")
        self.assertTrue([one for one in notes if "not among them" in one], "somebody was left out")
        self.assertEqual(answer["was"]["llm_narratives"], notes.count(""))

    def test_without_the_budget_all_would_have_a_text(self):
        budget = {**self.service.config["llm"], "budget": None}
        answer = self.simulate(self.changed_config(llm={**budget, "providers": [
            {**self.service.config["llm"]["providers"][0], "url": self.forbidden.url + "/v1"}]}))
        rest = [one for one in answer["changes"] if one["would"]["route"] == "rest"]
        self.assertEqual(len(rest), answer["changed"])
        self.assertTrue(all(one["fields"] == ["narrative", "cost"] for one in rest))
        self.assertEqual(answer["estimated"], len(rest))
        self.assertEqual(answer["would"]["llm_narratives"], answer["was"]["llm_narratives"] + len(rest))


class RemoteContext(SimulateCase):
    """What remote sources said stays; what stands in files is read anew."""

    @classmethod
    def setUpClass(cls):
        cls.assets = HttpCmdb()
        cls.addClassCleanup(cls.assets.shut)
        cls.assets.items["arn:aws:s3:::sim-remote"] = {"bu": "Research", "env": "dev", "tier": "low",
                                                       "owner": "bob@acme.example", "oncall": "lab"}
        cls.serve(default_config(
            mode="automate", automate={"max_severity": "high", "min_confidence": 0.2},
            cmdb=[{**cls.assets.config()}], identity=[{"kind": "file", "path": "people.yaml"}],
            routes=[{"name": "dev", "when": {"environment": ["dev"]}, "do": "ticket", "sink": "outbox",
                     "approval": "none"}, {"name": "rest", "do": "digest"}]))

    @classmethod
    def serve(cls, config):
        FILES["people.yaml"] = {"people": FILES["identity.yaml"]["people"]}
        super().serve(config)
        cls.known = cls.send(generic_event("R-1", bucket="sim-remote"))[0]
        cls.unknown = cls.send(generic_event("R-2", bucket="sim-elsewhere"))[0]
        cls.settle(cls.known, cls.unknown)
        cls.service.wait_for(lambda: cls.service.get(f"/v1/findings/{cls.known}")["finding"]["stage"] == "delivered",
                             20, "the ticket")

    def test_what_the_remote_source_said_is_remembered(self):
        answer = self.same_as_before(self.tried_again())
        self.assertEqual(answer["was"]["owners"], {"bob@acme.example": 1})
        self.assertEqual((answer["was"]["by_service"], answer["was"]["digest"]), (1, 1))

    def test_a_file_beside_it_and_a_source_less(self):
        self.service.write_file("owners.yaml", FILES["identity.yaml"])
        changes = self.differences(self.changed_config(identity=[{"kind": "file", "path": "owners.yaml"}]))
        self.assertEqual(changes[self.unknown]["fields"], ["owner"])
        self.assertEqual(changes[self.unknown]["would"]["owner"], "alice@acme.example")
        self.assertNotIn(self.known, changes)  # a CMDB is trusted more
        without = self.differences(self.changed_config(cmdb=[{"kind": "file", "path": "cmdb.yaml"}]))
        self.assertEqual(without[self.known]["would"]["owner"], "alice@acme.example")
        self.assertEqual(without[self.unknown]["would"]["action"], "ticket")

    def test_sources_that_were_never_asked_say_nothing_and_are_not_asked(self):
        later = self.forbidden.url
        path = self.changed_config(
            identity=[*self.service.config["identity"],
                      {"kind": "scim", "name": "idp", "url": later + "/scim/v2", "token": "t"},
                      {"kind": "okta", "name": "okta", "url": later, "token": "t"}],
            cmdb=[*self.service.config["cmdb"],
                  {"kind": "servicenow", "name": "snow", "url": later, "user": "u", "password": "p"}],
            sources=[*self.service.config["sources"],
                     {"name": "wiz-api", "kind": "wiz", "auth": {"type": "bearer", "token": "t"},
                      "api": {"url": later, "auth_url": later, "client_id": "c", "client_secret": "s"}}],
            context={"policies": [later + "/policy.md"]})
        self.same_as_before(path)

    def test_the_guard_sees_who_comes(self):
        guard = Forbidden()
        self.addCleanup(guard.close)
        socket.create_connection(("127.0.0.1", int(guard.url.rsplit(":", 1)[1]))).close()
        self.service.wait_for(lambda: guard.visits == 1, 5, "the visit to be counted")


if __name__ == "__main__":
    unittest.main()
