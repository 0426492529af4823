"""Others that acknowledge durably, in the same rounds as dossier: what one would build or install instead.

Node's packages are installed into build/bench/peers by `bench/run peers` (n8n, 2.3 GB, only where it is named: `--with
n8n`); PostgreSQL and Redis are Debian's. A peer that can't be had or doesn't start is a row that says why.
"""

import os
import shutil
import subprocess
import sys
import time

from harness import acks, load, machine
from harness.service import ROOT, SECRET, WORK, Dossier, Process, free_port, temporary_directory
from harness.statistics import Goal

SOURCES = ROOT / "bench/peers"
PLACE = WORK / "peers"
#       peer       acks/s of dossier ÷ the peer's, CPU of dossier ÷ the peer's
GOALS = {"sqlite": (3, 1 / 3), "bullmq": (3, 1 / 6), "pgboss": (10, 1 / 20), "n8n": (100, 1 / 300)}
NAMES = {"sqlite": "Fastify + better-sqlite3, group commit by hand", "bullmq": "Fastify + BullMQ, Redis always",
         "pgboss": "Fastify + pg-boss 10", "n8n": "n8n 2 webhook"}


class Missing(Exception):
    """A peer can't be had; the message says why."""


def install(place, sources, seconds):
    if not shutil.which("npm"):
        raise Missing("no npm")
    place.mkdir(parents=True, exist_ok=True)
    wanted = (sources / "package.json").read_text()
    is_there = (place / "installed.json").exists() and (place / "installed.json").read_text() == wanted
    for path in sources.glob("*.js*"):
        shutil.copy(path, place)
    if is_there:
        return
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Missing(f"npm install took more than {seconds} s") from None
    if done.returncode != 0:
        raise Missing("npm install failed: " + done.stdout.strip()[-200:].replace("\n", " "))
    (place / "installed.json").write_text(wanted)


class Peer:
    """A Node server with the database beside it, as one thing to measure."""

    def __init__(self, script, *arguments, backing=None, directory=None):
        self.backing, self.port = backing, free_port()
        self.node = Process(["node", PLACE / script, self.port, SECRET, *arguments], port=self.port,
                            directory=directory, name=script.removesuffix(".js")).wait_ready()
        self.path = "/findings"

    @property
    def roots(self):
        return [self.node.pid, *(self.backing.roots if self.backing else [])]

    def close(self):
        self.node.close()
        if self.backing:
            self.backing.close()


class Redis:
    def __init__(self):
        if not shutil.which("redis-server"):
            raise Missing("no redis-server (apt-get install redis-server)")
        self.port = free_port()
        directory = temporary_directory("redis-")
        self.process = Process(["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", directory, "--save",
                                "", "--appendonly", "yes", "--appendfsync", "always"], port=self.port,
                               directory=directory, name="redis")
        time.sleep(0.5)
        self.roots = [self.process.pid]

    def close(self):
        self.process.close()


class Postgres:
    """As the end-to-end tests start it, but with its syncs."""

    def __init__(self):
        sys.path.insert(0, str(ROOT / "tests/e2e"))
        import postgres_server
        if postgres_server.MISSING:
            raise Missing(postgres_server.MISSING)
        self.server = postgres_server.PostgresServer()
        for name, value in (("fsync", "on"), ("max_wal_size", "'4GB'"), ("shared_buffers", "'256MB'")):
            self.server.set(name, value)
        self.server.restart("fast")
        self.url = self.server.url(self.server.new_database())
        self.roots = [int((self.server.dir / "data/postmaster.pid").read_text().split()[0])]

    def close(self):
        self.server.close()


def make_sqlite():
    directory = temporary_directory("sqlite-")
    return Peer("fastify_sqlite.js", directory / "inbox.db", directory=directory)


def make_bullmq():
    redis = Redis()
    return Peer("fastify_bullmq.js", redis.port, backing=redis)


def make_pgboss():
    postgres = Postgres()
    return Peer("fastify_pgboss.js", postgres.url, backing=postgres)


