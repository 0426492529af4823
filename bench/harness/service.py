"""The processes that are measured: dossier itself with a configuration of its own, and anything else with a port.

Each lives in a directory under build/bench/tmp that goes with it; `close` ends the process by its pid.
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("DOSSIER_BENCH_BUILD", "build/release")  # programs
WORK = ROOT / "build/bench"      # everything else: stores, peers, results
TEMPORARY = WORK / "tmp"
SECRET = "signing-secret-of-the-bench"
TOKEN = "admin-token-of-the-bench"


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def temporary_directory(prefix):
    TEMPORARY.mkdir(parents=True, exist_ok=True)
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=TEMPORARY))


def config(**sections):
    """Signed wiz deliveries, one ticket an exposure into the outbox, nothing outside the process."""
    base = {
        "mode": "assist",
        "server": {"listen": "127.0.0.1:0", "drain_timeout": "1s"},
        "auth": {"tokens": [{"name": "bench", "role": "admin", "token": TOKEN}]},
        "store": {"url": "sqlite:data/dossier.db"},
        "queue": {"capacity": 1_000_000, "workers": 2},
        "sources": [{"name": "bench", "kind": "wiz",
                     "auth": {"type": "hmac", "header": "X-Signature", "secret": SECRET, "algorithm": "sha256",
                              "prefix": "sha256="}}],
        "routes": [{"name": "everything", "when": {}, "do": "ticket", "sink": "outbox"}],
        "tickets": {"sinks": [{"name": "outbox", "kind": "outbox"}]},
        "audit": {"key": "data/audit.key"},
        "log": {"level": "warn", "format": "json"},
    }
    return {**base, **sections}


running = set()  # processes that nobody has ended yet; bench/run ends them whatever happened


class Process:
    """A command in a directory of its own, with a port that is known beforehand."""

    def __init__(self, command, *, port, env=None, directory=None, name="server", ready="/healthz"):
        self.name, self.port, self.ready = name, port, ready
        self.directory = directory or temporary_directory(name + "-")
        self.log = open(self.directory / "output.log", "ab")
        self.began = time.monotonic()
        self.process = subprocess.Popen([str(part) for part in command], cwd=self.directory,
                                        env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, preexec_fn=_many_files, start_new_session=True)
        running.add(self)

    @property
    def pid(self):
        return self.process.pid

    def wait_ready(self, seconds=30):
        """Until the port answers with anything."""
        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.tail()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.request("GET", self.ready)[0] > 0
            return False
        try:
            machine.wait_until(answers, seconds, f"{self.name} to answer", 0.01)
        except Exception:
            self.close()  # whoever asked has nothing to close yet
            raise
        return self

    def request(self, method, path, body=None, headers=None, timeout=30):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            connection.request(method, path, body=body,
                               headers={"Authorization": f"Bearer {TOKEN}", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def tail(self, size=2000):
        return (self.directory / "output.log").read_text(errors="replace")[-size:]

    def end(self):
        """Ends the process and what it has started."""
        if self not in running:
            return
        running.discard(self)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.process.wait(10)
        self.log.close()

    def close(self):
        """Ends it and removes its directory."""
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _many_files():
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))


class Dossier(Process):
    """The release binary. `database` is copied nowhere: it is used where it lies."""

    def __init__(self, settings=None, *, env=None, name="dossier", directory=None):
        directory = directory or temporary_directory(name + "-")
        settings = settings or config()
        settings["server"]["listen"] = f"127.0.0.1:{(port := free_port())}"
        # JSON is YAML, too.
        (directory / "dossier.yaml").write_text(json.dumps(settings))
        super().__init__([binary(), "serve", "-c", "dossier.yaml"], port=port, env=env, directory=directory, name=name)

    def metrics(self):
        """{name with labels: value} of /metrics."""
        lines = self.request("GET", "/metrics")[1].decode().splitlines()
        return {name: float(value) for line in lines if line and line[0] != "#"
                for name, value in [line.rsplit(" ", 1)]}

    def calls(self):
        """Requests to the outside so far."""
        return sum(value for name, value in self.metrics().items() if name.startswith("dossier_upstream_requests_total"))


def binary():
    return pathlib.Path(os.environ.get("DOSSIER_BINARY") or BUILD / "dossier")
