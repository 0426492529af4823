"""What every stand-in shares: a threaded HTTP server on loopback, a journal of all calls, and faults to order.

A subclass answers `answer(call)`. A fault is bound to a method and a path pattern and is used up after `times` calls. A
complaint is anything a vendor would refuse or, worse, silently ignore: tests end with `complaints == []`.
"""

import dataclasses
import http.server
import json
import re
import socket
import struct
import threading
import time
import traceback
import urllib.parse

from . import cuts


@dataclasses.dataclass
class Call:
    method: str
    path: str
    query: dict
    headers: dict
    raw: bytes
    body: object = None
    status: int = 0
    at: float = 0.0
    target: str = ""  # path and query as they came, which signatures cover
    pairs: list = dataclasses.field(default_factory=list)  # the query with names that come more than once


class Refusal(Exception):
    """Raised inside `answer`: the status and body to send instead."""

    def __init__(self, status, body, headers=None):
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, headers or {}


@dataclasses.dataclass
class Fault:
    """drop: closed unread. lost: done, then closed. half: done, half of the answer. error: done, then 500.
    refuse: not done, `status` and `body`. hold: done, the answer waits for `release`, which also marks `reached`.
    stall: as hold, and nothing is done before `release`. cut: the connection breaks where `cut` (cuts.py) says."""

    kind: str
    method: str
    path: str
    times: int = 1
    status: int = 500
    body: object = None
    headers: dict = dataclasses.field(default_factory=dict)
    cut: object = None
    reached: threading.Event = dataclasses.field(default_factory=threading.Event)
    release: threading.Event = dataclasses.field(default_factory=threading.Event)

    def takes(self, method, path):
        return self.times > 0 and method == self.method and re.fullmatch(self.path, path)


class StandIn:
    """Listens from `open()` to `shut()`, on the same port each time, so that an outage can be played."""

    def __init__(self):
        self.lock = threading.RLock()
        self.journal = []
        self.complaints = []
        self.faults = []
        self.port = 0
        self.server = None
        self.open()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def open(self):
        stand_in = self

        class Handler(_Handler):
            owner = stand_in

        self.server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def shut(self):
        """Nobody listens; open connections are cut as well."""
        for fault in self.faults:
            fault.release.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server.cut()
            self.server = None

    def fault(self, kind, method, path, **more):
        with self.lock:
            fault = Fault(kind, method, path, **more)
            self.faults.append(fault)
            return fault

    def calls(self, method, path=".*"):
        with self.lock:
            return [one for one in self.journal if one.method == method and re.fullmatch(path, one.path)]

    def complain(self, words):
        self.complaints.append(words)

    def answer(self, call):
        """(status, body) or (status, body, headers): overridden."""
        raise NotImplementedError

    def _stall(self, method, path):
        """Keeps a request waiting before anything is done for it."""
        with self.lock:
            stall = next((one for one in self.faults if one.kind == "stall" and one.takes(method, path)), None)
            if stall:
                stall.times -= 1
        if stall:
            stall.reached.set()
            stall.release.wait(60)

    def _early_cut(self, head):
        """The cut that a request meets before it is read to its end; `head` is what has come of it."""
        match = re.match(rb"([A-Z]+) ([^ ?]+)", head)
        if not match or not self.faults:
            return None
        method, path = match[1].decode(), urllib.parse.unquote(match[2].decode())
        with self.lock:
            fault = next((one for one in self.faults if one.takes(method, path)), None)
            if not fault or not fault.cut or not fault.cut.is_early():
                return None
            fault.times -= 1
            return fault.cut

    def _serve(self, call):
        """(status, body, headers, fault) under the lock, as one request after the other."""
        with self.lock:
            self.journal.append(call)
            fault = next((one for one in self.faults if one.takes(call.method, call.path)), None)
            if fault:
                fault.times -= 1
                if fault.kind == "drop":
                    return 0, None, {}, fault
                if fault.kind == "refuse":
                    call.status = fault.status
                    return fault.status, fault.body, fault.headers, fault
            try:
                status, body, *more = self.answer(call)
                headers = more[0] if more else {}
            except Refusal as refusal:
                status, body, headers = refusal.status, refusal.body, refusal.headers
            except Exception:  # a defect of the stand-in must fail the test, not hang it
                self.complain(traceback.format_exc())
                status, body, headers = 500, {"error": "the stand-in failed"}, {}
            if fault and fault.kind == "error":
                status, body = fault.status, fault.body
            call.status = status
            return status, body, headers, fault


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *args):
        self.open_sockets = set()
        super().__init__(*args)

    def process_request(self, request, client_address):
        self.open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open_sockets.discard(request)
        super().shutdown_request(request)

    def cut(self):
        for one in list(self.open_sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, client_address):
        pass  # cut connections are part of the play


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def handle_one_request(self):
        # The request line is looked at and left where it is: a cut may come before anything is read.
        try:
            cut = self.owner._early_cut(self.connection.recv(4096, socket.MSG_PEEK))
        except OSError:
            self.close_connection = True
            return
        if cut is None:
            super().handle_one_request()
        else:
            self._cut_early(cut)

    def _cut_early(self, cut):
        if cut.reads != cuts.NOTHING:
            length = 0
            while line := self.rfile.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            if cut.reads == cuts.HALF:
                self.rfile.read(length // 2)
        self._end(cut.resets)

    def _handle(self):
        parts = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:  # who asked was killed meanwhile
            self.close_connection = True
            return
        pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        call = Call(self.command, urllib.parse.unquote(parts.path), dict(pairs),
                    {name.lower(): value for name, value in self.headers.items()}, raw, at=time.monotonic(),
                    target=self.path, pairs=pairs)
        try:
            call.body = json.loads(raw) if raw else None
        except ValueError:
            call.body = ValueError("the body is no JSON")
        self.owner._stall(call.method, call.path)
        status, body, headers, fault = self.owner._serve(call)
        kind = fault.kind if fault else ""
        if kind == "hold":
            fault.reached.set()
            fault.release.wait(60)
        if kind in ("drop", "lost"):
            self._reset()
            return
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if kind == "cut":
            self.wfile.write(fault.cut.sent(status, data))
            self._end(fault.cut.resets)
            return
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if kind == "half":
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            self._reset()
            return
        if status != 204:
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _reset(self):
        """A reset and not an orderly end, as a crashed peer or a dropped NAT entry leaves it."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _end(self, resets):
        """An end by FIN has to leave nothing unread, else the system makes a reset of it."""
        if not resets:
            self.close_connection = True
            try:
                self.connection.shutdown(socket.SHUT_WR)
                self.connection.settimeout(5)
                while self.connection.recv(65536):
                    pass
            except OSError:
                pass
            return
        self._reset()

    def finish(self):
        try:
            super().finish()
        except (OSError, ValueError):
            pass

    def log_message(self, *_):
        pass
