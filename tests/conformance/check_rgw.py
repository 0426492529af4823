#!/usr/bin/python3
"""Our view of who can reach a bucket, beside what a real S3 server does: Ceph's RADOS Gateway from Debian.

    apt-get install radosgw ceph-mon ceph-osd ceph-common python3-botocore
    DOSSIER_BINARY=build/dev/dossier /usr/bin/python3 -B tests/conformance/check_rgw.py

Starts a monitor, one OSD in memory and the gateway on loopback, in a directory of its own; makes buckets with policies,
ACLs and tags; asks for an object without credentials; and lets dossier enrich a finding on each. One line a check,
`ok …` or `FAILED …`; exit code 1 if any failed, 77 where Ceph isn't installed.
"""

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from verdicts import Verdicts

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
KEY, SECRET, OWNER = "RGWACCESSKEY", "rgw-secret-key", "sec"
OBJECTS = ("file.txt", "public/file.txt")
verdict = Verdicts("rgw")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Ceph:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="dossier-rgw-"))
        self.port, self.processes = free_port(), []
        mon, fsid = free_port(), str(uuid.uuid4())
        self.conf = self.dir / "ceph.conf"
        self.conf.write_text(f"""[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon}
mon initial members = a
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data = {self.dir}/mon
mon data avail crit = 1
osd data = {self.dir}/osd
osd objectstore = memstore
memstore device bytes = 536870912
run dir = {self.dir}
admin socket = {self.dir}/$name.asok
log file = {self.dir}/$name.log
pid file = {self.dir}/$name.pid
crash dir = {self.dir}/crash
keyring = /dev/null
rgw data = {self.dir}/rgw
""")
        for name in ("mon", "osd", "rgw", "crash"):
            (self.dir / name).mkdir()
        monmap, osd = self.dir / "monmap", str(uuid.uuid4())
        self.run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{mon}]", "--fsid", fsid, str(monmap))
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(monmap))
        self.start("ceph-mon", "-i", "a", "-f")
        self.run("ceph", "osd", "new", osd, timeout=60)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.start("ceph-osd", "-i", "0", "-f")
        self.run("radosgw-admin", "user", "create", "--uid", OWNER, "--display-name", "Sec", "--access-key", KEY,
                 "--secret", SECRET, timeout=240)
        self.start("radosgw", "-n", "client.rgw", "-f", "--rgw-frontends", f"beast endpoint=127.0.0.1:{self.port}")
        self.wait()

    def run(self, program, *args, timeout=60):
        subprocess.run([program, "-c", str(self.conf), *args] if program != "monmaptool" else [program, *args],
                       check=True, capture_output=True, timeout=timeout)

    def start(self, program, *args):
        with open(self.dir / f"{program}.out", "wb") as out:
            self.processes.append(subprocess.Popen([program, "-c", str(self.conf), *args], stdout=out, stderr=out,
                                                   cwd=self.dir))

    def wait(self):
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            try:
                if self.get("/") == 200:
                    return
            except OSError:
                time.sleep(0.5)
        raise RuntimeError("the gateway did not come up:\n" + (self.dir / "radosgw.out").read_text())

    def get(self, path):
        """The status of a GET without credentials."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def statement(bucket, principal, **more):
    return {"Sid": "S", "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*", **more}


def buckets():
    """(name, policy statements, canned ACL, tags)."""
    everyone = "*"
    yield "plain", [], "private", {"Owner": "alice@acme.example"}
    yield "public-policy", [statement("public-policy", everyone)], "private", {}
    yield "wildcard-principal", [statement("wildcard-principal", {"AWS": "*"}, Action="s3:Get*")], "private", {}
    yield "one-user", [statement("one-user", {"AWS": "arn:aws:iam:::user/other"})], "private", {}
    yield "another-prefix", [statement("another-prefix", everyone,
                                       Resource="arn:aws:s3:::another-prefix/public/*")], "private", {}
    yield "denied-again", [statement("denied-again", everyone),
                           {"Sid": "D", "Effect": "Deny", "Principal": everyone, "Action": "s3:GetObject",
                            "Resource": "arn:aws:s3:::denied-again/*"}], "private", {}
    yield "denied-on-the-bucket-only", [statement("denied-on-the-bucket-only", everyone),
                                        {"Sid": "D", "Effect": "Deny", "Principal": everyone, "Action": "s3:DeleteBucket",
                                         "Resource": "arn:aws:s3:::denied-on-the-bucket-only"}], "private", {}
    yield "narrow-address", [statement("narrow-address", everyone, Condition={
        "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})], "private", {}
    yield "public-acl", [], "public-read", {"Owner": "bob@acme.example", "env": "prod"}


def check_draft(ceph, s3, name, dossier):
    """Puts the drafted policy on the bucket: who is anonymous must be out, the owner in. The gateway knows neither TLS over
    plain HTTP nor accounts as AWS has them, so it judges who is named and what is taken out."""
    drafts = [one for one in dossier["assessment"]["policies"] if one["id"] == "s3-bucket-policy"]
    if not drafts or drafts[0]["effect"] != "closes":
        return
    document = next(text["text"] for text in drafts[0]["texts"] if text["language"] == "json")
    before = [ceph.get(f"/{name}/{key}") for key in OBJECTS]
    s3.put_bucket_policy(Bucket=name, Policy=document)
    after = [ceph.get(f"/{name}/{key}") for key in OBJECTS]
    owner = s3.get_object(Bucket=name, Key=OBJECTS[0])["Body"].read()
    open_at_first = 200 in before or drafts[0]["reach"][0]["before"] == "allowed under conditions"
    verdict(open_at_first and set(after) == {403} and owner == b"x",
            f"{name}: with the drafted policy anonymous reading goes from {before} to {after}, the owner reads")


def main():
    if not all(map(shutil.which, ("ceph-mon", "ceph-osd", "radosgw", "ceph"))):
        return verdict.skip("Ceph isn't installed")
    import botocore.config
    import botocore.session
    from harness import Service, default_config, generic_event

    ceph = Ceph()
    try:
        verdict(True, "Ceph's gateway is up")
        s3 = botocore.session.get_session().create_client(
            "s3", endpoint_url=f"http://127.0.0.1:{ceph.port}", region_name="us-east-1", aws_access_key_id=KEY,
            aws_secret_access_key=SECRET, config=botocore.config.Config(s3={"addressing_style": "path"}))
        for name, statements, acl, tags in buckets():
            s3.create_bucket(Bucket=name, ACL=acl)
            for key in OBJECTS:
                s3.put_object(Bucket=name, Key=key, Body=b"x", ACL="private")
            if statements:
                s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
            if tags:
                s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})
        try:
            s3.put_bucket_policy(Bucket="plain", Policy='{"Version":"2012-10-17","Statment":[]}')
            verdict(False, "the gateway refuses a policy with a misspelt key")
        except s3.exceptions.ClientError:
            verdict(True, "the gateway refuses a policy with a misspelt key")
        provider = {"kind": "aws_iam", "name": "rgw", "region": "us-east-1", "access_key_id": KEY,
                    "secret_access_key": SECRET, "calls": ["bucket"],
                    "endpoints": {"s3": f"http://127.0.0.1:{ceph.port}", "sts": f"http://127.0.0.1:{ceph.port}"}}
        config = default_config(identity=[provider], cmdb=[], context={"timeout": "30s"})
        with Service(config, binary=os.environ.get("DOSSIER_BINARY")) as service:
            for name, _, acl, tags in buckets():
                event = generic_event(f"R-{name}", bucket=name, labels=[])
                event["where"] = {"cloud": "aws", "region": "us-east-1"}
                sent = service.send("generic", event)
                dossier = service.settled(sent["findings"][0]["id"], 120)["dossier"]
                # An ACL opens the listing, a policy opens objects.
                really = any(ceph.get(f"/{name}/{key}") == 200 for key in ("", *OBJECTS))
                access = [one for one in dossier["context"]["access"] if one["kind"] == "anyone"]
                verdict(bool(access) == really,
                        f"{name}: anyone {'gets in' if really else 'stays out'}, dossier says "
                        f"{[one['how'] for one in access] or 'nobody from outside'}")
                verdict(dossier["owner"]["email"] == tags.get("Owner", ""), f"{name}: its owner by the bucket's tags")
                verdict(dossier["context"]["gaps"] == [], f"{name}: nothing is missing: {dossier['context']['gaps']}")
                check_draft(ceph, s3, name, dossier)
            wrong = {**provider, "secret_access_key": "wrong"}
        with Service(default_config(identity=[wrong], cmdb=[], context={"timeout": "30s"}),
                     binary=os.environ.get("DOSSIER_BINARY")) as service:
            event = generic_event("R-wrong", bucket="plain", labels=[])
            event["where"] = {"cloud": "aws", "region": "us-east-1"}
            sent = service.send("generic", event)
            dossier = service.settled(sent["findings"][0]["id"], 120)["dossier"]
            verdict(bool(dossier["context"]["gaps"]), "a wrong secret is refused by the gateway and is a gap")
    finally:
        ceph.close()
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
