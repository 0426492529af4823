#!/usr/bin/python3
"""Our Backstage client against Backstage's own catalog backend (npm) on PostgreSQL 15 (Debian).

Needs node, npm, Debian's postgresql-15 and a built binary ($DOSSIER_BINARY or build/dev/dossier); installs its npm
packages under build/conformance/backstage (about 340 MB). Prints a line a check; exit code 1 when one failed.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Service, default_config, generic_event  # noqa: E402
from verdicts import Verdicts, npm_install  # noqa: E402

PACKAGES = ["@backstage/backend-defaults", "@backstage/plugin-catalog-backend@4", "pg"]
PLACE = ROOT / "build/conformance/backstage"
HERE = pathlib.Path(__file__).parent
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
TOKEN = "conformance-static-token"
MANY = 60
verdict = Verdicts("backstage")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def database():
    """A PostgreSQL of its own; the server refuses to run as root, so it then runs as postgres."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="dossier-backstage-pg-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        shutil.chown(home, "postgres", "postgres")
    port = free_port()
    run = lambda *args: subprocess.run([*as_user, *map(str, args)], check=True, capture_output=True, cwd="/", timeout=120)
    run(POSTGRES / "initdb", "-D", home / "data", "-U", "backstage", "-A", "trust")
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {home} -c fsync=off"
    run(POSTGRES / "pg_ctl", "-D", home / "data", "-w", "-l", home / "log", "-o", options, "start")
    try:
        yield port
    finally:
        run(POSTGRES / "pg_ctl", "-D", home / "data", "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def entity(kind, name, spec, **metadata):
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def arn(name):
    return {"annotations": {"amazonaws.com/arn": f"arn:aws:s3:::{name}"}}


def entities():
    bucket = {"type": "s3-bucket", "owner": "payments", "system": "ledger"}
    return [
        entity("Domain", "finance", {"owner": "payments"}, title="Finance"),
        entity("System", "ledger", {"owner": "payments", "domain": "finance"}, title="Ledger"),
        entity("Group", "payments", {"type": "team", "children": [],
                                     "profile": {"displayName": "Payments", "email": "payments@acme.example"}}),
        entity("Group", "clinical", {"type": "team", "children": [], "members": ["efua"]}),
        *[entity("User", name, {"memberOf": ["payments"], "profile": {"email": f"{name}@acme.example"}})
          for name in ("alice", "bob")],
        entity("User", "efua", {"memberOf": ["clinical"],
                                "profile": {"displayName": "Efua Owusu", "email": "efua@acme.example"}}),
        entity("Resource", "phi-store", bucket, labels={"acme.example/tier": "1", "env": "production"}, **arn("acme-phi")),
        entity("Resource", "trials", {**bucket, "owner": "Group:Default/CLINICAL"}, **arn("acme-trials")),
        entity("Resource", "by-user", {**bucket, "owner": "user:default/bob"}, **arn("acme-by-user")),
        entity("Resource", "acme-by-name", bucket),
        entity("Resource", "nobody-known", {**bucket, "owner": "ghosts"}, **arn("acme-ghosts")),
        *[entity("Resource", f"many-{i}", bucket, **arn(f"acme-many-{i}")) for i in range(MANY)],
    ]


def ask(url, path, token=TOKEN, body=None):
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}",
                                                          "Content-Type": "application/json"},
                                     data=json.dumps(body).encode() if body else None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


