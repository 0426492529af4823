"""Acting without a person: only by an explicit route, within the guardrails, and never after the switch was thrown."""

import unittest

from harness import TOKENS, wiz_issue
from service_case import ServiceCase

CMDB = {"items": [{"match": {"name": "acme-dev-*"}, "environment": "dev", "owner": "alice"},
                  {"match": {"name": "acme-prod-*"}, "environment": "prod", "owner": "alice"}]}
IDENTITY = {"people": [{"id": "alice", "name": "Alice Ngo", "email": "alice@acme.example"}],
            "owners": [{"match": {"name": "acme-*"}, "owner": "alice"}]}


class Guardrails(ServiceCase):
    config = {"mode": "automate",
              "automate": {"max_severity": "medium", "min_confidence": 0.5, "max_actions_per_hour": 3},
              "routes": [{"name": "alone", "when": {"exposure": ["public"]}, "do": "ticket", "sink": "outbox",
                          "approval": "none"},
                         {"name": "rest", "do": "ticket", "sink": "outbox"}]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service.stop()
        cls.service.write_file("identity.yaml", IDENTITY)
        cls.service.write_file("cmdb.yaml", CMDB)
        cls.service.start()

    def settled(self, name, severity="MEDIUM"):
        finding = self.created("wiz", wiz_issue(f"W-{name}", bucket=f"acme-{name}", severity=severity))
        return self.service.settled(finding)

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


class OnlyStricter(ServiceCase):
    def test_the_switch_never_gives_more_than_the_configuration(self):
        self.refused(409, self.service.request("POST", "/v1/mode", {"mode": "automate"}), "assist")
        self.assertEqual(self.service.post("/v1/mode", {"mode": "observe"})["mode"], "observe")
        self.assertEqual(self.service.post("/v1/mode", {"mode": "assist"})["switched"], None)


if __name__ == "__main__":
    unittest.main()
