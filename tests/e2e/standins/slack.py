"""A Slack workspace: the Web API as far as dossier uses it, response URLs, and the app's signed call-backs.

Slack answers 200 to nearly everything and says `ok: false`. Messages are held to Block Kit's limits and, where present,
to the schema made of @slack/types; live markup (`<!channel>`, `<@U…>`, links to strangers) in a message is a complaint.
"""

import hashlib
import hmac
import json
import re
import time
import urllib.parse

from . import contracts
from .stand_in import StandIn

TOKEN, SECRET, CHANNEL, TEAM = "xoxb-of-the-tests", "8f742231b10e8888abcd99yyyzzz85a5", "C0SEC", "T0HOME"
LIMITS = {"header": 150, "section": 3000, "context": 3000}


def person(email, **more):
    return {"deleted": False, "is_bot": False, "is_email_confirmed": True, "team_id": TEAM,
            "profile": {"email": email}, **more}


def texts(node, kind):
    """Every text object of a kind within a message."""
    if isinstance(node, list):
        return [text for child in node for text in texts(child, kind)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if node.get("type") == kind and isinstance(node.get("text"), str) else []
    return own + [text for child in node.values() for text in texts(child, kind)]


def words_of(message):
    return "\n".join([message.get("text", "")] + texts(message.get("blocks", []), "plain_text") +
                     texts(message.get("blocks", []), "mrkdwn"))


def buttons_of(message):
    return {element["action_id"]: element for block in message.get("blocks", []) if block["type"] == "actions"
            for element in block["elements"]}


class Slack(StandIn):
    def __init__(self):
        self.users = {"UANNA": person("anna@acme.example"), "UPAUL": person("Paul@acme.example"),
                      "UVERA": person("vera@acme.example"), "UALICE": person("alice@acme.example"),
                      "UNOBODY": person("nobody@acme.example"),
                      "USTRANGER": person("paul@acme.example", team_id="T0OTHER", is_stranger=True),
                      "UFORGED": person("paul@acme.example", is_email_confirmed=False),
                      "UGONE": person("paul@acme.example", deleted=True)}
        self.messages = []  # {"channel", "ts", …} as they stand, in the order of posting
        self.ephemeral = []
        self.views = []
        self.responses = []  # (path, body)
        self.members = {CHANNEL}
        self.clock = 1_764_000_000
        self.trusted_links = ("https://app.wiz.io/", "https://acme.atlassian.net/", "https://dossier.acme.example/",
                              "https://console.example/")
        self.schema = contracts.slack_message()
        self.signed = int(time.time())
        super().__init__()

    def config(self, **more):
        return {"url": self.url, "bot_token": TOKEN, "signing_secret": SECRET, "channel": CHANNEL, "rate": "1000/s",
                **more}

    def in_channel(self, channel=CHANNEL):
        with self.lock:
            return [message for message in self.messages if message["channel"] == channel]

    # The Web API --------------------------------------------------------------------------------------------------

    def answer(self, call):
        if call.path.startswith("/response/"):
            return self.take_response(call)
        if not call.path.startswith("/api/") or call.method != "POST":
            self.complain(f"{call.method} {call.path}")
            return 404, b"", {}
        is_form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        body = dict(urllib.parse.parse_qsl(call.raw.decode())) if is_form else call.body
        call.body = body
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return 200, {"ok": False, "error": "not_authed"}
        if call.query:
            self.complain(f"a query: {call.target}")
        method = call.path.removeprefix("/api/")
        handler = getattr(self, method.replace(".", "_"), None)
        if handler is None:
            return 200, {"ok": False, "error": "unknown_method"}
        return 200, handler(body)

    def auth_test(self, _):
        return {"ok": True, "team": "Acme", "user": "dossier", "team_id": TEAM, "user_id": "UBOT", "bot_id": "B1"}

    def conversations_info(self, body):
        if body.get("channel") != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        return {"ok": True, "channel": {"id": CHANNEL, "is_member": CHANNEL in self.members}}

    def users_info(self, body):
        user = self.users.get(body.get("user"))
        return {"ok": True, "user": {"id": body["user"], **user}} if user else {"ok": False, "error": "user_not_found"}

    def users_lookupByEmail(self, body):
        for user_id, user in self.users.items():
            if user["profile"].get("email", "").lower() == body.get("email", "").lower() and not user["deleted"]:
                return {"ok": True, "user": {"id": user_id, **user}}
        return {"ok": False, "error": "users_not_found"}

    def conversations_open(self, body):
        return {"ok": True, "channel": {"id": "D" + body["users"]}}

    def chat_postMessage(self, body):
        if problem := self.problem_of(body):
            return problem
        self.clock += 1
        message = {**body, "ts": f"{self.clock}.{len(self.messages):06d}"}
        self.messages.append(message)
        return {"ok": True, "channel": message["channel"], "ts": message["ts"]}

    def chat_update(self, body):
        if problem := self.problem_of({key: value for key, value in body.items() if key != "ts"}):
            return problem
        for message in self.messages:
            if (message["channel"], message["ts"]) == (body["channel"], body["ts"]):
                message.update(body, updates=message.get("updates", 0) + 1)
                return {"ok": True, "channel": body["channel"], "ts": body["ts"]}
        return {"ok": False, "error": "message_not_found"}

    def chat_postEphemeral(self, body):
        if problem := self.problem_of({key: value for key, value in body.items() if key != "user"}):
            return problem
        self.ephemeral.append(body)
        return {"ok": True}

    def views_open(self, body):
        view = body.get("view", {})
        if not str(body.get("trigger_id", "")).startswith("trigger"):
            return {"ok": False, "error": "invalid_trigger_id"}
        if len(view.get("title", {}).get("text", "")) > 24 or len(view.get("private_metadata", "")) > 3000:
            return {"ok": False, "error": "invalid_arguments"}
        self.views.append(view)
        return {"ok": True, "view": {"id": "V1"}}

    def history(self, body, stands):
        found = [dict(message) for message in self.messages if stands(message) and
                 float(message["ts"]) >= float(body.get("oldest", 0)) - 1e12]
        if body.get("include_all_metadata") != "true":
            for message in found:
                message.pop("metadata", None)
        return {"ok": True, "messages": found[::-1], "response_metadata": {"next_cursor": ""}}

    def conversations_history(self, body):
        return self.history(body, lambda m: m["channel"] == body["channel"] and not m.get("thread_ts"))

    def conversations_replies(self, body):
        return self.history(body, lambda m: m["channel"] == body["channel"] and
                            body["ts"] in (m["ts"], m.get("thread_ts")))

    def take_response(self, call):
        if call.body.get("response_type") not in ("ephemeral", "in_channel") or not call.body.get("text"):
            self.complain(f"response {call.body}")
        self.check_markup(call.body)
        self.responses.append((call.path, call.body))
        return 200, b"ok"

    # Checks ------------------------------------------------------------------------------------------------------

    def problem_of(self, message):
        """Why Slack would refuse it; live markup, which it would not refuse, is a complaint."""
        channel = message.get("channel", "")
        if channel not in self.members and not channel.startswith("DU"):
            return {"ok": False, "error": "channel_not_found" if channel != CHANNEL else "not_in_channel"}
        if not message.get("text"):
            return {"ok": False, "error": "no_text"}
        blocks = message.get("blocks", [])
        if len(blocks) > 50 or self.too_long(blocks):
            return {"ok": False, "error": "invalid_blocks"}
        if len(json.dumps(blocks, ensure_ascii=False)) > 13_200:
            return {"ok": False, "error": "msg_blocks_too_long"}
        if self.schema and (errors := self.schema.errors(message)):
            self.complain("schema: " + "; ".join(errors))
            return {"ok": False, "error": "invalid_blocks"}
        self.check_markup(message)
        return None

    def too_long(self, blocks):
        for block in blocks:
            text = block.get("text", {}).get("text", "x")
            if not text or len(text) > LIMITS.get(block["type"], 3000):
                return True
            if any(not field["text"] or len(field["text"]) > 2000 for field in block.get("fields", [])):
                return True
            if len(block.get("fields", [])) > 10 or len(block.get("elements", [])) > 25:
                return True
            for element in block.get("elements", []) if block["type"] == "actions" else []:
                if len(element["text"]["text"]) > 75 or len(element.get("value", "")) > 2000:
                    return True
        return False

    def check_markup(self, message):
        for text in [message.get("text", "")] + texts(message.get("blocks", []), "mrkdwn"):
            for inside in re.findall(r"<([^>]*)>?", text):
                if not inside.startswith(self.trusted_links + (self.url,)):
                    self.complain(f"live markup <{inside}> in {text[:200]!r}")
            if re.search(r"&(?!amp;|lt;|gt;)", text):
                self.complain(f"an ampersand that is not escaped in {text[:200]!r}")
        for node in [block for block in message.get("blocks", []) if block["type"] == "section"]:
            for part in [node.get("text")] + node.get("fields", []):
                if part and part["type"] == "mrkdwn" and not part.get("verbatim"):
                    self.complain(f"Slack would link addresses in {part['text'][:100]!r}")

    # Call-backs --------------------------------------------------------------------------------------------------

    def sign(self, raw, timestamp=None, secret=SECRET):
        # Two requests never have the same signature, as two of Slack's don't.
        stamp = str(timestamp if timestamp is not None else int(time.time()))
        digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    def send(self, service, route, raw, content_type="application/x-www-form-urlencoded", headers=None):
        """(status, body, seconds) of a signed call-back."""
        raw = raw if isinstance(raw, bytes) else raw.encode()
        began = time.monotonic()
        status, _, body = service.request("POST", f"/v1/chat/slack/{route}", raw,
                                          {"Content-Type": content_type, **self.sign(raw), **(headers or {})},
                                          token=None)
        return status, body, time.monotonic() - began

    def interaction(self, user, **more):
        self.signed += 1
        payload = {"team": {"id": TEAM}, "user": {"id": user, "team_id": TEAM}, "trigger_id": f"trigger-{self.signed}",
                   "response_url": f"{self.url}/response/{self.signed}", **more}
        return urllib.parse.urlencode({"payload": json.dumps(payload)}), f"/response/{self.signed}"

    def click(self, service, user, message, action):
        """Somebody clicks a button of a message: (status, path of the response URL)."""
        button = buttons_of(message)[action]
        raw, path = self.interaction(user, type="block_actions", container={"message_ts": message["ts"]},
                                     actions=[{"action_id": action, "value": button["value"], "type": "button"}])
        return self.send(service, "interactions", raw)[0], path

    def submit(self, service, user, view, reason):
        raw, _ = self.interaction(user, type="view_submission", view={
            "callback_id": view["callback_id"], "private_metadata": view["private_metadata"],
            "state": {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}}})
        return self.send(service, "interactions", raw)[0]

    def command(self, service, user, text, **more):
        self.signed += 1
        path = f"/response/{self.signed}"
        raw = urllib.parse.urlencode({"command": "/dossier", "text": text, "user_id": user, "team_id": TEAM,
                                      "response_url": self.url + path, "trigger_id": f"trigger-{self.signed}", **more})
        return self.send(service, "commands", raw), path

    def mention(self, service, user, text, event_id, retry=None, **more):
        event = {"type": "app_mention", "user": user, "channel": CHANNEL, "ts": "1764.0001", "text": f"<@UBOT> {text}",
                 **more}
        raw = json.dumps({"type": "event_callback", "team_id": TEAM, "event_id": event_id, "event": event})
        headers = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"} if retry else {}
        return self.send(service, "events", raw, "application/json", headers)
