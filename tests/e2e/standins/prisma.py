"""A Prisma Cloud tenant: alerts and the CSPM, IAM and Data Security calls around them.

Sessions are JSON Web Tokens of `token_life` seconds in `x-redlock-auth`; `expire_tokens()` ends them all in mid-flight.
Refusals carry their words in the header `x-redlock-status`, as the real one's do, except those of IAM. Filters, time
ranges, sorting and page tokens are really evaluated; unknown members, filters and paths are complaints.

    prisma = Prisma()
    prisma.add_alert("P-1", title="Bucket is public", severity="high", resource=bucket("payments"))
    prisma.change("P-1", status="resolved")           # moves `lastUpdated`
    prisma.permit("payments", "role", "payments-etl", "s3:GetObject", policy="etl")
    config["sources"][0]["api"] = prisma.api()        # url and access key
    prisma.denied.add("/api/v1/permission")           # 403 from there on
    prisma.fault("refuse", "POST", "/v2/alert", status=429, headers={"Retry-After": "1"})

`page_size` is the most one answer lists, whatever `limit` asks for. `alerts`, `resources`, `permissions`, `graphs`,
`events`, `data_resources`, `data_objects`, `policies`, `profiles` and `patterns` may be filled by hand.
"""

import base64
import json
import re
import time
import urllib.parse

from .stand_in import Refusal, StandIn

KEY, SECRET = "prisma-access-key", "prisma-secret-key"
STATUSES = {"open", "dismissed", "snoozed", "resolved"}
FILTERS = {"timeRange.type", "alert.status", "alert.id", "policy.severity", "policy.type", "cloud.accountId",
           "resource.name"}
UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2592000, "year": 31536000}
TIME_FIELD = {"ALERT_OPENED": "firstSeen", "ALERT_STATUS_UPDATED": "lastSeen", "ALERT_UPDATED": "lastUpdated"}
SORTS = {"alertTime", "firstSeen", "lastSeen", "lastUpdated", "id"}
NAME = r"([A-Za-z0-9 ._\-:/@+=,#()]+)"


def refuse(status, key, subject=None):
    words = json.dumps([{"i18nKey": key, "severity": "error", "subject": subject}])
    return Refusal(status, b"", {"x-redlock-status": words})


def bucket(name, account="111122223333", region="eu-central-1", **data):
    """The resource of an alert about an S3 bucket."""
    return {"rrn": f"rrn:aws:storageBucket:{region}:{account}:hash-{name}:{name}", "id": name, "name": name,
            "account": "Acme Production", "accountId": account, "region": "AWS Frankfurt", "regionId": region,
            "resourceType": "STORAGE_BUCKET", "resourceApiName": "aws-s3api-get-bucket-acl", "cloudType": "aws",
            "cloudServiceName": "Amazon S3", "cloudAccountOwners": ["alice@acme.example"],
            "data": {"arn": f"arn:aws:s3:::{name}", "bucketName": name, **data}}


