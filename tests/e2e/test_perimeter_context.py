"""What context sources, questions, stores to be classified and stored findings hold doesn't leave for an LLM either.

Every place that data can come from is planted: documents of the organisation, graph, access log, CMDB, directory,
objects, columns, rows, extracted text, questions. What reaches the LLM, and what the audit trail keeps of the prompts,
is read beneath every escape by the judge of test_perimeter.py.
"""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import TOKENS, default_config, generic_event, wiz_issue  # noqa: E402
from payloads import GENERIC_MAP  # noqa: E402
from standins.llm import Llm, faithful  # noqa: E402
from standins.wiz import Wiz  # noqa: E402
from test_explain_stream import Events  # noqa: E402
from test_perimeter import SPELLINGS, Plants, leaks, readings  # noqa: E402
from tracker_steps import TrackerCase  # noqa: E402

BUCKET = "acme-perimeter-story"
OWNER = {"name": "Zoltan Quibell", "email": "zoltan.quibell@acme.example"}
PEOPLE = ["Quibell", "Yaretzi", "Ombongo", "Strand", "wilhelmina", "Marchbanks", "Tannenhof", "Ysolde", "Vandersloot",
          "Ferrabosco"]
STORE = {"id": "/id", "title": "/title", "finding_type": "/type", "resource.id": "/arn", "resource.name": "/name",
         "resource.type": "/kind", "cloud": "/cloud", "region": "/region", "tags": "/tags", "fields": "/columns",
         "samples": "/rows", "objects": "/objects"}


