"""AWS Signature Version 4 as the other side checks it, written from the IAM User Guide and independent of ours."""

import hashlib
import hmac
import re
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"


class BadSignature(Exception):
    """`code` is AWS' own word."""

    def __init__(self, code, words):
        super().__init__(words)
        self.code = code


def parse(header):
    """{access_key, day, region, service, headers, signature} of an Authorization header."""
    match = re.fullmatch(ALGORITHM + r" Credential=([A-Za-z0-9]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, "
                         r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})", header or "")
    if not match:
        raise BadSignature("IncompleteSignature" if header else "MissingAuthenticationToken", "no SigV4 header")
    key, day, region, service, headers, signature = match.groups()
    return {"access_key": key, "day": day, "region": region, "service": service, "headers": headers.split(";"),
            "signature": signature}


def _canonical_path(path, service):
    if service == "s3":
        return urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~")
    kept = []
    for segment in path.split("/"):
        if segment in ("", "."):
            continue
        if segment == "..":
            del kept[-1:]
        else:
            kept.append(segment)
    normal = "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
    return urllib.parse.quote(normal, safe="/-_.~")


def _canonical_query(query):
    pairs = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        pairs.append((urllib.parse.quote(urllib.parse.unquote(name), safe="-_.~"),
                      urllib.parse.quote(urllib.parse.unquote(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def signature_of(call, given, secret):
    """What the signature of this call has to be."""
    path, _, query = call.target.partition("?")
    payload = call.headers.get("x-amz-content-sha256") or hashlib.sha256(call.raw).hexdigest()
    lines = "".join(f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in given["headers"])
    canonical = "\n".join([call.method, _canonical_path(path, given["service"]), _canonical_query(query), lines,
                           ";".join(given["headers"]), payload])
    scope = f"{given['day']}/{given['region']}/{given['service']}/aws4_request"
    text = "\n".join([ALGORITHM, call.headers.get("x-amz-date", ""), scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (given["day"], given["region"], given["service"], "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def verify(call, given, secret):
    """Raises BadSignature unless the call is signed with `secret`, over what has to be covered."""
    must = {"host", "x-amz-date"} | {name for name in call.headers if name.startswith("x-amz-")}
    if missing := must - set(given["headers"]):
        raise BadSignature("SignatureDoesNotMatch", f"not covered: {sorted(missing)}")
    if given["service"] == "s3" and "x-amz-content-sha256" not in call.headers:
        raise BadSignature("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    claimed = call.headers.get("x-amz-content-sha256")
    if claimed not in (None, "UNSIGNED-PAYLOAD", hashlib.sha256(call.raw).hexdigest()):
        raise BadSignature("XAmzContentSHA256Mismatch", "the body is another one")
    if not hmac.compare_digest(signature_of(call, given, secret), given["signature"]):
        raise BadSignature("SignatureDoesNotMatch", "the signatures differ")
