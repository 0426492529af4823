"""Acting without a person: only by an explicit route, within the guardrails, and never after the switch was thrown."""

import concurrent.futures
import unittest

from harness import TOKENS, Service, default_config, wiz_issue
from service_case import ServiceCase
from standins.llm import Llm, faithful

CMDB = {"items": [{"match": {"name": "acme-dev-*"}, "environment": "dev", "owner": "alice"},
                  {"match": {"name": "acme-prod-*"}, "environment": "prod", "owner": "alice"}]}
IDENTITY = {"people": [{"id": "alice", "name": "Alice Ngo", "email": "alice@acme.example"}],
            "owners": [{"match": {"name": "acme-*"}, "owner": "alice"}]}


ALONE = [{"name": "alone", "when": {"exposure": ["public"]}, "do": "ticket", "sink": "outbox", "approval": "none"},
         {"name": "rest", "do": "ticket", "sink": "outbox"}]


def dev_issue(name, severity="MEDIUM"):
    """Of a store that may be acted on, if nothing else is against it."""
    return wiz_issue(f"W-{name}", bucket=f"acme-{name}", severity=severity)


class Guardrails(ServiceCase):
    config = {"mode": "automate",
              "automate": {"max_severity": "medium", "min_confidence": 0.5, "max_actions_per_hour": 3},
              "routes": ALONE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service.stop()
        cls.service.write_file("identity.yaml", IDENTITY)
        cls.service.write_file("cmdb.yaml", CMDB)
        cls.service.start()

    def settled(self, name, severity="MEDIUM"):
        return self.service.settled(self.created("wiz", dev_issue(name, severity)))

    def switch(self, mode, expect=200, token=TOKENS["admin"], **more):
        status, _, answer = self.service.request("POST", "/v1/mode", {"mode": mode, **more}, token=token)
        self.assertEqual(status, expect, answer)
        return answer

    def test_what_acts_alone_and_what_does_not(self):
        self.assertEqual(self.service.get("/v1/mode", token=TOKENS["viewer"]),
                         {"mode": "automate", "configured": "automate", "switched": None})
        prod = self.settled("prod-one")
        self.assertEqual(prod["dossier"]["draft"]["state"], "pending")
        self.assertIn("environment is prod", prod["dossier"]["route"]["reasons"])
        unknown = self.settled("elsewhere")
        self.assertIn("environment is unknown", unknown["dossier"]["route"]["reasons"])
        severe = self.settled("dev-severe", "HIGH")
        self.assertIn("severity high is above medium", severe["dossier"]["route"]["reasons"])
        first = self.settled("dev-one")
        self.assertEqual((first["dossier"]["draft"]["state"], first["dossier"]["draft"]["decided_by"]),
                         ("posted", "dossier"))

        # The switch holds at once, over a crash, and says who threw it.
        self.switch("observe", expect=403, token=TOKENS["approver"])
        self.switch("elsewhere", expect=400)
        thrown = self.switch("observe", comment="something is odd")
        self.assertEqual((thrown["mode"], thrown["switched"]["by"], thrown["switched"]["comment"]),
                         ("observe", "the-admin", "something is odd"))
        self.assertEqual(self.settled("dev-observed")["finding"]["stage"], "digested")
        self.service.kill()
        self.service.start()
        self.assertEqual(self.service.get("/v1/mode")["mode"], "observe")
        self.assertEqual(self.settled("dev-still-observed")["finding"]["stage"], "digested")
        self.switch("assist")
        asked = self.settled("dev-asked")
        self.assertEqual(asked["dossier"]["draft"]["state"], "pending")
        self.assertIn("mode is not automate", asked["dossier"]["route"]["reasons"])
        self.assertEqual(self.switch("automate")["switched"], None)

        # Three in an hour, counted in the store: the restart has forgotten none.
        self.assertEqual(self.settled("dev-two")["dossier"]["draft"]["state"], "posted")
        self.assertEqual(self.settled("dev-three")["dossier"]["draft"]["state"], "posted")
        fourth = self.settled("dev-four")
        self.assertEqual(fourth["dossier"]["draft"]["state"], "pending")
        self.assertIn("3 automatic actions in the last hour", fourth["dossier"]["route"]["reasons"])
        entries = self.service.items("/v1/audit?action=mode.switched")
        self.assertEqual([e["actor"]["id"] for e in entries], ["the-admin"] * 3)


class Confidence(unittest.TestCase):
    """The least of owner confidence and grounding has to reach `automate.min_confidence`, and the route's own."""

    def setUp(self):
        self.llm = Llm()
        self.addCleanup(self.llm.shut)
        routes = [{**ALONE[0], "name": "careful", "when": {"severity": ["low"]}, "min_confidence": 0.99}] + ALONE
        self.service = Service(default_config(
            mode="automate", automate={"max_severity": "medium", "min_confidence": 0.8, "max_actions_per_hour": 50},
            routes=routes, llm={"providers": [self.llm.config()], "cache": False}))
        self.addCleanup(self.service.close)
        # Two systems that agree on an owner are believed, one that is contradicted less so.
        self.service.write_file("identity.yaml", {
            "people": IDENTITY["people"] + [{"id": "bob", "name": "Bob Achterberg", "email": "bob@acme.example"}],
            "owners": [{"match": {"name": "acme-dev-disputed"}, "owner": "bob"},
                       {"match": {"name": "acme-dev-sure"}, "owner": "alice"},
                       {"match": {"name": "acme-dev-embellished"}, "owner": "alice"}]})
        self.service.write_file("cmdb.yaml", {"items": [
            {"match": {"name": "acme-dev-orphan"}, "environment": "dev"}] + CMDB["items"]})
        self.service.start()

    def judged(self, name, severity="MEDIUM"):
        finding = self.service.send("wiz", dev_issue(name, severity))["findings"][0]["id"]
        return self.service.settled(finding)["dossier"]

    def test_what_is_not_sure_enough_waits_for_a_person(self):
        for name in ("dev-disputed", "dev-orphan"):
            with self.subTest(name):
                dossier = self.judged(name)
                self.assertLess(dossier["owner"]["confidence"], 0.8)
                self.assertEqual(dossier["narrative"]["grounding_score"], 1)
                self.waits(dossier, dossier["owner"]["confidence"], 0.8)

        # An answer of which code had to take out a part is less sure, however clear the owner is.
        lies = [("The owner is Mallory Brown.", ["E1"]), ("No action is needed.", ["E1"]), ("It is harmless.", ["E1"])]
        self.llm.script = lambda evidence: faithful(evidence, lies)
        dossier = self.judged("dev-embellished")
        self.assertGreater(dossier["owner"]["confidence"], 0.8)
        self.assertLess(dossier["narrative"]["grounding_score"], 0.8)
        self.waits(dossier, dossier["narrative"]["grounding_score"], 0.8)

        self.llm.script = faithful
        sure = self.judged("dev-sure")
        self.assertEqual((sure["draft"]["state"], sure["draft"]["decided_by"]), ("posted", "dossier"))
        careful = self.judged("dev-careful", "LOW")
        self.waits(careful, careful["owner"]["confidence"], 0.99)
        automatic = self.service.items("/v1/audit?action=draft.approved_automatically")
        self.assertEqual([entry["dossier_id"] for entry in automatic], [sure["id"]])

    def waits(self, dossier, confidence, needed):
        self.assertEqual(dossier["draft"]["state"], "pending")
        self.assertIn(f"confidence {confidence:.2f} is under {needed:.2f}", dossier["route"]["reasons"])


class TwoReplicas(unittest.TestCase):
    """Two processes on one store count the hour together, at the moment of writing."""

    LIMIT, STORM = 5, 30

    def test_the_limit_holds_for_both_together(self):
        config = default_config(mode="automate", routes=ALONE, automate={
            "max_severity": "medium", "min_confidence": 0.5, "max_actions_per_hour": self.LIMIT})
        one = Service(config)
        self.addCleanup(one.close)
        one.write_file("identity.yaml", IDENTITY)
        one.write_file("cmdb.yaml", CMDB)
        other = Service(config, cwd=one.dir)
        self.addCleanup(other.close)
        one.start()
        other.start()

        def deliver(number):
            replica = (one, other)[number % 2]
            return replica.send("wiz", dev_issue(f"dev-{number}"))["findings"][0]["id"]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            findings = list(pool.map(deliver, range(self.STORM)))
        drafts = [one.settled(finding)["dossier"]["draft"] for finding in findings]
        by_state = {state: [draft for draft in drafts if draft["state"] == state] for state in ("posted", "pending")}
        self.assertEqual((len(by_state["posted"]), len(by_state["pending"])), (self.LIMIT, self.STORM - self.LIMIT))
        self.assertEqual({draft["decided_by"] for draft in by_state["posted"]}, {"dossier"})
        took = {replica: [event for event in replica.log_events() if event.get("event") == "ticket.delivered"]
                for replica in (one, other)}
        self.assertEqual(sum(map(len, took.values())), self.LIMIT)
        for replica in (one, other):
            self.assertTrue(replica.get("/v1/audit/verify")["ok"], "both have written to one chain")
        self.assertEqual(len(one.items("/v1/audit?action=draft.approved_automatically")), self.LIMIT)


class OnlyStricter(ServiceCase):
    def test_the_switch_never_gives_more_than_the_configuration(self):
        self.refused(409, self.service.request("POST", "/v1/mode", {"mode": "automate"}), "assist")
        self.assertEqual(self.service.post("/v1/mode", {"mode": "observe"})["mode"], "observe")
        self.assertEqual(self.service.post("/v1/mode", {"mode": "assist"})["switched"], None)


if __name__ == "__main__":
    unittest.main()
