"""The whole service with N findings waiting for an LLM: findings a second against what N slots could carry at most
(Little's bound), CPU and memory per finding.

A finding takes `latency` when nothing of ours costs anything, so N in flight finish N / latency a second. All findings
are delivered first and wait in the queue; the window opens when the first wave is through and the slots are full again.
"""

import dataclasses
import json
import time

from harness import load, machine
from harness.service import Dossier, config
from harness.statistics import Goal, steady_rate
from harness.upstream import Rehearsal, Upstream, sections

CONTEXT_SECONDS = 0.02


@dataclasses.dataclass
class Flight:
    """One run at one number of findings in flight."""
    in_flight: int
    llm_seconds: float
    bound: float              # findings a second
    per_second: float
    cpu_us: float             # of dossier per finding, from its delivery to its draft
    pipeline_cpu_us: float    # the same without the delivery
    upstream_cpu_us: float    # of the mock
    kib_per_finding: float    # resident at full flight − idle, per finding in flight
    foreign_cores: float
    finished: int
    calls: float              # to the outside, per finding
    stored_bytes: float       # by which the store has grown, per finding

    @property
    def of_bound(self):
        return self.per_second / self.bound


def measure(options, say):
    """Goals 6 to 9. Memory and CPU are taken where most are in flight."""
    answer = rehearse()
    plan = [(in_flight, 2.0) for in_flight in options.in_flight or (64, 256, 1024, 4096)]
    if not options.in_flight:
        plan.append((1024, 0.2))
    flights = []
    for in_flight, llm_seconds in plan:
        flights.append(flight := fly(answer, in_flight, llm_seconds))
        say(f"pipeline: {in_flight} in flight, LLM {llm_seconds:g} s: {flight.per_second:,.1f}/s = "
            f"{flight.of_bound:.3f} of the bound, {flight.cpu_us:,.0f} µs and {flight.calls:.2f} calls a finding, "
            f"{flight.kib_per_finding:.0f} KiB each, foreign {flight.foreign_cores:.2f}")
    return goals(flights), flights


def goals(flights):
    rows = []
    for flight in flights:
        least = 0.9 if flight.llm_seconds < 1 else 0.95 if flight.in_flight > 1024 else 0.98
        rows.append(Goal("pipeline", f"findings/s ÷ bound, {flight.in_flight:,} in flight, LLM {flight.llm_seconds:g} s",
                         "×", at_least=least, timed=True, measured=flight.of_bound, foreign=flight.foreign_cores,
                         note=f"{flight.per_second:,.0f}/s of {flight.bound:,.0f}/s"))
    slow = [flight for flight in flights if flight.llm_seconds >= 1]
    top = max(slow or flights, key=lambda flight: flight.in_flight)
    rows.append(Goal("pipeline", "CPU a finding, all stages", "µs", at_most=700, measured=top.cpu_us,
                     foreign=top.foreign_cores, note=f"at {top.in_flight:,} in flight; mock {top.upstream_cpu_us:.0f} µs"))
    rows.append(Goal("pipeline", "resident a finding in flight", "KiB", at_most=40, measured=top.kib_per_finding,
                     note=f"at {top.in_flight:,} in flight"))
    return rows


def rehearse():
    """The LLM's answer for findings of the bench; RuntimeError when dossier takes any sentence of it out."""
    rehearsal = Rehearsal()
    mock = Upstream({}, 0, CONTEXT_SECONDS).wait_ready()
    try:
        parts = sections(mock.port)
        parts["llm"]["providers"][0]["url"] = f"http://127.0.0.1:{rehearsal.port}/v1"
        with Dossier(config(**parts), name="rehearsal").wait_ready() as service:
            load.post(service.port, "/v1/webhooks/bench", load.template(service.directory), connections=1, count=1)
            finding = machine.wait_until(lambda: _drafted(service), 20, "the rehearsal's draft")
            narrative = finding["dossier"]["narrative"]
            if narrative["author"] != "llm" or narrative["removed"]:
                raise RuntimeError(f"the rehearsed answer doesn't stand: {json.dumps(narrative)[:1500]}")
        return rehearsal.answer
    finally:
        mock.close()
        rehearsal.close()


def _drafted(service):
    items = json.loads(service.request("GET", "/v1/findings")[1])["items"]
    if not items or items[0]["stage"] != "awaiting_approval":
        return None
    return json.loads(service.request("GET", f"/v1/findings/{items[0]['id']}")[1])


def _finished(service):
    return sum(value for name, value in service.metrics().items()
               if name.startswith("dossier_stages_total") and 'stage="draft' in name and 'outcome="done"' in name)


def fly(answer, in_flight, llm_seconds=2.0, size=4096):
    """Delivers so many times in_flight findings and watches them through."""
    latency = llm_seconds + 2 * CONTEXT_SECONDS
    waves = 8 if in_flight <= 256 else 4  # a look comes up to a tenth of a second late
    total = int(in_flight * waves)
    with Upstream(answer, llm_seconds, CONTEXT_SECONDS).wait_ready() as mock:
        settings = config(**sections(mock.port), queue={"capacity": 1_000_000, "workers": 2, "in_flight": in_flight})
        with Dossier(settings).wait_ready() as service:
            idle = machine.resident_of(service.pid)
            whole = machine.Span([service.pid], [mock.pid])
            mock_before = machine.cpu_of(mock.pid)
            sent = load.post(service.port, "/v1/webhooks/bench", load.template(service.directory, size), count=total,
                             connections=64)
            acks_cpu = machine.cpu_of(service.pid) - whole.started[1]
            marks, top = [], idle
            limit = time.monotonic() + 30 + 4 * waves * latency + total * 0.01
            while True:
                marks.append((time.monotonic(), _finished(service)))
                top = max(top, machine.resident_of(service.pid))
                if marks[-1][1] >= total or time.monotonic() > limit:
                    break
                time.sleep(0.1)
            spent = whole.end(sent["cpu_seconds"])
            finished = int(marks[-1][1])
            if finished == 0:
                raise RuntimeError("no finding came through: " + service.tail())
            mock_cpu = machine.cpu_of(mock.pid) - mock_before
            calls = service.calls()
            stored = sum(path.stat().st_size for path in (service.directory / "data").glob("dossier.db"))
    return Flight(in_flight, llm_seconds, in_flight / latency, steady_rate(marks, in_flight, total),
                  spent.server_cpu / finished * 1e6, (spent.server_cpu - acks_cpu) / finished * 1e6,
                  mock_cpu / finished * 1e6, (top - idle) / 1024 / in_flight, spent.foreign_cores, finished,
                  calls / finished, stored / finished)
