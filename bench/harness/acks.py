"""Durable acknowledgements beside what bounds them: SQLite alone, a server without a sink, one that commits each
request. Rounds interleave all of them, so that a disturbance meets each alike.

What dossier does behind the acknowledgement (its pipeline) would count into its CPU, so the measured service goes no
further: its only slot waits for a context source that never answers.
"""

import dataclasses
import json
import os
import subprocess
import time

from harness import load, machine
from harness.service import BUILD, SECRET, Dossier, Process, config, free_port, temporary_directory
from harness.statistics import Goal, median, paired_ratio

PATH = "/v1/webhooks/bench"
SLOW = {"LD_PRELOAD": str(BUILD / "bench/slow_sync.so"), "DOSSIER_SYNC_DELAY_US": "2000"}


@dataclasses.dataclass
class Acks:
    """One round of one server."""
    per_second: float
    cpu_us: float
    p50_us: float
    p99_us: float
    max_us: float
    written: float       # bytes an ack
    resident: int
    wal: int
    foreign: float


class SilentUpstream:
    """Accepts and never answers: whoever waits for it uses no CPU. One finding in flight holds the whole pipeline."""

    def __init__(self):
        import socket
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


def intake_only(silent):
    """A service that acknowledges and goes no further: the only slot waits for a context source."""
    return config(
        queue={"capacity": 10_000_000, "workers": 2, "in_flight": 1},
        cmdb=[{"kind": "http", "name": "silent", "url": f"http://127.0.0.1:{silent.port}/?r={{resource.id}}",
               "map": {"owner": "/owner"}}],
        context={"timeout": "10m"})


def baseline(mode, env=None):
    directory = temporary_directory(f"baseline-{mode}-")
    port = free_port()
    return Process([BUILD / "bench/baseline_server", mode, port, SECRET, directory / "inbox.db"], port=port, env=env,
                   directory=directory, name=f"baseline-{mode}").wait_ready()


def round_of(server, template, connections, seconds, start):
    """One round against a running server."""
    span = machine.Span([server.pid])
    sent = load.post(server.port, PATH, template, connections=connections, seconds=seconds, start=start)
    spent = span.end(sent["cpu_seconds"])
    if sent["accepted"] < 0.99 * sent["sent"]:
        raise RuntimeError(f"{server.name} refused: {sent['statuses']}, {sent['broken']} broken: {server.tail(500)}")
    wal = max((path.stat().st_size for path in server.directory.glob("**/*-wal")), default=0)
    return Acks(sent["accepted"] / sent["seconds"], spent.server_cpu / sent["accepted"] * 1e6, sent["p50_us"],
                sent["p99_us"], sent["max_us"], spent.written / sent["accepted"], machine.resident_of(server.pid), wal,
                spent.foreign_cores)


def bare(group, seconds, env=None):
    """SQLite alone, in a process of its own with a new file."""
    directory = temporary_directory("bare-")
    try:
        busy, wall = machine.machine_busy(), os.times().elapsed
        done = subprocess.run([str(BUILD / "bench/bare_commit"), str(directory / "inbox.db"), str(group), str(seconds)],
                              capture_output=True, text=True, check=True, timeout=120, env={**os.environ, **(env or {})})
        said = json.loads(done.stdout)
        foreign = (machine.machine_busy() - busy - said["cpu_seconds"]) / (os.times().elapsed - wall)
        return Acks(said["rows"] / said["seconds"], said["cpu_us"], 0, 0, 0, said["written"], 0, 0, max(0.0, foreign))
    finally:
        for path in directory.iterdir():
            path.unlink()
        directory.rmdir()


class Rounds:
    """{who: [one Acks a round]}."""

    def __init__(self):
        self.of = {}

    def add(self, who, acks):
        self.of.setdefault(who, []).append(acks)

    def values(self, who, field):
        return [getattr(acks, field) for acks in self.of.get(who, [])]

    def ratio(self, who, other, field):
        return paired_ratio(self.values(who, field), self.values(other, field))

    def median(self, who, field):
        return median(self.values(who, field))

    def foreign(self, *names):
        return median([acks.foreign for name in names for acks in self.of.get(name, [])])


