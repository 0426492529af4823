"""Drafts before rules of others: AWS Control Tower's own (237 files beside npm @cdklabs/cdk-validator-cfnguard), which judge
CloudFormation, and drafts.guard for what no third party judges. Both by AWS' cfn-guard. A Terraform draft becomes the
CloudFormation resource that says the same: other names, same values."""

import json
import pathlib
import platform
import re
import subprocess

PACKAGE = "@cdklabs/cdk-validator-cfnguard@0.0.62"
# What Terraform calls otherwise than CloudFormation does, beyond snake_case.
NAMES = {"sse_algorithm": "SSEAlgorithm", "kms_master_key_id": "KMSMasterKeyID", "cidr_ipv4": "CidrIp", "identifier": "DBInstanceIdentifier",
         "apply_server_side_encryption_by_default": "ServerSideEncryptionByDefault", "target_bucket": "DestinationBucketName",
         "target_prefix": "LogFilePrefix", "rule": "ServerSideEncryptionConfiguration", "security_group_id": "GroupId",
         "bucket_key_enabled": "BucketKeyEnabled"}
# Terraform's resource: CloudFormation's, and the property that the whole of it becomes.
TYPES = {"aws_s3_bucket_public_access_block": ("AWS::S3::Bucket", "PublicAccessBlockConfiguration"),
         "aws_s3_bucket_server_side_encryption_configuration": ("AWS::S3::Bucket", "BucketEncryption"),
         "aws_s3_bucket_logging": ("AWS::S3::Bucket", "LoggingConfiguration"),
         "aws_s3_bucket_policy": ("AWS::S3::BucketPolicy", "PolicyDocument"),
         "aws_kms_key": ("AWS::KMS::Key", None), "aws_iam_policy": ("AWS::IAM::ManagedPolicy", "PolicyDocument"),
         "aws_db_instance": ("AWS::RDS::DBInstance", None),
         "aws_vpc_security_group_ingress_rule": ("AWS::EC2::SecurityGroupIngress", None)}
# Draft: the rules that it has to satisfy.
CONTROLS = {"s3-public-access-block": ["s3/ct-s3-pr-1"], "s3-encryption-kms": ["s3/ct-s3-pr-10"], "s3-access-logging": ["s3/ct-s3-pr-2"],
            "s3-bucket-policy": ["s3/ct-s3-pr-8"], "kms-key-policy": ["keymanagementservice/ct-kms-pr-1"],
            "iam-least-privilege": ["identityandaccessmanagement/ct-iam-pr-2", "identityandaccessmanagement/ct-iam-pr-3"],
            "rds-not-public": ["rds/ct-rds-pr-23"], "security-group-rules": ["ec2/ct-ec2-pr-3", "ec2/ct-ec2-pr-4"]}
