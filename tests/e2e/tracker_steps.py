"""What the tests of trackers and LLMs do again and again: deliver, wait for a draft, decide, and look at the audit."""

import dataclasses
import unittest
import urllib.parse

import yaml

from harness import Service, default_config, generic_event

SANDBOX = {"match": {"name": "sandbox-*"}, "business_unit": "Research", "application": "Playground",
           "environment": "dev", "criticality": "low", "owner": "alice"}
LAB = {"match": {"name": "lab-*"}, "owner": "alice"}  # no environment
GHOST = {"id": "ghost", "name": "Gil Host", "email": "gil@acme.example", "department": "Payments"}


@dataclasses.dataclass
class Seen:
    """A ticket in words that hold for every tracker."""

    key: str
    is_done: bool
    words: list  # of its comments or notes
    files: list  # by name
    links: list  # to pages outside, by id
    assignee: object  # "" = nobody
    mark: str  # what it is found by: a label or a correlation id
    text: str  # its first line


def tracker_config(sink, approval="before_assign", settle="3s", **more):
    routes = [{"name": "everything", "when": {}, "do": "ticket", "sink": sink["name"]}]
    return default_config(**{"routes": routes, "tickets": {"approval": approval, "settle": settle, "sinks": [sink]},
                             **more})


class TrackerCase(unittest.TestCase):
    """Ends every test with the demand that the upstream had nothing to complain about."""

    maxDiff = None

    def watch(self, *upstreams):
        for upstream in upstreams:
            self.addCleanup(upstream.shut)
        self.upstreams = upstreams
        return upstreams[0]

    def tearDown(self):
        for upstream in getattr(self, "upstreams", ()):
            self.assertEqual(upstream.complaints, [], "the vendor would have refused this")

    def serve(self, config, start=True):
        service = Service(config)
        self.addCleanup(service.close)
        identity = {**_read(service, "identity.yaml")}
        identity["people"] = identity["people"] + [GHOST]
        identity["owners"] = [{"match": {"name": "ghost-*"}, "owner": "ghost"},
                              {"match": {"name": "sandbox-*"}, "owner": "alice"},
                              {"match": {"name": "lab-*"}, "owner": "alice"}] + identity["owners"]
        service.write_file("identity.yaml", identity)
        cmdb = _read(service, "cmdb.yaml")
        service.write_file("cmdb.yaml", {"items": [SANDBOX, LAB] + cmdb["items"]})
        return service.start() if start else service

    def deliver(self, service, payload=None, source="generic"):
        """The id of the one finding in a delivery."""
        answer = service.send(source, generic_event() if payload is None else payload)
        self.assertEqual(len(answer["findings"]), 1, answer)
        return answer["findings"][0]["id"]

    def dossier(self, service, finding_id):
        return service.get(f"/v1/findings/{finding_id}")["dossier"]

    def until(self, service, finding_id, condition, what, timeout=20):
        def look():
            dossier = self.dossier(service, finding_id)
            if condition(dossier):
                return dossier
            self.assertNotEqual(dossier["stage"], "dead", dossier["last_error"])
            return None
        return service.wait_for(look, timeout, what)

    def ticketed(self, service, finding_id, timeout=20):
        """The dossier once its draft waits for a person with a ticket set."""
        return self.until(service, finding_id, lambda d: d["draft"] and d["draft"]["ticket"] and
                          d["stage"] in ("awaiting_approval", "delivered"), "a ticket", timeout)

    def awaiting(self, service, finding_id):
        return self.until(service, finding_id, lambda d: d["stage"] == "awaiting_approval", "a draft")

    def approve(self, service, dossier, comment="go"):
        return service.post(f"/v1/drafts/{dossier['draft']['id']}/approve", {"comment": comment})

    def posted(self, service, finding_id, timeout=20):
        return self.until(service, finding_id, lambda d: d["stage"] == "delivered" and
                          d["draft"]["state"] == "posted", "the draft to be posted", timeout)

    def audit(self, service, action, **query):
        items = service.items("/v1/audit?" + urllib.parse.urlencode({"action": action, **query}))
        return [one for one in items if one["action"] == action]


def _read(service, name):
    return yaml.safe_load((service.dir / name).read_text())
