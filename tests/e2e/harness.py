"""Starts the real `dossier` binary in a directory of its own and talks to it over loopback.

`Service` writes the configuration, lets the system pick the port, reads that port from the JSON log, and stops or kills
the process by its pid. Waiting is always for a condition with a deadline. Needs Python 3.11 and Debian's python3-yaml.
"""

import base64
import contextlib
import copy
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

import yaml

from payloads import (ACCOUNT, CMDB, GENERIC_MAP, IDENTITY, PAYMENTS, generic_event, orca_alert, prisma_alert,
                      wiz_issue)

__all__ = ["ACCOUNT", "PAYMENTS", "Service", "TOKENS", "SOURCE_HEADERS", "AUTOMATIC_STAGES_DONE", "default_config",
           "generic_event", "orca_alert", "prisma_alert", "wiz_issue"]

# Sanitizers make the binary several times slower: their presets stretch every wait by this.
SLOW = float(os.environ.get("DOSSIER_SLOW", "1"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}
TOKENS = {role: f"{role}-token-of-the-tests" for role in ("viewer", "analyst", "approver", "auditor", "admin")}
AUTOMATIC_STAGES_DONE = {"awaiting_approval", "delivered", "closed", "digested", "dead"}

SOURCE_HEADERS = {
    "wiz": {"Authorization": "Bearer wiz-webhook-token"},
    "prisma": {"X-Dossier-Token": "prisma-webhook-token"},
    "orca": {"Authorization": "Basic " + base64.b64encode(b"orca:orca-webhook-password").decode()},
    "generic": {"Authorization": "Bearer generic-webhook-token"},
}


def default_config(**overrides):
    """A configuration that needs nothing outside the process; a keyword replaces or (for mappings) extends a section."""
    config = {
        "mode": "assist",
        "server": {"listen": "127.0.0.1:0", "drain_timeout": "10s"},
        "auth": {"tokens": [{"name": f"the-{role}", "role": role, "token": token} for role, token in TOKENS.items()]},
        "store": {"url": "sqlite:data/dossier.db"},
        "queue": {"workers": 2, "backoff": {"base": "50ms", "max": "500ms"}},
        "sources": [
            {"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"}},
            {"name": "prisma", "kind": "prisma",
             "auth": {"type": "header", "header": "X-Dossier-Token", "token": "prisma-webhook-token"}},
            {"name": "orca", "kind": "orca",
             "auth": {"type": "basic", "user": "orca", "password": "orca-webhook-password"}},
            {"name": "generic", "kind": "generic", "auth": {"type": "bearer", "token": "generic-webhook-token"},
             "map": copy.deepcopy(GENERIC_MAP)},
        ],
        "identity": [{"kind": "file", "path": "identity.yaml"}],
        "cmdb": [{"kind": "file", "path": "cmdb.yaml"}],
        "routes": [{"name": "everything", "when": {}, "do": "ticket", "sink": "outbox"}],
        "tickets": {"sinks": [{"name": "outbox", "kind": "outbox"}]},
        "audit": {"key": "data/audit.key"},
        "log": {"level": "info", "format": "json"},
    }
    for name, value in overrides.items():
        if isinstance(value, dict) and isinstance(config.get(name), dict):
            config[name] = {**config[name], **value}
        else:
            config[name] = value
    return config


