"""What a long life costs: the store's operations with 10⁴ and with 10⁶ findings in it, and how soon a service answers.

Rounds take turns between a small and a large store. A start counts from the process's beginning to its first 202; each
starts on the store as the last one left it.
"""

import json
import subprocess
import time

from harness import acks, load, machine
from harness.service import BUILD, SECRET, Dossier, config, temporary_directory
from harness.statistics import Goal, median, number, paired_ratio

SMALL = 10_000
TOOL = str(BUILD / "bench/store_costs")
OPERATIONS = ("intake", "dedupe", "list", "dequeue", "digest")


def run_tool(*arguments, seconds=400):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0:
        raise RuntimeError(f"store_costs {arguments[0]}: {done.stderr.strip()[-500:]}")
    return done.stdout


def start_seconds(directory, template, number_of_finding):
    """Seconds from exec to the first acknowledged finding; the service is ended again."""
    import hashlib
    import hmac
    body = template.read_text().replace("@ID@", f"{number_of_finding:012x}").encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    settings = config(routes=[{"name": "rest", "when": {}, "do": "digest"}])
    service = Dossier(settings, directory=directory, name="start")

    def accepted():
        try:
            status, _ = service.request("POST", acks.PATH, body,
                                        {"Content-Type": "application/json", "X-Signature": signature})
            return status == 202
        except OSError:
            return False
    try:
        machine.wait_until(accepted, 60, "the first 202", 0.002)
        return time.monotonic() - service.began
    finally:
        service.end()


def starts_on(directory, template, times):
    """Without the first, which reads from the disk what later ones find in memory."""
    taken = [start_seconds(directory, template, 10**9 + turn) for turn in range(times + 1)]
    return median(taken[1:])


def measure(options, say):
    """Goals 10 and 12."""
    large_count = 100_000 if options.quick else 1_000_000
    directory = temporary_directory("growth-")
    small, large = directory / "small", directory / "large"
    files = {}
    for place, count in ((small, SMALL), (large, large_count)):
        (place / "data").mkdir(parents=True)
        files[place] = place / "data/dossier.db"
        began = time.monotonic()
        run_tool("seed", files[place], count)
        say(f"growth: {count:,} findings seeded in {time.monotonic() - began:.0f} s")

    seen = {place: {operation: [] for operation in OPERATIONS} for place in files}
    for turn in range(options.rounds):
        for place, stored in ((small, SMALL), (large, large_count)):
            said = json.loads(run_tool("measure", files[place], turn, 1000 if options.quick else 3000, stored))
            for operation in OPERATIONS:
                seen[place][operation].append(said[operation])
        say(f"growth: round {turn + 1}: " + ", ".join(
            f"{operation} {seen[small][operation][-1]['cpu_us']:.0f} → {seen[large][operation][-1]['cpu_us']:.0f} µs"
            for operation in OPERATIONS))

    template = load.template(directory)
    (directory / "empty").mkdir()
    starts = {"on an empty store": (directory / "empty", 100), f"with {large_count:,} findings": (large, 500)}
    goals = []
    for what, (place, limit) in starts.items():
        taken = starts_on(place, template, 3 if options.quick else 5) * 1000
        goals.append(Goal("start", f"to the first 202 {what}", "ms", at_most=limit, measured=taken))
    for operation in OPERATIONS:
        for field, what in (("cpu_us", "CPU"), ("written", "bytes written")):
            if field == "written" and operation != "intake":
                continue
            few, many = ([one[field] for one in seen[place][operation]] for place in (small, large))
            goals.append(Goal("growth", f"{what} of {operation}, {large_count:,} ÷ {SMALL:,} findings", "×",
                              at_most=1.15, measured=paired_ratio(many, few),
                              note=f"{number(median(few))} → {number(median(many))}"))
    return goals, {str(place.name): found for place, found in seen.items()}