# The same resource as it must not be: each rule is seen to refuse one.
BAD = {"s3-public-access-block": ("AWS::S3::Bucket", {"PublicAccessBlockConfiguration": {
           "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}}),
       "s3-encryption-kms": ("AWS::S3::Bucket", {"BucketEncryption": {"ServerSideEncryptionConfiguration": [
           {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}),
       "s3-access-logging": ("AWS::S3::Bucket", {"BucketName": "x"}),
       "s3-bucket-policy": ("AWS::S3::BucketPolicy", {"Bucket": "x", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
           {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::acme-phi"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}),
       "kms-key-policy": ("AWS::KMS::Key", {"EnableKeyRotation": False, "KeyPolicy": {}}),
       "iam-least-privilege": ("AWS::IAM::ManagedPolicy", {"PolicyDocument": {"Version": "2012-10-17", "Statement": [
           {"Effect": "Allow", "Action": ["*", "s3:*"], "Resource": "*"}]}}),
       "rds-not-public": ("AWS::RDS::DBInstance", {"PubliclyAccessible": True}),
       "security-group-rules": ("AWS::EC2::SecurityGroupIngress", {"GroupId": "sg-1", "CidrIp": "0.0.0.0/0", "IpProtocol": "tcp",
                                                                   "FromPort": 22, "ToPort": 22})}
VARIABLES = {"allowed_cidr": "192.0.2.0/24", "port": 22, "log_bucket": "acme-logs"}


def in_their_words(value):
    """Blocks are lists of one; names in capitals; variables have values."""
    if isinstance(value, dict):
        return {NAMES.get(key) or "".join(map(str.capitalize, key.split("_"))):
                    [in_their_words(one) for one in inner] if key == "rule" else in_their_words(inner)
                for key, inner in value.items()}
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return in_their_words(value[0])
    if isinstance(value, str) and (variable := re.fullmatch(r"\$\{var\.(\w+)\}", value)):
        return VARIABLES.get(variable[1], value)
    return value


def template(*resources):
    return {"AWSTemplateFormatVersion": "2010-09-09",
            "Resources": {f"R{number}": {"Type": type_, "Properties": properties} for number, (type_, properties) in enumerate(resources)}}


def as_cloudformation(hcl, document):
    """The template of a draft that the HCL parser has read, with the policy that its JSON text is (in Terraform it is an
    expression); None where none of its resources is AWS'."""
    resources = []
    for type_, labels in hcl.get("resource", {}).items():
        for blocks in labels.values():
            if type_ not in TYPES:
                continue
            cloudformation, whole = TYPES[type_]
            properties = in_their_words(blocks[0])
            if "Policy" in properties:
                del properties["Policy"]
                properties[whole or "KeyPolicy"] = document
            elif whole:
                bucket = properties.pop("Bucket")
                properties = {"BucketName": bucket, whole: properties}
            resources.append((cloudformation, properties))
    return template(*resources) if resources else None


class Guard:
    def __init__(self, place):
        package = place / "node_modules/@cdklabs/cdk-validator-cfnguard"
        self.program = package / f"bin/ubuntu/{'aarch64' if platform.machine() == 'aarch64' else 'x86_64'}/cfn-guard"
        self.program.chmod(0o755)  # npm may drop the bit
        self.controls = package / "rules/control-tower/cfn-guard"

    def said(self, documents, rules):
        """PASS, FAIL or SKIP of each document under all of the rules, and the rules that failed."""
        given = json.dumps({"rules": rules, "data": [json.dumps(one) for one in documents]})
        done = subprocess.run([self.program, "validate", "--payload", "--structured", "-o", "json", "-S", "none"], input=given,
                              capture_output=True, text=True, timeout=120)
        if done.stderr or not done.stdout:  # a rule that can't be parsed is skipped, and said so on the side
            raise RuntimeError(done.stderr[-2000:])
        return [(one["status"], [rule["Rule"]["name"] for rule in one["not_compliant"]]) for one in json.loads(done.stdout)]


def check_rules(verdict, guard, drafts):
    """`drafts`: (id of the draft, what the HCL parser read, its JSON text as an object or None)."""
    for id_, names in CONTROLS.items():
        rules = [(guard.controls / f"{name}.guard").read_text() for name in names]
        ours = [as_cloudformation(hcl, document) for draft, hcl, document in drafts if draft == id_]
        bad = [guard.said([template(BAD[id_])], [rule])[0] for rule in rules]
        good = [guard.said(ours, [rule]) for rule in rules]
        refused = [status for status, _ in bad].count("FAIL") == len(rules)
        # The rules for open ports have no word for an address range that isn't every address.
        fine = ("PASS", "SKIP") if id_ == "security-group-rules" else ("PASS",)
        passed = ours and all(status in fine for one in good for status, _ in one)
        verdict(refused and passed, f"AWS Control Tower's {', '.join(name.rpartition('/')[2] for name in names)}: "
                f"{len(ours)} drafts {id_} pass, a bad one fails", (bad, good, ours[:1]))
    own = (pathlib.Path(__file__).parent / "drafts.guard").read_text()
    others = [(id_, hcl) for id_, hcl, _ in drafts if not any(key.startswith("aws_") for key in hcl.get("resource", {})) and "resource" in hcl]
    answers = guard.said([hcl for _, hcl in others], [own])
    wrong = [(id_, said, hcl) for (id_, hcl), said in zip(others, answers) if said[0] != "PASS"]
    verdict(others and not wrong, f"{len(others)} drafts for Azure, Google Cloud and Snowflake say what closes, in arguments that exist", wrong[:2])
    spoilt = list(spoilt_drafts(others))
    accepted = [(id_, change) for (id_, change, _), said in zip(spoilt, guard.said([one for _, _, one in spoilt], [own])) if said[0] != "FAIL"]
    verdict(spoilt and not accepted, f"{len(spoilt)} drafts with a misspelt argument or an opened door are refused", accepted)


def spoilt_drafts(drafts):
    """(id, what was done to it, the draft): each kind once with an argument misspelt, once with what closes it turned."""
    opened = {"allow_nested_items_to_be_public": True, "public_network_access_enabled": True, "public_access_prevention": "inherited",
              "access": "Allow", "ipv4_enabled": True, "source_ranges": ["0.0.0.0/0"], "allowed_ip_list": ["0.0.0.0/0"],
              "is_manual_connection": True}
    seen = set()
    for id_, hcl in drafts:
        if id_ in seen:
            continue
        seen.add(id_)
        misspelt = json.loads(json.dumps(hcl))
        blocks = next(iter(next(iter(misspelt["resource"].values())).values()))
        blocks[0]["nmae"] = "x"
        yield id_, "misspelt", misspelt
        for name, value in opened.items():
            text = json.dumps(hcl)
            if f'"{name}": ' in text:
                turned = json.loads(text, object_hook=lambda one, name=name, value=value: {**one, name: value} if name in one else one)
                yield id_, name, turned
