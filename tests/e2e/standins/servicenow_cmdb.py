"""The tables of a ServiceNow instance that describe cloud assets, read-only, with the traps of the real Table API.

A condition that it can't read, whose column it doesn't know or whose column an ACL hides is dropped: without any other
condition every row matches. Columns that an ACL hides are left out of the rows. Field values come as {display_value,
value}. Basic authentication or an OAuth token with a short life. What the real one would answer with a surprise is a
complaint: a read without sysparm_limit, without a condition, or with an URL that instances refuse.
"""

import base64
import re
import time
import uuid

from .stand_in import Refusal, StandIn

USER, PASSWORD = "svc-dossier", "cmdb-password"
CLIENT, SECRET = "dossier-client", "dossier-client-secret"
REFERENCES = {"owned_by": "sys_user", "managed_by": "sys_user", "assigned_to": "sys_user",
              "support_group": "sys_user_group", "managed_by_group": "sys_user_group", "department": "cmn_department",
              "business_unit": "business_unit"}
COLUMNS = {
    "cmdb_ci": {"sys_id", "name", "sys_class_name", "object_id", "correlation_id", "owned_by", "managed_by",
                "managed_by_group", "support_group", "assigned_to", "business_unit", "department", "cost_center",
                "environment", "operational_status", "install_status", "busines_criticality", "sys_updated_on"},
    "sys_user": {"sys_id", "name", "email", "user_name", "active"},
    "sys_user_group": {"sys_id", "name"}, "cmn_department": {"sys_id", "name"}, "business_unit": {"sys_id", "name"},
    "svc_ci_assoc": {"sys_id", "ci_id", "service_id"},
    "cmdb_rel_ci": {"sys_id", "parent", "child", "type"},
    "cmdb_ci_service": {"sys_id", "name", "busines_criticality", "owned_by", "support_group"},
    "cmdb_key_value": {"sys_id", "configuration_item", "key", "value"},
}
MOST_URL = 8_000


def refuse(status, message, **headers):
    return Refusal(status, {"error": {"message": message, "detail": None}, "status": "failure"}, headers)


class ServiceNowCmdb(StandIn):
    def __init__(self, token_life=3600):
        self.tables = {name: [] for name in COLUMNS}
        self.hidden_columns = set()
        self.forbidden_tables = set()
        self.token_life = token_life
        self.tokens = {}
        super().__init__()

    def config(self, **more):
        return {"name": "snow", "kind": "servicenow", "url": self.url, "user": USER, "password": PASSWORD, **more}

    # Rows --------------------------------------------------------------------------------------------------------

    def add(self, table, **columns):
        row = {name: "" for name in COLUMNS[table]} | {"sys_id": uuid.uuid4().hex} | columns
        with self.lock:
            self.tables[table].append(row)
        return row["sys_id"]

    def named(self, table, name, **columns):
        """The sys_id of the row of that name, made where it is not there."""
        known = next((row["sys_id"] for row in self.tables[table] if row["name"] == name), None)
        return known or self.add(table, name=name, **columns)

    def person(self, name, email, active="true"):
        return self.named("sys_user", name, email=email, user_name=email.split("@")[0], active=active)

    # Answers -----------------------------------------------------------------------------------------------------

    def answer(self, call):
        if call.path == "/oauth_token.do":
            return self.token(call)
        self.authenticate(call)
        match = re.fullmatch(r"/api/now/table/(\w+)", call.path)
        if call.method != "GET" or not match or match[1] not in self.tables:
            raise refuse(400, f"Invalid table {match and match[1]}")
        if match[1] in self.forbidden_tables:
            raise refuse(403, "User Not Authorized")
        query, limit = call.query.get("sysparm_query", ""), call.query.get("sysparm_limit")
        if not limit or not query:
            self.complain(f"{call.path}: a read of the whole table")
        if call.query.get("sysparm_display_value") != "all" or call.query.get("sysparm_exclude_reference_link") != "true":
            self.complain(f"{call.path}: asked for values or links that it doesn't read")
        if sum(len(name) + len(value) * 1.1 for name, value in call.query.items()) > MOST_URL:
            self.complain(f"{call.path}: the URL is too long")
            raise refuse(414, "URI Too Long")
        rows = self.query(match[1], query)[:int(limit or 10_000)]
        fields = call.query.get("sysparm_fields", "").split(",")
        return 200, {"result": [self.shown(row, fields) for row in rows]}

    def token(self, call):
        form = dict(re.findall(r"([^&=]+)=([^&]*)", call.raw.decode()))
        good = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if form.get("grant_type") == "password":
            good = good and (form.get("username"), form.get("password")) == (USER, PASSWORD)
        if not good or form.get("grant_type") not in ("password", "client_credentials"):
            return 401, {"error": "invalid_client", "error_description": "access_denied"}
        token = uuid.uuid4().hex
        self.tokens[token] = time.monotonic() + self.token_life
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "useraccount"}

    def authenticate(self, call):
        given = call.headers.get("authorization", "")
        if given == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode():
            return
        if given.startswith("Bearer ") and self.tokens.get(given[7:], 0) > time.monotonic():
            return
        raise refuse(401, "User Not Authenticated")

    def query(self, table, text):
        groups = [[self.any_of(table, part) for part in re.split(r"\^(?!OR)", group)] for group in text.split("^NQ")]
        return [row for row in self.tables[table] if any(all(holds(row) for holds in group) for group in groups)]

    def any_of(self, table, part):
        conditions = [self.condition(table, one) for one in part.split("^OR")]
        known = [condition for condition in conditions if condition]
        return lambda row: any(holds(row) for holds in known) if known else True  # all dropped: every row

    def condition(self, table, text):
        match = re.fullmatch(r"([a-z_]+?)(ISNOTEMPTY|IN|!=|=|LIKE|STARTSWITH)(.*)", text, re.DOTALL)
        if not match or match[1] not in COLUMNS[table] - self.hidden_columns:
            return None
        column, operator, value = match[1], match[2], match[3].lower()
        values = set(value.split(","))
        return {"=": lambda row: row[column].lower() == value, "!=": lambda row: row[column].lower() != value,
                "ISNOTEMPTY": lambda row: bool(row[column]), "IN": lambda row: row[column].lower() in values,
                "LIKE": lambda row: value in row[column].lower(),
                "STARTSWITH": lambda row: row[column].lower().startswith(value)}[operator]

    def shown(self, row, fields):
        out = {}
        for name in fields:
            if name not in row or name in self.hidden_columns:
                continue
            value = display = row[name]
            if name in REFERENCES and value:
                display = next((r["name"] for r in self.tables[REFERENCES[name]] if r["sys_id"] == value), "")
            out[name] = {"display_value": display, "value": value}
        return out