class PerimeterOfContextTest(TrackerCase):
    def setUp(self):
        self.plants = Plants(seed=11)
        self.llm = self.watch(Llm(self.answer), Wiz())
        self.wiz = self.upstreams[1]
        config = default_config(llm={"providers": [self.llm.config()], "cache": False},
                                context={"policies": ["policies"]},
                                routes=[{"name": "stores", "when": {"finding_type": ["unclassified_data"]}, "do": "classify"},
                                        {"name": "rest", "do": "ticket", "sink": "outbox"}])
        config["sources"][0]["api"] = self.wiz.api_config(reconcile=False, backlog=False, rate="500/s")
        config["sources"][3]["map"] = {**GENERIC_MAP, "tags": "/tags", "rule.name": "/rule", "objects": "/objects"}
        config["sources"].append({"name": "stores", "kind": "generic", "map": STORE,
                                  "auth": {"type": "bearer", "token": "generic-webhook-token"}})
        self.service = self.serve(config, start=False)
        line = self.plants.line
        self.service.write_file("policies/handling.md", "# Buckets\n\n## Public buckets\n\nA bucket with personal data "
                                f"must not be public; report it to {line()}.\n")
        self.service.write_file("identity.yaml", {
            "people": [{"id": "zoltan", **OWNER, "manager": "yaretzi", "department": f"Payments {line()}"},
                       {"id": "yaretzi", "name": "Yaretzi Ombongo", "email": "yaretzi@acme.example"}],
            "owners": [{"match": {"name": "acme-perimeter-*"}, "owner": "zoltan"}],
            "access": [{"match": {"name": "acme-perimeter-*"}, "principals": [
                {"id": "wilhelmina strand", "kind": "user", "level": "write"},
                {"id": self.plants.value("email"), "kind": "user", "level": "read"},
                {"id": "role/payments-etl", "kind": "role", "level": "read"}]}]})
        self.service.write_file("cmdb.yaml", {"items": [
            {"match": {"name": "acme-perimeter-*"}, "environment": "prod", "owner": "zoltan",
             "business_unit": f"Payments, desk {line()}", "application": f"Ledger {line(SPELLINGS[1])}",
             "support_group": f"oncall {line()}"}]})
        self.graph()
        self.service.start()

    def graph(self):
        """A bucket, whoever reaches it, and what it holds; plants in names, descriptions, log and way in."""
        wiz, line, one = self.wiz, self.plants.line, self.plants.value
        bucket = wiz.entity("ent-bucket", "BUCKET", BUCKET, externalId=f"arn:aws:s3:::{BUCKET}",
                            providerUniqueId=f"arn:aws:s3:::{BUCKET}", tags={"contact": one("email"), "note": line()})
        entities = [("ent-user", "USER_ACCOUNT", "Ottilie Marchbanks"), ("ent-role", "ACCESS_ROLE", "payments-etl"),
                    ("ent-vm", "VIRTUAL_MACHINE", f"etl {one('email')}"), ("ent-cards", "DATA_FINDING", f"Cards {line()}"),
                    ("ent-key", "ACCESS_KEY", one("aws"))]
        for entity, kind, name in entities:
            wiz.entity(entity, kind, name, description=line())
        wiz.edge("ent-user", "ALLOWS_ACCESS_TO", bucket)
        wiz.edge("ent-role", "ALLOWS_ACCESS_TO", bucket)
        wiz.edge("ent-vm", "ACTING_AS", "ent-role")
        wiz.edge("ent-key", "ACTING_AS", "ent-user")
        wiz.edge(bucket, "HAS_DATA_FINDING", "ent-cards")
        wiz.expose(bucket, path=("ent-vm",))
        wiz.grant(bucket, "ent-user", "READ")
        for actor in ("Ysolde Vandersloot", one("email"), "arn:aws:iam::012345678901:user/benedikt.tannenhof"):
            wiz.use(bucket, actor)

    def answer(self, evidence):
        """As faithful as each kind of question lets it be; a narrative also lies, so that it is asked once more."""
        if evidence and "column" in evidence[0]:
            return {"fields": [{"id": "F1", "classes": ["NONE"], "confidence": 0.6, "why": "no sign"}]}
        if evidence and "statement" in evidence[0]:
            return faithful(evidence, [("The owner is Mallory Brown.", [evidence[0]["id"]])])
        return {"answerable": False}

    def nothing_left(self):
        """Checks requests and audit, and hands back how much was looked at."""
        requests = self.llm.requests()
        values = self.plants.planted + PEOPLE
        self.assertEqual(leaks(values, requests), [])
        kept = [message["content"] for one in self.audit(self.service, "llm.called") for message in one["request"]]
        self.assertEqual(len(kept), sum(len(request.body["messages"]) for request in requests))
        plain = "\n".join(layer for text in kept for layer in readings(text)).lower()
        self.assertEqual([value for value in values if value.lower() in plain], [])
        return requests

    def test_nothing_around_a_resource_leaves(self):
        issue = self.wiz.add_issue(entity="ent-bucket", description=f"Seen by Annegret Ferrabosco {self.plants.line()}")
        finding = self.deliver(self.service, wiz_issue(issue, bucket=BUCKET), "wiz")
        answer = self.service.settled(finding, timeout=40)
        context = json.dumps(answer["dossier"]["context"]) + json.dumps(answer["dossier"]["blast_radius"])
        for seen in ("Ottilie Marchbanks", "Ysolde Vandersloot", "handling.md", "oncall"):
            self.assertIn(seen, context, "the plant has to be within reach of the prompt")
        self.service.post(f"/v1/findings/{finding}/replay", {"from": "explain"}, expect=202)
        self.until(self.service, finding, lambda d: d["revision"] == 2 and d["stage"] == "awaiting_approval", "the replay")
        requests = self.nothing_left()
        self.assertEqual(len(requests), 4, "a question and its repair, twice")
        sent = json.dumps([request.body for request in requests])
        for told in (f"arn:aws:s3:::{BUCKET}", "payments-etl", "blast_radius", "access_log", "company policy", "business"):
            self.assertIn(told, sent)

        # What code decided stands in the ticket under its own name.
        draft = self.service.settled(finding)["dossier"]["draft"]
        owners = [line for line in draft["body"].splitlines() if line.startswith("- **Owner:**")]
        self.assertEqual(owners, ["- **Owner:** " + OWNER["name"]])
        self.assertEqual(draft["assignee"], OWNER["email"])

    def test_nothing_of_a_payload_that_is_explained_on_demand_or_streamed_leaves(self):
        issue = wiz_issue("w-stream", bucket=BUCKET, control=f"Public {self.plants.line(SPELLINGS[8])}",
                          description=self.plants.line(SPELLINGS[6]))
        events = Events(self.service, {"source": "wiz", "payload": issue})
        self.addCleanup(events.close)
        self.assertIn("text/event-stream", events.type)
        self.assertGreater(len(list(events)), 1)
        self.service.post("/v1/explain", {"source": "wiz", "payload": issue})
        self.assertGreaterEqual(len(self.nothing_left()), 2)

    def test_nothing_of_a_question_or_of_what_it_finds_leaves(self):
        event = generic_event("q-1", bucket=BUCKET + "-q", title=f"Open {self.plants.line()}", text=self.plants.line(),
                              rule=self.plants.line(), objects=[self.plants.value("email"), f"of-{self.plants.value('ssn')}.csv"],
                              tags={"contact": "Annegret Ferrabosco", "note": self.plants.line(SPELLINGS[4])})
        self.service.settled(self.deliver(self.service, event), timeout=40)
        asked = len(self.llm.requests())
        questions = 0
        for kind in ("email", "card", "ssn", "iban", "phone", "github", "aws", "url"):
            for spell in (SPELLINGS[questions % 5], SPELLINGS[6 + questions % 4]):
                questions += 1
                self.service.post("/v1/ask", {"question": f"Which findings concern {spell(self.plants.value(kind))}?"},
                                  token=TOKENS["analyst"])
        self.assertGreaterEqual(len(self.nothing_left()), asked + questions)

    def test_nothing_of_a_store_to_be_classified_leaves(self):
        planted = self.plants
        store = {"id": "store-1", "title": f"Sensitivity unknown {planted.line()}", "type": "unclassified_data",
                 "arn": "arn:aws:s3:::acme-perimeter-store", "name": "acme-perimeter-store", "kind": "bucket", "cloud": "aws",
                 "region": "us-east-1", "tags": {"contact": planted.value("email"), "note": planted.line()},
                 "columns": [{"name": "zqx7", "table": f"t {planted.value('email')}"}, {"name": "blorp", "table": "records"},
                             {"name": f"of {planted.value('email')}", "table": "records"},
                             {"name": f"card_{planted.value('card')}", "table": "records"}],
                 "rows": [{"zqx7": planted.line(), "blorp": "Ottilie Marchbanks"},
                          {"zqx7": planted.line(SPELLINGS[8]), "blorp": planted.value("ssn")}],
                 "objects": [f"{planted.value('email')}.csv",
                             {"name": "notes.pdf", "text": f"Ottilie Marchbanks wrote {planted.line()}"}]}
        status, _, answer = self.service.request("POST", "/v1/webhooks/stores", store, token=None,
                                                 headers={"Authorization": "Bearer generic-webhook-token"})
        self.assertEqual(status, 202, answer)
        self.service.settled(answer["findings"][0]["id"], timeout=40)
        requests = self.nothing_left()
        names = {request.body["response_format"]["json_schema"]["name"] for request in requests}
        self.assertIn("classification", names)
        self.assertIn("zqx7", json.dumps([request.body for request in requests]))


if __name__ == "__main__":
    unittest.main()
