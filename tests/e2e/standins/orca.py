"""An Orca organisation: alerts, their event logs, the inventory graph behind the serving layer, tags and automations.

Queries of the serving layer are really evaluated; keys, operators, members and paths that it doesn't know are
complaints. Every `PUT …/comment` adds one more comment. Tag keys are unique over all rules, as are their names. An
alert that doesn't exist is a 500 that says so, as the real one's.

    orca = Orca()
    orca.add_asset("bucket_1", "AwsS3Bucket", "payments", Arn="arn:aws:s3:::payments", Exposure="public_facing")
    orca.add_asset("role_1", "AwsIamRole", "payments-etl")
    orca.relate("bucket_1", "Roles", "role_1", "Buckets")
    orca.add_alert("orca-1", title="Bucket is public", risk="high", asset="bucket_1")
    orca.change("orca-1", status="closed")            # moves `last_updated`
    config["sources"][0]["api"] = orca.api()          # url and token
    orca.denied.add("/api/automations")               # 403 from there on
    orca.tags_of("bucket_1")                          # what the tag rules put on an asset

`page_size` is the most one answer lists, whatever `limit` asks for.
"""

import datetime
import json
import re
import time
import urllib.parse

from .stand_in import Refusal, StandIn

TOKEN = "orca-api-token"
STATUS_CALLS = {"open": "open", "in_progress": "in_progress", "close": "closed", "dismiss": "dismissed"}
ALERT_KEYS = {"AlertId", "Name", "Status", "RiskLevel", "Category", "Title", "LastUpdated", "LastSeen", "CreatedAt",
              "AlertType", "Severity", "OrcaScore"}
ASSET_KEYS = {"asset_unique_id", "AssetUniqueId", "Name", "NewCategory", "NewSubCategory", "Exposure", "Type"}
QUERY_MEMBERS = {"query", "limit", "start_at_index", "order_by[]", "select", "additional_models[]", "full_graph_fetch",
                 "max_tier", "get_results_and_count", "flat_json", "debug_enable_bu_tags"}


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds")


def refuse(status, words):
    return Refusal(status, {"status": "failure", "error": words})


