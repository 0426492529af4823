#!/usr/bin/python3
"""The drawings of a blast radius before judges of others: Mermaid's own parser and xmllint. Needs node, npm, xmllint and a
built binary ($DOSSIER_BINARY or build/dev/dossier); installs its npm packages under build/conformance/mermaid. Prints a
line a check; exit code 1 when one failed.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Service, default_config, wiz_issue  # noqa: E402
from standins.wiz import Wiz  # noqa: E402
from verdicts import Verdicts, npm_install  # noqa: E402

PACKAGES = ["mermaid@11", "jsdom@29"]
PLACE = ROOT / "build/conformance/mermaid"
NAMES = ["payments-etl", "\"]; click x \"javascript:alert(1)\"", "%%{init: {\"securityLevel\": \"loose\"}}%%", "`**bold**`",
         "<script>alert(1)</script>", "end", "a|b --> c", "#quot;#35;", "Zoë's häm & eggs", "subgraph x", "日本語", "x\\\"y"]
verdict = Verdicts("mermaid")


def judged(texts):
    done = subprocess.run(["node", "mermaid_judge.mjs"], cwd=PLACE, input=json.dumps(texts), capture_output=True, text=True,
                          timeout=120, check=True)
    return json.loads(done.stdout)


def is_xml(text):
    return subprocess.run(["xmllint", "--noout", "--nonet", "-"], input=text.encode(), capture_output=True).returncode == 0


def drawn():
    """Mermaid and SVG of a graph whose names were chosen by somebody who means no good."""
    wiz = Wiz()
    wiz.entity("ent-b", "BUCKET", "acme-payments-drawn", externalId="arn:aws:s3:::acme-payments-drawn")
    for number, name in enumerate(NAMES):
        wiz.entity(f"ent-{number}", "ACCESS_ROLE", name)
        wiz.edge(f"ent-{number}", "ALLOWS_ACCESS_TO", "ent-b")
    sources = [{"name": "wiz", "kind": "wiz", "auth": {"type": "bearer", "token": "wiz-webhook-token"},
                "api": wiz.api_config(reconcile=False, backlog=False)}]
    try:
        with Service(default_config(sources=sources)) as service:
            issue = wiz.add_issue(entity="ent-b")
            [taken] = service.send("wiz", wiz_issue(issue, bucket="acme-payments-drawn"))["findings"]
            service.settled(taken["id"])
            path = f"/v1/findings/{taken['id']}/blast-radius?format="
            return service.get(path + "mermaid"), service.get(path + "svg")
    finally:
        wiz.shut()


def main():
    if not npm_install(PLACE, PACKAGES, files=[pathlib.Path(__file__).parent / "mermaid_judge.mjs"]):
        return verdict.skip("its npm packages can't be had")
    bad = ['flowchart LR\n    a["x"] --> b["y"] z["', "hello", "flowchart LR\n    a[x --> b"]
    verdict(None not in judged(bad), "the parser refuses what is no flowchart", judged(bad))
    verdict(not is_xml("<svg><text>a & b</text></svg>"), "xmllint refuses what is no XML")
    mermaid, svg = drawn()
    [reason] = judged([mermaid])
    verdict(reason is None, "Mermaid's parser takes the flowchart of hostile names", reason)
    verdict(mermaid.count(":::") == len(NAMES) + 1, "every node is in it", mermaid)
    verdict(is_xml(svg), "the picture is well-formed")
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
