"""A Jira Cloud (REST v3) of one project: issues, comments, labels, users, transitions, files, links to pages outside, a
create screen and a search that lags. `jira_datacenter` makes a Data Center of it.

Bodies are held to the rules that Jira itself applies (closed search body, one-line summary, ADF, labels without white
space, string transition ids) and, where present, to the strict contract and the ADF schema. `index_lag` is how long a
new issue stays invisible to the search, `stores_labels` whether the create screen has the field Labels.
"""

import base64
import datetime
import json
import re
import time

from . import contracts
from .stand_in import Refusal, StandIn

USER, TOKEN = "bot@acme.example", "jira-api-token"
SEARCH_KEYS = {"jql", "fields", "maxResults", "nextPageToken", "expand", "properties", "fieldsByKeys", "failFast",
               "reconcileIssues"}
PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
BLOCKS = {"paragraph", "heading", "bulletList", "orderedList", "blockquote", "codeBlock", "rule", "panel", "table"}
CHILDREN = {"doc": BLOCKS, "bulletList": {"listItem"}, "orderedList": {"listItem"},
            "listItem": {"paragraph", "bulletList", "orderedList", "codeBlock"},
            "blockquote": {"paragraph", "bulletList", "orderedList", "codeBlock"},
            "panel": {"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "rule"},
            "table": {"tableRow"}, "tableRow": {"tableCell", "tableHeader"},
            "tableCell": BLOCKS - {"table"}, "tableHeader": BLOCKS - {"table"},
            "paragraph": {"text", "hardBreak"}, "heading": {"text", "hardBreak"}, "codeBlock": {"text"}}
ATTRIBUTES = {"heading": {"level"}, "panel": {"panelType"}, "codeBlock": {"language"}, "orderedList": {"order"},
              "table": {"isNumberColumnEnabled", "layout"}}
PANELS = {"info", "note", "warning", "error", "success"}
MARKS = {"strong", "em", "code", "link", "strike", "underline"}
STATUS = {"new": {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}},
          "indeterminate": {"id": "2", "name": "In Progress", "statusCategory": {"key": "indeterminate"}},
          "done": {"id": "3", "name": "Done", "statusCategory": {"key": "done"}}}
WORKFLOW = {"new": {"21": ("Start", "indeterminate"), "31": ("Done", "done")},
            "indeterminate": {"11": ("Stop", "new"), "31": ("Done", "done")},
            "done": {"41": ("Reopen", "new")}}


def adf_problem(node, within=None):
    """Why Jira would answer INVALID_INPUT to this document; None = it takes it."""
    if within is None:
        if not isinstance(node, dict) or set(node) != {"type", "version", "content"}:
            return "a document has exactly type, version and content"
        if node["type"] != "doc" or node["version"] != 1:
            return "not a doc of version 1"
        if len(json.dumps(node, ensure_ascii=False, separators=(",", ":"))) > 32767:
            return "CONTENT_LIMIT_EXCEEDED"
    kind = node.get("type") if isinstance(node, dict) else None
    if within is not None and kind not in CHILDREN[within]:
        return f"{kind} within {within}"
    known = {"type", "text", "marks"} if kind == "text" else {"type", "content", "attrs", "version"}
    if set(node) - known or set(node.get("attrs", {})) - ATTRIBUTES.get(kind, set()):
        return f"{kind} with members {sorted(node)} and attributes {sorted(node.get('attrs', {}))}"
    if kind == "text":
        text = node.get("text")
        if not isinstance(text, str) or not text:
            return f"text {text!r}"
        # Only a code block keeps line breaks and tabs within its text.
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f]" if within == "codeBlock" else r"[\x00-\x1f\x7f]", text):
            return f"text {text!r}"
        marks = [mark.get("type") for mark in node.get("marks", [])]
        if set(marks) - MARKS or len(set(marks)) != len(marks):
            return f"marks {marks}"
        if "code" in marks and set(marks) - {"code", "link"} or within == "codeBlock" and marks:
            return f"marks {marks} within {within}"
        for mark in node.get("marks", []):
            href = mark.get("attrs", {}).get("href", "")
            if mark["type"] == "link" and not re.match(r"(https?://|mailto:)\S+$", href):
                return f"link {mark}"
        return None
    if kind in ("hardBreak", "rule"):
        return None
    if kind == "heading" and node.get("attrs", {}).get("level") not in range(1, 7):
        return "heading level"
    if kind == "panel" and node.get("attrs", {}).get("panelType") not in PANELS:
        return "panel type"
    content = node.get("content", [])
    if not isinstance(content, list) or not content and kind in ("bulletList", "orderedList", "table", "listItem"):
        return f"empty {kind}"
    return next((problem for child in content if (problem := adf_problem(child, kind))), None)


