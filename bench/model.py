#!/usr/bin/env python3
"""What a deployment carries, computed from measured unit costs: the tables of docs/scale.md.

  bench/model.py            prints the tables
  bench/model.py --write    puts them into docs/scale.md, between its marks
  bench/model.py --check    fails where the page and the model differ

The inputs are in bench/measured.json, each with the run that it comes from. The model is as plain as it can be: a
resource is used up by cost × rate, no more than `busy` of it, and the first that is used up is the bound.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "docs/scale.md"
BEGIN, END = "<!-- model: begin -->\n", "<!-- model: end -->\n"
DAY = 86_400


def node(given, cores, in_flight, llm_seconds):
    """Bounds of one process with SQLite, in findings a second."""
    by_cpu = cores * given["busy"] * 1e6 / given["finding_cpu_us"]
    by_slots = in_flight / (llm_seconds + given["context_seconds"])
    bounds = {"CPU": by_cpu, "LLM slots": by_slots}
    bound = min(bounds, key=bounds.get)
    rate = bounds[bound]
    burst = min(cores * given["busy"] * 1e6 / given["ack_cpu_us"],
                given["busy"] * 1e6 / given["store_ack_cpu_us"])  # one thread writes, however many cores there are
    return {"rate": rate, "bound": bound, "burst": burst,
            "mib": given["idle_mib"] + in_flight * given["finding_kib"] / 1024,
            "gb_a_day": rate * DAY * given["stored_bytes"] / 1e9}


def replicas(given, count, cores, database_cores):
    """Findings a second of `count` replicas on one PostgreSQL, each on machines of their own."""
    by_replicas = count * cores * given["busy"] * 1e6 / given["replica_cpu_us"]
    by_database = database_cores * given["busy"] * 1e6 / given["database_cpu_us"]
    return {"rate": min(by_replicas, by_database), "bound": "replicas" if by_replicas < by_database else "database"}


def rows(header, lines):
    return ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |",
            *("| " + " | ".join(line) + " |" for line in lines)]


def figure(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def tables(measured):
    given = {name: entry["value"] for name, entry in measured.items()}
    text = ["Unit costs (`bench/measured.json`):", ""]
    text += rows(("cost", "value", "from"), [(entry["what"], f"{entry['value']:,g} {entry['unit']}".strip(),
                                              entry["from"]) for entry in measured.values()])
    text += ["", "One process with SQLite, LLM answers in 2 s:", ""]
    text += rows(("cores", "in flight", "findings/s", "bound by", "findings a day", "acks/s in a burst", "memory MiB",
                  "disk GB a day at that rate"),
                 [(str(cores), f"{slots:,}", figure(one["rate"]), one["bound"], figure(one["rate"] * DAY),
                   figure(one["burst"]), figure(one["mib"]), figure(one["gb_a_day"]))
                  for cores, slots in ((1, 64), (2, 256), (2, 1024), (4, 1024), (8, 4096))
                  for one in [node(given, cores, slots, 2.0)]])
    text += ["", "Replicas of 2 cores on one PostgreSQL, each on a machine of its own (LLM slots not the bound):", ""]
    counts = (1, 2, 4, 8, 16, 32)
    text += rows(("database cores", *(f"{count} replica{'s' if count > 1 else ''}" for count in counts)),
                 [(str(cores), *(f"{figure(one['rate'])}{'*' if one['bound'] == 'database' else ''}"
                                 for count in counts for one in [replicas(given, count, 2, cores)]))
                  for cores in (4, 8, 16, 32)])
    text += ["", "\\* the database is the bound: another replica adds nothing."]
    return "\n".join(text) + "\n"


def main(arguments):
    made = tables(json.loads((HERE / "measured.json").read_text()))
    if not arguments:
        print(made, end="")
        return 0
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    wanted = head + BEGIN + made + END + tail
    if arguments == ["--write"]:
        PAGE.write_text(wanted)
        return 0
    if page != wanted:
        print("docs/scale.md differs from bench/model.py: run bench/model.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
