"""What the directory stand-ins share: an OAuth token endpoint whose tokens expire, and how a client is judged."""

import time
import urllib.parse
import uuid

from .stand_in import Refusal, StandIn


class TokenGiver(StandIn):
    """Client credentials at `token_path`; tokens are good for `lifetime` seconds and can be revoked."""

    token_path = "/token"
    client_id, client_secret = "directory-client", "directory-client-secret"
    scope = ""

    def __init__(self):
        self.lifetime = 3600
        self.tokens = {}
        super().__init__()

    def give_token(self, call):
        form = dict(urllib.parse.parse_qsl(call.raw.decode()))
        if call.headers.get("content-type") != "application/x-www-form-urlencoded":
            self.complain("a token request that is no form")
        self.judge_client(form)
        if form.get("grant_type") != "client_credentials" or form.get("scope", "") != self.scope:
            raise Refusal(400, {"error": "invalid_scope"})
        token = uuid.uuid4().hex
        self.tokens[token] = time.monotonic() + self.lifetime
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}

    def judge_client(self, form):
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            raise Refusal(401, {"error": "invalid_client"})

    def has_token(self, call):
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and self.tokens.get(token, 0) > time.monotonic()

    def revoke_tokens(self):
        with self.lock:
            self.tokens.clear()
