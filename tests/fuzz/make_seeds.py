#!/usr/bin/env python3
"""Lays out the seeds of the fuzz targets: make_seeds.py DIRECTORY

DIRECTORY/<target>/ is made anew for each target. Its files are our own (tests/fuzz/seeds, the adapters' fixtures, the
configuration that we ship) and, where public samples are at hand ($DOSSIER_SHARED, else ../shared), some of those: the
same ones each time, spread over each file.
"""
import json
import os
import pathlib
import shutil
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("DOSSIER_SHARED", SOURCE.parent / "shared"))
LARGEST = 16_384  # bytes of a seed
MOST = 24  # of one file of samples, for one target

# Samples of platforms without a directory of their own, by the first word of their name.
NATIVE = {
    "asff": "security_hub",
    "defender": "defender",
    "guardduty": "guardduty",
    "lacework": "lacework",
    "macie": "macie",
    "ocsf": "ocsf",
    "scc": "scc",
    "incomplete": None,
}


class Seeds:
    def __init__(self, root: pathlib.Path):
        self.root = root
        shutil.rmtree(root, ignore_errors=True)
        for own in sorted((SOURCE / "tests/fuzz/seeds").iterdir()):
            for seed in sorted(own.iterdir()):
                self.add(own.name, seed.name, seed.read_bytes())

    def add(self, target: str, name: str, content: bytes | str) -> None:
        content = content.encode() if isinstance(content, str) else content
        directory = self.root / target
        directory.mkdir(parents=True, exist_ok=True)
        if len(content) <= LARGEST:
            (directory / name).write_bytes(content)

    def add_json(self, targets: list[str], path: pathlib.Path) -> None:
        text = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
        for target in targets:
            self.add(target, path.stem, text)


def add_project_files(seeds: Seeds) -> None:
    for path in sorted((SOURCE / "tests/ingest/fixtures").glob("*.json")):
        platform = path.name.split("-")[0]
        seeds.add_json([f"adapter_{platform}", "adapter_generic", "platform_answer", "json_view"], path)
    for path in sorted((SOURCE / "config").glob("*.yaml")):
        for target in ("config", "app_config"):
            seeds.add(target, path.stem, path.read_bytes())


def add_payloads(seeds: Seeds) -> None:
    for path in sorted((SHARED / "payloads").glob("*/*.json")):
        vendor = path.parent.name
        if vendor == "other":
            vendor = NATIVE.get(path.name.split("-")[0])
        targets = ["envelope", "platform_answer", "adapter_generic"]
        seeds.add_json(targets + ([f"adapter_{vendor}"] if vendor else []), path)


def samples(name: str) -> list[dict]:
    """Some lines of a file, the same ones each time, from its whole length."""
    path = SHARED / name
    if not path.is_file():
        return []
    lines = path.read_text().splitlines()
    return [json.loads(line) for line in lines[:: max(1, len(lines) // MOST)]][:MOST]


def add_texts(seeds: Seeds) -> None:
    for number, sample in enumerate(samples("injection/strings.jsonl")):
        text = sample["text"]
        for target in ("markup", "chat", "live_text", "redact"):
            seeds.add(target, f"injection-{number}", text)
        answer = {"summary": text, "summary_evidence": ["E1"], "sentences": [{"text": text, "evidence": ["E2"]}]}
        for target in ("grounding", "live_text"):
            seeds.add(target, f"injected-answer-{number}", json.dumps(answer))
    for number, sample in enumerate(samples("injection/findings.jsonl")):
        text = json.dumps(sample["finding"])
        for target in ("adapter_generic", "redact", "audit_record"):
            seeds.add(target, f"injected-finding-{number}", text)
    for name in ("findings", "prose", "recognizers", "secrets", "secret-lines"):
        for number, sample in enumerate(samples(f"redaction/{name}.jsonl")):
            seeds.add("redact", f"{name}-{number}", sample["text"])


def contract(name: str) -> dict | list | None:
    path = SHARED / "contracts" / name
    return json.loads(path.read_text()) if path.is_file() else None


def add_contracts(seeds: Seeds) -> None:
    for number, vector in enumerate((contract("signature-vectors.json") or {}).get("vectors", [])):
        proof, timestamp = vector.get("signature", ""), vector.get("timestamp", "")
        seeds.add("signature", f"vector-{number}", f"{proof}\n{timestamp}\n{vector.get('body', '')}")
    for number, case in enumerate((contract("upstream/aws/sigv4-vectors.json") or {}).get("cases", [])):
        head, _, fields = case["request"].partition("\n")
        method, _, target = head.removesuffix(" HTTP/1.1").partition(" ")
        seeds.add("sigv4", f"vector-{number}", f"{method}\nhttps://example.amazonaws.com{target}\n{fields}")
    for number, case in enumerate((contract("upstream/aws/bucket-policy-cases.json") or {}).get("cases", [])):
        seeds.add("bucket_policy", f"case-{number}", json.dumps(case["policy"]))
    for number, answer in enumerate((contract("upstream/aws/s3-answers.ceph-rgw-16.2.json") or {}).get("answers", [])):
        seeds.add("xml_view", f"answer-{number}", answer["body"])


def main() -> None:
    seeds = Seeds(pathlib.Path(sys.argv[1]))
    add_project_files(seeds)
    add_payloads(seeds)
    add_texts(seeds)
    add_contracts(seeds)


if __name__ == "__main__":
    main()
