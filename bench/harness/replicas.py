"""One replica and two on one PostgreSQL: how findings a second and their CPU grow. No goals, but what docs/scale.md
computes with."""

import json
import time

from harness import load, machine, peers
from harness.service import Dossier, config
from harness.statistics import Goal


def measure(options, say):
    """Findings of the default pipeline, delivered to the replicas in turn, until all have their drafts."""
    figures = {}
    for count in (1, 2):
        try:
            figures[count] = run(count, 500 if options.quick else 2_000)
        except peers.Missing as why:
            return [Goal("replicas", "findings/s of two ÷ one", "×", at_least=1, why_not=str(why))], {}
        say(f"replicas: {count}: {json.dumps(figures[count])}")
    return [Goal("replicas", "findings/s of two ÷ one", "×", at_least=1, timed=True,
                 measured=figures[2]["per_second"] / figures[1]["per_second"], foreign=figures[2]["foreign"],
                 note="both on the same cores as the database")], figures


def run(count, findings):
    postgres = peers.Postgres()
    replicas = []
    try:
        for _ in range(count):
            replicas.append(Dossier(config(store={"url": postgres.url})).wait_ready(60))
        template = load.template(replicas[0].directory)
        ours, theirs = machine.Span([one.pid for one in replicas], postgres.roots), machine.Span(postgres.roots)
        intake = time.monotonic()
        client = 0.0
        for turn, one in enumerate(replicas):
            sent = load.post(one.port, "/v1/webhooks/bench", template, count=findings // count,
                             start=1 + turn * 1_000_000)
            client += sent["cpu_seconds"]
        intake = time.monotonic() - intake
        machine.wait_until(lambda: sum(drafted(one) for one in replicas) >= findings // count * count, 240,
                           "all findings to have drafts", 0.1)
        spent, of_database = ours.end(client), theirs.end()
        return {"per_second": findings / spent.seconds, "acks_per_second": findings / intake,
                "cpu_us": spent.server_cpu / findings * 1e6, "database_cpu_us": of_database.server_cpu / findings * 1e6,
                "written": of_database.written / findings, "foreign": spent.foreign_cores}
    finally:
        for one in replicas:
            one.close()
        postgres.close()


def drafted(service):
    return sum(value for name, value in service.metrics().items()
               if name.startswith("dossier_stages_total") and 'stage="draft"' in name and 'outcome="done"' in name)
