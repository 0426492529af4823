"""The blast radius of a seeded graph, exact: nodes, edges, hops and counts, as JSON, as a picture and as Mermaid text."""

import unittest
import xml.etree.ElementTree

from harness import Service, default_config, wiz_issue
from standins.wiz import Wiz

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\"]; click x \"javascript:alert(1)\" <script>&%%{init: {}}%%"


class BlastRadius(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.wiz = wiz = Wiz()
        cls.addClassCleanup(wiz.shut)
        for bucket in ("acme-payments-seeded", "acme-payments-alone"):
            wiz.entity(f"ent-{bucket}", "BUCKET", bucket, externalId=f"arn:aws:s3:::{bucket}",
                       providerUniqueId=f"arn:aws:s3:::{bucket}")
        cls.bucket = "ent-acme-payments-seeded"
        wiz.entity("ent-role", "ACCESS_ROLE", "payments-etl", providerUniqueId="arn:aws:iam::012345678901:role/payments-etl")
        wiz.entity("ent-vm", "VIRTUAL_MACHINE", HOSTILE)
        wiz.entity("ent-cards", "DATA_FINDING", "Credit cards")
        wiz.edge("ent-role", "ALLOWS_ACCESS_TO", cls.bucket)
        wiz.edge("ent-vm", "ACTING_AS", "ent-role")
        wiz.edge(cls.bucket, "HAS_DATA_FINDING", "ent-cards")
        api = wiz.api_config(reconcile=False, backlog=False, rate="500/s")
        sources = [{"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"}, "api": api}]
        cls.service = Service(default_config(sources=sources))
        cls.addClassCleanup(cls.service.close)
        cls.service.start()
        issue = wiz.add_issue(entity=cls.bucket)
        [taken] = cls.service.send("wiz", wiz_issue(issue, bucket="acme-payments-seeded"))["findings"]
        cls.finding = taken["id"]
        cls.dossier = cls.service.settled(cls.finding)["dossier"]

    def fetch(self, what, kind):
        with self.service.connection() as connection:
            connection.request("GET", f"/v1/{what}/blast-radius?format={kind}",
                               headers={"Authorization": "Bearer viewer-token-of-the-tests"})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def test_the_graph_is_exact(self):
        radius = self.service.get(f"/v1/dossiers/{self.dossier['id']}/blast-radius")
        hops = {node["name"]: node["hops"] for node in radius["nodes"]}
        self.assertEqual(hops, {"acme-payments-seeded": 0, "payments-etl": 1, "Credit cards": 1, HOSTILE: 2})
        self.assertEqual(radius["nodes"][0]["hops"], 0, "the resource comes first")
        self.assertEqual([node["hops"] for node in radius["nodes"]], sorted(hops.values()))
        self.assertEqual(radius["counts"], {"data": 1, "identity": 1, "compute": 1})
        self.assertEqual((radius["hops"], radius["truncated"], radius["origin"]), (2, False, "wiz"))
        names = {node["id"]: node["name"] for node in radius["nodes"]}
        ends = {frozenset((names[edge["from"]], names[edge["to"]])) for edge in radius["edges"]}
        self.assertEqual(ends, {frozenset(("payments-etl", "acme-payments-seeded")),
                                frozenset((HOSTILE, "payments-etl")),
                                frozenset(("acme-payments-seeded", "Credit cards"))})
        self.assertEqual(radius, self.service.get(f"/v1/findings/{self.finding}/blast-radius"))
        shown = self.dossier["blast_radius"]
        self.assertEqual({key: shown[key] for key in radius}, radius)
        self.assertIn("principals", shown)
        self.assertTrue(any("knows 3 things" in line for line in shown["statements"]), shown["statements"])

    def test_it_is_evidence_and_stands_in_the_draft(self):
        evidence = [one["statement"] for one in self.dossier["narrative"]["evidence"] if one["kind"] == "blast_radius"]
        self.assertTrue(any("payments-etl" in one and "1 hop" in one for one in evidence), evidence)
        self.assertTrue(any("knows 3 things" in one["text"] for one in self.dossier["narrative"]["sentences"]))
        body = self.dossier["draft"]["body"]
        self.assertIn("## Blast radius", body)
        self.assertIn("payments-etl", body)
        self.assertIn(f"| 2 | compute | `{HOSTILE}` |", body, "a name is code: it is shown and does nothing")

    def test_the_picture_is_well_formed_and_harmless(self):
        status, headers, svg = self.fetch(f"dossiers/{self.dossier['id']}", "svg")
        self.assertEqual((status, headers["Content-Type"]), (200, "image/svg+xml"))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        root = xml.etree.ElementTree.fromstring(svg)
        self.assertEqual(root.tag, SVG + "svg")
        self.assertEqual({element.tag for element in root.iter()} -
                         {SVG + name for name in ("svg", "title", "desc", "defs", "marker", "path", "rect", "text", "g")}, set())
        self.assertIn("acme-payments-seeded", root.find(SVG + "title").text)
        self.assertIn("4 nodes and 3 edges within 2 hops", root.find(SVG + "desc").text)
        self.assertEqual(svg, self.fetch(f"findings/{self.finding}", "svg")[2])

    def test_the_mermaid_text_has_every_node_and_edge(self):
        status, headers, text = self.fetch(f"findings/{self.finding}", "mermaid")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/vnd.mermaid; charset=utf-8"))
        lines = text.splitlines()
        self.assertEqual(lines[0], "flowchart LR")
        self.assertEqual(sum(":::" in line for line in lines), 4)
        self.assertEqual(sum("-->" in line for line in lines), 3)
        self.assertNotIn("%%", text)
        self.assertNotIn("<script", text)

    def test_what_is_not_there_is_said_so(self):
        self.assertEqual(self.fetch(f"findings/{self.finding}", "png")[0], 400)
        self.assertEqual(self.fetch("dossiers/dos_nobody", "svg")[0], 404)
        self.wiz.say("graphSearch", "INTERNAL", "the graph is down", times=50)
        issue = self.wiz.add_issue(entity="ent-acme-payments-alone")
        [taken] = self.service.send("wiz", wiz_issue(issue, bucket="acme-payments-alone"))["findings"]
        dossier = self.service.settled(taken["id"])["dossier"]
        self.assertEqual(self.fetch(f"findings/{taken['id']}", "svg")[0], 404)
        self.assertTrue([gap for gap in dossier["context"]["gaps"] if "wiz" in gap["source"]], dossier["context"]["gaps"])
        self.wiz.sayings.clear()


if __name__ == "__main__":
    unittest.main()