def plain(node):
    """All text of a document, blocks on lines of their own."""
    if node.get("type") == "text":
        return node["text"]
    if node.get("type") == "hardBreak":
        return "\n"
    text = "".join(plain(child) for child in node.get("content", []))
    return text + "\n" if node.get("type") in BLOCKS | {"listItem"} else text


def nodes(node):
    yield node
    for child in node.get("content", []):
        yield from nodes(child)


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def field(key, name, kind, required=False, allowed=(), **schema):
    """A field of the create screen as createmeta tells it."""
    return {"fieldId": key, "key": key, "name": name, "required": required, "hasDefaultValue": False,
            "operations": ["set"], "schema": {"type": kind, **schema},
            **({"allowedValues": [{"id": str(100 + at), ("value" if kind == "option" else "name"): one}
                                  for at, one in enumerate(allowed)]} if allowed else {})}


def standard_screen():
    return [field("summary", "Summary", "string", True, system="summary"),
            field("issuetype", "Issue Type", "issuetype", True, ["Task"]),
            field("project", "Project", "project", True), field("reporter", "Reporter", "user", True),
            field("description", "Description", "string"),
            field("labels", "Labels", "array", items="string"), field("assignee", "Assignee", "user"),
            field("priority", "Priority", "priority", allowed=PRIORITIES)]


def refuse(status=400, *messages, **errors):
    return Refusal(status, {"errorMessages": list(messages), "errors": errors})


