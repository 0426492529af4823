#!/usr/bin/python3
"""Our SCIM client against servers and parsers of others: SCIMMY as the directory, scim2-parse-filter as the judge of
every filter that we send. Needs node, npm and a built binary ($DOSSIER_BINARY or build/dev/dossier); installs its npm
packages under build/conformance/scim. Prints a line a check; exit code 1 when one failed.
"""

import json
import pathlib
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Service, default_config, prisma_alert  # noqa: E402
from verdicts import Verdicts, npm_install  # noqa: E402

PACKAGES = ["scimmy@1.3.5", "scimmy-routers@1.3.2", "express@4", "scim2-parse-filter@0.2.10"]
PLACE = ROOT / "build/conformance/scim"
HERE = pathlib.Path(__file__).parent
verdict = Verdicts("scim")


def judged(filters):
    """For each filter, None or the reason why it is no SCIM filter."""
    done = subprocess.run(["node", "scim_filter_judge.mjs"], cwd=PLACE, input=json.dumps(filters), capture_output=True,
                          text=True, timeout=60, check=True)
    return json.loads(done.stdout)


class Directory:
    """The SCIMMY server and the journal of what it was asked."""

    def __enter__(self):
        self.process = subprocess.Popen(["node", "scim_server.mjs"], cwd=PLACE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/scim"
        self.journal = []
        self.reader = threading.Thread(target=lambda: self.journal.extend(map(json.loads, self.process.stdout)))
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.reader.join()


def config(url, token="conformance-token"):
    return default_config(identity=[{"kind": "scim", "url": url, "token": token}], context={"timeout": "5s"})


def owner(service, number, tag, value):
    finding = prisma_alert(f"P-{number}", bucket=f"conformance-{number}", tags=[{"key": tag, "value": value}])
    answer = service.send("prisma", [finding])
    return service.settled(answer["findings"][0]["id"])["dossier"]["owner"]


def look_ups(directory):
    service = Service(config(directory.url))
    service.write_file("cmdb.yaml", {"items": []})
    try:
        service.start()
        expected = {"name": "Alice O'Hara-Ngo", "email": "alice.ngo@acme.example", "department": "Payments",
                    "cost_center": "CC-4711", "title": "Data Engineer", "manager": "bob@acme.example",
                    "manager_name": "Bob Achterberg"}
        spellings = ("alice@acme.example", "alice.ngo@acme.example", "home@example.net", "ext-1", "Alice O'Hara-Ngo",
                     "2819c223-7f76-453a-919d-413861904646")
        for number, odd in enumerate(('x" or userName pr or "', "back\\slash", "O'Hara", "ünïcode@acme.example", "a b")):
            found = owner(service, 30 + number, "owner", odd)
            verdict(found["name"] == "", f"finds nobody by {odd!r}", found)
        # What SCIMMY could not parse (an escaped quote) spoilt nothing for those who come after.
        for number, spelling in enumerate(spellings):
            found = owner(service, number, "owner", spelling)
            verdict({key: found[key] for key in expected} == expected, f"finds Alice by {spelling}", found)
        gone = owner(service, 20, "owner", "gone@acme.example")
        verdict("deactivated" in gone["inactive"] and gone["escalation"] == "bob@acme.example",
                "says who has left, and whom to ask instead", gone)
        team = owner(service, 40, "team", "payments-admins")
        verdict(team["name"] == "Alice O'Hara-Ngo" and team["team"] == "payments-admins",
                "finds the only member behind a group", team)
    finally:
        service.close()


def checks(directory):
    for token, words in (("conformance-token", "ok"), ("wrong", "credentials refused")):
        service = Service(config(directory.url, token))
        try:
            done = service.cli("check", "-c", service.config_path, "--connect")
            line = next((one for one in done.stdout.splitlines() if "identity[scim]" in one), done.stdout + done.stderr)
            verdict(words in line, f"check --connect says {words!r}", line)
        finally:
            service.close()


def main():
    if not npm_install(PLACE, PACKAGES, files=[HERE / "scim_server.mjs", HERE / "scim_filter_judge.mjs"]):
        return verdict.skip("its npm packages can't be had")
    bad = ["userName eq alice", 'userName = "alice"', 'userName eq "a', "and", 'userName eq "a" xor id pr']
    verdict(all(judged(bad)), "the judge refuses what is no filter", judged(bad))
    with Directory() as directory:
        look_ups(directory)
        checks(directory)
    filters = sorted({one["filter"] for one in directory.journal if one["filter"]})
    refused = {text: why for text, why in zip(filters, judged(filters)) if why}
    verdict(len(filters) > 10 and not refused, f"all {len(filters)} filters that were sent are SCIM filters", refused)
    verdict({one["method"] for one in directory.journal} == {"GET"}, "only reads")
    verdict(all("application/scim+json" in one["accept"] for one in directory.journal), "asks for application/scim+json")
    errors = [one for one in directory.journal if one["status"] >= 500]
    verdict(not errors, "brings no server into trouble", errors)
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
