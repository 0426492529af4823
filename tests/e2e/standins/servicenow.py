"""A ServiceNow Table API of `incident`, `sys_user` and `sys_journal_field`, with the traps of the real one.

A query part that it can't read or whose column it doesn't know is dropped, so that every row matches; `correlation_id`
is not unique; journal columns read back empty; reference columns come back as link and value. What the real one would
ignore in silence (an unknown column) is a complaint here.
"""

import base64
import re
import time
import urllib.parse
import uuid

from . import contracts
from .stand_in import Refusal, StandIn

USER, PASSWORD = "svc-dossier", "servicenow-password"
CLIENT_ID, CLIENT_SECRET = "oauth-client", "oauth-client-secret"
TEXT = {"short_description": 160, "description": 4000, "work_notes": 4000, "comments": 4000, "close_notes": 4000,
        "correlation_id": 100, "correlation_display": 100}
CODES = {"state": {"1", "2", "3", "6", "7", "8"}, "impact": {"1", "2", "3"}, "urgency": {"1", "2", "3"}}
OTHERS = {"due_date", "hold_reason", "close_code", "category", "subcategory", "contact_type", "caller_id"}
REFERENCES = {"assigned_to": "sys_user", "assignment_group": "sys_user_group", "parent_incident": "incident"}
STATES = {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"}
JOURNALS = ("work_notes", "comments")
COLUMNS = {"incident": {*TEXT, *CODES, *OTHERS, *REFERENCES, "sys_id", "number", "sys_created_on",
                        "sys_updated_on", "sys_mod_count"},
           "sys_user_group": {"sys_id", "name", "active"},
           "sys_user": {"sys_id", "email", "active", "name", "user_name"},
           "sys_journal_field": {"sys_id", "element_id", "element", "value", "name", "sys_created_on"}}


def refuse(status, message, detail=None, **headers):
    return Refusal(status, {"error": {"message": message, "detail": detail}, "status": "failure"}, headers)


def minutes_ago(text):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 60 * int(text)))


def new_id():
    return uuid.uuid4().hex


