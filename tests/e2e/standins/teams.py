"""A channel of Teams: a Workflows webhook that takes Adaptive Cards, and the outgoing webhook that somebody mentions.

The flow answers 202 and no more; its URL is the credential and must come back exactly as it was given. Cards are held to
the rules of Workflows (1.5, no action but opening URLs, 28 KB) and, where present, to the schema of Adaptive Cards.
"""

import base64
import hashlib
import hmac
import json
import re
import urllib.parse

from . import contracts
from .stand_in import StandIn

TOKEN = base64.b64encode(b"security-token-of-the-tests-0001").decode()
PATH = "/workflows/abc%2Fdef/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sig=s-1_e%2Bc"
MOST = 28 * 1024


def elements(node):
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from elements(child)


def text_of(card):
    return "\n".join(one["text"] for one in elements(card) if isinstance(one.get("text"), str))


def links_of(card):
    return {one["title"]: one["url"] for one in elements(card) if one.get("type") == "Action.OpenUrl"}


class Teams(StandIn):
    def __init__(self, shape="message"):
        self.cards = []
        self.shape = shape
        self.activities = 0
        self.schema = contracts.adaptive_card()
        super().__init__()

    def config(self, **more):
        return {"webhook_url": self.url + PATH, "hmac_secret": TOKEN, "rate": "1000/s", "shape": self.shape, **more}

    def answer(self, call):
        if call.target != PATH or call.method != "POST":
            self.complain(f"not the flow's URL: {call.method} {call.target}")
            return 401, {"error": {"code": "DirectApiAuthorizationRequired"}}
        if problem := self.problem_of(call.raw, call.body):
            self.complain(problem)
            return 400, {"error": {"code": "InvalidRequest", "message": problem}}
        self.cards.append(call.body if self.shape == "card" else call.body["attachments"][0]["content"])
        return 202, None

    def problem_of(self, raw, body):
        if len(raw) > MOST:
            return f"{len(raw)} bytes"
        card = body
        if self.shape == "message":
            attachments = body.get("attachments") if isinstance(body, dict) else None
            if body.get("type") != "message" or not isinstance(attachments, list) or len(attachments) != 1:
                return "a message with one attachment is expected"
            if attachments[0].get("contentType") != "application/vnd.microsoft.card.adaptive":
                return "the attachment is no card"
            card = attachments[0].get("content")
        if not isinstance(card, dict) or card.get("type") != "AdaptiveCard" or card.get("version") != "1.5":
            return "no AdaptiveCard of version 1.5"
        for one in elements(card):
            if str(one.get("type", "")).startswith("Action.") and one["type"] != "Action.OpenUrl":
                return f"a flow can't take {one['type']}"
            if one.get("type") == "TextBlock" and re.search(r"\]\(|<at>", one.get("text", "")):
                return f"live markup in {one['text'][:100]!r}"
        if self.schema and (errors := self.schema.errors(card)):
            return "schema: " + "; ".join(errors)
        return None

    # The outgoing webhook ----------------------------------------------------------------------------------------

    def sign(self, raw, token=TOKEN):
        digest = hmac.new(base64.b64decode(token), raw, hashlib.sha256).digest()
        return {"Authorization": "HMAC " + base64.b64encode(digest).decode(), "Content-Type": "application/json"}

    def activity(self, who, text, **more):
        self.activities += 1
        return json.dumps({"type": "message", "id": str(1_764_000_000_000 + self.activities),
                           "text": f"<p><at>dossier</at>&nbsp;{text}</p>\n", "textFormat": "html",
                           "from": {"id": "29:x", "name": "Somebody", "aadObjectId": who},
                           "conversation": {"id": "19:channel@thread.tacv2"}, **more}).encode()

    def say(self, service, who, text, raw=None, headers=None):
        """(status, what the webhook answers)"""
        raw = raw or self.activity(who, text)
        status, _, body = service.request("POST", "/v1/chat/teams/messages", raw, headers or self.sign(raw), token=None)
        return status, body.get("text", body) if isinstance(body, dict) else body


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
