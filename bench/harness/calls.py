"""Calls to the outside by themselves: the service's HTTP client with many under way at once, beside one bare libcurl
handle that asks over one kept connection and is answered at once. Goal 7 of the pipeline, and the share that calls have
in what a finding costs.
"""

import dataclasses
import json
import subprocess

from harness import pipeline
from harness.service import BUILD
from harness.statistics import Goal, median, paired_ratio
from harness.upstream import MISSING, Upstream

PROGRAM = BUILD / "bench/outbound_calls"
REQUEST_BYTES = 6_000  # a prompt
LLM_SECONDS = 2.0


@dataclasses.dataclass
class Calls:
    """One run of one client."""
    calls: int
    seconds: float
    cpu_us: float   # a call
    kib: float      # resident, a call in flight


def run(*arguments):
    done = subprocess.run([str(part) for part in (PROGRAM, *arguments)], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"outbound_calls failed: {done.stderr[-300:]}")
    return Calls(**json.loads(done.stdout))


def measure(options, say):
    """Goal 7: a call costs no more among 4,096 than among 256, and at most three times what bare libcurl takes."""
    if MISSING:
        return [Goal("calls", "CPU a call, 4,096 in flight ÷ bare", "×", at_most=3, why_not=MISSING)], {}
    answer = pipeline.rehearse()
    seen = {"bare": [], "256": [], "4096": []}
    with Upstream(answer, 0, 0).wait_ready() as quick, Upstream(answer, LLM_SECONDS, 0).wait_ready() as slow:
        at_once, later = (f"http://127.0.0.1:{one.port}/v1/chat/completions" for one in (quick, slow))
        for turn in range(2 if options.quick else 3):
            seen["bare"].append(run("easy", at_once, options.seconds, REQUEST_BYTES))
            for in_flight in ("256", "4096"):
                seen[in_flight].append(run("client", later, 4.5 * LLM_SECONDS, in_flight, REQUEST_BYTES))
            say(f"calls: round {turn + 1}: " + ", ".join(f"{who} {runs[-1].cpu_us:.1f} µs, {runs[-1].kib:.0f} KiB"
                                                         for who, runs in seen.items()))
    return goals(seen), seen


def goals(seen):
    cpu = {who: [one.cpu_us for one in runs] for who, runs in seen.items()}
    note = f"{median(cpu['4096']):.0f} µs against {median(cpu['bare']):.0f} bare"
    memory = f"{median([one.kib for one in seen['4096']]):.0f} KiB a call in flight"
    return [Goal("calls", "CPU a call, 4,096 in flight ÷ bare libcurl at once", "×", at_most=3,
                 measured=paired_ratio(cpu["4096"], cpu["bare"]), note=note),
            Goal("calls", "CPU a call, 4,096 in flight ÷ 256 in flight", "×", at_most=1,
                 measured=paired_ratio(cpu["4096"], cpu["256"]), note=memory)]
