"""`aws_iam` and `aws_identity_center`: who owns a resource and who can reach it, as AWS says."""

import pathlib
import re
import tempfile
import time
import unittest

from harness import ACCOUNT, SLOW, Service, default_config, generic_event
from standins import aws
from standins.aws import Aws, allow


def public(bucket):
    return allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Sid="Public", Principal="*")


class AwsIdentity(unittest.TestCase):
    def setUp(self):
        self.aws = Aws()
        self.addCleanup(self.aws.shut)

    def start(self, *identity, env=None, **more):
        config = default_config(identity=list(identity) or [self.aws.provider()], cmdb=[],
                                context={"timeout": f"{int(60 * SLOW)}s"}, **more)
        self.service = Service(config, env=env)
        self.addCleanup(self.service.close)
        self.service.start()
        return self.service

    def dossier_of(self, bucket, **event):
        event = {"event_id": f"G-{bucket}", "labels": [], **event}
        answer = self.service.send("generic", generic_event(event.pop("event_id"), bucket=bucket, **event))
        return self.service.settled(answer["findings"][0]["id"], 60)["dossier"]

    def gaps(self, dossier):
        return {gap["source"]: gap["reason"] for gap in dossier["context"]["gaps"]}

    def reach(self, dossier):
        """{(kind, last part of the id): level}."""
        return {(one["kind"], one["id"].rsplit("/", 1)[-1]): one["level"] for one in dossier["context"]["access"]}

    def silent(self):
        """Nothing that AWS would have refused was sent, and nothing secret was written."""
        self.assertEqual(self.aws.complaints, [])
        text = self.service.log_text()
        for secret in (aws.SECRET, "session-token-", "the-web-token"):
            self.assertNotIn(secret, text)

    def test_the_owner_is_who_the_tags_name_and_the_directory_knows_them(self):
        bucket = self.aws.bucket("tagged")
        self.aws.tags[f"arn:aws:s3:::{bucket}"] = {"acme:Owner": "alice@acme.example", "env": "staging"}
        self.aws.user("alice", "alice@acme.example", "payments-admins", DisplayName="Alice Ngo", Title="Engineer")
        self.start(self.aws.provider(), self.aws.directory())
        dossier = self.dossier_of(bucket)
        self.assertEqual(dossier["owner"]["email"], "alice@acme.example")
        self.assertEqual(dossier["owner"]["name"], "Alice Ngo")
        self.assertIn("acme:Owner", dossier["owner"]["rule"])
        self.assertEqual(dossier["context"]["environment"], "staging")
        self.assertIn("identity:aws", dossier["context"]["environment_origin"])
        self.assertIn("payments-admins", str(dossier["owner"]["signals"]))
        self.silent()

    def test_the_account_names_an_owner_where_the_resource_does_not(self):
        bucket = self.aws.bucket("untagged")
        self.aws.account_tags[ACCOUNT] = {"owner": "cloud-team-lead@acme.example"}
        self.start()
        dossier = self.dossier_of(bucket)
        self.assertEqual(dossier["owner"]["email"], "cloud-team-lead@acme.example")
        self.assertEqual(self.aws.actions().get("cloudtrail:LookupEvents"), None, "nobody had to ask who made it")
        self.silent()

    def test_whoever_made_it_is_shown_and_is_not_the_owner(self):
        bucket = self.aws.bucket("nobodys")
        self.aws.accounts[ACCOUNT] = {"Name": "acme-prod"}
        self.aws.trail[bucket] = [{
            "EventName": "CreateBucket", "EventTime": 1772611200.0, "Username": "alice@acme.example",
            "CloudTrailEvent": '{"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::%s:assumed-role/'
                               'AWSReservedSSO_Admin_0a1b/alice@acme.example"}}' % ACCOUNT}]
        self.start()
        dossier = self.dossier_of(bucket)
        signals = {one["origin"]: one["person"]["email"] for one in dossier["owner"]["signals"]}
        self.assertEqual(signals, {"creator:cloudtrail": "alice@acme.example"})
        self.assertEqual((dossier["owner"]["id"], dossier["owner"]["email"]), ("", ""))
        self.assertEqual(dossier["context"]["access_log"][0]["action"], "CreateBucket")
        self.silent()

    def test_public_by_policy_by_acl_and_blocked(self):
        self.aws.bucket("by-policy", policy=aws.policy(public("by-policy")), public=True)
        self.aws.bucket("by-acl", grants=[("AllUsers", "READ")])
        self.aws.bucket("blocked", policy=aws.policy(public("blocked")), public=True,
                        grants=[("AllUsers", "WRITE")], block={"IgnorePublicAcls", "RestrictPublicBuckets"})
        self.aws.bucket("acl-off", grants=[("AllUsers", "READ")], ownership="BucketOwnerEnforced")
        self.aws.bucket("elsewhere", region="ap-south-1", grants=[("AuthenticatedUsers", "WRITE_ACP")])
        self.start()
        expected = {"by-policy": {("anyone", "*"): "read"}, "by-acl": {("anyone", "*"): "read"}, "blocked": {},
                    "acl-off": {}, "elsewhere": {("anyone", "*"): "admin"}}
        dossiers = {bucket: self.dossier_of(bucket) for bucket in expected}
        self.assertEqual({bucket: self.reach(dossier) for bucket, dossier in dossiers.items()}, expected)
        path = dossiers["by-policy"]["context"]["exposure_path"]
        self.assertEqual(path[0], "internet: anyone, without credentials")
        self.assertIn("Public", path[1])
        self.assertIn("RestrictPublicBuckets", " ".join(dossiers["blocked"]["context"]["exposure_path"]))
        statements = [one["statement"] for one in dossiers["by-policy"]["context"]["policies"]]
        self.assertIn("Allow s3:GetObject on arn:aws:s3:::by-policy/* to anyone", statements)
        self.assertEqual([self.gaps(one) for one in dossiers.values()], [{}] * 5)
        self.silent()

    def test_the_roles_that_can_reach_it_and_who_can_become_them(self):
        bucket = self.aws.bucket("reached")
        arn = f"arn:aws:s3:::{bucket}"
        self.aws.page = 2  # so that the details come on several pages
        self.aws.role("etl", allow("s3:*", f"{arn}/*"), trust={"AWS": "arn:aws:iam::210987654321:root"})
        self.aws.role("reader", allow(["s3:Get*", "s3:List*"], "*"))
        self.aws.role("admin", allow("*", "*"))
        self.aws.role("denied", allow("s3:*", "*"), {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"})
        self.aws.role("other", allow("sqs:*", "*"))
        self.start()
        dossier = self.dossier_of(bucket)
        self.assertEqual(self.reach(dossier), {("role", "etl"): "write", ("role", "reader"): "read",
                                               ("role", "admin"): "admin"})
        self.assertIn("account 210987654321 can assume etl, which has write access",
                      dossier["context"]["exposure_path"])
        self.assertEqual(self.aws.actions()["iam:GetAccountAuthorizationDetails"], 3)
        self.silent()

    def test_what_access_analyzer_proved(self):
        bucket = self.aws.bucket("analysed")
        self.aws.analyzers["eu-central-1"] = f"arn:aws:access-analyzer:eu-central-1:{ACCOUNT}:analyzer/all"
        self.aws.findings[f"arn:aws:s3:::{bucket}"] = [
            {"id": "f-1", "analyzedAt": "2026-03-04T08:00:00Z",
             "details": {"isPublic": False, "principal": {"AWS": "210987654321"}, "action": ["s3:PutObject"],
                         "condition": {"aws:SourceVpc": "vpc-1"}}},
            {"id": "f-2", "analyzedAt": "2026-03-04T08:00:00Z",
             "details": {"isPublic": True, "principal": {"AWS": "*"}, "action": ["s3:GetObject"], "condition": {}}}]
        self.start()
        dossier = self.dossier_of(bucket)
        self.assertEqual(self.reach(dossier), {("account", "210987654321"): "write", ("anyone", "*"): "read"})
        hows = [one["how"] for one in dossier["context"]["access"]]
        self.assertIn("by Access Analyzer finding f-1, analysed 2026-03-04T08:00:00Z, conditional", hows)
        self.assertNotIn("identity:aws", self.gaps(dossier))
        self.silent()

    def test_a_missing_permission_costs_its_own_answer_only(self):
        bucket = self.aws.bucket("partly", grants=[("AllUsers", "READ")])
        self.aws.tags[f"arn:aws:s3:::{bucket}"] = {"Owner": "alice@acme.example"}
        self.aws.denied = {"access-analyzer:ListAnalyzers", "iam:GetAccountAuthorizationDetails", "s3:GetBucketPolicy",
                           "organizations:DescribeAccount"}
        self.start()
        dossier = self.dossier_of(bucket)
        self.assertEqual(dossier["owner"]["email"], "alice@acme.example")
        self.assertEqual(self.reach(dossier), {("anyone", "*"): "read"})
        gap = self.gaps(dossier)["identity:aws"]
        for action in self.aws.denied:
            self.assertIn(action, gap)
        self.silent()

    def test_throttling_and_a_clock_that_is_off_are_no_gaps(self):
        bucket = self.aws.bucket("throttled")
        self.aws.tags[f"arn:aws:s3:::{bucket}"] = {"Owner": "alice@acme.example"}
        self.aws.analyzers["eu-central-1"] = f"arn:aws:access-analyzer:eu-central-1:{ACCOUNT}:analyzer/all"
        self.aws.throttled = {"tag:GetResources": 1, "s3:GetBucketAcl": 1, "iam:GetAccountAuthorizationDetails": 1}
        self.aws.clock = 3600.0
        self.start()
        dossier = self.dossier_of(bucket)
        self.assertEqual(dossier["owner"]["email"], "alice@acme.example")
        self.assertEqual(self.gaps(dossier), {})
        self.assertTrue([one for one in self.service.log_events() if one["event"] == "aws.clock_corrected"])
        self.silent()

    def test_sessions_are_renewed_and_roles_assumed_by_account(self):
        role = "arn:aws:iam::{account}:role/dossier-reader"
        self.aws.roles = {role.format(account=ACCOUNT): ACCOUNT, "arn:aws:iam::210987654321:role/dossier": "210987654321"}
        self.aws.web_tokens = {"the-web-token": "arn:aws:iam::210987654321:role/dossier"}
        for name in ("first", "second"):
            self.aws.tags[f"arn:aws:s3:::{self.aws.bucket(name)}"] = {"Owner": f"{name}@acme.example"}
        provider = self.aws.provider(role_arn=role, calls=["tags", "bucket"])
        del provider["access_key_id"], provider["secret_access_key"]
        self.start(provider, env={
            "AWS_ACCESS_KEY_ID": "", "AWS_ROLE_ARN": "arn:aws:iam::210987654321:role/dossier",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.token_file("the-web-token"))})
        self.assertEqual(self.dossier_of("first")["owner"]["email"], "first@acme.example")
        for key, session in self.aws.keys.items():
            if key.startswith("ASIA"):
                session["until"] = time.time() - 1
        self.assertEqual(self.dossier_of("second")["owner"]["email"], "second@acme.example")
        actions = self.aws.actions()
        self.assertEqual((actions["sts:AssumeRoleWithWebIdentity"], actions["sts:AssumeRole"]), (2, 2))
        self.silent()

    def token_file(self, text):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = pathlib.Path(directory.name) / "token"
        path.write_text(text + "\n")
        return path

    def test_many_findings_of_one_account_share_their_questions(self):
        count = 500
        for number in range(count):
            self.aws.tags[f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/t{number}"] = {
                "Owner": f"owner{number % 10}@acme.example"}
        bad = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/t7"
        self.aws.bad_arns = {bad}
        self.aws.role("etl", allow("dynamodb:*", "*"))
        self.start(routes=[{"name": "rest", "do": "digest"}])
        events = []
        for number in range(count):
            event = generic_event(f"T-{number}", bucket=f"t{number}")
            event["asset"] = {"arn": f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/t{number}", "name": f"t{number}",
                              "kind": "table"}
            events.append(event)
        self.service.send("generic", events)
        # By the metrics: lists of a thousand findings, read again and again, would be most of the work.
        self.service.wait_for(lambda: re.search(r"^dossier_queue_depth 0$", self.service.get("/metrics"), re.M), 120,
                              "all to be digested")
        actions = self.aws.actions()
        self.assertEqual(actions["iam:GetAccountAuthorizationDetails"], 1)
        self.assertEqual(actions["organizations:DescribeAccount"], 1)
        self.assertEqual(actions["access-analyzer:ListAnalyzers"], 1)
        self.assertLess(actions["tag:GetResources"], 80)  # five of a hundred at best, and the halves of the refused one
        found = self.service.items("/v1/findings?owner=owner3@acme.example")
        gaps = {reason for one in found[:5] for reason in self.gaps(self.service.get(f"/v1/findings/{one['id']}")["dossier"])}
        self.assertEqual((len(found), gaps), (count // 10, set()))
        self.silent()

    def test_other_clouds_and_unknown_names_cost_no_call(self):
        self.start()
        event = generic_event("O-1")
        event["asset"] = {"arn": "/subscriptions/1/resourceGroups/r/providers/Microsoft.Storage/x", "name": "x",
                          "kind": "storageAccount"}
        event["where"]["cloud"] = "azure"
        answer = self.service.send("generic", event)
        dossier = self.service.settled(answer["findings"][0]["id"])["dossier"]
        self.assertEqual(self.aws.journal, [])
        self.assertNotIn("identity:aws", self.gaps(dossier))

    def check(self, **more):
        config = default_config(identity=[self.aws.provider(**more), self.aws.directory()], cmdb=[])
        service = self.service = Service(config)
        self.addCleanup(service.close)
        return service.cli("check", "-c", service.config_path, "--connect")

    def test_check_says_who_we_are(self):
        self.aws.analyzers["eu-central-1"] = f"arn:aws:access-analyzer:eu-central-1:{ACCOUNT}:analyzer/all"
        ran = self.check()
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("user/dossier", ran.stdout)
        self.assertEqual(self.aws.complaints, [])

    def test_check_names_each_missing_permission(self):
        self.aws.denied = {"iam:GetAccountAuthorizationDetails", "tag:GetResources", "identitystore:GetUserId"}
        ran = self.check()
        self.assertEqual(ran.returncode, 1)
        for action in self.aws.denied:
            self.assertIn(action, ran.stdout)

    def test_check_says_when_the_keys_are_wrong(self):
        ran = self.check(secret_access_key="another-secret")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("credentials refused", ran.stdout)
        self.assertNotIn("another-secret", ran.stdout + ran.stderr)
        self.assertTrue(self.aws.complaints, "the stand-in notices a wrong signature")


if __name__ == "__main__":
    unittest.main()
