"""Takes what a run has found into bench/measured.json, the inputs of docs/scale.md."""

import json

from harness.service import ROOT
from harness.statistics import median

FILE = ROOT / "bench/measured.json"


def found_in(figures):
    """{cost: value} of the parts that were run."""
    values = {}
    if acks := figures.get("acks"):
        values["ack_cpu_us"] = median([one.cpu_us for one in acks["dossier 64"]])
    if growth := figures.get("growth"):
        values["store_ack_cpu_us"] = median([one["cpu_us"] for one in growth["small"]["intake"]])
    if flights := figures.get("pipeline"):
        top = max(flights, key=lambda flight: flight.in_flight)
        values |= {"finding_cpu_us": top.cpu_us, "finding_kib": top.kib_per_finding, "stored_bytes": top.stored_bytes}
    if replicas := figures.get("replicas"):
        values |= {"replica_cpu_us": replicas[1]["cpu_us"], "database_cpu_us": replicas[1]["database_cpu_us"]}
    return values


def save(figures, idle_mib=None):
    measured = json.loads(FILE.read_text())
    values = found_in(figures)
    if idle_mib is not None:
        values["idle_mib"] = idle_mib
    for name, value in values.items():
        measured[name]["value"] = float(f"{value:.3g}")
    FILE.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n")
    return sorted(values)
