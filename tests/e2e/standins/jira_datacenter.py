"""A Jira Data Center (REST v2): wiki markup in place of documents, names in place of account ids, personal access tokens,
a search with `startAt` and pages of createmeta with `values`."""

import base64
import re

from .jira import Jira, field, refuse, standard_screen

TOKEN, USER, PASSWORD = "personal-access-token", "dossier-bot", "jira-password"
EPIC_LINK = "com.pyxis.greenhopper.jira:gh-epic-link"


class JiraDataCenter(Jira):
    root = "/rest/api/2"
    contract_file = "jira-dc-v2.strict.openapi.json"
    search_path = "/search"

    def __init__(self, index_lag=0.0):
        super().__init__(index_lag)
        self.users = [{"name": "alice", "key": "JIRAUSER10100", "emailAddress": "alice@acme.example", "active": True,
                       "displayName": "Alice Ngo"},
                      {"name": "alicia", "key": "JIRAUSER10101", "emailAddress": "alice@acme.example.org",
                       "active": True, "displayName": "Alicia"}]
        self.screen = standard_screen() + [field("customfield_10008", "Epic Link", "any", custom=EPIC_LINK)]

    def config(self, **more):
        return {"name": "jira", "kind": "jira", "url": self.url, "flavour": "datacenter", "token": TOKEN,
                "project": "SEC", "issue_type": "Task", **more}

    def is_known(self, authorization):
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return authorization in ("Bearer " + TOKEN, basic)

    def check_text(self, text, where):
        if not isinstance(text, str):
            raise refuse(400, **{where: "Operation value must be a string"})
        if len(text.encode("utf-16-le")) // 2 > 32767:
            raise refuse(400, **{where: "The entered text is too long. It exceeds the allowed limit of 32,767 "
                                        "characters."})

    def person(self, value):
        name = value.get("name") if isinstance(value, dict) and set(value) == {"name"} else None
        return next((one for one in self.users if one["name"] == name), None)

    def meta_page(self, call, name, items):
        page = super().meta_page(call, name, items)
        values = page.pop(name)
        return {**page, "values": values, "isLast": page["startAt"] + len(values) >= len(items)}

    def find_users(self, call):
        if "username" not in call.query:
            raise refuse(400, "The username query parameter was not provided")
        asked = call.query["username"].lower()
        return 200, [user for user in self.users if user["emailAddress"].lower().startswith(asked)]

    def search(self, call):
        if "nextPageToken" in call.body:
            raise refuse(400, "unreadable search: " + str(call.body))
        hits = self.hits(call.body.get("jql", ""))
        # One a page, so that pages have to be turned.
        start, size = call.body.get("startAt", 0), min(call.body.get("maxResults", 50), 1)
        return 200, {"startAt": start, "maxResults": size, "total": len(hits),
                     "issues": [self.shown(one, call.body.get("fields", [])) for one in hits[start:start + size]]}

    def my_permissions(self, call):
        if "permissions" in call.query:
            raise refuse(400, "Data Center knows no such parameter")
        if call.query.get("projectKey") != "SEC":
            raise refuse(404, "No project could be found with key")
        names = ["BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ASSIGN_ISSUES", "ADD_COMMENTS",
                 "TRANSITION_ISSUES", "LINK_ISSUES", "CREATE_ATTACHMENTS"]
        return 200, {"permissions": {name: {"key": name, "havePermission": name not in self.withheld}
                                     for name in names}}

    def myself(self, call):
        return 200, {"name": USER, "emailAddress": "bot@acme.example", "displayName": "Dossier Bot", "active": True}
