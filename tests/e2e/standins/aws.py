"""AWS, as far as dossier asks it: STS, tagging, Access Analyzer, S3 and S3 Control, Organizations, IAM, CloudTrail and
the identity store, each in its own protocol on one port. Signatures, clocks, regions and session tokens are checked as
AWS checks them; every action can be denied, throttled or taken away; lists are paged. What AWS would refuse is refused
and complained of.
"""

import datetime
import email.utils
import json
import time
import urllib.parse
import uuid
import xml.sax.saxutils

from .aws_signature import BadSignature, parse, verify
from .stand_in import Refusal, StandIn

ACCOUNT = "012345678901"
KEY = "AKIASTANDIN"
SECRET = "secret-key-that-nobody-may-see"
STORE = "d-1234567890"
QUERY_SERVICES = {"iam", "sts"}
GLOBAL_REGIONS = {"iam": "us-east-1", "organizations": "us-east-1"}
JSON_TARGETS = {
    "tagging": "ResourceGroupsTaggingAPI_20170126",
    "organizations": "AWSOrganizationsV20161128",
    "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    "identitystore": "AWSIdentityStore",
}
PREFIXES = {"tagging": "tag"}
GROUPS = "http://acs.amazonaws.com/groups/global/"


def _xml(text):
    return xml.sax.saxutils.escape(str(text))


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