class N8n:
    """One workflow: a webhook that answers on receipt, then a node that does nothing."""

    def __init__(self):
        place = PLACE / "n8n"
        install(place, SOURCES / "n8n", 600)
        self.port, self.path = free_port(), "/webhook/bench"
        directory = temporary_directory("n8n-")
        environment = {"N8N_USER_FOLDER": str(directory), "N8N_PORT": str(self.port), "N8N_LISTEN_ADDRESS": "127.0.0.1",
                       "N8N_DIAGNOSTICS_ENABLED": "false", "N8N_VERSION_NOTIFICATIONS_ENABLED": "false"}
        (directory / "workflow.json").write_text((SOURCES / "n8n/workflow.json.in").read_text())
        program = place / "node_modules/n8n/bin/n8n"
        for words in (["import:workflow", f"--input={directory}/workflow.json"], ["publish:workflow", "--id=bench"]):
            done = subprocess.run(["node", program, *words], env={**os.environ, **environment}, cwd=directory,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
            if done.returncode != 0:
                raise Missing(f"n8n {words[0]} failed: {done.stdout[-200:]}")
        self.process = Process(["node", program, "start"], port=self.port, env=environment, directory=directory,
                               name="n8n").wait_ready(120)
        time.sleep(5)  # webhooks are registered some time after it listens
        self.roots = [self.process.pid]

    def close(self):
        self.process.close()


MAKERS = {"sqlite": make_sqlite, "bullmq": make_bullmq, "pgboss": make_pgboss, "n8n": N8n}


def round_of(peer, template, connections, seconds, start):
    span = machine.Span(peer.roots)
    sent = load.post(peer.port, peer.path, template, connections=connections, seconds=seconds, start=start)
    spent = span.end(sent["cpu_seconds"])
    return acks.Acks(sent["accepted"] / sent["seconds"], spent.server_cpu / sent["accepted"] * 1e6, sent["p50_us"],
                     sent["p99_us"], sent["max_us"], spent.written / sent["accepted"], 0, 0, spent.foreign_cores)


def measure(options, say):
    """Goal 3. Each peer has its own rounds beside dossier, so that no more than two servers are there at once."""
    wanted = [name for name in MAKERS if name != "n8n" or "n8n" in options.extra]
    try:
        if not options.is_asked_for("peers") and not (PLACE / "installed.json").exists():
            raise Missing("its packages are installed by `bench/run peers`")
        install(PLACE, SOURCES, 900)
    except Missing as why:
        return [row(name, None, str(why)) for name in MAKERS], {}
    goals, figures = [], {}
    for name in MAKERS:
        if name not in wanted:
            goals += [row(name, None, "2.3 GB; named by `bench/run peers --with n8n`")]
            continue
        try:
            seen = beside(name, options, say)
            figures[name] = seen.of
            goals += [row(name, seen), cpu_row(name, seen)]
        except (Missing, RuntimeError, TimeoutError, OSError, subprocess.SubprocessError) as why:
            goals.append(row(name, None, str(why)[:200]))
    return goals, figures


def beside(name, options, say):
    silent, seen = acks.SilentUpstream(), acks.Rounds()
    service = peer = None
    try:
        peer = MAKERS[name]()
        service = Dossier(acks.intake_only(silent)).wait_ready()
        template = load.template(service.directory)
        for turn in range(options.rounds):
            start = 1 + turn * 1_000_000
            seen.add("dossier", acks.round_of(service, template, 64, options.seconds, start))
            seen.add("peer", round_of(peer, template, 64, options.seconds, start))
        say(f"peers: {name} {seen.median('peer', 'cpu_us'):,.0f} µs, {seen.median('peer', 'per_second'):,.0f}/s; dossier "
            f"{seen.median('dossier', 'cpu_us'):.0f} µs, {seen.median('dossier', 'per_second'):,.0f}/s")
    finally:
        for one in (peer, service, silent):
            if one is not None:
                one.close()
    return seen


def row(name, seen, why_not=""):
    return Goal("peers", f"acks/s ÷ {NAMES[name]}", "×", at_least=GOALS[name][0], timed=True, why_not=why_not.replace("\n", " "),
                measured=seen.ratio("dossier", "peer", "per_second") if seen else None,
                foreign=seen.foreign("dossier", "peer") if seen else None,
                note=f"it: {seen.median('peer', 'per_second'):,.0f}/s" if seen else "")


def cpu_row(name, seen):
    return Goal("peers", f"CPU an ack ÷ {NAMES[name]}", "×", at_most=GOALS[name][1],
                measured=seen.ratio("dossier", "peer", "cpu_us"), foreign=seen.foreign("dossier", "peer"),
                note=f"it: {seen.median('peer', 'cpu_us'):,.0f} µs")