class Prisma(StandIn):
    def __init__(self, token_life=600, page_size=10000):
        self.token_life, self.page_size = token_life, page_size
        self.tenants = ["Acme"]
        self.tokens, self.pages = {}, {}
        self.logins = self.extensions = 0
        self.denied = set()
        self.alerts, self.resources, self.graphs = {}, {}, {}
        self.permissions, self.events = [], []
        self.data_resources, self.data_objects = [], []
        self.policies, self.profiles, self.patterns = [], [], []
        super().__init__()

    def api(self, **more):
        """The section `sources[].api` for this stand-in."""
        return {"url": self.url, "client_id": KEY, "client_secret": SECRET, "rate": "1000/s", **more}

    # The tenant's content ----------------------------------------------------------------------------------------

    def add_alert(self, alert_id, title="A policy", severity="medium", status="open", resource=None, policy_type="config",
                  at=None, rules=None, **more):
        """`at`: when it was created, Unix seconds; `rules`: alert rules, by default one that notifies of open ones."""
        now = int((at or time.time()) * 1000)
        webhook = [{"type": "webhook", "enabled": True, "recipients": ["dossier"]}]
        rule = {"name": "All policies", "enabled": True, "notifyOnOpen": True, "notifyOnDismissed": False,
                "notifyOnSnoozed": False, "notifyOnResolved": False, "alertRuleNotificationConfig": webhook}
        alert = {"id": alert_id, "status": status, "reason": "NEW_ALERT", "firstSeen": now, "lastSeen": now,
                 "alertTime": now, "lastUpdated": now, "policyId": "policy-" + title, "metadata": {},
                 "policy": {"policyId": "policy-" + title, "name": title, "policyType": policy_type,
                            "severity": severity, "description": title + ".", "recommendation": "Close it.",
                            "labels": []},
                 "alertRules": [rule] if rules is None else rules, "history": [],
                 "resource": resource or bucket("a-bucket"), **more}
        with self.lock:
            self.alerts[alert_id] = alert
            self.resources.setdefault(alert["resource"].get("rrn", alert_id), alert["resource"])
        return alert

    def change(self, alert_id, **fields):
        """Sets members of an alert; whatever it is, Prisma Cloud updated it now."""
        with self.lock:
            alert = self.alerts[alert_id]
            now = max(int(time.time() * 1000), alert["lastUpdated"] + 1)
            if "status" in fields and fields["status"] != alert["status"]:
                alert["history"].append({"status": alert["status"], "modifiedOn": alert["lastUpdated"]})
                alert["lastSeen"] = now
            alert.update(fields)
            alert["lastUpdated"] = now

    def by_hand(self, alert_id, email, status, note=None):
        """What a person does in Prisma Cloud's own console."""
        self.change(alert_id, status=status, reason="USER_DISMISSED" if note else "USER_REOPENED",
                    **({"dismissalNote": note, "dismissedBy": email} if note else {}))
        with self.lock:
            alert = self.alerts[alert_id]
            alert["history"].append({"status": status, "modifiedBy": email, "modifiedOn": alert["lastUpdated"]})

    def permit(self, resource, kind, name, action, policy="a-policy", **more):
        """`name` (a user, role, …) may do `action` on the resource of that name."""
        item = {"id": str(len(self.permissions)), "sourcePublic": False, "sourceCloudType": "AWS",
                "sourceResourceName": name, "sourceResourceType": kind,
                "sourceResourceId": f"arn:aws:iam::111122223333:{kind}/{name}", "sourceCloudAccount": "111122223333",
                "destResourceName": resource, "destResourceType": "bucket", "destResourceId": f"arn:aws:s3:::{resource}",
                "destCloudAccount": "111122223333", "grantedByCloudPolicyId": f"arn:aws:iam::111122223333:policy/{policy}",
                "grantedByCloudPolicyName": policy, "grantedByCloudPolicyType": "Customer Managed Policy",
                "grantedByCloudEntityName": name, "grantedByCloudEntityType": kind, "effectiveActionName": action,
                "lastAccessDate": None, "exceptions": [], **more}
        with self.lock:
            self.permissions.append(item)

    def add_event(self, resource, subject, operation, at=None):
        with self.lock:
            self.events.append({"resource": resource, "subject": subject, "name": operation, "source": "s3",
                                "eventTs": int((at or time.time()) * 1000), "account": "111122223333", "role": "",
                                "regionName": "AWS Frankfurt", "success": True})

    def expire_tokens(self):
        with self.lock:
            self.tokens.clear()

    # Sessions ----------------------------------------------------------------------------------------------------

    def new_token(self):
        now = time.time()
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        claims = {"sub": KEY, "customerName": self.tenants[0], "exp": int(now + self.token_life), "jti": len(self.pages),
                  "n": self.logins + self.extensions}
        token = f"{part({'alg': 'HS256'})}.{part(claims)}.c2lnbmF0dXJl"
        self.tokens[token] = int(now + self.token_life)
        return {"token": token, "message": "login_successful",
                "customerNames": [{"customerName": name, "tosAccepted": True} for name in self.tenants]}

    def login(self, call):
        body = self.members(call, {"username", "password", "customerName", "prismaId"})
        if body.get("username") != KEY or body.get("password") != SECRET:
            raise refuse(401, "invalid_credentials")
        if len(self.tenants) > 1 and body.get("customerName") not in self.tenants:
            return 200, {"message": "select_customer",
                         "customerNames": [{"customerName": name, "tosAccepted": True} for name in self.tenants]}
        self.logins += 1
        return 200, self.new_token()

    def extend(self, call):
        self.extensions += 1
        self.tokens.pop(call.headers["x-redlock-auth"], None)
        return 200, self.new_token()

    def authenticate(self, call):
        token = call.headers.get("x-redlock-auth", "")
        if "authorization" in call.headers:
            self.complain("Authorization was sent: CSPM takes x-redlock-auth")
        if self.tokens.get(token, 0) <= time.time():
            self.tokens.pop(token, None)
            raise refuse(401, "token_expired" if token else "unauthorized_access")

    # Requests ----------------------------------------------------------------------------------------------------

    def answer(self, call):
        try:
            if (call.method, call.path) == ("POST", "/login"):
                return self.login(call)
            self.authenticate(call)
            if any(call.path.startswith(prefix) for prefix in self.denied):
                raise refuse(403, "unauthorized_access", "the role lacks the permission")
            for method, pattern, handler in self.routes():
                match = re.fullmatch(pattern, call.path)
                if match and call.method == method:
                    return handler(call, *map(urllib.parse.unquote, match.groups()))
            self.complain(f"no such call: {call.method} {call.path}")
            raise refuse(404, "not_found")
        except Refusal as refusal:
            if refusal.status == 400:
                self.complain(f"{call.method} {call.path} {call.raw[:500]}: {refusal.headers}")
            raise

    def routes(self):
        return [("GET", "/auth_token/extend", self.extend), ("POST", "/v2/alert", self.list_alerts),
                ("GET", "/alert/v1/([^/]+)/graph", self.graph), ("GET", "/alert/([^/]+)", self.read_alert),
                ("POST", "/alert/dismiss", self.dismiss), ("POST", "/alert/reopen", self.reopen),
                ("POST", "/resource", self.read_resource), ("POST", "/api/v1/permission", self.search_permissions),
                ("POST", "/api/v1/permission/page", self.next_permissions), ("POST", "/search/event", self.search_events),
                ("GET", "/v2/policy", self.list_policies),
                ("GET", "/dlp/api/v1/resource-inventory/resources", self.list_data_resources),
                ("POST", "/dlp/api/v1/inventory/objects/aggregate/l4", self.list_data_objects),
                ("GET", "/dlp/api/v1/dss-api/data-profile", self.list_profiles),
                ("PUT", "/dlp/api/v1/dss-api/data-pattern", self.list_patterns)]

    def members(self, call, known):
        if not isinstance(call.body, dict):
            raise refuse(400, "bad_request", "the body is no JSON object")
        if unknown := set(call.body) - known:
            raise refuse(400, "unknown_parameter", ",".join(sorted(unknown)))
        return call.body

    @staticmethod
    def span(time_range):
        """(from, to) in milliseconds."""
        now = time.time() * 1000
        kind, value = (time_range or {}).get("type"), (time_range or {}).get("value")
        if kind == "absolute" and isinstance(value, dict) and set(value) <= {"startTime", "endTime"}:
            if value["startTime"] > value["endTime"]:
                raise refuse(400, "invalid_time_range", "startTime")
            return value["startTime"], value["endTime"]
        if kind == "relative" and isinstance(value, dict) and value.get("unit") in UNITS:
            return now - value["amount"] * UNITS[value["unit"]] * 1000, now
        if kind == "to_now" and (value == "epoch" or value in UNITS):
            return 0 if value == "epoch" else now - UNITS[value] * 1000, now
        raise refuse(400, "invalid_time_range", str(time_range))

    def list_alerts(self, call):
        body = self.members(call, {"detailed", "fields", "filters", "limit", "offset", "pageToken", "sortBy", "timeRange"})
        if call.query not in ({}, {"detailed": "true"}, {"detailed": "false"}):
            raise refuse(400, "unknown_parameter", str(call.query))
        wanted = {}
        for one in body.get("filters", []):
            if set(one) != {"name", "operator", "value"} or one["operator"] != "=" or one["name"] not in FILTERS:
                raise refuse(400, "invalid_filter", str(one))
            if one["name"] == "alert.status" and one["value"] not in STATUSES:
                raise refuse(400, "invalid_filter_value", one["value"])
            wanted.setdefault(one["name"], set()).add(one["value"])
        for one in body.get("sortBy", []):
            if not re.fullmatch(f"({'|'.join(SORTS)}):(asc|desc)", one):
                raise refuse(400, "invalid_sort", one)
        limit = body.get("limit", 10000)
        if not isinstance(limit, int) or not 0 < limit <= 10000:
            raise refuse(400, "invalid_limit", str(limit))
        if "pageToken" in body:
            if body["pageToken"] not in self.pages:
                raise refuse(400, "invalid_page_token")
            ids = self.pages[body["pageToken"]]
        else:
            ids = self.select(wanted, self.span(body.get("timeRange")), body.get("sortBy", []))
        size = min(limit, self.page_size)
        page = {"items": [self.shown(self.alerts[one], call) for one in ids[:size]], "totalRows": len(ids)}
        if len(ids) > size:
            page["nextPageToken"] = f"page-{len(self.pages)}"
            self.pages[page["nextPageToken"]] = ids[size:]
        return 200, page

    def select(self, wanted, span, sort):
        field = TIME_FIELD.get(next(iter(wanted.get("timeRange.type", {"ALERT_OPENED"}))))
        if not field:
            raise refuse(400, "invalid_filter_value", "timeRange.type")
        value = {"alert.status": lambda a: a["status"], "alert.id": lambda a: a["id"],
                 "policy.severity": lambda a: a["policy"].get("severity"),
                 "policy.type": lambda a: a["policy"].get("policyType"),
                 "cloud.accountId": lambda a: a["resource"].get("accountId"),
                 "resource.name": lambda a: a["resource"].get("name")}
        hits = [one for one in self.alerts.values() if span[0] <= one[field] <= span[1]
                and all(value[name](one) in values for name, values in wanted.items() if name in value)]
        for key in reversed(sort):
            name, _, order = key.partition(":")
            hits.sort(key=lambda one: one[name], reverse=order == "desc")
        return [one["id"] for one in hits]

    @staticmethod
    def shown(alert, call):
        """Without `detailed` the policy's texts and severity are left out."""
        if call.query.get("detailed") == "true":
            return alert
        return {**alert, "policy": {name: alert["policy"][name] for name in ("policyId", "policyType")}}

    def alert(self, alert_id):
        if alert_id not in self.alerts:
            raise refuse(404, "not_found", "alert")
        return self.alerts[alert_id]

    def read_alert(self, call, alert_id):
        return 200, self.shown(self.alert(alert_id), call)

    def graph(self, _, alert_id):
        self.alert(alert_id)
        if alert_id not in self.graphs:
            raise refuse(404, "not_found", "graph")
        return 200, self.graphs[alert_id]

    def chosen(self, call):
        body = self.members(call, {"alerts", "policies", "dismissalNote", "dismissalTimeRange", "filter"})
        if not isinstance(body.get("filter"), dict) or not body.get("alerts"):
            raise refuse(400, "missing_required_parameter", "filter, alerts")
        self.span(body["filter"].get("timeRange"))
        return body, [self.alert(one) for one in body["alerts"]]

    def dismiss(self, call):
        body, alerts = self.chosen(call)
        if not body.get("dismissalNote"):
            raise refuse(400, "missing_required_parameter", "dismissalNote")
        for one in alerts:
            if one["status"] != "open":
                raise refuse(400, "alert_no_longer_in_expected_state", one["status"])
            status = "snoozed" if "dismissalTimeRange" in body else "dismissed"
            self.change(one["id"], status=status, reason="USER_DISMISSED", dismissalNote=body["dismissalNote"])
        return 200, None

    def reopen(self, call):
        _, alerts = self.chosen(call)
        for one in alerts:
            if one["status"] not in ("dismissed", "snoozed"):
                raise refuse(400, "alert_no_longer_in_expected_state", one["status"])
            self.change(one["id"], status="open", reason="USER_REOPENED")
        return 200, None

    def read_resource(self, call):
        rrn = self.members(call, {"rrn"}).get("rrn")
        if rrn not in self.resources:
            raise refuse(404, "not_found", "resource")
        return 200, self.resources[rrn]

    def permission_page(self, items, limit):
        size = min(limit, self.page_size)
        page = {"items": items[:size], "totalRows": len(items), "nextPageToken": None}
        if len(items) > size:
            page["nextPageToken"] = f"iam-{len(self.pages)}"
            self.pages[page["nextPageToken"]] = items[size:]
        return page

    def search_permissions(self, call):
        body = self.members(call, {"id", "limit", "query"})
        match = re.fullmatch(f"config from iam where (dest|source)\\.cloud\\.resource\\.name = '{NAME}'",
                             body.get("query", ""))
        if not match:
            self.complain("IAM query: " + str(body.get("query")))
            raise Refusal(400, {"message": "invalid_query"})
        hits = [one for one in self.permissions if one[match[1] + "ResourceName"] == match[2]]
        return 200, {"data": self.permission_page(hits, body.get("limit", 100)), "query": body["query"],
                     "searchType": "iam", "id": "search-1", "saved": False}

    def next_permissions(self, call):
        body = self.members(call, {"limit", "pageToken"})
        if body.get("pageToken") not in self.pages:
            raise Refusal(400, {"message": "invalid_page_token"})
        return 200, self.permission_page(self.pages[body["pageToken"]], body.get("limit", 100))

    def search_events(self, call):
        body = self.members(call, {"limit", "query", "timeRange", "sort"})
        match = re.fullmatch("event from cloud\\.audit_logs where cloud\\.type = '(aws|azure|gcp)' AND json\\.rule = "
                             f"\\$[.A-Za-z]+ (=|contains) '{NAME}'", body.get("query", ""))
        if not match:
            raise refuse(400, "invalid_query", body.get("query"))
        start, end = self.span(body.get("timeRange"))
        hits = [{name: value for name, value in one.items() if name != "resource"} for one in self.events
                if one["resource"] == match[3] and start <= one["eventTs"] <= end]
        return 200, {"data": {"items": hits[:body.get("limit", 100)], "totalRows": len(hits)}, "query": body["query"]}

    def list_policies(self, call):
        if set(call.query) - {"policy.type", "policy.policyMode"}:
            raise refuse(400, "unknown_parameter", str(call.query))
        return 200, [one for one in self.policies if one["policyType"] == call.query.get("policy.type", one["policyType"])]

    # Data Security -----------------------------------------------------------------------------------------------

    def list_data_resources(self, _):
        return 200, {"resources": self.data_resources}

    def list_data_objects(self, call):
        body = self.members(call, {"detailed", "fields", "filters", "groupBy", "limit", "offset", "orderBy", "page",
                                   "pageToken", "sortBy", "tableLevel", "timeRange"})
        if body.get("tableLevel") != 4:
            raise refuse(400, "missing_required_parameter", "tableLevel")
        self.span(body.get("timeRange"))
        names = {one["value"] for one in body.get("filters", []) if one["name"] == "resource.name"}
        hits = [one for one in self.data_objects if not names or one["resourceName"] in names]
        return 200, {"items": hits[:body.get("limit", 100)], "page": body.get("page", 1), "limit": body.get("limit", 100),
                     "totalItems": len(hits)}

    def list_profiles(self, _):
        return 200, {"profiles": self.profiles}

    def list_patterns(self, call):
        self.members(call, {"modeFilter", "timeRange", "updatedByFilter"})
        return 200, {"patterns": self.patterns, "modeFilter": [], "lastUpdatedByFilter": []}

    # For tests ---------------------------------------------------------------------------------------------------

    def add_unscanned(self, name, account="111122223333", scanned=False, objects=(), service="S3", cloud="aws"):
        """A bucket of Data Security's inventory, by default never scanned."""
        rrn = f"rrn:aws:storageBucket:eu-central-1:{account}:hash-{name}:{name}"
        with self.lock:
            self.data_resources.append({"resourceName": name, "resourceRrn": rrn, "accountId": account,
                                        "accountName": "Acme Production", "cloudType": cloud, "serviceName": service,
                                        "scanStatus": scanned, "storageSize": {"size": 1}})
            for one in objects:
                self.data_objects.append({"resourceName": name, "objectName": one, "objectId": f"{name}/{one}",
                                          "dataProfiles": [], "dssScannedTime": None})
