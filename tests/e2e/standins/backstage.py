"""A Backstage catalog: entities by filter, page by page, and by reference; a static token.

Filters follow the catalog: repeated `filter` parameters are alternatives, conditions within one must all hold, values
compare without case, and of a page that is not the last the Link header names the next.
"""

import urllib.parse

from .stand_in import Refusal, StandIn

TOKEN = "backstage-static-token"


def entity(kind, name, *, title=None, annotations=None, labels=None, spec=None, relations=(), tags=()):
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind,
            "metadata": {"name": name, "namespace": "default", "annotations": annotations or {},
                         "labels": labels or {}, "tags": list(tags), **({"title": title} if title else {})},
            "spec": spec or {}, "relations": [{"type": kind, "targetRef": target} for kind, target in relations]}


def ref(one):
    return f"{one['kind']}:{one['metadata']['namespace']}/{one['metadata']['name']}".lower()


class Backstage(StandIn):
    def __init__(self, page=200):
        self.entities = []
        self.page = page
        super().__init__()

    def config(self, **more):
        return {"kind": "backstage", "url": self.url, "token": TOKEN, **more}

    def answer(self, call):
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, {"error": {"name": "AuthenticationError", "message": "Missing credentials"}})
        if call.method == "POST" and call.path == "/api/catalog/entities/by-refs":
            refs = call.body.get("entityRefs") if isinstance(call.body, dict) else None
            if not isinstance(refs, list) or not refs or not all(isinstance(one, str) for one in refs):
                self.complain(f"by-refs: {call.body}")
                raise Refusal(400, {"error": {"name": "InputError"}})
            known = {ref(one): one for one in self.entities}
            return 200, {"items": [known.get(one.lower()) for one in refs]}
        if call.method == "GET" and call.path == "/api/catalog/entities":
            return self.list(call)
        self.complain(f"{call.method} {call.path}: not what it offers")
        raise Refusal(404, {"error": {"name": "NotFoundError"}})

    def list(self, call):
        query = urllib.parse.parse_qsl(urllib.parse.urlsplit(call.target).query)
        filters = [value for name, value in query if name == "filter"]
        if not filters:
            self.complain("a read of the whole catalog")
        found = [one for one in sorted(self.entities, key=ref) if any(self.holds(one, each) for each in filters)]
        begin = int(call.query.get("after", 0))
        size = min(int(call.query.get("limit", self.page)), self.page)
        page, rest = found[begin:begin + size], found[begin + size:]
        headers = {}
        if rest:
            headers["Link"] = f"</api/catalog/entities?limit={size}&after={begin + size}>; rel=\"next\""
        raise Refusal(200, page, headers)

    @staticmethod
    def holds(one, text):
        for condition in text.split(","):
            key, _, value = condition.partition("=")
            if key == "kind":
                have = one["kind"]
            elif key == "metadata.name":
                have = one["metadata"]["name"]
            elif key.startswith("metadata.annotations."):
                have = one["metadata"]["annotations"].get(key.removeprefix("metadata.annotations."))
            else:
                return False
            if have is None or have.lower() != value.lower():
                return False
        return True
