#!/usr/bin/python3
"""Our AWS signer judged by botocore's, the one of AWS' own Python SDK (Debian python3-botocore).

    cmake --build --preset dev --target sign_v4 && /usr/bin/python3 -B tests/conformance/check_sigv4.py

One line a check, `ok …` or `FAILED …`; exit code 1 if any failed. SIGN_V4 names another build of the signer.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from verdicts import Verdicts

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGNER = os.environ.get("SIGN_V4") or str(ROOT / "build/dev/tests/sign_v4")
TIME, STAMP = "2026-03-04T05:06:07Z", "20260304T050607Z"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
verdict = Verdicts("sigv4")
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def shape(name, service, url, method="GET", body="", headers=None, token="", region="eu-west-1"):
    return {"name": name, "service": service, "url": url, "method": method, "body": body, "headers": headers or {},
            "token": token, "region": region, "time": TIME, "key": KEY, "secret": SECRET}


def shapes():
    bedrock = "https://bedrock-runtime.us-east-1.amazonaws.com"
    yield shape("Bedrock model id with a colon", "bedrock",
                bedrock + "/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse", "POST", '{"messages":[]}',
                {"Content-Type": "application/json"})
    yield shape("Bedrock model id with a raw colon", "bedrock",
                bedrock + "/model/anthropic.claude-3-5-sonnet-20241022-v2:0/converse", "POST", "{}")
    yield shape("Bedrock inference profile by its ARN", "bedrock", bedrock + "/model/" + urllib.parse.quote(
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude", safe="") + "/converse", "POST",
                "{}")
    yield shape("SQS by JSON", "sqs", "https://sqs.eu-west-1.amazonaws.com/", "POST", '{"QueueUrl":"https://x"}',
                {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"})
    yield shape("a session token", "sqs", "https://sqs.eu-west-1.amazonaws.com/", "POST", "{}",
                {"X-Amz-Target": "AmazonSQS.SendMessage"}, token="FwoGZXIvYXdzE//+token==")
    yield shape("IAM by form", "iam", "https://iam.amazonaws.com/", "POST",
                "Action=ListRoles&Version=2010-05-08", FORM, region="us-east-1")
    yield shape("a query out of order", "iam", "https://iam.amazonaws.com/?Version=2010-05-08&Action=ListRoles")
    yield shape("an ARN in the query", "access-analyzer", "https://access-analyzer.eu-west-1.amazonaws.com/findingv2/"
                "f-1?analyzerArn=arn%3Aaws%3Aaccess-analyzer%3Aeu-west-1%3A123456789012%3Aanalyzer%2Fa")
    yield shape("a key twice", "execute-api", "https://x.example/p?a=2&a=1&b=")
    yield shape("a plus, a tilde, a star", "execute-api", "https://x.example/?a=b%2Bc&t=~x&s=%2A")
    yield shape("UTF-8 in the query", "execute-api", "https://x.example/?%E1%88%B4=%C3%BC")
    yield shape("blanks in the path", "execute-api", "https://x.example/a%20b/c%20d")
    yield shape("dots and empty segments", "execute-api", "https://x.example/a/./b/../c//d/")
    yield shape("another port", "execute-api", "http://127.0.0.1:4566/x")
    yield shape("the scheme's own port", "execute-api", "https://x.example:443/x")
    yield shape("white space in a header", "execute-api", "https://x.example/", headers={"X-Custom": "a   b    c"})
    yield shape("S3 subresource", "s3", "https://s3.eu-west-1.amazonaws.com/bucket?policyStatus=")
    yield shape("S3 subresource without a value", "s3", "https://s3.eu-west-1.amazonaws.com/bucket?acl")
    yield shape("S3 key with oddities", "s3", "https://s3.eu-west-1.amazonaws.com/b/a%20b%2Bc%C3%BC%28x%29.txt")
    yield shape("S3 key with dots and slashes", "s3", "https://s3.eu-west-1.amazonaws.com/b/x/../y//z")
    yield shape("S3 upload", "s3", "https://s3.eu-west-1.amazonaws.com/b/k", "PUT", "the object",
                {"Content-Type": "text/plain"}, token="t0ken")
    yield shape("S3 Control", "s3", "https://123456789012.s3-control.eu-west-1.amazonaws.com/v20180820/configuration/"
                "publicAccessBlock", headers={"x-amz-account-id": "123456789012"})


def random_shapes(count):
    """Well-encoded requests of no particular meaning, the same each time."""
    pick = random.Random(4)
    alphabet = "abcXYZ019-_.~ /:+*%&=?#@!$'(),;ü漢\t"
    word = lambda most: "".join(pick.choice(alphabet) for _ in range(pick.randint(1, most)))  # noqa: E731
    quote = lambda text: urllib.parse.quote(text, safe="")  # noqa: E731
    for number in range(count):
        path = "/".join(quote(word(8)) for _ in range(pick.randint(0, 4)))
        query = "&".join(f"{quote(word(6))}={quote(word(6))}" for _ in range(pick.randint(0, 4)))
        yield shape(f"random {number}", pick.choice(["s3", "sqs", "bedrock", "execute-api"]),
                    f"https://x.example/{path}" + ("?" + query if query else ""), pick.choice(["GET", "POST", "PUT"]),
                    word(40) if pick.random() < 0.5 else "", {"X-Thing": quote(word(9))},
                    token=pick.choice(["", "tok/en+="]))


def by_botocore(one):
    credentials = botocore.credentials.Credentials(KEY, one["secret"], one["token"] or None)
    kind = botocore.auth.S3SigV4Auth if one["service"] == "s3" else botocore.auth.SigV4Auth
    signer = kind(credentials, one["service"], one["region"])
    request = botocore.awsrequest.AWSRequest(one["method"], one["url"], data=one["body"].encode(),
                                             headers=dict(one["headers"]))
    request.context["timestamp"] = STAMP
    request.context["payload_signing_enabled"] = True
    request.headers["X-Amz-Date"] = STAMP
    if one["token"]:
        request.headers["X-Amz-Security-Token"] = one["token"]
    if one["service"] == "s3":
        request.headers["X-Amz-Content-SHA256"] = signer.payload(request)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    return signature, canonical


def main():
    wanted = list(shapes()) + list(random_shapes(500))
    ran = subprocess.run([SIGNER], input="".join(json.dumps(one) + "\n" for one in wanted), text=True,
                         capture_output=True, check=True)
    ours = [json.loads(line) for line in ran.stdout.splitlines()]
    same = 0
    for one, made in zip(wanted, ours, strict=True):
        signature, canonical = by_botocore(one)
        agrees = made["authorization"].endswith("Signature=" + signature)
        if agrees and one["name"].startswith("random"):
            same += 1
            continue
        verdict(agrees, one["name"], f"ours: {made['canonical']!r}, botocore: {canonical!r}")
    verdict(same == 500, f"{same} of 500 random requests")
    wrong = by_botocore({**wanted[0], "secret": "another"})[0]
    verdict(not ours[0]["authorization"].endswith(wrong), "a signature by another secret is told apart")
    return verdict.exit_code()


if __name__ == "__main__":
    sys.exit(main())
