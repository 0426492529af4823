"""Somebody's own CMDB with a REST interface: GET /v2/items?arn=…, a bearer token, ETags, 404 for what it doesn't know."""

import hashlib
import json

from .stand_in import Refusal, StandIn

TOKEN = "http-cmdb-token"


class HttpCmdb(StandIn):
    def __init__(self):
        self.items = {}  # by ARN or account
        super().__init__()

    def config(self, **more):
        return {"name": "assets", "kind": "http", "url": self.url + "/v2/items?arn={resource.id}", "token": TOKEN,
                "map": {"business_unit": "/item/bu", "application": "/item/app", "environment": "/item/env",
                        "criticality": "/item/tier", "owner": "/item/owner", "support_group": "/item/oncall"}, **more}

    def answer(self, call):
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, {"error": "no token"})
        if call.method != "GET" or call.path != "/v2/items" or not any(call.query.values()):
            self.complain(f"{call.method} {call.path} {call.query}: not what it offers")
            raise Refusal(400, {"error": "bad request"})
        item = self.items.get(call.query.get("arn") or call.query.get("account"))
        if item is None:
            return 404, {"error": "no such item"}
        body = {"item": item}
        tag = '"' + hashlib.sha256(json.dumps(body).encode()).hexdigest()[:16] + '"'
        if call.headers.get("if-none-match") == tag:
            raise Refusal(304, b"", {"ETag": tag})
        raise Refusal(200, body, {"ETag": tag})