class Jira(StandIn):
    root = "/rest/api/3"
    contract_file = "jira-cloud-v3.strict.openapi.json"
    search_path = "/search/jql"

    def __init__(self, index_lag=0.0):
        self.screen = standard_screen()
        self.tells_screen = True
        self.issues = {}
        self.links = []
        self.index_lag = index_lag
        self.stores_labels = True
        self.withheld = set()  # permissions that the bot doesn't have
        self.issue_types = {"Task"}
        self.workflow = WORKFLOW
        self.meta_page_size = 5  # so that pages have to be turned
        self.epics = {"SEC-7"}
        self.users = [{"accountId": "acc-alice", "emailAddress": "alice@acme.example", "displayName": "Alice Ngo"},
                      {"accountId": "acc-alicia", "emailAddress": "alice@acme.example.org", "displayName": "Alicia"},
                      {"accountId": "acc-hidden", "emailAddress": "", "displayName": "alice@acme.example"}]
        self.contract = contracts.open_api(self.contract_file)
        self.adf_schema = contracts.adf()
        super().__init__()

    def config(self, **more):
        return {"name": "jira", "kind": "jira", "url": self.url, "flavour": "cloud", "user": USER, "token": TOKEN,
                "project": "SEC", "issue_type": "Task", **more}

    # Checks ------------------------------------------------------------------------------------------------------

    def is_known(self, authorization):
        return authorization == "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()

    def check_text(self, text, where):
        """Rich text: a document here, wiki markup in a Data Center."""
        if why := adf_problem(text):
            raise refuse(400, "INVALID_INPUT", **{where: why})
        if self.adf_schema and (errors := self.adf_schema.errors(text)):
            raise refuse(400, "INVALID_INPUT: " + "; ".join(errors))

    def check_body(self, call):
        """Our own reading of the rules first, the contract after it; both must be content."""
        body, path = call.body, call.path
        if path.endswith("/attachments"):
            return
        if not isinstance(body, dict) or not call.headers.get("content-type", "").startswith("application/json"):
            raise refuse(400, "There was an error parsing JSON. Check that your request body is valid.")
        if path == self.root + "/search/jql":
            if unknown := set(body) - SEARCH_KEYS:
                raise refuse(400, f"Unrecognized fields {sorted(unknown)}")
        elif path.startswith(self.root + "/issue") and path != self.root + "/issueLink":
            self.check_fields(body.get("fields", {}), path == self.root + "/issue")
            if path.endswith("/comment"):
                self.check_text(body.get("body"), "comment")
            for one in body.get("properties", []):
                if set(one) != {"key", "value"}:
                    raise refuse(400, "a property is a key and a value")
        if self.contract and (errors := self.contract.errors(call.method, path, body)):
            raise refuse(400, "contract: " + "; ".join(errors))

    def check_fields(self, fields, creates):
        screen = {one["fieldId"]: one for one in self.screen}
        for name, value in fields.items():
            if name not in screen:
                raise refuse(400, **{name: f"Field '{name}' cannot be set. It is not on the appropriate screen, or "
                                           "unknown."})
            if why := self.value_problem(screen[name], value):
                raise refuse(400, **{name: why})
        if creates:
            if fields.get("project") not in ({"key": "SEC"}, {"id": "10000"}):
                raise refuse(400, project="Specify a valid project ID or key")
            if fields.get("issuetype", {}).get("name") not in self.issue_types:
                raise refuse(400, issuetype="Specify a valid issue type")
            for one in self.screen:
                if one["required"] and one["fieldId"] not in fields and one["fieldId"] not in ("reporter", "summary"):
                    raise refuse(400, **{one["fieldId"]: f"{one['name']} is required."})
        if creates or "summary" in fields:
            summary = fields.get("summary")
            if not isinstance(summary, str) or not summary.strip():
                raise refuse(400, summary="You must specify a summary of the issue.")
            if re.search(r"[\r\n]", summary):
                raise refuse(400, summary="The summary is invalid because it contains newline characters.")
            if len(summary.encode("utf-16-le")) // 2 > 255:
                raise refuse(400, summary="Summary can't exceed 255 characters.")
        for label in fields.get("labels", []):
            self.check_label(label)
        if "description" in fields:
            self.check_text(fields["description"], "description")

    def value_problem(self, known, value):
        """What Jira has against the value of a configurable field."""
        kind, schema = known["schema"]["type"], known["schema"]
        values = value if kind == "array" else [value]
        if not isinstance(values, list):
            return "Operation value must be an array"
        for one in values:
            element = schema.get("items") if kind == "array" else kind
            if element in ("option", "priority", "component", "securitylevel"):
                offered = known.get("allowedValues", [])
                if not isinstance(one, dict) or not any(one.items() <= choice.items() for choice in offered):
                    return f"Specify a valid value for {known['name']}: {one}"
            elif element == "number" and not isinstance(one, (int, float)):
                return "Operation value must be a number"
            elif element == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(one)):
                return "Error parsing date string: " + str(one)
            elif element == "user" and self.person(one) is None:
                return f"User '{one}' doesn't exist"
            elif element == "issuelink" and one.get("key") not in self.epics:
                return "Given parent work item does not belong to appropriate hierarchy."
            elif schema.get("custom", "").endswith(":textarea"):
                self.check_text(one, known["fieldId"])
            elif schema.get("custom", "").endswith(":textfield") and (not isinstance(one, str) or len(one) > 255):
                return "Operation value must be a string of at most 255 characters"
        return None

    def person(self, value):
        """The user that {"accountId": …} names."""
        account = value.get("accountId") or value.get("id") if isinstance(value, dict) else None
        return next((one for one in self.users if one["accountId"] == account), None)

    @staticmethod
    def check_label(label):
        if not isinstance(label, str) or not label or re.search(r"\s", label) or len(label) > 255:
            raise refuse(400, labels=f"The label '{label}' contains spaces which is invalid.")

    # Answers -----------------------------------------------------------------------------------------------------

    def answer(self, call):
        if not self.is_known(call.headers.get("authorization")):
            raise refuse(401, "Client must be authenticated to access this resource.")
        try:
            if call.method in ("POST", "PUT"):
                self.check_body(call)
            for method, pattern, handler in self.routes():
                if call.method == method and (match := re.fullmatch(pattern, call.path)):
                    return handler(call, *match.groups())
            raise refuse(404, "null for uri: " + call.path)
        except Refusal as refusal:
            if refusal.status == 400:
                self.complain(f"{call.method} {call.path}: {refusal.body}")
            raise

    def routes(self):
        issue = self.root + "/issue"
        meta = issue + "/createmeta/([^/]+)/issuetypes"
        return [("GET", meta, self.list_types), ("GET", meta + "/([^/]+)", self.list_fields),
                ("POST", issue + "/([^/]+)/attachments", self.attach),
                ("POST", issue + "/([^/]+)/remotelink", self.remote_link),
                ("POST", issue, self.create), ("GET", issue + "/([^/]+)", self.read),
                ("PUT", issue + "/([^/]+)", self.edit), ("PUT", issue + "/([^/]+)/assignee", self.assign),
                ("GET", issue + "/([^/]+)/comment", self.list_comments),
                ("POST", issue + "/([^/]+)/comment", self.add_comment),
                ("GET", issue + "/([^/]+)/transitions", self.list_transitions),
                ("POST", issue + "/([^/]+)/transitions", self.transition),
                ("POST", self.root + "/issueLink", self.link),
                ("POST", self.root + self.search_path, self.search),
                ("GET", self.root + "/user/search", self.find_users),
                ("GET", self.root + "/myself", self.myself),
                ("GET", self.root + "/mypermissions", self.my_permissions)]

    def issue(self, key):
        found = self.issues.get(key) or next((one for one in self.issues.values() if one["id"] == key), None)
        if not found:
            raise refuse(404, "Issue does not exist or you do not have permission to see it.")
        return found

    def create(self, call):
        number = len(self.issues) + 1
        fields = dict(call.body["fields"])
        fields["labels"] = list(fields.get("labels", [])) if self.stores_labels else []
        issue = {"id": str(10000 + number), "key": f"SEC-{number}", "fields": fields, "comments": [],
                 "properties": call.body.get("properties", []), "created": time.monotonic(), "status": "new",
                 "links": [], "attachments": [], "remote_links": {}, "updated": datetime.datetime.now(datetime.timezone.utc)}
        fields.setdefault("assignee", None)
        self.issues[issue["key"]] = issue
        return 201, {"id": issue["id"], "key": issue["key"], "self": f"{self.url}{self.root}/issue/{issue['id']}"}

    def read(self, call, key):
        issue = self.issue(key)
        wanted = call.query.get("fields", "").split(",")
        fields = {**issue["fields"], "status": STATUS[issue["status"]], "issuelinks": issue["links"],
                  "attachment": [{"filename": one["filename"], "size": len(one["content"])}
                                 for one in issue["attachments"]],
                  "updated": stamp(issue["updated"])}
        return 200, {"id": issue["id"], "key": issue["key"],
                     "fields": {name: value for name, value in fields.items() if name in wanted or wanted == [""]}}

    def edit(self, call, key):
        fields = self.issue(key)["fields"]
        fields.update(call.body.get("fields", {}))
        for change in call.body.get("update", {}).get("labels", []):
            (verb, label), = change.items()
            self.check_label(label)
            if verb == "add" and label not in fields["labels"]:
                fields["labels"].append(label)
            if verb == "remove" and label in fields["labels"]:
                fields["labels"].remove(label)
        return 204, None

    def assign(self, call, key):
        user = self.person(call.body)
        if not user:
            raise refuse(400, assignee=f"User '{call.body}' cannot be assigned issues.")
        self.issue(key)["fields"]["assignee"] = user
        return 204, None

    def list_comments(self, call, key):
        comments = self.issue(key)["comments"]
        start, most = int(call.query.get("startAt", 0)), int(call.query.get("maxResults", 50))
        ordered = list(reversed(comments)) if call.query.get("orderBy") == "-created" else comments
        shown = [{name: value for name, value in one.items()
                  if name != "properties" or call.query.get("expand") == "properties"}
                 for one in ordered[start:start + most]]
        return 200, {"startAt": start, "maxResults": most, "total": len(comments), "comments": shown}

    def add_comment(self, call, key):
        comments = self.issue(key)["comments"]
        comment = {"id": str(len(comments) + 1), "body": call.body["body"],
                   "properties": call.body.get("properties", [])}
        comments.append(comment)
        return 201, comment

    def list_transitions(self, call, key):
        ways = self.workflow[self.issue(key)["status"]]
        return 200, {"transitions": [{"id": number, "name": name, "to": STATUS[to], "fields": {}}
                                     for number, (name, to) in ways.items()]}

    def transition(self, call, key):
        issue = self.issue(key)
        way = self.workflow[issue["status"]].get(call.body["transition"].get("id"))
        if not way:
            raise refuse(400, "Transition id must be one that is offered, as a string.")
        self.move(issue, way[1])
        return 204, None

    @staticmethod
    def move(issue, status):
        """As a transition does it, or a person by hand."""
        issue["status"] = status
        issue["updated"] = datetime.datetime.now(datetime.timezone.utc)

    def link(self, call):
        ends = [call.body.get(end, {}).get("key") for end in ("inwardIssue", "outwardIssue")]
        if call.body.get("type") not in ({"name": "Duplicate"}, {"name": "Relates"}):
            raise refuse(404, "No issue link type with this name.")
        inward, outward = map(self.issue, ends)
        self.links.append(tuple(ends))
        inward["links"].append({"type": call.body["type"], "outwardIssue": {"key": outward["key"]}})
        outward["links"].append({"type": call.body["type"], "inwardIssue": {"key": inward["key"]}})
        return 201, None

    def list_types(self, call, project):
        self.check_meta(call, project)
        types = [{"id": str(10001 + at), "name": name, "subtask": False} for at, name in enumerate(sorted(self.issue_types))]
        return 200, self.meta_page(call, "issueTypes", types)

    def list_fields(self, call, project, type_id):
        self.check_meta(call, project)
        if not 10001 <= int(type_id) < 10001 + len(self.issue_types):
            raise refuse(404, "Issue type not found")
        return 200, self.meta_page(call, "fields", self.screen)

    def check_meta(self, call, project):
        if not self.tells_screen or project != "SEC":
            raise refuse(404, "No project could be found with key")
        if int(call.query.get("maxResults", 50)) > 200:
            raise refuse(400, "Parameter 'maxResults' must not exceed the limit '200'")

    def meta_page(self, call, name, items):
        start, most = int(call.query.get("startAt", 0)), min(int(call.query.get("maxResults", 50)), self.meta_page_size)
        return {"startAt": start, "maxResults": most, "total": len(items), name: items[start:start + most]}

    def attach(self, call, key):
        issue = self.issue(key)
        if call.headers.get("x-atlassian-token") != "no-check":
            raise refuse(403, "XSRF check failed")
        match = re.fullmatch(r"multipart/form-data; boundary=(\S+)", call.headers.get("content-type", ""))
        parts = call.raw.split(b"--" + match[1].encode()) if match else []
        if len(parts) != 3 or parts[0] or parts[2].strip() != b"--":
            raise refuse(400, "the body is no multipart form with one part")
        head, _, content = parts[1].partition(b"\r\n\r\n")
        if not (name := re.search(rb'name="file"; filename="([^"\r\n]+)"', head)):
            raise refuse(400, "the part is not called file")
        file = {"filename": name[1].decode(), "content": content[:-2],
                "mimeType": re.search(rb"Content-Type: (\S+)", head)[1].decode()}
        issue["attachments"].append(file)
        return 200, [{"id": str(len(issue["attachments"])), "filename": file["filename"], "size": len(file["content"])}]

    def remote_link(self, call, key):
        links = self.issue(key)["remote_links"]
        body = call.body
        if not body.get("object", {}).get("title"):
            raise refuse(400, title="'title' is required.")
        name = body.get("globalId") or f"anonymous-{len(links)}"
        is_new = name not in links
        links[name] = body["object"]
        return 201 if is_new else 200, {"id": 10000 + len(links), "self": "x"}

    def search(self, call):
        hits = self.hits(call.body.get("jql", ""))
        start, size = int(call.body.get("nextPageToken", 0)), int(call.body.get("maxResults", 50))
        page = {"issues": [self.shown(one, call.body.get("fields", [])) for one in hits[start:start + size]]}
        if len(hits) > start + size:
            page["nextPageToken"] = str(start + size)
        else:
            page["isLast"] = True
        return 200, page

    def hits(self, jql):
        """The issues that a query finds: by a label, or ours that have changed; each as late as the index lags."""
        changed = re.fullmatch(r'project = "SEC" AND labels = "(dossier)" AND updated >= "-(\d+)m" '
                               r"ORDER BY updated ASC", jql)
        match = changed or re.fullmatch(r'labels = "([^"\s]+)"( ORDER BY created (ASC|DESC))?', jql)
        if not match:
            raise refuse(400, "Unbounded or unreadable JQL: " + jql)
        mine = [one for one in self.issues.values() if match[1] in one["fields"]["labels"]]
        if not changed:
            now = time.monotonic()
            return [one for one in mine if now - one["created"] >= self.index_lag]
        at = datetime.datetime.now(datetime.timezone.utc)
        return [one for one in sorted(mine, key=lambda one: one["updated"])
                if self.index_lag <= (at - one["updated"]).total_seconds() <= int(match[2]) * 60]

    @staticmethod
    def shown(issue, wanted):
        fields = {**issue["fields"], "updated": stamp(issue["updated"])}
        return {"id": issue["id"], "key": issue["key"],
                "fields": {name: value for name, value in fields.items() if name in wanted}}

    def find_users(self, call):
        asked = call.query.get("query", "").lower()
        return 200, [user for user in self.users
                     if user["emailAddress"].lower().startswith(asked) or user["displayName"].lower().startswith(asked)]

    def myself(self, call):
        return 200, {"accountId": "acc-bot", "emailAddress": USER, "displayName": "Dossier Bot", "active": True}

    def my_permissions(self, call):
        if call.query.get("projectKey") != "SEC":
            raise refuse(404, "No project could be found with key")
        asked = call.query.get("permissions", "")
        if not asked:
            raise refuse(400, "The 'permissions' query parameter is required.")
        return 200, {"permissions": {name: {"id": "1", "key": name, "name": name, "type": "PROJECT",
                                            "havePermission": name not in self.withheld}
                                     for name in asked.split(",")}}

    # For tests ---------------------------------------------------------------------------------------------------

    def all(self):
        with self.lock:
            return list(self.issues.values())

    def searches(self):
        return self.calls("POST", self.root + self.search_path)

    def creates(self):
        return self.calls("POST", self.root + "/issue")


def text_of(issue):
    return plain(issue["fields"]["description"])


def comments_of(issue):
    return [plain(one["body"]) for one in issue["comments"]]
