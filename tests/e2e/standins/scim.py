"""A SCIM 2.0 server that takes nothing for granted: filters are parsed by the grammar of RFC 7644 §3.4.2.2.

Three kinds: `full` takes what the RFC says and pages by index; `aws` refuses what AWS IAM Identity Center refuses (every
operator but eq, other attributes, startIndex, attributes) and pages by cursor; `ping` signs in by client credentials,
knows only its own attributes and keeps groups at the user.
"""

import json
import re

from .directory import TokenGiver
from .stand_in import Refusal

TOKEN = "scim-token-of-the-tests"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MEDIA = "application/scim+json"
FILTERS = {
    "full": {"Users": {"userName", "externalId", "emails.value", "displayName", "id"},
             "Groups": {"displayName", "members.value", "externalId"}},
    "aws": {"Users": {"userName", "externalId"}, "Groups": {"displayName", "externalId", "members.value"}},
    "ping": {"Users": {"userName", "emails.value"}, "Groups": set()},
}


def error(status, scim_type=None, detail=""):
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return Refusal(status, {**body, **({"scimType": scim_type} if scim_type else {})}, {"Content-Type": MEDIA})


def user(number, login, name, mail=None, manager=None, active=True, department="", cost_center="", title=""):
    extension = {"department": department, "costCenter": cost_center}
    if manager:
        extension["manager"] = {"value": manager, "$ref": f"../Users/{manager}"}
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE], "id": f"user-{number:012d}",
            "externalId": f"ext-{number}", "userName": login, "displayName": name, "active": active, "title": title,
            "emails": [{"value": mail or login, "type": "work", "primary": True}], ENTERPRISE: extension}


def parse(text):
    """(path, value) of `path eq "value"`; anything else is refused as the grammar or this server would."""
    match = re.fullmatch(r'([A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*)?) ([a-z]{2}) (".*"|true|false|null|\S+)', text,
                         re.DOTALL)
    if not match:
        raise error(400, "invalidFilter", "can't be parsed")
    path, operator, value = match.groups()
    try:
        value = json.loads(value)
    except ValueError:
        raise error(400, "invalidFilter", "the value is no JSON") from None
    if operator != "eq" or not isinstance(value, str):
        raise error(400, "invalidFilter", "only eq on strings")
    return path, value


def values(resource, path):
    head, _, tail = path.partition(".")
    found = resource.get(head)
    if isinstance(found, list):
        return [one.get(tail or "value") for one in found]
    return [found.get(tail)] if isinstance(found, dict) else [found]


class Scim(TokenGiver):
    def __init__(self, kind="full"):
        self.kind = kind
        self.page = 100
        self.users, self.groups = [], []
        super().__init__()

    def config(self, **more):
        sign_in = {"token": TOKEN} if self.kind != "ping" else {
            "auth_url": self.url + self.token_path, "client_id": self.client_id, "client_secret": self.client_secret}
        return {"name": "scim", "kind": "scim", "url": self.url + "/scim/v2/", **sign_in, **more}

    def look_ups(self):
        """Questions for a person by name."""
        return [call for call in self.calls("GET", "/scim/v2/Users.*")]

    def answer(self, call):
        if call.path == self.token_path and self.kind == "ping":
            return self.give_token(call)
        known = self.has_token(call) if self.kind == "ping" else call.headers.get("authorization") == "Bearer " + TOKEN
        if not known:
            raise error(401, detail="Authorization failure")
        if call.method != "GET":
            self.complain(f"{call.method} {call.path}: nothing here is ours to change")
            raise error(405)
        if MEDIA not in call.headers.get("accept", ""):
            self.complain("no Accept: application/scim+json")
        path = call.path.removeprefix("/scim/v2")
        if path == "/ServiceProviderConfig":
            return 200, {"filter": {"supported": True, "maxResults": self.page}, "patch": {"supported": True}}
        if path == "/Schemas" and self.kind == "ping":
            return 200, {"Resources": [{"id": "urn:ietf:params:scim:schemas:core:2.0:User",
                                        "attributes": [{"name": "userName"}, {"name": "groups"}]}]}
        if path in ("/Schemas", "/ResourceTypes"):
            raise error(404)
        match = re.fullmatch(r"/(Users|Groups)(?:/([^/]+))?", path)
        if not match:
            self.complain(f"no such endpoint: {call.path}")
            raise error(404)
        resources = self.users if match[1] == "Users" else self.groups
        if match[2]:
            found = [one for one in resources if one["id"] == match[2]]
            if not found:
                raise error(404)
            return 200, self.shown(found[0])
        return 200, self.listed(match[1], resources, dict(call.query))

    def listed(self, endpoint, resources, query):
        if "filter" not in query:
            self.complain(f"all of {endpoint} was asked for")
            raise error(400, "tooMany")
        if self.kind == "aws" and (set(query) - {"filter", "count", "cursor"}):
            raise error(400, detail="Request is unparsable, syntactically incorrect, or violates schema.")
        attribute, value = parse(query["filter"])
        if attribute not in FILTERS[self.kind][endpoint]:
            raise error(400, None if self.kind == "aws" else "invalidFilter", "not supported")
        fold = str.casefold if attribute != "externalId" else str
        found = [one for one in resources if any(fold(str(have)) == fold(value) for have in values(one, attribute) if have)]
        size = min(int(query.get("count", self.page)), self.page)
        if self.kind == "aws" and "cursor" in query:
            start = int(query["cursor"] or 0)
            more = {"nextCursor": str(start + size)} if start + size < len(found) else {}
            return {"itemsPerPage": size, "Resources": [self.shown(one) for one in found[start:start + size]], **more}
        start = max(1, int(query.get("startIndex", 1)))
        return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": len(found),
                "startIndex": start, "itemsPerPage": size,
                "Resources": [self.shown(one) for one in found[start - 1:start - 1 + size]]}

    def shown(self, resource):
        """AWS lists no members; Ping keeps the groups at the user."""
        if self.kind == "aws" and "members" in resource:
            return {**resource, "members": []}
        if self.kind == "ping" and "userName" in resource:
            return {**resource, "groups": [{"value": group["id"], "display": group["displayName"]} for group in self.groups
                                           if any(member["value"] == resource["id"] for member in group["members"])]}
        return resource