@contextlib.contextmanager
def catalog(database_port):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (PLACE / "entities.yaml").write_text(yaml.safe_dump_all(entities()))
    (PLACE / "app-config.yaml").write_text(yaml.safe_dump({
        "app": {"baseUrl": url},
        "backend": {"baseUrl": url, "listen": {"host": "127.0.0.1", "port": port},
                    "database": {"client": "pg", "connection": {"host": "127.0.0.1", "port": database_port,
                                                                "user": "backstage", "password": "unused"}},
                    "auth": {"externalAccess": [{"type": "static", "options": {"token": TOKEN, "subject": "dossier"}}]}},
        "catalog": {"processingInterval": {"seconds": 1},
                    "rules": [{"allow": ["Resource", "Group", "User", "System", "Domain", "Location"]}],
                    "locations": [{"type": "file", "target": str(PLACE / "entities.yaml")}]}}))
    with open(PLACE / "backend.log", "wb") as log:
        process = subprocess.Popen(["node", "backstage_backend.js", "--config", "app-config.yaml"], cwd=PLACE, stdout=log,
                                   stderr=log, env={**os.environ, "NODE_OPTIONS": "--no-node-snapshot"})
    try:
        deadline = time.monotonic() + 180
        while True:
            with contextlib.suppress(OSError, ValueError):
                found = ask(url, "/api/catalog/entities?filter=kind=resource,relations.ownedBy")
                if len(found) >= MANY + 5:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the catalog did not come up:\n" + (PLACE / "backend.log").read_text()[-2000:])
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def judge_is_strict(url):
    for path, token, claim in (("/api/catalog/entities", "wrong-static-token", "refuses a wrong token"),
                               ("/api/catalog/entities/by-refs", TOKEN, "refuses by-refs without references")):
        try:
            ask(url, path, token, {"nonsense": 1} if "by-refs" in path else None)
            verdict(False, "the judge " + claim)
        except urllib.error.HTTPError as error:
            verdict(error.code in (400, 401, 403), "the judge " + claim, error.code)
    literal = ask(url, "/api/catalog/entities?" + urllib.parse.urlencode({"filter": "kind=resource,spec.owner=clinical"}))
    verdict(literal == [], "the judge finds nobody by a spelling of spec.owner that isn't the literal one")


def config(url, token=TOKEN):
    return default_config(identity=[], cmdb=[{"kind": "backstage", "url": url, "token": token}], context={"timeout": "10s"})


def look_ups(url):
    rows = (
        ("acme-phi", "payments@acme.example", "Payments", "a group by annotation"),
        ("acme-trials", "efua@acme.example", "clinical", "the only member of a group whose reference is spelt otherwise"),
        ("acme-by-user", "bob@acme.example", "", "a user"),
        ("acme-by-name", "payments@acme.example", "Payments", "the owner of a resource by its name"),
        ("acme-ghosts", "", "ghosts", "the name of a group that the catalog doesn't have"),
    )
    service = Service(config(url))
    try:
        service.start()
        for number, (bucket, owner, group, claim) in enumerate(rows):
            finding = service.send("generic", generic_event(f"B-{number}", bucket=bucket))["findings"][0]["id"]
            context = service.settled(finding)["dossier"]["context"]
            asset = context["asset"] or {}
            verdict(context["gaps"] == [] and (asset.get("owner"), asset.get("support_group")) == (owner, group),
                    f"finds {claim}", context)
            if bucket == "acme-phi":
                read = [asset.get(key) for key in ("application", "business_unit", "criticality", "environment")]
                verdict(read == ["Ledger", "Finance", "critical", "prod"], "reads system, domain, tier and environment", read)
        finding = service.send("generic", generic_event("B-none", bucket="nowhere"))["findings"][0]["id"]
        context = service.settled(finding)["dossier"]["context"]
        verdict(context["asset"] is None and context["gaps"] == [], "takes nothing for a resource that isn't there", context)

        answer = service.send("generic", [generic_event(f"M-{i}", bucket=f"acme-many-{i}") for i in range(MANY)])
        owners = {service.settled(one["id"])["dossier"]["context"]["asset"]["owner"] for one in answer["findings"]}
        verdict(owners == {"payments@acme.example"}, f"finds {MANY} resources that were asked for together", owners)
        calls = [line for line in service.get("/metrics").splitlines()
                 if line.startswith("dossier_upstream_requests_total") and "cmdb:backstage" in line]
        made = sum(float(line.rsplit(" ", 1)[1]) for line in calls)
        verdict(made <= 2 * len(rows) + 2 + MANY / 4, f"with few calls: {made:.0f}", calls)
    finally:
        service.close()


def checks(url):
    for token, words in ((TOKEN, "ok"), ("wrong-static-token", "credentials refused")):
        service = Service(config(url, token))
        try:
            done = service.cli("check", "-c", service.config_path, "--connect")
            line = next((one for one in done.stdout.splitlines() if "cmdb[backstage]" in one), done.stdout + done.stderr)
            verdict(words in line, f"check --connect says {words!r}", line)
        finally:
            service.close()


def main():
    if not npm_install(PLACE, PACKAGES, files=[HERE / "backstage_backend.js"]):
        raise SystemExit(verdict.skip("its npm packages can't be had"))
    with database() as port, catalog(port) as url:
        judge_is_strict(url)
        look_ups(url)
        checks(url)
    raise SystemExit(verdict.exit_code())


if __name__ == "__main__":
    main()