def measure(options, say):
    """Goals 1, 2, 5, 9 (idle) and 12."""
    rounds, seconds = options.rounds, options.seconds
    silent, seen = SilentUpstream(), Rounds()
    directory = temporary_directory("acks-")
    template = load.template(directory)
    start = 1
    service = Dossier(intake_only(silent)).wait_ready()
    plain = baseline("none")
    try:
        time.sleep(2)  # what the start has put off (patterns) is done beside the first requests
        idle = machine.resident_of(service.pid)
        # Memory pools, prepared statements and the first pages of the file are no round's business.
        load.post(service.port, PATH, template, connections=64, seconds=0.5, start=start)
        start += 1_000_000
        for turn in range(rounds):
            for connections, group in ((64, 32), (256, 128)):
                seen.add(f"bare {group}", bare(group, seconds / 2))
                seen.add(f"dossier {connections}", round_of(service, template, connections, seconds, start))
                start += 1_000_000
            seen.add("no sink", round_of(plain, template, 64, seconds, start))
            say(f"acks: round {turn + 1} of {rounds}: " + ", ".join(
                f"{who} {runs[-1].cpu_us:.1f} µs {runs[-1].per_second:,.0f}/s" for who, runs in seen.of.items()))
    finally:
        for one in (service, plain, silent):
            one.close()
        template.unlink()
        directory.rmdir()
    return goals(seen, idle), seen.of


def goals(seen, idle):
    quiet = seen.foreign("dossier 64", "bare 32")
    tails = [p99 / p50 for p99, p50 in zip(seen.values("dossier 64", "p99_us"), seen.values("dossier 64", "p50_us"))]
    figures = (f"{seen.median('dossier 64', 'cpu_us'):.1f} µs against {seen.median('bare 32', 'cpu_us'):.1f} bare, "
               f"{seen.median('no sink', 'cpu_us'):.1f} without a sink")
    rates = f"{seen.median('dossier 64', 'per_second'):,.0f}/s of {seen.median('bare 32', 'per_second'):,.0f}/s"
    return [
        Goal("acks", "CPU an ack ÷ CPU a row of bare SQLite groups", "×", at_most=2.2,
             measured=seen.ratio("dossier 64", "bare 32", "cpu_us"), foreign=quiet, note=figures),
        Goal("acks", "CPU an ack ÷ CPU of a request without a sink", "×", at_most=3.5,
             measured=seen.ratio("dossier 64", "no sink", "cpu_us"), foreign=quiet),
        Goal("acks", "acks/s ÷ bare groups, 64 connections", "×", at_least=0.6, timed=True,
             measured=seen.ratio("dossier 64", "bare 32", "per_second"), foreign=quiet, note=rates),
        Goal("acks", "acks/s ÷ bare groups, 256 connections", "×", at_least=0.8, timed=True,
             measured=seen.ratio("dossier 256", "bare 128", "per_second"),
             foreign=seen.foreign("dossier 256", "bare 128")),
        Goal("acks", "p99 ÷ p50 of an ack, flat out", "×", at_most=8, timed=True, measured=median(tails), foreign=quiet,
             note=f"p50 {seen.median('dossier 64', 'p50_us') / 1000:.1f} ms"),
        Goal("acks", "longest wait of an ack", "ms", at_most=50, timed=True,
             measured=median([us / 1000 for us in seen.values("dossier 64", "max_us")]), foreign=quiet,
             note="no checkpoint stalls"),
        Goal("acks", "WAL", "MiB", at_most=64,
             measured=max(seen.values("dossier 64", "wal") + seen.values("dossier 256", "wal")) / 2**20, foreign=quiet),
        Goal("acks", "bytes written an ack of 4 KiB", "KB", at_most=16,
             measured=median(seen.values("dossier 64", "written")) / 1000, foreign=quiet,
             note=f"bare {seen.median('bare 32', 'written') / 1000:.1f} KB"),
        Goal("acks", "resident, idle", "MiB", at_most=16, measured=idle / 2**20),
        Goal("acks", "resident after the load", "MiB", at_most=24,
             measured=max(seen.values("dossier 64", "resident")) / 2**20),
    ]


def measure_slow_disk(options, say):
    """Goal 4: each sync takes 2 ms more."""
    silent, seen = SilentUpstream(), Rounds()
    directory = temporary_directory("slow-")
    template = load.template(directory)
    service = Dossier(intake_only(silent), env=SLOW, name="dossier-slow").wait_ready()
    each = baseline("each", SLOW)
    try:
        for turn in range(options.rounds):
            seen.add("dossier 64", round_of(service, template, 64, options.seconds, 1 + turn * 1_000_000))
            seen.add("each", round_of(each, template, 64, options.seconds, 1 + turn * 1_000_000))
            say(f"slow disk: round {turn + 1}: {seen.of['dossier 64'][-1].per_second:,.0f}/s, a commit a request "
                f"{seen.of['each'][-1].per_second:,.0f}/s")
    finally:
        for one in (service, each, silent):
            one.close()
        template.unlink()
        directory.rmdir()
    foreign = seen.foreign("dossier 64", "each")
    return [Goal("slow disk", "acks/s ÷ a commit a request, 2 ms a sync", "×", at_least=20, timed=True,
                 measured=seen.ratio("dossier 64", "each", "per_second"), foreign=foreign,
                 note=f"{seen.median('dossier 64', 'per_second'):,.0f}/s, each "
                      f"{seen.median('each', 'per_second'):,.0f}/s")], seen.of
