"""An Okta org: users by search, id and login, groups, group owners, rate limits and error codes.

Signs in by SSWS token, or as a service app whose assertion is checked for its claims (its signature by tests/net, which
has the public key at hand). Lists are paged by Link headers, two at a time.
"""

import base64
import json
import re
import time
import urllib.parse

from .directory import TokenGiver
from .stand_in import Refusal

TOKEN = "00okta-token-of-the-tests"
SEARCH = re.compile(r'profile\.(email|login|name|displayName) eq ("(?:[^"\\]|\\.)*")')


def error(status, code, summary="", **headers):
    return Refusal(status, {"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae1",
                            "errorCauses": []}, headers)


def user(number, mail, first, last, status="ACTIVE", **profile):
    return {"id": f"00u{number:017d}", "status": status,
            "profile": {"login": mail, "email": mail, "firstName": first, "lastName": last, **profile}}


class Okta(TokenGiver):
    token_path = "/oauth2/v1/token"
    scope = "okta.users.read okta.groups.read"

    def __init__(self):
        self.users, self.groups, self.owners = [], {}, {}  # groups: name → ids of members; owners: name → ids
        self.forbids_groups = False
        super().__init__()

    def config(self, **more):
        return {"name": "okta", "kind": "okta", "url": self.url, "token": TOKEN, **more}

    def judge_client(self, form):
        assertion = form.get("client_assertion", "")
        parts = assertion.split(".")
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" or len(parts) != 3:
            raise Refusal(401, {"error": "invalid_client"})
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2])
        good = (header["alg"] in ("RS256", "ES256") and header["kid"] == "k-1" and parts[2]
                and claims["iss"] == claims["sub"] == self.client_id and claims["aud"] == self.url + self.token_path
                and time.time() < claims["exp"] <= time.time() + 3600 and claims["jti"])
        if not good:
            self.complain(f"an assertion that Okta refuses: {header} {claims}")
            raise Refusal(401, {"error": "invalid_client"})

    def answer(self, call):
        if call.method == "POST" and call.path == self.token_path:
            return self.give_token(call)
        if call.headers.get("authorization") != "SSWS " + TOKEN and not self.has_token(call):
            raise error(401, "E0000011", "Invalid token provided")
        if call.method != "GET":
            self.complain(f"{call.method} {call.path}: nothing here is ours to change")
        if "json" not in call.headers.get("accept", ""):
            raise error(400, "E0000003")
        path, query = call.path.removeprefix("/api/v1"), call.query
        if self.forbids_groups and "groups" in path:
            raise error(403, "E0000006", "You do not have permission to perform the requested action")
        if path == "/users":
            if "search" not in query:
                return self.paged(call, self.users)
            field, value = self.searched(query["search"])
            return self.paged(call, [one for one in self.users if one["profile"].get(field, "").lower() == value.lower()])
        if match := re.fullmatch(r"/users/([^/]+)", path):
            return 200, self.user(match[1])
        if match := re.fullmatch(r"/users/([^/]+)/groups", path):
            return self.paged(call, [self.group(name) for name, ids in self.groups.items() if self.user(match[1])["id"] in ids])
        if path == "/groups":
            wanted = self.searched(query["search"])[1].lower() if "search" in query else None
            return self.paged(call, [self.group(name) for name in self.groups if wanted in (None, name.lower())])
        if match := re.fullmatch(r"/groups/00g-([^/]+)/(owners|users)", path):
            ids = (self.owners if match[2] == "owners" else self.groups).get(match[1], [])
            users = [self.user(one) for one in ids]
            return self.paged(call, [{"id": one["id"], "type": "USER"} for one in users] if match[2] == "owners" else users)
        raise error(404, "E0000008")

    def searched(self, text):
        match = SEARCH.fullmatch(text)
        if not match:
            self.complain(f"a search that Okta refuses: {text}")
            raise error(400, "E0000031", "Invalid search criteria.")
        return match[1], json.loads(match[2])

    def user(self, name):
        for one in self.users:
            login = one["profile"]["login"]
            if name in (one["id"], login, login.split("@")[0]):
                return one
        raise error(404, "E0000007", f"Not found: Resource not found: {name} (User)")

    @staticmethod
    def group(name):
        return {"id": "00g-" + name, "type": "OKTA_GROUP", "profile": {"name": name}}

    def paged(self, call, items):
        """Groups of a user come two at a time; the link for the next two is a header."""
        start = int(call.query.get("after", 0))
        size = 2 if call.path.endswith("/groups") else int(call.query.get("limit", 200))
        if start + size < len(items):
            query = urllib.parse.urlencode({**call.query, "after": start + size})
            raise Refusal(200, items[start:start + size], {"Link": f'<{self.url}{call.path}?{query}>; rel="next"'})
        return 200, items[start:start + size]
