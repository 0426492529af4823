#!/usr/bin/python3
"""Redactors of others and ours over the same labelled findings, judged the same way in one run: how many planted
identifiers are gone, how many replacements were right, how many strings that must stay were broken, and megabytes a
second of processor time. Needs node, npm, a built binary ($DOSSIER_BINARY or build/dev/dossier; its speed is that of its
build) and findings.jsonl in $DOSSIER_SHARED/redaction or ../shared/redaction; installs its npm packages under
build/conformance/redaction_peers. Prints a table and a line a check; exit code 1 when one failed.
"""

import difflib
import json
import os
import pathlib
import re
import resource
import subprocess
import sys

from verdicts import Verdicts, npm_install

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACE = ROOT / "build/conformance/redaction_peers"
BINARY = os.environ.get("DOSSIER_BINARY", ROOT / "build/dev/dossier")
SHARED = pathlib.Path(os.environ.get("DOSSIER_SHARED", ROOT / "../shared"))
PACKAGES = ["redact-pii@3.4.0", "@coffeeandfun/remove-pii@3.0.1", "openredaction@1.1.5", "@redactpii/node@1.0.17",
            "@cdssnc/sanitize-pii@2.1.1"]
verdict = Verdicts("redaction_peers")
PEERS = [package.rpartition("@")[0] for package in PACKAGES]


def by_peer(peer, texts):
    done = subprocess.run(["node", "redaction_peers.mjs"], cwd=PLACE, input=json.dumps({"peer": peer, "texts": texts}),
                          capture_output=True, text=True, timeout=900, check=True)
    answer = json.loads(done.stdout)
    return answer["texts"], answer["seconds"]


def by_dossier(texts):
    """One text a line; line ends inside a text travel as a character that no sample has. The time is that of many rounds
    less that of one, so that the start of the program doesn't count."""
    lines = [text.replace("\n", "\x0b") for text in texts]

    def run(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([BINARY, "redact", "--lines"], input="\n".join(lines * rounds) + "\n", capture_output=True,
                              text=True, timeout=900, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return done.stdout, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)

    out, once = run(1)
    _, many = run(21)
    return [line.replace("\x0b", "\n") for line in out.split("\n")[:len(lines)]], (many - once) / 20


def replaced(before, after):
    """Byte ranges of `before` that read otherwise in `after`."""
    old, new = (re.findall(r"\w+|\W", text) for text in (before, after))
    starts, at = [], 0
    for token in old:
        starts.append(at)
        at += len(token.encode())
    starts.append(at)
    opcodes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    ranges = []
    for kind, a, b, _, _ in opcodes:
        if kind == "equal" or starts[a] == starts[b]:
            continue
        if ranges and starts[a] - ranges[-1][1] <= 1:  # pieces of one replacement
            ranges[-1] = (ranges[-1][0], starts[b])
        else:
            ranges.append((starts[a], starts[b]))
    return ranges


def score(rows, outs):
    planted = gone = hits = right = kept = broken = 0
    for row, out in zip(rows, outs):
        text = row["text"].encode()
        for span in row["spans"]:
            if span["group"] == "structured":
                planted += 1
                gone += text[span["start"]:span["end"]].decode() not in out
        for begin, end in replaced(row["text"], out):
            hits += 1
            right += any(begin < span["end"] and span["start"] < end for span in row["spans"])
        for keep in row.get("keep", []):
            kept += 1
            value = text[keep["start"]:keep["end"]].decode()
            broken += out.count(value) < row["text"].count(value)
    return {"recall": 100 * gone / max(planted, 1), "precision": 100 * right / max(hits, 1), "broken": broken, "kept": kept}


def main():
    if not (SHARED / "redaction/findings.jsonl").exists():
        return verdict.skip("needs the labelled findings")
    if not npm_install(PLACE, PACKAGES, files=[pathlib.Path(__file__).parent / "redaction_peers.mjs"]):
        return verdict.skip("its npm packages can't be had")
    rows = [json.loads(line) for line in (SHARED / "redaction/findings.jsonl").read_text().splitlines()]
    texts = [row["text"] for row in rows]
    size = sum(len(text.encode()) for text in texts) / 1e6
    untouched, everything = score(rows, texts), score(rows, ["" for _ in texts])
    verdict(untouched["recall"] == 0 and untouched["broken"] == 0, "the judge gives nothing for doing nothing", str(untouched))
    verdict(everything["broken"] == everything["kept"] > 0, "the judge sees what was broken", str(everything))
    table = {}
    for name in ["dossier", *PEERS]:
        outs, seconds = by_dossier(texts) if name == "dossier" else by_peer(name, texts)
        table[name] = score(rows, outs) | {"speed": size / max(seconds, 1e-9)}
    print(f"{'redactor':26} {'gone %':>7} {'right %':>8} {'broken':>12} {'MB/s':>7}")
    for name, row in table.items():
        print(f"{name:26} {row['recall']:7.1f} {row['precision']:8.1f} {row['broken']:5}/{row['kept']:<6} {row['speed']:7.2f}")
    ours, peers = table["dossier"], [table[peer] for peer in PEERS]
    verdict(ours["recall"] > max(peer["recall"] for peer in peers), "no peer removes more", str(table))
    verdict(ours["broken"] == 0, "nothing that must stay is broken")
    verdict(ours["recall"] >= 99 and ours["precision"] >= 95, "removes 99 % and is right in 95 %", str(ours))
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