class Orca(StandIn):
    def __init__(self, page_size=10000):
        self.page_size = page_size
        self.denied = set()
        self.alerts, self.assets, self.logs, self.tag_rules = {}, {}, {}, {}
        self.sensitive = {}
        self.automations, self.detectors, self.dspm_policies = [], [], []
        self.good_tokens = {TOKEN}
        super().__init__()

    def api(self, **more):
        """The section `sources[].api` for this stand-in."""
        return {"url": self.url, "token": TOKEN, "rate": "1000/s", **more}

    # The organisation's content ----------------------------------------------------------------------------------

    def add_alert(self, alert_id, title="An alert", risk="medium", status="open", category="Data at risk", asset=None,
                  at=None, **more):
        """`at`: when it was created, Unix seconds; `asset`: the inventory's key of its asset."""
        created = stamp(at or time.time())
        of = self.assets.get(asset, {})
        fields = of.get("fields", {})
        alert = {"type": "rule_" + re.sub(r"\W+", "_", title.lower()), "type_string": title, "rule_id": "r-" + title,
                 "category": category, "description": title + ".", "details": title + " in detail.",
                 "recommendation": "Close it.", "alert_labels": [], "cloud_provider": "aws",
                 "cloud_vendor_id": "111122223333", "account_name": "Acme Production",
                 "asset_unique_id": asset or "asset_unknown", "asset_name": of.get("name", "unknown"),
                 "asset_type": "storage", "asset_type_string": of.get("type", "Asset"),
                 "asset_vendor_id": fields.get("Arn", of.get("name", "unknown")), "asset_regions": ["eu-central-1"],
                 "state": {"alert_id": alert_id, "status": status, "created_at": created, "last_seen": created,
                           "last_updated": created, "risk_level": risk, "orca_score": 5.0, "severity": "hazardous",
                           "score": 3},
                 "configuration": {}, **more}
        with self.lock:
            self.alerts[alert_id] = alert
            self.logs.setdefault(alert_id, [])
        return alert

    def change(self, alert_id, **state):
        """Sets members of `state`; whatever it is, Orca updated the alert now."""
        with self.lock:
            old = datetime.datetime.fromisoformat(self.alerts[alert_id]["state"]["last_updated"]).timestamp()
            self.alerts[alert_id]["state"].update(state, last_updated=stamp(max(time.time(), old + 0.001)))

    def add_asset(self, key, model, name, category="Storage", **fields):
        with self.lock:
            self.assets[key] = {"type": model, "name": name, "relations": {},
                                "fields": {"Name": name, "NewCategory": category, "Exposure": "none", **fields}}

    def relate(self, one, name, other, back=None):
        """`one` has `other` among its relation `name`, and the other way by `back`."""
        with self.lock:
            self.assets[one]["relations"].setdefault(name, []).append(other)
            if back:
                self.assets[other]["relations"].setdefault(back, []).append(one)

    def find_data(self, asset, *names):
        """Orca's DSPM found data of these names in the asset."""
        with self.lock:
            self.sensitive.setdefault(asset, []).extend(names)

    def add_automation(self, name, action_type=12, status="enabled", **conditions):
        """By default one that sends to a webhook; `Status=["open"]` and the like say which alerts it picks."""
        with_ = {"operator": "and", "type": "operation",
                 "values": [{"key": key, "values": values, "type": "str", "operator": "in"}
                            for key, values in conditions.items()]}
        self.automations.append({"id": str(len(self.automations)), "name": name, "status": status,
                                 "actions": [{"type": action_type, "data": {}}],
                                 "filter": {"sonar_query": {"models": ["Alert"], "type": "object_set", "with": with_}}})

    # Requests ----------------------------------------------------------------------------------------------------

    def answer(self, call):
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "token" or token not in self.good_tokens:
            raise Refusal(401, {"detail": "Invalid token."})
        try:
            if any(call.path.startswith(prefix) for prefix in self.denied):
                raise refuse(403, "permission_denied")
            for method, pattern, handler in self.routes():
                match = re.fullmatch(pattern, call.path)
                if match and call.method == method:
                    return handler(call, *map(urllib.parse.unquote, match.groups()))
            self.complain(f"no such call: {call.method} {call.path}")
            raise refuse(404, "not found")
        except Refusal as refusal:
            if refusal.status == 400 and not refusal.body.get("expected"):
                self.complain(f"{call.method} {call.path} {call.raw[:500]}: {refusal.body}")
            raise

    def routes(self):
        alert = "/api/alerts/([^/]+)"
        return [("POST", "/api/serving-layer/query", self.query), ("GET", alert, self.read_alert),
                ("GET", alert + "/event_log", self.event_log), ("PUT", alert + "/comment", self.comment),
                ("PUT", alert + "/status/([a-z_]+)", self.set_status), ("PUT", alert + "/snooze", self.snooze),
                ("GET", "/api/automations", self.list_automations), ("GET", "/api/custom_tags", self.list_tags),
                ("POST", "/api/custom_tags", self.create_tag), ("PUT", "/api/custom_tags/([^/]+)", self.update_tag),
                ("GET", "/api/custom_tags/([^/]+)", self.read_tag),
                ("GET", "/api/scan_configuration/dspm_detector", lambda _: self.listed(self.detectors)),
                ("GET", "/api/scan_configuration/dspm_policies", lambda _: self.listed(self.dspm_policies))]

    @staticmethod
    def listed(items, **more):
        return 200, {"status": "success", "data": items, **more}

    @staticmethod
    def members(call, known):
        if not isinstance(call.body, dict):
            raise refuse(400, "the body is no JSON object")
        if unknown := set(call.body) - known:
            raise refuse(400, f"unknown fields {sorted(unknown)}")
        return call.body

    def window(self, call, most=1000):
        """(start, limit) of the query string."""
        if set(call.query) - {"limit", "start_at_index"}:
            raise refuse(400, f"unknown parameters {call.query}")
        return int(call.query.get("start_at_index", 0)), min(int(call.query.get("limit", 20)), most, self.page_size)

    # Alerts ------------------------------------------------------------------------------------------------------

    def alert(self, alert_id):
        if alert_id not in self.alerts:
            raise refuse(500, f"alert_id {alert_id} does not exist")
        return self.alerts[alert_id]

    def read_alert(self, _, alert_id):
        return 200, {"status": "success", "data": self.alert(alert_id)}

    def event_log(self, call, alert_id):
        self.alert(alert_id)
        start, limit = self.window(call)
        newest_first = list(reversed(self.logs[alert_id]))
        return 200, {"status": "success", "event_log": newest_first[start:start + limit],
                     "total_items": len(newest_first)}

    def log(self, alert_id, kind, details, **more):
        entry = {"unique_id": f"{alert_id}-{len(self.logs[alert_id])}", "user_email": "dossier@acme.example",
                 "alert_id": alert_id, "asset_unique_id": self.alerts[alert_id].get("asset_unique_id"),
                 "create_time": stamp(time.time()), "type": kind, "details": details, **more}
        self.logs[alert_id].append(entry)
        return entry

    def by_hand(self, alert_id, email, comment=None, status=None, at=None):
        """What a person does in Orca's own console: a comment, or another status."""
        with self.lock:
            old = self.alerts[alert_id]["state"]["status"]
            when = {} if at is None else {"create_time": stamp(at)}
            if comment is not None:
                self.log(alert_id, "comment", {"description": "Added comment", "comment": comment}, user_email=email, **when)
            else:
                self.log(alert_id, "set_status", {"description": "Alert status changed", "from": old, "to": status},
                         sub_type=status, user_email=email, **when)
                self.alerts[alert_id]["state"]["status"] = status

    def comment(self, call, alert_id):
        text = self.members(call, {"comment"}).get("comment")
        if not isinstance(text, str) or not text.strip():
            raise refuse(400, "comment is required")
        self.alert(alert_id)
        entry = self.log(alert_id, "comment", {"description": "Added comment", "comment": text})
        self.change(alert_id)
        return 200, entry

    def set_status(self, call, alert_id, word):
        if call.raw:
            raise refuse(400, "a change of status has no body")
        if word not in STATUS_CALLS:
            raise refuse(400, f"no status {word}")
        old, new = self.alert(alert_id)["state"]["status"], STATUS_CALLS[word]
        if old == new:
            raise refuse(400, f"status is already {new}")
        self.change(alert_id, status=new)
        return 200, {"data": self.log(alert_id, "set_status", {"description": "Alert status changed", "from": old,
                                                               "to": new}, sub_type=new)}

    def snooze(self, call, alert_id):
        if not isinstance(self.members(call, {"days"}).get("days"), int):
            raise refuse(400, "days is required")
        self.alert(alert_id)
        self.change(alert_id, status="snoozed")
        return 200, {"status": "success"}

    def list_automations(self, call):
        start, limit = self.window(call, 300)
        return self.listed(self.automations[start:start + limit], total_items=len(self.automations))

    # The serving layer -------------------------------------------------------------------------------------------

    def query(self, call):
        body = self.members(call, QUERY_MEMBERS)
        query = body.get("query")
        if not isinstance(query, dict) or set(query) - {"models", "type", "with"} or query.get("type") != "object_set":
            raise refuse(400, f"query {query}")
        models = query.get("models")
        if models == ["Alert"]:
            keys, objects = ALERT_KEYS, [self.served(one) for one in self.alerts.values()]
        elif models == ["Inventory"]:
            keys, objects = ASSET_KEYS, [self.served_asset(key, body) for key in self.assets]
        else:
            raise refuse(400, f"unknown models {models}")
        hits = [one for one in objects if "with" not in query or self.matches(query["with"], one, keys)]
        for order in reversed(body.get("order_by[]", [])):
            name = order.lstrip("-")
            if name not in keys:
                raise refuse(400, f"can't order by {name}")
            hits.sort(key=lambda one: str(self.value(one, name)), reverse=order.startswith("-"))
        start, limit = body.get("start_at_index", 0), body.get("limit", 100)
        if not isinstance(limit, int) or not 0 < limit <= 10000 or not isinstance(start, int) or start < 0:
            raise refuse(400, f"limit {limit}, start_at_index {start}")
        return self.listed(hits[start:start + min(limit, self.page_size)], total_items=len(hits))

    @staticmethod
    def value(served, key):
        if key in ("asset_unique_id", "AssetUniqueId"):
            return served.get("asset_unique_id")
        return served["data"].get(key, {}).get("value")

    def matches(self, condition, served, keys):
        operator, values = condition.get("operator"), condition.get("values")
        if condition.get("type") == "operation" and operator in ("and", "or"):
            judged = [self.matches(one, served, keys) for one in values]
            return all(judged) if operator == "and" else any(judged)
        if set(condition) - {"key", "values", "type", "operator", "value_type"} or condition.get("key") not in keys:
            raise refuse(400, f"condition {condition}")
        value = self.value(served, condition["key"])
        if operator == "in" and condition["type"] == "str" and all(isinstance(one, str) for one in values):
            return value in values
        if operator == "date_range" and condition["type"] == "datetime" and len(values) == 2:
            at = datetime.datetime.fromisoformat(value).timestamp() * 1000
            return values[0] <= at <= values[1]
        raise refuse(400, f"operator {operator} of {condition}")

    def served(self, alert):
        """The serving layer's form of a flat alert."""
        state = alert["state"]
        asset = {name: alert.get(name) for name in ("asset_unique_id", "asset_name", "asset_type", "asset_vendor_id",
                                                    "asset_type_string", "account_name", "cloud_provider",
                                                    "cloud_vendor_id", "asset_regions")}
        fields = {"AlertId": state["alert_id"].removeprefix("orca-"), "Name": state["alert_id"],
                  "Title": alert["type_string"], "AlertType": alert["type"], "Category": alert["category"],
                  "Status": state["status"], "RiskLevel": state["risk_level"], "OrcaScore": state["orca_score"],
                  "Severity": state["severity"], "Score": state["score"], "Description": alert["description"],
                  "Details": alert["details"], "Recommendation": alert["recommendation"],
                  "Labels": alert["alert_labels"], "RuleId": alert["rule_id"], "CreatedAt": state["created_at"],
                  "LastSeen": state["last_seen"], "LastUpdated": state["last_updated"], "AssetData": asset}
        return {"id": "served-" + state["alert_id"], "type": "Alert", "name": state["alert_id"],
                "asset_unique_id": alert.get("asset_unique_id"),
                "data": {name: {"value": value} for name, value in fields.items()}}

    def bare_asset(self, key):
        asset = self.assets[key]
        return {"id": "served-" + key, "type": asset["type"], "name": asset["name"], "asset_unique_id": key,
                "data": {name: {"value": value} for name, value in asset["fields"].items()}}

    def served_asset(self, key, body):
        """With its relations, where these are asked for the way the real one wants it."""
        served = self.bare_asset(key)
        models = body.get("additional_models[]", [])
        if models and body.get("full_graph_fetch") == {"enabled": True}:
            if "Inventory" in models:
                for name, others in self.assets[key]["relations"].items():
                    served["data"][name] = {"models": [self.bare_asset(one) for one in others], "remaining": 0}
            if "SensitiveData" in models and key in self.sensitive:
                served["data"]["SensitiveData"] = [{"id": f"{key}-{name}", "type": "SensitiveData", "name": name,
                                                    "data": {"Name": {"value": name}}} for name in self.sensitive[key]]
            if "CloudAccount" in models:
                served["data"]["CloudAccount"] = {"id": "account-1", "type": "CloudAccount", "name": "Acme Production",
                                                  "data": {"Name": {"value": "Acme Production"},
                                                           "CloudProvider": {"value": "aws"},
                                                           "CloudVendorId": {"value": "111122223333"}}}
        return served

    # Tags --------------------------------------------------------------------------------------------------------

    def list_tags(self, _):
        return self.listed(list(self.tag_rules.values()))

    def read_tag(self, _, rule_id):
        if rule_id not in self.tag_rules:
            raise refuse(404, "not found")
        return 200, {"status": "success", "data": self.tag_rules[rule_id]}

    def check_tag(self, call, own=None):
        body = self.members(call, {"name", "description", "tags", "rule", "rule_type", "disabled"})
        tags, kind = body.get("tags"), body.get("rule_type")
        if not isinstance(tags, dict) or not tags or not all(isinstance(one, str) for one in tags.values()):
            raise refuse(400, "tags are texts by key")
        if kind not in ("string", "json") or not isinstance(body.get("rule"), {"string": str}.get(kind, dict)):
            raise refuse(400, "rule does not fit rule_type")
        if kind == "json":
            self.tagged(body["rule"])
        for rule in self.tag_rules.values():
            if rule["id"] == own:
                continue
            if rule["name"] == body.get("name"):
                raise Refusal(400, {"status": "failure", "error": "name is taken", "expected": False})
            if taken := set(rule["tags"]) & set(tags):
                raise Refusal(400, {"status": "failure", "error": f"tag key {sorted(taken)[0]} exists", "expected": False})
        return body

    def create_tag(self, call):
        rule_id = f"tag-rule-{len(self.tag_rules)}"
        self.tag_rules[rule_id] = {"id": rule_id, **self.check_tag(call)}
        return 200, {"status": "success", "data": {"tags_rule_id": rule_id}}

    def update_tag(self, call, rule_id):
        if rule_id not in self.tag_rules:
            raise refuse(404, "not found")
        self.tag_rules[rule_id] = {"id": rule_id, **self.check_tag(call, rule_id)}
        return 200, {"status": "success", "data": self.tag_rules[rule_id]}

    def tagged(self, rule):
        if rule.get("models") != ["Inventory"] or rule.get("type") != "object_set":
            raise refuse(400, f"rule {json.dumps(rule)}")
        return [key for key in self.assets if self.matches(rule["with"], self.bare_asset(key), ASSET_KEYS)]

    # For tests ---------------------------------------------------------------------------------------------------

    def tags_of(self, asset):
        with self.lock:
            return {key: value for rule in self.tag_rules.values() if asset in self.tagged(rule["rule"])
                    for key, value in rule["tags"].items()}

    def comments_of(self, alert_id):
        with self.lock:
            return [one["details"]["comment"] for one in self.logs[alert_id] if one["type"] == "comment"]
