"""`bench/run`: builds what is measured, runs the parts that were asked for, prints the table and writes it as JSON."""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import traceback

from harness import acks, calls, growth, measured, parts, peers, pipeline, replicas, service
from harness.statistics import MISSED, Goal, as_json, table

PARTS = {
    "acks": acks.measure,
    "slow-disk": acks.measure_slow_disk,
    "calls": calls.measure,
    "pipeline": pipeline.measure,
    "parts": parts.measure,
    "growth": growth.measure,
    "peers": peers.measure,
    "replicas": replicas.measure,
}


def read_arguments(arguments):
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures dossier against its goals.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; default: all")
    parser.add_argument("--rounds", type=int, default=0, help="of A B A B (default 5; 2 with --quick)")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds: a look, not a verdict")
    parser.add_argument("--in-flight", type=int, nargs="*", default=[], help="of the pipeline, instead of the goals'")
    parser.add_argument("--save", action="store_true", help="take the unit costs into bench/measured.json")
    parser.add_argument("--with", dest="extra", action="append", default=[], choices=["n8n"],
                        help="a peer that is measured only where it is named")
    parser.add_argument("--no-build", action="store_true", help="measure what was built before")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    named = set(options.parts)
    options.is_asked_for = lambda part: part in named
    options.parts = [part for part in PARTS if part in options.parts or not options.parts]
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = 1.0 if options.quick else 2.0
    return options


def build():
    """The optimised binary and the programs beside it."""
    for command in (["cmake", "--preset", "release", "-DDOSSIER_BENCH=ON"],
                    ["cmake", "--build", "--preset", "release", "--target", "dossier", "bench"]):
        done = subprocess.run(command, cwd=service.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)} failed:\n{done.stdout[-4000:]}")


def say(line):
    print(line, flush=True)


def run_part(name, options):
    """Its goals and figures. A part that fails is a row that says why, and the others still run."""
    began = time.monotonic()
    try:
        goals, figures = PARTS[name](options, say)
    except Exception as problem:  # whatever it is, the table must say so
        traceback.print_exc()
        goals, figures = [Goal(name, "(the whole part)", at_least=0, why_not=f"failed: {problem}"[:300])], {}
    say(f"{name}: {time.monotonic() - began:.0f} s")
    return goals, figures


def write_results(goals, figures, options):
    results = service.WORK / "results"
    results.mkdir(parents=True, exist_ok=True)
    path = results / time.strftime("%Y%m%d-%H%M%S.json", time.gmtime())
    path.write_text(json.dumps({"machine": f"{os.cpu_count()} cores, {platform.platform()}", "rounds": options.rounds,
                                "quick": options.quick, "goals": as_json(goals), "figures": figures},
                               indent=1, default=lambda one: getattr(one, "of", None) or vars(one)))
    return path


def main(arguments):
    options = read_arguments(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` ends what was started
    if not options.no_build:
        say("bench: building")
        build()
    goals, figures = [], {}
    try:
        for name in options.parts:
            found, figures[name] = run_part(name, options)
            goals += found
    finally:
        for one in list(service.running):
            one.close()
        shutil.rmtree(service.TEMPORARY, ignore_errors=True)
        if goals:
            path = write_results(goals, figures, options)
            if options.save:
                idle = [goal.measured for goal in goals if goal.name == "resident, idle"]
                say(f"saved: {', '.join(measured.save(figures, *idle))}; now bench/model.py --write")
            say("\n" + table(goals) + f"\n\nresults: {path.relative_to(service.ROOT)}")
    return 1 if any(goal.verdict == MISSED or goal.why_not.startswith("failed") for goal in goals) else 0
