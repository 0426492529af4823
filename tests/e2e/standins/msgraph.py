"""Microsoft Graph v1.0 as far as it concerns people: users, their manager and groups, owners, $batch.

Checks `$select`, `$expand` and `$filter` as the real one does; what it would refuse is a complaint. Permissions are
application permissions: without the one that a kind of object needs, a list is refused, and a member of that kind comes
as type and id alone.
"""

import re
import urllib.parse

from .directory import TokenGiver
from .stand_in import Refusal

USER = {"id", "displayName", "mail", "userPrincipalName", "mailNickname", "proxyAddresses", "jobTitle", "department",
        "companyName", "employeeOrgData", "accountEnabled"}
SELECT = {"users": USER, "groups": {"id", "displayName", "mail", "mailNickname"},
          "servicePrincipals": {"id", "displayName", "appId"}, "applications": {"id", "displayName", "appId"}}
RIGHT = {"users": "User.Read.All", "groups": "GroupMember.Read.All", "servicePrincipals": "Application.Read.All",
         "applications": "Application.Read.All"}
KIND = {"users": "user", "groups": "group", "servicePrincipals": "servicePrincipal", "applications": "application"}
CLAUSE = re.compile(r"(\w+) eq '((?:[^']|'')*)'|(proxyAddresses)/any\(p:p eq '((?:[^']|'')*)'\)")
EXPAND = re.compile(r"manager\(\$select=([\w,]+)\)")


def error(status, code, message="", **headers):
    return Refusal(status, {"error": {"code": code, "message": message, "innerError": {}}}, headers)


def user(number, mail, name, manager=None, groups=(), **more):
    return {"id": f"aaaaaaaa-0000-4000-8000-{number:012d}", "mail": mail, "displayName": name, "userPrincipalName": mail,
            "mailNickname": mail.split("@")[0], "proxyAddresses": ["SMTP:" + mail], "accountEnabled": True,
            "manager": manager, "groups": list(groups), **more}