class Service:
    """One process of the service, or several one after the other on the same store."""

    def __init__(self, config=None, env=None, binary=None, cwd=None):
        self.binary = str(binary or os.environ.get("DOSSIER_BINARY") or ROOT / "build/dev/dossier")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="dossier-e2e-"))
        self.cwd = pathlib.Path(cwd) if cwd else self.dir
        self.env = {**os.environ, **(env or {})}
        self.config_path = self.dir / "dossier.yaml"
        self.log_path = self.dir / "service.log"
        self.process = None
        self.port = None
        self.admin_port = None
        self.tls = None  # an ssl.SSLContext where the service speaks TLS
        self.write_file("identity.yaml", IDENTITY)
        self.write_file("cmdb.yaml", CMDB)
        self.write_config(config if config is not None else default_config())

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def write_file(self, name, content):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return path

    def write_config(self, config):
        self.config = config
        return self.write_file("dossier.yaml", config)

    # Running -----------------------------------------------------------------------------------------------------

    def launch(self, env=None):
        """Begins to start; where the log of this process begins. @param env what it gets more"""
        begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", "-c", str(self.config_path)], cwd=self.cwd,
                                            env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        return begin

    def start(self, timeout=30, env=None):
        begin = self.launch(env)

        def started():
            if self.process.poll() is not None:
                raise AssertionError(f"the service ended with {self.process.returncode}:\n" + self.log_text(begin))
            return any(event.get("event") == "service.started" for event in self.log_events(begin))

        self.wait_for(started, timeout, "the service to start")
        ports = [event["port"] for event in self.log_events(begin) if event.get("event") == "server.listening"]
        self.port, self.admin_port = ports[0], (ports[1] if len(ports) > 1 else None)
        return self

    def stop(self, timeout=30):
        """SIGTERM; the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the service did not stop within {timeout} s of SIGTERM:\n" + self.log_text()[-3000:])

    def kill(self):
        """SIGKILL, as a crash."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def restart(self):
        code = self.stop()
        self.start()
        return code

    def reload(self, timeout=15):
        """SIGHUP; True when the new configuration was taken, False when it was refused."""
        begin = self.log_path.stat().st_size
        self.process.send_signal(signal.SIGHUP)
        words = {"config.reloaded": True, "config.reload_refused": False}
        return self.wait_for(lambda: [words[e["event"]] for e in self.log_events(begin) if e.get("event") in words],
                             timeout, "the reload")[0]

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def close(self):
        """Ends whatever runs and removes the directory; DOSSIER_E2E_KEEP leaves it for reading."""
        self.kill()
        if not os.environ.get("DOSSIER_E2E_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    # Talking -----------------------------------------------------------------------------------------------------

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def connection(self, timeout=30, port=None):
        port = port or self.port
        made = (http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=self.tls) if self.tls
                else http.client.HTTPConnection("127.0.0.1", port, timeout=timeout))
        with contextlib.closing(made):
            yield made

    def request(self, method, path, body=None, headers=None, token=TOKENS["admin"], timeout=30, port=None):
        """(status, headers, JSON or text). A body that is no str or bytes goes as JSON; token=None sends none."""
        sent = dict(headers or {})
        if token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            sent = {**JSON, **sent}
        if isinstance(body, str):
            body = body.encode()
        with self.connection(timeout, port) as connection:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            raw = response.read()
        is_json = "json" in (response.getheader("Content-Type") or "")
        return response.status, response.headers, json.loads(raw) if is_json and raw else raw.decode(errors="replace")

    def get(self, path, expect=200, **kw):
        status, _, body = self.request("GET", path, **kw)
        assert status == expect, f"GET {path}: {status} {body}"
        return body

    def post(self, path, body=None, expect=200, **kw):
        status, _, answer = self.request("POST", path, {} if body is None else body, **kw)
        assert status == expect, f"POST {path}: {status} {answer}"
        return answer

    def send(self, source, payload, expect=202, **kw):
        """A delivery with that source's own credentials; the answer's body."""
        status, _, answer = self.request("POST", f"/v1/webhooks/{source}", payload, SOURCE_HEADERS[source], token=None,
                                         **kw)
        assert status == expect, f"{source}: {status} {answer}"
        return answer

    def items(self, path, limit=200):
        """All items of a list route, page by page."""
        found, cursor = [], None
        while True:
            query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
            page = self.get(path + ("&" if "?" in path else "?") + urllib.parse.urlencode(query))
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def settled(self, finding_id, timeout=20):
        """The finding with its dossier once no automatic stage is left for it."""
        def done():
            answer = self.get(f"/v1/findings/{finding_id}")
            return answer if answer["finding"]["stage"] in AUTOMATIC_STAGES_DONE else None
        return self.wait_for(done, timeout, f"finding {finding_id} to settle")

    def raw(self, data, timeout=10):
        """Bytes over a bare socket (never TLS); everything that comes back until the service closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            answer = b""
            with contextlib.suppress(ConnectionResetError, socket.timeout):
                while chunk := connection.recv(65536):
                    answer += chunk
            return answer

    def cli(self, *args, stdin=None, timeout=60):
        """The binary with other arguments, in the same directory: returncode, stdout, stderr."""
        return subprocess.run([self.binary, *map(str, args)], cwd=self.cwd, env=self.env, input=stdin,
                              capture_output=True, text=True, timeout=timeout)

    # Watching ----------------------------------------------------------------------------------------------------

    def wait_for(self, fn, timeout, what):
        """What `fn` returns as soon as that is true; AssertionError after `timeout` seconds."""
        timeout *= SLOW
        deadline = time.monotonic() + timeout
        while True:
            if value := fn():
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout} s for {what}; the log ends with\n" + self.log_text()[-3000:])
            time.sleep(0.02)

    def log_text(self, begin=0):
        if not self.log_path.exists():
            return ""
        with open(self.log_path, "rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")

    def log_events(self, begin=0):
        """The complete log lines, parsed; a line that is no JSON object raises."""
        text = self.log_text(begin)
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines() if line]


def tls_context(ca, cert=None, key=None):
    """Trusts `ca` for 127.0.0.1 and shows a client certificate where one is given."""
    context = ssl.create_default_context(cafile=str(ca))
    if cert:
        context.load_cert_chain(str(cert), str(key))
    return context
