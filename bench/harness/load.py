"""Signed findings of exactly so many bytes, and the client that posts them."""

import json
import subprocess

from harness.service import BUILD, SECRET

ID_WIDTH = 12  # of the number that the load generator writes for @ID@


def finding(size=4096):
    """A Wiz issue of a public bucket with personal data, nested as the vendor's are; @ID@ is new in each body."""
    body = {
        "trigger": {"source": "ISSUE", "type": "Created", "ruleId": "rule-1", "ruleName": "issues to dossier"},
        "issue": {"id": "issue-@ID@", "status": "OPEN", "severity": "CRITICAL", "created": "2026-03-04T08:15:30.123Z",
                  "projects": "Ledger, Payments EU"},
        "resource": {"id": "arn:aws:s3:::acme-exports-@ID@", "name": "acme-exports-@ID@", "type": "bucket",
                     "cloudPlatform": "AWS", "subscriptionId": "012345678901", "subscriptionName": "acme-prod",
                     "region": "eu-central-1", "status": "Active",
                     "tags": {"env": "prod", "team": "payments", "cost-center": "4711"}},
        "control": {"id": "wc-id-9001", "name": "Publicly exposed bucket with PII and PCI data", "severity": "HIGH",
                    "description": "A bucket that anyone can read holds personal and card data. "
                                   "Public access should be blocked and the bucket policy restricted to the export job.",
                    "risks": ["EXTERNAL_EXPOSURE"]},
        "details": [],
    }
    row = {"path": "/exports/daily/part-00001.csv", "bytes": 1048576, "classifier": "EMAIL", "matches": 1204,
           "first": "2026-02-11T03:00:12Z", "sample": "****@****"}

    def length():
        return len(json.dumps(body).replace("@ID@", "0" * ID_WIDTH))
    while length() + len(json.dumps(row)) + 30 < size:
        body["details"].append({**row, "path": f"/exports/daily/part-{len(body['details']):05d}.csv"})
    body["pad"] = ""
    body["pad"] = "x" * (size - length())
    return json.dumps(body)


def template(directory, size=4096):
    path = directory / f"finding-{size}.json"
    path.write_text(finding(size))
    return path


def post(port, path, template_file, *, connections=64, seconds=3.0, count=0, rate=0.0, start=1, timeout=300):
    """What the load generator says; RuntimeError where nothing was accepted."""
    command = [BUILD / "bench/load_generator", "--port", port, "--path", path, "--template", template_file,
               "--connections", connections, "--seconds", seconds, "--count", count, "--rate", rate, "--start", start,
               "--secret", SECRET]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed: {done.stdout[-300:]}{done.stderr[-300:]}")
    return json.loads(done.stdout)