class Aws(StandIn):
    def __init__(self):
        super().__init__()
        self.keys = {KEY: {"secret": SECRET, "token": "", "until": None, "account": ACCOUNT,
                           "arn": f"arn:aws:iam::{ACCOUNT}:user/dossier"}}
        self.roles = {}         # ARN -> account, for sts:AssumeRole
        self.web_tokens = {}    # token -> ARN
        self.session_seconds = 3600
        self.denied = set()     # actions
        self.throttled = {}     # action -> how many times still
        self.page = 100         # entities, findings, tags … a page
        self.clock = 0.0        # seconds that AWS is ahead of us
        self.buckets = {}
        self.account_block = None
        self.tags = {}          # ARN -> {key: value}
        self.bad_arns = set()   # for which GetResources refuses the whole list
        self.iam_details = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
        self.analyzers = {}     # region -> ARN
        self.findings = {}      # resource ARN -> list of details
        self.accounts = {ACCOUNT: {"Name": "acme-prod", "Email": "aws-prod@acme.example"}}
        self.account_tags = {}
        self.trail = {}         # resource name -> list of events
        self.users = []
        self.groups = {}        # id -> name
        self.memberships = {}   # user id -> list of group ids

    def open(self):
        super().open()
        # The date of every answer, as AWS' clock has it.
        self.server.RequestHandlerClass.date_time_string = (
            lambda handler, timestamp=None: email.utils.formatdate(time.time() + self.clock, usegmt=True))

    # What a test sets up -----------------------------------------------------------------------------------------

    def provider(self, **more):
        services = ("sts", "s3", "s3-control", "iam", "tagging", "access-analyzer", "organizations", "cloudtrail",
                    "identitystore")
        return {"kind": "aws_iam", "name": "aws", "region": "eu-central-1", "access_key_id": KEY,
                "secret_access_key": SECRET, "endpoints": dict.fromkeys(services, self.url), **more}

    def directory(self, **more):
        return {**self.provider(kind="aws_identity_center", name="sso", identity_store_id=STORE), **more}

    def bucket(self, name, **more):
        self.buckets[name] = {"region": "eu-central-1", "policy": None, "grants": [], "block": None, "tags": {},
                              "public": None, "ownership": None, **more}
        return name

    def role(self, name, *statements, trust=None):
        self.iam_details["RoleDetailList"].append(
            {"name": name, "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "policy": policy(*statements),
             "trust": policy({"Effect": "Allow", "Principal": trust or {"Service": "ec2.amazonaws.com"},
                              "Action": "sts:AssumeRole"})})

    def user(self, name, email, *groups, **more):
        user = {"UserId": str(uuid.uuid4()), "UserName": name, "IdentityStoreId": STORE,
                "Emails": [{"Value": email, "Primary": True}], **more}
        self.users.append(user)
        for group in groups:
            group_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, group))
            self.groups[group_id] = group
            self.memberships.setdefault(user["UserId"], []).append(group_id)
        return user

    def actions(self):
        """{action: how often it was asked}, refusals included."""
        counts = {}
        for call in self.journal:
            if getattr(call, "action", None):
                counts[call.action] = counts.get(call.action, 0) + 1
        return counts

    # Taking a call -----------------------------------------------------------------------------------------------

    def answer(self, call):
        call.action = None
        form = {}
        if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            form = dict(urllib.parse.parse_qsl(call.raw.decode(), keep_blank_values=True, strict_parsing=True))
        if form.get("Action") == "AssumeRoleWithWebIdentity":
            return self._assume_by_web_identity(call, form)
        try:
            given = parse(call.headers.get("authorization"))
        except BadSignature as bad:
            self.complain(f"{call.method} {call.target}: {bad}")
            raise self._refusal("s3", 403, bad.code, str(bad)) from bad
        service = given["service"]
        self._authenticate(call, given, service)
        call.action = self._action(call, service, form)
        self._authorise(call, service)
        handler = getattr(self, "_" + call.action.replace(":", "_").replace("-", "_"), None)
        if not handler:
            self.complain(f"nobody has heard of {call.action}")
            raise self._refusal(service, 400, "UnknownOperationException", call.action)
        return handler(call, form)

    def _authenticate(self, call, given, service):
        key = self.keys.get(given["access_key"])
        if not key:
            code = "InvalidAccessKeyId" if service == "s3" else "UnrecognizedClientException"
            raise self._refusal(service, 403, code, "The security token included in the request is invalid.")
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.clock)
        signed = datetime.datetime.strptime(call.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        if abs((signed.replace(tzinfo=datetime.timezone.utc) - now).total_seconds()) > 900:
            raise self._refusal(service, 403, "RequestTimeTooSkewed", "The difference is too large.")
        if key["until"] and time.time() > key["until"]:
            raise self._refusal(service, 400, "ExpiredToken" if service == "s3" else "ExpiredTokenException",
                                "The provided token has expired.")
        if call.headers.get("x-amz-security-token", "") != key["token"]:
            raise self._refusal(service, 403, "InvalidClientTokenId", "The security token is invalid.")
        expected = GLOBAL_REGIONS.get(service, given["region"])
        if given["region"] != expected:
            self.complain(f"{service} signed for {given['region']}")
        call.region, call.caller = given["region"], key
        try:
            verify(call, given, key["secret"])
        except BadSignature as bad:
            self.complain(f"{call.method} {call.target}: {bad}")
            raise self._refusal(service, 403, bad.code, str(bad)) from bad

    def _authorise(self, call, service):
        if self.throttled.get(call.action, 0) > 0:
            self.throttled[call.action] -= 1
            raise self._refusal(service, 503 if service == "s3" else 400,
                                "SlowDown" if service == "s3" else "ThrottlingException", "Rate exceeded")
        if call.action in self.denied:
            words = (f"User: {call.caller['arn']} is not authorized to perform: {call.action} on resource: * because "
                     "no identity-based policy allows it")
            code = "AccessDenied" if service in QUERY_SERVICES | {"s3"} else "AccessDeniedException"
            raise self._refusal(service, 400 if service in JSON_TARGETS else 403, code,
                                "Access Denied" if service == "s3" else words)

    def _refusal(self, service, status, code, words):
        if service in JSON_TARGETS:
            return Refusal(status, {"__type": f"com.amazonaws.{service}#{code}", "Message": words})
        if service == "access-analyzer":
            return Refusal(status, {"message": words}, {"x-amzn-ErrorType": f"{code}:http://x.example/"})
        error = f"<Error><Code>{_xml(code)}</Code><Message>{_xml(words)}</Message></Error>"
        if service in QUERY_SERVICES:
            error = f'<ErrorResponse xmlns="https://x.example/"><Error><Type>Sender</Type>{error[7:]}</ErrorResponse>'
        return Refusal(status, ('<?xml version="1.0" encoding="UTF-8"?>\n' + error).encode())

    def _action(self, call, service, form):
        """What IAM calls this request; complains of one that isn't shaped as the service's protocol wants it."""
        if service in JSON_TARGETS:
            target, _, operation = call.headers.get("x-amz-target", "").rpartition(".")
            if (target != JSON_TARGETS[service] or call.headers.get("content-type") != "application/x-amz-json-1.1"
                    or not isinstance(call.body, dict) or call.method != "POST"):
                self.complain(f"{service}: no JSON 1.1 request: {call.headers}")
            return f"{PREFIXES.get(service, service)}:{operation}"
        if service in QUERY_SERVICES:
            if {"iam": "2010-05-08", "sts": "2011-06-15"}[service] != form.get("Version"):
                self.complain(f"{service}: version {form.get('Version')}")
            return f"{service}:{form.get('Action')}"
        if service == "access-analyzer":
            return "access-analyzer:" + {("GET", "analyzer"): "ListAnalyzers", ("POST", "findingv2"): "ListFindingsV2",
                                         ("GET", "findingv2"): "GetFindingV2"}[
                                             (call.method, call.path.strip("/").split("/")[0])]
        if call.path == "/v20180820/configuration/publicAccessBlock":
            return "s3:GetAccountPublicAccessBlock"
        names = {"policy": "GetBucketPolicy", "policyStatus": "GetBucketPolicyStatus", "acl": "GetBucketAcl",
                 "publicAccessBlock": "GetBucketPublicAccessBlock", "tagging": "GetBucketTagging",
                 "ownershipControls": "GetBucketOwnershipControls"}
        return "s3:" + next((names[word] for word in call.query if word in names), "GetObject")

    # STS ---------------------------------------------------------------------------------------------------------

    def _sts_GetCallerIdentity(self, call, form):
        return 200, self._result("GetCallerIdentity", f"<Arn>{call.caller['arn']}</Arn><UserId>U</UserId>"
                                                      f"<Account>{call.caller['account']}</Account>")

    def _sts_AssumeRole(self, call, form):
        return self._session("AssumeRole", form["RoleArn"])

    def _assume_by_web_identity(self, call, form):
        call.action = "sts:AssumeRoleWithWebIdentity"
        if self.web_tokens.get(form.get("WebIdentityToken")) != form.get("RoleArn"):
            raise self._refusal("sts", 400, "InvalidIdentityToken", "No OpenIDConnect provider found")
        return self._session("AssumeRoleWithWebIdentity", form["RoleArn"])

    def _session(self, action, arn):
        if arn not in self.roles:
            raise self._refusal("sts", 403, "AccessDenied",
                                f"User: x is not authorized to perform: sts:{action} on resource: {arn}")
        key, token = f"ASIA{len(self.keys)}SESSION", f"session-token-{uuid.uuid4().hex}/+="
        until = time.time() + self.session_seconds
        name = arn.rsplit("/", 1)[1]
        self.keys[key] = {"secret": "session-" + SECRET, "token": token, "until": until, "account": self.roles[arn],
                          "arn": f"arn:aws:sts::{self.roles[arn]}:assumed-role/{name}/dossier"}
        when = datetime.datetime.fromtimestamp(until, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 200, self._result(action, f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>session-{SECRET}"
                                         f"</SecretAccessKey><SessionToken>{token}</SessionToken><Expiration>{when}"
                                         "</Expiration></Credentials>")

    @staticmethod
    def _result(action, inside):
        return (f'<{action}Response xmlns="https://x.example/"><{action}Result>{inside}</{action}Result>'
                f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>").encode()

    # Tags and accounts -------------------------------------------------------------------------------------------

    def _tag_GetResources(self, call, form):
        arns = call.body.get("ResourceARNList")
        if arns is None:
            return 200, {"ResourceTagMappingList": [], "PaginationToken": ""}
        if not 1 <= len(arns) <= 100 or len(set(call.body) - {"ResourceARNList", "PaginationToken"}) > 0:
            self.complain(f"GetResources with {len(arns)} ARNs and {sorted(call.body)}")
        if bad := [arn for arn in arns if arn in self.bad_arns]:
            raise self._refusal("tagging", 400, "InvalidParameterException", f"{len(bad)} invalid ARN")
        found = [{"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in self.tags[arn].items()]}
                 for arn in sorted(set(arns)) if self.tags.get(arn)]
        start = int(call.body.get("PaginationToken") or 0)
        more = str(start + self.page) if start + self.page < len(found) else ""
        return 200, {"ResourceTagMappingList": found[start:start + self.page], "PaginationToken": more}

    def _organizations_DescribeAccount(self, call, form):
        account = self.accounts.get(call.body["AccountId"])
        if not account:
            raise self._refusal("organizations", 400, "AccountNotFoundException", "no such account")
        return 200, {"Account": {"Id": call.body["AccountId"], "Status": "ACTIVE", **account}}

    def _organizations_ListTagsForResource(self, call, form):
        return 200, {"Tags": [{"Key": k, "Value": v}
                              for k, v in self.account_tags.get(call.body["ResourceId"], {}).items()]}

    # Access Analyzer ---------------------------------------------------------------------------------------------

    def _access_analyzer_ListAnalyzers(self, call, form):
        arn = self.analyzers.get(call.region)
        unused = {"arn": f"{arn}-unused", "name": "u", "type": "ACCOUNT_UNUSED_ACCESS", "status": "ACTIVE"}
        return 200, {"analyzers": [unused, {"arn": arn, "name": "a", "type": "ACCOUNT", "status": "ACTIVE"}]
                     if arn else []}

    def _access_analyzer_ListFindingsV2(self, call, form):
        if call.body.get("analyzerArn") != self.analyzers.get(call.region):
            raise self._refusal("access-analyzer", 404, "ResourceNotFoundException", "no such analyzer")
        wanted = call.body["filter"]
        if wanted.get("status") != {"eq": ["ACTIVE"]} or len(wanted["resource"]["eq"]) != 1:
            self.complain(f"ListFindingsV2 with {wanted}")
        arn = wanted["resource"]["eq"][0]
        return 200, {"findings": [{"id": one["id"], "resource": arn, "findingType": "ExternalAccess",
                                   "status": "ACTIVE", "resourceType": "AWS::S3::Bucket",
                                   "resourceOwnerAccount": ACCOUNT, "analyzedAt": one["analyzedAt"]}
                                  for one in self.findings.get(arn, [])]}

    def _access_analyzer_GetFindingV2(self, call, form):
        wanted = call.path.rsplit("/", 1)[1]
        if not call.query.get("analyzerArn"):
            self.complain("GetFindingV2 without its analyzer")
        for findings in self.findings.values():
            for one in findings:
                if one["id"] == wanted:
                    return 200, {"id": wanted, "analyzedAt": one["analyzedAt"], "status": "ACTIVE",
                                 "findingDetails": [{"externalAccessDetails": one["details"]}]}
        raise self._refusal("access-analyzer", 404, "ResourceNotFoundException", "no such finding")

    # S3 ----------------------------------------------------------------------------------------------------------

    def _bucket(self, call):
        name = call.path.split("/")[1]
        bucket = self.buckets.get(name)
        if bucket is None:
            raise self._refusal("s3", 404, "NoSuchBucket", "The specified bucket does not exist")
        if call.region != bucket["region"]:
            refusal = self._refusal("s3", 301, "PermanentRedirect", "use another endpoint")
            refusal.headers["x-amz-bucket-region"] = bucket["region"]
            raise refusal
        return bucket

    def _or_none(self, value, code):
        if value is None or value == {}:
            raise self._refusal("s3", 404, code, "there is none")
        return value

    def _s3_GetBucketPolicy(self, call, form):
        return 200, json.dumps(self._or_none(self._bucket(call)["policy"], "NoSuchBucketPolicy")).encode()

    def _s3_GetBucketPolicyStatus(self, call, form):
        bucket = self._bucket(call)
        self._or_none(bucket["policy"], "NoSuchBucketPolicy")
        return 200, f"<PolicyStatus><IsPublic>{'TRUE' if bucket['public'] else 'false'}</IsPublic></PolicyStatus>".encode()

    @staticmethod
    def _block(flags):
        inside = "".join(f"<{name}>{str(name in flags).lower()}</{name}>" for name in (
            "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"))
        return f"<PublicAccessBlockConfiguration>{inside}</PublicAccessBlockConfiguration>".encode()

    def _s3_GetBucketPublicAccessBlock(self, call, form):
        return 200, self._block(self._or_none(self._bucket(call)["block"], "NoSuchPublicAccessBlockConfiguration"))

    def _s3_GetAccountPublicAccessBlock(self, call, form):
        if call.headers.get("x-amz-account-id") not in self.accounts:
            self.complain("S3 Control without the account")
        return 200, self._block(self._or_none(self.account_block, "NoSuchPublicAccessBlockConfiguration"))

    def _s3_GetBucketAcl(self, call, form):
        grants = "<Grant><Grantee><ID>owner</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>"
        for who, permission in self._bucket(call)["grants"]:
            grants += (f'<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>'
                       f"{GROUPS}{who}</URI></Grantee><Permission>{permission}</Permission></Grant>")
        return 200, ('<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>owner</ID></Owner>'
                     f"<AccessControlList>{grants}</AccessControlList></AccessControlPolicy>").encode()

    def _s3_GetBucketOwnershipControls(self, call, form):
        rule = self._or_none(self._bucket(call)["ownership"], "OwnershipControlsNotFoundError")
        return 200, (f"<OwnershipControls><Rule><ObjectOwnership>{rule}</ObjectOwnership></Rule>"
                     "</OwnershipControls>").encode()

    def _s3_GetBucketTagging(self, call, form):
        tags = self._or_none(self._bucket(call)["tags"], "NoSuchTagSet")
        inside = "".join(f"<Tag><Key>{_xml(k)}</Key><Value>{_xml(v)}</Value></Tag>" for k, v in tags.items())
        return 200, f"<Tagging><TagSet>{inside}</TagSet></Tagging>".encode()

    # IAM, CloudTrail ---------------------------------------------------------------------------------------------

    def _iam_GetAccountAuthorizationDetails(self, call, form):
        roles = self.iam_details["RoleDetailList"]
        start = int(form.get("Marker") or 0)
        count = min(self.page, int(form.get("MaxItems", 100)))
        encode = lambda document: urllib.parse.quote(json.dumps(document), safe="")  # noqa: E731
        inside = "".join(
            f"<member><RoleName>{role['name']}</RoleName><Arn>{role['arn']}</Arn><AssumeRolePolicyDocument>"
            f"{encode(role['trust'])}</AssumeRolePolicyDocument><RolePolicyList><member><PolicyName>{role['name']}-policy"
            f"</PolicyName><PolicyDocument>{encode(role['policy'])}</PolicyDocument></member></RolePolicyList>"
            "<AttachedManagedPolicies/></member>" for role in roles[start:start + count])
        more = start + count < len(roles)
        tail = f"<IsTruncated>true</IsTruncated><Marker>{start + count}</Marker>" if more else "<IsTruncated>false</IsTruncated>"
        return 200, self._result("GetAccountAuthorizationDetails",
                                 f"<RoleDetailList>{inside}</RoleDetailList><UserDetailList/>{tail}")

    def _cloudtrail_LookupEvents(self, call, form):
        attributes = call.body.get("LookupAttributes", [])
        if len(attributes) > 1:
            self.complain("LookupEvents takes one attribute")
        name = attributes[0]["AttributeValue"] if attributes else ""
        return 200, {"Events": self.trail.get(name, [])}

    # The identity store ------------------------------------------------------------------------------------------

    def _in_store(self, call):
        if call.body.get("IdentityStoreId") != STORE:
            raise self._refusal("identitystore", 400, "ResourceNotFoundException", "no such store")

    def _identitystore_ListUsers(self, call, form):
        self._in_store(call)
        return 200, {"Users": self.users[:int(call.body.get("MaxResults", 100))]}

    def _identitystore_GetUserId(self, call, form):
        self._in_store(call)
        wanted = call.body["AlternateIdentifier"]["UniqueAttribute"]
        path, value = wanted["AttributePath"], wanted["AttributeValue"].lower()
        if path not in ("userName", "emails.value"):
            raise self._refusal("identitystore", 400, "ValidationException", path)
        for user in self.users:
            names = [user["UserName"]] if path == "userName" else [mail["Value"] for mail in user["Emails"]]
            if value in [name.lower() for name in names]:
                return 200, {"UserId": user["UserId"], "IdentityStoreId": STORE}
        raise self._refusal("identitystore", 400, "ResourceNotFoundException", "USER not found.")

    def _identitystore_DescribeUser(self, call, form):
        self._in_store(call)
        for user in self.users:
            if user["UserId"] == call.body["UserId"]:
                return 200, user
        raise self._refusal("identitystore", 400, "ResourceNotFoundException", "USER not found.")

    def _identitystore_ListGroupMembershipsForMember(self, call, form):
        self._in_store(call)
        groups = self.memberships.get(call.body["MemberId"]["UserId"], [])
        return 200, {"GroupMemberships": [{"GroupId": group, "MembershipId": "m"} for group in groups]}

    def _identitystore_DescribeGroup(self, call, form):
        self._in_store(call)
        return 200, {"GroupId": call.body["GroupId"], "DisplayName": self.groups[call.body["GroupId"]]}
