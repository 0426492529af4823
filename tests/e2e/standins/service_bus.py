"""Azure Service Bus by REST peek-lock, with its shared access signatures, and Entra ID's token endpoint beside it.

A message is locked until the lock is completed (DELETE), given back (PUT) or runs out, and then has another lock.
"""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.parse
import uuid

from .stand_in import Refusal, StandIn

KEY_NAME, KEY = "listen", "bus-key-of-the-tests"
TENANT, CLIENT, CLIENT_SECRET = "tenant-1", "client-1", "client-secret-of-the-tests"


class ServiceBus(StandIn):
    def __init__(self, entity="findings"):
        self.entity = entity
        self.messages = []
        self.completed = []
        self.tokens = set()
        self.issued = 0
        super().__init__()
        self.changed = threading.Condition(self.lock)

    def config(self, **more):
        return {"name": "bus", "kind": "service_bus", "url": self.url, "queue": self.entity, "key_name": KEY_NAME,
                "key": KEY, "wait": "1s", **more}

    def entra_config(self, **more):
        return {"name": "bus", "kind": "service_bus", "url": self.url, "queue": self.entity, "authority": self.url,
                "tenant_id": TENANT, "client_id": CLIENT, "client_secret": CLIENT_SECRET, "wait": "1s", **more}

    def put(self, *bodies):
        with self.changed:
            for body in bodies:
                text = body if isinstance(body, str) else json.dumps(body)
                self.messages.append({"id": uuid.uuid4().hex, "body": text, "locked_until": 0.0, "lock": None,
                                      "deliveries": 0})
            self.changed.notify_all()

    def answer(self, call):
        if call.path == f"/{TENANT}/oauth2/v2.0/token":
            return self.token(call)
        if why := self.unauthorised(call.headers.get("authorization", "")):
            raise Refusal(401, why.encode(), {"Content-Type": "text/plain"})
        if call.path == f"/{self.entity}/messages/head" and call.method == "POST":
            return self.receive(int(call.query.get("timeout", "60")))
        if match := re.fullmatch(rf"/{re.escape(self.entity)}/messages/([^/]+)/([^/]+)", call.path):
            return self.settle(call.method, *match.groups())
        self.complain(f"{call.method} {call.path}")
        raise Refusal(404, b"no such entity", {"Content-Type": "text/plain"})

    def token(self, call):
        form = dict(urllib.parse.parse_qsl(call.raw.decode()))
        expected = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": CLIENT_SECRET,
                    "scope": "https://servicebus.azure.net/.default"}
        if form != expected:
            raise Refusal(401, {"error": "invalid_client"})
        self.issued += 1
        token = f"entra-token-{self.issued}"
        self.tokens = {token}
        return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token}

    def unauthorised(self, field):
        if field.startswith("Bearer "):
            return None if field.removeprefix("Bearer ") in self.tokens else "the token is unknown or expired"
        if not field.startswith("SharedAccessSignature "):
            return "no authorisation"
        parts = dict(part.split("=", 1) for part in field.removeprefix("SharedAccessSignature ").split("&"))
        if set(parts) != {"sr", "sig", "se", "skn"} or parts["skn"] != KEY_NAME:
            return "no shared access signature of a known policy"
        if not urllib.parse.unquote(parts["sr"]).startswith(self.url) or int(parts["se"]) < time.time():
            return "another resource, or expired"
        mac = hmac.new(KEY.encode(), f"{parts['sr']}\n{parts['se']}".encode(), hashlib.sha256).digest()
        signed = urllib.parse.unquote(parts["sig"])
        return None if signed == base64.b64encode(mac).decode() else "the signature does not match"

    def receive(self, wait):
        until = time.monotonic() + wait
        while not (due := next((m for m in self.messages if m["locked_until"] <= time.monotonic()), None)):
            if time.monotonic() >= until or self.server is None:
                return 204, None
            self.changed.wait(min(0.1, max(0.001, until - time.monotonic())))
        due.update(lock=str(uuid.uuid4()), locked_until=time.monotonic() + 30, deliveries=due["deliveries"] + 1)
        properties = {"DeliveryCount": due["deliveries"], "LockToken": due["lock"], "MessageId": due["id"],
                      "SequenceNumber": 1, "State": "Active"}
        # The Location is somebody else's on purpose: a client that follows it hands its token over.
        raise Refusal(201, due["body"].encode(), {"BrokerProperties": json.dumps(properties),
                                                  "Location": "http://127.0.0.1:9/elsewhere",
                                                  "Content-Type": "application/octet-stream"})

    def settle(self, method, message_id, lock):
        message = next((m for m in self.messages if m["id"] == message_id and m["lock"] == lock), None)
        if message is None or message["locked_until"] < time.monotonic():
            raise Refusal(404, b"the lock has expired", {"Content-Type": "text/plain"})
        if method == "DELETE":
            self.messages.remove(message)
            self.completed.append(message)
        elif method == "PUT":
            message.update(lock=None, locked_until=0.0)
            self.changed.notify_all()
        else:
            self.complain(f"{method} on a lock")
        return 200, None