class MsGraph(TokenGiver):
    token_path = "/tenant-1/oauth2/v2.0/token"
    scope = "https://graph.microsoft.com/.default"

    def __init__(self):
        self.objects = {"users": [], "groups": [], "servicePrincipals": [], "applications": []}
        self.rights = set(RIGHT.values())
        self.throttles_part = 0
        super().__init__()

    def config(self, **more):
        return {"name": "entra", "kind": "msgraph", "url": self.url, "auth_url": self.url + self.token_path,
                "tenant_id": "tenant-1", "client_id": self.client_id, "client_secret": self.client_secret, **more}

    def add_group(self, name, owners=(), members=(), **more):
        group = {"id": f"bbbbbbbb-0000-4000-8000-{len(self.objects['groups']):012d}", "displayName": name, "mail": None,
                 "mailNickname": name, "owners": list(owners), "members": list(members), **more}
        self.objects["groups"].append(group)
        return group

    def answer(self, call):
        if call.path == self.token_path:
            return self.give_token(call)
        if not self.has_token(call):
            raise error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        if call.path == "/v1.0/$batch" and call.method == "POST":
            return self.batch(call)
        if call.method != "GET":
            self.complain(f"{call.method} {call.path}: nothing here is ours to change")
            raise error(405, "Request_BadRequest")
        return 200, self.get(call.path.removeprefix("/v1.0"), call.query)

    def batch(self, call):
        requests = call.body["requests"]
        if not 1 <= len(requests) <= 20 or len({one["id"] for one in requests}) != len(requests):
            self.complain("a batch of more than 20 or with ids twice")
            raise error(400, "BadRequest")
        responses = []
        for one in reversed(requests):  # any order is allowed
            if self.throttles_part:
                self.throttles_part -= 1
                responses.append({"id": one["id"], "status": 429, "headers": {"Retry-After": "1"}, "body": {"error": {}}})
                continue
            parts = urllib.parse.urlsplit(one["url"])
            query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
            try:
                responses.append({"id": one["id"], "status": 200, "body": self.get(urllib.parse.unquote(parts.path), query)})
            except Refusal as refusal:
                responses.append({"id": one["id"], "status": refusal.status, "body": refusal.body})
        return 200, {"responses": responses}

    def get(self, path, query):
        if unknown := set(query) - {"$select", "$expand", "$filter", "$top", "$skiptoken"}:
            self.complain(f"unknown options {unknown}")
        match = re.fullmatch(r"/(users|groups|servicePrincipals|applications)(?:/([^/]+)(?:/(memberOf|owners|members))?)?", path)
        if not match:
            self.complain(f"no such resource: {path}")
            raise error(400, "BadRequest")
        collection, name, relation = match.groups()
        if RIGHT[collection] not in self.rights:
            raise error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        select = self.selected(query, "users" if relation else collection)
        if not name:
            clauses = self.clauses(query["$filter"]) if "$filter" in query else []
            found = [one for one in self.objects[collection] if self.passes(one, clauses)]
            return {"value": [self.shown(one, collection, select, query) for one in found]}
        found = next((one for one in self.objects[collection] if name in (one["id"], one.get("userPrincipalName"))), None)
        if not found:
            raise error(404, "Request_ResourceNotFound")
        if not relation:
            return self.shown(found, collection, select, query)
        related = {"memberOf": found.get("groups", []), "owners": found.get("owners", []),
                   "members": found.get("members", [])}[relation]
        return self.related(path, query, related, select)

    def selected(self, query, collection):
        fields = query.get("$select", "").split(",")
        if bad := set(fields) - SELECT[collection]:
            self.complain(f"$select of unknown {bad} on {collection}")
            raise error(400, "Request_BadRequest", f"Could not find a property named '{bad}'")
        return fields

    def clauses(self, text):
        """(field, value) of each `field eq 'value'`, which `or` may join."""
        found, position = [], 0
        while True:
            match = CLAUSE.match(text, position)
            end = match.end() if match else -1
            if not match or end != len(text) and not text.startswith(" or ", end):
                self.complain(f"a $filter that can't be parsed: {text}")
                raise error(400, "Request_BadRequest", "Invalid filter clause")
            found.append((match[1] or match[3], (match[2] if match[1] else match[4]).replace("''", "'").lower()))
            if end == len(text):
                return found
            position = end + 4

    @staticmethod
    def passes(one, clauses):
        def values(field):
            have = one.get(field)
            return [str(each).lower() for each in (have if isinstance(have, list) else [have]) if each]
        return not clauses or any(value in values(field) for field, value in clauses)

    def shown(self, one, collection, select, query):
        out = {field: one.get(field) for field in select}
        if expand := query.get("$expand"):
            match = EXPAND.fullmatch(expand)
            if not match or collection != "users" or set(match[1].split(",")) - USER:
                self.complain(f"an $expand that can't be parsed: {expand}")
                raise error(400, "Request_BadRequest")
            if one["manager"]:
                boss = next(each for each in self.objects["users"] if each["id"] == one["manager"])
                out["manager"] = {"@odata.type": "#microsoft.graph.user", **{field: boss[field] for field in match[1].split(",")}}
        return out

    def related(self, path, query, ids, select):
        """Groups come one a page, so that the link to the next is followed."""
        start, size = int(query.get("$skiptoken", 0)), 1 if path.endswith("memberOf") else 100
        page = []
        for wanted in ids[start:start + size]:
            collection, one = next((name, each) for name, all_ in self.objects.items() for each in all_ if each["id"] == wanted)
            visible = RIGHT[collection] in self.rights
            page.append({"@odata.type": "#microsoft.graph." + KIND[collection], "id": one["id"],
                         **{field: one.get(field) if visible else None for field in select if field != "id"}})
        more = {"@odata.nextLink": f"{self.url}/v1.0{path}?" + urllib.parse.urlencode(
            {**query, "$skiptoken": start + size})} if start + size < len(ids) else {}
        return {"value": page, **more}
