"""Each part by itself, by Google Benchmark (bench/parts_bench.cpp), on the sample deliveries."""

import json
import subprocess

from harness.service import BUILD, ROOT
from harness.statistics import Goal, number

PROGRAM = BUILD / "bench/parts_bench"


def measure(options, say):
    """The parts that have goals of their own; all are in the figures."""
    if not PROGRAM.exists():
        return [Goal("parts", "CPU of redaction of 4 KiB", "µs", at_most=60,
                     why_not="no Google Benchmark (apt-get install libbenchmark-dev)")], {}
    done = subprocess.run([str(PROGRAM), str(ROOT / "config/samples"), "--benchmark_format=json",
                           f"--benchmark_repetitions={options.rounds}", "--benchmark_report_aggregates_only=true",
                           f"--benchmark_min_time={0.1 if options.quick else 0.3}",
                           "--benchmark_enable_random_interleaving=true"],
                          capture_output=True, text=True, timeout=300, check=True)
    figures = {}
    for one in json.loads(done.stdout)["benchmarks"]:
        if one["aggregate_name"] == "median":
            figures[one["run_name"].split("/repeats")[0]] = one["cpu_time"] / 1000
    say("parts: " + ", ".join(f"{name} {number(us)} µs" for name, us in figures.items()))
    goals = [Goal("parts", "CPU of redaction of 4 KiB", "µs", at_most=60, measured=figures["redaction_of_4_kib"])]
    return goals, figures