class ServiceNow(StandIn):
    def __init__(self):
        self.tables = {name: [] for name in COLUMNS}
        self.hidden_columns = set()  # by an ACL: can neither be read nor queried
        self.contract = contracts.open_api("servicenow.openapi.json")
        for name, email, active in (("Alice Ngo", "alice@acme.example", "true"), ("Bob", "bob@acme.example", "false")):
            self.tables["sys_user"].append({"sys_id": new_id(), "email": email, "active": active, "name": name,
                                            "user_name": email.split("@")[0]})
        for name, active in (("payments-oncall", "true"), ("payments-oncall-eu", "true"), ("retired", "false")):
            self.tables["sys_user_group"].append({"sys_id": new_id(), "name": name, "active": active})
        self.attachments = []
        self.tokens = set()  # of OAuth; what is taken out has expired
        self.grants = []
        # Somebody else's tickets, with an empty correlation id as most have.
        for number in ("INC0000001", "INC0000002"):
            self.tables["incident"].append({"sys_id": new_id(), "number": number, "correlation_id": "", "state": "1",
                                            "short_description": "Printer on fire", "sys_created_on": "2020-01-01"})
        super().__init__()

    def config(self, **more):
        return {"name": "snow", "kind": "servicenow", "url": self.url, "user": USER, "password": PASSWORD,
                "table": "incident", **more}

    def answer(self, call):
        if call.path == "/oauth_token.do":
            return self.grant(call)
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if call.headers.get("authorization") not in {basic, *(f"Bearer {token}" for token in self.tokens)}:
            raise refuse(401, "User Not Authenticated", "Required to provide Auth information")
        if not call.headers.get("accept") or call.method != "GET" and not call.headers.get("content-type"):
            self.complain(f"{call.method} {call.path} lacks Accept or Content-Type")
            raise refuse(400, "Accept and Content-Type are required")
        if call.path == "/api/now/attachment":
            wanted = dict(part.split("=", 1) for part in call.query.get("sysparm_query", "").split("^"))
            return 200, {"result": [{name: one[name] for name in ("table_name", "table_sys_id", "file_name")}
                                    for one in self.attachments if wanted.items() <= one.items()]}
        if call.path == "/api/now/attachment/file":
            return self.attach(call)
        match = re.fullmatch(r"/api/now/table/(\w+)(?:/([0-9a-f]{32}))?", call.path)
        if not match or match[1] not in self.tables:
            raise refuse(400, f"Invalid table {match and match[1]}")
        table, sys_id = match.groups()
        if call.method == "GET":
            return self.read(call, table, sys_id)
        if table != "incident":
            raise refuse(403, "Operation Failed", "ACL Exception")
        columns = self.checked(call)
        if call.method == "POST" and sys_id is None:
            row = {"sys_id": new_id(), "number": f"INC{10000 + len(self.tables[table]):07d}", "state": "1",
                   "correlation_id": "", "assigned_to": "", "sys_created_on": f"{time.time():.6f}"}
            self.data_policy({**row, **columns})
            self.tables[table].append(row)
            self.write(row, columns)
            return 201, {"result": self.shown(row, call)}
        if call.method == "PATCH" and sys_id:
            row = self.row(table, sys_id)
            if row["state"] in ("7", "8") and "state" in columns and columns["state"] not in ("7", "8"):
                raise refuse(403, "Operation Failed", "A closed incident can't be reopened")
            self.data_policy({**row, **columns})
            self.write(row, columns)
            return 200, {"result": self.shown(row, call)}
        raise refuse(405, "Method not supported")

    def grant(self, call):
        form = dict(urllib.parse.parse_qsl(call.raw.decode()))
        if call.headers.get("content-type") != "application/x-www-form-urlencoded":
            self.complain("the token endpoint takes a form")
        self.grants.append(form.get("grant_type"))
        good = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if form.get("grant_type") == "password":
            good |= {"username": USER, "password": PASSWORD}
        if form.get("grant_type") not in ("password", "client_credentials") or not good.items() <= form.items():
            raise Refusal(401, {"error": "access_denied", "error_description": "access_denied"})
        token = new_id()
        self.tokens.add(token)
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 1799, "scope": "useraccount"}

    def attach(self, call):
        if call.method != "POST" or set(call.query) != {"table_name", "table_sys_id", "file_name"}:
            self.complain(f"unreadable attachment request {call.target}")
            raise refuse(400, "Invalid request")
        self.row(call.query["table_name"], call.query["table_sys_id"])
        self.attachments.append({**call.query, "content": call.raw, "content_type": call.headers["content-type"]})
        return 201, {"result": {"sys_id": new_id(), **call.query, "size_bytes": str(len(call.raw))}}

    def checked(self, call):
        body = call.body
        problem = None
        if not isinstance(body, dict):
            problem = "the body is no JSON object"
        else:
            for name, value in body.items():
                if name not in COLUMNS["incident"]:
                    self.complain(f"unknown column {name}, which would be ignored in silence")
                elif not isinstance(value, str):
                    problem = f"{name} is no string"
                elif len(value) > TEXT.get(name, 1000):
                    problem = f"{name} has {len(value)} characters"
                elif name in CODES and value not in CODES[name]:
                    problem = f"{name} can't be {value}"
                elif name == "due_date" and not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value):
                    problem = f"{name} is no time as 2026-12-04 22:59:59"
                elif name in REFERENCES and value and not re.fullmatch("[0-9a-f]{32}", value):
                    problem = f"{name} is no sys_id"
            if not problem and self.contract and (errors := self.contract.errors(call.method, call.path, body)):
                problem = "contract: " + "; ".join(errors)
        if problem:
            self.complain(f"{call.method} {call.path}: {problem}")
            raise refuse(400, "Invalid request", problem)
        return {name: value for name, value in body.items() if name in COLUMNS["incident"]}

    @staticmethod
    def data_policy(row):
        if row["state"] == "3" and not row.get("hold_reason"):
            raise refuse(403, "Operation Failed", "Data Policy Exception: hold_reason is mandatory")
        if row["state"] in ("6", "7") and not (row.get("close_code") and row.get("close_notes")):
            raise refuse(403, "Operation Failed", "Data Policy Exception: close_code, close_notes are mandatory")

    def write(self, row, columns):
        row["sys_updated_on"] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        row["sys_mod_count"] = str(int(row.get("sys_mod_count", "-1")) + 1)
        for name, value in columns.items():
            if name in JOURNALS:
                self.tables["sys_journal_field"].append(
                    {"sys_id": new_id(), "element_id": row["sys_id"], "element": name, "value": value,
                     "name": "incident", "sys_created_on": f"{time.time():.6f}"})
            elif name not in self.hidden_columns:
                row[name] = value

    def row(self, table, sys_id):
        found = next((row for row in self.tables[table] if row["sys_id"] == sys_id), None)
        if not found:
            raise refuse(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        return found

    def read(self, call, table, sys_id):
        if sys_id:
            return 200, {"result": self.shown(self.row(table, sys_id), call)}
        rows = self.query(table, call.query.get("sysparm_query", ""))
        limit = int(call.query.get("sysparm_limit", 10000))
        return 200, {"result": [self.shown(row, call) for row in rows[:limit]]}

    def query(self, table, text):
        rows = list(self.tables[table])
        for part in text.split("^"):
            if part.startswith("ORDERBY"):
                rows.sort(key=lambda row: row.get(part.removeprefix("ORDERBY"), ""))
                continue
            match = re.fullmatch(r"([a-z_]+)(!=|=|>|LIKE|STARTSWITH|RELATIVEGT@minute@ago@)(.*)", part, re.DOTALL)
            if not match or match[1] not in COLUMNS[table] - self.hidden_columns:
                continue  # dropped: all other rows match
            column, operator, value = match.groups()
            test = {"=": lambda have: have == value, "!=": lambda have: have != value,
                    "LIKE": lambda have: value.lower() in have.lower(),
                    "STARTSWITH": lambda have: have.startswith(value), ">": lambda have: have > value,
                    "RELATIVEGT@minute@ago@": lambda have: have > minutes_ago(value)}[operator]
            rows = [row for row in rows if test(row.get(column, ""))]
        return rows

    def shown(self, row, call):
        wanted = call.query.get("sysparm_fields")
        if call.query.get("sysparm_display_value") == "all":
            return self.shown_both_ways(row, wanted.split(",") if wanted else list(row))
        as_link = call.query.get("sysparm_exclude_reference_link") != "true"
        out = {}
        for name, value in row.items():
            if name in self.hidden_columns or wanted and name not in wanted.split(","):
                continue
            is_reference = name in REFERENCES and value and as_link
            out[name] = {"link": f"{self.url}/api/now/table/{REFERENCES[name]}/{value}", "value": value} \
                if is_reference else value
        return out

    def shown_both_ways(self, row, wanted):
        """Each column as {value, display_value}; "assigned_to.email" walks to the record that it names."""
        out = {}
        for name in wanted:
            column, _, rest = name.partition(".")
            value = row.get(column, "")
            if name in self.hidden_columns or column in JOURNALS:
                continue
            display = STATES.get(value, value) if name == "state" else value
            if column in REFERENCES and value:
                other = self.row(REFERENCES[column], value)
                display = other.get(rest or "name") or other.get("number", "")
                value = display if rest else value
            out[name] = {"value": value, "display_value": display}
        return out

    # For tests ---------------------------------------------------------------------------------------------------

    def change(self, row, columns):
        """As a person does it by hand, who fills in what the form demands."""
        self.write(row, columns)

    def all(self):
        """Our tickets; those of others have an empty correlation id."""
        with self.lock:
            return [row for row in self.tables["incident"] if row["number"] not in ("INC0000001", "INC0000002")]

    def notes(self, row):
        with self.lock:
            return [one["value"] for one in self.tables["sys_journal_field"] if one["element_id"] == row["sys_id"]]

    def group(self, name):
        return next(row["sys_id"] for row in self.tables["sys_user_group"] if row["name"] == name)

    def user(self, email):
        return next(row["sys_id"] for row in self.tables["sys_user"] if row["email"] == email)

    def creates(self):
        return self.calls("POST", "/api/now/table/incident")
